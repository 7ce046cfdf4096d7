"""The story of a record, as sentences: one per audit entry that tells a reader something.

`event.<name>.<detail>` in the catalogue is the sentence of an event, by its verdict, sighting, outcome, decision,
cause, state or rule.
May import: voice, rules, naming.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connector.telling import naming
from connector.telling.rules import rule_in_words
from connector.telling.voice import Voice

if TYPE_CHECKING:
    from connector.store.reasons import Told
    from connector.store.stories import Moment

_DETAILS = ("verdict", "sighting", "outcome", "decision", "cause", "state", "rule")


def sentences(voice: Voice, moments: Sequence[Moment], now: datetime) -> Iterator[tuple[str, str]]:
    """Yield `10/11 08:15` and a sentence, oldest first. A claim whose answer follows is told by the answer alone."""
    for at, moment in enumerate(moments):
        following = moments[at + 1] if at + 1 < len(moments) else None
        answered = following is not None and following.version == moment.version and following.event in _ANSWERS
        if moment.event == "delivery.claimed" and answered:
            continue
        yield _when(moment.at, now), sentence(voice, moment)


_ANSWERS = ("delivery.answered", "delivery.late")


def sentence(voice: Voice, moment: Moment) -> str:
    """Return one entry as a sentence."""
    facts = moment.facts
    ids = [f"event.{moment.event}.{facts[name]}" for name in _DETAILS if facts.get(name)]
    if moment.event == "status.applied":
        ids += [f"event.status.{name}" for name in ("impossible", "listed") if facts.get(name)]
    text = voice.say.first(*ids, f"event.{moment.event}", moment.event, **values_of(voice, moment))
    return f"{text}. {reason(voice, moment.reason)}" if moment.reason else text


def values_of(voice: Voice, moment: Moment) -> dict[str, object]:
    """Return what the sentences of events may name."""
    facts = moment.facts
    rules = facts.get("rules") or []
    return {
        "version": moment.version,
        "attempt": facts.get("attempt", "?"),
        "why": rule_in_words(voice, str(facts.get("rule", ""))),
        "state": voice.say.label("state", str(facts.get("state", ""))),
        "cause": voice.say.label("cause", str(facts.get("cause", ""))),
        "kind": voice.say.label("kind", str(facts.get("kind", ""))),
        "status": voice.say.label("national", str(facts.get("status", ""))),
        "rules": ", ".join(str(rule) for rule in rules),
        "by": moment.actor,
        "count": facts.get("count", "?"),
        "item": facts.get("item", "?"),
        "scope": _scope(voice, facts),
        "plan": facts.get("plan", "?"),
        **{name: str(facts.get(name, "?"))[:16] for name in ("config", "mapping")},
        "account": facts.get("account", "?"),
        "sign": _sign(voice, str(facts.get("sign", "?"))),
        **{name: facts.get(name, "?") for name in ("lists", "added", "renamed", "withdrawn")},
    }


def reason(voice: Voice, told: Told) -> str:
    """Return what a person gave as reason, or why it cannot be told."""
    return voice.say(f"why_given.{told.standing}", text=told.text, at=told.erased_at)


def _sign(voice: Voice, name: str) -> str:
    """Return what the national side told of: its certificate, its clock, the end of its interface."""
    about = name.partition(".")[0]  # of a certificate also how near its end was when that was told
    return voice.say.label("sign", "interface" if about in ("sunset", "deprecated") else about)


def _scope(voice: Voice, facts: Mapping[str, Any]) -> str:
    """Return what an action was about: one record, one kind, everything; of a request, how many of which kinds."""
    if len(facts.get("kinds", ())) and not facts.get("local_id"):
        return ", ".join(f"{voice.say.label('kind', kind)} {voice.say.number(n)}" for kind, n in facts["kinds"].items())
    return naming.scope(voice.say, str(facts.get("kind", "")), str(facts.get("local_id", "")))


def _when(at: datetime, now: datetime) -> str:
    from connector.telling.words import HERE

    here = at.astimezone(HERE)
    return here.strftime("%d/%m %H:%M" if here.year == now.astimezone(HERE).year else "%d/%m/%Y %H:%M")
