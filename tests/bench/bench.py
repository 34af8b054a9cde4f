#!/usr/bin/python3
"""make bench: how fast, beside what else, in one run.

usage: bench.py [SECTION ...]      (default: all)
       BENCH_SECONDS=4 BENCH_ROUNDS=3 BENCH_ROWS=1000000
       BENCH_SIZES=1000,100000,1000000     (section milter)

Rounds of what is compared alternate, so that both meet the same machine; the
median of each is shown, and the median of the rounds' ratios.  The exit status
is 0 unless an answer was wrong: whether a goal is met depends on the machine.
"""

import os
import pathlib
import platform
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import bench_dns  # noqa: E402
import bench_latency  # noqa: E402
import bench_log  # noqa: E402
import bench_memory  # noqa: E402
import bench_forecast  # noqa: E402
import bench_milter  # noqa: E402
import bench_postfix  # noqa: E402
import bench_postgrey  # noqa: E402
import bench_queue  # noqa: E402
import bench_senders  # noqa: E402
import bench_site  # noqa: E402

SECTIONS = {
    "log": bench_log.run_section,
    "queue": bench_queue.run_section,
    "milter": bench_milter.run_section,
    "postgrey": bench_postgrey.run_section,
    "postfix": bench_postfix.run_section,
    "memory": bench_memory.run_section,
    "latency": bench_latency.run_section,
    "dns": bench_dns.run_section,
    "forecast": bench_forecast.run_section,
    "site": bench_site.run_section,
    "senders": bench_senders.run_section,
}


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return (f"{os.cpu_count()} x {model}, Linux {platform.release()}, "
            f"load before: {os.getloadavg()[0]:.2f}")


def main():
    names = sys.argv[1:] or list(SECTIONS)
    for name in names:
        if name not in SECTIONS:
            sys.exit(f"bench.py: no section {name!r}; there are: {' '.join(SECTIONS)}")
    print(machine(), flush=True)
    done = [SECTIONS[name]() for name in names]
    missed, wrong = sum(f.missed for f in done), sum(f.wrong for f in done)
    print(f"\n{missed} goals missed, {wrong} wrong answers; load after: "
          f"{os.getloadavg()[0]:.2f}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
