"""UpdateTable of a fake service, with the service's rules.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import replicas
from .faults import Refusal
from .tables import (
    INDEX_KINDS,
    Account,
    Part,
    Payload,
    State,
    Table,
    key_attributes,
    vector_problems,
)

MAX_INDEXES = 20

_KINDS = {
    "BillingMode": "capacity",
    "ProvisionedThroughput": "capacity",
    "StreamSpecification": "stream",
    "SSESpecification": "encryption",
    "TableClass": "class",
    "DeletionProtectionEnabled": "protection",
    "OnDemandThroughput": "maxima",
    "WarmThroughput": "warm",
    "DisassociationProtectionEnabled": "disassociation",
    **dict.fromkeys(replicas.MEMBERS, "replicas"),
}
"""Which members may come together, and which not."""

_FIGURES = ("ProvisionedThroughput", "OnDemandThroughput", "WarmThroughput")


class Updates(Part):
    """Answers UpdateTable: a change takes `seconds`, and `index_seconds` more to fill an index."""

    def __init__(self, account: Account, *, seconds: float, index_seconds: float) -> None:
        self._account = account
        self._seconds = seconds
        self._index_seconds = index_seconds

    def update_table(self, payload: Payload) -> Payload:
        table = self._account.require(payload["TableName"])
        now = self._account.now
        state = table.at(now)
        if table.status(now) != "ACTIVE":
            message = f"Attempt to change a resource which is still in use: {payload['TableName']}"
            raise Refusal(message, "ResourceInUseException")
        if state.indexes:
            message = "Only 1 online index can be created or deleted simultaneously per table"
            raise Refusal(message, "LimitExceededException")
        for code, problem in _problems(payload, state.payload):
            raise Refusal(problem, code)
        table.become(*self._states(table, payload, now))
        for action, name in _index_actions(payload):
            if action == "Delete":
                table.settings.pop(("insights", name), None)
        return {"TableDescription": table.describe(now)}

    def _states(self, table: Table, payload: Payload, now: float) -> Iterator[tuple[float, State]]:
        old = table.at(now).payload
        new, ready = _changed(payload, old), now + self._seconds
        if "ReplicaUpdates" in payload:
            ready += self._seconds
            yield from replicas.states(self._account, table, payload, new, now, ready)
            return
        for action, name in _index_actions(payload):
            if action == "Delete":
                leaving = {name: {"IndexStatus": "DELETING"}}
                yield now, State(old, "UPDATING", leaving)
                yield ready, State(new)
                return
            if action == "Create":
                begun = {"IndexStatus": "CREATING", "Backfilling": False}
                yield now, State(new, "UPDATING", {name: begun})
                # The table is ACTIVE long before the index is, which is filled meanwhile.
                yield ready, State(new, "ACTIVE", {name: {**begun, "Backfilling": True}})
                yield ready + self._index_seconds, State(new)
                return
        yield now, State(new, "UPDATING")
        yield ready, State(new)


_ONLINE = {
    "GlobalSecondaryIndexes": "GlobalSecondaryIndexUpdates",
    "VectorIndexes": "VectorIndexUpdates",
}
"""The kinds of index that come and go, each with the member that says so."""


def _index_updates(payload: Payload) -> Iterator[tuple[str, str, Payload]]:
    """Yield each kind of index with what is done to one of it."""
    for kind, updates in _ONLINE.items():
        for update in payload.get(updates, ()):
            for action, members in update.items():
                yield kind, action, members


def _index_actions(payload: Payload) -> list[tuple[str, str]]:
    return [(action, members["IndexName"]) for _, action, members in _index_updates(payload)]


def _indexes(payload: Payload, kind: str = "GlobalSecondaryIndexes") -> dict[str, Payload]:
    return {index["IndexName"]: index for index in payload.get(kind, ())}


def _problems(payload: Payload, old: Payload) -> Iterator[tuple[str, str]]:
    """Return the code and the message that the service answers with to what it refuses."""
    actions = _index_actions(payload)
    kinds = [kind for member, kind in _KINDS.items() if member in payload]
    kinds += ["capacity" if action == "Update" else f"{action} {name}" for action, name in actions]
    if not kinds:
        yield "ValidationException", "At least one of the members to update is required"
    if len(set(kinds)) > 1:
        yield "ValidationException", "Only one kind of change in one UpdateTable"
    for kind, action, members in _index_updates(payload):
        if action != "Create" and members["IndexName"] not in _indexes(old, kind):
            message = f"Requested resource not found: index {members['IndexName']}"
            yield "ResourceNotFoundException", message
    checks = (_capacity_problems, _index_problems, _vector_problems, _option_problems)
    # Some of the others look at the table as it would be then, which has to be possible.
    for check in (replicas.problems, *checks):
        for problem in check(payload, old):
            yield "ValidationException", problem


def _capacity_problems(payload: Payload, old: Payload) -> Iterator[str]:
    mode = payload.get("BillingMode", old.get("BillingMode", "PROVISIONED"))
    switched = mode != old.get("BillingMode", "PROVISIONED")
    updates = _updates(payload)
    owners = [
        (payload, old),
        *((members, _indexes(old)[name]) for name, members in updates.items()),
    ]
    for given, there in owners:
        if mode == "PAY_PER_REQUEST" and "ProvisionedThroughput" in given:
            yield "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified"
        if mode == "PROVISIONED" and "OnDemandThroughput" in given:
            yield "OnDemandThroughput goes with BillingMode PAY_PER_REQUEST"
        for figure in _FIGURES:
            if figure in given and _figures(given, there)[figure] == there.get(figure):
                yield f"The {figure} will not change: the requested value is the current one"
        if _lowered(given.get("WarmThroughput", {}), there.get("WarmThroughput", {})):
            yield "WarmThroughput cannot be lowered"
    if switched and mode == "PROVISIONED":
        changed = [payload, *(updates.get(name, {}) for name in _indexes(old))]
        if not all("ProvisionedThroughput" in owner for owner in changed):
            yield "ProvisionedThroughput must be given for the table and for every index"


def _figures(given: Payload, there: Payload) -> Payload:
    """Return the figures after an update: those that it does not have stay as they are."""
    return {name: {**there.get(name, {}), **given[name]} for name in _FIGURES if name in given}


def _updates(payload: Payload) -> dict[str, Payload]:
    updates = payload.get("GlobalSecondaryIndexUpdates", ())
    given = (update["Update"] for update in updates if "Update" in update)
    return {members["IndexName"]: members for members in given}


def _lowered(asked: Payload, there: Payload) -> bool:
    return any(asked[unit] < there.get(unit, 0) for unit in asked)


def _index_problems(payload: Payload, old: Payload) -> Iterator[str]:
    types = {a["AttributeName"]: a["AttributeType"] for a in old["AttributeDefinitions"]}
    defined = {
        a["AttributeName"]: a["AttributeType"] for a in payload.get("AttributeDefinitions", ())
    }
    if any(types.get(name, kind) != kind for name, kind in defined.items()):
        yield "Attribute types cannot be redefined"
    provisioned = old.get("BillingMode", "PROVISIONED") == "PROVISIONED"
    names = {name for kind in INDEX_KINDS for name in _indexes(old, kind)}
    for kind, action, index in _index_updates(payload):
        if action != "Create":
            continue
        if index["IndexName"] in names:
            yield f"Index already exists: {index['IndexName']}"
        used = key_attributes(old) | key_attributes({kind: [index]})
        if set(defined) != used:
            yield f"AttributeDefinitions must be complete: {sorted(used)}"
        if kind == "VectorIndexes":
            continue
        if ("ProvisionedThroughput" in index) != provisioned:
            yield "ProvisionedThroughput goes with BillingMode PROVISIONED, and has to"
        if provisioned and "OnDemandThroughput" in index:
            yield "OnDemandThroughput goes with BillingMode PAY_PER_REQUEST"
        if len(_indexes(old)) >= MAX_INDEXES:
            yield "Too many global secondary indexes"


def _vector_problems(payload: Payload, old: Payload) -> Iterator[str]:
    yield from vector_problems(_changed(payload, old))


def _option_problems(payload: Payload, old: Payload) -> Iterator[str]:
    stream = payload.get("StreamSpecification")
    on = old.get("StreamSpecification", {}).get("StreamEnabled", False)
    if stream and stream["StreamEnabled"] == on:
        yield "Table already has an enabled stream" if on else "Table has no stream to disable"
    encryption = payload.get("SSESpecification")
    if encryption and encryption == old.get("SSESpecification", {"Enabled": False}):
        yield "Table is already encrypted by given KMSMasterKey"


def _changed(payload: Payload, old: Payload) -> Payload:
    """Return the table's payload after an update."""
    definitions = {a["AttributeName"]: a for a in old["AttributeDefinitions"]}
    definitions |= {a["AttributeName"]: a for a in payload.get("AttributeDefinitions", ())}
    kept = [member for member in _KINDS if member in payload and member not in replicas.MEMBERS]
    new = {**replicas.changed(payload, old), **{member: payload[member] for member in kept}}
    new |= _figures(payload, old)
    every = {kind: _indexes(old, kind) for kind in _ONLINE}
    for kind, action, members in _index_updates(payload):
        indexes = every[kind]
        there = indexes.get(members["IndexName"], {})
        indexes[members["IndexName"]] = {**there, **members, **_figures(members, there)}
        if action == "Delete":
            del indexes[members["IndexName"]]
    new |= {kind: list(indexes.values()) for kind, indexes in every.items()}
    # A change of mode drops the figures of the other one.
    obsolete = _OBSOLETE.get(payload.get("BillingMode"), "")
    for owner in (new, *new["GlobalSecondaryIndexes"]):
        owner.pop(obsolete, None)
    used = key_attributes(new)
    defined = [definition for name, definition in definitions.items() if name in used]
    return {**new, "AttributeDefinitions": defined}


_OBSOLETE: dict[Any, str] = {
    "PAY_PER_REQUEST": "ProvisionedThroughput",
    "PROVISIONED": "OnDemandThroughput",
}
