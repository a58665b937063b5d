"""Addresses, without what people put in them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_NAME = re.compile(r"[A-Za-z_][\w.\-\[\]]{0,39}")
_OPAQUE = ("data", "blob", "javascript", "view-source")


def clean_url(url: str) -> str:
    """Return an address without user, password, query values and fragment.

    >>> clean_url("https://ann:pw@shop.example:8443/pay;jsessionid=1?card=4111&step=2#x")
    'https://shop.example:8443/pay?card=&step='
    >>> clean_url("data:text/html,secret")
    'data:'
    """
    scheme, colon, _ = url.partition(":")
    if scheme.casefold() in _OPAQUE:
        return scheme + colon
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return scheme + colon
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    place = f"//{host}{'' if port is None else f':{port}'}" if host or "//" in url else ""
    pairs = [entry.partition("=") for entry in parts.query.split("&")]
    # a key without a value may itself be what somebody typed
    names = [name + "=" for name, equals, _ in pairs if equals and _NAME.fullmatch(name)]
    path = "/".join(segment.partition(";")[0] for segment in parts.path.split("/"))
    return f"{scheme}{colon}{place}{path}{'?' if names else ''}{'&'.join(names)}"
