"""A machine in small: a real systemd as process 1, in name spaces of its own.

Its root is an overlay whose changes go to memory, so that nothing of this machine is written: it
has a /tmp, /run, /dev and control group of its own, /sys and /proc/sys may only be read, there is
no network, and what would set up hardware or tidy up is masked. Whoever ends it ends all in it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import wait_until

REPOSITORY = Path(__file__).parents[1]
SYSTEMD = Path("/lib/systemd/systemd")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BOOT_SECONDS, COMMAND_SECONDS = 60.0, 180.0
MASKED = (
    "systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service systemd-tmpfiles-clean.timer"
    " systemd-sysctl.service systemd-binfmt.service systemd-udevd.service"
    " systemd-udev-trigger.service systemd-remount-fs.service systemd-random-seed.service"
    " systemd-modules-load.service systemd-machine-id-commit.service dev-hugepages.mount"
    " dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount"
    " sys-fs-fuse-connections.mount proc-sys-fs-binfmt_misc.automount"
)
BOOT = f"""set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
mknod -m 666 dev/null c 1 3; mknod -m 666 dev/zero c 1 5; mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8; mknod -m 666 dev/urandom c 1 9; mknod -m 666 dev/tty c 5 0
mkdir dev/shm dev/pts
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx; ln -s /proc/self/fd dev/fd; touch dev/console
for place in run tmp var/tmp; do mount -t tmpfs -o mode=1777 tmpfs $place; done
rm -rf var/log/journal
: > etc/fstab
for unit in {MASKED}; do ln -sf /dev/null etc/systemd/system/$unit; done
printf '[Unit]\\nRequires=systemd-journald.service dbus.socket\\n' > etc/systemd/system/small.target
mkdir -p run/before srv/photos etc/tagd
pivot_root . run/before
umount -l run/before
exec setpriv --bounding-set -sys_time,-sys_module,-sys_boot,-sys_rawio,-syslog,-mknod \\
  env -i container=other PATH={PATH} {SYSTEMD} --system --log-target=journal --unit=small.target
"""
COMMAND = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(REPOSITORY)!r})
from tagd.cli import main
sys.exit(main())
"""


class Machine:
    """`root` is its root, seen from here."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.root = Path(f"/proc/{pid}/root")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command in it, to its end, as its root."""
        inside = ["nsenter", "-t", str(self._pid), "-m", "-p", "-i", "-u", "-n", "-C", "-r", "-w"]
        environment = ["env", "-i", f"PATH={PATH}", "HOME=/root", "XDG_DATA_HOME=/var/lib"]
        return subprocess.run(
            [*inside, *environment, *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )

    def says(self, key: str) -> str:
        """What systemd knows of tagd under this name."""
        return self.run("systemctl", "show", "--value", "--property", key, "tagd").stdout.strip()

    def install(self, cache: Path) -> None:
        """The command, for every user, with what its first start would take a minute to make."""
        command = self.root / "usr/local/bin/tagd"
        command.write_text(COMMAND, encoding="utf-8")
        command.chmod(0o755)
        for place in (Path(sys.executable), Path(sys.executable).resolve(), REPOSITORY / "tagd"):
            for above in place.parents[:-1]:
                self.run("chmod", "a+x", str(above))
        shutil.copytree(cache / "tagd", self.root / "var/cache/tagd")


@contextlib.contextmanager
def machine(place: Path) -> Iterator[Machine]:
    """A machine that runs; skips the test where none can be had."""
    group = _group_or_skip()
    place.mkdir()
    group.mkdir()
    enter = f'echo $$ > {group}/cgroup.procs; exec unshare "$@"'
    spaces = ["--mount", "--pid", "--cgroup", "--ipc", "--uts", "--net", "--fork", "--kill-child"]
    outer = subprocess.Popen(
        ["sh", "-c", enter, "sh", *spaces, "sh", "-c", BOOT, "sh", str(place)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
    try:

        def runs() -> bool:
            assert outer.poll() is None, outer.stderr and outer.stderr.read().decode()
            pids = children.read_text().split()
            return bool(pids) and Path(f"/proc/{pids[0]}/comm").read_text() == "systemd\n"

        wait_until(runs, BOOT_SECONDS, "systemd is process 1")
        made = Machine(int(children.read_text()))
        ready = ["systemctl", "is-active", "small.target"]
        wait_until(lambda: not made.run(*ready).returncode, BOOT_SECONDS, "it has booted")
        yield made
    finally:
        outer.kill()  # and with it, by --kill-child, all that it started
        outer.communicate()
        wait_until(lambda: _is_gone(group), BOOT_SECONDS, "nothing of it is left")


def _group_or_skip() -> Path:
    if os.environ.get("TAGD_TEST_SYSTEMD") != "1":
        pytest.skip("TAGD_TEST_SYSTEMD=1 has a systemd booted beside this one, as root")
    programs = ("unshare", "nsenter", "setpriv", "pivot_root")
    if os.geteuid() or not SYSTEMD.exists() or not all(map(shutil.which, programs)):
        pytest.skip("it takes root, systemd, and util-linux")
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    groups = [place for _, place, kind, *_ in mounts if kind == "cgroup2"]
    if not groups or "overlay" not in Path("/proc/filesystems").read_text():
        pytest.skip("it takes control groups of version 2, and overlays")
    return Path(groups[0]) / f"tagd-test-{os.getpid()}"


def _is_gone(group: Path) -> bool:
    try:
        for folder, _, _ in os.walk(group, topdown=False):
            Path(folder).rmdir()
    except OSError:
        return False
    return True
