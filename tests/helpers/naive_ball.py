"""A ball checked row by row and feature by feature, apart from the package's arithmetic."""

import math


def in_ball(point, sample, epsilon, norm, low, high, groups=(), whole=(), slack=1e-5):
    """Whether a point is one that an attack on the sample may return."""
    sizes = []
    for k, (x, x0) in enumerate(zip(point, sample, strict=True)):
        x, x0, size = float(x), float(x0), float(epsilon[k])
        if not low[k] - 1e-12 <= x <= high[k] + 1e-12:
            return False
        if x != x0:
            if size == 0:
                return False
            sizes.append(abs(x - x0) / size)
        if k in whole and abs((x - x0) - round(x - x0)) > slack:
            return False
    for group in groups:
        if sorted(float(point[k]) for k in group) != [0.0] * (len(group) - 1) + [1.0]:
            return False
    length = {
        "linf": lambda: max(sizes, default=0.0),
        "l2": lambda: math.sqrt(sum(s * s for s in sizes)),
        "l1": lambda: sum(sizes),
    }[norm]()
    return length <= 1 + slack
