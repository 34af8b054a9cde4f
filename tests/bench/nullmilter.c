/*
 * The least a milter on libmilter can do: it answers "continue" and keeps
 * nothing.  Which steps it negotiates away is said by the caller, so that it
 * can be set beside another milter; and so is which recipients it defers.
 *
 * usage: nullmilter PORT STEPS(hexadecimal) [accept-data] [defer=TEXT]
 */
#include <libmilter/mfapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long wanted;
static int accept_data;
static const char *defer; /* recipients with this in them; or NULL */

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long offered,
    unsigned long f2, unsigned long f3, unsigned long *actions_r,
    unsigned long *steps_r, unsigned long *f2_r, unsigned long *f3_r)
{
	(void)ctx;
	(void)f2;
	(void)f3;
	*actions_r = actions & SMFIF_ADDHDRS;
	*steps_r = offered & wanted;
	*f2_r = 0;
	*f3_r = 0;
	return SMFIS_CONTINUE;
}

static sfsistat
answer(unsigned long silent)
{
	return (wanted & silent) != 0 ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static sfsistat
on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *address)
{
	(void)ctx;
	(void)host;
	(void)address;
	return answer(SMFIP_NR_CONN);
}

static sfsistat
on_helo(SMFICTX *ctx, char *name)
{
	(void)ctx;
	(void)name;
	return answer(SMFIP_NR_HELO);
}

static sfsistat
on_mail(SMFICTX *ctx, char **words)
{
	(void)ctx;
	(void)words;
	return answer(SMFIP_NR_MAIL);
}

static sfsistat
on_rcpt(SMFICTX *ctx, char **words)
{
	(void)ctx;
	if (defer != NULL && strstr(words[0], defer) != NULL)
		return SMFIS_TEMPFAIL;
	return answer(SMFIP_NR_RCPT);
}

static sfsistat
on_data(SMFICTX *ctx)
{
	(void)ctx;
	return accept_data ? SMFIS_ACCEPT : answer(SMFIP_NR_DATA);
}

static sfsistat
on_end(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_CONTINUE;
}

int
main(int argc, char **argv)
{
	char at[64], name[] = "nullmilter";
	struct smfiDesc milter = { .xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_eom = on_end,
		.xxfi_data = on_data,
		.xxfi_negotiate = on_negotiate };

	if (argc < 3) {
		fputs(
		    "usage: nullmilter PORT STEPS [accept-data] [defer=TEXT]\n",
		    stderr);
		return 2;
	}
	wanted = strtoul(argv[2], NULL, 16);
	for (int i = 3; i < argc; i++) {
		if (strcmp(argv[i], "accept-data") == 0)
			accept_data = 1;
		else if (strncmp(argv[i], "defer=", 6) == 0)
			defer = argv[i] + 6;
	}
	(void)snprintf(at, sizeof at, "inet:%s@127.0.0.1", argv[1]);
	if (smfi_register(milter) == MI_FAILURE ||
	    smfi_setconn(at) == MI_FAILURE) {
		fputs("nullmilter: cannot start\n", stderr);
		return 1;
	}
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}
