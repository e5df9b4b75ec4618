"""Attack arithmetic on arrays: nothing here knows an estimator.

`_norm_balls` has the points that may be reached, and steps among them; `_gradient` and `_rays`
the attacks with and without a gradient; `_margins` the objective that they lower.
"""
