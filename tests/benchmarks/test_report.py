import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from made_comparison import made_frames
from parsed_html import ParsedHTML

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")
pytest.importorskip("scikit_posthocs")

from scipy import stats

import skstdp
from skstdp.benchmarks import Comparison
from skstdp.benchmarks._report import (
    html_report,
    markdown_report,
    require_report,
)
from skstdp.benchmarks._report_answer import answer

NASTY = "<script>alert('x')</script> & \"q\" | $a_b$ `c` *d* [e](http://f.org) \\ of 60"
SVG = "{http://www.w3.org/2000/svg}"


def made(**options):
    return Comparison(**made_frames(**options))


def figures_of(page):
    """SVG documents of a page, by the text that stands for them."""
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    prefix = "data:image/svg+xml,"
    assert all(image["src"].startswith(prefix) for image in images)
    return {
        image["alt"]: ElementTree.fromstring(unquote(image["src"].removeprefix(prefix)))
        for image in images
    }


def texts_of(svg):
    return ["".join(text.itertext()) for text in svg.iter(f"{SVG}text")]


@pytest.fixture(scope="module")
def one_table():
    return made(models=("STDP", "BP", "forest"), tuned=True)


@pytest.fixture(scope="module")
def page_of_one_table(one_table):
    return ParsedHTML(html_report(one_table))


@pytest.fixture(scope="module")
def three_tables():
    return made(
        tasks=("german", "crx", "wine"),
        models=("STDP", "BP", "forest", "svm"),
        failures=True,
        one_class="BP",
        n_splits=4,
    )


@pytest.fixture(scope="module")
def page_of_three_tables(three_tables):
    return ParsedHTML(html_report(three_tables))


def shown(values):
    return f"{values.mean():.3f} ± {values.std(ddof=1):.3f}"


def test_scores_on_one_table_are_means_and_standard_deviations(one_table, page_of_one_table):
    header, *rows = page_of_one_table.tables["Scores on iris"]
    measures = ["accuracy", "balanced_accuracy", "roc_auc", "log_loss", "brier"]
    assert header[:3] == ["model", "Accuracy", "Balanced accuracy"]
    assert header[4] == "Log loss ↓"
    assert [row[0] for row in rows] == ["STDP", "BP", "forest"]
    clean = one_table.scores.query("attack == 'none'")
    for model, *cells in rows:
        of_model = clean[clean["model"] == model]
        assert cells[:5] == [shown(of_model[measure].to_numpy()) for measure in measures]


def test_scores_on_several_tables(three_tables, page_of_three_tables):
    header, *rows, means = page_of_three_tables.tables["Accuracy"]
    assert header == ["table", "STDP", "BP", "forest", "svm", "majority"]
    clean = three_tables.scores.query("attack == 'none'")
    for task, *cells, majority in rows:
        for model, cell in zip(header[1:5], cells, strict=True):
            values = clean.query("task == @task and model == @model")["accuracy"].to_numpy()
            # All fits of it failed, and the other one predicts one class.
            failed = task == "wine" and model == "svm"
            mark = " ‡" if model == "BP" else ""
            assert cell == ("n/a" if failed else shown(values) + mark)
        assert majority == "0.333"
    mean = clean.query("model == 'forest'").groupby("task")["accuracy"].mean().mean()
    assert means == ["mean of all tables", *means[1:3], f"{mean:.3f}", "n/a", "0.333"]
    assert "‡ predicts one class for all test rows" in page_of_three_tables.text


@pytest.mark.parametrize(
    ("options", "absent"),
    [
        ({"models": ("STDP", "BP")}, {"settings", "ranks", "missing"}),
        ({"models": ("STDP", "BP"), "attacks": ()}, {"settings", "ranks", "missing", "attack"}),
        ({"models": ("STDP",), "tuned": True}, {"settings", "ranks", "missing", "tests"}),
        (
            {"tasks": ("a", "b"), "models": ("STDP", "BP"), "tuned": True, "n_splits": 2},
            {"missing"},
        ),
        (
            {"tasks": ("a", "b"), "models": ("STDP", "BP"), "failures": True, "n_splits": 2},
            # On one of the tables there is one model.
            {"settings", "ranks"},
        ),
    ],
    ids=["one table", "no attack", "one model", "two tables", "failures"],
)
def test_sections_are_there_where_they_say_something(options, absent):
    page = ParsedHTML(html_report(made(**options)))
    every = [
        *("answer", "data", "settings", "scores", "ranks", "tests", "attack", "calibration"),
        *("times", "missing", "again"),
    ]
    assert list(page.headings) == [anchor for anchor in every if anchor not in absent]
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links == [f"#{anchor}" for anchor in page.headings]
    # No heading without anything below it, no figure without words for it.
    alts = list(figures_of(page))
    assert all(alts)
    for anchor in ("ranks", "attack"):
        starts = {"ranks": "Mean ranks", "attack": "Accuracy on"}[anchor]
        against = [alt for alt in alts if alt.startswith(starts) and "against the conf" not in alt]
        assert bool(against) == (anchor in page.headings)


def test_nothing_is_loaded_and_no_script_runs(page_of_three_tables):
    for tag, attributes in page_of_three_tables.tags:
        assert tag not in ("script", "iframe", "object", "embed")
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith(("#", "data:"))
    for svg in figures_of(page_of_three_tables).values():
        for element in svg.iter():
            assert element.tag != f"{SVG}script"
            for name, value in element.attrib.items():
                assert not name.endswith("href") or value.startswith("#")
                assert "url(" not in value or "url(#" in value


def test_names_are_text_wherever_they_stand():
    models, task = ("STDP", NASTY), f"t {NASTY}"
    comparison = made(tasks=(task,), models=models, failures=True, tuned=True, n_splits=2)
    comparison.environment["question"] = f"Is {NASTY} better?"
    document = html_report(comparison)
    page = ParsedHTML(document)
    assert "<script" not in document
    assert page.tags.count(("b", {})) == 0
    assert page.text.startswith(f"Is {NASTY} better?")
    _, *rows = page.tables[f"Scores on {task}"]
    assert [row[0] for row in rows] == list(models)
    # In figures a name is no formula, and its middle may be left out.
    texts = [text for svg in figures_of(page).values() for text in texts_of(svg)]
    assert any(text.startswith("<script>") and "…" in text for text in texts)
    assert not any(NASTY in text for text in texts)

    markdown = markdown_report(comparison)
    shown = [line for line in markdown.splitlines() if not line.startswith("    ")]
    assert "<script" not in re.sub(r"\\.", "", "\n".join(shown))
    row = next(line for line in markdown.splitlines() if line.startswith("| \\<script"))
    # Seven cells: bars in a name are none between cells.
    assert len(re.split(r"(?<!\\)\|", row)) == 7 + 2


def test_the_same_comparison_gives_the_same_bytes(tmp_path):
    options = {"models": ("STDP", "BP"), "n_splits": 3}
    path = made(**options).to_html(tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text(encoding="utf-8") == html_report(made(**options))


def test_figures_show_the_numbers(page_of_three_tables, three_tables):
    figures = figures_of(page_of_three_tables)
    clean = three_tables.scores.query("attack == 'none' and task == 'german'")
    medians = clean.groupby("model")["accuracy"].median()
    alt = "Box plots of the accuracy on german; medians: " + ", ".join(
        f"{model} {medians[model]:.3f}" for model in ("STDP", "BP", "forest")
    )
    (svg,) = (svg for words, svg in figures.items() if words.startswith(alt))
    assert {"STDP", "BP", "forest", "svm"} <= set(texts_of(svg))


def scores_of(accuracies, **columns):
    """Scores of models on the splits of tasks, by task and model."""
    rows = [
        {"task": task, "model": model, "split": split, "accuracy": accuracy}
        for task, of_task in accuracies.items()
        for model, values in of_task.items()
        for split, accuracy in enumerate(values)
    ]
    common = {"attack": "none", "epsilon": 0.0, "one_class": False, "majority": 0.5}
    common |= {"n_train": 40, "n_test": 10, "fit_time": 0.1, "predict_time": 0.1}
    return pd.DataFrame(rows).assign(**(common | columns))


def answer_of(accuracies):
    comparison = Comparison(scores=scores_of(accuracies))
    return answer(comparison, comparison.tests())


def test_answer_on_one_table():
    a, b = np.array([0.9, 0.8, 0.95, 0.8]), np.array([0.7, 0.65, 0.7, 0.6])
    scale = np.sqrt((1 / 4 + 10 / 40) * np.var(a - b, ddof=1))
    p_value = 2 * stats.t.sf(np.mean(a - b) / scale, 3)
    assert 0.001 < p_value < 0.05
    assert answer_of({"iris": {"b": b, "a": a}}) == (
        "a has the highest accuracy on iris, 0.863 on average over 4 splits, 0.200 above b, the "
        "next. This difference is more than the choice of the splits explains (corrected "
        f"resampled t-test with Holm's correction, p = {p_value:.3f}); no test on one table can "
        "say how the models compare on other tables."
    )


def test_answer_says_when_models_cannot_be_told_apart():
    text = answer_of({"iris": {"a": [0.8, 0.9, 0.7, 0.9], "b": [0.9, 0.8, 0.9, 0.7]}})
    assert text.startswith(
        "a and b have the highest accuracy on iris, 0.825 on average over 4 splits. The splits do "
        "not tell the two apart (corrected resampled t-test with Holm's correction, p = 1.000; "
    )
    assert "they are equivalent with probability 0." in text


def test_answer_without_spread_and_of_one_model():
    text = answer_of({"iris": {"a": [0.75, 0.75], "b": [0.5, 0.5]}})
    assert "0.250 above b, the next. The difference between the two was not tested" in text
    only = Comparison(scores=scores_of({"iris": {"a": [0.75, 0.75]}}))
    assert answer(only, None) == (
        "a is the only model that could be measured: there is no comparison."
    )
    nothing = Comparison(scores=scores_of({"iris": {"a": [np.nan, np.nan]}}))
    assert answer(nothing, None).startswith("No model could be measured")


def test_answer_over_tables():
    # b wins on each table: the smallest p-value of Wilcoxon's test on eight is 2 ** -7, and
    # with three pairs Holm makes it 3 * 2 ** -7.
    accuracies = {
        f"t{k}": {"a": [0.70, 0.72], "b": [0.80 + k / 100, 0.82], "c": [0.60, 0.62 + k / 200]}
        for k in range(8)
    }
    mean_b, mean_a = (np.mean([np.mean(t[m]) for t in accuracies.values()]) for m in "ba")
    assert answer_of(accuracies) == (
        f"Over 8 tables, b has the best mean rank in accuracy, 1.00 of 3 models, and an accuracy "
        f"of {mean_b:.3f} on average, {mean_b - mean_a:.3f} above a, the next by rank (2.00). The "
        "models differ (test of Iman and Davenport, p < 0.001), and b differs from all other "
        "models (Wilcoxon tests with Holm's correction); no test can say how they compare on "
        "tables of another kind."
    )
    equal = {task: {"a": of["a"], "b": of["a"]} for task, of in accuracies.items()}
    assert answer_of(equal) == (
        "Over 8 tables, a and b have the best mean rank in accuracy, 1.50 of 2 models, and "
        "accuracies of 0.710 and 0.710 on average. The tables do not tell a apart from any other "
        "model (Wilcoxon tests with Holm's correction, all p = 1.000); no test can say how they "
        "compare on tables of another kind."
    )
    # c is b with other digits: its ranks are those of b on half of the tables.
    close = {
        task: of | {"c": [value + (-1) ** k / 1000 for value in of["b"]]}
        for k, (task, of) in enumerate(accuracies.items())
    }
    assert (
        "The models differ (test of Iman and Davenport, p < 0.001), and b differs from a, and the "
        "tables do not tell it apart from c (Wilcoxon tests with Holm's correction)"
    ) in answer_of(close)
    few = dict(list(accuracies.items())[:4])
    # Twice of the smallest p-value on four tables, and three pairs: 3 * 2 ** -3.
    assert (
        "The models differ (test of Iman and Davenport, p = 0.005), but the tables do not tell b "
        "apart from any other model (Wilcoxon tests with Holm's correction, all p ≥ 0.375)"
    ) in answer_of(few)


def test_answer_of_equal_means_with_different_ranks():
    """No difference is called 0.000 above or below."""
    accuracies = {
        "t0": {"a": [0.8, 0.8], "b": [0.7, 0.7]},
        "t1": {"a": [0.8, 0.8], "b": [0.7, 0.7]},
        "t2": {"a": [0.5, 0.5], "b": [0.7, 0.7]},
    }
    text = answer_of(accuracies)
    assert "1.33 of 2 models, and an accuracy of 0.700 on average, the same as b, the" in text


def test_reasons_of_tests_name_their_tables():
    equal = {"a": [0.8, 0.9], "b": [0.8, 0.9], "c": [0.7, 0.6]}
    accuracies = {"t0": equal, "t1": {"a": [0.8, 0.9], "b": [0.6, 0.8], "c": [0.7, 0.5]}}
    text = markdown_report(Comparison(scores=scores_of(accuracies)))
    assert "Equal on every split (1 pair on t0)." in text
    text = markdown_report(Comparison(scores=scores_of({"t0": equal})))
    assert "Equal on every split (1 pair)." in text


def test_accuracy_under_an_attack_that_was_not_possible_on_all_splits():
    """It is marked, and never the best: its mean is of other rows."""
    clean = scores_of({"iris": {"a": [0.9, 0.8], "b": [0.9, 0.7], "c": [0.9, 0.7]}})
    accuracies = [0.6, 0.5, 0.7, np.nan, 0.4, 0.5]
    attacked = clean.assign(attack="FGSM", epsilon=0.1, accuracy=accuracies)
    scores = pd.concat([clean, attacked.dropna(subset="accuracy")])
    text = markdown_report(Comparison(scores=scores))
    start = text.index("## Accuracy under attack")
    assert "| a | **0.850 ± 0.071** | **0.550 ± 0.071** |" in text[start:]
    assert "| b | 0.800 ± 0.141 | 0.700 * |" in text[start:]
    assert "mean over fewer splits than others have" in text[start:]


def test_answer_names_what_is_not_ranked_and_what_no_model_beats():
    accuracies = {
        "t0": {"a": [0.7, 0.8], "b": [0.6, 0.7], "c": [np.nan, np.nan]},
        "t1": {"a": [0.7, 0.8], "b": [0.6, 0.7], "c": [0.5, 0.5]},
        "t2": {"a": [0.5, 0.4], "b": [0.4, 0.5], "c": [np.nan, np.nan]},
    }
    text = answer_of(accuracies)
    assert "Not ranked, since not measured on all tables: c." in text
    assert "On t2 no model is better than predicting the largest class for all rows." in text
    assert "| t2 | 0.450 ± 0.071 ▼ |" in markdown_report(Comparison(scores=scores_of(accuracies)))


def test_a_mean_over_fewer_splits_is_marked_and_not_the_best():
    accuracies = {"iris": {"a": [0.9, np.nan, np.nan], "b": [0.8, 0.8, 0.7], "c": [0.7] * 3}}
    text = markdown_report(Comparison(scores=scores_of(accuracies)))
    assert "| a | 0.900 * |" in text
    assert "| b | **0.767 ± 0.058** |" in text
    assert "| c | 0.700 ± 0.000 |" in text


def test_equal_models_have_no_best():
    accuracies = {"iris": {"a": [0.8, 0.9], "b": [0.8, 0.9]}}
    text = markdown_report(Comparison(scores=scores_of(accuracies)))
    assert "| a | 0.850 ± 0.071 |" in text
    assert "| b | 0.850 ± 0.071 |" in text


def test_settings_are_the_most_frequent_ones():
    frames = made_frames(models=("STDP", "svm"), n_splits=3, tuned=True)
    frames["settings"]["parameters"] = [{"C": 10.0}, {"C": 1.0}, {"C": 10.0}]
    frames["settings"]["inner_score"] = [0.8, 0.9, 1.0]
    text = markdown_report(Comparison(**frames))
    assert "| iris | svm | C=10 | 2 of 3 | 0.900 ± 0.100 |" in text


def test_what_is_missing_is_counted_by_reason(page_of_three_tables):
    _, *rows = page_of_three_tables.tables["What could not be measured, and why"]
    attacks = "FGSM 8/255, FGSM 16/255"
    assert rows == [
        ["svm", attacks, "german, crx", "8", "svm has no gradient."],
        ["svm", "fit", "wine", "4", "ValueError: Input X contains NaN."],
    ]


def test_accuracy_under_attack(three_tables, page_of_three_tables):
    header, *rows = page_of_three_tables.tables["Accuracy under attack"]
    assert header == ["table", "model", "no attack", "FGSM 8/255", "FGSM 16/255"]
    scores = three_tables.scores.query("task == 'crx' and model == 'forest' and epsilon > 0.05")
    (row,) = (row for row in rows if row[:2] == ["crx", "forest"])
    assert row[-1] == shown(scores["accuracy"].to_numpy())
    (row,) = (row for row in rows if row[:2] == ["crx", "svm"])
    assert row[-2:] == ["n/a", "n/a"]
    assert "no attack changes that, and it is not robustness" in page_of_three_tables.text


def test_how_to_make_it_again(page_of_one_table):
    text = page_of_one_table.text
    assert text.endswith("Platform: Linux, 2 processors. Date: 2026-11-30 20:25. Duration: 125 s.")
    assert "skstdp benchmark iris" in text
    assert page_of_one_table.tables["Versions"][1:] == [
        ["skstdp", "0.1.0"],
        ["scikit-learn", "1.9.1"],
    ]


def test_comparison_of_scores_alone():
    """All tables but that of the scores may be empty."""
    accuracies = {"iris": {"a": [0.8, 0.9], "b": [0.7, 0.9]}}
    page = ParsedHTML(html_report(Comparison(scores=scores_of(accuracies))))
    assert list(page.headings) == ["answer", "scores", "tests", "times"]


def cells_of(line):
    return [cell.strip() for cell in line.strip("| ").split(" | ")]


def test_markdown_holds_the_same_numbers(three_tables, page_of_three_tables):
    lines = markdown_report(three_tables).splitlines()
    start = lines.index("**Accuracy**") + 2
    table = [cells_of(line) for line in lines[start : start + 6]]
    dashes = table.pop(1)
    assert dashes == ["---", "---:", "---:", "---:", "---:", "---:"]
    plain = [[cell.replace("**", "") for cell in row] for row in table]
    assert plain == page_of_three_tables.tables["Accuracy"]
    assert table[1][1].startswith("**")
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert headings == list(page_of_three_tables.headings.values())


def test_figures_of_markdown_are_files_beside_it(tmp_path):
    comparison = made(models=("STDP", "BP"), attacks=(), n_splits=2)
    text = comparison.to_markdown(tmp_path / "a report.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\(a%20report_figures/(\w+\.svg)\)", text)
    assert linked == ["scores_0.svg", "calibration_0.svg", "calibration_1.svg", "times.svg"]
    folder = tmp_path / "a report_figures"
    assert sorted(linked) == sorted(file.name for file in folder.iterdir())
    for name in linked:
        assert "STDP" in texts_of(ElementTree.parse(folder / name)) or name != "times.svg"


@pytest.mark.parametrize("package", ["jinja2", "matplotlib", "scikit_posthocs"])
def test_missing_package_is_named_before_any_work(monkeypatch, tmp_path, one_table, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r'pip install "skstdp\[(report|plot)\]"'):
        require_report()
    with pytest.raises(ImportError, match="pip install"):
        one_table.to_markdown(tmp_path / "report.md")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_packages_of_a_report_are_imported_when_it_is_written():
    late = {"jinja2", "matplotlib", "scikit_posthocs", "statsmodels"}
    program = f"import sys, skstdp.benchmarks._report; print(*{late} & sys.modules.keys())"
    folder = str(Path(skstdp.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": folder, "PATH": ""},
    )
    assert done.stdout == "\n"


def test_notebook_shows_a_table_without_other_packages(monkeypatch, one_table):
    for package in ("jinja2", "matplotlib", "scikit_posthocs"):
        monkeypatch.setitem(sys.modules, package, None)
    page = ParsedHTML(one_table._repr_html_())
    (rows,) = page.tables.values()
    clean = one_table.scores.query("attack == 'none' and model == 'BP'")
    assert rows[2][:2] == ["BP", shown(clean["accuracy"].to_numpy())]


def test_notebook_shows_the_first_of_many_tables():
    tasks = [f"table {k} <b>" for k in range(30)]
    comparison = made(tasks=tasks, models=("a", "b"), n_splits=2, failures=True)
    page = ParsedHTML(comparison._repr_html_())
    (rows,) = page.tables.values()
    assert [row[0] for row in rows[1:]] == [*tasks[:11], "… 19 more rows", "mean of all tables"]
    # All fits of one model: no attack, and on the last table no fit.
    assert "In 60 fits something could not be measured" in page.text
