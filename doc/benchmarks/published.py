"""Tables of README.md and doc/the_paper.rst from a run: python published.py [RESULTS].

RESULTS is the directory that `skstdp robustness` has written. Means over its fits go to
`published.csv` beside this file, and from there into the pages, between the lines that name a
table: `.. begin NAME` and `.. end NAME`, in Markdown `<!-- begin NAME -->`. The figure of the run
goes to `_static`. Without RESULTS the tables are made anew from the means that are there.
"""

import argparse
import re
import shutil
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
MEANS = HERE / "published.csv"
FIGURE = HERE.parent / "_static" / "robustness_of_families.png"
PAGES = (HERE.parents[1] / "README.md", HERE.parent / "the_paper.rst")

# Rows of the README: the whole table is in the_paper.rst.
README_TASKS = ("mnist 4v9", "mnist", "breast_cancer")
README_FAMILIES = ("STDP", "BP", "BP, adversarial", "MLP", "logistic, L2")


def means_of(results):
    """Mean and spread of each family on each task, under each attack and corruption."""

    def read(kind):
        (path,) = Path(results).glob(f"*_fronts_{kind}.csv")
        return pd.read_csv(path)

    corruptions = read("corruptions").rename(columns={"corruption": "attack", "size": "epsilon"})
    keys = ["task", "family", "attack", "epsilon"]
    measured = pd.concat([read("scores"), corruptions], ignore_index=True)
    of_family = measured.groupby(keys, sort=False)["accuracy"]
    return of_family.agg(["mean", "std", "count"]).round(4).reset_index()


def by_task(means, attack):
    """Means of one measure at its largest size: one row per family, one column per task."""
    some = means[means["attack"] == attack]
    some = some[some["epsilon"] == some["epsilon"].max()]
    order = {name: means[name].unique() for name in ("task", "family")}
    table = some.pivot(index="family", columns="task", values="mean")
    return table.reindex(index=order["family"], columns=order["task"])


def spread(means):
    """Largest standard deviation over the fits of a family on a task, attacks and none."""
    of_scores = means[means["attack"].isin(["none", "PGD", "worst case", "certified"])]
    return of_scores["std"].max()


def under_corruptions(means):
    """Means over tasks and severities: one row per family, one column per corruption."""
    of_scores = means["attack"].isin(["PGD", "worst case", "certified"])
    of_images = means["task"].str.startswith("mnist")
    some = means[~of_scores & of_images]
    if some.empty:
        some = means[~of_scores]
    columns = some["attack"].unique()
    table = some.pivot_table(index="family", columns="attack", values="mean", sort=False)
    return table[columns].rename(columns={"none": "no corruption"})


def in_short(means):
    """The measures side by side, for some families and tasks."""
    some = means[means["family"].isin(README_FAMILIES) & means["task"].isin(README_TASKS)]
    some = some[some["attack"].isin(["none", "worst case", "certified"])]
    largest = some.groupby(["task", "family", "attack"])["epsilon"].transform("max")
    table = some[some["epsilon"] == largest].pivot_table(
        index=["task", "family"], columns="attack", values="mean", sort=False
    )
    table = table.rename(columns={"none": "no attack"})
    return table[["no attack", "worst case", "certified"]].rename_axis(columns=None)


def cells(table, digits=3):
    """Header and rows of a table as text."""
    table = table.reset_index()
    yield [str(name) for name in table.columns]
    for row in table.itertuples(index=False):
        yield [
            value if isinstance(value, str) else "n/a" if pd.isna(value) else f"{value:.{digits}f}"
            for value in row
        ]


def as_rst(table, digits=3):
    """A table as a list-table."""
    lines = [".. list-table::", "    :header-rows: 1", ""]
    for row in cells(table, digits):
        lines += [f"    {'*' if k == 0 else ' '} - {cell}" for k, cell in enumerate(row)]
    return "\n".join(lines)


def as_markdown(table):
    """A table between bars."""
    header, *rows = cells(table)
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows))


def blocks(means):
    """The text of each table by its name."""
    measures = {
        "no_attack": "none",
        "pgd": "PGD",
        "worst_case": "worst case",
        "certified": "certified",
    }
    made = {name: as_rst(by_task(means, attack)) for name, attack in measures.items()}
    made["corruptions"] = as_rst(under_corruptions(means))
    made["spread"] = (
        "The standard deviation over the fits of a family on a task is at most "
        f"{spread(means):.3f}."
    )
    made["in_short"] = as_markdown(in_short(means))
    return made


def renewed(text, made):
    """A page with its tables as they are made now."""
    for name, block in made.items():
        for begin, end in (
            (f".. begin {name}\n", f".. end {name}\n"),
            (f"<!-- begin {name} -->\n", f"<!-- end {name} -->\n"),
        ):
            pattern = re.compile(f"({re.escape(begin)}).*?({re.escape(end)})", re.DOTALL)
            text = pattern.sub(lambda m, block=block: f"{m[1]}\n{block}\n\n{m[2]}", text)
    return text


def main():
    """Renew the means, if results are given, and the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="?")
    results = parser.parse_args().results
    if results:
        means_of(results).to_csv(MEANS, index=False)
        (drawn,) = Path(results).glob("*_fronts.png")
        shutil.copyfile(drawn, FIGURE)
    made = blocks(pd.read_csv(MEANS))
    for page in PAGES:
        page.write_text(renewed(page.read_text(encoding="utf-8"), made), encoding="utf-8")


if __name__ == "__main__":
    main()
