r"""Cases and indicators: the step and the ReLU."""

from __future__ import annotations

from symbackprop.expr import Elementwise
from symbackprop.latex import surface as s
from symbackprop.latex.columns import is_zero
from symbackprop.latex.meaning import read, special
from symbackprop.latex.readings import Reader, Readings, over
from symbackprop.latex.surface import Surface


def cases(e: s.Matrix, reader: Reader) -> Readings:
    """`1` for `z > 0` and else `0`: the step; `z` for `z > 0` and else `0`: the ReLU."""
    if len(e.rows) == 2 and all(len(row) == 2 for row in e.rows):
        (one, when), (other, otherwise) = e.rows
        operand = _positive(when)
        if operand is not None and is_zero(other) and _is_otherwise(otherwise, operand):
            if one == s.Numeral(e.span, "1"):
                return [over(Elementwise("step", part.tree), part.shape, e, [part]) for part in read(operand, reader)]
            if one == operand:
                return [over(Elementwise("relu", part.tree), part.shape, e, [part]) for part in read(operand, reader)]
    raise reader.error(
        r"of cases only 1 for z > 0 and 0 otherwise, and z for z > 0 and 0 otherwise, are read: write \mathbf{1}[z>0]",
        e,
    )


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
        case s.Prose(text=text) | s.Letter(text=text):
            return text.strip(" .,") in ("otherwise", "else")
        case s.Chain(parts=(part, zero), signs=(s.Sign(text="≤"),)):
            return is_zero(zero) and part == operand
    return False


# --- indicators ------------------------------------------------------------------------------------------------------


def is_indicator(e: Surface) -> bool:
    match e:
        case s.Letter(text=text):
            return text in ("I", "𝟙", "1", "𝕀")
        case s.Styled(body=s.Numeral(text="1")) | s.Numeral(text="1"):
            return True
    return False


def indicator(fence: Surface, e: Surface, reader: Reader) -> Readings | None:
    """`[z > 0]` as the step of `z`; None where there is no relation between the delimiters.

    Raises:
        ReadingError: for another condition.
    """
    if not (isinstance(fence, s.Fenced) and isinstance(fence.body, s.Chain)):
        if isinstance(fence, s.Scripted) and isinstance(fence.base, s.Fenced) and isinstance(fence.base.body, s.Chain):
            raise reader.error("scripts of an indicator cannot be read: write parentheses around it", fence)
        return None
    operand = _positive(fence.body) or _negative_side(fence.body)
    if operand is None:
        raise reader.error(
            f"of indicators only that of z > 0 is read, not {reader.source(fence)!r}: write it so", fence
        )
    return [over(Elementwise("step", part.tree), part.shape, e, [part]) for part in read(operand, reader)]


def _negative_side(e: s.Chain) -> Surface | None:
    """The `z` of `0 < z`."""
    match e:
        case s.Chain(parts=(zero, part), signs=(s.Sign(text="<"),)) if is_zero(zero):
            return part
    return None


@special(s.Fenced)
def _(e: s.Fenced, reader: Reader) -> Readings | None:
    """`[z > 0]`, `(z > 0)`."""
    if isinstance(e.body, s.Chain) and (e.left, e.right) in (("(", ")"), ("[", "]")):
        return indicator(e, e, reader)
    return None
