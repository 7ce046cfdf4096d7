"""Bearer tokens of the national side: one client per agency, a lifetime, forgotten when the process ends."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

import orjson

from connector.sandbox.wire import Answer, Refusal, Request, problem

_FIELDS = frozenset({"grant_type", "scope", "client_id", "client_secret"})


class Tokens:
    """Issues and reads tokens. `credentials` maps an agency code to its (client id, client secret)."""

    def __init__(self, credentials: Mapping[str, tuple[str, str]], lifetime_s: int) -> None:
        self._clients = {client: (secret, agency) for agency, (client, secret) in credentials.items()}
        self.lifetime_s = lifetime_s
        self._lock = threading.Lock()
        self._issued: dict[str, tuple[str, datetime]] = {}

    def issue(self, request: Request, now: datetime) -> Answer:
        """Answer a client-credentials request with a token, or refuse it as RFC 6749 section 5.2 says."""
        token = self.grant(*_read_client(request), now)
        if not token:
            raise Refusal(_token_error(401, "invalid_client"))
        granted = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self.lifetime_s,
        }
        return Answer(200, orjson.dumps(granted), headers=(("Cache-Control", "no-store"),))

    def grant(self, client: str, secret: str, now: datetime) -> str:
        """Return a new token for these credentials, or "" when they are wrong."""
        known, agency = self._clients.get(client, ("", ""))
        if not known or not hmac.compare_digest(known.encode(), secret.encode()):
            return ""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._issued = {old: entry for old, entry in self._issued.items() if entry[1] > now}
            self._issued[token] = (agency, now + timedelta(seconds=self.lifetime_s))
        return token

    def holder(self, token: str, now: datetime) -> str:
        """Return the agency that a living token was issued to, or "" for any other token."""
        agency, expires_at = self._issued.get(token, ("", now))
        return agency if expires_at > now else ""

    def admit(self, request: Request, now: datetime) -> str:
        """Return whose token it is. Refuse 401 without a living one, 403 when the path names another agency."""
        agency = self.holder(_read_bearer(request), now)
        if not agency:
            raise Refusal(unauthorized())
        if request.route.agency not in ("", agency):
            raise Refusal(problem(403, "forbidden", "the token belongs to another agency"))
        return agency

    def forget(self, request: Request) -> None:
        """Let the token of this request expire now."""
        self.drop(_read_bearer(request))

    def drop(self, token: str) -> None:
        """Let this token expire now."""
        with self._lock:
            self._issued.pop(token, None)

    def forget_all(self) -> None:
        """Let every token expire now, as a restart of the national side would."""
        with self._lock:
            self._issued.clear()


def unauthorized() -> Answer:
    """Return the answer to a missing, unknown or expired token."""
    asks = (("WWW-Authenticate", 'Bearer realm="kntc", error="invalid_token"'),)
    return problem(401, "unauthorized", "no living token", headers=asks)


def _read_client(request: Request) -> tuple[str, str]:
    """Return (client id, secret) of a client-credentials request, from Basic or from the form (RFC 6749 2.3.1)."""
    media = request.header("Content-Type").partition(";")[0].strip().lower()
    if media != "application/x-www-form-urlencoded":
        raise Refusal(
            problem(
                415,
                "unsupported-media-type",
                "expected application/x-www-form-urlencoded",
            )
        )
    try:
        pairs = parse_qsl(
            request.body.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=20,
        )
    except ValueError:
        raise Refusal(_token_error(400, "invalid_request")) from None
    form = dict(pairs)
    known = [name for name, _ in pairs if name in _FIELDS]  # others are ignored (RFC 6749 section 3.2)
    if len(known) != len(set(known)) or "grant_type" not in form:
        raise Refusal(_token_error(400, "invalid_request"))
    if form["grant_type"] != "client_credentials":
        raise Refusal(_token_error(400, "unsupported_grant_type"))
    scheme, _, basic = request.header("Authorization").partition(" ")
    if scheme.lower() == "basic":
        return _read_basic(basic)
    return form.get("client_id", ""), form.get("client_secret", "")


def _read_basic(basic: str) -> tuple[str, str]:
    try:
        name, colon, secret = base64.b64decode(basic, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if not colon:
        raise Refusal(_token_error(401, "invalid_client"))
    return unquote(name), unquote(secret)


def _token_error(status: int, code: str) -> Answer:
    """Return a refusal of the token endpoint in the form of RFC 6749 section 5.2."""
    asks = (("WWW-Authenticate", 'Basic realm="kntc"'),) if status == HTTPStatus.UNAUTHORIZED else ()
    return Answer(
        status,
        orjson.dumps({"error": code}),
        headers=(*asks, ("Cache-Control", "no-store")),
    )


def _read_bearer(request: Request) -> str:
    """Return the bearer token, or "" when there is none."""
    scheme, _, token = request.header("Authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
