"""The lecture's "…": an induction over the layers, with its base case and its step as derivations of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symbackprop.derivation import Context, Derivation, Rewritten, Rule
from symbackprop.dims import Dim, at_most, bound_to, dim, index
from symbackprop.errors import RuleError
from symbackprop.expr import Expr, Size
from symbackprop.rules.products import at_index

Prove = Callable[[Derivation], Derivation]


@dataclass(frozen=True)
class Induction(Rule):
    """`before = claim(lower)`, and `claim(m) = claim(m+1)` for `lower ≤ m < upper`; so `before = claim(upper)`.

    The same with `≤` or with `≥` in place of each `=`.

    Attributes:
        on: the index `m` of the induction.
        claim: an expression in `m`.
        lower: where it starts; upper: where it ends.
    """

    on: str = "m"
    claim: Expr | None = None
    lower: Dim = dim(1)
    upper: Dim = dim(1)


def induction(
    on: str, claim: Expr, lower: Dim | int, upper: Dim, base: Prove, step: Prove, relation: str = "="
) -> Induction:
    """The rule that leads from a line to `claim` at `upper`.

    Args:
        on: the index of the induction, free in `claim`.
        claim: what each line between is equal to.
        lower: the first value of the index, that of the base case.
        upper: the last one.
        base: continues a derivation from the line to the claim at `lower`.
        step: continues a derivation from the claim at `on` to the claim at `on + 1`.
        relation: of the line before to the claim; base and step give it, or equality.

    The rule raises `RuleError` where the base or the step does not end where it should, or where the upper bound may
    lie below the lower one.
    """
    first, m = dim(lower), index(on)

    def rewrite(e: Expr, context: Context) -> Rewritten | None:
        if not at_most(first, upper, context.known):
            raise LookupError(f"whether {first} ≤ {upper} is not known")
        inside = bound_to(context.known, on, (first, upper - 1))
        base_title, step_title = f"Base case, {on} = {first}", f"Step, from {on} to {m + 1}"
        start = Derivation(e, context.network, known=context.known, title=base_title, given=context.given)
        induct = Derivation(claim, context.network, known=inside, title=step_title, given=context.given)
        base_case = _reaching(base(start), at_index(claim, on, first), "base case")
        step_case = _reaching(step(induct), at_index(claim, on, m + 1), "step")
        why = ("By induction on ", Size(m), ", from ", Size(first), " to ", Size(upper), ".")
        return Rewritten(at_index(claim, on, upper), why, (base_case, step_case))

    statement = (
        "before = claim(a), and claim(m) = claim(m+1) for a ≤ m < b: so before = claim(b)        shapes: as the line"
    )
    return Induction(
        "induction", rewrite, statement, relation, "induction", on=on, claim=claim, lower=first, upper=upper
    )


def _reaching(proof: Derivation, wanted: Expr, what: str) -> Derivation:
    if proof.result != wanted:
        raise RuleError(f"the {what} of the induction ends in {proof.result}, and must end in {wanted}")
    return proof
