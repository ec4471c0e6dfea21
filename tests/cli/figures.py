#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Ends connections whose figures are known to the byte: figures.py SCENARIO ADDRESS.

Prints what the record of one end must say, one field per line, tab separated:
LOCAL_PORT PEER_PORT FIELD LEAST MOST. What is known comes from what was written, and from what the
kernel told of the socket (SIOCOUTQ, TCP_INFO) right before its end.
"""
import fcntl
import socket
import struct
import subprocess
import sys
import time

SIOCOUTQ, SIOCOUTQNSD = 0x5411, 0x894B
LINGER_0 = struct.pack("ii", 1, 0)


def say(sock, field, least, most=None):
    here, there = sock.getsockname()[1], sock.getpeername()[1]
    print(here, there, field, least, least if most is None else most, sep="\t")


def pair(address, receive_buffer=0):
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    if receive_buffer:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    listener.bind((address, 0))
    listener.listen()
    client = socket.create_connection(listener.getsockname()[:2])
    server = listener.accept()[0]
    listener.close()
    return client, server


def queue(sock, request):
    return struct.unpack("i", fcntl.ioctl(sock, request, b"\0" * 4))[0]


def tcp_info(sock):
    """rtt_us, total_retrans, bytes_acked"""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 216)
    rtt, = struct.unpack_from("I", info, 68)
    retransmits, = struct.unpack_from("I", info, 100)
    acked, = struct.unpack_from("Q", info, 120)
    return rtt, retransmits, acked


def abort(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
    sock.close()


def receive(sock, count):
    while count:
        count -= len(sock.recv(count))


def wait_for(condition):
    end = time.monotonic() + 10
    while not condition():
        if time.monotonic() > end:
            sys.exit("in vain")
        time.sleep(0.01)


def unread(address):
    """The server has read 10 of 1010 bytes, and answered with 77, which the client has not read."""
    client, server = pair(address)
    client.sendall(b"x" * 1010)
    receive(server, 10)
    server.sendall(b"y" * 77)
    client.recv(77, socket.MSG_PEEK | socket.MSG_WAITALL)
    wait_for(lambda: not queue(client, SIOCOUTQ) and not queue(server, SIOCOUTQ))
    say(server, "bytes_unread", 1000)
    say(server, "bytes_received", 1010)
    say(server, "bytes_sent", 77)
    say(server, "bytes_unsent", 0)
    say(server, "bytes_unacked", 0)
    say(server, "retransmits", 0)
    say(server, "rtt_us", tcp_info(server)[0])
    say(client, "bytes_unread", 77)
    say(client, "bytes_sent", 1010)
    say(client, "bytes_received", 77)
    server.close()
    wait_for(lambda: client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    client.close()


def unread_with_fin(address):
    """The peer's FIN is behind the unread data: a sequence number, not a byte."""
    client, server = pair(address)
    client.sendall(b"x" * 500)
    client.shutdown(socket.SHUT_WR)
    receive(server, 1)
    wait_for(lambda: tcp_info(client)[2] >= 500)
    time.sleep(0.05)
    say(server, "bytes_unread", 499)
    say(server, "bytes_received", 500)
    server.close()
    client.close()


def window(address):
    """The server does not read: what fills its window is sent, the rest is not."""
    client, server = pair(address, 4096)
    client.setblocking(False)
    written = 0
    try:
        while written < 1 << 20:
            written += client.send(b"x" * 8192)
    except BlockingIOError:
        pass
    before = -1
    while queue(client, SIOCOUTQ) != before:
        before = queue(client, SIOCOUTQ)
        time.sleep(0.3)
    unsent = queue(client, SIOCOUTQNSD)
    unacked = queue(client, SIOCOUTQ) - unsent
    assert unsent > 0
    say(client, "bytes_unsent", unsent)
    say(client, "bytes_unacked", unacked)
    say(client, "bytes_sent", written - unsent)
    say(server, "bytes_received", written - unsent - unacked)
    say(server, "bytes_unread", written - unsent - unacked)
    abort(client)
    wait_for(lambda: server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    server.close()


def unacked(address):
    """From the middle on the client's data is dropped: never acknowledged, sent again and again."""
    client, server = pair(address)
    client.sendall(b"x" * 300)
    receive(server, 300)
    wait_for(lambda: not queue(client, SIOCOUTQ))
    subprocess.run(["nft", "-f", "-"], check=True, text=True, input=(
        "table inet figures {\nchain i {\ntype filter hook input priority 0;\n"
        f"tcp dport {client.getpeername()[1]} tcp flags & (psh | rst) != 0 drop;\n}}\n}}\n"))
    client.sendall(b"x" * 400)
    wait_for(lambda: tcp_info(client)[1] >= 2)
    rtt, retransmits, _ = tcp_info(client)
    say(client, "bytes_unacked", 400)
    say(client, "bytes_unsent", 0)
    say(client, "bytes_sent", 700)
    say(client, "retransmits", retransmits)
    say(client, "rtt_us", rtt)
    abort(client)
    subprocess.run(["nft", "delete", "table", "inet", "figures"], check=True)
    abort(server)


def idle(address):
    """Nothing is said for 0.7 s. The bounds are those of this process's own clock and a tick."""
    client, server = pair(address)
    before_send = time.monotonic()
    client.sendall(b"x")
    receive(server, 1)
    after_send = time.monotonic()
    time.sleep(0.7)
    here, there = client.getsockname()[1], client.getpeername()[1]
    before_close = time.monotonic()
    abort(client)
    after_close = time.monotonic()
    tick = tick_seconds()
    print(here, there, "idle_us", int((before_close - after_send - tick) * 1e6),
          int((after_close - before_send + tick) * 1e6), sep="\t")
    server.close()


def tick_seconds():
    """Of this kernel where it tells, else of the slowest there is."""
    try:
        text = subprocess.run(["zcat", "/proc/config.gz"], capture_output=True, text=True).stdout
        return 1 / int([line for line in text.splitlines() if line.startswith("CONFIG_HZ=")][0][10:])
    except (OSError, IndexError):
        return 0.01


def rtt(address):
    """The kernel's own smoothed measurement, right before the end."""
    client, server = pair(address)
    for _ in range(8):
        client.sendall(b"x")
        receive(server, 1)
        server.sendall(b"x")
        receive(client, 1)
    say(client, "rtt_us", tcp_info(client)[0])
    abort(client)
    server.close()


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2])
