#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small helpers over AT-SPI: a11y.py tree [APP] | text APP ROLE NAME | press APP ROLE NAME

Debian: python3-gi gir1.2-atspi-2.0 at-spi2-core; run with /usr/bin/python3 inside with-display.
"""
import os
import sys
import time
import warnings
import gi
gi.require_version('Atspi', '2.0')
from gi.repository import Atspi, GLib

warnings.simplefilter('ignore', DeprecationWarning)
Atspi.init()
Atspi.set_timeout(3000, 10000)

# A sanitizer makes everything slower: deadlines grow, nothing else.
PATIENCE = float(os.environ.get('RIG_PATIENCE', '1'))


def settle():
    """Takes in what came over the bus: keeps libatspi's cache fresh."""
    context = GLib.MainContext.default()
    while context.pending():
        context.iteration(False)


def wait(cond, seconds=10, step=0.02):
    """The first true value of cond(). A D-Bus error counts as 'not yet'; TimeoutError at the end."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        try:
            got = cond()
            if got:
                return got
        except GLib.Error:
            pass
        if time.monotonic() > end:
            raise TimeoutError(getattr(cond, '__doc__', None) or f'{seconds * PATIENCE:g} s passed')
        settle()
        time.sleep(step)


def wait_equal(get, want, seconds=10):
    """Waits until get() is want; the error tells what it was instead."""
    last = None

    def same():
        nonlocal last
        last = get()
        return last == want
    try:
        wait(same, seconds, 0.005)
    except TimeoutError:
        raise AssertionError(f'{abbreviate(last)} should have become {abbreviate(want)}') from None


def abbreviate(value, most=300):
    text = repr(value)
    return text if len(text) <= most else f'{text[:most // 2]} … {text[-most // 2:]} ({len(text)} characters)'


def children(node):
    kids = (node.get_child_at_index(i) for i in range(node.get_child_count()))
    return [k for k in kids if k is not None]


def walk(node, depth=0):
    yield node, depth
    for child in children(node):
        yield from walk(child, depth + 1)


def find_app(name=None, pid=None):
    for a in children(Atspi.get_desktop(0)):
        if name in (None, a.get_name()) and pid in (None, a.get_process_id()):
            return a


def app(name=None, pid=None, seconds=20):
    return wait(lambda: find_app(name, pid), seconds)


def pids():
    """The process ids of all programs on the accessibility bus."""
    settle()
    return {a.get_process_id() for a in children(Atspi.get_desktop(0))}


def find_all(root, role=None, name=None, action=None):
    return [n for n, _ in walk(root)
            if role in (None, n.get_role_name()) and name in (None, n.get_name())
            and (action is None or action in actions(n))]


def ancestors(node):
    """The node itself and all that it is in."""
    while node is not None:
        yield node
        node = node.get_parent()


def _is_new(node):
    """Is it a thing of GTK 4.10 or later? These tell more of themselves, and say less well where they are."""
    version = node.get_application().get_toolkit_version() or '0'
    return [int(part) for part in version.split('.')[:2]] >= [4, 10]


def shown(node):
    """Whether it is visible. New versions of GTK report that; for GTK 4.8, ask which widget is at its position."""
    x, y, width, height = box(node)
    if not has(node, 'VISIBLE') or width <= 0 or height <= 0:
        return False
    if _is_new(node):
        return has(node, 'SHOWING')
    frame = next(n for n in ancestors(node) if n.get_role_name() in ('frame', 'application'))
    hit = Atspi.Component.get_accessible_at_point(frame, x + width // 2, y + height // 2, Atspi.CoordType.WINDOW)
    return hit is None or hit in ancestors(node) or node in ancestors(hit)


def find_shown(root, role=None, name=None, action=None):
    return [n for n in find_all(root, role, name, action) if shown(n)]


def get(root, role=None, name=None, action=None, seconds=10):
    def find():
        return find_all(root, role, name, action)
    find.__doc__ = f'no {role or "thing"} named {name!r}'
    return wait(find, seconds)[0]


def get_shown(root, role=None, name=None, action=None, seconds=10):
    def find():
        return find_shown(root, role, name, action)
    find.__doc__ = f'no visible {role or "thing"} named {name!r}'
    return wait(find, seconds)[0]


def has(node, state):
    return node.get_state_set().contains(getattr(Atspi.StateType, state))


def text(node):
    if node.get_text_iface() is None:
        return node.get_name()
    return Atspi.Text.get_text(node, 0, Atspi.Text.get_character_count(node))


def texts(root):
    """Everything that can be read in a window, a line per thing."""
    lines = []
    for node, _ in walk(root):
        if has(node, 'VISIBLE'):
            lines += [t for t in {node.get_name(), text(node)} if t]
    return '\n'.join(lines)


def actions(node):
    if node.get_action_iface() is None:
        return []
    try:
        return [Atspi.Action.get_action_name(node, i) for i in range(Atspi.Action.get_n_actions(node))]
    except GLib.Error:                            # GTK 4.8 counts more than it can name
        return []


def press(node, action='click'):
    return Atspi.Action.do_action(node, actions(node).index(action))


def set_text(node, value):
    return Atspi.EditableText.set_text_contents(node, value)


def menu_item(root, label, seconds=10):
    """An entry of an open menu, by its label with the underline, '_About'. In GTK 4.18 it has no name: it is known
    by the key of the underlined letter."""
    name, key = label.replace('_', ''), 'Alt+' + label[label.index('_') + 1].lower()

    def matches(item):
        if item.get_name():
            return item.get_name() == name
        return (item.get_attributes() or {}).get('keyshortcuts', '').split()[-1:] == [key]

    def find():
        return [item for item in find_all(root, 'menu item') if matches(item)]
    find.__doc__ = f'no menu item {label!r}'
    return wait(find, seconds)[0]


def _extents(node):
    return Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW)


def _corner(node):
    """Where the window's corner is, as GTK counts: 4.8 from there, 4.18 from within the border."""
    frame = next((n for n in ancestors(node) if n.get_role_name() == 'frame'), None)
    return (_extents(frame).x, _extents(frame).y) if frame else (0, 0)


def slack(node):
    """How far off a box may be: GTK 4.18 forgets the padding of all that a widget is in."""
    return 20 if _is_new(node) else 0


def box(node):
    """x, y, width, height from the window's visible corner (GTK 4 knows no screen coordinates)."""
    e, (x, y) = _extents(node), _corner(node)
    return e.x - x, e.y - y, e.width, e.height


def tree(root, out=sys.stdout):
    for n, d in walk(root):
        states = ' '.join(s.value_nick for s in n.get_state_set().get_states())
        body = f' text={text(n)!r}' if n.get_text_iface() else ''
        print(f"{'  ' * d}[{n.get_role_name()}] {n.get_name()!r}{body} actions={actions(n)} {{{states}}}", file=out)


if __name__ == '__main__':
    cmd, *rest = sys.argv[1:] or ['']
    if cmd == 'tree':
        tree(app(rest[0]) if rest else Atspi.get_desktop(0))
    elif cmd == 'text':
        print(text(get(app(rest[0]), rest[1], rest[2])))
    elif cmd == 'press':
        sys.exit(not press(get(app(rest[0]), rest[1], rest[2])))
    else:
        sys.exit(__doc__)
