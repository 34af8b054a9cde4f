#include "greywl/preset.h"

#include <stddef.h>
#include <string.h>

#define DOMAINS(...) ((const char *const[]){ __VA_ARGS__, NULL })

const struct gw_preset_row gw_presets[] = {
	{ "amazon", DOMAINS("amazon.com", "amazonses.com") },
	{ "apple", DOMAINS("apple.com", "icloud.com", "me.com", "mac.com") },
	{ "gmx", DOMAINS("gmx.net", "gmx.de", "gmx.com", "web.de") },
	{ "google", DOMAINS("google.com", "gmail.com", "googlemail.com") },
	{ "microsoft",
	    DOMAINS("microsoft.com", "outlook.com", "hotmail.com", "live.com",
	        "msn.com") },
	{ "proton", DOMAINS("proton.me", "protonmail.com", "pm.me") },
	{ "yahoo",
	    DOMAINS("yahoo.com", "ymail.com", "rocketmail.com", "aol.com") },
	{ .name = NULL },
};

const struct gw_preset_row *
gw_preset_find(const char *name)
{
	const struct gw_preset_row *p;

	for (p = gw_presets; p->name != NULL; p++) {
		if (strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}
