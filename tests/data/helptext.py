# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parses the output of --help."""
import os
import re
import subprocess


class Help:
    """Usage, options and verbs of a program, or of one of its verbs.

    options: each with the name of its value, or None; choices: for each, the possible values.
    """

    def __init__(self, text):
        self.text = text
        self.usage = re.search(r'^Usage:\n  (.*)', text, re.M)[1]
        self.arguments = re.sub(r'^.*?\[OPTION…\] ?', '', self.usage)
        self.options, self.choices = {}, {}
        for short, long, value, words in re.findall(r'^  (-\w)?,? *(--[\w-]+)(?:=(\S+))?  +(.*)', text, re.M):
            if short:
                self.options[short] = value or None
            self.options[long] = value or None
            self.choices[long] = self.find_choices(words)
        listed = re.search(r'^Verbs:\n((?:  .*\n)+)', text, re.M)
        self.verbs = dict(re.findall(r'^  (\S+)  +(.*)', listed[1], re.M)) if listed else {}
        self.default = re.findall(r'NAME defaults to\s+“(/[^”]+)”', text)
        self.defaults_of_options = {}
        for options, name in re.findall(r'with\s+((?:--\w+(?: and )?)+)(?: it is)? “(/[^”]+)”', text):
            for option in options.split(' and '):
                self.defaults_of_options[option] = name

    @staticmethod
    def find_choices(words):
        """The three choices in "How to do it: one, two or three"."""
        found = re.search(r'(?:^|: )((?:[\w-]+, )+[\w-]+ or [\w-]+)$', words)
        return re.split(', | or ', found[1]) if found else []

    @classmethod
    def of(cls, *command):
        env = {**os.environ, 'LC_ALL': 'C.UTF-8', 'LANGUAGE': ''}
        return cls(subprocess.run([*command, '--help'], env=env, check=True, stdout=subprocess.PIPE, text=True).stdout)
