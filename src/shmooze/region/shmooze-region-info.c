/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "shmooze-region.h"

#include "os/shmooze-backing-private.h"


G_DEFINE_BOXED_TYPE (ShmoozeRegionInfo, shmooze_region_info, shmooze_region_info_copy, shmooze_region_info_free)

/**
 * shmooze_region_list:
 * @error: return location for an error
 *
 * Lists the user's regions, after removing those that nobody holds any more.
 * POSIX objects (names with a slash) are not listed.
 *
 * Fails with %G_IO_ERROR_PERMISSION_DENIED when the directory of the regions
 * cannot be read, or is another user's.
 *
 * Returns: (transfer full) (element-type ShmoozeRegionInfo): the regions, by name
 *
 * Since: 1.0
 */
GPtrArray *
shmooze_region_list (GError **error)
{
  g_autoptr(GPtrArray) names = NULL;
  g_autoptr(GPtrArray) infos = g_ptr_array_new_with_free_func ((GDestroyNotify) shmooze_region_info_free);

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  names = shmooze_location_list (NULL, error);
  if (names == NULL)
    return NULL;

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autoptr(ShmoozeLocation) place = shmooze_location_new (NULL, name, FALSE, NULL);
      ShmoozeBacking object;
      ShmoozeRegionInfo *info;
      gboolean held;

      if (place == NULL)
        continue;
      shmooze_backing_sweep (place);
      if (!shmooze_backing_inspect (&object, place, name, &held, NULL))
        continue;

      info = g_new0 (ShmoozeRegionInfo, 1);
      info->name = g_strdup (name);
      info->path = g_strdup (place->path);
      info->capacity = object.capacity;
      info->held = held;
      g_ptr_array_add (infos, info);
      shmooze_backing_close (&object);
    }
  return g_steal_pointer (&infos);
}

/**
 * shmooze_region_info_copy:
 * @self: what is known of a region
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
 * @self: (transfer full): what is known of a region
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
