"""Estimators that are made of others: their gradients are sums of those of the members."""

from functools import reduce

import numpy as np
from scipy.special import expit, log_expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, _ConstantPredictor
from sklearn.utils.validation import validate_data

from ._adapter import (
    Adapter,
    adapter_of,
    adapts,
    class_scores,
    expect,
    expect_one_label,
    log_softmax_and_pull,
    no_gradient,
)
from ._linear import one_against_rest
from ._scaled_rows import ScaledRows, add_rows
from ._votes import hard_votes, mean_log_proba, scores_of_pairs

# In place of minus infinity, whose differences are no numbers.
_NEVER = -1e300


def _logit(scores, pull):
    """Score of the second of two classes over the first, and the way back."""
    return scores[:, 1] - scores[:, 0], lambda column: pull(
        column.through(lambda values: np.hstack([-values, values]))
    )


def _pull_columns(backs):
    """The way back from a matrix whose columns come from one member each."""

    def pull(cotangent):
        return add_rows(
            [
                back(cotangent.through(lambda values, k=k: values[:, k : k + 1]))
                for k, back in enumerate(backs)
            ]
        )

    return pull


class _Composed(Adapter):
    """Of members: where one of them is not defined, it is not either."""

    def _adapt(self, members):
        self._members = [adapter_of(member) for member in members]
        lows, highs = zip(*[member.box for member in self._members], strict=True)
        self.box = reduce(np.maximum, lows), reduce(np.minimum, highs)


class _Average(_Composed):
    """Means of probabilities, whose logarithms are the class scores, or else votes.

    Where saturated members disagree there are ties, which rounding breaks in another way than
    `predict` does.
    """

    decides = scores_are_decisions = False
    _soft = True

    def log_proba(self, X):
        """Logarithms of `predict_proba`."""
        if not self._soft:
            raise no_gradient(self.estimator, "probabilities")
        return self.forward(X)


@adapts(VotingClassifier)
class _Voting(_Average):
    def __init__(self, estimator):
        super().__init__(estimator)
        self._adapt(estimator.estimators_)
        weights = estimator._weights_not_none
        self._weights = np.ones(len(self._members)) if weights is None else np.array(weights)
        self._soft = estimator.voting == "soft"

    def forward(self, X):
        """Class scores, and the way back."""
        if self._soft:
            return mean_log_proba([member.log_proba(X) for member in self._members], self._weights)
        return hard_votes([member.forward(X) for member in self._members], self._weights)


@adapts(BaggingClassifier)
class _Bagging(_Average):
    def __init__(self, estimator):
        super().__init__(estimator)
        self._adapt(estimator.estimators_)
        self._soft = hasattr(estimator.estimators_[0], "predict_proba")
        low, high = np.outer((-np.inf, np.inf), np.ones(estimator.n_features_in_))
        for member, features in zip(self._members, estimator.estimators_features_, strict=True):
            low[features] = np.maximum(low[features], member.box[0])
            high[features] = np.minimum(high[features], member.box[1])
        self.box = low, high

    def forward(self, X):
        """Class scores, and the way back."""
        X = validate_data(self.estimator, X, reset=False)
        members = [
            self._of_member(member, features, X)
            for member, features in zip(
                self._members, self.estimator.estimators_features_, strict=True
            )
        ]
        combine = mean_log_proba if self._soft else hard_votes
        return combine(members, np.ones(len(members)))

    def _of_member(self, member, features, X):
        """Scores in the columns of all classes, and the gradient in those of all features."""
        scores, pull = (member.log_proba if self._soft else member.forward)(X[:, features])
        # Members know the classes by number, and maybe not all of them.
        known = np.asarray(member.estimator.classes_, dtype=int)
        full = np.full((len(X), self.estimator.n_classes_), _NEVER)
        full[:, known] = scores

        def back(cotangent):
            def scatter(values):
                gradient = np.zeros(X.shape)
                np.add.at(gradient, (slice(None), features), values)
                return gradient

            return pull(cotangent.through(lambda values: values[:, known])).through(scatter)

        return full, back


@adapts(OneVsRestClassifier)
class _OneVsRest(_Composed):
    def __init__(self, estimator):
        super().__init__(estimator)
        expect_one_label(estimator)
        self._adapt(estimator.estimators_)
        self.scores_are_decisions = hasattr(estimator, "decision_function")

    def forward(self, X):
        """Class scores, and the way back."""
        logits, backs = zip(*[_logit(*member.forward(X)) for member in self._members], strict=True)
        scores, through = class_scores(np.column_stack(logits))
        pull = _pull_columns(backs)
        return scores, lambda cotangent: pull(through(cotangent))

    def log_proba(self, X):
        """Logarithms of `predict_proba`."""
        members = [member.log_proba(X) for member in self._members]
        if len(members) == 1:
            return members[0]
        logits, backs = zip(*[_logit(*member) for member in members], strict=True)
        return one_against_rest(np.column_stack(logits), _pull_columns(backs))


@adapts(_ConstantPredictor)
class _Constant(Adapter):
    """What OneVsRestClassifier puts in for a class that no sample, or every sample, is of."""

    def forward(self, X):
        """Class scores that no probability can exceed, and a gradient of zero."""
        always = float(np.ravel(self.estimator.y_)[0])
        half = np.full((len(X), 1), (always - 0.5) * -_NEVER)
        return np.hstack([-half, half]), lambda cotangent: ScaledRows.of(np.zeros(np.shape(X)))


@adapts(OneVsOneClassifier)
class _OneVsOne(_Composed):
    """Votes of one member a pair of classes, and how sure they are."""

    def __init__(self, estimator):
        super().__init__(estimator)
        expect(estimator, "pairwise_indices_", estimator.pairwise_indices_, None)
        self._adapt(estimator.estimators_)
        # With two classes, decision_function has the vote in it.
        self.scores_are_decisions = estimator.n_classes_ > 2
        self._by_decision = hasattr(estimator.estimators_[0], "decision_function")

    def forward(self, X):
        """Class scores, and the way back."""
        X = validate_data(self.estimator, X, reset=False)
        columns, backs = zip(
            *[_logit(*member.forward(X)) for member in self._members], strict=True
        )
        logits = np.column_stack(columns)
        pull = _pull_columns(backs)
        if logits.shape[1] == 1:
            scores, through = class_scores(logits)
            return scores, lambda cotangent: pull(through(cotangent))
        if self._by_decision:
            scores, through = scores_of_pairs(logits > 0, logits)
            return scores, lambda cotangent: pull(through(cotangent))
        # The confidence is the probability of the second class.
        scores, through = scores_of_pairs(logits > 0, expit(logits))
        log_slopes = log_expit(logits) + log_expit(-logits)
        return scores, lambda cotangent: pull(through(cotangent).times_exp(log_slopes))


# Of the mean slope of a calibrator, where it is flat: the decision below it still has a direction,
# and a slope that is not flat outweighs it.
_FLAT = 1e-9


def _isotonic(calibrators, response, pull):
    """Log probabilities by steps and ramps that rise with the response, and the way back."""
    columns = []
    for calibrator, x in zip(calibrators, response.T, strict=True):
        knots, heights = calibrator.X_thresholds_, calibrator.y_thresholds_
        ramps = np.diff(heights) / np.diff(knots) if len(knots) > 1 else np.zeros(1)
        position = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, len(ramps) - 1)
        inside = (x >= knots[0]) & (x <= knots[-1])
        mean = (heights[-1] - heights[0]) / max(knots[-1] - knots[0], np.finfo(float).tiny)
        slope = np.where(inside, ramps[position], 0)
        columns.append((calibrator.predict(x), np.maximum(slope, _FLAT * mean)))
    p, slopes = (np.column_stack(part) for part in zip(*columns, strict=True))

    def log_and_slope(p, slopes):
        safe = np.where(p > 0, p, 1)
        return np.where(p > 0, np.log(safe), _NEVER), slopes / safe

    logs, slopes_of_logs = log_and_slope(p, slopes)
    if p.shape[1] > 1:
        log_proba, through = log_softmax_and_pull(logs)
        return log_proba, lambda cotangent: pull(
            through(cotangent).through(lambda values: values * slopes_of_logs)
        )
    others, slopes_of_others = log_and_slope(1 - p, slopes)
    return np.hstack([others, logs]), lambda cotangent: pull(
        cotangent.through(
            lambda values: values[:, 1:] * slopes_of_logs - values[:, :1] * slopes_of_others
        )
    )


@adapts(CalibratedClassifierCV)
class _Calibrated(_Average):
    def __init__(self, estimator):
        super().__init__(estimator)
        self._adapt([member.estimator for member in estimator.calibrated_classifiers_])

    def forward(self, X):
        """Class scores, and the way back."""
        fitted = zip(self._members, self.estimator.calibrated_classifiers_, strict=True)
        members = [self._of_member(member, pair.calibrators, X) for member, pair in fitted]
        return mean_log_proba(members, np.ones(len(members)))

    def _of_member(self, member, calibrators, X):
        n_classes = len(self.estimator.classes_)
        expect(member.estimator, "n_classes", len(member.estimator.classes_), n_classes)
        if self.estimator.method == "temperature":
            beta = calibrators[0].beta_
            logits, pull = self._logits(member, X)
            log_proba, through = log_softmax_and_pull(beta * logits)
            return log_proba, lambda cotangent: pull(
                through(cotangent).through(lambda values: beta * values)
            )
        response, pull = self._response(member, X)
        if self.estimator.method == "isotonic":
            return _isotonic(calibrators, response, pull)
        slope = -np.array([calibrator.a_ for calibrator in calibrators])
        logits = slope * response - [calibrator.b_ for calibrator in calibrators]

        def back(cotangent):
            return pull(cotangent.through(lambda values: slope * values))

        if n_classes > 2:
            return one_against_rest(logits, back)
        scores, to_logits = class_scores(logits)
        log_proba, through = log_softmax_and_pull(scores)
        return log_proba, lambda cotangent: back(to_logits(through(cotangent)))

    def _response(self, member, X):
        """What the calibrators see: decisions, or else probabilities (of the second of two)."""
        if hasattr(member.estimator, "decision_function"):
            return member.decision(X)
        log_proba, pull = member.log_proba(X)

        def back(cotangent):
            return pull(cotangent.times_exp(log_proba))

        if log_proba.shape[1] > 2:
            return np.exp(log_proba), back
        return np.exp(log_proba[:, 1:]), lambda cotangent: back(
            cotangent.through(lambda values: np.hstack([np.zeros_like(values), values]))
        )

    def _logits(self, member, X):
        """What is scaled: decisions, minus and plus them for two classes, or log probabilities."""
        if not hasattr(member.estimator, "decision_function"):
            return member.log_proba(X)
        decisions, pull = member.decision(X)
        if decisions.shape[1] > 1:
            return decisions, pull
        return np.hstack([-decisions, decisions]), lambda cotangent: pull(
            cotangent.through(lambda values: values[:, 1:] - values[:, :1])
        )
