"""The signature, judged by botocore's signer."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from dynamorm import Credentials
from dynamorm.transports import signing
from dynamorm.transports.endpoints import Endpoint, split_path
from dynamorm.transports.signing import sign

WORD = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=1)
URLS = [
    "https://dynamodb.eu-west-1.amazonaws.com",
    "https://dynamodb.eu-west-1.amazonaws.com:443",
    "http://localhost:8000",
    "http://localhost:80",
    "http://localhost:443",
    "https://[::1]:8000",
    "http://localhost:8000/v1/db",
    "http://localhost:8000/v1/~db_2.x-y/",
    "http://localhost:8000//a//b//",
]


@given(
    key=WORD,
    secret=WORD,
    token=st.none() | WORD,
    region=st.from_regex(r"[a-z]{2}-[a-z]+-[0-9]", fullmatch=True),
    url=st.sampled_from(URLS),
    operation=st.from_regex(r"[A-Z][A-Za-z]{0,30}", fullmatch=True),
    body=st.binary(),
)
def test_signatures_are_botocores(key, secret, token, region, url, operation, body):
    """The signer of botocore, at the same moment, writes the same headers."""
    credentials = Credentials(key, secret, token)
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"D_2.{operation}"}
    request = AWSRequest("POST", "".join(split_path(url)), dict(headers), body)
    SigV4Auth(credentials, "dynamodb", region).add_auth(request)
    theirs = dict(request.headers.items())
    moment = datetime.strptime(theirs["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
    place = Endpoint(url, region)
    ours = sign(credentials, place, tuple(headers.items()), body, moment).headers()
    assert {name: value for name, value in ours.items() if name != "Host"} == theirs


@pytest.mark.parametrize("length", [59, 60, 61, 500])
def test_a_secret_of_any_length_signs_as_botocore_does(length):
    """With "AWS4" before it a key may be as long as a block of the hash, or longer."""
    credentials = Credentials("key", "s" * length)
    request = AWSRequest("POST", "http://localhost:8000/", {}, b"{}")
    SigV4Auth(credentials, "dynamodb", "eu-west-1").add_auth(request)
    theirs = dict(request.headers.items())
    moment = datetime.strptime(theirs["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
    ours = sign(credentials, Endpoint("http://localhost:8000", "eu-west-1"), (), b"{}", moment)
    assert ours.headers()["Authorization"] == theirs["Authorization"]


@given(st.integers(0, 4_000_000_000))
def test_the_date_is_that_of_the_moment_in_gmt(moment):
    """In the header and in the scope, whatever the zone of this machine."""
    when = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=moment)
    place = Endpoint(URLS[0], "eu-west-1")
    signed = sign(Credentials("key", "secret"), place, (), b"", moment).headers()
    assert signed["X-Amz-Date"] == when.strftime("%Y%m%dT%H%M%SZ")
    assert (
        f"Credential=key/{when:%Y%m%d}/eu-west-1/dynamodb/aws4_request," in signed["Authorization"]
    )


VECTORS = json.decode((Path(__file__).parents[1] / "samples" / "sigv4.json").read_bytes())


@pytest.mark.parametrize("vector", VECTORS, ids=[vector[0] for vector in VECTORS])
def test_the_published_cases_have_the_published_signatures(vector, monkeypatch):
    """AWS's own test suite is of a service named "service"."""
    _, headers, body, token, names, signature = vector
    monkeypatch.setattr(signing, "SERVICE", "service")
    key = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token or None)
    endpoint = Endpoint("https://example.amazonaws.com", "us-east-1")
    moment = datetime(2015, 8, 30, 12, 36, tzinfo=timezone.utc).timestamp()
    signed = sign(key, endpoint, tuple(headers.items()), body.encode(), moment).headers()
    assert signed["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )
