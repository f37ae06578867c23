"""What others write about a table, as a `TableSpec`: CreateTable, a description, a resource.

The law: a CreateTable request, read and built again, is the same request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from msgspec import UNSET, UnsetType

from ..errors import ModelError
from . import sources
from .keys import IndexSpec, KeyAttribute, VectorAttribute
from .options import KMS, Include, OnDemand, Provisioned, WarmThroughput
from .sources import Document


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
    # boto3 wraps its answers in one of these two; only a description has a status.
    table = document.get("Table") or document.get("TableDescription") or document
    described = "TableStatus" in table
    members: Document = table
    options: dict[str, Any] = {}
    if described:
        members, options = sources.described_members(table)
    elif sources.is_resource(table):
        members, options = sources.resource_members(table, named)
    return {**_parts({**members, **named}), **options}, described


_CAPACITIES: dict[str, Callable[..., Any]] = {
    "ProvisionedThroughput": Provisioned,
    "OnDemandThroughput": OnDemand,
    "WarmThroughput": WarmThroughput,
}


def _units(kind: str, found: Any) -> Any:
    """Return the option that units make, `None` for none; a template may have them as text."""
    figures = (int(found[name]) if name in found else UNSET for name in sources.UNITS[kind])
    return _CAPACITIES[kind](*figures) if found else None


def _parts(request: Document) -> dict[str, Any]:
    """Return the arguments of a `TableSpec`; what no option stands for is in `extra`."""
    parts: dict[str, Any] = key_parts(request)
    extra = {}
    for name, value in request.items():
        if (option := sources.FILLED_BY.get(name, "")) in _READ:
            parts[option] = _READ[option](value)
        elif name not in sources.MEMBERS:
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


def _key(
    schema: Any, types: Mapping[str, Any], member: str = "KeyType", second: str = "RANGE"
) -> tuple[tuple[KeyAttribute, ...], tuple[KeyAttribute, ...]]:
    """Return the HASH attributes and the second ones; one of another kind would be lost."""
    found: dict[str, list[KeyAttribute]] = {"HASH": [], second: []}
    for one in schema:
        kind, name = one[member], one["AttributeName"]
        if kind not in found:
            raise ValueError(f"{name!r} is {kind!r} in a schema, neither HASH nor {second}")
        found[kind].append(KeyAttribute(name, types[name]))
    return tuple(found["HASH"]), tuple(found[second])


def _index(index: Document, types: Mapping[str, Any], *, local: bool = False) -> IndexSpec:
    hashes, ranges = _key(index["KeySchema"], types)
    return IndexSpec(
        index["IndexName"],
        () if local else hashes,
        ranges,
        _projection(index),
        *(_units(kind, index.get(kind)) for kind in _CAPACITIES),
    )


def _vector_index(index: Document, types: Mapping[str, Any]) -> IndexSpec:
    schema = index.get("SearchSchema") or ()
    hashes, filters = _key(schema, types, "SearchSchemaElementType", "INLINE_FILTER")
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


_READ: dict[str, Callable[[Any], Any]] = {
    "stream": _stream,
    "encryption": _encryption,
    "tags": lambda tags: {tag["Key"]: tag["Value"] for tag in tags},
    "table_class": str,
    "deletion_protection": bool,
    "warm": partial(_units, "WarmThroughput"),
    "resource_policy": lambda policy: policy,
}
"""How to read each option from the one member of CreateTable that it stands for."""
