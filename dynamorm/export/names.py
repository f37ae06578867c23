"""What a table is called in a template: by its class, once."""

from __future__ import annotations

import re
from collections.abc import Collection

from ..errors import ModelError
from ..model import checked_prefix, whole_name
from ..model.declare import Model, table_spec
from ..model.fields import label
from ..model.spec import TableSpec


def resources(models: tuple[Model, ...], prefix: str, function: str) -> dict[str, TableSpec]:
    """Return the tables under their real names, each by an id of letters and digits of its own."""
    if not models:
        raise TypeError(f"{function}() takes models: write {function}(Order, Customer)")
    checked_prefix(prefix, "prefix")
    found: dict[str, TableSpec] = {}
    problems: list[str] = []
    for spec in map(table_spec, models):
        if spec.name.startswith("arn:"):
            problems.append(f"{spec.name!r} is an ARN: a new table takes a name - at {spec.name}")
            continue
        named = spec.named(whole_name(prefix, spec.name))
        if named.name in {other.name for other in found.values()}:
            problems.append(
                f"two models are the table {named.name!r}: pass their union - at {spec.name}"
            )
        found[unique(logical_id(spec), found)] = named
    if problems:
        raise ModelError(tuple(problems))
    return found


def logical_id(spec: TableSpec) -> str:
    """Return the name of the class without what is no letter or digit, or else the table's."""
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html:
    # a logical ID is alphanumeric. Terraform would take more, and is given the same names.
    own = re.sub(r"[^0-9A-Za-z]", "", label(spec.model)) if spec.model else ""
    return own or cap_words(spec.name)


def cap_words(name: str) -> str:
    """Return `orders-archive` as `OrdersArchive`; what begins with a digit gets a word before."""
    words = re.findall(r"[0-9A-Za-z]+", name)
    joined = "".join(word[:1].upper() + word[1:] for word in words)
    return joined if joined[:1].isalpha() else f"Table{joined}"


def unique(name: str, taken: Collection[str], between: str = "") -> str:
    """Return the name, or the first with a number behind it that is not taken."""
    number, tried = 1, name
    while tried in taken:
        number += 1
        tried = f"{name}{between}{number}"
    return tried
