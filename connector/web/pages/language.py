"""`/language`: the switch between Vietnamese and English, which the browser remembers."""

from __future__ import annotations

from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from connector.telling.words import LANGUAGES
from connector.web.cookies import remember_language
from connector.web.page import Page
from connector.web.visit import Visit, own_address


def switch(visit: Visit) -> Response:
    """Speak the other language from now on, and show the same page again."""
    chosen = visit.field("to", among=LANGUAGES)
    answer = redirect(own_address(visit.field("back", longest=2_000)) or "/", 303)
    remember_language(answer, visit.hall.settings, chosen or visit.say.language)
    return answer


def show(_visit: Visit) -> Response:
    """Whoever comes back to this address by the browser's button begins again."""
    return redirect("/", 303)


PAGE = Page("language", "/language", show, None, act=switch)
