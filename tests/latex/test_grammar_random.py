"""Surfaces that are printed and read again; soups of tokens; hostile texts; time and depth."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import singledispatch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbackprop.latex.errors import ReadingError
from symbackprop.latex.grammar import surface
from symbackprop.latex.surface import (
    Accented,
    Additive,
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
    Root,
    Scripted,
    Sign,
    Signed,
    Styled,
    Surface,
    Term,
    values,
)
from symbackprop.latex.symbols import ASCII, COMMANDS

AT = (0, 0)
MULTIPLICATIONS = {"·": r"\cdot", "×": r"\times", "⊙": r"\odot", "∘": r"\circ", "*": "*", "/": "/", "@": "@", "": ""}
SUMS = {"+": "+", "-": "-", "±": r"\pm"}
RELATIONS = {"=": "=", "≤": r"\le", ":=": ":=", "→": r"\to", "⇒": r"\Rightarrow"}
STYLES = {"bold": r"\mathbf", "vec": r"\vec", "roman": r"\mathrm", "calligraphic": r"\mathcal", "sans": r"\mathsf"}
GREEK = {"σ": r"\sigma", "δ": r"\delta", "∂": r"\partial", "W": "W", "x": "x", "l": "l", "∇": r"\nabla"}
FENCES = {"()": ("(", ")"), "[]": ("[", "]"), "‖‖": (r"\|", r"\|"), "||": ("|", "|"), "{}": (r"\{", r"\}")}


# --- a printer of surfaces, which shares nothing with the reader -----------------------------------------------------


@singledispatch
def printed(node: Surface) -> str:
    raise NotImplementedError(type(node))


@printed.register
def _(node: Letter) -> str:
    if node.style == "operator":
        return f"\\{node.text} "
    if node.style == "roman" and len(node.text) > 1:
        return rf"\text{{{node.text}}}"
    letter = GREEK[node.text]
    return f"{letter} " if node.style == "plain" else f"{STYLES[node.style]}{{{letter}}}"


@printed.register
def _(node: Numeral) -> str:
    return f"{node.text} "


@printed.register
def _(node: Dots) -> str:
    return r"\dots "


@printed.register
def _(node: Blank) -> str:
    return node.text


@printed.register
def _(node: Accented) -> str:
    return rf"\{node.accent}{{{printed(node.body)}}}"


@printed.register
def _(node: Styled) -> str:
    return f"{STYLES[node.style]}{{{printed(node.body)}}}"


@printed.register
def _(node: Scripted) -> str:
    base = printed(node.base)
    base = f"{{{base}}}" if isinstance(node.base, Scripted) else base
    primes = "'" * node.primes
    sup = "" if node.sup is None else f"{'.' * node.dotted}^{{{printed(node.sup)}}}"
    sub = "" if node.sub is None else f"_{{{printed(node.sub)}}}"
    return f"{base}{primes}{sup}{sub}"


@printed.register
def _(node: Fraction) -> str:
    return rf"\frac{{{printed(node.numerator)}}}{{{printed(node.denominator)}}}"


@printed.register
def _(node: Root) -> str:
    degree = "" if node.degree is None else f"[{printed(node.degree)}]"
    return rf"\sqrt{degree}{{{printed(node.radicand)}}}"


@printed.register
def _(node: Fenced) -> str:
    left, right = FENCES[node.left + node.right]
    return rf"\left{left} {printed(node.body)} \right{right} "


@printed.register
def _(node: Matrix) -> str:
    rows = r" \\ ".join(" & ".join(map(printed, row)) for row in node.rows)
    return rf"\begin{{{node.kind}}} {rows} \end{{{node.kind}}}"


@printed.register
def _(node: Big) -> str:
    name = {"∑": r"\sum", "∏": r"\prod", "max": r"\max"}[node.sign]
    sub = "" if node.sub is None else f"_{{{printed(node.sub)}}}"
    sup = "" if node.sup is None else f"^{{{printed(node.sup)}}}"
    return f"{name}{sub}{sup} {printed(node.body)}"


@printed.register
def _(node: Signed) -> str:
    return f"{node.sign}{printed(node.body)}"


@printed.register(Term)
@printed.register(Additive)
@printed.register(Chain)
@printed.register(Listed)
def _(node: Term | Additive | Chain | Listed) -> str:
    signs = MULTIPLICATIONS | SUMS | RELATIONS | {",": ",", ";": ";", "quad": r"\quad"}
    parts = getattr(node, {Term: "factors", Additive: "terms"}.get(type(node), "parts"))
    found = printed(parts[0])
    for sign, part in zip(node.signs, parts[1:], strict=True):
        found += f" {signs[sign.text]} {printed(part)}"
    return found


@printed.register
def _(node: Lines) -> str:
    return " \\\\\n ".join(map(printed, node.rows))


# --- random surfaces -------------------------------------------------------------------------------------------------


class Grower:
    """Grows surfaces that can be written; from a seed, since shrinking trees of strategies takes minutes."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def formula(self) -> Surface:
        rows = tuple(self.listed(2) for _ in range(self.chance.choice([1, 1, 1, 2, 3])))
        return rows[0] if len(rows) == 1 else Lines(AT, rows)

    def some(self, of: Callable[[int], Surface], most: int, depth: int) -> list[Surface]:
        count = self.chance.randint(2, most) if self.chance.random() < 0.3 else 1
        return [of(depth) for _ in range(count)]

    def signs(self, table: str | list[str], parts: list[Surface]) -> tuple[Sign, ...]:
        return tuple(Sign(AT, self.chance.choice(table)) for _ in parts[1:])

    def listed(self, depth: int) -> Surface:
        found = self.some(self.chain, 2, depth)
        return found[0] if len(found) == 1 else Listed(AT, tuple(found), self.signs(",;", found))

    def chain(self, depth: int) -> Surface:
        found = self.some(self.sum, 2, depth)
        if self.chance.random() < 0.1:
            found.insert(0, Blank(AT))
        return found[0] if len(found) == 1 else Chain(AT, tuple(found), self.signs(list(RELATIONS), found))

    def sum(self, depth: int) -> Surface:
        found = self.some(self.term, 3, depth)
        if self.chance.random() < 0.2:
            found[0] = Signed(AT, "-", found[0])
        return found[0] if len(found) == 1 else Additive(AT, tuple(found), self.signs(list(SUMS), found))

    def term(self, depth: int) -> Surface:
        """One factor or several, perhaps with an operator over the last ones."""
        found = self.product(depth)
        if self.chance.random() > 0.2:
            return found
        body = Signed(AT, "-", found) if self.chance.random() < 0.2 else found
        name = self.chance.choice(["∑", "∏", "max"])
        sub = self.script() if name == "max" or self.chance.random() < 0.7 else None
        sup = self.script() if name != "max" and self.chance.random() < 0.4 else None
        big = Big(AT, name, body, sub, sup)
        return Term(AT, (self.letter(), big), (Sign(AT, self.chance.choice(["", "·", "⊙"])),)) if sub else big

    def product(self, depth: int) -> Surface:
        factors = self.some(self.atom, 4, depth)
        signs = list(self.signs(list(MULTIPLICATIONS), factors))
        for i, sign in enumerate(signs):
            if isinstance(factors[i], Numeral) and isinstance(factors[i + 1], Numeral) and not sign.text:
                signs[i] = Sign(AT, "·")
        return factors[0] if len(factors) == 1 else Term(AT, tuple(factors), tuple(signs))

    def atom(self, depth: int) -> Surface:
        if depth == 0 or self.chance.random() < 0.4:
            return self.chance.choice([self.letter, self.letter, self.word, self.numeral, self.dots])()
        kinds = [
            self.scripted,
            self.scripted,
            self.fraction,
            self.root,
            self.accented,
            self.styled,
            self.fenced,
            self.matrix,
        ]
        return self.chance.choice(kinds)(depth - 1)

    def letter(self) -> Surface:
        if self.chance.random() < 0.3:
            return Letter(AT, self.chance.choice("Wx"), self.chance.choice(list(STYLES)))
        return Letter(AT, self.chance.choice(list(GREEK)))

    def word(self) -> Surface:
        name = self.chance.choice(["ReLU", "diag", "Mish", "log", "tanh", "max"])
        return Letter(AT, name, "operator" if name in ("log", "tanh", "max") else "roman")

    def numeral(self) -> Surface:
        return Numeral(AT, self.chance.choice(["0", "1", "12", "0.5"]))

    def dots(self) -> Surface:
        return Dots(AT, "…")

    def script(self) -> Surface:
        """What stands in scripts: no primes and no dots, which belong elsewhere when they stand there."""
        parts = [self.chance.choice([self.letter, self.numeral])() for _ in range(self.chance.choice([1, 1, 2]))]
        if len(parts) == 1:
            return parts[0]
        made, table = self.chance.choice([(Listed, ","), (Additive, "+-"), (Chain, "=")])
        return made(AT, tuple(parts), self.signs(table, parts))

    def scripted(self, depth: int) -> Surface:
        base = self.atom(depth)
        sub, sup = (self.script() if self.chance.random() < 0.5 else None for _ in range(2))
        primes = self.chance.choice([0, 0, 1, 2])
        binds = isinstance(base, Letter) and base.text == "max"  # with a script it binds what follows
        if binds or (sub is None and sup is None and not primes):
            return base
        return Scripted(AT, base, sub, sup, primes, sup is not None and self.chance.random() < 0.2)

    def fraction(self, depth: int) -> Surface:
        return Fraction(AT, self.listed(depth), self.listed(depth))

    def root(self, depth: int) -> Surface:
        return Root(AT, self.listed(depth), self.chance.choice([None, self.numeral()]))

    def accented(self, depth: int) -> Surface:
        return Accented(AT, self.chance.choice(["hat", "bar", "tilde", "dot"]), self.listed(depth))

    def styled(self, depth: int) -> Surface:
        return Styled(AT, "bold", self.accented(depth))

    def fenced(self, depth: int) -> Surface:
        left, right = self.chance.choice(list(FENCES))
        return Fenced(AT, left, self.listed(depth), right)

    def matrix(self, depth: int) -> Surface:
        rows = tuple((self.listed(depth), self.listed(depth)) for _ in range(self.chance.randint(1, 2)))
        return Matrix(AT, self.chance.choice(["pmatrix", "cases", "array"]), rows)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_what_is_printed_is_read_again(seed: int) -> None:
    expected = Grower(seed).formula()
    text = printed(expected)
    assert surface(text) == expected, text


# --- soups -----------------------------------------------------------------------------------------------------------


def _split(table: str) -> list[str]:
    return table.split()


PIECES = [
    *(f"\\{name}" for name in COMMANDS),
    *list(ASCII) * 5,
    *(rf"\{side}{{{name}}}" for side in ("begin", "end") for name in ("pmatrix", "aligned", "cases", "array")),
    *_split(r"\text{if} \text{ReLU} \mathrm{d} \mathbf{x} \left( \right) \left. \right| \bigl| \bigr| \big| \| \\ $ %"),
    *_split(r"\{ \} \sqrt[ \label{a} \begin \left \ x W 1 12 0.5 . log ŷ ² ₁ ᵀ σ é а 1e9 { } { } { } { } ^ _ ( ) | ="),
    "%\n",
    "\t",
    "\u0302",
    "\u202e",
    "\x00",
    "\ud800",
    "9" * 50,
]


def answered(text: str) -> Surface | ReadingError:
    """A surface, or an error that points into the text; nothing else, and soon."""
    start = time.process_time()
    found = _attempt(text)
    assert time.process_time() - start < 1
    if isinstance(found, ReadingError):
        assert 0 <= found.span[0] <= found.span[1] <= len(text)
        assert found.message
        assert "^" in str(found)
    return found


def _attempt(text: str) -> Surface | ReadingError:
    try:
        return surface(text)
    except ReadingError as error:
        return error


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40), st.sampled_from(["", " "]))
def test_soups_of_tokens(pieces: list[str], between: str) -> None:
    answered(between.join(pieces))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    answered(text)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_damaged_formulas(seed: int) -> None:
    grower = Grower(seed)
    chance = grower.chance
    characters = list(printed(grower.formula()))
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(characters) + 1)
        characters[at : at + chance.randint(0, 2)] = chance.choice(PIECES)
    answered("".join(characters))


# --- depth and length ------------------------------------------------------------------------------------------------

NESTED = _split(r"""
( { [ \left( \frac{ \hat \hat{ x^{ x_{ \sqrt{ \sqrt[ \begin{pmatrix} |a+ \|a+ (| \underbrace{ \text{ 1+( \sum_{ \sum --
{\bf {a\over""")


@pytest.mark.parametrize("opening", NESTED)
def test_nesting_without_end(opening: str) -> None:
    assert isinstance(answered(opening * 100_000), ReadingError)
    assert isinstance(answered(opening * (19_000 // len(opening))), ReadingError)


CLOSED = [
    ("(", ")"),
    ("{", "}"),
    (r"\left[", r"\right]"),
    (r"\sqrt{", "}"),
    ("x^{", "}"),
    (r"\frac{1}{", "}"),
    (r"\hat{", "}"),
]


@pytest.mark.parametrize(("opening", "closing"), CLOSED)
def test_a_depth_of_200_is_read_far_down_the_call_stack(opening: str, closing: str) -> None:
    text = opening * 200 + "x" + closing * 200

    def below(frames: int) -> Surface:
        return below(frames - 1) if frames else surface(text)

    assert sys.getrecursionlimit() >= 1000
    assert isinstance(below(300), Surface)
    assert isinstance(answered(opening + text + closing), ReadingError)


def _height(node: object) -> int:
    if isinstance(node, tuple):
        return max(map(_height, node), default=0)
    return 1 + max(map(_height, values(node)), default=0) if isinstance(node, Surface) else 0


@pytest.mark.parametrize("opening", ["(1+(", "(1,(", "(a=-b", "(a=1,-b", r"(\sum_k -"])
def test_no_surface_is_too_high_for_recursion(opening: str) -> None:
    closing = ")" * opening.count("(")
    heights = []
    for depth in range(10, 200, 10):
        found = answered(opening * depth + "x" + closing * depth)
        if isinstance(found, Surface):
            heights.append(_height(found))
    assert heights
    assert max(heights) <= 250


@pytest.mark.parametrize("count", [100, 4000])
def test_many_operators_in_a_row(count: int) -> None:
    found = answered(r"\sum " * count + "x")
    assert isinstance(found, Surface if count == 100 else ReadingError)


REPEATED = [
    *_split(r"""x +x =x x\quad a|b‖c| a_b x^{2} ' {} {x} ., a, abcdefgh 1 \\ & a& \text{if} \foo ŷ x² ² % 1{,}"""),
    *_split(r"""\frac{a}{b} (a|b) () f(x) \bigl \alpha {a\over{b}} \sum_i- a\cdot- \underbrace{x}_{n} а - $ x̂"""),
    *[
        "x ",
        "|a| ",
        "log ",
        "1e5 ",
        r"\dots ",
        r"{\bf x}",
        r"\arg\max_i ",
        r"\max ",
        " ",
        "\u202e",
        "\x00",
        "\ud800",
        "a\n",
    ],
    r"\begin{pmatrix}1&2\end{pmatrix}",
]


@pytest.mark.parametrize("piece", REPEATED)
def test_20_kilobytes_of_anything(piece: str) -> None:
    answered(piece * (20_000 // len(piece)))


def test_work_grows_with_the_length_only() -> None:
    def calls(count: int) -> int:
        found = Counter[str]()
        sys.setprofile(lambda frame, event, of: found.update((event,)))
        try:
            surface(r"W_1^\top x + " * count + "y")
        finally:
            sys.setprofile(None)
        return found["call"] + found["c_call"]

    calls(10)
    # eight times as long is eight times the work, not sixty-four
    assert calls(1200) < 9 * calls(150)


def test_a_megabyte_is_refused_unread() -> None:
    found = answered("x + " * 250_000)
    assert isinstance(found, ReadingError)
    assert len(str(found)) < 500
