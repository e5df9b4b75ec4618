import gzip

import pytest
from small_mnist import FILES


@pytest.fixture
def folder(tmp_path):
    """A small MNIST: 30 images to train on and 20 to test on, some files gzipped."""
    for name, content in FILES.items():
        if "labels" in name:
            (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (tmp_path / name).write_bytes(content)
    return tmp_path
