"""The life of a table, step by step, against a DynamoDB emulator that this program starts itself.

It needs no AWS account, reads none of your credentials and talks to this machine only.
Run it from a checkout: python -m pip install -e '.[demo]' && python examples/demo.py
"""

from __future__ import annotations

import inspect
import json
import logging
import os
import textwrap
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import boto3
from moto.server import ThreadedMotoServer
from msgspec import Struct

import dynamorm
from dynamorm import (
    CopyReport,
    Credentials,
    Database,
    Include,
    Index,
    MigrateNotSupported,
    ModelError,
    PartitionKey,
    Provisioned,
    SortKey,
    TableDescription,
    table,
)
from dynamorm.testing import Recorder
from dynamorm.transports.botocore import BotocoreTransport


@table("orders", indexes=[Index("by-status", projection=Include("total"))])
class Order(Struct):
    """An order: by customer and number, by status and date, by customer and date."""

    customer: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]
    status: Annotated[str, PartitionKey(index="by-status")]
    created: Annotated[str, SortKey(index="by-status"), SortKey(index="by-date")]
    total: int


@table("customers")
class Customer(Struct):
    """Somebody who orders."""

    email: Annotated[str, PartitionKey()]
    name: str


@table("products")
class Product(Struct):
    """Something to be ordered."""

    sku: Annotated[str, PartitionKey()]
    price: int


@table("products-2")
class Product2(Struct):
    """The same, with prices in cents."""

    sku: Annotated[str, PartitionKey()]
    cents: int


def in_cents(product: Product) -> Product2:
    """What becomes of a product."""
    return Product2(sku=product.sku, cents=product.price * 100)


@table("t", stream="EVERYTHING", indexes=[Index("by-owner", projection=Include("colour"))])
class Broken(Struct):
    """What the service would refuse, for five reasons."""

    labels: Annotated[list[str], PartitionKey()]
    number: Annotated[int | None, SortKey()]
    owner: Annotated[str, PartitionKey(index="by-owner")]


class Demo:
    """Prints what happens, counts the requests, and stops the program where a step is off."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.steps = 0

    @contextmanager
    def step(self, title: str, *expected: str) -> Iterator[None]:
        """One step: its title, what it prints, the requests that it sent."""
        self.steps += 1
        print(f"\n{self.steps}. {title}\n")
        before = len(self.recorder.sent)
        yield
        sent = Counter(self.recorder.operations[before:])
        told = (f"{name} x {count}" if count > 1 else name for name, count in sent.items())
        print(f"\n   Requests sent: {', '.join(told) or 'none'}")
        self.check(sent == Counter(expected), f"expected {expected}, sent {sent}")

    def check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise SystemExit(f"The demo is off in step {self.steps}: {otherwise}")


def show(text: str) -> None:
    """Print with a margin."""
    print(textwrap.indent(text.rstrip(), "   "))


def show_sentence(text: str) -> None:
    """Print with a margin, in lines that fit a terminal."""
    wrapper = textwrap.TextWrapper(88, break_long_words=False, break_on_hyphens=False)
    wrapper.subsequent_indent = "  " if text.startswith("- ") else ""
    show(wrapper.fill(text))


def show_source(model: type[Struct]) -> None:
    """Print how a model is written."""
    show(inspect.getsource(model))


def pretty(value: Any, margin: int = 3) -> str:
    """Give JSON with as much on one line as fits."""
    line = json.dumps(value)
    if margin + len(line) < 80 or not isinstance(value, (dict, list)):
        return line
    inner = margin + 2
    if isinstance(value, dict):
        opening, closing = "{}"
        members = [f'"{name}": {pretty(member, inner)}' for name, member in value.items()]
    else:
        opening, closing = "[]"
        members = [pretty(member, inner) for member in value]
    space = " " * (inner - 3)
    return f"{opening}\n{space}" + f",\n{space}".join(members) + f"\n{space[2:]}{closing}"


def show_table(found: TableDescription) -> None:
    """Print what is most asked about a table."""
    key = ", ".join(f"{part.attribute_name} ({part.key_type})" for part in found.key_schema)
    show(f"name     {found.table_name}")
    show(f"status   {found.table_status}")
    show(f"billing  {found.billing_mode}")
    show(f"key      {key}")
    for there in found.global_secondary_indexes:
        parts = ", ".join(part.attribute_name for part in there.key_schema)
        show(f"index    {there.index_name} (global): {parts}")
    for local in found.local_secondary_indexes:
        parts = ", ".join(part.attribute_name for part in local.key_schema)
        show(f"index    {local.index_name} (local): {parts}")


def define(demo: Demo) -> None:
    """From a Struct to the body of a request."""
    with demo.step("A model is a msgspec Struct. Markers say which fields are keys."):
        show_source(Order)
    with demo.step("As a value, it is the body of a CreateTable request. Nothing is sent yet."):
        body = dynamorm.requests.encode(dynamorm.requests.create_table(Order))
        show(pretty(json.loads(body)))


def create(demo: Demo, db: Database) -> None:
    """From the request to a table, and what the service says of it."""
    title = "Create it, and wait until the table and its indexes are ACTIVE."
    with demo.step(title, "CreateTable"):
        show("db.create_table(Order)")
        made = db.create_table(Order)
        show(f"-> {made.table_name} is {made.table_status}")
        demo.check(made.table_status == "ACTIVE", made.table_status)
    with demo.step("Describe it: the service's whole answer, typed.", "DescribeTable"):
        show("db.describe_table(Order)")
        show_table(db.describe_table(Order))


def ensure(demo: Demo, db: Database) -> None:
    """What happens to a table that is there: it is looked at, never altered."""
    title = "Ensure it: it is there. One request reads, none writes."
    with demo.step(title, "DescribeTable"):
        show("db.ensure_table(Order)")
        again = db.ensure_table(Order)
        show(f"-> created={again.created}, drift={again.drift}")
        demo.check(not again.created and not again.drift, str(again.drift))
    title = "Declare what the table does not have: the difference is told, nothing is changed."
    with demo.step(title, "DescribeTable"):
        show('db.ensure_table(Order, billing=Provisioned(read=5, write=5), stream="NEW_IMAGE")')
        billing = Provisioned(read=5, write=5)
        ensured = db.ensure_table(Order, billing=billing, stream="NEW_IMAGE")
        for difference in ensured.drift:
            show(f"-> drift in {difference}")
        names = [difference.name for difference in ensured.drift]
        demo.check(names == ["billing", "stream"], f"drift in {names}")


def refuse(demo: Demo, db: Database) -> None:
    """A model that the service would refuse."""
    with demo.step("A model that cannot be a table: every problem at once, before any request."):
        show_source(Broken)
        show("\ndb.create_table(Broken)")
        try:
            db.create_table(Broken)
        except ModelError as error:
            show(f"-> ModelError, {len(error.problems)} problems:")
            for problem in error.problems:
                show_sentence(f"- {problem}")
            demo.check(len(error.problems) == 5, f"{len(error.problems)} problems")
        else:
            demo.check(False, "the model was taken")


def create_several(demo: Demo, db: Database) -> None:
    """Several models in one call."""
    missing = ("DescribeTable", "CreateTable")
    with demo.step("Several models: create the tables that are missing.", *missing, *missing):
        show("db.auto_migrate(Customer, Product)")
        for ensured in db.auto_migrate(Customer, Product):
            show(f"-> {ensured.table.table_name}: created={ensured.created}")
            demo.check(ensured.created, "it was there already")
    with demo.step("List the tables.", "ListTables"):
        names = sorted(db.list_tables())
        show(f"db.list_tables()\n-> {', '.join(names)}")
        demo.check(names == ["customers", "orders", "products"], str(names))


def fill(endpoint: str, count: int) -> None:
    """Put products, as another program would."""
    resource = boto3.resource(
        "dynamodb",
        "eu-west-1",
        endpoint_url=endpoint,
        aws_access_key_id="demo",
        aws_secret_access_key="demo",
    )
    with resource.Table("products").batch_writer() as batch:
        for number in range(count):
            batch.put_item(Item={"sku": f"sku-{number}", "price": number, "since": "2020"})


def copy(demo: Demo, db: Database, endpoint: str) -> None:
    """A table in a new shape, in another table."""
    show_progress: list[CopyReport] = []

    def progress(report: CopyReport) -> None:
        show_progress.append(report)
        show(f"   {report.written:>5} of {PRODUCTS} written, {report.seconds:.1f} s")

    with demo.step(f"Another program has put {PRODUCTS} products. They need a new shape."):
        fill(endpoint, PRODUCTS)
        show_source(Product2)
        show("\n" + inspect.getsource(in_cents))
    title = "Ensure the new table, and copy through that function, in two segments at once."
    ensured = ("DescribeTable", "CreateTable")
    copied = ("DescribeTable",) * 4 + ("Scan",) * 2 + ("BatchWriteItem",) * (PRODUCTS // 25 + 1)
    with demo.step(title, *ensured, *copied):
        db.ensure_table(Product2)
        show("db.copy_table(Product, Product2, transform=in_cents, segments=2, progress=progress)")
        report = db.copy_table(Product, Product2, transform=in_cents, segments=2, progress=progress)
        show(f"-> done={report.done}, read={report.read}, written={report.written}")
        show('"since", which no model knows, has been carried over.')
        demo.check(report.done and report.written == PRODUCTS, str(report))


PRODUCTS = 2000


def delete(demo: Demo, db: Database) -> None:
    """Tables go when they are named, and only then."""
    gone = ("DeleteTable", "DescribeTable")
    with demo.step("Delete the tables, each named, and wait until they are gone.", *gone * 4):
        for model in (Order, Customer, Product, Product2):
            show(f"db.delete_table({model.__name__})")
            db.delete_table(model)
    with demo.step("Nothing is left.", "DescribeTable"):
        there = db.table_exists(Order)
        show(f"db.table_exists(Order)\n-> {there}")
        demo.check(not there, "the table is still there")


def migrate(demo: Demo, db: Database) -> None:
    """What dynamorm leaves to others."""
    with demo.step("What dynamorm does not do: keep a history of a schema and migrate it."):
        show("db.migrate(Order)")
        try:
            db.migrate(Order)
        except MigrateNotSupported as error:
            show_sentence(f"-> MigrateNotSupported: {error.text}")
        else:
            demo.check(False, "it did")


def forget_aws() -> None:
    """Take every AWS setting of yours out of this process: the emulator would read them too."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


def main() -> None:
    """Start the emulator, go through the steps, stop it."""
    forget_aws()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        # An empty environment: no proxy of yours stands between here and this machine.
        transport = BotocoreTransport(
            region="eu-west-1",
            endpoint=f"http://{host}:{port}",
            credentials=Credentials("demo", "demo"),
            environ={},
        )
        recorder = Recorder(transport)
        print(f"dynamorm {dynamorm.__version__} and a DynamoDB emulator (moto) on {host}:{port}")
        demo, db = Demo(recorder), dynamorm.connect(transport=recorder)
        define(demo)
        for part in (create, ensure, refuse, create_several):
            part(demo, db)
        copy(demo, db, f"http://{host}:{port}")
        for part in (delete, migrate):
            part(demo, db)
        transport.close()
        print(f"\nDone. {len(recorder.sent)} requests were sent, all of them shown above.")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
