"""Random networks, grown from the primitives that have an adjoint rule: 2 to 8 equations, seeded.

Every expression is grown for a shape: a production is drawn among those that can make it, and its operands are grown
for the shapes that they need. Variables are used again more often than new ones are made, so that weights are shared
and diamonds arise. Sizes are letters or numbers; some networks have a recurrent cell over t = 1 … T in them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random

from symbackprop import expr
from symbackprop.dims import ONE, Dim, dim, index
from symbackprop.equations import Equation
from symbackprop.expr import LOSS, Elementwise, Expr, Hadamard, Named, Negative, Ones, Product, Quotient, Sum, number
from symbackprop.forward import ForwardNetwork, targets_sum_to_one
from symbackprop.groups import EntrywisePower
from symbackprop.primitives import DiagonalPart, EntrywiseQuotient, Pairwise, Rows, Stacked, Trace
from symbackprop.shapes import SCALAR, Shape, shape
from symbackprop.tree import subterms

# numbers for the letters, all different, so that nothing conforms by accident
NUMBERS = {"n": 2, "m": 3, "p": 4, "T": 3}
SMOOTH = [
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "softplus",
    "gelu",
    "silu",
    "abs",
    "huber",
    "sin",
    "cos",
    "arctan",
    "erf",
    "square",
    "sign",
    "step",
    "softsign",
    "hard_tanh",
    "mish",
    "log_sigmoid",
    "identity",
]
POSITIVE = ("log", "sqrt", "reciprocal")
GROWING = ("exp", "sinh", "cosh")
DEEPEST = 3
TIME = index("t")


@dataclass(frozen=True)
class Grown:
    """A network with the numbers for its letters.

    Attributes:
        targets: the names of variables that sum to 1.
    """

    network: ForwardNetwork
    sizes: dict[str, int]
    targets: frozenset[str]


@dataclass
class Grower:
    """What is there to grow from."""

    random: Random
    sizes: tuple[Dim, ...]
    shapes: dict[Named, Shape] = field(default_factory=dict)
    pool: list[tuple[Named, Shape]] = field(default_factory=list)
    unused: list[Named] = field(default_factory=list)
    made: int = 0

    def size(self) -> Dim:
        """One of the sizes of the network, or 1."""
        return self.random.choice((*self.sizes, *self.sizes, ONE))

    def wide(self) -> Dim:
        """One of the sizes that are not 1."""
        return self.random.choice(self.sizes)

    def parameter(self, rows: Dim, columns: Dim) -> Named:
        """A new input or parameter."""
        self.made += 1
        made = Named(f"a{self.made}")
        self.shapes[made] = (rows, columns)
        self.pool.append((made, (rows, columns)))
        return made

    def leaf(self, rows: Dim, columns: Dim) -> Expr:
        """A variable of a shape: one that no equation uses yet, one that is there, or a new one."""
        there = [v for v, found in self.pool if found == (rows, columns)]
        fresh = [v for v in there if v in self.unused]
        chosen = self.random.choice(fresh if fresh and self.random.random() < 0.6 else there) if there else None
        if chosen is None or self.random.random() < 0.2:
            return self.parameter(rows, columns)
        if chosen in self.unused:
            self.unused.remove(chosen)
        return chosen

    def grow(self, rows: Dim, columns: Dim, depth: int) -> Expr:
        """An expression of a shape."""
        if depth <= 0 or self.random.random() < 0.15:
            return self.leaf(rows, columns)
        own = SCALARS if (rows, columns) == SCALAR else ()
        for _ in range(6):
            made = self.random.choice((*own, *ANY))(self, rows, columns, depth - 1)
            if made is not None:
                return made
        return self.leaf(rows, columns)

    def positive(self, rows: Dim, columns: Dim, depth: int) -> Expr:
        """An expression with positive entries."""
        inner = self.grow(rows, columns, depth)
        if (rows, columns) == SCALAR:
            return Sum((number(1), expr.Power(inner, Fraction(2))))
        match self.random.randrange(4):
            case 0:
                return Elementwise("exp", Elementwise("tanh", inner))
            case 1:
                return Elementwise("softplus", inner)
            case 2:
                return Elementwise("sigmoid", inner)
        return ones(rows, columns) + Hadamard((inner, inner))

    def compute(self, right: Expr, extent: Shape) -> Equation:
        """A new equation; what it computes is used by a later one."""
        self.made += 1
        left = Named(f"u{self.made}")
        self.shapes[left] = extent
        self.pool.append((left, extent))
        self.unused.append(left)
        return Equation(left, right)


def ones(rows: Dim, columns: Dim) -> Expr:
    """1 in every entry."""
    if columns == ONE:
        return Ones(rows)
    return Ones(columns).T if rows == ONE else Ones(rows) @ Ones(columns).T


Production = Callable[[Grower, Dim, Dim, int], Expr | None]


# --- of any shape -----------------------------------------------------------------------------------------------------


def _sum(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    made = g.grow(r, c, d) + g.grow(r, c, d)
    return made + g.leaf(r, c) if g.random.random() < 0.3 else made


def _difference(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    return g.grow(r, c, d) - g.grow(r, c, d)


def _negative(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    return Negative(g.grow(r, c, d))


def _hadamard(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    if (r, c) == SCALAR:
        return None
    count = g.random.choice((2, 2, 2, 3))
    return Hadamard(tuple(g.grow(r, c, d) for _ in range(count)))


def _squared(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    """`e ⊙ e` of one variable."""
    if (r, c) == SCALAR:
        return None
    inner = g.leaf(r, c)
    return Hadamard((inner, inner))


def _product(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    inner = g.wide() if g.random.random() < 0.8 else ONE
    return g.grow(r, inner, d) @ g.grow(inner, c, d)


def _scaled(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    front = g.grow(ONE, ONE, d) if g.random.random() < 0.7 else number(g.random.choice((2, 3, -1, Fraction(1, 2))))
    parts = (front, g.grow(r, c, d))
    return Product(parts if g.random.random() < 0.8 else parts[::-1])


def _quadratic(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    """`X B Xᵀ` of one variable."""
    if r != c or r == ONE:
        return None
    k = g.wide()
    left = g.leaf(r, k)
    return left @ g.grow(k, k, d) @ left.T


def _function(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    return Elementwise(g.random.choice(SMOOTH), g.grow(r, c, d))


def _steep(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    return Elementwise(g.random.choice(GROWING), Elementwise(g.random.choice(("tanh", "sin")), g.grow(r, c, d)))


def _of_positive(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    return Elementwise(g.random.choice(POSITIVE), g.positive(r, c, d))


def _entrywise_power(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    if (r, c) == SCALAR:
        return None
    exponent = g.random.choice((Fraction(-1, 2), Fraction(3), Fraction(1, 2)))
    return EntrywisePower(g.positive(r, c, d), exponent)


def _quotient(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    return Quotient(g.grow(r, c, d), g.positive(ONE, ONE, d))


def _entrywise_quotient(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    return None if (r, c) == SCALAR else EntrywiseQuotient(g.grow(r, c, d), g.positive(r, c, d))


def _pairwise(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    kind = g.random.choice(("max", "min"))
    if g.random.random() < 0.3:
        both = (number(g.random.choice((0, 0, Fraction(1, 3)))), g.grow(r, c, d))
        return Pairwise(kind, *(both if g.random.random() < 0.5 else both[::-1]))
    return Pairwise(kind, g.grow(r, c, d), g.grow(r, c, d))


def _transpose(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    return g.grow(c, r, d).T


def _rows(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    if r == ONE:
        return None
    other = g.wide()
    whole = g.grow(r + other, c, d)
    return Rows(whole, ONE, r) if g.random.random() < 0.5 else Rows(whole, other + 1, other + r)


def _columns(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    if c == ONE:
        return None
    other = g.wide()
    whole = g.grow(r, c + other, d)
    return expr.Columns(whole, ONE, c) if g.random.random() < 0.5 else expr.Columns(whole, other + 1, other + c)


def _without_bias(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    return expr.WithoutBias(g.grow(r, c + 1, d))


def _two_parts(g: Grower, size: Dim) -> tuple[Dim, Dim] | None:
    """The size as a sum of two of the network's, one of them perhaps 1."""
    for first in (*g.sizes, ONE):
        rest = size - first
        if rest in (*g.sizes, ONE):
            return first, rest
    return None


def _stacked(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    axis = g.random.choice(("rows", "columns"))
    found = _two_parts(g, r if axis == "rows" else c)
    if found is None:
        return None
    extents = [(size, c) if axis == "rows" else (r, size) for size in found]
    return Stacked(tuple(g.grow(*extent, d) for extent in extents), axis)


def _layer_map(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    if c != ONE or r - 1 not in g.sizes:
        return None
    return expr.LayerMap(g.random.choice(("tanh", "sigmoid", "softplus")), g.grow(r - 1, ONE, d))


def _row(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    return expr.Row(g.grow(g.wide(), c, d), dim(g.random.choice((1, 2)))) if r == ONE else None


def _column(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    return expr.Column(g.grow(r, g.wide(), d), dim(g.random.choice((1, 2)))) if c == ONE else None


def _column_at(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    return None if c == ONE else expr.ColumnAt(g.grow(r, ONE, d), dim(g.random.choice((1, 2))), c)


def _diagonal(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    return expr.Diagonal(g.grow(r, ONE, d)) if r == c != ONE else None


def _diagonal_part(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    return DiagonalPart(g.grow(r, r, d)) if c == ONE != r else None


def _identity(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    return expr.Identity(r) + g.grow(r, r, d) if r == c != ONE else None


def _broadcast(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    """A bias beside every column or every row."""
    if ONE in (r, c):
        return None
    if g.random.random() < 0.5:
        return g.grow(r, c, d) + g.grow(r, ONE, d) @ Ones(c).T
    return g.grow(r, c, d) + Ones(r) @ g.grow(ONE, c, d)


def _mean(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    """The mean over the columns, or over the rows."""
    if c == ONE:
        k = g.wide()
        return Quotient(g.grow(r, k, d) @ Ones(k), expr.Size(k))
    if r == ONE:
        k = g.wide()
        return Quotient(Ones(k).T @ g.grow(k, c, d), expr.Size(k))
    return None


def _softmax(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    along = _along(g, r, c)
    return None if along is None else expr.Softmax(g.grow(r, c, d), along)


def _log_softmax(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    made = _softmax(g, r, c, d)
    return None if made is None else Elementwise("log", made)


def _along(g: Grower, r: Dim, c: Dim) -> str | None:
    ways = [way for way, size in (("column", r), ("row", c)) if size != ONE]
    return g.random.choice(ways) if ways else None


def _log_sum_exp(g: Grower, r: Dim, c: Dim, d: int) -> Expr | None:
    if r == ONE and (c != ONE or g.random.random() < 0.5):
        return expr.LogSumExp(g.grow(g.wide(), c, d), "column")
    return expr.LogSumExp(g.grow(r, g.wide(), d), "row") if c == ONE else None


ANY: tuple[Production, ...] = (
    _sum,
    _difference,
    _negative,
    _hadamard,
    _squared,
    _product,
    _product,
    _product,
    _scaled,
    _quadratic,
    _function,
    _function,
    _steep,
    _of_positive,
    _entrywise_power,
    _quotient,
    _entrywise_quotient,
    _pairwise,
    _transpose,
    _rows,
    _columns,
    _without_bias,
    _stacked,
    _stacked,
    _layer_map,
    _row,
    _column,
    _column_at,
    _diagonal,
    _diagonal_part,
    _identity,
    _broadcast,
    _mean,
    _softmax,
    _log_softmax,
    _log_sum_exp,
)


# --- scalars ----------------------------------------------------------------------------------------------------------


def _norm(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    kind = g.random.choice(("2", "F", "1"))
    columns = g.wide() if kind == "F" else ONE
    return expr.Norm(g.grow(g.wide(), columns, d), kind)


def _squared_norm(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    return expr.Power(_norm(g, r, c, d), Fraction(2))


def _trace(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    k = g.wide()
    return Trace(g.grow(k, k, d))


def _bilinear(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    k = g.wide()
    return g.grow(k, ONE, d).T @ g.grow(k, ONE, d)


def _power(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    if g.random.random() < 0.5:
        return expr.Power(g.grow(ONE, ONE, d), Fraction(g.random.choice((2, 3))))
    return expr.Power(g.positive(ONE, ONE, d), g.random.choice((Fraction(1, 2), Fraction(-1), Fraction(3, 2))))


def _root(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    return expr.SquareRoot(g.positive(ONE, ONE, d))


def _entry(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    if g.random.random() < 0.5:
        return expr.Entry(g.grow(g.wide(), ONE, d), dim(g.random.choice((1, 2))))
    return expr.Entry(g.grow(g.wide(), g.wide(), d), dim(g.random.choice((1, 2))), dim(g.random.choice((1, 2))))


def _total(g: Grower, r: Dim, c: Dim, d: int) -> Expr:
    """A sum over the entries of a column, of a product or a function of them."""
    k, i = g.wide(), index("i")
    entry = expr.Entry(g.leaf(k, ONE), i)
    other: Expr = expr.Entry(g.leaf(k, ONE), i)
    match g.random.randrange(3):
        case 0:
            return expr.IndexedSum("i", ONE, k, entry @ other)
        case 1:
            return expr.IndexedSum("i", ONE, k, Elementwise("tanh", entry) @ other)
    return expr.IndexedSum("i", ONE, k, expr.Power(entry - other, Fraction(2)))


SCALARS: tuple[Production, ...] = (
    _norm,
    _squared_norm,
    _squared_norm,
    _trace,
    _bilinear,
    _bilinear,
    _power,
    _root,
    _entry,
    _total,
    _total,
)


# --- networks ---------------------------------------------------------------------------------------------------------


def grown(seed: int) -> Grown:
    """The network of a seed."""
    random = Random(seed)
    letters = random.random() < 0.7
    names = ["n", "m", "p"][: random.choice((2, 3))]
    sizes = tuple(index(name) if letters else dim(NUMBERS[name]) for name in names)
    g = Grower(random, sizes)
    equations: list[Equation] = []
    if random.random() < 0.2:
        equations.append(_cell(g, index("T") if letters else dim(NUMBERS["T"])))
    count = random.randint(2, 8)
    while len(equations) < count - 1:
        extent = (g.wide(), g.size()) if random.random() < 0.8 else (g.size(), g.wide())
        if random.random() < 0.1:
            extent = SCALAR
        right = g.grow(*extent, random.choice((1, 1, 2, 2, DEEPEST)))
        if isinstance(right, Named):
            right = Elementwise(random.choice(SMOOTH), right)
        equations.append(g.compute(right, extent))
    right, targets = _loss(g, equations)
    equations.append(Equation(LOSS, right))
    parts = [part for each in equations for side in (each.left, each.right) for _, part in subterms(side)]
    used = {part.name for part in parts if isinstance(part, Named)}
    network = ForwardNetwork(equations, {v: extent for v, extent in g.shapes.items() if v.name in used})
    if targets:
        network.assumed = targets_sum_to_one(network)
    return Grown(network, {name: NUMBERS[name] for name in network.sizes}, targets)


def _cell(g: Grower, last: Dim) -> Equation:
    """`h_t = f(h_{t-1}, x_t, …)`, of which the last one is used further on."""
    size = g.wide()
    h, x = Named("h", TIME), Named("x", TIME)
    before = Named("h", TIME - 1)
    g.shapes |= {h: (size, ONE), x: (g.wide(), ONE)}
    g.pool = [(before, (size, ONE)), (x, g.shapes[x])]
    inner = g.grow(size, ONE, 2)
    way = g.parameter(size, size) @ before
    right: Expr = way + inner if g.random.random() < 0.7 else Hadamard((way, inner))
    if g.random.random() < 0.8:
        right = Elementwise(g.random.choice(("tanh", "sigmoid", "relu", "softplus")), right)
    end = Named("h", last)
    g.pool = [(v, found) for v, found in g.pool if v.index is None] + [(end, (size, ONE))]
    g.unused.append(end)
    return Equation(h, right, "t", ONE, last)


def _loss(g: Grower, equations: list[Equation]) -> tuple[Expr, frozenset[str]]:
    """A scalar of everything that no equation uses yet."""
    terms: list[Expr] = []
    targets = frozenset[str]()
    columns = [v for v, found in g.pool if v in g.unused and found[1] == ONE != found[0]]
    if columns and g.random.random() < 0.25:
        scores = columns[-1]
        g.unused.remove(scores)
        soft = g.compute(expr.Softmax(scores), g.shapes.get(scores) or (dict(g.pool)[scores]))
        equations.append(soft)
        g.unused.remove(soft.left)  # type: ignore[arg-type]
        rows = dict(g.pool)[scores][0]
        y = Named("y")
        g.shapes[y] = (rows, ONE)
        targets = frozenset({"y"})
        terms.append(Negative(y.T @ Elementwise("log", soft.left)))
    for name, found in (("h", g.shapes.get(Named("h", TIME))),):
        if found is not None and g.random.random() < 0.5:
            upper = equations[0].upper
            inner = expr.Power(expr.Norm(Named(name, TIME) - Named("x", TIME)), Fraction(2))
            if g.shapes[Named("x", TIME)] != found:
                inner = expr.Power(expr.Norm(Elementwise("sin", Named(name, TIME))), Fraction(2))
            terms.append(expr.IndexedSum("t", ONE, upper, inner))
    for variable, extent in [(v, found) for v, found in g.pool if v in g.unused]:
        terms.append(_ending(g, variable, extent))
    if not terms or g.random.random() < 0.3:
        terms.append(g.grow(ONE, ONE, 2))
    return (terms[0] if len(terms) == 1 else Sum(tuple(_flat(terms)))), targets


def _flat(terms: list[Expr]) -> list[Expr]:
    return [part for term in terms for part in (term.terms if isinstance(term, Sum) else (term,))]


def _ending(g: Grower, variable: Named, extent: Shape) -> Expr:
    """A scalar of a variable."""
    if extent == SCALAR:
        return g.random.choice((variable, expr.Power(variable, Fraction(2))))
    rows, columns = extent
    match g.random.randrange(4):
        case 0:
            return expr.Power(expr.Norm(variable, "F" if ONE not in extent else "2"), Fraction(2))
        case 1:
            target = g.parameter(rows, columns)
            half = number(Fraction(1, 2))
            return half @ expr.Power(expr.Norm(variable - target, "F" if ONE not in extent else "2"), Fraction(2))
        case 2:
            return Ones(rows).T @ variable @ Ones(columns) if columns != ONE else Ones(rows).T @ variable
    return g.grow(ONE, rows, 1) @ variable @ g.grow(columns, ONE, 1)


def nodes(network: ForwardNetwork) -> set[str]:
    """The names of the kinds of nodes in its equations."""
    return {type(part).__name__ for equation in network.equations for _, part in subterms(equation.right)}


def conforms(network: ForwardNetwork) -> bool:
    """Whether both sides of every equation have one shape."""
    return all(network.shape_of(e.left) == shape(e.right, network) for e in network.equations)
