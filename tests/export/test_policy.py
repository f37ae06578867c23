"""The IAM policy that an operation needs, as a document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamorm import KeyAttribute, Permission, TableSpec, required_actions
from dynamorm.export import iam_policy

pytestmark = pytest.mark.once

ORDERS = TableSpec(name="orders", partition_key=KeyAttribute("id", "S"))
ARN = "arn:aws:dynamodb:eu-west-1:123456789012"


def test_a_policy_is_whole():
    """What several operations need on one resource is one statement, and equals share theirs."""
    needed = (
        *required_actions("create_backup", ORDERS, arn=ARN),
        *required_actions("ensure_table", ORDERS, arn=ARN),
        *required_actions("ensure_table", ORDERS.named("others"), arn=ARN),
        *required_actions("create_backup", ORDERS.named("others"), arn=ARN),
    )
    policy = iam_policy(needed)
    assert policy["Version"] == "2012-10-17"
    assert {
        "Effect": "Allow",
        "Action": ["dynamodb:CreateBackup", "dynamodb:CreateTable", "dynamodb:DescribeTable"],
        "Resource": [f"{ARN}:table/orders", f"{ARN}:table/others"],
    } in policy["Statement"]
    assert {
        "Effect": "Allow",
        "Action": ["dynamodb:DescribeBackup"],
        "Resource": [f"{ARN}:table/orders/backup/*", f"{ARN}:table/others/backup/*"],
    } in policy["Statement"]


@given(st.lists(st.builds(Permission, st.sampled_from("ABC"), st.sampled_from("xyz"))))
def test_a_policy_allows_exactly_the_permissions(permissions):
    """Nothing is left out and nothing is added, however statements are shared."""
    allowed = {
        Permission(resource, action)
        for statement in iam_policy(permissions)["Statement"]
        for resource in statement["Resource"]
        for action in statement["Action"]
    }
    assert allowed == set(permissions)
