"""Checkpoints: the end of an agency's log, signed, and kept where whoever can change the store cannot reach.

A chain alone cannot show that its end was cut, or that all of it was written anew; a head file beside the store goes
back in time with it. So the head is also signed, by count and by time, and written to places elsewhere. The next run
asks those places first: if one of them knows more of the log than the store does, the store went back in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from connector import verifier
from connector.core import checkpoints
from connector.core.chain import Head
from connector.core.model import Actor, Event
from connector.errors import AnchorError, ConfigError
from connector.store import audit, marks, pruned
from connector.store.db import Store, store_id
from connector.store.places import Places
from connector.verifier import KEY_ROTATED, Checkpoint, Fault, Ground, key_id

_KEY = "audit.key"
"""The mark that holds the public key which the log named last."""

_CHECKPOINT = "audit.checkpoint"
"""The mark that holds the place of the entry that was signed last."""


@dataclass(frozen=True, slots=True)
class Anchoring:
    """What checkpoints are made with: the private key, where they go, how often, and how it came by its place: facts of
    entries, by agency, that may be lost with a store (see `announce`)."""

    seed: bytes
    places: Places
    entries: int
    every_s: float
    handovers: tuple[tuple[str, Mapping[str, Any]], ...] = ()


def announce(store: Store, agency: str, anchoring: Anchoring, actor: Actor) -> None:
    """Write down which public key signs from now on, once. Raises ConfigError where the log names another: a key takes
    the place of another by `rotate` alone.

    A store that was put back from before a change of keys is told of that change again: what both keys signed then lies
    beside the key, and the old private one is gone."""
    public = checkpoints.public_of(anchoring.seed).hex()
    known = announced(store, agency)
    if not known:
        with store.write() as tx:
            facts = checkpoints.first_key(agency, anchoring.seed)
            tx.audit(Event("audit.key_made", agency, actor, tx.now, facts=facts))
            marks.advance(tx, agency, _KEY, public)
        return
    missing: list[Mapping[str, Any]] = []
    while known != public:
        told = [facts for code, facts in anchoring.handovers if (code, facts.get("old")) == (agency, known)]
        if not told or told[-1] in missing or not _is_handover(agency, told[-1]):
            raise ConfigError("E-AUDIT-KEY-CHANGED", agency=agency, known=known[:16], found=public[:16])
        missing.append(told[-1])
        known = str(told[-1]["public"])
    if missing:
        with store.write() as tx:
            for handover in missing:
                tx.audit(Event("audit.key_rotated", agency, actor, tx.now, facts=handover))
            marks.advance(tx, agency, _KEY, public)


def _is_handover(agency: str, facts: Mapping[str, Any]) -> bool:
    old = bytes.fromhex(facts["old"])
    return not verifier.trusted_keys(agency, [(0, KEY_ROTATED, facts)], [old], checkpoints.is_signed)[1]


def rotate(store: Store, agencies: list[str], anchoring: Anchoring, new: bytes, actor: Actor) -> None:
    """Let the new key take the place of the old one in the logs of these agencies, all at once, signed by both.

    From the commit on, only the new key signs: the caller then puts it where the old one was."""
    for agency in agencies:
        announce(store, agency, anchoring, actor)
    with store.write() as tx:
        for agency in agencies:
            facts = checkpoints.next_key(agency, anchoring.seed, new)
            tx.audit(Event("audit.key_rotated", agency, actor, tx.now, facts=facts))
            marks.advance(tx, agency, _KEY, facts["public"])


def announced(store: Store, agency: str) -> str:
    """Return the public key, in hex, that the log names; "" if it names none."""
    with store.read() as connection:
        known = marks.mark_of(connection, agency, _KEY)
    return known[0] if known else ""


def handovers(store: Store, agencies: list[str]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the changes of keys that the logs tell of, oldest first: agency, and the facts of the entry."""
    with store.read() as connection:
        events = [(agency, audit.key_events(connection, agency)) for agency in agencies]
    return [(agency, facts) for agency, told in events for _, name, facts in told if name == KEY_ROTATED]


def is_due(store: Store, agency: str, anchoring: Anchoring, now: datetime) -> bool:
    """Return whether the log has grown by enough entries, or has grown and waited long enough, since the last one."""
    with store.read() as connection:
        head, last = audit.head_of(connection, agency), marks.mark_of(connection, agency, _CHECKPOINT)
    if last is None or head.seq < int(last[0]):  # a store that was put back: everything newer was lost
        return head.seq > 0
    waited = not timedelta() <= now - last[1] < timedelta(seconds=anchoring.every_s)
    return head.seq - int(last[0]) >= anchoring.entries or (head.seq > int(last[0]) and waited)


def newest_signed(connection: Connection, agency: str) -> tuple[int, datetime] | None:
    """Return the place of the entry that was signed last, and when that was; None before the first time."""
    last = marks.mark_of(connection, agency, _CHECKPOINT)
    return None if last is None else (int(last[0]), last[1])


def checkpoint(store: Store, agency: str, anchoring: Anchoring, actor: Actor, now: datetime) -> Head:
    """Sign the end of the log, keep it in every place, and return it. The log itself does not grow by that.

    Raises AnchorError, with everything done, if a place did not take it; OSError if our own folder did not.
    If the process dies before the mark, the same end is signed again, under the same name: one of the two stays."""
    announce(store, agency, anchoring, actor)
    with store.read() as connection:
        store.heads.check(connection, agency)
        head, store_ = audit.head_of(connection, agency), store_id(connection)
    places = anchoring.places
    public = checkpoints.public_of(anchoring.seed)
    places.keep(agency, f"key-{key_id(agency, public).hex()}.txt", f"{public.hex()}\n")
    places.keep(agency, checkpoints.name_of(head), checkpoints.written(anchoring.seed, store_, head, now))
    with store.write() as tx:
        marks.advance(tx, agency, _CHECKPOINT, str(head.seq))
    if failed := places.spread(agency):
        raise AnchorError("E-CHECKPOINT-PLACE", agency=agency, places=", ".join(map(str, failed)))
    return head


def heed(store: Store, agency: str, anchoring: Anchoring) -> None:
    """Move the head file forward to what a place knows, where the store does not know it: then the store is refused as
    any other that went back in time, although it and its head file were put back together.

    Only what our own key has signed for this store counts, and no tail that a person accepted as lost. A store that has
    signed nothing itself, where a place knows another one of this agency, began anew: then the other's end counts."""
    with store.read() as connection:
        head, store_ = audit.head_of(connection, agency), store_id(connection)
    on_file = store.heads.read(agency)
    public = checkpoints.public_of(anchoring.seed)
    newer = anchoring.places.newest(agency, max(head.seq, on_file.seq if on_file else 0))
    ours = (one for one in newer if _is_ours(one, agency, store_, public))
    if (first := next(ours, None)) is None:
        _heed_another(store, agency, anchoring.places, public)
        return
    with store.read() as connection:
        lost = audit.acceptances(connection, agency)
    for one in (first, *ours):
        if not any(begin <= one.seq <= end.seq for begin, end in lost):
            store.heads.write([Head(agency, one.seq, one.hash)])
            return


def _heed_another(store: Store, agency: str, places: Places, public: bytes) -> None:
    """The same, for a store that was made anew while the log of the one before it is known elsewhere.

    Not before this one has a log of its own: there must be something in which a person can accept the loss."""
    with store.read() as connection:
        head, store_ = audit.head_of(connection, agency), store_id(connection)
        signed = marks.mark_of(connection, agency, _CHECKPOINT)
        lost = {end for _, end in audit.acceptances(connection, agency)}
    if signed is not None or not head.seq:
        return
    for one in places.newest(agency, 0):
        if one.store != store_ and _is_ours(one, agency, one.store, public):
            end = Head(agency, one.seq, one.hash)
            if end not in lost:
                store.heads.write([end])
            return


def _is_ours(one: Checkpoint, agency: str, store_: str, public: bytes) -> bool:
    return (one.agency, one.store) == (agency, store_) and checkpoints.is_signed(
        public, one.text.encode(), one.signature
    )


# --- verifying -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Brought:
    """What an auditor brings along: checkpoints that he kept, public keys, and the code of one on paper."""

    checkpoints: tuple[tuple[str, bytes], ...] = ()
    keys: tuple[bytes, ...] = ()
    paper: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Anchored:
    """How many checkpoints agree with a log, of how many; the keys that they may be signed by; and what is wrong."""

    good: int
    of: int
    keys: tuple[bytes, ...]
    faults: tuple[Fault, ...]
    paper_seq: int = 0


def compare(connection: Connection, agency: str, head_seq: int, places: Places, brought: Brought) -> Anchored:
    """Compare a log, whose chain has been verified up to `head_seq`, with every checkpoint that can be found."""
    theirs, ours = verifier.read_checkpoints(brought.checkpoints), verifier.read_checkpoints(places.files(agency))
    found, unread = [*theirs[0], *ours[0]], [*theirs[1], *ours[1]]
    keys, doubts = verifier.trusted_keys(
        agency, audit.key_events(connection, agency), brought.keys, checkpoints.is_signed
    )
    wanted = {one.seq for _, one in found} | ({brought.paper[0]} if brought.paper else set())
    lost = [(seq, head.seq, at) for seq, head, at in audit.acceptances_at(connection, agency)]
    before = pruned.beginning(connection, agency)
    hashes = audit.hashes_at(connection, agency, wanted) | {before.seq: before.hash}
    ground = Ground(agency, store_id(connection), keys, head_seq, hashes, lost, before=before.seq)
    good, wrong = verifier.judge(found, ground, checkpoints.is_signed)
    on_paper = verifier.judge_paper(brought.paper, ground) if brought.paper else []
    out_of_reach = verifier.judge_reach((theirs[0], ours[0]), ground)
    faults = verifier.ranked([*doubts, *wrong, *on_paper, *unread, *out_of_reach])
    return Anchored(
        good, len(found) + len(unread), tuple(keys), tuple(faults), brought.paper[0] if brought.paper else 0
    )
