r"""Which letter, with which accents and scripts, is which quantity: made from a notation and a network.

The network's quantities are found in the notation's tables, the variables of any other network by their names: a
letter in English if it is Greek, then its accents, then a subscript that is no index (`\hat{y}` is `yhat`, `W_{xh}` is
`W_xh`). What a network does not know is no variable: `shape_of` decides, so a subscript is an index, an entry or part
of the name according to what there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import Any

from symbackprop import expr
from symbackprop.activations import FUNCTIONS
from symbackprop.dims import Dim, dim
from symbackprop.equations import Network
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Named, Variable
from symbackprop.latex.counting import MOST_KEPT, Counting, keep_in
from symbackprop.latex.places import (
    ENGLISH,
    MARKED,
    Accents,
    At,
    Candidate,
    Head,
    Label,
    Places,
    is_entry,
)
from symbackprop.latex.registered import Table
from symbackprop.latex.surface import Span, Surface
from symbackprop.network import MLP
from symbackprop.notations import Notation, Written
from symbackprop.shapes import Shape
from symbackprop.tree import subterms

GENERIC = ("g", "f", "φ", "ψ", "ϕ")
# what courses write for the loss where the letter stands for nothing else
LOSSES = frozenset({"L", "ℓ", "J", "C", "E", "loss", "Loss", "cost", "ℒ"})
_FAMILIES: Mapping[str, type[Variable]] = {
    "preactivation": expr.PreActivation,
    "hidden": expr.Hidden,
    "weight": expr.Weight,
    "weight_row": expr.Weight,
    "bias": expr.Bias,
}


class Scope(Counting):
    """What letters mean.

    Args:
        notation: the tables of letters.
        network: what quantities there are, with their shapes.
        given: further symbols, by their surface: what each stands for.
        functions: letters of scalar functions, by the letter: the name of the function.
        numerator: whether derivatives are written in numerator layout, in which they are the transposes.

    Attributes:
        is_loose: whether all sizes are taken for equal.
    """

    is_loose = False

    def __init__(
        self,
        notation: Notation,
        network: Network,
        given: Mapping[Surface, Expr] | None = None,
        functions: Mapping[str, str] | None = None,
        numerator: bool = False,
    ) -> None:
        super().__init__(notation, network)
        self.numerator = numerator
        self.given = dict(given or {})
        self.given_functions = dict(functions or {})
        self.known: dict[Variable, Shape | None] = {}
        # readings of letters with their scripts, and the span that these were read from
        self.letters: dict[object, tuple[Span, list[Any]]] = {}
        # the same by what is written, and the place that it was read from
        self.by_text: dict[object, tuple[int, list[Any]]] = {}
        # what can begin with a factor, by its kind and letter
        self.beginners: dict[object, Any] = {}
        # what a factor and the parentheses behind it mean, as `by_text`
        self.applied: dict[object, tuple[int, list[Any]]] = {}
        # between which ends the index of a product runs, by the text of the sign and its bounds
        self.ranges: dict[str, Any] = {}
        # how often anything had been registered when these were found
        self._registered = Table.changes
        self._candidates: dict[tuple[Head, Places, Places], list[Candidate]] = {}

    def forget_shapes(self) -> None:
        """Where the network has found more of the shapes of its variables."""
        self.known.clear()
        self._shapes.clear()
        self._forget_meanings()

    def _forget_meanings(self) -> None:
        for kept in (self.letters, self.by_text, self.beginners, self.applied, self.ranges):
            kept.clear()

    def keep_up(self) -> None:
        """Forget what letters mean where more has been registered."""
        if self._registered != Table.changes:
            self._registered = Table.changes
            self._forget_meanings()

    def keep_text(self, written: object, start: int, readings: list[Any]) -> None:
        """Keep what a letter with its scripts, or a derivative by one, means wherever it is written so.

        Args:
            start: where it was read; readings: none if it is known to be nothing.
        """
        keep_in(self.by_text, written, (start, readings))

    def keep_applied(self, written: object, start: int, taken: list[Any]) -> None:
        """Keep the ways to read a factor before parentheses, wherever both are written so."""
        keep_in(self.applied, written, (start, taken))

    # --- variables ---------------------------------------------------------------------------------------------------

    def shape_of(self, variable: Variable) -> Shape | None:
        """The shape of a variable, or None if the network has none such."""
        if variable not in self.known:
            try:
                rows, columns = (self.network.normal(size) for size in self.network.shape_of(variable))
                self.known[variable] = self.shared((columns, rows) if self.turned else (rows, columns))
            except (ShapeError, LookupError):
                self.known[variable] = None
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

    @cached_property
    def computed(self) -> frozenset[str]:
        """The names of the variables that the network computes."""
        own: frozenset[str] | None = getattr(self.network, "computed", None)
        return frozenset(e.left.name for e in self.network.equations) if own is None else own

    def has(self, variable: Variable) -> bool:
        """Whether the network has the variable, with an index if it is given one."""
        if isinstance(variable, Named) and not self.is_layered:
            kinds = self.families.get(variable.name, frozenset({False}))
            if (variable.index is not None) not in kinds:
                return False
        return self.shape_of(variable) is not None

    @cached_property
    def table(self) -> Mapping[tuple[str, Accents], list[tuple[str, Written]]]:
        """By letter and accents: the rows of the notation's quantities."""
        return _by_letter(self.notation.quantity)

    @cached_property
    def named(self) -> Mapping[tuple[str, Accents], list[tuple[str, Written]]]:
        """By letter and accents: the rows of the notation's named variables."""
        return _by_letter(self._names)

    @cached_property
    def _labelled(self) -> Mapping[tuple[tuple[str, Accents], At | None], list[str]]:
        """By letter, accents and label, or None without one: the names that are written so."""
        made: dict[tuple[tuple[str, Accents], At | None], list[str]] = {}
        for key, rows in self.named.items():
            for name, row in rows:
                for label in self._labels(row.label) if row.label else (None,):
                    made.setdefault((key, label), []).append(name)
        return made

    @cached_property
    def _names(self) -> Mapping[str, Written]:
        return {**self.notation.named, **(self.notation.added if self.is_layered else {})}

    def candidates(self, head: Head, below: Places, above: Places) -> list[Candidate]:
        """What a letter with these scripts may be; `above` is a layer, or nothing.

        The order is from the more to the less literal; the shapes of the formula decide among them.
        """
        key = (head, below, above)
        kept = self._candidates.get(key)
        if kept is None:
            found = list(self._layered(head, below, above)) if self.is_layered else []
            found += self._variables(head, below, above)
            written = [each for each in found if each.is_written(head)]
            kept = list(dict.fromkeys(written or found or self._loss(head, below, above)))
            keep_in(self._candidates, key, kept)
        return kept

    def _layered(self, head: Head, below: Places, above: Places) -> Iterator[Candidate]:
        bare = head.key not in self.table and "tilde" in head.accents
        accents = tuple(a for a in head.accents if a != "tilde") if bare else head.accents
        for what, row in self.table.get((head.text, accents), ()):
            if bare and what not in ("weight", "weight_row"):
                continue
            for layer, rest in self._placed(row, below, above) if row.prefix == head.prefix else ():
                variable = self._quantity(what, layer)
                if variable is not None and self.has(variable):
                    tree: Expr = expr.WithoutBias(variable) if bare else variable
                    yield from self._as_written(tree, row, head, rest, what == "weight_row")

    def _as_written(
        self, tree: Expr, row: Written, head: Head, rest: Places, is_line: bool = False
    ) -> Iterator[Candidate]:
        """A quantity with what is left of its scripts; the letter of a row of the weights is no whole matrix."""
        is_marked = row.style in MARKED
        if row.entry and row.entry != row.letter and (head.text == row.entry) != is_entry(rest):
            return
        if not is_line or len(rest) == 2:
            yield Candidate(tree, rest, is_marked=is_marked)
        elif len(rest) == 1 and isinstance(rest[0], Dim) and rest[0] != dim(0):
            line = expr.Column(tree, rest[0]) if self.turned else expr.Row(tree, rest[0])
            yield Candidate(line, is_marked=is_marked)

    def _placed(self, row: Written, below: Places, above: Places) -> Iterator[tuple[Dim | None, Places]]:
        """The layer that scripts name, where a row of the notation puts it, and what is left below."""
        if row.label:
            if not below or (below[-1] if row.label_last else below[0]) not in self._labels(row.label):
                return
            below = below[:-1] if row.label_last else below[1:]
        if row.place == "sup":
            if not above:
                yield None, below
            elif len(above) == 1 and isinstance(above[0], Dim):
                yield self.layer(above[0], row), below
        elif not above:
            if row.place == "sub" and below and isinstance(below[0], Dim):
                yield self.layer(below[0], row), below[1:]
            yield None, below

    def _labels(self, text: str) -> tuple[At, ...]:
        return (Label(text), dim(int(text)) if text.isdigit() else self.index(text))

    def _quantity(self, what: str, layer: Dim | None) -> Variable | None:
        assert isinstance(self.network, MLP)
        if layer is None:
            fixed: Mapping[str, Variable] = {
                "input": self.network.input,
                "output": self.network.output,
                "target": expr.Target(),
                "loss": expr.LOSS,
            }
            return fixed.get(what)
        family = _FAMILIES.get(what)
        return None if family is None else family(layer)  # type: ignore[call-arg]

    def _variables(self, head: Head, below: Places, above: Places) -> Iterator[Candidate]:
        if head.prefix:
            return
        for place in below[:1]:
            if isinstance(place, Dim | Label):
                # a name that has its subscript in it, as in a table of shapes, is not an entry of another one
                text = place.text if isinstance(place, Label) else str(place)
                for each in self._indexed(f"{head.name}_{text}", below[1:], above, head):
                    yield each.declared()
        if len(above) == 1:
            # `W^{(1)}`, where the table of shapes has `W_1`
            for each in self._indexed(f"{head.name}_{above[0]}", below, (), head):
                yield each.declared()
        for label in dict.fromkeys((None, *below[:1], *below[-1:])):
            for name in self._labelled.get((head.key, label), ()):
                yield from self._indexed(name, below, above, head, is_labelled=label is not None)
        # a name that the tables write with another letter is not written with its own
        if head.name not in self._names:
            yield from self._indexed(head.name, below, above, head)

    def _indexed(
        self, name: str, below: Places, above: Places, head: Head, is_labelled: bool = False
    ) -> Iterator[Candidate]:
        """The variable of a name; `is_labelled` where its label stands among what is below."""
        row = _row(self.notation, name, self.is_layered)
        # names that are in no table may have their index above or below
        place = row.place if name in self._names else "sup" if above else "sub"
        for at, rest in self._placed(row if is_labelled else _without_label(row, place), below, above):
            if self.has(Named(name, at)):
                # `z_{11}` is the eleventh where there is one; entry 1 of the first is written `z_{1,1}`
                is_number = at is not None and at.is_constant and at.constant > 9
                for found in self._as_written(Named(name, at), row, head, rest):
                    yield replace(found, is_declared=True) if is_number else found
                if at is not None:
                    return

    def _loss(self, head: Head, below: Places, above: Places) -> list[Candidate]:
        """The loss under the letter of another course, where that letter stands for nothing here."""
        row = self.notation.quantity["loss"]
        own = row.letter
        if head.text == own and row.label and len(below) == 1 and below[0] in self._labels(row.label):
            # `E_n`, where nothing else has these letters
            below = ()
        if head.text not in {*LOSSES, own} or head.accents or above or below or head.is_marked or not self.has_loss:
            return []
        said = "" if head.text == own else f"{head.text} is the loss {own}"
        return [Candidate(expr.LOSS, (), said)]

    @cached_property
    def has_loss(self) -> bool:
        """Whether the network's loss is the one of the notation, and no variable with a name of its own."""
        equations = self.network.equations
        return not equations or any(isinstance(equation.left, expr.Loss) for equation in equations)

    def hint(self, head: Head) -> str:
        """What to write instead of a letter that is nothing."""
        if self.is_layered:
            if any(text == head.text for text, _ in self.table):
                return f"{head.text} has other indices in the notation of {self.notation.title}"
            letters = sorted({row.letter for row in self.notation.quantity.values()})
            return f"the letters of {self.notation.title} are {', '.join(letters)}"
        known = sorted(getattr(self.network, "names", ()))
        return f"the network has {', '.join(known) or 'no variables'}"

    # --- gradients ---------------------------------------------------------------------------------------------------

    @cached_property
    def gradients(self) -> Mapping[tuple[str, Accents], list[tuple[str, Written]]]:
        """By letter and accents: the rows of the notation's short names of gradients."""
        return _by_letter(self.notation.gradient)

    def gradient_candidates(self, head: Head, below: Places, above: Places) -> list[Candidate]:
        """Gradients of the loss that have a letter of their own, as δ for that of a pre-activation."""
        found: list[Candidate] = []
        for what, row in self.gradients.get(head.key, ()) if self.is_layered else ():
            for layer, rest in self._placed(row, below, above) if row.prefix == head.prefix else ():
                variable = self._quantity(what, layer)
                if variable is not None and self.has(variable):
                    found += self._as_written(expr.Partial(expr.LOSS, variable), row, head, rest)
        return list(dict.fromkeys(found))

    @cached_property
    def prefixes(self) -> frozenset[str]:
        """What may stand before a letter to make it a gradient: the d of `dZ`."""
        return frozenset(row.prefix for row in self.notation.gradient.values() if row.prefix)

    # --- functions and signs -----------------------------------------------------------------------------------------

    @cached_property
    def functions(self) -> Mapping[str, str]:
        """By letter or word: the name of the function of one variable that it stands for."""
        made = {name: name for name in FUNCTIONS} | {
            row.symbol: name for name, row in FUNCTIONS.items() if len(row.symbol) > 1
        }
        del made["id"]
        made |= {"σ": "sigmoid", "ln": "log", "logistic": "sigmoid", "Id": "identity"}
        made |= {letter: ENGLISH.get(letter, letter).replace("ϕ", "phi") for letter in GENERIC}
        own = getattr(self.network, "activation", None)
        if own is not None:
            # g is the letter of slides for whatever the activation is
            made |= {own.symbol: own.name, "g": own.name}
            row = self.notation.quantity.get("activation")
            if row is not None and own.name == "g":
                made[row.letter] = own.name
        made |= {letter: name for name, letter in self.notation.letters.items() if name in made.values()}
        return made | self.given_functions

    def layer_of_function(self, written: Dim) -> Dim:
        """The layer that a function is marked with, as `g^{[l]}`."""
        row = self.notation.quantity.get("activation")
        return written if row is None else self.layer(written, row)

    def is_loss_function(self, head: Head) -> bool:
        """Whether it is the loss as a function of output and target, where that has a letter of its own."""
        row = self.notation.function_of_loss()
        return "loss_function" in self.notation.quantity and head.key == (row.letter, ())

    def function_name(self, head: Head) -> str:
        """The name of a function that is none of one variable."""
        names = [name for name, _ in self.named.get(head.key, ())]
        return names[0] if names else head.name

    def is_layer_map(self, head: Head) -> bool:
        row = self.notation.quantity.get("layer_map")
        return self.is_layered and row is not None and head.key == (row.letter, ())

    def is_jacobian(self, head: Head) -> bool:
        row = self.notation.quantity.get("activation_jacobian")
        if not self.is_layered or row is None or head.key != (row.letter, ()):
            return False
        # a width may have the same letter, plain
        clash = self.notation.quantity["width"].letter == row.letter
        return not clash or head.is_marked == (row.style in MARKED)

    def jacobian_layer(self, below: Dim | None, above: Dim | None) -> Dim | None:
        """The layer of an activation Jacobian that is written so."""
        row = self.notation.quantity["activation_jacobian"]
        at, other = (above, below) if row.place == "sup" else (below, above)
        return None if at is None or other is not None else self.layer(at, row)

    def jacobian(self, operand: Expr) -> Expr:
        """`D` of what the activation is applied to: rectangular where there is a bias unit."""
        assert isinstance(self.network, MLP)
        if self.network.augmented:
            return expr.ActivationJacobian(self.network.activation.name, operand)
        return expr.Diagonal(self.slope(operand))

    def slope(self, operand: Expr) -> Expr:
        """The derivative of the activation at what it is applied to."""
        assert isinstance(self.network, MLP)
        return expr.Elementwise(self.network.activation.name, operand, 1)

    def is_kronecker(self, head: Head) -> bool:
        row = self.notation.quantity.get("kronecker")
        return head.key == ("δ" if row is None else row.letter, ())

    @cached_property
    def entrywise_signs(self) -> frozenset[str]:
        """Signs that are the product entry by entry here and nothing else."""
        own = self.notation.hadamard.replace("∗", "*")
        return frozenset({"⊙", "∘", ".*"}) | ({own} if own == "*" else set())


@lru_cache(maxsize=MOST_KEPT)
def _row(notation: Notation, name: str, is_layered: bool) -> Written:
    """How a notation writes a variable of that name: to make a row costs more than to look it up."""
    return notation.of_name(name, is_layered)


@lru_cache(maxsize=MOST_KEPT)
def _without_label(row: Written, place: str) -> Written:
    return replace(row, label="", place=place)


def _by_letter(rows: Mapping[str, Written]) -> dict[tuple[str, Accents], list[tuple[str, Written]]]:
    made: dict[tuple[str, Accents], list[tuple[str, Written]]] = {}
    for what, row in rows.items():
        for letter in dict.fromkeys((row.letter, row.entry or row.letter)):
            made.setdefault((letter, (row.accent,) if row.accent else ()), []).append((what, row))
    return made
