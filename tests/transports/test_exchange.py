"""One exchange without its HTTP: what is signed, when it is signed again, which answers count."""

from __future__ import annotations

import time
import zlib
from contextlib import suppress
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import json

from dynamorm.errors import (
    ConditionFailed,
    CredentialsRejected,
    DynamormError,
    ServerError,
    ServiceError,
    TableNotFound,
    TransportError,
)
from dynamorm.operations.sending import without_waiting
from dynamorm.transports import Credentials
from dynamorm.transports.credential_source import CredentialSource
from dynamorm.transports.endpoints import Endpoint
from dynamorm.transports.exchange import Answer, foreign_answer, read_answer
from dynamorm.transports.signing import Signed, Signer, exchanged

ENDPOINT = Endpoint("https://dynamodb.eu-west-1.amazonaws.com", "eu-west-1")


def answer(body: Any, status: int = 200, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.encode(body)
    return Answer(status, {name.replace("_", "-"): v for name, v in headers.items()}, content)


def refusal(code: str, message: str = "no", date: str = "") -> Answer:
    return answer({"__type": f"a#{code}", "message": message}, 400, Date=date)


def at(seconds: int) -> str:
    """Write a moment as a signature has it."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))


class Signing:
    """A signer with these keys, one after the other, and a clock that stands still."""

    def __init__(self, *keys: str, moment: float = 0.0) -> None:
        self.keys = list(keys) or ["key"]
        self.moment = moment
        self.signer = Signer(ENDPOINT, self.source(), clock=lambda: self.moment)
        self.sent: list[dict[str, str]] = []

    def source(self) -> CredentialSource:
        return CredentialSource(None, {}, resolve=lambda: Credentials(self.keys.pop(0), "secret"))

    def send(self, *answers: Answer, operation: str = "ListTables") -> bytes:
        """Perform one exchange with these answers."""
        turns = iter(answers)

        async def post(asked: str, signed: Signed, body: bytes, until: float) -> Answer:
            assert (asked, body, until) == (operation, b"{}", 7.0)
            self.sent.append(signed.headers())
            return next(turns)

        return without_waiting(exchanged(self.signer, post, operation, b"{}", 7.0))

    def signatures(self, *answers: Answer) -> list[tuple[str, str]]:
        """Give key and moment of every request of one exchange, whatever it ends in."""
        self.sent.clear()
        with suppress(DynamormError):
            self.send(*answers)
        scopes = [headers["Authorization"].partition("Credential=")[2] for headers in self.sent]
        moments = [headers["X-Amz-Date"] for headers in self.sent]
        return [(scope.partition("/")[0], m) for scope, m in zip(scopes, moments, strict=True)]


def test_an_exchange_names_the_operation_and_asks_for_plain_bytes():
    """The checksum is over the bytes as sent, so that no compression is asked for."""
    signing = Signing()
    assert signing.send(answer({"TableNames": []})) == b'{"TableNames":[]}'
    (headers,) = signing.sent
    assert headers.pop("Authorization").startswith("AWS4-HMAC-SHA256 Credential=key/19700101/")
    assert headers == {
        "Accept-Encoding": "identity",
        "Content-Type": "application/x-amz-json-1.0",
        "Host": "dynamodb.eu-west-1.amazonaws.com",
        "User-Agent": "dynamorm",
        "X-Amz-Date": "19700101T000000Z",
        "X-Amz-Target": "DynamoDB_20120810.ListTables",
    }


SKEWED = [
    ("RequestTimeTooSkewed", "no"),
    ("RequestExpired", "no"),
    ("InvalidSignatureException", "Signature expired: 2 is now earlier than 1"),
    ("InvalidSignatureException", "Signature not yet current: 1 is still later than 2"),
]


@pytest.mark.parametrize(("code", "message"), SKEWED)
def test_a_clock_that_is_off_is_set_by_the_services_and_the_request_signed_again(code, message):
    """The offset is learnt from the Date header, and kept for the requests that follow."""
    signing = Signing(moment=1000.0)
    late = refusal(code, message, formatdate(5000, usegmt=True))
    assert signing.signatures(late, answer({})) == [("key", at(1000)), ("key", at(5000))]
    signing.moment += 10
    assert signing.signatures(answer({})) == [("key", at(5010))]


def test_a_request_is_signed_again_only_once():
    """A service that goes on refusing is believed: there is no loop."""
    skew = refusal("RequestTimeTooSkewed", date=formatdate(5000, usegmt=True))
    assert len(Signing().signatures(skew, skew, skew)) == 2
    expired = refusal("ExpiredTokenException")
    assert len(Signing("one", "two", "three").signatures(expired, skew, expired)) == 2


@pytest.mark.parametrize(
    "refused",
    [
        refusal("RequestTimeTooSkewed"),
        refusal("RequestTimeTooSkewed", date="yesterday"),
        refusal("InvalidSignatureException", "The signature does not match", formatdate(5000)),
        refusal("UnrecognizedClientException", date=formatdate(5000)),
        refusal("AccessDeniedException", date=formatdate(5000)),
    ],
)
def test_a_refusal_that_another_signature_cannot_cure_is_raised_at_once(refused):
    """Without a date, or with the wrong secret, the same request would only be refused again."""
    assert Signing().signatures(refused) == [("key", at(0))]


@given(st.text() | st.dates().map(str))
@example("Mon, 01 Jan 0001 00:00:00 -0000")
@example("Fri, 31 Dec 9999 23:59:59 GMT")
@example("\n")
def test_any_date_header_is_read_or_passed_over(date):
    """What stands in the Date header never becomes an error of its own."""
    Signing().signatures(refusal("RequestTimeTooSkewed", date=date), answer({}))


@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0000"])
def test_a_date_is_read_as_gmt_wherever_this_machine_is(monkeypatch, zone):
    """HTTP knows no other zone, and the machine's own does not count."""
    late = refusal("RequestTimeTooSkewed", date=f"Thu, 01 Jan 1970 01:00:00 {zone}")
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "XYZ5")
        time.tzset()
        assert Signing().signatures(late, answer({}))[-1] == ("key", at(3600))
    time.tzset()


def test_an_expired_token_is_looked_up_again_once():
    """The second signature is made with the credentials of now."""
    for code in ("ExpiredTokenException", "ExpiredToken"):
        made = Signing("old", "new").signatures(refusal(code), answer({}))
        assert made == [("old", at(0)), ("new", at(0))]


def test_an_expired_token_that_cannot_be_looked_up_again_is_raised_at_once():
    """Credentials that were given as they are stay what they are: one request says it all."""
    signing = Signing()
    given_ones = CredentialSource(Credentials("given", "secret"), {})
    signing.signer = Signer(ENDPOINT, given_ones, clock=lambda: 0.0)
    assert signing.signatures(refusal("ExpiredToken")) == [("given", at(0))]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Content_Length": "4"}, {"x_amz_crc32": str(zlib.crc32(b"good"))}],
)
def test_a_whole_answer_is_given_as_it_is(headers):
    """Length and checksum are judged where they are sent."""
    assert read_answer("ListTables", answer(b"good", **headers)) == b"good"


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Content_Length": "5"}, "the answer was cut: 4 of 5 bytes came"),
        (
            {"x_amz_crc32": "1"},
            "the answer was damaged: its CRC32 is not the one it came with",
        ),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_an_answer_that_is_not_whole_does_not_count(headers, message, status):
    """It may have taken effect, and is worth another try, whatever its status says."""
    with pytest.raises(TransportError) as caught:
        read_answer("ListTables", answer(b"good", status, **headers))
    told = f"{message} (the request may have taken effect) - at ListTables"
    assert (caught.value.text, caught.value.transient) == (told, True)


@given(st.binary(max_size=20), st.integers(0, 19), st.integers(1, 255))
def test_no_damage_goes_unnoticed_where_there_is_a_checksum(body, place, change):
    """One changed byte anywhere, or a missing one, never passes for an answer."""
    checksum = str(zlib.crc32(body))
    damaged = bytearray(body)
    if place < len(damaged):
        damaged[place] ^= change
    else:
        damaged.append(change)
    with pytest.raises(TransportError):
        read_answer("Scan", answer(bytes(damaged), x_amz_crc32=checksum))


@pytest.mark.parametrize(
    "kind",
    [
        "ResourceNotFoundException",
        "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
        "ResourceNotFoundException:http://internal.amazon.com/coral#/",
        "a#ResourceNotFoundException:http://internal.amazon.com/coral/",
    ],
)
@pytest.mark.parametrize("member", ["message", "Message"])
def test_an_error_is_known_by_its_code_however_it_is_written(kind, member):
    """A namespace before the code and an address behind it are no part of it."""
    refused = answer({"__type": kind, member: "gone"}, 400, **{"x-amzn-RequestId": "R1"})
    with pytest.raises(TableNotFound, match="gone") as caught:
        read_answer("DescribeTable", refused)
    error = caught.value
    assert (error.code, error.message) == ("ResourceNotFoundException", "gone")
    assert (error.status, error.request_id, error.operation) == (400, "R1", "DescribeTable")


def test_an_error_may_come_without_message_and_request_id():
    """What is not there is empty."""
    with pytest.raises(ServiceError, match="no message") as caught:
        read_answer("DescribeTable", answer({"__type": "New"}, 400))
    assert (caught.value.message, caught.value.request_id) == ("", "")


FOREIGN = [b"", b"<html>", b"[]", b"{}", b'{"message": "Forbidden"}', b"[" * 100_000, b"\xff"]


@pytest.mark.parametrize("body", FOREIGN)
@pytest.mark.parametrize("status", [201, 204, 301, 307, 400, 403, 404, 407, 413, 501])
def test_an_error_in_other_words_is_not_from_dynamodb(status, body):
    """Something else answered: another try would get the same, and the advice is the endpoint."""
    with pytest.raises(TransportError) as caught:
        read_answer("ListTables", answer(body, status))
    assert caught.value.text == (
        f"HTTP status {status} and no answer of DynamoDB's: does the endpoint lead there, or to a "
        "proxy or another service? (the request had no effect) - at ListTables"
    )
    assert not caught.value.transient


@pytest.mark.parametrize("body", FOREIGN)
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_failure_in_other_words_passes(status, body):
    """A load balancer in between has no JSON: the request may be done, and is worth another try."""
    with pytest.raises(ServerError) as caught:
        read_answer("ListTables", answer(body, status))
    error = caught.value
    assert error.message == f"HTTP status {status} without DynamoDB's error body"
    assert (error.code, error.status, error.operation) == (
        "ServiceUnavailable",
        status,
        "ListTables",
    )
    assert (error.transient, error.maybe_applied) == (True, True)


@given(st.integers(201, 599), st.binary(max_size=50))
def test_no_answer_is_a_crash(status, body):
    """Whatever comes is the answer's body or one of our errors."""
    with pytest.raises(DynamormError):
        read_answer("ListTables", answer(body, status))


PAGES = [
    answer(b"<p>", 200),
    answer(b" \n<p>", 200),
    answer(b"<p>", 200, Content_Type="text/html"),
    answer(b"hello", 200, Content_Type="text/plain"),
    answer(b"[]", 200, Content_Type="text/html"),
    answer(b"{}", 403, Content_Type="text/html"),
]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("again", [False, True])
def test_who_answers_in_dynamodbs_place_is_named_by_its_url(page, again):
    """The first time, and when a request is signed again."""
    before = [refusal("ExpiredToken")] if again else []
    with pytest.raises(TransportError) as caught:
        Signing("one", "two").send(*before, page)
    assert caught.value.text.startswith(
        f"HTTP status {page.status} from https://dynamodb.eu-west-1.amazonaws.com and no answer "
    )
    # A proxy may have put its page in the place of an answer.
    assert caught.value.maybe_applied is (page.status == 200)
    assert (caught.value.operation, caught.value.transient) == ("ListTables", False)


@pytest.mark.parametrize("body", [b"", b" ", b"{}", b' {"a":1}', b'""'])
@pytest.mark.parametrize("kind", ["", "text/html", "application/x-amz-json-1.0", "Text/JSON"])
def test_what_is_written_as_dynamodb_writes_is_no_page(kind, body):
    """Whatever a proxy has made of its type."""
    assert read_answer("TagResource", answer(body, Content_Type=kind)) == body


@pytest.mark.parametrize("kind", ["application/x-amz-json-1.0", "Text/JSON"])
def test_what_says_that_it_is_json_is_no_page(kind):
    """Whoever reads it finds out what it is."""
    assert read_answer("ListTables", answer(b"[1]", Content_Type=kind)) == b"[1]"


@pytest.mark.parametrize(("more", "item"), [({}, None), ({"Item": {}}, b"{}")])
def test_a_condition_that_failed_brings_what_was_there(more, item):
    """As the service wrote it; nothing where nobody has asked for it."""
    failed = answer({"__type": "a#ConditionalCheckFailedException", "message": "no"} | more, 400)
    with pytest.raises(ConditionFailed) as caught:
        read_answer("PutItem", failed)
    assert caught.value.item == item


@pytest.mark.parametrize("operation", ["", "List Tables", "ListTables\r\nX-A: b", "Li\u015ft"])
def test_an_operation_is_a_word(operation):
    """It becomes a header, and nothing is signed for anything else."""
    with pytest.raises(ValueError, match=r"^an operation is a word of letters and digits, not '"):
        Signing().send(operation=operation)


def test_a_foreign_answer_is_named_by_its_status():
    """The same words serve whoever knows of such an answer."""
    assert "HTTP status 404" in str(foreign_answer("ListTables", 404))
    assert isinstance(foreign_answer("ListTables", 503), ServerError)


def test_the_last_word_of_a_twice_refused_request_is_the_services():
    """The error that is raised is the second refusal's, as the service gave it."""
    refusals = refusal("ExpiredTokenException"), refusal("UnrecognizedClientException", "still no")
    with pytest.raises(CredentialsRejected, match="still no") as caught:
        Signing("one", "two").send(*refusals)
    assert caught.value.__context__ is None
