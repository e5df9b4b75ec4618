"""Models by name, by import path, and the space of settings that each is tuned in.

A model is one row of `MODELS`. Models see rates in [0, 1]. Those that scikit-learn's users know
with standardised features have a scaler of their own: over 16 tables of KEEL it adds 0.016 to
the accuracy of logistic regression, 0.031 to that of MLPClassifier and 0.012 to that of SVC.
"""

from __future__ import annotations

import ast
import warnings
from importlib import import_module
from inspect import Parameter, isclass, signature
from typing import TYPE_CHECKING, NamedTuple

from scipy.stats import loguniform
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils._pprint import _changed_params

from .._networks._backpropagation import BPClassifier
from .._networks._base import NetworkClassifier
from .._networks._bioleaf import BioLeaFClassifier
from .._networks._classifiers import STDPClassifier
from .._networks._local_rule import LocalRuleClassifier
from .._networks._target_propagation import TargetPropagationClassifier
from .._utils._validation import check_different, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence


class Model(NamedTuple):
    """Model of a benchmark.

    Attributes
    ----------
    label : str
        Name in tables and figures.
    estimator : classifier
        Not fitted, with its default parameters.
    space : dict
        Lists or distributions of the parameters of its last step, as `ParameterSampler` takes
        them. Empty where there is nothing to tune.
    """

    label: str
    estimator: BaseEstimator
    space: dict


# That of the last round of nested selection, with receptive fields.
_NETWORK = {
    "beta_2": [0.99, 0.999],
    "receptive_fields": ["auto", 2],
    "weight_decay": ["auto", 0.0, 0.003],
}
_BP = _NETWORK | {
    "weight_init_scale": [2.0, 4.0, 8.0],
    "learning_rate_init": loguniform(0.02, 0.3),
    "quiet_start": [None, 0.3, 0.5],
}
_COMPETING = _NETWORK | {
    "weight_init_scale": [2.0, 4.0],
    "positive_winners": [2, 3, 6],
    "negative_winners": [2, 3, 6],
    "winner_handicap": [0.0, 0.02, 0.05],
    "quiet_start": [0.1, 0.2],
}
# Wide: the best step of one rule is thirty times that of another.
_LOCAL = _COMPETING | {"learning_rate_init": loguniform(0.03, 1.0)}
_TREE = {"max_features": ["sqrt", 0.3, 0.6, 1.0], "min_samples_leaf": [1, 2, 3, 5, 10]}
MODELS = {
    "stdp": Model(
        "STDP",
        STDPClassifier(),
        _COMPETING
        | {"learning_rate_init": loguniform(0.1, 0.5), "stdp_epsilon": [1e-2, 3e-2, 1e-1]},
    ),
    "bp": Model("BP", BPClassifier(), _BP),
    "feedback-random": Model("feedback alignment", BPClassifier(feedback="random"), _BP),
    "feedback-direct": Model("direct feedback alignment", BPClassifier(feedback="direct"), _BP),
    "sign": Model("sign symmetry", BPClassifier(feedback="sign"), _BP),
    "sign-random": Model(
        "sign symmetry, random magnitudes", BPClassifier(feedback="sign-random"), _BP
    ),
    "target": Model(
        "target propagation",
        # One hidden layer has no inverse: it would be trained by backpropagation.
        TargetPropagationClassifier(hidden_layer_sizes=(200, 100)),
        _BP
        | {
            "inverse_learning_rate_init": loguniform(0.05, 1.0),
            "inverse_noise": [0.3, 1.0, 2.0],
            "target_step": [0.02, 0.1, 0.5],
        },
    ),
    "hebb": Model("Hebb", LocalRuleClassifier(rule="hebb"), _LOCAL),
    "oja": Model("Oja", LocalRuleClassifier(rule="oja"), _LOCAL),
    "bcm": Model("BCM", LocalRuleClassifier(rule="bcm"), _LOCAL),
    "contrastive": Model("contrastive", LocalRuleClassifier(rule="contrastive"), _LOCAL),
    "stdp-symmetric": Model("symmetric STDP", LocalRuleClassifier(rule="stdp-symmetric"), _LOCAL),
    "bioleaf": Model(
        "BioLeaF",
        BioLeaFClassifier(),
        {
            "hidden_layer_sizes": [(100,), (200,)],
            "learning_rate_init": loguniform(0.003, 0.03),
            "n_steps": [5, 8],
            "receptive_fields": ["auto", 2],
            "weight_decay": loguniform(0.01, 0.3),
        },
    ),
    "mlp": Model(
        "MLP",
        make_pipeline(StandardScaler(), MLPClassifier()),
        {
            "alpha": loguniform(1e-5, 3),
            "hidden_layer_sizes": [(50,), (100,), (200,), (100, 50)],
            "learning_rate_init": loguniform(3e-4, 0.03),
        },
    ),
    "logistic": Model(
        "logistic regression",
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        {"C": loguniform(1e-3, 1e3), "class_weight": [None, "balanced"]},
    ),
    "forest": Model("random forest", RandomForestClassifier(), _TREE),
    "boosting": Model(
        "gradient boosting",
        HistGradientBoostingClassifier(),
        {
            "l2_regularization": loguniform(1e-3, 10),
            "learning_rate": loguniform(0.02, 0.3),
            "max_iter": [50, 100, 200],
            "max_leaf_nodes": [7, 15, 31],
            "min_samples_leaf": [5, 10, 20, 40],
        },
    ),
    "svm": Model(
        "RBF SVM",
        make_pipeline(StandardScaler(), SVC()),
        {"C": loguniform(0.03, 300), "gamma": loguniform(1e-3, 3)},
    ),
    "knn": Model(
        "nearest neighbours",
        KNeighborsClassifier(),
        {
            "n_neighbors": [1, 3, 5, 7, 11, 15, 21],
            "p": [1, 2],
            "weights": ["uniform", "distance"],
        },
    ),
    "naive_bayes": Model("naive Bayes", GaussianNB(), {"var_smoothing": loguniform(1e-9, 0.1)}),
    "tree": Model(
        "decision tree",
        DecisionTreeClassifier(),
        _TREE | {"ccp_alpha": [0.0, 0.001, 0.003, 0.01], "max_depth": [None, 3, 5, 10]},
    ),
    "dummy": Model("majority class", DummyClassifier(), {}),
}


def _last(estimator):
    """Return the last step of a pipeline, after what the names of its parameters begin with."""
    prefix = ""
    while isinstance(estimator, Pipeline):
        name, estimator = estimator.steps[-1]
        prefix += f"{name}__"
    return prefix, estimator


_SPACES = {type(_last(model.estimator)[1]): model.space for model in MODELS.values()}


def models_by_name(models: Sequence) -> dict[str, BaseEstimator]:
    """Models of a list, by the names that they have in tables and figures.

    Parameters
    ----------
    models : sequence of str and classifiers
        Names of `MODELS`, such as "stdp"; import paths; estimators. Names and import paths may
        have parameters: "forest(n_estimators=300)".

    Returns
    -------
    estimators : dict of str to classifier
        Not fitted, in the order of the list.

    Raises
    ------
    ValueError
        If a name is not known, a class is not found, a parameter is not known, its value is no
        literal of Python or refused by `fit`; or if two models have the same name.
    TypeError
        If a model is no classifier.
    ImportError
        If the package of an import path is not installed.

    Examples
    --------
    >>> from skstdp.benchmarks._models import models_by_name
    >>> list(models_by_name(["stdp", "knn(p=1)", "sklearn.svm.LinearSVC(C=0.1)"]))
    ['STDP', 'nearest neighbours (p=1)', 'LinearSVC(C=0.1)']
    """
    if isinstance(models, str) or hasattr(models, "fit"):
        models = [models]
    pairs = [_from_text(model) if isinstance(model, str) else _given(model) for model in models]
    if not pairs:
        raise ValueError(f"Got no models, but expected at least one of {', '.join(MODELS)}.")
    check_different([label for label, _ in pairs], "among the models", "Give each model once")
    return dict(pairs)


def space_of(estimator: BaseEstimator) -> dict | None:
    """Space of the parameters of a classifier, or of the last step of a pipeline.

    A parameter that is not at the default of its class was chosen by somebody: it is left out.

    Parameters
    ----------
    estimator : classifier
        Not fitted.

    Returns
    -------
    space : dict of str to list or distribution, or None
        By name of the parameter in `estimator`, as `ParameterSampler` takes it; empty if there is
        nothing to tune, None if no space is known for the class.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skstdp.benchmarks._models import space_of
    >>> list(space_of(make_pipeline(StandardScaler(), KNeighborsClassifier(p=1))))
    ['kneighborsclassifier__n_neighbors', 'kneighborsclassifier__weights']
    """
    prefix, last = _last(estimator)
    space = _SPACES.get(type(last))
    if space is None:
        return None
    chosen = _changed_params(last)
    return {prefix + name: values for name, values in space.items() if name not in chosen}


def check_values(estimator):
    """Raise the error of a small fit: some values of parameters are checked only there."""
    prefix, last = _last(estimator)
    estimator = clone(estimator)
    # Other estimators may have five folds of their own.
    n_rows = 20
    if isinstance(last, NetworkClassifier):
        last._validate_params()
        estimator.set_params(**{f"{prefix}max_iter": 1, f"{prefix}verbose": False})
        n_rows = 4
    rows = [[float(k % 2), float(k)] for k in range(n_rows)]
    with warnings.catch_warnings(action="ignore"):
        estimator.fit(rows, [k % 2 for k in range(n_rows)])


def _given(estimator):
    """Return label and estimator of what is no text."""
    if isclass(estimator):
        name = estimator.__name__
        raise TypeError(f"Got the class {name} among the models, but expected {name}().")
    if not _is_classifier(estimator):
        raise TypeError(
            f"Got a {type(estimator).__name__} among the models, but expected a classifier, or "
            "the name of one."
        )
    # Of a pipeline the last step: its whole text is too long for a table.
    text = " ".join(repr(_last(estimator)[1]).split())
    return text.removesuffix("()"), estimator


def _is_classifier(estimator):
    return isinstance(estimator, BaseEstimator) and is_classifier(estimator)


def _from_text(text):
    """Return label and estimator of a name or an import path, with parameters or without."""
    name, parenthesis, _ = text.partition("(")
    name = name.strip()
    parameters = _parameters(text) if parenthesis else {}
    shown = ", ".join(f"{parameter}={value!r}" for parameter, value in parameters.items())
    if name.lower() in MODELS:
        label, estimator, _ = MODELS[name.lower()]
        estimator = clone(estimator)
        shown = f" ({shown})"
    else:
        label, estimator = name.rpartition(".")[2], _imported(name, text)
        shown = f"({shown})"
    last = _last(estimator)[1]
    _check_names(last, parameters, text)
    if not parameters:
        return label, estimator
    last.set_params(**parameters)
    try:
        check_values(estimator)
    # Whatever other packages raise.
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"Got the model {text!r}, but its fit refuses that: {reason}") from error
    return label + shown, estimator


def _check_names(estimator, parameters, text):
    kind, known = type(estimator), estimator.get_params()
    if any(p.kind is Parameter.VAR_KEYWORD for p in signature(kind).parameters.values()):
        return
    for name in parameters:
        if name not in known:
            all_known = f" It has {', '.join(known) or 'none'}."
            raise ValueError(
                f"Got the model {text!r}, but {kind.__name__} has no parameter {name!r}."
                f"{nearest(name, known) or all_known}"
            )


def _parameters(text):
    """Return the keyword arguments of a call, which are literals: nothing is evaluated."""
    # Names such as "sign-random" are none of Python.
    arguments = text.partition("(")[2]
    try:
        call = ast.parse(f"model({arguments}".strip(), mode="eval").body
    except SyntaxError as error:
        raise _no_call(text) from error
    named = isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
    if not named or call.args or not all(keyword.arg for keyword in call.keywords):
        raise _no_call(text)
    parameters = {}
    for keyword in call.keywords:
        try:
            parameters[keyword.arg] = ast.literal_eval(keyword.value)
        except ValueError:
            raise ValueError(
                f"Got {keyword.arg}={ast.unparse(keyword.value)} in the model {text!r}, but "
                "expected a number, text in quotes, None, True, False, or a tuple, list or dict "
                "of these. Give an estimator in Python: compare(tasks, estimators={...})."
            ) from None
    return parameters


def _no_call(text):
    return ValueError(
        f"Got the model {text!r}, but expected a name or an import path, with parameters by name "
        "or without, such as 'sklearn.ensemble.ExtraTreesClassifier(n_estimators=300)'."
    )


def _imported(path, text):
    """Return an estimator of the class at an import path, with its defaults."""
    module, _, name = path.rpartition(".")
    if not all(part.replace("-", "_").isidentifier() for part in path.split(".")):
        raise _no_call(text)
    if not module:
        raise ValueError(
            f"Got the model {text!r}, but expected one of {', '.join(MODELS)}, or an import path "
            f"such as sklearn.ensemble.ExtraTreesClassifier.{_meant(name)}"
        )
    kind = _class_at(module, name, text)
    try:
        estimator = kind()
    except TypeError as error:
        raise ValueError(
            f"Got the model {text!r}, but {name} needs more than literals: {error}. Give it in "
            "Python: compare(tasks, estimators={...})."
        ) from error
    if not _is_classifier(estimator):
        raise TypeError(f"Got the model {text!r}, but expected a classifier, which {name} is not.")
    return estimator


def _class_at(module, name, text):
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        # The package itself, or one that it imports.
        if error.name == package or not f"{module}.".startswith(f"{error.name}."):
            raise ImportError(
                f"Got the model {text!r}, but the package {error.name!r} is not installed. "
                "Install it, or choose another model."
            ) from error
        parent, _, last = error.name.rpartition(".")
        raise ValueError(
            f"Got the model {text!r}, but there is no module {error.name!r}."
            f"{nearest(last, dir(import_module(parent)))}"
        ) from error
    kind = getattr(found, name, None)
    if not isclass(kind):
        classes = [key for key, value in vars(found).items() if isclass(value)]
        raise ValueError(
            f"Got the model {text!r}, but there is no class {name!r} in {module!r}."
            f"{nearest(name, classes) or nearest(f'{name}Classifier', classes)}"
        )
    return kind


def _meant(name):
    """Return a question for the model of the most similar name, of ours or of scikit-learn."""
    from sklearn.utils.discovery import all_estimators

    ours = {}
    for key, model in MODELS.items():
        ours.setdefault(type(_last(model.estimator)[1]).__name__, key)
    if name in ours:
        return f" Did you mean {ours[name]!r}?"
    for found, kind in all_estimators("classifier"):
        if found == name:
            public = kind.__module__.partition("._")[0]
            return f" Did you mean '{public}.{name}'?"
    return nearest(name, MODELS)
