"""TLS on the side of a server."""

from __future__ import annotations

import ssl
from typing import Any

import trustme


def certified(authority: trustme.CA, *names: str, **options: Any) -> ssl.SSLContext:
    """Let a server prove by this authority that it has these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **options).configure_cert(context)
    return context
