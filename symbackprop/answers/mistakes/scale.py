"""A factor that is missing or too much: 2 of a square, a mean for a sum; the other layout."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.mistakes.repair import Repair, Where, without
from symbackprop.dims import index
from symbackprop.expr import Expr, Hadamard, Number, Product, Quotient, Size, Sum, Transpose, Variable, number
from symbackprop.network import MLP

ORDER = 3
NUMBERS = (2, 4, 3)


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    if part is where.answer:
        yield from _of_the_whole(part, where)
    if isinstance(part, Sum):
        for i, term in enumerate(part.terms):
            for repair in _of_the_whole(term, where):
                if repair.code != "transposed-layout":
                    whole = Sum((*part.terms[:i], repair.instead, *part.terms[i + 1 :]))
                    yield Repair(repair.code, whole, f"{repair.says}, in the term {term} of {{part}}")
    if isinstance(part, Product | Hadamard):
        for i, factor in enumerate(part.factors):
            if isinstance(factor, Number) or where.is_scalar(factor):
                yield Repair("extra-factor", without(part, i), f"the factor {factor} in {{part}} is too much")


def _of_the_whole(part: Expr, where: Where) -> Iterator[Repair]:
    if not where.is_scalar(part):
        yield Repair("transposed-layout", Transpose(part), "this is the transpose: the gradient in the other layout")
    for value in NUMBERS:
        yield Repair("missing-factor", Product((number(value), part)), f"a factor {value} is missing")
        yield Repair("extra-factor", Quotient(part, number(value)), f"there is a factor {value} too much")
    for letter in sorted(getattr(where.question.network, "sizes", ())):
        size = Size(index(letter))
        yield Repair("mean-for-sum", Product((size, part)), f"this is a mean over {letter}, and a sum is asked for")
        yield Repair("sum-for-mean", Quotient(part, size), f"this is a sum, and a mean over {letter} is asked for")
    for factor in _columns(where):
        for made in (Product((part, factor)), Product((factor, part))):
            if where.shape(made) == where.shape(where.head):
                yield Repair("missing-factor", made, f"the factor {factor} is missing")
    for scalar in _scalars(where):
        yield Repair("missing-factor", Product((scalar, part)), f"the factor {scalar} is missing")


def _columns(where: Where) -> Iterator[Expr]:
    """The columns of the network and their transposes, where the answer has not the shape that it should have."""
    network = where.question.network
    if where.shape(where.answer) == where.shape(where.head):
        return
    own = [*getattr(network, "inputs", ()), *(equation.left for equation in network.equations if not equation.index)]
    own += [network.input] if isinstance(network, MLP) else []
    for variable in dict.fromkeys(own):
        if where.is_column(variable):
            yield from (variable, Transpose(variable))


def _scalars(where: Where) -> Iterator[Variable]:
    """The scalars of the network: rates and weights of terms."""
    own = getattr(where.question.network, "inputs", ())
    yield from (each for each in own if each.index is None and where.is_scalar(each))
