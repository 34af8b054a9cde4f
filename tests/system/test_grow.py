"""grow-mail-disk: on loop devices what is real there, LVM and partitions with
stand-ins for their programs."""

import os
import pathlib
import re
import stat

import pytest

from mg.proc import run

FILE_SYSTEMS = {"ext4": (["/sbin/mkfs.ext4", "-q", "-F"], 48 << 20),
                "xfs": (["/sbin/mkfs.xfs", "-q"], 320 << 20)}


@pytest.fixture
def script(root):
    return root / "etc/grow-mail-disk"


def mounted(place, kind, size):
    """A file system of that kind on a loop device; (mount point, image)."""
    make, least = FILE_SYSTEMS[kind]
    size = max(size, least)
    image, mount = place / f"{kind}.img", place.folder("store")
    with open(image, "wb") as f:
        f.truncate(size)
    run([*make, image])
    run(["mount", "-o", "loop", image, mount])
    place.on_close(lambda: run(["umount", "-l", mount], check=False))
    return mount, image


def may_grow(kind):
    """ext4 asks CAP_SYS_RESOURCE of who grows it while it is mounted."""
    text = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
    capabilities = int(re.search(r"CapEff:\s*(\w+)", text).group(1), 16)
    return kind != "ext4" or capabilities >> 24 & 1


def size(path):
    s = os.statvfs(path)
    return s.f_blocks * s.f_frsize


@pytest.mark.parametrize("kind", FILE_SYSTEMS)
def test_a_bare_disk_that_is_full(place, script, kind):
    if not may_grow(kind):
        pytest.skip("this machine grants no CAP_SYS_RESOURCE")
    mount, image = mounted(place, kind, 0)
    os.mkdir(mount + "/mail")
    with open(mount + "/mail/ballast", "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"\0" * (1 << 20))
        except OSError:
            pass
    before = size(mount)
    nothing = run([script, mount], check=False)
    assert nothing.returncode == 3 and "bought" in nothing.stdout, nothing
    os.truncate(image, os.path.getsize(image) * 2)
    says = run([script, "-n", mount], check=False)
    assert "would run: " in says.stdout and size(mount) == before, says
    done = run([script, mount + "/mail"], check=False)
    assert done.returncode == 0, done
    assert f"{mount}: " in done.stdout and "MiB now" in done.stdout
    assert size(mount) > before * 1.8
    with open(mount + "/mail/new", "wb") as f:
        f.write(b"\0" * (4 << 20))
    assert run([script, mount], check=False).returncode == 3, "once is enough"


def stand_ins(place, **programs):
    """Programs that write down how they were called, and then do "text"."""
    folder = place.folder("bin")
    log = place / "calls"
    for name, text in programs.items():
        path = place.write(f"bin/{name}", f'#!/bin/sh\necho "{name} $*" >>{log}\n{text}\n')
        os.chmod(path, stat.S_IRWXU)
    return folder, log


def block(place, name, size, **files):
    path = place.folder(f"sys/class/block/{name}")
    for key, text in {"size": size, **files}.items():
        place.write(f"sys/class/block/{name}/{key.replace('__', '/')}", f"{text}\n")
    return path


def called(log):
    with open(log, encoding="utf-8") as f:
        return f.read().splitlines()


def test_lvm_on_a_partition(place, script):
    """disk -> partition -> physical volume -> logical volume -> ext4."""
    folder, log = stand_ins(
        place, findmnt='case "$*" in *TARGET*) echo /;; *SOURCE*) echo $GROW_SOURCE;; '
        '*) echo ext4;; esac', lvs="echo '  vg0'", pvs=f"echo '  {place.path}/sdb1'",
        pvresize="", vgs="echo 2560", lvextend="", growpart="", readlink=
        'case "$2" in */sdb1) case "$2" in /*block*) echo /x/sdb/sdb1;; *) echo /dev/sdb1;; '
        'esac;; *) echo /dev/dm-0;; esac', resize2fs="", df=
        f'n=$(cat {place.path}/n 2>/dev/null || echo 0); echo $((n+1)) >{place.path}/n; '
        'echo head; echo "x $((1000000 + n * 500000)) 1 1"')
    block(place, "dm-0", 1, dm__uuid="LVM-abc")
    block(place, "sdb1", 2000000, partition=1, start=2048)
    block(place, "sdb", 4000000)
    source = next(f"/dev/{n}" for n in sorted(os.listdir("/dev"))
                  if stat.S_ISBLK(os.stat(f"/dev/{n}").st_mode))
    done = run([script, "/"], check=False,
               env={"GROW_PATH": folder, "GROW_SYS": place / "sys", "GROW_SOURCE": source})
    assert done.returncode == 0 and "976 MiB before, 1464 MiB now" in done.stdout, done
    steps = [c for c in called(log)
             if c.split()[0] in ("growpart", "pvresize", "lvextend", "resize2fs")]
    assert steps == ["growpart /dev/sdb 1", f"pvresize -q {place.path}/sdb1",
                     f"lvextend -q -A n -l +100%FREE {source}", f"resize2fs {source}"], steps


def test_refusals(place, script):
    done = run([script, "/proc"], check=False)
    assert done.returncode == 1 and "cannot be grown" in done.stderr
    assert run([script, "-x"], check=False).returncode == 2
    done = run([script, place / "none"], check=False)
    assert done.returncode == 1 and "no file system" in done.stderr
