"""Terraform: a configuration with the tables of models, for the AWS provider."""

from __future__ import annotations

from typing import Any

from ..model.declare import Model
from .names import resources
from .rows import ROWS, TABLE, Members, written

REFERENCES = {
    "aws_dynamodb_contributor_insights": ("table_name", "name"),
    "aws_dynamodb_kinesis_streaming_destination": ("table_name", "name"),
    "aws_dynamodb_resource_policy": ("resource_arn", "arn"),
}
"""By which argument a resource beside the table refers to which attribute of the table."""


def terraform(*models: Model, prefix: str = "") -> dict[str, Any]:
    """Return Terraform's JSON with a table for each model: write it to a file `tables.tf.json`.

    A resource is called like its class, without what is no letter or digit. The outputs of `Order`
    are `Order_name`, `Order_arn` and, where it has a stream, `Order_stream_arn`. Every table has
    `prevent_destroy`; what a model ignores is in `ignore_changes`. `prefix` goes before the names
    of tables. Sends nothing. Raises `ModelError` for each option that the provider has no word for.
    Version 5.100 of the provider is enough but for keys of several attributes and warm throughput,
    which need 6.29.

    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/dynamodb_table
    """
    found = resources(models, prefix, "terraform")
    configured: Members = {}
    outputs: Members = {}
    for name, rows in written(found, "terraform").items():
        ignored: dict[str, list[str]] = {}
        for row, arguments in rows:
            kind = configured.setdefault(row.resource, {})
            kind.setdefault(name, _begun(row.resource, name)).update(_literal(arguments))
        for row in ROWS:
            if row.setting in (found[name].ignore or ()):
                ignored.setdefault(row.resource, []).extend(row.arguments)
        table = configured[TABLE][name]
        if any(index.keys() & ignored.get(TABLE, ()) for index in table.get(_INDEXES, ())):
            # They are a set, of which Terraform ignores all or none.
            ignored[TABLE].append(_INDEXES)
        table["lifecycle"] = {"prevent_destroy": True}
        for resource, names in ignored.items():
            if name in configured.get(resource, {}):
                configured[resource][name].setdefault("lifecycle", {})["ignore_changes"] = names
        for attribute in ("name", "arn", "stream_arn"):
            if attribute != "stream_arn" or table.get("stream_enabled"):
                outputs[f"{name}_{attribute}"] = {"value": _reference(name, attribute)}
    return {"resource": configured, "output": outputs}


_INDEXES = "global_secondary_index"


def _begun(resource: str, name: str) -> Members:
    """Return what a resource has before anything is declared: one beside the table names that."""
    if resource == TABLE:
        return {}
    argument, attribute = REFERENCES[resource]
    return {argument: _reference(name, attribute)}


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
