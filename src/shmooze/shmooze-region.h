/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-access.h"
#include "shmooze-view.h"

G_BEGIN_DECLS

#define SHMOOZE_TYPE_REGION (shmooze_region_get_type ())

SHMOOZE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ShmoozeRegion, shmooze_region, SHMOOZE, REGION, GObject)

#define SHMOOZE_TYPE_REGION_INFO (shmooze_region_info_get_type ())

typedef struct _ShmoozeRegionInfo ShmoozeRegionInfo;

/**
 * ShmoozeRegionInfo:
 * @name: the region's name
 * @path: (type filename): the path of its file
 * @capacity: its size in bytes
 * @held: whether a process holds it
 *
 * An entry of the list that [func@Region.list] returns.
 *
 * Since: 1.0
 */
struct _ShmoozeRegionInfo
{
  char     *name;
  char     *path;
  guint64   capacity;
  gboolean  held;
};

SHMOOZE_AVAILABLE_IN_1_0
GType              shmooze_region_info_get_type        (void) G_GNUC_CONST;
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeRegionInfo *shmooze_region_info_copy            (const ShmoozeRegionInfo *self);
SHMOOZE_AVAILABLE_IN_1_0
void               shmooze_region_info_free            (ShmoozeRegionInfo *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmoozeRegionInfo, shmooze_region_info_free)

SHMOOZE_AVAILABLE_IN_1_0
ShmoozeRegion     *shmooze_region_create               (const char     *name,
                                                        guint64         capacity,
                                                        ShmoozeAccess   access,
                                                        GError        **error);
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeRegion     *shmooze_region_create_with_contents (const char     *name,
                                                        guint64         capacity,
                                                        ShmoozeAccess   access,
                                                        GBytes         *contents,
                                                        GError        **error);
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeRegion     *shmooze_region_open                 (const char     *name,
                                                        ShmoozeAccess   access,
                                                        GError        **error);
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeRegion     *shmooze_region_create_or_open       (const char     *name,
                                                        guint64         capacity,
                                                        ShmoozeAccess   access,
                                                        gboolean       *created,
                                                        GError        **error);
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeRegion     *shmooze_region_map_file             (GFile          *file,
                                                        guint64         capacity,
                                                        ShmoozeAccess   access,
                                                        GError        **error);
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeRegion     *shmooze_region_create_unnamed       (guint64         capacity,
                                                        GError        **error);
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeRegion     *shmooze_region_new_from_fd          (int             fd,
                                                        ShmoozeAccess   access,
                                                        GError        **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean           shmooze_region_name_is_private      (const char     *name);
SHMOOZE_AVAILABLE_IN_1_0
gboolean           shmooze_region_remove               (const char     *name,
                                                        GError        **error);
SHMOOZE_AVAILABLE_IN_1_0
GPtrArray         *shmooze_region_list                 (GError        **error);

SHMOOZE_AVAILABLE_IN_1_0
const char        *shmooze_region_get_name             (ShmoozeRegion  *self);
SHMOOZE_AVAILABLE_IN_1_0
const char        *shmooze_region_get_path             (ShmoozeRegion  *self);
SHMOOZE_AVAILABLE_IN_1_0
guint64            shmooze_region_get_capacity         (ShmoozeRegion  *self);
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeAccess      shmooze_region_get_access           (ShmoozeRegion  *self);
SHMOOZE_AVAILABLE_IN_1_0
gboolean           shmooze_region_get_persisted        (ShmoozeRegion  *self);
SHMOOZE_AVAILABLE_IN_1_0
int                shmooze_region_get_fd               (ShmoozeRegion  *self);
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeView       *shmooze_region_create_view          (ShmoozeRegion  *self,
                                                        guint64         offset,
                                                        guint64         size,
                                                        ShmoozeAccess   access,
                                                        GError        **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean           shmooze_region_flush                (ShmoozeRegion  *self,
                                                        GCancellable   *cancellable,
                                                        GError        **error);
SHMOOZE_AVAILABLE_IN_1_0
void               shmooze_region_close                (ShmoozeRegion  *self);

SHMOOZE_AVAILABLE_IN_1_0
void               shmooze_disable_fault_guard         (void);

G_END_DECLS
