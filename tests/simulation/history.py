"""One history: what clerks, networks, power failures and people do in it is drawn from one number, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable

from connector.sandbox import FaultRule
from tests.simulation.invariants import Watch
from tests.simulation.wire import Workers
from tests.simulation.world import LATE_S, World

LOSSES = ("lose_after_commit", "lose_before_commit", "commit_then_500", "commit_then_html", "wrong_echo", "truncate")
TROUBLE = (
    *LOSSES,
    "html",
    "bad_gateway",
    "in_progress",
    "conflict",
    "busy_429",
    "busy_503",
    "forbidden",
    "expire_token",
)
OLD_TROUBLE = (*LOSSES, "html", "bad_gateway", "busy_429", "busy_503", "forbidden", "expire_token", "refuse_in_200")
READS = ("lose_before_commit", "busy_429", "busy_503", "bad_gateway", "html", "forbidden", "expire_token")
STATUSES = ("validated", "returned_for_correction", "duplicate_suspected", "closed", "under_review")
STAGES = ("collect", "push", "push", "resolve", "pull", "resync")

REST = 5
"""So many days without trouble are enough for everything to come to rest."""


class History:
    """The history of one seed in one world. `steps`: what happened, for whoever reads a failure."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)
        self.steps: list[str] = []
        self.petitions = self.chance.randint(1, 2)
        self.handlings = self.chance.randint(0, 2)

    def play(self) -> None:
        world, chance = self.world, self.chance
        Workers.chance = random.Random(chance.random())
        world.begin()
        watch = Watch(world)
        for number in range(1, self.petitions + 1):
            world.write_petition(number)
        for number in range(1, self.handlings + 1):
            world.write_handling(number, chance.randint(1, self.petitions))
        for _ in range(chance.randint(2, 5)):
            step = chance.choices(*zip(*self._steps(), strict=True))[0]
            self.steps.append(step.__name__.strip("_"))
            world.tell_time()
            if step():
                watch.look()
        self._come_to_rest(watch)

    def _steps(self) -> list[tuple[Callable[[], bool | None], int]]:
        return [
            (self._edit, 4),
            (self._sync, 3),
            (self._stage, 3),
            (self._die, 5),
            (self._trouble, 4),
            (self._slow, 2),
            (self._outage, 1),
            (self._nation_decides, 1),
            (self._time_passes, 2),
            (self._clock_steps, 1),
            (self._ask_again, 1),
            (self._decide, 1),
            (self._delete, 1),
        ]

    # --- what may happen ---

    def _edit(self) -> None:
        if self.handlings and self.chance.random() < 0.4:
            number = self.chance.randint(1, self.handlings)
            self.world.write_handling(number, self.chance.randint(1, self.petitions))
        else:
            self.world.write_petition(self.chance.randint(1, self.petitions), self.chance.choice((0, 0, 40)))

    def _sync(self) -> bool:
        return self.world.sync()

    def _deliver(self) -> bool:
        """Read, send, and mostly look, as a run does that ends too early."""
        stages = ("collect", "push", "resolve", "push")[: self.chance.choice((2, 3, 4, 4))]
        return any(self.world.stage(stage) for stage in stages)

    def _stage(self) -> bool:
        return self.world.stage(self.chance.choice(STAGES))

    def _die(self) -> bool:
        """The power fails at the n-th place from here, if there are so many."""
        stage, places = self.chance.choice((("sync", 60), ("sync", 60), ("collect", 12), ("push", 12), ("pull", 6)))
        if stage == "pull":
            self._nation_decides()
        self.world.fate.left = self.chance.randint(1, places)
        died = self.world.sync() if stage == "sync" else self.world.stage(stage)
        self.world.fate.spare()
        return died

    def _trouble(self) -> bool:
        """From now on so much trouble; it comes while something is on its way."""
        old = self.world.form.name == "ttcp2018"
        put = self.chance.choice(OLD_TROUBLE if old else TROUBLE)
        times, more = self.chance.randint(1, 3), self.chance.choice((None, *READS))
        calls = ("CapNhatVuViec", "CapNhatKQXuLy") if old else ("put",)
        faults = [FaultRule(put, call=self.chance.choice(calls), in_all=times)]
        if more is not None:
            reads = ("TraThongTinDon",) if old else ("get", "feed", "ack", "token")
            faults.append(FaultRule(more, call=self.chance.choice(reads), in_all=self.chance.randint(1, 2)))
        if not old and self.chance.random() < 0.3:
            faults.append(FaultRule(self.chance.choice(("duplicate_events", "late_events", "expired_cursor"))))
        self.world.nation.play(faults)
        # The old interface echoes nothing: an Id that is not the record's own shows only when a step of it is refused.
        self.world.refuses |= put == "refuse_in_200" or (old and put == "wrong_echo")
        self._edit()
        return self._deliver()

    def _slow(self) -> bool:
        """A record is on its way for most of a minute, or its answer is."""
        if self.chance.random() < 0.5:
            self.world.nation.deaf = self.chance.randint(1, 2)
        else:
            self.world.nation.slow = [self.chance.uniform(1, LATE_S) for _ in range(self.chance.randint(1, 2))]
        self._edit()
        return self._deliver()

    def _outage(self) -> bool:
        self.world.nation.listens = False
        died = self.world.stage("push")
        self.world.nation.listens = self.chance.random() < 0.7
        return died

    def _nation_decides(self) -> None:
        held = sorted(key for key, _ in self.world.sandbox._state.records())
        for _ in range(self.chance.randint(1, 2) if held else 0):
            self.world.sandbox.move(*self.chance.choice(held), self.chance.choice(STATUSES))

    def _time_passes(self) -> None:
        self.world.true.advance(self.chance.choice((1, 30, 60, 1_000, 86_400)))

    def _clock_steps(self) -> None:
        """The machine's clock is set wrong, or right again; nothing that is late is forgotten by the true one."""
        self.world.true.advance(LATE_S)
        self.world.nation.arrive()
        self.world.clock.skew_s = self.chance.choice((-3_600.0, 3_600.0, -86_400.0, 86_400.0, 0.0, 0.0))

    def _ask_again(self) -> bool:
        self.world.ask()
        return self.world.stage("resync")

    def _decide(self) -> None:
        self.world.decide()

    def _delete(self) -> None:
        if self.handlings:
            self.world.delete("xu_ly", self.chance.randint(1, self.handlings))

    # --- the end ---

    def _come_to_rest(self, watch: Watch) -> None:
        """The trouble ends: everything drains, or lies in a list with its reason."""
        world = self.world
        world.fate.spare()
        world.nation.listens, world.nation.slow, world.nation.deaf = True, [], 0
        world.nation.play(())
        world.nation.arrive(all_of_them=True)
        world.clock.skew_s = 0.0
        for _day in range(REST):
            world.decide()
            world.true.advance(86_400)
            world.tell_time()
            world.sync()
            if watch.is_at_rest():
                break
        world.stage("pull")  # an event that comes late is told to whoever has once reached the end of the feed
        watch.look()
        watch.at_rest()
