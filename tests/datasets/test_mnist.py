import gzip
import os
from urllib.error import URLError

import numpy as np
import pytest
from small_mnist import DIGITS, FILES, IMAGES, idx

from skstdp.datasets import _mnist, load_tasks


@pytest.mark.parametrize("given", [str, lambda folder: folder])
def test_mnist_from_a_folder(folder, given):
    tasks = load_tasks("mnist", data=given(folder))
    pairs = [(0, digit) for digit in range(1, 6)]
    assert [task.name for task in tasks] == [f"mnist 0v{pair[1]}" for pair in pairs] + ["mnist"]
    for task, classes in zip(tasks, [*pairs, range(10)], strict=True):
        train, test = np.isin(DIGITS[:30], classes), np.isin(DIGITS[30:], classes)
        for X, y, rows, part in (
            (task.X, task.y, train, slice(30)),
            (task.X_test, task.y_test, test, slice(30, None)),
        ):
            assert X.dtype == np.float32
            assert y.dtype == np.int64
            np.testing.assert_array_equal(y, DIGITS[part][rows])
            # Whole grey levels come back, so no image is turned or mixed up.
            np.testing.assert_array_equal(np.rint(255 * X), IMAGES[part][rows].reshape(-1, 12))
            np.testing.assert_allclose(255 * X, np.rint(255 * X), rtol=1e-6)


def test_lookalikes_are_pairs_of_mnist(folder):
    names = [task.name for task in load_tasks("lookalikes", data=folder)]
    assert names == [f"mnist {pair}" for pair in ("4v9", "7v9", "3v5", "3v8", "5v8", "2v7")]


def test_folder_of_mnist_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match=r"^Got data=.*nowhere', but there is no such folder"):
        load_tasks("mnist", data=tmp_path / "nowhere")


def test_folder_is_for_mnist_only(folder):
    with pytest.raises(ValueError, match=r"^Got data=.* with the collection 'iris', .* mnist and"):
        load_tasks("iris", data=folder)


@pytest.mark.parametrize("name", list(FILES))
def test_missing_file_of_mnist(folder, name):
    for path in folder.glob(f"{name}*"):
        path.unlink()
    with pytest.raises(ValueError, match=rf"^Got data=.*the file {name} or {name}\.gz\.$"):
        load_tasks("mnist", data=folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "t10k-images-idx3-ubyte",
            FILES["t10k-images-idx3-ubyte"][:-1],
            "255 bytes in .* 256 for",
        ),
        ("t10k-images-idx3-ubyte", FILES["t10k-labels-idx1-ubyte"], "'00000801' as .*'00000803'"),
        ("t10k-images-idx3-ubyte", b"", "a file that starts with '' as"),
        ("t10k-images-idx3-ubyte", idx(IMAGES[30:])[:9], "9 bytes in"),
        (
            "t10k-labels-idx1-ubyte.gz",
            gzip.compress(idx(DIGITS), mtime=0)[:-9],
            "the file .* cut off",
        ),
        ("t10k-labels-idx1-ubyte.gz", b"no archive", "Cannot read .*: Not a gzipped file"),
        (
            "t10k-labels-idx1-ubyte.gz",
            gzip.compress(idx(DIGITS), mtime=0),
            "20 images and 50 labels",
        ),
    ],
)
def test_damaged_file_of_mnist(folder, name, content, message):
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load_tasks("mnist", data=folder)
    assert str(folder / name) in str(caught.value) or "labels in data=" in str(caught.value)


def test_download_of_mnist(monkeypatch):
    def fetch(name, **options):
        assert name == "mnist_784"
        # Where the training images end, the digits change from 1 to 2.
        labels = np.repeat(["1", "2"], [60_000, 10_000])
        return np.full((70_000, 2), 51), labels

    monkeypatch.setattr(_mnist, "fetch_openml", fetch)
    images, labels, test_images, test_labels = _mnist.load_mnist(None)
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    assert images.shape == (60_000, 2)
    assert (images == 51).all()
    assert set(labels) == {1}
    assert test_images.shape == (10_000, 2)
    assert set(test_labels) == {2}


def test_download_without_network_tells_of_the_other_way(monkeypatch):
    def fetch(name, **options):
        raise URLError("Name or service not known")

    monkeypatch.setattr(_mnist, "fetch_openml", fetch)
    with pytest.raises(OSError, match=r"Name or service not known.* as data, .* as --data\.$"):
        load_tasks("mnist")


def test_real_mnist():
    if "SKSTDP_MNIST" not in os.environ:
        pytest.skip("needs MNIST: set SKSTDP_MNIST to the folder of its four files")
    (task,) = load_tasks("mnist", data=os.environ["SKSTDP_MNIST"], pairs=[(0, 1)])
    # The counts of zeros and ones that are known of it.
    assert list(np.bincount(task.y)) == [5923, 6742]
    assert list(np.bincount(task.y_test)) == [980, 1135]
    assert (task.X.min(), task.X.max(), task.X.shape[1]) == (0, 1, 784)
