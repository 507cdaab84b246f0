"""Compiled gradients of networks, in doubles, beside complex steps at 50 digits.

python -m benchmarks --only compiled --networks 200
python -m benchmarks.compiled 17                one network: its program, and what is wrong
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from benchmarks.cases import CASES, case
from benchmarks.comparison import Count, Point
from benchmarks.evaluation import Array, Explodes, Key
from benchmarks.growing import Grown, grown
from benchmarks.plan import Plan
from benchmarks.random_networks import usable
from benchmarks.table import Row
from symbackprop.errors import SymbackpropError
from symbackprop.numeric.network_gradients import NetworkGradients

# of the largest entry, or of 1: doubles, through up to eight equations
TOLERANCE = 1e-9


def examine(name: str, made: Grown, seed: int, count: Count) -> NetworkGradients | None:
    """Compile the gradients of a network and compare the loss and every gradient at a point."""
    count.networks += 1
    point = usable(made, seed)
    if point is None:
        count.unusable += 1
        return None
    families = {letter: size for letter, size in made.sizes.items() if letter == "T"}
    try:
        compiled = (made.network.given(families) if families else made.network).gradients()
    except SymbackpropError as error:
        count.refuse(str(error), name)
        return None
    try:
        _compare(name, compiled, point, count)
    except Exception as error:
        count.wrong.append(f"{name}: {type(error).__name__}: {error}")
    return compiled


def _compare(name: str, compiled: NetworkGradients, point: Point, count: Count) -> None:
    keys = {each: _key(each, point) for each in compiled.parameters}
    with np.errstate(all="ignore"):
        total, found = compiled({each: _doubles(point.leaf(key)) for each, key in keys.items()})
    wanted = {"the loss": np.asarray(float(point.forward.loss))}
    got = {"the loss": np.asarray(total)}
    for each, gradient in found.items():
        try:
            wanted[each] = _doubles(point.by_steps(keys[each]))
        except (Explodes, ZeroDivisionError):
            count.unusable += 1
            continue
        got[each] = gradient
    for each, gradient in got.items():
        count.checked += 1
        off = differs(gradient, wanted[each])
        count.right += off is None
        if off is not None:
            count.wrong.append(f"{name}: {each}: {off}")


def differs(found: Array, wanted: Array) -> str | None:
    """By how much two arrays of doubles differ; None if they do not."""
    if found.shape != wanted.shape:
        return f"the shape {found.shape} instead of {wanted.shape}"
    off = np.abs(found - wanted).max(initial=0.0) / np.abs(wanted).max(initial=1.0)
    # not a number is no small difference
    return None if off < TOLERANCE else f"off by {off:.3g}"


def _key(name: str, point: Point) -> Key:
    """The variable of a Python name: the grown ones are `a7`, and `x_2` of a family."""
    head, _, place = name.partition("_")
    assert any(v.name == head for v in point.made.network.members)
    return head, int(place) if place else None


def _doubles(array: Array) -> Array:
    return np.array(array).astype(float)


def compared(plan: Plan) -> Iterator[Row]:
    """Right, wrong and refused: among named networks, and among random ones."""
    named = Count()
    for name in CASES:
        examine(name, case(name), 0, named)
    yield _row(named, f"{len(CASES)} cases that others get wrong")
    count = Count()
    for seed in range(plan.networks // 2 if plan.short else plan.networks):
        examine(f"network {seed}", grown(seed), seed, count)
    yield _row(count, f"{count.networks:,} random networks")


def _row(count: Count, what: str) -> Row:
    refused = sum(map(len, count.refused.values()))
    return Row(
        "compiled",
        f"{what}, compiled",
        f"{count.right:,} right, {len(count.wrong)} wrong",
        f"doubles beside complex steps at 50 digits; {refused} refused, {count.unusable} not comparable",
        "0 wrong",
        ok=not count.wrong and count.right > 0,
        numbers={"right": count.right, "wrong": count.wrong, "refused": count.refused, "unusable": count.unusable},
    )


def main(arguments: list[str]) -> int:
    """One network, or several, by their seeds."""
    count = Count()
    first, *rest = map(int, arguments)
    for seed in range(first, rest[0]) if rest else [first]:
        compiled = examine(f"network {seed}", grown(seed), seed, count)
        if compiled is not None and not rest:
            print(compiled.source)
    print(*count.wrong, sep="\n")
    for words, names in count.refused.items():
        print(len(names), words, names[:5])
    print(f"{count.networks} networks, {count.checked} gradients, {count.right} right, {len(count.wrong)} wrong")
    return int(bool(count.wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
