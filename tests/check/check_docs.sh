#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The documents say what the program does: commands and options of `closetrace help` are those of
# the man page, the registry's fields and words those of docs/records.md, and every target, path,
# link and function named in a document exists. Proves on broken copies that it can fail.
cd "$(dirname "$0")/../.." || exit 1
. tests/check/sources.inc
BUILD=${BUILD:-build}
program=$(realpath -m "$BUILD")/closetrace
manual=$program.8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# "Stop after N records." and "stop after N records" are one sentence, however it is broken.
plain='function plain(s) { gsub(/[ .]|\\&/, "", s); return tolower(s) }'

same() { # same WANTED FOUND: print what differs; fail if something does
	diff "$1" "$2" | sed -n 's/^< /missing: /p; s/^> /unknown: /p' | grep . && return 1
	diff -q "$1" "$2" >/dev/null || { echo "the order differs" && return 1; }
}

# -- what the program says ---------------------------------------------------------------------
# One line per option: trace|i|interface|LIST|words
help_options() {
	local command
	for command in $(help_commands | cut -d "|" -f 1); do
		"$program" help "$command" | awk -v command="$command" "$plain"'
		function flush() { if (item) print item "|" plain(words); item = "" }
		/^[^ ]|^$/ { flush() }
		/^  (-., |    )--[a-z]/ {
			flush()
			letter = $1 ~ /^-.,$/ ? substr($1, 2, 1) : ""
			match($0, /--[a-z-]+/); name = substr($0, RSTART + 2, RLENGTH - 2)
			rest = substr($0, RSTART + RLENGTH)
			value = match(rest, /^ [^ ]+/) && rest !~ /^  / ? substr(rest, 2, RLENGTH - 1) : ""
			item = command "|" letter "|" name "|" value
			words = substr(rest, length(value) + 2)
			next
		}
		item { words = words " " $0 }
		END { flush() }'
	done
}

help_commands() {
	"$program" help help | awk "$plain"'
	/^Commands:/ { on = 1; next } /^$/ { on = 0 }
	on { name = $1; sub(/^ +[a-z]+ +/, ""); print name "|" plain($0) }'
}

# -- what the man page says --------------------------------------------------------------------
man_options() { # .It Fl i , Fl -interface Ar LIST, and the lines behind it
	awk "$plain"'
	function flush() { if (item) print item "|" plain(words); item = ""; words = "" }
	/^\./ { flush() }
	item { words = words " " $0 }
	/^\.S[sh] / { command = /^\.Ss Options of / ? $4 : "" }
	command && /^\.It Fl / {
		letter = name = value = ""
		for (i = 2; i < NF; i++) {
			if ($i == "Fl" && $(i + 1) ~ /^-/) name = substr($(i + 1), 2)
			else if ($i == "Fl") letter = $(i + 1)
			else if ($i == "Ar") value = $(i + 1)
		}
		item = command "|" letter "|" name "|" value
	}' "$manual"
}

man_commands() {
	awk "$plain"'
	item { print item "|" plain($0); item = "" }
	/^\.Sh / { on = $2 == "COMMANDS" }
	on && /^\.It Cm / { item = $3 }' "$manual"
}

check_options() { help_options > "$work/wanted"; man_options > "$work/found"; same "$work/wanted" "$work/found"; }
check_commands() { help_commands > "$work/wanted"; man_commands > "$work/found"; same "$work/wanted" "$work/found"; }

# Every option, in any document, is one that some command has.
check_named_options() {
	help_options | awk -F '|' '{ print "--" $3; if ($2) print "-" $2 }' | sort -u > "$work/options"
	sed -n 's/^.*closetrace \(.*\)$/\1/p' README.md docs/*.md | sed 's/[#|`;].*//' |
		grep -oE -e '(^| )--?[a-z][a-z-]*' | tr -d ' ' | sort -u > "$work/named"
	comm -13 "$work/options" "$work/named" | sed 's/^/not an option: /' | grep . && return 1
	return 0
}

# -- records -----------------------------------------------------------------------------------
cat > "$work/registry.c" <<'END'
#include <stdio.h>
#include "include/evidence.h"
#include "include/verdict.h"
#include "user/model/fields.h"
#define TYPE_STRING "string"
#define TYPE_WORD "word"
#define TYPE_U64 "u64"
#define TYPE_I64 "i64"
#define TYPE_BOOL "bool"
#define TYPE_IP "ip"
#define TYPE_PORT "port"
#define TYPE_TIME "time"
#define TYPE_DURATION_US "duration_us"
#define TYPE_BYTES "bytes"
#define TYPE_WORD_LIST "word list"
#define TYPE_STRING_LIST "string list"
#define CLASS_NAME(id, number, name) [number] = name,
#define FIELD(name, type, unit, words, meaning) printf("| `%s` | %s | %s | %s |\n", #name, TYPE_##type, unit, meaning);
#define VERDICT(id, number, name, group, meaning) printf("| `%s` | %s | %s |\n", name, classes[CLOSE_CLASS_##group], meaning);
#define WORD_ROW(id, number, name, meaning) printf("| `%s` | %s |\n", name, meaning);
#define WORD(id, number, name, ...) if (number || name[0] != 'n') printf(" `%s`", name);
#define WORDS(field, list) printf("| `%s` |", field); list(WORD) puts(" |");
static const char *const classes[] = { CLOSE_CLASSES(CLASS_NAME) };
int main(void)
{
	puts("## Fields");
	CONNECTION_FIELDS(FIELD)
	puts("## Verdicts");
	CLOSE_VERDICTS(VERDICT)
	puts("## Causes");
	CLOSE_CAUSES(WORD_ROW)
	puts("## Evidence");
	EVIDENCE_OBSERVATIONS(WORD_ROW)
	puts("## Other words");
	WORDS("class", CLOSE_CLASSES)
	WORDS("initiator", CLOSE_INITIATORS)
	WORDS("stage", CLOSE_STAGES)
	WORDS("confidence", CLOSE_CONFIDENCES)
	WORDS("state", TCP_STATES)
	WORDS("reason", RESET_REASONS)
	WORDS("drop_reason", DROP_REASONS)
	WORDS("owner_source", OWNER_SOURCES)
	return 0;
}
END

check_records() { # the rows of the page, without the last column of fields, are the registry
	${CC:-cc} -std=gnu11 -I. -o "$work/registry" "$work/registry.c" && "$work/registry" > "$work/wanted" || return
	awk '
	/^## / { section = $0; known = section ~ /^## (Fields|Verdicts|Causes|Evidence|Other words)$/; if (known) print }
	/^\| `(role|reason_source|container_runtime|conn_state)` / && section == "## Other words" { next }
	known && /^\| `/ {
		if (section == "## Fields") {
			if (split($0, cell, "|") != 7 || cell[6] ~ /^ *$/) print "no \"null when\": " cell[2]
			print "|" cell[2] "|" cell[3] "|" cell[4] "|" cell[5] "|"
		} else print
	}' docs/records.md | sed 's/|  |/|  |/g' > "$work/found"
	same "$work/wanted" "$work/found"
}

{ sed '/^int main/,$d' "$work/registry.c" && cat <<'END'
#include "user/model/flow_row.h"
#define TYPE_RATIO "ratio"
#define KIND_ADDR TYPE_IP
#define KIND_PORT TYPE_PORT
#define KIND_NUMBER TYPE_U64
#define KIND_TEXT TYPE_STRING
#define KIND_VERDICT TYPE_WORD
#define KEY(id, member, kind, field, from, title, meaning) printf("| `%s` | %s |  | %s |\n", #field, KIND_##kind, meaning);
int main(void)
{
	FLOW_TIME_FIELDS(FIELD)
	FLOW_KEYS(KEY)
	FLOW_COUNT_FIELDS(FIELD)
	FLOW_RATE_FIELDS(FIELD)
	return 0;
}
END
} > "$work/counts.c"

check_counts() { # the fields of docs/flows.md are those of a row of counts
	${CC:-cc} -std=gnu11 -I. -o "$work/counts" "$work/counts.c" && "$work/counts" > "$work/wanted" || return
	awk '/^## / { known = $0 == "## Fields" } known && /^\| `/' docs/flows.md > "$work/found"
	same "$work/wanted" "$work/found"
}

# -- what documents point to -------------------------------------------------------------------
documents() { sources '*.md'; }

check_targets() { # `make NAME` in text, and make NAME in blocks
	local bad=0 target document
	env -u MAKEFLAGS -u MAKELEVEL make -s help | awk '{ print $1 }' | sort -u > "$work/targets"
	while IFS=: read -r document target; do
		grep -qxF "$target" "$work/targets" && continue
		echo "$document: no target $target" && bad=1
	done < <(documents | xargs grep -HoE '(`|^)make [a-z][a-z-]*' | sed 's/`\?make //' | grep -v -- '-$' | sort -u)
	return $bad
}

check_words() { # closetrace NAME is a command, or a filter in tcpdump's manner
	local bad=0 word
	for word in $(grep -ohE '(`|build/)closetrace [a-z][a-z_]*' README.md docs/*.md | awk '{ print $2 }' | sort -u); do
		case $word in port | host | nginx) continue ;; esac
		help_commands | grep -q "^$word|" || { echo "no command $word"; bad=1; }
	done
	return $bad
}

anchors() { # as GitHub makes them
	sed -n 's/^##* //p' "$1" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9_\n-'
}

check_links() {
	local bad=0 document link file
	while IFS=: read -r document link; do
		case $link in http://* | https://* | mailto:*) continue ;; esac
		file=$(dirname "$document")/${link%%#*}
		[ "${link%%#*}" ] || file=$document
		[ -e "$file" ] || { echo "$document: $link does not exist"; bad=1; continue; }
		case $link in *#*) anchors "$file" | grep -qxF "${link#*#}" || { echo "$document: no heading $link"; bad=1; } ;; esac
	done < <(documents | xargs grep -HoE '\]\([^) ]+\)' | sed 's/\](//; s/)$//')
	return $bad
}

check_paths() { # `bpf/tc.bpf.c` exists, and so does `tc_rst_origin()`
	local bad=0 name
	for name in $(grep -ohE '`(include|bpf|user|tests|vmlinux|docs|packaging)/[^` ]*`' README.md docs/*.md | tr -d '`' | sort -u); do
		compgen -G "$name" >/dev/null || { echo "no $name"; bad=1; }
	done
	for name in $(grep -ohE '`((ct_[a-z0-9_]+)|([a-z0-9_]+\(\)))`' docs/architecture.md | tr -d '`()' | sort -u); do
		grep -rqw "$name" include bpf user || [[ $name =~ ^tcp_|^(close|connect|shutdown)$ ]] || { echo "nothing is called $name"; bad=1; }
	done
	return $bad
}

# -- cases -------------------------------------------------------------------------------------
number=0
result() { # result STATUS WHAT
	number=$((number + 1))
	if [ "$1" = 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; status=1; fi
}
skip() { number=$((number + 1)) && echo "ok $number # SKIP $1: $2"; }
holds() { # holds WHAT CHECK
	local said
	said=$("$2")
	set -- $? "$@"
	[ "$1" = 0 ] || printf '%s\n' "$said"
	result "$1" "$2"
}

# fails CHECK FILE SED SAID WHAT: on a copy of the documents, changed by SED, the check fails with SAID.
fails() {
	local tree=$work/tree said failed
	rm -rf "$tree" && mkdir -p "$tree/docs" "$tree/packaging"
	cp README.md "$tree/" && cp docs/*.md "$tree/docs/" && cp packaging/* "$tree/packaging/"
	[ ! -e "$manual" ] || cp "$manual" "$tree/closetrace.8"
	ln -s "$PWD"/{include,bpf,user,vmlinux,tests,Makefile,LICENSE} "$tree/"
	sed -i "$3" "$tree/$2"
	said=$(cd "$tree" && manual=closetrace.8 && documents() { ls README.md docs/*.md; } && "$1")
	failed=$?
	if [ "$failed" != 0 ] && [[ $said == *"$4"* ]]; then
		result 0 "$5"
	else
		printf 'status %s, and not "%s" but: %s\n' "$failed" "$4" "$said"
		result 1 "$5"
	fi
}

page() { # the man page renders without a complaint
	mandoc -T lint "$manual"
}

echo "1..22"
if [ -x "$program" ] && [ -e "$manual" ]; then
	holds "the man page has the commands" check_commands
	holds "the man page has the options" check_options
	holds "options in the documents exist" check_named_options
	holds "commands in the documents exist" check_words
	fails check_commands closetrace.8 's/^\.It Cm doctor/.It Cm dokter/' "unknown: dokter|" "a wrong command is found"
	fails check_options closetrace.8 '/^\.It Fl -ring/,+1d' "missing: trace||ring|" "a missing option is found"
	fails check_options closetrace.8 's/^Stop after N/Stops after N/' "unknown: trace|n|count|N|stopsafter" "another sentence is found"
	fails check_words README.md 's/closetrace doctor/closetrace patient/' "no command patient" "an invented command is found"
	fails check_named_options README.md 's/closetrace -a /closetrace --everything /' "not an option: --everything" "an invented option is found"
else
	for what in "commands of the man page" "options of the man page" "options in the documents" \
		"commands in the documents" "a wrong command" "a missing option" "another sentence" "an invented command" \
		"an invented option"; do
		skip "$what" "$BUILD/closetrace is not built"
	done
fi
if [ ! -e "$manual" ]; then
	skip "the man page is well-formed" "$BUILD/closetrace.8 is not built"
elif command -v mandoc >/dev/null; then
	holds "the man page is well-formed" page
else
	skip "the man page is well-formed" "mandoc is not installed"
fi
holds "docs/records.md is the registry" check_records
holds "docs/flows.md has the fields of counts" check_counts
holds "make targets in the documents exist" check_targets
holds "links lead somewhere" check_links
holds "paths and functions in the documents exist" check_paths
fails check_records docs/records.md '/^| `closer_comm` /d' 'missing: | `closer_comm` |' "a missing field is found"
fails check_records docs/records.md 's/^| `linger2` .*/| `linger2` | something else |/' 'unknown: | `linger2` | something' "another meaning is found"
fails check_counts docs/flows.md '/^| `guessed` /d' 'missing: | `guessed` |' "a missing count is found"
fails check_targets README.md 's/^make run/make fun/' "no target fun" "an invented target is found"
fails check_links docs/architecture.md 's/(records.md)/(recordings.md)/' "recordings.md does not exist" "a dead link is found"
fails check_paths docs/architecture.md 's/`tc_rst_origin()`/`tc_rst_whence()`/' "nothing is called tc_rst_whence" "an invented function is found"
fails check_paths README.md 's|`bpf/maps.bpf.h`|`bpf/cards.bpf.h`|' "no bpf/cards.bpf.h" "an invented path is found"
exit "${status:-0}"
