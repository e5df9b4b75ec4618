"""Fitted estimators on disk carry the version of the package that made them."""

import warnings

from sklearn.exceptions import InconsistentVersionWarning

from . import _version


class OtherVersionWarning(InconsistentVersionWarning):
    """A saved estimator is from another version of this package."""

    def __str__(self):
        return (
            f"Got a {self.estimator_name} that version {self.original_sklearn_version} of skstdp "
            f"saved, but expected one of version {self.current_sklearn_version}. It may not work, "
            "or not as it did: fit it again, or load it with the version that saved it."
        )


class Versioned:
    """Estimator whose pickles say from which version they are, as scikit-learn's do."""

    def __getstate__(self):
        return super().__getstate__() | {"_skstdp_version": _version.__version__}

    def __setstate__(self, state):
        state = dict(state)
        version, ours = state.pop("_skstdp_version", "unknown"), _version.__version__
        if version != ours:
            warnings.warn(
                OtherVersionWarning(
                    estimator_name=type(self).__name__,
                    current_sklearn_version=ours,
                    original_sklearn_version=version,
                ),
                stacklevel=2,
            )
        # What the class has, too, is what estimators of versions without it have done.
        missing = sorted(
            name for name in self._needed(state) - state.keys() if not hasattr(type(self), name)
        )
        if missing:
            raise ValueError(
                f"Got a {type(self).__name__} that version {version} of skstdp saved without "
                f"{', '.join(missing)}, but expected it to have what version {ours} "
                "needs. Load it with the version that saved it, or fit it again."
            )
        super().__setstate__(state)

    def _needed(self, state):
        """Names without which an estimator of this state cannot be used."""
        return set(self._get_param_names())
