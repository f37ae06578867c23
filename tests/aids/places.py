"""Environments and files of AWS, drawn; and where botocore's own client would go in them.

`PYTHONPATH=tests python -m aids.places 5000` draws as many, and says how many of them differ.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from botocore.awsrequest import AWSResponse
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader
from botocore.session import Session
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dynamorm.errors import DynamormError
from dynamorm.transports.http import HttpTransport

LOADER = Loader(include_default_search_paths=True)
LOADER.search_paths[:] = [Loader.BUILTIN_DATA_PATH]


class Found(NamedTuple):
    """Where a request goes, who signs it, and whom it trusts."""

    url: str
    region: str
    key: str
    token: str | None
    bundle: str


class Drawn(NamedTuple):
    """Arguments, variables, and files by their path under the home folder."""

    arguments: dict[str, str]
    environ: dict[str, str]
    files: dict[str, str]


@contextmanager
def world(drawn: Drawn, home: Path) -> Iterator[dict[str, str]]:
    """Write the files, and make the variables those of the process."""
    for path, text in drawn.files.items():
        (home / path).parent.mkdir(exist_ok=True)
        (home / path).write_text(text, encoding="utf-8")
    before = dict(os.environ)
    environ = {name: text.replace("@", str(home)) for name, text in drawn.environ.items()}
    os.environ.clear()
    os.environ.update(environ, HOME=str(home), AWS_EC2_METADATA_DISABLED="true")
    os.environ.update(PATH=before["PATH"])
    try:
        yield dict(os.environ)
    finally:
        os.environ.clear()
        os.environ.update(before)
        for path in drawn.files:
            (home / path).unlink()


def theirs(arguments: Mapping[str, str]) -> Found | None:
    """Let a client of botocore's send one request into a hook; None where it raises."""
    session = Session(profile=arguments.get("profile"))
    session.register_component("data_loader", LOADER)
    sent = []

    def keep(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {}, Raw())

    try:
        client = session.create_client(
            "dynamodb", arguments.get("region"), endpoint_url=arguments.get("endpoint")
        )
        client.meta.events.register("before-send.dynamodb", keep)
        client.list_tables()
    except (BotoCoreError, ValueError, RuntimeError, AttributeError):
        return None
    (request,) = sent
    if not client.meta.region_name:
        return None  # it would sign for no region at all
    scope = request.headers["Authorization"].decode().partition("Credential=")[2].split("/")
    token = request.headers.get("X-Amz-Security-Token")
    verify = client._endpoint.http_session._verify
    bundle = "" if verify is True else os.path.expanduser(verify)
    return Found(request.url, scope[2], scope[0], token and token.decode(), bundle)


class Raw:
    """The body of an empty answer."""

    def stream(self) -> Iterator[bytes]:
        yield b"{}"


def ours(arguments: Mapping[str, str], environ: Mapping[str, str] | None) -> Found | str:
    """What a transport would do, or the refusal."""
    transport = HttpTransport(**arguments, environ=environ)  # type: ignore[arg-type]
    try:
        endpoint = transport._here()
        place = transport._route(endpoint)
        used = transport._credentials.get()
    except DynamormError as error:
        return str(error)
    bundle = "" if place.bundle == usual_bundle() else place.bundle
    return Found(place.url + place.path, endpoint.region, used.access_key, used.token, bundle)


def usual_bundle() -> str:
    from certifi import where

    return where()


REGIONS = ("eu-west-1", "us-gov-west-1", "cn-north-1", "local", "us-iso-east-1")
URLS = (
    "http://localhost:8000", "http://localhost:8000/", "https://tables.example/v1/db",
    "http://127.0.0.1:1/a/", "https://dynamodb.eu-west-1.amazonaws.com",
)  # fmt: skip
FLAGS = ("true", "false", "True", "")
MODES = ("preferred", "required", "disabled", "Required")
ACCOUNTS = ("111122223333", "444455556666")
PROFILES = ("default", "work", "two words")
NAMED = (*PROFILES, *PROFILES, "nobody")
BUNDLES = ("/x/ca.pem", "~/ca.pem")


def sometimes(most: int, **values: tuple[str, ...]) -> st.SearchStrategy[dict[str, str]]:
    """Draw some of the names, each with one of its values."""
    names = st.lists(st.sampled_from(sorted(values)), unique=True, max_size=most)
    return names.flatmap(
        lambda chosen: st.fixed_dictionaries({n: st.sampled_from(values[n]) for n in chosen})
    )


ARGUMENTS = st.just({}) | sometimes(2, region=REGIONS, endpoint=URLS[:4], profile=NAMED)
PLACES = sometimes(
    5,
    AWS_PROFILE=NAMED,
    AWS_DEFAULT_PROFILE=NAMED,
    AWS_DEFAULT_REGION=(*REGIONS, ""),
    AWS_REGION=REGIONS,
    AWS_ENDPOINT_URL_DYNAMODB=(*URLS, ""),
    AWS_ENDPOINT_URL=(*URLS, ""),
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=FLAGS,
    AWS_USE_FIPS_ENDPOINT=FLAGS,
    AWS_USE_DUALSTACK_ENDPOINT=FLAGS,
    AWS_ACCOUNT_ID_ENDPOINT_MODE=(*MODES, "perhaps"),
    AWS_CA_BUNDLE=(*BUNDLES, ""),
    REQUESTS_CA_BUNDLE=(*BUNDLES, " "),
    AWS_CONFIG_FILE=("@/other/config", "~/other/config", "$HOME/other/config", "@/none", ""),
    AWS_SHARED_CREDENTIALS_FILE=("@/other/credentials", "@/none"),
)
USUAL = st.just({}) | st.sampled_from(REGIONS).map(lambda name: {"AWS_DEFAULT_REGION": name})
KEY = {"AWS_ACCESS_KEY_ID": "env", "AWS_SECRET_ACCESS_KEY": "env-secret"}
KEYS = sometimes(
    3,
    AWS_ACCESS_KEY_ID=("env", ""),
    AWS_SECRET_ACCESS_KEY=("env-secret", ""),
    AWS_SESSION_TOKEN=("env-token", ""),
    AWS_SECURITY_TOKEN=("env-other", ""),
    AWS_ACCOUNT_ID=(*ACCOUNTS, ""),
    AWS_CREDENTIAL_EXPIRATION=("2099-01-01T00:00:00Z", "2001-01-01T00:00:00Z"),
)
PROCESS = """printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"s"}' run"""
SETTINGS: dict[str, tuple[str, ...]] = {
    "region": (*REGIONS, ""),
    "endpoint_url": (*URLS, ""),
    "services": ("mine", "mine", "mine", "theirs", "theirs", "empty", "missing", "plain"),
    "ignore_configured_endpoint_urls": FLAGS,
    "use_fips_endpoint": FLAGS,
    "use_dualstack_endpoint": FLAGS,
    "account_id_endpoint_mode": MODES,
    "ca_bundle": (*BUNDLES, *BUNDLES, ""),
    "aws_account_id": ACCOUNTS,
    "aws_session_token": ("file-token",),
    "aws_security_token": ("file-other",),
    "s3": ("\n  addressing_style = path",),
}
SERVICES = """
[services mine]
dynamodb =
  endpoint_url = http://localhost:4566/mine
s3 =
  endpoint_url = http://localhost:1
[services theirs]
s3 =
  endpoint_url = http://localhost:1
[services empty]
[services plain]
dynamodb = http://localhost:2
"""


@st.composite
def files(draw: st.DrawFn, title: str) -> str:
    """Draw a file with sections of some profiles; a key has its secret, mostly."""
    text = ""
    for name in draw(st.lists(st.sampled_from(PROFILES), unique=True, min_size=1)):
        section = {"region": draw(st.sampled_from(REGIONS))} | draw(sometimes(4, **SETTINGS))
        kind = draw(st.sampled_from(["", *["static"] * 6, "half", "process"]))
        if kind in ("static", "half"):
            section["aws_access_key_id"] = f"{title[:1] or 'c'}-{name[:1]}"
        if kind == "static":
            section["aws_secret_access_key"] = "file-secret"
        if kind == "process":
            section["credential_process"] = PROCESS
        quoted = f'"{name}"' if " " in name and title else name
        heading = name if name == "default" else f"{title} {quoted}".strip()
        lines = "".join(f"{key} = {value}\n" for key, value in section.items())
        text += f"[{heading}]\n{lines}"
    return text


@st.composite
def drawn_places(draw: st.DrawFn) -> Drawn:
    written = {}
    for folder in (".aws", "other"):
        if draw(st.integers(0, 3)):
            written[f"{folder}/config"] = draw(files("profile")) + SERVICES
        if draw(st.booleans()):
            written[f"{folder}/credentials"] = draw(files(""))
    keys = draw(
        st.just({}) | KEYS | KEYS.map(lambda few: few | KEY) | KEYS.map(lambda few: few | KEY)
    )
    return Drawn(draw(ARGUMENTS), draw(USUAL) | draw(PLACES) | keys, written)


def main(draws: int) -> Counter[str]:
    """Judge so many draws, and count."""
    seen: Counter[str] = Counter()

    @settings(max_examples=draws, deadline=None, database=None, phases=[Phase.generate])
    @given(drawn_places())
    def judge(drawn: Drawn) -> None:
        with world(drawn, home):
            wanted, found = theirs(drawn.arguments), ours(drawn.arguments, None)
        seen["drawn"] += 1
        seen["botocore refuses"] += wanted is None
        seen["judged"] += wanted is not None
        seen["differ"] += wanted is not None and found != wanted
        if wanted is not None:
            seen["of an account"] += ".ddb." in wanted.url
            seen["keys of a file or process"] += wanted.key != "env"
            seen["with a bundle"] += wanted.bundle != ""

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    with TemporaryDirectory() as folder:
        home = Path(folder)
        judge()
    return seen


if __name__ == "__main__":
    for count, number in main(int(sys.argv[1])).items():
        sys.stdout.write(f"{number:6} {count}\n")
