#include "queuewatch/screen.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define FRAME_MOST ((size_t)1024 * 1024)
#define ROWS_DEFAULT 24

/* Second screen, no cursor, no wrapping of long lines; and back. */
#define ENTER "\033[?1049h\033[?25l\033[?7l"
#define LEAVE "\033[?7h\033[?25h\033[?1049l"
#define HOME "\033[H"
#define LINE_END "\033[K\n"
#define CLEAR_REST "\033[J"

static volatile sig_atomic_t stop;

static void
on_signal(int sig)
{
	stop = sig;
}

bool
screen_works(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) == 1 && term != NULL && *term != '\0' &&
	    strcmp(term, "dumb") != 0;
}

static size_t
rows(void)
{
	struct winsize w = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == -1 || w.ws_row == 0)
		return ROWS_DEFAULT;
	return w.ws_row;
}

/* All of it, or what a terminal that is gone takes. */
static void
put(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(STDOUT_FILENO, p, n);

		if (done == -1 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		p += done;
		n -= (size_t)done;
	}
}

/* The lines that fit, over those of the frame before; without a flicker. */
static void
draw(const struct screen *s, const char *text)
{
	const char *no_color = getenv("NO_COLOR");
	bool plain = no_color != NULL && *no_color != '\0';
	size_t left = rows(), n;
	struct buf out;

	buf_init(&out, FRAME_MOST * 2);
	buf_str(&out, HOME);
	for (bool first = true; *text != '\0' && left > 1; first = false) {
		n = strcspn(text, "\n");
		buf_str(&out, first && !plain ? "\033[1m" : "");
		buf_add(&out, text, n);
		buf_str(&out, first && !plain ? "\033[0m" : "");
		buf_str(&out, LINE_END);
		text += n + (text[n] == '\n');
		left--;
	}
	buf_str(&out, CLEAR_REST);
	buf_str(&out, s->help);
	put(buf_text(&out), out.len);
	buf_free(&out);
}

/* Keys, until it is time for the next frame.  Whether to go on. */
static bool
wait_for_keys(const struct screen *s)
{
	int64_t until = clock_mono_ms() + s->again_s * INT64_C(1000);
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t left;
	char key;

	while (!stop && (left = until - clock_mono_ms()) > 0) {
		if (poll(&p, 1, (int)left) == -1)
			return !stop; /* another size: draw it anew */
		if (p.revents == 0)
			continue;
		if (read(STDIN_FILENO, &key, 1) != 1) {
			p.fd = -1;
			continue;
		}
		if (key == 'q' || key == 'Q')
			return false;
		s->key(s->arg, key);
		return true;
	}
	return !stop;
}

static void
catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction sa = { .sa_handler = on_signal };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)sigaction(signals[i], &sa, NULL);
	sa.sa_handler = SIG_IGN;
	(void)sigaction(SIGTSTP, &sa, NULL);
}

static void
on_resize(int sig)
{
	(void)sig;
}

int
screen_run(const struct screen *s, struct err *e)
{
	struct sigaction resize = { .sa_handler = on_resize };
	struct termios was, raw;
	bool keys = tcgetattr(STDIN_FILENO, &was) == 0;
	struct buf frame;
	int rc;

	catch_signals();
	(void)sigaction(SIGWINCH, &resize, NULL);
	if (keys) {
		raw = was;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	put(ENTER, sizeof(ENTER) - 1);
	buf_init(&frame, FRAME_MOST);
	do {
		buf_reset(&frame);
		rc = s->frame(s->arg, &frame, e);
		if (rc == 0 && !stop)
			draw(s, buf_text(&frame));
	} while (rc == 0 && !stop && wait_for_keys(s));
	buf_free(&frame);
	put(LEAVE, sizeof(LEAVE) - 1);
	if (keys)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &was);
	return rc;
}
