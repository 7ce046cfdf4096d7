"""Faults of the national side, by rule and by seed. Pure apart from the count of what was asked.

A rule meets a request by call, agency, kind and local_id. Whether it strikes follows from the seed, the rule, the key
and how many times that key was asked: never from the order in which threads arrive, so a run can be repeated.
May import: the standard library, orjson, `wire.py`, `tokens.py`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime

import orjson

from connector.sandbox.tokens import unauthorized
from connector.sandbox.wire import Answer, Ending, error, problem

BEFORE = frozenset(
    {
        "lose_before_commit",  # no answer, and nothing was done
        "busy_429",
        "busy_503",
        "expire_token",  # 401; the token is dead from now on
        "forbidden",
        "html",  # the bus in front answers 200 with a page of its own
        "bad_gateway",  # the bus in front answers 502 with a page of its own
        "conflict",  # 409 that names a newer version
        "in_progress",  # 409 that names no version
        "refuse_422",
        "too_large",
    }
)
AFTER = frozenset(
    {
        "lose_after_commit",  # everything was done, no answer
        "commit_then_500",
        "commit_then_html",
        "wrong_echo",  # the answer echoes another digest
        "truncate",
        "drip",  # one byte per `latency_s`
        "late_answer",  # done at once, answered after `latency_s`
        "latency",  # done and answered after `latency_s`
    }
)
FEED_READ = frozenset(
    {
        "expired_cursor",
        "shifted_pages",  # the page begins half its length too early: some of the page before comes again
    }
)
FEED = frozenset({"duplicate_events", "late_events"}) | FEED_READ
OBSERVED = frozenset(
    {
        "refuse_in_200",  # a refusal as `ttcp2018` has it: 200, no Id, `message` as its text
        "late_create",  # no answer now, and what was asked for happens later, at `release_late()`
    }
)
OPERATIONS = frozenset(
    {
        "TraDanhMuc",
        "TraThongTinDon",
        "CapNhatVuViec",
        "CapNhatKQXuLy",
        "CapNhatGiaiQuyet",
        "CapNhatKQGiaiQuyet",
        "CapNhatThiHanh",
    }
)
CALLS = (
    frozenset({"put", "withdraw", "get", "attach", "look", "manifest", "feed", "ack", "catalogue", "token"})
    | OPERATIONS
)

_PAGE = b"<!DOCTYPE html><html><head><title>Service</title></head><body><h1>It works</h1></body></html>"


_FIXED = {
    "lose_before_commit": Answer(500, ending=Ending.LOST),
    "expire_token": unauthorized(),
    "forbidden": problem(403, "forbidden"),
    "html": Answer(200, _PAGE, "text/html; charset=utf-8"),
    "bad_gateway": Answer(502, _PAGE, "text/html; charset=utf-8"),
    "conflict": problem(409, "older-version", version=2**31 - 1, digest="0" * 64),
    "in_progress": problem(409, "in-progress"),
    "too_large": problem(413, "too-large"),
    "expired_cursor": problem(410, "cursor-expired"),
}


@dataclass(frozen=True, slots=True)
class FaultRule:
    """One fault, and whom it strikes. Empty `agency`, `kind`, `local_id` mean any.

    what: a name of BEFORE, AFTER, FEED or OBSERVED. call: a name of CALLS; "" means every one of them.
    Of an operation of `ttcp2018`, kind is ours behind it and local_id is `record_of` what the request shows.
    share: part of the requests, chosen by seed. every: each n-th request for the same key. times: at most so many
    strikes per key; in_all: at most so many over all keys (which ones, depends on who arrives first).
    Of the feed faults, those of FEED_READ strike where the feed is read (expired_cursor with the call "manifest": where
    that is), the other two where an event is written; those of OBSERVED strike only operations of `ttcp2018`."""

    what: str
    call: str = "put"
    agency: str = ""
    kind: str = ""
    local_id: str = ""
    share: float = 1.0
    every: int = 1
    times: int | None = None
    in_all: int | None = None
    latency_s: float = 0.05
    retry_after_s: int | None = 1
    retry_after_date: bool = False
    pointer: str = ""
    rule: str = "national"
    message: str = "refused"

    def __post_init__(self) -> None:
        if self.what not in BEFORE | AFTER | FEED | OBSERVED:
            raise ValueError(f"unknown fault {self.what!r}")
        if self.call and self.call not in CALLS:
            raise ValueError(f"unknown call {self.call!r}")
        if self.what in OBSERVED and self.call not in OPERATIONS | {""}:
            raise ValueError(f"{self.what} strikes no {self.call!r}")

    def concerns(self, call: str, agency: str, kind: str, local_id: str) -> bool:
        """Whether a request of this kind can be struck at all."""
        of_manifest = self.what == "expired_cursor" and self.call == "manifest"
        expected = "feed" if self.what in FEED and not of_manifest else self.call
        if self.what in OBSERVED and call not in OPERATIONS:
            return False
        return (
            expected in ("", call)
            and self.agency in ("", agency)
            and self.kind in ("", kind)
            and self.local_id in ("", local_id)
        )


class FaultPlan:
    """The rules in force, and how often each key was asked since they are."""

    def __init__(self, seed: int, rules: Sequence[FaultRule]) -> None:
        self._seed = seed
        self._rules = tuple(rules)
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, ...], int] = {}
        self._struck: dict[tuple[int, tuple[str, ...]], int] = {}
        self._struck_in_all: dict[int, int] = {}

    def strike(self, call: str, agency: str = "", kind: str = "", local_id: str = "") -> FaultRule | None:
        """Count this request and return the first rule that strikes it, if any."""
        return self._meet(call, (call, agency, kind, local_id), BEFORE | AFTER | OBSERVED | FEED_READ)

    def strike_event(self, agency: str, kind: str, local_id: str) -> FaultRule | None:
        """Count this feed event and return the rule (duplicate_events, late_events) that strikes it, if any."""
        return self._meet("feed", ("event", agency, kind, local_id), FEED - FEED_READ)

    def _meet(self, call: str, key: tuple[str, ...], faults: frozenset[str]) -> FaultRule | None:
        if not self._rules:
            return None
        with self._lock:
            asked = self._asked[key] = self._asked.get(key, 0) + 1
            for index, rule in enumerate(self._rules):
                if rule.what in faults and rule.concerns(call, *key[1:]) and self._falls(index, rule, key, asked):
                    return rule
        return None

    def _falls(self, index: int, rule: FaultRule, key: tuple[str, ...], asked: int) -> bool:
        struck, in_all = (
            self._struck.get((index, key), 0),
            self._struck_in_all.get(index, 0),
        )
        if asked % rule.every or (rule.times is not None and struck >= rule.times):
            return False
        if rule.in_all is not None and in_all >= rule.in_all:
            return False
        if rule.share < 1.0 and chance(self._seed, index, *key, asked) >= rule.share:
            return False
        self._struck[index, key] = struck + 1
        self._struck_in_all[index] = in_all + 1
        return True


def chance(*parts: str | int) -> float:
    """Return a number in [0, 1) that depends on the parts and on nothing else."""
    drawn = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(drawn[:8], "big") / 2**64


def answer_instead(rule: FaultRule, now: datetime) -> Answer | None:
    """Return what a rule of BEFORE (or an expired cursor) answers in place of the call; None for the other rules."""
    match rule.what:
        case "busy_429":
            return problem(429, "too-many-requests", headers=_retry_after(rule, now))
        case "busy_503":
            return problem(503, "unavailable", headers=_retry_after(rule, now))
        case "refuse_422":
            return problem(422, "refused", errors=(error(rule.pointer, rule.rule, rule.message),))
    return _FIXED.get(rule.what)


def spoil(rule: FaultRule, answer: Answer) -> Answer:
    """Return what a rule of AFTER makes of the answer to a call that was carried out."""
    match rule.what:
        case "lose_after_commit":
            return replace(answer, ending=Ending.LOST)
        case "commit_then_500":
            return problem(500, "internal")
        case "commit_then_html":
            return Answer(200, _PAGE, "text/html; charset=utf-8")
        case "wrong_echo":
            return replace(answer, body=_with_other_digest(answer.body))
        case "truncate":
            return replace(answer, ending=Ending.CUT)
        case "drip":
            return replace(answer, ending=Ending.DRIPPING, pause_s=rule.latency_s)
        case "late_answer":
            return replace(answer, pause_s=rule.latency_s)
    return answer


def _with_other_digest(body: bytes) -> bytes:
    content = orjson.loads(body)
    return orjson.dumps({**content, "digest": "0" * 64}) if "digest" in content else body


def _retry_after(rule: FaultRule, now: datetime) -> tuple[tuple[str, str], ...]:
    if rule.retry_after_s is None:
        return ()
    if rule.retry_after_date:
        then = now + timedelta(seconds=rule.retry_after_s)
        return (("Retry-After", format_datetime(then.replace(microsecond=0), usegmt=True)),)
    return (("Retry-After", str(rule.retry_after_s)),)
