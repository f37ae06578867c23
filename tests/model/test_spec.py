"""Tables as values: each of the service's rules that can be decided offline is, all at once."""

from __future__ import annotations

import contextlib

import pytest
from aids import strategies
from hypothesis import given
from msgspec import UNSET, structs

from dynamorm import (
    Include,
    IndexSpec,
    KeyAttribute,
    ModelError,
    OnDemand,
    Provisioned,
    TableSpec,
    WarmThroughput,
    table_spec,
)

ID = KeyAttribute("id", "S")
AT = KeyAttribute("at", "N")
A, B, C, D, E = (KeyAttribute(name, "S") for name in "ABCDE")


def made(*indexes, **values) -> TableSpec:
    """A table that is right but for what is given."""
    return TableSpec(
        **{"name": "orders", "partition_key": ID, "sort_key": AT, "indexes": indexes, **values}
    )


def problems(*indexes, **values) -> tuple[str, ...]:
    with pytest.raises(ModelError) as caught:
        made(*indexes, **values)
    return caught.value.problems


def global_index(name="by-a", **values) -> IndexSpec:
    return IndexSpec(**{"name": name, "partition_key": (A,), **values})


def local_index(name="by-b", **values) -> IndexSpec:
    return IndexSpec(**{"name": name, "sort_key": (B,), **values})


@pytest.mark.parametrize("name", ["abc", "a" * 255, "A-Z_0.9", "..."])
def test_good_names(name):
    """Names of 3 to 255 of the characters that the service allows, for tables and indexes."""
    assert made(global_index(name), name=name).indexes[0].name == name


@pytest.mark.parametrize("name", ["", "ab", "a" * 256, "a b", "a/b", "naïve", "abc\n", "\uff41bc"])
def test_bad_names(name):
    """Each other name is refused, the table's and the index's at once, each at its place."""
    table, index = problems(global_index(name), name=name)
    assert table == (
        f"table name {name!r} must have 3 to 255 letters, digits, '_', '-' or '.' - at {name}"
    )
    assert index.startswith(f"index name {name!r} must have")
    assert index.endswith(f" - at {name}.{name}")


@pytest.mark.parametrize(
    ("indexes", "values", "problem"),
    [
        ([], {"partition_key": KeyAttribute("", "S")}, "key attribute name '' must have 1 to 255"),
        ([], {"partition_key": KeyAttribute("é" * 128, "S")}, "must have 1 to 255 bytes of UTF-8"),
        ([], {"partition_key": KeyAttribute("\ud800", "S")}, "must have 1 to 255 bytes of UTF-8"),
        ([], {"partition_key": KeyAttribute("id", "BOOL")}, "has type 'BOOL', not S, N or B"),
        ([], {"sort_key": ID}, "attribute 'id' is 2 times in one key"),
        ([], {"sort_key": KeyAttribute("id", "N")}, "key attribute 'id' has more than one type"),
        ([], {"time_to_live": ""}, "time to live attribute name '' must have 1 to 255"),
        ([], {"time_to_live": 5}, "time to live attribute name 5 must have 1 to 255"),
        ([global_index(), local_index("by-a")], {}, "2 indexes are named 'by-a'"),
        ([global_index(partition_key=(KeyAttribute("id", "N"),))], {}, "'id' has more than one"),
        ([global_index(sort_key=(A,))], {}, "attribute 'A' is 2 times in one key"),
        ([global_index(partition_key=(A, B, C, D, E))], {}, "5 partition key attributes; the most"),
        ([global_index(sort_key=(B, C, D, E, AT))], {}, "5 sort key attributes; the most is 4"),
        ([global_index(throughput=Provisioned(1, 1))], {}, "throughput on an on-demand table"),
        (
            [global_index(on_demand=OnDemand(5))],
            {"billing": Provisioned(1, 1)},
            "on_demand on a provisioned table",
        ),
        ([global_index(throughput=OnDemand())], {}, "throughput takes Provisioned(...)"),
        ([global_index(on_demand=1)], {}, "on_demand takes OnDemand(...), not 1"),
        ([global_index(warm=OnDemand())], {}, "warm takes WarmThroughput(...), not OnDemand()"),
        ([global_index(projection="SOME")], {}, "projection takes ALL, KEYS_ONLY or Include"),
        ([global_index(projection=Include())], {}, "Include() names no field: use KEYS_ONLY"),
        (
            [global_index(projection=Include("x", "x"))],
            {},
            "Include names a field twice: name each once",
        ),
        ([global_index(projection=Include(""))], {}, "projected attribute name '' must have"),
        ([local_index()], {"sort_key": None}, "a local index needs a table with a sort key"),
        ([local_index(sort_key=())], {}, "a local index has exactly one sort key, not 0"),
        ([local_index(sort_key=(B, C))], {}, "a local index has exactly one sort key, not 2"),
        ([local_index(sort_key=(ID,))], {}, "a local index has the table's partition key"),
        ([local_index(warm=WarmThroughput(1, 1))], {}, "shares the table's capacity: leave warm"),
        ([local_index(throughput=Provisioned(1, 1))], {}, "capacity: leave throughput out"),
        ([local_index(on_demand=OnDemand(1))], {}, "capacity: leave on_demand out"),
    ],
)
def test_rules(indexes, values, problem):
    """What the service would refuse is a problem at the table or at the index."""
    found = [found for found in problems(*indexes, **values) if problem in found]
    assert len(found) == 1
    place = f"orders.{indexes[0].name}" if indexes else "orders"
    assert found[0].endswith((f" - at {place}", " - at orders"))


ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"


@pytest.mark.parametrize("arn", [ARN, ARN.replace("aws", "aws-cn"), f"{ARN}-2.x"])
def test_an_arn_is_a_name(arn):
    """The ARN of a table stands for its name."""
    assert made(name=arn).named(arn).name == arn


@pytest.mark.parametrize(
    "arn",
    [
        "arn:",
        f"{ARN}/index/by-a",
        f"{ARN}/stream/2025-01-01T00:00:00.000",
        ARN.replace("dynamodb", "s3"),
        ARN.replace("table/orders", "table"),
        ARN.replace("eu-west-1", ""),
        ARN.replace("orders", "no"),
        ARN.replace("orders", "o r"),
        ARN.replace("table/", "index/"),
    ],
)
def test_another_arn_is_no_name(arn):
    """What is no table's ARN is refused, with what one looks like."""
    (problem,) = problems(name=arn)
    assert problem.startswith(f"{arn!r} is not the ARN of a table: write arn:aws:dynamodb:REGION:")


@pytest.mark.parametrize("name", ["a", "ab", "-."])
def test_a_short_name_may_wait_for_a_prefix(name):
    """A name that only lacks letters waits for the prefix; beside other problems it is told."""
    assert made(name=name).name == name
    found = problems(name=name, stream="?")
    assert found[0].startswith(f"table name {name!r} must have 3 to 255")
    assert len(found) == 2


@pytest.mark.parametrize("name", [5, None, b"orders"])
def test_a_name_is_a_string(name):
    """A name of another type is told as that."""
    (problem,) = problems(name=name)
    assert problem.startswith(f"table name {name!r} must be a str - at ")


@pytest.mark.parametrize(
    ("make", "most", "kind"), [(global_index, 20, "global"), (local_index, 5, "local")]
)
def test_number_of_indexes(make, most, kind):
    """As many indexes as the service allows are allowed, and one more is not."""
    indexes = [make(f"index-{n}") for n in range(most)]
    assert len(made(*indexes).indexes) == most
    (problem,) = problems(*indexes, make("one-more"))
    assert problem == f"{most + 1} {kind} indexes; a table has at most {most} - at orders"


def test_number_of_projected_attributes():
    """An index includes at most 20 attributes, and all indexes together at most 100."""
    included = [f"field-{n}" for n in range(21)]
    full = [global_index(f"index-{n}", projection=Include(*included[:20])) for n in range(5)]
    made(*full)
    (problem,) = problems(global_index(projection=Include(*included)))
    assert problem == "Include names 21 fields; the most is 20 - at orders.by-a"
    (problem,) = problems(*full, global_index(projection=Include("one-more")))
    assert problem.startswith("101 included attributes over all indexes; the most is 100")


def test_all_problems_at_once():
    """One error lists the problems of the table, of its options and of each index."""
    found = problems(
        global_index("x", projection=Include()),
        local_index(sort_key=(B, C)),
        name="?",
        stream="?",
    )
    assert len(found) == 5
    assert [problem.rpartition(" - at ")[2] for problem in found] == [
        "?",
        "?",
        "?.x",
        "?.x",
        "?.by-b",
    ]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"partition_key": "id"}, "partition_key takes KeyAttribute(name, type) - at orders"),
        ({"partition_key": KeyAttribute(1, "S")}, "partition_key takes KeyAttribute(name, type)"),
        ({"partition_key": KeyAttribute("id", ["S"])}, "partition_key takes KeyAttribute"),
        ({"sort_key": "at"}, "sort_key takes KeyAttribute(name, type) or None - at orders"),
        ({"indexes": [global_index()]}, "indexes takes a tuple of IndexSpec, not [IndexSpec("),
        ({"indexes": ("by-a",)}, "indexes takes IndexSpec(\"name\", ...), not 'by-a' - at orders"),
        ({"indexes": (global_index(5),)}, 'indexes takes IndexSpec("name", ...), not IndexSpec('),
        (
            {"indexes": (global_index(partition_key=A),)},
            "partition_key takes a tuple of KeyAttribute - at orders.by-a",
        ),
        (
            {"indexes": (local_index(sort_key=("b",)),)},
            "sort_key takes a tuple of KeyAttribute - at orders.by-b",
        ),
    ],
)
def test_types(values, problem):
    """A value of another type than the annotation's is told, and no rule trips over it."""
    (found,) = problems(**values)
    assert found.startswith(problem)


def test_named():
    """A renamed spec is the same table under another name, checked as any."""
    spec = made(global_index(), stream="NEW_IMAGE")
    assert spec.named("orders-2") == made(global_index(), stream="NEW_IMAGE", name="orders-2")
    assert spec.name == "orders"
    with pytest.raises(ModelError, match="table name '!' must have"):
        spec.named("!")


def test_a_spec_is_checked_once():
    """What has been checked is taken as it is; what has not been, is checked."""
    spec = made(global_index(), stream="NEW_IMAGE")
    assert table_spec(spec) is spec
    with pytest.raises(ModelError, match="table name '!' must have"):
        # Of the two, old msgspec checks only in the second.
        table_spec(structs.replace(spec, name="!"))


def test_parts():
    """A spec tells its key, and its local indexes from its global ones."""
    spec = made(global_index(), local_index())
    assert spec.key == (ID, AT)
    assert made(sort_key=None).key == (ID,)
    assert spec.global_indexes == (global_index(),)
    assert spec.local_indexes == (local_index(),)
    assert global_index(sort_key=(B,)).key == (A, B)


def test_undeclared():
    """What is not declared is UNSET, not the service's default."""
    spec = made()
    assert spec.billing is spec.stream is spec.tags is spec.time_to_live is UNSET


@given(strategies.specs())
def test_specs_are_values(spec):
    """A spec made again from its own values is equal."""
    assert spec.named(spec.name) == spec


@given(strategies.broken())
def test_anything(values):
    """Whatever is thrown at a spec, it is made or refused with ModelError or TypeError."""
    with contextlib.suppress(TypeError):
        refused: tuple[str, ...] = ()
        try:
            assert TableSpec(**values).name == values["name"]
        except ModelError as error:
            refused = error.problems
        assert all(" - at " in problem for problem in refused)
