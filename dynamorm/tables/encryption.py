"""Which KMS key a table has: the declared one, another one, or one that only KMS could name.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_SSEDescription.html
"""

from __future__ import annotations

from ..api.descriptions import TableDescription
from ..model.options import KMS


def encryption_found(declared: KMS | None, table: TableDescription) -> KMS | None:
    """Return what is there; `declared` where it is that, or where nobody can tell."""
    found = table.sse_description
    if found is None or found.sse_type != "KMS" or found.status in ("DISABLED", "DISABLING"):
        return None
    key = found.kms_master_key_arn
    if declared is None or not key:
        return declared or KMS(key or None)
    # The service answers the key's ARN; an emulator may answer the alias.
    same = declared.key_id == key or key.endswith(f"/{declared.key_id or 'aws/dynamodb'}")
    return declared if same or _may_be(declared, key, table.table_arn or "") else KMS(key)


def encryption_unknown(declared: KMS, table: TableDescription) -> tuple[str, str] | None:
    """Return what is found and why nobody can tell whether it is the declared key, if so."""
    if encryption_found(declared, table) != declared or table.sse_description is None:
        return None
    key = table.sse_description.kms_master_key_arn or None
    reason = _unknown(declared, key)
    return (str(KMS(key)), reason) if reason else None


def _may_be(declared: KMS, key: str, table_arn: str) -> bool:
    """Return whether the declared key can be the one of this ARN, as far as ARNs tell.

    An alias stands for a key of its own account and region. The key `aws/dynamodb` belongs to the
    table's account. https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html
    """
    if not _unknown(declared, key):
        return False
    alias = declared.key_id or table_arn
    return not alias.startswith("arn:") or _account(alias) == _account(key)


def _account(arn: str) -> tuple[str, ...]:
    """Return partition, region and account."""
    _, partition, _, region, account, *_ = f"{arn}:::::".split(":")
    return partition, region, account


def _unknown(declared: KMS, key: str | None) -> str:
    """Say why a declared key and an ARN cannot be compared; empty where they can."""
    if declared.key_id is None:
        known = not key or key.endswith(":alias/aws/dynamodb")
        return "" if known else "only KMS knows which key is the account's own, aws/dynamodb"
    if not key:
        return "the table does not tell its key"
    alias = "alias/" in declared.key_id
    return "only KMS knows which key an alias stands for" if alias else ""
