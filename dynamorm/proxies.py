"""Which proxy the environment names for an endpoint, by the rules of `urllib.request`.

Nothing is imported for it where no variable names one.
"""

from __future__ import annotations

from collections.abc import Mapping

from .errors import EndpointUnknown

__all__ = ["proxy_for"]


def proxy_for(url: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """Give the variable and the proxy that it names for this URL; an empty one is none."""
    scheme, _, host = url.partition("://")
    name, proxy = _lower_first(f"{scheme}_proxy", environ)
    if not proxy or _bypassed(host, environ):
        return name, ""
    _check(name, proxy)
    return name, proxy


def _bypassed(host: str, environ: Mapping[str, str]) -> bool:
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # no stub

    return bool(proxy_bypass_environment(host, {"no": _lower_first("no_proxy", environ)[1]}))


def _lower_first(name: str, environ: Mapping[str, str]) -> tuple[str, str]:
    found = name if name in environ else name.upper()
    return found, environ.get(found, "")


def _check(name: str, proxy: str) -> None:
    """Refuse what others would refuse with all of it, the password too, in the message."""
    from urllib.parse import urlsplit

    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    try:
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise EndpointUnknown(f"{name} is not the URL of a proxy: give http(s)://host:port")
