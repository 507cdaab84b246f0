r"""Cases and indicators: of the sign of something, and of two indices that are equal."""

from __future__ import annotations

from itertools import product

from symbackprop import expr
from symbackprop.dims import Dim
from symbackprop.expr import Elementwise, Expr, number
from symbackprop.latex import surface as s
from symbackprop.latex.columns import is_zero
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.meaning import read, special
from symbackprop.latex.meaning_dims import as_dim
from symbackprop.latex.readings import Mark, Reader, Reading, Readings, leaf, over, taken_for_granted
from symbackprop.latex.sizes import merged
from symbackprop.latex.surface import Surface
from symbackprop.shapes import SCALAR


def cases(e: s.Matrix, reader: Reader) -> Readings:
    """`1` for `z > 0` and else `0`: the step; `z` for `z > 0` and else `0`: the ReLU; of scalars any two.

    `a` for `i = k` and else `b` is `a δ_{ik} + b (1 - δ_{ik})`.
    """
    if len(e.rows) == 2 and all(len(row) == 2 for row in e.rows):
        (one, when), (other, otherwise) = e.rows
        operand = _positive(when)
        if operand is not None and is_zero(other) and _is_otherwise(otherwise, operand):
            if one == s.Numeral(e.span, "1"):
                return [over(Elementwise("step", part.tree), part.shape, e, [part]) for part in read(operand, reader)]
            if one == operand:
                return [over(Elementwise("relu", part.tree), part.shape, e, [part]) for part in read(operand, reader)]
        when, otherwise = _without_if(when), _without_if(otherwise)
        if _are_opposite(when, otherwise):
            return _either(one, other, condition(when, e, reader), e, reader)
    raise reader.error(
        r"of cases two are read, one for z > 0, z < 0 or i = k and one otherwise: write them so, or \mathbf{1}[z>0]",
        e,
    )


OPPOSITE = {">": ("≤", "<"), "<": ("≥", ">"), "=": ("≠",), "≠": ("=",)}


def _are_opposite(when: Surface, otherwise: Surface) -> bool:
    """Whether the second condition is that the first does not hold; what is at the kink has no slope."""
    match when, otherwise:
        case s.Chain(parts=parts, signs=(sign,)), s.Chain(parts=others, signs=(other,)):
            return other.text in OPPOSITE.get(sign.text, ()) and parts in (others, others[::-1])
    return isinstance(when, s.Chain) and _is_word(otherwise)


def _either(one: Surface, other: Surface, holds: Readings | None, e: Surface, reader: Reader) -> Readings:
    """`a c + b (1 - c)`, where `c` is 1 or 0."""
    made: Readings = []
    for parts in product(*(read(each, reader) for each in (one, other)), holds or ()):
        found = merged([part.found for part in parts], reader.scope.conform)
        if found is None or not all(part.is_scalar for part in parts):
            continue
        above, below, c = (part.tree for part in parts)
        tree = expr.Sum((expr.Product((above, c)), expr.Product((below, expr.Sum((number(1), expr.Negative(c)))))))
        made.append(Reading(tree, SCALAR, Mark(e.span), found, taken_for_granted(parts)))
    if not made:
        raise reader.error("only cases of scalars are read: write those of an entry, or use indicators", e)
    return made


def condition(e: Surface, whole: Surface, reader: Reader) -> Readings | None:
    """`z > 0`, `z < 0`, `i = k` and `i ≠ k` as what is 1 where it holds, and else 0; None for another one."""
    match e:
        case s.Chain(parts=(part, zero), signs=(s.Sign(text=">" | "<" as sign),)) if is_zero(zero):
            return [_step(each, sign == "<", whole) for each in read(part, reader)]
        case s.Chain(parts=(zero, part), signs=(s.Sign(text=">" | "<" as sign),)) if is_zero(zero):
            return [_step(each, sign == ">", whole) for each in read(part, reader)]
        case s.Chain(parts=(one, two), signs=(s.Sign(text="=" | "≠" as sign),)):
            places = [_letter_of_index(part, reader) for part in (one, two)]
            if places[0] is None or places[1] is None:
                return None
            same: Expr = expr.Kronecker(places[0], places[1])
            return [leaf(same if sign == "=" else expr.Sum((number(1), expr.Negative(same))), SCALAR, whole)]
    return None


def _step(of: Reading, is_turned: bool, whole: Surface) -> Reading:
    if not is_turned:
        return over(Elementwise("step", of.tree), of.shape, whole, [of])
    turned = over(expr.Negative(of.tree), of.shape, of.mark.span, [of])
    return over(Elementwise("step", turned.tree), of.shape, whole, [turned])


def _letter_of_index(e: Surface, reader: Reader) -> Dim | None:
    """The index that a letter is; None for a quantity, which two may be equal by chance."""
    place = as_dim(e, reader)
    if place is None or not isinstance(e, s.Letter):
        return None
    try:
        read(e, reader)
    except ReadingError:
        return place
    return None


def _positive(e: Surface) -> Surface | None:
    e = _without_if(e)
    match e:
        case s.Chain(parts=(part, zero), signs=(s.Sign(text=">"),)) if is_zero(zero):
            return part
    return None


def _without_if(e: Surface) -> Surface:
    if isinstance(e, s.Listed) and len(e.parts) == 2 and isinstance(e.parts[0], s.Prose):
        return e.parts[1] if e.parts[0].text.strip() in ("if", "for", "when") else e
    return e


def _is_otherwise(e: Surface, operand: Surface) -> bool:
    e = _without_if(e)
    match e:
        case _ if _is_word(e):
            return True
        case s.Chain(parts=(part, zero), signs=(s.Sign(text="≤"),)):
            return is_zero(zero) and part == operand
    return False


def _is_word(e: Surface) -> bool:
    return isinstance(e, s.Prose | s.Letter) and e.text.strip(" .,") in ("otherwise", "else")


# --- indicators ------------------------------------------------------------------------------------------------------


def is_indicator(e: Surface) -> bool:
    match e:
        case s.Letter(text=text):
            return text in ("I", "𝟙", "1", "𝕀")
        case s.Styled(body=s.Numeral(text="1")) | s.Numeral(text="1"):
            return True
    return False


def indicator(fence: Surface, e: Surface, reader: Reader) -> Readings | None:
    """`[z > 0]` as the step of `z`, `[i = k]` as `δ_{ik}`; None where there is no relation between the delimiters.

    Raises:
        ReadingError: for another condition.
    """
    if not (isinstance(fence, s.Fenced) and isinstance(fence.body, s.Chain)):
        if isinstance(fence, s.Scripted) and isinstance(fence.base, s.Fenced) and isinstance(fence.base.body, s.Chain):
            raise reader.error("scripts of an indicator cannot be read: write parentheses around it", fence)
        return None
    made = condition(fence.body, e, reader)
    if made is None:
        raise _unread(fence, reader)
    return made


def _unread(e: Surface, reader: Reader) -> ReadingError:
    return reader.error(
        f"of indicators those of z > 0, z < 0 and of i = k are read, not {reader.source(e)!r}: write one so", e
    )


@special(s.Fenced)
def _(e: s.Fenced, reader: Reader) -> Readings | None:
    """`[z > 0]`, `(z > 0)`."""
    if isinstance(e.body, s.Chain) and (e.left, e.right) in (("(", ")"), ("[", "]")):
        return indicator(e, e, reader)
    return None


@special(s.Scripted)
def _(e: s.Scripted, reader: Reader) -> Readings | None:
    r"""`\mathbb{1}_{z > 0}`."""
    if not isinstance(e.sub, s.Chain) or e.sup is not None or e.primes or not is_indicator(e.base):
        return None
    made = condition(e.sub, e, reader)
    if made is None:
        raise _unread(e, reader)
    return made
