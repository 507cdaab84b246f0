"""From expression trees to a straight-line program: every part once, its shape known from the formula.

Arrays: scalars are numbers, rows and columns one-dimensional, matrices two-dimensional. A value may be smaller than
what it stands for where NumPy broadcasts it: `1 bᵀ` is `b[None]`, and `1` the number 1. `Trees.whole` is never smaller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import singledispatch

from symbackprop import expr
from symbackprop.activations import scalar_function
from symbackprop.dims import ONE, Dim, Units, Width, index
from symbackprop.equations import Network
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr, Named, Partial, Variable
from symbackprop.numeric.action import value as emitted
from symbackprop.numeric.code import PREFIXES, Code, index_name
from symbackprop.numeric.module import analytic
from symbackprop.numeric.straight.program import Program
from symbackprop.numeric.straight.sizes import spelled, tuple_of
from symbackprop.numeric.straight.values import Shape, Value
from symbackprop.shapes import Shape as Extent
from symbackprop.shapes import shape
from symbackprop.substitution import bound_index, free_symbols
from symbackprop.tree import children, rebuild

Operand = Value | str
Array = tuple[Dim, ...]

CONSTANT_SLOPE = re.compile(r"np\.full_like\(z, (.*), dtype=float\)")
# what gives float64 even where its argument is none
DOUBLE = re.compile(r"np\.where|np\.greater|normal_cdf|error_function")


class Placed(Network):
    """The shapes of the variables of a network, all sizes as letters that Python can have.

    Args:
        known: rows and columns by variable, for those beside the network's own.
    """

    def __init__(self, network: Network, known: Mapping[Variable, Extent] | None = None) -> None:
        self.equations = ()
        self._of = network
        self._known = dict(known or {})

    def declare(self, variable: Variable, extent: Extent) -> None:
        """One variable more."""
        self._known[variable] = extent

    def shape_of(self, variable: Variable) -> Extent:
        rows, columns = self._known.get(variable) or self._of.shape_of(variable)
        return self.normal(rows), self.normal(columns)

    def size(self, atom: Width | Units) -> Dim:
        found = index(f"n_{atom.layer}")
        return found - 1 if isinstance(atom, Units) else found


class Trees:
    """The values of formulas in a program.

    Args:
        program: what they are added to.
        network: the shapes.

    Attributes:
        known: values by formula, those of variables and of gradients among them.
        functions: names of generic functions that are called; definitions: functions that the file needs.
    """

    def __init__(self, program: Program, network: Placed) -> None:
        self.program = program
        self.network = network
        self.known: dict[Expr, Operand] = {}
        self.functions: set[str] = set()
        self.definitions: list[str] = []
        self.code = Code(network, straight=True)

    def array(self, e: Expr) -> Array:
        """The shape of its array."""
        return extent_of(shape(e, self.network))

    def value(self, e: Expr) -> Operand:
        """Its value, or one that is broadcast to it."""
        found = self.known.get(e)
        if found is None:
            found = lowered(e, self)
            if isinstance(found, Value) and found.shape is None:
                found.shape = self.array(e)
            self.known[e] = found
        return found

    def whole(self, e: Expr) -> Value:
        """Its value, of its own shape."""
        return self.full(self.value(e), self.array(e))

    def full(self, found: Operand, wanted: Array) -> Value:
        """A value broadcast to a shape."""
        if isinstance(found, Value) and found.shape == wanted:
            return found
        if isinstance(found, Value):
            return self.program.copied("{}", (found,), wanted)
        if not wanted:
            return self.program.plain(f"kind.type({found})", (), ())
        return self.program.constant(f"np.full({tuple_of(wanted)}, {found}, kind)", wanted)

    def stand_in(self, value: Value, extent: Extent) -> Named:
        """A name for a value, to be put in a formula."""
        made = Named(f"stands for {value.name}")
        self.network.declare(made, extent)
        self.known[made] = value
        return made

    def size(self, size: Dim) -> str:
        """A size, or an index, as Python."""
        return spelled(self.network.normal(size))

    # --- operations --------------------------------------------------------------------------------------------------

    def ufunc(self, function: str, *operands: Operand) -> Value:
        """A function of NumPy, entry by entry."""
        return self.program.ufunc(function, operands)

    def add(self, left: Operand, right: Operand, minus: bool = False) -> Operand:
        """A sum or a difference."""
        if isinstance(left, str) and isinstance(right, str):
            return f"({left} {'-' if minus else '+'} {right})"
        return self.ufunc("subtract" if minus else "add", left, right)

    def times(self, left: Operand, right: Operand) -> Operand:
        """A product entry by entry."""
        if isinstance(left, str) and isinstance(right, str):
            return right if left == "1.0" else left if right == "1.0" else f"({left} * {right})"
        for one, other in ((left, right), (right, left)):
            if one == "1.0":
                return other
        return self.ufunc("multiply", left, right)

    def over(self, left: Operand, right: Operand) -> Operand:
        """A quotient entry by entry."""
        if isinstance(left, str) and isinstance(right, str):
            return f"({left} / {right})"
        return self.ufunc("divide", left, right)

    def power(self, base: Operand, exponent: Expr) -> Operand:
        """A power entry by entry, with a number as exponent."""
        assert isinstance(exponent, expr.Number)
        text = self.value(exponent)
        assert isinstance(text, str)
        if isinstance(base, str):
            return f"({base} ** {text})"
        roots = {"2.0": "square", "0.5": "sqrt"}
        if text in roots:
            return self.ufunc(roots[text], base)
        if text == "-0.5":
            return self.over("1.0", self.ufunc("sqrt", base))
        return self.over("1.0", base) if text == "-1.0" else self.ufunc("power", base, text)

    def total(self, of: Value) -> Value:
        """The sum of all entries; of a product of vectors, their product."""
        if of.shape == ():
            return of
        if of.text == "multiply" and len(of.values) == 2:
            left, right = of.values
            if left.shape == right.shape and len(left.shape or ()) == 1:
                return self.program.dot(left, right)
        return self.program.reduced("sum", of)

    def function(self, name: str, operand: Operand, order: int, at: Expr) -> Operand:
        """A function of one variable, entry by entry.

        Args:
            at: the formula of the operand; where the function of it is known, its slope may cost less.
        """
        row = scalar_function(name)
        if row.is_generic:
            called = PREFIXES[order] + re.sub(r"\W+", "_", name).rstrip("_")
            self.functions.add(called)
            return self.program.copied(f"{called}({{}})", (operand,), self._shape(operand))
        self._define(row.preamble)
        there = self.known.get(expr.Elementwise(name, at))
        by_value = row.quick or row.by_value
        if order == 1 and by_value and isinstance(there, Value):
            return self._typed(by_value, {"h": there})
        text = analytic(row.numpy(order))
        constant = CONSTANT_SLOPE.fullmatch(text)
        if constant:
            return constant[1]
        if isinstance(operand, str):
            operand = self.full(operand, ())
        return self._typed(text, {"z": operand})

    def _typed(self, text: str, local: Mapping[str, Operand]) -> Operand:
        (operand,) = local.values()
        found = self.program.expression(text, local)
        if isinstance(found, Value) and found.shape is None:
            found.shape = self._shape(operand)
        if isinstance(found, Value) and found.shape == () and DOUBLE.search(text):
            return self.program.plain("kind.type({})", (found,), ())
        return found

    def _shape(self, operand: Operand) -> Shape:
        return operand.shape if isinstance(operand, Value) else ()

    def _define(self, text: str) -> None:
        if text and text not in self.definitions:
            self.definitions.append(text)

    # --- parts of arrays ---------------------------------------------------------------------------------------------

    def column(self, found: Operand) -> Operand:
        """A vector as a column of a matrix; what is broadcast to a vector is broadcast to it."""
        return self.program.view(found, "[:, None]") if isinstance(found, Value) and found.shape else found

    def row(self, found: Operand) -> Operand:
        """A vector as a row of a matrix."""
        return self.program.view(found, "[None]") if isinstance(found, Value) and found.shape else found

    def part(self, of: Expr, rows: tuple[Dim, Dim] | None, columns: tuple[Dim, Dim] | None, wanted: Array) -> Operand:
        """The rows and columns from the first to the last; all of them where none are given."""
        found = self.whole(of)
        ends = [end for size, end in zip(shape(of, self.network), (rows, columns), strict=True) if size != ONE]
        if not ends:
            return found
        texts = [":" if end is None else self._between(*end) for end in ends]
        while texts and texts[-1] == ":":
            texts.pop()
        if not texts:
            return found
        suffix = f"[{', '.join(texts)}]"
        return self.program.view(found, suffix, wanted) if wanted else self.program.plain("{}" + suffix, (found,), ())

    def _between(self, first: Dim, last: Dim) -> str:
        if self.network.normal(first) == self.network.normal(last):
            return self.size(first - 1)
        return f"{'' if first == ONE else self.size(first - 1)}:{self.size(last)}"

    # --- what NumPy source says --------------------------------------------------------------------------------------

    def as_source(self, e: Expr) -> Operand:
        """By its NumPy source, of its parts; one with statements is a function of them."""
        named: dict[Variable, Expr] = {}

        def put(part: Expr) -> Variable:
            made = next((name for name, of in named.items() if of == part), Named(f"part{len(named)}"))
            named[made] = part
            return made

        inside = _with_parts(e, put)
        known = {name: shape(part, self.network) for name, part in named.items()}
        code = Code(Placed(self.network, known), straight=True)
        text = emitted(inside, code)
        local: dict[str, Operand] = {str(name): self.whole(part) for name, part in named.items()}
        self.code.helpers |= code.helpers
        self.code.functions |= code.functions
        wanted = self.array(e)
        if code.lines:
            return self._as_function(code, text, local, sorted(free_symbols(inside)), wanted)
        found = self.program.expression(text, local)
        if isinstance(found, Value) and found.shape is not None and found.shape != wanted:
            return self.program.plain(f"np.reshape({{}}, {tuple_of(wanted)})", (found,), wanted)
        return found

    def _as_function(
        self, code: Code, text: str, local: Mapping[str, Operand], letters: Sequence[str], wanted: Array
    ) -> Value:
        name = f"in_steps_{len(self.definitions) + 1}"
        arguments = ", ".join([*local, *map(index_name, letters)])
        self._define("\n".join([f"def {name}({arguments}):", *code.lines, f"    return {text}"]))
        holes = ", ".join([*("{}" for _ in local), *letters])
        return self.program.copied(f"{name}({holes})", tuple(local.values()), wanted)


def extent_of(extent: Extent) -> Array:
    """The shape of the array for rows × columns."""
    rows, columns = extent
    if rows == ONE or columns == ONE:
        return tuple(size for size in extent if size != ONE)
    return rows, columns


def _with_parts(e: Expr, put: Callable[[Expr], Expr]) -> Expr:
    """The expression with its operands replaced, or where it binds an index the variables in it."""
    if bound_index(e) is None:
        return rebuild(e, tuple(put(child) for child in children(e)))

    def inside(part: Expr) -> Expr:
        if isinstance(part, Variable | Partial):
            return put(part)
        return rebuild(part, tuple(inside(child) for child in children(part))) if children(part) else part

    return inside(e)


@singledispatch
def lowered(e: Expr, trees: Trees) -> Operand:
    """The value of a formula, or one that is broadcast to it."""
    return trees.as_source(e)


@lowered.register(Variable)
def _(e: Variable, trees: Trees) -> Operand:
    raise SymbackpropError(f"the equations do not say what {e} is")


@lowered.register
def _(e: Partial, trees: Trees) -> Operand:
    if e.numerator:
        return trees.value(expr.Transpose(Partial(e.of, e.wrt)))
    raise SymbackpropError(f"no line says what {e} is: ask for gradients that the loss depends on")


@lowered.register
def _(e: expr.Function, trees: Trees) -> Operand:
    raise SymbackpropError(f"nothing is known of {e} but its name: write the loss as a formula, as L = \\|u - y\\|^2")
