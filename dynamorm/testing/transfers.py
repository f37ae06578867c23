"""What a fake service exports to S3, imports from there, and puts in bulk; S3 is a dict."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from gzip import BadGzipFile, compress, decompress
from typing import Any

from msgspec import DecodeError, Raw, Struct, json

from .faults import Refusal
from .tables import Account, Answer, Part, Payload, Table

SECONDS = 5.0
FILE = 100
"""Items in a file of an export."""
PAGE = 25
"""Jobs on one page of a list."""


class _Line(Struct):
    Item: Raw


class Transfers(Part):
    """Exports, imports and bulk puts by their ARNs; each takes five seconds.

    `objects` has the keys `bucket/key`, and in each object lines of DynamoDB JSON.
    """

    def __init__(
        self, account: Account, objects: dict[str, bytes], create: Callable[[Payload], Payload]
    ) -> None:
        self._account = account
        self._objects = objects
        self._create = create
        self._begun: dict[str, tuple[float, Payload]] = {}
        self._by_token: dict[str, str] = {}

    @property
    def operations(self) -> dict[str, Answer]:
        """The operations of all kinds, and those that each kind has."""
        described = {f"Describe{kind}": partial(self._describe, kind) for kind in _LISTS}
        listed = {f"List{kind}s": partial(self._list, kind) for kind in _LISTS}
        return {**super().operations, **described, **listed}

    def export_table_to_point_in_time(self, payload: Payload) -> Payload:
        table = self._account.require(payload["TableArn"])
        table.require_recovery()
        # A request sent twice begins one job: its token tells.
        if arn := self._known(payload):
            return self._told(arn, "Export")
        items = table.contents.raws()
        told = {name: payload[name] for name in payload if name not in _UNTOLD}
        arn = self._begin("Export", table, payload, {**told, "ItemCount": len(items)})
        name = arn.rpartition("/")[2]
        folder = f"{payload.get('S3Prefix', '')}/AWSDynamoDB/{name}".lstrip("/")
        self._begun[arn][1]["ExportManifest"] = f"{folder}/manifest-summary.json"
        self._export(payload["S3Bucket"], folder, items)
        return self._told(arn, "Export")

    def _export(self, bucket: str, folder: str, items: list[bytes]) -> None:
        """Write items in files, as the service does by its partitions, and list them."""
        listed = []
        for number in range(0, max(1, len(items)), FILE):
            some = items[number : number + FILE]
            key = f"{folder}/data/{number:06}.json.gz"
            listed.append({"dataFileS3Key": key, "itemCount": len(some)})
            lines = b"".join(b'{"Item":' + item + b"}\n" for item in some)
            self._objects[f"{bucket}/{key}"] = compress(lines)
        manifest = b"".join(json.encode(file) + b"\n" for file in listed)
        self._objects[f"{bucket}/{folder}/manifest-files.json"] = manifest
        summary = {"manifestFilesS3Key": f"{folder}/manifest-files.json", "itemCount": len(items)}
        self._objects[f"{bucket}/{folder}/manifest-summary.json"] = json.encode(summary)

    def import_table(self, payload: Payload) -> Payload:
        if arn := self._known(payload):
            return self._told(arn, "Import")
        made = payload["TableCreationParameters"]
        described = self._create(made)["TableDescription"]
        table = self._account.require(made["TableName"])
        source = payload["S3BucketSource"]
        put, failed = self._put(table, source, payload.get("InputCompressionType"))
        told = {name: described[name] for name in ("TableArn", "TableId")}
        told |= {"ImportedItemCount": put, "ErrorCount": failed}
        return self._told(self._begin("Import", table, payload, told), "Import")

    def start_bulk_put_items(self, payload: Payload) -> Payload:
        table = self._account.created(payload["TableName"])
        if arn := self._known(payload):
            return self._told(arn, "BulkOperation")
        source = payload["InputS3Configuration"]
        report: list[Payload] = []
        put, failed = self._put(table, source, source.get("InputCompressionType"), report)
        told = {
            "OutputS3Configuration": payload["OutputS3Configuration"],
            "ProcessedItemCount": put + failed,
            "FailedItemCount": failed,
            "Status": "COMPLETED_WITH_ERRORS" if failed else "COMPLETED",
        }
        arn = self._begin("BulkOperation", table, payload, told)
        if report:
            self._report(arn, payload["OutputS3Configuration"], report)
        return self._told(arn, "BulkOperation")

    def _report(self, arn: str, output: Payload, records: list[Payload]) -> None:
        """Write a report in a guessed format: that of the service is not documented."""
        folder = f"{output['S3Bucket']}/{output.get('S3KeyPrefix', '')}{arn.rpartition('/')[2]}"
        self._objects[f"{folder}/manifest-summary.json"] = b"{}"
        lines = b"".join(json.encode(record) + b"\n" for record in records)
        self._objects[f"{folder}/ERROR/0.json.gz"] = compress(lines)

    def cancel_bulk_operation(self, payload: Payload) -> Payload:
        arn = self._find("BulkOperation", payload)
        if self._status(arn) == "IN_PROGRESS":
            self._begun[arn][1]["Status"] = "CANCELLED"
        return {"BulkOperationArn": arn, "BulkOperationStatus": "CANCELLING"}

    def _known(self, payload: Payload) -> str | None:
        return self._by_token.get(payload.get("ClientToken", ""))

    def _begin(self, kind: str, table: Table, payload: Payload, told: Payload) -> str:
        arn = f"{table.arn}/{_LISTS[kind][0]}/{len(self._begun):020}"
        now = self._account.now
        self._begun[arn] = now, {"Status": "COMPLETED", "StartTime": now, **told}
        self._by_token[payload.get("ClientToken", arn)] = arn
        return arn

    def _describe(self, kind: str, payload: Payload) -> Payload:
        return self._told(self._find(kind, payload), kind)

    def _find(self, kind: str, payload: Payload) -> str:
        arn: str = payload[f"{kind}Arn"]
        if arn not in self._begun:
            _, _, missing, _ = _LISTS[kind]
            raise Refusal(f"not found: {arn}", missing)
        return arn

    def _list(self, kind: str, payload: Payload) -> Payload:
        """List those of a table, or all, the newest first; a token says how many came before."""
        start = f"{payload.get('TableArn', '')}/"
        folder, listed, _, members = _LISTS[kind]
        # A dict keeps the order in which they began.
        arns = [arn for arn in reversed(self._begun) if f"/{folder}/" in arn]
        arns = [arn for arn in arns if arn.startswith(start) or start == "/"]
        # Opaque to whoever reads it, as the service's tokens are.
        first = int(payload.get("NextToken", "0"), 16)
        page = [self._description(arn, kind) for arn in arns[first : first + PAGE]]
        told = [{name: job[name] for name in job.keys() & members.split()} for job in page]
        more = {"NextToken": f"{first + PAGE:016x}"} if arns[first + PAGE :] else {}
        return {listed: told, **more}

    def _told(self, arn: str, kind: str) -> Payload:
        described = self._description(arn, kind)
        return {f"{'ImportTable' if kind == 'Import' else kind}Description": described}

    def _description(self, arn: str, kind: str) -> Payload:
        told = {**self._begun[arn][1], f"{kind}Arn": arn, f"{kind}Status": self._status(arn)}
        return {name: value for name, value in told.items() if name != "Status"}

    def _status(self, arn: str) -> Any:
        begun, told = self._begun[arn]
        return told["Status"] if self._account.now - begun >= SECONDS else "IN_PROGRESS"

    def _put(
        self,
        table: Table,
        source: Payload,
        compression: str | None,
        report: list[Payload] | None = None,
    ) -> tuple[int, int]:
        """Put the items of all objects under a prefix; count those that can and cannot be put."""
        start = f"{source['S3Bucket']}/{source.get('S3KeyPrefix', '')}"
        put = failed = 0
        for key in [key for key in self._objects if key.startswith(start)]:
            held = self._objects[key]
            for line in _lines(held, compression):
                try:
                    table.contents.put(json.decode(line, type=_Line).Item)
                    put += 1
                except (DecodeError, Refusal) as problem:
                    failed += 1
                    if report is not None:
                        report.append(_record(line, problem))
        return put, failed


def _lines(held: bytes, compression: str | None) -> list[bytes]:
    """Return the lines of an object; one that is not compressed as it was said is no record."""
    try:
        return (decompress(held) if compression == "GZIP" else held).splitlines()
    except BadGzipFile:
        return [b"not compressed"]


def _record(line: bytes, problem: Exception) -> Payload:
    try:
        record = json.decode(line, type=Payload)
    except DecodeError:
        record = {"Record": line.decode(errors="replace")}
    return {**record, "ErrorCode": "ValidationException", "ErrorMessage": str(problem)}


_LISTS = {
    "BulkOperation": (
        "bulk",
        "BulkOperationsSummaryList",
        "ResourceNotFoundException",
        "BulkOperationArn BulkOperationStatus StartTime",
    ),
    "Export": (
        "export",
        "ExportSummaries",
        "ExportNotFoundException",
        "ExportArn ExportStatus ExportType",
    ),
    "Import": (
        "import",
        "ImportSummaryList",
        "ImportNotFoundException",
        "ImportArn ImportStatus TableArn StartTime",
    ),
}
"""Of each kind: what is in its ARNs, what its list is called, the error for one that is missing,
and what the list tells of each."""
_UNTOLD = ("ClientToken", "IncrementalExportSpecification", "FilterSpecification")
