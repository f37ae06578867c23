"""Where requests go and which region signs them, from arguments, variables, files and names.

The rules are those of https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html and
of DynamoDB's endpoint rule set; where several sources name a value, boto3's order decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from msgspec import Struct, structs

from .. import errors
from . import HiddenText, Profile


class Endpoint(Struct, frozen=True):
    """A URL of the form `http(s)://host[:port][/path]`, and the region that signatures name."""

    url: str
    region: str
    accounts: str = "disabled"
    """Whether the host's name has the account in it: "disabled", "preferred" or "required"."""


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

# Of other partitions, and under FIPS, no host is named after an account.
_WITH_ACCOUNTS = ("us-gov-east-1", "us-gov-west-1", "cn-north-1", "cn-northwest-1")
_SERVICE_NAMES = ("dynamodb", "dynamodb-fips", "ddb")  # "ddb" in the hosts of accounts

Named = tuple[str, str]
"""A value, after the words that name its source."""


def resolve(
    region: str | None, endpoint: str | None, environ: Mapping[str, str], profile: Profile
) -> Endpoint:
    """Find the endpoint; every refusal is an `EndpointUnknown` that names the bad value's source.

    Region: the argument, AWS_DEFAULT_REGION, the profile's. Where boto3 would find none:
    AWS_REGION, the region in the endpoint's own name; "us-east-1" for an endpoint that is given.

    Endpoint: the argument, AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL, the profile's (none but the
    argument where AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true), else the region's.
    AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT and AWS_ACCOUNT_ID_ENDPOINT_MODE choose among
    a region's names and, as in boto3, do not touch an endpoint that is given. An empty variable
    counts as missing, an empty argument is an error.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
    """
    named = _given_region(region, environ, profile)
    given = _given_endpoint(endpoint, environ, profile)
    if given is None:
        if named is None:
            raise errors.EndpointUnknown("no region: pass region=, or set AWS_REGION")
        return _of_region(_checked(*named), environ, profile)
    scheme, host, port, path = _split(*given)
    signed = _checked(*named) if named else _region_in(host) or "us-east-1"
    return Endpoint(f"{scheme}://{host}{port}{'' if path == '/' else path}", signed)


def for_account(endpoint: Endpoint, account: str | None) -> Endpoint:
    """Return the endpoint of the account that the credentials are of, where there is such a one.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-account-endpoints.html
    """
    if endpoint.accounts == "disabled" or not (account or endpoint.accounts == "required"):
        return endpoint
    if not account:
        raise errors.EndpointUnknown(
            "account_id_endpoint_mode is required, and the credentials are of no account that is "
            "known: set AWS_ACCOUNT_ID, or aws_account_id in the profile"
        )
    if not _is_label(account):
        raise errors.EndpointUnknown(
            "the account id of the credentials is not one: correct AWS_ACCOUNT_ID or aws_account_id"
        )
    # Only names of this form come here: under FIPS, and for an endpoint that is given, the mode is
    # "disabled".
    rest = endpoint.url.partition("dynamodb.")[2]
    return structs.replace(endpoint, url=f"https://{account}.ddb.{rest}")


def split_path(url: str) -> tuple[str, str]:
    """Split an endpoint's URL into `http(s)://host[:port]` and the path that is posted to."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority}", slash + path or "/"


def is_url(url: str) -> bool:
    """Return whether it has the form `http(s)://host[:port]`, with at most a slash at the end."""
    try:
        path = _split("", url)[3]
    except errors.EndpointUnknown:
        return False
    return path in ("", "/")


def is_local(url: str) -> bool:
    """Return whether the host is written as `localhost`, 127.x.x.x or `[::1]`; look no name up.

    False for whatever is no endpoint URL.
    """
    try:
        host = _split("", url)[1]
    except errors.EndpointUnknown:
        return False
    numbers = [part for part in host.split(".") if part.isdigit() and int(part[:4]) < 256]
    four = len(numbers) == 4 and host.count(".") == 3
    return host in ("localhost", "[::1]") or (four and numbers[0] == "127")


def _given_region(
    argument: str | None, environ: Mapping[str, str], profile: Profile
) -> Named | None:
    """Return the region that is named, and by what; an empty variable names none."""
    if argument is not None:
        return "region=", argument
    sources = (
        ("AWS_DEFAULT_REGION", environ.get("AWS_DEFAULT_REGION")),
        (f"region of {profile}", profile.get("region")),
        ("AWS_REGION", environ.get("AWS_REGION")),
    )
    return next(((source, value) for source, value in sources if value), None)


def _given_endpoint(
    argument: str | None, environ: Mapping[str, str], profile: Profile
) -> Named | None:
    if argument is not None:
        return "endpoint=", HiddenText(argument)
    if _flag("ignore_configured_endpoint_urls", environ, profile):
        return None
    for name in ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"):
        if value := environ.get(name):
            return name, HiddenText(value)
    source, value = profile.endpoint_url() or ("", "")
    return (source, HiddenText(value)) if value else None


def _setting(key: str, environ: Mapping[str, str], profile: Profile) -> Named:
    """Take a variable even if it is empty, as boto3, before the profile's setting of that name."""
    variable = f"AWS_{key.upper()}"
    value = environ.get(variable)
    if value is not None:
        return variable, value.lower()
    return f"{key} of {profile}", (profile.get(key) or "").lower()


def _flag(key: str, environ: Mapping[str, str], profile: Profile) -> bool:
    source, value = _setting(key, environ, profile)
    # boto3 takes "1" for false: who sets that to get FIPS does not get it, and is not told.
    if value not in ("", "true", "false"):
        raise errors.EndpointUnknown(f"{source} must be true or false")
    return value == "true"


def _checked(source: str, region: str) -> str:
    if not _is_label(region):
        raise errors.EndpointUnknown(
            f"{source} is not the name of a region: give 1 to 63 letters, digits and inner "
            "hyphens, with no space or line break around them, such as eu-west-1"
        )
    return region


def _is_label(text: str) -> bool:
    plain = text.isascii() and text.replace("-", "").isalnum()
    return plain and len(text) < 64 and text.strip("-") == text


def _of_region(region: str, environ: Mapping[str, str], profile: Profile) -> Endpoint:
    fips = _flag("use_fips_endpoint", environ, profile)
    dual_stack = _flag("use_dualstack_endpoint", environ, profile)
    if region == "local":
        # DynamoDB's rule set has this region: it is where DynamoDB Local listens by default.
        if fips or dual_stack:
            raise errors.EndpointUnknown(
                "the region local has no FIPS and no dual-stack endpoint: "
                "unset AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT"
            )
        return Endpoint("http://localhost:8000", "us-east-1")
    partition = _partition(region)
    suffix = partition.dual_stack if dual_stack else partition.dns
    name = ("dynamodb-fips" if dual_stack else partition.fips) if fips else "dynamodb"
    accounts = not fips and (partition is _PARTITIONS[0] or region in _WITH_ACCOUNTS)
    mode = _account_mode(environ, profile, possible=accounts)
    return Endpoint(f"https://{name}.{region}.{suffix}", region, mode)


def _account_mode(environ: Mapping[str, str], profile: Profile, *, possible: bool) -> str:
    """Return the mode of account endpoints; raise for one that is required and impossible."""
    source, mode = _setting("account_id_endpoint_mode", environ, profile)
    if mode not in ("", "preferred", "disabled", "required"):
        raise errors.EndpointUnknown(f"{source} must be preferred, required or disabled")
    if mode == "required" and not possible:
        raise errors.EndpointUnknown(
            f"{source} is required, but the region has no account endpoints, or none "
            "with FIPS: say preferred"
        )
    return (mode or "preferred") if possible else "disabled"


def _partition(region: str) -> _Partition:
    """Return a region's partition by the form of its name; the first one for any other form."""
    area, _, number = region.rpartition("-")
    area, _, word = area.rpartition("-")
    shape = f"{area}-*-#" if word and number.isdigit() else region
    return _PARTITION_OF.get(shape, _PARTITIONS[0])


def _region_in(host: str) -> str | None:
    """Find the region in a DynamoDB host name: the service's, an account's or PrivateLink's."""
    # In front there may be an account, or the id of a VPC endpoint.
    for name, region in pairwise(host.split(".")):
        known = _partition(region)
        suffixes = (known.dns, f"vpce.{known.dns}", known.dual_stack)
        ends = tuple(f".{name}.{region}.{suffix}" for suffix in suffixes)
        if name in _SERVICE_NAMES and _is_label(region) and f".{host}".endswith(ends):
            return region
    return None


def _split(source: str, url: str) -> tuple[str, str, str, str]:
    """Return scheme, host, `:port` or "", path; no message or frame shows a possible password."""
    scheme, _, rest = map(HiddenText, url.partition("://"))
    authority, slash, path = map(HiddenText, rest.partition("/"))
    colon = authority.find(":", authority.rfind("]") + 1)
    ends = len(authority) if colon < 0 else colon
    host, port = HiddenText(authority[:ends]), HiddenText(authority[ends:])
    problems = (
        (scheme.lower() not in ("http", "https"), "does not start with http:// or https://"),
        ("@" in rest, "holds a user name or a password, which belong in credentials="),
        (any(mark in rest for mark in "?#"), "holds a query or a fragment"),
        (not _is_path(path), "has a path with more than letters, digits and - . _ ~"),
        (not _is_host(host), "has no host, or not a possible one"),
        (port and not _is_port(port[1:]), "has a port that is not a number from 1 to 65535"),
    )
    for found, problem in problems:
        if found:
            raise errors.EndpointUnknown(f"{source} {problem}: give http(s)://host[:port][/path]")
    return scheme.lower(), host.lower(), str(port), f"{slash}{path}"


def _is_path(text: str) -> bool:
    """Return whether everybody writes it alike: nothing to encode, and no dots to resolve."""
    segments = text.split("/")
    words = "".join(segments).translate(dict.fromkeys(map(ord, "-._~")))
    return (not words or (words.isascii() and words.isalnum())) and not {".", ".."} & {*segments}


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
