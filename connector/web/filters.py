"""What templates may do with a value: make it harmless, and write it as people here do.

May import: telling.words; jinja2.
"""

from __future__ import annotations

from datetime import datetime

from jinja2 import Environment
from markupsafe import Markup

from connector.telling.words import HERE, plain


def install(environment: Environment) -> None:
    """Give an environment these filters."""
    environment.filters["told"] = told
    environment.filters["plain"] = plain
    environment.filters["iso"] = iso
    environment.filters["sentence"] = sentence


def told(text: object) -> Markup:
    """Return what came from elsewhere as one line of text that can turn nothing around it: escaped, without control
    characters, and apart from the direction of what surrounds it."""
    return Markup("<bdi>{}</bdi>").format(plain(str(text)))


def sentence(text: str) -> str:
    """Return a text as a line begins with it: its first letter a capital, the others as they are."""
    return text[:1].upper() + text[1:]


def iso(at: datetime) -> str:
    """Return an instant as machines read it, for <time datetime=…>."""
    return at.astimezone(HERE).isoformat(timespec="seconds")
