"""Formulas, reasons and steps as blocks, for documents of one derivation and of many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from symbackprop.derivation import Derivation, Reason, Shown, Step, least_depth
from symbackprop.dims import Bounds, dim, index
from symbackprop.equations import Network
from symbackprop.expr import Size
from symbackprop.notations import Notation
from symbackprop.render.blocks import Line, Math, OneLine, Proof, Said, StepBlock, Words
from symbackprop.render.breaking import INDENT, PROOF, TEXT, broken, laid, width
from symbackprop.render.claimed import Claimed
from symbackprop.render.clauses import Between, Dimensions
from symbackprop.render.layout import Look
from symbackprop.rules.induction import Induction
from symbackprop.statements import Chain, Ellipsis, Statement
from symbackprop.substitution import counts_layers
from symbackprop.tree import Node

# what takes more lines of a page than this is printed in the short form; how wide they are, subproofs allowed for
_MOST, _ROOM = 3, TEXT - INDENT - 2 * PROOF
# a derivation of no more steps than this may stand in one line
_SHORT = 4


class Writer:
    """Formulas, reasons and steps as blocks.

    Args:
        network: what the formulas are about.
        known: bounds of the free integer symbols.
        subproofs: whether inductions and calculations by entries are shown; else a sentence says what they are.
        entries: where a calculation by entries was shown first, by its rule; shared by the writers of a section.

    Attributes:
        look: how its formulas look; brief: the same in the short form.
    """

    def __init__(
        self,
        network: Network,
        notation: Notation,
        known: Bounds | None = None,
        subproofs: bool = False,
        entries: dict[str, str] | None = None,
    ) -> None:
        self.subproofs = subproofs
        self.look = Look(network, notation, known=known or {})
        self.brief = replace(self.look, short=True)
        self._entries: dict[str, str] = {} if entries is None else entries

    # --- formulas and sentences --------------------------------------------------------------------------------------

    def math(self, node: Node, shown: Shown = Shown()) -> Math:
        """A formula."""
        if shown == Shown():
            return Math(node, self.look, self.brief)
        return Math(node, self.look.showing(shown), self.brief.showing(shown))

    def fitting(self, lead: Math, node: Node, shown: Shown) -> Math:
        """A line in full; where it does not fit into a few lines of a page, without dimensions or in the short form."""
        for tried in self._forms(node, shown):
            if width(tried.box) <= _MOST * _ROOM:
                on_page = laid(lead.box, tried.box, _ROOM)
                if (on_page.fits or on_page.is_squeezed) and len(on_page.rows) <= _MOST:
                    return tried
        return self._forms(node, replace(shown, dimensions="none"))[-1]

    def alone(self, node: Node, shown: Shown = Shown()) -> Math:
        """A formula that stands by itself, in the fullest form that fits into a few lines of a page."""
        for tried in self._forms(node, shown):
            if len(broken(tried.box, _ROOM, _ROOM)) <= _MOST:
                return tried
        return self._forms(node, replace(shown, dimensions="none"))[-1]

    def _forms(self, node: Node, shown: Shown) -> tuple[Math, ...]:
        made = self.math(node, shown)
        return made, self.math(node, replace(shown, dimensions="none")), made.as_short()

    def words(self, reason: Reason) -> Words:
        """A sentence; its formulas are in the short form, and without labels."""
        return tuple(part if isinstance(part, str) else self.math(part).as_short() for part in reason)

    # --- steps -------------------------------------------------------------------------------------------------------

    def steps(
        self,
        derivation: Derivation,
        prefix: str = "",
        first: int = 1,
        said: Sequence[Said | None] = (),
    ) -> tuple[StepBlock, ...]:
        """The steps of a derivation or of a subproof, numbered from `first` on, with what gives each one's verdict."""
        lead = self.math(derivation.start)
        given = said or [None] * len(derivation.steps)
        return tuple(
            self._step(step, derivation, f"{prefix}{first + i}", lead, is_first=i == 0, said=verdict)
            for i, (step, verdict) in enumerate(zip(derivation.steps, given, strict=True))
        )

    def _step(
        self,
        step: Step,
        derivation: Derivation,
        number: str,
        lead: Math,
        *,
        is_first: bool,
        said: Said | None,
    ) -> StepBlock:
        chain = Chain((derivation.start, step.after), (step.relation,), continued=True)
        side: Statement = chain if step.is_true else Claimed(chain)
        dots = self.math(Ellipsis(step.shown.dots)) if step.shown.dots else None
        least = self.math(_least(step, derivation)) if step.assuming else None
        return StepBlock(
            number,
            step.rule.name,
            step.rule.source if step.rule.source != step.rule.name else "",
            (*self.words(step.why), *((" This needs ", least, ".") if least else ())),
            Line(lead, is_first, self.fitting(lead, side, step.shown), dots),
            self.shape(step),
            least,
            tuple(self._proofs(step, number)) if self.subproofs else (),
            not step.is_true,
            said,
        )

    def shape(self, step: Step) -> Math:
        """Rows × columns of what a step leads to."""
        return self.math(Dimensions(step.after, ends=True))

    def _proofs(self, step: Step, number: str) -> Iterator[Proof]:
        if isinstance(step.rule, Induction):
            for letter, name, proof in zip("ab", _cases(step.rule), step.subproofs, strict=True):
                yield Proof(self.words(name), self.steps(proof, f"{number}{letter}."))
            return
        for proof in step.subproofs:
            first = self._entries.setdefault(step.rule.name, number)
            if first == number:
                yield Proof(("By entries:",), self.steps(proof, f"{number}."))
            else:
                yield Proof((f"By entries: as in step {first}.",), ())

    # --- whole derivations -------------------------------------------------------------------------------------------

    def result(self, derivation: Derivation) -> Line:
        """The start and the result in one line, with the dimensions of the factors."""
        side = Chain((derivation.start, derivation.result), (derivation.relation,), continued=True)
        lead = self.math(derivation.start)
        return Line(lead, True, self.fitting(lead, side, Shown(dimensions="all")))

    def one_line(self, derivation: Derivation, steps: tuple[StepBlock, ...]) -> OneLine | None:
        """A derivation that has a name as one line, `start = … = result`; None where it does not fit into one."""
        plain = all(step.is_true and not step.assuming and not step.shown.dots for step in derivation.steps)
        if not derivation.label or not plain or self.subproofs or not 1 <= len(steps) <= _SHORT:
            return None
        relations = tuple(step.relation for step in derivation.steps)
        lead = self.math(derivation.start)
        side = self.math(Chain(derivation.lines, relations, continued=True), derivation.steps[-1].shown)
        on_page = laid(lead.box, side.box, _ROOM)
        return OneLine(Line(lead, True, side), steps) if on_page.fits and len(on_page.rows) == 1 else None


def _cases(rule: Induction) -> tuple[Reason, Reason]:
    m, is_layer = Size(index(rule.on)), rule.claim is not None and counts_layers(rule.on, rule.claim)
    base: Reason = ("Base case, ", Between(rule.lower, rule.on, rule.lower, is_layer), ":")
    step: Reason = ("Step, from ", m, " to ", Size(index(rule.on) + 1), ":")
    return base, step


def _least(step: Step, derivation: Derivation) -> Between:
    """From which depth on the step makes sense."""
    depth = derivation.network.depth
    (name,) = depth.symbols
    return Between(dim(least_depth(step.known, depth)), name, None)
