#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of shmoozectl share-text and show-text."""
import json
import os
import re
import signal
import struct
import sys

from common import CTL, DEADLINE, PEERS, Dialog, Piped, Terminal, bad, contains, equal, good, main, place, tap, wait_until

PEER = os.path.join(PEERS, 'shared_text.py')
NAME = '/shmoozectl-text-%d' % os.getpid()
PATH = '/dev/shm' + NAME
CHANGES = 1000
MAX_UNITS = 4043
NONE = 'shmoozectl: Memory-mapped file does not exist. Run Process A first.\n'
RULE = '-' * 30


def peer(role, count=CHANGES):
    program = place.keep(Dialog(place, (sys.executable, PEER, role, NAME, str(count))))
    equal(program.hear(), 'ready')
    return program


def share(*options, given=''):
    """A running share-text, once its text is shared."""
    program = place.keep(Piped(place, (CTL, 'share-text', NAME) + options))
    program.write(given)
    wait_for_text(given, program)
    return program


def show(*options):
    return good('show-text', NAME, *options).decode()


def wait_for_text(text, program):
    """Waits until the text is in the region. The test reads the memory itself."""
    wait_until(lambda: program.process.poll() is not None or content() == text, repr(text))
    equal((program.process.poll(), program.said()), (None, ''))


def content():
    try:
        with open(PATH, 'rb') as file:
            data = file.read()
    except FileNotFoundError:
        return None
    count = struct.unpack_from('<i', data)[0]
    return data[10:10 + 2 * count].decode('utf-16-le')


def follow(*options):
    """A running show-text that follows."""
    return place.keep(Piped(place, (CTL, 'show-text', NAME, '--follow') + options))


def interrupt(program, status=0, number=signal.SIGINT):
    program.process.send_signal(number)
    equal(program.wait(), status)


def put(data, path=PATH):
    with open(path, 'wb') as file:
        file.write(data)


def region(count, units=b'', size=64):
    return (struct.pack('<i', count) + bytes(6) + units).ljust(size, b'\0')


@tap.case
def thousand_changes_of_ours():
    """A reader that only knows the layout sees 1,000 changes, and never a length without its text."""
    sharer = share()
    reader = peer('grow')
    for number in range(1, CHANGES + 1):
        sharer.write('%d\n' % number)
        equal(reader.hear(), 'saw %d' % number)
    equal(reader.end(), 0)
    interrupt(sharer)


@tap.case
def thousand_changes_of_a_peer():
    """1,000 changes by a sharer that only knows the layout are followed, none lost."""
    writer = peer('step')
    reader = place.dialog('show-text', NAME, '--follow', '--json')
    equal(json.loads(reader.hear())['text'], '')
    for number in range(1, CHANGES + 1):
        equal(writer.ask(''), 'wrote %d' % number)
        text = chr(ord('A') + number % 26) * (1 + number * 37 % MAX_UNITS)
        found = {'text': ''}
        # While the peer writes, its count is 0.
        while found['text'] == '':
            found = json.loads(reader.hear())
        equal(found, {'name': NAME, 'units': len(text), 'text': text})
    equal(writer.end(), 0)
    equal(reader.process.wait(DEADLINE), 1)
    equal(reader.said(), 'shmoozectl: The region “%s” was removed.\n' % NAME)


@tap.case
def thousand_changes_between_two_of_ours():
    """1,000 changes between share-text and show-text arrive in order."""
    sharer = share()
    reader = place.dialog('show-text', NAME, '--follow', '--json')
    equal(json.loads(reader.hear())['text'], '')
    text = ''
    for number in range(1, CHANGES + 1):
        sharer.write('%d\n' % number)
        text += '%d\n' % number
        equal(json.loads(reader.hear())['text'], text)
    interrupt(sharer)
    equal(reader.process.wait(DEADLINE), 1)
    equal(reader.said(), 'shmoozectl: “%s” is no longer shared.\n' % NAME)


@tap.case
def none_there():
    """Without a shared text, show-text fails with the message of the classic program."""
    for options in ((), ('--json',), ('--follow',)):
        done = place.run('show-text', NAME, *options)
        equal((done.returncode, done.stdout, done.stderr.decode()), (1, b'', NONE))


@tap.case
def the_classic_name():
    """Without a name the classic name is used."""
    for verb in ('share-text', 'show-text'):
        contains(place.run(verb, '--help').stdout, 'NAME defaults to “/EMoreauSharedDemo”')


@tap.case
def text_in_a_pipe():
    """A pipe receives the shared text, unchanged to the last byte."""
    for text in ('hello', 'two\nlines\n', 'Grüße 😀\t\x1b[1m\u2028', ''):
        sharer = share(given=text)
        equal(show(), text)
        equal(json.loads(show('--json')),
              {'name': NAME, 'units': len(text.encode('utf-16-le')) // 2, 'text': text})
        interrupt(sharer)


@tap.case
def red_where_asked_for():
    """The text is red at a terminal, or as --color says."""
    sharer = share(given='a\nb\n')
    equal(show('--color=always'), '\x1b[31ma\x1b[m\n\x1b[31mb\x1b[m\n')
    equal(show('--color=never'), 'a\nb\n')
    interrupt(sharer)


@tap.case
def shared_after_the_end_of_the_input():
    """The text stays shared after the end of the input, until a signal."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        sharer = share(given='stays')
        # Only at the end is this no beginning of a character.
        sharer.write(b'\xc3')
        sharer.process.stdin.close()
        wait_for_text('stays\ufffd', sharer)
        equal(show(), 'stays\ufffd')
        interrupt(sharer, number=number)
        equal(sharer.said(), '')
        equal(place.run('show-text', NAME).stderr.decode(), NONE)


@tap.case
def halves_of_a_character():
    """Half a character from a pipe is not shared until it is whole."""
    sharer = share(given='a')
    text = 'a'
    for character in 'é€😀':
        encoded = character.encode()
        for n in range(1, len(encoded)):
            sharer.write(b'.' + encoded[:n])
            text += '.'
            wait_for_text(text, sharer)
            sharer.write(encoded[n:])
            text += character
            wait_for_text(text, sharer)
    equal(json.loads(show('--json'))['units'], 1 + 2 + 4 + 9)
    sharer.write(b'\xc3')
    sharer.process.stdin.close()
    wait_for_text(text + '\ufffd', sharer)
    interrupt(sharer)


@tap.case
def no_utf_8():
    """Bytes that are not UTF-8 are shared as U+FFFD."""
    sharer = share()
    sharer.write(b'a\xffb\0c\xed\xa0\x80.')
    wait_for_text('a\ufffdb\ufffdc\ufffd\ufffd\ufffd.', sharer)
    interrupt(sharer)


@tap.case
def too_long():
    """If the input is too long, the lines that fit stay shared, an error gives the numbers, and the pipe is not blocked."""
    sharer = share('--capacity', '34', given='one\ntwo\n')
    sharer.write('three\nfour\nfive\n' + 'more\n' * 100000)
    wait_until(lambda: sharer.said(), 'the refusal')
    equal(show(), 'one\ntwo\n')
    match = re.fullmatch('shmoozectl: Line 3 and what follows it are not shared: '
                         'Text too long: (\\d+) UTF-16 units, but “%s” has room for 12\n' % NAME, sharer.said())
    assert match and int(match.group(1)) > 12, sharer.said()
    sharer.process.stdin.close()
    interrupt(sharer, 1)


@tap.case
def too_long_at_once():
    """Of input that arrives in one piece, the whole lines that fit are shared."""
    line = '123456😀\n'
    sharer = place.keep(Piped(place, (CTL, 'share-text', NAME)))
    sharer.write(line * 2000)
    wait_until(lambda: sharer.said(), 'the refusal')
    equal(content(), line * (MAX_UNITS // 9))
    contains(sharer.said(), 'Line %d ' % (MAX_UNITS // 9 + 1), str(MAX_UNITS))
    interrupt(sharer, 1)


@tap.case
def just_fits():
    """A text may fill the region to its last unit; one more is refused."""
    text = '😀' * (MAX_UNITS // 2) + '.'
    sharer = share(given=text)
    equal(json.loads(show('--json')), {'name': NAME, 'units': MAX_UNITS, 'text': text})
    sharer.write('.')
    wait_until(lambda: sharer.said(), 'the refusal')
    contains(sharer.said(), 'Line 1 ', '%d UTF-16 units' % (MAX_UNITS + 1), 'room for %d' % MAX_UNITS)
    equal(content(), text)
    interrupt(sharer, 1)


@tap.case
def capacities():
    """The capacity of a shared text can be given with a unit."""
    for capacity, status, word in (('9', 1, 'Invalid capacity of 9 bytes'), ('0', 1, 'Invalid capacity of 0 bytes'),
                                   ('x', 2, 'Invalid size “x”'), ('-1', 2, 'Invalid size “-1”')):
        bad(status, 'share-text', NAME, '--capacity', capacity, words=[word])
    sharer = share('--capacity', '1K', given='x' * 507)
    sharer.write('y')
    wait_until(lambda: sharer.said(), 'the refusal')
    contains(sharer.said(), '508 UTF-16 units', 'room for 507')
    interrupt(sharer, 1)


@tap.case
def second_sharer():
    """A second sharer of a name fails."""
    sharer = share(given='mine')
    bad(1, 'share-text', NAME, given=b'yours', words=['A text is already being shared as “%s”' % NAME])
    equal(show(), 'mine')
    sharer.process.kill()
    sharer.wait()
    interrupt(share(given='yours'))


@tap.case
def former_text_goes():
    """A text that another program left in the region is not shared."""
    put(region(-7, b'junk'))
    sharer = share()
    equal(show(), '')
    interrupt(sharer)
    os.unlink(PATH)


@tap.case
def followed():
    """A followed text is printed at each change."""
    sharer = share(given='one')
    reader = follow()
    reader.wait_for('one\n')
    sharer.write(' two\n')
    reader.wait_for('one\none two\n\n')
    sharer.process.kill()
    equal(reader.wait(), 1)
    equal(reader.said(), 'shmoozectl: “%s” is no longer shared.\n' % NAME)
    equal(reader.output, b'one\none two\n\n')


@tap.case
def followed_until_a_signal():
    """Following ends at a signal with status 0."""
    sharer = share(given='one')
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        reader = follow('--json')
        reader.wait_for('"one"}\n')
        interrupt(reader, number=number)
        equal((reader.lines(), reader.said()), (['{"name":"%s","units":3,"text":"one"}' % NAME], ''))
    interrupt(sharer)


@tap.case
def followed_to_the_last_text():
    """Following ends after the last text when it is no longer shared."""
    for number in range(20):
        sharer = share()
        reader = follow()
        reader.wait_for('\n')
        sharer.write('last %d' % number)
        wait_for_text('last %d' % number, sharer)
        sharer.process.kill()
        equal(reader.wait(), 1)
        equal(reader.output.decode(), '\nlast %d\n' % number)


@tap.case
def followed_to_the_last_text_of_a_peer():
    """The last text of a sharer that only knows the layout is printed before following ends."""
    for number in range(20):
        put(region(1, b'a\0'))
        reader = follow()
        reader.wait_for('a\n')
        with open(PATH, 'r+b') as file:
            file.write(region(1, b'b\0'))
        os.unlink(PATH)
        equal(reader.wait(), 1)
        equal((number, reader.output), (number, b'a\nb\n'))


@tap.case
def followed_until_removed():
    """Following ends with an error when the region is removed."""
    sharer = share(given='one')
    reader = follow()
    reader.wait_for('one\n')
    equal(place.run('remove', NAME).returncode, 0)
    equal(reader.wait(), 1)
    equal(reader.said(), 'shmoozectl: The region “%s” was removed.\n' % NAME)
    interrupt(sharer)


@tap.case
def followed_through_a_break():
    """An invalid count is reported once, and the next valid text is printed."""
    put(region(1, 'a'.encode('utf-16-le')))
    reader = follow()
    reader.wait_for('a\n')
    with open(PATH, 'r+b') as file:
        file.write(struct.pack('<i', -1))
    wait_until(lambda: reader.said(), 'the complaint')
    with open(PATH, 'r+b') as file:
        file.write(region(2, 'ab'.encode('utf-16-le')))
    reader.wait_for('ab\n')
    equal(len(reader.said().splitlines()), 1)
    contains(reader.said(), NAME, '-1')
    interrupt(reader)
    os.unlink(PATH)


@tap.case
def followed_until_lost():
    """Following ends with an error when the region is truncated."""
    put(region(1, 'a'.encode('utf-16-le'), 8192))
    reader = follow()
    reader.wait_for('a\n')
    os.truncate(PATH, 0)
    equal(reader.wait(), 1)
    equal(len(reader.said().splitlines()), 1)
    contains(reader.said(), NAME)
    os.unlink(PATH)


@tap.case
def followed_into_a_closed_pipe():
    """When the reader of its output is gone, the follower ends silently."""
    sharer = share(given='one')
    reader = place.dialog('show-text', NAME, '--follow')
    equal(reader.hear(), 'one')
    reader.process.stdout.close()
    sharer.write(' two')
    equal(reader.process.wait(DEADLINE), 1)
    equal(reader.said(), '')
    interrupt(sharer)


def repaired(data):
    """A lone surrogate is replaced."""
    text = data.decode('utf-16-le', 'surrogatepass')
    return re.sub('[\ud800-\udfff\0]', '\ufffd', text)


def bad_regions():
    """Each with what show-text prints: the text, or None for an error."""
    for size in range(16):
        yield bytes(size), '' if size >= 10 else None
        yield b'\1' + bytes(size)[1:] if size else b'', '\ufffd' if size >= 12 else None
        yield (b'\xff' * size), None
    for count in (-1, -2, -(1 << 31), 1 - (1 << 31), 28, 29, 63, 64, 65, 4043, 1 << 16, 1 << 24, 1 << 29, 1 << 30,
                  (1 << 30) + 27, (1 << 31) - 1, (1 << 31) - 5, -64, -27, 0x01000000):
        yield region(count), None
    for size in (55, 57, 63):
        room = (size - 10) // 2
        yield region(room, b'a\0' * room, size), 'a' * room
        yield region(room + 1, b'a\0' * room, size), None
    halves = struct.pack('<H', 0xd83d), struct.pack('<H', 0xde00)
    for units in (halves[:1], halves[1:], halves[::-1], halves[:1] * 2, halves[1:] * 2, halves[:1] * 3 + halves[1:],
                  halves[:1] + (b'a\0',), (b'a\0',) + halves[1:], (b'\0\0',) * 5, (b'\xff\xff', b'\xfe\xff'),
                  halves * 3 + halves[:1], (b'\0\xd8',), (b'\xff\xdb',), (b'\0\xdc',), (b'\xff\xdf',)):
        data = b''.join(units)
        yield region(len(units), data), repaired(data)
    # The last half lies beyond the count, or beyond the region.
    yield region(1, b''.join(halves)), '\ufffd'
    yield region(27, b'a\0' * 26 + b''.join(halves), 64), 'a' * 26 + '\ufffd'


@tap.case
def hostile_regions():
    """A hostile shared text gives an error or a repaired text, and is not changed."""
    number = 0
    for number, (data, text) in enumerate(bad_regions(), 1):
        put(data)
        done = place.run('show-text', NAME)
        told = (data[:24], done)
        if text is None:
            assert done.returncode == 1 and done.stdout == b'', told
            assert re.fullmatch('shmoozectl: .*%s.*\n' % NAME, done.stderr.decode()), told
        else:
            assert (done.returncode, done.stderr) == (0, b''), told
            equal((data[:24], done.stdout.decode()), (data[:24], text))
        with open(PATH, 'rb') as file:
            equal(file.read(), data)
    os.unlink(PATH)
    assert number >= 50, number
    tap.note('%d regions' % number)


@tap.case
def hostile_regions_followed():
    """A region too small is refused; other damage is waited out until a valid text appears."""
    put(bytes(4))
    reader = follow('--json')
    equal((reader.wait(), reader.lines(), len(reader.said().splitlines())), (1, [], 1))
    for data, text in ((region(-1), None), (region(1 << 30), None), (region(27, b'\0\xd8' * 27), '\ufffd' * 27),
                       (region(5), '\ufffd' * 5)):
        put(data)
        reader = follow('--json')
        if text is None:
            wait_until(lambda: reader.said().endswith('\n'), 'the complaint')
        else:
            reader.wait_for('"text":"%s"}\n' % text)
        interrupt(reader)
        equal((len(reader.lines()), len(reader.said().splitlines())), (0, 1) if text is None else (1, 0))
    os.unlink(PATH)


@tap.case
def shown_at_a_terminal():
    """At a terminal come the length, a rule and the text in red, its control characters shown as symbols."""
    put(region(13, 'two\nl\x1b[2Ji\x07\x85s'.encode('utf-16-le')))
    program = place.terminal('show-text', NAME)
    equal(program.wait(), 0)
    program.wait_for('s\x1b[m\r\n')
    equal(program.output.decode(), '13 characters to read.\r\n%s\r\n\x1b[31mtwo\x1b[m\r\n'
          '\x1b[31ml␛[2Ji␇\ufffds\x1b[m\r\n' % RULE)
    for options, environment in ((('--color=never',), {}), ((), {'NO_COLOR': '1'}), ((), {'TERM': 'dumb'})):
        program = place.terminal('show-text', NAME, *options, **environment)
        program.wait_for('s\r\n')
        equal(program.wait(), 0)
        assert b'\x1b' not in program.output, program.output
    put(region(1, b'a\0'))
    program = place.terminal('show-text', NAME)
    program.wait_for('1 character to read.')
    program.wait()
    os.unlink(PATH)


@tap.case
def followed_at_a_terminal():
    """At a terminal a followed text is redrawn in place."""
    sharer = share(given='one\n')
    program = place.terminal('show-text', NAME, '--follow', columns=41)
    program.wait_for('one\x1b[m\r\n')
    assert b'\x1b[J' not in program.output, program.output
    sharer.write('\x1b' + 'x' * 100)
    program.wait_for('\x1b[3A\r\x1b[J105 characters to read.\r\n%s\r\n\x1b[31mone\x1b[m\r\n\x1b[31m␛%s\x1b[m\r\n'
                     '\x1b[31m%s\x1b[m\r\n\x1b[31m%s\x1b[m\r\n' % (RULE, 'x' * 39, 'x' * 40, 'x' * 21))
    sharer.write('\n%s' % ''.join('%d\n' % n for n in range(100)))
    program.wait_for('\x1b[6A\r\x1b[J')
    program.wait_for('99\x1b[m\r\n')
    last = program.output.decode().split('\x1b[J')[-1]
    equal(len(last.splitlines()), 23)
    contains(last, 'characters to read.', RULE, '\x1b[31m79\x1b[m')
    os.write(program.fd, b'\x03')
    equal(program.wait(), 0)
    interrupt(sharer)


@tap.case
def followed_at_a_dumb_terminal():
    """At a dumb terminal a followed text is printed without escape sequences."""
    sharer = share(given='one')
    program = place.terminal('show-text', NAME, '--follow', TERM='dumb')
    program.wait_for('one\r\n')
    sharer.write(' two')
    program.wait_for('one two\r\n')
    assert b'\x1b' not in program.output, program.output
    interrupt(sharer)
    program.wait_for('no longer shared.\r\n')
    equal(program.wait(), 1)


def typist(*options, **keywords):
    program = place.terminal('share-text', NAME, *options, **keywords)
    program.wait_for('Ctrl+D ends')
    wait_until(lambda: content() == '', 'the region')
    return program


def wait_for_content(text):
    wait_until(lambda: content() == text, '%r in place of %r' % (text, content()))


@tap.case
def typed_at_a_terminal():
    """What is typed is shared with every key."""
    program = typist()
    for text in ('h', 'he', 'hel', 'hel😀'):
        program.write(text[-1])
        wait_for_content(text)
    program.write('\x7f')
    wait_for_content('hel')
    program.write('p\r')
    program.wait_for('help\r\n')
    equal(content(), 'help')
    program.write('n')
    wait_for_content('n')
    program.write('\x15')
    wait_for_content('')
    program.write('again\r')
    wait_for_content('again')
    program.write('\r')
    wait_for_content('')
    program.write('\x04')
    equal(program.wait(), 0)
    equal(content(), None)


@tap.case
def too_long_at_a_terminal():
    """A text that is too long is reported while it is typed."""
    program = typist('--capacity', '20')
    program.write('12345')
    wait_for_content('12345')
    program.write('6')
    program.wait_for('Text too long: 6 UTF-16 units, but “%s” has room for 5' % NAME)
    equal(content(), '12345')
    program.write('\r')
    program.write('\x7f\x7f')
    wait_for_content('1234')
    program.write('\x03')
    equal(program.wait(), 0)


@tap.case
def end_of_the_input_told_at_a_terminal():
    """At a terminal the end of the input is reported, and the text stays shared."""
    program = place.keep(Terminal(place, ('sh', '-c', 'printf text | %s share-text %s' % (CTL, NAME))))
    program.wait_for('The input has ended; the text stays shared until Ctrl+C.')
    equal(show(), 'text')
    os.write(program.fd, b'\x03')
    program.wait()
    wait_until(lambda: content() is None, 'its end')


@tap.case
def wrong_words():
    """Wrong arguments are refused with status 2."""
    for arguments in (('share-text', 'a', 'b'), ('show-text', 'a', 'b'), ('show-text', '--color=blue'),
                      ('share-text', '--follow'), ('share-text', '--json')):
        bad(2, *arguments, words=['--help'])
    for verb in ('share-text', 'show-text'):
        bad(1, verb, 'a/b', words=['slash'])


main(NAME)
