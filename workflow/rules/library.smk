# The scripts and the library: a run and its jobs use them as they are when it starts.
import atexit
import contextlib
import functools
import gc
import glob
import hashlib
import os
import sys

from snakemake.sourcecache import LocalSourceFile

gc.disable()  # until the workflow is read: nothing of it is garbage
gc.set_threshold(20_000, 20, 50)  # a plan is millions of objects that stay: collect less often
atexit.register(gc.freeze)  # a search for garbage at the very end takes a sixth of a start

#: copies of scripts/, named by their content; Python keeps there what it compiled
CODE = ".snakemake/code"
#: where Snakemake has its own copy of scripts/, for this run and its jobs on a cluster
SCRIPTS = os.path.normpath(f"{workflow.source_path('library.smk')}/../../../scripts")


def kept_copy(folder):
    """The copy of a folder of Python files in the working directory; made where it is missing."""
    files = {}
    for name in sorted(glob.glob("**/*.py", root_dir=folder, recursive=True)):
        with open(os.path.join(folder, name), "rb") as file:
            files[name] = file.read()
    content = hashlib.sha256()
    for name, code in files.items():
        content.update(f"{name}\0{len(code)}\0".encode() + code)
    copy = os.path.abspath(f"{CODE}/{content.hexdigest()[:20]}")
    for name, code in files.items():
        path = os.path.join(copy, name)
        if not os.path.exists(path) or os.path.getsize(path) != len(code):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            partial = f"{path}.{os.getpid()}"
            with open(partial, "wb") as file:
                file.write(code)
            os.replace(partial, path)
    with contextlib.suppress(OSError):
        os.utime(copy)  # scripts/clean_up.py keeps the one used last
    return copy


if isinstance(workflow.current_basedir, LocalSourceFile) and not os.path.exists(SCRIPTS):
    # else Snakemake copies file by file, and Python compiles them, at every start
    rules_folder = workflow.current_basedir.get_path_or_uri(secret_free=True)
    with contextlib.suppress(OSError):  # a dry run in a folder of others
        os.symlink(kept_copy(os.path.join(rules_folder, "../../scripts")), SCRIPTS)


@functools.cache
def library(name):
    """A file of scripts/, fetched where the workflow itself comes from elsewhere."""
    path = os.path.join(SCRIPTS, name)
    return path if os.path.exists(path) else workflow.source_path(f"../../scripts/{name}")


sys.path.insert(0, os.path.dirname(os.path.dirname(library("grossing/__init__.py"))))
library("grossing/support/__init__.py")
library("grossing/support/code_digest.py")

from grossing.support import code_digest as digests

#: for all working directories of a user, beside Snakemake's copies of remote sources
PARSED = digests.Memory(workflow.sourcecache.cache_path / "grossing_parsed_code.json")


@functools.cache
def code_digest(rule, *also):
    """Hash of a rule's script and of the library modules it uses, without comments.

    `also` are modules that the script loads by a name from the configuration.
    """
    return digests.of_script(f"{rule}.py", library, also)
