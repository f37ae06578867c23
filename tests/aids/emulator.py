"""An emulator on loopback for the tests that need a real HTTP server."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from dynamorm.testing.moto import serving


@contextmanager
def moto() -> Iterator[str]:
    """Run moto's server on a free port, without the tables of any other; give its URL."""
    with serving() as url:
        reset(url)
        yield url


def reset(url: str) -> None:
    """Forget all tables: the servers of one process share them."""
    with urllib.request.urlopen(f"{url}/moto-api/reset", data=b"", timeout=10):
        pass
