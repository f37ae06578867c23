"""CloudFormation: a template whose stack has the tables of models."""

from __future__ import annotations

from typing import Any

from ..model.declare import Model
from .declared import Members
from .global_tables import global_properties
from .names import resources, unique
from .rows import written

POLICIES = {"Delete": "Delete", "Retain": "Retain", "RetainExceptOnCreate": "Retain"}
"""What becomes of a table that leaves the stack, and of one that another one replaces."""


def cloudformation(
    *models: Model, prefix: str = "", deletion_policy: str = "Retain"
) -> dict[str, Any]:
    """Return a CloudFormation template with a table for each model, ready for `json.dumps`.

    A resource is called like its class, without what is no letter or digit. The outputs of `Order`
    are `OrderName`, `OrderArn` and, where it has a stream, `OrderStreamArn`. `prefix` goes before
    the names of tables, as a database's `table_prefix` does. `deletion_policy` ("Retain", "Delete"
    or "RetainExceptOnCreate") says what becomes of a table that leaves the stack. Tables with
    indexes are created one after the other, as the service wants it. A table with replicas is an
    `AWS::DynamoDB::GlobalTable`, with its own replica in the region of the stack. Sends nothing.
    Raises `ModelError` for each option that the language has no word for.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
    """
    if deletion_policy not in POLICIES:
        raise ValueError(f"deletion_policy= takes {', '.join(POLICIES)}, not {deletion_policy!r}")
    tables: Members = {}
    outputs: Members = {}
    indexed = None
    found = resources(models, prefix, "cloudformation")
    for name, rows in written(found, "cloudformation").items():
        properties = {member: value for _, members in rows for member, value in members.items()}
        spec = found[name]
        kind = "AWS::DynamoDB::Table"
        if spec.replicas:
            kind, properties = "AWS::DynamoDB::GlobalTable", global_properties(spec, properties)
        # A change that takes another table would replace this one: that has a policy of its own.
        resource = {
            "Type": kind,
            "DeletionPolicy": deletion_policy,
            "UpdateReplacePolicy": POLICIES[deletion_policy],
            "Properties": properties,
        }
        # Only one table with indexes can be in the making at any time:
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
        if spec.indexes:
            resource |= {"DependsOn": indexed} if indexed else {}
            indexed = name
        tables[name] = resource
        for output, value in _outputs(name, properties):
            outputs[unique(output, outputs)] = {"Value": value}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": tables, "Outputs": outputs}


def _outputs(name: str, properties: Members) -> list[tuple[str, Members]]:
    told: list[tuple[str, Members]] = [
        (f"{name}Name", {"Ref": name}),
        (f"{name}Arn", {"Fn::GetAtt": [name, "Arn"]}),
    ]
    if "StreamSpecification" in properties:
        told.append((f"{name}StreamArn", {"Fn::GetAtt": [name, "StreamArn"]}))
    return told
