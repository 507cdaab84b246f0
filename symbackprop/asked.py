"""What is asked of a network somebody wrote: the gradient by one variable, or by all, from its forward equations.

One line for every intermediate variable on the way, from the loss backwards, then what was asked, written out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symbackprop.adjoints import JACOBIAN
from symbackprop.derivation import Derivation, Rule, within
from symbackprop.dims import Bounds, Dim, at_most, index
from symbackprop.equations import Equation
from symbackprop.errors import RuleError, SymbackpropError
from symbackprop.expr import LOSS, Partial, Variable, factors_of, product_of
from symbackprop.forward import ForwardNetwork
from symbackprop.rules.citation import as_derived
from symbackprop.rules.layers import along, free_letter
from symbackprop.rules.reverse import through_uses, uses
from symbackprop.rules.shortening import by_name, shortenings, size_of
from symbackprop.substitution import places, substitute
from symbackprop.topic import Part, Topic
from symbackprop.tree import subterms

# shortening steps in one line at most
STEPS = 12


def gradient_of(variable: Variable, network: ForwardNetwork, style: str = "hadamard") -> Topic:
    """`∂L/∂variable`: a line for each variable between it and the loss, backwards, then the answer.

    Raises:
        SymbackpropError: for a variable that the loss does not depend on.
    """
    network.shape_of(variable)
    needed = _between(variable, network)
    lines: list[Derivation] = []
    for each in needed:
        lines += [short(line, lines, style) for line in lines_of(each, network, style)]
    lines += [line for each in needed for line in all_the_way(each, network)]
    own = own_lines(variable, network, style)
    if not own:
        raise SymbackpropError(f"the loss does not depend on {variable}, so that there is nothing to derive")
    answers = [answer(line, lines, network, style) for line in own]
    parts: tuple[Part, ...] = (*lines, *answers)
    return Topic(parts, network, title=f"The gradient by {variable}")


def all_gradients(network: ForwardNetwork, style: str = "hadamard") -> Topic:
    """The gradients by every variable, from the loss backwards: the backward pass, with parameters and inputs in it."""
    computed = list(reversed([equation.left for equation in network.equations[:-1]]))
    lines: list[Derivation] = []
    for each in (*computed, *network.inputs):
        lines += [short(line, lines, style) for line in lines_of(each, network, style)]
    if not lines:
        raise SymbackpropError("the loss depends on no variable of the network, so that there is nothing to derive")
    return Topic(tuple(lines), network, title="The backward pass")


def _between(variable: Variable, network: ForwardNetwork) -> list[Variable]:
    """The variables computed from one, which the loss depends on, from the loss backwards; families as in equations."""
    known = _known(network)
    found = [
        equation.left
        for equation in network.equations[:-1]
        if equation.left != variable
        and network.computed_from(equation.left, variable, known)
        and network.computed_from(LOSS, equation.left, known)
    ]
    return list(reversed(found))


def _known(network: ForwardNetwork) -> Bounds:
    return dict(network.bounds)


# --- one line for a variable -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Member:
    """A variable with what is known of its index: one, or each of a range."""

    variable: Variable
    known: Bounds


def lines_of(variable: Variable, network: ForwardNetwork, style: str) -> list[Derivation]:
    """The line for a variable that an equation computes; of a family, one for its inner members and one for the last.

    None where the loss does not depend on it.
    """
    equation = next((e for e in network.equations if e.left == variable), None)
    if equation is None or equation.index is None:
        return own_lines(variable, network, style)
    name = equation.index
    inside = {**_known(network), name: (equation.lower, equation.upper)}
    whole = _line(Member(variable, inside), network, style)
    if whole is not None:
        return whole
    return [line for member in _split(variable, equation, network) for line in _line(member, network, style) or []]


def own_lines(variable: Variable, network: ForwardNetwork, style: str) -> list[Derivation]:
    """The line for the variable that was asked for: at the index it was asked for."""
    letters = sorted(variable.index.symbols - set(network.sizes)) if variable.index is not None else []
    if letters:
        return lines_in_range(variable, letters[0], network, style)
    return _line(Member(variable, _known(network)), network, style) or []


def lines_in_range(variable: Variable, name: str, network: ForwardNetwork, style: str) -> list[Derivation]:
    """The lines of a family at a letter, over the indices at which equations compute or use it."""
    for equation in network.equations:
        if equation.index is None:
            continue
        parts = [equation.left, *(part for _, part in subterms(equation.right) if isinstance(part, Variable))]
        for part in parts:
            if part.name == variable.name and part.index is not None and equation.index in part.index.symbols:
                shift = part.index - index(equation.index)
                low, high = equation.lower + shift, equation.upper + shift
                placed = Equation(variable, equation.right, name, low, high)
                whole = _line(Member(variable, {**_known(network), name: (low, high)}), network, style)
                if whole is not None:
                    return whole
                split = _split(variable, placed, network)
                return [line for member in split for line in _line(member, network, style) or []]
    return _line(Member(variable, _known(network)), network, style) or []


def _split(variable: Variable, equation: Equation, network: ForwardNetwork) -> Iterator[Member]:
    """The last member of a family, then the others: the last one is used otherwise, if at all."""
    name = equation.index
    assert name is not None
    yield Member(_member(variable, name, equation.upper), _known(network))
    yield Member(variable, {**_known(network), name: (equation.lower, equation.upper - 1)})


def _line(member: Member, network: ForwardNetwork, style: str) -> list[Derivation] | None:
    """The line for a variable; none where the loss does not depend on it, None where that is not settled."""
    try:
        if not uses(network, member.variable, member.known):
            return []
    except LookupError:
        return None
    start = Derivation(Partial(LOSS, member.variable), network, known=member.known, given=network.assumed)
    return [shortened(start.by(through_uses(style)), style)]


def shortened(derivation: Derivation, style: str) -> Derivation:
    """The derivation with every step of algebra that makes its last line shorter."""
    for _ in range(STEPS):
        for each in shortenings(style):
            made = _best(derivation, each)
            if made is not None:
                derivation = made
                break
        else:
            return derivation
    return derivation


def _best(derivation: Derivation, applied: Rule) -> Derivation | None:
    """One step more by a rule, where it makes the line shortest; names are put in everywhere at once."""
    found: list[Derivation] = []
    for path in [()] if applied == by_name else [path for path, _ in subterms(derivation.result)]:
        try:
            found.append(derivation.by(applied, at=path))
        except RuleError:
            continue
    return min(found, key=lambda made: size_of(made.result)) if found else None


def short(line: Derivation, lines: Sequence[Derivation], style: str) -> Derivation:
    """The line with a gradient before put in, where that makes it no longer: softmax with cross-entropy is ŷ - y."""
    put_in = _next(line, lines)
    if put_in is None:
        return line
    made = shortened(line.by(put_in), style)
    return made if size_of(made.result) <= size_of(line.result) else line


# --- along a family --------------------------------------------------------------------------------------------------


def all_the_way(variable: Variable, network: ForwardNetwork) -> list[Derivation]:
    """`∂L/∂v_t` by the gradient of the last member of its family, a product over those in between, by induction.

    None where the way from a member to the next one is not a product.
    """
    equation = next((e for e in network.equations if e.left == variable), None)
    if equation is None or equation.index is None or variable.index is None:
        return []
    name, upper = equation.index, equation.upper
    following = Partial(LOSS, _member(variable, name, index(name) + 1))
    inside = {**_known(network), name: (equation.lower, upper - 1)}
    once = _on_to(Derivation(Partial(LOSS, variable), network, known=inside, given=network.assumed), following, network)
    if once is None:
        return []
    over = free_letter(once.result, name)
    on = free_letter(once.result, name, over)
    body = substitute(product_of(factors_of(once.result)[:-1]), {name: index(over)})

    def one_on(start: Derivation) -> Derivation:
        made = _on_to(start, Partial(LOSS, _member(variable, name, index(on) + 1)), network)
        if made is None:
            raise RuleError(f"no product leads from {variable} to the next one")
        return made

    known = {**_known(network), name: (equation.lower, upper)}
    start = Derivation(Partial(LOSS, variable), network, known=known, given=network.assumed)
    return [
        along(
            start,
            lambda at: _member(variable, name, at),
            body,
            one_on,
            index(name),
            upper,
            name=over,
            on=on,
            dots="…",
        )
    ]


def _on_to(start: Derivation, wanted: Partial, network: ForwardNetwork) -> Derivation | None:
    """The derivation taken on, one use after another, until its last line is a product that ends in `wanted`."""
    made = start
    for _ in network.equations:
        try:
            made = shortened(made.by(through_uses(JACOBIAN)), JACOBIAN)
        except RuleError:
            return None
        *before, last = factors_of(made.result)
        if not isinstance(last, Partial) or any(isinstance(part, Partial) for e in before for _, part in subterms(e)):
            return None
        if last == wanted:
            return made if before else None
    return None


def _member(variable: Variable, name: str, at: Dim) -> Variable:
    made = substitute(variable, {name: at})
    assert isinstance(made, Variable)
    return made


# --- the answer ------------------------------------------------------------------------------------------------------


def answer(line: Derivation, lines: Sequence[Derivation], network: ForwardNetwork, style: str) -> Derivation:
    """The line with the gradients of the lines before put in, as far as they are found."""
    made = line
    for _ in range(len(lines) + 1):
        found = _next(made, lines)
        if found is None:
            return made
        made = shortened(made.by(found), style)
    return made


def _next(derivation: Derivation, lines: Sequence[Derivation]) -> Rule | None:
    """The rule that puts in the first gradient in the last line that has a line of its own, at the same index."""
    gradients = [part for _, part in subterms(derivation.result) if isinstance(part, Partial) and part.of == LOSS]
    for gradient in gradients:
        for line in lines:
            if line.start == gradient and line.steps and _holds_at(line, derivation):
                return as_derived(line, "put in", ("This is the line for ", gradient, "."))
    return None


def _holds_at(line: Derivation, derivation: Derivation) -> bool:
    """Whether a line is about every index at which its gradient stands in the last line of a derivation."""
    for path in places(derivation.result, line.start):
        known = within(derivation.result, path, derivation.known)
        for name, (low, high) in line.known.items():
            at = index(name)
            if (low is not None and not at_most(low, at, known)) or (high is not None and not at_most(at, high, known)):
                return False
    return True
