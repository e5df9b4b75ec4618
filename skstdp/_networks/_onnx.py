"""Fitted classifiers as ONNX graphs. onnx is imported when somebody asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._utils._optional import required
from ._backpropagation import BPClassifier
from ._classifiers import STDPClassifier
from ._local_rule import LocalRuleClassifier
from ._sigmoid import SigmoidMLP
from ._target_propagation import TargetPropagationClassifier

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from onnx import ModelProto
    from sklearn.base import BaseEstimator


__all__ = ["register_onnx_converters", "to_onnx"]

# Old enough for the runtimes in use, and the first one with all that is needed here.
_OPSET = 17


def to_onnx(estimator: BaseEstimator, X: ArrayLike | None = None) -> ModelProto:
    """A fitted classifier as an ONNX model, to predict without Python.

    The graph holds all that `predict` and `predict_proba` do: scaling to rates, receptive fields,
    the layers and the labels. Only the check of `rate_encoding="none"`, that values are in [0, 1],
    is left to the caller. The earlier steps of a pipeline are converted by skl2onnx.

    Parameters
    ----------
    estimator : classifier or Pipeline
        Fitted STDPClassifier, BPClassifier, LocalRuleClassifier or TargetPropagationClassifier, or
        a pipeline that ends in one of these.
    X : array-like or data frame of shape (n_samples, n_features), default=None
        Only for pipelines: at least one sample. The model has its type of numbers, and of a data
        frame one input per column, which a `ColumnTransformer` by name needs. None is an array of
        the dtype of the weights.

    Returns
    -------
    model : onnx.ModelProto
        Its input is "X", of shape (n_samples, n_features) and the dtype of the weights: float64,
        or float32 if the classifier was trained on that. For a pipeline and a data frame there is
        one input per column, by its name, of shape (n_samples, 1). Its outputs are "label", of
        shape (n_samples,), and "probabilities", of shape (n_samples, n_classes). Write it with
        `onnx.save`.

    Raises
    ------
    ImportError
        If onnx is not installed, or for a pipeline skl2onnx.
    TypeError
        If `estimator` or the last step of a pipeline is none of these, a step has no
        converter, or the labels are of a type that ONNX has not.
    NotFittedError
        If it is not fitted.

    See Also
    --------
    save_model : Keeps everything, for Python.
    register_onnx_converters : Our classifiers inside other estimators, by skl2onnx.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import STDPClassifier, to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> network = STDPClassifier(random_state=0).fit(X, y)
    >>> model = to_onnx(network)
    >>> import onnxruntime
    >>> session = onnxruntime.InferenceSession(model.SerializeToString())
    >>> label, probabilities = session.run(None, {"X": X})
    >>> int((label != network.predict(X)).sum())  # predictions that differ
    0
    """
    network = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    if not isinstance(network, SigmoidMLP):
        raise TypeError(
            f"Got estimator of type {type(estimator).__name__}, but expected STDPClassifier, "
            "BPClassifier, LocalRuleClassifier or TargetPropagationClassifier, or a Pipeline that "
            "ends in one of them. For other estimators around them call "
            "register_onnx_converters() and skl2onnx.to_onnx."
        )
    check_is_fitted(estimator)
    onnx = _import_onnx()
    if network is not estimator:
        return _convert_pipeline(estimator, X)
    graph, label_type = _network_graph(onnx, network)
    return graph.model(
        type(network).__name__,
        inputs={"X": (graph.dtype, network.n_features_in_)},
        outputs={
            "label": (label_type,),
            "probabilities": (graph.dtype, len(network.classes_)),
        },
    )


def _import_onnx():
    with required("Export needs onnx", "onnx"):
        import onnx
    return onnx


def _network_graph(onnx, network):
    """The graph from "X" to "label", "margins" and "probabilities", and the dtype of the label."""
    classes = _labels(network.classes_)
    graph = _Graph(onnx, network.coefs_[0].dtype)
    logits = _logits(graph, network)
    if len(network.classes_) == 2:
        graph.add("Concat", [graph.add("Neg", [logits]), logits], "margins", axis=1)
        graph.add("Sigmoid", ["margins"], "probabilities")
    else:
        graph.add("Identity", [logits], "margins")
        graph.add("Softmax", ["margins"], "probabilities", axis=1)
    winner = graph.add("ArgMax", ["margins"], axis=1, keepdims=0)
    graph.add("Gather", [graph.constant(classes), winner], "label")
    return graph, classes.dtype


def _labels(classes):
    """Class labels, in order, of a type that ONNX has; integers as int64, or else as uint64."""
    kind = classes.dtype.kind
    if kind == "f":
        return classes.astype(np.float64)
    if kind in "bU" or (kind == "O" and all(isinstance(label, str) for label in classes)):
        return classes
    if kind in "iu":
        return classes.astype(np.int64 if classes[-1] <= np.iinfo(np.int64).max else np.uint64)
    raise TypeError(
        f"Got labels {classes} of dtype {classes.dtype}, but expected strings, numbers or "
        "booleans. Fit the classifier to labels of one of these types."
    )


def register_onnx_converters() -> None:
    """Register our classifiers with skl2onnx, for `skl2onnx.to_onnx` of estimators around them.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    See Also
    --------
    to_onnx : A classifier by itself, without skl2onnx, or a pipeline.

    Examples
    --------
    >>> import skl2onnx
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import BaggingClassifier
    >>> from skstdp import STDPClassifier, register_onnx_converters
    >>> X, y = load_iris(return_X_y=True)
    >>> bagging = BaggingClassifier(STDPClassifier(max_iter=20), 2, random_state=0).fit(X, y)
    >>> register_onnx_converters()
    >>> model = skl2onnx.to_onnx(bagging, X[:1], options={"zipmap": False})
    >>> [output.name for output in model.graph.output]
    ['label', 'probabilities']
    """
    _register(_import_skl2onnx())


def _logits(graph, estimator):
    rates = "X"
    if estimator.encoder_ is not None:
        scaled = graph.add("Mul", [rates, graph.number(estimator.encoder_.scale_)])
        shifted = graph.add("Add", [scaled, graph.number(estimator.encoder_.min_)])
        rates = _unit_interval(graph, shifted)
    activity = _receptive_fields(graph, rates, estimator._fields())
    coefs, intercepts = list(estimator.coefs_), list(estimator.intercepts_)
    if estimator.n_outputs_ == 2:
        # One unit that says by how much the second leads.
        coefs[-1], intercepts[-1] = np.diff(coefs[-1]), np.diff(intercepts[-1])
    for k, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True)):
        if k:
            activity = graph.add("Sigmoid", [activity])
        drive = graph.add("MatMul", [activity, graph.number(coef)])
        activity = graph.add("Add", [drive, graph.number(intercept)])
    return activity


def _receptive_fields(graph, rates, fields):
    """Nodes of `ReceptiveFields.encode`."""
    features, n_steps, number = fields.steps
    if not len(features):
        return rates
    ranks = _ranks(graph, rates, fields.knots) if fields.ranked else rates
    of_steps = graph.add("Gather", [ranks, graph.integers(features)], axis=1)
    stretched = graph.add("Mul", [of_steps, graph.number(n_steps)])
    on = _unit_interval(graph, graph.add("Sub", [stretched, graph.number(number)]))
    off = graph.add("Sub", [graph.number(1), on])
    return graph.add("Concat", [on, off], axis=1)


def _ranks(graph, rates, knots):
    """Nodes of `_ranks.ranks`: over the pieces between knots, the sum of what is climbed."""
    start = knots[0, :-1].T
    width, height = np.diff(knots, axis=1).transpose(0, 2, 1)
    rates = graph.add("Unsqueeze", [rates, graph.integers([2])])
    past = graph.add("Max", [graph.add("Sub", [rates, graph.number(start)]), graph.number(0)])
    within = graph.add("Min", [past, graph.number(width)])
    share = graph.add("Div", [within, graph.number(np.where(width > 0, width, 1))])
    climbed = graph.add("Mul", [share, graph.number(height)])
    return graph.add("ReduceSum", [climbed, graph.integers([2])], keepdims=0)


def _unit_interval(graph, values):
    return graph.add("Clip", [values, graph.number(0), graph.number(1)])


def _import_skl2onnx():
    with required("Export of pipelines needs skl2onnx", "onnx"):
        import skl2onnx
    return skl2onnx


def _register(skl2onnx):
    options = {
        "zipmap": [True, False, "columns"],
        "nocl": [True, False],
        "output_class_labels": [False, True],
        "raw_scores": [True, False],
    }
    for classifier in (
        STDPClassifier,
        BPClassifier,
        LocalRuleClassifier,
        TargetPropagationClassifier,
    ):
        skl2onnx.update_registered_converter(
            classifier, f"Skstdp{classifier.__name__}", _describe, _convert, options=options
        )


def _tensor_type(types, dtype):
    """Type of skl2onnx for arrays of a dtype."""
    kinds = {"b": types.BooleanTensorType, "i": types.Int64TensorType, "u": types.Int64TensorType}
    kinds |= {"O": types.StringTensorType, "U": types.StringTensorType}
    floats = types.FloatTensorType if dtype == np.float32 else types.DoubleTensorType
    return kinds.get(dtype.kind, floats)


def _describe(operator):
    """Set the types of what skl2onnx gets of one of our classifiers."""
    from skl2onnx.common import data_types as types

    n_samples = operator.inputs[0].get_first_dimension()
    classes = _labels(operator.raw_operator.classes_)
    unsigned = classes.dtype.kind == "u"
    label = types.UInt64TensorType if unsigned else _tensor_type(types, classes.dtype)
    double = isinstance(operator.inputs[0].type, types.DoubleTensorType)
    scores = types.DoubleTensorType if double else types.FloatTensorType
    operator.outputs[0].set_type(label([n_samples]))
    operator.outputs[1].set_type(scores([n_samples, len(classes)]))


def _convert(scope, operator, container):
    """Add one of our classifiers to a graph of skl2onnx."""
    onnx = _import_onnx()
    network = operator.raw_operator
    graph, _ = _network_graph(onnx, network)
    label, scores = operator.outputs
    names = {"label": label.full_name}

    def rename(name):
        return names.setdefault(name, scope.get_unique_variable_name(name))

    def cast(given, wanted, dtype):
        name = scope.get_unique_operator_name("Cast")
        container.add_node("Cast", [given], [wanted], name=name, to=dtype)

    cast(
        operator.inputs[0].full_name,
        rename("X"),
        onnx.helper.np_dtype_to_tensor_dtype(graph.dtype),
    )
    for constant in graph.constants:
        constant.name = rename(constant.name)
        container.initializers.append(constant)
    for node in graph.nodes:
        container.add_node(
            node.op_type,
            [rename(name) for name in node.input],
            [rename(name) for name in node.output],
            name=scope.get_unique_operator_name(node.op_type),
            **{part.name: onnx.helper.get_attribute_value(part) for part in node.attribute},
        )
    raw = container.get_options(network, {"raw_scores": False})["raw_scores"]
    cast(
        rename("margins" if raw else "probabilities"),
        scores.full_name,
        scores.type.to_onnx_type().tensor_type.elem_type,
    )


def _convert_pipeline(pipeline, X):
    skl2onnx = _import_skl2onnx()
    _register(skl2onnx)
    try:
        return skl2onnx.convert_sklearn(
            pipeline,
            name=type(pipeline).__name__,
            initial_types=_inputs(pipeline, X),
            options={id(pipeline): {"zipmap": False}},
            target_opset=_OPSET,
        )
    except Exception as error:
        raise TypeError(
            "Got a Pipeline that skl2onnx cannot convert, but expected steps that it knows. "
            "Leave the scaling to the network, or give X, a data frame of some rows, where "
            f"columns are chosen by name. It says: {type(error).__name__}: {error}"
        ) from error


def _inputs(pipeline, X):
    """Name and type of what a pipeline takes."""
    from skl2onnx.common import data_types as types

    if hasattr(X, "columns"):
        dtypes = {str(name): np.asarray(X[name]).dtype for name in X.columns}
        return [(name, _tensor_type(types, dtype)([None, 1])) for name, dtype in dtypes.items()]
    sample = pipeline[-1].coefs_[0] if X is None else np.asarray(X)
    return [("X", _tensor_type(types, sample.dtype)([None, pipeline.n_features_in_]))]


class _Graph:
    """Nodes and constants, which name themselves by counting."""

    def __init__(self, onnx, dtype):
        self.onnx, self.dtype = onnx, dtype
        self.nodes, self.constants = [], []

    def add(self, operator, inputs, output=None, **attributes):
        output = output or f"value_{len(self.nodes)}"
        node = self.onnx.helper.make_node(operator, inputs, [output], **attributes)
        self.nodes.append(node)
        return output

    def number(self, values):
        return self.constant(np.asarray(values, dtype=self.dtype))

    def integers(self, values):
        return self.constant(np.asarray(values, dtype=np.int64))

    def constant(self, values):
        name = f"constant_{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(values, name))
        return name

    def model(self, name, inputs, outputs):
        """The graph as a model; inputs and outputs are dtype and columns, by name."""
        helper = self.onnx.helper

        def describe(values):
            return [
                helper.make_tensor_value_info(
                    name,
                    self.onnx.TensorProto.STRING
                    if dtype.kind in "OU"
                    else helper.np_dtype_to_tensor_dtype(dtype),
                    ["n_samples", *columns],
                )
                for name, (dtype, *columns) in values.items()
            ]

        graph = helper.make_graph(
            self.nodes, name, describe(inputs), describe(outputs), initializer=self.constants
        )
        opsets = [helper.make_opsetid("", _OPSET)]
        return helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=helper.find_min_ir_version_for(opsets),
            producer_name="skstdp",
        )
