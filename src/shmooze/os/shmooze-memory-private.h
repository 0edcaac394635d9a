/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <unistd.h>

G_BEGIN_DECLS

static inline gsize
shmooze_page_size (void)
{
  return (gsize) sysconf (_SC_PAGESIZE);
}

/* @size, rounded up to whole pages. */
static inline guint64
shmooze_whole_pages (guint64 size)
{
  return (size + shmooze_page_size () - 1) & ~((guint64) shmooze_page_size () - 1);
}

guint64 shmooze_available_memory (void);
guint64 shmooze_available_bytes  (int     fd,
                                  guint64 needed);

G_END_DECLS
