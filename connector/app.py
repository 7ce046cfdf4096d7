"""The one place that knows all names: configuration in, an App out, everything built in the open.

    with open_app(config, actor) as app:
        for step in app.sync("H51.01"):
            ...

No container, no globals, nothing opened before it is needed: a dead source of one agency touches no other.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from connector import decided, disk, lock, readiness
from connector.config import Config, read_hex_key
from connector.core.chain import Head
from connector.core.kind_mapping import KindMapping
from connector.core.lifecycle import NEEDS_ATTENTION, Limits, Probable
from connector.core.mapping import CompiledMapping
from connector.core.model import KINDS, Actor, Kind, RecordKey
from connector.core.pacing import Budget
from connector.edges import Agency, agency_of, anchoring_of, auditor_of, open_store, store_key_of
from connector.errors import (
    ConfigError,
    DataError,
    ExitCode,
    KntcError,
    LockedError,
    LockLostError,
    SourceError,
    StoreError,
)
from connector.loading import compile_mappings, database_of
from connector.logs import get_logger
from connector.readiness import FOUND_WHOLE_S
from connector.sources.renamed import RenamedSource
from connector.stages import anchor
from connector.stages.attach import attach
from connector.stages.bounds import Bounds
from connector.stages.collect import collect, plan, tripped
from connector.stages.context import Context, Counts
from connector.stages.filling import fill
from connector.stages.guards import Trip
from connector.stages.judging import Foreseen, foresee
from connector.stages.mending import mend
from connector.stages.overlap import Neighbour
from connector.stages.pull import peek, pull
from connector.stages.push import Effort, push
from connector.stages.reconcile import reconcile
from connector.stages.recording import Reader
from connector.stages.rekey import Comparison, Pair, compare_keys, pairs_of_columns
from connector.stages.resolve import resolve
from connector.stages.resync import resync
from connector.stages.retention import Terms, foresee_retired, retire
from connector.stages.signs import note_signs
from connector.store import (
    aliases,
    asked,
    attachments,
    books,
    channel,
    contents,
    jobs,
    kept,
    marks,
    mirror,
    outbox,
    tombstones,
    unreadable,
    views,
    waits,
)
from connector.store.db import Right, Store, Tx, store_id
from connector.store.marks import Target

MIRROR_FILE = "mirror.sqlite"

LONGEST_WAIT_S = 120.0
"""`sync` waits this long for a busy national side before it leaves the rest to the next run."""

CUT_OFF = frozenset({"nothing_sent", "unauthorised", "forbidden", "probe"})
"""Rules of a channel hold that mean: the national side cannot be used at all. The schedule tries again, not the run."""

ROUNDS = 50
"""`sync` goes round push and resolve at most so often: a bound, not a plan."""


def utc_now() -> datetime:
    """Return the time; the one clock of the program."""
    return datetime.now(UTC)


def as_steps(stage: str, counted: Iterator[Counts]) -> Iterator[Step]:
    """Return what a stage did, as steps of it."""
    return (Step(stage, counts) for counts in counted)


@dataclass(frozen=True, slots=True)
class Step:
    """One commit of a stage, for whoever watches a run: what it did, and how far the agency is."""

    stage: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Found:
    """Where an agency's records stand. `causes`: how many in each pair of state and cause; `suspected`: how many the
    nation sent back as duplicates."""

    states: Mapping[Kind, Mapping[str, int]]
    causes: Mapping[tuple[str, str], int]
    suspected: int
    exposed: int
    blocked: int
    books: tuple[books.Books, ...]

    @property
    def in_need(self) -> bool:
        """Whether any record is not as it should be, or the sum does not come out."""
        in_need = (*NEEDS_ATTENTION, views.RETURNED)
        troubled = any(by_state.get(state, 0) for by_state in self.states.values() for state in in_need)
        return troubled or bool(self.exposed or self.blocked) or not all(book.balanced for book in self.books)


@dataclass(slots=True)
class App:
    """Everything a command or the daemon works with. One thread at a time."""

    config: Config
    store: Store
    agencies: Mapping[str, Agency]
    actor: Actor
    stop: threading.Event
    owner: str
    now: Callable[[], datetime] = utc_now
    jitter: Callable[[], float] = random.random
    may_send: Callable[[], bool] = lambda: True
    _generations: dict[str, int] = field(default_factory=dict)

    # --- what stages stand on ---

    @property
    def target(self) -> Target:
        """Which national side this configuration means."""
        national = self.config.national
        return Target(national.environment, national.profile, national.base_url)

    def agency(self, code: str) -> Agency:
        """Return an agency by its code. Raises DataError if the configuration does not know it."""
        if code not in self.agencies:
            raise DataError("E-AGENCY-UNKNOWN", agency=code, known=", ".join(self.agencies))
        return self.agencies[code]

    def reading(self, code: str) -> Agency:
        """Return an agency as its rows are read: under the keys that they were first sent under, whatever their ids are
        today. The same as `agency` where no id has an alias."""
        agency = self.agency(code)
        with self.store.read() as connection:
            known = aliases.in_force(connection, code)
        if not known:
            return agency
        return replace(agency, source=RenamedSource(agency.source, known), mapping=agency.mapping.renamed(known))

    def mapping_of(self, key: RecordKey) -> KindMapping:
        """Return how the source maps this record that has it today; KeyError if the mapping has not its kind."""
        agency = self.agency(key.agency)
        return self.reading(key.agency).mapping.of(key) if agency.mapping.parts else agency.mapping.kind(key.kind)

    def bind(self, *, died: bool) -> None:
        """Bind agencies that this store has never seen to the configured target, and rescue the claims of the run
        before; died: it did not end in order, so what it had claimed is suspect.

        Only under the stage lock. Raises StoreError (another target) and RolledBackError (the store went back)."""
        with self.store.read() as connection:
            bound = {code: marks.generation_of(connection, code, self.target) for code in self.agencies}
        heads = [self._checked_head(code) for code in self.agencies]
        # A crash between commit and head file left the file behind, or none at all: it must not stay so, for a
        # missing file is believed to be such a crash only as long as the chain holds the binding alone.
        if behind := [head for head in heads if head.seq and head != self.store.heads.read(head.agency)]:
            self.store.heads.write(behind)
        for code, generation in bound.items():
            if generation is None:
                with self.store.write() as tx:
                    marks.bind(tx, code, self.target, self.actor)
        if None in bound.values():  # a log that has just begun may not be this agency's first
            self._heed_places()
            for code in bound:
                self._checked_head(code)
        with self.store.write() as tx:
            rescued = sum(self._rescue(tx, code, died=died) for code in self.agencies)
            asked.forget_settled(tx)
        if rescued:
            get_logger().warning("store.rescued", rows=rescued)
        self._keep_what_decides()

    def _keep_what_decides(self) -> None:
        """Keep the texts by which this run decides, and say so in the log of each agency for which they are others."""
        changed = {}
        with self.store.read() as connection:
            for code, agency in self.agencies.items():
                if kept.is_in_force(connection, code, decided.digests_in_force(self.config, agency.mapping)):
                    continue  # as nearly always: no file is read
                texts = decided.texts_in_force(self.config, agency.section, agency.mapping)
                if texts and not kept.is_in_force(connection, code, [one.digest for one in texts]):
                    changed[code] = texts
        if changed:
            with self.store.write() as tx:
                for code, texts in changed.items():
                    kept.put_in_force(tx, code, texts, self.actor)
            # If the process dies before this commit, nothing has been decided yet; the next run keeps the same.

    def _rescue(self, tx: Tx, code: str, *, died: bool) -> int:
        capabilities = self.agency(code).national.capabilities
        return outbox.rescue(tx, code, self.generation(code), capabilities, self.owner, self.actor, died=died)

    def _checked_head(self, code: str) -> Head:
        with self.store.read() as connection:
            return self.store.heads.check(connection, code)

    def generation(self, code: str) -> int:
        """Return the ledger generation of an agency, 0 if it has never been bound. Raises StoreError."""
        if code not in self._generations:
            with self.store.read() as connection:
                found = marks.generation_of(connection, code, self.target)
            if found is None:
                return 0
            self._generations[code] = found
        return self._generations[code]

    def context(self, code: str) -> Context:
        """Return what the stages of one agency stand on."""
        push_section = self.config.push
        return Context(
            agency=code,
            generation=self.generation(code),
            store=self.store,
            capabilities=self.agency(code).national.capabilities,
            limits=Limits(
                attempts=push_section.attempts,
                first_delay_s=push_section.first_delay_s,
                longest_delay_s=push_section.longest_delay_s,
            ),
            actor=self.actor,
            owner=self.owner,
            stop=self.stop,
            now=self.now,
            jitter=self.jitter,
            may_send=self.may_send,
            probable_cases=Probable(push_section.probable_cases),
            budget=Budget(push_section.repeats_a_minute),
            papers=self.agency(code).papers,
        )

    # --- the stages, of one agency ---

    def reader(self, code: str) -> Reader:
        """Return what a collect of one agency reads with."""
        agency, section = self.reading(code), self.config.collect
        bounds = Bounds(**{name: getattr(section, name) for name in Bounds.__dataclass_fields__})
        beside = tuple(self._beside(code))
        return Reader(agency.source, agency.mapping, agency.policy, bounds, section.gone, section.gone_reason, beside)

    def _beside(self, code: str) -> Iterator[Neighbour]:
        """Yield the sources of other agencies that lie in a database of this one and make their ids in the same way."""
        mine = self.agency(code)
        places = {(database_of(self.config, source.url), mapping.source) for source, mapping in mine.every_source}
        for other, near in self.agencies.items():
            for source, mapping in near.every_source if other != code else ():
                if (database_of(self.config, source.url), mapping.source) in places:
                    yield Neighbour(other, near.source, mapping)

    def collect(self, code: str) -> Iterator[Counts]:
        """Read the source and record what changed. Raises SourceError, and MappingError where the database has not
        what the mapping asks for."""
        context = self.context(code)
        fill(context, self.agency(code).mapping)
        with _told_apart(self.agency(code)):
            yield from collect(context, self.reader(code))

    def plan(self, code: str) -> Iterator[tuple[Counts, tuple[views.Planned, ...]]]:
        """Say what a collect would do; write nothing."""
        with _told_apart(self.agency(code)):
            yield from plan(self.context(code), self.reader(code))

    def tripped(self, code: str) -> tuple[Trip, ...]:
        """Say which guards would stop a collect; write nothing."""
        return tripped(self.context(code), self.reader(code))

    def foresee(self, code: str) -> Iterator[Foreseen]:
        """Say, page by page, what reading everything would change, documents included; write nothing."""
        agency = self.reading(code)
        return foresee(self.context(code), agency.source, agency.mapping, agency.policy)

    def resync(self, code: str) -> Iterator[Counts]:
        """Carry out what people asked to be read and compared again."""
        agency = self.reading(code)
        return resync(self.context(code), agency.source, agency.mapping, agency.policy)

    def compare_keys(self, code: str, listed: Sequence[Pair] | None) -> Comparison:
        """Say what giving these records of the source their first keys would do; `listed` None: those whose own columns
        name them. Writes nothing."""
        agency = self.agency(code)
        pairs = listed if listed is not None else pairs_of_columns(agency.source, agency.mapping)
        return compare_keys(self.context(code), agency.source, agency.mapping, agency.policy, pairs)

    def attach(self, code: str) -> Iterator[Counts]:
        """Send the content of attachments that documents wait for."""
        return attach(self.context(code), self.agency(code).national)

    def send(self, code: str) -> Iterator[Step]:
        """Send what is due: first the content of attachments, then the documents that refer to it."""
        yield from as_steps("attach", self.attach(code))
        yield from as_steps("push", self.push(code))

    def push(self, code: str) -> Iterator[Counts]:
        """Send the documents that are due."""
        section = self.config.push
        effort = Effort(section.workers, section.batch_rows, section.batch_bytes, section.lease_s)
        yield from push(self.context(code), self.agency(code).national, effort)
        note_signs(self.context(code), self.agency(code).national)

    def resolve(self, code: str) -> Iterator[Counts]:
        """Look for what became of unknown deliveries."""
        return resolve(self.context(code), self.agency(code).national, self.config.push.workers)

    def pull(self, code: str) -> Iterator[Counts]:
        """Apply the national feed, then publish the mirror."""
        yield from pull(self.context(code), self.agency(code).national, self.config.pull.page_limit)
        note_signs(self.context(code), self.agency(code).national)
        self.publish()

    def peek(self, code: str) -> Iterator[Counts]:
        """Say what a pull would apply; write nothing, here or there."""
        return peek(self.context(code), self.agency(code).national, self.config.pull.page_limit)

    def reconcile(self, code: str) -> Iterator[Counts]:
        """Compare ledger, mirror and national side record by record; send and move nothing."""
        limit = self.config.pull.page_limit
        yield from reconcile(self.context(code), self.agency(code).national, limit, self.lost(code))

    def mend(self, code: str, plan: str, reason: str) -> Iterator[Counts]:
        """Carry out the plan of the newest comparison on a person's word; a short transaction each, possible always."""
        yield from mend(self.context(code), plan, reason)

    def lost(self, code: str) -> Head | None:
        """Return the head of the log that was lost when the store went back in time, None if it did not."""
        with self.store.read() as connection:
            return self.store.heads.lost(connection, code)

    def checkpoint(self, code: str, *, at_once: bool = False) -> Iterator[Counts]:
        """Sign the end of the log and keep it, if that is due; nothing where no key is configured.

        Raises AnchorError if a place did not take it, ConfigError for a key that cannot be read or is not the one that
        the log names."""
        anchoring = anchoring_of(self.config)
        if anchoring is None:
            return
        if not (
            at_once or anchor.is_due(self.store, code, anchoring, self.now()) or self._has_failed(code, "checkpoint")
        ):
            return
        with disk.told(self.config.data_dir):
            head = anchor.checkpoint(self.store, code, anchoring, self.actor, self.now())
        get_logger().info("checkpoint.made", agency=code, seq=head.seq)
        yield {"checkpoints": 1}

    def _has_failed(self, code: str, job: str) -> bool:
        with self.store.read() as connection:
            return job in jobs.failures(connection, code, [job])

    def anchor(self, code: str) -> KntcError | None:
        """Make a checkpoint if one is due, at the end of a run; return what is wrong with its key or places, which is
        noted for `status` and ends nothing. Raises StoreError."""
        try:
            total = sum(counts["checkpoints"] for counts in self.checkpoint(code))
        except (StoreError, LockLostError):
            raise
        except KntcError as error:
            self.note_failure(code, "checkpoint", error)
            get_logger().warning("job.failed", agency=code, job="checkpoint", error_id=_first_of(error).id)
            return error
        if total:
            self.note_success(code, "checkpoint", {})
        return None

    def _heed_places(self) -> None:
        """Ask the places that keep checkpoints what they know of our log, before anything is done. What keeps them
        from answering is told where a checkpoint is due."""
        with suppress(ConfigError):
            anchoring = anchoring_of(self.config)
            if anchoring is None:
                return
            for code in self.agencies:
                anchor.heed(self.store, code, anchoring)

    def retire(self, code: str, most: int | None = None) -> Iterator[Counts]:
        """Seal and erase the texts whose time is over, about `most` of them, None: all. Raises ConfigError for an
        auditor's key that cannot be read."""
        return retire(self.context(code), self._terms(code), most)

    def foresee_retired(self, code: str) -> Iterator[Counts]:
        """Say what `retire` would do; write nothing."""
        return foresee_retired(self.context(code), self._terms(code))

    def _terms(self, code: str) -> Terms:
        wanted, mapping = self.config.retention, self.agency(code).mapping
        fields = {kind: mapping.kind(kind).fields for kind in mapping.kinds}
        months, months_c3 = wanted.sealed_months, wanted.sealed_months_c3
        return Terms(wanted.bodies_days, months, months_c3, auditor_of(self.config), fields)

    def publish(self) -> None:
        """Replace the published mirror.sqlite."""
        with self.store.read() as connection:
            path = self.config.data_dir / MIRROR_FILE
            rows = mirror.publish(connection, path, self.config.national.environment, self.now().isoformat())
        get_logger().info("mirror.published", rows=rows)

    # --- the whole job ---

    def sync(self, code: str) -> Iterator[Step]:
        """Do the whole job for one agency: collect, resync, push and resolve until nothing is due, pull.

        Waits out holds of up to LONGEST_WAIT_S; what is due later stays for the next run. Raises as the stages do."""
        parts: tuple[tuple[str, Callable[[], Iterator[Step]]], ...] = (
            ("collect", lambda: as_steps("collect", self.collect(code))),
            ("resync", lambda: as_steps("resync", self.resync(code))),
            ("deliver", lambda: self.deliver(code)),
            ("pull", lambda: as_steps("pull", self.pull(code))),
        )
        for job, run in parts:
            total: Counter[str] = Counter()
            for step in run():
                total.update(step.counts)
                yield step
            self.note_success(code, job, total)
        self.anchor(code)

    def note_success(self, code: str, job: str, counts: Counts) -> None:
        """Note that a job (collect, resync, deliver, pull) did its work: for `status`, and for the daemon's plan.

        A run that was told to stop has not, nor has one that a guard, a channel on hold or the feed turned away."""
        turned_away = self.stop.is_set() or any(counts.get(name) for name in ("guard", "stopped", "paused", "clock"))
        turned_away = turned_away or (job == "reconcile" and not counts.get("compared"))
        if turned_away or (job == "deliver" and self._is_held(code)):
            return
        with self.store.write() as tx:
            marks.advance(tx, code, jobs.success_mark(job), "")

    def _is_held(self, code: str) -> bool:
        with self.store.read() as connection:
            return channel.state_of(connection, code, self.generation(code)).held_until is not None

    def is_failing(self, code: str, job: str, error: KntcError) -> bool:
        """Return whether a job has ended in this very error before, with no success since: then it has been told."""
        with suppress(KntcError), self.store.read() as connection:
            failed = jobs.failures(connection, code, [job]).get(job)
            return failed is not None and failed.what == _first_of(error).id
        return False

    def note_failure(self, code: str, job: str, error: KntcError) -> None:
        """Note that a job ended in an error: for `status`, until it succeeds again. Never raises: whoever calls has an
        error to tell, and where it is the store's own, nothing is written there."""
        if not isinstance(error, StoreError | LockedError | LockLostError):
            first = _first_of(error)
            self._note(code, job, first.id, first.values)

    def note_bug(self, code: str, job: str, error: Exception, where: str) -> None:
        """Note that a job ended in a fault of this program: its kind and place, never its text."""
        self._note(code, job, "E-BUG", {"error": type(error).__name__, "where": where})

    def note_shortfall(self, code: str, job: str, counts: Mapping[str, int]) -> None:
        """Note that a job ended without an error and yet did not do its work: stopped by a guard, by a feed that has
        forgotten us, or because the channel is cut off."""
        if counts.get("guard"):
            self._note(code, job, "guard", {})
        elif counts.get("stopped"):
            self._note(code, job, "E-FEED-CURSOR-EXPIRED", {"agency": code})
        elif job == "deliver" and self.is_cut_off(code):
            with self.store.read() as connection:
                rule = channel.state_of(connection, code, self.generation(code)).rule or ""
            self._note(code, job, "held", {"rule": rule})

    def _note(self, code: str, job: str, what: str, values: Mapping[str, str | float]) -> None:
        with suppress(KntcError), self.store.write() as tx:
            jobs.note_failure(tx, code, job, what, values)

    def deliver(self, code: str, longest_wait_s: float = LONGEST_WAIT_S) -> Iterator[Step]:
        """Attach, push and resolve in turn until nothing is due within `longest_wait_s`, or until `is_cut_off`."""
        for _ in range(ROUNDS):
            yield from self.send(code)
            for counts in self.resolve(code):
                yield Step("resolve", counts)
            wait_s = self.seconds_to_next(code)
            if self.stop.is_set() or wait_s is None or wait_s > longest_wait_s or self.is_cut_off(code):
                return
            if wait_s > 0:
                yield Step("wait", {"seconds": int(wait_s) + 1})
                self.stop.wait(wait_s)

    def is_cut_off(self, code: str) -> bool:
        """Return whether the agency's channel is held because nothing reached the national side, or it refused us."""
        with self.store.read() as connection:
            state = channel.state_of(connection, code, self.generation(code))
        return state.held_until is not None and _answer_of(state.rule) in CUT_OFF

    def seconds_to_next(self, code: str) -> float | None:
        """Return how long until something of this agency is due and may go (0: now), None if nothing waits for time."""
        due = self.next_due(code)
        return None if due is None else max((due - self.now()).total_seconds(), 0.0)

    def next_due(self, code: str) -> datetime | None:
        """Return when something of this agency is due and the channel lets it pass, as far as time alone decides."""
        context, now = self.context(code), self.now()
        with self.store.read() as connection:
            state = channel.state_of(connection, code, context.generation)
            credit = context.budget.credit_now(state.credit, state.credit_at, now)
            due = outbox.next_due(
                connection, code, context.generation, context.capabilities, now,
                farthest_s=context.farthest_s,
                repeats_from=now + timedelta(seconds=context.budget.seconds_to_one(credit)),
            )  # fmt: skip
            if self.agency(code).papers is not None and context.capabilities.attachments:
                content = contents.next_due(connection, code, context.generation, now)
                due = min((at for at in (due, content) if at is not None), default=None)
            if due is None or marks.channel_is_paused(connection, code):
                return None
        return max(due, state.free_at(now) or due)

    # --- what came of it ---

    def found(self, code: str, connection: Connection) -> Found:
        """Return where the agency's records stand, as of one reading."""
        context = self.context(code)
        taken = views.census(connection, code)
        return Found(
            states=views.counts(connection, code, taken),
            causes=views.causes(connection, code, taken),
            suspected=taken.returned_as("duplicate_suspected"),
            exposed=views.exposed_count(connection, code),
            blocked=waits.blocked_count(connection, code, context.generation, context.capabilities),
            books=tuple(books.of(connection, code, kind, taken) for kind in KINDS),
        )

    def exit_code_of(self, code: str, found: Found | None = None) -> ExitCode:
        """Return PARTIAL if the agency has any rejected, unknown, quarantined, blocked or returned record, an
        unbalanced sum, an unreadable item of the feed, an attachment that does not go, a guard that waits, or a record
        that is gone and asks for a decision; never set by hand. found: what was found already."""
        with self.store.read() as connection:
            stopped = marks.mark_of(connection, code, "pull.stopped")
            partial = (
                marks.open_guards(connection, code)
                or tombstones.undecided(connection, code)
                or unreadable.count(connection, code)
                or attachments.troubled_count(connection, code)
                or (stopped is not None and bool(stopped[0]))
                or (found or self.found(code, connection)).in_need
            )
        return ExitCode.PARTIAL if partial else ExitCode.DONE

    # --- before anything is done ---

    def ready(self) -> None:
        """Return if a job may begin. Raises DiskError (too little room) and StoreError (the file is damaged)."""
        readiness.room(self.config)
        readiness.whole(self.store, self.now())

    # --- locks ---

    @contextmanager
    def stage_lock(self, found_whole_s: float = FOUND_WHOLE_S) -> Iterator[None]:
        """Hold the lock that lets one run at a time touch source and network, then bind and rescue.

        Before that there must be room on the disk (DiskError), and the store must be whole (StoreError), or have been
        found so in the last `found_whole_s`.
        Free again after kill -9. Raises LockedError that names the holder. Once another run has taken over, every write
        raises LockLostError and is not done."""
        with self._run(found_whole_s) as held:
            self.bind(died=held.after_death)
            held.after_death = False
            yield

    @contextmanager
    def _run(self, found_whole_s: float = FOUND_WHOLE_S) -> Iterator[lock.Held]:
        """Hold the lock, under a new term: a run that slept while its lock was taken over can write nothing more."""
        readiness.room(self.config)
        with lock.held(self.config.data_dir, self.now()) as held:
            readiness.whole(self.store, self.now(), found_whole_s)
            with self.store.term():
                self.may_send = held.is_ours
                self._heed_places()
                yield held

    @contextmanager
    def reading_lock(self) -> Iterator[None]:
        """Hold the same lock for a comparison, which is possible where nothing else is: in a store that went back in
        time. Such a store is neither bound nor rescued. Raises LockedError."""
        with self._run() as held:
            if not any(self.lost(code) for code in self.agencies):
                self.bind(died=held.after_death)
                held.after_death = False
            yield

    def close(self) -> None:
        """Close the edges and the store."""
        for agency in self.agencies.values():
            agency.close()
        self.store.close()


def _first_of(error: KntcError) -> KntcError:
    """Return what is told of an error: of several problems the first."""
    return error.problems[0] if isinstance(error, ConfigError) and error.problems else error


def _answer_of(rule: str | None) -> str:
    """Return what was answered, without when it was asked and what exactly failed: `looked-first:nothing_sent:dns`."""
    return (rule or "").removeprefix("looked-first:").partition(":")[0]


@contextmanager
def _told_apart(agency: Agency) -> Iterator[None]:
    """Tell a query that can never be answered (MappingError: edit a file) from one that was not answered now."""
    try:
        yield
    except SourceError as error:
        if error.id == "E-SOURCE-QUERY":
            agency.source.probe()
        raise


def set_from_handler(event: threading.Event) -> None:
    """Set an event from a signal handler. Not directly: the interrupted thread may hold the event's own lock."""
    threading.Thread(target=event.set, name="signal", daemon=True).start()


# --- opening -------------------------------------------------------------------------------------------------------


@contextmanager
def open_app(
    config: Config,
    actor: Actor,
    *,
    create: bool = False,
    look: bool = False,
    right: Right = Right.WRITE,
    stop: threading.Event | None = None,
    now: Callable[[], datetime] = utc_now,
    jitter: Callable[[], float] = random.random,
) -> Iterator[App]:
    """Give an App for the configuration; close it at the end.

    create: make the store if there has never been one; look: nothing will be written to it; right: what may ever be
    done to it, READ for an App that several threads look through. Raises ConfigError with
    the problems of all mappings at once, StoreError, LockedError. Nothing is sent or read from a source by opening."""
    halt = stop or threading.Event()
    mappings, evidence = compile_mappings(config), _evidence_of(config)
    store = open_store(config, evidence, create=create, look=look, right=right, now=now)
    app = App(
        config=config,
        store=store,
        agencies=_agencies_of(config, mappings, evidence, halt),
        actor=actor,
        stop=halt,
        owner=_store_id(store),
        now=now,
        jitter=jitter,
    )
    try:
        yield app
    finally:
        app.close()


@contextmanager
def open_log(config: Config, now: Callable[[], datetime] = utc_now) -> Iterator[Store]:
    """Give the store with the right to add entries to its log and none to change anything else; close it at the end.

    Raises ConfigError, StoreError, LockedError."""
    store = open_store(config, _evidence_of(config), create=False, look=False, right=Right.APPEND, now=now)
    try:
        yield store
    finally:
        store.close()


def check_usable(config: Config) -> None:
    """Return if an App could be made of this configuration: its mappings compile, and its secrets, certificates,
    addresses and drivers are there. Raises ConfigError. Touches no store; nothing is sent, read from a source, or left
    open."""
    mappings, evidence = compile_mappings(config), _evidence_of(config)
    store_key_of(config)
    anchoring_of(config)
    auditor_of(config)
    for agency in _agencies_of(config, mappings, evidence, threading.Event()).values():
        agency.close()


def _evidence_of(config: Config) -> dict[str, bytes]:
    return {
        agency.code: read_hex_key(agency.evidence_key, config, f"agency.{index}.evidence_key")
        for index, agency in enumerate(config.agency)
    }


def _agencies_of(
    config: Config, mappings: Mapping[str, CompiledMapping], evidence: Mapping[str, bytes], stop: threading.Event
) -> dict[str, Agency]:
    return {
        section.code: agency_of(config, section, mappings[section.code], evidence[section.code], stop)
        for section in config.agency
    }


def _store_id(store: Store) -> str:
    """The owner of all claims in a store is whoever holds its stage lock, on whatever host and after any restart."""
    with store.read() as connection:
        return store_id(connection)
