"""The tools themselves read what is exported: cfn-lint, moto's CloudFormation, Terraform.

`tox -e export` brings the first two and tries many tables; Terraform is used where it is installed
with its AWS provider. The rest of the suite tries what is there with a few.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
from aids import emulator
from aids.languages import COUNT, KEY_ARN, printable
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Struct, structs

import dynamorm
from dynamorm import (
    KMS,
    Database,
    Include,
    Index,
    IndexSpec,
    KeyAttribute,
    PartitionKey,
    Provisioned,
    SortKey,
    TableSpec,
    TimeToLive,
    VectorAttribute,
    table,
    table_spec,
)
from dynamorm.export import cloudformation, terraform

pytestmark = pytest.mark.once

GAPS = json.loads((Path(__file__).parent / "gaps.json").read_text())
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "dynamodb:GetItem",
            "Resource": "*",
        }
    ],
}


@table(
    "orders",
    indexes=[Index("by-status", projection=Include("total"))],
    billing=Provisioned(5, 5),
    stream="NEW_IMAGE",
    encryption=KMS(KEY_ARN),
    tags={"team": "shop"},
    table_class="STANDARD_INFREQUENT_ACCESS",
    deletion_protection=True,
    point_in_time_recovery=7,
    resource_policy=POLICY,
)
class Order(Struct):
    customer: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]
    status: Annotated[str, PartitionKey(index="by-status")]
    created: Annotated[str, SortKey(index="by-status"), SortKey(index="by-date")]
    total: int
    expires: Annotated[int | None, TimeToLive()] = None


def several(tables: st.SearchStrategy[TableSpec], most: int) -> st.SearchStrategy[list[TableSpec]]:
    return st.lists(tables, min_size=most // 2, max_size=most, unique_by=lambda spec: spec.name)


def _without_search_schemas(spec: TableSpec) -> TableSpec:
    indexes = tuple(
        structs.replace(index, partition_key=(), filters=()) if index.vector else index
        for index in spec.indexes
    )
    return structs.replace(spec, indexes=indexes)


# A tool takes seconds: what it refuses is read as it is.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)


@settings(max_examples=max(COUNT // 3, 2), deadline=None, phases=UNSHRUNK)
@given(several(printable.map(_without_search_schemas), 4))
def test_cfn_lint_accepts_every_table(specs):
    """cfn-lint has neither an error nor a warning about a template of any tables."""
    assert complaints(Order, *specs) == []


def complaints(*models: Any) -> list[str]:
    api = pytest.importorskip("cfnlint.api", reason="cfn-lint is not installed")
    text = json.dumps(cloudformation(*models), ensure_ascii=False)
    return [match.rule.id for match in api.lint_all(text) if match.rule.id[0] in "EW"]


def test_cfn_lint_knows_no_search_schema():
    """It takes what a vector index alone defines for one definition too many; nothing else."""
    brand = KeyAttribute("brand", "S")
    index = IndexSpec("by-look", vector=VectorAttribute("look", 3, "COSINE"), filters=(brand,))
    spec = TableSpec("things", KeyAttribute("id", "S"), indexes=(index,))
    assert complaints(spec) == GAPS["cfn-lint"]


def test_a_stack_has_the_table():
    """What moto makes of the template is as the model declares, but for what moto leaves out."""
    pytest.importorskip("moto.cloudformation", reason="moto has no CloudFormation here")
    import boto3

    with emulator.moto() as url:
        given = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        stacks = boto3.client("cloudformation", "eu-west-1", endpoint_url=url, **given)
        stacks.create_stack(StackName="shop", TemplateBody=json.dumps(cloudformation(Order)))
        outputs = stacks.describe_stacks(StackName="shop")["Stacks"][0]["Outputs"]
        db = connect(url)
        told = {output["OutputKey"]: output["OutputValue"] for output in outputs}
        assert told["OrderName"] == "orders"
        assert told["OrderArn"] == db.describe_table(Order).table_arn
        plan = db.plan(Order)
        assert not plan.blocked
        assert {s.name.partition(":")[0] for s in plan.steps} <= {*GAPS["moto's CloudFormation"]}


def connect(url: str) -> Database:
    credentials = dynamorm.Credentials("a", "b")
    return dynamorm.connect("eu-west-1", endpoint=url, credentials=credentials)


def test_cdk_takes_the_template(tmp_path):
    """The program in the documentation makes two stacks, with all that the table has."""
    if shutil.which("node") is None:
        pytest.skip("aws-cdk-lib needs Node.js")
    pytest.importorskip("aws_cdk", reason="aws-cdk-lib is not installed")
    page = (Path(__file__).parents[2] / "docs" / "infrastructure.md").read_text()
    for name in ("models.py", "stack.py"):
        code = page.partition(f"```python\n# {name}\n")[2].partition("```")[0]
        (tmp_path / name).write_text(code)
    command = [sys.executable, "stack.py"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    tables = [
        json.loads((tmp_path / "cdk.out" / f"{stack}.template.json").read_text())["Resources"]
        for stack in ("shop", "archive")
    ]
    expected = json.loads((tmp_path / "tables.json").read_text())["Resources"]["Order"]
    assert tables[0]["Order"] == expected
    del expected["Properties"]["TableName"], tables[1]["Order"]["Properties"]["TableName"]
    assert tables[1]["Order"] == expected


class Configuration:
    """A folder with a configuration of Terraform's, whose provider talks to an emulator."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, url: str, *models: Any) -> None:
        known = {"region": "eu-west-1", "access_key": "a", "secret_key": "b"}
        skip = ("credentials_validation", "requesting_account_id", "metadata_api_check")
        provider = known | {f"skip_{what}": True for what in skip}
        provider |= {"endpoints": {"dynamodb": url}}
        told = {**terraform(*models), "provider": {"aws": provider}}
        (self.folder / "tables.tf.json").write_text(json.dumps(told))

    def __call__(self, *arguments: str) -> str:
        command = ["terraform", *arguments, "-no-color"]
        environ = {**os.environ, "TF_CLI_CONFIG_FILE": str(self.folder / "terraformrc")}
        done = subprocess.run(
            command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def configuration(tmp_path_factory):
    if not COUNT:
        pytest.skip("Terraform is used by tox -e export alone")
    if shutil.which("terraform") is None:
        pytest.skip("Terraform is not installed")
    used = Configuration(tmp_path_factory.mktemp("terraform"))
    mirror = os.environ.get("DYNAMORM_TERRAFORM_PLUGINS", "/opt/tf-plugins")
    mirrored = f'provider_installation {{ filesystem_mirror {{ path = "{mirror}" }} }}'
    (used.folder / "terraformrc").write_text(mirrored)
    used.write("http://localhost", Order)
    try:
        used("init")
    except AssertionError:
        pytest.skip("Terraform has no AWS provider here")
    return used


def test_terraform_makes_the_table(configuration):
    """What the provider makes is as the model declares, and a second plan of both is empty."""
    spec = table_spec(Order, table_class="STANDARD")  # moto has no other
    with emulator.moto() as url:
        configuration.write(url, spec)
        assert "2 added, 0 changed" in configuration("apply", "-auto-approve")
        plan = connect(url).plan(spec)
        assert not plan, plan
        assert "No changes" in configuration("plan", "-detailed-exitcode")


def _old(spec: TableSpec) -> TableSpec:
    """Leave out what the installed provider does not know yet."""
    indexes = tuple(
        structs.replace(index, warm=None, sort_key=index.sort_key[:1])
        for index in spec.indexes
        if len(index.partition_key) <= 1 and not index.vector
    )
    counted = {"contributor_insights": bool(spec.contributor_insights), "index_insights": UNSET}
    return structs.replace(spec, warm=UNSET, indexes=indexes, **counted)


@settings(max_examples=3, deadline=None, phases=UNSHRUNK)
@given(several(printable.map(_old), 8))
def test_terraform_accepts_every_table(configuration, specs):
    """The provider's own schema and rules take any tables."""
    configuration.write("http://localhost", Order, *specs)
    assert "The configuration is valid" in configuration("validate")


def test_the_gaps_are_gaps():
    """What the provider is said not to know it has learnt later: the list is not out of date."""
    sample = json.loads((Path(__file__).parents[1] / "samples" / "terraform.json").read_text())
    known, later = sample["5.100.0"]["aws_dynamodb_table"], sample["6.29.0"]["aws_dynamodb_table"]
    gaps = {*later, *later["global_secondary_index"][0]} - {"global_secondary_index", "replica"}
    of_replicas = {*later["replica"][0]} - {*known["replica"][0]}
    assert sorted(of_replicas) == GAPS["terraform-provider-aws 5.100.0, replica"]
    insights = "aws_dynamodb_contributor_insights"
    assert not sample["6.29.0"][insights].keys() & sample["5.100.0"][insights].keys()
    assert sorted(gaps) == GAPS["terraform-provider-aws 5.100.0"]
    assert not gaps & {*known, *known["global_secondary_index"][0]}
