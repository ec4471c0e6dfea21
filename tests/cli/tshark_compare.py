#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The SYN, FIN and RST that `closetrace replay --by connection` counts, against tshark's count.

usage: tshark_compare.py CLOSETRACE CAPTURE...    Prints what differs; status 1 if anything does.
"""
import json
import subprocess
import sys


def tshark_counts(capture):
    fields = ["-e", "tcp.flags.syn", "-e", "tcp.flags.fin", "-e", "tcp.flags.reset"]
    run = subprocess.run(["tshark", "-r", capture, "-Y", "tcp", "-T", "fields", *fields], capture_output=True, text=True)
    counts = [0, 0, 0]
    for line in run.stdout.splitlines():
        for i, flag in enumerate(line.split("\t")):
            counts[i] += flag.split(",")[0] in ("1", "True")
    return counts


def our_counts(program, capture):
    words = [program, "replay", "--no-checksums", "--by", "connection", "-o", "ndjson", capture]
    rows = [json.loads(line) for line in subprocess.run(words, capture_output=True, text=True).stdout.splitlines()]
    return [sum(row[name] for row in rows) for name in ("syn_count", "fin_count", "rst_count")]


def main():
    different = 0
    for capture in sys.argv[2:]:
        wanted, found = tshark_counts(capture), our_counts(sys.argv[1], capture)
        if wanted != found or not any(wanted):
            print(f"{capture}: tshark {wanted}, closetrace {found}")
            different += 1
    sys.exit(different != 0)


main()
