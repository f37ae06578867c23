"""Which IAM actions an operation needs: those of the requests that it can send, and no others.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from msgspec import UNSET, Struct, structs

from ..model import Readable, table_name
from ..model.arguments import nearest
from ..model.declare import Model, table_spec
from ..model.options import check_option_names, check_word
from ..model.spec import TableSpec, changed
from ..tables.actions import ACTIONS, COPIES, TABLES, resource_arn
from ..tables.plan import Plan
from ..tables.restore import of_one_region
from ..tables.settings import SETTINGS, checked_names, compared_rows, compared_settings, setting_of
from ..tables.steps import Setting

if TYPE_CHECKING:
    from collections.abc import Collection

    from typing_extensions import Unpack

    from ..model.keywords import TableOptions


class Permission(Readable, frozen=True, order=True):
    """An IAM action, and the resource on which it has to be allowed."""

    resource: str
    action: str


Needs = Iterator[tuple[str, str]]
"""API operations, each with the path of its resource."""


def required_actions(
    subject: Plan | str,
    *tables: Model | str,
    allow: Collection[str] = (),
    wait: bool = True,
    data_copy: bool = False,
    backup_table: str | None = None,
    conditional: bool = False,
    strict: bool = False,
    bucket: str = "*",
    via: Literal["direct", "s3"] = "direct",
    arn: str = "arn:aws:dynamodb:*:*",
    **options: Unpack[TableOptions],
) -> tuple[Permission, ...]:
    """Return the IAM actions that an operation can need, sorted; sends nothing.

    `subject` is a plan, or an operation by its name with the tables and those of its options that
    matter: `required_actions("update_table", Order, allow=["ttl"])`. Tables are models and specs,
    and names or ARNs for operations that take them. Source and target of a copy are given in this
    order; `conditional` is for one with `existing="keep"` or `collisions="check"`, `strict` for a
    check. A restore takes the model, then the table that was backed up. `bucket` is that of an
    export, import or bulk put, or of a copy with `via="s3"`. `arn` is what resources begin
    with that no ARN names. A KMS key of your own needs permissions on the key besides.
    """
    # A strict check reads every setting, declared or not.
    names = checked_names(allow, "allow") + tuple(SETTINGS) * strict
    asked = _Asked(tables, names, wait, data_copy, backup_table, conditional, bucket, via, options)
    check_word("via", via, ("direct", "s3"))
    if isinstance(subject, Plan):
        if tables or options:
            raise TypeError("a plan knows its table and options: write required_actions(plan)")
        needs = _plan_needs(subject)
    else:
        _check(subject, tables)
        check_option_names(options)
        needs = _NEEDS[subject](asked)
    # Each action once on each resource, whatever number of reasons there is for it. Actions of
    # other services, as `kinesis:ListStreams`, come with the name of theirs.
    resources = ((name, resource_arn(path, arn)) for name, path in needs)
    actions = ((where, name if ":" in name else f"dynamodb:{name}") for name, where in resources)
    return tuple(sorted({Permission(where, action) for where, action in actions}))


def _check(subject: object, tables: tuple[object, ...]) -> None:
    """Raise for what is no operation, or has another number of tables than it takes."""
    if not isinstance(subject, str):
        written = 'required_actions("ensure_table", Order)'
        raise TypeError(f"the operation comes first, by its name, or a plan: write {written}")
    if subject not in _NEEDS:
        meant = nearest(subject, _NEEDS)
        raise ValueError(f"no operation {subject!r}: there are {', '.join(_NEEDS)}{meant}")
    least, most = TABLES.get(subject, (1, None))
    if len(tables) < least or (most is not None and len(tables) > most):
        wanted = f"{least}" if least == most else f"{least} to {most}" if most else "1 or more"
        raise TypeError(f"{subject} is about tables, {wanted} of them, not {len(tables)}")


class _Asked(Struct, frozen=True):
    """What was given to `required_actions`: each operation takes of it what concerns it."""

    tables: tuple[Model | str, ...]
    allow: tuple[str, ...]
    wait: bool
    data_copy: bool
    backup_table: str | None
    conditional: bool
    bucket: str
    via: str
    options: Any

    @property
    def specs(self) -> tuple[TableSpec, ...]:
        """The tables with what is declared of them, for operations that depend on it."""
        return tuple(table_spec(table, **self.options) for table in self.tables)  # type: ignore[arg-type]  # a name is refused

    @property
    def paths(self) -> tuple[str, ...]:
        """The tables as resources."""
        return tuple(_path(table_name(table)) for table in self.tables)

    @property
    def ends(self) -> tuple[str, str]:
        """The first and the last table, which may be the same one."""
        return self.paths[0], self.paths[-1]


def _path(name: str) -> str:
    """Return what follows the `arn` of `required_actions`, or an ARN, which stands for itself."""
    return name if name.startswith("arn:") else f"table/{name}"


def _reads(spec: TableSpec, allow: tuple[str, ...] = ()) -> Needs:
    """Name the reads of what DescribeTable does not tell and is declared, or may be removed."""
    for setting in compared_settings(spec, allow):
        yield from _about(SETTINGS[setting], spec, 0)
        yield from SETTINGS[setting].elsewhere(spec, "read")


def _about(row: Setting, spec: TableSpec, which: int) -> Needs:
    """Name one of a setting's actions, on each resource that it is about."""
    return ((row.actions[which], f"{_path(spec.name)}{part}") for part in row.resources)


def _create(spec: TableSpec, _allow: tuple[str, ...] = ()) -> Needs:
    """Name what it takes to make a table and, with `wait`, all that is declared of it."""
    yield "CreateTable", _path(spec.name)
    # Also without waiting: an answer that was lost is resolved by describing the table.
    yield "DescribeTable", _path(spec.name)
    for row in SETTINGS.values():
        # Tags and policies go with CreateTable, and IAM asks for their own actions all the same;
        # other members of it need none. What it cannot carry is set afterwards, and is read if the
        # answer to that request is lost.
        if row.declared(spec) and row.read:
            yield from _sets(row, spec)
            yield from _about(row, spec, 0) if not row.with_create else ()


def _sets(row: Setting, spec: TableSpec) -> Needs:
    yield from _about(row, spec, 1)
    yield from row.others(row.declared(spec))
    yield from row.elsewhere(spec, "set")


def _ensure(spec: TableSpec, _allow: tuple[str, ...] = ()) -> Needs:
    yield from _create(spec)
    yield from _reads(spec)


def _plan(spec: TableSpec, allow: tuple[str, ...]) -> Needs:
    yield "DescribeTable", _path(spec.name)
    yield from _reads(spec, allow)


def _update(spec: TableSpec, allow: tuple[str, ...]) -> Needs:
    """Name what a plan takes, and what brings each setting to what is declared of it."""
    yield from _plan(spec, allow)
    yield "UpdateTable", _path(spec.name)
    for row in compared_rows(spec):
        if row.declared(spec):
            yield from _sets(row, spec)
            for which in range(len(row.actions) - 1):  # all but what removes it
                yield from _about(row, spec, which)
        if _removes(row, spec, allow):
            yield from _about(row, spec, -1)
            yield from (need for name in allow for need in row.elsewhere(spec, name))


def _removes(row: Setting, spec: TableSpec, allow: tuple[str, ...]) -> bool:
    """Return whether an update may remove what is there, or has to before it sets another one."""
    if row.part and any(name.startswith(f"{row.part}:") for name in allow):
        return True
    # Declaring that there is none is not enough: `allow` has to name what is removed.
    return row.name in allow and not row.part and (row.replaced or not row.declared(spec))


def _plan_needs(plan: Plan) -> Needs:
    """Name what it takes to apply this plan, and no other."""
    path = _path(plan.table if plan.table.startswith("arn:") else plan.bound_to.name)
    yield "DescribeTable", path
    # The plan knows the prefix of its database, which a spec does not have.
    spec = plan.spec.named(path.removeprefix("table/"))
    if plan.creates:
        yield from _ensure(spec)
    for step in plan.steps:
        row = SETTINGS.get(setting_of(step.name))
        # What is done in another region is told by the row, with the resource there.
        if not step.region:
            parts = row.resources if row else ("",)
            yield from ((step.operation, f"{path}{part}") for part in parts)
        if row:
            yield from _about(row, spec, 0)
            if step.declared:
                yield from row.others(row.declared(spec))
            # Without a declaration, something is removed that the step names.
            yield from row.elsewhere(spec, "set" if step.declared else step.name)


def _each(needs: Callable[[TableSpec, tuple[str, ...]], Needs], asked: _Asked) -> Needs:
    return (need for spec in asked.specs for need in needs(spec, asked.allow))


def _copies(asked: _Asked) -> Needs:
    source, target = asked.ends
    way = "conditional" if asked.conditional and asked.via == "direct" else asked.via
    yield from _rows(COPIES[way], asked, target, source)


def _listed(subject: str, asked: _Asked) -> Needs:
    """Tell what is needed of the actions in `ACTIONS`: on each table alike, or on none."""
    *_, source = asked.paths or ("",)
    # A restore makes the first table; the last, which it is restored from, is only read.
    if subject.startswith("restore_"):
        asked = structs.replace(asked, tables=asked.tables[:1])
    for path in asked.paths or ("",):
        yield from _rows(ACTIONS[subject], asked, path, source)
    # An import and a restore then set on the new table what else is declared, ignored later or not,
    # but give it no replicas.
    if subject.startswith(("import_", "restore_")) and asked.wait:
        for spec in asked.specs:
            made = of_one_region(spec, subject, wait=True)
            yield from _update(changed(made, ignore=UNSET), asked.allow)


def _rows(rows: tuple[str, ...], asked: _Asked, table: str, source: str) -> Needs:
    """Fill in the places of rows as `tables.actions` has them, such as "?DescribeTable {table}"."""
    places = {"table": table, "source": source, "bucket": f"s3:::{asked.bucket}"}
    for row in rows:
        action, place = row.split(" ")
        # A list of what all tables have is about no table.
        given = table or "{table}" not in place
        if given and (asked.wait or not action.startswith("?")):
            yield action.removeprefix("?"), place.format(**places)


def _migrates(asked: _Asked) -> Needs:
    """Name what the backup, the target and the copy take, as far as they are asked for."""
    source, _ = asked.ends
    yield from _ensure(asked.specs[-1])
    if asked.backup_table is not None:
        yield "DescribeTable", source
        yield "DescribeTable", _path(asked.backup_table)
        yield "CreateBackup", source
        yield "DescribeBackup", f"{source}/backup/*"
    if asked.data_copy:
        yield from _copies(asked)


_NEEDS: dict[str, Callable[[_Asked], Needs]] = {
    **{subject: partial(_listed, subject) for subject in ACTIONS},
    "auto_migrate": partial(_each, _ensure),
    "auto_migrate_with_options": _migrates,
    "check": partial(_each, _plan),
    "copy_segment": _copies,
    "copy_table": _copies,
    "create_table": partial(_each, _create),
    "ensure_table": partial(_each, _ensure),
    "ensure_tables": partial(_each, _ensure),
    "plan": partial(_each, _plan),
    "update_table": partial(_each, _update),
}
