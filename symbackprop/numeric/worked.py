r"""A network worked by hand: every forward equation and every gradient with numbers put in.

    net = sb.Network(r"z = w x + b", r"L = \frac{1}{2} (z - y)^2", shapes={...})
    worked(net, {"x": 2, "w": 3, "b": 1, "y": 5})

Whole numbers and fractions stay exact, and then each line is a step that the judges look at; what is irrational, as a
sigmoid of anything but 0, is shown with some digits and `≈`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy

from symbackprop.asked import all_gradients
from symbackprop.derivation import Derivation
from symbackprop.dims import ONE
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.explicit import Reading, explicit
from symbackprop.expr import Expr, Partial, Variable, number
from symbackprop.forward import ForwardNetwork
from symbackprop.primitives import COLUMNS, ROWS, Stacked
from symbackprop.rules.norms import multiplied_out
from symbackprop.statements import Chain, equal
from symbackprop.topic import Part, Prose, Shows, Topic

Value = int | Fraction | str | Sequence["Value"]
DIGITS = 4


class Pass:
    """The numbers of a forward and of a backward pass.

    Args:
        network: its sizes are numbers, or follow from the values.
        values: of every parameter, input and target, by its name: a number, a list for a column (or a row), a list of
            rows for a matrix. Numbers are whole, or texts such as "1/2" and "0.25", which are exact.

    Attributes:
        forward: the values of all variables, by the variable; gradients: those of the loss by them. SymPy matrices.

    Raises:
        SymbackpropError: for a variable without a value, a value without a variable, or a family.
        ShapeError: for a value of another shape.
    """

    def __init__(self, network: ForwardNetwork, values: Mapping[str, Value]) -> None:
        given = {str(v): v for v in network.inputs}
        _check_names(given, values)
        arrays = {given[name]: _turned(_matrix(value), given[name], network) for name, value in values.items()}
        self.network = network.given(_sizes(network, arrays))
        self.reading = Reading(self.network)
        self.forward: dict[Variable, Any] = {}
        for variable, value in arrays.items():
            rows, columns = self.reading.size(variable)
            self.forward[variable] = self.reading.held[variable] = _shaped(variable, value, rows, columns)
        self.given = tuple(equal(variable, literal(value)) for variable, value in self.forward.items())
        for equation in self.network.equations:
            if equation.index is not None:
                raise SymbackpropError(
                    f"{equation.left} is a family: write an equation for each of its members to work it by hand"
                )
            self.forward[equation.left] = self.reading.held[equation.left] = self._value(equation.right)
        self.lines = all_gradients(self.network).derivations
        self.gradients: dict[Variable, Any] = {}
        for line in self.lines:
            assert isinstance(line.start, Partial)
            assert isinstance(line.start.wrt, Variable)
            value = self._value(line.result)
            self.reading.partials[line.start] = value
            self.gradients[line.start.wrt] = value

    def _value(self, e: Expr) -> Any:
        found = explicit(e, self.reading)
        return found if isinstance(found, sympy.MatrixBase) else sympy.ImmutableDenseMatrix([[found]])


def _check_names(given: Mapping[str, Variable], values: Mapping[str, Value]) -> None:
    for name in values.keys() - given.keys():
        raise SymbackpropError(f"{name} is no parameter or input of this network: they are {', '.join(given)}")
    if missing := sorted(given.keys() - values.keys()):
        raise SymbackpropError(f"{', '.join(missing)} have no numbers: give values for {', '.join(given)}")


def _matrix(value: Value) -> Any:
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return sympy.Matrix(
        [[_exact(each) for each in row] if isinstance(row, Sequence) and not isinstance(row, str) else [_exact(row)]
         for row in rows]
    )  # fmt: skip


def _exact(value: Value) -> Any:
    try:
        read = Fraction(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise SymbackpropError(
            f"{value!r} is no number: write a whole one, or a text such as '1/2' or '0.25'"
        ) from None
    return sympy.Rational(read.numerator, read.denominator)


def _turned(value: Any, variable: Variable, network: ForwardNetwork) -> Any:
    """The value, a list of numbers as a row where the variable is one."""
    rows, columns = network.shape_of(variable)
    return value.T if rows == ONE != columns and value.shape[1] == 1 else value


def _sizes(network: ForwardNetwork, arrays: Mapping[Variable, Any]) -> dict[str, int]:
    """Numbers for the letters of sizes, from the shapes of what is given."""
    found: dict[str, int] = {}
    for variable, value in arrays.items():
        for size, entries in zip(network.shape_of(variable), value.shape, strict=True):
            for name in size.symbols if len(size.terms) == 1 and not size.constant else ():
                found.setdefault(name, entries if entries != 1 or name not in found else found[name])
    return {name: number for name, number in found.items() if name in network.sizes}


def _shaped(variable: Variable, value: Any, rows: int, columns: int) -> Any:
    """The value, in the shape of the variable."""
    if value.shape == (rows, columns):
        return sympy.ImmutableDenseMatrix(value)
    raise ShapeError(
        f"the value of {variable} is {value.shape[0]} × {value.shape[1]}, but {variable} is {rows} × {columns}: "
        "write a list of rows, or a list of numbers for a column"
    )


# --- as lines --------------------------------------------------------------------------------------------------------


def literal(value: Any) -> Expr:
    """A matrix of numbers as an expression; irrational ones are rounded."""
    rows, columns = value.shape
    cells = [[_number(value[i, k]) for k in range(columns)] for i in range(rows)]
    lines: list[Expr] = [row[0] if columns == 1 else Stacked(tuple(row), COLUMNS) for row in cells]
    return lines[0] if rows == 1 else Stacked(tuple(lines), ROWS)


def _number(value: Any) -> Expr:
    exact = sympy.nsimplify(value) if value.is_Rational else None
    if exact is not None:
        return number(Fraction(int(exact.p), int(exact.q)))
    return number(Fraction(str(sympy.N(value, DIGITS))))


def worked(network: ForwardNetwork, values: Mapping[str, Value]) -> Topic:
    """The two passes as a topic: a line for each equation and each gradient, with what it says in numbers.

    Args and errors are those of `Pass`.
    """
    found = Pass(network, values)
    forward = [_line(each.left, each.right, found.forward[each.left], found) for each in found.network.equations]
    backward: list[Part] = []
    for line in found.lines:
        assert isinstance(line.start, Partial)
        assert isinstance(line.start.wrt, Variable)
        backward.append(_line(line.start, line.result, found.gradients[line.start.wrt], found))
    # a derivation says what it assumes, so that numbers are said once
    told = any(isinstance(part, Derivation) for part in (*forward, *backward))
    given: list[Part] = [] if told else [Prose(("Given are",)), *(Shows(chain) for chain in found.given)]
    return Topic((*given, Prose(("Forward:",)), *forward, Prose(("Backward:",)), *backward), found.network)


def _line(left: Expr, right: Expr, value: Any, found: Pass) -> Part:
    """`left = right = numbers`; a step for each sign of equality, where the numbers are exact."""
    if not all(entry.is_Rational for entry in value):
        return Shows(Chain((left, right, literal(value)), ("=", "≈")))
    start = Derivation(left, found.network, known=found.network.bounds, given=found.given)
    rule = "forward equation" if isinstance(left, Variable) else "chain rule"
    made = start.by(multiplied_out(right, rule, ("As derived without numbers.",)), at=())
    return made.by(multiplied_out(literal(value), "numbers put in", ("Worked out.",)), at=())
