"""Which letter, with which accents and scripts, is which quantity: made from a notation and a network.

The network's quantities are found in the notation's tables, the variables of any other network by their names: a letter
in English if it is Greek, then its accents, then a subscript that is no index (`\\hat{y}` is `yhat`, `W_{xh}` is `W_xh`).
What a network does not know is no variable: `shape_of` decides, so a subscript is an index, an entry or part of the name
according to what there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from symbackprop import expr
from symbackprop.activations import FUNCTIONS
from symbackprop.dims import Dim, Width, index, units, width
from symbackprop.equations import Network
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Named, Variable
from symbackprop.latex.surface import Surface
from symbackprop.network import MLP
from symbackprop.notations import GREEK, Notation, Written
from symbackprop.shapes import Shape
from symbackprop.tree import subterms

ENGLISH: Mapping[str, str] = {letter: name for name, letter in GREEK.items()} | {"ℓ": "ell", "ℒ": "L", "ϵ": "epsilon"}
# the styles that mark a vector or a matrix; the others are those of letters, words and sets
MARKED = frozenset({"vec", "bold", "underline"})
GENERIC = ("g", "f", "φ", "ψ", "ϕ")
# what courses write for the loss where the letter stands for nothing else
LOSSES = frozenset({"L", "ℓ", "J", "C", "E", "loss", "Loss", "cost", "ℒ"})
_FAMILIES: Mapping[str, type[Variable]] = {
    "preactivation": expr.PreActivation,
    "hidden": expr.Hidden,
    "weight": expr.Weight,
    "bias": expr.Bias,
}


@dataclass(frozen=True)
class Head:
    """A letter with its style and accents, without scripts."""

    text: str
    style: str = "plain"
    accents: tuple[str, ...] = ()
    prefix: str = ""

    @property
    def is_marked(self) -> bool:
        return self.style in MARKED

    @property
    def name(self) -> str:
        """The name of a variable that is written so: `yhat`."""
        return ENGLISH.get(self.text, self.text) + "".join(self.accents)

    def __str__(self) -> str:
        return self.text + "".join(f" {accent}" for accent in self.accents)


class Any_(str):
    """A place holder in a subscript: `·` in `w_{l,j,·}`."""


ANY = Any_("·")


@dataclass(frozen=True)
class Range:
    """`1 … n` in a subscript."""

    first: Dim
    last: Dim


@dataclass(frozen=True)
class Label:
    """A subscript that is no index: the `x` of `W_x`."""

    text: str


At = Dim | Any_ | Range | Label


@dataclass(frozen=True)
class Candidate:
    """A quantity that a letter with its first scripts may be, the scripts that are left, and what is taken for granted."""

    tree: Expr
    rest: tuple[At, ...] = ()
    assumed: str = ""
    # whether the notation marks it, as a vector by an arrow
    is_marked: bool = False
    # whether the network has a variable whose name says all that is written
    is_declared: bool = False

    def is_written(self, head: Head) -> bool:
        """Whether the notation writes it so: an entry is plain, and the whole as its row says."""
        is_entry = bool(self.rest) and all(isinstance(place, Dim) for place in self.rest)
        return head.is_marked == (self.is_marked and not is_entry)


class Scope:
    """What letters mean.

    Args:
        notation: the tables of letters.
        network: what quantities there are, with their shapes.
        given: further symbols, by their surface: what each stands for.
        functions: letters of scalar functions, by the letter: the name of the function.
    """

    def __init__(
        self,
        notation: Notation,
        network: Network,
        given: Mapping[Surface, Expr] | None = None,
        functions: Mapping[str, str] | None = None,
    ) -> None:
        self.notation = notation
        self.network = network
        self.given = dict(given or {})
        self.given_functions = dict(functions or {})
        self.known: dict[Variable, Shape | None] = {}

    # --- sizes -------------------------------------------------------------------------------------------------------

    def conform(self, one: Dim, two: Dim) -> bool:
        """Whether two sizes are the same; a network whose sizes are still being found puts its own in here."""
        return self.network.normal(one) == self.network.normal(two)

    def says(self, size: Dim) -> str:
        return "?" if any(name.startswith("?") for name in size.symbols) else self.network.says(size)

    def written(self, s: Shape) -> str:
        return f"{self.says(s[0])} × {self.says(s[1])}"

    @cached_property
    def is_layered(self) -> bool:
        """Whether the network is the lecture's, whose quantities stand in the notation's tables."""
        return isinstance(self.network, MLP)

    @cached_property
    def sizes(self) -> frozenset[str]:
        """Letters of sizes and of the depth: integers that may stand in a formula as numbers."""
        own = frozenset(getattr(self.network, "sizes", ()))
        return own | (self.network.depth.symbols if self.is_layered else frozenset())

    def index(self, letter: str) -> Dim:
        """The integer symbol that a letter of a script stands for."""
        for name, row in self.notation.index.items():
            if row.letter == letter:
                return index(name) - row.shift
        return index("l" if letter == "ℓ" else ENGLISH.get(letter, letter))

    def width(self, layer: Dim) -> Dim:
        return width(layer)

    def is_width(self, head: Head) -> bool:
        row = self.notation.quantity.get("width")
        return self.is_layered and row is not None and (head.text, head.accents) == (row.letter, ())

    def units(self, d: Dim) -> Dim:
        """A size as the network counts it: `n_l - 1` is the number of units of a layer with a bias unit."""
        match d:
            case Dim(((Width(layer), 1),), -1) if self.network.normal(units(layer)) != self.network.normal(
                width(layer)
            ):
                return units(layer)
        return d

    # --- variables ---------------------------------------------------------------------------------------------------

    def shape_of(self, variable: Variable) -> Shape | None:
        """The shape of a variable, or None if the network has none such."""
        if variable not in self.known:
            try:
                rows, columns = self.network.shape_of(variable)
                found: Shape | None = (self.network.normal(rows), self.network.normal(columns))
            except (ShapeError, LookupError):
                found = None
            self.known[variable] = found
        return self.known[variable]

    @cached_property
    def families(self) -> Mapping[str, frozenset[bool]]:
        """By the name of a variable of a network that is not the lecture's: whether it has an index, or may."""
        if self.is_layered:
            return {}
        found: dict[str, set[bool]] = {}
        for equation in self.network.equations:
            for side in (equation.left, equation.right):
                for _, part in subterms(side):
                    if isinstance(part, Named):
                        found.setdefault(part.name, set()).add(part.index is not None)
        for name in getattr(self.network, "families", ()):
            found[name] = {True}
        return {name: frozenset(kinds) for name, kinds in found.items()}

    def has(self, variable: Variable) -> bool:
        """Whether the network has the variable, with an index if it is given one."""
        if isinstance(variable, Named) and not self.is_layered:
            kinds = self.families.get(variable.name, frozenset({False}))
            if (variable.index is not None) not in kinds:
                return False
        return self.shape_of(variable) is not None

    @cached_property
    def table(self) -> Mapping[tuple[str, tuple[str, ...]], tuple[tuple[str, Written], ...]]:
        """By letter and accents: the rows of the notation's quantities."""
        made: dict[tuple[str, tuple[str, ...]], list[tuple[str, Written]]] = {}
        for what, row in self.notation.quantity.items():
            made.setdefault((row.letter, _accents(row)), []).append((what, row))
        return {key: tuple(rows) for key, rows in made.items()}

    @cached_property
    def named(self) -> Mapping[tuple[str, tuple[str, ...]], tuple[tuple[str, Written], ...]]:
        """By letter and accents: the rows of the notation's named variables."""
        made: dict[tuple[str, tuple[str, ...]], list[tuple[str, Written]]] = {}
        for name, row in self.notation.named.items():
            made.setdefault((row.letter, _accents(row)), []).append((name, row))
        return {key: tuple(rows) for key, rows in made.items()}

    def candidates(self, head: Head, below: tuple[At, ...], above: tuple[At, ...]) -> list[Candidate]:
        """What a letter with these scripts may be; `above` is a layer, or nothing.

        The order is from the more to the less literal; the shapes of the formula decide among them.
        """
        found: list[Candidate] = []
        if self.is_layered:
            found += self._layered(head, below, above)
        found += self._variables(head, below, above)
        written = [each for each in found if each.is_written(head)]
        return _distinct(written or found or self._loss(head, below, above))

    def _layered(self, head: Head, below: tuple[At, ...], above: tuple[At, ...]) -> Iterator[Candidate]:
        accents, bare = head.accents, False
        rows = self.table.get((head.text, tuple(sorted(accents))), ())
        if not rows and "tilde" in accents:
            accents, bare = tuple(a for a in accents if a != "tilde"), True
            rows = self.table.get((head.text, tuple(sorted(accents))), ())
        for what, row in rows:
            if row.prefix != head.prefix:
                continue
            for index_of, rest in _placed(row, below, above):
                variable = self._quantity(what, index_of)
                if variable is None or not self.has(variable):
                    continue
                tree: Expr = expr.WithoutBias(variable) if bare else variable
                is_marked = row.style in MARKED
                if what != "weight_row":
                    yield Candidate(tree, rest, is_marked=is_marked)
                elif len(rest) == 1 and isinstance(rest[0], Dim):
                    yield Candidate(expr.Row(tree, rest[0]), is_marked=is_marked)
                elif len(rest) == 2:
                    yield Candidate(tree, rest, is_marked=is_marked)

    def _quantity(self, what: str, layer: Dim | None) -> Variable | None:
        assert isinstance(self.network, MLP)
        fixed: Mapping[str, Variable] = {
            "input": self.network.input,
            "output": self.network.output,
            "target": expr.Target(),
            "loss": expr.LOSS,
        }
        if what in fixed:
            return fixed[what] if layer is None else None
        family = _FAMILIES.get("weight" if what == "weight_row" else what)
        return None if family is None or layer is None else family(layer)  # type: ignore[call-arg]

    def _variables(self, head: Head, below: tuple[At, ...], above: tuple[At, ...]) -> Iterator[Candidate]:
        if head.prefix:
            return
        if below and isinstance(below[0], Dim | Label):
            # a name that has its subscript in it, as in a table of shapes, is not an entry of another one
            for each in self._indexed(f"{head.name}_{_in_name(below[0])}", below[1:], above):
                yield replace(each, is_declared=True)
        rows = self.named.get((head.text, tuple(sorted(head.accents))), ())
        same_style = [(name, row) for name, row in rows if (row.style in MARKED) == head.is_marked]
        names = [name for name, _ in same_style or rows]
        for name in dict.fromkeys((*names, head.name)):
            yield from self._indexed(name, below, above)

    def _indexed(self, name: str, below: tuple[At, ...], above: tuple[At, ...]) -> Iterator[Candidate]:
        if above:
            first, *more = above
            if isinstance(first, Dim) and not more and self.has(Named(name, first)):
                yield self._named(Named(name, first), below)
            return
        if below and isinstance(below[0], Dim) and self.has(Named(name, below[0])):
            yield self._named(Named(name, below[0]), below[1:])
            return
        if self.has(Named(name)):
            yield self._named(Named(name), below)

    def _named(self, variable: Named, rest: tuple[At, ...]) -> Candidate:
        return Candidate(variable, rest, is_marked=self.notation.of_name(variable.name).style in MARKED)

    def _loss(self, head: Head, below: tuple[At, ...], above: tuple[At, ...]) -> list[Candidate]:
        """The loss under the letter of another course, where that letter stands for nothing here."""
        if head.text not in LOSSES or head.accents or above or head.is_marked or below:
            return []
        row = self.notation.quantity.get("loss")
        own = row.letter if row is not None else "L"
        said = "" if head.text == own else f"{head.text} is the loss {own}"
        return [Candidate(expr.LOSS, (), said)] if self.has_loss else []

    @cached_property
    def has_loss(self) -> bool:
        """Whether the network's loss is the one of the notation, and no variable with a name of its own."""
        equations = self.network.equations
        return not equations or any(isinstance(equation.left, expr.Loss) for equation in equations)

    def hint(self, head: Head) -> str:
        """What to write instead of a letter that is nothing."""
        if self.is_layered:
            rows = [row for key, each in self.table.items() if key[0] == head.text for row in each]
            names = sorted({row.letter for row in self.notation.quantity.values()})
            if rows:
                return f"{head.text} needs other indices in the notation of {self.notation.title}"
            return f"the letters of {self.notation.title} are {', '.join(names)}"
        known = sorted(getattr(self.network, "names", ()))
        return f"the network has {', '.join(known) or 'no variables'}"

    # --- gradients ---------------------------------------------------------------------------------------------------

    @cached_property
    def gradients(self) -> Mapping[tuple[str, str, tuple[str, ...]], tuple[tuple[str, Written], ...]]:
        """By prefix, letter and accents: the rows of the notation's short names of gradients."""
        made: dict[tuple[str, str, tuple[str, ...]], list[tuple[str, Written]]] = {}
        for what, row in self.notation.gradient.items():
            made.setdefault((row.prefix, row.letter, _accents(row)), []).append((what, row))
        return {key: tuple(rows) for key, rows in made.items()}

    def gradient_candidates(self, head: Head, below: tuple[At, ...], above: tuple[At, ...]) -> list[Candidate]:
        """Gradients of the loss that have a letter of their own, as δ for that of a pre-activation."""
        found: list[Candidate] = []
        if not self.is_layered:
            return found
        for what, row in self.gradients.get((head.prefix, head.text, tuple(sorted(head.accents))), ()):
            for layer, rest in _placed(row, below, above):
                variable = self._quantity(what, layer)
                if variable is not None and self.has(variable):
                    found.append(Candidate(expr.Partial(expr.LOSS, variable, self.is_numerator), rest))
        return _distinct(found)

    @cached_property
    def prefixes(self) -> frozenset[str]:
        """What may stand before a letter to make it a gradient: the d of `dZ`."""
        return frozenset(row.prefix for row in self.notation.gradient.values() if row.prefix)

    @cached_property
    def is_numerator(self) -> bool:
        """Whether a derivative has the numerator's rows."""
        return getattr(self.notation, "layout", "denominator") == "numerator"

    # --- functions ---------------------------------------------------------------------------------------------------

    @cached_property
    def functions(self) -> Mapping[str, str]:
        """By letter or word: the name of the function of one variable that it stands for."""
        made = {row.symbol: name for name, row in FUNCTIONS.items() if len(row.symbol) > 1}
        made |= {name: name for name in FUNCTIONS}
        made |= {"σ": "sigmoid", "ln": "log", "logistic": "sigmoid", "relu": "relu", "Id": "identity"}
        made.pop("id", None)
        for letter in GENERIC:
            made[letter] = ENGLISH.get(letter, letter).replace("ϕ", "phi")
        own = getattr(self.network, "activation", None)
        if own is not None:
            made[own.symbol] = own.name
            if not own.is_generic:
                # the letter of slides for whatever the activation is
                made["g"] = own.name
        for name, letter in self.notation.letters.items():
            if name in made.values():
                made[letter] = name
        return made | self.given_functions

    def is_layer_map(self, head: Head) -> bool:
        row = self.notation.quantity.get("layer_map")
        return self.is_layered and row is not None and (head.text, head.accents) == (row.letter, ())

    def is_jacobian(self, head: Head) -> bool:
        row = self.notation.quantity.get("activation_jacobian")
        return self.is_layered and row is not None and (head.text, head.accents) == (row.letter, ())

    def jacobian(self, operand: Expr) -> Expr:
        """`D` of what the activation is applied to: rectangular where there is a bias unit."""
        assert isinstance(self.network, MLP)
        name = self.network.activation.name
        if self.network.augmented:
            return expr.ActivationJacobian(name, operand)
        return expr.Diagonal(expr.Elementwise(name, operand, 1))

    def slope(self, operand: Expr) -> Expr:
        """The derivative of the activation at what it is applied to."""
        assert isinstance(self.network, MLP)
        return expr.Elementwise(self.network.activation.name, operand, 1)


def _in_name(place: Dim | Label) -> str:
    return place.text if isinstance(place, Label) else str(place)


def _accents(row: Written) -> tuple[str, ...]:
    return (row.accent,) if row.accent else ()


def _distinct(found: list[Candidate]) -> list[Candidate]:
    return list(dict.fromkeys(found))


def _placed(row: Written, below: tuple[At, ...], above: tuple[At, ...]) -> Iterator[tuple[Dim | None, tuple[At, ...]]]:
    """The layer that scripts name, where a row of the notation puts it, and what is left below."""
    if row.label:
        if not below or below[0] != Label(row.label):
            return
        below = below[1:]
    if row.place == "sub" and not above:
        if below and isinstance(below[0], Dim):
            yield below[0] - row.shift, below[1:]
        yield None, below
    elif row.place == "sup":
        if len(above) == 1 and isinstance(above[0], Dim):
            yield above[0] - row.shift, below
        elif not above:
            yield None, below
    elif row.place == "none" and not above:
        yield None, below
