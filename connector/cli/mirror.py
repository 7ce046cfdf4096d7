"""`kntc mirror show`, `kntc mirror unreadable`: what the National Database has said, from the local copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.opening import (
    AgencyOption,
    Desk,
    DryRunOption,
    JsonOption,
    ReasonOption,
    desk_of,
    opened,
    person,
    reason_of,
)
from connector.telling import naming

if TYPE_CHECKING:
    from connector.app import App


def show(
    ctx: typer.Context,
    record: Annotated[list[str] | None, typer.Argument()] = None,
    agency: AgencyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how many records have which national status, or every event of one record."""
    desk = desk_of(ctx, as_json=as_json)
    with opened(desk) as app:
        if record:
            _show_one(desk, app, record, agency)
        else:
            _show_counts(desk, app, agency)


def unreadable(
    ctx: typer.Context,
    agency: AgencyOption = None,
    close: Annotated[str | None, typer.Option("--close")] = None,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """List items of the feed that could not be read, or close one that a person has looked into."""
    from connector.store import unreadable as kept

    desk = desk_of(ctx, as_json=as_json)
    with opened(desk, look=dry_run or close is None) as app:
        if close is not None:
            code = desk.one_agency(agency)
            if dry_run:
                desk.screen.line(desk.say("dry.close_item", item=close))
                return
            why, actor = reason_of(reason), person()
            with app.store.write() as tx:
                kept.close(tx, code, close, actor, why)
            desk.screen.note(desk.say("mirror.item_closed", item=close, by=actor.name))
            return
        with app.store.read() as connection:
            found = {code: kept.items(connection, code) for code in desk.agencies(agency)}
        if as_json:
            shown = [{"agency": code, "id": item.id, "at": item.at} for code, items in found.items() for item in items]
            desk.screen.json("mirror unreadable", desk.environment, at=app.now(), items=shown)
            return
        for code, items in found.items():
            desk.screen.heading(desk.name_of(code), desk.environment_label)
            for item in items:
                desk.screen.pair(desk.say.instant(item.at), item.id)
            desk.screen.line(desk.say("mirror.items" if items else "mirror.no_items"), hang=2)


def _show_counts(desk: Desk, app: App, agency: str | None) -> None:
    from connector.app import MIRROR_FILE
    from connector.store import mirrored

    published = app.config.data_dir / MIRROR_FILE
    found: list[dict[str, Any]] = []
    for code in desk.agencies(agency):
        with app.store.read() as connection:
            counts = mirrored.national_counts(connection, code)
            odd = mirrored.odd_steps(connection, code)
        found.append(
            {
                "agency": code,
                "statuses": {str(kind): dict(by) for kind, by in counts.items()},
                "impossible_changes": [
                    {"key": str(step.key), "before": step.before, "after": step.after, "at": step.at} for step in odd
                ],
            }
        )
        desk.screen.heading(desk.name_of(code), desk.environment_label)
        for kind, by_status in counts.items():
            for status, count in by_status.items():
                label = f"{desk.say.label('kind', kind)}: {desk.say.label('national', status)}"
                desk.screen.pair(label, desk.say.number(count), width=44)
        for step in odd:
            before = desk.say.label("national", step.before)
            text = desk.say("mirror.impossible", status=desk.say.label("national", step.after), before=before)
            desk.screen.pair(naming.record(desk.say, step.key), text)
        if not counts:
            desk.screen.line(desk.say("mirror.empty"))
    if desk.screen.as_json:
        path = str(published) if published.exists() else ""
        desk.screen.json("mirror show", desk.environment, at=app.now(), published=path, agencies=found)
    elif published.exists():
        desk.screen.line(desk.say("mirror.published", path=str(published)), hang=2)


def _show_one(desk: Desk, app: App, record: list[str], agency: str | None) -> None:
    from connector.store import stories

    key = naming.find(app, desk.agencies(agency), record)
    with app.store.read() as connection:
        events = stories.national_events(connection, key)
    if desk.screen.as_json:
        desk.screen.json("mirror show", desk.environment, at=app.now(), key=str(key), events=events)
        return
    desk.screen.heading(naming.record(desk.say, key), desk.environment_label)
    for event in events:
        text = desk.say.label("national", event["status"])
        text += f" ({event['acting_agency']})" if event["acting_agency"] else ""
        text = text if event["occurred_at"] else desk.say("mirror.listed", status=text)
        desk.screen.pair(desk.say.instant(event["occurred_at"] or event["applied_at"]), text)
    if not events:
        desk.screen.line(desk.say("mirror.empty"))
