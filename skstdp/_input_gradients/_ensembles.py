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
    expect,
    expect_one_label,
    no_gradient,
    second_minus_first,
)
from ._decisions import class_scores, log_softmax_and_pull
from ._linear import one_against_rest
from ._scaled_rows import ScaledRows, add_rows, chain, pull_by
from ._votes import hard_votes, mean_log_proba, scores_of_pairs

# In place of minus infinity, whose differences are no numbers.
_NEVER = -1e300


def _logits(members):
    """One column per member of two classes, and their pullback.

    Parameters
    ----------
    members : iterable of (scores, pull)
    """
    columns, pulls = zip(*[second_minus_first(*member) for member in members], strict=True)
    return np.hstack(columns), lambda cotangent: add_rows(
        [
            pull(cotangent.through(lambda values, k=k: values[:, k : k + 1]))
            for k, pull in enumerate(pulls)
        ]
    )


class _Composed(Adapter):
    """An ensemble, defined where all of its members are, which clips what all of them clip."""

    def _adapt(self, members):
        self._members = [adapter_of(member) for member in members]
        lows, highs = zip(*[member.box for member in self._members], strict=True)
        self.box = reduce(np.maximum, lows), reduce(np.minimum, highs)
        lows, highs = zip(*[member.unclipped for member in self._members], strict=True)
        self.unclipped = reduce(np.minimum, lows), reduce(np.maximum, highs)


class _Average(_Composed):
    """Means of probabilities, whose logarithms are the class scores, or else votes.

    Where saturated members disagree there are ties, which rounding breaks in another way than
    `predict` does.
    """

    decides = scores_are_decisions = False
    _soft = True

    def log_proba(self, X):
        if not self._soft:
            raise no_gradient(self.estimator, "probabilities")
        return self.vjp(X)


@adapts(VotingClassifier)
class _Voting(_Average):
    def __init__(self, estimator):
        super().__init__(estimator)
        self._adapt(estimator.estimators_)
        weights = estimator._weights_not_none
        self._weights = np.ones(len(self._members)) if weights is None else np.array(weights)
        self._soft = estimator.voting == "soft"

    def vjp(self, X):
        if self._soft:
            return mean_log_proba([member.log_proba(X) for member in self._members], self._weights)
        return hard_votes([member.vjp(X) for member in self._members], self._weights)


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
        # What no member sees has no effect at any value.
        low, high = np.outer((np.inf, -np.inf), np.ones(estimator.n_features_in_))
        for member, features in zip(self._members, estimator.estimators_features_, strict=True):
            low[features] = np.minimum(low[features], member.unclipped[0])
            high[features] = np.maximum(high[features], member.unclipped[1])
        self.unclipped = low, high

    def vjp(self, X):
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
        scores, pull = (member.log_proba if self._soft else member.vjp)(X[:, features])
        # Members know the classes by number, and maybe not all of them.
        known = np.asarray(member.estimator.classes_, dtype=int)
        full = np.full((len(X), self.estimator.n_classes_), _NEVER)
        full[:, known] = scores

        def scatter(values):
            gradient = np.zeros(X.shape)
            np.add.at(gradient, (slice(None), features), values)
            return gradient

        return full, chain(pull_by(scatter), pull, pull_by(lambda values: values[:, known]))


@adapts(OneVsRestClassifier)
class _OneVsRest(_Composed):
    def __init__(self, estimator):
        super().__init__(estimator)
        expect_one_label(estimator)
        self._adapt(estimator.estimators_)
        self.scores_are_decisions = hasattr(estimator, "decision_function")

    def vjp(self, X):
        logits, pull = _logits(member.vjp(X) for member in self._members)
        scores, through = class_scores(logits)
        return scores, chain(pull, through)

    def log_proba(self, X):
        members = [member.log_proba(X) for member in self._members]
        return members[0] if len(members) == 1 else one_against_rest(*_logits(members))


@adapts(_ConstantPredictor)
class _Constant(Adapter):
    """Stand-in of OneVsRestClassifier for a class of no sample or of every sample.

    Its class scores are such that no probability can exceed them.
    """

    def vjp(self, X):
        always = float(np.ravel(self.estimator.y_)[0])
        half = np.full((len(X), 1), (always - 0.5) * -_NEVER)
        return np.hstack([-half, half]), lambda cotangent: ScaledRows.of(np.zeros(np.shape(X)))


@adapts(OneVsOneClassifier)
class _OneVsOne(_Composed):
    """Votes of one member per pair of classes, and their certainty."""

    def __init__(self, estimator):
        super().__init__(estimator)
        expect(estimator, "pairwise_indices_", estimator.pairwise_indices_, None)
        self._adapt(estimator.estimators_)
        # With two classes, decision_function has the vote in it.
        self.scores_are_decisions = estimator.n_classes_ > 2
        self._by_decision = hasattr(estimator.estimators_[0], "decision_function")

    def vjp(self, X):
        X = validate_data(self.estimator, X, reset=False)
        logits, pull = _logits(member.vjp(X) for member in self._members)
        if logits.shape[1] == 1:
            scores, through = class_scores(logits)
        elif self._by_decision:
            scores, through = scores_of_pairs(logits > 0, logits)
        else:
            # The confidence is the probability of the second class.
            scores, from_pairs = scores_of_pairs(logits > 0, expit(logits))
            log_slopes = log_expit(logits) + log_expit(-logits)
            through = chain(lambda cotangent: cotangent.times_exp(log_slopes), from_pairs)
        return scores, chain(pull, through)


# Of the mean slope of a calibrator, where it is flat: the decision below it still has a direction,
# and a slope that is not flat outweighs it.
_FLAT = 1e-9


def _isotonic(calibrators, response, pull):
    """Log probabilities by steps and ramps that rise with the response, and their pullback."""
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
        return log_proba, chain(pull, pull_by(lambda values: values * slopes_of_logs), through)
    others, slopes_of_others = log_and_slope(1 - p, slopes)
    difference = pull_by(
        lambda values: values[:, 1:] * slopes_of_logs - values[:, :1] * slopes_of_others
    )
    return np.hstack([others, logs]), chain(pull, difference)


@adapts(CalibratedClassifierCV)
class _Calibrated(_Average):
    def __init__(self, estimator):
        super().__init__(estimator)
        self._adapt([member.estimator for member in estimator.calibrated_classifiers_])

    def vjp(self, X):
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
            return log_proba, chain(pull, pull_by(lambda values: beta * values), through)
        response, pull = self._response(member, X)
        if self.estimator.method == "isotonic":
            return _isotonic(calibrators, response, pull)
        slope = -np.array([calibrator.a_ for calibrator in calibrators])
        logits = slope * response - [calibrator.b_ for calibrator in calibrators]
        pull = chain(pull, pull_by(lambda values: slope * values))
        if n_classes > 2:
            return one_against_rest(logits, pull)
        scores, to_logits = class_scores(logits)
        log_proba, through = log_softmax_and_pull(scores)
        return log_proba, chain(pull, to_logits, through)

    def _response(self, member, X):
        """Input of the calibrators: decisions, or else probabilities (of the second of two)."""
        if hasattr(member.estimator, "decision_function"):
            return member.decision(X)
        log_proba, pull = member.log_proba(X)
        pull = chain(pull, lambda cotangent: cotangent.times_exp(log_proba))
        if log_proba.shape[1] > 2:
            return np.exp(log_proba), pull
        second = pull_by(lambda values: np.hstack([np.zeros_like(values), values]))
        return np.exp(log_proba[:, 1:]), chain(pull, second)

    def _logits(self, member, X):
        """Scaled values: decisions, minus and plus them for two classes, or log probabilities."""
        if not hasattr(member.estimator, "decision_function"):
            return member.log_proba(X)
        decisions, pull = member.decision(X)
        if decisions.shape[1] > 1:
            return decisions, pull
        difference = pull_by(lambda values: values[:, 1:] - values[:, :1])
        return np.hstack([-decisions, decisions]), chain(pull, difference)
