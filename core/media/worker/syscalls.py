"""A seccomp filter: the list of system calls that work on one file needs; the kernel answers EPERM to every other.

A list of what is allowed, since a list of what is forbidden is out of date with the next kernel. A call that a newer
libc tries first is refused, not deadly: libc and the decoders then take the older one or do without. On another
processor than the two whose numbers are written here there is no filter.
"""

import ctypes
import os
import platform
import struct
import sys

# Load a word of the call's description; compare; return. From linux/bpf_common.h.
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_PR_SET_NO_NEW_PRIVS = 38
_SET_MODE_FILTER, _ALL_THREADS = 1, 1

_THREAD = 0x10000
_NAMESPACES_OR_TRACE = 0x7E022000
"""Flags of clone: every CLONE_NEW… but time's, which is no flag of it, and CLONE_PTRACE."""

Instruction = tuple[int, int, int, int]

_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1), "arm64": (0xC00000B7, 1)}

# name: (x86_64, aarch64); -1 where the processor never had it
_FILES = {
    "read": (0, 63), "write": (1, 64), "open": (2, -1), "close": (3, 57), "stat": (4, -1), "fstat": (5, 80),
    "lstat": (6, -1), "lseek": (8, 62), "pread64": (17, 67), "pwrite64": (18, 68), "readv": (19, 65),
    "writev": (20, 66), "access": (21, -1), "dup": (32, 23), "dup2": (33, -1), "dup3": (292, 24),
    "sendfile": (40, 71), "fsync": (74, 82), "fdatasync": (75, 83), "ftruncate": (77, 46), "getdents": (78, -1),
    "getdents64": (217, 61), "getcwd": (79, 17), "readlink": (89, -1), "readlinkat": (267, 78),
    "fadvise64": (221, 223), "readahead": (187, 213), "openat": (257, 56), "newfstatat": (262, 79),
    "faccessat": (269, 48), "faccessat2": (439, 439), "statx": (332, 291), "fallocate": (285, 47),
    "preadv": (295, 69), "pwritev": (296, 70), "preadv2": (327, 286), "pwritev2": (328, 287),
    "copy_file_range": (326, 285), "close_range": (436, 436),
}  # fmt: skip
_MEMORY = {
    "mmap": (9, 222), "mprotect": (10, 226), "munmap": (11, 215), "brk": (12, 214), "mremap": (25, 216),
    "msync": (26, 227), "mincore": (27, 232), "madvise": (28, 233), "membarrier": (324, 283),
}  # fmt: skip
_THREADS = {
    "futex": (202, 98), "futex_waitv": (449, 449), "sched_yield": (24, 124), "set_robust_list": (273, 99),
    "get_robust_list": (274, 100), "set_tid_address": (218, 96), "rseq": (334, 293), "gettid": (186, 178),
    "exit": (60, 93), "exit_group": (231, 94), "restart_syscall": (219, 128), "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136),
    "rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133), "sigaltstack": (131, 132), "pause": (34, -1),
    "sched_getaffinity": (204, 123), "sched_getparam": (143, 121), "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126), "getcpu": (309, 168),
    "get_mempolicy": (239, 236), "poll": (7, -1), "ppoll": (271, 73), "select": (23, -1), "pselect6": (270, 72),
}  # fmt: skip
_FACTS = {
    "getpid": (39, 172), "getppid": (110, 173), "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176),
    "getegid": (108, 177), "getpgid": (121, 155), "getpgrp": (111, -1), "getsid": (124, 156), "getrlimit": (97, 163),
    "getrusage": (98, 165), "getpriority": (140, 141), "times": (100, 153), "uname": (63, 160), "umask": (95, 166),
    "sysinfo": (99, 179), "gettimeofday": (96, 169), "time": (201, -1), "clock_gettime": (228, 113),
    "clock_getres": (229, 114), "clock_nanosleep": (230, 115), "nanosleep": (35, 101), "getrandom": (318, 278),
}  # fmt: skip
_BY_ARGUMENT = {
    "clone": (56, 220), "clone3": (435, 435), "kill": (62, 129), "tgkill": (234, 131), "prctl": (157, 167),
    "ioctl": (16, 29), "fcntl": (72, 25), "prlimit64": (302, 261), "seccomp": (317, 277),
}  # fmt: skip

CALLS = {"always": _FILES | _MEMORY | _THREADS | _FACTS, "by argument": _BY_ARGUMENT}
"""What is allowed always, and what its arguments decide."""

_QUESTIONS_OF_PRCTL = (3, 15, 16, 21, 39, 0x53564D41)
"""Dumpable? The thread's name, set and read. Filtered? No new privileges? And a name for memory, which malloc gives."""
_IOCTLS = (0x5401, 0x5450, 0x5451)
"""Is it a terminal? And closing on exec, off and on."""
_FCNTLS = (0, 1, 2, 3, 4, 1030)
"""Copies of a descriptor, its flags; none of those that make the kernel send signals to somebody."""


def install(pid: int) -> str:
    """Install the filter for all threads of this process, for good; return why it could not be, else nothing.

    `pid`: the process itself, the only one that it may send signals to.
    """
    architecture, column = _ARCHITECTURES.get(platform.machine(), (0, -1))
    if sys.platform != "linux" or column < 0 or sys.byteorder != "little":
        return f"no filter for {sys.platform} on {platform.machine()}"
    code = b"".join(struct.pack("HBBI", *each) for each in _filter(architecture, column, pid))
    memory = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return f"prctl: {os.strerror(ctypes.get_errno())}"
    number = _BY_ARGUMENT["seccomp"][column]
    if libc.syscall(number, _SET_MODE_FILTER, _ALL_THREADS, ctypes.c_char_p(program)):
        return f"seccomp: {os.strerror(ctypes.get_errno()) if ctypes.get_errno() else 'another thread'}"
    return ""


def _filter(architecture: int, column: int, pid: int) -> list[Instruction]:
    """Build the filter. A call in another mode of the processor has other numbers, and is refused whole."""
    code = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, architecture),
        _fail(_EPERM),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    for numbers in CALLS["always"].values():
        if numbers[column] >= 0:
            code += [(_EQUAL, 0, 1, numbers[column]), _pass()]
    for name, body in _bodies(pid).items():
        code += [(_EQUAL, 0, len(body), _BY_ARGUMENT[name][column]), *body]
    return [*code, _fail(_EPERM)]


def _bodies(pid: int) -> dict[str, list[Instruction]]:
    """Return what is asked of the calls whose arguments decide. Each list ends in an answer.

    clone3, whose flags a filter cannot read, does not exist, so libc falls back to clone, which makes threads only.
    """
    return {
        "clone3": [_fail(_ENOSYS)],
        "clone": [
            _argument(0),
            (_ANY_BIT, 2, 0, _NAMESPACES_OR_TRACE),
            (_ANY_BIT, 0, 1, _THREAD),
            _pass(),
            _fail(_EPERM),
        ],
        "kill": _one_of(0, (pid, 0)),  # 0: its own group, which is itself
        "tgkill": _one_of(0, (pid,)),
        "prctl": _one_of(0, _QUESTIONS_OF_PRCTL),
        "ioctl": _one_of(1, _IOCTLS),
        "fcntl": _one_of(1, _FCNTLS),
        "prlimit64": [  # its own limits are read: root could raise them
            _argument(0),
            (_EQUAL, 0, 5, 0),
            _argument(2),
            (_EQUAL, 0, 3, 0),
            _argument(2, half=1),
            (_EQUAL, 0, 1, 0),
            _pass(),
            _fail(_EPERM),
        ],
    }


def _one_of(argument: int, values: tuple[int, ...]) -> list[Instruction]:
    checks = [line for value in values for line in ((_EQUAL, 0, 1, value), _pass())]
    return [_argument(argument), *checks, _fail(_EPERM)]


def _argument(number: int, *, half: int = 0) -> Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * number + 4 * half)


def _pass() -> Instruction:
    return (_RETURN, 0, 0, _ALLOW)


def _fail(error: int) -> Instruction:
    return (_RETURN, 0, 0, _FAIL | error)
