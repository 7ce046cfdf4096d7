"""`kntc audit kept`: the configurations and mappings that decisions were made with, listed, or written out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.opening import Desk, JsonOption, desk_of, opened
from connector.errors import DataError

if TYPE_CHECKING:
    from connector.store.kept import Line, Texts

SHORT = 16
"""So many digits are shown, and named in entries."""


def kept(
    ctx: typer.Context,
    digest: Annotated[str | None, typer.Argument()] = None,
    folder: Annotated[Path | None, typer.Option("--out")] = None,
    as_json: JsonOption = False,
) -> None:
    """List what is kept; of a DIGEST (its first digits do) its files; with --out, write them into a new folder."""
    from connector.store import kept as store

    desk = desk_of(ctx, as_json=as_json)
    with opened(desk, look=True) as app, app.store.read() as connection:
        lines = store.lines(connection) if digest is None else []
        texts = _one(store.found(connection, digest), digest) if digest and _is_digest(digest) else None
    if digest is None:
        _list(desk, lines, as_json=as_json)
        return
    if texts is None:
        raise DataError("E-KEPT-UNKNOWN", digest=digest[:SHORT])
    if folder is not None:
        _write(texts, folder)
    _tell(desk, texts, folder, as_json=as_json)


def _is_digest(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{4,64}", text) is not None


def _one(found: list[Texts], digest: str) -> Texts:
    if len(found) != 1:
        raise DataError("E-KEPT-UNKNOWN", digest=digest[:SHORT])
    return found[0]


def _write(texts: Texts, folder: Path) -> None:
    from connector import decided, disk

    with disk.told(folder.absolute().parent):
        try:
            decided.write(texts, folder)
        except (FileExistsError, FileNotFoundError, ValueError):
            raise DataError("E-KEPT-FOLDER", folder=str(folder)) from None


def _list(desk: Desk, lines: list[Line], *, as_json: bool) -> None:
    if as_json:
        shown = [{"digest": line.digest, "what": line.what, "kept_at": line.kept_at} for line in lines]
        desk.screen.json("audit kept", desk.environment, kept=shown)
        return
    desk.screen.heading(desk.say("kept.title"), desk.environment_label)
    for line in lines:
        text = desk.say("kept.line", what=desk.say.label("kept", line.what), at=line.kept_at)
        desk.screen.pair(line.digest[:SHORT], text, width=SHORT + 3)
    if not lines:
        desk.screen.line(desk.say("kept.none"))


def _tell(desk: Desk, texts: Texts, folder: Path | None, *, as_json: bool) -> None:
    if as_json:
        files = {name: len(text.encode()) for name, text in texts.files.items()}
        written = str(folder) if folder else ""
        desk.screen.json(
            "audit kept", desk.environment, digest=texts.digest, what=texts.what, files=files, folder=written
        )
        return
    desk.screen.heading(f"{desk.say.label('kept', texts.what)} {texts.digest[:SHORT]}", desk.environment_label)
    for name, text in texts.files.items():
        desk.screen.line(desk.say("kept.file", file=name, size_bytes=len(text.encode())), indent=2)
    if folder is not None:
        desk.screen.line(desk.say("kept.done", count=len(texts.files), folder=str(folder)))
