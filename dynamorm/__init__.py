"""Table management for Amazon DynamoDB, from msgspec Structs, small enough for a cold Lambda.

Names are loaded when they are first used: `import dynamorm` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import requests, testing
    from .changes import Difference
    from .copying import copy_segment, copy_table
    from .credentials import Credentials
    from .database import AsyncDatabase, Database, connect, connect_async
    from .drivers import Clock, arun, run
    from .effects import Call, Effect, Now, Sleep, Steps
    from .errors import (
        AccessDenied,
        ConditionFailed,
        CopyIncomplete,
        CredentialsMissing,
        CredentialsRejected,
        DynamormError,
        EndpointUnknown,
        ItemError,
        LimitExceeded,
        MigrateNotSupported,
        ModelError,
        PlanRefused,
        ProfileUnusable,
        Refused,
        ServerError,
        ServiceError,
        TableBusy,
        TableExists,
        TableFailed,
        TableNotFound,
        Throttled,
        TransportError,
        UnsupportedOperation,
        ValidationFailed,
        WaitTimeout,
    )
    from .items import from_item, to_item
    from .markers import PartitionKey, SortKey, TimeToLive
    from .migrating import Migrated, auto_migrate_with_options
    from .model import table, table_spec
    from .options import (
        ALL,
        KEYS_ONLY,
        KMS,
        Include,
        Index,
        OnDemand,
        Provisioned,
        TableOptions,
        WarmThroughput,
    )
    from .permissions import Permission, required_actions
    from .plans import Blocked, Pending, Plan, Step, Undeclared
    from .replies import TableDescription
    from .reports import CopyReport
    from .sending import AsyncTransport, Transport
    from .settings import CopyOptions
    from .spec import IndexSpec, KeyAttribute, TableSpec
    from .tables import (
        Ensured,
        auto_migrate,
        create_table,
        delete_table,
        describe_table,
        ensure_table,
        list_tables,
        migrate,
        table_exists,
    )
    from .transforms import (
        add_field,
        attribute_transform,
        chain,
        copy_all_fields,
        remove_field,
        rename_field,
    )
    from .updating import Applied, apply, plan, update_table
    from .verifying import Verified, verify_copy
    from .waiting import Retries

__all__ = [
    "ALL",
    "AccessDenied",
    "Applied",
    "AsyncDatabase",
    "AsyncTransport",
    "Blocked",
    "Call",
    "Clock",
    "ConditionFailed",
    "CopyIncomplete",
    "CopyOptions",
    "CopyReport",
    "Credentials",
    "CredentialsMissing",
    "CredentialsRejected",
    "Database",
    "Difference",
    "DynamormError",
    "Effect",
    "EndpointUnknown",
    "Ensured",
    "Include",
    "Index",
    "IndexSpec",
    "ItemError",
    "KEYS_ONLY",
    "KMS",
    "KeyAttribute",
    "LimitExceeded",
    "MigrateNotSupported",
    "Migrated",
    "ModelError",
    "Now",
    "OnDemand",
    "PartitionKey",
    "Pending",
    "Permission",
    "Plan",
    "PlanRefused",
    "ProfileUnusable",
    "Provisioned",
    "Refused",
    "Retries",
    "ServerError",
    "ServiceError",
    "Sleep",
    "SortKey",
    "Step",
    "Steps",
    "TableBusy",
    "TableDescription",
    "TableExists",
    "TableFailed",
    "TableNotFound",
    "TableOptions",
    "TableSpec",
    "Throttled",
    "TimeToLive",
    "Transport",
    "TransportError",
    "Undeclared",
    "UnsupportedOperation",
    "ValidationFailed",
    "Verified",
    "WaitTimeout",
    "WarmThroughput",
    "add_field",
    "apply",
    "arun",
    "attribute_transform",
    "auto_migrate",
    "auto_migrate_with_options",
    "chain",
    "connect",
    "connect_async",
    "copy_all_fields",
    "copy_segment",
    "copy_table",
    "create_table",
    "delete_table",
    "describe_table",
    "ensure_table",
    "from_item",
    "list_tables",
    "migrate",
    "plan",
    "remove_field",
    "rename_field",
    "requests",
    "required_actions",
    "run",
    "table",
    "table_exists",
    "table_spec",
    "testing",
    "to_item",
    "update_table",
    "verify_copy",
]

__version__ = "0.1.0"

_MODULES = {
    "changes": ("Difference",),
    "copying": (
        "copy_segment",
        "copy_table",
    ),
    "credentials": ("Credentials",),
    "database": (
        "AsyncDatabase",
        "Database",
        "connect",
        "connect_async",
    ),
    "drivers": (
        "Clock",
        "arun",
        "run",
    ),
    "effects": (
        "Call",
        "Effect",
        "Now",
        "Sleep",
        "Steps",
    ),
    "errors": (
        "AccessDenied",
        "ConditionFailed",
        "CopyIncomplete",
        "CredentialsMissing",
        "CredentialsRejected",
        "DynamormError",
        "EndpointUnknown",
        "ItemError",
        "LimitExceeded",
        "MigrateNotSupported",
        "ModelError",
        "PlanRefused",
        "ProfileUnusable",
        "Refused",
        "ServerError",
        "ServiceError",
        "TableBusy",
        "TableExists",
        "TableFailed",
        "TableNotFound",
        "Throttled",
        "TransportError",
        "UnsupportedOperation",
        "ValidationFailed",
        "WaitTimeout",
    ),
    "items": (
        "from_item",
        "to_item",
    ),
    "markers": (
        "PartitionKey",
        "SortKey",
        "TimeToLive",
    ),
    "migrating": (
        "Migrated",
        "auto_migrate_with_options",
    ),
    "model": (
        "table",
        "table_spec",
    ),
    "options": (
        "ALL",
        "Include",
        "Index",
        "KEYS_ONLY",
        "KMS",
        "OnDemand",
        "Provisioned",
        "TableOptions",
        "WarmThroughput",
    ),
    "permissions": ("Permission", "required_actions"),
    "plans": ("Blocked", "Pending", "Plan", "Step", "Undeclared"),
    "replies": ("TableDescription",),
    "reports": ("CopyReport",),
    "sending": ("AsyncTransport", "Transport"),
    "settings": ("CopyOptions",),
    "spec": (
        "IndexSpec",
        "KeyAttribute",
        "TableSpec",
    ),
    "tables": (
        "Ensured",
        "auto_migrate",
        "create_table",
        "delete_table",
        "describe_table",
        "ensure_table",
        "list_tables",
        "migrate",
        "table_exists",
    ),
    "transforms": (
        "add_field",
        "attribute_transform",
        "chain",
        "copy_all_fields",
        "remove_field",
        "rename_field",
    ),
    "verifying": (
        "Verified",
        "verify_copy",
    ),
    "updating": ("Applied", "apply", "plan", "update_table"),
    "waiting": ("Retries",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}
_SHOWN_MODULES = ("requests", "testing")


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _SHOWN_MODULES:
        return import_module(f".{name}", __name__)
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
