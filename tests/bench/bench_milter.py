"""greymilter beside a milter that does nothing.

Both negotiate the same steps; the load is milterload, which speaks as Postfix
does: 30 % of the envelopes are new, 70 % are known ones drawn at random from
all that the store holds.
"""

import os

from bench_common import (MANY, alternate, first_new, greymilter, head, milter_load, mix,
                          null_milter, ratio, section, table)
from mg.place import Place

SIZES = [int(s) for s in
         os.environ.get("BENCH_SIZES", f"1000,100000,{MANY}").split(",")]
# Sessions at once, recipients a session, the goal.
SHAPES = [(16, 1, 0.8), (64, 1, 0.8), (16, 50, 0.5)]


def one_size(size, found):
    with Place("mailglance-bench-") as place:
        grey = greymilter(place, size).start()
        null = null_milter(place, grey.port)
        head()
        for at_once, recipients, goal in SHAPES:
            def one(port):
                return lambda: milter_load(
                    port, *mix(at_once, size, recipients), "-f", first_new())
            results = alternate({"nothing": one(null), "greymilter": one(grey.port)})
            table(results)
            found.answers(results["greymilter"], grey)
            found.goal(f"{at_once} sessions at once, {recipients} recipients each, "
                       "beside nothing",
                       ratio(results, "greymilter", "nothing"), at_least=goal)
        grey.stop()


def run_section():
    found = section("milter: decisions, beside a milter that does nothing")
    for size in SIZES:
        one_size(size, found)
    return found.end()
