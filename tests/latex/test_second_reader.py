"""A corpus of scalar formulas, read by us and by latex2sympy2, and what each of them means, by value at 50 digits.

What a formula means is Python over mpmath, written by hand. Where the two readers part, `scalar_differences.json` says
which of them is right, and the test holds it to that.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import cache, singledispatch
from pathlib import Path
from typing import Any

import mpmath
import pytest
import sympy
from mpmath import mpf

from symbackprop import expr
from symbackprop.dims import dim
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr
from symbackprop.from_sympy import from_sympy
from symbackprop.latex.parse import parse
from symbackprop.primitives import Pairwise
from symbackprop.quantities import Quantities
from symbackprop.substitution import substitute

HERE = Path(__file__).parent
CORPUS = json.loads((HERE / "scalar_corpus.json").read_text(encoding="utf-8"))
FORMULAS: dict[str, dict[str, Any]] = {each["latex"]: each for each in CORPUS["formulas"]}
DIFFERENCES: dict[str, dict[str, str]] = {
    each["latex"]: each for each in json.loads((HERE / "scalar_differences.json").read_text(encoding="utf-8"))
}
CLASSES = sorted({each["class"] for each in FORMULAS.values()})
DIGITS, GUARD = 50, 20

needs_latex2sympy2 = pytest.mark.skipif(
    sys.version_info >= (3, 13) or importlib.util.find_spec("latex2sympy2") is None,
    reason="latex2sympy2 is not installed here, or does not import on this Python",
)


@pytest.fixture(autouse=True)
def _digits() -> Iterator[None]:
    with mpmath.workdps(DIGITS + GUARD):
        yield


# --- points, and functions -------------------------------------------------------------------------------------------

Point = Mapping[str, Fraction]


def points(formula: Mapping[str, Any]) -> list[Point]:
    names = formula.get("points", ["first", "second"])
    return [{v: Fraction(CORPUS["points"][name][v]) for v in formula["scalars"]} for name in names]


def number(value: Fraction) -> Any:
    return mpf(value.numerator) / value.denominator


def sigmoid(z: Any) -> Any:
    return 1 / (1 + mpmath.exp(-z))


# of a generic function nothing is known: any two polynomials that are neither even nor odd
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sigmoid": sigmoid,
    "f": lambda z: z**2 - z / 3,
    "g": lambda z: z**3 + 2 * z + z**2,
}


def same(one: Any, two: Any) -> bool:
    return bool(abs(one - two) < mpf(10) ** -DIGITS * max(1, abs(two)))


# --- what it means ---------------------------------------------------------------------------------------------------

PYTHON = ("mpf", "exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "sinh", "cosh", "atan", "log1p", "expm1", "fabs")
PYTHON += ("hypot", "e", "pi")


def meant(formula: Mapping[str, Any], at: Point) -> Any:
    names = {name: getattr(mpmath, name) for name in PYTHON} | {"max": max, "min": min} | FUNCTIONS
    names |= {("lam" if name == "lambda" else name): number(value) for name, value in at.items()}
    return mpf(0) + eval(formula["means"], names)


# --- our reading -----------------------------------------------------------------------------------------------------


def named(variable: expr.Variable) -> str:
    """`w_12` for the member 12 of the family w."""
    return re.sub(r"[{}]", "", str(variable))


@singledispatch
def value(e: Expr, at: Point) -> Any:
    """The value of a scalar of the tree, by what its nodes say they are."""
    raise TypeError(f"{type(e).__name__} is no scalar that this test has a value for: {e}")


@value.register
def _(e: expr.Variable, at: Point) -> Any:
    return number(at[named(e)])


@value.register
def _(e: expr.Entry, at: Point) -> Any:
    return number(at[f"{e.operand}_{e.row}"])


@value.register
def _(e: expr.Number, at: Point) -> Any:
    return number(e.value)


@value.register
def _(e: expr.Size, at: Point) -> Any:
    return mpf(e.size.value({}, lambda kind, layer: 0))


@value.register
def _(e: expr.Sum, at: Point) -> Any:
    return mpmath.fsum(value(term, at) for term in e.terms)


@value.register
def _(e: expr.Product, at: Point) -> Any:
    return mpmath.fprod(value(factor, at) for factor in e.factors)


@value.register
def _(e: expr.Negative, at: Point) -> Any:
    return -value(e.operand, at)


@value.register
def _(e: expr.Quotient, at: Point) -> Any:
    return value(e.numerator, at) / value(e.denominator, at)


@value.register
def _(e: expr.Power, at: Point) -> Any:
    base = value(e.base, at)
    return base**e.exponent.numerator if e.exponent.denominator == 1 else mpmath.power(base, number(e.exponent))


@value.register
def _(e: expr.SquareRoot, at: Point) -> Any:
    return mpmath.sqrt(value(e.operand, at))


@value.register
def _(e: Pairwise, at: Point) -> Any:
    return {"max": max, "min": min}[e.kind](value(e.left, at), value(e.right, at))


@value.register
def _(e: expr.Elementwise, at: Point) -> Any:
    plain = {"abs": mpmath.fabs, "arctan": mpmath.atan}
    function = FUNCTIONS.get(e.function) or plain.get(e.function) or getattr(mpmath, e.function)
    inner = value(e.operand, at)
    return mpmath.diff(function, inner, e.order, h=mpf(10) ** -35, relative=True) if e.order else function(inner)


@value.register
def _(e: expr.IndexedSum | expr.IndexedProduct, at: Point) -> Any:
    lower, upper = (bound.value({}, lambda kind, layer: 0) for bound in (e.lower, e.upper))
    parts = [value(substitute(e.body, {e.index: dim(k)}), at) for k in range(lower, upper + 1)]
    return mpmath.fsum(parts) if isinstance(e, expr.IndexedSum) else mpmath.fprod(parts)


def network_of(formula: Mapping[str, Any]) -> Quantities:
    """A network of the scalars of a formula, or of a column of them where a sum counts through its entries."""
    return Quantities(formula.get("column") or dict.fromkeys(formula["scalars"], ()))


@cache
def ours(latex: str) -> Expr | str:
    """The tree that we read, or the sentence that refuses the formula."""
    try:
        found = parse(latex, network=network_of(FORMULAS[latex]))
    except SymbackpropError as error:
        return str(error)
    assert isinstance(found, Expr), f"{latex} is read as the statement {found!r}"
    return found


def our_reading_is_right(formula: Mapping[str, Any]) -> bool:
    found = ours(formula["latex"])
    return isinstance(found, Expr) and all(same(value(found, at), meant(formula, at)) for at in points(formula))


# --- the reading of latex2sympy2 -------------------------------------------------------------------------------------


def second_readings(texts: list[str], *options: str) -> list[dict[str, str]]:
    """What latex2sympy2 makes of each formula, one after the other in one process of its own."""
    run = subprocess.run(
        [sys.executable, str(HERE / "second_reader.py"), *options],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: list[dict[str, str]] = json.loads(run.stdout)
    return found


# recorded by `second_reader.py --record`, of which a part is read again below
THEIRS: dict[str, str] = {
    latex: found["read"]
    for latex, found in json.loads((HERE / "scalar_second_readings.json").read_text(encoding="utf-8")).items()
}


@cache
def in_sympy(read: str) -> Any:
    with sympy.evaluate(False):
        return eval(read, dict(vars(sympy)))


def symbol_name(symbol: Any) -> str:
    r"""`\hat{y}` is yhat, `x_{12}` is x_12, `\varepsilon` is epsilon."""
    found = re.fullmatch(r"\\(hat|bar|tilde)\{(\w)\}", symbol.name)
    return found[2] + found[1] if found else re.sub(r"[{}]", "", symbol.name).removeprefix("\\").removeprefix("var")


def second_value(read: str, at: Point) -> Any:
    """The value of what latex2sympy2 read; None where it has none, a symbol being nothing that the formula has."""
    e = in_sympy(read).doit()
    for name, function in (
        ("sigmoid", lambda z: 1 / (1 + sympy.exp(-z))),
        ("f", FUNCTIONS["f"]),
        ("g", FUNCTIONS["g"]),
    ):
        for written in ("\\sigma", "sigma") if name == "sigmoid" else (name,):
            e = e.replace(sympy.Function(written), function)
    known = {symbol: at[symbol_name(symbol)] for symbol in e.free_symbols if symbol_name(symbol) in at}
    found = sympy.N(e.subs({s: sympy.Rational(v.numerator, v.denominator) for s, v in known.items()}), DIGITS + GUARD)
    return mpmath.mpmathify(found) if found.is_number else None


def second_reading_is_right(formula: Mapping[str, Any], read: str) -> bool:
    found = [(second_value(read, at), meant(formula, at)) for at in points(formula)]
    return all(one is not None and same(one, two) for one, two in found)


# --- the corpus ------------------------------------------------------------------------------------------------------


def test_the_corpus_has_300_formulas_and_every_listed_difference_is_of_one_of_them() -> None:
    assert len(CORPUS["formulas"]) == len(FORMULAS) >= 300
    assert DIFFERENCES.keys() <= FORMULAS.keys()
    for name in ("first", "second"):
        values = [Fraction(text) for text in CORPUS["points"][name].values()]
        assert len(set(values)) == len(values), "two variables of one value cannot be told apart"
        assert all(value.denominator > 1 for value in values)


def test_what_it_means_is_what_was_computed_on_paper() -> None:
    known = [each for each in FORMULAS.values() if "value" in each]
    assert len(known) >= 40
    assert not [each["latex"] for each in known if meant(each, {}) != number(Fraction(each["value"]))]


# --- the readers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLASSES)
def test_we_read_what_is_meant_or_refuse_it(name: str) -> None:
    wrong = {}
    for latex, each in FORMULAS.items():
        if each["class"] != name or not each["means"]:
            continue
        if DIFFERENCES.get(latex, {}).get("right") == "theirs":
            assert isinstance(ours(latex), str), f"{latex} is read now: strike it from the differences"
        elif not our_reading_is_right(each):
            wrong[latex] = str(ours(latex))
    assert wrong == {}


def test_a_wrong_reading_is_noticed() -> None:
    for latex, mistaken in (
        ("w x + b", "w*x - b"),
        (r"\ln x", "log(x)/log(10)"),
        (r"\sigma(-z) + \sigma(z)", "2/(1 + exp(-z))"),
    ):
        assert our_reading_is_right(FORMULAS[latex])
        assert not our_reading_is_right({**FORMULAS[latex], "means": mistaken})
    assert second_reading_is_right(FORMULAS["w x + b"], THEIRS["w x + b"])
    assert not second_reading_is_right({**FORMULAS["w x + b"], "means": "w*x - b"}, THEIRS["w x + b"])


def test_we_refuse_what_has_two_readings() -> None:
    read = {latex: ours(latex) for latex, each in FORMULAS.items() if not each["means"]}
    assert len(read) > 2
    assert {latex: str(found) for latex, found in read.items() if isinstance(found, Expr)} == {}


def test_both_readers_agree_but_for_the_listed_differences() -> None:
    assert THEIRS.keys() == FORMULAS.keys()
    for latex, formula in FORMULAS.items():
        listed = DIFFERENCES.get(latex)
        if formula["means"] is None:
            assert listed is not None, f"{latex} has two readings: list it"
            assert listed["right"] == "neither", latex
            continue
        right = {"ours": our_reading_is_right(formula), "theirs": second_reading_is_right(formula, THEIRS[latex])}
        if listed is None:
            assert right == {"ours": True, "theirs": True}, f"{latex}: {right}, {THEIRS[latex]}"
        else:
            assert right == {"ours": listed["right"] == "ours", "theirs": listed["right"] == "theirs"}, latex


@needs_latex2sympy2
def test_what_latex2sympy2_keeps_does_not_reach_the_next_formula() -> None:
    texts = ["x y", "dZ W", "x y", "x = 3", "x y"]
    first, _, third, _, last = second_readings(texts)
    assert first == third == last == {"read": "Mul(Symbol('x'), Symbol('y'))"}
    # and without emptying its variables it does
    assert "TypeError" in second_readings(texts, "--as-it-is")[2].get("error", "")


@needs_latex2sympy2
def test_latex2sympy2_still_reads_what_was_recorded() -> None:
    sample = list(FORMULAS)[::24]
    for latex, found in zip(sample, second_readings(sample), strict=True):
        for at in points(FORMULAS[latex]):
            one, two = (second_value(read, at) for read in (found["read"], THEIRS[latex]))
            assert (one is None and two is None) or same(one, two), latex


# tan is in no table, π has no node, and a power has a number as its exponent or as its base
NOT_TAKEN = [
    r"\tan x",
    r"\frac{\sin(x)}{\cos(x)} - \tan(x)",
    r"1 + \tan^2 x",
    r"\pi x",
    r"\sum_{k=0}^{3} x^k",
]


def test_what_latex2sympy2_read_is_taken_over_with_its_value() -> None:
    refused = []
    taken = 0
    for latex, formula in FORMULAS.items():
        if not formula["means"] or not second_reading_is_right(formula, THEIRS[latex]):
            continue
        try:
            tree = from_sympy(in_sympy(THEIRS[latex]), network_of(formula))
        except SymbackpropError:
            refused.append(latex)
            continue
        taken += 1
        assert all(same(value(tree, at), meant(formula, at)) for at in points(formula)), f"{latex}: {tree}"
    assert sorted(refused) == sorted(NOT_TAKEN)
    assert taken > 300
