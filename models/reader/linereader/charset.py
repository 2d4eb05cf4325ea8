"""The letters that the network can emit, and labels as arrays of class numbers."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path

import numpy as np

CHARSET: str = (Path(__file__).parent.parent / "charset.txt").read_text("utf-8").rstrip("\n")
"""Class number to letter: 224 precomposed letters (NFC), digits and marks, one code point each."""

BLANK = len(CHARSET)
"""The class that CTC puts between letters; the last one."""

CLASSES = BLANK + 1
NO_LABEL = 255
"""Fills label rows behind their text; never a class."""

_CLASS_OF = {letter: number for number, letter in enumerate(CHARSET)}
_LOOKALIKE = str.maketrans("–—‘’“”…", "--''\"\".")

VOWELS = CHARSET[:72]
"""The 72 small vowels with and without tone, six of each kind in the order of the tones."""


def normal(text: str) -> str:
    """NFC, typographic dashes and quotes as ASCII, letters outside the charset dropped."""
    folded = unicodedata.normalize("NFC", text).translate(_LOOKALIKE)
    return " ".join("".join(c for c in folded if c in _CLASS_OF).split())


def encode(text: str, width: int) -> np.ndarray:
    """Class numbers of ``text`` as uint8, filled with NO_LABEL up to ``width``."""
    row = np.full(width, NO_LABEL, np.uint8)
    row[: len(text)] = [_CLASS_OF[letter] for letter in text]
    return row


def decode(row: Iterable[int]) -> str:
    """The text of a label row."""
    return "".join(CHARSET[number] for number in row if number < BLANK)


def greedy(frames: np.ndarray) -> str:
    """The best class of every frame, repeats merged, blanks dropped; ``frames``: [time, class]."""
    best = frames.argmax(-1)
    keep = np.append(True, best[1:] != best[:-1]) & (best != BLANK)
    return decode(best[keep])
