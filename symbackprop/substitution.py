"""Putting one thing in place of another: an expression at a path, a dim for an integer symbol."""

from __future__ import annotations

from collections.abc import Mapping

from symbackprop.dims import Dim, index
from symbackprop.expr import Expr, IndexedProduct, IndexedSum, Product, Sum
from symbackprop.keeping import kept
from symbackprop.tree import Path, children, rebuild


def replace_at(e: Expr, path: Path, new: Expr) -> Expr:
    """The expression with the subexpression at a path replaced; a product put into a product stays flat."""
    if not path:
        return new
    operands = children(e)
    i = path[0]
    inside = replace_at(operands[i], path[1:], new)
    if isinstance(inside, Product) and isinstance(e, Product):
        return Product((*operands[:i], *inside.factors, *operands[i + 1 :]))
    if isinstance(inside, Sum) and isinstance(e, Sum):
        return Sum((*operands[:i], *inside.terms, *operands[i + 1 :]))
    return rebuild(e, (*operands[:i], inside, *operands[i + 1 :]))


def free_symbols(e: Expr) -> frozenset[str]:
    """Names of the integer symbols that occur free in it."""
    return kept(e, "_free", _free_symbols)


def _free_symbols(e: Expr) -> frozenset[str]:
    own: set[str] = set()
    for value in e._values():
        if isinstance(value, Dim):
            own |= value.symbols
    inside: set[str] = set()
    for child in children(e):
        inside |= free_symbols(child)
    if isinstance(e, IndexedProduct | IndexedSum):
        inside.discard(e.index)
    return frozenset(own | inside)


def substitute(e: Expr, values: Mapping[str, Dim]) -> Expr:
    """The expression with integer symbols replaced; a bound index is renamed rather than captured."""
    values = {name: value for name, value in values.items() if name in free_symbols(e)}
    if not values:
        return e
    if isinstance(e, IndexedProduct | IndexedSum):
        inner = {name: value for name, value in values.items() if name != e.index}
        bound, body = e.index, e.body
        if any(bound in value.symbols for name, value in inner.items() if name in free_symbols(body)):
            taken = free_symbols(body).union(*(value.symbols for value in inner.values()))
            bound = next(c for c in "klmpqrstuvi" if c not in taken)
            body = substitute(body, {e.index: index(bound)})
        bounds = (e.lower.at(values), e.upper.at(values))
        if isinstance(e, IndexedProduct):
            return IndexedProduct(bound, *bounds, substitute(body, inner), e.descending)
        return IndexedSum(bound, *bounds, substitute(body, inner))
    return rebuild(e, tuple(substitute(c, values) for c in children(e)), lambda d: d.at(values))
