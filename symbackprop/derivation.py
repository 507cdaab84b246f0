"""Steps, rules and derivations: a chain of expressions, each made from an earlier one by a rule that is named.

A derivation is data. It says nothing of whether it is right: that is for the judges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from symbackprop.dims import ONE, Bounds, Dim, bound_to, dim
from symbackprop.equations import Network
from symbackprop.errors import RuleError, ShapeError
from symbackprop.expr import Expr, Product
from symbackprop.orientation import oriented
from symbackprop.shapes import Shape, shape, written
from symbackprop.statements import Chain
from symbackprop.substitution import bound_index, replace_at
from symbackprop.tree import Node, Path, at_path, children

if TYPE_CHECKING:
    from pathlib import Path as File

# how relations of a chain compose; a pair that is missing does not
COMPOSED = {("=", "="): "=", ("=", "≤"): "≤", ("≤", "="): "≤", ("≤", "≤"): "≤"} | {
    ("=", "≥"): "≥",
    ("≥", "="): "≥",
    ("≥", "≥"): "≥",
}


def compose(first: str, second: str) -> str:
    """The relation of the ends of a chain of two: `=` and `≤` give `≤`.

    Raises:
        RuleError: for `≤` with `≥`, which say nothing together.
    """
    try:
        return COMPOSED[first, second]
    except KeyError:
        raise RuleError(f"a chain with {first} and {second} relates its ends in no way") from None


# a sentence: words, and the formulas among them as trees, so that every printer writes them as it writes lines
Reason = tuple[str | Node, ...]


@dataclass(frozen=True)
class Context:
    """Where a rule is applied: the network, what is known of the integer symbols, and the equations assumed."""

    network: Network
    known: Bounds
    given: tuple[Chain, ...] = ()


@dataclass(frozen=True)
class Rewritten:
    """What a rule made of an expression, with the derivations that justify it where it needs any."""

    after: Expr
    why: Reason = ()
    subproofs: tuple[Derivation, ...] = ()


Rewrite = Callable[[Expr, Context], "Rewritten | Expr | None"]


@dataclass(frozen=True)
class Rule:
    """A named rewriting: `rewrite` gives what stands in place of an expression, or None where it does not apply.

    Attributes:
        name: as it is printed beside a step.
        statement: the formula, with its shapes; the docstring of the function.
        relation: of the expression before to the one after.
        source: slide, paper or equation.
        requires: a condition under which it holds, in words; empty if it always does.
    """

    name: str
    rewrite: Rewrite = field(compare=False)
    statement: str = ""
    relation: str = "="
    source: str = ""
    requires: str = ""

    def __call__(self, e: Expr, context: Context) -> Rewritten | None:
        made = self.rewrite(e, context)
        return Rewritten(made) if isinstance(made, Expr) else made


def rule(name: str, *, relation: str = "=", source: str = "", requires: str = "") -> Callable[[Rewrite], Rule]:
    """Make a rule of a function `(expression, context) -> expression | None`; its docstring is the statement."""

    def make(rewrite: Rewrite) -> Rule:
        return Rule(name, rewrite, (rewrite.__doc__ or "").strip(), relation, source, requires)

    return make


@dataclass(frozen=True)
class Shown:
    """How a printer shows a line; it changes nothing in what the line says.

    Attributes:
        label: the lecture's name for the line, as `w0.closed`.
        column_label: whether a column-placement matrix says which column its vector is in.
        dimensions: which factors carry their dimensions under a brace: "none", "columns" (column-placement
            matrices only) or "all".
        dots: "…" or "⋮" where steps before this line are left out, being its subproofs.
        notes: words under a brace below parts of the line, as `exclude biases`.
        restated: the lecture's name for the same line where it is stated again, with its left side.
    """

    label: str = ""
    column_label: bool = False
    dimensions: str = "none"
    dots: str = ""
    notes: tuple[tuple[Expr, str], ...] = ()
    restated: str = ""

    def oriented(self) -> Shown:
        """The same for the line in the other layout."""
        return replace(self, notes=tuple((oriented(part), words) for part, words in self.notes)) if self.notes else self


@dataclass(frozen=True)
class Step:
    """`before relation after`, because `rule` was applied at `where`.

    Attributes:
        before: the expression the rule was applied to: the line before, or an earlier one (`since`).
        why: one sentence, of words and formulas.
        known: what was known of the integer symbols.
        assuming: conditions on the network under which the step makes sense, as `L ≥ 2`.
        subproofs: base case and step of an induction, or a rule's proof by entries.
        is_true: False where the line is printed as somebody made it and a judge must refute it.
    """

    before: Expr
    relation: str
    after: Expr
    rule: Rule
    where: Path
    why: Reason
    known: Bounds
    assuming: tuple[str, ...] = ()
    subproofs: tuple[Derivation, ...] = ()
    shown: Shown = Shown()
    is_true: bool = True

    def oriented(self) -> Step:
        """The same step in the other layout."""
        return replace(
            self,
            before=oriented(self.before),
            after=oriented(self.after),
            # variables and forward equations are the same in both layouts, what is made of gradients is not
            why=tuple(oriented(part) if isinstance(part, Product) else part for part in self.why),
            subproofs=tuple(proof.oriented() for proof in self.subproofs),
            shown=self.shown.oriented(),
        )


@dataclass(frozen=True)
class Derivation:
    """`start = … = result`, step by step.

    Args:
        start: the expression that is asked for.
        network: the forward equations it is about.
        known: bounds of the free integer symbols; the depth is at least 1 if nothing is said.
        name: what it is called on the command line; title: what stands above it on a page.
        numerator: whether the lines are in numerator layout; rules apply in denominator layout only.
        given: equations that hold by assumption, beside the forward equations, for all values of their free indices.
        label: the lecture's name for the whole, where it is one line: `start = … = result`.
    """

    start: Expr
    network: Network
    steps: tuple[Step, ...] = ()
    known: Bounds = field(default_factory=dict)
    name: str = ""
    title: str = ""
    numerator: bool = False
    given: tuple[Chain, ...] = ()
    label: str = ""

    def __post_init__(self) -> None:
        # a step keeps the shape of what it changes, so that a start that conforms is enough
        if not self.steps:
            self.shape()

    def oriented(self) -> Derivation:
        """The same derivation in the other layout; its own inverse."""
        return replace(
            self,
            start=oriented(self.start),
            steps=tuple(step.oriented() for step in self.steps),
            numerator=not self.numerator,
        )

    def called(self, name: str, title: str) -> Derivation:
        """The same derivation under a name and a title."""
        return replace(self, name=name, title=title)

    @property
    def lines(self) -> tuple[Expr, ...]:
        """The start and what each step made of it."""
        return (self.start, *(step.after for step in self.steps))

    @property
    def result(self) -> Expr:
        return self.lines[-1]

    @property
    def relation(self) -> str:
        """How the start relates to the result."""
        total = "="
        for step in self.steps:
            total = compose(total, step.relation)
        return total

    def shape(self) -> Shape:
        """Rows × columns of every line."""
        return shape(self.start, self.network)

    def by(
        self,
        applied: Rule,
        *,
        at: Path | None = None,
        since: int = -1,
        why: str | Reason = (),
        is_true: bool = True,
        **shown: Any,
    ) -> Derivation:
        """The derivation with one more step.

        Args:
            applied: the rule.
            at: where in the line; the last place where it applies, if not given.
            since: the line it is applied to: the last one, or an earlier one if all steps in between are equalities.
            why: one sentence; the rule's own, if not given.
            is_true: False for a line that is printed as somebody made it, and is false.
            shown: fields of `Shown`.

        Raises:
            RuleError: if the rule does not apply there.
            ShapeError: if what it makes has another shape.
        """
        if self.numerator:
            raise RuleError("rules apply in denominator layout: orient the derivation when it is done")
        before = self.lines[since]
        bridged = self.steps[since % len(self.lines) :]
        if any(step.relation != "=" for step in bridged):
            raise RuleError("a step from an earlier line needs equalities in between")
        unknown = ""
        for known, assuming in self._depths():
            context = Context(self.network, known, self.given)
            try:
                found = _apply(applied, before, at, context)
            except LookupError as error:
                unknown = unknown or str(error)
                continue
            if found is None:
                place = "anywhere" if at is None else f"at {at_path(before, at)}"
                raise RuleError(f"the rule {applied.name!r} does not apply {place} in {before}")
            where, made = found
            self._conforms(at_path(before, where), made.after, applied)
            after = replace_at(before, where, made.after)
            step = Step(
                before,
                applied.relation,
                after,
                applied,
                where,
                ((why,) if isinstance(why, str) else why) or made.why,
                known,
                assuming,
                made.subproofs,
                Shown(**shown),
                is_true,
            )
            compose(self.relation, applied.relation)
            return replace(self, steps=(*self.steps, step))
        raise RuleError(
            f"the rule {applied.name!r} needs to know more of the indices in {before}: {unknown}; "
            "give their bounds as known={…}"
        )

    def _conforms(self, before: Expr, after: Expr, applied: Rule) -> None:
        """Raise `ShapeError` unless what a rule made has the shape of what it was made of."""
        one, two = shape(before, self.network), shape(after, self.network)
        if one != two:
            raise ShapeError(
                f"the rule {applied.name!r} makes {after} ({written(two, self.network)}) "
                f"of {before} ({written(one, self.network)}): both must have the same shape"
            )

    def _depths(self) -> Iterator[tuple[Bounds, tuple[str, ...]]]:
        """What is known as it is, then with a depth that is one, two, three layers greater.

        `W_2ᵀ ∂L/∂z_3` makes sense only in a network of two hidden layers or more: the least depth that a step needs
        is found by trying, and the step says it.
        """
        known = dict(self.known)
        depth = self.network.depth
        if depth.is_constant:
            yield known, ()
            return
        (name,) = depth.symbols
        least, upper = known.get(name, (ONE, None))
        start = least.constant if least is not None and least.is_constant else 1
        for more in range(4):
            known[name] = (dim(start + more), upper)
            yield dict(known), ((f"{name} ≥ {start + more}",) if start + more > 1 else ())

    def latex(self, notation: str = "lecture") -> str:
        """The steps as a LaTeX `aligned` environment."""
        from symbackprop.render.tex import aligned

        return aligned(self, notation)

    def _repr_latex_(self) -> str:
        return f"$$\\displaystyle {self.latex()}$$"

    def save(self, path: str | File, **options: Any) -> None:
        """Write it to a file; the suffix chooses the format: .tex .typ .pdf .md .json .py."""
        from symbackprop.render.files import save

        save(self, path, **options)


def within(e: Expr, where: Path, known: Bounds) -> Bounds:
    """What is known of the integer symbols at a place: an index that is bound there lies within its bounds."""
    for i in where:
        name, low, high = bound_index(e), getattr(e, "lower", None), getattr(e, "upper", None)
        if name is not None and low is not None and high is not None:
            known = bound_to(known, name, (low, high))
        e = children(e)[i]
    return known


def _apply(applied: Rule, e: Expr, at: Path | None, context: Context) -> tuple[Path, Rewritten] | None:
    def attempt(where: Path) -> Rewritten | None:
        return applied(at_path(e, where), replace(context, known=within(e, where, context.known)))

    if at is not None:
        made = attempt(at)
        return None if made is None else (at, made)
    for where, _ in _from_the_right(e):
        made = attempt(where)
        if made is not None:
            return where, made
    return None


def _from_the_right(e: Expr, where: Path = ()) -> Iterator[tuple[Path, Expr]]:
    """Every subexpression, outermost first, from right to left: what a gradient derivation works on is at the end."""
    yield where, e
    operands = children(e)
    for i in range(len(operands) - 1, -1, -1):
        yield from _from_the_right(operands[i], (*where, i))


def least_depth(known: Mapping[str, tuple[Dim | None, Dim | None]], depth: Dim) -> int:
    """The least depth at which something known under these bounds makes sense."""
    if depth.is_constant:
        return depth.constant
    (name,) = depth.symbols
    lower, _ = known.get(name, (ONE, None))
    return lower.constant if lower is not None and lower.is_constant else 1
