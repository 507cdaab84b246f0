r"""Derivatives: `\frac{\partial L}{\partial W}`, `\partial L/\partial W`, `\frac{dL}{dW}`, `\nabla_W L`, `dZ`."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop import expr
from symbackprop.expr import Expr
from symbackprop.latex import surface as s
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.meaning import read, special
from symbackprop.latex.meaning_scripts import head_of, lettered, pushed_in
from symbackprop.latex.meaning_terms import Rest, Taken, begins, surely_begins, units_at
from symbackprop.latex.parts import measured
from symbackprop.latex.places import Head
from symbackprop.latex.readings import Reader, Reading, Readings, over
from symbackprop.latex.surface import Surface
from symbackprop.shapes import SCALAR

SIGNS = frozenset({"∂", "d"})
_SECOND = "second derivatives are not read here: write the derivative of one function of one variable, as g''(z)"


def sign_of(e: Surface) -> str | None:
    """The ∂ or the upright or slanted d of a derivative; None for anything else."""
    return e.text if isinstance(e, s.Letter) and e.text in SIGNS and e.style in ("plain", "roman") else None


def after_sign(e: Surface, sign: str, reader: Reader) -> Surface | None:
    r"""What `\partial` stands before; None if it does not stand there."""
    match e:
        case s.Term(factors=(first, *rest), signs=(_, *signs)) if sign_of(first) == sign and e.signs[0].text == "":
            if len(rest) == 1:
                return rest[0]
            return s.Term((rest[0].span[0], rest[-1].span[1]), tuple(rest), tuple(signs))
        case s.Term(factors=(s.Scripted(base=first, sub=None, sup=s.Surface()), *_)) if sign_of(first) == sign:
            raise reader.error(_SECOND, e)
    return None


def partial(of: Reading, wrt: Reading, at: s.Surface | s.Span, reader: Reader) -> Reading:
    """`∂of/∂wrt`: of a scalar, or of a column by a column.

    Raises:
        NonconformingError: for anything else.
    """
    _ensure_variable(wrt, at, reader)
    made = expr.Partial(of.tree, wrt.tree)
    if reader.scope.numerator and not (of.is_scalar and wrt.is_scalar):
        return measured(expr.Transpose(made), (of, wrt), reader, at)
    return measured(made, (of, wrt), reader, at)


_PARTS = (expr.Transpose, expr.Entry, expr.Row, expr.Column, expr.Columns, expr.WithoutBias)


def _ensure_variable(wrt: Reading, at: s.Surface | s.Span, reader: Reader) -> None:
    """Refuse a derivative by what is no variable and no part of one."""
    inner: Expr = wrt.tree
    while isinstance(inner, _PARTS):
        inner = inner.operand
    if not isinstance(inner, expr.Variable):
        raise reader.error(
            f"one differentiates by a variable, but {reader.source(wrt.mark.span)} is none: give it a name", at
        )
    if isinstance(inner, expr.Loss):
        raise reader.error("the loss is what is differentiated: write a variable below", at)


def partials(of: Readings, wrt: Readings, at: s.Surface, reader: Reader) -> Readings:
    return reader.one_of([of, wrt], at, lambda chosen, _: partial(chosen[0], chosen[1], at, reader))


# --- fractions -------------------------------------------------------------------------------------------------------


def of_and_wrt(over_: Surface, under: Surface, reader: Reader) -> tuple[Surface, Surface] | None:
    """What is differentiated by what, where a quotient is a derivative; a lone sign above leaves a blank."""
    for sign in ("∂", "d"):
        wrt = after_sign(under, sign, reader)
        if wrt is None:
            continue
        if sign_of(over_) == sign:
            return s.Blank(over_.span), wrt
        of = after_sign(over_, sign, reader)
        if of is not None:
            return of, wrt
        if isinstance(over_, s.Scripted) and sign_of(over_.base) == sign:
            raise reader.error(_SECOND, over_)
    return None


@special(s.Fraction)
def _(e: s.Fraction, reader: Reader) -> Readings | None:
    pair = of_and_wrt(e.numerator, e.denominator, reader)
    if pair is None:
        return None
    of, wrt = pair
    if isinstance(of, s.Blank):
        raise reader.error("nothing is differentiated here: write what, above or after it", e)
    return differentiated(of, wrt, e, reader)


def differentiated(of: Surface, wrt: Surface, at: s.Surface, reader: Reader) -> Readings:
    r"""`∂of/∂wrt`; in `\frac{\partial L^\top}{\partial W}` the transpose may be that of the whole."""
    below = read(wrt, reader)
    plain = untransposed(of)
    made = [lambda: partials(read(of, reader), below, at, reader)]
    if plain is not None:
        whole = partials(read(plain, reader), below, at, reader)
        if all(reading.shape == SCALAR for reading in read(plain, reader)):
            made.append(lambda: [_transposed(part, at) for part in whole])
    return reader.any_of(made, at)


def _transposed(part: Reading, at: s.Surface) -> Reading:
    return over(expr.Transpose(part.tree), (part.shape[1], part.shape[0]), at, [part])


def untransposed(e: Surface) -> Surface | None:
    """`L` of `L^⊤`; None where there is no transpose."""
    match e:
        case s.Scripted(base=base, sub=sub, sup=s.Letter(text="⊤" | "⊺" | "T"), primes=0):
            return base if sub is None else s.Scripted(e.span, base, sub)
    return None


# --- within a term ---------------------------------------------------------------------------------------------------


def _has_lone_sign(e: Surface) -> bool:
    return isinstance(e, s.Fraction) and sign_of(e.numerator) is not None


@surely_begins(s.Fraction, after=(Surface,), fits=_has_lone_sign)
def _fraction_before(rest: Rest) -> Iterator[Taken]:
    r"""`\frac{\partial}{\partial W} L`."""
    first = rest.first
    if not isinstance(first, s.Fraction) or rest.after is None:
        return
    pair = of_and_wrt(first.numerator, first.denominator, rest.reader)
    if pair is None or not isinstance(pair[0], s.Blank):
        return
    yield from _of_what_follows(pair[1], 1, rest)


@surely_begins(s.Letter, after=(Surface,), letters=lambda letter, _: letter.text in SIGNS)
def _stroke(rest: Rest) -> Iterator[Taken]:
    r"""`\partial L/\partial W`."""
    sign = sign_of(rest.first)
    if sign is None or rest.count < 4:
        return
    run = rest.run
    if rest.sign(run - 1) != "/" or run < 2 or rest.count < run + 2:
        return
    after = rest.onwards(run)
    below = after.after
    if sign_of(after.first) != sign or below is None:
        return
    at = rest.part(0, run + 2)
    yield run + 2, differentiated(rest.part(1, run - 1), below, at, rest.reader)


@surely_begins(s.Letter, s.Scripted, letters=lambda letter, _: letter.text == "∇")
def _nabla(rest: Rest) -> Iterator[Taken]:
    r"""`\nabla_W L`."""
    first = rest.first
    if isinstance(first, s.Letter) and first.text == "∇":
        raise rest.reader.error(r"∇ needs what is differentiated by: write \nabla_W L", first)
    if not (isinstance(first, s.Scripted) and isinstance(first.base, s.Letter) and first.base.text == "∇"):
        return
    if first.sub is None or first.sup is not None:
        raise rest.reader.error(r"∇ needs what is differentiated by below it: write \nabla_W L", first)
    if rest.after is None:
        raise rest.reader.error(r"nothing is differentiated here: write \nabla_W L", first)
    yield from _of_what_follows(first.sub, 1, rest)


def _of_what_follows(wrt: Surface, skipped: int, rest: Rest) -> Iterator[Taken]:
    """The derivative of the next unit, and of all that follows side by side."""
    after = rest.onwards(skipped)
    run = after.run
    made: list[Taken] = []
    failed: ReadingError | None = None
    for count, of in units_at(after):
        at = rest.part(0, skipped + count)
        try:
            if count == 1:
                made.append((skipped + 1, differentiated(after.first, wrt, at, rest.reader)))
            else:
                made.append((skipped + count, partials(of, read(wrt, rest.reader), at, rest.reader)))
        except ReadingError as error:
            failed = failed or error
    if run > 1 and not any(count >= skipped + run for count, _ in made):
        try:
            whole = read(after.part(0, run), rest.reader)
            made.append(
                (skipped + run, partials(whole, read(wrt, rest.reader), rest.part(0, skipped + run), rest.reader))
            )
        except ReadingError as error:
            failed = failed or error
    if not made and failed is not None:
        raise failed
    yield from made


@begins(s.Letter, after=(Surface,), letters=lambda letter, scope: letter.text in scope.prefixes, is_near=True)
def _prefixed(rest: Rest) -> Iterator[Taken]:
    """`dZ` in a notation that writes gradients so."""
    first, after = rest.first, rest.after
    if not isinstance(first, s.Letter) or first.text not in rest.reader.scope.prefixes or after is None:
        return
    letter = pushed_in(after)
    base = letter.base if isinstance(letter, s.Scripted) else letter
    head = head_of(base)
    if head is None:
        return
    prefixed = Head(head.text, head.style, head.accents, first.text)
    at = rest.part(0, 2)
    scripts = letter if isinstance(letter, s.Scripted) else s.Scripted(after.span, after)
    whole = s.Scripted(at.span, scripts.base, scripts.sub, scripts.sup, scripts.primes, scripts.dotted)
    yield 2, lettered(prefixed, whole, rest.reader)
