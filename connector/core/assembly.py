"""How the rules of a kind become one function that builds a nested document from a row and its child rows.

The tree of objects is worked out once; building is then a walk over tuples. What says nothing is left out, and so
are objects and items in which only constants were left: an empty column added to a source changes no digest.
May import: conditions, fields, transforms, the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.core.conditions import Columns, Reader, Test
from connector.core.fields import Rule
from connector.core.transforms import Bad

Children = Mapping[str, tuple[Columns, ...]]


@dataclass(frozen=True, slots=True)
class Miss:
    """A field that could not be read: its pointer in the document being built, its pattern, and why."""

    pointer: str
    pattern: str
    bad: Bad


@dataclass(frozen=True, slots=True)
class Node:
    """One object of the document: its fields, the objects inside it, the arrays inside it."""

    leaves: tuple[tuple[str, str, Reader], ...]  # name, pattern, function
    constants: tuple[tuple[str, Any], ...]
    objects: tuple[tuple[str, Node], ...]
    arrays: tuple[tuple[str, Items], ...]


@dataclass(frozen=True, slots=True)
class Items:
    """One array: the child query whose rows become its items, as objects (`node`) or plain values (`read`)."""

    rows: str
    keep: Test | None
    node: Node
    read: Reader | None
    pattern: str


def assemble(node: Node, row: Columns, children: Children, at: str, misses: list[Miss]) -> dict[str, Any]:
    """Return the object at pointer `at`; what could not be read is left out and added to `misses`."""
    built: dict[str, Any] = {}
    for name, pattern, read in node.leaves:
        value = read(row)
        if value is None:
            continue
        if value.__class__ is Bad:
            misses.append(Miss(f"{at}/{name}", pattern, value))
        else:
            built[name] = value
    for name, inner in node.objects:
        if found := assemble(inner, row, children, f"{at}/{name}", misses):
            built[name] = found
    for name, items in node.arrays:
        if listed := _listed(items, children, f"{at}/{name}", misses):
            built[name] = listed
    if built or not at:
        built.update(node.constants)
    return built


def _listed(items: Items, children: Children, at: str, misses: list[Miss]) -> list[Any]:
    listed: list[Any] = []
    for row in children.get(items.rows, ()):
        kept = items.keep is None or items.keep(row)
        if kept is False:
            continue
        place = f"{at}/{len(listed)}"
        if isinstance(kept, Bad):
            misses.append(Miss(place, items.pattern, kept))
            continue
        value = items.read(row) if items.read else assemble(items.node, row, {}, place, misses)
        if value.__class__ is Bad:
            misses.append(Miss(place, items.pattern, value))
        elif value is not None and value != {}:
            listed.append(value)
    return listed


def compile_node(rules: Iterable[Rule], base: str = "") -> Node:
    """Work out the tree of the rules whose pattern lies below `base` (a pattern; "" is the document)."""
    below = [(rule.pattern[len(base) + 1 :].split("/"), rule) for rule in rules if _inside(rule.pattern, base)]
    leaves = tuple(
        (path[0], rule.pattern, rule.read) for path, rule in below if len(path) == 1 and rule.read is not None
    )
    constants = tuple((path[0], rule.constant) for path, rule in below if len(path) == 1 and rule.constant is not None)
    names = dict.fromkeys(path[0] for path, _ in below if len(path) > 1)
    inner = [rule for _, rule in below]
    arrays = {path[0]: rule for path, rule in below if rule.rows and path[1:] == ["*"]}
    return Node(
        leaves=leaves,
        constants=constants,
        objects=tuple((name, compile_node(inner, f"{base}/{name}")) for name in names if name not in arrays),
        arrays=tuple((name, _items(rule, inner)) for name, rule in arrays.items()),
    )


def _items(rule: Rule, rules: Sequence[Rule]) -> Items:
    others = [other for other in rules if other is not rule]
    return Items(rule.rows, rule.keep, compile_node(others, rule.pattern), rule.read, rule.pattern)


def _inside(pattern: str, base: str) -> bool:
    return pattern.startswith(f"{base}/")
