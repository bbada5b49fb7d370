"""The rules of the workflow as Snakemake reads them.

As a program: prints them as JSON. Arguments: working directory, configuration as JSON.
"""

import functools
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from running import REPOSITORY


@dataclass(frozen=True)
class Rule:
    """A rule that has a script.

    Attributes
    ----------
    name : of the rule
    script, environment : names of the files
    code : the digest of its code, as it is handed to the script
    files : outputs, log and benchmark, `{slide_id}` in place of a slide
    """

    name: str
    script: str
    environment: str
    code: str
    files: tuple[str, ...]


@functools.cache
def rules(config: str = "{}") -> dict[str, Rule]:
    """Rules with a script by name, with further configuration (JSON)."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "cohort.csv").write_text("slide_id,path\na,a.svs\n")
        command = [sys.executable, "-m", "workflow_rules", folder, config]
        tests = Path(__file__).parent
        done = subprocess.run(command, cwd=tests, stdout=subprocess.PIPE, text=True, check=True)
    each = [Rule(**row | {"files": tuple(row["files"])}) for row in json.loads(done.stdout)]
    return {rule.name: rule for rule in each}


def main(folder: str, config: str) -> None:
    """Print the rules of the workflow for a cohort in `folder`."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings

    with SnakemakeApi(OutputSettings()) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(config={"cohort": "cohort.csv"} | json.loads(config)),
            snakefile=REPOSITORY / "Snakefile",
            workdir=Path(folder),
        )._workflow
        found = [
            {
                "name": rule.name,
                "script": Path(rule.script).name,
                "environment": Path(rule.conda_env).name,
                "code": rule.params.get("code"),
                "files": [
                    re.sub(r"\{(\w+),[^}]*\}", r"{\1}", str(path))
                    for path in (*rule.output, *rule.log, rule.benchmark)
                    if path
                ],
            }
            for rule in workflow.rules
            if rule.script
        ]
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
