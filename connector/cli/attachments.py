"""`kntc attachments`: which files have not arrived nationally, and why; and what a person asks of it.

No name of a file is shown or logged: it may name a person. A file is told by its record and its place there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.opening import AgencyOption, Desk, DryRunOption, JsonOption, ReasonOption, desk_of, opened, person
from connector.cli.opening import reason_of as reason_given
from connector.cli.screen import spread
from connector.telling import naming
from connector.telling.rules import rule_in_words
from connector.telling.words import clipped

if TYPE_CHECKING:
    from connector.app import App
    from connector.store.attachments import Paper


def list_(
    ctx: typer.Context,
    agency: AgencyOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = 200,
    as_json: JsonOption = False,
) -> None:
    """List the files that do not go, or still wait: of which record, which of its files, and why."""
    from connector.store import attachments

    desk = desk_of(ctx, as_json=as_json)
    agencies: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    with opened(desk) as app:
        for code in desk.agencies(agency):
            generation = app.generation(code)
            with app.store.read() as connection:
                counts = dict(attachments.counts(connection, code, generation))
                papers = attachments.papers(connection, code, generation, limit + 1)
            agencies.append({"agency": code, "counts": counts, "more": len(papers) > limit})
            found += [_as_json(paper) for paper in papers[:limit]]
            _print(desk, app, code, counts, papers[:limit], more=len(papers) > limit, limit=limit)
        if as_json:
            desk.screen.json("attachments list", desk.environment, at=app.now(), agencies=agencies, files=found)


def _print(
    desk: Desk, app: App, code: str, counts: dict[str, int], papers: list[Paper], *, more: bool, limit: int
) -> None:
    say, screen = desk.say, desk.screen
    screen.heading(desk.name_of(code), desk.environment_label)
    if app.agency(code).papers is None:
        screen.line(say("attachments.not_configured"), hang=2)
    elif not app.agency(code).national.capabilities.attachments:
        screen.line(say("attachments.not_carried"), hang=2)
    for fate, count in sorted(counts.items()):
        screen.line(say("attachments.sum", count=count, fate=say.label("fate", fate)), indent=2)
    screen.line(say("attachments.title"))
    for paper in papers:
        place = say("attachments.place", record=naming.record(say, paper.key), number=paper.at + 1)
        span = say.span((app.now() - paper.since).total_seconds())
        for text in spread(clipped(place, 77), say("list.since", since=paper.since, span=span)):
            screen.line(text)
        screen.line(_why(desk, paper), indent=2, hang=4)
    if not papers:
        screen.line(say("list.none"))
    elif more:
        screen.line(say("list.more", limit=limit))
    if any(paper.fate not in ("ready", "later", "not_redacted") for paper in papers):
        screen.line(say("attachments.without"), hang=2)


def _why(desk: Desk, paper: Paper) -> str:
    fate = desk.say.label("fate", paper.state if paper.state == "refused" else paper.fate)
    if not paper.rule:
        return fate
    return desk.say("attachments.why", fate=fate, why=rule_in_words(desk, paper.rule), count=paper.attempt)


def _as_json(paper: Paper) -> dict[str, Any]:
    return {
        "key": str(paper.key),
        "agency": paper.key.agency,
        "kind": str(paper.key.kind),
        "local_id": paper.key.local_id,
        "file": paper.at + 1,
        "fate": str(paper.fate),
        "content": paper.state,
        "rule": paper.rule,
        "attempt": paper.attempt,
        "since": paper.since,
    }


def retry(
    ctx: typer.Context, agency: AgencyOption = None, reason: ReasonOption = None, dry_run: DryRunOption = False
) -> None:
    """Let the contents that the national side refused be sent again; the records that name them are read again."""
    from connector.store import attachments, contents

    desk = desk_of(ctx)
    with opened(desk) as app:
        for code in desk.agencies(agency):
            generation = app.generation(code)
            with app.store.read() as connection:
                count = attachments.counts(connection, code, generation).get("refused", 0)
            if dry_run:
                desk.screen.line(desk.say("attachments.sum", count=count, fate=desk.say.label("fate", "refused")))
                continue
            why, actor = reason_given(reason), person()
            with app.store.write() as tx:
                retried = contents.retry(tx, code, generation, actor, why)
            desk.screen.note(desk.say("attachments.retried", by=actor.name, count=retried))
