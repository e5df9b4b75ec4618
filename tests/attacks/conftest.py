import numpy as np
import pytest
from linear_margin import Linear


@pytest.fixture(params=[np.float32, np.float64], ids=lambda d: d.__name__)
def linear(request):
    rng = np.random.default_rng(0)
    model = Linear(rng.normal(size=6), -0.1)
    rates = rng.random((700, 6)).astype(request.param)
    y = (rates @ model.weights + model.bias + rng.normal(size=700) * 0.2 > 0).astype(int)
    return model, rates, y
