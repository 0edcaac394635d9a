/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "testlib.h"

#include <glib/gstdio.h>
#include <string.h>

G_BEGIN_DECLS

#define RW SHMOOZE_ACCESS_READ_WRITE
#define READ SHMOOZE_ACCESS_READ

/* What almost every test of regions does; it is asserted that it works. */

static inline ShmoozeRegion *
create (const char *name,
        guint64     capacity)
{
  g_autoptr(GError) error = NULL;
  ShmoozeRegion *region = shmooze_region_create (name, capacity, RW, &error);

  g_assert_no_error (error);
  g_assert_nonnull (region);
  return region;
}

static inline ShmoozeRegion *
open_as (const char    *name,
         ShmoozeAccess  access)
{
  g_autoptr(GError) error = NULL;
  ShmoozeRegion *region = shmooze_region_open (name, access, &error);

  g_assert_no_error (error);
  g_assert_nonnull (region);
  return region;
}

static inline ShmoozeRegion *
open_region (const char *name)
{
  return open_as (name, RW);
}

static inline ShmoozeView *
view_of (ShmoozeRegion *region,
         guint64        offset,
         guint64        size,
         ShmoozeAccess  access)
{
  g_autoptr(GError) error = NULL;
  ShmoozeView *view = shmooze_region_create_view (region, offset, size, access, &error);

  g_assert_no_error (error);
  g_assert_nonnull (view);
  return view;
}

static inline gboolean
is_there (const char *path)
{
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static inline void
check_no_creation (const char    *name,
                   guint64        capacity,
                   ShmoozeAccess  access,
                   int            code,
                   const char    *word)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_region_create (name, capacity, access, &error));
  test_check_error (&error, G_IO_ERROR, code, name, word, NULL);
}

static inline void
check_absent (const char *name)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_region_open (name, READ, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, name, NULL);
}

static inline void
check_zeros (const char *data,
             gsize       size)
{
  for (gsize i = 0; i < size; i++)
    g_assert_cmpint (data[i], ==, 0);
}

G_END_DECLS
