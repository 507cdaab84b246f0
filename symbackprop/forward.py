"""A network that somebody writes down: named forward equations, with the shapes of what they use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from symbackprop.dims import ONE, Dim, Units, Width, dim, index
from symbackprop.equations import Equation, same_family
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import (
    LOSS,
    Column,
    Elementwise,
    Entry,
    Expr,
    Hadamard,
    IndexedSum,
    Loss,
    Negative,
    Ones,
    Product,
    Row,
    Softmax,
    Sum,
    Transpose,
    Variable,
    number,
)
from symbackprop.members import check_members
from symbackprop.notations import Notation, Written
from symbackprop.notations import notation as find_notation
from symbackprop.order import at_ends, check_order, check_used, computes
from symbackprop.quantities import Quantities, placed
from symbackprop.shapes import SCALAR, Shape, shape, written
from symbackprop.statements import Chain, equal
from symbackprop.substitution import substitute
from symbackprop.tree import subterms

if TYPE_CHECKING:
    from symbackprop.numeric.network_gradients import NetworkGradients

# the letter of the widths n_l of the layers
WIDTHS = "n"


class ForwardNetwork(Quantities):
    """Forward equations over named variables, possibly families indexed by layer, time or example.

    Args:
        equations: in the order in which they are computed; the last one is the loss.
        shapes: rows × columns of every variable; of a family under its member at a letter, `W_l`, with `n_l` among the
            sizes if they differ from layer to layer.
        assumed: equations that hold beside the forward equations, as that targets sum to 1.
        letters: how variables are written, by name; others are as in the notation.
        loss: how the loss is.
        notation: the name of the notation that it is written in.

    Raises:
        SymbackpropError: for equations without a loss.
        EquationError: for what is no network: a cycle, what is computed twice or never used, or out of its range.
        ShapeError: where the sides of an equation do not conform; the message names both.
    """

    def __init__(
        self,
        equations: Iterable[Equation],
        shapes: Mapping[Variable, Shape],
        assumed: Iterable[Chain] = (),
        letters: Mapping[str, Written] | None = None,
        loss: Written | None = None,
        notation: str = "lecture",
    ) -> None:
        self.equations = tuple(equations)
        self._members = dict(shapes)
        self._width: int | None = None
        self.assumed = tuple(assumed)
        self.letters = dict(letters or {})
        self.loss_letter = Written("L") if loss is None else loss
        self.notation = notation
        if not self.equations or self.equations[-1].left != LOSS:
            raise SymbackpropError("a network ends in its loss, a scalar: write it as the last equation, as L = …")
        check_order(self.equations)
        for equation in self.equations:
            self._conforms(equation)
        check_used(self.equations)
        check_members(self.equations)

    def _conforms(self, equation: Equation) -> None:
        left, right = self.shape_of(equation.left), shape(equation.right, self)
        if left != right:
            raise ShapeError(
                f"{equation.left} is {written(left, self)}, but {equation.right} is {written(right, self)}: "
                "both sides of an equation must have the same shape"
            )

    # --- shapes ------------------------------------------------------------------------------------------------------

    @property
    def names(self) -> frozenset[str]:
        return frozenset(variable.name for variable in self._members)

    @property
    def members(self) -> tuple[Variable, ...]:
        """The variables as they were declared, a family once, at a letter."""
        return tuple(self._members)

    @property
    def inputs(self) -> tuple[Variable, ...]:
        """Those that no equation computes: parameters, inputs and targets, and the first of a family, as `h_0`."""
        computed = {equation.left.name for equation in self.equations if equation.left.index is None}
        lefts = [equation.left for equation in self.equations]
        own = [v for v in self._members if v.name not in computed and not any(_covers(left, v) for left in lefts)]
        return tuple(dict.fromkeys((*own, *self._starts())))

    def _starts(self) -> Iterator[Variable]:
        """The members of a family that are used, but that its equation does not compute."""
        families = [equation for equation in self.equations if equation.index is not None]
        for user in families:
            for _, part in subterms(user.right):
                if not isinstance(part, Variable) or part.index is None or user.index not in part.index.symbols:
                    continue
                own = [equation for equation in families if same_family(equation.left, part)]
                yield from (each for each in at_ends(part, user) for by in own if not computes(by, each))

    @property
    def extents(self) -> frozenset[Dim]:
        sizes = {size for each in self._members.values() for size in each}
        return frozenset(size for size in sizes if not _has_width(size) and size.symbols <= set(self.sizes))

    @property
    def has_widths(self) -> bool:
        """Whether a family is of layers of different widths, `n_l`."""
        return any(_has_width(size) for each in self._members.values() for size in each)

    @property
    def sizes(self) -> tuple[str, ...]:
        """The letters of symbolic sizes and of the ends of families; `n` where the layers have widths `n_l`."""
        return self.kept("sizes", self._sizes)

    def _sizes(self) -> tuple[str, ...]:
        own = {size for each in self._members.values() for size in each}
        ends = {end for equation in self.equations for end in (equation.lower, equation.upper)}
        ends |= {end for e in self.equations for _, part in subterms(e.right) for end in _bounds(part)}
        bound = {str(name) for variable in self._members for name in _letters(variable)}
        found = {name for size in own | ends for name in size.symbols} - bound
        if self._width is None and any(_has_width(size) for size in own):
            found.add(WIDTHS)
        return tuple(sorted(found))

    def shape_of(self, variable: Variable) -> Shape:
        if isinstance(variable, Loss):
            return SCALAR
        found = self._members.get(variable) or self._of_family(variable)
        if found is None:
            # a reader asks for many variables that there are not
            known = self.kept("members", lambda: ", ".join(map(str, self._members)))
            raise ShapeError(f"the network has no variable {variable}: it has {known}")
        return self.normal(found[0]), self.normal(found[1])

    def _of_family(self, variable: Variable) -> Shape | None:
        if variable.index is None:
            return None
        for member, (rows, columns) in self._members.items():
            if member.name == variable.name:
                for letter in _letters(member):
                    at = {letter: variable.index}
                    return rows.at(at), columns.at(at)
        return None

    def size(self, atom: Width | Units) -> Dim:
        layer = atom.layer
        if self._width is None or not layer.is_constant:
            return super().size(atom)
        # every layer has a width of its own, so that nothing conforms by accident
        return dim(self._width + layer.constant * 3 % 7 - (0 if isinstance(atom, Width) else 1))

    @property
    def reading(self) -> Notation:
        """The notation that formulas about this network are read in."""
        return self.written_in(find_notation(self.notation))

    def written_in(self, notation: Notation) -> Notation:
        """A notation with the letters of this network; its marks stay, but indices and data are as they were given."""
        if notation.named.keys() >= self.letters.keys() and notation.quantity["loss"] == self.loss_letter:
            return notation
        return self.kept(("letters", notation), lambda: self._written_in(notation))

    def _written_in(self, notation: Notation) -> Notation:
        arrows = any(row.style == "vec" for row in self.letters.values())
        return replace(
            notation,
            vectors="vec" if arrows else "bold",
            quantity={**notation.quantity, "loss": self.loss_letter},
            # letters of the text, as those of a convention, look as the network's own do
            named={name: replace(row, style=row.style if arrows else "plain") for name, row in notation.named.items()}
            | self.letters,
            gradient={},
            index={},
            first=0,
            data="columns",
        )

    def gradients(self, wrt: str | Sequence[str] | None = None, **functions: Any) -> NetworkGradients:
        """A compiled function `(W_1=…, x=…, …) -> (loss, {"W_1": ∂L/∂W_1, …})`.

        Args:
            wrt: the names of the variables by which gradients are asked for; all inputs and parameters if not given.
            functions: `g=` and `dg=` for a generic function `g` in the equations.
        """
        from symbackprop.numeric.network_gradients import NetworkGradients

        return NetworkGradients(self, wrt, **functions)

    # --- numbers for sizes -------------------------------------------------------------------------------------------

    def given(self, sizes: Mapping[str, int]) -> ForwardNetwork:
        self.check_sizes(sizes)
        values = {name: dim(number) for name, number in sizes.items()}
        made = copy(self)
        for kept in ("_found", "_reach"):
            made.__dict__.pop(kept, None)
        if any(_has_width(size) for each in self._members.values() for size in each):
            made._width = sizes.get(WIDTHS, self._width)
        made._members = {
            variable: (rows.at(values), columns.at(values)) for variable, (rows, columns) in self._members.items()
        }
        made.equations = tuple(placed(equation, values) for equation in self.equations)
        made.assumed = tuple(
            Chain(tuple(substitute(side, values) for side in chain.sides), chain.relations, chain.continued)
            for chain in self.assumed
        )
        return made


def _letters(variable: Variable) -> tuple[str, ...]:
    """The letter of the index of a family; none of a single variable."""
    return () if variable.index is None else tuple(sorted(variable.index.symbols))


def _covers(left: Variable, variable: Variable) -> bool:
    """Whether the equations of `left` compute a variable, a single one or each of a family."""
    if left.name != variable.name or left.index is None or variable.index is None:
        return left == variable
    return bool(left.index.symbols) or left.index == variable.index


def _has_width(size: Dim) -> bool:
    return any(isinstance(atom, Width | Units) for atom, _ in size.terms)


def _bounds(part: object) -> tuple[Dim, ...]:
    """The ends of a sum or a product."""
    lower, upper = getattr(part, "lower", None), getattr(part, "upper", None)
    return tuple(end for end in (lower, upper) if isinstance(end, Dim))


# --- what is taken for granted ---------------------------------------------------------------------------------------


def targets_sum_to_one(network: ForwardNetwork) -> tuple[Chain, ...]:
    """`Σ_k y_k = 1` for every input that multiplies the logarithm of a softmax: the targets of a cross-entropy."""
    loss = network.equations[-1].right
    found: list[Chain] = []
    for _, part in subterms(loss):
        if isinstance(part, Product | Hadamard):
            soft = [along for factor in part.factors if (along := _log_softmax(factor, network)) is not None]
            targets = [target for factor in part.factors if (target := _input(factor, network)) is not None]
            for target in targets if soft else ():
                chain = _sums(target, soft[0], network)
                if chain is not None and chain not in found:
                    found.append(chain)
    return tuple(found)


def _bare(e: Expr) -> Expr:
    """What an entry, a transpose or a sign is of."""
    while isinstance(e, Entry | Transpose | Negative | Row | Column):
        e = e.operand
    return e


def _log_softmax(e: Expr, network: ForwardNetwork) -> str | None:
    """Along what the softmax is whose logarithm something is, perhaps with others added; None where it is none."""
    e = _bare(e)
    if isinstance(e, Sum):
        return next((along for term in e.terms if (along := _log_softmax(term, network)) is not None), None)
    if not isinstance(e, Elementwise) or e.function != "log":
        return None
    inside = _bare(e.operand)
    for equation in network.equations:
        if isinstance(inside, Variable) and same_family(equation.left, inside):
            inside = equation.right
            break
    return inside.along if isinstance(inside, Softmax) else None


def _input(e: Expr, network: ForwardNetwork) -> Variable | None:
    e = _bare(e)
    if isinstance(e, Variable) and not any(same_family(equation.left, e) for equation in network.equations):
        return e
    return None


def _sums(target: Variable, along: str, network: ForwardNetwork) -> Chain | None:
    rows, columns = network.shape_of(target)
    k = index("k")
    if columns == ONE and along == "column":
        return equal(IndexedSum("k", ONE, rows, Entry(target, k)), number(1))
    if rows == ONE and along == "row":
        return equal(IndexedSum("k", ONE, columns, Entry(target, ONE, k)), number(1))
    if along == "row":
        return equal(target @ Ones(columns), Ones(rows))
    return equal(Ones(rows).T @ target, Ones(columns).T)
