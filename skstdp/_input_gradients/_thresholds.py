"""Classifiers of two classes that decide by another threshold."""

import numpy as np
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV

from ._adapter import Adapter, adapter_of, adapts
from ._decisions import class_scores
from ._scaled_rows import chain

# For a probability of 0 or 1 in place of infinity, whose differences are no numbers.
_ALWAYS = 1e300


@adapts(FixedThresholdClassifier, TunedThresholdClassifierCV)
class _Threshold(Adapter):
    """The logit or the decision value, less the threshold; other scores are as they were."""

    # In logits the threshold rounds in another way.
    decides = False

    def __init__(self, estimator):
        super().__init__(estimator)
        inner = self._inner = adapter_of(estimator.estimator_)
        self.box, self.unclipped = inner.box, inner.unclipped
        self.scores_are_decisions = inner.scores_are_decisions
        self.log_proba, self.decision = inner.log_proba, inner.decision
        methods = np.atleast_1d(estimator._get_response_method())
        method = next(name for name in methods if hasattr(estimator.estimator_, name))
        self._by_proba = method == "predict_proba"
        if isinstance(estimator, TunedThresholdClassifierCV):
            threshold = estimator.best_threshold_
            positive = estimator._curve_scorer._get_pos_label()
        else:
            threshold, positive = estimator.threshold, estimator.pos_label
        if threshold == "auto":
            threshold = 0.5 if self._by_proba else 0.0
        if self._by_proba:
            p = np.clip(threshold, 0, 1)
            with np.errstate(divide="ignore"):
                threshold = np.clip(np.log(p) - np.log1p(-p), -_ALWAYS, _ALWAYS)
        first = positive is not None and positive == estimator.classes_[0]
        self._shift = -threshold if first else threshold

    def vjp(self, X):
        if not self._by_proba:
            decisions, pull = self._inner.decision(X)
            scores, through = class_scores(decisions - self._shift)
            return scores, chain(pull, through)
        log_proba, pull = self._inner.log_proba(X)
        half = self._shift / 2
        return log_proba + np.array([half, -half]), pull
