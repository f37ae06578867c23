"""Errors that DynamoDB answers with, and which class stands for which code."""

from __future__ import annotations

from . import ServiceError, publish, shown


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
        # Both have one code, so that only the words tell them apart:
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
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


publish(globals())

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html and
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
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
    # One code for two things: a table of this name exists, or it is being changed.
    if cls is TableBusy and operation in ("CreateTable", "ImportTable"):
        cls = TableExists
    if cls is TableNotFound and operation in ("CancelBulkOperation", "DescribeBulkOperation"):
        cls = ServiceError  # the bulk operation is missing; its table may well exist
    return cls(code, message, status=status, request_id=request_id, operation=operation)
