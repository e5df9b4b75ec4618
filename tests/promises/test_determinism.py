"""One seed gives one network, bit by bit, wherever and beside whatever it is trained."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from classifiers import KINDS
from joblib import Parallel, delayed
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_predict, cross_validate

import skstdp
from skstdp import (
    FGSMScorer,
    PGDScorer,
)

every_classifier = pytest.mark.parametrize("classifier", KINDS, ids=lambda c: c.__name__)


def digest(model):
    arrays = (*model.coefs_, *model.intercepts_)
    return sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def trained(classifier, dtype=np.float64):
    """Wide enough for several threads of the linear algebra, if it has them."""
    X, y = load_digits(return_X_y=True)
    model = classifier((120, 60), max_iter=2, batch_size=200, random_state=0)
    return model.fit(X[:600].astype(dtype), y[:600])


def digests():
    return {
        f"{classifier.__name__} {np.dtype(dtype)}": digest(trained(classifier, dtype))
        for classifier in KINDS
        for dtype in (np.float64, np.float32)
    }


IN_A_PROCESS = "import json, test_determinism; print(json.dumps(test_determinism.digests()))"


def digests_of_a_process(environment):
    tests = Path(__file__).parents[1]
    paths = [tests / "promises", tests / "helpers", Path(skstdp.__file__).parents[1]]
    environment = environment | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    output = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS],
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return json.loads(output)


@pytest.mark.parametrize("n_threads", ["1", "2"])
@pytest.mark.process
def test_processes_and_numbers_of_threads(n_threads):
    names = ("OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "PYTHONHASHSEED")
    assert digests_of_a_process(dict.fromkeys(names, n_threads)) == digests()


@pytest.mark.slow
def test_the_process_that_compiles_the_kernels_and_one_that_loads_them(tmp_path):
    compiled, loaded = (digests_of_a_process({"NUMBA_CACHE_DIR": str(tmp_path)}) for _ in "12")
    assert compiled == loaded == digests()


@every_classifier
@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.process
def test_workers(classifier, backend, iris):
    X, y = iris
    model = classifier((8,), max_iter=5, random_state=0)
    tasks = [(clone(model).set_params(random_state=seed), X[seed:], y[seed:]) for seed in range(6)]
    alone = [digest(task[0].fit(*task[1:])) for task in tasks]
    beside = Parallel(n_jobs=2, backend=backend)(
        delayed(clone(estimator).fit)(*data) for estimator, *data in tasks
    )
    assert [digest(estimator) for estimator in beside] == alone


@every_classifier
@pytest.mark.process
def test_cross_validation_with_any_number_of_jobs(classifier, iris):
    X, y = iris
    model = classifier((8,), max_iter=5, random_state=0)
    scoring = {"fgsm": FGSMScorer(0.1), "pgd": PGDScorer(0.1, n_steps=3, n_restarts=2)}
    one, two = (
        cross_validate(model, X, y, cv=4, scoring=scoring, n_jobs=n_jobs) for n_jobs in (1, 2)
    )
    for name in ("test_fgsm", "test_pgd"):
        assert_array_equal(one[name], two[name])
    proba = [
        cross_val_predict(model, X, y, cv=4, method="predict_proba", n_jobs=n_jobs)
        for n_jobs in (1, 2)
    ]
    assert_array_equal(*proba)


@every_classifier
def test_fitting_and_predicting_in_many_threads_at_once(classifier, iris):
    X, y = iris
    fitted = classifier((8,), max_iter=5, random_state=0).fit(X, y)
    expected = digest(fitted)
    proba = fitted.predict_proba(X)

    def work(number):
        if number % 2:
            return digest(clone(fitted).fit(X, y)) == expected
        return np.array_equal(fitted.predict_proba(X), proba)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(64)))


@every_classifier
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_predicted_alike_in_any_order_and_number(classifier, dtype):
    """Up to rounding: linear algebra sums in another order where there are fewer rows."""
    model = trained(classifier, dtype)
    X = load_digits().data[600:1100].astype(dtype)
    logits = model.decision_function(X)
    order = np.random.default_rng(0).permutation(len(X))
    precision = 100 * np.finfo(dtype).eps * np.abs(logits).max()
    assert np.abs(model.decision_function(X[order]) - logits[order]).max() <= precision
    single = np.vstack([model.decision_function(row[np.newaxis]) for row in X[:50]])
    assert np.abs(single - logits[:50]).max() <= precision
    assert_array_equal(model.predict(X[order]), model.predict(X)[order])


@every_classifier
def test_one_random_state_runs_on(classifier, iris):
    """Epochs one by one, by `partial_fit` or by a warm start, are those of one `fit`."""
    X, y = iris
    settings = {"learning_rate": "constant", "batch_size": 40, "random_state": 0}
    settings["weight_decay"] = 0.001
    whole = classifier((8,), max_iter=4, **settings).fit(X, y)
    parts = classifier((8,), max_iter=2, **settings).fit(X, y)
    parts.partial_fit(X, y).partial_fit(X, y)
    assert digest(parts) == digest(whole)
    # A warm start makes the moments of the optimiser anew, so it has to have none.
    settings |= {"beta_1": 0.0, "beta_2": 0.0}
    whole = classifier((8,), max_iter=4, **settings).fit(X, y)
    warm = classifier((8,), max_iter=2, warm_start=True, **settings)
    assert digest(warm.fit(X, y).fit(X, y)) == digest(whole)


@every_classifier
def test_the_global_random_state_is_left_alone(classifier, iris):
    X, y = iris
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    model = classifier((8,), max_iter=2, random_state=0).fit(X, y)
    PGDScorer(0.1, n_steps=1, n_restarts=2)(model, X, y)
    assert_array_equal(np.random.get_state()[1], before)
