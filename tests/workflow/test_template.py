"""What the Snakemake workflow catalog and template ask for."""

import subprocess
import sys
from pathlib import Path

import yaml
from running import REPOSITORY, clean_environment


def test_the_test_case_of_the_template_is_planned(tmp_path: Path) -> None:
    """Its command, on a link to its configuration: nothing is written into the repository."""
    (tmp_path / "config").symlink_to(REPOSITORY / ".test/config")
    command = [sys.executable, "-m", "snakemake", "-n", "-q", "rules", "--cores", "1"]
    command += ["--directory", str(tmp_path), "--configfile", ".test/config/config.yaml"]
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Totals: " in done.stdout and "1 slides, 1.9 MB of slides" in done.stdout


def test_the_catalog_is_told_what_the_workflow_has() -> None:
    usage = yaml.safe_load((REPOSITORY / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    text = "".join(path.read_text() for path in REPOSITORY.glob("workflow/rules/*.smk"))
    deployed = usage["software-stack-deployment"]
    assert deployed["conda"] == ("conda:" in text)
    assert deployed["apptainer"] == ("container:" in text)
    assert deployed["report"] == ("report(" in text)
