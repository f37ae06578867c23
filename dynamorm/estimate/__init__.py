"""What a copy or a plan costs, and how long it takes: computed from DescribeTable.

Nothing is sent, but for `quota`. Sizes are what DescribeTable tells, some six hours old, and items
are taken to be of average size.
"""

from .costs import estimate_copy as copy
from .costs import estimate_plan as plan
from .prices import PRICED, PRICES, SOURCE, Cost, Estimate
from .rates import Quota, quota

__all__ = ["PRICED", "PRICES", "SOURCE", "Cost", "Estimate", "Quota", "copy", "plan", "quota"]
