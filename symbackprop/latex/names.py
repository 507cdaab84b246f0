"""Which variable of a user's network a letter with its accents and scripts names, before any of them is known."""

from __future__ import annotations

from collections.abc import Collection, Iterator

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
    """A number, or an index with something added: `1`, `t`, `l-1`, `L`."""
    match e:
        case s.Numeral(text=text):
            return dim(int(text)) if text.isdigit() else None
        case s.Letter(text=text):
            text = "l" if text == "ℓ" else ENGLISH.get(text, text)
            is_index = text in indices or text.lower() in indices or (any_letter and len(text) == 1 and text.islower())
            return index(text) if is_index else None
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


def names_in(e: Surface, indices: Collection[str]) -> Iterator[tuple[Named, Surface]]:
    """Every variable that a formula seems to name, and where: letters on the line, not in bounds or scripts."""
    found = variable_in(e, indices)
    if found is not None:
        yield found, e
        return
    match e:
        case s.Scripted(base=base):
            yield from names_in(base, indices)
        case s.Big(body=body):
            yield from names_in(body, indices)
        case s.Annotated(body=body) | s.Styled(body=body):
            yield from names_in(body, indices)
        case _:
            for part in parts_of(e):
                yield from names_in(part, indices)


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
