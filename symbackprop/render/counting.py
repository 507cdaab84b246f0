"""How a notation counts: the values of integer symbols, and which of those symbols are layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from symbackprop.dims import Dim, Units, Width
from symbackprop.expr import Named, Variable
from symbackprop.render.boxes import Box
from symbackprop.render.look import Look, dims_layout
from symbackprop.substitution import bound_index
from symbackprop.tree import Node, children


def value_of(name: str, value: Dim, is_layer: bool, look: Look) -> Box:
    """A value of an integer symbol as the notation counts it, tight: the least `l`, or the greatest."""
    return dims_layout(look.notation.value(name, value, is_layer), look, tight=True)


def is_layer_in(name: str, parts: Iterable[Node], look: Look) -> bool:
    """Whether an integer symbol counts layers in some expressions; of interest where those count from 1 alone."""
    return bool(look.notation.first) and any(counts_layers(name, part) for part in parts)


def counts_layers(name: str, e: Node) -> bool:
    """Whether an integer symbol is the layer of a variable or of a width, or bounds an index that is."""
    if isinstance(e, Variable):
        return not isinstance(e, Named) and e.index is not None and name in e.index.symbols
    for value in e._values():
        if isinstance(value, Dim) and any(name in atom.layer.symbols for atom in _sizes(value)):
            return True
    inner = bound_index(e)
    if inner == name:
        return False
    is_bound = inner is not None and any(name in end.symbols for end in _own_dims(e))
    return any(counts_layers(name, part) or (is_bound and counts_layers(str(inner), part)) for part in children(e))


def _own_dims(e: Node) -> Iterator[Dim]:
    return (value for value in e._values() if isinstance(value, Dim))


def _sizes(d: Dim) -> Iterator[Width | Units]:
    return (atom for atom, _ in d.terms if isinstance(atom, Width | Units))
