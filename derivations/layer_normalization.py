"""Layer normalization: the pre-activations of each hidden layer are centred and scaled."""

from fractions import Fraction

from symbackprop.derivation import Derivation, Reason
from symbackprop.dims import index, units
from symbackprop.expr import (
    LOSS,
    Bias,
    Expr,
    Hidden,
    Identity,
    Named,
    Norm,
    Number,
    Ones,
    Partial,
    Power,
    PreActivation,
    Quotient,
    Row,
    Size,
    SquareRoot,
    Weight,
    number,
)
from symbackprop.magnitudes import OverUnit
from symbackprop.network import MLP
from symbackprop.normalization import Normalized, scheme
from symbackprop.quantities import Quantities
from symbackprop.rules.gradients import weight_row
from symbackprop.rules.invariance import (
    along_itself,
    by_shift_and_scale,
    centring,
    frobenius,
    one_unit,
    one_unit_with,
    scaled,
    scaled_with,
    shifted,
    two_units,
    vanishing,
)
from symbackprop.rules.layers import to_layer
from symbackprop.rules.normalization import invariances, parameter_gradients, projection, through_scheme
from symbackprop.rules.norms import assumed, length_kept, multiplied_out, on_sphere
from symbackprop.statements import Together, equal
from symbackprop.substitution import put
from symbackprop.topic import Numbers, Part, Prose, Remark, Shows, Topic

ORDER = 60
A, x, u, v = (Named(name) for name in "Axuv")
SPACE = Quantities({"A": ("m", "n"), "x": ("n",), "u": ("n",), "v": ("n",)})
SAME_LENGTH = equal(Norm(A @ x), Norm(x))
ORTHONORMAL = equal(A.T @ A, Identity(index("n")))


def derive(network: MLP, style: str) -> Topic:
    """∂L/∂z_l = (√n/s_l) (I - 11ᵀ/n - c_l c_lᵀ/s_l²) diag(v_l) ∂L/∂a_l."""
    normalized = with_layers(network)
    through = through_scheme(normalized)
    return Topic(
        (
            Prose(("Instead of scaling the weights, scale the pre-activations of each hidden layer. If",)),
            Shows(SAME_LENGTH, "layernorm.isometry", note=("for all ", x)),
            Prose(("the singular values of ", A, " must all be 1.",)),
            polarization(),
            Prose(("As ", u, " and ", v, " are any vectors, the columns of ", A, " are orthonormal:",)),
            Shows(ORTHONORMAL),
            *extremes(),
            Prose(("All singular values lie between these two.",)),
            one_point(),
            Prose(("Originally in each layer:",)),
            Shows(before(network), "layernorm.before"),
            Prose(("With layer normalization, with further parameters ", Named("u", index("l") + 1), " and ",
                   Named("v", index("l") + 1), ":")),
            Shows(after(network), "layernorm.after"),
            Prose(("The backward pass, from the pre-activations to the argument ", Named("a", index("l")),
                   " of the activation:")),
            through,
            *parameter_gradients(normalized),
            forgotten(normalized),
            singular(normalized),
            Prose(("The gradient of a row of the first weights, with the normalization in place:",)),
            rows(normalized),
        ),
        normalized,
    )  # fmt: skip


def rows(network: MLP) -> Derivation:
    """∂L/∂w_{0,j}ᵀ, a factor for the normalization in each layer."""
    start = Derivation(Partial(LOSS, Row(Weight(0), index("j")).T), network)
    return to_layer(start.by(weight_row), network, 1, network.depth + 1)


def with_layers(network: MLP) -> MLP:
    """The same network with layer normalization, unless it has one already."""
    if network.scheme is not None:
        return network
    return MLP(**{**network.options, "normalization": "layer"})


# --- the singular values ----------------------------------------------------------------------------------------------


def polarization() -> Derivation:
    """uᵀAᵀA v = uᵀ v for all u and v, so AᵀA = I."""
    plus, minus = u + v, u - v
    given = (equal(Norm(A @ plus), Norm(plus)), equal(Norm(A @ minus), Norm(minus)))
    title = "Products are kept, too"
    start = Derivation(u.T @ A.T @ A @ v, SPACE, known=SPACE.bounds, given=given, title=title)
    why = ("The squares of both lengths, written out, differ by four times this.",)
    lengths = start.by(multiplied_out(quarter(Norm(A @ plus), Norm(A @ minus)), "polarization", why))
    kept = ("By assumption, for this vector.",)
    first = lengths.by(assumed(Norm(A @ minus), Norm(minus), kept)).by(assumed(Norm(A @ plus), Norm(plus), kept))
    return first.by(multiplied_out(u.T @ v, "polarization", ("The same for these two vectors.",)))


def quarter(one: Expr, two: Expr) -> Expr:
    """(‖…‖² - ‖…‖²)/4."""
    square = Fraction(2)
    return Number(Fraction(1, 4)) @ (Power(one, square) - Power(two, square))


def extremes() -> tuple[Derivation, Derivation]:
    """The largest and the smallest singular value are 1, and so are all between them."""
    made = []
    for kind, name in (("sup", "The largest singular value"), ("inf", "The smallest singular value")):
        start = Derivation(OverUnit(kind, x, Norm(A @ x)), SPACE, known=SPACE.bounds, given=(ORTHONORMAL,), title=name)
        made.append(start.by(length_kept).by(on_sphere))
    return made[0], made[1]


def one_point() -> Remark:
    """A norm fixed at one point says nothing of the matrix."""
    words = ("“It suffices to control the norms” does not follow, though: the assumption is about all vectors. A norm "
             "that is kept at one point leaves the singular values free.",)  # fmt: skip
    table = Numbers("A matrix that keeps the length of one vector", ("quantity", "value"), counterexample)
    return Remark("Not at one point", (Prose(words), table))


def counterexample() -> tuple[tuple[str, str], ...]:
    """A = diag(2, 1/2) keeps the length of (1, 2)."""
    import numpy as np

    matrix, vector = np.diag([2.0, 0.5]), np.array([1.0, 2.0])
    lengths = [f"{np.linalg.norm(each):.6g}" for each in (matrix @ vector, vector)]
    values = ", ".join(f"{value:g}" for value in np.linalg.svd(matrix, compute_uv=False))
    return ("A", "diag(2, 0.5)"), ("x", "(1, 2)"), ("‖Ax‖", lengths[0]), ("‖x‖", lengths[1]), ("σ(A)", values)


# --- the layer --------------------------------------------------------------------------------------------------------


def before(network: MLP) -> Together:
    """z_{l+1} = W_l h_l, h_{l+1} = ψ(z_{l+1})."""
    l = index("l")
    z, h = PreActivation(l + 1), Hidden(l + 1)
    return Together((equal(z, affine(network)), equal(h, network.layer_map(z))))


def affine(network: MLP) -> Expr:
    """`W_l h_l`, and the bias where it stands apart."""
    l = index("l")
    product = Weight(l) @ Hidden(l)
    return product + Bias(l) if network.bias == "separate" else product


def after(network: MLP) -> Together:
    """The same with the mean, the length and the argument of ψ; centring is written out, as on the slide."""
    l = index("l")
    z = PreActivation(l + 1)
    made = Normalized(scheme("layer"), z, network.normal(units(l + 1)), l + 1)
    mean, centred, length, argument = made.lines()
    c, written = centred[0], centred[1]
    h = equal(Hidden(l + 1), network.layer_map(put(argument[1], c, written)))
    return Together((equal(z, affine(network)), equal(*mean[:2]), equal(length[0], put(length[1], c, written)), h))


def forgotten(network: MLP) -> Remark:
    """A shift and a scale of the pre-activations, and what that says of the gradient."""
    z, alpha, tau = Named("z"), Named("alpha"), Named("tau")
    ones = Ones(index("n"))
    moved = equal(Named("x"), alpha @ z + tau @ ones)
    along = along_itself(network) if is_plain(network) else None
    return Remark(
        "What it forgets",
        (
            Prose(("For one layer, of ", Size(index("n")), " units. To centre is to take off the mean:",)),
            centring(),
            Prose(("A number ", tau, " added to all pre-activations, or a number ", alpha, " above 0 times all of "
                   "them, changes nothing behind the layer. The shift goes with the mean:",)),
            *shifted(network.epsilon),
            Prose(("The scale goes with the length",
                   *((", while there is no ε",) if network.epsilon is not None else ()), ":")),
            *scaled(),
            Prose(("With ε the length is another than ", alpha, " times what it was, but for ", equal(alpha, number(1)),
                   "; in squares:")),
            scaled_with(),
            Prose(("What that says of the gradient: with ", moved, ", the loss is the same for all ", tau, " and ",
                   alpha, ", so these two derivatives are 0, whatever ", z, " is:")),
            *by_shift_and_scale(),
            Prose(("At ", equal(alpha, number(1)), " and ", equal(tau, number(0)), ", where ", Named("x"), " is ", z,
                   ", the gradient is orthogonal to ", ones, " and to ", z, ". The backward pass says the same",
                   *((", but for what ε leaves",) if network.epsilon is not None else ()), ":")),
            *invariances(network),
            *(() if along is None else (Prose(("and so along ", PreActivation(index("l")), " itself:")), along)),
        ),
    )  # fmt: skip


def is_plain(network: MLP) -> bool:
    """Whether it is layer normalization without ε."""
    return network.scheme == scheme("layer") and network.epsilon is None


def singular(network: MLP) -> Remark:
    """Where it has no meaning, and layers that are too small for it."""
    l = index("l")
    s = Named("s", l)
    return Remark(
        "Where it is singular",
        (
            Prose(("The formula is singular at ", equal(s, number(0)), ", where all pre-activations of the layer are "
                   "equal. With a number ε under the root it is not, and the eigenvalue along ", Named("c", l),
                   " is small in place of 0:")),
            *softened(network),
            *(small_rank(network) if is_plain(network) else ()),
            Numbers("Rank and gradient of the normalization of n units, by NumPy",
                    ("n", "rank of the Jacobian", "largest |1ᵀ ∂L/∂z|", "largest |cᵀ ∂L/∂z|", "‖∂L/∂z‖"), ranks),
            Prose(("Of two units only the order is left. What is centred is one number and its negative:",)),
            *two_units(),
            Prose(("So ", ratio(1), " is 1 or -1, as ", Named("z_1"), " is greater or smaller than ", Named("z_2"),
                   ", and ", ratio(2), " is the other one. The arguments of the activation are ", *arguments(1), " or ",
                   *arguments(-1), ", and do not change while the order does not.")),
            Prose(("One unit is its own mean, so that always ", equal(Named("s"), number(0)), ":")),
            *one_unit(),
            Prose(("Without ε nothing is defined there: 0 is divided by 0. With ε the unit is what it learns, and "
                   "nothing comes back through it:",)),
            *one_unit_with(),
        ),
    )  # fmt: skip


def ratio(unit: int) -> Expr:
    """√2/s c_k."""
    return Quotient(SquareRoot(number(2)), Named("s")) @ Named(f"c_{unit}")


def arguments(sign: int) -> Reason:
    """v_1 + u_1 and u_2 - v_2, or the other way about."""
    v_1, v_2, u_1, u_2 = (Named(name) for name in ("v_1", "v_2", "u_1", "u_2"))
    return (u_1 + v_1, " and ", u_2 - v_2) if sign > 0 else (u_1 - v_1, " and ", u_2 + v_2)


def small_rank(network: MLP) -> tuple[Part, ...]:
    """The Jacobian is a projection of rank n - 2, so that it is 0 for two units."""
    return (
        Prose(("The matrix is a projection, so its rank is its trace:",)),
        *projection(network),
        Prose(("The square of its Frobenius norm is its trace, too; for one layer of ", Size(index("n")), " units:")),
        frobenius(),
        Prose(("In a layer of two units that is 0. Of any matrix ", Named("M"), " and column ", Named("w"), ":")),
        vanishing(),
        Prose(("So in a layer of two units ", equal(Partial(LOSS, PreActivation(index("l"))), number(0)),
               ", whatever comes back to it: this matrix stands in front.")),
    )  # fmt: skip


def softened(network: MLP) -> tuple[Part, ...]:
    """With ε nothing is singular, and along c something is left: the eigenvalue nε/s² in place of 0."""
    with_epsilon = MLP(**{**network.options, "normalization": "layer", "groups": None, "epsilon": "epsilon"})
    at = with_epsilon.normalized(index("l"))
    assert at is not None
    *_, (s, length, _), _ = at.lines()
    return Shows(equal(s, length)), invariances(with_epsilon)[-1]


def ranks() -> tuple[tuple[str, ...], ...]:
    """Rank and invariances, from the Jacobian written by hand."""
    import numpy as np

    rows = []
    for n in (2, 3, 5, 8):
        rng = np.random.default_rng(n)
        z, upstream = rng.standard_normal(n), rng.standard_normal(n)
        c = z - z.mean()
        s = np.linalg.norm(c)
        jacobian = np.sqrt(n) / s * (np.eye(n) - np.ones((n, n)) / n - np.outer(c, c) / s**2)
        gradient = jacobian @ upstream
        sizes = (abs(gradient.sum()), abs(c @ gradient), np.linalg.norm(gradient))
        rows.append((str(n), str(np.linalg.matrix_rank(jacobian, tol=1e-9)), *(rounded(size) for size in sizes)))
    return tuple(rows)


def rounded(size: float) -> str:
    """Four figures; what rounding alone makes is 0."""
    return f"{size:.4g}" if size > 1e-12 else "0"
