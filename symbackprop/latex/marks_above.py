"""What stands above a letter: transposes, layers, powers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from symbackprop.dims import Dim
from symbackprop.latex import surface as s
from symbackprop.latex.meaning_dims import as_dim
from symbackprop.latex.readings import Reader
from symbackprop.latex.surface import Surface

TRANSPOSES = frozenset({"⊤", "⊺", "T", "t"})
# so many ways to read what stands above a letter
MOST_MARKS = 16
PRIMES = frozenset({"′", "'"})


@dataclass(frozen=True)
class Turned:
    """A transpose."""


@dataclass(frozen=True)
class Layer:
    """An index that stands above: `l`, `(l)`, `[l]`."""

    at: Dim


@dataclass(frozen=True)
class Raised:
    """A power; entry by entry where it is written so."""

    exponent: Fraction
    entrywise: bool = False


Above = Turned | Layer | Raised


def read_above(e: Surface | None, reader: Reader) -> list[tuple[Above, ...]]:
    """What a superscript may mean, in the order in which it applies.

    Raises:
        ReadingError: for what is no transpose, no index and no power.
    """
    if e is None:
        return [()]
    match e:
        case s.Term(factors=factors, signs=signs) if all(sign.text == "" for sign in signs) and not _is_product(e):
            ways: list[tuple[Above, ...]] = [()]
            for factor in factors:
                ways = [(*before, *each) for before in ways for each in read_above(factor, reader)]
                if len(ways) > MOST_MARKS:
                    raise reader.error(f"{reader.source(e)!r} above a letter is too much: write one mark", e)
            return ways
        case s.Scripted(base=s.Fenced() as base, sub=None, sup=sup, primes=0, dotted=False):
            return [(*one, *two) for one in read_above(base, reader) for two in read_above(sup, reader)]
    found = [(mark,) for mark in _marks(e, reader)]
    if not found:
        raise reader.error(
            f"{reader.source(e)!r} as an exponent is no transpose, no index and no power: write \\top, [l] or 2", e
        )
    return list(found)


def _is_product(e: s.Term) -> bool:
    """`2l` is one index; `[1]T` and `l\top` are marks one after the other."""
    return not any(
        isinstance(factor, s.Fenced) or (isinstance(factor, s.Letter) and factor.text in TRANSPOSES)
        for factor in e.factors
    )


def _marks(e: Surface, reader: Reader) -> Iterator[Above]:
    match e:
        case s.Letter(text=text) if text in TRANSPOSES:
            yield Turned()
        case s.Fenced(left="(" | "[", body=body):
            at = as_dim(body, reader)
            if at is not None:
                yield Layer(at)
            return
        case s.Blank():
            return
    exponent = rational(e)
    if exponent is not None:
        yield Raised(exponent)
    entrywise = _entrywise(e)
    if entrywise is not None:
        yield Raised(entrywise, True)
    at = as_dim(e, reader)
    if at is not None:
        yield Layer(at)


def rational(e: Surface) -> Fraction | None:
    """A rational number that is written out: `2`, `-1`, `1/2`, `\tfrac12`."""
    match e:
        case s.Numeral(text=text):
            return Fraction(text)
        case s.Signed(sign="-", body=body):
            inner = rational(body)
            return None if inner is None else -inner
        case s.Fraction(numerator=over, denominator=under) | s.Term(factors=(over, under), signs=(s.Sign(text="/"),)):
            top, bottom = rational(over), rational(under)
            return None if top is None or not bottom else top / bottom
        case s.Fenced(left="(", body=body, right=")"):
            return rational(body)
    return None


def _entrywise(e: Surface) -> Fraction | None:
    r"""The power of `\odot 2`."""
    match e:
        case s.Term(factors=(s.Blank(), power), signs=(s.Sign(text="⊙" | "∘"),)):
            return rational(power)
        case s.Signed(sign="⊙" | "∘", body=power):
            return rational(power)
    return None
