"""The files of a drafted mapping: TOML and SQL with a reason beside every guess.

What is sure is an active line, everything else a commented one. Some places are left empty on purpose, so that
`kntc mapping check` refuses the draft until a person has filled them. No value of a record stands in any of it.
May import: words, core.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from connector.cli.draft_codes import CodeFiles
from connector.core.draft_sql import Selected, child_of, select_of
from connector.core.drafting import TWIN, Child, Drafted, KindGuess, columns_without_guess
from connector.core.field_guesses import SURE, FieldGuess
from connector.core.kind_file import PARENTS
from connector.core.model import Kind
from connector.core.schema import FieldInfo, Schemas
from connector.core.structure import Table
from connector.telling.words import Words

WIDTH = 110

_REASONS = ("secret", "draft", "deleted")
"""What a universe calls the rows that a mark leaves out."""


@dataclass(frozen=True, slots=True)
class Writing:
    """What all files of one draft share."""

    drafted: Drafted
    say: Words
    schemas: Schemas
    codes: CodeFiles


def files_of(writing: Writing, system: str) -> dict[str, str]:
    """Return the texts of the mapping's files by their names inside its folder."""
    files = {f"{guess.kind}.toml": "\n".join(_kind(writing, guess)) + "\n" for guess in writing.drafted.kinds}
    files["mapping.toml"] = "\n".join(_head(writing, system)) + "\n"
    return {**files, **writing.codes.texts()}


def comment(text: str) -> str:
    """Return the text as lines of a comment."""
    return textwrap.fill(text, WIDTH, initial_indent="# ", subsequent_indent="#   ", break_long_words=False)


def _head(writing: Writing, system: str) -> Iterator[str]:
    say, drafted = writing.say, writing.drafted
    yield comment(say("draft.file.head"))
    yield "#"
    for step in ("rows", "secret", "draft", "codes", "persons", "tables"):
        yield comment(f"* {say(f'draft.settle.{step}')}")
    yield "#"
    yield comment(say("draft.file.confidence"))
    yield ""
    yield "format = 1"
    yield f"system = {quoted(system)}"
    yield comment(say("draft.file.source"))
    yield 'source = ""'
    yield 'timezone = "Asia/Ho_Chi_Minh"'
    yield 'title = { vi = "", en = "" }'
    kinds = ", ".join(quoted(guess.kind) for guess in drafted.kinds)
    yield f"kinds = [{kinds}]"
    yield from _file_tables(writing)
    if drafted.unused:
        yield ""
        yield comment(say("draft.file.unused"))
        for table, role in drafted.unused.items():
            yield f"#   {table}" + (f": {say(f'draft.role.{role}')}" if role else "")


def _file_tables(writing: Writing) -> Iterator[str]:
    """What a file is as a table; its key is for a person to confirm, so no draft of files passes the check as it is."""
    used = [table for guess in writing.drafted.kinds for table in (guess.table, *guess.twins)]
    used += [child.table for guess in writing.drafted.kinds for child in guess.children]
    for table in {table.name: table for table in used if table.file}.values():
        yield ""
        yield f"[tables.{table.name}]"
        yield f"file = {quoted(table.file)}"
        yield f"header = {table.header}"
        yield comment(writing.say("draft.file.file_key"))
        yield f"# key = [{', '.join(quoted(name) for name in table.key)}]"


def _kind(writing: Writing, guess: KindGuess) -> Iterator[str]:
    say, table = writing.say, guess.table
    select = select_of(guess, writing.drafted)
    yield comment(say("draft.file.kind", kind=say.label("kind", guess.kind), table=table.label, rows=table.rows))
    if guess.twins:
        yield comment(say("draft.file.twins", tables=", ".join(twin.label for twin in guess.twins), column=TWIN))
    for other in guess.rivals:
        yield comment(say("draft.file.rival", table=other))
    if guess.further:
        tables = ", ".join(f"{name} ({column})" for name, column in guess.further.items())
        yield comment(say("draft.file.further", tables=tables))
    yield ""
    yield f"kind = {quoted(guess.kind)}"
    yield from _key(say, guess)
    yield from _select(writing, guess, select)
    for child in guess.children:
        yield from _child(writing, guess, child)
    yield from _universe(writing, guess)
    yield from _secrecy(writing, guess, select)
    yield from _parents(writing, guess)
    yield from _source(say, guess)
    yield from _fields(writing, guess, select)


def _key(say: Words, guess: KindGuess) -> Iterator[str]:
    is_sure = bool(guess.key) and not guess.table.file
    hidden = "" if is_sure else "# "
    if not is_sure:
        yield comment(say("draft.file.no_key"))
    yield f"{hidden}key = [{', '.join(quoted(name) for name in guess.key or (guess.range_column,))}]"
    yield ""
    for table in (guess.table, *guess.twins):
        yield "[[range]]" if guess.twins else "[range]"
        if table.schema:
            yield f"schema = {quoted(table.schema)}"
        yield f"table = {quoted(table.name)}"
        yield f"{hidden}column = {quoted(guess.range_column)}"


def _select(writing: Writing, guess: KindGuess, select: Selected) -> Iterator[str]:
    yield ""
    yield "[select]"
    yield f"table = {quoted(guess.table.name)}"
    yield from _sql(select.sql)
    yield from _origins("[select.origin]", select.origins)
    yield from _encodings(writing.say, "[select.encoding]", guess.table, guess.fields, select.names)


def _sql(sql: str) -> Iterator[str]:
    yield 'sql = """'
    yield sql.replace("\\", "\\\\")
    yield '"""'


def _origins(head: str, origins: Mapping[str, str]) -> Iterator[str]:
    if origins:
        yield head
        for name, origin in origins.items():
            yield f"{quoted(name)} = {quoted(origin)}"


def _encodings(
    say: Words, head: str, table: Table, fields: Iterable[FieldGuess], names: Mapping[tuple[str, str], str]
) -> Iterator[str]:
    old = [one.column for one in fields if one.table is table and one.column.shape.encoding]
    if old:
        yield comment(say("draft.file.encoding"))
        yield f"# {head}"
        for column in old:
            look = column.shape.encoding
            shares = say("inspect.looks", percent=column.shape.looks.percent(look), look=say(f"inspect.look.{look}"))
            yield f"# {quoted(names.get((table.name, column.name), column.name))} = {quoted(look)}  # {shares}"


def _child(writing: Writing, guess: KindGuess, child: Child) -> Iterator[str]:
    say = writing.say
    sql, names = child_of(child, guess)
    lines = ["[[children]]", f"name = {quoted(_child_name(child))}", f"table = {quoted(child.table.name)}"]
    keys = guess.key or (guess.range_column,)
    lines.append(f"key = [{', '.join(quoted(names[guess.table.name, name]) for name in keys)}]")
    lines += _sql(sql)
    homes = {n: f"{t}.{c}" for (t, c), n in names.items() if t != child.table.name}
    lines += _origins("[children.origin]", homes)
    lines += _encodings(say, "[children.encoding]", child.table, child.fields, names)
    yield ""
    yield comment(say("draft.file.child", field=_title(writing, guess.kind, child.array), table=child.table.name))
    if child.others:
        yield comment(say("draft.file.child_others", tables=", ".join(child.others)))
    if not child.is_sure:
        yield comment(say("draft.file.child_unsure"))
    for line in "\n".join(lines).splitlines():
        yield line if child.is_sure else f"# {line}"


def _child_name(child: Child) -> str:
    return "nguoi_bi" if child.array == "/respondents" else "nguoi"


def _universe(writing: Writing, guess: KindGuess) -> Iterator[str]:
    """Where a mark was seen, an empty query: nothing passes before a person has said what is left out. What hangs on a
    petition is left out with it."""
    say = writing.say
    marks = dict(_marks(writing, guess))
    yield ""
    if not marks:
        yield comment(say("draft.file.no_secret_mark"))
    for mark, column in marks.items():
        yield comment(say(f"draft.file.mark_{mark}", column=column))
    if marks:
        whens = " ".join(f"WHEN {column} … THEN '{mark}'" for mark, column in marks.items())
        names = ", ".join(f"t.{name}" for name in guess.key or (guess.range_column,))
        bound = f"t.{guess.range_column}"
        yield "[universe]"
        select = f"SELECT {names}, CASE {whens} END AS excluded"
        yield comment(f"{select} FROM … WHERE {bound} > :lo AND {bound} <= :hi")
        yield 'sql = ""'
        yield from (f'# [universe.reasons]\n# {mark} = {{ vi = "", en = "" }}' for mark in marks if mark != "secret")
    if "agency" in guess.marks:
        yield comment(say("draft.file.mark_agency", column=f"{guess.table.name}.{guess.marks['agency']}"))


def _marks(writing: Writing, guess: KindGuess) -> Iterator[tuple[str, str]]:
    """The marks by which rows are left out, with their `table.column`: those of the petition, then the record's own."""
    petition = writing.drafted.kind(Kind.PETITION)
    above = [petition] if petition is not None and guess.parents and guess.kind is not Kind.PETITION else []
    for one in (*above, guess):
        yield from ((mark, f"{one.table.name}.{column}") for mark, column in one.marks.items() if mark in _REASONS)


def _secrecy(writing: Writing, guess: KindGuess, select: Selected) -> Iterator[str]:
    yield ""
    yield "[secrecy]"
    found = select.type_guess
    if found is None and select.type_column:
        codes = writing.codes.of_tables((guess.table, *guess.twins), "petition-type")
        yield f"petition_type = {{ column = {quoted(select.type_column)}, codes = {quoted(codes)} }}"
        return
    if found is None:
        yield comment(writing.say("draft.file.no_type"))
        yield '# petition_type = { column = "", codes = "" }'
        return
    codes = writing.codes.name_for(found, "petition-type", needed=True)
    hidden = "" if found.confidence == SURE else "# "
    if hidden:
        yield comment(_reasons(writing, found))
    yield f"{hidden}petition_type = {{ column = {quoted(select.type_column)}, codes = {quoted(codes)} }}"


def _parents(writing: Writing, guess: KindGuess) -> Iterator[str]:
    say = writing.say
    for parent in guess.parents:
        yield ""
        yield comment(say(f"draft.file.link_{parent.link.why}", column=parent.link.column, table=parent.table.name))
        yield "[[parent]]"
        yield f"kind = {quoted(parent.kind)}"
        yield f"columns = [{quoted(parent.link.column)}]"
        yield f"field = {quoted(PARENTS[guess.kind][parent.kind])}"
    if not guess.parents and PARENTS[guess.kind]:
        yield ""
        yield comment(say("draft.file.no_parent"))
        for kind, field in PARENTS[guess.kind].items():
            yield f'# [[parent]]\n# kind = {quoted(kind)}\n# columns = [""]\n# field = {quoted(field)}'


def _source(say: Words, guess: KindGuess) -> Iterator[str]:
    if "changed" in guess.marks:
        yield ""
        yield comment(say("draft.file.changed"))
        yield f"# [source]\n# changed_at = {quoted(guess.marks['changed'])}"


def _fields(writing: Writing, guess: KindGuess, select: Selected) -> Iterator[str]:
    say, infos = writing.say, writing.schemas.fields(guess.kind)
    yield ""
    yield "[fields]"
    known = {one.pattern for one in guess.all_fields}
    if guess.twins and guess.kind is Kind.PETITION and "/type" not in known:
        codes = writing.codes.of_tables((guess.table, *guess.twins), "petition-type")
        yield f'"/type" = {{ column = {quoted(TWIN)}, codes = {quoted(codes)} }}'
        known.add("/type")
    for pattern, info in infos.items():
        if info.required and pattern.count("/") == 1 and pattern not in known and _is_ours_to_name(guess, info):
            yield comment(say("draft.file.required", field=info.title_vi if say.language == "vi" else info.title_en))
            yield f'# {quoted(pattern)} = {{ column = "" }}'
    for one in guess.all_fields:
        if "/*/" not in one.pattern:
            yield from _rule(writing, guess, one, select.names[one.table.name, one.column.name], infos[one.pattern])
    for child in guess.children:
        yield from _person_rules(writing, guess, child, infos)
    left = [f"{column.name} ({say(f'draft.shape.{column.shape.name}')})" for column in columns_without_guess(guess)]
    if left:
        yield ""
        yield comment(say("draft.file.columns_left", columns=", ".join(left)))


def _is_ours_to_name(guess: KindGuess, info: FieldInfo) -> bool:
    return info.pointer not in ("/agency_code", "/local_id", "/concealed", *PARENTS[guess.kind].values())


def _person_rules(writing: Writing, guess: KindGuess, child: Child, infos: Mapping[str, FieldInfo]) -> Iterator[str]:
    _, names = child_of(child, guess)
    sure = [one for one in child.fields if child.is_sure and one.confidence == SURE]
    yield ""
    hidden = "" if sure else "# "
    yield f"{hidden}{quoted(f'{child.array}/*')} = {{ rows = {quoted(_child_name(child))} }}"
    for one in child.fields:
        called = names[one.table.name, one.column.name]
        yield from _rule(writing, guess, one, called, infos[one.pattern], is_sure=child.is_sure)
    if any(one.pattern.endswith("_code") and "/address/" in one.pattern for one in child.fields):
        yield comment(writing.say("draft.file.scheme"))
        yield f'# {quoted(f"{child.array}/*/address/scheme")} = {{ constant = "" }}'
    if f"{child.array}/*/disclosure" in infos:
        yield comment(writing.say("draft.file.disclosure"))
        yield f'# {quoted(f"{child.array}/*/disclosure")} = {{ constant = "named" }}'


def _rule(
    writing: Writing, guess: KindGuess, one: FieldGuess, called: str, info: FieldInfo, *, is_sure: bool = True
) -> Iterator[str]:
    hidden = "" if one.confidence == SURE and is_sure else "# "
    parts = [f"column = {quoted(called)}"]
    if one.pattern == "/case_ref":
        parts = ['ref = "petition"', f"columns = [{quoted(called)}]"]
    elif info.codes:
        parts.append(f"codes = {quoted(writing.codes.name_for(one, info.codes))}")
    elif one.formats:
        parts.append(f"formats = [{quoted(one.formats)}]")
    elif one.pattern.endswith("/money"):
        parts.append('transform = "money"')
    elif "/land" in one.pattern:
        parts.append('transform = "decimal"')
    elif one.is_html and info.type == "string":
        parts.append('transform = "html"')
    title = f"{_title(writing, guess.kind, one.pattern)} <- {one.table.name}.{one.column.name}"
    yield comment(f"{title}: {_reasons(writing, one)}")
    yield f"{hidden}{quoted(one.pattern)} = {{ {', '.join(parts)} }}"


def _title(writing: Writing, kind: Kind, pattern: str) -> str:
    info = writing.schemas.fields(kind).get(pattern)
    return pattern if info is None else info.title_vi if writing.say.language == "vi" else info.title_en


def _reasons(writing: Writing, one: FieldGuess) -> str:
    """Why a column is believed to be this field: its name, what it looks like, what speaks against it."""
    say, shape = writing.say, one.column.shape
    looked = say("draft.why.shape", shape=say(f"draft.shape.{shape.name}"), percent=shape.percent_filled)
    reasons = [say("draft.why.name", phrase=one.match.phrase, percent=round(100 * one.match.score)), looked]
    reasons += [say("draft.why.unfit")] if one.fits == "no" else []
    reasons += [say("draft.why.rivals", names=", ".join(one.rivals))] if one.rivals else []
    reasons += [say("draft.why.old_text")] if shape.encoding else []
    reasons += [say("draft.why.zero")] if one.pattern == "/case_ref" else []
    return f"{say(f'draft.confidence.{one.confidence}')}: {'; '.join(reasons)}"


def quoted(text: str) -> str:
    """Return the text as a string of TOML."""
    return json.dumps(text, ensure_ascii=False)
