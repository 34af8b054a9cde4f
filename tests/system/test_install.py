"""make install lays down everything, honours DESTDIR and PREFIX, and never
touches what the operator wrote."""

import os
import re
import subprocess

import pytest


def install(root, build, dest, prefix="/usr/local"):
    done = subprocess.run(["etc/install", build, dest, prefix], cwd=root,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {os.path.relpath(os.path.join(folder, name), dest)
            for folder, _, names in os.walk(dest) for name in names}


@pytest.mark.parametrize("prefix", ["/usr/local", "/usr", "/opt/mail glance"])
def test_everything_is_laid_down(root, build, tmp_path, prefix):
    files = install(root, build, tmp_path, prefix)
    p = prefix[1:]
    want = [f"{p}/sbin/{n}" for n in ("greymilter", "greymilter-spf", "queuewatch", "statusd")]
    want += [f"{p}/bin/{n}" for n in ("greywl", "statusctl")]
    want += [f"{p}/share/man/man8/{n}.8" for n in ("greymilter", "queuewatch", "statusd")]
    want += [f"{p}/share/man/man1/{n}.1" for n in ("greywl", "statusctl")]
    want += [f"{p}/lib/systemd/system/{n}.service"
             for n in ("greymilter", "queuewatch", "statusd")]
    for name in ("greymilter", "queuewatch", "statusd"):
        want += [f"{p}/share/man/man5/{name}.conf.5", f"etc/mailglance/{name}.conf",
                 f"{p}/share/mailglance/examples/{name}.conf"]
    assert set(want) <= files, sorted(set(want) - files)
    for name in files:
        mode = os.stat(tmp_path / name).st_mode & 0o777
        program = "/bin/" in "/" + name or "/sbin/" in "/" + name
        # greymilter reads its own again when it has no rights left
        secret = name.startswith("etc/") and not name.endswith("greymilter.conf")
        assert mode == (0o755 if program else 0o640 if secret else 0o644), name
    for name in files:
        if name.endswith(".service"):
            for line in (tmp_path / name).read_text().splitlines():
                if line.startswith("ExecStart="):
                    assert re.match(rf"ExecStart={re.escape(prefix)}/s?bin/", line), line


@pytest.mark.parametrize("name,arguments", [
    ("sbin/greymilter", ["-V"]), ("bin/greywl", ["-V"]), ("sbin/queuewatch", ["-V"]),
    ("sbin/statusd", ["-V"]), ("bin/statusctl", ["-V"])])
def test_what_was_laid_down_runs(root, build, tmp_path, name, arguments):
    install(root, build, tmp_path)
    program = tmp_path / "usr/local" / name
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{program.name} 0.1.0\n")


def test_the_operators_configuration_stays(root, build, tmp_path):
    install(root, build, tmp_path)
    mine = tmp_path / "etc/mailglance/greymilter.conf"
    mine.write_text("mode = observe\n")
    install(root, build, tmp_path)
    assert mine.read_text() == "mode = observe\n"
