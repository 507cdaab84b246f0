"""From one layer to the output: what the derivations of the lecture's network share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symbackprop.derivation import Derivation, Rule
from symbackprop.dims import Bounds, Dim, bound_to, dim, index
from symbackprop.equations import Network
from symbackprop.errors import RuleError, SymbackpropError
from symbackprop.expr import LOSS, Expr, Partial, PreActivation, Product, Variable, product_of
from symbackprop.network import MLP
from symbackprop.rules.algebra import hadamard_as_diagonal
from symbackprop.rules.gradients import loss_gradient, through_activation, through_layer, through_weights
from symbackprop.rules.induction import induction
from symbackprop.rules.normalization import through_argument, through_normalization
from symbackprop.rules.products import absorb, fold, over
from symbackprop.substitution import free_symbols, replace_at, substitute
from symbackprop.tree import subterms


def layer_rules(network: Network, style: str) -> tuple[Rule, ...]:
    """The rules that lead from `∂L/∂z_l` to `∂L/∂z_{l+1}`.

    Raises:
        SymbackpropError: for Hadamard products in a normalized network, whose Jacobian is no diagonal.
    """
    if getattr(network, "scheme", None) is None:
        return (through_activation, through_weights) if style == "jacobian" else (through_layer,)
    if style != "jacobian":
        raise SymbackpropError(
            f"the Jacobian of a normalization is no diagonal, so that style={style!r} cannot write it: "
            "write style='jacobian'"
        )
    return through_normalization, through_argument, through_weights


def layer_factor(network: MLP, name: str, style: str = "jacobian", known: Bounds | None = None) -> Expr:
    """What stands between `∂L/∂z_l` and `∂L/∂z_{l+1}`, `D_l W_lᵀ` in the lecture's network, as the rules make it.

    Args:
        network: the lecture's network.
        name: the index l.
        style: which rules lead through a layer.
        known: bounds of the index; from 1 to the depth, if not given.
    """
    known = known or {name: (dim(1), network.depth)}
    start = Derivation(Partial(LOSS, PreActivation(index(name))), network, known=known)
    for each in layer_rules(network, style):
        start = start.by(each)
    if style == "hadamard":
        start = start.by(hadamard_as_diagonal)
    if not isinstance(start.result, Product):
        raise RuleError(f"one layer gives {start.result}, which is not a product")
    return product_of(start.result.factors[:-1])


def one_layer_on(derivation: Derivation, style: str, labels: tuple[str, ...] = (), restated: str = "") -> Derivation:
    """Two steps in the style of Jacobians (activation, weights), one in that of Hadamard products.

    A normalized layer takes a step more, and its lines are not the lecture's: they have no labels.

    Args:
        derivation: whose last line ends in the gradient of a pre-activation.
        style: which rules lead through a layer.
        labels: the lecture's names for the lines of a layer without normalization.
        restated: its name for the last of them where it is stated again.
    """
    rules = layer_rules(derivation.network, style)
    names = labels if len(labels) == len(rules) else ("",) * len(rules)
    for each, label in zip(rules, names, strict=True):
        again = restated if label and label == names[-1] else ""
        derivation = derivation.by(each, label=label, restated=again)
    return derivation


def to_layer(
    derivation: Derivation,
    network: MLP,
    first: Dim | int,
    upper: Dim,
    *,
    name: str = "l",
    style: str = "jacobian",
    since: int = -1,
    **shown: Any,
) -> Derivation:
    """The derivation taken from `… ∂L/∂z_first …` to `… ∏_{l=first}^{upper-1} [D_l W_lᵀ] ∂L/∂z_upper …` by induction.

    Args:
        derivation: whose line `since` contains `∂L/∂z_first` once.
        network: the lecture's network.
        first: the layer where the product starts.
        upper: the layer that is reached.
        name: the index of the product.
        style: which rules lead through a layer.
        since: the line the base case starts from.
        shown: how the line is shown.
    """
    begin = dim(first)
    on = free_letter(derivation.lines[since], name)

    def one_on(start: Derivation) -> Derivation:
        grown = one_layer_on(start, style)
        return grown.by(hadamard_as_diagonal) if style == "hadamard" else grown

    # found at the index of the induction, so that its step finds the same Jacobians again
    factor = layer_factor(network, on, style, bound_to(derivation.known, on, (begin, upper - 1)))
    body = substitute(factor, {on: index(name)})
    return along(derivation, PreActivation, body, one_on, begin, upper, name=name, on=on, since=since, **shown)


def free_letter(line: Expr, *taken: str) -> str:
    """A letter for the index of an induction that a line does not use."""
    return next(letter for letter in "mpqrstuv" if letter not in taken and letter not in free_symbols(line))


def along(
    derivation: Derivation,
    member: Callable[[Dim], Variable],
    body: Expr,
    one_on: Callable[[Derivation], Derivation],
    first: Dim,
    upper: Dim,
    *,
    name: str,
    on: str,
    since: int = -1,
    **shown: Any,
) -> Derivation:
    """From `… ∂L/∂v_first …` to `… ∏_{name=first}^{upper-1} [body] ∂L/∂v_upper …` along a family, by induction.

    Args:
        derivation: whose line `since` contains `∂L/∂v_first` once.
        member: `v` at an index.
        body: what stands between `∂L/∂v_l` and `∂L/∂v_{l+1}`, in the index `name`.
        one_on: takes a derivation that ends in `∂L/∂v_m` on to `∂L/∂v_{m+1}`.
        first: where the product starts.
        upper: the member that is reached.
        name: the index of the product; on: that of the induction.
        since: the line the base case starts from.
        shown: how the line is shown.
    """
    m = index(on)
    claim = _replaced(
        derivation.lines[since], Partial(LOSS, member(first)), over(name, first, m - 1, body) @ Partial(LOSS, member(m))
    )
    rule = induction(
        on,
        claim,
        first,
        upper,
        lambda start: start.by(fold(name, body, first, first - 1)),
        lambda start: one_on(start).by(absorb),
    )
    return derivation.by(rule, at=(), since=since, **shown)


def closed(derivation: Derivation, network: MLP) -> Derivation:
    """One more step where the loss is a named one: `∂L/∂ŷ` by its formula."""
    return derivation if network.loss.formula is None else derivation.by(loss_gradient)


def _replaced(e: Expr, old: Expr, new: Expr) -> Expr:
    """The expression with the one occurrence of `old` replaced, a product into a product staying flat."""
    for path, inner in subterms(e):
        if inner == old:
            return replace_at(e, path, new)
    raise RuleError(f"{e} does not contain {old}")
