"""Our gradients and attacks against those of other libraries, on PyTorch copies of the models."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skstdp import BPClassifier, FGSMScorer, STDPClassifier
from skstdp._input_gradients import ScaledRows, attackable
from skstdp._networks._mlp import margins_and_cotangent
from skstdp._robustness._threat_model import Threat

torch = pytest.importorskip(
    "torch", reason="PyTorch is not installed: pip install torch, a CPU build will do"
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ACTIVATIONS = {
    "identity": torch.nn.Identity,
    "logistic": torch.nn.Sigmoid,
    "relu": torch.nn.ReLU,
    "tanh": torch.nn.Tanh,
}


class Fields(torch.nn.Module):
    """Steps of the rates, or of their ranks if there are knots, and 1 minus each step."""

    def __init__(self, n_units, knots):
        super().__init__()
        self.n_steps = n_units // 2
        self.knots = torch.as_tensor(knots)

    def ranks(self, rates, feature):
        values, of_values = self.knots[:, :, feature].contiguous()
        last = int(torch.searchsorted(values, values[-1]))
        # The number of knots at or below a rate, without the ends of the range.
        piece = torch.searchsorted(values[1:last], rates.contiguous(), right=True)
        slope = (of_values[piece + 1] - of_values[piece]) / (values[piece + 1] - values[piece])
        return of_values[piece] + slope * (rates - values[piece])

    def forward(self, rates):
        columns = list(rates.T)
        if self.knots.shape[1]:
            columns = [self.ranks(column, feature) for feature, column in enumerate(columns)]
        steps = [
            # A single step is the rate or rank itself, and nothing is to be clipped.
            torch.clamp(columns[feature] * n - k, 0, 1) if n > 1 else columns[feature]
            for k in range(max(self.n_steps))
            for feature, n in enumerate(self.n_steps)
            if k < n
        ]
        on = torch.stack(steps, dim=1)
        return torch.cat([on, 1 - on], dim=1)


class Affine(torch.nn.Module):
    def __init__(self, factor, offset):
        super().__init__()
        self.factor, self.offset = torch.as_tensor(factor), torch.as_tensor(offset)

    def forward(self, X):
        return X * self.factor + self.offset


class ClassScores(torch.nn.Module):
    """One logit for two classes becomes a score for each."""

    def forward(self, logits):
        return torch.cat([-logits / 2, logits / 2], dim=1) if logits.shape[1] == 1 else logits


def layers(network, activation):
    modules = []
    for coef, intercept in zip(network.coefs_, network.intercepts_, strict=True):
        linear = torch.nn.Linear(*coef.shape, dtype=torch.float64)
        linear.weight.data = torch.as_tensor(coef.T.copy())
        linear.bias.data = torch.as_tensor(intercept.copy())
        modules += [linear, ACTIVATIONS[activation]()]
    return [*modules[:-1], ClassScores()]


def torch_copy(model):
    """The model from its own space, and for a pipeline from the input."""
    if isinstance(model, MLPClassifier):
        return torch.nn.Sequential(*layers(model, model.activation))
    if isinstance(model, STDPClassifier | BPClassifier):
        n_units = model.receptive_fields_
        fields = [] if (n_units == 1).all() else [Fields(n_units, model._rank_knots)]
        return torch.nn.Sequential(*fields, *layers(model, "logistic"))
    scaler, last = model[0], model[-1]
    if isinstance(scaler, StandardScaler):
        first = Affine(1 / scaler.scale_, -scaler.mean_ / scaler.scale_)
    else:
        first = Affine(scaler.scale_, scaler.min_)
    encoders = []
    if isinstance(last, STDPClassifier | BPClassifier):
        encoders = [Affine(last.encoder_.scale_, last.encoder_.min_)]
    return torch.nn.Sequential(first, *encoders, torch_copy(last))


def autograd(module, points, index):
    """Gradient of the margin of the true class."""
    X = torch.tensor(points, requires_grad=True)
    scores = module(X)
    true = torch.nn.functional.one_hot(torch.tensor(index), scores.shape[1]).bool()
    others = scores.masked_fill(true, -torch.inf).max(dim=1).values
    (scores[true] - others).sum().backward()
    return X.grad.numpy()


def margin_gradient(target, points, index):
    """Ours, with the scale of its rows, which attacks do without."""
    scores, pull = target.forward(points, None)
    _, cotangent = margins_and_cotangent(scores, index)
    return pull(ScaledRows.of(cotangent)).dense()


def iris(n_classes):
    X, y = load_iris(return_X_y=True)
    chosen = y >= 3 - n_classes
    return X[chosen], y[chosen]


MODELS = {
    **{
        f"MLP {name}": (
            lambda name=name: MLPClassifier((9, 6), name, max_iter=300, random_state=0)
        )
        for name in ACTIVATIONS
    },
    "STDP": lambda: STDPClassifier((9, 6), receptive_fields=2, random_state=0),
    "BP": lambda: BPClassifier(9, receptive_fields=1, random_state=0),
    "scaler and MLP": lambda: make_pipeline(
        StandardScaler(), MLPClassifier((9, 6), max_iter=300, random_state=0)
    ),
    "scaler and STDP": lambda: make_pipeline(
        StandardScaler(), STDPClassifier((9,), receptive_fields=2, random_state=0)
    ),
}


@pytest.mark.filterwarnings("ignore::skstdp.GradientMaskingWarning")
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", MODELS)
def test_gradient_and_attacked_rows_are_those_of_autograd(name, n_classes):
    X, y = iris(n_classes)
    model = MODELS[name]().fit(X, y)
    space = "input" if name.startswith("scaler") else "model"
    target, points = attackable(model, X, space=space)
    # Values on the border of what the encoder has seen have a slope to one side only.
    points = np.clip(points, points.min(axis=0) + 1e-6, points.max(axis=0) - 1e-6)
    index = target.class_indices(y)
    module = torch_copy(model)
    assert_allclose(
        margin_gradient(target, points, index), autograd(module, points, index), atol=1e-6
    )

    given = points if space == "input" or isinstance(model, MLPClassifier) else X
    bounds = (0, 1) if space == "model" else None
    if isinstance(model, MLPClassifier):
        bounds = None
    # Of our networks these are the rates, of which `fgsm` makes values that they take.
    perturbed = Threat(0.1, bounds=bounds, space=space).against(model, given, y).fgsm()
    start = attackable(model, given, space=space)[1]
    expected = start - 0.1 * np.sign(autograd(module, start, index))
    if bounds is not None:
        expected = np.clip(expected, *bounds)
    assert_array_equal(perturbed, expected)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("classifier", [STDPClassifier, BPClassifier])
def test_gradient_through_ranks_is_that_of_autograd(classifier, n_classes):
    """Between knots and steps, where there is but one slope."""
    X, y = iris(n_classes)
    # Copies of a row do not count: with a little noise there are rows enough for two steps.
    X = np.tile(X, (3, 1)) + np.random.default_rng(2).normal(0, 0.01, (3 * len(X), 4))
    model = classifier((9, 6), random_state=0).fit(X, np.tile(y, 3))
    assert model._fields().ranked
    assert (model.receptive_fields_ > 2).all()
    rates = np.random.default_rng(0).uniform(0.01, 0.99, (30, 4))
    labels = np.random.default_rng(1).choice(model.classes_, 30)
    given = model.encoder_.inverse_transform(rates)
    target, points = attackable(model, given, space="model")
    index = target.class_indices(labels)
    expected = autograd(torch_copy(model), points, index)
    assert_allclose(margin_gradient(target, points, index), expected, rtol=1e-9, atol=1e-12)


@pytest.fixture(scope="module", params=["two classes", "three classes"])
def trained(request):
    """A net on rows that it has not seen, its copy, and the loss whose slope is that of ours."""
    if request.param == "two classes":
        X, y = load_breast_cancer(return_X_y=True)
        X = MinMaxScaler(clip=True).fit(X[::2]).transform(X)
    else:
        X, y = load_iris(return_X_y=True)
        X = MinMaxScaler(clip=True).fit(X[::2]).transform(X)
    # float32, in which the other libraries work.
    X = X.astype(np.float32)
    model = STDPClassifier(rate_encoding="none", receptive_fields=1, random_state=0)
    model.fit(X[::2], y[::2])
    module = torch_copy(model).float()
    return model, module, X[1::2], y[1::2]


def margin_loss(scores, y):
    """Minus the margin, averaged. With two classes cross-entropy has a slope of the same signs."""
    if y.ndim > 1:
        y = y.argmax(dim=1)
    true = torch.nn.functional.one_hot(y, scores.shape[1]).bool()
    return (scores.masked_fill(true, -torch.inf).max(dim=1).values - scores[true]).mean()


EPSILONS = [4 / 255, 8 / 255, 12 / 255]


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_accuracy_is_that_of_art(trained, epsilon):
    attacks = pytest.importorskip("art.attacks.evasion", reason="ART is not installed")
    from art.estimators.classification import PyTorchClassifier

    model, module, X, y = trained
    n_classes = len(model.classes_)
    wrapped = PyTorchClassifier(
        module,
        torch.nn.CrossEntropyLoss() if n_classes == 2 else margin_loss,
        (X.shape[1],),
        n_classes,
        clip_values=(0, 1),
    )
    perturbed = attacks.FastGradientMethod(wrapped, eps=epsilon).generate(
        X, np.eye(n_classes, dtype=np.float32)[y]
    )
    theirs = np.mean(wrapped.predict(perturbed).argmax(axis=1) == y)
    assert 0.3 < theirs < model.score(X, y) or epsilon < 5 / 255
    assert FGSMScorer(epsilon)(model, X, y) == theirs


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_accuracy_is_that_of_foolbox(trained, epsilon):
    foolbox = pytest.importorskip("foolbox", reason="foolbox is not installed")
    ep = pytest.importorskip("eagerpy", reason="eagerpy is not installed")
    model, module, X, y = trained

    class OfTheMargin(foolbox.attacks.FGSM):
        def get_loss_fn(self, model, labels):
            return lambda inputs: ep.astensor(margin_loss(model(inputs).raw, labels.raw))

    wrapped = foolbox.PyTorchModel(module.eval(), bounds=(0, 1))
    attack = foolbox.attacks.FGSM() if len(model.classes_) == 2 else OfTheMargin()
    _, _, success = attack(wrapped, torch.tensor(X), torch.tensor(y), epsilons=epsilon)
    assert FGSMScorer(epsilon)(model, X, y) == np.mean(~success.numpy())
