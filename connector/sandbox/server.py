"""Serves a WSGI application on loopback: werkzeug's threaded server, with keep-alive and answers that can be lost.

Werkzeug's own handler closes every connection and waits 10 ms for stray bytes; a connector that pushes thousands of
records would measure that wait and nothing else. Here the body is read before the application runs, so that the
connection stays in step and can be kept. One thread per connection; bounds on body size and idle time.
May import: the standard library, werkzeug.
"""

from __future__ import annotations

import contextlib
import io
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from email.utils import formatdate
from typing import IO, Any, cast

from werkzeug.serving import DechunkedInput, ThreadedWSGIServer, WSGIRequestHandler

from connector.errors import ConfigError
from connector.sandbox.wire import MAX_BODY_BYTES, MAX_CONTENT_BYTES

HOST = "127.0.0.1"
IDLE_S = 120
_MOST_DRAINED_BYTES = 8 * MAX_BODY_BYTES

Application = Callable[[dict[str, Any], Callable[..., object]], Iterable[bytes]]


def hang_up(connection: socket.socket) -> None:
    """Close a connection in the caller's face; what is still written to it goes nowhere."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_S
    server: LoopbackServer

    def run_wsgi(self) -> None:
        try:
            body = self._read_body()
        except (OSError, ValueError):
            body = None
        if body is None:  # a half body is no request
            self.close_connection = True
            return
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(body)
        started: list[tuple[str, list[tuple[str, str]]]] = []
        try:
            chunks = self.server.app(environ, lambda status, headers: started.append((status, headers)))
            self._send(*started[0], chunks)
        except OSError:
            self.close_connection = True
        except Exception as bug:  # noqa: BLE001 - one request fails with it, the run goes on
            self.close_connection = True
            place = "".join(traceback.format_tb(bug.__traceback__, limit=-3))
            sys.stderr.write(f"sandbox: {type(bug).__name__}\n{place}")  # no message: it may hold a value
            self._send("500 Internal Server Error", [("Content-Length", "0")], ())

    def _read_body(self) -> bytes | None:
        """Return the body, at most one byte over the bound (then the connection ends here); None when it breaks off."""
        most = MAX_CONTENT_BYTES if self.path.startswith("/v1/attachments/") else MAX_BODY_BYTES
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            stream: Any = DechunkedInput(cast(IO[bytes], self.rfile))
            body: bytes = stream.read(most + 1)
            left = _MOST_DRAINED_BYTES if len(body) > most else 0
        else:
            stream = self.rfile
            stated = int(self.headers.get("Content-Length", "0"))
            if stated < 0:
                return None
            body = stream.read(min(stated, most + 1))
            if len(body) < min(stated, most + 1):
                return None
            left = min(stated - len(body), _MOST_DRAINED_BYTES)
        if left:
            # Read on for a while: a connection closed with unread bytes is reset, and the 413 with it.
            self.close_connection = True
            while left > 0 and (read := len(stream.read(min(left, 1 << 16)))):
                left -= read
        return body

    def _send(self, status: str, headers: list[tuple[str, str]], chunks: Iterable[bytes]) -> None:
        """Write the answer; head and first chunk leave in one packet, so a lost answer leaves nothing at all."""
        lines = [f"HTTP/1.1 {status}", f"Date: {formatdate(usegmt=True)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if self.close_connection:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        for chunk in chunks:
            self.wfile.write(head if self.command == "HEAD" else head + chunk)
            head = b""
        if head:
            self.wfile.write(head)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Stay quiet: the request log of the sandbox says more."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Stay quiet, as `log` does."""


class LoopbackServer(ThreadedWSGIServer):
    """Serves on 127.0.0.1 from the moment it is made until `stop()`. Port 0: any free one, see `port`."""

    app: Application

    def __init__(self, app: Application, port: int) -> None:
        self._open: dict[socket.socket, threading.Thread] = {}
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listening.bind((HOST, port))
            except OSError:
                raise ConfigError("E-SANDBOX-PORT", port=port) from None
            listening.listen(256)
            super().__init__(HOST, port, app, handler=_Handler, fd=listening.fileno())
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="sandbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, close every connection, and wait for the requests that are being answered."""
        self.shutdown()
        self._thread.join()
        for connection, thread in list(self._open.items()):
            hang_up(connection)
            thread.join(5)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a thread of its own, known to `stop`."""
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            daemon=True,
        )
        self._open[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection and close it."""
        self._open.pop(request, None)
        super().shutdown_request(request)
