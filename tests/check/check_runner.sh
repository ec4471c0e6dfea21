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

echo "1..16"
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
exit "${bad:-0}"
