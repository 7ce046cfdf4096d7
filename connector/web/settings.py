"""How the console is set up, from the configuration.

May import: config, store.sessions.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import timedelta

from connector.config import ConsoleSection
from connector.errors import ConfigError, ConfigProblem
from connector.store.sessions import Limits

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where it listens and who stands in front of it. names: the host names under which it answers; proxy_header: what
    names the visitor, believed from `proxies` alone; "" where people log in with a password."""

    host: str
    port: int
    names: frozenset[str]
    https: bool
    limits: Limits
    threads: int
    proxy_header: str
    proxies: frozenset[str]

    @property
    def cookie(self) -> str:
        """The name of the cookie: over https one that no other host can set."""
        return "__Host-kntc" if self.https else "kntc"


def settings_of(section: ConsoleSection, file: str, host: str | None = None, port: int | None = None) -> Settings:
    """Return the settings; host, port: those of the command line. Raises ConfigError where they would open the console
    to a network that the configuration does not mean, or in clear."""
    host = host or section.host
    if not ipaddress.ip_address(host).is_loopback:
        _may_leave_loopback(section, file)
    return Settings(
        host=host,
        port=section.port if port is None else port,
        names=frozenset({*LOOPBACK_NAMES, *(name.lower() for name in section.names)}),
        https=section.https,
        limits=Limits(timedelta(minutes=section.idle_minutes), timedelta(hours=section.longest_hours)),
        threads=section.threads,
        proxy_header=section.proxy_header or "",
        proxies=frozenset(section.proxies),
    )


def _may_leave_loopback(section: ConsoleSection, file: str) -> None:
    wanted = {
        "console.open_to_network": ("true, where others than this machine may ask", section.open_to_network),
        "console.https": ("true, where a proxy with a certificate stands in front", section.https),
    }
    problems = [
        ConfigProblem("E-CFG-VALUE", file=file, key=key, found="false", expected=expected)
        for key, (expected, is_so) in wanted.items()
        if not is_so
    ]
    if problems:
        raise ConfigError(problems=problems)
