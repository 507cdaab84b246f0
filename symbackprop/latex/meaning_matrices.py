r"""Matrices that are written out: diagonals and column placements with dots, blocks, cases, and notes below braces.

Dots stand for what the cells around them say: the first and the last cell of a diagonal or a column are the same
formula of the first and the last entry of one column.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from symbackprop import expr
from symbackprop.dims import Dim, dim
from symbackprop.errors import ShapeError
from symbackprop.expr import Elementwise
from symbackprop.latex import surface as s
from symbackprop.latex.columns import is_dots, is_empty, is_zero, listed
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.marks_above import Turned, read_above
from symbackprop.latex.meaning import read, reads, special
from symbackprop.latex.meaning_cases import cases
from symbackprop.latex.meaning_dims import read_dim
from symbackprop.latex.parts import mark_of, measured, scripted
from symbackprop.latex.readings import Mark, NonconformingError, Reader, Reading, Readings, over
from symbackprop.latex.sizes import Found
from symbackprop.latex.surface import Surface
from symbackprop.primitives import Stacked
from symbackprop.tree import subterms

ROUND = frozenset({"pmatrix", "bmatrix", "matrix", "array", "smallmatrix", "psmallmatrix", "bsmallmatrix"})
Cells = tuple[tuple[Surface, ...], ...]


@reads(s.Matrix)
def _(e: s.Matrix, reader: Reader) -> Readings:
    if e.kind == "cases":
        return cases(e, reader)
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
    # about the lecture's network, `ℓ[f, y]` is a function of two
    is_own = not reader.scope.is_layered
    if is_own and isinstance(e.body, s.Listed) and e.left == "[" and not any(map(is_dots, e.body.parts)):
        return _concatenated(e.body, e, reader)
    if isinstance(e.body, s.Term) and any(map(is_dots, e.body.factors)):
        return matrix((e.body.factors,), e, reader)
    return None


@special(s.Scripted)
def _(e: s.Scripted, reader: Reader) -> Readings | None:
    r"""`(8, 4)^\top`, a column of numbers."""
    base = e.base
    if not (isinstance(base, s.Fenced) and base.left == "(" and isinstance(base.body, s.Listed)) or e.sub is not None:
        return None
    parts, signs = base.body.parts, base.body.signs
    if not all(sign.text == "," for sign in signs) or not all(map(_is_number, parts)):
        return None
    is_turned = any(len(marks) == 1 and isinstance(marks[0], Turned) for marks in read_above(e.sup, reader))
    return scripted(matrix((parts,), base, reader), e, reader) if is_turned else None


def _is_number(e: Surface) -> bool:
    match e:
        case s.Signed(body=body):
            return _is_number(body)
        case s.Fraction(numerator=above, denominator=below):
            return _is_number(above) and _is_number(below)
    return isinstance(e, s.Numeral)


def _concatenated(e: s.Listed, whole: Surface, reader: Reader) -> Readings | None:
    """`[h; x]`, one below the other; `[h, x]` is that too, or side by side, as the shapes have it."""
    signs = {sign.text for sign in e.signs}
    below: Cells = tuple((part,) for part in e.parts)
    if signs == {";"}:
        return _blocks(below, whole, reader)
    if signs != {","}:
        return None
    ways: list[Cells] = [(e.parts,), below] if reader.scope.notation.data == "rows" else [below, (e.parts,)]
    return reader.any_of([partial(_blocks, cells, whole, reader) for cells in ways], whole)


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
        return _placed_or_padded(cells[0], cells, e, reader, False)
    if widths == {1} and _is_placement(tuple(row[0] for row in cells)) and len(cells) > 1:
        column = tuple(row[0] for row in cells)
        if has_dots or not _is_scalar_column(column, reader):
            return _placed_or_padded(column, cells, e, reader, True)
    if _is_diagonal(cells):
        return _diagonal(cells, e, reader)
    if widths == {1} and has_dots:
        return [_standing(listed(tuple(row[0] for row in cells), e, reader), True, e, reader)]
    if len(cells) == 1 and has_dots:
        return [_standing(listed(cells[0], e, reader), False, e, reader)]
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


def _placed_or_padded(line: Sequence[Surface], cells: Cells, e: Surface, reader: Reader, transposed: bool) -> Readings:
    """`(0 … v … 0)`; without dots perhaps a block with as many zeros beside it as are needed, as of a slice."""
    try:
        return _placed(line, e, reader, transposed)
    except NonconformingError:
        if any(map(is_dots, line)):
            raise
        return _blocks(cells, e, reader)


def _placed(cells: Sequence[Surface], e: Surface, reader: Reader, transposed: bool) -> Readings:
    """`(0 … v … 0)`, or its transpose, the rows one below the other."""
    k, cell = next((i, cell) for i, cell in enumerate(cells) if not is_zero(cell) and not is_dots(cell))
    note, cell = _column_note(cell, reader)
    if any(map(is_dots, cells)):
        place, width = _from_left(note, reader) or _left_open(note, e, reader)
    else:
        place, width = dim(k + 1), dim(len(cells))
        if note is not None and note != place:
            raise reader.error(f"this is column {place}, and not {note}: write the other one over it", cells[k])
    return [_placement(part, place, width, e, reader, transposed) for part in read(cell, reader)]


def _placement(part: Reading, place: Dim, width: Dim, e: Surface, reader: Reader, transposed: bool) -> Reading:
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
            f"a {'row' if reader.scope.turned else 'column'} is placed among zeros, but "
            f"{reader.source(part.mark.span)} is {reader.scope.written(part.size)}",
            e,
            part.tree,
        )
    shape = (width, size) if reader.scope.turned else (size, width)
    made = over(expr.ColumnAt(vector.tree, place, width), shape, e, [vector])
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


def _left_open(note: Dim | None, e: Surface, reader: Reader) -> tuple[Dim, Dim]:
    """The place and the number of columns that the rest of the formula may say."""
    place = reader.open_size(e.span[0], "c") if note is None else note
    return place, reader.open_size(e.span[0], "w")


def _from_left(note: Dim | None, reader: Reader) -> tuple[Dim, Dim] | None:
    """What the side that the line goes on from says: the row of a matrix that is differentiated by, of how many."""
    left = reader.left_side()
    if left is None:
        return None
    turned = reader.scope.turned
    kind = expr.Column if turned else expr.Row
    lines = {part for _, part in subterms(left) if isinstance(part, kind)}
    if len(lines) != 1:
        return None
    (line,) = lines
    number = line.column if isinstance(line, expr.Column) else line.row
    if note is not None and note != number:
        return None
    return number, reader.scope.network.normal(reader.scope.shape(line.operand)[1 if turned else 0])


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
    column = listed(tuple(cells[i][i] for i in range(n)), e, reader)
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
    column = listed(cells, e, reader)
    size = reader.scope.length(column.shape)
    assert size is not None
    return over(expr.Diagonal(column.tree), (size, size), e, [column])


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
        size = reader.scope.shape(made.settled, found)
    except ShapeError as error:
        raise reader.nonconforming(str(error), e, tree) from None
    return over(tree, size, e, parts, found)
