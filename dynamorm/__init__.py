"""Table management for Amazon DynamoDB, from msgspec Structs, small enough for a cold Lambda.

Names are loaded when they are first used: `import dynamorm` costs next to nothing.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"

# The names of each module. `__init__.pyi` says the same to type checkers and editors.
_MODULES = {
    "api.backups": "Backup",
    "api.bulk_errors": "BulkErrors",
    "api": "TableDescription",
    "api.s3": "BulkOperation Export Import",
    "copying.migrate": "Migrated auto_migrate_with_options",
    "copying.options": "CopyOptions",
    "copying.report": "CopyReport",
    "copying.table": "copy_segment copy_table",
    "copying.verified": "Verified",
    "copying.verify": "verify_copy",
    "database.connection": "connect connect_async",
    "database": "AsyncDatabase Database",
    "errors": (
        "AccessDenied ConditionFailed CopyIncomplete CredentialsMissing CredentialsRejected "
        "Drifted DynamormError EndpointUnknown ItemError LimitExceeded MigrateNotSupported "
        "ModelError PlanRefused ProfileUnusable Refused S3Error ServerError ServiceError TableBusy "
        "TableExists TableFailed TableNotFound Throttled TransferFailed TransportError "
        "UnsupportedOperation ValidationFailed WaitTimeout"
    ),
    "items.codec": "from_item to_item",
    "items.transforms": (
        "add_field attribute_transform chain copy_all_fields remove_field rename_field"
    ),
    "model.declare": "table table_spec",
    "model.fields": "InlineFilter PartitionKey SortKey TimeToLive Vector",
    "model.keys": "IndexSpec KeyAttribute VectorAttribute",
    "model.keywords": "TableOptions",
    "model.options": (
        "ALL Include Index KEYS_ONLY KMS Kinesis OnDemand Provisioned Replica VectorIndex "
        "WarmThroughput"
    ),
    "model.spec": "TableSpec",
    "operations": "Call Effect Location Now Operation Sleep Steps Where",
    "operations.drivers": "Clock arun run",
    "operations.observing": "Event",
    "operations.transport": "AsyncTransport Transport",
    "operations.waiting": "Retries",
    "database.permissions": "Permission required_actions",
    "tables": "describe_table list_tables table_exists",
    "tables.apply": "Applied",
    "tables.backups": "create_backup delete_backup list_backups",
    "tables.bulk_errors": "read_bulk_errors",
    "tables.check": "Checked TableCheck check",
    "tables.compare": "Difference Pending",
    "tables.create": "create_table",
    "tables.deletion": "delete_table delete_tables",
    "tables.lifecycle": "Ensured auto_migrate ensure_table ensure_tables migrate",
    "tables.plan": "Plan",
    "tables.restore": "restore_backup restore_to_point_in_time",
    "tables.s3": "bulk_put_from_s3 export_to_s3 import_from_s3",
    "tables.steps": "Blocked Step Undeclared",
    "tables.transfers": (
        "cancel_bulk_operation describe_bulk_operation describe_export describe_import "
        "list_bulk_operations list_exports list_imports"
    ),
    "tables.update": "apply plan update_table",
    "tables.waits": "wait_until_active wait_until_gone",
    "transports": "Credentials",
}

_MODULE_OF = dict(
    sorted((name, module) for module, names in _MODULES.items() for name in names.split())
)

_SUBMODULES = ("distributed", "estimate", "export", "requests", "signing", "testing")

# The submodules are left out: `from dynamorm import *` must not replace a module named `requests`.
__all__ = list(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    # `from .. import errors` asks here first, and would pay for the search for a nearer name.
    if name in _SUBMODULES or name == "errors":
        return _module(name)
    if name not in _MODULE_OF:
        advice = "" if name.startswith("_") else _nearest(name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{advice}")
    value = getattr(_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def _module(name: str) -> Any:
    # Not by `importlib`, which would be loaded for this alone and takes as long as two of ours.
    return __import__(f"{__name__}.{name}", fromlist=["__name__"])


def _nearest(name: str) -> str:
    from .model.arguments import nearest

    return nearest(name, _MODULE_OF)


def __dir__() -> list[str]:
    return [*__all__, *_SUBMODULES, "__version__"]
