"""One attack to be made: a target, its points, and what may be reached from them."""

from copy import copy

import numpy as np

from .._attacks import _apgd, _decision_boundary, _fab, _gradient, _rays, _square
from .._attacks._margins import dlr_against


class AttackProblem:
    """A target, its points, their classes and the ball around them.

    Parameters
    ----------
    target : Target
    points : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,), dtype intp
        Class indices: the true ones, or with `targeted` those that the attack wants.
    ball : Ball
    targeted : bool, default=False
        Whether the attack is after a class, and not away from it.
    """

    def __init__(self, target, points, y, ball, targeted=False):
        self.target = target
        self.points = points
        self.y = y
        self.ball = ball
        self._sign = -1 if targeted else 1
        # Numbers of the samples in those of the target.
        self._samples = np.arange(len(points))
        # Samples that an attack may start from, also where it is on some of them.
        self._others = points

    @property
    def _rows(self):
        """Attacks work on some of the points at a time, by number."""
        return np.arange(len(self.points))

    def on(self, target):
        """An equal attack on another classifier."""
        return AttackProblem(target, self.points, self.y, self.ball)

    def select(self, kept):
        """The attack on some of the samples."""
        problem = copy(self)
        problem.points, problem.y = self.points[kept], self.y[kept]
        problem._samples = self._samples[kept]
        if len(self.ball.epsilon) > 1:
            problem.ball = copy(self.ball)
            problem.ball.epsilon = self.ball.epsilon[kept]
        return problem

    def shrunk(self, kept, shares):
        """The attack on some of the samples, each with a share of epsilon."""
        problem = self.select(kept)
        problem.ball = copy(problem.ball)
        problem.ball.epsilon = problem.ball.epsilon * shares[:, np.newaxis]
        return problem

    def softened(self, temperature):
        """The attack with softer slopes: see `Target.softened`."""
        problem = copy(self)
        problem.target = self.target.softened(temperature)
        return problem

    def gradient(self, points, rows):
        """Gradient of the attack objective: the margin, or its negative with `targeted`."""
        return self._sign * self.target.gradient(points, self.y[rows], self._samples[rows])

    def margins_and_gradient(self, points, rows):
        """Attack objective, negative only where the attack has succeeded, and its gradient."""
        margins, gradient = self.target.margins_and_gradient(
            points, self.y[rows], self._samples[rows]
        )
        return self._sign * margins, self._sign * gradient

    def margins(self, points, rows):
        """Margins of the true classes, and where the decision is another one; no gradient."""
        margins = self.target.margins(points, self.y[rows], self._samples[rows])
        return margins, margins < 0

    def rivals(self, most):
        """Other classes of each sample by falling score, at most so many columns."""
        scores = self.target.scores(self.points, self._samples).copy()
        scores[self._rows, self.y] = np.inf
        return np.argsort(-scores, axis=1, kind="stable")[:, 1 : most + 1]

    def is_adversarial(self, points, rows=None):
        """True where `predict` does not give the true class."""
        rows = self._rows if rows is None else rows
        predicted = self.target.predict(points, self._samples[rows])
        return predicted != self.target.estimator.classes_[self.y[rows]]

    def predict(self, points):
        """Labels of attacked samples."""
        return self.target.predict(points, self._samples)

    def fgsm(self, watch=None):
        """Points of the attack of one step; `watch` is called with the gradient."""

        def gradient(points, rows):
            slopes = self.gradient(points, rows)
            if watch is not None:
                watch(slopes)
            return slopes

        return _gradient.fgsm(self.points, self._rows, gradient, self.ball)

    def pgd(self, n_steps, n_restarts, step, random_state, *, early_stop=True, watch=None):
        """Points of the attack of many steps; `step` is in the units of epsilon, or None."""
        if watch is not None and self.ball.epsilon.any():
            watch(self.gradient(self.points, self._rows))
        largest = self.ball.epsilon.max(initial=0)
        share = 2.5 / n_steps if step is None or largest == 0 else step / largest
        return _gradient.pgd(
            self.points,
            self._rows,
            self.margins_and_gradient,
            self.ball,
            n_steps,
            n_restarts,
            share,
            random_state,
            early_stop=early_stop,
        )

    def random_signs(self, random_state):
        """Points of a step of full length in a random direction."""
        return _rays.random_signs(self.points, self.ball, random_state)

    def hard_label(self, n_queries, random_state):
        """Points of the attack that asks for decisions only."""
        return _rays.hard_label(
            self.points, self._rows, self.is_adversarial, self.ball, n_queries, random_state
        )

    def apgd(self, n_steps, n_restarts, random_state, rivals=None):
        """Points of Auto-PGD on the margin, or towards one class per sample."""

        def margins(points, rows):
            margins, gradient = self.margins_and_gradient(points, rows)
            return margins, gradient, margins < 0

        def towards(points, rows):
            return self.target.losses_and_gradient(
                points, self.y[rows], rivals[rows], dlr_against, self._samples[rows]
            )

        objective = margins if rivals is None else towards
        return _apgd.apgd(
            self.points, self._rows, objective, self.ball, n_steps, n_restarts, random_state
        )

    def fab(self, n_steps, n_restarts, random_state, rivals):
        """Points of the attack that looks for the nearest decision for one class per sample."""

        def margins_against(points, rows):
            return self.target.margins_against(
                points, self.y[rows], rivals[rows], self._samples[rows]
            )

        return _fab.fab(
            self.points, self._rows, margins_against, self.ball, n_steps, n_restarts, random_state
        )[0]

    def boundary(self, n_queries, random_state):
        """Points of the attack that walks along the decision boundary from other samples."""
        return _decision_boundary.boundary(
            self.points,
            self._rows,
            self.is_adversarial,
            self._others,
            self.ball,
            n_queries,
            random_state,
        )

    def square(self, n_queries, random_state):
        """Points of the random search that asks for margins only."""
        return _square.square(
            self.points, self._rows, self.margins, self.ball, n_queries, random_state
        )
