"""
What a hidden layer learns
==========================

Each hidden unit is associated with one class before training. Weights and activities show whether
it becomes a detector of that class.
"""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skstdp import ActivityDisplay, BPClassifier, STDPClassifier, WeightMapDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
network = STDPClassifier((50,), random_state=0).fit(X_train, y_train)
print(f"Accuracy on test data: {network.score(X_test, y_test):.3f}")

# %%
# Weights as images
# -----------------
#
# One row per class, one image per unit. A unit becomes more active if red pixels are bright and
# blue ones are dark. There are several receptive fields per pixel; the images show the sum of
# their effects over the whole range of the pixel.

display = WeightMapDisplay.from_estimator(network, image_shape=(8, 8))
display.figure_.set_size_inches(5.5, 8)

# %%
# Some units have become detectors of one way to write their digit. Others are still near their
# random start, because in each class only a few units, the winners, learn from a sample.
#
# Activity by class
# -----------------
#
# The mean rate of each unit on test images of each class. Units are in the order of the class
# that they stand for. If units follow their associations, active units form a diagonal.

display = ActivityDisplay.from_estimator(network, X_test, y_test)

# %%
# A network with backpropagation has no associations. Its hidden units are active for mixtures of
# classes, and only the output layer separates the classes:

reference = BPClassifier((50,), random_state=0).fit(X_train, y_train)
display = ActivityDisplay.from_estimator(reference, X_test, y_test)
