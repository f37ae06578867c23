"""The public signer: what somebody else's HTTP client sends is what ours would."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

import dynamorm
from dynamorm import Credentials, CredentialsMissing, EndpointUnknown

BODY = b'{"TableName":"orders"}'
PLACE: dict[str, Any] = {
    "url": "https://dynamodb.eu-west-1.amazonaws.com",
    "region": "eu-west-1",
    "credentials": Credentials("the-key", "the-secret", "the-token"),
}


def signed(**changed: Any) -> dict[str, str]:
    return dynamorm.signing.signed_headers("DescribeTable", BODY, **PLACE | changed)


def test_the_headers_are_those_that_botocore_signs():
    """All that has to be sent but the length, at this moment; the others are not signed."""
    ours = signed()
    named = ("Content-Type", "X-Amz-Target")
    request = AWSRequest("POST", PLACE["url"] + "/", {name: ours[name] for name in named}, BODY)
    moment = datetime.strptime(ours["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z")
    assert abs(moment.timestamp() - datetime.now(timezone.utc).timestamp()) < 5
    SigV4Auth(PLACE["credentials"], "dynamodb", "eu-west-1").add_auth(request)
    theirs = dict(request.headers.items())
    assert ours == signed(now=moment)
    if theirs["X-Amz-Date"] == ours["X-Amz-Date"]:
        assert theirs.items() <= ours.items()
    assert ours["X-Amz-Target"] == "DynamoDB_20120810.DescribeTable"
    assert ours["Host"] == "dynamodb.eu-west-1.amazonaws.com"


def test_a_moment_is_seconds_or_a_datetime_with_a_zone():
    """And the same moment gives the same signature; a function of credentials is called."""
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    given = signed(now=moment.timestamp(), credentials=lambda: PLACE["credentials"])
    assert given == signed(now=moment)
    assert given["X-Amz-Date"] == "20260101T000000Z"


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"url": "localhost:8000"}, EndpointUnknown, "does not start with http"),
        ({"region": "eu west"}, EndpointUnknown, "not the name of a region"),
        ({"credentials": Credentials("the-key", "")}, CredentialsMissing, "no usable secret_key"),
        ({"now": datetime(2026, 1, 1)}, ValueError, "a datetime with a time zone"),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_signed_is_refused(changed, error, words):
    """Each with what is wrong, and without a secret."""
    with pytest.raises(error, match=words) as caught:
        signed(**changed)
    assert "the-secret" not in str(caught.value)


def test_only_bytes_are_signed_for_an_operation():
    """Text would be encoded by somebody else, perhaps in another way."""
    with pytest.raises(TypeError, match="body is the request's JSON as bytes, not str"):
        dynamorm.signing.signed_headers("DescribeTable", BODY.decode(), **PLACE)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="an operation is a word"):
        dynamorm.signing.signed_headers("Describe Table", BODY, **PLACE)


def test_headers_show_nothing():
    """A log line or a crash report has neither key nor token."""
    assert repr(signed()) == "HiddenHeaders(...)"
