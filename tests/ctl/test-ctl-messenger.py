#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of shmoozectl messenger."""
import mmap
import os
import signal
import struct
import sys
import termios
import threading
import time

from common import DEADLINE, PEERS, Dialog, bad, contains, equal, good, main, place, tap, wait_until

PEER = os.path.join(PEERS, 'communicator.py')
NAME = '/shmoozectl-messenger-%d' % os.getpid()
PATH = '/dev/shm' + NAME
CAPACITY = 4096
MESSAGES = 1000
FIRST_ROOM = 2000 - 12
SECOND_ROOM = CAPACITY - 2000 - 12


def peer(read, write, *options):
    program = place.keep(Dialog(place, (sys.executable, PEER, NAME, str(read), str(write)) + options))
    equal(program.hear(), 'ready')
    return program


def reads_at(position):
    """Whether a program that uses the library reads at this position."""
    try:
        inode = os.stat(PATH).st_ino
    except FileNotFoundError:
        return False
    with open('/proc/locks') as file:
        return any(line.split()[5].endswith(':%d' % inode) and
                   line.split()[6] == str((1 << 62) + 4096 + position + 1) for line in file if '->' not in line)


def messenger(*options, reads):
    program = place.dialog('messenger', NAME, *options)
    wait_until(lambda: reads_at(reads) or program.process.poll() is not None, 'a reader at %d' % reads)
    assert program.process.poll() is None, program.said()
    return program


def terminal(*options, **environment):
    program = place.terminal('messenger', NAME, *options, **environment)
    wait_until(lambda: b'No peer detected' in program.output or b'side is here' in program.output, 'the greeting')
    return program


def memory(create=False):
    fd = os.open(PATH, os.O_RDWR | (os.O_CREAT | os.O_EXCL if create else 0), 0o600)
    if create:
        os.ftruncate(fd, CAPACITY)
    mapped = mmap.mmap(fd, CAPACITY)
    os.close(fd)
    return mapped


def text(number):
    """A text of 1 to 1,900 bytes that shows which message it is and whether it is whole."""
    whole = '%d %s' % (number, chr(0xe0 + number % 20) * 1000)
    return whole.encode()[:max(len(str(number)), 1 + number * 7919 % 1900)].decode(errors='ignore')


def feed(program, lines):
    """Writes the lines in a thread, while the test reads."""
    def say():
        try:
            for line in lines:
                program.write(line + '\n')
        except BrokenPipeError:
            pass
    thread = threading.Thread(target=say, daemon=True)
    thread.start()
    return thread


def interrupt(program, status):
    program.process.send_signal(signal.SIGINT)
    equal(program.process.wait(DEADLINE), status)


@tap.case
def both_ways():
    """Two messengers find their positions and exchange messages; empty lines are not sent."""
    one = messenger(reads=0)
    two = messenger(reads=2000)
    one.say('hello wörld 🎈')
    equal(two.hear(), 'hello wörld 🎈')
    two.say('')
    two.say('and back')
    equal(one.hear(), 'and back')
    equal((two.end(), two.said()), (0, ''))
    wait_until(lambda: 'The other side has gone.' in one.said(), 'the note')
    equal(one.end(), 0)
    equal(os.path.exists(PATH), False)


@tap.case
def two_of_ours_exchange():
    """1,000 messages each way between two messengers arrive in order."""
    one = place.start('messenger', NAME)
    wait_until(lambda: reads_at(0), 'the first one')
    two = place.start('messenger', NAME)
    wait_until(lambda: reads_at(2000), 'the second one')
    begun = time.monotonic()
    feeding = [feed(program, (text(n) for n in range(MESSAGES))) for program in (one, two)]
    for program in (one, two):
        wait_until(lambda: program.output.count(b'\n') == MESSAGES, 'the last message')
    tap.note('%d messages each way in %.1f s' % (MESSAGES, time.monotonic() - begun))
    for program in (one, two):
        equal(program.lines(), [text(n) for n in range(MESSAGES)])
    for thread in feeding:
        thread.join(DEADLINE)
    equal((one.end(), one.said()), (0, ''))


def exchange_with_peer(other, ours):
    def commands():
        for number in range(MESSAGES):
            yield 'write ' + text(number)
            yield 'read'
    feeding = [feed(other, commands()), feed(ours, (text(n) + '.' for n in range(MESSAGES)))]
    for number in range(MESSAGES):
        equal(other.hear(), 'written')
        equal(other.hear(), text(number) + '.')
        equal(ours.hear(), text(number))
    for thread in feeding:
        thread.join(DEADLINE)
    equal((ours.end(), ours.said(), ours.heard), (0, '', b''))


@tap.case
def peer_is_first():
    """A peer that only knows the layout and created the region exchanges 1,000 messages each way."""
    other = peer(0, 2000, '--create', str(CAPACITY))
    equal(other.ask('claim'), 'claimed')
    exchange_with_peer(other, messenger('--read-position=2000', '--write-position=0', reads=2000))


@tap.case
def peer_is_second():
    """A peer that only knows the layout and came second exchanges 1,000 messages each way."""
    ours = messenger(reads=0)
    other = peer(2000, 0)
    equal(other.ask('claim'), 'claimed')
    exchange_with_peer(other, ours)


@tap.case
def peer_with_the_original_s_timing():
    """A peer that polls every 500 ms works, without a note that it does not respond."""
    other = peer(2000, 0, '--create', str(CAPACITY), '--pause', '500')
    equal(other.ask('claim'), 'claimed')
    ours = messenger(reads=0)
    for number in range(3):
        ours.say('message %d' % number)
        equal(other.ask('read'), 'message %d' % number)
        equal(other.ask('write answer %d' % number), 'written')
        equal(ours.hear(), 'answer %d' % number)
    equal((ours.end(), ours.said()), (0, ''))


@tap.case
def a_waiting_message_is_told_at_once():
    """A message that waits in its slot is printed at once."""
    other = peer(2000, 0, '--create', str(CAPACITY))
    equal(other.ask('claim'), 'claimed')
    equal(other.ask('write waiting'), 'written')
    done = place.run('messenger', NAME)
    equal((done.returncode, done.stdout, done.stderr), (0, b'waiting\n', b''))


@tap.case
def the_end_waits_for_the_confirmation():
    """At the end of the input the program waits for the confirmation; a note says that no peer was detected."""
    other = peer(2000, 0, '--create', str(CAPACITY))
    ours = messenger(reads=0)
    ours.say('first')
    ours.say('second')
    ours.process.stdin.close()
    wait_until(lambda: 'not confirmed yet: no peer detected' in ours.said(), 'the note')
    equal(ours.process.poll(), None)
    equal(other.ask('read'), 'first')
    equal(other.ask('read'), 'second')
    equal(ours.process.wait(DEADLINE), 0)


@tap.case
def what_was_not_confirmed_is_told():
    """Ctrl+C exits at once and prints the number of unconfirmed messages."""
    ours = messenger(reads=0)
    ours.say('first')
    ours.say('second')
    wait_until(lambda: '1 message is not confirmed yet: no peer detected' in ours.said(), 'the note')
    interrupt(ours, 1)
    contains(ours.said(), '1 message was not confirmed.', 'The rest of the input')
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        idle = messenger(reads=0)
        idle.process.send_signal(number)
        equal((idle.process.wait(DEADLINE), idle.said()), (0, ''))


@tap.case
def a_killed_peer_is_told():
    """A note says when a peer was killed; the next peer receives the message."""
    one = messenger(reads=0)
    two = messenger(reads=2000)
    # A confirmed message shows that the peer runs.
    one.say('hello')
    equal(two.hear(), 'hello')
    two.process.kill()
    wait_until(lambda: 'The other side has gone.' in one.said(), 'the note')
    one.say('hello?')
    wait_until(lambda: '1 message is not confirmed yet: no peer detected' in one.said(), 'the second note')
    three = messenger(reads=2000)
    equal(three.hear(), 'hello?')
    equal(one.end(), 0)


@tap.case
def a_stopped_peer_is_told():
    """A note says when a peer does not respond."""
    one = messenger(reads=0)
    two = messenger(reads=2000)
    two.say('hello')
    equal(one.hear(), 'hello')
    os.kill(two.process.pid, signal.SIGSTOP)
    one.say('are you there?')
    wait_until(lambda: '1 message is not confirmed yet: the other side does not respond' in one.said(), 'the note')
    os.kill(two.process.pid, signal.SIGCONT)
    equal(two.hear(), 'are you there?')
    equal(one.end(), 0)


@tap.case
def a_restarted_writer_spares_what_is_pending():
    """A restarted messenger does not overwrite a pending message."""
    other = peer(2000, 0, '--create', str(CAPACITY))
    ours = messenger(reads=0)
    ours.say('first')
    mapped = memory()
    wait_until(lambda: mapped[2000] == 1, 'the message in its slot')
    ours.process.kill()
    ours.process.wait()
    again = messenger(reads=0)
    again.say('second')
    wait_until(lambda: 'not confirmed yet' in again.said(), 'the note')
    equal(mapped[2012:2017], b'first')
    equal(other.ask('read'), 'first')
    equal(other.ask('read'), 'second')
    equal(again.end(), 0)
    mapped.close()


@tap.case
def third_is_told():
    """A third messenger fails."""
    messenger(reads=0)
    messenger(reads=2000)
    bad(1, 'messenger', NAME, given=b'hello\n', words=[NAME, 'already'])


@tap.case
def second_writer_or_reader_is_told():
    """A second writer or reader of a slot fails."""
    messenger('--read-position=0', '--write-position=1000', reads=0)
    for read, write, position in ((3000, 1000, '1000'), (0, 3000, '0')):
        bad(1, 'messenger', NAME, '--read-position=%d' % read, '--write-position=%d' % write, words=['already', 'osition %s of' % position, NAME])


@tap.case
def positions():
    """The positions can be given, both or none."""
    for read, write, word in ((0, 5, 'overlap'), (12, 0, 'overlap'), (7, 7, 'overlap'), (0, 4084, '4084'),
                              (4096, 0, '4096'), ('9999999G', 0, 'does not fit'), (0, 1 << 63, 'does not fit')):
        bad(1, 'messenger', NAME, '--read-position=%s' % read, '--write-position=%s' % write, words=[word])
    done = place.run('messenger', NAME, '--capacity=2012')
    equal(done.returncode, 1)
    contains(done.stderr, '2000', '2012')
    one = messenger('--read-position=4083', '--write-position=0', reads=4083)
    two = place.dialog('messenger', NAME, '--read-position=0', '--write-position=4083')
    two.say('xy')
    two.say('x')
    equal(one.hear(), 'x')
    contains(two.said(), 'it has 2 bytes, a message has at most 1.')


@tap.case
def too_long_is_refused_with_the_numbers():
    """A message too long is refused with the numbers, and the next goes on."""
    one = messenger(reads=0)
    two = messenger(reads=2000)
    for program, other, room in ((one, two, SECOND_ROOM), (two, one, FIRST_ROOM)):
        program.say('x' * room)
        equal(other.hear(), 'x' * room)
        program.say('y' * (room + 1))
        program.say('ä' * (room // 2 + 1))
        program.say('after')
        equal(other.hear(), 'after')
        equal(program.said(), 'shmoozectl: Line 2 was not sent: it has %d bytes, a message has at most %d.\n'
                              'shmoozectl: Line 3 was not sent: it has %d bytes, a message has at most %d.\n'
                              % (room + 1, room, room // 2 * 2 + 2, room))
    one.process.send_signal(signal.SIGTERM)
    equal(one.process.wait(DEADLINE), 1)


@tap.case
def a_lost_region_ends_it():
    """A lost region is reported once and ends the messenger."""
    ours = messenger(reads=0)
    ours.say('on its way')
    mapped = memory()
    wait_until(lambda: mapped[2000] == 1, 'the message in its slot')
    mapped.close()
    os.truncate(PATH, 0)
    equal(ours.process.wait(DEADLINE), 1)
    complaints = [line for line in ours.said().splitlines() if NAME in line]
    equal(len(complaints), 1)
    contains(ours.said(), '1 message was not confirmed')


@tap.case
def two_terminals():
    """Two messengers at terminals exchange messages."""
    ada = terminal()
    contains(ada.output, '\x1b[2m* “%s”: reading at 0, writing at 2000; Ctrl+D leaves\x1b[m' % NAME)
    ben = terminal()
    ada.wait_for('* The other side is here')
    contains(ben.output, 'reading at 2000, writing at 0')
    ada.write('Hello wörld\n')
    ben.wait_for('\x1b[31m< Hello wörld\x1b[m')
    ada.wait_for('\r\x1b[K> Hello wörld\r\n> ')
    ben.write('typing')
    ben.wait_for('> typing')
    ada.write('\nmeanwhile\n')
    ben.wait_for('\x1b[31m< meanwhile\x1b[m\r\n> typing')
    ben.write('x' * (FIRST_ROOM - 5) + '\n')
    ben.wait_for('This is too long: it has %d bytes, a message has at most %d.' % (FIRST_ROOM + 1, FIRST_ROOM))
    ben.write('\x15short\n')
    ada.wait_for('\x1b[31m< short\x1b[m')
    ada.write('\x04')
    equal(ada.wait(), 0)
    equal(termios.tcgetattr(ada.other), ada.mode)
    ben.wait_for('\x1b[2m* The other side has gone\x1b[m')
    ben.write('one\ntwo\n')
    ben.wait_for('2 messages are not confirmed yet: no peer detected')
    ben.write('\x03')
    equal(ben.wait(), 1)
    ben.wait_for('2 messages were not confirmed.')
    equal(termios.tcgetattr(ben.other), ben.mode)


@tap.case
def a_killed_peer_is_told_at_a_terminal():
    """A killed peer is reported at a terminal without disturbing the input line."""
    ada = terminal()
    two = messenger(reads=2000)
    ada.wait_for('* The other side is here')
    two.process.kill()
    ada.wait_for('* The other side has gone')
    assert b'shmoozectl:' not in ada.output, ada.output


@tap.case
def ctrl_d_waits_for_the_confirmation():
    """Ctrl+D waits for the confirmation of the last message."""
    ada = terminal()
    ada.write('first\nsecond\n\x04')
    ada.wait_for('2 messages are not confirmed yet')
    two = messenger(reads=2000)
    equal((two.hear(), two.hear()), ('first', 'second'))
    equal(ada.wait(), 0)


@tap.case
def colors():
    """The other side's messages are colored at a terminal, or as --color says."""
    other = peer(2000, 0, '--create', str(CAPACITY))
    equal(other.ask('claim'), 'claimed')
    for options, environment, red in (((), {}, True), (('--color=never',), {}, False), ((), {'NO_COLOR': '1'}, False),
                                      (('--color=always',), {'NO_COLOR': '1'}, True)):
        ada = terminal(*options, **environment)
        equal(other.ask('write hello'), 'written')
        ada.wait_for('\x1b[31m< hello\x1b[m\r\n' if red else '< hello\r\n')
        equal(b'\x1b[31m' in ada.output, red)
        ada.write('\x04')
        equal(ada.wait(), 0)
    ours = messenger('--color=always', reads=0)
    equal(other.ask('write hello'), 'written')
    equal(ours.hear(), '\x1b[31mhello\x1b[m')


HUGE = (1, 11, 12, 13, 2000, 4096, 65536, (1 << 31) - 1 - FIRST_ROOM)
SLOTS = [  # available, confirm, length, payload, and what is printed of it: None is an error
    *[(1, 0, FIRST_ROOM + more, b'', None) for more in HUGE],
    *[(1, 1, FIRST_ROOM + more, b'', None) for more in HUGE],
    *[(1, 0, -less, b'', None) for less in (1, 2, 12, 13, 4096, 65536, (1 << 31) - 1, 1 << 31)],
    *[(flag, 0, 5, b'right', None) for flag in (2, 3, 7, 127, 128, 255)],
    *[(1, flag, 5, b'right', None) for flag in (2, 3, 7, 127, 128, 255)],
    *[(0, flag, 5, b'right', None) for flag in (2, 3, 7, 127, 128, 255)],
    (255, 255, -1, b'\xff' * FIRST_ROOM, None),
    (1, 0, 0, b'', ''),
    (1, 0, 0, b'rest', ''),
    (1, 1, 5, b'right', 'right'),
    (1, 0, 5, b'right and rest', 'right'),
    (1, 0, FIRST_ROOM, b'x' * FIRST_ROOM, 'x' * FIRST_ROOM),
    (1, 0, FIRST_ROOM, b'\xff' * FIRST_ROOM, '\ufffd' * FIRST_ROOM),
    (1, 0, FIRST_ROOM, bytes(FIRST_ROOM), '\ufffd' * FIRST_ROOM),
    (1, 0, 3, b'a\0b', 'a\ufffdb'),
    (1, 0, 1, b'\0', '\ufffd'),
    (1, 0, 1, b'\xc3', '\ufffd'),
    (1, 0, 1, 'ä'.encode(), '\ufffd'),
    (1, 0, 3, '🎈'.encode(), '\ufffd' * 3),
    (1, 0, 2, b'\xc0\x8a', '\ufffd' * 2),
    (1, 0, 3, b'\xed\xa0\x80', '\ufffd' * 3),
    (1, 0, 4, b'\xf4\x90\x80\x80', '\ufffd' * 4),
    (1, 0, 2, b'\xff\xfe', '\ufffd' * 2),
    (1, 0, 8, b'\x1b[31mred', '␛[31mred'),
    (1, 0, 5, b'\x1b]0;\x07', '␛]0;␇'),
    (1, 0, 4, b'\x7f\x08\x0b\x0c', '␡␈␋␌'),
    (1, 0, 3, b'\xc2\x9bm', '\ufffdm'),
    (1, 0, 1, b'\r', '␍'),
    (1, 0, 1, b'\n', '\n    '),
    (1, 0, 10, b'one\r\n> two', 'one\n    > two'),
    (1, 0, 9, '\u2028forged'.encode(), '\n    forged'),
]


@tap.case
def hostile_slots():
    """A hostile slot is an error or a clean text, and the next message is read."""
    assert len(SLOTS) >= 50
    mapped = memory(create=True)
    mapped[1] = 1
    ours = messenger(reads=0)
    errors = 0
    for number, (available, confirm, length, payload, shown) in enumerate(SLOTS):
        mapped[2:12] = struct.pack('<i6x', length)
        mapped[12:12 + len(payload)] = payload
        mapped[1] = confirm
        mapped[0] = available
        if shown is None:
            errors += 1
            wait_until(lambda: ours.said().count('\n') == errors, 'error %d: %s' % (errors, ours.said()[-200:]))
            contains(ours.said().splitlines()[-1], 'is corrupt', 'must be 0 to %d' % FIRST_ROOM)
            equal((mapped[0], mapped[1], mapped[2:12]), (available, confirm, struct.pack('<i6x', length)))
        else:
            for part in shown.split('\n'):
                equal((number, ours.hear()), (number, part))
            wait_until(lambda: mapped[0] == 0 and mapped[1] == 1, 'the confirmation')
        mapped[0], mapped[1] = 0, 1
        message = b'fine %d' % number
        mapped[2:12] = struct.pack('<i6x', len(message))
        mapped[12:12 + len(message)] = message
        mapped[1] = 0
        mapped[0] = 1
        equal(ours.hear(), message.decode())
    equal(ours.end(), 1)
    mapped.close()


@tap.case
def help_and_wrong_words():
    """--help describes the verb, and wrong arguments are refused with status 2."""
    contains(good('messenger', '--help'), 'shmoozectl messenger [OPTION', '[NAME]', '--capacity=N', '--read-position=N',
             '--write-position=N', '--color=WHEN', '/MemoryMappedShare')
    for options, word in ((('a', 'b'), 'one region'), (('--color=blue',), 'blue'), (('--capacity=x',), 'x'),
                          (('--read-position=0',), 'together'), (('--write-position=0',), 'together'),
                          (('--read-position=-5', '--write-position=0'), '-5'), (('--wrong',), '--wrong')):
        bad(2, 'messenger', *options, words=[word, 'shmoozectl messenger --help'])
    for options, word in ((('a/b',), 'a/b'), ((NAME, '--capacity=0'), 'capacity 0')):
        bad(1, 'messenger', *options, words=[word])
    equal(place.regions(), [])


if __name__ == '__main__':
    main(NAME, may_leave=True)
