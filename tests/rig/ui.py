# SPDX-License-Identifier: LGPL-2.1-or-later
"""A person's hands and eyes on X11: keys, clicks, pixels. Uses xdotool, xmodmap, xprop, ImageMagick and ffmpeg."""
import os
import re
import subprocess
import a11y
from picture import Picture
from window import BaseWindow

SCALE = int(os.environ.get('GDK_SCALE', '1'))


def run(*cmd):
    return subprocess.run(cmd, check=True, capture_output=True, text=True).stdout.strip()


class Window(BaseWindow):
    def show(self):
        # One process can have more X windows than one (popovers): take the one with the title.
        self.id = a11y.wait(self._find)

    def _find(self):
        found = subprocess.run(['xdotool', 'search', '--onlyvisible', '--pid', str(self.pid)],
                               capture_output=True, text=True)
        for i in found.stdout.split():
            if self.frame.get_name() == run('xdotool', 'getwindowname', i):
                return i

    def corner(self):
        """The content's corner on the screen: GTK's shadow or border is part of the X window."""
        geo = run('xdotool', 'getwindowgeometry', '--shell', self.id)
        x, y, width = (int(re.search(rf'^{k}=(-?\d+)', geo, re.M)[1]) for k in ('X', 'Y', 'WIDTH'))
        ext = re.search(r'= (\d+), (\d+), (\d+), (\d+)', run('xprop', '-id', self.id, '_GTK_FRAME_EXTENTS'))
        if ext:
            return x + int(ext[1]), y + int(ext[3])
        border = (width - a11y.box(self.frame)[2] * SCALE) // 2
        return x + border, y + border

    def place(self, x, y, width, height):
        """Moves and sizes the window; x and y are those of its frame."""
        run('xdotool', 'windowsize', self.id, str(width), str(height))
        run('xdotool', 'windowmove', self.id, str(x), str(y))
        a11y.wait(lambda: f'WIDTH={width}\nHEIGHT={height}' in
                  run('xdotool', 'getwindowgeometry', '--shell', self.id))

    def focus(self):
        run('xdotool', 'windowactivate', '--sync', self.id)
        a11y.wait(lambda: run('xdotool', 'getwindowfocus') == self.id)

    def click(self, node):
        x, y = self.corner()
        nx, ny, w, h = a11y.box(node)
        px, py = x + (nx + w // 2) * SCALE, y + (ny + h // 2) * SCALE
        run('xdotool', 'mousemove', str(px), str(py), 'click', '1')

    def key(self, *keys):
        self.focus()
        run('xdotool', 'key', *keys)

    def type(self, text):
        self.focus()
        teach(text)
        run('xdotool', 'type', '--delay', '2', text)

    def start_typing(self, text, delay):
        """Types at a pace of its own, beside the test; the process that does."""
        self.focus()
        teach(text)
        first, *rest = ([['type', '--args', '1', '--delay', str(delay), line] for line in text.split('\n')])
        return subprocess.Popen(['xdotool', *first, *(word for line in rest for word in ['key', 'Return', *line])])

    @staticmethod
    def stop_typing(typist):
        """Ends it in the middle; a key that it had down would be dead for all who come after."""
        typist.kill()
        typist.wait()
        run('xdotool', 'keyup', '--delay', '0', *map(str, range(10, 256)))

    def picture(self):
        return picture(self.id)


_known = {}                                   # character: its keycode
_free = None


def teach(text):
    """Puts every character that the us layout lacks on a key of its own.

    Without this xdotool remaps a key per character while typing, and the program loses some of them."""
    global _free
    if _free is None:
        _free = [m[1] for m in re.finditer(r'^keycode +(\d+) =\s*$', run('xmodmap', '-pke'), re.M)]
    wanted = {c for c in text if ord(c) > 126}
    new = sorted(wanted - set(_known))
    if not new:
        return
    for c in [c for c in _known if c not in wanted]:
        if len(_free) < len(new):
            _free.append(_known.pop(c))
    if len(_free) < len(new):
        raise RuntimeError(f'{len(new)} new characters, {len(_free)} free keys')
    args = []
    for c in new:
        _known[c] = _free.pop()
        args += ['-e', f'keycode {_known[c]} = U{ord(c):04X}']
    run('xmodmap', *args)
    a11y.time.sleep(0.1)                      # the programs' keymap notification has no answer to wait for


def set_clipboard(text):
    """xclip stays behind to serve the clipboard and ends with the display or the next owner."""
    subprocess.run(['xclip', '-selection', 'clipboard'], input=text.encode(), check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def get_clipboard():
    done = subprocess.run(['xclip', '-selection', 'clipboard', '-o'], capture_output=True, timeout=10)
    return done.stdout.decode()


def picture(window='root'):
    return Picture.from_ppm(subprocess.run(['import', '-silent', '-window', window, '-depth', '8', 'ppm:-'],
                                  check=True, capture_output=True).stdout)


class Film:
    """with Film('demo.gif', '880x380+0,0'): films that part of the screen; .gif or .webm."""

    def __init__(self, path, geometry, fps=12):
        self.path, self.raw, (size, at) = path, path + '.mkv', geometry.split('+')
        self.cmd = ['ffmpeg', '-v', 'error', '-y', '-f', 'x11grab', '-draw_mouse', '0', '-framerate', str(fps),
                    '-video_size', size, '-i', f"{os.environ['DISPLAY']}+{at}", '-c:v', 'libx264', '-preset', 'ultrafast',
                    '-qp', '0', '-pix_fmt', 'yuv444p', '-flush_packets', '1', self.raw]

    def __enter__(self):
        self.ffmpeg = subprocess.Popen(self.cmd, stdin=subprocess.PIPE)
        a11y.wait(lambda: os.path.exists(self.raw) and os.path.getsize(self.raw) > 0)
        return self

    def __exit__(self, *failed):
        self.ffmpeg.communicate(b'q')
        if not failed[0]:
            if self.path.endswith('.gif'):
                how = ['-vf', 'split[a][b];[a]palettegen=max_colors=64:stats_mode=diff[p];'
                              '[b][p]paletteuse=dither=none:diff_mode=rectangle']
            else:
                how = ['-c:v', 'libvpx-vp9', '-crf', '40', '-b:v', '0', '-pix_fmt', 'yuv420p']
            run('ffmpeg', '-nostdin', '-v', 'error', '-y', '-i', self.raw, *how, self.path)
        os.unlink(self.raw)
