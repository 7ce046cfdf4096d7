"""A whole installation for a test: agencies with sample databases, secrets, one configuration, beside a sandbox.

    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        config = install(tmp_path, sandbox.base_url, push="workers = 4")

The files are what an administrator would write, the mapping with his own codes among them; nothing here knows the
connector's insides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from connector.sample.agency import write_mapping

AGENCY = "H51.01"
OTHER = "H51.02"

_CONFIG = """\
[connector]
data_dir = "data"
language = "en"

[store]
{store}

[national]
environment = "test"
base_url = "{base_url}"
allow_plain_http_to_loopback = true
{national}

[collect]
{collect}

[push]
first_delay_s = 0.2
longest_delay_s = 2
repeats_a_minute = 10000
{push}

[pull]
{pull}

[schedule]
{schedule}

[audit]
{audit}
"""

_AGENCY = """
[[agency]]
code = "{code}"
name = "Đơn vị mẫu {code}"
mapping = "{system}"
evidence_key = "file:secrets/evidence.key"

[agency.source]
url = "{source}"

[agency.credentials]
client_id = "client of {code}"
client_secret = "file:secrets/client"
"""


def client_secret() -> str:
    """Return the secret that both sides of a test know."""
    return "a-client-secret-of-a-test"


def credentials(*agencies: str) -> dict[str, tuple[str, str]]:
    """Return what a sandbox must know to let these agencies in."""
    return {agency: (f"client of {agency}", client_secret()) for agency in agencies or (AGENCY,)}


def source_path(folder: Path, agency: str = AGENCY) -> Path:
    """Return where an agency's own database lies."""
    return folder / f"{agency}.sqlite"


def install(
    folder: Path,
    base_url: str,
    *,
    agencies: Sequence[str] = (AGENCY,),
    system: str = "bentre",
    source: str = "sqlite:///{code}.sqlite",
    store: str = 'key = "file:secrets/store.key"',
    national: str = "",
    collect: str = "",
    push: str = "",
    pull: str = "",
    schedule: str = "",
    audit: str = "",
) -> Path:
    """Write secrets and the configuration, with further lines per table; return the path of the configuration.

    Called again in the same folder it renews the configuration and leaves the secrets. `system` names the mapping:
    that of the sample agency is written where there is none, any other stands in `mappings/` already, or is a shipped
    one. `source` is the address of an agency's database, `{code}` its code."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "secrets").mkdir(exist_ok=True)
    for name in ("store.key", "evidence.key"):
        _write_secret(folder / "secrets" / name, hashlib.sha256(name.encode()).hexdigest())
    _write_secret(folder / "secrets" / "client", client_secret())
    if system == "bentre" and not (folder / "mappings").exists():
        write_mapping(folder / "mappings" / "bentre")
    path = folder / "config.toml"
    tables = {
        "national": national,
        "collect": collect,
        "push": push,
        "pull": pull,
        "schedule": schedule,
        "audit": audit,
        "store": store,
    }
    written = _CONFIG.format(base_url=base_url, **tables) + "".join(
        _AGENCY.format(code=code, system=system, source=source.format(code=code)) for code in agencies
    )
    path.write_text(written, encoding="utf-8")
    return path


def _write_secret(path: Path, content: str) -> None:
    path.touch(mode=0o600)
    path.write_text(content + "\n", encoding="ascii")
