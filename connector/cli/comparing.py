"""A document of ours and what a search of the National Database showed, field by field, masked as `explain` does.

Whether two texts agree is said, and never how they differ: folded, without marks, blanks and case.
May import: words, naming, tracing, core; store values for type checking.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.core.secrecy import MASKED, mask
from connector.telling import naming
from connector.telling.words import Words

if TYPE_CHECKING:
    from connector.core.model import Candidate
    from connector.core.schema import FieldInfo

FIELDS: Mapping[str, tuple[str, ...]] = {
    "person": ("/petitioners/*/full_name", "/petitioners/*/organisation/name"),
    "address": ("/petitioners/*/address/line", "/petitioners/*/organisation/address/line"),
    "identity_no": ("/petitioners/*/identity/number", "/petitioners/*/organisation/tax_or_agency_code"),
    "content": ("/content",),
}
"""Fields of a candidate, and where our own document says the same."""

_OF_A_PERSON = frozenset({"person", "address", "identity_no"})


@dataclass(frozen=True, slots=True)
class Compared:
    """One field of both sides, masked. `agrees`: None where one side says nothing."""

    field: str
    ours: str
    theirs: str
    agrees: bool | None


def compared(
    say: Words, body: Any, fields: Mapping[str, FieldInfo], candidate: Candidate, *, concealed: bool
) -> list[Compared]:
    """Return the fields of a candidate beside ours.

    Of a concealed record, and of fields of class C3, only that they are kept secret, on both sides."""
    found = []
    for field, pointers in FIELDS.items():
        ours = [text for pointer in pointers for text in _texts_at(body, pointer)]
        theirs = getattr(candidate, field)
        hidden = concealed or any(p in fields and fields[p].confidentiality == "C3" for p in pointers)
        agrees = None if hidden or not (ours and theirs) else any(_agree(field, text, theirs) for text in ours)
        shown = [_shown(say, field, text, hidden=hidden) for text in ("; ".join(ours[:1]), theirs)]
        found.append(
            Compared(field, shown[0] + (f" (+{len(ours) - 1})" if ours[1:] and not hidden else ""), shown[1], agrees)
        )
    return found


def _shown(say: Words, field: str, text: str, *, hidden: bool) -> str:
    if hidden:
        return say("explain.identity_kept" if field in _OF_A_PERSON else "explain.kept_secret")
    return mask(text, "C2").replace(MASKED, say("explain.masked")) if text else say("unknown.nothing")


def _agree(field: str, ours: str, theirs: str) -> bool:
    """An address is written with more or fewer parts; of anything else the whole must be the same."""
    one, other = naming.folded(ours), naming.folded(theirs)
    if not one or not other:
        return False
    return one == other or (field == "address" and (one in other or other in one))


def _texts_at(body: Any, pointer: str) -> Iterator[str]:
    """Yield the texts at a pattern such as `/petitioners/*/full_name`, in order."""
    places: Sequence[Any] = [body]
    for part in pointer.split("/")[1:]:
        if part == "*":
            places = [item for place in places if isinstance(place, list) for item in place]
        else:
            places = [place[part] for place in places if isinstance(place, dict) and part in place]
    yield from (place for place in places if isinstance(place, str) and place.strip())
