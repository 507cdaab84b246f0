"""`report.html`: one file without scripts, pictures or anything from elsewhere, for a screen, a telephone or paper.

Whatever students wrote is text there, and nothing else: escaped, and without signs that turn the order of letters.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from symbackprop.answers.verdict import CORRECT, INCORRECT, UNDECIDED, UNREADABLE, VERDICTS
from symbackprop.errors import SymbackpropError
from symbackprop.grading.assignment import Assignment, Task
from symbackprop.grading.clusters import Cluster, Summary, summary
from symbackprop.grading.grades import number
from symbackprop.grading.marked import Marked
from symbackprop.grading.report_style import STYLE
from symbackprop.render.look import Look
from symbackprop.render.text import render

SIGNS = {CORRECT: "✓", INCORRECT: "✗", UNDECIDED: "?", UNREADABLE: "∅"}
# what wants a person's eye stands first
ORDER = (UNDECIDED, INCORRECT, UNREADABLE, CORRECT)
# of each verdict to one question; a class of thousands would make a file that no one reads
MOST_CLUSTERS, MOST_IDS, MOST_LINES, MOST_CHARACTERS, MOST_WAYS = 25, 200, 10, 2000, 3
FEW_IDS = 12
_SIGNLESS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def report_html(assignment: Assignment, marked: Sequence[Marked]) -> bytes:
    """The report on all answers."""
    by_task: dict[str, list[Marked]] = {task.id: [] for task in assignment.tasks}
    stray: list[Marked] = []
    for each in marked:
        by_task.get(each.question or "", stray).append(each)
    summaries = {task.id: summary(by_task[task.id]) for task in assignment.tasks}
    sections = [_section(task, place, summaries[task.id]) for place, task in enumerate(assignment.tasks, 1)]
    if stray:
        sections.append(_stray(stray))
    title = escaped(assignment.title)
    body = "\n".join([f"<h1>{title}</h1>", _overview(assignment, summaries, marked), *sections])
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    ).encode()


def escaped(text: str) -> str:
    """A text that is nothing but text in HTML; signs without a shape are named."""
    return html.escape(_SIGNLESS.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text))


# --- the whole class -------------------------------------------------------------------------------------------------


def _overview(assignment: Assignment, summaries: Mapping[str, Summary], marked: Sequence[Marked]) -> str:
    found = Counter(each.verdict for each in marked)
    students = len({str(each.id) for each in marked})
    most = sum(task.points for task in assignment.tasks)
    told = f"{_many(len(marked), 'answer')} by {_many(students, 'student')}, {_many(most, 'point')} to be had"
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("question", "points", "answers", *VERDICTS, "mean points")
    )
    rows = [_overview_row(task, place, summaries[task.id]) for place, task in enumerate(assignment.tasks, 1)]
    return (
        f'<p class="told">{told}</p>\n{_bar({word: found[word] for word in VERDICTS})}\n'
        f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{"".join(rows)}</tbody>\n</table></div>'
    )


def _overview_row(task: Task, place: int, told: Summary) -> str:
    answers = sum(told.counts.values())
    name = f'<th scope="row"><a href="#q{place}">{escaped(task.id)}</a></th>'
    mean = number(round(told.score * task.points, 2)) if answers else "–"
    values = [number(task.points), answers, *(told.counts[word] or "" for word in VERDICTS), mean]
    return f"<tr>{name}{''.join(f'<td>{value}</td>' for value in values)}</tr>\n"


def _bar(counts: Mapping[str, int]) -> str:
    """How many answers have which verdict, as a bar with its key."""
    present = [word for word in VERDICTS if counts[word]]
    parts = "".join(f'<span class="{word}" style="flex-grow:{counts[word]}"></span>' for word in present)
    key = "".join(f"<li>{_badge(word)} {counts[word]}</li>" for word in present)
    return f'<div class="bar" aria-hidden="true">{parts}</div>\n<ul class="key">{key}</ul>'


def _badge(word: str) -> str:
    return f'<span class="badge {word}"><span aria-hidden="true">{SIGNS[word]}</span> {word}</span>'


# --- a question ------------------------------------------------------------------------------------------------------


def _section(task: Task, place: int, told: Summary) -> str:
    parts = [f'<section id="q{place}">\n<h2>{escaped(task.id)} <small>{_many(task.points, "point")}</small></h2>']
    parts.append(
        f'<pre class="ask">{escaped(_typeset(task))}</pre>\n<p><code class="source">{escaped(task.ask)}</code></p>'
    )
    if not any(told.counts.values()):
        return "\n".join([*parts, "<p>No answers.</p>\n</section>"])
    parts.append(_bar(told.counts))
    if told.mistakes:
        rows = [(f"<code>{escaped(code)}</code>", f"such as: {escaped(text)}", n) for code, text, n in told.mistakes]
        parts.append(_counted("Mistakes", rows))
    if told.lines:
        rows = [(f'<code class="source">{_short(line)}</code>', escaped(note), n) for line, note, n in told.lines]
        parts.append(_counted("Where derivations go wrong first", rows))
    parts += [_group(word, told.clusters[word]) for word in ORDER if told.clusters[word]]
    return "\n".join([*parts, "</section>"])


def _typeset(task: Task) -> str:
    """What is asked for as lines of Unicode."""
    question = task.question()
    try:
        return render(question.asked, Look(network=question.network, notation=question.letters))
    except SymbackpropError:
        # a notation may lack a letter for what is asked; the LaTeX below has one
        return str(question.asked)


def _counted(title: str, rows: Sequence[tuple[str, str, int]]) -> str:
    """What is there several times, with its numbers."""
    shown = rows[:MOST_LINES]
    cells = "".join(
        f'<tr><td class="count">{n}</td><td>{what}<div class="note">{note}</div></td></tr>\n' for what, note, n in shown
    )
    more = f'<p class="note">and {len(rows) - len(shown)} more</p>' if len(rows) > len(shown) else ""
    return f'<h3>{title}</h3>\n<table class="counted">\n{cells}</table>{more}'


def _group(word: str, clusters: Sequence[Cluster]) -> str:
    """The answers with one verdict, a card for those that say the same."""
    answers = sum(cluster.count for cluster in clusters)
    shown = clusters[:MOST_CLUSTERS]
    cards = "\n".join(map(_card, shown))
    rest = sum(cluster.count for cluster in clusters[len(shown) :])
    left = f"and {_many(rest, 'answer')} more in {_many(len(clusters) - len(shown), 'group')}"
    more = f'<p class="note">{left}: verdicts.jsonl has them</p>'
    head = f"<h3>{_badge(word)} {_many(answers, 'answer')} in {_many(len(clusters), 'group')}</h3>"
    return f"{head}\n{cards}{more if rest else ''}"


def _card(cluster: Cluster) -> str:
    """Answers that say the same: how they are written, what is said of them, and whose they are."""
    first = cluster.first
    ways = [text for text, _ in cluster.texts.most_common(MOST_WAYS + 1)]
    texts = [f'<pre class="answer">{_short(ways[0]) or "(empty)"}</pre>']
    others = len(cluster.texts) - 1
    if others:
        shown = "".join(f'<pre class="answer">{_short(text)}</pre>' for text in ways[1:])
        texts.append(f"<details><summary>also written in {_many(others, 'other way')}</summary>{shown}</details>")
    said = [f'<p class="reason">{escaped(first.reason)}</p>']
    if first.mistakes:
        said.append(f"<ul>{''.join(_mistake(*each, first.reason) for each in first.mistakes)}</ul>")
    return f'<article class="{first.verdict}">\n{"".join(texts)}{"".join(said)}{_whose(cluster)}\n</article>'


def _whose(cluster: Cluster) -> str:
    """Who has answered so; many are folded away."""
    share = f", score {number(cluster.first.score)}" if 0 < cluster.first.score < 1 else ""
    ids = ", ".join(f"<bdi>{_short(id)}</bdi>" for id in cluster.ids[:MOST_IDS])
    if cluster.count <= FEW_IDS:
        return f'<p class="note">{_many(cluster.count, "answer")}{share}: {ids}</p>'
    more = f" and {cluster.count - MOST_IDS:,} more" if cluster.count > MOST_IDS else ""
    return f"<details><summary>{_many(cluster.count, 'answer')}{share}</summary><p>{ids}{more}</p></details>"


def _mistake(code: str, message: str, reason: str) -> str:
    told = "" if message == reason else f" {escaped(message)}"
    return f"<li><code>{escaped(code)}</code>{told}</li>"


def _stray(marked: Sequence[Marked]) -> str:
    """Rows of which nobody can say to which question they belong."""
    rows = [
        (
            f"<bdi>{_short(', '.join(ids[:MOST_LINES]))}</bdi>{' …' if len(ids) > MOST_LINES else ''}",
            escaped(reason),
            len(ids),
        )
        for reason, ids in _by_reason(marked)
    ]
    return f'<section id="stray">\n<h2>Rows of no question</h2>\n{_counted("Why", rows)}\n</section>'


def _by_reason(marked: Iterable[Marked]) -> Iterator[tuple[str, list[str]]]:
    for reason, group in groupby(sorted(marked, key=lambda each: each.reason), key=lambda each: each.reason):
        yield reason, [str(each.id) for each in group]


def _short(text: str) -> str:
    """A text escaped, and cut where it is very long."""
    return escaped(text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]} … ({len(text):,} characters)")


def _many(count: float, what: str) -> str:
    return f"{number(count) if isinstance(count, float) else f'{count:,}'} {what}{'' if count == 1 else 's'}"
