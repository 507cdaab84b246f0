r"""Everything that courses, books and homework write, row by row: read rightly, or refused by name.

The trees are written by hand from what the formula means.
"""

from fractions import Fraction

import pytest

from symbackprop.dims import ONE, dim, index, units
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    Bias,
    Diagonal,
    Elementwise,
    Entry,
    Function,
    Hadamard,
    Hidden,
    Identity,
    IndexedProduct,
    IndexedSum,
    Kronecker,
    Loss,
    Named,
    Negative,
    Norm,
    Ones,
    Partial,
    Power,
    PreActivation,
    Product,
    Quotient,
    Row,
    SingularValue,
    Softmax,
    Sum,
    Target,
    Transpose,
    Weight,
    number,
)
from symbackprop.groups import EntrywisePower
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.parse import free_indices, parse, read
from symbackprop.latex.readings import AmbiguousError, NonconformingError
from symbackprop.network import MLP
from symbackprop.primitives import Pairwise
from symbackprop.quantities import Quantities
from symbackprop.statements import Together, equal

# z = W x + b and a = g(z) with m units, n inputs; S and T are square; X has N examples as columns
NETWORK = Quantities(
    {
        "x": ("n",),
        "W": ("m", "n"),
        "b": ("m",),
        "z": ("m",),
        "a": ("m",),
        "V": ("k", "m"),
        "yhat": ("k",),
        "y": ("k",),
        "delta": ("k",),
        "J": (),
        "lambda": (),
        "S": ("m", "m"),
        "T": ("m", "m"),
        "X": ("n", "N"),
        "Z": ("m", "N"),
    }
)
x, W, b, z, a, V, yhat, y, delta, J, lam, S, T, X, Z = (
    Named(name) for name in ["x", "W", "b", "z", "a", "V", "yhat", "y", "delta", "J", "lambda", "S", "T", "X", "Z"]
)
MLP_ = MLP()
l, i, j, k = (index(name) for name in "lijk")
HALF = number(Fraction(1, 2))


def gradient(of):
    return Partial(LOSS, of)


def of_network(text):
    return parse(text, network=NETWORK)


# --- the Hadamard product --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [r"\odot", r"\circ", r".*", r"*", r"\times", "×", "⊙", "∘"])
def test_hadamard_product(sign):
    if sign in ("*", r"\times", "×"):
        # of columns it may be the inner product as well: the side it is equal to decides
        assert of_network(rf"\frac{{\partial J}}{{\partial z}} = z {sign} a") == equal(Partial(J, z), Hadamard((z, a)))
    else:
        assert of_network(f"z {sign} a") == Hadamard((z, a))


def test_side_by_side_is_entry_by_entry_where_nothing_else_conforms():
    assert of_network("a(1-a)") == Hadamard((a, Sum((Ones(index("m")), Negative(a)))))
    assert of_network("V^T \\delta a (1 - a)") == Hadamard(
        (Product((V.T, delta)), a, Sum((Ones(index("m")), Negative(a))))
    )


def test_a_dot_means_both_products_in_one_line():
    text = r"\frac{\partial J}{\partial W} = (V^T \cdot \delta) \cdot \sigma'(z) \cdot x^T"
    slope = Elementwise("sigmoid", z, 1)
    assert of_network(text) == equal(Partial(J, W), Product((Hadamard((Product((V.T, delta)), slope)), x.T)))


@pytest.mark.parametrize("text", [r"S \cdot T", r"S \times T", r"S * T", r"a \cdot z"])
def test_a_dot_between_what_both_products_fit_is_ambiguous(text):
    with pytest.raises(AmbiguousError) as refused:
        of_network(text)
    assert len(refused.value.readings) == 2
    assert "⊙" in refused.value.message


def test_a_dot_that_is_decided_by_the_other_side():
    assert of_network(r"J = a \cdot z") == equal(J, Product((a.T, z)))
    assert of_network(r"b = a \cdot z") == equal(b, Hadamard((a, z)))


def test_side_by_side_is_the_product_of_matrices():
    assert of_network("S T") == Product((S, T))


def test_products_of_matrices_bind_tighter():
    assert of_network(r"V^\top \delta \odot a") == Hadamard((Product((V.T, delta)), a))
    # only the other grouping conforms
    assert of_network(r"a \odot z x^\top") == Product((Hadamard((a, z)), x.T))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"W \odot x", r"cannot multiply W \(m × n\) entry by entry with x \(n × 1\)"),
        (r"W a", r"cannot multiply W \(m × n\) by a \(m × 1\): is W to be transposed\?"),
        (r"x \odot a", r"both must have the same shape"),
        (r"a \otimes x", "outer product"),
        (r"W x + x", r"cannot add W x \(m × 1\) and x \(n × 1\)"),
    ],
)
def test_products_that_do_not_conform_are_refused(text, said):
    with pytest.raises(ReadingError, match=said):
        of_network(text)


# --- the transpose ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "W^T", r"W^\top", "W^t", r"W^{\mathsf T}", r"W^{\intercal}", r"W^{\mathrm{T}}", "W.^T", r"{W}^\top", "W'",
        r"{W}^{\top}", r"\mathbf{W}^T", r"W^{\prime}", "Wᵀ",
    ],
)  # fmt: skip
def test_transpose(text):
    assert of_network(text) == Transpose(W)


@pytest.mark.parametrize("text", ["W^{[1]T}", r"W^{[1]\top}", "(W^{[1]})^T", "{W^{[1]}}^T"])
def test_transpose_beside_a_layer_in_brackets(text):
    assert parse(text, "ng", MLP(bias="separate")) == Transpose(Weight(0))


@pytest.mark.parametrize(
    "text", [r"\mathbf W^{(2)^T}", r"\mathbf W^{(2)\top}", r"\mathbf W^{(2) T}", r"{\mathbf W^{(2)}}^\top"]
)
def test_transpose_beside_a_layer_in_parentheses(text):
    assert parse(text, "d2l", MLP(bias="separate")) == Transpose(Weight(1))


def test_transpose_of_an_unparenthesised_fraction():
    assert of_network(r"\frac{\partial J}{\partial W}^T") == Transpose(Partial(J, W))


def test_the_transpose_of_the_loss_is_that_of_its_gradient():
    assert of_network(r"W^T = \nabla_W J^\top") == equal(W.T, Transpose(Partial(J, W)))
    with pytest.raises(AmbiguousError):
        of_network(r"\nabla_W J^\top")


# --- layers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "notation"),
    [("z_l", "lecture"), ("z^l", "nielsen"), ("a^{(l)}", "bishop"), ("Z^{[l]}", "ng"), (r"\mathbf z^{(l)}", "d2l")],
)
def test_layer_label(text, notation):
    assert parse(text, notation, MLP(bias="separate")) == PreActivation(l)


@pytest.mark.parametrize("text", ["g'^{[1]}(Z^{[1]})", r"g^{[1]\prime}(Z^{[1]})", "g^{[1]'}(Z^{[1]})", "g'(Z^{[1]})"])
def test_primes_mixed_with_a_layer(text):
    assert parse(text, "ng", MLP(bias="separate")) == Elementwise("g", PreActivation(1), 1)


def test_prime_after_a_layer_in_parentheses():
    assert parse(r"\phi^{(\ell)\,'}(\mathbf z^{(\ell)})", "d2l", MLP(bias="separate")) == Elementwise(
        "g", PreActivation(l), 1
    )


def test_a_function_of_another_layer_is_refused():
    with pytest.raises(ReadingError, match="write the same index"):
        parse("g'^{[3]}(Z^{[1]})", "ng", MLP(bias="separate"))


def test_example_index():
    assert parse("x^{(i)}", "ng", Quantities({"x": ("n",)}, _family_of_examples())) == Named("x", i)
    assert parse("x_i", network=Quantities({"x": ("n",)}, _family_of_examples())) == Named("x", i)


def _family_of_examples():
    from symbackprop.equations import Equation

    return [Equation(LOSS, IndexedSum("i", ONE, index("N"), Power(Norm(Named("x", i)), Fraction(2))))]


# --- vectors and matrices --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", [r"\vec{z}", r"\mathbf{z}", r"\boldsymbol{z}", r"\bm{z}", r"\underline{z}", "z", r"{\bf z}"]
)
def test_vector(text):
    assert of_network(text) == z


@pytest.mark.parametrize(
    "text", [r"\vec{h}_l", r"\mathbf{h}_l", r"\boldsymbol{h}_l", r"\underline{h}_l", "h_l", r"\vec{h_l}"]
)
def test_vector_of_a_layer(text):
    assert parse(text) == Hidden(l)


def test_an_entry_is_plain():
    assert parse("h_{l,1}") == Entry(Hidden(l), dim(1))
    assert parse("y_k") == Entry(Target(), k)


# --- derivatives -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        r"\frac{\partial J}{\partial W}", r"\frac{dJ}{dW}", r"\nabla_W J", r"\partial J/\partial W",
        r"\frac \partial {\partial W} J", r"\frac{\partial}{\partial W} J", r"\nabla_{W} J(\theta)", r"∂J/∂W",
        r"\dfrac{\partial J}{\partial W}", r"\frac{\mathrm d J}{\mathrm d W}", r"{\partial J \over \partial W}",
    ],
)  # fmt: skip
def test_derivative(text):
    assert of_network(text) == Partial(J, W)


@pytest.mark.parametrize(
    ("text", "notation", "wrt"),
    [
        ("dZ^{[l]}", "ng", PreActivation(l)),
        ("dW^{[1]}", "ng", Weight(0)),
        ("db^{[1]}", "ng", Bias(0)),
        (r"\delta^l", "nielsen", PreActivation(l)),
        (r"\boldsymbol\delta^{(l)}", "bishop", PreActivation(l)),
        ("dW_1", "cs231n", Weight(0)),
    ],
)
def test_gradient_with_a_letter_of_its_own(text, notation, wrt):
    assert parse(text, notation, MLP(bias="separate")) == gradient(wrt)


def test_entry_of_such_a_gradient():
    assert parse(r"\delta^l_j", "nielsen", MLP(bias="separate")) == Entry(gradient(PreActivation(l)), j)


@pytest.mark.parametrize("text", [r"\bar W", "dW", "L_W"])
def test_names_of_gradients_that_a_notation_has_not_are_refused(text):
    with pytest.raises(ReadingError, match="is no quantity here"):
        of_network(text)


def test_second_derivatives_are_refused():
    with pytest.raises(ReadingError, match="second derivatives"):
        of_network(r"\frac{\partial^2 J}{\partial z^2}")


def test_one_differentiates_by_a_variable():
    with pytest.raises(ReadingError, match="by a variable"):
        of_network(r"\frac{\partial J}{\partial (W x)}")


# --- the loss --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["L", r"\mathcal{L}", r"{\cal L}", "J", r"J(\theta)", "C", "E", r"\ell", "loss", r"\text{loss}"]
)
def test_loss(text):
    found = read(text)
    assert found.tree == Loss()
    assert bool(found.assumed) == (text != "L")


def test_loss_of_output_and_target():
    assert parse(r"L(\hat{y}, y)") == Function("L", (PreActivation(index("L") + 1), Target()))
    with pytest.raises(ReadingError, match="CE"):
        parse(r"\text{CE}(y, \hat y)")


def test_a_letter_that_is_something_else_is_no_loss():
    """In a network with a variable E, E is that variable."""
    network = Quantities({"E": ("n",), "J": ()})
    assert parse("E", network=network) == Named("E")


def test_loss_or_depth_by_place():
    assert parse(r"\frac{\partial L}{\partial \vec{z}_L}") == gradient(PreActivation(index("L")))


# --- activations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (r"\sigma(z)", "sigmoid"), (r"\tanh(z)", "tanh"), (r"\operatorname{ReLU}(z)", "relu"),
        (r"\text{ReLU}(z)", "relu"), ("ReLU(z)", "relu"), ("g(z)", "g"), (r"\phi(z)", "phi"), ("f(z)", "f"),
        (r"\psi(z)", "psi"), (r"\operatorname{sigmoid}(z)", "sigmoid"), (r"\exp(z)", "exp"), (r"\ln z", "log"),
        (r"\tanh z", "tanh"), ("e^{z}", "exp"), ("|z|", "abs"),
    ],
)  # fmt: skip
def test_activation(text, name):
    assert of_network(text) == Elementwise(name, z)


@pytest.mark.parametrize("text", [r"\sigma'(z)", r"\sigma^{\prime}(z)", r"\dot\sigma(z)", r"\dot{\sigma}(z)", "σ′(z)"])
def test_derivative_of_an_activation(text):
    assert of_network(text) == Elementwise("sigmoid", z, 1)


@pytest.mark.parametrize("text", [r"h(z)", r"\operatorname{diff\_actFun}(z)", r"swish(z)"])
def test_unknown_functions_are_refused(text):
    with pytest.raises(ReadingError, match=r"no quantity here|nor a quantity here|no command"):
        of_network(text)


def test_a_function_needs_its_argument():
    with pytest.raises(ReadingError):
        of_network(r"\sigma z a")
    with pytest.raises(AmbiguousError):
        of_network(r"\tanh S z")


def test_maximum_with_zero():
    assert of_network(r"\max(0, z)") == Pairwise("max", number(0), z)


def test_powers_of_functions():
    assert of_network(r"1 - \tanh^2(z)") == Sum(
        (Ones(index("m")), Negative(EntrywisePower(Elementwise("tanh", z), Fraction(2))))
    )
    with pytest.raises(ReadingError, match="inverse function"):
        of_network(r"\sigma^{-1}(z)")


# --- indicators ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        r"\mathbf1(z>0)", r"\mathbb{1}[z>0]", r"\mathbb I[z > 0]", "I(z > 0)", "[z>0]", "(z>0)", r"\mathbf{1}[0 < z]",
        r"\begin{cases} 1 & z > 0 \\ 0 & \text{otherwise} \end{cases}",
        r"\begin{cases} 1 & \text{if } z > 0 \\ 0 & \text{if } z \le 0 \end{cases}",
    ],
)  # fmt: skip
def test_indicator(text):
    assert of_network(text) == Elementwise("step", z)


@pytest.mark.parametrize("text", [r"\mathbf1[z \ge 0]", "[z = 0]", r"\mathbb{1}[z = y]", r"\mathbb{1}_{z \le 0}"])
def test_other_conditions_are_refused(text):
    with pytest.raises(ReadingError, match="those of z > 0"):
        of_network(text)


@pytest.mark.parametrize("text", [r"\mathbb{1}[z < 0]", "[0 > z]", r"\mathbf{1}_{z < 0}"])
def test_the_other_side(text):
    assert of_network(text) == Elementwise("step", Negative(z))


@pytest.mark.parametrize("text", [r"\mathbb{1}[i = j]", r"\mathbf{1}\{i = j\}", r"\mathbb{1}_{i = j}"])
def test_equal_indices(text):
    assert of_network(text) == Kronecker(index("i"), index("j"))


CASES = r"\begin{cases} z_i & i = j \\ z_j & "


@pytest.mark.parametrize("other", [r"i \neq j", r"\text{otherwise}", r"\text{if } j \ne i"])
def test_cases_of_scalars(other):
    same = Kronecker(index("i"), index("j"))
    one, two = (Entry(z, index(name)) for name in "ij")
    assert of_network(CASES + other + r"\end{cases}") == Sum(
        (Product((one, same)), Product((two, Sum((number(1), Negative(same))))))
    )


@pytest.mark.parametrize("other", ["i = j", r"i \neq q", r"z_j > 0", r"\text{sometimes}"])
def test_cases_that_are_not_opposite_are_refused(other):
    with pytest.raises(ReadingError, match="of cases two are read"):
        of_network(CASES + other + r"\end{cases}")


def test_the_identity_is_no_indicator():
    assert of_network("S I z") == Product((S, Identity(index("m")), z))


# --- diagonals -------------------------------------------------------------------------------------------------------

SLOPE = Elementwise("g", z, 1)


@pytest.mark.parametrize(
    "text",
    [
        r"\operatorname{diag}(g'(z))", r"\text{diag}(g'(z))", "diag(g'(z))", r"\mathrm{Diag}(g'(z))",
        r"\begin{pmatrix} g'(z_1) & \dots & 0 \\ \vdots & \ddots & \vdots \\ 0 & \dots & g'(z_m) \end{pmatrix}",
        r"\begin{bmatrix} g'(z_1) & & 0 \\ & \ddots & \\ 0 & & g'(z_m) \end{bmatrix}",
        r"\begin{bmatrix} g'(z_1) & 0 & \dots \\ 0 & g'(z_2) & \dots \\ \vdots & \vdots & \ddots \end{bmatrix}",
        r"\begin{pmatrix} g'(z_1) & & \\ & g'(z_2) & \\ & & \ddots \end{pmatrix}",
        r"\operatorname{diag}(g'(z_1), \dots, g'(z_m))",
    ],
)  # fmt: skip
def test_diagonal(text):
    assert of_network(text) == Diagonal(SLOPE)


@pytest.mark.parametrize(
    "text",
    [
        r"\operatorname{diag}(g'(z_1), \dots, g'(z_n))",
        r"\begin{pmatrix} g'(z_1) & \dots & 0 \\ \vdots & \ddots & \vdots \\ 0 & \dots & g'(a_m) \end{pmatrix}",
        r"\begin{pmatrix} g'(z_2) & \dots & 0 \\ \vdots & \ddots & \vdots \\ 0 & \dots & g'(z_m) \end{pmatrix}",
        r"\begin{pmatrix} g'(z_1) & \dots & 1 \\ \vdots & \ddots & \vdots \\ 0 & \dots & g'(z_m) \end{pmatrix}",
        r"\Sigma'(z)",
    ],
)
def test_what_is_no_diagonal_is_refused(text):
    with pytest.raises(ReadingError):
        of_network(text)


# --- products and sums over an index ---------------------------------------------------------------------------------

FACTOR = Product((ActivationJacobian("g", PreActivation(l)), Transpose(Weight(l))))


@pytest.mark.parametrize(
    "text",
    [
        r"\prod_{l=1}^{L} D_l W_l^\top", r"\prod_{l=1}^L [D_l W_l^\top]", r"\prod_{l=1}^L \left( D_l W_l^T \right)",
        r"∏_{l=1}^L D_l W_l^T",
    ],
)  # fmt: skip
def test_product_over_an_index(text):
    assert parse(text) == IndexedProduct("l", ONE, index("L"), FACTOR)


def test_what_follows_a_product_is_no_part_of_it_where_the_shapes_say_so():
    upstream = gradient(PreActivation(index("L") + 1))
    whole = Product((IndexedProduct("l", ONE, index("L"), FACTOR), upstream))
    for text in (r"\prod_{l=1}^L [D_l W_l^\top]", r"\prod_{l=1}^L D_l W_l^\top"):
        assert parse(text + r"\frac{\partial L}{\partial \hat{\vec{y}}}") == whole


def test_an_index_is_bound_in_its_brackets_only():
    """Behind them it is a free one, which the asked quantity has not."""
    found = parse(r"\prod_{l=1}^L [D_l W_l^\top] \|\frac{\partial L}{\partial \vec{z}_l}\|_2")
    assert free_indices(found) == {"l"}
    assert free_indices(parse(r"\prod_{l=1}^L [D_l W_l^\top]")) == frozenset()
    # without brackets it would be bound by the sign, and then the factors do not conform
    with pytest.raises(NonconformingError):
        parse(r"\prod_{l=1}^L D_l W_l^\top \frac{\partial L}{\partial \vec{z}_l}")


def test_dots_among_factors_are_refused():
    with pytest.raises(ReadingError, match="dots"):
        parse(r"D_1 W_1^\top \cdots D_L W_L^\top")


SQUARES = IndexedSum("k", ONE, index("k"), Power(Entry(y, k), Fraction(2)))


def test_sum_over_an_index():
    over = Product((Entry(y, k), Elementwise("log", Entry(yhat, k))))
    expected = Negative(IndexedSum("k", ONE, index("k"), over))
    assert of_network(r"-\sum_k y_k \log \hat{y}_k") == expected
    assert of_network(r"-\sum_{k=1}^{k} y_k \log \hat{y}_k") == expected


def test_mean_over_examples():
    assert of_network(r"\frac{1}{N} \sum_{i=1}^N X_{1,i}") == Product(
        (Quotient(number(1), _size("N")), IndexedSum("i", ONE, index("N"), Entry(X, dim(1), i)))
    )


def _size(name):
    from symbackprop.expr import Size

    return Size(index(name))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"\sum_{\text{axis=0}} X", "below ∑ cannot be read"),
        (r"\sum_i J", "nothing says over what i runs"),
        (r"\sum_{i=1} z_i", "where it ends"),
        (r"\sum z_i", "over what"),
        (r"\sum_{k \neq j} y_k", "cannot be read"),
        (r"\Sigma_k y_k", "is no quantity here"),
    ],
)
def test_sums_that_do_not_say_over_what_are_refused(text, said):
    with pytest.raises(ReadingError, match=said):
        of_network(text)


def test_a_free_index_is_told():
    """No summation sign is supplied: `δ_i x_j` has the indices of the entry that it is equal to, or one too many."""
    entry = of_network(r"\frac{\partial J}{\partial W_{ij}} = z_i x_j")
    assert entry == equal(Partial(J, Entry(W, i, j)), Product((Entry(z, i), Entry(x, j))))
    assert free_indices(entry.sides[0], NETWORK) == free_indices(entry.sides[1], NETWORK) == {"i", "j"}
    summed = of_network(r"z_i = W_{ij} x_j")
    assert free_indices(summed.sides[0], NETWORK) == {"i"}
    assert free_indices(summed.sides[1], NETWORK) == {"i", "j"}


def test_rows_and_columns_by_colons():
    assert of_network("(W)_{i,:}") == Row(W, i)
    assert of_network("W_{i,:}") == Row(W, i)
    assert of_network("(V W)_{ij}") == Entry(Product((V, W)), i, j)


# --- equals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", ["=", ":=", r"\equiv", r"\leftarrow", r"\triangleq", r"\overset{(1)}{=}"])
def test_equals(sign):
    assert of_network(f"z {sign} W x + b") == equal(z, Sum((Product((W, x)), b)))


def test_several_lines():
    text = r"\begin{aligned} \delta &= \hat y - y & \text{(by the chain rule)} \\ &= \hat y - y \end{aligned}"
    difference = Sum((yhat, Negative(y)))
    first, second = of_network(text).parts
    assert first == equal(delta, difference)
    assert second.continued
    assert second.sides == (delta, difference)


def test_several_equations_in_one_line():
    assert of_network("z = W x + b, a = g(z)") == Together(
        (equal(z, Sum((Product((W, x)), b))), equal(a, Elementwise("g", z)))
    )


def test_conditions_in_words_are_refused():
    with pytest.raises(ReadingError, match="words"):
        of_network(r"z = a \quad \text{if } x")


def test_sides_of_different_shapes_are_refused():
    with pytest.raises(NonconformingError, match="one is the transpose of the other") as refused:
        of_network(r"\frac{\partial J}{\partial W} = x z^\top")
    assert refused.value.trees == (Partial(J, W), Product((x, z.T)))


# --- norms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", [r"\|x\|_2", r"||x||_2", r"\lVert x \rVert_2", r"\left\| x \right\|_2", r"\|x\|", "‖x‖"]
)
def test_norm(text):
    assert of_network(text) == Norm(x)


def test_norms_of_matrices():
    assert of_network(r"\|W\|_F^2") == Power(Norm(W, "F"), Fraction(2))
    assert of_network(r"\left\| W \right\|_2") == Norm(W)
    with pytest.raises(ReadingError, match="spectral or the Frobenius norm"):
        of_network(r"\|W\|^2")
    with pytest.raises(ReadingError, match="there is no norm"):
        of_network(r"\|x\|_\infty")


# --- clashes ---------------------------------------------------------------------------------------------------------


def test_sigma_is_sigmoid_or_singular_value():
    assert of_network(r"\sigma(z)") == Elementwise("sigmoid", z)
    for text in (r"\sigma_{1,1}(W)", r"\sigma_1(W)", r"\sigma_{\max}(W)"):
        assert of_network(text) == SingularValue(W)
    assert of_network(r"\sigma_{n,n}(W)") == SingularValue(W, "smallest")
    assert of_network(r"\sigma_{\min}(W)") == SingularValue(W, "smallest")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"\sigma_1(z)", "an activation that is marked with a layer"),
        (r"|S|", "a determinant or the absolute value"),
        (r"E[z]", "an expectation or a product"),
        (r"S^2", "a product of matrices or a power of each entry"),
        (r"\log_2 x", "another base"),
    ],
)
def test_what_may_be_two_things_is_refused(text, said):
    with pytest.raises(ReadingError, match=said):
        of_network(text)


def test_delta_is_gradient_or_kronecker():
    assert parse(r"\delta_{ij}") == Kronecker(i, j)
    assert of_network(r"\delta_{ij}") == Kronecker(i, j)
    assert of_network(r"\delta_i") == Entry(delta, i)


def test_a_variable_e_is_no_number():
    network = Quantities({"e": ("n",), "J": ()})
    assert parse(r"e * e = e", network=network) == equal(Hadamard((Named("e"), Named("e"))), Named("e"))
    with pytest.raises(ReadingError):
        parse("e^{J}", network=network)


def test_softmax():
    assert of_network(r"\operatorname{softmax}(\hat y)_k") == Entry(Softmax(yhat), k)
    assert of_network(r"softmax(\hat{y})") == Softmax(yhat)


def test_vec_is_refused_by_name():
    with pytest.raises(ReadingError, match=r"vec\(…\) stacks"):
        of_network(r"\operatorname{vec}(W)")


# --- conventions -----------------------------------------------------------------------------------------------------


def test_examples_as_rows():
    rows = Quantities({"X": ("N", "n"), "W": ("n", "m"), "b": (1, "m"), "J": ()})
    assert parse(r"\frac{\partial J}{\partial X} = \frac{\partial J}{\partial X} W W^\top", network=rows).sides[1] == (
        Product((Partial(J, X), W, W.T))
    )


def test_names_swapped_as_bishop_does():
    network = MLP(bias="separate")
    assert parse(r"\mathbf{z}^{(l)}", "bishop", network) == Hidden(l)
    assert parse(r"\mathbf{a}^{(l)}", "bishop", network) == PreActivation(l)


def test_layers_counted_from_one():
    network = MLP(bias="separate")
    assert parse("a^1", "nielsen", network) == Hidden(0)
    assert parse("w^2", "nielsen", network) == Weight(0)


def test_bias_unit_in_the_sizes():
    """`n_l - 1` is the number of units of a layer whose width counts the bias unit."""
    found = parse(r"\sum_{i=1}^{n_l-1} z_{l,i}")
    assert found == IndexedSum("i", ONE, units(l), Entry(PreActivation(l), i))


def test_further_symbols():
    symbols = {r"\sigma": "tanh", r"\delta_2": r"\frac{\partial J}{\partial z}", "c": HALF}
    assert parse(r"\sigma(z)", network=NETWORK, symbols=symbols) == Elementwise("tanh", z)
    assert parse(r"\delta_2 x^\top", network=NETWORK, symbols=symbols) == Product((Partial(J, z), x.T))
    assert parse("c a", network=NETWORK, symbols=symbols) == Product((HALF, a))
