"""A server on a raw socket that breaks HTTP on purpose, on loopback.

A *script* is what the server does with one connection once it is open: `Script = Callable[[Talk], None]`. Give
several to `FaultServer` and each connection plays the next one; the last one is played for all that follow.
Nothing here sleeps: pauses wait for the server's own end, so that closing it ends every script at once.
"""

from __future__ import annotations

import gzip
import hashlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came over the wire."""

    method: str
    target: str  # raw: percent-encoding untouched
    headers: dict[str, str]
    body: bytes


class Talk:
    """One connection, seen from the server."""

    def __init__(self, sock: socket.socket, server: FaultServer) -> None:
        self._sock = sock
        self._server = server
        self._buffer = b""

    def receive(self) -> Received | None:
        """Return the next request, None when the client has gone."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", "0"))
        while len(self._buffer) < length:
            if not self._more():
                return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        received = Received(method, target, headers, body)
        self._server.received.append(received)
        return received

    def swallow(self) -> Received | None:
        """As `receive`, for a body that nobody wants whole in memory: what is kept of it is its SHA-256, as bytes."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        left, digest = int(headers["content-length"]) - len(rest), hashlib.sha256(rest)
        while left > 0 and (piece := self._sock.recv(65_536)):
            digest.update(piece)
            left -= len(piece)
        self._buffer = b""
        if left > 0:
            return None
        self._server.received.append(Received(method, target, headers, digest.digest()))
        return self._server.received[-1]

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self._sock.sendall(data)

    def reset(self) -> None:
        """End the connection with a RST instead of a FIN."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the server's end; True when it has come."""
        return self._server.ended.wait(seconds)

    def _more(self) -> bool:
        piece = self._sock.recv(65_536)
        self._buffer += piece
        return bool(piece)


Script = Callable[[Talk], None]


@dataclass
class FaultServer:
    """Plays scripts on a loopback port between `with` and its end. `received` holds every whole request."""

    scripts: tuple[Script, ...]
    tls: ssl.SSLContext | None = None
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        # Small, so that a client meets a server that does not read before the kernel has swallowed everything.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._open: list[socket.socket] = []
        self._closed = threading.Semaphore(0)

    def wait_for_closed(self) -> bool:
        """Wait until one more connection was closed by its script."""
        return self._closed.acquire(timeout=10)

    @property
    def base_url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=10)
            assert not thread.is_alive(), "a script did not end"

    def _accept(self) -> None:
        while not self.ended.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            script = self.scripts[min(self.connections, len(self.scripts) - 1)]
            self.connections += 1
            self._open.append(sock)
            thread = threading.Thread(target=self._play, args=(sock, script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _play(self, sock: socket.socket, script: Script) -> None:
        with sock, suppress(OSError):  # the client may leave at any time
            if self.tls is None:
                script(Talk(sock, self))
            else:
                with self.tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False) as secured:
                    self._open.append(secured)
                    self._shake_hands(secured)
                    script(Talk(secured, self))
        self._closed.release()

    def _shake_hands(self, secured: ssl.SSLSocket) -> None:
        try:
            secured.do_handshake()
        except ssl.SSLError:
            while socket.socket.recv(secured, 65_536):  # a close with unread bytes is a reset, and the alert is lost
                pass
            raise


def answer(status: int, body: bytes = b"", media: str = "application/json", **headers: str) -> bytes:
    """Return one whole HTTP answer; header names are written with `_` for `-`."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    if media:
        lines.append(f"Content-Type: {media}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def answering(*answers: bytes) -> Script:
    """Answer each request of a connection with the next one; the last one for all that follow."""

    def script(talk: Talk) -> None:
        index = 0
        while talk.receive() is not None:
            talk.send(answers[min(index, len(answers) - 1)])
            index += 1

    return script


def token_then(token: bytes, script: Script) -> Script:
    """Answer one request (for a token), then play the script on the same connection."""

    def both(talk: Talk) -> None:
        talk.receive()
        talk.send(token)
        script(talk)

    return both


def cut_before_request(talk: Talk) -> None:
    """Accept the connection and reset it at once."""
    talk.reset()


def cut_after_request(talk: Talk) -> None:
    """Read the whole request, then close without a word: what a server does that dies after its commit."""
    talk.receive()


def reset_after_request(talk: Talk) -> None:
    talk.receive()
    talk.reset()


def reset_mid_body(talk: Talk) -> None:
    talk.receive()
    talk.send(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n{")
    talk.reset()


def short_body(talk: Talk) -> None:
    """Close orderly before the announced length."""
    talk.receive()
    talk.send(b'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"a":1}')


def drip_headers(talk: Talk) -> None:
    talk.receive()
    talk.send(b"HTTP/1.1 201 Created\r\nX-Slow: ")
    while not talk.wait(0.02):
        talk.send(b"a")


def drip_body(talk: Talk) -> None:
    talk.receive()
    talk.send(b"HTTP/1.1 201 Created\r\nContent-Length: 1000000\r\n\r\n")
    while not talk.wait(0.02):
        talk.send(b" ")


def drip_interim_answers(talk: Talk) -> None:
    """Say "100 Continue" for ever: legal, and no end."""
    talk.receive()
    while not talk.wait(0.02):
        talk.send(b"HTTP/1.1 100 Continue\r\n\r\n")


def huge_body(talk: Talk) -> None:
    """Announce no length and send until the client hangs up."""
    talk.receive()
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not talk.wait(0):
        talk.send(b" " * 65_536)


def gzip_answer(document: bytes) -> Script:
    """Compress although nobody asked for it."""
    return answering(answer(200, gzip.compress(document), Content_Encoding="gzip"))


def many_headers(talk: Talk) -> None:
    talk.receive()
    talk.send(b"HTTP/1.1 200 OK\r\n" + b"X-More: 0123456789\r\n" * 20_000 + b"\r\n")


def html_page(talk: Talk) -> None:
    """What a captive portal or a firewall says: 200, and a page."""
    answering(answer(200, b"<html><body>Welcome</body></html>", "text/html"))(talk)


def redirect_to(location: str, status: int = 307) -> Script:
    return answering(answer(status, b"", "", Location=location))


def no_http(talk: Talk) -> None:
    talk.receive()
    talk.send(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")


def never_answers(talk: Talk) -> None:
    talk.receive()
    talk.wait()


def never_reads(talk: Talk) -> None:
    """Accept and leave the request in the kernel's buffers."""
    talk.wait()


def refuses_early(talk: Talk) -> None:
    """Answer 413 after the head and close while the body is still on its way."""
    talk.send(answer(413, b"", "", Connection="close"))


@contextmanager
def full_backlog() -> Iterator[int]:
    """Give a port whose queue is full: a connect to it gets no answer at all, as behind a dropping firewall."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            with suppress(BlockingIOError):
                sock.connect(listener.getsockname())
            waiting.append(sock)
        try:
            yield listener.getsockname()[1]
        finally:
            for sock in waiting:
                sock.close()


def closed_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
