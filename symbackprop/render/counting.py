"""How a notation counts: the values of integer symbols."""

from __future__ import annotations

from collections.abc import Iterable

from symbackprop.dims import Dim
from symbackprop.render.boxes import Box
from symbackprop.render.look import Look, dims_layout
from symbackprop.substitution import counts_layers
from symbackprop.tree import Node


def value_of(name: str, value: Dim, is_layer: bool, look: Look) -> Box:
    """A value of an integer symbol as the notation counts it, tight: the least `l`, or the greatest."""
    return dims_layout(look.notation.value(name, value, is_layer), look, tight=True)


def is_layer_in(name: str, parts: Iterable[Node], look: Look) -> bool:
    """Whether an integer symbol counts layers in some expressions; of interest where those count from 1 alone."""
    return bool(look.notation.first) and any(counts_layers(name, part) for part in parts)
