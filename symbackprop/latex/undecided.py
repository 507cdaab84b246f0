"""What forward equations leave open where only the order of reading would decide: whether a letter is a number.

`z = x y` conforms where `y` is a number, and where it is a column like `x`, as gates of a recurrent cell are. If
nothing else says which, that is refused rather than taken one way. So are a small Greek letter that is read as a matrix
where a number would do, as the scale of a normalization, and a softmax of one number, which is always 1.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeGuard

from symbackprop.dims import ONE
from symbackprop.equations import Network
from symbackprop.expr import Elementwise, Expr, Negative, Number, Power, Product, Softmax, Sum, Variable
from symbackprop.groups import EntrywisePower
from symbackprop.notations import GREEK
from symbackprop.primitives import EntrywiseQuotient
from symbackprop.shapes import SCALAR, Shape, shape
from symbackprop.tree import subterms


def undecided(e: Expr, known: Network, computed: Collection[str]) -> Iterator[tuple[Variable, Shape]]:
    """Variables in a right side that may have another shape, as far as the part with them says, with that shape.

    Args:
        known: says the shapes that were found.
        computed: the names of what equations compute.
    """
    for _, part in subterms(e):
        if isinstance(part, Product):
            size = shape(part, known)
            if size != SCALAR and ONE in size:
                yield from ((v, size) for factor in part.factors for v in _bare(factor) if shape(v, known) == SCALAR)
        elif isinstance(part, EntrywiseQuotient):
            operands = list(_bare(part.denominator))
            yield from ((v, SCALAR) for v in operands if shape(v, known) != SCALAR)
        elif _is_small_greek(part) and part.name not in computed and ONE not in shape(part, known):
            yield part, SCALAR


def _is_small_greek(e: Expr) -> TypeGuard[Variable]:
    letter = e.name.partition("_")[0] if isinstance(e, Variable) else ""
    return letter in GREEK and letter.islower()


def _bare(e: Expr) -> Iterator[Variable]:
    """The variables of whose entries something is made one by one: `y`, `1 - y`, `tanh(y)`."""
    match e:
        case Variable():
            yield e
        case Sum(terms):
            for term in terms:
                yield from _bare(term)
        case Negative(operand) | Elementwise(_, operand) | Power(operand) | EntrywisePower(operand):
            yield from _bare(operand)


def constant_softmax(e: Expr, known: Network) -> Softmax | None:
    """A softmax of one number."""
    found = (part for _, part in subterms(e) if isinstance(part, Softmax) and not isinstance(part.operand, Number))
    return next((part for part in found if shape(part.operand, known) == SCALAR), None)
