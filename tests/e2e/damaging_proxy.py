"""A proxy on a raw socket before the sandbox: it passes everything on, and damages chosen answers on their way back.

The sandbox has done what was asked by then, so each damaged answer is one that got lost (but for `lost_on_the_way`).
Each damage strikes once among the submits and once among the looks; then the proxy goes straight.
"""

from __future__ import annotations

import gzip
import http.client
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Self
from urllib.parse import urlsplit

from tests.national.fault_server import FaultServer, Received, Talk, answer

Damage = Callable[[Talk, bytes], bool]
"""Plays one damage in place of an answer; True: the connection can go on."""

BOMB_BYTES = 64 * 2**20
METADATA = "http://169.254.169.254/latest/meta-data/"


def cut(_talk: Talk, _whole: bytes) -> bool:
    """Close without a word."""
    return False


def reset(talk: Talk, _whole: bytes) -> bool:
    talk.reset()
    return False


def reset_in_the_middle(talk: Talk, whole: bytes) -> bool:
    talk.send(whole[:-5])
    talk.reset()
    return False


def short(talk: Talk, whole: bytes) -> bool:
    talk.send(whole[:-1])
    return False


def drip(talk: Talk, whole: bytes) -> bool:
    """One byte at a time, each in time for a client that counts from byte to byte."""
    for byte in whole:
        if talk.wait(0.05):
            break
        talk.send(bytes([byte]))
    return False


def huge(talk: Talk, _whole: bytes) -> bool:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not talk.wait(0):
        talk.send(b" " * 65_536)
    return False


def many_headers(talk: Talk, _whole: bytes) -> bool:
    talk.send(b"HTTP/1.1 200 OK\r\n" + b"X-More: 0123456789\r\n" * 20_000 + b"\r\n")
    return False


def says(status: int, body: bytes, media: str = "application/json", **headers: str) -> Damage:
    """Give another whole answer in place of the true one."""

    def damage(talk: Talk, _whole: bytes) -> bool:
        talk.send(answer(status, body, media, **headers))
        return True

    return damage


def gzip_bomb(talk: Talk, _whole: bytes) -> bool:
    talk.send(answer(200, _bomb(), Content_Encoding="gzip"))
    return True


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(BOMB_BYTES), 1)


def lost_on_the_way(talk: Talk, _whole: bytes) -> bool:
    """The one damage of a request instead of its answer: see DamagingProxy."""
    talk.reset()
    return False


PAGE = b"<!DOCTYPE html><html><body><h1>Sign in</h1></body></html>"
DAMAGES: dict[str, Damage] = {
    "cut": cut,
    "reset": reset,
    "reset in the middle": reset_in_the_middle,
    "short": short,
    "drip": drip,
    "huge": huge,
    "gzip bomb": gzip_bomb,
    "many headers": many_headers,
    "page": says(200, PAGE, "text/html"),
    "bad gateway": says(502, PAGE, "text/html"),
    "redirect": says(307, b"", "", Location=METADATA),
    "deep": says(200, b"[" * 200_000),
    "wrong type": says(200, b"[]"),
    "not a number": says(200, b'{"version": NaN, "Id": NaN}'),
    "two empty lines": says(200, b"\r\n\r\n"),
    "lost on the way": lost_on_the_way,
}
KEPT_BACK = "kept back"
"""Like `lost on the way`, but the request still arrives, at `let_arrive`."""


@dataclass
class DamagingProxy:
    """Stands before `upstream`. `is_submit`, `is_look`: which requests are struck, each damage once of either.

    `played` names what was done to whom, in order. `headers`
    take the place of those of every answer; `tls`: how it speaks to the client. Used as a context manager."""

    upstream: str
    is_submit: Callable[[Received], bool] = lambda _: False
    is_look: Callable[[Received], bool] = lambda _: False
    damages: Sequence[str] = tuple(DAMAGES)
    tls: ssl.SSLContext | None = None
    headers: dict[str, str] = field(default_factory=dict)
    played: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._left = {"submit": list(self.damages), "look": list(self.damages)}
        self._kept: list[Received] = []
        self._seen: set[tuple[str, str, bytes]] = set()
        self._server = FaultServer((self._script,), self.tls)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.__exit__(*error)

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return self._server.base_url

    @property
    def connections(self) -> int:
        """How many were made, also those that came to no request."""
        return self._server.connections

    def let_arrive(self) -> list[int]:
        """Pass on what was kept back, late; return the statuses that nobody waits for any more."""
        late, self._kept = self._kept, []
        return [int(self._passed_on(received).split(b" ", 2)[1]) for received in late]

    def _script(self, talk: Talk) -> None:
        goes_on = True
        while goes_on and (received := talk.receive()) is not None:
            name = self._damage_of(received)
            whole = b"" if name in ("lost on the way", KEPT_BACK) else self._passed_on(received)
            if name == KEPT_BACK:
                self._kept.append(received)
                goes_on = reset(talk, whole)
            elif name:
                goes_on = DAMAGES[name](talk, whole)
            else:
                talk.send(whole)

    def _damage_of(self, received: Received) -> str:
        """Return the damage for this request, "" for none: a submit and a look are struck when first seen."""
        role = "submit" if self.is_submit(received) else "look" if self.is_look(received) else ""
        which = (received.method, received.target, received.body)
        with self._lock:
            if not role or which in self._seen or not self._left[role]:
                return ""
            self._seen.add(which)
            name = self._left[role].pop(0)
            self.played.append((role, name))
            return name

    def _passed_on(self, received: Received) -> bytes:
        upstream = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=30)
        try:
            upstream.request(received.method, received.target, received.body, received.headers)
            said = upstream.getresponse()
            body = said.read()
            headers = {name: value for name, value in said.getheaders() if name.lower() != "content-length"}
            headers |= self.headers
        finally:
            upstream.close()
        return answer(said.status, body, "", **headers)
