"""The costs that a plan begins with, recorded from a run: `make record-costs`.

`record_costs.py WORKDIR` takes what `snakemake plan` fitted to the benchmark files of a finished
run and writes scripts/grossing/cohort/recorded_costs.py. With `--make` the run is made first:
synthetic slides of several sizes, resolutions and shares of tissue, the real slide of the tests and
further slides that are named, every optional stage on. None of them is a slide of the demo, on
which the recorded costs are checked (docs/plan.md).
"""

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests/data"))

from make_slide import make_slide

REGION = ROOT / "tests/data/CMU-1-Small-Region.svs"
RECORDED = ROOT / "scripts/grossing/cohort/recorded_costs.py"
STAGES = ("rescale", "stain", "stains", "nuclei", "zones")
#: width and height in px, um/px, share of tissue, factor between levels
SLIDES = (
    (3000, 2400, 0.25, 0.0, 4),
    (3000, 2600, 0.25, 0.35, 4),
    (4000, 3000, 0.25, 0.6, 2),
    (6000, 5000, 0.25, 0.2, 4),
    (6000, 5000, 0.5, 0.5, 4),
    (9000, 7000, 0.25, 0.5, 4),
    (9000, 7000, 0.5, 0.15, 2),
    (12000, 9000, 0.25, 0.35, 2),
    (10000, 10000, 0.5, 0.4, 4),
    (14000, 12000, 0.25, 0.6, 4),
    (16000, 14000, 0.25, 0.15, 4),
    (20000, 16000, 0.25, 0.3, 4),
)
HEAD = '''"""Costs of the jobs of a slide, recorded by benchmarks/record_costs.py: not edited here.

By rule: coefficients (`cost_model.TERMS`) of CPU seconds, their error over slides that were left
out of the fit, and the same of bytes.
"""

from grossing.cohort.cost_model import Coefficients

#: slides of the run
SLIDES = {slides}
COSTS: dict[str, tuple[Coefficients, Coefficients]] = {{
'''


def make(folder: Path, further: list[Path]) -> None:
    """A cohort, and the run of it."""
    rows = [("real", REGION, "")]
    rows += [(f"further_{number}", path.resolve(), "") for number, path in enumerate(further)]
    folder.mkdir(parents=True, exist_ok=True)
    for number, (width, height, mpp, tissue, factor) in enumerate(SLIDES):
        path = folder.resolve() / f"{number}.svs"
        if not path.exists():
            shape = {"mpp": mpp, "tissue_fraction": tissue, "pyramid_factor": factor}
            make_slide(REGION, path, width, height, seed=100 + number, pen=False, **shape)
        rows.append((f"synthetic_{number}", path, "H&E"))
    rows.append(("missing", folder / "missing.svs", ""))
    with (folder / "cohort.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("slide_id", "path", "stain"), *rows])
    stages = [f"{stage}={{enabled: true}}" for stage in STAGES]
    for target in ([], ["plan"]):
        words = [*target, "--profile", "profiles/local", "--directory", str(folder)]
        words += ["--config", "cohort=cohort.csv", *stages, "report={enabled: false}"]
        subprocess.run([sys.executable, "-m", "snakemake", *words], cwd=ROOT, check=True)


def text(totals: dict[str, Any]) -> str:
    """The module of the recorded costs."""
    fitted = [rule for rule in totals["rules"] if rule["fitted_to"]]
    lines = [HEAD.format(slides=max(rule["fitted_to"] for rule in fitted))]
    for rule in fitted:
        lines.append(f'    "{rule["rule"]}": (\n')
        for cost in ("cpu", "bytes"):
            values = tuple(rule[f"{cost}_coefficients"])
            lines.append(f"        Coefficients({values}, {rule[f'{cost}_error']}),\n")
        lines.append("    ),\n")
    return "".join([*lines, "}\n"])


def main() -> None:
    """Make a run if asked to, and record it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workdir", type=Path)
    parser.add_argument("slides", type=Path, nargs="*", help="further slides, with --make")
    parser.add_argument("--make", action="store_true")
    given = parser.parse_args()
    if given.make:
        make(given.workdir, given.slides)
    totals = json.loads((given.workdir / "results/cohort/plan.json").read_text(encoding="utf-8"))
    RECORDED.write_text(text(totals), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", str(RECORDED)], check=True)


if __name__ == "__main__":
    main()
