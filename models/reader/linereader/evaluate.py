"""Measures the exported reader, and Tesseract beside it, on the same line crops.

    python -m linereader.evaluate --fonts DIR --model FILE [--lines N] [--tesseract]

Text comes from ``evaltext.py``. Faces of training and faces held out are reported apart, each
clean, as an office scan and hard. Tesseract (``vie``, page segmentation 7) gets each crop twice
as large with a white border, which it reads better than the crop itself.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps

from . import charset, evaltext, faces, samples
from .measure import Tally

SEED = 77001
WIDTHS = (320, 640, 1280, 1600)
WIDTH = WIDTHS[-1]
VARIANTS = {"clean": (0.0, 0.04), "office": (0.45, 0.08), "hard": (1.0, 0.12)}
"""Wear and jitter of the crop's size."""


@dataclass
class Line:
    """A crop and what is written on it."""

    image: np.ndarray
    text: str


class Net:
    """The exported network, with one interpreter for each width."""

    def __init__(self, path: Path) -> None:
        self.interpreters = {width: _interpreter(path, width) for width in WIDTHS}
        self.seconds = 0.0

    def read(self, image: np.ndarray) -> str:
        """The text of a crop of any width up to the largest."""
        width = min(w for w in WIDTHS if w >= image.shape[1])
        net = self.interpreters[width]
        padded = np.full((samples.HEIGHT, width), samples.PAPER, np.uint8)
        padded[:, : image.shape[1]] = image
        net.set_tensor(_place(net.get_input_details()), as_int8(padded)[None, ..., None])
        began = time.process_time()
        net.invoke()
        self.seconds += time.process_time() - began
        logits = net.get_tensor(_place(net.get_output_details()))[0, 0]
        return charset.greedy(logits).strip()


def as_int8(image: np.ndarray) -> np.ndarray:
    """Brightness to the network's input: 127 - v."""
    return (127 - image.astype(np.int16)).astype(np.int8)


def _place(details: list[dict]) -> int:
    return details[0]["index"]


def _interpreter(path: Path, width: int) -> Interpreter:
    interpreter = Interpreter(str(path), num_threads=1)
    place = _place(interpreter.get_input_details())
    interpreter.resize_tensor_input(place, [1, samples.HEIGHT, width, 1], strict=False)
    interpreter.allocate_tensors()
    return interpreter


def lines(seed: tuple[int, ...], found: list[faces.Face], variant: str, count: int) -> list[Line]:
    """Crops of evaluation text, cut off behind their last ink's margin."""
    amount, jitter = VARIANTS[variant]
    plan = samples.Plan(
        found, amount, 0.0, snippet=evaltext.line, jitter=jitter, width=WIDTH, letters=300
    )
    rng = np.random.default_rng(seed)
    return [
        Line(_trimmed(image), text)
        for image, text in (samples.sample(rng, plan) for _ in range(count))
    ]


def _trimmed(image: np.ndarray) -> np.ndarray:
    """``image`` without the filling behind the crop's end."""
    used = np.flatnonzero((image != samples.PAPER).any(0))
    return image[:, : (int(used[-1]) + 8) // 4 * 4] if len(used) else image[:, :8]


def tesseract(crops: list[np.ndarray]) -> tuple[list[str], float]:
    """What Tesseract reads, and its CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for number, crop in enumerate(crops):
            large = Image.fromarray(crop)
            large = large.resize((large.width * 2, large.height * 2), Image.Resampling.BICUBIC)
            names.append(f"{folder}/{number:05}.png")
            ImageOps.expand(large, 16, samples.PAPER).save(names[-1], dpi=(300, 300))
        listing = Path(folder) / "list.txt"
        listing.write_text("\n".join(names))
        command = ["tesseract", str(listing), "-", "-l", "vie", "--psm", "7"]
        before = _children_seconds()
        read = subprocess.run(
            command,
            capture_output=True,
            check=True,
            env={"OMP_THREAD_LIMIT": "1", "PATH": "/usr/bin:/bin"},
        )
        seconds = _children_seconds() - before
    pages = read.stdout.decode().split("\f")[: len(crops)]
    return [charset.normal(page) for page in pages], seconds


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def tally(crops: list[Line], texts: list[str]) -> Tally:
    """Errors of ``texts`` on ``crops``."""
    found = Tally()
    for crop, text in zip(crops, texts, strict=True):
        found.add(crop.text, text)
    return found


def main() -> None:
    """The command line: prints a Markdown table."""
    parser = argparse.ArgumentParser(prog="linereader.evaluate", description="measure the reader")
    parser.add_argument("--fonts", type=Path, required=True, help="folder of unpacked packages")
    parser.add_argument("--model", type=Path, required=True, help="the .tflite file")
    parser.add_argument("--lines", type=int, default=200, help="lines for each row of the table")
    parser.add_argument("--tesseract", action="store_true", help="measure Tesseract as well")
    asked = parser.parse_args()
    net = Net(asked.model)
    print("| faces | variant | letters | reader CER / WER | Tesseract CER / WER |")
    print("|---|---|---|---|---|")
    pixels, peer_seconds = 0, 0.0
    for row, (use, variant) in enumerate((u, v) for u in ("train", "held-out") for v in VARIANTS):
        crops = lines((SEED, row), faces.load(asked.fonts, use), variant, asked.lines)
        pixels += sum(crop.image.shape[1] for crop in crops)
        own = tally(crops, [net.read(crop.image) for crop in crops])
        peer = ""
        if asked.tesseract:
            texts, seconds = tesseract([crop.image for crop in crops])
            peer_seconds += seconds
            peer = _rates(tally(crops, texts))
        print(f"| {use} | {variant} | {own.letters} | {_rates(own)} | {peer} |", flush=True)
    _print_blank(net, asked.fonts, asked.lines)
    print(f"network: {net.seconds / pixels * 1e6:.2f} CPU microseconds per column", end="")
    print(f"; Tesseract {peer_seconds / pixels * 1e6:.2f}" if peer_seconds else "")


def _print_blank(net: Net, fonts: Path, count: int) -> None:
    """Letters read where there are none: rules, leaders, seals, strokes, noise."""
    plan = samples.Plan(faces.load(fonts, "held-out"), 1.0, 1.0, snippet=evaltext.line)
    rng = np.random.default_rng((SEED, 100))
    texts = [net.read(samples.sample(rng, plan)[0]) for _ in range(count)]
    wrong = sum(1 for text in texts if text)
    print(f"\n{count} crops without text: {sum(map(len, texts))} letters read, in {wrong} crops")


def _rates(found: Tally) -> str:
    return f"{found.cer:.2%} / {found.wer:.1%}"


if __name__ == "__main__":
    main()
