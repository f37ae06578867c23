"""The tags of a table, which belong to its ARN: read by pages, set together, removed one by one.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from .. import requests
from ..api import TableDescription
from ..errors import service_error
from ..model.spec import TableSpec
from ..operations import Steps
from . import pages
from .steps import Change, Pair, Step, plain


def arn_of(table: TableDescription, operation: str) -> str:
    """Return the ARN that tags and policies belong to; an emulator may have none.

    Raises the error of an operation that the endpoint does not know: without ARNs it has no way.
    """
    if table.table_arn:
        return table.table_arn
    message = f"DescribeTable returned no ARN of {table.table_name}"
    raise service_error("UnknownOperationException", message, status=400, operation=operation)


def read_tags(_spec: TableSpec, table: TableDescription) -> Steps[dict[str, str]]:
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


def each_tag(told: Change) -> Iterator[Pair]:
    """Return each tag that is declared or found."""
    declared, found = told.declared or {}, told.answer
    # Tags of AWS's own cannot be removed by anybody.
    foreign = (key for key in found if key not in declared and not key.startswith("aws:"))
    # A part each, so that each removal can be allowed by name, and drift says which one differs.
    for key in (*declared, *foreign):
        yield f"tag:{key}", declared.get(key, UNSET), found.get(key)


def tag_steps(*changes: Change) -> Iterator[Step]:
    """Set all declared tags in one request, and remove those that are named, one by one."""
    arn = changes[0].arn
    # In one request, since the service takes five in a second for a whole account; removed one by
    # one, since each removal has a consent of its own.
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
    """Return the step that sets these tags; `there` has their values now, `None` for no tag."""
    text = ", ".join(f"{key}={declared}" for key, declared in wanted.items())
    body = plain(requests.tag_resource(arn, wanted))
    return Step("tags", "safe", text, "TagResource", body, wanted, there)
