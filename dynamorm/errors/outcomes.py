"""How an operation ends that was not done: refused, too late, failed, or only in part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import DynamormError, named, publish, shown


class ModelError(DynamormError):
    """A model or its options cannot be a table; `problems` has every reason, a sentence each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        count = f"{len(problems)} problems:\n- " if len(problems) > 1 else ""
        super().__init__(count + "\n- ".join(problems))


class ItemError(DynamormError):
    """An item does not fit its model, its table or DynamoDB; the message shows only its key."""

    def __init__(self, problem: str, path: str, *, key: dict[str, Any] | None = None) -> None:
        self.problem = problem
        self.path = path
        """The table or model, then attribute names and list positions: `users.address.city`."""
        self.key = key or {}
        """The key attributes of the item, as natural values, where they are known."""
        super().__init__(f"{problem}{named(self.key)} - at {path}")


class MigrateNotSupported(DynamormError):
    """`migrate()` was called: schema history belongs to an infrastructure-as-code tool."""


class Refused(DynamormError):
    """What was asked for could do harm, or does not fit together; nothing was written.

    Also ends a copy, with its `report`, if one of its tables was deleted and created again.
    """

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


class Drifted(Refused):
    """A table is not as its model declares, and `on_drift` makes that an error."""

    def __init__(self, drift: Mapping[str, tuple[Any, ...]]) -> None:
        self.drift = tuple(item for found in drift.values() for item in found)
        """The differences that count, of all tables."""
        self.tables = tuple(drift)
        """The real names of the tables that differ."""
        reasons = (
            f"{name} is not as declared: {i}" for name, found in drift.items() for i in found
        )
        super().__init__((*reasons, "change the table with update_table, or the declaration"))


class PlanRefused(Refused):
    """A plan destroys what `allow` does not name, cannot be applied, or is for another state."""

    def __init__(
        self,
        steps: tuple[Any, ...],
        *,
        blocked: tuple[Any, ...] = (),
        reasons: tuple[str, ...] = (),
    ) -> None:
        self.steps = steps
        """The destructive steps that nobody allowed."""
        self.blocked = blocked
        """The changes that a living table cannot be given."""
        self.done: tuple[Any, ...] = ()
        """The steps that were performed before: none, unless the table changed between two."""
        names = ", ".join(repr(name) for name in dict.fromkeys(step.name for step in steps))
        # Where something is blocked, consent to the rest does not help.
        consent = (f"to do this, say allow=({names},)",) if steps and not blocked else ()
        super().__init__(
            (
                *reasons,
                *(f"{step.name} is destructive: {step.change}" for step in steps),
                *(f"{item.name} is blocked: {item.remedy}" for item in blocked),
                *consent,
            )
        )


class CopyIncomplete(DynamormError):
    """A copy ended with items that the service was too busy to take."""

    def __init__(self, report: Any, unwritten: tuple[dict[str, Any], ...]) -> None:
        self.report = report
        """What has been done, with the checkpoint to resume from."""
        self.unwritten = unwritten
        """The items that were read and not written, as attribute values."""
        checkpoint = report.checkpoint
        super().__init__(
            f"{len(unwritten)} items could not be written in time: resume with "
            f"resume=error.report.checkpoint - at {checkpoint['target']}"
        )


class EndpointUnknown(DynamormError):
    """The endpoint could not be determined: no region is set, or a region or URL is invalid."""


class CredentialsMissing(DynamormError):
    """No credentials to sign with were found on this machine; nothing was sent."""


class ProfileUnusable(EndpointUnknown, CredentialsMissing):
    """A profile or configuration file of AWS is missing or cannot be read; nothing was sent.

    It may have named the region, the endpoint or the credentials: both kinds of handler catch it.
    """


class WaitTimeout(DynamormError):
    """A table did not reach the state that was waited for; it may still do so."""

    def __init__(
        self,
        table: str,
        waited: float,
        last_status: str,
        indexes: Mapping[str, str | None] | None = None,
        replicas: Mapping[str, str | None] | None = None,
    ) -> None:
        self.table = table
        self.waited = waited
        """Seconds."""
        self.last_status = last_status
        """The table's status when last seen; empty when the table was never seen."""
        self.indexes = dict(indexes or {})
        """Each index that was not ACTIVE, with its status."""
        self.replicas = dict(replicas or {})
        """Each region whose replica or witness was changing, with its status."""
        late = "".join(
            f", {kind} {name} {status}"
            for kind, changing in (("index", self.indexes), ("replica", self.replicas))
            for name, status in changing.items()
        )
        there = "wait longer with timeout=, or look at the table"
        advice = there if last_status else "check its name, prefix and region, or create it"
        state = last_status or "not there"
        super().__init__(f"still {state}{late} after {waited:.1f} s: {advice} - at {table}")


class TableFailed(DynamormError):
    """A table is in a status from which it does not become ACTIVE by itself."""

    def __init__(self, table: str, status: str) -> None:
        self.table = table
        self.status = status
        super().__init__(
            f"{status} does not become ACTIVE by itself: look at it in the AWS console - at {table}"
        )


class TransferFailed(DynamormError):
    """An export, an import or a bulk put ended without success, or was cancelled."""

    def __init__(self, result: Any) -> None:
        self.result = result
        """What the service tells of it: an `Export`, `Import` or `BulkOperation`."""
        self.code: str = result.failure_code or ""
        reasons = [shown(text) for text in (self.code, result.failure_message) if text]
        super().__init__(f"{': '.join([result.status, *reasons])} - at {result.arn}")


class S3Error(DynamormError):
    """A request to S3 failed, or an object is damaged; what `s3=` raised is the cause."""

    def __init__(
        self, method: str, location: str, error: Exception, *, damaged: bool = False
    ) -> None:
        answer: Any = getattr(error, "response", None) or {}
        self.operation = method
        """The client's method."""
        self.location = location
        """The object or the prefix, as `s3://bucket/key`."""
        self.code: str = str(answer.get("Error", {}).get("Code", ""))
        """The code that S3 answered, such as `AccessDenied`; empty if it has not answered."""
        self.result: Any = None
        """The finished `BulkOperation` whose report `bulk_put_from_s3` could not read;
        `read_bulk_errors` reads it later."""
        # Without an answer the network has failed, which may pass as a failure of the server may.
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        self.transient = not damaged and (status >= 500 or status in (408, 429))
        super().__init__(f"{shown(str(error), 500)} - at {method} {location}")


publish(globals())
