"""DynamoDB's own shapes, each once: here what all of them share, and what many are made of."""

# No `from __future__ import annotations`: evaluating strings costs as much as making the classes.

from importlib import import_module
from typing import Any, ClassVar, TypeVar

from msgspec import json

from ..model import Readable

encode = json.Encoder().encode
"""The JSON body of a request."""

T = TypeVar("T")

_ACRONYMS = {"kms": "KMS", "sse": "SSE"}


class Lazy:
    """A module of the package that is imported on first use: `Lazy("api.parts")`.

    Annotations that are strings may name it: msgspec evaluates them for the first decoder alone.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(f"..{self._name}", __name__), name)


def wire_name(field: str) -> str:
    """Return `sse_description` as `SSEDescription`: msgspec's own "pascal" would say `Sse`."""
    return "".join(_ACRONYMS.get(word) or word.capitalize() for word in field.split("_"))


class Request(Readable, frozen=True, rename=wire_name, omit_defaults=True):
    """A structure of the API; as a dict it is what boto3's client takes, binary as bytes.

    An optional member is UNSET and not None where it is left out: the service has no null.
    """

    _kept: ClassVar[tuple[type, ...]] = (bytes,)


class Reply(Readable, frozen=True, rename=wire_name, omit_defaults=True):
    """A structure of the API, as it is answered; members that it does not name are passed over."""


class AttributeDefinition(Reply, frozen=True):
    attribute_name: str
    attribute_type: str


class KeySchemaElement(Reply, frozen=True):
    attribute_name: str
    key_type: str


class ProvisionedThroughputDescription(Reply, frozen=True):
    last_increase_date_time: float | None = None
    last_decrease_date_time: float | None = None
    number_of_decreases_today: int | None = None
    read_capacity_units: int | None = None
    write_capacity_units: int | None = None


class WarmThroughputDescription(Reply, frozen=True):
    read_units_per_second: int | None = None
    write_units_per_second: int | None = None
    status: str | None = None
