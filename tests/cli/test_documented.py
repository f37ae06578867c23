"""The documentation of the command line: each of its commands prints what stands below it."""

from __future__ import annotations

import html
import os
import re
import runpy
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import click
import pytest
import yaml
from aids import emulator
from aids.terminal import at_terminal, screen

from dynamorm.cli.app import app
from dynamorm.cli.session import Session

pytestmark = pytest.mark.once

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
ANSWERED = re.compile(r"^.*Only 'yes' is accepted: yes\n", re.MULTILINE)


ORDER = b'{"customer":{"S":"ann"},"number":{"N":"%d"},"total":{"N":"7"}}'


def examples(run):
    """Each command of the page, its output, and what it exits with: `echo $?` tells, or it is 0."""
    for kind, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        first, _, _ = text.partition("\n")
        if first.startswith("# ") and first.endswith((".py", ".toml")):
            (run.folder / first[2:]).write_text(text)
            run.forget()
        if first == "# archive.py":
            run.service.put("orders", *(ORDER % number for number in range(1200)))
        commands = COMMAND.findall(text) if kind == "console" else ()
        for (line, told), (after, code) in pairwise([*commands, ("", "")]):
            if line != "echo $?":
                assert line.startswith("dynamorm ")
                yield line.removeprefix("dynamorm "), told, int(code) if after == "echo $?" else 0


def test_in_a_terminal_of_80_columns(run, monkeypatch):
    """In a real one, where questions are asked, bars are drawn, and long lines are wrapped."""
    for line, told, code in examples(run):

        def start(line=line, code=code):
            with pytest.raises(SystemExit) as stopped:
                app.main(line.split(), obj=Session(run.connect), prog_name="dynamorm")
            assert stopped.value.code == code

        assert screen(at_terminal(start, monkeypatch)) == told, line


def test_in_a_pipe(run):
    """There nobody is asked, and the words are the same, but for where lines end."""
    for line, told, code in examples(run):
        done = run(line + " --yes" * bool(ANSWERED.search(told)), exits=code)
        assert done.output.split() == ANSWERED.sub("", told).split(), line


@pytest.fixture
def path(tmp_path_factory, monkeypatch):
    """A shell finds the program there, and others that do nothing."""
    folder = tmp_path_factory.mktemp("bin")
    program = f'exec "{sys.executable}" -m dynamorm "$@"'
    for name, script in {"dynamorm": program, "gh": ":", "pip": ":"}.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


@pytest.mark.usefixtures("path")
def test_the_steps_of_the_workflow(run, monkeypatch):
    """What GitHub would run works: before the merge, after it, and at night."""
    (text,) = (text for kind, text in BLOCK.findall(PAGE.read_text("utf-8")) if kind == "yaml")
    workflow = yaml.safe_load(text)
    with emulator.moto() as url:
        variables = {
            **workflow["env"],
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_ENDPOINT_URL_DYNAMODB": url,
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        for job in ("plan", "apply", "check"):
            steps = [step["run"] for step in workflow["jobs"][job]["steps"] if "run" in step]
            for step in steps:
                subprocess.run(["bash", "-e", "-c", step], check=True, capture_output=True)
    assert "| create | table |" in (run.folder / "plan.md").read_text()


def commands(group, prefix=""):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} ")
        else:
            yield f"{prefix}{name}", command


ROW = re.compile(r"^\| `([a-z ]+?) ?(?:[A-Z\[].*?)?` \|", re.MULTILINE)


def test_every_command_has_a_row_and_every_option_a_meaning():
    """The page names each command, and `--help` says of each option what it is for."""
    assert ROW.findall(PAGE.read_text("utf-8")) == [name for name, _ in commands(app)]
    for _, command in commands(app):
        for option in command.params:
            assert isinstance(option, click.Argument) or option.help, option.name


def test_the_picture_is_fresh(monkeypatch):
    """What README shows is what is printed: docs/pictures/draw.py draws it again."""
    monkeypatch.setenv("COLUMNS", "80")
    drawing = runpy.run_path(str(PICTURES / "draw.py"))["draw"]()
    told = re.findall("<text[^>]*>([^<]*)", (PICTURES / "command-line.svg").read_text("utf-8"))
    shown = html.unescape(" ".join(told)).split()
    words = {word for word in drawing.export_text().split() if re.search(r"\w", word)}
    assert words <= {*shown}


PICTURES = PAGE.parent / "pictures"
