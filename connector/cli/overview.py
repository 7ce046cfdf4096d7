"""How one agency stands: everything that `status` and the end of a run say, gathered once, printed by parts.

May import: words, screen, opening; app and store inside functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connector.cli import failing
from connector.cli import signs as told
from connector.cli.opening import Desk
from connector.cli.screen import WIDTH, wrapped
from connector.core.model import KINDS, Kind
from connector.errors import KntcError

if TYPE_CHECKING:
    from connector.app import App
    from connector.store.books import Books
    from connector.store.channel import ChannelState
    from connector.store.jobs import Failure
    from connector.store.reasons import Told
    from connector.store.signs import Noted

JOBS = ("collect", "deliver", "pull", "reconcile")

TROUBLED = ("collect", "resync", "deliver", "pull", "reconcile", "checkpoint")
"""Jobs whose failures are told; of `resync` and `checkpoint` nobody asks when it last went well."""

COLUMNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("delivered", ("delivered",)),
    ("returned", ("returned",)),
    ("pending", ("pending", "sending")),
    ("unknown", ("unknown",)),
    ("rejected", ("rejected",)),
    ("quarantined", ("quarantined",)),
    ("not_sent", ("not_sent", "retracted")),
)
"""Columns of the counts table, and the states that each adds up."""

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
        states = views.counts(connection, code)
        marked = {name: marks.mark_of(connection, code, jobs.success_mark(name)) for name in JOBS}
        stopped = marks.mark_of(connection, code, "pull.stopped")
        guards = tuple(marks.open_guards(connection, code))
        sums = tuple(books.of(connection, code, kind) for kind in KINDS)
        blocked = waits.blocked_count(connection, code, context.generation, context.capabilities)
        excluded: dict[str, int] = {}
        for kind in KINDS:
            for reason, count in books.excluded_by_reason(connection, code, kind).items():
                excluded[reason] = excluded.get(reason, 0) + count
        returned = views.lines(connection, code, state=views.RETURNED)
        exposed = views.exposed_count(connection, code)
        pauses = tuple(marks.pauses(connection, code))
        scopes = [(pause.kind, pause.local_id) for pause in pauses]
        approved = tuple(jobs.approved_waiting(connection, code))
        plans = [("plan", guard.plan) for guard in approved]
        compared = comparisons.newest(connection, code)
        return Overview(
            agency=code,
            states=states,
            causes=views.causes(connection, code),
            waiting=decisions.counts(connection, code),
            blocked=blocked,
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
            books=sums,
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
            exposed=exposed,
            settling=unsettled.count(connection, code),
            verified=_verified(app, code, connection) if compared else {},
            unmended=sum(comparisons.open_counts(connection, compared.id).values()) if compared else 0,
            undecided=tombstones.undecided(connection, code),
            suspected=sum(line.cause == "duplicate_suspected" for line in returned),
            others=others.signs(connection, code, app.now()),
            partial=app.exit_code_of(code) is not ExitCode.DONE,
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


def as_json(view: Overview, name: str) -> dict[str, Any]:
    """Return the view as machines read it."""
    return {
        "agency": view.agency,
        "name": name,
        "partial": view.partial,
        "states": {str(kind): dict(by_state) for kind, by_state in view.states.items()},
        "blocked": view.blocked,
        "returned": view.total("returned"),
        "exposed": view.exposed,
        "waiting_for_a_person": dict(view.waiting),
        "gone_undecided": view.undecided,
        "settling": view.settling,
        "verified_through": {str(kind): at for kind, at in view.verified.items()},
        "reconcile_open": view.unmended,
        "signs_of_another_sender": view.others,
        "channel": {
            "held_since": view.channel.held_since,
            "held_until": view.channel.held_until,
            "rule": view.channel.rule or "",
            "paced_until": view.channel.paced_until(view.now),
            "paused": view.channel_pause is not None,
        },
        "last_success": dict(view.jobs),
        "failures": {job: {"what": failure.what, "at": failure.at} for job, failure in view.failures.items()},
        "store_error": view.store_error.id if view.store_error else "",
        "approved_waiting": [
            {"plan": guard.plan, "name": guard.name, "by": guard.approved_by, "at": guard.approved_at}
            for guard in view.approved
        ],
        "guards": [
            {"plan": guard.plan, "name": guard.name, "numbers": guard.numbers, "tripped_at": guard.tripped_at}
            for guard in view.guards
        ],
        "pauses": [
            {"kind": p.kind, "local_id": p.local_id, "by": p.by, "at": p.at, "reason": _reason_of(view, p)}
            for p in view.pauses
        ],
        "books": [
            {
                "kind": str(book.kind),
                "source": book.source,
                "current": book.current,
                "refused_secret": book.refused_secret,
                "excluded": book.excluded,
                "unseen": book.unseen,
                "unexplained": book.unexplained,
                "keyless": book.keyless,
                "settling": book.settling,
                "balanced": book.balanced,
            }
            for book in view.books
        ],
        "excluded": dict(view.excluded),
        "requests_open": view.asked,
        "pull_stopped": view.pull_stopped,
        "pull_rebuilding": view.rebuilding,
        "pull_rebuilt": {"at": view.rebuilt[0], **view.rebuilt[1]} if view.rebuilt else None,
        "impossible_changes": view.odd,
        "feed_unreadable": view.unreadable,
        "attachments_unsent": view.unsent_files,
        "next_due": view.next_due,
        "oldest_pending": view.oldest_pending,
        "signs": told.as_json(view.signs),
    }


def _reason_of(view: Overview, pause: Any) -> str:
    """How the reason stands to the log: its words are free text, which no JSON carries."""
    told = view.pause_reasons.get((pause.kind, pause.local_id))
    return told.standing if told else ""


# --- the parts as people read them ---------------------------------------------------------------------------------


def failure_in_words(desk: Desk, failure: Failure) -> str:
    """Return why a job did not come to its end, as a sentence with its error id."""
    if failure.what == "guard":
        return desk.say("status.failed.guard")
    if failure.what == "held":
        return desk.say("status.failed.held", why=rule_in_words(desk, str(failure.values.get("rule", ""))))
    text = failing.text_of(KntcError(failure.what, **failure.values), desk.screen)
    return f"{text.what} ({text.id})"


def print_counts(desk: Desk, view: Overview) -> None:
    """Print the table of kinds by state."""
    say = desk.say
    heads = [say("table.record"), say("table.total"), *(say(f"table.{name}") for name, _ in COLUMNS)]
    rows = []
    for kind in KINDS:
        by_state = view.states.get(kind, {})
        rows.append([say.label("kind", kind), *_figures(by_state)])
    sums = [sum(int(row[at]) for row in rows) for at in range(1, len(heads))]
    shown = [[row[0], *(say.number(int(cell)) for cell in row[1:])] for row in rows]
    desk.screen.table(heads, [*shown, [say("table.sum"), *(say.number(count) for count in sums)]])


def _figures(by_state: Mapping[str, int]) -> list[str]:
    columns = [sum(by_state.get(state, 0) for state in states) for _, states in COLUMNS]
    return [str(sum(by_state.values())), *(str(count) for count in columns)]


def print_books(desk: Desk, view: Overview) -> None:
    """Print the sum of each kind that does not come out; nothing where all do."""
    for book in view.books:
        if not book.balanced:
            kind = desk.say.label("kind", book.kind)
            desk.screen.line(
                desk.say(
                    "status.unbalanced", kind=kind, source=book.source, unseen=book.unseen, current=book.current,
                    secret=book.refused_secret, excluded=book.excluded, unexplained=book.unexplained,
                ),
                hang=2,
            )  # fmt: skip


def print_guards(desk: Desk, view: Overview) -> None:
    """Print every plan that a guard has stopped, with its numbers: what is to be compared before it is approved."""
    for guard in view.guards:
        desk.screen.line()
        print_numbers(desk, guard)


def print_numbers(desk: Desk, guard: Any) -> None:
    """Print one stopped plan: its name, and its numbers by kind."""
    desk.screen.line(desk.say.first(f"guard.{guard.name}", "guard.other", plan=guard.plan))
    for name, count in guard.numbers.items():
        label = desk.say.label("kind", name) if desk.say.has(f"kind.{name}") else desk.say.label("number", name)
        shown = desk.say.number(count) if isinstance(count, int) else str(count)
        desk.screen.pair(f"  {label}", shown)


def to_do(desk: Desk, view: Overview) -> list[tuple[str, str]]:
    """Return what people have to do, most urgent first: a sentence, and the command that shows or does it."""
    say = desk.say
    found: list[tuple[str, str]] = []
    for guard in view.guards:
        numbers = {"total": guard.numbers.get("total", 0), "limit": guard.numbers.get("limit", 0)}
        text = say.first(f"todo.guard.{guard.name}", "todo.guard.other", **numbers)
        found.append((text, f"kntc approve {guard.plan} --reason …"))
    if view.pull_stopped:
        found.append((say("todo.pull_stopped"), "kntc help E-FEED-CURSOR-EXPIRED"))
    found += told.to_do(desk, view.signs, view.now)
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


def print_to_do(desk: Desk, view: Overview) -> None:
    """Print what people have to do, then what goes by itself and when."""
    items = to_do(desk, view)
    if items:
        desk.screen.line(desk.say("todo.head"))
    for number, (text, command) in enumerate(items, 1):
        desk.screen.lines(_item(f"{number}. {text}", command))
    for sentence in by_itself(desk, view):
        desk.screen.line(sentence)


def _item(text: str, command: str) -> list[str]:
    column = 48
    if len(text) + 2 < column and column + len(command) <= WIDTH:
        return [f"  {text}".ljust(column) + command]
    return [*wrapped(text, 2, 5), f"     {command}"]


def by_itself(desk: Desk, view: Overview) -> list[str]:
    """Return sentences about what needs nobody: waiting parents, lost answers, retries."""
    say = desk.say
    found = []
    if view.channel.held_until is not None:
        found.append(say("wait.channel", why=rule_in_words(desk, view.channel.rule), until=view.channel.held_until))
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


def rule_in_words(desk: Desk, rule: str | None) -> str:
    """Return why an answer was judged so (`answer_lost:timeout`), in words."""
    name, _, fault = (rule or "").partition(":")
    words = desk.say.label("rule", name) if name else ""
    return f"{words} ({desk.say.label('fault', fault)})" if fault else words
