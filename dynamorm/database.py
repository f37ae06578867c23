"""A place where tables are: how to reach it, and every operation as a method of one line.

The copy and what goes with it are imported by the methods that need them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from . import tables
from .connecting import Arguments, reconnected
from .drivers import arun, run
from .names import checked_prefix
from .sending import (
    CONNECT_TIMEOUT,
    READ_TIMEOUT,
    AsyncTransport,
    Transport,
    check_kind,
)
from .waiting import Retries, retries_of

if TYPE_CHECKING:
    from datetime import timedelta

    from typing_extensions import Unpack

    from .credentials import Given
    from .effects import Steps
    from .migrating import Migrated, MigrateOptions
    from .model import Model
    from .options import TableOptions
    from .plans import Plan
    from .prefixing import Place
    from .replies import TableDescription
    from .reports import CopyReport
    from .settings import CopyOptions
    from .tables import Ensured
    from .updating import Applied, Unsupported
    from .verifying import Verified

__all__ = ["AsyncDatabase", "Database", "connect", "connect_async"]

T = TypeVar("T")


def connect(
    region: str | None = None,
    *,
    endpoint: str | None = None,
    profile: str | None = None,
    credentials: Given | None = None,
    transport: Transport | str | None = None,
    table_prefix: str = "",
    retries: Retries | int = Retries(),
    connect_timeout: float = CONNECT_TIMEOUT,
    read_timeout: float = READ_TIMEOUT,
    **unknown: NoReturn,
) -> Database:
    """Say where the tables are. Nothing is looked up or sent before the first operation.

    `region`: this one, AWS_DEFAULT_REGION, the profile's, AWS_REGION. `endpoint`: this one,
    AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL, the profile's, the region's. `profile`: this one,
    AWS_PROFILE, "default". `credentials`: these (or a function that gives them), the environment's
    (without `profile`), the profile's, a container's, an instance's. `transport`: "botocore",
    "http" (small cold start) or an object with `send`, which knows all of these itself.
    `table_prefix` is put before every table name, and leaves room for one. `retries` is a
    `Retries`, or a number of attempts. The time-outs are seconds, counted for each piece that is
    sent or received.
    """
    _check("connect", unknown, region=region, endpoint=endpoint, profile=profile)
    given = Arguments(
        transport,
        region=region,
        endpoint=endpoint,
        profile=profile,
        credentials=credentials,
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
    )
    made = given.transport()
    check_kind(made, awaited=False)
    return Database(made, table_prefix=table_prefix, retries=retries)._of(given)


def connect_async(
    region: str | None = None,
    *,
    endpoint: str | None = None,
    profile: str | None = None,
    credentials: Given | None = None,
    transport: AsyncTransport | str | None = None,
    table_prefix: str = "",
    retries: Retries | int = Retries(),
    connect_timeout: float = CONNECT_TIMEOUT,
    read_timeout: float = READ_TIMEOUT,
    **unknown: NoReturn,
) -> AsyncDatabase:
    """Say where the tables are, for asyncio; otherwise as `connect`.

    `transport` may be "aio", which sends in the event loop and is closed by `async with`.
    "botocore", the default, and "http" send in threads.
    """
    _check("connect_async", unknown, region=region, endpoint=endpoint, profile=profile)
    given = Arguments(
        transport,
        region=region,
        endpoint=endpoint,
        profile=profile,
        credentials=credentials,
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
    )
    made = given.async_transport()
    check_kind(made, awaited=True)
    return AsyncDatabase(made, table_prefix=table_prefix, retries=retries)._of(given)


def _check(function: str, unknown: dict[str, Any], **strings: object) -> None:
    """Check what no transport looks at before its first request."""
    if unknown:
        from .arguments import known_names

        known_names(function, unknown, ("region", *(connect.__kwdefaults__ or {})))
    for name, value in strings.items():
        if not isinstance(value, str | None):
            raise TypeError(f"{name}= takes a str or None, not {value!r:.200}")


D = TypeVar("D", bound="_Place")


class _Place:
    """What both kinds of database know."""

    _connect = ""

    def __init__(
        self, transport: Any, *, table_prefix: str = "", retries: Retries | int = Retries()
    ) -> None:
        self.transport = transport
        self.table_prefix = checked_prefix(table_prefix)
        self.retries = retries_of(retries)
        self._given = Arguments(transport)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.transport!r}, table_prefix={self.table_prefix!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        own = {"table_prefix": self.table_prefix, "retries": self.retries}
        return reconnected, (self._connect, self._given.kept() | own)

    def __copy__(self: D) -> D:
        """Share the transport; what is pickled connects again."""
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made

    def __deepcopy__(self: D, _memo: object) -> D:
        return self.__copy__()

    def close(self) -> None:
        """Close the transport's idle connections, where it keeps any."""
        if close := getattr(self.transport, "close", None):
            close()

    def _of(self: D, given: Arguments) -> D:
        self._given = given
        return self


class AsyncDatabase(_Place):
    """Performs operations under asyncio: `await adb.run(dynamorm.ensure_table(Order))`.

    It is pickled as the arguments of `connect_async`.
    """

    _connect = "connect_async"

    async def __aenter__(self) -> AsyncDatabase:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the transport's idle connections, those of this event loop included."""
        if aclose := getattr(self.transport, "aclose", None):
            await aclose()
        self.close()

    async def run(self, steps: Steps[T]) -> T:
        """Perform an operation; cancelling closes it."""
        return await arun(
            steps, self.transport, retries=self.retries, table_prefix=self.table_prefix
        )


class Database(_Place):
    """Performs operations; each method is the function of the same name, performed.

    As a context manager it closes idle connections at the end. It is pickled as the arguments of
    `connect`: credentials and transport objects cannot be, a function of a module can.
    """

    _connect = "connect"

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
        timeout: float | timedelta | None = 300,
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
        timeout: float | timedelta | None = 300,
        **options: Unpack[TableOptions],
    ) -> Ensured:
        """Create a table unless it is there. See `dynamorm.ensure_table`."""
        return self.run(
            tables.ensure_table(model, name=name, wait=wait, timeout=timeout, **options)
        )

    def auto_migrate(
        self, *models: Model, wait: bool = True, timeout: float | timedelta | None = 300
    ) -> tuple[Ensured, ...]:
        """Create the tables that are missing. See `dynamorm.auto_migrate`."""
        return self.run(tables.auto_migrate(*models, wait=wait, timeout=timeout))

    def plan(
        self,
        model: Model,
        *,
        name: str | None = None,
        allow: Collection[str] = (),
        unsupported: Unsupported = "raise",
        **options: Unpack[TableOptions],
    ) -> Plan:
        """Say what would make a table what its model declares. See `dynamorm.plan`."""
        from .updating import plan

        steps = plan(model, name=name, allow=allow, unsupported=unsupported, **options)
        return self.run(steps)

    def apply(
        self,
        plan: Plan,
        *,
        allow: Collection[str] = (),
        unsupported: Unsupported = "raise",
        timeout: float | timedelta | None = 3600,
    ) -> Applied:
        """Do what is in a plan; raises `PlanRefused`. See `dynamorm.apply`."""
        from .updating import apply

        return self.run(apply(plan, allow=allow, unsupported=unsupported, timeout=timeout))

    def update_table(
        self,
        model: Model,
        *,
        name: str | None = None,
        allow: Collection[str] = (),
        unsupported: Unsupported = "raise",
        timeout: float | timedelta | None = 3600,
        **options: Unpack[TableOptions],
    ) -> Applied:
        """Plan, then apply; raises `PlanRefused`. See `dynamorm.update_table`."""
        from .updating import update_table

        steps = update_table(
            model, name=name, allow=allow, unsupported=unsupported, timeout=timeout, **options
        )
        return self.run(steps)

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
        timeout: float | timedelta | None = 300,
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
        segments: int | None = None,
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
        timeout: float | timedelta | None = 300,
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
