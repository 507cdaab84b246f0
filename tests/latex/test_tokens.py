"""Tokens of formulas, by hand; limits and characters that are refused by name."""

from __future__ import annotations

import unicodedata

import pytest

from symbackprop.latex.errors import ReadingError, excerpt
from symbackprop.latex.symbols import WORDS
from symbackprop.latex.tokens import MAX_CHARACTERS, MAX_DIGITS, MAX_TOKENS, tokens


def cut(text: str) -> list[tuple[str, str]]:
    """Role and source of each token."""
    return [(token.role, text[token.start : token.end]) for token in tokens(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("W x", [("letter", "W"), ("letter", "x")]),
        ("Wx", [("letter", "W"), ("letter", "x")]),
        ("ReLU(z)", [("text", "ReLU"), ("open", "("), ("letter", "z"), ("close", ")")]),
        (r"diff\_actFun", [("letter", r"diff\_actFun")]),
        ("0.5", [("number", "0.5")]),
        (".5x", [("number", ".5"), ("letter", "x")]),
        ("1e-5", [("number", "1e-5")]),
        ("1.5e3", [("number", "1.5e3")]),
        ("2e", [("number", "2"), ("letter", "e")]),
        ("2e^x", [("number", "2"), ("letter", "e"), ("script", "^"), ("letter", "x")]),
        ("a .* b", [("letter", "a"), ("mul", ".*"), ("letter", "b")]),
        ("1.*b", [("number", "1"), ("mul", ".*"), ("letter", "b")]),
        ("A.^2", [("letter", "A"), ("script", ".^"), ("number", "2")]),
        ("a:=b", [("letter", "a"), ("rel", ":="), ("letter", "b")]),
        ("a<=b", [("letter", "a"), ("rel", "<="), ("letter", "b")]),
        ("||", [("bar", "||")]),
        ("...", [("dots", "...")]),
        (r"a \\[2pt] b", [("letter", "a"), ("row", r"\\[2pt]"), ("letter", "b")]),
        (r"a \\ [z]", [("letter", "a"), ("row", r"\\"), ("open", "["), ("letter", "z"), ("close", "]")]),
        (r"\left\| x", [("left", r"\left\|"), ("letter", "x")]),
        (r"\bigl| x \bigr|", [("open", r"\bigl|"), ("letter", "x"), ("close", r"\bigr|")]),
        (r"\mleft( \mright]", [("left", r"\mleft("), ("right", r"\mright]")]),
        (r"\operatorname*{arg\,max}", [("text", r"\operatorname*{arg\,max}")]),
        (r"x % a comment", [("letter", "x")]),
        ("x % a comment\n+ y", [("letter", "x"), ("add", "+"), ("letter", "y")]),
        (r"x \label{eq:a_b} \tag{1}", [("letter", "x")]),
        ("$x$", [("letter", "x")]),
        ("  $$ x $$. ", [("letter", "x")]),
        (r"\[x\]", [("letter", "x")]),
        (r"\(x\)", [("letter", "x")]),
        ("x\u00a0y", [("letter", "x"), ("drop", "\u00a0"), ("letter", "y")]),
        ("a − b", [("letter", "a"), ("add", "−"), ("letter", "b")]),
    ],
)
def test_tokens(text: str, expected: list[tuple[str, str]]) -> None:
    assert cut(text) == expected


@pytest.mark.parametrize(
    ("character", "symbol"),
    [
        ("σ", ("letter", ("σ", "plain"))),
        ("∂", ("letter", ("∂", "plain"))),
        ("ℓ", ("letter", ("ℓ", "plain"))),
        ("ℒ", ("letter", ("L", "calligraphic"))),
        ("𝐖", ("letter", ("W", "bold"))),
        ("𝑥", ("letter", ("x", "plain"))),
        ("𝜎", ("letter", ("σ", "plain"))),
        ("𝛅", ("letter", ("δ", "bold"))),
        ("ℝ", ("letter", ("R", "blackboard"))),
        ("𝟏", ("styled digit", ("1", "bold"))),
        ("𝟙", ("styled digit", ("1", "blackboard"))),
        ("⊙", ("mul", "⊙")),
        ("×", ("mul", "×")),
        ("⋅", ("mul", "·")),
        ("≤", ("rel", "≤")),
        ("∑", ("big", "∑")),
        ("∏", ("big", "∏")),
        ("‖", ("bar", "‖")),
        ("⊤", ("letter", ("⊤", "plain"))),
        ("…", ("dots", "…")),
        ("″", ("prime", 2)),
    ],
)
def test_unicode(character: str, symbol: tuple[str, object]) -> None:
    (token,) = tokens(character)
    assert (token.role, token.value) == symbol


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_are_read_in_either_form(form: str) -> None:
    text = unicodedata.normalize(form, "ŷ")  # type: ignore[arg-type]
    assert [(t.role, t.value) for t in tokens(text)] == [("letter", ("y", "plain")), ("accent of", "hat")]


def test_spans_count_from_the_start_of_the_text() -> None:
    token = tokens("  $ a + σ $")[-1]
    assert (token.start, token.end) == (8, 9)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("а + b", "а", "CYRILLIC SMALL LETTER A) looks like `a`"),
        ("x + ο", "ο", "GREEK SMALL LETTER OMICRON) looks like `o`"),
        ("Αx", "Α", "GREEK CAPITAL LETTER ALPHA) looks like `A`"),
        ("ｘ", "ｘ", "FULLWIDTH LATIN SMALL LETTER X) looks like `x`"),
        ("x（y", "（", "looks like `(`"),
        ("x\u202ey", "\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE) changes the direction"),
        ("x\u2066y", "\u2066", "changes the direction"),
        ("x\u200by", "\u200b", "U+200B ZERO WIDTH SPACE) is an invisible character"),
        ("x\x00y", "\x00", "U+0000) is a control character"),
        ("x\x1by", "\x1b", "a control character"),
        ("x\ue000y", "\ue000", "a private-use character"),
        ("x\udc80", "\udc80", "not valid UTF-8"),
        ("x\u0378", "\u0378", "no character of Unicode"),
        ("a – b", "–", "write `-`"),
        ("f’", "’", "write `'`"),
        ("½", "½", r"write `\frac12`"),
        ("é", "é", "LATIN SMALL LETTER E WITH ACUTE"),
        ("x + 中", "中", "a letter of another script"),
        ("\u0302x", "\u0302", "stands on no letter"),
        (r"\input{a}", r"\input", "is refused"),
        (r"\def\x{\x}", r"\def", "is refused"),
        (r"\newcommand{\x}{1}", r"\newcommand", "is refused"),
        (r"x \write18{ls}", r"\write", "is refused"),
        (r"\csname x\endcsname", r"\csname", "is refused"),
        (r"\catcode`x", r"\catcode", "is refused"),
        (r"\href{a}{b}", r"\href", "is refused"),
        (r"\usepackage{a}", r"\usepackage", "is refused"),
        (r"\begin{document}", r"\begin{document}", "the environment `document` is not read"),
        (r"\begin{pmatirx}", r"\begin{pmatirx}", "did you mean `pmatrix`?"),
        (r"\begin x", r"\begin", "needs the name of an environment"),
        (r"x + \sigm(x)", r"\sigm", r"did you mean `\sigma`?"),
        (r"\frca12", r"\frca", r"did you mean `\frac`?"),
        (r"\qqqq x", r"\qqqq", "no command that is read: write it with the usual commands"),
        (r"\% x", r"\%", "take the backslash out"),
        ("x\\", "\\", "ends with a backslash"),
        ("x $ y", "$", "in the middle of a formula"),
        ("$x", "$", "is not closed: write `$`"),
        (r"\[x", r"\[", r"is not closed: write `\]`"),
        (r"x \] y", r"\]", "in the middle of a formula"),
        ("$x%$", "%$", "taken away"),
        (r"$x\$", r"\$", "no command"),
        ("2e-5", "2e-5", r"`2 \cdot 10^{-5}` or `2 e - 5`"),
        ("1e999", "1e999", "at most 200 is read"),
        ("1e99999999999", "1e99999999999", "at most 200 is read"),
        ("1{,}000", "1{,}", "write the number without them"),
        ("1,000", "000", "starts with 0"),
        ("logx", "logx", "`log x`"),
        ("Wdiag(v)", "Wdiag", "`W diag`"),
        ("n!", "!", "a factorial is not read"),
        ("a**b", "**", "write `^` for a power"),
        ("x => 0", "=>", r"may be \ge or \Rightarrow"),
        ("x # y", "#", "macros"),
        (r"\text{a $x$}", r"\text{a $x$}", "where only words are read"),
        (r"\text x", r"\text", "needs plain words in braces"),
        (r"\left x", r"\left x", "needs a delimiter"),
        (r"\not x", r"\not", r"write \neq or \notin"),
        (r"\phi(x) + \varphi(x)", r"\varphi", "another form of φ"),
        ("ε + ϵ", "ϵ", "another form of ε"),
    ],
)
def test_refused(text: str, place: str, words: str) -> None:
    with pytest.raises(ReadingError) as caught:
        tokens(text)
    assert text[slice(*caught.value.span)] == place
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x" * (MAX_CHARACTERS + 1), f"at most {MAX_CHARACTERS} are read"),
        ("x" * 1_000_000, "has 1000000 characters"),
        ("+" * (MAX_TOKENS + 1), f"more than {MAX_TOKENS} tokens"),
        ("1" * (MAX_DIGITS + 1), f"at most {MAX_DIGITS} are read"),
        ("x" + "²" * (MAX_DIGITS + 1), f"at most {MAX_DIGITS} are read"),
    ],
)
def test_limits(text: str, words: str) -> None:
    with pytest.raises(ReadingError, match=words):
        tokens(text)


def test_at_the_limits() -> None:
    assert len(tokens("+" * MAX_TOKENS)) == MAX_TOKENS
    assert len(tokens("1" * MAX_DIGITS)) == 1
    assert tokens(" " * (MAX_CHARACTERS - 1) + "x")[0].start == MAX_CHARACTERS - 1


def test_words_can_be_added() -> None:
    assert tokens("Mish(x)")[0].role == "letter"
    assert tokens("Mish(x)", words=WORDS | {"Mish"})[0].role == "text"


def test_variants_alone_are_read() -> None:
    assert [t.value for t in tokens(r"\varphi \varepsilon")] == [("φ", "plain"), ("ε", "plain")]
    assert [t.value for t in tokens(r"\phi \epsilon")] == [("φ", "plain"), ("ε", "plain")]


def test_an_error_shows_the_place() -> None:
    with pytest.raises(ReadingError) as caught:
        tokens("a + b\nc + 2e-5")
    assert str(caught.value).splitlines()[-2:] == ["  c + 2e-5", "      ^^^^"]


def test_an_excerpt_is_short_and_inert() -> None:
    shown = excerpt("x" * 500 + "\u202e" + "y" * 500, (500, 501))
    line, marks = shown.splitlines()
    assert len(line) < 120
    assert line[marks.index("^")] == "�"
    assert excerpt("", (0, 0)).endswith("^")
