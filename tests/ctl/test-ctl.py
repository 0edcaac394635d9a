#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of shmoozectl, from outside: test-ctl.py SHMOOZECTL. Prints TAP."""

import fcntl
import glob
import os
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'rig'))
from place import DEADLINE, Place, contains, equal, wait_until  # noqa: E402

CTL = os.path.abspath(sys.argv[1])
VERBS = ('chat', 'hold', 'inspect', 'line', 'list', 'lock', 'messenger', 'read', 'remove', 'share-text', 'show-text', 'write')


class ChatPlace(Place):
    """Where people chat."""

    def __init__(self):
        super().__init__(CTL)

    def chat(self, *arguments):
        program = self.start('chat', *arguments)
        nick = arguments[arguments.index('--name') + 1]
        wait_until(lambda: nick.encode() in self.run('list').stdout or program.process.poll() is not None,
                   nick + ' in the list')
        return program

    def terminal(self, *arguments, **keywords):
        program = super().terminal('chat', *arguments, **keywords)
        wait_until(lambda: re.search(rb'\* (Here:|Nobody else)', program.output), 'the greeting')
        return program


def test_help_and_version(place):
    done = place.run('--help')
    equal((done.returncode, done.stderr), (0, b''))
    contains(done.stdout, *('  %s ' % verb for verb in VERBS))
    done = place.run('--version')
    equal(done.returncode, 0)
    assert re.fullmatch(rb'shmoozectl \d+\.\d+\.\d+\n', done.stdout), done.stdout
    for verb in VERBS:
        done = place.run(verb, '--help')
        equal((done.returncode, done.stderr), (0, b''))
        contains(done.stdout, 'shmoozectl %s [OPTION' % verb)


def usage_error(place, command, *parts):
    done = place.run(*command)
    equal((done.returncode, done.stdout), (2, b''))
    contains(done.stderr, '--help', *parts)


def test_usage_errors(place):
    usage_error(place, (), 'verb')
    usage_error(place, ('nonsense',), 'nonsense')
    usage_error(place, ('--nonsense',), '--nonsense')
    usage_error(place, ('bad\x1b[31m',), 'bad␛[31m')
    for verb in VERBS:
        usage_error(place, (verb, '--nonsense'), '--nonsense', 'shmoozectl %s --help' % verb)
    usage_error(place, ('chat', '--color=blue'), 'blue', 'always')
    usage_error(place, ('chat', '--wait=long'), 'long', 'bell')
    usage_error(place, ('chat', '--name='), '--name')
    usage_error(place, ('chat', 'one', 'two'))
    usage_error(place, ('list', 'one'), 'one')
    usage_error(place, ('inspect',), 'list')
    usage_error(place, ('inspect', 'one', 'two'))
    equal(place.regions(), [])


def test_name_rules(place):
    done = place.run('chat', 'a/b')
    equal(done.returncode, 1)
    contains(done.stderr, 'a/b')


def test_pipe_delivers(place):
    ben = place.chat('--name', 'Ben')
    done = place.run('chat', '--name', 'Ada', given='hello\n\nWindows\r\nwörld 🎈'.encode())
    equal((done.returncode, done.stdout, done.stderr), (0, b'', b''))
    ben.wait_for('🎈\n')
    equal(ben.lines(), ['Ada: hello', 'Ada: Windows', 'Ada: wörld 🎈'])
    equal((ben.end(), ben.said()), (0, ''))
    equal(place.run('list').stdout, b'No regions.\n')


def test_history(place):
    ben = place.chat('--name', 'Ben')
    ben.write('first\nsecond\n')
    wait_until(lambda: b'Messages sent so far: 2' in place.run('inspect', 'chat').stdout, 'the messages')
    done = place.run('chat', '--name', 'Ada')
    equal((done.returncode, done.stdout), (0, b'Ben: first\nBen: second\n'))


def test_alone(place):
    done = place.run('chat', '--name', 'Ada', given=b'hello\n')
    equal((done.returncode, done.stdout), (0, b''))
    contains(done.stderr, 'No other participant in “chat”')
    done = place.run('chat', '--name', 'Ada')
    equal((done.returncode, done.stdout, done.stderr), (0, b'', b''))
    equal(place.regions(), [])


def test_waiting_ways(place):
    for wait in ('auto', 'bell', 'poll'):
        ben = place.chat('room', '--name', 'Ben', '--wait', wait)
        done = place.run('chat', 'room', '--wait', wait, given=b'by ' + wait.encode() + b'\n')
        equal((done.returncode, done.stderr), (0, b''))
        ben.wait_for('by ' + wait)
        equal(ben.end(), 0)


def test_order(place):
    ada = place.chat('--name', 'Ada')
    ben = place.chat('--name', 'Ben')
    numbers = range(500)
    writers = [threading.Thread(target=program.write, args=(''.join('%d\n' % i for i in numbers),))
               for program in (ada, ben)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(DEADLINE)
    ada.wait_for('Ben: 499\n')
    ben.wait_for('Ada: 499\n')
    equal(ada.lines(), ['Ben: %d' % i for i in numbers])
    equal(ben.lines(), ['Ada: %d' % i for i in numbers])


def sent(place):
    return int(re.search(rb'Messages sent so far: (\d+)', place.run('inspect', 'chat').stdout).group(1))


def wait_until_full(place, count):
    """Waits until no more messages come into the region, and not all of them are there."""
    former = [0]

    def still():
        now = sent(place)
        same = now > 0 and now == former[0]
        former[0] = now
        return same

    wait_until(still, 'a full region')
    assert sent(place) < count, 'the region was never full'


def test_full_region(place):
    """A peer that does not read holds a pipe back; nothing is lost, and all is sent before the end."""
    ben = place.chat('--name', 'Ben')
    os.kill(ben.process.pid, signal.SIGSTOP)
    ada = place.chat('--name', 'Ada')
    text = ''.join('%d %s\n' % (i, 'x' * 1000) for i in range(1000))
    writer = threading.Thread(target=lambda: (ada.write(text), ada.process.stdin.close()))
    writer.start()
    wait_until_full(place, 1000)
    equal(ada.process.poll(), None)
    os.kill(ben.process.pid, signal.SIGCONT)
    writer.join(DEADLINE)
    equal(ada.wait(), 0)
    wait_until(lambda: len(ben.lines()) == 1000, 'the last line')
    equal(''.join(line[len('Ada: '):] + '\n' for line in ben.lines()), text)


def test_full_region_at_terminal(place):
    """The same for who types: Ctrl+D waits until all is sent."""
    ben = place.chat('--name', 'Ben')
    os.kill(ben.process.pid, signal.SIGSTOP)
    ada = place.terminal('--name', 'Ada')
    lines = ['%d %s' % (i, 'x' * 1000) for i in range(300)]
    for line in lines:
        ada.write(line + '\n')
    wait_until_full(place, 300)
    ada.write('\x04')
    ada.wait_for('* Ben is not responding')
    equal(ada.process.poll(), None)
    os.kill(ben.process.pid, signal.SIGCONT)
    equal(ada.wait(), 0)
    wait_until(lambda: len(ben.lines()) == 300, 'the last line')
    equal(ben.lines(), ['Ada: ' + line for line in lines])


def test_not_responding(place):
    ben = place.chat('--name', 'Ben')
    ada = place.terminal('--name', 'Ada')
    os.kill(ben.process.pid, signal.SIGSTOP)
    ada.write('hello\n')
    ada.wait_for('* Ben is not responding')
    os.kill(ben.process.pid, signal.SIGCONT)
    ada.wait_for('* Ben is responding again')
    ben.wait_for('hello')


def test_unsent(place):
    """Who must leave before all is sent says so."""
    ben = place.chat('--name', 'Ben')
    os.kill(ben.process.pid, signal.SIGSTOP)
    ada = place.chat('--name', 'Ada')
    writer = threading.Thread(target=lambda: feed(ada, ('x' * 1000 + '\n') * 1000))
    writer.start()
    wait_until_full(place, 1000)
    ada.process.send_signal(signal.SIGTERM)
    equal(ada.wait(), 1)
    contains(ada.said(), '1 message was not sent')
    writer.join(DEADLINE)
    os.kill(ben.process.pid, signal.SIGCONT)


def feed(program, text):
    try:
        program.write(text)
    except BrokenPipeError:
        pass


def test_color(place):
    plain = place.chat('--name', 'Plain')
    red = place.chat('--name', 'Red', '--color=always')
    never = place.terminal('--name', 'Never', '--color=never')
    equal(place.run('chat', '--name', 'Ada', given=b'hello\n').returncode, 0)
    plain.wait_for('hello\n')
    red.wait_for('hello\x1b[m\n')
    never.wait_for('Ada: hello')
    equal(plain.output, b'Ada: hello\n')
    equal(red.output, b'\x1b[31mAda: hello\x1b[m\n')
    assert b'\x1b[31m' not in never.output, never.output


def test_hostile_text(place):
    """No control character of a stranger reaches the terminal, and no line of theirs looks like another's."""
    ada = place.chat('--name', 'Ada')
    red = place.chat('--name', 'Red', '--color=always')
    nick = 'E\x1b[2Jve\nBen\u202e'
    hostile = ''.join(map(chr, [*range(1, 9), *range(11, 32), *range(0x7f, 0xa0)])) + '\u2028Ben: forged'
    done = place.run('chat', '--name', nick, given=hostile.encode() + b'\nbad\xff\xfe\x00bytes\n')
    equal(done.returncode, 0)
    ada.wait_for('bytes\n')
    red.wait_for('bytes\x1b[m\n')
    text = ada.output.decode()
    equal([c for c in text if c != '\n' and (ord(c) < 32 or 0x7f <= ord(c) < 0xa0)], [])
    contains(text, '\n    Ben: forged\n', '␛', '␡', 'bad���bytes')
    lines = ada.lines()
    equal(len(lines), 3)
    assert lines[0].startswith('E') and '\u202e' not in lines[0] and ': ' in lines[0], lines[0]
    left = red.output.decode().replace('\x1b[31m', '').replace('\x1b[m', '')
    equal(left, text)


def test_long_line(place):
    ben = place.chat('--name', 'Ben')
    ada = place.chat('--name', 'Ada')
    ada.write('before\n')
    ada.write('x' * 5000000 + '\nafter\n')
    equal(ada.end(), 1)
    ben.wait_for('after\n')
    equal(ben.lines(), ['Ada: before', 'Ada: after'])
    found = re.search(r'Line 2 .* 5000000 bytes.* at most (\d+)\.', ada.said())
    assert found, ada.said()
    limit = int(found.group(1))
    # Exactly as long as the limit says is not too long; one more is.
    equal(place.run('chat', '--name', 'Cem', given=b'y' * limit + b'\r\n').returncode, 0)
    ben.wait_for('Cem: ' + 'y' * limit + '\n')
    done = place.run('chat', '--name', 'Cem', given=b'y' * (limit + 1))
    equal(done.returncode, 1)
    contains(done.stderr, '%d bytes' % (limit + 1))


def test_signals(place):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        watcher = place.terminal('alone', '--name', 'Watcher')
        ada = place.chat('alone', '--name', 'Ada')
        watcher.wait_for('* Ada joined')
        ada.process.send_signal(number)
        equal((ada.wait(), ada.said()), (0, ''))
        watcher.wait_for('* Ada left\x1b')
        watcher.write('\x04')
        equal(watcher.wait(), 0)


def test_signal_while_writing(place):
    """A reader that does not read must not keep us from ending."""
    ben = place.chat('--name', 'Ben')
    read, write = os.pipe()
    deaf = subprocess.Popen((CTL, 'chat', '--name', 'Deaf'), env=place.env, stdin=subprocess.PIPE, stdout=write)
    os.close(write)
    wait_until(lambda: b'Deaf' in place.run('list').stdout, 'Deaf')
    for i in range(100):
        ben.write('x' * 1000 + '\n')
    wait_until(lambda: struct.unpack('i', fcntl.ioctl(read, termios.FIONREAD, b'\0' * 4))[0] > 60000, 'a full pipe')
    deaf.send_signal(signal.SIGTERM)
    equal(deaf.wait(DEADLINE), 0)
    deaf.stdin.close()
    os.close(read)


def test_output_gone(place):
    ben = place.chat('--name', 'Ben')
    head = subprocess.Popen((CTL, 'chat', '--name', 'Cem'), env=place.env, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_until(lambda: b'Cem' in place.run('list').stdout, 'Cem')
    head.stdout.close()
    ben.write('hello\n')
    equal((head.wait(DEADLINE), head.stderr.read()), (1, b''))
    head.stdin.close()
    head.stderr.close()
    wait_until(lambda: b'Cem' not in place.run('list').stdout, 'Cem to leave')
    contains(place.run('inspect', 'chat').stdout, 'Ben')
    assert b'unexpectedly' not in place.run('inspect', 'chat').stdout


def test_crash_is_told(place):
    ada = place.terminal('--name', 'Ada')
    ben = place.terminal('--name', 'Ben')
    ada.wait_for('* Ben joined')
    ben.write('sent\nnever se')
    ada.wait_for('Ben: sent')
    ada.wait_for('Ben is typing: never se')
    ben.process.kill()
    ada.wait_for('* Ben left unexpectedly; never sent: never se')
    ada.write('\x04')
    equal(ada.wait(), 0)


def test_crash_piped(place):
    """In a pipe the events are not told, and what a crashed peer had sent is still there."""
    ada = place.chat('--name', 'Ada')
    ben = place.chat('--name', 'Ben')
    ben.write('last words\n')
    ada.wait_for('last words\n')
    ben.process.kill()
    ben.process.wait()
    wait_until(lambda: b'Ben' not in place.run('list').stdout, 'Ben to be gone')
    contains(place.run('inspect', 'chat').stdout, 'Ben left unexpectedly')
    equal(ada.end(), 0)
    equal(ada.output, b'Ben: last words\n')


def test_terminal(place):
    """One's own line is kept below what comes, and the terminal is given back as it was."""
    ada = place.terminal('--name', 'Ada')
    ben = place.chat('--name', 'Ben')
    ada.write('x\x15Hexx\x7f\x7fllo wrong\x17w\x1b[Dörle\u0301\x7fd')
    ada.wait_for('> Hello wörld')
    ben.write('meanwhile\n')
    ada.wait_for('\r\x1b[K\x1b[31mBen: meanwhile\x1b[m\r\n> Hello wörld')
    ada.write('\n')
    ben.wait_for('\n')
    equal(ben.lines(), ['Ada: Hello wörld'])
    ada.wait_for('\r\x1b[KAda: Hello wörld\r\n> ')
    assert termios.tcgetattr(ada.other) != ada.mode
    ada.write('\x04')
    equal(ada.wait(), 0)
    equal(termios.tcgetattr(ada.other), ada.mode)


def test_draft_ends(place):
    """A live text is gone once it was sent, and once it was erased."""
    ada = place.terminal('--name', 'Ada')
    ben = place.terminal('--name', 'Ben')
    ben.write('draft')
    ada.wait_for('Ben is typing: draft')
    contains(place.run('inspect', 'chat').stdout, 'Being typed: draft')
    ben.write('\n')
    ada.wait_for('Ben: draft')
    wait_until(lambda: b'Being typed' not in place.run('inspect', 'chat').stdout, 'no draft')
    ben.write('again')
    ada.wait_for('Ben is typing: again')
    ben.write('\x15')
    wait_until(lambda: b'Being typed' not in place.run('inspect', 'chat').stdout, 'no draft')


def test_stop_and_continue(place):
    ada = place.terminal('--name', 'Ada')
    ada.write('abc')
    ada.wait_for('> abc')
    ada.write('\x1a')
    wait_until(lambda: open('/proc/%d/stat' % ada.process.pid).read().rsplit(')', 1)[1].split()[0] == 'T', 'a stop')
    equal(termios.tcgetattr(ada.other), ada.mode)
    before = len(ada.output)
    ada.process.send_signal(signal.SIGCONT)
    wait_until(lambda: b'> abc' in ada.output[before:], 'the line again')
    ada.write('\x03')
    equal(ada.wait(), 0)
    equal(termios.tcgetattr(ada.other), ada.mode)


def test_narrow_terminal(place):
    ada = place.terminal('--name', 'Ada', columns=12)
    ada.write('0123456789abcdef漢字')
    wait_until(lambda: ada.output.endswith('> …cdef漢字'.encode()), 'the end of the line')


def test_dumb_terminal(place):
    ada = place.terminal('--name', 'Ada', TERM='dumb')
    ben = place.chat('--name', 'Ben')
    ben.write('hello\n')
    ada.wait_for('Ben: hello\r\n')
    ada.write('answer\n')
    ben.wait_for('Ada: answer\n')
    assert b'\x1b' not in ada.output, ada.output


def test_list_and_inspect(place):
    equal(place.run('list').stdout, b'No regions.\n')
    done = place.run('inspect', 'chat')
    equal((done.returncode, done.stdout), (1, b''))
    contains(done.stderr, 'chat')
    ada = place.chat('--name', 'Ada')
    ben = place.chat('--name', 'Ben')
    cem = place.chat('élan', '--name', 'Cem')
    ben.write('one\ntwo\n')
    ada.wait_for('Ben: two\n')
    lines = place.run('list').stdout.decode().split('\n')
    equal(lines[0].split(), ['NAME', 'SIZE', 'WHO'])
    equal(sorted((line.split()[0], line[lines[0].index('WHO'):]) for line in lines[1:-1]),
          [('chat', 'Ada, Ben'), ('élan', 'Cem')])
    done = place.run('inspect', 'chat')
    path = glob.glob(place.path + '/app/*/shmooze/chat')[0]
    size = os.stat(path).st_size
    equal((done.returncode, done.stderr), (0, b''))
    contains(done.stdout, 'Room “chat”', 'File: ' + path, 'Messages sent so far: 2', 'Ada, since', 'Ben, since',
             '2 messages kept', 'free')
    told = int(re.search(rb'\((\d+) bytes\)', done.stdout).group(1))
    assert size - 2 * 4096 < told < size, (told, size)
    assert b'\x1b' not in done.stdout
    equal([ada.end(), ben.end(), cem.end()], [0, 0, 0])
    equal(place.run('list').stdout, b'No regions.\n')


def test_not_a_room(place):
    name = '/shmoozectl-test-%d' % os.getpid()
    with open('/dev/shm' + name, 'wb') as file:
        file.write(b'\0' * 12345)
    try:
        done = place.run('inspect', name)
    finally:
        os.unlink('/dev/shm' + name)
    equal((done.returncode, done.stderr), (0, b''))
    contains(done.stdout, name, '12345 bytes', '/dev/shm' + name, 'Not a chat room')


def test_lost(place):
    ada = place.chat('--name', 'Ada')
    path = glob.glob(place.path + '/app/*/shmooze/chat')[0]
    os.truncate(path, 4096)
    # Nobody told Ada: she finds out as she speaks, without a crash.
    feed(ada, 'hello\n')
    equal(ada.wait(), 1)
    contains(ada.said(), 'chat')


def test_no_seat(place):
    for i in range(8):
        place.chat('--name', 'Nick%d' % i)
    done = place.run('chat', '--name', 'Ninth', given=b'hello\nagain\n')
    equal(done.returncode, 1)
    contains(done.stderr, 'shmoozectl: ')
    equal(len(done.stderr.splitlines()), 1)
    equal(place.run('chat', '--name', 'Ninth').returncode, 0)


def main():
    tests = [(name[5:], function) for name, function in globals().items()
             if name.startswith('test_') and (len(sys.argv) < 3 or name[5:] in sys.argv[2:])]
    print('1..%d' % len(tests), flush=True)
    failed = False
    for number, (name, function) in enumerate(tests, 1):
        here = ChatPlace()
        try:
            function(here)
            print('ok %d %s' % (number, name), flush=True)
        except Exception:
            failed = True
            print('not ok %d %s' % (number, name))
            print(re.sub('^', '# ', traceback.format_exc().rstrip(), flags=re.M), flush=True)
        finally:
            here.close()
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
