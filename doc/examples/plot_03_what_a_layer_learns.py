"""
What a hidden layer learns
==========================

Each hidden unit stands for one class from the start: its association. Does it come to look for
that class? Weights and activities tell.
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
# One row a class, one image a unit. Red pixels drive the unit where they are bright, blue ones
# where they are dark. Several receptive fields see each pixel; the images show the sum of what
# they do over the whole range of the pixel.

display = WeightMapDisplay.from_estimator(network, image_shape=(8, 8))
display.figure_.set_size_inches(5.5, 8)

# %%
# Some units have become detectors of a way to write their digit. Others are still near their
# random start: in each class the competition lets few units learn from a sample.
#
# Activity by class
# -----------------
#
# The mean rate of each unit on test images of each class. Units are in the order of the class
# they stand for, so a network that keeps its associations shows a staircase.

display = ActivityDisplay.from_estimator(network, X_test, y_test)

# %%
# The same network with backpropagation has no associations. Its units answer to mixtures of
# classes, and only the output tells them apart:

reference = BPClassifier((50,), random_state=0).fit(X_train, y_train)
display = ActivityDisplay.from_estimator(reference, X_test, y_test)
