"""Mending: carry out exactly the plan of the newest comparison, on a named person's word. No request leaves here.

COMMIT    the word; where the store went back in time, that a tail is lost, and whatever could have been sent since
COMMIT    per some hundred items: what they move, their audit entries, their outcomes
COMMIT    the sums

What an item puts on its way is looked for and sent by the ordinary stages, under every hold, guard and pause.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from connector.core.chain import Head
from connector.errors import DataError
from connector.stages.context import Context, Counts
from connector.store import acceptance, comparisons, mends

ITEMS_A_COMMIT = 100


def mend(context: Context, plan: str, reason: str) -> Iterator[Counts]:
    """Carry out a plan; yield counts by outcome after each commit. One that broke off is gone on with.

    Raises DataError: E-RECONCILE-PLAN (not the newest comparison's plan, or the store went back again since),
    E-PLAN-DONE."""
    with context.store.read() as connection:
        run = mends.run_of_plan(connection, context.agency, plan)
    with context.store.read() as connection:
        lost = context.store.heads.lost(connection, context.agency)
    judged = Head(context.agency, run.lost_seq, run.lost_hash) if run.lost_seq is not None else None
    if lost is not None and lost != judged:
        raise DataError("E-RECONCILE-PLAN", plan=plan[:40])
    with context.store.write(lost) as tx:
        doubted = 0
        if lost is not None:
            doubted = acceptance.accept(
                tx, context.agency, lost, context.generation, context.capabilities, plan, context.actor, reason
            )
        mends.approve(tx, run, context.actor, reason)
    # If the process dies before the head file is replaced, the chain names the very head that the file holds, so the
    # next start believes it and replaces the file. From here on nothing but the remaining items is missing: approving
    # the same plan again goes on with them.
    if doubted:
        yield {"doubted": doubted}
    while not context.stop.is_set():
        with context.store.write() as tx:
            items = list(comparisons.items(tx.connection, run.id, fixable=True, undone=True, limit=ITEMS_A_COMMIT))
            outcomes = Counter(
                mends.carry_out(tx, item, context.generation, context.capabilities, context.actor, reason)
                for item in items
            )
            if not items:
                mends.finish(tx, run, context.actor)
        # If the process dies here, these items are done and say so; the rest waits for the same approval again.
        if not items:
            return
        yield dict(outcomes)
