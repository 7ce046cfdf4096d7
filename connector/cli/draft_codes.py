"""The code maps of a draft: local codes as they were seen, each still without one of ours, so that nothing passes.

A code stands in them only if it can be nothing but a code. What a list table of the source calls it is compared with
what our lists call theirs; of that only our own word is written down.
May import: words, core.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector.core.codes import CodeList, Language
from connector.core.drafting import TWIN
from connector.core.field_guesses import SURE, FieldGuess, slug
from connector.core.names import squashed
from connector.core.structure import Column, Table, link
from connector.telling.words import Words

SHORT = 16
"""A list of ours with more codes is not written out, but named."""

OF_PEOPLE = ("received-by",)
"""Lists for columns in which others write names: of such a column no word is listed."""

NOT_SEEN = "?"
"""Stands in a map in which no code can be listed: a person puts the first one in its place."""


@dataclass(slots=True)
class CodeFiles:
    """The code maps that the rules of one draft ask for."""

    say: Words
    lists: Mapping[str, CodeList]
    tables: Sequence[Table]
    _columns: dict[tuple[str, str], list[tuple[Table, Column]]] = field(default_factory=dict)
    _tables: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    _written: set[tuple[str, str]] = field(default_factory=set)

    def name_for(self, guess: FieldGuess, list_: str, *, needed: bool = False) -> str:
        """Return the name of the map for a column into one of our lists; its file is written where codes were seen, the
        rule is sure, or it is `needed`."""
        key = (slug(guess.column.name), list_)
        known = self._columns.setdefault(key, [])
        if all(column is not guess.column for _, column in known):
            known.append((guess.table, guess.column))
        if needed or guess.confidence == SURE or guess.column.shape.codes:
            self._written.add(key)
        return self._name(key)

    def of_tables(self, tables: Sequence[Table], list_: str) -> str:
        """Return the name of the map that says what the rows of each of these tables are."""
        self._columns.setdefault((TWIN, list_), [(tables[0], Column(TWIN, TWIN, "text"))])
        self._written.add((TWIN, list_))
        self._tables[TWIN, list_] = tuple(table.name for table in tables)
        return self._name((TWIN, list_))

    def texts(self) -> dict[str, str]:
        """Return the files by name."""
        return {f"codes/{self._name(key)}.toml": self._text(key) for key in self._columns if key in self._written}

    def _name(self, key: tuple[str, str]) -> str:
        """The column's name; with our list behind it where two lists are asked for columns of one name."""
        name, list_ = key
        first = next(other for other in self._columns if other[0] == name)
        return name if first == key else f"{name}-{list_}"

    def _text(self, key: tuple[str, str]) -> str:
        name, list_ = self._name(key), self.lists[key[1]]
        columns = self._columns[key]
        seen = sorted({code for _, column in columns for code in column.shape.codes}, key=lambda c: (len(c), c))
        if list_.name in OF_PEOPLE:
            seen = [code for code in seen if not code.isalpha()]
        codes = self._tables.get(key, tuple(seen))
        homes = [f"{table.name}.{column.name}" for table, column in columns]
        say = self.say
        lines = [f"# {say('draft.codes.head', column=', '.join(homes))}"]
        if key not in self._tables:
            table, column = columns[0]
            lines.append(f"# {say('draft.codes.seen')}")
            lines.append(f"# {say('draft.codes.ask', column=column.quoted, table=table.quoted)}")
        lines += self._ours(list_)
        lines += [f"name = {json.dumps(name)}", f"list = {json.dumps(list_.name)}"]
        lines += [f"source = {json.dumps(homes[0], ensure_ascii=False)}", "", "[map]"]
        if not codes:
            lines.append(f"# {say('draft.codes.none')}")
        called = self._called(columns, list_)
        for code in codes or [NOT_SEEN]:
            hint = called.get(code, "")
            label = f"  # {say('draft.codes.hint', code=hint, label=list_.label(hint, self._language))}" if hint else ""
            lines.append(f'{json.dumps(code)} = ""{label}')
        return "\n".join(lines) + "\n"

    @property
    def _language(self) -> Language:
        return "en" if self.say.language == "en" else "vi"

    def _ours(self, list_: CodeList) -> list[str]:
        if len(list_.codes) > SHORT:
            return [f"# {self.say('draft.codes.long', list=list_.name)}"]
        lines = [f"# {self.say('draft.codes.ours')}"]
        return lines + [f"#   {code}: {list_.label(code, self._language)}" for code in list_.codes]

    def _called(self, columns: Sequence[tuple[Table, Column]], list_: CodeList) -> dict[str, str]:
        """Local code -> the one of ours that a list table of the source gives the very same name."""
        ours = {squashed(code.labels["vi"]): code.code for code in list_.codes.values()}
        for table, column in columns:
            for other in self.tables:
                if other.words and (link(_only(table, column), other) or squashed(other.name) == squashed(column.name)):
                    found = {
                        local: ours[squashed(word)] for local, word in other.words.items() if squashed(word) in ours
                    }
                    if found:
                        return found
        return {}


def _only(table: Table, column: Column) -> Table:
    """The table as if it had this column alone: only its own references count."""
    refers = {name: to for name, to in table.refers.items() if name == column.name}
    return Table(table.name, table.quoted, (column,), schema=table.schema, refers=refers)
