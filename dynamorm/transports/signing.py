"""Signature Version 4 for DynamoDB: pure, and written for this one service.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
from functools import lru_cache
from hashlib import sha256
from time import gmtime, strftime

from .credentials import CredentialsLike
from .endpoints import Endpoint, split_path
from .hidden import HiddenHeaders

SERVICE = "dynamodb"


def sign(
    credentials: CredentialsLike,
    endpoint: Endpoint,
    headers: dict[str, str],
    body: bytes,
    moment: float,
) -> dict[str, str]:
    """Add what the signature adds to the headers; all of them are signed."""
    timestamp = strftime("%Y%m%dT%H%M%SZ", gmtime(moment))
    host, path = _target(endpoint.url)
    signed = HiddenHeaders(headers)
    signed |= {"Host": host, "X-Amz-Date": timestamp}
    if credentials.token:
        signed["X-Amz-Security-Token"] = credentials.token
    lines = sorted((name.lower(), value) for name, value in signed.items())
    names = ";".join(name for name, _ in lines)
    canonical = "".join(f"{name}:{value}\n" for name, value in lines)
    request = f"POST\n{path}\n\n{canonical}\n{names}\n{sha256(body).hexdigest()}"
    scope = f"{timestamp[:8]}/{endpoint.region}/{SERVICE}/aws4_request"
    digest = sha256(request.encode()).hexdigest()
    key = _key(credentials.secret_key, scope)
    signature = _mac(key, f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{digest}").hex()
    signed["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return signed


@lru_cache(maxsize=4)
def _target(url: str) -> tuple[str, str]:
    """Return the Host header and the path as it is signed."""
    base, path = split_path(url)
    return _host(base), _normal(path)


def _normal(path: str) -> str:
    """Remove the slashes that follow a slash, as all services but S3 sign a path."""
    words = "/".join(filter(None, path.split("/")))
    return f"/{words}/" if words and path.endswith("/") else f"/{words}"


@lru_cache(maxsize=4)
def _key(secret: str, scope: str) -> bytes:
    """Derive the key of a day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _mac(key, part)
    return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _host(url: str) -> str:
    """Return the Host header, which has no port where it is the scheme's own."""
    scheme, _, host = url.partition("://")
    return host.removesuffix(":443" if scheme == "https" else ":80")
