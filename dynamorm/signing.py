"""Signature Version 4 for authors of transports: the headers of one request to DynamoDB."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .transports import Profile
from .transports.credential_source import CredentialSource
from .transports.endpoints import resolve
from .transports.signing import Signer

if TYPE_CHECKING:
    from datetime import datetime

    from .transports import Given

__all__ = ["signed_headers"]


def signed_headers(
    operation: str,
    body: bytes,
    *,
    url: str,
    region: str,
    credentials: Given,
    now: float | datetime | None = None,
) -> dict[str, str]:
    """Return the headers with which `body` is posted to `url`; send all of them as they are.

    Sends nothing. `operation` is a name of the API, such as "DescribeTable", `url` of the form
    `http(s)://host[:port][/path]`, `credentials` what `connect` takes: a function that gives them
    is called each time. `now` is in seconds since the epoch or an aware `datetime`, by default the
    time of day; a signature is good for some minutes. Raises `EndpointUnknown` for an invalid URL
    or region, `CredentialsMissing` for credentials that no header can hold.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
    """
    if not isinstance(body, bytes):
        raise TypeError(f"body is the request's JSON as bytes, not {type(body).__name__}")
    endpoint = resolve(region, url, {}, Profile())
    source = CredentialSource(credentials, {})
    signer = Signer(endpoint, source, lambda: _seconds(now))
    return signer.signed(operation, body, source.get()).headers()


def _seconds(now: float | datetime | None) -> float:
    if now is None:
        return time.time()
    if isinstance(now, int | float):
        return now
    if now.tzinfo is None:
        raise ValueError("now= takes seconds since the epoch, or a datetime with a time zone")
    return now.timestamp()
