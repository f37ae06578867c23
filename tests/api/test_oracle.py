"""botocore's own service model judges every payload and every reply Struct, member by member."""

from __future__ import annotations

import itertools
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

import botocore
import pytest
from aids import strategies
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from hypothesis import given
from msgspec import NODEFAULT, Struct, UnsetType, json, structs

from dynamorm import KeyAttribute, requests
from dynamorm.api import Request, parts, tables
from dynamorm.model import options

OLDEST = (1, 44, 5)
"""The first botocore whose model has all that the Structs have."""

if tuple(map(int, botocore.__version__.split(".")[:3])) < OLDEST:
    pytest.skip("this botocore's service model is older than ours", allow_module_level=True)

SERVICE = ServiceModel(Loader().load_service_model("dynamodb", "service-2"))
REQUESTS = {
    operation: getattr(tables, f"{operation}Input")
    for operation in ("CreateTable", "DescribeTable", "DeleteTable", "ListTables")
}
REPLIES = {operation: getattr(tables, f"{operation}Output") for operation in REQUESTS}

TYPES = {
    "string": str,
    "long": int,
    "integer": int,
    "boolean": bool,
    "timestamp": float,
}
"""How each simple type of the model is annotated; seconds come with fractions."""

ALWAYS_THERE = {
    "CreateTableOutput": {"TableDescription"},
    "DeleteTableOutput": {"TableDescription"},
    "DescribeTableOutput": {"Table"},
    "ListTablesOutput": {"TableNames"},
    "TableDescription": {"TableName", "TableStatus"},
    "LocalSecondaryIndexDescription": {"IndexName"},
    "GlobalSecondaryIndexDescription": {"IndexName"},
    "ReplicaGlobalSecondaryIndexDescription": {"IndexName"},
    "VectorIndexDescription": {"IndexName"},
}
"""Members that an answer without them would not be one, though the model does not require them."""


def members(struct: type[Struct]) -> dict[str, structs.FieldInfo]:
    return {field.encode_name: field for field in structs.fields(struct)}


def bare(annotation: Any) -> Any:
    """The type of a member that is there."""
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = set(get_args(annotation)) - {type(None), UnsetType}
        (annotation,) = kinds
    return annotation


def required(struct: type[Struct]) -> set[str]:
    return {
        name
        for name, field in members(struct).items()
        if field.default is NODEFAULT and field.default_factory is NODEFAULT
    }


def pairs(struct: type[Struct], shape: Any) -> Iterator[tuple[type[Struct], Any]]:
    """A Struct and its shape, and those of its members, and so on."""
    yield struct, shape
    for name, field in members(struct).items():
        kind, member = bare(field.type), shape.members.get(name)
        if get_origin(kind) is tuple:
            kind, member = get_args(kind)[0], member.member
        if isinstance(kind, type) and issubclass(kind, Struct):
            yield from pairs(kind, member)


def all_pairs(tops: dict[str, type[Struct]], side: str) -> list[Any]:
    found = itertools.chain.from_iterable(
        pairs(struct, getattr(SERVICE.operation_model(operation), side))
        for operation, struct in tops.items()
    )
    unique = {(struct, shape.name): (struct, shape) for struct, shape in found}
    return [pytest.param(*pair, id=shape) for (_, shape), pair in unique.items()]


REQUEST_PAIRS = all_pairs(REQUESTS, "input_shape")
REPLY_PAIRS = all_pairs(REPLIES, "output_shape")


def check_type(annotation: Any, shape: Any) -> None:
    kind = bare(annotation)
    if shape.type_name == "list":
        assert get_origin(kind) is tuple
        check_type(get_args(kind)[0], shape.member)
    elif shape.type_name == "structure":
        assert issubclass(kind, Struct)
    else:
        assert kind is TYPES[shape.type_name]


@pytest.mark.parametrize(("struct", "shape"), REQUEST_PAIRS + REPLY_PAIRS)
def test_members(struct, shape):
    """A Struct has the members of its shape: none misspelt, none missing."""
    assert set(members(struct)) == set(shape.members)


@pytest.mark.parametrize(("struct", "shape"), REQUEST_PAIRS)
def test_order(struct, shape):
    """A payload's members are sent in the order of the API reference."""
    assert list(members(struct)) == list(shape.members)


@pytest.mark.parametrize(("struct", "shape"), REQUEST_PAIRS + REPLY_PAIRS)
def test_types(struct, shape):
    """Each member has the type of the model: string, whole number, boolean, time, list, Struct."""
    for name, field in members(struct).items():
        check_type(field.type, shape.members[name])


@pytest.mark.parametrize(("struct", "shape"), REQUEST_PAIRS)
def test_required_in_requests(struct, shape):
    """A payload cannot be made without what the model requires."""
    assert required(struct) >= set(shape.required_members)


@pytest.mark.parametrize(("struct", "shape"), REPLY_PAIRS)
def test_required_in_replies(struct, shape):
    """A reply may lack whatever the model lets it lack, but for what makes it an answer at all."""
    assert required(struct) == set(shape.required_members) | ALWAYS_THERE.get(shape.name, set())


@pytest.mark.parametrize(
    ("literal", "shape"),
    [
        (options.StreamView, "StreamViewType"),
        (options.TableClass, "TableClass"),
    ],
)
def test_enums(literal, shape):
    """A closed choice offers exactly the values of the model."""
    assert set(get_args(literal)) == set(SERVICE.shape_for(shape).enum)


def test_enum_of_projections():
    """ALL, KEYS_ONLY and Include are the projections that there are."""
    literal = next(kind for kind in get_args(options.Projection) if get_origin(kind) is Literal)
    enum = SERVICE.shape_for("ProjectionType").enum
    assert {*get_args(literal), "INCLUDE"} == set(enum)


def test_key_types_are_annotated():
    """A key's type is annotated with the values of the model."""
    (annotation,) = (f.type for f in structs.fields(KeyAttribute) if f.name == "type")
    assert set(get_args(annotation)) == set(SERVICE.shape_for("ScalarAttributeType").enum)


def values_of(shape: Any, value: Any) -> Iterator[tuple[Any, Any]]:
    """Every simple value of a payload, with its shape."""
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from values_of(shape.members[name], member)
    elif shape.type_name == "list":
        for member in value:
            yield from values_of(shape.member, member)
    else:
        yield shape, value


def check(operation: str, payload: Request) -> Any:
    """Let botocore judge a request: as it is sent, and as boto3's client would be given it."""
    shape = SERVICE.operation_model(operation).input_shape
    body = payload.to_dict()
    assert json.decode(requests.encode(payload)) == body
    report = ParamValidator().validate(body, shape)
    assert not report.has_errors(), report.generate_report()
    for kind, value in values_of(shape, body):
        assert not getattr(kind, "enum", None) or value in kind.enum
    return body


@given(strategies.specs())
def test_payloads_are_valid(spec):
    """The service model accepts CreateTable, DescribeTable and DeleteTable of every table."""
    body = check("CreateTable", requests.create_table(spec))
    assert check("DescribeTable", requests.describe_table(spec)) == {"TableName": spec.name}
    assert check("DeleteTable", requests.delete_table(spec)) == {"TableName": spec.name}
    known = list(SERVICE.operation_model("CreateTable").input_shape.members)
    assert list(body) == [name for name in known if name in body]


@given(strategies.specs())
def test_payloads_are_deterministic(spec):
    """The same declaration gives the same bytes, and reading them gives the payload back."""
    payload = requests.create_table(spec)
    body = requests.encode(payload)
    assert body == requests.encode(requests.create_table(spec))
    assert json.encode(json.decode(body)) == body


@pytest.mark.parametrize("start_after", [None, "orders"])
@pytest.mark.parametrize("limit", [None, 1, 100])
def test_list_tables_is_valid(start_after, limit):
    """The service model accepts ListTables with and without its members."""
    check("ListTables", requests.list_tables(start_after, limit=limit))


def example(shape: Any, variant: int, word: str | None = None) -> Any:
    """A value with every member filled; enums take their values by turns, or `word`."""
    if shape.type_name == "structure":
        return {name: example(part, variant, word) for name, part in shape.members.items()}
    if shape.type_name == "list":
        return [example(shape.member, variant + n, word) for n in range(2)]
    if getattr(shape, "enum", None):
        return word or shape.enum[variant % len(shape.enum)]
    simple = {"string": f"text-{variant}", "boolean": bool(variant % 2)}
    return simple.get(shape.type_name, 17 + variant)


@pytest.mark.parametrize("operation", REPLIES)
@pytest.mark.parametrize("variant", range(10))
def test_replies_give_every_value(operation, variant):
    """A reply with every member filled, with each enum value in turn, loses and changes nothing."""
    answer = example(SERVICE.operation_model(operation).output_shape, variant)
    reply = json.decode(json.encode(answer), type=REPLIES[operation])
    assert json.decode(json.encode(reply)) == answer


@pytest.mark.parametrize("operation", REPLIES)
def test_unknown_enum_values(operation):
    """A value that no enum has yet is passed on as it is."""
    answer = example(SERVICE.operation_model(operation).output_shape, 0, word="BRAND_NEW")
    reply = json.decode(json.encode(answer), type=REPLIES[operation])
    assert json.decode(json.encode(reply)) == answer


def with_news(value: Any) -> Any:
    """The same value, with a member that nobody knows in every structure."""
    if isinstance(value, dict):
        known = {name: with_news(member) for name, member in value.items()}
        return {"BrandNew": {"Deep": [1]}, **known}
    return [with_news(member) for member in value] if isinstance(value, list) else value


@pytest.mark.parametrize("operation", REPLIES)
def test_unknown_members(operation):
    """A member that the Structs do not know yet is passed over, wherever it is."""
    answer = example(SERVICE.operation_model(operation).output_shape, 1)
    reply = json.decode(json.encode(with_news(answer)), type=REPLIES[operation])
    assert json.decode(json.encode(reply)) == answer


@pytest.mark.parametrize(
    ("struct", "shape"),
    [
        (parts.OnDemandThroughput, "OnDemandThroughput"),
        (tables.ProvisionedThroughput, "ProvisionedThroughput"),
        (options.WarmThroughput, "WarmThroughput"),
    ],
)
def test_capacities(struct, shape):
    """Capacities have the members of the service's shapes."""
    assert list(members(struct)) == list(SERVICE.shape_for(shape).members)
