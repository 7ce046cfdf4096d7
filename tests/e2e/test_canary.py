"""Denouncers stay unknown (design.md 12, promise 6): a canary in their fields and in free text comes out nowhere.

The sample plants it in every own field of a denouncer and in every free text of a denunciation or of what nobody has
classified. Then everything that leaves the process, or stays on disk in clear, is searched for it.
"""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from connector import daemon, logs
from connector.app import MIRROR_FILE, App, open_app
from connector.cli import main
from connector.cli.failing import guarded
from connector.cli.opening import Asked
from connector.config import load_config
from connector.core.model import Actor, Kind, State
from connector.edges import STORE_FILE
from connector.errors import ExitCode, KntcError
from connector.sample.agency import SampleCounts, build
from connector.sandbox import FaultRule, Sandbox
from connector.store import audit, views
from tests.e2e.command import kntc
from tests.world import AGENCY, credentials, install, source_path

SEED = 7
CANARY = "kntcCanary7f3a91d0"
NATION = "kntcNation52c8e6b4"
"""What the national side writes in its reasons and notes: class C2, for the eyes of the agency, in its ledger only."""

FAULTS = (
    FaultRule("lose_after_commit", share=0.05, times=1),
    FaultRule("commit_then_500", share=0.02, times=1),
    FaultRule("refuse_422", share=0.02, pointer="/content", rule="national", message=f"refused {NATION}"),
    FaultRule("refuse_422", share=0.02, pointer=f"/content/{NATION}", rule=f"as {NATION} says", message=NATION),
)
"""Lost answers, and refusals with a reason in free text."""


@dataclass(frozen=True, slots=True)
class World:
    """A finished whole job over a source full of canaries."""

    config: Path
    sandbox: Sandbox
    sample: SampleCounts
    logged: str

    @property
    def data(self) -> Path:
        return self.config.parent / "data"


def hold(where: str, *texts: str | bytes) -> None:
    """Fail if the canary is in any of the texts; say where, and never print the text itself."""
    for text in texts:
        raw = text if isinstance(text, bytes) else text.encode()
        if CANARY.lower().encode() in raw.lower():
            pytest.fail(f"the canary came out: {where}")


def hold_both(where: str, *texts: str | bytes) -> None:
    """Fail if the canary, or what the national side wrote, is in any of the texts."""
    hold(where, *texts)
    raw = b"".join(text if isinstance(text, bytes) else text.encode() for text in texts)
    assert NATION.encode() not in raw, f"the nation's free text came out: {where}"


def planted(source: Path) -> int:
    """Return in how many rows of the source the canary stands: a search for nothing proves nothing."""
    with closing(sqlite3.connect(source)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return sum(
            any(CANARY in str(value) for value in row)
            for table in tables
            for row in connection.execute(f'SELECT * FROM "{table}"')
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("canary")
    print(f"seed {SEED}")  # noqa: T201 - shown when a test fails
    sample = build(source_path(folder), SEED, canary=CANARY)
    assert planted(source_path(folder)) > 100
    stream = StringIO()
    with Sandbox(credentials=credentials(), seed=SEED, faults=FAULTS) as sandbox:
        config = install(folder, sandbox.base_url, store='encryption = "none"')
        logs.set_up("debug", stream)
        with open_app(load_config(config), Actor("test", "test"), create=True) as app, app.stage_lock():
            list(app.sync(AGENCY))
            sandbox.advance()
            sandbox.move(AGENCY, Kind.PETITION, "bentre:1", "returned_for_correction", f"compare {NATION}")
            sandbox.move(AGENCY, Kind.PETITION, "bentre:2", f"passed on to {NATION}", "")
            list(app.pull(AGENCY))
        yield World(config, sandbox, sample, stream.getvalue())


def test_no_payload_holds_it(world: World) -> None:
    bodies = world.sandbox.bodies()
    assert len(bodies) > 1_700
    hold("a payload", *bodies)
    hold("a request line", *(repr(line) for line in world.sandbox.log()))


def test_no_log_line_holds_it(world: World) -> None:
    assert world.logged.count("\n") > 1_000
    hold_both("the log", world.logged)


def test_no_audit_entry_holds_it(world: World) -> None:
    with open_app(load_config(world.config), Actor("test", "test")) as app, app.store.read() as connection:
        entries = [entry.content for entry in audit.entries(connection, AGENCY)]
    assert len(entries) > 5_000
    hold_both("the audit log", *entries)


def test_the_published_mirror_holds_it_in_no_byte(world: World) -> None:
    hold_both(MIRROR_FILE, (world.data / MIRROR_FILE).read_bytes())


def test_nothing_of_it_is_kept_even_in_a_store_without_encryption(world: World) -> None:
    kept = b"".join(path.read_bytes() for path in sorted(world.data.glob(f"{STORE_FILE}*")))
    assert NATION.encode() in kept  # so a search of these bytes does find what is there
    hold("the store", kept)


def test_no_other_file_beside_the_store_holds_it(world: World) -> None:
    others = [path for path in world.data.iterdir() if path.is_file() and not path.name.startswith(STORE_FILE)]
    assert {"H51.01.head.json", MIRROR_FILE} <= {path.name for path in others}
    for path in others:
        hold_both(path.name, path.read_bytes())


# --- what people are shown -----------------------------------------------------------------------------------------


def test_no_command_shows_it(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with open_app(load_config(world.config), Actor("test", "test")) as app, app.store.read() as connection:
        petitions = [line.key.local_id for line in views.lines(connection, AGENCY, kind=Kind.PETITION, limit=2_000)]
        bad = [line.key for line in views.lines(connection, AGENCY, state=State.QUARANTINED)]
    denounced = [local_id for local_id in petitions if is_planted(world, local_id)]
    assert len(denounced) > 50
    commands: list[tuple[str, ...]] = [
        ("status",),
        ("list",),
        ("quarantine", "list"),
        ("audit", "log"),
        ("mirror", "show"),
    ]
    commands += [("explain", "petition", local_id, "--payload") for local_id in denounced[:2]]
    commands += [("explain", "petition", denounced[0], "--json")]
    commands += [("quarantine", "show", key.kind, key.local_id) for key in bad[:2]]
    for args in commands:
        code = main(["--config", str(world.config), *args])
        shown = capsys.readouterr()
        assert code in (ExitCode.DONE, ExitCode.PARTIAL), (args, shown.err)
        assert shown.out
        hold(" ".join(args), shown.out, shown.err)


def test_what_the_nation_writes_where_a_code_belongs_is_shown_to_people_and_to_no_machine(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """A status, a rule or a pointer may hold a sentence. It went into the audit log, `mirror.sqlite` and --json."""
    for args in (("status", "--json"), ("list", "--state", "rejected", "--json"), ("mirror", "show", "--json")):
        main(["--config", str(world.config), *args])
        hold_both(" ".join(args), capsys.readouterr().out)
    main(["--config", str(world.config), "explain", "petition", "bentre:2", "--json"])
    hold_both("explain --json", capsys.readouterr().out)
    main(["--config", str(world.config), "explain", "petition", "bentre:2"])
    assert f"passed on to {NATION}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx"])
def test_no_extract_of_the_log_holds_it_not_even_unmasked(world: World, tmp_path: Path, form: str) -> None:
    masked, unmasked = tmp_path / f"masked.{form}", tmp_path / f"unmasked.{form}"
    for path, args in ((masked, ()), (unmasked, ("--unmask", "--reason", "to see that it hides"))):
        assert main(["--config", str(world.config), "audit", "extract", str(path), *args]) == ExitCode.DONE
    hold_both("a masked extract", *parts_of(masked))
    parts = parts_of(unmasked)
    assert NATION.encode() in b"".join(parts)  # so a search of these bytes does find what is there
    hold("an unmasked extract", *parts)


def parts_of(path: Path) -> list[bytes]:
    """The files of a workbook, or the one that it is."""
    if path.suffix != ".xlsx":
        return [path.read_bytes()]
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name) for name in archive.namelist()]


def is_planted(world: World, local_id: str) -> bool:
    key = int(local_id.partition(":")[2])
    with closing(sqlite3.connect(source_path(world.config.parent))) as connection:
        row = connection.execute("SELECT * FROM don_thu WHERE IdDonThu = ?", (key,)).fetchone()
        return any(CANARY in str(value) for value in row or ())


def test_a_reason_stands_in_the_audit_log_as_a_commitment_only(world: World) -> None:
    ran = kntc(world.config, "pause", "--kind", "decision", "--reason", f"Theo {CANARY}")
    assert ran.returncode == ExitCode.DONE, ran.stderr
    hold("pause", ran.stdout, ran.stderr)
    test_no_audit_entry_holds_it(world)


# --- what goes wrong -----------------------------------------------------------------------------------------------


def sql(statement: str) -> Callable[[Path], None]:
    def harm(source: Path) -> None:
        with closing(sqlite3.connect(source)) as connection, connection:
            connection.execute(statement)

    return harm


def rubbish(source: Path) -> None:
    source.write_bytes(f"this is no database: {CANARY}".encode() * 100)


HARMS: dict[str, Callable[[Path], None]] = {
    "a column is gone": sql("ALTER TABLE don_thu RENAME COLUMN NoiDungDonThu TO NoiDung"),
    "a table is gone": sql("DROP TABLE don_thu_doi_tuong_di_kntc"),
    "the file is no database": rubbish,
    "a type is no code": sql(f"UPDATE don_thu SET LoaiDonThu = '{CANARY}'"),
    "a day is no day": sql(f"UPDATE don_thu SET NgayNhanDon = '{CANARY}'"),
    "a text is no text": sql(f"UPDATE don_thu SET NoiDungDonThu = CAST('{CANARY}' || x'00ff' AS BLOB)"),
    "a text is too long": sql(f"UPDATE don_thu SET NoiDungDonThu = '{CANARY}' || hex(zeroblob(200000))"),
    "a person's day is no day": sql(f"UPDATE don_thu_doi_tuong_di_kntc SET NgayCapSoDinhDanh = '{CANARY}'"),
    "a text is no UTF-8": sql(  # the driver's own message quotes the text
        f"UPDATE don_thu SET NoiDungDonThu = CAST(x'ff' || CAST('{CANARY}' AS BLOB) AS TEXT)"
    ),
}


@pytest.mark.parametrize("what", HARMS)
def test_no_failure_shows_it(tmp_path: Path, what: str) -> None:
    build(source_path(tmp_path), SEED, petitions=60, canary=CANARY)
    HARMS[what](source_path(tmp_path))
    stream = StringIO()
    logs.set_up("debug", stream)
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        config = install(tmp_path, sandbox.base_url)
        ran = kntc(config, "--verbose", "sync")
        hold(f"kntc sync, {what}", ran.stdout, ran.stderr)
        assert ran.returncode in (ExitCode.PARTIAL, ExitCode.REMOTE_UNAVAILABLE, ExitCode.CONFIGURATION), ran.stderr
        assert "Traceback" not in ran.stderr
        with open_app(load_config(config), Actor("test", "test")) as app, app.stage_lock():
            try:
                list(app.sync(AGENCY))
            except KntcError as error:
                chained = error.__cause__, None if error.__suppress_context__ else error.__context__
                hold(f"an exception, {what}", repr(error), str(error), repr(error.values), repr(chained))
            with app.store.read() as connection:
                hold("audit", *(entry.content for entry in audit.entries(connection, AGENCY)))
                hold("problems", *(repr(line) for line in views.lines(connection, AGENCY, limit=1_000)))
        hold("payloads", *sandbox.bodies())
    hold("the log", stream.getvalue())


def test_the_text_of_a_bug_is_shown_to_nobody(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    def broken() -> Iterator[dict[str, int]]:
        yield {"read": 1}
        raise RuntimeError(f"petitioner {CANARY}")

    stream = StringIO()
    logs.set_up("debug", stream)
    with open_app(load_config(world.config), Actor("test", "test")) as app:
        daemon._run_job(app, daemon.Orders(app.stop), daemon.Job(AGENCY, "collect", 60, broken))
    assert "RuntimeError" in stream.getvalue()
    hold("the daemon's log", stream.getvalue())
    assert guarded(lambda: list(broken()), Asked(language="en")) == ExitCode.BUG
    shown = capfd.readouterr()
    assert shown.err
    hold("kntc", shown.out, shown.err)


def test_an_encrypted_store_shows_nothing_at_all(tmp_path: Path) -> None:
    build(source_path(tmp_path), SEED, petitions=60)
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        config = install(tmp_path, sandbox.base_url)
        with open_app(load_config(config), Actor("test", "test"), create=True) as app, app.stage_lock():
            list(app.sync(AGENCY))
            held = (tmp_path / "data" / STORE_FILE).read_bytes() + wal_of(app)
    for readable in (b"SQLite format", b"bentre:", b"petition", AGENCY.encode(), b"delivered"):
        assert readable not in held


def wal_of(app: App) -> bytes:
    wal = app.store.path.with_name(app.store.path.name + "-wal")
    return wal.read_bytes() if wal.exists() else b""
