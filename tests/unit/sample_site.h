#ifndef TESTS_UNIT_SAMPLE_SITE_H
#define TESTS_UNIT_SAMPLE_SITE_H

#include "statusd/model.h"

#include <stdint.h>

/* A status page's model, made up: 2026-03-19 16:21:30 UTC. */
#define NOW INT64_C(1773937290)
#define HOUR 3600
#define DAY 86400
/* Outside of functions, where it lives for ever. */
#define S(s) ((char[]){ s })

static struct model_system sample_systems[] = {
	{ S("NC036"), S("Mail server"), S("Amsterdam"), S("NL"), false,
	    MODEL_DEGRADED, NOW - 2400, NOW - 8, MODEL_ANSWERS,
	    .reason = S("Mail is delayed.") },
	{ S("NC037"), S("Relay"), S("Singapore"), S("SG"), false,
	    MODEL_OPERATIONAL, NOW - DAY, NOW - 5, MODEL_NOT_ASKED,
	    .reason = S("") },
	{ S("NC038"), S("Web <server>"), S("Nairobi"), S("KE"), false,
	    MODEL_UNKNOWN, 0, 0, MODEL_SILENT, .reason = S("") },
	{ S("NC043"), S("Backup"), S("Oslo"), S("NO"), true, MODEL_MAJOR_OUTAGE,
	    NOW, NOW, MODEL_NOT_ASKED, .reason = S("secret") },
};

static char *sample_codes[] = { S("NC036"), S("NC043") };

static struct model_entry sample_open[] = {
	{ 1, S("aaaaaaaaaaaaaaaaaaaa"), MODEL_OPENING, 0, NOW - 2400,
	    MODEL_INVESTIGATING, S("NC036: Mail is delayed"),
	    S("Mail is **delayed** & none is lost."), true },
	{ 2, S("bbbbbbbbbbbbbbbbbbbb"), MODEL_UPDATE, 1, NOW - 1500,
	    MODEL_IDENTIFIED, S("NC036: Update 1"), S("We know why."), true },
	{ 3, S("cccccccccccccccccccc"), MODEL_UPDATE, 2, NOW - 600,
	    MODEL_IDENTIFIED, S("NC036: Update 2"),
	    S("It falls. <script>alert(1)</script>"), true },
};

static struct model_entry sample_over[] = {
	{ 4, S("dddddddddddddddddddd"), MODEL_OPENING, 0, NOW - 30 * DAY,
	    MODEL_INVESTIGATING, S("NC036: Webmail is down"),
	    S("It does not answer."), true },
	{ 5, S("eeeeeeeeeeeeeeeeeeee"), MODEL_RESOLUTION, 0,
	    NOW - 30 * DAY + HOUR, MODEL_RESOLVED,
	    S("NC036: Webmail is back to normal"), S("It is resolved."), true },
	{ 6, S("ffffffffffffffffffff"), MODEL_NOTE, 0, NOW - 29 * DAY,
	    MODEL_RESOLVED, S("NC036: Note"), S("A cable was loose."), true },
};

static struct model_entry sample_plain[] = {
	{ 7, S("gggggggggggggggggggg"), MODEL_OPENING, 0, NOW - 60 * DAY,
	    MODEL_RESOLVED, S("Opening hours"), S("As always."), true },
};

static struct model_thread sample_threads[] = {
	{ 1, S("hhhhhhhhhhhhhhhhhhhh"), MODEL_INCIDENT, MODEL_IDENTIFIED,
	    MODEL_IMPACT_MAJOR, sample_codes, 2, S("NC036: Mail is delayed"),
	    S("2026/03/19/nc036-mail-is-delayed"), NOW - 2400, 0, NOW - 600, 0,
	    0, true, sample_open, .n_entries = 3 },
	{ 2, S("iiiiiiiiiiiiiiiiiiii"), MODEL_INCIDENT, MODEL_RESOLVED,
	    MODEL_IMPACT_CRITICAL, sample_codes, 1, S("NC036: Webmail is down"),
	    S("2026/02/17/nc036-webmail-is-down"), NOW - 30 * DAY,
	    NOW - 30 * DAY + HOUR, NOW - 29 * DAY, 0, 0, true, sample_over,
	    .n_entries = 3 },
	{ 3, S("jjjjjjjjjjjjjjjjjjjj"), MODEL_POST, MODEL_RESOLVED,
	    MODEL_IMPACT_NONE, NULL, 0, S("Opening hours"),
	    S("2026/01/18/opening-hours"), NOW - 60 * DAY, NOW - 60 * DAY,
	    NOW - 60 * DAY, 0, 0, true, sample_plain, .n_entries = 1 },
};

static struct model_link sample_links[] = {
	{ S("Support & help"), S("https://example.net/support?a=1&b=2") },
};

static char sample_title[] = "Example: <Status>";
static char sample_url[] = "https://status.example.net/";

static struct model_site
sample_site(void)
{
	return (struct model_site){ .title = sample_title,
		.url = sample_url,
		.loaded_at = NOW,
		.systems = sample_systems,
		.n_systems = 4,
		.threads = sample_threads,
		.n_threads = 3,
		.links = sample_links,
		.n_links = 1 };
}

#endif
