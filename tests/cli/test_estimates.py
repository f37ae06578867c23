"""Estimates of plans and copies."""

from __future__ import annotations

import pytest

INDEX = 'day: Annotated[str, PartitionKey(index="by-day")] = ""'


def test_a_plan_is_estimated(run):
    """With the table's size where it is there; a table that is missing is empty."""
    assert "plan of orders, with 0 items" in run("estimate plan shop:Order").stdout
    run("ensure shop")
    run.change("    total: int = 0", f"    total: int = 0\n    {INDEX}")
    told = run.json("estimate plan shop:Order --price write=1 --price storage=0.5")
    assert told["command"] == "estimate plan"
    costs = told["estimates"][0]["costs"]
    assert [cost["what"] for cost in costs] == ["build index by-day", "store index by-day"]


@pytest.mark.parametrize("target", ["customers", "shop:Customer", "missing"])
def test_a_copy_is_estimated(run, target):
    """The target may be there or not, and a model or a name; nothing is written."""
    run("ensure shop")
    told = run.json(f"estimate copy orders {target} --eventually-consistent")
    assert told["estimates"][0]["subject"].startswith("copy orders to ")
    assert run.service.sent == ["DescribeTable", "DescribeTable"]
