"""The tree as plain SymPy: explicit matrices at given widths, `MatrixSymbol` expressions where widths stay symbols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import sympy

from symbackprop import expr, groups
from symbackprop.activations import scalar_function
from symbackprop.dims import Dim, Symbol, dim
from symbackprop.equations import Equation, Network
from symbackprop.errors import SymbackpropError
from symbackprop.explicit import Reading, explicit
from symbackprop.expr import LOSS, Bias, Expr, Hidden, PreActivation, Target, Variable, Weight
from symbackprop.matrices import scalar
from symbackprop.network import MLP
from symbackprop.primitives import ROWS, DiagonalPart, EntrywiseQuotient, Rows, Stacked, Trace
from symbackprop.shapes import SCALAR, shape
from symbackprop.substitution import substitute


def to_sympy(
    e: Expr,
    widths: Sequence[int] | None = None,
    network: Network | None = None,
    *,
    expand: bool = True,
    **indices: int,
) -> Any:
    """An expression as plain SymPy.

    Args:
        e: the expression; with widths, its free indices must be numbers, but the depth `L` may stay.
        widths: `n_0 … n_{L+1}`; those of the network if it has any.
        network: the network it is about; the lecture's if none is given.
        expand: whether pre-activations and hidden units are written out in weights and input, or stay symbols. A
            derivative by one of them is taken as if it were an independent variable, and written out afterwards.
        indices: numbers for the free indices: `j=1`.

    Returns:
        With widths: an `ImmutableDenseMatrix` over symbols `W_0[1,2]`, `b_0[1]`, `x_1`, `y_1` (and `z_1[2]`, `h_1[2]`,
        `yhat_1`), or an expression where the shape is 1 × 1. With a bias unit, the last entry of `x` and of every
        `h_l` is the number 1. A generic activation is `Function("g")`, a generic loss `Function("L")(ŷ…, y…)`.
        Without: an expression of `MatrixSymbol`s, as SymPy multiplies and simplifies them.

    Raises:
        ShapeError: if two parts do not conform.
        SymbackpropError: without widths, for what SymPy has no symbolic matrix for.
    """
    network = MLP() if network is None else network
    e = substitute(e, {name: dim(value) for name, value in indices.items()})
    if widths is None and getattr(network, "widths", None) is None:
        shape(e, network)
        return symbolic(e, network)
    concrete = at_widths(network, widths)
    e = at_depth(e, network, concrete)
    shape(e, concrete)
    reading = Reading(concrete)
    return scalar(reading.finished(explicit(e, reading), expand))


def at_widths(network: Network, widths: Sequence[int] | None) -> MLP:
    """The network with given widths, its forward equations kept as they are.

    Raises:
        SymbackpropError: for a network without layers, or widths that do not fit its depth.
    """
    if not isinstance(network, MLP):
        raise SymbackpropError("widths n_0 … n_(L+1) belong to an MLP: this network has variables of its own")
    if widths is None or tuple(widths) == network.widths:
        return network
    concrete = network.given(widths)
    if network.depth.is_constant and network.depth != concrete.depth:
        raise SymbackpropError(
            f"{len(widths)} widths do not fit depth {network.depth}: "
            f"write {network.depth.constant + 2} of them, n_0 … n_(L+1)"
        )
    values = _depth_value(network, concrete)
    concrete.equations = tuple(
        Equation(
            _variable(substitute(equation.left, values)),
            substitute(equation.right, values),
            equation.index,
            equation.lower.at(values),
            equation.upper.at(values),
        )
        for equation in network.equations
    )
    return concrete


def at_depth(e: Expr, network: Network, concrete: Network) -> Expr:
    """The expression with the depth of the concrete network in place of the symbol for it."""
    return substitute(e, _depth_value(network, concrete))


def _depth_value(network: Network, concrete: Network) -> dict[str, Dim]:
    match network.depth:
        case Dim(((Symbol(name), 1),), 0):
            return {name: concrete.depth}
    return {}


def _variable(e: Expr) -> Variable:
    assert isinstance(e, Variable)
    return e


# --- a whole network -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExplicitNetwork:
    """A network in SymPy: `x` to `loss`, every entry written out in weights, biases and input.

    Attributes:
        x: input, `n_0 × 1`; with a bias unit its last entry is 1.
        y: target, `n_{L+1} × 1`.
        weights: `W_0 … W_L`; biases: `b_0 … b_L`, none unless they are separate.
        preactivations: `z_1 … z_L`; hidden: `h_1 … h_L`.
        output: `ŷ`; loss: a scalar.
    """

    x: Any
    y: Any
    weights: tuple[Any, ...]
    biases: tuple[Any, ...]
    preactivations: tuple[Any, ...]
    hidden: tuple[Any, ...]
    output: Any
    loss: Any


def explicit_network(network: MLP, widths: Sequence[int] | None = None) -> ExplicitNetwork:
    """The whole network and its loss at given widths.

    Raises:
        SymbackpropError: if neither the network nor the caller gives widths, or they do not fit.
    """
    if widths is None and network.widths is None:
        raise SymbackpropError("the whole network in SymPy needs widths: write to_sympy(widths=[n_0, …, n_(L+1)])")
    concrete = at_widths(network, widths)
    depth = concrete.depth.constant
    full = Reading(concrete).full
    return ExplicitNetwork(
        x=full(concrete.input),
        y=full(Target()),
        weights=tuple(full(Weight(dim(l))) for l in range(depth + 1)),
        biases=tuple(full(Bias(dim(l))) for l in range(depth + 1)) if concrete.bias == "separate" else (),
        preactivations=tuple(full(PreActivation(dim(l))) for l in range(1, depth + 1)),
        hidden=tuple(full(Hidden(dim(l))) for l in range(1, depth + 1)),
        output=full(concrete.output),
        loss=full(LOSS),
    )


# --- symbolic widths -------------------------------------------------------------------------------------------------


def symbolic_dim(size: Dim, network: Network) -> Any:
    """A dim in SymPy: `n_{l+1} - 1` over positive integer symbols `n_{l+1}`, `l`."""
    total = sympy.Integer(0)
    spelled = sympy.sympify(size.constant)
    for atom, c in size.terms:
        name = str(atom)
        if name.startswith("units"):
            # what the network does not know better is the width without the bias unit
            name, spelled = name.replace("units", "n"), spelled - c
        total += c * sympy.Symbol(name, integer=True, positive=True)
    return total + spelled


@singledispatch
def symbolic(e: Expr, network: Network) -> Any:
    """An expression over `MatrixSymbol`s of symbolic shape.

    Raises:
        SymbackpropError: for what SymPy has no symbolic matrix for.
    """
    raise SymbackpropError(f"SymPy cannot say {e} with symbolic widths: give widths=[n_0, …, n_(L+1)]")


@symbolic.register
def _(e: Variable, network: Network) -> Any:
    found = shape(e, network)
    if found == SCALAR:
        return sympy.Symbol(str(e))
    return sympy.MatrixSymbol(str(e), *(symbolic_dim(size, network) for size in found))


@symbolic.register
def _(e: expr.Number, network: Network) -> Any:
    return sympy.Rational(e.value.numerator, e.value.denominator)


@symbolic.register
def _(e: expr.Size, network: Network) -> Any:
    return symbolic_dim(network.normal(e.size), network)


@symbolic.register
def _(e: expr.Identity, network: Network) -> Any:
    return sympy.Identity(symbolic_dim(network.normal(e.size), network))


@symbolic.register
def _(e: expr.Zeros, network: Network) -> Any:
    return sympy.ZeroMatrix(symbolic_dim(network.normal(e.size), network), 1)


@symbolic.register
def _(e: expr.Ones, network: Network) -> Any:
    return sympy.OneMatrix(symbolic_dim(network.normal(e.size), network), 1)


@symbolic.register
def _(e: expr.Entry, network: Network) -> Any:
    column = 0 if e.column is None else symbolic_dim(e.column, network) - 1
    return symbolic(e.operand, network)[symbolic_dim(e.row, network) - 1, column]


@symbolic.register
def _(e: expr.Row, network: Network) -> Any:
    return symbolic(e.operand, network)[symbolic_dim(e.row, network) - 1, :]


@symbolic.register
def _(e: expr.Column, network: Network) -> Any:
    return symbolic(e.operand, network)[:, symbolic_dim(e.column, network) - 1]


@symbolic.register
def _(e: expr.Columns, network: Network) -> Any:
    first, last = (symbolic_dim(network.normal(end), network) for end in (e.first, e.last))
    return symbolic(e.operand, network)[:, first - 1 : last]


@symbolic.register
def _(e: expr.Transpose, network: Network) -> Any:
    return sympy.Transpose(symbolic(e.operand, network)).doit(deep=False)


@symbolic.register
def _(e: expr.Product, network: Network) -> Any:
    total: Any = sympy.Integer(1)
    for factor in e.factors:
        total = total * symbolic(factor, network)
    return total


@symbolic.register
def _(e: expr.Hadamard, network: Network) -> Any:
    return sympy.HadamardProduct(*(symbolic(factor, network) for factor in e.factors))


@symbolic.register
def _(e: expr.Sum, network: Network) -> Any:
    first, *rest = (symbolic(term, network) for term in e.terms)
    return sum(rest, first)


@symbolic.register
def _(e: expr.Negative, network: Network) -> Any:
    return -symbolic(e.operand, network)


@symbolic.register
def _(e: expr.Quotient, network: Network) -> Any:
    return symbolic(e.numerator, network) / symbolic(e.denominator, network)


@symbolic.register
def _(e: expr.Power, network: Network) -> Any:
    return symbolic(e.base, network) ** sympy.Rational(e.exponent.numerator, e.exponent.denominator)


@symbolic.register
def _(e: groups.Membership, network: Network) -> Any:
    size = symbolic_dim(network.normal(e.size), network)
    each = size / e.groups
    i, k = sympy.Dummy("i", integer=True), sympy.Dummy("k", integer=True)
    # units are counted from 0 here
    inside = sympy.Piecewise((1, sympy.Eq(sympy.floor(i / each), k)), (0, True))
    return sympy.FunctionMatrix(size, e.groups, sympy.Lambda((i, k), inside))


@symbolic.register
def _(e: groups.EntrywisePower, network: Network) -> Any:
    return sympy.HadamardPower(symbolic(e.operand, network), sympy.Rational(*e.exponent.as_integer_ratio()))


@symbolic.register
def _(e: expr.SquareRoot, network: Network) -> Any:
    return sympy.sqrt(symbolic(e.operand, network))


@symbolic.register
def _(e: expr.Diagonal, network: Network) -> Any:
    return sympy.DiagMatrix(symbolic(e.operand, network))


@symbolic.register
def _(e: Trace, network: Network) -> Any:
    return sympy.Trace(symbolic(e.operand, network))


@symbolic.register
def _(e: DiagonalPart, network: Network) -> Any:
    return sympy.DiagonalOf(symbolic(e.operand, network))


@symbolic.register
def _(e: EntrywiseQuotient, network: Network) -> Any:
    above, below = symbolic(e.numerator, network), symbolic(e.denominator, network)
    if not getattr(below, "is_Matrix", False):
        return above / below
    return sympy.HadamardProduct(above, sympy.HadamardPower(below, -1))


@symbolic.register
def _(e: Stacked, network: Network) -> Any:
    blocks = [symbolic(part, network) for part in e.parts]
    if not all(getattr(block, "is_Matrix", False) for block in blocks):
        raise SymbackpropError(f"SymPy cannot say {e}, of which a block is a number, with symbolic widths: give widths")
    return sympy.BlockMatrix([blocks] if e.axis != ROWS else [[block] for block in blocks])


@symbolic.register
def _(e: Rows, network: Network) -> Any:
    first, last = (symbolic_dim(network.normal(end), network) for end in (e.first, e.last))
    return symbolic(e.operand, network)[first - 1 : last, :]


@symbolic.register
def _(e: expr.Elementwise, network: Network) -> Any:
    row = scalar_function(e.function)
    if row.is_generic and e.order:
        raise SymbackpropError(f"SymPy cannot say {e} with symbolic widths: give widths=[n_0, …, n_(L+1)]")
    u = sympy.Symbol("z", real=True)
    body = sympy.Function(row.name)(u) if row.is_generic else row.expression(e.order)
    function, operand = sympy.Lambda(u, body), symbolic(e.operand, network)
    return operand.applyfunc(function) if getattr(operand, "is_Matrix", False) else function(operand)


@symbolic.register
def _(e: expr.IndexedProduct, network: Network) -> Any:
    if not (e.lower.is_constant and e.upper.is_constant) or e.upper.constant < e.lower.constant:
        raise SymbackpropError(
            f"SymPy has no ordered product with bounds {e.lower} to {e.upper}: give widths or a depth"
        )
    values = list(range(e.lower.constant, e.upper.constant + 1))
    factors = [substitute(e.body, {e.index: dim(at)}) for at in (reversed(values) if e.descending else values)]
    return symbolic(factors[0] if len(factors) == 1 else expr.Product(tuple(factors)), network)


@symbolic.register
def _(e: expr.IndexedSum, network: Network) -> Any:
    at = sympy.Symbol(e.index, integer=True, positive=True)
    body = symbolic(e.body, network)
    if getattr(body, "is_Matrix", False):
        raise SymbackpropError(f"SymPy has no sum over {e.index} of matrices of symbolic shape: give widths=[n_0, …]")
    lower, upper = (symbolic_dim(network.normal(bound), network) for bound in (e.lower, e.upper))
    return sympy.Sum(body, (at, lower, upper))
