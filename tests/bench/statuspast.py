"""A long past for a status page, written straight into statusd's database."""

import random
import sqlite3

DAY = 86400
WORDS = ("mail queue delay server webmail disk certificate relay customers messages "
         "delivered waiting minutes again normal provider network answered memory "
         "restart spam filter bounce domain name backup telephone").split()


def systems(n):
    return {f"NC{100 + i}": {"role": f"Server {i}", "city": "Amsterdam", "country": "NL"}
            for i in range(n)}


def samples(path, now, codes, days=400):
    """Two series of each system, five minutes apart, and what they were in."""
    last = now // 300
    db = sqlite3.connect(path)
    with db:
        for i, code in enumerate(codes):
            for name, unit in (("queue.active", "messages"), ("canary.delay", "seconds")):
                series = db.execute("INSERT INTO series (system, name, unit) VALUES (?,?,?)",
                                    (code, name, unit)).lastrowid
                db.execute(
                    "WITH RECURSIVE t(x) AS (SELECT ?2 UNION ALL SELECT x + 1 FROM t"
                    " WHERE x < ?3) INSERT INTO sample SELECT ?1, x, 1, (x * ?4) % 97,"
                    " (x * ?4) % 89, (x * ?4) % 101, (x * ?4) % 97 FROM t",
                    (series, last - days * 288, last, i + 3))
                db.execute(
                    "INSERT INTO sample_day SELECT series, slot / 288, min(low),"
                    " sum(sum) / sum(n), max(high) FROM sample WHERE series = ?"
                    " AND slot < ? GROUP BY slot / 288", (series, now // DAY * 288))
            at = now - days * DAY
            while at < now - DAY:
                down = at + 3 * DAY - (600 + at % 3000)
                db.execute("INSERT INTO period (system, from_at, until_at, state, felt)"
                           " VALUES (?,?,?,1,1)", (code, at, down))
                at += 3 * DAY
                db.execute("INSERT INTO period (system, from_at, until_at, state, felt)"
                           " VALUES (?,?,?,3,3)", (code, down, at))
        db.execute("INSERT OR REPLACE INTO meta VALUES ('summed_up', ?)", (now // DAY,))
    db.close()


def _text(rnd, words):
    return " ".join(rnd.choice(WORDS) for _ in range(words)).capitalize() + "."


def _key(rnd):
    return "".join(rnd.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(20))


def fill(path, now, threads=5000, codes=()):
    """Posts over ten years, one in three a plain one, none open."""
    rnd = random.Random(1)
    db = sqlite3.connect(path)
    with db:
        for i in range(threads):
            at = now - DAY - (threads - i) * (3650 * DAY // threads)
            code = rnd.choice(list(codes))
            plain = i % 3 == 0
            title = f"{code}: {_text(rnd, 4)[:-1]}"
            day = db.execute("SELECT strftime('%Y/%m/%d', ?, 'unixepoch')", (at,)).fetchone()
            db.execute(
                "INSERT INTO thread (key, kind, status, impact, by_hand, prefix, title, path,"
                " opened_at, resolved_at, posted_at, published_at)"
                " VALUES (?,?,3,1,1,?,?,?,?,?,?,?)",
                (_key(rnd), 1 if plain else 0, code, title,
                 f"{day[0]}/{code.lower()}-post-{i}", at, at + 3600, at, at))
            thread = db.execute("SELECT last_insert_rowid()").fetchone()[0]
            db.execute("INSERT INTO thread_system VALUES (?,?)", (thread, code))
            for k in range(1 if plain else 3):
                db.execute(
                    "INSERT INTO entry (key, thread, kind, number, status, title, body,"
                    " by_hand, created_at, publish_at, published_at)"
                    " VALUES (?,?,?,?,?,?,?,1,?,?,?)",
                    (_key(rnd), thread, (0, 1, 3)[k], 1 if k == 1 else 0,
                     3 if k == 2 or plain else 0, title,
                     "\n\n".join(_text(rnd, 30) for _ in range(2)),
                     at + k * 1800, at + k * 1800, at + k * 1800))
    db.close()
