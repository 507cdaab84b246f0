"""What a scalar function of one variable is: a formula in SymPy, from which everything else follows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from symbackprop.errors import SymbackpropError
from symbackprop.expr import Elementwise, Expr


@dataclass(frozen=True)
class Activation:
    """A scalar function `g`.

    Attributes:
        name: what it is called on the command line.
        symbol: how formulas write it, in Unicode; more than one letter is an operator (`tanh`).
        formula: `(sympy, z) -> expression`; None for a generic one, about which nothing is known.
        kinks: the points at which `g` has no derivative; jumps are among them.
        convention: which one-sided slope stands for the derivative at a kink.
        source: stable NumPy source of `g` in `z`; made from the formula where it is empty.
        by_value: NumPy source of `g'(z)` in `h = g(z)`, where that is one expression which does not cancel; else empty:
            `1 - h²` for tanh has no figure left where `h` rounds to 1, and the slope is taken from `z`.
        quick: NumPy source of `g'(z)` in `h` that costs least and is exact to the rounding of a number near 1, if not
            to that of the slope; compiled gradients take it unless they shall be precise where units saturate.
        preamble: what NumPy code that uses it must define first, after `import numpy as np`.
        offered: whether it may be the activation of an `MLP`; what is only applied entry by entry in losses and in the
            equations of other networks is not.
        parameter: what the symbol has below, as the slope of a PReLU.
    """

    name: str
    symbol: str
    formula: Callable[[Any, Any], Any] | None = None
    kinks: tuple[int, ...] = ()
    convention: str = ""
    source: str = ""
    by_value: str = ""
    quick: str = ""
    preamble: str = ""
    offered: bool = True
    parameter: str = ""

    def __call__(self, operand: Expr, order: int = 0) -> Elementwise:
        """The function, or its `order`-th derivative, of each entry of an expression."""
        return Elementwise(self.name, operand, order)

    @property
    def is_generic(self) -> bool:
        """Whether nothing is known of it but its name."""
        return self.formula is None

    @property
    def is_operator(self) -> bool:
        """Whether its symbol is written upright, being more than one letter."""
        return len(self.symbol) > 1

    def expression(self, order: int = 0) -> Any:
        """`g`, or its `order`-th derivative, as SymPy writes it in the real symbol `z`.

        Raises:
            SymbackpropError: for a generic function.
        """
        if self.formula is None:
            raise SymbackpropError(
                f"{self.name} is a generic function, so nothing more is known of it: "
                "write a named one, such as tanh, or register a formula"
            )
        return _expression(self, order)

    def derivative(self, order: int = 1) -> Any:
        """The `order`-th derivative, by SymPy, in a readable form."""
        return self.expression(order)

    def numpy(self, order: int = 0, variable: str = "z") -> str:
        """NumPy source of `g` or its `order`-th derivative: one expression in `variable`, over arrays of any shape.

        It neither overflows nor loses figures for large or small `|z|`, and warns of nothing, infinities included;
        `preamble` must stand before it.

        Raises:
            SymbackpropError: for a generic function.
        """
        return re.sub(r"\bz\b", variable, self.source if order == 0 and self.source else _numpy_source(self, order))


def _numpy_source(row: Activation, order: int) -> str:
    # only here: SymPy takes longer to import than a network takes to compile whose functions give their own source
    from symbackprop.numpy_source import numpy_source

    return numpy_source(row.expression(order))


@cache
def _expression(row: Activation, order: int) -> Any:
    import sympy

    z = sympy.Symbol("z", real=True)
    assert row.formula is not None
    if order == 0:
        return sympy.sympify(row.formula(sympy, z))
    return _readable(sympy.diff(_expression(row, order - 1), z))


def _readable(e: Any) -> Any:
    """A derivative as a person would write it; the pieces are simplified one by one, so that each keeps its domain."""
    import sympy

    if isinstance(e, sympy.Piecewise):
        return sympy.Piecewise(*((_readable(piece), where) for piece, where in e.args))
    # z sign(z) is |z|, which SymPy does not say
    e = e.replace(lambda part: part.is_Mul and part.has(sympy.sign), _by_modulus)
    forms = [e, sympy.factor(e), sympy.factor(sympy.together(e)), sympy.simplify(e)]
    # simplify may trade exponentials for cosh(z/2), which nobody expects: only forms in the functions of the row count
    known = {type(part) for part in e.atoms(sympy.Function)}
    plain = [form for form in forms if {type(part) for part in form.atoms(sympy.Function)} <= known]
    return min(plain, key=sympy.count_ops)


def _by_modulus(e: Any) -> Any:
    import sympy

    z = sympy.Symbol("z", real=True)
    return e.subs(z * sympy.sign(z), sympy.Abs(z))
