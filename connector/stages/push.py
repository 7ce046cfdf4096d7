"""Push: claim what is due, send it, write down what became of it.

    COMMIT 2  outbox.claim     the intent is on disk before the first byte leaves
              national.submit  in worker threads, which never touch the store
    COMMIT 3  answers.finish   some hundreds of outcomes per commit

A process that dies between the two leaves its claims in `sending`; the next start makes them unknown, and the
ordinary resolve stage looks for them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connector.core import lifecycle, pacing
from connector.core.lifecycle import Probable
from connector.core.model import Delivery, Outcome, Receipt, Sighting, SightingName, State, Verdict, VerdictName
from connector.errors import KntcError, LockedError, LockLostError
from connector.logs import get_logger
from connector.national.base import National
from connector.stages import gate
from connector.stages.context import Context, Counts
from connector.stages.meter import Meter
from connector.store import acceptance, answers, channel, outbox
from connector.store.channel import Signal

FINISH_ROWS = 200
"""Outcomes per commit: a synchronous commit is the dear thing, so they share one."""

FINISH_TRIES = 6
"""Each waits for the store as long as `busy_timeout_s` says; after the last, the next push makes them unknown."""

LEASE_SHARE = 0.5
"""A claim older than this share of its lease is given back unsent: what is sent must end while the lease holds, or
whoever takes it over looks before the last byte has left."""

_UNSENT = frozenset({"stopping", "lock-lost", "channel-held", "claim-expired", "paced"})
"""Rules of deliveries that were claimed but never handed to the network: they say nothing of the channel."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is sent at a time."""

    workers: int
    rows: int
    body_bytes: int
    lease_s: float


@dataclass(frozen=True, slots=True)
class Turnstile:
    """What every worker passes before it sends: not after a halt, not too late, and not beyond the rate limit."""

    send_until: datetime
    send_until_s: float  # the same by the monotonic clock, which stands still while the machine sleeps
    gauge: Meter
    halt: threading.Event = field(default_factory=threading.Event)


def push(context: Context, national: National, effort: Effort) -> Iterator[Counts]:
    """Send until nothing is due, the gate is closed, or `stop` is set; yield counts by state after each commit.

    Raises LockLostError once the stage lock is not ours any more: what was claimed then is pending again, unless
    another run has taken it over.

    `held`, `paced`, `paused`: why the gate is closed. What could not be sent any more after a stop or a hold, or in the
    present window of the rate limit, is pending again, its attempt given back."""
    _rescue(context, died=False)
    gauge = gate.meter(context)
    requests = 1 if context.capabilities.carried <= context.capabilities.create_idempotent else 2
    with _faults_count(context), ThreadPoolExecutor(effort.workers, thread_name_prefix="push") as pool:
        while not context.stop.is_set():
            if not context.may_send():
                raise LockLostError("E-LOCK-DELETED")
            leave = gate.leave(context, national, gauge, effort.rows, requests)
            if leave.why:
                yield {leave.why: 1}
                return
            share_s = effort.lease_s * LEASE_SHARE
            turnstile = Turnstile(context.now() + timedelta(seconds=share_s), context.monotonic() + share_s, gauge)
            claimed = _claim(context, effort, leave.rows)
            # If the process dies from here on, these rows are `sending`: bytes may or may not have left.
            if not claimed:
                return
            yield from _send(context, national, pool, claimed, turnstile)


def _rescue(context: Context, *, died: bool) -> None:
    """Nothing of ours is on its way outside of a push: what is still `sending` was left by one that broke off."""
    with context.store.write() as tx:
        outbox.rescue(
            tx, context.agency, context.generation, context.capabilities, context.owner, context.actor, died=died
        )


@contextmanager
def _faults_count(context: Context) -> Iterator[None]:
    """Let a fault of this program count like a death: a record that no answer can be written down of would else be
    claimed for ever. What the disk or another program did to us does not count."""
    try:
        yield
    except KntcError:
        raise
    except Exception:
        with suppress(KntcError):
            _rescue(context, died=True)
        raise


def _claim(context: Context, effort: Effort, rows: int) -> list[Delivery]:
    """Claim at most `rows`, as many repeated attempts as there is credit for, and book them."""
    with context.store.write() as tx:
        state = channel.state_of(tx.connection, context.agency, context.generation)
        acceptance.doubt_read_since(tx, context.agency, context.generation, context.capabilities, context.actor)
        credit = context.budget.credit_now(state.credit, state.credit_at, tx.now)
        claimed = outbox.claim(
            tx,
            context.agency,
            context.generation,
            context.capabilities,
            owner=context.owner,
            lease_s=effort.lease_s,
            rows=rows,
            body_bytes=effort.body_bytes,
            actor=context.actor,
            farthest_s=context.farthest_s,
            repeats=credit // pacing.WHOLE,
            turn=state.turn,
        )
        repeats = sum(delivery.attempt > 1 for delivery in claimed)
        if claimed:
            firsts = len(claimed) - repeats
            channel.spend(tx, context.agency, context.generation, context.budget, firsts, repeats)
    return claimed


def _send(
    context: Context,
    national: National,
    pool: ThreadPoolExecutor,
    claimed: Sequence[Delivery],
    turnstile: Turnstile,
) -> Iterator[Counts]:
    """Submit the claimed deliveries and write the outcomes down in groups, as they come."""
    gathered: list[tuple[Delivery, Outcome]] = []
    waiting = len(claimed)
    try:
        for delivery, outcome in _answered(context, national, pool, claimed, turnstile):
            waiting -= 1
            if outcome.verdict.name is VerdictName.HOLD:
                turnstile.halt.set()  # who has not started yet stays here; the others finish
            gathered.append((delivery, outcome))
            if len(gathered) >= FINISH_ROWS or not waiting:
                yield _finish_patiently(context, gathered, turnstile.gauge)
                # If the process dies here, these answers are on disk, and the rest is still `sending`.
                gathered = []
    finally:
        turnstile.halt.set()  # where no answer can be written down any more, nothing more is sent


def _answered(
    context: Context,
    national: National,
    pool: ThreadPoolExecutor,
    claimed: Sequence[Delivery],
    turnstile: Turnstile,
) -> Iterator[tuple[Delivery, Outcome]]:
    """Give each delivery with its outcome as it comes. Where nobody knows of a rate limit yet, one goes ahead."""
    ahead = 1 if turnstile.gauge.blind else 0
    for group in (claimed[:ahead], claimed[ahead:]):
        futures = {pool.submit(_submit, context, national, delivery, turnstile): delivery for delivery in group}
        for future in as_completed(futures):
            yield futures[future], _outcome_of(future, futures[future])


def _submit(context: Context, national: National, delivery: Delivery, turnstile: Turnstile) -> Outcome:
    """In a worker thread: send one delivery, unless there is no more sending."""
    recourse = lifecycle.recourse_of(delivery.key.kind, delivery.refs.own, context.capabilities)
    looks_first = recourse.findable and not recourse.repeatable
    requests = 1 + looks_first
    rule = _no_more(context, turnstile)
    if rule or not turnstile.gauge.take(requests):
        return Outcome(delivery.id, Verdict(VerdictName.HOLD, rule or "paced"), None, 0.0)
    outcome: Outcome | None = None
    try:
        seen = national.find(delivery) if looks_first else None
        outcome = _already_there(delivery, seen, context.probable_cases) if seen else None
        outcome = outcome or national.submit(_as_seen(delivery, seen) if seen else delivery)
    finally:
        turnstile.gauge.answered(requests, outcome.rate if outcome else None)
    return outcome


def _no_more(context: Context, turnstile: Turnstile) -> str:
    """Return why a claimed delivery is not handed to the network any more, "" if it is."""
    if context.stop.is_set():
        return "stopping"
    if turnstile.halt.is_set():
        return "channel-held"
    if not context.may_send():
        return "lock-lost"
    in_time = context.now() < turnstile.send_until and context.monotonic() < turnstile.send_until_s
    return "" if in_time else "claim-expired"


def _already_there(delivery: Delivery, seen: Sighting, policy: Probable) -> Outcome | None:
    """Where a repeated create counts twice, look first: our ledger may be younger than what was sent, and others may
    have made the case. None: send."""
    probable = 0 if delivery.refs.own else len(seen.candidates)  # an update makes no case
    verdict = lifecycle.before_sending(seen.name, probable, policy, decided=delivery.create_decided)
    if verdict is None:
        return None
    receipt = seen.receipt
    if verdict is VerdictName.DELIVERED and receipt is None:  # the policy's word, about the only candidate
        receipt = Receipt(seen.candidates[0].national_id, delivery.version, delivery.digest, None, "linked")
    return Outcome(
        delivery.id,
        Verdict(verdict, f"looked-first:{seen.rule}", receipt, retry_after_s=seen.retry_after_s),
        seen.http_status,
        seen.elapsed_s,
        candidates=seen.candidates if verdict is VerdictName.ASK else (),
        rate=seen.rate,
        answered=seen.answered,
    )


def _as_seen(delivery: Delivery, seen: Sighting) -> Delivery:
    """An older version is there whose receipt we do not have: what goes is its update, not a second create."""
    if seen.name is not SightingName.OLDER or seen.receipt is None or delivery.refs.own:
        return delivery
    return replace(delivery, refs=replace(delivery.refs, own=seen.receipt.national_id))


def _outcome_of(future: Future[Outcome], delivery: Delivery) -> Outcome:
    """Return the outcome. An exception is a bug of ours, and then nobody knows whether bytes have left."""
    error = future.exception()
    if error is None:
        return future.result()
    get_logger().error("job.failed", job="push", kind=delivery.key.kind, error=type(error).__name__)
    return Outcome(delivery.id, Verdict(VerdictName.UNKNOWN, "bug"), None, 0.0)


def _finish_patiently(context: Context, gathered: Sequence[tuple[Delivery, Outcome]], gauge: Meter) -> Counts:
    """Write the answers down, also while another program holds the store: these answers exist only here."""
    for _ in range(FINISH_TRIES - 1):
        try:
            return _finish(context, gathered, gauge)
        except LockedError as error:
            get_logger().warning("job.failed", job="push", error_id=error.id)
    return _finish(context, gathered, gauge)


def _finish(context: Context, gathered: Sequence[tuple[Delivery, Outcome]], gauge: Meter) -> Counts:
    outcomes = [outcome for _, outcome in gathered]
    signals = [_signal(delivery, outcome) for delivery, outcome in gathered if outcome.verdict.rule not in _UNSENT]
    clockwork = answers.Clockwork(context.limits, context.jitter)
    with context.store.write() as tx:
        moved = answers.finish(tx, outcomes, context.generation, context.capabilities, clockwork, context.actor)
        gate.observe(context, tx, signals)
        channel.keep_pace(tx, context.agency, context.generation, gauge.pace())
    _log(gathered, moved)
    counts: dict[str, int] = {str(state): count for state, count in moved.items()}
    counts["asked"] = sum(outcome.verdict.name is VerdictName.ASK for outcome in outcomes)
    counts["unknown"] = max(counts.get("unknown", 0) - counts["asked"], 0)  # of those nothing was sent, so nothing lost
    counts["requests"] = sum(outcome.verdict.rule not in _UNSENT for outcome in outcomes)
    counts["waits"] = sum(signal.hold for signal in signals)
    counts["busy"] = sum(signal.hold and "busy" in signal.rule.split(":") for signal in signals)
    return {name: count for name, count in counts.items() if count}


def _log(gathered: Sequence[tuple[Delivery, Outcome]], moved: Mapping[State, int]) -> None:
    log = get_logger()
    for delivery, outcome in gathered:
        log.debug(
            "request.finished",
            agency=delivery.key.agency,
            kind=delivery.key.kind,
            local_id=delivery.key.local_id,
            version=delivery.version,
            attempt=delivery.attempt,
            verdict=outcome.verdict.name,
            rule=outcome.verdict.rule,
            http_status=outcome.http_status,
            elapsed_s=round(outcome.elapsed_s, 3),
        )
    agency = gathered[0][0].key.agency
    log.info("batch.finished", agency=agency, stage="push", states={str(s): n for s, n in moved.items()})


def _signal(delivery: Delivery, outcome: Outcome) -> Signal:
    unknown = outcome.verdict.name is VerdictName.UNKNOWN
    return Signal(
        hold=outcome.verdict.name is VerdictName.HOLD,
        unknown_key=str(delivery.key) if unknown else None,
        rule=outcome.verdict.rule,
        retry_after_s=outcome.verdict.retry_after_s,
    )
