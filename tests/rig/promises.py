#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints what every test case promises, as Markdown: promises.py [NAME...], NAME being a suite or a test program.

The promises are the summaries of the cases: g_test_summary() in C, the docstring in Python."""
import ast
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]


def c_cases(source):
    """Each case's path and summary; a function with a summary that test_add() does not name is listed by its name."""
    begun = re.compile(r'^(\w+) \([^(){}]*\)\n\{\n(?:(?!\}).*\n)*?  g_test_summary \(((?:.*\n)*?.*?)\);$', re.M)
    summaries = {name: ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', strings)).replace('\\"', '"')
                 for name, strings in begun.findall(source)}
    paths = {function: path for path, function in re.findall(r'test_add \("([^"]+)",\s*(\w+)\)', source)}
    for function in {**summaries, **paths}:
        yield paths.get(function, function), summaries.get(function)


def python_cases(source):
    for node in ast.parse(source).body:
        marks = [ast.unparse(mark) for mark in getattr(node, 'decorator_list', [])]
        if 'case' in marks or 'tap.case' in marks:
            yield node.name, ast.get_docstring(node)


def programs():
    """Each test program, with its suite's folder and its cases."""
    for path in sorted(TESTS.glob('*/*.[cp]*')):
        if path.suffix in ('.c', '.py'):
            cases = list((c_cases if path.suffix == '.c' else python_cases)(path.read_text()))
            if cases:
                yield path.parent.name, path.name.removesuffix('.c'), cases


def main(names):
    for suite, program, cases in programs():
        if not names or suite in names or program.removeprefix('test-').removesuffix('.py') in names:
            print(f'## {suite}/{program}\n')
            for case, summary in cases:
                print(f'- {" ".join((summary or "(no summary)").split())} `{case}`')
            print()


if __name__ == '__main__':
    main(sys.argv[1:])
