#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-tour.py CLASSICS.MD: the commands of the page about the original programs do what it says. Prints TAP.

The names are the classic ones, of which each machine has one only: so all of it runs with a /dev/shm of its own.
"""
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'rig'))
import tap  # noqa: E402

DEADLINE = 60
APART = 'SHMOOZE_TOUR_APART'
programs = []


def go_apart():
    """Runs this program again with a private /dev/shm. Returns if that is not allowed."""
    alone = ['unshare', '--mount'] + ([] if os.getuid() == 0 else ['--map-root-user'])
    script = 'mount -t tmpfs tmpfs /dev/shm && exec "$@"'
    if subprocess.run([*alone, 'sh', '-c', script, 'sh', 'true'], capture_output=True).returncode == 0:
        os.environ[APART] = 'yes'
        os.execvp('unshare', [*alone, 'sh', '-c', script, 'sh', sys.executable, *sys.argv])


def shown(command):
    """The command, which the page shows in one of its blocks."""
    lines = [re.sub(r'\s+#.*', '', line) for line in re.findall(r'^shmooz.*|^echo.*', tour, re.M)]
    assert command in lines, (command, lines)
    return command


class Program:
    """A command that goes on, whose lines can be written and waited for."""

    def __init__(self, command):
        self.process = subprocess.Popen('exec ' + shown(command), shell=True, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.lines = queue.Queue()
        threading.Thread(target=lambda: [self.lines.put(line.rstrip('\n')) for line in self.process.stdout],
                         daemon=True).start()
        programs.append(self)

    def say(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()

    def hear(self, pattern):
        """The first line that has the pattern in it."""
        while True:
            line = self.lines.get(timeout=DEADLINE)
            if match := re.search(pattern, line):
                return match

    def end(self, status=0):
        self.process.stdin.close()
        assert self.process.wait(DEADLINE) == status, self.process.returncode


def run(command):
    return subprocess.run(shown(command), shell=True, check=True, capture_output=True, text=True, timeout=DEADLINE).stdout


def clean(failed):
    for program in programs:
        if program.process.poll() is None:
            os.killpg(program.process.pid, signal.SIGKILL)
            program.process.wait()
    programs.clear()
    left = os.listdir('/dev/shm')
    assert failed or not left, left


@tap.case
def a_region_that_others_open():
    """The tour's commands for a region work as shown."""
    holder = Program('shmoozectl hold /table 4K')
    holder.hear('Holding “/table”')
    run('echo hello | shmoozectl write /table')
    assert run('shmoozectl read /table 0 6') == 'hello\n'
    holder.end()


@tap.case
def one_line_passed_under_a_mutex():
    """The tour's commands for the line work as shown."""
    one, other = Program('shmoozectl line'), Program('shmoozectl line')
    one.say('from here')
    other.hear('from here')
    other.say('and back')
    one.hear('and back')
    one.end()
    other.end()


@tap.case
def a_controller_that_supervises_a_worker():
    """The tour's commands for supervisor and worker work as shown."""
    controller = Program('shmoozectl supervise /SampleApp -- shmoozectl worker')
    first = controller.hear(r'Started process (\d+)')[1]
    controller.hear('unit 1')
    os.kill(int(first), signal.SIGKILL)
    second = controller.hear(r'Started process (\d+)')[1]
    assert second != first
    controller.hear('unit 1')
    assert run('shmoozectl stop') == 'Sent message to shut down\n'
    controller.hear('Received shutdown message')
    assert controller.process.wait(DEADLINE) == 0


@tap.case
def a_killed_controller_is_followed_by_another():
    """The tour's commands for a killed supervisor work as shown."""
    worker = Program('shmoozectl supervise /SampleApp -- shmoozectl worker')
    pid = worker.hear(r'Started process (\d+)')[1]
    worker.hear('unit 1')
    os.kill(worker.process.pid, signal.SIGKILL)
    controller = Program('shmoozectl supervise /SampleApp -- shmoozectl worker')
    controller.hear(f'[Aa]dopted.*{pid}')
    run('shmoozectl stop')
    assert controller.process.wait(DEADLINE) == 0


@tap.case
def a_communicator():
    """The tour's commands for the messenger work as shown."""
    one, other = Program('shmoozectl messenger'), Program('shmoozectl messenger')
    one.say('hello')
    other.hear('hello')
    other.say('hello to you')
    one.hear('hello to you')
    one.end()
    other.end()


@tap.case
def a_text_that_is_shared():
    """The tour's commands for the shared text work as shown."""
    assert 'or: shmoozectl share-text' in tour and 'or: shmoozectl show-text --follow' in tour
    sharer = subprocess.Popen(['shmoozectl', 'share-text'], text=True, stdin=subprocess.PIPE)
    try:
        sharer.stdin.write('shared\n')
        sharer.stdin.flush()
        end = 'until shmoozectl show-text | grep -q shared; do sleep 0.05; done'
        subprocess.run(end, shell=True, check=True, timeout=DEADLINE, stderr=subprocess.DEVNULL)
        follower = subprocess.Popen(['shmoozectl', 'show-text', '--follow'], text=True, stdout=subprocess.PIPE)
        assert follower.stdout.readline() == 'shared\n'
        sharer.stdin.write('live\n')
        sharer.stdin.flush()
        while follower.stdout.readline() != 'live\n':
            pass
        follower.terminate()
        follower.wait(DEADLINE)
    finally:
        sharer.terminate()
        sharer.wait(DEADLINE)


if not os.environ.get(APART):
    go_apart()
    print('1..0 # SKIP no /dev/shm of its own can be had here (unshare --mount)')
    sys.exit()

with open(sys.argv.pop(1)) as page:
    tour = page.read()
os.environ['PATH'] = os.path.dirname(os.environ['SHMOOZECTL']) + ':' + os.environ['PATH']
with tempfile.TemporaryDirectory(prefix='shmooze-tour-') as home:
    os.environ['XDG_RUNTIME_DIR'] = home
    tap.main(after=clean)
