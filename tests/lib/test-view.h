/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-region.h"

G_BEGIN_DECLS

/* A view that is the only holder of a new region */
static inline ShmoozeView *
lone_view (const char *name,
           guint64     size)
{
  g_autoptr(ShmoozeRegion) region = create (name, size);
  ShmoozeView *view = view_of (region, 0, 0, RW);

  shmooze_region_close (region);
  return view;
}

static inline void
write_bytes (ShmoozeView *view,
             guint64      position,
             const char  *bytes,
             gsize        n)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (shmooze_view_write (view, position, bytes, n, &error));
  g_assert_no_error (error);
}

static inline void
check_bytes (ShmoozeView *view,
             guint64      position,
             const char  *bytes,
             gsize        n)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *found = g_malloc (n);

  g_assert_cmpint (shmooze_view_read (view, position, found, n, &error), ==, n);
  g_assert_no_error (error);
  g_assert_cmpmem (found, n, bytes, n);
}

/* The eleven types, for tests of all of them */

typedef struct
{
  const char *name;
  gsize       size;  /* in the view, in bytes */
  gboolean  (*load)  (ShmoozeView *view, guint64 position, GError **error);
  gboolean  (*store) (ShmoozeView *view, guint64 position, GError **error);  /* writes a value other than 0 */
} ValueType;

#define FOR_EACH_TYPE(X) \
  X (int8, gint8, 1) X (uint8, guint8, 1) X (int16, gint16, 2) X (uint16, guint16, 2) X (int32, gint32, 4) \
  X (uint32, guint32, 4) X (int64, gint64, 8) X (uint64, guint64, 8) X (float, gfloat, 4) X (double, gdouble, 8) \
  X (boolean, gboolean, 1)

#define DEFINE_TYPE(NAME, ctype, n) \
  static inline gboolean \
  load_##NAME (ShmoozeView *view, guint64 position, GError **error) \
  { \
    ctype value; \
    return shmooze_view_read_##NAME (view, position, &value, error); \
  } \
  static inline gboolean \
  store_##NAME (ShmoozeView *view, guint64 position, GError **error) \
  { \
    return shmooze_view_write_##NAME (view, position, (ctype) 77, error); \
  }
#define LIST_TYPE(NAME, ctype, n) { #NAME, n, load_##NAME, store_##NAME },

FOR_EACH_TYPE (DEFINE_TYPE)

static const ValueType types[] G_GNUC_UNUSED = { FOR_EACH_TYPE (LIST_TYPE) };

G_END_DECLS
