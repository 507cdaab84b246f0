"""The loss and gradients of a network of one's own as one compiled function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.asked import all_gradients
from symbackprop.dims import ONE, Dim
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Expr
from symbackprop.forward import ForwardNetwork
from symbackprop.numeric.arguments import check_target
from symbackprop.numeric.arrays import array_of, common_type, overlap
from symbackprop.numeric.calls import as_kind, target_of
from symbackprop.numeric.module import run
from symbackprop.numeric.remembered import Given
from symbackprop.numeric.straight.given import GivenPass
from symbackprop.numeric.straight.given_file import file_of
from symbackprop.numeric.straight.trees import extent_of
from symbackprop.shapes import Shape

Array = Any
Wanted = str | Sequence[str] | None


class NetworkGradients:
    r"""`loss, grads = f(W_1=…, x=…)`, or `f({"W_1": …, "x": …})`; `grads` is a dict, by the same names.

    The names are those of the formulas in Python: `W_1` is `W_1`, `\gamma` is `gamma`, `\hat{y}` is `yhat`, `x_t` of a
    family is `x_1`, `x_2`, …; a name that Python has for itself gets a line behind it, `lambda_`. `f.parameters` lists
    them. Rows and columns may be one-dimensional, or two-dimensional as declared; gradients come in the same shape.
    All arrays are of one floating-point type, which the gradients have too; whole numbers are taken to it. It may be
    called from several threads at once. NaN and infinities flow through. Slopes are taken from values where that costs
    least: `1 - h²` for tanh and `h (1 - h)` for the sigmoid, exact to the rounding of a number near 1.

    Args:
        network: its families have a number of members.
        wrt: the names of the variables by which gradients are asked for, also of those that are computed; by all
            parameters, inputs and targets that the loss depends on, if not given.
        functions: `g=` and `dg=` for a generic `g` in the equations, `phi=` and `dphi=` for φ.

    Attributes:
        parameters: the names of what is given, in order; asked: those of what the gradients are by.

    Raises:
        SymbackpropError: for a family of symbolic depth, a name that there is not, a generic loss, and a generic
            function that is missing.
    """

    def __init__(self, network: ForwardNetwork, wrt: Wanted = None, **functions: Callable[..., Any]) -> None:
        self.network = network
        self._wanted = [wrt] if isinstance(wrt, str) else wrt
        self._lines = all_gradients(network).derivations
        made = self._pass(str)
        self._functions = _generic(made.functions, functions)
        self.source = file_of(made)
        self.parameters = tuple(made.parameters)
        self.asked = tuple(made.asked)
        self._shapes = made.shapes
        self._arrays = {name: made.array(name) for name in made.asked}
        self._letters = {name: letter for letter, name in made.letters.items()}
        self._run = run(self.source, "gradients")
        self._given = Given()

    def _pass(self, spelled: Callable[[Expr], str]) -> GivenPass:
        return GivenPass(self.network, self._lines, self._wanted, spelled)

    def written(self, spelled: Callable[[Expr], str] = str) -> str:
        """The code with the formulas in its comments as `spelled` writes them, a file that needs NumPy only."""
        return file_of(self._pass(spelled))

    def __call__(
        self, given: Mapping[str, Any] | None = None, /, *, out: Mapping[str, Any] | None = None, **arrays: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Loss and gradients at a point.

        Args:
            given: the arrays by name; arrays: the same, or further ones, as keywords.
            out: arrays of the shapes of the gradients by name, which are filled and returned.

        Raises:
            ShapeError: for arrays that do not have the shapes of the network, or not of one size.
            SymbackpropError: for missing or surplus names, arrays of several types, or `out` that cannot be filled.
        """
        named = arrays if given is None else {**given, **arrays}
        _check_names(named, self.parameters, "array", "this network has")
        values = [named[name] for name in self.parameters]
        both = values if out is None else [*values, *self._named_targets(out)]
        if self._given.seen(both):
            result: tuple[Any, dict[str, Any]] = self._run(*values, out=out, **self._functions)
            return result
        return self._checked(values, out, both)

    def _checked(
        self, values: Sequence[Any], out: Mapping[str, Any] | None, both: Sequence[Any]
    ) -> tuple[Any, dict[str, Any]]:
        """The same for arrays of which nothing is known yet."""
        arrays = {name: array_of(name, value) for name, value in zip(self.parameters, values, strict=True)}
        kind = common_type(list(arrays.items()))
        sizes = self._sizes(arrays)
        own = {
            name: _with_axes(as_kind(array, kind), len(extent_of(self._shapes[name]))) for name, array in arrays.items()
        }
        shapes = {
            name: arrays[name].shape if name in arrays else tuple(_number(size, sizes) for size in extent)
            for name, extent in self._arrays.items()
        }
        targets = None if out is None else self._targets(out, shapes, arrays, kind)
        same = [*own.values(), *(targets or {}).values()]
        if all(one is other for one, other in zip(same, both, strict=True)):
            self._given.keep(both)
        total, made = self._run(*own.values(), out=targets, **self._functions)
        if out is None:
            return total, {name: array.reshape(shapes[name]) for name, array in made.items()}
        for name, array in made.items():
            if not np.may_share_memory(array, out[name]):
                np.copyto(out[name], array.reshape(shapes[name]), casting="same_kind")
        return total, dict(out)

    def _sizes(self, arrays: Mapping[str, Array]) -> dict[str, int]:
        """The number for every letter.

        Raises:
            ShapeError: for an array of another shape than is declared, or a letter with two numbers.
        """
        sizes: dict[str, tuple[int, str]] = {}
        waiting = [
            (name, size, found)
            for name, array in arrays.items()
            for size, found in zip(self._shapes[name], self._extent(name, array), strict=True)
        ]
        # sizes of one letter first: m + n says nothing before m is known
        for name, size, found in sorted(waiting, key=lambda each: len(each[1].terms)):
            unknown = [(str(atom), count) for atom, count in size.terms if str(atom) not in sizes]
            if len(unknown) == 1:
                letter, count = unknown[0]
                rest = Dim(tuple((atom, each) for atom, each in size.terms if str(atom) != letter), size.constant)
                value, left = divmod(
                    found - _number(rest, {each: number for each, (number, _) in sizes.items()}), count
                )
                if left == 0 and value >= 1:
                    sizes[letter] = value, name
                    continue
                self._refuse(name, arrays[name], "a size is a whole number of 1 or more")
            if not unknown and _number(size, {each: number for each, (number, _) in sizes.items()}) != found:
                told = [
                    f"{self._letters[str(atom)]} = {sizes[str(atom)][0]} in {sizes[str(atom)][1]}"
                    for atom, _ in size.terms
                ]
                self._refuse(name, arrays[name], " and ".join(told))
        return {letter: number for letter, (number, _) in sizes.items()}

    def _extent(self, name: str, array: Array) -> tuple[int, int]:
        """Rows and columns of an array."""
        rows, columns = self._shapes[name]
        axes = len(extent_of((rows, columns)))
        if array.ndim == 2:
            return array.shape[0], array.shape[1]
        if axes == 1 and array.ndim == 1:
            return (1, array.size) if rows == ONE else (array.size, 1)
        if axes == 0 and array.size == 1:
            return 1, 1
        self._refuse(name, array)
        raise AssertionError

    def _refuse(self, name: str, array: Array, why: str = "") -> None:
        size = " × ".join(map(str, array.shape)) or "a number"
        wanted = _written(self._shapes[name], self._letters)
        raise ShapeError(f"{name} is {size}, but in this network it is {wanted}{why and f', with {why}'}")

    def _named_targets(self, out: Mapping[str, Any]) -> list[Any]:
        """What is given for the gradients, in their order."""
        if not isinstance(out, Mapping):
            raise SymbackpropError(f"out is a {type(out).__name__}: write a dict, as out={{'{self.asked[0]}': array}}")
        _check_names(out, self.asked, "array in out", "gradients are asked for by")
        return [out[name] for name in self.asked]

    def _targets(
        self,
        out: Mapping[str, Any],
        shapes: Mapping[str, tuple[int, ...]],
        arrays: Mapping[str, Array],
        kind: np.dtype[Any],
    ) -> dict[str, Array]:
        """The caller's arrays where the code can fill them, and new ones in place of others."""
        for name, target in out.items():
            check_target(name, target, np.broadcast_to(0.0, shapes[name]), kind)
        named = [(f"out for {name}", target) for name, target in out.items()]
        if found := overlap(named, list(arrays.items())):
            raise SymbackpropError(f"{found[0]} shares memory with {found[1]}: give arrays of their own")
        return {name: _with_axes(target_of(out[name], kind), len(extent)) for name, extent in self._arrays.items()}


def _generic(wanted: Sequence[str], given: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """The functions that stand for generic ones, each checked at every call.

    Raises:
        SymbackpropError: for one that is missing, or that the equations do not have.
    """
    surplus = [name for name in given if name not in wanted]
    if surplus:
        generic = ", ".join(wanted) or "none"
        raise SymbackpropError(f"{surplus[0]}= is no generic function that is needed here: these are {generic}")
    missing = [name for name in wanted if name not in given]
    if missing:
        raise SymbackpropError(
            f"{', '.join(missing)} is generic in this network: write gradients("
            f"{', '.join(f'{name}=…' for name in wanted)}), functions of NumPy arrays, entry by entry"
        )
    return {name: _same_shape(name, given[name]) for name in wanted}


def _same_shape(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def checked(z: Array) -> Array:
        made = np.asarray(function(z))
        if made.shape != np.shape(z):
            raise ShapeError(f"{name} gives an array of shape {made.shape} for one of {np.shape(z)}: they must agree")
        return made[()]

    return checked


def _check_names(given: Mapping[str, Any], wanted: Sequence[str], what: str, have: str) -> None:
    if given.keys() == set(wanted):
        return
    for name in given:
        if name not in wanted:
            raise SymbackpropError(f"there is no {what} {name!r} to give: {have} {', '.join(wanted)}")
    missing = [name for name in wanted if name not in given]
    raise SymbackpropError(f"the {what} {missing[0]} is missing: {have} {', '.join(wanted)}")


def _with_axes(array: Array, axes: int) -> Array:
    return array if array.ndim == axes else array.reshape(-1) if axes else array.reshape(())


def _number(size: Dim, sizes: Mapping[str, int]) -> int:
    return size.constant + sum(count * sizes[str(atom)] for atom, count in size.terms)


def _written(extent: Shape, letters: Mapping[str, str]) -> str:
    texts = [str(size) for size in extent]
    for name, letter in letters.items():
        texts = [letter if text == name else text for text in texts]
    return " × ".join(texts)
