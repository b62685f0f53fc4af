"""Landlock: what of the file system this process may still see, and that it may bind and connect nothing.

The rights that a kernel knows grow with its version (ABI 1 in Linux 5.13 to 7 in 6.15); all that it knows are denied,
and given back for a few paths.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Iterable

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446  # the same on every processor
_VERSION, _PATH_BENEATH = 1, 1
_PR_SET_NO_NEW_PRIVS = 38

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_MAKE_REG, _TRUNCATE = 1 << 8, 1 << 14
_FIRST_RIGHTS = (1 << 13) - 1  # execute to make_sym
_REFER, _IOCTL_DEV = 1 << 13, 1 << 15
_TCP = 0b11  # bind and connect
_SCOPES = 0b11  # abstract sockets and signals stay among its own

READ = _READ_FILE | _READ_DIR
WRITE = _READ_FILE | _WRITE_FILE | _TRUNCATE
WORK = READ | WRITE | _MAKE_REG
_OF_A_FILE = _READ_FILE | _WRITE_FILE | _TRUNCATE


def restrict(paths: Iterable[tuple[str, int]]) -> str:
    """Restrict this thread, and those it begins, to these paths with these rights, for good.

    Returns why it could not be done, else nothing. A path that does not exist gets no right.
    """
    if sys.platform != "linux":
        return f"no Landlock on {sys.platform}"
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return _failure("Landlock")
    rights = _rights(version)
    attributes = struct.pack("QQQ", rights, _TCP, _SCOPES)
    size = 8 if version < 4 else 16 if version < 6 else 24  # noqa: PLR2004 - what each version knows
    ruleset = libc.syscall(_CREATE, ctypes.c_char_p(attributes), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return _failure("landlock_create_ruleset")
    try:
        for path, wanted in paths:
            _allow(libc, ruleset, path, wanted & rights)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.syscall(_RESTRICT, ruleset, 0):
            return _failure("landlock_restrict_self")
    finally:
        os.close(ruleset)
    return ""


def _rights(version: int) -> int:
    rights = _FIRST_RIGHTS
    for since, right in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV)):
        rights |= right if version >= since else 0
    return rights


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):  # noqa: PTH112 - nothing more is imported here
            rights &= _OF_A_FILE
        rule = struct.pack("=Qi", rights, place)
        libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.c_char_p(rule), 0)
    finally:
        os.close(place)


def _failure(call: str) -> str:
    return f"{call}: {os.strerror(ctypes.get_errno())}"
