r"""Reading LaTeX: tokens a second of each stage, and short answers a second, on one core.

`python -m benchmarks.reading` prints the full size alone. The formulas are those of the tests: the lecture's lines, and
lines as courses print them, as far as they have a surface; and short answers to a homework on a network of three
layers, of which each must be read. Answers that are read for the first time follow others to the same homework: no two
are the same, but they have their letters and parentheses in common, as those of a class have.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice, product
from random import Random
from statistics import mean, median
from typing import Any

from benchmarks.plan import FULL, Plan
from benchmarks.table import Row, digits, duration, failure, table, within
from benchmarks.timing import ROOT, Time, installed, once, python, repeated
from symbackprop.answers.question import Question
from symbackprop.answers.reading import read_answer
from symbackprop.errors import SymbackpropError
from symbackprop.given import Network as ForwardEquations
from symbackprop.latex.grammar import surface
from symbackprop.latex.parse import read
from symbackprop.latex.tokens import tokens
from symbackprop.network import MLP
from symbackprop.quantities import Quantities

# tokens of a short answer
SHORTEST, LONGEST = 10, 40
# tokens, and short answers, a second
TOKENS = 300_000
ANSWERS = 5_000
LINES = 12_000
# equations of one network, and the seconds in which it is read
EQUATIONS = 100
SECONDS = 0.5
# what makes many distinct answers of a few
FRONTS = ("", "2 ", "-", r"\frac{1}{2} ", "3 ", "-2 ", "0.5 ", "4 ")
SEED = 1
FORMULAS = ("tests/lecture/formulas.json", "tests/latex/published.json")
SHAPES = {
    "x": ("d",), "y": ("k",), "yhat": ("k",), "W_1": ("m", "d"), "W_2": ("n", "m"), "W_3": ("k", "n"), "L": (),
    **{f"{name}_{l}": (size,) for name in ("z", "h", "b", "delta") for l, size in ((1, "m"), (2, "n"), (3, "k"))},
}  # fmt: skip
FORMS = (
    r"\frac{\partial L}{\partial W_l} = BACK \odot g'(z_l) h_k^\top",
    r"\frac{\partial L}{\partial W_l} = \left(BACK \odot g'(z_l)\right) h_k^\top",
    r"\frac{\partial L}{\partial z_l} = (W_m^\top GRAD_m) \odot g'(z_l)",
    r"\delta_l = g'(z_l) \odot BACK",
    r"\operatorname{diag}(\sigma'(z_l)) BACK",
    r"h_l \odot (1 - h_l) \odot (BACK)",
    r"\frac{\partial L}{\partial h_l} = BACK, \quad \frac{\partial L}{\partial b_l} = GRAD_l",
    r"GRAD_l h_k^\top + 2 W_l",
)


def equations() -> list[str]:
    """Layers of a label each, whose sizes follow from one another, and a loss."""
    before, made = "x", []
    for name in map("".join, islice(product("abcdefgh", repeat=3), EQUATIONS - 1)):
        made.append(rf"h_{{{name}}} = {before} + V_{{{name}}} \tanh(W_{{{name}}} {before} + b_{{{name}}})")
        before = f"h_{{{name}}}"
    return [*made, rf"L = \frac{{1}}{{2}} \|{before} - y\|^2"]


def answers(fronts: Sequence[str] = ("",)) -> list[str]:
    """Short homework answers, in the ways in which people write the same.

    Args:
        fronts: what may stand before the first side, or the last.
    """
    made: dict[str, None] = {}
    ways = product(
        FORMS, (1, 2), (r"\delta_", r"\frac{\partial L}{\partial z_"), (r"^\top", "^T"), (r"\odot", r"\circ")
    )
    for form, l, gradient, transpose, sign in ways:
        close = "}" if "frac" in gradient else ""
        text = form.replace("BACK", r"W_m^\top GRAD_m")
        for letter, at in (("l", l), ("m", l + 1)):
            text = text.replace(f"GRAD_{letter}", f"{gradient}{at}{close}").replace(f"_{letter}", f"_{at}")
        text = text.replace("h_k", f"h_{l - 1}" if l > 1 else "x")
        text = text.replace(r"^\top", transpose).replace(r"\odot", sign)
        left, equals, right = text.rpartition(" = ")
        made |= dict.fromkeys(f"{left}{equals}{front}{right}" for front in fronts)
    return [text for text in made if SHORTEST <= len(tokens(text)) <= LONGEST]


def lines() -> list[str]:
    """The formulas of the tests that have a surface."""
    found = [row for path in FORMULAS for row in json.loads((ROOT / path).read_text("utf-8"))["formulas"]]
    return [text for row in found if _is_read(surface, text := row.get("meant", row["latex"]))]


def _is_read(stage: Callable[[str], Any], text: str) -> bool:
    try:
        stage(text)
    except SymbackpropError:
        return False
    return True


def stages(plan: Plan) -> Iterator[Row]:
    """Each stage by itself; a stage does the work of those before it too."""
    written, network, lecture = answers(), Quantities(SHAPES), MLP()
    refused = [text for text in written if not _is_read(lambda text: read(text, network=network), text)]
    if refused:
        yield failure("reading", "reading LaTeX", f"{refused[0]} is refused")
        return
    printed = lines()
    meant = [text for text in printed if _is_read(lambda text: read(text, network=lecture), text)]
    both = [*printed, *written]
    yield rate("lexing", tokens, both, plan)
    yield rate("surface", surface, both, plan, TOKENS)
    yield rate("the lecture's formulas, whole, warm", lambda text: read(text, network=lecture), meant, plan, TOKENS)
    warm = repeated(lambda: [read(text, network=network) for text in written], plan.repeats)
    yield tokens_a_second("answers, whole, warm", written, warm, TOKENS)
    yield answers_a_second(written, warm)
    yield from first_time(plan)
    # a network that nothing was read about: what its letters may be is found for each formula
    yield rate(
        "answers, whole, each about a new network", lambda text: read(text, network=Quantities(SHAPES)), written, plan
    )
    texts = equations()
    taken = once(lambda: ForwardEquations(*texts))
    figure = f"reading: a network of {EQUATIONS} equations"
    beside = f"CPU {duration(taken.cpu)}, no shape given"
    yield within("reading", figure, taken.seconds, SECONDS, beside, equations=EQUATIONS, cpu=taken.cpu)
    yield first(plan)


def first_time(plan: Plan) -> Iterator[Row]:
    """Answers of which none was read before, by a network and a question that others were read about."""
    network = Quantities(SHAPES)
    # a number before some products may belong to more or to less of them, which is refused
    several = [text for text in answers(FRONTS) if _is_read(lambda text: read(text, network=network), text)]
    Random(SEED).shuffle(several)
    new = several[1::2]

    def by_network() -> Callable[[str], Any]:
        network = Quantities(SHAPES)
        return lambda text: read(text, network=network)

    def by_question() -> Callable[[str], Any]:
        question = Question(r"\frac{\partial L}{\partial W_2}", Quantities(SHAPES))
        return lambda text: read_answer(text, question)

    taken = _after_others(by_network, several[::2], new, plan)
    yield tokens_a_second("answers, each for the first time", new, taken, TOKENS)
    taken = _after_others(by_question, several[::2], new, plan)
    found = len(new) / taken.seconds
    yield Row(
        "reading",
        "reading: answers as lines, each for the first time",
        f"{digits(found)} answers a second",
        f"CPU {digits(len(new) / taken.cpu)}, {len(new)} distinct answers",
        f"≥ {LINES:,}",
        found / LINES,
        "of the line",
        found >= LINES,
        numbers={"seconds": taken.seconds, "cpu": taken.cpu, "formulas": len(new), "least": LINES},
    )


def _after_others(
    make: Callable[[], Callable[[str], Any]], others: Sequence[str], new: Sequence[str], plan: Plan
) -> Time:
    """The median time of what each reader that is made takes for new texts, after it has read others."""
    found: list[Time] = []
    for _ in range(plan.repeats):
        reader = make()
        for text in others:
            reader(text)
        found.append(once(partial(_read_all, reader, new)))
    return Time(median(each.seconds for each in found), median(each.cpu for each in found))


def _read_all(reader: Callable[[str], Any], texts: Sequence[str]) -> None:
    for text in texts:
        reader(text)


def rate(
    figure: str, stage: Callable[[str], Any], formulas: Sequence[str], plan: Plan, least: int | None = None
) -> Row:
    """Tokens a second of a stage, by the median time of all the formulas."""
    time = repeated(lambda: [stage(text) for text in formulas], plan.repeats)
    return tokens_a_second(figure, formulas, time, least)


def tokens_a_second(figure: str, formulas: Sequence[str], time: Time, least: int | None = None) -> Row:
    """A row of what has taken that time, with the line to reach if there is one."""
    count = sum(len(tokens(text)) for text in formulas)
    found = count / time.seconds
    return Row(
        "reading",
        f"reading: {figure}",
        f"{digits(found)} tokens a second",
        f"CPU {digits(count / time.cpu)}, {len(formulas)} formulas, {digits(len(formulas) / time.seconds)} a second",
        "" if least is None else f"≥ {least:,}",
        None if least is None else found / least,
        "" if least is None else "of the line",
        None if least is None else found >= least,
        numbers={"seconds": time.seconds, "cpu": time.cpu, "tokens": count, "formulas": len(formulas), "least": least},
    )


def answers_a_second(formulas: Sequence[str], time: Time) -> Row:
    """Short answers a second, in the time that all of them have taken."""
    found = len(formulas) / time.seconds
    length = mean(len(tokens(text)) for text in formulas)
    return Row(
        "reading",
        "reading: short answers",
        f"{digits(found)} answers a second",
        f"CPU {digits(len(formulas) / time.cpu)}, {digits(length)} tokens each",
        f"≥ {ANSWERS:,}",
        found / ANSWERS,
        "of the line",
        found >= ANSWERS,
        numbers={"seconds": time.seconds, "cpu": time.cpu, "formulas": len(formulas), "least": ANSWERS},
    )


def first(plan: Plan) -> Row:
    """The first formula of a process, beside a process that only loads the package."""
    text = r"\frac{\partial L}{\partial \vec{z}_{l+1}} \vec{h}_l^\top"
    bare = "import symbackprop as sb"
    times: dict[str, list[float]] = {}
    for program in (bare, f"{bare}; sb.parse({text!r})") * plan.cold:
        done = python("-c", program, packages=installed())
        if done.status:
            return failure("reading", "reading: the first formula, cold", done.complaint)
        times.setdefault(program, []).append(done.seconds)
    alone, both = (min(each) for each in times.values())
    beside = f"import alone {duration(alone)}"
    return Row("reading", "reading: the first formula, cold", duration(both), beside, numbers={"seconds": both})


if __name__ == "__main__":
    print(table(list(stages(FULL))))
