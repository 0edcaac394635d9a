/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "region/shmooze-region-private.h"

#include "os/shmooze-deadline-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

G_DEFINE_BOXED_TYPE (ShmoozeRegionInfo, shmooze_region_info, shmooze_region_info_copy, shmooze_region_info_free)

/* Regions with a name, and the list of them. A mutex is such a region in a folder of its own. */

static ShmoozeRegion *
named_region_new (const char     *folder,
                  const char     *name,
                  ShmoozeAccess   access,
                  gboolean        make,
                  GError        **error)
{
  ShmoozeLocation *location = shmooze_location_new (folder, name, make, error);

  return location != NULL ? shmooze_region_new (location, name, access) : NULL;
}

ShmoozeRegion *
shmooze_region_create_in (const char                *folder,
                          const char                *name,
                          const ShmoozeBackingSpec  *spec,
                          GError                   **error)
{
  g_autoptr(ShmoozeRegion) self = named_region_new (folder, name, spec->access, TRUE, error);

  if (self == NULL)
    return NULL;
  if (spec->locked)
    g_hash_table_add (self->locked, g_new0 (guint64, 1));
  if (!shmooze_backing_create (&self->backing, spec, error) || !shmooze_region_start (self, error))
    return NULL;

  return g_steal_pointer (&self);
}

ShmoozeRegion *
shmooze_region_open_in (const char     *folder,
                        const char     *name,
                        ShmoozeAccess   access,
                        GError        **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(ShmoozeRegion) self = named_region_new (folder, name, access, FALSE, &local_error);

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
  if (!shmooze_backing_open (&self->backing, access, error) || !shmooze_region_start (self, error))
    return NULL;

  return g_steal_pointer (&self);
}

/* Opens the region, or creates it. While other processes create and remove it, the two are tried in turn. */
ShmoozeRegion *
shmooze_region_create_or_open_in (const char                *folder,
                                  const char                *name,
                                  const ShmoozeBackingSpec  *spec,
                                  gboolean                  *created,
                                  GError                   **error)
{
  g_autoptr(GError) local_error = NULL;
  ShmoozeDeadline deadline;

  shmooze_deadline_init (&deadline, G_USEC_PER_SEC, 50, 5000);
  do
    {
      ShmoozeRegion *self;
      gboolean make;

      g_clear_error (&local_error);
      self = shmooze_region_open_in (folder, name, spec->access, &local_error);
      make = g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      if (make)
        {
          g_clear_error (&local_error);
          self = shmooze_region_create_in (folder, name, spec, &local_error);
        }
      if (self != NULL)
        {
          if (created != NULL)
            *created = make;
          return self;
        }
    }
  while (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_EXISTS) && shmooze_deadline_sleep (&deadline));

  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

/**
 * shmooze_region_create: (constructor)
 * @name: the name of the new region
 * @capacity: the size in bytes, at least 1
 * @access: the operations that the object allows; not %SHMOOZE_ACCESS_WRITE
 * @error: return location for an error
 *
 * Creates a region, filled with zeros.
 *
 * Fails with %G_IO_ERROR_EXISTS if a process holds a region of that name,
 * %G_IO_ERROR_INVALID_FILENAME if @name is not a valid name,
 * %G_IO_ERROR_INVALID_ARGUMENT for an invalid @capacity or @access, and
 * %G_IO_ERROR_NO_SPACE if there is not enough memory.
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

  return shmooze_region_create_in (NULL, name, &(ShmoozeBackingSpec) { .capacity = capacity, .access = access }, error);
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
 * @name: the name of the new region
 * @capacity: the size in bytes, at least 1
 * @access: the operations that the object allows; not %SHMOOZE_ACCESS_WRITE
 * @contents: the first bytes of the region, at most @capacity
 * @error: return location for an error
 *
 * Creates a region and writes its contents before it gets its name, so that
 * no process can open it in between. Fails like [ctor@Region.create].
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
  const ShmoozeBackingSpec spec = {
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
  return shmooze_region_create_in (NULL, name, &spec, error);
}

/**
 * shmooze_region_open: (constructor)
 * @name: the name of a region
 * @access: the operations that the object allows
 * @error: return location for an error
 *
 * Opens a region that another object or process holds.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND if there is none, %SHMOOZE_ERROR_LAYOUT
 * if the file of that name is not a region, %G_IO_ERROR_PERMISSION_DENIED if
 * it belongs to another user, and %G_IO_ERROR_BUSY if other processes keep
 * opening and removing it.
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
 * @capacity: the size of a new region in bytes; an existing one keeps its size
 * @access: the operations that the object allows
 * @created: (out) (optional): whether the region was created
 * @error: return location for an error
 *
 * Opens the region of that name, or creates it. If several processes do so
 * at the same time, exactly one of them creates it.
 *
 * Fails like [ctor@Region.open] and [ctor@Region.create], except with
 * %G_IO_ERROR_NOT_FOUND and %G_IO_ERROR_EXISTS.
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
                                           &(ShmoozeBackingSpec) { .capacity = capacity, .access = access },
                                           created, error);
}

/**
 * shmooze_region_name_is_private:
 * @name: a region's name
 *
 * Gets whether a region of that name is visible only within the sandbox of
 * this process. Flatpak gives each instance its own POSIX shared memory
 * objects, which are those whose name begins with a slash. Regions with
 * other names are shared by all instances and the host.
 *
 * Returns: whether the region is private to a sandbox
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
 * Removes the name of a region. Processes that hold the region keep it
 * without a name, and the name can be used again.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND if there is no file of that name,
 * %SHMOOZE_ERROR_LAYOUT if the file is not a region,
 * %G_IO_ERROR_PERMISSION_DENIED if it belongs to another user, and
 * %G_IO_ERROR_BUSY if other processes keep removing it.
 *
 * Returns: whether the name was removed
 *
 * Since: 1.0
 */
gboolean
shmooze_region_remove (const char  *name,
                       GError     **error)
{
  ShmoozeLocation *location;
  ShmoozeBacking backing;
  gboolean removed;

  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  location = shmooze_location_new (NULL, name, TRUE, error);
  if (location == NULL)
    return FALSE;

  shmooze_backing_init (&backing, location, name);
  removed = shmooze_backing_remove (&backing, error);
  shmooze_backing_clear (&backing);
  return removed;
}

/**
 * shmooze_region_list:
 * @error: return location for an error
 *
 * Lists the user's regions. Stale files of regions and mutexes, whose last
 * holder was killed, are removed first. POSIX objects (names with a leading
 * slash) are not listed.
 *
 * Fails with %G_IO_ERROR_PERMISSION_DENIED if the directory of the regions
 * cannot be read or belongs to another user.
 *
 * Returns: (transfer full) (element-type ShmoozeRegionInfo): the regions,
 *   sorted by name
 *
 * Since: 1.0
 */
GPtrArray *
shmooze_region_list (GError **error)
{
  g_autoptr(GPtrArray) names = NULL;
  g_autoptr(GPtrArray) infos = g_ptr_array_new_with_free_func ((GDestroyNotify) shmooze_region_info_free);

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  shmooze_backing_sweep_all ();
  names = shmooze_location_list (NULL, TRUE, error);
  if (names == NULL)
    return NULL;

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      ShmoozeLocation *location = shmooze_location_new (NULL, name, FALSE, NULL);
      ShmoozeBacking backing;
      gboolean held;

      if (location == NULL)
        continue;

      shmooze_backing_init (&backing, location, name);
      if (shmooze_backing_inspect (&backing, &held, NULL))
        {
          ShmoozeRegionInfo *info = g_new0 (ShmoozeRegionInfo, 1);

          info->name = g_strdup (name);
          info->path = g_strdup (location->path);
          info->capacity = backing.capacity;
          info->held = held;
          g_ptr_array_add (infos, info);
        }
      shmooze_backing_clear (&backing);
    }
  return g_steal_pointer (&infos);
}

/**
 * shmooze_region_info_copy:
 * @self: information about a region
 *
 * Copies @self.
 *
 * Returns: (transfer full): the copy
 *
 * Since: 1.0
 */
ShmoozeRegionInfo *
shmooze_region_info_copy (const ShmoozeRegionInfo *self)
{
  ShmoozeRegionInfo *copy = g_memdup2 (self, sizeof *self);

  copy->name = g_strdup (self->name);
  copy->path = g_strdup (self->path);
  return copy;
}

/**
 * shmooze_region_info_free:
 * @self: (transfer full): information about a region
 *
 * Frees @self.
 *
 * Since: 1.0
 */
void
shmooze_region_info_free (ShmoozeRegionInfo *self)
{
  g_free (self->name);
  g_free (self->path);
  g_free (self);
}
