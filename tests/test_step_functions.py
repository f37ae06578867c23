"""The state machine of the examples copies a table, by a function in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aids.things import over_http, things

import dynamorm

FOLDER = Path(__file__).parents[1] / "examples" / "step_functions"
RESOURCES = json.loads((FOLDER / "template.json").read_text())["Resources"]

LAMBDA = """
import json, sys, time
import handler

class Context:
    def __init__(self):
        self.began = time.monotonic()

    def get_remaining_time_in_millis(self):
        return 15_300 - 1000 * (time.monotonic() - self.began)

for line in sys.stdin:
    name, event = json.loads(line)
    print(json.dumps(getattr(handler, name)(event, Context())), flush=True)
"""


class Function:
    """Calls handlers in a process, with 0.3 s for each; the process may be killed."""

    def __init__(self, url: str, kill_at: int) -> None:
        here = {"AWS_ENDPOINT_URL_DYNAMODB": url, "AWS_DEFAULT_REGION": "eu-west-1"}
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
        self._environ = {**os.environ, **here, **keys, "PYTHONPATH": str(FOLDER)}
        self._kill_at = kill_at
        self.calls: list[str] = []
        self.process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        command = [sys.executable, "-c", LAMBDA]
        return subprocess.Popen(command, text=True, env=self._environ, **pipes)  # type: ignore[call-overload,no-any-return]  # the pipes

    def call(self, name: str, event: Any) -> Any:
        self.calls.append(name)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps([name, event]), file=self.process.stdin, flush=True)
        if len(self.calls) == self._kill_at:
            self.process.kill()
        line = self.process.stdout.readline()
        if not line:
            self.close()
            self.process = self._started()
            raise ChildProcessError
        return json.loads(line)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


def executed(machine: Any, given: Any, call: Any) -> Any:
    """Interpret the states that the example has: Task with its Retry, Map, Choice and Pass."""
    name = machine["StartAt"]
    while True:
        state = machine["States"][name]
        following = state.get("Next")
        if state["Type"] == "Task":
            given = retried(state, given, call)
        elif state["Type"] == "Map":
            items = given[state["ItemsPath"].removeprefix("$.")]
            assert given[state["MaxConcurrencyPath"].removeprefix("$.")] > 0
            given = [executed(state["ItemProcessor"], item, call) for item in items]
        elif state["Type"] == "Choice":
            [choice] = state["Choices"]
            met = given[choice["Variable"].removeprefix("$.")] is choice["BooleanEquals"]
            following = choice["Next"] if met else state["Default"]
        else:
            given = {
                k[:-2]: given[path.removeprefix("$.")] for k, path in state["Parameters"].items()
            }
        if following is None:
            return given
        name = following


def retried(state: Any, given: Any, call: Any) -> Any:
    [rule] = state["Retry"]
    for _ in range(rule["MaxAttempts"]):
        try:
            return call(state["Resource"], given)
        except ChildProcessError:
            assert rule["ErrorEquals"] == ["States.ALL"]
    raise AssertionError("the execution has failed")


def test_the_state_machine_copies_a_table() -> None:
    """A call that is not done is followed by another; one that is killed is made again."""
    fake = things(200)
    with over_http(fake) as db:
        function = Function(db.transport.endpoint.url, kill_at=5)
        handlers = {
            f"${{{name}}}": resource["Properties"]["Handler"].removeprefix("handler.")
            for name, resource in RESOURCES.items()
            if resource["Type"] == "AWS::Lambda::Function"
        }
        given = {
            "source": "source",
            "target": "target",
            "of": 3,
            "at_once": 1,
            "max_write_units": 100,
        }
        try:
            told = executed(
                RESOURCES["Machine"]["Properties"]["Definition"],
                given,
                lambda resource, event: function.call(handlers[resource], event),
            )
        finally:
            function.close()
    assert told == {"segments": 3, "read": 200, "written": 200, "unchecked": 0}
    assert sorted(fake.items("target")) == sorted(fake.items("source"))
    assert function.calls.count("copy") > 4


@pytest.mark.parametrize("parameter", ["Source", "Target"])
def test_the_role_may_do_what_a_segment_needs(parameter: str) -> None:
    """The policy of the template is that of `required_actions`."""
    [policy] = RESOURCES["FunctionRole"]["Properties"]["Policies"]
    [allowed] = [
        statement["Action"]
        for statement in policy["PolicyDocument"]["Statement"]
        if parameter in json.dumps(statement["Resource"])
    ]
    needed = dynamorm.required_actions("copy_segment", "Source", "Target")
    assert set(allowed) == {p.action for p in needed if p.resource.endswith(f"/{parameter}")}
