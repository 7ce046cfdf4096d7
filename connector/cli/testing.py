"""`kntc mapping test`: the rows that a mapping brings, through its own queries, against the documents it brings.

Needs no database and no configuration. The rows are invented, so the values in them are shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli import failing
from connector.cli.opening import AgencyOption, Asked, JsonOption, Misused, desk_of
from connector.cli.screen import Screen, standard
from connector.errors import ConfigError, DataError, ExitCode, KntcError
from connector.telling.words import clipped, plain

if TYPE_CHECKING:
    from connector.core.expected import Compared, Difference, Made
    from connector.core.mapping import CompiledMapping
    from connector.trying import Tried

SHOWN_RECORDS = 20
"""So many records of a kind that ended otherwise are shown; the rest is counted."""

SHOWN_LEAVES = 10
LONGEST_VALUE = 60


def mapping_test(
    ctx: typer.Context,
    name: Annotated[list[str] | None, typer.Argument()] = None,
    agency: AgencyOption = None,
    write: Annotated[bool, typer.Option("--write")] = False,
    as_json: JsonOption = False,
) -> None:
    """Try mappings on the rows that they bring: each NAME a folder, or as in a configuration; none: those of it."""
    asked: Asked = ctx.obj
    if agency is not None and not write:
        raise Misused("E-USAGE", detail="--agency", usage="kntc mapping test --help")
    if name:
        screen = standard(asked.words(), quiet=asked.quiet, as_json=as_json)
        folders = [_folder(asked, one) for one in name]
    else:
        from connector.loading import mapping_folder

        desk = desk_of(ctx, as_json=as_json)
        screen = desk.screen
        named = dict.fromkeys(one.mapping for section in desk.config.agency for one in section.every_source)
        folders = [mapping_folder(desk.config.folder, one) or Path(one) for one in named]
    shown = [_one(screen, folder, agency, write=write) for folder in folders]
    code = max(found["exit_code"] for found in shown)
    if as_json:
        screen.json("mapping test", "", mappings=shown, exit_code=int(code))
    raise typer.Exit(code)


def _folder(asked: Asked, name: str) -> Path:
    """The mapping that a person means: a folder as seen from here, else what a configuration would mean by it."""
    from connector.config_path import find_config
    from connector.loading import mapping_folder

    if (Path(name) / "mapping.toml").is_file():
        return Path(name)
    return mapping_folder(find_config(asked.config_path).resolve().parent, name) or Path(name)


def _one(screen: Screen, folder: Path, agency: str | None, *, write: bool) -> dict[str, Any]:
    from connector import trying

    try:
        mapping = _compiled(folder)
        if not trying.has_tests(folder):
            raise DataError("E-MAPPING-TEST-ABSENT", file=str(folder / trying.FOLDER))
        tried = trying.write_expected(folder, mapping, agency) if write else trying.try_mapping(folder, mapping)
    except KntcError as error:
        failing.show(error, screen)
        return {"folder": str(folder), "error": error.id, "kinds": {}, "exit_code": error.exit_code}
    _print(screen, folder, mapping, tried)
    if write:
        screen.line(screen.say("mapping_test.written", file=str(folder / trying.FOLDER / trying.DOCUMENTS)))
    kinds = {kind: _as_json(tried.made.get(kind), compared) for kind, compared in tried.compared.items()}
    code = ExitCode.DONE if tried.is_equal else ExitCode.PARTIAL
    return {"folder": str(folder), "error": "", "kinds": kinds, "exit_code": code}


def _compiled(folder: Path) -> CompiledMapping:
    from connector.loading import compiled_schemas, mapping_at

    if not (folder / "mapping.toml").is_file():
        raise ConfigError("E-MAPPING-FOLDER", folder=str(folder))
    return mapping_at(folder, *compiled_schemas())


def _print(screen: Screen, folder: Path, mapping: CompiledMapping, tried: Tried) -> None:
    say = screen.say
    screen.heading(mapping.title.get(say.language, mapping.system), clipped(str(folder), 40))
    for kind, compared in tried.compared.items():
        made = tried.made.get(kind)
        screen.pair(f"  {say.label('kind', kind)}", _counts(screen, made, compared), width=22)
        for difference in compared.differences[:SHOWN_RECORDS]:
            _print_difference(screen, difference)
        if (more := len(compared.differences) - SHOWN_RECORDS) > 0:
            screen.line(say("mapping_test.more", count=more), indent=4)
    bad = sum(len(compared.differences) for compared in tried.compared.values())
    if tried.is_equal:
        screen.verdict(say("mapping_test.good", count=sum(one.equal for one in tried.compared.values())), "good")
    else:
        screen.verdict(say("mapping_test.bad", count=bad), "bad")


def _counts(screen: Screen, made: Made | None, compared: Compared) -> str:
    say = screen.say
    found = {
        "equal": compared.equal,
        "other": len(compared.differences),
        "documents": len(made.documents) if made else 0,
        "problems": len(made.problems) if made else 0,
        "excluded": len(made.excluded) + made.secret if made else 0,
    }
    always = ("equal", "documents")
    return ", ".join(
        say(f"mapping_test.{name}", count=count) for name, count in found.items() if count or name in always
    )


def _print_difference(screen: Screen, difference: Difference) -> None:
    say = screen.say
    record = difference.local_id or say("mapping_test.no_id")
    screen.line(say(f"mapping_test.{difference.how}", record=record), indent=4, hang=6)
    for place, wanted, there in difference.leaves[:SHOWN_LEAVES]:
        values = {"expected": _shown(screen, wanted), "found": _shown(screen, there)}
        screen.line(say("mapping_test.leaf", place=place, **values), indent=6, hang=8)
    if (more := len(difference.leaves) - SHOWN_LEAVES) > 0:
        screen.line(say("mapping_test.more_leaves", count=more), indent=6)


def _shown(screen: Screen, value: str) -> str:
    return clipped(plain(value), LONGEST_VALUE) if value else screen.say("mapping_test.nothing")


def _as_json(made: Made | None, compared: Compared) -> dict[str, Any]:
    """One kind as machines read it: places, and no text of a document."""
    return {
        "equal": compared.equal,
        "documents": len(made.documents) if made else 0,
        "problems": len(made.problems) if made else 0,
        "excluded": len(made.excluded) if made else 0,
        "secret": made.secret if made else 0,
        "unexplained": made.unexplained if made else 0,
        "differences": [
            {"local_id": one.local_id, "how": one.how, "places": [place for place, _, _ in one.leaves]}
            for one in compared.differences
        ],
    }
