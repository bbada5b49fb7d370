# Where results are: in the working directory, below the prefix of a module, or in storage.
import os
import pathlib

from snakemake.io import IOFile

#: another workflow has this one as a module
IS_MODULE = not workflow.modifier.is_main_snakefile()
IN_STORAGE = workflow.storage_settings.default_storage_provider is not None
PATHS = workflow.modifier.path_modifier
#: copies of what is in storage, for the process that plans
COPIES = ".snakemake/grossing"


def placed(path):
    """Path, from the working directory, of a file that stays on the disk of the head."""
    return str(PATHS.replace_prefix(path))


#: what `results`, `logs` and `benchmarks` are in
FOLDER = os.path.dirname(placed("results"))
AS_WRITTEN = not FOLDER and not IN_STORAGE


def of_slide(pattern, slide_id, key="{slide_id}"):
    """An output of one slide, or of one study. It stays a rule's output, which Snakemake does not place again.

    Where outputs are where the rules say, its text is the same and thirty times as fast.
    """
    if AS_WRITTEN:
        return str(pattern).replace(key, slide_id)
    return pattern.apply_wildcards({key.strip("{}"): slide_id})


def is_made(pattern, slide_id):
    """Whether an output of one slide exists."""
    file = of_slide(pattern, slide_id)
    return file.storage_object.exists() if IN_STORAGE else os.path.exists(file)


def here(path):
    """A result, by its path in the rules, where it can be read now; it need not exist.

    Of what is in storage that is a copy: jobs have their own, which come and go.
    """
    if not IN_STORAGE:
        return path if AS_WRITTEN else placed(path)
    stored, copy = IOFile(PATHS.modify(path)).storage_object, pathlib.Path(COPIES, placed(path))
    stored.set_local_path(copy)
    if not stored.exists():
        copy.unlink(missing_ok=True)
    elif not copy.exists() or copy.stat().st_mtime < stored.mtime():
        copy.parent.mkdir(parents=True, exist_ok=True)
        stored.retrieve_object()
    return str(copy)
