"""Compares the names of KMS keys: whether two are of one key, as far as names tell.

https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id
"""

from __future__ import annotations

from ..model.options import KMS


def is_key(declared: KMS, key: str, table_arn: str) -> bool:
    """Return whether a key is the declared one, or may be, as far as names tell."""
    # The service answers the key's ARN; an emulator may answer the alias.
    same = declared.key_id == key or key.endswith(f"/{declared.key_id or 'aws/dynamodb'}")
    return same or _may_be(declared, key, table_arn)


def _may_be(declared: KMS, key: str, table_arn: str) -> bool:
    """Return whether the declared key can be the one of this ARN, as far as ARNs tell.

    An alias stands for a key of its own account and region. The key `aws/dynamodb` belongs to the
    table's account. https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html
    """
    if not unknown_key(declared, key):
        return False
    # The account's own key is of the account that the table is in.
    alias = declared.key_id or table_arn
    return not alias.startswith("arn:") or _account(alias) == _account(key)


def _account(arn: str) -> tuple[str, ...]:
    """Return partition, region and account."""
    _, partition, _, region, account, *_ = f"{arn}:::::".split(":")
    return partition, region, account


def unknown_key(declared: KMS, key: str | None) -> str:
    """Say why a declared key and an ARN cannot be compared; empty where they can."""
    if declared.key_id is None:
        known = not key or key.endswith(":alias/aws/dynamodb")
        return "" if known else "only KMS knows which key is the account's own, aws/dynamodb"
    if not key:
        return "the table does not tell its key"
    alias = "alias/" in declared.key_id
    return "only KMS knows which key an alias stands for" if alias else ""
