"""A derivative of the loss by another quantity than belongs there."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.mistakes.repair import Repair, is_slope, is_weight
from symbackprop.answers.mistakes.where import Where
from symbackprop.answers.question import PARTS
from symbackprop.expr import Expr, Hadamard, Loss, Partial, Product, Quotient, Sum, Variable
from symbackprop.substitution import everywhere
from symbackprop.tree import subterms

ORDER = 14


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    if not isinstance(part, Partial):
        return
    wrt = whole_variable(part.wrt)
    if wrt is None:
        return
    for other, code in _others(wrt, where):
        made = Partial(part.of, everywhere(part.wrt, wrt, other), part.numerator)
        yield Repair(code, made, f"{{part}} stands where the derivative by {other} belongs")


def whole_variable(e: Expr) -> Variable | None:
    """The variable that something is a part of."""
    while isinstance(e, PARTS):
        e = e.operand
    return e if isinstance(e, Variable) else None


def _others(wrt: Variable, where: Where) -> Iterator[tuple[Variable, str]]:
    """What it should be by, and what the mistake is called."""
    near = [*where.neighbours(wrt), *(equation.left for equation in where.equations)]
    arguments = [layer.argument for layer in where.layers if wrt == layer.hidden]
    hidden = [layer.hidden for layer in where.layers if wrt == layer.argument and layer.hidden is not None]
    for other in dict.fromkeys((*(each for each in arguments if isinstance(each, Variable)), *hidden, *near)):
        if other != wrt and not isinstance(other, Loss):
            yield other, code_of(wrt, other, where)


def code_of(wrt: Variable, other: Variable, where: Where) -> str:
    """What the mistake is where the derivative by one quantity stands, and that by another belongs."""
    # what goes back through weights or slopes skips a layer; the product with an input is of another layer
    on_the_way = [part for _, part in subterms(where.answer) if isinstance(part, Expr)]
    is_chain = any(is_weight(part) or is_slope(part) for part in on_the_way)
    for layer in where.layers:
        if (wrt, other) == (layer.hidden, layer.argument):
            return "missing-activation-derivative"
        if (wrt, other) == (layer.argument, layer.hidden) and any(map(is_slope, on_the_way)):
            return "extra-activation-derivative"
    if any(equation.left == wrt and is_factor(other, equation.right, where) for equation in where.equations):
        return "missing-factor"
    return "skipped-layer" if is_chain and _is_later(wrt, other, where) else "wrong-layer"


def is_factor(variable: Variable, right: Expr, where: Where) -> bool:
    """Whether a quantity enters an equation entry by entry, times something."""
    terms = right.terms if isinstance(right, Sum) else (right,)
    for term in terms:
        parts = [part for _, part in subterms(term) if isinstance(part, Expr)]
        if variable in parts and isinstance(term, Product | Hadamard | Quotient):
            return where.shape(variable) == where.shape(right) and not any(map(is_weight, parts))
    return False


def _is_later(wrt: Variable, other: Variable, where: Where) -> bool:
    """Whether a quantity is computed after another one."""
    if wrt.index is None or other.index is None or type(wrt) is not type(other) or wrt.name != other.name:
        return where.place(other) < where.place(wrt)
    return (wrt.index - other.index).constant > 0 and not _counts_time(where)


def _counts_time(where: Where) -> bool:
    """Whether members of a family share their weights, as those of a recurrent network do."""
    families = getattr(where.question.network, "families", ())
    weights = [part for each in where.question.network.equations for _, part in subterms(each.right)]
    return bool(families) and any(isinstance(part, Variable) and part.index is None for part in weights)
