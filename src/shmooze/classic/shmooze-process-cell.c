/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "classic/shmooze-process-cell-private.h"

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
  ShmoozeRegion    *region;
  ShmoozeView      *view;
  _Atomic (gint32) *word;
};

ShmoozeProcessCell *
shmooze_process_cell_new (const char  *name,
                          gboolean     create,
                          GError     **error)
{
  g_autoptr(ShmoozeProcessCell) self = g_new0 (ShmoozeProcessCell, 1);

  if (create)
    self->region = shmooze_region_create_or_open (name, sizeof *self->word, SHMOOZE_ACCESS_READ_WRITE, NULL, error);
  else
    self->region = shmooze_region_open (name, SHMOOZE_ACCESS_READ_WRITE, error);
  if (self->region == NULL)
    return NULL;
  if (shmooze_region_get_capacity (self->region) < sizeof *self->word)
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT,
                   _("Region “%s” has %" PRIu64 " bytes; a process cell needs at least %zu"),
                   name, shmooze_region_get_capacity (self->region), sizeof *self->word);
      return NULL;
    }
  self->view = shmooze_region_create_view (self->region, 0, sizeof *self->word, SHMOOZE_ACCESS_READ_WRITE, error);
  if (self->view == NULL)
    return NULL;

  self->word = shmooze_view_get_data (self->view);
  return g_steal_pointer (&self);
}

void
shmooze_process_cell_free (ShmoozeProcessCell *self)
{
  if (self->view != NULL)
    shmooze_view_close (self->view);
  if (self->region != NULL)
    shmooze_region_close (self->region);
  g_clear_object (&self->view);
  g_clear_object (&self->region);
  g_free (self);
}

ShmoozeRegion *
shmooze_process_cell_get_region (ShmoozeProcessCell *self)
{
  return self->region;
}

gboolean
shmooze_process_cell_get (ShmoozeProcessCell  *self,
                          gint32              *value,
                          GError             **error)
{
  if (!shmooze_view_begin_reading (self->view, error))
    return FALSE;
  *value = GINT32_FROM_LE (atomic_load (self->word));
  if (!shmooze_view_end (self->view, error))
    return FALSE;
  if (*value >= SHMOOZE_PROCESS_STOP)
    return TRUE;

  g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT,
               _("Region “%s” contains %" PRId32 ", which is not a valid process ID"),
               shmooze_region_get_name (self->region), *value);
  return FALSE;
}

/* Puts @value there if @former still is, so that a late number never takes the place of a call to stop.
 * Otherwise @former becomes what is there. FALSE without an error: something else was there. */
gboolean
shmooze_process_cell_replace (ShmoozeProcessCell  *self,
                              gint32              *former,
                              gint32               value,
                              GError             **error)
{
  gint32 expected = GINT32_TO_LE (*former);
  gboolean replaced;

  if (!shmooze_view_begin_writing (self->view, error))
    return FALSE;
  replaced = atomic_compare_exchange_strong (self->word, &expected, GINT32_TO_LE (value));
  *former = GINT32_FROM_LE (expected);
  return shmooze_view_end (self->view, error) && replaced;
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

/* A descriptor of the process with that number, if it works here: if it has the region mapped. Numbers are
 * given out again, so that a number alone says nothing. -1: there is none. */
int
shmooze_process_cell_find (ShmoozeProcessCell *self,
                           gint32              pid)
{
  struct stat st;
  int fd;

  if (pid <= 0 || stat (shmooze_region_get_path (self->region), &st) < 0)
    return -1;
  fd = (int) syscall (SYS_pidfd_open, (pid_t) pid, 0);
  if (fd >= 0 && !maps_region (pid, &st))
    {
      close (fd);
      fd = -1;
    }
  return fd;
}
