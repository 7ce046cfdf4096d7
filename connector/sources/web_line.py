"""Bounded exchanges with the web servers of attachments. The only importer of http.client.

http.client follows no redirect, reads no proxy from the environment, keeps no cookie and unpacks nothing. It bounds
each wait and not the exchange: so the socket here counts down what is left of one, in seconds of waiting and in bytes,
from the name look-up to the last byte.
Nouns: a Line is one kept-alive connection; Lines lend one to each exchange.
May import: core.web_addresses, the standard library. Nothing raised here holds an address.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from connector.core.web_addresses import WebAddress

CONNECT_S = 5.0

SMALL_BYTES = 2**20
"""So much may come in an exchange beside content: heads, trailers."""

MAX_LENGTH_DIGITS = 15

Answer = http.client.HTTPResponse


class TroubleError(Exception):
    """An exchange that came to no answer. `reached`: whether there was anybody."""

    def __init__(self, error: str, *, reached: bool) -> None:
        super().__init__(error)
        self.error = error
        self.reached = reached


class Lines:
    """Exchanges with any server, for any number of threads at once. is_secure: whether any is asked over TLS."""

    def __init__(self, *, is_secure: bool) -> None:
        self._tls = _trust() if is_secure else None
        self._kept: dict[tuple[str, str, int], _Line] = {}

    @contextmanager
    def asked(self, method: str, address: WebAddress, most_s: float, most_bytes: int = 0) -> Iterator[Answer]:
        """Give the answer of one exchange, its content still to be read. A kept connection that its server has dropped
        is replaced once, as nothing is asked that changes anything there. most_bytes: of content. Raises
        TroubleError, also out of the block in which content is read."""
        most_bytes = SMALL_BYTES + 2 * most_bytes  # twice: chunks have heads
        kept = self._kept.pop(address.origin, None)
        line, is_kept = kept or _Line(address, self._tls), False
        try:
            try:
                answer = line.ask(method, address, most_s, most_bytes)
            except TimeoutError:
                raise
            except (OSError, http.client.HTTPException):
                if kept is None:
                    raise
                line.end()
                line = _Line(address, self._tls)
                answer = line.ask(method, address, most_s, most_bytes)
            yield answer
            if answer.isclosed() and not answer.will_close:  # read to its end: the next one may use it
                is_kept = self._kept.setdefault(address.origin, line) is line
        except (OSError, http.client.HTTPException) as error:
            raise TroubleError(type(error).__name__, reached=line.is_open) from None
        finally:
            if not is_kept:
                line.end()

    def close(self) -> None:
        """Close what is kept open."""
        while self._kept:
            self._kept.popitem()[1].end()


def piece_of(answer: Answer, most: int) -> bytes:
    """Return the next bytes of the content, b"" at its end."""
    try:
        return answer.read(most)
    except (ValueError, OverflowError) as error:  # of http.client itself: a chunk of a length below zero
        raise http.client.HTTPException from error


def is_whole(answer: Answer) -> bool:
    """Whether an answer is the file itself, and tells where it ends: cut off, it must not pass for a shorter one."""
    encoding, transfer = (answer.getheader(name, "") for name in ("Content-Encoding", "Transfer-Encoding"))
    if encoding.strip().lower() not in ("", "identity") or transfer.strip().lower() not in ("", "chunked"):
        return False
    return bool(transfer) or length_of(answer) is not None


def length_of(answer: Answer) -> int | None:
    """How many bytes of content its head says, None where it does not say one number."""
    said = answer.getheader("Content-Length", "")
    is_number = said.isascii() and said.isdecimal() and len(said) <= MAX_LENGTH_DIGITS
    return int(said) if is_number and not answer.getheader("Transfer-Encoding") else None


def version_of(answer: Answer) -> int:
    """A number that changes when the file does, as far as its server tells; 0 where it does not."""
    said = answer.getheader("ETag") or answer.getheader("Last-Modified")
    return int.from_bytes(hashlib.sha256(said.encode(errors="replace")).digest()[:7]) if said else 0


class _Line(http.client.HTTPConnection):
    """One connection whose exchanges are bounded in time. `is_open`: somebody was reached."""

    def __init__(self, address: WebAddress, tls: ssl.SSLContext | None) -> None:
        super().__init__(address.host, address.port)
        self.default_port = 443 if address.scheme == "https" else 80
        self._tls = tls if address.scheme == "https" else None
        self._bound: _Bounded | None = None
        self._left = (0.0, 0)
        self.is_open = False

    def ask(self, method: str, address: WebAddress, most_s: float, most_bytes: int) -> Answer:
        """Send one request and return its answer, the content unread."""
        self._left = (most_s, most_bytes)
        if self._bound is not None:
            self._bound.left_s, self._bound.left_bytes = self._left
        self.putrequest(method, address.target, skip_accept_encoding=True)
        self.putheader("Accept-Encoding", "identity")  # a compressed answer could be a bomb; we never unpack
        self.putheader("User-Agent", "kntc-connector")
        self.endheaders()
        return self.getresponse()

    def connect(self) -> None:
        """Open the connection: every address of the host in turn, then TLS."""
        ends_at = time.monotonic() + min(CONNECT_S, self._left[0])
        plain = _connected(self.host, self.port, ends_at)
        try:
            plain.settimeout(max(ends_at - time.monotonic(), 0.001))
            found = self._tls.wrap_socket(plain, server_hostname=self.host) if self._tls else plain
        except OSError:
            plain.close()
            raise
        self.is_open = True
        self._bound = _Bounded(found, *self._left)
        self.sock = self._bound

    def end(self) -> None:
        """Close the connection; `close` alone lets an answer that is still read go on."""
        self.close()
        if self._bound is not None:
            self._bound.end()


class _Bounded:
    """A socket that counts down the seconds of its waits and the bytes that come: as much of one as http.client asks
    for."""

    def __init__(self, sock: socket.socket, left_s: float, left_bytes: int) -> None:
        self._sock = sock
        self.left_s = left_s
        self.left_bytes = left_bytes

    def sendall(self, data: Any) -> None:
        """Send a request, which is small."""
        with self._waiting():
            self._sock.sendall(data)

    def receive_into(self, buffer: Any) -> int:
        """Read what has come; 0 at the end."""
        with self._waiting():
            count = self._sock.recv_into(buffer)
        self.left_bytes -= count
        if self.left_bytes < 0:
            raise ConnectionError
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what an answer is read from."""
        return io.BufferedReader(_Raw(self))

    def close(self) -> None:
        """Do nothing: http.client calls this as soon as an answer's head says that no other one follows."""

    def end(self) -> None:
        """Close the socket."""
        self._sock.close()

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        if self.left_s <= 0:
            raise TimeoutError
        started = time.monotonic()
        self._sock.settimeout(self.left_s)
        try:
            yield
        finally:
            self.left_s -= time.monotonic() - started


class _Raw(io.RawIOBase):
    def __init__(self, bound: _Bounded) -> None:
        self._bound = bound

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._bound.receive_into(buffer)


def _connected(host: str, port: int, ends_at: float) -> socket.socket:
    """Return a connection to the first address of a host that takes one. Raises OSError."""
    for family, kind, protocol, _, address in _addresses(host, port, ends_at):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(max(ends_at - time.monotonic(), 0.001))
            sock.connect(address)
        except OSError:
            sock.close()
            continue
        return sock
    raise ConnectionError


def _addresses(host: str, port: int, ends_at: float) -> list[Any]:
    """Look the name up in a thread of its own: the resolver has no timeout that we could set."""
    found: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            found.put([])

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    try:
        return found.get(timeout=max(ends_at - time.monotonic(), 0.001))
    except queue.Empty:
        return []


def _trust() -> ssl.SSLContext:
    """TLS 1.2 or newer, host name checked, trusting whom the machine trusts."""
    # Not ssl.create_default_context: that one writes session keys to the file that SSLKEYLOGFILE names.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
