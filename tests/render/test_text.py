"""Terminal text, against pictures drawn by hand."""

from __future__ import annotations

import re

import pytest

from symbackprop import expr
from symbackprop.dims import DEPTH, ONE, dim, index, units
from symbackprop.expr import LOSS, ActivationJacobian, ColumnAt, Hidden, IndexedProduct, Partial, PreActivation, Weight
from symbackprop.network import MLP
from symbackprop.render import boxes
from symbackprop.render.boxes import Accent, Big, Box, Fenced, Fraction, Infix, Matrix, Over, Row, Scripts, Space
from symbackprop.render.boxes import Symbol as S
from symbackprop.render.layout import Look, layout
from symbackprop.render.pictures import columns
from symbackprop.render.text import fits, render, write
from symbackprop.statements import equal

L, J = index("l"), index("j")


def row(*items: Box) -> Row:
    return Row(items)


def vec(letter: str, sub: Box | None = None, sup: Box | None = None) -> Box:
    base = Accent(S(letter), "vec")
    return base if sub is None and sup is None else Scripts(base, sub, sup)


def partial(of: Box, wrt: Box) -> Box:
    return Fraction(row(S("∂"), of), row(S("∂"), wrt))


def jacobian(layer: str) -> Matrix:
    def cell(*last: Box) -> Box:
        return row(Scripts(S("g"), primes=1), Fenced("(", Scripts(S("z"), row(S(layer), S(","), *last)), ")", False))

    zero, dots, down = S("0"), S("…"), S("⋮")
    end = (Scripts(S("n"), S(layer)), S("−"), S("1"))
    return Matrix((
        (cell(S("1")), dots, zero, zero),
        (down, S("⋱"), down, down),
        (zero, dots, cell(*end), zero),
    ))  # fmt: skip


def placed(vector: Box) -> Row:
    zero, dots, quad = vec("0"), S("…"), Space("quad")
    return row(zero, quad, dots, quad, zero, quad, vector, quad, zero, quad, dots, quad, zero)


TOP = S("⊤")
ROW_GRADIENT = partial(S("L"), vec("w", row(S("0"), S(","), S("j")), TOP))
PRODUCT = Big("∏", row(S("l"), S("="), S("1")), S("L"))
CLOSED = row(
    Infix("="),
    Fenced("(", placed(vec("x")), ")", False),
    PRODUCT,
    Fenced("[", row(jacobian("l"), Scripts(S("W"), S("l"), TOP)), "]"),
    partial(S("L"), Accent(vec("y"), "hat")),
)


def drawn(text: str) -> list[str]:
    """A picture in a test, without its first line and the blanks before its bar."""
    return [line.split("¦", 1)[1].rstrip() for line in text.splitlines() if "¦" in line]


@pytest.mark.parametrize(
    ("box", "line"),
    [
        (vec("z", S("1")), "z₁"),
        (Scripts(S("W"), S("1"), TOP), "W₁ᵀ"),
        (Scripts(S("n"), S("l")), "nₗ"),
        (vec("h", row(S("l"), S("+"), S("1"))), "hₗ₊₁"),
        (vec("w", row(S("0"), S(","), S("j")), TOP), "w₀,ⱼᵀ"),
        (Accent(vec("y"), "hat"), "ŷ"),
        (row(Scripts(S("g"), primes=1), Fenced("(", Scripts(S("z"), S("l")), ")", False)), "g′(zₗ)"),
        (row(vec("z", S("1")), Infix("="), Scripts(S("W"), S("0")), vec("x")), "z₁ = W₀ x"),
        (row(S("−"), S("2"), S("λ")), "−2λ"),
        (Scripts(Fenced("‖", row(S("A"), vec("x")), "‖", False), S("2")), "‖A x‖₂"),
        (row(boxes.Words("diag"), Fenced("(", vec("v"), ")", False), vec("u")), "diag(v) u"),
        (row(vec("a"), Infix("="), vec("b"), boxes.Words(", "), vec("c"), Infix("="), vec("d")), "a = b, c = d"),
        # one-line neighbours: the bounds stand on the line
        (row(PRODUCT, Fenced("[", row(Scripts(S("D"), S("l"))), "]")), "∏ₗ₌₁ᴸ [Dₗ]"),
        # what would be read as n with index l-1 is not flattened
        (row(Scripts(S("n"), S("l")), Infix("−"), S("1")), "nₗ − 1"),
    ],
)
def test_what_fits_on_one_line(box: Box, line: str) -> None:
    assert write(box) == [line]


def test_a_letter_without_a_subscript_form_gets_a_lowered_row() -> None:
    box = row(Scripts(S("W"), S("L"), TOP), vec("h", row(S("L"), S("−"), S("1"))))
    assert write(box) == drawn("""
        ¦Wᵀ h
        ¦ L  L−1
    """)


def test_fractions_stand_on_a_rule_at_the_base_line() -> None:
    box = row(partial(S("L"), vec("h", S("L"))), Infix("="), ROW_GRADIENT)
    assert write(box) == drawn("""
        ¦∂L      ∂L
        ¦─── = ──────
        ¦∂h    ∂w₀,ⱼᵀ
        ¦  L
    """)


def test_a_matrix_has_tall_brackets() -> None:
    assert write(jacobian("l")) == drawn("""
        ¦⎛g′(zₗ,₁)  …       0       0⎞
        ¦⎜   ⋮      ⋱       ⋮       ⋮⎟
        ¦⎜   0      …  g′(z      )  0⎟
        ¦⎝                 l,nₗ−1    ⎠
    """)


def test_the_closed_form() -> None:
    assert write(CLOSED) == drawn("""
        ¦                   L
        ¦                  ┬─┬ ⎡⎛g′(zₗ,₁)  …       0       0⎞    ⎤ ∂L
        ¦= (0 … 0 x 0 … 0) │ │ ⎢⎜   ⋮      ⋱       ⋮       ⋮⎟ Wₗᵀ⎥ ──
        ¦                  l=1 ⎢⎜   0      …  g′(z      )  0⎟    ⎥ ∂ŷ
        ¦                      ⎣⎝                 l,nₗ−1    ⎠    ⎦
    """)


def test_the_given_line_has_its_label_and_its_brace() -> None:
    label = Over(vec("x"), row(S("j"), boxes.Words("th column")))
    width = row(Scripts(S("n"), S("0")), Infix("×"), Fenced("(", row(Scripts(S("n"), S("1")), Infix("−"), S("1")), ")"))
    box = row(boxes.Under(Fenced("(", placed(label), ")"), width), partial(S("L"), vec("z", S("1"))))
    assert write(box) == drawn("""
        ¦⎛      jth column      ⎞ ∂L
        ¦⎝0 … 0     x      0 … 0⎠ ───
        ¦╰──────────┬───────────╯ ∂z₁
        ¦     n₀ × (n₁ − 1)
    """)


def test_a_note_of_two_cases_takes_two_lines() -> None:
    def size(name: Box) -> Box:
        return Scripts(S("n"), name)

    note = row(size(S("l")), Infix("×"), S("1"), boxes.Words(", or "), size(S("L")), Infix("×"), S("1"))
    assert write(boxes.Under(Scripts(S("W"), S("l")), note)) == drawn("""
        ¦    Wₗ
        ¦    ╰╯
        ¦ nₗ × 1,
        ¦or n_L × 1
    """)


def test_norms_roots_and_conditions() -> None:
    norm = Scripts(Fenced("‖", partial(S("L"), Accent(vec("y"), "hat")), "‖"), S("2"))
    assert write(norm) == drawn("""
        ¦‖ ∂L ‖
        ¦‖ ── ‖
        ¦‖ ∂ŷ ‖₂
    """)
    size = Scripts(S("n"), S("l"))
    assert write(Fraction(boxes.Radical(row(size, Infix("−"), S("1"))), S("s"))) == drawn("""
        ¦ ______
        ¦√nₗ − 1
        ¦───────
        ¦   s
    """)
    unit = row(Scripts(Fenced("‖", vec("x"), "‖", False), S("2")), S("="), S("1"))
    assert write(row(Big("sup", unit), S("A"))) == drawn("""
        ¦ sup   A
        ¦‖x‖₂=1
    """)


def test_delimiters_grow_only_where_they_are_told_to() -> None:
    assert write(Fenced("[", Fraction(S("a"), S("b")), "]", False)) == drawn("""
        ¦ a
        ¦[─]
        ¦ b
    """)
    # a lowered row is no reason to
    assert write(Fenced("(", Scripts(S("h"), S("L")), ")")) == drawn("""
        ¦(h )
        ¦  L
    """)


def test_scripts_of_something_tall_stand_at_its_corners() -> None:
    box = Scripts(Fenced("(", Fraction(S("a"), S("b")), ")"), S("L"), TOP)
    assert write(box) == drawn("""
        ¦⎛a⎞ᵀ
        ¦⎜─⎟
        ¦⎝b⎠L
    """)


def test_columns_counts_combining_and_wide_characters() -> None:
    assert columns("z̄ₗ") == 2
    assert columns("W̃") == 1
    assert columns("漢") == 2
    assert columns("⎛g′⎞") == 4


# --- widths ----------------------------------------------------------------------------------------------------------

LONG = row(ROW_GRADIENT, *CLOSED.items, *CLOSED.items[1:], Infix("≤"), S("1"))


def characters(lines: list[str]) -> list[str]:
    return sorted(re.sub(r"\s", "", "".join(lines)))


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100])
def test_what_is_too_wide_goes_on_in_the_next_line(width: int) -> None:
    assert not fits(LONG, width)
    lines = write(LONG, width)
    assert max(map(columns, lines)) <= width
    # broken, and nothing lost; the delimiters of a part that was opened are as tall as they were
    assert characters(lines) == characters(write(LONG, 1000))
    assert lines[0] == lines[0].rstrip()


def test_a_line_is_broken_before_a_relation_rather_than_within_a_product() -> None:
    names = [S(letter) for letter in "abcdefghijklm"]
    box = row(S("x"), Infix("="), *names, Infix("="), *names)
    assert write(box, 40) == ["x = a b c d e f g h i j k l m", "  = a b c d e f g h i j k l m"]
    assert write(box, 20) == ["x = a b c d e f g h", "    i j k l m", "  = a b c d e f g h", "    i j k l m"]


def test_what_is_wider_than_a_line_is_opened() -> None:
    terms = [S("a")]
    for letter in "bcdefghijk":
        terms += [Infix("+"), S(letter)]
    box = row(Scripts(Fenced("‖", row(*terms), "‖"), S("2")), Infix("≤"), S("1"))
    assert write(box, 20) == ["‖a + b + c + d + e", "    + f + g + h + i", "    + j + k‖₂ ≤ 1"]


W0 = expr.Row(Weight(dim(0)), J).T
D1, D2 = (ActivationJacobian("g", PreActivation(dim(k))) for k in (1, 2))
BODY = ActivationJacobian("g", PreActivation(L)) @ Weight(L).T
PLACED = ColumnAt(Hidden(dim(0)), J, units(1))
Y = Partial(LOSS, PreActivation(DEPTH + 1))


def test_an_expression_in_full_where_it_fits() -> None:
    line = equal(Partial(LOSS, W0), PLACED @ IndexedProduct("l", ONE, DEPTH, BODY) @ Y)
    assert render(line, Look(network=MLP())).splitlines() == drawn("""
        ¦                          L
        ¦  ∂L                     ┬─┬ ⎡⎛g′(zₗ,₁)  …       0       0⎞    ⎤ ∂L
        ¦────── = (0 … 0 x 0 … 0) │ │ ⎢⎜   ⋮      ⋱       ⋮       ⋮⎟ Wₗᵀ⎥ ──
        ¦∂w₀,ⱼᵀ                   l=1 ⎢⎜   0      …  g′(z      )  0⎟    ⎥ ∂ŷ
        ¦                             ⎣⎝                 l,nₗ−1    ⎠    ⎦
    """)


def test_an_expression_in_the_short_form_where_the_full_one_is_too_wide() -> None:
    line = equal(Partial(LOSS, W0), PLACED @ D1 @ Weight(dim(1)).T @ D2 @ Weight(dim(2)).T @ Y)
    assert render(line, Look(network=MLP()), 60).splitlines() == drawn("""
        ¦  ∂L                                   ∂L
        ¦────── = (0 … 0 x 0 … 0) D₁ W₁ᵀ D₂ W₂ᵀ ──
        ¦∂w₀,ⱼᵀ                                 ∂ŷ
    """)
    assert "g′" in render(line, Look(network=MLP()), 100)


def test_no_line_of_a_long_product_is_wider_than_100_columns() -> None:
    long = PLACED @ IndexedProduct("l", ONE, DEPTH - 1, BODY) @ D1 @ Weight(DEPTH).T @ D2 @ Y
    box = layout(equal(Partial(LOSS, W0), long @ long), Look(network=MLP()))
    lines = write(box)
    assert not fits(box)
    assert max(map(columns, lines)) <= 100
    assert characters(lines) == characters(write(box, 1000))
