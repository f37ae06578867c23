"""CloudFormation and Terraform: templates that have the tables of models."""

from __future__ import annotations

import re
from typing import Any

from ..model.declare import Model
from .declared import Members
from .global_tables import global_properties
from .names import resources, unique
from .rows import ROWS, TABLE, Row, written

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


def terraform(*models: Model, prefix: str = "") -> dict[str, Any]:
    """Return Terraform's JSON with a table for each model: write it to a file `tables.tf.json`.

    A resource is called like its class, without what is no letter or digit. The outputs of `Order`
    are `Order_name`, `Order_arn` and, where it has a stream, `Order_stream_arn`. Every table has
    `prevent_destroy`; what a model ignores is in `ignore_changes`. `prefix` goes before the names
    of tables. Sends nothing. Raises `ModelError` for each option that the provider has no word for.
    Version 5.100 of the provider is enough but for keys of several attributes, warm throughput, the
    modes of Contributor Insights, and of global tables strong consistency, the witness and the
    deletion protection of a replica, which need 6.29.

    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/dynamodb_table
    """
    found = resources(models, prefix, "terraform")
    configured: Members = {}
    outputs: Members = {}
    for name, rows in written(found, "terraform").items():
        ignores = found[name].ignore or ()
        table = configured.setdefault(TABLE, {}).setdefault(name, {})
        for row, arguments in rows:
            if row.resource == TABLE:
                table.update(_literal(arguments))
                continue
            kind = configured.setdefault(row.resource, {})
            for label, own in _beside(row, name, arguments).items():
                # By a reference, so that Terraform makes the table before what is beside it.
                argument, attribute = row.refers
                block: Members = {argument: _reference(name, attribute), **_literal(own)}
                if row.setting in ignores:
                    block["lifecycle"] = {"ignore_changes": row.arguments.split()}
                kind[unique(label, kind)] = block
        # Where a change means another table, Terraform would delete the old one with its items.
        table["lifecycle"] = {"prevent_destroy": True}
        if ignored := [
            argument
            for row in ROWS
            if row.resource == TABLE and row.setting in ignores
            for argument in row.arguments.split()
        ]:
            if any(index.keys() & ignored for index in table.get(_INDEXES, ())):
                # They are a set, of which Terraform ignores all or none.
                ignored.append(_INDEXES)
            table["lifecycle"]["ignore_changes"] = ignored
        for attribute in ("name", "arn", "stream_arn"):
            if attribute != "stream_arn" or table.get("stream_enabled"):
                outputs[f"{name}_{attribute}"] = {"value": _reference(name, attribute)}
    return {"resource": configured, "output": outputs}


_INDEXES = "global_secondary_index"


def _beside(row: Row, name: str, arguments: Members) -> Members:
    """Return what resources beside the table are called, and their arguments."""
    # An index's name may have dots, a label may not.
    # https://developer.hashicorp.com/terraform/language/syntax/configuration#identifiers
    if not row.several:
        return {f"{name}{row.ending}": arguments}
    return {f"{name}_{re.sub('[^0-9A-Za-z_-]', '_', part)}": own for part, own in arguments.items()}


def _reference(name: str, attribute: str) -> str:
    return f"${{{TABLE}.{name}.{attribute}}}"


def _literal(value: Any) -> Any:
    """Write texts so that Terraform takes them as they are: it looks for templates in all of them.

    https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences
    """
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, dict):
        return {_literal(name): _literal(inner) for name, inner in value.items()}
    return [_literal(inner) for inner in value] if isinstance(value, list) else value
