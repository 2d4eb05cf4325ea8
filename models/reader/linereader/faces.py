"""Which typefaces there are: ``fonts.toml`` matched against unpacked Debian packages."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from fontTools.ttLib import TTFont
from PIL import ImageFont

from .charset import CHARSET

FONTS_TOML = Path(__file__).parent.parent / "fonts.toml"
_FILES = {".ttf", ".otf"}
# Shapes that a scaled crop is aligned by; the height of Liberation Serif's, in ems.
CAP_HEIGHT_EM = 0.655
X_HEIGHT_EM = 0.459


@dataclass(frozen=True)
class Face:
    """One font file."""

    path: str
    family: str
    odds: float
    """How often it is drawn, summing to 1 over the faces loaded together."""
    missing: frozenset[str]
    """Letters of the charset to be composed from a base letter and drawn marks."""


def packages() -> list[str]:
    """The Debian packages to unpack, each once."""
    return sorted({family["package"] for family in _families()})


def load(root: Path, use: str) -> list[Face]:
    """The faces of all families with this ``use`` ("train" or "held-out") below ``root``.

    Raises ``ValueError`` where a family has no face that can draw the charset.
    """
    found: list[tuple[Path, str, float, frozenset[str]]] = []
    for family in (f for f in _families() if f["use"] == use):
        fit = [
            (path, missing)
            for path in _matching(root, family["package"], family["match"])
            if not (missing := _missing(root, path)) or family.get("composed")
        ]
        if not fit:
            raise ValueError(f"no face for {family['package']} {family['match']}")
        share = family["share"] / len(fit)
        found += [(path, family["package"], share, missing) for path, missing in fit]
    total = sum(share for _, _, share, _ in found)
    return [Face(str(p), name, share / total, missing) for p, name, share, missing in found]


def choose(rng: np.random.Generator, faces: list[Face]) -> Face:
    """One of ``faces`` by its odds."""
    at = np.searchsorted(np.cumsum([face.odds for face in faces]), rng.random())
    return faces[min(int(at), len(faces) - 1)]


@lru_cache(maxsize=1500)
def font(path: str, em: int) -> ImageFont.FreeTypeFont:
    """The face at ``em`` pixels."""
    return ImageFont.truetype(path, em, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=1500)
def relative_heights(path: str) -> tuple[float, float]:
    """Height of H and of x in ems."""
    at = font(path, 200)
    heights = [-at.getbbox(letter, anchor="ls")[1] / 200 for letter in "Hx"]
    return max(heights[0], 0.3), max(heights[1], 0.2)


def _families() -> list[dict]:
    return tomllib.loads(FONTS_TOML.read_text("utf-8"))["family"]


def _matching(root: Path, package: str, pattern: str) -> list[Path]:
    below = (root / package).rglob("*")
    real = [p for p in below if p.suffix.lower() in _FILES and not p.is_symlink()]
    return sorted(p for p in real if re.fullmatch(pattern, p.stem))


def _missing(root: Path, path: Path) -> frozenset[str]:
    """Letters that the file lacks; kept in an index, since reading a thousand files is slow."""
    index_path = root / "missing.json"
    index = _index(index_path)
    key = str(path.relative_to(root))
    if key not in index:
        with TTFont(path, lazy=True) as opened:
            cover = opened.getBestCmap() or {}
        index[key] = "".join(letter for letter in CHARSET if ord(letter) not in cover)
        index_path.write_text(json.dumps(index, ensure_ascii=False), "utf-8")
    return frozenset(index[key])


@lru_cache(maxsize=1)
def _index(path: Path) -> dict[str, str]:
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


if __name__ == "__main__":
    print("\n".join(packages()))
