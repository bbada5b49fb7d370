"""A throw-away SLURM: own munge key, ports, configuration and nodes, all on this machine.

Needs root and Debian's packages `slurm-wlm` and `munge`; touches no system configuration.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
#: what is started this way dies with the tests, also where these are killed
BOUND = ("setpriv", "--pdeathsig", "KILL")
CLIENTS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo", "sacct", "sacctmgr")
CGROUPS = Path("/sys/fs/cgroup")
SEARCHED = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
START_S = 30
STOP_S = 10

CONFIGURATION = """
ClusterName=throwaway
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/controller
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
{limits}
JobAcctGatherFrequency=task=1
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=8
MessageTimeout=4
TCPTimeout=1
InactiveLimit=0
KillWait=2
OverTimeLimit=0
MinJobAge=7200
SchedulerParameters=sched_min_interval=100000,batch_sched_delay=0
{nodes}
PartitionName=test Nodes=ALL Default=YES MaxTime=60 State=UP
PartitionName=short Nodes=ALL MaxTime=60 State=UP
"""

CGROUP_LIMITS = """ProctrackType=proctrack/cgroup
TaskPlugin=task/cgroup
JobAcctGatherType=jobacct_gather/linux"""

#: where control groups cannot be used, SLURM watches the memory itself
WATCHED_LIMITS = """ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherParams=OverMemoryKill"""

CGROUP_CONFIGURATION = """CgroupPlugin=cgroup/v1
CgroupMountpoint=/sys/fs/cgroup
CgroupAutomount=no
ConstrainRAMSpace=yes
ConstrainSwapSpace=yes
AllowedSwapSpace=0
"""


def missing() -> str:
    """Why there can be no cluster here; empty where there can be one."""
    absent = [
        name for name in (*DAEMONS, *CLIENTS, BOUND[0]) if not shutil.which(name, path=SEARCHED)
    ]
    if absent:
        return f"needs SLURM (apt-get install slurm-wlm munge); not found: {', '.join(absent)}"
    return "" if os.geteuid() == 0 else "needs root: slurmd starts other people's jobs"


def wait_until(met: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll, and fail when it takes longer than that."""
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.2)


@dataclass
class Cluster:
    """Running daemons and how to talk to them.

    Attributes
    ----------
    folder : configuration, logs and spool
    nodes : names of the nodes
    daemons : process of each daemon by name
    """

    folder: Path
    nodes: tuple[str, ...]
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Variables under which `sbatch` and the others reach this cluster and no other."""
        clean = {k: v for k, v in os.environ.items() if "SLURM" not in k and "SNAKEMAKE" not in k}
        return clean | {
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": f"{self.folder / 'bin'}:{SEARCHED}",
        }

    def ask(self, *command: str) -> str:
        """What a client command prints."""
        done = subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=START_S,
            check=True,
        )
        return done.stdout.strip()

    def start(self) -> None:
        """Bring everything up; each step waits until the one before answers."""
        self._configure()
        (self.folder / "munge.key").write_bytes(os.urandom(1024))
        (self.folder / "munge.key").chmod(0o600)
        files = ("key-file=munge.key", "socket=munge.socket", "pid-file=munge.pid")
        files += ("log-file=munge.log", "seed-file=munge.seed")
        options = [f"--{name}={self.folder}/{path}" for name, path in (f.split("=") for f in files)]
        self._daemon("munged", "munged", "--foreground", "--force", *options)
        self._until_it_answers("munge", "-S", str(self.folder / "munge.socket"), "-n")
        self._daemon("slurmctld", "slurmctld", "-D")
        self._until_it_answers("scontrol", "show", "config")
        for node in self.nodes:
            self.start_node(node)

    def start_node(self, node: str) -> None:
        """Start a node and wait until it takes jobs."""
        self._daemon(node, "env", f"SLURMD_NODENAME={node}", "slurmd", "-D", "-N", node)
        state = ("sinfo", "--noheader", "--nodes", node, "--format", "%T")
        wait_until(lambda: self.ask(*state) in ("idle", "mixed"), START_S, f"{node} idle")

    def kill_node(self, node: str) -> None:
        """What a power cut does: the node's daemon and all its jobs' processes, at once."""
        self.daemons.pop(node).kill()
        self._kill_processes(f"SLURMD_NODENAME={node}")

    def stop(self) -> None:
        """Cancel everything, end the daemons by their pid, leave no process behind."""
        with contextlib.suppress(subprocess.SubprocessError):
            self.ask("scancel", "--full", "--user", "root")
            wait_until(lambda: not self.ask("squeue", "--noheader"), STOP_S, "empty queue")
        for daemon in reversed(self.daemons.values()):
            daemon.terminate()
            try:
                daemon.wait(STOP_S)
            except subprocess.TimeoutExpired:
                daemon.kill()
        self._kill_processes(f"SLURM_CONF={self.folder / 'slurm.conf'}")
        self._remove_cgroups()

    def _configure(self) -> None:
        cgroups = os.access(CGROUPS / "memory/cgroup.procs", os.W_OK)
        ports = free_ports(len(self.nodes) + 1)
        host = socket.gethostname().split(".")[0]
        nodes = [
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port}"
            " CPUs=4 RealMemory=8000 Feature=avx2 State=UNKNOWN"
            for node, port in zip(self.nodes, ports[1:], strict=True)
        ]
        text = CONFIGURATION.format(
            host=host,
            folder=self.folder,
            controller_port=ports[0],
            limits=CGROUP_LIMITS if cgroups else WATCHED_LIMITS,
            nodes="\n".join(nodes),
        )
        (self.folder / "slurm.conf").write_text(text)
        if cgroups:
            (self.folder / "cgroup.conf").write_text(CGROUP_CONFIGURATION)
        self._pin_clients()

    def _pin_clients(self) -> None:
        """A job's own `srun` is started without SLURM_CONF: the plugin strips SLURM_*."""
        (self.folder / "bin").mkdir()
        for name in CLIENTS:
            path = self.folder / "bin" / name
            real = shutil.which(name, path=SEARCHED)
            path.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {real} "$@"\n')
            path.chmod(0o755)

    def _daemon(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.out").open("ab") as out:
            self.daemons[name] = subprocess.Popen(
                (*BOUND, *command),
                env=self.environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def _until_it_answers(self, *command: str) -> None:
        def answers() -> bool:
            done = subprocess.run(
                command, env=self.environment, capture_output=True, timeout=START_S, check=False
            )
            return done.returncode == 0

        wait_until(answers, START_S, " ".join(command))

    def _kill_processes(self, variable: str) -> None:
        """Kill what runs with a variable in its environment, and with our configuration."""
        ours = f"SLURM_CONF={self.folder / 'slurm.conf'}"
        for pid, environment in environments():
            if ours in environment and variable in environment and pid != os.getpid():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _remove_cgroups(self) -> None:
        """Killed nodes leave theirs; a later node of that name could start no job in them."""
        for node in self.nodes:
            for group in CGROUPS.glob(f"*/slurm_{node}"):
                for folder, _, _ in os.walk(group, topdown=False):
                    with contextlib.suppress(OSError):
                        os.rmdir(folder)


def environments() -> Iterator[tuple[int, list[str]]]:
    """Environment of every process that can be read."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                text = (folder / "environ").read_text(errors="replace")
                yield int(folder.name), text.split("\0")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; held until all are known, so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def running(nodes: int = 3) -> Iterator[Cluster]:
    """A cluster that is gone, and its folder with it, when the block ends in any way."""
    # Short path: SLURM's sockets lie in it.
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as folder:
        # Names of its own: nodes of one name share their control groups.
        name = f"n{secrets.token_hex(3)}x"
        cluster = Cluster(Path(folder), tuple(f"{name}{i}" for i in range(1, nodes + 1)))
        Path(folder).chmod(0o755)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()
