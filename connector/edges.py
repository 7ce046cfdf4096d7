"""The edges, built from the configuration: an agency's source, its line to the national side, and the store.

Nothing connects before it is first used. Floor 3, beside `app`; the one place that chooses a source and a profile.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from connector import __version__, resources
from connector.config import AgencySection, AgencySource, Config, read_hex_key, read_secret, secret_file
from connector.core import sealing
from connector.core.mapping import CompiledMapping
from connector.core.sealing import AuditorKey
from connector.core.secrecy import SecrecyPolicy
from connector.core.web_addresses import read_allowed
from connector.errors import ConfigError, ConfigProblem
from connector.national.base import National, NationalSettings
from connector.national.decree55 import Decree55
from connector.national.ttcp2018 import Bus, Ttcp2018
from connector.national.ttcp2018_answers import Layers
from connector.national.ttcp2018_codes import LISTS, compile_codes
from connector.national.ttcp2018_payload import Style
from connector.sources.base import Source
from connector.sources.engines import FILES, source_url
from connector.sources.files import FileSource
from connector.sources.folder import Folder, Limits
from connector.sources.joined import JoinedSource
from connector.sources.papers import Papers
from connector.sources.sql import SqlSource
from connector.sources.web import Web
from connector.stages.anchor import Anchoring
from connector.store.db import Right, Store
from connector.store.places import Places

STORE_FILE = "kntc.sqlite"

READERS = 32
"""So many connections may read at a time where several threads do: each of them may hold a few at once."""

CHECKPOINTS = "checkpoints"
"""The folder beside the store in which every checkpoint stays."""


@dataclass(slots=True)
class Agency:
    """One agency, ready to work: compiled mapping, policy, edges. The edges connect when first used."""

    section: AgencySection
    mapping: CompiledMapping
    policy: SecrecyPolicy
    source: Source
    national: National
    papers: Papers | None = None

    @property
    def code(self) -> str:
        """The agency's code, as in every key."""
        return self.section.code

    @property
    def every_source(self) -> Iterator[tuple[AgencySource, CompiledMapping]]:
        """Yield each source as it is configured, with its mapping."""
        return zip(self.section.every_source, self.mapping.sources, strict=True)

    def configured(self, mapping: CompiledMapping) -> AgencySource:
        """Return how the source with this mapping is configured."""
        return next(source for source, part in self.every_source if part.source == mapping.source)

    def close(self) -> None:
        """Close both edges; what is under way ends by itself."""
        self.source.close()
        if self.papers is not None:
            self.papers.close()
        self.national.close()


def agency_of(
    config: Config, section: AgencySection, mapping: CompiledMapping, evidence: bytes, stop: threading.Event
) -> Agency:
    """Return one agency with its edges, none of them connected. Raises ConfigError for a secret or URL that cannot be
    used."""
    source = sources_of(config, section, mapping, evidence)
    return Agency(
        section=section,
        mapping=mapping,
        policy=SecrecyPolicy(section.denouncer_identity, section.legal_basis),
        source=source,
        national=national_of(config, section, mapping, stop),
        papers=papers_of(config, section, mapping, source),
    )


def papers_of(config: Config, section: AgencySection, mapping: CompiledMapping, source: Source) -> Papers | None:
    """Return where an agency's attachments lie, None where the configuration says nothing of it. Nothing is opened."""
    wanted = section.attachments
    if wanted is None:
        return None
    limits = Limits(wanted.max_bytes, frozenset(wanted.types))
    folder = Folder(config.resolve(wanted.root), section.code, limits) if wanted.root else None
    allowed = [address for address in map(read_allowed, wanted.urls) if address is not None]
    web = Web(allowed, section.code, limits, wanted.read_timeout_s) if allowed else None
    return Papers(folder, source, mapping, limits, web)


def sources_of(config: Config, section: AgencySection, mapping: CompiledMapping, evidence: bytes) -> Source:
    """Return an agency's source, or all of its sources behind one face, not connected. Raises ConfigError."""
    parts = {
        part.source: source_of(config, section.code, wanted, part, evidence)
        for wanted, part in zip(section.every_source, mapping.sources, strict=True)
    }
    return JoinedSource(parts) if mapping.parts else parts[mapping.source]


def source_of(config: Config, code: str, wanted: AgencySource, mapping: CompiledMapping, evidence: bytes) -> Source:
    """Return one source of an agency, not connected. Raises ConfigError for a secret, URL or driver that cannot be
    used, and where one of URL and mapping is about files and the other is not."""
    url = _source_url(config, code, wanted)
    is_files = url.drivername == FILES
    if is_files != bool(mapping.tables):
        key = f"agency {code} {wanted.place}.url"
        expected = "a mapping with [tables]" if is_files else "files:///folder, as the mapping has [tables]"
        problem = ConfigProblem("E-CFG-VALUE", file=config.path.name, key=key, found="", expected=expected)
        raise ConfigError(problems=[problem])
    if is_files:
        return FileSource(
            config.resolve(url.database or ""),
            code,
            mapping,
            evidence,
            page_rows=config.collect.page_rows,
            max_rows=config.collect.max_page_rows,
            query_timeout_s=config.collect.query_timeout_s,
        )
    return SqlSource(
        source_address(config, code, wanted),
        code,
        mapping,
        evidence,
        page_rows=config.collect.page_rows,
        max_rows=config.collect.max_page_rows,
        query_timeout_s=config.collect.query_timeout_s,
    )


def source_address(config: Config, code: str, wanted: AgencySource) -> URL:
    """Return a source of an agency as it is connected to: with its password, a path from the configuration's folder.
    Raises ConfigError for a secret, URL or driver that cannot be used."""
    url = _source_url(config, code, wanted)
    if wanted.password:
        url = url.set(password=read_secret(wanted.password, config, f"agency {code} {wanted.place}.password"))
    if url.drivername == FILES or (url.get_backend_name() == "sqlite" and url.database):
        url = url.set(database=str(config.resolve(url.database or "")))
    return url


def _source_url(config: Config, code: str, wanted: AgencySource) -> URL:
    """Return the source's URL. Raises ConfigError that names the key, never the URL."""
    try:
        return source_url(wanted.url)
    except ConfigError as error:
        place = f"agency {code} {wanted.place}.url"
        expected = "a database address such as mysql+pymysql://host/name (a SQLAlchemy URL)"
        expected = expected if error.id == "E-CFG-SOURCE-URL" else ""
        problem = ConfigProblem(error.id, file=config.path.name, key=place, found="", expected=expected)
        raise ConfigError(problems=[problem]) from None


def national_of(config: Config, section: AgencySection, mapping: CompiledMapping, stop: threading.Event) -> National:
    """Return an agency's line to the national side, not connected. Raises ConfigError for an address, certificate or
    list of codes that cannot be used."""
    national = config.national
    settings = NationalSettings(
        environment=national.environment,
        base_url=national.base_url,
        deadline_s=national.deadline_s,
        connect_timeout_s=national.connect_timeout_s,
        max_answer_bytes=national.max_answer_bytes,
        ca_file=config.resolve(national.ca_file) if national.ca_file else None,
        client_certificate=config.resolve(national.client_certificate) if national.client_certificate else None,
        client_key=config.resolve(national.client_key) if national.client_key else None,
        allow_plain_http=national.allow_plain_http_to_loopback,
        create_idempotent=national.create_idempotent,
        absent_after_s=0.0 if national.create_idempotent and not _is_ttcp2018(config) else national.absent_after_s,
        user_agent=f"kntc-connector/{__version__} ({section.code})",
        fields={kind: frozenset(mapping.kind(kind).fields) for kind in mapping.kinds},
        catalogues=tuple(resources.code_list_documents()),
    )

    def credentials() -> tuple[str, str]:
        place = f"agency {section.code} credentials.client_secret"
        return section.credentials.client_id, read_secret(section.credentials.client_secret, config, place)

    if not _is_ttcp2018(config):
        return Decree55(settings, section.code, credentials, stop)
    return Ttcp2018(settings, section.code, _bus(config), _style(config), credentials, stop)


def _is_ttcp2018(config: Config) -> bool:
    return config.national.profile == "ttcp2018"


def _bus(config: Config) -> Bus:
    wanted = config.national.ttcp2018
    reference = wanted.extra_token
    return Bus(
        base_path=wanted.base_path,
        auth=wanted.auth,
        token_path=wanted.token_path,
        headers=wanted.headers,
        extra_token_header=wanted.extra_token_header or "",
        extra_token=(lambda: read_secret(reference, config, "national.ttcp2018.extra_token")) if reference else None,
        layers=Layers(wanted.envelope, wanted.success_field, frozenset(wanted.success_values)),
        busy_messages=wanted.busy_messages,
    )


def _style(config: Config) -> Style:
    """Return how payloads are written. Raises ConfigError for a list of national codes that cannot be used."""
    wanted = config.national.ttcp2018
    documents = dict(resources.ttcp2018_code_documents())
    if wanted.codes is not None:
        documents |= _own_codes(config.resolve(wanted.codes))
    return Style(compile_codes(documents, wanted.agencies), wanted.accused_key)


def _own_codes(folder: Path) -> dict[str, Any]:
    """Return the lists of an agency that found out more than is shipped, by name: each replaces the shipped one."""
    if not folder.is_dir():
        raise ConfigError("E-CFG-WIRE-CODES", file=str(folder))
    documents = {}
    for path in sorted(folder.glob("*.json")):
        try:
            documents[path.stem] = json.loads(path.read_bytes())
        except (OSError, ValueError):
            raise ConfigError("E-CFG-WIRE-CODES", file=path.name) from None
        if path.stem not in LISTS:
            raise ConfigError("E-CFG-WIRE-CODES", file=path.name)
    return documents


def store_key_of(config: Config) -> bytes | None:
    """Return the key that the configuration refers to, None for a store without one. Raises ConfigError."""
    return read_hex_key(config.store.key, config, "store.key") if config.store.key else None


def anchoring_of(config: Config) -> Anchoring | None:
    """Return what checkpoints are made with, None where no key is configured. Raises ConfigError for a key that cannot
    be read."""
    wanted = config.audit
    if wanted.key is None:
        return None
    seed = read_hex_key(wanted.key, config, "audit.key")
    told = handovers_of(config)
    return Anchoring(seed, places_of(config), wanted.checkpoint_entries, wanted.checkpoint_every_s, told)


def auditor_of(config: Config) -> AuditorKey | None:
    """Return the auditor's public key, None where none is configured. Raises ConfigError for a file that is not one."""
    wanted = config.retention.auditor_key
    if wanted is None:
        return None
    file = config.resolve(wanted)
    try:
        pem = file.read_bytes()
    except OSError:
        raise _bad_auditor_key("E-RETENTION-KEY-FILE", config, file) from None
    if sealing.is_private(pem):
        raise _bad_auditor_key("E-RETENTION-KEY-PRIVATE", config, file)
    try:
        return sealing.public_key(pem)
    except ValueError:
        raise _bad_auditor_key("E-RETENTION-KEY-FORM", config, file) from None


def _bad_auditor_key(id_: str, config: Config, file: Path) -> ConfigError:
    key = "retention.auditor_key"
    problem = ConfigProblem(id_, file=config.path.name, key=key, found="", expected="", path=str(file))
    return ConfigError(problems=[problem])


def handovers_file(config: Config) -> Path | None:
    """Return the file beside the key that holds what former keys signed when they handed over, None for a key that is
    in no file."""
    key = secret_file(config.audit.key or "", config)
    return key.with_name(f"{key.name}.handovers") if key else None


def handovers_of(config: Config) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Return what stands there: agency, and the facts of the entry. Raises ConfigError where it cannot be read."""
    file = handovers_file(config)
    if file is None or not file.exists():
        return ()
    try:
        lines = [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]
        return tuple((str(agency), {name: str(said) for name, said in facts.items()}) for agency, facts in lines)
    except (OSError, ValueError, TypeError, AttributeError):
        raise ConfigError("E-AUDIT-KEY-HANDOVERS", file=str(file)) from None


def places_of(config: Config) -> Places:
    """Return where checkpoints are kept."""
    return Places(config.data_dir / CHECKPOINTS, tuple(config.resolve(place) for place in config.audit.places))


def open_store(
    config: Config,
    evidence: Mapping[str, bytes],
    *,
    create: bool,
    look: bool,
    now: Callable[[], datetime],
    right: Right = Right.WRITE,
) -> Store:
    """Open the store that the configuration names, with the key it refers to."""
    return Store.open(
        config.data_dir / STORE_FILE,
        key=file_key_of(config),
        evidence=evidence,
        config_digest=config.digest[:16],
        busy_timeout_s=config.store.busy_timeout_s,
        create=create,
        look=look,
        right=right,
        readers=READERS if right is Right.READ else 4,
        clock=now,
    )


def file_key_of(config: Config) -> bytes | None:
    """Return the key that our files are encrypted with, None where the configuration wants them plain."""
    key = store_key_of(config)
    return key if config.store.encryption == "sqlcipher" else None
