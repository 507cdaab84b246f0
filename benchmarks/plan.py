"""How much is measured: everything, or what a minute allows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

Sizes = tuple[int, int, int]


@dataclass(frozen=True)
class Plan:
    """Numbers of repetitions, and the sizes that are tried.

    Attributes:
        pairs: turns of what is compared in pairs.
        cold: fresh processes for a cold figure.
        repeats: calls of a quick figure in process; slow: of a slow one.
        depths: of the growth figures.
        explicit: depths of the network that SymPy differentiates.
        cells: batch, width and depth of the numeric figures, each in both precisions; gates: of those whose time is
            compared with the time at twice the depth.
        samples: matrices of a Monte Carlo spectrum.
        networks: random ones, of which every gradient is compared.
        equations: of the networks of which the time is measured.
        submissions: of a class.
        mutants: wrong answers that are judged; rewrites: right ones, written in other ways.
        turns: rounds over the answers of which the time is measured; pairs_beside: answers given to other packages.
        short: whether a few questions are enough.
    """

    pairs: int
    cold: int
    repeats: int
    slow: int
    depths: tuple[int, ...]
    explicit: tuple[int, ...]
    cells: tuple[Sizes, ...]
    gates: tuple[Sizes, ...]
    samples: int
    networks: int
    equations: tuple[int, ...]
    submissions: int
    mutants: int
    rewrites: int
    turns: int
    pairs_beside: int
    short: bool = False


MOST_WEIGHTS = 64_000_000


def grid(batches: tuple[int, ...], widths: tuple[int, ...], depths: tuple[int, ...]) -> tuple[Sizes, ...]:
    """Batch, width and depth of every cell that is not too large, those with the least work first."""
    made = [cell for cell in product(batches, widths, depths) if cell[1] ** 2 * (cell[2] + 1) <= MOST_WEIGHTS]
    return tuple(sorted(made, key=lambda cell: cell[0] * cell[1] ** 2 * (cell[2] + 1)))


FULL = Plan(
    pairs=15,
    cold=5,
    repeats=31,
    slow=3,
    depths=(10, 30, 100, 300),
    explicit=(1, 2, 3, 4),
    # the first is for SymPy, which ends nowhere else
    cells=((1, 3, 2), *grid((1, 32, 1024), (8, 64, 512, 2048), (2, 8, 32, 128))),
    gates=((1, 8, 64), (1, 64, 32), (1, 512, 8), (32, 8, 64), (32, 64, 32), (32, 512, 8), (1024, 64, 16)),
    samples=10_000,
    networks=100,
    equations=(50, 100, 200),
    submissions=20_000,
    mutants=5_000,
    rewrites=1_000,
    turns=7,
    pairs_beside=500,
)
SHORT = Plan(
    pairs=3,
    cold=1,
    repeats=3,
    slow=1,
    depths=(10, 30),
    explicit=(1, 2),
    cells=((1, 3, 2), (1, 8, 8), (32, 8, 8)),
    gates=((1, 8, 8),),
    samples=200,
    networks=40,
    equations=(10, 20),
    submissions=8,
    mutants=100,
    rewrites=30,
    turns=1,
    pairs_beside=12,
    short=True,
)
