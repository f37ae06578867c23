"""Where requests go and which region signs them, from arguments, variables and a region's name.

The rules are those of https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html and
of DynamoDB's endpoint rule set, without the account-based endpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

from msgspec import Struct

from .errors import EndpointUnknown

__all__ = ["Endpoint", "is_local", "is_url", "resolve"]


class Endpoint(Struct, frozen=True):
    """A URL of the form `http(s)://host[:port]`, and the region that signatures name."""

    url: str
    region: str


class _Partition(Struct, frozen=True):
    regions: tuple[str, ...]  # names; "-*-#" stands for a word and a number
    dns: str
    dual_stack: str
    fips: str = "dynamodb-fips"  # the service's name under `dns`; dual-stack has no exceptions


# Every partition has FIPS and dual-stack names today; the first one takes what no other knows.
_PARTITIONS = (
    _Partition((), "amazonaws.com", "api.aws"),
    _Partition(("cn-*-#", "aws-cn-global"), "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    # In GovCloud the plain names are the FIPS ones: https://aws.amazon.com/compliance/fips/
    _Partition(("us-gov-*-#", "aws-us-gov-global"), "amazonaws.com", "api.aws", fips="dynamodb"),
    _Partition(("us-iso-*-#", "aws-iso-global"), "c2s.ic.gov", "api.aws.ic.gov"),
    _Partition(("us-isob-*-#", "aws-iso-b-global"), "sc2s.sgov.gov", "api.aws.scloud"),
    _Partition(("eu-isoe-*-#", "aws-iso-e-global"), "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    _Partition(("us-isof-*-#", "aws-iso-f-global"), "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    _Partition(("eusc-de-*-#",), "amazonaws.eu", "api.amazonwebservices.eu"),
)
_PARTITION_OF = {shape: partition for partition in _PARTITIONS for shape in partition.regions}

_SERVICE_NAMES = ("dynamodb", "dynamodb-fips", "ddb")  # "ddb" in the hosts of accounts


def resolve(
    region: str | None,
    endpoint: str | None,
    environ: Mapping[str, str],
    profile_region: Callable[[], str | None],
) -> Endpoint:
    """Find the endpoint; every refusal is an `EndpointUnknown` that names the bad value's source.

    Region: the argument, AWS_REGION, AWS_DEFAULT_REGION, the region in the endpoint's own name,
    `profile_region()`, in this order. The last is called only when all others are missing. An
    endpoint that is given needs none of them: "us-east-1" then signs.

    Endpoint: the argument, AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL (neither variable where
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true), else the region's. AWS_USE_FIPS_ENDPOINT and
    AWS_USE_DUALSTACK_ENDPOINT choose among a region's names and, as in boto3, do not touch an
    endpoint that is given. An empty variable counts as missing, an empty argument is an error.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
    """
    named = _first("region=", region, environ, ("AWS_REGION", "AWS_DEFAULT_REGION"))
    given = _first("endpoint=", endpoint, environ, _url_variables(environ))
    if given is None:
        return _of_region(_region(named, profile_region), environ)
    scheme, host, port = _split(*given)
    signed = None if named else _region_in(host)
    signed = signed or _region(named, profile_region, otherwise="us-east-1")
    return Endpoint(f"{scheme}://{host}{port}", signed)


def is_url(url: str) -> bool:
    """Whether it has the form `http(s)://host[:port]`, with nothing more than a slash behind it."""
    try:
        _split("", url)
    except EndpointUnknown:
        return False
    return True


def is_local(url: str) -> bool:
    """Whether the host is written as `localhost`, 127.x.x.x or `[::1]`; no name is looked up.

    False for whatever is no endpoint URL.
    """
    try:
        host = _split("", url)[1]
    except EndpointUnknown:
        return False
    numbers = [part for part in host.split(".") if part.isdigit() and int(part[:4]) < 256]
    four = len(numbers) == 4 and host.count(".") == 3
    return host in ("localhost", "[::1]") or (four and numbers[0] == "127")


def _first(
    label: str, argument: str | None, environ: Mapping[str, str], variables: tuple[str, ...]
) -> tuple[str, str] | None:
    """The first value that is there, after the name of what held it."""
    if argument is not None:
        return label, argument
    return next(((name, environ[name]) for name in variables if environ.get(name)), None)


def _url_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    if _flag(environ, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        return ()
    return "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"


def _flag(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "").lower()
    # boto3 takes "1" for false: who sets that to get FIPS does not get it, and is not told.
    if value not in ("", "true", "false"):
        raise EndpointUnknown(f"{name} must be true or false")
    return value == "true"


def _region(
    named: tuple[str, str] | None, profile_region: Callable[[], str | None], otherwise: str = ""
) -> str:
    source, region = named or ("the profile's region", profile_region() or otherwise)
    if not (named or region):
        raise EndpointUnknown("no region: pass region=, or set AWS_REGION")
    if not _is_region(region):
        raise EndpointUnknown(
            f"{source} is not the name of a region: give 1 to 63 letters, digits and inner "
            "hyphens, with no space or line break around them, such as eu-west-1"
        )
    return region


def _is_region(text: str) -> bool:
    plain = text.isascii() and text.replace("-", "").isalnum()
    return plain and len(text) < 64 and text.strip("-") == text


def _of_region(region: str, environ: Mapping[str, str]) -> Endpoint:
    fips = _flag(environ, "AWS_USE_FIPS_ENDPOINT")
    dual_stack = _flag(environ, "AWS_USE_DUALSTACK_ENDPOINT")
    if region == "local":
        return _of_local(variant=fips or dual_stack)
    _refuse_account_endpoints(environ)
    partition = _partition(region)
    suffix = partition.dual_stack if dual_stack else partition.dns
    fips_name = "dynamodb-fips" if dual_stack else partition.fips
    return Endpoint(f"https://{fips_name if fips else 'dynamodb'}.{region}.{suffix}", region)


def _of_local(*, variant: bool) -> Endpoint:
    if variant:
        raise EndpointUnknown(
            "the region local has no FIPS and no dual-stack endpoint: "
            "unset AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT"
        )
    return Endpoint("http://localhost:8000", "us-east-1")


def _refuse_account_endpoints(environ: Mapping[str, str]) -> None:
    # https://docs.aws.amazon.com/sdkref/latest/guide/feature-account-endpoints.html
    mode = environ.get("AWS_ACCOUNT_ID_ENDPOINT_MODE", "").lower()
    if mode not in ("", "preferred", "disabled"):
        raise EndpointUnknown(
            "AWS_ACCOUNT_ID_ENDPOINT_MODE must be preferred or disabled: required is not "
            "supported, but endpoint= takes an account's own endpoint"
        )


def _partition(region: str) -> _Partition:
    area, _, number = region.rpartition("-")
    area, _, word = area.rpartition("-")
    shape = f"{area}-*-#" if word and number.isdigit() else region
    return _PARTITION_OF.get(shape, _PARTITIONS[0])


def _region_in(host: str) -> str | None:
    """The region in a DynamoDB host name, be it the service's, an account's or PrivateLink's."""
    for name, region in pairwise(host.split(".")):
        known = _partition(region)
        suffixes = (known.dns, f"vpce.{known.dns}", known.dual_stack)
        ends = tuple(f".{name}.{region}.{suffix}" for suffix in suffixes)
        if name in _SERVICE_NAMES and _is_region(region) and f".{host}".endswith(ends):
            return region
    return None


def _split(source: str, url: str) -> tuple[str, str, str]:
    """Scheme, host, and `:port` or nothing; no message shows the URL, it may hold a password."""
    scheme, _, rest = url.partition("://")
    authority = rest.removesuffix("/")
    colon = authority.find(":", authority.rfind("]") + 1)
    host, port = (authority, "") if colon < 0 else (authority[:colon], authority[colon:])
    problems = (
        (scheme.lower() not in ("http", "https"), "does not start with http:// or https://"),
        ("@" in authority, "holds a user name or a password, which belong in credentials="),
        (any(mark in authority for mark in "/?#"), "holds a path, a query or a fragment"),
        (not _is_host(host), "has no host, or not a possible one"),
        (port and not _is_port(port[1:]), "has a port that is not a number from 1 to 65535"),
    )
    for found, problem in problems:
        if found:
            raise EndpointUnknown(f"{source} {problem}: give http(s)://host[:port], nothing more")
    return scheme.lower(), host.lower(), port


def _is_host(text: str) -> bool:
    if text[:1] == "[" and text[-1:] == "]":
        return set(text[1:-1]) <= set("0123456789abcdefABCDEF:.") and _is_ipv6(text[1:-1])
    # Underscores are no part of DNS, but container networks have them. From 64 on, a label makes
    # the socket module raise UnicodeError where everybody expects OSError.
    plain = text.isascii() and text.replace("-", "").replace("_", "").replace(".", "").isalnum()
    return plain and all(0 < len(label) < 64 for label in text.split("."))


def _is_ipv6(text: str) -> bool:
    from ipaddress import IPv6Address

    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _is_port(text: str) -> bool:
    return len(text) < 6 and text.isascii() and text.isdigit() and 0 < int(text) < 65536
