"""The equations of a network and its backward lines, each member of a family by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from symbackprop.derivation import Derivation
from symbackprop.dims import Bounds, Dim, dim
from symbackprop.errors import SymbackpropError
from symbackprop.expr import (
    LOSS,
    Expr,
    IndexedProduct,
    IndexedSum,
    Partial,
    Product,
    Sum,
    Variable,
    number,
)
from symbackprop.forward import ForwardNetwork
from symbackprop.substitution import substitute
from symbackprop.tree import children, rebuild, subterms


def forward_lines(network: ForwardNetwork) -> dict[Expr, Expr]:
    """What every variable is computed from, the loss among them.

    Raises:
        SymbackpropError: for a family of which nobody knows how many there are.
    """
    found: dict[Expr, Expr] = {}
    for equation in network.equations:
        if equation.index is None:
            found[equation.left] = expanded(equation.right, network)
            continue
        for at in _between(equation.lower, equation.upper, str(equation.left), network):
            member = equation.member(at)
            found[member.left] = expanded(member.right, network)
    return found


def backward_lines(lines: Sequence[Derivation], network: ForwardNetwork) -> dict[Expr, Expr]:
    """The gradient by every variable that the lines are about; raises as `forward_lines` does."""
    found: dict[Expr, Expr] = {}
    for line in lines:
        for values in _members(line.start, line.known, network):
            left = substitute(line.start, values)
            found.setdefault(left, expanded(substitute(line.result, values), network))
    return found


def _members(start: Expr, known: Bounds, network: ForwardNetwork) -> Iterator[Mapping[str, Dim]]:
    """Values for the letter of a line about a family; one without any for another."""
    assert isinstance(start, Partial) and isinstance(start.wrt, Variable)
    at = start.wrt.index
    letters = [] if at is None else sorted(at.symbols - set(network.sizes))
    if not letters:
        yield {}
        return
    low, high = known.get(letters[0], (None, None))
    for value in _between(low, high, str(start.wrt), network):
        yield {letters[0]: value}


def _between(low: Dim | None, high: Dim | None, what: str, network: ForwardNetwork) -> list[Dim]:
    if low is None or high is None or not (low.is_constant and high.is_constant):
        letters = sorted({name for end in (low, high) if end is not None for name in end.symbols})
        numbers = ", ".join(f"{name!r}: 4" for name in letters)
        raise SymbackpropError(
            f"how many {what} there are is not known, so that no program can be written: give {' and '.join(letters)} "
            f"a number, in the equations or as network.given({{{numbers}}}).gradients()"
        )
    return [dim(value) for value in range(low.constant, high.constant + 1)]


def expanded(e: Expr, network: ForwardNetwork) -> Expr:
    """The formula with sums and products over the members of families written out."""
    if isinstance(e, IndexedSum | IndexedProduct) and _is_over_a_family(e):
        parts = [
            expanded(substitute(e.body, {e.index: at}), network) for at in _between(e.lower, e.upper, str(e), network)
        ]
        if isinstance(e, IndexedProduct):
            return _written_out(parts[::-1] if e.descending else parts, Product, e, network)
        return _written_out(parts, Sum, e, network)
    inside = children(e)
    return rebuild(e, tuple(expanded(child, network) for child in inside)) if inside else e


def _written_out(parts: list[Expr], over: Callable[[tuple[Expr, ...]], Expr], e: Expr, network: ForwardNetwork) -> Expr:
    if not parts:
        # not one term: 0 times what it would be one of
        if over is Sum:
            assert isinstance(e, IndexedSum)
            return number(0) @ expanded(substitute(e.body, {e.index: e.lower}), network)
        raise SymbackpropError(f"{e} has no factor: write the network with more members")
    return parts[0] if len(parts) == 1 else over(tuple(parts))


def _is_over_a_family(e: IndexedSum | IndexedProduct) -> bool:
    """Whether its index is the index of a variable."""
    return any(
        isinstance(part, Variable) and part.index is not None and e.index in part.index.symbols
        for _, part in subterms(e.body)
    )


def in_order(wanted: Sequence[Expr], lines: Mapping[Expr, Expr]) -> list[Expr]:
    """The left sides that the wanted ones need, each after those that it is computed from."""
    done: dict[Expr, None] = {}
    waiting = [(each, False) for each in reversed(wanted)]
    while waiting:
        current, is_ready = waiting.pop()
        if current in done:
            continue
        if is_ready:
            done[current] = None
            continue
        waiting.append((current, True))
        waiting += [(each, False) for each in reversed(leaves(lines[current])) if each in lines and each not in done]
    return list(done)


def leaves(e: Expr) -> list[Expr]:
    """The variables and the gradients of the loss that stand in a formula."""
    if isinstance(e, Partial) and e.of == LOSS:
        return [Partial(e.of, e.wrt)]
    if isinstance(e, Variable):
        return [e]
    return list(dict.fromkeys(leaf for child in children(e) for leaf in leaves(child)))
