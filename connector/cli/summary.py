"""What each stage of a run did, one sentence per stage. Zero counts are left out; nothing is made up.

May import: opening, telling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from connector.cli.opening import Desk
from connector.errors import KntcError
from connector.telling.errors import text_of
from connector.telling.overview import Overview
from connector.telling.rules import reason_in_words, rule_in_words

if TYPE_CHECKING:
    from connector.app import App

Teller = Callable[[Desk, Mapping[str, int], Overview], str]

STAGES = ("collect", "push", "resolve", "pull")


@dataclass(frozen=True, slots=True)
class StageLine:
    """One stage in words."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How a stage ended that did not come to its own end. `how`: not_run, cut_short (told to stop), failed."""

    how: str
    error: KntcError | None = None


def stage_lines(
    desk: Desk,
    app: App,
    stages: Mapping[str, Mapping[str, int]],
    view: Overview,
    *,
    numbered: bool,
    endings: Mapping[str, Ending] | None = None,
) -> Iterator[StageLine]:
    """Yield a line per stage that ran: `1/4 Đọc nguồn   1.754 hồ sơ: chọn 1.752, loại 1 bản nháp, 1 mang dấu Mật`.

    endings: the stages that did not come to their end; nothing is told of them that did not happen."""
    reasons = {reason: reason_in_words(desk, app, view.agency, reason) for reason in view.excluded}
    tellers: dict[str, Teller] = {
        "collect": partial(_collect, reasons=reasons),
        "push": _push,
        "resolve": _resolve,
        "pull": _pull,
    }
    for number, stage in enumerate(STAGES, 1):
        if stage not in stages and not numbered:
            continue
        name = desk.say(f"stage.{stage}")
        label = f"{number}/{len(STAGES)} {name}" if numbered else name
        counts, ending = stages.get(stage, {}), (endings or {}).get(stage)
        text = _unended(desk, stage, counts, ending) if ending else tellers[stage](desk, counts, view)
        yield StageLine(label, text)
    if files := _parts(desk, "sync.files", stages.get("attach", {}), ("received", "waiting", "refused")):
        yield StageLine(desk.say("stage.attach"), ", ".join(files))
    if asked := sum(stages.get("resync", {}).values()):
        yield StageLine(desk.say("stage.resync"), desk.say("sync.resynced", count=asked))


def _unended(desk: Desk, stage: str, counts: Mapping[str, int], ending: Ending) -> str:
    """What a stage has done so far, and why no more. The books speak of finished sweeps only, so they are not asked."""
    say = desk.say
    if ending.error is not None:
        text = text_of(ending.error, desk.say)
        why = say("sync.failed", why=text.what, id=text.id)
    else:
        why = say(f"sync.{ending.how}")
    if not counts:
        return why
    done = {"collect": "read", "push": "requests", "resolve": "looked_for", "pull": "updates"}[stage]
    counted = {"collect": "read", "push": "requests", "resolve": "looked_for", "pull": "new"}[stage]
    return f"{why}; {say(f'sync.{done}', count=counts.get(counted, 0))}"


def _collect(desk: Desk, counts: Mapping[str, int], view: Overview, reasons: Mapping[str, str]) -> str:
    say = desk.say
    if counts.get("guard"):
        return say("sync.guard")
    if not counts:
        return say("sync.nothing_read")
    source = sum(book.source for book in view.books)
    parts = [say("sync.selected", count=sum(book.selected for book in view.books))]
    for reason, count in view.excluded.items():
        parts.append(say("sync.excluded", count=count, reason=reasons[reason]))
    if secret := sum(book.refused_secret for book in view.books):
        parts.append(say("sync.secret", count=secret))
    changes = _parts(desk, "sync", counts, ("created", "updated", "quarantined", "waiting"))
    return f"{say('sync.read', count=source)}: {', '.join(parts)}" + (f"; {', '.join(changes)}" if changes else "")


def _push(desk: Desk, counts: Mapping[str, int], view: Overview) -> str:
    say = desk.say
    if not counts.get("requests"):
        if closed := next((name for name in ("paused", "paced") if counts.get(name)), ""):
            return say(f"sync.{closed}")
        if not counts.get("held"):
            return say("sync.nothing_due")
        why = rule_in_words(desk, view.channel.rule)
        return say("sync.held_because", why=why) if why else say("sync.held")
    text = say("sync.requests", count=counts["requests"])
    parts = _parts(desk, "sync.sent", counts, ("delivered", "unknown", "asked", "rejected", "quarantined"))
    text += f": {', '.join(parts)}" if parts else ""
    if busy := counts.get("busy"):
        text += f"; {say('sync.waits', count=busy)}"
    if (away := counts.get("waits", 0) - counts.get("busy", 0)) > 0:
        why = rule_in_words(desk, view.channel.rule) if view.channel.held_until else say("sync.out_of_reach")
        text += f"; {say('sync.away', count=away, why=why)}"
    return text


def _resolve(desk: Desk, counts: Mapping[str, int], _view: Overview) -> str:
    say = desk.say
    if not counts.get("looked_for"):
        return say("sync.nothing_lost")
    parts = _parts(
        desk, "sync.found", counts, ("to_delivered", "to_pending", "to_superseded", "to_unknown", "to_quarantined")
    )
    asked = counts.get("asked", 0)
    whose = [("looked_for", counts["looked_for"] - asked), ("looked_for_asked", asked)]
    text = ", ".join(say(f"sync.{name}", count=count) for name, count in whose if count)
    return text + (f": {', '.join(parts)}" if parts else "")


def _pull(desk: Desk, counts: Mapping[str, int], view: Overview) -> str:
    say = desk.say
    if counts.get("stopped"):
        return say("sync.feed_stopped")
    text = say("sync.updates", count=counts.get("new", 0))
    if listed := counts.get("listed"):
        text = f"{say('sync.rebuilt', count=listed, moved=counts.get('moved', 0))}; {text}"
    for name in ("ahead", "impossible"):
        if count := counts.get(name):
            text += f"; {say(f'sync.{name}', count=count)}"
    if returned := view.total("returned"):
        text += f"; {say('sync.returned', count=returned)}"
    if malformed := counts.get("malformed"):
        text += f"; {say('sync.malformed', count=malformed)}"
    return text


def _parts(desk: Desk, group: str, counts: Mapping[str, int], names: tuple[str, ...]) -> list[str]:
    return [desk.say(f"{group}.{name}", count=counts[name]) for name in names if counts.get(name)]
