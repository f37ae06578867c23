"""Copies and comparisons: told line by line, stopped and resumed, shown as a bar."""

from __future__ import annotations

import io
import json
import re
import sys

import click
import pytest

import dynamorm
from dynamorm.cli.app import app
from dynamorm.cli.output import Output, Progress, clock
from dynamorm.errors import service_error


@pytest.fixture
def stocked(run):
    """Thirty orders, and an empty table for them."""
    run("ensure shop")
    run.db.create_table(run.model("Order"), name="target")
    items = ({"customer": {"S": "ann"}, "number": {"N": f"{n}"}} for n in range(30))
    run.service.put("orders", *(json.dumps(item).encode() for item in items))
    return run


def test_copy_and_verify(stocked):
    """Both take names and models, exit with 0, and `verify` with 2 where the tables differ."""
    assert (
        stocked("copy shop:Order target --segments 1").stdout
        == "done: read 30 of about 30, written 30\n"
    )
    assert stocked("verify orders target").stdout == "the same: source 30, target 30\n"
    stocked.service.put("target", b'{"customer":{"S":"bob"},"number":{"N":"1"}}')
    told = stocked("verify orders target", exits=2).stdout
    assert told.endswith("extra 1\n  extra  customer='bob', number=1\n")


def test_a_line_of_json_for_each_report(stocked):
    """The last line is the end, and has the checkpoint; `--json-into` writes to a file."""
    lines = stocked.lines("copy orders target --segments 2")
    assert {line["format_version"] for line in lines} == {1}
    assert [line["event"] for line in lines] == ["estimate", "progress", "end"]
    assert ["checkpoint" in line for line in lines] == [False, False, True]
    done = stocked("verify orders target --json-into told.jsonl")
    assert done.stdout.startswith("the same")
    kept = (stocked.folder / "told.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in kept] == ["progress", "end"]


def test_a_transform_is_named_by_its_module(stocked):
    """It is what the library takes; what is none of it is an error before anything is sent."""
    stocked("copy shop:Order shop:Order --transform shop:double --in-place")
    assert "shop has no doble; did you mean double?" in (
        stocked("copy shop:Order target --transform shop:doble", exits=1).stderr
    )
    assert stocked.service.sent == []


def test_an_interrupt_leaves_a_checkpoint_and_the_command_that_resumes(stocked):
    """Ctrl-C exits with 130; without --checkpoint there is a new file, which the command names."""
    line = "copy shop:Order shop:Order --transform shop:late --in-place --segments 1"
    done = stocked(line, exits=130)
    resume = f"dynamorm {line} --checkpoint copy-orders-orders.checkpoint.json"
    assert done.stderr.splitlines()[-2:] == [
        "not done: read 1, written 0",
        f"Resume with: {resume}",
    ]
    assert (stocked.folder / "copy-orders-orders.checkpoint.json").exists()
    assert "--checkpoint copy-orders-orders-2.checkpoint.json" in stocked(line, exits=130).stderr
    assert stocked.lines(line, exits=130)[-1]["event"] == "stopped"
    assert f"Resume with: dynamorm {line} --checkpoint a.json\n" in (
        stocked(f"{line} --checkpoint a.json", exits=130).stderr
    )


def test_a_deadline_ends_a_copy_with_2(stocked):
    """It is no error, and what is left is done by the command that is printed."""
    done = stocked("copy orders target --deadline 0s --checkpoint c.json", exits=2)
    assert (
        "Resume with: dynamorm copy orders target --deadline 0s --checkpoint c.json" in done.stderr
    )
    stocked("copy orders target --checkpoint c.json")
    assert len(stocked.service.items("target")) == 30


def test_an_error_leaves_a_checkpoint_too(stocked):
    """What was refused before the copy began leaves none."""
    stocked.change("raise KeyboardInterrupt", "raise ValueError('no order')")
    done = stocked("copy shop:Order shop:Order --transform shop:late --in-place", exits=1)
    assert "no order" in done.stderr
    assert "Resume with:" in done.stderr
    done = stocked("copy orders missing", exits=1)
    assert "Resume with:" not in done.stderr


def test_another_place_for_the_target(stocked):
    """`--target-...` counts before the options of both; the rest is the same."""
    stocked.db.create_table(stocked.model("Order"), name="new-orders")
    stocked("copy orders orders --region eu-west-1 --target-prefix new-")
    assert len(stocked.service.items("new-orders")) == 30
    assert [place["table_prefix"] for place in stocked.places[-2:]] == ["", "new-"]
    assert [place["region"] for place in stocked.places[-2:]] == ["eu-west-1"] * 2


def test_what_a_copy_costs_is_told_before_it_begins(stocked):
    """So are the rate of the target and its lack of PITR, which nobody could bring back."""
    told = stocked("copy orders target --price write=1").stderr
    assert "copy orders to target: " in told
    assert "target takes 4,000 write units a second, 40,000 at most" in told
    assert "Warning: target has no PITR" in told
    stocked.db.update_table(stocked.model("Order"), name="target", point_in_time_recovery=True)
    assert "PITR" not in stocked("copy orders target").stderr
    denied = service_error("AccessDeniedException", "no", status=400, operation="x")
    stocked.service.fail("DescribeContinuousBackups", denied)
    assert "PITR" not in stocked("copy orders target").stderr
    assert stocked("copy orders target --quiet").stderr == ""
    assert "is not a price" in stocked("copy orders target --price write", exits=1).stderr
    assert stocked("copy orders missing", exits=1).stderr.startswith("copy orders to orders: ")


def test_processes_need_a_database_that_can_be_sent_to_them(stocked):
    """The option is the library's, and so is its error."""
    assert "pickle" in stocked("copy orders target --processes 2", exits=1).stderr


def report(**more):
    values = dict.fromkeys(("skipped", "failed", "collisions", "retried"), 0)
    values |= {
        "read": 1234,
        "written": 1230,
        "read_units": 9.5,
        "write_units": 2000.4,
        "rate": 617.0,
    }
    return dynamorm.CopyReport(done=False, seconds=2.0, checkpoint={}, **values, **more)


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (report(), "1,234 items, 617/s, 2,010 units"),
        (
            report(estimated_total=5000, time_left=95.0),
            "1,234 of 5,000 items, 617/s, 2,010 units, 1:35 left",
        ),
        (
            dynamorm.Verified(
                same=True,
                done=False,
                source_items=7,
                target_items=3,
                missing=0,
                different=0,
                extra=0,
            ),
            "10 items",
        ),
    ],
)
def test_a_terminal_has_a_bar(shown, told, monkeypatch):
    """It has items, their rate, units and time left, in 80 columns."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    progress = Progress(Output())
    with click.Context(app, color=False), progress:
        progress(shown)
    lines = re.sub(r"\x1b\[[^A-Za-z]*[A-Za-z]", "", screen.getvalue())
    assert told in lines
    assert max(map(len, lines.splitlines())) <= 80


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_time_left_reads_like_a_clock():
    """Minutes and seconds, and hours where there are any."""
    assert [clock(seconds) for seconds in (7.4, 754, 3723)] == ["0:07", "12:34", "1:02:03"]
