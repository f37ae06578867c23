"""Endpoints: botocore's rule set judges regions; the order of sources and each refusal are ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import botocore
import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from botocore.loaders import Loader
from hypothesis import given
from hypothesis import strategies as st

from dynamorm.errors import EndpointUnknown
from dynamorm.transports import Profile
from dynamorm.transports.endpoints import (
    Endpoint,
    for_account,
    is_local,
    is_url,
    resolve,
    split_path,
)

# Not the default loader: that one also reads ~/.aws/models.
LOADER = Loader(include_default_search_paths=True)
LOADER.search_paths[:] = [Loader.BUILTIN_DATA_PATH]
PARTITIONS: dict[str, Any] = LOADER.load_data("partitions")
RULES = EndpointProvider(LOADER.load_service_model("dynamodb", "endpoint-rule-set-1"), PARTITIONS)

FIPS, DUAL_STACK = "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"
FLAGS = tuple(product((False, True), repeat=2))

# The partitions as they were when the table was written; older data lacks some.
newest_data = pytest.mark.skipif(
    tuple(map(int, botocore.__version__.split(".")[:2])) < (1, 44),
    reason="this botocore's partitions are older than the table",
)


def profile(region: str | None = None) -> Profile:
    return Profile(settings={} if region is None else {"region": region})


def of(region: str | None = None, endpoint: str | None = None, /, **environ: str) -> Endpoint:
    return resolve(region, endpoint, environ, profile())


def plain(endpoint: Endpoint) -> Endpoint:
    """Without what is said about accounts."""
    return Endpoint(endpoint.url, endpoint.region)


def flags(fips: bool, dual_stack: bool) -> Mapping[str, str]:
    return {FIPS: str(fips).lower(), DUAL_STACK: str(dual_stack).lower()}


def ruled(region: str, fips: bool, dual_stack: bool) -> Endpoint | None:
    """What the rule set says; None for an error."""
    try:
        found = RULES.resolve_endpoint(
            Region=region, UseFIPS=fips, UseDualStack=dual_stack, AccountIdEndpointMode="disabled"
        )
    except EndpointProviderError:
        return None
    (scheme,) = found.properties.get("authSchemes", [{}])
    return Endpoint(found.url, scheme.get("signingRegion", region))


def ours(region: str, fips: bool, dual_stack: bool) -> Endpoint | None:
    try:
        return plain(of(region, **flags(fips, dual_stack)))
    except EndpointUnknown:
        return None


def known_regions() -> Iterator[str]:
    for partition in (*PARTITIONS["partitions"], *LOADER.load_data("endpoints")["partitions"]):
        yield from partition["regions"]
        yield from partition.get("services", {}).get("dynamodb", {}).get("endpoints", ())


@newest_data
@pytest.mark.parametrize("region", sorted(set(known_regions())))
def test_every_region_is_where_the_rule_set_says(region: str) -> None:
    """Each region and pseudo-region gives the rule set's URL and signing region, or its error."""
    for fips, dual_stack in FLAGS:
        assert ours(region, fips, dual_stack) == ruled(region, fips, dual_stack)


REGION_WORDS = (
    "cn", "us", "gov", "iso", "isob", "isof", "eu", "isoe", "eusc", "de", "aws", "global", "x",
    "1", "22", "3a",
)  # fmt: skip
NEAR_REGIONS = st.one_of(
    st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?", fullmatch=True),
    st.lists(
        st.sampled_from(REGION_WORDS),
        min_size=1,
        max_size=6,
    ).map("-".join),
)


@newest_data
@given(NEAR_REGIONS, st.sampled_from(FLAGS))
def test_a_region_nobody_knows_is_where_the_rule_set_says(
    region: str, variant: tuple[bool, bool]
) -> None:
    """A region of the future resolves by the shape of its name exactly as the rule set does."""
    assert ours(region, *variant) == ruled(region, *variant)


@newest_data
def test_every_partition_has_every_variant() -> None:
    """The table needs no column for what a partition lacks, because today none lacks anything."""
    outputs = [partition["outputs"] for partition in PARTITIONS["partitions"]]
    assert all(output["supportsFIPS"] and output["supportsDualStack"] for output in outputs)


def test_govcloud_quirk() -> None:
    """FIPS in GovCloud is the plain name, and `dynamodb-fips` only on the dual-stack name."""
    assert (
        of("us-gov-west-1", **{FIPS: "true"}).url == "https://dynamodb.us-gov-west-1.amazonaws.com"
    )
    both = of("us-gov-west-1", **flags(True, True))
    assert both.url == "https://dynamodb-fips.us-gov-west-1.api.aws"


def test_local_region() -> None:
    """The region `local` is DynamoDB Local's usual port, signed as us-east-1."""
    assert of("local") == Endpoint("http://localhost:8000", "us-east-1")


@pytest.mark.parametrize("name", [FIPS, DUAL_STACK])
def test_local_region_has_no_variants(name: str) -> None:
    """FIPS and dual-stack with the region `local` are refused, as the rule set does."""
    with pytest.raises(EndpointUnknown, match=f"local.*unset.*{name}"):
        of("local", **{name: "true"})


def test_region_order() -> None:
    """Argument, AWS_DEFAULT_REGION, profile, AWS_REGION: boto3's order, and what it leaves out."""
    environ = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-west-3"}
    named = profile("eu-west-2")
    found = [resolve("eu-north-1", None, environ, named).region]
    found.append(resolve(None, None, environ, named).region)
    found.append(resolve(None, None, environ | {"AWS_DEFAULT_REGION": ""}, named).region)
    found.append(resolve(None, None, {"AWS_REGION": "eu-west-3"}, profile()).region)
    assert found == ["eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3"]


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_region(nothing: str | None) -> None:
    """Without a region anywhere the error says what to pass or set."""
    with pytest.raises(EndpointUnknown, match="pass region=, or set AWS_REGION"):
        resolve(None, None, {"AWS_REGION": ""}, profile(nothing))


BAD_REGIONS = [
    "eu west-1", "eu-west-1\n", " eu-west-1", "eu-west-1/", "a.b", "-a", "a-", "-", "é", "a_b",
    "x@evil.example", "a" * 64, "a\r\nHost: b", "٣",
]  # fmt: skip


@pytest.mark.parametrize("bad", [*BAD_REGIONS, ""])
def test_bad_region_argument(bad: str) -> None:
    """What cannot be one host label is refused, naming the argument, not showing the value."""
    with pytest.raises(EndpointUnknown, match=r"^region= is not the name of a region") as caught:
        of(bad)
    assert len(bad) < 2 or bad not in caught.value.text.removesuffix(", such as eu-west-1")


@pytest.mark.parametrize("bad", BAD_REGIONS)
@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_bad_region_variable(name: str, bad: str) -> None:
    """A bad region in a variable is refused and the variable is named."""
    with pytest.raises(EndpointUnknown, match=f"^{name} is not"):
        of(**{name: bad})


@pytest.mark.parametrize("endpoint", [None, "http://localhost:8000"])
def test_bad_region_in_the_profile(endpoint: str | None) -> None:
    """A bad region in the profile is refused and the profile is named, endpoint or not."""
    with pytest.raises(EndpointUnknown, match=r"^region of the profile default is not"):
        resolve(None, endpoint, {}, profile("a b"))


def test_bad_region_with_an_endpoint() -> None:
    """A given endpoint does not let a bad region into the signature."""
    with pytest.raises(EndpointUnknown, match=r"^AWS_REGION"):
        of(None, "http://localhost:8000", AWS_REGION="a/b")


def test_endpoint_order() -> None:
    """Argument, the service's variable, the general one, region: the first that is there."""
    environ = {"AWS_ENDPOINT_URL_DYNAMODB": "http://two:2", "AWS_ENDPOINT_URL": "http://three:3"}
    found = [of("eu-west-1", "http://one:1", **environ).url]
    found.append(of("eu-west-1", **environ).url)
    found.append(of("eu-west-1", **environ | {"AWS_ENDPOINT_URL_DYNAMODB": ""}).url)
    found.append(of("eu-west-1", AWS_ENDPOINT_URL="").url)
    ruled = "https://dynamodb.eu-west-1.amazonaws.com"
    assert found == ["http://one:1", "http://two:2", "http://three:3", ruled]


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"])
def test_ignored_variables(name: str) -> None:
    """AWS_IGNORE_CONFIGURED_ENDPOINT_URLS hides the variables, never the argument."""
    environ = {name: "http://two:2", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"}
    assert of("eu-west-1", **environ).url == "https://dynamodb.eu-west-1.amazonaws.com"
    assert of("eu-west-1", "http://one:1", **environ).url == "http://one:1"
    environ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "false"
    assert of("eu-west-1", **environ).url == "http://two:2"


@pytest.mark.parametrize("name", [FIPS, DUAL_STACK, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"])
@pytest.mark.parametrize("value", ["1", "yes", "TRUE "])
def test_a_flag_is_true_or_false(name: str, value: str) -> None:
    """A flag that is neither true nor false is refused, so that nobody believes FIPS to be on."""
    with pytest.raises(EndpointUnknown, match=f"^{name} must be true or false"):
        of("eu-west-1", **{name: value})


ACCOUNT = "111122223333"
MODES = ("preferred", "required", "disabled")


def ruled_account(region: str, mode: str, account: str | None, **parts: bool) -> str | None:
    """What the rule set makes of an account; None for an error."""
    given = {"UseFIPS": False, "UseDualStack": False, "AccountId": account} | parts
    try:
        return str(RULES.resolve_endpoint(Region=region, AccountIdEndpointMode=mode, **given).url)
    except EndpointProviderError:
        return None


@newest_data
@pytest.mark.parametrize("account", [ACCOUNT, None])
@pytest.mark.parametrize("mode", MODES)
def test_every_account_is_where_the_rule_set_says(mode: str, account: str | None) -> None:
    """Each region under each flag and mode, with an account and without."""
    for region in sorted({*known_regions(), "local", "us-gov-east-2", "cn-x-1"}):
        for variant in FLAGS:
            environ = {**flags(*variant), "AWS_ACCOUNT_ID_ENDPOINT_MODE": mode}
            try:
                found = for_account(of(region, **environ), account).url
            except EndpointUnknown:
                found = None
            parts = dict(zip(("UseFIPS", "UseDualStack"), variant, strict=True))
            assert found == ruled_account(region, mode, account, **parts), (region, variant)


@pytest.mark.parametrize("account", ["1/x", "a.b", "-1", "é", "1" * 64])
def test_an_account_that_cannot_stand_in_a_host_is_refused(account: str) -> None:
    """What credentials say cannot lead elsewhere."""
    with pytest.raises(EndpointUnknown, match="the account id of the credentials is not one"):
        for_account(of("eu-west-1"), account)


def test_a_required_account_is_said_to_be_missing() -> None:
    """The variable that names it is named."""
    found = of("eu-west-1", AWS_ACCOUNT_ID_ENDPOINT_MODE="required")
    with pytest.raises(EndpointUnknown, match=r"account_id_endpoint_mode.*set AWS_ACCOUNT_ID"):
        for_account(found, None)


@pytest.mark.parametrize(
    ("environ", "refusal"),
    [
        ({"AWS_ACCOUNT_ID_ENDPOINT_MODE": "perhaps"}, "must be preferred, required or disabled"),
        ({"AWS_ACCOUNT_ID_ENDPOINT_MODE": "REQUIRED", FIPS: "true"}, "none with FIPS"),
    ],
)
def test_a_mode_that_cannot_be_followed_is_refused(environ: dict[str, str], refusal: str) -> None:
    """The variable is named; an endpoint that is given needs none."""
    with pytest.raises(EndpointUnknown, match=f"^AWS_ACCOUNT_ID_ENDPOINT_MODE.*{refusal}"):
        of("eu-west-1", **environ)
    given = f"https://{ACCOUNT}.ddb.eu-west-1.amazonaws.com"
    assert of(None, given, **environ) == Endpoint(given, "eu-west-1")


def test_the_region_local_needs_no_account() -> None:
    """As in the rule set, which looks at the account after it."""
    found = of("local", AWS_ACCOUNT_ID_ENDPOINT_MODE="required")
    assert for_account(found, None).url == "http://localhost:8000"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("HTTPS://Tables.Example", "https://tables.example"),
        ("http://dynamodb_local:8000", "http://dynamodb_local:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("https://[2001:DB8::1]", "https://[2001:db8::1]"),
        ("http://127.0.0.1:65535", "http://127.0.0.1:65535"),
        (f"http://{'a' * 63}.b:1", f"http://{'a' * 63}.b:1"),
        ("http://A:1/Tables", "http://a:1/Tables"),
        ("http://a/v1.0/~x_y-z/", "http://a/v1.0/~x_y-z/"),
        ("http://a//", "http://a//"),
    ],
)
def test_given_endpoint(given: str, url: str) -> None:
    """A given endpoint is used as it is, in lower case and without the slash."""
    assert of("eu-west-1", given) == Endpoint(url, "eu-west-1")


BAD_URLS = {
    "does not start with http": [
        "", "localhost", "localhost:8000", "ftp://a", "//a", "http\u017f://a", " http://a",
        "\nhttp://a",
    ],
    "holds a user name or a password": [
        "http://me:secret@a", "http://secret@a", "http://me:sec/ret@a", "http://me:sec?ret@a/",
    ],
    "holds a query or a fragment": [
        "http://a?secret", "http://a/?secret=1", "http://a#secret", "http://a/x#secret",
    ],
    "has a path with more than": [
        "http://a/se%20cret", "http://a/é", "http://a/..", "http://a/./secret", "http://a/b c",
        "http://a/\r\nX: y", "http://a/b\\c", "http://a/b;c",
    ],
    "has no host": [
        "http://", "http:///", "http", "http://:80", "http://a b", "http://a\r\nX: y", "http://a\t",
        "http://a\x00", "http://é", "http://\u212a", "http://a..b", "http://.a", "http://a.",
        "http://a\\b", "http://a%41", "http://[::1", "http://::1", "http://[]", "http://[:]",
        "http://[::1%25eth0]", "http://[::g]", "http://[::1]a", f"http://{'a' * 64}",
    ],
    "has a port": [
        "http://a:", "http://a:0", "http://a:65536", "http://a:000080", "http://a:x", "http://a:+1",
        "http://a:1 ", "http://a:٣", "http://a:²", "http://a:1:2", "http://[::1]:",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("problem", "bad"), [(problem, bad) for problem, urls in BAD_URLS.items() for bad in urls]
)
def test_bad_endpoint(problem: str, bad: str) -> None:
    """What is more than scheme, host, port and path is refused, saying what, and not shown."""
    with pytest.raises(EndpointUnknown, match=f"^endpoint= {problem}") as caught:
        of("eu-west-1", bad)
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None
    assert not is_local(bad)


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"])
def test_bad_endpoint_variable(name: str) -> None:
    """A bad endpoint in a variable is refused, and the variable is named with what it may hold."""
    with pytest.raises(EndpointUnknown, match=rf"^{name} holds a query.*give http\(s\)://host"):
        of("eu-west-1", **{name: "http://localhost/?tables"})


@pytest.mark.parametrize("variant", FLAGS)
def test_flags_leave_a_given_endpoint_alone(variant: tuple[bool, bool]) -> None:
    """FIPS and dual-stack choose among a region's names; an endpoint that is given stays."""
    assert of("eu-west-1", "http://a:1", **flags(*variant)).url == "http://a:1"


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("dynamodb.eu-west-1.amazonaws.com", "eu-west-1"),
        ("Dynamodb.EU-West-1.amazonaws.com", "eu-west-1"),
        ("dynamodb-fips.us-east-2.api.aws", "us-east-2"),
        ("dynamodb.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("111122223333.ddb.eu-west-1.api.aws", "eu-west-1"),
        ("vpce-1a2b-3c.dynamodb.eu-west-1.vpce.amazonaws.com", "eu-west-1"),
    ],
)
def test_region_of_an_aws_host(host: str, region: str) -> None:
    """An AWS endpoint without a region signs for the region in its name."""
    assert of(None, f"https://{host}").region == region


@pytest.mark.parametrize("variant", FLAGS)
def test_region_of_every_resolved_host(variant: tuple[bool, bool]) -> None:
    """The region that is read from a host is the one that the host was made of."""
    for partition in PARTITIONS["partitions"]:
        for region in partition["regions"]:
            made = of(region, **flags(*variant))
            assert of(None, made.url) == plain(made)


@pytest.mark.parametrize(
    "host",
    [
        "localhost:8000",
        "dynamodb",
        "dynamodb.eu-west-1.example",
        "dynamodb.eu-west-1.amazonaws.com.example",
        "dynamodb.eu_west_1.amazonaws.com",
        "dynamodb.cn-north-1.amazonaws.com",
        "xdynamodb.eu-west-1.amazonaws.com",
        "s3.eu-west-1.amazonaws.com",
        "[::1]:8000",
    ],
)
def test_region_of_any_other_host(host: str) -> None:
    """Any other endpoint without a region signs for us-east-1."""
    assert of(None, f"http://{host}").region == "us-east-1"


def test_a_named_region_signs() -> None:
    """A region that the caller or a variable names wins over the one in the endpoint."""
    given = "https://dynamodb.eu-west-1.amazonaws.com"
    assert of("eu-west-2", given).region == "eu-west-2"
    assert of(None, given, AWS_REGION="eu-west-3").region == "eu-west-3"
    assert resolve(None, given, {}, profile("eu-south-1")).region == "eu-south-1"
    assert of("local", "http://a:1") == Endpoint("http://a:1", "local")


HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]", re.ASCII)
URL = re.compile(rf"(?:http|https)://(?:{HOST.pattern})(?::[0-9]{{1,5}})?(?:/[\w.~/-]*)?", re.ASCII)
NEAR_URLS = st.lists(
    st.sampled_from(
        [*"/:@?#[]. \r\n\x00-_%\\", "http", "https", "://", "::1", "a", "80", "amazonaws.com", "é"]
    ),
    max_size=8,
).map("".join)


@given(st.text() | NEAR_URLS | NEAR_URLS.map("http://{}".format), st.text() | NEAR_REGIONS)
def test_no_endpoint_smuggles_anything(endpoint: str, region: str) -> None:
    """Any text gives a URL and a region of harmless characters only, or `EndpointUnknown`."""
    for chosen in (region, None):
        try:
            found = of(chosen, endpoint)
        except EndpointUnknown:
            continue
        assert URL.fullmatch(found.url)
        assert re.fullmatch(r"[a-zA-Z0-9-]{1,63}", found.region)


@given(st.text() | NEAR_REGIONS, st.sampled_from(FLAGS))
def test_no_region_smuggles_anything(region: str, variant: tuple[bool, bool]) -> None:
    """Any text as a region gives a URL of harmless characters only, or `EndpointUnknown`."""
    found = ours(region, *variant)
    assert found is None or URL.fullmatch(found.url.lower())


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost", "http://LOCALHOST:8000/", "https://localhost:8000",
        "http://127.0.0.1:8000/db", "http://127.255.1.2", "http://[::1]:8000", "http://[::1]",
    ],
)  # fmt: skip
def test_local(url: str) -> None:
    """The names of this machine are local, with any port."""
    assert is_local(url)


@pytest.mark.parametrize(
    "url",
    [
        "", "localhost", "http://localhost@a", "http://localhost.a", "http://127.0.0.1.a",
        "http://127.a.b.c", "http://127.999.0.1", "http://127.1", "http://128.0.0.1", "http://1270.0.0.1",
        "http://[::2]", "http://a:127", "http://dynamodb", "ftp://localhost",
        "https://dynamodb.eu-west-1.amazonaws.com",
    ],
)  # fmt: skip
def test_not_local(url: str) -> None:
    """What only resembles this machine's names, and what is no endpoint, is not local."""
    assert not is_local(url)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://a:1", ("http://a:1", "/")),
        ("http://a:1/x", ("http://a:1", "/x")),
        ("https://[::1]/x/", ("https://[::1]", "/x/")),
    ],
)
def test_the_path_is_what_is_posted_to(url: str, parts: tuple[str, str]) -> None:
    """A request's first line has it, and the rest says where to connect to."""
    assert split_path(url) == parts


@pytest.mark.parametrize(
    ("url", "whether"),
    [("http://a:1", True), ("http://a/", True), ("http://a/x", False), ("a", False)],
)
def test_a_proxy_has_no_path(url: str, whether: bool) -> None:
    """One with a path, or none at all, is no proxy's URL."""
    assert is_url(url) is whether
