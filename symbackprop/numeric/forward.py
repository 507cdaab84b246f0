"""The forward pass as code: the network's own equations, as loops over the families or layer by layer."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from symbackprop.dims import Dim, dim, index
from symbackprop.equations import Equation
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Expr, Hidden, PreActivation, Variable
from symbackprop.network import MLP
from symbackprop.numeric.action import value
from symbackprop.numeric.code import Code
from symbackprop.numeric.source import code_range
from symbackprop.substitution import substitute
from symbackprop.tree import parts, subterms


def write_loops(code: Code, taken: Collection[str] = ()) -> None:
    """`z` and `h` of every layer, each family a dict, in one loop; the layers before all families begin come first.

    `taken` are the names of indices that the formula needs, which the loop must not.

    Raises:
        SymbackpropError: if the families cannot be computed in one loop.
    """
    families = [e for e in code.network.equations if e.index is not None]
    stop = families[0].upper + 1
    if any(e.upper + 1 != stop or not e.lower.is_constant for e in families):
        raise SymbackpropError(
            "the forward equations do not end at one layer: give the network a depth and its gradients"
        )
    start = max(e.lower.constant for e in families)
    code.line("z, h = {}, {0: x}")
    for first in range(min(e.lower.constant for e in families), start):
        for equation in _ordered([e for e in families if e.lower.constant <= first]):
            _assign(equation, dim(first), code)
    layer = next(letter for letter in "lkmi" if letter not in taken)
    with code.block(f"for {layer} in range({code_range(dim(start), stop, code)}):"):
        for equation in _ordered(families):
            _assign(equation, index(layer), code)
    code.line(f"yhat = z[{code.dim(code.network.depth + 1)}]")


def _assign(equation: Equation, layer: Dim, code: Code) -> None:
    at = {str(equation.index): layer}
    left = substitute(equation.left, at)
    assert isinstance(left, Variable) and left.index is not None
    code.line(f"{left.name}[{code.dim(left.index)}] = {value(substitute(equation.right, at), code)}")


def _ordered(families: list[Equation]) -> list[Equation]:
    """Equations of one layer, each after those it reads from."""
    done: list[Equation] = []
    while len(done) < len(families):
        ready = [e for e in families if e not in done and not _reads(e, [o for o in families if o not in done])]
        if not ready:
            raise SymbackpropError("the forward equations of a layer read from each other in a circle")
        done += ready
    return done


def _reads(equation: Equation, others: list[Equation]) -> bool:
    """Whether it reads what one of the others computes in the same turn of the loop."""
    lefts = {substitute(o.left, {str(o.index): index("l")}) for o in others if o is not equation}
    right = substitute(equation.right, {str(equation.index): index("l")})
    return any(inner in lefts for _, inner in subterms(right))


def layers(code: Code, wanted: Expr) -> list[tuple[Variable, Expr, str]]:
    """Every variable that an expression needs, in the order of computation: its equation and its NumPy source."""
    written: dict[Variable, tuple[Expr, str]] = {}

    def need(e: Expr) -> None:
        for inner in parts(e):
            if not isinstance(inner, Variable) or inner in written or inner == LOSS:
                continue
            equation = code.network.definition(inner, {})
            if equation is not None:
                need(equation.right)
                written[inner] = equation.right, value(equation.right, code)

    need(wanted)
    return [(variable, right, text) for variable, (right, text) in written.items()]


def values_at_hand(code: Code, written: Iterable[Variable]) -> frozenset[Expr]:
    """The pre-activations `z_l` of which the code also has `h_l = ψ(z_l)`."""
    found: set[Expr] = set()
    for variable in written:
        if isinstance(variable, Hidden):
            equation = code.network.definition(variable, {})
            z = PreActivation(variable.index)
            assert isinstance(code.network, MLP)
            if equation is not None and equation.right == code.network.layer_map(z):
                found.add(z)
    return frozenset(found)
