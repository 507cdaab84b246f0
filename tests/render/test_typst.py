"""Typst markup: what Typst makes of it, and that no text of a formula can leave it."""

from __future__ import annotations

import json
import tempfile

import pytest
import typst

from symbackprop import expr
from symbackprop.derivation import Shown
from symbackprop.dims import DEPTH, ONE, dim, index, units
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    ColumnAt,
    Hidden,
    IndexedProduct,
    Norm,
    Partial,
    PreActivation,
    Weight,
)
from symbackprop.expr import SingularValue as Sigma
from symbackprop.network import MLP
from symbackprop.render import boxes
from symbackprop.render.boxes import Accent, Big, Box, Fenced, Fraction, Infix, Row, Scripts, Space
from symbackprop.render.boxes import Symbol as S
from symbackprop.render.layout import Look, layout
from symbackprop.render.typst import NAMES, equation, string, write
from symbackprop.statements import Chain, Implies, Together, equal
from symbackprop.tree import Node

L, J = index("l"), index("j")


def compiled(source: str, **options: str) -> bytes:
    """What Typst makes of a source, with no file in reach."""
    with tempfile.TemporaryDirectory() as empty:
        made = typst.compile(source.encode(), root=empty, ignore_system_fonts=True, **options)
    assert isinstance(made, bytes)
    return made


def page(*equations: str) -> str:
    return "#set page(width: 40cm, height: auto)\n" + "\n".join(f"#{e}" for e in equations)


def picture(markup: str) -> bytes:
    return compiled(page(f"math.equation(block: true, $ {markup} $)"), format="svg")


def parsed(markup: str) -> dict[str, object]:
    """The content that Typst reads from math, as it tells it itself."""
    with tempfile.TemporaryDirectory() as empty:
        found = typst.query(
            f"$ {markup} $ <it>".encode(), "<it>", field="body", one=True, root=empty, ignore_system_fonts=True
        )
    content = json.loads(found)
    assert isinstance(content, dict)
    return content


def layer(k: object) -> expr.Expr:
    at = dim(k) if isinstance(k, int) else k
    return ActivationJacobian("g", PreActivation(at)) @ Weight(at).T  # type: ignore[arg-type]


def grad(wrt: expr.Expr) -> Partial:
    return Partial(LOSS, wrt)


X, Y = Hidden(dim(0)), PreActivation(DEPTH + 1)
ROW0 = expr.Row(Weight(dim(0)), J).T
PLACED = ColumnAt(X, J, units(1))
D = {k: ActivationJacobian("g", PreActivation(dim(k))) for k in (1, 2)}
ALL = IndexedProduct("l", ONE, DEPTH, layer(L))
BUT_ONE = IndexedProduct("l", ONE, DEPTH - 1, layer(L))
D_L = ActivationJacobian("g", PreActivation(DEPTH))
FACTORS = Sigma(ActivationJacobian("g", PreActivation(L))) @ Sigma(Weight(L).T)


def on(*factors: expr.Expr) -> Chain:
    return Chain((grad(ROW0), expr.Product((PLACED, *factors))), ("=",), continued=True)


def z(k: object) -> PreActivation:
    return PreActivation(k)  # type: ignore[arg-type]


# the lecture's lines, as trees
LINES: dict[str, Node] = {
    "model.output": equal(Y, Weight(DEPTH) @ Hidden(DEPTH)),
    "model.hidden_last": equal(Hidden(DEPTH), expr.LayerMap("g", Weight(DEPTH - 1) @ Hidden(DEPTH - 1))),
    "model.hidden_before": equal(Hidden(DEPTH - 1), expr.LayerMap("g", Weight(DEPTH - 2) @ Hidden(DEPTH - 2))),
    "model.hidden_first": equal(Hidden(ONE), expr.LayerMap("g", z(1))),
    "model.preactivation_first": equal(z(1), Weight(dim(0)) @ X),
    "rule.last_hidden": equal(grad(Hidden(DEPTH)), Partial(Y, Hidden(DEPTH)) @ grad(Y), Weight(DEPTH).T @ grad(Y)),
    "rule.preactivation": equal(
        grad(z(L)), Partial(Hidden(L), z(L)) @ grad(Hidden(L)), ActivationJacobian("g", z(L)) @ grad(Hidden(L))
    ),
    "rule.hidden": equal(grad(Hidden(L)), Partial(z(L + 1), Hidden(L)) @ grad(z(L + 1)), Weight(L).T @ grad(z(L + 1))),
    "rule.weight_row": equal(grad(expr.Row(Weight(L), J).T), ColumnAt(Hidden(L), J, units(L + 1)) @ grad(z(L + 1))),
    "w0.given": equal(grad(ROW0), PLACED @ grad(z(1))),
    "w0.1": on(D[1], grad(Hidden(ONE))),
    "w0.2": on(D[1], Weight(ONE).T, grad(z(2))),
    "w0.3": on(D[1], Weight(ONE).T, D[2], grad(Hidden(dim(2)))),
    "w0.4": on(D[1], Weight(ONE).T, D[2], Weight(dim(2)).T, grad(z(3))),
    "w0.5": on(BUT_ONE, grad(z(DEPTH))),
    "w0.6": on(BUT_ONE, D_L, grad(Hidden(DEPTH))),
    "w0.7": on(BUT_ONE, D_L, Weight(DEPTH).T, grad(Y)),
    "w0.closed": on(ALL, grad(Y)),
    "vanish.6": Chain(
        (
            Norm(grad(ROW0)),
            Sigma(PLACED)
            @ IndexedProduct("l", ONE, dim(2), FACTORS)
            @ Norm(IndexedProduct("l", dim(3), DEPTH, layer(L)) @ grad(Y)),
        ),
        ("≤",),
    ),
    "layernorm.before": Together(
        (
            equal(z(L + 1), Weight(L) @ Hidden(L)),
            equal(Hidden(L + 1), expr.LayerMap("g", z(L + 1))),
        )
    ),
    "implication": Implies(equal(z(1), z(2)), equal(z(2), z(1))),
}
LOOKS = {
    "plain": Look(network=MLP()),
    "labels": Look(network=MLP(), shown=Shown(column_label=True, dimensions="columns")),
    "dimensions": Look(network=MLP(), shown=Shown(dimensions="all")),
    "short": Look(network=MLP(), short=True),
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", LINES)
def test_every_line_compiles(name: str, look: str) -> None:
    box = layout(LINES[name], LOOKS[look])
    assert compiled(page(equation(box, name), equation(box, name, block=False)), format="png")[:4] == b"\x89PNG"


def at_next(base: Box, *entry: Box) -> Scripts:
    return Scripts(base, Row((S("l"), S("+"), S("1"), *entry)))


def arrow(letter: str) -> Accent:
    return Accent(S(letter), "vec")


def test_layer_normalization_compiles() -> None:
    """The lecture's `layernorm.after`, from boxes: it has letters that are no variables of a network."""
    units_next = Row((at_next(S("n")), Infix("−"), S("1")))
    mean = at_next(Accent(S("z"), "bar"))
    centred = Row((at_next(arrow("z")), Infix("−"), mean, arrow("1")))
    total = Big("Σ", Row((S("i"), S("="), S("1"))), units_next)
    scaled = Row(
        (
            Fraction(boxes.Radical(units_next), at_next(S("s"))),
            boxes.Words("diag"),
            Fenced("(", at_next(arrow("v")), ")", False),
            Fenced("(", centred, ")", False),
            Infix("+"),
            at_next(arrow("u")),
        )
    )
    line = Row(
        (
            Row((mean, Infix("="), Fraction(S("1"), units_next), total, at_next(S("z"), S(","), S("i")))),
            boxes.Words(", "),
            Row((at_next(S("s")), Infix("="), Scripts(Fenced("‖", centred, "‖", False), S("2")))),
            boxes.Words(", "),
            Row((at_next(arrow("h")), Infix("="), S("ψ"), Fenced("(", scaled, ")"))),
        )
    )
    markup = write(line)
    assert "macron(z)_(l + 1) = frac(1, n_(l + 1) - 1) sum_(i = 1)^(n_(l + 1) - 1)" in markup
    assert r'psi thin lr(\( frac(sqrt(n_(l + 1) - 1), s_(l + 1)) thin"diag"\( arrow(v)_(l + 1) \)' in markup
    assert picture(markup)


VEC_X = Accent(S("x"), "vec")
SAMPLES: dict[str, tuple[Box, str]] = {
    "letter": (S("z"), "z"),
    "digits": (S("12"), "12"),
    "operator": (S("tanh", operator=True), 'op("tanh")'),
    "word": (S("ab"), 'italic("ab")'),
    "words": (Row((S("j"), boxes.Words("th column"))), 'j"th column"'),
    "or": (Row((S("a"), boxes.Words(", or "), S("b"))), r'a\," or "b'),
    "hat": (Accent(VEC_X, "hat"), "hat(arrow(x))"),
    "tilde": (Accent(S("W"), "tilde"), "tilde(W)"),
    "bold": (boxes.Bold(S("W")), "upright(bold(W))"),
    "scripts": (Scripts(S("W"), S("l"), S("⊤")), "W_l^(top)"),
    "primes": (Scripts(S("g"), primes=2), "g''"),
    "fraction": (Fraction(Row((S("∂"), S("L"))), S("2")), "frac(partial L, 2)"),
    "root": (boxes.Radical(S("s")), "sqrt(s)"),
    "fence": (Fenced("(", S("x"), ")", False), r"\( x \)"),
    "growing fence": (Fenced("[", S("x"), "]"), r"lr(\[ x \])"),
    "bars": (Fenced("‖", S("x"), "‖"), "lr(‖ x ‖)"),
    "big": (Big("∏", Row((S("l"), S("="), S("1"))), S("L")), "product_(l = 1)^L"),
    "sup": (Big("sup", S("x")), 'limits(op("sup"))_x'),
    "under": (boxes.Under(S("W"), S("n")), "underbrace(W, n)"),
    "over": (boxes.Over(VEC_X, S("j")), "limits(arrow(x))^j"),
    "matrix": (
        boxes.Matrix(((S("a"), S("…")), (S("⋮"), S("0")))),
        "mat(column-gap: #1em, row-gap: #0.3em, a, ...; dots.v, 0)",
    ),
    "factors": (Row((S("W"), Fraction(S("a"), S("b")))), "W thin frac(a, b)"),
    "sum": (Row((Fraction(S("a"), S("b")), Infix("−"), S("1"))), "frac(a, b) - 1"),
    "quad": (Row((S("0"), Space("quad"), S("…"))), "0 quad ..."),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_markup(name: str) -> None:
    box, markup = SAMPLES[name]
    assert write(box) == markup
    assert picture(write(box))


@pytest.mark.parametrize("box", [
    boxes.Stack((S("a"), Row((S("n"), Infix("×"), S("1"))))),
    Scripts(Fenced("‖", S("A"), "‖", False), S("2")),
    Scripts(Row((S("a"), S("b"))), S("2")),
    Scripts(S("tanh", operator=True), primes=1),
    Big("Σ", S("k")),
    Accent(S("loss", operator=True), "hat"),
])  # fmt: skip
def test_what_has_no_markup_of_its_own_compiles(box: Box) -> None:
    assert picture(write(box))


@pytest.mark.parametrize("character", sorted(NAMES))
def test_every_name_is_one_that_typst_knows(character: str) -> None:
    """A name and the character it stands for are the same content; Typst says an unknown name is an error."""
    assert picture(write(S(character)))


@pytest.mark.parametrize(("character", "name"), [(c, n) for c, n in NAMES.items() if n.isalpha() and len(c) == 1])
def test_a_name_is_drawn_as_its_character(character: str, name: str) -> None:
    assert picture(name) == picture(character)


HOSTILE = [
    "$",
    "#",
    '"',
    "\\",
    "]",
    ")",
    "//",
    "/*",
    "@x",
    "<x>",
    "\n",
    "$ #x $",
    "_",
    "^",
    "&",
    ";",
    ",",
    "'",
    "`",
    "*",
]
HOSTILE += ['") #panic("x") #("', '#read("/etc/passwd")', "\\u{24}", "alpha", "a.b", "x(y)"]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
@pytest.mark.parametrize("kind", [S, Infix, boxes.Words, lambda text: S(text, operator=True)])
def test_no_text_leaves_the_formula(text: str, kind: type[S]) -> None:
    """Whatever a text is, the formula around it stays one fraction: nothing is closed, called or commented out."""
    box = Fraction(Row((S("a"), kind(text), S("b"))), S("c"))
    content = parsed(write(box))
    assert content["func"] == "frac"
    assert content["denom"] == {"func": "text", "text": "c"} or content["denom"] == {"func": "symbol", "text": "c"}
    assert compiled(page(equation(box, text)), format="svg")


def test_alternative_text_is_escaped() -> None:
    assert string('say "x" \\ y\nz') == '"say \\"x\\" \\\\ y z"'
    with tempfile.TemporaryDirectory() as empty:
        source = "#" + equation(S("x"), 'a "b" \\ c #d $e$')
        found = json.loads(
            typst.query(source.encode(), "math.equation", one=True, root=empty, ignore_system_fonts=True)
        )
    assert (found["alt"], found["block"]) == ('a "b" \\ c #d $e$', True)


def test_an_equation_is_ready_for_pdf_ua() -> None:
    box = layout(LINES["w0.closed"], LOOKS["dimensions"])
    head = '#set document(title: "t")\n'
    good = compiled(head + page(equation(box, "spoken")), format="pdf", pdf_standards="ua-1")
    assert good[:5] == b"%PDF-"
    with pytest.raises(typst.TypstError, match="alt"):
        compiled(head + f"$ {write(box)} $", format="pdf", pdf_standards="ua-1")


def test_parentheses_that_must_not_grow_do_not() -> None:
    tall = Fraction(S("a"), S("b"))
    assert picture(write(Fenced("(", tall, ")", False))) != picture(write(Fenced("(", tall, ")")))
    assert write(Fenced("(", tall, ")", False)) == r"\( frac(a, b) \)"
