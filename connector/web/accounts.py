"""What may be done with accounts, on the command line and on the admin's page: the change, and its entry in the log.

May import: store, passwords, notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.core.model import Actor
from connector.errors import DataError
from connector.store.accounts import Account, Accounts, Role
from connector.web import passwords
from connector.web.notes import Notes


@dataclass(frozen=True, slots=True)
class Office:
    """Who changes accounts, and where. notes: None where there is no store yet, and so no log; agencies: those that
    are configured."""

    accounts: Accounts
    notes: Notes | None
    agencies: Sequence[str]
    actor: Actor
    now: datetime

    def add(self, name: str, role: Role, agencies: Sequence[str], password: str) -> None:
        """Add an account. Raises DataError for a name, password or agency that cannot be."""
        if role is Role.ADMIN and agencies:
            raise DataError("E-CONSOLE-AGENCIES")
        for agency in agencies:
            if agency not in self.agencies:
                raise DataError("E-AGENCY-UNKNOWN", agency=agency[:40], known=", ".join(self.agencies))
        new = Account(passwords.checked_name(name), role, tuple(agencies))
        self.accounts.add(new, passwords.hashed(passwords.checked(password, name)), self.now)
        self._note("console.account_added", new, role=str(role))

    def set_password(self, name: str, password: str) -> None:
        """Give an account another password; its visits end. Raises DataError."""
        account = self.named(name)
        self.accounts.set_password(name, passwords.hashed(passwords.checked(password, name)), self.now)
        self._note("console.account_password", account)

    def lock(self, name: str) -> None:
        """Lock an account; its visits end. Raises DataError, also for the last admin."""
        account = self.named(name)
        self.accounts.lock(name, self.now)
        self._note("console.account_locked", account)

    def unlock(self, name: str) -> None:
        """Unlock an account, whoever or whatever locked it. Raises DataError."""
        account = self.named(name)
        self.accounts.unlock(name)
        self._note("console.account_unlocked", account)

    def remove(self, name: str) -> None:
        """Remove an account. Raises DataError, also for the last admin."""
        account = self.named(name)
        self.accounts.remove(name)
        self._note("console.account_removed", account)

    def named(self, name: str) -> Account:
        """Return the account. Raises DataError E-CONSOLE-NAME-UNKNOWN."""
        found = self.accounts.find(name)
        if found is None:
            raise DataError("E-CONSOLE-NAME-UNKNOWN", name=name[:40])
        return found

    def _note(self, event: str, account: Account, **facts: str) -> None:
        # If the process dies before this, the account is changed and no log says so: the two lie in two files.
        if self.notes is not None:
            self.notes.of_account(event, self.actor, account.agencies or self.agencies, account=account.name, **facts)
