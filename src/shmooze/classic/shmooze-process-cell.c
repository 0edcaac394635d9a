/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "classic/shmooze-process-cell-private.h"

#include "classic/shmooze-layout-private.h"
#include "region/shmooze-region-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct _ShmoozeProcessCell
{
  ShmoozeLayout     layout;
  _Atomic (gint32) *word;
};

ShmoozeProcessCell *
shmooze_process_cell_new (const char  *name,
                          gboolean     create,
                          GError     **error)
{
  g_autoptr(ShmoozeProcessCell) self = g_new0 (ShmoozeProcessCell, 1);
  ShmoozeRegion *region;

  if (create)
    region = shmooze_region_create_or_open (name, sizeof *self->word, SHMOOZE_ACCESS_READ_WRITE, NULL, error);
  else
    region = shmooze_region_open (name, SHMOOZE_ACCESS_READ_WRITE, error);
  if (!shmooze_layout_map (&self->layout, region, sizeof *self->word, SHMOOZE_ACCESS_READ_WRITE, error))
    return NULL;

  self->word = shmooze_view_get_data (self->layout.view);
  return g_steal_pointer (&self);
}

void
shmooze_process_cell_free (ShmoozeProcessCell *self)
{
  shmooze_layout_clear (&self->layout);
  g_free (self);
}

ShmoozeRegion *
shmooze_process_cell_get_region (ShmoozeProcessCell *self)
{
  return self->layout.region;
}

gboolean
shmooze_process_cell_get (ShmoozeProcessCell  *self,
                          gint32              *value,
                          GError             **error)
{
  if (!shmooze_view_begin_reading (self->layout.view, error))
    return FALSE;
  *value = GINT32_FROM_LE (atomic_load (self->word));
  if (!shmooze_view_end (self->layout.view, error))
    return FALSE;
  if (*value >= SHMOOZE_PROCESS_STOP)
    return TRUE;

  g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT,
               _("Region “%s” contains %" PRId32 ", which is not a valid process ID"),
               shmooze_region_get_name (self->layout.region), *value);
  return FALSE;
}

/* Replaces @former by @value, unless the cell contains another value by now: so a worker that records its process ID
 * late never overwrites a request to stop. Sets @former to the value that was found. Returns FALSE without an error
 * if that was another value. */
gboolean
shmooze_process_cell_replace (ShmoozeProcessCell  *self,
                              gint32              *former,
                              gint32               value,
                              GError             **error)
{
  gint32 expected = GINT32_TO_LE (*former);
  gboolean replaced;

  if (!shmooze_view_begin_writing (self->layout.view, error))
    return FALSE;
  replaced = atomic_compare_exchange_strong (self->word, &expected, GINT32_TO_LE (value));
  *former = GINT32_FROM_LE (expected);
  return shmooze_view_end (self->layout.view, error) && replaced;
}

static gboolean
maps_region (gint32             pid,
             const struct stat *region)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/maps", (int) pid);
  g_autofree char *maps = NULL;
  g_auto(GStrv) lines = NULL;

  if (!g_file_get_contents (path, &maps, NULL, NULL))
    return FALSE;

  lines = g_strsplit (maps, "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    {
      guint major_number, minor_number;
      guint64 inode;

      if (sscanf (lines[i], "%*s %*s %*s %x:%x %" SCNu64, &major_number, &minor_number, &inode) == 3 &&
          inode == region->st_ino && makedev (major_number, minor_number) == region->st_dev)
        return TRUE;
    }
  return FALSE;
}

/* Returns a pidfd of the process with that ID if it has the region mapped, else -1. The ID alone proves nothing,
 * because the kernel reuses process IDs. */
int
shmooze_process_cell_find (ShmoozeProcessCell *self,
                           gint32              pid)
{
  struct stat st;
  int fd;

  if (pid <= 0 || stat (shmooze_region_get_path (self->layout.region), &st) < 0)
    return -1;
  fd = (int) syscall (SYS_pidfd_open, (pid_t) pid, 0);
  if (fd >= 0 && !maps_region (pid, &st))
    {
      close (fd);
      fd = -1;
    }
  return fd;
}
