"""How variables are read in SymPy at given widths: as symbols, or written out through the forward equations.

A variable is read as a matrix of plain symbols: `W_0[1,2]`, `b_0[1]`, `z_1[2]`, `h_1[2]`, and `x_1`, `y_1`, `yhat_1`
for input, target and output. To differentiate by a variable, what depends on it is written out through the forward
equations as far as that variable, and everything else stays a symbol; so a derivative stays short at any depth. The
bias unit of a layer is a symbol as well, because there is a derivative by it; in a value it is 1 (`Reading.finished`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import singledispatch
from typing import Any

import sympy
from sympy import ImmutableDenseMatrix as Matrix

from symbackprop import expr, magnitudes
from symbackprop.dims import Dim, dim
from symbackprop.equations import Network
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Expr, Variable
from symbackprop.matrices import canonical, entry
from symbackprop.substitution import substitute
from symbackprop.tree import children


class OutOfRange(ShapeError):
    """A variable, row or column that the network does not have."""


class Reading:
    """How variables are read in one network of given widths.

    Args:
        network: a network whose depth and widths are numbers.
        opaque: whether named activations are read as unknown functions, as the generic `g` always is.
        base: the variable that is differentiated by; what depends on it is written out.
        shared: the reading this one was made from.
    """

    def __init__(
        self, network: Network, opaque: bool = False, base: Variable | None = None, shared: Reading | None = None
    ) -> None:
        self.network = network
        self.opaque = opaque
        self.base = base
        self.hidden: set[str] = set() if shared is None else shared.hidden
        self.origin: dict[sympy.Symbol, tuple[Variable, int, int]] = {} if shared is None else shared.origin
        self._symbols: dict[Variable, Matrix] = {} if shared is None else shared._symbols
        self._depends: dict[tuple[Variable, Variable], bool] = {} if shared is None else shared._depends
        # values of variables that no network has, such as the vector of a supremum
        self.held: dict[Variable, Any] = {} if shared is None else shared.held
        self._written: dict[Variable, Any] = {}
        self.partials: dict[expr.Partial, Any] = {}
        self._full: dict[Variable, Any] = {} if shared is None else shared._full
        self._under: dict[Variable, Reading] = {} if shared is None else shared._under

    # --- sizes and symbols ---

    def number(self, size: Dim) -> int:
        """A dim as a number.

        Raises:
            SymbackpropError: for an index that has no value.
        """
        known = self.network.normal(size)
        if not known.is_constant:
            raise SymbackpropError(f"{size} has no value here: put numbers in place of {', '.join(known.symbols)}")
        return known.constant

    def size(self, variable: Variable) -> tuple[int, int]:
        """Rows and columns of a variable."""
        if variable.index is not None:
            self.number(variable.index)
        try:
            rows, columns = self.network.shape_of(variable)
        except ShapeError as error:
            raise OutOfRange(str(error)) from None
        return self.number(rows), self.number(columns)

    def symbols(self, variable: Variable) -> Matrix:
        """The matrix of a variable's own symbols."""
        if variable not in self._symbols:
            rows, columns = self.size(variable)
            entries = []
            for i in range(1, rows + 1):
                for k in range(1, columns + 1):
                    symbol = sympy.Symbol(self._name(variable, i, k, columns))
                    self.origin[symbol] = (variable, i, k)
                    entries.append(symbol)
            self._symbols[variable] = Matrix(rows, columns, entries)
        return self._symbols[variable]

    def _name(self, variable: Variable, i: int, k: int, columns: int) -> str:
        match variable:
            case expr.Hidden(Dim((), 0)):
                return f"x_{i}"
            case expr.Target():
                return f"y_{i}"
            case expr.PreActivation(layer) if layer == self.network.depth + 1:
                return f"yhat_{i}"
        place = f"{i}" if columns == 1 and not isinstance(variable, expr.Weight) else f"{i},{k}"
        return f"{variable.name}{'' if variable.index is None else f'_{variable.index}'}[{place}]"

    def is_bias_unit(self, variable: Variable, i: int) -> bool:
        """Whether entry `i` is the constant 1 at the end of a layer."""
        return self.network.constant(variable, dim(i)) is not None

    # --- forward equations ---

    def definition(self, variable: Variable) -> Expr | None:
        """The right side of the variable's forward equation; None for inputs, targets and parameters."""
        self.size(variable)
        found = self.network.definition(variable, {})
        return None if found is None else found.right

    def depends(self, variable: Variable, base: Variable) -> bool:
        """Whether a variable is, or is computed from, another one."""
        key = (variable, base)
        if key not in self._depends:
            right = None if variable == base else self.definition(variable)
            self._depends[key] = variable == base or (
                right is not None and any(self.depends(part, base) for part in self._variables(right))
            )
        return self._depends[key]

    def _variables(self, e: Expr) -> Iterator[Variable]:
        """The variables in an expression; under a sum or a product those at each value of its index."""
        match e:
            case Variable():
                yield e
            case expr.IndexedSum(name, _, _, body) | expr.IndexedProduct(name, _, _, body):
                for value in bounds(e, self):
                    yield from self._variables(substitute(body, {name: dim(value)}))
            case _:
                for part in children(e):
                    yield from self._variables(part)

    def read(self, variable: Variable) -> Any:
        """A variable as symbols, or written out if it depends on the base; the loss is always written out."""
        if variable in self.held:
            return self.held[variable]
        through = self.base is not None and variable != self.base and self.depends(variable, self.base)
        if not through and not isinstance(variable, expr.Loss):
            return self.symbols(variable)
        if variable not in self._written:
            right = self.definition(variable)
            assert right is not None
            self._written[variable] = explicit(right, self)
        return self._written[variable]

    def under(self, base: Variable) -> Reading:
        """The reading in which what depends on `base` is written out."""
        if base not in self._under:
            self._under[base] = Reading(self.network, self.opaque, base, self)
        return self._under[base]

    def through(self, value: Any) -> Any:
        """A derivative in which the symbols of what depends on the base are written out as well."""
        if self.base is None:
            return value
        put = {}
        for symbol in _free(value) & self.origin.keys():
            variable, i, k = self.origin[symbol]
            if variable != self.base and self.depends(variable, self.base):
                put[symbol] = entry(self.read(variable), i, k)
        return value.subs(put, simultaneous=True) if put else value

    # --- values for whoever imports SymPy expressions ---

    def finished(self, value: Any, expand: bool) -> Any:
        """The value with every bias unit 1 and, to `expand`, hidden units and pre-activations written out."""
        put = {}
        for symbol in _free(value) & self.origin.keys():
            variable, i, k = self.origin[symbol]
            if self.is_bias_unit(variable, i):
                put[symbol] = sympy.Integer(1)
            elif expand and self.definition(variable) is not None:
                put[symbol] = entry(self.full(variable), i, k)
        return canonical(value.subs(put, simultaneous=True) if put else value)

    def full(self, variable: Variable) -> Any:
        """A variable in parameters, input and target alone."""
        if variable not in self._full:
            right = self.definition(variable)
            value = self.symbols(variable) if right is None else explicit(right, self)
            self._full[variable] = self.finished(value, expand=True)
        return self._full[variable]


def _free(value: Any) -> set[sympy.Symbol]:
    found: set[sympy.Symbol] = value.free_symbols
    return found


@singledispatch
def explicit(e: Expr, reading: Reading) -> Any:
    """An expression as a SymPy matrix, or as a scalar expression.

    Raises:
        ShapeError: if two parts do not conform; `OutOfRange` if the network has no such variable, row or column.
        SymbackpropError: for what has no explicit form.
    """
    raise SymbackpropError(f"{type(e).__name__} is not registered with the SymPy reader: add @explicit.register for it")


def within(at: Dim, size: int, e: Expr, reading: Reading) -> int:
    """The value of an index that counts from 1 to `size`."""
    value = reading.number(at)
    if not 1 <= value <= size:
        raise OutOfRange(f"{e} does not exist: its index {value} runs from 1 to {size}")
    return value


def instances(e: Expr, name: str, values: Iterable[int], reading: Reading) -> list[Any]:
    """The values of an expression at numbers for one of its indices."""
    return [explicit(substitute(e, {name: dim(value)}), reading) for value in values]


def bounds(e: expr.IndexedProduct | expr.IndexedSum | magnitudes.Extreme, reading: Reading) -> range:
    """The values of the index of a product, sum or extreme."""
    lower, upper = reading.number(e.lower), reading.number(e.upper)
    if upper < lower - 1:
        raise OutOfRange(f"{e} runs from {lower} to {upper}, which is less than nothing")
    return range(lower, upper + 1)
