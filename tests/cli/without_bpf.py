# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""without_bpf.py ERRNO COMMAND...: run a command whose bpf(2) fails with that, as in a container."""
import ctypes, os, platform, struct, sys

BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
ERRNO = int(sys.argv[1])


def code(op, k, yes=0, no=0):
    return struct.pack("HBBI", op, yes, no, k)


# Load the number; if it is bpf: errno, else allow.
program = code(0x20, 0) + code(0x15, BPF, 0, 1) + code(0x06, 0x00050000 | ERRNO) + code(0x06, 0x7FFF0000)
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(program)


class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


filters = Program(4, ctypes.cast(buffer, ctypes.c_void_p))
assert libc.prctl(38, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS"
assert libc.prctl(22, 2, ctypes.byref(filters), 0, 0) == 0, "PR_SET_SECCOMP"
os.execvp(sys.argv[2], sys.argv[2:])
