"""The fake service refuses, for changes of a table, what the service refuses."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import json, structs

from dynamorm import (
    KMS,
    IndexSpec,
    KeyAttribute,
    OnDemand,
    Provisioned,
    VectorAttribute,
    WarmThroughput,
    requests,
)
from dynamorm.api import Request
from dynamorm.errors import LimitExceeded, ServiceError, TableBusy, TableNotFound, ValidationFailed
from dynamorm.model.options import Index
from dynamorm.model.spec import TableSpec, changed
from dynamorm.requests import update_table
from dynamorm.testing import FakeService

ID, X = KeyAttribute("id", "S"), KeyAttribute("x", "S")
BY_X = IndexSpec("by-x", (X,))
ORDERS = TableSpec("orders", ID, KeyAttribute("at", "N"), (IndexSpec("by-at", (), (X,)), BY_X))
PROVISIONED = changed(ORDERS, billing=Provisioned(1, 2))
ALL = (ID, KeyAttribute("at", "N"), X, KeyAttribute("y", "N"))
BY_Y = IndexSpec("by-y", (KeyAttribute("y", "N"),))
ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/orders"


def made(spec: TableSpec = ORDERS, **delays: Any) -> FakeService:
    service = FakeService(**delays)
    ask(service, "CreateTable", requests.create_table(spec))
    service.clock.sleep(3600.0)
    return service


def ask(service: FakeService, operation: str, payload: Request) -> Any:
    return json.decode(service.send(operation, requests.encode(payload)) or b"null")


def update(service: FakeService, **change: Any) -> Any:
    return ask(service, "UpdateTable", update_table("orders", **change))


FULL = changed(
    ORDERS,
    indexes=tuple(IndexSpec(f"by-{n:03}", (X,)) for n in range(20)),
)


LESS_WARM = WarmThroughput(21000, 4000)


@pytest.mark.parametrize(
    ("spec", "change", "refusal"),
    [
        (ORDERS, {}, "At least one"),
        (ORDERS, {"stream": "NEW_IMAGE", "warm": WarmThroughput(1, 1)}, "one kind"),
        (ORDERS, {"create": BY_Y, "delete": "by-x", "attributes": ALL}, "one kind"),
        (ORDERS, {"throughput": Provisioned(1, 1)}, "Neither"),
        (PROVISIONED, {"on_demand": OnDemand(1)}, "PAY_PER_REQUEST"),
        (PROVISIONED, {"throughput": Provisioned(1, 2)}, "will not change"),
        (ORDERS, {"billing": Provisioned(1, 2)}, "every index"),
        (changed(ORDERS, warm=WarmThroughput(20000, 5000)), {"warm": LESS_WARM}, "lowered"),
        (ORDERS, {"create": BY_X, "attributes": ALL[:3]}, "already exists"),
        (ORDERS, {"create": IndexSpec("by-at", (X,)), "attributes": ALL[:3]}, "already exists"),
        (ORDERS, {"create": BY_Y, "attributes": BY_Y.key}, "complete"),
        (ORDERS, {"create": BY_Y}, "complete"),
        (
            ORDERS,
            {"create": BY_Y, "attributes": (*ALL[:2], KeyAttribute("x", "N"), *BY_Y.key)},
            "redefined",
        ),
        (PROVISIONED, {"create": BY_Y, "attributes": ALL}, "has to"),
        (
            PROVISIONED,
            {
                "create": IndexSpec(
                    "by-y", BY_Y.key, throughput=Provisioned(1, 1), on_demand=OnDemand(1)
                ),
                "attributes": ALL,
            },
            "PAY_PER_REQUEST",
        ),
        (FULL, {"create": BY_Y, "attributes": ALL}, "Too many"),
        (ORDERS, {"stream": None}, "no stream"),
        (changed(ORDERS, stream="NEW_IMAGE"), {"stream": "OLD_IMAGE"}, "already has"),
        (ORDERS, {"encryption": None}, "already encrypted"),
        (changed(ORDERS, encryption=KMS()), {"encryption": KMS()}, "already encrypted"),
    ],
)
def test_updates_that_are_refused(spec, change, refusal):
    """Each rule of UpdateTable is held, and the table stays as it was."""
    service = made(spec)
    describe = requests.describe_table("orders")
    before = ask(service, "DescribeTable", describe)
    with pytest.raises(ValidationFailed, match=refusal):
        update(service, **change)
    assert ask(service, "DescribeTable", describe) == before


LOOK = IndexSpec("by-look", vector=VectorAttribute("look", 3, "COSINE"))
LOOKS = changed(
    ORDERS, indexes=tuple(structs.replace(LOOK, name=f"by-{number}-th") for number in range(5))
)


@pytest.mark.parametrize(
    ("spec", "change", "refusal"),
    [
        (LOOKS, {"create": LOOK, "attributes": LOOKS.defined}, "per-table limit of 5"),
        (LOOKS, {"billing": Provisioned(1, 1)}, "only supported for PAY_PER_REQUEST"),
        (
            PROVISIONED,
            {"create": LOOK, "attributes": PROVISIONED.defined},
            "only supported for PAY_PER_REQUEST",
        ),
        (
            ORDERS,
            {
                "create": structs.replace(LOOK, vector=VectorAttribute("id", 3, "COSINE")),
                "attributes": ORDERS.defined,
            },
            "cannot be defined in AttributeDefinitions",
        ),
        (
            changed(LOOKS, indexes=LOOKS.indexes[:1]),
            {
                "create": structs.replace(LOOK, vector=VectorAttribute("look", 4, "COSINE")),
                "attributes": LOOKS.defined,
            },
            "must use the same dimensions",
        ),
        (LOOKS, {"create": LOOKS.indexes[0], "attributes": LOOKS.defined}, "already exists"),
    ],
)
def test_vector_indexes_that_are_refused(spec, change, refusal):
    """Their rules are held, as the service words them."""
    with pytest.raises(ValidationFailed, match=refusal):
        update(made(spec), **change)


@pytest.mark.parametrize(
    "change", [{"delete": "none"}, {"update": [Index("none")]}, {"delete_vector": "by-x"}]
)
def test_an_index_that_is_not_there(change):
    """An index to be deleted or updated has to be there."""
    with pytest.raises(TableNotFound):
        update(made(), **change)


def test_one_change_at_a_time():
    """A table that is changing is busy; one whose index is being filled takes no other change."""
    service = made()
    update(service, create=BY_Y, attributes=ALL)
    with pytest.raises(TableBusy):
        update(service, stream="NEW_IMAGE")
    with pytest.raises(TableBusy):
        ask(service, "DeleteTable", requests.delete_table("orders"))
    service.clock.sleep(5.0)
    table = ask(service, "DescribeTable", requests.describe_table("orders"))["Table"]
    assert table["TableStatus"] == "ACTIVE"
    new = table["GlobalSecondaryIndexes"][-1]
    assert (new["IndexStatus"], new["Backfilling"]) == ("CREATING", True)
    with pytest.raises(LimitExceeded) as caught:
        update(service, stream="NEW_IMAGE")
    assert caught.value.simultaneous


def test_deleting_an_index_takes_its_definitions():
    """A key attribute that no key has any more is not defined any more either."""
    service = made(changed(ORDERS, indexes=(BY_X,)))
    assert update(service, delete="by-x")["TableDescription"]["TableStatus"] == "UPDATING"
    service.clock.sleep(5.0)
    table = ask(service, "DescribeTable", requests.describe_table("orders"))["Table"]
    assert table["GlobalSecondaryIndexes"] == []
    assert [d["AttributeName"] for d in table["AttributeDefinitions"]] == ["id", "at"]


def test_expiry():
    """On and off, each once an hour, and only with the attribute that it is about."""
    service = made()

    def switch(attribute: str, enabled: bool) -> None:
        payload = requests.update_time_to_live("orders", attribute, enabled=enabled)
        ask(service, "UpdateTimeToLive", payload)

    def status() -> Any:
        payload = requests.describe_time_to_live("orders")
        return ask(service, "DescribeTimeToLive", payload)["TimeToLiveDescription"]

    assert status() == {"TimeToLiveStatus": "DISABLED"}
    with pytest.raises(ValidationFailed, match="already disabled"):
        switch("a", False)
    switch("a", True)
    assert status() == {"TimeToLiveStatus": "ENABLING", "AttributeName": "a"}
    for attribute, enabled, refusal in (
        ("a", True, "already enabled"),
        ("b", False, "different AttributeName"),
        ("a", False, "fixed interval"),
    ):
        with pytest.raises(ValidationFailed, match=refusal):
            switch(attribute, enabled)
    service.clock.sleep(3600.0)
    assert status()["TimeToLiveStatus"] == "ENABLED"
    switch("a", False)
    assert status() == {"TimeToLiveStatus": "DISABLING", "AttributeName": "a"}


def test_recovery():
    """It is not available straight after a create, and its days are kept while it is on."""
    service = FakeService(recovery_seconds=10.0)
    ask(service, "CreateTable", requests.create_table(ORDERS))
    on = requests.update_continuous_backups("orders", days=3)
    with pytest.raises(TableBusy):
        ask(service, "UpdateContinuousBackups", on)
    service.clock.sleep(6.0)
    with pytest.raises(ServiceError) as caught:
        ask(service, "UpdateContinuousBackups", on)
    assert caught.value.code == "ContinuousBackupsUnavailableException"
    service.clock.sleep(10.0)
    answer = ask(service, "UpdateContinuousBackups", on)["ContinuousBackupsDescription"]
    assert answer["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"] == 3
    off = requests.update_continuous_backups("orders", enabled=False)
    answer = ask(service, "UpdateContinuousBackups", off)["ContinuousBackupsDescription"]
    assert answer["PointInTimeRecoveryDescription"] == {"PointInTimeRecoveryStatus": "DISABLED"}


def test_tags():
    """At most 50, none of AWS's own, and removing one that is not there is no error."""
    service = made()
    for tags in ({f"tag-{n}": "" for n in range(51)}, {"aws:x": ""}):
        with pytest.raises(ValidationFailed):
            ask(service, "TagResource", requests.tag_resource(ARN, tags))
    assert ask(service, "TagResource", requests.tag_resource(ARN, {"a": "b"})) is None
    ask(service, "UntagResource", requests.untag_resource(ARN, ["a", "b"]))
    assert ask(service, "ListTagsOfResource", requests.list_tags_of_resource(ARN))["Tags"] == []


def test_policies():
    """JSON only; deleting one that is not there is no error."""
    service = made()
    with pytest.raises(ValidationFailed):
        ask(service, "PutResourcePolicy", requests.put_resource_policy(ARN, "no JSON"))
    ask(service, "PutResourcePolicy", requests.put_resource_policy(ARN, {"Statement": []}))
    get = requests.get_resource_policy(ARN)
    assert ask(service, "GetResourcePolicy", get)["Policy"] == '{"Statement":[]}'
    for _ in range(2):
        ask(service, "DeleteResourcePolicy", requests.delete_resource_policy(ARN))
    with pytest.raises(ServiceError) as caught:
        ask(service, "GetResourcePolicy", get)
    assert caught.value.code == "PolicyNotFoundException"


def test_a_policy_is_of_a_stream_that_is_there():
    """The latest one, which has none before; of another one, nothing is found."""
    service = made()
    get = requests.get_resource_policy(f"{ARN}/stream/1")
    with pytest.raises(TableNotFound):
        ask(service, "GetResourcePolicy", get)
    ask(service, "UpdateTable", requests.update_table("orders", stream="NEW_IMAGE"))
    with pytest.raises(ServiceError) as caught:
        ask(service, "GetResourcePolicy", get)
    assert caught.value.code == "PolicyNotFoundException"


@pytest.mark.parametrize("operation", ["Describe", "Update"])
def test_insights_are_of_an_index_that_is_there(operation):
    """A global one, or the table itself where none is named."""
    service = made()
    for name, found in (("by-x", True), (None, True), ("by-at", False), ("none", False)):
        payload = {"TableName": "orders", "ContributorInsightsAction": "ENABLE"}
        body = json.encode(payload | ({"IndexName": name} if name else {}))
        if found:
            service.send(f"{operation}ContributorInsights", body)
        else:
            with pytest.raises(TableNotFound, match=f"Index: {name} not found"):
                service.send(f"{operation}ContributorInsights", body)


def test_a_stream_is_turned_on_once():
    """A second stream, or one that is off, is refused; what was turned off stays listed."""
    service, stream = made(), "arn:aws:kinesis:eu-west-1:123456789012:stream/changes"
    on, off = "EnableKinesisStreamingDestination", "DisableKinesisStreamingDestination"
    turn_off = requests.disable_kinesis_streaming_destination("orders", stream)
    with pytest.raises(ValidationFailed):
        ask(service, off, turn_off)
    ask(service, on, requests.enable_kinesis_streaming_destination("orders", stream))
    with pytest.raises(ValidationFailed):
        ask(service, on, requests.enable_kinesis_streaming_destination("orders", f"{stream}-2"))
    ask(service, off, turn_off)
    operation = "DescribeKinesisStreamingDestination"
    told = ask(service, operation, requests.describe_kinesis_streaming_destination("orders"))
    (destination,) = told["KinesisDataStreamDestinations"]
    assert destination == {"StreamArn": stream, "DestinationStatus": "DISABLED"}
