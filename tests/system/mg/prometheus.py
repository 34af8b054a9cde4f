"""A strict reader of Prometheus' text format 0.0.4."""

import re
import subprocess

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf'({NAME})(?:{{(.*)}})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
NUMBER = re.compile(r"[+-]?(\d+(\.\d+)?(e[+-]?\d+)?|Inf)|NaN", re.I)
TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}


def family_of(name, families):
    """The family that a sample belongs to."""
    for suffix in ("_bucket", "_sum", "_count"):
        base = name.removesuffix(suffix)
        if base != name and families.get(base) in ("histogram", "summary"):
            return base
    return name


def labels_of(text):
    found, at = {}, 0
    while at < len(text):
        m = LABEL.match(text, at)
        assert m and m[1] not in found, text
        found[m[1]] = m[2]
        at = m.end()
    return found


def parse(text):
    """{(name, ((label, value), ...)): number}; any fault of form fails."""
    assert text.endswith("\n") and "\n\n" not in text
    families, helped, samples, done, last = {}, set(), {}, set(), None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ", 3)[2]
            assert name not in helped and line.split(" ", 3)[3], line
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name in helped and name not in families and kind in TYPES, line
            families[name] = kind
        else:
            m = SAMPLE.fullmatch(line)
            assert m and NUMBER.fullmatch(m[3]), line
            family = family_of(m[1], families)
            assert family in families, f"no TYPE: {line}"
            assert family == last or family not in done, f"scattered: {line}"
            done.add(family)
            last = family
            key = (m[1], tuple(sorted(labels_of(m[2] or "").items())))
            assert key not in samples, f"twice: {line}"
            samples[key] = float(m[3])
            if families[family] == "counter":
                assert m[1].endswith("_total") and samples[key] >= 0, line
    for name, kind in families.items():
        if kind == "histogram":
            check_histogram(name, samples)
    return samples


def check_histogram(name, samples):
    buckets = [(float(dict(labels)["le"]), v) for (n, labels), v in samples.items()
               if n == name + "_bucket"]
    assert buckets == sorted(buckets), name
    assert [v for _, v in buckets] == sorted(v for _, v in buckets), name
    assert buckets[-1] == (float("inf"), samples[name + "_count", ()]), name
    assert samples[name + "_sum", ()] >= 0, name


def promtool(text):
    """What promtool says of it: (exit status, text)."""
    done = subprocess.run(["/usr/bin/promtool", "check", "metrics"], input=text,
                          text=True, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr
