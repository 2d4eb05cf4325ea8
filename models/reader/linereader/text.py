"""Random text of the kind that stands on Vietnamese papers, a snippet at a time.

``snippet`` mixes prose, fields, names, addresses, numbers, codes, titles, legal syllables that no
dictionary need hold, and plain random letters, so that each letter of the charset is seen often
in both cases and no word is more believable than what is printed.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence

import numpy as np

from . import words
from .charset import CHARSET, VOWELS, normal
from .syllables import syllables

Rng = np.random.Generator
_CAPITALS = ["Đ", *string.ascii_uppercase]
_MARKS = [c for c in CHARSET if not c.isalnum() and c != " "]


def pick(rng: Rng, items: Sequence[str]) -> str:
    """One of ``items``."""
    return items[int(rng.integers(len(items)))]


def digits(rng: Rng, least: int, most: int) -> str:
    """A run of decimal digits."""
    return "".join(str(d) for d in rng.integers(0, 10, int(rng.integers(least, most + 1))))


def name(rng: Rng) -> str:
    """A person's name of two to four words."""
    middle = [pick(rng, words.MIDDLE) for _ in range(int(rng.integers(0, 3)))]
    return " ".join([pick(rng, words.FAMILY), *middle, pick(rng, words.GIVEN)])


def date(rng: Rng) -> str:
    """A date in one of the usual forms."""
    day, month, year = (int(rng.integers(*r)) for r in ((1, 32), (1, 13), (1930, 2036)))
    return (
        f"{day:02d}/{month:02d}/{year}",
        f"{day}/{month}/{year}",
        f"{day:02d}-{month:02d}-{year}",
        f"{day:02d}.{month:02d}.{year}",
        f"ngày {day:02d} tháng {month:02d} năm {year}",
        f"tháng {month} năm {year}",
        f"{int(rng.integers(24))}:{int(rng.integers(60)):02d} {day}/{month}",
    )[int(rng.integers(7))]


def number(rng: Rng) -> str:
    """An amount, a measure, an identity or telephone number, a mark."""
    kind = int(rng.integers(9))
    if kind < 2:
        return f"{int(10 ** rng.uniform(3, 11)):,}".replace(",", ".")
    if kind == 2:
        return f"{int(rng.integers(1000))},{digits(rng, 1, 2)}{pick(rng, ['', '%', ' m²', ' ha'])}"
    if kind == 3:
        return digits(rng, 9, 12)
    if kind == 4:
        return "0" + digits(rng, 2, 3) + "." + digits(rng, 3, 4) + "." + digits(rng, 3, 4)
    if kind == 5:
        return f"{digits(rng, 1, 3)} {pick(rng, words.UNITS)}"
    if kind == 6:
        return " ".join(f"{rng.uniform(0, 10):.1f}".replace(".", ",") for _ in range(3))
    if kind == 7:
        sign = pick(rng, ["x", "=", "+", "<", ">", " - ", "/"])
        return f"{digits(rng, 1, 2)}{sign}{digits(rng, 1, 3)}"
    return digits(rng, 1, 8)


def code(rng: Rng) -> str:
    """A reference number, plate, serial or e-mail address."""
    letters = "".join(pick(rng, _CAPITALS) for _ in range(int(rng.integers(1, 4))))
    kind = int(rng.integers(7))
    if kind < 3:
        return f"{digits(rng, 1, 4)}/{pick(rng, words.AGENCIES)}-{letters}"
    if kind == 3:
        series = f"{digits(rng, 2, 2)}{letters[:1]}{digits(rng, 0, 1)}"
        return f"{series}-{digits(rng, 3, 3)}.{digits(rng, 2, 2)}"
    if kind == 4:
        return f"{letters} {digits(rng, 6, 8)}"
    if kind == 5:
        return (
            f"{pick(rng, words.LATIN).split()[0].lower()}_{digits(rng, 1, 4)}@{letters.lower()}.vn"
        )
    return f"{digits(rng, 1, 4)}/{int(rng.integers(1990, 2031))}/{pick(rng, words.AGENCIES)}"


def address(rng: Rng) -> str:
    """A street address or a ward with its city."""
    house = f"Số {digits(rng, 1, 3)}{pick(rng, ['', 'A', 'B', '/12', ' ngõ 7'])} "
    start = house + pick(rng, ["phố ", "đường ", ""]) + pick(rng, words.STREETS)
    ward = pick(rng, ["phường ", "xã ", "P. "]) + pick(rng, words.WARDS)
    parts = [start, ward, pick(rng, words.PLACES)]
    return ", ".join(parts[int(rng.integers(3)) :])


def prose(rng: Rng) -> str:
    """Administrative phrases in a row, with commas, sometimes a date, name or number between."""
    parts: list[str] = []
    for _ in range(int(rng.integers(3, 9))):
        kind = rng.random()
        if kind < 0.62:
            parts.append(pick(rng, words.PHRASES))
        elif kind < 0.78:
            parts.append(pick(rng, syllables()))
        else:
            parts.append(pick_kind(rng, (name, date, number, address, latin)))
    return " ".join(parts)


def soup(rng: Rng) -> str:
    """Legal syllables without sense."""
    return " ".join(pick(rng, syllables()) for _ in range(int(rng.integers(2, 8))))


def latin(rng: Rng) -> str:
    """A piece of English or a foreign name."""
    return pick(rng, words.LATIN)


def title(rng: Rng) -> str:
    """A heading of a paper."""
    return pick(rng, words.TITLES)


def field(rng: Rng) -> str:
    """A label with its value."""
    value = pick_kind(rng, (name, date, number, code, address, soup))
    return f"{pick(rng, words.LABELS)}{pick(rng, [': ', ':', ' : ', ' '])}{value}"


def item(rng: Rng) -> str:
    """The start of a numbered or lettered paragraph."""
    mark = pick(
        rng, [f"{int(rng.integers(1, 30))}.", "a)", "b)", "c)", "đ)", "- ", "+ ", "* ", "§ 4"]
    )
    return f"{mark} {prose(rng)}"


def letters(rng: Rng) -> str:
    """Random letters of the charset in short runs, toned vowels most."""
    runs = []
    for _ in range(int(rng.integers(2, 6))):
        source = (CHARSET, VOWELS, VOWELS.upper())[int(rng.integers(3))]
        runs.append(
            "".join(source[int(i)] for i in rng.integers(len(source), size=int(rng.integers(1, 6))))
        )
    return " ".join(runs)


def garbled(rng: Rng) -> str:
    """Syllables with single letters replaced, so that context is no proof."""
    text = list(soup(rng))
    for at in rng.integers(len(text), size=max(1, len(text) // 6)):
        text[int(at)] = CHARSET[int(rng.integers(len(CHARSET)))]
    return "".join(text)


def row(rng: Rng) -> str:
    """Cells of a table in one line."""
    cells = (number, date, code, name, latin)
    return " ".join(pick_kind(rng, cells) for _ in range(int(rng.integers(2, 4))))


_KINDS: tuple[tuple[Callable[[Rng], str], float], ...] = (
    (prose, 0.24), (soup, 0.19), (field, 0.12), (name, 0.07), (address, 0.06), (item, 0.05),
    (title, 0.07), (number, 0.04), (date, 0.03), (code, 0.04), (row, 0.02), (latin, 0.02),
    (letters, 0.05), (garbled, 0.02),
)  # fmt: skip
_KIND_ODDS = np.cumsum([odds for _, odds in _KINDS]) / sum(odds for _, odds in _KINDS)


def pick_kind(rng: Rng, kinds: Sequence[Callable[[Rng], str]]) -> str:
    """Text of one of ``kinds``."""
    return kinds[int(rng.integers(len(kinds)))](rng)


def punctuated(rng: Rng, text: str) -> str:
    """``text`` with marks put at some of its words."""
    out = []
    for word in text.split():
        dice = rng.random()
        if dice < 0.10:
            word += pick(rng, [",", ",", ",", ".", ".", ".", ".", ";", ":", "!", "?", "..."])
        elif dice < 0.125:
            word = pick(rng, ["({})", '"{}"', "[{}]", "'{}'", "<{}>", "{}/", "- {}"]).format(word)
        elif dice < 0.14:
            word += " " + pick(rng, _MARKS)
        out.append(word)
    return " ".join(out)


def recased(rng: Rng, text: str) -> str:
    """``text`` as it is, in capitals, with capital initials or in small letters."""
    dice = rng.random()
    if dice < 0.24:
        return text.upper()
    if dice < 0.36:
        return " ".join(word[:1].upper() + word[1:] for word in text.split())
    return text[:1].upper() + text[1:] if dice < 0.5 else text


def snippet(rng: Rng) -> str:
    """A line's worth of random text, only letters of the charset."""
    parts = [_piece(rng)]
    while sum(map(len, parts)) < 24 and rng.random() < 0.75:
        parts.append(_piece(rng))
    return normal(" ".join(parts))


def _piece(rng: Rng) -> str:
    kind = _KINDS[int(np.searchsorted(_KIND_ODDS, rng.random()))][0]
    return recased(rng, punctuated(rng, kind(rng)))
