"""Naive twins of the package's kernels: one scalar at a time, as the formulas are printed."""

import math

import numpy as np


def stdp_synapse(x, p, z, stdp_epsilon):
    """Equation 3 for one synapse and one sample, without the step size."""
    return z * (x**3 * p * (x - p)) / ((2 * p - x) ** 2 + stdp_epsilon)


def stdp_update(pre, post, association, stdp_epsilon):
    """Equation 3 summed over the samples, for the weights and for the biases."""
    n_samples, n_pre = pre.shape
    n_post = post.shape[1]
    coef_update = np.zeros((n_pre, n_post))
    intercept_update = np.zeros(n_post)
    for j in range(n_post):
        for i in range(n_pre):
            coef_update[i, j] = math.fsum(
                stdp_synapse(pre[s, i], post[s, j], association[s, j], stdp_epsilon)
                for s in range(n_samples)
            )
        intercept_update[j] = math.fsum(
            stdp_synapse(1.0, post[s, j], association[s, j], stdp_epsilon)
            for s in range(n_samples)
        )
    return coef_update, intercept_update


def sigmoid(drive):
    """Logistic function of one number."""
    return 1 / (1 + math.exp(-drive))


def logits(row, coefs, intercepts):
    """Logits of the output units for one sample."""
    rates = list(row)
    for layer, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True)):
        drive = [
            sum(rates[i] * coef[i, j] for i in range(len(rates))) + intercept[j]
            for j in range(len(intercept))
        ]
        rates = drive if layer == len(coefs) - 1 else [sigmoid(d) for d in drive]
    return rates


def cross_entropy(X, y, sample_weight, coefs, intercepts):
    """Weighted cross-entropy: binary for one output unit, categorical for more."""
    total = 0.0
    for row, label, weight in zip(X, y, sample_weight, strict=True):
        outputs = logits(row, coefs, intercepts)
        if len(outputs) == 1:
            probability = sigmoid(outputs[0] if label == 1 else -outputs[0])
        else:
            exponentials = [math.exp(output) for output in outputs]
            probability = exponentials[label] / sum(exponentials)
        total -= weight * math.log(probability)
    return total


def margin(outputs, label):
    """Logit of the true class minus the largest other."""
    if len(outputs) == 1:
        return outputs[0] if label == 1 else -outputs[0]
    return outputs[label] - max(o for k, o in enumerate(outputs) if k != label)


def numerical_gradient(function, array, step=1e-6):
    """Central finite differences of a function of nothing, entry by entry of an array."""
    gradient = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + step
        above = function()
        array[index] = kept - step
        below = function()
        array[index] = kept
        gradient[index] = (above - below) / (2 * step)
    return gradient


def compete(scores, association, positive_number, negative_number):
    """Association of one sample after competition: losers get 0, and the sides balance."""
    winners = {
        sign: sorted(
            (j for j in range(len(scores)) if association[j] * sign > 0), key=lambda j: -scores[j]
        )[:number]
        for sign, number in ((1, positive_number), (-1, negative_number))
    }
    gain = sum(association[j] for j in winners[1])
    loss = -sum(association[j] for j in winners[-1])
    after = [0.0] * len(scores)
    for j in winners[1]:
        after[j] = association[j]
    for j in winners[-1]:
        after[j] = association[j] * (gain / loss if gain else 1)
    return after


def lead(rates, association):
    """Of the most active unit with a positive association over the most active other one.

    Where no unit is on one side, it is as active as the other side is not.
    """
    right = [rate for rate, z in zip(rates, association, strict=True) if z > 0]
    wrong = [rate for rate, z in zip(rates, association, strict=True) if z < 0]
    right, wrong = right or [1 - max(wrong)], wrong or [1 - max(right)]
    return max(right) - max(wrong)


def match_probabilities(post, y):
    """Associations of output units that weigh the classes by their activity."""
    association = np.empty_like(post)
    for s, rates in enumerate(post):
        total = math.fsum(rates)
        for k, rate in enumerate(rates):
            association[s, k] = (total - rate) / (rate * total) if k == y[s] else -1 / total
    return association


def updates_by_feedback(X, y, sample_weight, coefs, intercepts, feedback_coefs, feedback):
    """Pairs of the updates of weights and biases, one per layer, averaged by weight.

    Errors come to unit i of a hidden layer from unit k of the layer above, or of the output, by
    `feedback_coefs[layer][k, i]`.
    """
    updates = [
        (np.zeros_like(coef, dtype=float), np.zeros(len(intercept)))
        for coef, intercept in zip(coefs, intercepts, strict=True)
    ]
    for row, label, weight in zip(X, y, sample_weight, strict=True):
        rates = [list(row)]
        for coef, intercept in zip(coefs, intercepts, strict=True):
            pre = rates[-1]
            rates.append(
                [
                    sigmoid(sum(pre[i] * coef[i, j] for i in range(len(pre))) + intercept[j])
                    for j in range(len(intercept))
                ]
            )
        outputs = logits(row, coefs, intercepts)
        if len(outputs) == 1:
            output_error = [label - sigmoid(outputs[0])]
        else:
            total = sum(map(math.exp, outputs))
            output_error = [(k == label) - math.exp(o) / total for k, o in enumerate(outputs)]
        error = output_error
        for layer in reversed(range(len(coefs))):
            coef_update, intercept_update = updates[layer]
            share = weight / sum(sample_weight)
            for j, delta in enumerate(error):
                intercept_update[j] += share * delta
                for i, rate in enumerate(rates[layer]):
                    coef_update[i, j] += share * rate * delta
            if layer == 0:
                break
            source = output_error if feedback == "direct" else error
            matrix, coef = feedback_coefs[layer - 1], coefs[layer]
            error = []
            for i, rate in enumerate(rates[layer]):
                signs = np.sign(coef[i]) if feedback.startswith("sign") else np.ones(len(source))
                received = sum(source[k] * matrix[k, i] * signs[k] for k in range(len(source)))
                error.append(received * rate * (1 - rate))
    return updates
