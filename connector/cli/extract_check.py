"""`kntc audit extract --check`: is an extract the file that its manifest and the log speak of?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.cli import evidence, failing
from connector.cli.opening import Desk, opened
from connector.core.chain import digest, fields_of
from connector.errors import ConfigError, ExitCode, KntcError, LockedError, TamperError
from connector.telling import extract_manifest

if TYPE_CHECKING:
    from connector.app import App

_MOST_BYTES = 2**20
_HASH_HEX = 64


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `code` DONE: it holds; INCOMPLETE: it could not be compared."""

    label: str
    text: str
    code: ExitCode
    error: KntcError | None = None


def manifest_of(file: Path) -> Path:
    """Return where the manifest of an extract lies."""
    return file.with_name(extract_manifest.name_of(file.name))


def check(desk: Desk, file: Path) -> ExitCode:
    """Say whether the file is what its manifest says, and the manifest what the log says; return the exit code."""
    said = _read(file)
    if isinstance(said, KntcError):
        code = ExitCode.MISSING if said.values.get("fault") == "absent" else ExitCode.UNREADABLE
        failing.show(said, desk.screen)
        return code
    findings = [_of_file(desk, file, said), *_of_log(desk, file, said)]
    bad = [finding.code for finding in findings if finding.code not in (ExitCode.DONE, ExitCode.INCOMPLETE)]
    worst = min(bad, default=max((finding.code for finding in findings), default=ExitCode.DONE))
    if desk.screen.as_json:
        found = {finding.label: _WORDS.get(finding.code, "differs") for finding in findings}
        fields = {name: said[name] for name in ("agency", "entries", "masked", "sha256")}
        desk.screen.json(
            "audit extract", desk.environment, file=str(file), **fields, compared=found, exit_code=int(worst)
        )
        return worst
    _print(desk, file, said, findings, worst)
    return worst


_WORDS = {ExitCode.DONE: "matches", ExitCode.INCOMPLETE: "not_compared", ExitCode.MISSING: "missing"}


def _print(desk: Desk, file: Path, said: dict[str, Any], findings: list[Finding], worst: ExitCode) -> None:
    say, screen = desk.say, desk.screen
    screen.heading(f"{file.name}: {desk.name_of(said['agency'])}", f"[{say.label('environment', said['environment'])}]")
    screen.line(say("extract.says", count=said["entries"], by=said["made_by"], masked=_masking(desk, said)))
    for finding in findings:
        label = f"extract.of_{finding.label}"
        if finding.code is ExitCode.INCOMPLETE:
            screen.pair(f"  {say(label)}", finding.text, width=31)
        else:
            evidence.line(desk, label, finding.code is ExitCode.DONE, finding.text)
    result = {ExitCode.DONE: "intact", ExitCode.INCOMPLETE: "incomplete"}.get(worst, "broken")
    screen.verdict(say(f"extract.{result}", code=int(worst)), "good" if worst is ExitCode.DONE else "bad")
    for finding in findings:
        if finding.error is not None:
            failing.show(finding.error, screen)


def _masking(desk: Desk, said: dict[str, Any]) -> str:
    return desk.say("extract.is_masked" if said["masked"] else "extract.is_unmasked")


def _read(file: Path) -> dict[str, Any] | KntcError:
    """Return the manifest of a file, read as if a stranger had sent it."""
    import orjson

    path = manifest_of(file)
    try:
        with path.open("rb") as opened_file:
            said = orjson.loads(opened_file.read(_MOST_BYTES))
    except FileNotFoundError:
        return TamperError("E-EXTRACT-MANIFEST", file=path.name, fault="absent")
    except (OSError, ValueError):
        return TamperError("E-EXTRACT-MANIFEST", file=path.name, fault="unreadable")
    return said if _is_manifest(said) else TamperError("E-EXTRACT-MANIFEST", file=path.name, fault="unreadable")


def _is_manifest(said: Any) -> bool:
    if not isinstance(said, dict) or not _is_ours(said):
        return False
    texts = ("agency", "store", "environment", "made_by", "sha256")
    places = [said.get(name) for name in ("first", "last") if said.get(name) is not None]
    return (
        all(isinstance(said.get(name), str) for name in texts)
        and all(type(said.get(name)) is int for name in ("entries", "size_bytes"))
        and isinstance(said.get("masked"), bool)
        and all(_is_place(place) for place in (*places, said.get("head"), said.get("noted")))
    )


def _is_ours(said: dict[str, Any]) -> bool:
    return (said.get("what"), said.get("format")) == (extract_manifest.WHAT, extract_manifest.FORMAT)


def _is_place(said: Any) -> bool:
    if not isinstance(said, dict) or type(said.get("seq")) is not int or not 0 <= said["seq"] < 2**63:
        return False
    return isinstance(said.get("hash"), str) and len(said["hash"]) == _HASH_HEX


def _of_file(desk: Desk, file: Path, said: dict[str, Any]) -> Finding:
    try:
        with file.open("rb") as written:
            found = hashlib.file_digest(written, "sha256").hexdigest()
        size = file.stat().st_size
    except OSError:
        return Finding("file", "", ExitCode.MISSING, TamperError("E-EXTRACT-FILE", file=file.name))
    if (found, size) == (said["sha256"], said["size_bytes"]):
        return Finding("file", desk.say("extract.file_good", digest=found[:16], size=size), ExitCode.DONE)
    text = desk.say("extract.file_bad", digest=found[:16], said=said["sha256"][:16])
    return Finding("file", text, ExitCode.TAMPERED, TamperError("E-EXTRACT-FILE", file=file.name))


def _of_log(desk: Desk, file: Path, said: dict[str, Any]) -> list[Finding]:
    """Compare with the store, where there is the one that the manifest means."""
    from sqlalchemy.exc import DatabaseError

    try:
        with opened(desk, look=True) as app:
            return _compared(desk, app, file, said)
    except (ConfigError, LockedError, DatabaseError, OSError) as error:
        id_ = error.id if isinstance(error, KntcError) else type(error).__name__
        return [Finding("log", desk.say("extract.no_store", error=id_), ExitCode.INCOMPLETE)]


def _compared(desk: Desk, app: App, file: Path, said: dict[str, Any]) -> list[Finding]:
    from connector.store import audit, pruned
    from connector.store.db import store_id

    agency = said["agency"]
    with app.store.read() as connection:
        if store_id(connection) != said["store"] or agency not in app.agencies:
            return [Finding("log", desk.say("extract.other_store"), ExitCode.INCOMPLETE)]
        before = pruned.beginning(connection, agency).seq
        if said["noted"]["seq"] <= before:
            return [Finding("log", desk.say("extract.pruned", seq=before), ExitCode.INCOMPLETE)]
        places = [
            said[name] for name in ("first", "last", "head", "noted") if said[name] and said[name]["seq"] > before
        ]
        hashes = audit.hashes_at(connection, agency, [place["seq"] for place in places])
        entry = next(audit.entries(connection, agency, after_seq=said["noted"]["seq"] - 1), None)
    wrong = [place["seq"] for place in places if hashes.get(place["seq"]) != place["hash"]]
    seqs = ", ".join(desk.say.number(seq) for seq in sorted({place["seq"] for place in places}))
    if wrong:
        error = TamperError("E-EXTRACT-LOG", agency=agency, seq=min(wrong))
        code = ExitCode.TAMPERED if min(wrong) in hashes else ExitCode.MISSING
        log = Finding("log", desk.say("extract.log_bad", seq=min(wrong)), code, error)
    else:
        log = Finding("log", desk.say("extract.log_good", seqs=seqs), ExitCode.DONE)
    fields = fields_of(entry.content.encode()) if entry and digest(entry.content.encode()) == entry.hash else None
    is_one = fields is not None and fields[5] in extract_manifest.EVENTS
    if fields is not None and is_one and fields[12].get("sealed") == extract_manifest.seal(app, said):
        return [log, Finding("noted", desk.say("extract.noted_good", seq=said["noted"]["seq"]), ExitCode.DONE)]
    error = TamperError("E-EXTRACT-NOTED", agency=agency, seq=said["noted"]["seq"], file=file.name)
    return [log, Finding("noted", desk.say("extract.noted_bad", seq=said["noted"]["seq"]), ExitCode.TAMPERED, error)]
