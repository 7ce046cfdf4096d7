"""Retention: what was accepted or superseded goes, so many days later; what was sealed goes once its case is over.

    in clear    sealed to the auditor's key where there is one, else erased
    sealed      erased so many months after its case was closed (core/closing.py), sooner where it is a denunciation's

Nothing goes of a case that a person holds (`kntc hold`). Some hundred texts a transaction, each with its entry: if the
process dies anywhere, what is not committed is still here, and the next run begins with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from connector.core.closing import closed_since
from connector.core.keeping import months_after
from connector.core.sealing import AuditorKey
from connector.core.signs import CLOCK
from connector.stages.context import Context, Counts
from connector.store import cases, holds, marks, retired, retiring, signs
from connector.store.cases import Case
from connector.store.retired import Clear, Sealed
from connector.store.retiring import Fields

TEXTS_A_COMMIT = 200
SEALED_MARK = "retention.sealed"


@dataclass(frozen=True, slots=True)
class Terms:
    """How long texts stay: days in clear after acceptance, 0: for ever; months sealed after their case was closed, in
    general and where it is a denunciation's. `auditor`: to whose key they are sealed, None: erased instead; `fields`:
    what is known of each kind's documents."""

    days: int
    sealed_months: int
    sealed_months_c3: int
    auditor: AuditorKey | None
    fields: Fields


def retire(context: Context, terms: Terms, most: int | None = None) -> Iterator[Counts]:
    """Seal and erase what is due of one agency; yield counts after each commit: sealed, erased, held, open.

    most: so many texts in clear go in this run, and so many sealed ones are looked at, from where the run before
    stopped: nothing else happens meanwhile, and the next run goes on. None: all of them.
    `clock`: nothing goes, for this machine's clock is far from the nation's; what is erased by a wrong one is lost."""
    if _is_clock_off(context):
        yield {"clock": 1}
        return
    if terms.days:
        yield from _retire_clear(context, terms, most)
    yield from _erase_sealed(context, terms, most)


def foresee_retired(context: Context, terms: Terms) -> Iterator[Counts]:
    """Say what `retire` would do, over all that is sealed; write nothing."""
    if _is_clock_off(context):
        yield {"clock": 1}
        return
    before, after = context.now() - timedelta(days=terms.days), 0
    while terms.days:
        with context.store.read() as connection:
            ids = retired.candidates(connection, context.agency, before, after, TEXTS_A_COMMIT)
            going, held = _free(connection, context.agency, retired.due(connection, context.agency, before, ids))
        if not ids:
            break
        after = ids[-1]
        yield {"sealed" if terms.auditor else "erased": len(going), "held": held}
    after = 0
    while True:
        with context.store.read() as connection:
            page = retired.sealed(connection, context.agency, after, TEXTS_A_COMMIT)
            going_, counts = _over(connection, context.agency, page, terms, context.now())
        if not page:
            return
        after = page[-1].delivery_id
        yield {**counts, "erased": len(going_)}


def _retire_clear(context: Context, terms: Terms, most: int | None) -> Iterator[Counts]:
    before, after, gone = context.now() - timedelta(days=terms.days), 0, 0
    while not context.stop.is_set() and (most is None or gone < most):
        with context.store.read() as connection:
            ids = retired.candidates(connection, context.agency, before, after, TEXTS_A_COMMIT)
        if not ids:
            return
        after = ids[-1]
        with context.store.write() as tx:
            texts = retired.due(tx.connection, context.agency, before, ids)
            going, held = _free(tx.connection, context.agency, texts)
            if terms.auditor is not None:
                retiring.seal(tx, going, terms.auditor, terms.fields, context.actor)
            else:
                retiring.erase(tx, going, terms.fields, context.actor)
        # If the process dies here, these are gone and the log says so; the rest is still here, and due.
        gone += len(going)
        yield {"sealed" if terms.auditor else "erased": len(going), "held": held}


def _erase_sealed(context: Context, terms: Terms, most: int | None) -> Iterator[Counts]:
    with context.store.read() as connection:
        mark = marks.mark_of(connection, context.agency, SEALED_MARK) if most is not None else None
    after, looked_at = int(mark[0]) if mark else 0, 0
    while not context.stop.is_set() and (most is None or looked_at < most):
        with context.store.read() as connection:
            page = retired.sealed(connection, context.agency, after, TEXTS_A_COMMIT)
        if not page and not after:
            return  # nothing is sealed
        after = page[-1].delivery_id if page else 0
        looked_at += len(page)
        with context.store.write() as tx:
            going, counts = _over(tx.connection, context.agency, page, terms, context.now())
            retiring.erase_sealed(tx, going, context.actor)
            marks.advance(tx, context.agency, SEALED_MARK, str(after))
        # If the process dies here, these are erased and the log says so; the next run goes on after them.
        if not page:
            return
        yield {**counts, "erased": len(going)}


def _is_clock_off(context: Context) -> bool:
    with context.store.read() as connection:
        return CLOCK in signs.of(connection, context.agency)


def _free(connection: Connection, agency: str, texts: Sequence[Clear]) -> tuple[list[Clear], int]:
    """Return the texts of cases that nobody holds, and how many are held."""
    held = holds.held(connection, agency)
    going = [one for one in texts if one.key not in held]
    return going, len(texts) - len(going)


def _over(
    connection: Connection, agency: str, page: Sequence[Sealed], terms: Terms, now: datetime
) -> tuple[list[Sealed], Counts]:
    """Return the sealed texts whose case has been closed for long enough, and how many others are held or open."""
    held = holds.held(connection, agency)
    found = cases.of_records(connection, agency, {one.key for one in page})
    counts: Counter[str] = Counter()
    going = []
    for one in page:
        if one.key in held:
            counts["held"] += 1
        elif _is_over(found[one.key], terms.sealed_months_c3 if one.concealed else terms.sealed_months, now):
            going.append(one)
        else:
            counts["open"] += 1
    return going, counts


def _is_over(case: Case, months: int, now: datetime) -> bool:
    since = closed_since(case.parts)
    return since is not None and months_after(since, months) <= now
