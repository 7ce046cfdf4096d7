"""What a page is, for the list in `pages/`.

    PAGE = Page("records", "/<agency>/records", show, READERS, in_menu=True)

Its words stand under `console.page.<name>` (menu and title) in the catalogue. Arguments within the path, other than the
agency, are given to the functions by name.
May import: store.accounts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from werkzeug.wrappers import Response

from connector.store.accounts import Role

READERS = frozenset({Role.OPERATOR, Role.AUDITOR})
AUDITORS = frozenset({Role.AUDITOR})
ADMINS = frozenset({Role.ADMIN})
EVERYBODY = frozenset(Role)
"""Everybody who is logged in."""

Show = Callable[..., Response]
"""Takes the Visit, and by name what else is in the path."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page. roles: who may see it, None also for who is not logged in; act: takes its form, where it has one."""

    name: str
    path: str
    show: Show | None
    roles: frozenset[Role] | None
    act: Show | None = None
    in_menu: bool = False
