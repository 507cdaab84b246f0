"""Functions with a name of their own: softmax, traces, diagonals, extremes of two, moments, singular values."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from symbackprop import expr, magnitudes
from symbackprop.chance import Expectation, Gaussian, Variance
from symbackprop.dataset import Prediction
from symbackprop.dims import ONE, Dim
from symbackprop.expr import Expr
from symbackprop.latex import surface as s
from symbackprop.latex.calls import NAMED, Arguments, Call, Maker, named, no_scripts, one_argument, unary
from symbackprop.latex.meaning import read
from symbackprop.latex.meaning_dims import as_dim
from symbackprop.latex.parts import measured, square
from symbackprop.latex.readings import Reader, Reading, Readings, over
from symbackprop.latex.sizes import shaped
from symbackprop.latex.surface import Surface
from symbackprop.primitives import DiagonalPart, Pairwise, Trace
from symbackprop.shapes import SCALAR


@named("tr", "Tr", "trace", "Trace")
def _(call: Call, arguments: Arguments) -> Readings:
    no_scripts(call)

    def made(parts: tuple[Reading, ...], _: object) -> Reading:
        part = square(parts[0], call.reader)
        return measured(Trace(part.tree), [part], call.reader, call.at)

    return call.reader.one_of([one_argument(call, arguments)], call.at, made)


@unary("Var", "var", "𝕍")
def _(e: Expr) -> Expr:
    return Variance(e)


@unary("E", "𝔼")
def _(e: Expr) -> Expr:
    return Expectation(e)


def _along(kind: type[expr.Softmax] | type[expr.LogSumExp]) -> Maker:
    """Of a vector, or of each row or column of a matrix: of rows where data are rows, or where it says so."""

    def maker(call: Call, arguments: Arguments) -> Readings:
        by_row = isinstance(call.sub, s.Letter | s.Prose) and call.sub.text in ("row", "rows")
        no_scripts(replace(call, sub=None) if by_row else call)

        def made(parts: tuple[Reading, ...], _: object) -> Reading:
            rows, columns = parts[0].size
            by_rows = by_row or rows == ONE or (columns != ONE and call.reader.scope.notation.data == "rows")
            tree = kind(parts[0].tree, "row" if by_rows and (rows, columns) != SCALAR else "column")
            return measured(tree, parts, call.reader, call.at)

        return call.reader.one_of([one_argument(call, arguments)], call.at, made)

    return maker


for _name in ("softmax", "Softmax", "SoftMax"):
    NAMED[_name] = _along(expr.Softmax)
for _name in ("logsumexp", "LSE", "LogSumExp"):
    NAMED[_name] = _along(expr.LogSumExp)


@named("diag", "Diag")
def _(call: Call, arguments: Arguments) -> Readings:
    no_scripts(call)

    def made(parts: tuple[Reading, ...], _: object) -> Reading:
        (part,) = parts
        rows, columns = part.size
        size = call.reader.scope.length(part.size)
        if size is not None:
            return over(expr.Diagonal(part.tree), (size, size), call.at, parts)
        if ONE in (rows, columns):
            size = columns if rows == ONE else rows
            turned = over(expr.Transpose(part.tree), (columns, rows), part.mark.span, parts)
            return over(expr.Diagonal(turned.tree), (size, size), call.at, [turned])
        part = square(part, call.reader)
        return measured(DiagonalPart(part.tree), [part], call.reader, call.at)

    return call.reader.one_of([one_argument(call, arguments)], call.at, made)


@named("sqrt")
def _(call: Call, arguments: Arguments) -> Readings:
    no_scripts(call)
    return [
        over(expr.SquareRoot(part.tree), SCALAR, call.at, [part]) if part.is_scalar else _entrywise_root(part, call)
        for part in one_argument(call, arguments)
    ]


def _entrywise_root(part: Reading, call: Call) -> Reading:
    from symbackprop.groups import EntrywisePower

    return over(EntrywisePower(part.tree, Fraction(1, 2)), part.shape, call.at, [part])


@named("max", "min")
def _(call: Call, arguments: Arguments) -> Readings:
    no_scripts(call)
    if len(arguments) != 2:
        raise call.reader.error(f"{call.name} is of two here: write \\{call.name}(0, z)", call.at)

    def made(parts: tuple[Reading, ...], found: object) -> Reading:
        one, two = parts
        if one.is_number or two.is_number:
            size = two.shape if one.is_number else one.shape
            return over(Pairwise(call.name, one.tree, two.tree), size, call.at, parts, {**one.found, **two.found})
        after = call.reader.same(one.shape, two.shape, {**one.found, **two.found})
        if after is None:
            sizes = [call.reader.scope.written(part.size) for part in parts]
            raise call.reader.nonconforming(
                f"cannot take the {call.name} of {call.reader.source(one.mark.span)} ({sizes[0]}) and "
                f"{call.reader.source(two.mark.span)} ({sizes[1]}): both must have the same shape",
                call.at,
                one.tree,
                two.tree,
            )
        return over(Pairwise(call.name, one.tree, two.tree), one.shape, call.at, parts, after)

    return call.reader.one_of(arguments, call.at, made)


def _refused(words: str) -> Maker:
    def refuse(call: Call, arguments: Arguments) -> Readings:
        raise call.reader.error(words, call.at)

    return refuse


for _name, _words in {
    "vec": "vec(…) stacks a matrix into a column, for which there is no operation here: write the matrix itself",
    "det": "the determinant is none of the operations here: leave it out, or give it a name",
    "rank": "the rank is none of the operations here: leave it out",
    "sum": r"sum(…) does not say over what: write \sum_{k=1}^{n} with the index in what is summed",
    "mean": r"mean(…) does not say over what: write \frac{1}{n} \sum_{k=1}^{n} with the index in what is summed",
    "sign": "sign(…) is none of the functions here: write z/|z|, or the derivative of |z|",
    "dim": "the dimension is none of the operations here: write its letter",
}.items():
    NAMED[_name] = _refused(_words)


# --- singular values -------------------------------------------------------------------------------------------------


def singular(call: Call, arguments: Arguments) -> Readings:
    """`σ_{1,1}(A)`, `σ_max(A)`, `σ_{i,i}(A)`."""
    where = place_of(call.sub, call.reader)
    if where is None:
        raise call.reader.error(
            r"these indices name no singular value: write \sigma_{1,1}, \sigma_{n,n} or \sigma_{i,i}", call.at
        )

    def tree(of: Expr) -> Expr:
        if isinstance(where, str):
            return expr.SingularValue(of, where)
        assert isinstance(where, Dim)
        return magnitudes.SingularValueAt(of, where)

    made = one_argument(call, arguments)
    is_one = isinstance(call.sub, s.Numeral | s.Letter) and call.sub.text not in ("max", "min", "11")
    if is_one and any(ONE in part.size for part in made):
        raise call.reader.error(
            f"{call.reader.source(call.at)!r} may be a singular value, or an activation that is marked with a layer: "
            r"write \sigma_{1,1}(…), or \sigma(…)",
            call.at,
        )
    return [over(tree(part.tree), SCALAR, call.at, [part]) for part in made]


def place_of(sub: Surface | None, reader: Reader) -> str | Dim | None:
    parts = sub.parts if isinstance(sub, s.Listed) else sub.factors if isinstance(sub, s.Term) else (sub,)
    if len(parts) > 2 or (len(parts) == 2 and parts[0] != parts[1]):
        return None
    match parts[0]:
        case s.Letter(text="max"):
            return expr.LARGEST
        case s.Letter(text="min"):
            return expr.SMALLEST
        case s.Letter(text="n") if "n" not in reader.bound:
            return expr.SMALLEST
        case s.Numeral(text="11") if len(parts) == 1:
            return expr.LARGEST
        case s.Surface() as one:
            at = as_dim(one, reader)
            return expr.LARGEST if at == ONE else at
    return None


# --- what has a letter of its own ------------------------------------------------------------------------------------


def normal(call: Call, arguments: Arguments) -> Readings:
    no_scripts(call)
    if len(arguments) != 2:
        raise call.reader.error(
            r"a normal distribution has a mean and a covariance: write \mathcal{N}(\vec{0}, I)", call.at
        )

    def made(parts: tuple[Reading, ...], found: object) -> Reading:
        mean, covariance = parts
        size = mean.shape[1 if call.reader.scope.turned else 0]
        after = call.reader.same(call.reader.scope.vector(size), mean.shape, {**mean.found, **covariance.found})
        if after is not None:
            after = call.reader.same((size, size), covariance.shape, after)
        if after is None:
            sizes = [call.reader.scope.written(part.size) for part in parts]
            raise call.reader.nonconforming(
                f"the covariance ({sizes[1]}) needs as many rows and columns as the mean ({sizes[0]}) has entries",
                call.at,
                mean.tree,
                covariance.tree,
            )
        return over(
            Gaussian(mean.tree, covariance.tree), shaped(call.reader.scope.vector(size), after), call.at, parts, after
        )

    return call.reader.one_of(arguments, call.at, made)


def loss_of(call: Call, arguments: Arguments) -> Readings:
    """`L(ŷ, y)`: a scalar function of its arguments."""
    no_scripts(call)
    return call.reader.one_of(
        arguments,
        call.at,
        lambda parts, found: over(
            expr.Function(expr.LOSS.name, tuple(part.tree for part in parts)), SCALAR, call.at, parts, found
        ),
    )


def prediction(call: Call, parts: tuple[Surface, ...]) -> Readings:
    """`f(x; {W_l})`."""
    if len(parts) != 2:
        raise call.reader.error("a prediction is of one input and its parameters: write f(x; W)", call.at)
    return call.reader.one_of(
        [read(part, call.reader) for part in parts],
        call.at,
        lambda chosen, _: measured(
            Prediction(call.reader.scope.function_name(call.head), *(each.tree for each in chosen)),
            chosen,
            call.reader,
            call.at,
        ),
    )
