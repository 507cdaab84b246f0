r"""A network as somebody writes it: forward equations in LaTeX, with shapes that are given or found.

    Network(r"z = W x + b", r"h = \tanh(z)", r"L = \frac{1}{2} \|h - y\|^2", shapes={"x": "n", "W": "m x n"})

The left side of the last equation is the loss. A left side with an index is a family: `h_t = …` holds for `t = 1 … T`
unless a range is written behind it, as in `h_t = \tanh(W h_{t-1} + U x_t), \quad t = 1, \dots, T`. A variable whose
shape is not given is a matrix if it is a capital letter, and a column (a row, if the data are rows) if it is a small
one; its sizes are found from the equations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from symbackprop.dims import ONE, Dim, dim, index, width
from symbackprop.equations import Equation, same_family
from symbackprop.errors import EquationError, SymbackpropError
from symbackprop.expr import Expr, LogSumExp, Softmax, Variable
from symbackprop.forward import WIDTHS, ForwardNetwork, targets_sum_to_one
from symbackprop.latex.draft import Draft
from symbackprop.latex.grammar import surface
from symbackprop.latex.names import ALWAYS, LAYERS, variable_in, written_as
from symbackprop.latex.parse import parse
from symbackprop.notations import GREEK
from symbackprop.shapes import Shape, shape
from symbackprop.statements import Chain
from symbackprop.substitution import replace_at
from symbackprop.tree import at_path, subterms

Extents = str | int | Dim | Sequence[int | str | Dim]
DATA = ("columns", "rows")


class Network(ForwardNetwork):
    r"""Forward equations in LaTeX, or as `Equation`s; the last one computes the loss.

    Args:
        equations: one each, or several with a line for each.
        shapes: rows × columns by the name of a variable, as it stands in the equations: `{"W_1": "H x D", "x": "D"}`;
            those that are missing are found.
        data: whether a small letter without a shape is a column or, for "rows", a row; and which of them a softmax
            of a batch is taken of.
        notation: how the equations are written, and how derivations print: the name of a notation.
        symbols: what further letters mean: `{r"\sigma": "tanh"}`.
        assume: equations that hold; that the targets of a cross-entropy sum to 1 is always assumed.

    Raises:
        ReadingError: for what cannot be read, or does not conform; it points at the place.
        SymbackpropError: for a shape that is missing or contradicted.
    """

    def __init__(
        self,
        *equations: str | Equation,
        shapes: Mapping[str, Extents] | None = None,
        data: str | None = None,
        notation: str = "lecture",
        symbols: Mapping[str, str | Expr] | None = None,
        assume: Sequence[str] = (),
    ) -> None:
        if data is not None and data not in DATA:
            raise SymbackpropError(f"data are no {data!r}: write one of {', '.join(DATA)}")
        draft = Draft(notation, symbols or {}, data == "rows", dict(_declared(shapes or {})))
        draft.letters |= dict(filter(None, (written_as(surface(_in_latex(name)), ALWAYS) for name in shapes or {})))
        draft.read(equations)
        draft.equations = tuple(_along(equation, draft, data) for equation in draft.equations)
        try:
            super().__init__(draft.equations, draft.members(), (), draft.letters, draft.loss, notation)
        except EquationError as error:
            raise draft.pointed_at(error) from None
        for name in shapes or {}:
            if not any(same_family(variable_named(name), part) for part in self._mentioned()):
                raise SymbackpropError(
                    f"{name} has a shape, but no equation has it: leave it out, or write it as there"
                )
        given = [parse(text, notation, self, symbols) for text in assume]
        for text, chain in zip(assume, given, strict=True):
            if not isinstance(chain, Chain):
                raise SymbackpropError(f"what is assumed is an equation, but {text!r} is none: write one, as a = b")
        stated = tuple(chain for chain in given if isinstance(chain, Chain))
        self.assumed = tuple(dict.fromkeys((*targets_sum_to_one(self), *stated)))

    def _mentioned(self) -> Iterator[Variable]:
        """Every variable in an equation."""
        for equation in self.equations:
            for side in (equation.left, equation.right):
                yield from (part for _, part in subterms(side) if isinstance(part, Variable))


def _along(equation: Equation, draft: Draft, data: str | None) -> Equation:
    """The equation with each softmax of a batch taken of the examples.

    Raises:
        SymbackpropError: where nothing says whether they are its columns or its rows.
    """
    right = equation.right
    for path, part in list(subterms(right)):
        if isinstance(part, Softmax | LogSumExp) and ONE not in shape(part.operand, draft.known):
            if data is None:
                raise SymbackpropError(
                    f"{part} in the equation for {equation.left} is of a matrix: say whether its columns or its rows "
                    "are the examples, with data='columns' or data='rows'"
                )
            right = replace_at(right, path, type(part)(at_path(right, path).operand, data.removesuffix("s")))
    return replace(equation, right=right)


# --- shapes as they are written --------------------------------------------------------------------------------------


def _declared(shapes: Mapping[str, Extents]) -> list[tuple[Variable, Shape]]:
    return [(variable_named(name), shape_written(name, extents)) for name, extents in shapes.items()]


def variable_named(name: str) -> Variable:
    """The variable that a name in a table of shapes is: `W_1`, `h_t`, `\\hat{y}`, `gamma` as `\\gamma`."""
    found = variable_in(surface(_in_latex(name)), any_letter=True)
    if found is None:
        raise SymbackpropError(f"{name!r} is no name of a variable: write one such as W_1 or h_t")
    return found


def _in_latex(name: str) -> str:
    """A name in LaTeX: Greek letters in English get their backslash."""
    head, mark, rest = name.partition("_")
    return f"\\{head}{mark}{rest}" if head in GREEK else name


def shape_written(name: str, extents: Extents) -> Shape:
    """`D x H`, `D × H`, `D`, `3`, or a sequence of sizes: rows and columns.

    Raises:
        SymbackpropError: for what is none.
    """
    parts: list[int | str | Dim]
    match extents:
        case str():
            parts = [*re.split(r"\s+x\s+|\s*×\s*|\s*\\times\s*", extents.strip())]
        case int() | Dim():
            parts = [extents]
        case Sequence():
            parts = [*extents]
        case _:
            raise SymbackpropError(f"the shape of {name} is {extents!r}: write its rows and its columns, as 'm x n'")
    sizes = [size_written(name, part) for part in parts if part not in ("", "scalar")]
    if len(sizes) > 2:
        raise SymbackpropError(f"{name} has {len(sizes)} sizes: write its rows and its columns, such as 'm x n'")
    rows, columns = (*sizes, ONE, ONE)[:2]
    return rows, columns


_TERM = re.compile(r"\s*([+-])?\s*(\d+)?\s*\\?([A-Za-z]+)?(?:_\{?([A-Za-z0-9+-]+)\}?)?\s*")


def size_written(name: str, size: int | str | Dim) -> Dim:
    """A size: a number, a letter, `D_x`, `n_{l-1}`, `2 n`, `n + m`.

    Raises:
        SymbackpropError: for what is none.
    """
    if not isinstance(size, str | int | Dim):
        raise SymbackpropError(f"the size {size!r} of {name} is none: write a number or a letter, as in 'D_x x 3'")
    if not isinstance(size, str):
        made = dim(size)
        if made.is_constant and made.constant < 1:
            raise SymbackpropError(f"the size {size} of {name} is below 1: write 1 or more, or a letter such as 'm'")
        return made
    total, at = dim(0), 0
    while at < len(size):
        found = _TERM.match(size, at)
        if found is None or found.end() == at or not (found[2] or found[3]) or (at and not found[1]):
            raise SymbackpropError(f"the size {size!r} of {name} is none: write a number or a letter, as in 'D_x x 3'")
        total = total + _atom(found) * (int(found[2] or 1) * (-1 if found[1] == "-" else 1))
        at = found.end()
    return size_written(name, total)


def _atom(found: re.Match[str]) -> Dim:
    letter, sub = found[3], found[4]
    if letter is None:
        return ONE
    if sub is not None and letter == WIDTHS and set(re.findall("[A-Za-z]", sub)) <= {LAYERS, LAYERS.upper()}:
        return width(size_written(letter, sub) if not sub.isdigit() else dim(int(sub)))
    return index(letter if sub is None else f"{letter}_{sub}")
