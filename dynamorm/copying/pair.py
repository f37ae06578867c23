"""The two tables of a copy or a comparison: which they are, and whether their models agree."""

from __future__ import annotations

from math import inf
from typing import Annotated, Any, get_args, get_origin

from msgspec import Struct, structs
from msgspec.structs import fields

from ..api import TableDescription
from ..errors import Refused, TableFailed, TransportError, WaitTimeout
from ..model import table_name
from ..model.declare import Model, model_of
from ..model.documents import key_parts
from ..model.fields import label, union_members
from ..model.spec import DescribedSpec, TableSpec
from ..operations import Location, Steps, changing, now, through, where
from ..operations.middleware import elsewhere
from ..operations.waiting import Deadline, pause, polling
from ..tables import describe_table
from .asking import TimeLeft
from .checkpoint import P, TableMark, Work
from .options import Convert, CopySettings

LAST_LOOK = 60.0
"""Seconds for the last look at most: a table that is CREATING then is another one."""


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
    def url(self) -> str:
        return self.place.endpoint.rstrip("/").lower()

    @property
    def spec(self) -> TableSpec:
        return described_spec(self.table)

    @property
    def mark(self) -> TableMark:
        table = self.table
        created = None if table.created is None else round(table.created, 3)
        return TableMark(table.table_arn or "", table.table_id or "", created)


class Pair(Struct, frozen=True):
    """Both ends as the caller names them, and what is to be done with the items between them."""

    source: Model | str
    target: Model | str
    settings: CopySettings

    @property
    def names(self) -> tuple[str, str]:
        return table_name(self.source), table_name(self.target)

    @property
    def work(self) -> Work:
        """What the copy does with each item, by name."""
        settings = self.settings
        # Items that are copied as they are have nothing to do with models.
        if settings.transform is None:
            return Work()
        from ..items.transforms import qualified  # not where items are copied as they are

        ends = _model_name(self.source), _model_name(self.target)
        return Work(qualified(settings.transform), *ends, settings.unmodelled)

    def check(self) -> None:
        """Refuse a transform that does not fit the models, or two that only one can join."""
        if self.settings.transform is not None:
            self.converter(None, None)
        else:
            _check_shapes(self.source, self.target)

    def converter(self, source: TableSpec | None, target: TableSpec | None) -> Convert:
        """Return what the copy does with an item."""
        from ..items.convert import converting

        return converting(
            model_of(self.source),
            model_of(self.target),
            target,
            self.settings.transform,
            self.settings.unmodelled,
            source_spec=source,
        )

    def find(self, left: TimeLeft, most: float = inf) -> Steps[tuple[Found, Found]]:
        """Describe both tables, each as soon as it can be read and written: `most` seconds."""
        moment = yield from now()
        # Never below 0: a time that is up still has the first attempt, without which a copy that
        # has come to its end would not count as done.
        deadline = Deadline(moment, min(max(left.at(moment), 0.0), most))
        # Otherwise a look that fails at the end would be retried past it.
        sooner = changing(lambda request: structs.replace(request, until=deadline.moment))
        return (yield from through(self._found(deadline), sooner))

    def _found(self, deadline: Deadline) -> Steps[tuple[Found, Found]]:
        (ours, theirs), place = self.names, self.settings.target_db
        here = yield from where()
        # A database that is not for this driver is refused here, before anything is sent.
        there = here if place is None else (yield from elsewhere(where(), place))
        source = yield from _ready(ours, deadline)
        target = yield from elsewhere(_ready(theirs, deadline), place)
        return Found(source, ours, here), Found(target, theirs, there)


def _check_shapes(source: Model | str, target: Model | str) -> None:
    """Refuse two models whose items differ; what has no model is not looked at."""
    tables: tuple[Any, Any] = source, target
    if any(isinstance(table, str | TableSpec) for table in tables):
        return
    # Of types and not of markers: another key is what many copies are for.
    if _shapes(source) != _shapes(target):
        one, other = map(label, tables)
        reason = (
            f"{one} and {other} have different fields: give transform=, or the "
            "names of the tables to take items as they are"
        )
        raise Refused((reason,))


def _shapes(model: Any) -> dict[Any, dict[str, Any]]:
    """Return the attributes of a model's items with their types; of a union by its tags."""
    members = union_members(model)
    return {
        one.__struct_config__.tag if members else None: {
            # Without markers.
            field.encode_name: get_args(field.type)[0]
            if get_origin(field.type) is Annotated
            else field.type
            for field in fields(one)
        }
        for one in members or (model,)
    }


def _ready(name: str, deadline: Deadline) -> Steps[TableDescription]:
    """Wait for a table that is being created; one that is being changed takes reads and writes."""
    schedule = polling()
    while True:
        table = yield from describe_table(name)
        # While an index is built or the capacity changes, a table serves reads and writes as
        # before.
        if table.table_status in ("ACTIVE", "UPDATING"):
            return table
        if table.table_status != "CREATING":
            raise TableFailed(table.table_name, table.table_status)
        if not (yield from pause(schedule, deadline)):
            waited = deadline.waited((yield from now()))
            raise WaitTimeout(table.table_name, waited, table.table_status)


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
        dated, apart = bool(a.created and b.created), "" != one.url != other.url != ""
        return a.arn == b.arn and (dated or not apart)
    # Nothing but names is left: they mean one table where they are asked for in one place.
    here = one.place is other.place or one.url == other.url != ""
    return here and one.name == other.name


def is_other(then: TableMark, since: TableMark) -> bool:
    """Return whether a name stands for another table now; an unknown id or time decides nothing."""
    if then.id and since.id:
        return then.id != since.id
    arns = bool(then.arn and since.arn and then.arn != since.arn)
    return arns or bool(then.created and since.created and then.created != since.created)


def check_tables(point: P, of: str, source: Found, target: Found, **more: Any) -> P:
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
    return structs.replace(point, source_table=source.mark, target_table=target.mark, **more)
