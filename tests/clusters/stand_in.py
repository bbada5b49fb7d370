#!/usr/bin/env python3
"""Stands in for the commands of LSF, Grid Engine and PBS: jobs run at once, on this machine.

Called by the name of a command. `$CLUSTER` is a folder: `kind` holds lsf, sge or pbs, `calls.txt`
gets the command lines, and a job is a file named by its id that holds its exit code.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

CLUSTER = Path(os.environ["CLUSTER"])
KIND = (CLUSTER / "kind").read_text()
IDS = {"lsf": "{}", "sge": "{}", "pbs": "{}.server"}
ANSWERS = {"lsf": "Job <{}> is submitted to default queue <normal>.", "sge": "{}", "pbs": "{}"}


def submit(words: list[str]) -> str:
    """Runs the job's script to its end and answers as the scheduler does."""
    number = sum(path.name[0].isdigit() for path in CLUSTER.iterdir()) + 1
    job = IDS[KIND].format(number)
    code = subprocess.run([words[-1]], cwd="/", capture_output=True, check=False).returncode
    (CLUSTER / job).write_text(str(code))
    return ANSWERS[KIND].format(job)


def state(job: str) -> str:
    """What is said of a job that ended."""
    code = (CLUSTER / job).read_text()
    if KIND == "lsf":
        return "DONE" if code == "0" else "EXIT"
    if KIND == "sge":
        return f"qname        all.q\nfailed       0\nexit_status  {code}"
    return f"Job Id: {job}\n    Job_Name = x\n    job_state = F\n    Exit_status = {code}"


def main() -> None:
    name, words = Path(sys.argv[0]).name, sys.argv[1:]
    with (CLUSTER / "calls.txt").open("a") as calls:
        print(name, *(re.sub(r"\s", "_", word) for word in words), file=calls)
    if name in ("bsub", "qsub"):
        print(submit(words))
    elif name == "qstat" and KIND == "sge":
        print("job-ID  prior   name       user   state submit/start at     queue")
    elif words:
        print(state(words[-1]))


main()
