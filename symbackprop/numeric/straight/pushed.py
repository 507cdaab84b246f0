"""The source of a Jacobian–vector product of an MLP: each forward equation with its tangent after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from symbackprop.expr import Expr, Hidden, PreActivation, Variable
from symbackprop.network import MLP
from symbackprop.numeric.code import Code
from symbackprop.numeric.forward import layers
from symbackprop.numeric.straight.file import (
    definitions,
    indented,
    joined,
    names,
    once,
    unpacked,
    workspace,
)
from symbackprop.numeric.straight.mlp import EXAMPLES, Wanted, declare, functions_of, sizes_of, take_slopes_by_value
from symbackprop.numeric.straight.program import Program
from symbackprop.numeric.straight.storage import allocate
from symbackprop.numeric.straight.writer import Writer

CALL = '''\
def jvp({arguments}{keywords}):
    """{doc}
    """
    return once({arguments}{passed})
'''


class Pushed:
    """A pass forward through an MLP of given depth, with the tangent `d` of each value, in forward mode:

    dz_{l+1} = dW_l h_l + W_l dh_l (+ db_l)        dh_l = g′(z_l) ⊙ dz_l, and 0 for the bias unit
    """

    def __init__(self, network: MLP, precise: bool, spelled: Callable[[Expr], str] = str) -> None:
        self._network, self._last, self._spelled = network, network.depth.constant, spelled
        self._code = code = Code(network, straight=True, batch=True)
        forward = layers(code, network.output)
        take_slopes_by_value(code, network, forward, precise)
        tangents = {variable: self._tangent(variable) for variable, _, _ in forward}
        self._program = program = Program(functions_of(code, Wanted(precise=precise)))
        for d in ("", "d"):
            declare(program, network, sizes_of(network), d)
        for variable, right, text in forward:
            program.comment(f"{spelled(variable)} = {spelled(right)}")
            program.define(code.variable(variable), text)
            program.comment(f"its tangent: {self._said(variable)}")
            program.define(f"d{code.variable(variable)}", tangents[variable])
        program.outputs = [program.names["yhat"], program.names["dyhat"]]
        program.leave_out_unused()
        writer = Writer(program, allocate(program, {}), EXAMPLES)
        self._results = [f"np.array({writer.name(value)})" for value in program.outputs]
        self._arrays, self._lines = writer.body()

    def _tangent(self, variable: Variable) -> str:
        """The NumPy expression of the tangent of `z_{l+1}` or `h_l`; that of `h_l` is without the bias unit's 0."""
        code, network = self._code, self._network
        if isinstance(variable, Hidden):
            z = PreActivation(variable.index)
            name = network.activation.name
            slope = code.slope(name, z) or f"{code.function(name, 1)}({code.variable(z)})"
            return f"{slope} * d{code.variable(z)}"
        assert isinstance(variable, PreActivation)
        l = variable.index.constant - 1
        h = code.variable(Hidden(variable.index - 1))
        units = "[:, :-1]" if network.augmented and l else ""
        bias = f" + db{l}" if network.bias == "separate" else ""
        return f"dW{l} @ {h} + W{l}{units} @ d{h}{bias}"

    def _said(self, variable: Variable) -> str:
        if isinstance(variable, Hidden):
            return f"d{variable} = {self._network.activation.symbol}′(z_{variable.index}) ⊙ dz_{variable.index}"
        assert isinstance(variable, PreActivation)
        l = variable.index - 1
        return f"d{variable} = dW_{l} h_{l} + W_{l} dh_{l}{f' + db_{l}' if self._network.bias == 'separate' else ''}"

    def source(self, title: str, doc: Sequence[str], functions: Sequence[str]) -> str:
        """The file with `jvp(W, x, dW, dx)`, or `(W, b, x, dW, db, dx)` where biases stand apart."""
        families = ["W", *(["b"] if self._network.bias == "separate" else [])]
        arguments = ", ".join([*families, "x", *(f"d{family}" for family in families), "dx"])
        passed = "".join(f", {name}" for name in functions)
        call = CALL.format(
            arguments=arguments,
            keywords=f", *{passed}" if functions else "",
            passed="".join(f", {name}={name}" for name in functions),
            doc=indented(doc),
        )
        run = [
            *self._taken_apart(families),
            *self._lines,
            f"return {', '.join(self._results)}",
        ]
        space = workspace(self._last, self._arrays, f"{arguments}{passed}", run)
        return joined(title, [*definitions(self._code, self._lines), space, call, once(arguments, functions)])

    def _taken_apart(self, families: Iterable[str]) -> list[str]:
        return [
            line
            for family in families
            for line in (unpacked(family, self._last), f"{names(f'd{family}', self._last)} = d{family}")
        ]
