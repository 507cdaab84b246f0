"""Which peers with automatic differentiation are installed; nothing here depends on them."""

from __future__ import annotations

from importlib.util import find_spec

PEERS = {"PyTorch": "torch", "JAX": "jax"}


def is_installed(peer: str) -> bool:
    """Whether a peer can be asked."""
    return find_spec(PEERS[peer]) is not None
