#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same talk in other clothes, each photographed for a person to look at: with-display ./test-looks.py"""
import collections
import gettext
import os
import subprocess
import chat  # the first: it knows where the rig is
import a11y
import tap
from chat import Chat, end_all as end, hands, settings
from tap import case

LIGHT = range(150, 256), range(0, 100), range(0, 110)         # #c01c28
DARK = range(215, 256), range(85, 150), range(60, 130)        # #ff7b63


def talk(look, env, size=(620, 640), words=str):
    """A short talk; the window in the look to be seen, in its most telling state."""
    b = Chat(look, 'Ben')
    a = Chat(look, 'Ada', env=env, words=words)
    a.place(10, 10, *size)
    b.place(700, 10, 620, 640)
    plain = a.shot(f'look-{look}-alone')
    a.send('Hello, can you read this?')
    b.send('Yes, while you type it! And a line that is long enough to be wrapped in a narrow window.')
    b.send('שלום, مرحبا, 你好 😀')
    b.write('and this grows lett')
    a.wait_live('Ben', 'and this grows lett')
    a.wait_said('مرحبا')
    a.write('I see it gr')
    return a, b, plain


def luminance(picture):
    """How bright the picture is in the middle of its values, 0 to 255."""
    green = sorted(picture.rgb[1::3 * 97])
    return green[len(green) // 2]


@case
def light():
    """A talk looks right in the light style."""
    a, b, plain = talk('light', settings())
    assert plain.count(*LIGHT) == 0
    a11y.wait(lambda: a.picture().count(*LIGHT) > 200)
    assert luminance(a.shot('look-light')) > 200
    end(a, b)


@case
def dark():
    """A talk looks right in the dark style."""
    a, b, plain = talk('dark', settings('gtk-application-prefer-dark-theme=1'))
    assert plain.count(*DARK) == 0
    a11y.wait(lambda: a.picture().count(*DARK) > 200)
    picture = a.shot('look-dark')
    assert luminance(picture) < 80
    assert not picture.count([0xc0], [0x1c], [0x28]), 'the red for light windows is too dark here'
    end(a, b)


@case
def large_text():
    """A talk looks right with large text."""
    a, b, _ = talk('large', settings('gtk-font-name=DejaVu Sans 20'))
    a11y.wait(lambda: a.picture().count(*LIGHT) > 200)
    picture = a.shot('look-large')
    for name in ('Write a message', 'Send', 'Main Menu'):
        x, y, w, h = a11y.box(a.find(name))
        assert x >= 0 and y >= 0 and x + w <= picture.width and y + h <= picture.height, f'{name} does not fit'
    end(a, b)


@case
def narrow():
    """A talk looks right in a narrow window."""
    a, b, _ = talk('narrow', settings(), (360, 560))
    a11y.wait(lambda: a.picture().count(*LIGHT) > 200)
    picture = a.shot('look-narrow')
    assert picture.width == 360, f'the window does not shrink below {picture.width}'
    for name in ('Write a message', 'Send', 'Main Menu', 'New Window'):
        x, y, w, h = a11y.box(a.find(name))
        assert x >= -a11y.slack(a.frame) and x + w <= picture.width, f'{name} does not fit'
    end(a, b)


def locale_of(language):
    """One of the language's own, where there is one: newer C libraries translate nothing in C.UTF-8, and newer GTKs
    ask the locale, not the translation, for the direction."""
    known = subprocess.run(['locale', '-a'], capture_output=True, text=True).stdout.split()
    return next((name for name in known if name.startswith(language + '_') and name.endswith('.utf8')), 'C.UTF-8')


@case
def right_to_left():
    """A talk looks right in a right-to-left language."""
    try:
        arabic = gettext.translation('shmooze', os.environ['LOCALEDIR'], ['ar']).gettext
    except FileNotFoundError:
        raise tap.Skip('the Arabic translation is not installed')
    if not os.path.exists('/usr/share/locale/ar/LC_MESSAGES/gtk40.mo'):
        raise tap.Skip('GTK\'s Arabic translation is not installed')
    a, b, _ = talk('rtl', {**settings(), 'LANGUAGE': 'ar', 'LC_ALL': locale_of('ar')}, words=arabic)
    a11y.wait(lambda: a.picture().count(*LIGHT) > 200)
    picture = a.shot('look-rtl')
    row = picture.width * 3
    red = collections.Counter(i % row // 3 for i in range(0, len(picture.rgb), 3) if picture.rgb[i:i + 3] == b'\xc0\x1c\x28')
    bar = red.most_common(1)[0][0]
    assert bar > picture.width - 40, f'the red bar is at {bar} of {picture.width}, not at the start side'
    menu, new = (a11y.box(a.find(name))[0] for name in ('Main Menu', 'New Window'))
    assert menu < new, 'the header bar is not mirrored'
    end(a, b)


assert os.environ.get('DISPLAY'), 'run me in with-display'
hands.run('xsetroot', '-solid', '#808080')
tap.main(after=chat.clean)
