"""What stands in some lines: one example of each kind of node, for the sentences that lines need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

from symbackprop.derivation import Derivation
from symbackprop.dims import Bounds
from symbackprop.equations import Network
from symbackprop.expr import LOSS, Expr, Named, Partial
from symbackprop.network import MLP
from symbackprop.notations import Notation
from symbackprop.notations import notation as notation_named
from symbackprop.tree import Node, children


@dataclass(frozen=True)
class Used:
    """What stands in some lines: one example of each kind of node.

    Attributes:
        named: the variables that are of no layer, by name.
        numerator: whether they are in numerator layout.
        known: bounds of the free integer symbols.
        notation: that they are to be written in.
        gradients: the gradients of the loss among them.
    """

    network: MLP | Network
    examples: dict[type[Node], Node]
    named: tuple[Named, ...] = ()
    numerator: bool = False
    known: Bounds = field(default_factory=dict)
    notation: Notation = field(default_factory=lambda: notation_named("lecture"))
    gradients: tuple[Partial, ...] = ()

    def has(self, kind: type[Node]) -> bool:
        return kind in self.examples


def used(derivation: Derivation, notation: Notation | None = None) -> Used:
    """What kinds of nodes a derivation has, its subproofs included."""
    letters = notation or notation_named("lecture")
    examples, named, gradients = _examples(_all(derivation))
    return Used(derivation.network, examples, named, derivation.numerator, derivation.known, letters, gradients)


def used_in(
    network: Network,
    derivations: Sequence[Derivation],
    others: Iterable[Node] = (),
    notation: Notation | None = None,
) -> Used:
    """What kinds of nodes some derivations about one network have, and other lines beside them."""
    lines = [*others, *(line for derivation in reversed(derivations) for line in _all(derivation))]
    is_numerator = any(derivation.numerator for derivation in derivations)
    letters = notation or notation_named("lecture")
    examples, named, gradients = _examples(lines)
    return Used(network, examples, named, is_numerator, notation=letters, gradients=gradients)


def _examples(lines: list[Node]) -> tuple[dict[type[Node], Node], tuple[Named, ...], tuple[Partial, ...]]:
    """One example of each kind of node, those of later lines first; all variables of no layer; all gradients."""
    examples: dict[type[Node], Node] = {}
    # in order: that of a set would make each run another document
    seen: dict[Node, None] = {}
    waiting = list(lines)
    while waiting:
        e = waiting.pop()
        if e not in seen:
            seen[e] = None
            examples.setdefault(type(e), e)
            waiting += children(e)
    # `c` rather than `c_l`, where both stand
    named = {e.name: e for e in sorted(filter(_is_named, seen), key=lambda e: e.index is None)}
    gradients = tuple(e for e in seen if isinstance(e, Partial) and e.of == LOSS)
    return examples, tuple(named[name] for name in sorted(named)), tuple(sorted(gradients, key=str))


def _is_named(e: Node) -> TypeGuard[Named]:
    return isinstance(e, Named)


def _all(derivation: Derivation) -> list[Node]:
    """Its lines, the result last, so that it gives the examples."""
    return [*(side for chain in derivation.given for side in chain.sides), *_lines(derivation), derivation.result]


def _lines(derivation: Derivation) -> Iterator[Expr]:
    yield from derivation.lines
    for step in derivation.steps:
        for proof in step.subproofs:
            yield from _lines(proof)
