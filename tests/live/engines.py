"""The DynamoDBs of others: how each is had, started on a free port of loopback, and stopped.

Which are run says DYNAMORM_ENGINES, names with commas between; DYNAMORM_ENDPOINT adds any endpoint
(a URL, or "aws" for what the environment's region and credentials stand for).
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from aids import emulator

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".tox" / "engines"
"""Kept from run to run; each engine and version in a folder of its own."""


class NotHere(Exception):
    """Why an engine cannot be had on this machine."""


@contextmanager
def dynoxide() -> Iterator[str]:
    package = "@dynoxide/linux-x64"
    with _serving([str(_npm(package) / package / "dynoxide"), "--host", "127.0.0.1"]) as url:
        yield url


@contextmanager
def dynalite() -> Iterator[str]:
    """Tables stay CREATING, UPDATING and DELETING for a while, as the service's do."""
    states = [f"--{change}TableMs={MILLISECONDS}" for change in ("create", "update", "delete")]
    program = str(_npm("dynalite") / ".bin" / "dynalite")
    with _serving([program, "--host", "127.0.0.1", *states]) as url:
        yield url


MILLISECONDS = 100


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """Statuses change as slowly as the service's: a new index takes half a minute."""
    jars = _maven()
    command = [
        _program("java"),
        f"-Djava.library.path={jars}",
        "-cp",
        f"{jars}/*",
        "software.amazon.dynamodb.services.local.main.ServerRunner",
        "-inMemory",
        "-delayTransientStatuses",
        "-disableTelemetry",
    ]
    with _serving(command, port="-port") as url:
        yield url


@contextmanager
def endpoint() -> Iterator[str | None]:
    given = os.environ["DYNAMORM_ENDPOINT"]
    yield None if given == "aws" else given


ENGINES: dict[str, Callable[[], AbstractContextManager[str | None]]] = {
    "dynoxide": dynoxide,
    "moto": emulator.moto,
    "dynalite": dynalite,
    "dynamodb-local": dynamodb_local,
    "endpoint": endpoint,
}

DEFAULT = "dynoxide,moto,dynalite"


def chosen() -> list[str]:
    """Name the engines of this run."""
    names = os.environ.get("DYNAMORM_ENGINES", DEFAULT).split(",")
    return names + ["endpoint"] * ("DYNAMORM_ENDPOINT" in os.environ)


def _npm(package: str) -> Path:
    """Install one of the packages of package.json; give the folder that it is in."""
    version = json.loads((HERE / "package.json").read_text())["dependencies"][package]
    folder = INSTALLED / f"{package.replace('/', '-')}-{version}"
    options = ["--no-audit", "--no-fund", "--no-save", "--prefix", str(folder)]
    _install([_program("npm"), "install", *options, f"{package}@{version}"], folder)
    return folder / "node_modules"


def _maven() -> Path:
    folder = INSTALLED / "dynamodb-local"
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
    _install([_program("mvn"), "-q", "-B", "-f", str(HERE / "pom.xml"), *goal], folder)
    return folder


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NotHere(f"{name} is not installed")
    return found


def _install(command: Sequence[str], folder: Path) -> None:
    done = folder / "installed"
    if done.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise NotHere(f"{Path(command[0]).name} could not install it: {error}") from error
    done.touch()


@contextmanager
def _serving(command: Sequence[str], port: str = "--port") -> Iterator[str]:
    """Run a server on a free port, give its URL once it answers, and stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    url = f"http://127.0.0.1:{number}"
    with subprocess.Popen([*command, port, str(number)], cwd=INSTALLED, **quiet) as process:
        try:
            _wait_for(url, process)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(2400):
        if process.poll() is not None:
            raise NotHere(f"it ended with {process.returncode} when it was started")
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            time.sleep(0.05)
            continue
        return
    raise NotHere("it did not answer within two minutes")
