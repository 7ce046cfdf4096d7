"""Rekey: which first key each record has, now that its software was replaced or gave new numbers. Writes nothing.

A list says `old -> new`. Every new row is read and mapped as it would be under its first key, and held against the
ledger, so that the comparison is exactly what the next sweep would do.

    same        the document is the same: nothing will be sent
    changed     the identity is the same, the document is not: a new version
    unproven    no identity to compare, and the document is not the same: a new version; the list alone vouches for it
    held        the row gives no document now: held back as any other
    set_aside   a secret, or left out by a declared reason
    no_old      the ledger has never seen the old key      } not written: nothing can be said of them
    no_new      the source does not show the new id        }
    mismatch    the identity is another, or, where none can be compared, the record it hangs on: the list is wrong
    ambiguous   two old ones for one new, or the reverse; an id that several keys, or sources, may mean
    taken       the new id is another record's first key, and the list does not say where that one went
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from connector.core import keys
from connector.core.aliases import Aliases
from connector.core.chain import canonical, digest
from connector.core.kind_mapping import BAD_NAME
from connector.core.mapping import CompiledMapping
from connector.core.model import Kind, RecordKey
from connector.core.secrecy import SecrecyPolicy
from connector.errors import DataError
from connector.sources.base import Source
from connector.sources.renamed import RenamedSource
from connector.stages.context import Context
from connector.stages.judging import Foreseen, foresee
from connector.stages.reading import mapping_mark
from connector.store import aliases, records
from connector.store.aliases import Named
from connector.store.records import Known, Reading

REFUSED = ("mismatch", "ambiguous", "taken")
"""Findings that make the whole plan wrong."""

ABSENT = ("no_old", "no_new")

FINDINGS = ("same", "changed", "unproven", "held", "set_aside", *ABSENT, *REFUSED)

_SEVERAL = "\0"
"""Between several keys that an id may mean: no key holds it."""


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """One line of the list: a record's former id and its id of today, as a person or a column wrote them."""

    kind: Kind
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What giving the records of a list their first keys would do.

    plan: names exactly this list with these findings. created: rows that no line names and the ledger does not know;
    left: keys of the ledger that neither a line nor a row names, and that will count as gone; taken: rows that no line
    names, though their id is the first key of a record that has another one today."""

    plan: str
    findings: Mapping[Pair, str]
    named: tuple[Named, ...]
    created: int
    left: int
    taken: int

    @property
    def counts(self) -> dict[str, int]:
        """How many lines each finding has, in their order."""
        found = Counter(self.findings.values())
        return {name: found[name] for name in FINDINGS if found[name]}

    @property
    def refused(self) -> int:
        """How many lines or rows make the plan wrong; 0: it can be approved."""
        return sum(self.counts.get(name, 0) for name in REFUSED) + self.taken


def pairs_of_columns(source: Source, mapping: CompiledMapping) -> list[Pair]:
    """Return the list that the rows themselves hold: of kinds whose mapping says which columns hold the former key;
    rows without one are new records. Raises DataError where no kind says so."""
    every = (each for kind in mapping.kinds for each in mapping.all_of(kind))
    said = [each for each in every if each.settings.previous]
    if not said:
        raise DataError("E-REKEY-NO-COLUMN", mapping=mapping.system)
    found = []
    for each in said:
        settings = each.settings
        for page in source.pages(each):
            for row in page.rows:
                former = keys.join_key(row.columns.get(column) for column in settings.previous)
                if former:
                    found.append(Pair(each.kind, f"{settings.previous_source}:{former}", row.key.local_id))
    return found


def compare_keys(
    context: Context, source: Source, mapping: CompiledMapping, policy: SecrecyPolicy, listed: Iterable[Pair]
) -> Comparison:
    """Compare each line with the ledger and the source. Reads the whole source; raises SourceError."""
    lines = sorted(set(listed))
    with context.store.read() as connection:
        known = aliases.in_force(connection, context.agency)
        ledger = {kind: aliases.keys_of(connection, context.agency, kind) for kind in mapping.kinds}
    first = _first_keys(lines, known, ledger, mapping)
    findings = dict(_wrong(first, ledger))
    clear = {(line.kind, key): line for line, (key, _) in first.items() if line not in findings}
    proposed = known.with_pairs((line.kind, first[line][1], first[line][0]) for line in clear.values())
    renamed = mapping.renamed(proposed)
    seen = _Seen(context)
    for page in foresee(context, RenamedSource(source, proposed), renamed, policy):
        seen.take(page)
    for (kind, key), line in clear.items():
        findings[line] = seen.findings.get((kind, key), "no_new")
    named = tuple(
        Named(line.kind, first[line][1], key, seen.places.get((kind, key)))
        for (kind, key), line in clear.items()
        if findings[line] not in (*ABSENT, *REFUSED)
    )
    left = sum(not gone and (kind, key) not in seen.findings for kind in ledger for key, gone in ledger[kind].items())
    told = [[line.kind, line.old, line.new, findings[line]] for line in lines]
    numbers = [seen.created, left, seen.taken]
    facts = [context.agency, context.generation, mapping_mark(renamed, policy), told, numbers]
    plan = digest(canonical(facts))[:12]
    return Comparison(plan, {line: findings[line] for line in lines}, named, seen.created, left, seen.taken)


# --- what a line means ---------------------------------------------------------------------------------------------


def _first_keys(
    lines: Sequence[Pair], known: Aliases, ledger: Mapping[Kind, Mapping[str, bool]], mapping: CompiledMapping
) -> dict[Pair, tuple[str, str]]:
    """Return, by line, the first key of what it calls the old one, and the new id whole. An old id is what the software
    before called the record: an alias of today goes before a key, unless it is what this very line was approved as."""
    found = {}
    bare_of = {kind: _bare([*known.first.get(kind, {}), *ledger[kind]]) for kind in ledger}
    for line in lines:
        new = line.new if ":" in line.new else _written_whole(line, mapping)
        choices = [line.old] if ":" in line.old else bare_of.get(line.kind, {}).get(line.old, [])
        in_force = known.first.get(line.kind, {})
        again = [one for one in choices if in_force.get(new) == one]
        whole = again or list(dict.fromkeys(in_force[one] for one in choices if one in in_force)) or choices
        found[line] = (whole[0] if len(whole) == 1 else _SEVERAL.join(whole), new)
    return found


def _bare(local_ids: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for local_id in local_ids:
        bare = local_id.partition(":")[2]
        for spelt in dict.fromkeys((bare, "/".join(keys.split_key(bare)))):
            if local_id not in found.setdefault(spelt, []):
                found[spelt].append(local_id)
    return found


def _written_whole(line: Pair, mapping: CompiledMapping) -> str:
    """The new id with its source in front. Of a key of one column people write what stands there; one of several is
    written as it is joined. Where several sources have the kind, nobody can tell which is meant: no key is so."""
    parts = mapping.all_of(line.kind)
    if len(parts) > 1:
        return _SEVERAL.join(f"{each.source}:{line.new}" for each in parts)
    return f"{parts[0].source}:{keys.key_part(line.new) if len(parts[0].key) == 1 else line.new}"


def _wrong(
    first: Mapping[Pair, tuple[str, str]], ledger: Mapping[Kind, Mapping[str, bool]]
) -> Iterator[tuple[Pair, str]]:
    """Yield the lines that need no reading to be told, and what they are."""
    olds = Counter((line.kind, key) for line, (key, _) in first.items() if key)
    news = Counter((line.kind, new) for line, (_, new) in first.items())
    for line, (key, new) in first.items():
        known = ledger.get(line.kind, {})
        if _SEVERAL in key or _SEVERAL in new or olds[line.kind, key] > 1 or news[line.kind, new] > 1:
            yield line, "ambiguous"
        elif key not in known:
            yield line, "no_old"
        elif new != key and known.get(new) is False and not olds[line.kind, new]:
            yield line, "taken"


# --- what the rows say ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Seen:
    """What a dry reading under the first keys has shown so far, by kind and key."""

    context: Context
    findings: dict[tuple[Kind, str], str] = field(default_factory=dict)
    places: dict[tuple[Kind, str], str] = field(default_factory=dict)
    created: int = 0
    taken: int = 0

    def take(self, page: Foreseen) -> None:
        """Note one page."""
        kind, judged = page.kind, page.judged
        self.taken += sum(problem.rule == BAD_NAME.rule for problem in page.nameless)
        for local_id in judged.unchanged:
            self.findings[kind, local_id] = "same"
        for local_id in judged.secret_ids | judged.excluded_ids:
            self.findings[kind, local_id] = "set_aside"
            self.places[kind, local_id] = ""
        with self.context.store.read() as connection:
            ids = [reading.key.local_id for reading, _ in page.planned]
            before = records.known(connection, self.context.agency, kind, ids)
        for reading, planned in page.planned:
            key = reading.key
            self.created += key.local_id not in before
            ours = before.get(key.local_id)
            self.findings[kind, key.local_id] = _finding(key, page, reading, planned.what, ours)
            self.places[kind, key.local_id] = reading.range_value


def _finding(key: RecordKey, page: Foreseen, reading: Reading, what: str, ours: Known | None) -> str:
    if key.local_id in page.judged.reused:
        return "mismatch"
    if what == "quarantine":
        return "held"
    if what == "same":
        return "same"
    if ours is not None and ours.identity and ours.identity == reading.identity:
        return "changed"
    parent = reading.document.parent if reading.document else None
    return "mismatch" if ours is not None and ours.parent not in (None, parent) else "unproven"
