"""A server on loopback that answers from memory, so that only its client's work is measured.

A table of it has `PAGES` pages for each segment; what is written to it is dropped.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import ssl
import time
import zlib
from typing import Any

PAGE = 1_000_000
"""Bytes of a page, about: what the service gives at most."""

DESCRIPTION = {
    "TableStatus": "ACTIVE",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
}


def item(number: int, size: int = 1000) -> dict[str, Any]:
    """Give an item of about so many bytes: from 1,000 on with a dozen attributes."""
    few = {
        "id": {"S": f"customer-{number:09}"},
        "email": {"S": f"someone.{number}@example.org"},
        "visits": {"N": str(number % 977)},
    }
    if size < 1000:
        return few | {"note": {"S": "x" * max(0, size - 120)}}
    return few | {
        "name": {"S": "Someone With A Name"},
        "balance": {"N": f"{number % 9973}.25"},
        "active": {"BOOL": number % 2 == 0},
        "created": {"S": "2026-01-31T12:00:00Z"},
        "tags": {"SS": ["alpha", "beta", "gamma"]},
        "scores": {"L": [{"N": "1"}, {"N": "22"}, {"N": "333"}, {"N": "4444"}]},
        "address": {
            "M": {
                "street": {"S": "Some Street 12"},
                "city": {"S": "Some City"},
                "zip": {"S": "12345"},
            }
        },
        "note": {"S": "x" * (size - 620)},
        "picture": {"B": "QUJDREVGR0g" * 8 + "QUI="},
    }


def http(body: bytes) -> bytes:
    """Give a whole HTTP answer, with the checksum that the service sends."""
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
        b"x-amz-crc32: %d\r\nContent-Length: %d\r\n\r\n"
    )
    return head % (zlib.crc32(body), len(body)) + body


def page(number: int, *, last: bool, size: int = 1000) -> bytes:
    """Give a page of items that no other page has."""
    count = min(PAGE // 1000, PAGE // size)
    items = [item(number * count + one, size) for one in range(count)]
    answer: dict[str, Any] = {"Items": items, "Count": len(items), "ScannedCount": len(items)}
    if not last:
        answer["LastEvaluatedKey"] = {"id": {"S": f"page-{number + 1}"}}
    return json.dumps(answer, separators=(",", ":")).encode()


class Answers:
    """The answer to each request, made once."""

    def __init__(self, pages: int, size: int) -> None:
        self._pages = [
            http(page(number, last=number == pages - 1, size=size)) for number in range(pages)
        ]
        self._written = http(b'{"UnprocessedItems":{}}')
        self._counts: list[tuple[float, int]] = []

    def to(self, operation: bytes, body: bytes) -> bytes:
        if operation in (b"DescribeTable", b"CreateTable"):
            member = "Table" if operation == b"DescribeTable" else "TableDescription"
            described = {"TableName": json.loads(body)["TableName"], **DESCRIPTION}
            return http(json.dumps({member: described}).encode())
        if operation == b"BatchWriteItem":
            self._counts.append((time.monotonic(), body.count(b'"PutRequest"')))
            return self._written
        if operation == b"Counts":  # not of DynamoDB: what was written, and when
            return http(json.dumps(self._counts).encode())
        assert operation == b"Scan"
        found = re.search(rb'"page-(\d+)"', body)
        return self._pages[int(found[1]) if found else 0]


class Connection(asyncio.Protocol):
    """Answers the requests of one connection; others have their turn during the delay."""

    def __init__(self, answers: Answers, delay: float) -> None:
        self._answers = answers
        self._delay = delay
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while found := self._request():
            answer = self._answers.to(*found)
            if self._delay:
                loop = asyncio.get_running_loop()
                loop.call_later(self._delay, self._transport.write, answer)
            else:
                self._transport.write(answer)

    def _request(self) -> tuple[bytes, bytes] | None:
        """Take the next whole request out of the buffer: its operation and its body."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self._buffer[:end]).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        whole = end + 4 + length
        if len(self._buffer) < whole:
            return None
        body = bytes(self._buffer[end + 4 : whole])
        target = head.index(b"x-amz-target: ") + len(b"x-amz-target: dynamodb_20120810.")
        operation = bytes(self._buffer[target:end]).partition(b"\r\n")[0]
        del self._buffer[:whole]
        return operation, body


async def serve(pages: int, delay: float, size: int, context: ssl.SSLContext | None) -> None:
    answers = Answers(pages, size)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(answers, delay), "127.0.0.1", 0, ssl=context
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def secured(bundle: str) -> ssl.SSLContext:
    """Let the server prove who it is by an authority whose certificate is written to `bundle`."""
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(bundle)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--bytes", type=int, default=1000)
    parser.add_argument("--bundle")
    arguments = parser.parse_args()
    context = secured(arguments.bundle) if arguments.bundle else None
    asyncio.run(serve(arguments.pages, arguments.delay, arguments.bytes, context))


if __name__ == "__main__":
    main()
