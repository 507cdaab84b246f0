"""Which variable of a user's network a letter with its accents and scripts names, before any of them is known."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from symbackprop.dims import Dim, dim, index
from symbackprop.expr import Named
from symbackprop.latex import surface as s
from symbackprop.latex.places import ENGLISH
from symbackprop.latex.surface import Surface
from symbackprop.notations import ACCENTS, Written

# the letters that are indices of layers and of time wherever they stand below
LAYERS, TIME = "l", "t"
ALWAYS = frozenset({LAYERS, TIME})
_ACCENTS = frozenset({"hat", "bar", "tilde", "dot"})


def variable_in(e: Surface, indices: Collection[str] = ALWAYS, any_letter: bool = False) -> Named | None:
    """The variable that a surface names; None for anything else.

    Args:
        indices: letters that are indices of families; other letters below belong to the name.
        any_letter: whether every single small letter below is an index.
    """
    match e:
        case s.Scripted(base=base, sub=sub, sup=sup, primes=0, dotted=False):
            name, place = _head(base), sub if sup is None else sup
            if name is None or place is None or (sub is not None and sup is not None):
                return None
            return _placed(name, place, sup is not None, indices, any_letter)
    name = _head(e)
    return None if name is None else Named(name)


def _head(e: Surface) -> str | None:
    match e:
        case s.Letter(text=text, style=style) if style != "operator":
            return ENGLISH.get(text, text)
        case s.Accented(accent=accent, body=body) if accent in _ACCENTS:
            inner = _head(body)
            return None if inner is None else inner + accent
        case s.Styled(body=body):
            return _head(body)
    return None


def _placed(name: str, place: Surface, above: bool, indices: Collection[str], any_letter: bool) -> Named | None:
    fenced = isinstance(place, s.Fenced) and place.left in ("(", "[")
    if fenced:
        assert isinstance(place, s.Fenced)
        place = place.body
    elif above:
        # a superscript without a fence may be a power
        return None
    at = _index(place, indices, any_letter)
    if at is not None:
        return Named(name, at)
    label = None if above else _label(place)
    return None if label is None else Named(f"{name}_{label}")


def _index(e: Surface, indices: Collection[str], any_letter: bool) -> Dim | None:
    """A number, or an index with something added: `1`, `-1`, `t`, `l-1`, `L`."""
    match e:
        case s.Numeral(text=text):
            return dim(int(text)) if text.isdigit() else None
        case s.Letter(text=text):
            text = "l" if text == "ℓ" else ENGLISH.get(text, text)
            is_index = text in indices or text.lower() in indices or (any_letter and len(text) == 1 and text.islower())
            return index(text) if is_index else None
        case s.Signed(sign="-", body=body):
            value = _index(body, indices, any_letter)
            return None if value is None else -value
        case s.Additive(terms=terms, signs=signs):
            total = _index(terms[0], indices, any_letter)
            for sign, term in zip(signs, terms[1:], strict=True):
                value = _index(term, indices, any_letter)
                if total is None or value is None or sign.text not in "+-":
                    return None
                total = total + value if sign.text == "+" else total - value
            return total
    return None


def _label(e: Surface) -> str | None:
    match e:
        case s.Letter(text=text) | s.Prose(text=text):
            return text
        case s.Term(factors=factors, signs=signs) if all(sign.text == "" for sign in signs):
            parts = [_label(factor) for factor in factors]
            return None if None in parts else "".join(filter(None, parts))
    return None


_STYLES = {"vec": "vec", "bold": "bold"}


def written_as(e: Surface, indices: Collection[str]) -> tuple[str, Written] | None:
    """The name of the variable that a surface names, and how it is written there; None for anything else."""
    variable = variable_in(e, indices, any_letter=True)
    if variable is None:
        return None
    place, fence = "sub", ""
    base = e
    if isinstance(e, s.Scripted):
        base = e.base
        if e.sup is not None:
            place = "sup"
        if isinstance(e.sup, s.Fenced):
            fence = e.sup.left
    style, accent = "plain", ""
    while not isinstance(base, s.Letter):
        if isinstance(base, s.Accented):
            accent, base = base.accent, base.body
        elif isinstance(base, s.Styled):
            style, base = _STYLES.get(base.style, style), base.body
        else:
            return None
    style = _STYLES.get(base.style, style)
    _, _, label = variable.name.partition("_")
    if accent not in ACCENTS:
        return None
    return variable.name, Written(base.text, style, accent, place, fence, label=label)


@dataclass(frozen=True)
class Mention:
    """A variable that a formula seems to name.

    Attributes:
        place: where.
        at: of entries, the letters of their indices, at least one of which a sum around them binds: `Σ_k y_k` names
            the entries of `y` at `k`.
    """

    variable: Named
    place: Surface
    at: tuple[str, ...] = ()


def names_in(e: Surface, indices: Collection[str], bound: frozenset[str] = frozenset()) -> Iterator[Mention]:
    """Every variable that a formula seems to name: letters on the line, not in bounds or scripts."""
    own = bound - frozenset(indices)
    if isinstance(e, s.Scripted) and own:
        name = _head(e.base)
        at = _letter_of_family(e.sup)
        if name is not None and at in own:
            yield Mention(Named(name, index(at)), e)
            return
        places = () if e.sub is None else tuple(_written_place(place) for place in _places(e.sub))
        if name is not None and own.intersection(letter for place in places for letter in place.split()):
            yield Mention(Named(name), e, places)
            return
    # a transpose or a power is no part of the name
    plain = replace(e, sup=None, primes=0, written="") if isinstance(e, s.Scripted) and e.sub is not None else e
    found = variable_in(e, indices) or variable_in(plain, indices)
    if found is not None:
        yield Mention(found, e)
        return
    match e:
        case s.Scripted(base=base):
            yield from names_in(base, indices, bound)
        case s.Big(body=body, sub=sub):
            yield from names_in(body, indices, bound | frozenset(_bound_by(sub)))
        case s.Annotated(body=body) | s.Styled(body=body):
            yield from names_in(body, indices, bound)
        case _:
            for part in parts_of(e):
                yield from names_in(part, indices, bound)


def _letter_of_family(above: Surface | None) -> str:
    """The letter of `x^{(i)}`, of a transpose of it too."""
    match above:
        case s.Fenced(left="(" | "[", body=s.Letter(text=text)):
            return ENGLISH.get(text, text)
        case s.Scripted(base=base) | s.Term(factors=(base, *_)):
            return _letter_of_family(base)
    return ""


def _written_place(e: Surface) -> str:
    """The letters of an index, parted by spaces."""
    return " ".join(ENGLISH.get(letter.text, letter.text) for letter in _letters(e))


def ends_in(e: Surface) -> Iterator[str]:
    """The letters of the ends of sums: sizes, and no variables."""
    if isinstance(e, s.Big) and e.sign in ("∑", "∏"):
        ends = [e.sup] if e.sup is not None else []
        if isinstance(e.sub, s.Chain):
            ends += e.sub.parts[1:]
        yield from (ENGLISH.get(letter.text, letter.text) for end in ends for letter in _letters(end))
    for part in parts_of(e):
        yield from ends_in(part)


def _bound_by(sub: Surface | None) -> Iterator[str]:
    """The letters that a sum binds: of `k = 1`, `i, j`, `k`."""
    match sub:
        case s.Letter(text=text):
            yield ENGLISH.get(text, text)
        case s.Listed(parts=parts):
            for part in parts:
                yield from _bound_by(part)
        case s.Term(factors=factors):
            for factor in factors:
                yield from _bound_by(factor)
        case s.Chain(parts=(first, second, *_), signs=(sign, *_)):
            yield from _bound_by(first if sign.text in ("=", "∈", "≠") else second)


def _places(e: Surface) -> tuple[Surface, ...]:
    """The indices in a script: `i`, `i j`, `i, j`."""
    match e:
        case s.Listed(parts=parts):
            return parts
        case s.Term(factors=factors, signs=signs) if all(sign.text == "" for sign in signs):
            return () if any(isinstance(factor, s.Numeral) for factor in factors[:1]) else factors
    return (e,)


def _letters(e: Surface) -> Iterator[s.Letter]:
    if isinstance(e, s.Letter):
        yield e
    for part in parts_of(e):
        yield from _letters(part)


def parts_of(e: Surface) -> Iterator[Surface]:
    """The surfaces directly inside another one."""
    for name in e.__dataclass_fields__:
        value = getattr(e, name)
        if isinstance(value, Surface) and not isinstance(value, s.Sign):
            yield value
        elif isinstance(value, tuple):
            for each in value:
                if isinstance(each, tuple):
                    yield from (inner for inner in each if isinstance(inner, Surface))
                elif isinstance(each, Surface) and not isinstance(each, s.Sign):
                    yield each
