import shlex
import subprocess
import sys
from configparser import ConfigParser
from importlib import import_module
from pathlib import Path

import pytest
from cli_helpers import QUICK

pytest.importorskip("matplotlib")

from skstdp import BPClassifier
from skstdp import _cli as command_line
from skstdp.benchmarks import _results, _run

COMMANDS = ["benchmark", "figures", "robustness", "attack", "corrupt", "info"]
SETUP = Path(__file__).parents[2] / "setup.cfg"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("benchmark iris iris", "Got the name 'iris 0v1', 'iris 0v2', 'iris 1v2', 'iris' several"),
        ("benchmark iris", "[Errno 17] File exists: '{folder}/fits'"),
        ("benchmark iris --splits 51", "Got 50 sample(s) of the class 0 in the task 'iris 0v1'"),
    ],
)
def test_errors_that_the_comparison_finds(arguments, message, tmp_path, capsys):
    if "File exists" in message:
        (tmp_path / "fits").write_text("a note\n")
    with pytest.raises(SystemExit, match="2"):
        command_line.main([*arguments.split(), "--report", "none", "--out", str(tmp_path)])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("skstdp: error: " + message.format(folder=tmp_path))


def test_error_of_the_comparison_itself_is_no_error_of_the_user(tmp_path, monkeypatch):
    def frames(records):
        raise ValueError("broken")

    monkeypatch.setattr(_run, "_frames", frames)
    command = ["benchmark", "iris", "--out", str(tmp_path), *QUICK, "--models", "tree"]
    with pytest.raises(ValueError, match="broken"):
        command_line.main(command)


def test_fits_that_fail_are_noted(tmp_path, monkeypatch, capsys):
    def fit(self, *args, **kwargs):
        raise ValueError("broken")

    monkeypatch.setattr(BPClassifier, "fit", fit)
    command = ["benchmark", "iris", "--out", str(tmp_path), *QUICK, "--models", "bp", "tree"]
    assert command_line.main([*command, "--attack", "none"]) == 0
    (note,) = [line for line in capsys.readouterr().err.splitlines() if "note" in line]
    assert note.startswith("note: Got the model 'BP', of which 8 fit(s) failed")
    assert note.endswith("broken")


@pytest.mark.parametrize("prog", ["skstdp", "python -m skstdp"])
@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_has_examples_that_are_accepted(command, prog, capsys, monkeypatch):
    with pytest.raises(SystemExit) as stopped:
        command_line.main([*filter(None, [command]), "--help"], prog)
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: {prog} {command or ''}".rstrip())
    examples = shown.partition("\nexamples:\n")[2].splitlines()
    given = [example.removeprefix(f"  {prog} ") for example in examples]
    # Of all commands one, or several of this one.
    first = [example.split()[0] for example in given]
    assert first == (COMMANDS if command is None else [command] * len(given))
    assert len(given) > 1
    ran = []
    for name in COMMANDS:
        module = import_module(f"skstdp._cli._{name}")
        monkeypatch.setattr(module, "_run", ran.append)
    for example in given:
        assert command_line.main(shlex.split(example), prog) == 0
    assert len(ran) == len(given)


@pytest.mark.process
@pytest.mark.skipif(not SETUP.exists(), reason="needs the checkout")
def test_both_ways_to_call_the_program():
    setup = ConfigParser()
    setup.read(SETUP)
    script = setup["options.entry_points"]["console_scripts"]
    name, _, target = script.strip().partition(" = ")
    module, _, function = target.partition(":")
    code = f"import sys; from {module} import {function}; sys.argv[1:] = ['-h']; {function}()"
    for way, prog in (["-c", code], name), (["-m", "skstdp", "-h"], "python -m skstdp"):
        done = subprocess.run([sys.executable, *way], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"usage: {prog} [-h] COMMAND")


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train", "invalid choice: 'train'"),
        ("select iris", "Got select, a command that is gone: benchmark --tune N tunes each"),
        ("atack", "Did you mean 'attack'? See --help."),
        ("benchmark iris --configuration papr", "Did you mean 'paper'? See --help."),
        ("benchmark", "arguments are required: DATA"),
        (
            "benchmark irises",
            "no such file, and no collection of that name: expected iris, digits, wine, ",
        ),
        ("benchmark irises", "or the path of a CSV or Parquet file. Did you mean 'iris'?"),
        ("benchmark iris --target kind", "Got --target kind with iris"),
        ("benchmark iris --inner 5", "Got --inner 5, but expected it with --tune N."),
        ("benchmark iris --queries 5", "Got --queries 5, but expected it with --attack worst."),
        ("benchmark {wine}", "Got no target for {wine}, but expected the column"),
        ("benchmark {wine} --target nose", "Got target='nose', but expected one of the columns"),
        ("benchmark {folder} --target kind", "Cannot read {folder}: Is a directory."),
        ("benchmark {empty} --target kind", "No columns to parse"),
        ("benchmark iris --splits 1", "--splits: Got '1', but expected an integer >= 2."),
        ("benchmark iris --splits 2.5", "--splits: Got '2.5', but expected an integer >= 2."),
        ("benchmark iris --repeats 0", "--repeats: Got '0', but expected an integer >= 1."),
        ("benchmark iris --seed -1", "--seed: Got '-1', but expected an integer >= 0."),
        ("benchmark iris --seed 4294967296", "--seed: Got '4294967296'"),
        ("benchmark iris --epsilon -0.1", "--epsilon: Got '-0.1', but expected a number in"),
        ("benchmark iris --epsilon=-4/255", "--epsilon: Got '-4/255', but expected a number in"),
        ("benchmark iris --epsilon 0.1 8", "--epsilon: Got '8', but expected a number in [0, 1]"),
        ("benchmark iris --epsilon much", "--epsilon: Got 'much', but expected a number in"),
        ("benchmark iris --epsilon 1/0", "--epsilon: Got '1/0', but expected a number in"),
        ("benchmark iris --epsilon nan", "--epsilon: Got 'nan', but expected a number in"),
        ("benchmark iris --epsilon", "--epsilon: expected at least one argument"),
        ("benchmark iris --folds 3", "unrecognized arguments: --folds 3"),
        (
            "benchmark iris --data {folder}",
            "Got --data {folder} with iris, but expected it with mnist",
        ),
        ("benchmark mnist --data {folder}", "Got data='{folder}', but expected a folder with the"),
        ("benchmark iris --jobs 0", "--jobs: Got '0', but expected an integer >= 1."),
        ("benchmark iris --seeds 0", "--seeds: Got '0', but expected an integer >= 1."),
        ("benchmark iris --configuration theirs", "--configuration: invalid choice: 'theirs'"),
        ("benchmark iris --set max_iter", "--set: Got 'max_iter', but expected NAME=VALUE"),
        ("benchmark iris --set =3", "--set: Got '=3', but expected NAME=VALUE"),
        ("benchmark iris --set epochs=3", "Got --set epochs, but expected a parameter of STDP"),
        (
            "benchmark iris --set epochs=3",
            "BPClassifier. They are adversarial_epsilon, batch_size",
        ),
        ("benchmark iris --set max_itr=3", "BPClassifier. Did you mean 'max_iter'?"),
        ("benchmark {wine} --target Kind", "Did you mean 'kind'?"),
        ("benchmark {wine} --target kind --sep ;;", "--sep: Got ';;', but expected one character"),
        ("benchmark {wine} --target kind --sep ;", "on the command line --sep ','."),
        ("benchmark iris --set max_iter=0", "The 'max_iter' parameter of STDPClassifier must be"),
        ("benchmark iris --set max_iter=many", "'max_iter' parameter of STDPClassifier must be"),
        ("benchmark iris --set hidden_layer_sizes=(0,)", "Got hidden_layer_sizes=(0,), but"),
        ("benchmark iris --set early_stopping=True", "Got early_stopping=True in the model"),
        ("benchmark iris --set random_state=3", "Got --set random_state, but expected --seed."),
        (
            "benchmark iris --configuration ablation --set quiet_start=0.5",
            "Got --set quiet_start with --configuration ablation, but expected a parameter in",
        ),
        ("figures", "arguments are required: 2|3|4"),
        ("figures 2 --configuration ablation", "--configuration: invalid choice: 'ablation'"),
        ("figures 1", "invalid choice: 1"),
        ("figures 2 --pairs digits", "--pairs: invalid choice: 'digits'"),
        ("figures 3 --data {folder}", "Got data='{folder}', but expected a folder with the file"),
        ("robustness", "arguments are required: DATA"),
        ("robustness irises", "Got irises, but there is no such file"),
        (
            "robustness mnist --families STDP neighbours",
            "Got --families 'neighbours', but expected some of 'STDP', 'BP', 'BP, adversarial', ",
        ),
        ("robustness mnist --families", "--families: expected at least one argument"),
        ("robustness mnist --queries 0", "--queries: Got '0', but expected an integer >= 1."),
        ("robustness mnist --queries few", "--queries: Got 'few', but expected an integer >= 1."),
        ("robustness mnist --seeds 0", "--seeds: Got '0', but expected an integer >= 1."),
        ("robustness mnist --rows 9", "--rows: Got '9', but expected an integer >= 10."),
        ("robustness mnist --epsilon 8", "--epsilon: Got '8', but expected a number in [0, 1]"),
        ("robustness mnist --epsilon", "--epsilon: expected at least one argument"),
        ("robustness mnist --layers 0", "--layers: Got '0', but expected an integer >= 1."),
        ("robustness mnist --data {folder}", "Got data='{folder}', but expected a folder with"),
        ("figures 4 --out {wine}", "Cannot write to --out {wine}: File exists."),
        ("benchmark iris --out {wine}", "Cannot write to --out {wine}: File exists."),
        ("benchmark iris --out {wine}/sub", "Cannot write to --out {wine}/sub: Not a directory."),
    ],
)
def test_errors_of_the_user_take_one_line(arguments, message, wine, tmp_path, capsys):
    empty = tmp_path / "empty.csv"
    empty.touch()
    names = {"wine": wine, "folder": wine.parent, "empty": empty}
    with pytest.raises(SystemExit) as stopped:
        command_line.main([part.format(**names) for part in arguments.split()])
    assert stopped.value.code == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith("skstdp: error: ")
    assert message.format(**names) in line


MISTAKES = {
    "wrong target": ("{wine}:Kind", "Did you mean 'kind'?"),
    "no target": ("{wine}", "Got no target"),
    "target of another file": ("iris --target kind", "Got --target kind with iris"),
    "wrong path": ("winee.csv:kind", "no such file"),
    "wrong collection": ("irsi", "Did you mean 'iris'?"),
    "folder": ("{folder}:kind", "Is a directory"),
    "empty file": ("{empty}:kind", "empty.csv"),
    "one class": ("{one}:kind", "at least 2 classes"),
    "one file twice": ("{wine}:kind {wine}:kind", "several times"),
    "unknown model": ("iris --models stdp forrest", "Did you mean 'forest'?"),
    "model of a package that is missing": (
        "iris --models no_package.Trees",
        "the package 'no_package' is not installed. Install it, or choose another model.",
    ),
    "no classifier": ("iris --models sklearn.svm.SVR", "expected a classifier, which SVR is not"),
    "unknown parameter": ("iris --models mlp(max_itr=9)", "Did you mean 'max_iter'?"),
    "wrong value": ("iris --models knn(n_neighbors=0)", "The 'n_neighbors' parameter of KNeigh"),
    "code": ("iris --models knn(n_neighbors=abs(3))", "expected a number, text in quotes, None"),
    "one model twice": ("iris --models stdp STDP", "Give each model once"),
    "two choices of models": ("iris --models bp --configuration paper", "expected one of them"),
    "setting that no model has": ("iris --models tree --set max_iter=3", "None of the models is"),
    "text as a number": ("iris --tune many", "--tune: Got 'many', but expected an integer >= 2"),
    "one setting": ("iris --tune 1", "--tune: Got '1', but expected an integer >= 2"),
    "unknown measure": ("iris --measures f1 roc_acu", "invalid choice: 'f1'"),
    "nearly a measure": ("iris --measures roc_acu", "Did you mean 'roc_auc'?"),
    "unknown attack": ("iris --attack certfied", "Did you mean 'certified'?"),
    "none and another": ("iris --attack none pgd", "expected none alone, or others without it"),
    "no cluster": ("iris --dask tcp://127.0.0.1:1", "the address of a scheduler"),
    "unknown format": ("iris --format parket", "Did you mean 'parquet'?"),
    "command that is gone": ("", "benchmark --tune N tunes each model on each table"),
}


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_of_a_benchmark_take_one_line_that_says_what_to_do(
    mistake, wine, tmp_path, capsys
):
    if mistake == "no cluster":
        pytest.importorskip("distributed")
    files = {"empty": "", "one": "length,kind\n1,a\n2,a\n"}
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text)
    names = {name: tmp_path / f"{name}.csv" for name in files}
    names |= {"wine": wine, "folder": wine.parent}
    arguments, message = MISTAKES[mistake]
    command = ["benchmark", *arguments.format(**names).split()] if arguments else ["select"]
    with pytest.raises(SystemExit) as stopped:
        command_line.main(command)
    assert stopped.value.code == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith("skstdp: error: ")
    assert message in line


@pytest.mark.usefixtures("no_training")
def test_missing_packages_of_the_report_are_said_first(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(SystemExit, match="2"):
        command_line.main(["benchmark", "iris"])
    (line,) = capsys.readouterr().err.splitlines()
    assert 'pip install "skstdp[report]", or leave the report out: --report none' in line


def test_no_command_prints_the_help(capsys):
    assert command_line.main([]) == 0
    shown = capsys.readouterr().out
    with pytest.raises(SystemExit):
        command_line.main(["--help"])
    assert shown == capsys.readouterr().out


@pytest.mark.usefixtures("no_training")
def test_directory_that_takes_no_file(tmp_path, capsys, monkeypatch):
    def refuse(**kwargs):
        raise PermissionError(13, "Permission denied")

    # Not by its mode, which does not keep the superuser out.
    monkeypatch.setattr(_results.tempfile, "TemporaryFile", refuse)
    with pytest.raises(SystemExit, match="2"):
        command_line.main(["benchmark", "iris", "--out", str(tmp_path)])
    expected = f"skstdp: error: Cannot write to --out {tmp_path}: Permission denied.\n"
    assert capsys.readouterr().err == expected


@pytest.mark.usefixtures("no_training")
def test_missing_matplotlib_is_reported_first(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    out = tmp_path / "results"
    with pytest.raises(SystemExit, match="2"):
        command_line.main(["benchmark", "iris", "--out", str(out)])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("skstdp: error: ")
    assert 'pip install "skstdp[plot]"' in line
    assert not out.exists()


@pytest.mark.process
def test_error_of_a_process(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "skstdp", "benchmark", "nowhere.csv", "--target", "kind"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("skstdp: error: Got nowhere.csv, but there is no such file")
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert not list(Path(tmp_path).iterdir())
