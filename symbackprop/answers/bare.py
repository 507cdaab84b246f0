"""Which indices that a formula sums over may have no factor but ones, multiplied out, and so count a size.

Everything here errs on one side: an index that surely has a factor, and cannot lose it, is not bare.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch

from symbackprop import expr, groups, primitives
from symbackprop.answers.question import Question
from symbackprop.expr import LOSS, Expr, Partial, Variable
from symbackprop.judges.scalars import is_folded
from symbackprop.network import MLP
from symbackprop.shapes import SCALAR, Shape, shape
from symbackprop.substitution import free_symbols
from symbackprop.tree import children, parts, subterms

ROWS, COLUMNS = True, False


class NotUniform(Exception):
    """Something that is not the same formula for every size."""


@dataclass(frozen=True)
class Counting:
    """Where it is counted.

    Attributes:
        divided: the variables in what is divided by entry by entry, so that factors of them may cancel.
        is_full: whether what is free to take any value is counted as it is computed, for a derivative.
    """

    question: Question
    divided: frozenset[Expr] = frozenset()
    is_full: bool = False

    def shape(self, e: Expr) -> Shape:
        return shape(e, self.question.network)

    def definition(self, e: Variable) -> Expr | None:
        """What computes a variable; None for what is drawn."""
        if e.index is not None and not e.index.is_constant:
            raise NotUniform
        try:
            found = self.question.network.definition(e, {})
        except LookupError:
            raise NotUniform from None
        return None if found is None else found.right


def counting(question: Question, *sides: Expr) -> Counting:
    """Where both sides of an equation are counted."""
    below = {each for side in sides for part in _everything(side, question) for each in _divided_by(part)}
    return Counting(question, frozenset(leaf for each in below for leaf in _leaves(each, question)))


def _everything(e: Expr, question: Question) -> Iterator[Expr]:
    """All parts of an expression, and of what computes the variables in it."""
    seen: set[Expr] = set()
    open_: list[Expr] = [e]
    at = Counting(question)
    while open_:
        for part in parts(open_.pop()):
            if not isinstance(part, Expr) or part in seen:
                continue
            seen.add(part)
            yield part
            made = at.definition(part) if isinstance(part, Variable) else None
            if made is not None:
                open_.append(made)


FUNCTIONS = (expr.Elementwise, expr.LayerMap, expr.ActivationJacobian, expr.Softmax, expr.LogSumExp)


def _leaves(e: Expr, question: Question) -> Iterator[Expr]:
    """What an expression is a polynomial in: variables that are drawn, unknown gradients, values of functions."""
    made = Counting(question).definition(e) if isinstance(e, Variable) else None
    if made is not None:
        yield from _leaves(made, question)
    elif isinstance(e, (Variable, Partial, *FUNCTIONS)):
        yield e
    if made is None and not isinstance(e, Partial) and not (isinstance(e, FUNCTIONS) and not is_polynomial(e)):
        for part in children(e):
            yield from _leaves(part, question)


def is_polynomial(e: Expr) -> bool:
    """Whether a function is a polynomial in its argument, but for a sign."""
    return isinstance(e, expr.Elementwise) and e.order == 0 and e.function in ("identity", "square", "relu", "abs")


# functions by which nothing can be divided, whatever is multiplied by them or by their derivatives: not log, by 1/x
ENTIRE = frozenset({"exp", "sigmoid", "tanh", "relu", "abs", "sign", "step", "softplus", "square", "identity"})


def _divided_by(e: Expr) -> Iterator[Expr]:
    """What a part divides by at every value of an index."""
    match e:
        case expr.Elementwise(name, inner) | expr.LayerMap(name, inner) | expr.ActivationJacobian(name, inner):
            if name == "reciprocal" or (is_folded(e) and name not in ENTIRE):
                yield inner
        case groups.EntrywisePower(inner, exponent) if exponent < 0:
            yield inner
        case expr.IndexedSum(name, _, _, body):
            yield from (below for below in denominators(body) if name in free_symbols(below))
        case primitives.EntrywiseQuotient(_, below):
            yield below


def denominators(e: Expr) -> Iterator[Expr]:
    for _, part in subterms(e):
        match part:
            case expr.Quotient(_, below):
                yield below
            case expr.Power(base, exponent) if exponent < 0:
                yield base


def has_sums(e: Expr, at: Counting) -> bool:
    """Whether an expression sums over an index, but for the arguments of functions, which are new indeterminates."""
    match e:
        case expr.Elementwise() if not is_polynomial(e):
            return False
        case expr.Softmax():
            # a function at each index over one sum that is the same for all
            return False
        case Variable():
            made = None if is_free(e, at.question) else at.definition(e)
            return made is not None and has_sums(made, at)
        case expr.Product():
            large = large_factors(e, at)
            if any(at.shape(one)[1].terms for one in large[:-1]):
                return True
        case expr.Entry() | expr.Row() | expr.Column() | expr.Negative() | expr.Sum() | expr.Hadamard() | expr.Ones():
            pass
        case expr.Number() | expr.Size() | expr.Quotient() | expr.Transpose() | primitives.EntrywiseQuotient():
            pass
        case groups.EntrywisePower():
            pass
        case expr.Power(base, exponent) if exponent.denominator == 1 and not isinstance(base, expr.Norm):
            pass
        case _:
            return True
    return any(has_sums(part, at) for part in children(e))


# --- vertices that may have no factor --------------------------------------------------------------------------------


@singledispatch
def is_bare(e: Expr, rows: bool, at: Counting) -> bool:
    """Whether the index of its rows (or columns) may have no factor but ones, multiplied out.

    Functions such as the sigmoid may add up to 1, as `σ(z) + σ(-z)` does, and shares may, as `Σ_k p_k`.
    """
    return True


@is_bare.register
def _(e: expr.Number | expr.Size | expr.Entry | primitives.Trace | expr.Norm, rows: bool, at: Counting) -> bool:
    return False


@is_bare.register
def _(e: Variable, rows: bool, at: Counting) -> bool:
    return at.question.network.kept(("bare", e, rows, at.divided), lambda: _is_bare_variable(e, rows, at))


def _is_bare_variable(e: Variable, rows: bool, at: Counting) -> bool:
    made = at.definition(e)
    if made is None:
        return e in at.divided or is_target(e, at.question)
    # a bias of its own is a term of what computes it, so that no factor is ever a constant
    return is_bare(made, rows, at)


@is_bare.register
def _(e: Partial, rows: bool, at: Counting) -> bool:
    return e.of != LOSS or e in at.divided


@is_bare.register
def _(e: expr.Transpose, rows: bool, at: Counting) -> bool:
    return is_bare(e.operand, not rows, at)


@is_bare.register
def _(e: expr.Sum, rows: bool, at: Counting) -> bool:
    return any(is_bare(part, rows, at) for part in e.terms)


@is_bare.register
def _(e: expr.Hadamard, rows: bool, at: Counting) -> bool:
    return all(is_bare(part, rows, at) for part in e.factors)


@is_bare.register
def _(e: expr.Negative | expr.WithoutBias, rows: bool, at: Counting) -> bool:
    return is_bare(e.operand, rows, at)


@is_bare.register
def _(e: expr.Product, rows: bool, at: Counting) -> bool:
    large = large_factors(e, at)
    return bool(large) and is_bare(large[0 if rows else -1], rows, at)


@is_bare.register
def _(e: expr.Quotient, rows: bool, at: Counting) -> bool:
    return is_bare(e.numerator, rows, at)


@is_bare.register
def _(e: expr.Diagonal, rows: bool, at: Counting) -> bool:
    return is_bare(e.operand, ROWS, at)


@is_bare.register
def _(e: expr.Elementwise | expr.LayerMap | expr.ActivationJacobian, rows: bool, at: Counting) -> bool:
    if not is_polynomial(e) and (is_folded(e) or any(isinstance(each, FUNCTIONS) for each in at.divided)):
        return True
    return is_bare(e.operand, ROWS if isinstance(e, expr.ActivationJacobian) else rows, at)


@is_bare.register
def _(e: groups.EntrywisePower, rows: bool, at: Counting) -> bool:
    return e.exponent <= 0 or is_bare(e.operand, rows, at)


@is_bare.register
def _(e: expr.Column, rows: bool, at: Counting) -> bool:
    return is_bare(e.operand, ROWS, at)


@is_bare.register
def _(e: expr.Row, rows: bool, at: Counting) -> bool:
    return is_bare(e.operand, COLUMNS, at)


def large_factors(e: expr.Product, at: Counting) -> list[Expr]:
    return [part for part in e.factors if at.shape(part) != SCALAR]


def is_target(e: Variable, question: Question) -> bool:
    return isinstance(e, expr.Target) or any(part == e for chain in question.given for _, part in subterms(chain))


def is_free(e: Variable, question: Question) -> bool:
    """Whether a pre-activation takes any value, whatever else does, as its layer has a bias of its own."""
    network = question.network
    if not isinstance(network, MLP) or network.bias == "none" or network.scheme is not None:
        return False
    return isinstance(e, expr.PreActivation)
