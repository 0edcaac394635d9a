# SPDX-License-Identifier: LGPL-2.1-or-later
"""One measurement: two processes of one program, each bound to its CPU, and the figures that they print."""
import ctypes
import glob
import os
import re
import resource
import shutil
import signal
import subprocess
import time

RUN = f'shmooze-bench-{os.getpid()}-{int(time.time()):x}'   # the prefix of all names
HOME = f'/dev/shm/{RUN}.home'                     # the runtime directory of Shmooze
OTHERS = 0.1                                      # the share of all CPUs that others may use
MOVED = 1.3                                       # how much the probe may change
count = 0


def cpus():
    """The CPUs of ping and pong; the same one twice if there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[1 if len(allowed) > 1 else 0]


def places():
    """The CPUs of ping and pong by the name of the place; None: any."""
    first, second = cpus()
    found = {'one': (first, first), 'free': (None, None)}
    if second != first:
        found['two'] = (first, second)
    return found


def parse(text):
    return {key: float(value) for key, value in re.findall(r'(\w+)=([0-9.]+)', text)}


def probe(programs, *options):
    """The round trip of a cache line between the CPUs, in ns; with --copy also the speed of memcpy."""
    first, second = cpus()
    if first == second:
        return {}
    return parse(subprocess.run([os.path.join(programs, 'line'), str(first), str(second), *options],
                                capture_output=True, text=True, check=True).stdout)


# -- Other load --------------------------------------------------------------------------------

def busy():
    """The CPU time used so far by all processes, and the CPU time that was available, in s."""
    with open('/proc/stat') as stat:
        ticks = [int(word) for word in stat.readline().split()[1:9]]
    hertz = os.sysconf('SC_CLK_TCK')
    return (sum(ticks) - ticks[3] - ticks[4]) / hertz, sum(ticks) / hertz


def own_seconds():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def wait_quiet(limit):
    """Waits until other processes leave the CPUs alone, for at most limit seconds."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        used, there = busy()
        time.sleep(0.05)
        used_now, there_now = busy()
        if there_now > there and (used_now - used) / (there_now - there) <= OTHERS:
            return


# -- Processes ---------------------------------------------------------------------------------

def sweep(name):
    """Removes everything whose name has this prefix."""
    folders = ['/dev/shm', '/dev/mqueue', '/tmp', *(os.path.dirname(path) for path in
                                                    glob.glob(f'{HOME}/**/{name}*', recursive=True))]
    for folder in dict.fromkeys(folders):
        for path in glob.glob(f'{folder}/{name}*'):
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)
    unlink = getattr(ctypes.CDLL(None), 'mq_unlink', None)   # not all systems mount /dev/mqueue
    for suffix in ('to-ping', 'to-pong') if unlink else ():
        unlink(f'/{name}.{suffix}'.encode())


def start(command, cpu):
    def keep_to_cpu():
        os.sched_setaffinity(0, {cpu})
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, preexec_fn=None if cpu is None else keep_to_cpu)


def await_both(sides, limit):
    """Waits until both have ended; kills the other if one fails, and both if they take too long."""
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
    """The figures, or {'error': message}."""
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
    """A measurement, with the probe and the other load."""
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
    """Whether two results of the probe are about the same."""
    return max(line, other) <= MOVED * min(line, other)


def distance(figures):
    """The mean of the probe before and after a measurement, or None."""
    return sum(figures['line']) / 2 if 'line' in figures else None


def measure(programs, side, cell, patience, attempts, reference=None):
    """A measurement that is repeated if it was disturbed, or if the probe changed or differs from the reference."""
    for attempt in range(attempts):
        wait_quiet(patience)
        figures = observe(programs, side, cell)
        away = reference and 'line' in figures and not near(reference, distance(figures))
        if 'error' in figures or not (figures['disturbed'] or away):
            break
    return figures
