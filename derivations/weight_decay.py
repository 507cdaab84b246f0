"""Weight decay: a penalty on large weights, and the two things it keeps small."""

from dataclasses import replace
from fractions import Fraction

from symbackprop.dataset import Family, Prediction
from symbackprop.derivation import Derivation, Reason, Rule, Shown
from symbackprop.dims import ONE, Dim, dim, index, units, width
from symbackprop.equations import Equation
from symbackprop.expr import (
    LARGEST,
    LOSS,
    Columns,
    Diagonal,
    Entry,
    Expr,
    Function,
    Identity,
    IndexedSum,
    Named,
    Norm,
    Number,
    Partial,
    Power,
    Product,
    Size,
    Weight,
    WithoutBias,
    number,
)
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules.bounds import first_layer, layer_by_layer
from symbackprop.rules.citation import as_derived, claimed
from symbackprop.rules.decay import (
    DECAY,
    PENALTY,
    RATE,
    SLIDE,
    TOTAL,
    TWO,
    Decayed,
    as_frobenius,
    below_frobenius,
    by_singular_values,
    decayed,
    entry_of_gradient,
    frobenius_gradient,
    one_of_all,
    only_one_layer,
    output_by_input,
    squared,
    sum_rule,
)
from symbackprop.rules.gradients import jacobian, weight_matrix
from symbackprop.rules.norms import (
    as_largest,
    assumed,
    multiplied_out,
    submultiplicative,
    without_bias_unit,
)
from symbackprop.statements import Chain, Implies, equal
from symbackprop.topic import Numbers, Part, Prose, Remark, Shows, Topic

ORDER = 50
l, i, N = index("l"), index("i"), index("N")
A = Named("A")


def derive(network: MLP, style: str) -> Topic:
    """∂J/∂W_l = ∂L/∂W_l + 2λ W_l S_l for the loss with weight decay; ‖A‖_2 ≤ ‖A‖_F, and what follows from it."""
    net = decayed(network)
    total = gradient(net)
    topic = Topic(
        (
            Prose(("Add squared Frobenius norms of the weight matrices excluding the biases to the loss function.",)),
            Shows(as_printed(net), "decay.loss", Shown(notes=((printed_penalty(net), "Exclude biases"),))),
            errata(net),
            Prose(("So this is meant:",)),
            Shows(as_meant(net)),
            *the_gradient(net, total),
            Prose(("First purpose: avoiding exploding gradients. Large singular values of the weights would cause "
                   "them. The penalty is on the Frobenius norm, which has all of the singular values in it:",)),
            frobenius(),
            trace(),
            Prose(("The largest one is one of them, so that it is small where the Frobenius norm is:",)),
            largest(),
            *(through_layers(network) if network.scheme is None else left_out(network)),
            ridge(),
        ),
        net,
    )  # fmt: skip
    return replace(topic, main=topic.derivations.index(total))


# --- the loss --------------------------------------------------------------------------------------------------------


def residual(net: Decayed) -> Expr:
    """y_i - f(x_i; {W_l})."""
    return Named("y", i) - Prediction("f", Named("x", i), all_weights(net))


def all_weights(net: Decayed) -> Family:
    return Family("l", dim(0), net.depth, Weight(l))


def over_examples(body: Expr, count: Dim = N) -> Expr:
    return IndexedSum("i", ONE, count, body)


def printed_penalty(net: Decayed) -> Expr:
    return squared(Columns(Weight(l), ONE, units(l)), "F")


def as_printed(net: Decayed) -> Chain:
    """Σ_i [‖y_i - f(x_i)‖_2 + λ ‖W_{l,·,1…n_l-1}‖_F²]."""
    each = Norm(residual(net)) + DECAY @ printed_penalty(net)
    return equal(Function("L", (all_weights(net),)), over_examples(each))


def as_meant(net: Decayed) -> Chain:
    """Σ_i ‖y_i - f(x_i)‖_2² + λ Σ_l ‖W̃_l‖_F²."""
    penalty = IndexedSum("l", dim(0), net.depth, squared(net.penalized(l), "F"))
    return equal(Function("J", (all_weights(net),)), over_examples(squared(residual(net))) + DECAY @ penalty)


def errata(net: Decayed) -> Remark:
    """The three slips of the line as printed, each with a claim that numbers refute."""
    any_number = {"N": (ONE, None)}
    one_layer = {"l": (dim(0), net.depth)}
    norms = Derivation(over_examples(Norm(residual(net))), net, known=any_number)
    layer = Derivation(DECAY @ squared(net.penalized(l), "F"), net, known=one_layer)
    inside = Derivation(over_examples(DECAY @ PENALTY), net, known=any_number)
    two = Derivation(over_examples(DECAY @ PENALTY, dim(2)), net)
    penalty = equal(PENALTY, IndexedSum("l", dim(0), net.depth, squared(net.penalized(l), "F")))
    return Remark(
        "Three slips",
        (
            Prose(("The norm of the residual is not squared, though least squares is meant. Printed, and meant:",)),
            norms.by(claimed("=", over_examples(squared(residual(net))), SLIDE), is_true=False),
            Prose((Size(l), " is free: it is the layer of no sum. The sum over the layers is missing; with it, ",
                   penalty, ". One layer is not all of them:")),
            layer.by(claimed("=", DECAY @ PENALTY, SLIDE), is_true=False),
            Prose((DECAY, " stands inside the sum over the examples, so that the penalty counts ", Size(N), " times:")),
            inside.by(multiplied_out(Size(N) @ DECAY @ PENALTY, "equal terms", ("No term depends on ", Size(i), "."))),
            Prose(("So with two examples, ", equal(Size(N), number(2)), ", it counts twice, and this is false:")),
            two.by(claimed("=", DECAY @ PENALTY, SLIDE), is_true=False),
            Numbers("Two examples with residuals (3, 4) and (0, 1), two layers with squared Frobenius norms 2 and 3, "
                    "λ = 1/10", ("loss", "value"), example),
        ),
    )  # fmt: skip


def example() -> tuple[tuple[str, ...], ...]:
    """The loss as printed at either layer, as meant, and with each slip alone."""
    residuals, penalties, decay = ((3, 4), (0, 1)), (2, 3), Fraction(1, 10)
    squares = [sum(entry * entry for entry in each) for each in residuals]
    norms = [int(square**0.5) for square in squares]
    count, both = len(residuals), sum(penalties)
    rows = {
        "as printed, with l = 0": sum(norms) + count * decay * penalties[0],
        "as printed, with l = 1": sum(norms) + count * decay * penalties[1],
        "as meant": sum(squares) + decay * both,
        "only the residuals not squared": sum(norms) + decay * both,
        "only the penalty of layer 0": sum(squares) + decay * penalties[0],
        "only λ inside the sum": sum(squares) + count * decay * both,
    }
    return tuple((name, f"{float(value):g}") for name, value in rows.items())


# --- its gradient ----------------------------------------------------------------------------------------------------


def gradient(net: Decayed) -> Derivation:
    """∂J/∂W_l = ∂L/∂W_l + λ ∂R/∂W_l = … = ∂L/∂W_l + 2 λ W_l S_l."""
    start = Derivation(Partial(TOTAL, Weight(l)), net, known={"l": (dim(0), net.depth)}, title="The gradient")
    made = start.by(sum_rule).by(only_one_layer).by(frobenius_gradient)
    return made.by(two_first(made.result.terms[1]), at=(1,))


def two_first(product: Product) -> Rule:
    """The rule that writes the number of a product first."""
    scale, two, *rest = product.factors
    return multiplied_out(Product((two, scale, *rest)), "scalars commute", ("A scalar may stand anywhere.",))


def the_gradient(net: Decayed, total: Derivation) -> tuple[Part, ...]:
    """The gradient of the whole loss and the update step."""
    S = Named("S", l)
    forward = [equal(e.left, e.right) for e in net.equations if e.left in (PENALTY, TOTAL)]
    words: Reason = ("With ", forward[0], " the loss is ", forward[1], ", where ", LOSS,
                    " is that of the examples, whose gradients add up.")  # fmt: skip
    selection: Reason = ("",)
    if net.augmented:
        selection = (" ", equal(S, net.selection(l)), " = diag(1, …, 1, 0): ", WithoutBias(Identity(width(l))),
                     " is the identity without its last column.")  # fmt: skip
    step = Derivation(Weight(l) - RATE @ total.start, net, known=total.known, title="One step of gradient descent")
    identity: Expr = Identity(width(l))
    shrunk = Weight(l) @ (identity - number(2) @ RATE @ DECAY @ (S if net.augmented else identity))
    moved = step.by(as_derived(total, "the gradient derived"))
    decays = shrunk - RATE @ Partial(LOSS, Weight(l))
    kept = multiplied_out(decays, "common factor", (Weight(l), " is in two of the terms."))
    whole = Derivation(total.start, net, known=total.known, title="With the gradient of the loss")
    return (
        Prose((*words, *selection)),
        entry_of_gradient(net),
        Prose(("All entries together:",)),
        total,
        whole.by(as_derived(total, "the gradient derived")).by(weight_matrix),
        Prose(("A step of gradient descent with the learning rate ", RATE, ":")),
        Shows(Chain((Weight(l), Weight(l) - RATE @ total.start), ("←",))),
        moved.by(kept, at=()),
        Prose(("Before it follows the gradient, each weight decays: it is multiplied by ",
               number(1) - number(2) @ RATE @ DECAY, ". The biases do not.")),
    )  # fmt: skip


# --- singular values -------------------------------------------------------------------------------------------------


def frobenius() -> Derivation:
    """‖A‖_F = √(Σ_i σ_{i,i}(A)²)."""
    space = Quantities({"A": ("m", "n")})
    return Derivation(Norm(A, "F"), space, known=space.bounds, label="decay.frobenius").by(by_singular_values)


def trace() -> Derivation:
    """‖A‖_F² = Σ_k (AᵀA)_{k,k} = … = Σ_i s_i², where A = U diag(s) Vᵀ is the singular value decomposition."""
    U, V, s = Named("U"), Named("V"), Named("s")
    m, n = index("m"), index("n")
    decomposition = Equation(A, U @ Diagonal(s) @ V.T, abbreviates=True)
    space = Quantities({"A": ("m", "n"), "U": ("m", "n"), "V": ("n", "n"), "s": ("n",)}, (decomposition,))
    identity = Identity(n)
    given = (equal(U.T @ U, identity), equal(V.T @ V, identity))
    title = "By the singular value decomposition, for as many rows as columns or more"
    known = {"n": (ONE, m), "m": (ONE, None)}
    start = Derivation(squared(A, "F"), space, known=known, given=given, title=title)

    def diagonal(*factors: Expr, name: str = "k") -> Expr:
        return IndexedSum(name, ONE, n, Entry(Product(factors), index(name), index(name)))

    D = Diagonal(s)
    by_trace = start.by(
        multiplied_out(diagonal(A.T, A), "trace", ("Entry k, k is the sum of the squares of a column.",))
    )
    why = (equal(A, decomposition.right), " is the singular value decomposition.")
    written = by_trace.by(multiplied_out(diagonal(V, D, U.T, U, D, V.T), "singular value decomposition", why))
    middle = written.by(assumed(U.T @ U, identity, (U, " has orthonormal columns.")), at=(0, 0))
    turned = middle.by(
        multiplied_out(
            diagonal(D, V.T, V, D, name="i"),
            "the trace is cyclic",
            ("The trace of a product is that of the product turned.",),
        )
    )
    inner = turned.by(assumed(V.T @ V, identity, (V, " has orthonormal columns.")), at=(0, 0))
    squares = IndexedSum("i", ONE, n, Power(Entry(s, i), TWO))
    return inner.by(multiplied_out(squares, "diagonal matrices", ("The diagonal has the singular values.",)))


def largest() -> Derivation:
    """‖A‖_2 = σ_{1,1}(A) ≤ √(Σ_i σ_{i,i}(A)²) = ‖A‖_F."""
    space = Quantities({"A": ("m", "n")})
    return Derivation(Norm(A), space, known=space.bounds).by(as_largest).by(one_of_all).by(as_frobenius)


# --- what the penalty keeps small ------------------------------------------------------------------------------------


def through_layers(network: MLP) -> tuple[Part, ...]:
    """The bound of the gradient, and the sensitivity to the input with its bound."""
    return (
        Prose(("So the penalty shrinks the bound of the gradient of the first layer. Without the bias column, which "
               "has no part in it:",)),
        bound(network),
        Prose(("Second purpose: avoiding overfitting. The prediction should not be very sensitive to perturbations of "
               "the input. How the output changes with the input:",)),
        output_by_input(network),
        Prose((*(("The bias unit is no input, so its row is left out: ", first_rows(network), " does that. ")
                 if network.augmented else ()), "The same norms of the weights bound how far a unit perturbation of "
               "the input moves the output:")),
        *sensitivity(network),
        Prose(("A network with tanh, whose slopes are at most 1, trained with and without weight decay: the squared "
               "residuals, the penalty, the greatest sensitivity at an example, and the products of the spectral and "
               "of the Frobenius norms, which bound it:",)),
        Numbers("Sensitivity of a network of widths 3, 9, 9, 1 after 400 steps on 12 noisy examples",
                ("λ", "residuals", "penalty", "sensitivity", "spectral bound", "Frobenius bound"), trained),
    )  # fmt: skip


def left_out(network: MLP) -> tuple[Part, ...]:
    """Why a network with normalization has neither the bound nor the sensitivity."""
    assert network.scheme is not None
    return (
        Prose(("The bound of the gradient that the penalty shrinks, and the sensitivity to the input, are left out "
               f"here, as the network has {network.scheme.name} normalization. That divides the pre-activations of a "
               "hidden layer by their length, which shrinks with the weights before it: those weights scaled down, "
               "and the biases with them, give the same output, as sensitive to the input as before, and larger "
               "gradients. So no product of norms of the weights bounds either of them.",)),
    )  # fmt: skip


def bound(network: MLP) -> Derivation:
    """‖∂L/∂z_1‖ ≤ ∏_{l=1}^L [σ_{1,1}(diag g'(z_l)) ‖W̃_l‖_F] ‖∂L/∂ŷ‖."""
    made = first_layer(network)
    start = Derivation(Norm(made.start), network, title="The bound that the penalty shrinks")
    return layer_by_layer(start.by(as_derived(made, "the gradient derived"), at=(0,)), LARGEST).by(below_frobenius)


def first_rows(network: MLP) -> Expr:
    """Ĩᵀ, which leaves out the bias unit of the input."""
    return WithoutBias(Identity(width(dim(0)))).T


def without_bias_row(network: MLP) -> Derivation:
    """Ĩᵀ ∂ŷ/∂x = W̃_0ᵀ ∏_{l=1}^L [diag(g'(z_l)) W̃_lᵀ]."""
    made = output_by_input(network)
    layers = made.result.factors[-1]
    start = Derivation(first_rows(network) @ made.start, network, title="Without the bias unit of the input")
    put_in = start.by(as_derived(made, "derived above"), at=(1,))
    why = ("The row of the bias unit is left out.",)
    kept = put_in.by(multiplied_out(WithoutBias(Weight(0)).T @ layers, "without the row of the bias unit", why), at=())
    return kept.by(without_bias_unit)


def sensitivity(network: MLP) -> tuple[Derivation, ...]:
    """‖Ĩᵀ ∂ŷ/∂x‖_2 ≤ σ_{1,1}(W̃_0ᵀ) ∏_{l=1}^L [σ_{1,1}(diag g'(z_l)) σ_{1,1}(W̃_lᵀ)] ≤ the same with Frobenius norms."""
    made = without_bias_row(network) if network.augmented else output_by_input(network)
    start = Derivation(Norm(made.start), network, title="The sensitivity to the input")
    split = start.by(as_derived(made, "derived above"), at=(0,)).by(as_largest, at=())
    split = split.by(submultiplicative).by(submultiplicative)
    bounds = split.by(below_frobenius).by(below_frobenius, at=(0,))
    return (made, bounds) if network.augmented else (bounds,)


def trained() -> tuple[tuple[str, ...], ...]:
    """A row for each λ."""
    from symbackprop.numeric.decay import trained

    found = [trained(decay) for decay in (0, 0.01, 0.1)]
    return tuple(
        (f"{r.decay:g}", *(f"{v:.4g}" for v in (r.residual, r.penalty, r.sensitivity, r.spectral, r.frobenius)))
        for r in found
    )


# --- beside it: ridge regression -------------------------------------------------------------------------------------


def ridge() -> Remark:
    """One layer without activation: its sensitivity, its gradient and its normal equations."""
    W, X, Y, x = Named("W"), Named("X"), Named("Y"), Named("x")
    line = Quantities({"f": ("c",), "W": ("c", "d"), "x": ("d",)}, (Equation(Named("f"), W @ x),))
    slope = Derivation(Partial(Named("f"), x), line, known=line.bounds).by(jacobian)
    steep = Derivation(Norm(slope.start), line, known=line.bounds).by(as_derived(slope, "derived above"), at=(0,))
    steep = steep.by(as_largest, at=()).by(below_frobenius)
    loss = squared(Y - W @ X, "F") + DECAY @ squared(W, "F")
    sizes = {"X": ("d", "N"), "Y": ("c", "N"), "W": ("c", "d"), "lambda": (), "J": ()}
    data = Quantities(sizes, (Equation(TOTAL, loss),))
    total = Derivation(Partial(TOTAL, W), data, known=data.bounds, title="The gradient of ridge regression").by(
        sum_rule
    )
    fit = number(2) @ (W @ X - Y) @ X.T
    fitted = total.by(multiplied_out(fit, "squared residuals", ("Entry by entry, by the chain rule.",)), at=(0,))
    decayed_too = fitted.by(frobenius_gradient)
    identity = Identity(index("d"))
    matrix = X @ X.T + DECAY @ identity
    joined = number(2) @ (W @ matrix - Y @ X.T)
    whole = decayed_too.by(multiplied_out(joined, "common factor", (W, " is in two of the terms.")), at=())
    half = Number(Fraction(1, 2))
    sides = X @ Y.T + half @ joined.T
    normal = Derivation(matrix @ W.T, data, known=data.bounds, title="The normal equations")
    normal = normal.by(multiplied_out(sides, "added and taken away", ("The second term is the rest, transposed.",)))
    normal = normal.by(as_derived(whole, "the gradient derived", backwards=True))
    conclusion = Implies(equal(Partial(TOTAL, W), number(0)), equal(matrix @ W.T, X @ Y.T))
    return Remark(
        "Beside it: ridge regression",
        (
            Prose(("One layer without activation, ", equal(Named("f"), W @ x), ", has the sensitivity:")),
            slope,
            steep,
            Prose(("With the examples as the columns of ", X, " and ", Y, ", the loss with weight decay is ",
                   equal(TOTAL, loss), ", and its gradient is:")),
            whole,
            Prose(("Whatever ", W, " is:",)),
            normal,
            Prose(("So where the gradient vanishes, the normal equations of ridge regression hold, and for a positive ",
                   DECAY, " their matrix is invertible:")),
            Shows(conclusion),
        ),
    )  # fmt: skip
