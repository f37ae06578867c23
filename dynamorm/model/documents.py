"""What others write about a table, as a `TableSpec`: CreateTable, a description, a resource.

The law: a CreateTable request, read and built again, is the same request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from msgspec import UNSET, UnsetType

from ..errors import ModelError
from .keys import IndexSpec, KeyAttribute, VectorAttribute
from .option_rules import MEMBERS
from .options import KMS, Include, OnDemand, Provisioned, WarmThroughput, is_units
from .resources import is_resource, resource_members

Document = Mapping[str, Any]


def read_parts(source: Any, name: str | None) -> tuple[dict[str, Any], bool]:
    """Return the arguments of a `TableSpec`, and whether they are from a description.

    Raises `ModelError` for a document that is not about a table.
    """
    # A request or a description of ours is a Struct, whose dict has the wire's names.
    document = source.to_dict() if hasattr(source, "to_dict") else source
    if not isinstance(document, Mapping):
        raise TypeError(
            f"TableSpec.of takes {_TAKEN}, not {source!r:.200}; a model goes to table_spec"
        )
    try:
        return _read(document, {} if name is None else {"TableName": name})
    # A document can come from anywhere: whatever is wrong with it is a ModelError.
    except KeyError as error:
        problem = f"{error} is missing: this is not {_TAKEN} - at TableSpec.of"
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        problem = f"this is not {_TAKEN}: {type(error).__name__}: {error} - at TableSpec.of"
    raise ModelError((problem,))


_TAKEN = (
    "a CreateTable request, a table's description or a CloudFormation resource "
    '({"Type": "AWS::DynamoDB::Table", "Properties": {...}})'
)


def _read(document: Document, named: Document) -> tuple[dict[str, Any], bool]:
    if is_resource(document):
        members, options = resource_members(document, named)
        return {**_parts(members), **options}, False
    # boto3 wraps its answers in one of these two; only a description has a status.
    table = document.get("Table") or document.get("TableDescription") or document
    if "TableStatus" not in table:
        return _parts({**table, **named}), False
    parts = _parts({**_of_description(table), **named})
    if table.get("Replicas"):
        from .described_replicas import replica_options

        parts |= replica_options(table)
    return parts, True


def _of_description(table: Document) -> Document:
    """Turn a description into the request that makes such a table; defaults are left out of it.

    So is the warm throughput, which the service raises by itself.
    """
    # Left out of a table that has never been on demand.
    mode = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    encryption = table.get("SSEDescription", {})
    told: dict[str, Any] = {
        **{name: table[name] for name in _SAME if table.get(name)},
        **_capacity(table, mode),
        # Always said: CreateTable takes PROVISIONED where it is left out.
        "BillingMode": mode,
        "GlobalSecondaryIndexes": [
            {**{n: index[n] for n in _OF_INDEX if n in index}, **_capacity(index, mode)}
            for index in table.get("GlobalSecondaryIndexes", ())
        ],
    }
    # A key that AWS owns, the default, is described by nothing at all.
    if encryption.get("Status") in ("ENABLED", "ENABLING", "UPDATING"):
        told["SSESpecification"] = {
            "Enabled": True,
            "KMSMasterKeyId": encryption.get("KMSMasterKeyArn") or None,
        }
    table_class = table.get("TableClassSummary", {}).get("TableClass", "STANDARD")
    if table_class != "STANDARD":
        told["TableClass"] = table_class
    return told


_SAME = (
    "AttributeDefinitions",
    "TableName",
    "KeySchema",
    "LocalSecondaryIndexes",
    "VectorIndexes",
    "StreamSpecification",
    "DeletionProtectionEnabled",
)
_OF_INDEX = ("IndexName", "KeySchema", "Projection")


def _capacity(owner: Document, mode: str) -> Document:
    """Return the figures that mean something: on demand there are 0 units; -1 is no maximum."""
    on_demand = mode == "PAY_PER_REQUEST"
    kind = "OnDemandThroughput" if on_demand else "ProvisionedThroughput"
    told = owner.get(kind, {})
    figures = {name: told[name] for name in _UNITS[kind][1] if is_units(told.get(name))}
    # A maximum can stand alone; of provisioned units, CreateTable takes both or none.
    return {kind: figures} if len(figures) >= (1 if on_demand else 2) else {}


_UNITS: dict[str, tuple[Callable[..., Any], tuple[str, str]]] = {
    "ProvisionedThroughput": (Provisioned, ("ReadCapacityUnits", "WriteCapacityUnits")),
    "OnDemandThroughput": (OnDemand, ("MaxReadRequestUnits", "MaxWriteRequestUnits")),
    "WarmThroughput": (WarmThroughput, ("ReadUnitsPerSecond", "WriteUnitsPerSecond")),
}
"""Where a table or an index has units, for reads and for writes, and the option they make."""


def _units(kind: str, found: Any) -> Any:
    """Return the option that units make, `None` for none; a template may have them as text."""
    made, names = _UNITS[kind]
    return made(*(int(found[n]) if n in found else UNSET for n in names)) if found else None


def _parts(request: Document) -> dict[str, Any]:
    """Return the arguments of a `TableSpec`; what no option stands for is in `extra`."""
    parts: dict[str, Any] = key_parts(request)
    extra = {}
    for name, value in request.items():
        if name in _OPTIONS:
            option, read = _OPTIONS[name]
            parts[option] = read(value)
        elif name not in MEMBERS:
            extra[name] = value
    return {**parts, "billing": _billing(request), "extra": extra or UNSET}


def key_parts(request: Document) -> dict[str, Any]:
    """Return the name, the keys and the indexes, as arguments of a `TableSpec`."""
    # A request has types apart from keys; a spec has each type with its attribute.
    types = {one["AttributeName"]: one["AttributeType"] for one in request["AttributeDefinitions"]}
    # A key that is not defined is a KeyError, which `read_parts` reports as missing.
    hashes, ranges = _key(request["KeySchema"], types)
    if len(hashes) != 1 or len(ranges) > 1:
        # An index may have more of each; of a table's, all but the first would be lost.
        raise ValueError(
            "the key of a table has one HASH and at most one RANGE, "
            f"not {len(hashes)} and {len(ranges)}"
        )
    local = [_index(one, types, local=True) for one in request.get("LocalSecondaryIndexes") or ()]
    others = [_index(one, types) for one in request.get("GlobalSecondaryIndexes") or ()]
    vectors = [_vector_index(one, types) for one in request.get("VectorIndexes") or ()]
    return {
        "name": request["TableName"],
        "partition_key": hashes[0],
        "sort_key": next(iter(ranges), None),
        "indexes": tuple(_in_order([local, others, vectors], [*types], {*hashes, *ranges})),
    }


_Key = tuple[KeyAttribute, ...]


def _key(schema: Any, types: Mapping[str, Any]) -> tuple[_Key, _Key]:
    parts = [(one["KeyType"], one["AttributeName"]) for one in schema]
    return _parts_of(parts, types, "HASH", "RANGE")


def _parts_of(
    parts: Iterable[tuple[str, str]], types: Mapping[str, Any], first: str, second: str
) -> tuple[_Key, _Key]:
    """Return the attributes of either kind; one of another would be lost in the table."""
    found: dict[str, list[KeyAttribute]] = {first: [], second: []}
    for kind, name in parts:
        if kind not in found:
            raise ValueError(f"{name!r} is {kind!r} in a schema, neither {first} nor {second}")
        found[kind].append(KeyAttribute(name, types[name]))
    return tuple(found[first]), tuple(found[second])


def _index(index: Document, types: Mapping[str, Any], *, local: bool = False) -> IndexSpec:
    hashes, ranges = _key(index["KeySchema"], types)
    return IndexSpec(
        index["IndexName"],
        () if local else hashes,
        ranges,
        _projection(index),
        *(_units(kind, index.get(kind)) for kind in _UNITS),
    )


def _vector_index(index: Document, types: Mapping[str, Any]) -> IndexSpec:
    schema = index.get("SearchSchema") or ()
    parts = [(one["SearchSchemaElementType"], one["AttributeName"]) for one in schema]
    hashes, filters = _parts_of(parts, types, "HASH", "INLINE_FILTER")
    return IndexSpec(
        index["IndexName"],
        hashes,
        projection=_projection(index),
        # What is missing is told by the rules; a description is read as it is.
        vector=VectorAttribute(
            index.get("VectorAttribute", {}).get("AttributeName", ""),
            int(index.get("Dimensions", 0)),
            index.get("DistanceFunction", ""),
        ),
        filters=filters,
    )


def _projection(index: Document) -> Any:
    projection = index.get("Projection") or {}
    kind = projection.get("ProjectionType", "ALL")
    return Include(*projection.get("NonKeyAttributes", ())) if kind == "INCLUDE" else kind


def _in_order(
    kinds: list[list[IndexSpec]], defined: list[str], seen: set[KeyAttribute]
) -> Iterator[IndexSpec]:
    """Yield the indexes in an order in which their keys are met as they are defined.

    The request lists them by kind; a model may have them in any order, and so defines its keys.
    """
    # The order of AttributeDefinitions is all that is left of the order in which a model had them.
    known = {attribute.name for attribute in seen}
    while waiting := [indexes for indexes in kinds if indexes]:
        left = [name for name in defined if name not in known]
        fitting = (one for one in waiting if _begins(left, one[0], known))
        index = next(fitting, waiting[-1]).pop(0)
        known |= {attribute.name for attribute in index.defined}
        yield index


def _begins(left: list[str], index: IndexSpec, known: set[str]) -> bool:
    new = [one.name for one in index.defined if one.name not in known]
    return new == left[: len(new)]


def _billing(request: Document) -> OnDemand | Provisioned | UnsetType:
    on_demand = request.get("BillingMode") == "PAY_PER_REQUEST"
    kind, default = (
        ("OnDemandThroughput", OnDemand()) if on_demand else ("ProvisionedThroughput", UNSET)
    )
    billing: OnDemand | Provisioned | UnsetType = _units(kind, request.get(kind)) or default
    return billing


def _encryption(found: Document) -> KMS | None:
    return KMS(found.get("KMSMasterKeyId")) if found.get("Enabled", True) else None


def _stream(found: Document) -> Any:
    return found["StreamViewType"] if found.get("StreamEnabled", True) else None


_OPTIONS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "StreamSpecification": ("stream", _stream),
    "SSESpecification": ("encryption", _encryption),
    "Tags": ("tags", lambda tags: {tag["Key"]: tag["Value"] for tag in tags}),
    "TableClass": ("table_class", str),
    "DeletionProtectionEnabled": ("deletion_protection", bool),
    "WarmThroughput": ("warm", partial(_units, "WarmThroughput")),
    "ResourcePolicy": ("resource_policy", lambda policy: policy),
}
"""The members of CreateTable that one option stands for, and how it is read from them."""
