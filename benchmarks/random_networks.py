"""Every gradient of random networks, beside complex steps at 50 digits through the forward equations.

python -m benchmarks --only random --networks 2000
python -m benchmarks.random_networks 17         one network: its equations, its gradients, and what is wrong
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from time import perf_counter
from types import FrameType
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.evaluation import Array, Explodes, Forward, Key, Symbols, Values, by_complex_step, key_of, mp
from benchmarks.growing import Grown, grown
from benchmarks.plan import Plan
from benchmarks.table import Row, duration
from symbackprop.adjoints import HADAMARD, JACOBIAN
from symbackprop.asked import all_gradients, gradient_of
from symbackprop.derivation import Derivation
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Named, Partial, Variable

# both sides have 60 digits or more; what cancels may take some of them
TOLERANCE = mp.mpf(10) ** -50
# seconds for the derivations of one network
PATIENCE = 60
# points at which numbers explode are drawn again
DRAWS = 4


@dataclass
class Count:
    """What came out.

    Attributes:
        right, wrong: gradients; `wrong` as words.
        refused: networks, or questions about them, by the words of the refusal.
        seconds: of the derivations.
    """

    networks: int = 0
    right: int = 0
    checked: int = 0
    wrong: list[str] = field(default_factory=list)
    refused: dict[str, list[int]] = field(default_factory=dict)
    unusable: int = 0
    seconds: float = 0.0
    slowest: tuple[float, int] = (0.0, 0)

    def refuse(self, words: str, seed: int) -> None:
        self.refused.setdefault(words, []).append(seed)


class Point:
    """The values of the inputs and parameters of a network, drawn from its seed."""

    def __init__(self, made: Grown, seed: int, scale: float = 1.0) -> None:
        self.made, self.scale = made, scale
        self.random = Random(f"{seed} {scale}")
        self.drawn: dict[Key, Array] = {}
        self.forward = Forward(made.network.equations, self.leaf, made.sizes)

    def extent(self, key: Key) -> tuple[int, int]:
        """Rows and columns as numbers."""
        name, at = key
        from symbackprop.dims import dim

        rows, columns = self.made.network.shape_of(Named(name, None if at is None else dim(at)))
        values = self.forward.values
        return values.size(rows, {}), values.size(columns, {})

    def leaf(self, key: Key) -> Array:
        """The value of an input or a parameter."""
        if key not in self.drawn:
            drawn = np.empty(self.extent(key), dtype=object)
            for place in np.ndindex(*drawn.shape):
                drawn[place] = mp.mpf(self.random.gauss(0, 1) * self.scale)
            if key[0] in self.made.targets:
                # targets of a cross-entropy sum to 1
                drawn = drawn * drawn
                drawn = drawn / drawn.sum()
            self.drawn[key] = drawn
        return self.drawn[key]

    def by_steps(self, key: Key) -> Array:
        """The gradient by a variable, by complex steps."""
        equations = self.made.network.equations
        return by_complex_step(equations, self.leaf, self.made.sizes, key, self.extent(key))


class Lines:
    """The gradients of a derivation as numbers: each line at every index that it is about."""

    def __init__(self, lines: tuple[Derivation, ...], point: Point) -> None:
        self.lines, self.point = lines, point
        self.values = Values(point.forward.variable, self.partial, point.made.sizes)
        self.found: dict[Key, Array] = {}

    def partial(self, wrt: Variable, symbols: Symbols) -> Array:
        key = key_of(wrt, self.values, symbols)
        if key not in self.found:
            for line in self.lines:
                at = self._at(line, key)
                if at is not None:
                    self.found[key] = self.values.of(line.result, at)
                    break
            else:
                raise LookupError(f"no line for the gradient by {key[0]} at {key[1]}")
        return self.found[key]

    def _at(self, line: Derivation, key: Key) -> Symbols | None:
        """The numbers for the letters of a line at which it is about a variable; None where it is not."""
        if not isinstance(line.start, Partial) or not isinstance(line.start.wrt, Variable):
            return None
        for symbols in self.members(line):
            if key_of(line.start.wrt, self.values, symbols) == key:
                return symbols
        return None

    def members(self, line: Derivation) -> list[Symbols]:
        """The numbers for the letter of a line."""
        assert isinstance(line.start, Partial) and isinstance(line.start.wrt, Variable)
        at = line.start.wrt.index
        letters = [] if at is None else sorted(at.symbols - set(self.point.made.sizes))
        if not letters:
            return [{}]
        (name,) = letters
        low, high = line.known[name]
        assert low is not None and high is not None
        return [{name: i} for i in range(self.values.size(low, {}), self.values.size(high, {}) + 1)]


def differs(found: Array, wanted: Array) -> Any:
    """By how much two arrays differ, beside the largest entry; None if they do not."""
    if found.shape != wanted.shape:
        return f"the shape {found.shape} instead of {wanted.shape}"
    size = max([mp.mpf(1), *(abs(entry) for entry in wanted.flat)])
    off = max(abs(a - b) for a, b in zip(found.flat, wanted.flat, strict=True)) / size
    return f"off by {mp.nstr(off, 3)}" if not off < TOLERANCE else None


class _Late(Exception):
    pass


def _alarm(number: int, frame: FrameType | None) -> None:
    raise _Late


def check(seed: int, count: Count, patience: int = PATIENCE) -> None:
    """Derive the gradients of the network of a seed in both styles, and one variable written out; compare all."""
    made = grown(seed)
    count.networks += 1
    point = _usable(made, seed)
    if point is None:
        count.unusable += 1
        return
    style = (HADAMARD, JACOBIAN)[seed % 2]
    wanted: dict[Key, Array] = {}
    begun = perf_counter()
    signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(patience)
    try:
        topic = all_gradients(made.network, style)
        asked = _asked(made, seed)
        one = gradient_of(asked, made.network, style) if asked is not None else None
    except _Late:
        count.refuse(f"not done within {patience} s", seed)
        return
    except (SymbackpropError, LookupError) as error:
        count.refuse(f"{type(error).__name__}: {_in_general(str(error))}", seed)
        return
    except Exception as error:
        count.wrong.append(f"network {seed}: {type(error).__name__}: {error}")
        return
    finally:
        signal.alarm(0)
    taken = perf_counter() - begun
    count.seconds += taken
    count.slowest = max(count.slowest, (taken, seed))
    _compare(seed, topic.derivations, point, wanted, count, "")
    if one is not None:
        _compare(seed, one.derivations, point, wanted, count, " written out")


def _usable(made: Grown, seed: int) -> Point | None:
    for turn in range(DRAWS):
        point = Point(made, seed, 2.0**-turn)
        try:
            loss = point.forward.loss
            if not abs(loss) < mp.mpf(10) ** 12:
                continue
        except (Explodes, ZeroDivisionError, OverflowError):
            continue
        return point
    return None


def _asked(made: Grown, seed: int) -> Named | None:
    """A variable of the network by which the loss can be differentiated."""
    found = [v for v in made.network.inputs if isinstance(v, Named) and made.network.computed_from(LOSS, v, {})]
    return Random(seed).choice(found) if found else None


def _compare(
    seed: int, lines: tuple[Derivation, ...], point: Point, wanted: dict[Key, Array], count: Count, how: str
) -> None:
    values = Lines(lines, point)
    if how:
        # the last line stands for itself: what it puts in is its own
        values = Lines((lines[-1], *lines[:-1]), point)
        lines = lines[-1:]
    for line in lines:
        if not isinstance(line.start, Partial) or not isinstance(line.start.wrt, Variable):
            continue
        for symbols in values.members(line):
            key = key_of(line.start.wrt, values.values, symbols)
            try:
                if key not in wanted:
                    wanted[key] = point.by_steps(key)
                found = values.values.of(line.result, symbols)
            except (Explodes, ZeroDivisionError):
                count.unusable += 1
                continue
            except Exception as error:
                count.wrong.append(f"network {seed}: {line.start}{how}: {type(error).__name__}: {error}")
                continue
            off = differs(found, wanted[key])
            count.checked += 1
            count.right += off is None
            if off is not None:
                count.wrong.append(f"network {seed}: {line.start}{how} at {key[1]}: {off}")


def _in_general(words: str) -> str:
    """The first words of a refusal, without what is special to a network."""
    return " ".join(word for word in words.split()[:14] if not any(letter.isdigit() for letter in word))


# --- rows -------------------------------------------------------------------------------------------------------------


def compared(plan: Plan) -> Iterator[Row]:
    """Right, wrong and refused among the gradients of random networks."""
    count = Count()
    for seed in range(plan.networks):
        check(seed, count)
    yield from rows(count)


def rows(count: Count) -> Iterator[Row]:
    """The table's rows of what came out."""
    refused = sum(map(len, count.refused.values()))
    numbers = {"right": count.right, "wrong": count.wrong, "refused": count.refused, "unusable": count.unusable}
    yield Row(
        "random",
        f"{count.networks:,} random networks: gradients",
        f"{count.right:,} right, {len(count.wrong)} wrong",
        f"complex steps at 50 digits; {refused} refused, {count.unusable} not comparable",
        "0 wrong",
        ok=not count.wrong and count.right > 0,
        numbers=numbers,
    )
    yield Row(
        "random",
        f"{count.networks:,} random networks: time to derive",
        f"{duration(count.seconds / max(1, count.networks))} each",
        f"the slowest {duration(count.slowest[0])} (network {count.slowest[1]})",
        numbers={"seconds": count.seconds},
    )
    for peer in peers.PEERS:
        measured = "installed, not compared" if peers.is_installed(peer) else "not installed"
        yield Row("random", f"random networks beside {peer}", measured)


def main(arguments: list[str]) -> int:
    """One network, or several, by their seeds."""
    count = Count()
    first, *rest = map(int, arguments)
    for seed in range(first, rest[0]) if rest else [first]:
        if not rest:
            for equation in grown(seed).network.equations:
                print(equation.left, "=", equation.right)
            print({str(v): tuple(map(str, s)) for v, s in grown(seed).network._members.items()})
        begun = perf_counter()
        before = len(count.wrong)
        check(seed, count)
        for words in count.wrong[before:]:
            print(words, flush=True)
        if perf_counter() - begun > 5:
            print(f"network {seed}: {perf_counter() - begun:.1f} s", flush=True)
    for words, seeds in count.refused.items():
        print(len(seeds), words, seeds[:5])
    print(f"{count.networks} networks, {count.checked} gradients, {count.right} right, {len(count.wrong)} wrong")
    print(f"unusable {count.unusable}, seconds {count.seconds:.1f}, slowest {count.slowest}")
    return int(bool(count.wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
