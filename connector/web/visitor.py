"""Who visits: told by the cookie of a visit, or by the header of a proxy that is trusted.

May import: store, settings, hall; flask's request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from flask import Request

from connector.store import sessions
from connector.store.accounts import Account, Role
from connector.telling.words import LANGUAGES
from connector.web import notes
from connector.web.cookies import LANGUAGE_COOKIE
from connector.web.hall import Hall

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: `account` None while nobody is logged in. `token` is what the browser holds, new where it held none."""

    account: Account | None
    token: str
    language: str
    address: str
    is_new: bool

    @property
    def name(self) -> str:
        """The account's name, "" while nobody is logged in."""
        return self.account.name if self.account else ""

    @property
    def role(self) -> Role | None:
        """The account's role, None while nobody is logged in."""
        return self.account.role if self.account else None

    @property
    def form(self) -> str:
        """What every form of this visitor must hold: nobody without the cookie can work it out."""
        return hmac.new(self.token.encode(), b"form", hashlib.sha256).hexdigest()

    def agencies(self, configured: list[str]) -> list[str]:
        """Return those of the configured agencies that may be seen."""
        return [code for code in configured if self.account is not None and self.account.may_see(code)]


def visitor_of(hall: Hall, request: Request) -> Visitor:
    """Return who asks; a visit that is over is nobody's. Whom a trusted proxy brings needs no log-in."""
    held = request.cookies.get(hall.settings.cookie, "")
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    language = chosen if chosen in LANGUAGES else hall.app.config.connector.language
    peer = request.environ.get("REMOTE_ADDR", "")
    address = _address(hall, request, peer)
    is_new = not _TOKEN.fullmatch(held)
    token = sessions.new_token() if is_new else held
    account = None if is_new else _account_of(hall, token)
    if hall.settings.proxy_header:
        named = request.headers.get(hall.settings.proxy_header, "") if peer in hall.settings.proxies else ""
        if account is None or account.name != named:
            account, token, is_new = _brought(hall, named), sessions.new_token(), True
            if account is not None:
                come_in(hall, account, token)
    return Visitor(account, token, language, address, is_new)


def _account_of(hall: Hall, token: str) -> Account | None:
    with hall.accounts.work() as connection:
        return sessions.seen(connection, token, hall.settings.limits, hall.now())


def _brought(hall: Hall, named: str) -> Account | None:
    """Return the account that a proxy names: it must exist here, and not be locked."""
    account = hall.accounts.find(named) if named else None
    return None if account is None or account.is_locked else account


def come_in(hall: Hall, account: Account, token: str) -> None:
    """Begin a visit under a new token, and note it in the log of every agency that the account is for."""
    with hall.accounts.work() as connection:
        sessions.sweep(connection, hall.settings.limits, hall.now())
        sessions.begin(connection, account.name, token, hall.now())
    concerned = account.agencies or tuple(hall.app.agencies)
    hall.notes.of_account("console.signed_in", notes.visitor(account.name), concerned, role=str(account.role))


def _address(hall: Hall, request: Request, peer: str) -> str:
    """Return where the visitor is: behind a trusted proxy what that says of the one before it."""
    if peer in hall.settings.proxies:
        before = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return before[:45] or peer
    return peer
