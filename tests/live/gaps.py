"""What each engine cannot do, and how that shows. An entry that no longer holds fails its test."""

from __future__ import annotations

from contract import Ignored

from dynamorm import TableBusy, UnsupportedOperation, ValidationFailed

Gap = tuple[str, type[Exception]]

UNKNOWN: Gap = "unknown", UnsupportedOperation
IGNORED: Gap = "ignored", Ignored
REFUSED: Gap = "refused", ValidationFailed
BUSY: Gap = "refused", TableBusy

GAPS: dict[str, dict[str, Gap]] = {
    "dynoxide": {
        "restored": UNKNOWN,
        "named_by_arn": REFUSED,
        "recovery": UNKNOWN,
        "encryption": UNKNOWN,
        "warm": UNKNOWN,
        "policy": UNKNOWN,
    },
    "moto": {
        "vectors": REFUSED,  # its HASH and filters are defined, and in no key that it knows
        "maxima": IGNORED,
        "stream_view": BUSY,  # moto turns no stream on again
        "table_class": IGNORED,
        "encryption": IGNORED,
        "refusal": IGNORED,
    },
    "dynalite": {
        "restored": UNKNOWN,
        "named_by_arn": REFUSED,
        "create_several": REFUSED,
        "create_tagged": IGNORED,
        "create_expiring": UNKNOWN,
        "create_protected": IGNORED,
        "ensure_settings": IGNORED,
        "indexes": REFUSED,  # it wants throughput for an index of a table on demand
        "replaced": REFUSED,
        "vectors": REFUSED,
        "maxima": UNKNOWN,
        "stream": UNKNOWN,
        "stream_view": IGNORED,
        "expiry": UNKNOWN,
        "recovery": UNKNOWN,
        "protection": UNKNOWN,
        "table_class": UNKNOWN,
        "encryption": UNKNOWN,
        "warm": UNKNOWN,
        "policy": UNKNOWN,
    },
    "dynamodb-local": {
        "restored": UNKNOWN,
        "create_several": REFUSED,
        "create_tagged": UNKNOWN,
        "vectors": REFUSED,
        "maxima": IGNORED,
        "recovery": UNKNOWN,
        "tags": UNKNOWN,
        "table_class": UNKNOWN,
        "encryption": UNKNOWN,
        "warm": UNKNOWN,
        "policy": UNKNOWN,
    },
    "endpoint": {},
}
