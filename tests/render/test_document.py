"""Documents from derivations: what they say, and that every format says it."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from symbackprop.activations import ACTIVATIONS
from symbackprop.derivation import Derivation
from symbackprop.judges.outcome import Proved, Refuted
from symbackprop.library import LAYOUTS, STYLES, derive
from symbackprop.network import MLP
from symbackprop.notations import notation
from symbackprop.render import blocks, boxes, data, markdown, tex, typ, typst
from symbackprop.render.blocks import Document, Heading, Listing, Math, StepBlock, Words
from symbackprop.render.boxes import Box
from symbackprop.render.breaking import HANG, broken, width
from symbackprop.render.document import document
from symbackprop.render.latex import write
from symbackprop.render.layout import Look, layout
from symbackprop.render.pictures import columns
from symbackprop.render.plain import plain
from symbackprop.render.scalars import described

BY_ENTRIES = ["forward equation", "derivative of an entry", "read as a matrix"]
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
ALL = [(name, style, side) for name in NAMES for style in STYLES for side in LAYOUTS]


def steps(made: Document) -> list[StepBlock]:
    return [block for block in made.blocks if isinstance(block, StepBlock)]


def everything(made: StepBlock) -> Iterator[StepBlock]:
    yield made
    for proof in made.proofs:
        for inner in proof.steps:
            yield from everything(inner)


def said(words: Words) -> str:
    return "".join(part if isinstance(part, str) else f"${write(part.box)}$" for part in words)


def conventions(derivation: Derivation) -> str:
    (listing,) = (block for block in document(derivation).blocks if isinstance(block, Listing))
    return "\n".join(map(said, listing.items))


# --- what a document says --------------------------------------------------------------------------------------------


def test_the_parts_stand_in_order() -> None:
    made = document(derive("weight_gradient"))
    assert made.title == "The lecture's question: the gradient of a row of the first weight matrix (slides 1 and 2)"
    headings = [block.text for block in made.blocks if isinstance(block, Heading)]
    assert headings == ["Conventions", "The network", "Derivation", "Result"]


def test_steps_are_numbered_and_name_their_rules() -> None:
    made = steps(document(derive("weight_gradient")))
    assert [step.number for step in made] == [str(i) for i in range(1, 10)]
    # slide 2: the rules are those of slide 1, one layer after another
    layer = ["through the activation", "through the weights"]
    expected = ["row of the weights", *layer, *layer, "induction", *layer, "into the product"]
    assert [step.rule for step in made] == expected


def test_a_reason_is_typeset() -> None:
    (first, *_) = steps(document(derive("weight_gradient")))
    assert said(first.why) == (
        r"The loss depends on $\vec{w}_{0,j}$ only through $\vec{z}_1 = W_0 \vec{x}$, differentiated entry by entry."
    )


@pytest.mark.parametrize(("name", "style", "side"), ALL)
def test_no_reason_has_formulas_among_its_words(name: str, style: str, side: str) -> None:
    made = steps(document(derive(name, style=style, layout=side), subproofs=True))
    for step in (inner for outer in made for inner in everything(outer)):
        words = " ".join(part for part in step.why if isinstance(part, str))
        assert words.isascii()
        assert not re.search(r"[_^\\]|\b[a-zA-Z]_", words), words


def test_a_reason_is_in_the_layout_of_the_lines() -> None:
    last = steps(document(derive("weight_gradient", layout="numerator")))[-1]
    assert said(last.why) == r"$W_L D_L^\top$ is the factor of the product at $l = L$."


def test_a_step_says_from_which_depth_on_it_makes_sense() -> None:
    made = steps(document(derive("weight_gradient")))
    # W_2 and z_3 are there from two hidden layers on
    needing = [step.number for step in made if step.least is not None]
    assert needing == ["4", "5"]
    assert said(made[3].why).endswith(r"This needs $L \geq 2$.")


def test_dots_stand_where_the_lecture_leaves_steps_out() -> None:
    made = steps(document(derive("weight_gradient")))
    assert [step.number for step in made if step.line.dots is not None] == ["6"]


def test_an_induction_is_a_sentence_or_its_proofs() -> None:
    short, long = (steps(document(derive("weight_gradient"), subproofs=shown))[5] for shown in (False, True))
    assert said(short.why) == "By induction on $m$, from $1$ to $L$."
    assert short.proofs == ()
    assert [said(proof.title) for proof in long.proofs] == ["Base case, $m = 1$:", "Step, from $m$ to $m + 1$:"]
    assert [step.number for step in long.proofs[1].steps] == ["6b.1", "6b.2", "6b.3"]


def test_a_calculation_by_entries_is_shown_once_for_each_rule() -> None:
    made = steps(document(derive("weight_gradient"), subproofs=True))
    second, fourth = made[1].proofs, made[3].proofs
    assert [step.rule for step in second[0].steps] == BY_ENTRIES
    assert said(fourth[0].title) == "By entries: as in step 2."
    assert fourth[0].steps == ()


def test_shapes() -> None:
    def shape(name: str) -> set[str]:
        return {write(step.shape.box) for step in steps(document(derive(name)))}

    assert shape("weight_gradient") == {r"n_0 \times 1"}
    # the output has no bias unit
    assert shape("weight_matrix") == {r"(n_{l+1} - 1) \times n_l, \text{ or } n_{L+1} \times n_L"}


def test_conventions_of_the_layouts() -> None:
    denominator, numerator = (conventions(derive("weight_gradient", layout=side)) for side in LAYOUTS)
    assert "Denominator layout" in denominator
    assert "the index rises" in denominator
    assert "Numerator layout" in numerator
    assert "the index falls" in numerator
    assert r"D_l^\top = \frac{\partial \vec{h}_l}{\partial \vec{z}_l}" in numerator


def test_conventions_say_only_what_is_used() -> None:
    augmented, without = (conventions(derive("weight_gradient", MLP(bias=bias))) for bias in ("augmented", "none"))
    assert r"$\psi(\vec{v})$" in augmented
    assert "bias" not in without
    assert r"\psi" not in without
    assert r"\odot" not in augmented
    assert r"\odot" in conventions(derive("weight_gradient", style="hadamard"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("squared_error", r"The entries of $\hat{\vec{y}}$ are predictions, and those of $\vec{y}$ observed values."),
        (
            "softmax_cross_entropy",
            r"$\hat{\vec{y}}$ are logits, and those of $\vec{y}$ probabilities that sum to one: "
            r"$\sum_{k=1}^{n_{L+1}} y_k = 1$. ",
        ),
        (
            "huber",
            r"$\operatorname{huber}(z)$ is $-z - \frac{1}{2}$ for $z < -1$, $\frac{z^2}{2}$ for $z \leq 1$, "
            r"and else $z - \frac{1}{2}$",
        ),
        ("binary_cross_entropy", r"$\operatorname{softplus}(z) = \log(\exp(z) + 1)"),
        ("binary_cross_entropy", r"$\sigma(z) = "),
        ("absolute_error", "where output and target agree"),
    ],
)
def test_a_loss_is_explained(name: str, expected: str) -> None:
    said = conventions(derive("weight_gradient", MLP(loss=name)))
    assert expected in said.replace(r"\left( ", "(").replace(r" \right)", ")")


def test_a_function_is_described_once() -> None:
    said = conventions(derive("weight_gradient", MLP(loss="binary_cross_entropy", activation="softplus")))
    assert said.count(r"$\operatorname{softplus}(z) = ") == 1


def test_what_is_placed_stands_in_a_column_or_turned_in_a_row() -> None:
    column, row = (conventions(derive("weight_gradient", layout=side)) for side in LAYOUTS)
    assert r"$ has $\vec{x}$ in column $j$" in column
    assert "in row" not in column
    assert r"\end{pmatrix}$ has $\vec{x}^\top$ in row $j$" in row
    assert "in column" not in row


def test_dimensions_below_what_is_placed() -> None:
    first = [
        next(box for box in inner(steps(document(derive("weight_gradient", layout=side)))[0].line.formula.box))
        for side in LAYOUTS
    ]
    assert [write(box.note) for box in first] == [r"n_0 \times (n_1 - 1)", r"(n_1 - 1) \times n_0"]


def inner(box: Box) -> Iterator[boxes.Under]:
    """The braces in a row."""
    assert isinstance(box, boxes.Row)
    for item in box.items:
        if isinstance(item, boxes.Under):
            yield item
        elif isinstance(item, boxes.Row):
            yield from inner(item)


def test_shapes_and_the_activation_without_a_bias_unit() -> None:
    separate, none = (conventions(derive("weight_gradient", MLP(bias=bias))) for bias in ("separate", "none"))
    for said in (separate, none):
        assert r"The weights $W_l$ are $n_{l+1} \times n_l$" in said
        assert r"In $\vec{h}_l = g(\vec{z}_l)$ the activation acts on each entry of $\vec{z}_l$." in said
    assert r"$\vec{b}_l$, which is $n_{l+1} \times 1$, holds the biases of layer $l + 1$" in separate
    assert r"\vec{b}" not in none
    assert "acts on each entry" not in conventions(derive("weight_gradient"))


def test_a_range_of_one_layer_is_that_layer() -> None:
    for name in NAMES:
        made = document(derive(name, MLP(depth=1)))
        assert r"1 \leq l \leq 1" not in tex.source(made)
    assert "for $l = 1$" in tex.source(made)


def test_what_is_spoken_has_the_letters_of_the_notation() -> None:
    made = document(derive("weight_gradient"), notation("lecture").with_symbols(W="U", z="a", n="d", g="f", loss="J"))
    spoken = " ".join(step.line.formula.spoken + step.shape.spoken for step in steps(made))
    assert "U " in spoken
    assert "f prime of a l" in spoken
    assert "the loss J" in spoken
    assert "d 0" in spoken
    assert not re.search(r"\b(W|z|g|n|loss L)\b", spoken)


def test_the_forward_equations() -> None:
    (network,) = (b for b in document(derive("weight_gradient")).blocks if isinstance(b, blocks.Display))
    assert [(write(line.box), said(note)) for line, note in network.lines] == [
        (r"\vec{z}_{l+1} = W_l \vec{h}_l", r"for $0 \leq l \leq L$"),
        (r"\vec{h}_l = \psi(\vec{z}_l)", r"for $1 \leq l \leq L$"),
        (r"L = L(\hat{\vec{y}}, \vec{y})", ""),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tanh", r"$\tanh'(z) = 1 - (\tanh(z))^2$"),
        ("sigmoid", r"$\sigma(z) = \frac{1}{1 + \exp(-z)}$; $\sigma'(z) = \frac{\exp(z)}{(\exp(z) + 1)^2}$"),
        (
            "relu",
            r"$\operatorname{ReLU}(z)$ is $0$ for $z \leq 0$, else $z$; "
            r"$\operatorname{ReLU}'(z)$ is $0$ for $z \leq 0$, else $1$; at $z = 0$ the slope from the left is taken",
        ),
    ],
)
def test_an_activation_is_described_with_its_derivative(name: str, expected: str) -> None:
    assert f"The activation: {expected}." in conventions(derive("weight_gradient", MLP(activation=name)))


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_every_activation_has_words(name: str) -> None:
    network = MLP(activation=name)
    look = Look(network)
    for part in described(network.activation):
        if not isinstance(part, str):
            spoken = Math(part, look, look).spoken
            assert re.fullmatch(r"[a-zA-Z0-9 ,;]+", spoken), spoken


def test_other_letters() -> None:
    renamed = notation("lecture").with_symbols(g="f", W="U")
    for source in (tex.source, markdown.source):
        made = source(document(derive("weight_gradient"), renamed))
        assert "f'(z_{1,1})" in made
        assert r"U_1^\top" in made
        assert not re.search(r"\bW_|g'", made)


def test_what_the_judges_say() -> None:
    report = {1: {"kernel": Proved("by entries"), "exact": Refuted("at widths 3, 2")}}
    (table,) = (b for b in document(derive("last_hidden"), report=report).blocks if isinstance(b, blocks.Table))
    assert table.rows == (
        ("1", "chain rule", "proved", "refuted", "not judged"),
        ("2", "Jacobian by entries", "not judged", "not judged", "not judged"),
    )


# --- every format ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "style", "side"), ALL)
def test_every_format_prints_every_step(name: str, style: str, side: str) -> None:
    derivation = derive(name, style=style, layout=side)
    made = document(derivation, subproofs=True)
    rules = {step.rule.name for step in derivation.steps}
    for text in (tex.source(made), typ.source(made), markdown.source(made)):
        assert {rule for rule in rules if rule.lower() not in text.lower()} == set()
    terminal = plain(derivation, subproofs=True)
    assert {rule for rule in rules if rule not in terminal} == set()
    assert max(map(columns, terminal.splitlines())) <= 100


@pytest.mark.parametrize(("name", "style", "side"), ALL)
def test_what_is_spoken_is_words(name: str, style: str, side: str) -> None:
    alts = re.findall(r'alt: "([^"]*)"', typ.source(document(derive(name, style=style, layout=side), subproofs=True)))
    assert len(alts) > 10
    assert [alt for alt in alts if not re.fullmatch(r"[a-zA-Z0-9 ,;']+", alt)] == []


def test_every_equation_of_typst_has_words() -> None:
    made = typ.source(document(derive("weight_gradient"), subproofs=True))
    assert made.count("math.equation(block:") == made.count('alt: "')
    assert "$" not in re.sub(r"math\.equation\([^$]*\$[^$]*\$\)", "", made)


def test_a_terminal_explains_its_short_form() -> None:
    deep = plain(derive("weight_gradient", MLP(4)))
    assert "where\n" in deep
    assert "Dₗ = " in deep
    assert "D₁ W₁ᵀ D₂ W₂ᵀ" in deep
    assert "where\n" not in plain(derive("last_hidden"))


def test_signs_of_a_title_stand_for_themselves() -> None:
    derivation = derive("last_hidden")
    object.__setattr__(derivation, "title", r"100 % of #read(\"x\") $\input{y}$ _a_ *b* [c] ∂L é 漢")
    made = document(derivation)
    assert r"100 \% of \#read(" in tex.source(made)
    assert r"\$\textbackslash{}input\{y\}\$ \_a\_" in tex.source(made)
    assert "漢" not in tex.source(made)
    assert "\n# 100" not in typ.source(made)
    assert r"\*b\* \[c\]" in markdown.source(made)


def test_aligned_prints_every_line_in_full() -> None:
    made = tex.aligned(derive("weight_gradient"))
    lines = made.removeprefix("\\begin{aligned}\n").removesuffix("\n\\end{aligned}").split(" \\\\\n")
    # nine steps, and a line of dots before the sixth
    assert len(lines) == 10
    assert lines[0].startswith(r"\frac{\partial L}{\partial \vec{w}_{0,j}^\top} &= ")
    assert all(line.startswith("&=") for line in [*lines[1:5], *lines[6:]])
    assert lines[5] == r"&\dots"
    assert "D_" not in made
    deep = tex.aligned(derive("weight_gradient", MLP(30)))
    assert "D_" not in deep
    assert deep.count("&=") == 62


def test_steps_as_data() -> None:
    rows = json.loads(data.source(derive("weight_gradient")))
    keys = ["name", "step", "rule", "relation", "before", "after", "why", "shape", "judges"]
    assert all(set(keys) <= set(row) for row in rows)
    assert [row["step"] for row in rows] == list(range(1, 10))
    assert {row["name"] for row in rows} == {"weight_gradient"}
    assert rows[0]["before"] == r"\frac{\partial L}{\partial \vec{w}_{0,j}^\top}"
    assert rows[0]["shape"] == r"n_0 \times 1"
    for one, two in itertools.pairwise(rows):
        assert two["before"] == one["after"]
    # the sixth goes back to the line that the first made: the base case of the induction
    assert [row["since"] for row in rows] == [0, 1, 2, 3, 4, 1, 6, 7, 8]
    assert {row["judges"]["kernel"] for row in rows} == {"proved"}
    assert {row["judges"]["exact"] for row in rows} == {row["judges"]["numeric"] for row in rows} == {"supported"}


def test_data_has_what_a_report_says_and_the_subproofs() -> None:
    report = {2: {"numeric": Refuted("at widths 3, 2")}}
    rows = data.rows(derive("last_hidden"), subproofs=True, report=report)
    assert rows[0]["judges"] == {"kernel": None, "exact": None, "numeric": None}
    assert rows[1]["judges"]["numeric"] == "refuted"
    assert rows[1]["details"] == {"numeric": "at widths 3, 2"}
    (proof,) = rows[1]["subproofs"]
    assert [step["rule"] for step in proof["steps"]] == BY_ENTRIES


def test_a_report_of_several_derivations_as_data() -> None:
    from symbackprop.verify import verify

    rows = data.report_rows(verify(derive("last_hidden"), derive("hidden")))
    assert [(row["name"], row["step"]) for row in rows] == [
        ("last_hidden", 1),
        ("last_hidden", 2),
        ("hidden", 1),
        ("hidden", 2),
    ]
    assert {row["judges"]["exact"] for row in rows} == {"supported"}


# --- where lines are broken ------------------------------------------------------------------------------------------

DEEP = [("jacobian", "denominator"), ("jacobian", "numerator"), ("hadamard", "denominator")]


def leaves(box: Box) -> list[str]:
    """What a formula says, delimiters included, from left to right."""
    if isinstance(box, boxes.Row):
        return [leaf for item in box.items for leaf in leaves(item)]
    if isinstance(box, boxes.Scripts) and isinstance(box.base, boxes.Fenced | boxes.Symbol | boxes.Torn):
        return [*leaves(box.base), "_", *(leaves(box.sub) if box.sub else []), *(leaves(box.sup) if box.sup else [])]
    if isinstance(box, boxes.Fenced):
        return [box.opening, *leaves(box.body), box.closing]
    if isinstance(box, boxes.Torn):
        return [box.text]
    return [write(box)]


@pytest.mark.parametrize(("style", "side"), DEEP)
def test_broken_lines_are_narrow_and_lose_nothing(style: str, side: str) -> None:
    derivation = derive("weight_gradient", MLP(12), style=style, layout=side)
    for look in (Look(derivation.network), Look(derivation.network, short=True)):
        for line in derivation.lines:
            box = layout(line, look)
            pieces = broken(box, 35, 35 - HANG)
            assert [leaf for piece in pieces for leaf in leaves(piece)] == leaves(box)
            assert all(width(piece) <= 35 - HANG * (i > 0) for i, piece in enumerate(pieces))


def factors(count: int) -> boxes.Row:
    """So many factors of the width of a word, each after a minus so that the line may be broken before it."""
    return boxes.Row(
        tuple(item for i in range(count) for item in (boxes.Infix("+"), boxes.Symbol(f"{i}" * 10))[not i :])
    )


def test_delimiters_grow_on_one_line() -> None:
    tall = boxes.Matrix(((boxes.Symbol("a"),), (boxes.Symbol("b"),)))
    body = boxes.Row((*factors(3).items, boxes.Infix("+"), tall))
    fence = boxes.Scripts(boxes.Fenced("(", body, ")"), boxes.Symbol("j"))
    whole = boxes.Row((fence, boxes.Infix("+"), *factors(4).items))
    # all of what is in parentheses fits on the first line
    lines = broken(whole, width(fence) + 3, width(fence) + 3)
    assert len(lines) == 2
    assert write(lines[0]).startswith(r"\left(")
    assert write(lines[0]).endswith(r"\right)_j")
    # a little too narrow for it, the line is left whole; much too narrow, it is broken within
    alone = boxes.Row((fence,))
    assert broken(alone, width(fence) * 0.95, 9) == [alone]
    torn = broken(alone, width(fence) / 2, width(fence) / 2)
    assert len(torn) > 1
    # each delimiter is by itself, as tall as the matrix on one of the lines
    tall_as = rf"\vphantom{{{write(tall)}}}"
    assert write(torn[0]).startswith(rf"\mathopen{{\left( {tall_as} \right.}}")
    assert write(torn[-1]).endswith(rf"\mathclose{{\left. {tall_as} \right)}}_j")
    assert f"torn(\\(, lr(\\( {typst.write(tall)} \\)))" in typst.write(torn[0])
    # what is not tall needs none of that
    flat = boxes.Fenced("(", factors(6), ")")
    assert r"\left" not in "".join(map(write, broken(flat, width(flat) / 2, width(flat) / 2)))


def test_no_letter_stands_alone_on_the_last_line() -> None:
    whole = boxes.Row((*(boxes.Symbol(digit * 10) for digit in "123"), boxes.Symbol("x")))
    lines = broken(whole, width(whole) - 0.1, width(whole))
    assert [leaves(line) for line in lines] == [["1" * 10, "2" * 10], ["3" * 10, "x"]]


def test_formulas_side_by_side_are_parted_between_them() -> None:
    x, long = boxes.Symbol("x"), boxes.Row(tuple(boxes.Symbol(letter * 5) for letter in "abcd"))
    equation = boxes.Row((x, boxes.Infix("="), long))
    beside = boxes.Row((equation, boxes.Words(", "), equation))
    # as wide as the first, the left side of the second and a little more
    first = width(equation) + width(boxes.Words(", ")) + width(x)
    assert [write(line).rstrip() for line in broken(beside, first + 0.5, first + 0.5)] == [
        write(boxes.Row((equation, boxes.Words(", ")))).rstrip(),
        write(equation),
    ]


def test_a_formula_that_fits_is_not_broken() -> None:
    derivation = derive("weight_gradient")
    box = layout(derivation.lines[1], Look(derivation.network))
    assert broken(box, 35, 33) == [box]
    assert len(broken(box, width(box) - 1, 33)) > 1


needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")


def run_latex(source: str, folder: Path) -> str:
    """The log of pdflatex."""
    folder.joinpath("x.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "x.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
    log = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, log[-2000:]
    return log


@needs_latex
@pytest.mark.parametrize(("style", "side"), DEEP)
@pytest.mark.parametrize("depth", [None, 3, 20])
def test_latex_compiles_it_and_nothing_overflows(style: str, side: str, depth: int | None, tmp_path: Path) -> None:
    derivation = derive("weight_gradient", MLP(depth), style=style, layout=side)
    log = run_latex(tex.source(document(derivation, subproofs=depth != 20)), tmp_path)
    assert "Overfull" not in log
    assert "undefined" not in log


@needs_latex
def test_the_widths_are_those_of_latex(tmp_path: Path) -> None:
    boxed = []
    for style in STYLES:
        derivation = derive("weight_gradient", style=style)
        look = Look(derivation.network, known=derivation.known)
        for line, step in zip(derivation.lines[1:], derivation.steps, strict=True):
            boxed.append(layout(line, look.showing(step.shown)))
        deep = derive("weight_gradient", MLP(12), style=style)
        boxed += broken(layout(deep.result, Look(deep.network, short=True)), 35, 35)
        boxed += broken(layout(deep.lines[-2], Look(deep.network, short=True)), 35, 35)
    lines = "\n".join(rf"\sbox0{{$\displaystyle {write(box)}$}}\typeout{{W=\the\wd0}}" for box in boxed)
    packages = r"\usepackage{lmodern}\usepackage[T1]{fontenc}\usepackage{amsmath}"
    log = run_latex(rf"\documentclass{{article}}{packages}\begin{{document}}x {lines}\end{{document}}", tmp_path)
    measured = [float(found) / 10 for found in re.findall(r"W=([\d.]+)pt", log)]
    assert len(measured) == len(boxed)
    for box, real in zip(boxed, measured, strict=True):
        # what is estimated too narrow must stay within the reserve of a page: 43 em, of which 41.5 are used
        assert 0.96 * real <= width(box) <= 1.2 * real
