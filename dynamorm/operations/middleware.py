"""Which table a name means: the prefix of a database, and tables in another one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import structs

from ..model import whole_name
from . import (
    Call,
    Effect,
    InRegion,
    Location,
    Operation,
    Perform,
    Steps,
    Where,
    asked,
    changing,
    through,
)

if TYPE_CHECKING:
    from .transport import DatabaseLike

T = TypeVar("T")


def prefixing(prefix: str) -> Perform:
    """Return what lets a program work on tables whose names begin with `prefix`, unknown to it.

    ARNs stay as they are, and so do requests that go elsewhere by a transport of their own. Listed
    names come without the prefix, those of other tables not at all; a description says the whole
    name. A name that is too short or too long together with its prefix, be that empty, is a
    `ModelError`, and nothing is sent.
    """

    def perform(effect: Effect) -> Steps[Any] | None:
        """Return what performs an effect with the prefix; `None` leaves it as it is."""
        if not isinstance(effect, _ABOUT) or effect.transport is not None:
            return None
        if isinstance(effect, Where):
            return _located(effect, prefix)
        payload = _prefixed(effect.payload, prefix)
        own = effect if payload is effect.payload else structs.replace(effect, payload=payload)
        if effect.operation == "ListTables":
            return _unprefixed(own, prefix)
        return None if own is effect else asked(own)

    return perform


def elsewhere(steps: Steps[T] | Operation[T], place: DatabaseLike | None) -> Steps[T]:
    """Perform `steps` where another database is, if there is one: by its transport, on its names.

    Requests that go elsewhere already still go there.
    """
    if place is None:
        here: Steps[T] = iter(steps)
        return here

    def perform(effect: Effect) -> Steps[Any] | None:
        """Return what performs an effect over there; `None` leaves it as it is."""
        if isinstance(effect, InRegion):
            return asked(structs.replace(effect, transport=place.transport))
        if not isinstance(effect, _ABOUT) or effect.transport is not None:
            return None
        if isinstance(effect, Where):
            return _located(Where(place.transport), place.table_prefix)
        payload = _prefixed(effect.payload, place.table_prefix)
        return asked(structs.replace(effect, payload=payload, transport=place.transport))

    return through(steps, perform)


_ABOUT = (Call, Where)
"""Effects that are about a certain service."""


def _located(effect: Where, prefix: str) -> Steps[Location]:
    location: Location = yield effect
    return structs.replace(location, table_prefix=prefix)


def by_transport(steps: Steps[T], transport: Any) -> Steps[T]:
    """Perform `steps`, which say the whole names of tables, by another transport."""
    return through(steps, changing(lambda request: structs.replace(request, transport=transport)))


def _prefixed(payload: Any, prefix: str) -> Any:
    changed: dict[str, Any] = {}
    for member in _naming(payload.__class__):
        said = getattr(payload, member)
        if isinstance(said, str):
            whole: Any = whole_name(prefix, said)
        # BatchWriteItem and BatchGetItem have names as keys.
        elif isinstance(said, dict):
            whole = {whole_name(prefix, name): batch for name, batch in said.items()}
        else:
            whole = _prefixed(said, prefix)
        if whole != said:
            changed[member] = whole
    return structs.replace(payload, **changed) if changed else payload


_NAMING = (
    "table_name",
    "source_table_name",
    "target_table_name",
    "table_creation_parameters",
    "request_items",
)
"""Members that name tables: as text, as the keys of a dict, or in a request of their own."""


# A class always answers the same, and is asked for each request.
@cache
def _naming(kind: Any) -> tuple[str, ...]:
    return tuple(name for name in getattr(kind, "__struct_fields__", ()) if name in _NAMING)


def _unprefixed(effect: Call[Any], prefix: str) -> Steps[Any]:
    reply = yield effect
    # The last name stays whole: it is where the service goes on from, and may be anybody's.
    names = tuple(n.removeprefix(prefix) for n in reply.table_names if n.startswith(prefix))
    return structs.replace(reply, table_names=names)
