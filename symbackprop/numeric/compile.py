"""`lambdify`: the last line of a derivation as a NumPy function, whose source a person can read."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any

from symbackprop.activations import scalar_function
from symbackprop.derivation import Derivation
from symbackprop.dims import ONE, Bounds, Dim, index
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Column, ColumnAt, Entry, Expr, Partial, Row
from symbackprop.network import MLP
from symbackprop.numeric.action import value
from symbackprop.numeric.arguments import (
    check_bias_unit,
    check_indices,
    check_network,
    check_scheme,
    check_upstream,
    check_vectors,
)
from symbackprop.numeric.code import Code, function_name, index_name
from symbackprop.numeric.forms import Form, form
from symbackprop.numeric.forward import write_loops
from symbackprop.numeric.gradients import Gradients
from symbackprop.numeric.module import module, run
from symbackprop.numeric.partials import upstream_gradient, written_out
from symbackprop.shapes import shape
from symbackprop.substitution import free_symbols
from symbackprop.topic import Topic
from symbackprop.tree import subterms

__all__ = ["Gradients", "Lambdified", "lambdify"]

# free indices that stand for a layer where nothing is said of them
LAYERS = ("k", "l", "m")


class Lambdified:
    """A derivation's result as a NumPy function; call it with the names in `parameters`.

    Attributes:
        source: the code, a file that needs NumPy only.
        parameters: the names of what it takes.
    """

    def __init__(self, derivation: Derivation) -> None:
        network = derivation.network
        if not isinstance(network, MLP):
            raise SymbackpropError("lambdify compiles derivations about an MLP: give derive() one")
        check_scheme(network)
        self.network = network
        self.name = (derivation.name or "gradient").replace("-", "_")
        self.source, self.bounds, self.needed = _source(derivation, network, self.name)
        # ∂L/∂x is about the input as it is, bias unit included, so there its last entry may be any number
        self._by_input = any(inner == Partial(LOSS, network.input) for _, inner in subterms(derivation.start))
        self.__doc__ = f"{derivation.start}, at a point."
        self._run = run(self.source, self.name)
        code = self._run.__code__
        self.parameters: tuple[str, ...] = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]

    def __call__(self, *args: Any, **options: Any) -> Any:
        """The value at a point.

        Raises:
            ShapeError: for arrays that do not conform.
            SymbackpropError: if what is generic is not given, for an index outside its bounds, and for an `x` that does
                not end in the bias unit 1 where there is one (∂L/∂x takes any last entry).
        """
        self._check_generic(options)
        bound = signature(self._run).bind(*args, **options)
        given = bound.arguments
        W = given["W"]
        check_network(self.network, W, given.get("b"))
        check_vectors(self.network, W, given["x"], given["y"], self.network.loss.formula is None)
        if not self._by_input:
            check_bias_unit(self.network, given["x"])
        if given.get("upstream") is not None:
            given["upstream"] = check_upstream(given["upstream"], W)
        bound.apply_defaults()
        indices = {name: bound.arguments[index_name(name)] for name in self.bounds}
        check_indices(indices, self.bounds, self.network, W)
        try:
            return self._run(*bound.args, **bound.kwargs)
        except (IndexError, KeyError) as error:
            if not indices:
                raise
            read = ", ".join(f"{name} = {value}" for name, value in indices.items())
            raise SymbackpropError(
                f"{read} is beyond the last row or layer of these weights: write a smaller one"
            ) from error

    def _check_generic(self, options: dict[str, Any]) -> None:
        missing = [name for name in self.needed if options.get(name) is None]
        if not missing:
            return
        generic = [*(["loss"] if "upstream" in missing else []), *(["activation"] if missing != ["upstream"] else [])]
        meaning = f"the {' and the '.join(generic)} {'are' if len(generic) > 1 else 'is'} generic"
        wanted = {"upstream": "upstream=∂L/∂ŷ, an array or a function of (yhat, y)", "g": "g=…", "dg": "dg=…"}
        raise SymbackpropError(f"{meaning}: write {', '.join(wanted.get(m, f'{m}=…') for m in missing)}")


def lambdify(derivation: Derivation | Topic) -> Lambdified:
    """The last line of a derivation as a NumPy function `f(W, x, y, j=1)`, `f(W, b, x, y, j=1)` with separate biases.

    Of a topic it is the derivation that has its result. It computes what the line says, from the right, whether that is
    right or not. Free indices are arguments, as printed, within the bounds that the source states. A generic loss needs
    `upstream=`, ∂L/∂ŷ as an array or a function of `(yhat, y)`; a generic activation `g=` and `dg=`. Vectors may be 1-D
    or n × 1; what comes out is as `x` is. An `x` with a bias unit must end in 1, but for `∂L/∂x`, which may be asked
    for at any.

    Raises:
        SymbackpropError: if the line has no numbers.
    """
    return Lambdified(derivation.derivation if isinstance(derivation, Topic) else derivation)


def _bounds(derivation: Derivation, network: MLP, free: Sequence[str]) -> Bounds:
    """Bounds of free indices: what the derivation knows, and for a bare row or column index, how many there are."""
    bounds = dict(derivation.known)
    for e in (derivation.start, derivation.result):
        for _, inner in subterms(e):
            for name, most in _places(inner, network):
                bounds.setdefault(name, (ONE, most))
    given = {*free, *network.depth.symbols}

    def kept(bound: Dim | None) -> Dim | None:
        # a bound in terms of what is no argument says nothing here
        return bound if bound is not None and bound.symbols <= given else None

    both = {name: bounds.get(name, (None, None)) for name in free}
    return {name: (kept(low), kept(high)) for name, (low, high) in both.items()}


def _places(e: Expr, network: MLP) -> list[tuple[str, Dim]]:
    """Indices that are the row or column of something, each with the last there is."""
    match e:
        case Row(operand, row) | Entry(operand, row, None):
            found = [(row, shape(operand, network)[0])]
        case Column(operand, column):
            found = [(column, shape(operand, network)[1])]
        case Entry(operand, row, Dim() as column):
            found = list(zip((row, column), shape(operand, network), strict=True))
        case ColumnAt(_, column, width):
            found = [(column, network.normal(width))]
        case _:
            found = []
    return [(name, most) for place, most in found for name in place.symbols if place == index(name)]


def _source(derivation: Derivation, network: MLP, name: str) -> tuple[str, Bounds, tuple[str, ...]]:
    """The source, the free indices with their bounds, and the names of the generic functions that must be given."""
    depth = network.depth
    bounds: dict[str, tuple[Dim | None, Dim | None]] = dict.fromkeys(LAYERS, (ONE, depth))
    bounds |= dict.fromkeys(depth.symbols, (ONE, None))
    result = written_out(derivation.result, network, {**bounds, **derivation.known})
    free = sorted(free_symbols(result) - depth.symbols)
    known = _bounds(derivation, network, free)
    code = Code(network)

    code.line("W = [np.asarray(w) for w in W]")
    if network.bias == "separate":
        code.line("b = [np.ravel(bias) for bias in b]")
    code.line("column = np.ndim(x) == 2")
    code.line("x, y = np.ravel(x), np.ravel(y)")
    if not depth.is_constant:
        code.line(f"{index_name(str(depth))} = len(W) - 1")
    code.line("")
    write_loops(code, free)
    for free_index in free:
        _write_check(free_index, known, code)
    code.line("")
    uses_upstream = any(inner == Partial(LOSS, network.output) for _, inner in subterms(result))
    if uses_upstream:
        _write_upstream(code, network)
    text = value(result, code)
    vector = form(result, network)
    if vector in (Form.COLUMN, Form.ROW):
        code.line(f"result = {text}")
        code.line(f"return result[{':, None' if vector is Form.COLUMN else 'None, :'}] if column else result")
    else:
        code.line(f"return {text}")

    generic = {function_name(f, order, network) for f, order in code.functions if scalar_function(f).is_generic}
    needed = (*(["upstream"] if uses_upstream and network.loss.formula is None else []), *sorted(generic, key=len))
    header = _header(name, network, free, needed)
    title = f"{_spelled(derivation.start, network)} {derivation.relation} {_spelled(derivation.result, network)}"
    title += "\n\nMade by symbackprop; needs NumPy only.\n"
    body = "\n".join([header, _docstring(network, free, needed, known), *code.lines])
    return module(title, code, body), known, needed


def _write_check(name: str, known: Bounds, code: Code) -> None:
    """The lines that refuse an index outside its bounds: `v[-1]`, or an empty product, would be some other number."""
    low, high = known[name]
    low, called = ONE if low is None else low, index_name(name)
    if high is None or high.map_sizes(lambda _: ONE) != high:
        # NumPy itself refuses a row beyond the last
        code.line(f"if {called} < {code.dim(low)}:")
        code.line(f'    raise IndexError(f"{called} = {{{called}}} is no index: it counts from {low}")')
    else:
        code.line(f"if not {code.dim(low)} <= {called} <= {code.dim(high)}:")
        code.line(f'    raise IndexError(f"{called} = {{{called}}} is no index: {low} ≤ {called} ≤ {high}")')


def _write_upstream(code: Code, network: MLP) -> None:
    gradient = upstream_gradient(network)
    if gradient is None:
        code.line("dL_dyhat = np.ravel(upstream(yhat, y) if callable(upstream) else upstream)")
    else:
        code.line(f"dL_dyhat = {value(gradient, code)}")


def _header(name: str, network: MLP, free: Sequence[str], needed: Sequence[str]) -> str:
    arguments = ["W", "b", "x", "y"] if network.bias == "separate" else ["W", "x", "y"]
    arguments += [f"{index_name(s)}=1" for s in free]
    offered = ["upstream"] if network.loss.formula is None else []
    offered += ["g", "dg"] if network.activation.is_generic else []
    offered += [n for n in needed if n not in offered]
    keywords = [n if n in needed else f"{n}=None" for n in offered]
    return f"def {name}({', '.join([*arguments, *(['*'] if keywords else []), *keywords])}):"


def _spelled(e: Expr, network: MLP) -> str:
    return str(e).replace(str(network.output), "ŷ").replace(str(network.input), "x")


def _docstring(network: MLP, free: Sequence[str], needed: Sequence[str], known: Bounds) -> str:
    lines = ["W: the weights W_0 … W_L, a list."]
    if network.bias == "separate":
        lines.append("b: their biases b_0 … b_L, a list.")
    lines.append(f"x: the input{', ending in the bias unit 1' if network.augmented else ''}; 1-D or n × 1.")
    lines.append("y: the target.")
    for name in free:
        low, high = known[name]
        within = "counted from 1" if high is None else f"{low or ONE} ≤ {name} ≤ {network.says(high)}"
        lines.append(f"{index_name(name)}: {within}, as printed.")
    if "upstream" in needed:
        lines.append("upstream: ∂L/∂ŷ, an array or a function of (yhat, y).")
    if "dg" in needed:
        lines.append("g, dg: the activation and its derivative, entry by entry.")
    return '    """' + "\n    ".join(lines) + '\n    """'
