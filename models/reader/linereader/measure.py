"""Character and word error rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


def distance(a: Sequence, b: Sequence) -> int:
    """Levenshtein's: the fewest insertions, deletions and replacements from ``a`` to ``b``."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            cost = before + (left != right)
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, cost)
    return row[-1]


@dataclass
class Tally:
    """Errors over many lines."""

    letters: int = 0
    letter_errors: int = 0
    words: int = 0
    word_errors: int = 0
    spurious: int = 0
    """Letters read where there is no text at all."""

    def add(self, true: str, read: str) -> None:
        """Counts one line."""
        if not true:
            self.spurious += len(read)
            return
        self.letters += len(true)
        self.letter_errors += distance(true, read)
        self.words += len(true.split())
        self.word_errors += distance(true.split(), read.split())

    @property
    def cer(self) -> float:
        """Character errors per true character."""
        return self.letter_errors / max(1, self.letters)

    @property
    def wer(self) -> float:
        """Word errors per true word."""
        return self.word_errors / max(1, self.words)
