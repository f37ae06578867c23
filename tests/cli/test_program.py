"""The program itself: how it starts, what it costs, and what it says of an error."""

from __future__ import annotations

import resource
import runpy
import subprocess
import sys

import pytest

import dynamorm
from dynamorm.cli import main


def test_it_is_started_as_a_module_or_by_its_name(monkeypatch, capsys):
    """`python -m dynamorm` does what the script `dynamorm` does."""
    monkeypatch.setattr(sys, "argv", ["dynamorm", "--version"])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_module("dynamorm", run_name="__main__")
    assert capsys.readouterr().out == f"dynamorm, version {dynamorm.__version__}\n"


@pytest.mark.parametrize("absent", ["click", "rich"])
def test_what_is_missing_is_named_with_its_extra(monkeypatch, absent):
    """Without click or rich it says what to install."""
    monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(SystemExit, match=rf"needs {absent}: pip install 'dynamorm-micro\[cli\]'"):
        main()


@pytest.mark.once
def test_help_is_cheap():
    """`--help` loads click and none of the library: less than 150 ms of CPU above bare Python."""
    loaded = run_python("-X", "importtime", "-m", "dynamorm", "--help").stderr
    names = {line.rpartition("|")[2].strip() for line in loaded.splitlines()}
    assert "click" in names
    heavy = {"asyncio", "botocore", "msgspec", "rich", "dynamorm.database", "dynamorm.tables"}
    assert not names & heavy
    assert min(seconds("-m", "dynamorm", "--help")) - min(seconds("-c", "pass")) < 0.15


def run_python(*arguments):
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def seconds(*arguments):
    """The CPU that a program takes, three times."""
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run_python(*arguments)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        yield after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_has_the_commands_in_the_order_of_their_use(run):
    """Each with one sentence, which ends on its line."""
    _, _, commands = run("--help").stdout.partition("Commands:\n")
    names = [line.split()[0] for line in commands.splitlines()]
    assert names[:3] == ["plan", "apply", "check"]
    assert "..." not in commands


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("plan", "no models: name them (shop.models:Order, or shop.models for all in it)"),
        ("plan nowhere.models", "no module 'nowhere.models': run dynamorm from the folder of"),
        ("plan shop:Ordre", "shop has no Ordre; did you mean Order?"),
        ("plan shop:double", "shop:double is not a model: name a Struct with @table, or"),
        ("plan json", "there is no model in json: none of its classes has @table"),
        ("plan broken", "broken could not be imported: ValueError: oh (--debug shows where)"),
        ("plan missing", "missing could not be imported: ModuleNotFoundError: No module named 'n"),
        ("describe orders", "Requested resource not found: Table: orders not found"),
        ("copy shop:Order orders --segments 0", "the number of segments takes a whole number"),
        ("plan --alow ttl", "--alow"),
        ("frobnicate", "No such command"),
        ("list --json-into /nowhere/a.json", "No such file or directory: '/nowhere/a.json'"),
    ],
)
def test_an_error_is_a_line_or_two(run, line, told):
    """It says what to do, exits with 1, and has no traceback."""
    (run.folder / "broken.py").write_text("raise ValueError('oh')")
    (run.folder / "missing.py").write_text("import nowhere")
    done = run(line, exits=1)
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) <= 2


@pytest.mark.parametrize("line", ["", "export"])
def test_no_command_is_a_question_for_help(run, line):
    """It is printed as a message: nothing has been done."""
    done = run(line, exits=1)
    assert done.stdout == ""
    assert done.stderr.startswith("Usage: dynamorm ")


def test_the_second_line_is_what_to_type(run):
    """A missing table, or a command that is not understood."""
    assert "Try: dynamorm list prints" in run("describe orders", exits=1).stderr
    assert run("copy a", exits=1).stderr.splitlines()[1] == "Try: dynamorm copy --help"


def test_the_second_line_is_the_address_of_the_error_where_no_option_helps(run):
    """The first line stays the message alone."""
    told = run("copy orders orders", exits=1).stderr.splitlines()
    assert "the same table, orders" in told[0]
    assert told[1:] == ["See https://dynamorm.readthedocs.io/en/stable/errors.html#refused"]


def test_debug_shows_the_traceback(run):
    """Wherever the option stands."""
    assert "Traceback (most recent call last):" in run("--debug plan shop:No", exits=1).stderr
    assert run("plan shop:No --debug", exits=1).stderr.endswith("shop has no No\n")


def test_an_error_of_a_program_is_named_by_its_kind(run):
    """What is nobody's message says what it is, and how to see more."""
    run.connect = {}.__getitem__  # not what makes a database
    assert run("list", exits=1).stderr.startswith("Error: TypeError: ")
    assert run("list", exits=1).stderr.endswith("(--debug shows where)\n")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--region eu-west-1", "Try: pass --profile NAME, or aws sso login"),
        ("", "Try: pass --region or --endpoint"),
        ("--region a --profile none", "Try: pass --profile"),
    ],
)
def test_advice_names_options(run, options, told):
    """Where the library's message speaks of arguments, the options are named."""
    run.connect = None  # as the program does by itself
    done = run(f"list {options}", exits=1)
    assert told in done.stderr


def test_an_interrupt_ends_with_130(run):
    """Ctrl-C is no error: there is nothing to read about it."""

    def connect(**place):
        raise KeyboardInterrupt

    run.connect = connect
    assert run("list", exits=130).stderr.strip() == "Aborted."


@pytest.mark.parametrize("no", ["--no-color", ""])
def test_colour_is_never_the_only_sign(run, monkeypatch, no):
    """A terminal has colours, unless NO_COLOR or --no-color says no; the words stay."""
    run("ensure shop")
    run.change('"orders"', '"orders", stream="NEW_IMAGE"')
    coloured = run("plan shop", color=True).stdout
    assert "\x1b[" in coloured
    if not no:
        monkeypatch.setenv("NO_COLOR", "1")
    plain = run(f"plan shop {no}", color=True).stdout
    assert "\x1b[" not in plain
    assert plain == run("plan shop").stdout
    assert run(f"plan shop:No {no}", color=True, exits=1).stderr.startswith("Error: ")


def test_completion_is_that_of_click(run, monkeypatch):
    """`_DYNAMORM_COMPLETE=bash_source dynamorm` prints what a shell has to read."""
    monkeypatch.setenv("_DYNAMORM_COMPLETE", "zsh_source")
    assert "#compdef dynamorm" in run("").stdout
