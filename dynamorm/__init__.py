"""Table management for Amazon DynamoDB, from msgspec Structs, small enough for a cold Lambda.

Names are loaded when they are first used: `import dynamorm` costs next to nothing.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"

# The names of each module. `__init__.pyi` says the same to type checkers and editors.
_MODULES = {
    "changes": "Difference",
    "copying": "copy_segment copy_table",
    "credentials": "Credentials",
    "database": "AsyncDatabase Database connect connect_async",
    "drivers": "Clock arun run",
    "effects": "Call Effect Location Now Operation Sleep Steps Where",
    "errors": (
        "AccessDenied ConditionFailed CopyIncomplete CredentialsMissing CredentialsRejected "
        "DynamormError EndpointUnknown ItemError LimitExceeded MigrateNotSupported ModelError "
        "PlanRefused ProfileUnusable Refused ServerError ServiceError TableBusy TableExists "
        "TableFailed TableNotFound Throttled TransportError UnsupportedOperation "
        "ValidationFailed WaitTimeout"
    ),
    "items": "from_item to_item",
    "markers": "PartitionKey SortKey TimeToLive",
    "migrating": "Migrated auto_migrate_with_options",
    "model": "table table_spec",
    "options": "ALL Include Index KEYS_ONLY KMS OnDemand Provisioned TableOptions WarmThroughput",
    "permissions": "Permission required_actions",
    "plans": "Blocked Pending Plan Step Undeclared",
    "replies": "TableDescription",
    "reports": "CopyReport",
    "sending": "AsyncTransport Transport",
    "settings": "CopyOptions",
    "spec": "IndexSpec KeyAttribute TableSpec",
    "tables": (
        "Ensured auto_migrate create_table delete_table describe_table ensure_table list_tables "
        "migrate table_exists"
    ),
    "transforms": "add_field attribute_transform chain copy_all_fields remove_field rename_field",
    "updating": "Applied apply plan update_table",
    "verified": "Verified",
    "verifying": "verify_copy",
    "waiting": "Retries",
}
_MODULE_OF = dict(
    sorted((name, module) for module, names in _MODULES.items() for name in names.split())
)
_SUBMODULES = ("requests", "testing")

# The submodules are left out: `from dynamorm import *` must not replace a module named `requests`.
__all__ = list(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _SUBMODULES:
        return import_module(f".{name}", __name__)
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, *_SUBMODULES, "__version__"]
