"""Roots in an answer: a prime field knows no sign, so that √9 may be -3 there, and √(x²) either of x and -x.

A root that stands in the network's own equations is one more indeterminate, the same on both sides. Any other one is
left to proofs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from symbackprop.answers.effort import HIGHEST
from symbackprop.answers.question import Question
from symbackprop.expr import Expr, Norm, Number, Power, SingularValue, SquareRoot, Sum, Variable, number
from symbackprop.groups import EntrywisePower
from symbackprop.magnitudes import SingularValueAt, SpectralSum
from symbackprop.shapes import SCALAR, shape
from symbackprop.substitution import put, rewritten
from symbackprop.tree import parts, subterms

FROM_SQUARES = (SquareRoot, Norm, SingularValue, SingularValueAt, SpectralSum)
Same = Callable[[Expr, Expr], bool]
HALF = Fraction(1, 2)


def without_rational_roots(e: Expr) -> Expr:
    """An answer with the number in place of a root of a square: √4 is 2, which a field does not know."""

    def rational(part: Expr) -> Expr | None:
        root = _rational_root(_radicand(part))
        exponent = part.exponent if isinstance(part, Power) else HALF
        return None if root is None else number(root**exponent.numerator)

    return rewritten(e, rational) if any(True for _ in _roots(e)) else e


def with_own_roots(e: Expr, question: Question, same: Same) -> Expr | None:
    """An answer with every root in it as the network writes it; None where it has another one.

    Args:
        same: whether two scalars are proved to be equal, whatever the network.
    """
    own = question.network.kept(("roots", question.asked), lambda: _of_network(question))
    made = rewritten(e, lambda part: _own(part, own, same))
    radicands = set(own.values()) - {None}
    return None if any(root not in own and _radicand(root) not in radicands for root in _roots(made)) else made


def _own(part: Expr, own: Mapping[Expr, Expr | None], same: Same) -> Expr | None:
    """A root with the same number under it that the network has there; None where nothing is known."""
    radicand = _radicand(part)
    if radicand is None:
        return None
    known = next((each for root, each in own.items() if root == part or each == radicand), None)
    if known is None:
        known = next((each for each in dict.fromkeys(own.values()) if each is not None and same(each, radicand)), None)
    if known is None:
        return None
    return Power(known, part.exponent) if isinstance(part, Power) else SquareRoot(known)


def _radicand(e: Expr) -> Expr | None:
    """What a square root is taken of, once or to a power; None for anything else."""
    match e:
        case SquareRoot(operand):
            return operand
        case Power(base, exponent) if exponent.denominator == 2 and abs(exponent.numerator) <= HIGHEST:
            return base
    return None


def _rational_root(e: Expr | None) -> Fraction | None:
    """The root of a number that is a square of a fraction."""
    if not isinstance(e, Number) or e.value <= 0:
        return None
    above, below = math.isqrt(e.value.numerator), math.isqrt(e.value.denominator)
    return Fraction(above, below) if Fraction(above, below) ** 2 == e.value else None


def _of_network(question: Question) -> Mapping[Expr, Expr | None]:
    """The roots that the network has, each with what is under it in the network's own equation."""
    found: dict[Expr, Expr | None] = {root: _radicand(root) for root in _roots(question.asked)}
    for equation in question.network.equations:
        for root in _roots(equation.right):
            found.setdefault(root, _radicand(root))
            for _, part in subterms(root):
                made = question.network.definition(part, {}) if isinstance(part, Variable) and not part.index else None
                if made is not None:
                    # the same root, written out
                    found.setdefault(put(root, part, made.right), _radicand(root))
    return found


def _roots(e: Expr) -> Iterator[Expr]:
    """The parts of an expression that are roots, but for norms under an even power."""
    even: set[Expr] = set()
    for part in parts(e):
        if isinstance(part, Power | EntrywisePower):
            base = part.base if isinstance(part, Power) else part.operand
            if part.exponent.denominator != 1:
                yield part
            elif part.exponent.numerator % 2 == 0:
                even.add(base)
        elif isinstance(part, FROM_SQUARES) and not (isinstance(part, Norm) and part in even):
            yield part


# --- roots that take any value ---------------------------------------------------------------------------------------


def free_roots(question: Question) -> Mapping[Expr, tuple[Variable, Expr]]:
    """What stands under roots of the network that may take any value, with the parameter ε added there and the rest.

    That is `q + ε` with an ε of its own, which stands in no other root and nowhere in `q`: then `s = √(q + ε)` and all
    else may be chosen, and ε is `s² - q`.
    """
    return question.network.kept(("free roots",), lambda: dict(_free(question)))


def _free(question: Question) -> Iterator[tuple[Expr, tuple[Variable, Expr]]]:
    network = question.network
    roots = [(each, root) for each in network.equations for root in _roots(each.right)]
    if any(each.index is not None for each, _ in roots):
        # every member of a family has the same ε
        return
    under = {radicand for _, root in roots if (radicand := _radicand(root)) is not None}
    others = {root for _, root in roots if _radicand(root) is None}
    for radicand in under:
        if not isinstance(radicand, Sum) or shape(radicand, network) != SCALAR:
            continue
        for i, offset in enumerate(radicand.terms):
            if not isinstance(offset, Variable) or offset.index is not None or network.definition(offset, {}):
                continue
            left = radicand.terms[:i] + radicand.terms[i + 1 :]
            rest = left[0] if len(left) == 1 else Sum(left)
            elsewhere = [rest, *others, *(each for each in under if each != radicand)]
            if not any(_mentions(each, offset, question) for each in elsewhere):
                yield radicand, (offset, rest)
                break


def _mentions(e: Expr, variable: Variable, question: Question) -> bool:
    """Whether a variable stands in an expression, or in what computes it."""
    seen: set[Expr] = set()
    open_ = [e]
    while open_:
        for _, part in subterms(open_.pop()):
            if part == variable:
                return True
            if not isinstance(part, Variable) or part in seen:
                continue
            seen.add(part)
            try:
                made = question.network.definition(part, {})
            except LookupError:
                return True
            open_ += [] if made is None else [made.right]
    return False
