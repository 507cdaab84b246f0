"""How a course arranges a derivation: families counted by the weights, slopes last, words about rows.

It changes what is printed and nothing that is judged: a layer's letter is replaced by one more or less throughout,
factors of a Hadamard product change their places, and a sentence about the rows of a matrix speaks of its columns where
the matrix is stored the other way.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from symbackprop import expr
from symbackprop.derivation import Derivation, Reason, Shown, Step
from symbackprop.dims import Bounds, Dim, index
from symbackprop.equations import Equation
from symbackprop.notations import Notation
from symbackprop.render.blocks import Math, Table
from symbackprop.render.clauses import Counted
from symbackprop.rules.induction import Induction
from symbackprop.substitution import substitute
from symbackprop.topic import Topic, mapped
from symbackprop.tree import Node, children, rebuild, subterms

E = TypeVar("E", bound=Node)
W = TypeVar("W", bound=Derivation | Topic)
D = TypeVar("D")
LAYER = "l"
# a matrix about columns is its transpose about rows; where factors stand in the other order, the first one is the last
TURNED = {"row": "column", "rows": "columns", "first factor out": "last factor out",
          "factored from the right": "factored from the left", "out to the left": "out to the right"}  # fmt: skip
_EITHER = {**TURNED, **{two: one for one, two in TURNED.items()}}
_WORDS = re.compile(r"\b(" + "|".join(sorted(map(re.escape, _EITHER), key=len, reverse=True)) + r")\b", re.IGNORECASE)


def arranged(what: W, letters: Notation) -> W:
    """A derivation or topic as a course writes it."""
    if letters.slopes == "first" and not letters.renumbers:
        return what
    made: Any = (
        mapped(what, lambda each: _arranged(each, letters)) if isinstance(what, Topic) else _arranged(what, letters)
    )
    return cast(W, made)


def _arranged(what: Derivation, letters: Notation) -> Derivation:
    fall = letters.renumbers if _is_by_weights(what) else 0
    return _Arranging(fall, letters).derivation(what)


def _is_by_weights(what: Derivation) -> bool:
    """Whether a derivation asks for the gradient of the weights or biases of a layer `l`."""
    wrt = what.start.wrt if isinstance(what.start, expr.Partial) else None
    return LAYER in what.known and wrt is not None and is_by_weights(wrt)


def is_by_weights(e: Node) -> bool:
    """Whether weights or biases of layer `l` are in it."""
    return any(isinstance(part, expr.Weight | expr.Bias) and part.index == index(LAYER) for _, part in subterms(e))


class _Arranging:
    """Puts a layer's letter one lower throughout, and slopes last.

    Args:
        fall: by how much the letter falls.
    """

    def __init__(self, fall: int, letters: Notation) -> None:
        self.put = {LAYER: index(LAYER) - fall} if fall else {}
        self.fall = fall
        self.last = letters.slopes == "last"
        self.counts_from = letters.first

    def node(self, e: E) -> E:
        made: Any = substitute(e, self.put) if self.put else e  # type: ignore[arg-type]
        return cast(E, slopes_last(made) if self.last else made)

    def words(self, reason: Reason) -> Reason:
        return tuple(part if isinstance(part, str) else self.node(part) for part in reason)

    def dim(self, d: Dim | None) -> Dim | None:
        return None if d is None else d.at(self.put)

    def known(self, known: Bounds) -> Bounds:
        """The bounds of the symbols; those of the layer rise where its letter falls."""
        made = {name: (self.dim(low), self.dim(high)) for name, (low, high) in known.items()}
        if self.fall and LAYER in known:
            low, high = known[LAYER]
            made[LAYER] = (None if low is None else low + self.fall, None if high is None else high + self.fall)
        return made

    def shown(self, shown: Shown) -> Shown:
        notes = tuple((self.node(part), words) for part, words in shown.notes)
        return replace(shown, notes=notes) if notes else shown

    def step(self, step: Step) -> Step:
        rule, why = step.rule, self.words(step.why)
        if isinstance(rule, Induction):
            rule = replace(rule, lower=rule.lower.at(self.put), upper=rule.upper.at(self.put))
            if self.counts_from:
                why = _counted(why, rule)
        return replace(
            step,
            before=self.node(step.before),
            after=self.node(step.after),
            rule=rule,
            why=why,
            known=self.known(step.known),
            subproofs=tuple(map(self.derivation, step.subproofs)),
            shown=self.shown(step.shown),
        )

    def derivation(self, what: Derivation) -> Derivation:
        return replace(
            what,
            start=self.node(what.start),
            steps=tuple(map(self.step, what.steps)),
            known=self.known(what.known),
            given=tuple(map(self.node, what.given)),
        )


def _counted(why: Reason, rule: Induction) -> Reason:
    """The first and the last value of an induction, as the course counts layers."""
    ends: dict[Node, Node] = {expr.Size(end): Counted(rule.on, end) for end in (rule.lower, rule.upper)}
    return tuple(part if isinstance(part, str) else ends.get(part, part) for part in why)


def slopes_last(e: E) -> E:
    """The same with the slopes of an activation behind the other factors of each Hadamard product."""
    parts = children(e)
    made = tuple(map(slopes_last, parts))
    changed: Any = e if made == parts else rebuild(e, made)
    if isinstance(changed, expr.Hadamard):
        return type(changed)(tuple(sorted(changed.factors, key=_is_slope)))  # type: ignore[return-value]
    return changed  # type: ignore[no-any-return]


def _is_slope(e: expr.Expr) -> bool:
    return isinstance(e, expr.Elementwise) and e.order > 0


def family(equation: Equation, letters: Notation) -> Equation:
    """A forward equation of all layers as a course counts them: `z^l = w^l a^{l-1} + b^l`."""
    fall = letters.renumbers
    if not fall or equation.index != LAYER or not is_by_weights(equation.right):
        return equation
    put = {LAYER: index(LAYER) - fall}
    left = substitute(equation.left, put)
    assert isinstance(left, expr.Variable)
    lower, upper = equation.lower + fall, equation.upper + fall
    return replace(equation, left=left, right=substitute(equation.right, put), lower=lower, upper=upper)


# --- words -----------------------------------------------------------------------------------------------------------


def turned(words: str) -> str:
    """A sentence about columns as one about rows, and the other way round."""
    return _WORDS.sub(_other, words)


def _other(found: re.Match[str]) -> str:
    word = found.group()
    other = _EITHER[word.lower()]
    return other[0].upper() + other[1:] if word[0].isupper() else other


# fields of blocks that hold words
_SAID = frozenset({"title", "text", "words", "items", "rule", "why", "caption", "lines", "blocks", "steps", "proofs"})


def turned_words(block: D) -> D:
    """A document or block with its sentences turned; tables of numbers stay as they are."""
    if not is_dataclass(block) or isinstance(block, Math | Table):
        return block
    changed = {each.name: _turned_in(getattr(block, each.name)) for each in fields(block) if each.name in _SAID}
    return replace(block, **changed)  # type: ignore[type-var]


def _turned_in(value: Any) -> Any:
    match value:
        case str():
            return turned(value)
        case tuple():
            return tuple(map(_turned_in, value))
    return turned_words(value)
