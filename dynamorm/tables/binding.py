"""Which table a plan is for, and where that is."""

from __future__ import annotations

from collections.abc import Iterator

from ..api import TableDescription
from ..model import Readable, whole_name
from ..operations import Location

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

    def contradictions(self, other: Binding) -> tuple[str, ...]:
        """Say what tells `other` apart from this one, as far as it is known of both."""
        return tuple(_contradictions(self, other))


_FACTS = {
    "name": "the name",
    "arn": "the ARN",
    "table_id": "the table's id",
    "created": "the creation time",
    "region": "the region",
    "endpoint": "the endpoint",
}


def _contradictions(planned: Binding, here: Binding) -> Iterator[str]:
    for fact, what in _FACTS.items():
        one, other = getattr(planned, fact), getattr(here, fact)
        if fact == "endpoint":
            one, other = _endpoint(one), _endpoint(other)
        # What one side does not tell proves nothing: emulators leave out ids, times and ARNs.
        if one and other and one != other:
            yield f"{what} was {one}, and is {other}"


def _endpoint(url: str) -> str:
    """Return what two clients of one place have in common."""
    # Another server of one's own is another place, whatever port or path tells it apart.
    host = url.partition("://")[2].partition("/")[0].partition(":")[0]
    return _OWN_HOSTS[0] if host.endswith(_OWN_HOSTS) else url.rstrip("/")
