# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test cases that report as TAP: @case above each function, main() at the end of the file."""
import os
import sys
import traceback

_cases = []


class Skip(Exception):
    """Raised by a case that cannot run here, with the reason."""


def case(function):
    _cases.append(function)
    return function


def note(text):
    for line in str(text).splitlines():
        print(f'# {line[:300]}', flush=True)


def artifact(name):
    """Where a picture or log of this run is kept: under the build directory."""
    folder = os.environ.get('RIG_ARTIFACTS') or 'artifacts'
    os.makedirs(folder, exist_ok=True)
    return os.path.join(folder, name)


def main(before=None, after=None):
    """Runs all cases, or those named on the command line. after(failed) is called behind each case."""
    chosen = [c for c in _cases if not sys.argv[1:] or c.__name__ in sys.argv[1:]]
    print(f'1..{len(chosen)}', flush=True)
    bad = 0
    for number, function in enumerate(chosen, 1):
        name, result, remark = function.__name__.replace('_', ' '), 'ok', ''
        try:
            try:
                if before:
                    before()
                function()
            except BaseException:
                if after:
                    after(True)
                raise
            if after:
                after(False)
        except Skip as reason:
            remark = f' # SKIP {reason}'
        except Exception:
            result = 'not ok'
            bad += 1
            note(traceback.format_exc())
        print(f'{result} {number} - {name}{remark}', flush=True)
    sys.exit(bad > 0)
