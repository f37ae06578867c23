"""The settings that belong to the ARN of a table or its stream, and the table of all settings.

All that is known about one is in its row: comparing, planning, applying, what is set after a
creation, the names in `allow` and the IAM actions are loops over the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import UNSET, structs

from .. import requests
from ..api import TableDescription
from ..errors import ServiceError, TableNotFound
from ..model.options import policy_text
from ..model.spec import TableSpec
from ..operations import Steps, call
from .replicas import REPLICA_SETTINGS
from .service_settings import SERVICE_SETTINGS
from .steps import Change, Kind, Pair, Setting, Step
from .table_settings import TABLE_SETTINGS
from .tags import arn_of, each_tag, read_tags, tag_steps

if TYPE_CHECKING:
    from ..api.settings import GetResourcePolicyOutput

NO_POLICY = "PolicyNotFoundException"
"""There is no policy, or none of the revision that was named."""


def _read_policy(
    _spec: TableSpec, table: TableDescription
) -> Steps[GetResourcePolicyOutput | None]:
    return (yield from _policy_of(arn_of(table, "GetResourcePolicy")))


def _read_stream_policy(
    _spec: TableSpec, table: TableDescription
) -> Steps[GetResourcePolicyOutput | None]:
    """Ask for the policy of the stream that is on: nothing, where none is."""
    stream = table.stream_specification
    if not (stream and stream.stream_enabled and table.latest_stream_arn):
        return None
    try:
        return (yield from _policy_of(table.latest_stream_arn))
    except TableNotFound:
        # The stream is younger than this read shows; or an emulator has no policies of streams.
        return None


def _policy_of(arn: str) -> Steps[GetResourcePolicyOutput | None]:
    """Ask for the policy of a table or stream; `None` where there is none."""
    from ..api.settings import GetResourcePolicyOutput

    request = requests.get_resource_policy(arn)
    try:
        return (yield from call("GetResourcePolicy", request, GetResourcePolicyOutput))
    except ServiceError as error:
        # Also for a policy that was put a moment ago, since this read is eventually consistent:
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetResourcePolicy.html
        if error.code != NO_POLICY:
            raise
        return None


def _found_policy(told: Change) -> str | None:
    return told.answer.policy if told.answer else None


def _owner(change: Change) -> str:
    """Return the ARN of what the policy is about; that of a stream is known once it is on.

    `apply` puts the real one in place of `STREAM`, which is shown until then.
    """
    if change.name == "resource_policy":
        return change.arn
    # The latest stream is another one than that which a plan turns on.
    stream = None if change.answer is UNSET else change.table.latest_stream_arn
    return stream or f"{change.arn or change.address}{STREAM}"


STREAM = "/stream/*"
"""How the ARN of a stream ends that a plan turns on."""


def on_stream(step: Step, arn: str | None) -> Step:
    """Return a step with the ARN of its stream, if that had to be turned on first."""
    if not arn or not step.payload.get("ResourceArn", "").endswith(STREAM):
        return step
    return structs.replace(step, payload={**step.payload, "ResourceArn": arn})


def _policy_text(told: Change) -> Iterator[Pair]:
    """Compare policies as text, in the partition of the table, where account numbers are."""
    declared, found = told.declared and policy_text(told.declared), _found_policy(told)
    if declared and found is not None:
        from .policies import same_policy

        partition = told.arn.split(":")[1] if ":" in told.arn else "aws"
        found = declared if same_policy(declared, found, partition=partition) else found
    yield told.name, declared, found


def _policy(change: Change) -> Iterator[Step]:
    """Yield the step that puts, replaces or deletes a policy: what is replaced is lost."""
    declared, found, arn = change.declared, change.found, _owner(change)
    # Only the policy that was seen: with another revision, somebody else's that was put meanwhile,
    # the service refuses the request, and `apply` looks again.
    revision = change.answer.revision_id if change.answer and found else "NO_POLICY"
    if declared is None:
        delete = requests.delete_resource_policy(arn, revision=revision)
        yield change.step(delete, "delete the policy", "destructive")
    else:
        put = requests.put_resource_policy(arn, declared, revision=revision)
        kind: Kind = "safe" if found is None else "destructive"
        text = "replace the policy by the declared one" if found else "put the declared policy"
        yield change.step(put, text, kind)


POLICY_ACTIONS = ("GetResourcePolicy", "PutResourcePolicy", "DeleteResourcePolicy")


SETTINGS: dict[str, Setting] = {
    row.name: row
    for row in (
        *TABLE_SETTINGS,
        Setting(
            name="tags",
            part="tag",
            absent=None,
            parts=each_tag,
            steps=tag_steps,
            read=read_tags,
            actions=("ListTagsOfResource", "TagResource", "UntagResource"),
        ),
        Setting(
            name="resource_policy",
            absent=None,
            found=_found_policy,
            parts=_policy_text,
            steps=_policy,
            read=_read_policy,
            actions=POLICY_ACTIONS,
        ),
        Setting(
            name="stream_policy",
            absent=None,
            found=_found_policy,
            within="stream",
            parts=_policy_text,
            steps=_policy,
            read=_read_stream_policy,
            actions=POLICY_ACTIONS,
            resources=(STREAM,),
            with_create=False,
        ),
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


def declared_settings(spec: TableSpec, allow: Iterable[str] = ()) -> tuple[str, ...]:
    """Name what has to be asked for, to compare what is declared and to remove what is allowed."""
    named = {setting_of(name) for name in allow}
    return tuple(
        row.name
        for row in SETTINGS.values()
        if row.read and (row.declared(spec) is not UNSET or row.name in named)
    )
