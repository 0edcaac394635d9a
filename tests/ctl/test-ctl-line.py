#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of shmoozectl line."""
import fcntl
import os
import re
import resource
import signal
import struct
import sys
import termios

from common import CTL, DEADLINE, PEERS, Dialog, bad, contains, equal, good, main, place, tap, wait_until
from line import pattern

PEER = os.path.join(PEERS, 'line.py')
NAME = '/shmoozectl-line-%d' % os.getpid()
PATH = '/dev/shm' + NAME
MUTEX = 'NonPersisterMemoryMappedFilemutex'
CHANGES = 1000


def mutex_path(mutex=MUTEX):
    return os.path.join(place.path, 'app/io.github.shmooze.Shmooze/shmooze/locks', mutex)


def peer(*options, mutex=MUTEX):
    program = place.keep(Dialog(place, (sys.executable, PEER, NAME, '--mutex', mutex_path(mutex)) + options))
    equal(program.hear(), 'ready')
    return program


def line(*options):
    """A running verb, which has the region open."""
    program = place.dialog('line', NAME, *options)
    wait_until_here(program)
    return program


def wait_until_here(program):
    wait_until(lambda: program.process.poll() is not None or maps(program), 'the region')
    assert program.process.poll() is None, program.said()


def maps(program):
    """Whether the region is mapped. A file that was created without a name is only recognized by its inode."""
    try:
        inode = str(os.stat(PATH).st_ino)
    except FileNotFoundError:
        return False
    with open('/proc/%d/maps' % program.process.pid) as file:
        return any(entry.split()[4] == inode for entry in file)


def terminal(*options, **environment):
    program = place.terminal('line', NAME, *options, **environment)
    program.wait_for('Ctrl+D leaves')
    return program


def queued(pipe):
    return struct.unpack('i', fcntl.ioctl(pipe, termios.FIONREAD, b'\0' * 4))[0]


def hold_mutex(mutex=MUTEX):
    holder = place.keep(Dialog(place, (CTL, 'lock', mutex, '--', 'sh', '-c', 'echo locked; cat')))
    equal(holder.hear(), 'locked')
    return holder


def content():
    with open(PATH, 'rb') as file:
        return file.read(100)


def reply(text):
    return text[::-1] + '.'


@tap.case
def a_line_and_the_next():
    """Each line of input replaces the line in the region, and the other side's is printed."""
    ours = line()
    other = line()
    ours.say('hello wörld 🎈')
    equal(other.hear(), 'hello wörld 🎈')
    equal(content()[:19], 'hello wörld 🎈\r\n'.encode())
    other.say('and back')
    equal(ours.hear(), 'and back')
    equal((ours.end(), ours.said()), (0, ''))
    equal(other.end(), 0)


@tap.case
def an_own_line_is_not_printed():
    """The line that a program writes itself is not printed."""
    ours = line()
    other = line()
    for text in ('first', 'second', 'second'):
        ours.say(text)
    other.say('answer')
    equal(ours.hear(), 'answer')
    equal(ours.heard, b'')


@tap.case
def a_line_in_the_region_is_printed_at_once():
    """A line that is in the region already is printed at once."""
    ours = line()
    ours.say('standing')
    wait_until(lambda: content().startswith(b'standing'), 'the line')
    done = place.run('line', NAME)
    equal((done.returncode, done.stdout, done.stderr), (0, b'standing\n', b''))


@tap.case
def the_last_line_is_deleted_with_the_region():
    """A note says when the line is deleted with the region."""
    done = place.run('line', NAME, given=b'lone\n')
    equal((done.returncode, done.stdout), (0, b''))
    contains(done.stderr, 'No other program holds “%s”' % NAME)
    done = place.run('line', NAME)
    equal((done.returncode, done.stdout, done.stderr), (0, b'', b''))


@tap.case
def the_rest_of_a_longer_line_is_not_read():
    """The rest of a longer, previous line is not read."""
    ours = line()
    other = line()
    ours.say('a rather long line')
    equal(other.hear(), 'a rather long line')
    ours.say('short')
    equal(other.hear(), 'short')
    ours.say('')
    equal(other.hear(), '')
    equal(content()[:9], b'\r\nort\r\nr ')


@tap.case
def too_long_is_refused_with_the_numbers():
    """A line too long is refused with the numbers, and the next goes on."""
    ours = line()
    other = line()
    longest = 'x' * 98
    ours.say(longest)
    equal(other.hear(), longest)
    ours.say('y' * 99)
    ours.say('ä' * 50)
    ours.say('after')
    equal(other.hear(), 'after')
    equal(ours.end(), 1)
    contains(ours.said(), 'Line 2 was not sent: it has 99 bytes, a message has at most 98.', 'Line 3', '100 bytes')


@tap.case
def a_carriage_return_does_not_end_it_early():
    """A carriage return within a line becomes a space."""
    ours = line()
    other = line()
    ours.say('one\rtwo\r')
    equal(other.hear(), 'one two')
    other.say('next')
    equal(ours.hear(), 'next')


@tap.case
def another_capacity_and_another_mutex():
    """Another capacity and another mutex can be given."""
    program = place.dialog('line', NAME, '--capacity', '1K', '--mutex', 'other')
    wait_until(lambda: os.path.exists(mutex_path('other')) and os.path.exists(PATH), 'the region')
    holder = hold_mutex()
    program.say('x' * 1022)
    wait_until(lambda: content() == b'x' * 100, 'the line')
    assert not place.run('line', NAME, '--mutex', 'other', given=b'y' * 1023).returncode == 0
    equal(holder.end(), 0)


@tap.case
def peer_drives():
    """A peer of the line's layout drives 1,000 changes, none lost or torn."""
    other = peer('--create', '100')
    ours = place.dialog('line', NAME)
    equal(other.ask('join'), 'joined')
    other.say('drive %d' % CHANGES)
    for number in range(CHANGES):
        text = ours.hear()
        equal(text, pattern(number))
        ours.say(reply(text))
    equal(other.hear(), 'drove %d' % CHANGES)
    equal((ours.end(), ours.said(), ours.heard), (0, '', b''))
    equal(other.ask('unlink'), 'unlinked')


@tap.case
def peer_answers():
    """A peer of the line's layout answers 1,000 changes, none lost or torn."""
    ours = line()
    other = peer()
    equal(other.ask('join'), 'joined')
    other.say('answer %d' % CHANGES)
    for number in range(CHANGES):
        equal(ours.ask(pattern(number)), reply(pattern(number)))
    equal(other.hear(), 'answered %d' % CHANGES)
    equal((ours.end(), ours.heard), (0, b''))


@tap.case
def two_of_ours_exchange():
    """Two line programs exchange their lines."""
    one = line()
    two = line()
    for number in range(CHANGES):
        equal((one.say(pattern(number)), two.hear())[1], pattern(number))
        equal((two.say(reply(pattern(number))), one.hear())[1], reply(pattern(number)))


@tap.case
def peer_under_the_lock():
    """A program run under shmoozectl lock takes part; its line is printed even if a waiting line replaces it at once."""
    ours = line()
    ours.say('from us')
    wait_until(lambda: content().startswith(b'from us'), 'the line')
    command = (CTL, 'lock', MUTEX, '--', sys.executable, PEER, NAME)
    under = place.keep(Dialog(place, command))
    equal(under.hear(), 'ready')
    equal(under.ask('show'), 'from us')
    ours.say('waits')
    equal(under.ask('write from under the lock'), 'written')
    equal(under.ask('show'), 'from under the lock')
    equal(under.end(), 0)
    # Told though our own waiting line replaced it at once.
    equal(ours.hear(), 'from under the lock')
    wait_until(lambda: content().startswith(b'waits\r\n'), 'our line')


@tap.case
def half_a_line_is_not_printed():
    """A line that is only half written is not printed."""
    ours = line()
    other = peer()
    equal(other.ask('join'), 'joined')
    equal(other.ask('write before'), 'written')
    equal(ours.hear(), 'before')
    holder = hold_mutex()
    with open(PATH, 'r+b') as file:
        file.write(b'half a\r\n')
        file.flush()
        # The verb has seen that something is going on when it has looked at the mutex a few times.
        wait_for_looks(ours, 3)
        file.seek(0)
        file.write(b'now whole\r\n')
    equal(holder.end(), 0)
    equal(ours.hear(), 'now whole')


def wait_for_looks(program, count):
    """Waits until the program has slept and woken this often."""
    def switches():
        with open('/proc/%d/status' % program.process.pid) as file:
            return int(re.search(r'^voluntary_ctxt_switches:\t(\d+)', file.read(), re.M).group(1))
    first = switches()
    wait_until(lambda: switches() >= first + count, 'some looks')


@tap.case
def a_mutex_held_for_long_is_told():
    """A note says when another program holds the mutex for 2 seconds; the line is written later."""
    ours = line()
    other = line()
    holder = hold_mutex()
    ours.say('waits')
    wait_until(lambda: 'Another program holds the mutex “%s”' % MUTEX in ours.said(), 'the note')
    equal(content(), bytes(100))
    equal(holder.end(), 0)
    equal(other.hear(), 'waits')
    equal(ours.end(), 0)


@tap.case
def a_mutex_held_for_ever_does_not_keep_us():
    """A mutex that is never unlocked does not prevent the program from exiting."""
    holder = hold_mutex()
    ours = place.dialog('line', NAME)
    wait_until_here(ours)
    wait_until(lambda: 'Another program holds the mutex' in ours.said(), 'the note')
    ours.process.send_signal(signal.SIGINT)
    equal(ours.process.wait(DEADLINE), 0)
    equal(holder.end(), 0)


@tap.case
def what_was_not_written_is_told():
    """The number of lines that were not written is printed at exit."""
    ours = line()
    other = line()
    holder = hold_mutex()
    ours.say('never')
    wait_until(lambda: 'Another program holds the mutex' in ours.said(), 'the note')
    ours.process.send_signal(signal.SIGTERM)
    equal(ours.process.wait(DEADLINE), 1)
    contains(ours.said(), '1 line was not written')
    equal(holder.end(), 0)
    other.say('fine')
    wait_until(lambda: content().startswith(b'fine\r\n'), 'the other line')


@tap.case
def a_slow_reader_does_not_keep_the_mutex():
    """While the output is blocked, the mutex is not locked."""
    ours = place.dialog('line', NAME, '--capacity=1M')
    wait_until_here(ours)
    other = place.dialog('line', NAME)
    long = 'x' * 500000
    other.say(long)
    wait_until(lambda: queued(ours.process.stdout) > 60000, 'a full pipe')
    equal(place.run('lock', '--timeout=10', MUTEX, '--', 'true').returncode, 0)
    equal(ours.hear(), long)


@tap.case
def a_dead_holder_is_told_and_replaced():
    """A note says when the holder of the mutex died; the line is written then."""
    ours = line()
    other = line()
    holder = hold_mutex()
    ours.say('after the death')
    holder.process.kill()
    equal(other.hear(), 'after the death')
    wait_until(lambda: 'died while holding' in ours.said() + other.said(), 'the note')
    equal((ours.end(), other.end()), (0, 0))
    equal((ours.said() + other.said()).count('died while holding'), 1)


@tap.case
def a_holder_killed_within_its_change():
    """A holder killed while it writes may leave half a line; the next lines are whole."""
    ours = line()
    other = peer()
    equal(other.ask('join'), 'joined')
    holder = hold_mutex()
    with open(PATH, 'r+b') as file:
        file.write(b'half')
    holder.process.kill()
    wait_until(lambda: 'died while holding' in ours.said(), 'the note')
    wait_until(lambda: 'line end' in ours.said(), 'the complaint')
    equal(other.ask('write whole'), 'written')
    equal(ours.hear(), 'whole')


@tap.case
def a_lost_region_ends_it():
    """A lost region is reported once and ends the program."""
    ours = line()
    os.truncate(PATH, 0)
    ours.process.wait(DEADLINE)
    equal(ours.process.returncode, 1)
    contains(ours.said(), NAME)
    equal(len(ours.said().splitlines()), 1)


@tap.case
def two_terminals():
    """Two programs at terminals exchange their lines."""
    ada = terminal()
    ben = terminal()
    contains(ada.output, '“%s”: a line of up to 98 bytes' % NAME)
    ada.write('Hello wörld\n')
    ben.wait_for('\x1b[31m< Hello wörld\x1b[m')
    ada.wait_for('\r\x1b[K> Hello wörld\r\n> ')
    ben.write('typing')
    ben.wait_for('> typing')
    ada.write('meanwhile\n')
    ben.wait_for('\x1b[31m< meanwhile\x1b[m\r\n> typing')
    ben.write('x' * 93 + '\n')
    ben.wait_for('This is too long: it has 99 bytes, a message has at most 98.')
    ben.write('\x7f\n')
    ada.wait_for('< typing' + 'x' * 92)
    assert b'\x1b[31m< Hello' not in ada.output, ada.output
    for program in (ada, ben):
        program.write('\x04')
    equal((ada.wait(), ben.wait()), (0, 1))
    equal(termios.tcgetattr(ada.other), ada.mode)


@tap.case
def a_terminal_does_not_wait_for_the_mutex():
    """A terminal does not wait for the mutex."""
    holder = hold_mutex()
    ada = terminal()
    ada.write('first\nsecond\n')
    ada.write('still typing')
    ada.wait_for('> still typing')
    ada.wait_for('Another program holds the mutex')
    equal(content(), bytes(100))
    equal(holder.end(), 0)
    wait_until(lambda: content().startswith(b'second\r\n'), 'the last line')
    ada.write('\x03')
    equal(ada.wait(), 0)


@tap.case
def colors():
    """The other side's line is colored at a terminal, or as --color says."""
    other = line()
    red = line('--color=always')
    plain = terminal('--color=never')
    dark = terminal(NO_COLOR='1')
    other.say('hello')
    equal(red.hear(), '\x1b[31mhello\x1b[m')
    plain.wait_for('< hello\r\n')
    dark.wait_for('< hello\r\n')
    assert b'\x1b[31m' not in plain.output + dark.output


CLEAN = [  # what a region holds, and what is printed of it
    (b'plain\r\n', 'plain'),
    (b'plain\n', 'plain'),
    (b'plain\r\nold rest', 'plain'),
    (b'plain\nold\r\n', 'plain'),
    (b'\r\n', ''),
    (b'\n', ''),
    (b'\n\n', ''),
    (b'\n\r', ''),
    (b'\n\r\n', ''),
    (b'\n' + b'\xff' * 99, ''),
    (b'\r\r\n', '␍'),
    (b'a\rb\r\n', 'a␍b'),
    (b'a\rb\n', 'a␍b'),
    (b'\0\r\n', '\ufffd'),
    (b'\0\n', '\ufffd'),
    (b'\0\0\0\0\r\n', '\ufffd' * 4),
    (b'a\0b\r\n', 'a\ufffdb'),
    (b'a\0\r\n', 'a\ufffd'),
    (b'\xff\r\n', '\ufffd'),
    (b'\xff' * 98 + b'\r\n', '\ufffd' * 98),
    (b'\xfe\xff\0a\0\r\0\n', '\ufffd\ufffd\ufffda\ufffd␍\ufffd'),
    (b'\xff\xfea\0\r\0\n\0', '\ufffd\ufffda\ufffd␍\ufffd'),
    (b'a\xc3\r\n', 'a\ufffd'),
    (b'a\xe2\x82\r\n', 'a\ufffd\ufffd'),
    (b'a\xf0\x9f\x8e\r\n', 'a\ufffd\ufffd\ufffd'),
    (b'\xc0\x8a\r\n', '\ufffd\ufffd'),
    (b'\xe0\x80\x8a\r\n', '\ufffd\ufffd\ufffd'),
    (b'\xed\xa0\x80\r\n', '\ufffd\ufffd\ufffd'),
    (b'\xf4\x90\x80\x80\r\n', '\ufffd\ufffd\ufffd\ufffd'),
    (b'\xf8\x88\x80\x80\x80\r\n', '\ufffd' * 5),
    (b'\x80\x80\r\n', '\ufffd\ufffd'),
    (b'\xef\xbf\xbf\r\n', '\uffff'),
    (b'\xef\xbb\xbfmarked\r\n', 'marked'),
    (b'\xef\xbb\xbf\r\n', ''),
    (b'\x1b[31mred\x1b[m\r\n', '␛[31mred␛[m'),
    (b'\x1b]0;title\x07\r\n', '␛]0;title␇'),
    (b'\x7f\x08\x0b\x0c\r\n', '␡␈␋␌'),
    (b'\xc2\x9b31m\r\n', '\ufffd31m'),
    ('\u2028forged\r\n'.encode(), '\n    forged'),
    (b'tab\there\r\n', 'tab\there'),
    (b'x' * 98 + b'\r\n', 'x' * 98),
    (b'x' * 99 + b'\n', 'x' * 99),
    ('ä'.encode() * 49 + b'\r\n', 'ä' * 49),
    (b'\n' * 100, ''),
    (b'\r\n' * 50, ''),
    (b'x\r\n' + bytes(97), 'x'),
    (bytes(98) + b'\r\n', '\ufffd' * 98),
    (b'12', None),
    (b'\r', None),
    (b'\r\r', None),
    (b'x', None),
    (b'x\r', None),
    (b'x' * 100, None),
    (b'x' * 99 + b'\r', None),
    (b'\xff' * 100, None),
    (b'\xff\xff', None),
    (b'x' * 98 + b'\xc3\xa4', None),
    (b'x' * 99 + b'\xc3', None),
    (b'\r' * 100, None),
    (bytes(99) + b'x', None),
    (b'x' + bytes(99), None),
    (b'x' * (1 << 20), None),
    (b'\xff' * (1 << 20), None),
    (bytes((1 << 20) - 1) + b'x', None),
    (b'x' * 4096, None),
    (b'x' * 4095 + b'\n', 'x' * 4095),
    (b'x' * 4096 + b'\n', 'x' * 4096),
    (b'x' * 4095 + b'\r\n', 'x' * 4095),
    (b'x' * 4094 + b'\xc3\xa4\r\n', 'x' * 4094 + 'ä'),
    (b'x' * ((1 << 20) - 1) + b'\n', 'x' * ((1 << 20) - 1)),
]


@tap.case
def hostile_regions():
    """A hostile region of a line is an error or a clean text, and stays as it is."""
    assert len(CLEAN) >= 50
    for data, text in CLEAN:
        if len(data) == 1:
            data += data  # one byte is too small for a line: see the next case
        with open(PATH, 'xb') as file:
            file.write(data)
        done = place.run('line', NAME)
        with open(PATH, 'rb') as file:
            assert file.read() == data, data[:100]
        os.unlink(PATH)
        if text is None:
            equal((data[:50], done.returncode, done.stdout), (data[:50], 1, b''))
            contains(done.stderr, 'none of the %d bytes' % len(data))
        else:
            equal((data[:50], done.stdout.decode()), (data[:50], text + '\n'))
            equal((data[:50], done.returncode, done.stderr), (data[:50], 0, b''))


@tap.case
def regions_without_room():
    """A region that is too small for a line is refused."""
    for size in (0, 1):
        with open(PATH, 'xb') as file:
            file.write(b'\n' * size)
        done = place.run('line', NAME, given=b'x\n')
        os.unlink(PATH)
        equal((done.returncode, done.stdout), (1, b''))
        contains(done.stderr, NAME)
    with open(PATH, 'xb') as file:
        file.write(b'\n\n')
    done = place.run('line', NAME, given=b'x\n\n')
    with open(PATH, 'rb') as file:
        equal(file.read(), b'\r\n')
    os.unlink(PATH)
    equal((done.returncode, done.stdout), (1, b'\n'))
    contains(done.stderr, 'it has 1 bytes, a message has at most 0')


@tap.case
def it_goes_on_after_a_hostile_region():
    """After a hostile line the next good one is shown."""
    with open(PATH, 'xb') as file:
        file.write(b'x' * 100)
    ours = line()
    wait_until(lambda: 'none of the 100 bytes' in ours.said(), 'the complaint')
    with open(PATH, 'r+b') as file:
        file.write(b'repaired\r\n')
    equal(ours.hear(), 'repaired')
    ours.say('ours')
    wait_until(lambda: content().startswith(b'ours\r\n'), 'our line')
    equal(ours.end(), 1)
    equal(len(ours.said().splitlines()), 1)
    os.unlink(PATH)


@tap.case
def a_region_takes_no_memory_of_ours():
    """A region without a line end takes no memory of the reader's."""
    with open(CTL, 'rb') as file:
        if b'__asan_init' in file.read():
            raise tap.Skip('the sanitizer needs memory of its own')
    limit = 48 << 20
    with open(PATH, 'xb') as file:
        file.write(b'x' * (64 << 20))
    try:
        done = place.run('line', NAME, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)))
    finally:
        os.unlink(PATH)
    equal((done.returncode, done.stdout), (1, b''))
    contains(done.stderr, 'none of the %d bytes' % (64 << 20))


@tap.case
def help_and_wrong_words():
    """--help describes the verb, and wrong arguments are refused with status 2."""
    contains(good('line', '--help'), 'shmoozectl line [OPTION', '[NAME]', '--capacity=N', '--mutex=M', '--color=WHEN',
             '/YourMemoryMappedFileName', MUTEX)
    for options, word in ((('a', 'b'), 'one region'), (('--color=blue',), 'blue'), (('--capacity=x',), 'x'),
                          (('--capacity=-1',), '-1'), (('--wrong',), '--wrong')):
        bad(2, 'line', *options, words=[word, 'shmoozectl line --help'])
    for options, word in (((NAME, '--mutex=/m'), '/m'), (('a/b',), 'a/b'), ((NAME, '--capacity=0'), 'capacity 0')):
        bad(1, 'line', *options, words=[word])
    equal(place.regions(), [])


if __name__ == '__main__':
    main(NAME, may_leave=True)
