"""The expression tree: immutable nodes for what the lecture writes with scalars, vectors and matrices.

Nodes never rewrite themselves: `A.T.T` stays `A.T.T` until a rule changes it. Only `@`, `*` and `+` flatten, because
products and sums are n-ary here. What a node means is said by its readers (shape, value, layout, …), each in its
own file as a `functools.singledispatch` function, so that a new primitive can be added from outside.
"""

from __future__ import annotations

from fractions import Fraction

from symbackprop.dims import Dim, dim
from symbackprop.keeping import keep
from symbackprop.tree import Node, node


class Expr(Node):
    """A scalar, vector or matrix. `@` and `*` make a `Product`, `+` a `Sum`, `.T` a `Transpose`."""

    def __matmul__(self, other: Expr) -> Product:
        return Product((*factors_of(self), *factors_of(other)))

    __mul__ = __matmul__

    def __add__(self, other: Expr) -> Sum:
        left = self.terms if isinstance(self, Sum) else (self,)
        right = other.terms if isinstance(other, Sum) else (other,)
        return Sum((*left, *right))

    def __neg__(self) -> Negative:
        return Negative(self)

    def __sub__(self, other: Expr) -> Sum:
        return self + Negative(other)

    @property
    def T(self) -> Transpose:
        return Transpose(self)


# --- variables -------------------------------------------------------------------------------------------------------


class Variable(Expr):
    """A named quantity of a network, possibly one of a family: `z_l` is the family `z` at index `l`."""

    name: str
    index: Dim | None

    def __str__(self) -> str:
        if self.index is None:
            return self.name
        text = str(self.index)
        return f"{self.name}_{text}" if len(text) == 1 else f"{self.name}_{{{text}}}"


@node
class Named(Variable):
    """A variable of a network that is not the lecture's."""

    name: str
    index: Dim | None = None


class _Layered(Variable):
    """A family of the lecture's network, indexed by layer; an integer is taken as a dim."""

    __match_args__ = ("index",)
    index: Dim
    _operands = ()

    def __init_subclass__(cls) -> None:
        cls._fields = ("index",)

    def __init__(self, index: Dim | int) -> None:
        keep(self, "index", dim(index))

    def _values(self) -> tuple[Dim]:
        return (self.index,)


class PreActivation(_Layered):
    """`z_l`, column of `n_l - 1` pre-activations; `z_{L+1}` is the output `ŷ`, `n_{L+1}` entries."""

    name = "z"


class Hidden(_Layered):
    """`h_l`, column of `n_l` hidden units, the last of them the bias unit 1; `h_0` is the input `x`."""

    name = "h"


class Weight(_Layered):
    """`W_l`, the weights from layer `l` to layer `l+1`, `(n_{l+1}-1) × n_l`; `W_L` is `n_{L+1} × n_L`."""

    name = "W"


class Bias(_Layered):
    """`b_l`, the bias column added to `W_l h_l` in a network without bias units."""

    name = "b"


@node
class Target(Variable):
    """`y`, the column that the output is compared with."""

    name = "y"
    index = None


@node
class Loss(Variable):
    """`L`, the loss, a scalar."""

    name = "L"
    index = None


LOSS = Loss()


# --- constants -------------------------------------------------------------------------------------------------------


@node
class Number(Expr):
    """A rational number."""

    value: Fraction

    def __str__(self) -> str:
        return str(self.value)


@node
class Size(Expr):
    """A dim used as a scalar, as `n_{l+1} - 1` in the mean over the units of a layer."""

    size: Dim

    def __str__(self) -> str:
        return str(self.size)


@node
class Identity(Expr):
    """`I`, `size × size`."""

    size: Dim

    def __str__(self) -> str:
        return "I"


@node
class Kronecker(Expr):
    """`δ_{i,k}`: 1 where both indices are equal, else 0."""

    one: Dim
    two: Dim

    def __str__(self) -> str:
        return f"δ_{{{self.one},{self.two}}}"


@node
class Zeros(Expr):
    """The column of zeros, `size × 1`."""

    size: Dim

    def __str__(self) -> str:
        return "0"


@node
class Ones(Expr):
    """The column of ones, `size × 1`."""

    size: Dim

    def __str__(self) -> str:
        return "1"


def number(value: int | Fraction) -> Number:
    return Number(Fraction(value))


# --- parts of a matrix -----------------------------------------------------------------------------------------------


@node
class Entry(Expr):
    """The scalar `v_i` of a column, or `A_{i,k}` of a matrix; indices count from 1."""

    operand: Expr
    row: Dim
    column: Dim | None = None

    def __str__(self) -> str:
        return f"{_inner(self.operand)}[{self.row}{'' if self.column is None else f',{self.column}'}]"


@node
class Row(Expr):
    """Row `row` of a matrix, `1 × columns`; of `W_l` it is the weight row `w_{l,j}`."""

    operand: Expr
    row: Dim

    def __str__(self) -> str:
        return f"{_inner(self.operand)}[{self.row},:]"


@node
class Column(Expr):
    """Column `column` of a matrix, `rows × 1`; the last one of `W_l` is the bias of the units in layer `l+1`."""

    operand: Expr
    column: Dim

    def __str__(self) -> str:
        return f"{_inner(self.operand)}[:,{self.column}]"


@node
class Columns(Expr):
    """The columns `first … last` of a matrix, `rows × (last - first + 1)`."""

    operand: Expr
    first: Dim
    last: Dim

    def __str__(self) -> str:
        return f"{_inner(self.operand)}[:,{self.first}…{self.last}]"


@node
class WithoutBias(Expr):
    """`W̃`: a matrix without its last column, which multiplies the bias unit."""

    operand: Expr

    def __str__(self) -> str:
        return f"{self.operand}~"


@node
class ColumnAt(Expr):
    """`(0 … v … 0)`: the column `v` placed as column `column` of a matrix with `width` columns, zero elsewhere."""

    vector: Expr
    column: Dim
    width: Dim

    def __str__(self) -> str:
        return f"(0…{self.vector}…0)"


# --- operations ------------------------------------------------------------------------------------------------------


@node
class Transpose(Expr):
    operand: Expr

    def __str__(self) -> str:
        return f"{_inner(self.operand)}ᵀ"


@node
class Product(Expr):
    """The ordered product of two or more factors; a scalar factor may stand anywhere."""

    factors: tuple[Expr, ...]

    def __str__(self) -> str:
        return " ".join(_inner(f) for f in self.factors)


def factors_of(e: Expr) -> tuple[Expr, ...]:
    """The factors of a product, or the expression alone."""
    return e.factors if isinstance(e, Product) else (e,)


def product_of(factors: tuple[Expr, ...]) -> Expr:
    """The product of one or more factors; one factor is itself."""
    return factors[0] if len(factors) == 1 else Product(factors)


@node
class Hadamard(Expr):
    """The entrywise product of factors of one shape."""

    factors: tuple[Expr, ...]

    def __str__(self) -> str:
        return " ⊙ ".join(_inner(f) for f in self.factors)


@node
class Sum(Expr):
    """The sum of two or more terms of one shape."""

    terms: tuple[Expr, ...]

    def __str__(self) -> str:
        first, *rest = self.terms
        signed = (f" - {_inner(t.operand)}" if isinstance(t, Negative) else f" + {t}" for t in rest)
        return str(first) + "".join(signed)


@node
class Negative(Expr):
    operand: Expr

    def __str__(self) -> str:
        return f"-{_inner(self.operand)}"


@node
class Quotient(Expr):
    """Anything divided by a scalar."""

    numerator: Expr
    denominator: Expr

    def __str__(self) -> str:
        return f"{_inner(self.numerator)}/{_inner(self.denominator)}"


@node
class Power(Expr):
    """A scalar to a rational power."""

    base: Expr
    exponent: Fraction

    def __str__(self) -> str:
        return f"{_inner(self.base)}^{self.exponent}"


@node
class SquareRoot(Expr):
    """The square root of a nonnegative scalar."""

    operand: Expr

    def __str__(self) -> str:
        return f"√{_inner(self.operand)}"


@node
class Diagonal(Expr):
    """`diag(v)`, the square matrix with the column `v` on its diagonal."""

    operand: Expr

    def __str__(self) -> str:
        return f"diag({self.operand})"


@node
class Elementwise(Expr):
    """A function of one variable, or its `order`-th derivative, applied to each entry."""

    function: str
    operand: Expr
    order: int = 0

    def __str__(self) -> str:
        return f"{self.function}{'′' * self.order}({self.operand})"


@node
class LayerMap(Expr):
    """`ψ(v)`: the activation applied to each entry, then the bias unit 1 appended."""

    function: str
    operand: Expr

    def __str__(self) -> str:
        return f"ψ({self.operand})"


@node
class ActivationJacobian(Expr):
    """`D_l = ∂h_l/∂z_l = (diag g'(z_l) | 0)`, the rectangular Jacobian of `LayerMap`: one more column than rows."""

    function: str
    operand: Expr

    def __str__(self) -> str:
        inside = self.operand.index if isinstance(self.operand, Variable) else self.operand
        return f"D_{inside}" if len(str(inside)) == 1 else f"D_{{{inside}}}"


@node
class Function(Expr):
    """A scalar function of several columns about which nothing is known: the generic loss `L(ŷ, y)`."""

    name: str
    arguments: tuple[Expr, ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.arguments))})"


@node
class LogSumExp(Expr):
    """`log Σ_k exp v_k` of a column, a scalar.

    Of a matrix n × N it is that of each column, 1 × N, or `along` "row" that of each row, n × 1.
    """

    operand: Expr
    along: str = "column"

    def __str__(self) -> str:
        return f"logsumexp{'' if self.along == 'column' else '_row'}({self.operand})"


@node
class Softmax(Expr):
    """`exp v / Σ_k exp v_k` of a column; of a matrix that of each of its columns, or `along` "row" of each row."""

    operand: Expr
    along: str = "column"

    def __str__(self) -> str:
        return f"softmax{'' if self.along == 'column' else '_row'}({self.operand})"


@node
class Norm(Expr):
    """`‖v‖_2`, or of a matrix the spectral norm; `kind` is "2", "F", or for a column or row "1": `Σ_i |v_i|`."""

    operand: Expr
    kind: str = "2"

    def __str__(self) -> str:
        return f"‖{self.operand}‖_{self.kind}"


LARGEST, SMALLEST, LEAST_NONZERO = "largest", "smallest", "least nonzero"


@node
class SingularValue(Expr):
    """`σ_{1,1}(A)`, the largest singular value, or `σ_{n,n}(A)`, the smallest.

    `SMALLEST` is `inf ‖A v‖` over unit vectors, so 0 where there are more columns than rows; `LEAST_NONZERO` is the
    other reading of the lecture's words, the smallest of those that are not 0.
    """

    operand: Expr
    which: str = LARGEST

    def __str__(self) -> str:
        return f"σ_{'1,1' if self.which == LARGEST else 'n,n'}({self.operand})"


@node
class Partial(Expr):
    """`∂of/∂wrt`. Denominator layout: `dim wrt × dim of`, and for a scalar `of` the shape of `wrt`.

    In numerator layout (`numerator=True`) it is the transpose of that.
    """

    of: Expr
    wrt: Expr
    numerator: bool = False

    def __str__(self) -> str:
        return f"∂{self.of}/∂{self.wrt}"


@node
class IndexedProduct(Expr):
    """`∏_{index=lower}^{upper} body`, ordered left to right by rising index, or by falling index (`descending`).

    `lower` is the least index in either case. It is empty, the identity, where `upper = lower - 1`.
    """

    index: str
    lower: Dim
    upper: Dim
    body: Expr
    descending: bool = False

    def __str__(self) -> str:
        return f"∏_{{{self.index}={self.lower}}}^{{{self.upper}}}[{self.body}]"


@node
class IndexedSum(Expr):
    """`Σ_{index=lower}^{upper} body`."""

    index: str
    lower: Dim
    upper: Dim
    body: Expr

    def __str__(self) -> str:
        return f"Σ_{{{self.index}={self.lower}}}^{{{self.upper}}} {_inner(self.body)}"


def _inner(e: Expr) -> str:
    return f"({e})" if isinstance(e, Sum | Negative | Quotient | Hadamard | Product) else str(e)
