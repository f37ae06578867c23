"""An emulator on loopback for the tests that need a real HTTP server."""

from __future__ import annotations

import logging
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer
from werkzeug.serving import WSGIRequestHandler


@contextmanager
def moto() -> Iterator[str]:
    """Run moto's server on a free port, without the tables of any other; give its URL."""
    log = logging.getLogger("werkzeug")
    level, send_header = log.level, WSGIRequestHandler.send_header
    log.setLevel(logging.ERROR)
    # moto sends a Server header of its own, and aiohttp in development mode refuses the second.
    WSGIRequestHandler.send_header = lambda self, name, value: (
        None if name == "Server" else send_header(self, name, value)
    )
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        reset(url)
        yield url
    finally:
        server.stop()
        WSGIRequestHandler.send_header = send_header
        log.setLevel(level)


def reset(url: str) -> None:
    """Forget all tables: the servers of one process share them."""
    with urllib.request.urlopen(f"{url}/moto-api/reset", data=b"", timeout=10):
        pass
