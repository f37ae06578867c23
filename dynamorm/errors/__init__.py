"""Every exception that dynamorm raises: facts as attributes, and a message that ends in a place.

Here are the root of all, and those of one request that got no answer, or one that says no. Others
are loaded when they are first asked for: a class costs a cold start as much as ten calls.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from msgspec import DecodeError

if TYPE_CHECKING:
    from .answers import *
    from .outcomes import *

DOCS = "https://dynamorm.readthedocs.io/en/stable/"
"""Where the latest release is documented: the text of an error ends with its section there."""

UNREADABLE = (DecodeError, RecursionError, UnicodeError)
"""What msgspec raises for bytes that are not what was asked for, or that nest without end."""


class DynamormError(Exception):
    """The base class of every error that dynamorm raises on purpose.

    `str(error)` is `text`, and on a line of its own `url`.
    """

    transient: bool = False
    """Whether the same request may succeed later without anybody changing anything."""

    maybe_applied: bool = False
    """Whether the request, or an earlier attempt of it, may have taken effect all the same."""

    report: Any = None
    """The `CopyReport` or `Verified` of the copy or comparison that this error ended, if any."""

    @property
    def text(self) -> str:
        """What happened, where, and what to do: the message without `url`."""
        return super().__str__()

    @property
    def url(self) -> str:
        """The section of the documentation about this class of errors, or else about its parent."""
        # Only classes that are defined here have a section; an application's own subclass has none.
        home = DynamormError.__module__
        kind = next(cls for cls in type(self).__mro__ if cls.__module__ == home)
        return f"{DOCS}errors.html#{kind.__name__.lower()}"

    def __str__(self) -> str:
        return f"{self.text}\nSee {self.url}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own way calls the class with `args`, which our signatures do not take back.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(
    cls: type[DynamormError], args: tuple[Any, ...], facts: dict[str, Any]
) -> DynamormError:
    # Without `__init__`, whose arguments nobody keeps: the facts are what it made of them.
    error = cls.__new__(cls, *args)
    error.__dict__.update(facts)
    return error


def text_of(error: BaseException) -> str:
    """Return the text of an error, for use within another text: without our URL."""
    return error.text if isinstance(error, DynamormError) else str(error)


def named(key: Mapping[str, Any]) -> str:
    """Return the key of an item as a message shows it."""
    values = ", ".join(f"{name}={value!r}" for name, value in key.items())
    return f" (item {values})" if values else ""


def shown(text: str, most: int = 2000) -> str:
    """Return a text from outside as an error can show it: cut, and without control characters."""
    # An endpoint may be anything: an answer of 50 MB with escape sequences has been met.
    cut = text[:most]
    if not cut.isprintable():
        cut = "".join([c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut])
    return cut if len(text) <= most else f"{cut} ... ({len(text)} characters)"


class TransportError(DynamormError):
    """A request got no whole answer: a network error, a time-out, or a damaged answer."""

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        maybe_applied: bool,
        transient: bool = True,
        stale: bool = False,
    ) -> None:
        self.operation = operation
        self.maybe_applied = maybe_applied
        self.transient = transient
        self.stale = stale
        """A kept-alive connection turned out to be closed: worth another try at once."""
        super().__init__(message)

    @property
    def text(self) -> str:
        effect = "may have taken effect" if self.maybe_applied else "had no effect"
        return f"{self.args[0]} (the request {effect}) - at {self.operation}"


class ServiceError(DynamormError):
    """DynamoDB answered with an error; `code` is its name in the API reference."""

    code: str
    hint: ClassVar[str] = ""

    def __init__(
        self, code: str, message: str, *, status: int, request_id: str = "", operation: str
    ) -> None:
        self.code = code
        self.message = message
        self.status = status
        self.request_id = request_id
        self.operation = operation
        self.table = ""
        """The table that the request named, where it named one."""
        self.region = ""
        """The region of the replica that the request was about; empty in the table's own."""
        self.key: dict[str, Any] = {}
        """The key of the item that the service refused in a copy, as natural values."""
        super().__init__(message)

    @property
    def text(self) -> str:
        facts = f"{self.code}, status {self.status}"
        if self.request_id:
            facts += f", request {self.request_id}"
        hint = self.hint.format(operation=self.operation, table=self.table or "the table")
        place = f"{self.table}, {self.operation}" if self.table else self.operation
        place += f" in {self.region}" if self.region else ""
        return f"{self.message or 'no message'} ({facts}){hint}{named(self.key)} - at {place}"

    @property
    def response(self) -> dict[str, dict[str, Any]]:
        """The shape of botocore's `ClientError.response`, for code that looks at codes."""
        return {
            "Error": {"Code": self.code, "Message": self.message},
            "ResponseMetadata": {"RequestId": self.request_id, "HTTPStatusCode": self.status},
        }


def publish(module: dict[str, Any]) -> None:
    """Let tracebacks and pickles name its classes by where users import them from."""
    for found in (*module.values(),):
        if isinstance(found, type) and found.__module__ == module["__name__"]:
            found.__module__ = __name__


E = TypeVar("E", bound=DynamormError)

_OPERATIONS = ("dynamorm.tables", "dynamorm.copying")
_MACHINERY = ("asyncio", "concurrent", "contextlib", "dynamorm")


def shortened(error: E) -> E:
    """Return an error, and those that led to it, with short tracebacks.

    A traceback keeps what is not ours, such as a transform or a transport, and the first frame of
    an operation. With DYNAMORM_DEBUG=1 in the environment it keeps all.
    """
    link: BaseException | None = error
    while isinstance(link, DynamormError) and os.environ.get("DYNAMORM_DEBUG", "0") in ("", "0"):
        link.__traceback__ = _short(link.__traceback__)
        link = link.__cause__
    return error


def _short(whole: TracebackType | None) -> TracebackType | None:
    links: list[TracebackType] = []
    ours = False
    while whole is not None:
        module = whole.tb_frame.f_globals.get("__name__", "")
        asked = module.startswith(_OPERATIONS) and not ours
        if asked or module.partition(".")[0] not in _MACHINERY:
            links.append(whole)
        ours = ours or asked
        whole = whole.tb_next
    short: TracebackType | None = None
    # From the innermost on: each is made with the one that follows it.
    for link in reversed(links):
        short = TracebackType(short, link.tb_frame, link.tb_lasti, link.tb_lineno)
    return short


# The names of each module.
_MODULES = {
    ".": "DynamormError ServiceError TransportError",
    ".answers": (
        "AccessDenied ConditionFailed CredentialsRejected LimitExceeded ServerError TableBusy "
        "TableExists TableNotFound Throttled UnsupportedOperation ValidationFailed service_error"
    ),
    ".outcomes": (
        "CopyIncomplete CredentialsMissing Drifted EndpointUnknown ItemError MigrateNotSupported "
        "ModelError PlanRefused ProfileUnusable Refused S3Error TableFailed TransferFailed "
        "WaitTimeout"
    ),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}

# `import *` asks nobody for what is loaded later.
__all__ = list(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(_MODULE_OF[name], __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
