"""Options: what they take, and what they refuse before anything is sent."""

from __future__ import annotations

import copy
import pickle

import pytest

from dynamorm import (
    KMS,
    Include,
    KeyAttribute,
    ModelError,
    OnDemand,
    Provisioned,
    TableOptions,
    TableSpec,
    WarmThroughput,
    table,
    table_spec,
)
from dynamorm.model.options import Options

SPEC = TableSpec("orders", KeyAttribute("id", "S"))


def problems(**options) -> tuple[str, ...]:
    with pytest.raises(ModelError) as caught:
        table_spec(SPEC, **options)
    return caught.value.problems


def test_keywords_are_the_options():
    """The keywords that operations take are, one for one, the options of a spec."""
    assert TableOptions.__annotations__.keys() == set(Options.__struct_fields__)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("billing", None),
        ("billing", "PROVISIONED"),
        ("billing", OnDemand),
        ("stream", "ALL"),
        ("stream", True),
        ("stream", ["NEW_IMAGE"]),
        ("encryption", True),
        ("encryption", "alias/mine"),
        ("tags", None),
        ("tags", [("team", "a")]),
        ("tags", {"team": 1}),
        ("tags", {1: "team"}),
        ("tags", {"": "empty"}),
        ("tags", {"k" * 129: "long"}),
        ("tags", {"long": "v" * 257}),
        ("tags", {"aws:mine": "reserved"}),
        ("tags", {"AWS:mine": "reserved"}),
        ("tags", {"half": "\ud800"}),
        ("tags", {"what?": ""}),
        ("tags", {"what": "new\x00line"}),
        ("tags", {f"tag-{n}": "" for n in range(51)}),
        ("table_class", "CHEAP"),
        ("table_class", None),
        ("deletion_protection", None),
        ("deletion_protection", 1),
        ("warm", None),
        ("warm", Provisioned(1, 1)),
        ("point_in_time_recovery", None),
        ("point_in_time_recovery", 0),
        ("point_in_time_recovery", 36),
        ("point_in_time_recovery", 7.0),
        ("resource_policy", 5),
        ("resource_policy", "no JSON"),
        ("resource_policy", "[]"),
        ("resource_policy", {}),
        ("resource_policy", "\ud800"),
        ("resource_policy", {"Statement": print}),
        ("resource_policy", {"Statement": "x" * 20 * 1024}),
        ("ignore", None),
        ("ignore", "billing"),
        ("ignore", {"billing": True}),
        ("ignore", [["billing"]]),
        ("ignore", ("extra",)),
        ("extra", None),
        ("extra", {1: "number"}),
        ("extra", {"Function": print}),
        ("extra", {"\ud800": 1}),
        ("extra", {'Quoted"': 1}),
        ("extra", {"": 1}),
        ("extra", {"BrandNew": "\ud800"}),
    ],
)
def test_wrong_value(name, value):
    """A value that an option does not take is one problem, which names option and table."""
    (problem,) = problems(**{name: value})
    assert problem.startswith(f"{name} takes ")
    assert problem.endswith(" - at orders")


def test_wrong_values_come_together():
    """All wrong options are told at once."""
    assert len(problems(billing=1, stream=2, tags=3, warm=4)) == 4


@pytest.mark.parametrize(
    "options",
    [
        {"billing": OnDemand()},
        {"billing": OnDemand(max_read=1)},
        {"billing": OnDemand(max_write=2**63 - 1)},
        {"billing": Provisioned(1, 1)},
        {"stream": None},
        {"stream": "KEYS_ONLY"},
        {"encryption": None},
        {"encryption": KMS()},
        {"encryption": KMS("alias/mine")},
        {"tags": {}},
        {"tags": {"k" * 128: "v" * 256}},
        {"tags": {"Größe + - = . _ : / @": "ひ 1"}},
        {"tags": {f"tag-{n}": "" for n in range(50)}},
        {"table_class": "STANDARD_INFREQUENT_ACCESS"},
        {"deletion_protection": False},
        {"warm": WarmThroughput(12000, 4000)},
        {"point_in_time_recovery": True},
        {"point_in_time_recovery": False},
        {"point_in_time_recovery": 1},
        {"point_in_time_recovery": 35},
        {"resource_policy": None},
        {"resource_policy": '{"Statement": []}'},
        {"resource_policy": {"Statement": []}},
        {"ignore": ()},
        {"ignore": ("billing", "ttl")},
        {"extra": {}},
        {"extra": {"BrandNew": {"Deep": [1]}}},
    ],
)
def test_right_value(options):
    """What an option takes is kept as it is."""
    spec = table_spec(SPEC, **options)
    assert {name: getattr(spec, name) for name in options} == options


@pytest.mark.parametrize("given", [table("orders"), None])
def test_unknown_keyword(given):
    """A keyword that is no option is a TypeError that lists the options, as for any function."""
    call = table if given is None else table_spec
    subject = "orders" if given is None else SPEC
    with pytest.raises(TypeError, match=r"no table option strem: the options are billing, stream"):
        call(subject, strem=None)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("strem", "stream"),
        ("nam", "name"),
        ("alow", "allow"),
        ("tag", "tags"),
        ("index", "indexes"),
    ],
)
def test_the_nearest_keyword(given, meant):
    """A misspelt keyword is answered with the one that was meant, an option or not."""
    with pytest.raises(TypeError, match=rf"no table option {given}: .*; did you mean {meant}\?"):
        table_spec(SPEC, **{given: None})


def test_no_keyword_is_near():
    """Where nothing is near, nothing is guessed."""
    with pytest.raises(TypeError, match=r"no table option zzz: the options are [a-z_, ]*$"):
        table_spec(SPEC, zzz=None)


def test_the_nearest_setting():
    """A misspelt setting that is to be ignored is answered with the one that was meant."""
    (problem,) = problems(ignore=("stream", "biling"))
    assert problem.startswith('ignore takes a tuple of settings such as ("billing",), of billing,')
    assert problem.endswith("not ('stream', 'biling'); did you mean billing? - at orders")


@pytest.mark.parametrize("kind", [Provisioned, WarmThroughput])
@pytest.mark.parametrize("value", [0, -1, 1.0, True, "1", None, 2**63])
def test_units(kind, value):
    """Capacities are whole numbers from 1; each that is not is told."""
    with pytest.raises(ModelError) as caught:
        kind(value, value)
    assert [problem.split()[0] for problem in caught.value.problems] == ["read", "write"]
    assert all(problem.endswith(f" - at {kind.__name__}") for problem in caught.value.problems)


@pytest.mark.parametrize("value", [0, -1, 1.5, False, "1"])
def test_maxima(value):
    """A maximum is a whole number from 1, or none."""
    with pytest.raises(ModelError, match="max_read must be a whole number from 1"):
        OnDemand(max_read=value)


def test_a_maximum_left_out_is_not_declared():
    """`None` declares that there is no maximum; what is left out says nothing."""
    assert OnDemand() != OnDemand(None, None)
    assert repr(OnDemand(max_read=5)) == "OnDemand(max_read=5)"
    assert repr(OnDemand(5, None)) == "OnDemand(max_read=5, max_write=None)"


@pytest.mark.parametrize("value", ["", 5, b"key", "\ud800"])
def test_key_id(value):
    """An empty key id is refused, for it would silently be the account's own key."""
    with pytest.raises(ModelError, match=r"key_id takes .* - at KMS"):
        KMS(value)


@pytest.mark.parametrize("value", [["total"], 5, None])
def test_include_takes_names(value):
    """Include is given names, not a list of them."""
    with pytest.raises(TypeError, match=r'write Include\("total"\)'):
        Include(value)


def test_include_is_a_value():
    """The order of an Include never counts; it can be hashed, shown, copied and pickled."""
    include = Include("a", "b")
    assert include == Include("b", "a")
    assert hash(include) == hash(Include("b", "a"))
    assert include != Include("a")
    assert include != ("a", "b")
    assert repr(include) == "Include('a', 'b')"
    assert pickle.loads(pickle.dumps(include)) == copy.deepcopy(include) == include


@pytest.mark.parametrize(
    "name",
    [
        "AttributeDefinitions",
        "BillingMode",
        "KeySchema",
        "OnDemandThroughput",
        "ProvisionedThroughput",
        "TableName",
    ],
)
def test_extra_what_is_always_said(name):
    """Extra cannot say again what a model always says, nor send two kinds of billing."""
    (problem,) = problems(extra={name: None})
    assert problem == f"extra has {name!r}, which the model or its options say already - at orders"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("StreamSpecification", {"stream": None}),
        ("SSESpecification", {"encryption": KMS()}),
        ("Tags", {"tags": {"team": "a"}}),
        ("ResourcePolicy", {"resource_policy": {"Statement": []}}),
        ("TableClass", {"table_class": "STANDARD"}),
        ("DeletionProtectionEnabled", {"deletion_protection": False}),
        ("WarmThroughput", {"warm": WarmThroughput(12000, 4000)}),
    ],
)
def test_extra_what_an_option_says(name, options):
    """Extra may give a member in place of an option, not beside it."""
    assert table_spec(SPEC, extra={name: 1}).extra == {name: 1}
    (problem,) = problems(extra={name: 1}, **options)
    assert name in problem


def test_options_show_what_is_declared():
    """The text of a spec has no option that is not declared."""
    assert repr(table_spec(SPEC, stream=None)) == (
        "TableSpec(name='orders', partition_key=KeyAttribute(name='id', type='S'), stream=None)"
    )
