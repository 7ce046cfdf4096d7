"""A record that makes the process die: it goes alone, then it is set aside, and all the others are delivered."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from sqlalchemy import select

from connector.app import App, open_app
from connector.config import load_config
from connector.core.lifecycle import ALONE_AFTER, Limits
from connector.core.model import Actor, Cause, Kind, RecordKey, State
from connector.sample.agency import build
from connector.sandbox import Sandbox
from connector.store import views
from connector.store.tables import AuditEntry, table_of
from tests.crash.history import History
from tests.crash.proof import prove_chain, prove_effects, prove_stories
from tests.world import AGENCY, credentials, install, source_path

SEED = 20_221_115
PERSON = Actor("a person", "test")


def companions(app: App, key: RecordKey) -> list[int]:
    """Return with how many deliveries the record was claimed, itself included, each time."""
    entry = table_of(AuditEntry)
    claims = select(entry.c.at, entry.c.kind, entry.c.local_id).where(entry.c.event == "delivery.claimed")
    with app.store.read() as connection:
        rows = connection.execute(claims.order_by(entry.c.seq)).all()
    own = [row.at for row in rows if (row.kind, row.local_id) == (key.kind, key.local_id)]
    return [sum(row.at == at for row in rows) for at in own]


def test_a_record_that_kills_the_process_goes_alone_then_waits_for_a_person_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    print(f"seed {SEED}")  # noqa: T201 - shown when a test fails
    build(source_path(tmp_path), SEED, petitions=20)
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        config = install(tmp_path, sandbox.base_url, push="workers = 2\nbatch_rows = 8")
        with open_app(load_config(config), PERSON, create=True) as app, app.stage_lock():
            list(app.collect(AGENCY))
            with app.store.read() as connection:
                lines = views.lines(connection, AGENCY, kind=Kind.HANDLING, state=State.PENDING)
        key = lines[3].key
        history = History(config, sandbox)
        for _ in range(Limits().crashes):
            history.kill_at(f"send /v1/agencies/{AGENCY}/handling/{quote(key.local_id, safe='')}")
        history.finish()
        with open_app(load_config(config), PERSON) as app:
            shared = companions(app, key)
            assert len(shared) == Limits().crashes
            assert min(shared[:ALONE_AFTER]) > 1
            assert shared[ALONE_AFTER:] == [1]
            with app.store.read() as connection:
                lines = views.lines(connection, AGENCY, limit=1_000_000)
                waiting = [line for line in lines if line.state in (State.PENDING, State.SENDING, State.UNKNOWN)]
                assert [line.key for line in lines if line.cause == Cause.CRASH] == [key]
                assert waiting == []
                prove_effects(connection, sandbox)
                prove_chain(app, connection)
                prove_stories(connection, [line.key for line in lines])
