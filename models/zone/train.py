"""Makes the weights of the zone reader: a small network that tells the 37 signs of a
machine-readable zone, and the figures of its card.

Signs are drawn in the typefaces of FACES between neighbours, worn as a scanner and a purse wear
them, and cut out as ``models/src/zone/glyph.rs`` cuts them out of a page. Needs numpy, Pillow and
the Debian packages named in FACES; some minutes of one core:

    python3 models/zone/train.py --out models/zone/zone.bin
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
# A sign's image: so many pixels for one pitch, and so many rows about the line's middle.
WIDTH, HEIGHT = 20, 30
HIDDEN = 112
# Levels of paper and ink in the window of three signs, as shares of its pixels by darkness.
PAPER_SHARE, INK_SHARE = 0.80, 0.03
# Pixels of one pitch as drawn, before wear.
DRAWN = 48
# File, how often: fonts-ocr-b, fonts-dejavu-core, fonts-liberation2, fonts-freefont-ttf.
FACES = [
    ("opentype/ocr-b/OCRB.otf", 13),
    ("opentype/ocr-b/OCRBS.otf", 3),
    ("truetype/dejavu/DejaVuSansMono.ttf", 3),
    ("truetype/dejavu/DejaVuSansMono-Bold.ttf", 2),
    ("truetype/liberation2/LiberationMono-Regular.ttf", 3),
    ("truetype/liberation2/LiberationMono-Bold.ttf", 2),
    ("truetype/freefont/FreeMono.ttf", 1),
    ("truetype/freefont/FreeMonoBold.ttf", 1),
]
# fonts-urw-base35: never trained on.
HELD_OUT = [("opentype/urw-base35/NimbusMonoPS-Bold.otf", 1)]


def fonts(faces: list[tuple[str, int]]) -> list[tuple[ImageFont.FreeTypeFont, float]]:
    """Each face at a pitch of DRAWN, and how often it is drawn."""
    found = []
    total = sum(weight for _, weight in faces)
    for path, weight in faces:
        whole = "/usr/share/fonts/" + path
        advance = ImageFont.truetype(whole, 1000).getlength("0") / 1000
        font = ImageFont.truetype(whole, round(DRAWN / advance), layout_engine=0)
        found.append((font, weight / total))
    return found


def drawn(font: ImageFont.FreeTypeFont, text: str) -> Image.Image:
    """Five signs, dark on light, the middle of a capital at the image's middle."""
    image = Image.new("L", (DRAWN * 5, DRAWN * 3), 255)
    top = font.getbbox("H", anchor="ls")[1]
    pen = ImageDraw.Draw(image)
    for i, sign in enumerate(text):
        left = DRAWN * i + (DRAWN - font.getlength(sign)) / 2
        pen.text((left, image.height / 2 - top / 2), sign, fill=0, font=font, anchor="ls")
    return image


def worn(rng: np.random.Generator, image: Image.Image) -> np.ndarray:
    """The signs after print, wear and scan, cut out at the size that the network takes."""
    if rng.random() < 0.3:
        thicker = rng.random() < 0.6
        image = image.filter(ImageFilter.MinFilter(3) if thicker else ImageFilter.MaxFilter(3))
    # Scanned at so many pixels a pitch, out of focus.
    pitch = rng.choice([9, 12, 15, 20, 26, 32, 40], p=[0.05, 0.1, 0.2, 0.25, 0.2, 0.1, 0.1])
    pitch = pitch * rng.uniform(0.9, 1.1)
    scan = pitch / DRAWN
    image = image.filter(ImageFilter.GaussianBlur(abs(rng.normal(0, 0.055)) * DRAWN))
    image = image.rotate(rng.normal(0, 1.0), Image.Resampling.BILINEAR, fillcolor=255)
    small = (max(5, round(image.width * scan)), max(5, round(image.height * scan)))
    image = image.resize(small, Image.Resampling.BOX)
    levels = np.asarray(image, np.float32) / 255
    height, width = levels.shape
    y, x = np.mgrid[0:height, 0:width] / pitch
    ink, paper = rng.uniform(0, 0.35), rng.uniform(0.55, 1.0)
    levels = ink + (paper - ink) * levels
    # Shade or glare, the card's pattern of lines, a scratch, grain.
    levels += rng.normal(0, 0.05) * (x - 2.5) + rng.normal(0, 0.05) * (y - 1.5)
    if rng.random() < 0.5:
        angle, period = rng.uniform(0, np.pi), rng.uniform(0.15, 0.6)
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period)
        levels *= 1 - rng.uniform(0, 0.12) * (wave > 0.3)
    if rng.random() < 0.1:
        angle, at = rng.uniform(0, np.pi), rng.uniform(-0.5, 0.5)
        off = (x - 2.5) * np.cos(angle) + (y - 1.5) * np.sin(angle) - at
        levels[np.abs(off) < rng.uniform(0.02, 0.06)] = rng.choice([ink, paper])
    levels += rng.normal(0, 1, levels.shape) * rng.choice([0.01, 0.03, 0.06])
    levels = np.clip(levels, 0, 1)
    # A cut that is not quite where the sign is.
    step = pitch / WIDTH * rng.normal(1, 0.02)
    left = 2.5 * pitch + rng.normal(0, 0.05) * pitch - 1.5 * WIDTH * step
    up = 1.5 * pitch + rng.normal(0, 0.06) * pitch - HEIGHT / 2 * step
    return sampled(levels, left, up, step, 3 * WIDTH, HEIGHT)


def sampled(
    levels: np.ndarray, left: float, up: float, step: float, width: int, height: int
) -> np.ndarray:
    """Pixels ``step`` apart, each the mean of as many bilinear samples as cover it."""
    count = max(1, int(np.ceil(step - 0.25)))
    parts = (np.arange(count) + 0.5) / count
    xs = left + (np.arange(width)[:, None] + parts).reshape(-1) * step - 0.5
    ys = up + (np.arange(height)[:, None] + parts).reshape(-1) * step - 0.5
    xs, ys = np.clip(xs, 0, levels.shape[1] - 1.001), np.clip(ys, 0, levels.shape[0] - 1.001)
    x0, y0 = xs.astype(int), ys.astype(int)
    fx, fy = xs - x0, (ys - y0)[:, None]
    upper = levels[np.ix_(y0, x0)] * (1 - fx) + levels[np.ix_(y0, x0 + 1)] * fx
    lower = levels[np.ix_(y0 + 1, x0)] * (1 - fx) + levels[np.ix_(y0 + 1, x0 + 1)] * fx
    whole = upper * (1 - fy) + lower * fy
    return whole.reshape(height, count, width, count).mean(axis=(1, 3))


def normal(window: np.ndarray) -> np.ndarray:
    """The middle sign of three, paper 0 and ink 1 as they are in the window."""
    levels = np.sort(window, axis=None)
    paper, ink = levels[int(PAPER_SHARE * levels.size)], levels[int(INK_SHARE * levels.size)]
    cut = window[:, WIDTH : 2 * WIDTH]
    return np.clip((paper - cut) / max(paper - ink, 0.06), -0.25, 1.25)


def samples(rng: np.random.Generator, faces: list, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of signs, and which they are."""
    images = np.empty((count, HEIGHT * WIDTH), np.float32)
    labels = np.empty(count, np.int64)
    odds = [weight for _, weight in faces]
    for at in range(count):
        font, _ = faces[rng.choice(len(faces), p=odds)]
        # Fillers stand beside half of all signs.
        text = [SIGNS[rng.integers(37)] if rng.random() < 0.7 else "<" for _ in range(5)]
        labels[at] = rng.integers(37) if rng.random() < 0.9 else 36
        text[2] = SIGNS[labels[at]]
        images[at] = normal(worn(rng, drawn(font, "".join(text)))).reshape(-1)
    return images, labels


def forward(net: list[np.ndarray], images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    hidden = np.maximum(images @ net[0] + net[1], 0)
    logits = hidden @ net[2] + net[3]
    logits -= logits.max(axis=1, keepdims=True)
    odds = np.exp(logits)
    return hidden, odds / odds.sum(axis=1, keepdims=True)


def train(rng: np.random.Generator, images: np.ndarray, labels: np.ndarray, rounds: int) -> list:
    """Adam over shuffled batches, the step falling to nothing."""
    net = [
        rng.normal(0, (2 / images.shape[1]) ** 0.5, (images.shape[1], HIDDEN)),
        np.zeros(HIDDEN),
        rng.normal(0, (2 / HIDDEN) ** 0.5, (HIDDEN, len(SIGNS))),
        np.zeros(len(SIGNS)),
    ]
    net = [part.astype(np.float32) for part in net]
    first = [np.zeros_like(part) for part in net]
    second = [np.zeros_like(part) for part in net]
    batch, steps, step = 256, rounds * (len(images) // 256), 0
    for _ in range(rounds):
        order = rng.permutation(len(images))
        for start in range(0, len(order) - batch + 1, batch):
            some = order[start : start + batch]
            x = images[some] + rng.normal(0, 0.03, (batch, images.shape[1])).astype(np.float32)
            hidden, odds = forward(net, x)
            wanted = np.full_like(odds, 0.02 / len(SIGNS))
            wanted[np.arange(batch), labels[some]] += 0.98
            slope = (odds - wanted) / batch
            back = (slope @ net[2].T) * (hidden > 0)
            slopes = [x.T @ back, back.sum(0), hidden.T @ slope, slope.sum(0)]
            step += 1
            rate = 0.002 * (1 - step / steps) + 1e-5
            for i, by in enumerate(slopes):
                by = by + 1e-5 * net[i]
                first[i] = 0.9 * first[i] + 0.1 * by
                second[i] = 0.999 * second[i] + 0.001 * by * by
                fast = first[i] / (1 - 0.9**step)
                net[i] -= rate * fast / (np.sqrt(second[i] / (1 - 0.999**step)) + 1e-8)
    return net


def packed(net: list[np.ndarray]) -> tuple[bytes, list[np.ndarray]]:
    """The file, and the network as it is after rounding: for each layer the step of its weights,
    its biases, its weights in bytes, row by row of the layer's outputs."""
    file, rounded = b"", []
    for weights, biases in (net[:2], net[2:]):
        step = np.float32(np.abs(weights).max() / 127)
        bytes_ = np.clip(np.round(weights / step), -127, 127).astype(np.int8)
        file += step.astype("<f4").tobytes() + biases.astype("<f4").tobytes()
        file += np.ascontiguousarray(bytes_.T).tobytes()
        rounded += [bytes_.astype(np.float32) * step, biases]
    return file, rounded


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=80_000)
    parser.add_argument("--rounds", type=int, default=35)
    parser.add_argument("--seed", type=int, default=2026)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    trained = fonts(FACES)
    images, labels = samples(rng, trained, args.samples)
    print("drawn", flush=True)
    file, net = packed(train(rng, images, labels, args.rounds))
    args.out.write_bytes(file)
    for name, faces in (("trained on", trained), ("held out", fonts(HELD_OUT))):
        images, labels = samples(rng, faces, 6000)
        best = forward(net, images)[1].argmax(axis=1)
        wrong = np.flatnonzero(best != labels)
        pairs = {}
        for at in wrong:
            pair = SIGNS[labels[at]] + SIGNS[best[at]]
            pairs[pair] = pairs.get(pair, 0) + 1
        common = sorted(pairs.items(), key=lambda pair: -pair[1])[:8]
        print(f"{name}: {100 * len(wrong) / len(labels):.2f} % wrong, {common}")
    print(f"{len(file)} bytes")


if __name__ == "__main__":
    main()
