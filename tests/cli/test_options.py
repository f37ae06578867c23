"""Where models and options come from: the command line, the environment, pyproject.toml."""

from __future__ import annotations

import pytest

from dynamorm import TransportError

PROJECT = """
[tool.dynamorm]
models = ["shop:Order"]
region = "eu-west-1"
prefix = "toml-"

[tool.dynamorm.plan]
exit-code = true
"""


@pytest.fixture
def project(run):
    (run.folder / "pyproject.toml").write_text(PROJECT)
    return run


def planned(told):
    return [plan["table"] for plan in told["plans"]]


def test_a_module_stands_for_its_models_and_a_name_for_one(run):
    """`shop` is all that shop.py declares, in order and each once; `shop:Order` is that one."""
    run("ensure shop")
    assert planned(run.json("plan shop")) == ["customers", "orders"]
    assert planned(run.json("plan shop:Order shop:Order")) == ["orders"]


def test_a_spec_is_a_model_too(run):
    """What `table_spec` has made is found by its name, and among all of its module."""
    run.change("\n\ndef double", 'old = table_spec(Order, name="archive")\n\n\ndef double')
    told = run.json("ensure shop")["tables"]
    assert [ensured["table"]["TableName"] for ensured in told] == ["customers", "orders", "archive"]
    assert planned(run.json("plan shop:old")) == ["archive"]


def test_models_of_the_environment_count_before_those_of_the_project(project, monkeypatch):
    """Where none is named, DYNAMORM_MODELS holds, and then [tool.dynamorm]."""
    project.json("ensure")
    assert project.service.sent.count("CreateTable") == 1
    assert planned(project.json("plan")) == ["orders"]
    monkeypatch.setenv("DYNAMORM_MODELS", "shop:Customer,shop:Order")
    project.json("ensure")
    assert planned(project.json("plan")) == ["customers", "orders"]


@pytest.mark.parametrize(
    ("line", "prefix"),
    [
        ("list", "env-"),
        ("--prefix before- list", "before-"),
        ("--prefix before- list --prefix after-", "after-"),
    ],
)
def test_an_option_of_the_command_counts_first(project, monkeypatch, line, prefix):
    """Then comes the same option before the command, the environment, and the project."""
    project("list")
    given = {name: value for name, value in project.places[-1].items() if value is not None}
    assert given.pop("observe")
    assert given == {"region": "eu-west-1", "table_prefix": "toml-"}
    monkeypatch.setenv("DYNAMORM_PREFIX", "env-")
    project(line)
    assert project.places[-1]["table_prefix"] == prefix


def test_an_option_of_a_command_comes_from_environment_and_project_too(project, monkeypatch):
    """[tool.dynamorm.plan] and DYNAMORM_PLAN_... are for `plan` alone."""
    project("ensure shop")
    project("plan --allow nothing", exits=1)
    project.change('"orders"', '"orders", stream="NEW_IMAGE"')
    project("plan", exits=2)
    monkeypatch.setenv("DYNAMORM_PLAN_EXIT_CODE", "false")
    project("plan")


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("[tool.dynamorm]\nregio = 'a'", "[tool.dynamorm] has no 'regio'; did you mean region?"),
        ("[tool.dynamorm.copy]\nsegment = 1", "[tool.dynamorm.copy] has no 'segment'"),
        ("[tool.dynamorm]\nplan = 3", "[tool.dynamorm.plan] takes options, not 3"),
        ("[tool.dynamorm]\nmodels = 'shop'", "takes models as a list of strings"),
        ("[tool.dynamorm", "at the end of a table declaration"),
    ],
)
def test_what_no_command_knows_is_an_error(run, toml, told):
    """A misspelt key of pyproject.toml is named with its file, and the nearest that there is."""
    (run.folder / "pyproject.toml").write_text(toml)
    done = run("list", exits=1)
    assert "pyproject.toml: " in done.stderr
    assert told in done.stderr


def test_a_project_of_something_else_says_nothing(run):
    """A pyproject.toml without [tool.dynamorm] is like none."""
    (run.folder / "pyproject.toml").write_text("# no tool.dynamorm here\n[project]\nname = 'a'\n")
    run("list")


def test_waiting_ends_with_the_first_answer(run):
    """`--wait` asks until the service answers, be it with an error, or the time is over."""
    nobody = TransportError("nobody there", operation="DescribeTable", maybe_applied=False)
    run.service.fail("DescribeTable", nobody, times=20)
    run("list --wait 60s")
    assert run.service.sent.count("ListTables") == 1
    run.service.fail("DescribeTable", nobody, times=500)
    assert "--wait" in run("list --wait 1m", exits=1).stderr
    assert "write 90s, 5m or 2h" in run("list --wait soon", exits=1).stderr


def test_a_span_of_time_may_be_of_minutes_or_hours(run):
    """The message of a wait that is over tells how long it was."""
    run.service.create_seconds = 20_000
    for span, waited in (("90", 90), ("90s", 90), ("5m", 300), ("1.5h", 5400)):
        stderr = run(f"ensure shop:Order --timeout {span}", exits=1).stderr
        assert f"after {waited}.0 s" in stderr.rpartition("Error: ")[2]


def test_a_long_wait_is_told(run):
    """A line every half minute says that nothing hangs; `--verbose` tells of all that happens."""
    run.service.create_seconds = 100
    lines = run("ensure shop:Order").stderr.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("orders: still waiting, after 3")
    told = run("describe orders --verbose").stderr
    assert told.startswith("request DescribeTable on orders: attempt 1")
    assert run("verify orders orders --verbose", exits=1).stderr.startswith("request DescribeTable")
