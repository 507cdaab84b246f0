"""The members of families that are used: each is computed, or one that its family begins with, as `h_0`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symbackprop.dims import Dim, at_most, corners
from symbackprop.equations import Equation, family_of, reach_of
from symbackprop.errors import EquationError
from symbackprop.expr import Variable
from symbackprop.order import at_ends, by_family, computes
from symbackprop.substitution import Range, ranged_parts, substitute


@dataclass(frozen=True)
class _Use:
    """A variable on the right side of an equation.

    Attributes:
        ranges: the indices that are bound around it, that of the equation first.
        number: of the equation.
    """

    variable: Variable
    ranges: tuple[Range, ...]
    number: int


def check_members(equations: Sequence[Equation]) -> None:
    """Raise `EquationError` for a member of a family that no equation computes and that the family does not begin with.

    A recurrence begins with what it uses itself before its first step: `h_0` where `h_t` needs `h_{t-1}`, `h_{T+1}`
    where it needs `h_{t+1}`.
    """
    computing = {name: [equations[i] for i in of] for name, of in by_family(equations).items()}
    families = {name: of for name, of in computing.items() if any(each.index is not None for each in of)}
    if not families:
        return
    uses = [use for i, each in enumerate(equations) for use in _uses(each, i) if family_of(use.variable) in families]
    # an equation for one member, `h_6 = V h_5`, says nothing of which way the others run
    reach = reach_of([each for each in equations if each.index is not None])
    for name, of in families.items():
        of_it = [use for use in uses if family_of(use.variable) == name]
        falls = reach.get(name, {}).get(name) == math.inf
        given = [span for use in of_it for span in _given(use, equations[use.number], of, falls)]
        for use in of_it:
            for member in _extremes(use):
                if not _is_computed(member, of) and not any(_is_within(member, span) for span in given):
                    raise _out_of_range(use, member, of)


def _uses(equation: Equation, number: int) -> Iterator[_Use]:
    """Every use of a variable with an index of which the ends of all that is in it are known."""
    own = () if equation.index is None else ((equation.index, equation.lower, equation.upper),)
    for part, ranges, endless in ranged_parts(equation.right, own):
        if isinstance(part, Variable) and part.index is not None and endless.isdisjoint(part.index.symbols):
            yield _Use(part, ranges, number)


def _extremes(use: _Use) -> Iterator[Variable]:
    """The members that a variable is at the ends of the ranges around it, but for those that are surely empty."""
    for member in dict.fromkeys(substitute(use.variable, way) for way in corners(use.ranges)):
        assert isinstance(member, Variable)
        yield member


def _is_computed(member: Variable, of: Sequence[Equation]) -> bool:
    """Whether an equation may compute a member, as far as the ends of the ranges say."""
    return any(computes(each, member) if each.index is not None else each.left == member for each in of)


def _given(use: _Use, user: Equation, of: Sequence[Equation], falls: bool) -> Iterator[tuple[Dim, Dim]]:
    """From where to where a family is given, since the equation of a family uses it there, before its first step."""
    index = use.variable.index
    assert index is not None
    if len(use.ranges) != 1 or user.index not in index.symbols:
        return
    used = [end.index for end in at_ends(use.variable, user)]
    for each in of:
        if each.index is None:
            continue
        first, last = (end.index for end in at_ends(each.left, each))
        assert first is not None and last is not None and used[0] is not None and used[1] is not None
        yield (last + 1, used[1]) if falls else (used[0], first - 1)


def _is_within(member: Variable, span: tuple[Dim, Dim]) -> bool:
    assert member.index is not None
    return at_most(span[0], member.index, {}) and at_most(member.index, span[1], {})


def _out_of_range(use: _Use, member: Variable, of: Sequence[Equation]) -> EquationError:
    by = next(each for each in of if each.index is not None)
    first, last = at_ends(by.left, by)
    met = str(member) if member == use.variable else f"{use.variable}, which comes to {member},"
    return EquationError(
        f"{met} is out of its range: {by.left} is computed for {by.index} from {by.lower} to {by.upper}, "
        f"which is {first} to {last}; write an index in that range, or another range behind that equation",
        ((use.number, use.variable),),
    )
