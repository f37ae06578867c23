"""What the service asks of replicas is said before anything is sent, and all of it at once."""

from __future__ import annotations

import copy
import pickle
from typing import Annotated, Any

import pytest
from msgspec import Struct, json, structs

from dynamorm import (
    IndexSpec,
    KeyAttribute,
    ModelError,
    PartitionKey,
    Provisioned,
    Replica,
    TableSpec,
    requests,
    table,
    table_spec,
)
from dynamorm.model.spec import changed

pytestmark = pytest.mark.once

ID, AT, X = KeyAttribute("id", "S"), KeyAttribute("at", "N"), KeyAttribute("x", "S")
BARE = TableSpec("orders", ID, AT, (IndexSpec("by-x", (X,)),))
ONE, TWO = Replica("us-east-1"), Replica("us-east-2")


def problems(spec: TableSpec = BARE, **options: Any) -> list[str]:
    with pytest.raises(ModelError) as raised:
        changed(spec, **options)
    return [problem.removesuffix(" - at orders") for problem in raised.value.problems]


STRONG = 'consistency="STRONG"'
THREE = f"{STRONG} takes three regions: two replicas, or one replica and a witness"
WRONG: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"replicas": "eu-west-1"},
        ["replicas takes a tuple of Replica(\"eu-west-1\", ...), not 'eu-west-1'"],
    ),
    (
        {"replicas": (ONE, 3), "table_class": "BEST"},
        [
            'table_class takes "STANDARD" or "STANDARD_INFREQUENT_ACCESS", not \'BEST\'',
            (
                'replicas takes a tuple of Replica("eu-west-1", ...), not '
                "(Replica(region='us-east-1'), 3)"
            ),
        ],
    ),
    (
        {"replicas": (ONE,), "witness": "Ireland"},
        ["witness takes a region such as \"eu-central-1\", or None, not 'Ireland'"],
    ),
    ({"consistency": "WEAK"}, ['consistency takes "EVENTUAL" or "STRONG", not \'WEAK\'']),
    (
        {"replicas": (Replica("Ireland"), ONE, ONE)},
        [
            "Replica takes a region such as \"eu-west-1\", not 'Ireland'",
            "2 replicas are in us-east-1: a region has one at most",
        ],
    ),
    ({"witness": "us-west-2"}, [f"witness goes with {STRONG}"]),
    (
        {"replicas": (ONE,), "stream": "KEYS_ONLY"},
        [
            (
                "stream='KEYS_ONLY' with replicas: DynamoDB replicates by a stream of "
                "NEW_AND_OLD_IMAGES: declare that one, or none"
            )
        ],
    ),
    (
        {"replicas": (ONE,), "billing": Provisioned(1, 1)},
        [
            (
                "replicas of a provisioned table need auto scaling of its writes, which another "
                'service does: declare OnDemand(), or set that up and ignore=("billing",)'
            )
        ],
    ),
    ({"consistency": "STRONG"}, [f"{THREE}, not 0 and no witness"]),
    (
        {"consistency": "STRONG", "replicas": (ONE,), "witness": "us-east-1"},
        ["witness='us-east-1' has a replica: a witness is in a region of its own"],
    ),
    (
        {"consistency": "STRONG", "replicas": (ONE, Replica("eu-west-1"))},
        [
            (
                f"{STRONG} takes regions of one of these sets: us-east-1, us-east-2, us-west-2; "
                "eu-central-1, eu-west-1, eu-west-2, eu-west-3; "
                "ap-northeast-1, ap-northeast-2, ap-northeast-3"
            )
        ],
    ),
    (
        {"consistency": "STRONG", "replicas": (ONE, TWO), "time_to_live": "expires"},
        [f"TTL with {STRONG}, which does not know it"],
    ),
    (
        {
            "consistency": "STRONG",
            "replicas": (ONE, TWO),
            "billing": Provisioned(1, 1),
            "disassociation_protection": False,
        },
        [
            f"disassociation_protection with {STRONG}, which does not know it",
            (
                "replicas of a provisioned table need auto scaling of its writes, which another "
                'service does: declare OnDemand(), or set that up and ignore=("billing",)'
            ),
        ],
    ),
    (
        {
            "replicas": (
                Replica(
                    "us-east-1",
                    kms_key="",
                    table_class="BEST",  # type: ignore[arg-type]  # a mistake
                    point_in_time_recovery=36,
                    deletion_protection=1,  # type: ignore[arg-type]  # a mistake
                    tags={"aws:x": "y"},
                    max_read=0,
                    index_max_read={"by-x": 0},
                    read=1,
                    index_read={"by-y": 1},
                ),
            ),
            "encryption": None,
        },
        [
            (
                "kms_key of Replica('us-east-1') takes the id, alias or ARN of a key of its "
                "region, not ''"
            ),
            (
                "table_class of Replica('us-east-1') takes \"STANDARD\" or "
                "\"STANDARD_INFREQUENT_ACCESS\", not 'BEST'"
            ),
            (
                "point_in_time_recovery of Replica('us-east-1') takes True, False or 1 to 35 days, "
                "not 36"
            ),
            "deletion_protection of Replica('us-east-1') takes True or False, not 1",
            (
                "tags of Replica('us-east-1') takes up to 50 tags of letters, digits, spaces and "
                "+-=._:/@, keys to 128, values to 256 long, not {'aws:x': 'y'}"
            ),
            "max_read of Replica('us-east-1') takes a whole number from 1, not 0",
            (
                "index_max_read of Replica('us-east-1') takes whole numbers from 1 by the names of "
                "indexes, not {'by-x': 0}"
            ),
            (
                "kms_key of Replica('us-east-1'): the table declares encryption=None, which "
                "holds in all regions"
            ),
            "read of Replica('us-east-1') does not go with an on-demand table",
            "index_read of Replica('us-east-1') does not go with an on-demand table",
            "index_read of Replica('us-east-1') names 'by-y', which is no global index",
        ],
    ),
]


@pytest.mark.parametrize(("options", "expected"), WRONG)
def test_a_problem_names_the_option_and_what_to_write(options, expected):
    """Each rule by itself, and all that is wrong with one replica together."""
    assert problems(**options) == expected


def test_a_misspelt_setting_to_ignore_hides_no_other_problem():
    """All problems of a model are told at once."""
    options = {"ignore": ("biling",), "replicas": (ONE, ONE), "billing": Provisioned(1, 1)}
    ignored, twice, scaled = problems(**options)
    assert "did you mean billing?" in ignored
    assert "2 replicas are in" in twice
    assert "need auto scaling" in scaled


def test_a_strong_table_has_no_local_index():
    """Nor is there a disassociation to be protected from."""
    local = changed(BARE, indexes=(IndexSpec("by-at", (), (X,)),))
    options = {"consistency": "STRONG", "replicas": (ONE, TWO), "disassociation_protection": True}
    assert problems(local, **options) == [
        f"a local index with {STRONG}, which does not know it",
        f"disassociation_protection with {STRONG}, which does not know it",
    ]


def test_reads_of_a_provisioned_table_are_units():
    """`max_read` is for tables on demand."""
    options = {
        "billing": Provisioned(1, 1),
        "ignore": ("billing",),
        "replicas": (Replica("us-east-1", max_read=1),),
    }
    assert problems(**options) == [
        "max_read of Replica('us-east-1') does not go with a provisioned table"
    ]
    fine = Replica("us-east-1", read=1, index_read={"by-x": 1})
    assert changed(BARE, **{**options, "replicas": (fine,)}).replicas == (fine,)


@pytest.mark.parametrize("region", ["us-east-1", "eusc-de-east-1", "us-isob-east-1", "cn-north-1"])
def test_regions_of_all_partitions_are_regions(region):
    """Whatever partition they are of."""
    assert changed(BARE, replicas=[Replica(region)]).replicas == (Replica(region),)


def test_the_stream_that_replicates_is_declared_with_the_replicas():
    """The service has it anyway; a strongly consistent table needs none."""
    body = requests.create_table(BARE, replicas=(ONE,)).to_dict()
    assert body["StreamSpecification"] == {
        "StreamEnabled": True,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    strong = requests.create_table(BARE, replicas=(ONE, TWO), consistency="STRONG").to_dict()
    assert "StreamSpecification" not in strong
    assert "Replicas" not in body


def test_replicas_are_an_option_of_a_model():
    """A list of them is a tuple, and a spec with them is copied, pickled and sent as JSON."""

    @table("orders", replicas=[ONE], consistency="EVENTUAL")
    class Order(Struct):
        id: Annotated[str, PartitionKey()]

    spec = table_spec(Order, name="others")
    assert spec.replicas == (ONE,)
    whole = changed(spec, replicas=(Replica("us-east-1", tags={"a": "b"}, index_max_read={}),))
    assert json.decode(json.encode(whole), type=TableSpec) == whole
    bare = changed(BARE, replicas=whole.replicas)
    assert pickle.loads(pickle.dumps(bare)) == copy.copy(bare) == bare
    assert repr(ONE) == "Replica(region='us-east-1')"
    assert structs.asdict(ONE)["region"] == "us-east-1"
