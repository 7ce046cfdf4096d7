"""`kntc audit keys auditor`, `kntc audit sealed`, `kntc audit unseal`: texts that only the auditor can open.

The key pair is made once, and its private half leaves the machine; a file of sealed texts goes to the auditor; he opens
it on a machine of his own, without configuration or store.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from connector.cli.opening import AgencyOption, Asked, JsonOption, ReasonOption, desk_of, opened, reason_of
from connector.cli.screen import Screen, standard
from connector.errors import DataError, ExitCode
from connector.telling import naming

if TYPE_CHECKING:
    from connector.core.unsealing import Known, SealedText, Verdict

PUBLIC = ".pub"
MOST_TOLD = 20
LONGEST_LINE = 64 * 2**20
PRIVATE_BYTES = MANIFEST_BYTES = 16_384


def keys_auditor(ctx: typer.Context, file: Annotated[Path, typer.Argument(dir_okay=False)]) -> None:
    """Make a pair of keys for the auditor: the private one in FILE, the public one beside it, in FILE.pub."""
    from connector.core import sealing

    screen = _screen(ctx, as_json=False)
    public = file.with_name(f"{file.name}{PUBLIC}")
    if not file.absolute().parent.is_dir():
        raise DataError("E-EXTRACT-FOLDER", folder=str(file.parent))
    if there := next((one for one in (file, public) if os.path.lexists(one)), None):
        raise DataError("E-AUDITOR-KEY-THERE", file=str(there))
    private_pem, public_pem = sealing.new_pair()
    _write_key(file, private_pem, 0o600)
    # If the process dies here, the private key is there alone: make another pair under another name.
    _write_key(public, public_pem, 0o644)
    say = screen.say
    screen.line(say("sealing.keys_made", private=str(file), public=str(public)))
    screen.line(say("sealing.key_id", id=sealing.public_key(public_pem).id))
    screen.lines(public_pem.decode("ascii").splitlines())
    screen.line(say("sealing.take_away", private=str(file)))


def _write_key(file: Path, pem: bytes, mode: int) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as target:
        target.write(pem)
        target.flush()
        os.fsync(target.fileno())


def sealed(
    ctx: typer.Context,
    target: Annotated[Path, typer.Argument()],
    record: Annotated[str | None, typer.Option("--record")] = None,
    agency: AgencyOption = None,
    reason: ReasonOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the sealed texts of an agency, or of one record, into a new file for the auditor."""
    from connector import disk
    from connector.stages import sealed_file

    desk = desk_of(ctx, as_json=as_json)
    why, code = reason_of(reason), desk.one_agency(agency)
    if target.exists():
        raise DataError("E-EXPORT-THERE", file=str(target))
    with opened(desk) as app, disk.told(target.absolute().parent), disk.whole(target) as (draft, file):
        key = naming.find(app, [code], record.split()) if record else None
        try:
            count = sealed_file.write(app.store, code, key, desk.environment, app.actor, why, file)
            disk.place(draft, file, target)
        except FileExistsError:
            raise DataError("E-EXPORT-THERE", file=str(target)) from None
    if as_json:
        desk.screen.json("audit sealed", desk.environment, agency=code, file=str(target), texts=count)
        return
    desk.screen.heading(desk.name_of(code), desk.environment_label)
    desk.screen.line(desk.say("sealing.taken", count=count, file=str(target)))


# --- the auditor's side --------------------------------------------------------------------------------------------


def unseal(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    private: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    out: Annotated[Path | None, typer.Option("--out")] = None,
    log: Annotated[Path | None, typer.Option("--log", exists=True, dir_okay=False)] = None,
    evidence_key: Annotated[Path | None, typer.Option("--evidence-key", exists=True, dir_okay=False)] = None,
    as_json: JsonOption = False,
) -> None:
    """Open the sealed texts of FILE with the private key, compare each with the log, and write them with --out."""
    from connector import disk
    from connector.core import sealing
    from connector.core.unsealing import WRONG

    screen = _screen(ctx, as_json=as_json)
    try:
        with private.open("rb") as source:
            key, key_id = sealing.private_key(source.read(PRIVATE_BYTES))
    except ValueError:
        raise DataError("E-UNSEAL-KEY", file=private.name) from None
    if out is not None and os.path.lexists(out):
        raise DataError("E-EXPORT-THERE", file=str(out))
    known = _known(log, evidence_key)
    counts: Counter[str] = Counter()
    bad: list[tuple[SealedText, Verdict]] = []
    judged = _judged(file, key, key_id, known)
    if out is None:
        _count(judged, None, counts, bad)
    else:
        with disk.told(out.absolute().parent), disk.whole(out) as (draft, target):
            _count(judged, target, counts, bad)
            disk.place(draft, target, out)
    wrong = sum(counts[verdict] for verdict in WRONG)
    unproven = counts["other_key"] + counts["unproven"]
    code = ExitCode.TAMPERED if wrong else ExitCode.INCOMPLETE if unproven else ExitCode.DONE
    _tell(screen, file, out, counts, bad, known)
    if as_json:
        found = [
            {"kind": str(one.key.kind), "local_id": one.key.local_id, "version": one.version, "verdict": str(verdict)}
            for one, verdict in bad
        ]
        screen.json("audit unseal", "", counts=dict(counts), found=found, exit_code=int(code))
    raise typer.Exit(code)


def _count(
    judged: Iterator[tuple[SealedText, Verdict, bytes | None]],
    target: BinaryIO | None,
    counts: Counter[str],
    bad: list[tuple[SealedText, Verdict]],
) -> None:
    """Count the verdicts, keep what is not good, and write each text that opened as a line."""
    import orjson

    for one, verdict, text in judged:
        counts[str(verdict)] += 1
        if verdict != "good":
            bad.append((one, verdict))
        if target is not None and text is not None:
            shown = {
                "kind": str(one.key.kind), "local_id": one.key.local_id, "version": one.version,
                "verdict": str(verdict), "document": orjson.loads(text),
            }  # fmt: skip
            target.write(orjson.dumps(shown) + b"\n")


def _judged(file: Path, key: Any, key_id: str, known: Known) -> Iterator[tuple[SealedText, Verdict, bytes | None]]:
    """Yield every text of the file with what is found of it. Raises DataError for a file that is none of ours."""
    import zipfile

    from connector.core.unsealing import judge, parsed
    from connector.stages.sealed_file import TEXTS
    from connector.verifier import DAMAGED_ZIP

    try:
        with zipfile.ZipFile(file) as archive:
            agency, left = _manifest_of(archive)
            with archive.open(TEXTS) as lines:
                while line := lines.readline(LONGEST_LINE):
                    one = parsed(agency, line)
                    left -= 1
                    yield (one, *judge(one, key, key_id, known))
    except (*DAMAGED_ZIP, KeyError, TypeError, ValueError):  # damaged, or of another form
        raise DataError("E-UNSEAL-FILE", file=file.name) from None
    if left:
        raise DataError("E-UNSEAL-FILE", file=file.name)


def _manifest_of(archive: Any) -> tuple[str, int]:
    """Return whose texts they are and how many. Raises ValueError, KeyError or TypeError for another form."""
    import orjson

    from connector.stages.sealed_file import FORMAT, MANIFEST

    with archive.open(MANIFEST) as source:
        manifest = orjson.loads(source.read(MANIFEST_BYTES))
    if manifest["format"] != FORMAT:
        raise ValueError("another form")
    return str(manifest["agency"]), int(manifest["texts"])


def _known(log: Path | None, evidence_key: Path | None) -> Known:
    from connector.core.unsealing import Known

    evidence = None
    if evidence_key is not None:
        try:
            evidence = bytes.fromhex(evidence_key.read_text(encoding="ascii").strip())
        except (OSError, ValueError):
            raise DataError("E-UNSEAL-EVIDENCE", file=evidence_key.name) from None
    if log is None:
        return Known(evidence=evidence)
    entries, recorded = _of_export(log)
    return Known(entries, recorded, evidence)


def _of_export(log: Path) -> tuple[dict[int, str], dict[tuple[str, str, int], frozenset[str]]]:
    """Return what a whole export says of sealings and recordings. Raises DataError where it is not whole."""
    import zipfile

    import orjson

    from connector import verifier
    from connector.core.unsealing import SEALED

    report = verifier.verify(log)
    if report.faults:
        raise DataError("E-UNSEAL-LOG", file=log.name, rule=report.faults[0].rule)
    entries: dict[int, str] = {}
    recorded: dict[tuple[str, str, int], frozenset[str]] = {}
    with zipfile.ZipFile(log) as archive, archive.open("entries.jsonl") as lines:
        for line in lines:
            seq, hash_, content = orjson.loads(line)
            fields = orjson.loads(content)
            if fields[5] == SEALED:
                entries[int(seq)] = str(hash_)
            elif fields[5] in ("record.recorded", "record.matched") and "commitment" in fields[12]:
                place = (fields[9], fields[10], fields[11])
                recorded[place] = recorded.get(place, frozenset()) | {str(fields[12]["commitment"])}
    return entries, recorded


def _tell(
    screen: Screen,
    file: Path,
    out: Path | None,
    counts: Counter[str],
    bad: list[tuple[SealedText, Verdict]],
    known: Known,
) -> None:
    say = screen.say
    screen.line(say("sealing.opened", count=counts.total(), file=file.name))
    for verdict, count in sorted(counts.items()):
        screen.line(say(f"sealing.verdict.{verdict}", count=count), indent=2, hang=4)
    for one, verdict in bad[:MOST_TOLD]:
        name = f"{naming.record(say, one.key)}, {say('sealing.version', version=one.version)}"
        screen.line(f"{name}: {say(f'sealing.verdict.{verdict}', count=1)}", indent=2, hang=4)
    if len(bad) > MOST_TOLD:
        screen.line(say("sealing.more", count=len(bad) - MOST_TOLD), indent=2)
    screen.line(say("sealing.compared_log" if known.entries is not None else "sealing.not_compared_log"))
    screen.line(say("sealing.compared_key" if known.evidence is not None else "sealing.not_compared_key"))
    screen.line(say("sealing.written", file=str(out)) if out else say("sealing.not_written"))


def _screen(ctx: typer.Context, *, as_json: bool) -> Screen:
    asked: Asked = ctx.obj
    return standard(asked.words(), quiet=asked.quiet, as_json=as_json)
