"""Attack arithmetic on arrays: nothing here knows an estimator.

`_norm_balls` has the points that may be reached, and steps among them, from the `_moves` that lie
along slopes; `_margins` has the objective that attacks lower.

Attacks differ in what they ask a classifier for:

| asked for | attacks |
|---|---|
| gradients | `_gradient` (FGSM, PGD), `_apgd` (steps of a length that adapts) |
| gradients at the scale of the margin | `_fab` (the nearest point of one class) |
| scores | `_square` (random changes) |
| decisions | `_rays` (maximum norm), `_decision_boundary` (any norm, from other samples) |
| nodes of trees | `_tree_attacks` (a tree, exactly), `_tree_search`, `_tree_splits` (sums) |

`_trees` holds nodes as intervals, and `_tree_reach` the distances to them.
"""
