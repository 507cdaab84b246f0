"""Weight decay: the loss with a penalty on the weights, its gradient, and what the penalty keeps small."""

from __future__ import annotations

from fractions import Fraction

from symbackprop import expr
from symbackprop.derivation import Context, Derivation, Reason, Rewritten, rule
from symbackprop.dims import ONE, Bounds, Dim, at_most, dim, index, units, width
from symbackprop.equations import Equation
from symbackprop.expr import (
    LARGEST,
    LOSS,
    Entry,
    Expr,
    Hidden,
    Identity,
    IndexedSum,
    Kronecker,
    Named,
    Norm,
    Partial,
    Power,
    PreActivation,
    Product,
    SingularValue,
    SquareRoot,
    Variable,
    Weight,
    WithoutBias,
    factors_of,
    number,
    product_of,
)
from symbackprop.magnitudes import SingularValueAt, SpectralSum
from symbackprop.network import MLP
from symbackprop.rules.gradients import jacobian
from symbackprop.rules.induction import induction
from symbackprop.rules.ladder import identity_out
from symbackprop.rules.layers import layer_factor
from symbackprop.rules.norms import multiplied_out
from symbackprop.rules.products import absorb, fold, over
from symbackprop.shapes import SCALAR, Shape, shape
from symbackprop.statements import equal
from symbackprop.substitution import substitute

TWO = Fraction(2)
SLIDE = "slide “Weight Decay”"
# the loss with its penalty, the penalty, how much of it counts, and the learning rate
TOTAL, PENALTY, DECAY, RATE = Named("J"), Named("R"), Named("lambda"), Named("eta")
EXAMPLES = index("N")


def squared(e: Expr, kind: str = "2") -> Power:
    """`‖e‖_2²`, or with "F" `‖e‖_F²`."""
    return Power(Norm(e, kind), TWO)


class Decayed(MLP):
    """The network with weight decay: `J = L + λ R`, `R = Σ_{l=0}^L ‖W̃_l‖_F²`.

    Where bias units are counted, `W̃_l` is `W_l` without its last column and `S_l = Ĩ Ĩᵀ = diag(1, …, 1, 0)`, of `n_l`
    entries; elsewhere `W_l` itself stands for `W̃_l`. `x_i` and `y_i` are the examples of a training set.
    """

    def penalized(self, layer: Dim) -> Expr:
        """What the penalty is on in a layer: its weights without the biases."""
        return WithoutBias(Weight(layer)) if self.augmented else Weight(layer)

    def selection(self, layer: Dim) -> Expr:
        """`S_l`, which drops what stands in the bias column."""
        kept = WithoutBias(Identity(width(layer)))
        return kept @ kept.T

    def _equations(self) -> tuple[Equation, ...]:
        l, k = index("l"), index("k")
        penalty = IndexedSum("k", dim(0), self.depth, squared(self.penalized(k), "F"))
        selection = Equation(Named("S", l), self.selection(l), "l", dim(0), self.depth, abbreviates=True)
        return (
            *super()._equations(),
            *((selection,) if self.augmented else ()),
            Equation(PENALTY, penalty),
            Equation(TOTAL, LOSS + DECAY @ PENALTY),
        )

    def _uses(self, variable: Variable, known: Bounds) -> list[Equation]:
        """Where a variable is used on the way to the loss: penalty and total are computed after it, or beside it."""
        return self.unpenalized._uses(variable, known)

    @property
    def unpenalized(self) -> MLP:
        """The same network without the penalty."""
        return MLP(**self.options)

    def _shape_of(self, variable: Variable) -> Shape:
        match variable:
            case Named("J" | "R" | "lambda" | "eta", None):
                return SCALAR
            case Named("S", layer) if layer is not None:
                self._within(variable, layer, 0, self.depth)
                return self.normal(width(layer)), self.normal(width(layer))
            case Named("x", example) if example is not None:
                return self.normal(width(dim(0))), ONE
            case Named("y", example) if example is not None:
                return self.normal(width(self.depth + 1)), ONE
        return super()._shape_of(variable)


def decayed(network: MLP) -> Decayed:
    """The same network with weight decay."""
    return Decayed(**network.options)


# --- the gradient of the penalty -------------------------------------------------------------------------------------


@rule("sum rule", source="the derivative is linear")
def sum_rule(e: Expr, context: Context) -> Rewritten | None:
    r"""∂J/∂W = ∂L/∂W + λ ∂R/∂W, where J = L + λ R and λ has nothing to do with W        shape: as W"""
    match e:
        case Partial(Variable() as of, Variable() as wrt, False):
            equation = context.network.definition(of, context.known)
            if equation is None or not isinstance(equation.right, expr.Sum):
                return None
            if any(shape(factor, context.network) != SCALAR for t in equation.right.terms for factor in factors_of(t)):
                return None
            parts = tuple(
                product_of((*factors_of(t)[:-1], Partial(factors_of(t)[-1], wrt))) for t in equation.right.terms
            )
            return Rewritten(expr.Sum(parts), (equal(of, equation.right), ", and derivatives add up."))
    return None


@rule("only one layer", source="definition of the penalty")
def only_one_layer(e: Expr, context: Context) -> Rewritten | None:
    r"""∂(Σ_k a_k)/∂W_l = ∂a_l/∂W_l, where W_l stands in a_l only        shape: as W_l"""
    match e:
        case Partial(Variable() as of, Variable(index=Dim() as layer) as wrt, False):
            equation = context.network.definition(of, context.known)
            match None if equation is None else equation.right:
                case IndexedSum(name, low, high, body) as total if wrt.name in {
                    part.name for part in _variables(body) if part.index == index(name)
                }:
                    if not (at_most(low, layer, context.known) and at_most(layer, high, context.known)):
                        raise LookupError(f"whether {low} ≤ {layer} ≤ {high} is not known")
                    why: Reason = (equal(of, total), ", of which only one term has ", wrt, " in it.")
                    return Rewritten(Partial(substitute(body, {name: layer}), wrt), why)
    return None


def _variables(e: Expr) -> list[Variable]:
    from symbackprop.tree import subterms

    return [part for _, part in subterms(e) if isinstance(part, Variable)]


@rule("gradient of a squared Frobenius norm", source="Petersen and Pedersen 2012, equation 115")
def frobenius_gradient(e: Expr, context: Context) -> Rewritten | None:
    r"""∂‖W‖_F²/∂W = 2 W and ∂‖W̃_l‖_F²/∂W_l = 2 W_l S_l, S_l = diag(1, …, 1, 0)        shape: as W_l"""
    match e:
        case Partial(Power(Norm(WithoutBias(inner), "F"), power), Weight(layer) as wrt, False) if inner == wrt:
            made: Product = number(2) @ wrt @ Named("S", layer)
        case Partial(Power(Norm(inner, "F"), power), Variable() as wrt, False) if inner == wrt:
            made = number(2) @ wrt
        case _:
            return None
    if power != TWO:
        return None
    return Rewritten(made, ("The norm squared is the sum of the squares of the entries, differentiated one by one.",))


def entry_of_gradient(network: Decayed) -> Derivation:
    """`∂‖W̃_l‖_F²/∂W_{l,p,q} = … = (2 W_l S_l)_{p,q}`, entry by entry."""
    l, i, k, p, q = (index(name) for name in "likpq")
    kept = network.penalized(l)
    rows, columns = network.normal(units(l + 1)), network.normal(units(l) if network.augmented else width(l))
    known = {"l": (dim(0), network.depth), "p": (ONE, rows), "q": (ONE, network.normal(width(l)))}
    at = Entry(Weight(l), p, q)
    one = Entry(kept, i, k)

    def both(body: Expr) -> Expr:
        return IndexedSum("i", ONE, rows, IndexedSum("k", ONE, columns, body))

    gradient: Expr = number(2) @ Weight(l)
    if network.augmented:
        gradient = gradient @ Named("S", l)
    slopes = both(number(2) @ one @ Kronecker(i, p) @ Kronecker(k, q))
    left = number(2) @ IndexedSum("k", ONE, columns, Entry(kept, p, k) @ Kronecker(k, q))
    start = Derivation(Partial(squared(kept, "F"), at), network, known=known, title="Entry by entry")
    made = start.by(multiplied_out(Partial(both(Power(one, TWO)), at), "definition of the norm"))
    made = made.by(multiplied_out(slopes, "derivative of an entry", ("An entry depends on itself only.",)))
    made = made.by(
        multiplied_out(
            left,
            "one row is left",
            (
                "The sum over ",
                expr.Size(i),
                " has one term that is not 0.",
            ),
        )
    )
    why: Reason = ("There is such a ", expr.Size(k), " unless ", expr.Size(q), " is the place of the bias.")
    return made.by(multiplied_out(Entry(gradient, p, q), "read as a matrix", why if network.augmented else ()))


# --- singular values and the Frobenius norm --------------------------------------------------------------------------


def root_of_squares(A: Expr) -> SquareRoot:
    """`√(Σ_i σ_{i,i}(A)²)`."""
    return SquareRoot(SpectralSum("i", A, Power(SingularValueAt(A, index("i")), TWO)))


@rule("the Frobenius norm by singular values", source=SLIDE)
def by_singular_values(e: Expr, context: Context) -> Rewritten | None:
    r"""‖A‖_F = √(Σ_i σ_{i,i}(A)²)        shapes: A is m×n"""
    match e:
        case Norm(A, "F"):
            return Rewritten(
                root_of_squares(A), ("The sum of the squares of the entries is the trace of ", A.T @ A, ".")
            )
    return None


@rule("the Frobenius norm from singular values", source=SLIDE)
def as_frobenius(e: Expr, context: Context) -> Rewritten | None:
    r"""√(Σ_i σ_{i,i}(A)²) = ‖A‖_F        shapes: A is m×n"""
    match e:
        case SquareRoot(SpectralSum(_, A)) if e == root_of_squares(A):
            return Rewritten(Norm(A, "F"), ("As derived above.",))
    return None


@rule("one of the singular values", relation="≤", source="no square is negative")
def one_of_all(e: Expr, context: Context) -> Rewritten | None:
    r"""σ_{1,1}(A) ≤ √(Σ_i σ_{i,i}(A)²)        shapes: scalars"""
    match e:
        case SingularValue(A, which) if which == LARGEST:
            return Rewritten(root_of_squares(A), ("Its square is one of the terms, and none is negative.",))
    return None


@rule("the Frobenius norm bounds the spectral norm", relation="≤", source="Horn and Johnson 2013, problem 5.6.P23")
def below_frobenius(e: Expr, context: Context) -> Rewritten | None:
    r"""σ_{1,1}(A) = σ_{1,1}(Aᵀ) ≤ ‖A‖_F        shapes: scalars"""
    match e:
        case SingularValue(A, which) if which == LARGEST:
            inner = A.operand if isinstance(A, expr.Transpose) else A
            return Rewritten(
                Norm(inner, "F"), ("The largest singular value is one of those in ", Norm(inner, "F"), ".")
            )
    return None


# --- the Jacobian of the output --------------------------------------------------------------------------------------


@rule("chain rule to the output", source="slide 1, for the output in place of the loss")
def to_output(e: Expr, context: Context) -> Rewritten | None:
    r"""∂ŷ/∂v = (∂u/∂v) ∂ŷ/∂u, where v is used in u alone        shapes: dim v × dim u · dim u × dim ŷ"""
    match e:
        case Partial(PreActivation() as of, (Hidden() | PreActivation()) as wrt, False) if of != wrt:
            uses = context.network.uses(wrt, context.known)
            if len(uses) != 1:
                return None
            slope = jacobian(Partial(uses[0].left, wrt), context)
            if slope is None:
                return None
            used = equal(uses[0].left, uses[0].right)
            why: Reason = ("The output depends on ", wrt, " only through ", used, ", differentiated entry by entry.")
            return Rewritten(slope.after @ Partial(of, uses[0].left), why, slope.subproofs)
    return None


@rule("a column by itself", source="definition of the derivative")
def by_itself(e: Expr, context: Context) -> Rewritten | None:
    r"""∂v/∂v = I        shape: dim v × dim v"""
    match e:
        case Partial(Variable() as of, wrt, False) if of == wrt and shape(of, context.network)[1] == ONE:
            return Rewritten(Identity(shape(of, context.network)[0]), ("Each entry depends on itself only.",))
    return None


def output_by_input(network: MLP) -> Derivation:
    """`∂ŷ/∂x = W_0ᵀ ∏_{l=1}^L [D_l W_lᵀ]`, by induction from the input to the output, for every depth from 1 on."""
    L, m, y_hat = network.depth, index("m"), network.output
    factor = layer_factor(network, "m", known={"m": (dim(1), L)})
    body = substitute(factor, {"m": index("l")})
    start = Derivation(Partial(y_hat, network.input), network).by(to_output)
    first = factors_of(start.result)[:-1]
    claim = product_of((*first, over("l", 1, m - 1, body), Partial(y_hat, PreActivation(m))))

    def layer(begin: Derivation) -> Derivation:
        return begin.by(to_output).by(to_output).by(absorb)

    rule = induction("m", claim, 1, L + 1, lambda begin: begin.by(fold("l", body, 1, 0)), layer)
    return start.by(rule, at=(), dots="…").by(by_itself).by(identity_out, at=())
