"""Expressions and statements as spoken words: alternative text of equations, and labels for screen readers.

Speech says what a formula means, so it reads the tree and not the boxes. Only ASCII letters, digits and simple
punctuation come out. A comma ends what an "of" takes along, "the quantity … end quantity" encloses a sum or product
within something else, and an index that is a sum is "layer l plus one", so that nothing has two readings by ear.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from fractions import Fraction
from functools import singledispatch

from symbackprop import expr, statements
from symbackprop.dims import DEPTH, ONE, Dim, Symbol, dim
from symbackprop.equations import Network
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr
from symbackprop.render.spoken import (
    FRACTIONS,
    atom_words,
    dim_words,
    indexed,
    is_compound,
    place,
    rational_words,
    said,
    size_words,
    spelled_out,
)
from symbackprop.shapes import shape
from symbackprop.tree import Node

_RELATIONS = {"=": "equals", "≤": "is at most", "≥": "is at least", "⇒": "implies"}
_PRIMES = {0: "", 1: " prime", 2: " double prime", 3: " triple prime"}
_POWERS = {Fraction(2): "squared", Fraction(3): "cubed"}
_NORMS = {"F": "the Frobenius norm of"}


_FUNCTIONS: dict[type[Expr], str] = {
    expr.SquareRoot: "the square root of",
    expr.Diagonal: "the diagonal matrix of",
    expr.LayerMap: "psi of",
    expr.LogSumExp: "the log of the sum of the exponentials of",
    expr.Softmax: "softmax of",
}


class Level(IntEnum):
    """How a phrase stands within another one."""

    # two parts with a sign between them: a quantity of its own within anything else
    INFIX = 0
    # takes what follows along: a comma ends it
    PREFIX = 1
    # a name
    NAME = 2


@singledispatch
def speak(e: Node, network: Network | None = None) -> str:
    """An expression or a statement in words.

    Args:
        e: what is to be spoken.
        network: says the sizes of matrices and which pre-activation is the output `ŷ`. Without one no sizes of
            matrices are said, and the output is the one after `L` hidden layers.

    Raises:
        TypeError: for a node that nobody registered words for.
    """
    raise TypeError(f"{type(e).__name__} has no words registered: add @speak.register for it")


@singledispatch
def level(e: Node) -> Level:
    """How the words of an expression stand within others; a quantity of its own is always right."""
    return Level.INFIX


def _stands(tightness: Level, *kinds: type[Expr]) -> None:
    for kind in kinds:
        level.register(kind)(lambda e: tightness)


_stands(Level.NAME, expr.Identity, expr.Ones)
_stands(Level.PREFIX, expr.Kronecker, expr.Entry, expr.Row, expr.Column, expr.ColumnAt, expr.WithoutBias)
_stands(Level.PREFIX, expr.Diagonal, expr.Elementwise, expr.LayerMap, expr.ActivationJacobian, expr.Function)
_stands(Level.PREFIX, expr.LogSumExp, expr.Softmax, expr.Norm, expr.SingularValue, expr.SquareRoot)
_stands(Level.PREFIX, expr.Partial, expr.IndexedProduct, expr.IndexedSum)


def _quantity(words: str) -> str:
    return f"the quantity {words}, end quantity"


def _of(e: Expr, network: Network | None) -> str:
    """The words of an operand: a quantity of its own where it has parts with a sign between them."""
    words = speak(e, network)
    return _quantity(words) if level(e) == Level.INFIX else words


def _infix(parts: list[tuple[str, str, Level]]) -> str:
    """Words with connectives before them; a comma after what would take the connective along."""
    text, before = "", Level.NAME
    for connective, words, tightness in parts:
        comma = "," if text and before < Level.NAME else ""
        text += f"{comma} {connective} {words}" if text else f"{connective} {words}".strip()
        before = tightness
    return text


# --- names, numbers, sizes -------------------------------------------------------------------------------------------


@speak.register
def _(e: expr.Variable, network: Network | None = None) -> str:
    return indexed(said(e.name), e.index)


@level.register
def _(e: expr.Variable) -> Level:
    is_output = isinstance(e, expr.PreActivation) and e.index == DEPTH + 1
    return Level.PREFIX if e.index is not None and is_compound(e.index) and not is_output else Level.NAME


@speak.register
def _(e: expr.PreActivation, network: Network | None = None) -> str:
    last = DEPTH if network is None else network.depth
    return "y hat" if e.index == last + 1 else indexed("z", e.index)


@speak.register
def _(e: expr.Hidden, network: Network | None = None) -> str:
    return "x" if e.index == dim(0) else indexed("h", e.index)


@speak.register
def _(e: expr.Loss, network: Network | None = None) -> str:
    # the depth is "capital L", a layer "l": by ear the letter alone would not do
    return "the loss L"


@level.register
def _(e: expr.Number) -> Level:
    return Level.NAME if e.value.denominator == 1 or e.value in FRACTIONS else Level.INFIX


@speak.register
def _(e: expr.Number, network: Network | None = None) -> str:
    return rational_words(e.value)


@speak.register
def _(e: expr.Size, network: Network | None = None) -> str:
    return size_words(e.size, network)


@level.register
def _(e: expr.Size) -> Level:
    return Level.INFIX if is_compound(spelled_out(e.size, None)) else Level.NAME


@speak.register
def _(e: expr.Identity, network: Network | None = None) -> str:
    return "the identity matrix"


@speak.register
def _(e: expr.Ones, network: Network | None = None) -> str:
    return "the vector of ones"


@speak.register
def _(e: expr.Kronecker, network: Network | None = None) -> str:
    return f"the Kronecker delta of {dim_words(e.one)} and {dim_words(e.two)}"


# --- parts of a matrix -----------------------------------------------------------------------------------------------


@speak.register
def _(e: expr.Entry, network: Network | None = None) -> str:
    row = "" if e.column is None else f"{size_words(e.row, network)}, "
    return f"entry {row}{place(e.row if e.column is None else e.column, network)} of {_of(e.operand, network)}"


@speak.register
def _(e: expr.Row, network: Network | None = None) -> str:
    return f"row {place(e.row, network)} of {_of(e.operand, network)}"


@speak.register
def _(e: expr.Column, network: Network | None = None) -> str:
    return f"column {place(e.column, network)} of {_of(e.operand, network)}"


@speak.register
def _(e: expr.WithoutBias, network: Network | None = None) -> str:
    return f"{_of(e.operand, network)} without its bias column"


@speak.register
def _(e: expr.ColumnAt, network: Network | None = None) -> str:
    sizes = ""
    if network is not None:
        rows, columns = (size_words(d, network) for d in (shape(e.vector, network)[0], e.width))
        sizes = f" with {rows} rows and {columns} columns"
    where = place(e.column, network)
    return f"the matrix{sizes} whose column {where} is {_of(e.vector, network)} and whose other columns are zero"


# --- operations ------------------------------------------------------------------------------------------------------


@speak.register
def _(e: expr.Transpose, network: Network | None = None) -> str:
    words = _of(e.operand, network)
    return f"{words} transpose" if level(e.operand) == Level.NAME else f"the transpose of {words}"


@level.register
def _(e: expr.Transpose) -> Level:
    return Level.NAME if level(e.operand) == Level.NAME else Level.PREFIX


@speak.register
def _(e: expr.Product, network: Network | None = None) -> str:
    return _infix([("times" if i else "", *part) for i, part in enumerate(_factors(e, network))])


def _factors(e: expr.Product, network: Network | None) -> Iterator[tuple[str, Level]]:
    """The factors of a product; only the first of its activation Jacobians is described, the others are named."""
    described: set[str] = set()
    for part in e.factors:
        if isinstance(part, expr.ActivationJacobian) and part.function in described:
            yield _jacobian(part, network), Level.PREFIX
            continue
        if isinstance(part, expr.ActivationJacobian):
            described.add(part.function)
        yield _of(part, network), level(part)


@speak.register
def _(e: expr.Hadamard, network: Network | None = None) -> str:
    return _infix([("entrywise times" if i else "", _of(f, network), level(f)) for i, f in enumerate(e.factors)])


@speak.register
def _(e: expr.Sum, network: Network | None = None) -> str:
    parts: list[tuple[str, str, Level]] = []
    for term in e.terms:
        minus = isinstance(term, expr.Negative)
        inner = term.operand if isinstance(term, expr.Negative) else term
        words = _quantity(speak(inner, network)) if isinstance(inner, expr.Sum) else speak(inner, network)
        parts.append(("minus" if minus else "plus" if parts else "", words, level(inner)))
    return _infix(parts)


@speak.register
def _(e: expr.Negative, network: Network | None = None) -> str:
    # "minus a times b" is one value either way; "minus a plus b" is not
    is_sum = isinstance(e.operand, expr.Sum | expr.Negative)
    words = speak(e.operand, network)
    return f"minus {_quantity(words) if is_sum else words}"


@speak.register
def _(e: expr.Quotient, network: Network | None = None) -> str:
    return _infix(
        [("over" if i else "", _of(part, network), level(part)) for i, part in enumerate((e.numerator, e.denominator))]
    )


@speak.register
def _(e: expr.Power, network: Network | None = None) -> str:
    power = _POWERS.get(e.exponent) or f"to the power {rational_words(e.exponent)}"
    base = speak(e.base, network)
    return f"{base if level(e.base) == Level.NAME else _quantity(base)} {power}"


@level.register
def _(e: expr.Power) -> Level:
    return Level.NAME if level(e.base) == Level.NAME else Level.PREFIX


# --- functions -------------------------------------------------------------------------------------------------------


@speak.register
def _(
    e: expr.SquareRoot | expr.Diagonal | expr.LayerMap | expr.LogSumExp | expr.Softmax, network: Network | None = None
) -> str:
    return f"{_FUNCTIONS[type(e)]} {_of(e.operand, network)}"


def _function(name: str, order: int) -> str:
    primes = _PRIMES.get(order)
    return f"derivative {order} of {said(name)}" if primes is None else said(name) + primes


@speak.register
def _(e: expr.Elementwise, network: Network | None = None) -> str:
    return f"{_function(e.function, e.order)} of {_of(e.operand, network)}"


def _jacobian(e: expr.ActivationJacobian, network: Network | None) -> str:
    if isinstance(e.operand, expr.Variable) and e.operand.index is not None:
        at = spelled_out(e.operand.index, network)
        return f"the Jacobian of layer {dim_words(at, spelled=is_compound(at))}"
    return f"the Jacobian of psi at {_of(e.operand, network)}"


@speak.register
def _(e: expr.ActivationJacobian, network: Network | None = None) -> str:
    entries = f"{_function(e.function, 1)} of {_of(e.operand, network)}"
    return f"{_jacobian(e, network)}, with {entries} on the diagonal and a last column of zeros"


@speak.register
def _(e: expr.Function, network: Network | None = None) -> str:
    name = "the loss L" if e.name == expr.LOSS.name else said(e.name)
    return f"{name} of " + " and ".join(_of(argument, network) for argument in e.arguments)


@speak.register
def _(e: expr.Norm, network: Network | None = None) -> str:
    return f"{_NORMS.get(e.kind) or _two_norm(e.operand, network)} {_of(e.operand, network)}"


def _two_norm(e: Expr, network: Network | None) -> str:
    """What the 2-norm is called: the spectral norm of a matrix."""
    try:
        is_column = network is None or shape(e, network)[1] == ONE
    except ShapeError:
        is_column = True
    return "the 2-norm of" if is_column else "the spectral norm of"


@speak.register
def _(e: expr.SingularValue, network: Network | None = None) -> str:
    return f"the {'largest' if e.largest else 'smallest'} singular value of {_of(e.operand, network)}"


@speak.register
def _(e: expr.Partial, network: Network | None = None) -> str:
    layout = ", in numerator layout," if e.numerator else ""
    of, wrt = _of(e.of, network), _of(e.wrt, network)
    return f"the partial derivative{layout} of {of} with respect to {wrt}"


# --- products and sums over an index ---------------------------------------------------------------------------------


def _bounds(name: str, first: Dim, last: Dim, network: Network | None, way: str = "to") -> str:
    said, _ = atom_words(Symbol(name))
    return f"over {said} from {size_words(first, network)} {way} {size_words(last, network)}"


@speak.register
def _(e: expr.IndexedProduct, network: Network | None = None) -> str:
    bounds = (
        _bounds(e.index, e.upper, e.lower, network, "down to")
        if e.descending
        else _bounds(e.index, e.lower, e.upper, network)
    )
    return f"the product {bounds} of {speak(e.body, network)}, end product"


@speak.register
def _(e: expr.IndexedSum, network: Network | None = None) -> str:
    return f"the sum {_bounds(e.index, e.lower, e.upper, network)} of {speak(e.body, network)}, end sum"


# --- statements ------------------------------------------------------------------------------------------------------


@speak.register
def _(e: statements.Chain, network: Network | None = None) -> str:
    first = "" if e.continued else speak(e.sides[0], network)
    rest = [f"{_RELATIONS[r]} {speak(side, network)}" for r, side in zip(e.relations, e.sides[1:], strict=True)]
    return " ".join(filter(None, (first, *rest)))


@speak.register
def _(e: statements.Together, network: Network | None = None) -> str:
    return "; and ".join(speak(part, network) for part in e.parts)


@speak.register
def _(e: statements.Implies, network: Network | None = None) -> str:
    return f"if {speak(e.premise, network)}, then {speak(e.conclusion, network)}"


@speak.register
def _(e: statements.Ellipsis, network: Network | None = None) -> str:
    return "and so on"
