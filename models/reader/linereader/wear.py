"""What happens to a line between the typesetter and the network: print, paper, copier, scanner.

Functions on ink (float32, 0 nothing .. 1 full) come first, then those on brightness (0 .. 255).
All of them work at the resolution of the imagined scan, before the line is scaled for the network.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .draw import Ink

Rng = np.random.Generator


def decorate(rng: Rng, ink: Ink, amount: float) -> None:
    """Things that are no letters: underline, rules, leaders, seal, signature, stray strokes."""
    pen, em = ImageDraw.Draw(ink.image), ink.em
    width, height = ink.image.size
    thin = max(1, round(em * rng.uniform(0.03, 0.07)))
    if rng.random() < 0.06 * amount:
        y = ink.baseline + em * rng.uniform(0.12, 0.3)
        pen.line([ink.left, y, ink.right, y], fill=255, width=thin)
    if rng.random() < 0.07 * amount:
        y = ink.baseline + em * (
            rng.uniform(0.3, 0.55) if rng.random() < 0.6 else rng.uniform(-1.4, -1.1)
        )
        pen.line([0, y, width, y + rng.normal(0, 0.03) * em], fill=255, width=thin)
    if rng.random() < 0.07 * amount:
        x = (
            ink.left - em * rng.uniform(0.15, 0.6)
            if rng.random() < 0.5
            else ink.right + em * rng.uniform(0.15, 0.6)
        )
        pen.line([x, 0, x, height], fill=255, width=thin)
    if rng.random() < 0.06 * amount:
        _leaders(rng, pen, ink)
    if rng.random() < 0.09 * amount:
        _seal(rng, pen, ink)
    if rng.random() < 0.04 * amount:
        _signature(rng, pen, ink)


def _leaders(rng: Rng, pen: ImageDraw.ImageDraw, ink: Ink) -> None:
    """Dots of a form: before or behind the text, or under it."""
    em, r = ink.em, ink.em * rng.uniform(0.025, 0.05)
    step, y = em * rng.uniform(0.14, 0.3), ink.baseline + em * rng.uniform(-0.04, 0.12)
    side = rng.random()
    start, end = ink.right + 0.2 * em, float(ink.image.width)
    if side < 0.25:
        start, end = 0.0, ink.left - 0.2 * em
    elif side < 0.45:
        start, end, y = 0.0, float(ink.image.width), ink.baseline + em * rng.uniform(0.1, 0.25)
    for x in np.arange(start, end, step):
        pen.ellipse([x - r, y - r, x + r, y + r], fill=255)


def _seal(rng: Rng, pen: ImageDraw.ImageDraw, ink: Ink) -> None:
    """A piece of a round or square stamp, as faint as dropping out its colour leaves it."""
    em, shade = ink.em, int(rng.integers(40, 190))
    x = ink.left + (ink.right - ink.left) * rng.uniform(-0.3, 0.9)
    y = ink.baseline + em * rng.uniform(-6, 2)
    size, stroke = em * rng.uniform(4, 9), int(em * rng.uniform(0.04, 0.14)) + 1
    if rng.random() < 0.75:
        pen.ellipse([x, y, x + size, y + size], outline=shade, width=stroke)
        inset = em * rng.uniform(0.2, 0.9)
        inner = [x + inset, y + inset, x + size - inset, y + size - inset]
        pen.ellipse(inner, outline=shade, width=max(1, stroke // 2))
        for angle in np.arange(0, 2 * np.pi, rng.uniform(0.12, 0.3)):
            radius = size / 2 - inset * 0.5
            px, py = x + size / 2 + radius * np.cos(angle), y + size / 2 + radius * np.sin(angle)
            d = em * rng.uniform(0.05, 0.25, 4)
            pen.line([px - d[0], py - d[1], px + d[2], py + d[3]], fill=shade, width=stroke)
    else:
        pen.rectangle([x, y, x + size, y + size * 0.5], outline=shade, width=stroke)


def _signature(rng: Rng, pen: ImageDraw.ImageDraw, ink: Ink) -> None:
    """A pen stroke across the line."""
    em, steps = ink.em, int(rng.integers(5, 12))
    x = (
        ink.left
        + np.cumsum(rng.normal(0.7, 0.8, steps)) * em
        + rng.uniform(0, ink.right - ink.left)
    )
    y = ink.baseline - em * 0.4 + rng.normal(0, 1.0, steps) * em
    points = [float(v) for pair in zip(x, y, strict=True) for v in pair]
    pen.line(points, fill=int(rng.integers(60, 200)), width=max(1, int(em * 0.06)), joint="curve")


def press(rng: Rng, ink: Image.Image, em: float) -> Image.Image:
    """Ink that spreads or lacks, print in dots, a coarse fax."""
    dice = rng.random()
    if dice < 0.07 and em > 50:
        return ink.filter(ImageFilter.MinFilter(3))
    if dice < 0.24:
        return ink.filter(ImageFilter.MaxFilter(3))
    if dice < 0.28:
        return _dots(rng, ink, em)
    if dice < 0.32:
        return _coarse(rng, ink, em)
    return ink


def _dots(rng: Rng, ink: Image.Image, em: float) -> Image.Image:
    """Printed by needles: a grid of round dots, 20 to 28 to the em."""
    pitch = em / rng.uniform(20, 28)
    cells = ink.resize([max(1, round(side / pitch)) for side in ink.size], Image.Resampling.BOX)
    large = _black_over(cells, int(rng.integers(70, 130))).resize(
        ink.size, Image.Resampling.BICUBIC if rng.random() < 0.5 else Image.Resampling.NEAREST
    )
    x, y = np.ogrid[: ink.size[1], : ink.size[0]]
    holes = (np.cos(x * 2 * np.pi / pitch) + np.cos(y * 2 * np.pi / pitch)) * rng.uniform(0, 0.16)
    shaded = np.asarray(large, np.float32) * np.clip(0.9 + holes, 0, 1)
    return Image.fromarray(shaded.astype(np.uint8))


def _coarse(rng: Rng, ink: Image.Image, em: float) -> Image.Image:
    """Sent by fax or copied coarsely: fewer lines than columns, black or white only."""
    columns, lines = em / rng.uniform(24, 34), em / rng.uniform(17, 30)
    size = (max(1, round(ink.width / columns)), max(1, round(ink.height / lines)))
    small = ink.resize(size, Image.Resampling.BOX)
    on = _black_over(small, int(rng.integers(80, 150)))
    return on.resize(ink.size, Image.Resampling.BILINEAR)


def _black_over(ink: Image.Image, level: int) -> Image.Image:
    return ink.point(lambda v: 255 if v > level else 0)


def clouds(rng: Rng, shape: tuple[int, int], cells: int) -> np.ndarray:
    """Smooth random field, about -1 .. 1, a cell being ``cells`` pixels wide."""
    coarse = rng.normal(0, 0.5, (shape[0] // cells + 2, shape[1] // cells + 2)).astype(np.float32)
    size = (shape[1], shape[0])
    return np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))


def fade(rng: Rng, ink: np.ndarray, em: float, amount: float) -> np.ndarray:
    """Unequal ink: worn ribbon, dry toner, specks missing."""
    if rng.random() < 0.2 * amount:
        ink = ink * np.clip(
            1 - rng.uniform(0.1, 0.5) * (clouds(rng, ink.shape, int(em)) + 0.5), 0.2, 1
        )
    if rng.random() < 0.25 * amount:
        grain = (
            clouds(rng, ink.shape, 2) if rng.random() < 0.5 else rng.random(ink.shape, np.float32)
        )
        ink = ink * np.clip(1 - rng.uniform(0.1, 0.7) * grain, 0, 1)
    return ink


def paper(rng: Rng, ink: np.ndarray, em: float, amount: float) -> np.ndarray:
    """Brightness of the scanned paper: shade, stains, what shines through, noise."""
    height, width = ink.shape
    white = rng.uniform(150, 255)
    strength = rng.uniform(0.8, 1.0) if rng.random() > 0.4 * amount else rng.uniform(0.35, 0.85)
    ground = np.full(ink.shape, white, np.float32)
    if rng.random() < 0.4 * amount:
        slope = rng.normal(0, 0.08 * amount, 2)
        ground *= 1 + slope[0] * np.linspace(-1, 1, width, dtype=np.float32)[None]
        ground *= 1 + slope[1] * np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    if rng.random() < 0.2 * amount:
        ground *= 1 + rng.uniform(0.02, 0.08) * clouds(
            rng, ink.shape, int(em * rng.uniform(0.3, 2))
        )
    page = ground * (1 - strength * ink)
    if rng.random() < 0.15 * amount:
        back = np.roll(ink[:, ::-1], (int(rng.integers(height)), int(rng.integers(width))), (0, 1))
        page *= 1 - rng.uniform(0.03, 0.18) * back
    noise = abs(rng.normal(0, 5 * amount)) + 0.5
    page += noise * rng.standard_normal(ink.shape, np.float32)
    if rng.random() < 0.06 * amount:
        specks = rng.random(ink.shape, np.float32)
        share = rng.uniform(0.0005, 0.01)
        page = np.where(specks < share, 30, np.where(specks > 1 - share, white, page))
    return page


def scanner(rng: Rng, page: np.ndarray, amount: float) -> Image.Image:
    """Sharpening, thresholding and JPEG of scanner or copier; back to 8 bits."""
    image = Image.fromarray(np.clip(page, 0, 255).astype(np.uint8))
    dice = rng.random()
    if dice < 0.06:
        image = image.filter(ImageFilter.UnsharpMask(2, int(rng.integers(60, 200)), 2))
    elif dice < 0.06 + 0.07 * amount:
        low, high = np.percentile(page, (1, 90))
        level = low + (high - low) * rng.uniform(0.5, 0.78)
        image = image.point(lambda v: 255 if v > level else 0)
    if rng.random() < 0.4 * amount:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(rng.integers(25, 92)))
        image = Image.open(file)
    return image
