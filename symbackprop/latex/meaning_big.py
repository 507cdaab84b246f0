r"""What takes the rest of its term along: `\sum`, `\prod`, `\max_i`, `\sup_{\|x\|=1}`; families `\{W_l\}_{l=0}^L`."""

from __future__ import annotations

from collections.abc import Callable

from symbackprop import expr, magnitudes
from symbackprop.dataset import Family
from symbackprop.dims import ONE, Dim, at_most, index
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Variable
from symbackprop.latex import surface as s
from symbackprop.latex.counting import keep_in
from symbackprop.latex.meaning import read, reads, special
from symbackprop.latex.parts import measured
from symbackprop.latex.ranges import Bounds, bounds_of, ranged, refuse_outside
from symbackprop.latex.readings import Reader, Reading, Readings, over, said
from symbackprop.latex.surface import Surface, values
from symbackprop.shapes import SCALAR, Shape
from symbackprop.tree import subterms

_REFUSED = {
    "∫": r"integrals are not read here: write the function itself, or \operatorname{E}[…]",
    "lim": "limits are not read here: write the value",
    "argmax": "argmax is no expression here: write the index",
    "argmin": "argmin is no expression here: write the index",
}


@reads(s.Big)
def _(e: s.Big, reader: Reader) -> Readings:
    if e.sign in ("∑", "Σ"):
        return _sum(e, reader)
    if e.sign == "∏":
        return _product(e, reader)
    if e.sign in ("max", "min"):
        return _extreme(e, reader)
    if e.sign in ("sup", "inf"):
        return _over_unit(e, reader)
    raise reader.error(_REFUSED.get(e.sign, f"{e.sign} is none of the operators here: leave it out"), e)


# --- sums ------------------------------------------------------------------------------------------------------------


def _sum(e: s.Big, reader: Reader) -> Readings:
    indices = bounds_of(e, reader)
    inside = reader
    for at in indices:
        inside = inside.within(at.name)
    bodies = read(e.body, inside)

    def made(parts: tuple[Reading, ...], found: object) -> Reading:
        (body,) = parts
        for at in reversed(indices):
            body = _summed(at, body, e, reader)
        return body

    return reader.one_of([bodies], e, made)


def _summed(at: Bounds, body: Reading, e: s.Big, reader: Reader) -> Reading:
    tree = body.settled
    if at.first is None:
        spectral = _spectral(at.name, tree)
        if spectral is not None:
            return over(magnitudes.SpectralSum(at.name, spectral, tree), SCALAR, e, [body], body.found)
    first, last, found = ranged(at, body, e, reader)
    if at_most(last + 2, first, {}):
        raise reader.error(f"{at.name} runs from {first} to {last}, which is nothing: write the smaller value below", e)
    size = body.size
    if any(at.name in each.symbols for each in size):
        raise reader.nonconforming(
            f"cannot add terms whose shape ({reader.scope.written(size)}) depends on {at.name}", e, tree
        )
    made = expr.IndexedSum(at.name, first, last, tree)
    return over(made, size, e, [body], found)


def _spectral(name: str, body: Expr) -> Expr | None:
    """The matrix over whose singular values an index runs."""
    of = {
        part.operand
        for _, part in subterms(body)
        if isinstance(part, magnitudes.SingularValueAt) and part.at == index(name)
    }
    return of.pop() if len(of) == 1 else None


# --- products --------------------------------------------------------------------------------------------------------


def _product(e: s.Big, reader: Reader) -> Readings:
    """A product whose body is all that follows; `spread` gives the other extents."""
    (at, *more) = bounds_of(e, reader)
    if more:
        raise reader.error("a product runs over one index: write a ∏ for each", e)
    if at.first is None or at.last is None:
        raise reader.error("∏ does not say from where to where: write l=1 below and L above it", e)
    keep_in(reader.scope.ranges, reader.text[e.span[0] : e.body.span[0]], at)
    if isinstance(e.body, s.Term) and len(spread(e, reader)) > 0:
        return read(s.Term(e.span, (e,), ()), reader)
    inside = reader.within(at.name)
    return reader.one_of([read(e.body, inside)], e, lambda parts, _: multiplied_over(at, parts[0], e.span, reader))


def spread(e: s.Big, reader: Reader) -> list[tuple[Surface, tuple[Surface, ...], tuple[s.Sign, ...]]]:
    """The ways to say how much of what follows ∏ is in it: itself over some factors, and the factors after it.

    What stands in square brackets is all of it, and an index of that name behind them is another one; so it is with
    parentheses if no factor behind them names the index. Else every number of factors may be, where the others do not.
    """
    if not isinstance(e.body, s.Term):
        return []
    factors, signs = e.body.factors, e.body.signs
    # the letter as it is written, which may stand for an index of another name
    bound = e.sub.parts[0] if isinstance(e.sub, s.Chain) else e.sub
    letter = bound.text if isinstance(bound, s.Letter) else ""
    first = factors[0]
    bracketed = isinstance(first, s.Fenced) and (
        first.left == "[" or not any(_names(part, letter) for part in factors[1:])
    )
    made: list[tuple[Surface, tuple[Surface, ...], tuple[s.Sign, ...]]] = []
    for count in (1,) if bracketed else range(len(factors), 0, -1):
        rest = factors[count:]
        if not bracketed and any(_names(part, letter) for part in rest):
            continue
        body = _part(factors[:count], signs[: count - 1])
        # in parentheses, so that nothing else is looked for in it
        closed = s.Fenced(body.span, "(", body, ")")
        made.append((s.Big((e.span[0], body.span[1]), e.sign, closed, e.sub, e.sup), rest, signs[count - 1 :]))
    return made


def _names(e: object, name: str) -> bool:
    """Whether a letter stands anywhere in a surface but where it is bound anew."""
    if isinstance(e, s.Letter):
        return e.text == name
    if isinstance(e, s.Big) and isinstance(e.sub, s.Chain) and _names(e.sub.parts[0], name):
        return _names((*e.sub.parts[1:], e.sup), name)
    if isinstance(e, tuple):
        return any(_names(part, name) for part in e)
    return isinstance(e, Surface) and any(_names(part, name) for part in values(e)[1:])


def _part(factors: tuple[Surface, ...], signs: tuple[s.Sign, ...]) -> Surface:
    if len(factors) == 1:
        return factors[0]
    return s.Term((factors[0].span[0], factors[-1].span[1]), factors, signs)


@special(s.Term)
def _(e: s.Term, reader: Reader) -> Readings | None:
    """A term that ends in a ∏: each way to say how much of it is in the product."""
    last = e.factors[-1]
    if not (isinstance(last, s.Big) and last.sign == "∏"):
        return None
    ways = spread(last, reader)
    if not ways:
        return None

    def attempt(big: Surface, rest: tuple[Surface, ...], signs: tuple[s.Sign, ...]) -> Callable[[], Readings]:
        factors = (*e.factors[:-1], big, *rest)
        return lambda: read(_part(factors, (*e.signs, *signs)), reader)

    return reader.any_of([attempt(*way) for way in ways], e)


def multiplied_over(at: Bounds, body: Reading, span: s.Span, reader: Reader) -> Reading:
    """The product over an index, rising or falling: as its ends say, or else as the factors conform."""
    tree = body.settled
    ends = at.ends(tree, reader)
    assert ends is not None
    refuse_outside(at.name, ends, body, span, reader)
    first, last = ends
    size = body.size
    directions = _directions(first, last)
    if size == SCALAR:
        return over(_over(at.name, first, last, tree, directions[0]), SCALAR, span, [body], body.found)
    for falling in directions:
        try:
            found = _conforming(at.name, ends, size, falling, reader)
        except ShapeError as error:
            # an end beyond the layers of a network whose widths are numbers
            raise reader.nonconforming(str(error), span, tree) from None
        if found is not None:
            return over(_over(at.name, first, last, tree, falling), found, span, [body], body.found)
    step = -1 if directions[0] else 1
    after = size[0].at({at.name: index(at.name) + step})
    raise reader.nonconforming(
        f"the factors of this product do not conform: {said(tree)} ({reader.scope.written(size)}) is followed by one "
        f"of {reader.scope.says(after)} rows; are they in the other order, or one of them to be transposed?",
        span,
        tree,
    )


def _directions(first: Dim, last: Dim) -> list[bool]:
    """Whether the index falls: the one way that the ends allow, or both, the likelier first."""
    rises = at_most(first, last + 1, _KNOWN)
    falls = at_most(last + 1, first, _KNOWN)
    if rises or falls:
        return [not rises]
    likely = bool(first.symbols) and last.is_constant
    return [likely, not likely]


# the depth is at least 1
_KNOWN = {"L": (ONE, None)}


def _over(name: str, first: Dim, last: Dim, body: Expr, falling: bool) -> Expr:
    if falling:
        return expr.IndexedProduct(name, last, first, body, True)
    return expr.IndexedProduct(name, first, last, body)


def _conforming(name: str, ends: tuple[Dim, Dim], size: Shape, falling: bool, reader: Reader) -> Shape | None:
    rows, columns = size
    after = rows.at({name: index(name) + (-1 if falling else 1)})
    if not reader.scope.conform(columns, after):
        return None
    normal = reader.scope.network.normal
    # `first` is the one that stands on the left, whichever way the index runs
    return normal(rows.at({name: ends[0]})), normal(columns.at({name: ends[1]}))


# --- extremes --------------------------------------------------------------------------------------------------------


def _extreme(e: s.Big, reader: Reader) -> Readings:
    (at, *more) = bounds_of(e, reader)
    if more:
        raise reader.error(f"a {e.sign} runs over one index here: write one for each", e)
    bodies = read(e.body, reader.within(at.name))
    _refuse_factor_behind(e, at.name, reader)

    def made(parts: tuple[Reading, ...], found: object) -> Reading:
        (body,) = parts
        first, last, _ = ranged(at, body, e, reader)
        if not body.is_scalar:
            raise reader.nonconforming(f"a {e.sign} over an index is of scalars", e, body.tree)
        return over(magnitudes.Extreme(e.sign, at.name, first, last, body.settled), SCALAR, e, parts, body.found)

    return reader.one_of([bodies], e, made)


def _refuse_factor_behind(e: s.Big, name: str, reader: Reader) -> None:
    r"""Refuse `\max_i h_i s`: only of a factor that is surely not negative is it all the same where it stands."""
    if not isinstance(e.body, s.Term):
        return
    letter = e.sub.parts[0] if isinstance(e.sub, s.Chain) else e.sub
    named = letter.text if isinstance(letter, s.Letter) else name
    factors, signs = e.body.factors, e.body.signs
    last = max((i for i, part in enumerate(factors) if _names(part, named)), default=len(factors) - 1)
    if all(_is_natural(part) for part in factors[last + 1 :]):
        return
    inside, behind = (
        _part(each, signs[start : start + len(each) - 1])
        for start, each in ((0, factors[: last + 1]), (last + 1, factors[last + 1 :]))
    )
    sign = reader.text[e.span[0] : e.body.span[0]].strip()
    one, two = reader.source(inside), reader.source(behind)
    raise reader.error(
        f"this may be {sign} ({one} {two}) or ({sign} {one}) {two}: put parentheses around what belongs together", e
    )


def _is_natural(e: Surface) -> bool:
    """Whether it is a norm, an absolute value, or a number."""
    base = e.base if isinstance(e, s.Scripted) else e
    return isinstance(base, s.Numeral) or (isinstance(base, s.Fenced) and base.left in ("‖", "|"))


def _over_unit(e: s.Big, reader: Reader) -> Readings:
    vector = _unit_vector(e, reader)
    return reader.one_of(
        [vector, read(e.body, reader)], e, lambda parts, found: _supremum(parts[0], parts[1], e, reader)
    )


def _supremum(vector: Reading, body: Reading, e: s.Big, reader: Reader) -> Reading:
    if not isinstance(vector.tree, Variable):
        raise reader.error(f"a {e.sign} is over a vector that has a letter: write \\|\\vec{{x}}\\|_2=1 below it", e)
    return measured(magnitudes.OverUnit(e.sign, vector.tree, body.tree), (vector, body), reader, e)


def _unit_vector(e: s.Big, reader: Reader) -> Readings:
    if (
        isinstance(e.sub, s.Chain)
        and e.sup is None
        and len(e.sub.parts) == 2
        and e.sub.signs[0].text == "="
        and e.sub.parts[1] == s.Numeral((0, 0), "1")
    ):
        norm = e.sub.parts[0]
        two = s.Numeral((0, 0), "2")
        if isinstance(norm, s.Scripted) and norm.sub == two and norm.sup is None:
            norm = norm.base
        if isinstance(norm, s.Fenced) and norm.left == "‖":
            return read(norm.body, reader)
    raise reader.error(
        f"what stands below {e.sign} cannot be read: write a unit vector, as \\|\\vec{{x}}\\|_2=1", e.sub or e
    )


# --- families --------------------------------------------------------------------------------------------------------


@special(s.Scripted)
def _(e: s.Scripted, reader: Reader) -> Readings | None:
    r"""`\{W_l\}_{l=0}^L`."""
    if not (isinstance(e.base, s.Fenced) and e.base.left == "{" and isinstance(e.sub, s.Chain)):
        return None
    sign = s.Big(e.span, "{…}", e.base.body, e.sub, e.sup)
    (at, *more) = bounds_of(sign, reader)
    if more or at.first is None or at.last is None or e.primes:
        raise reader.error(r"a family runs over one index: write \{W_l\}_{l=0}^L", e)

    def made(parts: tuple[Reading, ...], _: object) -> Reading:
        (member,) = parts
        ends = at.ends(member.tree, reader)
        assert ends is not None
        if not isinstance(member.tree, Variable):
            raise reader.error("a family is of variables: write one with its index", e.base)
        return measured(Family(at.name, *ends, member.tree), parts, reader, e)

    return reader.one_of([read(e.base.body, reader.within(at.name))], e, made)
