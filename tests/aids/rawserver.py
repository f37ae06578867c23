"""A loopback server whose every byte, and every pause, is its handler's."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

Handler = Callable[["Visit"], None]


class Visit:
    """One connection, as its handler sees it."""

    def __init__(self, link: socket.socket, number: int, over: threading.Event) -> None:
        self.link = link
        self.number = number
        """Which of the server's connections it is, from 1."""
        self.over = over
        """Set when the test has ended."""

    def head(self) -> bytes:
        """Read as far as the empty line; give what has come, which may be less."""
        got = b""
        while not got.endswith(b"\r\n\r\n"):
            part = self.link.recv(1)
            if not part:
                return got
            got += part
        return got

    def request(self) -> bytes:
        """Read a request; give its body."""
        lines = self.head().lower().split(b"\r\n")
        length = next((int(i[15:]) for i in lines if i.startswith(b"content-length:")), 0)
        body = b""
        while len(body) < length and (part := self.link.recv(length - len(body))):
            body += part
        return body

    def drip(self, data: Iterator[bytes] | list[bytes], every: float = 0.005) -> None:
        """Send piece by piece, until the other side goes away or the test ends."""
        for piece in data:
            if self.over.wait(every):
                return
            self.link.sendall(piece)


class RawServer:
    """Handles each connection in a thread; nothing that a closed connection raises matters."""

    def __init__(self, handler: Handler, *, receive_buffer: int | None = None) -> None:
        self._handler = handler
        self._listener = socket.create_server(("127.0.0.1", 0))
        if receive_buffer is not None:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._links: list[socket.socket] = []
        self.connections = 0

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> RawServer:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for link in self._links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                link, _ = self._listener.accept()
                self.connections += 1
                self._links.append(link)
                visit = Visit(link, self.connections, self._over)
                thread = threading.Thread(target=self._serve, args=(visit,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, visit: Visit) -> Any:
        with visit.link, suppress(OSError):
            visit.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._handler(visit)
