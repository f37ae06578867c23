"""Reads the report of a bulk put: which items could not be put, and why.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/BulkPutItems.Output.html

The service model says that ERROR records are written under a prefix, and not what is in them. So
names of members are recognised in any spelling, on two levels, and what is not recognised is
counted and never an error: a report that cannot be read must not hide that the put has ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import json, structs

from ..api.bulk_errors import BulkErrors
from ..api.s3 import BulkOperation
from ..errors import UNREADABLE, Refused, S3Error, ServiceError, TransportError, shown
from ..model.declare import Model, table_spec
from ..model.spec import key_names
from ..operations import Steps, operation
from . import describe_table
from .buckets import BLOCK, Bucket, Lines, blocking, check_client
from .transfers import bulk_operation_of, transfer_arn

KEYS = 100
"""How many keys are kept."""

Record = dict[str, Any]


@operation
def read_bulk_errors(
    bulk_operation: BulkOperation | str, *, s3: Any, model: Model | str | None = None
) -> Steps[BulkErrors]:
    """Summarize which items a bulk put could not put; it is given as it is, or by its ARN.

    `s3` is a client of botocore or boto3, or has their `get_object` and `list_objects_v2`; it is
    called in a thread under asyncio. `model`, or a table's name, tells which attributes of an item
    are its key; without it only what the report calls a key is one. Sends one
    DescribeBulkOperation, for a name one DescribeTable, then one ListObjectsV2 for every thousand
    objects and one GetObject for every megabyte. Raises `S3Error`.
    """
    check_client(s3)
    arn = transfer_arn(bulk_operation, BulkOperation)
    done = yield from bulk_operation_of(arn)
    output = done.output_s3_configuration
    if output is None or output.s3_bucket is None:
        raise Refused((f"the service does not tell where the report is - at {arn}",))
    names = yield from _key_names(model)
    bucket = Bucket(s3, output.s3_bucket)
    return (yield from blocking(sum_up, done, bucket, output.s3_key_prefix or "", names))


def with_errors(
    done: BulkOperation, s3: Any, bucket: str, prefix: str, model: Model | str
) -> Steps[BulkOperation]:
    """Give a bulk put its errors; one of S3 gets the bulk put, which has ended all the same."""
    try:
        names = yield from _key_names(model)
    except (ServiceError, TransportError):
        # Permission to put items does not imply DescribeTable: everything but the keys is reported.
        names = ()
    try:
        errors = yield from blocking(sum_up, done, Bucket(s3, bucket), prefix, names)
    except S3Error as error:
        error.result = done
        raise
    return structs.replace(done, errors=errors)


def _key_names(model: Model | str | None) -> Steps[tuple[str, ...]]:
    """Return the attributes of the key, as far as `model` tells; a table is described for it."""
    if model is None:
        return ()
    if not isinstance(model, str):
        return key_names(table_spec(model))
    described = yield from describe_table(model)
    return tuple(part.attribute_name for part in described.key_schema)


def sum_up(done: BulkOperation, bucket: Bucket, prefix: str, names: tuple[str, ...]) -> BulkErrors:
    """Read the report under a prefix, and sum it up; `names` are those of the table's key."""
    codes: dict[str, int] = {}
    messages: dict[str, str] = {}
    keys: list[Record] = []
    unread = 0
    for record in records(bucket, prefix, done.arn):
        if record is None:
            unread += 1
            continue
        code, message = error_in(record)
        codes[code] = codes.get(code, 0) + 1
        if message:
            messages.setdefault(code, shown(message, 300))
        # A put of millions may fail for each of them: all are counted, and some are kept. The codes
        # are few, since what looks like a text is no code.
        if len(keys) < KEYS and (key := key_in_record(record, names)):
            keys.append(key)
    return BulkErrors(
        location=f"s3://{bucket.name}/{prefix}",
        failed=done.failed_item_count,
        count=sum(codes.values()),
        codes=codes,
        messages=messages,
        keys=tuple(keys),
        unread=unread,
    )


def records(bucket: Bucket, prefix: str, arn: str) -> Iterator[Record | None]:
    """Yield the record of each item in a report; `None` for anything else."""
    for key in _files(bucket.keys(prefix), prefix, arn.rpartition("/")[2]):
        lines = Lines(bucket, key)
        while text := lines.take(BLOCK):
            # Bytes end lines at \n and \r alone, which JSON escapes; a str would at U+2028, too.
            for line in text.splitlines():
                yield from _read(line) if line.strip() else ()


def _files(keys: list[str], prefix: str, name: str) -> list[str]:
    """Leave out the reports of other operations, where names tell them apart, and manifests.

    Without a prefix, all that is in the bucket would be taken for the report.
    """
    own = [key for key in keys if name in key] or (keys if prefix else [])
    return [key for key in own if not _is_manifest(key.rpartition("/")[2])]


def _is_manifest(name: str) -> bool:
    # As exports name what is no data: `_started`, `manifest-summary.json`, `manifest-files.md5`.
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
    return name.startswith(("_", "manifest")) or name.endswith((".md5", ".checksum")) or not name


def _read(line: bytes) -> Iterator[Record | None]:
    """Yield the records of a line: several in an array, and `None` for what is none."""
    try:
        found = json.decode(line)
    except UNREADABLE:
        found = None
    for record in found if isinstance(found, list) else [found]:
        yield record if isinstance(record, dict) else None


def error_in(record: Record) -> tuple[str, str]:
    """Return the code and the message of a record."""
    inner = _member(record, "error", "failure")
    if isinstance(inner, str):
        # A code is one word. A text may name its item: as codes, texts would be as many as items.
        record = {"message" if " " in inner else "code": inner, **record}
    places = (record, inner) if isinstance(inner, dict) else (record,)
    code, message = (
        next((said for place in places if isinstance(said := _member(place, *names), str)), "")
        for names in (_CODE, _MESSAGE)
    )
    return code or "UNKNOWN", message


_CODE = ("errorcode", "code", "failurecode", "errortype")
_MESSAGE = ("errormessage", "message", "failuremessage", "reason")
_ITEM = ("item", "inputitem", "attempteditem", "record", "input")


def item_in_record(record: Record) -> Record | None:
    """Return the item that a record is about; it may be told as text, or as the line was."""
    item: Any = _member(record, *_ITEM)
    if isinstance(item, str):
        item = next(_read(item.encode()), None)
    # A line of the input is `{"Item": {...}}`; an item may have an attribute of that name.
    inner = item.get("Item") if isinstance(item, dict) and len(item) == 1 else None
    return _attributes(inner) or _attributes(item)


def key_in_record(record: Record, names: tuple[str, ...]) -> Record | None:
    """Return the key of the item that a record is about."""
    item = item_in_record(record)
    if names and item is not None and item.keys() >= set(names):
        return {name: item[name] for name in names}
    return _attributes(_member(record, "key", "keys", "primarykey", "itemkey"))


def _attributes(found: Any) -> Record | None:
    """Return what looks like attribute values, each with its tag; plain JSON tells no types."""
    tagged = isinstance(found, dict) and all(isinstance(value, dict) for value in found.values())
    return found if tagged else None


def _member(record: Record, *names: str) -> Any:
    """Return a member in any spelling: errorCode, ErrorCode, error_code."""
    return next(
        (value for name, value in record.items() if name.lower().replace("_", "") in names), None
    )
