r"""What is printed about a network that somebody gave is read back as the same tree, in the letters of the network and
the marks of every notation: `parse(latex(e, n, network), n, network) == e`.

Trees are grown from the variables of one network by shape; together with `test_round_trip.py` every kind of node that
can be read has a case, which a test counts.
"""

from __future__ import annotations

import runpy
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import symbackprop as sb
from symbackprop import notations
from symbackprop.dims import ONE, dim, index
from symbackprop.expr import (
    LOSS,
    Column,
    Columns,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    Hadamard,
    Identity,
    LogSumExp,
    Named,
    Negative,
    Norm,
    Number,
    Ones,
    Partial,
    Power,
    Product,
    Quotient,
    Row,
    Softmax,
    SquareRoot,
    Sum,
    Transpose,
    number,
)
from symbackprop.groups import EntrywisePower
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.parse import parse, read
from symbackprop.primitives import DiagonalPart, EntrywiseQuotient, Pairwise, Rows, Stacked, Trace
from symbackprop.quantities import Quantities
from symbackprop.render.latex import latex
from symbackprop.shapes import SCALAR, shape
from symbackprop.tree import subterms

NETWORK = sb.Network(
    r"Z = A X + b \mathbf{1}^\top",
    r"H = \tanh(Z)",
    r"p = \operatorname{softmax}(v)",
    r"\ell = \operatorname{tr}(S) + \|H - Y\|_F^2 + \alpha \|\theta\|_1 - c^\top \log p",
    shapes={"A": "m x n", "X": "n x N", "b": "m", "Y": "m x N", "S": "n x n", "v": "n", "c": "n", r"\theta": "m",
            r"\alpha": "scalar"},
)  # fmt: skip
m, n, N = (index(letter) for letter in ("m", "n", "N"))
LEAVES: dict[tuple[object, object], list[Expr]] = {}
for _equation in NETWORK.equations:
    for _side in (_equation.left, _equation.right):
        for _, _part in subterms(_side):
            if isinstance(_part, Named):
                for _each in (_part, Partial(LOSS, _part)):
                    _known = LEAVES.setdefault(shape(_part, NETWORK), [])
                    if _each not in _known:
                        _known.append(_each)
LEAVES[(n, ONE)] += [Transpose(Row(Named("S"), dim(2))), Column(Named("X"), index("j"))]
LEAVES[(m, ONE)] += [Rows(Stacked((Named("b"), Named("v")), "rows"), ONE, m)]
LEAVES[(n, n)] += [Columns(Stacked((Named("S"), Named("X")), "columns"), ONE, n), Named("S") + Identity(n)]
LEAVES[SCALAR] += [Entry(Named("v"), index("i")), Entry(Named("A"), index("i"), index("k")), number(2)]
LEAVES[SCALAR] += [number(Fraction(1, 2)), Trace(Named("S")), Norm(Named("v"), "1"), LogSumExp(Named("v"))]
SHAPES = sorted(LEAVES, key=str)


@st.composite
def trees(draw, wanted=None, depth=3):
    wanted = draw(st.sampled_from(SHAPES)) if wanted is None else wanted
    choices = makers(wanted, depth)
    leaf = depth <= 0 or not draw(st.integers(0, 3))
    if leaf and wanted in LEAVES:
        return draw(st.sampled_from(LEAVES[wanted]))
    return draw(choices[draw(st.sampled_from(sorted(choices)))])


def makers(wanted, depth):
    rows, columns = wanted

    def below(s):
        return trees(s, depth - 1)

    two = st.tuples(below(wanted), below(wanted))
    made = {"sum": two.map(lambda p: Sum(flat(Sum, p))), "negative": below(wanted).map(Negative).filter(is_negative)}
    made["function"] = st.tuples(st.sampled_from(("tanh", "exp", "sigmoid", "abs", "log")), below(wanted)).map(
        lambda p: Elementwise(*p)
    )
    if wanted[::-1] in LEAVES and wanted != SCALAR:
        made["transpose"] = below(wanted[::-1]).filter(lambda e: not isinstance(e, Transpose)).map(Transpose)
    if wanted == SCALAR:
        made["product"] = two.map(Product)
        made["quotient"] = two.map(lambda p: Quotient(*p)).filter(is_quotient)
        made["root"] = below(SCALAR).map(SquareRoot)
        made["power"] = below(SCALAR).map(lambda e: Power(e, Fraction(3)))
        made["norm"] = st.sampled_from([s for s in SHAPES if s != SCALAR]).flatmap(below).map(lambda e: Norm(e, "F"))
        made["one"] = st.sampled_from([(m, ONE), (n, ONE)]).flatmap(below).map(lambda e: Norm(e, "1"))
        made["trace"] = below((n, n)).map(Trace)
        made["lse"] = below((n, ONE)).map(LogSumExp)
        made["inner"] = st.tuples(below((n, ONE)), below((n, ONE))).map(lambda p: product(Transpose(p[0]), p[1]))
        return made
    made["hadamard"] = two.map(lambda p: Hadamard(p))
    made["ratio"] = two.map(lambda p: EntrywiseQuotient(*p))
    made["max"] = two.map(lambda p: Pairwise("max", *p))
    made["relu"] = below(wanted).map(lambda e: Pairwise("min", number(0), e))
    made["scaled"] = st.tuples(below(SCALAR), below(wanted)).map(lambda p: product(*p))
    made["over"] = st.tuples(below(wanted), below(SCALAR)).map(lambda p: Quotient(*p))
    made["entrywise power"] = st.tuples(below(wanted), st.sampled_from((3, Fraction(1, 2)))).map(
        lambda p: EntrywisePower(p[0], Fraction(p[1]))
    )
    inner = [s[0] for s in SHAPES if s[1] == columns and (rows, s[0]) in LEAVES and s[0] != ONE]
    if inner:
        made["matmul"] = (
            st.sampled_from(inner)
            .flatmap(lambda k: st.tuples(below((rows, k)), below((k, columns))))
            .map(lambda p: product(*p))
        )
    if columns == ONE:
        made["softmax"] = below(wanted).map(Softmax)
        if rows == n:
            made["diagonal"] = below((n, n)).map(DiagonalPart)
    else:
        made["columns"] = below(wanted).map(lambda e: Softmax(e, "column"))
        made["rows"] = below(wanted).map(lambda e: Softmax(e, "row"))
        made["rank one"] = st.tuples(below((rows, ONE)), st.just(Transpose(Ones(columns)))).map(lambda p: product(*p))
    if rows == columns:
        made["diag"] = below((rows, ONE)).map(Diagonal)
        made["shifted"] = below(wanted).map(lambda e: Sum((*flat(Sum, (e,)), Identity(rows))))
    return made


def product(*factors):
    """The factors of products in it are its own, but for scalars such as `vᵀp`, which are one factor."""
    own = [(factor,) if shape(factor, NETWORK) == SCALAR else flat(Product, (factor,)) for factor in factors]
    return Product(tuple(factor for each in own for factor in each))


def flat(kind, parts):
    return tuple(inner for part in parts for inner in (part._values()[0] if isinstance(part, kind) else (part,)))


def is_negative(e):
    return not isinstance(e.operand, Number | Sum | Negative)


def is_quotient(e):
    return not (isinstance(e.numerator, Number) and isinstance(e.denominator, Number))


def back(e, name):
    """What is printed, and what that is read as where the shape is known, as on the right of `∂ℓ/∂A = …`."""
    text = latex(e, name, NETWORK)
    return text, read(text, name, NETWORK, like=shape(e, NETWORK)).tree


@pytest.mark.parametrize("name", notations.names())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_trees(name, data):
    e = data.draw(trees())
    text, found = back(e, name)
    assert found == e, text


@pytest.mark.parametrize("name", notations.names())
def test_a_notation_is_named_or_given(name):
    """By its name alone it has the letters of the network, as where it is printed."""
    for leaves in LEAVES.values():
        for leaf in leaves:
            text = latex(leaf, name, NETWORK)
            assert (
                parse(text, name, NETWORK) == leaf == parse(text, NETWORK.written_in(notations.notation(name)), NETWORK)
            )


# nodes of the lecture's statistics and of groups, which the tests of their topics read; the others are abstract
ELSEWHERE = {
    "Expectation",
    "Variance",
    "Gaussian",
    "Family",
    "Prediction",
    "Membership",
    "Zeros",
    "Variable",
    "_Layered",
}


# where nodes are for tables of activations alone, which are printed only
OF_ITS_READER = {"symbackprop.render.scalars"}
SIMPLE = settings(
    max_examples=3, phases=(Phase.generate,), derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def test_every_kind_of_node_is_tried():
    """By these trees, or by those of the lecture's network."""
    lecture = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("test_round_trip.py"))))
    leaves = [leaf for each in LEAVES.values() for leaf in each]
    leaves += [leaf for network in lecture.NETWORKS.values() for leaf in lecture.leaves(network)]
    # a tree that each maker makes
    leaves += [find(made, lambda e: True, settings=SIMPLE) for each in SHAPES for made in makers(each, 1).values()]
    found = {type(part).__name__ for leaf in leaves for _, part in subterms(leaf)}
    every = {
        kind.__name__
        for kind in kinds(Expr)
        if kind.__module__.startswith("symbackprop.") and kind.__module__ not in OF_ITS_READER
    }
    assert every - found - ELSEWHERE == set()


def kinds(base):
    return {each for kind in base.__subclasses__() for each in (kind, *kinds(kind))}


@pytest.mark.parametrize("name", ["ng", "cs231n"])
def test_a_power_of_each_entry_has_the_sign_of_the_course(name):
    assert latex(EntrywisePower(Named("A"), Fraction(3)), name, NETWORK) == "A^{*3}"
    assert parse("A^{*3}", name, NETWORK) == EntrywisePower(Named("A"), Fraction(3))


def test_ones_are_as_long_as_a_trace_or_a_diagonal_needs():
    assert parse(r"\operatorname{tr}(v \mathbf{1}^\top)", "lecture", NETWORK) == Trace(product(Named("v"), Ones(n).T))
    assert parse(r"\operatorname{diag}(v \mathbf{1}^\top)", "lecture", NETWORK) == DiagonalPart(
        product(Named("v"), Ones(n).T)
    )
    with pytest.raises(ReadingError, match="needs a square matrix"):
        parse(r"\operatorname{tr}(A)", "lecture", NETWORK)


def test_bars_around_a_square_matrix_are_no_determinant():
    """`|S|` would be one, and is refused where it is read."""
    assert latex(Elementwise("abs", Named("S")), "lecture", NETWORK) == r"\operatorname{abs}(S)"
    assert latex(Elementwise("abs", Named("X")), "lecture", NETWORK) == "|X|"


def test_bars_around_bars_are_no_norm():
    """`||X||` would be one."""
    twice = Elementwise("abs", Elementwise("abs", Named("X")))
    assert latex(twice, "lecture", NETWORK) == r"\operatorname{abs}(|X|)"
    assert parse(latex(twice, "lecture", NETWORK), "lecture", NETWORK) == twice


@pytest.mark.parametrize(("name", "loss"), [("bishop", "E_n"), ("prince", r"\ell_i"), ("nielsen", "C")])
def test_the_loss_of_a_course_where_quantities_have_no_equations(name, loss):
    found = parse(rf"\frac{{\partial {loss}}}{{\partial \mathbf{{x}}}}", name, Quantities({"x": ("n", 1)}))
    assert found == Partial(LOSS, Named("x"))
