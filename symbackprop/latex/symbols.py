r"""What each command, character and word of a formula is: tables only.

A symbol is a pair of a role and a value. The roles are those that `symbackprop.latex.grammar` reads: "letter" (value:
text and style), "limit" (`\max`: a letter that binds when it has a script; the same value), "big", "mul", "add", "rel",
"dots", "open", "close", "bar", "given" (`\mid`), "accent", "style", "switch" (`\bf`), "fraction", "over", "root",
"stacked" (`\overset`), "brace", "substack", "prime", "quad", "drop" (says nothing), "drop1" (nor does its argument),
"keep1" (only its argument counts).
"""

from __future__ import annotations

from collections.abc import Mapping

from symbackprop.notations import GREEK

Symbol = tuple[str, object]


def _rows(role: str, table: str) -> dict[str, Symbol]:
    """`name value name value …` as a table of symbols of one role."""
    words = table.split()
    return {name: (role, value) for name, value in zip(words[::2], words[1::2], strict=True)}


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


def _all(symbol: Symbol, names: str) -> dict[str, Symbol]:
    return dict.fromkeys(names.split(), symbol)


# letters that print differently and mean the same to nearly everyone: both are read, but not in one formula
VARIANTS: Mapping[str, str] = {
    "varepsilon": "ε", "vartheta": "θ", "varphi": "φ", "varrho": "ρ", "varpi": "π", "varsigma": "σ", "varkappa": "κ",
    "ϵ": "ε", "ϑ": "θ", "ϕ": "φ", "ϱ": "ρ", "ϖ": "π", "ς": "σ", "ϰ": "κ",
}  # fmt: skip

_LETTERS = """
ell ℓ partial ∂ nabla ∇ infty ∞ top ⊤ intercal ⊤ bot ⊥ perp ⊥ dagger † star ⋆ imath ı jmath ȷ hbar ħ
emptyset ∅ varnothing ∅ forall ∀ aleph ℵ Re ℜ Im ℑ"""

_OPERATORS = """
log ln lg exp sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan det dim ker deg gcd Pr arg
hom"""

_LIMITS = "max min sup inf lim argmax argmin limsup liminf"

RELATIONS = """
eq = ne ≠ neq ≠ le ≤ leq ≤ leqslant ≤ leqq ≤ ge ≥ geq ≥ geqslant ≥ geqq ≥ lt < gt > ll ≪ gg ≫ equiv ≡
approx ≈ sim ∼ simeq ≃ cong ≅ propto ∝ in ∈ notin ∉ ni ∋ subset ⊂ subseteq ⊆ supset ⊃ supseteq ⊇ to →
rightarrow → gets ← leftarrow ← mapsto ↦ longmapsto ↦ longrightarrow → longleftarrow ← leftrightarrow ↔
Rightarrow ⇒ Longrightarrow ⇒ implies ⇒ Leftarrow ⇐ Leftrightarrow ⇔ Longleftrightarrow ⇔ iff ⇔ coloneqq
:= coloneq := triangleq ≜ doteq ≐ lesssim ≲ gtrsim ≳ prec ≺ succ ≻ preceq ⪯ succeq ⪰ therefore ∴"""

_PRODUCTS = "cdot · times × odot ⊙ circ ∘ ast * oslash ⊘ otimes ⊗ div ÷ bullet ∙ cdotp ·"
_SUMS = "pm ± mp ∓ oplus ⊕ ominus ⊖ cup ∪ cap ∩ setminus ∖"
_BIG = "sum ∑ prod ∏ int ∫ bigodot ⨀ bigoplus ⨁ bigotimes ⨂ bigcup ⋃ bigcap ⋂"
_DOTS = "dots … ldots … cdots … dotsc … dotsb … dotsm … dotsi … dotso … vdots ⋮ ddots ⋱"

STYLES: Mapping[str, str] = {
    "vec": "vec", "overrightarrow": "vec", "underline": "underline", "underbar": "underline",
    "mathbf": "bold", "boldsymbol": "bold", "bm": "bold", "bf": "bold", "pmb": "bold", "mathbfit": "bold",
    "mathcal": "calligraphic", "mathscr": "calligraphic", "cal": "calligraphic", "scr": "calligraphic",
    "mathbb": "blackboard", "mathds": "blackboard", "mathbbm": "blackboard", "Bbb": "blackboard",
    "mathrm": "roman", "mathtt": "roman", "rm": "roman", "tt": "roman",
    "mathsf": "sans", "sf": "sans", "mathit": "plain", "mathnormal": "plain", "it": "plain",
}  # fmt: skip
_SWITCHES = "bf cal scr rm tt sf it"

# commands whose argument is text; an operator is set apart by them, prose too
TEXTS: Mapping[str, str] = {
    "text": "roman", "textrm": "roman", "textnormal": "roman", "mbox": "roman", "texttt": "roman",
    "operatorname": "roman", "textbf": "bold", "textit": "plain", "emph": "plain", "textsf": "sans",
}  # fmt: skip

_ACCENTS = """hat hat widehat hat bar bar overline bar tilde tilde widetilde tilde dot dot"""

COMMANDS: Mapping[str, Symbol] = {
    **{name: ("letter", (letter, "plain")) for name, letter in GREEK.items()},
    **{name: ("letter", (letter, "plain")) for name, letter in VARIANTS.items() if name.isascii()},
    **{name: ("letter", (value, "plain")) for name, (_, value) in _rows("letter", _LETTERS).items()},
    **{name: ("letter", (name, "operator")) for name in _OPERATORS.split()},
    **{name: ("limit", (name, "operator")) for name in _LIMITS.split()},
    **_rows("rel", RELATIONS),
    **_rows("mul", _PRODUCTS),
    **_rows("add", _SUMS),
    **_rows("big", _BIG),
    **_rows("dots", _DOTS),
    **_rows("accent", _ACCENTS),
    **{name: ("switch" if name in _SWITCHES.split() else "style", style) for name, style in STYLES.items()},
    **_rows("open", "lvert | lVert ‖ langle ⟨ lfloor ⌊ lceil ⌈ lbrace { lbrack ["),
    **_rows("close", "rvert | rVert ‖ rangle ⟩ rfloor ⌋ rceil ⌉ rbrace } rbrack ]"),
    **_rows("bar", "vert | Vert ‖ parallel ‖"),
    **_rows("stacked", "overset overset stackrel overset underset underset"),
    **_rows("brace", "underbrace underbrace overbrace overbrace"),
    **_all(("fraction", None), "frac dfrac tfrac cfrac nicefrac sfrac"),
    **_all(("quad", "quad"), "quad qquad"),
    **_all(
        ("drop", None),
        "limits nolimits displaystyle textstyle scriptstyle scriptscriptstyle thinspace negthinspace medspace"
        " thickspace enspace nonumber notag strut mathstrut hfill hline toprule midrule bottomrule allowbreak nobreak"
        " noindent qedhere smallskip",
    ),
    **_all(("drop1", None), "label tag hspace vspace phantom hphantom vphantom color textcolor"),
    **_all(("keep1", "box"), "boxed fbox"),
    **_all(("keep1", ""), "mathop mathbin mathrel mathord mathopen mathclose mathinner ensuremath smash"),
    "over": ("over", None),
    "sqrt": ("root", None),
    "substack": ("substack", None),
    "prime": ("prime", 1),
    "mid": ("given", "|"),
    "colon": ("rel", ":"),
    "lnot": ("letter", ("¬", "plain")),
    "not": ("not", None),
}  # fmt: skip

# `\` and one character that is no letter
ESCAPES: Mapping[str, Symbol] = {
    **_all(("drop", None), ", ; : ! / > -"),
    " ": ("drop", None),
    "\n": ("drop", None),
    "\t": ("drop", None),
    "{": ("open", "{"),
    "}": ("close", "}"),
    "|": ("bar", "‖"),
}

# signs of ASCII; the longest is tried first
ASCII: Mapping[str, Symbol] = {
    **_rows("rel", "= = := := =: =: == = != ≠ <= ≤ >= ≥ < < > > -> → : :"),
    **_rows("mul", "* * .* .* / / ./ ./ @ @"),
    **_rows("add", "+ + - -"),
    **_rows("sep", ", , ; ;"),
    **_rows("open", "( ( [ ["),
    **_rows("close", ") ) ] ]"),
    "|": ("bar", "|"),
    "||": ("bar", "||"),
    "...": ("dots", "…"),
    ".": ("stop", "."),
    "'": ("prime", 1),
    "{": ("begin group", None),
    "}": ("end group", None),
    "^": ("script", "^"),
    ".^": ("script", ".^"),
    "_": ("script", "_"),
    "&": ("amp", None),
    "~": ("drop", None),
}

# signs of ASCII that are refused, and why
NOT_READ: Mapping[str, str] = {
    "!": "a factorial is not read: write out the product",
    "**": "`**` is not read: write `^` for a power, `*` for a product",
    "=>": "`=>` may be \\ge or \\Rightarrow: write which",
    "=<": "`=<` is not read: write \\le",
    "+=": "`+=` is not read: write the new value as a formula of the old one",
    "-=": "`-=` is not read: write the new value as a formula of the old one",
    '"': "`\"` is not read: write `''` for a second derivative",
    "#": "`#` belongs to macros, which are not read: take it out",
    "?": "`?` is no part of a formula: take it out",
    "`": "a backquote is no part of a formula: take it out",
}

UNICODE: Mapping[str, Symbol] = {
    **{letter: ("letter", (letter, "plain")) for letter in GREEK.values()},
    **{letter: ("letter", (base, "plain")) for letter, base in VARIANTS.items() if not letter.isascii()},
    **{letter: ("letter", (letter, "plain")) for letter in _LETTERS.split()[1::2]},
    **{str(value): ("rel", value) for _, value in _rows("rel", RELATIONS).values() if not str(value).isascii()},
    **{str(value): ("mul", value) for _, value in _rows("mul", _PRODUCTS).values() if not str(value).isascii()},
    **{str(value): ("add", value) for _, value in _rows("add", _SUMS).values()},
    **{str(value): ("big", value) for _, value in _rows("big", _BIG).values()},
    **_all(("dots", "…"), "… ⋯"),
    **_rows("dots", "⋮ ⋮ ⋱ ⋱"),
    **_rows("open", "⟨ ⟨ ⌊ ⌊ ⌈ ⌈"),
    **_rows("close", "⟩ ⟩ ⌋ ⌋ ⌉ ⌉"),
    **_all(("bar", "‖"), "‖ ∥"),
    **_rows("mul", "⋅ · ∗ *"),
    **_rows("rel", "≔ := ⟹ ⇒ ⟸ ⇐ ⟺ ⇔ ⟶ → ⟵ ← ⟼ ↦"),
    "−": ("add", "-"),
    "∆": ("letter", ("Δ", "plain")),
    "µ": ("letter", ("μ", "plain")),
    "⊺": ("letter", ("⊤", "plain")),
    "√": ("root", None),
    "′": ("prime", 1),
    "″": ("prime", 2),
    "‴": ("prime", 3),
    "∣": ("given", "|"),
}

# delimiters after `\left`, `\right`, `\big`, …
DELIMITERS: Mapping[str, str] = {
    **{sign: sign for sign in "()[]|./‖⟨⟩⌊⌋⌈⌉"},
    "<": "⟨",
    ">": "⟩",
    "\\{": "{",
    "\\}": "}",
    "\\|": "‖",
    "\\mid": "|",
    **{f"\\{name}": str(COMMANDS[name][1]) for name in COMMANDS if COMMANDS[name][0] in ("open", "close", "bar")},
}
CLOSING: Mapping[str, str] = {"(": ")", "[": "]", "{": "}", "⟨": "⟩", "⌊": "⌋", "⌈": "⌉", "|": "|", "‖": "‖"}
OPENING: Mapping[str, str] = {close: left for left, close in CLOSING.items()}

MATRICES = _words("matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix array cases dcases rcases")
LINES = _words("""
aligned align align* alignat alignat* alignedat gather gather* gathered split equation equation* multline
multline* eqnarray eqnarray* flalign flalign* displaymath math""")

# runs of letters that are read as one word without a backslash
WORDS = _words("""
ReLU relu Relu LeakyReLU leakyrelu PReLU ELU GELU SELU SiLU Swish swish softplus Softplus softsign sigmoid
Sigmoid sigm tanh Tanh sinh cosh sin cos tan exp log ln max min argmax argmin sup inf lim diag Diag tr Tr
trace Trace sign sgn softmax Softmax logsoftmax logsumexp LogSumExp LSE loss Loss cost Cost CE BCE MSE NLL KL
error Error logits dlogits scores dscores dout grad sum mean avg var Var Cov std norm rank det vec concat
dropout Dropout LayerNorm BatchNorm RMSNorm erf abs sqrt net step mask onehot mod identity out prev next new
old train test pred true target input output hidden bias batch axis keepdims if otherwise else for where and
or when""")
# words between formulas, whichever command sets them
PROSE = _words("""
if otherwise else for where and or when with so since hence iff let is unless then by because as thus
therefore while whereas i.e e.g s.t all each every w.r.t""")
LIMIT_WORDS = _words(_LIMITS)

# what defines, loads, writes or leaves the formula
FORBIDDEN = _words("""
input include def edef gdef xdef let newcommand renewcommand providecommand DeclareMathOperator newenvironment
write immediate openout openin closeout read special catcode csname endcsname expandafter noexpand href url
usepackage loop RequirePackage documentclass repeat makeatletter everymath jobname includegraphics verb
lstinputlisting footnote cite ref eqref newif futurelet afterassignment aftergroup scantokens primitive
directlua pdfliteral html htmlClass htmlData htmlId htmlStyle require unicode style class cssId bbox mmlToken""")
