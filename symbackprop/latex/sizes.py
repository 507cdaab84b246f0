"""Sizes that a formula leaves open: those of `I`, `0` and `1`, and of the columns that dots stand for.

An open size is an integer symbol whose name begins with `?`. Where two sizes must be the same, the open ones among them
are found; what was found is a mapping that is never changed but extended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from symbackprop.dims import Dim, Symbol, index
from symbackprop.shapes import Shape

Found = Mapping[str, Dim]
NOTHING: Found = {}
Conform = Callable[[Dim, Dim], bool]


def open_size(name: str) -> Dim:
    """The open size of a name of its own."""
    return index(f"?{name}")


def is_open(name: str) -> bool:
    return name.startswith("?")


def put_in(d: Dim, found: Found) -> Dim:
    """A dim with every size put in that was found."""
    while found and d.terms:
        atom, c = d.terms[0]
        if c == 1 and not d.constant and len(d.terms) == 1 and type(atom) is Symbol:
            # nearly all are a single letter
            value = found.get(atom.name)
            if value is None:
                return d
            d = value
        elif found.keys().isdisjoint(d.symbols):
            return d
        else:
            d = d.at(found)
    return d


def shaped(s: Shape, found: Found) -> Shape:
    return put_in(s[0], found), put_in(s[1], found)


def same(one: Dim, two: Dim, found: Found, conform: Conform) -> Found | None:
    """What is found where two sizes must be the same; None if they differ."""
    if one is two or one == two:
        return found
    one, two = put_in(one, found), put_in(two, found)
    if one == two:
        return found
    solved = _solved(one, two)
    if solved is not None:
        name, value = solved
        return None if name in value.symbols else {**found, name: value}
    return found if conform(one, two) else None


@lru_cache(maxsize=4096)
def _solved(one: Dim, two: Dim) -> tuple[str, Dim] | None:
    """An open size that makes two sizes the same, and its value."""
    difference = one - two
    solved: list[tuple[str, Dim]] = []
    for atom, c in difference.terms:
        if isinstance(atom, Symbol) and is_open(atom.name) and abs(c) == 1:
            solved.append((atom.name, (difference - index(atom.name) * c) * -c))
    # rather `n + p` for the columns of W than `m - n` for the rows of x
    return next((each for each in solved if _is_count(each[1])), solved[0]) if solved else None


def _is_count(size: Dim) -> bool:
    """Whether nothing is taken away in a size."""
    return size.constant >= 0 and all(c > 0 for _, c in size.terms)


def alike(one: Shape, two: Shape, found: Found, conform: Conform) -> Found | None:
    """What is found where two shapes must be the same; None if they differ."""
    if one is two or one == two:
        return found
    rows = same(one[0], two[0], found, conform)
    return None if rows is None else same(one[1], two[1], rows, conform)


def merged(parts: Iterable[Found], conform: Conform) -> Found | None:
    """What several parts found, together; None if it does not agree."""
    total: Found = NOTHING
    for part in parts:
        if not part:
            continue
        if not total:
            total = part
            continue
        for name, value in part.items():
            after = same(total.get(name, index(name)), value, total, conform)
            if after is None:
                return None
            total = after
    return total
