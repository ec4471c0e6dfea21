# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Compares records (NDJSON) with what connload --expect wrote.
#   awk -f mixed-compare.awk EXPECT RECORDS
# Prints a table and up to ten single differences; exit 1 on any difference, 2 without input.
# Every side of every connection must have one record with its verdict, its role and its addresses.
# A record that stands for several (repeated > 1) covers that many of its verdict and role.

function field_text(name,    at, rest) {
	at = match($0, "\"" name "\": ?\"[^\"]*\"")
	if (!at)
		return ""
	rest = substr($0, RSTART, RLENGTH - 1)
	sub("^\"" name "\": ?\"", "", rest)
	return rest
}

function field_number(name,    at, rest) {
	at = match($0, "\"" name "\": ?[0-9]+")
	if (!at)
		return ""
	rest = substr($0, RSTART, RLENGTH)
	sub("^\"" name "\": ?", "", rest)
	return rest
}

function difference(text) {
	failed = 1
	if (++difference_count <= 10)
		print "  " text
}

BEGIN {
	FS = "\t"
	if (ARGC != 3) {
		print "usage: awk -f mixed-compare.awk EXPECT RECORDS" > "/dev/stderr"
		exit usage = 2
	}
}

# FILENAME and not NR == FNR: the first file may be empty.
FILENAME == ARGV[1] {
	group = $1 " " $2
	wanted[group]++
	wanted_total++
	sides[$1 " " $3 ":" $4 " " $5 ":" $6] = $2
	next
}

{
	verdict = field_text("verdict")
	if (verdict == "") {
		difference("not a record: " substr($0, 1, 100))
		next
	}
	key = verdict " " field_text("local_addr") ":" field_number("local_port") " " \
		field_text("peer_addr") ":" field_number("peer_port")
	weight = field_number("repeated") + 0
	if (weight < 1)
		weight = 1
	role = field_text("role")
	if (!(key in sides)) {
		difference("nothing like it was made: " key)
		got[verdict " ?"] += weight
	} else {
		if (sides[key] == "-")
			role = "-"
		else if (role != sides[key])
			difference("role " (role == "" ? "null" : role) " is not " sides[key] ": " key)
		if (seen[key]++)
			difference("twice: " key)
		got[verdict " " role] += weight
		grouped += weight - 1
	}
	got_total += weight
}

END {
	if (usage)
		exit usage
	if (!wanted_total) {
		print "mixed-compare: nothing is expected" > "/dev/stderr"
		exit 2
	}
	for (key in sides)
		if (!(key in seen)) {
			missing++
			if (missing - grouped <= 5 && missing > grouped)
				difference("no record: " key)
		}
	if (missing != grouped)
		failed = 1
	for (group in got)
		if (!(group in wanted))
			wanted[group] = 0
	printf "%-32s %10s %10s\n", "verdict role", "expected", "got"
	for (group in wanted) {
		mark = wanted[group] == got[group] + 0 ? "" : "  <-- differs"
		if (mark)
			failed = 1
		printf "%-32s %10d %10d%s\n", group, wanted[group], got[group] + 0, mark | "sort"
	}
	close("sort")
	printf "%-32s %10d %10d\n", "total", wanted_total, got_total
	printf "single sides: %d without a record, %d covered by grouped records, %d differences\n", \
		missing + 0, grouped + 0, difference_count + 0
	exit failed + 0
}
