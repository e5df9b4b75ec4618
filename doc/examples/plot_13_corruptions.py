"""
Noise, blur and missing pixels
==============================

No attacker chooses a corruption, and every classifier can be measured under it. Four of them read
digits here that are noisy, dark, turned or incomplete. None was trained on such images.
"""

from matplotlib import pyplot
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skstdp import BPClassifier, CorruptionDisplay, STDPClassifier, corrupt

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=0.6, random_state=0)

# %%
# One digit under each corruption, at a large size:

sizes = {
    "gaussian noise": 0.26,
    "missing as minimum": 0.6,
    "contrast": 0.8,
    "brightness": 0.4,
    "dimming": 0.8,
    "blur": 0.8,
    "rotation": 30,
    "shift": 1,
}
figure, axes = pyplot.subplots(1, 9, figsize=(9, 1.6), layout="constrained")
images = {"none": X_test[:1]}
for name, size in sizes.items():
    images[name] = corrupt(X_test[:1], name, size, image_shape=(8, 8), reference=X_train)
for ax, (name, image) in zip(axes, images.items(), strict=True):
    ax.imshow(image.reshape(8, 8), cmap="gray", vmin=0, vmax=16)
    ax.set_title(name.replace(" as ", "\nas ").replace("ssian ", "ssian\n"), fontsize="small")
    ax.set_axis_off()

# %%
# Accuracy against the severity. The first point of each line is without corruption, the dotted
# line is the score of the largest class for all.

models = {
    "STDPClassifier": STDPClassifier(random_state=0),
    "BPClassifier": BPClassifier(random_state=0),
    "LogisticRegression": make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=500)),
    "RandomForestClassifier": RandomForestClassifier(random_state=0),
}
for model in models.values():
    model.fit(X_train, y_train)
options = {"image_shape": (8, 8), "reference": X_train}
display = CorruptionDisplay.from_estimator(models, X_test, y_test, **options)

# %%
# Means over the severities:

print(display.summary().round(2).T.to_string())
