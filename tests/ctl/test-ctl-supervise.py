#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of supervise, worker and stop."""
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time

from common import CTL, DEADLINE, PEERS, Piped, Place, Program, Terminal, tap, wait_until

PEER = os.path.join(PEERS, 'process_cell.py')
TAG = f'shmoozectl-supervise-{os.getpid()}'   # in each name, and so in the command line of each program that a case starts
PLACE = Place(CTL)                           # for all cases, which run programs that outlive their starter
N_DEATHS = 20
INT_MAX = 2 ** 31 - 1


def on_signal(number, frame):
    raise KeyboardInterrupt(f'signal {number}')


# A signal ends the tests. A signal that is ignored here would be ignored by the programs, too.
for number in signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT:
    signal.signal(number, on_signal)

# A worker that only knows the layout. The second argument is the length of its unit in seconds.
WORKER = '''
import mmap, os, struct, sys, time
with open('/dev/shm' + sys.argv[1], 'r+b') as file:
    cell = mmap.mmap(file.fileno(), 4)
cell[:] = struct.pack('<i', os.getpid())
while cell[:] != b'\\xff' * 4:
    print('unit', flush=True)
    time.sleep(float(sys.argv[2]))
    print('done', flush=True)
cell[:] = bytes(4)
'''

n_names = 0


class Unread(Program):
    """A program whose output is not collected, or only later."""

    def __init__(self, place, command, output):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, env=place.env, stdin=subprocess.DEVNULL, stdout=output,
                                        stderr=self.errors)
        os.close(output)

    said = Piped.said

    def close(self):
        self.process.kill()
        self.process.wait()
        self.errors.close()


def name_of(word):
    global n_names
    n_names += 1
    return f'/{TAG}-{n_names}-{word}'


def supervise(name, *command, kind=Piped, **more):
    return PLACE.keep(kind(PLACE, (CTL, 'supervise', name, '--') + (command or (CTL, 'worker', name)), **more))


def worker(name, kind=Piped):
    program = PLACE.keep(kind(PLACE, (CTL, 'worker', name)))
    wait_for(program, 'unit 1')
    return program


def python(name, seconds):
    return (sys.executable, '-c', WORKER, name, str(seconds))


def start(*command):
    return PLACE.keep(Piped(PLACE, command))


def peer(role, name):
    return start(sys.executable, PEER, role, name)


def text_of(program):
    return program.output.decode(errors='replace').replace('\r\n', '\n')


def wait_for(program, text, times=1):
    def there():
        return text_of(program).count(text) >= times
    wait_until(lambda: there() or program.process.poll() is not None, f'{times} × {text!r} in {text_of(program)!r}')
    wait_until(there, f'{times} × {text!r} in {text_of(program)!r}')


def pid_after(program, word, times=1):
    """The process ID after this word, in the line that has the word for the last of so many times."""
    def pids():
        return re.findall(word + r' process (\d+)[,\n]', text_of(program))
    wait_until(lambda: len(pids()) >= times, f'{times} × {word} in {text_of(program)!r}')
    return int(pids()[times - 1])


def ended(program, status=0):
    """Everything that the program and its children have printed; all of them must have ended."""
    got = program.process.wait(DEADLINE)
    if isinstance(program, Terminal):
        os.write(program.other, b'\0')
        wait_for(program, '\0')
    else:
        program.listener.join(DEADLINE)
        assert not program.listener.is_alive(), 'its output is still open'
    text = text_of(program).rstrip('\0')
    assert got == status, (got, text)
    return text


def clean(text):
    assert 'Sanitizer' not in text and 'runtime error' not in text, text


def ctl(*arguments):
    done = PLACE.run(*arguments)
    clean(done.stderr.decode())
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def stop(name):
    assert ctl('stop', name) == (0, 'Sent message to shut down\n', '')


def bad(status, *arguments, words=()):
    got, printed, said = ctl(*arguments)
    assert (got, printed) == (status, ''), (arguments, got, printed, said)
    assert said.startswith('shmoozectl: '), said
    for word in words:
        assert word in said, (word, said)


def path_of(name):
    return '/dev/shm' + name


def put(name, value, size=4):
    """Creates or changes a cell as another program would."""
    content = value if isinstance(value, bytes) else struct.pack('<i', value)
    fd = os.open(path_of(name), os.O_RDWR | os.O_CREAT, 0o600)
    os.pwrite(fd, content, 0)
    if os.fstat(fd).st_size < size:
        os.ftruncate(fd, size)
    os.close(fd)


def cell(name):
    with open(path_of(name), 'rb') as file:
        return struct.unpack('<i', file.read(4))[0]


def forget(name):
    os.unlink(path_of(name))


def lives(pid):
    try:
        with open(f'/proc/{pid}/stat') as file:
            return file.read().rpartition(')')[2].split()[0] not in 'ZX'
    except (FileNotFoundError, ProcessLookupError):
        return False


def has_ended(pid):
    wait_until(lambda: not lives(pid), f'the end of {pid}')


def leftovers():
    """The programs of this test that still run, with any parent."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/cmdline', 'rb') as file:
                if TAG.encode() in file.read() and lives(pid):
                    found.append(int(pid))
        except OSError:  # ended meanwhile
            pass
    return found


def after(failed):
    left = leftovers() + [p.process.pid for p in PLACE.started if p.process.poll() is None]
    for pid in set(left):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    said = [text_of(p) if isinstance(p, Terminal) else p.said() for p in PLACE.started]
    while PLACE.started:
        PLACE.started.pop().close()
    files = [os.path.join(folder, f) for top in (PLACE.path, '/dev/shm') for folder, _, found in os.walk(top)
             for f in found if TAG in f]
    for file in files:
        os.unlink(file)
    assert failed or not (left or files), (left, files)
    for text in said:
        clean(text)


# -- supervise ---------------------------------------------------------------------------------

@tap.case
def restarts_what_is_killed():
    """A worker that is killed 20 times is restarted 20 times, and the signal is printed."""
    name = name_of('killed')
    supervisor = supervise(name)
    pids = []
    for i in range(1, N_DEATHS + 1):
        pids.append(pid_after(supervisor, 'Started', i))
        wait_for(supervisor, 'unit 2', i)     # it did not die at once
        assert cell(name) == pids[-1]
        os.kill(pids[-1], signal.SIGKILL)
        wait_for(supervisor, f'Process {pids[-1]} died by signal 9 (Killed)')
    pids.append(pid_after(supervisor, 'Started', N_DEATHS + 1))
    wait_for(supervisor, 'unit 1', N_DEATHS + 1)
    stop(name)
    text = ended(supervisor)
    assert len(set(pids)) == N_DEATHS + 1 and text.count('Started') == N_DEATHS + 1, text
    assert text.endswith(f'Process {pids[-1]} exited cleanly\n'), text
    assert len(re.findall(r'^\d\d:\d\d:\d\d  \S', text, re.M)) >= 2 * N_DEATHS + 2, text


@tap.case
def pauses_for_longer_and_longer():
    """A worker that dies at once is restarted after growing pauses, which are printed."""
    supervisor = supervise(name_of('false'), 'false')
    for pause in ('0.1', '0.2', '0.4'):
        wait_for(supervisor, f'Starting again in {pause} s')
    supervisor.process.send_signal(signal.SIGTERM)  # during a pause
    text = ended(supervisor)
    assert text.count('ended with exit status 1') == text.count('Started') >= 3, text


@tap.case
def adopts_the_worker_of_a_killed_one():
    """The worker of a killed supervisor is adopted by the next, and restarted when it dies."""
    name = name_of('adopted')
    first = supervise(name)
    pid = pid_after(first, 'Started')
    wait_for(first, 'unit 1')
    first.process.kill()
    first.process.wait(DEADLINE)
    second = supervise(name)
    assert pid_after(second, 'Adopted') == pid and lives(pid)
    os.kill(pid, signal.SIGKILL)
    wait_for(second, f'Process {pid} died\n')
    third = pid_after(second, 'Started')
    wait_for(second, 'unit 1')
    assert cell(name) == third != pid
    stop(name)
    ended(second)


@tap.case
def hangup_leaves_the_worker():
    """A hangup leaves the worker running for the next supervisor."""
    name = name_of('hangup')
    first = supervise(name)
    pid = pid_after(first, 'Started')
    wait_for(first, 'unit 1')
    first.process.send_signal(signal.SIGHUP)
    assert first.process.wait(DEADLINE) == 0
    wait_for(first, f'Left process {pid} running')
    second = supervise(name)
    assert pid_after(second, 'Adopted') == pid
    stop(name)
    ended(second)


@tap.case
def what_is_ignored_stays_ignored():
    """Signals that a supervisor was started to ignore stay ignored."""
    name = name_of('nohup')
    supervisor = start('sh', '-c', 'trap "" HUP INT; exec "$@"', 'sh',
                       CTL, 'supervise', name, '--', *python(name, 0.01))
    wait_for(supervisor, 'unit')
    supervisor.process.send_signal(signal.SIGHUP)
    supervisor.process.send_signal(signal.SIGINT)
    supervisor.process.send_signal(signal.SIGTERM)
    text = ended(supervisor)
    assert 'Sent message to shut down' in text and 'Left' not in text and 'again leaves' in text, text


@tap.case
def an_unrelated_process_is_not_adopted():
    """The process ID of an unrelated program is neither adopted nor asked to stop."""
    sleeper = subprocess.Popen(('sleep', str(DEADLINE)))
    dead = subprocess.Popen('true')
    dead.wait()
    pairs = []
    for pid in (os.getpid(), 1, sleeper.pid, dead.pid):
        name = name_of('number')
        put(name, pid)
        bad(1, 'stop', name, words=['No worker', name])
        assert cell(name) == pid
        pairs.append((name, pid, supervise(name)))
    for name, pid, supervisor in pairs:
        own = pid_after(supervisor, 'Started')
        wait_for(supervisor, 'unit 1')
        assert own != pid and cell(name) == own and 'Adopted' not in text_of(supervisor)
        stop(name)
    for name, pid, supervisor in pairs:
        ended(supervisor)
        assert cell(name) == 0
        forget(name)
    assert sleeper.poll() is None
    sleeper.kill()
    sleeper.wait()


@tap.case
def two_pairs_do_not_meet():
    """Pairs with different names do not interfere."""
    one, two, plain = name_of('pair'), name_of('pair'), TAG + '-plain'
    supervisors = {name: supervise(name) for name in (one, two, plain)}
    pids = {}
    for name, supervisor in supervisors.items():
        pids[name] = pid_after(supervisor, 'Started')
        wait_for(supervisor, 'unit 1')
    assert len(set(pids.values())) == 3
    assert (cell(one), cell(two)) == (pids[one], pids[two])
    stop(one)
    ended(supervisors[one])
    for name in (two, plain):
        assert lives(pids[name]) and 'Received' not in text_of(supervisors[name])
        stop(name)
    for name in (two, plain):
        assert ended(supervisors[name]).count('Received shutdown message') == 1


@tap.case
def only_one_supervises():
    """There is one supervisor for a name."""
    name = name_of('one')
    supervisor = supervise(name, *python(name, 0.01))
    wait_for(supervisor, 'unit')
    bad(1, 'supervise', name, '--', 'true', words=[name, 'already has a supervisor'])
    supervisor.process.send_signal(signal.SIGINT)
    ended(supervisor)


@tap.case
def no_such_command():
    """A command that cannot be found is reported, and nothing is left behind."""
    name = name_of('command')
    for command in ('/nowhere/at/all', TAG + '-nothing'):
        bad(1, 'supervise', name, '--', command, words=['Command not found', command])
    bad(1, 'supervise', name, '--', '/', words=['“/”'])
    assert not os.path.exists(path_of(name))


def full_pipe():
    read, write = os.pipe()
    os.set_blocking(write, False)
    try:
        while True:
            os.write(write, bytes(4096))
    except BlockingIOError:
        os.set_blocking(write, True)
    return read, write


def first_and_second_worker(name):
    """The process IDs of a worker that is killed and of the next one, read from the region."""
    first = wait_until(lambda: os.path.exists(path_of(name)) and cell(name), 'the first worker')
    os.kill(first, signal.SIGKILL)
    return first, wait_until(lambda: cell(name) not in (0, first) and cell(name), 'the second worker')


@tap.case
def blocked_output_does_not_delay_a_restart():
    """A blocked output does not delay a restart."""
    name = name_of('full')
    read, write = full_pipe()
    supervisor = supervise(name, kind=Unread, output=write)
    first, second = first_and_second_worker(name)
    supervisor.listen(read)
    wait_for(supervisor, f'Started process {first}')
    wait_for(supervisor, f'Started process {second}')
    wait_for(supervisor, 'unit')
    supervisor.process.send_signal(signal.SIGINT)
    assert ended(supervisor).endswith('exited cleanly\n')
    os.close(read)


@tap.case
def blocked_output_does_not_delay_the_exit():
    """A blocked output does not delay the exit."""
    name = name_of('full')
    read, write = full_pipe()
    supervisor = supervise(name, kind=Unread, output=write)
    first, second = first_and_second_worker(name)
    wait_until(lambda: ctl('stop', name)[0] == 0, 'a worker that listens')
    assert supervisor.process.wait(DEADLINE) == 0
    has_ended(second)
    os.close(read)


@tap.case
def closed_output_ends_nothing():
    """A closed output does not end the supervision."""
    name = name_of('closed')
    read, write = os.pipe()
    os.close(read)
    supervisor = supervise(name, kind=Unread, output=write)
    first, second = first_and_second_worker(name)
    a_unit_later = time.monotonic() + 1.1
    wait_until(lambda: time.monotonic() > a_unit_later, 'a unit whose progress is not read')
    assert lives(second) and supervisor.process.poll() is None
    stop(name)
    assert supervisor.process.wait(DEADLINE) == 0
    assert supervisor.said() == '', supervisor.said()


# -- worker and stop ---------------------------------------------------------------------------

@tap.case
def stop_lets_the_unit_finish():
    """A stop during a unit lets the unit finish."""
    name = name_of('stop')
    listener = worker(name, Terminal)
    wait_for(listener, '[##  ')
    stop(name)
    text = ended(listener)
    assert text.endswith(' [##########]\nReceived shutdown message\n'), text[-200:]
    assert not os.path.exists(path_of(name))


@tap.case
def stop_does_not_wait():
    """stop does not wait for the worker to exit."""
    name = name_of('asleep')
    put(name, 0)
    program = start(*python(name, DEADLINE))
    wait_for(program, 'unit')
    stop(name)
    assert cell(name) == -1 and program.process.poll() is None
    stop(name)                                # already asked
    program.process.kill()
    program.process.wait(DEADLINE)
    forget(name)


@tap.case
def supervisor_sees_a_stop_by_another_program():
    """A supervisor exits when another program has stopped its worker."""
    name = name_of('other')
    supervisor = supervise(name)
    pid = pid_after(supervisor, 'Started')
    wait_for(supervisor, 'unit 1')
    stop(name)
    text = ended(supervisor)
    assert 'Received shutdown message\n' in text and 'Sent' not in text, text
    assert text.endswith(f'  Process {pid} exited cleanly\n'), text


@tap.case
def no_worker_to_stop():
    """stop fails if no worker is running."""
    name = name_of('none')
    bad(1, 'stop', name, words=['No worker', name])
    bad(1, 'stop', TAG + '-plain', words=['No worker', TAG])
    put(name, 0)
    bad(1, 'stop', name, words=['No worker', name])
    assert cell(name) == 0
    forget(name)


@tap.case
def worker_exits_cleanly_at_a_signal():
    """A worker that is interrupted ends after its unit."""
    names = [name_of('signal') for number in (signal.SIGINT, signal.SIGTERM)]
    for name, number in zip(names, (signal.SIGINT, signal.SIGTERM)):
        put(name, 0)
        listener = worker(name)
        assert cell(name) == listener.process.pid
        listener.process.send_signal(number)
        assert ended(listener).split('\n') == ['Working… unit 1', 'Stopping after this unit; Ctrl+C again stops at once',
                                              'Stopped after the unit', '']
        assert cell(name) == 0
        forget(name)


@tap.case
def worker_ends_at_once_at_the_second_signal():
    """A worker that is interrupted twice ends at once."""
    name = name_of('signals')
    put(name, 0)
    listener = worker(name, Terminal)
    listener.write('\x03')
    wait_for(listener, 'again stops at once')
    listener.write('\x03')
    text = ended(listener, 1)
    assert '\nshmoozectl: Stopped in the middle of unit ' in text and 'Stopped after' not in text, text
    assert cell(name) == 0
    forget(name)


@tap.case
def only_one_works():
    """There is one worker for a name."""
    name = name_of('two')
    listener = worker(name)
    bad(1, 'worker', name, words=[name, 'already'])
    stop(name)
    assert ended(listener) == 'Working… unit 1\nReceived shutdown message\n'


@tap.case
def worker_that_was_asked_before():
    """A worker that was asked to stop before it started does nothing."""
    name = name_of('before')
    put(name, -1)
    assert ctl('worker', name) == (0, 'Received shutdown message\n', '')
    assert cell(name) == 0
    forget(name)


@tap.case
def worker_reports_a_damaged_region():
    """A worker in a damaged region reports the number and exits."""
    for damage, word in ((lambda name: put(name, -5), '-5'), (lambda name: os.truncate(path_of(name), 0), '')):
        name = name_of('damaged')
        put(name, 0)
        listener = worker(name)
        damage(name)
        assert 'Received' not in ended(listener, 1)
        assert name in listener.said() and word in listener.said(), listener.said()
        forget(name)


@tap.case
def worker_does_not_wait_busily():
    """A worker sleeps between its steps."""
    def ticks():
        with open(f'/proc/{listener.process.pid}/stat') as file:
            return sum(int(n) for n in file.read().rpartition(')')[2].split()[11:13])
    name = name_of('busy')
    listener = worker(name)
    before = ticks()
    wait_for(listener, 'unit 3')
    assert (ticks() - before) / os.sysconf('SC_CLK_TCK') < 0.2
    stop(name)
    ended(listener)


# -- Programs that only know the layout --------------------------------------------------------

@tap.case
def adopts_a_foreign_worker():
    """A worker that only knows the layout is adopted."""
    name = name_of('peer')
    foreign = peer('work', name)
    wait_for(foreign, 'ready')
    bad(1, 'worker', name, words=[name, str(foreign.process.pid)])
    supervisor = supervise(name, 'false')
    assert pid_after(supervisor, 'Adopted') == foreign.process.pid
    supervisor.process.send_signal(signal.SIGINT)
    wait_for(foreign, 'stopped')
    assert cell(name) == 0
    foreign.process.stdin.close()
    ended(foreign)
    assert ended(supervisor).endswith('exited cleanly\n')


@tap.case
def foreign_controller():
    """A controller that only knows the layout stops a worker."""
    name = name_of('peer')
    listener = worker(name)
    foreign = peer('control', name)
    wait_for(foreign, f'{listener.process.pid}\n')
    foreign.process.stdin.write(b'stop\n')
    foreign.process.stdin.flush()
    wait_for(foreign, 'ended')
    assert ended(listener).endswith('Received shutdown message\n')
    ended(foreign)


@tap.case
def starts_a_foreign_worker():
    """A worker that only knows the layout is started and watched."""
    name = name_of('python')
    supervisor = supervise(name, *python(name, 1.1))
    first = pid_after(supervisor, 'Started')
    wait_for(supervisor, 'done')
    os.kill(first, signal.SIGSEGV)
    wait_for(supervisor, f'Process {first} died by signal 11 ')
    second = pid_after(supervisor, 'Started', 2)
    wait_for(supervisor, 'unit', 3)
    assert cell(name) == second
    stop(name)
    text = ended(supervisor)
    assert re.search(r'done\n[\d:]{8}  Process \d+ exited cleanly\n$', text), text


# -- On a terminal -----------------------------------------------------------------------------

def hang_up(program):
    null = os.open('/dev/null', os.O_RDWR)
    os.dup2(null, program.fd)                 # and so closes it
    os.close(null)


@tap.case
def interrupt_lets_the_unit_finish():
    """Ctrl+C at a terminal asks the worker to stop, and waits for its unit."""
    name = name_of('terminal')
    supervisor = supervise(name, kind=Terminal)
    pid = pid_after(supervisor, 'Started')
    wait_for(supervisor, '[##  ')
    supervisor.write('\x03')
    wait_for(supervisor, f'Sent message to shut down; process {pid} may finish')
    text = ended(supervisor)
    assert ' [##########]\nReceived shutdown message\n' in text, text
    assert 'Stopping after' not in text, 'the worker got the signal'
    assert text.endswith(f'  Process {pid} exited cleanly\n'), text


@tap.case
def interrupt_does_not_reach_a_foreign_worker():
    """Ctrl+C at a terminal does not reach the worker."""
    name = name_of('terminal')
    supervisor = supervise(name, *python(name, 0.5), kind=Terminal)
    pid = pid_after(supervisor, 'Started')
    wait_for(supervisor, 'unit')
    supervisor.write('\x03')
    text = ended(supervisor)
    assert 'KeyboardInterrupt' not in text and 'died' not in text, text
    assert text.endswith(f'  Process {pid} exited cleanly\n'), text


@tap.case
def second_interrupt_leaves_the_worker():
    """A second Ctrl+C leaves the worker running."""
    name = name_of('terminal')
    put(name, 0)
    supervisor = supervise(name, kind=Terminal)
    pid = pid_after(supervisor, 'Started')
    wait_for(supervisor, 'unit 1')
    os.kill(pid, signal.SIGSTOP)              # a unit that takes long
    supervisor.write('\x03')
    wait_for(supervisor, 'Sent message')
    supervisor.write('\x03')
    text = ended(supervisor, 1)
    assert f'Left process {pid} running' in text and 'exited cleanly' not in text, text
    assert lives(pid) and cell(name) == -1
    heir = supervise(name, *python(name, 0.01))
    wait_for(heir, 'Waiting for the previous worker')
    os.kill(pid, signal.SIGCONT)
    second = pid_after(heir, 'Started')       # once the last unit is done
    assert not lives(pid) and second != pid
    wait_for(heir, '\nunit')
    stop(name)
    ended(heir)
    forget(name)


@tap.case
def end_of_the_terminal_leaves_the_worker():
    """The end of its terminal leaves the worker running, too."""
    name = name_of('terminal')
    first = supervise(name, kind=Terminal)
    pid = pid_after(first, 'Started')
    wait_for(first, 'unit 1')
    hang_up(first)
    assert first.process.wait(DEADLINE) == 0
    second = supervise(name)
    assert pid_after(second, 'Adopted') == pid and lives(pid)
    stop(name)
    ended(second)
    has_ended(pid)


@tap.case
def interrupt_in_a_damaged_region():
    """Ctrl+C ends a supervisor whose region is damaged."""
    name = name_of('terminal')
    supervisor = supervise(name, 'sleep', str(DEADLINE), kind=Terminal)
    pid = pid_after(supervisor, 'Started')
    put(name, -7)
    supervisor.write('\x03')
    text = ended(supervisor, 1)
    os.kill(pid, signal.SIGKILL)              # it does not know the region
    assert f'Left process {pid} running' in text and name in text and 'contains -7' in text, text


# -- Hostile contents --------------------------------------------------------------------------

def odd_cells():
    """Contents that another program may have left, as (content, size), and whether it is a valid process ID."""
    for size in range(4):
        for content in (b'', b'\xff' * size, b'\x01' * size):
            yield content, size, False
    for value in (-2, -3, -100, -255, -256, -32768, -65535, -65536, -2 ** 24, -2 ** 30, -2 ** 31 + 1, -2 ** 31):
        yield struct.pack('<i', value), 4, False
    for size in (5, 8, 4095, 4096, 4097, 1 << 20):
        yield struct.pack('<i', -2), size, False
        yield struct.pack('<i', INT_MAX), size, True
        yield bytes(4), size, True
    dead = subprocess.Popen('true')
    dead.wait()
    for value in (0, 1, 2, os.getpid(), os.getppid(), dead.pid, 32768, 65535, 2 ** 22, 2 ** 22 - 1, 2 ** 24, 2 ** 30,
                  0x7f7f7f7f, 0x01010101, INT_MAX - 1, INT_MAX):
        yield struct.pack('<i', value), 4, True


def refused_everywhere(name, content, size):
    words = [name] + ([str(struct.unpack('<i', content)[0])] if size >= 4 else [str(size)] if size else [])
    for arguments in (('stop', name), ('worker', name), ('supervise', name, '--', 'false')):
        bad(1, *arguments, words=words)
    with open(path_of(name), 'rb') as file:
        assert file.read() == content.ljust(size, b'\0')


def taken_over(name, content):
    bad(1, 'stop', name, words=[name])
    with open(path_of(name), 'rb') as file:
        assert file.read(4) == content
    # This command sets at once that it was asked to stop.
    command = ('sh', '-c', r'printf "\377\377\377\377" 1<>"$0"', path_of(name))
    status, text, said = ctl('supervise', name, '--', *command)
    assert (status, said) == (0, '') and text.count('Started') == 1 and text.endswith('exited cleanly\n'), (text, said)
    put(name, content)
    listener = worker(name)
    assert cell(name) == listener.process.pid
    listener.process.send_signal(signal.SIGTERM)
    wait_for(listener, 'Stopping')
    listener.process.send_signal(signal.SIGTERM)
    assert listener.process.wait(DEADLINE) in (0, 1) and cell(name) == 0  # 0: its unit was done just then


@tap.case
def odd_cells_are_refused_or_replaced():
    """Odd cells are reported with their number or replaced, and no process is signalled."""
    sentinel = start(sys.executable, '-c', 'import signal, sys\n'
                     'for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:\n'
                     '    signal.signal(number, lambda number, frame: print("hit by", number, flush=True))\n'
                     'print("ready", flush=True)\nsys.stdin.read()')
    wait_for(sentinel, 'ready')
    n = 0
    for content, size, is_number in [*odd_cells(), (struct.pack('<i', sentinel.process.pid), 4, True)]:
        name = name_of('odd')
        put(name, content, size)
        if is_number:
            taken_over(name, content)
        else:
            refused_everywhere(name, content, size)
        forget(name)
        n += 1
    tap.note(f'{n} cells')
    assert n >= 50
    sentinel.process.stdin.close()
    assert ended(sentinel) == 'ready\n'


@tap.case
def wrong_usage():
    """Wrong arguments are refused with status 2."""
    for arguments in (('supervise',), ('supervise', 'a'), ('supervise', '--wrong', 'a', '--', 'true'),
                      ('worker', 'a', 'b'), ('worker', '--wrong'), ('stop', 'a', 'b'), ('stop', '--wrong')):
        bad(2, *arguments, words=['Try “shmoozectl ' + arguments[0] + ' --help”'])
    for verb in ('worker', 'stop'):
        assert '/SampleApp' in ctl(verb, '--help')[1]


try:
    tap.main(after=after)
finally:
    PLACE.close()
