import json

import pandas as pd
import pytest
from made_comparison import made_frames

from skstdp.benchmarks import Comparison

TABLES = ("scores", "curves", "settings", "calibration", "missing", "tasks")


@pytest.fixture(scope="module")
def comparison():
    # No curves: an empty table is a table, too.
    return Comparison(**made_frames(tasks=("iris", "wine"), tuned=True, failures=True))


def equal_tables(read, comparison, *, exact=True):
    for name in TABLES:
        table, expected = read(name), getattr(comparison, name)
        if name == "settings":
            table = table.assign(parameters=[json.loads(text) for text in table["parameters"]])
        pd.testing.assert_frame_equal(
            table, expected, check_dtype=False, check_exact=exact, check_column_type=False
        )


def test_parquet_and_csv_round_trips(tmp_path, comparison):
    pytest.importorskip("pyarrow")
    paths = comparison.save(tmp_path / "new", formats=("csv", "parquet"))
    assert len(paths) == 2 * len(TABLES) + 1
    assert sorted(paths) == sorted((tmp_path / "new").iterdir())
    equal_tables(lambda name: pd.read_parquet(tmp_path / "new" / f"{name}.parquet"), comparison)
    equal_tables(lambda name: pd.read_csv(tmp_path / "new" / f"{name}.csv"), comparison)


def test_json_round_trip(tmp_path, comparison):
    comparison.save(tmp_path, formats="json")

    def read(name):
        records = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        return pd.DataFrame(records, columns=list(getattr(comparison, name)))

    equal_tables(read, comparison, exact=False)
    text = (tmp_path / "environment.json").read_text(encoding="utf-8")
    assert json.loads(text) == comparison.environment


def test_unknown_format_is_refused_before_anything_is_written(tmp_path, comparison):
    with pytest.raises(ValueError, match="Got formats='xlsx', but expected one of 'csv', 'json'"):
        comparison.save(tmp_path / "new", formats=("csv", "xlsx"))
    assert not (tmp_path / "new").exists()
