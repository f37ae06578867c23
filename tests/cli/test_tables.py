"""Commands that look at tables, create and delete them."""

from __future__ import annotations

from dynamorm import IndexSpec, KeyAttribute, Provisioned, TableSpec, VectorAttribute


def test_ensure_creates_what_is_missing_and_reports_the_rest(run):
    """It exits with 0 whatever it finds, and changes no table that is there."""
    assert run("ensure shop").stdout == "customers: created\norders: created\n"
    run.change('"orders"', '"orders", stream="NEW_IMAGE"')
    done = run.json("ensure shop:Order")
    assert done["command"] == "ensure"
    assert [table["drift"][0]["name"] for table in done["tables"]] == ["stream"]
    assert "UpdateTable" not in run.service.sent
    assert "stream: declared" in run("ensure shop --on-drift raise", exits=1).stderr


def test_several_models_on_one_table_are_one(run):
    """A union is a model; of a module that has one, its classes are no tables of their own."""
    union = """
class Line(Order, tag=True):
    pass


class Note(Order, tag=True):
    text: str = ""


Entry = Line | Note
"""
    run.change("\n\ndef double", f"{union}\n\ndef double")
    assert run("ensure shop:Entry").stdout == "orders: created\n"
    run.change("class Line(Order, tag=True)", '@table("lines")\nclass Line(Order, tag=True)')
    run.change("class Note(Order, tag=True)", '@table("lines")\nclass Note(Order, tag=True)')
    assert run("plan shop").stdout.count("lines") == 1


def test_describe_takes_models_and_names(run):
    """Each is one DescribeTable; the text has what people ask for, JSON all of it."""
    index = 'day: Annotated[str, PartitionKey(index="by-day"), SortKey(index="local")]'
    run.change("    total: int = 0", f"    total: int = 0\n    {index} = ''")
    run.db.ensure_table(run.model("Order"), billing=Provisioned(2, 3))
    run("ensure shop:Customer")
    told = run.json("describe shop:Order customers")
    assert [table["TableName"] for table in told["tables"]] == ["orders", "customers"]
    assert run.service.sent == ["DescribeTable"] * 2
    assert run("describe orders").stdout.splitlines()[:-1] == [
        "orders: ACTIVE",
        "  key                customer (S), number (N)",
        "  local index local  day (S); ALL",
        "  index by-day       day (S); ALL",
        "  billing            Provisioned(read=2, write=3)",
        "  items              0, 0 bytes (counted every six hours)",
    ]


def test_describe_tells_of_a_vector_index(run):
    """Its search schema, its vector and its projection."""
    kind = KeyAttribute("kind", "S")
    look = VectorAttribute("look", 3, "COSINE")
    plain = IndexSpec("by-look", vector=look, projection="KEYS_ONLY")
    split = IndexSpec("of-kind", (kind,), vector=look)
    run.db.ensure_table(TableSpec("things", KeyAttribute("id", "S"), indexes=(plain, split)))
    assert run("describe things").stdout.splitlines()[2:4] == [
        "  vector index by-look  look of 3 (COSINE); KEYS_ONLY",
        "  vector index of-kind  kind (S); look of 3 (COSINE); ALL",
    ]


def test_list_prints_a_name_a_line(run):
    """With an argument those that begin with it; what a prefix hides is not there."""
    run("ensure shop --prefix dev-")
    assert run("list --prefix dev-").stdout == "customers\norders\n"
    assert run("list dev-o").stdout == "dev-orders\n"
    assert run.json("list x") == {"format_version": 1, "command": "list", "tables": []}


def test_delete_asks_and_only_yes_is_an_answer(run):
    """Without a "yes" nothing is sent."""
    run("ensure shop")
    for answer in ("y", "YES", ""):
        done = run("delete orders", answer=f"{answer}\n", exits=1)
        assert "Delete orders with all items? Only 'yes' is accepted" in done.stderr
        assert done.stderr.endswith("Nothing was done.\n")
        assert run.service.sent == []
    assert run("delete orders", answer="yes\n").stdout.endswith("orders: deleted\n")
    assert run.json("delete shop:Customer --auto-approve")["tables"] == ["customers"]
    assert run.db.list_tables() == ()


def test_without_a_terminal_nobody_is_asked(run):
    """It fails at once, and says what to pass."""
    run("ensure shop")
    done = run("delete orders", exits=1)
    assert "pass --yes" in done.stderr
    assert run.service.sent == []


def test_a_missing_table_may_be_allowed(run):
    """`--missing-ok` makes it no error; protection is never lifted."""
    assert "Requested resource not found" in run("delete orders --yes", exits=1).stderr
    said = run("delete orders --yes --missing-ok", answer="nobody asks").stdout
    assert said == "orders: deleted, or was missing\n"
    run.change('"orders"', '"orders", deletion_protection=True')
    run("ensure shop:Order")
    assert "protected" in run("delete orders --yes", exits=1).stderr
