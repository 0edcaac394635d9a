# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-sources.py: rules that the sources keep, which no compiler checks."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'rig'))
import promises
import tap


@tap.case
def every_case_has_a_summary():
    """Every test case says in one or two sentences what it promises."""
    found = [(f'{suite}/{program}: {case}', summary) for suite, program, cases in promises.programs()
             for case, summary in cases]
    missing = [case for case, summary in found if not summary or not summary.rstrip().endswith('.')]
    assert not missing, 'without a summary: ' + ', '.join(missing)
    tap.note(f'{len(found)} cases')


tap.main()
