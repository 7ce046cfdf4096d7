"""`kntc console users`: who may log in to the console. A password is asked for or read, and never an argument."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.opening import Desk, JsonOption, Misused, desk_of, person
from connector.errors import StoreError

if TYPE_CHECKING:
    from connector.web.accounts import Office

NameArgument = Annotated[str, typer.Argument()]
PasswordOption = Annotated[bool, typer.Option("--password-stdin")]


def list_(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List the accounts, and which are locked."""
    desk = desk_of(ctx, as_json=as_json)
    with _office(desk) as office:
        found = office.accounts.all()
    if as_json:
        shown = [
            {"name": one.name, "role": one.role, "agencies": one.agencies, "locked_at": one.locked_at} for one in found
        ]
        desk.screen.json("console users list", desk.environment, accounts=shown)
        return
    for one in found:
        agencies = ", ".join(one.agencies) or desk.say("console.users.all_agencies")
        parts = [desk.say(f"console.role.{one.role}"), *([] if one.role == "admin" else [agencies])]
        parts += [desk.say("console.users.locked", at=one.locked_at)] if one.locked_at else []
        desk.screen.pair(one.name, ", ".join(parts), width=24)
    if not found:
        desk.screen.line(desk.say("console.users.none"))


def add(
    ctx: typer.Context,
    name: NameArgument,
    role: Annotated[str, typer.Option("--role")] = "operator",
    agency: Annotated[list[str] | None, typer.Option("--agency")] = None,
    password_stdin: PasswordOption = False,
) -> None:
    """Add an account."""
    from connector.store.accounts import Role

    if role not in list(Role):
        raise Misused("E-USAGE", detail=f"--role {role[:40]}", usage="kntc console users add --help")
    desk = desk_of(ctx)
    with _office(desk) as office:
        office.add(name, Role(role), agency or (), _password(desk, from_stdin=password_stdin))
    desk.screen.note(desk.say("console.users.added", name=name))


def password(ctx: typer.Context, name: NameArgument, password_stdin: PasswordOption = False) -> None:
    """Give an account another password."""
    desk = desk_of(ctx)
    with _office(desk) as office:
        office.named(name)
        office.set_password(name, _password(desk, from_stdin=password_stdin))
    desk.screen.note(desk.say("console.users.password_set", name=name))


def lock(ctx: typer.Context, name: NameArgument) -> None:
    """Lock an account."""
    desk = desk_of(ctx)
    with _office(desk) as office:
        office.lock(name)
    desk.screen.note(desk.say("console.users.was_locked", name=name))


def unlock(ctx: typer.Context, name: NameArgument) -> None:
    """Unlock an account."""
    desk = desk_of(ctx)
    with _office(desk) as office:
        office.unlock(name)
    desk.screen.note(desk.say("console.users.was_unlocked", name=name))


def remove(ctx: typer.Context, name: NameArgument) -> None:
    """Remove an account."""
    desk = desk_of(ctx)
    with _office(desk) as office:
        office.remove(name)
    desk.screen.note(desk.say("console.users.removed", name=name))


@contextmanager
def _office(desk: Desk) -> Iterator[Office]:
    """Give what changes accounts; their entries go to the log, where there is a store already."""
    from connector.app import open_log, utc_now
    from connector.web.accounts import Office
    from connector.web.hall import accounts_of
    from connector.web.notes import Notes

    with ExitStack() as stack:
        accounts = stack.enter_context(accounts_of(desk.config))
        try:
            notes = Notes(stack.enter_context(open_log(desk.config)))
        except StoreError as error:
            if error.id != "E-STORE-ABSENT":
                raise
            notes = None
        codes = [section.code for section in desk.config.agency]
        yield Office(accounts, notes, codes, person(), utc_now())


def _password(desk: Desk, *, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline(1_000).rstrip("\r\n")
    import getpass

    first = getpass.getpass(f"{desk.say('console.users.password_new')}: ")
    if getpass.getpass(f"{desk.say('console.users.password_again')}: ") != first:
        raise Misused("E-CONSOLE-PASSWORD-TWICE")
    return first
