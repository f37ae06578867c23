"""Backups of a fake service, which take five seconds, and what is restored from them."""

from __future__ import annotations

from typing import Any

from .faults import Refusal
from .tables import INDEX_KINDS, Account, Part, Payload, Table, key_attributes, plain_name

SECONDS = 5.0
PAGE_OF_BACKUPS = 100
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Restore.Tutorial.html
_LOST = (
    *("DeletionProtectionEnabled", "ResourcePolicy", "StreamSpecification", "TableClass", "Tags"),
    # Of a global table one region is restored.
    *("DisassociationProtectionEnabled", "MultiRegionConsistency", "Replicas", "Witnesses"),
)
_OVERRIDES = {
    "BillingModeOverride": "BillingMode",
    "GlobalSecondaryIndexOverride": "GlobalSecondaryIndexes",
    "OnDemandThroughputOverride": "OnDemandThroughput",
    "ProvisionedThroughputOverride": "ProvisionedThroughput",
    "SSESpecificationOverride": "SSESpecification",
    "VectorIndexOverride": "VectorIndexes",
}


class Backup:
    """What a table was at a moment."""

    def __init__(self, table: Table, name: str, arn: str, moment: float) -> None:
        self.payload = table.at(moment).payload
        self.items = table.contents.raws()
        self.name = name
        self.arn = arn
        self.made_at = moment
        self.table_arn = table.arn

    def details(self, moment: float) -> Payload:
        done = moment - self.made_at >= SECONDS
        return {
            "BackupArn": self.arn,
            "BackupName": self.name,
            "BackupStatus": "AVAILABLE" if done else "CREATING",
            "BackupType": "USER",
            "BackupCreationDateTime": self.made_at,
        }

    def description(self, moment: float) -> Payload:
        described = Table(self.payload, self.made_at, self.made_at).describe(moment)
        return {
            "BackupDetails": self.details(moment),
            "SourceTableDetails": {
                **described,
                "BillingMode": self.payload.get("BillingMode", "PROVISIONED"),
            },
            "SourceTableFeatureDetails": {
                kind: [_without_state(index) for index in described[kind]]
                for kind in INDEX_KINDS
                if kind in described
            },
        }


# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GlobalSecondaryIndexInfo.html
_STATE = ("Backfilling", "IndexArn", "IndexSizeBytes", "IndexStatus", "ItemCount", "WarmThroughput")


def _without_state(index: Payload) -> Payload:
    """Return what a backup tells of an index: how it was declared, and not how it was."""
    return {name: value for name, value in index.items() if name not in _STATE}


class Backups(Part):
    """Backups by their ARNs. A restore takes `seconds`, and loses what the service's loses."""

    def __init__(self, account: Account, *, seconds: float) -> None:
        self._account = account
        self._seconds = seconds
        self._backups: dict[str, Backup] = {}
        self._made = 0

    def create_backup(self, payload: Payload) -> Payload:
        table = self._account.created(payload["TableName"])
        arn = f"{table.arn}/backup/{self._made:020}"
        self._made += 1
        made = Backup(table, payload["BackupName"], arn, self._account.now)
        self._backups[arn] = made
        return {"BackupDetails": made.details(self._account.now)}

    def describe_backup(self, payload: Payload) -> Payload:
        found = self._find(payload)
        return {"BackupDescription": found.description(self._account.now)}

    def delete_backup(self, payload: Payload) -> Payload:
        found = self._find(payload)
        del self._backups[found.arn]
        described = found.description(self._account.now)
        described["BackupDetails"]["BackupStatus"] = "DELETED"
        return {"BackupDescription": described}

    def list_backups(self, payload: Payload) -> Payload:
        name = payload.get("TableName")
        # By ARN, which begins with the table's, so that a cursor leads on whatever is deleted.
        arns = [arn for arn in self._backups if arn > payload.get("ExclusiveStartBackupArn", "")]
        backups = [self._backups[arn] for arn in sorted(arns)]
        backups = [b for b in backups if not name or plain_name(b.table_arn) == plain_name(name)]
        page = [
            {
                **backup.details(self._account.now),
                "TableName": plain_name(backup.table_arn),
                "TableArn": backup.table_arn,
            }
            for backup in backups[:PAGE_OF_BACKUPS]
        ]
        more = len(backups) > len(page)
        last = {"LastEvaluatedBackupArn": page[-1]["BackupArn"]} if more else {}
        return {"BackupSummaries": page, **last}

    def restore_table_from_backup(self, payload: Payload) -> Payload:
        found = self._find(payload)
        if found.details(self._account.now)["BackupStatus"] != "AVAILABLE":
            raise Refusal("The backup is being made", "BackupInUseException")
        summary = {"SourceBackupArn": found.arn, "SourceTableArn": found.table_arn}
        return self._restore(payload, found, summary)

    def restore_table_to_point_in_time(self, payload: Payload) -> Payload:
        """Restore what the table has now, whatever moment is asked for."""
        table = self._account.require(payload.get("SourceTableName") or payload["SourceTableArn"])
        table.require_recovery()
        found = Backup(table, "", "", self._account.now)
        return self._restore(payload, found, {"SourceTableArn": table.arn})

    def _restore(self, payload: Payload, found: Backup, summary: Payload) -> Payload:
        name = payload["TargetTableName"]
        if self._account.find(name) is not None:
            raise Refusal(f"Table already exists: {name}", "TableAlreadyExistsException")
        kept = {member: found.payload[member] for member in found.payload if member not in _LOST}
        overrides = {own: payload[given] for given, own in _OVERRIDES.items() if given in payload}
        # An override replaces all of its member: indexes that it does not name are not restored.
        whole = _restored({**kept, **overrides, "TableName": name})
        made = self._account.add(whole, self._seconds)
        for item in found.items:
            made.contents.put(item)
        made.restored = summary
        return {"TableDescription": made.describe(made.made_at)}

    def _find(self, payload: Payload) -> Backup:
        arn = payload["BackupArn"]
        if arn not in self._backups:
            raise Refusal(f"Backup not found: {arn}", "BackupNotFoundException")
        return self._backups[arn]


def _restored(payload: dict[str, Any]) -> Payload:
    """Drop the definitions and figures that what is overridden does not use any more."""
    used = key_attributes(payload)
    definitions = [d for d in payload["AttributeDefinitions"] if d["AttributeName"] in used]
    whole = {**payload, "AttributeDefinitions": definitions}
    if whole.get("BillingMode") == "PAY_PER_REQUEST":
        whole.pop("ProvisionedThroughput", None)
    return whole
