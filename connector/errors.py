"""Errors by remedy: the class says who must act, and gives the exit code. `cli/` turns them into sentences.

    KntcError
    ├── ConfigError      edit a file                     78
    │   ├── MappingError  their database has not what the mapping asks for  78
    │   └── StoreError   the store is not the one meant  78
    │       └── RolledBackError  the store went back in time: nothing is sent  78
    ├── SourceError      their database                  69
    │   └── PartlyReadError  one of several; the others were read  1
    ├── RemoteError      their server                    69
    │   ├── CursorExpiredError   the feed forgot our place  69
    │   ├── CatalogueError       one code list there is none; the others may be good  69
    │   └── AccountError         our account there: edit client id or secret  78
    ├── DataError        input given to a command        65
    ├── LockedError      somebody else is at work        75
    ├── LockLostError    another run has taken over      75
    ├── DiskError        make room on the disk           75
    ├── AnchorError      a place for checkpoints must be reachable again  1
    └── TamperError      call the auditor                10

Each instance carries a stable id of the message catalogue and the values that its sentence needs. Those values
are shown to anybody: names of files, keys, tables, counts; never a value of a record, never a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """What a run says to the shell (design: 1 is partial, so 2 stays usage as every CLI has it)."""

    DONE = 0
    PARTIAL = 1
    USAGE = 2
    TAMPERED = 10
    MISSING = 11
    INCOMPLETE = 12
    UNREADABLE = 13
    BAD_DATA = 65
    REMOTE_UNAVAILABLE = 69
    BUG = 70
    LOCKED = 75
    CONFIGURATION = 78


class KntcError(Exception):
    """Base: `id` is a message id such as `E-STORE-OTHER-TARGET`, `values` fill its sentence."""

    exit_code = ExitCode.BUG

    def __init__(self, id_: str, **values: str | float) -> None:
        self.id = id_
        self.values = values
        shown = ", ".join(f"{name}={value}" for name, value in values.items())
        super().__init__(f"{id_}: {shown}" if shown else id_)


class ConfigProblem(KntcError):
    """One thing wrong in a file: `file`, `key` (dotted path), `found`, `expected`. Collected, not raised."""

    exit_code = ExitCode.CONFIGURATION


class ConfigError(KntcError):
    """A file must be edited before anything can start. `problems` holds all of them, found in one pass."""

    exit_code = ExitCode.CONFIGURATION

    def __init__(self, id_: str = "E-CONFIG", problems: Sequence[ConfigProblem] = (), **values: str | float) -> None:
        super().__init__(id_, **values)
        self.problems = tuple(problems)


class MappingError(ConfigError):
    """A database has not what the mapping's queries speak of: one of the two must change, waiting does not help."""


class StoreError(ConfigError):
    """The store cannot be used as it is: unreadable, newer, of another target. Nothing was overwritten."""


class RolledBackError(StoreError):
    """The store holds less than its head file proves: it went back in time, so nothing may be sent."""


class SourceError(KntcError):
    """The agency's database did not answer, or not as the mapping expects; or its files cannot be read just now."""

    exit_code = ExitCode.REMOTE_UNAVAILABLE

    @property
    def is_away(self) -> bool:
        """Whether nothing of the source can be read now, whatever is asked. The next run tries again."""
        return self.id == "E-SOURCE-CONNECT" or "-FILE-" in self.id


class PartlyReadError(SourceError):
    """One of an agency's several sources could not be read; `of_source` in its values names it. The others were."""

    exit_code = ExitCode.PARTIAL


class RemoteError(KntcError):
    """The national side did not answer a read as it should."""

    exit_code = ExitCode.REMOTE_UNAVAILABLE


class CursorExpiredError(RemoteError):
    """The national feed or list no longer knows our cursor (410). Where there is a list, pull rebuilds the mirror from
    it; else it stops for this agency, and push goes on."""


class CatalogueError(RemoteError):
    """The national side answered with something that is no code list. Nothing of it is believed; what was read of this
    list before stays."""


class AccountError(RemoteError):
    """The national side answers, but not to this account: its id or secret must be mended before anything can work."""

    exit_code = ExitCode.CONFIGURATION


class DataError(KntcError):
    """Input to a command is wrong: an unknown key, an unreadable file of ids."""

    exit_code = ExitCode.BAD_DATA


class LockedError(KntcError):
    """Another run holds the lock. Nothing was done; try again."""

    exit_code = ExitCode.LOCKED


class LockLostError(KntcError):
    """Another run has taken over this store: nothing of this one is written any more. What it had sent without writing
    the answer down is looked for by the other."""

    exit_code = ExitCode.LOCKED


class DiskError(KntcError):
    """The disk did not take what we wrote. Nothing was half done; the same run works again once there is room."""

    exit_code = ExitCode.LOCKED


class AnchorError(KntcError):
    """A checkpoint was made, and a place that should keep it did not take it. The work goes on; the next one catches
    up."""

    exit_code = ExitCode.PARTIAL


class TamperError(KntcError):
    """The audit log does not hold together: call the auditor."""

    exit_code = ExitCode.TAMPERED
