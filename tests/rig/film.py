#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two real windows hold a short talk with real keys: with-display -s 1000x600 ./film.py PICTURE.png FILM.gif

Makes the README's picture and film. SHMOOZE is the program."""
import os
import sys
import time
import a11y
import ui

PACE = 0.07                                       # seconds a key: a person's, for the film only
WIDTH, HEIGHT, GAP = 440, 430, 12
TALK = [
    ('Ada', 'Hello Ben, can you read this?'),
    ('Ben', 'Yes, while you type it!'),
    ('Ada', 'No server, no socket. Just memory.'),
]
PICTURED = 'No server, no socket.'                # the picture is taken when this much is typed


def compose(window, text, photo):
    composer = a11y.get_shown(window.frame, 'text', 'Write a message')
    window.focus()
    for i, c in enumerate(text):
        ui.run('xdotool', 'type', c)
        time.sleep(PACE)
        if text[:i + 1] == PICTURED:
            a11y.wait(lambda: a11y.text(composer) == PICTURED)
            photo()
    a11y.wait(lambda: a11y.text(composer) == text)


def correct(window, wrong, right):
    """A slip of the pen, seen by the other as well."""
    for c in wrong:
        ui.run('xdotool', 'type', c)
        time.sleep(PACE)
    time.sleep(0.3)
    for _ in wrong:
        ui.run('xdotool', 'key', 'BackSpace')
        time.sleep(PACE)


def said(window, text):
    a11y.wait(lambda: any(text in a11y.text(n) for n in a11y.find_all(window.frame, 'text', 'Messages')))


def main(picture, film):
    ui.run('xsetroot', '-solid', '#d5d3d0')
    windows = {}
    for i, nick in enumerate(('Ada', 'Ben')):
        windows[nick] = ui.Window(os.environ['SHMOOZE'], 'chat', f'--name={nick}', title='chat')
        windows[nick].place(GAP + i * (WIDTH + GAP), GAP, WIDTH, HEIGHT)
    geometry = f'{2 * WIDTH + 3 * GAP}x{HEIGHT + 2 * GAP}+0,0'
    ui.run('xdotool', 'mousemove', '990', '590')

    def photo():
        time.sleep(0.3)                           # the other window draws what it was just told
        shot = ui.picture()
        shot.crop(0, 0, 2 * WIDTH + 3 * GAP, HEIGHT + 2 * GAP).save(picture)

    with ui.Film(film, geometry, fps=10):
        time.sleep(0.6)
        for number, (nick, text) in enumerate(TALK):
            window = windows[nick]
            window.focus()
            if number == 1:
                correct(window, 'No', 'Yes')
            compose(window, text, photo)
            time.sleep(0.4)
            window.key('Return')
            for each in windows.values():
                said(each, text)
            time.sleep(0.9)
        time.sleep(0.6)
    status = [w.close() for w in windows.values()]
    if any(status):
        sys.exit(f'a window ended with status {status}')


if __name__ == '__main__':
    main(*sys.argv[1:])
