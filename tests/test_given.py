"""Networks in LaTeX: shapes that are found, letters as they are meant, and bad input refused with a sentence."""

from __future__ import annotations

import re
import time

import pytest
import sympy

import symbackprop as sb
from symbackprop.dims import ONE, dim, index
from symbackprop.errors import SymbackpropError
from symbackprop.explicit import Reading, explicit
from symbackprop.expr import LOSS, Entry, IndexedSum, Named, Ones, Softmax
from symbackprop.latex.equation_lines import lines_of
from symbackprop.primitives import Stacked

n, m = index("n"), index("m")


def shapes_of(*equations: str, **options: object) -> dict[str, tuple[str, str]]:
    """Rows and columns of every variable, in words."""
    made = sb.Network(*equations, **options)
    return {str(v): tuple(str(size) for size in made.shape_of(v)) for v in made.members}


# --- shapes are found ------------------------------------------------------------------------------------------------


def test_sizes_follow_from_what_is_given() -> None:
    found = shapes_of(r"z = W x + b", r"L = \|z - y\|^2", shapes={"W": "m x n"})
    assert found == {"W": ("m", "n"), "z": ("m", "1"), "x": ("n", "1"), "b": ("m", "1"), "y": ("m", "1")}


def test_sizes_that_nothing_names_get_letters_and_agree() -> None:
    found = shapes_of(
        r"h = \sigma(x W_1 + b_1)",
        r"\hat{y} = \operatorname{softmax}(h W_2 + b_2)",
        r"J = -\sum_k y_k \log \hat{y}_k",
        data="rows",
    )
    assert found["x"][0] == found["b_2"][0] == found["yhat"][0] == "1"
    assert found["x"][1] == found["W_1"][0]
    assert found["h"][1] == found["W_1"][1] == found["W_2"][0] == found["b_1"][1]
    assert found["y"] == found["yhat"] == found["b_2"]


def test_every_size_is_found_where_all_are_open() -> None:
    found = shapes_of(r"Z = W H + b \mathbf{1}^\top", r"L = \|Z - Y\|_F^2")
    assert found["Z"] == found["Y"] == (found["W"][0], found["H"][1])
    assert found["b"] == (found["W"][0], "1")


def test_blocks_are_as_long_as_their_parts_together() -> None:
    network = sb.Network(r"z = W [h; x]", r"L = \|z\|^2", shapes={"h": "n", "x": "m", "z": "k"})
    assert network.shape_of(Named("W")) == (index("k"), n + m)
    assert network.equations[0].right.factors[1] == Stacked((Named("h"), Named("x")), "rows")


@pytest.mark.parametrize("data", ["columns", "rows"])
def test_commas_in_brackets_put_parts_as_the_shapes_have_it(data: str) -> None:
    product = r"W [h, x]" if data == "columns" else r"[h, x] W"
    network = sb.Network(
        rf"z = {product}", r"L = \|z\|^2", shapes={"h": "n" if data == "columns" else "1 x n"}, data=data
    )
    (stacked,) = [part for part in network.equations[0].right.factors if isinstance(part, Stacked)]
    assert stacked.axis == ("rows" if data == "columns" else "columns")


def test_a_sum_says_how_many_entries_there_are() -> None:
    found = shapes_of(r"z = W x", r"L = \sum_{k=1}^K (z_k - y_k)^2")
    assert found["z"] == found["y"] == ("K", "1")


def test_the_end_of_a_sum_is_a_size_and_no_variable() -> None:
    network = sb.Network(r"L = \frac{1}{N} \sum_{i=1}^N (w^\top x_i)^2", shapes={"x_i": "D"})
    assert "N" not in network.names
    assert "N" in network.sizes


def test_a_bias_is_added_to_every_example_and_a_scalar_to_every_entry() -> None:
    rows = sb.Network(r"Z = X W + b", r"L = \|Z\|_F^2", shapes={"X": "N x D", "W": "D x K", "b": "1 x K"})
    assert rows.equations[0].right.terms[1] == Ones(index("N")) @ Named("b")
    column = sb.Network(r"z = X w + b", r"L = \|z\|^2", shapes={"X": "N x D", "b": "scalar"})
    assert column.equations[0].right.terms[1] == Named("b") @ Ones(index("N"))


def test_greek_letters_are_named_in_english_or_with_a_backslash() -> None:
    for name in ("lambda", r"\lambda"):
        network = sb.Network(r"L = \|x\|^2 + \lambda \|w\|^2", shapes={name: "scalar", "x": "n", "w": "m"})
        assert network.shape_of(Named("lambda")) == (ONE, ONE)


@pytest.mark.parametrize("one", ["{} + \\mathbf{{1}}", "I {}"])
def test_ones_and_identities_at_the_same_place_of_two_equations_have_sizes_of_their_own(one: str) -> None:
    made = sb.Network(
        "a = " + one.format("x"), "c = V a", "d = " + one.format("c"), r"L = \|d - y\|^2", shapes={"V": "m x n"}
    )
    assert [made.shape_of(Named(name)) for name in "ad"] == [(n, ONE), (m, ONE)]


@pytest.mark.parametrize("text", ["W x", "W_{cd} x", "W_1 x"])
def test_a_letter_with_another_label_or_none_is_not_the_variable(text: str) -> None:
    network = sb.Network(r"z_{ab} = W_{ab} x + b_{ab}", r"L = \|z_{ab} - y\|^2")
    assert sb.parse(r"W_{ab} x", network.reading, network) == Named("W_ab") @ Named("x")
    with pytest.raises(SymbackpropError, match="is no quantity here"):
        sb.parse(text, network.reading, network)


def test_sizes_are_found_through_many_equations() -> None:
    # each name with the label of its equation: what the letter W may be is looked up, not gone through
    names = [f"{one}{two}" for one in "abcd" for two in "abcdef"]
    before, equations = "x", []
    for name in names:
        equations.append(rf"h_{{{name}}} = {before} + V_{{{name}}} \tanh(W_{{{name}}} {before} + b_{{{name}}})")
        before = f"h_{{{name}}}"
    network = sb.Network(*equations, rf"L = \|{before} - y\|^2", shapes={"x": "n"})
    assert {network.shape_of(Named(f"h_{name}")) for name in names} == {(n, ONE)}
    assert network.equations[1].right.terms[0] == Named("h_aa")


def test_what_is_computed_is_a_vector_where_nothing_says_more() -> None:
    network = sb.Network(r"h_t = \tanh(W h_{t-1})", r"L = \|h_T\|^2")
    assert network.shape_of(Named("h", index("t")))[1] == ONE


def test_examples_may_be_marked_above() -> None:
    network = sb.Network(r"L = \sum_{i=1}^N (w^\top x^{(i)} - y^{(i)})^2", shapes={"x^{(i)}": "D", "y^{(i)}": "scalar"})
    total = network.equations[-1].right
    assert isinstance(total, IndexedSum)
    assert (total.index, total.upper) == ("i", index("N"))
    assert network.shape_of(Named("x", dim(2))) == (index("D"), ONE)


def test_a_letter_with_an_index_that_a_sum_binds_is_an_entry() -> None:
    network = sb.Network(
        r"\hat{y} = \operatorname{softmax}(W x)", r"L = -\sum_{k=1}^K y_k \log \hat{y}_k", shapes={"W": "K x n"}
    )
    assert network.shape_of(Named("y")) == (index("K"), ONE)
    assert "y_k" not in network.names
    parts = str(network.equations[-1].right)
    assert parts == "-Σ_{k=1}^{K} (y[k] log(yhat[k]))"
    assert Entry(Named("y"), index("k")) is not None


def test_a_number_below_a_declared_vector_is_an_entry() -> None:
    network = sb.Network(r"L = x_1^2 + x_2", shapes={"x": "3"})
    assert network.names == {"x"}


def test_softmax_of_a_batch_is_of_the_examples() -> None:
    for data, along in (("rows", "row"), ("columns", "column")):
        network = sb.Network(r"P = \operatorname{softmax}(Z)", r"L = \|P\|_F^2", shapes={"Z": "N x K"}, data=data)
        assert network.equations[0].right == Softmax(Named("Z"), along)


def test_the_first_of_a_family_is_an_input() -> None:
    network = sb.Network(r"h_t = \tanh(W h_{t-1} + U x_t)", r"L = \|h_T - y\|^2")
    assert Named("h", dim(0)) in network.inputs
    assert Named("h", dim(1)) not in network.inputs


def test_in_layers_the_first_of_another_family_is_an_input() -> None:
    network = sb.Network(r"z_l = W_l h_{l-1}", r"h_l = \sigma(z_l)", r"L = \|h_L - y\|^2")
    assert Named("h", dim(0)) in network.inputs
    assert sb.derive(r"\frac{\partial L}{\partial h_0}", network).derivations[-1].steps


# --- bad input -------------------------------------------------------------------------------------------------------

TWO = {"W": "m x n", "x": "n"}
BAD: dict[str, tuple[tuple[str, ...], dict[str, object], str]] = {
    "sizes that do not meet": (
        (r"z = W x", r"L = \|z\|^2"),
        {"shapes": {"W": "m x n", "x": "k"}},
        r"cannot multiply W \(m × n\) by x \(k × 1\)",
    ),
    "terms of two shapes": (
        (r"z = W x", r"L = \|z - y\|^2"),
        {"shapes": {"W": "m x n", "y": "k"}},
        r"cannot add z \(m × 1\) and y \(k × 1\)",
    ),
    "a shape that the equation contradicts": (
        (r"z = W x", r"L = \|z\|^2"),
        {"shapes": {"W": "m x n", "z": "k"}},
        r"the left side z is k × 1, but the right side is m × 1",
    ),
    "a bias that does not fit": (
        (r"Z = X W + b", r"L = \|Z\|_F^2"),
        {"shapes": {"X": "N x D", "W": "D x K", "b": "D"}},
        r"cannot add X W \(N × K\) and b \(D × 1\)",
    ),
    "used before it is computed": (
        (r"h = \tanh(z)", r"z = W x", r"L = \|h\|^2"),
        {},
        "z is used in the equation for h before it is computed",
    ),
    "computed from itself": ((r"h = \tanh(W h + x)", r"L = \|h\|^2"), {}, "h is computed from itself"),
    "each from the other": ((r"a = \tanh(W b)", r"b = \tanh(V a)", r"L = \|b\|^2"), {}, "each of both needs the other"),
    "a member from itself": (
        (r"h_t = \tanh(W h_t + x_t)", r"L = \|h_T\|^2"),
        {},
        "h_t is computed from itself",
    ),
    "from before and from after": (
        (r"h_t = \tanh(W h_{t-1} + V h_{t+1})", r"L = \|h_T\|^2"),
        {},
        r"from h_\{t-1\} and from h_\{t\+1\}",
    ),
    "computed twice": ((r"z = W x", r"z = V x", r"L = \|z\|^2"), {}, "z is computed twice, as W x and as V x"),
    "a family computed twice": (
        (r"h_t = W h_{t-1}", r"h_t = V h_{t-1}", r"L = \|h_T\|^2"),
        {},
        "h_t is computed twice",
    ),
    "nothing uses it": ((r"z = W x", r"h = V x", r"L = \|z\|^2"), {}, "h = V x is computed, but nothing uses it"),
    "a shape of nothing": ((r"L = \|x\|^2",), {"shapes": {"q": "4"}}, "q has a shape, but no equation has it"),
    "a loss that is no scalar": (
        (r"L = W x",),
        {"shapes": TWO},
        "the left side L is 1 × 1, but the right side is m × 1",
    ),
    "a loss of itself": ((r"L = L + \|x\|^2",), {}, "the loss L stands on a right side"),
    "no equation": ((r"z + W x", r"L = \|z\|^2"), {}, "a forward equation is one variable, =,"),
    "two signs": ((r"z = a = W x", r"L = \|z\|^2"), {}, "a forward equation is one variable, =,"),
    "nothing": ((), {}, "a network ends in its loss"),
    "an unknown function": (
        (r"z = \operatorname{foo}(W x)", r"L = \|z\|^2"),
        {},
        "foo.*is neither a function that is known nor a quantity here",
    ),
    "an unknown command": ((r"z = \foo(W x)", r"L = \|z\|^2"), {}, "foo. is no command"),
    "an index on one side only": (
        (r"z = W_{ij} x_j", r"L = z^2"),
        {"shapes": {"W": "m x n", "x": "n", "z": "scalar"}},
        "the index i stands on the right side only",
    ),
    "an index without its sum": (
        (r"L = (z_i - y_i)^2",),
        {"shapes": {"z": "m", "y": "m"}},
        "the index i stands on the right side only",
    ),
    "an entry or one of a family": (
        (r"L = \sum_{i=1}^N \|W x_i - y_i\|^2",),
        {},
        "may be an entry of the column x, or one of a family",
    ),
    "vectors of a family": (
        (r"J = -\log \frac{\exp(u_o^\top v)}{\sum_{w=1}^{V} \exp(u_w^\top v)}",),
        {"shapes": {"v": "d"}},
        "may be an entry of the column u, or one of a family",
    ),
    "an entry beyond the last": ((r"L = x_3",), {"shapes": {"x": "2"}}, "3.*out of its range"),
    "a sum beyond the last": ((r"L = \sum_{i=1}^{4} x_i",), {"shapes": {"x": "2"}}, "i runs to 4, but x has 2 entries"),
    "a sum to another size": ((r"L = \sum_{i=1}^{m} x_i",), {"shapes": {"x": "n"}}, "i runs to m, but x has n entries"),
    "a softmax of nobody knows what": (
        (r"P = \operatorname{softmax}(X W)", r"L = \|P\|_F^2"),
        {},
        "say whether its columns or its rows are the examples",
    ),
    "a size that is none": ((r"L = \|x\|^2",), {"shapes": {"x": "3 by 4"}}, "the size '3 by 4' of x is none"),
    "a size below 1": ((r"L = \|x\|^2",), {"shapes": {"x": "0"}}, "below 1"),
    "three sizes": ((r"L = \|x\|^2",), {"shapes": {"x": "3 x 4 x 5"}}, "x has 3 sizes"),
    "a name that is none": ((r"L = \|x\|^2",), {"shapes": {"x y": "3"}}, "'x y' is no name of a variable"),
    "data that are none": ((r"L = \|x\|^2",), {"data": "cols"}, "data are no 'cols'"),
    "a notation that is none": ((r"L = \|x\|^2",), {"notation": "foo"}, "there is no notation 'foo'"),
    "an assumption that is none": ((r"L = \|x\|^2",), {"assume": ["x"]}, "what is assumed is an equation"),
    "a number": ((3,), {}, "3 is no equation"),
    "a tower of powers": ((r"L = 9^{9^{9}} x",), {"shapes": {"x": "scalar"}}, r"9\^\{9\}"),
    "a long text": (("L = " + "+".join(["x"] * 400_000),), {}, "at most 20000 are read"),
    "a deep text": (("L = " + "(" * 100_000 + "x" + ")" * 100_000,), {}, "at most 20000 are read"),
    "a bracket that stays open": ((r"z = \tanh(W x", r"L = \|z\|^2"), {}, "is not closed"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_with_a_sentence(name: str) -> None:
    equations, options, said = BAD[name]
    with pytest.raises(SymbackpropError, match=said):
        sb.Network(*equations, **options)


@pytest.mark.parametrize("name", ["sizes that do not meet", "an index without its sum", "an unknown command"])
def test_what_cannot_be_read_is_pointed_at(name: str) -> None:
    equations, options, _ = BAD[name]
    with pytest.raises(SymbackpropError) as raised:
        sb.Network(*equations, **options)
    assert str(raised.value).rstrip().endswith("^")


def test_a_use_of_an_earlier_step_is_no_cycle() -> None:
    network = sb.Network(r"a_t = \tanh(W b_{t-1})", r"b_t = \tanh(V a_t)", r"L = \|b_T - y\|^2")
    assert [equation.left for equation in network.equations] == [Named("a", index("t")), Named("b", index("t")), LOSS]


# --- a dot between columns -------------------------------------------------------------------------------------------

COLUMNS = dict.fromkeys("xyzwa", "n")
# what may be an inner product with a factor beside it, and both readings
DOTS: dict[str, tuple[str, str]] = {
    r"x \cdot y x": ("x ⊙ y ⊙ x", "(xᵀ y) x"),
    r"x y \cdot x": ("x ⊙ y ⊙ x", "x (yᵀ x)"),
    r"2 x \cdot y w": ("2 (x ⊙ y ⊙ w)", "2 (xᵀ y) w"),
    r"x \cdot y w + x": ("x ⊙ y ⊙ w + x", "(xᵀ y) w + x"),
    r"(x \cdot y) w": ("(x ⊙ y) ⊙ w", "(xᵀ y) w"),
}


@pytest.mark.parametrize("text", DOTS)
def test_a_dot_that_may_be_an_inner_product_is_refused_with_both_readings(text: str) -> None:
    entrywise, inner = DOTS[text]
    used = {name: "n" for name in COLUMNS if name in text or name == "z"}
    with pytest.raises(SymbackpropError, match="can be read in") as raised:
        sb.Network(f"z = {text}", r"L = \|z\|^2", shapes=used)
    assert f"{entrywise} or {inner}" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        # a number is taken from a column, so that it is reckoned entry by entry
        (r"(a - y) \cdot a(1-a)", "(a - y) ⊙ a ⊙ (1 - a)"),
        (r"a(1-a) \cdot y", "a ⊙ (1 - a) ⊙ y"),
        # all dots are of one kind
        (r"x \cdot y \cdot x", "x ⊙ y ⊙ x"),
        (r"(a - y) \cdot a \cdot (1-a)", "(a - y) ⊙ a ⊙ (1 - a)"),
        # signs that are no inner product
        (r"x * y x", "x ⊙ y ⊙ x"),
        (r"x \odot y x", "x ⊙ y ⊙ x"),
    ],
)
def test_a_dot_that_is_a_product_of_entries_is_read(text: str, tree: str) -> None:
    used = {name: "n" for name in COLUMNS if name in text}
    network = sb.Network(f"z = {text}", r"L = \|z\|^2", shapes=used)
    # without a shape of z, so that a scalar would do as well
    assert str(network.equations[0].right) == tree
    assert network.shape_of(Named("z")) == (index("n"), dim(1))


@pytest.mark.parametrize(
    ("text", "tree"),
    [(r"x \cdot y", "xᵀ y"), (r"x \cdot y z \cdot w", "(xᵀ y) (zᵀ w)"), (r"x \cdot y w", "xᵀ (y ⊙ w)")],
)
def test_of_a_scalar_the_shapes_say_that_a_dot_is_an_inner_product(text: str, tree: str) -> None:
    used = {name: "n" for name in COLUMNS if name in text}
    assert str(sb.Network(f"L = {text}", shapes=used).equations[-1].right) == tree


# --- what may be meant in two ways ------------------------------------------------------------------------------------

SIZES = {"x": "scalar", "y": "scalar", "m": "scalar", "s": "scalar", "h": "n"}
# both readings, in the words of the message
TWO_WAYS: dict[str, tuple[str, str]] = {
    r"2\frac12 s": ("2 + 1/2", "2 · 1/2"),
    r"2\frac{1}{2} s": ("2 + 1/2", "2 · 1/2"),
    r"\max_i h_i s": (r"\max_i (h_i s)", r"(\max_i h_i) s"),
    r"\min_i h_i \cdot s": (r"\min_i (h_i s)", r"(\min_i h_i) s"),
    r"\sin x \cdot y": ("sin(x y)", "sin(x) y"),
    r"\log x \cdot y": ("log(x y)", "log(x) y"),
    r"\log x * y": ("log(x y)", "log(x) y"),
    r"\sin x y": ("sin(x y)", "sin(x) y"),
    r"\log x/y": ("log(x/y)", "log(x)/y"),
    r"1/2m \|h\|^2": ("1/2 m ‖h‖_2^2", "(1/(2 m)) ‖h‖_2^2"),
}


def _of_sizes(text: str) -> sb.Network:
    bare = re.sub(r"\\[a-z]+", " ", text)
    return sb.Network(f"L = {text}", shapes={name: size for name, size in SIZES.items() if name in bare})


@pytest.mark.parametrize("text", TWO_WAYS)
def test_what_may_be_meant_in_two_ways_is_refused_with_both(text: str) -> None:
    with pytest.raises(SymbackpropError) as raised:
        _of_sizes(text)
    message = str(raised.value).split("\n")[0]
    for reading in TWO_WAYS[text]:
        assert reading in message
    # nothing here is a product entry by entry
    assert "odot" not in message


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        # as computers write it, which nobody means as `1 e - 3`
        (r"1e-3 s", "1/1000 s"),
        # no mixed number has these
        (r"2\frac{3}{2} s", "2 3/2 s"),
        (r"2 \cdot \frac12 s", "2 1/2 s"),
        (r"2\frac{x}{y}", "2 (x/y)"),
        # wherever such factors stand the value is the same
        (r"\max_i h_i \|h\|", "max_{i} h[i] ‖h‖_2"),
        (r"\max_i s h_i", "max_{i} s h[i]"),
        (r"(\max_i h_i) s", "max_{i} h[i] s"),
        # where the argument ends is written
        (r"\log(x) \cdot y", "log(x) y"),
        (r"y \cdot \log x", "y log(x)"),
        (r"\log x \cdot \log y", "log(x) log(y)"),
        (r"\exp(-x) y", "exp(-x) y"),
    ],
)
def test_what_has_one_meaning_is_read(text: str, tree: str) -> None:
    assert str(_of_sizes(text).equations[-1].right) == tree


def test_a_function_of_nothing_asks_for_parentheses() -> None:
    with pytest.raises(SymbackpropError, match="is a function, but not applied to anything here: write parentheses"):
        _of_sizes(r"\exp -x y")


# --- sums in sums ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size", "value"),
    [
        # of h = 1, 10, 100
        (r"\sum_{i=1}^3 \sum_{j=1}^i h_j", "3", 1 + 11 + 111),
        (r"\sum_{i=1}^m \sum_{j=1}^i h_j", "m", 1 + 11 + 111),
        (r"\sum_{i=1}^m \sum_{j=i}^m h_j", "m", 111 + 110 + 100),
        (r"\sum_{i=1}^m \sum_{j=1}^{i-1} h_j", "m", 0 + 1 + 11),
        (r"\sum_{i=1}^m \sum_{j=1}^i \sum_{k=1}^j h_k", "m", 1 + (1 + 11) + (1 + 11 + 111)),
    ],
)
def test_a_sum_may_end_where_the_one_around_it_is(text: str, size: str, value: int) -> None:
    network = sb.Network(f"L = {text}", shapes={"h": size})
    made = network.given({"m": 3}) if size == "m" else network
    found = sympy.sympify(explicit(made.equations[-1].right, Reading(made)))
    # the entries, by their names, are in the order in which they are numbered
    assert found.subs(dict(zip(sorted(found.free_symbols, key=str), (1, 10, 100), strict=False))) == value


@pytest.mark.parametrize(
    ("text", "size", "said"),
    [
        (r"\sum_{i=1}^4 \sum_{j=1}^i h_j", "3", "j of h would be 4, out of its range: it runs from 1 to 3"),
        (r"\sum_{i=1}^m \sum_{j=1}^{i+1} h_j", "m", r"j of h would be m\+1, out of its range"),
        (r"\sum_{i=0}^m \sum_{j=i}^m h_j", "m", "j of h would be 0, out of its range"),
        (r"\sum_{i=1}^{m+1} \sum_{j=1}^i \sum_{k=1}^j h_k", "m", r"k of h would be m\+1, out of its range"),
        (r"\sum_{i=1}^n \sum_{j=1}^i h_j", "m", "j of h would be n, out of its range: it runs from 1 to m"),
    ],
)
def test_an_inner_sum_does_not_run_out_of_its_entries(text: str, size: str, said: str) -> None:
    with pytest.raises(SymbackpropError, match=said):
        sb.Network(f"L = {text}", shapes={"h": size})


# --- whether a letter is a number ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("equations", "options", "letter"),
    [
        ((r"z = x y", r"L = \|z\|^2"), {}, "y"),
        ((r"z = (1-x) \cdot y", r"L = \|z\|^2"), {}, "y"),
        # the gates of a recurrent cell without ⊙
        ((r"c_t = f_t c_{t-1} + i_t g_t", r"h_t = o_t \tanh(c_t)", r"L = \|h_T\|^2"), {}, "c_t"),
        # attention: a number, or one for each column
        ((r"A = \operatorname{softmax}(Q K^T / \sqrt{d_k}) V", r"L = \|A\|_F^2"), {"data": "rows"}, "d_k"),
        # the scale of a normalization, or a learning rate: a number here, not a matrix
        ((r"y = \gamma x + \beta", r"L = \|y\|^2"), {}, "gamma"),
        ((r"y = \alpha W x", r"L = \|y\|^2"), {}, "alpha"),
    ],
)
def test_what_is_a_number_or_has_entries_is_asked_for(
    equations: tuple[str, ...], options: dict[str, str], letter: str
) -> None:
    with pytest.raises(SymbackpropError, match=f"nothing says whether {letter} is a number or has entries"):
        sb.Network(*equations, **options)
    # as the message says
    plain = [each.replace("d_k", "d") for each in equations]
    assert sb.Network(*plain, shapes={letter.replace("d_k", "d"): "scalar"}, **options)


@pytest.mark.parametrize(
    "equations",
    [
        # another equation says it
        (r"q = x + y", r"f = q z", r"L = f"),
        (r"J = \|X w - y\|^2 + \lambda \|w\|^2",),
        # a column of parameters
        (r"y = W x + \beta", r"L = \|y\|^2"),
        (r"h_t = (1 - z_t) \odot h_{t-1} + z_t \odot g_t", r"L = \|h_T\|^2"),
        (r"s = w^\top x", r"z = s x", r"L = \|z\|^2"),
    ],
)
def test_what_other_equations_say_is_a_number_is_read(equations: tuple[str, ...]) -> None:
    assert sb.Network(*equations)


def test_a_softmax_of_one_number_is_refused() -> None:
    with pytest.raises(SymbackpropError, match="would be of one number, and always 1"):
        sb.Network(r"p = \operatorname{softmax}(W x)", r"L = -y \log p")
    assert sb.Network(r"p = \operatorname{softmax}(W x)", r"L = -y^\top \log p")


# --- what is far too long, and sizes that are numbers -----------------------------------------------------------------

TOO_LONG = {
    "one line of a megabyte": "L = " + "x + " * 250_000 + "x",
    "a megabyte of lines": "\n".join(f"a_{{{i}}} = x" for i in range(70_000)) + "\nL = x",
    "too many short lines": "\n".join(f"a_{{{i}}} = x" for i in range(1_001)) + "\nL = x",
    "nested a hundred thousand times": "L = " + "(" * 100_000 + "x" + ")" * 100_000,
    "nested deeply in a short text": "L = " + "{" * 9_000 + "x" + "}" * 9_000,
}


@pytest.mark.parametrize("text", TOO_LONG.values(), ids=TOO_LONG)
def test_what_is_far_too_long_is_refused_at_once(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(SymbackpropError, match=r"at most \d+ are read|more than 15000 tokens") as refused:
        sb.Network(text, shapes={"x": "scalar"})
    assert time.process_time() - begun < 1
    assert "^" in str(refused.value)


def test_a_thousand_equations_are_not_too_many() -> None:
    assert lines_of("\n".join(["a = x"] * 1_000)) == ["a = x"] * 1_000


def test_a_size_is_a_number_too() -> None:
    loss = r"L = \|x\|^2"
    assert sb.Network(loss, shapes={"x": 3}).shape_of(Named("x")) == sb.Network(loss, shapes={"x": "3"}).shape_of(
        Named("x")
    )


@pytest.mark.parametrize("extents", [None, 2.5, [2.5], ["n", None]])
def test_what_is_no_shape_is_refused_by_name(extents: object) -> None:
    with pytest.raises(SymbackpropError, match=r"of x is .*: write"):
        sb.Network(r"L = \|x\|^2", shapes={"x": extents})


def test_a_word_that_is_no_function_is_said_to_be_none() -> None:
    with pytest.raises(SymbackpropError, match=r"operatorname\{foo\}' is neither a function that is known"):
        sb.Network(r"L = \operatorname{foo}(x)", shapes={"x": "scalar"})
