"""A fitted network as a notebook shows it: what training made of it, above all attributes."""

from html import escape

# The units of the last hidden layer are features only for those who use `transform`.
_STYLE = (
    "<style>.sk-item:has(> .sk-estimator .skstdp-training) + .features{display:none}"
    ".skstdp-training th{text-align:left;padding-right:1em}</style>"
)


def training_html(network):
    """Return layers, epochs, accuracies and whether anything was learnt, as a table."""
    rows = "".join(
        f"<tr><th>{name}</th><td>{escape(text)}</td></tr>" for name, text in _facts(network)
    )
    return f'{_STYLE}<table class="skstdp-training"><tbody>{rows}</tbody></table>'


def _facts(network):
    """Yield names and texts."""
    sizes = [len(network.coefs_[0]), *(coef.shape[1] for coef in network.coefs_)]
    yield "Layers", f"{' → '.join(map(str, sizes))} units, from {network.n_features_in_} features"
    yield "Epochs", str(network.n_iter_)
    curves = {
        "Training accuracy": network.accuracy_curve_,
        "Validation accuracy": network.validation_scores_,
    }
    for name, curve in curves.items():
        if curve:
            yield name, f"{curve[-1]:.3f} in the last epoch"
    # Only `fit` has seen all samples, and saved models of earlier versions do not say.
    nothing_learnt = getattr(network, "_nothing_learnt", None)
    if nothing_learnt is not None:
        yield "Tells classes apart", f"no: it {nothing_learnt}" if nothing_learnt else "yes"
