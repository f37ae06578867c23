"""The replicas of a fake service's tables: each a table in the account's tables of its region.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ReplicationGroupUpdate.html
"""

from __future__ import annotations

from collections.abc import Iterator

from .tables import Account, Payload, State, Table, plain_name

_SOURCE_SECONDS = 24 * 3600.0
"""How long a table that has been the source of a replica cannot be deleted while it has any.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
"""

MEMBERS = ("ReplicaUpdates", "GlobalTableWitnessUpdates", "MultiRegionConsistency")


def actions(payload: Payload) -> list[tuple[str, Payload]]:
    """Return each action on a replica, with its members."""
    updates = payload.get("ReplicaUpdates", ())
    return [(action, members) for update in updates for action, members in update.items()]


def problems(payload: Payload, old: Payload) -> Iterator[str]:
    """Return what the service answers to what it refuses."""
    there: Payload = old.get("Replicas", {})
    todo = actions(payload)
    strong = payload.get("MultiRegionConsistency") == "STRONG"
    witnesses = payload.get("GlobalTableWitnessUpdates", ())
    for action, members in todo:
        region = members["RegionName"]
        if (action == "Create") == (region in there):
            fact = "already exists" if region in there else "does not exist"
            yield f"Replica in {region} {fact}"
    created = [members for action, members in todo if action == "Create"]
    if created and not strong and len(todo) > 1:
        yield "Only one replica can be created, updated or deleted in one UpdateTable"
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
    if strong and (there or len(created) + len(witnesses) != 2):
        yield "MultiRegionConsistency STRONG takes three Regions, all at once"
    if todo and old.get("MultiRegionConsistency") == "STRONG" and len(there) != len(todo):
        yield "The replicas of a strongly consistent table are removed together"
    if created and old.get("BillingMode", "PROVISIONED") == "PROVISIONED":
        yield "Table write capacity should either be Pay-Per-Request or AutoScaled"
    # The service replicates by a stream of this view, and turns it on where there is none.
    stream = old.get("StreamSpecification", {}).get("StreamViewType", "NEW_AND_OLD_IMAGES")
    if created and not strong and stream != "NEW_AND_OLD_IMAGES":
        yield "Table must have a stream of NEW_AND_OLD_IMAGES"
    if "DisassociationProtectionEnabled" in payload and not there:
        yield "DisassociationProtectionEnabled is for the replica of a global table"


def changed(payload: Payload, old: Payload) -> Payload:
    """Return a table's payload with the replicas that it has after an update."""
    replicas: Payload = dict(old.get("Replicas", {}))
    for action, members in actions(payload):
        region = members["RegionName"]
        if action == "Delete":
            del replicas[region]
        else:
            replicas[region] = _updated(replicas.get(region, {}), members)
    new = {**old, "Replicas": replicas}
    if consistency := payload.get("MultiRegionConsistency"):
        new["MultiRegionConsistency"] = consistency
        updates = payload.get("GlobalTableWitnessUpdates", ())
        new["Witnesses"] = [update["Create"]["RegionName"] for update in updates]
    if replicas and new.get("MultiRegionConsistency") != "STRONG":
        view = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        new.setdefault("StreamSpecification", view)
        new.setdefault("DisassociationProtectionEnabled", True)
    return new


def _updated(old: Payload, members: Payload) -> Payload:
    indexes = {index["IndexName"]: index for index in old.get("GlobalSecondaryIndexes", ())}
    for index in members.get("GlobalSecondaryIndexes", ()):
        indexes[index["IndexName"]] = {**indexes.get(index["IndexName"], {}), **index}
    return {**old, **members, "GlobalSecondaryIndexes": list(indexes.values())}


def states(
    account: Account, table: Table, payload: Payload, new: Payload, now: float, ready: float
) -> Iterator[tuple[float, State]]:
    """Yield what a table is like while its replicas change, and make or remove these."""
    names = {"Create": "CREATING", "Update": "UPDATING", "Delete": "DELETING"}
    todo = actions(payload)
    changing = {members["RegionName"]: names[action] for action, members in todo}
    old = table.at(now).payload
    every = {**old.get("Replicas", {}), **new["Replicas"]}
    # During the change both are listed: the replica that is coming and the one that is going.
    during = {**new, "Replicas": every}
    yield now, State(during, "UPDATING", replicas=changing)
    yield ready, State(new)
    for action, members in todo:
        region = account.elsewhere(members["RegionName"])
        if action == "Create":
            table.replicated_at = now
            made = replica_of(table, new, members["RegionName"], now, ready)
            region.tables[plain_name(payload["TableName"])] = made
        elif action == "Delete":
            leaving = region.require(payload["TableName"])
            leaving.deleted_at, leaving.gone_at = now, ready


def replica_of(table: Table, payload: Payload, region: str, now: float, ready: float) -> Table:
    """Return the table of a replica: it has the same items, and settings of its own."""
    own = {name: value for name, value in payload.items() if name not in _OWN}
    home = {table.region: {"RegionName": table.region}}
    made = Table({**own, "Replicas": home}, now, ready, region)
    # The same items at once: that replication takes a second is nothing to a test of tables.
    made.contents = table.contents
    return made


_OWN = ("DeletionProtectionEnabled", "Tags", "ResourcePolicy", "Replicas")
"""What is not replicated."""


def forget(account: Account, name: str, now: float) -> None:
    """Remove a deleted table from the descriptions of its other replicas."""
    for other in account.everywhere():
        table = other.find(name)
        there = table.at(now).payload.get("Replicas", {}) if table else {}
        if table and account.region in there:
            old = table.at(now).payload
            left = {region: one for region, one in there.items() if region != account.region}
            table.become((now, State({**old, "Replicas": left})))


def is_source(table: Table, now: float) -> bool:
    """Return whether the service refuses to delete a table for now."""
    since = table.replicated_at
    there = table.at(now).payload.get("Replicas")
    return bool(there) and since is not None and now < since + _SOURCE_SECONDS
