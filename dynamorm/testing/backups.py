"""On-demand backups of a fake service, which take five seconds."""

from __future__ import annotations

from msgspec import json

from .tables import Account, Answer, Payload

SECONDS = 5.0


class Backups:
    """Backups by their ARNs."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._made: dict[str, tuple[str, float]] = {}
        self.operations: dict[str, Answer] = {
            "CreateBackup": self.create_backup,
            "DescribeBackup": self.describe_backup,
        }

    def create_backup(self, body: bytes) -> Payload:
        payload = json.decode(body)
        self._account.require(payload["TableName"], "CreateBackup")
        arn = f"{payload['TableName']}/backup/{len(self._made)}"
        self._made[arn] = payload["BackupName"], self._account.now
        return {"BackupDetails": self._details(arn)}

    def describe_backup(self, body: bytes) -> Payload:
        details = self._details(json.decode(body)["BackupArn"])
        return {"BackupDescription": {"BackupDetails": details}}

    def _details(self, arn: str) -> Payload:
        name, made_at = self._made[arn]
        done = self._account.now - made_at >= SECONDS
        return {
            "BackupArn": arn,
            "BackupName": name,
            "BackupStatus": "AVAILABLE" if done else "CREATING",
            "BackupType": "USER",
            "BackupCreationDateTime": made_at,
        }
