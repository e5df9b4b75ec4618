"""Compiled kernels on disk: one folder per user and version, which notices every change."""

import ast
import logging
import os
import shutil
import sys
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

import llvmlite
import numba
from numba import config
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    _CacheLocator,
)
from numba.misc.appdirs import AppDirs

_logger = logging.getLogger("skstdp")


def digest_of_sources(folder):
    """Digest of the files in a folder, and of all that they import of the package around it."""
    sources, new = {}, set(folder.glob("*.py"))
    while new:
        sources |= {path: path.read_bytes() for path in new}
        imported = {
            found
            for path in new
            # Those of the folder are there already, and to parse them takes a while.
            if path.parent != folder or b"from .." in sources[path]
            for found in _imported(path, sources[path])
        }
        new = {path for path in imported if path.is_file()} - sources.keys()
    return sha256(b"".join(sources[path] for path in sorted(sources))).hexdigest()


def _imported(path, source):
    """Files that relative imports may mean."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            module = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for meant in (module, *(module / alias.name for alias in node.names)):
                yield meant.with_suffix(".py")
                yield meant / "__init__.py"


_SOURCES = digest_of_sources(Path(__file__).parent)

# Of versions of this package and of the compiler, that compiled kernels are kept of.
_N_VERSIONS = 10


def _name_of_folder():
    parts = _SOURCES, numba.__version__, llvmlite.__version__
    return "kernels-" + sha256(repr(parts).encode()).hexdigest()[:16]


def _roots(source):
    """Folders that may hold the kernels of a source file, best one first."""
    if config.CACHE_DIR:
        yield Path(config.CACHE_DIR, "skstdp")
    of_the_user = Path(AppDirs("skstdp", appauthor=False).user_cache_dir)
    # Not where an empty variable would make it a folder of the working directory.
    if of_the_user.is_absolute():
        yield of_the_user
    yield source.parent / "__pycache__"


class _Folder(_CacheLocator):
    """Folder of compiled kernels, named by what they are made of, not by where that lies.

    A checkout and an installation of one version share it, and those of two do not overwrite
    each other's.
    """

    def __init__(self, function, source, root):
        self._py_file = str(source)
        self._line = function.__code__.co_firstlineno
        self._stamp = sha256(source.read_bytes()).hexdigest()
        self._path = root / _name_of_folder()

    def get_cache_path(self):
        return str(self._path)

    def get_source_stamp(self):
        return self._stamp

    def get_disambiguator(self):
        return f"{self._line}-{self._stamp[:16]}"

    @classmethod
    def from_function(cls, function, source):
        source = Path(source)
        for root in _roots(source):
            folder = cls(function, source, root)
            is_new = not folder._path.is_dir()
            with suppress(OSError):
                folder.ensure_cache_path()
                os.utime(folder._path)
                if is_new:
                    _drop_those_of_old_versions(root)
                return folder
            # Of an image or a cluster, filled by somebody else.
            if os.access(folder._path, os.R_OK | os.X_OK):
                return folder
        return None


def _drop_those_of_old_versions(root):
    """Keep the folders that were used last. A process that uses another one compiles again."""
    with suppress(OSError):
        folders = sorted(root.glob("kernels-*"), key=lambda folder: folder.stat().st_mtime)
        for folder in folders[:-_N_VERSIONS]:
            shutil.rmtree(folder, ignore_errors=True)


class _CacheFile(IndexDataCacheFile):
    """Numba numbers its files, and processes that fill a cache at once may take one number twice.

    So each file says what it holds, and one that cannot be read is made anew.
    """

    def save(self, key, data):
        super().save(key, (key, data))

    def load(self, key):
        try:
            held, data = super().load(key) or (None, None)
        except Exception as error:
            _logger.warning("Kernels in %s cannot be read: %r", self._index_path, error)
            with suppress(OSError):
                self.flush()
            return None
        return data if held == key else None


class _Content(CompileResultCacheImpl):
    _locator_classes = [_Folder]


def _tell(message, *args):
    """Log a message, which Jupyter would show as an error if nothing handled it."""
    if "ipykernel" in sys.modules and not _logger.hasHandlers():
        print(message % args, flush=True)
    else:
        _logger.warning(message, *args)


class _Cache(FunctionCache):
    """Numba looks at the file of a kernel alone, not at those of the kernels it calls."""

    _impl_class = _Content

    def __init__(self, function):
        super().__init__(function)
        self._cache_file = _CacheFile(
            cache_path=self.cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=self._impl.locator.get_source_stamp(),
        )

    def _index_key(self, sig, codegen):
        return (*super()._index_key(sig, codegen), _SOURCES)

    def load_overload(self, sig, target_context):
        found = super().load_overload(sig, target_context)
        if found is None:
            _tell(
                "Compiling the kernel %r: up to ten seconds, once per machine and dtype. "
                "skstdp.warm_up() does it ahead of the first fit.",
                self._py_func.__qualname__,
            )
        return found

    def save_overload(self, sig, data):
        with suppress(OSError):
            super().save_overload(sig, data)


@cache
def _tell_that_nothing_is_kept(folder):
    _tell(
        "Kernels are compiled by each process, because neither the user's cache nor %s can be "
        "written. Set NUMBA_CACHE_DIR to a directory that can.",
        folder / "__pycache__",
    )


def kept_on_disk(compiled):
    """Let a kernel look for its machine code on disk before it is compiled, and keep it there.

    Not one that is written in a prompt or notebook: no file would tell that it has changed.
    """
    source = Path(compiled.py_func.__code__.co_filename)
    if source.is_file():
        try:
            compiled._cache = _Cache(compiled.py_func)
        except RuntimeError:
            # None of the folders can be written.
            _tell_that_nothing_is_kept(source.parent)
    return compiled
