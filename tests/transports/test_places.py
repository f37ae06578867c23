"""The same place as boto3: botocore's own client, and what each transport makes of a place."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import threading
from pathlib import Path
from typing import Any

import botocore
import certifi
import pytest
import trustme
from aids.httpserver import Request, Server, answer, refusal
from aids.laws import dear
from aids.places import Drawn, drawn_places, ours, theirs, world
from aids.tls import certified
from botocore.httpsession import get_cert_path
from hypothesis import given
from test_transports import KEY, TABLE, sending, untrusted, way

import dynamorm
from dynamorm import Credentials, TransportError
from dynamorm.transports import Variables
from dynamorm.transports.aio import AioTransport
from dynamorm.transports.botocore import BotocoreTransport
from dynamorm.transports.credential_source import CredentialSource
from dynamorm.transports.http import HttpTransport
from dynamorm.transports.signed import Config

__all__ = ["way"]

newest = pytest.mark.skipif(
    tuple(map(int, botocore.__version__.split(".")[:2])) < (1, 44),
    reason="an older botocore ignores settings that the newest one follows",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@newest
@dear
@given(drawn_places())
def test_every_drawn_place_is_boto3s(home: Path, drawn: Drawn) -> None:
    """Where botocore sends and signs a request, so do we, be variables given or the process's."""
    with world(drawn, home) as environ:
        wanted = theirs(drawn.arguments)
        found = ours(drawn.arguments, None)
        again = ours(drawn.arguments, environ)
    assert wanted is None or found == wanted
    assert "$" in drawn.environ.get("AWS_CONFIG_FILE", "") or again == found


def written(folder: Path, config: str = "", credentials: str = "") -> dict[str, str]:
    """Write the shared files, and name them by their variables."""
    (folder / "config").write_text(config)
    (folder / "credentials").write_text(credentials)
    return {
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
    }


# Endpoints.


@pytest.mark.parametrize("path", ["/v1/db", "/v1/db/", "//a//b"])
def test_every_transport_posts_to_the_path_of_the_endpoint(way, path):
    """As boto3, and its signature is made for it; the region's endpoints have none."""
    with Server(answer(TABLE)) as server:
        way.to(f"{server.url}{path}").send()
    assert server.requests[0].line == f"POST {path} HTTP/1.1"


def test_the_transports_of_an_account_go_to_its_endpoint(tmp_path):
    """It is known with the credentials, and the attribute says the service's."""
    key = Credentials("a", "b", account_id="111122223333")
    for kind in (BotocoreTransport, HttpTransport, AioTransport):
        transport = kind(region="eu-west-1", credentials=key, environ={})
        assert transport._here().url == "https://111122223333.ddb.eu-west-1.amazonaws.com"
        assert transport.endpoint_url == "https://dynamodb.eu-west-1.amazonaws.com"


def test_a_line_is_opened_for_each_account(monkeypatch):
    """A function may give the credentials of another account from some moment on."""
    accounts = ["111122223333"]
    transport = HttpTransport(
        region="eu-west-1",
        credentials=lambda: Credentials("a", "b", account_id=accounts[-1]),
        environ={},
    )
    first = transport._line()
    assert transport._line() is first
    accounts.append("444455556666")
    transport._credentials.get()
    assert transport._line()[0].endpoint.url.startswith("https://444455556666.ddb.")


# Whom to trust.


@sending
@pytest.mark.parametrize(
    ("variable", "of_profile", "requests"),
    [("good", "bad", "bad"), (None, "good", "bad"), (None, "~", "bad"), (None, None, "good")],
)
def test_the_bundle_is_the_one_that_boto3_takes(
    way, authority, bundle, tmp_path, variable, of_profile, requests
):
    """AWS_CA_BUNDLE, then the profile's, then REQUESTS_CA_BUNDLE; `~` is the home folder."""
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "bad.pem"))
    paths = {"good": bundle, "bad": str(tmp_path / "bad.pem"), "~": "~/ca.pem"}
    section = f"[default]\nca_bundle = {paths[of_profile]}\n" if of_profile else ""
    environ = {"HOME": str(tmp_path), **written(tmp_path, section)}
    environ["REQUESTS_CA_BUNDLE"] = paths[requests]
    if variable:
        environ["AWS_CA_BUNDLE"] = paths[variable]
    with Server(answer(TABLE), tls=certified(authority, "127.0.0.1")) as server:
        assert way.to(server, environ=environ).describe().table_name == "orders"
        if of_profile:
            environ["AWS_CA_BUNDLE"] = paths["bad"]
            with pytest.raises(TransportError) as caught:
                way.to(server, environ=environ).describe()
            untrusted(caught.value, "certificate")


@sending
@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "ca_bundle", "REQUESTS_CA_BUNDLE"])
def test_an_empty_bundle_is_refused(way, tmp_path, name):
    """As in boto3; others have taken it for "trust anybody"."""
    environ = written(tmp_path, "[default]\nca_bundle =\n" if name == "ca_bundle" else "")
    environ |= {} if name == "ca_bundle" else {name: " "}
    with pytest.raises(dynamorm.EndpointUnknown, match=f"^{name}( of the profile default)? is em"):
        way.to("https://127.0.0.1:1", environ=environ).describe()


def test_all_transports_trust_whom_boto3_trusts(monkeypatch):
    """Certifi's authorities, else botocore's, else the system's; nobody's without TLS."""
    kinds = (BotocoreTransport, HttpTransport, AioTransport)

    def bundles(url: str = "https://db.example") -> set[str]:
        made = [kind(endpoint=url, environ={}) for kind in kinds]
        return {transport._route(transport.endpoint).bundle for transport in made}

    assert bundles() == {get_cert_path(True)} == {certifi.where()}
    assert bundles("http://db.example") == {""}
    installed = {"botocore"}
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: find_spec(name) if name in installed else None
    )
    assert bundles() == {os.path.join(os.path.dirname(botocore.__file__), "cacert.pem")}
    installed.clear()
    assert bundles() == {""}


# Credentials.

ASSUMED = b"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/a/b</Arn>
<AssumedRoleId>A:b</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>assumed</AccessKeyId>
<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>
</AssumeRoleResponse>"""


@newest
def test_a_role_is_assumed_in_the_region_of_the_requests(tmp_path, monkeypatch):
    """The region that `connect` is given is the session's, where the profile names none."""
    config = "[profile work]\nrole_arn = arn:aws:iam::111122223333:role/a\nsource_profile = base\n"
    keys = "[base]\naws_access_key_id = base\naws_secret_access_key = secret\n"
    for name, value in written(tmp_path, config, keys).items():
        monkeypatch.setenv(name, value)
    with Server(answer(ASSUMED, content_type="text/xml")) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
        db = dynamorm.connect("eu-west-1", profile="work")
        used = db.transport._credentials.get()
    assert (used.access_key, used.account_id) == ("assumed", "111122223333")
    assert "/eu-west-1/sts/" in server.requests[0].headers["authorization"]


FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"


class Agent:
    """A container's endpoint, whose tokens are numbered."""

    def __init__(self) -> None:
        self.given = 0

    def __call__(self, _request: Request) -> bytes:
        self.given += 1
        return answer(
            {
                "AccessKeyId": "key",
                "SecretAccessKey": "secret",
                "Token": f"token-{self.given}",
                "Expiration": "2099-01-01T00:00:00Z",
            }
        )


def only(token: str) -> Any:
    """Take one token, and say of all others that they have expired."""

    def turn(request: Request) -> bytes:
        if request.headers["x-amz-security-token"] == token:
            return answer(TABLE)
        return refusal("ExpiredTokenException")

    return turn


@pytest.mark.parametrize("kind", [BotocoreTransport, HttpTransport])
def test_an_expired_token_is_renewed_once_for_all_threads(kind):
    """Those that were refused later find what the first one has found."""
    agent, threads = Agent(), 16
    together = threading.Barrier(threads)
    with Server(agent) as asked, Server(only("token-2")) as server:
        environ = {FULL: asked.url}
        transport = kind(region="eu-west-1", endpoint=server.url, environ=environ)

        def work() -> None:
            together.wait()
            for _ in range(3):
                transport.send("DescribeTable", b"{}")

        workers = [threading.Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        transport.close()
    assert agent.given == 2


def test_event_loops_one_after_the_other_look_up_once():
    """What one `asyncio.run` has found is there in the next, and in a thread's own loop."""
    agent = Agent()
    with Server(agent) as asked, Server(answer(TABLE)) as server:
        environ = {FULL: asked.url}
        transport = AioTransport(region="eu-west-1", endpoint=server.url, environ=environ)

        async def main() -> None:
            await asyncio.gather(*(transport.send("DescribeTable", b"{}") for _ in range(8)))
            await transport.aclose()

        for _ in range(3):
            asyncio.run(main())
        thread = threading.Thread(target=lambda: asyncio.run(main()))
        thread.start()
        thread.join()
    assert agent.given == 1


def test_a_thread_that_comes_during_a_look_up_waits_for_it():
    """It neither looks up itself meanwhile, nor once more when its turn has come."""
    looked_up = []

    def resolve() -> Credentials:
        looked_up.append(1)
        if len(looked_up) == 1:
            other.start()
            # It is stuck by now, unless nothing makes it wait.
            other.join(0.05)
        return KEY

    source = CredentialSource(None, {}, resolve)
    other = threading.Thread(target=source.get)
    source.get()
    other.join()
    assert len(looked_up) == 1


def test_a_fork_does_not_inherit_a_lock_that_is_held():
    """The child looks up for itself what its parent was looking up."""
    source = CredentialSource(None, {}, lambda: KEY)
    with source._lock:
        child = os.fork()
        if child == 0:
            found = source.get().access_key == KEY.access_key
            os._exit(0 if found else 1)
        assert os.waitpid(child, 0)[1] == 0


# Files.


@pytest.mark.parametrize(
    "text",
    ["region = eu-west-1\n", "[default]\nregion\n", "[default]\ns3 =\n  no pair\n", "[a]\n[a]\n"],
)
def test_a_file_that_is_none_is_named_and_not_quoted(tmp_path, text):
    """Its lines may hold keys."""
    environ = Variables(written(tmp_path, text + "hidden"))
    with pytest.raises(dynamorm.ProfileUnusable, match=r"config' \(AWS_CONFIG_FILE\) is") as caught:
        Config(None, None, None, environ).profile()
    assert caught.value.__context__ is caught.value.__cause__ is None
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "url", "without"),
    [
        ("services = mine\nendpoint_url = http://own:2", "http://mine:1/db", None),
        ("services = theirs\nendpoint_url = http://own:2", "http://own:2", None),
        ("endpoint_url = http://own:2", "http://own:2", None),
        ("endpoint_url =", "https://dynamodb.eu-west-1.amazonaws.com", None),
        ("endpoint_url = http://own:2\nignore_configured_endpoint_urls = true", None, "true"),
        ("use_fips_endpoint = true", "https://dynamodb-fips.eu-west-1.amazonaws.com", None),
        ("use_dualstack_endpoint = true", "https://dynamodb.eu-west-1.api.aws", None),
    ],
)
def test_a_profile_leads_to_an_endpoint(tmp_path, lines, url, without):
    """Its section of services comes before its own URL, which comes before its flags."""
    services = "[services mine]\ndynamodb =\n  endpoint_url = http://mine:1/db\n[services theirs]\n"
    section = f"[profile work]\nregion = eu-west-1\n{lines}\n"
    environ = written(tmp_path, f"{services}s3 =\n  a = b\n{section}")
    found = Config(None, None, "work", Variables(environ)).endpoint().url
    assert found == (url or "https://dynamodb.eu-west-1.amazonaws.com")
    environ["AWS_ENDPOINT_URL"] = "http://variable:3"
    found = Config(None, None, "work", Variables(environ)).endpoint().url
    assert (found == "http://variable:3") is (without is None)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "services = none",
            "services = none of the profile default: there is no such section in the config",
        ),
        ("services = empty", "services = empty of the profile default"),
        ("services = plain", "dynamodb of the section services plain is a value"),
        ("endpoint_url =\n  a = b", "endpoint_url of the profile default is a block"),
        ("region =\n  a = b", "region of the profile default is a block"),
    ],
)
def test_a_setting_that_cannot_be_followed_is_named(tmp_path, lines, message):
    """A section that is not there is a mistake, as for boto3."""
    services = "[services empty]\n[services plain]\ndynamodb = http://localhost:1\n"
    environ = Variables(written(tmp_path, f"{services}[default]\n{lines}\n"))
    with pytest.raises(dynamorm.ProfileUnusable, match=message):
        Config(None, None, None, environ).endpoint()


@pytest.mark.parametrize("title", ['profile "a b', "profile a b", "profiles", "a b"])
def test_a_heading_that_names_no_profile_is_passed_over(tmp_path, title):
    """As in botocore."""
    environ = Variables(written(tmp_path, f"[{title}]\nregion = eu-west-1\n"))
    with pytest.raises(dynamorm.ProfileUnusable, match="profile= names the profile 'a b'"):
        Config(None, None, "a b", environ).profile()
