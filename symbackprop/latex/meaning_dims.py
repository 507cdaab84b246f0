"""Sizes and indices: what stands in subscripts, as bounds of ∏ and Σ, and in dimensions below braces."""

from __future__ import annotations

from symbackprop.dims import Dim, dim, index
from symbackprop.latex import surface as s
from symbackprop.latex.places import ANY, At, Head, Label, Range
from symbackprop.latex.readings import Reader
from symbackprop.latex.surface import Surface

# an index is a letter; words are labels
_RANGES = frozenset({":", "…"})
PLACE_HOLDERS = frozenset({"·", ":", "*", "•"})


def read_dim(e: Surface, reader: Reader) -> Dim:
    """An integer: affine in indices and sizes.

    Raises:
        ReadingError: for anything else.
    """
    found = as_dim(e, reader)
    if found is None:
        raise reader.error(
            f"{reader.source(e)!r} is no index and no size: write one such as l+1, made of whole numbers and letters", e
        )
    return reader.scope.units(found)


def as_dim(e: Surface, reader: Reader) -> Dim | None:
    """The integer that a surface is; None if it is none."""
    match e:
        case s.Numeral(text=text):
            return dim(int(text)) if text.isdigit() else None
        case s.Letter(text=text):
            return reader.scope.index(text) if is_index_letter(text) else None
        case s.Scripted(base=s.Letter() as base, primes=0, dotted=False):
            return _width(base, e.sub, e.sup, reader)
        case s.Signed(sign="-", body=body):
            inner = as_dim(body, reader)
            return None if inner is None else -inner
        case s.Fenced(left="(", body=body, right=")"):
            return as_dim(body, reader)
        case s.Additive(terms=terms, signs=signs):
            return _sum(terms, signs, reader)
        case s.Term(factors=factors, signs=signs) if all(sign.text in ("", "·") for sign in signs):
            # `2l` is a product, `j0` is none
            pairs = zip(signs, factors[1:], strict=True)
            is_product = not any(sign.text == "" and isinstance(factor, s.Numeral) for sign, factor in pairs)
            return _product(factors, reader) if is_product else None
    return None


def is_index_letter(text: str) -> bool:
    return len(text) == 1 and text.isalpha()


def _width(base: s.Letter, sub: Surface | None, sup: Surface | None, reader: Reader) -> Dim | None:
    """`n_l`, or the size `D_x` of a network that has that one."""
    below, above = (None if e is None else as_dim(unfenced(e), reader) for e in (sub, sup))
    if (below is None) == (sub is None) and (above is None) == (sup is None):
        found = reader.scope.width(Head(base.text, base.style), below, above)
        if found is not None:
            return found
    if isinstance(sub, s.Letter | s.Numeral) and sup is None:
        name = f"{base.text}_{sub.text}"
        return index(name) if name in reader.scope.sizes else None
    return None


def unfenced(e: Surface) -> Surface:
    """What stands in the fence of a layer: `l` of `[l]`."""
    return e.body if isinstance(e, s.Fenced) and (e.left, e.right) in (("(", ")"), ("[", "]")) else e


def _sum(terms: tuple[Surface, ...], signs: tuple[s.Sign, ...], reader: Reader) -> Dim | None:
    total = as_dim(terms[0], reader)
    for sign, term in zip(signs, terms[1:], strict=True):
        value = as_dim(term, reader)
        if total is None or value is None or sign.text not in "+-" or sign.note is not None:
            return None
        total = total + value if sign.text == "+" else total - value
    return total


def _product(factors: tuple[Surface, ...], reader: Reader) -> Dim | None:
    """Affine products only: at most one factor has letters in it."""
    total = dim(1)
    for factor in factors:
        value = as_dim(factor, reader)
        if value is None or not (value.is_constant or total.is_constant):
            return None
        total = value * total.constant if total.is_constant else total * value.constant
    return total


# --- subscripts ------------------------------------------------------------------------------------------------------


def read_places(e: Surface, reader: Reader) -> list[tuple[At, ...]]:
    """What may stand in a subscript: each way to read `ij` as two indices, as a name, or as one index.

    Raises:
        ReadingError: for what is no index.
    """
    ways: list[tuple[At, ...]] = [()]
    for group in _groups(e, reader):
        found = _group(group, reader)
        ways = [(*before, *each) for before in ways for each in found]
        if len(ways) > 16:
            raise reader.error(f"the subscript {reader.source(e)!r} can be read in too many ways: put commas in it", e)
    return ways


def _groups(e: Surface, reader: Reader) -> tuple[Surface, ...]:
    if isinstance(e, s.Listed):
        for sign in e.signs:
            if sign.text not in (",", ";"):
                raise reader.error("indices stand between commas: write one here", sign)
        return e.parts
    return (e,)


def _group(e: Surface, reader: Reader) -> list[tuple[At, ...]]:
    found: list[tuple[At, ...]] = []
    place = _one(e, reader)
    if place is not None:
        found.append((place,))
    found += _side_by_side(e, reader)
    label = label_of(e)
    if label is not None:
        found.append((Label(label),))
    if not found:
        raise reader.error(f"{reader.source(e)!r} is no index: write one such as j or l+1, or a name", e)
    return list(dict.fromkeys(found))


def _one(e: Surface, reader: Reader) -> At | None:
    match e:
        case s.Blank(text=text) if text in PLACE_HOLDERS:
            return ANY
        case s.Chain(parts=(first, last), signs=(sign,)) if sign.text in _RANGES:
            return Range(read_dim(first, reader), read_dim(last, reader))
    found = as_dim(e, reader)
    return None if found is None else reader.scope.units(found)


def _side_by_side(e: Surface, reader: Reader) -> list[tuple[At, ...]]:
    """`ij`, `1i`, `j:` and `11` as one index after the other."""
    match e:
        case s.Numeral(text=text) if text.isdigit() and len(text) > 1:
            return [tuple(dim(int(digit)) for digit in text)]
        case s.Term(factors=factors, signs=signs) if all(sign.text == "" for sign in signs):
            places: list[At] = []
            for factor in factors:
                place = _one(factor, reader)
                if place is None:
                    return []
                places.append(place)
            return [tuple(places)]
    return []


def label_of(e: Surface) -> str | None:
    """The name that a subscript is: `xh`, `max`, `x`; None if it is none."""
    match e:
        case s.Letter(text=text):
            return text
        case s.Prose(text=text):
            return text
        case s.Term(factors=factors, signs=signs) if all(sign.text == "" for sign in signs):
            letters = [label_of(factor) for factor in factors]
            return None if None in letters else "".join(filter(None, letters))
    return None
