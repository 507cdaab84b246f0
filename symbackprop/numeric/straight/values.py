"""The values of a straight-line array program: what each is computed from, and what shape it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from symbackprop.dims import ONE, Dim

# rows × columns, or fewer; None where it is not known before the arrays are
Shape = tuple[Dim, ...] | None


class Kind(Enum):
    """How a value comes about, and so where it can be."""

    ARGUMENT = "given by the caller"
    VIEW = "a view of another value"
    DOT = "a matrix product, into an array"
    UFUNC = "entry by entry, into an array"
    REDUCED = "a sum or an extreme along an axis, into an array"
    COPIED = "whatever an expression gives, copied into an array"
    CONSTANT = "the same in every pass: made with the workspace"
    WITH_UNIT = "a value with a row of ones below it, in which the value itself is worked out"
    PLAIN = "whatever an expression gives, kept as it is"


# what has an array of its own
STORED = frozenset({Kind.DOT, Kind.UFUNC, Kind.REDUCED, Kind.COPIED, Kind.WITH_UNIT})


# the guard of what lines before it have worked out
NEVER = "never"


@dataclass(eq=False)
class Value:
    """One value.

    Attributes:
        name: what it is called in the source.
        text: the function of NumPy (`tanh`, `add`), the suffix of a view (`.T`), or an expression with `{}` for each
            operand.
        operands: the values that it is computed from; numbers are texts.
        external: the array of the caller in which it is worked out, if any.
        is_named: whether it has a name in the formulas.
        guard: the condition under which it is worked out here; empty for always, or `NEVER`.
        comments: what is said before it; before: lines of code that stand before it.
        values: its operands that are values; root: what a view of a view is a view of, else itself.
    """

    name: str
    kind: Kind
    shape: Shape
    text: str = ""
    operands: tuple[Value | str, ...] = ()
    external: str = ""
    guard: str = ""
    is_named: bool = True
    comments: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    values: tuple[Value, ...] = field(init=False)
    root: Value = field(init=False)

    def __post_init__(self) -> None:
        self.values = tuple([o for o in self.operands if isinstance(o, Value)])
        self.root = self.values[0].root if self.kind is Kind.VIEW else self


def broadcast(shapes: list[Shape]) -> Shape:
    """The shape of an operation entry by entry; None where it is not known."""
    shapes = [shape for shape in shapes if shape != ()]
    if shapes and all(shape == shapes[0] for shape in shapes):
        return shapes[0]
    result: tuple[Dim, ...] = ()
    for shape in shapes:
        if shape is None:
            return None
        if len(shape) > len(result):
            result, shape = shape, result
        padded = (ONE,) * (len(result) - len(shape)) + shape
        both = list(zip(result, padded, strict=True))
        if any(one != two and ONE not in (one, two) for one, two in both):
            return None
        result = tuple(two if one == ONE else one for one, two in both)
    return result


def viewed(shape: tuple[Dim, ...], suffix: str) -> Shape:
    """The shape of a view, for those that the programs have; None for others."""
    match suffix:
        case ".T":
            return shape[::-1]
        case "[:-1]":
            return (shape[0] - 1, *shape[1:])
        case "[:, :-1]":
            return (shape[0], shape[1] - 1)
        case "[:, None]":
            return (shape[0], ONE)
        case "[None]":
            return (ONE, shape[0])
    return None
