"""Named steps of algebra that make a gradient short."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

from symbackprop import expr
from symbackprop.adjoints import HADAMARD, JACOBIAN
from symbackprop.assumptions import with_assumed
from symbackprop.clearing import same_cleared
from symbackprop.derivation import Context, Reason, Rewritten, Rule, rule
from symbackprop.dims import ONE, index
from symbackprop.entries import entries
from symbackprop.equations import Equation, Network, same_family
from symbackprop.errors import ShapeError
from symbackprop.expr import (
    Diagonal,
    Elementwise,
    Expr,
    Hadamard,
    Ones,
    Partial,
    Power,
    Product,
    Softmax,
    Sum,
    Variable,
    number,
)
from symbackprop.forms import entrywise, has_gradient, negated, plus, times, times_in
from symbackprop.groups import EntrywisePower
from symbackprop.indices import Calculus, Inexpressible
from symbackprop.normalform import normal
from symbackprop.primitives import EntrywiseQuotient
from symbackprop.rules.recognise import recognised
from symbackprop.shapes import SCALAR, shape
from symbackprop.statements import equal
from symbackprop.tree import children, rebuild, subterms
from symbackprop.tree import parts as parts_of


@rule("diagonal matrix as a Hadamard product", source="Magnus and Neudecker 2019, section 3.6")
def diagonal_as_hadamard(e: Expr, context: Context) -> Rewritten | None:
    r"""diag(v) u = v ⊙ u        shapes: n×n · n×1 = n×1 ⊙ n×1"""
    match e:
        case Product((Diagonal(v), *others)):
            last = times_in(context.network, *others)
            if shape(last, context.network)[1] != ONE:
                return None
            return Rewritten(entrywise(v, last), ("Each entry of ", last, " is scaled by the same entry of ", v, "."))
    return None


# --- names -----------------------------------------------------------------------------------------------------------

# what a forward equation computes and a gradient has again
NAMED = (Elementwise, Softmax, expr.SquareRoot, expr.LogSumExp, expr.Norm, EntrywisePower)


@rule("variables by their names", source="the forward equations")
def by_name(e: Expr, context: Context) -> Rewritten | None:
    r"""f(v, …) = u wherever it stands, where u = f(v, …) is a forward equation        shape: as before"""
    found: dict[Expr, Variable] = {}
    for _, part in subterms(e):
        if isinstance(part, NAMED) and part not in found:
            named = name_of(part, context.network)
            if named is not None:
                found[part] = named
    if not found:
        return None
    words: Reason = ()
    for part, name in found.items():
        words = (*words, *((", ",) if words else ()), equal(name, part))
    return Rewritten(_named(e, found), (*words, "."))


def _named(e: Expr, names: Mapping[Expr, Variable]) -> Expr:
    if e in names:
        return names[e]
    operands = tuple(_named(part, names) for part in children(e))
    return e if operands == children(e) else rebuild(e, operands)


def name_of(e: Expr, network: Network) -> Variable | None:
    """The variable that a forward equation computes as this expression; None if there is none."""
    alike = network.kept("equations by the kind of their right sides", lambda: _by_right(network))
    for equation in (*alike.get(e, ()), *alike.get(type(e), ())):
        for each in _members(equation, e):
            if each.right == e:
                return each.left
    return None


def _by_right(network: Network) -> dict[object, list[Equation]]:
    """The equations by their right sides; families by the kind of node that it is, as it is another at each index."""
    found: dict[object, list[Equation]] = {}
    for equation in network.equations:
        found.setdefault(equation.right if equation.index is None else type(equation.right), []).append(equation)
    return found


def _members(equation: Equation, e: Expr) -> list[Equation]:
    """The equation, or those of the family at an index at which something in `e` may be what it uses."""
    if equation.index is None or type(equation.right) is not type(e):
        return [equation]
    found = [part for _, part in subterms(e) if isinstance(part, Variable) and part.index is not None]
    for _, part in subterms(equation.right):
        if isinstance(part, Variable) and part.index is not None and equation.index in part.index.symbols:
            shift = part.index - index(equation.index)
            own = [other.index for other in found if other.name == part.name]
            return [equation.member(at - shift) for at in dict.fromkeys(own) if at is not None]
    return []


# --- slopes ----------------------------------------------------------------------------------------------------------


def _one(z: Expr, network: Network) -> Expr:
    """1 in the shape of `z`."""
    rows, columns = shape(z, network)
    if (rows, columns) == SCALAR:
        return number(1)
    if rows == ONE:
        return Ones(columns).T
    return Ones(rows) if columns == ONE else times(Ones(rows), Ones(columns).T)


def _entrywise(one: Expr, two: Expr, network: Network) -> Expr:
    """`a ⊙ b`; of scalars `a b`."""
    return times(one, two) if shape(one, network) == SCALAR else entrywise(one, two)


# f'(z) by h = f(z), where that has a name
BY_VALUE: dict[str, Callable[[Expr, Network], Expr]] = {
    "sigmoid": lambda h, network: _entrywise(h, _one(h, network) - h, network),
    "tanh": lambda h, network: _one(h, network) - _entrywise(h, h, network),
}
# and what is another function of z
BY_FUNCTION = {"softplus": "sigmoid", "relu": "step"}


@rule("slope of a function", source="derivatives of functions of one variable")
def slope(e: Expr, context: Context) -> Rewritten | None:
    r"""σ'(z) = h ⊙ (1 - h), h = σ(z); tanh'(z) = 1 - h ⊙ h, h = tanh(z); softplus' = σ, relu' = step    shape: as z"""
    match e:
        case Elementwise(function, z, 1) if function in BY_FUNCTION:
            made: Expr = Elementwise(BY_FUNCTION[function], z)
            return Rewritten(made, (equal(e, made), "."))
        case Elementwise(function, z, 1) if function in BY_VALUE:
            value = Elementwise(function, z)
            name = name_of(value, context.network)
            # by its value only where that has a name: σ(z) (1 - σ(z)) is longer than σ'(z)
            if name is None:
                return None
            return Rewritten(BY_VALUE[function](name, context.network), (equal(name, value), "."))
    return None


# --- factors ---------------------------------------------------------------------------------------------------------


@rule("root and square", source="algebra")
def root_squared(e: Expr, context: Context) -> Rewritten | None:
    r"""(√a)² = a        shapes: scalars"""
    match e:
        case Power(expr.SquareRoot(a), exponent) if exponent == 2:
            return Rewritten(a, ("The square undoes the root.",))
    return None


@rule("a factor 1", source="algebra")
def without_ones(e: Expr, context: Context) -> Rewritten | None:
    r"""A 1 = A        shapes: A is any, 1 the number"""
    if not isinstance(e, Product) or number(1) not in e.factors:
        return None
    return Rewritten(times_in(context.network, *e.factors), ("A factor 1 changes nothing.",))


@rule("scalars in front", source="algebra")
def scalars_first(e: Expr, context: Context) -> Rewritten | None:
    r"""A c B = c A B        shapes: m×n · 1×1 · n×p, c no gradient, or a number in front of other scalars"""
    if not isinstance(e, Product):
        return None
    places = {factor: shape(factor, context.network) == SCALAR for factor in e.factors}
    plain = [f for f in e.factors if places[f] and not has_gradient(f)]
    if not plain:
        return None
    # a gradient by a scalar stands behind the derivative, as in the chain rule
    others = [f for f in e.factors if f not in plain]
    numbers = [f for f in plain if not any(isinstance(part, Variable) for _, part in subterms(f))]
    made = times_in(context.network, *numbers, *(f for f in plain if f not in numbers), *others)
    return None if made == e else Rewritten(made, ("A scalar factor may stand anywhere.",))


@rule("a common factor", source="algebra")
def common_factor(e: Expr, context: Context) -> Rewritten | None:
    r"""a ⊙ u + b ⊙ u = (a + b) ⊙ u, where u is a gradient        shapes: all as u"""
    if not isinstance(e, Sum):
        return None
    terms = [_Term.of(term, context.network) for term in e.terms]
    for shared in [part for part in terms[0].factors if isinstance(part, Partial)]:
        if all(shared in term.factors for term in terms):
            rest = plus(*(term.without(shared, context.network) for term in terms))
            return Rewritten(entrywise(rest, shared), ("All terms have the factor ", shared, "."))
    return None


@rule("like terms", source="algebra")
def like_terms(e: Expr, context: Context) -> Rewritten | None:
    r"""A + A = 2 A        shapes: as A"""
    if not isinstance(e, Sum):
        return None
    total: dict[Expr, Fraction] = {}
    for term in e.terms:
        value, rest = _counted(term)
        total[rest] = total.get(rest, Fraction(0)) + value
    if len(total) == len(e.terms) or not all(total.values()):
        return None
    made = plus(*(times(number(value), rest) for rest, value in total.items()))
    return Rewritten(made, ("Terms that are alike are counted.",))


def _counted(e: Expr) -> tuple[Fraction, Expr]:
    """How often what stands in a term."""
    match e:
        case expr.Negative(operand):
            value, rest = _counted(operand)
            return -value, rest
        case Product((expr.Number(value), *others)) if others:
            return value, times(*others)
    return Fraction(1), e


@dataclass(frozen=True)
class _Term:
    """What is multiplied entry by entry in a term, with the scalars in front."""

    is_negative: bool
    scalars: tuple[Expr, ...]
    factors: tuple[Expr, ...]

    @classmethod
    def of(cls, e: Expr, network: Network) -> _Term:
        match e:
            case expr.Negative(operand):
                inner = cls.of(operand, network)
                return replace(inner, is_negative=not inner.is_negative)
            case Product((*scalars, last)) if all(shape(part, network) == SCALAR for part in scalars):
                inner = cls.of(last, network)
                return replace(inner, scalars=(*scalars, *inner.scalars))
            case Hadamard(factors):
                parts = [cls.of(factor, network) for factor in factors]
                before = tuple(scalar for part in parts for scalar in part.scalars)
                inside = tuple(factor for part in parts for factor in part.factors)
                return cls(sum(part.is_negative for part in parts) % 2 == 1, before, inside)
        return cls(False, (), (e,))

    def without(self, shared: Expr, network: Network) -> Expr:
        """The term divided by one of its factors."""
        at = self.factors.index(shared)
        rest = (*self.factors[:at], *self.factors[at + 1 :])
        made = times(*self.scalars, entrywise(*rest) if rest else _one(shared, network))
        return negated(made) if self.is_negative else made


# --- worked out ------------------------------------------------------------------------------------------------------


def size_of(e: Expr) -> int:
    """How long an expression is: the number of its parts. A row or a matrix of ones counts as the 1 that it stands for.

    So `(1 1ᵀ - h ⊙ h) ⊙ u` stays as it is, which is what a person writes.
    """
    match e:
        case expr.Transpose(Ones()) | Product((Ones(), expr.Transpose(Ones()))):
            return 1
    return 1 + sum(map(size_of, children(e)))


def worked_out(name: str, applies: Callable[[Expr, Context], bool], style: str) -> Rule:
    """The rule that writes an expression shorter, by its entries and what is assumed, where that is possible."""

    def rewrite(e: Expr, context: Context) -> Rewritten | None:
        if not isinstance(e, Sum | Product | Hadamard | expr.Negative | EntrywiseQuotient) or not applies(e, context):
            return None
        if is_plain(e) or _terms(e) > MOST_TERMS:
            return None
        found = _shorter(e, context, style)
        return None if found is None else Rewritten(found, ("Multiplied out entry by entry.",))

    return Rule(name, rewrite, "the entries of both sides are equal", source="entry by entry")


# terms that something may have when it is multiplied out: nobody would write more, and they double with every layer
MOST_TERMS = 64


def _terms(e: Expr) -> int:
    """How many terms there are when all products and whole powers of sums are multiplied out, below a fraction too."""
    inner = map(_terms, children(e))
    match e:
        case Sum():
            return sum(inner)
        case Product() | Hadamard() | EntrywiseQuotient() | expr.Quotient():
            return math.prod(inner)
        case Power(base, exponent) | EntrywisePower(base, exponent):
            times_over = min(math.ceil(abs(exponent)), MOST_TERMS)
            found: int = _terms(base) ** times_over
            return min(found, MOST_TERMS + 1)
        case expr.Transpose() | expr.Negative() | Diagonal():
            return max(inner)
    return 1


def is_plain(e: Expr) -> bool:
    """Whether it is a product of different variables, gradients and slopes `1 - h ⊙ h`: nothing in it is shorter."""
    bare = list(_multiplied(e))
    return len(bare) == len(set(bare)) and all(isinstance(f, Variable | Partial) or _is_slope(f) for f in bare)


def _multiplied(e: Expr) -> Iterator[Expr]:
    """What is multiplied, entry by entry or as matrices, without the marks of transposes."""
    match e:
        case Product(factors) | Hadamard(factors):
            for factor in factors:
                yield from _multiplied(factor)
        case expr.Transpose(Variable() | Partial()):
            yield e.operand
        case _:
            yield e


def _is_slope(e: Expr) -> bool:
    """Whether it is `1 - h` or `1 - h ⊙ h`."""
    match e:
        case Sum((Ones() | Product((Ones(), expr.Transpose(Ones()))), expr.Negative(Variable()))):
            return True
        case Sum((Ones() | Product((Ones(), expr.Transpose(Ones()))), expr.Negative(Hadamard((one, two))))):
            return isinstance(one, Variable) and one == two
    return False


def _shorter(e: Expr, context: Context, style: str) -> Expr | None:
    key = ("shorter", e, style, frozenset(context.known.items()), context.given)
    return context.network.kept(key, lambda: _find_shorter(e, context, style))


def _find_shorter(e: Expr, context: Context, style: str) -> Expr | None:
    work = Calculus(context.network, context.known)
    i, k = work.entry_indices(shape(e, context.network))
    try:
        made = with_assumed(normal(entries(e, i, k, work), work), context.given, work)
        found = recognised(made, i, k, work, style)
    except (Inexpressible, LookupError, ShapeError):
        # what is read entry by entry may not conform as a flat product
        return None
    kinds = {type(part) for _, part in subterms(e)}
    # nothing is shorter that is written with diagonals or powers where there were none
    foreign = {type(part) for _, part in subterms(found)} - kinds
    return found if size_of(found) < size_of(e) and not foreign & {Diagonal, EntrywisePower} else None


def _computed_by(network: Network, kind: str, is_one: Callable[[Expr], bool]) -> frozenset[str]:
    """The names of the variables that an equation of a kind computes."""
    return network.kept(
        ("computed by", kind), lambda: frozenset(eq.left.name for eq in network.equations if is_one(eq.right))
    )


def _has_softmax(e: Expr, context: Context) -> bool:
    """Whether a softmax, or a variable that is one, is multiplied by what is divided by it."""
    below = [part.denominator for part in parts_of(e) if isinstance(part, EntrywiseQuotient)]
    if not below:
        return False
    softmaxes = _computed_by(context.network, "softmax", lambda right: isinstance(right, Softmax))
    return any(isinstance(b, Softmax) or (isinstance(b, Variable) and b.name in softmaxes) for b in below)


def _logistic() -> Rule:
    """The rule that finds `ŷ - y` where a sigmoid meets the binary cross-entropy."""

    def rewrite(e: Expr, context: Context) -> Rewritten | None:
        if not isinstance(e, Sum | Product | Hadamard | expr.Negative | EntrywiseQuotient | expr.Quotient):
            return None
        if not _has_sigmoid(e, context):
            return None
        part, others = _scalars_of(e, context)
        for candidate in _differences(part, context):
            if size_of(candidate) < size_of(part) and _equal(part, candidate, context):
                why = ("What is divided by is multiplied by before: ", equal(part, candidate), ".")
                return Rewritten(times(candidate, *others), why)
        return None

    statement = "h (1 - h) ⊙ (-y ⊘ h + (1 - y) ⊘ (1 - h)) = h - y        shapes: as h"
    return Rule("sigmoid with binary cross-entropy", rewrite, statement, source="Bishop 2006, 5.2")


def _scalars_of(e: Expr, context: Context) -> tuple[Expr, tuple[Expr, ...]]:
    """The scalar factors of a product as one, and the others; anything else is whole."""
    if not isinstance(e, Product):
        return e, ()
    scalars = tuple(f for f in e.factors if shape(f, context.network) == SCALAR)
    others = tuple(f for f in e.factors if f not in scalars)
    return (times(*scalars), others) if scalars and others else (e, ())


def _differences(e: Expr, context: Context) -> list[Expr]:
    """`h - y` of a sigmoid and another variable in `e`, alone and times a fraction in `e`."""
    network, wanted = context.network, shape(e, context.network)
    parts = list(dict.fromkeys(part for _, part in subterms(e)))
    variables = [part for part in parts if isinstance(part, Variable) and shape(part, network) == wanted]
    scales = [part for part in parts if isinstance(part, expr.Quotient) and isinstance(part.numerator, expr.Number)]
    scales = [each for each in scales if not any(isinstance(part, Variable) for _, part in subterms(each))]
    pairs = [(h, y) for h in variables for y in variables if h != y and _is_computed_sigmoid(h, network)]
    plain: list[Expr] = [h - y for h, y in pairs]
    return [*plain, *(times(scale, each) for scale in scales for each in plain)]


def _is_computed_sigmoid(variable: Variable, network: Network) -> bool:
    return any(_is_sigmoid(equation.right) and same_family(equation.left, variable) for equation in network.equations)


def _equal(one: Expr, two: Expr, context: Context) -> bool:
    """Whether all entries are equal where nothing that is divided by is 0."""
    work = Calculus(context.network, context.known)
    i, k = work.entry_indices(shape(one, context.network))
    try:
        first, second = (normal(entries(e, i, k, work), work) for e in (one, two))
    except (Inexpressible, LookupError):
        return False
    return first == second or same_cleared(first, second, work)


def _has_sigmoid(e: Expr, context: Context) -> bool:
    if not any(isinstance(part, EntrywiseQuotient | expr.Quotient) for part in parts_of(e)):
        return False
    sigmoids = _computed_by(context.network, "sigmoid", _is_sigmoid)
    return any(_is_sigmoid(part) or (isinstance(part, Variable) and part.name in sigmoids) for part in parts_of(e))


def _is_sigmoid(e: Expr) -> bool:
    return isinstance(e, Elementwise) and e.function == "sigmoid" and e.order == 0


WORKED_OUT = {style: worked_out("worked out", lambda e, context: True, style) for style in (JACOBIAN, HADAMARD)}
# those that are about a line as a whole
EVERYWHERE = (by_name, *WORKED_OUT.values())


@cache
def shortenings(style: str) -> tuple[Rule, ...]:
    """The rules, in the order in which they are tried."""
    named = (
        worked_out("softmax with cross-entropy", _has_softmax, style),
        _logistic(),
        WORKED_OUT[style],
    )
    shared = (slope, by_name, like_terms, without_ones, root_squared, scalars_first)
    return (*shared, *((diagonal_as_hadamard, common_factor) if style == HADAMARD else ()), *named)
