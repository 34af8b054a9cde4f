#include "statusd/store_inner.h"

/*
 * Times are Unix seconds.  Enumerations are stored by their numbers in model.h
 * and lib/level.h, which therefore never change.
 *
 * report     what is known of a system's reporter: its newest report
 * token      BLAKE2b-256 of bearer tokens; the newest used one is the only one
 * finding    the current finding of every check and subject
 * series, sample   numbers over time: a row for five minutes
 * period     what state a system was in, from when until when (0: still)
 * thread     incident, plain post or planned maintenance
 * cause      the findings that belong to an incident
 * entry      the texts of a thread; published_at 0: not public;
 *            publish_at 0: a draft, else when it becomes public;
 *            dropped: was never public and will not be
 * evidence   what the reports said at a thread's events; for the operator only
 * fault      what the operator is told of: an incident, or a check's warnings
 * notice     messages about it that the outbox has not taken over yet
 * told       which alert was told of which fault, and so hears of its end
 */
static const char first[] =
    "CREATE TABLE report ("
    " system TEXT PRIMARY KEY,"
    " seq INTEGER NOT NULL, received_at INTEGER NOT NULL,"
    " at INTEGER NOT NULL, interval_s INTEGER NOT NULL,"
    " agent TEXT NOT NULL) WITHOUT ROWID;"

    "CREATE TABLE token ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, system TEXT NOT NULL,"
    " hash BLOB NOT NULL UNIQUE, created_at INTEGER NOT NULL,"
    " used_at INTEGER NOT NULL DEFAULT 0);"

    "CREATE TABLE finding ("
    " system TEXT NOT NULL, \"check\" TEXT NOT NULL, subject TEXT NOT NULL,"
    " level INTEGER NOT NULL, since INTEGER NOT NULL, began_at INTEGER NOT "
    "NULL,"
    " changed_at INTEGER NOT NULL, changes INTEGER NOT NULL,"
    " seen_at INTEGER NOT NULL, value REAL, unit TEXT NOT NULL,"
    " summary TEXT NOT NULL, evidence TEXT NOT NULL, likely_at INTEGER NOT "
    "NULL,"
    " PRIMARY KEY (system, \"check\", subject)) WITHOUT ROWID;"

    "CREATE TABLE series ("
    " id INTEGER PRIMARY KEY, system TEXT NOT NULL, name TEXT NOT NULL,"
    " unit TEXT NOT NULL, UNIQUE (system, name));"
    "CREATE TABLE sample ("
    " series INTEGER NOT NULL REFERENCES series ON DELETE CASCADE,"
    " slot INTEGER NOT NULL, n INTEGER NOT NULL, sum REAL NOT NULL,"
    " low REAL NOT NULL, high REAL NOT NULL, last REAL NOT NULL,"
    " PRIMARY KEY (series, slot)) WITHOUT ROWID;"

    "CREATE TABLE period ("
    " system TEXT NOT NULL, from_at INTEGER NOT NULL,"
    " until_at INTEGER NOT NULL, state INTEGER NOT NULL,"
    " PRIMARY KEY (system, from_at)) WITHOUT ROWID;"

    "CREATE TABLE thread ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE,"
    " kind INTEGER NOT NULL, status INTEGER NOT NULL,"
    " impact INTEGER NOT NULL, by_hand INTEGER NOT NULL,"
    " prefix TEXT NOT NULL, title TEXT NOT NULL, path TEXT UNIQUE,"
    " opened_at INTEGER NOT NULL, resolved_at INTEGER NOT NULL DEFAULT 0,"
    " posted_at INTEGER NOT NULL, published_at INTEGER NOT NULL DEFAULT 0,"
    " planned_from INTEGER NOT NULL DEFAULT 0,"
    " planned_until INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX thread_open ON thread (id) WHERE resolved_at = 0;"
    "CREATE TABLE thread_system ("
    " thread INTEGER NOT NULL REFERENCES thread ON DELETE CASCADE,"
    " system TEXT NOT NULL, PRIMARY KEY (system, thread)) WITHOUT ROWID;"
    "CREATE INDEX thread_system_thread ON thread_system (thread);"

    "CREATE TABLE cause ("
    " thread INTEGER NOT NULL REFERENCES thread ON DELETE CASCADE,"
    " system TEXT NOT NULL, \"check\" TEXT NOT NULL, subject TEXT NOT NULL,"
    " level INTEGER NOT NULL, value REAL NOT NULL, peak REAL NOT NULL,"
    " joined_at INTEGER NOT NULL, changed_at INTEGER NOT NULL,"
    " PRIMARY KEY (thread, system, \"check\", subject)) WITHOUT ROWID;"
    "CREATE INDEX cause_standing ON cause (system, thread)"
    " WHERE level IN (2, 3);"

    "CREATE TABLE entry ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE,"
    " thread INTEGER NOT NULL REFERENCES thread ON DELETE CASCADE,"
    " kind INTEGER NOT NULL, number INTEGER NOT NULL DEFAULT 0,"
    " status INTEGER NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL,"
    " by_hand INTEGER NOT NULL, created_at INTEGER NOT NULL,"
    " publish_at INTEGER NOT NULL, published_at INTEGER NOT NULL DEFAULT 0,"
    " dropped INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX entry_thread ON entry (thread, id);"
    "CREATE INDEX entry_due ON entry (publish_at)"
    " WHERE published_at = 0 AND dropped = 0 AND publish_at > 0;"
    "CREATE UNIQUE INDEX entry_number ON entry (thread, number)"
    " WHERE number > 0;"

    "CREATE TABLE evidence ("
    " id INTEGER PRIMARY KEY, thread INTEGER NOT NULL"
    " REFERENCES thread ON DELETE CASCADE,"
    " at INTEGER NOT NULL, what TEXT NOT NULL);"
    "CREATE INDEX evidence_thread ON evidence (thread, id);"

    "CREATE TABLE fault ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, system TEXT NOT NULL,"
    " \"check\" TEXT NOT NULL, thread INTEGER NOT NULL,"
    " level INTEGER NOT NULL, changes INTEGER NOT NULL,"
    " opened_at INTEGER NOT NULL, label TEXT NOT NULL);"
    "CREATE INDEX fault_system ON fault (system);"
    "CREATE TABLE notice ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, fault INTEGER NOT NULL,"
    " event INTEGER NOT NULL, level INTEGER NOT NULL,"
    " system TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,"
    " thread INTEGER NOT NULL, number INTEGER NOT NULL,"
    " began_at INTEGER NOT NULL, at INTEGER NOT NULL);"
    "CREATE TABLE told ("
    " alert TEXT NOT NULL, fault INTEGER NOT NULL,"
    " PRIMARY KEY (alert, fault)) WITHOUT ROWID;"

    "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
    " WITHOUT ROWID;";

/*
 * cause of calm      reopens to held_back: an incident that comes and goes
 * period.felt        the state as customers had it; planned: during planned
 * work label              categories (kind 0) and tags (kind 1) of a thread
 * sample_day         samples of days that are over, by days since 1970
 * probe              what the looks from outside found last
 * thread.source      what it was imported from, so that it is so only once
 * told.at ...        when an alert heard of a fault last, for reminders
 */
static const char second[] =
    "ALTER TABLE thread ADD COLUMN next_update_at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE thread ADD COLUMN next_said INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE thread ADD COLUMN old_id INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE thread ADD COLUMN source TEXT;"
    "ALTER TABLE thread ADD COLUMN acked_at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE thread ADD COLUMN reopens INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE thread ADD COLUMN reopened_at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE thread ADD COLUMN well_since INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE thread ADD COLUMN swings INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE thread ADD COLUMN swings_from INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE thread ADD COLUMN swing_at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE thread ADD COLUMN held_back INTEGER NOT NULL DEFAULT 0;"
    "CREATE UNIQUE INDEX thread_source ON thread (source)"
    " WHERE source IS NOT NULL;"
    "CREATE TABLE label ("
    " thread INTEGER NOT NULL REFERENCES thread ON DELETE CASCADE,"
    " kind INTEGER NOT NULL, name TEXT NOT NULL,"
    " PRIMARY KEY (thread, kind, name)) WITHOUT ROWID;"

    "ALTER TABLE period ADD COLUMN felt INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE period ADD COLUMN planned INTEGER NOT NULL DEFAULT 0;"
    "UPDATE period SET felt = CASE state WHEN 5 THEN 0 ELSE state END,"
    " planned = state = 5;"

    "ALTER TABLE finding ADD COLUMN empty_at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE finding ADD COLUMN earliest_at INTEGER NOT NULL DEFAULT 0;"

    "CREATE TABLE probe ("
    " system TEXT NOT NULL, name TEXT NOT NULL,"
    " answers INTEGER NOT NULL, since INTEGER NOT NULL,"
    " at INTEGER NOT NULL, latency REAL NOT NULL,"
    " expires_at INTEGER NOT NULL, fault TEXT NOT NULL,"
    " PRIMARY KEY (system, name)) WITHOUT ROWID;"

    "CREATE TABLE sample_day ("
    " series INTEGER NOT NULL REFERENCES series ON DELETE CASCADE,"
    " day INTEGER NOT NULL, low REAL NOT NULL, mean REAL NOT NULL,"
    " high REAL NOT NULL, PRIMARY KEY (series, day)) WITHOUT ROWID;"

    "ALTER TABLE told ADD COLUMN at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE told ADD COLUMN escalated INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE fault ADD COLUMN alerts INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE fault ADD COLUMN held INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE fault ADD COLUMN acked_at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE fault ADD COLUMN said_level INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE fault ADD COLUMN said_at INTEGER NOT NULL DEFAULT 0;"
    "UPDATE fault SET said_level = level, alerts = changes;"
    "ALTER TABLE notice ADD COLUMN only TEXT NOT NULL DEFAULT '';";

/*
 * thread.rev         grows with every change of its entries
 * thread.newest_at   when its newest public entry was published
 */
static const char third[] =
    "ALTER TABLE thread ADD COLUMN rev INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE thread ADD COLUMN newest_at INTEGER NOT NULL DEFAULT 0;"
    "UPDATE thread SET newest_at = coalesce((SELECT max(published_at)"
    " FROM entry WHERE entry.thread = thread.id), 0);"
    "CREATE TRIGGER entry_new AFTER INSERT ON entry BEGIN"
    " UPDATE thread SET rev = rev + 1,"
    " newest_at = max(newest_at, NEW.published_at)"
    " WHERE id = NEW.thread; END;"
    "CREATE TRIGGER entry_changed AFTER UPDATE ON entry BEGIN"
    " UPDATE thread SET rev = rev + 1,"
    " newest_at = max(newest_at, NEW.published_at)"
    " WHERE id = NEW.thread; END;"
    "CREATE TRIGGER entry_gone AFTER DELETE ON entry BEGIN"
    " UPDATE thread SET rev = rev + 1 WHERE id = OLD.thread; END;"
    "CREATE INDEX thread_newest ON thread (opened_at, id);"
    "CREATE INDEX thread_kind ON thread (kind, opened_at);"
    "CREATE INDEX thread_changed ON thread (newest_at);";

/* operator   who may use the console; phrase: Argon2id */
static const char fourth[] =
    "CREATE TABLE operator ("
    " name TEXT PRIMARY KEY, phrase TEXT NOT NULL, secret BLOB NOT NULL,"
    " enrolled_at INTEGER NOT NULL) WITHOUT ROWID;";

/*
 * probe.cert             which certificate it was; 0: none seen yet
 * probe.cert_changed_at  when another one was seen
 */
static const char fifth[] =
    "ALTER TABLE probe ADD COLUMN cert INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE probe ADD COLUMN cert_changed_at INTEGER NOT NULL DEFAULT 0;";

const char *const store_schema[] = { first, second, third, fourth, fifth };
const int store_n_schema = (int)(sizeof(store_schema) /
    sizeof(store_schema[0]));
