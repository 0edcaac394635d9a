/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "os/shmooze-access-private.h"
#include "os/shmooze-location-private.h"

#include <stdatomic.h>

G_BEGIN_DECLS

/* The last page of a region's file, behind the user's bytes. It identifies the file as a region of this library. */
typedef struct
{
  guint64 magic;
  guint32 version;
  guint32 page_size;
  guint64 capacity;
  guint8  id[16];
} ShmoozeControl;

#define SHMOOZE_CONTROL_MAGIC G_GUINT64_CONSTANT (0x315a4f4f4d485301)  /* "\1SHMOOZ1" in memory */
#define SHMOOZE_CONTROL_VERSION 1

/* Bytes far behind every file's end serve as locks. The locks belong to open file descriptions: the kernel drops
 * them when the last holder dies. Process IDs are not used, because they have no meaning in another sandbox. */
#define SHMOOZE_LIVENESS_BYTE (G_GUINT64_CONSTANT (1) << 62)
#define SHMOOZE_NAME_BYTE (SHMOOZE_LIVENESS_BYTE + 1)
#define SHMOOZE_OFFSET_BYTES (SHMOOZE_LIVENESS_BYTE + 4096)  /* + the offset of what is locked */

/* The open backing file of a region: two descriptions of one inode. Mappings are made from @map_fd, and keep its
 * description alive in a forked child; the locks are on @lock_fd, from which nothing is mapped. */
typedef struct
{
  ShmoozeLocation *location;  /* NULL: a file of the user's, or memory without a name */
  char            *path;      /* the user's file */
  char            *label;     /* its name in messages; that of the region, if it has one */
  int              map_fd;
  int              lock_fd;
  gboolean         foreign;   /* not made by this library: no control page, no liveness lock */
  atomic_bool      detached;  /* in a forked child, which does not hold it */
  guint64          capacity;
  guint64          file_size;
  guint8           id[16];
} ShmoozeBacking;

typedef void (*ShmoozeFill) (gpointer data,
                             gpointer user_data);

/* The properties of a new backing file, which has all of them before it gets its name. */
typedef struct
{
  guint64       capacity;
  ShmoozeAccess access;
  ShmoozeFill   fill;       /* writes the contents; NULL: zeros */
  gpointer      user_data;
  gboolean      locked;     /* the byte of offset 0 is locked */
} ShmoozeBackingSpec;

void        shmooze_backing_init             (ShmoozeBacking            *self,
                                              ShmoozeLocation           *location,
                                              const char                *label);
void        shmooze_backing_clear            (ShmoozeBacking            *self);
gboolean    shmooze_backing_check_capacity   (const ShmoozeBacking      *self,
                                              guint64                    capacity,
                                              GError                   **error);
gboolean    shmooze_backing_create           (ShmoozeBacking            *self,
                                              const ShmoozeBackingSpec  *spec,
                                              GError                   **error);
gboolean    shmooze_backing_open             (ShmoozeBacking            *self,
                                              ShmoozeAccess              access,
                                              GError                   **error);
gboolean    shmooze_backing_adopt            (ShmoozeBacking            *self,
                                              ShmoozeAccess              access,
                                              GError                   **error);
void        shmooze_backing_release          (ShmoozeBacking            *self);
void        shmooze_backing_close            (ShmoozeBacking            *self);
void        shmooze_backing_forsake          (const ShmoozeBacking      *self);
gboolean    shmooze_backing_remove           (ShmoozeBacking            *self,
                                              GError                   **error);
gboolean    shmooze_backing_inspect          (ShmoozeBacking            *self,
                                              gboolean                  *held,
                                              GError                   **error);
void        shmooze_backing_sweep_all        (void);
gboolean    shmooze_backing_is_named         (const ShmoozeBacking      *self);
const char *shmooze_backing_get_path         (const ShmoozeBacking      *self);

gboolean    shmooze_lock_byte                (int                        fd,
                                              short                      type,
                                              guint64                    byte);
short       shmooze_probe_byte               (int                        fd,
                                              guint64                    byte);

G_END_DECLS
