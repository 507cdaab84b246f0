"""What the kernel proves of random lines with norms and singular values holds for random matrices, wide ones too."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce

import numpy as np
import pytest

from symbackprop import expr
from symbackprop.derivation import Context, Derivation, Rule, Step, within
from symbackprop.dims import ONE, dim, index
from symbackprop.errors import SymbackpropError
from symbackprop.expr import (
    LARGEST,
    SMALLEST,
    Expr,
    IndexedProduct,
    Named,
    Norm,
    Power,
    Product,
    Quotient,
    SingularValue,
)
from symbackprop.judges import kernel, theorems
from symbackprop.judges.outcome import Proved
from symbackprop.magnitudes import Extreme
from symbackprop.quantities import Quantities
from symbackprop.rules import norms, slopes
from symbackprop.shapes import shape
from symbackprop.substitution import replace_at
from symbackprop.tree import Path, rebuild, subterms

Array = np.ndarray
SPACE = Quantities(
    {"A": ("n", "n"), "B": ("n", "n"), "W": ("m", "n"), "V": ("m", "n"), "u": ("n",), "v": ("n",), "s": (), "t": ()}
)
KNOWN = SPACE.bounds
n, m, l, i = index("n"), index("m"), index("l"), index("i")
WHICH = (LARGEST, SMALLEST)
SIZES = ((2, 3), (3, 2), (1, 2), (2, 1), (1, 1), (3, 3))
ROUNDING = 1e-9
RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "≤": lambda a, b: a <= b + ROUNDING * (1 + abs(a) + abs(b)),
    "≥": lambda a, b: a >= b - ROUNDING * (1 + abs(a) + abs(b)),
    "=": lambda a, b: abs(a - b) <= ROUNDING * (1 + abs(a) + abs(b)),
}


# --- what a line is worth, by hand -----------------------------------------------------------------------------------


class Nowhere(Exception):
    """A root of a negative number, an empty maximum, a division by 0."""


def value(e: Expr, point: Mapping[str, Array], at: Mapping[str, int]) -> Array:
    def of(inner: Expr, **more: int) -> Array:
        return value(inner, point, {**at, **more})

    def number(inner: Expr, **more: int) -> float:
        return of(inner, **more).item()

    match e:
        case Named(name, None):
            return point[name]
        case Named(name, layer):
            return point[f"{name}{layer.value(at, None)}"]
        case expr.Number(one):
            return np.array([[float(one)]])
        case Product(parts):
            return reduce(lambda a, b: a * b if 1 in (a.size, b.size) else a @ b, map(of, parts))
        case expr.Sum(parts):
            return sum(map(of, parts))
        case expr.Negative(inner):
            return -of(inner)
        case expr.Transpose(inner):
            return of(inner).T
        case Quotient(above, below):
            if abs(number(below)) < 1e-12:
                raise Nowhere
            return of(above) / number(below)
        case Power(base, exponent):
            low = number(base)
            if (low < 0 and exponent.denominator > 1) or (abs(low) < 1e-12 and exponent < 0):
                raise Nowhere
            return np.array([[low ** float(exponent)]])
        case expr.SquareRoot(inner):
            if number(inner) < 0:
                raise Nowhere
            return np.sqrt(of(inner))
        case expr.Diagonal(inner):
            return np.diag(of(inner)[:, 0])
        case expr.Elementwise("abs", inner, 0):
            return np.abs(of(inner))
        case expr.Entry(inner, row, None):
            return of(inner)[row.value(at, None) - 1].reshape(1, 1)
        case expr.ColumnAt(inner, column, size):
            made = np.zeros((len(of(inner)), size.value(at, None)))
            made[:, column.value(at, None) - 1] = of(inner)[:, 0]
            return made
        case Norm(inner, kind):
            return np.array([[np.linalg.norm(of(inner), 2 if kind == "2" else "fro")]])
        case SingularValue(inner, which):
            found = of(inner)
            low = 0.0 if found.shape[0] < found.shape[1] else np.linalg.svd(found, compute_uv=False)[-1]
            return np.array([[np.linalg.norm(found, 2) if which == LARGEST else low]])
        case IndexedProduct(name, low, high, body):
            turns = [of(body, **{name: turn}) for turn in range(low.value(at, None), high.value(at, None) + 1)]
            if not turns:
                return np.eye(at["n"]) if shape(body, SPACE)[0] == n else np.ones((1, 1))
            return reduce(np.matmul, turns)
        case Extreme(kind, name, low, high, body):
            every = [number(body, **{name: turn}) for turn in range(low.value(at, None), high.value(at, None) + 1)]
            if not every:
                raise Nowhere
            return np.array([[(max if kind == "max" else min)(every)]])
    raise AssertionError(type(e))


def point(seed: int, sizes: Mapping[str, int]) -> dict[str, Array]:
    """Gaussian matrices, in turn some with entries 0 and some of less than full rank."""
    rng = np.random.default_rng(seed)
    made = {}
    for name, extents in {**shapes(), **{f"A{k}": (n, n) for k in range(6)}}.items():
        rows, columns = (size.value(sizes, None) for size in extents)
        drawn = rng.standard_normal((rows, columns))
        if seed % 3 == 1:
            drawn *= rng.random(drawn.shape) < 0.5
        if seed % 3 == 2 and min(rows, columns) > 1:
            drawn[-1] = drawn[0]
        made[name] = drawn
    return made


def shapes() -> dict[str, tuple]:
    return {name: SPACE.shape_of(Named(name)) for name in "ABWVuvst"}


def counterexample(left: Expr, relation: str, right: Expr) -> str:
    for seed, (rows, columns) in enumerate(SIZES * 3):
        sizes = {"m": rows, "n": columns}
        where = point(seed, sizes)
        try:
            one, two = (value(side, where, sizes) for side in (left, right))
        except Nowhere:
            continue
        for a, b in zip(one.flat, two.flat, strict=True):
            if not RELATIONS[relation](float(a), float(b)):
                return f"{left}  {relation}  {right}: {a} and {b} at m = {rows}, n = {columns}, seed {seed}"
    return ""


# --- random lines ----------------------------------------------------------------------------------------------------


class Lines:
    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)

    def scalar(self, depth: int) -> Expr:
        if depth <= 0:
            return self.draw.choice((Norm(self.column(0)), SingularValue(self.matrix(0), self.which()), Named("s")))
        return self.draw.choice(SCALARS)(self, depth - 1)

    def column(self, depth: int) -> Expr:
        if depth <= 0:
            return self.draw.choice((Named("u"), Named("v")))
        return self.draw.choice(COLUMNS)(self, depth - 1)

    def matrix(self, depth: int) -> Expr:
        """A square matrix."""
        if depth <= 0:
            return self.draw.choice((Named("A"), Named("B"), Named("W").T @ Named("V")))
        return self.draw.choice(MATRICES)(self, depth - 1)

    def wide(self, depth: int) -> Expr:
        """A matrix of any shape."""
        return self.draw.choice(
            (self.matrix(depth), Named("W") @ self.matrix(depth), self.matrix(depth) @ Named("V").T)
        )

    def which(self) -> str:
        return self.draw.choice(WHICH)

    def layers(self) -> tuple[int, int]:
        low = self.draw.randint(1, 3)
        return low, low + self.draw.randint(-1, 2)


def _layer(lines: Lines) -> Expr:
    a = Named("A", l)
    return lines.draw.choice((a, a.T, a @ Named("B"), Named("B") @ a.T, a @ a))


def _over(lines: Lines, body: Expr) -> Expr:
    low, high = lines.layers()
    return IndexedProduct("l", dim(low), dim(high), body)


SCALARS: tuple[Callable[[Lines, int], Expr], ...] = (
    lambda w, k: Norm(w.column(k)),
    lambda w, k: Norm(w.wide(k) @ w.column(k)),
    lambda w, k: Norm(w.column(k) @ w.column(k).T, "F"),
    lambda w, k: SingularValue(w.wide(k), w.which()),
    lambda w, k: SingularValue(expr.ColumnAt(w.column(k), ONE, w.draw.choice((n, dim(1), dim(2)))), w.which()),
    lambda w, k: Norm(w.wide(k), w.draw.choice("2F")),
    lambda w, k: w.scalar(k) @ w.scalar(k),
    lambda w, k: w.scalar(k) @ w.scalar(k) @ Norm(w.wide(k) @ w.column(k)),
    lambda w, k: Quotient(w.scalar(k), w.scalar(k)),
    lambda w, k: Power(w.scalar(k), Fraction(w.draw.choice((2, 1, -1, 3, -2)), w.draw.choice((1, 1, 2)))),
    lambda w, k: expr.SquareRoot(w.scalar(k)),
    lambda w, k: w.scalar(k) + w.scalar(k),
    lambda w, k: w.scalar(k) - w.scalar(k),
    lambda w, k: -w.scalar(k),
    lambda w, k: expr.Elementwise("abs", w.scalar(k)),
    lambda w, k: w.column(k).T @ w.matrix(k) @ w.matrix(k) @ w.column(k),
    lambda w, k: _over(w, SingularValue(_layer(w), w.which())),
    lambda w, k: _over(w, SingularValue(_layer(w), w.which()) @ w.scalar(k)),
    lambda w, k: Extreme(
        w.draw.choice(("max", "min")), "i", ONE, n, expr.Elementwise("abs", expr.Entry(w.column(k), i))
    ),
)
COLUMNS: tuple[Callable[[Lines, int], Expr], ...] = (
    lambda w, k: w.matrix(k) @ w.column(k),
    lambda w, k: w.scalar(k) @ w.column(k),
    lambda w, k: Quotient(w.column(k), w.scalar(k)),
    lambda w, k: _normed(w.column(k)),
    lambda w, k: _over(w, _layer(w)) @ w.column(k),
)
MATRICES: tuple[Callable[[Lines, int], Expr], ...] = (
    lambda w, k: w.matrix(k) @ w.matrix(k),
    lambda w, k: w.matrix(k).T,
    lambda w, k: w.scalar(k) @ w.matrix(k),
    lambda w, k: expr.Diagonal(w.column(k)),
    lambda w, k: _over(w, _layer(w)),
)


def _normed(e: Expr) -> Expr:
    return Quotient(e, Norm(e))


# --- what is done to them --------------------------------------------------------------------------------------------

RULES = (
    norms.bounded,
    norms.bounded_below,
    norms.submultiplicative,
    norms.supermultiplicative,
    norms.bounded_at_once,
    norms.bounded_below_at_once,
    norms.extreme_slope,
    norms.empty_bound,
    norms.as_largest,
    norms.at_unit_vector,
    norms.rank_one,
    slopes.square_dropped,
)


def rewritten(e: Expr, lines: Lines) -> tuple[Path, Expr, str] | None:
    """A place, what a rule makes of it or what a careless hand makes of it, and how they are said to relate."""
    places = list(subterms(e))
    lines.draw.shuffle(places)
    for where, part in places:
        for rule in lines.draw.sample(RULES, len(RULES)):
            made = rule(part, Context(SPACE, within(e, where, KNOWN)))
            if made is not None:
                return where, made.after, rule.relation
    return None


def careless(e: Expr, lines: Lines) -> Expr:
    """The same with one thing changed somewhere."""
    where, part = lines.draw.choice(list(subterms(e)))
    return replace_at(e, where, lines.draw.choice(SLIPS)(part, lines))


def _swapped(e: Expr, lines: Lines) -> Expr:
    if not isinstance(e, Product):
        return e
    parts = list(e.factors)
    lines.draw.shuffle(parts)
    return Product(tuple(parts))


def _dropped(e: Expr, lines: Lines) -> Expr:
    if not isinstance(e, Product) or len(e.factors) < 3:
        return e
    k = lines.draw.randrange(len(e.factors))
    return Product(e.factors[:k] + e.factors[k + 1 :])


def _other_end(e: Expr, lines: Lines) -> Expr:
    return SingularValue(e.operand, lines.which()) if isinstance(e, SingularValue) else e


def _other_layers(e: Expr, lines: Lines) -> Expr:
    return _over(lines, e.body) if isinstance(e, IndexedProduct) else e


def _over_itself(e: Expr, lines: Lines) -> Expr:
    other = lines.scalar(1) if lines.draw.random() < 0.5 else e
    return e @ Quotient(other, other) if shape(other, SPACE) == (ONE, ONE) else e


def _scalar_moved(e: Expr, lines: Lines) -> Expr:
    """`‖c a‖` as `c ‖a‖`, and back."""
    match e:
        case Norm(Product((c, *rest)), kind):
            return c @ Norm(rest[0] if len(rest) == 1 else Product(tuple(rest)), kind)
        case Product((c, Norm(inner, kind))):
            return Norm(c @ inner, kind)
        case Norm(Quotient(a, c), kind):
            return Quotient(Norm(a, kind), c)
    return e


SLIPS = (
    _swapped,
    _dropped,
    _other_end,
    _other_layers,
    _over_itself,
    _scalar_moved,
    _scalar_moved,
    lambda e, w: e.T,
    lambda e, w: w.scalar(1) @ e,
    lambda e, w: -e,
    lambda e, w: Norm(e.operand, "F") if isinstance(e, Norm) else e,
    lambda e, w: rebuild(e, tuple(reversed(list(e._values()[0])))) if isinstance(e, expr.Sum) else e,
)


def judged(left: Expr, relation: str, where: Path, part: Expr) -> bool:
    rule = Rule("made up", lambda e, context: part, "", relation)
    right = replace_at(left, where, part)
    step = Step(left, relation, right, rule, where, (), KNOWN)
    return isinstance(kernel.judge(step, Derivation(left, SPACE, (step,), KNOWN)), Proved)


def tried(seed: int) -> tuple[bool, str]:
    """Whether the kernel proves the line of a seed, and a counterexample if there is one."""
    lines = Lines(seed)
    left = lines.scalar(lines.draw.randint(1, 3))
    try:
        shape(left, SPACE)
        found = rewritten(left, lines) if lines.draw.random() < 0.7 else None
        where, part, relation = found or (*_somewhere(left, lines), "=")
        if lines.draw.random() < 0.5:
            part = careless(part, lines)
        if lines.draw.random() < 0.2:
            relation = lines.draw.choice(tuple(RELATIONS))
        right = replace_at(left, where, part)
        if left == right or shape(right, SPACE) != shape(left, SPACE):
            return False, ""
        if not judged(left, relation, where, part):
            return False, ""
    except (SymbackpropError, AttributeError):
        return False, ""
    return True, counterexample(left, relation, right)


def _somewhere(e: Expr, lines: Lines) -> tuple[Path, Expr]:
    where, part = lines.draw.choice(list(subterms(e)))
    return where, careless(part, lines)


# --- the search ------------------------------------------------------------------------------------------------------

EACH = 300


@pytest.mark.parametrize("first", range(0, 4 * EACH, EACH))
def test_what_the_kernel_proves_holds(first: int) -> None:
    found = [tried(seed) for seed in range(first, first + EACH)]
    assert sum(proved for proved, _ in found) > EACH // 8
    assert not [counter for _, counter in found if counter]


FALSE = {
    "factors in any order": ("=", lambda left, right, setting: _parts(left) == _parts(right)),
    "a norm is at least the largest value times a norm": ("≥", lambda left, right, setting: True),
    "any bound from above": ("≤", lambda left, right, setting: True),
}


def _parts(e: Expr) -> list[str]:
    return sorted(str(part) for _, part in subterms(e) if isinstance(part, Named))


@pytest.mark.parametrize(("relation", "holds"), FALSE.values(), ids=FALSE)
def test_the_search_finds_out_a_false_theorem(monkeypatch: pytest.MonkeyPatch, relation: str, holds: object) -> None:
    planted = theorems.Theorem("planted", relation, "nowhere", holds)
    monkeypatch.setattr(theorems, "THEOREMS", (planted, *theorems.THEOREMS))
    assert any(tried(seed)[1] for seed in range(4000))
