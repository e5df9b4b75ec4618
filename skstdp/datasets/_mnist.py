"""The images of MNIST, from a folder of its four files or from openml.org."""

import gzip
import math
import warnings
import zlib
from pathlib import Path

import numpy as np
from sklearn.datasets import fetch_openml

_N_TRAIN = 60_000
_FILES = (
    ("train-images-idx3-ubyte", 3),
    ("train-labels-idx1-ubyte", 1),
    ("t10k-images-idx3-ubyte", 3),
    ("t10k-labels-idx1-ubyte", 1),
)


def load_mnist(data):
    """Load grey levels and digits of the training and of the test images.

    Parameters
    ----------
    data : str, path-like or None
        Folder with the four files, gzipped or not. None downloads them, and keeps them where
        scikit-learn keeps its data sets.

    Returns
    -------
    images, labels, test_images, test_labels : ndarrays
        Images of shape (n_samples, n_pixels) and dtype uint8, labels of dtype int64.

    Errors are those of `load_tasks`.
    """
    if data is None:
        return _download()
    images, labels, test_images, test_labels = (
        _read_idx(Path(data), name, n_dimensions) for name, n_dimensions in _FILES
    )
    for part, part_labels in ((images, labels), (test_images, test_labels)):
        if len(part) != len(part_labels):
            raise ValueError(
                f"Got {len(part)} images and {len(part_labels)} labels in data={str(data)!r}, but "
                "expected one label per image."
            )
    return _rows(images), labels.astype(np.int64), _rows(test_images), test_labels.astype(np.int64)


def _rows(images):
    return images.reshape(len(images), -1)


def _read_idx(folder, name, n_dimensions):
    """Read an array of bytes in the IDX format: a header with the shape, then the values."""
    path = next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None)
    if not folder.is_dir():
        raise ValueError(
            f"Got data={str(folder)!r}, but there is no such folder: expected one with the four "
            "files of MNIST, or none to download them."
        )
    if path is None:
        raise ValueError(
            f"Got data={str(folder)!r}, but expected a folder with the file {name} or {name}.gz."
        )
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (EOFError, zlib.error) as error:
        raise ValueError(f"Got the file {path} cut off, but expected all of it.") from error
    except OSError as error:
        raise ValueError(f"Cannot read {path}: {error.strerror or error}.") from error
    # Two zeros, the code of unsigned bytes and the number of dimensions.
    magic = bytes([0, 0, 8, n_dimensions])
    if content[:4] != magic:
        raise ValueError(
            f"Got a file that starts with {content[:4].hex()!r} as {path}, but expected "
            f"{magic.hex()!r}."
        )
    start = 4 + 4 * n_dimensions
    shape = [int.from_bytes(content[k : k + 4]) for k in range(4, start, 4)]
    if len(content) != start + math.prod(shape):
        raise ValueError(
            f"Got {len(content)} bytes in {path}, but expected {start + math.prod(shape)} for the "
            f"shape {tuple(shape)} in its header."
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def _download():
    try:
        # It warns of each attempt that fails, and then raises the same error.
        with warnings.catch_warnings(action="ignore"):
            images, labels = fetch_openml(
                "mnist_784", version=1, as_frame=False, parser="auto", return_X_y=True
            )
    except OSError as error:
        raise OSError(
            f"Cannot fetch MNIST from openml.org ({error}). Give the folder of its four files as "
            "data, on the command line as --data."
        ) from error
    images, labels = images.astype(np.uint8), labels.astype(np.int64)
    return images[:_N_TRAIN], labels[:_N_TRAIN], images[_N_TRAIN:], labels[_N_TRAIN:]
