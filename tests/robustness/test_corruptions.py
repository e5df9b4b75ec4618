"""Corrupted samples, against loops, by hand and against NumPy's operations on images."""

import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import gaussian_filter1d

from skstdp import corrupt
from skstdp._robustness._corruptions import CORRUPTIONS, OF_IMAGES, OF_TABLES, sizes_of

OF_ANY = [name for name, corruption in CORRUPTIONS.items() if corruption.sizes is not None]
SHAPE = (6, 5)


@pytest.fixture(scope="module")
def table():
    return np.random.default_rng(0).normal([0, 10, -5, 100], [1, 2, 0.1, 30], (50, 4))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).random((12, *SHAPE))


def flat(images):
    return images.reshape(len(images), -1)


def corrupt_images(images, name, size, **options):
    new = corrupt(flat(images), name, size, image_shape=images.shape[1:], **options)
    return new.reshape(images.shape)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_nothing_changes_at_size_zero_and_x_is_left_alone(name, images):
    before = images.copy()
    # Bounds that exclude some values leave these as they are.
    assert_allclose(corrupt_images(images, name, 0, bounds=(0.2, 0.8)), before, atol=1e-12)
    corrupt_images(images, name, 1)
    assert_array_equal(images, before)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_one_seed_draws_one_corruption(name, images):
    first, again, other = (
        corrupt_images(images, name, 1 / 2, random_state=seed) for seed in (3, 3, 4)
    )
    assert_array_equal(first, again)
    assert np.any(first != other) == CORRUPTIONS[name].is_random


def test_docstring_lists_the_sizes_of_each_severity():
    rows = re.findall(r"^ *``([a-z ]+)``.* {2}([\d. ]+)$", corrupt.__doc__, flags=re.MULTILINE)
    listed = {name: tuple(map(float, sizes.split())) for name, sizes in rows}
    of_noise = re.search(r"have ([\d.\s]+) at the severities", corrupt.__doc__)[1]
    assert list(listed) == list(CORRUPTIONS)
    for name, corruption in CORRUPTIONS.items():
        assert listed[name] == (corruption.sizes or corruption.image_sizes)
        if corruption.image_sizes != listed[name]:
            assert corruption.image_sizes == tuple(map(float, of_noise.split()))


class TestTables:
    """Corruptions of the columns of a table."""

    def test_noise_is_in_units_of_the_spread_of_each_column(self, table):
        many = np.tile(table, (200, 1))
        moved = corrupt(many, "gaussian noise", 0.5) - many
        assert_allclose(moved.std(axis=0), 0.5 * table.std(axis=0), rtol=0.03)
        assert_allclose(moved.mean(axis=0) / table.std(axis=0), 0, atol=0.02)
        # Of each value its own.
        assert np.all(np.abs(np.corrcoef(moved.T) - np.eye(4)) < 0.04)

    def test_one_seed_has_the_same_draws_at_each_size(self, table):
        small, large = (corrupt(table, "gaussian noise", size) - table for size in (0.1, 0.3))
        assert_allclose(large, 3 * small, atol=1e-10)
        for name in ("missing as mean", "permutation"):
            some, more = (corrupt(table, name, size) != table for size in (0.2, 0.5))
            assert not np.any(some & ~more)
            assert some.sum() < more.sum()

    @pytest.mark.parametrize(
        ("name", "filled"),
        [
            ("missing as mean", lambda table: table.mean(axis=0)),
            ("missing as minimum", lambda table: table.min(axis=0)),
            ("missing as zero", lambda table: np.zeros(4)),
        ],
    )
    @pytest.mark.parametrize("share", [0.1, 0.37, 1])
    def test_missing_share_is_exact(self, name, filled, share, table):
        new = corrupt(table, name, share)
        moved = new != table
        # The smallest value of a column may stand in for itself.
        kept = (table == table.min(axis=0)) if name == "missing as minimum" else np.False_
        assert moved.sum() <= round(share * table.size) <= (moved | kept).sum()
        assert_allclose(new[moved], np.broadcast_to(filled(table), table.shape)[moved])

    def test_contrast_by_hand(self):
        X = np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 7.0]])
        expected = [[1.0, 2.0], [2.0, 2.0], [3.0, 5.0]]
        assert_allclose(corrupt(X, "contrast", 0.5), expected)

    def test_gain_and_offset_are_those_of_a_sensor(self, table):
        """One factor or shift of a column in all rows, in proportion to the size."""
        for name, change in (
            ("gain", lambda size: corrupt(table, "gain", size) / table - 1),
            (
                "offset",
                lambda size: (corrupt(table, "offset", size) - table) / table.std(axis=0),
            ),
        ):
            first = change(0.1)
            assert_allclose(first, np.broadcast_to(first[0], first.shape), err_msg=name)
            assert_allclose(change(0.4), 4 * first, err_msg=name)
            assert len(np.unique(first[0])) == 4
        wide = np.ones((2, 4000))
        factors = corrupt(wide, "gain", 0.1)[1]
        assert abs(factors.mean() - 1) < 0.01
        assert abs(factors.std() - 0.1) < 0.01

    @pytest.mark.parametrize("share", [0.1, 0.5, 1])
    def test_permutation_keeps_the_values_of_each_column(self, share, table):
        new = corrupt(table, "permutation", share)
        assert_array_equal(np.sort(new, axis=0), np.sort(table, axis=0))
        assert_array_equal((new != table).sum(axis=0), round(share * 50))
        # Columns are permuted by themselves: no row is moved as a whole.
        sources = [np.argsort(np.argsort(table[:, k]))[np.argsort(new[:, k])] for k in (0, 1)]
        assert np.any(sources[0] != sources[1])

    def test_naive_loops(self, table):
        """Which cells change, as a loop draws them."""
        drawn = np.random.RandomState(0).random_sample(table.shape)
        expected = table.copy()
        for value in sorted(drawn.ravel())[:40]:
            ((row, column),) = np.argwhere(drawn == value)
            expected[row, column] = table[:, column].mean()
        assert_allclose(corrupt(table, "missing as mean", 0.2), expected)
        expected = table.copy()
        for column in range(4):
            rows = sorted(range(50), key=lambda row: drawn[row, column])[:10]
            for position, row in enumerate(rows):
                expected[row, column] = table[rows[(position + 1) % 10], column]
        assert_array_equal(corrupt(table, "permutation", 0.2), expected)

    def test_statistics_of_the_reference(self, table):
        reference = np.array([[1.0, 2, 3, 4], [3.0, 4, 5, 6]])
        new = corrupt(table, "missing as mean", 1, reference=reference)
        assert_allclose(new, np.broadcast_to([2, 3, 4, 5], new.shape))
        new = corrupt(table, "missing as minimum", 1, reference=reference)
        assert_allclose(new, np.broadcast_to([1, 2, 3, 4], new.shape))
        noise = corrupt(table, "gaussian noise", 1, reference=reference) - table
        assert_allclose(noise, (corrupt(table, "gaussian noise", 1) - table) / table.std(axis=0))

    def test_bounds(self, table):
        low, high = table.min(axis=0), table.max(axis=0)
        noise = corrupt(table, "gaussian noise", 1)
        assert np.any((noise < low) | (noise > high))
        expected = np.clip(noise, low, high)
        assert_allclose(corrupt(table, "gaussian noise", 1, bounds="data"), expected)
        assert_allclose(corrupt(table, "gaussian noise", 1, bounds=(low, high)), expected)
        by_column = corrupt(table, "gaussian noise", 1, bounds={1: (8, 12)})
        assert_allclose(by_column[:, [0, 2, 3]], noise[:, [0, 2, 3]])
        # What is out of bounds goes no further.
        outside = np.clip(table[:, 1], 8, 12) != table[:, 1]
        gone = np.abs(by_column[:, 1] - 10) > np.maximum(np.abs(table[:, 1] - 10), 2) + 1e-9
        assert outside.any()
        assert not gone.any()
        # Of the reference, and not of X.
        new = corrupt(table, "gaussian noise", 1, bounds="data", reference=table[:10])
        inside = (table >= table[:10].min(axis=0)) & (table <= table[:10].max(axis=0))
        assert np.all((new <= table[:10].max(axis=0))[inside])

    @pytest.mark.parametrize("name", OF_TABLES)
    def test_immutable_columns_stay(self, name, table):
        size = 1 if name.startswith("missing") else 0.5
        new = corrupt(table, name, size, immutable=[1, 3])
        assert_array_equal(new[:, [1, 3]], table[:, [1, 3]])
        # The others are corrupted as if they were alone.
        assert_allclose(new[:, [0, 2]], corrupt(table[:, [0, 2]], name, size))
        assert np.any(new != table)

    @pytest.mark.parametrize("name", OF_ANY)
    @pytest.mark.parametrize("kind", ["pandas", "polars"])
    def test_frames_keep_columns_and_dtypes(self, kind, name):
        values = {
            "size": np.array([1.5, 2.5, 3.0, 8.0], dtype=np.float32),
            "rooms": np.array([1, 2, 2, 7]),
            "city": ["Rome", "Oslo", "Rome", "Bern"],
            "paid": [True, False, True, True],
            "age": [20.0, None, 40.0, 50.0],
        }
        if kind == "pandas":
            X = pd.DataFrame(values, index=list("abcd")).astype({"city": "category"})
            as_pandas = lambda frame: frame  # noqa: E731
        else:
            polars = pytest.importorskip("polars")
            X, as_pandas = polars.DataFrame(values, strict=False), lambda frame: frame.to_pandas()
        new = corrupt(X, name, 0.75)
        assert type(new) is type(X)
        assert list(new.columns) == list(X.columns)
        assert list(new.dtypes) == list(X.dtypes)
        old, new = as_pandas(X), as_pandas(new)
        pd.testing.assert_frame_equal(new[["city", "paid"]], old[["city", "paid"]])
        assert_array_equal(new["age"].isna(), old["age"].isna())
        assert_array_equal(new.index, old.index)
        assert np.any(
            new[["size", "rooms", "age"]].fillna(0) != old[["size", "rooms", "age"]].fillna(0)
        )

    def test_missing_values_take_no_part_in_the_statistics(self):
        X = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": pd.array([1, None, 5], dtype="Int64")})
        new = corrupt(X, "missing as mean", 1)
        expected = pd.DataFrame({"a": [2.0, np.nan, 2.0], "b": pd.array([3, None, 3], "Int64")})
        pd.testing.assert_frame_equal(new, expected)

    def test_missing_whole_numbers(self):
        X = np.array([[1, 0.5], [None, 1.5], [5, 2.5]], dtype=object)
        assert corrupt(X, "contrast", 1).tolist() == [[3, 1.5], [None, 1.5], [3, 1.5]]
        polars = pytest.importorskip("polars")
        new = corrupt(polars.DataFrame({"a": [1, None, 5]}), "missing as mean", 1)
        assert new["a"].to_list() == [3, None, 3]

    def test_objects_and_whole_numbers(self):
        X = np.array([[1, "x", 0.5], [4, "y", 1.5]], dtype=object)
        new = corrupt(X, "contrast", 0.5)
        assert new.tolist() == [[2, "x", 0.75], [3, "y", 1.25]]
        assert [type(value) for value in new[0]] == [int, str, float]
        grey = np.array([[0, 250], [100, 255]], dtype=np.uint8)
        # Bytes hold no more than 255.
        assert corrupt(grey, "offset", 9).max() <= 255
        assert corrupt(grey, "contrast", 1).tolist() == [[50, 252], [50, 252]]

    def test_lists_and_single_precision(self, table):
        assert_allclose(corrupt(table.tolist(), "offset", 1), corrupt(table, "offset", 1))
        new = corrupt(table.astype(np.float32), "offset", 1)
        assert new.dtype == np.float32


class TestImages:
    """Corruptions of images."""

    def test_statistics_are_those_of_all_pixels(self, images):
        scaled = 10 + 5 * images
        low, high = scaled.min(), scaled.max()
        noise = corrupt_images(scaled, "gaussian noise", 0.4, bounds=(-np.inf, np.inf)) - scaled
        assert abs(noise.std() / (high - low) - 0.4) < 0.04
        clipped = corrupt_images(scaled, "gaussian noise", 0.4)
        assert_allclose(clipped, np.clip(scaled + noise, low, high))
        bright = corrupt_images(scaled, "brightness", 0.3)
        assert_allclose(bright, np.minimum(scaled + 0.3 * (high - low), high))
        assert_allclose(corrupt_images(scaled, "dimming", 0.7), low + 0.3 * (scaled - low))
        assert_allclose(corrupt_images(scaled, "missing as minimum", 1), np.full_like(scaled, low))
        means = [image.mean() for image in scaled]
        for new, image, mean in zip(
            corrupt_images(scaled, "contrast", 0.7), scaled, means, strict=True
        ):
            assert_allclose(new, mean + 0.3 * (image - mean))

    @pytest.mark.parametrize("pixels", [1, 2])
    def test_shift_is_that_of_numpy_with_edges_repeated(self, pixels, images):
        directions = set()
        for new, image in zip(corrupt_images(images, "shift", pixels), images, strict=True):
            padded = np.pad(image, pixels, mode="edge")
            inner = slice(pixels, -pixels)
            shifted = [
                np.roll(padded, sign * pixels, axis)[inner, inner]
                for sign in (-1, 1)
                for axis in (0, 1)
            ]
            ((direction,),) = np.nonzero([np.allclose(new, other) for other in shifted])
            directions.add(int(direction))
        assert directions == {0, 1, 2, 3}

    def test_quarter_turns_are_those_of_numpy(self):
        images = np.random.default_rng(0).random((10, 5, 5))
        turns = set()
        for new, image in zip(corrupt_images(images, "rotation", 90), images, strict=True):
            ((turn,),) = np.nonzero([np.allclose(new, np.rot90(image, k)) for k in range(4)])
            turns.add(int(turn))
        assert turns == {1, 3}

    @pytest.mark.parametrize("name", ["rotation", "shift", "blur"])
    def test_edges_are_repeated(self, name):
        rows = np.repeat(np.linspace(1, 2, 4), 30).reshape(4, 6, 5)
        assert_allclose(corrupt_images(rows, name, 1.5, bounds=(0, 9)), rows)

    def test_contrast_of_each_channel(self):
        colour = np.random.default_rng(0).random((3, 2, 2, 3)) * [1, 2, 3]
        means = colour.reshape(3, 4, 3).mean(axis=1)[:, np.newaxis, np.newaxis]
        assert_allclose(
            corrupt_images(colour, "contrast", 1), np.broadcast_to(means, (3, 2, 2, 3))
        )

    def test_sizes_in_pixels_are_of_the_shorter_side(self):
        assert sizes_of("shift", (56, 28)) == sizes_of("shift", (28, 84, 3)) == (1, 2, 3, 4, 5)
        assert sizes_of("blur", (56, 84)) == (1, 2, 3, 4, 6)
        assert sizes_of("rotation", (56, 56)) == (5, 10, 20, 30, 45)

    def test_blur_is_a_filter_of_rows_and_columns(self, images):
        for new, image in zip(corrupt_images(images, "blur", 1.2), images, strict=True):
            rows = gaussian_filter1d(image, 1.2, axis=0, mode="nearest")
            assert_allclose(new, gaussian_filter1d(rows, 1.2, axis=1, mode="nearest"))

    @pytest.mark.parametrize("name", OF_IMAGES)
    def test_one_channel_and_several(self, name, images):
        """Equal channels stay equal: geometry and missing pixels are of all channels."""
        colour = np.repeat(images[..., np.newaxis], 3, axis=-1)
        new = corrupt_images(colour, name, 0.6)
        if name != "gaussian noise":
            assert_allclose(
                new, np.repeat(corrupt_images(images, name, 0.6)[..., np.newaxis], 3, -1)
            )
        assert new.shape == colour.shape

    def test_share_of_pixels_is_exact(self, images):
        new = corrupt_images(images, "missing as mean", 0.3)
        assert (new != images).sum() == round(0.3 * images.size)

    @pytest.mark.parametrize("name", OF_IMAGES)
    def test_bytes_and_frames(self, name, images):
        grey = np.rint(255 * images).astype(np.uint8)
        new = corrupt_images(grey, name, 0.6)
        assert new.dtype == np.uint8
        expected = corrupt_images(grey.astype(float), name, 0.6)
        assert_array_equal(new, np.rint(expected))
        frame = pd.DataFrame(flat(grey)).rename(columns=str)
        framed = corrupt(frame, name, 0.6, image_shape=SHAPE, immutable="7")
        assert_array_equal(framed.drop(columns="7"), np.delete(flat(new), 7, axis=1))
        assert_array_equal(framed["7"], frame["7"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("blurr", 1), "Got the corruption 'blurr', but expected one of .* Did you mean 'blur'"),
        ((3, 1), "Got the corruption 3, but"),
        (("blur", 1), r"'blur' without image_shape, but expected the shape"),
        (("offset", -1), "Got size=-1, but expected a finite number >= 0"),
        (("contrast", 1.5), r"Got size=1.5 for the corruption 'contrast', but .* from 0 to 1"),
        (("offset", 1, {"immutable": [9]}), "Got the column 9 in immutable"),
        (("offset", 1, {"immutable": range(4)}), "Got X without a column that may change"),
        (("offset", 1, {"bounds": (1, 0)}), "Got bounds from 1 to 0 for the column 0"),
        (("offset", 1, {"bounds": 1}), "Got bounds=1, but expected a pair"),
        (("offset", 1, {"random_state": "x"}), "Got random_state='x', but expected an int"),
        (("blur", 1, {"image_shape": (3, 3)}), r"Got image_shape=\(3, 3\), which has 9 values"),
        (("blur", 1, {"image_shape": 4}), r"Got image_shape=4, but expected a pair"),
        (("blur", 1, {"image_shape": (2.0, 2)}), r"Got image_shape=\(2.0, 2\), but"),
        (("offset", 1, {"reference": np.ones((3, 2))}), "Got a reference of 2 columns"),
        (
            ("offset", 1, {"reference": np.full((3, 4), np.nan)}),
            "Got a reference without a value in the column 0",
        ),
        (
            ("blur", 1, {"image_shape": (2, 2), "reference": np.full((3, 4), np.nan)}),
            "Got a missing value in the reference",
        ),
        (
            ("offset", 1, {"reference": np.full((3, 4), "x")}),
            "Got a reference whose column 0 holds no numbers",
        ),
        (
            ("offset", 1, {"reference": np.full((3, 4), np.inf)}),
            "infinite value in the column 0 of",
        ),
    ],
)
def test_errors(arguments, message, table):
    *values, options = arguments if len(arguments) == 3 else (*arguments, {})
    with pytest.raises(ValueError, match=message):
        corrupt(table, *values, **options)


def test_errors_of_x():
    with pytest.raises(ValueError, match=r"infinite value in the column 'b' of X \(row 1\)"):
        corrupt(pd.DataFrame({"a": [0.0, 1], "b": [0.0, np.inf]}), "offset", 1)
    with pytest.raises(ValueError, match="Got X without rows"):
        corrupt(np.ones((0, 3)), "offset", 1)
    with pytest.raises(ValueError, match="Got X without a column that may change"):
        corrupt(pd.DataFrame({"a": ["x", "y"]}), "offset", 1)
    with pytest.raises(ValueError, match=r"missing value in the column 1 \(row 0\)"):
        corrupt(np.array([[1, np.nan]]), "blur", 1, image_shape=(1, 2))
    with pytest.raises(ValueError, match="'a' that holds no numbers, but expected images"):
        corrupt(pd.DataFrame({"a": ["x", "y"]}), "blur", 1, image_shape=(1, 1))
    with pytest.raises(TypeError, match="Got size='1' of type str"):
        corrupt(np.ones((3, 3)), "offset", "1")
