"""What is asked of any network: the gradient by one variable, or by all, from its forward equations.

One line for every intermediate variable on the way, from the loss backwards, then what was asked, written out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from symbackprop.adjoints import HADAMARD, JACOBIAN
from symbackprop.derivation import Context, Derivation, Rule, within
from symbackprop.dims import ONE, Bounds, Dim, at_most, index
from symbackprop.equations import Equation, Network, same_family
from symbackprop.errors import RuleError, ShapeError, SymbackpropError
from symbackprop.expr import LOSS, Bias, Expr, Function, Partial, Variable, Weight, factors_of, product_of
from symbackprop.forms import has_gradient
from symbackprop.forward import ForwardNetwork
from symbackprop.network import MLP
from symbackprop.rules.citation import as_derived
from symbackprop.rules.layers import along, free_letter
from symbackprop.rules.reverse import through_uses, uses, variable_of
from symbackprop.rules.shortening import EVERYWHERE, is_plain, shortenings, size_of
from symbackprop.shapes import shape
from symbackprop.statements import Chain
from symbackprop.substitution import bound_index, places, substitute
from symbackprop.through_sums import summed_from_here
from symbackprop.topic import Topic
from symbackprop.tree import Path, parts, subterms

# shortening steps in one line at most
STEPS = 12
# parts of an answer at most; one that would be longer is left in terms of the gradients found before it
LONGEST = 60


def gradient_of(wrt: Expr, network: Network, style: str = HADAMARD) -> Topic:
    """`∂L/∂wrt`: a line for each variable between it and the loss, backwards, then the answer.

    Args:
        wrt: a variable of the network, or a row, a column or an entry of one; the letter of a family (`W_l`) asks for
            each of its members.
        style: "jacobian" writes `diag(g'(z)) u`, "hadamard" `g'(z) ⊙ u`.

    Raises:
        ShapeError: for a variable that the network does not have.
        SymbackpropError: for one that the loss does not depend on.
    """
    variable = variable_of(wrt)
    if variable is None:
        raise SymbackpropError(f"{wrt} is no variable and no part of one: ask for the gradient by a variable")
    shape(wrt, network)
    lines: list[Derivation] = []
    for member in _between(variable, network):
        lines += [short(line, lines, style) for line in lines_of(member, network, style)]
    own = _asked(wrt, variable, network, style)
    if not own:
        raise SymbackpropError(f"the loss does not depend on {variable}, so that there is nothing to derive")
    whole = [line for member in _between(variable, network) for line in all_the_way(member, network)]
    answers = [answer(line, [*lines, *whole], style) for line in own]
    cited = {proof.start for made in answers for step in made.steps for proof in step.subproofs}
    shown = [line for line in whole if line.start in cited]
    return Topic((*lines, *shown, *answers), network)


def all_gradients(network: Network, style: str = HADAMARD) -> Topic:
    """The gradients by every variable, from the loss backwards: the backward pass, with parameters and inputs in it.

    Raises:
        SymbackpropError: for a network whose loss depends on nothing.
    """
    lines: list[Derivation] = []
    for member in (*reversed(_computed(network)), *_inputs(network)):
        lines += [short(line, lines, style) for line in lines_of(member, network, style)]
    if not lines:
        raise SymbackpropError("the loss depends on no variable of the network, so that there is nothing to derive")
    return Topic(tuple(lines), network)


# --- the variables of a network --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Member:
    """A variable, or every one of a family: at a letter, with its bounds.

    Attributes:
        name: the letter; None for a single variable.
    """

    variable: Variable
    name: str | None = None
    low: Dim = ONE
    high: Dim = ONE

    def at(self, value: Dim) -> Variable:
        """The one at an index."""
        return self.variable if self.name is None else _at(self.variable, self.name, value)

    def known(self, network: Network, low: Dim | None = None, high: Dim | None = None) -> Bounds:
        """What is known of its letter, and of the sizes of the network."""
        known = _known(network)
        if self.name is not None:
            known[self.name] = (self.low if low is None else low, self.high if high is None else high)
        return known


def _at(variable: Variable, name: str, value: Dim) -> Variable:
    made = substitute(variable, {name: value})
    assert isinstance(made, Variable)
    return made


def _known(network: Network) -> dict[str, tuple[Dim | None, Dim | None]]:
    if isinstance(network, ForwardNetwork):
        return dict(network.bounds)
    return dict.fromkeys(network.depth.symbols, (ONE, None))


def _assumed(network: Network) -> tuple[Chain, ...]:
    return network.assumed if isinstance(network, ForwardNetwork) else ()


def _computed(network: Network) -> list[Member]:
    """What the equations compute, but for the loss."""
    return [_family(equation) for equation in network.equations if equation.left != LOSS]


def _family(equation: Equation) -> Member:
    """The left side of an equation; of a family at its letter itself, with the bounds of that."""
    left = equation.left
    if equation.index is None or left.index is None:
        return Member(left)
    shift = left.index - index(equation.index)
    variable = _at(left, equation.index, index(equation.index) - shift)
    return Member(variable, equation.index, equation.lower + shift, equation.upper + shift)


def _inputs(network: Network) -> list[Member]:
    """Parameters, inputs and targets, those of families at a letter over the indices at which they are used."""
    if isinstance(network, ForwardNetwork):
        return [_ranged(variable, network) for variable in network.inputs]
    assert isinstance(network, MLP)
    l = index("l")
    own: list[Variable] = [Weight(l), *([Bias(l)] if network.bias == "separate" else []), network.input]
    return [_ranged(variable, network) for variable in own]


def _ranged(variable: Variable, network: Network) -> Member:
    """A variable that was asked for; at a letter, with the bounds of it in the equations that compute or use it."""
    letters = sorted(variable.index.symbols - set(_known(network))) if variable.index is not None else []
    if not letters:
        return Member(variable)
    (name,) = letters
    for equation in network.equations:
        parts = [part for side in (equation.left, equation.right) for _, part in subterms(side)]
        for part in parts:
            if isinstance(part, Variable) and same_family(part, variable) and part.index is not None:
                bounds = _bounds_in(equation, part, parts)
                if bounds is not None:
                    return Member(variable, name, *bounds)
    return Member(variable)


def _bounds_in(equation: Equation, part: Variable, parts: Sequence[object]) -> tuple[Dim, Dim] | None:
    """Over what the index of a variable in an equation runs: with the family, or with a sum."""
    assert part.index is not None
    ranges = {} if equation.index is None else {equation.index: (equation.lower, equation.upper)}
    for each in parts:
        name, lower, upper = (getattr(each, field, None) for field in ("index", "lower", "upper"))
        if isinstance(name, str) and isinstance(lower, Dim) and isinstance(upper, Dim):
            ranges[name] = (lower, upper)
    for name, (low, high) in ranges.items():
        shift = part.index - index(name)
        if shift.is_constant:
            return low + shift, high + shift
    return None


def _between(variable: Variable, network: Network) -> list[Member]:
    """What is computed from a variable on the way to the loss, from the loss backwards."""
    known = _known(network)
    found = [
        member
        for member in _computed(network)
        if not same_family(member.variable, variable)
        and network.computed_from(member.variable, variable, known)
        and network.computed_from(LOSS, member.variable, known)
    ]
    own = [
        member for member in _computed(network) if same_family(member.variable, variable) and member.name is not None
    ]
    return [*reversed(found), *own]


# --- one line for a variable -----------------------------------------------------------------------------------------


def lines_of(member: Member, network: Network, style: str) -> list[Derivation]:
    """The line for a variable; of a family one for all, or one for its last member and one for the others."""
    if member.name is None:
        return _settled(member.variable, member.known(network), network, style)
    whole = _line(member.variable, member.known(network), network, style)
    if whole is not None:
        return whole
    last = _line(member.at(member.high), _known(network), network, style)
    others = _line(member.variable, member.known(network, high=member.high - 1), network, style)
    if last is None or others is None:
        raise SymbackpropError(
            f"which equations use {member.variable} is not the same for all {member.name} up to {member.high - 1}: "
            f"ask for the gradient by one of them, such as {member.at(member.low)}"
        )
    return [*last, *others]


def _line(wrt: Expr, known: Bounds, network: Network, style: str) -> list[Derivation] | None:
    """The line for a variable or a part of one; none where the loss does not depend on it, None if not settled."""
    try:
        return _found_line(wrt, known, network, style)
    except LookupError:
        return None


def _settled(wrt: Expr, known: Bounds, network: Network, style: str) -> list[Derivation]:
    """`_line` of what is one variable, or a part of one.

    Raises:
        SymbackpropError: if it is not settled.
    """
    try:
        return _found_line(wrt, known, network, style)
    except LookupError as error:
        raise SymbackpropError(f"the gradient by {wrt} cannot be derived: {error.args[0]}") from None


def _found_line(wrt: Expr, known: Bounds, network: Network, style: str) -> list[Derivation]:
    variable = variable_of(wrt)
    assert variable is not None
    found = uses(network, variable, known)
    if not found or any(isinstance(use.equation.right, Function) for use in found):
        # of a loss of which nothing is known, the gradient is a name
        return []
    return [shortened(_start(wrt, known, network).by(through_uses(style)), style)]


def shortened(derivation: Derivation, style: str) -> Derivation:
    """The derivation with every step of algebra that makes its last line shorter."""
    # the same parts are looked at in line after line, and most rules leave most of them as they are
    key = ("left as they are", derivation.given, frozenset(derivation.known.items()))
    left = derivation.network.kept(key, lambda: defaultdict[int, set[Expr]](set))
    for _ in range(STEPS):
        for each in shortenings(style):
            made = _best(derivation, each, left[id(each)])
            if made is not None:
                derivation = made
                break
        else:
            return derivation
    return derivation


def _best(derivation: Derivation, applied: Rule, left: set[Expr]) -> Derivation | None:
    """One step more by a rule, where it makes the line shortest; names are put in everywhere at once."""
    line, best, least = derivation.result, None, 0
    binds = any(bound_index(part) is not None for part in parts(line))
    context = Context(derivation.network, derivation.known, derivation.given)
    for path, part in [((), line)] if applied in EVERYWHERE else list(subterms(line)):
        if part in left and not binds:
            continue
        known = within(line, path, derivation.known) if binds else derivation.known
        made = applied(part, replace(context, known=known) if binds else context)
        if made is None:
            if not binds:
                left.add(part)
            continue
        size = size_of(made.after) - size_of(part)
        if best is None or size < least:
            best, least = path, size
    return None if best is None else _by(derivation, applied, best)


def _by(derivation: Derivation, applied: Rule, at: Path | None = None) -> Derivation | None:
    """One step more, unless the line conforms only with brackets around a scalar, which the rule took away."""
    try:
        return derivation.by(applied, at=at)
    except ShapeError:
        return None


def short(line: Derivation, lines: Sequence[Derivation], style: str) -> Derivation:
    """The line with a gradient before put in, where that makes it no longer: softmax with cross-entropy is ŷ - y."""
    put_in = _next(line, lines)
    if put_in is None:
        return line
    made = _by(line, put_in)
    if made is None:
        return line
    if not is_plain(made.result):
        made = shortened(made, style)
    return made if size_of(made.result) <= size_of(line.result) else line


# --- along a family --------------------------------------------------------------------------------------------------


def all_the_way(member: Member, network: Network) -> list[Derivation]:
    """`∂L/∂v_t` by the gradient of the last member of its family, a product over those in between, by induction.

    None where the way from a member to the next one is not a product.
    """
    if member.name is None:
        return []
    whole = from_here(member, index(member.name), member.known(network), network)
    return [] if whole is None else [whole]


def from_here(member: Member, first: Dim, known: Bounds, network: Network) -> Derivation | None:
    """The same from one index on."""
    assert member.name is not None
    name, last = member.name, member.high
    start = _start(member.variable, member.known(network, high=last - 1), network)
    once = _on_to(start, Partial(LOSS, member.at(index(name) + 1)), network)
    if once is None:
        return summed_from_here(name, last, member.at, first, known, start)
    # no letter that is a size: `∏_{m=t}` beside columns of m entries would say two things
    used = (name, *first.symbols, *_known(network))
    over = free_letter(once.result, *used)
    on = free_letter(once.result, over, *used)
    body = substitute(product_of(factors_of(once.result)[:-1]), {name: index(over)})

    def one_on(before: Derivation) -> Derivation:
        made = _on_to(before, Partial(LOSS, member.at(index(on) + 1)), network)
        if made is None:
            raise RuleError(f"no product leads from {member.variable} to the next one")
        return made

    whole = _start(member.at(first), known, network)
    return along(whole, member.at, body, one_on, first, last, name=over, on=on, dots="…")


def _start(wrt: Expr, known: Bounds, network: Network) -> Derivation:
    return Derivation(Partial(LOSS, wrt), network, known=known, given=_assumed(network))


def _on_to(start: Derivation, wanted: Partial, network: Network) -> Derivation | None:
    """The derivation taken on, one use after another, until its last line is a product that ends in `wanted`."""
    made = start
    for _ in network.equations:
        try:
            made = shortened(made.by(through_uses(JACOBIAN)), JACOBIAN)
        except RuleError:
            return None
        *before, last = factors_of(made.result)
        if not isinstance(last, Partial) or any(has_gradient(e) for e in before):
            return None
        if last == wanted:
            return made if before else None
    return None


# --- the answer ------------------------------------------------------------------------------------------------------


def _asked(wrt: Expr, variable: Variable, network: Network, style: str) -> list[Derivation]:
    """The line for what was asked for; of a family that reaches its last member by a product, that product."""
    member = _ranged(variable, network)
    if wrt != variable:
        return _settled(wrt, member.known(network), network, style)
    whole = all_the_way(member, network) if member.name is not None else []
    return whole or lines_of(member, network, style)


def answer(line: Derivation, lines: Sequence[Derivation], style: str) -> Derivation:
    """The line with the gradients of the lines before put in, as far as they are found."""
    made = line
    for _ in range(len(lines) + 1):
        found = _next(made, lines) or _at_an_index(made, style)
        if found is None:
            return made
        longer = shortened(made.by(found), style)
        if size_of(longer.result) > LONGEST:
            # whoever wants it longer has the lines for the gradients in it
            return made
        made = longer
    return made


def _next(derivation: Derivation, lines: Sequence[Derivation]) -> Rule | None:
    """The rule that puts in a gradient in the last line that has a line of its own, at the same index.

    Of several, the one that is farthest from the loss: what it leads to is then put in once, wherever it stands.
    """
    found = {part for _, part in subterms(derivation.result) if isinstance(part, Partial) and part.of == LOSS}
    # a product over all of a family leads further than a step of it
    for line in reversed(lines):
        if line.start in found and line.steps and _holds_at(line, derivation):
            return as_derived(line, "put in", ("This is the line for ", line.start, "."))
    return None


def _at_an_index(derivation: Derivation, style: str) -> Rule | None:
    """The rule that puts in the gradient by a member of a family at an index that no line is about."""
    network, known = derivation.network, derivation.known
    members = {member.variable.name: member for member in _computed(network) if member.name is not None}
    for _, part in subterms(derivation.result):
        if not (isinstance(part, Partial) and isinstance(part.wrt, Variable) and part.wrt.index is not None):
            continue
        member, at = members.get(part.wrt.name), part.wrt.index
        if member is None or not at.symbols <= known.keys():
            continue
        made = None
        if not (member.high - at).is_constant and at_most(member.low, at, known) and at_most(at, member.high, known):
            made = from_here(member, at, known, network)
        if made is None:
            found = _line(part.wrt, known, network, style)
            made = found[0] if found else None
        if made is not None:
            return as_derived(made, "put in", (part, " is found the same way."))
    return None


def _holds_at(line: Derivation, derivation: Derivation) -> bool:
    """Whether a line is about every index at which its gradient stands in the last line of a derivation."""
    for path in places(derivation.result, line.start):
        known = within(derivation.result, path, derivation.known)
        for name, (low, high) in line.known.items():
            if known.get(name) == (low, high):
                continue
            at = index(name)
            if (low is not None and not at_most(low, at, known)) or (high is not None and not at_most(at, high, known)):
                return False
    return True
