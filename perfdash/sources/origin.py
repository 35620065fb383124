"""Which host an address belongs to: the key goes to that host only (pure)."""

from __future__ import annotations

from urllib.parse import urlsplit

USUAL_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> tuple[str, str, int] | None:
    """(scheme, host, port) of an address without user name, or None for what has no clear one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in USUAL_PORTS or not parts.hostname or port == 0 or "@" in parts.netloc or "\\" in url:
        return None
    return parts.scheme, parts.hostname, port or USUAL_PORTS[parts.scheme]
