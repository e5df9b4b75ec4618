"""Margins in the forms that attacks ask for, of a function that returns margins and gradient."""

import numpy as np

from skstdp._attacks._apgd import apgd
from skstdp._attacks._decision_boundary import boundary
from skstdp._attacks._fab import fab
from skstdp._attacks._square import square

ATTACKS = ("apgd", "fab", "square", "boundary")


def run(attack, points, y, margins_and_gradient, ball, *, budget=1, starts=None, seed=0):
    """Points of one of the attacks; with a budget of 1 it is fast and not strong."""

    def objective(points, y):
        margins, gradient = margins_and_gradient(points, y)
        return margins, gradient, margins < 0

    def margins(points, y):
        values, _, fooled = objective(points, y)
        return values, fooled

    def is_adversarial(points, y):
        return margins_and_gradient(points, y)[0] < 0

    if attack == "apgd":
        return apgd(points, y, objective, ball, 20 * budget, 1 + budget, seed)
    if attack == "fab":
        return fab(points, y, objective, ball, 15 * budget, 1 + budget, seed)[0]
    if attack == "square":
        return square(points, y, margins, ball, 100 * budget, seed)
    return boundary(points, y, is_adversarial, starts, ball, 100 * budget, seed)


class SmallNet:
    """Margins of a network of one layer of sigmoids with fixed random weights."""

    def __init__(self, n_features, steepness=1.0, n_units=12, seed=0):
        rng = np.random.default_rng(seed)
        self.weights = rng.normal(size=(n_features, n_units)) * steepness
        self.bias = -self.weights.sum(axis=0) / 2
        self.out = rng.normal(size=n_units)

    def scores(self, points):
        units = 1 / (1 + np.exp(-(points @ self.weights + self.bias)))
        return (units - 0.5) @ self.out, units

    def labels(self, points):
        return np.where(self.scores(points)[0] > 0, 1, -1)

    def margins_and_gradient(self, points, y):
        scores, units = self.scores(points.astype(float))
        gradient = (units * (1 - units) * self.out) @ self.weights.T
        return y * scores, (y[:, np.newaxis] * gradient).astype(points.dtype)
