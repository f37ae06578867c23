"""From what is declared and what is there to a plan: a pure function, and what it makes.

The service takes one kind of change at a time:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from .. import errors, requests
from ..api import TableDescription
from ..model import Readable, whole_name
from ..model.spec import TableSpec
from ..operations import Location
from .changes import TableComparison
from .compare import Difference, drift, key_pair
from .settings import SETTINGS, covers, first_steps
from .steps import UNKNOWN, Blocked, Settings, Step, Undeclared

_OWN_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn")
"""A region has several of them (FIPS, dual-stack, by account), and its tables are on all.

https://docs.aws.amazon.com/general/latest/gr/ddb.html
"""


class Binding(Readable, frozen=True, kw_only=True):
    """A table, and where it is. What is not known is empty, and contradicts nothing."""

    name: str
    """The real name, prefix included."""
    arn: str = ""
    table_id: str = ""
    created: float | None = None
    """CreationDateTime, in seconds since the epoch."""
    region: str = ""
    endpoint: str = ""

    @classmethod
    def at(cls, name: str, location: Location) -> Binding:
        """Bind to the table that has this name there, or this ARN."""
        # An ARN ends in the name.
        whole = whole_name(location.table_prefix, name).rpartition("/")[2]
        return cls(name=whole, region=location.region, endpoint=location.endpoint)

    @classmethod
    def to(cls, table: TableDescription, location: Location) -> Binding:
        """Bind to the table that this description is of."""
        return cls(
            name=table.table_name,
            arn=table.table_arn or "",
            table_id=table.table_id or "",
            created=table.created,
            region=location.region,
            endpoint=location.endpoint,
        )

    def contradictions(self, other: Binding) -> Iterator[str]:
        """Say what tells `other` apart from this one, as far as it is known of both."""
        for fact, what in _FACTS.items():
            one, here = getattr(self, fact), getattr(other, fact)
            if fact == "endpoint":
                one, here = _endpoint(one), _endpoint(here)
            # What one side does not tell proves nothing: emulators leave out ids, times and ARNs.
            if one and here and one != here:
                yield f"{what} was {one}, and is {here}"


_FACTS = {
    "name": "the name",
    "arn": "the ARN",
    "table_id": "the table's id",
    "created": "the creation time",
    "region": "the region",
    "endpoint": "the endpoint",
}


def _endpoint(url: str) -> str:
    """Return what two clients of one place have in common."""
    # Another server of one's own is another place, whatever port or path tells it apart.
    host = url.partition("://")[2].partition("/")[0].partition(":")[0]
    return _OWN_HOSTS[0] if host.endswith(_OWN_HOSTS) else url.rstrip("/")


FORMAT = 1
"""The version of a plan's JSON."""


class Plan(Readable, frozen=True, kw_only=True):
    """What `apply` would do, in order. As text it is a table; as JSON it goes to another process.

    It is true where there is something to do: steps, or changes that are blocked.
    """

    format_version: int = FORMAT
    table: str
    steps: tuple[Step, ...]
    undeclared: tuple[Undeclared, ...]
    """Only what was read: TTL, tags and policies are, where they are declared."""
    blocked: tuple[Blocked, ...]
    unsupported: tuple[str, ...] = ()
    """What is declared and the endpoint does not know, with `unsupported="skip"`."""
    spec: TableSpec
    """What is declared."""
    allow: tuple[str, ...] = ()
    """What may be destroyed or removed: `apply` needs no second consent."""
    only: tuple[str, ...] = ()
    """What was compared; everything, if it names nothing."""
    unknown: tuple[Difference, ...] = ()
    """What is declared and cannot be compared: nothing is done about it."""
    bound_to: Binding
    """The table that it was made for, and where that is: `apply` refuses any other one."""

    def __post_init__(self) -> None:
        if self.format_version != FORMAT:
            version = f"a plan of format_version {self.format_version}, where {FORMAT} is known"
            raise errors.Refused((f"{version}: plan and apply with the same version of dynamorm",))

    def __bool__(self) -> bool:
        return bool(self.steps or self.blocked)

    def __str__(self) -> str:
        """Return a line for each step and note, and last how many things it makes and removes.

        In the manner of Terraform: `+` is made, `~` changed, `-` removed, `-/+` made again.
        """
        # Lined up over all rows, and counted in the last line, which scripts and people look for.
        rows = list(self._rows())
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
        lines = (
            f"  {sign:{widths[0]}}  {kind:{widths[1]}}  {name:{widths[2]}}  {text}"
            for sign, kind, name, text in rows
        )
        count = len(self.steps)
        head = f"{count} step" + "s" * (count != 1) if rows else "is as declared"
        signs = [_sign(step) for step in self.steps]
        counts = (f"{signs.count(sign)} to {word}" for sign, word in _WORDS.items())
        return "\n".join((f"{self.table}: {head}", *lines, f"Plan: {', '.join(counts)}"))

    def _rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield what is done, then what is not, with the reason of each."""
        # What goes and comes again in one plan is replaced: Terraform shows it so.
        gone = {step.name for step in self.steps if step.declared is None}
        again = gone & {step.name for step in self.steps if step.declared is not None}
        for step in self.steps:
            sign = "-/+" if step.name in again else _sign(step)
            yield sign, step.kind, step.name, f"{step.change} ({step.operation}, {step.until})"
            for further in step.then:
                yield "", "then", further.name, f"{further.change} ({further.operation})"
        for blocked in self.blocked:
            difference = f"declared {blocked.declared}, found {blocked.found}"
            yield "", "blocked", blocked.name, f"{difference}: {blocked.remedy}"
        for undeclared in self.undeclared:
            yield "", "left alone", undeclared.name, undeclared.found
        for unknown in self.unknown:
            yield "", "unknown", unknown.name, str(unknown).partition(": ")[2]
        for name in self.unsupported:
            yield "", "unsupported", name, UNKNOWN

    @property
    def creates(self) -> bool:
        """Whether its table is not there yet."""
        return any(step.kind == "create" for step in self.steps)


_MADE = ("table", "index", "replica")
"""What is made or not there; everything else of a table is changed."""

_WORDS = {"+": "create", "~": "change", "-": "destroy"}


def _sign(step: Step) -> str:
    if step.declared is None:
        return "-"
    # What an index says of its capacity, as in "index:NAME:throughput", is changed.
    made = step.name.count(":") < 2 and step.name.partition(":")[0] in _MADE
    return "+" if made else "~"


def create_plan(spec: TableSpec, allow: tuple[str, ...], location: Location) -> Plan:
    """Say how a table that is missing would be made: one step, whatever it needs."""
    # What is shown is sent: the real name, as in the steps for a table that is there.
    name = whole_name(location.table_prefix, spec.name)
    # Compared with an empty description, all that is declared differs: no rule of its own.
    unborn = TableDescription(name, "CREATING")
    request = structs.replace(requests.create_table(spec), table_name=name)
    rows = (row for row in SETTINGS.values() if row.with_create and row.declared(spec))
    _, key, _ = key_pair(spec, unborn)
    made = ", ".join(
        (str(key), *(f"index:{i.name}" for i in spec.indexes), *(r.name for r in rows))
    )
    step = Step(
        "table",
        "create",
        f"create: {made}",
        "CreateTable",
        request.to_dict(),
        declared=made,
        until="waits until ACTIVE",
        # A new table has no items that TTL could delete.
        then=tuple(structs.replace(step, kind="safe") for step in first_steps(spec, unborn)),
    )
    return Plan(
        table=spec.name,
        steps=(step,),
        undeclared=(),
        blocked=(),
        spec=spec,
        allow=allow,
        bound_to=Binding.at(spec.name, location),
    )


def make_plan(
    spec: TableSpec,
    table: TableDescription,
    settings: Settings,
    allow: tuple[str, ...] = (),
    location: Location = Location(),
    only: tuple[str, ...] = (),
) -> Plan:
    """Say what is to be done, what cannot be done, and what is left alone."""
    found = TableComparison(spec, table, settings, allow, only)
    unknown = drift(spec, found.table)
    return Plan(
        table=spec.name,
        steps=found.steps(),
        undeclared=found.undeclared(),
        blocked=found.blocked(),
        unsupported=settings.unsupported,
        spec=spec,
        allow=allow,
        only=only,
        unknown=tuple(item for item in unknown if item.unknown and covers(only, item.name)),
        bound_to=Binding.to(table, location),
    )
