"""What a reader must know before the first step: the layout, the bias units, what the signs mean, the network.

Each convention is one function of the table `CONVENTIONS`; it says its sentence where the derivation needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from symbackprop import expr
from symbackprop.activations import scalar_function
from symbackprop.derivation import Derivation, Reason
from symbackprop.dims import Bounds, Dim, dim, index, units, width
from symbackprop.equations import Equation, Network
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    Bias,
    ColumnAt,
    Elementwise,
    Expr,
    Hadamard,
    Hidden,
    IndexedProduct,
    LayerMap,
    Named,
    Partial,
    PreActivation,
    Row,
    Size,
    Target,
    Weight,
    WithoutBias,
)
from symbackprop.network import MLP
from symbackprop.notations import Notation
from symbackprop.notations import notation as notation_named
from symbackprop.quantities import Quantities
from symbackprop.render import speech, spoken
from symbackprop.render.boxes import Box
from symbackprop.render.braces import dimensions
from symbackprop.render.layout import Look, inside, layout
from symbackprop.render.scalars import described
from symbackprop.shapes import shape
from symbackprop.statements import Chain, Statement, equal
from symbackprop.tree import Node, children, node, subterms

l = index("l")
# functions that need no definition
_WELL_KNOWN = frozenset({"abs", "exp", "log"})


# --- what only conventions say ---------------------------------------------------------------------------------------


@node
class Dimensions(Statement):
    """`rows × columns` of an expression; with what it is at the `ends` of its indices where that differs."""

    of: Expr
    ends: bool = False


@layout.register
def _(e: Dimensions, look: Look) -> Box:
    return dimensions(e.of, look if e.ends else replace(look, known={}))


@speech.speak.register
def _(e: Dimensions, network: Network | None = None, notation: Notation | None = None) -> str:
    assert network is not None
    rows, columns = (spoken.size_words(size, network, notation) for size in shape(e.of, network))
    return f"{rows} by {columns}"


@node
class Layered(Statement):
    """A variable by its family and layer: `h_0` for the input, `z_{L+1}` for the output."""

    of: expr.Variable


@layout.register
def _(e: Layered, look: Look) -> Box:
    return inside(e.of, Look(look.network, _by_family(look.notation)))


@speech.speak.register
def _(e: Layered, network: Network | None = None, notation: Notation | None = None) -> str:
    return speech.speak(e.of, network, _by_family(notation or notation_named("lecture")))


def _by_family(notation: Notation) -> Notation:
    """The notation without letters of their own for the input and the output."""
    quantity = {name: row for name, row in notation.quantity.items() if name not in ("input", "output")}
    return replace(notation, quantity=quantity)


# --- what a derivation uses ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Used:
    """What stands in some lines: one example of each kind of node.

    Attributes:
        named: the variables that are of no layer, by name.
        numerator: whether they are in numerator layout.
        known: bounds of the free integer symbols.
    """

    network: MLP | Network
    examples: dict[type[Node], Node]
    named: tuple[Named, ...] = ()
    numerator: bool = False
    known: Bounds = field(default_factory=dict)

    def has(self, kind: type[Node]) -> bool:
        return kind in self.examples


def used(derivation: Derivation) -> Used:
    """What kinds of nodes a derivation has, its subproofs included."""
    return Used(derivation.network, *_examples(_all(derivation)), derivation.numerator, derivation.known)


def used_in(network: Network, derivations: Sequence[Derivation], others: Iterable[Node] = ()) -> Used:
    """What kinds of nodes some derivations about one network have, and other lines beside them."""
    lines = [*others, *(line for derivation in reversed(derivations) for line in _all(derivation))]
    return Used(network, *_examples(lines), any(derivation.numerator for derivation in derivations))


def _examples(lines: list[Node]) -> tuple[dict[type[Node], Node], tuple[Named, ...]]:
    """One example of each kind of node, lines that stand later give theirs first; and all variables of no layer."""
    examples: dict[type[Node], Node] = {}
    seen: set[Node] = set()
    waiting = list(lines)
    while waiting:
        e = waiting.pop()
        if e not in seen:
            seen.add(e)
            examples.setdefault(type(e), e)
            waiting += children(e)
    named = {e.name: e for e in seen if isinstance(e, Named)}
    return examples, tuple(named[name] for name in sorted(named))


def _all(derivation: Derivation) -> list[Node]:
    """Its lines, the result last, so that it gives the examples."""
    return [*(side for chain in derivation.given for side in chain.sides), *_lines(derivation), derivation.result]


def _lines(derivation: Derivation) -> Iterator[Expr]:
    yield from derivation.lines
    for step in derivation.steps:
        for proof in step.subproofs:
            yield from _lines(proof)


# --- the conventions -------------------------------------------------------------------------------------------------


def _layout(used: Used) -> Reason:
    if not used.has(Partial) and not used.has(ActivationJacobian):
        return ()
    v, u = Named("v"), Named("u")
    gradient, jacobian = Partial(LOSS, v), Partial(u, v)
    if used.numerator:
        return ("Numerator layout: ", gradient, " is a row, the transpose of ", v, "; the rows of ", jacobian,
                " belong to the entries of ", u, " and its columns to those of ", v, ".")  # fmt: skip
    return ("Denominator layout: ", gradient, " has the shape of ", v, "; the rows of ", jacobian,
            " belong to the entries of ", v, " and its columns to those of ", u, ".")  # fmt: skip


def _ends(used: Used) -> Reason:
    network = used.network
    if not isinstance(network, MLP):
        return ()
    first, last = network.input, network.output
    return ("The input ", first, " is ", Layered(first), ", and the output ", last, " is ", Layered(last), ".")


def _bias(used: Used) -> Reason:
    network = used.network
    if not isinstance(network, MLP) or not network.augmented:
        return ()
    return ("The bias is a unit: the last of the ", Size(width(l)), " hidden units ", Hidden(l), " is always ",
            Size(dim(1)), ", and so is the last entry of ", Hidden(dim(0)), ". So ", PreActivation(l), " has ",
            Size(units(l)), " entries, ", Weight(l), " is ", Dimensions(Weight(l)), ", and the last column of ",
            Weight(l), " holds the biases of layer ", Size(l + 1), ".")  # fmt: skip


def _weights(used: Used) -> Reason:
    """The shapes where no unit stands for the biases."""
    network = used.network
    if not isinstance(network, MLP) or network.augmented:
        return ()
    words: Reason = ("The weights ", Weight(l), " are ", Dimensions(Weight(l)))
    if network.bias == "separate":
        words = (*words, ", and ", Bias(l), ", which is ", Dimensions(Bias(l)), ", holds the biases of layer ",
                 Size(l + 1))  # fmt: skip
    return (*words, ".")


def _entrywise(used: Used) -> Reason:
    network = used.network
    if not isinstance(network, MLP) or network.augmented:
        return ()
    z = network.argument(l)
    applied = Elementwise(network.activation.name, z)
    return ("In ", equal(Hidden(l), applied), " the activation acts on each entry of ", z, ".")


def _layer_map(used: Used) -> Reason:
    network = used.network
    if not isinstance(network, MLP) or not network.augmented:
        return ()
    v = Named("v")
    applied = Elementwise(network.activation.name, Named("z"))
    return (LayerMap(network.activation.name, v), " applies the activation ", applied,
            " to each entry and appends the bias unit ", Size(dim(1)), ".")  # fmt: skip


def _activation(used: Used) -> Reason:
    network = used.network
    if not isinstance(network, MLP):
        return ()
    row = network.activation
    if row.is_generic:
        return (Elementwise(row.name, Named("z")), " is any differentiable function of one variable, ",
                Elementwise(row.name, Named("z"), 1), " its derivative.")  # fmt: skip
    words: Reason = ("The activation: ", *described(row))
    if row.kinks:
        at = Chain((Named("z"), Size(dim(row.kinks[0]))), ("=",))
        words = (*words, "; at ", at, " the slope ", row.convention, " is taken")
    return (*words, ".")


def _loss(used: Used) -> Reason:
    network = used.network
    if not isinstance(network, MLP):
        return ()
    if network.loss.is_generic:
        return ("The loss ", LOSS, " is any differentiable function of the output and the target.")
    row, output, target, size = network.loss, network.output, Target(), width(network.depth + 1)
    words: Reason = ("The loss ", LOSS, f": {row.name.replace('_', ' ')}. The entries of ", output,
                     f" are {row.outputs}, and those of ", target, f" {row.targets}")  # fmt: skip
    for assumed in row.assumed:
        words = (*words, ": ", assumed(target, size))
    if row.textbook is not None:
        words = (*words, ". As it stands below, ", LOSS, " is ", row.textbook(output, target, size), " worked out")
    if row.convention:
        words = (*words, f"; {row.convention}")
    return (*words, ".", *_functions_of_loss(network))


def _functions_of_loss(network: MLP) -> Reason:
    """The functions of one variable in the loss: what they are, unless everyone knows or the network applies it."""
    row, output, target = network.loss, network.output, Target()
    trees = [made(output, target, width(network.depth + 1)) for made in (row.formula, row.textbook) if made is not None]
    found = {e.function for tree in trees for _, e in subterms(tree) if isinstance(e, Elementwise)}
    words: Reason = ()
    for name in sorted(found - {*_WELL_KNOWN, network.activation.name}):
        words = (*words, " Here ", *described(scalar_function(name)), ".")
    return words


def _jacobian(used: Used) -> Reason:
    if not isinstance(used.network, MLP) or not used.has(ActivationJacobian):
        return ()
    network = used.network
    turned = used.numerator
    z = network.argument(l)
    D = ActivationJacobian(network.activation.name, z)
    slopes = Elementwise(network.activation.name, expr.Entry(z, index("i")), 1)
    defined = equal(D.T if turned else D, Partial(Hidden(l), z, turned))
    zeros = " on its diagonal and a last column of zeros, for the bias unit is constant; "
    return ("The activation Jacobian ", D, " is ", Dimensions(D), ", with ", slopes, zeros, defined, ".")


def _column(used: Used) -> Reason:
    found = used.examples.get(ColumnAt)
    if not isinstance(found, ColumnAt):
        return ()
    if used.numerator:
        return (found.T, " has ", found.vector.T, " in row ", Size(found.column), " and zeros elsewhere.")
    return (found, " has ", found.vector, " in column ", Size(found.column), " and zeros elsewhere.")


def _row(used: Used) -> Reason:
    found = used.examples.get(Row)
    if not isinstance(found, Row):
        return ()
    return (found, " is row ", Size(found.row), " of ", found.operand, ".")


def _without_bias(used: Used) -> Reason:
    if not used.has(WithoutBias):
        return ()
    return (WithoutBias(Weight(l)), " is ", Weight(l), " without its last column, which multiplies the bias unit.")


def _quantities(used: Used) -> Reason:
    """The shapes of variables that are of no layer."""
    network = used.network
    if not isinstance(network, Quantities):
        return ()
    words: Reason = ()
    for variable in used.named:
        if variable.name not in network.names:
            # a letter of the text only
            continue
        words = (*words, *((", ",) if words else ()), variable, " is ", Dimensions(variable))
    return (*words, ".") if words else ()


def _hadamard(used: Used) -> Reason:
    if not used.has(Hadamard):
        return ()
    return (Hadamard((Named("u"), Named("v"))), " multiplies entry by entry.")


def _product(used: Used) -> Reason:
    found = used.examples.get(IndexedProduct)
    if not isinstance(found, IndexedProduct):
        return ()
    way = "falls" if found.descending else "rises"
    order = f" stand in order: the index {way} from left to right. A product without factors is the identity."
    return ("Factors of a product ", found, order)


def _range(used: Used) -> Reason:
    words: Reason = ()
    for name, (low, high) in used.known.items():
        if low is not None and high is not None:
            words = (*words, "; " if words else "Here ", _between(low, index(name), high))
    return (*words, ".") if words else ()


CONVENTIONS: tuple[Callable[[Used], Reason], ...] = (
    _layout,
    _ends,
    _range,
    _quantities,
    _row,
    _bias,
    _weights,
    _layer_map,
    _entrywise,
    _activation,
    _loss,
    _jacobian,
    _column,
    _without_bias,
    _hadamard,
    _product,
)


def conventions(derivation: Derivation) -> tuple[Reason, ...]:
    """The sentences that a derivation needs."""
    return conventions_of(used(derivation))


def conventions_of(found: Used) -> tuple[Reason, ...]:
    """The sentences that some lines need."""
    return tuple(said for say in CONVENTIONS if (said := say(found)))


def ranges(derivation: Derivation) -> Reason:
    """What the free indices of a derivation run over; nothing, if it has none that is bounded on both sides."""
    return _range(Used(derivation.network, {}, known=derivation.known))


# --- the network -----------------------------------------------------------------------------------------------------


def forward_equations(network: Network) -> tuple[tuple[Chain, Reason], ...]:
    """The forward equations, in the order in which they are computed, each with its range."""
    return tuple((equal(e.left, e.right), _ranged(e)) for e in getattr(network, "equations", ()))


def _ranged(equation: Equation) -> Reason:
    return () if equation.index is None else ("for ", _between(equation.lower, index(equation.index), equation.upper))


def _between(low: Dim, at: Dim, high: Dim) -> Chain:
    """`low ≤ at ≤ high`; `at = low` where that is all."""
    if low == high:
        return equal(Size(at), Size(low))
    return Chain((Size(low), Size(at), Size(high)), ("≤", "≤"))
