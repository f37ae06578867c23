"""Forks, Ctrl-C and the interpreter's end, in the middle of what goes on over sockets.

Each program is run by a Python of its own, in which every warning is an error: a socket that was
not closed, or a thread that ended badly, would show in what it prints.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from aids.httpserver import Request, Server, answer
from msgspec import json

both = pytest.mark.parametrize(
    "transport", [pytest.param("botocore", marks=pytest.mark.once), "http"]
)

TABLE = {
    "TableStatus": "ACTIVE",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
}


def operation(request: Request) -> str:
    return request.headers["x-amz-target"].partition(".")[2]


@pytest.fixture
def endless() -> Iterator[Server]:
    """A service whose tables have no end, so that no copy comes to its own."""
    numbers = count()

    def turn(request: Request) -> bytes:
        if operation(request) == "BatchWriteItem":
            return answer({"UnprocessedItems": {}})
        if operation(request) == "DescribeTable":
            return answer({"Table": {**TABLE, **json.decode(request.body)}})
        item = {"id": {"S": str(next(numbers))}}
        page = {"Items": [item], "Count": 1, "ScannedCount": 1, "LastEvaluatedKey": item}
        return answer(page)

    with Server(turn) as server:
        yield server


CONNECTED = """
import atexit, os, signal, sys, threading, warnings
from contextlib import suppress
import dynamorm

url, transport = sys.argv[1:]
key = dynamorm.Credentials("key", "secret")
db = dynamorm.connect("eu-west-1", endpoint=url, credentials=key, transport=transport)
copying = threading.Event()


class Enough(Exception):
    pass


def some(report):
    if report.written:
        raise Enough


def copy(source="one", progress=lambda report: copying.set()):
    with suppress(Enough):
        db.copy_table(source, "two", segments=4, progress=progress)

"""


def started(code: str | Path, *given: str) -> subprocess.Popen[str]:
    program = [str(code)] if isinstance(code, Path) else ["-c", CONNECTED + code]
    command = [sys.executable, "-X", "dev", "-W", "error", *program, *given]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Give how a program has ended: its status, and what it has printed."""
    with process:
        try:
            printed = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, *printed


@both
@pytest.mark.parametrize("used", [False, True])
def test_after_a_fork_parent_and_child_go_on(endless: Server, transport: str, used: bool) -> None:
    """Connected before, used before or not: both copy, each over connections of its own."""
    code = f"""
if {used}:
    db.describe_table("before")
child = os.fork()
name = "parent" if child else "child"
db.describe_table(name)
copy(name, progress=some)
db.close()
sys.exit(os.waitpid(child, 0)[1] if child else 0)
"""
    assert ended(started(code, endless.url, transport)) == (0, "", "")
    of = {
        name: {r.connection for r in endless.requests if f'"{name}"'.encode() in r.body}
        for name in ("parent", "child")
    }
    assert all(of.values())
    assert not of["parent"] & of["child"]


@both
def test_a_fork_in_the_middle_of_a_copy(endless: Server, transport: str) -> None:
    """The child, where none of the threads is, sends; the parent's copy goes on."""
    code = """
def progress(report):
    copying.set()
    if over.is_set():
        some(report)

over = threading.Event()
thread = threading.Thread(target=copy, kwargs={"progress": progress})
thread.start()
copying.wait()
for _ in range(5):
    with warnings.catch_warnings():
        # Python 3.12 and later: what is held by a thread at the fork stays held in the child.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        assert db.describe_table("child").table_status == "ACTIVE"
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
over.set()
thread.join()
db.close()
"""
    assert ended(started(code, endless.url, transport)) == (0, "", "")
    assert sum(b'"child"' in request.body for request in endless.requests) == 5


MODULE = """
import multiprocessing, sys
import dynamorm

url, transport, method = sys.argv[1:]
key = dynamorm.Credentials("key", "secret")
db = dynamorm.connect("eu-west-1", endpoint=url, credentials=key, transport=transport)

class Enough(Exception):
    pass

def progress(report):
    if report.written:
        raise Enough

def work(segment):
    try:
        with db:
            db.copy_segment("one", "two", segment=segment, of=2, progress=progress)
    except Enough:
        return "enough"

if __name__ == "__main__":
    context = multiprocessing.get_context(method)
    with db:
        db.describe_table("one")
        with context.Pool(2) as pool:
            print(pool.map(work, range(2)))
            pool.close()
            pool.join()
"""


@both
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_of_a_pool_copy_a_segment_each(
    endless: Server, tmp_path: Path, transport: str, method: str
) -> None:
    """However they are started: with what the parent has, or with nothing of it."""
    program = tmp_path / "program.py"
    program.write_text(MODULE)
    process = started(program, endless.url, transport, method)
    assert ended(process) == (0, "['enough', 'enough']\n", "")


INTERRUPTED = """
# A shell has its background jobs ignore it, and what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
before = threading.active_count()
try:
    with db:
        copy(progress=lambda report: print("copying", flush=True))
except KeyboardInterrupt:
    print("interrupted with", threading.active_count() - before, "threads left", flush=True)
    raise
"""


@both
def test_ctrl_c_ends_a_copy_in_threads(endless: Server, transport: str) -> None:
    """The process ends as Python does at Ctrl-C, its threads first, with one traceback."""
    process = started(INTERRUPTED, endless.url, transport)
    assert process.stdout is not None
    assert process.stdout.readline() == "copying\n"
    process.send_signal(signal.SIGINT)
    status, printed, errors = ended(process)
    assert status == -signal.SIGINT
    assert printed.replace("copying\n", "") == "interrupted with 0 threads left\n"
    assert errors.count("Traceback") == 1
    assert errors.splitlines()[-1].startswith("KeyboardInterrupt: interrupted: pass this ")


ENDS = {
    "the main thread ends while a daemon copies": """
threading.Thread(target=copy, daemon=True).start()
copying.wait()
""",
    "the main thread exits while a daemon copies": """
threading.Thread(target=copy, daemon=True).start()
copying.wait()
sys.exit(3)
""",
    "the database is closed at the end, while a daemon copies": """
atexit.register(db.close)
threading.Thread(target=copy, daemon=True).start()
copying.wait()
""",
    "a callback in a segment's thread exits": """
with db:
    copy(progress=lambda report: sys.exit(3))
""",
}


@both
@pytest.mark.parametrize("end", ENDS)
def test_the_interpreter_ends_in_the_middle_of_a_copy(
    endless: Server, transport: str, end: str
) -> None:
    """It neither hangs nor complains, and has the status that it was given."""
    code = ENDS[end]
    status = 3 if "sys.exit(3)" in code else 0
    assert ended(started(code, endless.url, transport)) == (status, "", "")


LATE = """
def late(main):
    with db:
        main.join()
        copy(progress=some)
threading.Thread(target=late, args=[threading.current_thread()]).start()
"""


@both
def test_a_copy_that_begins_when_the_main_thread_has_ended(endless: Server, transport: str) -> None:
    """The process lasts as long as the thread that copies, which is not told to do without."""
    if (3, 12) <= sys.version_info < (3, 12, 2):
        pytest.skip("this Python starts no thread when its main one has ended (gh-113964)")
    assert ended(started(LATE, endless.url, transport)) == (0, "", "")
