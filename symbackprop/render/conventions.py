"""What a reader must know before the first step: the layout, the bias units, what the signs mean, the network.

Each convention is one function of the table `CONVENTIONS`; it says its sentence where the derivation needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from symbackprop import expr
from symbackprop.activations import scalar_function
from symbackprop.derivation import Derivation, Reason
from symbackprop.dims import Bounds, dim, index, units, width
from symbackprop.equations import Equation, Network
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    Bias,
    ColumnAt,
    Elementwise,
    Entry,
    Expr,
    Hadamard,
    Hidden,
    IndexedProduct,
    LayerMap,
    Named,
    Number,
    Partial,
    PreActivation,
    Row,
    Size,
    Target,
    Variable,
    Weight,
    WithoutBias,
    number,
)
from symbackprop.forward import ForwardNetwork
from symbackprop.groups import EntrywisePower, Membership
from symbackprop.network import MLP
from symbackprop.notations import Notation
from symbackprop.quantities import Quantities
from symbackprop.render.arranged import family, turned
from symbackprop.render.clauses import Between, Dimensions, Layered, SpelledOut
from symbackprop.render.counting import is_layer_in
from symbackprop.render.layout import Look
from symbackprop.render.letters import quantity
from symbackprop.render.scalars import described
from symbackprop.render.used import Used, used
from symbackprop.statements import Chain, equal
from symbackprop.tree import Node, rebuild, subterms

l = index("l")
# functions that need no definition
_WELL_KNOWN = frozenset({"abs", "exp", "log"})


# --- the conventions -------------------------------------------------------------------------------------------------


def _layout(used: Used) -> Reason:
    if not used.has(Partial) and not used.has(ActivationJacobian):
        return ()
    v, u = Named("v"), Named("u")
    gradient, jacobian = Partial(LOSS, v), Partial(u, v)
    if used.numerator:
        return ("Numerator layout: ", gradient, " has the shape of ", v.T, "; the rows of ", jacobian,
                " belong to the entries of ", u, " and its columns to those of ", v, ".")  # fmt: skip
    return ("Denominator layout: ", gradient, " has the shape of ", v, "; the rows of ", jacobian,
            " belong to the entries of ", v, " and its columns to those of ", u, ".")  # fmt: skip


def _data(used: Used) -> Reason:
    """Where examples are not as the network has them; all sentences are turned afterwards, this one with them."""
    network = used.network
    if used.notation.data == network.data:
        return ()
    if isinstance(network, MLP):
        return ("Examples are columns: every vector is a column, and ", Weight(l), ", ", Dimensions(Weight(l)),
                ", has a row for each output and a column for each input.")  # fmt: skip
    said = "Examples are columns: every matrix is the transpose of the one about rows."
    return (said if network.data == "columns" else turned(said),)


def _gradients(used: Used) -> Reason:
    """What the short names of gradients stand for."""
    letters = used.notation
    found: dict[str, Partial] = {}
    for partial in used.gradients:
        wrt = partial.wrt
        row = quantity(wrt, Look(used.network, letters)) if isinstance(wrt, expr.Variable) else ""
        if row not in letters.gradient and letters.derivative == "fraction":
            continue
        is_family = isinstance(wrt, expr.Variable) and wrt.index is not None and row not in ("input", "output")
        of: Expr = _at_layer(wrt) if is_family else wrt
        found.setdefault(row or str(wrt), Partial(partial.of, of, partial.numerator))
        if letters.derivative == "nabla":
            break
    if not found:
        return ()
    words: Reason = ("Gradients of the loss for short: ",)
    for i, made in enumerate(found[row] for row in sorted(found)):
        words = (*words, ", " if i else "", SpelledOut(made))
    return (*words, ".")


def _at_layer(e: Expr) -> Expr:
    """A variable of layer `l` in place of another one."""
    return rebuild(e, (), lambda _: l)


def _ends(used: Used) -> Reason:
    network = used.network
    if not isinstance(network, MLP):
        return ()
    words: Reason = ()
    for what, end in (("input", network.input), ("output", network.output)):
        own = (end, " is ") if what in used.notation.quantity else ("is ",)
        words = (*words, f", and the {what} " if words else f"The {what} ", *own, Layered(end))
    return (*words, ".")


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
    for variable in _declared(used, network):
        words = (*words, *((", ",) if words else ()), variable, " is ", Dimensions(variable))
    return (*words, ".") if words else ()


def _declared(used: Used, network: Quantities) -> Iterable[Variable]:
    """The variables that occur, those of a family as it was declared; letters of the text only are none of them."""
    if not isinstance(network, ForwardNetwork):
        return [variable for variable in used.named if variable.name in network.names]
    occurring = {variable.name for variable in used.named}
    return [variable for variable in network.members if variable.name in occurring]


def _hadamard(used: Used) -> Reason:
    if not used.has(Hadamard):
        return ()
    return (Hadamard((Named("u"), Named("v"))), " multiplies entry by entry.")


def _powers(used: Used) -> Reason:
    found = used.examples.get(EntrywisePower)
    if not isinstance(found, EntrywisePower):
        return ()
    return (found, " has the entries of ", found.operand, ", each to the power ", Number(found.exponent), ".")


def _groups(used: Used) -> Reason:
    found = used.examples.get(Membership)
    if not isinstance(found, Membership):
        return ()
    i, k = index("i"), index("k")
    entry = equal(Entry(replace(found, size=units(l)), i, k), number(1))
    said = f"The units of each hidden layer are {found.groups} groups, in order and of equally many: "
    return (said, entry, " where unit ", Size(i), " is in group ", Size(k), ", else it is ", number(0), ".")


def _product(used: Used) -> Reason:
    found = used.examples.get(IndexedProduct)
    if not isinstance(found, IndexedProduct):
        return ()
    is_falling = found.descending != (used.notation.data != used.network.data)
    way = "falls" if is_falling else "rises"
    order = f" stand in order: the index {way} from left to right. A product without factors is the identity."
    return ("Factors of a product ", found, order)


def _range(used: Used) -> Reason:
    return _ranges(used.known, used.examples.values(), used.network, used.notation)


def _ranges(known: Bounds, parts: Iterable[Node], network: Network, notation: Notation) -> Reason:
    words: Reason = ()
    look = Look(network, notation)
    lines = tuple(parts) if notation.first else ()
    for name, (low, high) in known.items():
        if low is not None and high is not None:
            between = Between(low, name, high, is_layer_in(name, lines, look))
            words = (*words, "; " if words else "Here ", between)
    return (*words, ".") if words else ()


CONVENTIONS: tuple[Callable[[Used], Reason], ...] = (
    _data,
    _layout,
    _gradients,
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
    _powers,
    _groups,
    _product,
)


def conventions(derivation: Derivation, notation: Notation | None = None) -> tuple[Reason, ...]:
    """The sentences that a derivation needs."""
    return conventions_of(used(derivation, notation))


def conventions_of(found: Used) -> tuple[Reason, ...]:
    """The sentences that some lines need."""
    return tuple(said for say in CONVENTIONS if (said := say(found)))


def ranges(derivation: Derivation, notation: Notation) -> Reason:
    """What the free indices of a derivation run over; nothing, if it has none that is bounded on both sides."""
    return _ranges(derivation.known, derivation.lines, derivation.network, notation)


# --- the network -----------------------------------------------------------------------------------------------------


def forward_equations(network: Network, notation: Notation) -> tuple[tuple[Chain, Reason], ...]:
    """The forward equations, in the order in which they are computed, each with its range."""
    look = Look(network, notation)
    written = [family(e, notation) for e in getattr(network, "equations", ())]
    return tuple((equal(e.left, e.right), _ranged(e, look)) for e in written)


def _ranged(equation: Equation, look: Look) -> Reason:
    name = equation.index
    if name is None:
        return ()
    is_layer = is_layer_in(name, (equation.left, equation.right), look)
    return ("for ", Between(equation.lower, name, equation.upper, is_layer))
