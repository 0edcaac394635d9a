/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "testlib.h"

#include <errno.h>
#include <unistd.h>

G_BEGIN_DECLS

#define TEST_PYTHON "/usr/bin/python3"

/* A program of tests/peers/ as a child process. It uses only Python's standard library and the documented layouts. */

static inline void
test_peer_role (int    argc,
                char **argv)
{
  g_autoptr(GPtrArray) arguments = g_ptr_array_new ();

  g_ptr_array_add (arguments, (char *) TEST_PYTHON);
  for (int i = 0; i < argc; i++)
    g_ptr_array_add (arguments, argv[i]);
  g_ptr_array_add (arguments, NULL);
  execv (TEST_PYTHON, (char **) arguments->pdata);
  g_error ("%s: %s", TEST_PYTHON, g_strerror (errno));
}

/* Skips the test and returns NULL if Python is missing. */
static inline TestChild *
test_peer_new (const char *file,
               const char *role,
               const char *name,
               const char *argument)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "peers", file, NULL);

  if (!g_file_test (TEST_PYTHON, G_FILE_TEST_IS_EXECUTABLE))
    {
      g_test_skip (TEST_PYTHON " is missing");
      return NULL;
    }
  return test_child_new ("peer", path, role, name, argument, NULL);
}

G_END_DECLS
