"""Expressions of SymPy, and of what gives them such as latex2sympy2, taken over into the tree."""

from __future__ import annotations

import re
from typing import Any

import sympy

from symbackprop.dims import Dim
from symbackprop.equations import Network
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr
from symbackprop.quantities import Quantities
from symbackprop.shapes import shape
from symbackprop.sympy_input import matrices as matrices
from symbackprop.sympy_input.scalars import taken
from symbackprop.sympy_input.scope import Scope, plain


def from_sympy(e: Any, network: Network | None = None) -> Expr:
    """An expression of SymPy as a tree.

    Args:
        e: a scalar or a matrix expression. A symbol known to be an integer, one that a sum or product counts with, and
            the letter of a size are an index or a size; every other one is a variable. `L` is the loss.
        network: whose variables the symbols are: an `MLP`, one of forward equations, or `quantities_of(e)`. Without one
            they are variables of their own, `w_1` being the member 1 of the family `w`.

    Returns:
        The tree; where there is a network, its shapes conform in it.

    Raises:
        ShapeError: if two parts do not conform, or a `MatrixSymbol` has another shape than in the network.
        SymbackpropError: for what is no expression of SymPy, or one that the tree has no node for.
    """
    try:
        read = sympy.sympify(e, strict=True)
    except sympy.SympifyError:
        raise SymbackpropError(
            f"{type(e).__name__} is no expression of SymPy: LaTeX is read by parse(…), entries by sympy.Matrix(…)"
        ) from None
    try:
        found = taken(read, Scope(network))
    except RecursionError:
        raise SymbackpropError("the expression is nested too deeply to be taken over: name parts of it") from None
    if network is not None:
        shape(found, network)
    return found


def quantities_of(e: Any) -> Quantities:
    """The variables of an expression of SymPy, with the shapes of its `MatrixSymbol`s; the other symbols are scalars.

    Each has its whole name, as `W_1`, because two members of a family may have two shapes.

    Raises:
        SymbackpropError: for a shape that is no sum of letters and whole numbers.
    """
    scope = Scope(None)
    shapes: dict[str, tuple[Dim, ...]] = {}
    for part in sympy.preorder_traversal(e):
        if isinstance(part, sympy.MatrixSymbol):
            shapes[_name(part.name)] = tuple(scope.size(size) for size in part.shape)
    inside = {size for each in e.atoms(sympy.MatrixSymbol) for part in each.shape for size in part.free_symbols}
    for symbol in e.free_symbols - inside:
        if isinstance(symbol, sympy.Symbol) and not symbol.is_integer:
            shapes.setdefault(_name(symbol.name), ())
    return Quantities(shapes)


def _name(written: str) -> str:
    return re.sub(r"[{}]", "", plain(written))
