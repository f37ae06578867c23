"""Random models on real engines: each takes what a model may say, but for its own known gaps."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from aids import strategies
from hypothesis import HealthCheck, Phase, given, seed, settings
from msgspec import UNSET
from world import Hurried, environ_of

import dynamorm
from dynamorm import KMS, DynamormError, OnDemand, Steps, TableSpec, table_spec
from dynamorm.operations.drivers import Clock
from dynamorm.transports.http import HttpTransport

TIMES = int(os.environ.get("DYNAMORM_RANDOM_MODELS", "1"))
"""How many times as many models are drawn."""

COUNTS = {"dynoxide": 100, "moto": 50, "dynalite": 30, "dynamodb-local": 100, "endpoint": 5}
"""How many are drawn for each engine: it takes a minute at most."""


def anything(spec: TableSpec) -> bool:
    return True


def multi_attribute_keys(spec: TableSpec) -> bool:
    keys = [key for index in spec.indexes for key in (index.partition_key, index.sort_key)]
    return any(len(key) > 1 for key in keys)


def two_attribute_partition_key(spec: TableSpec) -> bool:
    return any(len(index.partition_key) == 2 and not index.sort_key for index in spec.indexes)


def one_maximum_of_two(spec: TableSpec) -> bool:
    maxima = (spec.billing, *(index.on_demand for index in spec.indexes))
    limits = [(m.max_read, m.max_write) for m in maxima if isinstance(m, OnDemand)]
    return any(sum(type(most) is int for most in limit) == 1 for limit in limits)


def vectors(spec: TableSpec) -> bool:
    return bool(spec.vector_indexes)


class Gap(NamedTuple):
    """What an engine does otherwise than the service: how that shows, and with which tables."""

    shows: str
    concerns: Callable[[TableSpec], bool] = anything


NO_VECTORS = Gap("(refused: .*[Aa]ttribute ?[Dd]efinitions|differs: index:)", vectors)
"""Their attributes are defined, and in no key of the engine's; or it passes over the index."""

GAPS: dict[str, dict[str, Gap]] = {
    "dynoxide": {
        "keys of two": Gap("refused: .*second KeySchemaElement", two_attribute_partition_key),
        "maxima of an index": Gap("differs: index:.*:on_demand"),
        "warm throughput": Gap("differs: (index:.*:)?warm"),
        "recovery": Gap("(unknown|pending): point_in_time_recovery"),
        "policy": Gap("unknown: resource_policy"),
    },
    "moto": {
        "vectors": NO_VECTORS,
        "maxima": Gap("differs: (billing|index:.*:on_demand)"),
        "policy": Gap("differs: resource_policy"),
        "table class": Gap("differs: table_class"),
    },
    "dynalite": {
        "vectors": NO_VECTORS,
        "multi-attribute keys": Gap(
            "refused: .*(keySchema' failed to|second KeySchemaElement)", multi_attribute_keys
        ),
        "maxima": Gap("differs: (billing|index:.*:on_demand)"),
        "warm throughput": Gap("differs: (index:.*:)?warm"),
        "expiry": Gap("(pending|unknown|differs): ttl"),
        "recovery": Gap("(unknown|pending): point_in_time_recovery"),
        "policy": Gap("unknown: resource_policy"),
        "tags": Gap("differs: tags"),
        "stream": Gap("differs: stream"),
        "encryption": Gap("differs: encryption"),
        "table class": Gap("differs: table_class"),
        "protection": Gap("differs: deletion_protection"),
    },
    "dynamodb-local": {
        "vectors": NO_VECTORS,
        "multi-attribute keys": Gap(
            "refused: (Key Schema too big|Too many hash keys)", multi_attribute_keys
        ),
        "one maximum": Gap("refused: .*read and write throughput must be", one_maximum_of_two),
        "warm throughput": Gap("differs: (index:.*:)?warm"),
        "recovery": Gap("(unknown|pending): point_in_time_recovery"),
        "policy": Gap("(unknown|pending): resource_policy"),
        "tags": Gap("(unknown|pending): tags"),
        "encryption": Gap("differs: encryption"),
        "table class": Gap("differs: table_class"),
    },
    "endpoint": {},
}


@pytest.fixture(scope="session")
def models(engine: str) -> list[TableSpec]:
    """Random models, the same in each run, under names that nobody else has."""
    found: list[TableSpec] = []

    @seed(6)
    @settings(
        max_examples=COUNTS[engine] * TIMES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategies.models())
    def collect(generated):
        model, spec = generated
        name = f"random-{spec.name}"[:255]
        # A key or a table of somebody's, which is to be there, cannot be made up. No engine has a
        # second region, and an endpoint may be somebody's account.
        key = KMS() if spec.encryption else spec.encryption
        given = {"encryption": key, "extra": UNSET, **strategies.ONE_REGION}
        found.append(table_spec(model, name=name, **given))

    collect()
    return found


def life(spec: TableSpec) -> Steps[list[str]]:
    """Make a table, plan it, delete it; say all that was not as it should be."""
    ensured = yield from dynamorm.ensure_table(spec, timeout=600)
    plan = yield from dynamorm.plan(spec, unsupported="skip")
    if spec.deletion_protection:
        bare = TableSpec(spec.name, spec.partition_key, spec.sort_key, deletion_protection=False)
        yield from dynamorm.update_table(bare, allow=["deletion_protection"])
    yield from dynamorm.delete_table(spec)
    return [
        *(f"pending: {item.name}" for item in ensured.pending),
        *(f"unknown: {name}" for name in plan.unsupported),
        *(f"differs: {item.name}" for item in (*plan.steps, *plan.blocked)),
    ]


def troubles(spec: TableSpec, transport: HttpTransport, clock: Clock) -> list[str]:
    try:
        return dynamorm.run(life(spec), transport, clock=clock)
    except DynamormError as error:
        dynamorm.run(dynamorm.delete_table(spec, missing_ok=True), transport, clock=clock)
        return [f"refused: {error}"]


@pytest.fixture
def transport(engine: str, url: str | None) -> Iterator[HttpTransport]:
    made = HttpTransport(endpoint=url, environ=environ_of(engine))
    yield made
    made.close()


def test_every_model_is_taken(engine, transport, models):
    """No model is refused, and no plan has a step, but where the engine is known to fall short."""
    clock = Clock() if engine == "endpoint" else Hurried(50)
    gaps, met, strange = GAPS[engine], set(), []
    for spec in models:
        for trouble in troubles(spec, transport, clock):
            known = {n for n, g in gaps.items() if re.match(g.shows, trouble) and g.concerns(spec)}
            met |= known
            if not known:
                strange.append((trouble, spec))
    assert strange[:3] == []
    # A gap may hide from a few models: whether all are still there is asked of many.
    assert TIMES == 1 or met == gaps.keys(), "a gap has gone: take it out of GAPS"
