"""What each stage of a run did, one sentence per stage. Zero counts are left out; nothing is made up.

May import: words, opening, overview.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from connector.cli.opening import Desk
from connector.cli.overview import Overview

if TYPE_CHECKING:
    from connector.app import App

Teller = Callable[[Desk, Mapping[str, int], Overview], str]

STAGES = ("collect", "push", "resolve", "pull")


@dataclass(frozen=True, slots=True)
class StageLine:
    """One stage in words."""

    label: str
    text: str


def stage_lines(
    desk: Desk, app: App, stages: Mapping[str, Mapping[str, int]], view: Overview, *, numbered: bool
) -> Iterator[StageLine]:
    """Yield a line per stage that ran: `1/4 Đọc nguồn   1.754 hồ sơ: chọn 1.752, loại 1 bản nháp, 1 mang dấu Mật`."""
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
        text = tellers[stage](desk, stages.get(stage, {}), view)
        yield StageLine(label, text)
    if asked := sum(stages.get("resync", {}).values()):
        yield StageLine(desk.say("stage.resync"), desk.say("sync.resynced", count=asked))


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


def reason_in_words(desk: Desk, app: App, agency: str, reason: str) -> str:
    """Return the mapping's word for why it leaves records out; those that go with their parent have ours."""
    mapping = app.agency(agency).mapping
    for kind in mapping.kinds:
        universe = mapping.kind(kind).universe
        if universe is not None and reason in universe.reasons:
            return universe.reasons[reason].get(desk.say.language, reason)
    return desk.say.label("excluded", reason)


def _push(desk: Desk, counts: Mapping[str, int], _view: Overview) -> str:
    say = desk.say
    if not counts.get("requests"):
        return say("sync.held") if counts.get("held") else say("sync.nothing_due")
    text = say("sync.requests", count=counts["requests"])
    parts = _parts(desk, "sync.sent", counts, ("delivered", "unknown", "asked", "rejected", "quarantined"))
    text += f": {', '.join(parts)}" if parts else ""
    return text + (f"; {say('sync.waits', count=counts['waits'])}" if counts.get("waits") else "")


def _resolve(desk: Desk, counts: Mapping[str, int], _view: Overview) -> str:
    say = desk.say
    if not counts.get("looked_for"):
        return say("sync.nothing_lost")
    parts = _parts(
        desk, "sync.found", counts, ("to_delivered", "to_pending", "to_superseded", "to_unknown", "to_quarantined")
    )
    return say("sync.looked_for", count=counts["looked_for"]) + (f": {', '.join(parts)}" if parts else "")


def _pull(desk: Desk, counts: Mapping[str, int], view: Overview) -> str:
    say = desk.say
    if counts.get("stopped"):
        return say("sync.feed_stopped")
    text = say("sync.updates", count=counts.get("new", 0))
    if returned := view.total("returned"):
        text += f"; {say('sync.returned', count=returned)}"
    if malformed := counts.get("malformed"):
        text += f"; {say('sync.malformed', count=malformed)}"
    return text


def _parts(desk: Desk, group: str, counts: Mapping[str, int], names: tuple[str, ...]) -> list[str]:
    return [desk.say(f"{group}.{name}", count=counts[name]) for name in names if counts.get(name)]
