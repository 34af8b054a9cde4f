# mailglance.  `make help` lists the targets.

VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= gcc
PYTHON ?= /usr/bin/python3
COMMA := ,
PYTEST = $(PYTHON) -W ignore::DeprecationWarning -m pytest -q \
	-p no:cacheprovider
# System tests mostly wait: several at once, each in a folder of its own.
WORKERS ?= 4
# V=1 shows whole commands.
V ?=
Q := $(if $(V),,@)
SAY := $(if $(V),:,echo)
SAN ?=
B := build$(if $(SAN),-$(subst $(COMMA),-,$(SAN)))
O := $(B)/obj

PROGRAMS := greymilter greymilter-spf greywl queuewatch statusd statusctl
PKGS := sqlite3 libpq libcurl libmicrohttpd libconfuse jansson libcmark \
	libxml-2.0 libsodium liboath libqrencode libpsl libidn2 libseccomp libsystemd \
	libcares zlib

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wcast-qual -Wundef -Wvla \
	-Wformat=2 -Wimplicit-fallthrough -Wswitch-enum $(WERROR)
CFLAGS ?= -O2 -g
ALL_CPPFLAGS = -D_GNU_SOURCE -DMG_VERSION='"$(VERSION)"' -I. -I$(B)/gen \
	$(if $(SAN),-U_FORTIFY_SOURCE,-D_FORTIFY_SOURCE=2) \
	$(PKG_CFLAGS) $(CPPFLAGS)
# The checks of -fsanitize=undefined make gcc see format strings that are null.
ALL_CFLAGS = -std=c17 $(CFLAGS) $(WARN) -fstack-protector-strong -fPIE \
	-pthread $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer \
	-Wno-format-truncation)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed -pthread \
	$(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

# Asked of pkg-config once, and only when something is compiled.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)
LIBS = -lmilter $(PKG_LIBS) -lm

# A folder's sources become build/obj/FOLDER/*.o and one archive a program; what a
# program does not use of an archive or a library is left out by the linker.
objs = $(patsubst %.c,$(O)/%.o,$(wildcard $(1)))
LIB_OBJ := $(call objs,lib/*.c lib/grey/*.c)
MILTER_OBJ := $(filter-out $(O)/milter/main.o $(O)/milter/spf_%.o,$(call objs,milter/*.c))
SPF_OBJ := $(call objs,milter/spf_*.c)
GREYWL_OBJ := $(filter-out $(O)/greywl/main.o,$(call objs,greywl/*.c))
QW_OBJ := $(filter-out $(O)/queuewatch/main.o,$(call objs,queuewatch/*.c))
STATUS_OBJ := $(filter-out $(O)/statusd/main.o $(O)/statusd/ctl_main.o,$(call objs,statusd/*.c))
LIB_A := $(O)/lib.a

UNIT := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
BENCH := $(patsubst tests/bench/%.c,$(B)/tests/bench/%,$(wildcard tests/bench/*.c))
BENCH_OBJ := $(call objs,tests/bench/part/*.c)

FUZZ := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60

all: $(addprefix $(B)/,$(PROGRAMS))

help:
	@echo 'make            build the programs into $(B)/'
	@echo 'make demo       run the whole loop on loopback (DEMO_SECONDS=N ends it)'
	@echo 'make check      build with warnings as errors, lint, unit and system tests'
	@echo 'make unit system browser   each tier of the tests by itself'
	@echo 'make bench      speed, beside the peers'
	@echo 'make soak       1,000 kills under load, long faults, a million rows'
	@echo 'make fuzz       libFuzzer on what strangers send (FUZZ_SECONDS=60 each)'
	@echo 'make lint       format, order of includes, banned calls, man pages'
	@echo 'make install    DESTDIR and PREFIX are honoured'
	@echo 'SAN=address,undefined or SAN=thread builds with sanitizers'

$(B)/greymilter: $(O)/milter/main.o $(O)/milter.a $(LIB_A)
$(B)/greywl: $(O)/greywl/main.o $(O)/greywl.a $(LIB_A)
$(B)/queuewatch: $(O)/queuewatch/main.o $(O)/queuewatch.a $(LIB_A)
$(B)/statusd: $(O)/statusd/main.o $(O)/statusd.a $(LIB_A)
$(B)/statusctl: $(O)/statusd/ctl_main.o $(O)/statusd.a $(LIB_A)
$(addprefix $(B)/,$(filter-out greymilter-spf,$(PROGRAMS))):
	@$(SAY) LINK $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS)

# The only program that links libspf2.
$(B)/greymilter-spf: $(SPF_OBJ) $(LIB_A)
	@$(SAY) LINK $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) -lspf2 $(LIBS)

# For tests of its pure parts; what needs libspf2 stays in the archive.
$(O)/spf.a: $(filter-out $(O)/milter/spf_main.o,$(SPF_OBJ))

$(LIB_A): $(LIB_OBJ)
$(O)/milter.a: $(MILTER_OBJ)
$(O)/greywl.a: $(GREYWL_OBJ)
$(O)/queuewatch.a: $(QW_OBJ)
$(O)/statusd.a: $(STATUS_OBJ)
$(O)/%.a:
	@rm -f $@
	@$(AR) rcs $@ $^

# The page's style sheet and its script are part of the program; their names
# change with them.
$(B)/gen/style.h: statusd/style.css statusd/here.js
	@mkdir -p $(@D)
	@printf '#define STYLE_NAME "style-%.12s.css"\n#define SCRIPT_NAME "here-%.12s.js"\n' \
	    "$$(sha256sum <statusd/style.css)" "$$(sha256sum <statusd/here.js)" >$@
$(O)/statusd/assets.o: statusd/style.css statusd/here.js $(B)/gen/style.h

$(O)/%.o: %.c
	@mkdir -p $(@D)
	@$(SAY) CC $<
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# A test is linked with the programs whose headers it includes: each has names
# such as config_read of its own.
test_archives = $(foreach p,milter greywl queuewatch statusd,$(shell \
	grep -q '^.include "$(p)/' $(1)/$*.c && echo $(O)/$(p).a))
$(B)/tests/unit/%: $(O)/tests/unit/%.o $(O)/spf.a $(O)/milter.a $(O)/greywl.a $(O)/queuewatch.a $(O)/statusd.a $(LIB_A)
	@$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(call test_archives,tests/unit) $(O)/spf.a $(LIB_A) -lcmocka $(LIBS)
$(O)/bench.a: $(BENCH_OBJ)
$(addprefix $(B)/tests/bench/,logread forecast queuewalk showqread): $(O)/queuewatch.a
$(B)/tests/bench/%: $(O)/tests/bench/%.o $(O)/bench.a $(LIB_A)
	@$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o %/queuewatch.a,$^) \
		$(filter-out $(LIB_A),$(filter %.a,$^)) $(LIB_A) $(LIBS)

$(B)/tests/fuzz/%: $(O)/tests/fuzz/%.o $(O)/spf.a $(O)/milter.a $(O)/greywl.a $(O)/queuewatch.a $(O)/statusd.a $(LIB_A)
	@$(SAY) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $< \
		$(call test_archives,tests/fuzz) $(O)/spf.a $(LIB_A) $(LIBS)

# Packages: what is there is not asked for again.
deps:
	@etc/install-packages build test
deps-bench:
	@etc/install-packages build test bench

unit: $(UNIT)
	@rc=0; for t in $(UNIT); do echo "== $$t"; \
		$$t || { rc=1; echo "FAILED $$t"; }; done; exit $$rc

# Tests that hold single answers to a bound (the mark "alone") have the machine to
# themselves.
system: all bench-tools
	export MG_BUILD=$(CURDIR)/$(B); rc=0; \
	$(PYTEST) -n $(WORKERS) -m 'not alone' tests/system || rc=1; \
	$(PYTEST) -m alone tests/system || rc=1; exit $$rc
browser: all
	MG_BUILD=$(CURDIR)/$(B) $(PYTEST) tests/browser
bench-tools: $(BENCH)

check:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory check-built

check-built:
	@$(MAKE) --no-print-directory -j2 WERROR=-Werror all $(UNIT) bench-tools
	@$(MAKE) --no-print-directory -k lint unit system browser

demo:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory -j2 all bench-tools
	@MG_BUILD=$(CURDIR)/$(B) exec $(PYTHON) tests/demo/demo.py

bench:
	@$(MAKE) --no-print-directory deps-bench
	@$(MAKE) --no-print-directory -j2 all bench-tools
	@MG_BUILD=$(CURDIR)/$(B) $(PYTHON) tests/bench/bench.py

soak: all bench-tools
	MG_KILLS=1000 MG_LONG=1 MG_BUILD=$(CURDIR)/$(B) $(PYTEST) tests/system/test_kill.py \
		tests/system/test_grey_faults.py tests/system/test_careless.py \
		tests/system/test_day_one.py \
		tests/system/test_statusd_kill.py tests/system/test_queue_counts.py \
		tests/system/test_spool_hangs.py \
		tests/system/test_queuewatch_kill.py tests/system/test_i5_stuck.py

fuzz:
	@etc/install-packages build fuzz
	@$(MAKE) --no-print-directory -s -j2 CC=clang SAN=fuzzer-no-link,address,undefined \
		CFLAGS='-O1 -g -fno-sanitize-recover=undefined' fuzz-built

fuzz-built: $(FUZZ)
	@set -e; for t in $(FUZZ); do echo "== $$t"; mkdir -p $$t.corpus; \
		$$t -max_total_time=$(FUZZ_SECONDS) -timeout=10 -verbosity=0 \
		-print_final_stats=1 -artifact_prefix=$$t- $$t.corpus \
		$$(ls -d tests/fuzz/seeds/$${t##*/} 2>/dev/null); done

lint:
	@MG_BUILD=$(CURDIR)/$(B) tests/lint

install: all
	@etc/install '$(B)' '$(DESTDIR)' '$(PREFIX)'

clean:
	rm -rf build build-*

.PHONY: all help deps deps-bench unit system browser bench-tools check \
	check-built demo bench soak fuzz fuzz-built lint install clean
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
