"""The bearer token of one agency: fetched when needed, by one thread for all.

May import: access, base, endpoint, replies, transport, errors.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from connector.errors import ConfigError
from connector.national.access import Credentials, basic
from connector.national.base import Answer, Failure, Fault, Reply, Request
from connector.national.endpoint import sendable
from connector.national.replies import json_object, retry_after_s
from connector.national.transport import Transport

MARGIN_S = 30.0
"""A token is renewed this long before its end, or at nine tenths of a short life: it must not end midway."""

MAX_LIFETIME_S = 86_400.0
"""Also the life of a token that states none, unless its desk says otherwise; a 401 corrects us."""


@dataclass(frozen=True, slots=True)
class TokenDesk:
    """Where and how a token is asked for, and how its answer is read: an object with `access_token`, or None."""

    ask: Callable[[str, str], Request]  # client id and secret -> request
    read: Callable[[Reply], dict[str, Any] | None] = json_object
    unstated_lifetime_s: float = MAX_LIFETIME_S


def client_credentials(path: str) -> TokenDesk:
    """Return the desk of RFC 6749 section 4.4; client id and secret percent-encoded inside Basic (2.3.1)."""

    def ask(client: str, secret: str) -> Request:
        value = basic(quote(client, safe=""), quote(secret, safe=""))
        headers = {"Authorization": value, "Content-Type": "application/x-www-form-urlencoded"}
        return Request("POST", path, headers, b"grant_type=client_credentials")

    return TokenDesk(ask)


class Bearer:
    """Hands out the current token; a fetch by one thread answers every thread that waits for it."""

    def __init__(self, transport: Transport, desk: TokenDesk, credentials: Credentials) -> None:
        self._transport = transport
        self._desk = desk
        self._credentials = credentials
        self._lock = threading.Lock()
        self._flights = 0
        self._value: str | Failure = Failure(Fault.TOKEN_UNAVAILABLE, sent=False)
        self._renew_at = 0.0

    def authorization(self, refused: str = "") -> str | Failure:
        """Return `Bearer` and a token other than the `refused` one, or why there is none (always with `sent` False).

        Waits for a fetch under way. Whoever waited takes its result, a failure too: a dead token endpoint is
        asked once per wave of threads, not once per thread."""
        flights_before = self._flights
        with self._lock:
            waited = self._flights != flights_before
            if waited and self._value != refused:
                return self._value
            if isinstance(self._value, str) and self._value != refused and time.monotonic() < self._renew_at:
                return self._value
            self._value, lifetime_s = self._fetch()
            self._renew_at = time.monotonic() + max(lifetime_s - MARGIN_S, 0.9 * min(lifetime_s, MARGIN_S))
            self._flights += 1
            return self._value

    def _fetch(self) -> tuple[str | Failure, float]:
        try:
            client, secret = self._credentials()
        except ConfigError:
            return Failure(Fault.CREDENTIALS, sent=False), 0.0
        reply = self._transport.exchange_repeatedly(self._desk.ask(client, secret))
        document = self._desk.read(reply)
        if isinstance(reply, Answer) and reply.status == HTTPStatus.OK and document is not None:
            token = document.get("access_token")
            if isinstance(token, str) and sendable(token):
                return f"Bearer {token}", self._lifetime_s(document.get("expires_in"))
        return _why_none(reply), 0.0

    def _lifetime_s(self, stated: object) -> float:
        if not isinstance(stated, int | float) or stated <= 0:
            return self._desk.unstated_lifetime_s
        return min(float(stated), MAX_LIFETIME_S)


def _why_none(reply: Reply) -> Failure:
    """The delivery itself was never sent, whatever became of the token request."""
    if isinstance(reply, Failure):
        return Failure(reply.fault, sent=False)
    refused = reply.status in (400, 401, 403)
    fault = Fault.TOKEN_REFUSED if refused else Fault.TOKEN_UNAVAILABLE
    return Failure(fault, sent=False, retry_after_s=retry_after_s(reply))
