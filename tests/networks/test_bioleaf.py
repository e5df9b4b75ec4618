import numpy as np
import pytest
import spiking_oracle as oracle
from callable_kernels import from_python
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.model_selection import train_test_split

from skstdp import BioLeaFClassifier, BPClassifier, FGSMScorer, PGDScorer, pgd
from skstdp._kernels import Circuit, _microcircuit, microcircuit_workspace
from skstdp._kernels._arrays import Activity
from skstdp._networks._bioleaf import _classifier
from skstdp._networks._bioleaf._input_cells import TuningCurves
from skstdp._networks._bioleaf._record import record

# A step of Adam with these is the update itself, to eight digits.
PLAIN_STEP = {
    "beta_1": 0.0,
    "beta_2": 0.0,
    "epsilon": 1e9,
    "learning_rate_init": 1e9,
    "weight_decay": 0.0,
}
# Where the update is the gradient.
SPECIAL = {"tau_m": 1.0, "tau_s": 1.0, "gate_slope": 0.0, "apical_conductance": 0.0}


def small_task(n_samples=12, n_features=5, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((n_samples, n_features)), np.arange(n_samples) % n_classes


def synapses(model):
    return [getattr(model, name) for name in model._network_attributes]


def start_and_update(X, y, hidden, **settings):
    """A network before training, and how one batch changes it: forward, then interneurons."""
    options = PLAIN_STEP | {"rate_encoding": "none", "receptive_fields": 1, "random_state": 0}
    options |= {"batch_size": len(y)} | settings
    classes = np.unique(y)
    start = BioLeaFClassifier(hidden, **options | {"learning_rate_init": 1e-300})
    start.partial_fit(X, y, classes)
    moved = BioLeaFClassifier(hidden, **options).partial_fit(X, y, classes)
    before, after = synapses(start), synapses(moved)
    changes = [
        [b - a for a, b in zip(old, new, strict=True)]
        for old, new in zip(before[:4], after[:4], strict=True)
    ]
    return start, changes


CIRCUITS = [
    {"hidden": (6,)},
    {"hidden": ()},
    {"hidden": (6, 4), "feedback": "random"},
    {"hidden": (6, 5, 4), "apical_conductance": 1.5},
    {"hidden": (6, 4), "input_code": "rate", "n_steps": 8},
    {"hidden": (6, 4), "input_code": "latency", "n_steps": 8, "apical_conductance": 0.5},
    {"hidden": (6,), "rule": "spike", "n_steps": 12},
    {"hidden": (6, 4), "rule": "spike", "feedback": "random", "input_code": "rate"},
    {"hidden": (6,), "tau_m": 1.0, "tau_s": 1.0, "n_steps": 1},
    {"hidden": (6, 4), "tau_m": 20.0, "tau_s": 1.5, "gate_slope": 10.0},
]


@pytest.mark.parametrize("settings", CIRCUITS, ids=str)
def test_spikes_and_updates_are_those_of_a_naive_loop(settings):
    X, y = small_task()
    settings = {"weight_init_scale": 2.5} | settings
    hidden = settings.pop("hidden")
    model, changes = start_and_update(X, y, hidden, **settings)
    parameters = model.get_params()
    conductances = _classifier.apical_conductances(
        model.apical_conductance, model.rule, len(hidden)
    )
    runs = [
        oracle.present(
            row,
            label,
            *synapses(model),
            code=parameters["input_code"],
            conductances=conductances,
            slope=parameters["gate_slope"],
            **{name: parameters[name] for name in ("n_steps", "tau_m", "tau_s", "rule")},
        )
        for row, label in zip(X, y, strict=True)
    ]
    recorded = record(model, X, y)
    for layer, spikes in enumerate(recorded.spikes):
        expected = np.array([[step[layer] for step in steps] for steps, _, _ in runs])
        assert_array_equal(spikes, expected.swapaxes(0, 1))
    assert len({int(s) for layer in recorded.spikes for s in layer.ravel()}) == 2
    for layer, apical in enumerate(recorded.apical):
        expected = np.array([[step[layer] for step in steps] for _, steps, _ in runs])
        assert_allclose(apical, expected.swapaxes(0, 1), rtol=1e-9, atol=1e-12)
    scale = 1 / (len(y) * parameters["n_steps"])
    for which, (coefs, intercepts) in enumerate((changes[:2], changes[2:])):
        for layer in range(len(coefs)):
            for part, change in enumerate((coefs[layer], intercepts[layer])):
                expected = scale * sum(updates[which][layer][part] for _, _, updates in runs)
                assert_allclose(change, expected, rtol=1e-6, atol=1e-12)
    assert all(np.abs(change).max() > 1e-6 for change in changes[0])


@pytest.mark.parametrize("feedback", ["symmetric", "random"])
@pytest.mark.parametrize("hidden", [(8,), (8, 6), (8, 6, 5)], ids=str)
class TestSelfPrediction:
    # Under "spike" the interneurons do not keep to the layer above in training.
    @pytest.mark.parametrize(
        ("rule", "trained"), [("auto", False), ("auto", True), ("spike", False)]
    )
    def test_nothing_to_learn_without_a_teacher(self, hidden, feedback, trained, rule, iris):
        """Apical potentials and all updates are zero, not small."""
        X, y = iris
        rate = 0.01 if trained else 1e-300
        model = BioLeaFClassifier(
            hidden,
            feedback=feedback,
            rule=rule,
            learning_rate_init=rate,
            weight_init_scale=3.0,
            max_iter=20,
            random_state=0,
        ).fit(X, y)
        taught, alone = record(model, X, y), record(model, X)
        assert np.abs(taught.apical[-1]).max() > 0.01
        assert all(apical.max() == apical.min() == 0 for apical in alone.apical)
        assert all(spikes.any() for spikes in alone.spikes)
        for updates in self.learn_alone(model, X):
            assert_array_equal(updates, np.zeros_like(updates))

    @staticmethod
    def learn_alone(model, X):
        """Updates that the kernels add up when the output cells are left to themselves."""
        synapses, _ = model._flat_circuit()
        rates = model._inputs(model._rates(X))
        units, cells, n = model._layer_sizes(), model._cells(), len(X)
        circuit = Circuit(units, *synapses)
        state = np.zeros((_microcircuit.N_QUANTITIES, n * units[1:].sum()))
        activity = Activity(rates, rates, np.zeros(state.shape[1]), state)
        plasticity = microcircuit_workspace(n, units.tolist(), state.dtype).plasticity
        learned = plasticity.updates, plasticity.mirror_updates, plasticity.held_error
        for array in learned:
            array[:] = 0
        plasticity.weight[:] = 1
        nobody = np.zeros(n, np.intp)
        for step in range(model.n_steps):
            from_python(_microcircuit.ascend)(
                circuit, cells, activity, step > 0, nobody, 0.0, False
            )
            error, packed = plasticity.error, plasticity.packed
            from_python(_microcircuit.descend)(circuit, cells, activity, error, packed)
            from_python(_microcircuit.associate)(circuit, cells, activity, 1.0, True, plasticity)
        return learned

    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_interneurons_stay_copies_of_the_layer_above(self, hidden, feedback, dtype, iris):
        X, y = iris
        model = BioLeaFClassifier(hidden, feedback=feedback, max_iter=30, random_state=0)
        model.fit(X.astype(dtype), y)
        start = BioLeaFClassifier(
            hidden, feedback=feedback, max_iter=1, learning_rate_init=1e-30, random_state=0
        ).fit(X.astype(dtype), y)
        for layer, coef in enumerate(model.interneuron_coefs_):
            assert np.abs(coef - start.interneuron_coefs_[layer]).max() > 0.01
            assert_array_equal(coef, model.coefs_[layer + 1])
            assert_array_equal(model.interneuron_intercepts_[layer], model.intercepts_[layer + 1])

    def test_feedback_is_fixed_or_tied(self, hidden, feedback, iris):
        X, y = iris
        fits = [
            BioLeaFClassifier(hidden, feedback=feedback, max_iter=n, random_state=0).fit(X, y)
            for n in (1, 10)
        ]
        for layer, coef in enumerate(fits[1].feedback_coefs_):
            same = np.array_equal(coef, fits[0].feedback_coefs_[layer])
            tied = np.array_equal(coef, fits[1].coefs_[layer + 1].T)
            assert (same, tied) == ((False, True) if feedback == "symmetric" else (True, False))


class TestGradient:
    """Under the special circumstance the rule descends the van Rossum error."""

    @staticmethod
    def gradient(X, y, coefs, intercepts, n_steps):
        """Of half the squared spike differences, as if a spike grew with its potential.

        Membranes without memory: every step is a network of its own.
        """
        total = [np.zeros_like(a) for layer in zip(coefs, intercepts, strict=True) for a in layer]
        for x, label in zip(X, y, strict=True):
            hidden = (x @ coefs[0] + intercepts[0] >= 1).astype(float)
            output = (hidden @ coefs[1] + intercepts[1] >= 1).astype(float)
            for t in range(n_steps):
                wanted = np.zeros_like(output)
                wanted[label] = t > 0
                by_output = output - wanted
                by_hidden = coefs[1] @ by_output
                parts = np.outer(x, by_hidden), by_hidden, np.outer(hidden, by_output), by_output
                for sum_, part in zip(total, parts, strict=True):
                    sum_ += part
        return total

    @pytest.mark.parametrize("n_steps", [3, 5])
    def test_update_is_the_gradient(self, n_steps, digits):
        X, y = digits
        X, y = X[:128] / 16, y[:128]
        model, changes = start_and_update(X, y, (30,), n_steps=n_steps, **SPECIAL)
        slopes = self.gradient(X, y, model.coefs_, model.intercepts_, n_steps)
        updates = [changes[0][0], changes[1][0], changes[0][1], changes[1][1]]
        for update, slope in zip(updates, slopes, strict=True):
            cosine = -(update * slope).sum() / np.linalg.norm(update) / np.linalg.norm(slope)
            assert cosine == pytest.approx(1, abs=1e-6)
            assert_allclose(update, -slope / (len(y) * n_steps), rtol=1e-6, atol=1e-10)

    @pytest.mark.parametrize(
        "change", [{"gate_slope": 2.0}, {"feedback": "random"}, {"tau_m": 5.0}], ids=str
    )
    def test_not_so_elsewhere(self, change, digits):
        X, y = digits
        X, y = X[:128] / 16, y[:128]
        model, changes = start_and_update(X, y, (30,), **SPECIAL | change)
        slope = self.gradient(X, y, model.coefs_, model.intercepts_, 5)[0]
        update = changes[0][0]
        cosine = -(update * slope).sum() / np.linalg.norm(update) / np.linalg.norm(slope)
        assert cosine < 0.999


def test_learning_of_the_hidden_layer_matters(monkeypatch, digits):
    """Without feedback nothing reaches the hidden layer, which stays as it was drawn."""
    draw = _classifier.random_synapses

    def without_feedback(*args):
        coefs, intercepts, feedback_coefs = draw(*args)
        return coefs, intercepts, [np.zeros_like(coef) for coef in feedback_coefs]

    X, y = digits
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    model = BioLeaFClassifier((20,), feedback="random", weight_decay=0.0, random_state=0)
    trained = model.fit(X, y).score(X_test, y_test)
    monkeypatch.setattr(_classifier, "random_synapses", without_feedback)
    first = BioLeaFClassifier(**model.get_params()).set_params(max_iter=1).fit(X, y)
    frozen = BioLeaFClassifier(**model.get_params()).fit(X, y)
    assert_array_equal(first.coefs_[0], frozen.coefs_[0])
    assert trained > frozen.score(X_test, y_test) + 0.1


class TestAccuracy:
    """Of the default parameters, on a third of the rows, on average over three seeds."""

    @pytest.mark.parametrize(
        ("load", "settings", "least"),
        [
            (load_iris, {}, 0.93),
            (load_breast_cancer, {}, 0.95),
            (load_digits, {}, 0.96),
            (load_digits, {"hidden_layer_sizes": (50, 50)}, 0.95),
            (load_digits, {"feedback": "random"}, 0.955),
            (load_digits, {"rule": "spike", "n_steps": 8}, 0.95),
            (load_digits, {"input_code": "rate", "n_steps": 8}, 0.93),
            (load_digits, {"input_code": "poisson", "n_steps": 20}, 0.93),
            (load_iris, {"input_code": "latency", "field_shape": "gaussian"}, 0.93),
        ],
        ids=lambda v: getattr(v, "__name__", str(v)),
    )
    def test_least(self, load, settings, least):
        X, y = load(return_X_y=True)
        X, X_test, y, y_test = train_test_split(X, y, stratify=y, test_size=1 / 3, random_state=0)
        models = [BioLeaFClassifier(random_state=seed, **settings).fit(X, y) for seed in range(3)]
        assert np.mean([model.score(X_test, y_test) for model in models]) >= least

    def test_van_rossum_distance_falls(self, iris):
        X, y = iris
        model = BioLeaFClassifier(random_state=0, max_iter=100).fit(X, y)
        assert len(model.van_rossum_curve_) == 100
        assert model.van_rossum_curve_[-1] < 0.3 * model.van_rossum_curve_[0]

    def test_van_rossum_distance_is_that_of_the_currents(self, iris):
        X, y = iris
        settings = {"random_state": 0, "batch_size": 150, "learning_rate": "constant"}
        model = BioLeaFClassifier(max_iter=1, **settings).fit(X, y)
        longer = BioLeaFClassifier(max_iter=2, **settings).fit(X, y)
        recorded = record(model, X, y)
        difference = recorded.psc[-1] - recorded.predicted_psc[-1]
        expected = 0.5 * (difference**2).sum() / len(y)
        assert longer.van_rossum_curve_[1] == pytest.approx(expected)


class TestResponse:
    @pytest.mark.parametrize("hidden", [(), (7,), (7, 5)], ids=str)
    @pytest.mark.parametrize("classes", [(1, 2), (0, 1, 2)], ids=str)
    def test_scores_and_rates_are_those_of_the_record(self, hidden, classes, iris):
        X, y = iris
        X, y = X[np.isin(y, classes)], y[np.isin(y, classes)]
        model = BioLeaFClassifier(hidden, max_iter=20, random_state=0).fit(X, y)
        seen = record(model, X)
        scores = seen.spikes[-1].sum(axis=0) + 0.5 * np.tanh(seen.soma[-1].mean(axis=0))
        decisions = scores if len(classes) == 3 else scores[:, 1] - scores[:, 0]
        assert_allclose(model.decision_function(X), decisions, rtol=1e-9)
        exponentials = np.exp(scores)
        expected = exponentials / exponentials.sum(axis=1, keepdims=True)
        assert_allclose(model.predict_proba(X), expected, rtol=1e-9)
        if hidden:
            assert_allclose(model.transform(X), seen.spikes[-2].mean(axis=0))
        else:
            assert_array_equal(model.transform(X), model._inputs(model._rates(X)))

    @pytest.mark.filterwarnings("ignore::skstdp.ConstantPredictionWarning")
    def test_one_compiled_version_a_dtype(self, iris):
        from skstdp import _kernels

        X, y = iris[0].copy(), iris[1]
        X.flags.writeable = False
        for dtype in (np.float64, np.float32):
            for settings in ({}, {"input_code": "rate"}, {"early_stopping": True}):
                model = BioLeaFClassifier((5,), max_iter=1, rate_encoding="minmax", **settings)
                model.fit(X.astype(dtype), y, sample_weight=np.arange(150)).predict(X)
                FGSMScorer(0.1)(model, np.asfortranarray(X), y)
        for name in ("microcircuit_epoch", "microcircuit_response", "surrogate_pullback"):
            assert len(getattr(_kernels, name).signatures) <= 2


class TestInputs:
    def test_poisson_spikes_come_as_often_as_the_rate_says(self):
        X = np.linspace(0, 1, 40).reshape(10, 4)
        model = BioLeaFClassifier(
            input_code="poisson",
            n_steps=4000,
            rate_encoding="none",
            receptive_fields=1,
            max_iter=1,
        ).fit(X, np.arange(10) % 2)
        # The mean current is the rate, but for the first steps.
        assert_allclose(record(model, X).inputs.mean(axis=0), X, atol=0.03)
        assert_array_equal(record(model, X).inputs, record(model, X).inputs)

    def test_a_sample_does_not_depend_on_the_others(self, digits):
        X, y = digits
        model = BioLeaFClassifier(input_code="poisson", max_iter=2).fit(X[:200], y[:200])
        whole = model.predict_proba(X[:150])
        assert_allclose(whole[100:103], model.predict_proba(X[100:103]), rtol=1e-9)

    @pytest.mark.parametrize("n_cells", [3, 8])
    def test_tuning_curves(self, n_cells):
        rates = np.random.default_rng(0).random((20, 3))
        inputs = TuningCurves(n_cells).encode(rates)
        assert inputs.shape == (20, 3 * n_cells)
        for k in range(n_cells):
            centre = (2 * (k + 1) - 3) / (2 * (n_cells - 2))
            width = 1 / (1.5 * (n_cells - 2))
            expected = np.exp(-((rates[:, 1] - centre) ** 2) / (2 * width**2))
            assert_allclose(inputs[:, 3 * k + 1], expected)

    def test_gradient_through_tuning_curves(self):
        rng = np.random.default_rng(0)
        rates, cotangent = rng.random((6, 3)), rng.normal(size=(6, 15))
        curves = TuningCurves(5)
        gradient = curves.rates_gradient(rates, cotangent)
        for index in np.ndindex(rates.shape):
            step = np.zeros_like(rates)
            step[index] = 1e-6
            change = curves.encode(rates + step) - curves.encode(rates - step)
            assert gradient[index] == pytest.approx((change * cotangent).sum() / 2e-6, rel=1e-5)

    @pytest.mark.parametrize("n", [1, 2])
    def test_gaussian_fields_need_three_cells(self, n, iris):
        model = BioLeaFClassifier(field_shape="gaussian", receptive_fields=n)
        with pytest.raises(ValueError, match=f"receptive_fields={n}, but .* expected at least 3"):
            model.fit(*iris)

    def test_on_and_off_cells_for_few_features(self, iris, digits):
        X, y = iris
        assert BioLeaFClassifier(max_iter=1).fit(X, y).receptive_fields_ == 2
        X, y = digits
        assert BioLeaFClassifier(max_iter=1).fit(X, y).receptive_fields_ == 1


class TestBadParameters:
    @pytest.mark.parametrize(
        "parameters",
        [
            {"field_shape": "round"},
            {"input_code": "morse"},
            {"n_steps": 0},
            {"n_steps": 2.5},
            {"tau_m": 0.5},
            {"tau_s": 0.0},
            {"rule": "hebb"},
            {"feedback": "none"},
            {"apical_conductance": -1.0},
            {"gate_slope": -1.0},
            {"receptive_fields": 3},
        ],
        ids=str,
    )
    def test_named(self, parameters, iris):
        model = BioLeaFClassifier(**parameters)
        with pytest.raises(ValueError, match=next(iter(parameters))):
            model.fit(*iris)
        assert not hasattr(model, "coefs_")


def surrogate_slopes(model, row):
    """Derivative of the class scores by each rate, forward through time, one rate at a time."""
    code, n_steps = model.input_code, model.n_steps
    keep, leak = 1 - 1 / model.tau_m, 1 - 1 / model.tau_s
    currents = oracle.input_currents(code, row, n_steps, model.tau_s)
    slopes = np.zeros((model.n_outputs_, len(row)))
    for i in range(len(row)):
        current = 0.0
        sizes = [len(b) for b in model.intercepts_]
        v, dv = [np.zeros(n) for n in sizes], [np.zeros(n) for n in sizes]
        a, da = [np.zeros(n) for n in sizes], [np.zeros(n) for n in sizes]
        spikes, total, dtotal = np.zeros(sizes[-1]), np.zeros(sizes[-1]), np.zeros(sizes[-1])
        for t in range(n_steps):
            current = 1.0 if code == "current" else leak * current + 1 / model.tau_s
            pre, dpre = np.array(currents[t]), np.zeros(len(row))
            dpre[i] = current
            for layer, (coef, intercept) in enumerate(
                zip(model.coefs_, model.intercepts_, strict=True)
            ):
                stays = keep * (v[layer] < 1)
                v[layer] = stays * v[layer] + pre @ coef + intercept
                dv[layer] = stays * dv[layer] + dpre @ coef
                spike = (v[layer] >= 1).astype(float)
                dspike = dv[layer] / (1 + 4 * np.abs(v[layer] - 1)) ** 2
                a[layer] = leak * a[layer] + spike / model.tau_s
                da[layer] = leak * da[layer] + dspike / model.tau_s
                pre, dpre = a[layer], da[layer]
            spikes += dspike
            total += v[-1]
            dtotal += dv[-1]
        slopes[:, i] = spikes + 0.5 / np.cosh(total / n_steps) ** 2 * dtotal / n_steps
    return slopes


class TestAttacks:
    @pytest.mark.parametrize(
        "settings",
        [
            {"hidden_layer_sizes": (6,)},
            {"hidden_layer_sizes": (6, 5)},
            {"hidden_layer_sizes": ()},
            {"hidden_layer_sizes": (6,), "input_code": "rate", "n_steps": 7},
            {"hidden_layer_sizes": (6, 4), "input_code": "latency", "n_steps": 7},
        ],
        ids=str,
    )
    def test_surrogate_gradient_is_that_of_forward_differentiation(self, settings):
        X, y = small_task(70)
        model = BioLeaFClassifier(
            **settings, rate_encoding="none", receptive_fields=1, max_iter=20, random_state=0
        ).fit(X, y)
        cotangent = np.random.default_rng(1).normal(size=(len(X), 3))
        _, pullback = model._scores_and_pullback(X)
        gradient, log_scale = pullback(cotangent)
        assert not log_scale.any()
        for s in (0, 33, 69):
            expected = cotangent[s] @ surrogate_slopes(model, X[s])
            assert_allclose(gradient[s], expected, rtol=1e-9, atol=1e-12)
        assert np.abs(gradient).max() > 0

    @pytest.mark.parametrize("code", ["current", "rate", "latency", "poisson"])
    def test_no_robustness_that_is_not_there(self, code, digits):
        """The surrogate finds more than noise and than the same attack on another network."""
        X, y = digits
        X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
        X, X_test = X / 16, X_test / 16
        model = BioLeaFClassifier((50,), input_code=code, n_steps=8, max_iter=20, random_state=0)
        model.fit(X, y)
        other = BPClassifier((50,), receptive_fields=1, random_state=0).fit(X, y)
        size = 24 / 255
        transferred = model.score(pgd(other, X_test, y_test, epsilon=size), y_test)
        noise = np.random.default_rng(0).choice([-size, size], X_test.shape)
        noisy = model.score(np.clip(X_test + noise, 0, 1), y_test)
        attacked = FGSMScorer(epsilon=size)(model, X_test, y_test)
        iterated = PGDScorer(epsilon=size)(model, X_test, y_test)
        assert attacked < noisy - 0.1
        assert iterated < attacked
        assert iterated < transferred - 0.02

    def test_through_fields_and_two_classes(self):
        X, y = load_breast_cancer(return_X_y=True)
        for settings in ({}, {"field_shape": "gaussian", "input_code": "latency", "n_steps": 8}):
            model = BioLeaFClassifier(random_state=0, max_iter=20, **settings).fit(X, y)
            assert FGSMScorer(epsilon=0.1)(model, X, y) < model.score(X, y) - 0.3

    def test_adversarial_training_helps(self):
        X, y = load_breast_cancer(return_X_y=True)
        scorer = FGSMScorer(epsilon=0.05)
        plain, hardened = (
            BioLeaFClassifier(random_state=0, max_iter=20, adversarial_epsilon=size).fit(X, y)
            for size in (0.0, 0.05)
        )
        assert scorer(hardened, X, y) > scorer(plain, X, y) + 0.1
