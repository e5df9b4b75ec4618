"""Place of the pages of the documentation, for the link in notebooks."""

from importlib.metadata import PackageNotFoundError, metadata

_LABEL = "Documentation"


def page_template():
    """Address of the page of an estimator, empty unless the package says where its pages are."""
    try:
        links = metadata(__name__.partition(".")[0]).get_all("Project-URL", [])
    except PackageNotFoundError:
        # In a checkout that is not installed.
        return ""
    for link in links:
        label, _, address = link.partition(",")
        if label.strip() == _LABEL:
            page = "generated/{estimator_module}.{estimator_name}.html"
            return f"{address.strip().rstrip('/')}/{page}"
    return ""
