/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "region/shmooze-region-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

/* Regions that have a name, and how they come to it. Mutexes are such regions in a folder of their own. */

static ShmoozeRegion *
named_region_new (const char     *folder,
                  const char     *name,
                  ShmoozeAccess   access,
                  gboolean        make,
                  GError        **error)
{
  ShmoozeLocation *place = shmooze_location_new (folder, name, make, error);
  ShmoozeRegion *self;

  if (place == NULL)
    return NULL;

  self = shmooze_region_new (name, access);
  self->name = g_strdup (name);
  self->holder.place = place;
  return self;
}

/* Removes what dead holders left beside a region's place. */
static void
sweep_all (const ShmoozeLocation *place)
{
  g_autoptr(GPtrArray) names = shmooze_location_list_beside (place, NULL);

  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      ShmoozeLocation other = *place;  /* but for the path, which only messages name */

      other.file = g_ptr_array_index (names, i);
      shmooze_backing_sweep (&other);
    }
}

ShmoozeRegion *
shmooze_region_create_in (const char          *folder,
                          const char          *name,
                          const ShmoozeBirth  *birth,
                          GError             **error)
{
  g_autoptr(ShmoozeRegion) self = named_region_new (folder, name, birth->access, TRUE, error);
  gboolean started;

  if (self == NULL)
    return NULL;
  if (!self->holder.place->posix)
    sweep_all (self->holder.place);
  if (birth->locked)
    g_hash_table_add (self->locked, g_new0 (guint64, 1));

  shmooze_registry_begin ();
  started = shmooze_backing_create (&self->holder.object, self->holder.place, name, birth, error) &&
            shmooze_region_start (self, error);
  shmooze_registry_end ();
  return started ? g_steal_pointer (&self) : NULL;
}

ShmoozeRegion *
shmooze_region_open_in (const char     *folder,
                        const char     *name,
                        ShmoozeAccess   access,
                        GError        **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(ShmoozeRegion) self = named_region_new (folder, name, access, FALSE, &local_error);
  gboolean started;

  if (self == NULL && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _("There is no region “%s”"), name);
      return NULL;
    }
  if (self == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  shmooze_registry_begin ();
  started = shmooze_backing_open (&self->holder.object, self->holder.place, name, access, error) &&
            shmooze_region_start (self, error);
  shmooze_registry_end ();
  return started ? g_steal_pointer (&self) : NULL;
}

ShmoozeRegion *
shmooze_region_create_or_open_in (const char          *folder,
                                  const char          *name,
                                  const ShmoozeBirth  *birth,
                                  gboolean            *created,
                                  GError             **error)
{
  for (gint64 deadline = g_get_monotonic_time () + G_USEC_PER_SEC; ;)
    {
      g_autoptr(GError) local_error = NULL;
      ShmoozeRegion *self = shmooze_region_open_in (folder, name, birth->access, &local_error);
      gboolean late = g_get_monotonic_time () >= deadline;
      gboolean made = FALSE;

      if (self == NULL && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        {
          g_clear_error (&local_error);
          made = TRUE;
          self = shmooze_region_create_in (folder, name, birth, &local_error);
        }
      if (self != NULL)
        {
          if (created != NULL)
            *created = made;
          return self;
        }
      if (late || !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_EXISTS))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
    }
}

/**
 * shmooze_region_create: (constructor)
 * @name: a name that no region has yet
 * @capacity: the size in bytes, at least 1
 * @access: what the new object may do; not %SHMOOZE_ACCESS_WRITE
 * @error: return location for an error
 *
 * Creates a region, filled with zeros.
 *
 * Fails with %G_IO_ERROR_EXISTS when somebody holds a region of that name,
 * %G_IO_ERROR_INVALID_FILENAME when @name breaks the rules,
 * %G_IO_ERROR_INVALID_ARGUMENT for an impossible @capacity or @access, and
 * %G_IO_ERROR_NO_SPACE when there is not as much memory.
 *
 * Returns: (transfer full): the region
 *
 * Since: 1.0
 */
ShmoozeRegion *
shmooze_region_create (const char     *name,
                       guint64         capacity,
                       ShmoozeAccess   access,
                       GError        **error)
{
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (SHMOOZE_IS_ACCESS (access), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return shmooze_region_create_in (NULL, name, &(ShmoozeBirth) { .capacity = capacity, .access = access }, error);
}

static void
fill_with_bytes (gpointer data,
                 gpointer user_data)
{
  gsize size;
  const void *contents = g_bytes_get_data (user_data, &size);

  if (size > 0)
    memcpy (data, contents, size);
}

/**
 * shmooze_region_create_with_contents: (constructor)
 * @name: a name that no region has yet
 * @capacity: the size in bytes, at least 1
 * @access: what the new object may do; not %SHMOOZE_ACCESS_WRITE
 * @contents: what the region begins with, at most @capacity bytes
 * @error: return location for an error
 *
 * Creates a region that has its contents before it has its name: nobody can
 * open it half-made. Fails like [ctor@Region.create].
 *
 * Returns: (transfer full): the region
 *
 * Since: 1.0
 */
ShmoozeRegion *
shmooze_region_create_with_contents (const char     *name,
                                     guint64         capacity,
                                     ShmoozeAccess   access,
                                     GBytes         *contents,
                                     GError        **error)
{
  const ShmoozeBirth birth = {
    .capacity = capacity,
    .access = access,
    .fill = fill_with_bytes,
    .user_data = contents
  };

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (SHMOOZE_IS_ACCESS (access), NULL);
  g_return_val_if_fail (contents != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (g_bytes_get_size (contents) > capacity)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("The contents of the region “%s” are %zu bytes, but its capacity is only %" PRIu64 " bytes"),
                   name, g_bytes_get_size (contents), capacity);
      return NULL;
    }
  return shmooze_region_create_in (NULL, name, &birth, error);
}

/**
 * shmooze_region_open: (constructor)
 * @name: the name of a region
 * @access: what the new object may do
 * @error: return location for an error
 *
 * Opens a region that somebody holds.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND when nobody does, %SHMOOZE_ERROR_LAYOUT
 * when something else stands under the name, %G_IO_ERROR_PERMISSION_DENIED
 * when it is another user's, and %G_IO_ERROR_BUSY when others open and
 * remove it all the time.
 *
 * Returns: (transfer full): the region
 *
 * Since: 1.0
 */
ShmoozeRegion *
shmooze_region_open (const char     *name,
                     ShmoozeAccess   access,
                     GError        **error)
{
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (SHMOOZE_IS_ACCESS (access), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return shmooze_region_open_in (NULL, name, access, error);
}

/**
 * shmooze_region_create_or_open: (constructor)
 * @name: a name
 * @capacity: the size in bytes for a new region; an existing one keeps its own
 * @access: what the new object may do
 * @created: (out) (optional): whether the region is new
 * @error: return location for an error
 *
 * Opens the region of that name, or creates it. Of any number of processes
 * that do so at the same time one creates.
 *
 * Fails like [ctor@Region.open] and [ctor@Region.create], but not because
 * there is a region of that name, or none.
 *
 * Returns: (transfer full): the region
 *
 * Since: 1.0
 */
ShmoozeRegion *
shmooze_region_create_or_open (const char     *name,
                               guint64         capacity,
                               ShmoozeAccess   access,
                               gboolean       *created,
                               GError        **error)
{
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (SHMOOZE_IS_ACCESS (access), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return shmooze_region_create_or_open_in (NULL, name,
                                           &(ShmoozeBirth) { .capacity = capacity, .access = access },
                                           created, error);
}

/**
 * shmooze_region_name_is_private:
 * @name: a region's name
 *
 * Gets whether a region of that name can be met only within the sandbox that
 * this process runs in: Flatpak gives each instance POSIX shared memory
 * objects of its own, which are those whose name begins with a slash. Other
 * names meet across all instances, and on the host.
 *
 * Returns: whether it is private to a sandbox
 *
 * Since: 1.0
 */
gboolean
shmooze_region_name_is_private (const char *name)
{
  g_return_val_if_fail (name != NULL, FALSE);

  return name[0] == '/' && g_getenv ("FLATPAK_ID") != NULL;
}

/**
 * shmooze_region_remove:
 * @name: the name of a region
 * @error: return location for an error
 *
 * Removes the name, even while somebody holds the region: holders go on
 * with the nameless region, and the name is free.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND when nothing has that name,
 * %SHMOOZE_ERROR_LAYOUT when what has it is no region,
 * %G_IO_ERROR_PERMISSION_DENIED when it is another user's, and
 * %G_IO_ERROR_BUSY when others are removing it all the time.
 *
 * Returns: whether the name was removed
 *
 * Since: 1.0
 */
gboolean
shmooze_region_remove (const char  *name,
                       GError     **error)
{
  g_autoptr(ShmoozeLocation) place = NULL;

  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  place = shmooze_location_new (NULL, name, TRUE, error);
  return place != NULL && shmooze_backing_remove (place, name, error);
}
