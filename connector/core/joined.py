"""The mappings of several sources of one agency, joined: their kinds together, and what they say of each other.

Each source keeps its name in front of its keys, so that no two records are ever one. A kind may come from several of
them, and a record may hang on one of another source: `[parent] source`.
May import: attachments, chain, codes, kind_mapping, mapping, model, the standard library.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from connector.core.attachments import AT_SOURCE
from connector.core.chain import canonical, digest
from connector.core.codes import CodeMap
from connector.core.kind_mapping import KindMapping
from connector.core.mapping import CompiledMapping
from connector.core.model import KINDS, Kind


def join(parts: Sequence[CompiledMapping]) -> CompiledMapping:
    """Return the mapping of an agency with these sources, whose names differ; of one: its own, unchanged."""
    if len(parts) == 1:
        return parts[0]
    own = tuple(_with_own_files(part) for part in parts)
    first = own[0]
    return CompiledMapping(
        system=", ".join(dict.fromkeys(part.system for part in own)),
        source=", ".join(part.source for part in own),
        timezone=first.timezone,
        title=first.title,
        kinds=tuple(kind for kind in KINDS if any(kind in part.mappings for part in own)),
        digest=digest(canonical(sorted([part.source, part.digest] for part in own))),
        mappings={kind: mapping for part in reversed(own) for kind, mapping in part.mappings.items()},
        code_maps=_code_maps(own),
        parts=own,
    )


def _code_maps(parts: Sequence[CompiledMapping]) -> dict[str, CodeMap]:
    """All code maps by their name; those that several sources have under one name, with the source behind it."""
    times = Counter(name for part in parts for name in part.code_maps)
    return {
        name if times[name] == 1 else f"{name}@{part.source}": code_map
        for part in parts
        for name, code_map in part.code_maps.items()
    }


def home_of(mapping: CompiledMapping, code_map: str) -> tuple[CompiledMapping, str]:
    """Return the mapping of the source that a code map belongs to, by its name in `code_maps`, and its name there."""
    name, _, source = code_map.partition("@")
    homes = (part for part in mapping.sources if name in part.code_maps and source in ("", part.source))
    return next(homes, mapping.sources[0]), name


def map_in(mapping: CompiledMapping, source: str, name: str) -> str:
    """Return under which name in `code_maps` a source's code map stands."""
    return f"{name}@{source}" if f"{name}@{source}" in mapping.code_maps else name


def _with_own_files(part: CompiledMapping) -> CompiledMapping:
    """Bytes in two databases may stand under one key: each file's place says whose it is."""
    return replace(part, mappings={kind: _own_files(mapping) for kind, mapping in part.mappings.items()})


def _own_files(mapping: KindMapping) -> KindMapping:
    attached = mapping.attached
    if attached is None or attached.stored is None:
        return mapping
    stored = replace(attached.stored, kind=f"{mapping.kind}{AT_SOURCE}{mapping.source}")
    return replace(mapping, attached=replace(attached, stored=stored))


@dataclass(frozen=True, slots=True)
class Astray:
    """A reference that leads nowhere: `kind` of `source` names, in the field `place`, records of `named`; `wanted`:
    what would be right."""

    source: str
    kind: Kind
    place: str
    named: str
    wanted: str


def astray(mapping: CompiledMapping) -> Iterator[Astray]:
    """Yield the references to records of sources, or kinds, that the agency has not, and those whose columns do not
    make the key that records have there."""
    keys = {(each.source, kind): each.kind(kind).key for each in mapping.sources for kind in each.kinds}
    for part in mapping.sources:
        for kind in part.kinds:
            for place, named, other, width in part.kind(kind).elsewhere():
                wanted = keys.get((named, other))
                if wanted is None:
                    known = sorted(source for source, known in keys if known == other and source != part.source)
                    yield Astray(part.source, kind, place, named, ", ".join(known))
                elif len(wanted) != width:
                    yield Astray(part.source, kind, place, named, f"{other}: {', '.join(wanted)}")
