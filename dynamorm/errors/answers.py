"""The root of all errors, and those of one request: what was answered, or that nothing was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

DOCS = "https://dynamorm.readthedocs.io/en/stable/"
"""Where the latest release is documented: the text of an error ends with its section there."""


class DynamormError(Exception):
    """The base class of every error that dynamorm raises on purpose.

    `str(error)` is `text`, and on a line of its own `url`.
    """

    transient: bool = False
    """Whether the same request may succeed later without anybody changing anything."""

    maybe_applied: bool = False
    """Whether the request, or an earlier attempt of it, may have taken effect all the same."""

    report: Any = None
    """The `CopyReport` or `Verified` of the copy or comparison that this error ended, if any."""

    @property
    def text(self) -> str:
        """What happened, where, and what to do: the message without `url`."""
        return super().__str__()

    @property
    def url(self) -> str:
        """The section of the documentation about this class of errors, or else about its parent."""
        # Only classes that are defined here have a section; an application's own subclass has none.
        home = DynamormError.__module__
        kind = next(cls for cls in type(self).__mro__ if cls.__module__ == home)
        return f"{DOCS}errors.html#{kind.__name__.lower()}"

    def __str__(self) -> str:
        return f"{self.text}\nSee {self.url}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own way calls the class with `args`, which our signatures do not take back.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(
    cls: type[DynamormError], args: tuple[Any, ...], facts: dict[str, Any]
) -> DynamormError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(facts)
    return error


def text_of(error: BaseException) -> str:
    """Return the text of an error, for use within another text: without our URL."""
    return error.text if isinstance(error, DynamormError) else str(error)


def named(key: Mapping[str, Any]) -> str:
    """Return the key of an item as a message shows it."""
    values = ", ".join(f"{name}={value!r}" for name, value in key.items())
    return f" (item {values})" if values else ""


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

    @property
    def text(self) -> str:
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
        self.region = ""
        """The region of the replica that the request was about; empty in the table's own."""
        self.key: dict[str, Any] = {}
        """The key of the item that the service refused in a copy, as natural values."""
        super().__init__(message)

    @property
    def text(self) -> str:
        facts = f"{self.code}, status {self.status}"
        if self.request_id:
            facts += f", request {self.request_id}"
        hint = self.hint.format(operation=self.operation, table=self.table or "the table")
        place = f"{self.table}, {self.operation}" if self.table else self.operation
        place += f" in {self.region}" if self.region else ""
        return f"{self.message or 'no message'} ({facts}){hint}{named(self.key)} - at {place}"

    @property
    def response(self) -> dict[str, dict[str, Any]]:
        """The shape of botocore's `ClientError.response`, for code that looks at codes."""
        return {
            "Error": {"Code": self.code, "Message": self.message},
            "ResponseMetadata": {"RequestId": self.request_id, "HTTPStatusCode": self.status},
        }


class TableNotFound(ServiceError):
    """There is no such table (or index) in this account and region."""

    hint = ": create it, or check its name, the prefix and the region"


class TableBusy(ServiceError):
    """The table is being created, changed or deleted; the request may succeed afterwards."""

    hint = ": wait until the table is ACTIVE, then try again"


class TableExists(ServiceError):
    """A table of this name exists already (ResourceInUseException from CreateTable)."""

    hint = ": use ensure_table for a table that may exist"


class Throttled(ServiceError):
    """The service throttles requests: try again later."""

    hint = ": try again later, or raise the throughput of {table}"
    transient = True


class LimitExceeded(ServiceError):
    """Too many control-plane operations at once, or a quota of the account."""

    hint = ": wait until other changes are done, or ask AWS for a higher quota"

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

    hint = ": use an endpoint that knows {operation}, or do without it"


class ServerError(ServiceError):
    """The service failed; the request may have taken effect."""

    hint = ": see whether the request took effect, and try again later"
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
    if cls is TableBusy and operation in ("CreateTable", "ImportTable"):
        cls = TableExists
    if cls is TableNotFound and operation in ("CancelBulkOperation", "DescribeBulkOperation"):
        cls = ServiceError  # the bulk operation is missing; its table may well exist
    return cls(code, message, status=status, request_id=request_id, operation=operation)
