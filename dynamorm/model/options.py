"""What a table is given, as values that refuse what the service would refuse.

An option left out is not declared: the service's default holds, and a later difference is no
drift. `None` or `False` declares absence.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from msgspec import UNSET, Struct, UnsetType, field, json, structs

from .. import errors
from . import Readable, is_text

ALL: Final = "ALL"
KEYS_ONLY: Final = "KEYS_ONLY"
InsightsMode = Literal["ACCESSED_AND_THROTTLED_KEYS", "THROTTLED_KEYS"]
StreamView = Literal["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"]
TableClass = Literal["STANDARD", "STANDARD_INFREQUENT_ACCESS"]
Consistency = Literal["EVENTUAL", "STRONG"]
MAX_UNITS = 2**63 - 1  # a "Long" on the wire


def is_units(value: object) -> bool:
    """Return whether it is a capacity: a whole number from 1."""
    return type(value) is int and 1 <= value <= MAX_UNITS


class _Units(Struct, frozen=True, repr_omit_defaults=True):
    """Capacities, each a whole number from 1."""

    def __post_init__(self) -> None:
        absent = (None, UNSET) if isinstance(self, OnDemand) else ()
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        bad = [
            f"{name} must be a whole number from 1, not {value!r:.50} - at {type(self).__name__}"
            for name, value in given.items()
            if value not in absent and not is_units(value)
        ]
        if bad:
            raise errors.ModelError(tuple(bad))


# Both are tagged, so that JSON tells which of the two `billing` is.
class OnDemand(_Units, frozen=True, omit_defaults=True, tag=True):
    """On-demand billing; the maxima, in request units per second, cap the bill, and throttle.

    A maximum that is left out is neither compared nor changed; `None` declares that there is none.
    """

    max_read: int | UnsetType | None = UNSET
    max_write: int | UnsetType | None = UNSET


class Provisioned(_Units, frozen=True, tag=True):
    """Capacity units per second, paid for whether they are used or not."""

    read: int
    write: int


class WarmThroughput(_Units, frozen=True):
    """Units per second that the table or index can serve at once; raising it costs money."""

    read: int = field(name="ReadUnitsPerSecond")
    write: int = field(name="WriteUnitsPerSecond")


def is_key_id(value: object) -> bool:
    """Return whether it can be the id, alias or ARN of a KMS key."""
    return is_text(value) and value != ""


class KMS(Struct, frozen=True, repr_omit_defaults=True):
    """Encryption with a KMS key: the account's `aws/dynamodb`, or the one of this id or ARN."""

    key_id: str | None = None

    def __post_init__(self) -> None:
        if self.key_id is not None and not is_key_id(self.key_id):
            raise errors.ModelError(
                (f"key_id takes the id, alias or ARN of a KMS key, not {self.key_id!r} - at KMS",)
            )


class Kinesis(Struct, frozen=True):
    """The Kinesis data stream with this ARN; `precision` is that of the time in each record."""

    stream: str
    precision: Literal["MICROSECOND", "MILLISECOND"]

    def __str__(self) -> str:
        return f"{self.stream}, {self.precision}"


class Replica(Struct, frozen=True, repr_omit_defaults=True):
    """A copy of a table in another region; what is left out is neither compared nor changed.

    `kms_key` is a key of its region, by id, alias or ARN. The write capacity is the table's. The
    read capacity can be the replica's own: `read` capacity units of a provisioned table, or at most
    `max_read` request units of an on-demand table; `index_read` and `index_max_read` are the same
    for indexes, by name. `point_in_time_recovery`, `deletion_protection` and `tags` are set by
    requests to its region: `connect` without a transport object.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateReplicationGroupMemberAction.html
    """

    region: str
    kms_key: str | UnsetType = UNSET
    table_class: TableClass | UnsetType = UNSET
    point_in_time_recovery: bool | int | UnsetType = UNSET
    deletion_protection: bool | UnsetType = UNSET
    tags: dict[str, str] | UnsetType = UNSET
    max_read: int | UnsetType = UNSET
    read: int | UnsetType = UNSET
    index_max_read: dict[str, int] | UnsetType = UNSET
    index_read: dict[str, int] | UnsetType = UNSET


class Include(tuple[str, ...]):
    """A projection of the keys and these fields (a model's field names; 1 to 20 for an index)."""

    # A tuple, so that msgspec encodes what holds one: a plan has its spec.
    __slots__ = ()

    def __new__(cls, *fields: str) -> Include:
        if not all(isinstance(field, str) for field in fields):
            raise TypeError(f'Include takes names: write Include("total"), not {fields!r}')
        return super().__new__(cls, fields)

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self)

    def __getnewargs__(self) -> Any:
        # A tuple's own would pass all of them as one argument, which `__new__` refuses.
        return self.fields

    # As a set: the order makes no other projection, and is no reason to rebuild an index.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Include) and set(self.fields) == set(other.fields)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(frozenset(self.fields))

    def __repr__(self) -> str:
        return f"Include({', '.join(map(repr, self.fields))})"


Projection = Literal["ALL", "KEYS_ONLY"] | tuple[str, ...]
"""`Include` is a tuple; msgspec decodes no union with a type of ours."""


class Projecting(Struct, frozen=True, repr_omit_defaults=True):
    """An index whose projection has been names alone in JSON."""

    def __post_init__(self) -> None:
        names = getattr(self, "projection", None)
        if type(names) is tuple and all(isinstance(name, str) for name in names):
            structs.force_setattr(self, "projection", Include(*names))


class Index(Projecting, frozen=True):
    """What the markers cannot say of an index; one that is not listed projects ALL.

    `throughput` goes with a provisioned table (left out, the index gets the table's own figures),
    `on_demand` with an on-demand one; neither goes with a local index, which shares the table's.
    """

    name: str
    projection: Projection = ALL
    throughput: Provisioned | None = None
    on_demand: OnDemand | None = None
    warm: WarmThroughput | None = None


Distance = Literal["COSINE", "DOT_PRODUCT", "EUCLIDEAN"]


class VectorIndex(Projecting, frozen=True):
    """An index for similarity search over vectors of 1 to 4,096 `dimensions`.

    A table has at most five, and must be billed on demand. Mark fields with `Vector`,
    `InlineFilter` and, at most one, `PartitionKey`: DynamoDB silently leaves an item without the
    vector or the partition key out of the index.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/VectorSearch.html
    """

    name: str
    dimensions: int
    distance: Distance = "COSINE"
    projection: Projection = ALL


AnyIndex = Index | VectorIndex
"""What `indexes=` lists."""


class Options(Readable, frozen=True, kw_only=True):
    """The table's options: `UNSET` is not declared, `None` or `False` declares absence."""

    billing: OnDemand | Provisioned | UnsetType = UNSET
    stream: StreamView | UnsetType | None = UNSET
    encryption: KMS | UnsetType | None = UNSET
    tags: dict[str, str] | UnsetType = UNSET
    table_class: TableClass | UnsetType = UNSET
    deletion_protection: bool | UnsetType = UNSET
    warm: WarmThroughput | UnsetType = UNSET
    point_in_time_recovery: bool | int | UnsetType = UNSET
    resource_policy: str | dict[str, Any] | UnsetType | None = UNSET
    stream_policy: str | dict[str, Any] | UnsetType | None = UNSET
    """The resource policy of the table's stream, which it loses when the stream is replaced."""
    kinesis: str | Kinesis | UnsetType | None = UNSET
    """The Kinesis data stream that changes of items are written to: its ARN, or `Kinesis`."""
    contributor_insights: bool | InsightsMode | UnsetType = UNSET
    index_insights: dict[str, bool | InsightsMode] | UnsetType = UNSET
    """The same of global indexes, by their names."""
    replicas: tuple[Replica, ...] | UnsetType = UNSET
    """The table's copies in other regions; with them it has a stream of NEW_AND_OLD_IMAGES."""
    consistency: Consistency | UnsetType = UNSET
    witness: str | UnsetType | None = UNSET
    """The region of a STRONG table that stores the writes, but has no table."""
    disassociation_protection: bool | UnsetType = UNSET
    extra: dict[str, Any] | UnsetType = UNSET
    ignore: tuple[str, ...] | UnsetType = UNSET
    """Settings, by the names of their steps, that are neither compared nor changed."""

    @property
    def whole_stream(self) -> StreamView | UnsetType | None:
        """The declared stream, or the one that the service replicates with.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
        """
        replicated = self.stream is UNSET and self.replicas and self.consistency != "STRONG"
        return "NEW_AND_OLD_IMAGES" if replicated else self.stream


def check_flags(**flags: object) -> None:
    """Raise `TypeError` for what is neither `True` nor `False`: the text "no" would count."""
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise TypeError(f"{name}= takes True or False, not {value!r:.200}")


def check_word(name: str, given: object, words: tuple[str, ...]) -> None:
    """Raise `ValueError` unless `given` is one of these words; suggest the nearest one."""
    if given not in words:
        from .arguments import nearest

        *others, last = (f'"{word}"' for word in words)
        known = f"{', '.join(others)} or {last}"
        raise ValueError(f"{name}= takes {known}, not {given!r:.200}{nearest(given, words)}")


def check_rate(name: str, given: object) -> None:
    """Raise `ValueError` for a rate that is no number above 0; `None` is no limit."""
    if given is None:
        return
    # A bool is an int to Python, and NaN is above nothing.
    if isinstance(given, bool) or not isinstance(given, int | float) or not given > 0:
        raise ValueError(f"{name}= takes a number above 0, not {given!r:.200}")


def check_option_names(options: Mapping[str, object]) -> None:
    """Raise `TypeError` for a keyword that is no option, as a function would."""
    known = Options.__struct_fields__
    for name in sorted(options.keys() - set(known)):
        from .arguments import nearest

        meant = nearest(name, (*known, *_OTHER_KEYWORDS.split()))
        raise TypeError(f"no table option {name}: the options are {', '.join(known)}{meant}")


# What functions with options take besides: a misspelt one of these arrives as an option.
_OTHER_KEYWORDS = (
    "allow at bucket_owner compression delimiter format header indexes name on_drift only "
    "prefix progress timeout unsupported wait"
)


def policy_text(policy: Any) -> str:
    """Return a resource policy as the JSON text that is sent."""
    return policy if isinstance(policy, str) else json.encode(policy).decode()
