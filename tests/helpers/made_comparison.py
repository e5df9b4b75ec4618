"""Comparisons of made-up numbers, as large as a test of a report wants them."""

import numpy as np
import pandas as pd

MEASURES = ("balanced_accuracy", "roc_auc", "log_loss", "brier", "calibration_error")
TIMES = ("fit_time", "predict_time", "attack_time")


def made_frames(
    tasks=("iris",),
    models=("STDP", "BP", "forest", "svm"),
    *,
    n_splits=10,
    epsilons=(8 / 255, 16 / 255),
    attacks=("FGSM",),
    tuned=False,
    failures=False,
    one_class=None,
    seed=0,
):
    """Frames of a comparison by name, which hold what `compare` would have measured.

    The first model is the best, each further one 0.03 worse, on tables of 150 rows and three
    classes. The last model cannot be attacked if there are `failures`, and no fit of it succeeds
    on the last task. The model `one_class` predicts one class on every split.
    """
    draw = np.random.RandomState(seed)
    scores, settings, calibration, missing = [], [], [], []
    for at_task, task in enumerate(tasks):
        for at_model, model in enumerate(models):
            failed = failures and model == models[-1] and task == tasks[-1]
            for split in range(n_splits):
                key = {"task": task, "model": model, "split": split}
                common = {"one_class": model == one_class, "majority": 1 / 3}
                common |= {"n_train": 135, "n_test": 15}
                if failed:
                    row = {"attack": "none", "epsilon": 0.0}
                    reason = "ValueError: Input X contains NaN."
                    missing.append(key | row | {"measure": "fit", "reason": reason})
                    nothing = dict.fromkeys(("accuracy", *MEASURES, *TIMES), np.nan)
                    scores.append(key | row | nothing | common | {"one_class": False})
                    continue
                level = 0.95 - 0.03 * at_model - 0.01 * at_task
                accuracy = 1 / 3 if model == one_class else level + draw.uniform(-0.02, 0.02)
                further = {
                    name: accuracy if name in ("balanced_accuracy", "roc_auc") else 1 - accuracy
                    for name in MEASURES
                }
                times = dict(zip(TIMES, (0.1 * (1 + at_model), 0.001, np.nan), strict=True))
                row = {"attack": "none", "epsilon": 0.0, "accuracy": accuracy}
                scores.append(key | row | further | times | common)
                for attack in attacks:
                    for epsilon in epsilons:
                        row = {"attack": attack, "epsilon": epsilon}
                        if failures and model == models[-1]:
                            reason = f"{model} has no gradient."
                            missing.append(key | row | {"measure": "accuracy", "reason": reason})
                            continue
                        nothing = dict.fromkeys((*MEASURES, *TIMES), np.nan)
                        row |= {"accuracy": max(0, accuracy - 4 * epsilon), **nothing}
                        scores.append(key | row | {"attack_time": 0.01} | common)
                for place in range(3, 10):
                    confidence = place / 10 + 0.05
                    observed = min(1, confidence + 0.03 * at_model)
                    n = {"bin": place, "n": 2 + place % 2}
                    calibration.append(key | n | {"confidence": confidence, "accuracy": observed})
                if tuned and at_model:
                    parameters = {"C": 10.0 ** (split % 2), "kernel": "rbf"}
                    inner = {"inner_score": level + 0.001 * split}
                    settings.append(key | {"parameters": parameters} | inner)
    key = ["task", "model", "split"]
    return {
        "scores": pd.DataFrame(scores),
        "curves": pd.DataFrame(columns=[*key, "epoch", "train_accuracy", "test_accuracy"]),
        "settings": pd.DataFrame(settings, columns=[*key, "parameters", "inner_score"]),
        "calibration": pd.DataFrame(
            calibration, columns=[*key, "bin", "n", "confidence", "accuracy"]
        ),
        "missing": pd.DataFrame(missing, columns=[*key, "attack", "epsilon", "measure", "reason"]),
        "tasks": pd.DataFrame(
            {
                "task": list(tasks),
                "n_samples": 150,
                "n_features": 4,
                "n_classes": 3,
                "majority": 1 / 3,
                "n_test": 15,
                "preparation": "OneHotEncoder: colour; SimpleImputer: age, income",
                "notes": "column 'id' dropped; 3 gaps in 'age'",
            }
        ),
        "environment": {
            "versions": {"skstdp": "0.1.0", "scikit-learn": "1.9.1"},
            "platform": "Linux, 2 processors",
            "date": "2026-11-30 20:25",
            "duration": 125.0,
            "command": "skstdp benchmark " + " ".join(tasks),
            "question": "",
        },
    }
