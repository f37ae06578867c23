"""Tables that others have published, through all that reads and writes a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aids.languages import asked, executed, from_stack, from_terraform
from aids.worlds import World
from msgspec import structs

import dynamorm
from dynamorm import KMS, TableSpec
from dynamorm.export import cloudformation, source, terraform

pytestmark = pytest.mark.once

SAMPLES = Path(__file__).parents[1] / "samples"
TABLES = json.loads((SAMPLES / "published_tables.json").read_text())
ARGUMENTS = json.loads((SAMPLES / "terraform.json").read_text())["5.100.0"]


def spec_of(table: dict[str, Any]) -> TableSpec:
    return TableSpec.of(table.get("request") or table["resource"])


def name_of(table: dict[str, Any]) -> str:
    page = table["source"].rstrip("/").split("/")
    return f"{spec_of(table).name}-{page[-2]}-{page[-1]}"


each = pytest.mark.parametrize("table", TABLES, ids=name_of)


def test_there_are_enough():
    """Sixty and more, no two alike, each with a page of one fixed version."""
    assert len(TABLES) >= 60
    alike = {json.dumps(t.get("request") or t["resource"]["Properties"]) for t in TABLES}
    assert len(alike) == len(TABLES)
    assert all(len(t["source"].split("/blob/")[1].split("/")[0]) == 40 for t in TABLES)


def test_cfn_lint_accepts_them():
    """Read, and written as one template, they have neither an error nor a warning."""
    api = pytest.importorskip("cfnlint.api", reason="cfn-lint is not installed")
    specs = [
        spec_of(table).named(f"{number}-{name_of(table)}"[:255])
        for number, table in enumerate(TABLES)
    ]
    template = cloudformation(*specs)
    assert len(template["Resources"]) == len(TABLES)
    found = api.lint_all(json.dumps(template))
    assert [str(match) for match in found if match.rule.id[0] in "EW"] == []


@each
def test_it_is_the_same_in_both_languages(table):
    """A template and a configuration say of it what it says itself."""
    spec = spec_of(table)
    (resource,) = cloudformation(spec)["Resources"].values()
    assert from_stack(resource["Properties"]) == asked(spec)
    if isinstance(spec.encryption, KMS) and spec.encryption.key_id:
        spec = structs.replace(spec, encryption=KMS())  # the provider takes ARNs alone
    resources = terraform(spec)["resource"]
    (name,) = resources["aws_dynamodb_table"]
    arguments = resources["aws_dynamodb_table"][name].keys() - {"lifecycle"}
    assert arguments <= ARGUMENTS["aws_dynamodb_table"].keys()
    assert from_terraform(resources, name) == asked(spec)


@each
def test_its_source_makes_it(table):
    """The source is of a class; a plan for the table that this class makes is empty."""
    model = executed(source(table.get("request") or table["resource"]))
    world = World()
    world.run(dynamorm.ensure_table(model))
    assert not world.run(dynamorm.plan(model))
    assert asked(dynamorm.table_spec(model)) == asked(spec_of(table))
    assert not world.run(dynamorm.plan(spec_of(table)))
