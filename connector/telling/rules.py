"""Why something was judged so, in words: the rule of an answer, the mapping's reason for leaving records out.

May import: voice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.telling.voice import Voice

if TYPE_CHECKING:
    from connector.app import App


def rule_in_words(voice: Voice, rule: str | None) -> str:
    """Return why an answer was judged so (`answer_lost:timeout`), in words."""
    name, _, fault = (rule or "").partition(":")
    words = voice.say.label("rule", name) if name else ""
    return f"{words} ({voice.say.label('fault', fault)})" if fault else words


def reason_in_words(voice: Voice, app: App, agency: str, reason: str) -> str:
    """Return the mapping's word for why it leaves records out; those that go with their parent have ours."""
    mapping = app.agency(agency).mapping
    for universe in (each.universe for kind in mapping.kinds for each in mapping.all_of(kind)):
        if universe is not None and reason in universe.reasons:
            return universe.reasons[reason].get(voice.say.language, reason)
    return voice.say.label("excluded", reason)
