#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Write a small capture to stdout.

usage: make_capture.py [OPTION...] CONNECTION...

CONNECTION is PORT:WORD, from 10.0.0.1:PORT to 10.0.0.2:80, 1 ms between packets. WORD is one of
refused, normal, aborted (the client resets), reset (the server resets), wild (a reset far out of
window, then a normal close), silent (SYN alone), open, randomN (60 segments by chance, N the seed).
OPTION: --start SECONDS, --link raw|sll|ethernet,
--ng (pcapng), --snap BYTES, --bad-checksum-of-resets, --bad-checksums, --vlan.
"""
import random
import struct
import sys

S, A, F, R = 2, 16, 1, 4
CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
HANDSHAKE = [(0, S, 0, 0, 0), (1, S | A, 0, 1, 0), (0, A, 1, 1, 0)]
DATA = [(0, A, 1, 1, 10), (1, A, 1, 11, 20)]
CLOSE = [(0, F | A, 11, 21, 0), (1, F | A, 21, 12, 0), (0, A, 12, 22, 0)]
KINDS = {
    "refused": [(0, S, 0, 0, 0), (1, R | A, 0, 1, 0)],
    "normal": HANDSHAKE + DATA + CLOSE,
    "aborted": HANDSHAKE + DATA + [(0, R | A, 11, 21, 0)],
    "reset": HANDSHAKE + DATA + [(1, R | A, 21, 11, 0)],
    "wild": HANDSHAKE + [(1, R, 900000, 0, 0)] + DATA + CLOSE,
    "silent": [(0, S, 0, 0, 0)],
    "open": HANDSHAKE + DATA,
}


def chance(seed):
    """Segments that mostly fit together, so that every rule meets something."""
    dice = random.Random(seed)
    steps = list(HANDSHAKE) if dice.random() < 0.7 else []
    at = [1, 1]
    for _ in range(60):
        sender = dice.randrange(2)
        flags = dice.choices([A, A | F, R, R | A, S, S | A, F, 0], [30, 3, 2, 2, 2, 1, 1, 1])[0]
        seq = at[sender] + dice.choice([0, 0, 0, 0, -1, 1, 7, -5, 70000])
        payload = dice.choice([0, 0, 5, 9]) if not flags & (S | R) else 0
        steps.append((sender, flags, seq, at[1 - sender] + dice.choice([0, 0, 0, -3, 4]), payload))
        at[sender] = max(at[sender], seq + payload) if abs(seq - at[sender]) < 100 else at[sender]
    return steps


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text):
    return bytes(int(part) for part in text.split("."))


def packet(port, step, break_resets):
    sender, flags, seq, ack, payload = step
    source, dest = (CLIENT, SERVER) if sender == 0 else (SERVER, CLIENT)
    ports = (port, 80) if sender == 0 else (80, port)
    base = (1000, 5000) if sender == 0 else (5000, 1000)
    tcp = struct.pack(">HHIIHHHH", *ports, (base[0] + seq) & 0xFFFFFFFF, (base[1] + ack) & 0xFFFFFFFF if flags & A else 0, 5 << 12 | flags, 1000, 0, 0)
    tcp += b"x" * payload
    pseudo = address(source) + address(dest) + struct.pack(">HH", 6, len(tcp))
    value = checksum(pseudo + tcp)
    if break_resets and (flags & R or break_resets == "all"):
        value ^= 0x0F0F
    tcp = tcp[:16] + struct.pack(">H", value) + tcp[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 7, 0, 64, 6, 0) + address(source) + address(dest)
    return ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:] + tcp


def frame(ip, link, vlan):
    if link == "raw":
        return ip
    if link == "sll":
        return struct.pack(">HHH", 0, 1, 6) + b"\2\0\0\0\0\1\0\0" + struct.pack(">H", 0x0800) + ip
    tag = struct.pack(">HH", 0x8100, 5) if vlan else b""
    return b"\2\0\0\0\0\1\2\0\0\0\0\2" + tag + struct.pack(">H", 0x0800) + ip


def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def main():
    options = {"start": "1000", "link": "ethernet", "snap": "65535"}
    switches = set()
    words = sys.argv[1:]
    while words and words[0].startswith("--"):
        name = words.pop(0)[2:]
        if name in options:
            options[name] = words.pop(0)
        else:
            switches.add(name)
    link_type = {"ethernet": 1, "raw": 101, "sll": 113}[options["link"]]
    snap = int(options["snap"])
    out = sys.stdout.buffer
    if "ng" in switches:
        out.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        out.write(block(1, struct.pack("<HHI", link_type, 0, snap) + struct.pack("<HHB3x", 9, 1, 9) + struct.pack("<HH", 0, 0)))
    else:
        out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, snap, link_type))
    time_ns = int(options["start"]) * 10**9
    for word in words:
        port, kind = word.split(":")
        for step in chance(kind) if kind.startswith("random") else KINDS[kind]:
            data = frame(packet(int(port), step, "all" if "bad-checksums" in switches else "bad-checksum-of-resets" in switches), options["link"], "vlan" in switches)
            cut = data[:snap]
            if "ng" in switches:
                out.write(block(6, struct.pack("<IIIII", 0, time_ns >> 32, time_ns & 0xFFFFFFFF, len(cut), len(data)) + cut))
            else:
                out.write(struct.pack("<IIII", time_ns // 10**9, time_ns % 10**9, len(cut), len(data)) + cut)
            time_ns += 10**6


main()
