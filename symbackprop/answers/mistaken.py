"""Right formulas with a mistake in them: what they are worth tells what is wrong in an answer of any other form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from symbackprop.answers.mistakes.repair import is_slope, is_weight, without
from symbackprop.answers.mistakes.terms import named_missing
from symbackprop.answers.mistakes.where import Where, slope_column
from symbackprop.answers.references import references
from symbackprop.dims import ONE, dim
from symbackprop.expr import (
    LOSS,
    Diagonal,
    Entry,
    Expr,
    Hadamard,
    IndexedSum,
    Kronecker,
    Negative,
    Number,
    Ones,
    Partial,
    Product,
    Quotient,
    Softmax,
    Sum,
    Transpose,
    Variable,
    number,
)
from symbackprop.substitution import everywhere, replace_at, rewritten, substitute
from symbackprop.tree import subterms

# of a sum of more terms, one is left out at a time
MOST_TERMS = 4


@dataclass(frozen=True)
class Mistaken:
    """A right formula with a mistake in it.

    Attributes:
        says: what to look at.
    """

    code: str
    made: Expr
    says: str


def mistaken(where: Where) -> Iterator[Mistaken]:
    """Every right formula that is known for a quantity, each with one mistake in it."""
    seen: set[Expr] = set()
    for code, made, says in _every(where):
        if made not in seen:
            seen.add(made)
            yield Mistaken(code, made, says)


Found = tuple[str, Expr, str]


def _every(where: Where) -> Iterator[Found]:
    right = list(_right(where))
    yield from _jacobian(where)
    for reference in right:
        yield from _left_out(reference, where)
    for reference in right:
        for written_out in _with_a_name_written_out(reference, where):
            yield from _left_out(written_out, where)
    for reference in right:
        yield "missing-term", _leading(reference), "only the first of the terms is here"
        yield from _changed(reference, where)
    yield from _of_another(where)


def _right(where: Where) -> Iterator[Expr]:
    """Formulas for what is asked, without that itself; a derivative of no loss from that of the loss, by a quotient."""
    head = where.head
    yield from references(head, where.question)[1:]
    if not isinstance(head, Partial) or head.of == LOSS or not where.is_scalar(head.of):
        return
    above = references(Partial(LOSS, head.wrt), where.question)[1:]
    yield from (Quotient(each, Partial(LOSS, head.of)) for each in above)


def _left_out(reference: Expr, where: Where) -> Iterator[Found]:
    """Without a term or a factor, or with the last of several steps only."""
    for path, part in subterms(reference):
        match part:
            case Sum(terms) if not _is_one_less(part):
                for some in _some(terms):
                    rest = tuple(term for i, term in enumerate(terms) if i not in some)
                    made = replace_at(reference, path, rest[0] if len(rest) == 1 else Sum(rest))
                    shown = " and ".join(str(terms[i]) for i in some)
                    code = named_missing(terms[some[0]], where)
                    yield code, made, f"the term {shown} is missing"
            case Product() | Hadamard():
                yield from _factors_left_out(reference, path, part, where)
            case IndexedSum(lower=lower, upper=upper, body=body):
                for end in (upper, lower):
                    made = replace_at(reference, path, substitute(body, {part.index: end}))
                    yield "missing-term", made, f"this is the term at {part.index} = {end} alone"


def _is_one_less(part: Sum) -> bool:
    """Whether it is `1 - h`, of which a part is no term of a derivative but half of a slope."""
    match part.terms:
        case (Ones() | Number() | Transpose(Ones()), Negative()):
            return True
        case (Product((Ones(), Transpose(Ones()))), Negative()):
            return True
    return False


def _leading(e: Expr) -> Expr:
    """The first term of every sum, where quantities that depend on what is asked for are taken for constants."""

    def first(part: Expr) -> Expr | None:
        return part.terms[0] if isinstance(part, Sum) and not _is_one_less(part) else None

    return rewritten(e, first)


def _some(terms: tuple[Expr, ...]) -> Iterator[tuple[int, ...]]:
    most = len(terms) - 1 if len(terms) <= MOST_TERMS else 1
    for count in range(1, most + 1):
        yield from combinations(range(len(terms)), count)


def _factors_left_out(
    reference: Expr, path: tuple[int, ...], part: Product | Hadamard, where: Where
) -> Iterator[Found]:
    factors = part.factors
    if _is_written_out(part):
        for i in range(2):
            says = "this is half of the derivative of the activation"
            yield "half-derivative", replace_at(reference, path, without(part, i)), says
        return
    for i, factor in enumerate(factors):
        code = "missing-activation-derivative" if _is_slope(factor, where) else "missing-factor"
        yield code, replace_at(reference, path, without(part, i)), f"the factor {factor} is missing"
    for i, factor in enumerate(factors):
        match factor:
            case Product((first, *rest)) if isinstance(part, Hadamard) and rest:
                inner = [(first, tuple(rest)), (factor.factors[-1], factor.factors[:-1])]
                for weight, others in inner:
                    if is_weight(weight):
                        left = others[0] if len(others) == 1 else Product(others)
                        yield "skipped-layer", replace_at(reference, path, left), f"the layer of {weight} is left out"
        if len(factors) > i + 2 and is_weight(factors[i + 1]) and not is_weight(factor):
            made = replace_at(reference, path, without(part, i, 2))
            yield "skipped-layer", made, f"the layer of {factors[i + 1]} is left out"


def _is_slope(factor: Expr, where: Where) -> bool:
    """Whether a factor is a slope, or has the value of one."""
    if is_slope(factor):
        return True
    slopes = [slope_column(layer, where) for layer in where.layers]
    inner = factor.operand if isinstance(factor, Diagonal) else factor
    return any(slope is not None and where.same(inner, slope) for slope in slopes)


def _is_written_out(part: Product | Hadamard) -> bool:
    """Whether it is `h ⊙ (1 - h)`."""
    match part.factors:
        case (one, Sum((_, Negative(two)))) if one == two:
            return True
    return False


def _with_a_name_written_out(reference: Expr, where: Where) -> Iterator[Expr]:
    """What a quantity is computed from, in its place."""
    for equation in where.equations:
        if isinstance(equation.right, Sum | Product | Hadamard) and any(
            part == equation.left for _, part in subterms(reference)
        ):
            yield everywhere(reference, equation.left, equation.right)


def _changed(reference: Expr, where: Where) -> Iterator[Found]:
    """With another sign, without a transpose, with z for h."""
    for layer in where.layers:
        if layer.hidden is not None and any(part == layer.hidden for _, part in subterms(reference)):
            made = everywhere(reference, layer.hidden, layer.argument)
            yield "preactivation-for-hidden", made, f"{layer.hidden} belongs where {layer.argument} stands"
    for path, part in subterms(reference):
        match part:
            case Transpose(operand):
                yield "missing-transpose", replace_at(reference, path, operand), f"{operand} is not transposed"
            case Negative(operand):
                yield "sign", replace_at(reference, path, operand), f"the sign of {operand} is wrong"


def _of_another(where: Where) -> Iterator[Found]:
    """The derivative by something else; the quantity itself for its slope; one entry."""
    head = where.head
    if isinstance(head, Partial) and head.of != LOSS:
        yield "activation-for-derivative", head.of, f"this is {head.of}, not its derivative"
    if isinstance(head, Partial):
        for other in where.quantities:
            if other != head.wrt and _is_like(other, head.wrt, where):
                code = "wrong-layer" if is_weight(other) else "skipped-layer"
                yield code, Partial(head.of, other), f"this is the derivative by {other}"
    if where.is_column(head):
        size = where.shape(head)
        count = size[0].constant if size is not None and size[0].is_constant else 1
        for i in range(1, count + 1):
            yield "component-for-vector", Entry(head, dim(i)), "this is one component of it"


def _is_like(other: Variable, wrt: Expr, where: Where) -> bool:
    """Whether both are weights, or both are what layers compute and read."""
    if is_weight(wrt) or is_weight(other):
        return is_weight(wrt) and is_weight(other) and where.is_column(wrt) == where.is_column(other)
    sizes = (where.shape(wrt), where.shape(other))
    is_state = isinstance(wrt, Variable) and where.place(other) >= 0 and where.place(wrt) != where.place(other)
    # one of the same size is told as what stands between them
    return is_state and sizes[0] != sizes[1] and all(size is not None and ONE in size for size in sizes)


# --- the Jacobian of a softmax ---------------------------------------------------------------------------------------


def _jacobian(where: Where) -> Iterator[Found]:
    head = where.head
    entry = head if isinstance(head, Entry) else None
    match entry.operand if entry is not None else head:
        case Partial(Variable() as p, Variable()) if any(
            layer.hidden == p and isinstance(layer.map, Softmax) for layer in where.layers
        ):
            yield from _wrong_jacobians(p, where)
        case Partial(Entry(Variable() as p, k), Entry(Variable(), i)):
            one, two, same = Entry(p, k), Entry(p, i), Kronecker(k, i)
            rest = {"p_k": Sum((number(1), Negative(one))), "p_i": Sum((number(1), Negative(two)))}
            for first in (one, two):
                for other in rest.values():
                    yield "half-derivative", Product((first, other)), "this holds on the diagonal alone"
                    yield "half-derivative", Product((same, first, other)), "this is the diagonal alone"
            yield "missing-term", Negative(Product((one, two))), f"the term {one} is missing on the diagonal"
            yield "missing-term", Product((same, one)), "the term with both entries is missing"


def _wrong_jacobians(p: Variable, where: Where) -> Iterator[Found]:
    outer = Product((p, Transpose(p)))
    yield "missing-term", Diagonal(p), f"the term {outer} is missing"
    yield "missing-term", Negative(outer), f"the term diag({p}) is missing"
