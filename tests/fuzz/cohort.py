"""Run the workflow over damaged variants of seven slides, and report which wrong tiles pass.

Example: python tests/fuzz/cohort.py fuzz --variants 360
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "data")]

from fuzz import bases, compare
from fuzz.compare import SlideResult
from fuzz.variants import Variant, choose
from running import (
    REPOSITORY,
    by_slide,
    clean_environment,
    command,
    configure,
    read_csv,
    write_sheet,
)

UNDAMAGED = "undamaged"
BATCH = 60
ADDRESS_SPACE_BYTES = 4 << 30
SECONDS_PER_SLIDE = 20
PEAK_MB_MAX = 250
WRONG_PASSING_MAX = 0.005
RIGHT_FLAGGED_MAX = 0.005
STATUSES = ("PASS", "REVIEW", "FAIL", "ERROR")


@dataclass
class Outcome:
    """What the workflow made of all variants and of the undamaged slides."""

    slides: list[SlideResult] = field(default_factory=list)
    lost_rows: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    peak_mb: float = 0.0

    @property
    def damaged(self) -> list[SlideResult]:
        return [slide for slide in self.slides if slide.kind != UNDAMAGED]

    def faults(self) -> list[str]:
        """Everything that must not be, in words; empty where all is as it should be."""
        faults = [f"{text} {name}" for text, names in self._names().items() for name in names]
        passing = sum(s.right_passing + s.wrong_passing for s in self.damaged)
        wrong = sum(s.wrong_passing for s in self.damaged)
        if wrong > WRONG_PASSING_MAX * passing:
            faults.append(f"{wrong} of {passing} passing tiles of damaged slides are wrong")
        sound = [slide for slide in self.slides if slide.kind == UNDAMAGED]
        flagged = sum(s.right_flagged + s.without_pixels for s in sound)
        right = sum(s.right_passing for s in sound) + flagged
        if flagged > RIGHT_FLAGGED_MAX * right:
            faults.append(f"{flagged} of {right} right tiles of undamaged slides are flagged")
        if self.peak_mb > PEAK_MB_MAX:
            faults.append(f"a process took {self.peak_mb:.0f} MB, more than {PEAK_MB_MAX}")
        return faults

    def _names(self) -> dict[str, list[str]]:
        sound = [slide for slide in self.slides if slide.kind == UNDAMAGED]
        return {
            "job failed:": self.crashes,
            "no end in time:": self.hangs,
            "no row:": self.lost_rows,
            "wrong slide passes:": [
                s.slide_id for s in self.damaged if s.status == "PASS" and s.wrong
            ],
            "undamaged slide does not pass:": [s.slide_id for s in sound if s.status != "PASS"],
            "undamaged slide has wrong tiles:": [s.slide_id for s in sound if s.wrong_passing],
        }


def judge(
    folder: Path, variants: list[Variant], *, undamaged: bool = True, keep: bool = False
) -> Outcome:
    """Run the workflow over variants and the undamaged slides, in cohorts of `BATCH`.

    Parameters
    ----------
    folder : receives `bases/` and a working directory per cohort
    undamaged : whether the undamaged slides are among them
    keep : whether variants and results stay there
    """
    outcome = Outcome()
    sources = bases.write_bases(folder / "bases")
    for start in range(0, len(variants), BATCH):
        workdir = folder / f"run{start // BATCH}"
        _run(workdir, sources, variants[start : start + BATCH], undamaged and not start, outcome)
        print(f"{min(start + BATCH, len(variants))} of {len(variants)} variants", flush=True)
        if not keep:
            shutil.rmtree(workdir)
    return outcome


def _run(
    workdir: Path,
    sources: Mapping[str, Path],
    variants: Iterable[Variant],
    with_undamaged: bool,
    outcome: Outcome,
) -> None:
    """One cohort: written, run with limits, judged; adds to `outcome`."""
    shutil.rmtree(workdir, ignore_errors=True)
    (workdir / "slides").mkdir(parents=True)
    asked = {v.slide_id: (v.base, v.kind) for v in variants}
    paths = {i: workdir / f"slides/{i}" / sources[base].name for i, (base, _) in asked.items()}
    for slide_id, path in paths.items():
        Variant.from_slide_id(slide_id).write(sources[asked[slide_id][0]], path)
    if with_undamaged:
        asked |= {name: (name, UNDAMAGED) for name in sources}
        paths |= sources
    write_sheet(workdir, [{"slide_id": i, "path": str(p.resolve())} for i, p in paths.items()])
    configure(workdir, report={"enabled": False})  # Matplotlib alone takes more than the bar
    if not _run_limited(workdir, len(asked), outcome):
        return
    results = workdir / "results"
    verdicts, tiles = by_slide(workdir, "cohort_qc.csv"), compare.tiles_by_slide(results)
    outcome.lost_rows += [slide_id for slide_id in asked if slide_id not in verdicts]
    truths = {name: bases.level0(sources[name]) for name in {base for base, _ in asked.values()}}
    for slide_id, (base, kind) in asked.items():
        if row := verdicts.get(slide_id):
            result = SlideResult(slide_id, base, kind, row["qc_status"], row["qc_reasons"])
            picture = truths[base][: int(row["height_px"] or 0), : int(row["width_px"] or 0)]
            compare.count_tiles(result, tiles.get(slide_id, []), results, picture)
            outcome.slides.append(result)


def _run_limited(workdir: Path, slides: int, outcome: Outcome) -> bool:
    """Run the workflow; whether it made the tables of the cohort."""
    limits = (str(SECONDS_PER_SLIDE * slides + 60), str(ADDRESS_SPACE_BYTES))
    report = workdir / "limited.json"
    script = str(Path(__file__).with_name("limited.py"))
    with (workdir / "run.txt").open("w") as log:
        subprocess.run(
            [sys.executable, script, str(report), *limits, *command(workdir)],
            cwd=REPOSITORY,
            env=clean_environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
            check=True,
        )
    facts = json.loads(report.read_text())
    outcome.peak_mb = max(outcome.peak_mb, facts["peak_mb"])
    if facts["timed_out"]:
        outcome.hangs.append(f"{workdir.name}; its last lines:\n{_tail(workdir / 'run.txt')}")
        return False
    if (workdir / "results/cohort/failed_jobs.csv").exists():
        failed = read_csv(workdir, "failed_jobs.csv")
        outcome.crashes += [f"{row['slide_id']} {row['rule']}: {row['cause']}" for row in failed]
    if facts["code"] != 0:
        outcome.crashes.append(f"{workdir.name}; its last lines:\n{_tail(workdir / 'run.txt')}")
    return facts["code"] == 0


def _tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def report(outcome: Outcome) -> str:
    """The figures by kind of damage and by base slide, and the faults."""
    groups: dict[str, list[SlideResult]] = {}
    for key in ("kind", "base"):
        for slide in outcome.slides if key == "kind" else outcome.damaged:
            groups.setdefault(getattr(slide, key), []).append(slide)
    groups["all damaged"] = outcome.damaged
    head = f"{'':24}{'slides':>7}" + "".join(f"{status:>7}" for status in STATUSES)
    lines = [head + f"{'passing':>9}{'wrong':>7}{'in PASS':>8}{'flagged':>8}{'wrong slides':>13}"]
    for name, slides in groups.items():
        lines.append(f"{name:24}{len(slides):7}" + _figures(slides))
    lines += [
        "passing: tiles that pass, of slides that PASS or are in REVIEW",
        "wrong: of those, tiles that do not show the undamaged slide; in PASS: of slides that PASS",
        f"flagged: right tiles that fail as {', '.join(compare.DAMAGE)}",
        "wrong slides: they PASS, and too many of their passing tiles are wrong: more than "
        f"{compare.WRONG_SLIDE_FRACTION:.0%}",
        f"peak memory of a process: {outcome.peak_mb:.0f} MB",
        *(f"FAULT {fault}" for fault in outcome.faults()),
    ]
    return "\n".join(lines)


def _figures(slides: list[SlideResult]) -> str:
    statuses = Counter(slide.status for slide in slides)
    numbers = [
        sum(s.right_passing + s.wrong_passing for s in slides),
        sum(s.wrong_passing for s in slides),
        sum(s.wrong_passing for s in slides if s.status == "PASS"),
        sum(s.right_flagged for s in slides),
        sum(s.wrong and s.status == "PASS" for s in slides),
    ]
    columns = zip(numbers, (9, 7, 8, 8, 13), strict=True)
    by_status = "".join(f"{statuses[status]:7}" for status in STATUSES)
    return by_status + "".join(f"{number:{width}}" for number, width in columns)


def write_slides(outcome: Outcome, path: Path) -> None:
    """Write one row per slide."""
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(vars(outcome.slides[0])), lineterminator="\n")
        table.writeheader()
        for slide in outcome.slides:
            table.writerow(vars(slide) | {"wrong_tiles": " ".join(slide.wrong_tiles)})


def main() -> None:
    """Command line; exits with 1 where anything is as it must not be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--variants", type=int, default=360)
    parser.add_argument("--only", nargs="+", help="slide_id of variants; their files stay")
    options = parser.parse_args()
    if options.only:
        variants = [Variant.from_slide_id(slide_id) for slide_id in options.only]
    else:
        variants = choose(bases.write_bases(options.folder / "bases"), options.variants)
    outcome = judge(options.folder, variants, keep=bool(options.only))
    text = report(outcome)
    print(text)
    (options.folder / "report.txt").write_text(text + "\n")
    write_slides(outcome, options.folder / "slides.csv")
    sys.exit(bool(outcome.faults()))


if __name__ == "__main__":
    main()
