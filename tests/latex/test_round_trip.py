"""What is printed is read back as the same tree, in every notation: `parse(latex(e, n), n) == e`."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symbackprop import expr, notations
from symbackprop.dims import DEPTH, ONE, dim, index, width
from symbackprop.expr import (
    LOSS,
    Bias,
    ColumnAt,
    Columns,
    Diagonal,
    Elementwise,
    Entry,
    Hadamard,
    Hidden,
    IndexedProduct,
    IndexedSum,
    Negative,
    Norm,
    Number,
    Partial,
    Power,
    PreActivation,
    Product,
    Quotient,
    SingularValue,
    Size,
    Softmax,
    SquareRoot,
    Sum,
    Target,
    Transpose,
    Weight,
    WithoutBias,
    number,
)
from symbackprop.latex.parse import parse
from symbackprop.latex.readings import AmbiguousError
from symbackprop.magnitudes import Extreme, OverUnit, SingularValueAt, SpectralSum
from symbackprop.network import MLP
from symbackprop.primitives import DiagonalPart, EntrywiseQuotient, Pairwise, Rows, Stacked, Trace
from symbackprop.render.latex import latex
from symbackprop.shapes import SCALAR, shape
from symbackprop.tree import subterms

AUGMENTED, SEPARATE = MLP(), MLP(bias="separate")
NETWORKS = {"augmented": AUGMENTED, "separate": SEPARATE}
LAYERS = (dim(1), dim(2), index("l"), index("l") + 1, DEPTH, DEPTH - 1)
INDICES = (dim(1), index("i"), index("j"))
FUNCTIONS = ("g", "tanh", "exp", "relu")


# --- trees of a shape ------------------------------------------------------------------------------------------------


def variables(network):
    """Variables of every family, in a few layers."""
    made = [Target(), Hidden(dim(0)), PreActivation(DEPTH + 1), LOSS]
    for layer in LAYERS:
        made += [PreActivation(layer), Hidden(layer), Weight(layer)]
        if network.bias == "separate":
            made.append(Bias(layer))
    return made


def leaves(network):
    """Trees without operations: variables, gradients, rows and blocks, numbers."""
    made = []
    for variable in variables(network):
        made.append(variable)
        if not isinstance(variable, expr.Loss | Target):
            made.append(Partial(LOSS, variable))
        if isinstance(variable, Weight):
            made += [expr.Row(variable, index("j")), expr.Column(variable, dim(1))]
            made += [Entry(variable, index("i"), index("k")), Columns(variable, ONE, index("k"))]
            made += [
                Transpose(expr.Row(variable, index("j"))),
                Partial(LOSS, Transpose(expr.Row(variable, index("j")))),
            ]
            if network.augmented:
                made.append(WithoutBias(variable))
        elif not isinstance(variable, expr.Loss):
            made += [Entry(variable, i) for i in INDICES]
    made += [Partial(PreActivation(l + 1), Hidden(l)) for l in LAYERS]
    made += [network.layer_map(PreActivation(l)) for l in LAYERS]
    made += big(network)
    if network.augmented:
        made += [expr.ActivationJacobian("g", PreActivation(l)) for l in LAYERS]
    made += [
        number(2),
        number(3),
        Number(Fraction(1, 2)),
        Size(width(index("l"))),
        expr.Kronecker(index("i"), index("k")),
        Power(expr.Kronecker(index("i"), index("k")), Fraction(2)),
    ]
    return made


def big(network):
    """Products and sums over an index, columns among zeros, blocks: one of each, which the tree puts in many places."""
    l, m, z, w = index("l"), index("m"), PreActivation(index("l")), Weight(index("l"))
    jacobian = expr.ActivationJacobian("g", z) if network.augmented else Diagonal(Elementwise("g", z, 1))
    body = Product((jacobian, Transpose(w)))
    count = shape(z, network)[0]
    square = Product((w, Transpose(w)))
    return [
        IndexedProduct("l", ONE, DEPTH, body),
        IndexedProduct("l", ONE, m, body),
        IndexedProduct("l", dim(2), DEPTH - 1, Product((SingularValue(w), Norm(Hidden(l))))),
        IndexedSum("l", dim(0), DEPTH, Power(Norm(w, "F"), Fraction(2))),
        Product((Quotient(number(1), Size(count)), IndexedSum("i", ONE, count, Entry(z, index("i"))))),
        Extreme("max", "i", ONE, count, Elementwise("abs", Elementwise("g", Entry(z, index("i")), 1))),
        SquareRoot(SpectralSum("i", w, Power(SingularValueAt(w, index("i")), Fraction(2)))),
        OverUnit("sup", Hidden(l), Norm(Product((w, Hidden(l))))),
        SingularValue(w, "smallest"),
        Trace(square),
        DiagonalPart(square),
        expr.LogSumExp(z),
        Diagonal(z),
        Stacked((z, PreActivation(l + 1)), "rows"),
        Rows(w, ONE, m),
        expr.Function("L", (PreActivation(DEPTH + 1), Target())),
        Product((ColumnAt(z, dim(1), dim(2)), Transpose(ColumnAt(z, dim(2), dim(2))))),
    ]


def by_shape(network):
    """The leaves by their shapes."""
    found = {}
    for leaf in leaves(network):
        found.setdefault(shape(leaf, network), []).append(leaf)
    return found


LEAVES = {name: by_shape(network) for name, network in NETWORKS.items()}


@st.composite
def trees(draw, bias, wanted=None, depth=3):
    """A well-shaped tree; of a shape, if one is wanted."""
    known = LEAVES[bias]
    if wanted is None:
        wanted = draw(st.sampled_from(sorted(known, key=str)))
    choices = makers(bias, wanted, depth)
    leaf = st.sampled_from(known[wanted]) if wanted in known else None
    if depth <= 0 or not choices:
        if leaf is not None:
            return draw(leaf)
        choices = {"transpose": choices["transpose"]} if "transpose" in choices else choices
    name = draw(st.sampled_from(sorted(choices))) if leaf is None or draw(st.integers(0, 3)) else "leaf"
    return draw(leaf) if name == "leaf" else draw(choices[name])


def makers(bias, wanted, depth):
    """Strategies for a tree of a shape, by what stands at its top."""
    known = LEAVES[bias]
    rows, columns = wanted

    def below(s):
        return trees(bias, s, depth - 1)

    made = {}
    if wanted[::-1] in known and wanted != SCALAR:
        made["transpose"] = below(wanted[::-1]).map(Transpose).filter(is_no_double_transpose)
    if depth <= 0:
        return made
    made["sum"] = st.tuples(below(wanted), below(wanted)).map(summed)
    made["negative"] = below(wanted).map(Negative).filter(is_negative)
    made["scaled"] = st.tuples(below(SCALAR), below(wanted)).map(multiplied) if wanted != SCALAR else st.nothing()
    if wanted == SCALAR:
        made["product"] = st.tuples(below(SCALAR), below(SCALAR)).map(multiplied).filter(is_no_size)
        made["quotient"] = st.tuples(below(SCALAR), below(SCALAR)).map(lambda p: Quotient(*p)).filter(is_quotient)
        made["power"] = st.tuples(below(SCALAR), st.sampled_from((2, 3, -1, Fraction(1, 2)))).map(powered)
        made["root"] = below(SCALAR).map(SquareRoot)
        made["norm"] = st.tuples(st.sampled_from(sorted(known, key=str)).flatmap(below), st.sampled_from("2F")).map(
            lambda p: Norm(*p)
        )
        matrices = [s for s in known if ONE not in s]
        made["singular"] = st.sampled_from(matrices).flatmap(below).map(SingularValue)
        vectors = [s for s in known if s[1] == ONE and s != SCALAR]
        made["sumover"] = (
            st.sampled_from(vectors)
            .flatmap(
                lambda s: st.sampled_from(
                    [leaf for leaf in known[s] if isinstance(leaf, PreActivation | Target)] or [Target()]
                )
            )
            .map(lambda v: IndexedSum("k", ONE, shape(v, NETWORKS[bias])[0], Power(Entry(v, index("k")), Fraction(2))))
        )
    else:
        made["hadamard"] = st.tuples(below(wanted), below(wanted)).map(lambda p: Hadamard(p))
        made["ratio"] = st.tuples(below(wanted), below(wanted)).map(lambda p: EntrywiseQuotient(*p))
        made["max"] = below(wanted).map(lambda e: Pairwise("max", number(0), e))
        products = [s[0] for s in known if (rows, s[0]) in known and s[1] == columns and s[0] != ONE]
        if products:
            made["matmul"] = (
                st.sampled_from(products)
                .flatmap(lambda n: st.tuples(below((rows, n)), below((n, columns))))
                .map(multiplied)
            )
    made["function"] = st.tuples(st.sampled_from(FUNCTIONS), below(wanted), st.integers(0, 1)).map(
        lambda p: Elementwise(p[0], p[1], p[2])
    )
    if columns == ONE and wanted != SCALAR:
        made["softmax"] = below(wanted).map(Softmax)
    if rows == columns and wanted != SCALAR:
        made["diagonal"] = below((rows, ONE)).map(Diagonal) if (rows, ONE) in known else st.nothing()
    return {name: strategy for name, strategy in made.items() if not strategy.is_empty}


def flat(kind, parts):
    """The operands of a product or sum; those of one inside it are no operands of their own."""
    return tuple(inner for part in parts for inner in (part._values()[0] if isinstance(part, kind) else (part,)))


def is_affine(e):
    """Whether it is made of whole numbers and sizes only, which stands for one size where it has a letter."""
    match e:
        case Number(value):
            return value.denominator == 1
        case Size():
            return True
        case Negative(operand):
            return is_affine(operand)
        case Sum() | Product():
            return all(map(is_affine, e._values()[0]))
    return False


def is_no_double_transpose(e):
    return not isinstance(e.operand, Transpose)


def is_no_size(e):
    return not is_affine(e)


def is_negative(e):
    """A negative number or size is one number or size."""
    return not isinstance(e.operand, Number | Size | Sum | Negative)


def is_quotient(e):
    """A quotient of numbers is one number."""
    return not (isinstance(e.numerator, Number) and isinstance(e.denominator, Number))


def powered(pair):
    base, exponent = pair
    return Power(base, Fraction(exponent))


def multiplied(pair):
    return Product(flat(Product, pair))


def summed(pair):
    return Sum(flat(Sum, pair))


# what stands in parentheses as a factor
FENCED = (Negative, Sum, Hadamard, EntrywiseQuotient, Product, Size, Number)


def is_canonical(e):
    """Whether no other tree is printed the same."""
    for _, part in subterms(e):
        match part:
            case Sum(terms) | Product(terms) if all(map(is_affine, terms)):
                return False
            case Sum(terms) if any(isinstance(term, Number) and term.value < 0 for term in terms):
                return False
            case Product(factors) if any(one == LOSS and isinstance(two, FENCED) for one, two in pairwise(factors)):
                # `L(-W)` may be the loss as a function: it is refused as ambiguous
                return False
    return True


@pytest.mark.parametrize("bias", sorted(NETWORKS))
@pytest.mark.parametrize("name", notations.names())
def test_leaves(name, bias):
    """Every variable, gradient, row, entry and block."""
    network = NETWORKS[bias]
    wrong = []
    for leaf in leaves(network):
        text = latex(leaf, name, network)
        try:
            found = parse(text, name, network)
        except Exception as error:
            wrong.append((text, str(leaf), str(error).splitlines()[0]))
            continue
        if found != leaf:
            wrong.append((text, repr(leaf), repr(found)))
    assert not wrong


@pytest.mark.parametrize("bias", sorted(NETWORKS))
@pytest.mark.parametrize("name", notations.names())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_trees(name, bias, data):
    network = NETWORKS[bias]
    e = data.draw(trees(bias).filter(is_canonical))
    text = latex(e, name, network)
    assert parse(text, name, network) == e, text


def test_the_loss_before_parentheses_is_ambiguous():
    """A product with the loss is printed as the loss of something is: it is refused, and never misread."""
    e = Product((LOSS, Negative(Weight(1))))
    text = latex(e)
    assert text == "L(-W_1)"
    with pytest.raises(AmbiguousError):
        parse(text)
