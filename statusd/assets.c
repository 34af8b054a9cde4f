#include "statusd/assets.h"

#include "lib/buf.h"
#include "statusd/html.h"

/* STYLE_NAME and SCRIPT_NAME, made from the files by the Makefile. */
#include "style.h"

/* The files as they stand in the source, each between two symbols. */
__asm__(".pushsection .rodata\n"
        ".global assets_style_begin, assets_style_end\n"
        "assets_style_begin: .incbin \"statusd/style.css\"\n"
        "assets_style_end: .byte 0\n"
        ".global assets_script_begin, assets_script_end\n"
        "assets_script_begin: .incbin \"statusd/here.js\"\n"
        "assets_script_end: .byte 0\n"
        ".popsection\n");
extern const char assets_style_begin[], assets_style_end[];
extern const char assets_script_begin[], assets_script_end[];

const char *
assets_style_name(void)
{
	return STYLE_NAME;
}

const char *
assets_style(size_t *len_r)
{
	*len_r = (size_t)(assets_style_end - assets_style_begin);
	return assets_style_begin;
}

const char *
assets_script_name(void)
{
	return SCRIPT_NAME;
}

const char *
assets_script(size_t *len_r)
{
	*len_r = (size_t)(assets_script_end - assets_script_begin);
	return assets_script_begin;
}

static const struct {
	const char *colour;
	const char *path;
} icons[] = {
	[MODEL_UNKNOWN] = { "#5c6670",
	    "M11 11.5a5 5 0 1 1 7.2 4.6c-1.6.8-2.2 1.8-2.2 3.4M16 24v.5" },
	[MODEL_OPERATIONAL] = { "#1c7a43", "M8 17l6 6 10-13" },
	[MODEL_DEGRADED] = { "#b06a00", "M16 7v11M16 24v.5" },
	[MODEL_PARTIAL_OUTAGE] = { "#c24a00", "M16 7v11M16 24v.5" },
	[MODEL_MAJOR_OUTAGE] = { "#c02626", "M10 10l12 12M22 10L10 22" },
	[MODEL_MAINTENANCE] = { "#2563a8", "M12 9v14M20 9v14" },
};

void
assets_icon(struct buf *out, enum model_state state)
{
	struct html h;

	xml_init(&h, out);
	html_start(&h, "svg", "xmlns", "http://www.w3.org/2000/svg", "viewBox",
	    "0 0 32 32", NULL);
	html_element(&h, "rect", "", "width", "32", "height", "32", "rx", "8",
	    "fill", icons[state].colour, NULL);
	html_element(&h, "path", "", "d", icons[state].path, "fill", "none",
	    "stroke", "#fff", "stroke-width", "3.5", "stroke-linecap", "round",
	    "stroke-linejoin", "round", NULL);
	html_end(&h, "svg");
}
