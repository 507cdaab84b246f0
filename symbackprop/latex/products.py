"""Products of units: of matrices, entry by entry, with scalars; quotients by `/`.

What stands side by side is a product of matrices; `⊙` binds less tightly than that. `·`, `×` and `*` are either, or of
two columns the inner product: the shapes decide. Where nothing conforms as it is usually read, other groupings are
tried (`δ ⊙ σ'(z) xᵀ`, and `a(1-a)` for columns).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product

from symbackprop import expr
from symbackprop.dims import ONE
from symbackprop.expr import Expr, Number
from symbackprop.latex.affine import as_column, merged_product
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.mismatches import around, contradiction, mismatch, no_columns, unlike, unmultiplied, unpaired
from symbackprop.latex.readings import MOST_READINGS, Mark, Reader, Reading, Readings, over, taken_for_granted
from symbackprop.latex.sizes import NOTHING, Found, merged, same, shaped
from symbackprop.latex.surface import Accented, Fraction, Letter, Numeral, Scripted, Span, Surface
from symbackprop.primitives import EntrywiseQuotient
from symbackprop.shapes import SCALAR, Shape
from symbackprop.tree import subterms

# what says why something was not read, when that is asked for
Failure = partial[ReadingError]
EITHER = frozenset({"·", "×", "*"})
MATRIX = frozenset({"", "@"})
DIVIDED = frozenset({"/", "÷", "./", "⊘"})
KNOWN = EITHER | MATRIX | DIVIDED
_REFUSED = {
    "⊗": r"⊗ may be a Kronecker or an outer product: write a b^\top for the outer product of two columns",
}
# so many signs of a term may be either product, and so many factors may be grouped anew
_MOST_EITHER = 6
_MOST_GROUPED = 8


def multiplied(
    parts: Sequence[Readings], signs: tuple[str, ...], at: Sequence[Surface], e: Surface, reader: Reader
) -> Readings:
    """The readings of a product of several units.

    Raises:
        NonconformingError: if no reading conforms; it names two neighbours and their shapes.
    """
    for sign in signs:
        if sign in _REFUSED:
            raise reader.error(_REFUSED[sign], e)
        if sign not in KNOWN and sign not in reader.scope.entrywise_signs:
            raise reader.error(f"the sign {sign} stands between no two factors: write \\odot, or nothing", e)
    _refuse_mixed(signs, at, reader)
    if not any(len(part) > 1 or part[0].found for part in parts):
        return reader.distinct(_of([part[0] for part in parts], signs, at, e, reader), e)
    made: Readings = []
    failed: ReadingError | None = None
    for chosen, _ in reader.ways(parts, e):
        try:
            made += _of(list(chosen), signs, at, e, reader)
        except ReadingError as error:
            failed = failed or error
    if not made:
        if failed is None:
            raise reader.error(f"the sizes in {reader.source(e)!r} contradict each other", e)
        raise failed
    return reader.distinct(made, e)


def _refuse_mixed(signs: tuple[str, ...], at: Sequence[Surface], reader: Reader) -> None:
    r"""Refuse `2\frac12`, a mixed number or a product as in algebra; with a space between it is that product."""
    for i, sign in enumerate(signs):
        if sign or at[i].span[1] != at[i + 1].span[0]:
            continue
        match at[i], at[i + 1]:
            case Numeral(text=whole), Fraction(numerator=Numeral(text=above), denominator=Numeral(text=below)) if (
                whole.isdigit() and above.isdigit() and below.isdigit() and int(above) < int(below)
            ):
                raise reader.error(
                    f"this may be the mixed number {whole} + {above}/{below} or the product {whole} · {above}/{below}: "
                    "write + or \\cdot",
                    (at[i].span[0], at[i + 1].span[1]),
                )


def combined(units: list[Reading], signs: tuple[str, ...], span: Span, reader: Reader) -> Readings:
    """The readings of a product of units without strokes between them; none where nothing conforms."""
    usual = _conventional(units, signs, span, reader)
    return reader.distinct(usual if isinstance(usual, list) else _regrouped(units, signs, span, reader), span)


def _of(units: list[Reading], signs: tuple[str, ...], at: Sequence[Surface], e: Surface, reader: Reader) -> Readings:
    if not DIVIDED.isdisjoint(signs):
        return _quotients(units, signs, at, e, reader)
    usual = _conventional(units, signs, e, reader)
    if isinstance(usual, list):
        return usual
    made = _regrouped(units, signs, e, reader)
    if not made:
        raise usual()
    return made


# --- as it is usually read -------------------------------------------------------------------------------------------


def _conventional(
    units: list[Reading], signs: tuple[str, ...], e: Surface | Span, reader: Reader
) -> Readings | Failure:
    """Products of matrices first, then entry by entry."""
    choices: list[tuple[str, ...]] = []
    entrywise_signs = reader.scope.entrywise_signs
    # where shapes decide nothing, each sign is what it is by itself
    either = frozenset[str]() if reader.scope.is_loose else EITHER - entrywise_signs
    if either.isdisjoint(signs):
        # as most are
        kinds = tuple(["h" if sign in entrywise_signs else "m" for sign in signs])
        only = _grouped(units, kinds, signs, e, reader)
        return [only] if isinstance(only, Reading) else only
    for i, sign in enumerate(signs):
        if sign in either and not (units[i].is_scalar or units[i + 1].is_scalar):
            choices.append(("m", "h", "i"))
        else:
            choices.append(("h",) if sign in entrywise_signs else ("m",))
    if sum([len(each) > 1 for each in choices]) > _MOST_EITHER:
        return partial(
            reader.error,
            f"{reader.source(e)!r} has too many signs that may be either product: write \\odot or nothing for them",
            e,
        )
    made: Readings = []
    failed: Failure | None = None
    for kinds in product(*choices):
        if kinds.count("i") > 1 or ("i" in kinds and "h" in kinds):
            continue
        one = _grouped(units, kinds, signs, e, reader)
        if isinstance(one, Reading):
            made.append(one)
        else:
            failed = failed or one
    if not made:
        assert failed is not None
        return failed
    return made


def _grouped(
    units: list[Reading], kinds: tuple[str, ...], signs: tuple[str, ...], e: Surface | Span, reader: Reader
) -> Reading | Failure:
    pieces: list[list[Reading]] = [[units[0]]]
    for kind, unit in zip(kinds, units[1:], strict=True):
        if kind == "m":
            pieces[-1].append(unit)
        else:
            pieces.append([unit])
    chains: list[Reading] = []
    for piece in pieces:
        one = piece[0] if len(piece) == 1 else chained(piece, reader, around(piece))
        if not isinstance(one, Reading):
            return one
        chains.append(one)
    if "i" in kinds:
        return _inner(chains[0], chains[1], e, reader)
    return _entrywise(chains, e, reader)


def chain(parts: Sequence[Reading], reader: Reader, at: Span | Surface) -> Reading:
    """The product of matrices and scalars, in order.

    Raises:
        NonconformingError: if two neighbours do not conform.
    """
    return _or_raise(chained(parts, reader, at))


def _or_raise(made: Reading | Failure) -> Reading:
    if isinstance(made, Reading):
        return made
    raise made()


def chained(parts: Sequence[Reading], reader: Reader, at: Span | Surface) -> Reading | Failure:
    """`chain`, which gives the error rather than raise it."""
    if len(parts) == 1:
        return parts[0]
    fitting = _chained_shape(parts, reader, at)
    if isinstance(fitting, partial):
        return fitting
    size, found = fitting
    # of scalars only, it may be one size
    together = merged_product(parts, reader) if size is SCALAR else None
    if together is not None:
        return over_all(together, SCALAR, at, (), parts, found)
    return over_all(expr.Product(tuple([part.tree for part in parts])), size, at, parts, parts, found)


def _chained_shape(parts: Sequence[Reading], reader: Reader, at: Span | Surface) -> tuple[Shape, Found] | Failure:
    """The shape of a product, `SCALAR` itself for one of scalars only, and what is found of open sizes."""
    found = _together(parts, reader)
    if found is None:
        return partial(contradiction, reader, at)
    rows, columns, last = ONE, ONE, None
    for part in parts:
        size = shaped(part.shape, found) if found else part.shape
        if not size[0].terms and size == SCALAR:
            continue
        if last is None:
            rows = size[0]
        else:
            after = same(columns, size[0], found, reader.scope.conform)
            if after is None:
                return partial(unmultiplied, last, part, found, reader)
            found = after
        columns, last = size[1], part
    return SCALAR if last is None else (rows, columns), found


def over_all(
    tree: Expr, shape: Shape, at: Span | Surface, operands: Sequence[Reading], parts: Sequence[Reading], found: Found
) -> Reading:
    """A reading of a tree over some of the parts, with what all of them take for granted."""
    span = at if isinstance(at, tuple) else at.span
    return Reading(tree, shape, Mark(span, tuple([each.mark for each in operands])), found, taken_for_granted(parts))


def _together(parts: Sequence[Reading], reader: Reader) -> Found | None:
    for part in parts:
        if part.found:
            return merged([each.found for each in parts], reader.scope.conform)
    return NOTHING


def _found(parts: Sequence[Reading], reader: Reader, at: Span | Surface) -> Found:
    found = _together(parts, reader)
    if found is None:
        raise contradiction(reader, at)
    return found


def entrywise(parts: Sequence[Reading], e: Surface | Span, reader: Reader) -> Reading:
    """The product entry by entry; a number 1 among matrices is no factor of it."""
    return _or_raise(_entrywise(parts, e, reader))


def _entrywise(parts: Sequence[Reading], e: Surface | Span, reader: Reader) -> Reading | Failure:
    if len(parts) == 1:
        return parts[0]
    found = _of_one_shape(parts, e, reader)
    if isinstance(found, partial):
        return found
    tree = expr.Hadamard(tuple([part.tree for part in parts]))
    return over(tree, parts[0].shape, e, parts, found)


def _of_one_shape(parts: Sequence[Reading], e: Surface | Span, reader: Reader) -> Found | Failure:
    """What is found of open sizes where all parts have one shape."""
    found = _together(parts, reader)
    if found is None:
        return partial(contradiction, reader, e)
    first = parts[0]
    for other in parts[1:]:
        after = reader.same(first.shape, other.shape, found)
        if after is None:
            return partial(unlike, first, other, found, e, reader)
        found = after
    return found


def inner(left: Reading, right: Reading, e: Surface, reader: Reader) -> Reading:
    """`a · b` of two columns as `aᵀ b`.

    Raises:
        NonconformingError: if they are none of one size.
    """
    return _or_raise(_inner(left, right, e, reader))


def _inner(left: Reading, right: Reading, e: Surface | Span, reader: Reader) -> Reading | Failure:
    found = _together((left, right), reader)
    if found is None:
        return partial(contradiction, reader, e)
    one, two = shaped(left.shape, found), shaped(right.shape, found)
    scope = reader.scope
    if scope.length(one) is None or scope.length(two) is None or left.is_scalar:
        return partial(no_columns, left, right, e, reader)
    after = reader.same(one, two, found)
    if after is None:
        return partial(unpaired, left, right, found, e, reader)
    if scope.turned:
        other = over(expr.Transpose(right.tree), two[::-1], right.mark.span, [right])
        return over(expr.Product((left.tree, other.tree)), SCALAR, e, (left, other), after)
    other = over(expr.Transpose(left.tree), one[::-1], left.mark.span, [left])
    return over(expr.Product((other.tree, right.tree)), SCALAR, e, (other, right), after)


# --- other groupings -------------------------------------------------------------------------------------------------


def _regrouped(units: list[Reading], signs: tuple[str, ...], e: Surface | Span, reader: Reader) -> Readings:
    """Every grouping in which all products conform, where the usual one does not."""
    front = next((i for i, unit in enumerate(units) if not unit.is_scalar), 0)
    if front and reader.scope.entrywise_signs.isdisjoint(signs[:front]):
        # numbers in front are factors of all that follows, however that is grouped
        return _with_numbers(units[:front], _regrouped(units[front:], signs[front:], e, reader), reader)
    if len(units) > _MOST_GROUPED:
        return []
    kept: dict[tuple[int, int], Readings] = {(i, i + 1): [_closed(unit)] for i, unit in enumerate(units)}
    dots = _dots(units, signs, reader)
    for length in range(2, len(units) + 1):
        for start in range(len(units) - length + 1):
            end = start + length
            made: Readings = []
            for middle in range(start + 1, end):
                for one, two in product(kept[start, middle], kept[middle, end]):
                    made += _two(one, two, signs[middle - 1], reader)
                    if length == 2 and middle in dots:
                        made += _paired(one, two, reader)
            kept[start, end] = _fewest(made)
    whole = kept[0, len(units)]
    if len(units) > 2 and dots and EITHER.isdisjoint((*signs[: dots[0] - 1], *signs[dots[0] :])):
        for one, two in product(kept[0, dots[0]], kept[dots[0], len(units)]):
            whole += _paired(one, two, reader)
    return whole


def _dots(units: Sequence[Reading], signs: tuple[str, ...], reader: Reader) -> list[int]:
    """Behind how many factors a dot may be the inner product of the two next to it, as in `(x · y) z`, or of all.

    Not where what goes on stands behind another dot: in `x · y · z` all are of one kind. And not where somebody reckons
    entry by entry: `(a - y) · a(1 - a)` is no multiple of `1 - a`, since a number is taken from a column there.
    """
    if reader.scope.is_loose or any(map(_is_entry_by_entry, units)):
        return []
    return [
        i + 1
        for i, sign in enumerate(signs)
        if sign == "·" and MATRIX.issuperset((*signs[max(i - 1, 0) : i], *signs[i + 1 : i + 2]))
    ]


def _is_entry_by_entry(unit: Reading) -> bool:
    """Whether a number is added to the entries of a column in it, as in `1 - a`."""
    return isinstance(unit.tree, expr.Sum) and any(
        isinstance(part, expr.Ones) for term in unit.tree.terms for _, part in subterms(term)
    )


def _paired(one: Reading, two: Reading, reader: Reader) -> Iterator[Reading]:
    """The inner product of two columns, if they are such."""
    if not (one.is_scalar or two.is_scalar):
        made = _inner(one, two, around((one, two)), reader)
        if isinstance(made, Reading):
            yield _closed(made)


def _with_numbers(numbers: list[Reading], made: Readings, reader: Reader) -> Readings:
    """Readings with numbers in front."""
    for unit in map(_closed, reversed(numbers)):
        products = (_flat_product(unit, each, reader, around((unit, each))) for each in made)
        made = [each for each in products if each is not None]
    return made


def _closed(unit: Reading) -> Reading:
    """A unit that is one factor, as it stands in parentheses."""
    return Reading(unit.tree, unit.shape, Mark(unit.mark.span, unit.mark.parts, True), unit.found, unit.assumed)


def _fewest(made: Readings) -> Readings:
    if len(made) < 2:
        return made
    distinct = list({each.key: each for each in made}.values())
    return distinct[:MOST_READINGS]


def _two(one: Reading, two: Reading, sign: str, reader: Reader) -> Iterator[Reading]:
    at = around((one, two))
    matrix: Reading | None = None
    entrywise_signs = reader.scope.entrywise_signs
    if sign not in entrywise_signs:
        matrix = _flat_product(one, two, reader, at)
        if matrix is not None:
            yield matrix
    is_entrywise = sign in entrywise_signs or sign in EITHER or (matrix is None and not one.is_scalar)
    if is_entrywise:
        hadamard = _flat_hadamard(one, two, reader, at)
        if hadamard is not None:
            yield hadamard if sign in entrywise_signs else _supplied(hadamard, one, two)


def _supplied(made: Reading, one: Reading, two: Reading) -> Reading:
    """A product entry by entry that nothing but the shapes says."""
    words = f"the product of {one.settled} and {two.settled} is taken entry by entry, as if ⊙ stood there"
    return Reading(made.tree, made.shape, made.mark, made.found, (*made.assumed, words))


def _flat_product(one: Reading, two: Reading, reader: Reader, at: Span) -> Reading | None:
    fitting = _chained_shape((one, two), reader, at)
    return None if isinstance(fitting, partial) else _flat(expr.Product, one, two, at, *fitting)


def _flat_hadamard(one: Reading, two: Reading, reader: Reader, at: Span) -> Reading | None:
    found = _of_one_shape((one, two), at, reader)
    return None if isinstance(found, partial) else _flat(expr.Hadamard, one, two, at, one.shape, found)


def _flat(
    kind: type[expr.Product] | type[expr.Hadamard], one: Reading, two: Reading, at: Span, size: Shape, found: Found
) -> Reading:
    """A product of two, whose factors are those of products that were made here."""
    parts = [*_operands(one, kind), *_operands(two, kind)]
    mark = Mark(at, tuple([mark for _, mark in parts]))
    return Reading(kind(tuple([tree for tree, _ in parts])), size, mark, found, taken_for_granted((one, two)))


def _operands(part: Reading, kind: type[expr.Product] | type[expr.Hadamard]) -> list[tuple[Expr, Mark]]:
    """The factors of a product that was made here; what stood in parentheses stays one factor."""
    operands = part.tree.factors if isinstance(part.tree, kind) else ()
    if operands and len(operands) == len(part.mark.parts) and not part.mark.fenced:
        return list(zip(operands, part.mark.parts, strict=True))
    return [(part.tree, part.mark)]


# --- quotients -------------------------------------------------------------------------------------------------------


def _quotients(
    units: list[Reading], signs: tuple[str, ...], at: Sequence[Surface], e: Surface, reader: Reader
) -> Readings:
    """`a b / c`: what stands before the stroke, divided by the next unit.

    Where more follows side by side it may belong below the stroke as well. Behind a number or a size that is so of
    simple scalars only: `1/2 \\|x\\|^2` is a half of the norm, but `1/2m` has two readings.
    """
    k = next(i for i, sign in enumerate(signs) if sign in DIVIDED)
    start = k
    while start > 0 and signs[start - 1] in MATRIX | {"·"}:
        start -= 1
    above = units[start : k + 1]
    end = k + 2
    while end < len(units) and signs[end - 1] == "":
        end += 1
    simple = k + 2
    while simple < end and units[simple].is_scalar and _is_letter(at[simple]):
        simple += 1
    plain = isinstance(units[k + 1].tree, Number | expr.Size)
    made: Readings = []
    failed: ReadingError | None = None
    for stop in dict.fromkeys((*range(k + 2, simple + 1), *(() if plain else (end,)))):
        try:
            for over_ in _all(above, signs[start:k], at[start : k + 1], e, reader):
                for under in _all(units[k + 1 : stop], signs[k + 1 : stop - 1], at[k + 1 : stop], e, reader):
                    one = divided(
                        over_, under, (over_.mark.span[0], under.mark.span[1]), reader, signs[k] in ("./", "⊘")
                    )
                    left = [*units[:start], one, *units[stop:]]
                    rest = (*signs[:start], *signs[stop - 1 :])
                    made += _all(left, rest, [e] * len(left), e, reader)
        except ReadingError as error:
            failed = failed or error
    if not made:
        assert failed is not None
        raise failed
    return made


def _is_letter(e: Surface) -> bool:
    """Whether something looks like one factor with the letter or number right before it, as the m of 2m does."""
    return isinstance(e.base if isinstance(e, Scripted) else e, Letter | Accented)


def _all(units: list[Reading], signs: tuple[str, ...], at: Sequence[Surface], e: Surface, reader: Reader) -> Readings:
    return units if len(units) == 1 else _of(units, signs, at, e, reader)


def divided(
    above: Reading, below: Reading, at: Span | Surface, reader: Reader, entrywise_only: bool = False
) -> Reading:
    """A quotient: by a scalar, or entry by entry of two of one shape.

    Raises:
        NonconformingError: if it is neither.
    """
    found = _found((above, below), reader, at)
    if below.is_scalar and not entrywise_only:
        match above.tree, below.tree:
            case Number(one), Number(two) if two:
                return over_all(Number(one / two), SCALAR, at, (), (above, below), found)
            case _, Number(two) if not two:
                raise reader.error("nothing can be divided by 0: write another denominator", at)
        return over(expr.Quotient(above.tree, below.tree), above.shape, at, (above, below), found)
    top = as_column(above, below.size, reader) if above.is_number and not below.is_scalar else above
    after = reader.same(top.shape, below.shape, found)
    if after is None:
        raise reader.nonconforming(
            mismatch("divide", "by", above, below, found, reader)
            + ": write a scalar below, or two of the same shape for a quotient of their entries",
            at,
            above.tree,
            below.tree,
        )
    return over(EntrywiseQuotient(top.tree, below.tree), below.shape, at, (top, below), after)
