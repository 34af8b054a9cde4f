#ifndef GREYWL_PRESET_H
#define GREYWL_PRESET_H

/* Big senders: a name, and the domains that their mail comes from. */
struct gw_preset_row {
	const char *name;
	const char *const *domains; /* ended by NULL */
};

/* Ended by .name NULL. */
extern const struct gw_preset_row gw_presets[];

/* NULL where there is none of that name. */
const struct gw_preset_row *gw_preset_find(const char *name);

#endif
