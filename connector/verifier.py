"""Verify an exported synchronisation log, with nothing but Python 3.11: this file lies in every export.

    python3 -I verify.py EXPORT.zip [EXPORT.zip …] [--checkpoints FOLDER] [--key HEX] [--paper CODE]

It believes nothing but the content of the entries: every hash is computed again, every signature checked. Exit codes:
0 verified, 10 tampered, 11 missing, 12 incomplete range, 13 unreadable, 2 usage. The connector uses the same functions
for what lies in no database: checkpoints, their keys, and the code that is written on paper.
May import: the standard library only.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

DONE, USAGE, TAMPERED, MISSING, INCOMPLETE, UNREADABLE = 0, 2, 10, 11, 12, 13

CODES = {
    "E-EXPORT-FORM": UNREADABLE,
    "E-EXPORT-FILE": MISSING,
    "E-EXPORT-DIGEST": TAMPERED,
    "E-AUDIT-GAP": MISSING,
    "E-AUDIT-HASH": TAMPERED,
    "E-AUDIT-PREV": TAMPERED,
    "E-AUDIT-FORM": UNREADABLE,
    "E-AUDIT-START": INCOMPLETE,
    "E-AUDIT-PRUNED": TAMPERED,
    "E-AUDIT-RANGE": INCOMPLETE,
    "E-STORE-ROLLED-BACK": MISSING,
    "E-STORE-HEAD-MISSING": MISSING,
    "E-STORE-HEAD-UNREADABLE": UNREADABLE,
    "E-AUDIT-KEY": TAMPERED,
    "E-CHECKPOINT-FORM": UNREADABLE,
    "E-CHECKPOINT-OTHER": TAMPERED,
    "E-CHECKPOINT-SIGNATURE": TAMPERED,
    "E-CHECKPOINT-FORK": TAMPERED,
    "E-CHECKPOINT-HASH": TAMPERED,
    "E-CHECKPOINT-AHEAD": MISSING,
    "E-CHECKPOINT-LATER": INCOMPLETE,
    "E-CHECKPOINT-PRUNED": INCOMPLETE,
    "E-AUDIT-LEDGER": TAMPERED,
    "E-AUDIT-RECEIPT": TAMPERED,
    "E-AUDIT-RECEIPT-MISSING": MISSING,
}
"""What each finding means for the exit code. The first finding decides."""

GENESIS = "0" * 64
UNREADABLE_HEAD = "unreadable"
ENTRY_FIELDS = 15
MAX_LINE = 2**20
MAX_CHECKPOINT = 4_096
MAX_CHECKPOINTS = 1_000_000
MAX_NAME = 255
HASH_HEX = re.compile("[0-9a-f]{64}")
DAMAGED_ZIP = (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error)
"""What reading a zip raises that somebody has damaged, encrypted, or packed by a means that zipfile does not know."""

SUFFIX = ".checkpoint"
KEY_MADE, KEY_ROTATED, ACCEPTED = "audit.key_made", "audit.key_rotated", "store.went_back_accepted"
PRUNED = "audit.pruned"


@dataclass(frozen=True)
class Fault:
    """One finding: its rule, the entry it is about (0: none), and the file where there is one."""

    rule: str
    seq: int = 0
    name: str = ""

    @property
    def code(self) -> int:
        """Return the exit code that this finding asks for."""
        return CODES[self.rule]


# --- Ed25519 (RFC 8032), only what verifying needs -------------------------------------------------------------------

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)
_Point = tuple[int, int, int, int]


def _add(p: _Point, q: _Point) -> _Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % _P, (p[1] + p[0]) * (q[1] + q[0]) % _P
    c, d = 2 * p[3] * q[3] * _D % _P, 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(factor: int, point: _Point) -> _Point:
    found = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            found = _add(found, point)
        point = _add(point, point)
        factor >>= 1
    return found


def _point_of(data: bytes) -> _Point | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or (not x and sign):
        return None
    x = _P - x if x & 1 != sign else x
    return x, y, 1, x * y % _P


_BASE = _point_of((4 * pow(5, -1, _P) % _P).to_bytes(32, "little")) or (0, 1, 1, 0)


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether this is the key's Ed25519 signature of the message. Anything malformed is not."""
    if len(public) != 32 or len(signature) != 64:  # noqa: PLR2004  RFC 8032, 5.1
        return False
    key, s = _point_of(public), int.from_bytes(signature[32:], "little")
    if key is None or s >= _L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _L
    x, y, z, _ = _add(_times(s, _BASE), _times(k, (_P - key[0], key[1], 1, _P - key[3])))
    x, y = x * pow(z, -1, _P) % _P, y * pow(z, -1, _P) % _P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


IsSigned = Callable[[bytes, bytes, bytes], bool]


# --- checkpoints and keys --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Checkpoint:
    """The end of one agency's log at one moment, signed: a note of four lines, a blank one, and the signature."""

    agency: str
    store: str
    seq: int
    hash: str
    at: str
    key_id: bytes = b""
    signature: bytes = b""

    @property
    def text(self) -> str:
        """Return what is signed."""
        return f"kntc/{self.agency}/{self.store}\n{self.seq}\n{self.hash}\n{self.at}\n"


def key_id(agency: str, public: bytes) -> bytes:
    """Return the four bytes by which a signed note names its key (as C2SP signed-note has it)."""
    return hashlib.sha256(f"kntc/{agency}".encode() + b"\n\x01" + public).digest()[:4]


_NOTE = re.compile(
    r"kntc/([A-Z0-9.]{1,35})/([0-9a-f]{1,64})\n([1-9][0-9]{0,17})\n([0-9a-f]{64})\n(\d{4}-\d\d-\d\dT[\d:.]{8,15}Z)\n"
    r"\n— kntc/([A-Z0-9.]{1,35}) ([A-Za-z0-9+/=]{92})\n"
)


def read_checkpoint(text: str) -> Checkpoint | None:
    """Return the checkpoint that stands there, None if this is none. Its signature has not been looked at."""
    found = _NOTE.fullmatch(text)
    if found is None or found[6] != found[1]:
        return None
    try:
        mark = base64.b64decode(found[7], validate=True)
        _instant(found[5])
    except ValueError:
        return None
    whole = len(mark) == 68  # noqa: PLR2004  four bytes of key id, 64 of signature
    return Checkpoint(found[1], found[2], int(found[3]), found[4], found[5], mark[:4], mark[4:]) if whole else None


def read_checkpoints(files: Iterable[tuple[str, bytes]]) -> tuple[list[tuple[str, Checkpoint]], list[Fault]]:
    """Return the checkpoints of files by name, and a finding for each file that holds none."""
    found, faults = [], []
    for name, content in files:
        checkpoint = read_checkpoint(content.decode("utf-8", errors="replace"))
        if checkpoint is None:
            faults.append(Fault("E-CHECKPOINT-FORM", name=name))
        else:
            found.append((name, checkpoint))
    return found, faults


def checkpoint_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the checkpoints that lie in a folder or below it. Raises OSError."""
    for path in sorted(folder.rglob(f"*{SUFFIX}")):
        with path.open("rb") as file:
            yield path.name, file.read(MAX_CHECKPOINT)


def key_statement(agency: str, old: str, new: str) -> bytes:
    """Return what both keys sign when one takes the place of the other; old is "" for the first one."""
    return f"kntc-key v1\n{agency}\n{old}\n{new}\n".encode()


KeyEvent = tuple[int, str, Mapping[str, Any]]
"""An entry about a key: its place, its event, its facts (`public`, `old`, `by_new`, `by_old`; all hex)."""


def trusted_keys(
    agency: str, events: Sequence[KeyEvent], given: Sequence[bytes], check: IsSigned = is_signed
) -> tuple[list[bytes], list[Fault]]:
    """Return the public keys that may sign: those given, else the first that the log names; and every key that took
    over from a trusted one, or handed over to it, by both signatures. A key without that is a finding."""
    links, faults, first = [], [], b""
    for seq, name, facts in events:
        try:
            old, new = bytes.fromhex(facts.get("old", "")), bytes.fromhex(facts["public"])
            statement = key_statement(agency, old.hex(), new.hex())
            good = check(new, statement, bytes.fromhex(facts["by_new"]))
            if name == KEY_ROTATED:
                good = good and bool(old) and check(old, statement, bytes.fromhex(facts["by_old"]))
                links.append((old, new))
            else:
                good, first = good and not first, first or new
        except (KeyError, TypeError, ValueError):
            good = False
        if not good:
            faults.append(Fault("E-AUDIT-KEY", seq))
            links = links[:-1] if name == KEY_ROTATED else links
    trusted = list(given) or ([first] if first else [])
    for old, new in (*links, *reversed(links)):
        trusted += [new] if old in trusted and new not in trusted else []
        trusted += [old] if new in trusted and old not in trusted else []
    named = {first, *(key for link in links for key in link)}
    faults += [Fault("E-AUDIT-KEY") for key in given if events and key not in named]
    return trusted, faults


@dataclass
class Ground:
    """What checkpoints are judged by: whose log it is, its keys, where it ends, the hashes at the places that
    checkpoints name, the tails that people accepted as lost (place of the entry, last lost place, when), when it was
    exported ("" for a living store), and the place before its first entry (0: it has its beginning)."""

    agency: str
    store: str
    keys: Sequence[bytes]
    head_seq: int
    hashes: Mapping[int, str]
    lost: Sequence[tuple[int, int, str]] = ()
    made_at: str = ""
    before: int = 0


def judge(
    checkpoints: Sequence[tuple[str, Checkpoint]], ground: Ground, check: IsSigned = is_signed
) -> tuple[int, list[Fault]]:
    """Return how many checkpoints agree with the log, and what is wrong with the others. One that lies in a tail that
    a person accepted as lost agrees with that entry. Of one before the first entry nothing can be said: it is neither
    counted nor a finding, as long as no other contradicts it."""
    good, faults = 0, []
    kept: dict[int, set[str]] = {}
    for _, one in checkpoints:
        kept.setdefault(one.seq, set()).add(one.hash)
    for name, one in checkpoints:
        signer = next((key for key in ground.keys if key_id(one.agency, key) == one.key_id), None)
        if one.agency != ground.agency or (one.store != ground.store and not _is_forgone(one, ground)):
            rule = "E-CHECKPOINT-OTHER"
        elif signer is None or not check(signer, one.text.encode(), one.signature):
            rule = "E-CHECKPOINT-SIGNATURE"
        elif ground.hashes.get(one.seq) == one.hash or _is_lost(one, ground) or one.store != ground.store:
            good += 1
            continue
        elif one.seq < ground.before and len(kept[one.seq]) == 1:
            continue
        elif one.seq > ground.head_seq:
            later = bool(ground.made_at) and _instant(one.at) > _instant(ground.made_at)
            rule = "E-CHECKPOINT-LATER" if later else "E-CHECKPOINT-AHEAD"
        else:
            rule = "E-CHECKPOINT-FORK" if len(kept[one.seq]) > 1 else "E-CHECKPOINT-HASH"
        faults.append(Fault(rule, one.seq, name))
    return good, sorted(faults, key=lambda fault: fault.seq)


def judge_reach(keepers: Iterable[Sequence[tuple[str, Checkpoint]]], ground: Ground) -> list[Fault]:
    """Return a finding for each keeper all of whose checkpoints are of entries that were pruned: nothing that he keeps
    meets this log. A prune leaves the entry of the newest one, so somebody has forged it, or he has no newer ones; the
    export of those entries tells."""
    faults = []
    for kept in keepers:
        newest = max(((one.seq, name) for name, one in kept if _is_of(one, ground)), default=(0, ""))
        if 0 < newest[0] < ground.before:
            faults.append(Fault("E-CHECKPOINT-PRUNED", *newest))
    return faults


def _is_of(one: Checkpoint, ground: Ground) -> bool:
    return (one.agency, one.store) == (ground.agency, ground.store)


def ranked(faults: Iterable[Fault]) -> list[Fault]:
    """Return the findings with those last that may come from what somebody brought along, not from the log."""
    last = ("E-CHECKPOINT-LATER", "E-CHECKPOINT-FORM", "E-AUDIT-RANGE", "E-CHECKPOINT-PRUNED")
    return sorted(faults, key=lambda fault: fault.rule in last)


def _is_lost(one: Checkpoint, ground: Ground) -> bool:
    return any(begin <= one.seq <= end and _instant(one.at) <= _instant(at) for begin, end, at in ground.lost)


def _is_forgone(one: Checkpoint, ground: Ground) -> bool:
    """Whether a store before this one signed it, whose log a person accepted as lost."""
    return any(one.seq <= end and _instant(one.at) <= _instant(at) for _, end, at in ground.lost)


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:  # it cannot be compared with those that have a zone
        raise ValueError(text)
    return moment


def _place(said: object) -> int:
    if type(said) is not int or not 0 <= said < 2**63:
        raise ValueError(said)
    return said


# --- the code on paper -----------------------------------------------------------------------------------------------

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"
"""Crockford's base 32; the last five stand for check digits alone."""

GROUPS = 8
PAPER_HASH = 30
"""So many hex digits of the hash stand on paper: 120 bits."""


def paper_code(seq: int, hash_: str) -> str:
    """Return place and hash as eight groups of four digits, each with a check digit of its own."""
    number = seq << 120 | int(hash_[:PAPER_HASH], 16)
    digits = "".join(_DIGITS[number >> shift & 31] for shift in range(155, -1, -5))
    return "-".join(part + _check_digit(at, part) for at, part in _groups_of(digits, 4))


def read_paper(code: str) -> tuple[int, str] | int:
    """Return place and hash (its first PAPER_HASH digits) of a code that a person typed; a number: of the first group
    that is mistyped, counted from 1; 0: it has not eight groups of five."""
    typed = re.sub(r"[\s-]", "", code.upper())
    typed = "".join({"I": "1", "L": "1", "O": "0"}.get(digit, digit) for digit in typed)
    if len(typed) != GROUPS * 5:
        return 0
    number = 0
    for at, group in _groups_of(typed, 5):
        if any(digit not in _DIGITS[:32] for digit in group[:4]) or group[4] != _check_digit(at, group[:4]):
            return at + 1
        for digit in group[:4]:
            number = number << 5 | _DIGITS.index(digit)
    return number >> 120, f"{number & (1 << 120) - 1:0{PAPER_HASH}x}"


def _groups_of(digits: str, size: int) -> Iterator[tuple[int, str]]:
    return ((at, digits[at * size : at * size + size]) for at in range(len(digits) // size))


def _check_digit(at: int, group: str) -> str:
    """One wrong digit, two swapped ones, or two swapped groups change it: 37 is a prime."""
    return _DIGITS[sum((place + 1) * _DIGITS.index(digit) for place, digit in enumerate(group, start=at * 4)) % 37]


# --- an export -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Span:
    """A range of days, in Vietnam's time, both included, and its first and last entry. `first_at`, `last_at`: their
    times, once verified."""

    begin: str
    end: str
    first: int
    last: int
    first_at: str = ""
    last_at: str = ""


@dataclass(frozen=True)
class Pruned:
    """What the entry of a prune says: where it stands and since when, the last entry that was taken out, the SHA-256 of
    the export that was made of them; and what must outlive them: the entries about keys and about lost tails, and the
    digest of the states that they told last."""

    seq: int
    at: str
    through: tuple[int, str]
    export: str
    keys: tuple[KeyEvent, ...]
    lost: tuple[tuple[int, int, str, str], ...]
    told: str


def read_pruned(seq: int, at: str, facts: Mapping[str, Any]) -> Pruned:
    """Return what the facts of such an entry say. Raises KeyError, TypeError, ValueError where they say something
    else, or carry what none of the pruned entries can have said."""
    through = (_place(facts["through_seq"]), str(facts["through_hash"]))
    keys = tuple((_place(place), str(event), dict(about)) for place, event, about in facts["keys"])
    lost = tuple((_place(place), _place(end), str(hash_), str(when)) for place, end, hash_, when in facts["lost"])
    late = [when for *_, when in lost if _instant(when) > _instant(at)]
    places = [through[0], *(key[0] for key in keys), *(tail[0] for tail in lost)]
    export, told = str(facts["export_digest"]), str(facts["told"])
    if late or not all(0 < place <= through[0] < seq for place in places):
        raise ValueError(seq)
    if not all(HASH_HEX.fullmatch(said) for said in (through[1], export, told)):
        raise ValueError(seq)
    return Pruned(seq, at, through, export, keys, lost, told)


def read_accepted(facts: Mapping[str, Any]) -> tuple[int, str]:
    """Return place and hash of the head that was accepted as lost. Raises KeyError, ValueError as above."""
    return _place(facts["lost_seq"]), str(facts["lost_hash"])


def is_readable(seq: int, at: str, event: str, facts: Mapping[str, Any]) -> bool:
    """Whether an entry says when it was written, and the facts that verifying relies on; somebody who links a log anew
    may write anything."""
    try:
        _instant(at)
        if event == PRUNED:
            read_pruned(seq, at, facts)
        if event == ACCEPTED:
            read_accepted(facts)
    except (KeyError, TypeError, ValueError):
        return False
    return True


@dataclass
class Report:
    """What verifying an export showed. `first_at`, `last_at`: times of the verified entries; `lost`: as in Ground;
    `before`: place and hash of the entry before the first; `pruned`: the entry that says why those are not there;
    `span`: the days that were exported, None for a whole log; `joined`: the place of the checkpoint, or of the head
    file, by which the end of that range is known, 0 for none; `hashes`: at the places that were asked for; `follows`:
    of several exports, the file that this one was joined to."""

    agency: str = ""
    store: str = ""
    before: tuple[int, str] = (0, GENESIS)
    pruned: Pruned | None = None
    span: Span | None = None
    joined: int = 0
    head_seq: int = 0
    head_hash: str = GENESIS
    first_at: str = ""
    last_at: str = ""
    sendings: int = 0
    versions: int = 0
    ledger: tuple[int, int, int] = (0, 0, 0)
    receipts: tuple[int, int, int] = (0, 0, 0)
    checkpoints: int = 0
    checkpoints_of: int = 0
    keys: list[bytes] = field(default_factory=list)
    lost: list[tuple[int, int, str]] = field(default_factory=list)
    hashes: dict[int, str] = field(default_factory=dict)
    follows: str = ""
    faults: list[Fault] = field(default_factory=list)

    @property
    def code(self) -> int:
        """Return the exit code: that of the first finding."""
        return self.faults[0].code if self.faults else DONE


class _Unusable(Exception):
    def __init__(self, rule: str, name: str) -> None:
        self.fault = Fault(rule, name=name)
        super().__init__(rule)


def verify(
    export: Path,
    checkpoints: Iterable[tuple[str, bytes]] = (),
    keys: Sequence[bytes] = (),
    paper: tuple[int, str] | None = None,
    places: Iterable[int] = (),
) -> Report:
    """Return what an export shows, together with checkpoints, public keys and a code that somebody kept elsewhere.

    places: where its hashes are asked for. Reads line by line. Raises OSError where the file itself cannot be read."""
    report = Report()
    try:
        if export.is_dir():
            _verify(report, lambda name: (export / name).open("rb"), checkpoints, keys, paper, set(places))
        else:
            with zipfile.ZipFile(export) as archive:
                _look_over(archive)
                _verify(report, archive.open, checkpoints, keys, paper, set(places))  # type: ignore[arg-type]
    except (FileNotFoundError, KeyError):
        report.faults.insert(0, Fault("E-EXPORT-FILE", name=export.name))
    except DAMAGED_ZIP:
        report.faults.insert(0, Fault("E-EXPORT-FORM", name=export.name))
    except _Unusable as error:
        report.faults.insert(0, error.fault)
    return report


def _look_over(archive: zipfile.ZipFile) -> None:
    """Refuse what another program would read as something else, or this one by code that it was not written for."""
    names = archive.namelist()
    plain = all(one.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for one in archive.infolist())
    if len(set(names)) != len(names) or not plain:
        raise zipfile.BadZipFile


def verify_series(
    exports: Sequence[Path],
    checkpoints: Iterable[tuple[str, bytes]] = (),
    keys: Sequence[bytes] = (),
    paper: tuple[int, str] | None = None,
) -> list[tuple[Path, Report]]:
    """Return what several exports show, each by itself and joined to those before it, in the order of the log.

    A code on paper is looked for in the one that holds its place, and a checkpoint is judged by the one that holds
    its."""
    kept = list(checkpoints)
    if len(exports) == 1:
        return [(exports[0], verify(exports[0], kept, keys, paper))]
    found = [(export, verify(export, kept, keys)) for export in exports]
    found.sort(key=lambda one: (one[1].agency, one[1].store, one[1].before[0], one[1].head_seq))
    if paper is not None:
        holds = [at for at, (_, report) in enumerate(found) if report.before[0] < paper[0] <= report.head_seq]
        at = holds[0] if holds else len(found) - 1
        found[at] = (found[at][0], verify(found[at][0], kept, keys, paper))
    names = {name for name, _ in kept}
    for _, each in groupby(found, key=lambda one: (one[1].agency, one[1].store)):
        of_log = list(each)
        reached = of_log[0]
        for later in of_log[1:]:
            _join(reached, later)
            reached = max(reached, later, key=lambda one: one[1].head_seq)
        held = [range(report.before[0], report.head_seq + 1) for _, report in of_log]
        for _, report in of_log:
            report.faults[:] = [fault for fault in report.faults if not _is_for_another(fault, held, names)]
    return found


def gravest(codes: Iterable[int]) -> int:
    """Return the exit code for several: a tampered one is never told as an incomplete one."""
    return min((code for code in codes if code != DONE), default=DONE)


def _is_for_another(fault: Fault, held: Sequence[range], names: set[str]) -> bool:
    """Whether the finding says no more than that the entry of a checkpoint lies in another export. Only of those that
    were brought along: every export was compared with these."""
    elsewhere = ("E-CHECKPOINT-LATER", "E-CHECKPOINT-AHEAD", "E-CHECKPOINT-PRUNED")
    return fault.rule in elsewhere and fault.name in names and any(fault.seq in places for places in held)


def _join(earlier: tuple[Path, Report], later: tuple[Path, Report]) -> None:
    """Compare the two where both know the log, and write into the later one what came of it."""
    (path, before), (_, after) = earlier, later
    if before.head_seq < after.before[0]:
        after.faults.append(Fault("E-AUDIT-START", after.before[0] + 1))
        return
    place = min(before.head_seq, after.head_seq)
    known = _hash_at(earlier, place)
    if known is not None and known == _hash_at(later, place):
        after.follows = path.name
    else:
        after.faults.insert(0, Fault("E-AUDIT-PREV", place + 1))


def _hash_at(one: tuple[Path, Report], place: int) -> str | None:
    path, report = one
    known = {report.before[0]: report.before[1], report.head_seq: report.head_hash}
    return known.get(place) or verify(path, places=[place]).hashes.get(place)


Opener = Callable[[str], BinaryIO]


def _verify(
    report: Report,
    opened: Opener,
    kept: Iterable[tuple[str, bytes]],
    keys: Sequence[bytes],
    paper: tuple[int, str] | None,
    places: set[int],
) -> None:
    manifest = _manifest(opened)
    report.agency, report.store = manifest["agency"], manifest["store"]
    brought, shipped = read_checkpoints(kept), read_checkpoints(_shipped(manifest, opened))
    found, unread = [*brought[0], *shipped[0]], [*brought[1], *shipped[1]]
    report.checkpoints_of = len(found) + len(unread)
    head = manifest["head_file"]
    wanted = {one.seq for _, one in found} | {head["seq"] if isinstance(head, dict) else 0, paper[0] if paper else 0}
    report.span = _span_of(manifest)
    chain = _Chain(manifest["agency"], wanted | places, report.span)
    report.hashes = chain.hashes
    digest = chain.follow(_lines(opened, "entries.jsonl"), report)
    _judge_start(report, manifest, chain)
    if not report.faults:
        _same_digest(manifest, "entries.jsonl", digest)
        if report.span is None:
            _judge_tail(report, chain, head)
        else:
            found = [(name, one) for name, one in found if report.before[0] <= one.seq <= report.head_seq]
            report.checkpoints_of = len(found)
        report.keys, doubts = trusted_keys(report.agency, chain.key_events, keys)
        report.lost = sorted(chain.lost)
        ground = Ground(
            report.agency,
            manifest["store"],
            report.keys,
            report.head_seq,
            chain.hashes | {report.before[0]: report.before[1]},
            report.lost,
            manifest["made_at"],
            report.before[0],
        )
        report.checkpoints, wrong = judge(found, ground)
        on_paper = [] if paper is None else judge_paper(paper, ground, is_range=report.span is not None)
        out_of_reach = judge_reach((brought[0], shipped[0]), ground) if report.span is None else []
        report.faults += [*doubts, *wrong, *on_paper, *unread, *out_of_reach]
        _add_pruned(report, manifest, chain, opened)
        _judge_span(report, chain, head, [] if wrong else found)
        _judge_ledger(report, manifest, chain, opened)
        _judge_receipts(report, manifest, Receipts(chain.receipts), opened)
        report.faults = ranked(report.faults)


def _judge_start(report: Report, manifest: Mapping[str, Any], chain: _Chain) -> None:
    """A log that does not begin at its first entry needs one that says why: of exactly the entries that are missing."""
    report.pruned = chain.pruned.get(report.before) if report.before[0] else None
    if report.span is not None and report.pruned is None:
        chain.key_events[:0] = _keys_before(manifest)
    if not report.before[0] or report.faults:
        return
    if report.pruned is not None:
        chain.key_events[:0] = report.pruned.keys
        if report.span is not None:
            return
        chain.lost += [(seq, end, at) for seq, end, _, at in report.pruned.lost]
        chain.lost_heads |= {(end, hash_) for _, end, hash_, _ in report.pruned.lost}
        return
    if report.span is not None:
        return
    first = report.before[0] + 1
    rule = "E-AUDIT-GAP" if manifest.get("first") == first else "E-AUDIT-START"  # so it was, or so it was cut
    report.faults.append(Fault(rule, first))


def _judge_span(
    report: Report,
    chain: _Chain,
    head: Mapping[str, Any] | str | None,
    agreeing: Sequence[tuple[str, Checkpoint]],
) -> None:
    """A range is whole if the entries around it are of other days, and something from outside proves its end: every
    entry before that is proven with it."""
    span = report.span
    if span is None:
        return
    begin, end = _midnight(span.begin), _midnight(span.end) + timedelta(days=1)
    times = {seq: _instant(at) for seq, at in chain.times.items()}
    is_head = isinstance(head, Mapping) and (head["seq"], head["hash"]) == (report.head_seq, report.head_hash)
    starts = report.before == (0, GENESIS) or report.pruned is not None
    starts = times.get(span.first - 1, begin) < begin or (starts and report.before[0] == span.first - 1)
    ends = times.get(span.last + 1, begin) >= end or (is_head and span.last == report.head_seq)
    inside = begin <= times.get(span.first, end) and times.get(span.last, end) < end
    joins = [one.seq for _, one in agreeing if one.seq >= span.last and chain.hashes.get(one.seq) == one.hash]
    report.joined = min(joins, default=report.head_seq if is_head else 0)
    if not starts or not inside:
        report.faults.append(Fault("E-AUDIT-RANGE", span.first))
    elif not ends or not report.joined:
        report.faults.append(Fault("E-AUDIT-RANGE", span.last))
    report.span = replace(span, first_at=chain.times.get(span.first, ""), last_at=chain.times.get(span.last, ""))


def _midnight(day: str) -> datetime:
    return _instant(f"{day}T00:00:00+07:00")


def _span_of(manifest: Mapping[str, Any]) -> Span | None:
    said = manifest.get("range")
    if said is None:
        return None
    try:
        span = Span(str(said["from"]), str(said["to"]), _place(said["first"]), _place(said["last"]))
        _midnight(span.begin), _midnight(span.end) + timedelta(days=1)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise _Unusable("E-EXPORT-FORM", "manifest.json") from None
    return span


def _keys_before(manifest: Mapping[str, Any]) -> list[KeyEvent]:
    """Return the entries about keys from before a range: each proves itself by its signatures, like any other."""
    try:
        return [(_place(seq), str(event), dict(facts)) for seq, event, facts in manifest.get("keys", [])]
    except (TypeError, ValueError):
        raise _Unusable("E-EXPORT-FORM", "manifest.json") from None


def judge_paper(paper: tuple[int, str], ground: Ground, *, is_range: bool = False) -> list[Fault]:
    """Return what is wrong between a code on paper and the log; empty: it agrees."""
    seq, begin = paper
    if is_range and not ground.before <= seq <= ground.head_seq:
        return [Fault("E-AUDIT-RANGE", seq)]
    if seq > ground.head_seq:
        return [Fault("E-CHECKPOINT-AHEAD", seq)]
    if seq < ground.before:
        return [Fault("E-CHECKPOINT-PRUNED", seq)]
    return [] if ground.hashes.get(seq, "").startswith(begin) else [Fault("E-CHECKPOINT-HASH", seq)]


class Receipts:
    """Receipts of the national side: those that entries name (hash -> kind, local id, version), and how those that are
    there agree with them."""

    def __init__(self, named: Mapping[str, tuple[str, str, int]]) -> None:
        self.named = dict(named)
        self.count = 0
        self.wrong = 0

    def meet(self, said: str, text: str) -> None:
        """Compare one receipt, its canonical text under its hash, with the entry that must name it."""
        self.count += 1
        wanted = self.named.pop(said, None)
        try:
            facts = json.loads(text)
            about = (facts["kind"], facts["local_id"], facts["version"])
        except (ValueError, KeyError, TypeError, RecursionError):
            about = None
        self.wrong += hashlib.sha256(text.encode()).hexdigest() != said or about is None or about != wanted

    @property
    def counts(self) -> tuple[int, int, int]:
        """Return how many were there, how many of them are wrong, and how many that entries name are not there."""
        return self.count, self.wrong, len(self.named)

    def faults(self) -> list[Fault]:
        """Return what is wrong, after the last receipt."""
        wrong = [Fault("E-AUDIT-RECEIPT")] if self.wrong else []
        return [*wrong, *([Fault("E-AUDIT-RECEIPT-MISSING")] if self.named else [])]


class _Chain:
    """What following the entries shows: their hashes where they are wanted, and what they tell of keys and ledger."""

    def __init__(self, agency: str, wanted: set[int], span: Span | None) -> None:
        self.agency = agency
        self.is_range = span is not None
        self.around = {span.first - 1, span.first, span.last, span.last + 1} if span else set()
        self.times: dict[int, str] = {}
        self.wanted = wanted
        self.hashes: dict[int, str] = {}
        self.key_events: list[KeyEvent] = []
        self.lost: list[tuple[int, int, str]] = []
        self.lost_heads: set[tuple[int, str]] = set()
        self.told: dict[tuple[str, str, int], str] = {}
        self.receipts: dict[str, tuple[str, str, int]] = {}
        self.pruned: dict[tuple[int, str], Pruned] = {}

    def follow(self, lines: Iterator[bytes], report: Report) -> str:
        """Read the entries up to the first that does not fit; return the digest of all lines read."""
        digest = hashlib.sha256()
        for line in lines:
            digest.update(line)
            rule, seq = self._step(line, report)
            if rule:
                report.faults.append(Fault(rule, seq))
                break
        return digest.hexdigest()

    def _step(self, line: bytes, report: Report) -> tuple[str, int]:
        try:
            seq, said, content = json.loads(line)
            computed = hashlib.sha256(content.encode()).hexdigest()
        except (ValueError, TypeError, AttributeError, RecursionError):
            return "E-AUDIT-FORM", report.head_seq + 1
        if type(seq) is not int or not 0 < seq < 2**63:
            return "E-AUDIT-FORM", report.head_seq + 1
        begins_late = not report.head_seq and seq > 1  # whether it may is judged once all has been read
        if seq != report.head_seq + 1 and not begins_late:
            return "E-AUDIT-GAP" if report.head_seq else "E-AUDIT-START", seq
        if computed != said:
            return "E-AUDIT-HASH", seq
        fields = _entry_of(content)
        if fields is None:
            return "E-AUDIT-FORM", seq
        if begins_late and isinstance(fields[3], str):
            report.before = report.head_seq, report.head_hash = seq - 1, fields[3]
        if fields[1:4] != [self.agency, seq, report.head_hash]:
            return "E-AUDIT-PREV", seq
        if not is_readable(seq, fields[4], fields[5], fields[12]):
            return "E-AUDIT-FORM", seq
        self._note(seq, fields, report)
        report.head_seq, report.head_hash, report.last_at = seq, computed, fields[4]
        report.first_at = report.first_at or fields[4]
        if seq in self.wanted:
            self.hashes[seq] = computed
        return "", seq

    def _note(self, seq: int, fields: list[Any], report: Report) -> None:
        at, event, kind, local_id, version, facts = *fields[4:6], *fields[9:13]
        report.sendings += event == "delivery.claimed"
        if kind and version and "state" in facts:
            self.told[(kind, local_id, version)] = facts["state"]
            if "receipt" in facts:
                self.receipts[str(facts["receipt"])] = (kind, local_id, version)
        if event in (KEY_MADE, KEY_ROTATED):
            self.key_events.append((seq, event, facts))
        if seq in self.around:
            self.times[seq] = at
        if event == PRUNED:
            said = read_pruned(seq, at, facts)
            self.pruned[said.through] = said
            if self.is_range:  # it vouches for what it carries, wherever the range begins
                self.lost += [(place, end, when) for place, end, _, when in said.lost]
        if event == ACCEPTED:
            end, hash_ = read_accepted(facts)
            self.lost.append((seq, end, at))
            self.lost_heads.add((end, hash_))


def _entry_of(content: str) -> list[Any] | None:
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, list) or len(fields) != ENTRY_FIELDS:
        return None
    texts = all(isinstance(fields[place], str) for place in (4, 5, 6, 8, 9, 10))
    return fields if texts and isinstance(fields[11], int) and isinstance(fields[12], dict) else None


def _judge_tail(report: Report, chain: _Chain, head: Mapping[str, Any] | str | None) -> None:
    """The head file that lay beside the store must be in the chain: else its end was cut, or it was swapped."""
    if isinstance(head, str):
        report.faults.append(Fault("E-STORE-HEAD-UNREADABLE"))
    elif head is None:
        report.faults += [Fault("E-STORE-HEAD-MISSING")] if report.head_seq > 1 else []
    elif chain.hashes.get(head["seq"]) != head["hash"] and (head["seq"], head["hash"]) not in chain.lost_heads:
        report.faults.append(Fault("E-STORE-ROLLED-BACK", head["seq"]))


def _add_pruned(report: Report, manifest: Mapping[str, Any], chain: _Chain, opened: Opener) -> None:
    """Let the chain tell also what pruned entries told of versions: it is kept, and the entry of the prune holds its
    digest."""
    if report.pruned is None or report.span is not None:  # a range tells of its own entries alone
        return
    states: dict[tuple[str, str, int], str] = {}
    digest = hashlib.sha256()
    for line in _lines(opened, "pruned.jsonl"):
        digest.update(line)
        try:
            kind, local_id, version, state, receipts = json.loads(line)
            states[(kind, local_id, version)] = state
            chain.receipts |= {str(hash_): (kind, local_id, version) for hash_ in receipts}
        except (ValueError, TypeError):
            raise _Unusable("E-EXPORT-FORM", "pruned.jsonl") from None
    chain.told = states | chain.told
    _same_digest(manifest, "pruned.jsonl", digest.hexdigest())
    if digest.hexdigest() != report.pruned.told:
        report.faults.append(Fault("E-AUDIT-PRUNED", report.pruned.seq))


def _judge_ledger(report: Report, manifest: Mapping[str, Any], chain: _Chain, opened: Opener) -> None:
    """Every version of the ledger has its entry, every entry its version, and both name one state."""
    told, without_entry, other = chain.told, 0, 0
    digest = hashlib.sha256()
    for line in _lines(opened, "ledger.jsonl"):
        digest.update(line)
        try:
            kind, local_id, version, state = json.loads(line)
            said = told.pop((kind, local_id, version), None)
        except (ValueError, TypeError):
            raise _Unusable("E-EXPORT-FORM", "ledger.jsonl") from None
        report.versions += 1
        without_entry += said is None
        other += said is not None and said != state and not (state is None and report.span is not None)
    _same_digest(manifest, "ledger.jsonl", digest.hexdigest())
    report.ledger = (without_entry, len(told), other)
    if any(report.ledger):
        report.faults.append(Fault("E-AUDIT-LEDGER"))


def _judge_receipts(report: Report, manifest: Mapping[str, Any], receipts: Receipts, opened: Opener) -> None:
    """Every receipt has the entry that names it, every entry that names one has it. Older exports have none."""
    if not receipts.named and "receipts.jsonl" not in manifest["files"]:
        return
    digest = hashlib.sha256()
    for line in _lines(opened, "receipts.jsonl"):
        digest.update(line)
        try:
            said, text = json.loads(line)
            receipts.meet(str(said), str(text))
        except (ValueError, TypeError):
            raise _Unusable("E-EXPORT-FORM", "receipts.jsonl") from None
    _same_digest(manifest, "receipts.jsonl", digest.hexdigest())
    report.receipts = receipts.counts
    report.faults += receipts.faults()


def _manifest(opened: Opener) -> dict[str, Any]:
    try:
        said = json.loads(_whole(opened, "manifest.json"))
        head = said["head_file"]
        given = head not in (None, UNREADABLE_HEAD)
        right = said["format"] == 1 and (not given or (_place(head["seq"]) >= 0 and isinstance(head["hash"], str)))
        texts = (said["agency"], said["store"], *said["files"], *said["files"].values())
        "".join(texts).encode()
        _instant(said["made_at"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _Unusable("E-EXPORT-FORM", "manifest.json") from None
    if not right or not all(isinstance(text, str) for text in texts):
        raise _Unusable("E-EXPORT-FORM", "manifest.json")
    return dict(said)


def _shipped(manifest: Mapping[str, Any], opened: Opener) -> Iterator[tuple[str, bytes]]:
    """Yield the checkpoints that lie in the export: what was made where the log was."""
    digest = hashlib.sha256()
    for count, line in enumerate(_lines(opened, "checkpoints.jsonl"), start=1):
        digest.update(line)
        try:
            name, text = json.loads(line)
            named, content = str(name), text.encode()
            named.encode()
        except (ValueError, TypeError, AttributeError):
            raise _Unusable("E-EXPORT-FORM", "checkpoints.jsonl") from None
        if count > MAX_CHECKPOINTS or len(named) > MAX_NAME:  # a small file may unpack to any number
            raise _Unusable("E-EXPORT-FORM", "checkpoints.jsonl")
        yield named, content[:MAX_CHECKPOINT]
    _same_digest(manifest, "checkpoints.jsonl", digest.hexdigest())


def _same_digest(manifest: Mapping[str, Any], name: str, digest: str) -> None:
    if manifest["files"].get(name) != digest:
        raise _Unusable("E-EXPORT-DIGEST", name)


def _whole(opened: Opener, name: str) -> bytes:
    with _file(opened, name) as file:
        return file.read(MAX_LINE)


def _lines(opened: Opener, name: str) -> Iterator[bytes]:
    with _file(opened, name) as file:
        while line := file.readline(MAX_LINE):
            if not line.endswith(b"\n"):
                raise _Unusable("E-EXPORT-FORM", name)
            yield line


def _file(opened: Opener, name: str) -> BinaryIO:
    try:
        return opened(name)
    except (FileNotFoundError, KeyError):
        raise _Unusable("E-EXPORT-FILE", name) from None


# --- by itself -------------------------------------------------------------------------------------------------------

_WORDS = {
    "E-EXPORT-FORM": ("không đọc được {name}", "{name} cannot be read"),
    "E-EXPORT-FILE": ("thiếu {name}", "{name} is missing"),
    "E-EXPORT-DIGEST": ("{name} không khớp mã băm trong manifest.json", "{name} does not fit the manifest"),
    "E-AUDIT-GAP": ("thiếu mục ngay trước mục {seq}", "the entry before {seq} is missing"),
    "E-AUDIT-HASH": ("mục {seq} đã bị sửa", "entry {seq} was changed"),
    "E-AUDIT-PREV": ("mục {seq} không nối với mục trước", "entry {seq} does not follow the one before"),
    "E-AUDIT-FORM": ("không đọc được mục {seq}", "entry {seq} cannot be read"),
    "E-AUDIT-START": ("bản xuất bắt đầu từ mục {seq}, không phải mục 1", "the export begins at entry {seq}, not 1"),
    "E-AUDIT-PRUNED": (
        "phần còn giữ của các mục đã gỡ không khớp mục {seq}",
        "what is kept of the pruned part is not what entry {seq} says",
    ),
    "E-AUDIT-RANGE": ("khoảng ngày không đủ để chứng minh (mục {seq})", "the range does not reach far enough ({seq})"),
    "E-CHECKPOINT-PRUNED": (
        "điểm chốt {seq} thuộc phần đã gỡ: cần bản xuất phần đó",
        "checkpoint {seq} is of the pruned part: bring its export",
    ),
    "E-STORE-ROLLED-BACK": ("phần cuối bị cắt: tệp đầu nhật ký ghi mục {seq}", "tail cut: the head file says {seq}"),
    "E-STORE-HEAD-UNREADABLE": ("không đọc được tệp đầu nhật ký", "the head file could not be read"),
    "E-STORE-HEAD-MISSING": ("không có tệp đầu nhật ký", "there was no head file"),
    "E-AUDIT-KEY": ("khóa ký không nối từ khóa đã tin (mục {seq})", "a key that no trusted key vouches for ({seq})"),
    "E-CHECKPOINT-FORM": ("{name} không phải điểm chốt", "{name} is no checkpoint"),
    "E-CHECKPOINT-OTHER": ("{name} là điểm chốt của sổ khác", "{name} is of another store"),
    "E-CHECKPOINT-SIGNATURE": ("chữ ký của {name} không đúng khóa", "{name} is not signed by a trusted key"),
    "E-CHECKPOINT-FORK": ("hai điểm chốt khác nhau cho mục {seq}", "two checkpoints contradict each other at {seq}"),
    "E-CHECKPOINT-HASH": ("mục {seq} khác với điểm chốt", "entry {seq} is not the one of the checkpoint"),
    "E-CHECKPOINT-AHEAD": ("điểm chốt ghi mục {seq}, nhật ký không có", "a checkpoint says {seq}; the log has it not"),
    "E-CHECKPOINT-LATER": ("điểm chốt mục {seq} có sau bản xuất", "checkpoint {seq} is younger than the export"),
    "E-AUDIT-RECEIPT": ("biên nhận và nhật ký không khớp", "a receipt is not the one that its entry names"),
    "E-AUDIT-RECEIPT-MISSING": ("thiếu biên nhận mà nhật ký nêu", "a receipt that an entry names is missing"),
    "E-AUDIT-LEDGER": ("sổ gửi và nhật ký không khớp", "ledger and log disagree"),
}


def _key_of(text: str) -> bytes:
    path = Path(text)
    said = path.read_text(encoding="ascii") if path.is_file() else text
    key = bytes.fromhex(said.strip())
    if len(key) != 32:  # noqa: PLR2004  an Ed25519 public key
        raise ValueError(text)
    return key


def main(args: Sequence[str] | None = None) -> int:
    """Verify one export, print what was found in Vietnamese and English, and return the exit code."""
    parser = argparse.ArgumentParser(prog="verify.py", description="Kiểm tra bản xuất nhật ký / verify an export")
    parser.add_argument("export", type=Path, nargs="+", help="một hay nhiều bản xuất / one or several")
    parser.add_argument("--checkpoints", type=Path, help="thư mục điểm chốt đã giữ / checkpoints kept elsewhere")
    parser.add_argument("--key", type=_key_of, action="append", default=[], help="khóa công khai đã giữ / public key")
    parser.add_argument("--paper", help="mã điểm chốt trên giấy / the code on paper")
    asked = parser.parse_args(args)
    paper = read_paper(asked.paper) if asked.paper else None
    if isinstance(paper, int):
        parser.error(f"--paper: nhóm / group {paper}")
    try:
        kept = list(checkpoint_files(asked.checkpoints)) if asked.checkpoints else []
        reports = verify_series(asked.export, kept, asked.key, paper)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)  # noqa: T201  this file is a program too
        return UNREADABLE
    for path, report in reports:
        if len(reports) > 1:
            print(path.name)  # noqa: T201  of the auditor's own disk
        for line in _told(report, kept=len(kept), by_given_key=bool(asked.key)):
            print("".join(each if each.isprintable() else "\ufffd" for each in line))  # noqa: T201  nothing that steers
    return gravest(report.code for _, report in reports)


def _told(report: Report, *, kept: int, by_given_key: bool) -> Iterator[str]:
    yield f"{report.agency}: {report.before[0] + 1} - {report.head_seq} ({report.first_at} - {report.last_at})"
    yield f"  mã băm mục cuối / last hash: {report.head_hash}"
    yield f"  điểm chốt khớp / checkpoints that agree: {report.checkpoints} ({kept} mang theo / brought along)"
    for key in report.keys:
        source = "" if by_given_key else "  (theo bản xuất / as the export says)"
        yield f"  khóa / key: {key.hex()}{source}"
    if report.span:
        span = report.span
        yield f"  khoảng ngày / range: {span.begin} - {span.end}: {span.first} - {span.last}"
        yield f"  nối tới mục / joined at entry: {report.joined}"
    if report.pruned:
        seq, through, export = report.pruned.seq, report.pruned.through[0], report.pruned.export
        yield f"  mục {seq}: đã gỡ mục 1 - {through} sau khi xuất / entries 1 - {through} were exported and pruned"
        yield f"    SHA-256 của bản xuất đó / of that export: {export}"
    for begin, end, _ in report.lost:
        yield f"  mục {begin}: chấp nhận mất phần cuối đến mục {end} / accepts a tail as lost, up to {end}"
    if report.follows:
        yield f"  nối với / joined to: {report.follows}"
    for fault in report.faults:
        vi, en = (words.format(seq=fault.seq, name=fault.name) for words in _WORDS[fault.rule])
        yield f"  {fault.rule}: {vi} / {en}"
    verdict = "KHÔNG NGUYÊN VẸN / NOT INTACT" if report.code else "NGUYÊN VẸN / INTACT"
    yield f"{verdict} ({report.code})"


if __name__ == "__main__":
    sys.exit(main())
