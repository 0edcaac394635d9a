#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of shmoozectl chat, and of what all verbs share."""
import fcntl
import glob
import os
import re
import signal
import struct
import subprocess
import termios
import threading

from common import CTL, DEADLINE, bad, contains, equal, good, main, place, tap, wait_until

VERBS = ('chat', 'hold', 'inspect', 'line', 'list', 'lock', 'messenger', 'read', 'remove', 'share-text', 'show-text', 'write')


def chat(*arguments):
    program = place.start('chat', *arguments)
    nick = arguments[arguments.index('--name') + 1]
    wait_until(lambda: nick.encode() in place.run('list').stdout or program.process.poll() is not None,
               nick + ' in the list')
    return program


def terminal(*arguments, **keywords):
    program = place.terminal('chat', *arguments, **keywords)
    wait_until(lambda: re.search(rb'\* (Here:|Nobody else is here)', program.output), 'the greeting')
    return program


@tap.case
def help_and_version():
    """--help lists the verbs, each verb has its own --help, and --version prints the version."""
    contains(good('--help'), *('  %s ' % verb for verb in VERBS))
    version = good('--version')
    assert re.fullmatch(rb'shmoozectl \d+\.\d+\.\d+\n', version), version
    for verb in VERBS:
        contains(good(verb, '--help'), 'shmoozectl %s [OPTION' % verb)


@tap.case
def usage_errors():
    """Wrong verbs, options and arguments are refused with status 2 and a pointer to --help."""
    bad(2, words=['--help', 'verb'])
    bad(2, 'nonsense', words=['--help', 'nonsense'])
    bad(2, '--nonsense', words=['--help', '--nonsense'])
    bad(2, 'bad\x1b[31m', words=['--help', 'bad␛[31m'])
    for verb in VERBS:
        bad(2, verb, '--nonsense', words=['--help', '--nonsense', 'shmoozectl %s --help' % verb])
    bad(2, 'chat', '--color=blue', words=['--help', 'blue', 'always'])
    bad(2, 'chat', '--wait=long', words=['--help', 'long', 'bell'])
    bad(2, 'chat', '--name=', words=['--help', '--name'])
    bad(2, 'chat', 'one', 'two', words=['--help'])
    bad(2, 'list', 'one', words=['--help', 'one'])
    bad(2, 'inspect', words=['--help', 'list'])
    bad(2, 'inspect', 'one', 'two', words=['--help'])
    equal(place.regions(), [])


@tap.case
def name_rules():
    """A name with a slash within it is refused."""
    bad(1, 'chat', 'a/b', words=['a/b'])


@tap.case
def pipe_delivers():
    """Lines of a pipe arrive as messages in order; empty lines are not sent."""
    ben = chat('--name', 'Ben')
    done = place.run('chat', '--name', 'Ada', given='hello\n\nWindows\r\nwörld 🎈'.encode())
    equal((done.returncode, done.stdout, done.stderr), (0, b'', b''))
    ben.wait_for('🎈\n')
    equal(ben.lines(), ['Ada: hello', 'Ada: Windows', 'Ada: wörld 🎈'])
    equal((ben.end(), ben.said()), (0, ''))
    equal(place.run('list').stdout, b'No regions.\n')


@tap.case
def history():
    """A participant that joins later receives the earlier messages."""
    ben = chat('--name', 'Ben')
    ben.write('first\nsecond\n')
    wait_until(lambda: b'Messages sent so far: 2' in place.run('inspect', 'chat').stdout, 'the messages')
    done = place.run('chat', '--name', 'Ada')
    equal((done.returncode, done.stdout), (0, b'Ben: first\nBen: second\n'))


@tap.case
def alone():
    """A note says when messages were deleted with the region."""
    done = place.run('chat', '--name', 'Ada', given=b'hello\n')
    equal((done.returncode, done.stdout), (0, b''))
    contains(done.stderr, 'No other participant in “chat”')
    done = place.run('chat', '--name', 'Ada')
    equal((done.returncode, done.stdout, done.stderr), (0, b'', b''))
    equal(place.regions(), [])


@tap.case
def waiting_ways():
    """Messages arrive with each way of waiting."""
    for wait in ('auto', 'bell', 'poll'):
        ben = chat('room', '--name', 'Ben', '--wait', wait)
        done = place.run('chat', 'room', '--wait', wait, given=b'by ' + wait.encode() + b'\n')
        equal((done.returncode, done.stderr), (0, b''))
        ben.wait_for('by ' + wait)
        equal(ben.end(), 0)


@tap.case
def order():
    """500 messages each way arrive in order."""
    ada = chat('--name', 'Ada')
    ben = chat('--name', 'Ben')
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


def sent():
    return int(re.search(rb'Messages sent so far: (\d+)', place.run('inspect', 'chat').stdout).group(1))


def wait_until_full(count):
    """Waits until no more messages arrive in the region, although more are to be sent."""
    former = [0]

    def still():
        now = sent()
        same = now > 0 and now == former[0]
        former[0] = now
        return same

    wait_until(still, 'a full region')
    assert sent() < count, 'the region was never full'


@tap.case
def full_region():
    """A peer that does not read slows down a pipe; nothing is lost, and everything is sent before the exit."""
    ben = chat('--name', 'Ben')
    os.kill(ben.process.pid, signal.SIGSTOP)
    ada = chat('--name', 'Ada')
    text = ''.join('%d %s\n' % (i, 'x' * 1000) for i in range(1000))
    writer = threading.Thread(target=lambda: (ada.write(text), ada.process.stdin.close()))
    writer.start()
    wait_until_full(1000)
    equal(ada.process.poll(), None)
    os.kill(ben.process.pid, signal.SIGCONT)
    writer.join(DEADLINE)
    equal(ada.wait(), 0)
    wait_until(lambda: len(ben.lines()) == 1000, 'the last line')
    equal(''.join(line[len('Ada: '):] + '\n' for line in ben.lines()), text)


@tap.case
def full_region_at_terminal():
    """The same at a terminal: Ctrl+D waits until everything is sent."""
    ben = chat('--name', 'Ben')
    os.kill(ben.process.pid, signal.SIGSTOP)
    ada = terminal('--name', 'Ada')
    lines = ['%d %s' % (i, 'x' * 1000) for i in range(300)]
    for line in lines:
        ada.write(line + '\n')
    wait_until_full(300)
    ada.write('\x04')
    ada.wait_for('* Ben is not responding')
    equal(ada.process.poll(), None)
    os.kill(ben.process.pid, signal.SIGCONT)
    equal(ada.wait(), 0)
    wait_until(lambda: len(ben.lines()) == 300, 'the last line')
    equal(ben.lines(), ['Ada: ' + line for line in lines])


@tap.case
def not_responding():
    """A terminal shows when a participant stops responding, and when it responds again."""
    ben = chat('--name', 'Ben')
    ada = terminal('--name', 'Ada')
    os.kill(ben.process.pid, signal.SIGSTOP)
    ada.write('hello\n')
    ada.wait_for('* Ben is not responding')
    os.kill(ben.process.pid, signal.SIGCONT)
    ada.wait_for('* Ben is responding again')
    ben.wait_for('hello')


@tap.case
def unsent():
    """A signal before everything was sent prints the number of unsent messages."""
    ben = chat('--name', 'Ben')
    os.kill(ben.process.pid, signal.SIGSTOP)
    ada = chat('--name', 'Ada')
    writer = threading.Thread(target=lambda: feed(ada, ('x' * 1000 + '\n') * 1000))
    writer.start()
    wait_until_full(1000)
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


@tap.case
def color():
    """Messages of others are red at a terminal, or as --color says."""
    plain = chat('--name', 'Plain')
    red = chat('--name', 'Red', '--color=always')
    never = terminal('--name', 'Never', '--color=never')
    equal(place.run('chat', '--name', 'Ada', given=b'hello\n').returncode, 0)
    plain.wait_for('hello\n')
    red.wait_for('hello\x1b[m\n')
    never.wait_for('Ada: hello')
    equal(plain.output, b'Ada: hello\n')
    equal(red.output, b'\x1b[31mAda: hello\x1b[m\n')
    assert b'\x1b[31m' not in never.output, never.output


@tap.case
def hostile_text():
    """No control character of a peer reaches the terminal, and no line of a peer looks like that of another."""
    ada = chat('--name', 'Ada')
    red = chat('--name', 'Red', '--color=always')
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


@tap.case
def long_line():
    """A line that is too long is reported with its number and length; the others are sent."""
    ben = chat('--name', 'Ben')
    ada = chat('--name', 'Ada')
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


@tap.case
def signals():
    """SIGINT, SIGTERM and SIGHUP leave the room cleanly."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        watcher = terminal('alone', '--name', 'Watcher')
        ada = chat('alone', '--name', 'Ada')
        watcher.wait_for('* Ada joined')
        ada.process.send_signal(number)
        equal((ada.wait(), ada.said()), (0, ''))
        watcher.wait_for('* Ada left\x1b')
        watcher.write('\x04')
        equal(watcher.wait(), 0)


@tap.case
def signal_while_writing():
    """A signal ends the program while its output is blocked."""
    ben = chat('--name', 'Ben')
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


@tap.case
def output_gone():
    """When the reader of the output has exited, the program leaves the room and fails silently."""
    ben = chat('--name', 'Ben')
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


@tap.case
def crash_is_shown():
    """A terminal shows a crash and the text that was never sent."""
    ada = terminal('--name', 'Ada')
    ben = terminal('--name', 'Ben')
    ada.wait_for('* Ben joined')
    ben.write('sent\nnever se')
    ada.wait_for('Ben: sent')
    ada.wait_for('Ben is typing: never se')
    ben.process.kill()
    ada.wait_for('* Ben left unexpectedly; never sent: never se')
    ada.write('\x04')
    equal(ada.wait(), 0)


@tap.case
def crash_piped():
    """A pipe does not receive events, but the messages of a crashed peer."""
    ada = chat('--name', 'Ada')
    ben = chat('--name', 'Ben')
    ben.write('last words\n')
    ada.wait_for('last words\n')
    ben.process.kill()
    ben.process.wait()
    wait_until(lambda: b'Ben' not in place.run('list').stdout, 'Ben to be gone')
    contains(place.run('inspect', 'chat').stdout, 'Ben left unexpectedly')
    equal(ada.end(), 0)
    equal(ada.output, b'Ben: last words\n')


@tap.case
def line_below_the_output():
    """The line being typed stays below the output, and the terminal is restored at exit."""
    ada = terminal('--name', 'Ada')
    ben = chat('--name', 'Ben')
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


@tap.case
def draft_ends():
    """A draft ends when it is sent and when it is erased."""
    ada = terminal('--name', 'Ada')
    ben = terminal('--name', 'Ben')
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


@tap.case
def stop_and_continue():
    """Ctrl+Z restores the terminal, and the line is shown again after SIGCONT."""
    ada = terminal('--name', 'Ada')
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


@tap.case
def narrow_terminal():
    """A narrow terminal shows the end of the line."""
    ada = terminal('--name', 'Ada', columns=12)
    ada.write('0123456789abcdef漢字')
    wait_until(lambda: ada.output.endswith('> …cdef漢字'.encode()), 'the end of the line')


@tap.case
def dumb_terminal():
    """A dumb terminal receives no escape sequences."""
    ada = terminal('--name', 'Ada', TERM='dumb')
    ben = chat('--name', 'Ben')
    ben.write('hello\n')
    ada.wait_for('Ben: hello\r\n')
    ada.write('answer\n')
    ben.wait_for('Ada: answer\n')
    assert b'\x1b' not in ada.output, ada.output


@tap.case
def list_and_inspect():
    """list shows regions with participants, and inspect the header, seats and lanes."""
    equal(place.run('list').stdout, b'No regions.\n')
    done = place.run('inspect', 'chat')
    equal((done.returncode, done.stdout), (1, b''))
    contains(done.stderr, 'chat')
    ada = chat('--name', 'Ada')
    ben = chat('--name', 'Ben')
    cem = chat('élan', '--name', 'Cem')
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


@tap.case
def not_a_room():
    """inspect describes a region that is not a room."""
    name = '/shmoozectl-test-%d' % os.getpid()
    with open('/dev/shm' + name, 'wb') as file:
        file.write(b'\0' * 12345)
    try:
        done = place.run('inspect', name)
    finally:
        os.unlink('/dev/shm' + name)
    equal((done.returncode, done.stderr), (0, b''))
    contains(done.stdout, name, '12345 bytes', '/dev/shm' + name, 'Not a chat room')


@tap.case
def lost():
    """A truncated region is reported and ends the program."""
    ada = chat('--name', 'Ada')
    path = glob.glob(place.path + '/app/*/shmooze/chat')[0]
    os.truncate(path, 4096)
    # Ada finds out when she sends, without a crash.
    feed(ada, 'hello\n')
    equal(ada.wait(), 1)
    contains(ada.said(), 'chat')


@tap.case
def no_seat():
    """A ninth participant can watch but not send."""
    for i in range(8):
        chat('--name', 'Nick%d' % i)
    done = place.run('chat', '--name', 'Ninth', given=b'hello\nagain\n')
    equal(done.returncode, 1)
    contains(done.stderr, 'shmoozectl: ')
    equal(len(done.stderr.splitlines()), 1)
    equal(place.run('chat', '--name', 'Ninth').returncode, 0)


main()
