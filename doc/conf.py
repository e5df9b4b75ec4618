"""Settings of the documentation."""

import re

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

import skstdp
from skstdp import BPClassifier, STDPClassifier
from skstdp.benchmarks import compare

project = "skstdp"
author = "the skstdp developers"
copyright = "2026, the skstdp developers"
version = release = skstdp.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples"]
templates_path = ["_templates"]
default_role = "code"

# The class template lists the members.
numpydoc_show_class_members = False
autosummary_generate = True
toc_object_entries_show_parents = "hide"
# The docstrings say more than the types.
autodoc_typehints = "none"

# Every public docstring has what numpydoc asks for, with these exceptions.
numpydoc_validation_checks = {
    "all",
    "ES01",  # a summary may say everything
    "EX01",  # a method may be shown in the example of its class
    "SA01",  # not everything has a relative
    "GL01",  # the summary follows the quotes
    "RT02",  # a return value has a name where that helps
    "SS05",  # takes nouns in the plural for verbs
    "SS06",  # a summary may take two lines
}
# What scikit-learn and Python document.
numpydoc_validation_exclude = {
    r"\.(get_params|set_params|set_output|fit_transform|score|set_callbacks)$",
    r"\.(get_feature_names_out|set_score_request|set_fit_request|get_metadata_routing)$",
    r"\.(set_partial_fit_request|get_logs|setup|teardown|on_fit_task_begin)$",
    # Named tuples describe their fields as attributes.
    r"\.(Comparison|Fronts|RankTests|SignificanceTests)(\.(count|index))?$",
}

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "backreferences_dir": "generated/examples",
    "doc_module": "skstdp",
    "reference_url": {"skstdp": None},
    "download_all_examples": False,
    "show_signature": False,
    "show_memory": False,
    "write_computation_times": False,
    "matplotlib_animations": False,
}

html_theme = "pydata_sphinx_theme"
html_title = f"skstdp {version}"
html_static_path = ["_static"]
html_css_files = ["skstdp.css"]
html_math_renderer = "mathml"
html_theme_options = {
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
}
html_sidebars = {
    page: [] for page in ("index", "getting_started", "the_paper", "glossary", "changes")
}


# Formulas as MathML, which browsers draw themselves: the pages read the same without network.
def visit_math(translator, node):
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def visit_math_block(translator, node):
    formula = tex2mathml(node.astext(), as_block=True)
    translator.body.append(f'<div class="formula">{formula}</div>')
    raise nodes.SkipNode


# Methods inherited from scikit-learn refer to labels of its documentation.
def unlink_labels(app, what, name, obj, options, lines):
    if str(getattr(obj, "__module__", "")).startswith("sklearn."):
        lines[:] = [re.sub(r":ref:`([^`<]+?)( <[^>]*>)?`", r"\1", line) for line in lines]


# To which the page on reports refers.
def write_example_report(app, error):
    if error is None and app.builder.format == "html":
        models = {
            "STDP": STDPClassifier(),
            "BP": BPClassifier(),
            "logistic": LogisticRegression(max_iter=1000),
            "SVM": SVC(),
        }
        tables = ["iris", "wine", "breast_cancer"]
        result = compare(tables, estimators=models, epsilons=[0.05, 0.1], n_repeats=1)
        result.environment["call"] = (
            f"compare({tables}, estimators=models, epsilons=[0.05, 0.1], n_repeats=1)"
        )
        result.to_html(app.outdir / "example_report.html")


def setup(app):
    app.connect("build-finished", write_example_report)
    app.connect("autodoc-process-docstring", unlink_labels)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
