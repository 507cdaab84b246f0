"""Forward equations being read: shapes that are not given are found on the way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, count

from symbackprop.dims import ONE, index, width
from symbackprop.equations import Equation, Network, same_family
from symbackprop.errors import EquationError, ShapeError, SymbackpropError
from symbackprop.expr import LOSS, Expr, Loss, Named, Variable
from symbackprop.latex import surface as s
from symbackprop.latex.equation_lines import Line, lines_of, range_of, sides_of, summed_over
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.meaning import read
from symbackprop.latex.meaning_statements import advice
from symbackprop.latex.names import ALWAYS, LAYERS, Mention, ends_in, names_in, variable_in, written_as
from symbackprop.latex.parse import scope_of
from symbackprop.latex.readings import AmbiguousError, Reader, Reading, settle
from symbackprop.latex.scope import Scope
from symbackprop.latex.sizes import NOTHING, Found, is_open, merged, put_in, shaped
from symbackprop.latex.surface import Span, Surface
from symbackprop.latex.undecided import constant_softmax, undecided
from symbackprop.notations import GREEK, Notation, Written
from symbackprop.notations import notation as find_notation
from symbackprop.shapes import SCALAR, Shape
from symbackprop.substitution import free_symbols

# passes over the equations in which what one of them says of a shape reaches those before it
PASSES = 4
# letters of sizes that no shape names
_LETTERS = "mnpqrsuvwdefgh"
_ACCENTS = ("hat", "bar", "tilde", "dot")
# letters that are never variables by themselves
_CONSTANTS = frozenset({"e", "I", "d", "partial", "nabla", "pi", "infty", "∂", "∇", "∞"})


class _Known(Network):
    """The variables so far, for the reader: those whose sizes are being found have open ones.

    What sizes are found may change below it, but which variables there are may not.
    """

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.equations = ()

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the variables."""
        return frozenset(variable.name for variable in self.draft.shapes)

    @cached_property
    def computed(self) -> frozenset[str]:
        """The names of those that an equation computes."""
        return frozenset(line.left.name for line in self.draft.lines)

    @cached_property
    def families(self) -> frozenset[str]:
        """The names of those that have an index."""
        return frozenset(variable.name for variable in self.draft.shapes if variable.index is not None)

    @cached_property
    def sizes(self) -> tuple[str, ...]:
        """The letters of sizes, and of the ends of families."""
        found = {name for shape in self.draft.shapes.values() for size in shape for name in size.symbols}
        found |= {line.upper.names[0] for line in self.draft.lines if line.upper.names} | self.draft.ends
        return tuple(sorted(name for name in found if not is_open(name)))

    def shape_of(self, variable: Variable) -> Shape:
        if isinstance(variable, Loss):
            return SCALAR
        found = self.draft.shape_of(variable)
        if found is None:
            raise ShapeError(f"the network has no variable {variable}: it has {self._said}")
        return found

    @cached_property
    def _said(self) -> str:
        # a reader asks for many variables that there are not
        return ", ".join(map(str, self.draft.shapes))


@dataclass
class Draft:
    """Equations being read.

    Attributes:
        notation: of the letters; symbols: further ones, by what they mean.
        rows: whether a small letter without a shape is a row.
        shapes: of the variables, those given first.
        loss: how the loss is written; letters: how the variables are, by their names.
        ends: the letters of the ends of sums.
        is_trial: whether it is to be seen only if some shapes do.
    """

    notation: str
    symbols: Mapping[str, str | Expr]
    rows: bool
    shapes: dict[Variable, Shape]
    lines: list[Line] = field(default_factory=list)
    equations: tuple[Equation, ...] = ()
    loss: Written | None = None
    letters: dict[str, Written] = field(default_factory=dict)
    found: Found = field(default_factory=lambda: NOTHING)
    ends: frozenset[str] = frozenset()
    loss_variable: Variable | None = None
    is_trial: bool = False
    # the first member of each family, by its name, and the letters of the indices of all
    _families: dict[str, Variable] = field(default_factory=dict)
    _indices: set[str] = field(default_factory=lambda: set(ALWAYS))
    # the variables whose shapes are given
    _given: frozenset[Variable] = frozenset()

    def __post_init__(self) -> None:
        self._given = frozenset(self.shapes)
        for variable in self.shapes:
            self._note_family(variable)

    def _note_family(self, variable: Variable) -> None:
        if variable.index is not None and variable.index.symbols:
            self._families.setdefault(variable.name, variable)
            self._indices |= variable.index.symbols

    @property
    def known(self) -> _Known:
        """A network with the shapes found so far."""
        return _Known(self)

    @property
    def reading(self) -> Notation:
        """The notation with the letters that were met; indices count as they are written."""
        plain = find_notation(self.notation)
        return replace(plain, named={**plain.named, **self.letters}, gradient={}, index={}, first=0, data="columns")

    # --- what the reader asks ----------------------------------------------------------------------------------------

    def shape_of(self, variable: Variable) -> Shape | None:
        """The shape of a variable as far as it is known; None if there is none such."""
        own = self.shapes.get(variable)
        if own is not None:
            return shaped(own, self.found)
        if variable.index is None:
            return None
        member = self._families.get(variable.name)
        if member is None or member.index is None:
            return None
        rows, columns = shaped(self.shapes[member], self.found)
        at = {member.index.names[0]: variable.index}
        return rows.at(at), columns.at(at)

    # --- reading -----------------------------------------------------------------------------------------------------

    def read(self, equations: Iterable[str | Equation]) -> None:
        """Read all equations.

        Raises:
            ReadingError: for what cannot be read, or does not conform.
            SymbackpropError: for no equations.
        """
        trees: list[Equation] = []
        texts: list[str] = []
        for each in equations:
            if isinstance(each, Equation):
                trees.append(each)
            elif not isinstance(each, str):
                raise SymbackpropError(f"{each!r} is no equation: write one as text, such as 'z = W x + b'")
            else:
                texts += lines_of(each)
        if texts and trees:
            raise SymbackpropError("the equations are partly text and partly trees: write all of them one way")
        if not texts:
            self.equations = tuple(trees)
            return
        self._split(texts)
        self._declare()
        try:
            self._read_all()
        except ReadingError as error:
            if not self._assume_vectors():
                raise
            try:
                self._read_all()
            except ReadingError:
                raise error from None
        self._check_indices()
        self._check_decided(texts)
        self._name_sizes()

    def _check_decided(self, texts: Sequence[str]) -> None:
        """Raise `ReadingError` where another shape of a variable, which nothing says, does as well."""
        if self.is_trial:
            return
        known = self.known
        tried: set[Variable] = set()
        for number, (line, equation) in enumerate(zip(self.lines, self.equations, strict=True)):
            soft = constant_softmax(equation.right, known)
            if soft is not None:
                raise ReadingError(
                    f"{soft} would be of one number, and always 1, since the equations conform only so: write the "
                    "shape of what it is of, or a sum over its entries in the loss",
                    line.text,
                    line.right.span,
                )
            for variable, size in undecided(equation.right, known, known.computed):
                member = self._families.get(variable.name, variable) if variable.index is not None else variable
                if member in self._given or member in tried:
                    continue
                tried.add(member)
                if self._may_be(member, size, texts):
                    letter = "a letter without an index in its place, and " if "_" in variable.name else ""
                    name = str(member).partition("_")[0] if letter else str(member)
                    message = (
                        f"nothing says whether {variable} is a number or has entries: write {letter}its shape, as "
                        f"shapes={{{name!r}: 'scalar'}} or shapes={{{name!r}: 'n'}}, and \\odot between entries"
                    )
                    raise self.pointed_at(EquationError(message, ((number, variable),)))

    def _may_be(self, variable: Variable, size: Shape, texts: Sequence[str]) -> bool:
        """Whether all equations conform where a variable has another shape."""
        given = {each: self.shapes[each] for each in self._given}
        # a letter, which never becomes 1 as an open size may
        own = {name: index("entries") for extent in size for name in extent.symbols if is_open(name)}
        rows, columns = (extent.at(own) for extent in size)
        other = Draft(self.notation, self.symbols, self.rows, {**given, variable: (rows, columns)}, is_trial=True)
        other.letters = dict(self.letters)
        try:
            other.read(texts)
        except AmbiguousError:
            return True
        except SymbackpropError:
            return False
        return True

    def _read_all(self) -> None:
        scope = self._scope()
        for _ in range(PASSES):
            before = self.found
            made: list[Equation] = []
            for line in self.lines:
                so_far = self.found
                made.append(self._equation(line, scope))
                if self.found is not so_far and scope.given:
                    # what a further symbol stands for may have sizes in it that were open
                    scope = self._scope()
                elif self.found is not so_far:
                    scope.forget_shapes()
            self.equations = tuple(made)
            if self.found == before:
                break

    def _scope(self) -> Scope:
        return scope_of(self.reading, self.known, self.symbols)

    def _assume_vectors(self) -> bool:
        """What is computed is a vector if its letter is small and nothing says more; whether there is any such."""
        before = self.found
        for line in self.lines:
            name = line.left.name
            if line.left != LOSS and name[:1].islower():
                size = self.shape_of(line.left)
                assert size is not None
                across = size[0 if self.rows else 1]
                for letter in across.symbols:
                    if is_open(letter) and across == index(letter):
                        self.found = {**self.found, letter: ONE}
        return self.found != before

    def _split(self, texts: Sequence[str]) -> None:
        """Left and right sides, with the ranges of families."""
        sides = [sides_of(text) for text in texts]
        indices = frozenset(self._indices)
        for place, (text, left, right, behind) in enumerate(sides):
            last = place == len(sides) - 1
            variable = variable_in(left, indices, any_letter=True)
            if variable is None:
                raise ReadingError("the left side of an equation is a variable, such as h or h_t", text, left.span)
            as_written = written_as(left, indices)
            if last:
                self.loss_variable = variable
                self.loss = None if as_written is None else as_written[1]
                self.lines.append(Line(text, LOSS, right, left.span))
                continue
            if as_written is not None:
                self.letters.setdefault(*as_written)
            letters = [] if variable.index is None else sorted(variable.index.symbols)
            if not letters:
                self.lines.append(Line(text, variable, right, left.span))
                continue
            name = letters[0]
            if variable.index != index(name):
                raise ReadingError(
                    f"write the left side at the index {name} itself, as {variable.name}_{name}", text, left.span
                )
            if behind:
                lower, upper = range_of(behind, name, text)
            else:
                ends = (summed_over(each, name, line) for line, _, each, _ in sides)
                lower, upper = next(filter(None, ends), (ONE, index(name.upper())))
            self.lines.append(Line(text, variable, right, left.span, name, lower, upper))
            self._indices.add(name)

    def _declare(self) -> None:
        """Open shapes for the variables whose shapes are not given.

        Raises:
            ReadingError: for a letter of which nothing says whether it is a column of entries or a family.
        """
        for line in self.lines:
            if line.left != LOSS:
                self._open(line.left, is_computed=True)
        functions = self._scope().functions
        self.ends = frozenset(name for line in self.lines for name in ends_in(line.right))
        none = _CONSTANTS.union(self.known.sizes)
        named = [(line, each) for line in self.lines for each in names_in(line.right, self._indices)]
        whole = {variable.name for variable in self.shapes} | {each.variable.name for _, each in named if not each.at}
        for line, each in named:
            variable = each.variable
            if variable == self.loss_variable and all(variable != other.left for other in self.lines):
                raise ReadingError(
                    f"the loss {variable} stands on a right side, but it is computed last: give what is meant another "
                    "name",
                    line.text,
                    each.place.span,
                )
            is_member = bool(each.at) and variable.name in self._families and variable not in self.shapes
            if is_member or self._is_entry(variable):
                continue
            if variable.index is None and (variable.name in none or _is_word(variable, functions)):
                continue
            if len(each.at) == 1 and variable.name not in whole:
                self._check_entry(each, [other for where, other in named if where is line], whole, line)
            self._note(each.place)
            self._open(variable, entries=len(each.at))

    def _check_entry(self, each: Mention, others: Sequence[Mention], whole: Collection[str], line: Line) -> None:
        """Raise `ReadingError` unless `y_k` is an entry, as `k` counts those of another variable too."""
        name = each.variable.name
        is_turned = isinstance(each.place, s.Scripted) and each.place.sup is not None and not _is_power(each.place.sup)
        if not is_turned and any(each.at[0] in other.at and other.variable.name in whole for other in others):
            return
        raise ReadingError(
            f"this may be an entry of the column {name}, or one of a family of columns: write the shape, "
            f"as shapes={{'{name}': 'n'}} for the column, or shapes={{'{name}_{each.at[0]}': 'n'}} for the family",
            line.text,
            each.place.span,
        )

    def _note(self, place: Surface) -> None:
        """Keep how a variable is written where it is met first."""
        found = written_as(place, self._indices)
        if found is not None:
            self.letters.setdefault(*found)

    def _is_entry(self, variable: Named) -> bool:
        """Whether it is `Y_{ik}`, or `y_3`, where `Y` or `y` is a variable: an entry of it."""
        if variable.index is not None and variable.index.is_constant:
            return self.shape_of(variable) is None and Named(variable.name) in self.shapes
        head, label, _ = variable.name.partition("_")
        return bool(label) and self.shape_of(variable) is None and self.shape_of(Named(head)) is not None

    def _open(self, variable: Variable, is_computed: bool = False, entries: int = 0) -> None:
        """An open shape, by the kind of the letter; of what is computed, its equation says it.

        Args:
            entries: at how many indices its entries are taken: at two it is a matrix, whatever its letter.
        """
        if self.shape_of(variable) is not None:
            return
        letters = [] if variable.index is None else sorted(self._indices.intersection(variable.index.symbols))
        if letters:
            variable = Named(variable.name, index(letters[0]))
        elif variable.index is not None and not variable.index.is_constant and str(variable.index).islower():
            # `x^{(i)}` under a sum
            letters = [str(variable.index)]
        key = f"{variable}"
        head = variable.name.partition("_")[0]
        rows, columns = index(f"?r{key}"), index(f"?c{key}")
        if (len(head) == 1 and head.isupper()) or entries > 1 or (is_computed and letters != [LAYERS]):
            self.shapes[variable] = (rows, columns)
        elif letters == [LAYERS]:
            self.shapes[variable] = (ONE, width(index(LAYERS))) if self.rows else (width(index(LAYERS)), ONE)
        elif head.isascii() and (len(head) == 1 or head[1:] in _ACCENTS):
            self.shapes[variable] = (ONE, columns) if self.rows else (rows, ONE)
        else:
            self.shapes[variable] = (rows, columns)
        self._note_family(variable)

    def _equation(self, line: Line, scope: Scope) -> Equation:
        reader = Reader(line.text, scope, line=f" of {line.left}")
        wanted = SCALAR if line.left == LOSS else self.shape_of(line.left)
        assert wanted is not None
        readings = read(line.right, reader)
        fitting: list[tuple[Reading, Found]] = []
        for each in readings:
            # sizes found before and here, together: a plain union may send two open sizes to each other
            known = merged((self.found, each.found), scope.conform)
            found = None if known is None else reader.same(each.shape, wanted, known)
            if found is not None:
                fitting.append((each, found))
        if not fitting:
            shape = scope.written(readings[0].size)
            raise ReadingError(
                f"the left side {line.left} is {scope.written(wanted)}, but the right side is {shape}: "
                "both sides of an equation must have the same shape",
                line.text,
                line.right.span,
            )
        self._settle(fitting, line)
        each, _ = fitting[0]
        tree = settle(each.tree, self.found)
        return Equation(line.left, tree, line.index, line.lower, line.upper)

    def _settle(self, fitting: Sequence[tuple[Reading, Found]], line: Line) -> None:
        if len(fitting) > 1:
            trees = list(dict.fromkeys(settle(each.tree, found) for each, found in fitting))
            if len(trees) > 1 and not any(is_open(name) for tree in trees for name in _open_names(tree)):
                raise AmbiguousError(
                    f"this can be read in {len(trees)} ways: {trees[0]} or {trees[1]}; {advice(trees[0], trees[1])}",
                    line.text,
                    line.right.span,
                )
        found = {**self.found, **fitting[0][1]}
        new = found.keys() - self.found.keys()
        if new:
            # put into each other at once: else a size would be followed through all the equations before
            self.found = {
                name: size if new.isdisjoint(size.symbols) else put_in(size, found) for name, size in found.items()
            }

    def _check_indices(self) -> None:
        """Raise `ReadingError` for an index that stands on the right side only."""
        sizes = {
            *self.known.sizes,
            *(name for each in self.shapes.values() for size in each for name in size.symbols),
        }
        for line, equation in zip(self.lines, self.equations, strict=True):
            free = sorted(free_symbols(equation.right) - sizes - {equation.index})
            free = [name for name in free if not is_open(name)]
            if free:
                raise ReadingError(
                    f"the index {free[0]} stands on the right side only: write the sum over it, \\sum_{free[0]}, or a "
                    "number in its place, or the left side with it",
                    line.text,
                    line.right.span,
                )

    def pointed_at(self, error: EquationError) -> SymbackpropError:
        """An error about equations that shows where it is in their texts; the same where they were no texts."""
        if not self.lines:
            return error
        (text, span), *also = [self._place(self.lines[number], part) for number, part in error.places]
        return ReadingError(error.message, text, span, tuple(also))

    def _place(self, line: Line, part: Variable | None) -> tuple[str, Span]:
        if part is None:
            return line.text, line.at
        met = list(names_in(line.right, self._indices))
        # under a sum it is met by its name only
        own = [each for each in met if each.variable == part] or [
            each for each in met if same_family(part, each.variable)
        ]
        return line.text, (own[0].place if own else line.right).span

    # --- what is still open ------------------------------------------------------------------------------------------

    def members(self) -> dict[Variable, Shape]:
        """Every variable with its shape."""
        return {variable: shaped(shape, self.found) for variable, shape in self.shapes.items()}

    def _name_sizes(self) -> None:
        """Letters for the sizes that nothing says more of."""
        used = {name for shape in self.shapes.values() for size in shape for name in size.symbols}
        used |= {variable.name for variable in self.shapes} | self._indices
        # where the letters do not suffice, they are numbered
        numbered = (f"d_{i}" for i in count(1))
        free = (letter for letter in chain(_LETTERS, numbered) if letter not in used)
        for variable, shape in self.shapes.items():
            rows, columns = shaped(shape, self.found)
            if is_open(str(rows)) and is_open(str(columns)) and not variable.name[:1].isupper():
                raise SymbackpropError(
                    f"the shape of {variable} does not follow from the equations: "
                    f"write it, as shapes={{{variable.name!r}: 'n'}}"
                )
            for size in (rows, columns):
                size = put_in(size, self.found)
                for name in size.symbols:
                    if is_open(name):
                        self.found = {**self.found, name: index(next(free))}
        self.equations = tuple(
            Equation(e.left, settle(e.right, self.found), e.index, e.lower, e.upper) for e in self.equations
        )


def _is_power(above: Surface) -> bool:
    return isinstance(above, s.Numeral)


def _open_names(tree: Expr) -> Iterator[str]:
    yield from (name for name in free_symbols(tree) if is_open(name))


def _is_word(variable: Named, functions: Mapping[str, str]) -> bool:
    """Whether it is the name of a function, or a word, which is never a variable unless its shape is given."""
    head = variable.name.partition("_")[0]
    for accent in _ACCENTS:
        head = head.removesuffix(accent) or head
    letter = GREEK.get(head, head)
    return len(letter) > 1 or letter in functions
