"""The six payloads of `ttcp2018`, built from canonical documents: one function per kind, each with all its keys.

Key names as observed (schemas/wire/ttcp2018). What the profile has no place for stays out; what it would state wrongly
is refused by name. Pure. May import: core.model, orjson, matching, ttcp2018_codes, ttcp2018_parties, ttcp2018_sheet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from connector.core.model import Body, Delivery, Kind, RemoteProblem
from connector.national import ttcp2018_parties as parties
from connector.national.matching import reference_of
from connector.national.ttcp2018_codes import Codes
from connector.national.ttcp2018_sheet import NO_CODE, NO_PLACE, Sheet, day, flag, number

Payload = dict[str, Any]

CONTENT_CONCEALED = "Nội dung được giữ kín"
"""Stands for a content that must not leave: the key may not be empty, and "" would say that nothing was written."""

NO_FILE = ""
"""`file` of an acceptance and a decision is the content itself, and documents hold none. A name has no key there."""

OPERATIONS: Mapping[Kind, str] = {
    Kind.PETITION: "CapNhatVuViec",
    Kind.HANDLING: "CapNhatKQXuLy",
    Kind.ACCEPTANCE: "CapNhatGiaiQuyet",
    Kind.DECISION: "CapNhatKQGiaiQuyet",
    Kind.ENFORCEMENT: "CapNhatThiHanh",
}
"""The kinds that are carried. A reception has no operation."""

NEEDS: Mapping[Kind, tuple[str, ...]] = {
    Kind.PETITION: (),
    Kind.HANDLING: ("case",),
    Kind.ACCEPTANCE: ("case",),
    Kind.DECISION: ("case",),
    Kind.ENFORCEMENT: ("case", "decision"),
}
"""The national ids, fields of Refs, without which an operation cannot be said."""

_PATH = re.compile(r"[A-Z]{2,6}(\.[0-9A-Z]{1,4}){0,3}")
_TYPES = {"kn": "complaint", "tc": "denunciation", "knpa": "recommendation_feedback"}


@dataclass(frozen=True, slots=True)
class Style:
    """What differs between the observed clients."""

    codes: Codes
    accused_key: str = "NguoiBiKNTCT"


@dataclass(frozen=True, slots=True)
class Built:
    """A payload, or why there is none; never both."""

    operation: str
    payload: Payload = field(repr=False)
    problems: tuple[RemoteProblem, ...] = ()


def build(delivery: Delivery, style: Style) -> Built:
    """Return the payload of a delivery whose kind is carried and whose needs are met (NEEDS)."""
    body: Body = orjson.loads(delivery.body)
    sheet = Sheet(style.codes)
    match delivery.key.kind:
        case Kind.PETITION:
            payload = _petition(sheet, delivery, body, style.accused_key)
        case Kind.HANDLING:
            payload = _handling(sheet, delivery, body)
        case Kind.ACCEPTANCE:
            payload = _acceptance(sheet, delivery, body)
        case Kind.DECISION:
            payload = _decision(sheet, delivery, body)
        case _:
            payload = _enforcement(sheet, delivery, body)
    return Built(OPERATIONS[delivery.key.kind], payload, tuple(sheet.problems))


def own_id(delivery: Delivery) -> str:
    """Return the national id of this very document: learned by us, else given before this connection existed."""
    if delivery.refs.own or delivery.key.kind not in (Kind.PETITION, Kind.DECISION):
        return delivery.refs.own
    return str(orjson.loads(delivery.body).get("ndb_id", ""))


def content_of(body: Body) -> str:
    """Return what NoiDungDon says of a petition, without our reference."""
    return str(body.get("content", CONTENT_CONCEALED))


def _petition(sheet: Sheet, delivery: Delivery, body: Body, accused_key: str) -> Payload:
    sent_with = body.get("transfer_document", {})
    return {
        "VuViec": {
            "Id": own_id(delivery),
            "NgayNhapDon": day(body["received_on"]),
            "GanVuViec": "0",  # 1 attaches the petition to somebody's case: a person's act, never ours
            "LanhDaoTiep": "",  # these four are of the reception, which this document only names
            "TiepDinhKy": "",
            "UyQuyen": "",
            "LanhDaoUyQuyen": "",
        },
        "NguonDonDen": {
            "MaNguonDonDen": sheet.code("petition-source", body.get("source"), "/source"),
            "MaCoQuanChuyenDon": sheet.agency(body.get("transferred_by", {}), "/transferred_by"),
            "SoVanBanDen": sent_with.get("no", ""),
            "NgayVanBan": day(sent_with.get("issued_on")),
        },
        "NguoiKNTC": parties.petitioners(sheet, body),
        accused_key: parties.accused(sheet, body.get("respondents", [])),
        "NguoiUyQuyen": parties.authorised(sheet, body.get("representation", {})),
        "CoQuanDaGiaiQuyet": _settled_before(sheet, body),
        "PhanLoaiDon": _classification(sheet, body),
        "Attachment": [
            {
                "TenHoSo": paper.get("title", ""),
                "LoaiHoSo": paper.get("kind", ""),
                "NoiDungTomTat": paper.get("summary", ""),
                **_file(paper.get("file_name", "")),
            }
            for paper in body.get("attachments", [])
        ],
        "NoiDungDon": f"{content_of(body)}\n{reference_of(delivery.key, delivery.version)}",
        "CoQuanTiepNhan": sheet.code("agency", body["agency_code"], "/agency_code"),
    }


def _settled_before(sheet: Sheet, body: Body) -> Payload:
    """Return the one earlier settlement that there is room for: the latest by its date, of equals the last."""
    numbered: list[tuple[int, Body]] = list(enumerate(body.get("prior_settlements", [])))
    index, last = max(numbered, key=lambda pair: (pair[1].get("issued_on", ""), pair[0]), default=(0, {}))
    pointer = f"/prior_settlements/{index}"
    # Left out, not refused, where the pair of type and result has no number: it is not this document's own result.
    result = sheet.known("decision-result", f"{body['type']}:{last.get('result', '')}")
    return {
        "MaCoQuan": sheet.agency(last.get("agency", {}), f"{pointer}/agency"),
        "LanGiaiQuyet": sheet.code("instance", last.get("instance"), f"{pointer}/instance"),
        "NgayBanHanh": day(last.get("issued_on")),
        "MaLoaiQuyetDinh": sheet.code("prior-decision-kind", last.get("kind"), f"{pointer}/kind"),
        "KetQuaGiaiQuyet": result,
    }


def _classification(sheet: Sheet, body: Body) -> list[Payload]:
    """Return one entry per type of content, as four levels of the national tree: a code's parents are its beginnings.

    The levels come from the national codes that the source keeps (`legacy_field_path`), of each type the deepest;
    without them only the first is known."""
    paths = [path for path in body.get("legacy_field_path", []) if _PATH.fullmatch(path)]
    several = body["type"] == "multiple_contents"
    types = [part.get("type") for part in body.get("parts", [])] if several else [body["type"]]
    if not types:
        sheet.refuse("/type", NO_CODE, "petition-type")
    levels = []
    for index, kind in enumerate(dict.fromkeys(types)):
        root = sheet.known("petition-type", kind or "")
        mine = [path for path in paths if _belongs(sheet, path, kind, root)]
        if not root and not mine:
            sheet.refuse(f"/parts/{index}/type" if several else "/type", NO_CODE, "petition-type")
        parts = max(mine, key=lambda path: (path.count("."), path), default=root).split(".")
        levels.append([".".join(parts[: depth + 1]) if depth < len(parts) else "" for depth in range(4)])
    names = ("MaLoaiDon", "MaLoaiDon1", "MaLoaiDon2", "MaLoaiDon3")
    return [dict(zip(names, codes, strict=True)) for codes in levels]


def _belongs(sheet: Sheet, path: str, kind: str | None, root: str) -> bool:
    """Return whether a code is of this type's branch. That of a recommendation is known only as neither of the two."""
    first = path.split(".", maxsplit=1)[0]
    if root:
        return first == root
    known = {sheet.known("petition-type", other) for other in _TYPES.values()}
    return kind == _TYPES["knpa"] and first not in known


def _handling(sheet: Sheet, delivery: Delivery, body: Body) -> Payload:
    transfer, guidance, back = body.get("transfer", {}), body.get("guidance", {}), body.get("return", {})
    receivers = (
        (transfer.get("receiver_agency"), "/transfer/receiver_agency"),
        (guidance.get("agency"), "/guidance/agency"),
        (back.get("guided_to_agency"), "/return/guided_to_agency"),
    )
    receiver, pointer = next((pair for pair in receivers if pair[0]), ({}, ""))
    reason = transfer.get("reason") or back.get("reason") or body.get("filed", {}).get("reason")
    return {
        "Id": delivery.refs.case,
        "NoiDungXuLy": {
            # Said by the source of a petition without any name, never concluded from a name that is concealed.
            "DonNacDanh": flag(body.get("anonymous")),
            "DonDuDKXuLy": flag(body.get("eligible")),
            "TomTatNoiDungXuLy": body.get("summary", ""),
            "NgayXuLy": day(body["handled_on"]),
            "CanBoXuLy": body.get("handler", ""),
            "CanBoDuyetKQXL": body.get("approver", ""),
            "HuongXuLy": {
                "MaCoQuanXuLy": sheet.code("agency", body["agency_code"], "/agency_code"),
                "MaHuongXuLy": sheet.code("handling", body["handling"], "/handling"),
                "MaCoQuanXuLyTiep": sheet.agency(receiver or {}, pointer),
                "NoiDungXuLy": reason or "",
                **_file(_first_file(body)),
            },
        },
    }


def _acceptance(sheet: Sheet, delivery: Delivery, body: Body) -> Payload:
    if body.get("outcome") != "accepted":
        sheet.refuse("/outcome", NO_PLACE)  # the operation can only say that a case was accepted
    return {
        "Id": delivery.refs.case,
        "MaCoQuanThuLy": _acting(sheet, body, "competent_agency"),
        "NgayThuLy": day(body["decided_on"]),
        "HanGiaiQuyet": day(body.get("deadline_on")),
        "CanBoDuyet": body.get("approver", ""),
        "file": NO_FILE,
    }


def _decision(sheet: Sheet, delivery: Delivery, body: Body) -> Payload:
    remedies = body.get("remedies", {})
    people = body.get("persons_to_handle", [])
    own = own_id(delivery)
    return {
        "Id": delivery.refs.case,
        # The notes name no key for the decision itself. So a new one goes without; an edited one says which it is, in
        # the word that an enforcement has for it, and whoever does not know that word answers with another id.
        **({"IdKetQua": own} if own else {}),
        "maCoQuanBanHanh": _acting(sheet, body, "issuer_agency"),
        "ngayBanHanh": day(body["issued_on"]),
        "tomTatNoiDungGiaiQuyet": body.get("summary", ""),
        "loaiKetQuaGiaiQuyet": _result(sheet, body),
        "hinhThucGiaiQuyet": sheet.code("decision-form", body.get("form"), "/form"),
        "quyenKhoiKien": flag(body.get("lawsuit_right")),
        "file": NO_FILE,
        "BoiThuongThietHai": {
            **_amounts(sheet, remedies.get("recover_state", {}), "/remedies/recover_state", "ThuHoi"),
            **_amounts(sheet, remedies.get("return_parties", {}), "/remedies/return_parties", "TraLai"),
            "SoNguoiDuocTraQuyenLoi": number(remedies.get("parties_restored", {}).get("individuals")),
            "XuPhatHanhChinh": "",  # nobody has said whether it is a flag, a number of persons or an amount
            "SoNguoiChuyenDieuTra": number(remedies.get("investigation", {}).get("persons")),
        },
        "CaNhanBiXuLyHanhChinh": [
            {
                "HoTen": person.get("name", ""),
                "ChucVu": person.get("position", ""),
                "HinhThucXuLy": person.get("measure", ""),
            }
            for person in people
            if person.get("kind") != "organisation"
        ],
        "ToChucBiXuLyHanhChinh": [
            {"TenToChuc": body_.get("name", ""), "HinhThucXuLy": body_.get("measure", "")}
            for body_ in people
            if body_.get("kind") == "organisation"
        ],
    }


def _enforcement(sheet: Sheet, delivery: Delivery, body: Body) -> Payload:
    handled = body.get("handled", {})
    return {
        "Id": delivery.refs.case,
        "IdKetQua": delivery.refs.decision,
        "ThiHanhId": own_id(delivery),
        "ThiHanh": {
            "MaCoQuanThiHanh": _acting(sheet, body, "enforcing_agency"),
            "NgayCapNhat": day(body["updated_on"]),
            # What was collected for the State and what was given back: an earlier client mixed the two up.
            **_amounts(sheet, body.get("collected", {}), "/collected", "ThuHoi"),
            **_amounts(sheet, body.get("returned", {}), "/returned", "TraLai"),
            "SoNguoiBiXuLy": number(handled.get("individuals")),
            "SoTapTheBiXuLy": number(handled.get("organisations")),
            "TaiSanQuyRaTien": number(body.get("assets_value")),
            "SoTienNopPhat": number(body.get("fine_paid")),
            "SoDoiTuongDaKhoiTo": number(body.get("prosecuted", {}).get("persons")),
        },
    }


def _result(sheet: Sheet, body: Body) -> str:
    """Return the national result: it means something only together with the petition type, which the kind tells.

    A document may lack either (a notice of no renewed settlement has no result); the operation needs both."""
    for name in ("kind", "result"):
        if name not in body:
            return sheet.refuse(f"/{name}", NO_CODE, "decision-result")
    kind = _TYPES.get(body["kind"].partition("_")[0], body["kind"])
    false = body["result"] == "incorrect" and body.get("knowingly_false")
    key = f"{kind}:knowingly_false" if false else f"{kind}:{body['result']}"
    return sheet.code("decision-result", key, "/result")


def _acting(sheet: Sheet, body: Body, name: str) -> str:
    """Return who acted, where the document says so, else the agency whose document it is."""
    acting = body.get(name)
    if not acting:
        return sheet.code("agency", body["agency_code"], "/agency_code")
    if "code" not in acting and "ndb_code" not in acting:
        return sheet.refuse(f"/{name}", NO_CODE, "agency")  # somebody else acted, and only the name is known
    return sheet.agency(acting, f"/{name}")


def _amounts(sheet: Sheet, value: Mapping[str, Any], pointer: str, prefix: str) -> Payload:
    housing, production = sheet.land(value, pointer)
    return {f"{prefix}Tien": number(value.get("money")), f"{prefix}DatO": housing, f"{prefix}DatSX": production}


def _first_file(body: Body) -> str:
    return next((paper["file_name"] for paper in body.get("attachments", []) if paper.get("file_name")), "")


def _file(name: str) -> Payload:
    """Return the two keys of a file. Documents hold no bytes of files, so the file is only named."""
    return {"TenFileDinhKem": name, "FileDinhKem": ""}
