#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Hold `closetrace replay -o zeek` against what Zeek says of the same captures.

usage: zeek_compare.py CLOSETRACE FOLDER KNOWN

FOLDER has EXPECTED.tsv and the captures. KNOWN lists, one a line, the differences that have a reason:
capture, column, what Zeek says, what we say, separated by tabs. Prints every other difference and
the totals; fails on differences that are not known, and on known ones that are none any more.
"""
import collections
import csv
import os
import subprocess
import sys

COLUMNS = ("conn_state", "history", "orig_pkts", "resp_pkts")


def replay(program, path, command):
    words = [program, "replay", "-o", "zeek", "--decap", path]
    # As Zeek was run: -C takes every checksum for right, and so does a list of all nets.
    if any(word.startswith("-") and not word.startswith("--") and "C" in word for word in command.split()):
        words.insert(2, "--no-checksums")
    if "ignore_checksums_nets" in command:
        words.insert(2, "--no-checksums")
    run = subprocess.run(words, capture_output=True, text=True)
    rows = []
    names = None
    for line in run.stdout.splitlines():
        if line.startswith("#fields"):
            names = line.split("\t")[1:]
        elif not line.startswith("#"):
            rows.append(dict(zip(names, line.split("\t"))))
    return rows



def ours_tuple(row):
    return (row["id.orig_h"], row["id.orig_p"], row["id.resp_h"], row["id.resp_p"])


def turned(row):
    """The row as it would be had we not taken the lower-numbered service port for the server."""
    names = (("id.orig_h", "id.resp_h"), ("id.orig_p", "id.resp_p"), ("orig_pkts", "resp_pkts"))
    other = dict(row)
    for a, b in names:
        other[a], other[b] = row[b], row[a]
    other["history"] = row["history"].replace("^", "").swapcase() or "-"
    return other


def agreement(wanted, found):
    return sum(wanted[c] == "-" or wanted[c] == found[c] for c in COLUMNS)


def main():
    program, folder, known_path = sys.argv[1:4]
    known = set()
    with open(known_path) as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                known.add(tuple(line.rstrip("\n").split("\t")))
    by_capture = collections.OrderedDict()
    with open(os.path.join(folder, "EXPECTED.tsv"), newline="") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            by_capture.setdefault(row["pcap"], []).append(row)
    right = collections.Counter()
    total = collections.Counter()
    differences = set()
    for pcap, rows in by_capture.items():
        found = collections.defaultdict(list)
        for row in replay(program, os.path.join(folder, pcap), rows[0]["zeek_cmd"]):
            found[ours_tuple(row)].append(row)
        for wanted in rows:
            key = (wanted["orig_h"], wanted["orig_p"], wanted["resp_h"], wanted["resp_p"])
            candidates = found[key]
            if not candidates and found[key[2:] + key[:2]]:
                candidates.append(turned(found[key[2:] + key[:2]].pop()))
                differences.add((pcap, ":".join(key), "roles", "as the first packet", "by the port"))
            best = max(candidates, key=lambda row: agreement(wanted, row), default=None)
            if best is not None:
                candidates.remove(best)
            for column in COLUMNS:
                # "-" is "not asserted" but where Zeek printed an empty history with counts.
                if wanted[column] == "-" and not (column == "history" and wanted["orig_pkts"] == "0"):
                    continue
                total[column] += 1
                said = best[column] if best is not None else "no such connection"
                if said == wanted[column]:
                    right[column] += 1
                else:
                    differences.add((pcap, ":".join(key), column, wanted[column], said))
    for difference in sorted(differences - known):
        print("differs:\t" + "\t".join(difference))
    for difference in sorted(known - differences):
        print("listed, but agrees now:\t" + "\t".join(difference))
    for column in COLUMNS:
        print(f"{column}: {right[column]} of {total[column]}")
    sys.exit(differences != known)


main()
