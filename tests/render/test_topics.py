"""Documents of topics: every kind of part in every format, what the judges say beside each step, nothing dropped."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import symbackprop as sb
from symbackprop import figures
from symbackprop.derivation import Derivation
from symbackprop.dims import DEPTH, index
from symbackprop.errors import MissingExtraError, SymbackpropError
from symbackprop.expr import LOSS, Hidden, Named, Partial, PreActivation, Size, Weight
from symbackprop.judges.outcome import Outcome, Proved, Refuted, Supported, Undecided
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.render import blocks, data, markdown, pdf, tex, typ
from symbackprop.render.blocks import Aside, Block, Document, Heading, OneLine, StepBlock, Words
from symbackprop.render.document import document
from symbackprop.render.latex import write
from symbackprop.render.pictures import columns
from symbackprop.render.plain import plain
from symbackprop.render.used import used_in
from symbackprop.statements import Chain, equal
from symbackprop.topic import Numbers, Part, Picture, Prose, Remark, Shows, Topic

l = index("l")
FORWARD = equal(PreActivation(l + 1), Weight(l) @ Hidden(l))
HOSTILE = r'100 % of #read("x") $\input{y}$ _a_ *b* [c] <d> & ~ ^ ∂L σ² é'
COUNTEREXAMPLE = "at widths 4, 3, 3, 2 the left side is 0.1 and the right side 0.2"


def derivation(name: str) -> Derivation:
    made = derive(name)
    assert isinstance(made, Derivation)
    return replace(made, label="")


def claim() -> Derivation:
    """A derivation whose last line is printed as somebody claimed it."""
    good = derivation("last_hidden")
    last = replace(good.steps[-1], relation="≥", is_true=False)
    return replace(good, name="", title="As it is printed", steps=(good.steps[0], last))


def parts() -> tuple[Part, ...]:
    """Every kind of part."""
    one_line = replace(derivation("hidden"), title="", label="rule.hidden")
    assumed = replace(derivation("preactivation"), title="With an assumption", given=(equal(Size(l), Size(DEPTH)),))
    return (
        Prose(("The weights ", Weight(l), " are in every line of ", FORWARD, ".")),
        Shows(FORWARD, "model.forward", note=("which is said again for ", Weight(l))),
        one_line,
        assumed,
        replace(derivation("weight_gradient"), title="The chain"),
        Remark(HOSTILE, (Prose(("The bound is empty.",)), claim())),
        Numbers("Medians of the bound", ("bound", "median"), lambda: (("lecture", "12.5"), ("optimal", "1.02"))),
        Picture("activations", ("What the activations are",)),
    )


def topic(*made: Part, network: MLP | Quantities | None = None) -> Topic:
    return Topic(made or parts(), network or MLP(), "everything", "A topic with every kind of part")


def lecture() -> Topic:
    sections = [replace(topic(), name=f"part_{i}", title=f"Section {i}") for i in (1, 2)]
    return Topic((Prose(("Before all of it.",)), *sections), MLP(), "lecture", "The lecture")


def outcomes(made: Topic) -> dict[int, dict[str, Outcome]]:
    good = {"kernel": Proved("by its rule"), "exact": Supported(3, "in a field"), "numeric": Supported(2, "numbers")}
    bad = {"kernel": Undecided("no theorem"), "exact": Supported(1, "in a field"), "numeric": Refuted(COUNTEREXAMPLE)}
    return {place: good if step.is_true else bad for place, step in enumerate(made.steps, 1)}


def everything(made: tuple[Block, ...]) -> Iterator[Block]:
    for block in made:
        yield block
        if isinstance(block, Aside):
            yield from everything(block.blocks)
        elif isinstance(block, OneLine):
            yield from block.steps


def steps(made: Document) -> list[StepBlock]:
    return [block for block in everything(made.blocks) if isinstance(block, StepBlock)]


def said(words: Words) -> str:
    return "".join(part if isinstance(part, str) else f"${write(part.box)}$" for part in words)


def sources(made: Document) -> dict[str, str]:
    return {"tex": tex.source(made), "typ": typ.source(made), "md": markdown.source(made)}


# --- what a document of a topic says ---------------------------------------------------------------------------------


def test_the_parts_stand_in_order() -> None:
    made = document(topic())
    assert made.title == "A topic with every kind of part"
    headings = [(block.text, block.level) for block in everything(made.blocks) if isinstance(block, Heading)]
    assert headings == [
        ("Conventions", 1),
        ("The network", 1),
        ("Derivation", 1),
        ("With an assumption", 2),
        ("The chain", 2),
        ("As it is printed", 0),
    ]
    kinds = [type(block).__name__ for block in made.blocks if not isinstance(block, Heading | StepBlock)]
    assert kinds[:5] == ["Listing", "Paragraph", "Display", "Paragraph", "Display"]
    assert [kind for kind in kinds if kind in ("OneLine", "Aside", "Table", "Picture")] == [
        "OneLine",
        "Aside",
        "Table",
        "Picture",
    ]


def test_conventions_and_the_network_are_said_once() -> None:
    for made in (document(topic()), document(lecture())):
        listings = [block for block in made.blocks if isinstance(block, blocks.Listing)]
        assert len(listings) == 1
        sentences = [said(item) for item in listings[0].items]
        assert len(sentences) == len(set(sentences))
        # from derivations of different shapes: a column-placement matrix, a weight row, an activation Jacobian
        for expected in ("Denominator layout", "in column $j$", "is row $j$", "The activation Jacobian"):
            assert sum(expected in sentence for sentence in sentences) == 1
        assert tex.source(made).count("The forward equations") == 1


def test_what_stands_with_and_without_an_index_is_named_without() -> None:
    # whatever the order in which a set of them would come
    columns = [Named("c", index("l")), Named("c"), Named("c", index("m")), Named("b", index("l"))]
    for lines in (columns, columns[::-1]):
        found = used_in(Quantities({"b": ("n",), "c": ("n",)}), [], lines)
        assert found.named == (Named("b", index("l")), Named("c"))


def test_a_topic_about_a_matrix_has_no_forward_equations() -> None:
    A, y = Named("A"), Named("y")
    space = Quantities({"A": ("m", "n"), "y": ("n",)})
    made = document(topic(Shows(equal(A @ y, A @ y)), network=space))
    assert [block.text for block in made.blocks if isinstance(block, Heading)] == ["Conventions", "Derivation"]
    (listing,) = (block for block in made.blocks if isinstance(block, blocks.Listing))
    sentence = said(listing.items[0])
    assert re.fullmatch(r"\$A\$ is \$m \\times n\$, \$[^$]*y[^$]*\$ is \$n \\times 1\$\.", sentence), sentence


def test_another_network_is_introduced_where_it_is_used() -> None:
    inner = Topic((Prose(("Here.",)),), MLP(bias="none"), "other", "Another network")
    made = document(topic(replace(topic(), name="first", title="First"), inner))
    source = tex.source(made)
    assert source.count("The forward equations") == 2
    assert source.index("Another network") < source.index("The forward equations here")


def test_a_derivation_of_one_line_has_its_reasons_below() -> None:
    (line,) = (block for block in document(topic()).blocks if isinstance(block, OneLine))
    # slide 1, bullet 3
    assert write(line.line.lead.box) == r"\frac{\partial L}{\partial \vec{h}_l}"
    assert write(line.line.formula.box) == (
        r"= \frac{\partial \vec{z}_{l+1}}{\partial \vec{h}_l} \frac{\partial L}{\partial \vec{z}_{l+1}} "
        r"= W_l^\top \frac{\partial L}{\partial \vec{z}_{l+1}}"
    )
    assert [step.rule for step in line.steps] == ["chain rule", "Jacobian by entries"]


def test_subproofs_keep_a_short_derivation_from_being_one_line() -> None:
    made = document(topic(), subproofs=True)
    assert not any(isinstance(block, OneLine) for block in made.blocks)
    assert "By entries" in tex.source(made)


def test_what_is_assumed_is_said_before_the_first_step() -> None:
    for source in sources(document(topic())).values():
        assert source.index("With an assumption") < source.index("Assumed:") < source.index("The chain")
    assumed = replace(derivation("hidden"), given=(equal(Size(l), Size(DEPTH)),))
    assert "Assumed: $l = L$." in markdown.source(document(assumed))
    assert "Assumed: l = L." in plain(assumed)


def test_steps_are_numbered_through_a_topic_and_afresh_in_the_next_section() -> None:
    count = len(topic().steps)
    assert [step.number for step in steps(document(topic()))] == [str(i + 1) for i in range(count)]
    assert [step.number for step in steps(document(lecture()))] == [str(i + 1) for i in range(count)] * 2


def test_a_table_is_computed_when_a_document_is_made() -> None:
    calls: list[int] = []

    def compute() -> tuple[tuple[str, ...], ...]:
        calls.append(1)
        return (("1", "a"), ("−2.5 ± 0.1", "b"))

    table = topic(Numbers("Some numbers", ("size", "name"), compute))
    assert not calls
    made = document(table)
    for source in sources(made).values():
        assert "Some numbers" in source
    assert calls == [1]
    (shown,) = (block for block in made.blocks if isinstance(block, blocks.Table))
    assert shown.right == (True, False)


# --- lines that are false, and what the judges say -------------------------------------------------------------------


def test_a_false_line_is_marked_as_claimed() -> None:
    made = document(topic())
    claims = [step for step in steps(made) if step.is_claim]
    assert len(claims) == 1
    assert write(claims[0].line.formula.box).startswith(r"\overset{\text{claimed}}{\geq}")
    assert claims[0].line.formula.spoken.startswith("as claimed, ")
    for source in (*sources(made).values(), plain(topic())):
        assert "as claimed" in source
        assert "It does not hold" in re.sub(r"\s+", " ", source)
    assert "claimed" not in tex.source(document(derivation("last_hidden")))


def test_what_the_judges_say_stands_beside_each_step() -> None:
    made = topic()
    shown = document(made, report=outcomes(made))
    assert all(step.verdict is not None for step in steps(shown))
    verdicts = [step.verdict.words for step in steps(shown) if step.verdict]
    assert verdicts.count("kernel proved · exact supported · numeric supported") == len(made.steps) - 1
    assert verdicts.count("kernel undecided · exact supported · numeric refuted") == 1
    for source in (*sources(shown).values(), plain(made, report=outcomes(made))):
        text = re.sub(r"[\s│]+", " ", source).replace(r"\ensuremath{\cdot}", "·")
        assert text.count("kernel proved · exact supported · numeric supported") == len(made.steps) - 1
        assert f"Refuted by the numeric judge: {COUNTEREXAMPLE}." in text
    # no table at the end, as a document of one derivation has
    assert not any(isinstance(block, Heading) and "judges" in block.text for block in shown.blocks)


class Waiting(dict[int, dict[str, Outcome]]):
    """Outcomes that nobody has yet: to ask for one is an error until all are there."""

    here = False

    def get(self, number: int, default: object = None) -> dict[str, Outcome]:
        assert self.here, "a page was laid out only once the judges were done"
        return self[number]


def test_the_judges_are_asked_when_a_step_is_printed() -> None:
    made = topic(claim())
    coming = Waiting(outcomes(made))
    shown = document(made, report=coming)
    coming.here = True
    assert typ.source(shown) == typ.source(document(made, report=outcomes(made)))


def test_a_claim_that_nobody_refutes_is_told_so() -> None:
    made = topic(claim())
    good = {"kernel": Undecided("no theorem"), "exact": Supported(1, "f"), "numeric": Supported(1, "n")}
    assert "No judge found a counterexample." in markdown.source(document(made, report={1: good, 2: good}))


def test_a_step_that_nobody_decides_says_why() -> None:
    made = topic(derivation("hidden"))
    unknown = {judge: Undecided(f"{judge} has no way") for judge in ("kernel", "exact", "numeric")}
    source = markdown.source(document(made, report={1: unknown, 2: unknown}))
    assert "Undecided by the exact judge: exact has no way." in source


def test_a_report_of_something_else_is_refused() -> None:
    from symbackprop.verify import verify

    report = verify(derivation("hidden"))
    assert "kernel proved" in markdown.source(document(topic(derivation("hidden")), report=report))
    with pytest.raises(SymbackpropError, match="the report has 2 steps and what is printed"):
        document(topic(), report=report)


# --- formats ---------------------------------------------------------------------------------------------------------


def test_every_part_is_in_every_format() -> None:
    made = topic()
    for text in (*sources(document(made)).values(), plain(made)):
        flat = re.sub(r"[\s│]+", " ", text)
        for expected in ("The weights", "which is said again", "The chain", "Remark", "The bound is empty", "lecture",
                         "12.5", "Medians of the bound", "What the activations are", "Assumed"):  # fmt: skip
            assert expected in flat, expected
    assert max(map(columns, plain(made).splitlines())) <= 100


def test_signs_of_a_title_stand_for_themselves() -> None:
    made = document(topic())
    assert r"100 \% of \#read(" in tex.source(made)
    assert r"\textsuperscript{2}" in tex.source(made)
    assert r"100 % of \#read(" in typ.source(made)
    assert r"\_a\_ \*b\* \[c\] \<d\>" in markdown.source(made)
    assert HOSTILE in plain(topic()).replace("\n│ ", " ")


def test_what_is_spoken_is_words() -> None:
    made = topic()
    alts = re.findall(r'alt: "([^"]*)"', typ.source(document(made, report=outcomes(made))))
    assert len(alts) > 20
    assert [alt for alt in alts if not re.fullmatch(r"[a-zA-Z0-9 ,;']+", alt)] == []


def test_typst_makes_a_tagged_pdf_of_every_part() -> None:
    # PDF/UA-1, so every formula and every figure has words
    made = document(lecture(), report=outcomes(lecture()))
    assert "#picture(bytes(" in typ.source(made)
    assert figures.design("activations").alt[:20] in typ.source(made)
    content = pdf.pdf(made)
    assert content.startswith(b"%PDF-1.7")
    assert content == pdf.pdf(document(lecture(), report=outcomes(lecture())))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_makes_a_pdf_with_figures_and_contents(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    ended = pdf._run

    def run(command: tuple[str, ...], folder: str) -> str:
        log = ended(command, folder)
        written[:] = [log, *(path.name for path in Path(folder).iterdir()), Path(folder, "derivation.toc").read_text()]
        return log

    monkeypatch.setattr(pdf, "_run", run)
    assert pdf.pdf(document(lecture(), report=outcomes(lecture())), "latex").startswith(b"%PDF")
    assert "activations.pdf" in written
    assert "Section 2" in written[-1]
    assert "Overfull" not in written[0]


def test_without_matplotlib_a_sentence_stands_in_the_place_of_a_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> bytes:
        raise MissingExtraError("figures are drawn by matplotlib, and it is not installed")

    monkeypatch.setattr(figures, "svg", missing)
    monkeypatch.setattr(figures, "pdf", missing)
    made = document(topic())
    assert "#picture(" not in typ.source(made)
    assert "pip install" in typ.source(made)
    assert pdf.pdf(made).startswith(b"%PDF")
    assert "symbackprop plot activations -o activations.pdf" in tex.source(made)
    if shutil.which("pdflatex"):
        assert pdf.pdf(made, "latex").startswith(b"%PDF")


def test_a_figure_that_there_is_not() -> None:
    with pytest.raises(SymbackpropError, match="no figure 'nothing'"):
        document(topic(Picture("nothing")))


def test_steps_as_data() -> None:
    made = topic()
    rows = json.loads(data.source(made, report=outcomes(made)))
    assert [row["step"] for row in rows] == list(range(1, len(made.steps) + 1))
    assert {row["name"] for row in rows} == {"everything"}
    assert [row.get("expected") for row in rows] == [None] * (len(rows) - 1) + ["refuted"]
    assert rows[-1]["judges"]["numeric"] == "refuted"
    assert rows[-1]["details"]["numeric"] == COUNTEREXAMPLE
    contract = {"name", "step", "rule", "relation", "before", "after", "why", "shape", "judges"}
    assert all(contract <= set(row) for row in rows)
    whole = data.rows(lecture(), report={})
    assert [row["name"] for row in whole] == ["part_1"] * len(rows) + ["part_2"] * len(rows)
    assert [row["step"] for row in whole] == [row["step"] for row in rows] * 2


def test_rows_of_a_report_are_those_of_the_steps() -> None:
    from symbackprop.verify import verify

    made = topic(derivation("hidden"), derivation("preactivation")).called("both", "Both")
    found = data.report_rows(verify(made))
    assert [row["before"] for row in found] == [row["before"] for row in data.rows(made, report={})]
    assert [row["step"] for row in found] == [1, 2, 3, 4]


def test_files_of_a_topic(tmp_path: Path) -> None:
    made = topic()
    for suffix in (".tex", ".typ", ".md", ".json", ".py"):
        made.save(tmp_path / f"x{suffix}", report=outcomes(made))
    # its last derivation is the claim in the remark
    assert "def " in (tmp_path / "x.py").read_text(encoding="utf-8")


def test_a_topic_without_a_gradient_is_no_function(tmp_path: Path) -> None:
    with pytest.raises(SymbackpropError, match=r"no gradient that could be a function .*such as weight_gradient"):
        topic(Prose(("Words.",))).save(tmp_path / "x.py")
    assert list(tmp_path.iterdir()) == []


def test_numerator_layout() -> None:
    made = topic(derivation("weight_gradient"), Shows(equal(Partial(LOSS, Weight(l)), Partial(LOSS, Weight(l)))))
    source = tex.source(document(made.oriented()))
    assert "Numerator layout" in source
    assert "the index falls" in source


def test_a_wide_assumption_stands_on_lines_of_its_own() -> None:
    long = Chain((Size(l), *(Size(DEPTH + i) for i in range(12))), ("≤",) * 12)
    made = document(replace(derivation("hidden"), given=(long,)))
    place = next(i for i, block in enumerate(made.blocks) if isinstance(block, Heading) and block.text == "Derivation")
    assert isinstance(made.blocks[place + 2], blocks.Display)


def test_every_figure_of_the_lecture_says_what_its_marks_mean() -> None:
    captions = {made.name: made.caption for made in pictures(document(derive("lecture")).blocks)}
    assert set(captions) == set(figures.names())
    assert captions == {name: (figures.design(name).caption,) for name in captions}


def pictures(found: tuple[Block, ...]) -> Iterator[blocks.Picture]:
    for block in found:
        if isinstance(block, blocks.Picture):
            yield block
        yield from pictures(getattr(block, "blocks", ()))


@pytest.mark.parametrize("shapes", [{"x": "1 x n"}, {"x": "n"}])
def test_numerator_layout_is_said_of_rows_and_of_columns(shapes: dict[str, str]) -> None:
    """The gradient by a row is a column there."""
    network = sb.Network(r"L = \|x\|^2", shapes=shapes)
    text = markdown.source(document(sb.derive(r"\frac{\partial L}{\partial x}", network, layout="numerator")))
    assert r"$\frac{\partial L}{\partial v}$ has the shape of $v^\top$" in text
    assert "is a row" not in text
