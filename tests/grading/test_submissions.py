"""JSON lines, CSV and folders give the same rows, and no row is lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbackprop.errors import SymbackpropError
from symbackprop.grading.csv_rows import CsvError, CsvRow, csv_rows
from symbackprop.grading.submissions import Submission, read_submissions

QUESTIONS = ("1a", "1b")
ROWS = [
    ("ada", "1a", "W_1^\\top x"),
    ("ada", "1b", 'first\nsecond, "quoted"\r\nthird'),
    ("émile", "1a", "\\hat{y} − y\u2028z"),
    ("émile", "1b", ""),
]
WANTED = [Submission(*row) for row in ROWS]


def read(tmp_path: Path, name: str, content: bytes) -> list[Submission]:
    file = tmp_path / name
    file.write_bytes(content)
    return list(read_submissions(file, QUESTIONS))


def in_json(*rows: object) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def as_csv(rows: list[tuple[str, ...]], between: str = ",", end: str = "\r\n") -> bytes:
    quoted = [[f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row] for row in rows]
    return end.join(between.join(row) for row in [["id", "question", "answer"], *quoted]).encode()


# --- the three kinds -------------------------------------------------------------------------------------------------


def test_json_lines(tmp_path: Path) -> None:
    rows = [dict(zip(("id", "question", "answer"), row, strict=True)) for row in ROWS]
    assert read(tmp_path, "a.jsonl", in_json(*rows)) == WANTED
    assert read(tmp_path, "b.jsonl", b"\xef\xbb\xbf\n" + in_json(*rows).replace(b"\n", b"\r\n\n")) == WANTED


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "mark"])
@pytest.mark.parametrize("between", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv(tmp_path: Path, mark: bytes, between: str, end: str) -> None:
    assert read(tmp_path, "a.csv", mark + as_csv(ROWS, between, end)) == WANTED


def test_columns_of_a_csv_stand_in_any_order_among_others(tmp_path: Path) -> None:
    content = b'Question,remark, ID ,Answer\n1a,,7,x y\n\n1b,late,007,"a ""b"""\n'
    assert read(tmp_path, "a.csv", content) == [Submission("7", "1a", "x y"), Submission("007", "1b", 'a "b"')]


def test_folders(tmp_path: Path) -> None:
    for student, question, answer in ROWS:
        folder = tmp_path / "handed" / student
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{question}.tex").write_bytes(answer.encode())
    (tmp_path / "handed" / ".DS_Store").touch()
    assert list(read_submissions(tmp_path / "handed", QUESTIONS)) == WANTED


CELL = st.text(max_size=8)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=4))
def test_any_text_comes_back_from_a_csv(rows: list[tuple[str, ...]]) -> None:
    text = as_csv(rows).decode()
    assert [row.cells for row in csv_rows(text) if isinstance(row, CsvRow)][1:] == [list(row) for row in rows]


@given(st.text(alphabet='",;\n\r\tab'))
def test_any_text_is_rows_and_errors_in_the_order_of_their_lines(text: str) -> None:
    lines = [row.line for row in csv_rows(text)]
    assert lines == sorted(set(lines))


def test_a_quote_that_is_not_closed_costs_its_own_row() -> None:
    found = list(csv_rows('id,question,answer\n1,1a,"x\n2,1a,y\n3,1b,"z" w\n4,1a,"v"\n'))
    assert [type(row) for row in found] == [CsvRow, CsvError, CsvRow, CsvError, CsvRow]
    assert [row.line for row in found] == [1, 2, 3, 4, 5]


# --- rows that are broken --------------------------------------------------------------------------------------------

GOOD = {"id": "last", "question": "1a", "answer": "x"}
# a line, the id it gets, and words of the reason
BROKEN = {
    "no JSON": (b'{"id": "a", "quest', "line 1", "no JSON"),
    "deep": (b"[" * 100_000, "line 1", "no JSON"),
    "large number": (b'{"id": ' + b"1" * 5000 + b"}", "line 1", "no JSON"),
    "no object": (b"[1, 2]", "line 1", "no object"),
    "no id": (b'{"question": "1a", "answer": "x"}', "line 1", "no id"),
    "blank id": (b'{"id": " ", "question": "1a", "answer": "x"}', "line 1", "no id"),
    "id of another kind": (b'{"id": [1], "question": "1a", "answer": "x"}', "line 1", "id in line 1 is no text"),
    "no question": (b'{"id": "a", "answer": "x"}', "a", "no question"),
    "no answer": (b'{"id": "a", "question": "1a"}', "a", "no answer"),
    "answer of another kind": (b'{"id": "a", "question": "1a", "answer": 3}', "a", "answer in line 1 is no text"),
    "unknown question": (b'{"id": "a", "question": "7", "answer": "x"}', "a", "no question '7': write one of 1a, 1b"),
    "bytes in the answer": (b'{"id": "a", "question": "1a", "answer": "\xff"}', "a", "UTF-8"),
    "bytes in the id": (b'{"id": "\xff", "question": "1a", "answer": "x"}', "row 1", "UTF-8"),
    "half a character": (b'{"id": "a", "question": "1a", "answer": "\\ud800"}', "a", "UTF-8"),
    "NUL": (b'{"id": "a", "question": "1a", "answer": "x\\u0000"}', "a", "NUL"),
    "long id": (b'{"id": "' + b"a" * 1000 + b'", "question": "1a", "answer": "x"}', "row 1", "longer than 200"),
    "twice": (in_json(GOOD).strip() + b"\n" + in_json(GOOD).strip(), "last", "above, which counts"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "id", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_row_keeps_its_place_with_a_reason(tmp_path: Path, line: bytes, id: str, words: str) -> None:
    rows = read(tmp_path, "a.jsonl", line + b"\n" + in_json(GOOD | {"id": "other"}))
    broken, sound = rows[-2:]
    assert broken.id == id
    assert words in broken.problem
    assert sound == Submission("other", "1a", "x")


def test_whole_numbers_are_ids_too(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "a.jsonl", in_json({"id": 17, "question": "1a", "answer": "x"}))
    assert row == Submission(17, "1a", "x")


def test_a_row_of_a_csv_with_another_number_of_cells_is_broken(tmp_path: Path) -> None:
    content = b"id,question,answer\na,1a,f(x, y)\nb,1a,x\n\xff,1a,x\nd,1a\n"
    found = read(tmp_path, "a.csv", content)
    assert [row.id for row in found] == ["a", "b", "row 3", "d"]
    assert [bool(row.problem) for row in found] == [True, False, True, True]
    assert "4 cells, not 3" in found[0].problem


def test_what_is_no_answer_in_a_folder_is_told(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of others")
    student = tmp_path / "handed" / "ada"
    student.mkdir(parents=True)
    (student / "1a.tex").symlink_to(secret)
    (student / "1b.txt").write_text("x")
    (student / "9.tex").write_text("x")
    (student / "more").mkdir()
    os.mkfifo(student / "pipe.tex")
    (tmp_path / "handed" / "beside.tex").write_text("x")
    found = read_submissions(tmp_path / "handed", QUESTIONS)
    reasons = [row.problem for row in found]
    assert len(reasons) == 6
    assert all(reasons)
    assert "of others" not in {row.answer for row in found}
    for words in (
        "1a.tex is a link",
        "1b.txt does not end",
        "no question '9'",
        "more is no file",
        "pipe.tex is no file",
    ):
        assert any(words in reason for reason in reasons)
    assert found[-1].id == "beside.tex"
    assert "beside the folders" in found[-1].problem


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", b"\n\n", "no answer"),
        ("a.csv", b"", "first row"),
        ("a.csv", b"name,question,answer\nx,1a,y\n", "id, question, answer"),
        ("a.csv", "id,question,answer".encode("utf-16"), "UTF-16"),
    ],
)
def test_a_file_without_rows_is_a_sentence(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    with pytest.raises(SymbackpropError, match=words):
        read(tmp_path, name, content)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SymbackpropError, match="cannot be read: No such file"):
        read_submissions(tmp_path / "none.jsonl", QUESTIONS)
