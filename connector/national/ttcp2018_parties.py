"""The people and bodies of a petition as `ttcp2018` has them: who complains, who is accused, who acts for them.

A person who is anonymous or concealed gives nothing away here, whatever the document holds: only their standing text.
Pure. May import: ttcp2018_sheet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.national.ttcp2018_sheet import Sheet, day, number

ANONYMOUS = "Đơn nặc danh"
"""What the national system knows an anonymous petitioner by. Only for a petition that names nobody at all."""

CONCEALED = "Danh tính được giữ kín"
"""For a person whom the agency knows and does not name (Law 25/2018/QH14 art. 8.3). Never ANONYMOUS: a denouncer who
gave a name did not denounce anonymously, and the law treats the two differently."""

Fields = dict[str, str]

_NOBODY: Mapping[str, Any] = {}


def petitioners(sheet: Sheet, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return NguoiKNTC: a body is named in the head, people are listed."""
    everyone = body.get("petitioners", [])
    bodies = [(index, person) for index, person in enumerate(everyone) if _is_body(person)]
    people = [(index, person) for index, person in enumerate(everyone) if not _is_body(person)]
    index, chief = (bodies or people or [(0, _NOBODY)])[0]
    organisation = _shown(chief).get("organisation", {})
    address = organisation.get("address", {})
    return {
        "LoaiNguoiKNTC": sheet.code("petitioner-kind", chief.get("kind"), f"/petitioners/{index}/kind"),
        "SoNguoiKNTC": number(body.get("signatory_count")),
        "SoNguoiDaiDien": number(body.get("representatives_count")),
        "TenCoQuanToChuc": (organisation.get("name", "") or _name(chief)) if bodies else "",
        "DiaChiCoQuanToChuc": address.get("line", ""),
        "DataNguoiKNTC": [_person(sheet, person, f"/petitioners/{at}") for at, person in people],
    }


def accused(sheet: Sheet, respondents: Sequence[Mapping[str, Any]]) -> Fields:
    """Return the one accused that the profile has room for: the first of the document who has a name, else the first.

    Which of several that is, the agency decides by the order in its mapping. The others stay out of this interface."""
    numbered = list(enumerate(respondents))
    named = [pair for pair in numbered if pair[1].get("full_name") or pair[1].get("organisation", {}).get("name")]
    index, chosen = (named or numbered or [(0, _NOBODY)])[0]
    pointer = f"/respondents/{index}"
    organisation = chosen.get("organisation", {})
    address = organisation.get("address", {})
    return {
        "LoaiNguoiBiKNTC": sheet.code("respondent-kind", chosen.get("kind"), f"{pointer}/kind"),
        **_person(sheet, chosen, pointer),
        "ChucVu": chosen.get("position", ""),
        "TenCoQuanToChuc": organisation.get("name", ""),
        **sheet.area(address, f"{pointer}/organisation/address", "CoQuan"),
        "DiaChiChiTietCoQuan": address.get("line", ""),
    }


def authorised(sheet: Sheet, representation: Mapping[str, Any]) -> Fields:
    """Return the one who acts for the petitioners by authority; nobody where they act for themselves."""
    persons = representation.get("persons", [])
    kind = representation.get("kind")
    nobody = kind in (None, "self", "group_representative")  # those are among the petitioners
    return {
        "LoaiNguoiUyQuyen": "" if nobody else sheet.code("representation", kind, "/representation/kind"),
        **_person(sheet, {} if nobody or not persons else persons[0], "/representation/persons/0"),
    }


def _person(sheet: Sheet, person: Mapping[str, Any], pointer: str) -> Fields:
    shown = _shown(person)
    identity = shown.get("identity", {})
    address = shown.get("address", {})
    # The key is that of the personal number; a passport's would be taken for one.
    is_personal = identity.get("kind") != "passport"
    return {
        "HoTen": _name(person),
        "SoDinhDanhCaNhan": identity.get("number", "") if is_personal else "",
        "GioiTinh": sheet.code("gender", shown.get("gender"), f"{pointer}/gender"),
        "NgayCapSoDinhDanh": day(identity.get("issued_on")) if is_personal else "",
        "NoiCapSoDinhDanh": identity.get("issued_by", "") if is_personal else "",
        **sheet.area(address, f"{pointer}/address"),
        "DiaChiChiTiet": address.get("line", ""),
        "MaQuocTich": sheet.code("nationality", shown.get("nationality_code"), f"{pointer}/nationality_code"),
        "MaDanToc": sheet.code("ethnicity", shown.get("ethnicity_code"), f"{pointer}/ethnicity_code"),
    }


def _shown(person: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what may be shown of a person: nothing of one who is anonymous or concealed."""
    return {} if person.get("disclosure") in ("anonymous", "concealed") else person


def _name(person: Mapping[str, Any]) -> str:
    standing = {"anonymous": ANONYMOUS, "concealed": CONCEALED}.get(person.get("disclosure", ""))
    return standing or str(person.get("full_name", ""))


def _is_body(person: Mapping[str, Any]) -> bool:
    return person.get("kind") == "organisation"
