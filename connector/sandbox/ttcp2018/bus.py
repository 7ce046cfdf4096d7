"""The bus in front: who may ask, in which wrapping a request comes and an answer leaves.

May import: the standard library, orjson, `faults.py`, `tokens.py`, `wire.py`, and beside it `variant.py`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import orjson

from connector.sandbox.faults import OPERATIONS
from connector.sandbox.tokens import Tokens, unauthorized
from connector.sandbox.ttcp2018.variant import SignIn, Variant
from connector.sandbox.wire import Answer, Refusal, Request, problem, read_json

TOKEN = "token"  # noqa: S105 - the name of a call


class Bus:
    """Admits requests, and unwraps and wraps what they carry. `credentials`: agency code -> (user, password)."""

    def __init__(self, variant: Variant, credentials: Mapping[str, tuple[str, str]], tokens: Tokens) -> None:
        self._variant = variant
        self._credentials = dict(credentials)
        self._tokens = tokens

    def operation(self, path: str) -> str:
        """Return the operation that a path names, `token` for the place that issues tokens, "" for other paths."""
        if path == self._variant.token_path:
            return TOKEN
        front, _, name = path.rpartition("/")
        return name if front == self._variant.base_path and name in OPERATIONS else ""

    def admit(self, request: Request, now: datetime) -> None:
        """Refuse 401 who is not signed in as the variant asks, 403 when a header of the bus is missing."""
        if not self._is_signed_in(request.header("Authorization"), now):
            raise Refusal(self.unauthorized())
        name = self._variant.token_header
        if name and not self._tokens.holder(_bare(request.header(name)), now):
            raise Refusal(unauthorized())
        for name, value in self._variant.required_headers.items():
            given = request.header(name)
            if not given or (value and given != value):
                raise Refusal(problem(403, "forbidden", f"header {name}"))

    def unauthorized(self) -> Answer:
        """Return the answer to who is not signed in."""
        if self._variant.sign_in is SignIn.BASIC:
            return problem(401, "unauthorized", headers=(("WWW-Authenticate", 'Basic realm="kntc"'),))
        return unauthorized()

    def forget(self, request: Request) -> None:
        """Let the tokens of this request expire now."""
        self._tokens.drop(_bare(request.header("Authorization")))
        if self._variant.token_header:
            self._tokens.drop(_bare(request.header(self._variant.token_header)))

    def issue(self, request: Request, now: datetime) -> Answer:
        """Answer user name and password, as JSON or as a form, with a token; 401 when they are wrong."""
        user, password = _read_user(request)
        token = self._tokens.grant(user, password, now)
        if not token:
            raise Refusal(problem(401, "unauthorized", "user name or password"))
        granted = {"access_token": token, "token_type": "Bearer", "expires_in": self._tokens.lifetime_s}
        return Answer(HTTPStatus.OK, orjson.dumps(granted), headers=(("Cache-Control", "no-store"),))

    def unwrap(self, request: Request) -> Any:
        """Return what a request carries; refuse (415, 400) what is no JSON, or not in the envelope asked for."""
        if request.header("Content-Type").partition(";")[0].strip().lower() != "application/json":
            raise Refusal(problem(415, "unsupported-media-type", "expected application/json"))
        content = read_json(request.body)
        if not self._variant.request_envelope:
            return content
        match content:
            case {"data": [payload], **others} if not others:
                return payload
        raise Refusal(problem(400, "bad-request", 'expected {"data": [...]} with one entry'))

    def wrap(self, content: dict[str, str] | list[dict[str, str]], *, refused: bool = False) -> Answer:
        """Return the answer that carries this, refusals as well: 200, with the variant's envelope, code and layers."""
        variant = self._variant
        whole: Any = content
        if variant.answer_envelope or (variant.code_field and isinstance(content, list)):
            whole = {"data": content if isinstance(content, list) else [content]}
        if variant.code_field:
            is_code_of_success = not refused or variant.refusal_code is None
            whole = {variant.code_field: variant.success_code if is_code_of_success else variant.refusal_code, **whole}
        body = orjson.dumps(whole)
        for _ in range(variant.answer_layers - 1):
            body = orjson.dumps(body.decode())
        return Answer(HTTPStatus.OK, body)

    def _is_signed_in(self, given: str, now: datetime) -> bool:
        match self._variant.sign_in:
            case SignIn.BASIC:
                return self._is_basic(given)
            case SignIn.STATIC:
                return self._is_static(given)
        return given.lower().startswith("bearer ") and self._tokens.holder(_bare(given), now) != ""

    def _is_basic(self, given: str) -> bool:
        scheme, _, basic = given.partition(" ")
        try:
            user, colon, password = base64.b64decode(basic, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        known = dict(self._credentials.values()).get(user)
        if known is None or not colon or scheme.lower() != "basic":
            return False
        return hmac.compare_digest(known.encode(), password.encode())

    def _is_static(self, given: str) -> bool:
        token = _bare(given).encode()
        return any(hmac.compare_digest(secret.encode(), token) for _, secret in self._credentials.values())


def _bare(header: str) -> str:
    """Return a token without the word `Bearer`, which some buses want in their own header and some do not."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else header.strip()


def _read_user(request: Request) -> tuple[str, str]:
    if request.header("Content-Type").partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        try:
            given: Any = dict(parse_qsl(request.body.decode(), errors="strict", max_num_fields=20))
        except ValueError:
            given = None
    else:
        given = read_json(request.body)
    match given:
        case {"username": str(user), "password": str(password)}:
            return user, password
    raise Refusal(problem(400, "bad-request", "expected username and password"))
