"""`kntc audit checkpoint` and `kntc audit keys`: the end of the log signed, on disk or paper, and the keys for it.

The private key stands where the configuration says (`audit.key`); what is shown here is public.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli import failing
from connector.cli.opening import AgencyOption, Desk, JsonOption, desk_of, opened
from connector.errors import AnchorError, ConfigError, ExitCode

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.chain import Head

NEXT = ".next"
"""The end of the name under which a new key lies until the log names it."""


def checkpoint(
    ctx: typer.Context,
    agency: AgencyOption = None,
    on_paper: Annotated[bool, typer.Option("--print")] = False,
    as_json: JsonOption = False,
) -> None:
    """Sign the end of the log now; with --print, say it in a form for paper instead, which needs no key."""
    desk = desk_of(ctx, as_json=as_json)
    failed: AnchorError | None = None
    if not on_paper:
        _key_file(desk)
    with opened(desk, look=on_paper) as app:
        codes = desk.agencies(agency)
        for code in () if on_paper else codes:
            try:
                for _counts in app.checkpoint(code, at_once=True):
                    app.note_success(code, "checkpoint", {})
            except AnchorError as error:
                failed = error
                app.note_failure(code, "checkpoint", error)
                failing.show(error, desk.screen)
        heads = [_head(app, code) for code in codes]
        _tell(desk, app, heads, on_paper=on_paper, as_json=as_json, exit_code=failed.exit_code if failed else 0)
    raise typer.Exit(failed.exit_code if failed else ExitCode.DONE)


def _head(app: App, code: str) -> Head:
    from connector.store import audit

    with app.store.read() as connection:
        return app.store.heads.check(connection, code) if on_disk(app, code) else audit.head_of(connection, code)


def on_disk(app: App, code: str) -> bool:
    """Return whether this agency has a log yet."""
    return app.store.heads.read(code) is not None


def _tell(desk: Desk, app: App, heads: list[Head], *, on_paper: bool, as_json: bool, exit_code: int) -> None:
    from connector import verifier

    codes = {head.agency: verifier.paper_code(head.seq, head.hash) for head in heads}
    if as_json:
        shown = [{"agency": h.agency, "seq": h.seq, "hash": h.hash, "paper": codes[h.agency]} for h in heads]
        desk.screen.json("audit checkpoint", desk.environment, at=app.now(), agencies=shown, exit_code=exit_code)
        return
    for head in heads:
        desk.screen.heading(desk.name_of(head.agency), desk.environment_label)
        desk.screen.line(desk.say("checkpoint.head", seq=head.seq, at=app.now()))
        if on_paper:
            groups = codes[head.agency].split("-")
            desk.screen.line("  ".join(groups[:4]), indent=4)
            desk.screen.line("  ".join(groups[4:]), indent=4)
            desk.screen.line(desk.say("checkpoint.on_paper", agency=head.agency))


# --- keys ----------------------------------------------------------------------------------------------------------


def keys_new(ctx: typer.Context) -> None:
    """Make the key that signs checkpoints, and write its public half into every log."""
    from connector.core import checkpoints
    from connector.edges import STORE_FILE

    desk = desk_of(ctx)
    file = _key_file(desk, writable=True)
    if file.exists():
        raise ConfigError("E-AUDIT-KEY-THERE", file=str(file))
    _write(file, checkpoints.new_seed())
    # If the process dies here, or there is no store yet, the first checkpoint writes the public half down.
    if (desk.config.data_dir / STORE_FILE).exists():
        with opened(desk) as app:
            _announce(desk, app)
    _show(desk, None)


def keys_rotate(ctx: typer.Context) -> None:
    """Let a new key take over: both sign that, in every log; the old private key is gone afterwards."""
    from connector import edges
    from connector.core import checkpoints
    from connector.stages import anchor

    desk = desk_of(ctx)
    file = _key_file(desk, writable=True)
    after = file.with_name(file.name + NEXT)
    anchoring = edges.anchoring_of(desk.config)
    with opened(desk) as app:
        if anchoring is not None and not (after.exists() and _is_announced(app, after)):
            after.unlink(missing_ok=True)
            new = checkpoints.new_seed()
            _write(after, new)
            anchor.rotate(app.store, list(app.agencies), anchoring, new, app.actor)
        # If the process dies here, the next `rotate` does only what follows.
        _keep_handovers(desk, app)
    after.replace(file)
    _show(desk, None)


def _keep_handovers(desk: Desk, app: App) -> None:
    """Keep beside the key what both keys signed: a store that is put back from before has forgotten it."""
    import json

    from connector import edges
    from connector.stages import anchor

    target = edges.handovers_file(desk.config)
    if target is None:
        return
    known = edges.handovers_of(desk.config)
    news = [each for each in anchor.handovers(app.store, list(app.agencies)) if each not in known]
    draft = target.with_name(f"{target.name}.tmp")
    with draft.open("w", encoding="ascii") as file:
        file.writelines(f"{json.dumps([agency, dict(facts)])}\n" for agency, facts in (*known, *news))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)


def keys_show(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Show the public key, for whoever keeps checkpoints."""
    desk = desk_of(ctx, as_json=as_json)
    _key_file(desk)
    _show(desk, "audit keys show" if as_json else None)


def _show(desk: Desk, command: str | None) -> None:
    from connector.config import read_hex_key
    from connector.core import checkpoints

    public = checkpoints.public_of(read_hex_key(desk.config.audit.key or "", desk.config, "audit.key")).hex()
    if command:
        desk.screen.json(command, desk.environment, public=public)
        return
    desk.screen.line(desk.say("checkpoint.public"))
    desk.screen.line(public, indent=2)


def _announce(desk: Desk, app: App) -> None:
    from connector import edges
    from connector.stages import anchor

    anchoring = edges.anchoring_of(desk.config)
    for code in app.agencies if anchoring else ():
        if anchoring is not None and on_disk(app, code):  # one that was never bound gets it with its first checkpoint
            anchor.announce(app.store, code, anchoring, app.actor)


def _is_announced(app: App, file: Path) -> bool:
    from connector.core import checkpoints
    from connector.stages import anchor

    public = checkpoints.public_of(bytes.fromhex(file.read_text(encoding="ascii").strip())).hex()
    return public in {anchor.announced(app.store, code) for code in app.agencies}


def _key_file(desk: Desk, *, writable: bool = False) -> Path:
    """Return the file of the key. Raises ConfigError where no key is configured, or one is to be written and the
    reference is to something else than a file."""
    from connector.config import secret_file

    reference = desk.config.audit.key
    if reference is None:
        raise ConfigError("E-AUDIT-KEY-NONE", file=desk.config.path.name)
    file = secret_file(reference, desk.config)
    if file is None and writable:
        raise ConfigError("E-AUDIT-KEY-PLACE", reference=reference.partition(":")[0])
    return file or Path()


def _write(file: Path, seed: bytes) -> None:
    """Write a private key so that only its owner can read it, and no other is replaced."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as target:
        target.write(f"{seed.hex()}\n")
        target.flush()
        os.fsync(target.fileno())
