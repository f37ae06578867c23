"""Where credentials come from, in which order, and that they are told to nobody."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
import traceback
from contextlib import suppress
from datetime import datetime, timedelta, timezone

import pytest
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ClientError, CredentialRetrievalError

from dynamorm.errors import CredentialsMissing, EndpointUnknown, ProfileUnusable
from dynamorm.transports import Credentials, Variables
from dynamorm.transports.credential_source import CredentialSource
from dynamorm.transports.signed import Config

ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "env", "AWS_SECRET_ACCESS_KEY": "env-secret"}


def never():
    raise AssertionError("the resolver was asked")


def nobody():
    return None


def chained(profile=None, environ=None) -> CredentialSource:
    """What a transport in eu-west-1 finds."""
    config = Config("eu-west-1", None, profile, Variables(environ))
    return CredentialSource(None, config.environ, config.look_up_credentials, config.profile)


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


def test_half_an_environment_is_refused():
    """A key without a secret is a mistake, and the message says which to set."""
    source = CredentialSource(None, {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": ""}, never)
    with pytest.raises(CredentialsMissing) as caught:
        source.get()
    assert caught.value.text == (
        "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not: set both or neither"
    )


def test_a_secret_without_a_key_is_none():
    """As in boto3, which asks the next source."""
    found = CredentialSource(
        None, {"AWS_SECRET_ACCESS_KEY": "x"}, lambda: Credentials("next", "s")
    ).get()
    assert found.access_key == "next"


@pytest.mark.parametrize(("ends", "good"), [("2100-01-01T00:00:00Z", True), ("2001-01-01", False)])
def test_an_environment_may_say_when_it_expires(ends, good):
    """It is read again for each request, and refused when it is too late."""
    environ = ENVIRONMENT | {"AWS_CREDENTIAL_EXPIRATION": f"{ends[:10]}T00:00:00Z"}
    source = CredentialSource(None, environ, never)
    if good:
        assert source.get().access_key == "env"
        environ["AWS_ACCESS_KEY_ID"] = "renewed"
        assert source.get().access_key == "renewed"
    else:
        with pytest.raises(CredentialsMissing) as caught:
            source.get()
        assert caught.value.text == (
            "the credentials in the environment have expired (AWS_CREDENTIAL_EXPIRATION): renew "
            "them"
        )


@pytest.mark.parametrize(
    ("variable", "name"),
    [("AWS_ACCESS_KEY_ID", "access_key"), ("AWS_SECRET_ACCESS_KEY", "secret_key")],
)
def test_a_key_that_the_environment_has_lost_is_missed(variable, name):
    """Between two requests, where it is read for each."""
    environ = ENVIRONMENT | {"AWS_CREDENTIAL_EXPIRATION": "2100-01-01T00:00:00Z"}
    source = CredentialSource(None, environ, never)
    source.get()
    del environ[variable]
    with pytest.raises(CredentialsMissing, match=f"no usable {name}"):
        source.get()


def test_an_end_that_is_no_moment_is_refused():
    """By the name of its variable."""
    source = CredentialSource(None, ENVIRONMENT | {"AWS_CREDENTIAL_EXPIRATION": "soon"}, never)
    with pytest.raises(CredentialsMissing) as caught:
        source.get()
    assert caught.value.text == (
        "AWS_CREDENTIAL_EXPIRATION is not a time: write 2026-11-26T02:30:00Z, or unset it"
    )


def test_the_older_name_of_the_token_comes_first():
    """As in botocore."""
    environ = ENVIRONMENT | {"AWS_SESSION_TOKEN": "one", "AWS_SECURITY_TOKEN": "other"}
    assert CredentialSource(None, environ, never).get().token == "other"


def test_an_account_comes_with_the_credentials():
    """From the environment, and from botocore where it knows it; nobody has to name one."""
    source = CredentialSource(None, ENVIRONMENT | {"AWS_ACCOUNT_ID": "111122223333"}, never)
    assert source.account() == "111122223333"
    assert CredentialSource(Theirs(), {}).account() == "111122223333"
    assert CredentialSource(NoAccount(), {}).account() is None


class NoAccount:
    """What older versions of botocore give."""

    def __init__(self) -> None:
        self.access_key, self.secret_key, self.token = "key", "secret", "token"


class Theirs(NoAccount):
    """What newer ones give; it may be rotated in place."""

    def __init__(self) -> None:
        super().__init__()
        self.account_id = "111122223333"


@pytest.mark.parametrize("kind", [NoAccount, Theirs])
@pytest.mark.parametrize("token", ["token", "", None])
def test_what_has_not_changed_stays_one_object(kind, token):
    """The signing key, which is kept with it, is derived once."""
    given = kind()
    given.token = token
    source = CredentialSource(lambda: given, {})
    assert source.get() is source.get()


@pytest.mark.parametrize("name", ["access_key", "secret_key", "token", "account_id"])
def test_each_part_that_changes_is_signed_with(name):
    """Though the object is the same."""
    given = Theirs()
    source = CredentialSource(given, {})
    source.get()
    setattr(given, name, "changed")
    assert getattr(source.get(), name) == "changed"


@pytest.mark.parametrize("name", ["token", "account_id"])
def test_a_part_that_may_be_missing_is_missed_by_nobody(name):
    """Not when it has been there before, either."""
    given = Theirs()
    source = CredentialSource(given, {})
    source.get()
    delattr(given, name)
    assert getattr(source.get(), name) is None


@pytest.mark.parametrize("name", ["access_key", "secret_key"])
def test_a_part_that_is_not_there_any_more_is_missed(name):
    """By the error that names it, and by no other."""
    given = Theirs()
    source = CredentialSource(given, {})
    source.get()
    delattr(given, name)
    with pytest.raises(CredentialsMissing, match=f"no usable {name}"):
        source.get()


@pytest.mark.parametrize("token", ["", None])
def test_an_empty_token_is_none(token):
    """No header is sent for it, whoever gives it."""
    assert Credentials("k", "s", token).token is None
    assert CredentialSource(BotocoreCredentials("k", "s", token), {}).get().token is None


def test_nothing_anywhere_says_what_to_do():
    """Environment, profile and argument are named, and what an emulator takes."""
    with pytest.raises(CredentialsMissing) as caught:
        CredentialSource(None, {}, nobody).get()
    assert caught.value.text == (
        "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile in "
        "AWS_PROFILE or profile=, or pass connect(credentials=...); emulators take "
        'Credentials("local", "local")'
    )


def test_a_machine_without_credentials_has_none():
    """The resolver of botocore is asked, and its nothing is ours."""
    with pytest.raises(CredentialsMissing, match="no credentials"):
        chained().get()


@pytest.fixture
def config_file(monkeypatch, tmp_path):
    """Write a configuration file, and name it."""

    def write(text):
        path = tmp_path / "config"
        path.write_text(text)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(path))

    return write


STATIC = "aws_access_key_id = {}\naws_secret_access_key = secret\n"


def test_a_profile_gives_credentials(monkeypatch, config_file):
    """Shared configuration files are read by botocore, as for boto3; `profile=` comes first."""
    config_file(f"[profile work]\n{STATIC.format('a')}[profile home]\n{STATIC.format('b')}")
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert chained().get().access_key == "a"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "env")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "env-secret")
    assert chained().get().access_key == "env"
    assert chained("home").get().access_key == "b"
    home = {"AWS_PROFILE": "home", "AWS_CONFIG_FILE": os.environ["AWS_CONFIG_FILE"]}
    assert chained(environ=home).get().access_key == "b"


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "profile="])
def test_a_profile_that_is_not_there_is_named(monkeypatch, name):
    """With what names it; both handlers catch it."""
    given = {} if name == "profile=" else {name: "nobody"}
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(ProfileUnusable, match=f"^{name} names the profile 'nobody'") as caught:
        chained(None if given else "nobody").get()
    assert isinstance(caught.value, CredentialsMissing | EndpointUnknown)


SECRET = "hidden-in-an-error"
PRINTED = f"credential_process = echo {SECRET}"
CHAINS = {
    "a process that prints no JSON": (PRINTED, "credential_process"),
    "a process that prints JSON of another kind": (
        f'credential_process = printf \'{{"Version":1,"SecretAccessKey":"{SECRET}"}}\'',
        "credential_process",
    ),
    "a process that is not there": ("credential_process = /nowhere/to/run", "credential_process"),
    "a process with an open quote": ('credential_process = "run', "credential_process"),
    "SSO without a login": (
        "sso_start_url = https://a.example\nsso_region = a\nsso_account_id = 1\nsso_role_name = b",
        "sso_start_url",
    ),
    "SSO of a session that is not there": (
        "sso_session = none\nsso_account_id = 1\nsso_role_name = reader",
        "sso_session",
    ),
    "half a web identity": ("web_identity_token_file = /nowhere", "web_identity_token_file"),
    "a web identity without its file": (
        "web_identity_token_file = /nowhere\nrole_arn = arn:aws:iam::111122223333:role/a",
        "role_arn",
    ),
    "a role whose source is not there": (
        "role_arn = arn:aws:iam::111122223333:role/a\nsource_profile = nobody",
        "role_arn",
    ),
    "half a key": ("aws_access_key_id = a", "aws_access_key_id"),
}


@pytest.mark.parametrize("kind", CHAINS)
def test_every_failure_of_the_chain_is_ours_and_names_the_setting(config_file, kind):
    """What a provider met is not handed on: its object and its frames hold what it has read."""
    settings, name = CHAINS[kind]
    config_file(f"[profile work]\n{settings}\n")
    with pytest.raises(CredentialsMissing, match=f"^{name} of the profile work") as caught:
        chained("work").get()
    error = caught.value
    mine = error.__traceback__.tb_next  # without this test's own variables
    shown = traceback.TracebackException(type(error), error, mine, capture_locals=True)
    assert SECRET not in "".join(shown.format())
    assert error.__cause__ is error.__context__ is None


def test_a_web_identity_in_a_variable_is_named(monkeypatch):
    """Where no profile says anything."""
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/a")
    with pytest.raises(CredentialsMissing, match=r"^AWS_WEB_IDENTITY_TOKEN_FILE gave"):
        chained().get()


def test_the_resolver_is_not_imported_before_it_is_needed():
    """With credentials in the environment, botocore is not even loaded."""
    code = """
import sys
from dynamorm.transports.http import HttpTransport
environ = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
HttpTransport(environ=environ)._credentials.get()
sys.exit("botocore" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_botocore_what_is_missing_is_said(monkeypatch, config_file):
    """A package may do without it, if argument, environment or container has credentials."""
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(CredentialsMissing, match=r"without botocore no profile .* pip install"):
        chained().get()
    config_file("[profile work]\nrole_arn = a\n")
    with pytest.raises(CredentialsMissing, match=r"^role_arn of .* work needs boto"):
        chained("work").get()
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
        KeyError("hidden"),
    ],
)
def test_a_refresh_that_fails_is_one_of_our_errors(failure):
    """Expired single sign-on, a role that may not be assumed: nothing was sent, and it says why."""

    def refresh():
        raise failure

    expired = Refresher(-1)()
    credentials = RefreshableCredentials.create_from_metadata(expired, refresh, "test")
    with pytest.raises(CredentialsMissing, match="credentials= gave no credentials: ") as caught:
        CredentialSource(credentials, {}).get()
    told = type(failure).__module__.startswith("botocore") or isinstance(failure, RuntimeError)
    assert (str(failure) if told else type(failure).__name__) in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_what_was_found_can_be_forgotten():
    """After a refusal the environment, or the resolver, is asked again."""
    environ = dict(ENVIRONMENT)
    source = CredentialSource(None, environ, never)
    used = source.get()
    assert used.access_key == "env"
    environ["AWS_ACCESS_KEY_ID"] = "rotated"
    assert source.get().access_key == "env"
    assert source.forget(used)
    assert source.get().access_key == "rotated"
    # A slower thread was refused with the old ones.
    environ["AWS_ACCESS_KEY_ID"] = "not looked for"
    assert source.forget(used)
    assert source.get().access_key == "rotated"


def test_what_was_given_is_not_forgotten():
    """An object stays; a function is asked anew in any case."""
    given = Credentials("given", "secret")
    fixed, asked = CredentialSource(given, {}), CredentialSource(lambda: given, {})
    assert not fixed.forget(fixed.get())
    assert asked.forget(asked.get())
    assert fixed.get().access_key == asked.get().access_key == "given"


def test_threads_look_up_once():
    """A start with many threads does not ask the instance's metadata once for each."""
    looked_up = []
    together, two_look = threading.Barrier(8), threading.Barrier(2)

    def resolve():
        looked_up.append(1)
        # Looking takes a while, in which a second thread would come here too.
        with suppress(threading.BrokenBarrierError):
            two_look.wait(timeout=0.3)
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
    with pytest.raises(CredentialsMissing) as caught:
        CredentialSource(Credentials(*parts), {}).get()
    assert caught.value.text == (
        f"the credentials have no usable {name}: it must be a string of one character or more, "
        "without spaces and line breaks"
    )


def test_a_function_that_gives_nothing_is_refused():
    """The same message says what is missing."""
    with pytest.raises(CredentialsMissing, match="no usable access_key"):
        CredentialSource(nobody, {}).get()


def test_no_repr_shows_credentials():
    """Not of the credentials, and not of what holds them."""
    given = Credentials("the-key", "the-secret", "the-token")
    shown = repr(given) + repr(CredentialSource(given, {})) + str(given)
    assert "the-" not in shown


def test_credentials_are_copied_and_never_pickled():
    """Whoever reads a pickle would have them: the error says what to pass instead."""
    given = Credentials("the-key", "the-secret", "the-token", account_id="1")
    for made in (copy.copy(given), copy.deepcopy(given)):
        assert facts(made) == facts(given)
        assert made.account_id == "1"
        assert made is not given
    assert copy.copy(Credentials("the-key", "the-secret", account_id="")).account_id is None
    with pytest.raises(TypeError, match="profile=, the environment, or a module-level"):
        pickle.dumps(given)


def test_what_another_thread_has_dropped_meanwhile_is_not_the_latest():
    """A slow function of botocore's may give what was refused in the meantime."""
    source = CredentialSource(None, {}, lambda: slow)
    keys = iter(["old", "new", "newer"])

    def slow():
        found = Credentials(next(keys), "secret")
        if found.access_key == "new":
            assert source.forget(first)
        return found

    first = source.get()
    assert source.get().access_key == "new"
    assert source.account() is None
    assert source._latest is not None
    assert source._latest.access_key == "newer"


def test_variables_are_a_mapping():
    """Those of the process, or those that are given in their place."""
    given = Variables({"A": "1", "B": "2"})
    assert (dict(given), len(given), given["A"]) == ({"A": "1", "B": "2"}, 2, "1")
    assert (given.get("C"), given.get("C", "3"), given.of_process) == (None, "3", False)
    assert Variables().of_process
    assert Variables()["AWS_CONFIG_FILE"] == os.environ["AWS_CONFIG_FILE"]
