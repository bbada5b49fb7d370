"""Snakemake's command line, and the scripts of its jobs, from a process that has imported much.

An import takes longer than most plans and most jobs of small slides, and the tests have hundreds of
both. Each command runs in a fork of a process that has imported Snakemake and nothing of this
repository, with the directory, environment, arguments and exit of `python -m snakemake`. So does
the script of each job, but for the first one of each rule: that is a Python of its own, which shows
that the script imports what it uses.

As a program: argument is the number of the socket on which commands come. It ends with the tests.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

LARGEST_COMMAND = 1 << 20
#: what most plans or scripts import
LIBRARIES = (
    *("cv2", "jinja2", "jsonschema", "matplotlib.figure", "openslide", "PIL.Image"),
    *("gdcm", "h5py", "pyarrow.compute", "pyarrow.csv", "pyarrow.parquet", "pydicom"),
    *("rocrate.rocrate", "scipy.ndimage", "scipy.optimize", "shapely", "SimpleITK", "simplejpeg"),
    *("smart_open", "tifffile"),
)
#: how Snakemake runs a script
SCRIPT = re.compile(rf"set -euo pipefail; +{re.escape(sys.executable)} (\S+\.py)")


class Fork:
    """A process forked by the prepared one; as much of `subprocess.Popen` as Snakemake uses.

    Parameters
    ----------
    server : the way to the prepared process
    files : where it prints, and what else it keeps open
    what : it runs: see `_command` and `_script`; with `cwd` and `environment`
    """

    def __init__(self, server: socket.socket, *files: int, **what: Any) -> None:
        answer, answered_by_it = os.pipe()
        socket.send_fds(server, [json.dumps(what).encode()], [answered_by_it, *files])
        os.close(answered_by_it)
        self._answer = os.fdopen(answer)
        self.pid = int(self._answer.readline())

    def wait(self) -> int:
        """Its exit code; negative: the signal."""
        with self._answer:
            return int(self._answer.readline())

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        os.kill(self.pid, signal.SIGTERM)


class InShell(Fork):
    """One whose exit code is that of a shell around it."""

    def wait(self) -> int:
        """Its exit code; above 128: the signal."""
        code = super().wait()
        return 128 - code if code < 0 else code


def call(words: list[str], cwd: Path, environment: dict[str, str]) -> tuple[int, str]:
    """`python -m snakemake WORDS`: exit code (negative: the signal), and what was printed."""
    said, said_by_it = os.pipe()
    server = _prepared()
    what = {"words": words, "cwd": str(cwd), "environment": environment}
    command = Fork(server, said_by_it, server.fileno(), **what)
    os.close(said_by_it)
    with os.fdopen(said, encoding="utf-8") as printed:
        text = printed.read()
    return command.wait(), text


@functools.cache
def _prepared() -> socket.socket:
    """The way to a process that is ready to fork."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, __file__, str(theirs.fileno())]
        one_thread = os.environ | {"OPENBLAS_NUM_THREADS": "1"}  # a fork has no others
        subprocess.Popen(
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=one_thread
        )
    return ours


def main(control: socket.socket) -> Callable[[], Any]:
    """Fork for each request until nobody can send one; returns in a fork, with what it runs."""
    rules: set[str] = set()
    while True:
        request, files, _, _ = socket.recv_fds(control, LARGEST_COMMAND, 3)
        if not request:
            sys.exit()
        what = json.loads(request)
        rule = what.get("script", "").split(".")[-2:][0]
        if os.fork() == 0:
            control.close()
            if _keep(*files[:2]):
                _become(what["cwd"], what["environment"])
                if "words" in what:
                    return _command(what["words"], socket.socket(fileno=files[2]))
                return _script(what["script"], first=rule not in rules)
        rules.add(rule)
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


def _keep(answer: int, said: int) -> bool:
    """Fork the process, tell its number, wait for it and tell its exit code; true in it."""
    if (process := os.fork()) == 0:
        os.close(answer)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.close(said)
        return True
    os.close(said)
    os.write(answer, f"{process}\n".encode())
    _, status = os.waitpid(process, 0)
    os.write(answer, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(cwd: str, environment: dict[str, str]) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)


def _command(words: list[str], server: socket.socket) -> Callable[[], Any]:
    """`python -m snakemake WORDS`, which asks the server for its scripts."""
    import snakemake

    server.set_inheritable(False)
    popen = functools.partial(_popen, server)
    shell = sys.modules["snakemake.shell"]  # the package calls a class so
    shell.sp = SimpleNamespace(**vars(subprocess) | {"Popen": popen})  # type: ignore[attr-defined]
    sys.path[0] = os.getcwd()
    sys.argv = [str(Path(snakemake.__file__).with_name("__main__.py")), *words]
    sys.orig_argv = [sys.executable, "-m", "snakemake", *words]
    return snakemake.cli.main


def _popen(server: socket.socket, command: str, **options: Any) -> subprocess.Popen[Any] | Fork:
    """`subprocess.Popen` for Snakemake's shell."""
    script = SCRIPT.fullmatch(command)
    if not script or options["stdout"] is subprocess.PIPE:
        return subprocess.Popen(command, **options)
    return InShell(server, 1, script=script[1], cwd=os.getcwd(), environment=options["env"])


def _script(path: str, *, first: bool) -> Callable[[], Any]:
    """`python PATH`."""
    if first:
        os.execv(sys.executable, [sys.executable, path])
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    sys.argv = [path]
    sys.orig_argv = [sys.executable, path]
    return functools.partial(runpy.run_path, path, run_name="__main__")


def _run(what: Callable[[], Any]) -> NoReturn:
    """Call it and end as Python does, but do not take apart what has been imported.

    That would write to all memory that the forks share, which takes longer than most scripts.
    """
    code: Any = 0
    try:
        what()
    except SystemExit as end:
        code = end.code
        if not isinstance(code, int | None):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    import snakemake.cli

    for module in LIBRARIES:
        importlib.import_module(module)
    snakemake.cli.get_argument_parser()  # imports the plugins
    gc.freeze()
    _run(main(socket.socket(fileno=int(sys.argv[1]))))
