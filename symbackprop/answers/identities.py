r"""Answers rewritten by identities that hold in numbers, not in a prime field: there `e^z` and `e^{2z}` are two hashes.

`e^{-z}/(1 + e^{-z})²` is `σ'(z)`, `1/cosh²` is `tanh'`, √4 is 2, a softmax stays where one number is added to all of
its entries, what is above 0 after a ReLU was so before, and `sin² + cos²` is 1.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from symbackprop import expr
from symbackprop.answers.question import Question
from symbackprop.answers.roots import FROM_SQUARES, without_rational_roots
from symbackprop.expr import Expr, Named, Variable, number
from symbackprop.groups import EntrywisePower
from symbackprop.judges.exponentials import FUNCTIONS, fraction
from symbackprop.primitives import EntrywiseQuotient
from symbackprop.shapes import SCALAR, shape
from symbackprop.substitution import rewritten
from symbackprop.tree import children, parts, rebuild

if TYPE_CHECKING:
    from symbackprop.judges.exponentials import InExponential

# the variable of a function of one variable
U = Named("·")
# functions that a prime field knows well, and their slopes
KNOWN = tuple((name, order) for name in ("sigmoid", "tanh") for order in (0, 1))
# a sigmoid or tanh of its own says nothing new
OPENED = FUNCTIONS.keys() - {"sigmoid", "tanh"}
MAY_CHANGE = frozenset({expr.Elementwise, expr.Softmax, expr.Power, EntrywisePower, *FROM_SQUARES})


def by_identities(e: Expr, question: Question) -> Expr:
    """The same in numbers, as far as may be in functions of which a prime field knows the identities."""
    if MAY_CHANGE.isdisjoint([type(part) for part in parts(e)]):
        return e
    e = without_rational_roots(e)
    functions = {part.function for part in parts(e) if isinstance(part, expr.Elementwise)}
    if functions & {"sin", "cos"}:
        e = rewritten(e, _circular)
    if functions & OPENED:
        e = _in_known_functions(e, question)
    if functions & {"step", "relu"}:
        e = rewritten(e, lambda part: _before_relu(part, question))
    if any(isinstance(part, expr.Softmax) for part in parts(e)):
        e = rewritten(e, lambda part: _unshifted(part, question))
    return e


# --- exponentials ----------------------------------------------------------------------------------------------------


def _in_known_functions(e: Expr, question: Question) -> Expr:
    """With every part that is a sigmoid, a tanh or a slope of these, written in exponentials, as that."""
    found = _known_function(e, question)
    if found is not None:
        return found
    parts = children(e)
    made = tuple(_in_known_functions(part, question) if isinstance(part, Expr) else part for part in parts)
    return e if made == parts else rebuild(e, made)


def _known_function(e: Expr, question: Question) -> Expr | None:
    of: set[Expr] = set()
    scalar = _of_one_entry(e, of, question)
    if scalar is None or len(of) != 1 or isinstance(e, expr.Elementwise):
        return None
    (argument,) = of
    made = fraction(scalar)
    if made is None or shape(argument, question.network) != shape(e, question.network):
        return None
    return next(
        (
            expr.Elementwise(name, expr.Negative(argument) if is_turned else argument, order)
            for name, order, is_turned, known in _table()
            if known == made
        ),
        None,
    )


@cache
def _table() -> tuple[tuple[str, int, bool, InExponential], ...]:
    """The known functions of a variable and of its negative, as fractions in its exponential."""
    found = []
    for name, order in KNOWN:
        for is_turned in (False, True):
            made = fraction(expr.Elementwise(name, expr.Negative(U) if is_turned else U, order))
            assert made is not None
            found.append((name, order, is_turned, made))
    return tuple(found)


def _of_one_entry(e: Expr, of: set[Expr], question: Question) -> Expr | None:
    """An entry of a formula as a function of one variable; None where it is none.

    Args:
        of: what stands for that variable is put there.
    """
    match e:
        case expr.Number():
            return e
        case expr.Ones():
            return number(1)
        case expr.Elementwise(name, operand, order) if name in FUNCTIONS:
            inner = _multiple(operand, of)
            return expr.Elementwise(name, inner, order)
        case expr.Negative(operand):
            inside = _of_one_entry(operand, of, question)
            return None if inside is None else expr.Negative(inside)
        case expr.Power(base, exponent) | EntrywisePower(base, exponent):
            inside = _of_one_entry(base, of, question)
            return None if inside is None else expr.Power(inside, exponent)
        case expr.Quotient(above, below) | EntrywiseQuotient(above, below):
            parts = [_of_one_entry(part, of, question) for part in (above, below)]
            return None if parts[0] is None or parts[1] is None else expr.Quotient(parts[0], parts[1])
        case expr.Sum(parts):
            return _all(expr.Sum, parts, of, question)
        case expr.Hadamard(parts):
            return _all(expr.Product, parts, of, question)
        case expr.Product(parts):
            # of matrices it is no product of entries
            large = [part for part in parts if shape(part, question.network) != SCALAR]
            return _all(expr.Product, parts, of, question) if len(large) < 2 else None
    return None


def _all(
    kind: type[expr.Sum] | type[expr.Product], parts: tuple[Expr, ...], of: set[Expr], question: Question
) -> Expr | None:
    made = [found for part in parts if (found := _of_one_entry(part, of, question)) is not None]
    return kind(tuple(made)) if len(made) == len(parts) else None


def _multiple(e: Expr, of: set[Expr]) -> Expr:
    """A multiple of what stands for the variable, as one of the variable."""
    match e:
        case expr.Negative(operand):
            return expr.Negative(_multiple(operand, of))
        case expr.Product((expr.Number() as times, operand)):
            inner = _multiple(operand, of)
            # what is no more than a sign and a number stays as it is: nobody knows it
            return (
                expr.Negative(expr.Product((times, U))) if inner == expr.Negative(U) else expr.Product((times, inner))
            )
    of.add(e)
    return U


# --- others ----------------------------------------------------------------------------------------------------------


def _before_relu(e: Expr, question: Question) -> Expr | None:
    """`step(h)` with `h = relu(u)` as `step(u)`: it is above 0 where `u` is."""
    match e:
        case expr.Elementwise("step", Variable() as h, 0) | expr.Elementwise("relu", Variable() as h, 1):
            try:
                made = question.network.definition(h, question.known)
            except LookupError:
                return None
            if made is not None and isinstance(made.right, expr.Elementwise):
                inner = made.right
                if (inner.function, inner.order) == ("relu", 0):
                    return expr.Elementwise("step", inner.operand)
    return None


def _unshifted(e: Expr, question: Question) -> Expr | None:
    """A softmax without what is added to all of its entries alike."""
    if not isinstance(e, expr.Softmax) or not isinstance(e.operand, expr.Sum):
        return None
    kept = tuple(term for term in e.operand.terms if not _is_constant(term, e.along, question))
    if not kept or len(kept) == len(e.operand.terms):
        return None
    return expr.Softmax(kept[0] if len(kept) == 1 else expr.Sum(kept), e.along)


def _is_constant(term: Expr, along: str, question: Question) -> bool:
    """Whether all entries of each column, or each row, are the same number."""
    match term:
        case expr.Negative(operand):
            return _is_constant(operand, along, question)
        case expr.Product(parts):
            large = [part for part in parts if shape(part, question.network) != SCALAR]
            return bool(large) and _is_constant(large[0 if along == "column" else -1], along, question)
        case expr.Quotient(above, _):
            return _is_constant(above, along, question)
        case expr.Ones():
            return along == "column"
        case expr.Transpose(expr.Ones()):
            return along == "row"
    return False


def _circular(e: Expr) -> Expr | None:
    """`sin² u + cos² u` among the terms of a sum, as 1."""
    if not isinstance(e, expr.Sum):
        return None
    squares = {
        (part.base.function, part.base.operand): part
        for part in e.terms
        if isinstance(part, expr.Power) and isinstance(part.base, expr.Elementwise) and part.exponent == 2
        if part.base.order == 0
    }
    for (name, operand), part in squares.items():
        other = squares.get(("cos", operand)) if name == "sin" else None
        if other is not None:
            terms = [term for term in e.terms if term not in (part, other)]
            if len(terms) == len(e.terms) - 2:
                return expr.Sum((number(1), *terms)) if terms else number(1)
    return None
