"""A place where tables are: how to reach it, and every operation as a method of one line.

The copy and what goes with it are imported by the methods that need them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from . import tables
from .drivers import AsyncTransport, Transport, arun, run
from .waiting import Retries

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .credentials import Given
    from .effects import Steps
    from .migrating import Migrated, MigrateOptions
    from .model import Model
    from .options import TableOptions
    from .prefixing import Place
    from .replies import TableDescription
    from .reports import CopyReport
    from .settings import CopyOptions
    from .tables import Ensured
    from .verifying import Verified

__all__ = ["AsyncDatabase", "Database", "connect", "connect_async"]

T = TypeVar("T")


def connect(
    region: str | None = None,
    *,
    endpoint: str | None = None,
    credentials: Given | None = None,
    transport: Transport | str | None = None,
    table_prefix: str = "",
    retries: Retries = Retries(),
) -> Database:
    """Say where the tables are. Nothing is looked up or sent before the first operation.

    `region`: this one, AWS_REGION, AWS_DEFAULT_REGION, the profile's. `endpoint`: this one,
    AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL, the region's. `credentials`: these (or a function
    that gives them), the environment's, or what botocore finds. `transport`: "botocore" or any
    object with `send`, which then knows region, endpoint and credentials itself. `table_prefix` is
    put before every table name, however that is given.
    """
    made = _transport(transport or "botocore", region, endpoint, credentials)
    return Database(made, table_prefix=table_prefix, retries=retries)


def connect_async(
    region: str | None = None,
    *,
    endpoint: str | None = None,
    credentials: Given | None = None,
    transport: AsyncTransport | str | None = None,
    table_prefix: str = "",
    retries: Retries = Retries(),
) -> AsyncDatabase:
    """Say where the tables are, for asyncio; otherwise as `connect`.

    By default the "botocore" transport sends in threads.
    """
    made = _transport(transport or "botocore", region, endpoint, credentials)
    if isinstance(transport or "", str):
        from .transports.threads import ThreadTransport

        made = ThreadTransport(made)
    return AsyncDatabase(made, table_prefix=table_prefix, retries=retries)


def _transport(
    transport: Any, region: str | None, endpoint: str | None, credentials: Given | None
) -> Any:
    if transport == "botocore":
        from .transports.botocore import BotocoreTransport

        return BotocoreTransport(region=region, endpoint=endpoint, credentials=credentials)
    if not callable(getattr(transport, "send", None)):
        raise TypeError(f'transport= takes "botocore" or an object with send(), not {transport!r}')
    if (region, endpoint, credentials) != (None, None, None):
        raise TypeError("a transport object has its own region, endpoint and credentials")
    return transport


class _Place:
    """What both kinds of database know."""

    def __init__(
        self, transport: Any, *, table_prefix: str = "", retries: Retries = Retries()
    ) -> None:
        self.transport = transport
        self.table_prefix = table_prefix
        self.retries = retries

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.transport!r}, table_prefix={self.table_prefix!r})"

    def close(self) -> None:
        """Close the transport's idle connections, where it keeps any."""
        close = getattr(self.transport, "close", None)
        if close is not None:
            close()


class AsyncDatabase(_Place):
    """Performs operations under asyncio: `await adb.run(dynamorm.ensure_table(Order))`."""

    async def __aenter__(self) -> AsyncDatabase:
        return self

    async def __aexit__(self, *raised: object) -> None:
        self.close()

    async def run(self, steps: Steps[T]) -> T:
        """Perform an operation; cancelling closes it."""
        return await arun(
            steps, self.transport, retries=self.retries, table_prefix=self.table_prefix
        )


class Database(_Place):
    """Performs operations; each method is the function of the same name, performed.

    As a context manager it closes idle connections at the end.
    """

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def run(self, steps: Steps[T]) -> T:
        """Perform an operation, once."""
        return run(steps, self.transport, retries=self.retries, table_prefix=self.table_prefix)

    def create_table(
        self,
        model: Model,
        *,
        name: str | None = None,
        wait: bool = True,
        timeout: float = 300,
        **options: Unpack[TableOptions],
    ) -> TableDescription:
        """Create a table; raises `TableExists`. See `dynamorm.create_table`."""
        return self.run(
            tables.create_table(model, name=name, wait=wait, timeout=timeout, **options)
        )

    def ensure_table(
        self,
        model: Model,
        *,
        name: str | None = None,
        wait: bool = True,
        timeout: float = 300,
        **options: Unpack[TableOptions],
    ) -> Ensured:
        """Create a table unless it is there. See `dynamorm.ensure_table`."""
        return self.run(
            tables.ensure_table(model, name=name, wait=wait, timeout=timeout, **options)
        )

    def auto_migrate(
        self, *models: Model, wait: bool = True, timeout: float = 300
    ) -> tuple[Ensured, ...]:
        """Create the tables that are missing. See `dynamorm.auto_migrate`."""
        return self.run(tables.auto_migrate(*models, wait=wait, timeout=timeout))

    def describe_table(
        self, model_or_name: Model | str, *, name: str | None = None
    ) -> TableDescription:
        """Describe a table; raises `TableNotFound`."""
        return self.run(tables.describe_table(model_or_name, name=name))

    def table_exists(self, model_or_name: Model | str, *, name: str | None = None) -> bool:
        """Say whether there is such a table, in any status."""
        return self.run(tables.table_exists(model_or_name, name=name))

    def delete_table(
        self,
        model_or_name: Model | str,
        *,
        name: str | None = None,
        missing_ok: bool = False,
        wait: bool = True,
        timeout: float = 300,
    ) -> None:
        """Delete a table with all that is in it. See `dynamorm.delete_table`."""
        steps = tables.delete_table(
            model_or_name, name=name, missing_ok=missing_ok, wait=wait, timeout=timeout
        )
        return self.run(steps)

    def list_tables(self, prefix: str = "") -> Iterator[str]:
        """Name the tables that begin with `prefix`, all pages of them."""
        return iter(self.run(tables.list_tables(prefix)))

    def copy_table(
        self,
        source: Model | str,
        target: Model | str,
        *,
        segments: int = 8,
        executor: Any = None,
        **options: Unpack[CopyOptions],
    ) -> CopyReport:
        """Copy a table's items into another table. See `dynamorm.copy_table`."""
        from .copying import copy_table

        return self.run(copy_table(source, target, segments=segments, executor=executor, **options))

    def copy_segment(
        self,
        source: Model | str,
        target: Model | str,
        *,
        segment: int,
        of: int,
        **options: Unpack[CopyOptions],
    ) -> CopyReport:
        """Copy one segment of a table. See `dynamorm.copy_segment`."""
        from .copying import copy_segment

        return self.run(copy_segment(source, target, segment=segment, of=of, **options))

    def verify_copy(
        self,
        source: Model | str,
        target: Model | str,
        *,
        segments: int = 8,
        consistent_read: bool = True,
        target_db: Place | None = None,
        executor: Any = None,
    ) -> Verified:
        """Compare all items of two tables. See `dynamorm.verify_copy`."""
        from .verifying import verify_copy

        steps = verify_copy(
            source,
            target,
            segments=segments,
            consistent_read=consistent_read,
            target_db=target_db,
            executor=executor,
        )
        return self.run(steps)

    def auto_migrate_with_options(
        self,
        model: Model,
        *,
        target_model: Model | None = None,
        backup_table: str | None = None,
        data_copy: bool = False,
        segments: int = 8,
        timeout: float = 300,
        **options: Unpack[MigrateOptions],
    ) -> Migrated:
        """Back up, ensure the target table, copy. See `dynamorm.auto_migrate_with_options`."""
        from .migrating import auto_migrate_with_options

        steps = auto_migrate_with_options(
            model,
            target_model=target_model,
            backup_table=backup_table,
            data_copy=data_copy,
            segments=segments,
            timeout=timeout,
            **options,
        )
        return self.run(steps)

    def migrate(self, *models: Any, **options: Any) -> NoReturn:
        """Raise `MigrateNotSupported`, which says what to use instead."""
        tables.migrate(*models, **options)
