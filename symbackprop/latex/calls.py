"""A function with its scripts and its arguments, and the table of the functions that have a name."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from symbackprop.dims import Dim
from symbackprop.expr import Expr
from symbackprop.latex.parts import measured
from symbackprop.latex.places import Head
from symbackprop.latex.readings import Reader, Readings, made_often
from symbackprop.latex.registered import Table
from symbackprop.latex.surface import Surface


@made_often
class Call:
    """A function with its scripts, and what it is applied to.

    Attributes:
        primes: how many times it is differentiated.
        sub: what stands below it.
        power: of the value, as in `\\tanh^2(z)`.
        layer: a layer that its letter is marked with, as in `g^{[1]}`.
    """

    head: Head
    at: Surface
    reader: Reader
    primes: int = 0
    sub: Surface | None = None
    power: Fraction | None = None
    layer: Dim | None = None

    @property
    def name(self) -> str:
        return self.head.text

    def standing(self, at: Surface) -> Call:
        """The same, with its argument."""
        return Call(self.head, at, self.reader, self.primes, self.sub, self.power, self.layer)


Arguments = list[Readings]
# makes readings of a call with these arguments; a named function that takes no scripts refuses them
Maker = Callable[[Call, Arguments], Readings]
NAMED: Table[str, Maker] = Table()
# names that take what follows without parentheses
_WORDS: set[str] = set()


def named(*names: str) -> Callable[[Maker], Maker]:
    """Register what a named function of whole arguments is."""

    def register(maker: Maker) -> Maker:
        for name in names:
            NAMED[name] = maker
        return maker

    return register


def one_argument(call: Call, arguments: Arguments) -> Readings:
    if len(arguments) != 1:
        raise call.reader.error(f"{call.name} has one argument: write {call.name}(…)", call.at)
    return arguments[0]


def unary(*names: str) -> Callable[[Callable[[Expr], Expr]], Callable[[Expr], Expr]]:
    """Register a function of one argument whose shape is that of its tree."""

    def register(make: Callable[[Expr], Expr]) -> Callable[[Expr], Expr]:
        @named(*names)
        def made(call: Call, arguments: Arguments) -> Readings:
            no_scripts(call)
            return call.reader.one_of(
                [one_argument(call, arguments)],
                call.at,
                lambda parts, _: measured(make(parts[0].tree), parts, call.reader, call.at),
            )

        return make

    return register


def no_scripts(call: Call) -> None:
    if call.primes or call.sub is not None or call.layer is not None:
        raise call.reader.error(f"{call.name} takes no scripts: write {call.name}(…)", call.at)
