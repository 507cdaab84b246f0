"""Answers that nobody would write: the judge says one of four words of each, soon, and the same each time.

`python tests/answers/fuzz.py 10000` judges ten thousand, made from those of the corpus by what fingers and programs do
to a text, and prints whatever was not answered so.
"""

from __future__ import annotations

import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from corpus_rows import question as question_of
from corpus_rows import rows

from symbackprop.answers.judging import judge
from symbackprop.answers.verdict import VERDICTS

# seconds of CPU for one answer; it takes some milliseconds
LATE = 10.0
TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
# what is put in from elsewhere
SOUP = (
    *"{}[]()^_&|+-=*/'\"<>$%#~!?,.;:0123456789 \n\t\\",
    *("\\left", "\\right", "\\frac", "\\sqrt", "\\begin{pmatrix}", "\\end{pmatrix}", "\\\\", "\\sum_{k=1}^n", "\\odot"),
    *("\\text{", "\\partial", "\\top", "\\dots", "\\operatorname{diag}", "\\mathbf{1}", "^{-1}", "^{99}", "_{l+1}"),
    *("\0", "\u200b", "\u202e", "é", "∂", "⊙", "𝛿", "\ud800", "99999999999999999999", "\\input{x}", "`", "\\verb|x|"),
)


@dataclass(frozen=True)
class Failure:
    """An answer that was not answered as it should be."""

    question: str
    answer: str
    what: str


def _dropped(tokens: list[str], draw: random.Random) -> None:
    del tokens[draw.randrange(len(tokens))]


def _doubled(tokens: list[str], draw: random.Random) -> None:
    place = draw.randrange(len(tokens))
    tokens.insert(place, tokens[place])


def _swapped(tokens: list[str], draw: random.Random) -> None:
    one, two = (draw.randrange(len(tokens)) for _ in range(2))
    tokens[one], tokens[two] = tokens[two], tokens[one]


def _put_in(tokens: list[str], draw: random.Random) -> None:
    tokens.insert(draw.randrange(len(tokens) + 1), draw.choice(SOUP))


def _cut_off(tokens: list[str], draw: random.Random) -> None:
    del tokens[draw.randrange(1, len(tokens) + 1) :]


def _spliced(tokens: list[str], draw: random.Random) -> None:
    other = TOKEN.findall(draw.choice(rows()).answer)
    start = draw.randrange(len(other) + 1)
    place = draw.randrange(len(tokens) + 1)
    tokens[place:place] = other[start : start + draw.randint(1, 12)]


def _repeated(tokens: list[str], draw: random.Random) -> None:
    start = draw.randrange(len(tokens))
    run = tokens[start : start + draw.randint(1, 6)]
    tokens[start:start] = run * draw.randint(2, 40)


CHANGES: tuple[Callable[[list[str], random.Random], None], ...] = (
    *(_dropped, _doubled, _swapped, _put_in, _cut_off, _spliced, _repeated),
)


def texts(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Questions by their ids, and texts for answers."""
    draw = random.Random(seed)
    for _ in range(count):
        row = draw.choice(rows())
        tokens = TOKEN.findall(row.answer) or [" "]
        for _ in range(draw.choice((1, 1, 2, 3, 8))):
            draw.choice(CHANGES)(tokens, draw)
            tokens = tokens or [" "]
        yield row.question, "".join(tokens)


def campaign(count: int, seed: int = 0, late: float = LATE) -> tuple[Counter[str], list[Failure]]:
    """What was said how often, and what went wrong."""
    words: Counter[str] = Counter()
    failures: list[Failure] = []
    for name, text in texts(count, seed):
        question = question_of(name)
        start = time.process_time()
        try:
            said = judge(question, text)
            again = judge(question, text)
        except Exception as error:
            failures.append(Failure(name, text, f"{type(error).__name__}: {error}"))
            continue
        spent = time.process_time() - start
        words[said.verdict] += 1
        if said.verdict not in VERDICTS:
            failures.append(Failure(name, text, f"the verdict {said.verdict!r}"))
        if said.as_json() != again.as_json():
            failures.append(Failure(name, text, "another verdict the second time"))
        if spent > 2 * late:
            failures.append(Failure(name, text, f"{spent:.1f} s for two times"))
    return words, failures


if __name__ == "__main__":
    found, wrong = campaign(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    for failure in wrong:
        print(ascii(failure))
    print(dict(found), f"failures: {len(wrong)}")
    sys.exit(bool(wrong))
