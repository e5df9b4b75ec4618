"""Fitted classifiers as ONNX graphs. onnx is imported when somebody asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._sigmoid_network import SigmoidMLP

if TYPE_CHECKING:
    from onnx import ModelProto


__all__ = ["to_onnx"]

# Old enough for the runtimes in use, and the first one with all that is needed here.
_OPSET = 17


def to_onnx(estimator: SigmoidMLP) -> ModelProto:
    """A fitted classifier as an ONNX model, to predict without Python.

    The graph holds all that `predict` and `predict_proba` do: scaling to rates, receptive fields,
    the layers and the labels. Only the check of `rate_encoding="none"`, that values are in [0, 1],
    is left to the caller.

    Parameters
    ----------
    estimator : STDPClassifier or BPClassifier
        Fitted.

    Returns
    -------
    model : onnx.ModelProto
        Its input is "X", of shape (n_samples, n_features) and the dtype of the weights: float64,
        or float32 if the classifier was trained on that. Its outputs are "label", of shape
        (n_samples,), and "probabilities", of shape (n_samples, n_classes). Write it with
        `onnx.save`.

    Raises
    ------
    ImportError
        If onnx is not installed.
    TypeError
        If `estimator` is neither of the two, or its labels are of a type that ONNX has not.
    NotFittedError
        If it is not fitted.

    See Also
    --------
    save_model : Keeps everything, for Python.

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
    >>> bool((label == network.predict(X)).all())
    True
    """
    if not isinstance(estimator, SigmoidMLP):
        raise TypeError(
            f"Got estimator of type {type(estimator).__name__}, but expected STDPClassifier or "
            "BPClassifier."
        )
    check_is_fitted(estimator)
    try:
        import onnx
    except ImportError as error:
        raise ImportError(
            'Export needs onnx. Install it with: pip install "skstdp[onnx]"'
        ) from error
    classes = estimator.classes_
    classes = _labels(estimator.classes_)
    graph = _Graph(onnx, estimator.coefs_[0].dtype)
    logits = _logits(graph, estimator)
    if estimator.n_outputs_ == 1:
        margins = graph.add("Concat", [graph.add("Neg", [logits]), logits], axis=1)
        graph.add("Sigmoid", [margins], "probabilities")
    else:
        margins = logits
        graph.add("Softmax", [margins], "probabilities", axis=1)
    winner = graph.add("ArgMax", [margins], axis=1, keepdims=0)
    graph.add("Gather", [graph.constant(classes), winner], "label")
    return graph.model(
        type(estimator).__name__,
        inputs={"X": (graph.dtype, estimator.n_features_in_)},
        outputs={
            "label": (classes.dtype,),
            "probabilities": (graph.dtype, len(classes)),
        },
    )


def _labels(classes):
    kind = classes.dtype.kind
    if kind in "iu":
        return classes.astype(np.int64)
    if kind in "bU" or (kind == "O" and all(isinstance(label, str) for label in classes)):
        return classes
    raise TypeError(
        f"Got labels of dtype {classes.dtype}, but expected strings, integers or booleans."
    )


def _logits(graph, estimator):
    rates = "X"
    if estimator.encoder_ is not None:
        scaled = graph.add("Mul", [rates, graph.number(estimator.encoder_.scale_)])
        shifted = graph.add("Add", [scaled, graph.number(estimator.encoder_.min_)])
        rates = _unit_interval(graph, shifted)
    activity = _receptive_fields(graph, rates, estimator.receptive_fields_)
    for k, (coef, intercept) in enumerate(
        zip(estimator.coefs_, estimator.intercepts_, strict=True)
    ):
        if k:
            activity = graph.add("Sigmoid", [activity])
        drive = graph.add("MatMul", [activity, graph.number(coef)])
        activity = graph.add("Add", [drive, graph.number(intercept)])
    return activity


def _receptive_fields(graph, rates, n_fields):
    """What `_receptive_fields.respond` computes."""
    if n_fields == 1:
        return rates
    n_steps = n_fields // 2
    stretched = graph.add("Mul", [rates, graph.number(n_steps)])
    steps = [
        _unit_interval(graph, graph.add("Sub", [stretched, graph.number(k)]))
        for k in range(n_steps)
    ]
    off = [graph.add("Sub", [graph.number(1), step]) for step in steps]
    return graph.add("Concat", steps + off, axis=1)


def _unit_interval(graph, values):
    return graph.add("Clip", [values, graph.number(0), graph.number(1)])


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
