# SPDX-License-Identifier: LGPL-2.1-or-later
"""One measurement: two processes of one program, each kept to its CPU, and the figures that they print."""
import ctypes
import glob
import os
import re
import resource
import shutil
import signal
import subprocess
import time

RUN = f'shmooze-bench-{os.getpid()}-{int(time.time()):x}'   # with this begins the name of everything
HOME = f'/dev/shm/{RUN}.home'                     # where Shmooze keeps what it names
OTHERS = 0.1                                      # of all CPUs, that others may use meanwhile
MOVED = 1.3                                       # so much may the cache line's way change
count = 0


def cpus():
    """The CPUs of ping and pong; the same one twice where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[1 if len(allowed) > 1 else 0]


def places():
    """By name: the CPUs of ping and pong, or None."""
    first, second = cpus()
    found = {'one': (first, first), 'free': (None, None)}
    if second != first:
        found['two'] = (first, second)
    return found


def parse(text):
    return {key: float(value) for key, value in re.findall(r'(\w+)=([0-9.]+)', text)}


def probe(programs, *options):
    """One cache line's way from CPU to CPU and back, in ns; with --copy what memcpy moves as well."""
    first, second = cpus()
    if first == second:
        return {}
    return parse(subprocess.run([os.path.join(programs, 'line'), str(first), str(second), *options],
                                capture_output=True, text=True, check=True).stdout)


# -- What others do meanwhile ------------------------------------------------------------------

def busy():
    """Seconds that the CPUs were busy so far, and that they were there."""
    with open('/proc/stat') as stat:
        ticks = [int(word) for word in stat.readline().split()[1:9]]
    hertz = os.sysconf('SC_CLK_TCK')
    return (sum(ticks) - ticks[3] - ticks[4]) / hertz, sum(ticks) / hertz


def own_seconds():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def wait_quiet(limit):
    """Until others leave the CPUs alone, at most for so many seconds."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        used, there = busy()
        time.sleep(0.05)
        used_now, there_now = busy()
        if there_now > there and (used_now - used) / (there_now - there) <= OTHERS:
            return


# -- Processes ---------------------------------------------------------------------------------

def sweep(name):
    """Takes away what was left behind, its name beginning so."""
    folders = ['/dev/shm', '/dev/mqueue', '/tmp', *(os.path.dirname(path) for path in
                                                    glob.glob(f'{HOME}/**/{name}*', recursive=True))]
    for folder in dict.fromkeys(folders):
        for path in glob.glob(f'{folder}/{name}*'):
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)
    unlink = getattr(ctypes.CDLL(None), 'mq_unlink', None)   # /dev/mqueue is not everywhere
    for suffix in ('to-ping', 'to-pong') if unlink else ():
        unlink(f'/{name}.{suffix}'.encode())


def start(command, cpu):
    def keep_to_cpu():
        os.sched_setaffinity(0, {cpu})
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, preexec_fn=None if cpu is None else keep_to_cpu)


def await_both(sides, limit):
    """Until both ended well; kills the other when one fails, and both when they take too long."""
    end = time.monotonic() + limit
    try:
        while any(side.poll() is None for side in sides):
            if time.monotonic() > end or any(side.poll() for side in sides):
                return
            time.sleep(0.002)
    finally:
        for side in sides:
            if side.poll() is None:
                side.send_signal(signal.SIGKILL)
                side.wait()


def pair(programs, side, cell):
    """The figures, or {'error': what went wrong}."""
    global count
    count += 1
    name = f'{RUN}-{count}'
    command = [os.path.join(programs, side.program), *side.options]
    words = [name, cell.workload, cell.wait, str(cell.size), str(cell.seconds)]
    ping_cpu, pong_cpu = places()[cell.place]
    both = [start([*command, 'pong', *words], pong_cpu)]
    both.append(start([*command, 'ping', *words], ping_cpu))
    await_both(both, cell.seconds + 10)
    printed = [process.communicate()[0] for process in both]
    if any(process.returncode for process in both):
        sweep(name)
        said = ' '.join(text.strip() for process, text in zip(both, printed) if process.returncode > 0)
        return {'error': said[-200:] or 'took too long, or was killed'}
    return derive(parse(' '.join(printed)))


def derive(figures):
    if 'wall' in figures:
        figures['switches'] = round((figures['vcsw'] + figures['ivcsw']) / figures['wall'], 3)
        figures['cpu'] = round(figures['cpu_us'] / figures['wall'], 2)
    return figures


def observe(programs, side, cell):
    """A measurement, with what stands beside it."""
    probing = cell.place == 'two'
    before = probe(programs) if probing else {}
    (used, there), own = busy(), own_seconds()
    figures = pair(programs, side, cell)
    used_now, there_now = busy()
    share = max(0, used_now - used - (own_seconds() - own) - 0.02) / max(there_now - there, 0.01)
    figures['others'] = round(share, 3)
    figures['disturbed'] = share > OTHERS and not side.daemon
    if probing:
        figures['line'] = [before['line'], probe(programs)['line']]
        figures['disturbed'] |= not near(*figures['line'])
    return figures


def near(line, other):
    """Whether the CPUs were about as far from each other."""
    return max(line, other) <= MOVED * min(line, other)


def distance(figures):
    """The cache line's way beside a measurement, or None."""
    return sum(figures['line']) / 2 if 'line' in figures else None


def measure(programs, side, cell, patience, attempts, reference=None):
    """The same, tried again when somebody else worked meanwhile, the CPUs moved apart, or the cache line's way
    was another than beside what this is to be compared with."""
    for attempt in range(attempts):
        wait_quiet(patience)
        figures = observe(programs, side, cell)
        away = reference and 'line' in figures and not near(reference, distance(figures))
        if 'error' in figures or not (figures['disturbed'] or away):
            break
    return figures
