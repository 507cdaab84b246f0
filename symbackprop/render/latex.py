r"""Boxes as LaTeX that people can read: one rule for each kind of box, and a table from Unicode to commands.

It needs amsmath (`pmatrix`, `\text`, `\overset`, `\substack`) and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symbackprop import notations
from symbackprop.derivation import Shown
from symbackprop.equations import Network
from symbackprop.keeping import keep
from symbackprop.network import MLP
from symbackprop.notations import GREEK, Notation
from symbackprop.render import boxes
from symbackprop.render.boxes import Box
from symbackprop.render.layout import Look, layout
from symbackprop.tree import Node

# omicron has no command: it looks like a Latin letter
COMMANDS: dict[str, str] = {
    **{letter: f"\\{name}" for name, letter in GREEK.items() if name != "omicron"},
    "ο": "o",
    "∂": r"\partial",
    "∇": r"\nabla",
    "⊤": r"\top",
    "⊺": r"\intercal",
    "⊙": r"\odot",
    "⊘": r"\oslash",
    "∘": r"\circ",
    "∗": "*",
    "×": r"\times",
    "·": r"\cdot",
    "−": "-",
    "≤": r"\leq",
    "≥": r"\geq",
    "⇒": r"\Rightarrow",
    "←": r"\leftarrow",
    "…": r"\dots",
    "⋮": r"\vdots",
    "⋱": r"\ddots",
    "∏": r"\prod",
    "Σ": r"\sum",
    "‖": r"\|",
    "ℒ": r"\mathcal{L}",
    "𝒩": r"\mathcal{N}",
    "ℓ": r"\ell",
}
# `Σ` is a sum where it is a sign and a letter where it is a symbol
LETTERS = {**COMMANDS, "Σ": r"\Sigma"}
OPERATORS = frozenset(
    {"arctan", "cos", "cosh", "det", "exp", "inf", "log", "ln", "max", "min", "sin", "sinh", "sup", "tanh"}
)
ESCAPED = {
    "\\": r"\backslash",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\text{\textasciicircum}",
    "~": r"\text{\textasciitilde}",
}
_IN_TEXT = {**ESCAPED, "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
WIDE = {"vec": "overrightarrow", "hat": "widehat", "bar": "overline", "tilde": "widetilde"}
DELIMITERS = {"(": "(", ")": ")", "[": "[", "]": "]", "{": r"\{", "}": r"\}", "‖": r"\|", "|": "|"}
# what takes scripts without braces around it
SCRIPTED = (boxes.Symbol, boxes.Accent, boxes.Bold, boxes.Fenced, boxes.Torn, boxes.Matrix)
# signs that stand in a row by themselves, with blanks around them
SPACED = frozenset("…⋮∂")
SPACES = {"quad": r"\quad", "thin": r"\,"}


def latex(
    e: Node,
    notation: str | Notation = "lecture",
    network: Network | None = None,
    shown: Shown = Shown(),
) -> str:
    """LaTeX of an expression or a statement.

    Args:
        e: what is to be printed.
        notation: the letters: the name of a notation, or one with other symbols. Where it has examples as rows and the
            network as columns, the formula is printed about rows: `x W + b`.
        network: says the sizes of matrices that are written out; the lecture's if it is not given.
        shown: labels and dimensions.

    Raises:
        SymbackpropError: for an unknown notation, or a matrix whose size the network does not know.
    """
    look = Look(network or MLP(), notations.notation(notation), shown)
    return write(layout(look.placed(e), look))


def write(box: Box) -> str:
    """LaTeX of a box; kept with the box, because lines of a derivation share most of theirs."""
    found: str | None = getattr(box, "_latex", None)
    if found is None:
        found = WRITERS[type(box)](box)
        keep(box, "_latex", found)
    return found


# --- letters, signs and words ----------------------------------------------------------------------------------------


def _symbol(box: boxes.Symbol) -> str:
    text = box.text
    if box.operator:
        return f"\\{text}" if text in OPERATORS else rf"\operatorname{{{_escaped(text)}}}"
    if text in LETTERS:
        return LETTERS[text]
    if len(text) == 1:
        return ESCAPED.get(text) or (text if text.isascii() else _text(text))
    return text if set(text) <= set("0123456789./") else _text(text)


def _prefixed(box: boxes.Prefixed) -> str:
    return box.prefix + _symbol(boxes.Symbol(box.text))


def _escaped(text: str) -> str:
    return "".join(_IN_TEXT.get(c, c) for c in text)


def _text(text: str) -> str:
    return rf"\text{{{_escaped(text)}}}"


def _words(box: boxes.Words) -> str:
    # a comma or semicolon is set in math, so that it stands in the slant and with the blank of the formula
    comma, text = (box.text[0], box.text[1:]) if box.text.startswith((",", ";")) else ("", box.text)
    return f"{comma} {_text(text)}".strip() if text.strip() else comma


def _infix(box: boxes.Infix) -> str:
    return COMMANDS.get(box.text, box.text)


def _space(box: boxes.Space) -> str:
    return SPACES[box.size]


def _accent(box: boxes.Accent) -> str:
    base = write(box.base)
    if isinstance(box.base, boxes.Symbol | boxes.Accent | boxes.Bold):
        return rf"\{box.mark}{{{base}}}"
    return rf"\{WIDE[box.mark]}{{{base}}}"


def _bold(box: boxes.Bold) -> str:
    base = write(box.base)
    return rf"\boldsymbol{{{base}}}" if base.startswith("\\") else rf"\mathbf{{{base}}}"


# --- rows ------------------------------------------------------------------------------------------------------------


def _row(box: boxes.Row) -> str:
    made: list[str] = []
    before: Box | None = None
    for item in box.items:
        text = write(item)
        if before is not None and _is_apart(before, item, made[-1], text):
            made.append(" ")
        made.append(text)
        before = item
    return "".join(made)


def _is_apart(left: Box, right: Box, one: str, two: str) -> bool:
    """Whether a blank stands between neighbours in a row; TeX needs one only after the name of a command."""
    if one[-1:].isalpha() and two[:1].isalpha():
        return True
    if isinstance(left, boxes.Infix) or isinstance(right, boxes.Infix):
        return True
    if isinstance(right, boxes.Words):
        return False
    if isinstance(left, boxes.Symbol) and (left.operator or not left.text.isalpha()):
        # the signs and commas of an index, a minus, the dots between columns
        return left.text in SPACED or (isinstance(right, boxes.Space))
    if isinstance(right, boxes.Symbol) and not right.text.isalpha():
        return right.text in SPACED
    return not (isinstance(right, boxes.Fenced) and isinstance(left, boxes.Symbol | boxes.Scripts | boxes.Words))


# --- what has parts --------------------------------------------------------------------------------------------------


def _script(mark: str, box: Box | None) -> str:
    """`_l`, `^\top`, `_{l,j}`: braces unless it is one token."""
    if box is None:
        return ""
    text = write(box)
    single = len(text) == 1 or (text[0] == "\\" and text[1:].isalpha())
    return f"{mark}{text}" if single else f"{mark}{{{text}}}"


def _scripts(box: boxes.Scripts) -> str:
    base = write(box.base)
    # of a function with its argument, `σ_{1,1}(A)^2`, the script stands at the closing parenthesis
    last = box.base.items[-1] if isinstance(box.base, boxes.Row) else box.base
    if not isinstance(last, SCRIPTED if last is box.base else boxes.Fenced):
        base = f"{{{base}}}"
    sub, sup = _script("_", box.sub), _script("^", box.sup)
    # TeX takes a superscript right after primes, and nowhere else
    return f"{base}{chr(39) * box.primes}{sup}{sub}" if box.primes else f"{base}{sub}{sup}"


def _fraction(box: boxes.Fraction) -> str:
    return rf"\frac{{{write(box.numerator)}}}{{{write(box.denominator)}}}"


def _radical(box: boxes.Radical) -> str:
    return rf"\sqrt{{{write(box.body)}}}"


def _fenced(box: boxes.Fenced) -> str:
    opening, closing = DELIMITERS[box.opening], DELIMITERS[box.closing]
    body = write(box.body)
    return rf"\left{opening} {body} \right{closing}" if box.grows else f"{opening}{body}{closing}"


def _torn(box: boxes.Torn) -> str:
    sign, tall = DELIMITERS[box.text], rf"\vphantom{{{write(box.whole.body)}}}"
    # by themselves both would be set off from their neighbours on both sides
    return rf"\mathopen{{\left{sign} {tall} \right.}}" if box.opens else rf"\mathclose{{\left. {tall} \right{sign}}}"


def _matrix(box: boxes.Matrix) -> str:
    rows = r" \\ ".join(" & ".join(map(write, row)) for row in box.rows)
    return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}"


def _big(box: boxes.Big) -> str:
    sign = f"\\{box.sign}" if box.sign in OPERATORS else COMMANDS[box.sign]
    return sign + _script("_", box.lower) + _script("^", box.upper)


def _under(box: boxes.Under) -> str:
    return rf"\underbrace{{{write(box.body)}}}_{{{write(box.note)}}}"


def _over(box: boxes.Over) -> str:
    return rf"\overset{{{write(box.note)}}}{{{write(box.body)}}}"


def _stack(box: boxes.Stack) -> str:
    return r"\substack{" + r" \\ ".join(map(write, box.lines)) + "}"


WRITERS: dict[type[Box], Callable[[Any], str]] = {
    boxes.Symbol: _symbol,
    boxes.Prefixed: _prefixed,
    boxes.Words: _words,
    boxes.Infix: _infix,
    boxes.Space: _space,
    boxes.Accent: _accent,
    boxes.Bold: _bold,
    boxes.Row: _row,
    boxes.Scripts: _scripts,
    boxes.Fraction: _fraction,
    boxes.Radical: _radical,
    boxes.Fenced: _fenced,
    boxes.Torn: _torn,
    boxes.Matrix: _matrix,
    boxes.Big: _big,
    boxes.Under: _under,
    boxes.Over: _over,
    boxes.Stack: _stack,
}
