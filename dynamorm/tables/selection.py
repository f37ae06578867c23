"""Which settings, indexes and tags are meant by the names in `allow`, `only` and `ignore`."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..errors import Refused
from ..model.spec import TableSpec
from .compare import is_ignored
from .settings import SETTINGS, declared_settings, setting_of
from .steps import consents


def compared_settings(
    spec: TableSpec, allow: Iterable[str] = (), only: Collection[str] = ()
) -> tuple[str, ...]:
    """Name what has to be asked for, without what the model ignores or `only` leaves out.

    The names are those of rows in `SETTINGS`; each of them costs a request, or one for each page.
    """
    wanted = {setting_of(name) for name in only} or SETTINGS
    every = declared_settings(spec, allow)
    return tuple(name for name in every if name in wanted and not is_ignored(spec, name))


def covers(only: Collection[str], name: str) -> bool:
    """Return whether names of settings, tags, indexes or all of a kind include this one."""
    if not only or setting_of(name) in only or consents(only, name):
        return True
    # An index named as a whole covers its capacities, and a kind all of that kind.
    return name.startswith(tuple(f"{wider}:" for wider in only))


def checked_names(given: object, keyword: str) -> tuple[str, ...]:
    """Return the names in `allow` or `only`; raise `Refused` for what can be none."""
    # A string would be taken for its letters.
    if isinstance(given, str) or not isinstance(given, tuple | list | set | frozenset):
        written = given if isinstance(given, str) else "index:by-status"
        raise Refused((f"{keyword}= takes names: write {keyword}=({written!r},), not {given!r}",))
    # Of parts only the kind is checked: which tags or indexes there are, only the table tells.
    prefixes = ("index:", *(f"{row.part}:" for row in SETTINGS.values() if row.part))
    names = {"key", *SETTINGS}
    unknown = [
        name
        for name in given
        if not isinstance(name, str) or not (name in names or name.startswith(prefixes))
    ]
    if unknown:
        from ..model.arguments import nearest

        parts = "".join(f"{prefix}..., " for prefix in sorted(prefixes))
        meant = nearest(unknown[0], names)
        known = f"{parts}{', '.join(sorted(names))}"
        raise Refused((f"{keyword}= has {unknown!r:.200}: a name is {known}{meant}",))
    return tuple(given)
