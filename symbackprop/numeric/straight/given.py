"""The source of all gradients of a network of one's own in one pass, from its equations and the derived lines."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable, Sequence

from symbackprop.derivation import Derivation
from symbackprop.dims import Dim, Symbol, index
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Expr, Partial, Variable
from symbackprop.forward import ForwardNetwork
from symbackprop.numeric.module import HELPERS, definitions
from symbackprop.numeric.straight import entrywise, products, sums
from symbackprop.numeric.straight.program import Program
from symbackprop.numeric.straight.storage import allocate
from symbackprop.numeric.straight.trees import Array, Placed, Trees, extent_of
from symbackprop.numeric.straight.unrolled import backward_lines, forward_lines, in_order, leaves
from symbackprop.numeric.straight.writer import Writer
from symbackprop.shapes import Shape
from symbackprop.substitution import substitute
from symbackprop.tree import subterms

REGISTERED = (entrywise, products, sums)  # importing them registers their readers
# names that the file has for itself
OWN = frozenset(
    {
        "np",
        "out",
        "kind",
        "run",
        "once",
        "idle",
        "waiting",
        "ready",
        "sizes",
        "workspace",
        "gradients",
        "total",
        "result",
    }
    | {"float", "range", "len", "max", "min", "outer", "partial", *HELPERS}
)


class GivenPass:
    """One pass forward and backward through a network, as lines of Python.

    Args:
        network: with a number for the depth of every family.
        lines: the backward lines.
        wanted: the variables by which gradients are asked for, or their Python names; all parameters, inputs and
            targets that the loss depends on, if None.
        spelled: how formulas are written in comments.

    Attributes:
        arrays: the lines that make the workspace; lines: those of the pass.
        parameters: what the caller gives, by its Python name; asked: what the gradients are by.
        letters: the Python name of each symbolic size.

    Raises:
        SymbackpropError: for a family of symbolic depth, a name that there is not, or what has no numbers.
    """

    def __init__(
        self,
        network: ForwardNetwork,
        lines: Sequence[Derivation],
        wanted: Sequence[str | Variable] | None = None,
        spelled: Callable[[Expr], str] = str,
    ) -> None:
        self.network = network
        self._spelled = spelled
        forward, backward = forward_lines(network), backward_lines(lines, network)
        needed = in_order([LOSS], forward)
        inputs = self._inputs(forward, needed)
        names = _Names(OWN)
        self._called = {v: names.of(str_of(v)) for v in [*inputs, *(e for e in needed if isinstance(e, Variable))]}
        self.parameters: dict[str, Variable] = {self._called[v]: v for v in inputs}
        self.asked = self._asked(wanted, backward)
        both = {**forward, **backward}
        order = in_order([LOSS, *(Partial(LOSS, v) for v in self.asked.values())], both)
        self.letters = {letter: names.of(letter) for letter in _letters(network, both, order)}
        self._placed = Placed(network)
        self.shapes: dict[str, Shape] = {name: self._shape(v) for name, v in self.parameters.items()}
        self.program = Program({})
        self.program.keep_free({*OWN, *self.letters.values()})
        self.trees = Trees(self.program, _Renamed(self._placed, self.letters))
        for name, variable in self.parameters.items():
            self.trees.known[variable] = self.program.argument(name, extent_of(self.shapes[name]))
        self._compute(order, both)
        self._write()

    def _inputs(self, forward: dict[Expr, Expr], needed: Sequence[Expr]) -> list[Variable]:
        """What the loss is computed from and no equation computes, in the order of the network's own."""
        found = dict.fromkeys(leaf for e in needed for leaf in leaves(forward[e]) if leaf not in forward)
        families = list(dict.fromkeys(v.name for v in self.network.inputs))

        def place(v: Variable) -> tuple[int, int, int]:
            first = families.index(v.name) if v.name in families else len(families)
            return first, v.index is None, v.index.constant if v.index is not None else 0

        inputs = [v for v in found if isinstance(v, Variable)]
        own = {v: i for i, v in enumerate(self.network.inputs)}
        # W_1, b_1, W_2, b_2 as they are declared, the members of a family one after another
        return sorted(
            inputs, key=lambda v: (own.get(v, min((i for u, i in own.items() if u.name == v.name))), place(v))
        )

    def _asked(self, wanted: Sequence[str | Variable] | None, backward: dict[Expr, Expr]) -> dict[str, Variable]:
        """The variables by which gradients are asked for, by their Python names."""
        if wanted is None:
            return {name: v for name, v in self.parameters.items() if Partial(LOSS, v) in backward}
        by_name = {name: v for v, name in self._called.items() if v != LOSS}
        found: dict[str, Variable] = {}
        for each in wanted:
            names = [each] if isinstance(each, str) else self._members(each)
            for name in names:
                if name not in by_name:
                    known = ", ".join(by_name)
                    raise SymbackpropError(f"there is no variable {name!r} to ask for: write some of {known}")
                if Partial(LOSS, by_name[name]) not in backward:
                    raise SymbackpropError(f"the loss does not depend on {name}, which has no gradient: leave it out")
                found[name] = by_name[name]
        return found

    def _members(self, variable: Variable) -> list[str]:
        """The Python names of a variable, or of all of a family."""
        if variable in self._called:
            return [self._called[variable]]
        family = [name for v, name in self._called.items() if v.name == variable.name and v.index is not None]
        return family or [str_of(variable)]

    def _shape(self, variable: Variable) -> Shape:
        rows, columns = self._placed.shape_of(variable)
        at = {letter: index(name) for letter, name in self.letters.items()}
        return rows.at(at), columns.at(at)

    def array(self, name: str) -> Array:
        """The shape of the array of a variable by which a gradient is asked for."""
        return extent_of(self._shape(self.asked[name]))

    def _compute(self, order: Sequence[Expr], lines: dict[Expr, Expr]) -> None:
        at = {letter: index(name) for letter, name in self.letters.items() if letter != name}
        outputs = []
        targets: dict[Expr, str] = {Partial(LOSS, v): name for name, v in self.asked.items()}
        trees = self.trees
        for left in order:
            self.program.comment(f"{self._spelled(left)} = {self._spelled(lines[left])}")
            right = substitute(lines[left], at)
            if left == LOSS:
                total = self._total = trees.whole(right)
                outputs.append(total)
            else:
                found = trees.value(right)
                if not isinstance(found, str):
                    self.program.call(found, self._name(left))
                trees.known[left] = found
            if left in targets:
                whole = trees.whole(right)
                outputs.append(self.program.deliver(whole, f"out_{targets[left]}"))
        self.program.outputs = outputs
        self.program.leave_out_unused()

    def _name(self, left: Expr) -> str:
        if isinstance(left, Partial):
            assert isinstance(left.wrt, Variable)
            return f"d_{self._called[left.wrt]}"
        assert isinstance(left, Variable)
        return self._called[left]

    def _write(self) -> None:
        writer = Writer(self.program, allocate(self.program, {}))
        self.arrays, self.lines = writer.body()
        self.result = f"return {writer.name(self._total)}, out"

    @property
    def assumed(self) -> list[str]:
        """The equations between inputs that the lines take for granted, as they are written."""
        return [
            "".join(
                f"{'' if not i else f' {chain.relations[i - 1]} '}{self._spelled(side)}"
                for i, side in enumerate(chain.sides)
            )
            for chain in self.network.assumed
        ]

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of the generic functions that the caller gives."""
        return tuple(sorted(self.trees.functions, key=lambda name: (name.lstrip("d2"), len(name))))

    @property
    def definitions(self) -> list[str]:
        """What the lines use and NumPy does not have."""
        return list(dict.fromkeys([*definitions(self.trees.code), *self.trees.definitions]))


class _Names:
    """Python names, each once."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def of(self, text: str) -> str:
        name = re.sub(r"\W+", "_", text).strip("_") or "v"
        name = f"_{name}" if name[0].isdigit() else name
        while name in self._taken or keyword.iskeyword(name):
            name += "_"
        self._taken.add(name)
        return name


class _Renamed(Placed):
    """The shapes with the Python names of the sizes."""

    def __init__(self, of: Placed, letters: dict[str, str]) -> None:
        super().__init__(of)
        self._at = {letter: index(name) for letter, name in letters.items()}

    def shape_of(self, variable: Variable) -> Shape:
        rows, columns = super().shape_of(variable)
        return rows.at(self._at), columns.at(self._at)


def str_of(variable: Variable) -> str:
    """`W_1`, `h_t`, `yhat`: a variable with its index behind a line."""
    if variable.index is None:
        return variable.name
    return f"{variable.name}_{variable.index}"


def _letters(network: ForwardNetwork, lines: dict[Expr, Expr], order: Sequence[Expr]) -> list[str]:
    """The letters of all sizes that formulas and shapes are written with."""
    placed = Placed(network)
    found: set[str] = set()
    for left in order:
        for e in (left, lines[left]):
            for _, part in subterms(e):
                if isinstance(part, Variable) and part != LOSS:
                    found |= {str(atom) for size in placed.shape_of(part) for atom, _ in size.terms}
                found |= {name for own in part._values() if isinstance(own, Dim) for name in _symbols(own)}
        bound = {part.index for _, part in subterms(lines[left]) if isinstance(getattr(part, "index", None), str)}
        found -= bound - set(network.sizes)
    return sorted(found)


def _symbols(size: Dim) -> set[str]:
    return {atom.name for atom, _ in size.terms if isinstance(atom, Symbol)}
