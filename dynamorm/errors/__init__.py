"""Every exception that dynamorm raises: facts as attributes, and a message that ends in a place.

Those that few requests need are loaded when they are first asked for: a class costs a cold start as
much as ten calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import (
    DOCS as DOCS,
    UNREADABLE as UNREADABLE,
    DynamormError as DynamormError,
    ServiceError as ServiceError,
    TransportError as TransportError,
    shown as shown,
    text_of as text_of,
)

if TYPE_CHECKING:
    from .answers import (
        AccessDenied as AccessDenied,
        ConditionFailed as ConditionFailed,
        CredentialsRejected as CredentialsRejected,
        LimitExceeded as LimitExceeded,
        ServerError as ServerError,
        TableBusy as TableBusy,
        TableExists as TableExists,
        TableNotFound as TableNotFound,
        Throttled as Throttled,
        UnsupportedOperation as UnsupportedOperation,
        ValidationFailed as ValidationFailed,
        service_error as service_error,
    )
    from .outcomes import (
        CopyIncomplete as CopyIncomplete,
        CredentialsMissing as CredentialsMissing,
        Drifted as Drifted,
        EndpointUnknown as EndpointUnknown,
        ItemError as ItemError,
        MigrateNotSupported as MigrateNotSupported,
        ModelError as ModelError,
        PlanRefused as PlanRefused,
        ProfileUnusable as ProfileUnusable,
        Refused as Refused,
        S3Error as S3Error,
        TableFailed as TableFailed,
        TransferFailed as TransferFailed,
        WaitTimeout as WaitTimeout,
    )

_LATER = {
    "answers": (
        "AccessDenied ConditionFailed CredentialsRejected LimitExceeded ServerError TableBusy "
        "TableExists TableNotFound Throttled UnsupportedOperation ValidationFailed service_error"
    ),
    "outcomes": (
        "CopyIncomplete CredentialsMissing Drifted EndpointUnknown ItemError MigrateNotSupported "
        "ModelError PlanRefused ProfileUnusable Refused S3Error TableFailed TransferFailed "
        "WaitTimeout"
    ),
}

# `import *` asks nobody for what is loaded later.
__all__ = [  # pyright: ignore[reportUnsupportedDunderAll]
    name
    for names in ("DynamormError ServiceError TransportError", *_LATER.values())
    for name in names.split()
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    for module, names in _LATER.items():
        if name in names.split():
            found = globals()[name] = getattr(import_module(f".{module}", __name__), name)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
