"""What a table can be given besides its keys, as values that refuse what the service would refuse.

An option left out is not declared: the service's default holds, and a later difference is no
drift. `None` or `False` declares absence.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypedDict, TypeGuard

from msgspec import UNSET, DecodeError, Struct, UnsetType, field, json

from .errors import ModelError

__all__ = [
    "ALL",
    "KEYS_ONLY",
    "KMS",
    "Include",
    "Index",
    "OnDemand",
    "Options",
    "Provisioned",
    "TableOptions",
    "WarmThroughput",
    "check_option_names",
    "is_text",
    "option_problems",
    "policy_text",
]

ALL: Final = "ALL"
KEYS_ONLY: Final = "KEYS_ONLY"

StreamView = Literal["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"]
TableClass = Literal["STANDARD", "STANDARD_INFREQUENT_ACCESS"]

MAX_UNITS = 2**63 - 1  # a "Long" on the wire
MAX_RECOVERY_DAYS = 35
MAX_POLICY_BYTES = 20 * 1024


def is_text(value: object) -> TypeGuard[str]:
    """Whether it is a string that can be sent: a lone surrogate has no bytes in UTF-8."""
    return isinstance(value, str) and value == value.encode("utf-8", "replace").decode()


class _Units(Struct, frozen=True, repr_omit_defaults=True):
    """Capacities, each a whole number from 1."""

    def __post_init__(self) -> None:
        bad = [
            f"{name} must be a whole number from 1, not {value!r:.50} - at {type(self).__name__}"
            for name in self.__struct_fields__
            if (value := getattr(self, name)) is not None or name in ("read", "write")
            if type(value) is not int or not 1 <= value <= MAX_UNITS
        ]
        if bad:
            raise ModelError(tuple(bad))


class OnDemand(_Units, frozen=True, omit_defaults=True):
    """Pay per request; the maxima, in request units per second, cap the bill, and throttle."""

    max_read: int | None = field(default=None, name="MaxReadRequestUnits")
    max_write: int | None = field(default=None, name="MaxWriteRequestUnits")


class Provisioned(_Units, frozen=True):
    """Capacity units per second, paid for whether they are used or not."""

    read: int = field(name="ReadCapacityUnits")
    write: int = field(name="WriteCapacityUnits")


class WarmThroughput(_Units, frozen=True):
    """Units per second that the table or index can serve at once; raising it costs money."""

    read: int = field(name="ReadUnitsPerSecond")
    write: int = field(name="WriteUnitsPerSecond")


class KMS(Struct, frozen=True, repr_omit_defaults=True):
    """Encrypt with a key in KMS: the account's `aws/dynamodb` key, or the one of this id or ARN."""

    key_id: str | None = None

    def __post_init__(self) -> None:
        if self.key_id is not None and not (is_text(self.key_id) and self.key_id):
            raise ModelError(
                (f"key_id takes the id, alias or ARN of a key, not {self.key_id!r} - at KMS",)
            )


class Include(tuple[str, ...]):
    """Project the keys and these fields (a model's field names; 1 to 20 for an index)."""

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
        return self.fields

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Include) and set(self.fields) == set(other.fields)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(frozenset(self.fields))

    def __repr__(self) -> str:
        return f"Include({', '.join(map(repr, self.fields))})"


Projection = Literal["ALL", "KEYS_ONLY"] | Include


class Index(Struct, frozen=True, repr_omit_defaults=True):
    """What the markers cannot say of an index; one that is not listed projects ALL.

    `throughput` goes with a provisioned table (left out, the index gets the table's own figures),
    `on_demand` with an on-demand one; neither goes with a local index, which shares the table's.
    """

    name: str
    projection: Projection = ALL
    throughput: Provisioned | None = None
    on_demand: OnDemand | None = None
    warm: WarmThroughput | None = None


class Options(Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
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
    extra: dict[str, Any] | UnsetType = UNSET


class TableOptions(TypedDict, total=False):
    """The same options as keywords, for whoever wraps an operation."""

    billing: OnDemand | Provisioned
    stream: StreamView | None
    encryption: KMS | None
    tags: dict[str, str]
    table_class: TableClass
    deletion_protection: bool
    warm: WarmThroughput
    point_in_time_recovery: bool | int
    resource_policy: str | dict[str, Any] | None
    extra: dict[str, Any]


def check_option_names(options: Mapping[str, object]) -> None:
    """Raise `TypeError` for a keyword that is no option, as a function would."""
    known = Options.__struct_fields__
    for name in sorted(options.keys() - set(known)):
        from .arguments import nearest

        meant = nearest(name, (*known, *_OTHER_KEYWORDS))
        raise TypeError(f"no table option {name}: the options are {', '.join(known)}{meant}")


# What functions with options take besides: a misspelt one of these arrives as an option.
_OTHER_KEYWORDS = ("allow", "indexes", "name", "timeout", "wait")


def _tags_fit(tags: object) -> bool:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TaggingRestrictions.html
    return (
        isinstance(tags, dict)
        and len(tags) <= 50
        and all(
            _is_tag_text(key, 128)
            and _is_tag_text(value, 256)
            and key[:4].lower() not in ("", "aws:")
            for key, value in tags.items()
        )
    )


def _is_tag_text(text: object, most: int) -> bool:
    if not isinstance(text, str) or len(text) > most:
        return False
    return all(c.isalnum() or c.isspace() or c in "+-=._:/@" for c in text)


def _policy_fits(policy: object) -> bool:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-considerations.html
    try:
        text = policy_text(policy)
        policy = json.decode(text)
        return isinstance(policy, dict) and policy != {} and len(text.encode()) <= MAX_POLICY_BYTES
    except (DecodeError, TypeError, ValueError, RecursionError):
        return False


def policy_text(policy: Any) -> str:
    """Give a resource policy as the JSON text that is sent."""
    return policy if isinstance(policy, str) else json.encode(policy).decode()


_WANTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "billing": (
        lambda v: isinstance(v, OnDemand | Provisioned),
        "OnDemand(...) or Provisioned(read=..., write=...)",
    ),
    "stream": (
        lambda v: v in ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", None),
        '"KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES" or None',
    ),
    "encryption": (lambda v: isinstance(v, KMS | None), "KMS(...) or None"),
    "tags": (
        _tags_fit,
        "up to 50 tags of letters, digits, spaces and +-=._:/@, keys to 128, values to 256 long",
    ),
    "table_class": (
        lambda v: v in ("STANDARD", "STANDARD_INFREQUENT_ACCESS"),
        '"STANDARD" or "STANDARD_INFREQUENT_ACCESS"',
    ),
    "deletion_protection": (lambda v: isinstance(v, bool), "True or False"),
    "warm": (lambda v: isinstance(v, WarmThroughput), "WarmThroughput(read=..., write=...)"),
    "point_in_time_recovery": (
        lambda v: type(v) is bool or (type(v) is int and 1 <= v <= MAX_RECOVERY_DAYS),
        "True, False or 1 to 35 days",
    ),
    "resource_policy": (
        lambda v: v is None or _policy_fits(v),
        "a policy of up to 20 KB, as JSON text or a dict, or None",
    ),
    "extra": (
        lambda v: isinstance(v, dict) and all(map(_is_member, v)) and _is_json(v),
        "a dict of CreateTable members, as JSON",
    ),
}

# The members of CreateTable that a model or a default always fills, and those that an option does.
_FILLED = {
    "AttributeDefinitions",
    "BillingMode",
    "KeySchema",
    "OnDemandThroughput",
    "ProvisionedThroughput",
    "TableName",
}
_FILLED_BY = {
    "DeletionProtectionEnabled": "deletion_protection",
    "GlobalSecondaryIndexes": "global_indexes",
    "LocalSecondaryIndexes": "local_indexes",
    "ResourcePolicy": "resource_policy",
    "SSESpecification": "encryption",
    "StreamSpecification": "stream",
    "TableClass": "table_class",
    "Tags": "tags",
    "WarmThroughput": "warm",
}


def _is_member(name: object) -> bool:
    return isinstance(name, str) and name.isascii() and name.isalnum()


def _is_json(value: object) -> bool:
    try:
        json.encode(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def option_problems(options: Options) -> list[str]:
    """Say which options have a value of another kind than they take, and what is said twice."""
    problems = [
        f"{name} takes {wanted}, not {value!r:.200}"
        for name, (fits, wanted) in _WANTED.items()
        if (value := getattr(options, name)) is not UNSET and not fits(value)
    ]
    extra = options.extra if isinstance(options.extra, dict) else {}
    return problems + [
        f"extra has {name!r}, which the model or its options say already"
        for name in extra
        if name in _FILLED or getattr(options, _FILLED_BY.get(name, ""), UNSET) not in (UNSET, ())
    ]
