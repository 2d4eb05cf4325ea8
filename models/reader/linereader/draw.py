"""A clean line of text as ink on nothing: glyphs, spacing, and marks that a face lacks."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from . import faces

Rng = np.random.Generator
_MEASURED_EM = 64
GRAVE, ACUTE, CIRCUMFLEX, TILDE, BREVE, HOOK, HORN, DOT = (
    "\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323"
)


@dataclass
class Ink:
    """A drawn line. ``image``: mode L, 255 is full ink; lengths in its pixels."""

    image: Image.Image
    em: float
    """The size the crop is scaled by: that of Liberation Serif with letters as high as these."""
    left: float
    right: float
    baseline: float


def advance(face: faces.Face, em: int, text: str, tracking: float) -> float:
    """Width of ``text`` in pixels; measured at one size, where the font keeps its glyphs."""
    plain = "".join(_base(letter)[0] if letter in face.missing else letter for letter in text)
    measured = faces.font(face.path, _MEASURED_EM).getlength(plain) * em / _MEASURED_EM
    return measured + tracking * len(text)


def visible_em(rng: Rng, face: faces.Face, em: int) -> float:
    """``em`` as a line finder would guess it: from capitals, from small letters, or as it is."""
    cap, low = faces.relative_heights(face.path)
    ratio = (1.0, cap / faces.CAP_HEIGHT_EM, low / faces.X_HEIGHT_EM)[int(rng.integers(3))]
    return em * ratio**0.6


def line(rng: Rng, face: faces.Face, em: int, text: str, tracking: float, visible: float) -> Ink:
    """``text`` in ``face`` with room of about one em around it."""
    font = faces.font(face.path, em)
    width = advance(face, em, text, tracking)
    left, baseline = em * 0.9, em * 1.4
    image = Image.new("L", (int(width * 1.06 + 1.8 * em), int(2.05 * em)), 0)
    pen = ImageDraw.Draw(image)
    if tracking or any(letter in face.missing for letter in text):
        right = _letters(rng, pen, font, face, text, (left, baseline), tracking)
    else:
        pen.text((left, baseline), text, fill=255, font=font, anchor="ls")
        right = left + font.getlength(text)
    return Ink(image, visible, left, right, baseline)


def _letters(
    rng: Rng,
    pen: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont,
    face: faces.Face,
    text: str,
    start: tuple[float, float],
    tracking: float,
) -> float:
    """One letter after another, a typewriter's a little up or down; returns where they end."""
    x, y = start
    wobble = rng.uniform(0, 0.02) * font.size if face.missing else 0.0
    style = _MarkStyle(rng, font.size)
    for letter in text:
        base, marks = _base(letter) if letter in face.missing else (letter, "")
        if base == "i" and marks and "ı" not in face.missing and marks != DOT:
            base = "ı" if _has_glyph(font, "ı") else "i"
        at = (x, y + wobble * rng.normal())
        pen.text(at, base, fill=255, font=font, anchor="ls")
        if marks:
            style.draw(pen, font.getbbox(base, anchor="ls"), at, marks)
        x += font.getlength(base) + tracking
    return x


def _has_glyph(font: ImageFont.FreeTypeFont, letter: str) -> bool:
    return font.getmask(letter).getbbox() != font.getmask("\uffff").getbbox()


def _base(letter: str) -> tuple[str, str]:
    """Base letter and combining marks of a precomposed letter; the bar of đ counts as one."""
    if letter in "đĐ":
        return ("d" if letter == "đ" else "D"), "-"
    parts = unicodedata.normalize("NFD", letter)
    if parts[0] in "°²§":
        return {"°": "o", "²": "2", "§": "S"}[parts[0]], ""
    return parts[0], parts[1:]


class _MarkStyle:
    """How one machine draws its marks: stroke, size, distance, whether stacked marks lean right."""

    def __init__(self, rng: Rng, em: float) -> None:
        self.em = em
        self.stroke = max(1, round(em * rng.uniform(0.045, 0.085)))
        self.size = em * rng.uniform(0.15, 0.21)
        self.gap = em * rng.uniform(0.03, 0.09)
        self.beside = rng.random() < 0.4

    def draw(
        self,
        pen: ImageDraw.ImageDraw,
        box: tuple[float, float, float, float],
        at: tuple[float, float],
        marks: str,
    ) -> None:
        """All marks of one letter, inner ones first; ``box`` is the base letter's."""
        left, top, right, bottom = box[0] + at[0], box[1] + at[1], box[2] + at[0], box[3] + at[1]
        middle, above = (left + right) / 2, top - self.gap
        for mark in sorted(marks, key=lambda m: m not in (CIRCUMFLEX, BREVE, HORN)):
            if mark == DOT:
                r = self.stroke * 0.8
                y = max(bottom, at[1]) + self.gap + r
                pen.ellipse([middle - r, y - r, middle + r, y + r], fill=255)
            elif mark == HORN:
                points = [right - self.stroke, top + self.size * 0.5]
                points += [right + self.size * 0.4, top + self.size * 0.1]
                points += [right + self.size * 0.45, top - self.size * 0.35]
                pen.line(points, fill=255, width=self.stroke)
            elif mark == "-":
                y = top + (bottom - top) * (0.5 if bottom - top < 0.6 * self.em else 0.2)
                start = middle if bottom - top > 0.6 * self.em else left - self.gap
                pen.line([start, y, max(right, start) + self.gap, y], fill=255, width=self.stroke)
            else:
                self._above(pen, mark, middle, above)
                if mark in (CIRCUMFLEX, BREVE):
                    shift = self.size if self.beside else 0.0
                    middle += shift
                    above -= self.size * (0.25 if shift else 0.75)

    def _above(self, pen: ImageDraw.ImageDraw, mark: str, x: float, y: float) -> None:
        """One mark whose foot is at ``y`` and middle at ``x``."""
        s, w = self.size, self.stroke
        if mark == GRAVE:
            pen.line([x - s * 0.5, y - s, x + s * 0.3, y], fill=255, width=w)
        elif mark == ACUTE:
            pen.line([x + s * 0.5, y - s, x - s * 0.3, y], fill=255, width=w)
        elif mark == CIRCUMFLEX:
            points = [x - s * 0.7, y, x, y - s * 0.7, x + s * 0.7, y]
            pen.line(points, fill=255, width=w)
        elif mark == BREVE:
            pen.arc([x - s * 0.7, y - s * 1.2, x + s * 0.7, y], 10, 170, fill=255, width=w)
        elif mark == TILDE:
            points = [x - s * 0.8, y - s * 0.1, x - s * 0.35, y - s * 0.5]
            points += [x + s * 0.35, y - s * 0.1, x + s * 0.8, y - s * 0.5]
            pen.line(points, fill=255, width=w)
        elif mark == HOOK:
            pen.arc(
                [x - s * 0.4, y - s * 1.1, x + s * 0.4, y - s * 0.35], 180, 90, fill=255, width=w
            )
            pen.line([x, y - s * 0.35, x, y], fill=255, width=w)
