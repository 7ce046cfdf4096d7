"""Addresses of files on a web server: read from a stranger's text, and held against a list of what is allowed.

What is not surely one file below an allowed address is refused, never mended; only letters outside of ASCII and blanks,
which programs leave in a path as they are, are written as RFC 3986 wants them. Pure: nobody is asked here.
May import: the standard library.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, unquote_to_bytes, urlsplit

MAX_ADDRESS = 2_000
"""Characters as they travel, escaped."""

_DELETE = 0x7F
_PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.ASCII)
_ESCAPES = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*")
_KEPT = "/%!$&'()*+,;=:@-._~"
"""What a path may hold beside letters and digits (RFC 3986 section 3.3)."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address, taken apart: `path` and `query` (with its "?") as they travel. It may name a person."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""

    @property
    def origin(self) -> tuple[str, str, int]:
        """Whom to ask."""
        return self.scheme, self.host, self.port

    @property
    def target(self) -> str:
        """What to ask for."""
        return self.path + self.query

    @property
    def text(self) -> str:
        """The address as one text, the port always said."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}{self.query}"

    def is_below(self, allowed: Iterable[WebAddress]) -> bool:
        """Whether one of these prefixes has the same scheme, host and port, and its path in front of this one."""
        return any(self.origin == one.origin and self.path.startswith(one.path) for one in allowed)


def is_web_address(place: str) -> bool:
    """Whether the place of a file is an address; no path below a root has a colon."""
    return place.startswith(("https://", "http://"))


def read_address(text: str) -> WebAddress | None:
    """Return the address that a text is; None where it is none, or could mean anything but one file.

    Refused: a user or password, a fragment, a backslash, `.` and `..` also when escaped or escaped twice, escaped
    slashes, control characters, plain HTTP to another machine."""
    written = text.strip(" ")
    # Before anything takes it apart: urlsplit drops line ends and tabs in silence.
    if len(written) > MAX_ADDRESS or "\\" in written or "#" in written or not _is_printed(written):
        return None
    try:
        parts = urlsplit(written)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or "@" in parts.netloc or port == 0 or not _is_host(host):
        return None
    if parts.scheme == "http" and not is_loopback(host):
        return None
    path, query = _escaped(parts.path or "/"), _escaped(parts.query, "/?")
    if path is None or query is None or not all(map(_is_plain, path.split("/"))):
        return None
    found = WebAddress(parts.scheme, host, port or _PORTS[parts.scheme], path, f"?{query}" if query else "")
    return found if len(found.text) <= MAX_ADDRESS else None


def read_allowed(text: str) -> WebAddress | None:
    """Return an entry of the list of what is allowed: an address that ends with a slash, without a query."""
    found = read_address(text)
    return found if found is not None and not found.query and "?" not in text and found.path.endswith("/") else None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, by its name or address alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_printed(text: str) -> bool:
    return all(unicodedata.category(sign) not in ("Cc", "Cs", "Cf", "Zl", "Zp") for sign in text)


def _is_host(host: str) -> bool:
    if _HOST.fullmatch(host):
        return ".." not in host
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host  # a zone names one of our own cards


def _escaped(text: str, more: str = "") -> str | None:
    """The text with what must not travel escaped; None where a percent sign stands before anything but two digits."""
    return quote(text, safe=_KEPT + more) if _ESCAPES.fullmatch(text) else None


def _is_plain(segment: str) -> bool:
    """Whether a name between two slashes stays that name, however often a server takes its escapes away."""
    name = segment.encode("ascii")
    for _ in range(3):
        if any(sign in name for sign in (b"/", b"\\")) or any(byte < ord(b" ") or byte == _DELETE for byte in name):
            return False
        if name.partition(b";")[0].strip() in (b".", b".."):  # some servers drop what follows a semicolon
            return False
        further = unquote_to_bytes(name)
        if further == name:
            return True
        name = further
    return False
