"""The report: whatever students write is text in it, and it needs nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from symbackprop.grading.assignment import Assignment, read_assignment
from symbackprop.grading.clusters import summary
from symbackprop.grading.marked import Marked
from symbackprop.grading.report import report_html

EVIL = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</pre></style></title><iframe src='//x'>",
    '" onmouseover="alert(1)',
    "' style='background:url(//x)'",
    "<!--",
    "]]>",
    "&lt;b&gt; &#60;",
    "javascript:alert(1)",
    "\u202eevil\u2066\x00\x1b[31m\ud800",
]
TAGS = """
html head meta title style body main h1 h2 h3 small p div span ul li table thead tbody tr th td a section pre code
article details summary bdi
"""
# attributes that a page could be made to do something with have one form each
ATTRIBUTES = {"id": r"q\d+|stray", "href": r"#q\d+", "style": r"flex-grow:\d+", "class": r"[a-z ]+"}


class Reader(HTMLParser):
    """Keeps the tags with their attributes, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: bytes) -> Reader:
    reader = Reader()
    reader.feed(html.decode("utf-8"))
    reader.close()
    return reader


def marked(
    text: str, verdict: str = "incorrect", id: str = "a", question: str | None = "1a", value: str = ""
) -> Marked:
    wrong = (text, text) if verdict == "incorrect" else None
    mistakes = ((text, text),) if verdict == "incorrect" else ()
    return Marked(id, question, text, verdict, text, 0.5, wrong, mistakes, value or text, bool(value))


@pytest.fixture
def homework(assignment: Path) -> Assignment:
    return read_assignment(assignment)


def test_what_students_write_is_text(homework: Assignment) -> None:
    verdicts = ("correct", "incorrect", "undecided", "unreadable")
    rows = [marked(evil, verdict, evil) for evil in EVIL for verdict in verdicts]
    rows += [marked(evil, "unreadable", evil, evil) for evil in EVIL]
    reader = read(report_html(homework, rows))
    assert {tag for tag, _ in reader.tags} <= set(TAGS.split())
    assert reader.open == []
    for tag, attributes in reader.tags:
        for name, value in attributes.items():
            if tag not in ("meta", "html"):
                assert name in {*ATTRIBUTES, "scope", "aria-hidden"}
                assert re.fullmatch(ATTRIBUTES.get(name, ".*"), value or "")
    for evil in EVIL[:-1]:
        assert evil in reader.text
    assert "⟨U+202E⟩evil⟨U+2066⟩⟨U+0000⟩⟨U+001B⟩[31m⟨U+D800⟩" in reader.text


def test_nothing_comes_from_elsewhere(homework: Assignment) -> None:
    html = report_html(homework, [marked("x")]).decode()
    assert "default-src 'none'" in html
    assert not re.search(r"(?i)https?:|url\(|@import|<script|\bsrc=|<link", html)


def test_answers_of_one_value_stand_together(homework: Assignment) -> None:
    rows = [
        marked("x+y", id="a", value="1"),
        marked("y+x", id="b", value="1"),
        marked("z", id="c", value="2"),
        marked("q  w", "unreadable", "d"),
        marked("q w", "unreadable", "e"),
        marked("p", "correct", "f"),
        marked("o", "correct", "g"),
    ]
    told = summary(rows)
    sizes = {word: [cluster.ids for cluster in clusters] for word, clusters in told.clusters.items()}
    assert sizes == {
        "correct": [["f", "g"]],
        "incorrect": [["a", "b"], ["c"]],
        "undecided": [],
        "unreadable": [["d", "e"]],
    }
    assert told.counts == {"correct": 2, "incorrect": 3, "undecided": 0, "unreadable": 2}
    assert told.mistakes[0] == ("x+y", "x+y", 1)
    assert [line for line, _, _ in told.lines] == ["x+y", "y+x", "z"]
    text = read(report_html(homework, rows)).text
    assert "also written in 1 other way" in text
    assert "incorrect 3 answers in 2 groups" in text


def test_a_large_class_makes_a_file_that_can_be_read(homework: Assignment) -> None:
    rows = [marked(f"{n} " + "x" * 5000, id=f"student {n}") for n in range(1000)]
    rows += [marked("same", id=f"other {n}") for n in range(1000)]
    html = report_html(homework, rows)
    assert len(html) < 600_000
    text = read(html).text
    assert "and 976 answers more in 976 groups" in text
    assert "and 800 more" in text


def test_a_question_without_answers_is_told(homework: Assignment) -> None:
    text = read(report_html(homework, [marked("x")])).text
    assert "No answers." in text
    assert "1 answer by 1 student, 5.5 points to be had" in text
    assert "Homework <3>" in text
