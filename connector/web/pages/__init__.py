"""Every page of the console, in the order of the menu. A new page is one file beside this one, and one line here."""

from __future__ import annotations

from connector.web.page import Page
from connector.web.pages import (
    exports,
    home,
    language,
    log,
    national,
    overview,
    quarantine,
    record,
    records,
    report,
    reports,
    reveal,
    sign_in,
    sign_out,
    users,
    waiting,
)

PAGES: tuple[Page, ...] = (
    home.PAGE,
    overview.PAGE,
    records.PAGE,
    record.PAGE,
    quarantine.PAGE,
    waiting.PAGE,
    log.PAGE,
    reports.PAGE,
    report.PAGE,
    national.PAGE,
    exports.PAGE,
    reveal.PAGE,
    users.PAGE,
    sign_in.PAGE,
    sign_out.PAGE,
    language.PAGE,
)
