"""The settings that belong to a table's ARN or to other services, and the table of all settings.

All that is known about one is in its row: comparing, planning, applying, what is set after a
creation, the names in `allow` and the IAM actions are loops over the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import UNSET

from .. import requests
from ..api.descriptions import Cursors, TableDescription
from ..errors import ServiceError, service_error
from ..model.options import policy_text
from ..model.spec import TableSpec
from ..operations.effects import Steps, call
from .steps import Change, Kind, Pair, Setting, Step, plain
from .table_settings import TABLE_SETTINGS, reading

if TYPE_CHECKING:
    from ..api.settings import GetResourcePolicyOutput

NO_POLICY = "PolicyNotFoundException"
"""There is no policy, or none of the revision that was named."""


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
        yield tag_step(arn, wanted, there)
    for change in changes:
        if change.declared is None:
            request = requests.untag_resource(arn, [change.name.removeprefix("tag:")])
            yield change.step(request, f"remove {change.found!r}", "destructive")


def tag_step(arn: str, wanted: dict[str, str], there: dict[str, str | None]) -> Step:
    """Return the step that sets these tags."""
    text = ", ".join(f"{key}={declared}" for key, declared in wanted.items())
    body = plain(requests.tag_resource(arn, wanted))
    return Step("tags", "safe", text, "TagResource", body, wanted, there)


def _read_policy(_name: str, table: TableDescription) -> Steps[GetResourcePolicyOutput | None]:
    from ..api.settings import GetResourcePolicyOutput

    request = requests.get_resource_policy(_arn(table, "GetResourcePolicy"))
    try:
        return (yield from call("GetResourcePolicy", request, GetResourcePolicyOutput))
    except ServiceError as error:
        # Also for a policy that was put a moment ago, since this read is eventually consistent:
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetResourcePolicy.html
        if error.code != NO_POLICY:
            raise
        return None


def _arn(table: TableDescription, operation: str) -> str:
    """Return the ARN that tags and policies belong to; an emulator may have none."""
    if table.table_arn:
        return table.table_arn
    message = f"DescribeTable returned no ARN of {table.table_name}"
    raise service_error("UnknownOperationException", message, status=400, operation=operation)


def _found_policy(told: Change) -> str | None:
    return told.answer.policy if told.answer else None


def _policy_text(told: Change) -> Iterator[Pair]:
    """Compare policies as text, in the partition of the table, where account numbers are."""
    declared, found = told.declared and policy_text(told.declared), _found_policy(told)
    if declared and found is not None:
        from .policies import same_policy

        partition = told.arn.split(":")[1] if ":" in told.arn else "aws"
        found = declared if same_policy(declared, found, partition=partition) else found
    yield told.name, declared, found


def _policy(change: Change) -> Iterator[Step]:
    declared, found = change.declared, change.found
    # Only the policy that was seen: somebody else's, put meanwhile, is refused by the service.
    revision = change.answer.revision_id if change.answer else "NO_POLICY"
    if declared is None:
        delete = requests.delete_resource_policy(change.arn, revision=revision)
        yield change.step(delete, "delete the policy", "destructive")
    else:
        put = requests.put_resource_policy(change.arn, declared, revision=revision)
        kind: Kind = "safe" if found is None else "destructive"
        text = "replace the policy by the declared one" if found else "put the declared policy"
        yield change.step(put, text, kind)


def _kinesis(change: Change) -> Iterator[Step]:
    name, declared, found = change.address, change.declared, change.found
    if found:
        off = requests.disable_kinesis_streaming_destination(name, found)
        leaving = change.but(declared=None)
        yield leaving.step(off, f"write no more changes to {found}", "destructive")
    if declared:
        on = requests.enable_kinesis_streaming_destination(name, declared)
        yield change.but(found=None).step(on, f"write changes to {declared}")


def _kinesis_actions(stream: str) -> Iterator[tuple[str, str]]:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds_iam.html
    for action in ("DescribeStream", "DescribeStreamSummary", "PutRecords"):
        yield f"kinesis:{action}", stream
    yield "kinesis:ListStreams", ""  # on whatever there is
    yield _linked_role("kinesisreplication", "KinesisDataStreamsReplication")


def _insights(change: Change) -> Iterator[Step]:
    on = bool(change.declared)
    request = requests.update_contributor_insights(change.address, enabled=on)
    yield change.step(request, str(change), "safe" if on else "destructive")


def _insights_actions(_on: bool) -> Iterator[tuple[str, str]]:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Contributor_Insights_IAM.html
    yield _linked_role("contributorinsights", "CloudWatchContributorInsights")


def _linked_role(service: str, role: str) -> tuple[str, str]:
    """Return what the first table of an account needs, for which the service makes a role."""
    path = f"role/aws-service-role/{service}.dynamodb.amazonaws.com/AWSServiceRoleForDynamoDB{role}"
    return "iam:CreateServiceLinkedRole", f"arn:aws:iam::*:{path}"


SETTINGS: dict[str, Setting] = {
    row.name: row
    for row in (
        *TABLE_SETTINGS,
        Setting(
            name="tags",
            part="tag",
            absent=None,
            parts=_each_tag,
            steps=_tags,
            read=_read_tags,
            actions=("ListTagsOfResource", "TagResource", "UntagResource"),
        ),
        Setting(
            name="resource_policy",
            absent=None,
            found=_found_policy,
            parts=_policy_text,
            steps=_policy,
            read=_read_policy,
            actions=("GetResourcePolicy", "PutResourcePolicy", "DeleteResourcePolicy"),
        ),
        Setting(
            name="kinesis",
            absent=None,
            steps=_kinesis,
            read=reading("DescribeKinesisStreamingDestination", "stream"),
            actions=(
                "DescribeKinesisStreamingDestination",
                "EnableKinesisStreamingDestination",
                "DisableKinesisStreamingDestination",
            ),
            others=_kinesis_actions,
            replaced=True,
            with_create=False,
        ),
        Setting(
            name="contributor_insights",
            absent=False,
            found=lambda told: bool(told.answer),
            steps=_insights,
            read=reading("DescribeContributorInsights", "on"),
            actions=("DescribeContributorInsights", "UpdateContributorInsights"),
            others=_insights_actions,
            with_create=False,
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
