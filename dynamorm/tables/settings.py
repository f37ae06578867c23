"""The table of all settings, how to read them, and their names in steps, `allow`, `only`, `ignore`.

All that is known about one is in its row: comparing, planning, applying, what is set after a
creation, the names in `allow` and the IAM actions are loops over the rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from msgspec import UNSET

from .. import errors
from ..api import TableDescription
from ..model.spec import TableSpec, is_ignored
from ..operations import Steps, now
from ..operations.waiting import Deadline, pause, polling
from .replicas import REPLICA_SETTINGS
from .steps import Setting, Settings, Step, consents
from .table_settings import TABLE_SETTINGS
from .tags_and_policies import TAG_AND_POLICY_SETTINGS
from .ttl_and_services import SERVICE_SETTINGS, TTL_SETTINGS
from .waits import MISSING_GRACE

SETTINGS: dict[str, Setting] = {
    row.name: row
    for row in (
        *TABLE_SETTINGS,
        *TTL_SETTINGS,
        *TAG_AND_POLICY_SETTINGS,
        *SERVICE_SETTINGS,
        *REPLICA_SETTINGS,
    )
}
"""Every setting by its name, in the order in which they are read and changed.

A row comes after those that it may need: the policy of a stream after the stream, replicas last.
"""


def setting_of(name: str) -> str:
    """Return the setting that a step or a name in `allow` is about: "tags" for "tag:team"."""
    # A part of an index, such as "index:by-x:warm", is of no row: it stands for itself.
    part, colon, _ = name.partition(":")
    owners = (row.name for row in SETTINGS.values() if colon and row.part == part)
    return next(owners, name)


def is_read(name: str) -> bool:
    """Return whether a step is about what has to be asked for besides the description."""
    row = SETTINGS.get(setting_of(name))
    return row is not None and row.read is not None


def compared_rows(spec: TableSpec) -> Iterator[Setting]:
    """Return the settings that the model does not ignore."""
    return (row for row in SETTINGS.values() if not is_ignored(spec, row.name))


def compared_settings(
    spec: TableSpec, allow: Iterable[str] = (), only: Collection[str] = ()
) -> tuple[str, ...]:
    """Name what has to be asked for, to compare what is declared and to remove what is allowed.

    Without what the model ignores or `only` leaves out. Each costs a request, or one for each page.
    """
    named = {setting_of(name) for name in allow}
    wanted = {setting_of(name) for name in only} or SETTINGS
    return tuple(
        row.name
        for row in compared_rows(spec)
        if row.read and row.name in wanted
        if row.declared(spec) is not UNSET or row.name in named
    )


def covers(only: Collection[str], name: str) -> bool:
    """Return whether names of settings, tags, indexes or all of a kind include this one."""
    if not only or setting_of(name) in only or consents(only, name):
        return True
    # An index named as a whole covers its capacities, and a kind all of that kind.
    return name.startswith(tuple(f"{wider}:" for wider in only))


def checked_names(given: object, keyword: str) -> tuple[str, ...]:
    """Return the names in `allow` or `only`; raise `Refused` for what can be none."""
    # A string would be taken for its letters.
    if isinstance(given, str) or not isinstance(given, tuple | list | set | frozenset):
        written = given if isinstance(given, str) else "index:by-status"
        taken = f"{keyword}= takes names: write {keyword}=({written!r},), not {given!r}"
        raise errors.Refused((taken,))
    # Of parts only the kind is checked: which tags or indexes there are, only the table tells.
    prefixes = ("index:", *(f"{row.part}:" for row in SETTINGS.values() if row.part))
    names = {"key", *SETTINGS}
    unknown = [
        name
        for name in given
        if not isinstance(name, str) or not (name in names or name.startswith(prefixes))
    ]
    if unknown:
        from ..model.arguments import nearest

        parts = "".join(f"{prefix}..., " for prefix in sorted(prefixes))
        meant = nearest(unknown[0], names)
        known = f"{parts}{', '.join(sorted(names))}"
        raise errors.Refused((f"{keyword}= has {unknown!r:.200}: a name is {known}{meant}",))
    # A consent tells the two steps of TTL apart; they are compared as one setting.
    ttl = "ttl:" if keyword == "only" else ()
    return tuple("ttl" if name.startswith(ttl) else name for name in given)


def first_steps(spec: TableSpec, table: TableDescription) -> list[Step]:
    """Return what CreateTable could not set, ignored or not: `ignore` begins after creation."""
    late = (row for row in SETTINGS.values() if not row.with_create)
    return [step for row in late for step in steps_of(row, spec, table, None)]


def steps_of(row: Setting, spec: TableSpec, table: TableDescription, answer: Any) -> list[Step]:
    """Return the steps for what is declared of one setting, of which `read` has returned this."""
    parts = row.compare(spec, table, Settings({row.name: answer}))
    group = [p for p in parts if p.declared is not UNSET and p.declared != p.found]
    return list(row.steps(*group)) if group else []


BROKEN = 500
"""The status with which moto answers what it has no code for."""


def survey(
    spec: TableSpec,
    table: TableDescription,
    wanted: Collection[str],
    *,
    skip: bool = False,
    denied_ok: bool = False,
) -> Steps[Settings]:
    """Ask for the settings in `wanted`, one request each (tags: one for each page).

    One that the endpoint does not know raises `UnsupportedOperation`, and one that the caller may
    not read `AccessDenied`; with `skip` and `denied_ok` the result says so instead.
    """
    found: dict[str, Any] = {}
    unsupported = []
    denied = {}
    for setting in wanted:
        try:
            found[setting] = yield from _patiently(SETTINGS[setting], spec, table)
        except (errors.UnsupportedOperation, errors.ServerError) as error:
            # Of what moto does not know it makes an error of its own; the service always explains.
            mute = error.status == BROKEN and error.code == "ServiceUnavailable"
            # Any other error of the server passes, or is none of the setting.
            if not skip or (isinstance(error, errors.ServerError) and not mute):
                raise
            unsupported.append(setting)
        except errors.AccessDenied as error:
            # Rejected credentials are AccessDenied too, and no IAM action would help them.
            if not denied_ok or isinstance(error, errors.CredentialsRejected):
                raise
            denied[setting] = error.operation
    return Settings(found, tuple(unsupported), denied)


def _patiently(row: Setting, spec: TableSpec, table: TableDescription) -> Steps[Any]:
    """Ask again where a table that is there is not found: straight after a create, reads are stale.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTimeToLive.html
    """
    assert row.read is not None
    schedule = polling()
    grace: Deadline | None = None
    while True:
        try:
            return (yield from row.read(spec, table))
        except errors.TableNotFound as error:
            missing = error
        # From the first miss on: no time is asked for where nothing is missing.
        grace = grace or Deadline((yield from now()), MISSING_GRACE)
        if not (yield from pause(schedule, grace)):
            raise missing
