"""Settings of the documentation."""

import re

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

import skstdp

project = "skstdp"
author = "the skstdp developers"
copyright = "2026, the skstdp developers"
version = release = skstdp.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
default_role = "code"

# The class template lists the members.
numpydoc_show_class_members = False
autosummary_generate = True

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
    page: []
    for page in ("index", "getting_started", "the_paper", "glossary", "contributing", "changes")
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


def setup(app):
    app.connect("autodoc-process-docstring", unlink_labels)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
