"""Expressions and statements as spoken words: alternative text of equations, and labels for screen readers.

Speech says what a formula means, so it reads the tree and not the boxes. Only ASCII letters, digits and simple
punctuation come out. A comma ends what an "of" takes along, "the quantity … end quantity" encloses a sum or product
within something else, and an index that is a sum is "layer l plus one", so that nothing has two readings by ear.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from symbackprop import expr, groups, magnitudes, statements
from symbackprop.dims import ONE, index
from symbackprop.equations import Network
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr
from symbackprop.notations import Notation
from symbackprop.orientation import in_rows
from symbackprop.render import chance, primitives
from symbackprop.render.spoken import (
    dim_words,
    is_compound,
    is_turned,
    lettered,
    place,
    rational_words,
    size_words,
    spelled_out,
)
from symbackprop.render.words import (
    Level,
    bounds_words,
    function_words,
    infix,
    level,
    loss_words,
    of,
    quantity,
    speak,
    stands,
)
from symbackprop.shapes import shape
from symbackprop.tree import children

__all__ = ["Level", "level", "speak"]

REGISTERED = (chance, primitives)  # importing them registers their words
_RELATIONS = {
    "=": "equals",
    "<": "is less than",
    ">": "is greater than",
    "≤": "is at most",
    "≥": "is at least",
    "⇒": "implies",
    "←": "becomes",
}
_POWERS = {Fraction(2): "squared", Fraction(3): "cubed"}
_NORMS = {"F": "the Frobenius norm of", "1": "the 1-norm of"}
_EXTREMES = {"max": "maximum", "min": "minimum", "sup": "supremum", "inf": "infimum"}
_SINGULAR = {expr.LARGEST: "largest", expr.SMALLEST: "smallest", expr.LEAST_NONZERO: "smallest nonzero"}

_FUNCTIONS: dict[type[Expr], str] = {
    expr.SquareRoot: "the square root of",
    expr.Diagonal: "the diagonal matrix of",
    expr.LogSumExp: "the log of the sum of the exponentials of",
    expr.Softmax: "softmax of",
}

stands(Level.NAME, expr.Identity, expr.Ones, expr.Zeros, groups.Membership)
stands(Level.PREFIX, expr.Kronecker, expr.Entry, expr.Row, expr.Column, expr.ColumnAt, expr.WithoutBias)
stands(Level.PREFIX, expr.Diagonal, expr.Elementwise, expr.LayerMap, expr.ActivationJacobian, expr.Function)
stands(Level.PREFIX, expr.LogSumExp, expr.Softmax, expr.Norm, expr.SingularValue, expr.SquareRoot)
stands(Level.PREFIX, expr.Partial, expr.IndexedProduct, expr.IndexedSum, expr.Columns)
stands(Level.PREFIX, magnitudes.OverUnit, magnitudes.Extreme, magnitudes.SingularValueAt, magnitudes.SpectralSum)


# --- parts of a matrix -----------------------------------------------------------------------------------------------


@speak.register
def _(e: expr.Entry, network: Network | None = None, notation: Notation | None = None) -> str:
    row = "" if e.column is None else f"{size_words(e.row, network, notation)}, "
    last = place(e.row if e.column is None else e.column, network, notation)
    return f"entry {row}{last} of {of(e.operand, network, notation)}"


@speak.register
def _(e: expr.Row, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"row {place(e.row, network, notation)} of {of(e.operand, network, notation)}"


@speak.register
def _(e: expr.Column, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"column {place(e.column, network, notation)} of {of(e.operand, network, notation)}"


@speak.register
def _(e: expr.Columns, network: Network | None = None, notation: Notation | None = None) -> str:
    first, last = size_words(e.first, network, notation), place(e.last, network, notation)
    return f"columns {first} to {last} of {of(e.operand, network, notation)}"


@speak.register
def _(e: expr.WithoutBias, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"{of(e.operand, network, notation)} without its bias {'row' if is_turned(network, notation) else 'column'}"


@speak.register
def _(e: expr.ColumnAt, network: Network | None = None, notation: Notation | None = None) -> str:
    one, other = ("row", "column") if is_turned(network, notation) else ("column", "row")
    sizes = ""
    if network is not None:
        vector = in_rows(e.vector, network) if is_turned(network, notation) else e.vector
        long, wide = (size_words(d, network, notation) for d in (shape(vector, network)[0], e.width))
        sizes = f" with {long} {other}s and {wide} {one}s"
    where = place(e.column, network, notation)
    return f"the matrix{sizes} whose {one} {where} is {of(e.vector, network, notation)} and whose other {one}s are zero"


# --- operations ------------------------------------------------------------------------------------------------------


@speak.register
def _(e: expr.Transpose, network: Network | None = None, notation: Notation | None = None) -> str:
    words = of(e.operand, network, notation)
    return f"{words} transpose" if level(e.operand) == Level.NAME else f"the transpose of {words}"


@level.register
def _(e: expr.Transpose) -> Level:
    return Level.NAME if level(e.operand) == Level.NAME else Level.PREFIX


@speak.register
def _(e: expr.Product, network: Network | None = None, notation: Notation | None = None) -> str:
    return infix([("times" if i else "", *part) for i, part in enumerate(_factors(e, network, notation))])


def _factors(e: expr.Product, network: Network | None, notation: Notation | None) -> Iterator[tuple[str, Level]]:
    """The factors of a product; only the first of its activation Jacobians is described, the others are named."""
    described: set[str] = set()
    for part in e.factors:
        if isinstance(part, expr.ActivationJacobian) and part.function in described:
            yield _jacobian(part, network, notation), Level.PREFIX
            continue
        if isinstance(part, expr.ActivationJacobian):
            described.add(part.function)
        yield of(part, network, notation), level(part)


@speak.register
def _(e: expr.Hadamard, network: Network | None = None, notation: Notation | None = None) -> str:
    return infix(
        [("entrywise times" if i else "", of(f, network, notation), level(f)) for i, f in enumerate(e.factors)]
    )


@speak.register
def _(e: expr.Sum, network: Network | None = None, notation: Notation | None = None) -> str:
    parts: list[tuple[str, str, Level]] = []
    for term in e.terms:
        minus = isinstance(term, expr.Negative)
        inner = term.operand if isinstance(term, expr.Negative) else term
        words = (
            quantity(speak(inner, network, notation))
            if isinstance(inner, expr.Sum)
            else speak(inner, network, notation)
        )
        parts.append(("minus" if minus else "plus" if parts else "", words, level(inner)))
    return infix(parts)


@speak.register
def _(e: expr.Negative, network: Network | None = None, notation: Notation | None = None) -> str:
    # "minus a times b" is one value either way; "minus a plus b" is not
    is_sum = isinstance(e.operand, expr.Sum | expr.Negative)
    words = speak(e.operand, network, notation)
    return f"minus {quantity(words) if is_sum else words}"


@speak.register
def _(e: expr.Quotient, network: Network | None = None, notation: Notation | None = None) -> str:
    return infix(
        [
            ("over" if i else "", of(part, network, notation), level(part))
            for i, part in enumerate((e.numerator, e.denominator))
        ]
    )


@speak.register
def _(e: expr.Power, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"{_base(e.base, network, notation)} {_power(e.exponent)}"


@speak.register
def _(e: groups.EntrywisePower, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"{_base(e.operand, network, notation)} {_power(e.exponent)} entry by entry"


def _base(e: Expr, network: Network | None, notation: Notation | None) -> str:
    words = speak(e, network, notation)
    return words if level(e) == Level.NAME else quantity(words)


def _power(exponent: Fraction) -> str:
    return _POWERS.get(exponent) or f"to the power {rational_words(exponent)}"


@level.register
def _(e: expr.Power) -> Level:
    return Level.NAME if level(e.base) == Level.NAME else Level.PREFIX


@level.register
def _(e: groups.EntrywisePower) -> Level:
    return Level.PREFIX


# --- functions -------------------------------------------------------------------------------------------------------


@speak.register
def _(
    e: expr.SquareRoot | expr.Diagonal | expr.LogSumExp | expr.Softmax,
    network: Network | None = None,
    notation: Notation | None = None,
) -> str:
    by_rows = ", row by row," if isinstance(e, expr.LogSumExp | expr.Softmax) and e.along == "row" else ""
    return f"{_FUNCTIONS[type(e)].removesuffix(' of')}{by_rows} of {of(e.operand, network, notation)}"


@speak.register
def _(e: expr.LayerMap, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"{lettered('layer_map', 'psi', notation)} of {of(e.operand, network, notation)}"


@speak.register
def _(e: expr.Elementwise, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"{function_words(e.function, e.order, network, notation)} of {of(e.operand, network, notation)}"


def _jacobian(e: expr.ActivationJacobian, network: Network | None, notation: Notation | None) -> str:
    if isinstance(e.operand, expr.Variable) and e.operand.index is not None:
        at = spelled_out(e.operand.index, network)
        at = at if notation is None else notation.numbered(at) + notation.quantity["activation_jacobian"].shift
        return f"the Jacobian of layer {dim_words(at, spelled=is_compound(at), notation=notation)}"
    return f"the Jacobian of {lettered('layer_map', 'psi', notation)} at {of(e.operand, network, notation)}"


@speak.register
def _(e: expr.ActivationJacobian, network: Network | None = None, notation: Notation | None = None) -> str:
    entries = f"{function_words(e.function, 1, network, notation)} of {of(e.operand, network, notation)}"
    line = "row" if is_turned(network, notation) else "column"
    return f"{_jacobian(e, network, notation)}, with {entries} on the diagonal and a last {line} of zeros"


@speak.register
def _(e: expr.Function, network: Network | None = None, notation: Notation | None = None) -> str:
    name = loss_words(notation) if e.name == expr.LOSS.name else function_words(e.name, 0, network, notation)
    return f"{name} of " + " and ".join(of(argument, network, notation) for argument in e.arguments)


@speak.register
def _(e: expr.Norm, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"{_NORMS.get(e.kind) or _two_norm(e.operand, network)} {of(e.operand, network, notation)}"


def _two_norm(e: Expr, network: Network | None) -> str:
    """What the 2-norm is called: the spectral norm of a matrix."""
    try:
        is_column = network is None or shape(e, network)[1] == ONE
    except ShapeError:
        is_column = True
    return "the 2-norm of" if is_column else "the spectral norm of"


@speak.register
def _(e: expr.SingularValue, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"the {_SINGULAR[e.which]} singular value of {of(e.operand, network, notation)}"


@speak.register
def _(e: magnitudes.SingularValueAt, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"singular value {place(e.at, network, notation)} of {of(e.operand, network, notation)}"


@speak.register
def _(e: expr.Partial, network: Network | None = None, notation: Notation | None = None) -> str:
    layout = ", in numerator layout," if e.numerator else ""
    upper, lower = of(e.of, network, notation), of(e.wrt, network, notation)
    return f"the partial derivative{layout} of {upper} with respect to {lower}"


# --- products and sums over an index ---------------------------------------------------------------------------------


@speak.register
def _(e: expr.IndexedProduct, network: Network | None = None, notation: Notation | None = None) -> str:
    bounds = (
        bounds_words(e.index, e.upper, e.lower, e.body, network, notation, "down to")
        if e.descending
        else bounds_words(e.index, e.lower, e.upper, children(e)[-1], network, notation)
    )
    return f"the product {bounds} of {speak(e.body, network, notation)}, end product"


@speak.register
def _(e: expr.IndexedSum, network: Network | None = None, notation: Notation | None = None) -> str:
    bounds = bounds_words(e.index, e.lower, e.upper, children(e)[-1], network, notation)
    return f"the sum {bounds} of {speak(e.body, network, notation)}, end sum"


@speak.register
def _(e: magnitudes.SpectralSum, network: Network | None = None, notation: Notation | None = None) -> str:
    values = f"the singular values {dim_words(index(e.index), notation=notation)} of {of(e.of, network, notation)}"
    return f"the sum over {values}, of {speak(e.body, network, notation)}, end sum"


@speak.register
def _(e: magnitudes.Extreme, network: Network | None = None, notation: Notation | None = None) -> str:
    bounds, name = bounds_words(e.index, e.lower, e.upper, children(e)[-1], network, notation), _EXTREMES[e.kind]
    return f"the {name} {bounds} of {speak(e.body, network, notation)}, end {name}"


@speak.register
def _(e: magnitudes.OverUnit, network: Network | None = None, notation: Notation | None = None) -> str:
    vector, name = speak(e.vector, network, notation), _EXTREMES[e.kind]
    return f"the {name} over unit vectors {vector}, of {speak(e.body, network, notation)}, end {name}"


# --- statements ------------------------------------------------------------------------------------------------------


@speak.register
def _(e: statements.Chain, network: Network | None = None, notation: Notation | None = None) -> str:
    first = "" if e.continued else speak(e.sides[0], network, notation)
    rest = [
        f"{_RELATIONS[r]} {speak(side, network, notation)}" for r, side in zip(e.relations, e.sides[1:], strict=True)
    ]
    return " ".join(filter(None, (first, *rest)))


@speak.register
def _(e: statements.Together, network: Network | None = None, notation: Notation | None = None) -> str:
    return "; and ".join(speak(part, network, notation) for part in e.parts)


@speak.register
def _(e: statements.Implies, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"if {speak(e.premise, network, notation)}, then {speak(e.conclusion, network, notation)}"


@speak.register
def _(e: statements.Ellipsis, network: Network | None = None, notation: Notation | None = None) -> str:
    return "and so on"
