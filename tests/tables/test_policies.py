"""Resource policies: equal where IAM treats them alike, and nowhere else."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from aids.laws import dear
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from dynamorm.tables.tags_and_policies import same_policy

pytestmark = pytest.mark.once

ACCOUNT = "111122223333"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
STATEMENT = {
    "Sid": "read",
    "Effect": "Allow",
    "Principal": {"AWS": ROOT},
    "Action": ["dynamodb:GetItem", "dynamodb:Query"],
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": True}},
}


def policy(**members: Any) -> Any:
    return {"Version": "2012-10-17", "Statement": [{**STATEMENT, **members}]}


def same(one: Any, other: Any, **given: Any) -> bool:
    """Whether both say the same, asked in both directions and of each with itself."""
    first, second = (
        value if isinstance(value, str) else json.encode(value).decode() for value in (one, other)
    )
    for text in (first, second):
        assert same_policy(text, text, **given)
    answer = same_policy(first, second, **given)
    assert answer == same_policy(second, first, **given)
    return answer


def condition(value: Any) -> Any:
    return policy(Condition={"Bool": {"aws:SecureTransport": value}})


ALIKE = [
    (policy(Principal="*"), policy(Principal={"AWS": "*"})),
    (policy(NotPrincipal="*"), policy(NotPrincipal={"AWS": ["*"]})),
    (policy(Principal={"AWS": ACCOUNT}), policy(Principal={"AWS": ROOT})),
    (policy(NotPrincipal={"AWS": [ACCOUNT, "x"]}), policy(NotPrincipal={"AWS": ["x", ROOT]})),
    (policy(Action="dynamodb:GetItem"), policy(Action=["dynamodb:GetItem"])),
    (policy(Action=["a", "b"]), policy(Action=["b", "a"])),
    (policy(NotAction="a"), policy(NotAction=["a"])),
    (policy(Resource=["*"]), policy(Resource="*")),
    (policy(NotResource=["a", "b"]), policy(NotResource=["b", "a"])),
    (policy(Principal={"Service": ["a", "b"]}), policy(Principal={"Service": ["b", "a"]})),
    (condition("true"), condition(True)),
    (condition(["true"]), condition(True)),
    (condition(10), condition("10")),
    (condition([1, "2"]), condition([2, "1"])),
    ({"Statement": STATEMENT}, {"Statement": [STATEMENT]}),
    ({"Statement": [STATEMENT, {}]}, {"Statement": [{}, STATEMENT]}),
]
UNLIKE = [
    (policy(Resource=ROOT), policy(Resource=ACCOUNT)),
    (policy(Condition={"ArnLike": {"x": ROOT}}), policy(Condition={"ArnLike": {"x": ACCOUNT}})),
    (policy(Principal={"Service": ROOT}), policy(Principal={"Service": ACCOUNT})),
    (policy(Principal={"AWS": ROOT}), policy(Principal={"AWS": ROOT.replace("aws", "aws-cn")})),
    (policy(Principal={"AWS": ACCOUNT}), policy(Principal={"AWS": ROOT.replace("aws", "aws-cn")})),
    (policy(Principal={"AWS": ACCOUNT}), policy(Principal={"AWS": ROOT.replace("1", "2")})),
    (policy(Principal={"AWS": "111"}), policy(Principal={"AWS": "arn:aws:iam::111:root"})),
    (policy(Principal="*"), policy(NotPrincipal="*")),
    (policy(Principal="*"), policy(Principal={"Service": "*"})),
    (policy(Principal="*"), policy(Principal={"AWS": "*", "Service": "x"})),
    (policy(Principal="*"), policy(Principal=["*"])),
    (condition(1), condition(True)),
    (condition("1"), condition(True)),
    (condition(True), condition(False)),
    (condition("true"), condition("True")),
    (condition(None), condition("null")),
    (policy(Action="true"), policy(Action=True)),
    (policy(Sid=1), policy(Sid=True)),
    (policy(Sid=1), policy(Sid=1.0)),
    (policy(Sid=["a", "b"]), policy(Sid=["b", "a"])),
    (policy(Sid="a"), policy(Sid=["a"])),
    (policy(Sid={"a": 1}), policy(Sid={"a": 2})),
    (policy(Sid="a"), policy(Sid="b")),
    (policy(Effect="Allow"), policy(Effect="Deny")),
    (policy(Action="dynamodb:GetItem"), policy(Action="dynamodb:getitem")),
    (policy(Action="a"), policy(NotAction="a")),
    (policy(Condition={"Bool": {"x": "a"}}), policy(Condition={"Bool": {"y": "a"}})),
    (policy(Condition={"Bool": {"x": "a"}}), policy(Condition={"BoolIfExists": {"x": "a"}})),
    (policy(Condition={"Bool": ["a", "b"]}), policy(Condition={"Bool": ["b", "a"]})),
    (policy(Condition="a"), policy(Condition="b")),
    ({"Statement": ["a", 1]}, {"Statement": ["a", True]}),
    ({**policy(), "Version": "2008-10-17"}, policy()),
    ({"Statement": [STATEMENT]}, policy()),
    ({**policy(), "Id": "a"}, {**policy(), "Id": "b"}),
    ("no JSON", "other"),
    ("[1]", "[2]"),
    ("[" * 100_000, "{}"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_alike(one, other):
    """What IAM reads in the same way is the same policy."""
    assert same(one, other)


@pytest.mark.parametrize(("one", "other"), UNLIKE)
def test_unlike(one, other):
    """What says something else, or might, is another policy."""
    assert not same(one, other)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_an_account_is_one_of_its_partition(partition):
    """A number stands for the root of the account in the table's own partition, and no other."""
    number = policy(Principal={"AWS": ACCOUNT})
    for other in ("aws", "aws-cn", "aws-us-gov"):
        root = policy(Principal={"AWS": ROOT.replace("aws", other)})
        assert same(number, root, partition=partition) == (other == partition)


names = st.sampled_from(["a", "b", "c"])
values = st.lists(names, min_size=1, max_size=3, unique=True)
accounts = st.sampled_from(["*", ACCOUNT, ROOT, "arn:aws:iam::111122223333:role/x"])
principals = st.just("*") | st.fixed_dictionaries(
    {"AWS": st.lists(accounts, min_size=1, max_size=3)}, optional={"Service": values}
)
scalars = st.booleans() | st.integers(0, 3) | names
conditions = st.dictionaries(
    st.sampled_from(["Bool", "StringLike"]),
    st.dictionaries(names, st.lists(scalars, min_size=1, max_size=2), min_size=1, max_size=2),
    max_size=2,
)
statements = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Principal": principals,
        "Action": values,
        "Resource": values,
    },
    optional={"Sid": names, "Condition": conditions},
)
policies = st.fixed_dictionaries(
    {"Version": st.just("2012-10-17"), "Statement": st.lists(statements, min_size=1, max_size=3)}
)


def respelt(value: Any, random: Any, path: tuple[str, ...] = ()) -> Any:
    """Write the same policy in another way that IAM reads alike."""
    if isinstance(value, dict):
        members = [(name, respelt(value[name], random, (*path, name))) for name in value]
        random.shuffle(members)
        return dict(members)
    if isinstance(value, list):
        items = [respelt(item, random, path) for item in value]
        random.shuffle(items)
        return items[0] if len(items) == 1 and random.random() < 0.5 else items
    if path[-1] == "Principal" and random.random() < 0.5:
        return {"AWS": value}
    if path[-2:] == ("Principal", "AWS") and value in (ACCOUNT, ROOT):
        return random.choice([ACCOUNT, ROOT])
    if "Condition" in path and not isinstance(value, str) and random.random() < 0.5:
        return json.encode(value).decode()
    return value


@given(policies, st.randoms(use_true_random=False))
def test_another_spelling_is_the_same(written, random):
    """However a policy is written, it is the same one; so are two spellings of it."""
    assert same(written, respelt(written, random))
    assert same(respelt(written, random), respelt(written, random))


@dear
@given(policies, policies, st.randoms(use_true_random=False))
def test_equality_is_one(one, other, random):
    """Two policies are the same or not, whichever way each of them is written."""
    assert same(one, other) == same(respelt(one, random), respelt(other, random))


@dear
@given(policies, st.randoms(use_true_random=False), st.data())
def test_a_change_is_seen(written, random, data):
    """One value that is another one, in whatever spelling of the rest, is another policy."""
    changed = copy.deepcopy(written)
    number = data.draw(st.integers(0, len(changed["Statement"]) - 1))
    member = data.draw(st.sampled_from(["Effect", "Action", "Resource", "Principal", "Condition"]))
    changed["Statement"][number][member] = {
        "Effect": "Other",
        "Action": ["new"],
        "Resource": ["new"],
        "Principal": {"AWS": "999999999999"},
        "Condition": {"New": {"a": "b"}},
    }[member]
    assert not same(written, respelt(changed, random))
