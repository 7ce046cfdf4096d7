"""`kntc audit log` and `kntc audit verify`: the synchronisation log, read and proven. Reads only.

Verifying proves that nothing was changed, removed or added after it was written; it does not prove that what stood in
the source was right, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli import evidence, exporting, failing
from connector.cli.evidence import Proof
from connector.cli.opening import AgencyOption, Desk, JsonOption, desk_of, opened
from connector.errors import ExitCode, KntcError, RolledBackError, StoreError
from connector.telling import naming, timeline
from connector.telling.words import utc

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.chain import Head
    from connector.core.model import Entry, Kind
    from connector.stages.anchor import Brought
    from connector.store.stories import Moment

_MISSING = ("E-STORE-GONE", "E-STORE-HEAD-MISSING", "E-STORE-ABSENT")


def log(
    ctx: typer.Context,
    record: Annotated[list[str] | None, typer.Argument()] = None,
    agency: AgencyOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000_000)] = 50,
    as_json: JsonOption = False,
) -> None:
    """Print the newest entries of the log, of all records or of one."""
    desk = desk_of(ctx, as_json=as_json)
    with opened(desk) as app:
        if record:
            key = naming.find(app, desk.agencies(agency), record)
            codes, kind, local_id = [key.agency], key.kind, key.local_id
        else:
            codes, kind, local_id = desk.agencies(agency), None, None
        shown = {code: _newest(app, code, kind, local_id, limit) for code in codes}
        if as_json:
            entries = [_entry_as_json(entry, moment) for found in shown.values() for entry, moment in found]
            desk.screen.json("audit log", desk.environment, at=app.now(), entries=entries)
            return
        for code, found in shown.items():
            desk.screen.heading(f"{desk.say('audit.title')} {code}", desk.environment_label)
            width = max((len(desk.say.number(entry.seq)) for entry, _ in found), default=0)
            begins = _begins(app, code) if len(found) < limit else 1
            if begins > 1:
                desk.screen.line(desk.say("audit.begins", first=begins))
            for entry, moment in found:
                _print_entry(desk, entry, moment, width)
            if not found and begins == 1:
                desk.screen.line(desk.say("audit.empty"))


def _begins(app: App, code: str) -> int:
    """Return the first entry of the log: 1 unless it was pruned."""
    from connector.store import pruned

    with app.store.read() as connection:
        return pruned.first(connection, code).seq + 1


def _newest(app: App, code: str, kind: Kind | None, local_id: str | None, limit: int) -> list[tuple[Entry, Moment]]:
    """Return the newest entries, oldest first, each also taken apart and with the reason that a person gave."""
    import orjson

    from connector.store import audit, stories

    with app.store.read() as connection:
        kept = audit.page(connection, code, kind=kind, local_id=local_id, limit=limit).entries[::-1]
        fields = {entry.seq: orjson.loads(entry.content) for entry in kept}
        return list(zip(kept, stories.told(connection, code, fields, app.store.commitment), strict=True))


def _entry_as_json(entry: Entry, moment: Moment) -> dict[str, Any]:
    import orjson

    fields = orjson.loads(entry.content)
    return {
        "agency": entry.agency,
        "seq": entry.seq,
        "at": fields[4],
        "event": fields[5],
        "actor": fields[6],
        "authenticated": fields[7],
        "trigger": fields[8],
        "kind": fields[9],
        "local_id": fields[10],
        "version": fields[11],
        "facts": fields[12],
        "program": fields[13],
        "hash": entry.hash,
        "reason": moment.reason.standing if moment.reason else "",  # its words are free text, which no JSON carries
    }


def _print_entry(desk: Desk, entry: Entry, moment: Moment, width: int) -> None:
    import orjson

    fields = orjson.loads(entry.content)
    subject = f"{desk.say.label('kind', fields[9])} {fields[10]}: " if fields[9] else ""
    by = desk.say("audit.by", by=moment.actor, trigger=desk.say.label("trigger", moment.trigger))
    label = f"{desk.say.number(entry.seq):>{width}}  {desk.say.second(moment.at)}"
    desk.screen.pair(label, f"{subject}{timeline.sentence(desk, moment)} {by}", width=max(20, len(label) + 2))


# --- verify --------------------------------------------------------------------------------------------------------


def verify(
    ctx: typer.Context,
    export: Annotated[list[Path] | None, typer.Argument(exists=True)] = None,
    agency: AgencyOption = None,
    checkpoints: Annotated[Path | None, typer.Option("--checkpoints", exists=True, file_okay=False)] = None,
    key: Annotated[list[str] | None, typer.Option("--key")] = None,
    paper: Annotated[str | None, typer.Option("--paper")] = None,
    as_json: JsonOption = False,
) -> None:
    """Follow the chain, compare it with the head file, the checkpoints and the ledger, and say what that proves: of the
    store, or of exports, which must join."""
    from connector import verifier

    desk = desk_of(ctx, as_json=as_json)
    brought = evidence.brought(checkpoints, key or [], paper)
    if export:
        proofs, code = exporting.prove(desk, export, brought)
    else:
        codes = [desk.one_agency(agency)] if paper else desk.agencies(agency)
        proofs = _prove_store(desk, codes, brought)
        code = verifier.gravest(int(proof.exit_code) for proof in proofs)
    worst = ExitCode(code)
    if as_json:
        agencies = [_as_json(proof) for proof in proofs]
        desk.screen.json("audit verify", desk.environment, agencies=agencies, exit_code=int(worst))
    for proof in proofs:
        _print_proof(desk, proof)
    raise typer.Exit(worst)


def _prove_store(desk: Desk, codes: list[str], brought: Brought) -> list[Proof]:
    from sqlalchemy.exc import DatabaseError

    from connector.edges import STORE_FILE

    try:
        with opened(desk) as app:
            return [proof_of(app, code, brought) for code in codes]
    except (StoreError, DatabaseError) as raised:
        file = str(desk.config.data_dir / STORE_FILE)
        error = raised if isinstance(raised, StoreError) else StoreError("E-STORE-UNREADABLE", file=file)
        if error.id not in (*evidence.UNREADABLE, *_MISSING):
            raise
        failing.show(error, desk.screen)
        raise typer.Exit(ExitCode.UNREADABLE if error.id in evidence.UNREADABLE else ExitCode.MISSING) from None


def proof_of(app: App, code: str, brought: Brought) -> Proof:
    """Read the head file first: what is written while we read only makes the chain longer than it says."""
    import orjson

    from connector import edges
    from connector.core import chain
    from connector.stages import anchor
    from connector.store import agreement, audit, pruned

    head_error: KntcError | None = None
    on_file = None
    try:
        on_file = app.store.heads.read(code)
    except RolledBackError as error:
        head_error = error
    with app.store.read() as connection:
        following = chain.Following(chain.Head(code, 0, chain.GENESIS))
        story = agreement.story_of(audit.followed(connection, code, following))
        head, fault = following.head, following.fault
        first = next(audit.entries(connection, code), None)
        last = next(audit.entries(connection, code, after_seq=head.seq - 1), None) if head.seq else None
        agreed = agreement.compare(connection, code, story, app.store.commitment) if fault is None else None
        if fault is None and head_error is None:
            head_error = _head_fault(app, code, connection, on_file, head)
        gone = pruned.standing(connection, code)
        lost = tuple(audit.acceptances(connection, code)) if fault is None else ()
        places = edges.places_of(app.config)
        anchored = anchor.compare(connection, code, head.seq, places, brought) if fault is None else None
    readable = (first if head.seq else None, last if fault is None else None)  # what has been verified
    times = [orjson.loads(entry.content)[4] if entry else "" for entry in readable]
    return Proof(
        code,
        head,
        fault,
        head_error,
        on_file.seq if on_file else 0,
        agreed,
        times[0],
        times[1],
        lost,
        anchored=anchored,
        pruned=gone,
    )


def _head_fault(app: App, code: str, connection: Any, on_file: Head | None, head: Head) -> KntcError | None:
    """Return what is wrong between head file and chain, None if nothing is."""
    from connector.store import audit

    if on_file is None:
        file = str(app.store.heads.path(code))
        return RolledBackError("E-STORE-HEAD-MISSING", agency=code, file=file) if head.seq > 1 else None
    entry = next(audit.entries(connection, code, after_seq=on_file.seq - 1), None) if on_file.seq else None
    there = entry is not None and (entry.seq, entry.hash) == (on_file.seq, on_file.hash)
    if on_file.seq and not there and not audit.is_accepted(connection, on_file):
        return RolledBackError("E-STORE-ROLLED-BACK", agency=code, file_seq=on_file.seq, store_seq=head.seq)
    return None


def _print_proof(desk: Desk, proof: Proof) -> None:
    say, screen = desk.say, desk.screen
    text = f"{say('audit.title')} {proof.agency}"
    first, last = _ends(proof)
    times = (proof.span.first_at, proof.span.last_at) if proof.span else (proof.first_at, proof.last_at)
    if all(times):
        first_at, last_at = map(utc, times)
        text = say("audit.range", agency=proof.agency, first=first, last=last, first_at=first_at, last_at=last_at)
    screen.heading(text, desk.environment_label)
    good = proof.fault is None
    bad_seq = proof.fault.seq if proof.fault else 0
    chain = say("audit.chain_good", count=last - first + 1) if good else say("audit.chain_bad", seq=bad_seq)
    evidence.line(desk, "audit.chain", good, chain)
    if good:
        _print_ends(desk, proof)
    if proof.anchored is not None:
        evidence.print_anchored(desk, proof.anchored)
    if proof.agreement is not None:
        found = proof.agreement
        agreed = say("audit.ledger_good", count=found.sendings, versions=found.versions)
        numbers = {"without_entry": found.without_entry, "without_row": found.without_row, "other": found.other_state}
        differs = say("audit.ledger_bad", **numbers)
        evidence.line(desk, "audit.ledger", not found.faults, differs if found.faults else agreed)
        evidence.print_receipts(desk, found.receipts)
    code = int(proof.exit_code)
    screen.verdict(say("audit.intact" if not code else "audit.broken", code=code), "good" if not code else "bad")
    for error in _errors(proof):
        failing.show(error, screen)
    if not code:
        screen.line(say("audit.proves"))
    if not code and proof.span:
        screen.line(say("audit.proves_range"))


def _ends(proof: Proof) -> tuple[int, int]:
    """Return the first and the last entry that the proof is about."""
    if proof.span:
        return proof.span.first, proof.span.last
    return (proof.pruned.through[0] if proof.pruned else 0) + 1, proof.head.seq


def _print_ends(desk: Desk, proof: Proof) -> None:
    """Say how both ends of the log hold; of a range, how it is joined to what lies after it; and what was lost."""
    say, screen = desk.say, desk.screen
    if proof.span:
        joined = say("audit.joined", seq=proof.joined) if not proof.short_at else say("audit.joined_not")
        evidence.line(desk, "audit.whole_range", not proof.short_at, joined)
    else:
        tail = say("audit.tail_good", seq=proof.on_file_seq) if proof.head_error is None else say("audit.tail_bad")
        evidence.line(desk, "audit.tail", proof.head_error is None, tail)
    if proof.follows:
        evidence.line(desk, "audit.series", True, say("audit.follows", file=proof.follows))
    if proof.pruned:
        last = proof.pruned.through[0]
        said = say("audit.pruned_by", seq=proof.pruned.seq, last=last, digest=proof.pruned.export)
        screen.pair(f"  {say('audit.pruned')}", said, width=31)
    for seq, lost in proof.lost:
        said = say("audit.lost_by_decision", seq=seq, after=seq - 1, last=lost.seq)
        screen.pair(f"  {say('audit.lost')}", said, width=31)


def _errors(proof: Proof) -> Iterator[KntcError]:
    from connector.errors import TamperError

    if proof.fault is not None:
        yield TamperError(proof.fault.rule, agency=proof.agency, seq=proof.fault.seq)
    if proof.head_error is not None:
        yield proof.head_error
    for wrong in (proof.anchored.faults if proof.anchored else ())[: evidence.MOST_TOLD]:
        yield TamperError(wrong.rule, agency=proof.agency, seq=wrong.seq, name=wrong.name)
    if proof.short_at:
        yield TamperError("E-AUDIT-RANGE", agency=proof.agency, seq=proof.short_at)
    if proof.agreement is not None and proof.agreement.pruned_differs:
        yield TamperError("E-AUDIT-PRUNED", agency=proof.agency, seq=proof.agreement.pruned_differs)
    if proof.agreement is not None and proof.agreement.faults:
        yield TamperError("E-AUDIT-LEDGER", agency=proof.agency, count=proof.agreement.faults)
    if proof.agreement is not None:
        _, wrong_receipts, missing = proof.agreement.receipts
        for rule, count in (("E-AUDIT-RECEIPT", wrong_receipts), ("E-AUDIT-RECEIPT-MISSING", missing)):
            if count:
                yield TamperError(rule, agency=proof.agency, count=count)


def _range_as_json(proof: Proof) -> dict[str, Any] | None:
    span = proof.span
    if span is None:
        return None
    return {
        "from": span.begin,
        "to": span.end,
        "first": span.first,
        "last": span.last,
        "joined_at": proof.joined or None,
    }


def _pruned_as_json(proof: Proof) -> dict[str, Any] | None:
    said = proof.pruned
    return {"by_entry": said.seq, "through": said.through[0], "export_sha256": said.export} if said else None


def _as_json(proof: Proof) -> dict[str, Any]:
    found = proof.agreement
    return {
        "agency": proof.agency,
        "entries": proof.head.seq - (proof.pruned.through[0] if proof.pruned else proof.before),
        "range": _range_as_json(proof),
        "follows": proof.follows or None,
        "pruned": _pruned_as_json(proof),
        "head": proof.head.hash,
        "head_file_seq": proof.on_file_seq,
        "chain": proof.fault.rule if proof.fault else "verified",
        "first_bad_seq": proof.fault.seq if proof.fault else None,
        "tails_lost": [{"accepted_by_entry": seq, "head_lost": lost.seq} for seq, lost in proof.lost],
        "head_file": proof.head_error.id if proof.head_error else "verified",
        "checkpoints": evidence.as_json(proof.anchored),
        "ledger": {
            "versions": found.versions,
            "sendings": found.sendings,
            "without_entry": found.without_entry,
            "without_row": found.without_row,
            "other_state": found.other_state,
            "receipts": dict(zip(("there", "wrong", "missing"), found.receipts, strict=True)),
        }
        if found
        else None,
        "exit_code": int(proof.exit_code),
    }
