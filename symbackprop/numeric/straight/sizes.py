"""Sizes as Python writes them."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.dims import Dim


def spelled(size: Dim) -> str:
    """A size as Python: `n1 + 1`."""
    text = ""
    for atom, count in size.terms:
        factor = str(atom) if abs(count) == 1 else f"{abs(count)} * {atom}"
        sign = "-" if count < 0 else "+"
        text = f"{text} {sign} {factor}" if text else f"{'-' if count < 0 else ''}{factor}"
    if not text:
        return str(size.constant)
    return f"{text} {'-' if size.constant < 0 else '+'} {abs(size.constant)}" if size.constant else text


def listed(shape: Sequence[Dim]) -> str:
    """`n1 + 1, N`."""
    return ", ".join(spelled(size) for size in shape)


def tuple_of(shape: Sequence[Dim]) -> str:
    """`(n1 + 1, N)`."""
    return f"({listed(shape)}{',' if len(shape) == 1 else ''})"


def product_of(shape: Sequence[Dim]) -> str:
    """`(n1 + 1) * N`."""
    return " * ".join(f"({spelled(n)})" if len(n.terms) + bool(n.constant) > 1 else spelled(n) for n in shape)
