"""The story of a record, as sentences: one per audit entry that tells a reader something.

`event.<name>.<detail>` in the catalogue is the sentence of an event, by its verdict, sighting, outcome, decision,
cause or state.
May import: words, opening, overview.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from connector.cli.opening import Desk
from connector.cli.overview import rule_in_words

if TYPE_CHECKING:
    from connector.store.stories import Moment

_DETAILS = ("verdict", "sighting", "outcome", "decision", "cause", "state")


def sentences(desk: Desk, moments: Sequence[Moment], now: datetime) -> Iterator[tuple[str, str]]:
    """Yield `10/11 08:15` and a sentence, oldest first. A claim whose answer follows is told by the answer alone."""
    for at, moment in enumerate(moments):
        following = moments[at + 1] if at + 1 < len(moments) else None
        answered = following is not None and following.version == moment.version and following.event in _ANSWERS
        if moment.event == "delivery.claimed" and answered:
            continue
        yield _when(moment.at, now), sentence(desk, moment)


_ANSWERS = ("delivery.answered", "delivery.late")


def sentence(desk: Desk, moment: Moment) -> str:
    """Return one entry as a sentence."""
    facts = moment.facts
    ids = [f"event.{moment.event}.{facts[name]}" for name in _DETAILS if facts.get(name)]
    rules = facts.get("rules") or []
    values = {
        "version": moment.version,
        "attempt": facts.get("attempt", "?"),
        "why": rule_in_words(desk, str(facts.get("rule", ""))),
        "state": desk.say.label("state", str(facts.get("state", ""))),
        "cause": desk.say.label("cause", str(facts.get("cause", ""))),
        "status": desk.say.label("national", str(facts.get("status", ""))),
        "rules": ", ".join(str(rule) for rule in rules),
        "by": moment.actor,
        "count": facts.get("count", "?"),
        "item": facts.get("item", "?"),
    }
    return desk.say.first(*ids, f"event.{moment.event}", moment.event, **values)


def _when(at: datetime, now: datetime) -> str:
    from connector.cli.words import HERE

    here = at.astimezone(HERE)
    return here.strftime("%d/%m %H:%M" if here.year == now.astimezone(HERE).year else "%d/%m/%Y %H:%M")
