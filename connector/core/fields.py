"""The rules of [fields]: each line of a mapping checked against its target, and compiled to a function over a row.

A rule feeds one field (by `pattern`) with a value, or an array from the rows of a child query.
May import: conditions, model, schema, section, values, the standard library.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from connector.core.conditions import Reader, Test, guarded, read_when
from connector.core.model import Kind
from connector.core.schema import FieldInfo
from connector.core.section import Section
from connector.core.values import NO_VALUE, Scope, read_value


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled line. `columns` are those whose values reach the document, `tests` those that only decide.

    `constant` is set where the value depends on nothing, `read` for every other single value.
    `rows` names the child query that feeds an array (then `read` is set only if its items are plain values).
    `ageless`: its codes may be older or younger than the law says.
    `item_of` is the array pattern (`/petitioners/*`) whose child row the columns belong to, "" for the root row."""

    pattern: str
    info: FieldInfo
    columns: tuple[str, ...]
    tests: tuple[str, ...]
    read: Reader | None
    constant: str | int | bool | None
    rows: str
    keep: Test | None
    item_of: str
    ref: Kind | None
    words: str
    clear: str
    ref_source: str = ""
    ageless: bool = False


_FORMS = ("column", "columns", "first", "constant", "ref", "rows")
_LEGAL = (
    *({"column"}, {"columns"}, {"first"}, {"constant"}, {"ref", "columns"}, {"rows"}),
    *({"rows", "column"}, {"rows", "columns"}, {"rows", "first"}, {"rows", "ref", "columns"}),
)


def compile_rule(pattern: str, section: Section, scope: Scope) -> Rule | None:
    """Compile one line of [fields]. None: it is wrong beyond use, and the reasons are reported in the section."""
    info = _target(pattern, section, scope)
    forms = {form for form in _FORMS if section.has(form)}
    if forms not in _LEGAL:
        section.report("E-CFG-RULE", "", ", ".join(sorted(forms)) or "nothing", f"one of {', '.join(_FORMS)}")
        return None
    when = read_when(section)
    clear, rows = section.text("clear"), section.text("rows")
    if info is None or not _fits_together(info, forms, section, scope):
        return None
    value = read_value(info, section, scope) if forms - {"rows"} else NO_VALUE
    section.close()
    if value is None:
        return None
    fixed = value.constant if when is None else None
    return Rule(
        pattern=pattern,
        info=info,
        columns=value.columns,
        tests=(when.column,) if when else (),
        read=None if fixed is not None or value.read is None else guarded(value.read, None if rows else when),
        constant=fixed,
        rows=rows,
        keep=when.test if when and rows else None,
        item_of=pattern if rows else _array_around(pattern),
        ref=value.ref,
        words=" ".join(w for w in (f"rows {rows}" if rows else "", value.words, when.words if when else "") if w),
        clear=clear,
        ref_source=value.ref_source,
        ageless=value.ageless,
    )


def compile_value(info: FieldInfo, section: Section, scope: Scope) -> tuple[Reader | None, tuple[str, ...]]:
    """Compile a value that feeds no field of its own: the petition's type in [secrecy]."""
    forms = {form for form in _FORMS if section.has(form)}
    # With a path, the screens that show the type's own column would show the rest of its JSON, too.
    if forms not in ({"column"}, {"constant"}) or section.has("path"):
        found = sorted({*forms, *(("path",) if section.has("path") else ())})
        section.report("E-CFG-RULE", "", ", ".join(found) or "nothing", "one of column, constant")
        return None, ()
    when = read_when(section)
    value = read_value(info, section, scope)
    section.close()
    if value is None or value.read is None:
        return None, ()
    return guarded(value.read, when), value.columns + ((when.column,) if when else ())


# --- the target


def _target(pattern: str, section: Section, scope: Scope) -> FieldInfo | None:
    if any(pattern == place or pattern.startswith(f"{place}/") for place in scope.reserved):
        section.report("E-CFG-TARGET", "", pattern, "no rule: the connector sets this field")
        return None
    info = scope.fields.get(pattern)
    if info is None:
        near = difflib.get_close_matches(pattern, scope.fields, n=1, cutoff=0.4)
        section.report("E-CFG-TARGET", "", pattern, f"a field, such as {near[0]}" if near else "a field")
    return info


def _fits_together(info: FieldInfo, forms: set[str], section: Section, scope: Scope) -> bool:
    """Whether the rule's form and its target go together; if not, it is reported."""
    pattern, rows, value = info.pointer, section.text("rows"), forms - {"rows"}
    container = info.type in ("object", "array")
    if pattern.count("/*") > 1:
        section.report("E-CFG-TARGET", "", pattern, "one level of rows")
    elif "rows" in forms and not pattern.endswith("/*"):
        section.report("E-CFG-TARGET", "", pattern, f"the items of an array: {pattern}/*")
    elif "rows" in forms and rows not in scope.children:
        section.report("E-CFG-ROWS", "rows", rows, f"one of [[children]]: {', '.join(sorted(scope.children))}")
    elif pattern.endswith("/*") and not rows:
        section.report("E-CFG-ROWS", "", pattern, "rows = a child query that feeds the array")
    elif value and container:
        section.report("E-CFG-TARGET", "", pattern, "a single field, not a group of fields")
    elif rows and not value and not container:
        section.report("E-CFG-RULE", "", "rows", "rows together with column, columns or ref: the items are values")
    else:
        return True
    return False


def _array_around(pattern: str) -> str:
    head, star, _ = pattern.partition("/*/")
    return f"{head}/*" if star else ""
