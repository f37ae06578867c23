"""The floor of a copy: what one would write by hand for this one server, with no protection.

One socket, one buffer, msgspec to cut a page into items, a hash of each body and one HMAC over it,
the checksum of each answer. No retries, no time-outs, no look at what was left unprocessed, no
cursor that can be resumed from: a library has to do more than this.
"""

from __future__ import annotations

import hmac
import os
import socket
import ssl
import zlib
from collections.abc import Callable
from hashlib import sha256

import msgspec

BATCH = 25


class Page(msgspec.Struct, rename="pascal"):
    """An answer to Scan, with its items as bytes."""

    items: list[msgspec.Raw]
    last_evaluated_key: msgspec.Raw = msgspec.Raw()


class Line:
    """One connection, which sends a request and gives the body of its answer."""

    def __init__(self, url: str) -> None:
        scheme, _, place = url.partition("://")
        host, port = place.split(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._secure = scheme == "https"
        if self._secure:
            context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
            self._socket = context.wrap_socket(self._socket, server_hostname=host)
        self._buffer = bytearray(64 << 20)
        self._view = memoryview(self._buffer)
        self._head = (
            f"POST / HTTP/1.1\r\nHost: {host}:{port}\r\nX-Amz-Date: 20260131T120000Z\r\n"
            "Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: DynamoDB_20120810.%s\r\n"
            "Authorization: AWS4-HMAC-SHA256 Credential=benchmark/20260131/us-east-1/dynamodb/"
            "aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=%s\r\n"
            "Content-Length: %d\r\n\r\n"
        )

    def send(self, operation: str, body: bytes) -> memoryview:
        signature = hmac.digest(b"benchmark", sha256(body).digest(), "sha256").hex()
        head = self._head % (operation, signature, len(body))
        if self._secure:
            self._socket.sendall(head.encode() + body)
        else:
            self._socket.sendmsg([head.encode(), body])
        got, end = 0, -1
        while end < 0:
            got += self._socket.recv_into(self._view[got:])
            end = self._buffer.find(b"\r\n\r\n", 0, got)
        length = self._number(b"Content-Length: ", end)
        whole = end + 4 + length
        while got < whole:
            got += self._socket.recv_into(self._view[got:whole])
        answer = self._view[end + 4 : whole]
        assert zlib.crc32(answer) == self._number(b"x-amz-crc32: ", end)
        return answer

    def _number(self, name: bytes, end: int) -> int:
        start = self._buffer.index(name, 0, end) + len(name)
        stop = self._buffer.find(b"\r", start, end)
        return int(self._buffer[start : end if stop < 0 else stop])


def copy(url: str, started: Callable[[], None]) -> int:
    """Copy `source` to `target`; `started` is called after the first request."""
    line = Line(url)
    decode = msgspec.json.Decoder(Page).decode
    line.send("DescribeTable", b'{"TableName":"source"}')
    started()
    copied = 0
    start = b""
    while True:
        page = decode(line.send("Scan", b'{"TableName":"source","ConsistentRead":true%s}' % start))
        for first in range(0, len(page.items), BATCH):
            items = b'}},{"PutRequest":{"Item":'.join(page.items[first : first + BATCH])
            line.send(
                "BatchWriteItem",
                b'{"RequestItems":{"target":[{"PutRequest":{"Item":%s}}]},'
                b'"ReturnConsumedCapacity":"TOTAL"}' % items,
            )
        copied += len(page.items)
        if not bytes(page.last_evaluated_key):
            return copied
        start = b',"ExclusiveStartKey":%s' % bytes(page.last_evaluated_key)
