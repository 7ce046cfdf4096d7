"""Whether the audit log and the ledger tell the same story: what the auditor's chain cannot show by itself.

A change of the ledger and its entry are one transaction, so every version's newest entry names the state that the
ledger shows. A row without entries, an entry without a row, or another state mean that somebody wrote past the log. So
does a text that is gone without its entry, or here although its entry says that it is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from connector import verifier
from connector.core.chain import Fields
from connector.store import pruned, receipts, retired
from connector.store.reasons import Commit
from connector.store.retired import Gone
from connector.store.tables import Delivery, table_of

_delivery = table_of(Delivery)

_Version = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many versions were compared and how many sendings the log knows; then the three ways to disagree.

    texts: how many texts are gone, or here, against what the log says. pruned_differs: the entry of a prune whose
    digest is not that of what is kept of its part, 0: none."""

    versions: int
    sendings: int
    without_entry: int
    without_row: int
    other_state: int
    receipts: tuple[int, int, int] = (0, 0, 0)
    """How many receipts there are, how many are not what their entries name, how many of those named are not there."""
    pruned_differs: int = 0
    texts: int = 0

    @property
    def faults(self) -> int:
        """How many versions disagree."""
        return self.without_entry + self.without_row + self.other_state + self.texts


@dataclass(frozen=True, slots=True)
class Story:
    """What a log tells of the ledger: how many sendings there were, the newest state of each version, the receipts
    that were named (hash -> kind, local id, version), and the texts that are gone."""

    sendings: int
    states: dict[_Version, str]
    receipts: dict[str, _Version]
    gone: Gone = field(default_factory=Gone)


def story_of(entries: Iterable[Fields]) -> Story:
    """Return what these entries tell, each as `chain.Following` gives it."""
    states: dict[_Version, str] = {}
    named: dict[str, _Version] = {}
    gone = Gone()
    sendings = 0
    for _, _, _, _, _, event, _, _, _, kind, local_id, version, facts, _, _ in entries:
        sendings += event == "delivery.claimed"
        if kind:
            gone.meet(event, (kind, local_id, version), facts)
        if kind and version and "state" in facts:
            states[(kind, local_id, version)] = facts["state"]
            if "receipt" in facts:
                named[str(facts["receipt"])] = (kind, local_id, version)
    return Story(sendings, states, named, gone)


def compare(connection: Connection, agency: str, story: Story, commit: Commit | None = None) -> Agreement:
    """Return how the ledger of an agency agrees with what its log tells, read in the same transaction.

    With `commit` (`Store.commitment`) also what lies beside the facts of a receipt is compared with them."""
    gone = pruned.standing(connection, agency)
    told: dict[_Version, str] = {}
    named: dict[str, _Version] = {}
    for kind, local_id, version, state, hashes in pruned.told(connection, agency) if gone else ():
        told[(kind, local_id, version)] = state
        named |= dict.fromkeys(hashes, (kind, local_id, version))
    told |= story.states
    held = without_entry = other_state = 0
    for kind, local_id, version, state in versions(connection, agency):
        said = told.pop((kind, local_id, version), None)
        held += 1
        without_entry += said is None
        other_state += said is not None and said != state
    kept = verifier.Receipts(named | story.receipts)
    for line in receipts.lines(connection, agency, commit):
        kept.meet(*line)
    differs = gone.seq if gone and pruned.told_digest(connection, agency) != gone.told else 0
    texts = retired.disagreeing(connection, agency, story.gone, is_pruned=gone is not None)
    return Agreement(held, story.sendings, without_entry, len(told), other_state, kept.counts, differs, texts)


def versions(connection: Connection, agency: str) -> Iterator[tuple[str, str, int, str]]:
    """Yield kind, local id, version and state of every version in the ledger."""
    columns = (_delivery.c.kind, _delivery.c.local_id, _delivery.c.version, _delivery.c.state)
    for row in connection.execute(select(*columns).where(_delivery.c.agency == agency)):
        yield row.kind, row.local_id, row.version, row.state
