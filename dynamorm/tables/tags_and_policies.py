"""Tags and resource policies, which belong to the ARN of a table or of its stream.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any

from msgspec import UNSET, json, structs

from .. import errors, requests
from ..api import TableDescription
from ..errors import UNREADABLE, ServiceError
from ..model.options import policy_text
from ..model.spec import TableSpec
from ..operations import Steps, call
from . import pages
from .steps import Change, Kind, Pair, Setting, Step


def arn_of(table: TableDescription, operation: str) -> str:
    """Return the ARN that tags and policies belong to; an emulator may have none.

    Raises the error of an operation that the endpoint does not know: without ARNs it has no way.
    """
    if table.table_arn:
        return table.table_arn
    message = f"DescribeTable returned no ARN of {table.table_name}"
    raise errors.service_error(
        "UnknownOperationException", message, status=400, operation=operation
    )


def _read_tags(_spec: TableSpec, table: TableDescription) -> Steps[dict[str, str]]:
    """Return the tags of a table."""
    return (yield from tags_of(arn_of(table, "ListTagsOfResource")))


def tags_of(arn: str) -> Steps[dict[str, str]]:
    """Return the tags of what this is the ARN of: one request for each page of them."""
    from ..api.settings import ListTagsOfResourceOutput

    every = yield from pages(
        "ListTagsOfResource",
        lambda token: requests.list_tags_of_resource(arn, start_at=token),
        ListTagsOfResourceOutput,
        lambda page: page.next_token or None,
    )
    return {tag.key: tag.value for page in every for tag in page.tags}


def _each_tag(told: Change) -> Iterator[Pair]:
    """Return each tag that is declared or found."""
    declared, found = told.declared or {}, told.answer
    # Tags of AWS's own cannot be removed by anybody.
    foreign = (key for key in found if key not in declared and not key.startswith("aws:"))
    # A part each, so that each removal can be allowed by name, and drift says which one differs.
    for key in (*declared, *foreign):
        yield f"tag:{key}", declared.get(key, UNSET), found.get(key)


def _tag_steps(*changes: Change) -> Iterator[Step]:
    """Set all declared tags in one request, and remove those that are named, one by one."""
    arn = changes[0].arn
    # In one request, since the service takes five in a second for a whole account; removed one by
    # one, since each removal has a consent of its own.
    tags = {change.name.removeprefix("tag:"): change for change in changes}
    there = {key: change.found for key, change in tags.items() if change.declared is not None}
    if there:
        yield tag_step(arn, {key: tags[key].declared for key in there}, there)
    for key, change in tags.items():
        if change.declared is None:
            request = requests.untag_resource(arn, [key])
            yield change.step(request, f"remove {change.found!r}", "destructive")


def tag_step(arn: str, wanted: dict[str, str], there: dict[str, str | None]) -> Step:
    """Return the step that sets these tags; `there` has their values now, `None` for no tag."""
    text = ", ".join(f"{key}={declared}" for key, declared in wanted.items())
    body = requests.tag_resource(arn, wanted).to_dict()
    return Step("tags", "safe", text, "TagResource", body, wanted, there)


NO_POLICY = "PolicyNotFoundException"
"""There is no policy, or none of the revision that was named."""


def _read_policy(_spec: TableSpec, table: TableDescription) -> Steps[Any]:
    return (yield from _policy_of(arn_of(table, "GetResourcePolicy")))


def _read_stream_policy(_spec: TableSpec, table: TableDescription) -> Steps[Any]:
    """Ask for the policy of the stream that is on: nothing, where none is."""
    stream = table.stream_specification
    if not (stream and stream.stream_enabled and table.latest_stream_arn):
        return None
    try:
        return (yield from _policy_of(table.latest_stream_arn))
    except errors.TableNotFound:
        # The stream is younger than this read shows; or an emulator has no policies of streams.
        return None


def _policy_of(arn: str) -> Steps[Any]:
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
        partition = told.arn.split(":")[1] if ":" in told.arn else "aws"
        found = declared if same_policy(declared, found, partition=partition) else found
    yield told.name, declared, found


def _policy_steps(change: Change) -> Iterator[Step]:
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


TAG_AND_POLICY_SETTINGS = (
    Setting(
        name="tags",
        part="tag",
        absent=None,
        parts=_each_tag,
        steps=_tag_steps,
        read=_read_tags,
        actions=("ListTagsOfResource", "TagResource", "UntagResource"),
    ),
    Setting(
        name="resource_policy",
        absent=None,
        found=_found_policy,
        parts=_policy_text,
        steps=_policy_steps,
        read=_read_policy,
        actions=POLICY_ACTIONS,
    ),
    Setting(
        name="stream_policy",
        absent=None,
        found=_found_policy,
        within="stream",
        parts=_policy_text,
        steps=_policy_steps,
        read=_read_stream_policy,
        actions=POLICY_ACTIONS,
        resources=(STREAM,),
        with_create=False,
    ),
)


def same_policy(one: str, other: str, *, partition: str = "aws") -> bool:
    """Return whether two policies, as JSON, say the same in a partition.

    Alike are: statements, and values of a list, in any order; one value and a list of it; the
    principal `"*"` and `{"AWS": "*"}`; an account's number and the ARN of its root, as a principal;
    numbers and truth values in conditions, with or without quotes. Nothing else is.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    read = _policy(partition)
    return _meaning(one, read) == _meaning(other, read)


Reader = Callable[[Any], Hashable]
"""Returns a value that is equal for whatever says the same."""


def _meaning(text: str, read: Reader) -> Hashable:
    # What is no policy is compared as text: the service decides what it takes.
    try:
        policy = json.decode(text)
        return read(policy) if isinstance(policy, dict) else text
    except UNREADABLE:
        return text


def _policy(partition: str) -> Reader:
    """Return what reads a policy: how IAM reads its elements, each by its name."""

    def principal(value: Any) -> Hashable:
        # An account's number stands for the ARN of its root, in the partition.
        account = isinstance(value, str) and len(value) == ACCOUNT_DIGITS and value.isdecimal()
        return _exact(f"arn:{partition}:iam::{value}:root" if account else value)

    def principals(value: Any) -> Hashable:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
        return kinds({"AWS": "*"} if value == "*" else value)

    kinds = _members({"AWS": _each(principal)}, _each(_exact))
    lists = ("Action", "NotAction", "Resource", "NotResource")
    elements = {
        **dict.fromkeys(lists, _each(_exact)),
        **dict.fromkeys(("Principal", "NotPrincipal"), principals),
        "Condition": _members({}, _members({}, _each(_unquoted))),
    }
    return _members({"Statement": _each(_members(elements))})


ACCOUNT_DIGITS = 12


def _exact(value: Any) -> Hashable:
    """Return a value as it is written: Python takes 1, 1.0 and true for equal."""
    if isinstance(value, dict):
        return frozenset((name, _exact(member)) for name, member in value.items())
    if isinstance(value, list):
        return tuple(map(_exact, value))
    return type(value), value


def _members(rules: dict[str, Reader], others: Reader = _exact) -> Reader:
    """Return what reads an object, each member by its rule; anything else as it is."""

    def read(value: Any) -> Hashable:
        if not isinstance(value, dict):
            return _exact(value)
        return frozenset((name, rules.get(name, others)(member)) for name, member in value.items())

    return read


def _each(read: Reader) -> Reader:
    """Return what reads one value, or several in a list, which have no order."""
    # A set: what stands twice, a statement as any other, says nothing more.
    return lambda value: frozenset(map(read, value if isinstance(value, list) else [value]))


def _unquoted(value: Any) -> Hashable:
    """Return a value without its quotes, which are optional for numbers and truth values."""
    scalar = isinstance(value, bool | int | float)
    return _exact(json.encode(value).decode() if scalar else value)
