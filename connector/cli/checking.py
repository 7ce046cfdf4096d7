"""`kntc check` and `kntc mapping check`: all that can be wrong before a run, at once, each with its cure.

Reads only: no lock, no binding, no store is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector import access
from connector.cli import failing
from connector.cli.opening import Asked, Desk, JsonOption, desk_of, opened, opened_on_trial
from connector.cli.screen import Screen, standard
from connector.errors import (
    ConfigError,
    ConfigProblem,
    ExitCode,
    KntcError,
    LockedError,
    MappingError,
    RemoteError,
    SourceError,
)
from connector.telling import naming
from connector.telling.catalogue import withdrawn_in_use
from connector.telling.errors import text_of

if TYPE_CHECKING:
    from connector.app import App
    from connector.national.base import National
    from connector.sources.base import Source


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked: good with a word about it, bad with its error, or left out.

    name: config, secrets, mapping, store, source or national, as machines read it; people read `check.<name>`."""

    name: str
    text: str = ""
    error: KntcError | None = None
    skipped: bool = False


def check(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Check configuration, secrets, mappings, store, sources and national side: one line each, with the cure."""
    desk = desk_of(ctx, as_json=as_json)
    desk.screen.heading(desk.say("check.title", file=desk.config.path.name), desk.environment_label)
    findings: list[Finding] = []
    for finding in _all(desk):
        findings.append(finding)
        _print(desk, finding)
    code = _exit_code(findings)
    if as_json:
        shown = [_as_json(desk, finding) for finding in findings]
        desk.screen.json("check", desk.environment, findings=shown, exit_code=int(code))
    else:
        style = "good" if code is ExitCode.DONE else "bad"
        desk.screen.verdict(desk.say("check.good" if code is ExitCode.DONE else "check.bad", code=int(code)), style)
    raise typer.Exit(code)


def _all(desk: Desk) -> Iterator[Finding]:
    yield Finding("config", desk.say("check.config_good", count=len(desk.config.agency)))
    own = [*_secrets(desk), *_mappings(desk)]
    yield from own
    if any(finding.error for finding in own):
        for name in ("store", "source", "national"):
            yield Finding(name, desk.say("check.skipped"), skipped=True)
        return
    edges = list(_described(desk))
    if any(finding.error for finding in edges):
        yield Finding("store", desk.say("check.skipped"), skipped=True)
        yield from edges
        return
    yield from _store(desk)
    yield from _edges(desk)


def _secrets(desk: Desk) -> Iterator[Finding]:
    from connector.config import read_hex_key, read_secret
    from connector.edges import auditor_of

    config = desk.config
    asked: list[tuple[str, str, bool]] = []
    if config.store.key:
        asked.append((config.store.key, "store.key", True))
    if config.audit.key:
        asked.append((config.audit.key, "audit.key", True))
    national = config.national
    if national.profile == "ttcp2018" and national.ttcp2018.extra_token:
        asked.append((national.ttcp2018.extra_token, "national.ttcp2018.extra_token", False))
    for index, agency in enumerate(config.agency):
        place = f"agency.{index}"
        asked.append((agency.evidence_key, f"{place}.evidence_key", True))
        asked.append((agency.credentials.client_secret, f"{place}.credentials.client_secret", False))
        every = agency.every_source
        asked += [(one.password, f"{place}.{one.place}.password", False) for one in every if one.password]
    problems: list[ConfigProblem] = []
    for reference, key, is_key in asked:
        try:
            (read_hex_key if is_key else read_secret)(reference, config, key)
        except ConfigError as error:
            problems += error.problems
    try:
        auditor_of(config)
    except ConfigError as error:
        problems += error.problems
    text = desk.say("check.secrets_good", count=len(asked))
    yield Finding("secrets", text, ConfigError(problems=problems) if problems else None)


def _mappings(desk: Desk) -> Iterator[Finding]:
    from connector.loading import compile_mappings

    try:
        compiled = compile_mappings(desk.config)
    except ConfigError as error:
        yield Finding("mapping", "", error)
        return
    every = (part for mapping in compiled.values() for part in mapping.sources)
    for system, kinds in {part.system: len(part.kinds) for part in every}.items():
        yield Finding("mapping", desk.say("check.mapping_good", system=system, count=kinds))


def _store(desk: Desk) -> Iterator[Finding]:
    from connector.edges import STORE_FILE
    from connector.errors import StoreError

    encrypted = desk.say("check.encrypted" if desk.config.store.encryption == "sqlcipher" else "check.not_encrypted")
    try:
        with opened(desk) as app:
            for code in app.agencies:
                generation = app.generation(code)
                with app.store.read() as connection:
                    head = app.store.heads.check(connection, code)
                bound = "check.store_good" if generation else "check.store_unbound"
                yield Finding("store", desk.say(bound, agency=code, encrypted=encrypted, seq=head.seq))
                if withdrawn := withdrawn_in_use(app, code):
                    codes = "; ".join(f"{name} {each.code}" for name, entries in withdrawn.items() for each in entries)
                    yield Finding("catalogue", desk.say("check.catalogue_used", agency=code, codes=codes))
    except StoreError as error:
        if error.id == "E-STORE-ABSENT":
            path = desk.config.data_dir / STORE_FILE
            text = desk.say("check.store_absent", path=str(path), encrypted=encrypted)
            yield Finding("store", text, access.lacking(path))
        else:
            yield Finding("store", "", error)
    except (ConfigError, LockedError) as error:
        yield Finding("store", "", error)


def _described(desk: Desk) -> Iterator[Finding]:
    """Yield for source and national side of each agency whether they can be used as the configuration describes them;
    nothing is opened or asked yet. A mistake that all agencies share is told once."""
    from threading import Event

    from connector import edges
    from connector.config import read_hex_key
    from connector.loading import compile_mappings

    config = desk.config
    told: set[tuple[object, ...]] = set()
    mappings = compile_mappings(config)
    for index, agency in enumerate(config.agency):
        evidence = read_hex_key(agency.evidence_key, config, f"agency.{index}.evidence_key")
        builders: dict[str, Callable[[], Source | National]] = {
            "source": partial(edges.sources_of, config, agency, mappings[agency.code], evidence),
            "national": partial(edges.national_of, config, agency, mappings[agency.code], Event()),
        }
        for name, build in builders.items():
            try:
                build().close()
            except ConfigError as error:
                known = (error.id, *error.values.items()) if not error.problems else (agency.code, name)
                if known not in told:
                    told.add(known)
                    yield Finding(name, agency.code, error)
                continue
            yield Finding(name, desk.say("check.skipped"), skipped=True)


def _edges(desk: Desk) -> Iterator[Finding]:
    """Ask every source and the national side one cheap question."""
    try:
        with opened_on_trial(desk) as app:
            for code in app.agencies:
                yield _source(desk, app, code)
                yield _national(desk, app, code)
    except ConfigError as error:
        yield Finding("national", "", error)


def _source(desk: Desk, app: App, code: str) -> Finding:
    agency = app.agency(code)
    try:
        agency.source.probe()
        for attached in (each.attached for kind in agency.mapping.kinds for each in agency.mapping.all_of(kind)):
            if agency.papers is not None and attached is not None:
                agency.papers.check(attached)
    except (SourceError, MappingError) as error:
        return Finding("source", code, error)
    return Finding("source", _snapshots(desk, app, code))


def _snapshots(desk: Desk, app: App, code: str) -> str:
    """What can be said of a source that answers: whether it shows one moment at a time."""
    agency = app.agency(code)
    every = (each for kind in agency.mapping.kinds for each in agency.mapping.all_of(kind))
    kinds = [agency.mapping.name_of(each) for each in every if not agency.source.has_snapshot(each)]
    if not kinds:
        return desk.say("check.source_good", agency=code)
    return desk.say(
        "check.no_snapshot", agency=code, kinds=", ".join(naming.kind_of_source(desk.say, kind) for kind in kinds)
    )


def _national(desk: Desk, app: App, code: str) -> Finding:
    try:
        app.agency(code).national.check()
    except RemoteError as error:
        return Finding("national", code, error)
    return Finding("national", desk.say("check.national_good", agency=code))


def _print(desk: Desk, finding: Finding) -> None:
    if desk.screen.as_json:
        return
    word = desk.say("check.ok" if finding.error is None else "check.fault")
    word = desk.say("check.left_out") if finding.skipped else word
    label = f"{word:<5}{desk.say(f'check.{finding.name}')}"
    if finding.error is None:
        desk.screen.pair(label, finding.text, width=22)
        return
    problems = finding.error.problems if isinstance(finding.error, ConfigError) else ()
    if not problems:
        text = text_of(finding.error, desk.say)
        desk.screen.pair(label, f"{text.what} ({text.id})", width=22)
        desk.screen.pair("", text.why, width=22)
        desk.screen.pair("", f"{desk.say('error.next')} {text.next}", width=22)
        return
    desk.screen.pair(label, desk.say("check.problems", count=len(problems)), width=22)
    for problem in problems:
        desk.screen.lines(failing.problem_lines(problem, desk.screen))


def _exit_code(findings: list[Finding]) -> ExitCode:
    codes = {finding.error.exit_code for finding in findings if finding.error is not None}
    return max(codes, default=ExitCode.DONE)


def _as_json(desk: Desk, finding: Finding) -> dict[str, Any]:
    error = finding.error
    problems = error.problems if isinstance(error, ConfigError) else ()
    return {
        "name": finding.name,
        "what": desk.say(f"check.{finding.name}"),
        "ok": error is None and not finding.skipped,
        "skipped": finding.skipped,
        "text": finding.text if error is None else text_of(error, desk.say).what,
        "errors": [problem.id for problem in problems] or ([error.id] if error else []),
    }


# --- mapping check -------------------------------------------------------------------------------------------------


def mapping_check(
    ctx: typer.Context, folder: Annotated[Path | None, typer.Argument()] = None, as_json: JsonOption = False
) -> None:
    """Compile a mapping without any database and print all its problems: of FOLDER, or those of the configuration."""
    if folder is not None:
        asked: Asked = ctx.obj
        screen = standard(asked.words(), quiet=asked.quiet, as_json=as_json)
        _check_folders(screen, [folder])
        return
    from connector.loading import mapping_folder

    desk = desk_of(ctx, as_json=as_json)
    named = dict.fromkeys(one.mapping for agency in desk.config.agency for one in agency.every_source)
    _check_folders(desk.screen, [mapping_folder(desk.config.folder, name) or Path(name) for name in named])


def _check_folders(screen: Screen, folders: list[Path]) -> None:
    from connector.loading import compiled_schemas

    schemas, code_lists = compiled_schemas()
    shown, bad = [], False
    for folder in folders:
        found = _check_folder(screen, folder, schemas, code_lists)
        bad = bad or bool(found["problems"])
        shown.append(found)
    code = ExitCode.CONFIGURATION if bad else ExitCode.DONE
    if screen.as_json:
        screen.json("mapping check", "", mappings=shown, exit_code=int(code))
    raise typer.Exit(code)


def _check_folder(screen: Screen, folder: Path, schemas: Any, code_lists: Any) -> dict[str, Any]:
    from connector.loading import mapping_at

    if not (folder / "mapping.toml").is_file():
        error = ConfigError("E-MAPPING-FOLDER", folder=str(folder))
        failing.show(error, screen)
        return {"folder": str(folder), "problems": [{"id": error.id, **error.values}]}
    try:
        mapping = mapping_at(folder, schemas, code_lists)
    except ConfigError as error:
        failing.show(error, screen)
        problems = [{"id": p.id, **p.values} for p in error.problems] or [{"id": error.id, **error.values}]
        return {"folder": str(folder), "problems": problems}
    rules = sum(len(mapping.kind(kind).trace) for kind in mapping.kinds)
    screen.line(screen.say("mapping.good", system=mapping.system, kinds=len(mapping.kinds), rules=rules))
    screen.line(screen.say("mapping.fingerprint", digest=mapping.digest[:16]))
    return {"folder": str(folder), "problems": [], "fingerprint": mapping.digest}
