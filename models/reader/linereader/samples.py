"""A training sample: an image of one snippet as the network will be given it, and its text.

The input is HEIGHT pixels high, capitals about 19.5 pixels (those of Liberation Serif at
HEIGHT / EMS_HIGH pixels to the em), the baseline BASELINE_EMS ems below the upper edge, black on
white, stretched so that paper is 255. The image side of the kiosk has to make the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from . import draw, faces, text, wear

Rng = np.random.Generator
HEIGHT = 40
EMS_HIGH = 1.36
BASELINE_EMS = 1.08
WIDTH = 320
"""Width of a training sample. The network reads any multiple of 4."""

LETTERS_MAX = 48
"""A longer text would not fit into WIDTH / 4 frames of CTC."""
PAPER = 255


@dataclass(frozen=True)
class Plan:
    """How a set of samples is drawn."""

    faces: list[faces.Face]
    amount: float
    """Wear: 0 none, 1 as in training, in between proportional."""
    blank: float
    """Share of samples without text, only with what is not to be read."""
    snippet: Callable[[Rng], str] = text.snippet
    jitter: float = 0.12
    """How far the crop's size may be off, as a share."""
    width: int = WIDTH
    """Pixels of the crop's width."""
    letters: int = LETTERS_MAX
    """A longer text is cut between words."""


def sample(rng: Rng, plan: Plan) -> tuple[np.ndarray, str]:
    """uint8 [HEIGHT, WIDTH] and the text on it."""
    face = faces.choose(rng, plan.faces)
    em = int(np.exp(rng.uniform(np.log(27), np.log(72))))
    visible = draw.visible_em(rng, face, em)
    scale = HEIGHT / (EMS_HIGH * visible * (1 + plan.jitter * rng.uniform(-1, 1)))
    stretch = float(np.exp(rng.normal(0, 0.06)))
    tracking = em * abs(rng.normal(0, 0.06)) if rng.random() < 0.1 else 0.0
    room = plan.width / (scale * stretch) - em * 0.4
    words = fitted(rng, plan, lambda t: draw.advance(face, em, t, tracking), room)
    if words is None:
        return sample(rng, plan)
    shown = words
    if rng.random() < plan.blank:
        words, shown = "", "" if rng.random() < 0.8 else "." * int(rng.integers(5, 30))
    ink = draw.line(rng, face, em, shown or "   ", tracking, visible)
    _neighbours(rng, plan, face, em, ink)
    wear.decorate(rng, ink, plan.amount if words else plan.amount * 6)
    cropped = _crop(rng, plan, _scanned(rng, plan, ink), ink, scale, stretch)
    return cropped, words


def fitted(rng: Rng, plan: Plan, width: Callable[[str], float], room: float) -> str | None:
    """As many words of a new line, from a random one on, as fit; None where not one does."""
    words = plan.snippet(rng).split()
    widths = np.array([width(word + " ") for word in words])
    still = np.cumsum(widths[::-1])[::-1]
    start = int(rng.integers(max(1, int((still >= room).sum()))))
    lengths = np.cumsum([len(word) + 1 for word in words[start:]])
    fits = (np.cumsum(widths[start:]) <= room) & (lengths <= plan.letters)
    return " ".join(words[start : start + int(fits.sum())]) or None


def stretched(rng: Rng | None, crop: np.ndarray) -> np.ndarray:
    """Paper to 255, ink to 0: the darkest hundredth and the brightest tenth of the crop."""
    low, high = (1.0, 90.0) if rng is None else (rng.uniform(0.3, 2.5), rng.uniform(80, 97))
    dark, bright = np.percentile(crop, (low, high))
    wide = (crop.astype(np.float32) - dark) * (255 / max(bright - dark, 24))
    return np.clip(wide, 0, 255).astype(np.uint8)


def _neighbours(rng: Rng, plan: Plan, face: faces.Face, em: int, ink: draw.Ink) -> None:
    """Lines above and below, of which a crop shows the feet and the marks."""
    for side in (-1, 1):
        if rng.random() > 0.35 * plan.amount:
            continue
        other = fitted(rng, plan, lambda t: draw.advance(face, em, t, 0.0), ink.right)
        drawn = draw.line(rng, face, em, other or "nay", 0.0, ink.em)
        leading = em * rng.uniform(1.12, 1.6) * side
        ink.image.paste(255, (int(rng.normal(0, em)), int(leading)), drawn.image)


def _scanned(rng: Rng, plan: Plan, ink: draw.Ink) -> Image.Image:
    """The worn page of ``ink``, at its own resolution."""
    image = wear.press(rng, ink.image, ink.em) if rng.random() < plan.amount else ink.image
    sigma = abs(rng.normal(0, 0.028 * plan.amount)) * ink.em
    if sigma > 0.3:
        image = image.filter(ImageFilter.GaussianBlur(min(sigma, 0.075 * ink.em)))
    shade = np.asarray(image, np.float32) / 255
    worn = wear.paper(rng, wear.fade(rng, shade, ink.em, plan.amount), ink.em, plan.amount)
    return wear.scanner(rng, worn, plan.amount)


def _crop(
    rng: Rng, plan: Plan, page: Image.Image, ink: draw.Ink, scale: float, stretch: float
) -> np.ndarray:
    """``page`` cut and scaled as a line finder would do it, a little askew, on white."""
    before, after = ink.em * rng.uniform(0.06, 0.5, 2)
    across = scale * stretch
    before = min(before, max(0.0, plan.width / across - (ink.right - ink.left)))
    left = max(0.0, ink.left - before)
    width = int(min(plan.width, (min(page.width, ink.right + after) - left) * across))
    width = max(width, 8)
    top = ink.baseline - ink.em * (BASELINE_EMS + rng.uniform(-0.06, 0.06) * plan.amount)
    skew = np.radians(rng.uniform(-1.5, 1.5)) * rng.random() * plan.amount
    skew *= min(1.0, WIDTH / width)  # a line finder follows a long line; its ends stay in the crop
    shear = rng.normal(0, 0.04 if rng.random() < 0.9 else 0.15) * plan.amount
    middle = width / 2 / across
    matrix = (
        1 / across, shear / scale, left - shear * ink.em,
        skew / across, 1 / scale, top - skew * middle,
    )  # fmt: skip
    softness = rng.uniform(0.35, 0.6) / scale - 0.3
    smooth = page.filter(ImageFilter.BoxBlur(softness)) if softness > 0 else page
    filters = (Image.Resampling.BICUBIC, Image.Resampling.BILINEAR)
    light = int(np.percentile(np.asarray(page), 90))
    cut = smooth.transform(
        (width, HEIGHT),
        Image.Transform.AFFINE,
        matrix,
        filters[int(rng.integers(2))],
        fillcolor=light,
    )
    whole = np.full((HEIGHT, plan.width), PAPER, np.uint8)
    whole[:, :width] = stretched(rng if plan.amount else None, np.asarray(cut))
    return whole
