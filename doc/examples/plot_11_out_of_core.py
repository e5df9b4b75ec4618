"""
Data that come in pieces
========================

`partial_fit` runs one epoch on its samples, and continues from the network as it is. So a network
can learn from data that do not fit into memory, or that are not complete yet.
"""

import numpy as np
from matplotlib import pyplot
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skstdp import BPClassifier, STDPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)


def stream(n_pieces, n_rows=100):
    """Pieces of images that never come twice: shifted by up to a pixel, with noise."""
    rng = np.random.default_rng(0)
    for _ in range(n_pieces):
        rows = rng.integers(len(X_train), size=n_rows)
        images = X_train[rows].reshape(-1, 8, 8)
        images = [np.roll(image, rng.integers(-1, 2, size=2), axis=(0, 1)) for image in images]
        images = np.reshape(images, (n_rows, 64)) + rng.normal(0, 0.1, (n_rows, 64))
        yield images.clip(0, 1), y_train[rows]


# %%
# The first call needs all labels that any call will have. It also determines the encoding of the
# features as rates, so if the first piece may not span their range, scale them beforehand; here
# they are in [0, 1]. With `receptive_fields="auto"` ranks would be determined from the first
# piece, which has 100 images; with a number of receptive fields there are no ranks. The user guide
# shows pieces of files and the memory that they take: :doc:`/user_guide/large_data`.

figure, ax = pyplot.subplots(figsize=(6.4, 4.2), layout="constrained")
for classifier, style in ((STDPClassifier, "-"), (BPClassifier, "--")):
    network = classifier(
        (50,),
        rate_encoding="none",
        receptive_fields=2,
        learning_rate_init=0.5,
        random_state=0,
    )
    scores = []
    for images, labels in stream(300):
        network.partial_fit(images, labels, classes=np.arange(10))
        scores.append(network.score(X_test, y_test))
    ax.plot(100 * np.arange(1, 301), scores, style, label=classifier.__name__)
    print(f"{classifier.__name__}: {scores[-1]:.3f} on test images")
ax.set(xlabel="Images seen, each once", ylabel="Accuracy on test images", ylim=(0, 1))
ax.grid(alpha=0.3)
_ = ax.legend()

# %%
# The local rule improves later. Both curves fluctuate: `partial_fit` does not know the last epoch,
# so the step size does not change, while in `fit` it falls to zero and the weights stop changing.
