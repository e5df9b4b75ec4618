"""Steps of a pipeline that act on new samples: its transformers and its last step."""


def steps_of(pipeline):
    """The transformers of a pipeline that act when it predicts, and its last step.

    Samplers, as those of imbalanced-learn, have their part in `fit` alone.

    Returns
    -------
    transformers : list of (name, transformer)
    last : estimator
    """
    *earlier, (_, last) = pipeline.steps
    transformers = [
        (name, step)
        for name, step in earlier
        if step not in (None, "passthrough")
        and (hasattr(step, "transform") or not hasattr(step, "fit_resample"))
    ]
    return transformers, last


def names_out(transformer):
    """Names of the columns that come out of a transformer, or None where it does not know them."""
    try:
        names = transformer.get_feature_names_out()
    except (AttributeError, ValueError):
        return None
    # A pipeline in which nothing is done has no names for what it passes on.
    return None if names is None else list(names)
