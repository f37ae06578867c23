"""botocore's own service model judges the requests that read and write items, and their answers."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Struct, json

from dynamorm.api.items import (
    BatchGetItemOutput,
    BatchWriteItemOutput,
    ScanOutput,
    batch_get_item,
    batch_write_item,
    scan,
)

oracle = pytest.importorskip("test_oracle", exc_type=pytest.skip.Exception)

ITEM = {"id": {"S": "a"}, "n": {"N": "1"}, "b": {"B": "QQ=="}}
RAW = json.encode(ITEM)

REQUESTS: list[tuple[str, Struct]] = [
    ("Scan", scan("orders")),
    ("Scan", scan("orders", segment=1, of=3, start=ITEM, limit=5, consistent_read=True)),
    ("BatchWriteItem", batch_write_item("orders", [RAW, RAW])),
    ("BatchGetItem", batch_get_item("orders", [RAW])),
    ("BatchGetItem", batch_get_item("orders", [RAW] * 2, consistent_read=True, only=("id", "n"))),
]


@pytest.mark.parametrize(("operation", "payload"), REQUESTS)
def test_payloads_are_valid(operation: str, payload: Struct) -> None:
    """The service model accepts every member that is sent, by its name and type."""
    body = oracle.check(operation, payload)
    known = list(oracle.SERVICE.operation_model(operation).input_shape.members)
    assert set(body) <= set(known)


def example(shape: Any) -> Any:
    """A value with every member filled; an attribute value, which may hold others, is a string."""
    if shape.name == "AttributeValue":
        return {"S": "text"}
    if shape.type_name == "structure":
        return {name: example(part) for name, part in shape.members.items()}
    if shape.type_name == "list":
        return [example(shape.member)] * 2
    if shape.type_name == "map":
        return {"key": example(shape.value)}
    return {"string": "text", "boolean": True}.get(shape.type_name, 2)


@pytest.mark.parametrize("reply", [ScanOutput, BatchWriteItemOutput, BatchGetItemOutput])
def test_replies_are_read(reply: type[Struct]) -> None:
    """An answer with every member filled is read, and what is read of it is as it was said."""
    operation = reply.__name__.removesuffix("Output")
    answer = example(oracle.SERVICE.operation_model(operation).output_shape)
    read = json.decode(json.encode(json.decode(json.encode(answer), type=reply)))

    def within(part: Any, whole: Any) -> bool:
        if isinstance(part, dict):
            return all(name in whole and within(part[name], whole[name]) for name in part)
        if isinstance(part, list):
            return all(map(within, part, whole)) and len(part) == len(whole)
        return bool(part == whole)

    assert read
    assert within(read, answer)
    assert set(oracle.members(reply)) <= set(answer)
