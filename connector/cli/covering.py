"""`kntc mapping coverage`: which canonical fields a mapping feeds, how many documents have them, which columns of the
statutory forms can be computed from them. Prints names and counts, never a value. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli import failing
from connector.cli.opening import AgencyOption, Desk, JsonOption, desk_of, opened_on_trial
from connector.errors import ExitCode, KntcError, MappingError, SourceError
from connector.telling import naming, ruling
from connector.telling.words import NO_BREAK

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.coverage import FieldCover, KindCover
    from connector.core.forms import Form, Standing

ROWS = 10_000
"""So many records of a kind are read unless more are asked for: enough for a share, and soon over."""


@dataclass(slots=True)
class Covered:
    """What was found at one agency; `error` where its source could not be read to the end."""

    agency: str
    kinds: dict[str, KindCover] = field(default_factory=dict)  # by `CompiledMapping.name_of`
    error: KntcError | None = None

    def fields(self, *, filled: bool) -> set[str]:
        """Return the fields that a rule feeds, as `kind/pointer`; with `filled`, those that a document has."""
        return {
            f"{name.partition('@')[0]}{one.pointer}"
            for name, cover in self.kinds.items()
            for one in cover.fields()
            if one.how != "none" and (one.filled or not filled)
        }


def coverage(
    ctx: typer.Context,
    agency: AgencyOption = None,
    rows: Annotated[int, typer.Option("--rows", min=1)] = ROWS,
    as_json: JsonOption = False,
) -> None:
    """Say of each field what feeds it and how often it is filled, and which form columns that is enough for."""
    from connector.loading import compiled_forms

    desk = desk_of(ctx, as_json=as_json)
    forms = compiled_forms()
    found = []
    with opened_on_trial(desk) as app:
        for code in desk.agencies(agency):
            covered = _covered(app, code, rows)
            found.append(covered)
            _print(desk, covered, forms, rows)
            if covered.error is not None:
                failing.show(covered.error, desk.screen)
    if as_json:
        shown = [_as_json(one, forms) for one in found]
        desk.screen.json("mapping coverage", desk.environment, agencies=shown)
    errors = [one.error.exit_code for one in found if one.error is not None]
    raise typer.Exit(max(errors, default=ExitCode.DONE))


def _covered(app: App, code: str, rows: int) -> Covered:
    from connector.core.coverage import KindCover

    agency, found = app.agency(code), Covered(code)
    try:
        for mapping in (each for kind in agency.mapping.kinds for each in agency.mapping.all_of(kind)):
            cover = found.kinds[agency.mapping.name_of(mapping)] = KindCover(mapping)
            for page in agency.source.pages(mapping):
                for row in page.rows[: rows - cover.read]:
                    cover.add(row, agency.policy)
                if cover.read >= rows:
                    break
    except (SourceError, MappingError) as error:
        found.error = error
    return found


def _print(desk: Desk, found: Covered, forms: tuple[Form, ...], rows: int) -> None:
    say, screen = desk.say, desk.screen
    screen.heading(desk.name_of(found.agency), desk.environment_label)
    screen.line(say("coverage.head", rows=rows))
    for kind, cover in found.kinds.items():
        counts = {"read": cover.read, "documents": cover.documents, "concealed": cover.concealed}
        screen.line(say("coverage.kind", kind=naming.kind_of_source(say, kind), **counts))
        for one in cover.fields():
            if one.how not in ("none", "program"):
                _print_field(desk, one, cover.documents)
        whole, parts = cover.unfed()
        screen.line(say("coverage.unfed", fields=", ".join(whole), count=parts), indent=2, hang=4)
    screen.line(say("coverage.forms"))
    for form in forms:
        _print_form(desk, form, list(_standings(found, form)))


def _print_field(desk: Desk, one: FieldCover, documents: int) -> None:
    say = desk.say
    percent = round(100 * one.filled / documents) if documents else 0
    origin = f"<-{NO_BREAK}{one.column}" if one.column else ""
    rule = ruling.in_words(say, one.rule)
    text = say("coverage.field", field=one.pointer, filled=one.filled, percent=percent)
    told = " ".join(part for part in (text, origin, f"({rule})" if rule else "") if part)
    desk.screen.line(told, indent=2, hang=6)


def _standings(found: Covered, form: Form) -> Iterator[Standing]:
    from connector.core.forms import standing

    fed, filled = found.fields(filled=False), found.fields(filled=True)
    for column in form.columns:
        yield standing(column, fed, filled)


def _print_form(desk: Desk, form: Form, standings: list[Standing]) -> None:
    """One form: how many columns can be computed, then the others, those with the same reason together."""
    say, screen = desk.say, desk.screen
    by_reason: dict[Standing, list[str]] = {}
    for column, one in zip(form.columns, standings, strict=True):
        by_reason.setdefault(one, []).append(column.number)
    good = sum(one.how == "computable" for one in standings)
    title = f"{form.code} {form.title[say.language]}"
    screen.line(say("coverage.form", form=title, count=good, total=len(standings)), indent=2, hang=4)
    for one, columns in by_reason.items():
        if one.how != "computable":
            values = {"columns": ", ".join(columns), "fields": ", ".join(one.lacking)}
            screen.line(say(f"coverage.{one.how}", **values), indent=4, hang=6)


def _as_json(found: Covered, forms: tuple[Form, ...]) -> dict[str, Any]:
    return {
        "agency": found.agency,
        "kinds": {
            kind: {
                "read": cover.read,
                "documents": cover.documents,
                "concealed": cover.concealed,
                "fields": [asdict(one) for one in cover.fields()],
            }
            for kind, cover in found.kinds.items()
        },
        "forms": [
            {
                "form": form.code,
                "source": form.source,
                "columns": [
                    {"column": column.number, "how": one.how, "lacking": one.lacking}
                    for column, one in zip(form.columns, _standings(found, form), strict=True)
                ],
            }
            for form in forms
        ],
        "error": found.error.id if found.error else "",
    }
