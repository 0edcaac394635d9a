# SPDX-License-Identifier: LGPL-2.1-or-later
"""A person's hands and eyes on Wayland (sway): the same as ui.py. Uses swaymsg, wtype and grim."""
import json
import subprocess
import a11y
from picture import Picture
from window import BaseWindow


def run(*cmd):
    return subprocess.run(cmd, check=True, capture_output=True, text=True).stdout.strip()


def _nodes(node):
    yield node
    for child in node['nodes'] + node['floating_nodes']:
        yield from _nodes(child)


def teach(text):
    """wtype brings a keymap of its own with every text."""


class Window(BaseWindow):
    def show(self):
        a11y.wait(self._node)

    def _node(self):
        for node in _nodes(json.loads(run('swaymsg', '-t', 'get_tree'))):
            if node.get('pid') == self.pid and node['type'] == 'con' and node.get('visible'):
                return node

    def place(self, x, y, width, height):
        """sway tiles: windows stand side by side by themselves."""

    def focus(self):
        run('swaymsg', f'[pid={self.pid}] focus')
        a11y.wait(lambda: self._node()['focused'])

    def click(self, node):
        rect = self._node()['rect']
        x, y, w, h = a11y.box(node)
        run('swaymsg', f'seat - cursor set {rect["x"] + x + w // 2} {rect["y"] + y + h // 2}')
        run('swaymsg', 'seat - cursor press button1')
        run('swaymsg', 'seat - cursor release button1')

    def key(self, *keys):
        """Keys are named as xdotool names them: ctrl+a, BackSpace."""
        self.focus()
        for key in keys:
            *modifiers, name = key.split('+')
            args = []
            for modifier in modifiers:
                args += ['-M', modifier]
            args += ['-k', name]
            for modifier in reversed(modifiers):
                args += ['-m', modifier]
            # Every wtype brings a keymap of its own, which the program must have taken in first.
            run('wtype', '-s', '100', *args)

    def type(self, text):
        self.focus()
        run('wtype', '-s', '100', '-d', '2', text)

    def start_typing(self, text, delay):
        self.focus()
        return subprocess.Popen(['wtype', '-s', '100', '-d', str(delay), text])

    def picture(self):
        r = self._node()['rect']
        where = f'{r["x"]},{r["y"]} {r["width"]}x{r["height"]}'
        return Picture.from_ppm(subprocess.run(['grim', '-t', 'ppm', '-g', where, '-'],
                                      check=True, capture_output=True).stdout)


def set_clipboard(text):
    subprocess.run(['wl-copy'], input=text.encode(), check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def get_clipboard():
    return subprocess.run(['wl-paste', '--no-newline'], capture_output=True, timeout=10).stdout.decode()
