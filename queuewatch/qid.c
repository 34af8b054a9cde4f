#include "queuewatch/qid.h"

#include <stddef.h>

#define SEC_DIGITS 6
#define USEC_DIGITS 4
#define NAME_MAX_LEN 100 /* Postfix: VALID_HOSTNAME_LEN is far above */

/* The value of each digit plus 1; 0: no digit of base 52. */
static const unsigned char value52[256] = {
	['0'] = 1,
	['1'] = 2,
	['2'] = 3,
	['3'] = 4,
	['4'] = 5,
	['5'] = 6,
	['6'] = 7,
	['7'] = 8,
	['8'] = 9,
	['9'] = 10,
	['B'] = 11,
	['C'] = 12,
	['D'] = 13,
	['F'] = 14,
	['G'] = 15,
	['H'] = 16,
	['J'] = 17,
	['K'] = 18,
	['L'] = 19,
	['M'] = 20,
	['N'] = 21,
	['P'] = 22,
	['Q'] = 23,
	['R'] = 24,
	['S'] = 25,
	['T'] = 26,
	['V'] = 27,
	['W'] = 28,
	['X'] = 29,
	['Y'] = 30,
	['Z'] = 31,
	['b'] = 32,
	['c'] = 33,
	['d'] = 34,
	['f'] = 35,
	['g'] = 36,
	['h'] = 37,
	['j'] = 38,
	['k'] = 39,
	['l'] = 40,
	['m'] = 41,
	['n'] = 42,
	['p'] = 43,
	['q'] = 44,
	['r'] = 45,
	['s'] = 46,
	['t'] = 47,
	['v'] = 48,
	['w'] = 49,
	['x'] = 50,
	['y'] = 51,
	['z'] = 52,
};

/* Valid in a name, and no digit of base 52. */
static bool
is_other(unsigned char c)
{
	return c == '_' || c == 'A' || c == 'E' || c == 'I' || c == 'O' ||
	    c == 'U' || c == 'a' || c == 'e' || c == 'i' || c == 'o' ||
	    c == 'u';
}

int
qid_read(const char *name, int64_t *arrived_r)
{
	size_t n, sep = 0, i;
	bool all52 = true;
	int64_t v = 0;

	for (n = 0; name[n] != '\0'; n++) {
		unsigned char c = (unsigned char)name[n];

		if (n == NAME_MAX_LEN)
			return -1;
		if (c == 'z')
			sep = n;
		if (value52[c] != 0)
			continue;
		if (!is_other(c))
			return -1;
		all52 = false;
	}
	if (n == 0)
		return -1;
	if (!all52 || sep < SEC_DIGITS + USEC_DIGITS || sep + 1 == n ||
	    sep - USEC_DIGITS > SEC_DIGITS + 3)
		return 0;
	for (i = 0; i < sep - USEC_DIGITS; i++)
		v = v * 52 + (value52[(unsigned char)name[i]] - 1);
	*arrived_r = v;
	return 1;
}

bool
qid_valid(const char *name)
{
	int64_t arrived;

	return qid_read(name, &arrived) != -1;
}

int
qid_arrived(const char *name, int64_t *arrived_r)
{
	return qid_read(name, arrived_r) == 1;
}
