"""
Immutable and categorical features
==================================

An adversarial row that cannot exist shows nothing. Here an attack on a classifier of loan
applications may change what an applicant can change, and every attacked row is a possible one.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skstdp import attack_table, pgd

rng = np.random.default_rng(0)
n = 600
work = rng.choice(["employed", "retired", "self-employed"], n)
loans = pd.DataFrame(
    {
        "age": rng.integers(18, 75, n),
        "income": rng.gamma(8, 5, n).round(1),
        "rooms": rng.integers(1, 7, n),
    }
)
loans = loans.join(pd.get_dummies(work, prefix="work", dtype=float))
worth = (
    loans["income"] / 15 + loans["rooms"] / 3 + 0.8 * loans["work_employed"] - loans["age"] / 40
)
y = np.where(worth + rng.normal(0, 0.3, n) > 2.7, "paid", "failed")
train, test = slice(0, 300), slice(300, None)
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(loans[train], y[train])
print(f"Accuracy on test rows: {model.score(loans[test], y[test]):.3f}")

# %%
# Three ways to say what an attacker may do, in the units of the columns. The last one leaves the
# age as it is, keeps rooms whole numbers from 1 to 6, and the kind of work one-hot.

kinds = [name for name in loans if name.startswith("work")]
sizes = {"income": 4.0, "rooms": 1.0, "age": 8.0, **dict.fromkeys(kinds, 1.0)}
valid = {"bounds": {"income": (0, np.inf), "rooms": (1, 6)}, "one_hot": [kinds]}
threats = {
    "anything": {},
    "age immutable": {"immutable": ["age"]},
    "possible rows": {"immutable": ["age"], **valid},
}
accuracies = {"no attack": model.score(loans[test], y[test])}
for name, options in threats.items():
    attacked = pgd(model, loans[test], y[test], epsilon=sizes, space="input", **options)
    accuracies[name] = model.score(attacked, y[test])
figure, ax = pyplot.subplots(figsize=(6.4, 2.6), layout="constrained")
bars = ax.barh(list(accuracies), list(accuracies.values()), color="#0072B2")
ax.bar_label(bars, fmt="%.2f", padding=3)
ax.set(xlabel="Accuracy", xlim=(0, 1.1))
ax.invert_yaxis()

# %%
# The attacked rows have the columns and types of the table that was given:

options = threats["possible rows"]
attacked = pgd(model, loans[test], y[test], epsilon=sizes, space="input", **options)
assert (attacked.dtypes == loans.dtypes).all()
assert (attacked[kinds].sum(axis=1) == 1).all()
flipped = model.predict(attacked) != model.predict(loans[test])
print("before\n", loans[test][flipped].head(3).to_string(), "\n")
print("after\n", attacked[flipped].head(3).round(1).to_string())

# %%
# And how much of these sizes it takes to flip each applicant. The rows at zero are told wrong
# without attack; those that no possible change flips are in the bar on the right.

table = attack_table(model, loans[test], y[test], epsilon=sizes, space="input", **options)
share = table["distance"] / max(sizes.values())
figure, ax = pyplot.subplots(figsize=(6.4, 3), layout="constrained")
ax.hist(np.minimum(share, 1.1), bins=np.arange(0, 1.21, 0.05), color="#0072B2")
ax.set(xlabel="Share of the largest attack that flips a row (1.1: none)", ylabel="Rows")
ax.grid(alpha=0.3)
