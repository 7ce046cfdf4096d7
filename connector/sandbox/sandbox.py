"""The sandbox as a program uses it: a national side on loopback that can be started, asked, moved and troubled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from connector.resources import code_list_documents, schema_documents
from connector.sandbox.application import Application
from connector.sandbox.catalogues import Catalogues
from connector.sandbox.contents import Kept
from connector.sandbox.documents import Documents
from connector.sandbox.faults import FaultPlan, FaultRule
from connector.sandbox.national_side import NationalSide
from connector.sandbox.quota import Quota, Spelling
from connector.sandbox.server import HOST, LoopbackServer
from connector.sandbox.state import NationalState
from connector.sandbox.tokens import Tokens
from connector.sandbox.ttcp2018.bus import Bus
from connector.sandbox.ttcp2018.case_side import CaseSide
from connector.sandbox.ttcp2018.cases import Paper
from connector.sandbox.ttcp2018.values import Case, Created, Petitioner, RefusedRequest, Step
from connector.sandbox.ttcp2018.variant import Variant
from connector.sandbox.values import Effect, Held, Key, Line, LogLine


def _utc_now() -> datetime:
    return datetime.now(UTC)


@lru_cache(maxsize=1)
def _shipped_documents() -> Documents:
    return Documents(schema_documents())


class Sandbox:
    """The other side of both profiles, with its state in memory or in the file `state`.

    credentials: agency code -> (client id, client secret); other agencies are refused. idempotent_create: whether a
    PUT repeated with the same version and digest is answered from memory, or counts as a further effect. now: the
    clock of tokens, receipts and events. ttcp2018: the form in which the observed interface is played; it is always
    served, with the same credentials. As a context manager it starts on any free port and closes at the end."""

    def __init__(
        self,
        state: Path | None = None,
        *,
        credentials: Mapping[str, tuple[str, str]],
        seed: int = 0,
        faults: Sequence[FaultRule] = (),
        idempotent_create: bool = True,
        token_lifetime_s: int = 1800,
        now: Callable[[], datetime] = _utc_now,
        schemas: Mapping[str, Any] | None = None,
        ttcp2018: Variant | None = None,
    ) -> None:
        self._seed = seed
        self._state = NationalState(state, seed)
        documents = _shipped_documents() if schemas is None else Documents(schemas)
        tokens = Tokens(credentials, token_lifetime_s)
        plan = FaultPlan(seed, faults)
        self._catalogues = Catalogues(code_list_documents())
        self._side = NationalSide(
            self._state,
            tokens,
            documents,
            plan,
            now=now,
            seed=seed,
            idempotent_create=idempotent_create,
            catalogues=self._catalogues,
        )
        self._variant = ttcp2018 or Variant()
        self._case_side = CaseSide(
            self._state,
            Bus(self._variant, credentials, tokens),
            plan,
            accused_key=self._variant.accused_key,
            seed=seed,
            now=now,
            stop=self._side.stop,
            lists=self._catalogues,
        )
        self._server: LoopbackServer | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def base_url(self) -> str:
        """Where it listens, without a trailing slash; the calls lie under `/v1` and `/oauth2`."""
        if self._server is None:
            raise RuntimeError("the sandbox is not started")
        return f"http://{HOST}:{self._server.port}"

    @property
    def ttcp2018_url(self) -> str:
        """Where the operations of `ttcp2018` lie, without a trailing slash."""
        return self.base_url + self._variant.base_path

    def start(self, port: int = 0) -> str:
        """Listen, on any free port unless one is given; return `base_url`. ConfigError when the port is taken."""
        self._side.stop.clear()
        self._server = LoopbackServer(Application(self._side, self._case_side), port)
        return self.base_url

    def stop(self) -> None:
        """Stop listening, as an outage would. The state stays; `start(port)` continues it."""
        self._side.stop.set()
        if self._server is not None:
            self._server.stop()
            self._server = None

    def close(self) -> None:
        """Stop, and close the state."""
        self.stop()
        self._state.close()

    def play(self, *faults: FaultRule) -> None:
        """From now on play these faults and no others; without any, behave."""
        self._side.plan = self._case_side.plan = FaultPlan(self._seed, faults)

    def limit_rate(self, requests: int, window_s: int, spelling: Spelling = "fields") -> None:
        """From now on answer at most so many calls of `decree55` in each window and agency, sign-ins apart; say in
        every answer what remains, and 429 to what comes beyond. 0 requests: no limit, as at the beginning."""
        self._side.quota = Quota(requests, window_s, spelling) if requests else None

    def replace_catalogue(self, name: str, entries: Mapping[str, str] | None) -> None:
        """From now on answer with these codes and words for a list, of either interface (one of `ttcp2018` has a
        number); None: there is no such list."""
        self._catalogues.replaced[name] = entries

    def expire_tokens(self) -> None:
        """Let every issued token expire now."""
        self._side.tokens.forget_all()

    def effects(self) -> dict[Effect, int]:
        """Return how many national effects each (agency, kind, local_id, version) had."""
        return self._state.effects()

    def held(self, agency: str, kind: str, local_id: str) -> Held | None:
        """Return what is held of a record, or None."""
        return self._state.get(Key(agency, kind, local_id))

    def log(self) -> list[LogLine]:
        """Return one line per call, oldest first; stray paths and methods are no calls."""
        return self._state.log(0, -1)

    def lost(self) -> int:
        """Return how many answers were lost on purpose."""
        return sum(line.fault in ("lose_before_commit", "lose_after_commit", "late_create") for line in self.log())

    def bodies(self) -> list[bytes]:
        """Return every body that arrived whole, accepted or not, in the order of the log; none of a sign-in."""
        return self._state.bodies()

    def contents(self, agency: str) -> list[Kept]:
        """Return the attachments that an agency has sent, each with its bytes and how often they came."""
        return self._state.contents.of(agency)

    def cases(self, agency: str = "") -> list[Case]:
        """Return the cases of `ttcp2018`, of one agency or of all, oldest first."""
        return self._case_side.cases.all_of(agency)

    def steps(self, case_id: str = "") -> list[Step]:
        """Return handlings, acceptances, decisions and enforcements, of one case or of all, in order."""
        return self._case_side.cases.steps_of(case_id)

    def objects(self) -> dict[Created, int]:
        """Return how many objects of `ttcp2018` were made of each (agency, kind, record); see `record_of`.

        A paper attached to a case counts as one. Updates, and what others entered, make none."""
        return self._case_side.cases.objects()

    def refusals(self) -> list[RefusedRequest]:
        """Return what `ttcp2018` refused inside 200, oldest first."""
        return self._case_side.cases.refusals()

    def add_case(
        self, agency: str, content: str, petitioners: Sequence[Petitioner] = (), types: Sequence[str] = ("KN",)
    ) -> str:
        """Add a case that somebody else entered on the national side's own pages; return its Id."""
        return self._case_side.cases.add(agency, Paper(content, petitioners, types))

    def release_late(self) -> int:
        """Let what `late_create` kept back happen now, in order of arrival; return how many requests that were."""
        return self._case_side.release_late()

    def acknowledged(self, agency: str) -> str:
        """Return the cursor up to which the agency has said it applied the feed; "" before the first time."""
        position = self._state.acknowledged(agency)
        return self._side.cursors.make(agency, position) if position else ""

    def move(self, agency: str, kind: str, local_id: str, status: str, note: str = "") -> None:
        """Give a record this status, with an event in the feed. KeyError when it is not held."""
        key = Key(agency, kind, local_id)
        if not self._side.move(key, status, note):
            raise KeyError(key)

    def enter(self, agency: str, kind: str, content: str = "", local_id: str = "") -> str:
        """Enter a record by hand on the national side's own pages, without our key or with one that nobody sent; return
        its national id. KeyError when the key is taken."""
        national_id = self._side.enter(agency, kind, local_id, content)
        if national_id is None:
            raise KeyError(Key(agency, kind, local_id))
        return national_id

    def lose(self, agency: str, kind: str, local_id: str) -> None:
        """Let a record be gone, with its effects, as if it had never come. KeyError when it is not held."""
        key = Key(agency, kind, local_id)
        if not self._side.entries.lose(key):
            raise KeyError(key)

    def forget_feed(self) -> None:
        """Let the feed forget all events until now: cursors from before them have expired."""
        self._side.horizon.forget()

    def listed(self, agency: str, kind: str) -> list[Line]:
        """Return the whole manifest of a kind."""
        return self._side.entries.lines(agency, kind, 0, 2**31)[0]

    def advance(self, steps: int = 1) -> int:
        """Play so many steps of the demo story (`script.py`); return how many status changes that made."""
        return sum(self._side.advance() for _ in range(steps))

    def snapshot(self) -> bytes:
        """Return a backup of the state."""
        return self._state.snapshot()

    def restore(self, snapshot: bytes) -> None:
        """Go back to a backup, as a national side would after a bad day: receipts it gave since are unknown to it."""
        self._state.restore(snapshot)
