#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the test cases of finished runs: tally.py [--broken WHAT]... LOGBASE|FILE.tap...

LOGBASE is the argument of meson's --logbase: LOGBASE.junit.xml has every case of every TAP test, and LOGBASE.json the
result of each test program. A program that failed without a failed case (it crashed, was stopped by its time limit, or
announced more cases than it ran) counts as one more failed case. Prints what failed, then one line with the counts. The
exit status is 1 if anything failed, or if nothing ran."""
import json
import re
import sys
import xml.etree.ElementTree as xml

GOOD = {'OK', 'EXPECTEDFAIL', 'SKIP'}
MOST = 200                                        # lines of a failed program's output


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def fail(self, what, output=''):
        self.failed += 1
        print(f'\nFAILED: {what}')
        lines = (output or '').rstrip().splitlines()
        if len(lines) > MOST:
            print(f'  | … {len(lines) - MOST} lines before these')
        for line in lines[-MOST:]:
            print(f'  | {line}')

    def add_tap(self, path):
        """Counts the TAP output of a program that meson does not run."""
        run = path.rsplit('/', 1)[-1].removesuffix('.tap')
        with open(path) as file:
            lines = file.read().splitlines()
        plan = next((line for line in lines if re.match(r'1\.\.\d', line)), None)
        if plan is None:
            self.fail(f'the {run} tests did not run', '\n'.join(lines))
        elif plan.startswith('1..0'):
            self.skipped += 1
            print(f'\nSKIPPED: the {run} tests{plan[4:]}')
        else:
            said = [line for line in lines if re.match(r'(not )?ok ', line)]
            for line in said:
                if line.startswith('not'):
                    self.fail(f'{run}: {line}', '\n'.join(lines))
                elif '# SKIP' in line:
                    self.skipped += 1
                else:
                    self.passed += 1
            if len(said) != int(plan[3:]):
                self.fail(f'{run}: {len(said)} of {plan[3:]} cases ran', '\n'.join(lines))

    def add(self, base):
        run = base.rsplit('/', 1)[-1]
        try:
            cases = self.cases(xml.parse(base + '.junit.xml').getroot())
            with open(base + '.json') as log:
                tests = [json.loads(line) for line in log]
        except (OSError, ValueError, xml.ParseError) as error:
            self.fail(f'the {run} tests did not run', str(error))
            return
        if not tests:
            self.fail(f'the {run} tests: none was run')
        for test in tests:
            self.add_test(run, test, cases.get(test['name'], []))

    @staticmethod
    def cases(root):
        """The TAP cases of each test. A test that does not print TAP has none."""
        found = {}
        for suite in root.iter('testsuite'):
            if '.' in suite.get('name'):
                found.setdefault(suite.get('name').split('.', 1)[1], []).extend(suite.iter('testcase'))
        return found

    def add_test(self, run, test, cases):
        name, output = f"{run}: {test['name']}", test.get('stdout', '') + test.get('stderr', '')
        bad = 0
        for case in cases:
            if case.find('skipped') is not None:
                self.skipped += 1
            elif case.find('failure') is not None or case.find('error') is not None:
                bad += 1
                self.fail(f"{name}: {case.get('name').split(' - ', 1)[-1]}", output if bad == 1 else '')
            else:
                self.passed += 1
        if test['result'] not in GOOD and not bad:
            self.fail(f"{name} ({test['result'].lower()}, status {test['returncode']})", output)
        elif not cases:
            if test['result'] == 'SKIP' and '1..' in test.get('stdout', '') and '1..0' not in test['stdout']:
                self.fail(f'{name} (ran none of its cases)', output)
            elif test['result'] == 'SKIP':
                self.skipped += 1
            elif test['result'] in GOOD:
                self.passed += 1


def main(arguments):
    tally = Tally()
    while arguments:
        argument = arguments.pop(0)
        if argument == '--broken':
            tally.fail(arguments.pop(0))
        else:
            (tally.add_tap if argument.endswith('.tap') else tally.add)(argument)
    counts = f'{tally.passed} passed, {tally.failed} failed'
    print(f'\n{counts}, {tally.skipped} skipped' if tally.skipped else f'\n{counts}')
    return tally.failed > 0 or tally.passed == 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
