"""The line reader's recipe: text, typefaces, wear, network, training, export, evaluation.

Everything that makes ``models/reader/reader.tflite`` from nothing but Debian's fonts and the word
lists in this folder. Nothing here runs on a kiosk. Start with ``samples.py`` (what a training
sample is) and ``train.py``.
"""
