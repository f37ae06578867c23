"""What can go wrong between a request and its answer, and what each of it means."""

from __future__ import annotations

from msgspec import Struct

from ..errors import TransportError, shown

UNREACHABLE = "is the region's name right, and is the service (or the emulator) there?"
"""What to ask oneself when a connection cannot be made."""


class Failure(Struct, frozen=True):
    """A way to fail: whether the request may have taken effect, and what to look at."""

    maybe_applied: bool
    message: str
    advice: str = ""


class Failed(Exception):
    """An exchange that brought back no answer, and the error that says why."""

    def __init__(self, failure: Failure, cause: BaseException, *, stale: bool = False) -> None:
        self.failure = failure
        self.cause = without_frames(cause)
        self.stale = stale
        super().__init__(failure.message)

    def error(self, url: str, operation: str) -> TransportError:
        """Put it into words."""
        return transport_error(
            self.failure, self.cause, url=url, operation=operation, stale=self.stale
        )


def without_frames(error: BaseException) -> BaseException:
    """Return an error that, and whose causes, let go of what was read before it.

    The frames of a traceback hold half an answer, perhaps of hundreds of megabytes, for as long as
    somebody keeps the error.
    """
    left: list[BaseException | None] = [error]
    while left:
        link = left.pop()
        if link is not None and link.__traceback__ is not None:
            link.__traceback__ = None
            left += [link.__cause__, link.__context__]
    return error


NO_CONNECTION = Failure(False, "cannot connect to", UNREACHABLE)
TOO_LATE = Failure(False, "no connection in time to", UNREACHABLE)
NO_TURN = Failure(False, "no connection was free in time to")

NO_PROXY = Failure(
    False,
    "no way through the proxy to",
    "HTTP_PROXY and HTTPS_PROXY name it, NO_PROXY the hosts that need none",
)

UNTRUSTED = Failure(
    True,
    "no trusted connection to",
    "AWS_CA_BUNDLE names a file of CAs to trust; an endpoint without TLS begins with http://",
)

NO_ANSWER = Failure(True, "no answer in time from")
CLOSED = Failure(True, "connection closed by")
BROKEN = Failure(True, "no exchange with")


def transport_error(
    failure: Failure, cause: BaseException, *, url: str, operation: str, stale: bool = False
) -> TransportError:
    """Put a failure into words."""
    untrusted = failure is UNTRUSTED and is_untrusted(cause)
    return TransportError(
        f"{failure.message} {url}: {shown(str(cause)) or type(cause).__name__}"
        + (failure.advice and f"; {failure.advice}"),
        operation=operation,
        maybe_applied=failure.maybe_applied and not untrusted,
        transient=not untrusted,
        stale=stale,
    )


def is_untrusted(cause: BaseException) -> bool:
    """Return whether TLS cannot begin: a bad CA file or certificate, or no TLS over there."""
    import ssl

    return not isinstance(cause, ssl.SSLError) or (
        cause.library in ("PEM", "X509")
        or cause.reason in ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER")
    )
