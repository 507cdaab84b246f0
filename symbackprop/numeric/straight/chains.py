"""In which order the matrices of a product are multiplied, so that it takes the fewest multiplications."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from symbackprop.dims import Dim

# what a size without a number is taken for
USUAL = 100

# a factor by its place, or two parts
Order = int | tuple["Order", "Order"]


def best_order(sizes: Sequence[Dim], diagonals: Collection[int] = ()) -> Order:
    """How to bracket `A_0 A_1 … A_k`, where `A_i` is `sizes[i] × sizes[i + 1]`, and diagonal where it is one of those.

    Dynamic programming over the parts of the chain (Cormen, Leiserson, Rivest and Stein, section on matrix-chain
    multiplication). A vector at an end comes first by itself, as that is what costs least.
    """
    numbers = [estimate(size) for size in sizes]

    @cache
    def best(first: int, last: int) -> tuple[int, Order]:
        if first == last:
            return 0, first
        options = []
        for middle in range(first, last):
            (one, left), (two, right) = best(first, middle), best(middle + 1, last)
            own = numbers[first] * numbers[middle + 1] * numbers[last + 1]
            if any(end in diagonals for end in (left, right)):
                # each entry of the other one by one number
                own //= numbers[middle + 1]
            options.append((one + two + own, (left, right)))
        # of orders that cost the same, from the left
        return min(reversed(options), key=lambda option: option[0])

    return best(0, len(sizes) - 2)[1]


def estimate(size: Dim) -> int:
    """A size as a number, to compare costs by."""
    return size.constant + sum(count * USUAL for _, count in size.terms)
