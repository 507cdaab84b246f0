"""Numbers, sums, signs, fractions, roots, and what stands between delimiters."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symbackprop import expr
from symbackprop.dims import ONE, Dim
from symbackprop.expr import Elementwise, Expr, Negative, Number, Variable
from symbackprop.groups import EntrywisePower
from symbackprop.latex import surface as s
from symbackprop.latex.affine import as_column, merged_sum, negated
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.meaning import read, reads
from symbackprop.latex.products import divided, inner, over_all
from symbackprop.latex.readings import Mark, NonconformingError, Reader, Reading, Readings, leaf, over
from symbackprop.latex.sizes import Found, is_open, same, shaped
from symbackprop.shapes import SCALAR, Shape


@reads(s.Numeral)
def _(e: s.Numeral, reader: Reader) -> Readings:
    return [leaf(Number(Fraction(e.text)), SCALAR, e)]


@reads(s.Signed)
def _(e: s.Signed, reader: Reader) -> Readings:
    if e.sign == "+":
        return read(e.body, reader)
    if e.sign != "-":
        raise reader.error(f"{e.sign} means two things: write + or -", e)
    return [negative(part, e) for part in read(e.body, reader)]


def negative(part: Reading, e: s.Signed | s.Span) -> Reading:
    """The negative of a term; of a number or a size it is one too."""
    tree = negated(part.tree) if not part.mark.fenced else Negative(part.tree)
    operands = (part,) if isinstance(tree, Negative) else ()
    return over_all(tree, part.shape, e, operands, (part,), part.found)


@reads(s.Additive)
def _(e: s.Additive, reader: Reader) -> Readings:
    for sign in e.signs:
        if sign.text not in "+-":
            raise reader.error(f"{sign.text} means two things: write + or -", sign)
        if sign.note is not None:
            raise reader.error("what stands over or under a sign cannot be read: leave it out", sign)
    first, *rest = e.terms
    minus = [isinstance(first, s.Signed) and first.sign == "-", *(sign.text == "-" for sign in e.signs)]
    if isinstance(first, s.Signed) and first.sign == "-":
        first = first.body
    parts = [read(term, reader) for term in (first, *rest)]
    try:
        return reader.one_of(parts, e, lambda chosen, found: summed(chosen, minus, found, e, reader))
    except NonconformingError as error:
        # a scalar is added to every entry only where nothing else can be meant: `w · x + b` is a scalar
        try:
            return reader.one_of(parts, e, lambda chosen, found: summed(chosen, minus, found, e, reader, scalars=True))
        except ReadingError:
            raise error from None


def summed(
    terms: Sequence[Reading],
    minus: Sequence[bool],
    found: Found,
    e: s.Additive | s.Span,
    reader: Reader,
    scalars: bool = False,
) -> Reading:
    """The sum of terms of one shape; a number among columns is the column of it.

    Args:
        scalars: whether a scalar may be added to every entry of a column.

    Raises:
        NonconformingError: if two terms have different shapes.
    """
    terms = broadcast(terms, found, reader, scalars)
    shape, found = _common(terms, found, e, reader)
    if shape != SCALAR:
        terms = [as_column(term, shaped(shape, found), reader) if term.is_number else term for term in terms]
    signed = [
        over(Negative(term.tree), term.shape, term.mark.span, [term]) if is_minus else term
        for term, is_minus in zip(terms, minus, strict=True)
    ]
    if shape == SCALAR and not any(term.mark.fenced for term in terms):
        whole = merged_sum([term.tree for term in signed], reader)
        if whole is not None:
            return over_all(whole, SCALAR, e, (), signed, found)
    return over(expr.Sum(tuple(term.tree for term in signed)), shape, e, signed, found)


def broadcast(terms: Sequence[Reading], found: Found, reader: Reader, scalars: bool) -> Sequence[Reading]:
    """A column or row that is added to a batch, once for each example: `X W + b` is `X W + 1 b`.

    A scalar that is added to the entries of a column is broadcast too: `X w + b` is `X w + b 1`. Only in a network
    whose variables are of its own, and only where the sizes are known to differ.
    """
    sizes = [shaped(term.shape, found) for term in terms]
    whole = next((size for size in sizes if all(_is_many(end) for end in size)), None)
    whole = whole or next((size for size in sizes if any(_is_many(end) for end in size)), None)
    if reader.scope.is_layered or whole is None or any(is_open(name) for end in whole for name in end.symbols):
        return terms
    made = []
    for term, (rows, columns) in zip(terms, sizes, strict=True):
        # where shapes decide nothing, only what has a letter of its own is a bias
        is_written = reader.scope.is_loose and not isinstance(term.tree, Variable)
        if (rows, columns) == whole or term.is_number or is_written:
            made.append(term)
        elif scalars and (rows, columns) == SCALAR:
            made.append(_repeated(_everywhere(term.tree, whole), whole, "entry", term, reader))
        elif rows == ONE and whole[0] != ONE and _fits(columns, whole[1], found, reader):
            made.append(_repeated(expr.Ones(whole[0]) @ term.tree, whole, "row", term, reader))
        elif columns == ONE and whole[1] != ONE and _fits(rows, whole[0], found, reader):
            made.append(_repeated(term.tree @ expr.Ones(whole[1]).T, whole, "column", term, reader))
        else:
            made.append(term)
    return made


def _fits(size: Dim, wanted: Dim, found: Found, reader: Reader) -> bool:
    """Whether a size is surely not 1, and may be the one that is wanted."""
    return _is_many(size) and same(size, wanted, found, reader.scope.conform) is not None


def _everywhere(scalar: Expr, whole: Shape) -> Expr:
    """A scalar in every entry of a shape."""
    rows, columns = whole
    ones = [each for each, size in ((expr.Ones(rows), rows), (expr.Ones(columns).T, columns)) if size != ONE]
    # one factor, whatever it is: `xᵀ y 1` is no product
    return expr.Product((scalar, *ones))


def _is_many(size: Dim) -> bool:
    """Whether it is surely not 1, as far as letters are taken to be more than 1."""
    return size != ONE and not any(is_open(name) for name in size.symbols)


def _repeated(tree: Expr, whole: Shape, what: str, term: Reading, reader: Reader) -> Reading:
    said = f"{reader.source(term.mark.span)} is added to every {what}"
    return Reading(tree, whole, Mark(term.mark.span), term.found, (*term.assumed, said))


def _common(terms: Sequence[Reading], found: Found, e: s.Additive | s.Span, reader: Reader) -> tuple[Shape, Found]:
    """The shape of all terms but numbers."""
    matrices = [term for term in terms if not term.is_number]
    if not matrices:
        return SCALAR, found
    first = matrices[0]
    for other in matrices[1:]:
        after = reader.same(first.shape, other.shape, found)
        if after is None:
            sizes = [reader.scope.written(shaped(each.shape, found)) for each in (first, other)]
            raise reader.nonconforming(
                f"cannot add {reader.source(first.mark.span)} ({sizes[0]}) and {reader.source(other.mark.span)} "
                f"({sizes[1]}): both must have the same shape",
                e,
                first.tree,
                other.tree,
            )
        found = after
    return first.shape, found


@reads(s.Fraction)
def _(e: s.Fraction, reader: Reader) -> Readings:
    parts = [read(e.numerator, reader), read(e.denominator, reader)]
    return reader.one_of(parts, e, lambda chosen, _: divided(chosen[0], chosen[1], e, reader))


@reads(s.Root)
def _(e: s.Root, reader: Reader) -> Readings:
    degree = 2
    if e.degree is not None:
        if not (isinstance(e.degree, s.Numeral) and e.degree.text.isdigit() and int(e.degree.text)):
            raise reader.error(f"{reader.source(e.degree)!r} is no degree of a root: write a whole number", e.degree)
        degree = int(e.degree.text)
    return [_root(part, degree, e) for part in read(e.radicand, reader)]


def _root(part: Reading, degree: int, e: s.Root) -> Reading:
    exponent = Fraction(1, degree)
    if part.is_scalar:
        tree = expr.SquareRoot(part.tree) if degree == 2 else expr.Power(part.tree, exponent)
        return over(tree, SCALAR, e, [part])
    return over(EntrywisePower(part.tree, exponent), part.shape, e, [part])


# --- delimiters ------------------------------------------------------------------------------------------------------

GROUPS = frozenset({("(", ")"), ("[", "]"), ("{", "}"), (".", ".")})


@reads(s.Fenced)
def _(e: s.Fenced, reader: Reader) -> Readings:
    pair = (e.left, e.right)
    if pair == ("‖", "‖"):
        return [norm(part, "", e, reader) for part in read(e.body, reader)]
    if pair == ("|", "|"):
        return [_absolute(part, e, reader) for part in read(e.body, reader)]
    if pair == ("⟨", "⟩"):
        return _angles(e, reader)
    if pair not in GROUPS:
        raise reader.error(f"{e.left} … {e.right} has no meaning here: write parentheses", e)
    return [fenced(part, e) for part in read(e.body, reader)]


def _absolute(part: Reading, e: s.Fenced, reader: Reader) -> Reading:
    rows, columns = part.size
    if rows == columns and not part.is_scalar:
        raise reader.error(
            f"{reader.source(e)!r} may be a determinant or the absolute value of each entry: for the latter write "
            r"\operatorname{abs}(…)",
            e,
        )
    return over(Elementwise("abs", part.tree), part.shape, e, [part])


def fenced(part: Reading, e: s.Fenced | s.Span) -> Reading:
    """The same in parentheses: one factor, one term."""
    span = e if isinstance(e, tuple) else e.span
    return Reading(part.tree, part.shape, Mark(span, part.mark.parts, True), part.found, part.assumed)


def _angles(e: s.Fenced, reader: Reader) -> Readings:
    if not (isinstance(e.body, s.Listed) and len(e.body.parts) == 2):
        raise reader.error("⟨ ⟩ is the inner product of two columns: write a comma between them", e)
    parts = [read(part, reader) for part in e.body.parts]
    return reader.one_of(parts, e, lambda chosen, _: inner(chosen[0], chosen[1], e, reader))


def norm(part: Reading, kind: str, e: s.Surface | s.Span, reader: Reader) -> Reading:
    """A norm; of a matrix it must be said which.

    Raises:
        ReadingError: for the norm of a matrix without a kind.
    """
    rows, columns = part.size
    if not kind and rows != 1 and columns != 1 and not part.is_scalar:
        one = _is_one(part.size)
        if not one:
            raise reader.error(
                f"{reader.source(e)!r} may be the spectral or the Frobenius norm of a matrix: write _2 or _F below it",
                e,
            )
    return over(expr.Norm(part.tree, kind or "2"), SCALAR, e, [part])


def _is_one(s_: Shape) -> bool:
    return 1 in (s_[0].constant if s_[0].is_constant else 0, s_[1].constant if s_[1].is_constant else 0)
