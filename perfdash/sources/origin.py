"""Which host an address belongs to: the key goes to that host only (pure)."""

from __future__ import annotations

from urllib.parse import urlsplit


def origin(url: str) -> tuple[str, str, int] | None:
    """(scheme, host, port) of an address without user name, or None for what has no clear one."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or "\\" in url or not port:
        return None
    return parts.scheme, parts.hostname.lower(), port
