"""The source of all gradients of an MLP in one pass, from the lines that backpropagation derives."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from symbackprop.activations import scalar_function
from symbackprop.dims import ONE, Dim, dim, index
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Bias, Expr, Partial, PreActivation, Target, Variable, Weight
from symbackprop.network import MLP
from symbackprop.numeric.action import value as emitted
from symbackprop.numeric.code import BY_VALUE, Code, function_name
from symbackprop.numeric.forms import Form, form
from symbackprop.numeric.forward import layers, values_at_hand
from symbackprop.numeric.module import analytic
from symbackprop.numeric.straight.program import Program
from symbackprop.numeric.straight.sizes import spelled
from symbackprop.numeric.straight.storage import allocate
from symbackprop.numeric.straight.values import NEVER, STORED, Kind, Value
from symbackprop.numeric.straight.writer import INDENT, Writer
from symbackprop.tree import children

REDUCTIONS = ("sum", "mean")
Lines = Sequence[tuple[Expr, Expr]]
# a left side, its right side, and the NumPy expression of that
Written = Sequence[tuple[Expr, Expr, str]]
# how many examples there are
EXAMPLES = index("N")
# up to how many numbers in all hidden layers their slopes are worked out at once
AT_ONCE = 2**15


@dataclass(frozen=True)
class Wanted:
    """What a pass shall give.

    Attributes:
        reduction: "sum" or "mean" over the batch.
        factored: each gradient by a weight as its two factors.
        inputs: the gradient by the input as well.
        precise: slopes to full precision where units saturate.
        each: the loss of each example in place of their sum or mean.
        single: for one example alone, which is then quicker.
    """

    reduction: str = "sum"
    factored: bool = False
    inputs: bool = False
    precise: bool = False
    each: bool = False
    single: bool = False


class Pass:
    """One pass forward and backward through an MLP of given depth, as lines of Python.

    Attributes:
        arrays: the lines that make the workspace.
        lines: those of the pass.
        code: the names and functions that they use.
    """

    # how the function is called, and its last argument
    called, target = "gradients", "y"

    def __init__(self, network: MLP, lines: Lines, wanted: Wanted, spelled: Callable[[Expr], str] | None) -> None:
        self.network = network
        self.last = network.depth.constant
        self.wanted = wanted
        self._spelled = spelled
        self.code = Code(network, straight=True, batch=True)
        self._sizes = sizes_of(network)
        forward, loss, backward = self._texts(lines)
        self.program = Program(functions_of(self.code, wanted))
        self._arguments()
        for line in forward:
            self._define(*line)
        self.total = self._value(loss)
        self._chains: list[tuple[Value, list[Value]]] = []
        self._delivered: list[Value] = []
        for left, right, text in backward:
            self._backward(left, right, text)
        self.program.outputs = self._outputs()
        self.program.leave_out_unused()
        needed = set(self.program.values)
        self._chains = [(made, [value for value in chain if value in needed]) for made, chain in self._chains]
        stacks = self._stacks()
        self.storage = allocate(self.program, stacks)
        self._write(stacks)

    # --- what is computed --------------------------------------------------------------------------------------------

    def _texts(self, lines: Lines) -> tuple[Written, str, Written]:
        """The NumPy expressions of the forward equations, of the loss, and of the lines."""
        network, code = self.network, self.code
        forward = layers(code, network.output)
        take_slopes_by_value(code, network, forward, self.wanted.precise)
        loss = emitted(network.loss_of(network.output, Target()), code)
        needed = needed_lines(lines, network, self.wanted)
        return forward, loss, [(left, right, self._text(left, right)) for left, right in needed]

    def _value(self, loss: str) -> Value:
        """What is given with the gradients, by the NumPy expression of the loss of each example."""
        self.program.comment("the loss")
        if self.wanted.each:
            return self.program.define("losses", loss)
        return self.program.define("total", f"np.sum({loss}){self._share()}")

    def _text(self, left: Expr, right: Expr) -> str:
        if left == Partial(LOSS, self.network.output):
            text = "dloss(yhat, y)" if self.network.loss.is_generic else emitted(right, self.code)
            return f"({text}){self._share()}"
        text = emitted(right, self.code)
        assert isinstance(left, Partial)
        if isinstance(left.wrt, Bias) and form(right, self.network) is Form.COLUMN:
            return f"({text}).sum(axis=1, keepdims=True)"
        return text

    def _share(self) -> str:
        return " / count" if self.wanted.reduction == "mean" else ""

    def _arguments(self) -> None:
        declare(self.program, self.network, self._sizes)
        self.program.argument(self.target, (self._sizes[self.last + 1], EXAMPLES))

    def units(self, layer: int) -> Dim:
        """How many entries `h_l` has."""
        return units_of(self.network, self._sizes, layer)

    def _define(self, left: Expr, right: Expr, text: str) -> Value:
        if self._spelled:
            self.program.comment(f"{self._spelled(left)} = {self._spelled(right)}")
        name = emitted(left, self.code)
        return self.program.define(name, text)

    def _backward(self, left: Expr, right: Expr, text: str) -> None:
        """One line of the way back; the slopes that it takes by value come before it."""
        assert isinstance(left, Partial)
        program = self.program
        if isinstance(left.wrt, Weight) and self.wanted.factored:
            return
        if isinstance(left.wrt, PreActivation) and (slope := self._slope(left.wrt)):
            before = len(program.values)
            made = program.define(f"s{left.wrt.index}", slope)
            self._chains.append((made, program.values[before:]))
        value = self._define(left, right, text)
        if isinstance(left.wrt, Weight | Bias):
            family = "out" if isinstance(left.wrt, Weight) else "out_b"
            self._delivered.append(program.deliver(value, f"{family}{left.wrt.index}"))
        elif left.wrt == self.network.input:
            self._delivered.append(program.deliver(value, "dx"))

    def _slope(self, z: PreActivation) -> str | None:
        return self.code.slope(self.network.activation.name, z)

    def _outputs(self) -> list[Value]:
        """What the caller gets, and so is not overwritten."""
        outputs = [self.total, *self._delivered]
        if self.wanted.factored:
            names = self.program.names
            outputs += [names["dL_dyhat"], *(names[f"{v}{l}"] for l in range(1, self.last + 1) for v in ("dL_dz", "h"))]
        return outputs

    # --- where it is -------------------------------------------------------------------------------------------------

    def _stacks(self) -> dict[str, list[Value]]:
        """All hidden layers below one another, their slopes, and for factors the gradients by the pre-activations."""
        names = self.program.names
        hidden = [names[f"h{l}"] for l in range(1, self.last + 1)]
        stacks = {"hidden": hidden} if all(h.kind in STORED for h in hidden) else {}
        self.at_once = bool(stacks) and self._is_one_chain()
        if self.at_once:
            stacks["slopes"] = [made for made, _ in self._chains]
        if self.wanted.factored:
            upstream = [names[f"dL_dz{l}"] for l in range(1, self.last + 1)] + [names["dL_dyhat"]]
            if all(value.kind in STORED for value in upstream):
                stacks["upstream"] = upstream
        return stacks

    def _is_one_chain(self) -> bool:
        """Whether the slopes of a layer are a few operations, each on its units or on what the one before left."""
        if len(self._chains) != self.last:
            return False
        for made, chain in self._chains:
            own = [value for value in chain if value.kind is not Kind.VIEW]
            if not own or own[-1] is not made or any(value.kind is not Kind.UFUNC for value in own):
                return False
            if any(o in own and o is not before for before, value in pairwise(own) for o in value.values):
                return False
        return True

    def _write(self, stacks: dict[str, list[Value]]) -> None:
        # code that nobody reads needs no comments
        writer = Writer(self.program, self.storage, EXAMPLES, self.wanted.single, self._spelled is not None)
        if self.at_once:
            self._guard(writer)
        self.results = [self._result(writer, stacks)]
        arrays, self.lines = writer.body()
        self.arrays = [*self._stack_arrays(writer, stacks), *arrays]
        if self.wanted.inputs:
            self.lines.insert(0, "dx = np.empty(x.shape, kind)")
        if self.wanted.factored:
            self.results = [
                *(f"kept_{name} = {name}.copy()" for name in ("upstream", "hidden") if name in stacks),
                *self.results,
            ]

    def _result(self, writer: Writer, stacks: dict[str, list[Value]]) -> str:
        """The line that gives everything back."""
        grads = "out"
        if self.wanted.factored:
            grads = f"[{', '.join(self._factors(writer, stacks, l) for l in range(self.last + 1))}]"
            if self.network.bias == "separate":
                grads = f"({grads}, out)"
        # a number, or a copy of what the next pass overwrites
        value = "total" if self.total.shape == () else f"np.array({writer.name(self.total)})"
        return f"return {value}, {grads}{', dx' if self.wanted.inputs else ''}"

    def _factors(self, writer: Writer, stacks: dict[str, list[Value]], layer: int) -> str:
        """`(∂L/∂z_{l+1}, h_l)`, copies that the next pass does not overwrite."""
        names = self.program.names
        above = names["dL_dyhat" if layer == self.last else f"dL_dz{layer + 1}"]
        left = f"{writer.name(above)}.copy()"
        if "upstream" in stacks:
            left = f"kept_upstream[rows_z{layer + 1}]"
        if not layer:
            return f"({left}, x.copy())"
        right = f"{writer.name(names[f'h{layer}'])}.copy()"
        if "hidden" in stacks:
            right = f"kept_hidden[rows_h{layer}]"
        return f"({left}, {right})"

    def _stack_arrays(self, writer: Writer, stacks: dict[str, list[Value]]) -> list[str]:
        """Each value by the name that it has in the pass, where it may share its place with others."""
        lines: list[str] = []
        hidden = range(1, self.last + 1)
        if "hidden" in stacks:
            lines += _rows("h", [self.units(l) for l in hidden])
            lines.append(f"hidden = np.ones(({_end(self.last, 'h')}, N), kind)")
            lines += [f"{writer.name(value)} = hidden[rows_h{l}]" for l, value in enumerate(stacks["hidden"], 1)]
        if self.at_once and self.wanted.single:
            lines.append("slopes = np.empty(hidden.shape, kind)")
            lines += [f"s{l} = slopes[rows_h{l}]{'[:-1]' * self.network.augmented}" for l in hidden]
        elif self.at_once:
            lines.append(f"at_once = hidden.size <= {AT_ONCE}")
            lines.append(f"widest = max({', '.join(f'n{l}' for l in hidden)}, 0)")
            lines.append("slopes = np.empty((len(hidden) if at_once else widest, N), kind)")
            lines += [f"s{l} = slopes[at_once * rows_h{l}.start :][: {spelled(self._sizes[l])}]" for l in hidden]
        if "upstream" in stacks:
            lines += _rows("z", [self._sizes[l] for l in range(1, self.last + 2)])
            lines.append(f"upstream = np.empty(({_end(self.last + 1, 'z')}, N), kind)")
            lines += [f"{writer.name(value)} = upstream[rows_z{l}]" for l, value in enumerate(stacks["upstream"], 1)]
        return lines

    def _guard(self, writer: Writer) -> None:
        """The slopes of each layer when they are needed, unless those of all layers are worked out at once."""
        first = [value for value in self._chains[0][1] if value.kind is not Kind.VIEW]
        whole = [writer.operation(value, lambda o: "slopes" if o in first else "hidden") for value in first]
        condition = NEVER
        if not self.wanted.single:
            whole, condition = ["if at_once:", *(f"{INDENT}{line}" for line in whole)], "not at_once"
        for _, chain in self._chains:
            for value in chain:
                value.guard = condition
        first[0].before = ["# the slopes of all layers", *whole]


def _rows(name: str, sizes: Sequence[Dim]) -> list[str]:
    """The lines that say which rows of the array for all layers each layer has."""
    starts = ["0", *(_end(l, name) for l in range(1, len(sizes)))]
    return [
        f"rows_{name}{l} = slice({start}, {f'{start} + ' * (l > 1)}{spelled(size)})"
        for l, (start, size) in enumerate(zip(starts, sizes, strict=True), 1)
    ]


def _end(layer: int, name: str) -> str:
    return f"rows_{name}{layer}.stop"


def sizes_of(network: MLP) -> list[Dim]:
    """The numbers of units of a network of given depth, without bias units, as they are called in the code."""
    return [index(f"n{l}") for l in range(network.depth.constant + 2)]


def units_of(network: MLP, sizes: Sequence[Dim], layer: int) -> Dim:
    """How many entries `h_l` has, by the sizes without bias units; the input ends in its own."""
    return sizes[layer] + (network.augmented and layer > 0)


def declare(program: Program, network: MLP, sizes: Sequence[Dim], d: str = "") -> None:
    """Take weights, biases and input as arguments, or with `d` before their names what they change by."""
    layers_below = range(network.depth.constant + 1)
    for l in layers_below:
        program.argument(f"{d}W{l}", (sizes[l + 1], units_of(network, sizes, l)))
    if network.bias == "separate":
        for l in layers_below:
            program.argument(f"{d}b{l}", (sizes[l + 1], ONE))
    program.argument(f"{d}x", (sizes[0], EXAMPLES))


def take_slopes_by_value(
    code: Code, network: MLP, forward: Sequence[tuple[Variable, Expr, str]], precise: bool
) -> None:
    """Have the code write `g'(z)` by `h = g(z)`, where that is to be had and as precise as is wanted."""
    row = scalar_function(network.activation.name)
    if row.by_value or (row.quick and not precise):
        code.by_value = values_at_hand(code, [variable for variable, _, _ in forward])


def functions_of(code: Code, wanted: Wanted) -> dict[str, tuple[str, str] | None]:
    """The functions of one variable that a program meets, as `Program` takes them."""
    found: dict[str, tuple[str, str] | None] = {"dloss": None}
    for name, order in code.functions:
        row = scalar_function(name)
        if order == BY_VALUE:
            text = row.by_value if wanted.precise or not row.quick else row.quick
            found["slope"] = ("h", analytic(text))
        else:
            called = function_name(name, order, code.network)
            found[called] = None if row.is_generic else ("z", analytic(row.numpy(order)))
        # what a preamble defines is called
        found |= dict.fromkeys(re.findall(r"^def (\w+)\(", row.preamble, re.MULTILINE))
    return found


def _partials(e: Expr) -> list[Expr]:
    """The derivatives that are read in an expression."""
    found: list[Expr] = []
    waiting: list[Expr] = [e]
    while waiting:
        current = waiting.pop()
        if isinstance(current, Partial):
            found.append(current)
        else:
            waiting += children(current)
    return found


def needed_lines(lines: Lines, network: MLP, wanted: Wanted) -> Lines:
    """The lines that what is wanted needs, in their order, `∂L/∂ŷ` first.

    Raises:
        SymbackpropError: if one is missing.
    """
    layers_below = range(network.depth.constant + 1)
    asked: list[Variable] = [Weight(dim(l)) for l in layers_below]
    if network.bias == "separate":
        asked += [Bias(dim(l)) for l in layers_below]
    if wanted.inputs:
        asked.append(network.input)
    upstream = Partial(LOSS, network.output)
    by_left = dict(lines)
    by_left.setdefault(upstream, upstream)
    needed: set[Expr] = set()
    waiting: list[Expr] = [Partial(LOSS, variable) for variable in asked]
    while waiting:
        current = waiting.pop()
        if current in needed:
            continue
        needed.add(current)
        if current not in by_left:
            raise SymbackpropError(f"the lines of backpropagation do not say what {current} is")
        waiting += _partials(by_left[current])
    found = [(left, right) for left, right in by_left.items() if left in needed]
    return sorted(found, key=lambda line: line[0] != upstream)
