"""Normalization schemes as one family: what a scheme averages over is a row of a table.

A scheme takes a column of `n` entries, its *set*: the units of a layer for layer normalization, the examples of a batch
for batch normalization. `c = z - z̄ 1` is the centred column (of an uncentred scheme: `z` itself), `s` its length and
`√n/s · c` the normalized column, which is scaled by `v` and shifted by `u`. With ε, `s² = ‖c‖² + n ε`.
Sources: the lecture's slide on layer normalization; Ioffe and Szegedy 2015 (batch); Ulyanov et al. 2016 (instance);
Wu and He 2018 (group); Zhang and Sennrich 2019 (RMS).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from symbackprop.dims import ONE, Dim, dim, index, units
from symbackprop.equations import Equation
from symbackprop.errors import SymbackpropError
from symbackprop.expr import (
    LOSS,
    Diagonal,
    Entry,
    Expr,
    Function,
    Hadamard,
    IndexedSum,
    Named,
    Norm,
    Number,
    Ones,
    Power,
    Product,
    Quotient,
    Size,
    SquareRoot,
    Variable,
    number,
)
from symbackprop.groups import EntrywisePower, Membership, per_group
from symbackprop.quantities import Quantities
from symbackprop.shapes import SCALAR, Shape

# the names of the variables that a scheme adds, as they stand in the equations
MEAN, CENTRED, LENGTH, SCALE, SHIFT, ARGUMENT = "mean", "c", "s", "v", "u", "a"
MEANS, DEVIATIONS = "means", "deviations"
BEFORE, BIAS = "t", "b"
DEVIATION, STANDARD, SHARED_SCALE, SHARED_SHIFT = "sigma", "xhat", "gamma", "beta"


@dataclass(frozen=True)
class Scheme:
    """A normalization scheme.

    Attributes:
        name: what it is called.
        over: what its set is, in words.
        size: the letter of the number of entries in the set, where it is no layer's.
        centred: whether the mean of the set is taken off.
        scale_each: whether every entry of the set has a scale of its own; else the set shares one.
        in_groups: whether the units of a layer are several sets, as many as the network says.
        elsewhere: why an MLP, which sees one example at a time, does not have it; empty if it has.
    """

    name: str
    over: str
    size: str = "n"
    centred: bool = True
    scale_each: bool = True
    in_groups: bool = False
    elsewhere: str = ""


SCHEMES: dict[str, Scheme] = {
    row.name: row
    for row in (
        Scheme("layer", "the units of a layer, for one example"),
        Scheme("rms", "the units of a layer, for one example", centred=False),
        Scheme("group", "the units of one group, for one example", in_groups=True),
        Scheme(
            "batch",
            "the examples of a batch, for one unit",
            size="m",
            scale_each=False,
            elsewhere="averages over the examples of a batch, and these equations are about one example",
        ),
        Scheme(
            "instance",
            "the positions of one channel, for one example",
            size="p",
            scale_each=False,
            elsewhere="averages over the positions of a channel, and a unit of this network has one position",
        ),
    )
}


def scheme(name: str) -> Scheme:
    """The scheme of that name; capitals do not count.

    Raises:
        SymbackpropError: for an unknown name.
    """
    found = SCHEMES.get(name.casefold()) if isinstance(name, str) else None
    if found is None:
        raise SymbackpropError(f"there is no normalization {name!r}: write one of {', '.join(sorted(SCHEMES))}")
    return found


Epsilon = Fraction | str | None


def as_epsilon(value: object) -> Epsilon:
    """ε as it stands in the equations: a letter, a number above 0, or None for none; 0 is none.

    Raises:
        SymbackpropError: for a negative number, or what is neither a number nor a letter.
    """
    if value is None or isinstance(value, str):
        if value is not None and not value.isidentifier():
            raise SymbackpropError(f"epsilon = {value!r} is no letter: write 'epsilon', or a number such as 1e-5")
        return value
    try:
        # 1e-5 means a hundred-thousandth, not the binary number next to it
        made = Fraction(str(value))
    except ValueError:
        raise SymbackpropError(f"epsilon = {value!r} is not a number: write one of 0 or more, such as 1e-5") from None
    if made < 0:
        raise SymbackpropError(
            f"epsilon = {value} is negative, and s² = ‖c‖² + n ε could be too: write 0 or more, such as 1e-5"
        )
    return made or None


def epsilon_of(value: Epsilon) -> Expr | None:
    """ε as a tree; None where there is none."""
    if value is None:
        return None
    return Named(value) if isinstance(value, str) else Number(value)


@dataclass(frozen=True)
class Normalized:
    """The equations of one set: what the scheme computes from a column.

    Attributes:
        scheme: the scheme.
        column: `z`, the column that is normalized.
        size: the number `n` of its entries.
        at: the index of the variables that are added; None where they have none.
        epsilon: ε; None if there is none.
    """

    scheme: Scheme
    column: Variable
    size: Dim
    at: Dim | None = None
    epsilon: Epsilon = None

    def named(self, name: str) -> Named:
        """A variable of the scheme, at this set."""
        return Named(name, self.at)

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shape of each variable that is added, by its name."""
        column: Shape = (self.size, ONE)
        each = column if self.scheme.scale_each else SCALAR
        found = {self.length.name: SCALAR, self.scale.name: each, self.shift.name: each, ARGUMENT: column}
        return {self.mean.name: SCALAR, CENTRED: column, **found} if self.scheme.centred else found

    @property
    def centred(self) -> Variable:
        """`c`, or the column itself in a scheme that is not centred."""
        return self.named(CENTRED) if self.scheme.centred else self.column

    @property
    def mean(self) -> Named:
        """`z̄`."""
        return self.named(MEAN)

    @property
    def length(self) -> Named:
        """`s`, what the centred column is divided by."""
        return self.named(LENGTH)

    @property
    def scale(self) -> Named:
        """`v`, a column, or `γ` where the set shares one scale."""
        return self.named(SCALE if self.scheme.scale_each else SHARED_SCALE)

    @property
    def shift(self) -> Named:
        """`u`, a column, or `β` where the set shares one shift."""
        return self.named(SHIFT if self.scheme.scale_each else SHARED_SHIFT)

    @property
    def argument(self) -> Named:
        """`a`, what the scheme gives."""
        return self.named(ARGUMENT)

    @property
    def out(self) -> Named | None:
        """The normalized column before it is scaled, where it has a name."""
        return None

    def spread(self, of: Expr) -> Expr:
        """What belongs to the set, given to each of its entries: `z̄ 1`."""
        return of @ Ones(self.size)

    @property
    def forgotten(self) -> tuple[Expr, ...]:
        """`1ᵀ` and `cᵀ`: with them the gradient by `z` is 0, as what a multiple of them adds to `z` is forgotten."""
        return (Ones(self.size).T, self.centred.T) if self.scheme.centred else (self.centred.T,)

    def average(self) -> Expr:
        """`1/n Σ_i z_i`."""
        i = index("i")
        total = IndexedSum("i", ONE, self.size, Entry(self.column, i))
        return Quotient(number(1), Size(self.size)) @ total

    def measured(self) -> Expr:
        """`‖c‖`, or `√(‖c‖² + n ε)`."""
        epsilon = epsilon_of(self.epsilon)
        if epsilon is None:
            return Norm(self.centred)
        return SquareRoot(Power(Norm(self.centred), Fraction(2)) + Size(self.size) @ epsilon)

    def scaled(self, ratio: Expr | None, column: Expr) -> Expr:
        """`ratio diag(v) column + u`, or `ratio γ column + β 1` where the set shares one scale."""
        before = () if ratio is None else (ratio,)
        if self.scheme.scale_each:
            return Product((*before, Diagonal(self.scale), column)) + self.shift
        return Product((*before, self.scale, column)) + self.shift @ Ones(self.size)

    def lines(self) -> Iterator[tuple[Variable, Expr, bool]]:
        """`(left, right, whether the right side is an abbreviation that may be written out)`, as computed."""
        if self.scheme.centred:
            yield self.mean, self.average(), True
            yield self.named(CENTRED), self.column - self.spread(self.mean), True
        yield self.length, self.measured(), True
        yield from self.last_lines()

    def last_lines(self) -> Iterator[tuple[Variable, Expr, bool]]:
        """`a = √n/s diag(v) c + u`."""
        yield self.argument, self.scaled(Quotient(SquareRoot(Size(self.size)), self.length), self.centred), False

    def equations(self, family: str | None = None, lower: Dim | int = 0, upper: Dim | int = 0) -> tuple[Equation, ...]:
        """The lines as forward equations, a family over `family` where it is given."""
        first, last = (Dim(constant=end) if isinstance(end, int) else end for end in (lower, upper))
        return tuple(Equation(left, right, family, first, last, short) for left, right, short in self.lines())


@dataclass(frozen=True)
class Standardized(Normalized):
    """The same with the standard deviation in place of the length, as batch normalization is written.

    `σ = √(‖c‖²/n)`, or `√(‖c‖²/n + ε)`, `x̂ = c/σ`, `a = γ x̂ + β 1` or `diag(v) x̂ + u`.
    """

    @property
    def mean(self) -> Named:
        return self.named("xbar")

    @property
    def length(self) -> Named:
        """`σ`."""
        return self.named(DEVIATION)

    @property
    def out(self) -> Named:
        """`x̂`."""
        return self.named(STANDARD)

    @property
    def shapes(self) -> dict[str, Shape]:
        return {**super().shapes, STANDARD: (self.size, ONE)}

    def measured(self) -> Expr:
        """`√(‖c‖²/n)`, or `√(‖c‖²/n + ε)`."""
        epsilon = epsilon_of(self.epsilon)
        square = Quotient(Power(Norm(self.centred), Fraction(2)), Size(self.size))
        return SquareRoot(square if epsilon is None else square + epsilon)

    def last_lines(self) -> Iterator[tuple[Variable, Expr, bool]]:
        """`x̂ = c/σ`, `a = γ x̂ + β 1`."""
        yield self.out, Quotient(number(1), self.length) @ self.centred, True
        yield self.argument, self.scaled(None, self.out), False


@dataclass(frozen=True)
class Grouped(Normalized):
    """The same for the units of a layer in groups, all sets of it at once.

    `M`, which says what unit is in which group, stands for the `1` of one set: the means are the column
    `z̄ = 1/m Mᵀz` of an entry for each group of `m` units, `c = z - M z̄`, `s = (1/m Mᵀ(c ⊙ c))^{⊙1/2}`, with ε added
    below the root, and `a = diag(v) diag(M s^{⊙-1}) c + u`.

    Attributes:
        groups: how many groups there are.
    """

    groups: int = 1

    @property
    def shapes(self) -> dict[str, Shape]:
        each: Shape = (dim(self.groups), ONE)
        return {**super().shapes, self.mean.name: each, self.length.name: each}

    @property
    def mean(self) -> Named:
        return self.named(MEANS)

    @property
    def length(self) -> Named:
        """`s`, the standard deviation of each group."""
        return self.named(DEVIATIONS)

    @property
    def membership(self) -> Membership:
        """`M`."""
        return Membership(self.size if self.at is None else units(self.at), self.groups)

    def spread(self, of: Expr) -> Expr:
        """`M z̄`."""
        return self.membership @ of

    @property
    def forgotten(self) -> tuple[Expr, ...]:
        """`Mᵀ` and `Mᵀ diag(c)`: the same for each group."""
        return self.membership.T, self.membership.T @ Diagonal(self.centred)

    @property
    def share(self) -> Expr:
        """`1/m`, for groups of `m` units."""
        if self.size.is_constant:
            return Quotient(number(1), number(per_group(self.size.constant, self.groups)))
        return Quotient(number(self.groups), Size(self.size))

    def average(self) -> Expr:
        """`1/m Mᵀz`."""
        return self.share @ self.membership.T @ self.column

    def measured(self) -> Expr:
        """`(1/m Mᵀ(c ⊙ c))^{⊙1/2}`, or with `ε 1` in it."""
        epsilon = epsilon_of(self.epsilon)
        square = self.share @ self.membership.T @ Hadamard((self.centred, self.centred))
        inside = square if epsilon is None else square + epsilon @ Ones(dim(self.groups))
        return EntrywisePower(inside, Fraction(1, 2))

    @property
    def inverse(self) -> Diagonal:
        """`diag(M s^{⊙-1})`, what the centred column is multiplied by."""
        return Diagonal(self.membership @ EntrywisePower(self.length, Fraction(-1)))

    def last_lines(self) -> Iterator[tuple[Variable, Expr, bool]]:
        """`a = diag(v) diag(M s^{⊙-1}) c + u`."""
        yield self.argument, Diagonal(self.scale) @ self.inverse @ self.centred + self.shift, False


class OneSet(Quantities):
    """Quantities that are one set of a scheme: the column, what the scheme computes from it, and a loss.

    Attributes:
        epsilon: the letter of ε, if it has one: judges draw it above 0.
    """

    def __init__(
        self, shapes: Mapping[str, Sequence[int | str | Dim]], equations: Sequence[Equation], epsilon: Epsilon
    ) -> None:
        super().__init__(shapes, equations)
        self.epsilon = epsilon

    def given(self, sizes: Mapping[str, int]) -> OneSet:
        made = super().given(sizes)
        return OneSet({name: made.shape_of(Named(name)) for name in self._shapes}, made.equations, self.epsilon)


def one_set(name: str, epsilon: object = None, is_biased: bool = False) -> tuple[OneSet, Standardized]:
    """A network of one set: a column `x` of symbolic size, a scheme, and a loss of what the scheme gives.

    Args:
        name: of a scheme.
        epsilon: as in `MLP`.
        is_biased: whether the column is `x = t + b 1`, with one bias `b` for the whole set.
    """
    row, value = scheme(name), as_epsilon(epsilon)
    at = Standardized(row, Named("x"), index(row.size), None, value)
    shapes = {"x": at.shapes[ARGUMENT], **at.shapes}
    if isinstance(value, str):
        shapes[value] = SCALAR
    equations = (*at.equations(), Equation(LOSS, Function(LOSS.name, (at.argument,))))
    if is_biased:
        shapes |= {BEFORE: shapes["x"], BIAS: SCALAR}
        equations = (Equation(at.column, Named(BEFORE) + Named(BIAS) @ Ones(at.size)), *equations)
    return OneSet(shapes, equations, value), at
