"""The configuration: one TOML file becomes frozen models, or a list of everything that is wrong with it.

Unknown keys are errors. Secrets are references (`file:`, `env:`, `credential:`) and are read only when something is
opened, so no model, traceback or `config show` can hold one. Relative paths count from the configuration file.
May import: config_path, config_problems, pydantic, core, errors.
"""

from __future__ import annotations

import getpass
import os
import re
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from connector import access
from connector.config_path import DEFAULT_LANGUAGE
from connector.config_problems import field_problems, relation_problems, syntax_problem
from connector.core import chain
from connector.core.toml import parsed_toml
from connector.core.web_addresses import read_allowed
from connector.errors import ConfigError, ConfigProblem

MAX_SECRET_BYTES = 4096
KEY_BYTES = 32

Seconds = Annotated[float, Field(gt=0, le=86_400)]

_SECRET_REF = r"^(file|env|credential):.+$"  # noqa: S105  a form of references, not a secret
AGENCY_CODE = r"^[A-Y][0-9]{2}(\.[0-9A-Z]+)*$"
_BASE_URL = r"^https?://[^\s?#@]+$"
_PATH_PART = r"^(/[A-Za-z0-9._~-]+)*$"
_HEADER_NAME = r"^[A-Za-z0-9-]+$"
_HEADER_VALUE = r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$"
_ADDRESS = r"^[0-9A-Fa-f.:]+$"
_HOST_NAME = r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"
_PATTERNS = {
    _SECRET_REF: "a reference: file:…, env:… or credential:…",
    AGENCY_CODE: "an agency's code such as H51.01",
    _BASE_URL: "an address such as https://host/path, without ?, # and @",
    _PATH_PART: "a path such as /KNTC, without blanks",
    _HEADER_NAME: "the name of a header: letters, digits and -",
    _HEADER_VALUE: "visible ASCII",
    _ADDRESS: "an IP address such as 127.0.0.1",
    _HOST_NAME: "a host name such as kntc.example.gov.vn, without port",
}
"""What each expression means to whoever has to mend a value."""

# As SQLAlchemy reads a URL: everything between the first ":" of the user part and "@", whatever characters it has.
_PASSWORD_IN_URL = re.compile(r"^[\w+]+://[^:/@]*:[^@]*@|[?&](password|passwd|pwd|odbc_connect)=", re.IGNORECASE)

SecretRef = Annotated[str, Field(pattern=_SECRET_REF, max_length=500)]
AgencyCode = Annotated[str, Field(pattern=AGENCY_CODE, max_length=35)]
PathPart = Annotated[str, Field(pattern=_PATH_PART, max_length=200)]
HeaderName = Annotated[str, Field(pattern=_HEADER_NAME, max_length=100)]
HostName = Annotated[str, Field(pattern=_HOST_NAME, max_length=253)]
HeaderValue = Annotated[str, Field(pattern=_HEADER_VALUE, max_length=500)]


MediaName = Literal["pdf", "png", "jpeg", "tiff", "docx", "xlsx", "odt", "ods", "doc", "xls", "rtf", "mp3", "mp4"]
"""The types of files that are told by their bytes (core/attachments.py)."""


class Section(BaseModel):
    """A table of the file: frozen, strict about keys, and silent about values in its errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ConnectorSection(Section):
    """Where state lives and how the program speaks."""

    data_dir: Path
    language: Literal["vi", "en"] = DEFAULT_LANGUAGE


class StoreSection(Section):
    """The connector's own database."""

    encryption: Literal["sqlcipher", "none"] = "sqlcipher"
    key: SecretRef | None = None
    busy_timeout_s: Seconds = 10.0
    reserve_mib: Annotated[int, Field(ge=0, le=1_000_000)] = 32


class Ttcp2018Section(Section):
    """How the bus in front of an interface of 2018 wants to be spoken to, and what differs between such interfaces."""

    base_path: PathPart = "/KNTC"
    auth: Literal["basic", "token", "bearer"] = "token"
    token_path: PathPart = "/auth/generateToken"  # noqa: S105  a path, not a secret
    extra_token_header: HeaderName | None = None
    extra_token: SecretRef | None = None
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict, max_length=20)
    envelope: bool = False
    success_field: Annotated[str, Field(max_length=100)] = ""
    success_values: tuple[Annotated[str, Field(max_length=100)], ...] = ("0",)
    busy_messages: tuple[Annotated[str, Field(min_length=4, max_length=200)], ...] = ()
    accused_key: Literal["NguoiBiKNTCT", "NguoiBiKNTC"] = "NguoiBiKNTCT"
    agencies: dict[AgencyCode, Annotated[str, Field(min_length=1, max_length=64)]] = Field(default_factory=dict)
    codes: Path | None = None


class NationalSection(Section):
    """The target: which national side, over which profile."""

    environment: Literal["test", "production"]
    profile: Literal["decree55", "ttcp2018"] = "decree55"
    base_url: Annotated[str, Field(pattern=_BASE_URL, max_length=300)]
    deadline_s: Seconds = 30.0
    connect_timeout_s: Seconds = 5.0
    max_answer_bytes: Annotated[int, Field(ge=1024, le=64 * 2**20)] = 8 * 2**20
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    allow_plain_http_to_loopback: bool = False
    create_idempotent: bool = True
    absent_after_s: Annotated[float, Field(ge=0, le=86_400)] = 600.0
    ttcp2018: Ttcp2018Section = Ttcp2018Section()


class CollectSection(Section):
    """Reading the agency's database."""

    page_rows: Annotated[int, Field(ge=1, le=10_000)] = 500
    max_page_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000
    query_timeout_s: Seconds = 60.0
    first_run_limit: Annotated[int, Field(ge=0)] = 5_000
    shrink_limit: Annotated[float, Field(ge=0, le=1)] = 0.2
    shrink_floor: Annotated[int, Field(ge=0)] = 20
    clock_tolerance_s: Seconds = 300.0
    future_limit: Annotated[int, Field(ge=0)] = 10
    identity_limit: Annotated[int, Field(ge=0)] = 20
    mapping_change_limit: Annotated[int, Field(ge=0)] = 100
    gone: Literal["keep", "withdraw", "ask"] = "keep"
    gone_reason: Annotated[str, Field(max_length=500)] = ""


class PushSection(Section):
    """Sending, and looking for what became of it."""

    workers: Annotated[int, Field(ge=1, le=64)] = 8
    batch_rows: Annotated[int, Field(ge=1, le=1_000)] = 200
    batch_bytes: Annotated[int, Field(ge=1_024, le=64 * 2**20)] = 8 * 2**20
    attempts: Annotated[int, Field(ge=1, le=100)] = 12
    first_delay_s: Seconds = 30.0
    longest_delay_s: Seconds = 3_600.0
    repeats_a_minute: Annotated[int, Field(ge=1, le=10_000)] = 20
    lease_s: Seconds = 300.0
    probable_cases: Literal["ask", "create", "link"] = "ask"


class PullSection(Section):
    """Fetching statuses."""

    page_limit: Annotated[int, Field(ge=1, le=1_000)] = 500


class ScheduleSection(Section):
    """What the daemon does, how often, in seconds."""

    collect_every_s: Seconds = 600.0
    push_every_s: Seconds = 60.0
    pull_every_s: Seconds = 900.0
    reconcile_every_s: Seconds = 86_400.0
    stop_timeout_s: Seconds = 45.0


class AuditSection(Section):
    """Signed checkpoints of the audit log: made where there is a key to sign with, kept in these places too."""

    key: SecretRef | None = None
    places: Annotated[tuple[Path, ...], Field(max_length=20)] = ()
    checkpoint_entries: Annotated[int, Field(ge=1, le=1_000_000)] = 1_000
    checkpoint_every_s: Seconds = 900.0


class ConsoleSection(Section):
    """The console in a browser: where it listens, how long a visit lasts, and who may stand in front of it."""

    host: Annotated[str, Field(pattern=_ADDRESS, max_length=45)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8088
    open_to_network: bool = False
    names: Annotated[tuple[HostName, ...], Field(max_length=20)] = ()
    https: bool = False
    idle_minutes: Annotated[int, Field(ge=1, le=240)] = 15
    longest_hours: Annotated[int, Field(ge=1, le=24)] = 8
    threads: Annotated[int, Field(ge=1, le=8)] = 4
    proxy_header: HeaderName | None = None
    proxies: Annotated[tuple[Annotated[str, Field(pattern=_ADDRESS, max_length=45)], ...], Field(max_length=20)] = ()


class RetentionSection(Section):
    """How long what is kept here stays: the log and what was sealed in months; texts in clear in days, 0: for ever."""

    log_months: Annotated[int, Field(ge=0, le=1_200)] = 36
    bodies_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    auditor_key: Path | None = None
    sealed_months: Annotated[int, Field(ge=1, le=1_200)] = 24
    sealed_months_c3: Annotated[int, Field(ge=1, le=1_200)] = 3


class SourceSection(Section):
    """The agency's own database, as a SQLAlchemy URL without password."""

    url: Annotated[str, Field(min_length=5, max_length=500)]
    password: SecretRef | None = None

    @field_validator("url")
    @classmethod
    def _no_password_inside(cls, url: str) -> str:
        if _PASSWORD_IN_URL.search(url):
            raise ValueError("a URL without password; put the password into a file and refer to it with `password`")
        return url


class FurtherSourceSection(SourceSection):
    """One of several sources of an agency, with the mapping of its own."""

    mapping: Annotated[str, Field(min_length=1, max_length=300)]


@dataclass(frozen=True, slots=True)
class AgencySource:
    """One source of an agency, however the file says it. `place`: where in the agency's block its URL stands;
    `mapping_place`: where the name of its mapping."""

    place: str
    mapping_place: str
    mapping: str
    url: str
    password: str | None


class AttachmentsSection(Section):
    """Where the files lie that the agency's records name: below a folder, below web addresses; and which are sent."""

    root: Path | None = None
    urls: Annotated[tuple[Annotated[str, Field(max_length=500)], ...], Field(max_length=50)] = ()
    read_timeout_s: Seconds = 60.0
    max_bytes: Annotated[int, Field(ge=1, le=2 * 2**30)] = 20_000_000
    types: Annotated[tuple[MediaName, ...], Field(min_length=1, max_length=50)] = get_args(MediaName)

    @field_validator("urls")
    @classmethod
    def _whole_folders(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(read_allowed, urls)):
            raise ValueError("https://host/folder/, with a slash at the end; http only of this machine itself")
        return urls


class CredentialsSection(Section):
    """How this agency names itself to the national side."""

    client_id: Annotated[str, Field(min_length=1, max_length=200)]
    client_secret: SecretRef


class AgencySection(Section):
    """One agency: its sources, their mappings, its credentials.

    `mapping` and `source` are the usual agency with one source, `sources` one with several: `every_source` says which
    there are, and `relation_problems` that they are said in one of the two ways."""

    code: AgencyCode
    name: Annotated[str, Field(min_length=1, max_length=200)]
    mapping: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    source: SourceSection | None = None
    sources: Annotated[tuple[FurtherSourceSection, ...], Field(max_length=10)] = ()
    credentials: CredentialsSection
    attachments: AttachmentsSection | None = None
    evidence_key: SecretRef
    denouncer_identity: Literal["conceal", "send"] = "conceal"
    legal_basis: Annotated[str, Field(max_length=500)] = ""

    @property
    def every_source(self) -> tuple[AgencySource, ...]:
        """Return the agency's sources, at least one, in the order of the file."""
        if self.source is not None and self.mapping is not None:
            return (AgencySource("source", "mapping", self.mapping, self.source.url, self.source.password),)
        return tuple(
            AgencySource(f"sources.{at}", f"sources.{at}.mapping", each.mapping, each.url, each.password)
            for at, each in enumerate(self.sources)
        )


class Config(Section):
    """The whole file. `path` and `digest` say which file and which content; both appear in the audit log."""

    connector: ConnectorSection
    store: StoreSection
    national: NationalSection
    collect: CollectSection = CollectSection()
    push: PushSection = PushSection()
    pull: PullSection = PullSection()
    schedule: ScheduleSection = ScheduleSection()
    audit: AuditSection = AuditSection()
    console: ConsoleSection = ConsoleSection()
    retention: RetentionSection = RetentionSection()
    agency: Annotated[tuple[AgencySection, ...], Field(min_length=1, max_length=500)]
    path: Path
    digest: str

    @property
    def folder(self) -> Path:
        """The folder that relative paths count from."""
        return self.path.parent

    @property
    def data_dir(self) -> Path:
        """Where the store, its head files, locks and the published mirror lie."""
        return self.folder / self.connector.data_dir

    def resolve(self, path: Path | str) -> Path:
        """Return the path, counted from the configuration file if it is relative."""
        return self.folder / path


def load_config(path: Path) -> Config:
    """Read and check the file. Raises ConfigError with every problem at once; nothing has been opened by then."""
    try:
        raw = parsed_toml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError("E-CFG-NO-FILE", file=str(path)) from None
    except OSError as error:
        if denied := access.explained(error):
            raise denied from None
        raise ConfigError("E-CFG-UNREADABLE", file=str(path), error=type(error).__name__) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(problems=[syntax_problem(path.name, path, error)]) from None
    problems = relation_problems(
        path.name, raw, ScheduleSection().stop_timeout_s, NationalSection.model_fields["deadline_s"].default
    )
    try:
        config = Config.model_validate({**raw, "path": path.resolve(), "digest": _digest(raw)})
    except ValidationError as error:
        problems = [*field_problems(path.name, raw, error, Config, _PATTERNS), *problems]
        config = None
    if problems or config is None:
        raise ConfigError(problems=problems)  # outside of `except`: a traceback would show pydantic's input
    return config


def _digest(raw: dict[str, Any]) -> str:
    return chain.digest(chain.canonical(raw))


def read_secret(reference: str, config: Config, key: str) -> str:
    """Return the secret that a reference names, without its trailing line end.

    `file:` must not be readable by others; `env:` names a variable; `credential:` a systemd credential. Raises
    ConfigError that names the reference's place, never its content."""
    scheme, _, name = reference.partition(":")
    if scheme == "env":
        value = os.environ.get(name)
        if not value:
            raise _bad_secret("E-SECRET-ENV", config, key)
        return value
    folder = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent")) if scheme == "credential" else config.folder
    return _read_secret_file(folder / name, config, key)


def secret_file(reference: str, config: Config) -> Path | None:
    """Return the file that a reference names, None where it names something else."""
    scheme, _, name = reference.partition(":")
    return config.folder / name if scheme == "file" else None


def read_hex_key(reference: str, config: Config, key: str) -> bytes:
    """Return the 32 bytes of a key written as 64 hex digits. Raises ConfigError."""
    try:
        value = bytes.fromhex(read_secret(reference, config, key).strip())
    except ValueError:
        raise _bad_secret("E-SECRET-HEX", config, key) from None
    if len(value) != KEY_BYTES:
        raise _bad_secret("E-SECRET-HEX", config, key)
    return value


def _read_secret_file(path: Path, config: Config, key: str) -> str:
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IRWXO):
            raise _bad_secret("E-SECRET-OPEN", config, key, path=str(path))
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
        secret = content.decode("utf-8").rstrip("\r\n")
    except FileNotFoundError:
        raise _bad_secret("E-SECRET-ABSENT", config, key, path=str(path)) from None
    except UnicodeDecodeError:
        raise _bad_secret("E-SECRET-TEXT", config, key, path=str(path)) from None
    except OSError:
        raise _bad_secret("E-SECRET-FILE", config, key, path=str(path)) from None
    if not secret.strip():
        raise _bad_secret("E-SECRET-EMPTY", config, key, path=str(path))
    if len(content) > MAX_SECRET_BYTES:
        raise _bad_secret("E-SECRET-TEXT", config, key, path=str(path))
    return secret


def _bad_secret(id_: str, config: Config, key: str, **values: str) -> ConfigError:
    problem = ConfigProblem(id_, file=config.path.name, key=key, found="", expected="", **values)
    return ConfigError(problems=[problem])


def current_user() -> str:
    """Return the name under which a person's action is recorded: declared by the machine, not authenticated."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}" if hasattr(os, "getuid") else "unknown"
