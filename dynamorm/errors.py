"""Every exception that dynamorm raises: facts as attributes, and a message that ends in a place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import DecodeError


class DynamormError(Exception):
    """The base class of every error that dynamorm raises on purpose."""

    transient: bool = False
    """Whether the same request may succeed later without anybody changing anything."""

    maybe_applied: bool = False
    """Whether the request, or an earlier attempt of it, may have taken effect all the same."""

    report: Any = None
    """The `CopyReport` or `Verified` of the copy or comparison that this error ended, if any."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own way calls the class with `args`, which our signatures do not take back.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(
    cls: type[DynamormError], args: tuple[Any, ...], facts: dict[str, Any]
) -> DynamormError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(facts)
    return error


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
        super().__init__(f"{problem}{_named(self.key)} - at {path}")


def _named(key: Mapping[str, Any]) -> str:
    values = ", ".join(f"{name}={value!r}" for name, value in key.items())
    return f" (item {values})" if values else ""


class MigrateNotSupported(DynamormError):
    """`migrate()` was called: schema history belongs to an infrastructure-as-code tool."""


class Refused(DynamormError):
    """What was asked for could do harm, or does not fit together; nothing was written.

    Also ends a copy, with its `report`, if one of its tables was deleted and created again.
    """

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


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
    ) -> None:
        self.table = table
        self.waited = waited
        """Seconds."""
        self.last_status = last_status
        """The table's status when last seen; empty when the table was never seen."""
        self.indexes = dict(indexes or {})
        """Each index that was not ACTIVE, with its status."""
        late = "".join(f", index {name} {status}" for name, status in self.indexes.items())
        super().__init__(
            f"still {last_status or 'not there'}{late} after {waited:.1f} s: "
            f"wait longer with timeout=, or look at the table - at {table}"
        )


class TableFailed(DynamormError):
    """A table is in a status from which it does not become ACTIVE by itself."""

    def __init__(self, table: str, status: str) -> None:
        self.table = table
        self.status = status
        super().__init__(f"{status} does not become ACTIVE without help - at {table}")


class TransportError(DynamormError):
    """A request got no whole answer: a network error, a time-out, or a damaged answer."""

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        maybe_applied: bool,
        transient: bool = True,
        stale: bool = False,
    ) -> None:
        self.operation = operation
        self.maybe_applied = maybe_applied
        self.transient = transient
        self.stale = stale
        """A kept-alive connection turned out to be closed: worth another try at once."""
        super().__init__(message)

    def __str__(self) -> str:
        effect = "may have taken effect" if self.maybe_applied else "had no effect"
        return f"{self.args[0]} (the request {effect}) - at {self.operation}"


def shown(text: str, most: int = 2000) -> str:
    """Return a text from outside as an error can show it: cut, and without control characters."""
    cut = text[:most]
    if not cut.isprintable():
        cut = "".join([c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut])
    return cut if len(text) <= most else f"{cut} ... ({len(text)} characters)"


class ServiceError(DynamormError):
    """DynamoDB answered with an error; `code` is its name in the API reference."""

    code: str
    hint: ClassVar[str] = ""

    def __init__(
        self, code: str, message: str, *, status: int, request_id: str = "", operation: str
    ) -> None:
        self.code = code
        self.message = message
        self.status = status
        self.request_id = request_id
        self.operation = operation
        self.table = ""
        """The table that the request named, where it named one."""
        self.key: dict[str, Any] = {}
        """The key of the item that the service refused in a copy, as natural values."""
        super().__init__(message)

    def __str__(self) -> str:
        facts = f"{self.code}, status {self.status}"
        if self.request_id:
            facts += f", request {self.request_id}"
        hint = self.hint.format(operation=self.operation, table=self.table or "the table")
        place = f"{self.table}, {self.operation}" if self.table else self.operation
        return f"{self.message or 'no message'} ({facts}){hint}{_named(self.key)} - at {place}"


class TableNotFound(ServiceError):
    """There is no such table (or index) in this account and region."""


class TableBusy(ServiceError):
    """The table is being created, changed or deleted; the request may succeed afterwards."""


class TableExists(ServiceError):
    """A table of this name exists already (ResourceInUseException from CreateTable)."""


class Throttled(ServiceError):
    """The service throttles requests: try again later."""

    transient = True


class LimitExceeded(ServiceError):
    """Too many control-plane operations at once, or a quota of the account."""

    @property
    def simultaneous(self) -> bool:
        """Whether it is the limit on operations under way at once, which passes by itself."""
        return "simultaneous" in self.message.lower()


class AccessDenied(ServiceError):
    """The credentials are valid, but a policy does not allow this action."""

    hint = ": allow dynamodb:{operation} on {table} in the caller's IAM policy"


class CredentialsRejected(AccessDenied):
    """The service rejects these credentials or this signature, whatever the policy says."""

    hint = ": check the credentials, the session token, the region and this machine's clock"


class ValidationFailed(ServiceError):
    """The service rejects the request as invalid."""


class ConditionFailed(ServiceError):
    """The condition of a write did not hold: nothing was written."""

    item: bytes | None = None
    """The item that was there, as the JSON of its attribute values, if the service gave it."""


class UnsupportedOperation(ServiceError):
    """The endpoint does not know the operation: an emulator, or an older service."""


class ServerError(ServiceError):
    """The service failed; the request may have taken effect."""

    transient = True
    maybe_applied = True


_CODES: dict[type[ServiceError], str] = {
    TableNotFound: "ResourceNotFoundException TableNotFoundException",
    TableBusy: "ResourceInUseException TableInUseException",
    TableExists: "TableAlreadyExistsException",
    Throttled: (
        "ProvisionedThroughputExceededException RequestLimitExceeded ThrottlingException "
        "Throttling TooManyRequestsException TransactionInProgressException"
    ),
    LimitExceeded: "LimitExceededException",
    AccessDenied: "AccessDeniedException AccessDenied",
    CredentialsRejected: (
        "ExpiredTokenException ExpiredToken IncompleteSignatureException InvalidClientTokenId "
        "InvalidSignatureException MissingAuthenticationToken "
        "MissingAuthenticationTokenException NotAuthorizedException OptInRequired "
        "RequestExpired RequestTimeTooSkewed SignatureDoesNotMatch UnrecognizedClientException"
    ),
    ValidationFailed: (
        "ItemCollectionSizeLimitExceededException SerializationException ValidationError "
        "ValidationException"
    ),
    ConditionFailed: "ConditionalCheckFailedException",
    UnsupportedOperation: "UnknownOperationException",
    ServerError: (
        "InternalFailure InternalServerError ServiceUnavailable ServiceUnavailableException"
    ),
}

_BY_CODE = {code: cls for cls, codes in _CODES.items() for code in codes.split()}


def service_error(
    code: str, message: str, *, status: int, request_id: str = "", operation: str
) -> ServiceError:
    """Return the error of the class that stands for `code`, or for `status` if no class does.

    What the service says is cut at 2,000 characters, and shown without control characters.
    """
    code, message, request_id = shown(code, 100), shown(message), shown(request_id, 100)
    cls = _BY_CODE.get(code) or (ServerError if status >= 500 else ServiceError)
    if cls is TableBusy and operation == "CreateTable":
        cls = TableExists
    return cls(code, message, status=status, request_id=request_id, operation=operation)


UNREADABLE = (DecodeError, RecursionError, UnicodeError)
"""What msgspec raises for bytes that are not what was asked for, or that nest without end."""
