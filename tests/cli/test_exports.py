"""Models in other languages, without a request."""

from __future__ import annotations

import json

import dynamorm.export


def test_a_template_for_cloudformation(run):
    """It goes to standard output, or into a file; the prefix goes before the names."""
    told = json.loads(run("export cloudformation shop --prefix dev-").stdout)
    models = run.model("Customer"), run.model("Order")
    assert told == dynamorm.export.cloudformation(*models, prefix="dev-")
    assert run("export cloudformation shop --deletion-policy Delete --out a.json").output == ""
    told = json.loads((run.folder / "a.json").read_text())
    assert told == dynamorm.export.cloudformation(*models, deletion_policy="Delete")
    assert run.places == []


def test_a_configuration_for_terraform(run):
    """It is JSON, as Terraform reads it from tables.tf.json."""
    told = json.loads(run("export terraform shop:Order --prefix dev-").stdout)
    assert told == dynamorm.export.terraform(run.model("Order"), prefix="dev-")
    assert run.places == []


def test_the_requests_that_create_a_table(run):
    """All of them in order, with the prefix in the name."""
    run.change(
        "    total: int = 0", "    total: int = 0\n    until: Annotated[int, TimeToLive()] = 0"
    )
    told = json.loads(run("export requests shop:Order --prefix dev-").stdout)
    assert [request["operation"] for request in told] == ["CreateTable", "UpdateTimeToLive"]
    assert {request["body"]["TableName"] for request in told} == {"dev-orders"}
    assert run.places == []


def test_a_table_becomes_a_model(run):
    """`pull` prints Python, or writes it; a plan of it is empty."""
    run("ensure shop")
    run("pull orders --out pulled.py")
    run("plan pulled --exit-code")
    told = run("pull orders").stdout
    assert told == (run.folder / "pulled.py").read_text()
    assert run.json("pull orders")["source"] == told


def test_the_policy_that_operations_need(run):
    """Each resource is named as it is: region, account and prefix; nothing is sent."""
    told = json.loads(run("permissions plan,describe_table shop:Order --prefix dev-").stdout)
    assert told == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["dynamodb:DescribeTable"],
                "Resource": ["arn:aws:dynamodb:*:*:table/dev-orders"],
            }
        ],
    }
    line = "permissions copy_table orders customers --region eu-west-1 --account 111122223333"
    (here, there) = json.loads(run(line).stdout)["Statement"]
    assert "dynamodb:Scan" in there["Action"]
    assert here["Resource"] == ["arn:aws:dynamodb:eu-west-1:111122223333:table/customers"]
    assert "no operation 'copy'" in run("permissions copy orders customers", exits=1).stderr
    assert run.places == []


def test_the_policy_for_the_models_of_the_project(run, monkeypatch):
    """Where no table is named, they are those of DYNAMORM_MODELS or pyproject.toml."""
    monkeypatch.setenv("DYNAMORM_MODELS", "shop")
    assert "table/customers" in run("permissions ensure_table").stdout
