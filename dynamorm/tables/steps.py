"""Values: what differs in a table, what would be done about it, and what is known of a setting."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from msgspec import UNSET, Struct, field, structs

from .. import requests
from ..api import Request, TableDescription
from ..model import Readable, value_text
from ..model.spec import TableSpec

if TYPE_CHECKING:
    from ..operations import Steps

Kind = Literal["create", "safe", "slow", "destructive"]
Pair = tuple[str, Any, Any]
"""A name, what is declared, and what is there."""


class Step(Readable, frozen=True):
    """One request, and what has to be waited for after it."""

    name: str
    """What it changes: "stream", "index:by-status", "ttl", "ttl:expires", "tag:team", ..."""
    kind: Kind
    change: str
    operation: str
    payload: dict[str, Any]
    """The request's JSON body, with the real name of the table: `apply` sends it as it is."""
    declared: Any = None
    """What will be there after it, as JSON can hold it; `None` is nothing."""
    found: Any = None
    """What is there before it: `apply` refuses the step where this has changed."""
    until: str = "done at once"
    after: float = 0.0
    """Seconds that the service wants between the step before and this one."""
    then: tuple[Step, ...] = ()
    """Further requests that belong to it, in order."""
    region: str = ""
    """Where the request goes, if not to the table's own region."""


def name_parts(name: str) -> tuple[str, str, str]:
    """Return what a name is of, which one, and which option of it: `index:by-status:warm`."""
    kind, _, rest = name.partition(":")
    which, _, option = rest.partition(":")
    return kind, which, option


def operation_of(request: Request) -> str:
    """Return the operation that a request's class is named after."""
    return type(request).__name__.removesuffix("Input")


class Settings(Struct, frozen=True):
    """What was asked for about a table besides its description."""

    answers: dict[str, Any] = field(default_factory=dict)
    """What each setting's own request was answered, by the name of the setting."""
    unsupported: tuple[str, ...] = ()
    """What was asked for and the endpoint does not know."""
    denied: dict[str, str] = field(default_factory=dict)
    """What was asked for and the caller may not read, each with the operation that does it."""


class Change(Struct, frozen=True):
    """A setting, or a part of one: declared and found, and all that its steps depend on."""

    name: str
    declared: Any
    """`UNSET` where the model says nothing."""
    found: Any
    spec: TableSpec
    table: TableDescription
    answer: Any = None
    """What the setting's own request was answered; `UNSET` if it was not sent."""

    def but(self, **values: Any) -> Change:
        """Return the same with other values."""
        return structs.replace(self, **values)

    def update(
        self,
        change: str = "",
        kind: Kind = "safe",
        until: str = "waits until ACTIVE",
        **members: Any,
    ) -> Step:
        """Return a step that sends UpdateTable with these members."""
        request = requests.update_table(self.address, **members)
        return self.step(request, change or str(self), kind, until=until)

    def step(self, request: Request, change: str, kind: Kind = "safe", **more: Any) -> Step:
        """Return a step that sends a request, whose class has the name of the operation."""
        facts = (_as_json(self.declared), _as_json(self.found))
        sent = operation_of(request), request.to_dict()
        return Step(self.name, kind, change, *sent, *facts, **more)

    @property
    def address(self) -> str:
        """What requests name."""
        return address_of(self.spec, self.table)

    @property
    def arn(self) -> str:
        return self.table.table_arn or ""

    def __str__(self) -> str:
        return f"{value_text(self.found)} -> {value_text(self.declared)}"


def address_of(spec: TableSpec, table: TableDescription) -> str:
    """Return what requests name: a table's whole name, or the ARN that the model names it by."""
    # Without its ARN a table of another account would be that of its name in one's own.
    return spec.name if spec.name.startswith("arn:") else table.table_name


def _as_json(fact: Any) -> Any:
    # As words, where JSON has nothing for it: steps are compared after they were JSON.
    return fact if isinstance(fact, str | int | None) else value_text(fact)


class Setting(Struct, frozen=True, kw_only=True):
    """All that is known about one setting of a table: a row of `SETTINGS`.

    `found` and `steps` are pure. The field, its keyword and its check are the model's.
    """

    name: str
    """In steps, differences, `allow` and `ignore`."""
    field: str = ""
    """Of `TableSpec`; empty where it has the same name."""
    absent: Any = UNSET
    """How a model declares that there is none; `UNSET` where every table has one."""
    found: Callable[[Change], Any] = lambda told: told.answer
    """Return what is there, or what is declared if that is satisfied; `told.found` is not set."""
    parts: Callable[[Change], Iterator[Pair]] | None = None
    """Return each part that is declared or found, where a setting has several of them."""
    unknown: Callable[[Change], tuple[str, str] | None] = lambda _: None
    """Return what is found and why it cannot be compared with what is declared, if so."""
    blocked: Callable[[Change], str] = lambda _: ""
    """Return why a living table cannot be given what is declared, if so, and what helps."""
    part: str = ""
    """What comes before a colon in the name of a part, and in that of what is to be removed."""
    within: str = ""
    """What it goes with: the stream, or the index by which each part is named."""
    steps: Callable[..., Iterable[Step]]
    """Return the steps for these changes, one or the parts that differ, in order."""
    read: Callable[[TableSpec, TableDescription], Steps[Any]] | None = None
    """Ask for what DescribeTable does not tell of the table; `None` is nothing."""
    told: bool = False
    """Whether DescribeTable tells some of it: then the rest is missing until it was asked for."""
    actions: tuple[str, ...] = ("DescribeTable", "UpdateTable")
    """The operations that read, set, change and, last, remove it, which are IAM actions."""
    resources: tuple[str, ...] = ("",)
    """What these are about, as what follows the table's ARN."""
    others: Callable[[Any], Iterable[tuple[str, str]]] = lambda _: ()
    """Return the IAM actions of other services that setting it takes, each with its ARN if any."""
    elsewhere: Callable[[TableSpec, str], Iterable[tuple[str, str]]] = lambda *_: ()
    """Return the IAM actions in other regions to "read", to "set", or to remove a named part."""
    late: bool = False
    """Whether it is changed after the indexes, as what has requests of its own always is."""
    with_create: bool = True
    """Whether CreateTable can set it; what cannot is set when the table is ACTIVE."""
    replaced: bool = False
    """Whether what is there has to be removed before another one is set."""
    interval: float | None = None
    """Seconds that the service wants between two changes of it."""

    def declared(self, spec: TableSpec) -> Any:
        """Return what a table is declared to have; `UNSET` is nothing."""
        return getattr(spec, self.field or self.name)

    def owner_of(self, part: str) -> str:
        """Name what a part goes with: "stream", or "index:by-status"."""
        _, colon, rest = part.partition(":")
        return f"{self.within}{colon}{rest}"

    def compare(
        self, spec: TableSpec, table: TableDescription, settings: Settings | None = None
    ) -> Iterator[Change]:
        """Return its parts, declared or not; none as long as it was not asked for."""
        answers = settings.answers if settings else {}
        # What was not asked for is not known. Taken for absent, it would be planned to be set.
        if self.read and not self.told and self.name not in answers:
            return
        declared, answer = self.declared(spec), answers.get(self.name, UNSET)
        told = Change(self.name, declared, None, spec, table, answer)
        for name, wanted, found in (self.parts or self._whole)(told):
            yield told.but(name=name, declared=wanted, found=found)

    def _whole(self, told: Change) -> Iterator[Pair]:
        """Yield the setting as one pair, if it is declared or every table can be without it."""
        wanted = self.absent if told.declared is UNSET else told.declared
        if wanted is not UNSET:
            found = self.found(told.but(declared=wanted))
            # By what is there, "ttl:expires", so that a consent to remove it says what it means.
            named = self.part and told.declared is UNSET
            yield f"{self.part}:{found}" if named else self.name, told.declared, found


class Undeclared(Readable, frozen=True):
    """Something that the table has and the model does not mention. It is left alone."""

    name: str
    found: str


class Blocked(Readable, frozen=True):
    """A declared thing that a living table cannot be given, and what to do about it."""

    name: str
    declared: str
    found: str
    remedy: str


UNKNOWN = "this endpoint does not know it"
"""Why something is pending or unsupported."""


# No "ttl:*": a table has at most one TTL attribute, and a consent to remove it names it.
_WILDCARDS = ("index:*", "index_insights:*", "replica:*", "tag:*")


def consents(allow: Collection[str], name: str) -> bool:
    """Return whether `allow` names this, by itself or with all of its kind, as in `index:*`."""
    return name in allow or any(
        wildcard in allow and name.startswith(wildcard[:-1]) for wildcard in _WILDCARDS
    )
