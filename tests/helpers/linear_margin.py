"""A linear margin, of which all that attacks look for is known exactly."""

import numpy as np
from scipy.optimize import linprog


class Linear:
    """Margin w @ x + b of class 1, and its negative of class 0; everything is known exactly."""

    def __init__(self, weights, bias):
        self.weights = np.asarray(weights, dtype=float)
        self.bias = bias
        self.n_rows_asked = 0

    def margin_and_gradient(self, rates, y):
        self.n_rows_asked += len(rates)
        sign = np.where(y == 1, 1, -1)
        gradient = (sign[:, np.newaxis] * self.weights).astype(rates.dtype)
        return sign * (rates @ self.weights + self.bias), gradient

    def margin_gradient(self, rates, y):
        return self.margin_and_gradient(rates, y)[1]

    def predict(self, rates):
        self.n_rows_asked += len(rates)
        return (rates @ self.weights + self.bias > 0).astype(int)

    def is_adversarial(self, rates, y):
        return self.predict(rates) != y

    def smallest_margin(self, rates, y, epsilon):
        """Each feature goes by itself to the end of its interval that lowers the margin."""
        margins = []
        for row, label in zip(rates, y, strict=True):
            sign = 1 if label == 1 else -1
            margin = sign * self.bias
            for x, w in zip(row, sign * self.weights, strict=True):
                margin += min(w * max(x - epsilon, 0), w * min(x + epsilon, 1))
            margins.append(margin)
        return np.array(margins)


def linear_distance(row, weights, margin, epsilon, norm, low=0.0, high=1.0):
    """Least norm of a move, in units of epsilon, at which a linear margin is zero in the bounds.

    By linear programming, or in the Euclidean norm by halving the multiplier of the margin.
    """
    moving = epsilon > 0
    room = np.where(weights > 0, row - low, high - row)[moving] / epsilon[moving]
    slopes = np.abs(weights * epsilon)[moving]
    if margin <= 0:
        return 0.0
    if (slopes * room).sum() < margin:
        return np.inf
    if norm == "l2":
        smallest, largest = 0.0, 1e9
        for _ in range(200):
            factor = (smallest + largest) / 2
            move = np.minimum(factor * slopes, room)
            enough = slopes @ move >= margin
            smallest, largest = (smallest, factor) if enough else (factor, largest)
        return float(np.linalg.norm(move))
    n = len(slopes)
    if norm == "l1":
        cost, bounds = np.ones(n), list(zip(np.zeros(n), room, strict=True))
        found = linprog(cost, A_ub=[-slopes], b_ub=[-margin], bounds=bounds)
    else:
        # The largest move is one variable more.
        rows = np.vstack([np.append(-slopes, 0), np.column_stack([np.eye(n), -np.ones(n)])])
        bounds = [*zip(np.zeros(n), room, strict=True), (0, None)]
        found = linprog(np.eye(n + 1)[-1], rows, np.append(-margin, np.zeros(n)), bounds=bounds)
    return found.fun
