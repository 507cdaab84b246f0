r"""The gallery of questions: `python docs/make_questions.py` writes docs/questions.md anew.

The questions are rows of docs/questions.toml:

- `title`, `found`: the heading, and in how many of sixteen public courses it was found, where that was counted.
- `question`: in words, with formulas between dollar signs. `remark`: what is said below the answer.
- either `given`, a network in docs/questions/, with `ask`, the gradients that are asked for, each as LaTeX; with
  `lines = "all"` the answers are lines of the backward pass, else each is written out;
- or `derive`, the name of a derivation or a file in docs/questions/; `show` has the titles, or the places from 0, of
  the derivations that are shown, where it has more of them than were asked for.
- `notation`, and the options of a lecture's network by their names on the command line: `activation = "sigmoid"`.

Everything else on the page comes from the derivations and from the judges.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from symbackprop.derivation import Derivation, Shown, Step
from symbackprop.equations import Network
from symbackprop.expr import LOSS, Partial, Variable
from symbackprop.forward import ForwardNetwork
from symbackprop.given_file import read_given
from symbackprop.latex.parse import parse
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.notations import Notation
from symbackprop.notations import notation as notation_named
from symbackprop.render.arranged import arranged
from symbackprop.render.claimed import Claimed
from symbackprop.render.clauses import Dimensions
from symbackprop.render.conventions import conventions_of, forward_equations, ranges
from symbackprop.render.latex import write
from symbackprop.render.markdown import block, words
from symbackprop.render.topics import given
from symbackprop.render.used import used_in
from symbackprop.render.writer import Writer
from symbackprop.statements import Chain, Ellipsis
from symbackprop.topic import Numbers, Part, Prose, Shows, Topic
from symbackprop.tree import Node
from symbackprop.verify import JUDGES, Judged, verify

FOLDER = Path(__file__).parent
PAGE = FOLDER / "questions.md"
COURSES = 16
# of a lecture's network; the others say what is asked
OPTIONS = ("depth", "activation", "loss", "bias", "style", "layout", "notation")
OPENING = f"""\
# Questions that courses set

<!-- written by docs/make_questions.py from docs/questions.toml: change those -->

Each question is derived by symbackprop from its forward equations, and every step is judged: by a kernel that proves
it, by exact arithmetic over a prime field, and by numbers. In brackets: in how many of {COURSES} public courses the
question was found. Letters are those of courses that ask it. The command below each question makes its derivation; run
it at the root of the repository, and with `-o answer.pdf` for a PDF with reasons and subproofs."""


@dataclass(frozen=True)
class Question:
    """A row of docs/questions.toml."""

    title: str
    question: str
    found: int = 0
    given: str = ""
    ask: tuple[str, ...] = ()
    lines: str = "asked"
    derive: str = ""
    show: tuple[str | int, ...] = ()
    remark: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Question:
        """The question that a table says."""
        own: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
        return cls(options={key: own.pop(key) for key in OPTIONS if key in own}, **own)

    @property
    def heading(self) -> str:
        return f"{self.title} ({self.found})" if self.found else self.title

    @property
    def anchor(self) -> str:
        """The name that GitHub gives the heading."""
        return re.sub(r"[^\w\- ]", "", self.heading.lower()).replace(" ", "-")

    @cached_property
    def network(self) -> Network:
        if self.given:
            return read_given(FOLDER / "questions" / self.given)
        depth = self.options.get("depth")
        return MLP(
            depth=None if depth is None else int(depth),
            activation=self.options.get("activation", "g"),
            loss=self.options.get("loss", "generic"),
            bias=self.options.get("bias") or self.notation.bias,
        )

    @cached_property
    def notation(self) -> Notation:
        own = self.network.notation if self.given and isinstance(self.network, ForwardNetwork) else "lecture"
        return notation_named(self.options.get("notation", own))

    @property
    def commands(self) -> tuple[str, ...]:
        """What makes the derivations, from the root of the repository."""
        options = "".join(f" --{key} {value}" for key, value in self.options.items())
        if self.derive:
            return (f"symbackprop derive {self._named}{options}",)
        asked = ("all",) if self.lines == "all" else tuple(f"'{wrt}'" for wrt in self.ask)
        return tuple(f"symbackprop derive --given docs/questions/{self.given} --wrt {wrt}{options}" for wrt in asked)

    @property
    def _named(self) -> str:
        return f"docs/questions/{self.derive}" if self.derive.endswith(".py") else self.derive

    @cached_property
    def topics(self) -> tuple[Topic, ...]:
        """What is derived: for each gradient that is asked for, or the derivation of that name."""
        style, layout = self.options.get("style"), self.options.get("layout", "denominator")
        if self.derive:
            what = str(FOLDER / "questions" / self.derive) if self.derive.endswith(".py") else self.derive
            made = derive(what, self.network, style=style, layout=layout)
            topics: tuple[Topic, ...] = (
                made if isinstance(made, Topic) else Topic((replace(made, title=""),), made.network),
            )
        else:
            wanted = ("all",) if self.lines == "all" else self.ask
            asked = (derive(wrt, self.network, style=style, layout=layout) for wrt in wanted)
            topics = tuple(made for made in asked if isinstance(made, Topic))
        return tuple(replace(made, parts=tuple(self._shown(made))) for made in topics)

    def _shown(self, topic: Topic) -> Iterator[Part]:
        if self.lines == "all":
            computed = {equation.left.name for equation in self.network.equations}
            yield from (each for each in topic.derivations if _name(each) in computed | self._names)
        elif not self.show:
            yield from topic.parts
        for place in self.show:
            titles = [each.title for each in topic.derivations]
            if isinstance(place, str) and place not in titles:
                raise SystemExit(f"{self.title}: no derivation is called {place!r}; there are {', '.join(titles)}")
            yield topic.derivations[titles.index(place) if isinstance(place, str) else place]

    @cached_property
    def _names(self) -> set[str]:
        """The variables by which a gradient is asked for."""
        assert isinstance(self.network, ForwardNetwork)
        read = (parse(wrt, self.network.reading, self.network) for wrt in self.ask)
        return {made.wrt.name for made in read if isinstance(made, Partial) and isinstance(made.wrt, Variable)}

    @cached_property
    def derivations(self) -> tuple[Derivation, ...]:
        """All of them, each once."""
        return _once(made for topic in self.topics for made in topic.derivations if made.steps)

    @property
    def answers(self) -> tuple[Derivation, ...]:
        """Those whose results are the answer."""
        if self.given and self.lines == "all":
            return tuple(each for each in self.derivations if _name(each) in self._names)
        if self.given:
            return _once(topic.derivation for topic in self.topics)
        titled = tuple(each for each in self.derivations if each.title or len(self.derivations) == 1)
        return titled if any(len(each.steps) > 1 for each in titled) else ()


def _name(made: Derivation) -> str:
    """The variable by which it is a gradient; nothing if it is none."""
    match made.start:
        case Partial(_, Variable() as wrt):
            return wrt.name
    return ""


def _once(made: Iterable[Derivation]) -> tuple[Derivation, ...]:
    """Each of them where it stands first; they cannot be kept in a set, as bounds are a table."""
    found: list[Derivation] = []
    for each in made:
        if each not in found:
            found.append(each)
    return tuple(found)


def questions(path: Path = FOLDER / "questions.toml") -> tuple[Question, ...]:
    """All of them, in the order of the page."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["question"]
    return tuple(map(Question.of, rows))


# --- the page --------------------------------------------------------------------------------------------------------


def page(asked: Sequence[Question], judged: Mapping[str, Sequence[Judged]]) -> str:
    """The whole page: contents, then the questions with what the judges say of each, by its title."""
    contents = "\n".join(f"{i}. [{each.heading}](#{i}-{each.anchor})" for i, each in enumerate(asked, 1))
    own = (section(i, each, judged[each.title]) for i, each in enumerate(asked, 1))
    return "\n\n".join([OPENING, contents, *own]) + "\n"


def section(number: int, question: Question, judged: Sequence[Judged]) -> str:
    """One question."""
    parts = [f"## {number}. {question.heading}", question.question.strip(), *_network(question)]
    steps = _Numbered()
    seen: list[Part] = []
    for topic in question.topics:
        for together in _gathered(topic, seen):
            parts += _part(together, topic.network, question.notation, steps)
    if question.answers:
        parts += ["**Answer.**", _display(_in_rows([_answer(made, question.notation) for made in question.answers]))]
    parts += [question.remark.strip(), said(judged), "```sh\n" + "\n".join(question.commands) + "\n```"]
    return "\n\n".join(filter(None, parts))


def _gathered(topic: Topic, seen: list[Part]) -> Iterator[Part | list[Derivation]]:
    """The parts of a topic that were not seen before; derivations that may stand below each other are one part."""
    together: list[Derivation] = []
    for part in topic.parts:
        # of two gradients, the lines on the way to both are shown with the first
        if part in seen or (isinstance(part, Derivation) and not part.steps):
            continue
        seen.append(part)
        if isinstance(part, Derivation):
            if together and (part.title or part.known != together[-1].known):
                yield together
                together = []
            together.append(part)
            continue
        if together:
            yield together
            together = []
        yield part
    if together:
        yield together


class _Numbered:
    """Numbers of steps, counted through a question."""

    def __init__(self) -> None:
        self.last = 0

    def next(self) -> int:
        self.last += 1
        return self.last


def _network(question: Question) -> Iterator[str]:
    """The forward equations and shapes."""
    network, letters = question.topics[0].network, question.notation
    writer = Writer(network, letters)
    rows = forward_equations(network, letters)
    if rows:
        lines = [_forward(writer, chain, note) for chain, note in rows]
        yield _display(_in_rows(lines))
    if isinstance(network, MLP):
        found = conventions_of(used_in(network, question.derivations, (), letters))
        listed = "\n".join(f"- {words(writer.words(each))}" for each in found)
        yield f"<details><summary>Conventions</summary>\n\n{listed}\n\n</details>"
    elif isinstance(network, ForwardNetwork):
        yield f"Shapes: {_shapes(network, writer)}."
        for made in question.derivations[:1]:
            yield from map(block, given(made, writer))


def _forward(writer: Writer, chain: Chain, note: Any) -> str:
    left = write(writer.math(chain.sides[0]).box)
    right = write(writer.math(Chain(chain.sides, chain.relations, continued=True)).box)
    behind = "".join(rf"\text{{{part}}}" if isinstance(part, str) else write(part.box) for part in writer.words(note))
    return rf"{left} &{right}" + (rf" && {behind}" if behind else "")


def _shapes(network: ForwardNetwork, writer: Writer) -> str:
    computed = [equation.left for equation in network.equations]
    members: list[Variable] = [*network.inputs, *(left for left in computed if left != LOSS)]
    said: Iterable[tuple[Node, ...]] = ((v, Dimensions(v)) for v in members)
    return ", ".join(f"${write(writer.math(v).box)}$ is ${write(writer.math(d).box)}$" for v, d in said)


def _part(part: Part | list[Derivation], network: Network, letters: Notation, steps: _Numbered) -> Iterator[str]:
    writer = Writer(network, letters)
    match part:
        case Prose(sentence):
            yield words(writer.words(sentence))
        case Shows(says):
            yield _display(write(writer.alone(says, part.shown).box))
        case Numbers():
            yield _table(part)
        case list():
            yield from _derivations(part, letters, steps)
        case _:
            raise SystemExit(f"{type(part).__name__} is no part of a question: write prose, lines and derivations")


def _table(part: Numbers) -> str:
    """A table; its cells may hold formulas."""
    rows = [part.columns, ("---",) * len(part.columns), *part.compute()]
    title = f"*{part.title}*\n\n" if part.title else ""
    return title + "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _derivations(together: Sequence[Derivation], letters: Notation, steps: _Numbered) -> Iterator[str]:
    """One line a step, with the name of its rule; what comes before is said once for all of them."""
    first = arranged(together[0], letters)
    if first.title:
        yield f"*{first.title.strip().removesuffix('.')}.*"
    if about := ranges(first, letters):
        yield words(Writer(first.network, letters, first.known).words(about))
    yield _display(_in_rows([row for made in together for row in _rows(arranged(made, letters), letters, steps)]))


def _rows(made: Derivation, letters: Notation, steps: _Numbered) -> Iterator[str]:
    writer = Writer(made.network, letters, made.known)
    lead = writer.math(made.start)
    shown = write(lead.box)
    for step in made.steps:
        if step.shown.dots:
            yield f"{shown} &{write(writer.math(Ellipsis(step.shown.dots)).box)}"
            shown = ""
        chain = Chain((made.start, step.after), (step.relation,), continued=True)
        line = writer.fitting(lead, chain if step.is_true else Claimed(chain), Shown())
        yield f"{shown} &{write(line.box)} && {_rule(step, steps.next())}"
        shown = ""


def _rule(step: Step, number: int) -> str:
    return rf"\text{{({number}) {step.rule.name}}}"


def _answer(made: Derivation, letters: Notation) -> str:
    made = arranged(made, letters)
    line = Writer(made.network, letters, made.known).result(made)
    return f"{write(line.lead.box)} &{write(line.formula.box)}"


def _in_rows(lines: Sequence[str]) -> str:
    return "\\begin{aligned}\n" + " \\\\\n".join(line.strip() for line in lines) + "\n\\end{aligned}"


def _display(latex: str) -> str:
    return f"$$\n{latex}\n$$"


# --- what the judges say ---------------------------------------------------------------------------------------------


def said(judged: Sequence[Judged]) -> str:
    """What each judge says, in one sentence: `kernel: 5 proved; …`."""
    found = []
    for judge in JUDGES:
        words_of = Counter(each.outcomes[judge].word for each in judged)
        found.append(f"{judge}: " + ", ".join(f"{count} {word}" for word, count in words_of.most_common()))
    count = f"{len(judged)} step{'' if len(judged) == 1 else 's'}"
    return f"*Judged, {count}.* {'; '.join(found)}." if judged else "*Counted; there is no step to judge.*"


def judged_of(asked: Sequence[Question], progress: Any = None, workers: int = 1) -> dict[str, Sequence[Judged]]:
    """What the judges say of every step of every question, with little effort, by the title of the question."""
    made = [each for question in asked for each in question.derivations]
    options = {} if progress is None else {"progress": progress}
    report = iter(verify(*made, effort="brief", workers=workers, **options).steps)
    return {question.title: [next(report) for each in question.derivations for _ in each.steps] for question in asked}


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page; with --check say whether it is up to date."""
    parser = argparse.ArgumentParser(description="Write docs/questions.md from docs/questions.toml.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is not up to date")
    parser.add_argument("--only", metavar="WORDS", help="print the questions with these words in their titles")
    options = parser.parse_args(argv)
    asked = questions()
    if options.only:
        asked = tuple(each for each in asked if options.only.lower() in each.title.lower())
    judged = judged_of(asked, workers=os.cpu_count() or 1)
    for title, own in judged.items():
        for each in own:
            if not each.as_expected:
                print(f"{title}, step {each.number}: {each.outcomes}", file=sys.stderr)
    text = page(asked, judged)
    if options.only:
        print(text)
    elif options.check:
        return 0 if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text else 1
    else:
        PAGE.write_text(text, encoding="utf-8")
        print(f"wrote {PAGE}: {len(asked)} questions, {sum(map(len, judged.values()))} steps", file=sys.stderr)
    return 0 if all(each.as_expected for own in judged.values() for each in own) else 1


if __name__ == "__main__":
    sys.exit(main())
