"""Note what the national side tells of itself: at the end of a run that has spoken with it, and only what is new."""

from __future__ import annotations

from connector.core import signs as rules
from connector.logs import get_logger
from connector.national.base import National
from connector.stages.context import Context
from connector.store import signs

_FIELDS = {rules.CLOCK: "offset_s", rules.SUNSET: "until", rules.DEPRECATED: "until"}
"""As what a value is logged; the others are days left."""


def note_signs(context: Context, national: National) -> None:
    """Note what is new of clock, announced end and certificates; write nothing where nothing is.

    If the process dies before the commit, the next run hears the same and notes it."""
    heard = national.signs()
    with context.store.read() as connection:
        noted = {name: one.value for name, one in signs.of(connection, context.agency).items()}
    news = rules.news(noted, heard, context.now())
    if not news:
        return
    with context.store.write() as tx:
        signs.note(tx, context.agency, news, context.actor)
    for name, value in news.items():
        if value and rules.is_told(name):
            get_logger().warning(
                "national.sign", agency=context.agency, sign=name, **{_FIELDS.get(name, "days"): value}
            )
