"""Functions that make operations, as methods of the databases that run them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Generic, Literal, ParamSpec, Protocol, TypeVar, overload

from .. import errors  # as a module: mypy then reads functions before they become methods
from ..api import Lazy as Lazy  # noqa: PLC0414  # for the modules that methods come from
from .effects import Operation

P = ParamSpec("P")
T = TypeVar("T")


if TYPE_CHECKING:

    class _Waits(Protocol):
        @property
        def awaited(self) -> Literal[False]: ...

    class _Awaited(Protocol):
        @property
        def awaited(self) -> Literal[True]: ...


class Method(Generic[P, T]):
    """A function that makes an operation, as a method of both databases that runs it."""

    def __init__(self, find: Callable[[], Callable[P, Operation[T]]]) -> None:
        self._find = find

    @overload
    def __get__(self, db: _Waits, owner: Any) -> Callable[P, T]: ...
    @overload
    def __get__(self, db: _Awaited, owner: Any) -> Callable[P, Awaitable[T]]: ...
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
            except errors.DynamormError as error:
                raise short(error) from error.__cause__
            return db.run(operation)

        return update_wrapper(method, function)


def short(error: errors.DynamormError) -> errors.DynamormError:
    """Return an error with a short traceback."""
    from .traces import shortened

    return shortened(error)


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
