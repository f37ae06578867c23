"""moto's server on this machine, without what is in the way of tests.

That is: log lines, a header twice, and an error of its own for an operation that it does not know,
which a client takes for a service that is down and repeats until its time is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

try:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server
except ImportError as missing:
    raise ImportError(
        f'moto\'s server is not installed ({missing}): pip install "dynamorm-micro[demo]"'
    ) from missing


@contextmanager
def serving() -> Iterator[str]:
    """Serve on a free port of loopback, and give the URL; all of one process share their tables."""
    application = DomainDispatcherApplication(_application)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    # To shut down takes as long as the pause between two looks: half a second by default.
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def _application(service: Any) -> Any:
    application = create_backend_app(service)
    application.register_error_handler(NotImplementedError, _unknown)
    return application


def _unknown(error: NotImplementedError) -> tuple[dict[str, str], int]:
    """Answer as DynamoDB does to an operation that it does not know."""
    return {
        "__type": "com.amazon.coral.service#UnknownOperationException",
        "message": str(error),
    }, 400


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write no line for each request."""

    def send_header(self, keyword: str, value: str) -> None:
        # moto has one of its own, and aiohttp in development mode refuses the second.
        if keyword != "Server":
            super().send_header(keyword, value)
