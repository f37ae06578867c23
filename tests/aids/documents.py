"""Good documents of every kind that is read, their model, and a transport that gives them."""

from __future__ import annotations

import base64
import re
from decimal import Decimal
from typing import Annotated, Any

from msgspec import Struct, json

import dynamorm
from dynamorm import PartitionKey, Provisioned, Retries, SortKey
from dynamorm.errors import service_error
from dynamorm.testing import FakeClock


class Inside(Struct):
    city: str
    near: list[int]


@dynamorm.table("orders", indexes=[dynamorm.Index("by-status", dynamorm.Include("total"))])
class Order(Struct):
    id: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]
    total: Decimal = Decimal()
    weight: float = 1.5
    tags: set[str] = set()
    blobs: list[bytes] = []
    inside: Inside | None = None
    more: dict[str, Any] = {}
    status: Annotated[str | None, PartitionKey(index="by-status")] = None


ITEM = {
    "id": {"S": "a"},
    "number": {"N": "1"},
    "total": {"N": "1.50"},
    "weight": {"N": "2.5"},
    "tags": {"SS": ["x", "y"]},
    "blobs": {"L": [{"B": "aGk="}]},
    "inside": {"M": {"city": {"S": "b"}, "near": {"L": [{"N": "7"}]}}},
    "more": {"M": {"k": {"L": [{"NS": ["5", "6"]}, {"BOOL": True}, {"NULL": True}]}}},
    "status": {"S": "s"},
    "unknown": {"BS": ["aGk=", "eW8="]},
}
KEY_SCHEMA = [
    {"AttributeName": "id", "KeyType": "HASH"},
    {"AttributeName": "number", "KeyType": "RANGE"},
]
BY_STATUS = {
    "IndexName": "by-status",
    "IndexStatus": "ACTIVE",
    "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total"]},
    "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
    "WarmThroughput": {"ReadUnitsPerSecond": 1, "WriteUnitsPerSecond": 1, "Status": "ACTIVE"},
}
TYPES = {"id": "S", "number": "N", "status": "S"}
ORDERS: dict[str, Any] = {
    "TableName": "orders",
    "TableStatus": "ACTIVE",
    "TableArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
    "TableId": "one",
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": kind} for name, kind in TYPES.items()
    ],
    "KeySchema": KEY_SCHEMA,
    "GlobalSecondaryIndexes": [BY_STATUS],
    "LocalSecondaryIndexes": [{**BY_STATUS, "IndexName": "local", "KeySchema": KEY_SCHEMA}],
    "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
    "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
    "OnDemandThroughput": {"MaxReadRequestUnits": 4, "MaxWriteRequestUnits": -1},
    "WarmThroughput": {"ReadUnitsPerSecond": 9, "WriteUnitsPerSecond": 9},
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    "SSEDescription": {"SSEType": "KMS", "KMSMasterKeyArn": "arn:aws:kms:eu-west-1:1:key/a"},
    "CreationDateTime": 1.7e9,
    "ItemCount": 4,
}
NEW = {**ORDERS, "TableName": "new", "TableId": "two"}


def page(count: int, *, last: bool) -> dict[str, Any]:
    items = [{**ITEM, "number": {"N": str(number)}} for number in range(count)]
    more = {} if last else {"LastEvaluatedKey": {"id": {"S": "a"}, "number": {"N": "9"}}}
    consumed = {"TableName": "orders", "CapacityUnits": 1.5}
    return {"Items": items, "Count": count, "ConsumedCapacity": consumed, **more}


PAGES = page(2, last=True), page(30, last=True), page(2, last=False)
WRITTEN = {"UnprocessedItems": {}}
LEFT = {
    "UnprocessedItems": {"new": [{"PutRequest": {"Item": {**ITEM, "number": {"N": "0"}}}}]},
    "ConsumedCapacity": [{"TableName": "new", "CapacityUnits": 4.0}],
}
BACKUP = {"BackupDetails": {"BackupArn": "a", "BackupName": "b", "BackupStatus": "AVAILABLE"}}
TTL = {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}}
RECOVERY = {
    "ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": 35,
        },
    }
}
TAGS = {"Tags": [{"Key": "team", "Value": "blue"}], "NextToken": "next"}
POLICY = {"Version": "2012-10-17", "Statement": [{"Principal": {"AWS": "arn:aws:iam::1:root"}}]}
OPTIONS: Any = {
    "billing": Provisioned(1, 1),
    "stream": "OLD_IMAGE",
    "encryption": dynamorm.KMS("alias/mine"),
    "table_class": "STANDARD",
    "deletion_protection": True,
    "warm": dynamorm.WarmThroughput(20, 20),
}
CHECKPOINT = {
    "source": "orders",
    "target": "new",
    "of": 1,
    "segments": [
        {
            "segment": 0,
            "done": False,
            "cursor": {"id": {"S": "a"}, "number": {"N": "1"}},
            "counts": {"read": 1, "written": 1, "skipped": 0, "failed": 0, "collisions": 0},
            "costs": {"retried": 0, "read_units": 1.0, "write_units": 2.0},
        }
    ],
    "seconds": 1.5,
    "source_id": "one",
    "target_id": "two",
}

ERROR = {"__type": "com.amazonaws#ResourceNotFoundException:http://x/", "message": "gone"}
CREDENTIALS = {
    "AccessKeyId": "key",
    "SecretAccessKey": "hidden",
    "Token": "hidden",
    "Expiration": "2040-01-01T00:00:00Z",
}


def meaning(tag: str, inner: Any) -> Any:
    """What an attribute value says, by nothing of ours; raises some error for one that is none."""
    if tag in ("SS", "NS", "BS"):
        return frozenset(meaning(tag[0], member) for member in inner)
    if tag == "L":
        return [meaning(*only(member)) for member in inner]
    if tag == "M":
        return {name: meaning(*only(member)) for name, member in inner.items()}
    if tag == "B":
        return base64.b64decode(inner, validate=True)
    if tag == "N":
        return Decimal(NUMBER.fullmatch(inner)[0])
    return {"S": str, "BOOL": bool, "NULL": bool}[tag], inner


def only(attribute: dict[str, Any]) -> tuple[str, Any]:
    ((tag, inner),) = attribute.items()
    return tag, inner


NUMBER: Any = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)


class Named(Struct):
    """What of a request has to be read; the rest may be anything."""

    TableName: str = ""


class Fixed:
    """Gives an operation (on a table) always the same answer, but not without end."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {
            "DescribeTable orders": {"Table": ORDERS},
            "DescribeTable new": {"Table": NEW},
            "Scan": PAGES[0],
            "BatchWriteItem": {"UnprocessedItems": {}},
            **answers,
        }
        self.sent: list[tuple[str, bytes]] = []

    def send(self, operation: str, body: bytes) -> bytes:
        self.sent.append((operation, body))
        assert len(self.sent) < 2000, "there is no end to it"
        table = json.decode(body, type=Named).TableName
        found = self.answers.get(f"{operation} {table}", self.answers.get(operation))
        if found is None:
            raise service_error("UnknownOperationException", "", status=400, operation=operation)
        return found if isinstance(found, bytes) else json.encode(found)


def run(steps: Any, transport: Fixed) -> Any:
    return dynamorm.run(steps, transport, retries=Retries(attempts=2), clock=FakeClock())
