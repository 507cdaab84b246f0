"""What stands where, before any format: parentheses, matrices with dots, dimensions, and nodes from outside."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest

from symbackprop.derivation import Shown
from symbackprop.dims import DEPTH, Dim, dim, index, units, width
from symbackprop.errors import ShapeError
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    ColumnAt,
    Diagonal,
    Elementwise,
    Expr,
    Hadamard,
    Hidden,
    IndexedProduct,
    IndexedSum,
    Named,
    Norm,
    Partial,
    Power,
    PreActivation,
    Product,
    Quotient,
    Size,
    Transpose,
    Weight,
    WithoutBias,
    number,
)
from symbackprop.network import MLP
from symbackprop.render import boxes
from symbackprop.render.boxes import Box, Fenced, Matrix, Row, Scripts, Symbol, Under, Words
from symbackprop.render.layout import Level, Look, applied, dims_layout, inside, layout, level
from symbackprop.tree import Node, children, node

l, j = index("l"), index("j")
A, B, v = Named("A"), Named("B"), Named("v")
D = ActivationJacobian("g", PreActivation(l))


def text(box: Box) -> str:
    """A box as plain text, for reading what an assertion says; nothing of any format."""
    match box:
        case Symbol(t) | Words(t) | boxes.Infix(t):
            return t
        case boxes.Space():
            return " "
        case Row(items):
            return "".join(map(text, items))
        case Scripts(base, sub, sup, primes):
            low, high = f"_{text(sub)}" if sub else "", f"^{text(sup)}" if sup else ""
            return f"{text(base)}{'′' * primes}{low}{high}"
        case boxes.Accent(base) | boxes.Bold(base):
            return text(base)
        case Fenced(opening, body, closing):
            return f"{opening}{text(body)}{closing}"
        case Matrix(rows):
            return "(" + "; ".join(",".join(map(text, row)) for row in rows) + ")"
        case boxes.Fraction(over, under):
            return f"{text(over)}/{text(under)}"
        case boxes.Big(sign, lower, upper):
            return f"{sign}_{text(lower) if lower else ''}^{text(upper) if upper else ''}"
        case Under(body, note):
            return f"{text(body)}⏟{{{text(note)}}}"
        case boxes.Over(body, note):
            return f"{{{text(note)}}}⏞{text(body)}"
    raise AssertionError(box)


def said(e: Expr, **look: object) -> str:
    return text(layout(e, Look(**look)))  # type: ignore[arg-type]


def parts(box: object) -> Iterator[object]:
    yield box
    for value in vars(box).values() if isinstance(box, Box) else box if isinstance(box, tuple) else ():
        yield from parts(value)


# --- parentheses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("e", "wanted"),
    [
        ((A + B) @ v, "(A+B)v"),
        (A + B @ v, "A+Bv"),
        (A - (B - v), "A−(B−v)"),
        (A - B - v, "A−B−v"),
        (-A + B, "−A+B"),
        (-(A + B), "−(A+B)"),
        (Product((A, -B)), "A(−B)"),
        (Product((A, Product((B, v)))), "A(Bv)"),
        (Hadamard((A, B @ v)), "A⊙(Bv)"),
        (Product((Hadamard((A, B)), v)), "(A⊙B)v"),
        ((A @ B).T, "(AB)^⊤"),
        (A.T.T, "(A^⊤)^⊤"),
        (Weight(l).T, "W_l^⊤"),
        (Partial(LOSS, v).T, "(∂L/∂v)^⊤"),
        (Product((IndexedSum("i", dim(1), dim(3), A), B)), "(Σ_i=1^3A)B"),
        (Product((B, IndexedSum("i", dim(1), dim(3), A))), "BΣ_i=1^3A"),
        (IndexedSum("i", dim(1), dim(3), A + B), "Σ_i=1^3[A+B]"),
        (Product((number(2), number(3), A)), "2·3A"),
        (Product((number(2), Quotient(v, Norm(v)))), "2(v/‖v‖_2)"),
        (Product((Size(width(l) - 1), Size(width(l)))), "(n_l−1)n_l"),
        (Product((A, ColumnAt(v, j, width(l)))), "A(0 … 0 v 0 … 0)"),
        (Elementwise("g", A + B), "g(A+B)"),
        (Elementwise("abs", A - B), "|A−B|"),
    ],
)
def test_parentheses(e: Expr, wanted: str) -> None:
    assert said(e) == wanted


def test_delimiters_grow_only_around_what_is_tall() -> None:
    low, high = layout(Norm(A @ v), Look()), layout(Norm(Partial(LOSS, v)), Look())
    assert [part.grows for part in parts((low, high)) if isinstance(part, Fenced)] == [False, True]


# --- sizes and indices ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("d", "wanted"),
    [
        (units(l), "n_l−1"),
        (units(DEPTH + 1), "n_L+1"),
        (units(l + 1) + 2, "n_l+1+1"),
        (width(l) * 2, "2n_l"),
        (3 - l, "−l+3"),
        (dim(0), "0"),
    ],
)
def test_sizes(d: Dim, wanted: str) -> None:
    assert text(dims_layout(d, Look())) == wanted


def test_sizes_of_a_given_network() -> None:
    look = Look(MLP(widths=[4, 5, 3]))
    assert [text(dims_layout(units(dim(i)), look)) for i in range(3)] == ["3", "4", "3"]


def test_signs_have_no_blanks_in_a_script() -> None:
    is_infix = [
        any(isinstance(part, boxes.Infix) for part in parts(dims_layout(l - 1, Look(), tight=tight)))
        for tight in (True, False)
    ]
    assert is_infix == [False, True]


# --- matrices that are written out ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("widths", "wanted"),
    [
        ([3, 2, 2], "(g′(z_1,1),0)"),
        ([3, 3, 2], "(g′(z_1,1),0,0; 0,g′(z_1,2),0)"),
        ([3, 4, 2], "(g′(z_1,1),…,0,0; ⋮,⋱,⋮,⋮; 0,…,g′(z_1,3),0)"),
    ],
)
def test_activation_jacobian_of_given_width(widths: list[int], wanted: str) -> None:
    e = ActivationJacobian("g", PreActivation(dim(1)))
    assert said(e, network=MLP(widths=widths)) == wanted


@pytest.mark.parametrize(
    ("e", "wanted"),
    [
        (D, "(g′(z_l,1),…,0,0; ⋮,⋱,⋮,⋮; 0,…,g′(z_l,n_l−1),0)"),
        (D.T, "(g′(z_l,1),…,0; ⋮,⋱,⋮; 0,…,g′(z_l,n_l−1); 0,…,0)"),
        (Diagonal(Elementwise("g", PreActivation(l), 1)), "(g′(z_l,1),…,0; ⋮,⋱,⋮; 0,…,g′(z_l,n_l−1))"),
        (Diagonal(v), "diag(v)"),
        (ColumnAt(Hidden(l), j, units(l + 1)).T, "(0^⊤; ⋮; 0^⊤; h_l^⊤; 0^⊤; ⋮; 0^⊤)"),
    ],
)
def test_matrices_with_dots(e: Expr, wanted: str) -> None:
    assert said(e) == wanted


def test_the_output_layer_has_no_bias_unit() -> None:
    """Were there an activation at the output, its Jacobian would have `n_{L+1}` rows and not `n_{L+1} - 1`."""
    square = Diagonal(Elementwise("g", PreActivation(DEPTH + 1), 1))
    assert said(square).endswith("g′(y_n_L+1))")


def test_short_names() -> None:
    e = Product((ColumnAt(Hidden(dim(0)), j, units(1)), D, Weight(l).T, D.T))
    assert said(e, short=True) == "(0 … 0 x 0 … 0)D_lW_l^⊤D_l^⊤"


@pytest.mark.parametrize(
    ("column", "label"),
    [(j, "j"), (j + 1, "(j+1)"), *((dim(n), str(n)) for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 111))],
    ids=str,
)
def test_column_labels(column: Dim, label: str) -> None:
    endings = {"1": "st", "2": "nd", "3": "rd", "21": "st", "22": "nd"}
    e = ColumnAt(Hidden(l), column, units(l + 1))
    wanted = f"(0 … 0 {{{label}{endings.get(label, 'th')} column}}⏞h_l 0 … 0)"
    assert said(e, shown=Shown(column_label=True)) == wanted
    assert "column" not in said(e)


def test_column_placement_in_few_columns() -> None:
    one, two = MLP(widths=[3, 2, 2]), MLP(widths=[3, 3, 2])
    x = Hidden(dim(0))
    assert said(ColumnAt(x, dim(1), units(1)), network=one) == "(x)"
    assert said(ColumnAt(x, dim(1), units(1)), network=two) == "(x 0)"
    assert said(ColumnAt(x, dim(2), units(1)), network=two) == "(0 x)"
    # which of two is not known
    assert said(ColumnAt(x, j, units(1)), network=two) == "(0 … 0 x 0 … 0)"


def test_matrix_of_unknown_size_is_refused() -> None:
    with pytest.raises(ShapeError, match="no variable q"):
        said(ActivationJacobian("g", Named("q")))


# --- dimensions under braces ------------------------------------------------------------------------------------------


def notes(e: Expr, dimensions: str = "all", **look: object) -> list[str]:
    box = layout(e, Look(shown=Shown(dimensions=dimensions), **look))  # type: ignore[arg-type]
    return [text(part.note) for part in parts(box) if isinstance(part, Under)]


X = ColumnAt(Hidden(dim(0)), j, units(1))
CLOSED = X @ IndexedProduct("l", dim(1), DEPTH, D @ Weight(l).T) @ Partial(LOSS, PreActivation(DEPTH + 1))


def test_no_dimensions_unless_shown() -> None:
    assert notes(CLOSED, "none") == []


def test_dimensions_of_columns_only() -> None:
    assert notes(CLOSED, "columns") == ["n_0×(n_1−1)"]


def test_dimensions_of_every_factor() -> None:
    """Slide 2, the note under the closed form."""
    assert notes(CLOSED) == ["n_0×(n_1−1)", "(n_l−1)×n_l", "n_l×(n_l+1−1), or n_L×n_L+1", "n_L+1×1"]


@pytest.mark.parametrize(
    ("lower", "upper", "wanted"),
    [
        # below the last layer the generic spelling is right for every factor
        (dim(1), DEPTH - 1, "n_l×(n_l+1−1)"),
        (dim(0), DEPTH, "n_l×(n_l+1−1), or n_L×n_L+1"),
    ],
)
def test_the_last_layer_is_told_apart_only_where_it_is_reached(lower: Dim, upper: Dim, wanted: str) -> None:
    assert notes(IndexedProduct("l", lower, upper, Weight(l).T)) == [wanted]


def test_a_body_of_one_factor_has_dimensions() -> None:
    e = IndexedProduct("l", dim(1), DEPTH, WithoutBias(Weight(l)).T)
    assert notes(e) == ["(n_l−1)×(n_l+1−1), or (n_L−1)×n_L+1"]


def test_bounds_that_are_known_count_too() -> None:
    e = Weight(l).T @ Partial(LOSS, PreActivation(l + 1))
    assert notes(e, known={"l": (dim(1), DEPTH), "L": (dim(1), None)})[0] == "n_l×(n_l+1−1), or n_L×n_L+1"
    assert notes(e, known={"l": (dim(1), DEPTH - 1)})[0] == "n_l×(n_l+1−1)"
    assert notes(e)[0] == "n_l×(n_l+1−1)"


def test_no_bias_unit_no_exception() -> None:
    """With the bias apart every layer has `n_l` units, the output too."""
    e = IndexedProduct("l", dim(1), DEPTH, Weight(l).T)
    assert notes(e, network=MLP(bias="separate")) == ["n_l×n_l+1"]


def test_scalars_have_no_dimensions() -> None:
    assert notes(Product((Norm(Weight(l).T @ PreActivation(l + 1)), LOSS))) == ["n_l×(n_l+1−1)", "(n_l+1−1)×1"]


def test_what_has_a_brace_has_none_inside() -> None:
    e = Transpose(Weight(l) @ Hidden(l)) @ PreActivation(l + 1)
    assert notes(e) == ["1×(n_l+1−1)", "(n_l+1−1)×1"]


def test_words_below_a_factor() -> None:
    """The lecture's "Exclude biases", below a power of a norm; of two equal factors both have the words."""
    penalty = Power(Norm(WithoutBias(Weight(l)), "F"), Fraction(2))
    lambd = Named("lambda")

    def shown(e: Expr, part: Expr, dimensions: str = "none") -> str:
        return text(layout(e, Look(shown=Shown(notes=((part, "Exclude biases"),), dimensions=dimensions))))

    assert shown(lambd @ penalty, penalty) == "λ‖W_l‖_F^2⏟{Exclude biases}"
    assert shown(penalty + lambd, penalty) == "‖W_l‖_F^2⏟{Exclude biases}+λ"
    assert shown(A @ v @ A, A) == "A⏟{Exclude biases}vA⏟{Exclude biases}"
    assert shown(lambd @ penalty, Norm(Weight(l))) == "λ‖W_l‖_F^2"
    look = Look()
    assert text(layout(lambd @ penalty, look.showing(Shown(notes=((penalty, "small"),))))).endswith("⏟{small}")
    assert "⏟" not in text(layout(lambd @ penalty, look))


# --- one look, many lines ---------------------------------------------------------------------------------------------


def test_lines_of_one_look_share_boxes_and_not_their_dimensions() -> None:
    look = Look()
    e = D @ Weight(l).T
    first = layout(e, look)
    again = layout(D @ Hidden(l), look.showing(Shown()))
    assert isinstance(first, Row)
    assert isinstance(again, Row)
    assert first.items[0] is again.items[0]
    braced = layout(e, look.showing(Shown(dimensions="all")))
    assert any(isinstance(part, Under) for part in parts(braced))
    assert not any(isinstance(part, Under) for part in parts(layout(e, look)))


def test_one_product_in_two_ranges_has_two_notes() -> None:
    """What is kept of a body is kept with the range of its index."""
    body = D @ Weight(l).T
    e = IndexedProduct("l", dim(1), DEPTH - 1, body) @ IndexedProduct("l", dim(1), DEPTH, body)
    assert notes(e)[1::2] == ["n_l×(n_l+1−1)", "n_l×(n_l+1−1), or n_L×n_L+1"]


# --- every node, and nodes from outside -------------------------------------------------------------------------------


def kinds(base: type[Node]) -> Iterator[type[Node]]:
    """The nodes of the package below a base, without the bases themselves."""
    for kind in base.__subclasses__():
        if kind.__module__.startswith("symbackprop.") and "_fields" in vars(kind):
            yield kind
        yield from kinds(kind)


def test_every_node_has_a_layout_and_says_how_it_binds() -> None:
    unknown, loosest = layout.dispatch(object), level.dispatch(object)
    assert [kind.__name__ for kind in kinds(Node) if layout.dispatch(kind) is unknown] == []
    assert [kind.__name__ for kind in kinds(Expr) if level.dispatch(kind) is loosest] == []


@node
class Trace(Expr):
    operand: Expr


@node
class Determinant(Expr):
    operand: Expr


def test_a_node_that_nobody_registered_is_named() -> None:
    with pytest.raises(TypeError, match="Trace has no layout registered"):
        layout(Trace(A), Look())


def test_a_new_node_registers_itself() -> None:
    @layout.register
    def _(e: Determinant, look: Look) -> Box:
        return applied(Symbol("det", operator=True), inside(e.operand, look))

    e = Determinant(A @ B)
    assert children(e) == (A @ B,)
    # nothing said of how it binds: parentheses, to be safe
    assert said(e @ v) == "(det(AB))v"

    @level.register
    def _(e: Determinant, look: Look) -> Level:
        return Level.FACTOR

    assert said(Determinant(A) @ v) == "det(A)v"
