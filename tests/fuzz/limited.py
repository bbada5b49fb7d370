"""Run a command with a limit of address space and of time; write its exit code and peak memory.

Use: limited.py REPORT.json SECONDS ADDRESS_SPACE_BYTES COMMAND...
The process is small, so that the kernel's peak of its children is theirs alone.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path


def main() -> None:
    report, seconds, space, *command = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (int(space), int(space)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    started = subprocess.Popen(command, start_new_session=True)
    timed_out = False
    try:
        code = started.wait(float(seconds))
    except subprocess.TimeoutExpired:
        timed_out = True
        os.killpg(started.pid, signal.SIGKILL)
        code = started.wait()
    peak_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    facts = {"code": code, "timed_out": timed_out, "peak_mb": peak_kb / 1024}
    Path(report).write_text(json.dumps(facts))


if __name__ == "__main__":
    main()
