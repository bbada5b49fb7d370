"""One rule script of the workflow in a process of its own, with the shipped configuration.

A tile job prints the number of tiles. Example: job.py tile slide.svs facts out size_px=256
"""

import argparse
import os
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "scripts"))
from grossing.support import yaml_text


class Files(dict[str, str]):
    """Named files, as Snakemake hands them to a script."""

    __getattr__ = dict.__getitem__


def run(job: str, slide: Path, facts: Path, out: Path, options: dict[str, Any]) -> None:
    """Run `measure`, `tile` or `rescale` on a slide.

    Parameters
    ----------
    facts : folder of the measured slide; `measure` writes it
    out : folder of everything else that is written
    options : `threads` of the job; others replace keys of the configuration, or of its section
        `tiles`
    """
    threads = options.pop("threads", 1)
    config = yaml_text.load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    config |= {key: value for key, value in options.items() if key in config}
    tiles = config["tiles"] | {k: v for k, v in options.items() if k not in config}
    measured = Files(
        facts=f"{facts}/facts.json",
        mask=f"{facts}/mask.png",
        overview=f"{facts}/overview.jpg",
        thumbnail=f"{facts}/thumbnail.jpg",
        outlines=f"{facts}/outlines.geojson",
    )
    made = Files(metrics=f"{out}/metrics.parquet", tiff=f"{out}/rescaled.tif")
    if tiles["container"] != "none":
        made["container"] = f"{out}/tiles.{tiles['container']}"
    plain = {
        "mpp": None,
        "stain": "",
        "mask": None,
        "quality": config["rescale"]["quality"],
        "gate": "pass",
    }
    snakemake = SimpleNamespace(
        params=SimpleNamespace(**config | plain | {"slide": str(slide), "tiles": tiles}),
        input=measured,
        output=measured if job == "measure" else made,
        log=[f"{out}.log"],
        threads=threads,
        wildcards=SimpleNamespace(slide_id="slide"),
    )
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # as Snakemake
    stdout = os.dup(1)  # the scripts send it to their log
    script = runpy.run_path(str(ROOT / f"scripts/{job}_slide.py"), {"snakemake": snakemake})
    if job == "tile":
        written = sum(row.member is not None for row in script["tiles"].rows)
        os.write(stdout, f"{written}\n".encode())


def main() -> None:
    """Command line of `run`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("job", choices=["measure", "tile", "rescale"])
    parser.add_argument("slide", type=Path)
    parser.add_argument("facts", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "options", nargs="*", help="key=value of the configuration or its section tiles"
    )
    given = parser.parse_args()
    options = {key: yaml_text.load(value) for key, value in (o.split("=") for o in given.options)}
    run(given.job, given.slide, given.facts, given.out, options)


if __name__ == "__main__":
    main()
