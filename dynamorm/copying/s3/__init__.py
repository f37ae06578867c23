"""A copy by S3: an export, its items transformed here, and a bulk put. Nothing here deletes.

Each stage is noted in the checkpoint before it begins and when it has ended. A stage that has ended
is not done again. One that was begun and is not known to have ended begins with the same token, by
which the service knows it again; objects are written under names that say which items are in them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar
from zlib import crc32

from msgspec import json, structs

from ... import requests
from ...api.bulk_errors import BulkErrors
from ...api.s3 import (
    BulkOperation,
    Export,
    ExportTableToPointInTimeOutput,
    StartBulkPutItemsOutput,
)
from ...errors import (
    ItemError,
    Refused,
    ServiceError,
    TransferFailed,
    WaitTimeout,
    service_error,
)
from ...items.limits import key_of
from ...items.mismatch import Misfit
from ...items.values import attributes_of
from ...operations import Operation, Steps, now, together, wall_time
from ...operations.middleware import elsewhere
from ...operations.waiting import Deadline, passes, when_free
from ...tables import describe_table
from ...tables.buckets import Bucket, blocking
from ...tables.bulk_errors import error_in, item_in_record, key_in_record, records, sum_up
from ...tables.transfers import bulk_operation_of, export_of
from ...tables.waits import Underway, until_done
from ..asking import Late
from ..checkpoint import Counts, S3Point, total
from ..job import Job, no_recovery
from .files import Transform, data_files, patiently

T = TypeVar("T")
J = TypeVar("J", bound=Underway)


def by_s3(job: Job, executor: Any) -> Steps[None]:
    """Perform the remaining stages until time is up."""
    copy = _ByS3(job, executor)
    try:
        while (stage := copy.point.stage) != "done":
            if job.left.at((yield from now())) <= 0:
                return
            # A stage is a method of its name: `S3Point` takes no other.
            yield from getattr(copy, stage)()
    except Late:
        return
    except ServiceError as error:
        if not passes(error):  # the limit on simultaneous jobs: time is up
            raise


class _ByS3:
    """The stages of one copy, by their names; each raises `Late` when time is up before its end."""

    def __init__(self, job: Job, executor: Any) -> None:
        self._job = job
        self._executor = executor
        self._bucket = Bucket(job.settings.s3, self.point.bucket)

    @property
    def point(self) -> S3Point:
        point = self._job.checkpoint.s3
        assert isinstance(point, S3Point)
        return point

    @property
    def _kind(self) -> str:
        """The field of the checkpoint that has the ARN of this stage's job."""
        return "export" if self.point.stage == "export" else "bulk"

    def _note(self, **changes: Any) -> None:
        """Record in the checkpoint how far the copy is, and save it at once."""
        point = structs.replace(self.point, **changes)
        self._job.checkpoint = structs.replace(self._job.checkpoint, s3=point)
        self._job.telling.keep()

    def _begin(self, operation: str, request: Any, reply_type: Any) -> Steps[Any]:
        """Send what begins a stage, with the token of this copy; note and return what is begun."""
        if not self.point.token:
            # A new one for each attempt that begins anew: under an old token the service would give
            # back the export or the bulk put that has failed.
            moment = yield from wall_time()
            self._note(token=f"{moment:.6f}-{crc32(request.to_json()):08x}")
        # The service knows a token for eight hours. A copy that is resumed later, and had not heard
        # the answer, exports or puts once more: that costs, and loses nothing.
        marked = structs.replace(request, client_token=f"{self.point.token}-{self.point.stage}")
        deadline = yield from self._deadline()
        begun = (yield from when_free(operation, marked, reply_type, deadline)).description
        self._note(**{self._kind: begun.arn})
        return begun

    def _deadline(self) -> Steps[Deadline]:
        """Return what is left of the time of the copy; none for one that is late."""
        moment = yield from now()
        return Deadline(moment, max(self._job.left.at(moment), 0.0))

    def _done(
        self,
        look: Callable[[str], Steps[J]],
        begin: Callable[[], Steps[J]],
        hear: Callable[[J], None] = lambda _: None,
    ) -> Steps[J]:
        """Begin a job of the service, unless that has been done, and wait until it has ended."""

        def look_and_tell(arn: str) -> Steps[J]:
            """Ask how far the service is, and report it."""
            found = yield from look(arn)
            # In this order: the report that is told has what was heard.
            hear(found)
            self._job.tell((yield from now()))
            return found

        begun: str = getattr(self.point, self._kind)
        job = yield from (look(begun) if begun else begin())
        deadline = yield from self._deadline()
        try:
            job = yield from until_done(job, look_and_tell, deadline)
        except WaitTimeout as error:
            raise Late from error
        except TransferFailed:
            # A resumed copy then starts it again, with another token.
            self._note(token="", **{self._kind: ""})
            raise
        hear(job)  # it may have ended when it was begun
        return job

    def export(self) -> Steps[None]:
        """Export the source, unless that has begun, and wait for it."""
        yield from self._done(export_of, self._exported)
        self._note(stage="transform")

    def _exported(self) -> Steps[Export]:
        """Begin the export, and return its first description; refuse a target of no use."""
        checkpoint = self._job.checkpoint
        table = checkpoint.source_table.arn or checkpoint.source
        target = yield from self._there(describe_table(checkpoint.target))
        if target.replicas:
            # The service would say so only after everything before this has been paid for.
            raise Refused(
                (f"a bulk put takes no global table: copy directly - at {target.table_name}",)
            )
        request = requests.export_table_to_point_in_time(
            table, self.point.bucket, prefix=self.point.prefix.strip("/")
        )
        try:
            export: Export = yield from self._begin(
                "ExportTableToPointInTime", request, ExportTableToPointInTimeOutput
            )
            return export
        except ServiceError as error:
            if error.code != "PointInTimeRecoveryUnavailableException":
                raise
            raise Refused((no_recovery(checkpoint.source),)) from error

    def transform(self) -> Steps[None]:
        """Transform each file into objects; each segment has files of its own."""
        folder = self.point.folder("AWSDynamoDB")
        files = yield from patiently(self._job, data_files, self._bucket, folder)
        work = Transform(self._job, self._bucket, files, self.point.folder("items"))
        yield from together(tuple(map(work.steps, self._job.pending())), self._executor)
        if self._job.pending():
            raise Late
        self._note(stage="put")

    def put(self) -> Steps[None]:
        """Begin the bulk put, unless that has been done, and wait for it."""
        counts = total(segment.point.counts for segment in self._job.segments)
        # What was counted as replaced was uploaded too, and the service puts both.
        uploaded = counts.written + counts.collisions
        if not uploaded:
            self._note(stage="done")
            return
        done = yield from self._there(self._done(bulk_operation_of, self._put, self._hear))
        # The bulk put succeeds with what it has read. Whether that is all only this shows.
        if done.processed_item_count not in (None, uploaded):
            if done.failed_item_count:
                yield from self._read_errors(done)
            reason = (
                f"the bulk put has read {done.processed_item_count} items, and {uploaded} were "
                f"uploaded: an object was changed, or not read to its end because of what "
                f"error.report.errors tells; start over without the checkpoint"
            )
            raise Refused((f"{reason} - at {self.point.place('items')}",))
        self._note(stage="check" if done.failed_item_count else "done")

    def _put(self) -> Steps[BulkOperation]:
        """Begin the bulk put of all that was uploaded, and return its first description."""
        point = self.point
        request = requests.start_bulk_put_items(
            self._job.checkpoint.target,
            point.bucket,
            prefix=point.folder("items"),
            compression="GZIP",
            errors_prefix=point.folder("errors"),
            max_write_units=self._job.settings.max_write_units,  # type: ignore[arg-type]  # checked
        )
        return self._begin("StartBulkPutItems", request, StartBulkPutItemsOutput)

    def _hear(self, bulk: BulkOperation) -> None:
        """Note how many items have been put; the checkpoint is saved with the next report."""
        failed = bulk.failed_item_count or 0
        # What has been processed includes what has failed: API_BulkOperationDescription.
        written = (bulk.processed_item_count or 0) - failed
        point = structs.replace(self.point, written=written, failed=failed)
        self._job.checkpoint = structs.replace(self._job.checkpoint, s3=point)

    def check(self) -> Steps[None]:
        """Read which items were not put, and pass them to `on_error` or raise."""
        bulk = yield from self._there(bulk_operation_of(self.point.bulk))
        errors = yield from self._read_errors(bulk)
        if self._job.settings.on_error == "raise":
            key = errors.keys[0] if errors.keys else {}
            named = key_of(json.encode(key), key)
            codes = ", ".join(f"{code} {count:,}" for code, count in errors.codes.items())
            reason = f"the bulk put has not put {bulk.failed_item_count:,} items ({codes})"
            advice = "error.report.errors tells which; resume with on_error= to go on without them"
            raise ItemError(f"{reason}: {advice}", self._job.checkpoint.target, key=named)
        yield from blocking(self._hand_over, bulk)
        # Only now: a run that is killed before passes them to `on_error` again.
        self._note(stage="done")

    def _read_errors(self, bulk: BulkOperation) -> Steps[BulkErrors]:
        """Sum up the service's report of errors, for the report of the copy too."""
        names = self._job.target_key
        place = self.point.folder("errors")
        errors = yield from patiently(self._job, sum_up, bulk, self._bucket, place, names)
        self._job.errors = errors
        return errors

    def _hand_over(self, bulk: BulkOperation) -> None:
        """Pass what was not put to `on_error`, as far as the report of errors has its values."""
        names = self._job.target_key
        for record in records(self._bucket, self.point.folder("errors"), bulk.arn):
            # The whole item if the report has it, and else what names it.
            known = record and (item_in_record(record) or key_in_record(record, names))
            if record and known and _is_item(raw := json.encode(known)):
                code, message = error_in(record)
                error = service_error(code, message, status=400, operation="StartBulkPutItems")
                self._job.fail(raw, error, Counts())  # the service has counted it

    def _there(self, steps: Steps[T] | Operation[T]) -> Steps[T]:
        """Perform steps in the target's database."""
        return elsewhere(steps, self._job.settings.target_db)


def _is_item(raw: bytes) -> bool:
    """Return whether a report has attribute values: its format is not documented."""
    with suppress(Misfit):
        attributes_of(raw)
        return True
    return False
