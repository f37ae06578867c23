"""The arguments of `connect`: made into a transport, and kept for a pickle, without a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

from .model import NoAttribute
from .model.declare import Model, table_name
from .model.names import checked_prefix, whole_name
from .operations.drivers import arun, run
from .operations.methods import Lazy, Method
from .operations.sending import CONNECT_TIMEOUT, READ_TIMEOUT, AsyncTransport, Transport, check_kind
from .operations.waiting import Retries, retries_of
from .tables import lifecycle as tables
from .transports.arguments import Arguments


def reconnected(function: str, arguments: dict[str, Any]) -> Any:
    """Connect as the database did that was pickled."""
    return globals()[function](**arguments)


if TYPE_CHECKING:
    from datetime import timedelta

    from .copying import migrate as migrating
    from .copying import table as copying
    from .copying import verify as verifying
    from .operations.effects import Operation, Steps
    from .tables import check as checking
    from .tables import deletion, waits
    from .tables import update as updating
    from .transports.credentials import Given
else:
    checking = Lazy("tables.check")
    copying = Lazy("copying.table")
    deletion = Lazy("tables.deletion")
    migrating = Lazy("copying.migrate")
    updating = Lazy("tables.update")
    verifying = Lazy("copying.verify")
    waits = Lazy("tables.waits")


T = TypeVar("T")


def connect(
    region: str | None = None,
    *misplaced: NoReturn,
    endpoint: str | None = None,
    profile: str | None = None,
    credentials: Given | None = None,
    transport: Transport | str | None = None,
    table_prefix: str = "",
    retries: Retries | int = Retries(),
    connect_timeout: float | timedelta | None = CONNECT_TIMEOUT,
    read_timeout: float | timedelta | None = READ_TIMEOUT,
    **unknown: NoReturn,
) -> Database:
    """Return a `Database`; nothing is looked up or sent before the first operation.

    `region`: this one, AWS_DEFAULT_REGION, the profile's, AWS_REGION. `endpoint`: this one,
    AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL, the profile's, the region's. `profile`: this one,
    AWS_DEFAULT_PROFILE, AWS_PROFILE, "default". `credentials`: these (or a function that returns
    them), the environment's (without `profile`), the profile's, a container's, an instance's.
    `transport`: "botocore", "http" (small cold start) or an object with `send`, which knows all of
    these itself. `table_prefix` is put before every table name. `retries` is a `Retries`, or a
    number of attempts. The time-outs are seconds, a `timedelta` or `None` for no limit, counted for
    each piece that is sent or received.
    """
    _check(
        "connect",
        misplaced,
        unknown,
        credentials,
        region=region,
        endpoint=endpoint,
        profile=profile,
    )
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
    *misplaced: NoReturn,
    endpoint: str | None = None,
    profile: str | None = None,
    credentials: Given | None = None,
    transport: AsyncTransport | str | None = None,
    table_prefix: str = "",
    retries: Retries | int = Retries(),
    connect_timeout: float | timedelta | None = CONNECT_TIMEOUT,
    read_timeout: float | timedelta | None = READ_TIMEOUT,
    **unknown: NoReturn,
) -> AsyncDatabase:
    """Return an `AsyncDatabase`, for asyncio; otherwise as `connect`.

    `transport` may be "aio", which sends in the event loop and is closed by `async with`.
    "botocore", the default, and "http" send in threads.
    """
    _check(
        "connect_async",
        misplaced,
        unknown,
        credentials,
        region=region,
        endpoint=endpoint,
        profile=profile,
    )
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


def _check(
    function: str,
    misplaced: tuple[Any, ...],
    unknown: dict[str, Any],
    credentials: Any,
    **strings: object,
) -> None:
    """Check what no transport looks at before its first request."""
    if misplaced or unknown or callable(credentials):
        from .model.arguments import check_plain, refuse_keywords, refuse_positions

        names = (*(connect.__kwdefaults__ or {}),)
        if misplaced:
            refuse_positions(function, "the region", names)
        if unknown:
            refuse_keywords(function, unknown, ("region", *names))
        check_plain("credentials=", credentials)
    for name, value in strings.items():
        if not isinstance(value, str | None):
            raise TypeError(f"{name}= takes a str or None, not {value!r:.200}")


D = TypeVar("D", bound="_Operations")


class _Operations:
    """What both kinds of database know, and every operation as a method."""

    _connect = ""

    def __init__(
        self, transport: Any, *, table_prefix: str = "", retries: Retries | int = Retries()
    ) -> None:
        self.transport = transport
        self.table_prefix = checked_prefix(table_prefix)
        self.retries = retries_of(retries)
        self._given = Arguments(transport)

    if not TYPE_CHECKING:  # to a type checker, every method would exist

        def __getattr__(self, name: str) -> NoReturn:
            raise NoAttribute(self, name)

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

    def table_name(self, model_or_name: Model | str, *, name: str | None = None) -> str:
        """Return the real name of a table, prefix included; an ARN stays as it is."""
        return whole_name(self.table_prefix, table_name(model_or_name, name=name))

    def close(self) -> None:
        """Close the transport's idle connections, where it keeps any."""
        if close := getattr(self.transport, "close", None):
            close()

    def _of(self: D, given: Arguments) -> D:
        self._given = given
        return self

    create_table = Method(lambda: tables.create_table)
    """Create a table; raise `TableExists` for one that is there."""
    ensure_table = Method(lambda: tables.ensure_table)
    """Create a table unless it is there; report what differs if it is."""
    auto_migrate = Method(lambda: tables.auto_migrate)
    """Create the tables that are missing, all at once."""
    ensure_tables = auto_migrate
    check = Method(lambda: checking.check)
    """Compare tables with their models; create and change nothing."""
    plan = Method(lambda: updating.plan)
    """Compare a table with its model; send no write."""
    apply = Method(lambda: updating.apply)
    """Perform the steps of a plan; raise `PlanRefused` for what was not shown."""
    update_table = Method(lambda: updating.update_table)
    """Plan, then apply."""
    describe_table = Method(lambda: tables.describe_table)
    """Describe a table; raise `TableNotFound`."""
    table_exists = Method(lambda: tables.table_exists)
    """Return whether there is such a table, in any status."""
    delete_table = Method(lambda: deletion.delete_table)
    """Delete a table with all its items."""
    delete_tables = Method(lambda: deletion.delete_tables)
    """Delete several tables, and wait for all of them at once."""
    wait_until_active = Method(lambda: waits.wait_until_active)
    """Wait until a table and its indexes are ACTIVE."""
    wait_until_gone = Method(lambda: waits.wait_until_gone)
    """Wait until there is no such table."""
    list_tables = Method(lambda: tables.list_tables)
    """Return the names of the tables that begin with `prefix`."""
    copy_table = Method(lambda: copying.copy_table)
    """Copy the items of a table into another one."""
    copy_segment = Method(lambda: copying.copy_segment)
    """Copy one segment of a table."""
    verify_copy = Method(lambda: verifying.verify_copy)
    """Compare all items of two tables."""
    auto_migrate_with_options = Method(lambda: migrating.auto_migrate_with_options)
    """Back up, ensure the target table, copy: what is asked for."""

    def migrate(self, *models: Any, **options: Any) -> NoReturn:
        """Raise `MigrateNotSupported`, which names the tools to use instead."""
        tables.migrate(*models, **options)


class AsyncDatabase(_Operations):
    """Runs operations under asyncio: `await adb.ensure_table(Order)`.

    It is pickled as the arguments of `connect_async`.
    """

    awaited: Literal[True] = True
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

    async def run(self, steps: Steps[T] | Operation[T]) -> T:
        """Run an operation; cancelling closes it."""
        return await arun(
            steps, self.transport, retries=self.retries, table_prefix=self.table_prefix
        )


class Database(_Operations):
    """Runs operations: `db.ensure_table(Order)`; each method is the function of its name, run.

    As a context manager it closes idle connections at the end. It is pickled as the arguments of
    `connect`: credentials and transport objects cannot be, a function of a module can.
    """

    awaited: Literal[False] = False
    _connect = "connect"

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def run(self, steps: Steps[T] | Operation[T]) -> T:
        """Run an operation."""
        return run(steps, self.transport, retries=self.retries, table_prefix=self.table_prefix)
