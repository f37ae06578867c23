"""Which tables, models and transform a copy is of: what tells them from others of the same name."""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec import Struct, structs

from ..api import TableDescription
from ..errors import Refused, TransportError
from ..model.declare import model_of
from ..model.documents import key_parts
from ..model.spec import DescribedSpec, TableSpec
from ..operations import Location

P = TypeVar("P", bound=Any)
"""A checkpoint, of a copy or of a comparison."""


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


class TableMark(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the service tells a table by; one that was deleted and created again has another."""

    arn: str = ""
    id: str = ""
    created: float | None = None
    """CreationDateTime, to the millisecond: transports read its later digits differently."""


class Found(Struct, frozen=True):
    """A table as it was described, by which name, and where that was."""

    table: TableDescription
    asked: str
    place: Location

    @property
    def name(self) -> str:
        """The real name, prefix included."""
        # No prefix is put before an ARN, which has the whole name in it.
        if self.asked.startswith("arn:"):
            return self.asked.rpartition("/")[2]
        return self.place.table_prefix + self.asked

    @property
    def spec(self) -> TableSpec:
        return described_spec(self.table)

    @property
    def mark(self) -> TableMark:
        table = self.table
        created = None if table.created is None else round(table.created, 3)
        return TableMark(table.table_arn or "", table.table_id or "", created)


class Work(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a copy does with each item, by name."""

    transform: str | None = None
    source_model: str | None = None
    target_model: str | None = None
    unmodelled: str = "keep"


def work_of(source: Any, target: Any, settings: Any) -> Work:
    """Name the transform, and the models where it is one of models."""
    # Items that are copied as they are have nothing to do with models.
    if settings.transform is None:
        return Work()
    from ..items.transforms import qualified  # not where items are copied as they are

    ends = _model_name(source), _model_name(target)
    return Work(qualified(settings.transform), *ends, settings.unmodelled)


def _model_name(model: Any) -> str | None:
    model = model_of(model)
    if model is None:
        return None
    return f"{model.__module__}:{model.__qualname__}" if isinstance(model, type) else str(model)


def is_same(one: Found, other: Found) -> bool:
    """Return whether these are one table, as far as that can be told.

    An id is unique. An ARN is so only within AWS: two emulators on one machine name the same
    account and region. Their tables differ by the moment of creation, or else by the endpoint.
    """
    a, b = one.mark, other.mark
    # TableId is the service's own and never comes again; of the emulators, some tell none.
    if a.id and b.id:
        return a.id == b.id
    if a.created and b.created and a.created != b.created:
        return False
    if a.arn and b.arn:
        dated = bool(a.created and b.created)
        return a.arn == b.arn and (dated or not _apart(one.place, other.place))
    # Nothing but names is left: they mean one table where they are asked for in one place.
    here = one.place is other.place or _url(one.place) == _url(other.place) != ""
    return here and one.name == other.name


def _apart(one: Location, other: Location) -> bool:
    """Return whether both URLs are known, and are different."""
    return "" != _url(one) != _url(other) != ""


def _url(place: Location) -> str:
    return place.endpoint.rstrip("/").lower()


def is_other(then: TableMark, since: TableMark) -> bool:
    """Return whether a name stands for another table now; an unknown id or time decides nothing."""
    if then.id and since.id:
        return then.id != since.id
    arns = bool(then.arn and since.arn and then.arn != since.arn)
    return arns or bool(then.created and since.created and then.created != since.created)


def check_tables(point: P, of: str, source: Found, target: Found) -> P:
    """Note in a checkpoint which tables these are; refuse others of the same names.

    They lack what was copied, or are not what was compared.
    """
    pairs = (
        ("source", point.source_table, source.mark),
        ("target", point.target_table, target.mark),
    )
    reasons = [
        f"the {what} is not the table that the {of} began with: it was deleted, and another one "
        "of its name was created; start over without the checkpoint"
        for what, then, since in pairs
        if is_other(then, since)
    ]
    if reasons:
        raise Refused(tuple(reasons))
    return structs.replace(point, source_table=source.mark, target_table=target.mark)
