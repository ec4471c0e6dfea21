#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Make connections that end in every common way, between two network namespaces.

usage: make_endings.py CLIENT_NETNS SERVER_NETNS SERVER_ADDRESS COUNT SEED

Prints one line per connection: the client's port and what was done. One after the other, so that a
capture has them in this order.
"""
import ctypes
import os
import random
import socket
import struct
import sys

LINGER_0 = struct.pack("ii", 1, 0)


def enter(netns):
    fd = os.open("/run/netns/" + netns, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)


def wait_for_end(peer):
    try:
        while peer.recv(4096):
            pass
    except ConnectionResetError:
        pass
    peer.close()


def main():
    client_netns, server_netns, address = sys.argv[1:4]
    dice = random.Random(int(sys.argv[5]))
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    enter(server_netns)
    listener = socket.socket(family)
    listener.bind((address, 8080))
    listener.listen(5)
    enter(client_netns)
    for _ in range(int(sys.argv[4])):
        what = dice.choice(["client_first", "server_first", "client_aborts", "server_aborts", "server_unread", "refused"])
        client = socket.socket(family)
        if what == "refused":
            try:
                client.connect((address, 9))
            except ConnectionRefusedError:
                pass
            # The local port is gone from the socket by now: it is not known here.
            print("-", what)
            client.close()
            continue
        client.connect((address, 8080))
        port = client.getsockname()[1]
        server, _ = listener.accept()
        client.sendall(b"x" * dice.randrange(1, 3000))
        if what != "server_unread":
            server.recv(4096)
            server.sendall(b"y" * dice.randrange(1, 3000))
            client.recv(4096)
        first, second = (client, server) if what.startswith("client") else (server, client)
        if what.endswith("aborts"):
            first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
        first.close()
        wait_for_end(second)
        print(port, what)


main()
