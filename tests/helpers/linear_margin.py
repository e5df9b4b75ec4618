"""A linear margin, of which all that attacks look for is known exactly."""

import numpy as np


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
