#include "statusd/flags.h"

#include "statusd/html.h"
#include "statusd/say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A drawing is a list of steps with blanks between them:
 *   h:RGB,RGB,..   horizontal stripes of the same height
 *   v:RGB,RGB,..   upright stripes of the same width
 *   n:RGB,W        a Nordic cross of that width
 *   c:RGB,W        an upright cross in the middle
 *   o:RGB,X,Y,R    a disc
 *   b:RGB,X,Y,W,H  a box
 *   p:RGB,POINTS   a polygon, its points as in SVG with ";" for a blank
 *   l:RGB,W,POINTS a line of that width
 */
static const struct flag {
	const char *code;
	const char *drawing;
} flags[] = {
	{ "AE", "h:00732f,fff,111 b:d00,0,0,8,20" },
	{ "AM", "h:d90012,0033a0,f2a800" },
	{ "AR", "h:74acdf,fff,74acdf o:f6b40e,15,10,2.2" },
	{ "AT", "h:c8102e,fff,c8102e" },
	{ "AU",
	    "b:012169,0,0,30,20 l:fff,2,0;0;15;10 l:fff,2,15;0;0;10 "
	    "b:fff,5.5,0,4,10 b:fff,0,3,15,4 b:c8102e,6.5,0,2,10 "
	    "b:c8102e,0,4,15,2 o:fff,7.5,15,2 o:fff,23,4,1.2 o:fff,23,16,1.2 "
	    "o:fff,19,9,1.2 o:fff,27,8,1.2" },
	{ "BD", "b:006a4e,0,0,30,20 o:f42a41,13.5,10,6" },
	{ "BE", "v:111,fdda24,ef3340" },
	{ "BG", "h:fff,00966e,d62612" },
	{ "BO", "h:d52b1e,f9e300,007934" },
	{ "BR",
	    "b:009739,0,0,30,20 p:fedd00,15;2;28;10;15;18;2;10 "
	    "o:012169,15,10,4.2" },
	{ "CA",
	    "v:d80621,fff,fff,d80621 "
	    "p:d80621,15;3;17;7;20;6;19;10;22;10;18;14;15.5;14;15.5;17;14.5;17;"
	    "14.5;14;12;14;8;10;11;10;10;6;13;7" },
	{ "CH", "b:da291c,0,0,30,20 b:fff,13,4,4,12 b:fff,9,8,12,4" },
	{ "CL",
	    "h:fff,d52b1e b:0039a6,0,0,10,10 "
	    "p:fff,5;2;6;4.2;8;4.2;6.4;5.6;7;8;5;6.6;3;8;3.6;5.6;2;4.2;4;"
	    "4.2" },
	{ "CN",
	    "b:ee1c25,0,0,30,20 "
	    "p:ff0,5;2;6;4.6;8.8;4.6;6.6;6.2;7.4;9;5;7.4;2.6;9;3.4;6.2;1.2;4.6;"
	    "4;4.6 o:ff0,11,2.5,.8 o:ff0,13,4.5,.8 o:ff0,13,7,.8 "
	    "o:ff0,11,9,.8" },
	{ "CO", "h:fcd116,fcd116,003893,ce1126" },
	{ "CZ", "h:fff,d7141a p:11457e,0;0;15;10;0;20" },
	{ "DE", "h:111,d00,ffce00" },
	{ "DK", "b:c8102e,0,0,30,20 n:fff,3" },
	{ "EE", "h:0072ce,111,fff" },
	{ "EG", "h:ce1126,fff,111 o:c09300,15,10,2" },
	{ "ES", "h:aa151b,f1bf00,f1bf00,aa151b o:aa151b,9,10,2" },
	{ "FI", "b:fff,0,0,30,20 n:002f6c,4" },
	{ "FR", "v:002395,fff,ed2939" },
	{ "GB",
	    "b:012169,0,0,30,20 l:fff,4,0;0;30;20 l:fff,4,30;0;0;20 "
	    "l:c8102e,1.4,0;0;30;20 l:c8102e,1.4,30;0;0;20 c:fff,6 c:c8102e,"
	    "3.6" },
	{ "GE",
	    "b:fff,0,0,30,20 c:f00,4 b:f00,5,3,3,1 b:f00,6,2,1,3 "
	    "b:f00,22,3,3,1 b:f00,23,2,1,3 b:f00,5,16,3,1 b:f00,6,15,1,3 "
	    "b:f00,22,16,3,1 b:f00,23,15,1,3" },
	{ "GR",
	    "h:0d5eaf,fff,0d5eaf,fff,0d5eaf,fff,0d5eaf,fff,0d5eaf "
	    "b:0d5eaf,0,0,11.1,11.1 b:fff,4.4,0,2.2,11.1 "
	    "b:fff,0,4.4,11.1,2.2" },
	{ "HR", "h:f00,fff,171796 b:f00,12.5,6,5,7 b:fff,14,7.5,2,2" },
	{ "HU", "h:ce2939,fff,477050" },
	{ "ID", "h:ce1126,fff" },
	{ "IE", "v:169b62,fff,ff883e" },
	{ "IL",
	    "b:fff,0,0,30,20 b:0038b8,0,2,30,3 b:0038b8,0,15,30,3 "
	    "l:0038b8,.8,15;6.5;18;11.7;12;11.7;15;6.5 "
	    "l:0038b8,.8,15;13.5;12;8.3;18;8.3;15;13.5" },
	{ "IN", "h:ff9933,fff,138808 o:000080,15,10,2.6 o:fff,15,10,1.8" },
	{ "IS", "b:02529c,0,0,30,20 n:fff,5 n:dc1e35,2.4" },
	{ "IT", "v:008c45,f4f5f0,cd212a" },
	{ "JP", "b:fff,0,0,30,20 o:bc002d,15,10,6" },
	{ "KR",
	    "b:fff,0,0,30,20 o:cd2e3a,15,10,5 "
	    "p:0047a0,10;10;12.5;11.5;15;10;17.5;8.5;20;10;19;13;17;14.6;15;15;"
	    "13;14.6;11;13 l:111,1.4,5;6;8;3 l:111,1.4,22;3;25;6 "
	    "l:111,1.4,5;14;8;17 l:111,1.4,22;17;25;14" },
	{ "LT", "h:fdb913,006a44,c1272d" },
	{ "LU", "h:ed2939,fff,00a1de" },
	{ "LV", "h:9e3039,9e3039,fff,9e3039,9e3039" },
	{ "MX", "v:006847,fff,ce1126 o:8c6239,15,10,2.4" },
	{ "NG", "v:008751,fff,008751" },
	{ "NL", "h:ae1c28,fff,21468b" },
	{ "NO", "b:ba0c2f,0,0,30,20 n:fff,5 n:00205b,2.4" },
	{ "NZ",
	    "b:012169,0,0,30,20 l:fff,2,0;0;15;10 l:fff,2,15;0;0;10 "
	    "b:fff,5.5,0,4,10 b:fff,0,3,15,4 b:c8102e,6.5,0,2,10 "
	    "b:c8102e,0,4,15,2 o:c8102e,23,4,1.2 o:c8102e,23,16,1.2 "
	    "o:c8102e,19,9,1.2 o:c8102e,27,8,1.2" },
	{ "PE", "v:d91023,fff,d91023" },
	{ "PL", "h:fff,dc143c" },
	{ "PT",
	    "b:f00,0,0,30,20 b:046a38,0,0,12,20 o:ffe900,12,10,3.6 "
	    "b:f00,10.4,8.2,3.2,3.8 b:fff,11.2,9,1.6,2" },
	{ "RO", "v:002b7f,fcd116,ce1126" },
	{ "RS", "h:c6363c,0c4076,fff o:fff,10,9,2.4 o:c6363c,10,9,1.6" },
	{ "RU", "h:fff,0039a6,d52b1e" },
	{ "SE", "b:006aa7,0,0,30,20 n:fecc02,3.6" },
	{ "SG",
	    "h:ed2939,fff o:fff,6,5,3.4 o:ed2939,7.4,5,3.2 o:fff,9,3,.7 "
	    "o:fff,7.6,4.4,.7 o:fff,10.4,4.4,.7 o:fff,8.2,6.4,.7 "
	    "o:fff,9.9,6.4,.7" },
	{ "SI", "h:fff,005da4,ed1c24 b:005da4,6,4,4,5 b:fff,7,6,2,2" },
	{ "SK",
	    "h:fff,0b4ea2,ee1c25 b:fff,5,4,8,11 b:ee1c25,5.8,4.8,6.4,9 "
	    "b:fff,8.4,6,1.2,7 b:fff,6.8,8,4.4,1.2" },
	{ "TH", "h:a51931,f4f5f8,2d2a4a,2d2a4a,f4f5f8,a51931" },
	{ "TR",
	    "b:e30a17,0,0,30,20 o:fff,11,10,5 o:e30a17,12.4,10,4 "
	    "p:fff,17;8;17.6;9.4;19;9.4;17.9;10.4;18.3;12;17;11;15.7;12;"
	    "16.1;10.4;15;9.4;16.4;9.4" },
	{ "TW", "b:fe0000,0,0,30,20 b:000095,0,0,15,10 o:fff,7.5,5,3" },
	{ "UA", "h:0057b7,ffd700" },
	{ "US",
	    "h:b22234,fff,b22234,fff,b22234,fff,b22234,fff,b22234,fff,b22234,"
	    "fff,b22234 b:3c3b6e,0,0,13,10.8 o:fff,2.5,2.2,.8 o:fff,6.5,2.2,.8 "
	    "o:fff,10.5,2.2,.8 o:fff,4.5,5.4,.8 o:fff,8.5,5.4,.8 "
	    "o:fff,2.5,8.6,.8 o:fff,6.5,8.6,.8 o:fff,10.5,8.6,.8" },
	{ "VN",
	    "b:da251d,0,0,30,20 "
	    "p:ff0,15;4;16.5;8.2;21;8.2;17.4;11;18.8;15.4;15;12.8;11.2;15.4;"
	    "12.6;11;9;8.2;13.5;8.2" },
	{ "ZA",
	    "h:e03c31,001489 b:fff,0,6,30,8 l:fff,8,-2;-2;12;10;-2;22 "
	    "b:007749,0,8,30,4 l:007749,4.4,-2;-2;12;10;-2;22 "
	    "p:ffb81c,0;3;9;10;0;17 p:111,0;5;6.6;10;0;15" },
};

static int
by_code(const void *key, const void *row)
{
	return strcmp(key, ((const struct flag *)row)->code);
}

static const struct flag *
find(const char *code)
{
	return bsearch(code, flags, sizeof(flags) / sizeof(flags[0]),
	    sizeof(flags[0]), by_code);
}

bool
flags_known(const char *code)
{
	return find(code) != NULL;
}

/* The next part of a step, up to "," or the step's end; false at the end. */
static bool
next_part(const char **p, const char *end, char out[256])
{
	size_t n;

	if (*p >= end)
		return false;
	n = strcspn(*p, ", ");
	if (n > 255)
		n = 255;
	memcpy(out, *p, n);
	out[n] = '\0';
	*p += n;
	if (*p < end)
		(*p)++;
	return true;
}

static void
rect(struct html *h, const char *colour, double at[4])
{
	char text[4][24], fill[16];

	for (int i = 0; i < 4; i++)
		(void)snprintf(text[i], sizeof(text[i]), "%.4g", at[i]);
	(void)snprintf(fill, sizeof(fill), "#%s", colour);
	html_element(h, "rect", "", "fill", fill, "x", text[0], "y", text[1],
	    "width", text[2], "height", text[3], NULL);
}

static void
stripes(struct html *h, char kind, const char *p, const char *end)
{
	char colour[256];
	const char *count = p;
	double n = 0, i = 0;

	while (next_part(&count, end, colour))
		n++;
	while (next_part(&p, end, colour)) {
		/* A hair wider, so that no seam is seen between two. */
		if (kind == 'h')
			rect(h, colour,
			    (double[]){ 0, 20 * i / n, 30, 20 - 20 * i / n });
		else
			rect(h, colour,
			    (double[]){ 30 * i / n, 0, 30 - 30 * i / n, 20 });
		i++;
	}
}

static void
cross(struct html *h, const char *colour, double width, double x)
{
	rect(h, colour, (double[]){ x - width / 2, 0, width, 20 });
	rect(h, colour, (double[]){ 0, 10 - width / 2, 30, width });
}

static void
shape(struct html *h, char kind, char points[256], const char *width,
    const char *fill)
{
	for (char *c = points; *c != '\0'; c++)
		if (*c == ';')
			*c = ' ';
	if (kind == 'p')
		html_element(
		    h, "polygon", "", "fill", fill, "points", points, NULL);
	else
		html_element(h, "polyline", "", "fill", "none", "stroke", fill,
		    "stroke-width", width, "points", points, NULL);
}

static void
step(struct html *h, const char *p, const char *end)
{
	char part[5][256] = { "", "", "", "", "" }, fill[264];
	char kind = *p;

	p += 2;
	if (kind == 'h' || kind == 'v') {
		stripes(h, kind, p, end);
		return;
	}
	for (int i = 0; i < 5 && next_part(&p, end, part[i]); i++)
		;
	(void)snprintf(fill, sizeof(fill), "#%s", part[0]);
	if (kind == 'n' || kind == 'c')
		cross(h, part[0], strtod(part[1], NULL), kind == 'n' ? 11 : 15);
	else if (kind == 'o')
		html_element(h, "circle", "", "fill", fill, "cx", part[1], "cy",
		    part[2], "r", part[3], NULL);
	else if (kind == 'b')
		rect(h, part[0],
		    (double[]){ strtod(part[1], NULL), strtod(part[2], NULL),
		        strtod(part[3], NULL), strtod(part[4], NULL) });
	else
		shape(h, kind, kind == 'p' ? part[1] : part[2], part[1], fill);
}

void
flags_symbol(struct html *h, const char *code)
{
	const struct flag *flag = find(code);
	char id[16];

	if (flag == NULL)
		return;
	(void)snprintf(id, sizeof(id), "flag-%s", flag->code);
	html_start(h, "symbol", "id", id, "viewBox", "0 0 30 20", NULL);
	for (const char *p = flag->drawing; *p != '\0';) {
		size_t n = strcspn(p, " ");

		step(h, p, p + n);
		p += n;
		p += strspn(p, " ");
	}
	html_end(h, "symbol");
}

void
flags_use(struct html *h, const char *code)
{
	const char *name = say_country(code);
	char ref[16];

	if (code[0] == '\0')
		return;
	if (!flags_known(code)) {
		html_element(h, "span", code, "class", "flag", NULL);
		return;
	}
	(void)snprintf(ref, sizeof(ref), "#flag-%s", code);
	html_start(h, "svg", "class", "flag", "role", "img", "aria-label",
	    name != NULL ? name : code, NULL);
	html_element(h, "use", "", "href", ref, NULL);
	html_end(h, "svg");
}
