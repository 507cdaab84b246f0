"""The order of forward equations: what is computed before what, and what is no network.

Nothing is computed twice, from itself, or used before it is computed; nothing is left unused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symbackprop.dims import at_most, dim, index
from symbackprop.equations import Equation, Family, family_of, same_family
from symbackprop.errors import EquationError
from symbackprop.expr import Expr, Variable
from symbackprop.substitution import substitute
from symbackprop.tree import subterms


def by_family(equations: Sequence[Equation]) -> dict[Family, list[int]]:
    """Which equations compute each variable, or members of each family, by their numbers."""
    found: dict[Family, list[int]] = {}
    for i, equation in enumerate(equations):
        found.setdefault(family_of(equation.left), []).append(i)
    return found


def check_order(equations: Sequence[Equation]) -> None:
    """Raise `EquationError` for what is computed twice, from itself, or used before it is computed."""
    computing = by_family(equations)
    for i, equation in enumerate(equations):
        for j in computing[family_of(equation.left)]:
            other = equations[j]
            if j < i and _overlap(other, equation):
                raise EquationError(
                    f"{equation.left} is computed twice, as {other.right} and as {equation.right}: "
                    "give one of them another name",
                    ((i, None), (j, None)),
                )
        for part in _variables(equation.right):
            for j in computing.get(family_of(part), ()):
                if j >= i and _is_at_once(part, equation, equations[j]):
                    raise _too_early(part, (i, equation), (j, equations[j]))
        _check_direction(equation, i)


def _too_early(part: Variable, user: tuple[int, Equation], by: tuple[int, Equation]) -> EquationError:
    (i, equation), (j, other) = user, by
    if i == j:
        return EquationError(
            f"{equation.left} is computed from itself, in {equation.left} = {equation.right}: a forward equation has "
            "what was computed before it on its right side",
            ((i, part),),
        )
    return EquationError(
        f"{part} is used in the equation for {equation.left} before it is computed: write {other.left} = {other.right} "
        "above it; where each of both needs the other, nothing can be computed",
        ((i, part), (j, None)),
    )


def _variables(e: Expr) -> Iterator[Variable]:
    yield from (part for _, part in subterms(e) if isinstance(part, Variable))


def _overlap(one: Equation, two: Equation) -> bool:
    """Whether two equations of one family compute the same member."""
    if one.index is None or two.index is None:
        return one.left == two.left or ((one.index is None) != (two.index is None) and _is_one_of(one, two))
    return not (at_most(one.upper + 1, two.lower, {}) or at_most(two.upper + 1, one.lower, {}))


def _is_one_of(one: Equation, two: Equation) -> bool:
    family, single = (one, two) if one.index is not None else (two, one)
    return single.left.index is not None and computes(family, single.left)


def _is_at_once(part: Variable, user: Equation, by: Equation) -> bool:
    """Whether a variable is used at the index at which it is computed, or all of it is used."""
    if part.index is None or by.left.index is None or user.left.index is None:
        # `h_0` is no member that a family from 1 on computes
        return part == by.left or (part.index is not None and by.index is not None and computes(by, part))
    if user.index is None or user.index not in part.index.symbols:
        return by.index is None and part == by.left
    shift = (part.index - index(user.index)) - (by.left.index - index(by.index or user.index))
    return shift == dim(0)


def _check_direction(equation: Equation, number: int) -> None:
    """Raise `EquationError` for `h_t` that is computed from `h_{t-1}` and from `h_{t+1}`."""
    if equation.index is None or equation.left.index is None:
        return
    shifts = {
        part.index - equation.left.index: part
        for part in _variables(equation.right)
        if same_family(part, equation.left) and part.index is not None and equation.index in part.index.symbols
    }
    before = [part for shift, part in shifts.items() if shift.is_constant and shift.constant < 0]
    after = [part for shift, part in shifts.items() if shift.is_constant and shift.constant > 0]
    if before and after:
        raise EquationError(
            f"{equation.left} is computed from {before[0]} and from {after[0]}, so that nothing can be computed first",
            ((number, before[0]), (number, after[0])),
        )


def check_used(equations: Sequence[Equation]) -> None:
    """Raise `EquationError` for a variable that nothing on the way to the loss uses."""
    computing = by_family(equations)
    used = {len(equations) - 1}
    open_ = [equations[-1]]
    while open_:
        for part in _variables(open_.pop().right):
            for i in computing.get(family_of(part), ()):
                if i not in used and _may_compute(equations[i], part):
                    used.add(i)
                    open_.append(equations[i])
    # of several it is the last one that nothing at all uses
    for i in reversed(range(len(equations))):
        if i not in used:
            raise EquationError(
                f"{equations[i].left} = {equations[i].right} is computed, but nothing uses it: leave it out, or use it "
                "in what leads to the loss",
                ((i, None),),
            )


def _may_compute(equation: Equation, part: Variable) -> bool:
    """Whether a variable, one of many perhaps, may be what an equation computes."""
    if part.index is None or equation.left.index is None:
        return part == equation.left
    return not (part.index.is_constant and equation.index is None) or part.index == equation.left.index


def at_ends(part: Variable, equation: Equation) -> Iterator[Variable]:
    """A variable in the equation of a family at both ends of its range."""
    assert equation.index is not None
    for end in (equation.lower, equation.upper):
        at = substitute(part, {equation.index: end})
        assert isinstance(at, Variable)
        yield at


def computes(equation: Equation, variable: Variable) -> bool:
    """Whether a family may compute one of its members, as far as the ends of its range say."""
    assert equation.index is not None and equation.left.index is not None and variable.index is not None
    shift = equation.left.index - index(equation.index)
    before = at_most(variable.index + 1, equation.lower + shift, {})
    return not before and not at_most(equation.upper + shift + 1, variable.index, {})
