"""Random networks beside PyTorch and JAX, where they are installed: the same forward equations in their arrays."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from benchmarks.evaluation import Array, Key
from benchmarks.growing import Grown

if TYPE_CHECKING:
    from benchmarks.random_networks import Point

PEERS = {"PyTorch": "torch", "JAX": "jax"}


def is_installed(peer: str) -> bool:
    """Whether a peer can be asked."""
    return find_spec(PEERS[peer]) is not None


def beside(made: Grown, point: Point, wanted: dict[Key, Array]) -> Iterator[tuple[str, str]]:
    """Each peer that is installed, with what it differs in, in words."""
    return iter(())
