"""What all figures share: colours, and matplotlib imported late."""

# The colours of Okabe and Ito, which colour-blind readers can tell apart, dark ones first.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = "osD^vP*"
LINESTYLES = ("-", "--", ":", "-.")


def require_matplotlib():
    """Raise an ImportError that says how to install matplotlib if it is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'Figures need matplotlib. Install it with: pip install "skstdp[plot]"'
        ) from error


def axes_or_new(ax):
    """The given axes, or those of a new figure."""
    if ax is None:
        from matplotlib import pyplot

        _, ax = pyplot.subplots(layout="constrained")
    return ax


def by_name(models):
    """Several models by name, or a single one without."""
    return models if isinstance(models, dict) else {"": models}


def versions(model):
    """The fits of one model to several splits, of which there may be one."""
    return model if isinstance(model, list | tuple) else [model]
