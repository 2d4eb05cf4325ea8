"""Checks of the recipe before hours go into it.

FOLDER=DIR python -m linereader.checks
"""

from __future__ import annotations

import os
import unicodedata
import unittest
from pathlib import Path

import numpy as np

from . import charset, evaltext, faces, measure, samples, text
from .syllables import syllables, toned

FONTS = Path(os.environ["FOLDER"])


class Letters(unittest.TestCase):
    """The charset and labels."""

    def test_every_letter_is_one_nfc_code_point_and_stands_once(self) -> None:
        self.assertEqual(len(set(charset.CHARSET)), charset.BLANK)
        self.assertEqual(unicodedata.normalize("NFC", charset.CHARSET), charset.CHARSET)
        for letter in charset.CHARSET:
            self.assertIn(letter.upper(), charset.CHARSET)

    def test_a_label_is_read_back_as_its_text(self) -> None:
        line = "Nguyễn Thị Ỷ, 12/03/1985 § 4"
        self.assertEqual(charset.decode(charset.encode(line, 48)), line)

    def test_repeated_frames_are_one_letter_and_a_blank_parts_two(self) -> None:
        classes = [charset.encode(c, 1)[0] for c in "11"]
        frames = np.eye(charset.CLASSES)[[classes[0], classes[0], charset.BLANK, classes[1]]]
        self.assertEqual(charset.greedy(frames), "11")


class Text(unittest.TestCase):
    """What is written on samples."""

    def test_syllables_follow_the_spelling(self) -> None:
        known = set(syllables())
        for good in "nghiêng quyết giếng gìn hoà hòa thuỷ khuỷu ước yên nghĩa được xã".split():
            self.assertIn(good, known)
        for bad in "ngiêng cè kà ghà nghà bát̉ ôch tac".split():
            self.assertNotIn(bad, known)
        self.assertEqual(toned("uyên", 2, new_style=False), "uyến")

    def test_all_letters_are_frequent(self) -> None:
        rng = np.random.default_rng(1)
        seen = "".join(text.snippet(rng) for _ in range(20_000))
        rare = {c: n for c in charset.CHARSET if (n := seen.count(c)) < 100}
        self.assertEqual(rare, {})

    def test_evaluation_shares_no_sentence_with_training(self) -> None:
        rng = np.random.default_rng(2)
        trained = "\n".join(text.snippet(rng) for _ in range(5_000))
        longest = max(len(sentence) for sentence in evaltext.SENTENCES)
        self.assertGreater(longest, 60)
        for sentence in evaltext.SENTENCES:
            self.assertNotIn(sentence[:20], trained)


class Samples(unittest.TestCase):
    """Faces and images."""

    def test_no_file_is_both_trained_on_and_held_out(self) -> None:
        trained = {Path(face.path).name for face in faces.load(FONTS, "train")}
        held_out = {Path(face.path).name for face in faces.load(FONTS, "held-out")}
        self.assertGreater(len(trained), 200)
        self.assertGreater(len(held_out), 30)
        self.assertFalse(trained & held_out)

    def test_a_seed_draws_the_same_samples(self) -> None:
        plan = samples.Plan(faces.load(FONTS, "train"), amount=1.0, blank=0.1)
        first, second = (
            [samples.sample(rng, plan) for _ in range(20)]
            for rng in (np.random.default_rng(3), np.random.default_rng(3))
        )
        for (image, words), (again, same) in zip(first, second, strict=True):
            self.assertEqual(words, same)
            np.testing.assert_array_equal(image, again)

    def test_ink_is_dark_and_paper_is_white(self) -> None:
        plan = samples.Plan(faces.load(FONTS, "train"), amount=0.0, blank=0.0, jitter=0.0)
        image, words = samples.sample(np.random.default_rng(4), plan)
        self.assertTrue(words)
        self.assertEqual(image.shape, (samples.HEIGHT, samples.WIDTH))
        self.assertLess(image.min(), 40)
        self.assertGreater(np.median(image), 245)


class Measures(unittest.TestCase):
    """Error rates."""

    def test_distance_counts_single_edits(self) -> None:
        for a, b, edits in (("", "abc", 3), ("khai", "khái", 1), ("sinh", "inh", 1), ("a", "a", 0)):
            self.assertEqual(measure.distance(a, b), edits)

    def test_letters_on_an_empty_crop_are_spurious_not_errors(self) -> None:
        tally = measure.Tally()
        tally.add("", "xx")
        tally.add("abcd", "abce")
        self.assertEqual((tally.spurious, tally.cer, tally.wer), (2, 0.25, 1.0))


if __name__ == "__main__":
    unittest.main()
