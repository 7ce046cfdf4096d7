"""How a line names itself to the national side: the value of `Authorization`, and one more try after a 401.

May import: base, endpoint, errors.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Protocol

from connector.errors import ConfigError
from connector.national.base import Answer, Failure, Fault, Reply, Request
from connector.national.endpoint import sendable

Credentials = Callable[[], tuple[str, str]]
"""Gives client id and secret, read anew each time, so that a changed secret needs no restart.
Raises ConfigError when the reference cannot be read."""


class Access(Protocol):
    """What gives the value of the header."""

    def authorization(self, refused: str = "") -> str | Failure:
        """Return a value to send, or why there is none (with `sent` False); "" where a refused one is all there is."""


def basic(client: str, secret: str) -> str:
    """Return the value of HTTP Basic (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode("ascii")


def static_bearer(_client: str, secret: str) -> str:
    """Return the value where the secret itself is the token that the bus operator gave."""
    return f"Bearer {secret}"


class Fixed:
    """Access by a secret that is sent as it is, such as HTTP Basic. It is read anew for each request."""

    def __init__(self, credentials: Credentials, spell: Callable[[str, str], str]) -> None:
        self._credentials = credentials
        self._spell = spell

    def authorization(self, refused: str = "") -> str | Failure:
        """See Access."""
        try:
            value = self._spell(*self._credentials())
        except ConfigError:
            return Failure(Fault.CREDENTIALS, sent=False)
        if not sendable(value):
            return Failure(Fault.CREDENTIALS, sent=False)
        return "" if value == refused else value


def authorised(request: Request, exchange: Callable[[Request], Reply], access: Access) -> Reply:
    """Send with the current authorization. A 401 says "not accepted": a new one, one more try, no third.

    Where there is no other authorization to be had, the 401 is the reply."""
    value = access.authorization()
    if isinstance(value, Failure):
        return value
    reply = exchange(_with(request, value))
    if not isinstance(reply, Answer) or reply.status != HTTPStatus.UNAUTHORIZED:
        return reply
    other = access.authorization(refused=value)
    if isinstance(other, Failure):
        return other
    return exchange(_with(request, other)) if other else reply


def _with(request: Request, authorization: str) -> Request:
    headers = {**request.headers, "Authorization": authorization}
    return replace(request, headers=headers)
