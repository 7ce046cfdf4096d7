"""The server of the console: waitress, in this process, until it is told to stop.

May import: hall, console, settings; waitress.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from connector.errors import ConfigError
from connector.logs import get_logger
from connector.web.console import make_console
from connector.web.download import LARGEST_ZIP_BYTES
from connector.web.guard import LARGEST_FORM_BYTES
from connector.web.hall import Hall
from connector.web.settings import Settings

LARGEST_HEADER_BYTES = 16 * 1024
QUIET_CONNECTION_S = 30
MOST_CONNECTIONS = 100


UNSENT_BYTES = 2 * LARGEST_ZIP_BYTES
"""More than any answer: no thread waits for a slow visitor. Who fetches nothing is let go after QUIET_CONNECTION_S."""


@contextmanager
def served(hall: Hall) -> Iterator[str]:
    """Serve the console until the block ends; give its address. Raises ConfigError where it cannot listen there."""
    with answering(make_console(hall), hall.settings) as address:
        yield address


@contextmanager
def answering(pages: Any, settings: Settings) -> Iterator[str]:
    """Serve a WSGI application as `served` does. No part of an answer touches a disk, however slow its visitor is."""
    logging.getLogger("waitress").setLevel(logging.CRITICAL)  # what it would say may hold a line of a request
    listening = _listening(settings.host, settings.port)
    try:
        server: Any = create_server(
            pages,
            sockets=[listening],
            threads=settings.threads,
            ident=None,
            connection_limit=MOST_CONNECTIONS,
            channel_timeout=QUIET_CONNECTION_S,
            outbuf_high_watermark=UNSENT_BYTES,
            outbuf_overflow=2**62,  # else it would lay what is not fetched yet into a file
            inbuf_overflow=2**62,  # it is bounded by max_request_body_size
            max_request_header_size=LARGEST_HEADER_BYTES,
            max_request_body_size=LARGEST_FORM_BYTES,
            clear_untrusted_proxy_headers=False,
            expose_tracebacks=False,
        )
    except BaseException:
        listening.close()
        raise
    thread = threading.Thread(target=server.run, name="console", daemon=True)
    thread.start()
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{server.effective_port}"
    get_logger().info("console.started")
    try:
        yield address
    finally:
        server.task_dispatcher.shutdown()  # what is being answered is answered
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))  # noqa: SLF001  by the loop's own thread
        thread.join(timeout=10)
        get_logger().info("console.stopped")


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that has the address. Raises ConfigError where it cannot."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would take the port of another program that is using it
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except OSError:
        made.close()
        raise ConfigError("E-CONSOLE-PORT", host=host, port=port) from None
    return made
