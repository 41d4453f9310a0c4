"""How model servers are reached: the HTTP library loaded when it is first needed, certificates, and the system's proxy."""

from __future__ import annotations

import asyncio
import importlib
import ssl
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import aiohttp

KEEP_ALIVE_S = 60.0


def library() -> Any:
    """The ``aiohttp`` package. The first call takes up to a second, and is for a thread."""
    return importlib.import_module("aiohttp")


async def open_session(base_url: str, *, connect_timeout_s: float, keep_alive: bool) -> aiohttp.ClientSession:
    """Return a session for one server. Nothing is connected yet; the caller closes it."""
    certificates, proxy = await asyncio.to_thread(_prepared, base_url)
    http = library()
    connector = http.TCPConnector(
        limit=0,  # how many requests may run is decided elsewhere
        force_close=not keep_alive,
        ssl=certificates,
        **({"keepalive_timeout": KEEP_ALIVE_S} if keep_alive else {}),
    )
    session: aiohttp.ClientSession = http.ClientSession(
        connector=connector,
        timeout=http.ClientTimeout(total=None, sock_connect=connect_timeout_s),
        cookie_jar=http.DummyCookieJar(),
        proxy=proxy,
    )
    return session


def _prepared(base_url: str) -> tuple[ssl.SSLContext | bool, str | None]:
    """What takes a while: loading the library, reading certificates and asking the system for its proxy."""
    library()
    address = urlsplit(base_url)
    certificates = _certificates() if address.scheme == "https" else True
    host = address.hostname or ""
    if host == "localhost" or host.startswith("127.") or host == "::1" or urllib.request.proxy_bypass(host):
        return certificates, None
    return certificates, urllib.request.getproxies().get(address.scheme)


def _certificates() -> ssl.SSLContext:
    """The system's own certificates, which Python by itself does not find on every macOS; the openai package brings truststore."""
    try:
        import truststore
    except ImportError:
        return ssl.create_default_context()
    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return context
