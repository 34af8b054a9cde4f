"""Forecasts: false alarms and warning time beside node_exporter's mixin rule."""

import os
import pathlib
import subprocess

BUILD = os.environ.get("MG_BUILD") or str(
    pathlib.Path(__file__).resolve().parents[2] / "build")


def run_section():
    print("\n== forecast: 44 made-up file systems over 60 days; beside it "
          "predict_linear over 6 h, 24 h ahead, for 1 h, under 40 % free", flush=True)
    return subprocess.run([f"{BUILD}/tests/bench/forecast", "1000", "4"],
                          check=False).returncode == 0
