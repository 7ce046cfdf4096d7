"""Bearer tokens of the national side: one client per agency, a lifetime, forgotten when the process ends."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta

import orjson

from connector.sandbox.wire import (
    Answer,
    Refusal,
    Request,
    problem,
    read_bearer,
    read_client,
    token_error,
)


class Tokens:
    """Issues and reads tokens. `credentials` maps an agency code to its (client id, client secret)."""

    def __init__(self, credentials: Mapping[str, tuple[str, str]], lifetime_s: int) -> None:
        self._clients = {client: (secret, agency) for agency, (client, secret) in credentials.items()}
        self._lifetime_s = lifetime_s
        self._lock = threading.Lock()
        self._issued: dict[str, tuple[str, datetime]] = {}

    def issue(self, request: Request, now: datetime) -> Answer:
        """Answer a client-credentials request with a token, or refuse it as RFC 6749 section 5.2 says."""
        client, secret = read_client(request)
        known, agency = self._clients.get(client, ("", ""))
        if not known or not hmac.compare_digest(known.encode(), secret.encode()):
            raise Refusal(token_error(401, "invalid_client"))
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._issued = {old: entry for old, entry in self._issued.items() if entry[1] > now}
            self._issued[token] = (agency, now + timedelta(seconds=self._lifetime_s))
        granted = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self._lifetime_s,
        }
        return Answer(200, orjson.dumps(granted), headers=(("Cache-Control", "no-store"),))

    def admit(self, request: Request, now: datetime) -> None:
        """Refuse 401 without a living token, 403 when the token belongs to another agency than the path."""
        agency, expires_at = self._issued.get(read_bearer(request), ("", now))
        if expires_at <= now:
            raise Refusal(unauthorized())
        if agency != request.route.agency:
            raise Refusal(problem(403, "forbidden", "the token belongs to another agency"))

    def forget(self, request: Request) -> None:
        """Let the token of this request expire now."""
        with self._lock:
            self._issued.pop(read_bearer(request), None)

    def forget_all(self) -> None:
        """Let every token expire now, as a restart of the national side would."""
        with self._lock:
            self._issued.clear()


def unauthorized() -> Answer:
    """Return the answer to a missing, unknown or expired token."""
    asks = (("WWW-Authenticate", 'Bearer realm="kntc", error="invalid_token"'),)
    return problem(401, "unauthorized", "no living token", headers=asks)
