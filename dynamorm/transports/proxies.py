"""Which proxy the environment names for an endpoint, by the rules of `urllib.request`.

Nothing is imported for it where no variable names one.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import EndpointUnknown
from .endpoints import is_url
from .hidden import HiddenText


def proxy_for(url: str, environ: Mapping[str, str]) -> tuple[str, HiddenText]:
    """Return the variable, and the URL of the proxy that it names for this one; empty is none."""
    scheme, _, host = url.partition("://")
    name, proxy = _lower_first(f"{scheme}_proxy", environ)
    if not proxy or _bypassed(host, environ):
        return name, HiddenText()
    whole = HiddenText(proxy if "://" in proxy else f"http://{proxy}")
    if not _is_proxy(whole):
        # Others would refuse it with all of it, the password too, in the message.
        raise EndpointUnknown(f"{name} is not the URL of a proxy: give http(s)://host:port")
    return name, whole


def _bypassed(host: str, environ: Mapping[str, str]) -> bool:
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # no stub

    return bool(proxy_bypass_environment(host, {"no": _lower_first("no_proxy", environ)[1]}))


def _lower_first(name: str, environ: Mapping[str, str]) -> tuple[str, HiddenText]:
    found = name if environ.get(name) is not None else name.upper()
    return found, HiddenText(environ.get(found, ""))


def _is_proxy(url: str) -> bool:
    scheme, _, rest = url.partition("://")
    login, _, place = rest.rpartition("@")
    plain = login.isascii() and login.isprintable() and _NOT_PLAIN.isdisjoint(login)
    return plain and is_url(f"{scheme}://{place}")


_NOT_PLAIN = frozenset(" #/?@[\\]")
