"""What a copy can be told, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast, get_args

from msgspec import Raw, Struct

from ..errors import DynamormError, Refused
from ..model.options import check_flags, check_rate, check_word
from ..operations.transport import DatabaseLike
from .checkpoint import MAX_SEGMENTS
from .report import CopyReport

if TYPE_CHECKING:
    from os import PathLike
    from types import UnionType
    from typing import TypeAlias, TypeVar

    from ..items.transforms import AttributeTransform, Transform
    from ..model.spec import TableSpec

    S = TypeVar("S", bound=Struct)
    Source = type[S] | TableSpec | UnionType | str
    TypedTransform: TypeAlias = (
        Callable[[S], Struct | Iterable[Struct] | None] | AttributeTransform | None
    )

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
MAX_BATCH = 25
"""Items in one BatchWriteItem."""

MAX_DEADLINE = 100_000
"""Seconds, more than a day: a larger number was probably meant in milliseconds, as in Lambda."""

COLLISION_KEYS = 2_000_000
"""Keys that are remembered: 16 bytes each, 32 MB."""

Convert = Callable[[Raw], Iterable[bytes | Raw]]
"""What becomes of an item."""

Seconds = float | Callable[[], float] | None
OnError = Literal["raise"] | Callable[[dict[str, Any], DynamormError], None]
Progress = Callable[[CopyReport], object] | None
Resume = dict[str, Any] | CopyReport | None
Unmodelled = Literal["keep", "drop", "error"]
Collisions = Literal["error", "check", "last"]
Existing = Literal["overwrite", "keep"]

Via = Literal["direct", "s3"]

_WORDS = {"unmodelled": Unmodelled, "collisions": Collisions, "existing": Existing, "via": Via}


class PlainCopyOptions(TypedDict, total=False):
    """The keywords of a copy beside its transform, whose type comes from the source's model."""

    batch_size: int
    page_limit: int | None
    consistent_read: bool
    max_read_units: float | None
    max_write_units: float | None
    deadline: Seconds
    resume: Resume
    progress: Progress
    on_error: OnError
    unmodelled: Unmodelled
    collisions: Collisions
    collision_keys: int
    existing: Existing
    in_place: bool
    via: Via
    s3: Any
    bucket: str | None
    prefix: str
    target_db: DatabaseLike | None
    checkpoint_file: str | PathLike[str] | None


class CopyOptions(PlainCopyOptions, total=False):
    """The keywords that `copy_table`, `copy_segment` and `auto_migrate_with_options` share."""

    transform: Transform | None


class VerifyOptions(TypedDict, total=False):
    """The keywords of a comparison beside its segments and its sample."""

    transform: Transform | None
    unmodelled: Unmodelled
    consistent_read: bool
    max_read_units: float | None
    deadline: Seconds
    resume: Any
    checkpoint_file: str | PathLike[str] | None
    progress: Callable[[Any], object] | None
    target_db: DatabaseLike | None


class CopySettings(Struct, frozen=True, kw_only=True):
    """The same with their defaults; raises `ValueError` or `TypeError` for what makes no sense."""

    transform: Transform | None = None
    batch_size: int = MAX_BATCH
    page_limit: int | None = None
    consistent_read: bool = True
    max_read_units: float | None = None
    max_write_units: float | None = None
    deadline: Seconds = None
    resume: Resume = None
    progress: Progress = None
    on_error: OnError = "raise"
    unmodelled: Unmodelled = "keep"
    collisions: Collisions = "error"
    collision_keys: int = COLLISION_KEYS
    existing: Existing = "overwrite"
    in_place: bool = False
    via: Via = "direct"
    s3: Any = None
    bucket: str | None = None
    prefix: str = ""
    target_db: DatabaseLike | None = None
    checkpoint_file: str | PathLike[str] | None = None

    def __post_init__(self) -> None:
        check_whole("batch_size=", self.batch_size, MAX_BATCH)
        # 2**31 - 1: an Integer of the API has 32 bits.
        check_whole("page_limit=", 1 if self.page_limit is None else self.page_limit, 2**31 - 1)
        check_whole("collision_keys=", self.collision_keys, 2**40, least=0)
        check_flags(consistent_read=self.consistent_read, in_place=self.in_place)
        for name, kind in _WORDS.items():
            check_word(name, getattr(self, name), get_args(kind))
        for name in ("max_read_units", "max_write_units"):
            check_rate(name, getattr(self, name))
        if not callable(self.deadline):
            check_deadline(self.deadline)
        if self.on_error != "raise" and not callable(self.on_error):
            raise TypeError(f'on_error= takes "raise" or a function, not {self.on_error!r}')
        for name in ("on_error", "deadline"):
            if callable(getattr(self, name)):
                from ..model.arguments import check_plain

                check_plain(f"{name}=", getattr(self, name))
        if self.progress is not None:
            from ..model.arguments import check_progress

            check_progress(self.progress)
        if self.target_db is not None:
            check_database("target_db=", self.target_db)
        self._check_together()

    def _check_together(self) -> None:
        """Raise for what does not go with something else."""
        if self.checkpoint_file is not None:
            path = self.checkpoint_file
            # The path "" is that of the folder, to which no file can be saved.
            if not path or not (isinstance(path, str) or hasattr(path, "__fspath__")):
                raise TypeError(f"checkpoint_file= takes a path, not {path!r}")
            if self.resume is not None:
                raise ValueError("checkpoint_file= resumes by itself: leave resume= out")
        reasons = [
            f'{name}={value!r} does not go with {other}="{word}": {why}'
            for (name, value, other, word), why in _APART.items()
            if (getattr(self, name), getattr(self, other)) == (value, word)
        ]
        if reasons:
            raise Refused(tuple(reasons))
        if self.via == "s3":
            self._check_bulk()
        elif self.s3 is not None or self.bucket is not None or self.prefix:
            raise ValueError('s3=, bucket= and prefix= take effect with via="s3" alone')

    def _check_bulk(self) -> None:
        """Raise for options that a copy by S3 needs and lacks, or that do nothing there."""
        from ..tables.buckets import check_client, check_place
        from ..tables.transfers import check_units

        # Some of this the service would refuse only after an export that has been paid for.
        check_client(self.s3)
        check_place(self.bucket, self.prefix)
        check_units(self.max_write_units)
        # An option that is given as it is by default does no harm.
        defaults = CopySettings()
        for name in ("batch_size", "page_limit", "consistent_read", "max_read_units"):
            if getattr(self, name) != getattr(defaults, name):
                does_nothing = 'does nothing with via="s3", which neither scans nor batches'
                raise ValueError(f"{name}= {does_nothing}")

    def refuse_bulk(self) -> None:
        """Raise for a copy by S3 of single segments, or in several processes."""
        if self.via == "s3":
            reason = "one process has the client and waits for the service: leave processes= out"
            raise Refused((f'via="s3" goes with copy_table in one process: {reason}',))


_APART = {
    ("in_place", True, "existing", "keep"): "that would keep every item of the copy",
    ("collisions", "check", "existing", "keep"): "that would keep every item of the copy",
    ("existing", "keep", "via", "s3"): "a bulk put replaces what is there: copy directly",
    ("collisions", "check", "via", "s3"): 'a bulk put does not compare: pass "error" or "last"',
    ("in_place", True, "via", "s3"): "the export is of a moment: it would undo later writes",
}
"""Values of two options that do not go together, and why."""


def check_database(name: str, given: object) -> None:
    """Raise `TypeError` for what is no database."""
    if not hasattr(given, "table_prefix"):
        raise TypeError(f"{name} takes a database, as connect() returns one, not {given!r:.200}")


def check_deadline(seconds: Any) -> None:
    """Raise `ValueError` for what is no number of seconds; a function may say `inf`."""
    if seconds is None:
        return
    # A bool is an int to Python, and NaN is not equal to itself.
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or seconds != seconds:
        raise ValueError(f"deadline= takes seconds or a function, not {seconds!r}")
    if seconds > MAX_DEADLINE:
        raise ValueError(f"deadline= takes seconds: is {seconds!r} meant in milliseconds?")


def settings_of(
    function: str,
    options: CopyOptions | VerifyOptions,
    *others: str,
    known: Iterable[str] = CopySettings.__struct_fields__,
) -> CopySettings:
    """Check the options of a function that also takes `others`."""
    if unknown := options.keys() - set(known):
        from ..model.arguments import refuse_keywords

        refuse_keywords(function, sorted(unknown), (*others, *known))
    # The names are checked: pyright does not look into a union of two TypedDicts.
    return CopySettings(**cast(dict[str, Any], options))


def check_segments(segments: int | None) -> None:
    """Raise `ValueError` for a number of segments that Scan does not take."""
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
    check_whole("the number of segments", 1 if segments is None else segments, MAX_SEGMENTS)


def is_of_processes(executor: Any) -> bool:
    """Return whether an executor runs what it is given in processes; raise for what is none."""
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise TypeError(f"executor= takes one of concurrent.futures, not {executor!r:.50}")
    # By name: the class itself would load multiprocessing, also for who passes an executor of
    # threads.
    return any(kind.__name__ == "ProcessPoolExecutor" for kind in type(executor).__mro__)


def check_processes(processes: int, executor: Any) -> int:
    """Return the number of processes to copy in; 0 where threads or tasks are meant."""
    check_whole("processes=", processes, 1024)
    if is_of_processes(executor):
        most: int = executor._max_workers
        # 1 is the default: then the executor says how many.
        return most if processes == 1 else processes
    if processes > 1 and executor is not None:
        raise TypeError("processes= goes with an executor of processes, or without one")
    return 0 if processes == 1 else processes


def check_whole(name: str, value: object, most: int, *, least: int = 1) -> None:
    """Raise `ValueError` for what is no whole number between two."""
    # `type` and not `isinstance`: True would be a 1.
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{name} takes a whole number from {least} to {most}, not {value!r}")
