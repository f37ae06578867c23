"""The Python source of a model for a table that is there, or that somebody else has described."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from keyword import iskeyword
from typing import Any, NamedTuple, overload
from unicodedata import normalize

from msgspec import UNSET, Struct, json, structs

from ..errors import ModelError
from ..model.options import AnyIndex, Include, Index, Options, VectorIndex, policy_text
from ..model.spec import TableSpec, changed
from ..operations import Operation, Steps
from ..tables import describe_table
from ..tables.settings import SETTINGS, survey
from ..tables.steps import Change
from .names import cap_words, unique

WIDTH = 88
"""Characters of a line, as formatters for Python have it."""

_FROM = {
    "typing": "Annotated Any",
    "dynamorm": (
        "KMS Include Kinesis Index InlineFilter OnDemand PartitionKey Provisioned Replica SortKey "
        "TimeToLive Vector VectorIndex WarmThroughput table"
    ),
    "msgspec": "UNSET Struct field",
}
_TYPES = {"S": "str", "N": "int", "B": "bytes", "L": "list[float]"}
_TAKEN = {*re.findall(r"\w+", " ".join((*_TYPES.values(), *_FROM.values())))}
"""What a field or class of that name would hide from the lines around it."""


class _Call(NamedTuple):
    """Parts between brackets: on one line where that is short enough."""

    opening: str
    parts: tuple[Any, ...]
    closing: str = ")"


@overload
def source(table: str) -> Operation[str]: ...
@overload
def source(table: Struct | Mapping[str, Any]) -> str: ...


def source(table: Any) -> Operation[str] | str:
    """Return the Python source of a model: imports, and one class called like the table.

    For a table's name or ARN it is an operation, whose result is the source: it sends DescribeTable
    and a read each of TTL, point-in-time recovery, tags and all else that is not in it. What the
    caller may not read is left out, and a comment says so; what the endpoint does not know cannot
    be set there. A plan for the table straight afterwards is empty. For a description, a
    CreateTable request or its dict, a CloudFormation resource, or a `TableSpec`, it is the source
    at once.

    Keys that are numbers become `int`: write `Decimal` where they have fractions. Other attributes
    are declared only where an index includes them, as `Any`. Raises `ModelError` for a table that
    no model can stand for.
    """
    if isinstance(table, str):
        return Operation(_pulled, (table,), {})
    return model_source(TableSpec.of(table))


def _pulled(table: str) -> Steps[str]:
    found = yield from describe_table(table)
    wanted = [row.name for row in SETTINGS.values() if row.read]
    # Asked for under the given name, which may be an ARN of another account.
    spec = TableSpec.of(found, name=table)
    settings = yield from survey(spec, found, wanted, skip=True, denied_ok=True)
    spec = spec.named(found.table_name) if table.startswith("arn:") else spec
    told = {}
    # Each row finds its setting as it does for a plan, which then has nothing to do.
    for name, answer in settings.answers.items():
        row = SETTINGS[name]
        told[row.field or name] = row.found(Change(name, UNSET, None, spec, found, answer)) or UNSET
    denied = settings.denied.items()
    notes = [f"{name} was not read: dynamodb:{action} is denied." for name, action in denied]
    return model_source(changed(spec, **told), notes)


# The name that a repr shows, and the warning about an operation that was never run.
_pulled.__name__ = source.__name__


def model_source(spec: TableSpec, notes: Iterable[str] = ()) -> str:
    """Return the source of one class, with imports; `notes` are comments above it.

    Raises `ModelError` for what no model can say: what breaks a rule, and names that no field has.
    """
    # A description is taken as it comes; what a model declares is checked when it is made.
    TableSpec(**structs.asdict(spec))
    names = _field_names(spec)
    ttl = spec.time_to_live or None
    if ttl and _attributes(spec)[ttl] not in ("N", None):
        notes = (*notes, f"TTL is on for {ttl!r}, a key that is no number: it is not declared.")
        ttl = None
    options = {"indexes": [*_indexes(spec, names)] or UNSET}
    options |= {name: getattr(spec, name) for name in Options.__struct_fields__}
    for policy in ("resource_policy", "stream_policy"):
        if options[policy]:
            options[policy] = json.decode(policy_text(options[policy]))
    declared = [(name, value) for name, value in options.items() if value is not UNSET]
    lines = [f"# {note}" for note in notes]
    lines += [_text(_call("@table", (spec.name,), declared))]
    lines += [f"class {_class_name(spec.name)}(Struct):"]
    lines += [f"    {line}" for line in _fields(spec, names, ttl)]
    body = "\n".join(lines)
    return f"{_imports(body)}\n\n\n{body}\n"


def _imports(body: str) -> str:
    """Return the imports of what is used, in the order of isort."""
    # What stands in a text, such as the name of a table, imports nothing.
    words = {*re.findall(r"\w+", re.sub(r'"(\\.|[^"\\])*"', "", body))}
    lines = []
    for module, names in _FROM.items():
        used = tuple(name for name in names.split() if name in words)
        line = f"from {module} import {', '.join(used)}"
        lines.append(line if len(line) <= WIDTH else _text(_Call(f"from {module} import (", used)))
    return "\n".join((lines[0], "", *lines[1:]))


def _class_name(table: str) -> str:
    name = cap_words(table.rpartition("/")[2])
    return f"{name}Table" if name in _TAKEN or iskeyword(name) else name


def _attributes(spec: TableSpec) -> dict[str, str | None]:
    """Return every attribute that is declared, with its type where it is a key or the like."""
    found: dict[str, str | None] = {part.name: part.type for part in spec.defined}
    found.update((index.vector.name, "L") for index in spec.indexes if index.vector)
    for index in spec.indexes:
        if isinstance(index.projection, Include):
            found.update((name, None) for name in index.projection if name not in found)
    if spec.time_to_live:
        found.setdefault(spec.time_to_live, None)
    return found


def _field_names(spec: TableSpec) -> dict[str, str]:
    names: dict[str, str] = {}
    for attribute in _attributes(spec):
        names[attribute] = unique(_identifier(attribute), {*names.values()}, "_")
    problems = [
        f"no field can be called {name!r}: msgspec takes no quotation marks, backslashes and "
        f"control characters - at {spec.name}"
        for name in names
        if re.search(r'["\\\x00-\x1f]', name)
    ]
    if problems:
        raise ModelError(tuple(problems))
    return names


def _identifier(attribute: str) -> str:
    """Return a field's name: Python normalises identifiers, and mangles `__x` inside a class."""
    letters = (c if f"a{c}".isidentifier() else " " for c in normalize("NFKC", attribute))
    name = re.sub(r" +", "_", "".join(letters))
    name = name if re.match(r"_?[^\W\d_]", name) else name.lstrip("_")
    name = name if name.isidentifier() else f"field_{name}"
    return f"{name}_" if iskeyword(name) or name in _TAKEN else name


def _fields(spec: TableSpec, names: dict[str, str], ttl: str | None) -> Iterator[str]:
    own = {part.name for part in spec.key}
    for attribute, kind in _attributes(spec).items():
        markers = [*_markers(spec, attribute)]
        markers += ["TimeToLive()"] if attribute == ttl else []
        written = _TYPES[kind] if kind else "int" if markers else "Any"
        # Only the table's own key is in every item. What an index is by may be null or missing;
        # anything else that an item lacks is written again without it.
        default = "" if attribute in own else "None" if markers else "UNSET"
        if default == "None":
            written = f"{written} | None"
        if names[attribute] != attribute:
            given = (f"default={default}",) if default else ()
            default = f"field({', '.join((*given, f'name={_quoted(attribute)}'))})"
        ending = f" = {default}" if default else ""
        annotation: str | _Call = written + ending
        if markers:
            annotation = _Call("Annotated[", (written, *markers), f"]{ending}")
        yield _text(annotation, 4, f"{names[attribute]}: ")


def _markers(spec: TableSpec, attribute: str) -> Iterator[str]:
    own = (("PartitionKey", spec.key[:1]), ("SortKey", spec.key[1:]))
    yield from (f"{kind}()" for kind, key in own for part in key if part.name == attribute)
    for index in spec.indexes:
        for kind, key in (("PartitionKey", index.partition_key), ("SortKey", index.sort_key)):
            for place, part in enumerate(key):
                if part.name == attribute:
                    # The fields are in the order of the table's definitions, not of this key.
                    position = f", position={place}" if len(key) > 1 else ""
                    yield f"{kind}(index={_quoted(index.name)}{position})"
        if any(part.name == attribute for part in index.filters):
            yield f"InlineFilter(index={_quoted(index.name)})"
        if index.vector and index.vector.name == attribute:
            yield f"Vector(index={_quoted(index.name)})"


def _indexes(spec: TableSpec, names: dict[str, str]) -> Iterator[AnyIndex]:
    """Return what the markers do not say."""
    for index in spec.indexes:
        projection: Any = index.projection
        if isinstance(projection, Include):
            projection = Include(*(names[attribute] for attribute in projection))
        if vector := index.vector:
            yield VectorIndex(index.name, vector.dimensions, vector.distance, projection)
            continue
        listed = Index(index.name, projection, index.throughput, index.on_demand, index.warm)
        if listed != Index(index.name):
            yield listed


def _quoted(text: str) -> str:
    """Return a literal in double quotes, as formatters want it."""
    literal = repr(text)
    if literal[0] == '"':
        return literal
    return '"' + literal[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'


def _call(name: str, given: Iterable[Any], named: Iterable[tuple[str, Any]] = ()) -> _Call:
    parts = [_node(value) for value in given]
    return _Call(f"{name}(", (*parts, *((f"{key}=", _node(value)) for key, value in named)))


def _node(value: Any) -> Any:
    """Return a value as text, or as a call whose parts may stand on lines of their own."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Include):
        return _call("Include", value)
    if isinstance(value, Struct):
        fields = [(f.name, f.default) for f in structs.fields(value)]
        given = [(name, getattr(value, name), default) for name, default in fields]
        told = [(name, value) for name, value, default in given if value != default]
        first = [value for _, value in told[:1] if isinstance(value, str)]
        return _call(type(value).__name__, first, told[len(first) :])
    if isinstance(value, dict):
        return _Call("{", tuple((f"{_quoted(k)}: ", _node(v)) for k, v in value.items()), "}")
    if isinstance(value, list | tuple):
        return _Call("[", tuple(map(_node, value)), "]")
    return repr(value)


def _text(node: Any, indent: int = 0, before: str = "", after: int = 0) -> str:
    """Return the text of a node: `before` stands before it, and `after` characters behind it."""
    if isinstance(node, str):
        return before + node
    if not isinstance(node, _Call):
        return _text(node[1], indent, before + node[0], after)
    flat = before + _flat(node)
    if not node.parts or indent + len(flat) + after <= WIDTH:
        return flat
    room = " " * (indent + 4)
    inner = [f"{room}{_text(part, indent + 4, after=1)},\n" for part in node.parts]
    return f"{before}{node.opening}\n{''.join(inner)}{' ' * indent}{node.closing}"


def _flat(node: Any) -> str:
    if isinstance(node, str):
        return node
    if not isinstance(node, _Call):
        return f"{node[0]}{_flat(node[1])}"
    return f"{node.opening}{', '.join(map(_flat, node.parts))}{node.closing}"
