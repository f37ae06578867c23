"""What DescribeTable tells of a table's keys, as a `TableSpec`."""

from __future__ import annotations

from ..api.descriptions import KeySchemaElement, TableDescription
from ..errors import TransportError
from ..model.spec import IndexSpec, KeyAttribute, TableSpec


class _DescribedSpec(TableSpec, frozen=True):
    """What the service sent: it is not ours to judge by the rules of a model."""

    def __post_init__(self) -> None:
        """Judge nothing: a table may have more indexes, or other types, than we know of."""


def described_spec(table: TableDescription) -> TableSpec:
    """Return the keys of a table and of its indexes; nothing else of it is declared.

    Raises `TransportError` for a description that does not tell them.
    """
    try:
        return _spec(table)
    except LookupError:
        message = f"the answer does not tell the keys of {table.table_name}"
        raise TransportError(message, operation="DescribeTable", maybe_applied=False) from None


def _spec(table: TableDescription) -> TableSpec:
    types = {item.attribute_name: item.attribute_type for item in table.attribute_definitions}

    def part(schema: tuple[KeySchemaElement, ...], kind: str) -> tuple[KeyAttribute, ...]:
        names = [element.attribute_name for element in schema if element.key_type == kind]
        return tuple(KeyAttribute(name, types[name]) for name in names)  # type: ignore[arg-type]  # S, N or B

    local = (
        IndexSpec(index.index_name, (), part(index.key_schema, "RANGE"))
        for index in table.local_secondary_indexes
    )
    others = (
        IndexSpec(index.index_name, part(index.key_schema, "HASH"), part(index.key_schema, "RANGE"))
        for index in table.global_secondary_indexes
    )
    return _DescribedSpec(
        name=table.table_name,
        partition_key=part(table.key_schema, "HASH")[0],
        sort_key=next(iter(part(table.key_schema, "RANGE")), None),
        indexes=(*local, *others),
    )
