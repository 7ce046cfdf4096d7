"""The way to the national side without a network: the connector's own client, the sandbox's own application, and
between them what a network and a power cut can do.

`Fate` decides where the process dies: at a commit, or beside a request. What is dead writes nothing and sends nothing.
"""

from __future__ import annotations

import io
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, Self

import httpcore
import httpx

from connector.national.base import Fault
from connector.national.transport import Budget, NotConnectedError
from connector.sandbox import FaultRule, Sandbox
from connector.sandbox.application import Application
from tests.machine.world import Clock

SENDING = ("PUT", "CapNhat")
MARK = "hồ sơ lần "
"""Stands before a number in every text that is ever written into the source: each version of a record says its own."""


class Died(BaseException):
    """The process is gone. No `except Exception` of the program may notice."""


class Fate:
    """Counts the places at which a process can die, and lets it die at one of them."""

    def __init__(self) -> None:
        self.left = 0  # 0: it lives
        self.dead = False
        self.deaths: Counter[str] = Counter()

    def spare(self) -> None:
        self.left, self.dead = 0, False

    def passes(self, place: str) -> None:
        if self.dead:
            raise Died
        if self.left:
            self.left -= 1
            if not self.left:
                self.dead = True
                self.deaths[place] += 1
                raise Died


class Nation:
    """A sandbox that many histories use one after the other, each from the blank."""

    def __init__(self, clock: Clock, fate: Fate, credentials: dict[str, tuple[str, str]], *, idempotent: bool) -> None:
        self.clock = clock
        self.fate = fate
        self.sandbox = Sandbox(credentials=credentials, seed=7, idempotent_create=idempotent, now=clock)
        self._application = Application(self.sandbox._side, self.sandbox._case_side)
        self._blank = self.sandbox.snapshot()
        self.forget()

    def forget(self) -> None:
        self.listens = True
        self.slow: list[float] = []  # so many seconds each of the next requests that carry a record is on its way
        self.late: list[tuple[float, dict[str, Any], bytes]] = []
        self.late_lines: set[int] = set()
        self.made: Counter[str] = Counter()  # by mark: how many objects of ttcp2018 its requests made
        self.deaf = 0  # so many answers come too late for whoever waits
        self.sandbox.play()
        self.sandbox.expire_tokens()
        self.sandbox.restore(self._blank)

    def play(self, faults: Sequence[FaultRule]) -> None:
        self.sandbox.play(*faults)

    def exchange(self, request: httpx.Request, budget: Budget) -> httpx.Response:
        """Carry one request over, or lose it, or its answer, as a network does."""
        self.fate.passes("send.before")
        if not self.listens:
            raise NotConnectedError(Fault.CONNECT)
        budget.sent = True
        self.arrive()
        environ = _environ(request)
        carries = environ["REQUEST_METHOD"] == "PUT" or "CapNhat" in environ["RAW_URI"]
        if carries and self.slow:
            self.late.append((self.clock().timestamp() + self.slow.pop(), environ, request.content))
            raise httpcore.ReadTimeout
        status, headers, body, whole = self._call(environ, request.content)
        self.fate.passes("send.after")
        if carries and self.deaf:
            self.deaf -= 1
            raise httpcore.ReadTimeout
        if not whole:
            budget.ended = True
            raise httpcore.RemoteProtocolError
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))

    def arrive(self, *, all_of_them: bool = False) -> None:
        """Let the requests arrive that have been on their way long enough."""
        now = self.clock().timestamp()
        due = [one for one in self.late if all_of_them or one[0] <= now]
        self.late = [one for one in self.late if one not in due]
        for _, environ, body in due:
            self._call(environ, body)
            self.late_lines.add(self.sandbox.log()[-1].seq)

    def _call(self, environ: dict[str, Any], body: bytes) -> tuple[int, list[tuple[str, str]], bytes, bool]:
        socket = _Socket()
        said: list[tuple[str, list[tuple[str, str]]]] = []
        environ["wsgi.input"], environ["werkzeug.socket"] = io.BytesIO(body), socket
        makes = "CapNhat" in environ["RAW_URI"]
        before = sum(self.sandbox.objects().values()) if makes else 0
        answer = b"".join(self._application(environ, lambda status, headers: said.append((status, headers))))
        if makes:
            self.made[mark_of(body)] += sum(self.sandbox.objects().values()) - before
        status, headers = said[0]
        return int(status[:3]), headers, answer, not socket.closed


class _Socket:
    """What the sandbox hangs up."""

    closed = False

    def shutdown(self, _how: int) -> None:
        self.closed = True


class Wire(httpx.BaseTransport):
    """In the place of the sockets under the connector's client."""

    def __init__(self, nation: Nation, budget: Budget) -> None:
        self._nation = nation
        self._budget = budget

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._nation.exchange(request, self._budget)


def _environ(request: httpx.Request) -> dict[str, Any]:
    environ: dict[str, Any] = {"REQUEST_METHOD": request.method, "RAW_URI": request.url.raw_path.decode()}
    for name, value in request.headers.items():
        place = name.upper().replace("-", "_")
        environ[place if place == "CONTENT_TYPE" else f"HTTP_{place}"] = value
    return environ


def mark_of(body: bytes | str) -> str:
    """Return the number that a text bears, "" if it bears none."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else body
    _, found, rest = text.partition(MARK)
    return rest.partition(".")[0] if found else ""


class Workers:
    """In the place of a pool of threads: the same work in this thread, in an order that the seed decides."""

    chance = random.Random(0)

    def __init__(self, *_given: object, **_named: object) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_trouble: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *given: Any) -> Future[Any]:
        return Task(work, given)

    @classmethod
    def in_turn(cls, tasks: dict[Future[Any], Any]) -> Iterator[Future[Any]]:
        """As `concurrent.futures.as_completed`: one by one as asked for, or all at once and in any order."""
        order = list(tasks)
        if cls.chance.random() < 0.3:
            for task in order:
                task.exception()
            cls.chance.shuffle(order)
        yield from order


class Task(Future[Any]):
    """One piece of work, done when somebody wants to know what came of it."""

    def __init__(self, work: Callable[..., Any], given: tuple[Any, ...]) -> None:
        super().__init__()
        self._work, self._given = work, given

    def _do(self) -> None:
        if not self.done():
            try:
                self.set_result(self._work(*self._given))
            except Exception as error:  # noqa: BLE001 - as a pool of threads does
                self.set_exception(error)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._do()
        return super().exception(timeout)

    def result(self, timeout: float | None = None) -> Any:
        self._do()
        return super().result(timeout)
