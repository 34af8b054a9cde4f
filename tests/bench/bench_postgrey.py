"""greymilter beside postgrey, each by its own protocol.

A connection a session for greymilter, as Postfix opens them; connections that
stay open for postgrey, as smtpd keeps them: the easier way is postgrey's.  With
many recipients a session both answer many questions on a connection.
"""

from bench_common import (MANY, Postgrey, alternate, first_new, greymilter, head,
                          milter_load, mix, policy_load, ratio, section, table)
from mg.place import Place

SHAPES = ((16, 1), (64, 1), (16, 50))  # sessions at once, recipients of each
GOAL = 6


def run_section():
    found = section("postgrey: decisions, beside postgrey's policy service")
    with Place("mailglance-bench-") as place:
        grey = greymilter(place, MANY).start()
        other = Postgrey(place, MANY).start()
        head()
        for at_once, recipients in SHAPES:
            def ours():
                return milter_load(grey.port, *mix(at_once, MANY, recipients),
                                   "-f", first_new())

            def theirs():
                options = mix(at_once, MANY)
                del options[2:4]  # a question has one recipient
                return policy_load(other.port, *options, "-f", first_new())
            results = alternate({"postgrey": theirs, "greymilter": ours})
            table(results)
            found.answers(results["greymilter"], grey)
            found.answers(results["postgrey"])
            found.goal(f"{at_once} connections, {recipients} recipients a session, "
                       "beside postgrey",
                       ratio(results, "greymilter", "postgrey"), at_least=GOAL,
                       form=".1f")
        grey.stop()
    return found.end()
