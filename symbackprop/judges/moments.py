"""The exact and the numeric judge of claims about means and variances in a network with random weights.

Exact: the weights have finite distributions with the properties that the network's `Draws` states, all outcomes are
enumerated, and means are ratios of whole numbers. Numeric: Monte Carlo. Neither imports a rule, and what is proved in
`moment_forms` is not used here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol

from symbackprop import expr
from symbackprop.chance import Expectation, Variance
from symbackprop.dims import Bounds, Dim, Symbol, Units, Width, dim
from symbackprop.draws import RandomMLP
from symbackprop.expr import Bias, Entry, Expr, Hidden, Partial, PreActivation, Weight
from symbackprop.judges.claim import Claim
from symbackprop.judges.laws import Atom, Kind, Needs, TooMany, Unvalued, outcomes
from symbackprop.judges.outcome import Outcome, Refuted, Supported, Undecided
from symbackprop.substitution import free_symbols
from symbackprop.tree import subterms

NAMES: dict[type[Expr], str] = {Weight: "W", Bias: "b", Hidden: "h", PreActivation: "z"}
# units of each layer, input first: pairwise distinct where they are compared, and few
SHAPES = {
    1: ((2, 3, 4), (3, 1, 2)),
    2: ((2, 3, 1, 4), (1, 2, 3, 1), (2, 1, 3, 2)),
    3: ((2, 1, 3, 2, 1), (1, 3, 1, 2, 3)),
}
# units where samples are drawn, and how many of them: in batches, so that the error of a mean is known
SAMPLED = {1: (5, 6, 3), 2: (4, 6, 3, 5), 3: (3, 5, 2, 4, 3)}
BATCHES, SAMPLES = 32, 512
ERRORS, SEED = 6.0, 1


def is_about(claim: Claim) -> bool:
    """Whether a claim is about means or variances."""
    return any(isinstance(part, Expectation | Variance) for e in (claim.left, claim.right) for _, part in subterms(e))


class Space(Protocol):
    """Random values, of which means can be taken."""

    kind: Kind

    def entry(self, atom: Atom) -> Any:
        """The values of one entry."""

    def applied(self, order: int, value: Any, function: str) -> Any:
        """The activation, or a derivative of it, of values."""

    def mean(self, operand: Expr, symbols: dict[str, int]) -> Any:
        """The mean of an expression."""


class OutOfRange(Exception):
    """A layer or a unit that the network does not have."""


# --- values ----------------------------------------------------------------------------------------------------------


def size_of(d: Dim, symbols: dict[str, int], kind: Kind) -> int:
    """A dim as a number.

    Raises:
        OutOfRange: for the width of a layer that the network does not have, or a symbol without a value.
    """

    def sized(what: type[Width] | type[Units], layer: int) -> int:
        if not 0 <= layer < len(kind.widths):
            raise OutOfRange(f"there is no layer {layer}")
        return kind.widths[layer] if what is Width else kind.units(layer)

    try:
        return d.value(symbols, sized)
    except KeyError as name:
        raise OutOfRange(f"nothing is known of {name}") from None


def value(e: Expr, space: Space, symbols: dict[str, int]) -> Any:
    """A scalar: exact numbers or arrays of samples; outside a mean it is a number, or one for each batch.

    Raises:
        Unvalued: for what has none here.
        OutOfRange: where it names what the network does not have.
    """
    match e:
        case expr.Number(number):
            return number if number.denominator > 1 else int(number)
        case expr.Size(size):
            return size_of(size, symbols, space.kind)
        case expr.Sum(terms):
            return sum(value(term, space, symbols) for term in terms)
        case expr.Product(factors):
            return math.prod(value(factor, space, symbols) for factor in factors)
        case expr.Negative(operand):
            return -value(operand, space, symbols)
        case expr.Quotient(above, below):
            return _ratio(value(above, space, symbols), value(below, space, symbols))
        case expr.Power(base, exponent) if exponent.denominator == 1:
            return _power(value(base, space, symbols), int(exponent))
        case expr.IndexedSum(name, low, high, body) | expr.IndexedProduct(name, low, high, body):
            ends = (size_of(end, symbols, space.kind) for end in (low, high))
            parts = (value(body, space, {**symbols, name: i}) for i in _span(*ends))
            return sum(parts) if isinstance(e, expr.IndexedSum) else math.prod(parts)
        case expr.Elementwise(_, operand, order):
            return space.applied(order, value(operand, space, symbols), e.function)
        case Expectation(operand):
            return space.mean(operand, symbols)
        case Variance(operand):
            first = space.mean(operand, symbols)
            return space.mean(expr.Power(operand, Fraction(2)), symbols) - first * first
    atom = _atom(e, symbols, space.kind)
    if atom is None:
        raise Unvalued(f"{e} has no value in a network with random weights")
    return space.entry(atom)


def _span(low: int, high: int) -> range:
    if high < low - 1:
        raise OutOfRange(f"nothing is from {low} to {high}")
    return range(low, high + 1)


def _ratio(above: Any, below: Any) -> Any:
    if isinstance(above, int) and isinstance(below, int):
        return Fraction(above, below)
    return above / below


def _power(base: Any, exponent: int) -> Any:
    return Fraction(base) ** exponent if exponent < 0 and isinstance(base, int) else base**exponent


def _atom(e: Expr, symbols: dict[str, int], kind: Kind) -> Atom | None:
    """Which entry an expression is; None if it is none."""
    match e:
        case Partial(expr.Loss(), Entry(v, row, None)) | Entry(Partial(expr.Loss(), v), row, None):
            if not isinstance(v, PreActivation | Hidden):
                return None
            name, column = "d" + NAMES[type(v)], None
        case Entry(v, row, column) if type(v) in NAMES:
            name = NAMES[type(v)]
        case _:
            return None
    assert isinstance(v, expr.Variable) and v.index is not None
    layer, i = size_of(v.index, symbols, kind), size_of(row, symbols, kind)
    k = 0 if column is None else size_of(column, symbols, kind)
    _check(name, layer, i, k, kind)
    return name, layer, i, k


def _check(name: str, layer: int, i: int, k: int, kind: Kind) -> None:
    first, last = {"z": (1, 1), "dz": (1, 1), "h": (0, 0), "dh": (1, 0), "W": (0, 0), "b": (0, 0)}[name]
    if not first <= layer <= kind.depth + last:
        raise OutOfRange(f"there is no {name} of layer {layer}")
    rows = kind.units(layer + 1) if name in "Wb" else kind.widths[layer] if name in ("h", "dh") else kind.units(layer)
    columns = kind.widths[layer] if name == "W" else 0
    if not 1 <= i <= rows or not (1 if name == "W" else 0) <= k <= columns:
        raise OutOfRange(f"there is no entry {i},{k} of {name} in layer {layer}")


# --- the instances of a claim ----------------------------------------------------------------------------------------


def _instances(claim: Claim, kind: Kind) -> Iterator[dict[str, int]]:
    """Values of the free symbols of a claim within their bounds: all layers, and the first and last of the rows."""
    network = claim.network
    start = dict.fromkeys(network.depth.symbols, kind.depth)
    names = sorted((free_symbols(claim.left) | free_symbols(claim.right)) - start.keys())
    yield from _assigned(names, claim, kind, start)


def _assigned(names: list[str], claim: Claim, kind: Kind, chosen: dict[str, int]) -> Iterator[dict[str, int]]:
    if not names:
        yield chosen
        return
    ready = [n for n in names if not (_bounding(n, claim.known) & set(names) - {n})]
    # layers first: how many rows there are depends on them
    name = min(ready or names, key=lambda n: (_is_row(n, claim), n))
    low, high = _bounds(name, claim, kind, chosen)
    tried = sorted({low, high}) if _is_row(name, claim) and high >= low else range(low, high + 1)
    for i in tried:
        yield from _assigned([n for n in names if n != name], claim, kind, {**chosen, name: i})


def _bounding(name: str, known: Bounds) -> set[str]:
    return {symbol for bound in known.get(name, (None, None)) if bound is not None for symbol in bound.symbols}


def _rows(name: str, claim: Claim) -> Iterator[Dim]:
    """How far an index reaches that is a row or a column of something."""
    for side in (claim.left, claim.right):
        for _, part in subterms(side):
            match part:
                case Entry(operand, row, column):
                    v = operand.wrt if isinstance(operand, Partial) else operand
                    for at, by_columns in ((row, False), (column, True)):
                        if at == Dim(((Symbol(name), 1),)):
                            yield _extent(v, by_columns)


def _extent(v: Expr, by_columns: bool) -> Dim:
    match v:
        case Weight(layer):
            return Dim(((Width(layer), 1),)) if by_columns else Dim(((Units(layer + 1), 1),))
        case Bias(layer):
            return Dim(((Units(layer + 1), 1),))
        case Hidden(layer):
            return Dim(((Width(layer), 1),))
        case PreActivation(layer):
            return Dim(((Units(layer), 1),))
    return dim(1)


def _is_row(name: str, claim: Claim) -> bool:
    return any(True for _ in _rows(name, claim))


def _bounds(name: str, claim: Claim, kind: Kind, chosen: dict[str, int]) -> tuple[int, int]:
    lower, upper = claim.known.get(name, (None, None))
    low = 1 if lower is None else size_of(lower, chosen, kind)
    if upper is not None:
        return low, size_of(upper, chosen, kind)
    if not _is_row(name, claim):
        return low, kind.depth
    ends = []
    for end in _rows(name, claim):
        try:
            ends.append(size_of(end, chosen, kind))
        except OutOfRange:
            # under the bound index of a sum; another place says how far it reaches
            continue
    return low, min(ends, default=1)


def _depths(claim: Claim) -> list[int]:
    depth = claim.network.depth
    if depth.is_constant:
        return [depth.constant]
    (name,) = depth.symbols
    lower, upper = claim.known.get(name, (None, None))
    low = lower.constant if lower is not None and lower.is_constant else 1
    high = upper.constant if upper is not None and upper.is_constant else max(SAMPLED)
    return list(range(max(1, low), high + 1))


def _kind(network: RandomMLP, units: tuple[int, ...], points: int) -> Kind:
    """Distributions for a network of the same kind with so many units in each layer."""
    *layers, output = units
    widths = network.widths or (*(n + 1 if network.augmented else n for n in layers), output)
    return _made(network, widths, points)


@lru_cache(maxsize=64)
def _made(network: RandomMLP, widths: tuple[int, ...], points: int) -> Kind:
    draws = network.draws
    bare = Kind(widths, network.bias, network.activation.name, draws, lambda layer: None)

    def variance(layer: int) -> Fraction | None:
        said = draws.variance_at(dim(layer))
        return None if said is None else Fraction(value(said, _Constants(bare), {"L": bare.depth}))

    return Kind(widths, network.bias, network.activation.name, draws, variance, points)


@dataclass(frozen=True)
class _Constants:
    """No random values at all: what a variance is given by."""

    kind: Kind

    def entry(self, atom: Atom) -> Any:
        raise Unvalued(f"{atom} is random")

    def applied(self, order: int, value: Any, function: str) -> Any:
        raise Unvalued(f"{function} is not rational")

    def mean(self, operand: Expr, symbols: dict[str, int]) -> Any:
        raise Unvalued(f"the mean of {operand} is not a constant")


# --- the exact judge -------------------------------------------------------------------------------------------------


class Enumerated:
    """All outcomes of what one mean needs, one mean after another."""

    def __init__(self, kind: Kind, top: int) -> None:
        self.kind, self.top = kind, top
        self._values: dict[Atom, Any] = {}

    def mean(self, operand: Expr, symbols: dict[str, int]) -> Fraction:
        key = (self.top, _key(operand, symbols))
        if key not in self.kind.means:
            self.kind.means[key] = self._enumerated(operand, symbols)
        return self.kind.means[key]

    def _enumerated(self, operand: Expr, symbols: dict[str, int]) -> Fraction:
        import numpy as np

        asked = Asked(self.kind)
        value(operand, asked, symbols)
        _consistent(asked.atoms, self.kind)
        drawn, weights = outcomes(Needs(self.kind, self.top).plan(asked.atoms))
        self._values = {atom: np.array(values, dtype=object) for atom, values in drawn.items()}
        found = value(operand, self, symbols)
        total = np.sum(found * np.array(weights, dtype=object))
        return Fraction(total) / sum(weights)

    def entry(self, atom: Atom) -> Any:
        if atom not in self._values:
            self._values[atom] = computed(atom, self)
        return self._values[atom]

    def applied(self, order: int, value: Any, function: str) -> Any:
        import numpy as np

        if function != self.kind.activation:
            raise Unvalued(f"{function} is not the activation of the network")
        cache: dict[int, int] = {}
        return np.array([cache.setdefault(v, self.kind.slope(v, order)) for v in value], dtype=object)


class Asked:
    """Notes which entries are asked for."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.atoms: set[Atom] = set()

    def entry(self, atom: Atom) -> int:
        self.atoms.add(atom)
        return 1

    def applied(self, order: int, value: Any, function: str) -> int:
        return 1

    def mean(self, operand: Expr, symbols: dict[str, int]) -> int:
        value(operand, self, symbols)
        return 1


def _key(operand: Expr, symbols: dict[str, int]) -> Hashable:
    """What a mean depends on."""
    return operand, tuple(sorted((name, i) for name, i in symbols.items() if name in free_symbols(operand)))


def computed(atom: Atom, space: Any) -> Any:
    """An entry that is not drawn, by the forward equations and the chain rule.

    `z_{l+1} = W_l h_l`, `h_l = g(z_l)`, `∂L/∂h_l = W_lᵀ ∂L/∂z_{l+1}`, `∂L/∂z_l = g'(z_l) ∂L/∂h_l`.
    """
    kind: Kind = space.kind
    name, layer, row, _ = atom
    match name:
        case "h" if row > kind.units(layer):
            return 1
        case "h":
            return space.applied(0, space.entry(("z", layer, row, 0)), kind.activation)
        case "z":
            columns = range(1, kind.widths[layer - 1] + 1)
            total = sum(space.entry(("W", layer - 1, row, k)) * space.entry(("h", layer - 1, k, 0)) for k in columns)
            return total + space.entry(("b", layer - 1, row, 0)) if kind.bias == "separate" else total
        case "dh":
            rows = range(1, kind.units(layer + 1) + 1)
            return sum(space.entry(("W", layer, i, row)) * space.entry(("dz", layer + 1, i, 0)) for i in rows)
        case "dz":
            slope = space.applied(1, space.entry(("z", layer, row, 0)), kind.activation)
            return slope * space.entry(("dh", layer, row, 0))
    raise Unvalued(f"{atom} is drawn")


def _consistent(asked: set[Atom], kind: Kind) -> None:
    """Raise `Unvalued` for what the assumption on gradients says nothing of.

    With it, pre-activations are any: not those that weights in the same claim make.
    """
    if not kind.draws.independent_gradients:
        if any(name in ("dz", "dh") for name, *_ in asked):
            raise Unvalued("the law of a gradient follows from nothing that is assumed")
        return
    layers = {layer for name, layer, *_ in asked if name in ("z", "h")}
    weights = {layer for name, layer, *_ in asked if name in "Wb"}
    if len(layers) > 1 or any(w < z for w in weights for z in layers):
        raise Unvalued("the pre-activations of one layer only are assumed, not how they come from those before")


def _top(claim: Claim, symbols: dict[str, int], kind: Kind) -> int:
    """The last layer of which the gradient is drawn: the highest that the claim names."""
    asked = Asked(kind)
    for side in (claim.left, claim.right):
        value(side, asked, symbols)
    return max((layer + (name == "dh") for name, layer, *_ in asked.atoms if name in ("dz", "dh")), default=0)


def exact(claim: Claim) -> Outcome:
    """Both sides by enumeration, at every depth up to 3 and several lists of distinct widths and of distributions."""
    if claim.relation != "=":
        return Undecided(f"{claim.relation} between means is not enumerated")
    if not isinstance(claim.network, RandomMLP):
        return Undecided("this network does not say what its weights are drawn from")
    tried, reason = 0, "no depth that is enumerated is within what is known"
    depths: set[int] = set()
    for depth in _depths(claim):
        for units in SHAPES.get(depth, ()):
            for points in (2, 3):
                kind = _kind(claim.network, units, points)
                try:
                    for symbols in _instances(claim, kind):
                        found = _compared(claim, _where_given(claim, kind, symbols), symbols)
                        if isinstance(found, Refuted):
                            return found
                        tried += 1
                        depths.add(depth)
                except TooMany:
                    reason = f"more than the {points}-point outcomes that are enumerated"
                except (Unvalued, OutOfRange) as error:
                    reason = str(error)
    if not tried:
        return Undecided(f"no mean was enumerated: {reason}")
    return Supported(tried, f"all outcomes of finite distributions, depth {min(depths)} to {max(depths)}, exactly")


def _compared(claim: Claim, kind: Kind, symbols: dict[str, int]) -> Refuted | None:
    space = Enumerated(kind, _top(claim, symbols, kind))
    one, two = (Fraction(value(side, space, symbols)) for side in (claim.left, claim.right))
    if one == two:
        return None
    where = "".join(f", {name} = {n}" for name, n in symbols.items() if name not in claim.network.depth.symbols)
    widths = ",".join(map(str, kind.widths))
    return Refuted(f"widths {widths}{where}, weights of {kind.points} values: {one} on the left, {two} on the right")


def _where_given(claim: Claim, kind: Kind, symbols: dict[str, int]) -> Kind:
    """The kind with the variance of the weights at which the equations assumed hold.

    Raises:
        Unvalued: where no one variance makes them hold.
    """
    if not claim.given:
        return kind

    def gaps(variance: Fraction) -> list[Fraction]:
        space = Enumerated(replace(kind, variance=lambda layer: variance), 0)
        sides = ((value(side, space, symbols) for side in chain.sides) for chain in claim.given)
        return [Fraction(one) - Fraction(two) for one, two in sides]

    one, two = gaps(Fraction(1))[0], gaps(Fraction(2))[0]
    root = 1 - one / (two - one) if two != one else Fraction(0)
    if root <= 0 or any(gaps(root)):
        raise Unvalued("no variance of the weights makes the equations assumed hold")
    return replace(kind, variance=lambda layer: root)


# --- the numeric judge -----------------------------------------------------------------------------------------------


class Sampled:
    """Random draws, in batches: a mean is one number for each batch."""

    def __init__(self, kind: Kind, top: int) -> None:
        import numpy as np

        self.kind, self.top = kind, top
        self._rng = np.random.default_rng(SEED)
        self._values: dict[Atom, Any] = {}
        self._shared: dict[tuple[str, int], Any] = {}
        self._means: dict[Hashable, Any] = {}

    def mean(self, operand: Expr, symbols: dict[str, int]) -> Any:
        key = _key(operand, symbols)
        if key not in self._means:
            self._means[key] = self._mean(operand, symbols)
        return self._means[key]

    def _mean(self, operand: Expr, symbols: dict[str, int]) -> Any:
        import numpy as np

        asked = Asked(self.kind)
        value(operand, asked, symbols)
        _consistent(asked.atoms, self.kind)
        return np.mean(value(operand, self, symbols) * np.ones((BATCHES, SAMPLES)), axis=1)

    def entry(self, atom: Atom) -> Any:
        if atom not in self._values:
            self._values[atom] = self._drawn(atom)
        return self._values[atom]

    def applied(self, order: int, value: Any, function: str) -> Any:
        if function != self.kind.activation:
            raise Unvalued(f"{function} is not the activation of the network")
        return _function(function, order)(value)

    def _drawn(self, atom: Atom) -> Any:
        name, layer, _, column = atom
        kind = self.kind
        normal = self._rng.standard_normal
        size = (BATCHES, SAMPLES)
        if name in "Wb":
            is_bias = name == "b" or (kind.bias == "augmented" and column == kind.widths[layer])
            if is_bias and kind.draws.biases == "zero":
                return 0.0
            variance = kind.variance(layer)
            scale = math.sqrt((layer + 2) / 4 if variance is None else float(variance))
            return scale * (normal(size) if kind.draws.symmetric else self._rng.exponential(size=size) - 1)
        if name == "h" and layer == 0 and atom[2] <= kind.units(0):
            return normal(size) * atom[2] / 2 + 0.5
        if name == "z" and kind.draws.independent_gradients:
            return normal(size) * self._common("z", layer)
        if name == "dz" and layer == self.top:
            drawn = normal(size) * self._common("dz", layer)
            return drawn if layer <= kind.depth else drawn * atom[2] + 1
        return computed(atom, self)

    def _common(self, name: str, layer: int) -> Any:
        """What all units of a layer share, so that they are alike and depend on each other."""
        if (name, layer) not in self._shared:
            self._shared[name, layer] = self._rng.uniform(0.5, 1.5, (BATCHES, SAMPLES))
        return self._shared[name, layer]


def _function(name: str, order: int) -> Callable[[Any], Any]:
    """An activation over arrays; for one of which nothing is known, a curve without symmetry."""
    from symbackprop.activations import activation
    from symbackprop.numeric.slopes import function

    if activation(name).is_generic:
        return _curve(order)
    return function(name, order)


def _curve(order: int) -> Callable[[Any], Any]:
    import numpy as np

    return (lambda z: np.sin(z) + 0.3 * z + 0.5) if order == 0 else (lambda z: np.cos(z) + 0.3)


def numeric(claim: Claim) -> Outcome:
    """Both sides by Monte Carlo, at each depth up to 4: they must agree within six standard errors.

    The error is that of the mean over batches of the difference of both sides.
    """
    if claim.relation != "=":
        return Undecided(f"{claim.relation} between means is not sampled")
    if not isinstance(claim.network, RandomMLP):
        return Undecided("this network does not say what its weights are drawn from")
    tried, reason, worst = 0, "no depth that is sampled is within what is known", 0.0
    for depth in _depths(claim):
        if depth not in SAMPLED and claim.network.widths is None:
            continue
        kind = _kind(claim.network, SAMPLED.get(depth, ()), 2)
        try:
            for symbols in _instances(claim, kind):
                gap, error, scale = _sampled(claim, kind, symbols)
                tried += 1
                if abs(gap) > ERRORS * error + 1e-9 * scale:
                    at = "".join(f", {n} = {i}" for n, i in symbols.items())
                    widths = ",".join(map(str, kind.widths))
                    return Refuted(f"widths {widths}{at}: the sides differ by {gap:.3g} ± {error:.1g}")
                worst = max(worst, error / scale if scale else 0.0)
        except (Unvalued, OutOfRange) as error:
            reason = str(error)
    if not tried:
        return Undecided(f"nothing was sampled: {reason}")
    return Supported(
        tried, f"Monte Carlo, {BATCHES * SAMPLES} draws each, within 6 standard errors of at most {worst:.1g}"
    )


def _sampled(claim: Claim, kind: Kind, symbols: dict[str, int]) -> tuple[float, float, float]:
    """The difference of both sides, its standard error, and how large the sides are."""
    import numpy as np

    top = _top(claim, symbols, kind)
    space = Sampled(_where_given(claim, kind, symbols), top) if claim.given else _samples(kind, top)
    one, two = (value(side, space, symbols) * np.ones(BATCHES) for side in (claim.left, claim.right))
    gap = np.asarray(one - two, dtype=float)
    scale = float(np.mean(np.abs(one)) + np.mean(np.abs(two)))
    return float(np.mean(gap)), float(np.std(gap, ddof=1) / math.sqrt(BATCHES)), scale


@lru_cache(maxsize=8)
def _samples(kind: Kind, top: int) -> Sampled:
    """The same draws for all claims about a network."""
    return Sampled(kind, top)
