"""Snakemake's command line from a process that has imported it already.

An import takes longer than most plans, and the tests plan hundreds of times. Each command runs in a
fork of a process that has imported Snakemake and nothing of this repository, with the directory,
environment, arguments and exit of `python -m snakemake`.

As a program: argument is the number of the socket on which commands come. It ends with the tests.
"""

import functools
import gc
import importlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

LARGEST_COMMAND = 1 << 20


def call(words: list[str], cwd: Path, environment: dict[str, str]) -> tuple[int, str]:
    """`python -m snakemake WORDS`: exit code (negative: the signal), and what was printed."""
    said, said_by_it = os.pipe()
    answer, answered_by_it = os.pipe()
    request = json.dumps({"words": words, "cwd": str(cwd), "environment": environment})
    socket.send_fds(_prepared(), [request.encode()], [said_by_it, answered_by_it])
    os.close(said_by_it)
    os.close(answered_by_it)
    with os.fdopen(said, encoding="utf-8") as printed, os.fdopen(answer) as code:
        text = printed.read()
        return int(code.read()), text


@functools.cache
def _prepared() -> socket.socket:
    """The way to a process that is ready to fork."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, __file__, str(theirs.fileno())]
        subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
    return ours


def main(control: socket.socket) -> None:
    """Fork for each command until the other side is gone; returns in a fork, ready to run."""
    while True:
        request, files, _, _ = socket.recv_fds(control, LARGEST_COMMAND, 2)
        if not request:
            sys.exit()
        if os.fork() == 0:
            control.close()
            if _keep(*files):
                return _become(**json.loads(request))
        for file in files:
            os.close(file)
        while _reaped():
            pass


def _reaped() -> bool:
    """Whether a fork had ended and is forgotten now."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


def _keep(said: int, answer: int) -> bool:
    """Fork the command, wait for it and tell its exit code; true in the command's process."""
    if (command := os.fork()) == 0:
        os.close(answer)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.close(said)
        return True
    os.close(said)
    _, status = os.waitpid(command, 0)
    os.write(answer, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(words: list[str], cwd: str, environment: dict[str, str]) -> None:
    """Directory, environment and arguments of `python -m snakemake`."""
    import snakemake

    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[0] = cwd
    sys.argv = [str(Path(snakemake.__file__).with_name("__main__.py")), *words]
    sys.orig_argv = [sys.executable, "-m", "snakemake", *words]


if __name__ == "__main__":
    import snakemake.cli

    for module in ("jsonschema", "pyarrow.csv", "pyarrow.parquet", "smart_open"):
        importlib.import_module(module)  # every plan does

    snakemake.cli.get_argument_parser()  # imports the plugins
    gc.freeze()
    main(socket.socket(fileno=int(sys.argv[1])))
    snakemake.cli.main()
