"""How one agency stands: everything that `status` and the end of a run say, gathered once.

May import: voice, errors, rules, signs; app and store inside functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connector.core.model import KINDS, Kind
from connector.errors import KntcError
from connector.telling import signs as told
from connector.telling.errors import text_of
from connector.telling.rules import rule_in_words
from connector.telling.voice import Voice

if TYPE_CHECKING:
    from connector.app import App
    from connector.store.books import Books
    from connector.store.channel import ChannelState
    from connector.store.jobs import Failure
    from connector.store.reasons import Told
    from connector.store.signs import Noted

JOBS = ("collect", "deliver", "pull", "reconcile")

TROUBLED = ("collect", "resync", "deliver", "pull", "reconcile", "retention", "checkpoint")
"""Jobs whose failures are told; of `resync`, `retention` and `checkpoint` nobody asks when it last went well."""

DECIDABLE = ("several", "not_findable")
ASK_A_PERSON = ("conflict", "national_ahead", *DECIDABLE)
"""Causes for which an unknown one waits for a person; a word of theirs ends the wait only where it is decidable."""


@dataclass(frozen=True, slots=True)
class Overview:
    """How one agency stands just now. `jobs`: the last success of each; `failures`: what has failed since;
    `store_error`: the store is closed, because it contradicts its head file; `approved`: plans that a person let go and
    no run has carried out; `next_due`: when something waits to be done; `oldest_pending`: since when the oldest of what
    is to be sent waits; `signs`: what the national side tells of itself; `waiting`: how many records
    wait for a person, by cause, older versions included; `verified`: through when a kind is confirmed nationally;
    `others`: signs of late that somebody else sends under our keys;
    `unmended`: findings of the newest comparison of which nothing has come yet."""

    agency: str
    states: Mapping[Kind, Mapping[str, int]]
    causes: Mapping[tuple[str, str], int]
    waiting: Mapping[str, int]
    blocked: int
    paused: int
    channel: ChannelState
    jobs: Mapping[str, datetime]
    failures: Mapping[str, Failure]
    store_error: KntcError | None
    guards: tuple[Any, ...]
    approved: tuple[Any, ...]
    approval_reasons: Mapping[tuple[str, str], Told]
    pauses: tuple[Any, ...]
    pause_reasons: Mapping[tuple[str, str], Told]
    books: tuple[Books, ...]
    excluded: Mapping[str, int]
    asked: int
    next_due: datetime | None
    oldest_pending: datetime | None
    signs: Mapping[str, Noted]
    pull_stopped: str
    rebuilding: bool
    rebuilt: tuple[datetime, Mapping[str, int]] | None
    odd: int
    unreadable: int
    unsent_files: int
    suspected: int
    others: int
    exposed: int
    undecided: int
    settling: int
    verified: Mapping[Kind, datetime | None]
    unmended: int
    partial: bool
    now: datetime

    def total(self, state: str) -> int:
        """Return how many current versions of all kinds are in a state."""
        return sum(by_state.get(state, 0) for by_state in self.states.values())

    @property
    def unhindered(self) -> int:
        """How many wait for nothing but their time: no parent, and no pause that covers them."""
        return self.total("pending") + self.total("sending") - self.blocked - self.paused

    def caused(self, state: str, *causes: str) -> int:
        """Return how many are in a state for one of these causes."""
        return sum(self.causes.get((state, cause), 0) for cause in causes)

    @property
    def channel_pause(self) -> Any | None:
        """The pause by which a person has stopped all traffic with the national side, None if there is none."""
        from connector.store import marks

        return next((pause for pause in self.pauses if pause.kind == marks.CHANNEL), None)

    def waits_for(self, *causes: str) -> int:
        """Return how many wait for a person for one of these causes."""
        return sum(self.waiting.get(cause, 0) for cause in causes)


def overview(app: App, code: str) -> Overview:
    """Return how an agency stands, as one consistent reading of the store; `partial` as its exit code has it."""
    from connector.errors import ExitCode
    from connector.stages import rebuild
    from connector.store import (
        attachments,
        books,
        channel,
        comparisons,
        decisions,
        jobs,
        marks,
        mirrored,
        others,
        reasons,
        requests,
        signs,
        tombstones,
        unreadable,
        unsettled,
        views,
        waits,
    )

    context = app.context(code)
    store_error = _store_error(app, code)
    with app.store.read() as connection:
        found = app.found(code, connection)
        marked = {name: marks.mark_of(connection, code, jobs.success_mark(name)) for name in JOBS}
        stopped = marks.mark_of(connection, code, "pull.stopped")
        guards = tuple(marks.open_guards(connection, code))
        excluded: dict[str, int] = {}
        for kind in KINDS:
            for reason, count in books.excluded_by_reason(connection, code, kind).items():
                excluded[reason] = excluded.get(reason, 0) + count
        pauses = tuple(marks.pauses(connection, code))
        scopes = [(pause.kind, pause.local_id) for pause in pauses]
        approved = tuple(jobs.approved_waiting(connection, code))
        plans = [("plan", guard.plan) for guard in approved]
        compared = comparisons.newest(connection, code)
        return Overview(
            agency=code,
            states=found.states,
            causes=found.causes,
            waiting=decisions.counts(connection, code),
            blocked=found.blocked,
            paused=waits.paused_count(connection, code, context.generation, context.capabilities),
            channel=channel.state_of(connection, code, context.generation),
            jobs={name: mark[1] for name, mark in marked.items() if mark},
            failures=jobs.failures(connection, code, TROUBLED),
            store_error=store_error,
            guards=guards,
            approved=approved,
            pauses=pauses,
            approval_reasons=reasons.newest(connection, code, "guard.approved", plans, app.store.commitment),
            pause_reasons=reasons.newest(connection, code, "sending.paused", scopes, app.store.commitment),
            books=found.books,
            excluded=excluded,
            asked=requests.open_count(connection, code),
            next_due=app.next_due(code),
            oldest_pending=views.oldest_pending(connection, code),
            signs=signs.of(connection, code),
            pull_stopped=stopped[0] if stopped else "",
            rebuilding=rebuild.is_under_way(connection, code),
            rebuilt=rebuild.last(connection, code),
            odd=len(mirrored.odd_steps(connection, code)),
            unreadable=unreadable.count(connection, code),
            unsent_files=attachments.troubled_count(connection, code),
            exposed=found.exposed,
            settling=unsettled.count(connection, code),
            verified=_verified(app, code, connection) if compared else {},
            unmended=sum(comparisons.open_counts(connection, compared.id).values()) if compared else 0,
            undecided=tombstones.undecided(connection, code),
            suspected=found.suspected,
            others=others.signs(connection, code, app.now()),
            partial=app.exit_code_of(code, found) is not ExitCode.DONE,
            now=app.now(),
        )


def _verified(app: App, code: str, connection: Any) -> dict[Kind, datetime | None]:
    """Return through when each kind of the mapping is confirmed; None also where no sweep was finished."""
    from connector.store import comparisons

    through = comparisons.verified(connection, code)
    return {kind: through.get(kind) for kind in app.agency(code).mapping.kinds}


def _store_error(app: App, code: str) -> KntcError | None:
    """Return why nothing may be sent from this store, None if it agrees with its head file."""
    from connector.errors import RolledBackError

    with app.store.read() as connection:
        try:
            app.store.heads.check(connection, code)
        except RolledBackError as error:
            return error
    return None


def failure_in_words(voice: Voice, failure: Failure) -> str:
    """Return why a job did not come to its end, as a sentence with its error id."""
    if failure.what == "guard":
        return voice.say("status.failed.guard")
    if failure.what == "held":
        return voice.say("status.failed.held", why=rule_in_words(voice, str(failure.values.get("rule", ""))))
    text = text_of(KntcError(failure.what, **failure.values), voice.say)
    return f"{text.what} ({text.id})"


def to_do(voice: Voice, view: Overview) -> list[tuple[str, str]]:
    """Return what people have to do, most urgent first: a sentence, and the command that shows or does it."""
    say = voice.say
    found: list[tuple[str, str]] = []
    for guard in view.guards:
        numbers = {"total": guard.numbers.get("total", 0), "limit": guard.numbers.get("limit", 0)}
        text = say.first(f"todo.guard.{guard.name}", "todo.guard.other", **numbers)
        found.append((text, f"kntc approve {guard.plan} --reason …"))
    if view.pull_stopped:
        found.append((say("todo.pull_stopped"), "kntc help E-FEED-CURSOR-EXPIRED"))
    found += told.to_do(voice, view.signs, view.now)
    keyless = sum(book.keyless for book in view.books)
    counted = (
        ("mapping", view.caused("quarantined", "mapping"), "kntc quarantine list"),
        ("parent", view.caused("quarantined", "parent_missing"), "kntc list --cause parent_missing"),
        ("stuck", view.caused("quarantined", "exhausted", "crash", "guard"), "kntc quarantine list"),
        ("returned", view.total("returned"), "kntc status --state returned"),
        ("exposed", view.exposed, "kntc status --state exposed"),
        ("gone", view.undecided, "kntc list --state gone"),
        ("rejected", view.total("rejected"), "kntc status --state rejected"),
        ("undecided", view.waits_for(*DECIDABLE), "kntc unknown list"),
        ("unclear", view.waits_for("conflict", "national_ahead"), "kntc unknown list"),
        ("others", view.others, "kntc help E-ANOTHER-SENDER"),
        ("secret", view.caused("not_sent", "became_secret"), "kntc list --cause became_secret"),
        ("reconcile", view.unmended, "kntc reconcile --dry-run"),
        ("unreadable", view.unreadable, "kntc mirror unreadable"),
        ("files", view.unsent_files, "kntc attachments list"),
        ("keyless", keyless, "kntc help E-MAP-EMPTY-KEY"),
        ("books", sum(not book.balanced for book in view.books), "kntc status"),
    )
    found += [(say(f"todo.{name}", count=count), command) for name, count, command in counted if count]
    return found


def by_itself(voice: Voice, view: Overview) -> list[str]:
    """Return sentences about what needs nobody: waiting parents, lost answers, retries."""
    say = voice.say
    found = []
    if view.channel.held_until is not None:
        found.append(say("wait.channel", why=rule_in_words(voice, view.channel.rule), until=view.channel.held_until))
    unclear = view.total("unknown") - view.waits_for(*ASK_A_PERSON)
    when = say.moment(view.next_due, view.now) if view.next_due else ""
    due = say("wait.from", when=when) if view.next_due and view.next_due > view.now else say("wait.next_run")
    if unclear:
        found.append(say("wait.unknown", count=unclear, due=due))
    if view.settling:
        found.append(say("wait.settling", count=view.settling))
    if view.blocked:
        found.append(say("wait.blocked", count=view.blocked))
    if view.paused:
        found.append(say("wait.paused", count=view.paused))
    if view.unhindered > 0:
        found.append(say("wait.pending", count=view.unhindered, due=due))
    return found
