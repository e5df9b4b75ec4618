"""Models on the same splits of the same tasks, without and with attack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.model_selection import RepeatedStratifiedKFold

from .._robustness._scorers import FGSMScorer
from .._robustness._threat_model import size_of, sizes
from ..datasets._tasks import Task
from ._checks import check_class_sizes, check_integers, check_models, checked_tasks
from ._comparison import Comparison
from ._configurations import default_classifiers
from ._fits import Fit, run_fits, seeded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.random import RandomState


EPSILONS = (4 / 255, 8 / 255, 12 / 255)


def compare(
    tasks: Sequence[Task],
    *,
    estimators: Mapping | Callable | None = None,
    scorers: Sequence | None = None,
    epsilons: float | Sequence[float] = EPSILONS,
    n_splits: int = 5,
    n_repeats: int = 4,
    n_seeds: int = 5,
    curves: bool = True,
    random_state: int | RandomState | None = 0,
    n_jobs: int = 1,
    path: str | Path | None = None,
    fresh: bool = False,
    progress: Callable | None = None,
    verbose: bool | int = False,
) -> Comparison:
    """Compare models on tasks, without and with attack.

    The comparison is paired: on each split every model trains on the same samples and with the
    same `random_state`. The splits of a task with fixed test rows differ in `random_state`
    alone; other tasks are cross-validated. Features are scaled to [0, 1] by their range in the
    training rows, and values of the test rows outside it are clipped; fixed rows that lie in
    [0, 1] are taken as they are. The attack acts on these rates.

    Parameters
    ----------
    tasks : iterable of Task
        Tasks to classify, of different names.
    estimators : dict of str to classifier, or callable, default=None
        Models by name, ours or any other scikit-learn classifiers. They are cloned, and their
        `random_state` is set for each split. A callable, such as `paper_classifiers`, takes a
        task and returns the models for it. None compares both networks with their default
        parameters, as "STDP" and "BP".
    scorers : sequence of scorers, default=None
        Attacks, such as FGSMScorer(8 / 255): each has a name in its attribute `attack`, and an
        `epsilon` >= 0. None takes FGSM at `epsilons`. The accuracy without attack is always
        added. A model of another kind than ours that a scorer refuses, as trees that have no
        gradient, has no row for it; a warning names the model and the reason.
    epsilons : float or sequence of float, default=(4 / 255, 8 / 255, 12 / 255)
        Sizes of the FGSM perturbation in rate units, in [0, 1]; ignored if `scorers` are given.
    n_splits : int, default=5
        Number of folds, >= 2.
    n_repeats : int, default=4
        Number of divisions into folds, >= 1.
    n_seeds : int, default=5
        Number of fits on a task with fixed test rows, >= 1; it has no folds.
    curves : bool, default=True
        Measure the accuracy on the test rows after each epoch.
    random_state : int, default=0
        Draws the folds and the `random_state` of the models, >= 0.
    n_jobs : int, default=1
        Number of models that train at the same time; -1 for one per processor. The result does
        not depend on it.
    path : str or path-like, default=None
        Folder that keeps the result of each fit as soon as it is done, one file of JSON each;
        made if it does not exist. Fits that are there from an earlier call are not done again,
        if nothing has changed that determines them: parameters, rows, seed, scorers and the
        version of the package. Experiments may share a folder.
    fresh : bool, default=False
        Do all fits, and remove the earlier results of them at `path`, as after a change of
        code. Other results stay there.
    progress : callable, default=None
        Takes the list of fits to do and returns an iterator over it, as `tqdm.tqdm` and
        `rich.progress.track` do. None shows nothing.
    verbose : bool, default=False
        Report on stderr how many fits were found at `path`.

    Returns
    -------
    result : Comparison
        The data frames `scores` and `curves`.

    Raises
    ------
    ValueError
        If there is no task or two have the same name, a class has fewer than `n_splits`
        samples, a model stops early, two scorers make the same attack, one has another metric
        than accuracy or a number is out of its range. All this is checked before the first fit.
    TypeError
        If a model is no classifier or a scorer has no `attack` or `epsilon`.
    OSError
        If the folder at `path` cannot be written to.

    Warns
    -----
    UserWarning
        If a scorer refuses a model.

    See Also
    --------
    summarise : Mean and spread of the scores.
    paper_classifiers : The networks as in the paper.
    FGSMScorer : The attack.
    PGDScorer : A stronger one.

    Examples
    --------
    >>> from skstdp import STDPClassifier
    >>> from skstdp.benchmarks import compare
    >>> from skstdp.datasets import load_tasks
    >>> models = {"STDP": STDPClassifier(max_iter=20)}
    >>> result = compare(load_tasks("iris")[:1], estimators=models, n_splits=2, n_repeats=1)
    >>> list(result.scores)
    ['task', 'model', 'split', 'attack', 'epsilon', 'accuracy', 'one_class', 'majority']
    >>> len(result.scores)
    8
    >>> list(result.curves), len(result.curves)
    (['task', 'model', 'split', 'epoch', 'train_accuracy', 'test_accuracy'], 40)
    """
    if scorers is None:
        # All models see features in [0, 1], or else an epsilon would not mean the same for them.
        epsilons = sorted({*sizes(epsilons, of_rates=True, may_be_empty=True)})
        scorers = [FGSMScorer(epsilon, bounds=(0, 1)) for epsilon in epsilons]
    attacks = attacks_of(scorers)
    folds = n_splits, n_repeats, n_seeds, random_state
    fits = _plan(checked_tasks(tasks), estimators, attacks, *folds)
    options = {"n_jobs": n_jobs, "path": path, "progress": progress, "verbose": verbose}
    scores, curves = run_fits(fits, curves=curves, fresh=fresh, **options)
    return Comparison(scores=scores, curves=curves)


def attacks_of(scorers):
    """Return the scorers by name and size of the attack, in the order given."""
    attacks = {}
    for scorer in [scorers] if hasattr(scorers, "attack") else scorers:
        if not (hasattr(scorer, "attack") and hasattr(scorer, "epsilon")):
            raise TypeError(
                f"Got {scorer!r} among the scorers, but expected attacks with a name and an "
                "epsilon, such as FGSMScorer(8 / 255)."
            )
        metric = getattr(scorer, "metric", "accuracy")
        if metric != "accuracy":
            raise ValueError(
                f"Got a scorer with metric={metric!r}, but expected metric='accuracy', as the "
                "table of scores has it."
            )
        attack = (scorer.attack, size_of(scorer))
        if attack in attacks:
            raise ValueError(
                f"Got two scorers for {attack[0]} at epsilon={attack[1]:.6g}, but expected one."
            )
        attacks[attack] = scorer
    # Its row is there anyway, as that without attack.
    return {attack: scorer for attack, scorer in attacks.items() if attack[1] > 0}


def _plan(tasks, estimators, attacks, n_splits, n_repeats, n_seeds, random_state):
    """List all fits, in the order in which to do them."""
    if estimators is None:
        estimators = default_classifiers()
    check_integers(1, n_seeds=n_seeds, n_repeats=n_repeats)
    folds = RepeatedStratifiedKFold(
        n_splits=n_splits, n_repeats=n_repeats, random_state=random_state
    )
    n_seeds_drawn = max(folds.get_n_splits(), n_seeds)
    seeds = np.random.RandomState(random_state).randint(2**31 - 1, size=n_seeds_drawn)
    fits = []
    for task in tasks:
        models = estimators(task) if callable(estimators) else estimators
        check_models(models)
        if task.X_test is None:
            check_class_sizes(task, n_splits)
            splits = folds.split(task.X, task.y)
        else:
            splits = [(None, None)] * n_seeds
        for split, (train, test) in enumerate(splits):
            fits += [
                Fit(task, model, split, seeded(estimator, int(seeds[split])), train, test, attacks)
                for model, estimator in models.items()
            ]
    return fits
