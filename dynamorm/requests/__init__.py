"""Requests as values: a builder for each operation, giving a Struct that encodes to its JSON body.

Nothing here sends anything. Members come in the order of the API reference, and lists in the order
of the model: the same declaration gives the same bytes.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

from __future__ import annotations

from typing import Any

from ..api import Lazy

# The names that `__init__.pyi` has for type checkers, by module: one is loaded when it is first
# asked for, since a cold start would pay for all.
_MODULES = {
    "api": "encode",
    "requests.backups": (
        "create_backup delete_backup describe_backup list_backups restore_table_from_backup "
        "restore_table_to_point_in_time"
    ),
    "requests.s3": (
        "cancel_bulk_operation describe_bulk_operation describe_export describe_import "
        "export_table_to_point_in_time import_table list_bulk_operations list_exports list_imports "
        "start_bulk_put_items"
    ),
    "requests.settings": (
        "delete_resource_policy describe_continuous_backups describe_contributor_insights "
        "describe_kinesis_streaming_destination describe_time_to_live "
        "disable_kinesis_streaming_destination enable_kinesis_streaming_destination "
        "get_resource_policy list_tags_of_resource put_resource_policy tag_resource untag_resource "
        "update_continuous_backups update_contributor_insights "
        "update_kinesis_streaming_destination update_time_to_live"
    ),
    "requests.tables": "create_table delete_table describe_table list_tables",
    "requests.updates": "update_table",
}

_PLACES = {name: module for module, names in _MODULES.items() for name in names.split()}
"""The module of each name."""

__all__ = list(_PLACES)  # pyright: ignore[reportUnsupportedDunderAll]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        advice = ""
        # `from . import tables` asks here first, and would pay for the search for a nearer name.
        if not name.startswith("_") and f"requests.{name}" not in _MODULES:
            from ..model.arguments import nearest

            advice = nearest(name, _PLACES)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{advice}")
    value = globals()[name] = getattr(Lazy(_PLACES[name]), name)
    return value
