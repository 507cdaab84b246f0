"""From NumPy expressions to a straight-line program: one operation a value, equal operations once."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from symbackprop.dims import ONE
from symbackprop.numeric.code import parsed
from symbackprop.numeric.straight.chains import best_order
from symbackprop.numeric.straight.sizes import spelled
from symbackprop.numeric.straight.values import STORED, Kind, Shape, Value, broadcast, viewed

BINARY = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
}
POWERS = {"2": "square", "0.5": "sqrt"}
REDUCTIONS = {"sum": "add", "max": "maximum", "min": "minimum"}
# functions of one column each, which the generated file defines
COLUMNWISE = {"softmax": False, "logsumexp": True}
# functions of NumPy that work entry by entry and are no ufuncs
ENTRYWISE = frozenset({"where", "clip"})
# what the forward pass appends to the units of a layer
WITH_UNIT = "with_bias_unit"


class Program:
    """Values in the order in which they are computed.

    Args:
        functions: the functions of one variable, by name: `(variable, NumPy expression)`; None for one that is called
            and gives an array of the shape of its first argument.
    """

    def __init__(self, functions: Mapping[str, tuple[str, str] | None]) -> None:
        self.values: list[Value] = []
        self.names: dict[str, Value] = {}
        self.outputs: list[Value] = []
        self._functions = functions
        self._known: dict[object, Value] = {}
        self._comments: list[str] = []
        self._taken: set[str] = set()
        self._unnamed = 0

    # --- what is put in ----------------------------------------------------------------------------------------------

    def argument(self, name: str, shape: Shape) -> Value:
        """An array, or a number (of shape `()`), that the caller gives."""
        self.names[name] = value = self._add(Value(name, Kind.ARGUMENT, shape))
        return value

    def comment(self, text: str) -> None:
        """What stands before the operations that come next."""
        self._comments.append(text)

    def define(self, name: str, text: str) -> Value:
        """A value by its NumPy expression, under a name that later expressions may use."""
        value = self._lower(text, name)
        self.names[name] = value
        return value

    def _lower(self, text: str, name: str = "") -> Value:
        """The value of a NumPy expression in the names that are defined."""
        found = self._lowered(parsed(text), {}, name)
        if isinstance(found, str):
            return self.plain(found, (), (), name)
        return found

    def expression(self, text: str, local: Mapping[str, Value | str]) -> Value | str:
        """The value of a NumPy expression in names that stand for values, or for numbers."""
        return self._lowered(parsed(text), local)

    def into(self, text: str, operands: tuple[Value | str, ...], shape: Shape) -> Value:
        """What a call of NumPy puts in an array, which stands in it as `{out}`."""
        return self._value(Kind.REDUCED, text, operands, shape, "")

    def constant(self, text: str, shape: Shape) -> Value:
        """An array that is the same in every pass."""
        return self._value(Kind.CONSTANT, text, (), shape, "")

    def call(self, value: Value, name: str) -> None:
        """Give a value that has no name in the formulas one."""
        if not value.is_named and value.kind is not Kind.VIEW:
            value.name, value.is_named = self._fresh(name), True

    def is_taken(self, name: str) -> bool:
        """Whether a value is called so."""
        return name in self._taken

    def keep_free(self, names: Iterable[str]) -> None:
        """Names that no value shall have."""
        self._taken |= set(names)

    def deliver(self, value: Value, target: str) -> Value:
        """The value in an array of the caller: worked out there, or copied to it."""
        # a row of ones is there from the beginning, in an array of the workspace only
        if value.kind in STORED and value.kind is not Kind.WITH_UNIT and not value.external:
            value.external = target
            return value
        return self._add(Value("", Kind.COPIED, value.shape, "{}", (value,), target))

    def leave_out_unused(self) -> None:
        """Drop what no output needs; what was said of it is said of what comes next."""
        needed: set[Value] = set()
        waiting = list(self.outputs)
        while waiting:
            value = waiting.pop()
            if value not in needed:
                needed.add(value)
                waiting += value.values
        comments: list[str] = []
        for value in self.values:
            if value in needed and value.kind not in (Kind.VIEW, Kind.ARGUMENT):
                value.comments = [*comments, *value.comments]
                comments = []
            else:
                comments += value.comments
                value.comments = []
        self.values = [value for value in self.values if value in needed or value.kind is Kind.ARGUMENT]

    def operands(self, value: Value) -> set[Value]:
        """What it is computed from in the end, views left out."""
        return {operand.root for operand in value.values}

    # --- one kind of node each ---------------------------------------------------------------------------------------

    def _lowered(self, node: ast.expr, local: Mapping[str, Value | str], name: str = "") -> Value | str:
        match node:
            case ast.Constant():
                return ast.unparse(node)
            case ast.Name(id):
                return local[id] if id in local else self.names.get(id, id)
            case ast.UnaryOp(ast.USub(), inner):
                operand = self._lowered(inner, local)
                return f"-{operand}" if isinstance(operand, str) else self.ufunc("negative", (operand,), name)
            case ast.BinOp(_, ast.MatMult(), _):
                return self._chain([self._array(part, local) for part in _factors(node)], name)
            case ast.BinOp(left, op, right):
                return self._binary(BINARY[type(op)], self._lowered(left, local), self._lowered(right, local), name)
            case ast.Attribute(inner, "T"):
                return self.view(self._array(inner, local), ".T")
            case ast.Subscript(inner, index) if _is_slice(index):
                # as it stands between the brackets, where a tuple has none of its own
                parts = index.elts if isinstance(index, ast.Tuple) else [index]
                return self.view(self._array(inner, local), f"[{', '.join(map(ast.unparse, parts))}]")
            case ast.Call(called, arguments, keywords):
                return self._call(called, arguments, keywords, local, name, node)
        return self._expression(node, local, name)

    def _array(self, node: ast.expr, local: Mapping[str, Value | str]) -> Value:
        found = self._lowered(node, local)
        return self.plain(found, (), ()) if isinstance(found, str) else found

    def _binary(self, op: str, left: Value | str, right: Value | str, name: str) -> Value | str:
        if isinstance(left, str) and isinstance(right, str):
            sign = next(s for s, of in zip("+-*/^", BINARY.values(), strict=True) if of == op)
            return f"({left} {'**' if sign == '^' else sign} {right})"
        if op == "power" and isinstance(left, Value) and right in POWERS:
            return self.ufunc(POWERS[right], (left,), name)
        if op == "multiply":
            for one, other in ((left, right), (right, left)):
                if isinstance(one, Value) and one.text == "np.ones_like({})" and isinstance(other, Value):
                    return other
        return self.ufunc(op, (left, right), name)

    def _chain(self, factors: Sequence[Value], name: str) -> Value:
        """A product of matrices, in the order that costs least."""
        shapes = [f.shape for f in factors]
        if len(factors) == 2 or any(shape is None or len(shape) != 2 for shape in shapes):
            order: object = _from_left(len(factors))
        else:
            order = best_order([*(shape[0] for shape in shapes if shape), (shapes[-1] or ())[1]])

        def multiplied(part: object, last: str) -> Value:
            if isinstance(part, int):
                return factors[part]
            assert isinstance(part, tuple)
            return self.dot(multiplied(part[0], ""), multiplied(part[1], ""), last)

        return multiplied(order, name)

    def _call(
        self,
        called: ast.expr,
        arguments: Sequence[ast.expr],
        keywords: Sequence[ast.keyword],
        local: Mapping[str, Value | str],
        name: str,
        node: ast.Call,
    ) -> Value | str:
        match called:
            case ast.Name(id) if id == WITH_UNIT:
                return self.with_unit(self._array(arguments[0], local), name)
            case ast.Name("len"):
                operand = self._array(arguments[0], local)
                if operand.shape:
                    return f"({spelled(operand.shape[0])})"
            case ast.Name(id) if id in COLUMNWISE:
                operand = self._array(arguments[0], local)
                shape = operand.shape and operand.shape[COLUMNWISE[id] :]
                return self.copied(f"{id}({{}})", (operand,), shape, name)
            case ast.Name(id) if id in self._functions:
                operand, *more = (self._array(argument, local) for argument in arguments)
                known = self._functions[id]
                if known is None:
                    holes = ", ".join("{}" for _ in arguments)
                    return self.copied(f"{id}({holes})", (operand, *more), operand.shape, name)
                variable, text = known
                return self._lowered(parsed(text), {variable: operand}, name)
            case ast.Attribute(ast.Name("np"), "sum"):
                return self.reduced("sum", self._array(arguments[0], local), *_axis(keywords), name)
            case ast.Attribute(ast.Name("np"), "outer"):
                left, right = (self._array(a, local) for a in arguments)
                if any(not value.shape for value in (left, right)):
                    return self.plain("np.outer({}, {})", (left, right), None, name)
                return self.dot(self.view(left, "[:, None]"), self.view(right, "[None]"), name)
            case ast.Attribute(ast.Name("np"), "ones_like"):
                operand = self._array(arguments[0], local)
                return self.plain("np.ones_like({})", (operand,), operand.shape, name)
            case ast.Attribute(ast.Name("np"), function) if _is_ufunc(function) and not keywords:
                return self.ufunc(function, tuple(self._lowered(a, local) for a in arguments), name)
            case ast.Attribute(ast.Name("np"), function) if function in ENTRYWISE:
                return self._entrywise(node, local, name)
            case ast.Attribute(inner, function) if function in REDUCTIONS and not _is_numpy(inner):
                return self.reduced(function, self._array(inner, local), *_axis(keywords), name)
        return self._expression(node, local, name)

    # --- operations --------------------------------------------------------------------------------------------------

    def dot(self, left: Value, right: Value, name: str = "") -> Value:
        """The product of two matrices, or of a matrix and a vector."""
        one, two = left.shape, right.shape
        if one is None or two is None or not one or not two:
            return self.plain("{} @ {}", (left, right), None, name)
        shape = (*one[:-1], *two[:-2], *two[-1:]) if len(two) > 1 else one[:-1]
        if not shape:
            return self.plain("{}.dot({})", (left, right), (), name)
        return self._value(Kind.DOT, "dot", (left, right), shape, name)

    def ufunc(self, function: str, operands: tuple[Value | str, ...], name: str = "") -> Value:
        """A function of NumPy, entry by entry."""
        shape = broadcast([o.shape if isinstance(o, Value) else () for o in operands])
        if not shape:
            # a number, or of a shape that only the arrays will show
            return self.plain(f"np.{function}({', '.join('{}' for _ in operands)})", operands, shape, name)
        return self._value(Kind.UFUNC, function, operands, shape, name)

    def view(self, value: Value, suffix: str, shape: Shape = None) -> Value:
        """`.T`, or a slice; its shape is given where the suffix does not say it."""
        if value.kind is Kind.VIEW and value.text == suffix == ".T":
            return value.values[0]
        if value.shape is None:
            return self.plain("{}" + suffix, (value,), None)
        if suffix == ".T" and len(value.shape) < 2:
            return value
        return self._value(Kind.VIEW, suffix, (value,), shape or viewed(value.shape, suffix), "")

    def with_unit(self, value: Value, name: str = "") -> Value:
        """The value with a row of ones below it."""
        if value.shape is None:
            return self.plain(f"{WITH_UNIT}({{}})", (value,), None, name)
        return self._value(Kind.WITH_UNIT, WITH_UNIT, (value,), (value.shape[0] + 1, *value.shape[1:]), name)

    def reduced(
        self, function: str, value: Value, axis: int | None = None, keeps: bool = False, name: str = ""
    ) -> Value:
        """The "sum", "max" or "min" along an axis, or of all entries."""
        if value.shape is None or axis is None:
            return self._total(function, value, name)
        shape = tuple(ONE if i == axis else n for i, n in enumerate(value.shape) if keeps or i != axis)
        if not shape:
            return self._total(function, value, name)
        text = f"np.{REDUCTIONS[function]}.reduce({{}}, {axis}, None, {{out}}, {keeps})"
        return self._value(Kind.REDUCED, text, (value,), shape, name)

    def _total(self, function: str, value: Value, name: str) -> Value:
        """The sum of all entries; a sum of squares is the product of a vector with itself."""
        if function == "sum" and value.kind is Kind.REDUCED and value.text.startswith("np.add."):
            return self._total("sum", value.values[0], name)
        if function == "sum" and value.text == "square" and value.kind is Kind.UFUNC:
            operand = value.values[0]
            if operand.kind in (Kind.DOT, Kind.UFUNC) and operand.shape:
                flat = self._value(Kind.VIEW, ".reshape(-1)", (operand,), None, "")
                return self.plain("{}.dot({})", (flat, flat), (), name)
        return self.plain(f"{{}}.{function}()", (value,), (), name)

    def _entrywise(self, node: ast.Call, local: Mapping[str, Value | str], name: str) -> Value:
        """A call that NumPy has no `out` for, of the shape of its arguments."""
        operands = tuple(self._lowered(a, local) for a in node.args)
        shape = broadcast([o.shape if isinstance(o, Value) else () for o in operands])
        text = f"{ast.unparse(node.func)}({', '.join('{}' for _ in operands)})"
        return self.copied(text, operands, shape, name)

    def copied(self, text: str, operands: tuple[Value | str, ...], shape: Shape, name: str = "") -> Value:
        """Whatever an expression gives, with `{}` for each operand, in an array of the workspace where it is one."""
        return self._value(Kind.COPIED if shape else Kind.PLAIN, text, operands, shape, name)

    def _expression(self, node: ast.expr, local: Mapping[str, Value | str], name: str) -> Value:
        """An expression of which only its names are looked at."""
        operands: list[Value | str] = []

        class Holes(ast.NodeTransformer):
            def visit_Name(self, inner: ast.Name) -> ast.Name:
                found = local[inner.id] if inner.id in local else names.get(inner.id)
                if found is None:
                    return inner
                operands.append(found)
                return ast.Name(f"HOLE_{len(operands) - 1}_")

        names = self.names
        shape: Shape = None
        if isinstance(node, ast.Compare):
            parts = [self._lowered(part, local) for part in (node.left, *node.comparators)]
            shape = broadcast([p.shape if isinstance(p, Value) else () for p in parts])
        text = ast.unparse(Holes().visit(ast.parse(ast.unparse(node), mode="eval").body))
        text = text.replace("{", "{{").replace("}", "}}")
        for i in range(len(operands)):
            text = text.replace(f"HOLE_{i}_", f"{{{i}}}")
        return self.plain(text, tuple(operands), shape, name)

    def plain(self, text: str, operands: tuple[Value | str, ...], shape: Shape, name: str = "") -> Value:
        """The same, kept as it is."""
        return self._value(Kind.PLAIN, text, operands, shape, name)

    def _value(self, kind: Kind, text: str, operands: tuple[Value | str, ...], shape: Shape, name: str) -> Value:
        # a number is broadcast to several shapes
        key = (kind, text, operands, shape)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._add(Value(name, kind, shape, text, operands))
        elif name and found.kind is not Kind.ARGUMENT:
            self._flush(found)
        return found

    def _add(self, value: Value) -> Value:
        if value.kind is not Kind.VIEW:
            value.is_named = bool(value.name)
            value.name = self._fresh(value.name)
        self._flush(value)
        self.values.append(value)
        return value

    def _flush(self, value: Value) -> None:
        value.comments += self._comments
        self._comments = []

    def _fresh(self, name: str) -> str:
        wanted = name
        while not wanted or wanted in self._taken:
            self._unnamed += not name
            wanted = f"{wanted}_" if name else f"t{self._unnamed}"
        self._taken.add(wanted)
        return wanted


def _factors(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.BinOp(left, ast.MatMult(), right):
            return [*_factors(left), *_factors(right)]
    return [node]


def _from_left(count: int) -> object:
    order: object = 0
    for i in range(1, count):
        order = (order, i)
    return order


def _axis(keywords: Sequence[ast.keyword]) -> tuple[int | None, bool]:
    """What a call says of `axis` and `keepdims`."""
    options = {keyword.arg: ast.literal_eval(keyword.value) for keyword in keywords}
    return options.get("axis"), options.get("keepdims", False)


def _is_ufunc(function: str) -> bool:
    return isinstance(getattr(np, function, None), np.ufunc)


def _is_numpy(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "np"


def _is_slice(index: ast.expr) -> bool:
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    return all(isinstance(part, ast.Slice) or (isinstance(part, ast.Constant) and part.value is None) for part in parts)
