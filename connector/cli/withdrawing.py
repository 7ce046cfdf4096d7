"""`kntc withdraw`: take one record back nationally, in a named person's name and on a stated ground.

Nothing is removed nationally by itself unless the configuration says so. The order is a short transaction, always
possible; the daemon, or the next `kntc sync`, sends it like any other version.
"""

from __future__ import annotations

from typing import Annotated

import typer

from connector.cli.opening import (
    AgencyOption,
    DryRunOption,
    KindOption,
    Misused,
    ReasonOption,
    desk_of,
    holder_of_lock,
    opened,
    person,
    reason_of,
)
from connector.telling import naming


def withdraw(
    ctx: typer.Context,
    record: Annotated[list[str], typer.Argument()],
    agency: AgencyOption = None,
    kind: KindOption = None,
    reason: ReasonOption = None,
    yes: Annotated[bool, typer.Option("--yes")] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Withdraw one record from the National Database; the reason, with its legal ground, is sent along."""
    from connector.store import tombstones, views, withdrawals

    desk = desk_of(ctx)
    with opened(desk) as app:
        key = naming.find(app, desk.agencies(agency), record, naming.kind_named(desk.say, kind) if kind else None)
        context = app.context(key.agency)
        with app.store.read() as connection:
            line = views.lines(connection, key.agency, key=key, limit=1)[0]
        name = naming.record(desk.say, key)
        desk.screen.line(desk.say("withdraw.asked", record=name, state=desk.say.label("state", line.state)))
        if dry_run:
            desk.screen.line(desk.say("dry.nothing_recorded"))
            return
        why = reason_of(reason)
        if not yes:
            raise Misused("E-YES-WITHDRAW", record=name)
        withdraws, actor = context.capabilities.withdraws, person()
        with app.store.write() as tx:
            done = withdrawals.withdraw(tx, key, actor, why, withdraws=withdraws, gone=bool(line.gone))
            if line.gone:
                tombstones.decide(tx, key, "withdraw", actor, why)
        desk.screen.note(desk.say(f"withdraw.{done}", record=name, by=actor.name))
        if done == "pending":
            desk.screen.note(desk.say("resume.by_daemon" if holder_of_lock(app) else "resume.by_sync"))
