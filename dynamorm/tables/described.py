"""What DescribeTable tells of a table's keys, as a `TableSpec`."""

from __future__ import annotations

from typing import Any

from ..api import TableDescription
from ..errors import TransportError
from ..model.documents import key_parts
from ..model.spec import DescribedSpec, TableSpec


def described_spec(table: TableDescription) -> TableSpec:
    """Return the keys of a table and of its indexes; nothing else of it is declared.

    Raises `TransportError` for a description that does not tell them.
    """
    # Of indexes only the keys: what else they tell would be compared as if it were declared.
    told = table.to_dict()
    keys: dict[str, Any] = {
        kind: [{"IndexName": i["IndexName"], "KeySchema": i.get("KeySchema", ())} for i in indexes]
        for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes")
        if (indexes := told.get(kind))
    }
    try:
        return DescribedSpec(**key_parts({**told, **keys}))
    except (LookupError, ValueError):
        message = f"the answer of DescribeTable does not tell the keys of {table.table_name}"
        raise TransportError(message, operation="DescribeTable", maybe_applied=False) from None
