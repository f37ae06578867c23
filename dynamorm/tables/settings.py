"""The settings that have requests of their own, and the table of all settings.

All that is known about one is in its row: comparing, planning, applying, what is set after a
creation, the names in `allow` and the IAM actions are loops over the rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import UNSET

from .. import requests
from ..api.descriptions import Cursors, TableDescription
from ..errors import Refused, ServiceError, service_error
from ..model.options import policy_text
from ..model.spec import TableSpec
from ..operations.effects import Steps, call
from .steps import Change, Kind, Pair, Setting, Step, plain
from .table_settings import TABLE_SETTINGS

if TYPE_CHECKING:
    from ..api.settings import ContinuousBackupsDescription, TimeToLiveDescription

TTL_INTERVAL = 3600.0
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html"""


def _read_time_to_live(name: str, _table: TableDescription) -> Steps[TimeToLiveDescription]:
    from ..api.settings import DescribeTimeToLiveOutput

    request = requests.describe_time_to_live(name)
    reply = yield from call("DescribeTimeToLive", request, DescribeTimeToLiveOutput)
    return reply.time_to_live_description


def _no_time_to_live() -> TimeToLiveDescription:
    from ..api.settings import TimeToLiveDescription

    return TimeToLiveDescription("DISABLED")


def _time_to_live(change: Change) -> Iterator[Step]:
    """Yield the steps for TTL: turning it on deletes items, turning it off stops that."""
    name, declared, found = change.table.table_name, change.declared, change.found
    leaving = change.answer is not None and change.answer.time_to_live_status == "DISABLING"
    if found:
        off = requests.update_time_to_live(name, found, enabled=False)
        text = f"turn TTL off, attribute {found}"
        yield change.but(name=f"ttl:{found}", declared=None).step(off, text, "destructive")
    if declared:
        on = requests.update_time_to_live(name, declared)
        text = f"turn TTL on, attribute {declared}"
        later = {"until": "an hour later, in another run", "after": TTL_INTERVAL}
        when = later if found or leaving else {}
        yield change.but(name="ttl", found=None).step(on, text, "destructive", **when)


def _read_recovery(name: str, _table: TableDescription) -> Steps[ContinuousBackupsDescription]:
    from ..api.settings import DescribeContinuousBackupsOutput

    request = requests.describe_continuous_backups(name)
    reply = yield from call("DescribeContinuousBackups", request, DescribeContinuousBackupsOutput)
    return reply.continuous_backups_description


def _no_recovery() -> ContinuousBackupsDescription:
    from ..api.settings import ContinuousBackupsDescription

    return ContinuousBackupsDescription("ENABLED")


def _found_recovery(told: Change) -> bool | int:
    days: int = told.answer.recovery_days
    return True if told.declared is True and days else days or False


def _recovery(change: Change) -> Iterator[Step]:
    declared = change.declared
    days = None if isinstance(declared, bool) else declared
    name = change.table.table_name
    request = requests.update_continuous_backups(name, enabled=bool(declared), days=days)
    # Fewer days end the recovery to any moment before them.
    yield change.step(request, str(change), "destructive" if declared < change.found else "safe")


def _read_tags(_name: str, table: TableDescription) -> Steps[dict[str, str]]:
    from ..api.settings import ListTagsOfResourceOutput

    tags: dict[str, str] = {}
    token: str | None = None
    cursors = Cursors("ListTagsOfResource")
    while True:
        request = requests.list_tags_of_resource(_arn(table, "ListTagsOfResource"), start_at=token)
        page = yield from call("ListTagsOfResource", request, ListTagsOfResourceOutput)
        tags |= {tag.key: tag.value for tag in page.tags}
        token = cursors.onward(token, page.next_token)
        if not token:
            return tags


def _each_tag(told: Change) -> Iterator[Pair]:
    declared, found = told.declared or {}, told.answer
    # Tags of AWS's own cannot be removed by anybody.
    foreign = (key for key in found if key not in declared and not key.startswith("aws:"))
    for key in (*declared, *foreign):
        yield f"tag:{key}", declared.get(key, UNSET), found.get(key)


def _tags(*changes: Change) -> Iterator[Step]:
    """Set all declared tags in one request, and remove those that are named, one by one."""
    arn = changes[0].arn
    tags = {c.name.removeprefix("tag:"): c for c in changes if c.declared is not None}
    if tags:
        wanted = {key: change.declared for key, change in tags.items()}
        there = {key: change.found for key, change in tags.items()}
        text = ", ".join(f"{key}={declared}" for key, declared in wanted.items())
        body = plain(requests.tag_resource(arn, wanted))
        yield Step("tags", "safe", text, "TagResource", body, wanted, there)
    for change in changes:
        if change.declared is None:
            request = requests.untag_resource(arn, [change.name.removeprefix("tag:")])
            yield change.step(request, f"remove {change.found!r}", "destructive")


def _read_policy(_name: str, table: TableDescription) -> Steps[str | None]:
    from ..api.settings import GetResourcePolicyOutput

    request = requests.get_resource_policy(_arn(table, "GetResourcePolicy"))
    try:
        return (yield from call("GetResourcePolicy", request, GetResourcePolicyOutput)).policy
    except ServiceError as error:
        # Also for a policy that was put a moment ago, since this read is eventually consistent:
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetResourcePolicy.html
        if error.code != "PolicyNotFoundException":
            raise
        return None


def _arn(table: TableDescription, operation: str) -> str:
    """Return the ARN that tags and policies belong to; an emulator may have none."""
    if table.table_arn:
        return table.table_arn
    message = f"DescribeTable returned no ARN of {table.table_name}"
    raise service_error("UnknownOperationException", message, status=400, operation=operation)


def _policy_text(told: Change) -> Iterator[Pair]:
    """Compare policies as text, in the partition of the table, where account numbers are."""
    declared, found = told.declared and policy_text(told.declared), told.answer
    if declared and found is not None:
        from .policies import same_policy

        partition = told.arn.split(":")[1] if ":" in told.arn else "aws"
        found = declared if same_policy(declared, found, partition=partition) else found
    yield told.name, declared, found


def _policy(change: Change) -> Iterator[Step]:
    declared, found = change.declared, change.found
    if declared is None:
        delete = requests.delete_resource_policy(change.arn)
        yield change.step(delete, "delete the policy", "destructive")
    else:
        put = requests.put_resource_policy(change.arn, declared)
        kind: Kind = "safe" if found is None else "destructive"
        text = "replace the policy by the declared one" if found else "put the declared policy"
        yield change.step(put, text, kind)


SETTINGS: dict[str, Setting] = {
    row.name: row
    for row in (
        *TABLE_SETTINGS,
        Setting(
            name="ttl",
            field="time_to_live",
            part="ttl",
            absent=None,
            found=lambda told: told.answer.attribute,
            steps=_time_to_live,
            read=_read_time_to_live,
            new=_no_time_to_live,
            reads="DescribeTimeToLive",
            sets="UpdateTimeToLive",
            removes="UpdateTimeToLive",
            with_create=False,
            interval=TTL_INTERVAL,
        ),
        Setting(
            name="point_in_time_recovery",
            absent=False,
            found=_found_recovery,
            steps=_recovery,
            read=_read_recovery,
            new=_no_recovery,
            reads="DescribeContinuousBackups",
            sets="UpdateContinuousBackups",
            removes="UpdateContinuousBackups",
            with_create=False,
        ),
        Setting(
            name="tags",
            part="tag",
            absent=None,
            parts=_each_tag,
            steps=_tags,
            read=_read_tags,
            reads="ListTagsOfResource",
            sets="TagResource",
            removes="UntagResource",
        ),
        Setting(
            name="resource_policy",
            absent=None,
            parts=_policy_text,
            steps=_policy,
            read=_read_policy,
            reads="GetResourcePolicy",
            sets="PutResourcePolicy",
            removes="DeleteResourcePolicy",
        ),
    )
}
"""Every setting by its name, in the order in which they are read and changed."""


def setting_of(name: str) -> str:
    """Return the setting that a step or a name in `allow` is about: "tags" for "tag:team"."""
    part, colon, _ = name.partition(":")
    owners = (row.name for row in SETTINGS.values() if colon and row.part == part)
    return next(owners, name)


def is_read(name: str) -> bool:
    """Return whether a step is about what has to be asked for besides the description."""
    row = SETTINGS.get(setting_of(name))
    return row is not None and row.read is not None


def declared_settings(spec: TableSpec, allow: Iterable[str] = ()) -> tuple[str, ...]:
    """Name what has to be asked for, to compare what is declared and to remove what is allowed."""
    named = {setting_of(name) for name in allow}
    return tuple(
        row.name
        for row in SETTINGS.values()
        if row.read and (row.declared(spec) is not UNSET or row.name in named)
    )


def compared_settings(
    spec: TableSpec, allow: Iterable[str] = (), only: Collection[str] = ()
) -> tuple[str, ...]:
    """Name the same but for what the model ignores, and what `only` does not name, if anything."""
    ignored = spec.ignore or ()
    wanted = {setting_of(name) for name in only} or SETTINGS
    every = declared_settings(spec, allow)
    return tuple(name for name in every if name in wanted and name not in ignored)


def covers(only: Collection[str], name: str) -> bool:
    """Return whether names of settings, tags, indexes or all of a kind include this one."""
    wider = (
        name,
        setting_of(name),
        *(f"{kind}:*" for kind in ("index", "tag") if name.startswith(f"{kind}:")),
    )
    return (
        not only or any(n in only for n in wider) or name.startswith(tuple(f"{n}:" for n in only))
    )


def checked_names(given: object, keyword: str) -> tuple[str, ...]:
    """Return the names in `allow` or `only`; raise `Refused` for what can be none."""
    if isinstance(given, str) or not isinstance(given, tuple | list | set | frozenset):
        written = f'{keyword}= takes names, as in {keyword}=("index:by-status",)'
        raise Refused((f"{written}, not {given!r}",))
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
        raise Refused((f"{keyword}= has {unknown!r:.200}: a name is {known}{meant}",))
    return tuple(given)
