"""What the symbols of a SymPy expression mean: sizes and indices, variables of a network, or variables of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sympy

from symbackprop import expr
from symbackprop.dims import Dim, dim, index, width
from symbackprop.equations import Network
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr, Named
from symbackprop.forward import ForwardNetwork
from symbackprop.network import MLP
from symbackprop.notations import GREEK
from symbackprop.quantities import Quantities

# how latex2sympy2 names a letter with an accent; one that says only "vector" or "matrix" is no part of the name
_ACCENT = re.compile(r"\\(\w+) ?\{([^{}]*)\}")
_KEPT = {"hat": "hat", "bar": "bar", "tilde": "tilde", "dot": "dot", "overline": "bar", "widehat": "hat"}
_ENTRY = re.compile(r"(.+)\[(\d+)(?:,(\d+))?\]")
_TERM = re.compile(r"([+-]?)(\d*)([A-Za-z]\w*)?")

_LAYERED: dict[str, Any] = {
    "z": expr.PreActivation,
    "h": expr.Hidden,
    "W": expr.Weight,
    "b": expr.Bias,
}


@dataclass(frozen=True)
class Scope:
    """What the symbols of an expression mean.

    Attributes:
        network: whose variables they are, if anybody's.
        counted: the indices that sums and products around the expression count with.
    """

    network: Network | None
    counted: frozenset[str] = frozenset()

    def declares(self, name: str) -> bool:
        """Whether the network has a variable of that name."""
        return isinstance(self.network, Quantities) and name in self.network.names

    def dim(self, e: Any) -> Dim | None:
        """A whole number, or a sum of letters of sizes and indices; None for anything else."""
        match e:
            case sympy.Integer():
                return dim(int(e))
            case sympy.Symbol():
                return self._letter(e)
            case sympy.Add():
                parts = [self.dim(part) for part in e.args]
                found = [part for part in parts if part is not None]
                return sum(found, dim(0)) if len(found) == len(parts) else None
            case sympy.Mul(args=(sympy.Integer() as factor, rest)):
                inner = self.dim(rest)
                return None if inner is None else inner * int(factor)
        return None

    def _letter(self, e: Any) -> Dim | None:
        name = str(e.name)
        if name in self.counted:
            return index(name)
        if self.declares(name):
            return None
        if isinstance(self.network, Quantities):
            return index(name) if name in self.network.sizes or e.is_integer else None
        if not e.is_integer:
            return None
        if name.startswith("n_") and isinstance(self.network, MLP):
            layer = _affine(name[2:].strip("{}"))
            return None if layer is None else width(layer)
        return index(name)

    def size(self, e: Any) -> Dim:
        """The number of rows or columns of a matrix, or the bound of a sum.

        Raises:
            SymbackpropError: for what is no `Dim`; a letter in it need not be said to be an integer.
        """
        letters = {letter: sympy.Symbol(letter.name, integer=True) for letter in e.free_symbols if letter.is_Symbol}
        found = self.dim(e.subs(letters) if letters else e)
        if found is None:
            raise SymbackpropError(f"{e} is no size or bound here: write a sum of letters and whole numbers, as n + 1")
        return found

    def entry(self, written: str) -> Expr:
        """A variable, or the entry of one that `to_sympy` at given widths calls `W_0[1,2]`, `z_1[2]` or `x_1`."""
        found = _ENTRY.fullmatch(written)
        if found:
            row, column = found[2], found[3]
            return expr.Entry(self.variable(found[1]), dim(int(row)), dim(int(column)) if column else None)
        name, _, row = written.partition("_")
        if isinstance(self.network, MLP) and name in ("x", "y", "yhat") and row.isdigit():
            return expr.Entry(self.variable(name), dim(int(row)))
        return self.variable(written)

    def variable(self, written: str) -> expr.Variable:
        """The variable that SymPy, or latex2sympy2, calls `W_1`, `\\hat{y}`, `w_{l+1}` or `b_{hidden}`."""
        name, _, script = plain(written).partition("_")
        script = script.strip("{}")
        at = _affine(script) if script else None
        whole = f"{name}_{script}" if script else name
        if at is not None and at.symbols & self.counted:
            raise SymbackpropError(
                f"{written} is one symbol to SymPy, the same for every {', '.join(sorted(at.symbols & self.counted))}: "
                f"write the entry of a MatrixSymbol, as {name}[{script} - 1, 0]"
            )
        if self.declares(whole):
            return Named(whole)
        if isinstance(self.network, MLP) and (found := _of_layers(name, at, self.network)) is not None:
            return found
        if whole == self.loss:
            return expr.LOSS
        # a letter is an index of a family that the network has, and else a part of the name
        is_member = at is not None and (not at.symbols or self.declares(name))
        return Named(name, at) if is_member else Named(whole)

    @property
    def loss(self) -> str:
        """The letter of the loss."""
        return self.network.loss_letter.letter if isinstance(self.network, ForwardNetwork) else "L"


def _of_layers(name: str, at: Dim | None, network: MLP) -> expr.Variable | None:
    if name in _LAYERED and at is not None:
        made: expr.Variable = _LAYERED[name](at)
        return made
    if at is not None:
        return Named(name, at)
    alone = {"y": expr.Target(), "x": network.input, "yhat": network.output}
    return alone.get(name)


def plain(written: str) -> str:
    """A name without the commands of LaTeX that latex2sympy2 keeps in it."""
    name = _ACCENT.sub(lambda found: found[2] + _KEPT.get(found[1], ""), written).removeprefix("\\")
    variant = name.removeprefix("var")
    return variant if variant.partition("_")[0] in GREEK else name


def _affine(text: str) -> Dim | None:
    """An index as it is printed: `1`, `l+1`, `L-1`, `2l`; None for anything else, such as a word."""
    total, at = dim(0), 0
    while at < len(text):
        found = _TERM.match(text, at)
        if not found or not (found[2] or found[3]) or (at and not found[1]) or len(found[3] or "") > 1:
            return None
        size = int(found[2] or 1) * (-1 if found[1] == "-" else 1)
        total = total + (index(found[3]) * size if found[3] else size)
        at = found.end()
    return total if text else None
