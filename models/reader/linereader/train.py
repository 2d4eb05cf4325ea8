"""Trains the network on samples that renderers draw beside it; stops and goes on at any time.

    python -m linereader.train --fonts DIR --work DIR [--size large] [--steps N] [--resume]

The learning rate is a function of step / steps, so a run continued with another ``--steps`` only
changes its pace. Every line of ``log.jsonl`` in the working folder is one report. Two runs with
one seed see the same samples, in an order that depends on how fast the renderers are.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, field, replace
from multiprocessing.queues import Queue
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from . import charset, faces, measure, network, samples

RATE = 2.5e-3
WARM_UP_STEPS = 200
LEAST_WORN = 0.1
FIRST_FILLED = 2048
"""Samples that have to be there before the first step."""

CHECKED = 512
"""Samples of the validation set, drawn like those of training but from another seed."""


@dataclass
class Pool:
    """The samples that batches are taken from; new ones take the place of the oldest."""

    capacity: int
    images: np.ndarray = field(init=False)
    labels: np.ndarray = field(init=False)
    filled: int = 0
    added: int = 0

    def __post_init__(self) -> None:
        shape = (samples.HEIGHT, samples.WIDTH)
        self.images = np.empty((self.capacity, *shape), np.uint8)
        self.labels = np.empty((self.capacity, samples.LETTERS_MAX), np.uint8)

    def add(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Takes in new samples."""
        at = (self.added + np.arange(len(images))) % self.capacity
        self.images[at], self.labels[at] = images, labels
        self.added += len(images)
        self.filled = min(self.added, self.capacity)

    def batch(self, rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Input and labels of ``size`` samples."""
        at = rng.integers(self.filled, size=size)
        return as_input(self.images[at]), self.labels[at].astype(np.int32)


class Reader(keras.Model):
    """The network with the loss of CTC, which is all that training adds to it."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Mean CTC loss of a batch of ``y_pred`` [batch, 1, time, class], per 20 letters."""
        return _ctc(y, y_pred[:, 0]) / 20


def _ctc(labels, logits):
    if keras.backend.backend() != "tensorflow":
        lengths = keras.ops.sum(keras.ops.cast(labels != charset.NO_LABEL, "int32"), 1)
        times = keras.ops.full_like(lengths, logits.shape[1])
        known = keras.ops.where(labels == charset.NO_LABEL, 0, labels)
        loss = keras.ops.ctc_loss(known, logits, lengths, times, mask_index=charset.BLANK)
        return keras.ops.mean(loss)
    import tensorflow as tf  # its sparse loss is several times as fast as Keras's dense one

    places = tf.where(labels != charset.NO_LABEL)
    sparse = tf.SparseTensor(
        places, tf.gather_nd(labels, places), tf.shape(labels, out_type=tf.int64)
    )
    times = tf.fill([tf.shape(logits)[0]], tf.shape(logits)[1])
    frames = tf.transpose(logits, [1, 0, 2])
    return tf.reduce_mean(tf.nn.ctc_loss(sparse, frames, None, times, blank_index=-1))


def as_input(images: np.ndarray) -> np.ndarray:
    """uint8 [..., height, width], 255 paper, to float [..., height, width, 1], 0 paper."""
    return (1 - images.astype(np.float32) / 255)[..., None]


def training_plan(fonts: Path) -> samples.Plan:
    """What samples of training are: trained faces, every kind of wear, a few without text."""
    return samples.Plan(faces.load(fonts, "train"), amount=1.0, blank=0.03)


def render(queue: Queue, fonts: Path, seed: tuple[int, ...], count: int) -> None:
    """A renderer: draws samples for ever, ``count`` to a parcel, waiting while nobody needs any."""
    plan = training_plan(fonts)
    rng = np.random.default_rng(seed)
    while True:
        queue.put(drawn(rng, plan, count))


def drawn(
    rng: np.random.Generator, plan: samples.Plan, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """``count`` samples as images and label rows, worn up to the plan's amount.

    No text is labelled as one space, since TensorFlow's CTC refuses an empty label; a reading is
    stripped of its outer spaces anyway.
    """
    worn = [replace(plan, amount=rng.uniform(LEAST_WORN, plan.amount)) for _ in range(count)]
    pairs = [samples.sample(rng, each) for each in worn]
    labels = [charset.encode(text or " ", samples.LETTERS_MAX) for _, text in pairs]
    return np.stack([image for image, _ in pairs]), np.stack(labels)


def rate(step: int, steps: int) -> float:
    """The learning rate: a short rise, then half a cosine down to a hundredth."""
    rise = min(1.0, (step + 1) / WARM_UP_STEPS)
    part = min(1.0, step / steps)
    fall = 0.5 + 0.5 * math.cos(math.pi * max(0.0, (part - 0.2) / 0.8))
    return RATE * rise * (0.01 + 0.99 * fall)


def main() -> None:
    """The command line."""
    asked = _arguments()
    asked.work.mkdir(parents=True, exist_ok=True)
    model, step = _model(asked)
    context = multiprocessing.get_context("spawn")
    queue = context.Queue(maxsize=16)
    for worker in range(asked.renderers):
        seed = (asked.seed, 1, worker, step)
        parcel = (queue, asked.fonts, seed, asked.fresh)
        context.Process(target=render, args=parcel, daemon=True).start()
    pool = Pool(asked.pool)
    while pool.filled < min(asked.pool, FIRST_FILLED):
        pool.add(*queue.get())
    _run(asked, model, step, pool, queue)


def _run(asked: argparse.Namespace, model: Reader, step: int, pool: Pool, queue: Queue) -> None:
    plan = training_plan(asked.fonts)
    checked = drawn(np.random.default_rng((asked.seed, 2)), plan, CHECKED)
    rng = np.random.default_rng((asked.seed, 3, step))
    losses, began, saved = [], time.monotonic(), time.monotonic()
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    while step < asked.steps and not stopping:
        pool.add(*queue.get())
        model.optimizer.learning_rate = rate(step, asked.steps)
        losses.append(model.train_on_batch(*pool.batch(rng, asked.batch)))
        step += 1
        last = step == asked.steps or bool(stopping)
        if step % 100 == 0 or last:
            report = {"step": step, "loss": float(np.mean(losses)), "samples": pool.added}
            if step % 500 == 0 or last:
                report["cer"] = _character_errors(model, *checked)
            report["seconds"] = round(time.monotonic() - began)
            _log(asked.work, report)
            losses.clear()
        if time.monotonic() - saved > asked.save_seconds or last:
            _save(asked.work, model, step)
            saved = time.monotonic()


def _character_errors(model: Reader, images: np.ndarray, labels: np.ndarray) -> float:
    tally = measure.Tally()
    for at in range(0, len(images), 32):
        output = model(as_input(images[at : at + 32]), training=False)
        logits = keras.ops.convert_to_numpy(output)
        for frames, label in zip(logits[:, 0], labels[at : at + 32], strict=True):
            tally.add(charset.decode(label).strip(), charset.greedy(frames).strip())
    return round(tally.cer, 5)


def _model(asked: argparse.Namespace) -> tuple[Reader, int]:
    """A new network, or the one last saved with the step it had reached."""
    keras.utils.set_random_seed(asked.seed)
    plain = network.build(network.SIZES[asked.size], samples.WIDTH)
    model = Reader(plain.input, plain.output)
    optimizer = keras.optimizers.AdamW(RATE, weight_decay=1e-4, clipnorm=5.0)
    model.compile(optimizer=optimizer, jit_compile=False)
    optimizer.build(model.trainable_variables)
    saved = asked.work / "state.npz"
    if not asked.resume or not saved.exists():
        return model, 0
    with np.load(saved) as state:
        values = [state[f"v{at}"] for at in range(len(state.files) - 1)]
        for variable, value in zip(_variables(model), values, strict=True):
            variable.assign(value)
        return model, int(state["step"])


def _variables(model: Reader) -> list:
    """Everything that changes in training, the network's own weights first."""
    return [*model.weights, *model.optimizer.variables]


def _save(work: Path, model: Reader, step: int) -> None:
    """Weights and the optimiser's state, whole or not at all."""
    arrays = [keras.ops.convert_to_numpy(value) for value in _variables(model)]
    values = {f"v{at}": array for at, array in enumerate(arrays)}
    temporary = work / "state.tmp.npz"
    np.savez(temporary, step=step, **values)
    temporary.rename(work / "state.npz")
    weights = work / "weights.tmp.npz"
    np.savez(weights, *arrays[: len(model.weights)])
    weights.rename(work / "weights.npz")


def _log(work: Path, report: dict) -> None:
    with (work / "log.jsonl").open("a") as file:
        file.write(json.dumps(report) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="linereader.train", description="train the line reader")
    parser.add_argument("--fonts", type=Path, required=True, help="folder of unpacked packages")
    parser.add_argument("--work", type=Path, required=True, help="folder for state and log")
    parser.add_argument("--size", choices=network.SIZES, default="small")
    parser.add_argument("--steps", type=int, default=32000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--fresh", type=int, default=6, help="new samples for each step")
    parser.add_argument("--pool", type=int, default=32768, help="samples kept for batches")
    parser.add_argument("--renderers", type=int, default=2, help="processes that draw samples")
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--save-seconds", type=int, default=180)
    parser.add_argument("--resume", action="store_true", help="go on from the saved state")
    return parser.parse_args()


if __name__ == "__main__":
    main()
