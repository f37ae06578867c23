"""What can go wrong between a request and its answer, and what each of it means."""

from __future__ import annotations

from msgspec import Struct

from .errors import TransportError

__all__ = [
    "BROKEN",
    "CLOSED",
    "NO_ANSWER",
    "NO_CONNECTION",
    "NO_PROXY",
    "TOO_LATE",
    "UNREACHABLE",
    "UNTRUSTED",
    "Failure",
    "is_untrusted",
    "transport_error",
]

UNREACHABLE = "is the region's name right, and is the service (or the emulator) there?"
"""What to ask oneself when a connection cannot be made."""


class Failure(Struct, frozen=True):
    """A way to fail: whether the request may have taken effect, and what to look at."""

    maybe_applied: bool
    message: str
    advice: str = ""


NO_CONNECTION = Failure(False, "cannot connect to", UNREACHABLE)
TOO_LATE = Failure(False, "no connection in time to", UNREACHABLE)
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
        f"{failure.message} {url}: {str(cause) or type(cause).__name__}"
        + (failure.advice and f"; {failure.advice}"),
        operation=operation,
        maybe_applied=failure.maybe_applied and not untrusted,
        transient=not untrusted,
        stale=stale,
    )


def is_untrusted(cause: BaseException) -> bool:
    """Whether TLS never began, and never will: a CA file or certificate that is no good, no TLS."""
    import ssl

    return not isinstance(cause, ssl.SSLError) or (
        cause.library in ("PEM", "X509")
        or cause.reason in ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER")
    )
