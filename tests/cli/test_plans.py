"""Plans: shown, written to a file, applied after a "yes" or from the file."""

from __future__ import annotations

import json
import stat

import pytest

from dynamorm.testing import FakeService


@pytest.fixture
def changed(run):
    """Both tables are there; the model of one has got a stream."""
    run("ensure shop")
    run.change('"orders"', '"orders", stream="NEW_IMAGE"')
    return run


def test_plan_shows_the_steps_and_sends_no_write(changed):
    """It exits with 0; `--exit-code` with 2 where there is something to do."""
    done = changed("plan shop")
    assert done.stdout.startswith("customers: is as declared\nPlan: 0 to create, ")
    changed("plan --exit-code shop", exits=2)
    changed("plan --exit-code shop:Customer")
    changed("plan --exit-code shop:Nobody", exits=1)
    told = changed.json("plan shop")
    assert (told["format_version"], told["command"]) == (1, "plan")
    assert [len(plan["steps"]) for plan in told["plans"]] == [0, 1]
    assert not [sent for sent in changed.service.sent if not sent.startswith("Describe")]


def test_plan_shows_the_body_of_every_request(changed):
    """`--requests` prints the operation and the JSON that is sent."""
    operation, body = changed("plan shop:Order --requests").stdout.split("{", 1)
    assert operation.endswith("UpdateTable\n")
    assert json.loads("{" + body)["StreamSpecification"]["StreamEnabled"] is True


def test_plan_as_markdown_is_a_table(changed):
    """It has a row for each step, and for what is blocked or left alone."""
    changed.change('"customers"', '"customers", stream=None')
    changed.db.update_table(changed.model("Order"), stream="OLD_IMAGE")
    changed.change(', stream="NEW_IMAGE"', "")
    day = 'day: Annotated[str, SortKey(index="by-day")] = ""'
    changed.change(TOTAL, f"{TOTAL}    {day}\n    {EXPIRES}\n")
    lines = changed("plan shop --markdown").stdout.splitlines()
    assert lines[0] == "### `customers`: nothing to do"
    assert "| left alone | stream | OLD_IMAGE |" in lines
    assert any(line.startswith("| blocked | index:by-day | ") for line in lines)
    assert any("a\\|b" in line and "(UpdateTimeToLive)" in line for line in lines)


TOTAL = "    total: int = 0\n"
EXPIRES = 'expires: Annotated[int | None, TimeToLive()] = field(default=None, name="a|b")'


def test_a_plan_in_a_file_is_applied_without_a_question(changed):
    """Only its owner may read the file, and a plan of another state is refused."""
    changed("plan shop --out plan.json")
    assert stat.S_IMODE((changed.folder / "plan.json").stat().st_mode) == 0o600
    assert changed("apply plan.json").stdout == "orders: 1 done\n  done stream: turn NEW_IMAGE on\n"
    changed("plan shop --exit-code")
    changed.db.update_table(changed.model("Order"), stream="OLD_IMAGE", allow=["stream"])
    assert "Error: " in changed("apply plan.json", exits=1).stderr
    assert "UpdateTable" not in changed.service.sent


@pytest.mark.parametrize("content", ["{", '{"format_version": 2, "command": "plan", "plans": []}'])
def test_a_file_that_is_no_plan_is_named(run, content):
    """Neither other JSON nor a later version of plans is applied."""
    (run.folder / "other.json").write_text(content)
    assert (
        "other.json is not a plan that this version of dynamorm can read"
        in run("apply other.json", exits=1).stderr
    )
    assert "none.json" in run("apply none.json", exits=1).stderr


def test_a_table_that_is_missing_is_created(run):
    """The plan has one step, which names all that belongs to it."""
    run.change("    total: int = 0", f"    total: int = 0\n    {EXPIRES}")
    assert "| create | table |" in run("plan shop:Order --markdown").stdout
    assert run("plan shop:Order --requests").stdout.count('"TableName": "orders"') == 2
    assert "Plan: 1 to create, 0 to change, 0 to destroy" in run("plan shop:Order").stdout
    run("apply shop --yes")
    run("plan shop --exit-code")


def test_only_what_is_named_is_compared(changed):
    """`--only` restricts plan, apply and check."""
    changed.change('stream="NEW_IMAGE"', 'stream="NEW_IMAGE", tags={"team": "shop"}')
    assert "stream" not in changed("plan shop --only tags").stdout
    changed("check shop --only tags", exits=2)
    changed("apply shop --only tags --yes")
    changed("check shop --only tags")
    changed("check shop", exits=2)


def test_an_emulator_need_not_know_everything(changed):
    """With --skip-unsupported it is left out, and said."""
    changed.change('stream="NEW_IMAGE"', 'tags={"team": "shop"}')
    changed.service = FakeService(create_seconds=0, unknown=["ListTagsOfResource"])
    changed.db.create_table(changed.model("Order"))
    changed("plan shop:Order", exits=1)
    told = changed("plan shop:Order --skip-unsupported --markdown").stdout
    assert "| unsupported | tags | this endpoint does not know it |" in told


def test_apply_shows_the_plan_and_asks(changed):
    """Only "yes" applies it; a plan without steps asks nothing."""
    done = changed("apply shop", answer="no\n", exits=1)
    assert "orders: 1 step" in done.stdout
    assert "UpdateTable" not in changed.service.sent
    assert "pass --yes" in changed("apply shop", exits=1).stderr
    changed("apply shop:Customer shop:Order --json-into done.jsonl", answer="yes\n")
    lines = list(map(json.loads, (changed.folder / "done.jsonl").read_text().splitlines()))
    assert [line["event"] for line in lines] == ["done", "end"]
    assert lines[0]["table"] == "orders"
    assert changed("apply shop").stderr == "Nothing to do.\n"


def test_yes_consents_to_no_loss(changed):
    """A destructive step needs its name in `--allow`, and is refused before anybody is asked."""
    changed.db.update_table(changed.model("Order"))
    changed.change('stream="NEW_IMAGE"', "stream=None")
    assert "stream is destructive" in changed("apply shop --yes", exits=1).stderr
    assert "stream is destructive" in changed("apply shop", answer="yes\n", exits=1).stderr
    assert changed("apply shop --yes --allow stream").stdout.endswith(
        "done stream: turn NEW_IMAGE off\n"
    )


def test_consent_can_be_given_to_a_plan_in_a_file(changed):
    """Beside what it remembers: whoever applies it need not be who has made it."""
    changed("apply shop --yes")
    changed.change('stream="NEW_IMAGE"', "stream=None")
    changed("plan shop --out plan.json")
    assert "stream is destructive" in changed("apply plan.json", exits=1).stderr
    done = changed("apply plan.json --allow stream").stdout
    assert done.endswith("done stream: turn NEW_IMAGE off\n")


def test_what_is_left_is_told(changed):
    """What the service does not take yet is pending: it changes a TTL once in an hour."""
    changed.change(TOTAL, f"{TOTAL}    {EXPIRES}\n")
    changed("apply shop --yes --allow ttl")
    changed.change('name="a|b"', 'name="until"')
    lines = changed.lines("apply shop --yes --allow ttl --allow ttl:a|b")
    assert [line["event"] for line in lines] == ["pending", "pending", "end"]
    assert [line["name"] for line in lines[:-1]] == ["ttl:a|b", "ttl"]


def test_check_ends_with_2_where_something_differs(changed):
    """Drift and missing tables do, what is undeclared only with --strict; it sends no write."""
    done = changed("check shop", exits=2)
    assert done.stdout.startswith("customers: as declared\norders: not as declared\n  stream: ")
    assert changed("check shop --quiet", exits=2).output == ""
    changed("check shop:Customer")
    changed.db.update_table(changed.model("Customer"), stream="NEW_IMAGE")
    changed("check shop:Customer")
    told = changed.json("check shop:Customer --strict", exits=2)
    assert told["as_declared"] is False
    assert told["tables"][0]["undeclared"][0]["name"] == "stream"
    assert "customers: missing" in changed("check shop --prefix no-", exits=2).stdout
    assert not [sent for sent in changed.service.sent if not sent.startswith("Describe")]
