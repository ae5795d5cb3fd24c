# milter-strict: keeps SMTP clients to the rules of SMTP
#
# `make help` lists the targets. Everything that is made goes to $(BUILD), nothing else is written.
#   make WERROR=1            warnings are errors, as in CI
#   make CC=clang            another compiler
#   make SAN=address,undefined BUILD=build/asan     under sanitizers

VERSION := 0.1.0

BUILD ?= build
CC ?= cc
PKG_CONFIG ?= pkg-config
PYTHON ?= python3
prefix ?= /usr/local
sbindir ?= $(prefix)/sbin
mandir ?= $(prefix)/share/man
localedir ?= $(prefix)/share/locale
bashcompletiondir ?= $(prefix)/share/bash-completion/completions
zshcompletiondir ?= $(prefix)/share/zsh/site-functions
fishcompletiondir ?= $(prefix)/share/fish/vendor_completions.d
sysconfdir ?= /etc
unitdir ?= $(prefix)/lib/systemd/system
sysusersdir ?= $(prefix)/lib/sysusers.d
DESTDIR ?=
FUZZ_SECONDS ?= 600

CFLAGS ?= -O2 -g
CPPFLAGS ?= -D_FORTIFY_SOURCE=2
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes \
  -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wformat=2 -Wswitch-enum
ifdef WERROR
WARNINGS += -Werror
endif
ifdef SAN
HARDENING := -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
CPPFLAGS :=
else
HARDENING := -fstack-protector-strong -fPIE
LINKING := -pie -Wl,-z,relro,-z,now
endif

PACKAGES := libconfig libidn2 libevent_core libsystemd lmdb libcjson hiredis openssl zlib
PACKAGE_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
PACKAGE_LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null)

ALL_CFLAGS := -std=gnu11 $(WARNINGS) $(HARDENING) -pthread -MMD -MP -Imilter/policy -Imilter \
  $(PACKAGE_CFLAGS) -DVERSION='"$(VERSION)"' -DSYSCONFDIR='"$(sysconfdir)"'

# What stands in a folder is what is built: one list, the tree itself.
objects = $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard $(1))))
POLICY := $(call objects,milter/policy/*.c)
MAILLOG := $(call objects,milter/maillog/*.c)
NET := $(call objects,milter/net/*.c)
STORE := $(call objects,milter/store/*.c)
CONFIG := $(call objects,milter/config/*.c)
DAEMON := $(call objects,milter/daemon/*.c)
DOORS := $(call objects,milter/doors/*.c)
PROBE := $(call objects,milter/probe/*.c)
TOOLS := $(call objects,milter/tools/*.c)
MAIN := $(BUILD)/milter/main.o
UNIT_HELPERS := $(call objects,$(filter-out %_test.c,$(wildcard tests/unit/*.c)))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(sort $(wildcard tests/unit/*_test.c)))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))
MAN_PAGES := $(patsubst milter/man/%.in,$(BUILD)/man/%,$(sort $(wildcard milter/man/*.in)))

LIBS := -lmilter $(PACKAGE_LIBS) -pthread

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all always help man completions languages install uninstall check unit-tests check-unit check-mta test demo bench \
  fuzz fuzz-seeds fuzzers clean lint format

all: $(BUILD)/milter-strict man completions languages

help:
	@sed -n 's/^#: //p' Makefile

#: make             build/milter-strict, its manual, completions and languages
#: make check       unit tests, scenarios and wire tests: seconds, no root, no network
#: make check-mta   the scenarios and more at a real Postfix and a real Sendmail in private folders
#: make test        installs what is missing, then every test, with gcc, clang and the sanitizers
#: make demo        installs what is missing, then shows the daemon at work behind a private Postfix
#: make bench       speed against a filter that does nothing (BENCH_QUICK=1: coarse, in seconds)
#: make fuzz        each fuzz target for FUZZ_SECONDS (600)
#: make fuzz-seeds  each fuzz target's seeds, and five seconds more
#: make lint        what clang-tidy, cppcheck, shellcheck and mandoc say
#: make install     to $(DESTDIR)$(prefix), /usr/local by default
#: make uninstall   takes that away again; the configuration stays
#: make clean       removes $(BUILD)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(CFLAGS) -c -o $@ $<

# A change of flags or of this file makes everything anew.
$(POLICY) $(MAILLOG) $(NET) $(STORE) $(CONFIG) $(DAEMON) $(DOORS) $(PROBE) $(TOOLS) $(MAIN) $(UNIT_HELPERS): Makefile

# The style of the page that `probe --html` writes, as a string: each line in quotes.
STYLE := $(BUILD)/generated/probe_html.css.inc
$(BUILD)/milter/tools/probe_html.o: $(STYLE)
$(BUILD)/milter/tools/probe_html.o: ALL_CFLAGS += -I$(BUILD)/generated
$(STYLE): milter/tools/probe_html.css
	@mkdir -p $(@D)
	sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< >$@

# The program knows where its languages are installed: another prefix makes that part anew.
LANGUAGE := $(BUILD)/milter/tools/language.o
$(LANGUAGE): CPPFLAGS += -DLOCALEDIR='"$(localedir)"'
$(LANGUAGE): $(BUILD)/localedir
$(BUILD)/localedir: always
	@mkdir -p $(@D)
	@echo '$(localedir)' | cmp -s - $@ || echo '$(localedir)' >$@

$(BUILD)/libpolicy.a: $(POLICY)
$(BUILD)/libmaillog.a: $(MAILLOG)
$(BUILD)/libnet.a: $(NET)
$(BUILD)/libstore.a: $(STORE)
$(BUILD)/libconfiguration.a: $(CONFIG)
$(BUILD)/libdaemon.a: $(DAEMON)
$(BUILD)/libdoors.a: $(DOORS)
$(BUILD)/libprobe.a: $(PROBE)
$(BUILD)/libtools.a: $(TOOLS)
$(BUILD)/lib%.a:
	@rm -f $@
	ar rcs $@ $^

PROGRAM_ARCHIVES := $(addprefix $(BUILD)/,\
  libtools.a libprobe.a libdaemon.a libconfiguration.a libdoors.a libstore.a libnet.a libmaillog.a \
  libpolicy.a)

$(BUILD)/milter-strict: $(MAIN) $(PROGRAM_ARCHIVES)
	$(CC) $(ALL_CFLAGS) $(CFLAGS) $(LINKING) $(LDFLAGS) -o $@ $(MAIN) \
	  -Wl,--start-group $(PROGRAM_ARCHIVES) -Wl,--end-group $(LIBS)

# The core is linked alone: its tests see libpolicy.a, libidn2 and nothing else of ours.
$(BUILD)/unit/%_test: $(BUILD)/tests/unit/%_test.o $(UNIT_HELPERS) $(BUILD)/libpolicy.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CFLAGS) $(LINKING) $(LDFLAGS) -o $@ $(filter %.o,$^) \
	  -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(UNIT_LIBS) -lcmocka -lidn2 -pthread

# Tests of rooms above the core.
DAEMON_TESTS := $(filter $(addprefix $(BUILD)/unit/,config% endpoint% snapshot% log% listener% privileges%),$(UNIT_TESTS))
STORE_TESTS := $(filter $(addprefix $(BUILD)/unit/,store% pagefile%),$(UNIT_TESTS))
TOOL_TESTS := $(filter $(addprefix $(BUILD)/unit/,codes% control% ctl% option% page% replay%),$(UNIT_TESTS))
MAILLOG_TESTS := $(filter $(addprefix $(BUILD)/unit/,maillog% timestamp% lru%),$(UNIT_TESTS))
NET_TESTS := $(filter $(addprefix $(BUILD)/unit/,channel% tls%),$(UNIT_TESTS))
DOOR_TESTS := $(filter $(addprefix $(BUILD)/unit/,smtp% milter% postfix_policy% socketmap% registry%),\
  $(UNIT_TESTS))
PROBE_TESTS := $(filter $(addprefix $(BUILD)/unit/,probe_%),$(UNIT_TESTS))
$(MAILLOG_TESTS): $(BUILD)/libmaillog.a
$(NET_TESTS): $(BUILD)/libnet.a
$(PROBE_TESTS): $(PROGRAM_ARCHIVES)
$(STORE_TESTS): $(BUILD)/libstore.a $(BUILD)/libnet.a
$(DAEMON_TESTS): $(BUILD)/libdaemon.a $(BUILD)/libconfiguration.a
$(DOOR_TESTS): $(BUILD)/libdoors.a $(BUILD)/libconfiguration.a
$(TOOL_TESTS): $(PROGRAM_ARCHIVES)
$(NET_TESTS) $(PROBE_TESTS) $(STORE_TESTS) $(DAEMON_TESTS) $(DOOR_TESTS) $(TOOL_TESTS): UNIT_LIBS = $(LIBS)

# The manual's lists come from the tables that the program is made of.
GENERATE := $(BUILD)/milter/man/generate
man: $(MAN_PAGES)
GENERATE_OBJECTS := $(call objects,milter/man/*.c)
$(GENERATE): $(GENERATE_OBJECTS) $(PROGRAM_ARCHIVES)
	$(CC) $(ALL_CFLAGS) $(CFLAGS) $(LINKING) $(LDFLAGS) -o $@ $(GENERATE_OBJECTS) \
	  -Wl,--start-group $(PROGRAM_ARCHIVES) -Wl,--end-group $(LIBS)
$(GENERATE_OBJECTS): Makefile
TRUTH := milter/man/truth.table
$(BUILD)/man/%: milter/man/%.in $(GENERATE) $(TRUTH)
	@mkdir -p $(@D)
	$(GENERATE) page $(TRUTH) <$< >$@

# Headings in other languages: a catalogue for each file of milter/po.
LANGUAGES := $(patsubst milter/po/%.po,%,$(sort $(wildcard milter/po/*.po)))
catalogue = $(1)/$(2)/LC_MESSAGES/milter-strict.mo
languages: $(foreach language,$(LANGUAGES),$(call catalogue,$(BUILD)/locale,$(language)))
$(call catalogue,$(BUILD)/locale,%): milter/po/%.po
	@mkdir -p $(@D)
	msgfmt --check -o $@ $<

# Printed by the program itself, from the tables of its sub-commands.
COMPLETIONS := $(addprefix $(BUILD)/completions/,bash zsh fish)
completions: $(COMPLETIONS)
$(COMPLETIONS): $(BUILD)/completions/%: $(BUILD)/milter-strict
	@mkdir -p $(@D)
	$< completion $* >$@

unit-tests: $(UNIT_TESTS) $(BUILD)/bench/probing

check-unit: $(UNIT_TESTS)
	@BUILD=$(BUILD) tests/run unit

check: all $(UNIT_TESTS) $(BUILD)/bench/probing
	@BUILD=$(BUILD) tests/run unit static scenarios wire

check-mta: all $(BUILD)/bench/store
	@for name in postfix sendmail exim opensmtpd; do \
	  BUILD=$(BUILD) tests/lib/unpack-mta $$name || exit; done
	@BUILD=$(BUILD) tests/run integration

test:
	@tests/install-packages test
	@tests/all

demo:
	@tests/install-packages demo
	@$(MAKE) --silent all
	@BUILD=$(BUILD) tests/lib/unpack-mta postfix
	@BUILD=$(BUILD) tests/demo

# The configuration of a site is never overwritten and never taken away.
install: all
	install -D -m 755 $(BUILD)/milter-strict $(DESTDIR)$(sbindir)/milter-strict
	install -d $(DESTDIR)$(mandir)/man8
	install -m 644 $(filter %.8,$(MAN_PAGES)) $(DESTDIR)$(mandir)/man8
	install -D -m 644 $(BUILD)/man/milter-strict.conf.5 $(DESTDIR)$(mandir)/man5/milter-strict.conf.5
	install -D -m 644 $(BUILD)/completions/bash $(DESTDIR)$(bashcompletiondir)/milter-strict
	install -D -m 644 $(BUILD)/completions/zsh $(DESTDIR)$(zshcompletiondir)/_milter-strict
	install -D -m 644 $(BUILD)/completions/fish $(DESTDIR)$(fishcompletiondir)/milter-strict.fish
	for language in $(LANGUAGES); do \
	  install -D -m 644 $(call catalogue,$(BUILD)/locale,$$language) \
	    $(DESTDIR)$(call catalogue,$(localedir),$$language) || exit; \
	done
	install -d $(DESTDIR)$(unitdir)
	sed 's,/usr/sbin/milter-strict,$(sbindir)/milter-strict,; s,/etc/milter-strict,$(sysconfdir)/milter-strict,' \
	  contrib/systemd/milter-strict.service >$(DESTDIR)$(unitdir)/milter-strict.service
	install -m 644 contrib/systemd/*.socket $(DESTDIR)$(unitdir)
	install -D -m 644 contrib/systemd/milter-strict.sysusers $(DESTDIR)$(sysusersdir)/milter-strict.conf
	test -e $(DESTDIR)$(sysconfdir)/milter-strict/milter-strict.conf || \
	  install -D -m 644 conf/milter-strict.conf $(DESTDIR)$(sysconfdir)/milter-strict/milter-strict.conf

uninstall:
	rm -f $(DESTDIR)$(sbindir)/milter-strict
	rm -f $(addprefix $(DESTDIR)$(mandir)/man8/,$(notdir $(filter %.8,$(MAN_PAGES))))
	rm -f $(DESTDIR)$(mandir)/man5/milter-strict.conf.5
	rm -f $(DESTDIR)$(bashcompletiondir)/milter-strict $(DESTDIR)$(zshcompletiondir)/_milter-strict
	rm -f $(DESTDIR)$(fishcompletiondir)/milter-strict.fish
	rm -f $(foreach language,$(LANGUAGES),$(DESTDIR)$(call catalogue,$(localedir),$(language)))
	rm -f $(addprefix $(DESTDIR)$(unitdir)/,milter-strict.service $(notdir $(wildcard contrib/systemd/*.socket)))
	rm -f $(DESTDIR)$(sysusersdir)/milter-strict.conf

# The filter that does nothing, the load on it and on the daemon, and the core by itself.
BENCHES := $(addprefix $(BUILD)/bench/,nothing load policy store)
$(BUILD)/bench/load: $(BUILD)/tests/bench/script.o
$(BUILD)/bench/store: $(BUILD)/libstore.a
$(BUILD)/bench/store $(BUILD)/bench/policy $(BUILD)/bench/probing: $(BUILD)/libpolicy.a
$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CFLAGS) $(LINKING) $(LDFLAGS) -o $@ $^ -lmilter -lidn2 -llmdb -pthread

bench: all $(BENCHES)
	@BUILD=$(BUILD) tests/bench/run

# Fuzz targets need clang and all code with coverage and sanitizers: a build of its own beside.
FUZZ_BUILD := BUILD=$(BUILD)/fuzz CC=clang SAN=fuzzer-no-link,address,undefined
FUZZ_ARCHIVES := $(addprefix $(BUILD)/,libprobe.a libdoors.a libdaemon.a libconfiguration.a \
  libstore.a libnet.a libmaillog.a libpolicy.a)
$(BUILD)/fuzzers/%: $(BUILD)/tests/fuzz/%.o $(FUZZ_ARCHIVES)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CFLAGS) $(LINKING) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< \
	  -Wl,--start-group $(FUZZ_ARCHIVES) -Wl,--end-group $(LIBS)

fuzzers: $(addprefix $(BUILD)/fuzzers/,$(FUZZERS))

fuzz:
	@$(MAKE) --no-print-directory --silent $(FUZZ_BUILD) fuzzers
	@tests/fuzz/run $(BUILD)/fuzz $(FUZZ_SECONDS) $(FUZZERS)

fuzz-seeds:
	@$(MAKE) --no-print-directory --silent $(FUZZ_BUILD) fuzzers
	@tests/fuzz/run $(BUILD)/fuzz 5 $(FUZZERS)

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)
