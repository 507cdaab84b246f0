"""Steps that rest on what was derived elsewhere, and lines that are printed as somebody made them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from symbackprop.derivation import Context, Derivation, Reason, Rewritten, Rule
from symbackprop.errors import RuleError
from symbackprop.expr import Expr
from symbackprop.substitution import everywhere, places


@dataclass(frozen=True)
class Cited(Rule):
    """A step that a derivation justifies, which the step carries as its subproof."""


@dataclass(frozen=True)
class Claimed(Rule):
    """A line that is printed as somebody made it; no rule leads to it."""


def as_derived(derivation: Derivation, name: str = "derived above", why: Reason = (), backwards: bool = False) -> Cited:
    """The rule that puts the result of a derivation in place of its start, or of an equality its start in place of it.

    An equality is put in wherever its start stands.

    Raises:
        RuleError: for an inequality that is to be read backwards.
    """
    if backwards and derivation.relation != "=":
        raise RuleError(f"{derivation.start} {derivation.relation} {derivation.result} cannot be read backwards")
    start, result = (derivation.result, derivation.start) if backwards else (derivation.start, derivation.result)

    def rewrite(e: Expr, context: Context) -> Rewritten | None:
        if not places(e, start) or (derivation.relation != "=" and e != start):
            return None
        proof = replace(derivation, title=derivation.title or name)
        return Rewritten(everywhere(e, start, result), why or _by(derivation), (proof,))

    return Cited(name, rewrite, "start = result of another derivation", derivation.relation, "derivation")


def _by(derivation: Derivation) -> Reason:
    return ("This is the derivation ", derivation.name.replace("_", " ") or "above", ".")


def claimed(relation: str, after: Expr, source: str, why: Reason = ()) -> Claimed:
    """The rule that writes what somebody claims."""
    return Claimed("as printed", lambda e, context: Rewritten(after, why), "as printed", relation, source)
