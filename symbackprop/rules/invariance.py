"""What layer normalization forgets, and layers that are too small for it, derived from its equations.

A shift `z + τ 1` and a scale `α z` of all pre-activations leave what comes behind the layer as it is; so the gradient
is orthogonal to `1` and to `z`. Of two units only the sign of their difference is left, of one unit nothing.
Every step is proved by entries, by a theorem on norms, or by a derivation before it: no rule here is new.
"""

from __future__ import annotations

from fractions import Fraction

from symbackprop.derivation import Derivation, Reason, Rule
from symbackprop.dims import Bounds, Dim, dim, index
from symbackprop.equations import Equation
from symbackprop.expr import (
    LOSS,
    Diagonal,
    Entry,
    Expr,
    Function,
    Identity,
    IndexedSum,
    Named,
    Norm,
    Number,
    Ones,
    Partial,
    Power,
    Product,
    Quotient,
    Size,
    SquareRoot,
    Sum,
    number,
)
from symbackprop.network import MLP
from symbackprop.normalization import Epsilon, Normalized, OneSet, epsilon_of, scheme
from symbackprop.quantities import Quantities
from symbackprop.rules.citation import as_derived
from symbackprop.rules.decay import below_frobenius
from symbackprop.rules.normalization import every_use, invariances
from symbackprop.rules.norms import bounded, multiplied_out
from symbackprop.shapes import SCALAR, Shape
from symbackprop.statements import equal

n = index("n")
COUNT, COUNT_I, ONE_N, ROOT = Size(n), Size(index("i")), Ones(n), SquareRoot(Size(n))
TWO = Fraction(2)
z, mean, c, s, a, v, u, x = (Named(name) for name in ("z", "mean", "c", "s", "a", "v", "u", "x"))
SHIFT, SCALE, ROOT_OF_SCALE = Named("tau"), Named("alpha"), Named("beta")
# √n/s diag(v) c + u
RESULT = Quotient(ROOT, s) @ Diagonal(v) @ c + u
# (I - 11ᵀ/n), which takes off the mean
CENTRING = Identity(n) - Quotient(number(1), COUNT) @ ONE_N @ ONE_N.T
CENTRED: Reason = ("The centred column, as derived.",)


def defined(to: Expr, name: Expr, right: Expr) -> Rule:
    """The rule that puts in what a name stands for, or the name: both are one by `name = right`."""
    return multiplied_out(to, "definition", (equal(name, right), "."))


def _set(column: Named, epsilon: Epsilon = None, further: tuple[Equation, ...] = ()) -> tuple[OneSet, Normalized]:
    """A layer of `n` units, normalized; its equations are names for their right sides.

    Args:
        column: the pre-activations.
        further: equations that come before.
    """
    at = Normalized(scheme("layer"), column, n, epsilon=epsilon)
    scalars = {each.name: SCALAR for each in (SHIFT, SCALE, ROOT_OF_SCALE)}
    shapes: dict[str, Shape] = {**at.shapes, **dict.fromkeys((z.name, x.name), (n, dim(1))), **scalars}
    if isinstance(epsilon, str):
        shapes[epsilon] = SCALAR
    lines = tuple(Equation(left, right, abbreviates=True) for left, right, _ in at.lines())
    return OneSet(shapes, (*further, *lines), epsilon), at


# every number above 0 is a square
POSITIVE = Equation(SCALE, Power(ROOT_OF_SCALE, TWO), abbreviates=True)


def _known() -> Bounds:
    return {"n": (dim(2), None)}


# --- a shift and a scale ----------------------------------------------------------------------------------------------


def centring() -> Derivation:
    """`c = z - z̄ 1 = (I - 11ᵀ/n) z`."""
    network, _ = _set(z)
    written = Derivation(c, network, known=_known()).by(defined(z - mean @ ONE_N, c, z - mean @ ONE_N))
    return written.by(multiplied_out(CENTRING @ z, "common factor", (mean, " is 1/n times the sum of the entries.")))


def shifted(epsilon: Epsilon = None) -> tuple[Derivation, Derivation, Derivation]:
    """Of `z + τ 1`: the centred column is `c`, the length `s`, the result `a`; with ε as well."""
    network, at = _set(z, epsilon)
    moved = z + SHIFT @ ONE_N
    column = Derivation(CENTRING @ moved, network, known=_known(), title="Shifted: the centred column")
    apart = column.by(
        multiplied_out(CENTRING @ z + SHIFT @ CENTRING @ ONE_N, "distributed", ("Each term for itself.",))
    )
    why = ("A column of equal entries has them as its mean.",)
    column = apart.by(multiplied_out(CENTRING @ z, "what cancels", why)).by(defined(c, c, CENTRING @ z))
    size = Derivation(_measured(at, column.start), network, known=_known(), title="Shifted: the length")
    size = size.by(as_derived(column, why=CENTRED)).by(defined(s, s, at.measured()))
    whole = _result(network, size, column, "Shifted: the result")
    return column, size, whole.by(defined(a, a, RESULT))


def scaled() -> tuple[Derivation, Derivation, Derivation]:
    """Of `α z` for `α > 0`, without ε: the centred column is `α c`, the length `α s`, the result `a`."""
    network, at = _set(z, further=(POSITIVE,))
    column = Derivation(CENTRING @ SCALE @ z, network, known=_known(), title="Scaled: the centred column")
    column = column.by(multiplied_out(SCALE @ CENTRING @ z, "scalars commute", ("A scalar may stand anywhere.",)))
    column = column.by(defined(SCALE @ c, c, CENTRING @ z))
    size = Derivation(_measured(at, column.start), network, known=_known(), title="Scaled: the length")
    square = POSITIVE.right
    positive: Reason = (SCALE, " is above 0: ", equal(SCALE, square), ".")
    size = size.by(as_derived(column, why=CENTRED)).by(multiplied_out(Norm(square @ c), "a positive number", positive))
    size = size.by(
        multiplied_out(
            square @ Norm(c),
            "a norm is homogeneous",
            (
                square,
                " is not below 0.",
            ),
        )
    )
    size = size.by(defined(SCALE @ s, s, at.measured()))
    whole = _result(network, size, column, "Scaled: the result")
    whole = whole.by(multiplied_out(RESULT, "what cancels", (SCALE, " above and below.")))
    return column, size, whole.by(defined(a, a, RESULT))


def scaled_with(epsilon: str = "epsilon") -> Derivation:
    """With ε: `‖α c‖² + n ε = α² s² + (1 - α²) n ε`, which is `α² s²` for `α = 1` only."""
    network, at = _set(z, epsilon, (POSITIVE,))
    more = COUNT @ Named(epsilon)
    start = Derivation(Power(Norm(SCALE @ c), TWO) + more, network, known=_known(), title="Scaled, with ε")
    square = Power(SCALE, TWO)
    apart = start.by(multiplied_out(square @ Power(Norm(c), TWO) + more, "a norm is homogeneous", ("In the square.",)))
    result = square @ Power(s, TWO) + (number(1) - square) @ more
    return apart.by(multiplied_out(result, "added and taken away", (equal(s, at.measured()), ".")))


def _measured(at: Normalized, column: Expr) -> Expr:
    """The length of a column that is centred already, with ε where the set has it."""
    more = epsilon_of(at.epsilon)
    return Norm(column) if more is None else SquareRoot(Power(Norm(column), TWO) + COUNT @ more)


def _result(network: OneSet, size: Derivation, column: Derivation, title: str) -> Derivation:
    """`√n/(the length) diag(v) (the centred column) + u`, both put in as they were derived."""
    made = Sum((Product((Quotient(ROOT, size.start), Diagonal(v), column.start)), u))
    start = Derivation(made, network, known=_known(), title=title)
    return start.by(as_derived(size), at=(0, 0, 1)).by(as_derived(column), at=(0, 2))


# --- what that says of the gradient -----------------------------------------------------------------------------------


def by_shift_and_scale() -> tuple[Derivation, Derivation]:
    """`∂L/∂τ = 1ᵀ ∂L/∂x` and `∂L/∂α = zᵀ ∂L/∂x` for `x = α z + τ 1`, whatever comes behind `x`."""
    shapes = {z.name: ("n",), x.name: ("n",), SHIFT.name: (), SCALE.name: ()}
    moved = Equation(x, SCALE @ z + SHIFT @ ONE_N)
    network = Quantities(shapes, (moved, Equation(LOSS, Function(LOSS.name, (x,)))))
    starts = (Derivation(Partial(LOSS, by), network, known=network.bounds) for by in (SHIFT, SCALE))
    shift, scale = (start.by(every_use) for start in starts)
    return shift, scale


def along_itself(network: MLP, layer: str = "l") -> Derivation:
    """`z_lᵀ ∂L/∂z_l = c_lᵀ ∂L/∂z_l + z̄_l 1ᵀ ∂L/∂z_l = 0`, for layer normalization without ε."""
    along_ones, along_centred = invariances(network, layer)
    at = network.normalized(index(layer))
    assert at is not None
    gradient = Partial(LOSS, at.column)
    start = Derivation(at.column.T @ gradient, network, known=along_ones.known)
    parts = Sum((along_centred.start, Product((at.mean, along_ones.start))))
    column = at.centred + at.mean @ Ones(at.size)
    made = start.by(multiplied_out(parts, "the mean apart", (equal(at.column, column), ".")))
    made = made.by(as_derived(along_centred), at=(0,)).by(as_derived(along_ones), at=(1, 1))
    return made.by(multiplied_out(number(0), "nothing is left", ("Both terms are 0.",)))


# --- two units --------------------------------------------------------------------------------------------------------


# any matrix, and any column
MATRIX, COLUMN = Named("M"), Named("w")
# what stands in the backward pass between √n/s and diag(v)
JACOBIAN = Sum((*CENTRING.terms, -(Quotient(number(1), Power(s, TWO)) @ c @ c.T)))


def frobenius() -> Derivation:
    """`‖M‖_F² = Σ_i (M M)_{i,i} = Σ_i M_{i,i} = n - 2` for `M = I - 11ᵀ/n - ccᵀ/s²`, without ε."""
    network, at = _set(z)
    start = Derivation(Power(Norm(JACOBIAN, "F"), TWO), network, known=_known())
    i = index("i")
    square, trace = (IndexedSum("i", dim(1), n, Entry(e, i, i)) for e in (JACOBIAN @ JACOBIAN, JACOBIAN))
    why = ("Entry ", COUNT_I, ", ", COUNT_I, " is the sum of the squares of a column, as the matrix is symmetric.")
    made = start.by(multiplied_out(square, "trace", why))
    made = made.by(multiplied_out(trace, "a projection", ("The matrix times itself is itself.",)))
    size: Reason = ("The traces of the three are ", COUNT, ", 1 and 1: ", equal(s, at.measured()), ".")
    return made.by(multiplied_out(COUNT - number(2), "the trace is linear", size))


def vanishing() -> Derivation:
    """`‖M w‖ ≤ ‖M‖_F ‖w‖`: a matrix of Frobenius norm 0 makes 0 of every column."""
    space = Quantities({MATRIX.name: ("n", "n"), COLUMN.name: ("n",)})
    return Derivation(Norm(MATRIX @ COLUMN), space, known=space.bounds).by(bounded).by(below_frobenius)


def two_units() -> tuple[Derivation, Derivation, Derivation]:
    """`c_2 = -c_1`, `s² = 2 c_1²` and `(√2/s c_1)² = 1`."""
    network = _pair()
    z_1, z_2, c_1, c_2 = (Named(name) for name in ("z_1", "z_2", "c_1", "c_2"))
    half = Number(Fraction(1, 2))
    other = Derivation(c_2, network)
    other = other.by(defined(z_2 - half @ (z_1 + z_2), mean, half @ (z_1 + z_2)))
    other = other.by(multiplied_out(-(half @ (z_1 - z_2)), "half the difference", ("Half of each is left.",)))
    other = other.by(defined(-c_1, c_1, z_1 - mean))
    square = Derivation(Power(s, TWO), network)
    square = square.by(defined(Power(c_1, TWO) + Power(c_2, TWO), s, SquareRoot(Power(c_1, TWO) + Power(c_2, TWO))))
    square = square.by(as_derived(other), at=(1, 0))
    doubled = number(2) @ Power(c_1, TWO)
    square = square.by(multiplied_out(doubled, "equal terms", ("Both squares are the same.",)))
    ratio = Derivation(Power(Quotient(SquareRoot(number(2)), s) @ c_1, TWO), network)
    ratio = ratio.by(multiplied_out(Quotient(doubled, Power(s, TWO)), "the square of a product", ("Each squared.",)))
    ratio = ratio.by(as_derived(square, backwards=True), at=(0,))
    return other, square, ratio.by(multiplied_out(number(1), "what cancels", ("Above and below.",)))


def _pair() -> Quantities:
    """The normalization of two units, each a scalar."""
    z_1, z_2, c_1, c_2 = (Named(name) for name in ("z_1", "z_2", "c_1", "c_2"))
    equations = (
        Equation(mean, Number(Fraction(1, 2)) @ (z_1 + z_2), abbreviates=True),
        Equation(c_1, z_1 - mean, abbreviates=True),
        Equation(c_2, z_2 - mean, abbreviates=True),
        Equation(s, SquareRoot(Power(c_1, TWO) + Power(c_2, TWO)), abbreviates=True),
    )
    return Quantities(dict.fromkeys(("z_1", "z_2", "mean", "c_1", "c_2", "s"), ()), equations)


# --- one unit ---------------------------------------------------------------------------------------------------------

Z_1, MEAN_1, C_1, S_1, A_1, V_1, U_1 = (Named(name) for name in ("z_1", "mean", "c_1", "s", "a_1", "v_1", "u_1"))


def one_unit() -> tuple[Derivation, Derivation]:
    """`c_1 = 0`, and `s² = 0` without ε."""
    network = _single(None)
    column = _centred(network)
    square = Derivation(Power(Norm(C_1), TWO), network).by(as_derived(column), at=(0, 0))
    return column, square.by(multiplied_out(number(0), "the norm of 0", ("The only vector of norm 0.",)))


def one_unit_with(epsilon: str = "epsilon") -> tuple[Derivation, Derivation]:
    """With ε: `a_1 = u_1`, and `∂L/∂z_1 = 0`."""
    network = _single(epsilon)
    column = _centred(network)
    argument = Derivation(A_1, network)
    argument = argument.by(defined(_argument(), A_1, _argument())).by(as_derived(column), at=(0, 2))
    argument = argument.by(multiplied_out(U_1, "a factor 0", ("What is divided by is at least the root of ε.",)))
    gradient = Derivation(Partial(LOSS, Z_1), network).by(every_use).by(every_use, at=(1,))
    return argument, gradient.by(multiplied_out(number(0), "what cancels", ("The unit is its own mean.",)))


def _centred(network: Quantities) -> Derivation:
    made = Derivation(C_1, network).by(defined(Z_1 - MEAN_1, C_1, Z_1 - MEAN_1))
    made = made.by(multiplied_out(Z_1 - Z_1, "definition", ("The mean of one number is that number.",)))
    return made.by(multiplied_out(number(0), "what cancels", ("A number minus itself.",)))


def _argument() -> Expr:
    return Product((Quotient(number(1), S_1), V_1, C_1)) + U_1


def _single(epsilon: str | None) -> Quantities:
    """The normalization of one unit: `√1/s v_1 c_1 + u_1`."""
    equations: tuple[Equation, ...] = (
        Equation(MEAN_1, Z_1, abbreviates=True),
        Equation(C_1, Z_1 - MEAN_1, abbreviates=True),
    )
    if epsilon is None:
        return Quantities(dict.fromkeys(("z_1", "mean", "c_1"), ()), equations)
    length = SquareRoot(Power(C_1, TWO) + Named(epsilon))
    equations = (
        *equations,
        Equation(S_1, length, abbreviates=True),
        Equation(A_1, _argument(), abbreviates=True),
        Equation(LOSS, Function(LOSS.name, (A_1,))),
    )
    shapes: dict[str, tuple[Dim, ...]] = dict.fromkeys(("z_1", "mean", "c_1", "s", "a_1", "v_1", "u_1", epsilon), ())
    return OneSet(shapes, equations, epsilon)
