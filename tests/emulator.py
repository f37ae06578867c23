"""An emulator on loopback for the tests that need a real HTTP server."""

from __future__ import annotations

import logging
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer


@contextmanager
def moto() -> Iterator[str]:
    """Run moto's server on a free port, without the tables of any other; give its URL."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        # All servers of one process share their tables.
        with urllib.request.urlopen(f"{url}/moto-api/reset", data=b"", timeout=10):
            pass
        yield url
    finally:
        server.stop()
