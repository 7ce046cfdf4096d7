"""The words of agencies, as `field_names.toml` has them: which phrases mean which field, table or mark.

May import: names, the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.core.names import Match, best, squashed

Phrases = Mapping[str, tuple[str, ...]]

PEOPLE = {"reception": ("/citizens",), "petition": ("/petitioners", "/respondents")}
"""The arrays of persons of a kind; the second one is for those who are complained of."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Phrases by what they mean. All without marks, in lower case."""

    tables: Phrases
    fields: Mapping[str, Phrases]  # kind -> field -> phrases
    person: Phrases
    marks: Phrases
    about_person: tuple[str, ...]
    about_respondent: tuple[str, ...]
    about_case: tuple[str, ...]
    respondent_names: tuple[str, ...]

    @classmethod
    def compile(cls, document: Mapping[str, Any]) -> Vocabulary:
        """Take the parsed file. It ships with the program: a file of another form raises KeyError."""
        every, about = _phrases(document["every_kind"]), document["about"]
        return cls(
            tables=_phrases(document["tables"]),
            fields={kind: {**_phrases(fields), **every} for kind, fields in document["fields"].items()},
            person=_phrases(document["person"]),
            marks=_phrases(document["marks"]),
            about_person=_longest_first(about["person"]),
            about_respondent=_longest_first(about["respondent"]),
            about_case=_longest_first(about["case"]),
            respondent_names=tuple(about["respondent_names"]),
        )

    def of_table(self, name: str) -> tuple[Match, ...]:
        """What a table of this name may hold."""
        return best(name, self.tables, ("tbl", "tb", "dm", "kntc", "kn"))

    def promise(self, name: str) -> float:
        """How much a table's name alone promises to matter, from 0 to 1."""
        return max((match.score for match in self.of_table(name) if match.pattern != "other"), default=0.0)

    def of_mark(self, name: str) -> tuple[Match, ...]:
        """Which decision about reading a column of this name may hold."""
        return best(name, self.marks)

    def of_person(self, array: str, name: str, *, inside: bool) -> tuple[Match, ...]:
        """Which field of a person a column may be. inside: the column stands in the record, among other fields."""
        fields = {f"{array}/*/{field}": phrases for field, phrases in self.person.items()}
        if array != "/respondents" or not inside:
            if inside and self._about_respondent(name):
                return ()
            return best(name, fields, self.about_person)
        if not self._about_respondent(name) and not best(name, {"": self.respondent_names}):
            return ()
        fields[f"{array}/*/full_name"] = (*fields[f"{array}/*/full_name"], *self.respondent_names)
        return best(name, fields, self.about_respondent)

    def of_field(self, kind: str, table: str, name: str) -> tuple[Match, ...]:
        """Which field of the record itself a column may be."""
        return best(name, self.fields[kind], (*self.about_case, squashed(table)))

    def _about_respondent(self, name: str) -> bool:
        return any(words in squashed(name) for words in self.about_respondent)


def _phrases(table: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(phrases) for name, phrases in table.items()}


def _longest_first(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted((word.replace(" ", "") for word in words), key=len, reverse=True))
