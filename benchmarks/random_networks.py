"""Every gradient of random networks, beside complex steps at 50 digits, and beside PyTorch and JAX where installed.

python -m benchmarks --only random --networks 2000
python -m benchmarks.random_networks 17         one network: its equations, its gradients, and what is wrong
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from random import Random
from time import perf_counter

import symbackprop as sb
from benchmarks import peers
from benchmarks.cases import CASES, case
from benchmarks.comparison import Beside, Comparison, Count, Line, Point, lines_of
from benchmarks.evaluation import Explodes, mp
from benchmarks.growing import Grown, grown
from benchmarks.plan import Plan
from benchmarks.table import Row, duration
from benchmarks.timing import TooLong, limited
from symbackprop.adjoints import HADAMARD, JACOBIAN
from symbackprop.asked import all_gradients, gradient_of
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Named

# seconds for the derivations of one network
PATIENCE = 60
# points at which numbers explode are drawn again
DRAWS = 4


def check(seed: int, count: Count) -> None:
    """Compare the gradients of the network of a seed."""
    examine(f"network {seed}", grown(seed), seed, count)


def examine(name: str, made: Grown, seed: int, count: Count, is_printed: bool = False) -> None:
    """Derive the gradients of a network, and one of them written out; compare all at a point.

    Args:
        seed: of the point; it chooses the style as well.
        is_printed: whether the gradients are also compared as their LaTeX is read.
    """
    count.networks += 1
    point = usable(made, seed)
    if point is None:
        count.unusable += 1
        return
    style = (HADAMARD, JACOBIAN)[seed % 2]
    begun = perf_counter()
    try:
        with limited(PATIENCE):
            topic = all_gradients(made.network, style)
            asked = _asked(made, seed)
            one = gradient_of(asked, made.network, style) if asked is not None else None
    except TooLong:
        count.refuse(f"not done within {PATIENCE} s", name)
        return
    except (SymbackpropError, LookupError) as error:
        count.refuse(f"{type(error).__name__}: {_in_general(str(error))}", name)
        return
    except Exception as error:
        count.wrong.append(f"{name}: {type(error).__name__}: {error}")
        return
    taken = perf_counter() - begun
    count.seconds += taken
    count.slowest = max(count.slowest, (taken, name))
    comparison = Comparison(name, point, count)
    lines = lines_of(topic.derivations)
    comparison.with_steps(lines)
    if one is not None:
        # the last line stands for itself: what it puts in is its own
        comparison.with_steps(lines_of(one.derivations[-1:]), lines_of(one.derivations[:-1]), " written out")
    if is_printed:
        comparison.with_steps([_read(line, made) for line in lines], how=" as printed")
    comparison.with_peers()


def usable(made: Grown, seed: int) -> Point | None:
    """A point of its seed at which the loss is no large number; None where none is found."""
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


def _in_general(words: str) -> str:
    """The first words of a refusal, without what is special to a network."""
    return " ".join(word for word in words.split()[:14] if not any(letter.isdigit() for letter in word))


def _read(line: Line, made: Grown) -> Line:
    """A line as its LaTeX is read."""
    network = made.network
    return Line(line.wrt, sb.parse(sb.latex(line.result, network.reading, network), network=network), line.known)


# --- rows -------------------------------------------------------------------------------------------------------------


def compared(plan: Plan) -> Iterator[Row]:
    """Right, wrong and refused: among named networks, and among random ones."""
    named = Count()
    for name in CASES:
        # both styles, each at a point of its own
        for seed in (0, 1):
            examine(name, case(name), seed, named, is_printed=True)
    yield from rows(named, f"{len(CASES)} cases that others get wrong")
    count = Count()
    for seed in range(plan.networks):
        check(seed, count)
    yield from rows(count, f"{count.networks:,} random networks")


def rows(count: Count, what: str) -> Iterator[Row]:
    """The table's rows of what came out."""
    refused = sum(map(len, count.refused.values()))
    numbers = {"right": count.right, "wrong": count.wrong, "refused": count.refused, "unusable": count.unusable}
    yield Row(
        "random",
        f"{what}: gradients",
        f"{count.right:,} right, {len(count.wrong)} wrong",
        f"complex steps at 50 digits; {refused} refused, {count.unusable} not comparable",
        "0 wrong",
        ok=not count.wrong and count.right > 0,
        numbers=numbers,
    )
    yield Row(
        "random",
        f"{what}: time to derive",
        f"{duration(count.seconds / max(1, count.networks))} each",
        f"the slowest {duration(count.slowest[0])} ({count.slowest[1]})",
        numbers={"seconds": count.seconds},
    )
    for peer in peers.PEERS:
        yield _beside(f"{what} beside {peer}", peer, count.beside.get(peer))


def _beside(figure: str, peer: str, found: Beside | None) -> Row:
    if found is None:
        return Row("random", figure, "not installed")
    return Row(
        "random",
        figure,
        f"{found.same:,} the same, {len(found.others)} not",
        f"{peers.version(peer)}, doubles, to 10 digits; {len(found.refused)} refused, {len(found.at_kinks)} at kinks",
        "0 not the same",
        ok=not found.others and found.same > 0,
        numbers=asdict(found),
    )


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
    for words, names in count.refused.items():
        print(len(names), words, names[:5])
    print(f"{count.networks} networks, {count.checked} gradients, {count.right} right, {len(count.wrong)} wrong")
    print(f"unusable {count.unusable}, seconds {count.seconds:.1f}, slowest {count.slowest}")
    for peer, found in count.beside.items():
        print(*found.others, *found.at_kinks, *found.refused, sep="\n")
        print(f"{peer} {peers.version(peer)}: {found.same} the same, {len(found.others)} not")
        print(f"at kinks {len(found.at_kinks)}, refused {len(found.refused)}")
    return int(bool(count.wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
