"""The most that an account lets a table have."""

from __future__ import annotations

from msgspec import Struct

from ..api.tables import DescribeLimitsInput, DescribeLimitsOutput
from ..operations.effects import Steps, call, operation


class Quota(Struct, frozen=True):
    """The most that a table may have, in units per second; the defaults are those of AWS.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
    """

    read: float = 40_000
    write: float = 40_000


@operation
def quota() -> Steps[Quota]:
    """Return the quotas of a table in this account and region, in one DescribeLimits.

    Needs `dynamodb:DescribeLimits` on `*`.
    """
    found = yield from call("DescribeLimits", DescribeLimitsInput(), DescribeLimitsOutput)
    return Quota(found.table_max_read_capacity_units, found.table_max_write_capacity_units)
