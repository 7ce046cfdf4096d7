"""The bearer token of one agency: fetched when needed, by one thread for all.

May import: base, endpoint, rules, transport, errors.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote

from connector.errors import ConfigError
from connector.national.base import Answer, Failure, Fault, Reply, Request
from connector.national.endpoint import sendable
from connector.national.rules import json_object, retry_after_s
from connector.national.transport import Transport

Credentials = Callable[[], tuple[str, str]]
"""Gives client id and secret, read anew each time, so that a changed secret needs no restart.
Raises ConfigError when the reference cannot be read."""

MARGIN_S = 30.0
"""A token is renewed this long before its end, or at nine tenths of a short life: it must not end midway."""

MAX_LIFETIME_S = 86_400.0
"""Also the life of a token that states none; a 401 corrects us."""


class Bearer:
    """Hands out the current token; a fetch by one thread answers every thread that waits for it."""

    def __init__(self, transport: Transport, path: str, credentials: Credentials) -> None:
        self._transport = transport
        self._path = path
        self._credentials = credentials
        self._lock = threading.Lock()
        self._flights = 0
        self._token: str | Failure = Failure(Fault.TOKEN_UNAVAILABLE, sent=False)
        self._renew_at = 0.0

    def token(self, refused: str = "") -> str | Failure:
        """Return a token other than the `refused` one, or why there is none (always with `sent` False).

        Waits for a fetch under way. Whoever waited takes its result, a failure too: a dead token endpoint is
        asked once per wave of threads, not once per thread."""
        flights_before = self._flights
        with self._lock:
            waited = self._flights != flights_before
            if waited and self._token != refused:
                return self._token
            if isinstance(self._token, str) and self._token != refused and time.monotonic() < self._renew_at:
                return self._token
            self._token, lifetime_s = self._fetch()
            self._renew_at = time.monotonic() + max(lifetime_s - MARGIN_S, 0.9 * min(lifetime_s, MARGIN_S))
            self._flights += 1
            return self._token

    def _fetch(self) -> tuple[str | Failure, float]:
        try:
            client, secret = self._credentials()
        except ConfigError:
            return Failure(Fault.CREDENTIALS, sent=False), 0.0
        reply = self._transport.exchange_repeatedly(_token_request(self._path, client, secret))
        document = json_object(reply)
        if isinstance(reply, Answer) and reply.status == HTTPStatus.OK and document is not None:
            token = document.get("access_token")
            if isinstance(token, str) and sendable(token):
                return token, _lifetime_s(document.get("expires_in"))
        return _why_none(reply), 0.0


def _token_request(path: str, client: str, secret: str) -> Request:
    """Client credentials, RFC 6749 section 4.4; client id and secret percent-encoded inside Basic (2.3.1)."""
    basic = base64.b64encode(f"{quote(client, safe='')}:{quote(secret, safe='')}".encode()).decode("ascii")
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    return Request("POST", path, headers, b"grant_type=client_credentials")


def _lifetime_s(stated: object) -> float:
    if not isinstance(stated, int | float) or stated <= 0:
        return MAX_LIFETIME_S
    return min(float(stated), MAX_LIFETIME_S)


def _why_none(reply: Reply) -> Failure:
    """The delivery itself was never sent, whatever became of the token request."""
    if isinstance(reply, Failure):
        return Failure(reply.fault, sent=False)
    refused = reply.status in (400, 401, 403)
    fault = Fault.TOKEN_REFUSED if refused else Fault.TOKEN_UNAVAILABLE
    return Failure(fault, sent=False, retry_after_s=retry_after_s(reply))
