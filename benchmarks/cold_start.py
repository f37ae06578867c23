"""What a fresh process pays until it has its first answer: CPU and wall time of each contender.

A contender imports what it is, builds its client and gets one DescribeTable answer from a server
on loopback (`canned.py`). It finds nothing installed but what it needs (`packages.py`), compiled
beforehand. Rounds are interleaved; figures are medians, net of a bare interpreter's.

    python benchmarks/cold_start.py [--rounds 25] [--json FILE]
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import tempfile
import time
import venv
from collections.abc import Collection
from pathlib import Path
from typing import Any

from packages import build
from runs import ENVIRONMENT, options, serving

FLOOR = """
import hmac, socket, time
from hashlib import sha256
import msgspec

class Table(msgspec.Struct, rename="pascal"):
    table_name: str
    table_status: str

class Answer(msgspec.Struct, rename="pascal"):
    table: Table

def mac(key, text):
    return hmac.digest(key, text.encode(), "sha256")

body = msgspec.json.encode({"TableName": "table"})
now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
target = "DynamoDB_20120810.DescribeTable"
scope = f"{now[:8]}/us-east-1/dynamodb/aws4_request"
names = "host;x-amz-date;x-amz-target"
host = URL.removeprefix("http://")
request = f"POST\\n/\\n\\nhost:{host}\\nx-amz-date:{now}\\nx-amz-target:{target}\\n\\n{names}\\n"
request += sha256(body).hexdigest()
text = f"AWS4-HMAC-SHA256\\n{now}\\n{scope}\\n{sha256(request.encode()).hexdigest()}"
key = b"AWS4benchmark"
for part in scope.split("/"):
    key = mac(key, part)
line = socket.create_connection(host.split(":"))
line.sendall((
    f"POST / HTTP/1.1\\r\\nHost: {host}\\r\\nContent-Type: application/x-amz-json-1.0\\r\\n"
    f"X-Amz-Date: {now}\\r\\nX-Amz-Target: {target}\\r\\nContent-Length: {len(body)}\\r\\n"
    f"Authorization: AWS4-HMAC-SHA256 Credential=benchmark/{scope}, SignedHeaders={names}, "
    f"Signature={mac(key, text).hex()}\\r\\n\\r\\n"
).encode() + body)
answer = msgspec.json.decode(line.recv(65536).partition(b"\\r\\n\\r\\n")[2], type=Answer)
assert answer.table.table_status == "ACTIVE"
"""

DYNAMORM = """
import dynamorm
db = dynamorm.connect(endpoint=URL, transport=TRANSPORT)
assert db.describe_table("table").table_status == "ACTIVE"
"""

BOTOCORE = """
import botocore.session
client = botocore.session.get_session().create_client("dynamodb", endpoint_url=URL)
assert client.describe_table(TableName="table")["Table"]["TableStatus"] == "ACTIVE"
"""

BOTO3 = """
import boto3
client = boto3.client("dynamodb", endpoint_url=URL)
assert client.describe_table(TableName="table")["Table"]["TableStatus"] == "ACTIVE"
"""

PYNAMODB = """
from pynamodb.connection import Connection
connection = Connection(region="us-east-1", host=URL)
assert connection.describe_table("table")["TableStatus"] == "ACTIVE"
"""

PYDYNOX = """
from pydynox import DynamoDBClient
client = DynamoDBClient("us-east-1", "benchmark", "benchmark", endpoint_url=URL)
assert client.sync_table_exists("table")
"""

CODE = {
    "bare interpreter": "",
    "floor": FLOOR,
    "dynamorm, http": DYNAMORM.replace("TRANSPORT", "'http'"),
    "dynamorm, botocore": DYNAMORM.replace("TRANSPORT", "'botocore'"),
    "botocore client": BOTOCORE,
    "boto3": BOTO3,
    "PynamoDB": PYNAMODB,
    "pydynox (Rust)": PYDYNOX,
}


class Contender:
    """A script, and the interpreter and folder that it runs with."""

    def __init__(self, name: str, python: Path, folder: Path, url: str) -> None:
        head = f"import sys; sys.path.insert(0, {str(build(name, folder, compiled=True))!r})"
        self._command = [str(python), "-I", "-c", f"{head}\nURL = {url!r}\n{CODE[name]}"]

    def run(self) -> tuple[float, float]:
        """Run once; give CPU and wall time in milliseconds."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        subprocess.run(self._command, env=ENVIRONMENT, check=True)
        wall = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return cpu * 1000, wall * 1000


def measure(rounds: int) -> list[dict[str, Any]]:
    return rows(figures(rounds, CODE))


def figures(rounds: int, names: Collection[str]) -> dict[str, list[tuple[float, float]]]:
    """Give CPU and wall time of each run of each contender, in milliseconds."""
    with tempfile.TemporaryDirectory() as place, serving() as url:
        venv.create(f"{place}/venv", with_pip=False, symlinks=True)
        python = Path(place, "venv", "bin", "python")
        contenders = {
            name: Contender(name, python, Path(place, f"package{number}"), url)
            for number, name in enumerate(names)
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
        for number in range(rounds + 1):
            for name, contender in contenders.items():
                figure = contender.run()
                if number:  # the first round fills the disk's cache
                    found[name].append(figure)
    return found


def rows(found: dict[str, list[tuple[float, float]]]) -> list[dict[str, Any]]:
    """Give each contender's medians, net of the bare interpreter's and as shares of others'."""
    medians = {
        name: [statistics.median(values) for values in zip(*runs, strict=True)]
        for name, runs in found.items()
    }
    bare_cpu, bare_wall = medians.pop("bare interpreter")
    net = {name: (cpu - bare_cpu, wall - bare_wall) for name, (cpu, wall) in medians.items()}
    made: list[dict[str, Any]] = [
        {
            "contender": name,
            "cpu_ms": cpu,
            "wall_ms": wall,
            "of_floor": cpu / net["floor"][0],
            "of_boto3": cpu / net["boto3"][0],
        }
        for name, (cpu, wall) in net.items()
    ]
    return [{"contender": "bare interpreter", "cpu_ms": bare_cpu, "wall_ms": bare_wall}, *made]


def show(table: list[dict[str, Any]]) -> None:
    print(f"{'':22}{'CPU ms':>8}{'wall ms':>9}{'of floor':>10}{'of boto3':>10}")
    for row in table:
        shares = "".join(f"{row[key]:10.2f}" for key in ("of_floor", "of_boto3") if key in row)
        print(f"{row['contender']:22}{row['cpu_ms']:8.1f}{row['wall_ms']:9.1f}{shares}")


if __name__ == "__main__":
    arguments = options(__doc__, rounds=25)
    table = measure(arguments.rounds)
    show(table)
    arguments.write(table)
