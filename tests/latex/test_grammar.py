"""Surfaces of formulas, written by hand; errors with their places; the lecture's and published formulas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from symbackprop.latex.errors import ReadingError
from symbackprop.latex.grammar import parts, surface
from symbackprop.latex.surface import (
    Accented,
    Additive,
    Annotated,
    Big,
    Blank,
    Chain,
    Dots,
    Fenced,
    Fraction,
    Letter,
    Lines,
    Listed,
    Matrix,
    Numeral,
    Prose,
    Root,
    Scripted,
    Sign,
    Signed,
    Styled,
    Surface,
    Term,
)

HERE = Path(__file__).parent
AT = (0, 0)  # spans do not count when two surfaces are compared


# --- short names for the surfaces that are expected ------------------------------------------------------------------


def of(part: Surface | str) -> Surface:
    """A plain letter, a numeral or dots from text."""
    if not isinstance(part, str):
        return part
    if part in ("…", "⋮", "⋱"):
        return Dots(AT, part)
    return Numeral(AT, part) if part[0].isdigit() else Letter(AT, part)


def roman(text: str) -> Surface:
    return Letter(AT, text, "roman")


def operator(text: str) -> Surface:
    return Letter(AT, text, "operator")


def bold(text: str) -> Surface:
    return Letter(AT, text, "bold")


def vec(text: str) -> Surface:
    return Letter(AT, text, "vec")


def _joined(made: type, items: tuple[Surface | str, ...]) -> Surface:
    """Parts and the signs between them, which stand at the odd places."""
    signs = tuple(Sign(AT, s) if isinstance(s, str) else s for s in items[1::2])
    return made(AT, tuple(of(p) for p in items[::2]), signs)


def add(*items: Surface | str) -> Surface:
    return _joined(Additive, items)


def chain(*items: Surface | str) -> Surface:
    return _joined(Chain, items)


def listed(*items: Surface | str) -> Surface:
    return _joined(Listed, items)


def times(*items: Surface | str) -> Surface:
    return _joined(Term, items)


def term(*factors: Surface | str) -> Surface:
    """Factors side by side."""
    return Term(AT, tuple(map(of, factors)), (Sign(AT, ""),) * (len(factors) - 1))


def neg(body: Surface | str) -> Surface:
    return Signed(AT, "-", of(body))


def sub(base: Surface | str, below: Surface | str, primes: int = 0) -> Surface:
    return Scripted(AT, of(base), of(below), None, primes)


def sup(base: Surface | str, above: Surface | str, primes: int = 0) -> Surface:
    return Scripted(AT, of(base), None, of(above), primes)


def both(base: Surface | str, below: Surface | str, above: Surface | str) -> Surface:
    return Scripted(AT, of(base), of(below), of(above))


def prime(base: Surface | str, count: int = 1) -> Surface:
    return Scripted(AT, of(base), primes=count)


def dotted(base: Surface | str, above: Surface | str) -> Surface:
    return Scripted(AT, of(base), None, of(above), 0, True)


def fence(body: Surface | str, marks: str = "()") -> Surface:
    return Fenced(AT, marks[0], of(body), marks[1])


def frac(above: Surface | str, below: Surface | str) -> Surface:
    return Fraction(AT, of(above), of(below))


def hat(body: Surface | str) -> Surface:
    return Accented(AT, "hat", of(body))


def bar(body: Surface | str) -> Surface:
    return Accented(AT, "bar", of(body))


def big(
    sign: str, body: Surface | str, below: Surface | str | None = None, above: Surface | str | None = None
) -> Surface:
    return Big(AT, sign, of(body), None if below is None else of(below), None if above is None else of(above))


NOTHING = Blank(AT)


def place(text: str) -> Surface:
    return Blank(AT, text)


def partial(body: Surface | str) -> Surface:
    return term("∂", body)


FORMULAS: list[tuple[str, Surface]] = [
    # --- letters, numbers, styles
    ("x", of("x")),
    (r"\alpha", of("α")),
    ("10", of("10")),
    (r"\infty", of("∞")),
    (r"\ell", of("ℓ")),
    (r"\text{ReLU}", roman("ReLU")),
    (r"\operatorname{diag}", roman("diag")),
    (r"\operatorname*{arg\,max}", roman("argmax")),
    (r"\log", operator("log")),
    ("loss", of("loss")),
    (r"\mathit{loss}", of("loss")),
    (r"\mathrm T", roman("T")),
    (r"\mathsf{T}", Letter(AT, "T", "sans")),
    (r"\vec{h}", vec("h")),
    (r"\vec h", vec("h")),
    (r"\mathbf{h}", bold("h")),
    (r"\boldsymbol\delta", bold("δ")),
    (r"\bm{W}", bold("W")),
    (r"\underline{h}", Letter(AT, "h", "underline")),
    (r"\mathcal{L}", Letter(AT, "L", "calligraphic")),
    (r"{\cal L}", Letter(AT, "L", "calligraphic")),
    ("ℒ", Letter(AT, "L", "calligraphic")),
    (r"{\bf x}", bold("x")),
    (r"{\rm diag}", roman("diag")),
    (r"{\bf \hat y}", Styled(AT, "bold", hat("y"))),
    (r"\mathbf{W h}", Styled(AT, "bold", term("W", "h"))),
    (r"\mathbf{Wh}", Styled(AT, "bold", term("W", "h"))),
    (r"\vec{\mathbf{x}}", Styled(AT, "vec", bold("x"))),
    (r"\vec{1}", Styled(AT, "vec", of("1"))),
    (r"\mathbf1", Styled(AT, "bold", of("1"))),
    (r"\mathbb{1}", Styled(AT, "blackboard", of("1"))),
    ("𝟙", Styled(AT, "blackboard", of("1"))),
    (r"\vec{w_l}", Styled(AT, "vec", sub("w", "l"))),
    (r"\hat{y}", hat("y")),
    (r"\hat y", hat("y")),
    ("ŷ", hat("y")),
    ("y\u0302", hat("y")),
    ("x\u20d7", vec("x")),
    (r"\hat{\vec{y}}", hat(vec("y"))),
    (r"\overline{x}", bar("x")),
    (r"\widetilde{J}", Accented(AT, "tilde", of("J"))),
    (r"\dot\sigma", Accented(AT, "dot", of("σ"))),
    # --- transposes
    ("W^T", sup("W", "T")),
    (r"W^\top", sup("W", "⊤")),
    ("W⁻¹", sup("W", neg("1"))),
    ("Wᵀ", sup("W", "T")),
    ("W^t", sup("W", "t")),
    (r"W^{\mathsf T}", sup("W", Letter(AT, "T", "sans"))),
    (r"W^{\mathsf{T}}", sup("W", Letter(AT, "T", "sans"))),
    (r"W^{\intercal}", sup("W", "⊤")),
    ("A^{[1]T}", sup("A", term(fence("1", "[]"), "T"))),
    ("A^{(2)^T}", sup("A", sup(fence("2"), "T"))),
    (r"h^{(l)\top}", sup("h", term(fence("l"), "⊤"))),
    ("W.^T", dotted("W", "T")),
    ("A.^2", dotted("A", "2")),
    (r"A^{\circ 2}", dotted("A", "2")),
    (r"{W}^\top", sup("W", "⊤")),
    (r"{W^l}^T", sup(sup("W", "l"), "T")),
    ("W'", prime("W")),
    (r"\frac{a}{b}^T", sup(frac("a", "b"), "T")),
    (r"(W x){}^T", sup(fence(term("W", "x")), "T")),
    (r"W^{-\top}", sup("W", neg("⊤"))),
    (r"X^{\!\top}", sup("X", "⊤")),
    # --- labels and primes
    ("W_l", sub("W", "l")),
    ("w^l_{jk}", both("w", term("j", "k"), "l")),
    ("w_{jk}^l", both("w", term("j", "k"), "l")),
    ("x₁²", both("x", "1", "2")),
    ("x_{i1}", sub("x", term("i", "1"))),
    ("g'^{[1]}", sup("g", fence("1", "[]"), 1)),
    (r"g^{[1]\prime}", sup("g", fence("1", "[]"), 1)),
    (r"g^{[1]'}", sup("g", fence("1", "[]"), 1)),
    (r"\phi^{(\ell)\,'}", sup("φ", fence("ℓ"), 1)),
    (r"g^\prime", prime("g")),
    (r"g^{\prime}", prime("g")),
    (r"g^{\prime\prime}", prime("g", 2)),
    ("f''", prime("f", 2)),
    ("f″", prime("f", 2)),
    ("g′_l", sub("g", "l", 1)),
    (r"x^{l'}", sup("x", prime("l"))),
    ("W^*", sup("W", "*")),
    ("W^+", sup("W", "+")),
    ("W^{+}", sup("W", "+")),
    (r"A^\dagger", sup("A", "†")),
    (r"w_{0,j,\cdot}", sub("w", listed("0", ",", "j", ",", place("·")))),
    ("(dW)_{i,:}", sub(fence(term("d", "W")), listed("i", ",", place(":")))),
    ("W_{i,.}", sub("W", listed("i", ",", place(".")))),
    ("W_{2:n}", sub("W", chain("2", ":", "n"))),
    ("W_{:n}", sub("W", chain(NOTHING, ":", "n"))),
    ("W_{1:}", sub("W", chain("1", ":", NOTHING))),
    (r"W_{l,\cdot,1 \dots n_l - 1}",
     sub("W", listed("l", ",", place("·"), ",", chain("1", "…", add(sub("n", "l"), "-", "1"))))),
    (r"\mathbf{1}_{i = k}", sub(Styled(AT, "bold", of("1")), chain("i", "=", "k"))),
    (r"x_\mathrm{in}", sub("x", roman("in"))),
    ("p_{y|x}", sub("p", listed("y", "|", "x"))),
    # --- fractions and derivatives
    (r"\frac{a}{b}", frac("a", "b")),
    (r"\frac12", frac("1", "2")),
    (r"\tfrac12", frac("1", "2")),
    (r"\frac1N", frac("1", "N")),
    (r"\frac1{2m}", frac("1", term("2", "m"))),
    (r"{a \over b}", frac("a", "b")),
    (r"\left( a \over b \right)", fence(frac("a", "b"))),
    (r"\frac{\partial L}{\partial W}", frac(partial("L"), partial("W"))),
    (r"\frac \partial {\partial W} L", term(frac("∂", partial("W")), "L")),
    (r"\partial L/\partial W", times("∂", "", "L", "/", "∂", "", "W")),
    (r"\frac{dL}{dW}", frac(term("d", "L"), term("d", "W"))),
    (r"\frac{\mathrm{d}L}{\mathrm{d}W}", frac(term(roman("d"), "L"), term(roman("d"), "W"))),
    (r"\nabla_W L", term(sub("∇", "W"), "L")),
    ("dZ", term("d", "Z")),
    ("dW^{[1]}", term("d", sup("W", fence("1", "[]")))),
    (r"\sqrt{x}", Root(AT, of("x"))),
    (r"\sqrt2", Root(AT, of("2"))),
    ("√2", Root(AT, of("2"))),
    ("√(x)", Root(AT, fence("x"))),
    (r"\sqrt[3]{x}", Root(AT, of("x"), of("3"))),
    (r"\left.\frac{dL}{dz}\right|_{z=0}",
     sub(Fenced(AT, ".", frac(term("d", "L"), term("d", "z")), "|"), chain("z", "=", "0"))),
    # --- products
    (r"a \odot b", times("a", "⊙", "b")),
    (r"a \circ b", times("a", "∘", "b")),
    ("a .* b", times("a", ".*", "b")),
    ("a * b", times("a", "*", "b")),
    (r"a \cdot b", times("a", "·", "b")),
    (r"a \times b", times("a", "×", "b")),
    ("a × b", times("a", "×", "b")),
    ("a @ b", times("a", "@", "b")),
    ("a(1-a)", term("a", fence(add("1", "-", "a")))),
    (r"W x \odot \sigma'(z)", times("W", "", "x", "⊙", prime("σ"), "", fence("z"))),
    ("1/2 x", times("1", "/", "2", "", "x")),
    (r"a {\odot} b", times("a", "⊙", "b")),
    ("{W h} x", term("W", "h", "x")),
    (r"a \quad b", listed("a", "quad", "b")),
    (r"a \, b\; c~d\ e", term("a", "b", "c", "d", "e")),
    (r"a \cdot -b", times("a", "·", neg("b"))),
    (r"W_1 \cdots W_L", term(sub("W", "1"), "…", sub("W", "L"))),
    # --- sums and signs
    ("-a b", neg(term("a", "b"))),
    ("-a + b", add(neg("a"), "+", "b")),
    ("a - b c", add("a", "-", term("b", "c"))),
    (r"a \pm b", add("a", "±", "b")),
    ("a − b", add("a", "-", "b")),
    ("e^{-x}", sup("e", neg("x"))),
    # --- operators
    (r"\sum_{k=1}^{K} a_k", big("∑", sub("a", "k"), chain("k", "=", "1"), "K")),
    (r"\sum\limits_{k=1}^{K} a_k", big("∑", sub("a", "k"), chain("k", "=", "1"), "K")),
    (r"\sum_k a_k b + c", add(big("∑", term(sub("a", "k"), "b"), "k"), "+", "c")),
    (r"\sum_i \sum_j a", big("∑", big("∑", "a", "j"), "i")),
    (r"2 \sum_k a \cdot b = c", chain(term("2", big("∑", times("a", "·", "b"), "k")), "=", "c")),
    (r"\sum_k -y_k \log p_k", big("∑", neg(term(sub("y", "k"), operator("log"), sub("p", "k"))), "k")),
    (r"\sum_{\text{axis=0}} dZ", big("∑", term("d", "Z"), roman("axis=0"))),
    (r"\sum dZ", big("∑", term("d", "Z"))),
    (r"\prod_{l=1}^L \left[ D_l W_l^\top \right] x",
     big("∏", term(fence(term(sub("D", "l"), both("W", "l", "⊤")), "[]"), "x"), chain("l", "=", "1"), "L")),
    (r"\max_i x_i", big("max", sub("x", "i"), "i")),
    (r"\max(0, z)", term(operator("max"), fence(listed("0", ",", "z")))),
    ("max(0, z)", term("max", fence(listed("0", ",", "z")))),
    (r"\arg\max_k p_k", big("argmax", sub("p", "k"), "k")),
    (r"\operatorname*{argmax}_k p_k", big("argmax", sub("p", "k"), "k")),
    (r"\underset{k}{\operatorname{argmax}} p_k", big("argmax", sub("p", "k"), "k")),
    (r"\mathop{\arg\max}\limits_k p_k", big("argmax", sub("p", "k"), "k")),
    (r"\sum_{\substack{k=1 \\ k \ne j}} a",
     big("∑", "a", Matrix(AT, "substack", ((chain("k", "=", "1"),), (chain("k", "≠", "j"),))))),
    (r"\hat{\max}", hat(operator("max"))),
    (r"\Sigma'(z)", term(prime("Σ"), fence("z"))),
    (r"\log_2 x", term(sub(operator("log"), "2"), "x")),
    # --- delimiters and bars
    (r"\left( x \right)", fence("x")),
    (r"\bigl( x \bigr)", fence("x")),
    (r"\Big( x \Big)", fence("x")),
    (r"\mleft[ x \mright]", fence("x", "[]")),
    (r"\{ x \}", fence("x", "{}")),
    (r"\langle x, y \rangle", fence(listed("x", ",", "y"), "⟨⟩")),
    (r"\lfloor x \rfloor", fence("x", "⌊⌋")),
    (r"\left[ a, b \right)", fence(listed("a", ",", "b"), "[)")),
    (r"f(\cdot)", term("f", fence(place("·")))),
    ("f()", term("f", fence(NOTHING))),
    (r"\|x\|_2", sub(fence("x", "‖‖"), "2")),
    ("||x||", fence("x", "‖‖")),
    ("‖x‖", fence("x", "‖‖")),
    (r"\lVert x \rVert", fence("x", "‖‖")),
    (r"\left\| x \right\|_F^2", both(fence("x", "‖‖"), "F", "2")),
    (r"\bigl\| x \bigr\|", fence("x", "‖‖")),
    ("|x|", fence("x", "||")),
    (r"\lvert x \rvert", fence("x", "||")),
    ("|a| b |c|", term(fence("a", "||"), "b", fence("c", "||"))),
    ("|a||b|", term(fence("a", "||"), fence("b", "||"))),
    ("2|x|", term("2", fence("x", "||"))),
    ("|a - |b||", fence(add("a", "-", fence("b", "||")), "||")),
    ("| |a| - b |", fence(add(fence("a", "||"), "-", "b"), "||")),
    (r"\|A\| \|x\|", term(fence("A", "‖‖"), fence("x", "‖‖"))),
    (r"|\log |x||", fence(term(operator("log"), fence("x", "||")), "||")),
    ("p(y|x)", term("p", fence(listed("y", "|", "x")))),
    (r"p(y \mid x)", term("p", fence(listed("y", "|", "x")))),
    (r"\{x \,|\, x > 0\}", fence(listed("x", "|", chain("x", ">", "0")), "{}")),
    (r"\left( a \middle| b \right)", fence(listed("a", "|", "b"))),
    # --- notes
    (r"\underbrace{W^\top}_{n \times m} x",
     term(Annotated(AT, "underbrace", sup("W", "⊤"), times("n", "×", "m")), "x")),
    (r"\underbrace{W}^T_{n}", sup(Annotated(AT, "underbrace", of("W"), of("n")), "T")),
    (r"\overbrace{a}^{b}", Annotated(AT, "overbrace", of("a"), of("b"))),
    (r"\underbrace{\hspace{1cm}}", Annotated(AT, "underbrace", NOTHING)),
    (r"\overset{j\text{th column}}{\vec{h}_l}",
     Annotated(AT, "overset", sub(vec("h"), "l"), listed("j", "", Prose(AT, "th column")))),
    (r"a \overset{(1)}{=} b", chain("a", Sign(AT, "=", fence("1")), "b")),
    (r"a \boxed{b+c}", term("a", add("b", "+", "c"))),
    (r"\color{red} x \textcolor{blue}{y}", term("x", "y")),
    # --- relations, lists, lines
    ("a = b", chain("a", "=", "b")),
    ("a = b \\leq c", chain("a", "=", "b", "≤", "c")),
    ("= b", chain(NOTHING, "=", "b")),
    (r"a := b \equiv c \leftarrow d", chain("a", ":=", "b", "≡", "c", "←", "d")),
    (r"a \Rightarrow b", chain("a", "⇒", "b")),
    ("a >= b != c", chain("a", "≥", "b", "≠", "c")),
    (r"a {}={} b", chain("a", "=", "b")),
    (r"x \not= y", chain("x", "≠", "y")),
    (r"f : R^n \to R", chain("f", ":", sup("R", "n"), "→", "R")),
    ("a, b; c", listed("a", ",", "b", ";", "c")),
    ("a = b, \\quad c = d.", listed(chain("a", "=", "b"), ",", chain("c", "=", "d"))),
    (r"a = b \qquad c = d", listed(chain("a", "=", "b"), "quad", chain("c", "=", "d"))),
    (r"a \quad = \quad b", chain("a", "=", "b")),
    (r"(\vec{0} \quad \dots \quad \vec{x})",
     fence(listed(Styled(AT, "vec", of("0")), "quad", "…", "quad", vec("x")))),
    (r"a \text{ if } z > 0", listed("a", "", Prose(AT, "if"), "", chain("z", ">", "0"))),
    (r"a, \text{ where } b = c", listed("a", ",", Prose(AT, "where"), "", chain("b", "=", "c"))),
    ("0 if z > 0", listed("0", "", Prose(AT, "if"), "", chain("z", ">", "0"))),
    (r"\text{Exclude biases}", Prose(AT, "Exclude biases")),
    (r"a &= b \\ &= c", Lines(AT, (chain("a", "=", "b"), chain(NOTHING, "=", "c")))),
    (r"a \\ + b", Lines(AT, (of("a"), Signed(AT, "+", of("b"))))),
    (r"a \\ \times b", Lines(AT, (of("a"), times(NOTHING, "×", "b")))),
    (r"a \\", of("a")),
    (r"&\dots", of("…")),
    (r"\begin{align} a &= b, \\ &= c. \nonumber \end{align}",
     Lines(AT, (chain("a", "=", "b"), chain(NOTHING, "=", "c")))),
    (r"\begin{aligned}[t] a &= b & c &= d \end{aligned}",
     listed(chain("a", "=", "b"), "quad", chain("c", "=", "d"))),
    (r"\begin{gather*} a \\ b \end{gather*}", Lines(AT, (of("a"), of("b")))),
    (r"x = \begin{split} a \\ b \end{split}", chain("x", "=", Lines(AT, (of("a"), of("b"))))),
    ("$a$.", of("a")),
    (r"\[ a, \]", of("a")),
    ("a \\label{x} % comment", of("a")),
    # --- matrices
    (r"\begin{pmatrix} 1 & \dots \\ \vdots & \ddots \\ \end{pmatrix}",
     Matrix(AT, "pmatrix", ((of("1"), of("…")), (of("⋮"), of("⋱"))))),
    (r"\begin{bmatrix} a & \\ & b \end{bmatrix}", Matrix(AT, "bmatrix", ((of("a"), NOTHING), (NOTHING, of("b"))))),
    (r"\left[\begin{array}{c|c} a & b \end{array}\right]", fence(Matrix(AT, "array", ((of("a"), of("b")),)), "[]")),
    (r"\begin{cases} 1, & \text{if } z > 0 \\ 0 & \text{otherwise.} \end{cases}",
     Matrix(AT, "cases", ((of("1"), listed(Prose(AT, "if"), "", chain("z", ">", "0"))),
                          (of("0"), Prose(AT, "otherwise."))))),
    # --- indicators
    (r"\mathbf1(z>0)", term(Styled(AT, "bold", of("1")), fence(chain("z", ">", "0")))),
    (r"\mathbb I[z>0]", term(Letter(AT, "I", "blackboard"), fence(chain("z", ">", "0"), "[]"))),
    ("(z_1>0)", fence(chain(sub("z", "1"), ">", "0"))),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FORMULAS, ids=[text for text, _ in FORMULAS])
def test_surface(text: str, expected: Surface) -> None:
    assert surface(text) == expected


REFUSED: list[tuple[str, str, str]] = [
    # --- braces, delimiters, environments
    ("( a", "(", "is not closed before the end of the formula: write `)`"),
    ("a )", ")", "closes nothing"),
    ("[a)", "[", "is not closed before `)`: write `]`"),
    ("{ a", "{", "is not closed before the end of the formula: write `}`"),
    ("a }", "}", "closes nothing"),
    ("( a }", "(", "is not closed before `}`"),
    (r"\left( a )", r"\left(", r"write `\right)`"),
    (r"( a \right)", "(", "is not closed"),
    (r"a \right)", r"\right)", "closes nothing"),
    (r"\begin{pmatrix} 1", r"\begin{pmatrix}", r"write `\end{pmatrix}`"),
    (r"\begin{pmatrix} 1 \end{bmatrix}", r"\end{bmatrix}", r"write `\end{pmatrix}`"),
    (r"1 \end{pmatrix}", r"\end{pmatrix}", "closes nothing"),
    (r"\begin{pmatrix} ( 1 \end{pmatrix}", "(", "is not closed"),
    (r"( a \\ b )", r"\\", "has no rows"),
    (r"( a & b )", "&", "has no rows"),
    # --- bars
    ("|a", "|", "finds no partner"),
    (r"\|a + b", r"\|", "finds no partner"),
    ("a | b", "|", "finds no partner"),
    ("|a|b|c", "|", "finds no partner"),
    (r"L|_{z=0}", "|_", r"write \left. … \right|"),
    (r"|a \\ b|", "|", "finds no partner"),
    # --- arguments and scripts
    (r"\frac{a}", r"\frac", "needs 2 arguments in braces"),
    (r"\frac", r"\frac", "but the end of the formula comes first"),
    (r"(\hat)", r"\hat)", "needs an argument in braces, but `)` comes first"),
    (r"\sqrt[]{x}", "[]", "the degree of the root is empty"),
    ("x^", "^", "needs something to raise or lower"),
    ("^T W", "^", "nothing stands before `^`"),
    ("{}^T W", "^", "nothing stands before `^`"),
    ("= _l", "_", "nothing stands before `_`"),
    ("x^2^3", "^3", "has two superscripts"),
    ("x_1_2", "_2", "has two subscripts"),
    ("'x", "'", "nothing stands before the prime"),
    (r"\sum' x", "'", "nothing stands before the prime"),
    ("x_12", "_12", "write `_{12}`"),
    ("x^10", "^10", "write `^{10}`"),
    (r"\frac123", r"\frac123", "only the first digit"),
    ("x_ReLU", "_ReLU", "only the first letter"),
    ("W1", "W1", "`W_{1}` or `1 W`"),
    ("x_i2", "i2", "`i_{2}`"),
    (r"\hat ŷ", "ŷ", "needs braces here"),
    (r"\over b", r"\over", "nothing stands above"),
    (r"(a \over b)", r"\over", "needs braces around its two parts"),
    (r"{a \over b \over c}", r"\over", "needs braces around its two parts"),
    (r"a & b \over c", r"\over", "several rows or cells"),
    (r"\bf x", r"\bf", r"write `{\bf x}`"),
    (r"{\bf}", r"\bf", "nothing stands after"),
    # --- parts that are missing
    ("a +", "+", "nothing stands after `+`"),
    ("a \\cdot", r"\cdot", "nothing stands after `·`"),
    ("a = ", "=", "nothing stands after `=`"),
    ("a = = b", "=", "nothing stands after `=`"),
    ("=", "=", "stands alone"),
    (r"\times b", r"\times", "nothing stands before `×`"),
    ("a , , b", ",", "nothing stands before `,`"),
    (", b", ",", "nothing stands before `,`"),
    ("f(a,)", ",", "nothing stands after `,`"),
    (r"\sum_k", r"\sum_k", "nothing stands after `∑`"),
    (r"\sum_k + a", r"\sum_k", "nothing stands after `∑`"),
    (r"\frac1ŷ", "ŷ", "needs braces here"),
    ("x_ŷ", "ŷ", "needs braces here"),
    (r"\sum \cdot a", r"\cdot", "nothing stands before `·`"),
    ("a . b", ".", "full stop"),
    ("x.T", ".", r"^\top for `.T`"),
    ("", "", "there is no formula"),
    (r"\quad", r"\quad", "there is no formula"),
    (".", ".", "there is no formula"),
    # --- two readings
    ("{a + b} c", "{a + b}", "the braces of `{a + b}` do not show in print"),
    ("c - {a + b}", "{a + b}", "do not show in print"),
    ("{a = b} + c", "{a = b}", "do not show in print"),
    (r"\sum_i {a + b}", "{a + b}", "do not show in print"),
    (r"\log{x + 1}", "{x + 1}", "do not show in print"),
    ("a / {b c}", "{b c}", "do not show in print"),
    (r"{\sum_i x_i} y", r"{\sum_i x_i}", "do not show in print"),
    ("{W h}^T", "{W h}^T", "the script may belong to all of it or only to its end"),
    ("a + -b", "+ -", "write ( ) around what the second sign belongs to"),
    ("--a", "--", "write ( ) around"),
    (r"a \cdot -\log b", r"-\log", "how far the `-` before `log` reaches"),
    ("2 3", "2 3", "two numbers stand side by side"),
    (r"(1 \quad -1)", r"\quad -", "may part two entries or stand in a difference"),
]


@pytest.mark.parametrize(("text", "culprit", "words"), REFUSED, ids=[text for text, _, _ in REFUSED])
def test_refused(text: str, culprit: str, words: str) -> None:
    with pytest.raises(ReadingError) as caught:
        surface(text)
    assert words in caught.value.message
    assert text[slice(*caught.value.span)].strip() == culprit


def test_groups_that_print_the_same_either_way_are_read() -> None:
    assert surface("{a + b}") == add("a", "+", "b")
    assert surface("x = {a + b}") == chain("x", "=", add("a", "+", "b"))
    assert surface("c + {a b}") == add("c", "+", term("a", "b"))
    assert surface("x_{{i,j}}") == sub("x", listed("i", ",", "j"))


# --- spans -----------------------------------------------------------------------------------------------------------


def source(text: str, *path: int) -> str:
    """What the part at a path was read from."""
    found = surface(text)
    for i in path:
        found = parts(found)[i]
    return text[slice(*found.span)]


def test_spans_count_from_the_start_of_the_text() -> None:
    text = r"  $ \frac{\partial L}{\partial W} = \hat{y} x^\top $"
    assert source(text) == r"\frac{\partial L}{\partial W} = \hat{y} x^\top"
    assert source(text, 0) == r"\frac{\partial L}{\partial W}"
    assert source(text, 1) == r"\hat{y} x^\top"
    assert source(text, 2) == "="
    assert source(text, 1, 0) == r"\hat{y}"
    assert source(text, 1, 1) == r"x^\top"
    assert source(text, 1, 2) == ""


def test_spans_of_unicode_are_those_of_the_text() -> None:
    text = "y\u0302₁ − ‖x‖"
    assert source(text, 0) == "y\u0302₁"
    assert source(text, 1) == "‖x‖"
    assert source(text, 0, 1) == "₁"


@pytest.mark.parametrize("text", [text for text, _ in FORMULAS])
def test_a_part_lies_within_the_whole(text: str) -> None:
    whole = surface(text)
    assert 0 <= whole.span[0] <= whole.span[1] <= len(text)
    waiting = [whole]
    for node in waiting:
        for part in parts(node):
            assert node.span[0] <= part.span[0] <= part.span[1] <= node.span[1]
            waiting.append(part)


# --- formulas that others wrote --------------------------------------------------------------------------------------


def _lecture() -> list[str]:
    lines = json.loads((HERE.parent / "lecture" / "formulas.json").read_text(encoding="utf-8"))["formulas"]
    return [line[key] for line in lines for key in ("latex", "meant") if key in line]


def _published() -> list[dict[str, str]]:
    formulas: list[dict[str, str]] = json.loads((HERE / "published.json").read_text(encoding="utf-8"))["formulas"]
    return formulas


@pytest.mark.parametrize("text", _lecture())
def test_every_line_of_the_lecture_has_a_surface(text: str) -> None:
    assert surface(text).span[1] <= len(text)


@pytest.mark.parametrize("formula", _published(), ids=lambda formula: formula["id"])
def test_every_published_formula_has_a_surface(formula: dict[str, str]) -> None:
    assert surface(formula["latex"]).span[1] <= len(formula["latex"])


def test_published_formulas_are_many_and_differ() -> None:
    formulas = _published()
    assert len(formulas) >= 120
    assert len({f["latex"] for f in formulas}) == len({f["id"] for f in formulas}) == len(formulas)
