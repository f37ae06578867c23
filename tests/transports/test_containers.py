"""Credentials of containers: who is asked, with which token, and when again."""

from __future__ import annotations

from datetime import datetime, timezone
from math import inf
from typing import Any

import pytest
from aids.httpserver import Cut, Server, answer

from dynamorm import Credentials, CredentialsMissing
from dynamorm.transports import Profile
from dynamorm.transports import container as containers
from dynamorm.transports.container import Container, from_container
from dynamorm.transports.credential_source import CredentialSource
from dynamorm.transports.http import HttpTransport

FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
RELATIVE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"


def given(number: int, expires: float) -> bytes:
    return answer(
        {
            "AccessKeyId": f"key-{number}",
            "SecretAccessKey": f"secret-{number}",
            "Token": f"token-{number}",
            "Expiration": datetime.fromtimestamp(expires, timezone.utc).isoformat(),
            "RoleArn": "arn:aws:iam::123456789012:role/mine",
        }
    )


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def container(server: Server, clock: Time, **environ: str) -> Container:
    made = from_container({FULL: f"{server.url}/creds?a=b", **environ}, clock)
    assert made is not None
    return made


def test_the_endpoint_is_asked_as_the_sdks_do():
    """GET, with the path as it is and the token as it is."""
    with Server(given(1, 9000)) as server:
        found = container(server, Time(), **{TOKEN: "Basic abc"})()
    assert (found.access_key, found.secret_key, found.token) == ("key-1", "secret-1", "token-1")
    (request,) = server.requests
    assert request.line == "GET /creds?a=b HTTP/1.1"
    assert request.headers["authorization"] == "Basic abc"
    assert request.headers["host"] == server.url.removeprefix("http://")


def test_a_relative_uri_is_one_of_ecs():
    """The address is ECS's own."""
    made = from_container({RELATIVE: "/v2/creds", FULL: "http://localhost/other"})
    assert made is not None
    assert made._route.url + made._route.path == "http://169.254.170.2/v2/creds"


def test_a_token_is_read_from_its_file_each_time(tmp_path):
    """In EKS it changes; the file comes before the variable."""
    path = tmp_path / "token"
    clock = Time()
    with Server(given(1, 9000), given(2, 20000)) as server:
        made = container(server, clock, **{TOKEN: "old", f"{TOKEN}_FILE": str(path)})
        for clock.now, token in ((1000.0, "first"), (9000.0, "second")):
            path.write_text(token)
            made()
    assert [r.headers["authorization"] for r in server.requests] == ["first", "second"]


def test_credentials_are_kept_until_shortly_before_they_expire():
    """And renewed then, however long the function was frozen."""
    clock = Time()
    with Server(given(1, 9000), given(2, 20000)) as server:
        made = container(server, clock)
        keys = []
        for clock.now in (1000.0, 8699.0, 8700.0, 19000.0):
            keys.append(made().access_key)
    assert keys == ["key-1", "key-1", "key-2", "key-2"]
    assert len(server.requests) == 2


def test_what_is_still_good_outlives_an_endpoint_that_is_not_there():
    """It is asked again half a minute later; what has expired is not used."""
    clock = Time()
    with Server(given(1, 9000), answer(status=500)) as server:
        made = container(server, clock)
        for clock.now in (1000.0, 8800.0, 8829.0, 8831.0):
            assert made().access_key == "key-1"
        assert len(server.requests) == 3
        clock.now = 9000.0
        with pytest.raises(CredentialsMissing):
            made()


@pytest.mark.parametrize(
    ("turn", "transient"),
    [
        (answer(status=500), True),
        (answer(status=429), True),
        (answer(status=403), False),
        (answer({"AccessKeyId": "key"}), False),
        (answer(b"<html>"), False),
        (Cut(), True),
    ],
)
def test_no_credentials_are_an_error_that_shows_nothing(turn, transient):
    """It says whether another try is worth it; the driver's retries take it from there."""
    with Server(turn) as server:
        made = container(server, Time(), **{TOKEN: "hidden"})
        with pytest.raises(
            CredentialsMissing, match="no credentials from the endpoint of the container"
        ) as caught:
            made()
    assert caught.value.transient == transient
    assert "hidden" not in str(caught.value) + repr(made)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.170.2",
        "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials",
        "http://127.0.0.1:9001/2021-08-23/credentials",
        "http://localhost:80/",
        "https://creds.example/me",
    ],
)
def test_the_hosts_of_the_sdks_are_asked(url):
    """Of this machine, ECS, EKS, and whoever proves who he is."""
    assert from_container({FULL: url}) is not None


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "http://169.254.170.2@example.org/",
        "http://169.254.170.2.example.org/",
        "http://localhost:port/",
        "http://localhost:0/",
        "http://localhost:65536/",
        "ftp://169.254.170.2/",
        "169.254.170.2",
        "http://localhost/a b",
        "http://localhost/a\r\nX-Other: b",
    ],
)
def test_nobody_else_is(url):
    """A token does not go in the clear to whom a variable names."""
    with pytest.raises(CredentialsMissing, match=f"{FULL} is not a URL of this machine"):
        from_container({FULL: url})


@pytest.mark.parametrize("token", ["a\nb", "a\r\nX-Other: b", "é"])
def test_a_token_that_no_header_holds_is_refused(tmp_path, token):
    """Without showing it."""
    path = tmp_path / "token"
    path.write_bytes(token.encode())
    made = from_container({FULL: "http://localhost:1", f"{TOKEN}_FILE": str(path)})
    assert made is not None
    with pytest.raises(CredentialsMissing, match="has characters that an HTTP header cannot have"):
        made()


def test_a_token_file_that_is_not_there_is_named(tmp_path):
    """The message has its path."""
    made = from_container({FULL: "http://localhost:1", f"{TOKEN}_FILE": str(tmp_path / "no")})
    assert made is not None
    with pytest.raises(CredentialsMissing, match=r"_FILE cannot be read: .*/no'"):
        made()


KEYED = Profile(settings={"aws_access_key_id": "a"})


@pytest.mark.parametrize(
    ("environ", "profile"),
    [
        ({}, Profile()),
        ({FULL: ""}, Profile()),
        ({FULL: "ftp://nowhere"}, KEYED),
        ({FULL: "ftp://nowhere", "AWS_WEB_IDENTITY_TOKEN_FILE": "/a"}, Profile()),
        ({FULL: "ftp://nowhere", "BOTO_CONFIG": "/a"}, Profile()),
    ],
)
def test_other_sources_are_left_to_others(environ, profile):
    """What boto3 asks before a container: a profile with credentials, a web identity, a file."""
    found = CredentialSource(None, environ, lambda: NAMED, lambda: profile).get()
    assert found.access_key == "named"


def test_a_profile_without_credentials_leaves_them_to_the_container():
    """It may name nothing but a region."""
    profile = Profile("work", "AWS_PROFILE", {"region": "eu-west-1"})
    with Server(given(1, 4e9)) as server:
        found = CredentialSource(None, {FULL: server.url}, lambda: NAMED, lambda: profile).get()
    assert found.access_key == "key-1"


def test_expired_ones_are_refused_and_asked_for_again():
    """The endpoint may be behind; a request that is tried again finds those that are good."""
    clock = Time()
    with Server(given(1, 999), given(2, 1000), given(3, 9000)) as server:
        made = container(server, clock)
        for _ in range(2):
            with pytest.raises(CredentialsMissing, match="have expired") as caught:
                made()
            assert caught.value.transient
        assert made().access_key == "key-3"


def test_those_of_a_short_life_are_not_asked_for_with_each_request():
    """Half a minute passes in between, or what is left of their life."""
    clock = Time()
    with Server(given(1, 1010), given(2, 1100), given(3, 9000)) as server:
        made = container(server, clock)
        keys = []
        for clock.now in (1000.0, 1009.0, 1010.0, 1039.0, 1040.0):
            keys.append(made().access_key)
    assert keys == ["key-1", "key-1", "key-2", "key-2", "key-3"]


def test_an_account_is_taken_over():
    """It leads to the account's own endpoint."""
    body = given(1, 9000).partition(b"\r\n\r\n")[2]
    with Server(answer(body.replace(b"{", b'{"AccountId":"111122223333",', 1))) as server:
        assert container(server, Time())().account_id == "111122223333"


class Named:
    access_key, secret_key, token = "named", "secret", None


NAMED = Named()


def test_the_environments_key_comes_before_the_container():
    """As in Lambda without SnapStart."""
    environ = {FULL: "ftp://nowhere", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    assert CredentialSource(None, environ).get().access_key == "a"


class Asked:
    """Finds credentials as a container does, and keeps by which moment they were wanted."""

    def __init__(self) -> None:
        self.until: list[float] = []

    def __call__(self) -> Credentials:
        raise AssertionError("asked without a moment")

    def found_by(self, until: float) -> Credentials:
        self.until.append(until)
        return Credentials("a", "b", account_id="123456789012")


def test_who_finds_credentials_is_told_by_when_they_are_wanted():
    """The moment at which the request must end, or none; the account alone is found by it too."""
    asked = Asked()
    source = CredentialSource(asked, {})
    assert source.get(7.0).access_key == "a"
    assert source.get().access_key == "a"
    assert CredentialSource(asked, {}).account(8.0) == "123456789012"
    assert CredentialSource(asked, {}).account() == "123456789012"
    assert asked.until == [7.0, inf, 8.0, inf]


def test_a_transport_signs_with_what_the_container_gives():
    """Its expired token is renewed, and an endpoint that is busy is asked again."""
    late = given(1, 5e9)
    turns = [answer(status=503), late, given(2, 5e9)]
    expired = answer({"__type": "a#ExpiredTokenException"}, 400)
    with Server(*turns) as agent, Server(expired, answer({"TableNames": []})) as server:
        environ: dict[str, Any] = {FULL: f"{agent.url}/", "AWS_REGION": "eu-west-1"}
        transport = HttpTransport(endpoint=server.url, environ=environ)
        with pytest.raises(CredentialsMissing):
            transport.send("ListTables", b"{}")
        assert transport.send("ListTables", b"{}") == b'{"TableNames":[]}'
        transport.close()
    assert [r.headers["x-amz-security-token"] for r in server.requests] == ["token-1", "token-2"]


def test_no_repr_shows_what_was_given():
    """Nor what it was asked with."""
    temporary = containers.Temporary("a", "hidden", "hidden", datetime.now(timezone.utc))
    assert "hidden" not in repr(temporary)
