"""Writes the trained network as int8 TensorFlow Lite, built-in operations only.

    python -m linereader.export --fonts DIR --work DIR --out FILE [--size large] [--width 320]

Input int8 [1, HEIGHT, width, 1]: 127 - brightness, so paper (255) is -128 and ink (0) is 127;
scale 1/255, zero -128. Output int8 [1, 1, width / 4, 225]: logits, scale and zero in the file.
Weights per channel, activations by the range they had on CALIBRATION training samples.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from . import network, samples
from .train import as_input, drawn, training_plan

CALIBRATION = 256
BUILT_IN = {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "PAD"}
SEED = 1848


def converted(model: keras.Model, images: np.ndarray) -> bytes:
    """``model`` (batch 1, fixed width) as an int8 file, calibrated on uint8 ``images``."""

    def calibration() -> Iterator[list[np.ndarray]]:
        # The first two pin the input's scale to exactly 1/255.
        for image in (np.zeros_like(images[0]), np.full_like(images[0], 255), *images):
            yield [as_input(image)[None]]

    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = calibration
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        return converter.convert()


def operations(content: bytes) -> set[str]:
    """Names of the operations in a file, as they are before LiteRT hands them to XNNPACK."""
    bare = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=bare)
    return {detail["op_name"] for detail in interpreter._get_ops_details()}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="linereader.export", description="write the int8 file")
    parser.add_argument("--fonts", type=Path, required=True, help="folder of unpacked packages")
    parser.add_argument("--work", type=Path, required=True, help="training's working folder")
    parser.add_argument("--out", type=Path, required=True, help="the .tflite file to write")
    parser.add_argument("--size", choices=network.SIZES, default="small")
    parser.add_argument("--width", type=int, default=samples.WIDTH)
    asked = parser.parse_args()
    model = network.build(network.SIZES[asked.size], asked.width, batch=1)
    with np.load(asked.work / "weights.npz") as weights:
        model.set_weights([weights[name] for name in weights.files])
    plan = replace(training_plan(asked.fonts), width=asked.width)
    images, _ = drawn(np.random.default_rng(SEED), plan, CALIBRATION)
    content = converted(model, images)
    foreign = operations(content) - BUILT_IN
    if foreign:
        raise SystemExit(f"the export holds operations that are not expected: {sorted(foreign)}")
    asked.out.write_bytes(content)
    print(f"{asked.out}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
