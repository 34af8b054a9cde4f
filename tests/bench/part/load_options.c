#include "tests/bench/part/load_options.h"

#include "tests/bench/part/envelope.h"
#include "tests/bench/part/mix.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
usage(void)
{
	fputs("usage: milterload -p PORT [-c SESSIONS AT ONCE] [-s SECONDS]\n"
	      "  [-R SESSIONS BEGUN A SECOND] [-r RECIPIENTS A SESSION]\n"
	      "  [-k KNOWN ENVELOPES]\n"
	      "  [-n PERCENT OF NEW ONES] [-f FIRST NEW NUMBER] [-j JOURNAL]\n"
	      "  [-l: go on when a connection is lost]\n"
	      "  [-F N: envelopes 0 to N - 1, then end]\n"
	      "  [-C JOURNAL: all of it must pass, then end]\n",
	    stderr);
	exit(2);
}

static uint64_t
number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);

	if (*text == '\0' || *end != '\0')
		usage();
	return n;
}

void
load_options_read(int argc, char **argv, struct load_options *o)
{
	int c;

	*o = (struct load_options){ .at_once = 16,
		.seconds = 5,
		.recipients = 1,
		.new_percent = 30,
		.first_new = MIX_FIRST_NEW };
	while ((c = getopt(argc, argv, "p:c:R:s:r:k:n:f:j:lF:C:")) != -1)
		switch (c) {
		case 'p':
			o->port = (uint16_t)number(optarg);
			break;
		case 'c':
			o->at_once = (unsigned)number(optarg);
			break;
		case 'R':
			o->per_second = (unsigned)number(optarg);
			break;
		case 's':
			o->seconds = (unsigned)number(optarg);
			break;
		case 'r':
			o->recipients = (unsigned)number(optarg);
			break;
		case 'k':
			o->known = number(optarg);
			break;
		case 'n':
			o->new_percent = (unsigned)number(optarg);
			break;
		case 'f':
			o->first_new = number(optarg);
			break;
		case 'j':
			o->journal = optarg;
			break;
		case 'l':
			o->patient = true;
			break;
		case 'F':
			o->fill = number(optarg);
			break;
		case 'C':
			o->check = optarg;
			break;
		default:
			usage();
		}
	if (o->port == 0 || o->at_once < 1 || o->at_once > LOAD_SESSIONS_MAX ||
	    o->recipients < 1 || ENVELOPE_GROUP % o->recipients != 0 ||
	    optind != argc)
		usage();
}
