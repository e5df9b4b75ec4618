"""One network trained by worker processes, which may be killed, against `fit` in this process."""

import logging
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from skstdp import (
    BioLeaFClassifier,
    BPClassifier,
    EarlyStopping,
    LocalRuleClassifier,
    STDPClassifier,
    TargetPropagationClassifier,
)
from skstdp.distributed import _cluster, fit

pytestmark = pytest.mark.process

dask = pytest.importorskip("dask", reason="needs Dask: pip install 'skstdp[dask]'")
da = pytest.importorskip("dask.array", reason="needs Dask: pip install 'skstdp[dask]'")
distributed = pytest.importorskip("distributed", reason="needs Dask: pip install 'skstdp[dask]'")

CLASSIFIERS = [STDPClassifier, BPClassifier, LocalRuleClassifier]
SMALL = {"hidden_layer_sizes": (12, 8), "max_iter": 3, "random_state": 0}


@contextmanager
def cluster_of(n_workers, **settings):
    """Worker processes whose nannies stay, however long a new process takes to start."""
    settings = {"threads_per_worker": 1, "dashboard_address": ":0"} | settings
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "10 minutes"}),
        distributed.LocalCluster(
            n_workers=n_workers, silence_logs=logging.CRITICAL, **settings
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def client():
    # What is compiled here is loaded by the workers.
    for dtype in (np.float32, np.float64):
        STDPClassifier(2, max_iter=1).fit(np.eye(2, dtype=dtype), [0, 1])
    with cluster_of(2) as client:
        yield client


@pytest.fixture(scope="module")
def wine():
    X, y = load_wine(return_X_y=True)
    weight = np.random.default_rng(0).exponential(size=len(y))
    weight[::7] = 0
    return X, np.array(["red", "white", "rosé"])[y], weight


def arrays(model):
    others = getattr(model, "associations_", None) or model.feedback_coefs_ or []
    return [*model.coefs_, *model.intercepts_, *others]


def assert_same(model, expected, rtol=1e-9):
    """All that a fit sets, to rounding."""
    assert_array_equal(model.classes_, expected.classes_)
    assert model.n_iter_ == expected.n_iter_
    assert model.n_features_in_ == expected.n_features_in_
    assert_array_equal(model.receptive_fields_, expected.receptive_fields_)
    assert_allclose(model._rank_knots, expected._rank_knots, rtol=rtol, atol=rtol)
    for ours, theirs in zip(arrays(model), arrays(expected), strict=True):
        assert ours.dtype == theirs.dtype
        assert_allclose(ours, theirs, rtol=0, atol=rtol * max(1, abs(theirs).max()))
    pd.testing.assert_frame_equal(model.history_, expected.history_, rtol=rtol)
    assert vars(model).keys() == vars(expected).keys()


SETTINGS = {
    "defaults": {},
    "early stopping": {"early_stopping": True},
    "adversarial training": {"adversarial_epsilon": 0.05},
    "balanced classes": {"class_weight": "balanced"},
    "batches of one block": {"shuffle": False, "batch_size": 40},
    "rates and drawn biases": {"receptive_fields": 1, "quiet_start": None},
    "random feedback": {"feedback": "random"},
    "signs as feedback": {"feedback": "sign"},
    "until it no longer improves": {"tol": 0.5, "n_iter_no_change": 1, "max_iter": 20},
}


@pytest.mark.parametrize("classifier", CLASSIFIERS)
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_same_as_in_one_process(classifier, settings, wine, client):
    has_all = settings.keys() <= classifier().get_params().keys()
    if not has_all or (classifier is STDPClassifier and "adversarial_epsilon" in settings):
        pytest.skip("refused, or no such parameter")
    model = classifier(**SMALL | settings)
    expected = classifier(**SMALL | settings).fit(*wine)
    assert fit(model, *wine, client=client) is model
    assert_same(model, expected)
    assert_array_equal(model.predict(wine[0]), expected.predict(wine[0]))


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_float32(classifier, wine, client):
    X, y, weight = wine
    X = X.astype(np.float32)
    expected = classifier(**SMALL).fit(X, y, weight)
    assert_same(fit(classifier(**SMALL), X, y, weight, client=client), expected, rtol=1e-4)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_arrays_with_odd_chunks(classifier, wine, client):
    X, y, weight = wine
    expected = classifier(**SMALL).fit(X, y, weight)
    chunks = da.from_array(X, chunks=((1, 90, 17, 70), (6, 7)))
    labels, weights = da.from_array(y, chunks=50), da.from_array(weight, chunks=100)
    assert_same(fit(classifier(**SMALL), chunks, labels, weights, client=client), expected)


def test_data_frames(wine, client):
    dd = pytest.importorskip("dask.dataframe", reason="needs Dask's data frames")
    _, y, weight = wine
    table = load_wine(as_frame=True).data.assign(label=y, weight=weight)
    names = list(table.columns[:-2])
    frame = dd.from_pandas(table, npartitions=3)
    expected = STDPClassifier(**SMALL).fit(table[names], y, weight)
    model = STDPClassifier(**SMALL)
    fit(model, frame[names], frame["label"], frame["weight"], client=client)
    assert_same(model, expected)
    assert_array_equal(model.feature_names_in_, names)
    with pytest.raises(ValueError, match="'red' in column 'label' of X, but expected numbers"):
        fit(STDPClassifier(**SMALL), frame[[*names, "label"]], y, client=client)
    for twice in (frame[[*names, names[0]]], table[[*names, names[0]]]):
        with pytest.raises(ValueError, match=f"Got the name '{names[0]}' several times"):
            fit(STDPClassifier(**SMALL), twice, y, client=client)


def test_sparse_rows(client):
    X, y = load_digits(return_X_y=True)
    settings = SMALL | {"early_stopping": True, "max_iter": 2}
    expected = STDPClassifier(**settings).fit(csr_matrix(X), y)
    assert_same(fit(STDPClassifier(**settings), csr_matrix(X), y, client=client), expected)
    with pytest.raises(ValueError, match=r"Got a sparse X with -1 in feature 3"):
        fit(STDPClassifier(), csr_matrix(X - (np.arange(64) == 3)), y, client=client)


def test_many_rows_of_which_some_tell_where_units_start(client):
    rng = np.random.default_rng(0)
    X, y = rng.random((10_001, 3)), rng.integers(0, 2, 10_001)
    settings = {"hidden_layer_sizes": (5, 4), "max_iter": 1, "batch_size": 4000, "random_state": 0}
    expected = STDPClassifier(**settings).fit(X, y)
    chunks = da.from_array(X, chunks=(3000, -1))
    assert_same(fit(STDPClassifier(**settings), chunks, y, client=client), expected)


def test_validation_data_and_warm_start(wine, client):
    X, y, _ = wine
    train, val = np.arange(len(y)) % 3 > 0, np.arange(len(y)) % 3 == 0
    models = [STDPClassifier(**SMALL, warm_start=True) for _ in range(2)]
    for _ in range(2):
        expected = models[0].fit(X[train], y[train], X_val=X[val], y_val=y[val])
        blocks = da.from_array(X[val], chunks=(20, -1))
        model = fit(models[1], X[train], y[train], X_val=blocks, y_val=y[val], client=client)
    assert_same(model, expected)


def test_callbacks_score_rows_on_the_workers(wine, client):
    X, y, _ = wine
    settings = SMALL | {"max_iter": 30}
    expected, model = (
        STDPClassifier(**settings).set_callbacks(EarlyStopping(n_iter_no_change=2))
        for _ in range(2)
    )
    expected.fit(X, y)
    assert 2 < expected.n_iter_ < 30
    assert_same(fit(model, X, y, client=client), expected)


@pytest.mark.parametrize(
    "settings",
    [{"weight_decay": 3, "max_iter": 40}, {"batch_size": 1000, "max_iter": 1, "random_state": 2}],
)
def test_nothing_learnt(settings, client):
    """With the words of one process, whether one class is predicted or hardly a step is made."""
    X, y = load_wine(return_X_y=True)
    messages = []
    for train in (fit, BPClassifier.fit):
        options = {"client": client} if train is fit else {}
        with pytest.warns(ConvergenceWarning, match="does not tell classes apart") as caught:
            train(BPClassifier(**SMALL | settings), X, y, **options)
        messages.append(str(caught[0].message))
    assert messages[0] == messages[1]


def test_weights_do_not_depend_on_the_number_of_workers(client):
    X, y = load_digits(return_X_y=True)
    models = []
    for n_workers in (1, 3):
        with cluster_of(n_workers, processes=False) as other:
            model = STDPClassifier(**SMALL)
            models.append(fit(model, X, y, n_blocks=3, client=other))
    models.append(fit(STDPClassifier(**SMALL), X, y, n_blocks=3, client=client))
    for model in models[1:]:
        assert_identical(model, models[0])


def _forget_what_was_sent(dask_worker):
    dask_worker.transfer_outgoing_log.clear()


def _sent(dask_worker):
    """Receivers and bytes of what a worker sent; a full log has lost some."""
    log = dask_worker.transfer_outgoing_log
    assert len(log) < log.maxlen
    return [(record["who"], n_bytes) for record in log for n_bytes in record["keys"].values()]


def _make_rows(block_info=None):
    (low, high), _ = block_info[None]["array-location"]
    return np.random.default_rng(low).random((high - low, 40))


def test_rows_stay_on_the_workers(client):
    X = da.map_blocks(_make_rows, chunks=((5000, 5000), (40,)), dtype=float)
    y = np.arange(10_000) % 2
    client.run(_forget_what_was_sent)
    settings = SMALL | {"early_stopping": True, "receptive_fields": 1}
    fit(STDPClassifier(**settings), X, y, client=client)
    sent = client.run(_sent)
    out = [
        n_bytes
        for records in sent.values()
        for receiver, n_bytes in records
        if receiver not in sent
    ]
    assert 0 < sum(out) < X.nbytes / 10


class KillsWorkers:
    """Callback that sends SIGKILL to a worker process soon after some epochs begin."""

    def __init__(self, cluster, epochs, seed):
        self._cluster = cluster
        self._epochs = set(epochs)
        self._rng = np.random.default_rng(seed)
        self._executor = ThreadPoolExecutor(max_workers=1)
        self.pids = []

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        if context.parent is not None and context.task_id in self._epochs:
            self._executor.submit(self._kill, self._rng.uniform(0, 0.3))

    def _kill(self, delay):
        time.sleep(delay)
        pid = None
        while pid is None or pid in self.pids:
            # A process that is just being started is no worker yet.
            workers = [worker.name for worker in self._cluster.scheduler.workers.values()]
            if workers:
                pid = self._cluster.workers[self._rng.choice(workers)].pid
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        self.pids.append(pid)

    def on_fit_task_end(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        self._executor.shutdown()


def assert_identical(model, expected):
    for ours, theirs in zip(arrays(model), arrays(expected), strict=True):
        assert_array_equal(ours, theirs)
    pd.testing.assert_frame_equal(model.history_, expected.history_, rtol=0, atol=0)


@pytest.fixture(scope="module")
def mortals():
    with cluster_of(3) as client:
        yield client


@pytest.mark.parametrize(("from_dask", "allowed_failures"), [(False, 3), (True, 0)])
def test_workers_are_killed(from_dask, allowed_failures, client, mortals, monkeypatch):
    """Rows come again from this process, or from where Dask loaded them.

    Where it allows no failure, Dask gives up on each task on which a worker died.
    """
    monkeypatch.setattr(mortals.cluster.scheduler, "allowed_failures", allowed_failures)
    X, y = load_digits(return_X_y=True)
    expected = fit(STDPClassifier(**SMALL), X, y, n_blocks=3, client=client)
    rows = da.from_array(X, chunks=(599, -1)) if from_dask else X
    killer = KillsWorkers(mortals.cluster, [0, 1], seed=0)
    model = STDPClassifier(**SMALL).set_callbacks(killer)
    fit(model, rows, y, n_blocks=3, client=mortals)
    assert len(killer.pids) == 2
    assert_identical(model, expected)


@pytest.mark.slow
@pytest.mark.parametrize("classifier", CLASSIFIERS)
@pytest.mark.parametrize("seed", range(3))
def test_ten_workers_are_killed_at_random(classifier, seed, client, mortals):
    X, y = load_digits(return_X_y=True)
    settings = {"hidden_layer_sizes": (30, 20), "max_iter": 25, "random_state": seed}
    expected = fit(classifier(**settings), X, y, n_blocks=3, client=client)
    rows = da.from_array(X, chunks=(599, -1)) if seed % 2 else X
    epochs = np.random.default_rng(seed).choice(20, size=10, replace=False)
    killer = KillsWorkers(mortals.cluster, epochs, seed)
    model = classifier(**settings).set_callbacks(killer)
    fit(model, rows, y, n_blocks=3, client=mortals)
    assert len(set(killer.pids)) == 10
    assert_identical(model, expected)


def test_rows_that_cannot_be_had_again(wine, mortals):
    """What was scattered is nowhere but on its worker."""
    X, y, _ = wine
    scattered = mortals.scatter(X)
    rows = da.from_delayed(dask.delayed(scattered), X.shape, dtype=X.dtype)
    model = STDPClassifier(**SMALL).fit(X, y)
    before = dict(vars(model))
    (addresses,) = mortals.who_has(scattered).values()
    process = mortals.cluster.workers[mortals.cluster.scheduler.workers[addresses[0]].name].pid
    os.kill(process, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="cannot be had again"):
        fit(model, rows, y, client=mortals)
    assert vars(model) == before


def _die(block):
    os._exit(1)


def test_rows_that_kill_their_worker(wine, mortals, monkeypatch):
    monkeypatch.setattr(mortals.cluster.scheduler, "allowed_failures", 0)
    monkeypatch.setattr(_cluster, "_ATTEMPTS", 2)
    X, y, _ = wine
    rows = da.from_array(X, chunks=(100, -1)).map_blocks(_die, meta=X)
    with pytest.raises(RuntimeError, match=r"Gave up after 2 attempts .* enough memory"):
        fit(STDPClassifier(**SMALL), rows, y, client=mortals)


def test_no_worker_is_left(wine):
    X, y, _ = wine
    model = STDPClassifier(**SMALL).fit(X, y)
    before = dict(vars(model))
    with cluster_of(0, processes=False) as client:
        with pytest.raises(RuntimeError, match=r"without worker for worker_timeout=0\.1 seconds"):
            fit(model, X, y, client=client, worker_timeout=0.1)
        client.cluster.scale(1)
        client.wait_for_workers(1)
        model.set_params(max_iter=1000)
        threading.Timer(1, client.cluster.scale, [0]).start()
        with pytest.raises(RuntimeError, match="expected at least one"):
            fit(model, X, y, client=client, worker_timeout=0.5)
    assert vars(model) == before | {"max_iter": 1000}


def test_bad_arguments(wine, client):
    X, y, _ = wine
    chunks = da.from_array(X, chunks=(50, -1))
    model = STDPClassifier(**SMALL)
    for kind, message, arguments in (
        (TypeError, "expected an STDPClassifier, a BPCl", {"c": BioLeaFClassifier()}),
        (TypeError, "noise of its inverses anew", {"c": TargetPropagationClassifier()}),
        (ValueError, "learning_rate_init", {"c": STDPClassifier(learning_rate_init=-1)}),
        (ValueError, r"hidden_layer_sizes=\(0,\)", {"c": STDPClassifier((0,))}),
        (ValueError, "n_blocks=0", {"n_blocks": 0}),
        (ValueError, "worker_timeout=0", {"worker_timeout": 0}),
        (TypeError, "client='here'", {"client": "here"}),
        (ValueError, "X contains NaN", {"X": da.where(chunks > 1000, np.nan, chunks)}),
        (ValueError, "dimensions, but expected an array", {"X": chunks[:, 0]}),
        (ValueError, "X of 178 rows and 177 labels", {"y": y[:-1]}),
        (ValueError, "X without rows", {"X": chunks[:0], "y": y[:0]}),
        (ValueError, "1 class", {"y": np.zeros(len(y))}),
        (ValueError, "sample_weight", {"sample_weight": -np.ones(len(y))}),
        (ValueError, "only one of X_val and y_val", {"X_val": chunks}),
        (
            ValueError,
            r"in feature 0 \(row 0\), but rate_encoding='none'",
            {"c": STDPClassifier(rate_encoding="none")},
        ),
    ):
        given = {"c": model, "X": chunks, "y": y, "client": client} | arguments
        with pytest.raises(kind, match=message):
            fit(given.pop("c"), given.pop("X"), given.pop("y"), **given)
    assert vars(model) == vars(STDPClassifier(**SMALL))


def test_there_is_no_client(wine, monkeypatch):
    def no_client():
        raise ValueError("No clients found")

    monkeypatch.setattr(distributed, "default_client", no_client)
    with pytest.raises(ValueError, match=r"Got client=None and found none"):
        fit(STDPClassifier(), *wine)


def test_dask_is_not_installed(wine, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(
        ImportError, match=r'needs Dask\. Install it with: pip install "skstdp\[dask\]"'
    ):
        fit(STDPClassifier(), *wine)


def test_grid_search_on_the_workers(client):
    X, y = load_iris(return_X_y=True)
    grid = {"learning_rate_init": [0.05, 0.2], "hidden_layer_sizes": [(8,), (6, 4)]}
    serial, parallel = (
        GridSearchCV(STDPClassifier(max_iter=5, random_state=0), grid, cv=3) for _ in range(2)
    )
    serial.fit(X, y)
    before = client.run(lambda dask_worker: dask_worker.state.executed_count)
    with client.as_current(), joblib.parallel_config(backend="dask"):
        parallel.fit(X, y)
    after = client.run(lambda dask_worker: dask_worker.state.executed_count)
    assert sum(after.values()) - sum(before.values()) >= 1
    assert parallel.best_params_ == serial.best_params_
    ours, theirs = (
        pd.DataFrame(search.cv_results_).filter(regex="^(?!.*_time)")
        for search in (parallel, serial)
    )
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    assert_identical(parallel.best_estimator_, serial.best_estimator_)


def test_a_rule_that_needs_the_whole_batch(wine, client):
    model = LocalRuleClassifier(**SMALL, rule="bcm")
    with pytest.raises(ValueError, match="Got rule='bcm', but a cluster expected a rule without"):
        fit(model, *wine, client=client)
    assert vars(model) == vars(LocalRuleClassifier(**SMALL, rule="bcm"))
