"""Putting one thing in place of another: an expression at a path or for a variable, a dim for an integer symbol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from symbackprop.dims import Dim, Units, Width, index
from symbackprop.expr import Expr, Hadamard, Named, Product, Sum, Variable
from symbackprop.keeping import kept
from symbackprop.magnitudes import OverUnit
from symbackprop.tree import N, Node, Path, children, rebuild, subterms


def replace_at(e: Expr, path: Path, new: Expr) -> Expr:
    """The expression with the subexpression at a path replaced; a product put into a product stays flat."""
    if not path:
        return new
    operands = children(e)
    i = path[0]
    return _over(e, (*operands[:i], replace_at(operands[i], path[1:], new), *operands[i + 1 :]))


def _over(e: Expr, operands: tuple[Expr, ...]) -> Expr:
    """The node over other operands; a sum or product among those that are new is written without brackets."""
    if not isinstance(e, Product | Sum | Hadamard):
        return rebuild(e, operands)
    kind, flat = type(e), list[Expr]()
    for old, new in zip(children(e), operands, strict=True):
        # a product in brackets keeps them when something inside of it changes: `(aᵀ b) X` does not conform without
        keeps_brackets = new is old or (isinstance(e, Product) and isinstance(old, Product))
        flat += children(new) if isinstance(new, kind) and not keeps_brackets else (new,)
    return kind(tuple(flat))


def places(e: Expr, part: Expr) -> list[Path]:
    """Where an expression stands inside another one, from the right."""
    found = [path for path, inner in subterms(e) if inner == part]
    return found[::-1]


def everywhere(e: Expr, old: Expr, new: Expr) -> Expr:
    """The expression with one part replaced wherever it stands."""
    # from the right, so that a product that grows does not move what is left of it
    for path in places(e, old):
        e = replace_at(e, path, new)
    return e


def rewritten(e: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """The expression with every part changed for which `change` gives another; a part after what stands in it."""
    operands = children(e)
    changed = tuple(rewritten(operand, change) for operand in operands)
    if any(new is not old for new, old in zip(changed, operands, strict=True)):
        e = _over(e, changed)
    new = change(e)
    return e if new is None else new


def bound_index(e: Node) -> str | None:
    """The name of the integer symbol that a node binds: `l` in `∏_l`; None where it binds none.

    A node that binds one has its name in a field `index`, and binds it in the last of its operands: not in its own
    dims, which are its bounds, and not in other operands.
    """
    name = getattr(e, "index", None)
    return name if isinstance(name, str) else None


def scopes(e: Node) -> Iterator[tuple[Any, frozenset[str]]]:
    """The operands of a node, each with the names that the node binds in it: one, or none."""
    operands = children(e)
    name = bound_index(e)
    last = len(operands) - 1
    for i, operand in enumerate(operands):
        yield operand, frozenset() if name is None or i < last else frozenset({name})


# an index with the ends that it runs between
Range = tuple[str, Dim, Dim]


def ranged_parts(e: Expr, ranges: tuple[Range, ...] = ()) -> Iterator[tuple[Expr, tuple[Range, ...], frozenset[str]]]:
    """Every part, from the outside in and left to right, with the indices that are bound around it.

    Those with their ends come as ranges, the outermost first; of the others, the names.

    Args:
        ranges: what is bound around all of it.
    """
    waiting: list[tuple[Expr, tuple[Range, ...], frozenset[str]]] = [(e, ranges, frozenset())]
    while waiting:
        part, around, endless = waiting.pop()
        yield part, around, endless
        ends = getattr(part, "lower", None), getattr(part, "upper", None)
        inside: list[tuple[Expr, tuple[Range, ...], frozenset[str]]] = []
        for operand, bound in scopes(part):
            match ends:
                case (Dim() as lower, Dim() as upper):
                    inside.append((operand, (*around, *((name, lower, upper) for name in bound)), endless - bound))
                case _:
                    inside.append((operand, around, endless | bound))
        waiting += reversed(inside)


def free_symbols(e: Expr) -> frozenset[str]:
    """Names of the integer symbols that occur free in it."""
    return kept(e, "_free", _free_symbols)


def _free_symbols(e: Expr) -> frozenset[str]:
    own: set[str] = set()
    for value in e._values():
        if isinstance(value, Dim):
            own |= value.symbols
    for operand, bound in scopes(e):
        own |= free_symbols(operand) - bound
    return frozenset(own)


def substitute(e: Expr, values: Mapping[str, Dim]) -> Expr:
    """The expression with integer symbols replaced; a bound index is renamed rather than captured."""
    free = free_symbols(e)
    if free.isdisjoint(values):
        return e
    name = bound_index(e)
    if name is not None:
        return _substituted(e, name, {name: value for name, value in values.items() if name in free})
    return rebuild(e, tuple([substitute(c, values) for c in children(e)]), lambda d: d.at(values))


def _substituted(e: Expr, name: str, values: Mapping[str, Dim]) -> Expr:
    """`substitute` for a node that binds an index of that name."""
    *others, body = children(e)
    inner = {symbol: value for symbol, value in values.items() if symbol != name and symbol in free_symbols(body)}
    if any(name in value.symbols for value in inner.values()):
        taken = free_symbols(body).union(*(value.symbols for value in inner.values()))
        fresh = next(c for c in "klmpqrstuvi" if c not in taken)
        body = substitute(body, {name: index(fresh)})
        e = _renamed(e, fresh)
    operands = (*(substitute(other, values) for other in others), substitute(body, inner))
    return rebuild(e, operands, lambda d: d.at(values))


def _renamed(e: N, name: str) -> N:
    """The node with another name of the index that it binds; its operands stay as they are."""
    return type(e)(*(name if field == "index" else getattr(e, field) for field in e._fields))


def put(e: Expr, variable: Variable, new: Expr) -> Expr:
    """The expression with another one in place of a variable, but for where the variable or an index of it is bound."""
    if e == variable:
        return new
    if isinstance(e, OverUnit) and e.vector == variable:
        return e
    symbols = frozenset[str]() if variable.index is None else variable.index.symbols
    changed = tuple(c if bound & symbols else put(c, variable, new) for c, bound in scopes(e))
    return e if changed == children(e) else rebuild(e, changed)


def counts_layers(name: str, e: Node) -> bool:
    """Whether an integer symbol is the layer of a variable or of a width, or bounds an index that is."""
    if isinstance(e, Variable):
        return not isinstance(e, Named) and e.index is not None and name in e.index.symbols
    for value in e._values():
        if isinstance(value, Dim) and any(name in atom.layer.symbols for atom in _sizes(value)):
            return True
    inner = bound_index(e)
    if inner == name:
        return False
    is_bound = inner is not None and any(name in end.symbols for end in own_dims(e))
    return any(counts_layers(name, part) or (is_bound and counts_layers(str(inner), part)) for part in children(e))


def own_dims(e: Node) -> Iterator[Dim]:
    """The dims of a node itself, not of its operands."""
    return (value for value in e._values() if isinstance(value, Dim))


def _sizes(d: Dim) -> Iterator[Width | Units]:
    return (atom for atom, _ in d.terms if isinstance(atom, Width | Units))
