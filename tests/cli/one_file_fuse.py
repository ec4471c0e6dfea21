#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""one_file_fuse.py MOUNTPOINT FILE: serve FILE as MOUNTPOINT/program, until killed.

A file system whose server can be stopped (SIGSTOP): whoever reads from it then waits. Speaks the
kernel's protocol itself (include/uapi/linux/fuse.h), so that no library is needed.
"""
import ctypes
import errno
import os
import stat
import struct
import sys

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE = 1, 2, 3, 14, 15, 17, 18
FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, ACCESS, BATCH_FORGET = 25, 26, 27, 28, 29, 34, 42
ROOT, PROGRAM = 1, 2
HEAD = struct.Struct("<IIQQIIII")  # struct fuse_in_header

point, path = sys.argv[1:]
content = open(path, "rb").read()
device = os.open("/dev/fuse", os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
if libc.mount(b"ct_one_file", point.encode(), b"fuse", 6, options.encode()):
    sys.exit(os.strerror(ctypes.get_errno()))


def attributes(node):
    mode = stat.S_IFDIR | 0o755 if node == ROOT else stat.S_IFREG | 0o755
    size = 0 if node == ROOT else len(content)
    return struct.pack("<QQQQQQIIIIIIIIII", node, size, (size + 511) // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer(opcode, node, body):
    """The body of the reply, or a number of an error; None: no reply."""
    if opcode == INIT:
        major, minor, readahead, flags = struct.unpack_from("<IIII", body)
        return struct.pack("<IIIIHHIIHHIIII", 7, min(minor, 31), readahead, 0, 16, 12, 1 << 16, 1, 16, 0, 0, 0, 0, 0)[:64].ljust(64, b"\0")
    if opcode == LOOKUP:
        if node == ROOT and body.split(b"\0")[0] == b"program":
            return struct.pack("<QQQQII", PROGRAM, 0, 60, 60, 0, 0) + attributes(PROGRAM)
        return errno.ENOENT
    if opcode == GETATTR:
        return struct.pack("<QII", 60, 0, 0) + attributes(node)
    if opcode in (OPEN, OPENDIR):
        return struct.pack("<QII", 0, 2 if opcode == OPEN else 0, 0)  # FOPEN_KEEP_CACHE
    if opcode == READ:
        _, offset, size = struct.unpack_from("<QQI", body)
        return content[offset:offset + size]
    if opcode == STATFS:
        return struct.pack("<QQQQQIIII24x", 1000, 0, 0, 2, 0, 4096, 255, 4096, 0)
    if opcode in (RELEASE, RELEASEDIR, FLUSH, READDIR, ACCESS):
        return b""
    if opcode in (FORGET, BATCH_FORGET):
        return None
    return errno.ENOSYS


print("ready", flush=True)
while True:
    try:
        request = os.read(device, 1 << 20)
    except OSError as error:
        if error.errno == errno.ENODEV:  # unmounted
            break
        continue
    _, opcode, unique, node = HEAD.unpack_from(request)[:4]
    body = answer(opcode, node, request[HEAD.size:])
    if body is None:
        continue
    error, body = (-body, b"") if isinstance(body, int) else (0, body)
    os.write(device, struct.pack("<IiQ", 16 + len(body), error, unique) + body)
