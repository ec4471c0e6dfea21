#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The other host behind a tun interface, whose packets have no Ethernet header.

usage: tun_peer.py NAME OWN_ADDRESS PEER_ADDRESS

Makes the interface in the current network namespace with OWN_ADDRESS, and is the host PEER_ADDRESS
until it is killed: answers every SYN by RST, and each time first sends a SYN of its own, from the
port below to OWN_ADDRESS port 1.
"""
import fcntl
import os
import socket
import struct
import subprocess
import sys

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
SYN, RST, ACK = 0x02, 0x04, 0x10
IP, TCP = "!BBHHHBBH4s4s", "!HHIIBBHHH"


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(source, source_port, dest, dest_port, seq, ack, flags):
    ends = socket.inet_aton(source), socket.inet_aton(dest)
    tcp = [source_port, dest_port, seq, ack, 5 << 4, flags, 1024, 0, 0]
    tcp[7] = checksum(struct.pack("!4s4sHH", *ends, 6, 20) + struct.pack(TCP, *tcp))
    ip = [0x45, 0, 40, 7, 0, 64, 6, 0, *ends]
    ip[7] = checksum(struct.pack(IP, *ip))
    return struct.pack(IP, *ip) + struct.pack(TCP, *tcp)


def main():
    name, own, peer = sys.argv[1:]
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    subprocess.run(["ip", "address", "add", own + "/24", "dev", name], check=True)
    subprocess.run(["ip", "link", "set", name, "up"], check=True)
    while True:
        data = os.read(tun, 2048)
        if data[0] != 0x45 or data[9] != 6 or data[33] != SYN:
            continue
        port, dest_port, seq = struct.unpack("!HHI", data[20:28])
        os.write(tun, packet(peer, dest_port - 1, own, 1, 1000, 0, SYN))
        os.write(tun, packet(peer, dest_port, own, port, 0, seq + 1, RST | ACK))


main()
