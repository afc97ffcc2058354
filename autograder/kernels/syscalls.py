"""The seccomp filter: which system calls a student's process may make once the kernel runs.

Everything not listed fails with EPERM. The list is what TensorFlow, XLA, Keras, TensorFlow
Probability, matplotlib and ipykernel need, and what harms nobody inside the namespaces.
"""

import contextlib
import ctypes
import errno
import tempfile

from . import linux

__all__ = ["compiled", "load"]

ALLOWED = (
    "accept", "accept4", "access", "alarm", "arch_prctl", "brk", "chdir", "chmod", "clock_getres",
    "clock_gettime", "clock_nanosleep", "close", "close_range", "copy_file_range", "creat", "dup",
    "dup2", "dup3", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2",
    "epoll_wait", "eventfd", "eventfd2", "exit", "exit_group", "faccessat", "faccessat2",
    "fadvise64", "fallocate", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fdatasync", "flock",
    "fstat", "fstatfs", "fsync", "ftruncate", "futex", "futex_waitv", "get_robust_list", "getcpu",
    "getcwd", "getdents", "getdents64", "getegid", "geteuid", "getgid", "getgroups", "getitimer",
    "getpeername", "getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getrandom",
    "getresgid", "getresuid", "getrlimit", "getrusage", "getsid", "getsockname", "getsockopt",
    "gettid", "gettimeofday", "getuid", "kill", "lseek", "lstat", "madvise", "membarrier",
    "mincore", "mkdir", "mkdirat", "mlock", "mlock2", "mlockall", "mprotect", "mremap", "msync",
    "munlock", "munlockall", "munmap", "nanosleep", "newfstatat", "open", "openat", "openat2",
    "pause", "pipe", "pipe2", "poll", "ppoll", "pread64", "preadv", "preadv2", "pselect6",
    "pwrite64", "pwritev", "pwritev2", "read", "readahead", "readlink", "readlinkat", "readv",
    "recvfrom", "recvmmsg", "recvmsg", "rename", "renameat", "renameat2", "restart_syscall",
    "rmdir", "rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo",
    "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo",
    "sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity", "sched_getattr",
    "sched_getparam", "sched_getscheduler", "sched_setaffinity", "sched_setscheduler",
    "sched_yield", "select", "sendfile", "sendmmsg", "sendmsg", "sendto", "set_robust_list",
    "set_tid_address", "setitimer", "shutdown", "sigaltstack", "stat", "statfs", "statx", "symlink",
    "symlinkat", "sync_file_range", "sysinfo", "tgkill", "time", "timer_create", "timer_delete",
    "timer_getoverrun", "timer_gettime", "timer_settime", "timerfd_create", "timerfd_gettime",
    "timerfd_settime", "times", "tkill", "truncate", "umask", "uname", "unlink", "unlinkat",
    "utime", "utimensat", "utimes", "wait4", "waitid", "write", "writev",
)  # fmt: skip

AF_UNIX, SOCK_STREAM, SOCK_TYPES = 1, 1, 0xF
CLONE_THREAD = 0x00010000
# What a program asks of a descriptor: whether it is a terminal, how much waits to be read,
# that it closes on exec.
IOCTLS = {
    "TCGETS": 0x5401,
    "TIOCGWINSZ": 0x5413,
    "FIONREAD": 0x541B,
    "FIONBIO": 0x5421,
    "FIONCLEX": 0x5450,
    "FIOCLEX": 0x5451,
}
# Names of threads and of memory, and whether the process can be traced.
PRCTLS = {"PR_GET_DUMPABLE": 3, "PR_SET_NAME": 15, "PR_GET_NAME": 16, "PR_SET_VMA": 0x53564D41}
SET_MODE_FILTER, TSYNC = 1, 1


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


# Inside its own view and namespaces a process can do these to nothing but itself;
# outside of them to all of its user's.
INSIDE = (
    "chmod", "fchmod", "fchmodat", "fchmodat2", "kill", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
    "sched_setaffinity", "sched_setscheduler", "tgkill", "tkill", "utime", "utimensat", "utimes",
)  # fmt: skip
# Of `fcntl` these are left: descriptors, their flags, and how large a pipe is, which nobody may
# change. Who gets a signal from a descriptor is not. Locks are pretended: each is memory of the
# kernel that no limit counts, and there is nobody to lock out.
FCNTLS, LOCKS = (0, 1, 2, 3, 4, 5, 36, 1030, 1032), (6, 7, 37, 38)
# Options of sockets, by number: names that are used again, time-outs, and how a socket ends are
# left. What waits in a socket is memory of the kernel that no limit counts: that it may be more
# than usual is pretended.
SOL_SOCKET, SOCKET_OPTIONS, BUFFER_SIZES = 1, (2, 9, 13, 16, 20, 21, 66, 67), (7, 8)
# Of `mmap`, by the bits for "shared" and "anonymous": not both,
# as no limit counts that memory either.
SHARED_OR_ANONYMOUS, MAPPINGS = 0x21, (0x00, 0x01, 0x20)
# libzmq ends the process where it may not do this: it is told that it did.
PRETENDED = ("sched_setaffinity", "sched_setscheduler")


def compiled(alone=False, gpu=False) -> bytes:
    """Returns the filter as instructions for the kernel.

    Args:
        alone: Whether it stands without view and namespaces, and must forbid more.
        gpu: Whether anything may be asked of devices, and memory be shared: the driver of a GPU
            needs that.

    Raises:
        ImportError: If pyseccomp or the library libseccomp is not installed.
    """
    import pyseccomp as seccomp

    program = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    # A call of another architecture ends the process: the default would end one thread,
    # and the kernel would hang.
    program.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.KILL_PROCESS)
    for name in [name for name in ALLOWED if not (alone and name in INSIDE)]:
        _add(seccomp, program, seccomp.ALLOW, name)
    _add_descriptors_and_memory(seccomp, program, gpu)
    if alone:
        for name in PRETENDED:
            _add(seccomp, program, seccomp.ERRNO(0), name)
    _add_threads_and_pairs(seccomp, program)
    _add_settings(seccomp, program, gpu)
    with tempfile.TemporaryFile() as file:
        program.export_bpf(file)
        file.seek(0)
        return file.read()


def _add_descriptors_and_memory(seccomp, program, gpu) -> None:
    allow, pretend = seccomp.ALLOW, seccomp.ERRNO(0)
    for commands, action in ((FCNTLS, allow), (LOCKS, pretend)):
        for command in commands:
            program.add_rule(
                action, "fcntl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, command)
            )
    for options, action in ((SOCKET_OPTIONS, allow), (BUFFER_SIZES, pretend)):
        for option in options:
            level, name = seccomp.Arg(1, seccomp.EQ, SOL_SOCKET), seccomp.Arg(2, seccomp.EQ, option)
            program.add_rule(action, "setsockopt", level, name)
    for kind in (*MAPPINGS, *([SHARED_OR_ANONYMOUS] if gpu else [])):
        program.add_rule(
            allow, "mmap", seccomp.Arg(3, seccomp.MASKED_EQ, SHARED_OR_ANONYMOUS, kind)
        )


def _add_threads_and_pairs(seccomp, program) -> None:
    program.add_rule(
        seccomp.ALLOW, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, CLONE_THREAD, CLONE_THREAD)
    )
    # Its arguments lie in memory that no filter sees: the C library falls back to clone.
    _add(seccomp, program, seccomp.ERRNO(errno.ENOSYS), "clone3")
    # A pair of datagram sockets could send to any other one.
    family = seccomp.Arg(0, seccomp.EQ, AF_UNIX)
    program.add_rule(
        seccomp.ALLOW,
        "socketpair",
        family,
        seccomp.Arg(1, seccomp.MASKED_EQ, SOCK_TYPES, SOCK_STREAM),
    )


def _add_settings(seccomp, program, gpu) -> None:
    allow = seccomp.ALLOW
    program.add_rule(
        allow, "prlimit64", seccomp.Arg(0, seccomp.EQ, 0), seccomp.Arg(2, seccomp.EQ, 0)
    )
    for option in PRCTLS.values():
        program.add_rule(allow, "prctl", seccomp.Arg(0, seccomp.EQ, option))
    if gpu:
        program.add_rule(allow, "ioctl")
    else:
        for request in IOCTLS.values():
            program.add_rule(allow, "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, request))


def _add(seccomp, program, action, name) -> None:
    # What this version of the library does not know needs no rule: it is not allowed.
    with contextlib.suppress(OSError):
        program.add_rule(action, name)


def load(instructions) -> None:
    """Puts the filter over all threads of this process, for good."""
    linux.set_process(linux.PR_SET_NO_NEW_PRIVS, 1)
    program = _Program(len(instructions) // 8, instructions)
    linux.call("seccomp", SET_MODE_FILTER, TSYNC, ctypes.byref(program))
