"""Gradients along a family whose members reach the loss in two ways: at once, and through the next member.

`∂L/∂v_t = A_t ∂L/∂v_{t+1} + e_t` gives `∂L/∂v_t = Σ_{s=t}^{T} (∏_{k=t}^{s-1} A_k) e_s`, by induction: backpropagation
through time with a loss at every step.
"""

from __future__ import annotations

from collections.abc import Callable

from symbackprop.adjoints import JACOBIAN
from symbackprop.derivation import Derivation
from symbackprop.dims import Bounds, Dim, index
from symbackprop.errors import RuleError
from symbackprop.expr import LOSS, Expr, IndexedSum, Partial, Product, Sum, Variable, factors_of, product_of
from symbackprop.forms import has_gradient
from symbackprop.rules.induction import induction
from symbackprop.rules.layers import free_letter
from symbackprop.rules.products import absorb, fold, over
from symbackprop.rules.reverse import through_uses
from symbackprop.rules.shortening import by_name, slope
from symbackprop.rules.sums import begun_sum, into_sum, over_sum
from symbackprop.substitution import places, substitute
from symbackprop.tree import subterms

# steps from a member to the next one at most
MOST = 40


def summed_from_here(
    name: str, last: Dim, at: Callable[[Dim], Variable], first: Dim, known: Bounds, start: Derivation
) -> Derivation | None:
    """`∂L/∂v_first` as a sum over the members from there on; None where its gradient is not of that form.

    Args:
        name: the letter of the family.
        last: the index of its last member.
        at: the member at an index.
        first: where to start.
        known: bounds of the free indices.
        start: `∂L/∂v` at the letter, for every member but the last.
    """
    once = _expanded(start, at(index(name) + 1))
    split = None if once is None else _split(once.result, at(index(name) + 1))
    if split is None:
        return None
    factors, rest = split
    line = once.result if once is not None else start.start
    # the sizes among what is known: a letter says one thing
    taken = (name, *first.symbols, *known)
    k = free_letter(line, *taken)
    s = free_letter(line, *taken, k)
    on = free_letter(line, *taken, k, s)
    body = substitute(product_of(factors), {name: index(k)})
    # in the order of the terms of the line
    extra = substitute(rest, {name: index(s)})

    def product(upper: Dim) -> Expr:
        return over(k, first, upper, body)

    m = index(on)
    term = product(index(s) - 1) @ extra
    claim = IndexedSum(s, first, m - 1, term) + product(m - 1) @ Partial(LOSS, at(m))

    def base(begun: Derivation) -> Derivation:
        return begun.by(fold(k, body, first, first - 1)).by(begun_sum(s, term, first), at=())

    def step(before: Derivation) -> Derivation:
        made = _expanded(before, at(m + 1))
        if made is None:
            raise RuleError(f"the way from {at(m)} to the next one is another inside a sum")
        return made.by(absorb).by(into_sum, at=())

    whole = Derivation(Partial(LOSS, at(first)), start.network, known=known, given=start.given)
    try:
        made = whole.by(induction(on, claim, first, last, base, step), at=(), dots="…")
        return _last(made, at(last))
    except RuleError:
        return None


def _last(derivation: Derivation, variable: Variable) -> Derivation:
    """The derivation with the gradient by the last member put in, as one term more of the sum."""
    ended = _expanded(derivation, None, variable)
    if ended is None:
        return derivation
    try:
        return ended.by(into_sum, at=())
    except RuleError:
        return derivation


def _expanded(derivation: Derivation, wanted: Variable | None, only: Variable | None = None) -> Derivation | None:
    """The derivation with every gradient in its last line taken through its uses, but for that by `wanted`.

    None where that does not end, or ends in a gradient by another member of the family.
    """
    made = derivation
    for _ in range(MOST):
        step = _one_step(made, wanted)
        if step is None:
            return made if _is_done(made, wanted) else None
        made = step
    return None


def _one_step(derivation: Derivation, wanted: Variable | None) -> Derivation | None:
    """One step more: a name, a distributed product, or a gradient taken through its uses; None where there is none."""
    line = derivation.result
    for each in (slope, by_name):
        try:
            return derivation.by(each, at=()) if each is by_name else derivation.by(each)
        except RuleError:
            continue
    for path, part in subterms(line):
        if isinstance(part, Product) and any(isinstance(f, Sum) and has_gradient(f) for f in part.factors):
            return derivation.by(over_sum, at=path)
    for part in dict.fromkeys(e for _, e in subterms(line) if isinstance(e, Partial) and e.of == LOSS):
        if wanted is not None and part.wrt == wanted:
            continue
        try:
            return derivation.by(through_uses(JACOBIAN), at=places(line, part)[0])
        except (RuleError, LookupError):
            continue
    return None


def _is_done(derivation: Derivation, wanted: Variable | None) -> bool:
    """Whether no gradient is left but that by `wanted`."""
    left = {e.wrt for _, e in subterms(derivation.result) if isinstance(e, Partial)}
    return left <= ({wanted} if wanted is not None else set())


def _split(e: Expr, following: Variable) -> tuple[tuple[Expr, ...], Expr] | None:
    """The factors before `∂L/∂v_{t+1}`, and the rest; None where the line is not such a sum."""
    if not isinstance(e, Sum) or len(e.terms) != 2:
        return None
    gradient = Partial(LOSS, following)
    for term, other in (e.terms, e.terms[::-1]):
        *before, last = factors_of(term)
        clean = not places(other, gradient) and not any(places(factor, gradient) for factor in before)
        if last == gradient and before and clean:
            return tuple(before), other
    return None
