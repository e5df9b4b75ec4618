"""The wheel, which is built from the sdist, holds the package of the checkout and no more."""

import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath


def difference(held, expected):
    """Lines that tell what is too much and what is missing."""
    return [f"+ {name}" for name in sorted(held - expected)] + [
        f"- {name}" for name in sorted(expected - held)
    ]


def main(checkout, folder):
    """Tell the differences; return the status of the process."""
    (wheel,), (sdist,) = Path(folder).glob("*.whl"), Path(folder).glob("*.tar.gz")
    package = {
        path.relative_to(checkout).as_posix()
        for path in Path(checkout, "skstdp").rglob("*")
        if path.suffix in {".py", ".html", ".md"} or path.name == "py.typed"
    }
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    metadata = {f"{'-'.join(wheel.name.split('-')[:2])}.dist-info/{name}" for name in _METADATA}
    found = [f"{wheel.name}: {line}" for line in difference(held, package | metadata)]
    with tarfile.open(sdist) as archive:
        paths = [PurePosixPath(member.name) for member in archive if member.isfile()]
    # Setuptools adds those of its files that it takes for tests.
    others = {"skstdp.egg-info", "tests"}
    held = {"/".join(path.parts[1:]) for path in paths if others.isdisjoint(path.parts)}
    found += [f"{sdist.name}: {line}" for line in difference(held, package | _SOURCE)]
    print(*found or [f"{len(package)} files of the package in both"], sep="\n")
    return bool(found)


_METADATA = {
    "METADATA",
    "RECORD",
    "WHEEL",
    "entry_points.txt",
    "top_level.txt",
    "licenses/LICENSE",
}
_SOURCE = {"LICENSE", "PKG-INFO", "README.md", "pyproject.toml", "setup.cfg"}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
