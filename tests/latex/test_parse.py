"""Spans, what a caller may say beside the text, hostile input, further functions, and variables by name."""

import subprocess
import sys
import time
from fractions import Fraction

import pytest

import symbackprop as sb
from symbackprop import notations
from symbackprop.dims import ONE, dim, index
from symbackprop.expr import (
    LOSS,
    Elementwise,
    Entry,
    Expr,
    Hadamard,
    Hidden,
    IndexedProduct,
    IndexedSum,
    Named,
    Norm,
    Number,
    Ones,
    Partial,
    Power,
    PreActivation,
    Product,
    Quotient,
    Size,
    Softmax,
    Sum,
    Transpose,
    Weight,
    Zeros,
    number,
)
from symbackprop.latex import calls, parts
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.parse import free_indices, parse, read
from symbackprop.network import MLP
from symbackprop.primitives import EntrywiseQuotient
from symbackprop.quantities import Quantities
from symbackprop.render.latex import latex
from symbackprop.shapes import shape
from symbackprop.statements import equal
from symbackprop.tree import at_path, node, subterms

SMALL = Quantities({"x": ("n",), "a": ("n",), "S": ("n", "n"), "J": (), "t": ()})
x, a, S, J = (Named(name) for name in "xaSJ")
n = index("n")


# --- spans -----------------------------------------------------------------------------------------------------------


def test_spans():
    text = r"\frac{\partial L}{\partial \vec{z}_l} = D_l W_l^\top \frac{\partial L}{\partial \vec{z}_{l+1}}"
    found = read(text)
    shown = {str(at_path(found.tree, path)): text[start:end] for path, (start, end) in found.spans.items() if path}
    assert shown["W_lᵀ"] == r"W_l^\top"
    assert shown["W_l"] == "W_l"
    assert shown["D_l"] == "D_l"
    assert shown["∂L/∂z_{l+1}"] == r"\frac{\partial L}{\partial \vec{z}_{l+1}}"
    assert shown["D_l W_lᵀ ∂L/∂z_{l+1}"] == text[text.index("D_l") :]


@pytest.mark.parametrize("notation", notations.names())
def test_every_part_has_a_span_inside_that_of_what_it_is_part_of(notation):
    network = MLP(bias="separate")
    l = index("l")
    e = equal(
        Partial(LOSS, PreActivation(l)),
        Hadamard(
            (
                Elementwise("g", PreActivation(l), 1),
                Product((Transpose(Weight(l)), Partial(LOSS, PreActivation(l + 1)))),
            )
        ),
    )
    text = latex(e, notation, network)
    found = read(text, notation, network)
    assert found.tree == e
    assert set(found.spans) == {path for path, _ in subterms(e)}
    for path, (start, end) in found.spans.items():
        assert 0 <= start < end <= len(text)
        outer = found.spans[path[:-1]]
        assert outer[0] <= start
        assert end <= outer[1]
    weights = next(path for path, part in subterms(e) if part == Weight(l))
    start, end = found.spans[weights]
    assert any(letter in text[start:end] for letter in ("W", "w", "Omega"))


# --- what is known beside the text -----------------------------------------------------------------------------------


def test_left_side_of_a_line_that_goes_on():
    found = read("= 2 x", network=SMALL, left=Partial(J, x)).tree
    assert found.continued
    assert found.sides == (Partial(J, x), Product((number(2), x)))


def test_shape_of_what_the_line_is_about():
    assert read("0", network=SMALL, like=(n, ONE)).tree == Zeros(n)
    assert read("1", network=SMALL, like=(n, ONE)).tree == Ones(n)
    assert read(r"\vec 0", network=SMALL, like=(n, ONE)).tree == Zeros(n)
    assert read(r"a \cdot x", network=SMALL, like=(ONE, ONE)).tree == Product((a.T, x))
    assert read(r"a \cdot x", network=SMALL, like=(n, ONE)).tree == Hadamard((a, x))


def test_free_indices_leave_out_what_is_bound_and_sizes():
    assert free_indices(parse("x_i + a_j", network=SMALL), SMALL) == {"i", "j"}
    assert free_indices(parse(r"\sum_i x_i", network=SMALL), SMALL) == frozenset()
    assert free_indices(parse(r"\frac{\partial L}{\partial \vec{z}_L}")) == frozenset()


# --- numbers and sizes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("-2", number(-2)),
        (r"\frac{1}{2}", number(Fraction(1, 2))),
        ("1/2", number(Fraction(1, 2))),
        ("0.5", number(Fraction(1, 2))),
        (r"-\frac12", number(Fraction(-1, 2))),
        ("n - 1", Size(n - 1)),
        ("2 n", Size(n * 2)),
        (r"\frac{1}{n}", Quotient(number(1), Size(n))),
        ("n (n - 1)", Product((Size(n), Size(n - 1)))),
        ("J - 2", Sum((J, -number(2)))),
        ("J^{-1/2}", Power(J, Fraction(-1, 2))),
        ("2 \\cdot 3", Product((number(2), number(3)))),
    ],
)
def test_scalars(text, meaning):
    assert parse(text, network=SMALL) == meaning


def test_a_stroke_divides_what_stands_before_it_by_the_next_factor():
    assert parse("1/2 x", network=SMALL) == Product((Number(Fraction(1, 2)), x))
    assert parse("J/n x", network=SMALL) == Product((Quotient(J, Size(n)), x))
    with pytest.raises(ReadingError, match="2 ways"):
        parse("J/t J", network=SMALL)
    assert parse("x / a", network=SMALL) == EntrywiseQuotient(x, a)


@pytest.mark.parametrize(
    ("text", "clear"),
    [
        ("1/2t", (r"\frac{1}{2} t", r"\frac{1}{2t}")),
        ("J/2t", (r"\frac{J}{2} t", r"\frac{J}{2t}")),
        ("1/2n", (r"\frac{1}{2} n", r"\frac{1}{2n}")),
        ("1/2t^2", (r"\frac{1}{2} t^2", r"\frac{1}{2t^2}")),
        ("1/n t", (r"\frac{1}{n} t", r"\frac{1}{n t}")),
        (r"1/2n \sum_i x_i^2", (r"\frac{1}{2} n \sum_i x_i^2", r"\frac{1}{2n} \sum_i x_i^2")),
        ("x^T/J t a", (r"\frac{x^T}{J} t a", r"\frac{x^T}{J t} a")),
        (r"\log J/t", (r"\frac{\log J}{t}", r"\log \frac{J}{t}")),
        (r"\tanh x/2", (r"\frac{\tanh(x)}{2}", r"\tanh(\frac{x}{2})")),
        (r"\sum_i x_i \log x_i/a_i", (r"\sum_i \frac{x_i \log x_i}{a_i}", r"\sum_i x_i \log \frac{x_i}{a_i}")),
    ],
)
def test_what_a_stroke_leaves_open_is_refused_with_both_readings(text, clear):
    one, two = (parse(each, network=SMALL) for each in clear)
    assert one != two
    with pytest.raises(ReadingError, match="2 ways"):
        parse(text, network=SMALL)


@pytest.mark.parametrize(
    ("text", "clear"),
    [
        (r"1/2 \|x\|^2", r"\frac{1}{2} \|x\|^2"),
        (r"1/2 (J - t)^2", r"\frac{1}{2} (J - t)^2"),
        (r"1/2 x^T a", r"\frac{1}{2} x^T a"),
        (r"1/n \sum_i x_i", r"\frac{1}{n} \sum_i x_i"),
        (r"\log J / \log 2", r"\frac{\log J}{\log 2}"),
        (r"\log(J)/t", r"\frac{\log J}{t}"),
    ],
)
def test_a_stroke_with_one_meaning_is_read(text, clear):
    assert parse(text, network=SMALL) == parse(clear, network=SMALL)


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        (r"\sum_{i=0}^{n-1} x_i a_i", "index i of x would be 0"),
        (r"\sum_{i=1}^n x_i a_{i+1}", r"index i\+1 of a would be n\+1"),
        (r"\sum_{i=1}^n x_{i-1}", "index i-1 of x would be 0"),
        (r"\sum_{j=0}^{n-1} S_{1j}", "index j of S would be 0"),
        (r"\prod_{i=0}^{n-1} x_i", "index i of x would be 0"),
        (r"\max_{i=0}^{n} x_i", "index i of x would be 0"),
    ],
)
def test_an_index_that_runs_out_of_the_entries_is_refused(text, outside):
    with pytest.raises(ReadingError, match=outside) as refused:
        parse(text, network=SMALL)
    assert refused.value.span == (0, len(text))


@pytest.mark.parametrize(
    "text", ["10^{100000000} J", "((((9^{99})^{99})^{99})^{99})^{99} J", r"(2 \cdot 3^{-99})^{9999}"]
)
def test_powers_of_numbers_that_explode_are_refused(text):
    with pytest.raises(ReadingError, match="binary digits"):
        parse(text, network=SMALL)


def test_an_index_may_be_moved_within_the_entries():
    i = index("i")
    moved = IndexedSum("i", dim(2), index("n"), Product((Entry(x, i), Entry(a, i - 1))))
    assert parse(r"\sum_{i=2}^n x_i a_{i-1}", network=SMALL) == moved
    from_zero = IndexedSum("i", dim(0), index("n") - 1, Entry(x, i + 1))
    assert parse(r"\sum_{i=0}^{n-1} x_{i+1}", network=SMALL) == from_zero


def test_parentheses_behind_a_product_sign_do_not_end_it_before_its_index():
    one = parse(r"\prod_{i=1}^n (x_i + 1) (a_i + 1)", network=SMALL)
    assert one == parse(r"\prod_{i=1}^n [(x_i + 1) (a_i + 1)]", network=SMALL)
    assert isinstance(one, IndexedProduct)
    assert parse(r"\prod_{i=1}^n (x_i + 1) J", network=SMALL) == Product(
        (parse(r"\prod_{i=1}^n (x_i + 1)", network=SMALL), J)
    )


def test_numbers_are_of_every_entry_among_columns():
    assert parse("1 - x", network=SMALL) == Sum((Ones(n), -x))
    assert parse("x - 0.5", network=SMALL) == Sum((x, -Product((number(Fraction(1, 2)), Ones(n)))))
    assert parse("1 - S", network=SMALL) == Sum((Product((Ones(n), Ones(n).T)), -S))


def test_a_number_is_a_column_where_the_other_side_is_one():
    assert parse("0 = x - a", network=SMALL) == equal(Zeros(n), Sum((x, -a)))
    assert parse("x = 0", network=SMALL) == equal(x, Zeros(n))
    assert parse("J = 0", network=SMALL) == equal(J, number(0))


def test_indices_out_of_their_range_are_refused():
    small = Quantities({"v": (3,)})
    assert parse("v_3", network=small) == Entry(Named("v"), dim(3))
    for text in ("v_4", "v_0"):
        with pytest.raises(ReadingError, match="out of its range"):
            parse(text, network=small)
    with pytest.raises(ReadingError, match="is no quantity"):
        parse(r"\vec{z}_{L+2}")


# --- hostile input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "(" * 190 + "x" + ")" * 190,
        r"\frac{1}{1+" * 90 + "J" + "}" * 90,
        r"\log " * 150 + "J",
        r"\tanh(x + " * 80 + "x" + ")" * 80,
        r"\tanh S " * 40 + "x",
        r"a \cdot " * 40 + "a",
        r"S \cdot " * 6 + "S",
        r"(S \cdot S)" * 8,
        " = ".join([r"S \cdot S"] * 10),
        "S^{" + "T" * 40 + "}",
        "S_{" + "i" * 60 + "}",
        "S_{11" + ",11" * 40 + "}",
        "J(x)" * 14,
        r"\nabla_x " * 40 + "J",
        r"\frac{\partial}{\partial x} " * 40 + "J",
        r"J/" * 60 + "J",
        "a(1-a)" * 20,
        r"\prod_{l=1}^3 " * 20 + "S",
        "S " * 500 + "x",
        "x^{9^{9^9}}",
        "x" + "'" * 50,
    ],
)
def test_hostile_input_is_answered_at_once(text):
    started = time.process_time()
    found, refused = attempt(text)
    assert time.process_time() - started < 2
    assert isinstance(found, Expr) != isinstance(refused, ReadingError)
    if refused is not None:
        assert 0 <= refused.span[0] < refused.span[1] <= len(text)
        assert len(refused.message) < 2000


def attempt(text):
    """The tree, or the error."""
    try:
        return parse(text, network=SMALL), None
    except ReadingError as error:
        return None, error


# --- further functions -----------------------------------------------------------------------------------------------


@node
class Determinant(Expr):
    """A primitive from outside."""

    operand: Expr


@node
class Inverse(Expr):
    """Another one."""

    operand: Expr


def test_functions_and_powers_from_outside(monkeypatch):
    shape.register(Determinant)(lambda e, network: (ONE, ONE))
    monkeypatch.setitem(calls.NAMED, "det", calls.NAMED["det"])
    calls.unary("det")(Determinant)
    monkeypatch.setitem(parts.POWERS, Fraction(-1), Inverse)
    assert parse(r"\log \det(S)", network=SMALL) == Elementwise("log", Determinant(S))
    assert parse("S^{-1} x", network=SMALL) == Product((Inverse(S), x))


def test_without_them_both_are_refused():
    with pytest.raises(ReadingError, match="determinant"):
        parse(r"\det(S)", network=SMALL)
    with pytest.raises(ReadingError, match="inverse"):
        parse("S^{-1} x", network=SMALL)


# --- variables by name -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("W_1", "W_1"), ("W^{(1)}", "W_1"), ("W_{xh}", "W_xh"), (r"\hat{y}", "yhat"), (r"\gamma", "gamma"),
        (r"\bar{x}", "xbar"), (r"\tilde x", "xtilde"), (r"W_{\text{out}}", "W_out"), (r"\mathbf{W}_1", "W_1"),
        (r"\hat{\mathbf y}", "yhat"), ("ŷ", "yhat"), (r"\lambda", "lambda"), (r"b^{[2]}", "b_2"),
    ],
)  # fmt: skip
def test_names(text, name):
    network = Quantities({name: ("m", "n")})
    assert parse(text, network=network) == Named(name)


def test_a_name_of_the_table_is_no_entry_of_a_shorter_one():
    network = Quantities({"W": ("m", "n"), "W_1": ("m", "n"), "W_xh": ("m", "n")})
    assert parse("W_1", network=network) == Named("W_1")
    assert parse("W_{xh}", network=network) == Named("W_xh")
    assert parse("W_{ij}", network=network) == Entry(Named("W"), index("i"), index("j"))


def test_families():
    class Recurrent(Quantities):
        families = frozenset({"h"})

    network = Recurrent({"h": ("n",), "x": ("n",)})
    assert parse("h_{t-1}", network=network) == Named("h", index("t") - 1)
    assert parse("h^{(t)}", network=network) == Named("h", index("t"))
    assert parse("h_{t,i}", network=network) == Entry(Named("h", index("t")), index("i"))
    assert parse("x_t", network=network) == Entry(Named("x"), index("t"))


NAMES = Quantities(
    {
        "x": ("n",), "y": ("k",), "yhat": ("k",), "W_1": ("m", "n"), "W_2": ("k", "m"), "b_1": ("m",), "h": ("m",),
        "gamma": ("m",), "W_xh": ("m", "n"), "J": (), "lambda": (),
    }
)  # fmt: skip
W_1, W_2, h, y, yhat, gamma = (Named(name) for name in ["W_1", "W_2", "h", "y", "yhat", "gamma"])


@pytest.mark.parametrize("notation", notations.names())
def test_round_trip_by_name(notation):
    """Variables by their names, in the letters that the notation gives them; in some about rows."""
    k = index("k")
    over = Product((Entry(y, k), Elementwise("log", Entry(yhat, k))))
    lines = [
        equal(Named("h"), Elementwise("tanh", Sum((Product((W_1, Named("x"))), Named("b_1"))))),
        equal(yhat, Softmax(Product((W_2, h)))),
        equal(
            Named("J"),
            Sum(
                (
                    -IndexedSum("k", ONE, index("k"), over),
                    Product((Named("lambda"), Power(Norm(W_1, "F"), Fraction(2)))),
                )
            ),
        ),
        Product((Transpose(W_2), Sum((yhat, -y)))),
        Hadamard((gamma, h, Sum((Ones(index("m")), -h)))),
        Partial(Named("J"), Named("W_xh")),
    ]
    network = NAMES
    for line in lines:
        text = latex(line, notation, network)
        assert parse(text, notation, network) == line, text


def test_nothing_heavy_is_imported():
    heavy = "('sympy', 'numpy', 'flint', 'typst')"
    code = f"import sys, symbackprop.latex.parse; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_hidden_units_of_the_input():
    assert parse(r"\vec{x}") == Hidden(0) == parse(r"\vec{h}_0")


def test_an_inner_product_added_to_every_entry_is_one_number():
    made = parse(r"S x + x^\top a", network=SMALL)
    assert made == Sum((Product((S, x)), Product((Product((Transpose(x), a)), Ones(n)))))
    assert shape(made, SMALL) == (n, ONE)


# --- diagonals written out -------------------------------------------------------------------------------------------


def written_out(first: str, last: str) -> str:
    return rf"\begin{{pmatrix}} {first} & \dots & 0 \\ \vdots & \ddots & \vdots \\ 0 & \dots & {last} \end{{pmatrix}}"


def test_a_diagonal_over_entries_of_a_formula():
    made = parse(written_out(r"\tanh'((S x + a)_1)", r"\tanh'((S x + a)_n)"), network=SMALL)
    assert made == parse(r"\operatorname{diag}(\tanh'(S x + a))", network=SMALL)
    for other in ("(S x + x)_n", "(S x + a)_1", "(S a + a)_n", "(S x)_n + x_n"):
        with pytest.raises(ReadingError, match="the entries of this matrix are no column"):
            parse(written_out(r"\tanh'((S x + a)_1)", rf"\tanh'({other})"), network=SMALL)


def test_widths_of_the_layers_of_a_network_of_ones_own():
    """`n_l` is the number of rows of `W_l`, and the last entry of `z_l` is the one of that number."""
    network = sb.Network(
        r"z_l = W_l h_{l-1}, \quad l = 1, \dots, L",
        r"h_l = g(z_l)",
        r"J = \ell(h_L, y)",
        shapes={"W_l": "n_l x n_{l-1}"},
    )
    made = parse(written_out(r"g'(z_{l,1})", r"g'(z_{l,n_l})") + r"W_{l+1}^\top", network=network)
    assert made == parse(r"\operatorname{diag}(g'(z_l)) W_{l+1}^\top", network=network)
    # the width of another layer
    with pytest.raises(ReadingError):
        parse(written_out(r"g'(z_{l,1})", r"g'(z_{l,n_{l+1}})") + r"W_{l+1}^\top", network=network)


def test_numbers_in_front_are_factors_of_all_that_follows():
    """`2 R x ⊙ b xᵀ` is `2 ((R x) ⊙ b) xᵀ`: `((2 R x) ⊙ b) xᵀ` has the same value, so that nothing is ambiguous."""
    network = Quantities({"R": ("m", "n"), "x": ("n",), "b": ("m",), "J": ()})
    for front in ("2", r"\frac{1}{2}", r"2 \frac{1}{2}", r"2 \cdot J"):
        made = parse(rf"{front} R x \odot b x^\top", network=network)
        assert made == parse(rf"{front} ((R x) \odot b) x^\top", network=network)
    # where both factors may go with the next one, it is
    with pytest.raises(ReadingError, match="can be read in 2 ways"):
        parse(r"2 S x \odot a x^\top", network=SMALL)
    with pytest.raises(ReadingError):
        parse(r"2 R b \odot x", network=network)
