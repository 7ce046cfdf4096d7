"""The same trap for this connector and for three data movers from PyPI; prints the table of peers.md.

    .venv/bin/python -m benchmarks.peers [--venvs FOLDER]

200 petitions in SQLite; the national side (`kntc sandbox`, profile ttcp2018) loses 20 answers after the commit and
refuses 10 petitions inside a 200. Right is: 190 cases, none twice, 10 refusals noticed, and an exit code that says so.
Each mover gets a virtual environment of its own, made by pip in a temporary folder (or in FOLDER, which is kept and
used again); nothing of it touches the project's lock.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.movers.payload import payload_of
from connector import __version__
from connector.sandbox import FaultRule, Sandbox
from tests.e2e.small_agency import SmallAgency
from tests.world import AGENCY, credentials, source_path

SEED = 7
PETITIONS, LOST, REFUSED = 200, 20, 10
FILES = Path(__file__).with_name("movers")
ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = {"drt-core": "drt-core==1.2.1", "dlt": "dlt==1.31.0", "singer-sdk": "singer-sdk==0.54.9"}
LONGEST_S = 900.0
"""A mover that is not done by then is ended and counts as failed."""

MOST_RUNS = 30
"""So often a mover that ended badly is started again."""

REFUSAL = "DataNguoiKNTC[0]: m"
"""How the words of this refusal begin, in ASCII: no request contains them, only the answer."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of one run. `noticed`: how many refusals the program told of, anywhere in what it said or wrote."""

    name: str
    cases: int
    duplicates: int
    noticed: int
    lost: int
    exit_code: int


def main() -> None:
    """Run all of them and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--venvs", type=Path, help="keep the virtual environments here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        venvs = given.venvs or Path(temporary, "venvs")
        print_row("program", "cases", "duplicates", "refusals noticed", "exit code")
        print_row(*["---"] * 5)
        for name, run in RUNS.items():
            folder = Path(temporary, name.replace(" ", "-"))
            folder.mkdir()
            found = measured(name, run, folder, venvs)
            print_row(found.name, found.cases, found.duplicates, f"{found.noticed} of {REFUSED}", found.exit_code)
            if found.lost != LOST:
                print(f"{name}: {found.lost} answers were lost instead of {LOST}", file=sys.stderr)


def print_row(*cells: object) -> None:
    """Print one row of a table in Markdown."""
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


Run = Callable[[SmallAgency, Path, Path], tuple[int, int]]
"""Does one whole run over an agency, in a folder, with the virtual environments; returns exit code and noticed."""


def measured(name: str, run: Run, folder: Path, venvs: Path) -> Figures:
    """Set the trap, let one program run into it, and count what is there afterwards."""
    lose = FaultRule("lose_after_commit", call="CapNhatVuViec", share=0.25, times=1, in_all=LOST)
    with Sandbox(credentials=credentials(AGENCY), seed=SEED, faults=(lose,)) as sandbox:
        agency = SmallAgency(folder, sandbox)
        agency.petitions(range(1, PETITIONS + 1), outside=range(1, PETITIONS + 1, PETITIONS // REFUSED))
        code, noticed = run(agency, folder, venvs)
        contents = [case.content.partition("\n")[0] for case in sandbox.cases()]
        return Figures(name, len(contents), len(contents) - len(set(contents)), noticed, sandbox.lost(), code)


# --- the programs ----------------------------------------------------------------------------------------------------


def connector(agency: SmallAgency, _folder: Path, _venvs: Path) -> tuple[int, int]:
    """Run `kntc sync`, then ask it which petitions were refused."""
    program = "import sys; from connector.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "--config", str(agency.config)]
    code = called([*command, "sync"], ROOT, {}).returncode
    listed = called([*command, "list", "--state", "rejected", "--json"], ROOT, {})
    return code, len(json.loads(listed.stdout)["records"])


def drt(agency: SmallAgency, folder: Path, venvs: Path) -> tuple[int, int]:
    """Run `drt run` over a project with one sync."""
    project = folder / "drt"
    shutil.copytree(FILES / "drt", project)
    sync = project / "syncs" / "petitions.yml"
    columns = ("NoiDung", "Ngay", "HoTen", "SoGiayTo", "MaTinh", "MaHuyen", "MaXa", "DiaChi")
    template = json.dumps(payload_of({column: f"<{column}>" for column in columns}), ensure_ascii=False)
    for column in columns:
        template = template.replace(f'"<{column}>"', f"{{{{ row.{column} | tojson_safe }}}}")
    sync.write_text(sync.read_text("utf-8").replace('"PAYLOAD"', json.dumps(template, ensure_ascii=False)), "utf-8")
    profiles = folder / ".drt" / "profiles.yml"
    profiles.parent.mkdir()
    profiles.write_text(json.dumps({"register": {"type": "sqlite", "database": str(source_path(folder))}}), "utf-8")
    program = venv_of("drt-core", venvs) / "drt"
    ran = called([str(program), "run", "--verbose"], project, surroundings(agency, folder))
    return ran.returncode, told(ran, project, folder / ".drt")


def dlt(batch: int) -> Run:
    """Return a run of a dlt pipeline with batches of so many rows.

    dlt gives a load up after five tries. So it is started again until it ends well, as a schedule does, and goes on
    where the last start ended."""

    def run(agency: SmallAgency, folder: Path, venvs: Path) -> tuple[int, int]:
        work = copied(folder, "payload.py", "dlt_pipeline.py")
        program = venv_of("dlt", venvs) / "python"
        own = {"PEER_BATCH": str(batch), "DLT_DATA_DIR": str(work / "dlt")}
        for _ in range(MOST_RUNS):
            ran = called([str(program), "dlt_pipeline.py"], work, {**surroundings(agency, folder), **own})
            if ran.returncode == 0:
                break
        return ran.returncode, told(ran, work / "dlt")

    return run


def singer(agency: SmallAgency, folder: Path, venvs: Path) -> tuple[int, int]:
    """Run tap and target, one after the other: what the tap says is what the target reads."""
    work = copied(folder, "payload.py", "singer_tap.py", "singer_target.py")
    program = str(venv_of("singer-sdk", venvs) / "python")
    tap = called([program, "singer_tap.py"], work, surroundings(agency, folder))
    ran = called([program, "singer_target.py"], work, surroundings(agency, folder), tap.stdout)
    return tap.returncode or ran.returncode, told(ran)


RUNS: Mapping[str, Run] = {
    f"kntc {__version__}": connector,
    "drt-core 1.2.1": drt,
    "dlt 1.31.0 batches of 10": dlt(10),
    "dlt 1.31.0 single rows": dlt(1),
    "singer-sdk 0.54.9": singer,
}


# --- how they are run ------------------------------------------------------------------------------------------------


def venv_of(package: str, venvs: Path) -> Path:
    """Return the folder of programs of a virtual environment with this package, made if there is none."""
    venv = venvs / package
    programs = venv / "bin"
    if not venv.exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        quiet = ("--quiet", "--disable-pip-version-check")
        subprocess.run([str(programs / "pip"), "install", *quiet, REQUIREMENTS[package]], check=True)
    return programs


def surroundings(agency: SmallAgency, folder: Path) -> dict[str, str]:
    """Return the environment variables of a mover: where source and national side are; and no telemetry."""
    user, password = credentials(AGENCY)[AGENCY]
    return {
        "HOME": str(folder),
        "PEER_SOURCE": str(source_path(folder)),
        "PEER_URL": f"{agency.sandbox.ttcp2018_url}/CapNhatVuViec",
        "PEER_USER": user,
        "PEER_PASSWORD": password,
        "DO_NOT_TRACK": "1",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }


def called(
    command: list[str], folder: Path, environment: Mapping[str, str], given: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with further environment variables, and return what it said."""
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, input=given, capture_output=True, text=True,
        check=False, timeout=LONGEST_S,
    )  # fmt: skip


def copied(folder: Path, *names: str) -> Path:
    """Return a new folder with copies of these files."""
    work = folder / "work"
    work.mkdir()
    for name in names:
        shutil.copy(FILES / name, work)
    return work


def told(ran: subprocess.CompletedProcess[str], *folders: Path) -> int:
    """Return how often a refusal was told of: on the screen, or in the one file that tells of the most."""
    texts = [ran.stdout + ran.stderr]
    for folder in folders:
        texts += [path.read_text("utf-8", "replace") for path in folder.rglob("*") if path.is_file()]
    return max(text.count(REFUSAL) for text in texts)


if __name__ == "__main__":
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}", file=sys.stderr)
    main()
