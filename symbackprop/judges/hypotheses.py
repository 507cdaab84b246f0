"""Equations that a claim assumes, and how a point is made at which they hold.

A plan says of each free variable how its value is made: with orthonormal columns (`QᵀQ = I`), from an expression
(`v = A x`), as a factor (`X = Q R`). Whether the equations then hold at a point, all of them, is found by evaluating
both sides there: a plan may fail, and a claim is never judged at a point that does not satisfy what it assumes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from symbackprop import expr
from symbackprop.dims import Dim, dim, index
from symbackprop.equations import Network, same_family
from symbackprop.expr import Expr, Number, Product, Transpose, Variable, factors_of
from symbackprop.judges.claim import Claim
from symbackprop.statements import Chain
from symbackprop.substitution import substitute
from symbackprop.tree import subterms

ORTHONORMAL_COLUMNS, ORTHONORMAL_ROWS, VALUE, FACTOR, NOT_NEGATIVE = "columns", "rows", "value", "factor", "sign"
COLUMN_SUMS, ROW_SUMS = "each column sums to 1", "each row sums to 1"


class Unmade(Exception):
    """A point at which something that is assumed holds cannot be made; the text says what."""


@dataclass(frozen=True)
class Made:
    """How the values of a variable, or of a family, are made.

    Attributes:
        variable: the variable, its index free where it is a family.
        how: with orthonormal columns or rows, from an expression, as the orthonormal factor of one, not negative, or
            with columns or rows that sum to 1.
        source: the expression.
    """

    variable: Variable
    how: str
    source: Expr | None = None

    def at(self, wanted: Variable) -> Made | None:
        """The same for one member of the family; None if it is none of it."""
        if self.variable == wanted:
            return self
        own, asked = self.variable.index, wanted.index
        if not same_family(self.variable, wanted) or own is None or asked is None or len(own.terms) != 1:
            return None
        (name,) = own.symbols or ("",)
        if own - own.constant != index(name):
            return None
        value = {name: asked - own.constant}
        return Made(wanted, self.how, None if self.source is None else substitute(self.source, value))


@dataclass(frozen=True)
class Plan:
    """How the values of variables are made at a point."""

    parts: tuple[Made, ...] = ()

    def of(self, variable: Variable) -> Made | None:
        """How the value of one is made; None where it is drawn as any other."""
        # one that is named itself, as the last of a family, before its family
        parts = sorted(self.parts, key=lambda part: part.variable != variable)
        return next((made for part in parts if (made := part.at(variable)) is not None), None)

    def at(self, values: Mapping[str, int]) -> Plan:
        """The plan with numbers for symbolic sizes."""
        put = {name: dim(value) for name, value in values.items()}

        def put_in(part: Made) -> Made:
            source = None if part.source is None else substitute(part.source, put)
            return Made(_member(part.variable, put), part.how, source)

        return Plan(tuple(map(put_in, self.parts)))


def _member(variable: Variable, put: Mapping[str, Dim]) -> Variable:
    made = substitute(variable, put)
    assert isinstance(made, Variable)
    return made


NOTHING = Plan()


def pairs(given: tuple[Chain, ...]) -> Iterator[tuple[Expr, str, Expr]]:
    """What is assumed, as relations of two sides."""
    for chain in given:
        yield from zip(chain.sides, chain.relations, chain.sides[1:], strict=False)


def assumed(claim: Claim) -> list[Claim]:
    """What a claim assumes, each a claim of its own about the same network."""
    return [Claim(left, relation, right, claim.network, claim.known) for left, relation, right in pairs(claim.given)]


def says(claim: Claim) -> str:
    """An assumed relation in words."""
    return f"{claim.left} {claim.relation} {claim.right}"


def plan(claim: Claim, values: Mapping[str, int] | None = None) -> Plan:
    """How the free variables are to be made so that what is assumed may hold.

    Args:
        values: numbers for symbolic sizes, which are put in.
    """
    if not claim.given:
        return NOTHING
    sizes = values or {}
    key = "plan", claim.given, frozenset(sizes.items())
    return claim.network.kept(key, lambda: _plan(claim).at(sizes))


def _plan(claim: Claim) -> Plan:
    waiting = list(pairs(claim.given))
    parts: list[Made] = []
    # what is orthonormal first: whether X = Q R is a factorisation depends on it
    for read in (_orthonormal, _signed, _summing, _factored, _defined):
        left_over = []
        for pair in waiting:
            found = read(pair, claim.network, parts)
            if found is None:
                left_over.append(pair)
            else:
                parts = [part for part in parts if part.variable != found[0].variable] + list(found)
        waiting = left_over
    return Plan(tuple(parts))


Pair = tuple[Expr, str, Expr]


def _free(e: Expr, network: Network) -> bool:
    """Whether an expression is a variable that the network does not compute."""
    if not isinstance(e, Variable) or isinstance(e, expr.Loss):
        return False
    return not any(same_family(equation.left, e) for equation in network.equations)


def _orthonormal(pair: Pair, network: Network, parts: list[Made]) -> tuple[Made, ...] | None:
    left, relation, right = pair
    if relation != "=":
        return None
    for side, other in ((left, right), (right, left)):
        match side, other:
            # lengths are kept by orthonormal columns
            case expr.Norm(Product((q, *v)), "2"), expr.Norm(rest, "2") if tuple(v) == factors_of(rest):
                if _free(q, network):
                    return _made(q, ORTHONORMAL_COLUMNS)
        if not (isinstance(other, expr.Identity) or other == Number(Fraction(1))):
            continue
        match side:
            case Product((Transpose(q), r)) if q == r and _free(q, network):
                return _made(q, ORTHONORMAL_COLUMNS)
            case Product((q, Transpose(r))) if q == r and _free(q, network):
                return _made(q, ORTHONORMAL_ROWS)
            case expr.Norm(q) | expr.Power(expr.Norm(q), Fraction(numerator=2, denominator=1)) if _free(q, network):
                return _made(q, ORTHONORMAL_COLUMNS)
    return None


def _made(variable: Expr, how: str, source: Expr | None = None) -> tuple[Made, ...]:
    assert isinstance(variable, Variable)
    return (Made(variable, how, source),)


def _signed(pair: Pair, network: Network, parts: list[Made]) -> tuple[Made, ...] | None:
    left, relation, right = pair
    match relation, left, right:
        case "≥" | ">", v, Number(Fraction(numerator=0)) if _free(v, network):
            return _made(v, NOT_NEGATIVE)
        case "≤" | "<", Number(Fraction(numerator=0)), v if _free(v, network):
            return _made(v, NOT_NEGATIVE)
    return None


def _summing(pair: Pair, network: Network, parts: list[Made]) -> tuple[Made, ...] | None:
    """`Σ_k y_k = 1`, `1ᵀy = 1`, or of a batch `1ᵀY = 1ᵀ` and `Y 1 = 1`."""
    left, relation, right = pair
    is_one = right == Number(Fraction(1)) or isinstance(right, expr.Ones | Transpose)
    if relation != "=" or not is_one or (isinstance(right, Transpose) and not isinstance(right.operand, expr.Ones)):
        return None
    match left:
        case Product((Transpose(expr.Ones()), y)) if _free(y, network):
            return _made(y, COLUMN_SUMS)
        case Product((y, expr.Ones())) if _free(y, network):
            return _made(y, ROW_SUMS)
        case expr.IndexedSum(k, _, _, expr.Entry(y, row, column)) if _free(y, network):
            if row == index(k) and (column is None or k not in column.symbols):
                return _made(y, COLUMN_SUMS)
            if column is not None and column == index(k) and k not in row.symbols:
                return _made(y, ROW_SUMS)
    return None


def _factored(pair: Pair, network: Network, parts: list[Made]) -> tuple[Made, ...] | None:
    """`X = Q R` with a `Q` of orthonormal columns: `Q` is a factor of `X`, and `R` is `Qᵀ X`."""
    left, relation, right = pair
    if relation != "=":
        return None
    for side, other in ((right, left), (left, right)):
        match side:
            case Product((q, r)) if _free(q, network) and _free(r, network) and not _contains(other, r):
                if not any(part.variable == q and part.how == ORTHONORMAL_COLUMNS for part in parts):
                    continue
                assert isinstance(q, Variable)
                assert isinstance(r, Variable)
                # a square Q that stands in X itself, as in A Q = Q R, is any orthonormal one
                first = Made(q, ORTHONORMAL_COLUMNS) if _contains(other, q) else Made(q, FACTOR, other)
                return first, Made(r, VALUE, Transpose(q) @ other)
    return None


def _defined(pair: Pair, network: Network, parts: list[Made]) -> tuple[Made, ...] | None:
    left, relation, right = pair
    if relation != "=":
        return None
    for v, source in ((left, right), (right, left)):
        if _free(v, network) and not _contains(source, v) and all(part.variable != v for part in parts):
            return _made(v, VALUE, source)
    return None


def _contains(e: Expr, variable: Expr) -> bool:
    # a member of the same family may be the same variable, or depend on it; the next one in a recursion does not
    return any(inner == variable for _, inner in subterms(e))


def checked(claim: Claim, holds: Callable[[Claim], bool], held: dict[object, bool]) -> None:
    """Raise `Unmade` unless everything that a claim assumes holds.

    Args:
        holds: whether one of them does at a point.
        held: what is known of that at this point, for the next claim that assumes the same.
    """
    for each in assumed(claim):
        key = each.left, each.relation, each.right, frozenset(each.known.items())
        if key not in held:
            held[key] = holds(each)
        if not held[key]:
            raise Unmade(f"the judge cannot make a point at which {says(each)} holds")
