"""The seven operations: who asks, which fault is played, what happens, what is written down.

As on the side of `decree55`, whatever is answered, or lost on purpose, stands in the request log before its first
byte leaves, and faults strike valid requests only.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from connector.core.model import Kind
from connector.sandbox.catalogues import Catalogues
from connector.sandbox.faults import FaultPlan, FaultRule, answer_instead, spoil
from connector.sandbox.state import NationalState
from connector.sandbox.ttcp2018 import catalogues, payloads
from connector.sandbox.ttcp2018.bus import TOKEN, Bus
from connector.sandbox.ttcp2018.cases import Cases, Paper, folded
from connector.sandbox.ttcp2018.shapes import Refused, accept, read
from connector.sandbox.ttcp2018.values import Asked, Case, Petitioner, record_of
from connector.sandbox.values import LogLine, timestamp
from connector.sandbox.wire import Answer, Ending, Refusal, Request, check_size

KINDS = {
    "TraDanhMuc": "catalogue",
    "TraThongTinDon": str(Kind.PETITION),
    "CapNhatVuViec": str(Kind.PETITION),
    "CapNhatKQXuLy": str(Kind.HANDLING),
    "CapNhatGiaiQuyet": str(Kind.ACCEPTANCE),
    "CapNhatKQGiaiQuyet": str(Kind.DECISION),
    "CapNhatThiHanh": str(Kind.ENFORCEMENT),
}
_DONE = "Cập nhật thành công"
_NO_CASE = "Không tìm thấy vụ việc."
_NO_STEP = {
    Kind.DECISION: "Không tìm thấy kết quả giải quyết của vụ việc.",
    Kind.ENFORCEMENT: "Không tìm thấy kết quả thi hành.",
}
_LOST = Answer(HTTPStatus.OK, ending=Ending.LOST)

_GUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NOTHING = b"00000000-0000-4000-8000-000000000000"


class CaseSide:
    """Answers operations on the cases. `plan` may be replaced while it runs."""

    def __init__(
        self,
        state: NationalState,
        bus: Bus,
        plan: FaultPlan,
        *,
        accused_key: str,
        seed: int,
        now: Callable[[], datetime],
        stop: threading.Event,
        lists: Catalogues,
    ) -> None:
        self.cases = Cases(state, seed)
        self.bus = bus
        self.plan = plan
        self._state = state
        self._checks = payloads.checks(accused_key)
        self._now = now
        self._stop = stop
        self._lists = lists
        self._late: list[Callable[[], Answer]] = []
        self._late_lock = threading.Lock()

    def answer(self, operation: str, request: Request) -> Answer:
        """Answer one operation, played with the fault that strikes it, and write it down."""
        asked = Asked(operation)
        rule: FaultRule | None = None
        try:
            check_size(request)
            if operation == TOKEN:
                work: Callable[[], Answer] = partial(self._issue, request)
            else:
                self.bus.admit(request, self._now())
                payload = self.bus.unwrap(request)
                asked = Asked(operation, kind=KINDS[operation])
                accept(self._checks[operation], payload)
                asked = self._about(operation, payload, request.body)
                work = partial(self._do, asked, payload)
            rule = self.plan.strike(operation, asked.agency, asked.kind, asked.record)
            answer = self._play(rule, request, work)
        except Refusal as refusal:
            answer = refusal.answer
        except Refused as refused:
            self.cases.note_refusal(asked, refused.message)
            answer = self.bus.wrap({"Id": "", "Message": refused.message}, refused=True)
        self._write_down(request, asked, answer.status, rule.what if rule else "")
        return answer

    def release_late(self) -> int:
        """Let every request that was kept back happen now, in the order of arrival; return how many there were."""
        with self._late_lock:
            late, self._late = self._late, []
        for work in late:
            try:
                work()
            except Refused:
                continue  # by now its case is gone or changed; nobody waits for the answer
        return len(late)

    def _issue(self, request: Request) -> Answer:
        return self.bus.issue(request, self._now())

    def _about(self, operation: str, payload: Any, body: bytes) -> Asked:
        """Return what a valid request is about, from what it shows itself."""
        kind = KINDS[operation]
        if operation == "CapNhatVuViec":
            return Asked(operation, payload["CoQuanTiepNhan"], kind, record_of(payload["NoiDungDon"]))
        digest = hashlib.sha256(body).hexdigest()
        if "Id" not in payload:
            return Asked(operation, "", kind, record_of(operation, digest))
        case = self.cases.find(_id_of(payload["Id"]))
        return Asked(operation, case.agency if case else "", kind, record_of(payload["Id"], operation, digest))

    def _play(self, rule: FaultRule | None, request: Request, work: Callable[[], Answer]) -> Answer:
        if rule is None:
            return work()
        if rule.what == "refuse_in_200":
            raise Refused(rule.message)
        if rule.what == "late_create":
            with self._late_lock:
                self._late.append(work)
            return _LOST
        if rule.what == "expire_token":
            self.bus.forget(request)
            return self.bus.unauthorized()
        if (instead := answer_instead(rule, self._now())) is not None:
            return instead
        if rule.what == "latency":
            self._stop.wait(rule.latency_s)
        return _spoilt(rule, work())

    def _do(self, asked: Asked, payload: Any) -> Answer:
        """Carry a valid request out and return its answer; Refused when what it builds on is not there."""
        match asked.operation:
            case "TraDanhMuc":
                names = ("LoaiDanhMuc", "MaTinh", "MaBoNganh", "MaLoaiKhieuTo")
                return self.bus.wrap(
                    catalogues.answer(*(str(payload[n]) for n in names), replaced=self._lists.replaced)
                )
            case "TraThongTinDon":
                return self.bus.wrap(self._search(payload))
            case "CapNhatVuViec":
                done = self._update_case(asked, payload)
            case "CapNhatKQXuLy":
                done = self._add_handling(asked, payload)
            case "CapNhatGiaiQuyet":
                done = self._case_of(payload).id
                self.cases.add_step(asked, done)
            case "CapNhatKQGiaiQuyet":
                done = self._add_decision(asked, payload)
            case _:
                done = self._add_enforcement(asked, payload)
        return self.bus.wrap({"Id": done, "Message": _DONE})

    def _search(self, payload: Any) -> list[dict[str, str]]:
        wanted = {
            "case_id": _id_of(payload["MaVuViec"]),
            "name": payload["TenNguoiKhieuNai"].strip(),
            "province": payload["MaTinh"],
            "district": payload["MaHuyen"],
            "commune": payload["MaXa"],
            "number": payload["SoDinhDanhCaNhan"],
            "content": payload["NoiDung"].strip(),
        }
        if not any(wanted.values()):
            raise Refused("Chưa nhập điều kiện tra cứu.")
        keys = ("Id", "ChuDon", "DiaChi", "CMTND", "NoiDung")
        return [dict(zip(keys, row, strict=True)) for row in self.cases.search(wanted)]

    def _update_case(self, asked: Asked, payload: Any) -> str:
        case_id = _id_of(payload["VuViec"]["Id"])
        paper = _paper(payload)
        if not case_id:
            return self.cases.create(asked, paper)
        if payload["VuViec"]["GanVuViec"] == "1":
            known = self.cases.attach(asked, case_id, paper)
        else:
            known = self.cases.update(case_id, asked.agency, paper)
        if not known:
            raise Refused(_NO_CASE)
        return case_id

    def _add_handling(self, asked: Asked, payload: Any) -> str:
        case = self._case_of(payload)
        is_anonymous = any(folded(each.name) == folded(payloads.ANONYMOUS) for each in case.petitioners)
        said = payload["NoiDungXuLy"]["DonNacDanh"]  # "": not said, which of an anonymous one is not enough
        if is_anonymous != (said == "1"):
            raise Refused("DonNacDanh không khớp với người đứng đơn của vụ việc.")
        self.cases.add_step(asked, case.id)
        return case.id

    def _add_decision(self, asked: Asked, payload: Any) -> str:
        case = self._case_of(payload)
        result = str(read(payload, payloads.RESULT))
        fitting = [catalogues.RESULTS_OF_TYPE[each] for each in case.types if each in catalogues.RESULTS_OF_TYPE]
        if result and fitting and not any(result in each for each in fitting):
            raise Refused("Loại kết quả giải quyết không phù hợp với loại đơn.")
        own_id = _id_of(payload.get(payloads.OWN_DECISION, ""))
        if not own_id:
            return self.cases.add_step(asked, case.id)
        self._expect_step(case, own_id, Kind.DECISION)
        return own_id

    def _add_enforcement(self, asked: Asked, payload: Any) -> str:
        case = self._case_of(payload)
        decision_id, own_id = _id_of(payload["IdKetQua"]), _id_of(payload["ThiHanhId"])
        self._expect_step(case, decision_id, Kind.DECISION)
        if not own_id:
            return self.cases.add_step(asked, case.id, decision_id)
        self._expect_step(case, own_id, Kind.ENFORCEMENT)
        return own_id

    def _expect_step(self, case: Case, step_id: str, kind: Kind) -> None:
        """Refuse unless the case has this step, of this kind."""
        if not any((step.id, step.kind) == (step_id, kind) for step in self.cases.steps_of(case.id)):
            raise Refused(_NO_STEP[kind])

    def _case_of(self, payload: Any) -> Case:
        case = self.cases.find(_id_of(payload["Id"]))
        if case is None:
            raise Refused(_NO_CASE)
        return case

    def _write_down(self, request: Request, asked: Asked, status: int, fault: str) -> None:
        is_token = asked.operation == TOKEN
        line = LogLine(
            seq=0,
            at=timestamp(self._now()),
            method=request.method,
            path=request.path,
            agency=asked.agency,
            kind=asked.kind,
            local_id=asked.record,
            version=0,
            digest="" if is_token else hashlib.sha256(request.body).hexdigest(),
            idempotency_key="",
            status=status,
            fault=fault,
        )
        self._state.append_log(line, b"" if is_token else request.body)


def _spoilt(rule: FaultRule, answer: Answer) -> Answer:
    """Return what a rule of AFTER makes of an answer. `wrong_echo`: every Id in it is that of nothing."""
    if rule.what == "wrong_echo":
        return replace(answer, body=_GUID.sub(_NOTHING, answer.body))
    return spoil(rule, answer)


def _id_of(written: str) -> str:
    return written.strip().lower()


def _paper(payload: Any) -> Paper:
    people = [
        Petitioner(
            name=each["HoTen"],
            number=each["SoDinhDanhCaNhan"],
            province=each["MaTinh"],
            district=each["MaHuyen"],
            commune=each["MaXa"],
            address=each["DiaChiChiTiet"],
        )
        for each in payload["NguoiKNTC"]["DataNguoiKNTC"]
    ]
    if not people:  # an organisation stands for itself
        party = payload["NguoiKNTC"]
        people = [Petitioner(party["TenCoQuanToChuc"], address=party["DiaChiCoQuanToChuc"])]
    return Paper(payload["NoiDungDon"], people, sorted({each["MaLoaiDon"] for each in payload["PhanLoaiDon"]}))
