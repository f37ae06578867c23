"""A loopback HTTP server that answers by a script, to the byte, and keeps what it was sent."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from msgspec import json

from dynamorm import ServiceError
from dynamorm.testing import FakeService


class Request(NamedTuple):
    line: str
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes
    connection: int
    """Which of the server's connections it came through, from 1."""


class Cut(NamedTuple):
    """Send this much, then close the connection."""

    sent: bytes = b""


class Silence(NamedTuple):
    """Send nothing, until the client goes away."""


Turn = bytes | Cut | Silence
Script = Turn | Callable[[Request], Turn]


def answer(body: Any = b"{}", status: int = 200, **headers: Any) -> bytes:
    """Write an HTTP answer; a header is given as `content_length=5`, and left out as None."""
    content = body if isinstance(body, bytes) else json.encode(body)
    lines = {"content_length": len(content), "content_type": "application/x-amz-json-1.0"}
    given = {name.replace("_", "-"): value for name, value in (lines | headers).items()}
    head = [f"HTTP/1.1 {status} Said So"]
    head += [f"{name}: {value}" for name, value in given.items() if value is not None]
    return "\r\n".join([*head, "", ""]).encode() + content


def checked(body: bytes, wrong_by: int = 0) -> bytes:
    """Answer with a checksum, as DynamoDB does."""
    return answer(body, x_amz_crc32=zlib.crc32(body) + wrong_by)


def refusal(code: str, message: str = "no", status: int = 400, **headers: Any) -> bytes:
    """Write an error in DynamoDB's words."""
    kind = f"com.amazonaws.dynamodb.v20120810#{code}"
    body = json.encode({"__type": kind, "message": message})
    return answer(body, status, **{"x_amz_crc32": zlib.crc32(body), **headers})


def serving(service: FakeService) -> Callable[[Request], bytes]:
    """Answer what a fake service does."""

    def turn(request: Request) -> bytes:
        operation = request.headers["x-amz-target"].partition(".")[2]
        try:
            return checked(service.send(operation, request.body))
        except ServiceError as error:
            return refusal(error.code, error.message, error.status)

    return turn


class Server(socketserver.ThreadingTCPServer):
    """Answers request by request as the script says; its last entry holds for all that follow."""

    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, *script: Script, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.script = list(script)
        self.tls = tls
        self.requests: list[Request] = []
        self.connections = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.005,))

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server_address[1]}"

    @property
    def bodies(self) -> list[Any]:
        return [json.decode(request.body) for request in self.requests]

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.hang_up()
        self.server_close()

    def hang_up(self) -> None:
        """Close every connection."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def opened(self, connection: socket.socket) -> int:
        with self._lock:
            self._open.add(connection)
            self.connections += 1
            return self.connections

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def take(self, request: Request) -> Turn:
        with self._lock:
            self.requests.append(request)
            turn = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return turn(request) if callable(turn) else turn


class _Connection(socketserver.StreamRequestHandler):
    """Reads requests and takes turns until one side closes."""

    server: Server
    disable_nagle_algorithm = True

    def setup(self) -> None:
        if self.server.tls is not None:
            self.request = self.server.tls.wrap_socket(
                self.request, server_side=True, do_handshake_on_connect=False
            )
        self.number = self.server.opened(self.request)
        super().setup()

    def handle(self) -> None:
        # The client goes away, or does not trust us: what it makes of that is what is tested.
        with suppress(OSError):
            while self._exchange():
                pass

    def finish(self) -> None:
        self.server.closed(self.request)
        with suppress(OSError):
            super().finish()
        self.request.close()

    def _exchange(self) -> bool:
        line = self.rfile.readline().decode("latin-1").strip()
        if " HTTP/1." not in line:
            self.connection.sendall(answer(status=400) if line else b"")
            return False
        headers = {}
        while header := self.rfile.readline().decode().strip():
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", 0)))
        turn = self.server.take(Request(line, headers, body, self.number))
        if isinstance(turn, Silence):
            return not self.rfile.read(1)
        self.connection.sendall(turn.sent if isinstance(turn, Cut) else turn)
        return not isinstance(turn, Cut)
