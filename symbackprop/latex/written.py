r"""What is mostly written the same way, as `W_2^\top` and `\frac{\partial L}{\partial W_1}`: read at once.

What each is a surface of is found by reading it alone. It is the same in any formula: none of its signs takes along
what stands behind it, and what stands before it does not matter, but for a command that waits for its argument.
"""

from __future__ import annotations

from symbackprop.latex.surface import Fraction, Letter, Numeral, Scripted, Sign, Surface, Term, values

# so many are kept
MOST_NAMES = 4096


def moved(e: Surface, by: int) -> Surface:
    """The same surface at another place."""
    start, end = e.span
    span = (start + by, end + by)
    if type(e) is Letter:
        return Letter(span, e.text, e.style)
    if type(e) is Numeral:
        return Numeral(span, e.text)
    if type(e) is Scripted:
        sub, sup = e.sub, e.sup
        sub = None if sub is None else moved(sub, by)
        return Scripted(span, moved(e.base, by), sub, sup and moved(sup, by), e.primes, e.dotted, e.written)
    if type(e) is Fraction:
        return Fraction(span, moved(e.numerator, by), moved(e.denominator, by), e.written)
    if type(e) is Term:
        signs = tuple([_moved_sign(sign, by) for sign in e.signs])
        return Term(span, tuple([moved(each, by) for each in e.factors]), signs)
    return type(e)(span, *[_value(value, by) for value in values(e)[1:]])


def _moved_sign(sign: Sign, by: int) -> Sign:
    start, end = sign.span
    return Sign((start + by, end + by), sign.text, None if sign.note is None else moved(sign.note, by))


def _value(value: object, by: int) -> object:
    if isinstance(value, tuple):
        return tuple([_value(each, by) for each in value])
    return moved(value, by) if isinstance(value, Surface) else value
