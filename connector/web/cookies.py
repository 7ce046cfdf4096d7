"""The two cookies: the token of a visit, and the language. Neither is for scripts or for other sites.

May import: settings; flask's g.
"""

from __future__ import annotations

from flask import g
from werkzeug.wrappers import Response

from connector.web.settings import Settings

LANGUAGE_COOKIE = "kntc-language"
_A_YEAR_S = 31_536_000


def hand_over(answer: Response, settings: Settings, token: str) -> None:
    """Give the browser its token, in place of any that it held."""
    g.token_is_told = True
    _set(answer, settings, settings.cookie, token, None)


def take_back(answer: Response, settings: Settings) -> None:
    """Let the browser forget its token."""
    g.token_is_told = True
    _set(answer, settings, settings.cookie, "", 0)


def remember_language(answer: Response, settings: Settings, language: str) -> None:
    """Let the browser say next time which language it was shown."""
    _set(answer, settings, LANGUAGE_COOKIE, language, _A_YEAR_S)


def _set(answer: Response, settings: Settings, name: str, value: str, max_age: int | None) -> None:
    answer.set_cookie(name, value, max_age=max_age, httponly=True, samesite="Lax", secure=settings.https, path="/")
