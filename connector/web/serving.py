"""The server of the console: waitress, in this process, until it is told to stop.

May import: hall, console; waitress.
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
from connector.web.guard import LARGEST_FORM_BYTES
from connector.web.hall import Hall

LARGEST_HEADER_BYTES = 16 * 1024
QUIET_CONNECTION_S = 30
MOST_CONNECTIONS = 100


@contextmanager
def served(hall: Hall) -> Iterator[str]:
    """Serve the console until the block ends; give its address. Raises ConfigError where it cannot listen there."""
    logging.getLogger("waitress").setLevel(logging.CRITICAL)  # what it would say may hold a line of a request
    settings = hall.settings
    listening = _listening(settings.host, settings.port)
    try:
        server: Any = create_server(
            make_console(hall),
            sockets=[listening],
            threads=settings.threads,
            ident=None,
            connection_limit=MOST_CONNECTIONS,
            channel_timeout=QUIET_CONNECTION_S,
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
