"""The two databases: every operation as a method."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, TypeVar, overload

import dynamorm

from ..errors import DynamormError, shortened
from ..model import NoAttribute, checked_prefix, table_name, whole_name
from ..operations.drivers import arun, run
from ..operations.sending import is_coroutine_function
from ..operations.waiting import Retries, retries_of

if TYPE_CHECKING:
    from ..model.declare import Model
    from ..operations import Operation, Steps
    from ..operations.observing import Observe

    D = TypeVar("D", bound="_Operations")

P = ParamSpec("P")
T = TypeVar("T")

INSTEAD = (
    "since a pickle reveals what is in it: use profile=, the environment, or a "
    "module-level function as credentials=, which are looked up where it is loaded"
)


class Method(Generic[P, T]):
    """A function that makes an operation, as a method of both databases that runs it."""

    def __init__(self, find: Callable[[], Callable[P, Operation[T]]]) -> None:
        self._find = find

    @overload
    def __get__(self, db: Database, owner: Any) -> Callable[P, T]: ...
    @overload
    def __get__(self, db: AsyncDatabase, owner: Any) -> Callable[P, Awaitable[T]]: ...
    @overload
    def __get__(self, db: None, owner: Any) -> Callable[..., Any]: ...
    def __get__(self, db: Any, owner: Any) -> Any:
        # Found when it is asked for, since finding it imports its module.
        function = self._find()
        if db is None:
            return _unbound(function)

        def method(*given: P.args, **named: P.kwargs) -> Any:
            try:
                operation = function(*given, **named)
            except DynamormError as error:
                raise shortened(error) from error.__cause__
            return db.run(operation)

        return update_wrapper(method, function)


def _unbound(function: Callable[..., Operation[Any]]) -> Callable[..., Any]:
    """Return what `help` and `inspect` see on the class: the same signature behind `self`."""
    from inspect import Parameter, signature

    def method(db: Any, /, *given: Any, **named: Any) -> Any:
        return db.run(function(*given, **named))

    own = signature(function)
    first = Parameter("self", Parameter.POSITIONAL_ONLY)
    shown: Any = update_wrapper(method, function)
    shown.__signature__ = own.replace(parameters=[first, *own.parameters.values()])
    return method


class _Operations:
    """What both kinds of database know, and every operation as a method."""

    given: Any = None
    """What `connect` was given, from which a pickle connects again."""

    def __init__(
        self,
        transport: Any,
        *,
        table_prefix: str = "",
        retries: Retries | int = Retries(),
        observe: Observe | None = None,
    ) -> None:
        self.transport = transport
        self.table_prefix = checked_prefix(table_prefix)
        self.retries = retries_of(retries)
        self.observe = observe
        if observe is not None and (not callable(observe) or is_coroutine_function(observe)):
            raise TypeError(f"observe= takes a plain function, not an async one: {observe!r:.200}")

    if not TYPE_CHECKING:  # pragma: no branch - to a type checker, all methods would exist

        def __getattr__(self, name: str) -> NoReturn:
            raise NoAttribute(self, name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.transport!r}, table_prefix={self.table_prefix!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        if self.given is None:
            kind = type(self.transport).__name__
            raise TypeError(
                f"a database of a transport object ({kind}) cannot be pickled, {INSTEAD}"
            )
        return self.given.pickled(**self._how())  # type: ignore[no-any-return]

    def __copy__(self: D) -> D:
        """Share the transport; what is pickled connects again."""
        # Not by `connect`: a copy shares the connections, and may hold what cannot be pickled.
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

    def _how(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("retries", "table_prefix", "observe")}

    create_table = Method(lambda: dynamorm.create_table)
    """Create a table; raise `TableExists` for one that is there."""
    ensure_table = Method(lambda: dynamorm.ensure_table)
    """Create a table unless it is there; report what differs if it is."""
    auto_migrate = Method(lambda: dynamorm.auto_migrate)
    """Create the tables that are missing, all at once."""
    ensure_tables = auto_migrate
    check = Method(lambda: dynamorm.check)
    """Compare tables with their models; create and change nothing."""
    plan = Method(lambda: dynamorm.plan)
    """Compare a table with its model; send no write."""
    apply = Method(lambda: dynamorm.apply)
    """Perform the steps of a plan; raise `PlanRefused` for what was not shown."""
    update_table = Method(lambda: dynamorm.update_table)
    """Plan, then apply."""
    describe_table = Method(lambda: dynamorm.describe_table)
    """Describe a table; raise `TableNotFound`."""
    table_exists = Method(lambda: dynamorm.table_exists)
    """Return whether there is such a table, in any status."""
    delete_table = Method(lambda: dynamorm.delete_table)
    """Delete a table with all its items."""
    delete_tables = Method(lambda: dynamorm.delete_tables)
    """Delete several tables, and wait for all of them at once."""
    wait_until_active = Method(lambda: dynamorm.wait_until_active)
    """Wait until a table and its indexes are ACTIVE."""
    wait_until_gone = Method(lambda: dynamorm.wait_until_gone)
    """Wait until there is no such table."""
    list_tables = Method(lambda: dynamorm.list_tables)
    """Return the names of the tables that begin with `prefix`."""
    create_backup = Method(lambda: dynamorm.create_backup)
    """Make an on-demand backup of a table."""
    list_backups = Method(lambda: dynamorm.list_backups)
    """Return the backups of a table, or of all tables."""
    delete_backup = Method(lambda: dynamorm.delete_backup)
    """Delete one backup."""
    restore_backup = Method(lambda: dynamorm.restore_backup)
    """Restore a backup to a new table, and make that what its model declares."""
    restore_to_point_in_time = Method(lambda: dynamorm.restore_to_point_in_time)
    """Restore a table as it was at a moment to a new table; otherwise the same."""
    export_to_s3 = Method(lambda: dynamorm.export_to_s3)
    """Export the items of a table, or what has changed, to a bucket."""
    import_from_s3 = Method(lambda: dynamorm.import_from_s3)
    """Import items from a bucket into a new table."""
    bulk_put_from_s3 = Method(lambda: dynamorm.bulk_put_from_s3)
    """Put items from a bucket into a table that is there."""
    list_exports = Method(lambda: dynamorm.list_exports)
    """Return the exports of a table, or of all tables."""
    list_imports = Method(lambda: dynamorm.list_imports)
    """Return the imports into a table, or into all tables."""
    list_bulk_operations = Method(lambda: dynamorm.list_bulk_operations)
    """Return the bulk puts of this account and region."""
    describe_export = Method(lambda: dynamorm.describe_export)
    """Describe one export."""
    describe_import = Method(lambda: dynamorm.describe_import)
    """Describe one import."""
    describe_bulk_operation = Method(lambda: dynamorm.describe_bulk_operation)
    """Describe one bulk put."""
    cancel_bulk_operation = Method(lambda: dynamorm.cancel_bulk_operation)
    """Cancel one bulk put."""
    read_bulk_errors = Method(lambda: dynamorm.read_bulk_errors)
    """Sum up which items a bulk put could not put."""
    copy_table = Method(lambda: dynamorm.copy_table)
    """Copy the items of a table into another one."""
    copy_segment = Method(lambda: dynamorm.copy_segment)
    """Copy one segment of a table."""
    verify_copy = Method(lambda: dynamorm.verify_copy)
    """Compare all items of two tables."""
    auto_migrate_with_options = Method(lambda: dynamorm.auto_migrate_with_options)
    """Back up, ensure the target table, copy: what is asked for."""

    def migrate(self, *models: Any, **options: Any) -> NoReturn:
        """Raise `MigrateNotSupported`, which names the tools to use instead."""
        dynamorm.migrate(*models, **options)


class AsyncDatabase(_Operations):
    """Runs operations under asyncio: `await adb.ensure_table(Order)`.

    It is pickled as the arguments of `connect_async`.
    """

    awaited = True

    async def __aenter__(self) -> AsyncDatabase:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the transport's idle connections, those of this event loop included."""
        # `AioTransport` has nothing but this one, `ThreadTransport` nothing but `close`.
        if aclose := getattr(self.transport, "aclose", None):
            await aclose()
        self.close()

    async def run(self, steps: Steps[T] | Operation[T]) -> T:
        """Run an operation; cancelling closes it."""
        try:
            return await arun(steps, self.transport, **self._how(), home=self)
        except DynamormError as error:
            raise shortened(error) from error.__cause__


class Database(_Operations):
    """Runs operations: `db.ensure_table(Order)`; each method is the function of its name, run.

    As a context manager it closes idle connections at the end. It is pickled as the arguments of
    `connect`: credentials and transport objects cannot be, a function of a module can.
    """

    awaited = False

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def run(self, steps: Steps[T] | Operation[T]) -> T:
        """Run an operation."""
        try:
            return run(steps, self.transport, **self._how(), home=self)
        except DynamormError as error:
            raise shortened(error) from error.__cause__
