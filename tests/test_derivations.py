"""Every derivation, in every style, layout, bias mode and depth: each step proved, each result as on paper."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from symbackprop.derivation import Derivation
from symbackprop.dims import DEPTH as L
from symbackprop.dims import ONE, Bounds, Dim, dim, index, units, width
from symbackprop.errors import SymbackpropError
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    Bias,
    Column,
    ColumnAt,
    Diagonal,
    Elementwise,
    Expr,
    Hidden,
    IndexedProduct,
    Partial,
    PreActivation,
    Product,
    Row,
    Softmax,
    Target,
    Weight,
    WithoutBias,
)
from symbackprop.judges import entrywise, exact, kernel, numeric
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Proved, Refuted, Supported
from symbackprop.library import LAYOUTS, STYLES, derive, names
from symbackprop.network import BIASES, MLP
from symbackprop.shapes import shape
from symbackprop.tree import children, rebuild

NAMES = (
    "last_hidden",
    "preactivation",
    "hidden",
    "weight_row",
    "weight_gradient",
    "layer_weight_gradient",
    "weight_matrix",
    "bias",
    "input",
)
l, j, k, m = index("l"), index("j"), index("k"), index("m")
NETWORKS = {"L": {}, "1": {"depth": 1}, "2": {"depth": 2}, "3": {"depth": 3}, "4,5,6,3": {"widths": [4, 5, 6, 3]}}
GRID = [
    (name, style, bias, depth)
    for name, style, bias, depth in product(NAMES, STYLES, BIASES, NETWORKS)
    if not (name == "bias" and bias == "none")
]
EVERYWHERE = pytest.mark.parametrize(("name", "style", "bias", "depth"), GRID)
AT_DEPTH_L = pytest.mark.parametrize(
    ("name", "style", "bias"), [(name, style, bias) for name, style, bias, depth in GRID if depth == "L"]
)


@cache
def network_of(bias: str, depth: str) -> MLP:
    return MLP(bias=bias, **NETWORKS[depth])


@cache
def derived(name: str, style: str, bias: str, depth: str, layout: str = "denominator") -> Derivation:
    return derive(name, network_of(bias, depth), style=style, layout=layout)


def z(layer: Dim | int) -> PreActivation:
    return PreActivation(dim(layer))


def h(layer: Dim | int) -> Hidden:
    return Hidden(dim(layer))


def W(layer: Dim | int) -> Weight:
    return Weight(dim(layer))


def d(e: Expr) -> Partial:
    return Partial(LOSS, e)


def G(layer: Dim | int) -> Diagonal:
    return Diagonal(Elementwise("g", z(layer), 1))


def D(layer: Dim | int) -> ActivationJacobian:
    return ActivationJacobian("g", z(layer))


# --- the judges ------------------------------------------------------------------------------------------------------


def test_the_names_are_the_contract():
    # derivations that are added come after these
    assert names()[: len(NAMES)] == NAMES


@EVERYWHERE
def test_the_kernel_proves_every_step(name, style, bias, depth):
    made = derived(name, style, bias, depth)
    assert made.name == name
    assert made.steps
    assert all(isinstance(kernel.judge(step, made), Proved) for step in made.steps)
    assert {shape(line, made.network) for line in made.lines} == {made.shape()}


@pytest.mark.parametrize(("name", "bias"), [(n, b) for n, b in product(NAMES, BIASES) if (n, b) != ("bias", "none")])
def test_and_in_numerator_layout(name, bias):
    for style, depth in (("jacobian", "L"), ("hadamard", "2")):
        made = derived(name, style, bias, depth, "numerator")
        assert made.numerator
        assert all(isinstance(kernel.judge(step, made), Proved) for step in made.steps)


@AT_DEPTH_L
def test_the_exact_judge_supports_every_step(name, style, bias):
    made = derived(name, style, bias, "L")
    for step in made.steps:
        claim = Claim(step.before, step.relation, step.after, made.network, step.known)
        assert isinstance(exact.judge(claim), Supported)
        for proof in step.subproofs:
            if not proof.title.startswith(("Base", "Step")):
                continue
            inner = [Claim(s.before, s.relation, s.after, proof.network, s.known) for s in proof.steps]
            assert all(isinstance(exact.judge(claim), Supported) for claim in inner)


@pytest.mark.parametrize("name", NAMES)
def test_sympy_and_floats_support_the_whole(name):
    made = derived(name, "jacobian", "augmented", "L")
    claim = Claim(made.start, made.relation, made.result, made.network, made.known)
    assert isinstance(entrywise.judge(claim), Supported)
    assert isinstance(numeric.judge(claim), Supported)


def test_every_rule_of_a_step_is_named_and_has_a_reason():
    for name, style in product(NAMES, STYLES):
        for step in derived(name, style, "augmented", "L").steps:
            assert step.rule.name
            assert step.rule.source
            assert step.why


# --- the results -----------------------------------------------------------------------------------------------------


def closed(bias: str, lower: Dim | int, end: Dim) -> Expr:
    """`∏_{k=lower}^{L} [G_k W̃_kᵀ] ∂L/∂ŷ` (remarks on the lecture); without bias units `W_k` is whole."""
    weights = WithoutBias(W(k)) if bias == "augmented" else W(k)
    return IndexedProduct("k", dim(lower), end, G(k) @ weights.T) @ d(z(end + 1))


def on_paper(name: str, bias: str, end: Dim) -> tuple[Expr, Expr]:
    """What is asked for, and its closed form."""
    after = closed(bias, l + 1, end)
    bias_of = Column(W(l), width(l)) if bias == "augmented" else Bias(l)
    placed = ColumnAt(h(l), j, units(l + 1))
    return {
        "last_hidden": (d(h(end)), W(end).T @ d(z(end + 1))),
        "preactivation": (d(z(l)), closed(bias, l, end)),
        "hidden": (d(h(l)), W(l).T @ after),
        "weight_row": (d(Row(W(l), j).T), placed @ after),
        "weight_gradient": (d(Row(W(0), j).T), ColumnAt(h(0), j, units(1)) @ closed(bias, 1, end)),
        "layer_weight_gradient": (d(Row(W(l), j).T), placed @ after),
        "weight_matrix": (d(W(l)), after @ h(l).T),
        "bias": (d(bias_of), after),
        "input": (d(h(0)), W(0).T @ closed(bias, 1, end)),
    }[name]


@pytest.mark.parametrize(("name", "style", "bias", "depth"), [each for each in GRID if each[-1] not in "13"])
def test_results_are_the_closed_forms(name, style, bias, depth):
    made = derived(name, style, bias, depth)
    asked, right = on_paper(name, bias, made.network.depth)
    assert made.start == asked
    assert made.relation == "="
    assert isinstance(exact.judge(Claim(made.result, "=", right, made.network, made.known)), Supported)


@AT_DEPTH_L
def test_and_not_twice_that(name, style, bias):
    made = derived(name, style, bias, "L")
    _, right = on_paper(name, bias, L)
    assert isinstance(exact.judge(Claim(made.result, "=", right + right, made.network, made.known)), Refuted)


IDENTITIES: dict[str, tuple[Expr, Expr]] = {
    "D_l W_lᵀ = G_l W̃_lᵀ": (D(l) @ W(l).T, G(l) @ WithoutBias(W(l)).T),
    "∂L/∂z_1": (d(z(1)), closed("augmented", 1, L)),
    "∂L/∂W_0 = ∂L/∂z_1 xᵀ": (d(W(0)), d(z(1)) @ h(0).T),
    "in closed form": (d(W(0)), closed("augmented", 1, L) @ h(0).T),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_the_identity_that_makes_everything_short(name):
    left, right = IDENTITIES[name]
    assert isinstance(exact.judge(Claim(left, "=", right, MLP())), Supported)


def test_the_closed_form_ends_at_the_output_only():
    """The styles write different factors, and both write the last step to ŷ."""
    for style, body in (("jacobian", D(k) @ W(k).T), ("hadamard", G(k) @ WithoutBias(W(k)).T)):
        made = derived("input", style, "augmented", "L")
        product_of = IndexedProduct("l", ONE, L, _at(body, l))
        assert made.result == W(0).T @ product_of @ d(z(L + 1))


def _at(body: Expr, layer: Dim) -> Expr:
    return rebuild(body, tuple(_at(c, layer) for c in children(body)), lambda size: size.at({"k": layer}))


# --- the lecture's lines ---------------------------------------------------------------------------------------------

X = ColumnAt(h(0), j, units(1))
ALL_BUT_ONE = IndexedProduct("l", ONE, L - 1, D(l) @ W(l).T)
LINES: dict[str, Expr] = {
    "w0.given": X @ d(z(1)),
    "w0.1": X @ D(1) @ d(h(1)),
    "w0.2": X @ D(1) @ W(1).T @ d(z(2)),
    "w0.3": X @ D(1) @ W(1).T @ D(2) @ d(h(2)),
    "w0.4": X @ D(1) @ W(1).T @ D(2) @ W(2).T @ d(z(3)),
    "w0.5": X @ ALL_BUT_ONE @ d(z(L)),
    "w0.6": X @ ALL_BUT_ONE @ D(L) @ d(h(L)),
    "w0.7": X @ ALL_BUT_ONE @ D(L) @ W(L).T @ d(z(L + 1)),
    "w0.closed": X @ IndexedProduct("l", ONE, L, D(l) @ W(l).T) @ d(z(L + 1)),
}


def test_the_lines_are_the_lectures():
    made = derived("weight_gradient", "jacobian", "augmented", "L")
    assert made.start == d(Row(W(0), j).T)
    assert {step.shown.label: step.after for step in made.steps} == LINES
    assert [step.shown.label for step in made.steps] == list(LINES)


def test_each_line_follows_from_the_one_that_the_lecture_says():
    steps = {step.shown.label: step for step in derived("weight_gradient", "jacobian", "augmented", "L").steps}
    assert steps["w0.given"].rule.name == "row of the weights"
    for label in ("w0.1", "w0.3", "w0.6"):
        assert steps[label].rule.name == "through the activation"
    for label in ("w0.2", "w0.4", "w0.7"):
        assert steps[label].rule.name == "through the weights"
    assert steps["w0.5"].rule.name == "induction"
    assert steps["w0.5"].before == LINES["w0.given"]
    assert steps["w0.5"].shown.dots
    base, step = steps["w0.5"].subproofs
    assert step.start == X @ IndexedProduct("l", ONE, m - 1, D(l) @ W(l).T) @ d(z(m))
    assert base.result == X @ IndexedProduct("l", ONE, dim(0), D(l) @ W(l).T) @ d(z(1))
    # W_1ᵀ ∂L/∂z_2 makes sense from depth 1 on, D_2 and ∂L/∂h_2 from depth 2
    assert [steps[label].assuming for label in ("w0.1", "w0.2", "w0.3", "w0.4", "w0.5", "w0.closed")] == [
        (),
        (),
        ("L ≥ 2",),
        ("L ≥ 2",),
        (),
        (),
    ]


def exchanged(e: Expr, old: str, new: str) -> Expr:
    """The tree with one function for another."""
    inside = rebuild(e, tuple(exchanged(c, old, new) for c in children(e)))
    if isinstance(inside, ActivationJacobian | Elementwise) and inside.function == old:
        return replace(inside, function=new)
    return inside


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", NAMES)
def test_another_activation_changes_every_line(name, style):
    lecture, other = derived(name, style, "augmented", "L"), derive(name, MLP(activation="f"), style=style)
    assert other.lines == tuple(exchanged(line, "g", "f") for line in lecture.lines)
    uses_g = name not in ("last_hidden", "hidden", "weight_row")
    assert (other.lines != lecture.lines) == uses_g


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_another_depth_changes_the_lines(depth):
    made = derive("weight_gradient", MLP(depth))
    factors = [factor for layer in range(1, depth + 1) for factor in (D(layer), W(layer).T)]
    assert len(made.steps) == 2 * depth + 2
    assert made.steps[-2].after == Product((X, *factors, d(z(depth + 1))))
    assert made.result == X @ IndexedProduct("l", ONE, dim(depth), D(l) @ W(l).T) @ d(z(depth + 1))


LOSSES = {
    "softmax_cross_entropy": Softmax(z(L + 1)) - Target(),
    "half_squared_error": z(L + 1) - Target(),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", ["weight_gradient", "weight_matrix", "input"])
def test_a_named_loss_goes_in_at_the_end(name, loss):
    made = derive(name, MLP(loss=loss))
    assert made.steps[-1].rule.name == "gradient of the loss"
    assert all(isinstance(kernel.judge(step, made), Proved) for step in made.steps)
    known: Bounds = made.known
    assert isinstance(exact.judge(Claim(made.start, "=", made.result, made.network, known)), Supported)
    before = made.steps[-1].before
    assert exact_replaced(before, LOSSES[loss]) == made.result


def exact_replaced(e: Expr, gradient: Expr) -> Expr:
    """The line with `∂L/∂ŷ` by its formula."""
    if e == d(z(L + 1)):
        return gradient
    return rebuild(e, tuple(exact_replaced(c, gradient) for c in children(e)))


def test_layouts_and_styles_differ_where_they_should():
    for name in NAMES:
        lines = [derived(name, "jacobian", "augmented", "L", layout).lines for layout in LAYOUTS]
        assert lines[0] != lines[1]
    for name in NAMES:
        lines = [derived(name, style, "augmented", "L").lines for style in STYLES]
        assert (lines[0] == lines[1]) == (name in ("last_hidden", "hidden"))


# --- files -----------------------------------------------------------------------------------------------------------

OWN = '''\
"""The gradient of the second pre-activations.

More is said here.
"""

from dataclasses import dataclass

from symbackprop.derivation import Derivation
from symbackprop.expr import LOSS, Partial, PreActivation
from symbackprop.rules.gradients import through_activation, through_weights


@dataclass
class Settings:
    layer: int = 2


def derive(network, style):
    start = Derivation(Partial(LOSS, PreActivation(Settings().layer)), network)
    return start.by(through_activation).by(through_weights)
'''


def written(folder: Path, text: str) -> str:
    path = folder / "own.py"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_of_ones_own(tmp_path):
    made = derive(written(tmp_path, OWN))
    assert made.name == "own"
    assert made.title == "The gradient of the second pre-activations."
    assert made.result == D(2) @ W(2).T @ d(z(3))
    assert all(isinstance(kernel.judge(step, made), Proved) for step in made.steps)
    assert derive(str(tmp_path / "own.py"), MLP(3, bias="none")).result == G(2) @ W(2).T @ d(z(3))
    assert derive(str(tmp_path / "own.py"), layout="numerator").result == Partial(LOSS, z(3), True) @ W(2) @ D(2).T


def test_a_file_that_was_edited_is_read_again(tmp_path):
    assert derive(written(tmp_path, OWN)).result == D(2) @ W(2).T @ d(z(3))
    # of another length, so that no cache takes it for the file before
    assert derive(written(tmp_path, OWN.replace("layer: int = 2", "layer: int = 1  # now"))).start == d(z(1))


def test_a_file_without_a_title_is_called_by_its_path(tmp_path):
    path = written(tmp_path, '"""  """\n' + OWN.partition('"""\n\n')[2])
    assert derive(path).title == path


BROKEN = {
    "syntax": ("def derive(network, style):\n    return (\n", ["does not run", "line 2, SyntaxError"]),
    "name": ("import math\n\nundefined\n", ["does not run", "line 3, NameError: name 'undefined' is not defined"]),
    "no derive": ("x = 1\n", ["has no function derive(network, style): write one"]),
    "derive is no function": ("derive = 3\n", ["has no function derive(network, style): write one"]),
    "raises": (
        "def derive(network, style):\n    layer = 1\n    return layer / 0\n",
        ["failed: line 3, ZeroDivisionError: division by zero"],
    ),
    "other arguments": ("def derive():\n    pass\n", ["failed:", "TypeError"]),
    "returns nothing": ("def derive(network, style):\n    pass\n", ["returned NoneType: derive must return"]),
    "rule that does not apply": (
        OWN.replace("by(through_activation).by(through_weights)", "by(through_weights)"),
        ["the rule 'through the weights' does not apply anywhere in ∂L/∂z_2"],
    ),
    "empty": ("", ["has no function derive(network, style): write one"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_with_an_error_says_where(name, tmp_path):
    text, parts = BROKEN[name]
    path = written(tmp_path, text)
    with pytest.raises(SymbackpropError) as refused:
        derive(path)
    said = str(refused.value)
    assert "\n" not in said
    for part in parts:
        assert part in said
    if name != "rule that does not apply":
        assert path in said


def test_what_does_not_exist(tmp_path):
    with pytest.raises(SymbackpropError, match=r"there is no file .*missing.py: write the path"):
        derive(str(tmp_path / "missing.py"))
    with pytest.raises(
        SymbackpropError, match=r"there is no derivation 'weights': write one of last_hidden, .*, input"
    ):
        derive("weights")
    with pytest.raises(SymbackpropError, match="there is no style 'matrix': write one of jacobian, hadamard"):
        derive("input", style="matrix")
    with pytest.raises(SymbackpropError, match="there is no layout 'mixed': write one of denominator, numerator"):
        derive("input", layout="mixed")
    with pytest.raises(SymbackpropError, match="a network without biases has no gradient of them"):
        derive("bias", MLP(bias="none"))
