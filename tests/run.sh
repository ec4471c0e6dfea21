#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Run tiers of tests: run.sh check unit fuzz cli parity bpf e2e kernels systems
#
# A test is one executable, or one bats file. Its cases are the TAP lines it prints; without any,
# its exit status is its one case (77: skipped, the last line says why). Output is shown only for a
# test that fails, or with V=1; its failed cases are said again before the last line. STRICT=1 (the
# default when CI=true) makes a skip a failure unless tests/expected-skips.txt lists it. The last
# line is always "N passed, N failed, N skipped".
#
# TEST_JOBS tests run side by side (two per processor), each with an output of its own, and are told
# in an order that is always the same. What cannot bear company, or takes long, stands in
# tests/schedule.txt. With V=1 they run one after another, and what they say is seen at once.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
V=${V:-0}
if [ -z "${STRICT:-}" ]; then
	STRICT=0
	[ "${CI:-}" = true ] && STRICT=1
fi
export BUILD V CLOSETRACE="$(realpath -m "$BUILD")/closetrace" CMOCKA_MESSAGE_OUTPUT=TAP PATH="$PATH:/usr/sbin:/sbin"
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
timeout_seconds=${TEST_TIMEOUT:-600}
passed=0 failed=0 skipped=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'kill $(jobs -p) 2>/dev/null; wait; exit 130' INT TERM

tests_of() { # the tests of a tier come from its sources, so one that was not built is noticed
	case $1 in
	check) ls tests/check/*.sh ;;
	fuzz) ls tests/fuzz/fuzz_*.c | sed "s|^|$BUILD/|; s|\.c$||" ;;
	unit | parity | bpf) ls tests/"$1"/test_*.c | grep -v '\.bpf\.c$' | sed "s|^|$BUILD/|; s|\.c$||" ;;
	e2e) ls tests/e2e/*.c >/dev/null && echo "$BUILD/tests/e2e/battery" ;;
	systems) ls tests/systems/*.sh ;;
	cli) ls tests/cli/*.bats ;;
	kernels) ls tests/kernels/run.sh ;;
	*) echo "run.sh: no tier $1" >&2 && exit 2 ;;
	esac 2>/dev/null
}

# A fuzz target runs for FUZZ_SECONDS (4) on its seeds. What it finds by itself, inputs that crash
# it included, is put into $BUILD/fuzz; the next run goes on from there.
fuzz_arguments() { # fuzz_arguments PATH: one per line
	local name=${1##*/fuzz_}
	mkdir -p "$BUILD/fuzz/$name" || return
	echo "-max_total_time=${FUZZ_SECONDS:-4}"
	printf '%s\n' -error_exitcode=1 -timeout_exitcode=1 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 "-artifact_prefix=$BUILD/fuzz/$name-"
	[ ! -f "tests/fuzz/$name.dict" ] || echo "-dict=tests/fuzz/$name.dict"
	printf '%s\n' "$BUILD/fuzz/$name" "tests/fuzz/corpus/$name"
}

# Becomes the test. The tiers that need root get it from sudo where that asks nothing.
run_one() { # run_one TIER PATH
	local root= calm= arguments=("${@:3}")
	# What only computes leaves the processors to what waits for an event.
	[ "$1" != fuzz ] || calm='nice -n 10'
	[ "$1" != fuzz ] || mapfile -t arguments < <(fuzz_arguments "$2")
	case $1 in
	parity | bpf | e2e | cli | systems)
		if [ "$(id -u)" != 0 ]; then
			if sudo -n true 2>/dev/null; then
				root='sudo -n -E'
			elif [ "$1" != cli ]; then
				echo "needs root" && exit 77
			fi
		fi
		;;
	esac
	case $2 in
	*.bats)
		command -v bats >/dev/null || { echo "bats is not installed" && exit 77; }
		exec $root timeout -k 10 "$timeout_seconds" bats --tap "$2"
		;;
	*)
		[ -x "$2" ] || { echo "$2 was not built" && exit 1; }
		exec $root $calm timeout -k 10 "$timeout_seconds" "$2" "${arguments[@]}"
		;;
	esac
}

# Reads a test's output; prints "passed failed", then one line per skip: "case: reason".
count_cases() { # count_cases EXIT_STATUS OUTPUT
	awk -v status="$1" '
	{ last = $0 ~ /[^ \t]/ ? $0 : last }
	/^1\.\.[0-9]+/ { plan = substr($1, 4) + 0; planned = 1 }
	/^(not )?ok( |$)/ {
		seen++
		if (match($0, /# *[Ss][Kk][Ii][Pp]/)) {
			name = substr($0, 1, RSTART - 1); why = substr($0, RSTART + RLENGTH)
			sub(/^(not )?ok *[0-9]* *(- *)?/, "", name); sub(/[ \t]+$/, "", name)
			sub(/^[ \t:]+/, "", why)
			skips[++nskip] = name (name != "" && why != "" ? ": " : "") why
		} else if (/^not /) bad++
		else good++
	}
	END {
		if (!seen && !planned) {
			if (status == 0) good = 1
			else if (status == 77) skips[++nskip] = last
			else bad = 1
		} else {
			if (planned && seen < plan) bad += plan - seen
			if (status != 0 && status != 77 && !bad && !(nskip && status == nskip)) bad = 1
		}
		print good + 0, bad + 0
		for (i = 1; i <= nskip; i++) print skips[i]
	}' "$2"
}

skip_is_expected() { # skip_is_expected "TEST: REASON"; lines of the list: PATTERN # why
	local pattern
	while IFS= read -r pattern; do
		pattern=${pattern%%#*}
		pattern=${pattern%"${pattern##*[![:space:]]}"}
		# shellcheck disable=SC2053
		[ -n "$pattern" ] && [[ $1 == $pattern ]] && return 0
	done < tests/expected-skips.txt
	return 1
}

# The end of a long log is read first, and may be all that is kept of it: each failed case, with
# what it said, or the end of what a test without cases said.
failed_cases() { # failed_cases OUTPUT
	awk '
	/^not ok/ { on = 20 }
	/^ok( |$)|^1\.\./ { on = 0 }
	on-- > 0 { print "#   " substr($0, 1, 300); any = 1 }
	{ last[NR % 10] = $0 }
	END {
		for (i = NR - 9; !any && i <= NR; i++)
			if (i > 0) print "#   " substr(last[i % 10], 1, 300)
	}' "$1" | head -n 60
}

name_of() { # name_of PATH: "tier/test"
	local name=${1#"$BUILD"/}
	echo "${name#tests/}"
}

report() { # report NUMBER PATH: what test NUMBER of the plan said
	local output=$work/$1 name good bad cases=0 words= skip status
	name=$(name_of "$2")
	status=$(cat "$output.status")
	count_cases "$status" "$output" > "$work/counts"
	{
		read -r good bad
		while IFS= read -r skip; do
			cases=$((cases + 1))
			words+="#   skipped: $name: ${skip:-no reason given}"$'\n'
			if [ "$STRICT" = 1 ] && ! skip_is_expected "$name: $skip"; then
				words+="#   not in tests/expected-skips.txt: a failure with STRICT=1"$'\n'
				bad=$((bad + 1))
			else
				skipped=$((skipped + 1))
			fi
		done
	} < "$work/counts"
	passed=$((passed + good))
	failed=$((failed + bad))
	cases=$((cases + good))
	if [ "$bad" = 0 ]; then
		printf 'ok %d - %s (%d)\n%s' "$1" "$name" "$cases" "$words"
		rm -f "$output"
		return
	fi
	printf 'not ok %d - %s (%d failed)\n%s' "$1" "$name" "$bad" "$words"
	{
		echo "# $name, status $status:"
		printf '%s' "$words"
		failed_cases "$output"
	} >> "$work/again"
	[ "$status" = 124 ] || [ "$status" = 137 ] && echo "#   stopped after $timeout_seconds s"
	[ "$V" = 1 ] || sed 's/^/#   /' "$output"
	rm -f "$output"
}

# -- running -------------------------------------------------------------------------------------
# In the subshell of a test: it can be ended, and its output goes to $output, its status to $status.
run_to_output() { # run_to_output TIER PATH [ARGUMENT...]
	local child
	if [ "$V" = 1 ]; then
		run_one "$@" > >(tee "$output") 2>&1 < /dev/null &
	else
		run_one "$@" > "$output" 2>&1 < /dev/null &
	fi
	child=$!
	trap 'kill "$child" 2>/dev/null; wait "$child"; exit 130' TERM
	wait "$child" 2>/dev/null
	status=$?
}

# Rows of the battery whose events the kernel did not show get a second try, alone, and what they
# said at the first is printed. The battery's own witness tells which (tests/e2e/witness.h): it saw
# less than the kernel did, too. Everything else that failed stays failed.
retry_hidden_rows() { # retry_hidden_rows TIER PATH
	local rows first=$output.first scenarios mix= again_failed=0
	rows=$(sed -nE 's/^not ok [0-9]+ - ([0-9FOV][0-9a-z]*|mix:) .*, which the kernel did not show$/\1/p' "$output" | sort -u)
	[ -n "$rows" ] || return
	{
		echo "# the kernel did not show all of these rows, which get a second try: ${rows//$'\n'/ }"
		grep -A3 ', which the kernel did not show$' "$output" | cut -c 1-200 | sed 's/^/#   /'
	} > "$output.said"
	grep -vE ', which the kernel did not show$|^1\.\.' "$output" > "$first"
	scenarios=${rows//mix:/}
	case $rows in *mix:*) mix="--mix 20000" ;; esac
	for rows in "${scenarios//$'\n'/ }" "$mix"; do
		[ -n "${rows// /}" ] || continue
		# shellcheck disable=SC2086
		run_to_output "$1" "$2" $rows
		again_failed=$((again_failed + (status != 0)))
		grep -v '^1\.\.' "$output" >> "$first"
	done
	status=$((again_failed > 0))
	! grep -q '^not ok' "$first" || status=1
	mv "$first" "$output"
}

start() { # start NUMBER TIER PATH: in the background; NUMBER.status is there when it has ended
	(
		output=$work/$1
		began=$SECONDS
		run_to_output "$2" "$3"
		[ "$2" != e2e ] || [ "$status" = 0 ] || retry_hidden_rows "$2" "$3"
		echo $((SECONDS - began)) "$(name_of "$3")" >> "$work/seconds"
		echo "$status" > "$output.new" && mv "$output.new" "$output.status"
	) &
}

scheduled() { # scheduled WORD PATH: whether tests/schedule.txt says so of it
	local pattern word name
	name=$(name_of "$2")
	while read -r pattern word _; do
		# shellcheck disable=SC2053
		[ "$word" = "$1" ] && [[ $name == $pattern ]] && return 0
	done < <(cat tests/schedule.txt 2>/dev/null)
	return 1
}

# Tells of all tests that have ended, up to the first that has not.
told=0
tell() {
	while [ $told -lt ${#tiers[@]} ] && [ -e "$work/$((told + 1)).status" ]; do
		[ ! -s "$work/$((told + 1)).said" ] || cat "$work/$((told + 1)).said"
		report $((told + 1)) "${paths[told]}"
		told=$((told + 1))
	done
}

# The plan: what runs in company, then what runs alone. Within each as the tiers were named.
tiers=() paths=() lonely_tiers=() lonely_paths=()
for tier; do
	while read -r test; do
		[ -n "$test" ] || continue
		if scheduled alone "$test"; then
			lonely_tiers+=("$tier") lonely_paths+=("$test")
		else
			tiers+=("$tier") paths+=("$test")
		fi
	done < <(tests_of "$tier")
done
company=${#paths[@]}
tiers+=("${lonely_tiers[@]}") paths+=("${lonely_paths[@]}")

# What takes long begins first.
queue=() rest=()
for ((i = 0; i < company; i++)); do
	if scheduled first "${paths[i]}"; then queue+=("$i"); else rest+=("$i"); fi
done
queue+=("${rest[@]}")
slots=${TEST_JOBS:-$((2 * $(nproc)))}
[ "$V" != 1 ] || slots=1
running=0
for i in "${queue[@]}"; do
	while [ "$running" -ge "$slots" ]; do
		wait -n
		running=$((running - 1))
		tell
	done
	start $((i + 1)) "${tiers[i]}" "${paths[i]}"
	running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
	wait -n
	running=$((running - 1))
	tell
done
together=$SECONDS
for ((i = company; i < ${#paths[@]}; i++)); do
	start $((i + 1)) "${tiers[i]}" "${paths[i]}"
	wait
	tell
done
echo "# $company tests side by side: $together s; $((${#paths[@]} - company)) alone: $((SECONDS - together)) s"
[ ! -e "$work/seconds" ] || echo "# longest: $(sort -rn "$work/seconds" | awk 'NR <= 6 && $1 > 4 { printf "%s%s %s s", n++ ? ", " : "", $2, $1 }')"
[ ! -s "$work/again" ] || { echo "# what failed:" && cat "$work/again"; }
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ $((passed + skipped)) -gt 0 ]
