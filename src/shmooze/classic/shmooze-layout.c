/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "classic/shmooze-layout-private.h"

#include "shmooze-error.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

/* @region: (transfer full): opened or created just now, or NULL if that failed with @error. An existing region may
 * be smaller than @min_capacity, which is what the layout needs. */
gboolean
shmooze_layout_map (ShmoozeLayout  *self,
                    ShmoozeRegion  *region,
                    guint64         min_capacity,
                    ShmoozeAccess   access,
                    GError        **error)
{
  self->region = region;
  if (region == NULL)
    return FALSE;

  if (shmooze_region_get_capacity (region) < min_capacity)
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT,
                   _("Region “%s” has %" PRIu64 " bytes, but at least %" PRIu64 " are needed"),
                   shmooze_region_get_name (region), shmooze_region_get_capacity (region), min_capacity);
      return FALSE;
    }
  self->view = shmooze_region_create_view (region, 0, 0, access, error);
  return self->view != NULL;
}

void
shmooze_layout_close (ShmoozeLayout *self)
{
  if (self->view != NULL)
    shmooze_view_close (self->view);
  if (self->region != NULL)
    shmooze_region_close (self->region);
}

void
shmooze_layout_clear (ShmoozeLayout *self)
{
  shmooze_layout_close (self);
  g_clear_object (&self->view);
  g_clear_object (&self->region);
}
