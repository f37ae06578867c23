"""On-demand backups of a fake service, which take five seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import json

from ..operations.drivers import Clock

SECONDS = 5.0


class Backups:
    """Backups by their ARNs; `check` raises for a table that is not there."""

    def __init__(self, clock: Clock, check: Callable[[str], object]) -> None:
        self._clock = clock
        self._check = check
        self._made: dict[str, tuple[str, float]] = {}

    def create(self, body: bytes) -> dict[str, Any]:
        payload = json.decode(body)
        self._check(payload["TableName"])
        arn = f"{payload['TableName']}/backup/{len(self._made)}"
        self._made[arn] = payload["BackupName"], self._clock.now()
        return {"BackupDetails": self._details(arn)}

    def describe(self, body: bytes) -> dict[str, Any]:
        return {
            "BackupDescription": {"BackupDetails": self._details(json.decode(body)["BackupArn"])}
        }

    def _details(self, arn: str) -> dict[str, Any]:
        name, made_at = self._made[arn]
        done = self._clock.now() - made_at >= SECONDS
        status = "AVAILABLE" if done else "CREATING"
        return {
            "BackupArn": arn,
            "BackupName": name,
            "BackupStatus": status,
            "BackupType": "USER",
            "BackupCreationDateTime": made_at,
        }
