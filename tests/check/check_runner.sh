#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The test runner counts right, and cannot be made to pass by a test that dies, stops short, was
# not built, or skips in silence.
cd "$(dirname "$0")/../.." || exit 1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/tests/unit" "$tree/build/tests/unit"
cp tests/run.sh "$tree/tests/"
echo 'unit/test_case: allowed: * # for this test' > "$tree/tests/expected-skips.txt"

number=0
expect() { # expect STATUS "COUNTS" WHAT [STRICT [END]]: END is in the last lines. The test is on stdin
	local said status
	number=$((number + 1))
	rm -f "$tree"/build/tests/unit/* && touch "$tree/tests/unit/test_case.c"
	{ echo '#!/bin/sh'; cat; } > "$tree/build/tests/unit/test_case"
	[ "$3" = "not built" ] || chmod +x "$tree/build/tests/unit/test_case"
	said=$(CI= V=0 BUILD=build STRICT=${4:-0} TEST_TIMEOUT=1 "$tree/tests/run.sh" unit)
	status=$?
	if [ "$status" = "$1" ] && [ "$(tail -n 1 <<< "$said")" = "$2" ] &&
		tail -n 4 <<< "$said" | grep -qF "${5:-$2}"; then
		echo "ok $number - $3"
	else
		printf '%s\nstatus %s, expected %s and "%s"\nnot ok %d - %s\n' "$said" "$status" "$1" "$2" "$number" "$3"
		bad=1
	fi
}

echo "1..22"
expect 0 "1 passed, 0 failed, 0 skipped" "a silent success" <<< 'exit 0'
expect 1 "0 passed, 1 failed, 0 skipped" "a silent failure" <<< 'exit 3'
expect 0 "2 passed, 0 failed, 0 skipped" "cases" <<< 'echo "1..2"; echo "ok 1 - a"; echo "ok 2 - b"'
expect 1 "1 passed, 1 failed, 0 skipped" "a failed case" <<< 'echo "ok 1 - a"; echo "not ok 2 - b"; exit 1'
expect 1 "1 passed, 1 failed, 0 skipped" "a failed case and status 0" <<< 'echo "ok 1 - a"; echo "not ok 2 - b"'
expect 1 "1 passed, 2 failed, 0 skipped" "fewer cases than planned" <<< 'echo "1..3"; echo "ok 1 - a"'
expect 1 "1 passed, 1 failed, 0 skipped" "a crash after its cases" <<< 'echo "1..1"; echo "ok 1 - a"; kill -SEGV $$'
expect 1 "1 passed, 1 failed, 0 skipped" "a hang" <<< 'echo "ok 1 - a"; exec sleep 20'
expect 1 "0 passed, 1 failed, 0 skipped" "not built" <<< 'exit 0'
expect 1 "0 passed, 1 failed, 0 skipped" "a plan and no case" <<< 'echo "1..1"'
expect 0 "0 passed, 0 failed, 1 skipped" "a skip" <<< 'echo "no such thing"; exit 77'
expect 0 "1 passed, 0 failed, 1 skipped" "a skipped case" <<< 'echo "ok 1 - a"; echo "ok 2 - b # SKIP no c"'
expect 1 "1 passed, 1 failed, 0 skipped" "an unexpected skip, strict" 1 <<< 'echo "ok 1 - a"; echo "ok 2 - b # SKIP no c"'
expect 0 "1 passed, 0 failed, 1 skipped" "an expected skip, strict" 1 <<< 'echo "ok 1 - a"; echo "ok 2 - allowed # SKIP no c"'
expect 0 "1 passed, 0 failed, 1 skipped" "a skip as cmocka writes it" <<< 'echo "ok 1 - a"; echo "not ok 2 # SKIP b"'
expect 1 "9 passed, 1 failed, 0 skipped" "a failed case is said again at the end" 0 "#   # it said" \
	<<< 'echo "not ok 1 - a"; echo "# it said"; for i in 2 3 4 5 6 7 8 9 10; do echo "ok $i - b"; done'

# -- side by side ------------------------------------------------------------------------------
# pool NAME...: each test is "unit/test_NAME" with the script on stdin, which knows its name as $me.
# What the runner said is in $said, its status in $status.
pool() {
	local body name
	body=$(cat)
	rm -f "$tree"/build/tests/unit/* "$tree"/tests/unit/* "$tree"/at_*
	for name; do
		touch "$tree/tests/unit/test_$name.c"
		printf '#!/bin/bash\nme=%s tree=%s\n%s\n' "$name" "$tree" "$body" > "$tree/build/tests/unit/test_$name"
		chmod +x "$tree/build/tests/unit/test_$name"
	done
	said=$(CI= V=${V:-0} BUILD=build STRICT=0 TEST_TIMEOUT=20 TEST_JOBS=${TEST_JOBS:-3} "$tree/tests/run.sh" unit)
	status=$?
}
result() { # result WHAT STATUS
	number=$((number + 1))
	[ "$2" = 0 ] && echo "ok $number - $1" && return
	printf '%s\nstatus %s\nnot ok %d - %s\n' "$said" "$status" "$number" "$1"
	bad=1
}
waits='touch "$tree/at_$me"; for i in {1..100}; do [ $(ls "$tree"/at_* | wc -l) -ge 3 ] && exit 0; sleep 0.05; done; exit 1'

pool a b c <<< "$waits"
result "tests run side by side" $status
TEST_JOBS=2 pool a b c <<< "${waits/100/20}"
[ $status = 1 ] && [[ $said == *"0 passed, 3 failed, 0 skipped" || $said == *"1 passed, 2 failed, 0 skipped" ]]
result "and no more of them than TEST_JOBS" $?

# The first one ends last; it is told first, and nobody else's output is in between.
pool a b c <<< '[ $me != a ] || sleep 0.5; echo "it said $me"; exit 1'
[ $status = 1 ] && [ "$(grep -oE "^not ok .*|it said ." <<< "$said" | head -n 6 | tr '\n' '/')" = \
	"not ok 1 - unit/test_a (1 failed)/it said a/not ok 2 - unit/test_b (1 failed)/it said b/not ok 3 - unit/test_c (1 failed)/it said c/" ]
result "they are told in order, each with its own output" $?

echo 'unit/test_b alone # it would mind' > "$tree/tests/schedule.txt"
pool a b c <<< 'touch "$tree/at_$me"; sleep 0.3; others=$(ls "$tree"/at_* | grep -vc "_$me"); rm "$tree/at_$me"
	[ $me != b ] || exit $((others > 0))'
[ $status = 0 ] && [ "$(grep -oE "^ok [0-9] - [^ ]*" <<< "$said" | tail -n 1)" = "ok 3 - unit/test_b" ]
result "what shall run alone does, behind the others" $?

printf 'unit/test_[cd] first # long\n' > "$tree/tests/schedule.txt"
TEST_JOBS=1 pool a b c d <<< 'echo $me >> "$tree/at_order"'
[ $status = 0 ] && [ "$(tr -d '\n' < "$tree/at_order")" = cdab ]
result "what takes long begins first" $?
rm "$tree/tests/schedule.txt"

# Who ends the runner ends what it runs.
pool a <<< 'exit 0'
printf '#!/bin/bash\necho $$ > %s/at_pid; exec sleep 60\n' "$tree" > "$tree/build/tests/unit/test_a"
BUILD=build "$tree/tests/run.sh" unit > /dev/null &
runner=$!
for i in {1..1200}; do [ -s "$tree/at_pid" ] && break; sleep 0.05; done
kill $runner
wait $runner
for i in {1..1200}; do kill -0 "$(cat "$tree/at_pid")" 2>/dev/null || break; sleep 0.05; done
! kill -0 "$(cat "$tree/at_pid")" 2>/dev/null
result "a runner that is ended ends its tests" $?
exit "${bad:-0}"
