#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The talk of two windows on Wayland: with-sway ./test-wayland.py"""
import os
import chat  # the first: it knows where the rig is
import tap
import talk  # noqa: F401 - its cases are the ones that run here

assert os.environ.get('WAYLAND_DISPLAY') and 'DISPLAY' not in os.environ, 'run me in with-sway'
tap.main(after=chat.clean)
