"""The loss and the gradients by all weights as one compiled function, from the lines that backpropagation derives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Expr
from symbackprop.network import MLP
from symbackprop.numeric.arguments import check_bias_unit, check_scheme
from symbackprop.numeric.calls import Call, call_of, column
from symbackprop.numeric.examples import Norms, gradients_of, norms_of
from symbackprop.numeric.module import namespace
from symbackprop.numeric.remembered import Memory, found_of
from symbackprop.numeric.straight.file import file_of
from symbackprop.numeric.straight.mlp import REDUCTIONS, Lines, Pass, Wanted, needed_lines

# keyword of gradients(): what of the network must be generic for it to be given
GENERIC = {"activation": ("g", "dg"), "loss": ("loss", "dloss")}
# what the examples of a batch are
DATA = ("columns", "rows")


class Gradients:
    """`loss, grads = gradients(W, x, y)`, or `(W, b, x, y)` with `grads = (dW, db)` where biases stand apart.

    A batch is columns: `x` is `n_0 × N` and `y` is `n_{L+1} × N`. `grads` has the shapes of the weights. All arrays are
    of one floating-point type, which the gradients have too; whole numbers are taken to it. It may be called from
    several threads at once. NaN and infinities flow through.

    Args:
        network: with a given depth, or one that is compiled for the number of weights it first meets.
        reduction: "sum" or "mean" over the batch.
        lines: pairs `(∂L/∂v, formula)` from the output down; those that the rules derive, if not given.
        factored: each gradient by a weight as a pair `(∂L/∂z_{l+1}, h_l)`, an example a column of both: the gradient is
            the first times the transposed second. With data="rows" an example is a row of both, and the gradient the
            transposed first times the second.
        inputs: `∂L/∂x` comes as a third result, of the shape of `x`.
        precise: `g′` to full precision where units saturate. Without it, tanh has `1 - h²` and sigmoid `h (1 - h)`,
            which is quicker, and exact to the rounding of a number near 1.
        each: the loss of each example, of shape `(N,)`, comes in place of their sum or mean.
        data: whether examples are the "columns" or the "rows" of `x` and `y`.
        functions: `g`, `dg` and `loss`, `dloss` for a network where these are generic; the last two take
            `(yhat, y)` and give the loss of each example and `∂L/∂ŷ`, an example a column. What they are given is there
            to be read, and during the call only: the next one overwrites it.

    Raises:
        SymbackpropError: for another reduction, and for what is generic and not given.
    """

    # how people call it, its last argument, and what of the network must be known
    called, target = "gradients", "y"
    generic = GENERIC

    def __init__(
        self,
        network: MLP,
        reduction: str = "sum",
        lines: Lines | None = None,
        *,
        factored: bool = False,
        inputs: bool = False,
        precise: bool = False,
        each: bool = False,
        data: str = "columns",
        **functions: Any,
    ) -> None:
        if reduction not in REDUCTIONS:
            raise SymbackpropError(f"there is no reduction {reduction!r}: write sum or mean")
        check_data(data)
        check_scheme(network)
        self.network = network
        self.wanted = Wanted(reduction, factored, inputs, precise, each)
        self.data = data
        self._functions = generic(network, functions, self.generic, self.called)
        self._given_functions = functions
        self._lines = lines
        # by depth, and whether there is one example
        self._compiled: dict[tuple[int, bool], dict[str, Any]] = {}
        self._last: tuple[int, bool] | None = None
        self._memory = Memory()
        self._is_separate, self._is_augmented = network.bias == "separate", network.augmented
        # whether what a pass gives is what the caller wants, where it fills the caller's arrays
        self._is_plain = type(self) is Gradients and not (inputs or each)
        if network.depth.is_constant:
            self._last = network.depth.constant, False
            if lines is not None:
                needed_lines(lines, network, self.wanted)

    @property
    def source(self) -> str:
        """The code, a file that needs NumPy only.

        Raises:
            SymbackpropError: for a network of symbolic depth that has met no weights yet.
        """
        return self.written()

    def written(self, spelled: Callable[[Expr], str] = str) -> str:
        """The code with the formulas in its comments as `spelled` writes them; raises as `source` does."""
        if self._last is None:
            raise SymbackpropError("the code is written for a given depth: write MLP(depth=2, …), or call it once")
        return self._source(*self._last, spelled)

    def __call__(self, W: Sequence[Any], *data: Any, out: Any = None) -> tuple[Any, ...]:
        """Loss and gradients at a point.

        Args:
            W: `W_0 … W_L`.
            data: `x, y`, or `b, x, y` where biases stand apart; `x` ends in the bias unit 1 where it is augmented.
            out: arrays of the shapes of the gradients, which are filled and returned; `(dW, db)` where biases stand
                apart.

        Raises:
            ShapeError: for arrays that do not conform.
            SymbackpropError: for an input without its bias unit, arrays of several types, or `out` that cannot be
                filled.
        """
        separate = self._is_separate
        if len(data) != 2 + separate:
            wanted = f"W, {'b, ' * separate}x, {self.target}"
            raise SymbackpropError(f"{1 + len(data)} arguments were given: write {self.called}({wanted})")
        x, y = data if not separate else data[1:]
        found = self._memory.found(W, data[0] if separate else None, out)
        if found is None or not found.fits(x, y):
            return self._checked(W, data, out)
        # for a small network what stands between here and the pass takes as long as a layer of it
        if self.data == "rows":
            x, y = x.T, y.T
        if x.ndim == 1:
            x, y = column(x), column(y)
        if self._is_augmented:
            check_bias_unit(self.network, x)
        filled = out if out is not None and not separate else self._filled(W, found.b, out)
        try:
            run = found.passes.pop()
            if separate or self._functions:
                biases = () if found.b is None else (found.b,)
                result: tuple[Any, ...] = run(W, *biases, x, y, filled, found.count, *self._functions.values())
            else:
                result = run(W, x, y, filled, found.count)
        except (IndexError, TypeError, ValueError):
            # all passes are in use, or an array was changed in place since it was checked
            return self._checked(W, data, out)
        found.passes.append(run)
        if filled is out and self._is_plain:
            return result
        return self._finished(Call(W, found.b, x, y, filled, out, data[0] if separate else None), result, data)

    def _checked(self, W: Sequence[Any], data: Sequence[Any], out: Any) -> tuple[Any, ...]:
        """The same for arrays of which nothing is known yet."""
        if self.wanted.factored and out is not None:
            raise SymbackpropError("factors come in new arrays: leave out= away, or write factored=False")
        any_target = "dloss" in self._functions
        call = call_of(self.network, W, data, out, self.data == "rows", any_target, self.target)
        count = call.x.shape[1]
        if self.wanted.reduction == "mean" and not count:
            raise SymbackpropError('there is no mean of no examples: give at least one, or write reduction="sum"')
        code = self._at(len(W) - 1, count == 1)
        result = code[self.called](*call.arguments, out=call.out, **self._functions)
        if "tile" not in code or count < 2 * code["tile"](call.W):
            found = found_of(call, W, data, code["ready"](call.W, call.x), any_target)
            self._memory.keep(W, call.biases, out, found)
        return self._finished(call, result, data)

    def _first(self, made: Any, call: Call, shape: tuple[int, ...]) -> Any:
        """What stands before the gradients, as the caller gets it; `shape` is that of the last argument."""
        if not self.wanted.each:
            return made
        if np.size(made) != call.x.shape[1]:
            raise ShapeError(
                f"loss gives {np.size(made)} numbers for {call.x.shape[1]} examples: it must give the loss of each"
            )
        return made.reshape(-1)

    def per_example(self, W: Sequence[Any], *data: Any) -> tuple[Any, Any]:
        """The loss and the gradients of each example on its own, whatever the reduction, without a loop over them.

        The gradient of an example by a weight is the product of two vectors that one pass over the batch gives for all
        examples (Goodfellow 2015, "Efficient per-example gradient computations").

        Args:
            W, data: as for a call.

        Returns:
            The losses, of shape `(N,)`, and the gradients by the weights, each `N × rows × columns`. Where biases
            stand apart, `(dW, db)`, each of `db` being N times the shape of the bias.

        Raises:
            ShapeError, SymbackpropError: as a call does.
        """
        losses, grads = self._factors(W, *data)
        biases = data[0] if self.network.bias == "separate" else None
        return losses, gradients_of(grads, self.data == "rows", biases)

    def norms(self, W: Sequence[Any], *data: Any) -> Norms:
        """The Frobenius norm of the gradient of each example, without forming these gradients.

        `‖u vᵀ‖ = ‖u‖ ‖v‖` for the two vectors of each (Goodfellow 2015, "Efficient per-example gradient computations").

        Args:
            W, data: as for a call.

        Raises:
            ShapeError, SymbackpropError: as a call does.
        """
        losses, grads = self._factors(W, *data)
        return norms_of(losses, grads, self.data == "rows", self.network.bias == "separate")

    @cached_property
    def _factors(self) -> Gradients:
        """The losses and the two factors of all gradients, not divided by the number of examples."""
        precise, lines = self.wanted.precise, self._lines
        options: dict[str, Any] = {"precise": precise, "data": self.data, **self._given_functions}
        return Gradients(self.network, "sum", lines, factored=True, each=True, **options)

    def _filled(self, W: Sequence[Any], b: Sequence[Any] | None, out: Any) -> Any:
        """The arrays that a pass fills, all of which it can: the caller's, or new ones."""
        if out is not None:
            return out if b is None else (out[0], [column(array) for array in out[1]])
        biases = None if b is None else [np.empty(bias.shape, bias.dtype) for bias in b]
        if self.wanted.factored:
            return biases
        weights = [np.empty(w.shape, w.dtype) for w in W]
        return weights if b is None else (weights, biases)

    def _finished(self, call: Call, result: Sequence[Any], data: Sequence[Any]) -> tuple[Any, ...]:
        """What a pass gives, as the caller wants it; `data` as it was given."""
        first, grads, *inputs = result
        by_rows = self.data == "rows"
        first = self._first(first, call, np.shape(data[-1]))
        grads = call.factors(grads, by_rows) if self.wanted.factored else call.returned(grads)
        return first, grads, *((made.T if by_rows else made).reshape(np.shape(data[-2])) for made in inputs)

    def _at(self, depth: int, single: bool) -> dict[str, Any]:
        """What the file for a depth, and for one example or many, defines."""
        self._last = depth, single
        found = self._compiled.get(self._last)
        if found is None:
            found = self._compiled[self._last] = namespace(self._source(depth, single, None), self.called)
        return found

    def _source(self, depth: int, single: bool, spelled: Callable[[Expr], str] | None) -> str:
        network = self.network
        if not network.depth.is_constant and type(network) is not MLP:
            raise SymbackpropError("gradients of a network of your own need its depth: give it a number")
        made = at_depth(network, depth)
        return self._file(made, replace(self.wanted, single=single), spelled)

    def _file(self, network: MLP, wanted: Wanted, spelled: Callable[[Expr], str] | None) -> str:
        made = Pass(network, self._lines or derived(network), wanted, spelled)
        return file_of(made, title("Loss and gradients", network), _docstring(made), tuple(self._functions))


def check_data(data: str) -> None:
    """That examples are "columns" or "rows".

    Raises:
        SymbackpropError: for anything else.
    """
    if data not in DATA:
        raise SymbackpropError(f"examples are no {data!r}: write data='columns' or data='rows'")


def at_depth(network: MLP, depth: int) -> MLP:
    """The network without its widths, with which a column of one unit could pass for a scalar."""
    if type(network) is not MLP:
        return network
    return MLP(depth, None, network.activation.name, network.loss.name, network.bias)


def generic(
    network: MLP, given: Mapping[str, Any], kinds: Mapping[str, tuple[str, ...]], called: str
) -> dict[str, Any]:
    """The functions that stand for what is generic.

    Args:
        kinds: of what they may be, and how they are called; called: the function that they are given to.

    Raises:
        SymbackpropError: if one is missing, or given for what is not generic.
    """
    wanted = [name for what, functions in kinds.items() if getattr(network, what).is_generic for name in functions]
    surplus = [name for name in given if name not in wanted and given[name] is not None]
    if surplus:
        raise SymbackpropError(f"{surplus[0]}= is for a generic function: this network has its own, so leave it out")
    missing = [name for name in wanted if given.get(name) is None]
    if missing:
        what = [what for what, names in kinds.items() if set(names) & set(missing)]
        raise SymbackpropError(
            f"this network has a generic {' and '.join(what)}: write "
            f"{called}({', '.join(f'{name}=…' for name in missing)}), functions of NumPy arrays, "
            'or name them, as MLP(activation="tanh", loss="squared_error")'
        )
    return {name: given[name] if name == "loss" else _entrywise(name, given[name]) for name in wanted}


def _entrywise(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, checking that it gives a number for each entry of what it is given, or one for all."""

    def checked(first: Any, *more: Any) -> Any:
        made = function(first, *more)
        if np.shape(made) not in ((), first.shape):
            found, wanted = (" × ".join(map(str, shape)) for shape in (np.shape(made), first.shape))
            raise ShapeError(f"{name} gives {found} numbers for {wanted}: it must give one for each entry")
        return made

    return checked


def derived(network: MLP) -> Lines:
    """The lines of backpropagation that the rules derive."""
    # only here, so that lines of one's own need no rules
    from symbackprop.rules.backward import backward

    return backward(network)


def title(what: str, network: MLP) -> str:
    """What a file is, in words."""
    return (
        f"{what} of an MLP of depth {network.depth}: activation {network.activation.name}, "
        f"loss {network.loss.name}, bias {network.bias}.\n\nMade by symbackprop; needs NumPy only.\n"
    )


def said_of_arguments(network: MLP) -> list[str]:
    """What docstrings say of weights, biases and input."""
    last = network.depth
    return [
        f"    W: the weights W_0 … W_{last}, a list.",
        *([f"    b: their biases b_0 … b_{last}, each n × 1."] if network.bias == "separate" else []),
        f"    x: n_0 × N, an example a column{', each ending in the bias unit 1' if network.augmented else ''}.",
    ]


def _docstring(made: Pass) -> list[str]:
    network, last, wanted = made.network, made.last, made.wanted
    lines = ["Loss and gradients in one pass; all arrays are of one type.", "", "Args:"]
    lines += said_of_arguments(network)
    lines.append(f"    y: n_{last + 1} × N, the targets.")
    lines.append("    out: arrays for the gradients, in C order; new ones if not given.")
    gives = (
        "pairs (∂L/∂z_{l+1}, h_l) whose product ∂L/∂z_{l+1} h_lᵀ is the gradient by W_l"
        if wanted.factored
        else "the gradients"
    )
    first = "The loss of each example" if wanted.each else "The loss"
    how = "the mean" if wanted.reduction == "mean" else "summed"
    then = "; then ∂L/∂x" if wanted.inputs else ""
    lines += ["", "Returns:", f"    {first} and {gives}, {how} over the batch{then}."]
    return lines
