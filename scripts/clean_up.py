"""Removes the files of slides that are no longer in the cohort sheet, and copies of earlier code.

Lists them and asks first. Only what a run made of a slide is removed, and what Snakemake was given
of the code in `.snakemake/code`, but for the copy used last: nothing in other folders, nothing of
other names, and nothing behind a link.

Example: clean_up.py --directory WORKDIR SHEET.csv
"""

import argparse
import sys
from pathlib import Path

from grossing.cohort import leftovers, sheet
from grossing.support.errors import UserError


def bytes_of(path: Path) -> int:
    """Size of a file, or of the files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files if file.is_file())


def locks(folder: Path) -> list[Path]:
    """Locks of a run in a folder; none where it may not be read."""
    try:
        return list(folder.glob(".snakemake/locks/*"))
    except OSError:
        return []


def main() -> None:
    """Command line of `clean_up`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sheet", help="the cohort sheet, relative to the directory")
    parser.add_argument("--directory", type=Path, default=Path(), help="of the run (default: here)")
    parser.add_argument("--yes", action="store_true", help="do it without asking")
    options = parser.parse_args()
    workdir = options.directory.resolve()
    try:
        current = leftovers.current_ids(sheet.read_sheet(workdir / options.sheet))
    except UserError as error:
        sys.exit(str(error))
    # a module with a prefix works in a folder of the run's
    if any(lock for folder in (workdir, *workdir.parents) for lock in locks(folder)):
        sys.exit(f"{workdir}: Snakemake runs here, or was killed (scripts/recover.py)")

    left = leftovers.find(workdir, current)
    of_slides = [path for products in left.values() for path in products]
    paths = of_slides + leftovers.old_code(workdir)
    for path in paths:
        print(f"  {path.relative_to(workdir)}")
    size = sum(map(bytes_of, paths)) / 1e6
    found = f"{len(of_slides)} files of {len(left)} slides that are not in the sheet"
    if copies := len(paths) - len(of_slides):
        found += f", {copies} copies of earlier code"
    print(f"{workdir}: {found}", end="")
    print(f", {size:.1f} MB" if paths else "")
    if not paths:
        return
    measured = any((workdir / f"results/slides/{each}.json").exists() for each in current)
    if of_slides and not measured:
        sys.exit(f"{options.sheet} has no slide that was measured here: is it the right sheet?")
    if not options.yes:
        answer = input("Remove them? [y/N] ") if sys.stdin.isatty() else ""
        if answer.lower() not in ("y", "yes"):
            sys.exit("Nothing is removed; --yes does it without asking.")
    leftovers.remove(paths)
    print("Done.")


if __name__ == "__main__":
    main()
