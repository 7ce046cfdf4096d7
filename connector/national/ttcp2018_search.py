"""Finding a petition again without an idempotency key: what to search for, and what the lists show.

Only cases can be searched for. The rule of what is ours stands in matching.py; here it becomes a sighting. Pure.
May import: core.model, matching, ttcp2018_answers, ttcp2018_parties, ttcp2018_payload.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import orjson

from connector.core.model import Candidate, Delivery, Receipt, SightingName
from connector.national.matching import Wanted, match, reference_stem, version_in
from connector.national.ttcp2018_answers import MAX_CANDIDATES
from connector.national.ttcp2018_parties import ANONYMOUS, CONCEALED
from connector.national.ttcp2018_payload import Payload, Style, build, content_of

_STANDING = (ANONYMOUS, CONCEALED)


@dataclass(frozen=True, slots=True)
class Found:
    """What the lists show, before it is joined with the delivery that was looked for."""

    name: SightingName
    rule: str
    receipt: Receipt | None = None
    candidates: tuple[Candidate, ...] = field(default=(), repr=False)
    retry_after_s: float | None = None


def query(
    case: str = "", person: str = "", identity_no: str = "", area: Sequence[str] = ("", "", ""), content: str = ""
) -> Payload:
    """Return the payload of a search, with all its keys."""
    province, district, commune = area
    return {
        "MaVuViec": case,
        "TenNguoiKhieuNai": person,
        "MaTinh": province,
        "MaHuyen": district,
        "MaXa": commune,
        "SoDinhDanhCaNhan": identity_no,
        "NoiDung": content,
    }


def wanted_of(delivery: Delivery, style: Style) -> Wanted:
    """Return what to look for, as it was sent: of a concealed document nobody, and no content."""
    body = orjson.loads(delivery.body)
    people = build(delivery, style).payload["NguoiKNTC"]["DataNguoiKNTC"]
    hidden = "concealed" in body
    named = [person for person in people if person["HoTen"] and person["HoTen"] not in _STANDING and not hidden]
    first = named[0] if named else dict.fromkeys(("HoTen", "SoDinhDanhCaNhan", "MaTinh", "MaHuyen", "MaXa"), "")
    return Wanted(
        key=delivery.key,
        name=first["HoTen"],
        identity_no=first["SoDinhDanhCaNhan"],
        area=(first["MaTinh"], first["MaHuyen"], first["MaXa"]),
        content="" if hidden else content_of(body),
    )


def by_reference(wanted: Wanted) -> Payload:
    """Return the search for our own reference, of any version."""
    return query(content=reference_stem(wanted.key))


def by_person(wanted: Wanted) -> Iterator[Payload]:
    """Yield the searches for the person: by number and by name, each within the area; none where nobody was sent."""
    if wanted.has_person and wanted.identity_no:
        yield query(identity_no=wanted.identity_no, area=wanted.area)
    if wanted.has_person and wanted.name:
        yield query(person=wanted.name, area=wanted.area)


def under_own_id(delivery: Delivery, own: str, listed: Sequence[Candidate]) -> Found:
    """Return what a search for our own case id shows. Without our reference in it, the case is taken for older: an
    update by its id may be repeated. Not there: nobody knows what that means, and a create would double it."""
    case = next((candidate for candidate in listed if candidate.national_id == own), None)
    if case is None:
        return Found(SightingName.UNREADABLE, "own_id_not_listed")
    version = version_in(case.content, delivery.key)
    return _compared(delivery, own, 0 if version is None else version)


def without_own_id(delivery: Delivery, wanted: Wanted, listed: Sequence[Candidate]) -> Found:
    """Return what the searches show together: one certain case, several, or none beside probable ones."""
    matched = match(listed, wanted)
    certain = matched.by_reference or matched.by_person_and_content
    shown = (certain or matched.probable)[:MAX_CANDIDATES]
    if not certain:
        return Found(SightingName.ABSENT, "none_certain", candidates=shown)
    if len(certain) > 1:
        return Found(SightingName.SEVERAL, "several_certain", candidates=shown)
    if not matched.by_reference:
        return Found(SightingName.SAME, "same_person_and_content", _receipt(delivery, certain[0].national_id))
    found = _compared(delivery, certain[0].national_id, matched.versions[0])
    if found.name is SightingName.OLDER:
        # Ours, but an older version landed. "Older" would be sent again, and without its id that creates a second case.
        return Found(SightingName.SEVERAL, "reference_of_older", candidates=shown)
    return found


def _compared(delivery: Delivery, national_id: str, version: int) -> Found:
    if version == delivery.version:
        return Found(SightingName.SAME, "own_reference", _receipt(delivery, national_id))
    receipt = Receipt(national_id, version, "", None, "")
    if version > delivery.version:
        return Found(SightingName.NEWER, "reference_of_newer", receipt)
    return Found(SightingName.OLDER, "older", receipt)


def _receipt(delivery: Delivery, national_id: str) -> Receipt:
    """As for an answer: version and digest are our own (ttcp2018_rules.py)."""
    return Receipt(national_id, delivery.version, delivery.digest, None, "")
