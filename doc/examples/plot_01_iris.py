"""
Supervised STDP in three lines
==============================

A network learns the three species of IRIS by the local rule, without backpropagating an error.
"""

from sklearn.datasets import load_iris
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

from skstdp import STDPClassifier

X, y = load_iris(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
network = STDPClassifier(random_state=0).fit(X_train, y_train)

# %%
# Features need no scaling, because the network encodes them as rates. Labels may be of any
# type. All tools of scikit-learn for classifiers apply:

print(f"Accuracy on test data: {network.score(X_test, y_test):.3f}")
_ = ConfusionMatrixDisplay.from_estimator(
    network, X_test, y_test, display_labels=["setosa", "versicolor", "virginica"], cmap="Blues"
)
