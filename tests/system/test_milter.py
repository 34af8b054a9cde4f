"""greymilter as Postfix and an operator see it."""

import os
import random
import signal
import socket
import stat
import struct
import subprocess
import time
import urllib.request

import pytest

from mg import smtp
from mg.daemons import Bare, Greymilter, program
from mg.milter import (MilterClient, NO_BODY, NO_EOH, NO_HDRS, NO_UNKNOWN, NR_CONN,
                       NR_HELO, NR_MAIL, ask)
from mg.ports import free_port, is_listening
from mg.proc import run
from mg.stall import Stall
from mg.wait import until

STRANGER = "198.51.100.7"


def refuses(place, option, words):
    """-t on one changed option ends non-zero and says where."""
    milter = Greymilter(place, **option)
    status, text = milter.check()
    assert status != 0, f"taken: {option}"
    assert f"{milter.conf_path}:" in text and words in text, text


# --- the answer --------------------------------------------------------------


def test_a_stranger_waits_and_passes(place):
    milter = Greymilter(place, delay=Bare("2s")).start()
    first = ask(milter.port, STRANGER, "a@b.example", "c@d.example")
    assert first == ("451 4.7.1 <c@d.example>: Recipient address rejected: "
                     "greylisted, please try again in 2 seconds")
    again = ask(milter.port, STRANGER, "A@B.example", "C@D.example")
    assert again.startswith("451 4.7.1 <C@D.example>") and "again in" in again
    until(lambda: ask(milter.port, "198.51.100.99", "a@b.example", "c@d.example") == "pass",
          4, "the retry passes, from the same network")
    assert ask(milter.port, STRANGER, "a@b.example", "other@d.example").startswith("451")
    assert ask(milter.port, "203.0.113.1", "a@b.example", "c@d.example").startswith("451")
    milter.stop()
    log = milter.output()
    assert "NOQUEUE: defer: new: client=unknown[198.51.100.7], rule=triplet, wait=2s, " \
           "from=<a@b.example>, to=<c@d.example>, helo=<client.example>" in log
    assert log.count("the mail server sends no {daemon_name}") == 1, "this one does not"


def test_the_reply_through_postfix(place, make_postfix):
    """As configured, the recipient's own % and all."""
    milter = Greymilter(place, reply="100%% <%r> %s", reply_code="450 4.2.0",
                        delay=Bare("1h")).start()
    # else Postfix takes a%b for a way to pass mail on
    postfix = make_postfix(milter=milter.port, settings={
        "allow_percent_hack": "no", "allow_untrusted_routing": "yes"})
    for local in ("user", "a%b", "50%%off", "%r%s", "%"):
        reply = smtp.attempt(postfix.port, "x@y.example", f"{local}@home.example",
                             address=STRANGER)
        assert reply == f"450 4.2.0 100% <{local}@home.example> 3600", reply


def test_each_recipient_is_judged_by_itself(place):
    """An exemption never carries to the recipients behind it, nor before it."""
    milter = Greymilter(place, delay=Bare("1h")).start()
    milter.greywl("add", "--recipient", "open@d.example")
    until(lambda: ask(milter.port, STRANGER, "a@b.example", "open@d.example") == "pass", 1)
    with MilterClient(milter.port) as m:
        m.connect(STRANGER)
        m.helo()
        m.mail("a@b.example")
        answers = [m.rcpt(r)[0] for r in ("one@d.example", "open@d.example",
                                          "two@d.example", "open@d.example")]
    assert answers == ["y", "c", "y", "c"]


def test_recipient_sections(place):
    milter = Greymilter(place, delay=Bare("1h"))
    milter.options[("recipient", "postmaster@*")] = {"greylist": False}
    milter.options[("recipient", "slow.example")] = {"delay": Bare("2h")}
    milter.configure()
    milter.start()
    assert ask(milter.port, STRANGER, "a@b.example", "Postmaster@d.example") == "pass"
    assert "3600 seconds" in ask(milter.port, STRANGER, "a@b.example", "c@d.example")
    assert "7200 seconds" in ask(milter.port, STRANGER, "a@b.example", "c@x.slow.example")


@pytest.mark.parametrize("how", ["trusted", "ipv6", "login", "originating", "unknown"])
def test_who_is_never_deferred(place, how):
    milter = Greymilter(place, delay=Bare("1h"),
                        trusted_networks=["192.0.2.0/24", "2001:db8:5::/48"]).start()
    address = {"trusted": "192.0.2.77", "ipv6": "2001:db8:5::9"}.get(how, STRANGER)
    with MilterClient(milter.port) as m:
        m.macros("C", daemon_name="ORIGINATING" if how == "originating" else "smtpd")
        if how == "unknown":
            m.send("C", b"localhost\0U")
            if not m.steps & NR_CONN:
                m.read()
        else:
            m.connect(address)
        m.helo()
        if how == "login":
            m.macros("M", auth_authen="alice")
        m.mail("a@b.example")
        assert m.rcpt("c@d.example")[0] == "c"


def test_ipv6_strangers_wait_by_network(place):
    milter = Greymilter(place, delay=Bare("1s")).start()
    assert ask(milter.port, "2001:db8::1", "a@b.example", "c@d.example").startswith("451")
    assert ask(milter.port, "2001:db8:0:1::1", "a@b.example", "c@d.example").startswith("451")
    until(lambda: ask(milter.port, "2001:db8::ffff", "a@b.example", "c@d.example") == "pass", 3)
    # mapped into IPv6 it is the same network as without
    assert ask(milter.port, STRANGER, "a@b.example", "m@d.example").startswith("451")
    until(lambda: ask(milter.port, f"::ffff:{STRANGER}", "a@b.example", "m@d.example")
          == "pass", 3)


def test_steps_that_are_not_needed_are_negotiated_away(place):
    milter = Greymilter(place).start()
    with MilterClient(milter.port) as m:
        for bit in (NO_BODY, NO_HDRS, NO_EOH, NO_UNKNOWN, NR_CONN, NR_HELO, NR_MAIL):
            assert m.steps & bit, hex(m.steps)


def test_bounces_are_judged_at_data(place):
    milter = Greymilter(place, delay=Bare("2s")).start()

    def bounce(*recipients):
        with MilterClient(milter.port) as m:
            m.connect(STRANGER)
            m.helo()
            m.mail("")
            for r in recipients:
                assert m.rcpt(r)[0] == "c", "callouts must not see a deferral"
            return m.data()
    code, text = bounce("one@d.example", "two@d.example")
    assert code == "y" and text.startswith(b"451 4.7.1 <"), text
    until(lambda: bounce("one@d.example")[0] in "ca", 4, "it passes later")
    assert bounce("one@d.example", "three@d.example")[0] in "ca", "one of them passes"
    assert bounce("four@d.example")[0] == "y"


# --- modes and header --------------------------------------------------------


def message(milter, sender, recipient, address=STRANGER):
    """(answer at RCPT, X-Greylist or None) of a whole message."""
    with MilterClient(milter.port) as m:
        m.macros("C", j="mx.home.example", daemon_name="smtpd")
        m.connect(address)
        m.helo()
        m.mail(sender)
        answer = m.rcpt(recipient)[0]
        if answer != "c":
            return answer, None
        if m.data()[0] == "a":
            return answer, None
        _, changes = m.end_of_message()
        headers = [c[1].split(b"\0") for c in changes if c[0] == "h"]
        assert all(h[0] == b"X-Greylist" for h in headers)
        return answer, headers[0][1].decode() if headers else None


def test_observe_defers_nobody_and_says_so(place):
    milter = Greymilter(place, mode=Bare("observe"), delay=Bare("1h")).start()
    answer, header = message(milter, "a@b.example", "c@d.example")
    assert answer == "c"
    assert header == "would be deferred for 3600 seconds; by greymilter 0.1.0 at " \
                     "mx.home.example"
    assert "(not deferred: mode)" in milter.output()
    assert milter.greywl_json("test", "--json", "--client", STRANGER, "--helo", "h", "--from",
                              "a@b.example", "--to", "c@d.example")["verdict"] == "waiting"


def test_learn_makes_known(place):
    milter = Greymilter(place, mode=Bare("learn"), delay=Bare("1h"),
                        header=Bare("always")).start()
    answer, header = message(milter, "a@b.example", "c@d.example")
    assert answer == "c" and header.startswith("not delayed, the mode is learn; by greymilter")
    milter.stop()
    milter.configure(mode=Bare("enforce"))
    milter.start()
    assert message(milter, "a@b.example", "c@d.example")[0] == "c"
    assert message(milter, "a@b.example", "new@d.example")[0] == "y"


@pytest.mark.parametrize("when", ["always", "delayed", "never"])
def test_the_header(place, when):
    milter = Greymilter(place, header=Bare(when), delay=Bare("1s")).start()
    milter.greywl("add", "b.example", "--proof", "none")
    until(lambda: message(milter, "a@b.example", "c@d.example")[0] == "c", 1)
    exempt = message(milter, "a@b.example", "c@d.example")[1]
    message(milter, "x@y.example", "c@d.example")
    found = []

    def passes():
        answer, header = message(milter, "x@y.example", "c@d.example")
        found.append(header)
        return answer == "c"
    until(passes, 3)
    if when == "never":
        assert exempt is None and found[-1] is None
    else:
        assert found[-1].startswith("delayed ") and "seconds" in found[-1]
        assert (exempt is not None) == (when == "always")
        if when == "always":
            assert exempt.startswith("not delayed, exempt: whitelist b.example;")


# --- process -----------------------------------------------------------------


def test_reload_loses_no_session(place):
    milter = Greymilter(place, delay=Bare("1h")).start()
    with MilterClient(milter.port) as m:
        m.connect(STRANGER)
        m.helo()
        m.mail("a@b.example")
        assert b"3600 seconds" in m.rcpt("c@d.example")[1]
        milter.configure(delay=Bare("2h"))
        milter.popen.send_signal(signal.SIGUSR1)
        until(lambda: "reloaded" in milter.output(), 5)
        assert b"3600 seconds" in m.rcpt("e@d.example")[1], "the message keeps its own"
        m.abort()
        m.mail("a@b.example")
        assert b"7200 seconds" in m.rcpt("f@d.example")[1]
        milter.configure(delay=Bare("never"))
        milter.popen.send_signal(signal.SIGUSR1)
        until(lambda: "not reloaded" in milter.output(), 5)
        assert f"{milter.conf_path}:" in milter.output()
        m.abort()
        m.mail("a@b.example")
        assert b"7200 seconds" in m.rcpt("g@d.example")[1]


@pytest.mark.alone
def test_ends_at_once_and_starts_again_on_the_same_port(place):
    milter = Greymilter(place, delay=Bare("1h")).start()
    for _ in range(3):
        with MilterClient(milter.port) as m:
            m.connect(STRANGER)
            m.helo()
            m.mail("a@b.example")
            m.rcpt("c@d.example")
            begun = time.monotonic()
            milter.stop()
            assert time.monotonic() - begun < 2
        begun = time.monotonic()
        milter.start()
        assert "waiting" not in ask(milter.port, STRANGER, "a@b.example", "c@d.example")
        assert time.monotonic() - begun < 1


@pytest.mark.alone
def test_ends_well_however_early_it_is_told(place):
    milter = Greymilter(place, delay=Bare("1h"))
    milter.is_ready = lambda: is_listening(milter.port)
    for i in range(12):
        milter.start()
        time.sleep(i * 0.003)
        begun = time.monotonic()
        milter.stop()  # which checks that it ended with 0
        assert time.monotonic() - begun < 2
    assert "given up" not in milter.output()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_unix_socket_and_rights(place):
    path = place / "run/deep/milter.sock"
    milter = Greymilter(place, delay=Bare("1h"), socket=f"unix:{path}",
                        socket_mode=Bare("0660"), socket_group="postfix",
                        store=f"sqlite:{place.path}/var/deep/grey.db")
    milter.is_ready = lambda: "started" in milter.output()
    milter.start()
    st = os.stat(path)
    assert stat.S_IMODE(st.st_mode) == 0o660
    status = open(f"/proc/{milter.pid}/status", encoding="ascii").read()
    uid = next(line.split()[1:] for line in status.splitlines() if line.startswith("Uid"))
    assert set(uid) == {str(os.stat(place / "var/deep/grey.db").st_uid)} != {"0"}
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect(str(path))
    s.close()
    milter.stop()
    assert not os.path.exists(path)
    milter.start()
    milter.kill()
    milter.popen = None
    milter.start()  # over the socket that was left


def test_a_socket_handed_over(place):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    port = listener.getsockname()[1]
    milter = Greymilter(place, delay=Bare("1h"), socket="fd:3")
    child = subprocess.Popen(
        [program("greymilter"), "-f", "-c", milter.conf_path],
        stderr=subprocess.PIPE,
        preexec_fn=lambda: (os.dup2(listener.fileno(), 3), os.set_inheritable(3, True)),
        close_fds=False)
    try:
        assert ask(port, STRANGER, "a@b.example", "c@d.example").startswith("451")
    finally:
        child.terminate()
        assert child.wait(5) == 0
        child.stderr.close()
        listener.close()


def test_detached(place):
    """Without -f the shell gets it back when it is ready."""
    milter = Greymilter(place, delay=Bare("1h"))
    run([program("greymilter"), "-c", milter.conf_path], seconds=5)
    pid = None
    try:
        assert ask(milter.port, STRANGER, "a@b.example", "c@d.example").startswith("451")
        found = [p for p in os.listdir("/proc") if p.isdigit() and
                 milter.conf_path in _command(p)]
        assert len(found) == 1
        pid = int(found[0])
    finally:
        if pid:
            os.kill(pid, signal.SIGTERM)
            until(lambda: not os.path.exists(f"/proc/{pid}"), 5, "it ends")


def _command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def test_what_cannot_start_says_why(place):
    first = Greymilter(place, "one").start()
    second = Greymilter(place, "two", socket=f"inet:{first.port}@127.0.0.1")
    done = run([program("greymilter"), "-f", "-c", second.conf_path], check=False)
    assert done.returncode == 1 and "Address already in use" in done.stderr
    third = Greymilter(place, "three", store="sqlite:/proc/no/grey.db")
    done = run([program("greymilter"), "-f", "-c", third.conf_path], check=False)
    assert done.returncode == 1 and "/proc/no" in done.stderr
    shared = Greymilter(place, "four", store="postgresql://db.example/grey",
                        log=Bare("syslog"))
    done = run([program("greymilter"), "-f", "-c", shared.conf_path], check=False)
    assert done.returncode == 1 and "postgresql://db.example/grey" in done.stderr
    status, text = shared.check()
    assert status == 0 and "does not start with \"postgresql:" in text, text


def test_bad_configuration_is_refused(place):
    refuses(place, {"delay": Bare("3d")}, "retry_window")
    refuses(place, {"reply_code": "550 5.7.1"}, "4.y.z")
    refuses(place, {"network4": 99}, "8 to 32")
    refuses(place, {"trusted_networks": ["10.0.0.1/8"]}, "10.0.0.0/8")


def test_metrics(place):
    port = free_port()
    milter = Greymilter(place, delay=Bare("1h"), metrics=f"127.0.0.1:{port}").start()
    for i in range(3):
        ask(milter.port, STRANGER, "a@b.example", f"c{i}@d.example")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    assert 'greymilter_decisions_total{verdict="new"} 3\n' in text
    assert 'greymilter_rules_total{rule="triplet"} 3\n' in text
    assert "greymilter_decision_seconds_count 3\n" in text
    assert "greymilter_deferred_total 3\n" in text
    assert "greymilter_fail_open_total 0\n" in text
    milter.stop()
    assert milter.greywl_json("stats", "--json"), "counted over the restart"


def test_rubbish_harms_nobody(place):
    milter = Greymilter(place, delay=Bare("1h")).start()
    for rubbish in (b"", b"\0", b"GET / HTTP/1.0\r\n\r\n", b"\0\0\0\5O", b"\xff" * 64,
                    b"\0\0\0\1R", b"\0\0\0\1T\0\0\0\1E"):
        with socket.create_connection(("127.0.0.1", milter.port), 5) as s:
            s.sendall(rubbish)
    long = "x" * 3000
    for sender in ("", long, long + "@b.example", "\x01\x7f", "\udcff@b", "@", "a@b@c",
                   '"a b"@c', "%s%n@d.example"):
        assert ask(milter.port, STRANGER, sender, "c@d.example")
        if sender:
            assert ask(milter.port, STRANGER, "a@b.example", sender).startswith("451"), sender
    assert milter.running()
    milter.stop()
    assert "\x01" not in milter.output() and "\x7f" not in milter.output()


def packet(command, data=b""):
    return struct.pack("!I", len(data) + 1) + command + data


def test_packets_that_no_mail_server_sends(place):
    """In any order, cut, empty, of old protocols; many idle; others are served."""
    # no name server: a machine without one would have each wait for its time-out
    milter = Greymilter(place, delay=Bare("1h"), spf={"enabled": Bare("false")}).start()
    offer = packet(b"O", struct.pack("!III", 6, 0x1FF, 0x1FFFFF))
    whole = [packet(b"C", b"x\0" + b"4\0\1192.0.2.9\0"), packet(b"H", b"h\0"),
             packet(b"M", b"<a@b.example>\0"), packet(b"R", b"<c@d.example>\0")]
    odd = whole + [offer, packet(b"C", b"x\0L\0\0/x\0"), packet(b"C", b"x\0" + b"6\0\1z\0"),
                   packet(b"M"), packet(b"R"), packet(b"M", b"\0"), packet(b"R", b"no end"),
                   packet(b"D", b"M{auth_authen}"), packet(b"D", b"Z\0\0"), packet(b"\xff"),
                   packet(b"M", b"<" + b"a" * 2000 + b"@b>\0"), packet(b"O", b"\0" * 11),
                   *(packet(c) for c in (b"T", b"E", b"A", b"B", b"L", b"N", b"U", b"K"))]
    rng = random.Random(1)
    idle = []
    for i in range(400):
        s = socket.create_connection(("127.0.0.1", milter.port), 5)
        text = offer + b"".join(rng.choices(odd, k=rng.randint(1, 9)))
        try:
            s.sendall(text[:rng.randint(1, len(text))] if i % 2 else text)
        except OSError:
            pass  # it has heard enough
        idle.append(s)
    # beside them others are served at once
    with Stall() as machine:
        begun = time.monotonic()
        MilterClient(milter.port).close()
        took = time.monotonic() - begun
    assert ask(milter.port, STRANGER, "a@b.example", "c@d.example").startswith("451")
    assert took < 1 + machine.worst_us / 1e6, f"answered after {took:.3f} s"
    for s in idle:
        s.close()
    for version in (2, 3, 4):
        with socket.create_connection(("127.0.0.1", milter.port), 5) as s:
            s.sendall(packet(b"O", struct.pack("!III", version, 1, 0x3f)) + b"".join(whole))
            s.settimeout(10)
            got = b""
            while b"451 4.7.1" not in got and (more := s.recv(4096)):
                got += more
            assert b"451 4.7.1 <c@d.example>" in got, version
    assert milter.stop() == 0


def test_what_postfix_trusts_is_trusted(place):
    place.write("pf/main.cf", "compatibility_level = 3.6\n"
                "mynetworks = 127.0.0.0/8 [::ffff:192.0.2.0]/120 !10.1.1.1 10.0.0.0/8\n"
                "smtpd_recipient_restrictions = reject_unauth_destination,\n"
                "  check_policy_service inet:127.0.0.1:10023\n")
    place.write("pf/master.cf", "")
    milter = Greymilter(place, delay=Bare("1h"), postfix_config=place / "pf").start()
    # postconf waits while main.cf is that new; the milter does not
    until(lambda: "pass" == ask(milter.port, "10.2.3.4", "a@b.example", "c@d.example"), 6)
    for address, answer in (("10.2.3.4", "pass"), ("10.1.1.1", "451"),
                            ("192.0.2.99", "pass"), ("192.0.3.99", "451")):
        assert ask(milter.port, address, "a@b.example", "c@d.example").startswith(answer), milter.output()
    status, text = milter.check()
    assert status == 0 and "another greylister" in text, text
    milter.stop()
    milter.configure(postfix_config=place / "nowhere")
    status, text = milter.check()
    assert status == 0 and "postconf" in text, text
