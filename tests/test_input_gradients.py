import warnings

import numpy as np
import oracle
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from skstdp import FGSMScorer, PGDScorer
from skstdp._input_gradients import attackable

ESTIMATORS = {
    "centroids": NearestCentroid(),
    "shrunken centroids": NearestCentroid(shrink_threshold=1.0),
    "SVC": SVC(),
    "narrow SVC": SVC(C=100, gamma=30.0),
    "SVC that breaks ties": SVC(break_ties=True),
    "one neighbour": KNeighborsClassifier(1),
    "five neighbours": KNeighborsClassifier(5),
    "four neighbours by distance": KNeighborsClassifier(4, weights="distance"),
}


def data(n_classes):
    X, y = load_iris(return_X_y=True)
    chosen = y >= 3 - n_classes
    names = np.array(["setosa", "versicolor", "virginica"])
    return MinMaxScaler(clip=True).fit_transform(X[chosen]), names[y[chosen]]


@pytest.fixture(params=[2, 3], ids=["two classes", "three classes"])
def iris(request):
    return data(request.param)


def mean_squared_distances(row, samples, n):
    return np.mean(sorted(np.sum((sample - row) ** 2) for sample in samples)[:n])


def score_differences(estimator, X, y, row):
    """Scores of the classes whose difference the margin should be, from nothing of ours."""
    if isinstance(estimator, NearestCentroid):
        return [-np.sum((row - centroid) ** 2) for centroid in estimator.centroids_]
    if isinstance(estimator, SVC):
        decision = estimator.decision_function([row])[0]
        if np.ndim(decision) > 0:
            return decision
        # Two classes: one vote for the winner, and certainty squashed below a third.
        certainty = decision / (3 * (abs(decision) + 1))
        return [-certainty, certainty + np.sign(decision)]
    majority = {1: 1, 4: 3, 5: 3}[estimator.n_neighbors]
    return [-mean_squared_distances(row, X[y == c], majority) for c in estimator.classes_]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_margin_and_its_gradient_are_those_of_finite_differences(name, iris):
    X, y = iris
    estimator = ESTIMATORS[name].fit(X, y)
    rng = np.random.default_rng(0)
    rates = rng.random((40, X.shape[1]))
    labels = rng.choice(estimator.classes_, 40)
    network, seen = attackable(estimator, rates)
    assert_array_equal(seen, rates)
    margins, gradient = network._margin_and_gradient(rates, labels)
    assert_array_equal(network._margin_gradient(rates, labels), gradient)
    assert gradient.any(axis=1).all()
    for row, label, ours, direction in zip(rates.copy(), labels, margins, gradient, strict=True):
        index = list(estimator.classes_).index(label)

        def margin(row=row, index=index):
            return oracle.margin(score_differences(estimator, X, y, row), index)

        right = estimator.predict([row])[0] == label
        assert (ours >= 0) == right
        if (margin() >= 0) == right:
            assert_allclose(ours, margin(), rtol=1e-8, atol=1e-12)
        numerical = oracle.numerical_gradient(margin, row)
        if np.linalg.norm(numerical) > 1e-6:
            cosine = direction @ numerical
            cosine /= np.linalg.norm(direction) * np.linalg.norm(numerical)
            assert_allclose(cosine, 1, rtol=1e-5)


def test_decisions_of_pairs_are_those_of_scikit_learn():
    X, y = data(3)
    svc = SVC(decision_function_shape="ovo").fit(X, y)
    network, _ = attackable(svc, X)
    ours = rbf_kernel(X, svc.support_vectors_, svc._gamma) @ network._weights + network._biases
    assert_allclose(ours, svc.decision_function(X), rtol=1e-9)


def test_far_support_vectors_do_not_hide_the_gradient():
    """Kernels of exp(-5000) are zero, yet the nearest vector says where to go."""
    svc = SVC(gamma=1e4, C=10).fit([[0.0, 0.0], [1.0, 1.0]], [0, 1])
    rates = np.array([[0.1, 0.5], [0.9, 0.5]])
    network, _ = attackable(svc, rates)
    gradient = network._margin_gradient(rates, np.array([1, 1]))
    # From the first row the vector of class 0 is nearer: away from it.
    assert_array_equal(np.sign(gradient), [[1, 1], [1, 1]])


def test_neighbours_are_left_for_the_nearest_sample_of_another_class():
    X = np.array([[0.2, 0.5], [0.8, 0.5], [0.2, 0.9]])
    network, rates = attackable(KNeighborsClassifier(1).fit(X, [0, 1, 2]), [[0.3, 0.55]])
    margins, gradient = network._margin_and_gradient(rates, np.array([0]))
    assert_allclose(margins, (0.1**2 + 0.35**2) - (0.1**2 + 0.05**2))
    assert_allclose(gradient, [[0.0, -0.8]], atol=1e-12)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_attacks_lower_accuracy_and_more_steps_lower_it_further(name, iris):
    X, y = iris
    estimator = ESTIMATORS[name].fit(X[::2], y[::2])
    X, y = X[1::2], y[1::2]
    clean = estimator.score(X, y)
    scores = [FGSMScorer(0)(estimator, X, y), FGSMScorer(0.2)(estimator, X, y)]
    scores.append(PGDScorer(0.2, 20, 3)(estimator, X, y))
    assert scores[0] == clean
    assert clean - 0.1 > scores[1] >= scores[2]


@pytest.mark.parametrize("name", ["centroids", "SVC", "one neighbour"])
def test_float32_stays(name):
    X, y = data(3)
    estimator = ESTIMATORS[name].fit(X.astype(np.float32), y)
    network, rates = attackable(estimator, X.astype(np.float32))
    assert rates.dtype == network._margin_gradient(rates, y).dtype == np.float32


def test_pipeline_search_and_data_frame():
    X, y = load_iris(return_X_y=True, as_frame=True)
    pipeline = make_pipeline(MinMaxScaler(clip=True).set_output(transform="pandas"), SVC())
    search = GridSearchCV(pipeline, {"svc__C": [0.1, 10]}, scoring=FGSMScorer(0.1), cv=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search.fit(X, y)
    network, rates = attackable(search, X)
    assert network.estimator is search.best_estimator_[-1]
    assert_array_equal(rates, pd.DataFrame(search.best_estimator_[0].transform(X)))
    assert FGSMScorer(0.1)(search, X, y) == FGSMScorer(0.1)(search.best_estimator_, X, y)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (SVC(kernel="linear"), "Got kernel='linear' in SVC.*expected 'rbf'"),
        (NearestCentroid(metric="manhattan"), "Got metric='manhattan' in NearestCentroid"),
        (NearestCentroid(priors=[0.2, 0.3, 0.5]), "Got priors=.* in NearestCentroid"),
        (KNeighborsClassifier(p=1), "Got metric='manhattan' in KNeighborsClassifier"),
    ],
)
def test_what_has_no_gradient_here_is_refused(estimator, message):
    X, y = data(3)
    with pytest.raises(ValueError, match=message):
        attackable(estimator.fit(X, y), X)


def test_input_outside_the_box_is_refused():
    X, y = load_iris(return_X_y=True)
    model = make_pipeline(StandardScaler(), SVC()).fit(X, y)
    with pytest.raises(ValueError, match=r"Got values from -\d.* to \d.* of SVC.*MinMaxScaler"):
        attackable(model, X)


def test_other_estimators_unknown_labels_and_unfitted_ones_are_refused():
    X, y = data(3)
    with pytest.raises(TypeError, match=r"type LogisticRegression.*KNeighborsClassifier"):
        attackable(LogisticRegression().fit(X, y), X)
    with pytest.raises(NotFittedError):
        attackable(SVC(), X)
    with pytest.raises(ValueError, match=r"Got the labels \['tulip'\] in y"):
        FGSMScorer()(SVC().fit(X, y), X[:1], ["tulip"])
