r"""Matrices that are written out: diagonals and column placements with dots, blocks, cases, and notes below braces.

Dots stand for what the cells around them say: the first and the last cell of a diagonal or a column are the same
formula of the first and the last entry of one column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from symbackprop import expr
from symbackprop.dims import ONE, Dim, dim
from symbackprop.errors import ShapeError
from symbackprop.expr import Elementwise, Expr, Number
from symbackprop.groups import EntrywisePower
from symbackprop.latex import surface as s
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.meaning import read, reads, special
from symbackprop.latex.meaning_dims import as_dim, read_dim
from symbackprop.latex.meaning_scripts import mark_of, measured
from symbackprop.latex.readings import Mark, Reader, Reading, Readings, over, said
from symbackprop.latex.sizes import Found, open_size
from symbackprop.latex.surface import Surface
from symbackprop.primitives import Stacked
from symbackprop.substitution import free_symbols
from symbackprop.tree import subterms

ROUND = frozenset({"pmatrix", "bmatrix", "matrix", "array", "smallmatrix", "psmallmatrix", "bsmallmatrix"})
Cells = tuple[tuple[Surface, ...], ...]


def is_zero(e: Surface) -> bool:
    match e:
        case s.Numeral(text="0"):
            return True
        case s.Styled(body=body) | s.Scripted(base=body, sub=None, primes=0):
            return is_zero(body)
    return False


def is_empty(e: Surface) -> bool:
    return isinstance(e, s.Blank) and not e.text


def is_dots(e: Surface, signs: str = "…⋮⋱") -> bool:
    return isinstance(e, s.Dots) and e.sign in signs


@reads(s.Matrix)
def _(e: s.Matrix, reader: Reader) -> Readings:
    if e.kind == "cases":
        return _cases(e, reader)
    if e.kind not in ROUND:
        raise reader.error(f"{e.kind} is no matrix here: write pmatrix", e)
    return matrix(e.rows, e, reader)


@special(s.Fenced)
def _(e: s.Fenced, reader: Reader) -> Readings | None:
    r"""`(\vec{0} \quad \dots \quad \vec{x} \quad \dots)`, and a matrix between delimiters of its own."""
    if (e.left, e.right) not in (("(", ")"), ("[", "]")):
        return None
    if isinstance(e.body, s.Matrix) and e.body.kind in ("matrix", "array", "smallmatrix"):
        return matrix(e.body.rows, e, reader)
    if isinstance(e.body, s.Listed) and all(sign.text in ("quad", "") for sign in e.body.signs):
        return matrix((e.body.parts,), e, reader)
    if isinstance(e.body, s.Term) and any(map(is_dots, e.body.factors)):
        return matrix((e.body.factors,), e, reader)
    return None


def matrix(cells: Cells, e: Surface, reader: Reader) -> Readings:
    """The readings of rows of cells.

    Raises:
        ReadingError: if they are no diagonal, no column placement, no column of entries, and no blocks.
    """
    widths = {len(row) for row in cells}
    if len(widths) > 1:
        raise reader.error("the rows of this matrix have different numbers of cells: write as many in each", e)
    has_dots = any(is_dots(cell) for row in cells for cell in row)
    if len(cells) == 1 and _is_placement(cells[0]):
        return _placed(cells[0], e, reader, False)
    if widths == {1} and _is_placement(tuple(row[0] for row in cells)) and len(cells) > 1:
        column = tuple(row[0] for row in cells)
        if has_dots or not _is_scalar_column(column, reader):
            return _placed(column, e, reader, True)
    if _is_diagonal(cells):
        return _diagonal(cells, e, reader)
    if widths == {1} and has_dots:
        return [_standing(_listed(tuple(row[0] for row in cells), e, reader), True, e, reader)]
    if len(cells) == 1 and has_dots:
        return [_standing(_listed(cells[0], e, reader), False, e, reader)]
    if has_dots:
        raise reader.error(
            "what the dots in this matrix stand for does not follow: write a diagonal, or a name for the matrix", e
        )
    return _blocks(cells, e, reader)


def _standing(vector: Reading, upright: bool, e: Surface, reader: Reader) -> Reading:
    """A vector as the column or the row as which it is written out."""
    if upright != reader.scope.turned:
        return vector
    return over(expr.Transpose(vector.tree), vector.shape[::-1], e, [vector])


def _is_scalar_column(column: Sequence[Surface], reader: Reader) -> bool:
    try:
        return all(part.is_scalar for cell in column for part in read(cell, reader))
    except ReadingError:
        return False


# --- column placement ------------------------------------------------------------------------------------------------


def _is_placement(cells: Sequence[Surface]) -> bool:
    """Whether all cells but one are zeros and dots, and there are some."""
    others = [cell for cell in cells if not is_zero(cell) and not is_dots(cell)]
    return len(others) == 1 and len(cells) > 1 and not any(map(is_empty, cells)) and any(map(is_zero, cells))


def _placed(cells: Sequence[Surface], e: Surface, reader: Reader, transposed: bool) -> Readings:
    """`(0 … v … 0)`, or its transpose, the rows one below the other."""
    k, cell = next((i, cell) for i, cell in enumerate(cells) if not is_zero(cell) and not is_dots(cell))
    note, cell = _column_note(cell, reader)
    if any(map(is_dots, cells)):
        place = open_size(e.span[0], "c") if note is None else note
        width = open_size(e.span[0], "w")
        known = _from_left(place, width, reader)
    else:
        place, width, known = dim(k + 1), dim(len(cells)), {}
        if note is not None and note != place:
            raise reader.error(f"this is column {place}, and not {note}: write the other one over it", cells[k])
    made: Readings = []
    for part in read(cell, reader):
        made.append(_placement(part, place, width, known, e, reader, transposed))
    return made


def _placement(
    part: Reading, place: Dim, width: Dim, known: Found, e: Surface, reader: Reader, transposed: bool
) -> Reading:
    vector = part
    # among rows, rows are placed one below the other
    transposed = transposed != reader.scope.turned
    if transposed:
        if isinstance(part.tree, expr.Transpose):
            inner = part.tree.operand
            mark = part.mark.parts[0] if part.mark.parts else Mark(part.mark.span)
            vector = Reading(inner, part.shape[::-1], mark, part.found, part.assumed)
        else:
            vector = over(expr.Transpose(part.tree), part.shape[::-1], part.mark.span, [part])
    size = reader.scope.length(vector.size)
    if size is None:
        raise reader.nonconforming(
            f"a {'row' if reader.scope.turned else 'column'} is placed among zeros, but {reader.source(part.mark.span)} is {reader.scope.written(part.size)}",
            e,
            part.tree,
        )
    found = {**vector.found, **known}
    shape = (width, size) if reader.scope.turned else (size, width)
    made = over(expr.ColumnAt(vector.tree, place, width), shape, e, [vector], found)
    return over(expr.Transpose(made.tree), shape[::-1], e, [made]) if transposed else made


def _column_note(cell: Surface, reader: Reader) -> tuple[Dim | None, Surface]:
    r"""The `j` of `\overset{j\text{th column}}{x}`, and what stands below it."""
    if not isinstance(cell, s.Annotated) or cell.kind not in ("overset", "underset", "underbrace", "overbrace"):
        return None, cell
    note = cell.note
    parts = note.parts if isinstance(note, s.Listed) else (note,) if note is not None else ()
    words = " ".join(part.text for part in parts if isinstance(part, s.Prose | s.Letter) and len(part.text) > 1)
    places = [part for part in parts if not isinstance(part, s.Prose) and not _is_word(part)]
    if len(places) == 1 and any(word in words for word in ("column", "row", "col")):
        inner = places[0].body if isinstance(places[0], s.Fenced) else places[0]
        return read_dim(inner, reader), cell.body
    raise reader.error(r"this note says no column: write \overset{j\text{th column}}{\vec{x}}", note or cell)


def _is_word(e: Surface) -> bool:
    return isinstance(e, s.Letter) and len(e.text) > 1


def _from_left(place: Dim, width: Dim, reader: Reader) -> Found:
    """What the side that the line goes on from says: the row of a matrix that is differentiated by."""
    if reader.left is None:
        return {}
    turned = reader.scope.turned
    kind = expr.Column if turned else expr.Row
    lines = {part for _, part in subterms(reader.left) if isinstance(part, kind)}
    if len(lines) != 1:
        return {}
    (line,) = lines
    number = line.column if isinstance(line, expr.Column) else line.row
    size = reader.scope.network.normal(reader.scope.shape(line.operand)[1 if turned else 0])
    found = dict.fromkeys(width.symbols, size)
    if any(name.startswith("?") for name in place.symbols):
        found |= dict.fromkeys(place.symbols, number)
    elif place != number:
        return {}
    return found


# --- diagonals -------------------------------------------------------------------------------------------------------


def _is_diagonal(cells: Cells) -> bool:
    """Whether only the diagonal has cells that are no zeros; a last column or row of zeros may stand beside it."""
    n = min(len(cells), len(cells[0]))
    if max(len(cells), len(cells[0])) - n > 1 or n == 0 or (n == 1 and len(cells) == len(cells[0])):
        return False
    if any(is_zero(cells[i][i]) or is_empty(cells[i][i]) for i in range(n)):
        return False
    dotted = [i for i in range(n) if is_dots(cells[i][i])]
    if len(dotted) > 1 or any(not is_dots(cells[i][i], "⋱") for i in dotted) or dotted == [0]:
        return False
    for i, row in enumerate(cells):
        for k, cell in enumerate(row):
            if i == k or is_zero(cell) or is_empty(cell):
                continue
            if not (is_dots(cell) and (i in dotted or k in dotted)):
                return False
    zeros = [cell for i, row in enumerate(cells) for k, cell in enumerate(row) if i != k]
    return any(map(is_zero, zeros)) or any(map(is_empty, zeros))


def _diagonal(cells: Cells, e: Surface, reader: Reader) -> Readings:
    n = min(len(cells), len(cells[0]))
    column = _listed(tuple(cells[i][i] for i in range(n)), e, reader)
    if len(cells) == len(cells[0]):
        size = reader.scope.length(column.shape)
        assert size is not None
        return [over(expr.Diagonal(column.tree), (size, size), e, [column])]
    wide = _with_zeros(column, e, reader)
    if (len(cells[0]) > n) != reader.scope.turned:
        return [wide]
    return [over(expr.Transpose(wide.tree), wide.shape[::-1], e, [wide])]


def _with_zeros(column: Reading, e: Surface, reader: Reader) -> Reading:
    """A diagonal and a column of zeros: the Jacobian of the layer map, where it is the derivative of the activation."""
    scope = reader.scope
    match column.tree:
        case Elementwise(_, operand, 1) as slope if scope.is_layered and slope == scope.slope(operand):
            tree = scope.jacobian(operand)
            if isinstance(tree, expr.ActivationJacobian):
                return measured(tree, _operand(column), reader, e)
    size = scope.length(column.shape)
    assert size is not None
    blocks = Stacked((expr.Diagonal(column.tree), expr.Zeros(size)), "rows" if scope.turned else "columns")
    return Reading(blocks, scope.shape(blocks), mark_of(blocks, e), column.found, column.assumed)


def _operand(part: Reading) -> tuple[Reading, ...]:
    (operand,) = part.tree._values()[1:2]
    mark = part.mark.parts[0] if part.mark.parts else part.mark
    return (Reading(operand, part.shape, mark, part.found, part.assumed),)


def diagonal_of(cells: tuple[Surface, ...], e: Surface, reader: Reader) -> Reading:
    r"""`\operatorname{diag}(v_1, \dots, v_n)`."""
    column = _listed(cells, e, reader)
    size = reader.scope.length(column.shape)
    assert size is not None
    return over(expr.Diagonal(column.tree), (size, size), e, [column])


# --- entries with dots -----------------------------------------------------------------------------------------------


def _listed(cells: tuple[Surface, ...], e: Surface, reader: Reader) -> Reading:
    """The column whose entries are listed, with or without dots among them.

    Raises:
        ReadingError: if they are not the same formula of the entries of one column, from the first to the last.
    """
    dots = [i for i, cell in enumerate(cells) if is_dots(cell)]
    if len(dots) > 1:
        raise reader.error("one … is enough: write the first entries, dots, and the last", e)
    first = _scalar(cells[0], reader)
    column = _lifted(first.settled, ONE, reader)
    if column is None:
        raise reader.error(
            f"{reader.source(cells[0])!r} is no formula of the first entry of a column, so the dots mean nothing: "
            "write such a formula, as g'(z_1)",
            cells[0],
        )
    try:
        size = reader.scope.length(reader.scope.shape(column))
    except ShapeError as error:
        raise reader.nonconforming(str(error), e, column) from None
    assert size is not None
    for place, cell in _numbered(cells, dots, size):
        expected = _at_entry(column, place, reader)
        if not any(part.settled == expected for part in _all_scalars(cell, reader)):
            raise reader.error(
                f"the entries of this matrix are no column: {reader.source(cell)!r} stands where {said(expected)} "
                "should stand",
                cell,
            )
    if not dots and size != dim(len(cells)):
        raise reader.error(
            f"these are {len(cells)} entries of a column of {reader.scope.says(size)}: write dots between the first "
            "and the last",
            e,
        )
    return Reading(column, reader.scope.vector(size), mark_of(column, _covering(cells)), first.found, first.assumed)


def _covering(cells: tuple[Surface, ...]) -> Surface:
    return s.Blank((cells[0].span[0], cells[-1].span[1]))


def _numbered(cells: tuple[Surface, ...], dots: list[int], size: Dim) -> Iterator[tuple[Dim, Surface]]:
    for i, cell in enumerate(cells):
        if dots and i == dots[0]:
            continue
        yield (dim(i + 1) if not dots or i < dots[0] else size - (len(cells) - 1 - i)), cell


def _all_scalars(e: Surface, reader: Reader) -> Readings:
    return [part for part in read(e, reader) if part.is_scalar]


def _scalar(e: Surface, reader: Reader) -> Reading:
    parts = _all_scalars(e, reader)
    if not parts:
        raise reader.error(f"the entries of a matrix with dots are scalars, and {reader.source(e)!r} is none", e)
    lifts = [part for part in parts if _lifted(part.settled, ONE, reader) is not None]
    return (lifts or parts)[0]


def _lifted(e: Expr, at: Dim, reader: Reader) -> Expr | None:
    """The column whose entry at a place a scalar is."""
    match e:
        case expr.Entry(operand, row, None) if row == at:
            return operand
        case Elementwise(name, operand, order):
            inner = _lifted(operand, at, reader)
            return None if inner is None else Elementwise(name, inner, order)
        case expr.Power(base, exponent):
            inner = _lifted(base, at, reader)
            return None if inner is None else EntrywisePower(inner, exponent)
        case expr.Negative(operand):
            inner = _lifted(operand, at, reader)
            return None if inner is None else expr.Negative(inner)
        case expr.Product(factors):
            parts = [_lifted(factor, at, reader) for factor in factors]
            columns = [part for part in parts if part is not None]
            if len(columns) == len(parts):
                return expr.Hadamard(tuple(columns))
            if len(columns) == 1 and all(
                isinstance(f, Number) for f, p in zip(factors, parts, strict=True) if p is None
            ):
                return expr.Product(tuple(p or f for f, p in zip(factors, parts, strict=True)))
        case expr.Sum(terms):
            lifted = [_lifted(term, at, reader) for term in terms]
            known = next((part for part in lifted if part is not None), None)
            if known is None:
                return None
            size = reader.scope.length(reader.scope.shape(known))
            assert size is not None
            ones = [
                expr.Ones(size) if term == Number(Fraction(1)) else part
                for term, part in zip(terms, lifted, strict=True)
            ]
            return None if None in ones else expr.Sum(tuple(part for part in ones if part is not None))
    return None


def _at_entry(column: Expr, place: Dim, reader: Reader) -> Expr:
    """The entry of a lifted column, as it is written."""
    match column:
        case Elementwise(name, operand, order):
            return Elementwise(name, _at_entry(operand, place, reader), order)
        case EntrywisePower(operand, exponent):
            return expr.Power(_at_entry(operand, place, reader), exponent)
        case expr.Negative(operand):
            return expr.Negative(_at_entry(operand, place, reader))
        case expr.Hadamard(factors):
            return expr.Product(tuple(_at_entry(factor, place, reader) for factor in factors))
        case expr.Product(factors) if any(isinstance(factor, Number) for factor in factors):
            return expr.Product(tuple(f if isinstance(f, Number) else _at_entry(f, place, reader) for f in factors))
        case expr.Sum(terms):
            return expr.Sum(tuple(_at_entry(term, place, reader) for term in terms))
        case expr.Ones():
            return Number(Fraction(1))
    return expr.Entry(column, place)


# --- blocks ----------------------------------------------------------------------------------------------------------


def _blocks(cells: Cells, e: Surface, reader: Reader) -> Readings:
    """Blocks side by side and one below the other."""
    flat = [read(cell, reader) for row in cells for cell in row]

    def made(parts: tuple[Reading, ...], found: Found) -> Reading:
        width = len(cells[0])
        rows = [_stacked(parts[i : i + width], "columns", e, reader) for i in range(0, len(parts), width)]
        return _stacked(rows, "rows", e, reader)

    return reader.one_of(flat, e, made)


def _stacked(parts: Sequence[Reading], axis: str, e: Surface, reader: Reader) -> Reading:
    if len(parts) == 1:
        return parts[0]
    tree = Stacked(tuple(part.settled for part in parts), axis)
    found = {name: value for part in parts for name, value in part.found.items()}
    made = over(tree, parts[0].shape, e, parts, found)
    try:
        size = reader.scope.shape(made.settled)
    except ShapeError as error:
        raise reader.nonconforming(str(error), e, tree) from None
    return over(tree, size, e, parts, found)


# --- cases -----------------------------------------------------------------------------------------------------------


def _cases(e: s.Matrix, reader: Reader) -> Readings:
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


# --- notes -----------------------------------------------------------------------------------------------------------


@reads(s.Annotated)
def _(e: s.Annotated, reader: Reader) -> Readings:
    made = read(e.body, reader)
    if e.note is None or _is_prose(e.note):
        return made
    if e.kind in ("underbrace", "overbrace", "underset", "overset"):
        wanted = list(_noted_shapes(e.note, reader))
        if wanted:
            return _with_shape(made, wanted, e, reader)
    raise reader.error(
        f"the note {reader.source(e.note)!r} cannot be read: write words, or a shape such as n \\times m", e.note
    )


def _is_prose(e: Surface) -> bool:
    if isinstance(e, s.Listed):
        return all(_is_prose(part) for part in e.parts)
    return isinstance(e, s.Prose) or (isinstance(e, s.Letter) and len(e.text) > 1)


def _noted_shapes(note: Surface, reader: Reader) -> Iterator[tuple[Dim, Dim]]:
    r"""`n_l \times (n_{l+1} - 1), \text{ or } n_L \times n_{L+1}`: the first is the shape, the others at the ends."""
    for part in note.parts if isinstance(note, s.Listed) else (note,):
        if isinstance(part, s.Prose):
            continue
        if not (isinstance(part, s.Term) and len(part.factors) == 2 and part.signs[0].text == "×"):
            return
        sizes = [as_dim(_bare(factor), reader) for factor in part.factors]
        if sizes[0] is None or sizes[1] is None:
            return
        yield reader.scope.units(sizes[0]), reader.scope.units(sizes[1])


def _bare(e: Surface) -> Surface:
    return e.body if isinstance(e, s.Fenced) and e.left == "(" else e


def _with_shape(made: Readings, wanted: list[tuple[Dim, Dim]], e: s.Annotated, reader: Reader) -> Readings:
    """The readings that have the shape that is written below them.

    Raises:
        NonconformingError: if none has.
    """
    first, *others = wanted
    fitting: Readings = []
    for part in made:
        found = reader.same(part.shape, first, part.found)
        if found is not None and all(_at_an_end(part, other, reader) for other in others):
            fitting.append(Reading(part.tree, part.shape, part.mark, found, part.assumed))
    if not fitting:
        assert e.note is not None
        said = reader.scope.written(made[0].size)
        raise reader.nonconforming(
            f"{reader.source(e.body)!r} is {said}, and not {reader.source(e.note)}: write that below it",
            e.note,
            made[0].settled,
        )
    return fitting


def _at_an_end(part: Reading, wanted: tuple[Dim, Dim], reader: Reader) -> bool:
    """Whether a shape is that of the part with its index at an end: at the depth, or at 0 or 1."""
    from symbackprop.substitution import substitute

    tree = part.settled
    network = reader.scope.network
    ends = (network.depth, dim(0), ONE, network.depth - 1, network.depth + 1)
    for name in free_symbols(tree):
        for end in ends:
            try:
                rows, columns = reader.scope.shape(substitute(tree, {name: end}))
            except ShapeError:
                continue
            normal = network.normal
            if (normal(rows), normal(columns)) == (normal(wanted[0]), normal(wanted[1])):
                return True
    return False
