"""The lecture's network: an MLP of symbolic or given depth and widths."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from symbackprop.activations import activation as find_activation
from symbackprop.dims import DEPTH, ONE, Dim, Units, Width, as_width, dim, index, units, width
from symbackprop.equations import Equation, Network
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import (
    LOSS,
    Bias,
    Elementwise,
    Expr,
    Function,
    Hidden,
    LayerMap,
    Loss,
    Named,
    PreActivation,
    Target,
    Variable,
    Weight,
)
from symbackprop.losses import loss as find_loss
from symbackprop.normalization import Grouped, Normalized, as_epsilon
from symbackprop.normalization import scheme as find_scheme
from symbackprop.shapes import SCALAR, Shape

if TYPE_CHECKING:
    from symbackprop.numeric.gradients import Gradients
    from symbackprop.numeric.jacobian import JacobianVector, VectorJacobian
    from symbackprop.symbolic import ExplicitNetwork

BIASES = ("augmented", "separate", "none")


class MLP(Network):
    """`z_{l+1} = W_l h_l`, `h_l = ψ(z_l)`, `ŷ = z_{L+1}`, with `x = h_0` (slide 1).

    Args:
        depth: number of hidden layers, or "L" for the symbol; the symbol too if neither it nor the widths are given.
        widths: `n_0 … n_{L+1}`, bias units counted where the bias is augmented.
        activation: a name of `activations`, or any other letter for a generic function of that name.
        loss: a name of `losses`.
        bias: "augmented" (every layer but the output ends in the constant 1), "separate" (`z = W h + b`) or "none".
        normalization: a name of `normalization.SCHEMES`: `h_l = ψ(a_l)`, where `a_l` is `z_l` normalized, for every
            hidden layer; the output is not normalized.
        epsilon: what `n ε` is added to `‖c‖²` with: a number above 0, or a letter.
        groups: in how many groups of equally many the units of each hidden layer are, for normalization="group".

    Raises:
        SymbackpropError: for a depth below 1, widths that do not fit the depth or the normalization, or an unknown
            name.
    """

    def __init__(
        self,
        depth: int | str | Dim | None = None,
        widths: Sequence[int] | None = None,
        activation: str = "g",
        loss: str = "generic",
        bias: str = "augmented",
        normalization: str | None = None,
        epsilon: object = None,
        groups: int | None = None,
    ) -> None:
        _check_names(activation, loss)
        if bias not in BIASES:
            raise SymbackpropError(f"there is no bias {bias!r}: write one of {', '.join(BIASES)}")
        self.bias = bias
        self.widths = None if widths is None else tuple(_whole(n, f"width n_{i}") for i, n in enumerate(widths))
        self.depth = _depth(depth, self.widths, bias)
        self.activation = find_activation(activation)
        self.loss = find_loss(loss)
        self.scheme = None if normalization is None else find_scheme(normalization)
        self.epsilon = as_epsilon(epsilon)
        self.groups = None if groups is None else _whole(groups, "groups")
        self._check_normalization(activation, epsilon)
        self.equations = self._equations()

    def given(self, widths: Sequence[int]) -> MLP:
        """The same kind of network with given widths, and so a given depth."""
        return type(self)(**{**self.options, "depth": None, "widths": widths})

    @property
    def options(self) -> dict[str, Any]:
        """What makes the same network: `MLP(**network.options)`, or with some of them otherwise."""
        return {
            "depth": self.depth,
            "widths": self.widths,
            "activation": self.activation.name,
            "loss": self.loss.name,
            "bias": self.bias,
            "normalization": None if self.scheme is None else self.scheme.name,
            "epsilon": self.epsilon,
            "groups": self.groups,
        }

    def to_sympy(self, widths: Sequence[int] | None = None) -> ExplicitNetwork:
        """The whole network and its loss in plain SymPy, at given widths or at its own.

        Raises:
            SymbackpropError: if there are no widths, or they do not fit the depth.
        """
        from symbackprop.symbolic import explicit_network

        return explicit_network(self, widths)

    def gradients(self, reduction: str = "sum", **options: Any) -> Gradients:
        """A compiled function `(W, x, y) -> (loss, [∂L/∂W_0, …])`; with separate biases `(W, b, x, y)`.

        Args:
            reduction: "sum" or "mean" over a batch.
            options: those of `Gradients`: `factored=True`, `inputs=True`, `precise=True`, `data="rows"`, and `g`, `dg`,
                `loss`, `dloss` for what is generic here.
        """
        from symbackprop.numeric.gradients import Gradients

        return Gradients(self, reduction, **options)

    def vjp(self, **options: Any) -> VectorJacobian:
        """A compiled function `(W, x, v) -> (ŷ, [vᵀ ∂ŷ/∂W_0, …], vᵀ ∂ŷ/∂x)`; with separate biases `(W, b, x, v)`.

        Args:
            options: those of `VectorJacobian`: `precise=True`, `data="rows"`, and `g`, `dg` where these are generic.
        """
        from symbackprop.numeric.jacobian import VectorJacobian

        return VectorJacobian(self, **options)

    def jvp(self, **options: Any) -> JacobianVector:
        """A compiled function `(W, x, dW, dx) -> (ŷ, dŷ)`; with separate biases `(W, b, x, dW, db, dx)`.

        Args:
            options: those of `JacobianVector`: `precise=True`, `data="rows"`, and `g`, `dg` where these are generic.
        """
        from symbackprop.numeric.jacobian import JacobianVector

        return JacobianVector(self, **options)

    @property
    def augmented(self) -> bool:
        return self.bias == "augmented"

    @property
    def output(self) -> PreActivation:
        """`ŷ`, which is `z_{L+1}`."""
        return PreActivation(self.depth + 1)

    @property
    def input(self) -> Hidden:
        """`x`, which is `h_0`."""
        return Hidden(dim(0))

    def _equations(self) -> tuple[Equation, ...]:
        l = index("l")
        affine: Expr = Weight(l) @ Hidden(l)
        if self.bias == "separate":
            affine = affine + Bias(l)
        normalized = self.normalized(l)
        between = () if normalized is None else normalized.equations("l", dim(1), self.depth)
        return (
            Equation(PreActivation(l + 1), affine, "l", dim(0), self.depth),
            *between,
            Equation(Hidden(l), self.layer_map(self.argument(l)), "l", dim(1), self.depth),
            Equation(LOSS, self.loss_of(self.output, Target())),
        )

    def normalized(self, layer: Dim) -> Normalized | None:
        """The equations between the pre-activations of a layer and its activation; None without normalization."""
        if self.scheme is None:
            return None
        one_set = (self.scheme, PreActivation(layer), self.normal(units(layer)), layer, self.epsilon)
        # one group is the layer
        return Grouped(*one_set, self.groups) if self.groups is not None and self.groups > 1 else Normalized(*one_set)

    def argument(self, layer: Dim) -> Variable:
        """What the activation of a layer is applied to: its pre-activations, or what a normalization makes of them."""
        between = self.normalized(layer)
        return PreActivation(layer) if between is None else between.argument

    def _check_normalization(self, activation: str, epsilon: object) -> None:
        """Refuse a scheme that has no set here, a set of one unit, and ε or groups without a scheme."""
        self._check_groups()
        if self.scheme is None:
            if epsilon is not None:
                raise SymbackpropError("epsilon belongs to a normalization: write normalization='layer' with it")
            return
        if self.scheme.elsewhere:
            raise SymbackpropError(
                f"{self.scheme.name} normalization {self.scheme.elsewhere}: write normalization='layer', 'rms' or "
                f"'group' here, or sb.derive('normalization_schemes') for the {self.scheme.name} form"
            )
        if isinstance(epsilon, str) and epsilon in TAKEN | TAKEN_BY_NORMALIZATION:
            raise SymbackpropError(f"the letter {epsilon} is a quantity of the network: write epsilon='epsilon', say")
        if activation in TAKEN_BY_NORMALIZATION:
            raise SymbackpropError(
                f"the letter {activation} is a quantity of a normalized network: write another one, such as f"
            )
        for layer in range(1, len(self.widths or ()) - 1):
            count = self.normal(units(layer)).constant
            if self.scheme.centred and count == 1:
                raise SymbackpropError(
                    f"layer {layer} has one unit, which is its own mean: s_{layer} = 0 always, and nothing can be "
                    f"divided by it; write a width n_{layer} of {3 if self.augmented else 2} or more"
                )

    def _check_groups(self) -> None:
        """Refuse a number of groups without group normalization, and one that does not divide the units of a layer."""
        in_groups = self.scheme is not None and self.scheme.in_groups
        if not in_groups:
            if self.groups is not None:
                raise SymbackpropError("groups belong to group normalization: write normalization='group' with them")
            return
        if self.groups is None:
            raise SymbackpropError("group normalization needs a number of groups: write groups=2, say")
        if self.groups < 1:
            raise SymbackpropError(f"groups = {self.groups} is not a number of groups: write 1 or more, such as 2")
        bias = 1 if self.augmented else 0
        for layer in range(1, len(self.widths or ()) - 1):
            count = self.normal(units(layer)).constant
            divides = not count % self.groups
            if divides and count > self.groups:
                continue
            # the nearest numbers of two units a group or more
            each = max(count // self.groups, 2)
            fits = " or ".join(str(k * self.groups + bias) for k in (each, each + 1))
            divisors = " or ".join(str(k) for k in range(1, count // 2 + 1) if not count % k)
            other = f", or groups={divisors}" if divisors else ""
            raise SymbackpropError(
                f"layer {layer} has {count} unit{'s' * (count != 1)}, which is not {self.groups} groups of equally "
                f"many, two or more each: write a width n_{layer} of {fits}{other}"
            )

    def layer_map(self, z: Expr) -> Expr:
        """`ψ(z)`: the activation, with the bias unit appended where there is one."""
        return LayerMap(self.activation.name, z) if self.augmented else Elementwise(self.activation.name, z)

    def loss_of(self, output: Expr, target: Expr) -> Expr:
        """The loss as a tree; generic losses are an opaque function of output and target."""
        if self.loss.formula is None:
            return Function(LOSS.name, (output, target))
        return self.loss.formula(output, target, width(self.depth + 1))

    def shape_of(self, variable: Variable) -> Shape:
        return self.kept(("shape", variable), lambda: self._shape_of(variable))

    def _shape_of(self, variable: Variable) -> Shape:
        match variable:
            case Target():
                return self.normal(width(self.depth + 1)), ONE
            case Loss():
                return SCALAR
            case PreActivation(layer):
                self._within(variable, layer, 1, self.depth + 1)
                return self.normal(units(layer)), ONE
            case Hidden(layer):
                self._within(variable, layer, 0, self.depth)
                return self.normal(width(layer)), ONE
            case Weight(layer):
                self._within(variable, layer, 0, self.depth)
                return self.normal(units(layer + 1)), self.normal(width(layer))
            case Bias(layer) if self.bias == "separate":
                self._within(variable, layer, 0, self.depth)
                return self.normal(units(layer + 1)), ONE
            case Named(name, layer) if self.scheme is not None:
                found = self._shape_of_normalized(variable, name, layer)
                if found is not None:
                    return found
        return super().shape_of(variable)

    def _shape_of_normalized(self, variable: Variable, name: str, layer: Dim | None) -> Shape | None:
        """The shape of a variable that the normalization adds; None for any other."""
        if layer is None:
            return SCALAR if name == self.epsilon else None
        added = self.normalized(layer)
        assert added is not None
        if name not in added.shapes:
            return None
        self._within(variable, layer, 1, self.depth)
        return added.shapes[name]

    def constant(self, variable: Variable, row: Dim) -> int | None:
        """1 for the bias unit, the last entry of every `h_l` and of `x` (slide 1: ψ appends it)."""
        is_last = isinstance(variable, Hidden) and row == self.normal(width(variable.index))
        return 1 if is_last and self.augmented else None

    def _within(self, variable: Variable, layer: Dim, lower: int, upper: Dim) -> None:
        # two dims differ by a constant exactly if their terms are the same
        is_below = layer.is_constant and layer.constant < lower
        is_above = layer.terms == upper.terms and layer.constant > upper.constant
        if is_below or is_above:
            raise ShapeError(
                f"there is no {variable} in a network of depth {self.depth}: its index runs from {lower} to {upper}"
            )

    def size(self, atom: Width | Units) -> Dim:
        is_output = atom.layer == self.depth + 1
        if self.widths is not None and atom.layer.is_constant:
            if not 0 <= atom.layer.constant < len(self.widths):
                raise ShapeError(
                    f"there is no width {width(atom.layer)} in a network of depth {self.depth}: "
                    f"its widths run from n_0 to n_{len(self.widths) - 1}"
                )
            known = self.widths[atom.layer.constant]
            return dim(known - 1 if isinstance(atom, Units) and self.augmented and not is_output else known)
        if isinstance(atom, Units) and (is_output or not self.augmented):
            return width(atom.layer)
        return Dim(((atom, 1),))

    def says(self, size: Dim) -> str:
        return str(self.normal(size).map_sizes(as_width))


def _whole(number: object, what: str) -> int:
    """An integer of any kind as an `int`."""
    try:
        return operator.index(number)  # type: ignore[arg-type]
    except TypeError:
        raise SymbackpropError(f"{what} = {number!r} is not a whole number: write one, such as 5") from None


# letters of the quantities of the lecture's network; a function of that name could not be told from them
TAKEN = frozenset("zhxyWwbLDnlj")
TAKEN_BY_NORMALIZATION = frozenset("acsuv")


def _check_names(activation: str, loss: str) -> None:
    """Refuse an activation or a loss that is not a name, and a generic activation that is named as a quantity is."""
    for what, name, example in (("activation", activation, "tanh"), ("loss", loss, "squared_error")):
        if not isinstance(name, str):
            raise SymbackpropError(f"the {what} {name!r} is not a name: write {what}={example!r}, say, or leave it out")
    if activation in TAKEN:
        raise SymbackpropError(f"the letter {activation} is a quantity of the network: write another one, such as f")


def _depth(depth: int | str | Dim | None, widths: tuple[int, ...] | None, bias: str) -> Dim:
    """The depth as a dim, after checking it and the widths."""
    if widths is not None and len(widths) < 3:
        raise SymbackpropError(
            f"widths {','.join(map(str, widths)) or '(none)'} are not a network: write three or more, "
            "n_0 of the input, one for each hidden layer, and one of the output"
        )
    if depth is None:
        depth = DEPTH if widths is None else len(widths) - 2
    depth = DEPTH if depth == "L" else depth if isinstance(depth, Dim) else dim(_whole(depth, "depth"))
    if depth.is_constant and depth.constant < 1:
        raise SymbackpropError(f"depth {depth} is not a network: the depth counts hidden layers; write 1 or more, or L")
    if widths is None:
        return depth
    if not depth.is_constant or len(widths) != depth.constant + 2:
        raise SymbackpropError(
            f"{len(widths)} widths do not fit depth {depth}: write {depth + 2} of them, n_0 to n_{depth + 1}"
            if depth.is_constant
            else f"widths {','.join(map(str, widths))} need a given depth: write {len(widths) - 2} or leave it out"
        )
    for layer, size in enumerate(widths):
        hidden = layer <= depth.constant
        least = 2 if bias == "augmented" and hidden else 1
        if size < least:
            why = " (the bias unit is counted, so 1 would be the bias unit alone)" if least == 2 else ""
            raise SymbackpropError(f"width n_{layer} = {size} is too small: write {least} or more{why}")
    return depth
