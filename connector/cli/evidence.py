"""What an auditor brings along to a verification, and how checkpoints are told of.

May import: opening, failing; the rest inside functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.cli.opening import Desk, Misused
from connector.errors import DataError, ExitCode, KntcError
from connector.verifier import Fault, Pruned, Span, ranked

if TYPE_CHECKING:
    from connector.core.chain import ChainFault, Head
    from connector.stages.anchor import Anchored, Brought
    from connector.store.agreement import Agreement

MOST_TOLD = 20
"""So many findings about checkpoints are told; their number is told in any case."""

KEY_HEX = 64

UNREADABLE = ("E-STORE-UNREADABLE", "E-STORE-HEAD-UNREADABLE", "E-STORE-FOREIGN")
"""What is wrong with a store or its head file, and means that it cannot be read."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What verifying one agency's log showed. `head_error`: the head file contradicts the chain; `lost`: the entries by
    which a person accepted that a tail was lost, each with the head that was; `pruned`: why the first entries are not
    there, if they are not; `span`, `joined`, `before`: of an export of some days, as in `verifier.Report`; `follows`:
    the file that an export was joined to; `short_at`: the entry at which such a range is not proven, 0: it is."""

    agency: str
    head: Head
    fault: ChainFault | None
    head_error: KntcError | None
    on_file_seq: int
    agreement: Agreement | None
    first_at: str
    last_at: str
    lost: tuple[tuple[int, Head], ...] = ()
    span: Span | None = None
    follows: str = ""
    joined: int = 0
    before: int = 0
    short_at: int = 0
    anchored: Anchored | None = None
    pruned: Pruned | None = None

    @property
    def exit_code(self) -> ExitCode:
        """Return 0 verified, 10 tampered, 11 missing, 12 incomplete range, 13 unreadable."""
        if self.fault is not None:
            codes = {"E-AUDIT-GAP": ExitCode.MISSING, "E-AUDIT-FORM": ExitCode.UNREADABLE}
            return codes.get(self.fault.rule, ExitCode.TAMPERED)
        if self.head_error is not None:
            return ExitCode.UNREADABLE if self.head_error.id in UNREADABLE else ExitCode.MISSING
        wrong = list(self.anchored.faults) if self.anchored else []
        if self.short_at:
            wrong.append(Fault("E-AUDIT-RANGE", self.short_at))
        if self.agreement is not None and self.agreement.pruned_differs:
            wrong.append(Fault("E-AUDIT-PRUNED"))
        if self.agreement is not None and self.agreement.faults:
            wrong.append(Fault("E-AUDIT-LEDGER"))
        _, wrong_receipts, missing = self.agreement.receipts if self.agreement else (0, 0, 0)
        wrong += [Fault("E-AUDIT-RECEIPT")] if wrong_receipts else []
        wrong += [Fault("E-AUDIT-RECEIPT-MISSING")] if missing else []
        return ExitCode(ranked(wrong)[0].code) if wrong else ExitCode.DONE


def brought(folder: Path | None, keys: list[str], paper: str | None) -> Brought:
    """Return what was brought along. Raises DataError for a key, Misused for a code that is mistyped."""
    from connector import verifier
    from connector.stages.anchor import Brought

    on_paper = verifier.read_paper(paper) if paper else None
    if isinstance(on_paper, int):
        raise Misused("E-PAPER", group=on_paper)
    files = tuple(verifier.checkpoint_files(folder)) if folder else ()
    return Brought(files, tuple(_key_of(key) for key in keys), on_paper)


def _key_of(said: str) -> bytes:
    """Return a public key that was given as digits, or as a file that holds them."""
    try:
        text = said if len(said) == KEY_HEX else Path(said).read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except (OSError, ValueError):
        raise DataError("E-AUDIT-PUBLIC") from None
    if len(text) != KEY_HEX:
        raise DataError("E-AUDIT-PUBLIC")
    return key


def line(desk: Desk, label: str, good: bool, text: str) -> None:  # noqa: FBT001  which of two words is shown
    """Print one finding: what was looked at, whether it holds, and the figures."""
    word = desk.say("audit.pass" if good else "audit.fail")
    desk.screen.pair(f"  {desk.say(label)}", f"{word:<6}{text}", width=31)


def print_anchored(desk: Desk, found: Anchored) -> None:
    """Print how the log agrees with its checkpoints."""
    say = desk.say
    if found.faults:
        line(desk, "audit.anchors", False, say("audit.anchors_bad", count=len(found.faults)))
    elif found.of:
        keys = ", ".join(f"…{key.hex()[-4:]}" for key in found.keys)
        line(desk, "audit.anchors", True, say("audit.anchors_good", count=found.good, of=found.of, key=keys))
    else:
        desk.screen.pair(f"  {say('audit.anchors')}", say("audit.anchors_none"), width=31)
    if found.paper_seq and not found.faults:
        desk.screen.line(say("audit.paper_good", seq=found.paper_seq), indent=2)


def print_receipts(desk: Desk, found: tuple[int, int, int]) -> None:
    """Print how receipts of the national side agree with the entries that name them; nothing where there are none."""
    count, wrong, missing = found
    if wrong or missing:
        line(desk, "audit.receipts", False, desk.say("audit.receipts_bad", wrong=wrong, missing=missing))
    elif count:
        line(desk, "audit.receipts", True, desk.say("audit.receipts_good", count=count))


def as_json(found: Anchored | None) -> dict[str, Any] | None:
    """Return the same for machines."""
    if found is None:
        return None
    wrong = [{"rule": fault.rule, "seq": fault.seq, "file": fault.name} for fault in found.faults]
    return {"agree": found.good, "of": found.of, "keys": [key.hex() for key in found.keys], "faults": wrong}
