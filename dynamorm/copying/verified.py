"""What a comparison of two tables has shown, and where it can be resumed."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, ValidationError, field, json, structs, to_builtins

from ..api.items import Key
from ..items.limits import key_of
from ..model import Readable
from .checkpoint import Segments, TableMark, Work

NAMED = 100
"""Keys of each kind that are given; all are counted."""

Phase = Literal["sums", "lookups", "extras", "end"]

_READ: dict[Phase, int] = {"sums": 2, "lookups": 1, "extras": 1, "end": 0}
"""How many of the two tables are read in each phase."""


class Verified(Readable, frozen=True, kw_only=True):
    """What `verify_copy` has seen of both tables; true if they are the same and all was compared.

    Keys are dicts of natural values, as `ItemError.key` is: `{"email": "ann@example.org"}`.
    """

    same: bool
    """Whether no difference has been found; without `done` there may be one in the rest."""
    done: bool
    """Whether everything has been compared, and both tables were still there in the end."""
    source_items: int
    target_items: int
    missing: int
    """Items that the target should have, and has none with their key."""
    different: int
    """Items that the target has with other attributes."""
    extra: int
    """Items of the target that nothing in the source accounts for."""
    missing_keys: tuple[dict[str, Any], ...] = ()
    different_keys: tuple[dict[str, Any], ...] = ()
    extra_keys: tuple[dict[str, Any], ...] = ()
    checkpoint: dict[str, Any] = field(default_factory=dict)
    """JSON-safe; pass it as `resume=` to resume. Holds names, ARNs, counts, and keys of items: one
    for each segment, and those that are named here."""

    def __bool__(self) -> bool:
        return self.same and self.done

    def __repr__(self) -> str:
        shown = ("same", "done", "source_items", "target_items", "missing", "different", "extra")
        return f"Verified({', '.join(f'{name}={getattr(self, name)}' for name in shown)})"

    def __str__(self) -> str:
        state = "the same" if self.same else "not the same"
        kinds = ("missing", "different", "extra")
        found = "".join(f", {kind} {n:,}" for kind in kinds if (n := getattr(self, kind)))
        done = "" if self.done else "not done: so far "
        return f"{done}{state}: source {self.source_items:,}, target {self.target_items:,}{found}"


class Tally(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Counts, and the keys of what differs, as attribute values."""

    source_items: int = 0
    target_items: int = 0
    found: int = 0
    """Items of the target that the source accounts for, whatever is in them."""
    missing: int = 0
    different: int = 0
    extra: int = 0
    missing_keys: list[Key] = field(default_factory=list)
    different_keys: list[Key] = field(default_factory=list)
    extra_keys: list[Key] = field(default_factory=list)
    balance: str = "0"
    """The hashes of what the target should have less those of what it has, hexadecimal; of what
    has not met its counterpart."""

    def __add__(self, other: Tally) -> Tally:
        """Return the sum, with no more keys than are named."""
        sums: dict[str, Any] = {}
        for name, mine in structs.asdict(self).items():
            theirs = getattr(other, name)
            if name == "balance":
                sums[name] = f"{(int(mine, 16) + int(theirs, 16)) % MODULUS:x}"
            else:
                # Counts are exact; of keys, only so many are of use to a reader, and the checkpoint
                # stays small.
                sums[name] = mine + theirs if type(mine) is int else (mine + theirs)[:NAMED]
        return Tally(**sums)

    def forget(self) -> None:
        """Forget the differences: they will be found again."""
        self.missing = self.different = self.extra = 0
        self.missing_keys, self.different_keys, self.extra_keys = [], [], []


MODULUS = 1 << 128
"""Sums stay within the 128 bits of a hash."""


class Cursor(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Where a segment's next page begins: after a key, or at its beginning."""

    done: bool = False
    after: Key | None = None


class VerifyPoint(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """All that a comparison needs to be resumed; JSON-safe as builtins."""

    source: str
    target: str
    of: Segments
    sample: float
    work: Work
    phase: Phase = "end"
    cursors: list[Cursor] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    merged: bool = False
    """Whether equal items may have been counted twice: an earlier run knew which were."""
    done: bool = False
    source_table: TableMark = TableMark()
    target_table: TableMark = TableMark()

    def __post_init__(self) -> None:
        if len(self.cursors) != self.of * _READ[self.phase]:
            raise ValidationError("it does not have one cursor for each segment")

    @property
    def facts(self) -> dict[str, Any]:
        """What every run of one comparison has in common, by name."""
        ends = {"source": self.source, "target": self.target}
        return {**ends, "number of segments": self.of, "sample": self.sample} | self.work.facts

    @property
    def same(self) -> bool:
        """Whether nothing differs, as far as it has been compared."""
        tally = self.tally
        # The sums differ, and no look-up shows why: items that were found twice may hide as many
        # extra ones.
        differences = tally.missing + tally.different + tally.extra
        in_doubt = self.phase == "end" and self.merged and tally.balance != "0"
        return not (differences or in_doubt)

    def cursors_of(self, walk: int) -> range:
        """Number the cursors that one walk moves: that of its segment in each table it reads."""
        return range(walk, len(self.cursors), self.of)

    def pending(self) -> list[int]:
        """Number the walks of this phase that are not done."""
        done = [cursor.done for cursor in self.cursors]
        return [i for i in range(self.of) if not all(done[cursor] for cursor in self.cursors_of(i))]

    def at(self, phase: Phase) -> VerifyPoint:
        """Return the checkpoint at the beginning of a phase."""
        cursors = [Cursor() for _ in range(self.of * _READ[phase])]
        # A phase that begins anew meets all items again.
        merged = self.merged and phase == "end"
        return structs.replace(self, phase=phase, cursors=cursors, merged=merged)

    def verified(self) -> Verified:
        """Return the result as it is now."""
        tally = structs.asdict(self.tally)
        counts = {name: tally[name] for name in tally if name in Verified.__struct_fields__}
        for name in ("missing_keys", "different_keys", "extra_keys"):
            counts[name] = tuple(map(_natural, tally[name]))
        return Verified(same=self.same, done=self.done, **counts, checkpoint=to_builtins(self))


def _natural(key: Key) -> dict[str, Any]:
    return key_of(json.encode(key), key)
