/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Where the object of a name stands: a file in a directory that was walked and checked. */
typedef struct
{
  int       dir_fd;
  char     *file;
  char     *path;
  gboolean  posix;  /* a shared memory object in /dev/shm, open to other programs */
  gboolean  home;   /* beside the folders of the user's regions, not in one */
} ShmoozeLocation;

ShmoozeLocation *shmooze_location_new         (const char          *folder,
                                         const char          *name,
                                         gboolean             make,
                                         GError             **error);
GPtrArray    *shmooze_location_list        (const char          *folder,
                                         GError             **error);
GPtrArray    *shmooze_location_list_beside (const ShmoozeLocation  *self,
                                         GError             **error);
void          shmooze_location_free        (ShmoozeLocation        *self);
int           shmooze_location_open_home   (const char          *folder,
                                         gboolean             make,
                                         char               **path,
                                         GError             **error);
int           shmooze_location_open_folder (const ShmoozeLocation  *self,
                                         const char          *folder);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmoozeLocation, shmooze_location_free)

G_END_DECLS
