"""The tables of a fake service: what each is like at a moment, and how it got there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from ..api import wire_name
from ..operations.drivers import Clock
from .contents import Contents
from .described import described_replicas
from .faults import Refusal

MAX_VECTOR_INDEXES = 5
REGION = "us-east-1"
ACCOUNT = f"arn:aws:dynamodb:{REGION}:000000000000"
Payload = dict[str, Any]
Answer = Callable[[Any], "Payload | None"]
"""What an operation makes of its request, decoded."""


class Part:
    """Some operations of a fake service, each a public method that is named after it."""

    @property
    def operations(self) -> dict[str, Answer]:
        """Its methods, by the operations that they answer."""
        return {
            wire_name(name): getattr(self, name)
            for name, member in vars(type(self)).items()
            if callable(member) and not name.startswith("_")
        }


def not_found(what: str) -> Refusal:
    """Return what the service answers about a table that is not there, or a part of one."""
    message = f"Requested resource not found: {what} not found"
    return Refusal(message, "ResourceNotFoundException")


class State(Struct, frozen=True):
    """What CreateTable and all updates since have made of a table."""

    payload: Payload
    status: str = "ACTIVE"
    indexes: dict[str, Payload] = {}
    """What is to be said of each index that is not ACTIVE."""
    replicas: dict[str, str] = {}
    """The status of each replica that is not ACTIVE."""


class Table:
    """A table, its items, and the moments of its life."""

    def __init__(
        self, payload: Payload, made_at: float, ready_at: float, region: str = REGION
    ) -> None:
        self.region = region
        self.replicated_at: float | None = None
        """When it was last the source of a replica."""
        self.made_at = made_at
        self.ready_at = ready_at
        types = {a["AttributeName"]: a["AttributeType"] for a in payload["AttributeDefinitions"]}
        names = [part["AttributeName"] for part in payload["KeySchema"]]
        self.contents = Contents(tuple((name, types[name]) for name in names))
        self.deleted_at: float | None = None
        self.gone_at = 0.0
        self.settings: dict[Any, Any] = {}
        """What DescribeTable does not tell."""
        self.restored: Payload = {}
        """Where it was restored from."""
        self._states = [(made_at, State(payload))]

    @property
    def arn(self) -> str:
        return self.arn_in(self.region)

    def arn_in(self, region: str) -> str:
        """Return the ARN of its replica in a region."""
        name = self._states[0][1].payload["TableName"]
        return f"{ACCOUNT.replace(REGION, region)}:table/{name}"

    def gone(self, moment: float) -> bool:
        return self.deleted_at is not None and moment >= self.gone_at

    def status(self, moment: float) -> str:
        if self.deleted_at is not None and moment >= self.deleted_at:
            return "DELETING"
        return self.at(moment).status if moment >= self.ready_at else "CREATING"

    def at(self, moment: float) -> State:
        return next((state for since, state in reversed(self._states) if since <= moment))

    def stream(self, moment: float) -> str | None:
        """Return the ARN of the latest stream, which stays when that is turned off."""
        number, was_on = 0, False
        for since, state in self._states:
            on = state.payload.get("StreamSpecification", {}).get("StreamEnabled", False)
            number += since <= moment and on and not was_on
            was_on = on
        # The service puts the time here, which would differ between interleaved processes.
        return f"{self.arn}/stream/{number}" if number else None

    def require_recovery(self) -> None:
        """Refuse what takes point-in-time recovery, where that is off."""
        if not self.settings.get("days"):
            message = "Point in time recovery is not enabled"
            raise Refusal(message, "PointInTimeRecoveryUnavailableException")

    def become(self, *states: tuple[float, State]) -> None:
        """Let the table be in these states from these moments on."""
        self._states += states

    def describe(self, moment: float) -> Payload:
        payload, status = self.at(moment).payload, self.status(moment)
        described = {
            "TableName": payload["TableName"],
            # A table created again under the same name is another table.
            "TableId": f"{payload['TableName']}-{self.made_at}",
            "TableArn": self.arn,
            "TableStatus": status,
            "AttributeDefinitions": payload["AttributeDefinitions"],
            "KeySchema": payload["KeySchema"],
            "CreationDateTime": self.made_at,
            # The service counts every six hours: a test must not build on it.
            "ItemCount": 0,
            "TableSizeBytes": 0,
            "ProvisionedThroughput": _capacity(payload),
            "GlobalSecondaryIndexes": list(self._indexes(moment)),
            "LocalSecondaryIndexes": payload.get("LocalSecondaryIndexes", []),
            **({"VectorIndexes": vectors} if (vectors := self._vectors(moment)) else {}),
        }
        if payload.get("BillingMode") == "PAY_PER_REQUEST":
            described["BillingModeSummary"] = {"BillingMode": "PAY_PER_REQUEST"}
        for given, show in _SHOWN.items():
            if given in payload:
                described |= show(payload[given])
        if stream := self.stream(moment):
            described["LatestStreamArn"] = stream
        described |= described_replicas(payload, self.at(moment).replicas, self.arn_in)
        if self.restored:
            more = {"RestoreDateTime": self.made_at, "RestoreInProgress": status == "CREATING"}
            described["RestoreSummary"] = {**self.restored, **more}
        return described

    def _indexes(self, moment: float) -> Iterator[Payload]:
        for index in self._online("GlobalSecondaryIndexes", moment):
            yield {**index, "ProvisionedThroughput": _capacity(index)}

    def _vectors(self, moment: float) -> list[Payload]:
        arns = f"{self.arn}/index"
        found = self._online("VectorIndexes", moment)
        return [{**index, "IndexArn": f"{arns}/{index['IndexName']}"} for index in found]

    def _online(self, kind: str, moment: float) -> Iterator[Payload]:
        state, status = self.at(moment), self.status(moment)
        shared = status if status in ("CREATING", "DELETING") else "ACTIVE"
        for index in state.payload.get(kind, ()):
            yield {**index, **state.indexes.get(index["IndexName"], {"IndexStatus": shared})}


class Account:
    """Tables by name, as they are at the present moment of `clock`."""

    def __init__(self, clock: Clock, region: str = REGION) -> None:
        self.clock = clock
        self.region = region
        self.tables: dict[str, Table] = {}
        self._regions: dict[str, Account] = {region: self}

    def elsewhere(self, region: str) -> Account:
        """Return the account in another region."""
        if region not in self._regions:
            made = self._regions[region] = Account(self.clock, region)
            made._regions = self._regions
        return self._regions[region]

    def everywhere(self) -> list[Account]:
        """Return the account in all regions that there are."""
        return list(self._regions.values())

    @property
    def now(self) -> float:
        return self.clock.now()

    def find(self, name: str) -> Table | None:
        """Find a table by its name or its ARN, for as long as it is not gone."""
        found = self.tables.get(plain_name(name))
        return None if found is None or found.gone(self.now) else found

    def require(self, name: str) -> Table:
        found = self.find(name)
        if found is None:
            raise not_found(f"Table: {name}")
        return found

    def add(self, payload: Payload, seconds: float) -> Table:
        """Add a table that is ready after `seconds`; raise the answer to one that is refused."""
        for problem in _create_problems(payload):
            raise Refusal(problem)
        now = self.now
        made = self.tables[payload["TableName"]] = Table(payload, now, now + seconds, self.region)
        return made

    def created(self, name: str) -> Table:
        """Find a table whose settings can be changed: one that is being created is in use."""
        found = self.require(name)
        if found.status(self.now) == "CREATING":
            raise Refusal("Table is being created", "ResourceInUseException")
        return found

    def contents(self, name: str) -> Contents:
        """Find the items of a table: one that is being created has none."""
        found = self.require(name)
        # Requests for items do not find it yet; those that change a table find it in use.
        if found.status(self.now) == "CREATING":
            raise not_found(f"Table: {name}")
        return found.contents


def _create_problems(payload: Payload) -> Iterator[str]:
    """Return what the service answers to a CreateTable that it refuses."""
    indexes = _indexes(payload)
    defined = [item["AttributeName"] for item in payload["AttributeDefinitions"]]
    if len(set(defined)) != len(defined) or set(defined) != key_attributes(payload):
        yield (
            "Number of attributes in KeySchema does not exactly match number of attributes "
            "defined in AttributeDefinitions"
        )
    if len({index["IndexName"] for index in indexes}) != len(indexes):
        yield "Duplicate index name"
    owners = (payload, *payload.get("GlobalSecondaryIndexes", ()))
    provisioned = payload.get("BillingMode", "PROVISIONED") == "PROVISIONED"
    if any(("ProvisionedThroughput" in owner) != provisioned for owner in owners):
        yield "ProvisionedThroughput goes with BillingMode PROVISIONED, on the table and each index"
    yield from vector_problems(payload)


def vector_problems(payload: Payload) -> Iterator[str]:
    """Return what the service says of the vector indexes of a table, if it refuses them."""
    vectors = payload.get("VectorIndexes", ())
    if vectors and payload.get("BillingMode", "PROVISIONED") == "PROVISIONED":
        yield "Vector indexes are only supported for PAY_PER_REQUEST tables"
    if len(vectors) > MAX_VECTOR_INDEXES:
        yield f"VectorIndex count exceeds the per-table limit of {MAX_VECTOR_INDEXES}"
    found = {(index["VectorAttribute"]["AttributeName"], index["Dimensions"]) for index in vectors}
    names = {name for name, _ in found}
    if not names.isdisjoint(key_attributes(payload)):
        yield "An attribute cannot be defined in AttributeDefinitions when used as VectorAttribute"
    if len(found) > len(names):
        yield "All VectorIndexes on the same vector attribute must use the same dimensions"


def key_attributes(payload: Payload) -> set[str]:
    """Return the names of the attributes that a table and its indexes have to define."""
    owners = (payload, *_indexes(payload))
    parts = (part for owner in owners for kind in _SCHEMAS for part in owner.get(kind, ()))
    return {part["AttributeName"] for part in parts}


_SCHEMAS = ("KeySchema", "SearchSchema")
INDEX_KINDS = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes", "VectorIndexes")


def _indexes(payload: Payload) -> list[Payload]:
    return [index for kind in INDEX_KINDS for index in payload.get(kind, ())]


def plain_name(name: str) -> str:
    """Return the name of a table, for which its ARN and that of its stream stand too."""
    return name.partition("/stream/")[0].rpartition("/")[2]


def _encryption(specification: Payload) -> Payload:
    if not specification.get("Enabled"):
        return {}
    # Where the service tells which key the account's own is, this tells that it is that.
    key = specification.get("KMSMasterKeyId", "alias/aws/dynamodb")
    kind = "" if key.startswith("alias/") else "key/"
    arn = key if key.startswith("arn:") else f"arn:aws:kms:us-east-1:000000000000:{kind}{key}"
    return {"SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": arn}}


_SHOWN: dict[str, Callable[[Any], Payload]] = {
    "StreamSpecification": lambda stream: {"StreamSpecification": stream},
    "DeletionProtectionEnabled": lambda on: {"DeletionProtectionEnabled": on},
    "OnDemandThroughput": lambda maxima: {"OnDemandThroughput": maxima},
    "WarmThroughput": lambda warm: {"WarmThroughput": {**warm, "Status": "ACTIVE"}},
    "SSESpecification": _encryption,
    "TableClass": lambda name: {"TableClassSummary": {"TableClass": name}},
}
"""What DescribeTable tells of each member of CreateTable."""


def _capacity(owner: Payload) -> Payload:
    """Show the units; an on-demand table shows zeros."""
    given = owner.get("ProvisionedThroughput", {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0})
    return {**given, "NumberOfDecreasesToday": 0}
