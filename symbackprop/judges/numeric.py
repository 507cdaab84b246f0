"""The numeric judge: both sides of a claim in float64, at random points of several depths and widths.

A derivative of the loss comes from the hand-written backpropagation, and is checked by a complex step through this
judge's own forward pass; other derivatives come from complex steps alone. No rule is imported, nor the compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import product

import numpy as np

from symbackprop import expr
from symbackprop.dims import Dim, Symbol, dim
from symbackprop.equations import Equation, Network
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Expr
from symbackprop.judges import hypotheses
from symbackprop.judges.claim import Claim
from symbackprop.judges.floats import Missing, NotNumeric, Point
from symbackprop.judges.hypotheses import Plan, Unmade
from symbackprop.judges.outcome import Outcome, Refuted, Supported, Undecided
from symbackprop.judges.settings import FULL, Choice, Effort, Setting, Sizes, kind, levels
from symbackprop.judges.spreads import GAUSSIAN, SPREADS
from symbackprop.judges.stand_ins import GENERIC_ACTIVATIONS, SCALARS, by_formula
from symbackprop.judges.steps import evaluate
from symbackprop.keeping import kept
from symbackprop.network import MLP
from symbackprop.numeric.backprop import ACTIVATIONS, Array
from symbackprop.quantities import Quantities
from symbackprop.substitution import free_symbols, substitute
from symbackprop.tree import parts

# sides agree within this, relative to the larger of them
AGREE = 1e-9
# rounding of a sum in which terms cancel, relative to the largest number met on the way
ROUNDING = 1e-13
# a difference this many times what rounding explains refutes
FAR = 1e3
# combinations of the free indices tried at one point
INDICES = 4
# points of each kind at which an inequality is tried, where one depth has to do
SEARCHES = 6
# by how much a relation fails
RELATIONS: dict[str, Callable[[Array, Array], Array]] = {
    "=": lambda left, right: np.abs(left - right),
    "≤": lambda left, right: left - right,
    "≥": lambda left, right: right - left,
}
FUNCTIONS = (expr.Elementwise, expr.LayerMap, expr.ActivationJacobian)


# points of each list of sizes for an equality of free quantities: a sign that matters shows with probability 1 - 2^-12
SIGNS = 4


@dataclass(frozen=True)
class Counterexample:
    """Numbers at which a relation fails.

    Attributes:
        sizes: the widths, or the sizes in the order of their letters.
        seed: of the random numbers.
        where: in words.
    """

    sizes: tuple[int, ...]
    seed: int
    left: Array
    right: Array
    where: str


@dataclass(frozen=True)
class Compared:
    """One comparison, and what to say of it.

    Attributes:
        result: "agree", "differ", "unclear", "missing" where a side has no meaning, or "unmade" where what the claim
            assumes does not hold.
        at: the numbers of two sides that differ.
    """

    result: str
    note: str = ""
    one_sided: bool = False
    at: Counterexample | None = None


def judge(claim: Claim, effort: Effort = FULL) -> Outcome:
    """What the values of both sides say of a claim.

    It is tried at depths 1 to 8, or the network's own, at two lists of widths for each, with a generic activation taken
    as tanh and as a cubic; in a network of `Quantities`, at three lists of sizes. Equal means within 1e-9 of the larger
    side; a difference refutes where it is over 1,000 times what rounding explains. Samples never prove an inequality:
    one that holds everywhere is `Supported`, after a look for counterexamples at Gaussian points, at points with
    entries 0, and with matrices of less than full rank.

    Args:
        effort: how many depths and lists of sizes are tried.
    """
    if claim.relation not in RELATIONS:
        return Undecided(f"{claim.relation} is not a relation between numbers")
    of_kind = kind(claim.network)
    if of_kind is None:
        return Undecided("this judge gives a network widths or sizes, and this network takes none")
    agreed, unclear = 0, ""
    missing = unmade = ""
    settings: list[Setting] = []
    for level in levels(of_kind, claim.known, effort):
        found: list[tuple[Setting, Compared]] = []
        lists = 0
        for setting in of_kind.settings(level, claim.known, SIZES):
            here = list(_at_setting(claim, setting, effort))
            found += [(setting, compared) for compared in here]
            # sizes at which what is assumed cannot hold say nothing
            lists += any(compared.result != "unmade" for compared in here)
            if lists == effort.lists:
                break
        results = [compared for _, compared in found]
        for compared in results:
            if compared.result == "differ":
                return Refuted(compared.note)
            unclear = unclear or (compared.note if compared.result == "unclear" else "")
            unmade = unmade or (compared.note if compared.result == "unmade" else "")
        good = sum(compared.result == "agree" for compared in results)
        gaps = [compared for compared in results if compared.result == "missing"]
        if good and any(gap.one_sided for gap in gaps):
            return Refuted(next(gap.note for gap in gaps if gap.one_sided))
        missing = gaps[0].note if gaps else missing
        agreed += good
        settings += [setting for setting, compared in found if compared.result == "agree"]
    if unclear:
        return Undecided(unclear)
    if not agreed and effort != FULL:
        # where it has a value only at greater depths
        return judge(claim)
    if not agreed and unmade:
        return Undecided(unmade)
    if not agreed:
        return Undecided(f"the claim has a value at none of the depths tried: {missing}")
    return Supported(agreed, _method(claim, settings, effort))


def counterexample(claim: Claim) -> Counterexample | None:
    """Numbers at which a claim fails by more than rounding explains; None if none of those tried are such."""
    of_kind = kind(claim.network)
    if claim.relation not in RELATIONS or of_kind is None:
        return None
    for level in of_kind.levels(claim.known, FULL.deepest):
        for setting in of_kind.settings(level, claim.known, SIZES):
            for compared in _at_setting(claim, setting, FULL):
                if compared.at is not None:
                    return compared.at
    return None


def _method(claim: Claim, settings: list[Setting], effort: Effort) -> str:
    method = f"{effort.says}float64 within 1e-9, backpropagation by hand and complex steps"
    if claim.relation != "=":
        method += f", no counterexample at points drawn as {', '.join(SPREADS)}"
    method += "".join(f", given {hypotheses.says(each)}" for each in hypotheses.assumed(claim))
    if isinstance(kind(claim.network), Sizes):
        return f"{method}, sizes {'; '.join(dict.fromkeys(setting.says for setting in settings))}"
    return f"{method}, depths {', '.join(map(str, sorted({setting.depth for setting in settings})))}"


def _widths(depth: int, bias_units: bool, least: int, multiple: int) -> list[tuple[int, ...]]:
    """Two lists of widths, in one of which every layer is wider than the one before, in the other narrower."""
    bias = 1 if bias_units or multiple == 1 else 0
    rising = tuple(range(least + bias, least + bias + multiple * (depth + 2), multiple))
    return [rising, (*reversed(rising[:-1]), 2)]


SIZES = Choice(_widths)


def _generics(claim: Claim) -> int:
    """How many functions are tried in place of one of which nothing is known."""
    if isinstance(claim.network, MLP):
        return len(GENERIC_ACTIVATIONS) if claim.network.activation.is_generic else 1
    network = claim.network
    named = network.kept(("functions",), lambda: _functions(*(equation.right for equation in network.equations)))
    named = named.union(*[kept(side, "_functions", _functions) for side in (claim.left, claim.right)])
    return 1 if all(map(_is_known, named)) else len(GENERIC_ACTIVATIONS)


def _functions(*sides: Expr) -> frozenset[str]:
    return frozenset(part.function for side in sides for part in parts(side) if isinstance(part, FUNCTIONS))


def _is_known(name: str) -> bool:
    return name in ACTIVATIONS or name in SCALARS or by_formula(name) is not None


def _is_given(network: Network, setting: Setting) -> bool:
    """Whether the network at a setting is the one that the claim is about: its `given` keeps the forward equations."""
    if type(network) is MLP or not isinstance(network, MLP) or network.widths is not None:
        return True
    return network.kept(("is given", setting.sizes), lambda: _has_equations(network, setting))


def _has_equations(network: MLP, setting: Setting) -> bool:
    at = {name: dim(setting.symbols[name]) for name in network.depth.symbols}

    def placed(equation: Equation) -> tuple[object, ...]:
        sides = (substitute(side, at) for side in (equation.left, equation.right))
        return (*sides, equation.index, equation.lower.at(at), equation.upper.at(at))

    return list(map(placed, network.equations)) == list(map(placed, setting.network.equations))


def _at_setting(claim: Claim, setting: Setting, effort: Effort) -> Iterator[Compared]:
    if not _is_given(claim.network, setting):
        yield Compared("unclear", "a network of one's own is evaluated at its own widths only: give it some")
        return
    plan = hypotheses.plan(claim, setting.symbols)
    # what fails only at some points is looked for at points of several kinds; an equality that holds where a free
    # scalar is positive, at several of one kind
    equality = (GAUSSIAN,) * (SIGNS if isinstance(claim.network, Quantities) and effort == FULL else 1)
    spreads = equality if claim.relation == "=" else tuple(SPREADS) * _searches(claim, effort)
    generics = _generics(claim) if effort == FULL else 1
    seed = 2 * sum(setting.sizes)
    for generic, (number, spread) in product(range(generics), enumerate(spreads)):
        point = _point(setting.network, seed + number + generic, generic, spread, plan)
        try:
            hypotheses.checked(claim, partial(_holds, point=point, setting=setting), point.held)
            for symbols in _spread(list(_symbols(claim, point, setting))):
                yield _compared(claim, point, setting, symbols)
        except Missing as gap:
            # an index has no range here, as that of the entries of what is not there
            yield Compared("missing", f"{setting.says}: {gap}")
        except Unmade as reason:
            yield Compared("unmade", str(reason))
        except (NotNumeric, SymbackpropError) as reason:
            yield Compared("unclear", str(reason))


def _searches(claim: Claim, effort: Effort) -> int:
    """How many points of each kind are looked at for a counterexample at one setting."""
    of_kind = kind(claim.network)
    single = of_kind is None or len(of_kind.levels(claim.known, effort.deepest)) == 1
    # several depths bring points enough
    return SEARCHES if single else 1


@lru_cache(maxsize=512)
def _point(network: Network, seed: int, generic: int, spread: str, plan: Plan) -> Point:
    """The point of a seed; one for all steps of all derivations, so that a derivative is found once."""
    return Point(network, seed, generic, spread=spread, plan=plan)


def _holds(assumed: Claim, point: Point, setting: Setting) -> bool:
    """Whether something that is assumed holds at a point, for the values of its free indices that are tried."""
    results = {_compared(assumed, point, setting, symbols).result for symbols in _symbols(assumed, point, setting)}
    return results == {"agree"}


def _symbols(claim: Claim, point: Point, setting: Setting) -> Iterator[dict[str, int]]:
    """Values of the free symbols: least, greatest and a middle one of each range, within what is known."""
    start = dict(setting.symbols)
    free = sorted((free_symbols(claim.left) | free_symbols(claim.right)) - start.keys())
    layers = [name for name in free if not _indexed_by(claim, name)]
    rows = [name for name in free if name not in layers]

    def extend(names: list[str], chosen: dict[str, int]) -> Iterator[dict[str, int]]:
        if not names:
            yield chosen
            return
        low, high = _range(claim, names[0], point, chosen, setting.depth)
        for value in sorted({low, high, (low + high) // 2}) if low <= high else ():
            yield from extend(names[1:], {**chosen, names[0]: value})

    yield from extend([*layers, *rows], start)


def _spread(items: list[dict[str, int]]) -> list[dict[str, int]]:
    """A few of many, the first and the last among them."""
    if len(items) <= INDICES:
        return items
    return [items[round(i * (len(items) - 1) / (INDICES - 1))] for i in range(INDICES)]


def _range(claim: Claim, name: str, point: Point, chosen: dict[str, int], depth: int) -> tuple[int, int]:
    lower, upper = claim.known.get(name, (None, None))
    low, high = 1, depth
    indexed = _indexed_by(claim, name)
    if indexed and upper is None:
        high = min(_extent(e, point, chosen) for e in indexed)
    if lower is not None:
        low = point.size(lower, chosen)
    if upper is not None:
        high = point.size(upper, chosen)
    return low, high


def _extent(e: tuple[Expr, bool] | expr.ColumnAt, point: Point, chosen: dict[str, int]) -> int:
    if isinstance(e, expr.ColumnAt):
        return point.size(e.width, chosen)
    extent: int = evaluate(e[0], point, chosen).shape[e[1]]
    return extent


def _indexed_by(claim: Claim, name: str) -> list[tuple[Expr, bool] | expr.ColumnAt]:
    """What a symbol is a row or column of, in the left side, else in the right."""
    found: list[tuple[Expr, bool] | expr.ColumnAt] = []
    for side in (claim.left, claim.right):
        for part in parts(side):
            match part:
                case expr.Row(operand, row) if _counts(name, row):
                    found.append((operand, False))
                case expr.Column(operand, column) if _counts(name, column):
                    found.append((operand, True))
                case expr.ColumnAt(_, column, _) if _counts(name, column):
                    found.append(part)
                case expr.Entry(operand, row, column):
                    found += [(operand, False)] if _counts(name, row) else []
                    found += [(operand, True)] if column is not None and _counts(name, column) else []
        if found:
            return found
    return found


def _counts(name: str, place: Dim) -> bool:
    """Whether a symbol counts places; that of the last one, `n_l`, is a layer."""
    return any(isinstance(atom, Symbol) and atom.name == name for atom, _ in place.terms)


def _compared(claim: Claim, point: Point, setting: Setting, symbols: Mapping[str, int]) -> Compared:
    free = {name: value for name, value in symbols.items() if name not in setting.symbols}
    where = setting.says + "".join(f", {name} = {value}" for name, value in free.items()) + f", seed {point.seed}"
    where += "" if point.spread == GAUSSIAN else f" ({point.spread})"
    sides: list[Array] = []
    gaps: list[str] = []
    point.peak = 0.0
    for side in (claim.left, claim.right):
        try:
            sides.append(evaluate(side, point, symbols))
        except Missing as gap:
            gaps.append(str(gap))
        except ShapeError as error:
            return Compared("unclear", f"{where}: {error}")
    if gaps:
        return Compared("missing", f"{where}: {gaps[0]}", one_sided=len(gaps) == 1)
    left, right = sides
    if left.shape != right.shape:
        sizes = [" × ".join(map(str, side.shape)) for side in sides]
        note = f"{where}: the left side is {sizes[0]}, the right side {sizes[1]}"
        return Compared("differ", note, at=Counterexample(setting.sizes, point.seed, left, right, where))
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        if point.spread != GAUSSIAN:
            # 0/0 where a column is 0, say: such a point says nothing
            return Compared("missing", f"{where}: a value is not finite")
        return Compared("unclear", f"{where}: a value is not finite")
    judged = _judged(claim.relation, left, right, point.peak, where)
    if judged.result != "differ":
        return judged
    return replace(judged, at=Counterexample(setting.sizes, point.seed, left, right, where))


def _judged(relation: str, left: Array, right: Array, peak: float, where: str) -> Compared:
    """Two values of one shape: whether they differ by more than rounding explains."""
    bound = max(AGREE * float(max(np.abs(left).max(), np.abs(right).max())), ROUNDING * peak)
    excess = RELATIONS[relation](left, right)
    i, k = np.unravel_index(int(excess.argmax()), excess.shape)
    if excess[i, k] <= bound:
        return Compared("agree")
    numbers = f"{where}: entry {i + 1},{k + 1} is {left[i, k]:.12g} on the left, {right[i, k]:.12g} on the right"
    if excess[i, k] > FAR * bound:
        return Compared("differ", f"{numbers}, {relation} within {bound:.1g}")
    return Compared("unclear", f"{numbers}, too near to tell from rounding ({bound:.1g})")
