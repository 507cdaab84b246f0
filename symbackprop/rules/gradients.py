"""The chain rule and the Jacobians, derived from the network's forward equations by index calculus.

Nothing here says what the Jacobian of a layer is: with `z = W h + h` in place of `z = W h`, `through_weights` gives
`Wᵀ + I`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TypeVar

from symbackprop import expr
from symbackprop.derivation import Context, Derivation, Reason, Rewritten, Rule, Step, rule
from symbackprop.dims import ONE, Dim, index
from symbackprop.entries import entries, place
from symbackprop.equations import Equation, same_family
from symbackprop.expr import LOSS, Entry, Expr, Hidden, Partial, PreActivation, Row, Transpose, Variable, Weight
from symbackprop.indices import Calculus, Inexpressible
from symbackprop.normalform import derivative, normal
from symbackprop.rules.recognise import written
from symbackprop.rules.reverse import gradient, local_jacobian, variable_of
from symbackprop.shapes import shape
from symbackprop.statements import Chain, equal
from symbackprop.substitution import free_symbols, substitute
from symbackprop.tree import Node, children, rebuild, subterms

E = TypeVar("E", bound=Expr)


def _using(part: Expr, context: Context) -> list[Equation]:
    """The equations that use what something is a part of."""
    variable = variable_of(part)
    return [] if variable is None else context.network.uses(variable, context.known)


def _used_in(wrt: Expr, context: Context) -> list[Variable]:
    return [e.left for e in _using(wrt, context)]


def depends(part: Expr, through: list[Expr | Chain], more: str = "") -> Reason:
    """`The loss depends on part only through …`: what uses it, or the equations that do."""
    listed: list[str | Node] = []
    for one in through:
        listed += [" and ", one] if listed else [one]
    return ("The loss depends on ", _unturned(part), " only through ", *listed, f"{more}.")


def _unturned(part: Expr) -> Expr:
    """The part itself where its transpose stands: `w_{l,j}` for `w_{l,j}ᵀ`."""
    return part.operand if isinstance(part, Transpose) else part


def _equations_using(part: Expr, context: Context) -> list[Expr | Chain]:
    return [equal(e.left, e.right) for e in _using(part, context)]


def _is_direct(equation: Equation, wrt: Expr, context: Context) -> bool:
    """Whether `∂u/∂wrt` is what the forward equation of `u` alone says.

    Where `h_{l+1} = ψ(z_{l+1}) + h_l`, the total derivative of `h_{l+1}` by `h_l` goes through `z_{l+1}` too.
    """
    variable = variable_of(wrt)
    if variable is None or variable == equation.left:
        return False
    return context.network.is_direct(equation, variable, context.known)


def _letters(e: Expr) -> list[str]:
    """Two names for the rows and columns of a calculation that the expression does not use itself."""
    return [name for name in "kipqrsuv" if name not in free_symbols(e)][:2]


# --- one column by another -------------------------------------------------------------------------------------------


@rule("chain rule", source="slide 1")
def chain_rule(e: Expr, context: Context) -> Rewritten | None:
    r"""∂L/∂v = (∂u/∂v) ∂L/∂u, summed over every u that v is used in        shapes: dim v × dim u · dim u × 1"""
    match e:
        case Partial(expr.Loss(), wrt, False) if shape(wrt, context.network)[1] == ONE:
            equations = _using(wrt, context)
            used = [equation.left for equation in equations]
            if not used or LOSS in used or not all(_is_direct(equation, wrt, context) for equation in equations):
                return None
            parts: list[Expr] = [Partial(u, wrt) @ Partial(LOSS, u) for u in used]
            return Rewritten(parts[0] if len(parts) == 1 else expr.Sum(tuple(parts)), depends(wrt, [*used]))
    return None


@rule("Jacobian by entries", source="slide 1")
def jacobian(e: Expr, context: Context) -> Rewritten | None:
    r"""(∂u/∂v)_{ki} = ∂u_i/∂v_k, from the forward equation of u        shape: dim v × dim u"""
    match e:
        case Partial(Variable() as of, wrt, False) if of != LOSS:
            key = ("jacobian", e, frozenset(context.known.items()))
            return context.network.kept(key, lambda: _jacobian(e, of, wrt, context))
    return None


@dataclass(frozen=True)
class _Worked:
    """One Jacobian as it is worked out: the equation, entry `i` of it, its derivative by entry `k`, and the matrix."""

    right: Expr
    forward: Expr
    by: Expr
    slope: Expr
    made: Expr

    def at(self, values: Mapping[str, Dim]) -> _Worked:
        """The same at one value of the layer."""
        return _Worked(*(substitute(getattr(self, f.name), values) for f in fields(self)))


def _jacobian(e: Expr, of: Variable, wrt: Expr, context: Context) -> Rewritten | None:
    if context.network.definition(of, context.known) is None:
        return None
    first, second = _letters(e)
    worked = _of_family(of, wrt, context, first, second) or _worked(of, wrt, context, first, second)
    if worked is None:
        return None
    k, i = index(first), index(second)
    why = (equal(of, worked.right), ", differentiated entry by entry.")
    return Rewritten(worked.made, why, (_by_entries(Entry(of, i), Entry(worked.made, k, i), worked, context),))


def _worked(of: Variable, wrt: Expr, context: Context, first: str, second: str) -> _Worked | None:
    equation = context.network.definition(of, context.known)
    if equation is None or not _is_direct(equation, wrt, context):
        return None
    work = Calculus(context.network, context.known)
    k = work.index(shape(wrt, context.network)[0], first)
    i = work.index(shape(of, context.network)[0], second)
    try:
        forward = normal(entries(equation.right, i, ONE, work), work)
        variable, row, column = place(wrt, k, ONE, work)
        slope = derivative(forward, variable, row, column, work)
    except Inexpressible:
        return None
    made = local_jacobian(equation, wrt, context)
    if made is None:
        return None
    by = Entry(variable, row, None if column == ONE else column)
    return _Worked(equation.right, written(forward), by, written(slope), made)


# stands for the layer where a Jacobian is worked out for all layers of a family at once
LAYER = "ℓ"


def _of_family(of: Variable, wrt: Expr, context: Context, first: str, second: str) -> _Worked | None:
    """The Jacobian worked out once for all layers and taken at this one; None where that is not possible."""
    network, variable = context.network, variable_of(wrt)
    families = [e for e in network.equations if same_family(e.left, of)]
    if variable is None or variable.index is None or of.index is None or len(families) != 1:
        return None
    (family,) = families
    # another variable of the same family may be the same one at some layer
    alike = [inner for _, inner in subterms(family.right) if same_family(inner, variable)]
    if family.index is None or family.left.index is None or len(alike) != 1:
        return None
    apart = of.index - variable.index
    shift = family.left.index - index(family.index) - apart
    if not apart.is_constant or not shift.is_constant:
        return None
    layer = index(LAYER)
    one, other = at_layer(of, layer + apart), at_layer(wrt, layer)
    known = {name: bounds for name, bounds in context.known.items() if name in free_symbols(other)}
    known |= dict.fromkeys(network.depth.symbols, (ONE, None))
    known[LAYER] = (family.lower + shift, family.upper + shift)
    anywhere = Context(network, known)

    def find() -> tuple[_Worked | None]:
        try:
            return (_worked(one, other, anywhere, first, second),)
        except LookupError:
            return (None,)

    key = ("family", one, other, frozenset(known.items()), first, second)
    (worked,) = network.kept(key, find)
    return None if worked is None else worked.at({LAYER: variable.index})


def at_layer(part: E, layer: Dim) -> E:
    """A variable, or a part of one, at another layer."""
    if isinstance(part, Variable):
        return rebuild(part, (), lambda _: layer)
    return rebuild(part, tuple(at_layer(inner, layer) for inner in children(part)))


def _writing(name: str, line: Expr) -> Rule:
    """The rule that puts a line of the calculation in place of what stands there."""
    return Rule(name, lambda e, context: line)


def _by_entries(of: Entry, result: Entry, worked: _Worked, context: Context) -> Derivation:
    """The calculation as steps: entry `i` of the forward equation, its derivative by entry `k`, entry `k, i` of all."""
    lines = (
        ("forward equation", Partial(worked.forward, worked.by)),
        ("derivative of an entry", worked.slope),
        ("read as a matrix", result),
    )
    start = Partial(of, worked.by)
    steps: list[Step] = []
    before: Expr = start
    for name, line in lines:
        steps.append(Step(before, "=", line, _writing(name, line), (), (), context.known))
        before = line
    return Derivation(start, context.network, tuple(steps), context.known, title=f"{of} by {worked.by}")


def _through(e: Expr, context: Context) -> Rewritten | None:
    """The chain rule with the Jacobian put in, as one step."""
    chain = chain_rule(e, context)
    if chain is None or not isinstance(chain.after, expr.Product):
        return None
    local, upstream = chain.after.factors
    slope = jacobian(local, context)
    if slope is None:
        return None
    assert isinstance(e, Partial)
    why = depends(e.wrt, _equations_using(e.wrt, context), ", differentiated entry by entry")
    return Rewritten(slope.after @ upstream, why, slope.subproofs)


@rule("through the activation", source="slide 1, bullet 2")
def through_activation(e: Expr, context: Context) -> Rewritten | None:
    r"""∂L/∂z_l = (∂h_l/∂z_l) ∂L/∂h_l = D_l ∂L/∂h_l        shapes: (n_l-1)×n_l · n_l×1"""
    match e:
        case Partial(expr.Loss(), PreActivation()):
            return _through(e, context)
    return None


@rule("through the weights", source="slide 1, bullets 1 and 3")
def through_weights(e: Expr, context: Context) -> Rewritten | None:
    r"""∂L/∂h_l = (∂z_{l+1}/∂h_l) ∂L/∂z_{l+1} = W_lᵀ ∂L/∂z_{l+1}        shapes: n_l×(n_{l+1}-1) · (n_{l+1}-1)×1"""
    match e:
        case Partial(expr.Loss(), Hidden()):
            return _through(e, context)
    return None


@rule("row of the weights", source="slide 1, bullet 4")
def weight_row(e: Expr, context: Context) -> Rewritten | None:
    r"""∂L/∂w_{l,j}ᵀ = (0 … h_l … 0) ∂L/∂z_{l+1}        shapes: n_l×(n_{l+1}-1) · (n_{l+1}-1)×1"""
    match e:
        case Partial(expr.Loss(), Transpose(Row(Weight(), _))):
            return _through(e, context)
    return None


# --- a gradient at once ----------------------------------------------------------------------------------------------


def _at_once(e: Partial, context: Context, style: str, twice: bool = False) -> Rewritten | None:
    """`∂L/∂v` as the adjoint rules give it; `twice` goes on through what comes out, over one more layer."""
    made = gradient(e.wrt, context, style, twice)
    return None if made is None else Rewritten(made, _through_equations(e.wrt, context, twice))


def _through_equations(wrt: Expr, context: Context, twice: bool) -> Reason:
    """The equations between a variable and the gradients in the result."""
    through = _equations_using(wrt, context)
    entrywise = ", differentiated entry by entry"
    if not twice:
        return depends(wrt, through, entrywise)
    following = [each for used in _used_in(wrt, context) for each in _equations_using(used, context)]
    words: Reason = depends(wrt, through)[:-1]
    for each in following:
        words = (*words, ", and so only through ", each)
    return (*words, f"{entrywise}.")


@rule("weight matrix", source="Goodfellow, Bengio, Courville 2016, algorithm 6.4")
def weight_matrix(e: Expr, context: Context) -> Rewritten | None:
    r"""∂L/∂W_l = ∂L/∂z_{l+1} h_lᵀ        shapes: (n_{l+1}-1)×1 · 1×n_l"""
    match e:
        case Partial(expr.Loss(), Weight()):
            return _at_once(e, context, "jacobian")
    return None


@rule("bias", source="Goodfellow, Bengio, Courville 2016, algorithm 6.4")
def bias(e: Expr, context: Context) -> Rewritten | None:
    r"""∂L/∂b_l = ∂L/∂z_{l+1}        shapes: (n_{l+1}-1)×1, the last column of W_l being b_l where biases are units"""
    match e:
        case Partial(expr.Loss(), expr.Bias() | expr.Column(Weight(), _)):
            return _at_once(e, context, "jacobian")
    return None


@rule("row of the weights, scaled", source="slide 1, bullet 4")
def weight_row_scaled(e: Expr, context: Context) -> Rewritten | None:
    r"""∂L/∂w_{l,j}ᵀ = (∂L/∂z_{l+1})_j h_l        shapes: 1×1 · n_l×1"""
    match e:
        case Partial(expr.Loss(), Transpose(Row(Weight(), _))):
            return _at_once(e, context, "hadamard")
    return None


@rule("through a layer", source="Nielsen 2015, equation BP2")
def through_layer(e: Expr, context: Context) -> Rewritten | None:
    r"""∂L/∂z_l = g'(z_l) ⊙ (W̃_lᵀ ∂L/∂z_{l+1})        shapes: (n_l-1)×1 ⊙ (n_l-1)×(n_{l+1}-1) · (n_{l+1}-1)×1"""
    match e:
        case Partial(expr.Loss(), PreActivation()):
            return _at_once(e, context, "hadamard", twice=True)
    return None


@rule("gradient of the loss", source="the loss's own formula")
def loss_gradient(e: Expr, context: Context) -> Rewritten | None:
    r"""∂L/∂ŷ, from the formula of the loss by entries        shape: n_{L+1} × 1"""
    match e:
        case Partial(expr.Loss(), PreActivation() as output) if _used_in(output, context) == [LOSS]:
            made = _at_once(e, context, "hadamard")
            why = (*_equations_using(output, context), ", differentiated entry by entry.")
            return None if made is None else Rewritten(made.after, why)
    return None
