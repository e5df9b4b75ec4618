"""The four files of MNIST with 30 and 20 tiny images."""

import struct

import numpy as np


def idx(array):
    """The bytes of an array of unsigned bytes, by the description of the format."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


IMAGES = np.random.RandomState(0).randint(256, size=(50, 4, 3)).astype(np.uint8)
DIGITS = np.arange(50, dtype=np.uint8) % 10
FILES = {
    "train-images-idx3-ubyte": idx(IMAGES[:30]),
    "train-labels-idx1-ubyte": idx(DIGITS[:30]),
    "t10k-images-idx3-ubyte": idx(IMAGES[30:]),
    "t10k-labels-idx1-ubyte": idx(DIGITS[30:]),
}
