"""
Immutable and categorical features
==================================

An adversarial row that cannot exist proves nothing. In this example an attack on a classifier of
loan applications changes only what an applicant can change, and every attacked row is a possible
one.
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
# Three threat models, in the units of the columns. In the last one the age does not change, rooms
# stay whole numbers from 1 to 6, and the kind of work stays one-hot.

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
# The attacked rows have the columns and dtypes of the given table:

options = threats["possible rows"]
attacked = pgd(model, loans[test], y[test], epsilon=sizes, space="input", **options)
assert (attacked.dtypes == loans.dtypes).all()
assert (attacked[kinds].sum(axis=1) == 1).all()
flipped = model.predict(attacked) != model.predict(loans[test])
print("before\n", loans[test][flipped].head(3).to_string(), "\n")
print("after\n", attacked[flipped].head(3).round(1).to_string())

# %%
# The share of these sizes that is needed to change the prediction for each applicant. Rows at zero
# are misclassified without attack; rows whose prediction no possible change alters are in the bar
# on the right.

table = attack_table(model, loans[test], y[test], epsilon=sizes, space="input", **options)
share = table["distance"] / max(sizes.values())
figure, ax = pyplot.subplots(figsize=(6.4, 3), layout="constrained")
ax.hist(np.minimum(share, 1.1), bins=np.arange(0, 1.21, 0.05), color="#0072B2")
ax.set(xlabel="Share of the largest attack that flips a row (1.1: none)", ylabel="Rows")
ax.grid(alpha=0.3)
