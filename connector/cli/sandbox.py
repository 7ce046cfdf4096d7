"""`kntc sandbox`: the national side, double, in the foreground on loopback. For trials; never for real data."""

from __future__ import annotations

import json
import os
import re
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.opening import Asked, Misused
from connector.cli.screen import standard
from connector.cli.working import stopped_by_signals
from connector.config_path import find_config
from connector.core.toml import parsed_toml
from connector.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.cli.screen import Screen
    from connector.sandbox import FaultRule, Sandbox, Variant

FAULTS = ("off", "demo")

CREDENTIALS_FILE = "sandbox-credentials.json"


def sandbox(
    ctx: typer.Context,
    port: Annotated[int, typer.Option("--port", min=0, max=65_535)] = 0,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    faults: Annotated[str, typer.Option("--faults")] = "off",
    state: Annotated[Path | None, typer.Option("--state")] = None,
    credentials: Annotated[Path | None, typer.Option("--credentials")] = None,
    agency: Annotated[list[str] | None, typer.Option("--agency")] = None,
    variant: Annotated[Path | None, typer.Option("--variant", readable=False)] = None,
) -> None:
    """Serve both profiles until a signal comes; print where each listens and the file of the accounts."""
    from connector.sandbox import Sandbox

    asked: Asked = ctx.obj
    screen = standard(asked.words())
    if faults not in FAULTS:
        raise Misused("E-FAULTS-UNKNOWN", faults=faults[:40], known=", ".join(FAULTS))
    credentials = credentials or _beside(state, asked) / CREDENTIALS_FILE
    accounts = _accounts(credentials, agency_codes(agency or ["H51.01"]))
    stop = threading.Event()
    rules = demo_faults() if faults == "demo" else ()
    form = _variant(variant) if variant else None
    side = Sandbox(state, credentials=accounts, seed=seed, faults=rules, ttcp2018=form)
    try:
        with stopped_by_signals(stop):  # before anybody is told: whoever reads the address may stop us at once
            side.start(port)
            _tell(screen, side, credentials, accounts, state)
            stop.wait()
    finally:
        side.close()
    screen.line(screen.say("sandbox.stopped"))


def _beside(state: Path | None, asked: Asked) -> Path:
    """Return where the accounts go: secrets belong beside what they open, not wherever somebody happens to stand."""
    if state is not None:
        return state.parent
    config = find_config(asked.config_path)
    return config.parent if config.is_file() and os.access(config.parent, os.W_OK) else Path()


def agency_codes(named: Sequence[str]) -> Sequence[str]:
    """Return the codes. Raises Misused for one that no configuration could name."""
    from connector.config import AGENCY_CODE

    for code in named:
        if not re.fullmatch(AGENCY_CODE, code):
            raise Misused("E-AGENCY-FORM", agency=code[:40])
    return named


def demo_faults() -> Sequence[FaultRule]:
    """Return the troubles of the demo: answers lost after the effect, a busy server, a failing bus."""
    from connector.sandbox import FaultRule

    return (
        FaultRule("lose_after_commit", share=0.02, times=1),
        FaultRule("busy_429", share=0.01, times=1),
        FaultRule("busy_503", share=0.005, times=1),
        FaultRule("lose_after_commit", call="CapNhatVuViec", share=0.02, times=1),
    )


def _variant(path: Path) -> Variant:
    """Return the form of `ttcp2018` that a TOML file describes."""
    from connector.sandbox import NoSuchVariant, Variant

    try:
        return Variant.read(parsed_toml(path.read_text(encoding="utf-8")))
    except NoSuchVariant as wrong:
        raise ConfigError("E-SANDBOX-VARIANT", file=str(path), setting=wrong.setting[:40]) from None
    except (OSError, ValueError):
        raise ConfigError("E-SANDBOX-VARIANT", file=str(path), setting="TOML") from None


def _accounts(path: Path, agencies: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the accounts in the file, with new ones for agencies that have none yet. Readable by its owner only."""
    try:
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        accounts = {code: (str(pair["client_id"]), str(pair["client_secret"])) for code, pair in known.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise DataError("E-SANDBOX-CREDENTIALS", file=str(path)) from None
    for code in agencies:
        accounts.setdefault(code, (f"sandbox-{code}", secrets.token_urlsafe(24)))
    written = {code: {"client_id": id_, "client_secret": secret} for code, (id_, secret) in accounts.items()}
    try:
        path.touch(mode=0o600)
        path.chmod(0o600)  # one that was there already may have been open to others
        path.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    except OSError:
        raise DataError("E-SANDBOX-CREDENTIALS", file=str(path)) from None
    return accounts


def _tell(
    screen: Screen, side: Sandbox, credentials: Path, accounts: dict[str, tuple[str, str]], state: Path | None
) -> None:
    say = screen.say
    screen.heading(say("sandbox.title"), f"[{say('environment.test')}]")
    screen.pair(say("sandbox.credentials"), str(credentials))
    screen.pair(say("sandbox.agencies"), ", ".join(accounts))
    screen.pair(say("sandbox.state"), str(state) if state else say("sandbox.forgets"))
    screen.pair("decree55", side.base_url)
    screen.pair("", say("sandbox.how"))
    screen.pair("ttcp2018", side.ttcp2018_url)
    screen.pair("", say("sandbox.how_ttcp2018"))
    screen.line(say("sandbox.stop"))
    screen.out.flush()
