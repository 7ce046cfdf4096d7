"""Which national codes an agency's mapping can send, and what its own codes are compared with.

Where the national interface has codes of its own, ours are translated first, so it is the translation that is compared;
else our codes are the national ones, and the code maps are.
May import: catalogue, codes, mapping, partners, text, the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.core.catalogue import Translation
from connector.core.codes import ABSENT, FREE_TEXT, CodeList, CodeMap, local_code
from connector.core.mapping import CompiledMapping
from connector.core.partners import Local
from connector.core.text import clean, one_line

_CONSTANT = "constant "


@dataclass(frozen=True, slots=True)
class Task:
    """Codes to be compared with one national list. `name`: the code map, or our list, that holds them."""

    name: str
    of_map: bool
    catalogue: str
    local: tuple[Local, ...]


def used_codes(
    mapping: CompiledMapping, translations: Sequence[Translation], catalogues: Iterable[str]
) -> dict[str, frozenset[str]]:
    """Return the codes of each national list that the mapping, or the translation behind it, can send."""
    found: dict[str, set[str]] = {}
    if translations:
        for each in translations:
            found.setdefault(each.catalogue, set()).update(each.codes.values())
    else:
        for name, codes in _own(mapping):
            found.setdefault(name, set()).update(codes)
    return {name: frozenset(found[name]) for name in catalogues if found.get(name)}


def _own(mapping: CompiledMapping) -> Iterator[tuple[str, set[str]]]:
    """Yield our lists with the codes that maps and constants give."""
    for code_map in mapping.code_maps.values():
        if code_map.list is not FREE_TEXT:
            yield code_map.list.name, {code for code in (*code_map.entries.values(), code_map.default) if code}
    for compiled in (each for kind in mapping.kinds for each in mapping.all_of(kind)):
        for step in compiled.trace:
            info = compiled.fields.get(step.pointer)
            if info is not None and info.codes and step.rule.startswith(_CONSTANT):
                yield info.codes, {step.rule.removeprefix(_CONSTANT).partition(" ")[0]}


def tasks(
    mapping: CompiledMapping,
    translations: Sequence[Translation],
    lists: Mapping[str, CodeList],
    catalogues: Iterable[str],
) -> tuple[Task, ...]:
    """Return all that is to be compared, as far as the files alone say it."""
    if translations:
        found = (Task(each.list, False, each.catalogue, tuple(_translated(each, lists))) for each in translations)
    else:
        known = set(catalogues)
        found = (
            Task(name, True, each.list.name, tuple(_mapped(each)))
            for name, each in mapping.code_maps.items()
            if each.list.name in known
        )
    return tuple(task for task in found if task.local)


def task_of_rows(code_map: CodeMap, translations: Sequence[Translation], rows: Iterable[tuple[object, str]]) -> Task:
    """Return the comparison of an agency's own table of codes and names with the list behind a code map.

    A code that the map leaves out on purpose is left out here; what is no code is too."""
    behind = next((each for each in translations if each.list == code_map.list.name), None)
    found: dict[str, Local] = {}
    for value, title in rows:
        code, ours = clean(local_code(value) or ""), code_map.lookup(value)
        if not code or ours == ABSENT:
            continue
        national = ours if behind is None or ours is None else behind.codes.get(ours)
        found.setdefault(code, Local(code, one_line(clean(title) or ""), national or ""))
    catalogue = code_map.list.name if behind is None else behind.catalogue
    return Task(code_map.name, True, catalogue, tuple(found.values()))


def _mapped(code_map: CodeMap) -> Iterator[Local]:
    for code, ours in code_map.entries.items():
        if ours != ABSENT:
            yield Local(code, "", ours)


def _translated(translation: Translation, lists: Mapping[str, CodeList]) -> Iterator[Local]:
    """Yield our codes with their words, and what the national list calls them; those without a list of ours bare."""
    known = lists.get(translation.list)
    titles = {code: entry.labels["vi"] for code, entry in known.codes.items()} if known else {}
    for code in dict.fromkeys((*titles, *translation.codes)):
        yield Local(code, titles.get(code, ""), translation.codes.get(code, ""))
