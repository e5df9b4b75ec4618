from pathlib import Path

import pytest

import skstdp
from skstdp import benchmarks, datasets

API = Path(__file__).parents[1] / "doc" / "api.rst"


@pytest.mark.parametrize("module", [skstdp, benchmarks, datasets], ids=lambda m: m.__name__)
def test_reference_lists_every_public_name(module):
    listed = {line.strip() for line in API.read_text().splitlines()}
    assert set(module.__all__) <= listed
    assert module.__all__ == sorted(module.__all__)
