"""The console: pages in a browser for auditors and operators. It reads; what it adds is its own entries in the log.

    console.py   make_console(hall) -> Flask: every page of pages/, behind the guard
    guard.py     what is done before and after every request: bounds, who visits, forms, roles, headers
    hall.py      what all pages stand on: the App (opened for reading), the log (for adding), accounts, figures
    visit.py     what one page function takes: who visits which agency, in which words, and how it answers
    pages/       one file per page; pages/__init__.py lists them

A page function asks store/ and telling/, never a table. No page needs a script.
Floor 4, beside cli (which may start it). May import: telling, app and everything below; never cli.
"""
