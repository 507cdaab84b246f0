"""The source of a program: the arrays of its workspace, once for given sizes, and the pass that fills them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from symbackprop.dims import ONE, Dim
from symbackprop.numeric.straight.program import Program
from symbackprop.numeric.straight.sizes import listed, product_of, tuple_of
from symbackprop.numeric.straight.storage import Room, Storage
from symbackprop.numeric.straight.values import NEVER, STORED, Kind, Value

# what a view is called, after what it is a view of
SUFFIXES = {
    ".T": "_T",
    "[:-1]": "_units",
    "[:, :-1]": "_weights",
    ".reshape(-1)": "_entries",
    "[:, None]": "_column",
    "[None]": "_row",
}
# functions of NumPy that take more than two arrays by position in another sense; for the others it is slower
BY_KEYWORD = frozenset({"maximum", "minimum"})
INDENT = "    "


class Writer:
    """The lines of a program.

    Args:
        storage: where its values are.
        batch: the size that products are summed over where they add up examples.
        single: whether there is one example, so that every column is a row as well.
        shapes: whether the shape of what a line works out stands behind it.
    """

    def __init__(
        self,
        program: Program,
        storage: Storage,
        batch: Dim | None = None,
        single: bool = False,
        shapes: bool = True,
    ) -> None:
        self._program = program
        self._storage = storage
        self._batch = batch
        self._single = single
        self._shapes = shapes
        self._bound: dict[str, str] = {}
        self._shown = self._names()

    def _names(self) -> dict[Value, str]:
        """What each value is called: one without a name of its own as what its place holds next, or held last."""
        groups: dict[Value, list[Value]] = {}
        for value in self._program.values:
            if value.kind is not Kind.VIEW:
                groups.setdefault(self._storage.same_place(value), []).append(value)
        shown: dict[Value, str] = {}
        for values in groups.values():
            named = next((value for value in reversed(values) if value.is_named), values[0])
            for value in reversed(values):
                named = value if value.is_named else named
                shown[value] = named.name
        return shown

    def body(self) -> tuple[list[str], list[str]]:
        """The lines that make the arrays, and those of the pass."""
        lines: list[str] = []
        guard = ""
        for value in self._program.values:
            if value.guard == NEVER:
                lines += [*(f"# {comment}" for comment in value.comments), *value.before]
                continue
            step = self._step(value)
            if value.guard and value.guard != guard and step:
                step = [*value.before, f"if {value.guard}:", *(f"{INDENT}{line}" for line in step)]
            elif value.guard:
                step = [f"{INDENT}{line}" for line in step]
            guard = value.guard if step else guard
            lines += step
        constants = [
            f"{self._shown[value]} = {value.text}" for value in self._program.values if value.kind is Kind.CONSTANT
        ]
        return [*constants, *self._arrays(), *(f"{name} = {text}" for name, text in self._bound.items())], lines

    # --- the arrays --------------------------------------------------------------------------------------------------

    def _arrays(self) -> list[str]:
        lines = [line for room in self._storage.rooms for line in self._room(room)]
        for value, (of, suffix) in self._placed():
            # what a place is a part of has its name by now
            called, whole = self._shown[value], f"{self._whole(of)}{suffix}"
            if called != whole and f"{called} = {whole}" not in lines:
                lines.append(f"{called} = {whole}")
        return lines

    def _placed(self) -> Iterable[tuple[Value, tuple[Value, str]]]:
        """Those that have their place in others, each after what it is in."""
        places, done = self._storage.places, set[Value]()

        def after(value: Value) -> Iterable[Value]:
            if value in done or value not in places:
                return
            done.add(value)
            yield from after(places[value][0].root)
            yield value

        for value in places:
            yield from ((one, places[one]) for one in after(value))

    def _whole(self, value: Value) -> str:
        return self._shown[value] if value.kind is not Kind.VIEW else f"{self._whole(value.values[0])}{value.text}"

    def _room(self, room: Room) -> list[str]:
        first = room.values[0]
        assert first.shape is not None
        if any(value.shape != first.shape for value in room.values):
            sizes = dict.fromkeys(product_of(value.shape or ()) for value in room.values)
            name = f"room_{self._shown[first]}"
            lines = [f"{name} = np.empty(max({', '.join(sizes)}), kind)"]
            for value in room.values:
                shape = value.shape or ()
                lines.append(f"{self._shown[value]} = {name}[:{product_of(shape)}].reshape({listed(shape)})")
            return lines
        made = "ones" if first.kind is Kind.WITH_UNIT else "empty"
        names = " = ".join(dict.fromkeys(self._shown[value] for value in room.values))
        return [f"{names} = np.{made}({tuple_of(first.shape)}, kind)"]

    # --- the pass ----------------------------------------------------------------------------------------------------

    def _step(self, value: Value) -> list[str]:
        lines = [f"# {comment}" for comment in value.comments]
        text = self.operation(value, self.name)
        if text and value.shape and self._shapes:
            text = f"{text}  # {' × '.join(map(str, value.shape))}"
        return [*lines, *([text] if text else [])]

    def operation(self, value: Value, name: Callable[[Value], str]) -> str:
        """The line that works out a value; empty for what needs none.

        Args:
            name: how values are called.
        """
        operands = [name(o) if isinstance(o, Value) else self._number(o, value) for o in value.operands]
        match value.kind:
            case Kind.DOT:
                return self._product(value, operands, name)
            case Kind.UFUNC:
                keyword = "out=" if value.text in BY_KEYWORD else ""
                return f"{self._function(value.text)}({', '.join([*operands, f'{keyword}{name(value)}'])})"
            case Kind.REDUCED:
                return value.text.format(*operands, out=name(value))
            case Kind.COPIED:
                return f"{name(value)}[...] = {value.text.format(*operands)}"
            case Kind.PLAIN:
                return f"{name(value)} = {value.text.format(*operands)}"
            case Kind.WITH_UNIT:
                inside = self._storage.places.get(value.values[0])
                return "" if inside and inside[0] is value else f"{name(value)}[:-1] = {operands[0]}"
        return ""

    def _number(self, text: str, value: Value) -> str:
        """A number of an operation into an array: as an array, which NumPy need not make each time."""
        if value.kind is not Kind.UFUNC or not re.fullmatch(r"-?[\d.e]+", text):
            return text
        called = f"number_{re.sub(r'[^0-9a-z]', '_', text)}"
        self._bound.setdefault(called, f"np.array({text}, kind)")
        return called

    def _function(self, name: str) -> str:
        """A function of NumPy by a name of its own, which is found quicker than an attribute."""
        called = self._free(name)
        self._bound.setdefault(called, f"np.{name}")
        return called

    def _product(self, value: Value, operands: Sequence[str], name: Callable[[Value], str]) -> str:
        left = value.values[0]
        is_own = left.root.kind in STORED and not left.root.external
        summed = (ONE, self._batch) if self._batch is not None else ()
        if is_own and left.shape is not None and left.shape[-1] in summed:
            called = self._free(f"{self.name(left.root)}_times")
            self._bound.setdefault(called, f"outer({operands[0]})")
            return f"{called}({operands[1]}, {name(value)})"
        if self._is_vector(value):
            entries, made = (self._entries(called) for called in (operands[1], name(value)))
            if left.kind is not Kind.VIEW or left.text != ".T":
                return f"{operands[0]}.dot({entries}, {made})"
            # Wᵀ v = (vᵀ W)ᵀ, and whether a vector is a row or a column is nothing to it
            called = self._free(f"{operands[1]}_dot")
            self._bound.setdefault(called, f"{entries}.dot")
            return f"{called}({name(left.values[0])}, {made})"
        return f"{operands[0]}.dot({operands[1]}, {name(value)})"

    def _entries(self, name: str) -> str:
        """A column as a vector, in the same place."""
        called = self._free(f"{name}{SUFFIXES['.reshape(-1)']}")
        self._bound.setdefault(called, f"{name}.reshape(-1)")
        return called

    def _is_vector(self, value: Value) -> bool:
        """Whether it is of one example, and it and what it is computed from are the workspace's."""
        if not self._single or value.external or value.shape is None or value.shape[-1] != self._batch:
            return False
        right = value.values[1].root
        return right.kind in STORED and not right.external

    def name(self, value: Value) -> str:
        """How a value is called; a view of an array of the workspace has a name of its own."""
        if value.kind is not Kind.VIEW:
            return value.external or self._shown[value]
        base = self.name(value.values[0])
        if value.root.kind not in STORED or value.root.external:
            return f"{base}{value.text}"
        called = self._free(f"{base}{_called(value.text)}")
        self._bound.setdefault(called, f"{base}{value.text}")
        return called

    def _free(self, name: str) -> str:
        """The name, or one like it where a value is called so."""
        while self._program.is_taken(name):
            name += "_"
        return name


def _called(suffix: str) -> str:
    """What a view is called, after what it is a view of: of two suffixes never the same."""
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    for sign, word in {":": "to", ",": "by", "+": "plus", "-": "less", "*": "times", ".": "its"}.items():
        suffix = suffix.replace(sign, f"_{word}_")
    return "_" + re.sub(r"\W+", "_", suffix).strip("_")
