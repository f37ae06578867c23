"""Collect the text of every error of the package, to be read in a row: `python docs/messages.py`.

The texts are found in the source: what error classes are called with, what is appended to lists of
problems, and what advice a class adds. What is known when an error is raised, and not before, stays
in braces; words that are chosen between stand side by side: [these | or those].
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parents[1] / "dynamorm"

KINDS = {
    name
    for name, found in vars(builtins).items()
    if isinstance(found, type) and issubclass(found, Exception)
} | {"Misfit", "UsageError", "BadParameter", "ClickException"}
"""Classes whose instances are errors, besides those of dynamorm.errors."""

UNKNOWN = re.compile(r"\{.*?\}")
"""What stands in braces, since it is known only when the error is raised."""

WORDS = re.compile(r"[a-z]{2}.* ")

LISTS = {"problems", "reasons"}
"""What functions call the lists in which they gather what is wrong."""

GATHERING = "_wrong"
"""The name of the method by which a class gathers a problem, with its place."""

LEAVES = (ast.Constant, ast.Name, ast.alias, ast.expr_context, ast.operator)
"""What most nodes of a tree are; no error is raised in them."""


class Message(NamedTuple):
    """One text: where it is, the class or function that it is given to, and its words."""

    module: str
    line: int
    kind: str
    text: str


Known = dict[str, ast.expr]


@cache
def collect() -> tuple[Message, ...]:
    """Return every text, by module and line."""
    modules = {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(
            path.read_text("utf-8")
        )
        for path in sorted(PACKAGE.rglob("*.py"))
    }
    kinds = KINDS | {
        node.name
        for name in ("errors.__init__", "errors.answers", "errors.outcomes", "copying.collisions")
        for node in modules[name].body
        if isinstance(node, ast.ClassDef)
    }
    constants: Known = {}
    for tree in modules.values():
        constants |= _assigned(tree.body)
    return tuple(
        message
        for name, tree in modules.items()
        if not name.startswith("testing")
        for message in _Module(name.removesuffix(".__init__"), kinds, constants).of(tree)
    )


def _assigned(body: list[ast.stmt]) -> Known:
    """Return what is assigned to a name exactly once, anywhere below but in other functions."""
    found: dict[str, list[ast.expr]] = {}
    left: list[ast.AST] = [*body]
    while left:
        node = left.pop()
        # What is an expression assigns nothing that is meant here.
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            continue
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = [*zip(target.elts, node.value.elts, strict=False)]
                for name, value in pairs:
                    if isinstance(name, ast.Name):
                        found.setdefault(name.id, []).append(value)
        left += ast.iter_child_nodes(node)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


class _Module:
    """The texts of one module."""

    def __init__(self, name: str, kinds: set[str], constants: Known) -> None:
        self.name = name
        self.kinds = kinds
        self.constants = constants

    def of(self, tree: ast.Module) -> Iterator[Message]:
        found: dict[tuple[int, str], str] = {}
        for node, kind, known in self._given(tree, self.constants, ""):
            for line, text in self._texts(node, known):
                # What is gathered first and raised later belongs to the class that is raised.
                if (
                    WORDS.search(UNKNOWN.sub("", text))
                    and found.get((line, text)) not in self.kinds
                ):
                    found[line, text] = kind
        for (line, text), kind in sorted(found.items()):
            yield Message(self.name, line, kind, text)

    def _given(
        self, node: ast.AST, known: Known, within: str
    ) -> Iterator[tuple[ast.expr, str, Known]]:
        """Yield each expression that becomes the text of an error, and what its names stand for."""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            known, within = known | _assigned(node.body), node.name
            says = ast.unparse(node.returns) if node.returns else ""
            if re.search("problem|reason|why|unsupported", within) and "str" in says:
                for each in ast.walk(node):
                    if isinstance(each, ast.Yield | ast.Return) and each.value:
                        yield each.value, within, known
        elif isinstance(node, ast.Call):
            name = _name(node.func)
            if name in self.kinds:
                yield from ((value, name, known) for value in _arguments(node))
            elif name == GATHERING:
                yield node.args[0], within, known
            elif name in {"append", "extend"} and _name(getattr(node.func, "value", None)) in LISTS:
                yield from ((value, within, known) for value in node.args)
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            if _name(node.exc.func) not in self.kinds:
                yield from ((value, _name(node.exc.func), known) for value in _arguments(node.exc))
        elif isinstance(node, ast.AugAssign | ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            advises = _name(target) == "hint" and self.name.startswith("errors")
            if node.value and (advises or _name(target) in LISTS):
                yield node.value, within, known
        elif isinstance(node, ast.ClassDef):
            within = node.name
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, LEAVES):
                yield from self._given(child, known, within)

    def _texts(self, node: ast.expr, known: Known) -> Iterator[tuple[int, str]]:
        """Yield each text that an expression may be, or has in it."""
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            for each in node.elts:
                yield from self._texts(each, known)
        elif isinstance(node, ast.Starred):
            yield from self._texts(node.value, known)
        elif isinstance(node, ast.GeneratorExp | ast.ListComp | ast.SetComp):
            yield from self._texts(node.elt, known)
        elif isinstance(node, ast.IfExp):
            yield from self._texts(node.body, known)
            yield from self._texts(node.orelse, known)
        elif isinstance(node, ast.BoolOp):
            for each in node.values:
                yield from self._texts(each, known)
        elif isinstance(node, ast.Name) and node.id in known:
            without = {name: value for name, value in known.items() if name != node.id}
            yield from self._texts(known[node.id], without)
        elif isinstance(node, ast.Call) and _name(node.func) in {"tuple", "list", "sorted"}:
            for each in node.args:
                yield from self._texts(each, known)
        elif text := self._text(node, known):
            yield node.lineno, text

    def _text(self, node: ast.expr, known: Known) -> str:
        """Return a text with what is not known in braces; nothing if it is no text."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else ""
        if isinstance(node, ast.JoinedStr):
            return "".join(self._part(part, known) for part in node.values)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._text(node.left, known) + self._text(node.right, known)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "format":
                return self._text(node.func.value, known)
            if node.func.attr == "join":
                return f"{{{ast.unparse(node.args[0])}}}"
        return ""

    def _part(self, part: ast.expr, known: Known) -> str:
        if isinstance(part, ast.Constant):
            return str(part.value)
        assert isinstance(part, ast.FormattedValue)
        return self._words(part.value, known) or f"{{{ast.unparse(part.value)}}}"

    def _words(self, value: ast.expr, known: Known) -> str:
        """Return the words that a part of a text stands for, if they are in the source."""
        if isinstance(value, ast.Name) and value.id in known:
            without = {name: found for name, found in known.items() if name != value.id}
            return self._words(known[value.id], without)
        if isinstance(value, ast.IfExp):
            either = [self._words(each, known).strip() for each in (value.body, value.orelse)]
            return f"[{' | '.join(each or '-' for each in either)}]" if any(either) else ""
        return self._text(value, known)


def _name(node: object) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _arguments(call: ast.Call) -> list[ast.expr]:
    named = {"message", "reasons", "problem", "hint"}
    return [*call.args, *(each.value for each in call.keywords if each.arg in named)]


def page() -> str:
    """Return the texts as Markdown, a list for each module."""
    lines: list[str] = []
    module = ""
    for message in collect():
        if message.module != module:
            module = message.module
            place = f"dynamorm.{module}" if module != "__init__" else "dynamorm"
            lines += ["", f"## `{place}`", ""]
        text = message.text.replace("\n", " ").replace("`", "'").strip()
        lines.append(f"- {message.kind}: `` {text} ``" if message.kind else f"- `` {text} ``")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
