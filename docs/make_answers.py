r"""The page on judged answers: `python docs/make_answers.py` writes docs/answers.md anew.

It judges every answer of tests/answers/corpus. Of each theme the page has how many answers it holds, how many of them
got the verdict that mathematics says, and how often the mistake that was made is among those that are named. Below
stands every known failure; known_failures.jsonl beside the answers is written anew with them, unless a wrong answer is
accepted. `--check` only says whether the page is as it would be written.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "answers"))

from corpus_rows import KNOWN, Outcome, Row, of_question, outcome, questions, rows  # noqa: E402

from symbackprop.answers.verdict import CORRECT, INCORRECT, UNDECIDED, UNREADABLE  # noqa: E402

PAGE = ROOT / "docs" / "answers.md"
Judged = Mapping[tuple[str, str], Outcome]
TITLES = {
    "bounds": "Norms and bounds",
    "classifier": "Softmax, cross-entropy, the sigmoid with it",
    "derivations": "Derivations of several lines, and quantities that may be used",
    "hostile": "Aimed at the judge, or no mathematics",
    "layer": "One layer, and two square ones",
    "lecture": "Any depth",
    "networks": "Dropout, batches, recurrent networks, shared weights, residual blocks",
    "normalization": "Batch and layer normalization",
    "notations": "Two hidden layers, and the recursion, in the letters of nine courses",
    "numbers": "By numbers",
    "regression": "Squared errors, penalties, quadratic forms",
    "slopes": "Slopes of activations, and scalar graphs",
}
OPENING = """\
# Answers and their verdicts

<!-- written by docs/make_answers.py from tests/answers/corpus: change those -->

The answers in [tests/answers/corpus](../tests/answers/corpus) were written by hand, many of them in a second spelling
as well: right ones in many writings, wrong ones with one mistake each, some that cannot be read and some that try to
deceive. What should be said of each was decided by mathematics and not by running the program. *As expected* is the
share of the answers with the expected verdict. *Mistake named* is the share of the answers with a known mistake for
which its code is among those printed."""
FAILURES = """\
## Known failures

Each of these answers gets another verdict than it should. No wrong answer is accepted: the tests do not allow that as
a known failure."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes docs/answers.md from what the judge says of the corpus.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is not up to date")
    only_check = parser.parse_args().check
    said = judged()
    text = page(rows(), said)
    if not only_check:
        PAGE.write_text(text, encoding="utf-8")
        KNOWN.write_text("".join(known_failures(rows(), said)), encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{PAGE.relative_to(ROOT)} is not up to date: run python docs/make_answers.py", file=sys.stderr)
    return 1


def judged() -> Judged:
    """What is said of every answer."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return {key: made for own in pool.map(_judged, questions()) for key, made in own}


def _judged(name: str) -> list[tuple[tuple[str, str], Outcome]]:
    return [(row.key, outcome(row)) for row in of_question(name)]


def known_failures(made: Sequence[Row], said: Judged) -> Iterator[str]:
    """The lines of known_failures.jsonl.

    Raises:
        SystemExit: for a wrong answer that is accepted.
    """
    for row in made:
        printed = said[row.key].verdict
        if printed == row.verdict:
            continue
        if printed == CORRECT:
            raise SystemExit(f"a wrong answer to {row.question} is accepted: {row.answer}")
        table = {"question": row.question, "answer": row.answer, "expected": row.verdict, "printed": printed}
        yield json.dumps(table, ensure_ascii=False) + "\n"


def page(made: Sequence[Row], said: Judged) -> str:
    """The whole page."""
    themes = sorted({row.theme for row in made})
    lines = [_line(TITLES[theme], [row for row in made if row.theme == theme], said) for theme in themes]
    table = [
        f"| Theme | Answers | {CORRECT} | {INCORRECT} | {UNDECIDED} | {UNREADABLE} | As expected | Mistake named |",
        "| --- " + "| ---: " * 7 + "|",
        *lines,
        _line("All", made, said),
    ]
    parts = [OPENING, "\n".join(table), _codes(made, said), FAILURES, *_failures(made, said)]
    return "\n\n".join(parts) + "\n"


def _line(title: str, made: Sequence[Row], said: Judged) -> str:
    expected = [sum(row.verdict == word for row in made) for word in (CORRECT, INCORRECT, UNDECIDED, UNREADABLE)]
    right = share(said[row.key].verdict == row.verdict for row in made)
    cells = [title, str(len(made)), *map(str, expected), right, share(named(made, said))]
    return "| " + " | ".join(cells) + " |"


def named(made: Iterable[Row], said: Judged) -> Iterator[bool]:
    """Of each answer with a known mistake that was judged as expected, whether it is among those named."""
    for row in made:
        if row.mistake is not None and said[row.key].verdict == row.verdict:
            yield row.mistake in said[row.key].mistakes


def share(holds: Iterable[bool]) -> str:
    """`92.1 % of 340`, or a dash for none."""
    found = list(holds)
    return f"{100 * sum(found) / len(found):.1f} % of {len(found)}" if found else "–"


def _codes(made: Sequence[Row], said: Judged) -> str:
    codes = sorted({row.mistake for row in made if row.mistake is not None})
    lines = []
    for code in codes:
        own = share(named([row for row in made if row.mistake == code], said))
        lines.append(f"| `{code}` | {own} | {_others(code, made, said)} |")
    return "\n".join(["| Mistake | Named | Else |", "| --- | ---: | --- |", *lines])


def _others(code: str, made: Sequence[Row], said: Judged) -> str:
    """What is named instead, the most frequent first."""
    count: dict[str, int] = {}
    for row in made:
        found = said[row.key]
        if row.mistake == code and found.verdict == row.verdict and code not in found.mistakes:
            words = ", ".join(f"`{each}`" for each in found.mistakes) or "none"
            count[words] = count.get(words, 0) + 1
    ordered = sorted(count.items(), key=lambda each: (-each[1], each[0]))[:4]
    return "; ".join(f"{words} {number}" for words, number in ordered)


def _failures(made: Sequence[Row], said: Judged) -> Iterator[str]:
    """The failures, gathered by what was expected and what is printed."""
    failed = [row for row in made if said[row.key].verdict != row.verdict]
    kinds = sorted({(row.verdict, said[row.key].verdict) for row in failed})
    for expected, printed in kinds:
        own = [row for row in failed if (row.verdict, said[row.key].verdict) == (expected, printed)]
        yield f"### {expected.capitalize()}, but printed: {printed} ({len(own)})"
        yield "\n".join(f"- {row.question}: {_code(row.answer)}" for row in own)


def _code(text: str) -> str:
    """As code within a line of Markdown."""
    shown = " ".join(text.split())
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


if __name__ == "__main__":
    sys.exit(main())
