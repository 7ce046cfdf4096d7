"""How one agency stands, as labels and sentences: what `status` prints and the console's overview shows.

May import: voice, naming, overview, rules, signs, timeline, catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from connector.telling import naming, signs, timeline
from connector.telling.catalogue import withdrawn_in_use
from connector.telling.overview import JOBS, Overview, failure_in_words
from connector.telling.rules import reason_in_words, rule_in_words
from connector.telling.voice import Voice

if TYPE_CHECKING:
    from connector.app import App

Facts = Iterator[tuple[str, str]]


def facts(voice: Voice, app: App, view: Overview, holder: str | None) -> Facts:
    """Yield label and sentence, in the order in which they are read; the label is "" where a sentence belongs to the
    one before. `holder`: who holds the stage lock."""
    say = voice.say
    for job in JOBS:
        at = view.jobs.get(job)
        yield say(f"status.job.{job}"), say.moment(at, view.now) if at else say("status.never")
        yield from _failure(voice, view, job)
    yield from _failure(voice, view, "resync")
    yield from _failure(voice, view, "checkpoint")
    yield from _mirror(voice, view)
    yield from _codes(voice, app, view)
    yield from _verified(voice, view)
    yield say("status.channel"), _channel(voice, view)
    yield from signs.facts(voice, view.signs, view.now)
    yield (
        say("status.service"),
        say("status.running", holder=say.holder(holder)) if holder else say("status.not_running"),
    )
    yield from _waiting(voice, view)
    yield from _orders(voice, view)
    yield from _sum(voice, app, view)


def _waiting(voice: Voice, view: Overview) -> Facts:
    say = voice.say
    if view.next_due is not None:
        due = max(view.next_due, view.channel.held_until or view.next_due)
        yield say("status.next_due"), say.moment(due, view.now) if due > view.now else say("status.now")
    if view.oldest_pending is not None:
        waited_s = (view.now - view.oldest_pending).total_seconds()
        since = say.moment(view.oldest_pending, view.now)
        yield say("status.oldest"), say("status.oldest_since", at=since, span=say.span(waited_s))


def _mirror(voice: Voice, view: Overview) -> Facts:
    """A rebuild of the mirror, under way or done, and what cannot be of what the feed has told."""
    say = voice.say
    if view.rebuilding:
        yield (say("status.rebuild"), say("status.rebuilding"))
    elif view.rebuilt is not None:
        at, counts = view.rebuilt
        shown = say.moment(at, view.now)
        text = say("status.rebuilt", at=shown, count=counts.get("listed", 0), by_hand=counts.get("by_hand", 0))
        text += say("status.rebuilt_ahead", count=counts["ahead"]) if counts.get("ahead") else ""
        yield (say("status.rebuild"), text)
    if view.odd:
        yield (say("status.impossible"), say("status.impossible_count", count=view.odd))


def _codes(voice: Voice, app: App, view: Overview) -> Facts:
    """How many codes in use the national lists, as last pulled, have no more."""
    if view.store_error is not None:
        return
    if count := sum(map(len, withdrawn_in_use(app, view.agency).values())):
        yield (voice.say("status.codes"), voice.say("status.codes_used", count=count))


def _verified(voice: Voice, view: Overview) -> Facts:
    """Through when everything is confirmed: the earliest moment of all kinds, and only if each has one."""
    if not view.verified:
        return
    moments = list(view.verified.values())
    at = min((moment for moment in moments if moment is not None), default=None)
    whole = at is not None and None not in moments
    text = voice.say("status.through_day", at=at) if whole else voice.say("status.through_none")
    yield (voice.say("status.through"), text)


def _channel(voice: Voice, view: Overview) -> str:
    """Whether anything may be sent just now, and if not, why and until when."""
    if view.store_error is not None:
        return voice.say("status.store_closed", id=view.store_error.id)
    say, state = voice.say, view.channel
    if stopped := view.channel_pause:
        return say("status.channel_paused", by=stopped.by, since=say.moment(stopped.at, view.now))
    if state.held_until is not None:
        since = say.moment(state.held_since or state.held_until, view.now)
        why = rule_in_words(voice, state.rule)
        return say("status.channel_held", since=since, until=say.moment(state.held_until, view.now), why=why)
    if paced := state.paced_until(view.now):
        return say("status.channel_paced", until=say.moment(paced, view.now))
    return say("status.channel_free")


def _sum(voice: Voice, app: App, view: Overview) -> Facts:
    """Promise 1 as a sum: every row of the source is in the ledger, left out by a reason, or secret."""
    say = voice.say
    source = sum(book.source for book in view.books)
    if not source:
        return
    unseen = sum(book.unseen for book in view.books)
    parts = [say("status.in_ledger", count=sum(book.current for book in view.books) - unseen)]
    parts += [f"{say.number(n)} {reason_in_words(voice, app, view.agency, r)}" for r, n in view.excluded.items()]
    counted = (
        ("secret", sum(book.refused_secret for book in view.books)),
        ("unexplained", sum(book.unexplained for book in view.books)),
    )
    parts += [say(f"status.sum_{name}", count=count) for name, count in counted if count]
    text = say("status.sum", source=source, parts=" + ".join(parts))
    text += say("status.sum_unseen", count=unseen) if unseen else ""
    yield (say("status.sum_label"), text)


def _orders(voice: Voice, view: Overview) -> Facts:
    """What people have ordered and is still in force or still to be done, with who and why."""
    say = voice.say
    if view.asked:
        yield (say("status.asked"), say("status.asked_count", count=view.asked))
    for guard in view.approved:
        text = say("status.approved_by", plan=guard.plan, by=guard.approved_by, at=guard.approved_at)
        if told := view.approval_reasons.get(("plan", guard.plan)):
            text += f" {timeline.reason(voice, told)}"
        yield (say("status.approved"), text)
    for pause in view.pauses:
        scope = naming.scope(say, pause.kind, pause.local_id)
        text = say("status.paused_by", scope=scope, by=pause.by, at=pause.at)
        if told := view.pause_reasons.get((pause.kind, pause.local_id)):
            text += f". {timeline.reason(voice, told)}"
        yield (say("status.pause"), text)


def _failure(voice: Voice, view: Overview, job: str) -> Facts:
    if failure := view.failures.get(job):
        at = voice.say.moment(failure.at, view.now)
        text = voice.say(f"status.failed.{job}", at=at, why=failure_in_words(voice, failure))
        yield ("", text)
