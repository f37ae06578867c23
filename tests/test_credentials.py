"""Where credentials come from, in which order, and that they are told to nobody."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone

import pytest
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ClientError, CredentialRetrievalError

from dynamorm.credentials import Credentials, CredentialSource, profile_region
from dynamorm.errors import CredentialsMissing

ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "env", "AWS_SECRET_ACCESS_KEY": "env-secret"}


def never():
    raise AssertionError("the resolver was asked")


def nobody():
    return None


def facts(credentials) -> tuple[str, str, str | None]:
    return credentials.access_key, credentials.secret_key, credentials.token


class Refresher:
    """Gives botocore credentials that last for `seconds`, numbered by the refresh they are from."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.refreshed = 0

    def __call__(self) -> dict[str, str]:
        self.refreshed += 1
        return {
            "access_key": f"key-{self.refreshed}",
            "secret_key": f"secret-{self.refreshed}",
            "token": f"token-{self.refreshed}",
            "expiry_time": (
                datetime.now(timezone.utc) + timedelta(seconds=self.seconds)
            ).isoformat(),
        }

    def made(self) -> RefreshableCredentials:
        return RefreshableCredentials.create_from_metadata(self(), self, "test")


def test_what_is_given_comes_first():
    """An argument is taken whatever the environment says."""
    source = CredentialSource(Credentials("mine", "my-secret", "my-token"), ENVIRONMENT, never)
    assert facts(source.get()) == ("mine", "my-secret", "my-token")


def test_a_function_is_asked_for_every_request():
    """So that it can rotate what it gives."""
    keys = iter(["one", "two"])
    source = CredentialSource(lambda: Credentials(next(keys), "secret"), ENVIRONMENT, never)
    assert [source.get().access_key, source.get().access_key] == ["one", "two"]


def test_botocores_credentials_can_be_given():
    """Whatever has the three attributes will do."""
    source = CredentialSource(BotocoreCredentials("theirs", "secret"), {}, never)
    assert facts(source.get()) == ("theirs", "secret", None)


@pytest.mark.parametrize(("token", "expected"), [("", None), ("session", "session")])
def test_the_environment_comes_before_the_resolver(token, expected):
    """As in Lambda; an empty session token is none."""
    source = CredentialSource(None, ENVIRONMENT | {"AWS_SESSION_TOKEN": token}, never)
    assert facts(source.get()) == ("env", "env-secret", expected)


def test_the_resolver_is_asked_when_nothing_else_is_there():
    """Empty variables count as missing, and what was found is kept."""
    found = iter([BotocoreCredentials("found", "secret")])
    empty = dict.fromkeys(ENVIRONMENT, "")
    source = CredentialSource(None, empty, lambda: next(found))
    assert [source.get().access_key, source.get().access_key] == ["found", "found"]


@pytest.mark.parametrize(("there", "missing"), [tuple(ENVIRONMENT), tuple(reversed(ENVIRONMENT))])
def test_half_an_environment_is_refused(there, missing):
    """One variable without the other is a mistake, and the message says which to set."""
    source = CredentialSource(None, {there: "x", missing: ""}, never)
    with pytest.raises(CredentialsMissing, match=f"{there} is set and {missing} is not: set both"):
        source.get()


def test_nothing_anywhere_says_what_to_do():
    """Environment, profile and argument are named, and what an emulator takes."""
    with pytest.raises(CredentialsMissing) as caught:
        CredentialSource(None, {}, nobody).get()
    for way in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "connect(credentials=", '("local", "local")'):
        assert way in str(caught.value)


def test_a_machine_without_credentials_has_none():
    """The resolver of botocore is asked, and its nothing is ours."""
    with pytest.raises(CredentialsMissing, match="no credentials"):
        CredentialSource(None, {}).get()


def test_a_profile_gives_credentials_and_region(monkeypatch, tmp_path):
    """Shared configuration files are read by botocore, as for boto3."""
    config = tmp_path / "config"
    config.write_text(
        "[profile work]\nregion = eu-north-1\n"
        "aws_access_key_id = from-file\naws_secret_access_key = secret\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert CredentialSource(None, {}).get().access_key == "from-file"
    assert profile_region() == "eu-north-1"


def test_a_profile_that_is_not_there_is_named(monkeypatch):
    """A look-up that fails says why, and gives no region."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(CredentialsMissing, match=r"looking for credentials failed: .*\(nobody\)"):
        CredentialSource(None, {}).get()
    assert profile_region() is None


def test_the_resolver_is_not_imported_before_it_is_needed():
    """With credentials in the environment, botocore is not even loaded."""
    code = """
import sys
from dynamorm.credentials import CredentialSource
CredentialSource(None, {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}).get()
sys.exit("botocore" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_botocore_what_is_missing_is_said(monkeypatch):
    """A package may do without it, if argument, environment or container has credentials."""
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(CredentialsMissing, match=r"without botocore no profile .* pip install"):
        CredentialSource(None, {}).get()
    assert profile_region() is None
    assert CredentialSource(None, ENVIRONMENT).get().access_key == "env"


def test_refreshable_credentials_are_refreshed_when_they_expire():
    """Each request signs with what is valid at that moment; what is not expired is left alone."""
    lasting, fleeting = Refresher(3600), Refresher(60)
    for refresher, expected in ((lasting, "key-1"), (fleeting, "key-2")):
        credentials = refresher.made()
        assert CredentialSource(credentials, {}).get().access_key == expected


def test_what_is_signed_with_is_of_one_moment():
    """Key, secret and token stay together while a refresh goes on behind them."""
    refresher = Refresher(60)
    source = CredentialSource(refresher.made(), {})
    first = source.get()
    second = source.get()
    assert facts(first) == ("key-2", "secret-2", "token-2")
    assert facts(second) == ("key-3", "secret-3", "token-3")


@pytest.mark.parametrize(
    "failure",
    [
        CredentialRetrievalError(provider="sso", error_msg="the session has ended"),
        ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole"),
        RuntimeError(
            "Credentials were refreshed, but the refreshed credentials are still expired."
        ),
    ],
)
def test_a_refresh_that_fails_is_one_of_our_errors(failure):
    """Expired single sign-on, a role that may not be assumed: nothing was sent, and it says why."""

    def refresh():
        raise failure

    expired = Refresher(-1)()
    credentials = RefreshableCredentials.create_from_metadata(expired, refresh, "test")
    with pytest.raises(CredentialsMissing, match="refreshing the credentials failed") as caught:
        CredentialSource(credentials, {}).get()
    assert caught.value.__cause__ is failure


def test_what_was_found_can_be_forgotten():
    """After a refusal the environment, or the resolver, is asked again."""
    environ = dict(ENVIRONMENT)
    source = CredentialSource(None, environ, never)
    assert source.get().access_key == "env"
    environ["AWS_ACCESS_KEY_ID"] = "rotated"
    assert source.get().access_key == "env"
    assert source.forget()
    assert source.get().access_key == "rotated"


def test_what_was_given_is_not_forgotten():
    """An object stays; a function is asked anew in any case."""
    given = Credentials("given", "secret")
    assert not CredentialSource(given, {}).forget()
    assert CredentialSource(lambda: given, {}).forget()


def test_threads_look_up_once():
    """A start with many threads does not ask the instance's metadata once for each."""
    looked_up = []
    together = threading.Barrier(8)

    def resolve():
        looked_up.append(1)
        return Credentials("found", "secret")

    source = CredentialSource(None, {}, resolve)

    def get():
        together.wait()
        source.get()

    threads = [threading.Thread(target=get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looked_up) == 1


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("", "secret", None), "access_key"),
        (("key\n", "secret", None), "access_key"),
        (("key", None, None), "secret_key"),
        (("key", "a secret", None), "secret_key"),
        (("key", "secret", "hidden\r\nX-Other: header"), "token"),
        (("key", "secret", "hiddén"), "token"),
        (("key", "secret", b"hidden"), "token"),
    ],
)
def test_what_cannot_stand_in_a_header_is_refused_without_showing_it(parts, name):
    """A line break at the end, as of a file, would end up in the HTTP library's error text."""
    with pytest.raises(CredentialsMissing, match=f"no usable {name}") as caught:
        CredentialSource(Credentials(*parts), {}).get()
    assert "hid" not in str(caught.value)


def test_a_function_that_gives_nothing_is_refused():
    """The same message says what is missing."""
    with pytest.raises(CredentialsMissing, match="no usable access_key"):
        CredentialSource(nobody, {}).get()


def test_no_repr_shows_credentials():
    """Not of the credentials, and not of what holds them."""
    given = Credentials("the-key", "the-secret", "the-token")
    shown = repr(given) + repr(CredentialSource(given, {})) + str(given)
    assert "the-" not in shown
