"""The judge that differentiates entry by entry: SymPy, on the explicit scalar loss at small widths.

Both sides of a claim are read as explicit matrices (`symbackprop.explicit`), every derivative being SymPy's own, and
compared entry by entry at random points of exact rationals. No rule of a derivation takes part.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import mpmath
import sympy
from sympy import ImmutableDenseMatrix as Matrix

from symbackprop import expr
from symbackprop.dims import ONE
from symbackprop.equations import Network
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.explicit import OutOfRange, Reading, explicit
from symbackprop.expr import LOSS, Expr, Target
from symbackprop.judges import hypotheses
from symbackprop.judges.claim import Claim
from symbackprop.judges.evaluation import DIGITS, WORKING, NotEvaluable, Point
from symbackprop.judges.field import targets_sum_to_one
from symbackprop.judges.outcome import Outcome, Refuted, Supported, Undecided
from symbackprop.judges.settings import Setting
from symbackprop.judges.small import Instance, enough, instances, reading, settings
from symbackprop.magnitudes import OverUnit, SingularValueAt, SpectralSum
from symbackprop.matrices import matrix
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.shapes import shape
from symbackprop.tree import subterms

POINTS = 3
SHOWN = 8  # symbols of a counterexample


def judge(claim: Claim) -> Outcome:
    """What SymPy says of an equality, entry by entry at small widths.

    Returns:
        `Refuted` with a counterexample, `Supported` with the number of points at which both sides agreed exactly, or
        `Undecided` with the reason.
    """
    if claim.relation != "=":
        return Undecided(f"SymPy compares entries for equality only, not for {claim.relation}")
    if claim.given:
        return Undecided(f"SymPy makes no points at which {hypotheses.says(hypotheses.assumed(claim)[0])} holds")
    if not isinstance(claim.network, MLP | Quantities):
        return Undecided("this network takes neither widths nor sizes, so there are none to try it at")
    if isinstance(claim.network, MLP) and claim.network.scheme is not None:
        return Undecided("SymPy takes minutes to differentiate the roots of a normalized network: it is not asked")
    if claim.network.definition(LOSS, {}) is None and any(_names_loss(side) for side in (claim.left, claim.right)):
        return Undecided("this network has no equation for its loss, so there is nothing to differentiate")
    spectral = next((e for side in (claim.left, claim.right) for e in _spectral(side, claim.network)), None)
    if spectral is not None:
        return Undecided(f"{spectral} is a root of a polynomial in the entries, which SymPy does not compare exactly")
    seen: list[str] = []
    reasons: list[str] = []
    missing: list[tuple[Instance, str]] = []
    depths: set[int] = set()
    samples = 0
    for setting in settings(claim):
        if len(depths) == enough(claim.network) and setting.depth not in depths:
            break
        for instance in instances(claim, setting):
            try:
                found = _compare(instance, claim.network, setting)
            except OutOfRange as error:
                missing.append((instance, str(error)))
                continue
            except (SymbackpropError, NotEvaluable) as error:
                reasons.append(str(error))
                continue
            if isinstance(found, Refuted):
                return found
            samples += found
            depths.add(setting.depth)
            seen.append(instance.where)
    if reasons and not samples:
        return Undecided(reasons[0])
    if not samples:
        return _one_sided(missing)
    return Supported(samples, f"SymPy entry by entry, {seen[0]} to {seen[-1]}")


def _names_loss(e: Expr) -> bool:
    return any(inner == LOSS for _, inner in subterms(e))


# --- comparing -------------------------------------------------------------------------------------------------------


def _one_sided(missing: list[tuple[Instance, str]]) -> Outcome:
    """What to say where nothing could be compared: refuted if only the right side names what does not exist."""
    for instance, why in missing[:1]:
        try:
            explicit(instance.left, instance.reading)
        except SymbackpropError:
            continue
        return Refuted(f"at {instance.where}: {why}")
    return Undecided("it makes sense at none of the depths that were tried")


def _spectral(e: Expr, network: Network) -> Iterator[Expr]:
    """What is no root of a number: singular values, norms of matrices, extremes over unit vectors."""
    for _, inner in subterms(e):
        match inner:
            case expr.SingularValue() | SingularValueAt() | OverUnit() | SpectralSum():
                yield inner
            case expr.Norm(operand, "2") if not _is_column(operand, network):
                yield inner


def _is_column(e: Expr, network: Network) -> bool:
    try:
        return shape(e, network)[1] == ONE
    except ShapeError:
        # what does not conform is refuted where it is read
        return True


def _compare(instance: Instance, network: Network, setting: Setting) -> Refuted | int:
    """The number of points at which both sides agreed, or a counterexample.

    Raises:
        OutOfRange: where a side names something that the network does not have.
        NotEvaluable: where it cannot be told.
    """
    sides = _sides(instance, instance.reading)
    if isinstance(sides, Refuted):
        return sides
    agreed, found = _at_points(instance, instance.reading, sides)
    if found is None or not instance.reading.hidden:
        return agreed if found is None else found
    # they differ for some function in place of a named one: that may have an identity that others do not have
    named = reading(network, setting, opaque=False)
    sides = _sides(instance, named)
    assert not isinstance(sides, Refuted)
    agreed, found = _at_points(instance, named, sides)
    return agreed if found is None else found


def _sides(instance: Instance, reading: Reading) -> tuple[Any, Any] | Refuted:
    """Both sides as matrices, unless their shapes differ or one has none."""
    made = []
    # the right side first: it is the one that may name what does not exist, and that is seen at once
    for side, name in ((instance.right, "right"), (instance.left, "left")):
        try:
            value = explicit(side, reading)
        except OutOfRange:
            raise
        except ShapeError as error:
            return Refuted(f"at {instance.where}: on the {name}, {error}")
        made.append(value if isinstance(value, Matrix) else Matrix([[value]]))
    two, one = made
    if one.shape != two.shape:
        shapes = [" × ".join(map(str, value.shape)) for value in (one, two)]
        return Refuted(f"at {instance.where}: the left side is {shapes[0]} and the right side {shapes[1]}")
    return one, two


def _at_points(instance: Instance, reading: Reading, sides: tuple[Any, Any]) -> tuple[int, Refuted | None]:
    agreed = 0
    for seed in range(POINTS):
        if _difference(instance, sides, _kept_point(reading, seed)) is None:
            agreed += 1
            continue
        # at a point of its own, which knows what it was asked
        point = _point(reading, seed, digits=False)
        found = _difference(instance, sides, point)
        assert found is not None
        return agreed, found if point.rational else _confirmed(instance, reading, sides)
    return agreed, None


@lru_cache(maxsize=256)
def _kept_point(reading: Reading, seed: int) -> Point:
    """One point for every step, so that what stands in several of them is evaluated once."""
    return _point(reading, seed, digits=False)


def _confirmed(instance: Instance, reading: Reading, sides: tuple[Any, Any]) -> Refuted:
    """The counterexample at 50 digits.

    Raises:
        NotEvaluable: if both sides agree there, which proves nothing.
    """
    with mpmath.workdps(WORKING):
        for seed in range(POINTS):
            found = _difference(instance, sides, _point(reading, seed, digits=True))
            if found is not None:
                return found
    raise NotEvaluable(f"both sides agree to {DIGITS} digits, but not by identities that hold for every function")


def _difference(instance: Instance, sides: tuple[Any, Any], point: Point) -> Refuted | None:
    one, two = sides
    for i in range(one.shape[0]):
        for k in range(one.shape[1]):
            a, b = point.at(one[i, k]), point.at(two[i, k])
            if not _equal(a, b, point):
                return _counterexample(instance, (i + 1, k + 1), sides, (a, b), point)
    return None


def _equal(a: Any, b: Any, point: Point) -> bool:
    if not point.digits:
        return bool(a == b)
    return bool(abs(a - b) <= mpmath.mpf(10) ** (10 - DIGITS) * max(abs(a), abs(b), mpmath.mpf(1)))


def _counterexample(
    instance: Instance, place: tuple[int, int], sides: tuple[Any, Any], values: tuple[Any, Any], point: Point
) -> Refuted:
    entry = "" if sides[0].shape == (1, 1) else f"entry {','.join(map(str, place))} "
    shown = [mpmath.nstr(v, 15) if point.digits else str(v) for v in values]
    chosen = [f"{name} = {value}" for name, value in sorted(point.chosen.items())]
    if len(chosen) > SHOWN:
        chosen = [*chosen[:SHOWN], f"… (point {point.seed})"]
    at = f" ({', '.join(chosen)})" if chosen else ""
    return Refuted(f"at {instance.where}: {entry}is {shown[0]} on the left and {shown[1]} on the right{at}")


def _point(reading: Reading, seed: int, digits: bool) -> Point:
    """A point at which hidden units and pre-activations have the values that the forward equations give them."""
    probabilities = targets_sum_to_one(reading.network)

    def value(symbol: sympy.Symbol, point: Point) -> Any:
        if symbol not in reading.origin:
            return None
        variable, i, k = reading.origin[symbol]
        if reading.is_bias_unit(variable, i):
            return point.at(sympy.Integer(1))
        right = reading.definition(variable)
        if right is not None:
            made = matrix(explicit(right, reading))
            return point.at(made[i - 1, k - 1])
        if isinstance(variable, Target) and probabilities and i == reading.size(variable)[0]:
            # targets that sum to 1
            others = reading.symbols(variable)[: i - 1]
            return point.at(1 - sympy.Add(*others))
        return None

    return Point(seed, value, digits)
