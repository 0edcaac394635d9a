/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Folders beside the user's regions. */
#define SHMOOZE_FOLDER_BELLS "bells"
#define SHMOOZE_FOLDER_MUTEXES "locks"

/* Where the file of a name is: in a directory that was opened step by step, and checked. */
typedef struct
{
  int       dir_fd;
  char     *file;
  char     *path;
  gboolean  posix;  /* a shared memory object in /dev/shm, open to other programs */
  gboolean  home;   /* beside the folders, not in one of them */
} ShmoozeLocation;

ShmoozeLocation *shmooze_location_new         (const char             *folder,
                                               const char             *name,
                                               gboolean                make,
                                               GError                **error);
GPtrArray       *shmooze_location_list        (const char             *folder,
                                               gboolean                make,
                                               GError                **error);
void             shmooze_location_free        (ShmoozeLocation        *self);
int              shmooze_location_open_home   (const char             *folder,
                                               gboolean                make,
                                               char                  **path,
                                               GError                **error);
int              shmooze_location_open_folder (const ShmoozeLocation  *self,
                                               const char             *folder);
char            *shmooze_id_to_hex            (const guint8           *id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmoozeLocation, shmooze_location_free)

G_END_DECLS
