"""The network: convolutions only, so that every operation is int8 in XNNPACK.

Input float [batch, HEIGHT, width, 1], 0 paper .. 1 ink. Output logits [batch, 1, width / 4, 225]:
one row of classes per four columns, for CTC. Built from Keras layers alone, so another backend
(``KERAS_BACKEND=torch``) can train it.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
from keras import layers

from .charset import CLASSES
from .samples import HEIGHT, WIDTH


@dataclass(frozen=True)
class Size:
    """How large a network is."""

    stem: tuple[int, int, int]
    """Channels at 1/2, 1/4 and, in height, 1/8 of the input."""
    shapes: int
    """Residual blocks over two dimensions at 1/4, and as many at 1/8."""
    width: int
    """Channels of a frame."""
    blocks: int
    """Residual blocks along the line."""


SIZES = {
    "small": Size((16, 32, 64), 1, 192, 5),
    "large": Size((24, 64, 128), 2, 320, 8),
}
"""The small one is quick to train on a CPU and to run anywhere; `python -m linereader.network`
counts both. Most weights lie along the line, where one costs a quarter of a MAC per column."""


def build(size: Size, width: int | None, batch: int | None = None) -> keras.Model:
    """The network for images ``width`` pixels wide; None: any."""
    half, quarter, eighth = size.stem
    image = keras.Input((HEIGHT, width, 1), batch_size=batch)
    x = _conv(image, half, 3, (2, 2))
    x = _conv(x, quarter, 3, (2, 2))
    for _ in range(size.shapes):
        x = _separable(x, (3, 3))
    x = _conv(x, eighth, (2, 1), (2, 1), padding="valid")
    for _ in range(size.shapes):
        x = _separable(x, (3, 3))
    x = _conv(x, size.width, (HEIGHT // 8, 1), padding="valid")
    for _ in range(size.blocks):
        x = _separable(x, (1, 9))
    return keras.Model(image, layers.Conv2D(CLASSES, 1, name="classes")(x))


def _conv(x, channels: int, kernel, strides=(1, 1), padding: str = "same"):
    x = layers.Conv2D(channels, kernel, strides, padding=padding, use_bias=False)(x)
    return layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.98)(x))


def _separable(x, kernel: tuple[int, int]):
    """A depthwise and a pointwise convolution beside a shortcut."""
    y = layers.DepthwiseConv2D(kernel, padding="same", use_bias=False)(x)
    y = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.98)(y))
    y = layers.Conv2D(x.shape[-1], 1, use_bias=False)(y)
    y = layers.BatchNormalization(momentum=0.98)(y)
    return layers.ReLU(6.0)(layers.Add()([x, y]))


def macs_per_column(model: keras.Model) -> float:
    """Multiplications for each column of the input."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
            _, high, wide, channels = layer.output.shape
            depth = 1 if isinstance(layer, layers.DepthwiseConv2D) else layer.input.shape[-1]
            total += high * wide * channels * depth * layer.kernel_size[0] * layer.kernel_size[1]
    return total / model.input.shape[2]


if __name__ == "__main__":
    for name, size in SIZES.items():
        net = build(size, WIDTH)
        print(f"{name}: {net.count_params()} parameters, {macs_per_column(net):.0f} MAC per column")
