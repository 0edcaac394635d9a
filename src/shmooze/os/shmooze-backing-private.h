/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "os/shmooze-access-private.h"
#include "os/shmooze-location-private.h"

#include <sys/stat.h>

G_BEGIN_DECLS

/* The last page of a region's file: what makes the file a region of ours. The user's bytes stand before it. */
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

/* Bytes far past every file's end serve as locks. Those of open file descriptions: the kernel frees them when
 * the last holder dies, and no process id is ever asked, because every app in a sandbox has the same. */
#define SHMOOZE_LIFE_BYTE (G_GUINT64_CONSTANT (1) << 62)
#define SHMOOZE_NAME_BYTE (SHMOOZE_LIFE_BYTE + 1)
#define SHMOOZE_THING_BYTES (SHMOOZE_LIFE_BYTE + 4096)  /* + the offset of the thing that is locked */

/* An open file of a region: two descriptions of one inode. Mappings are made from @map_fd and keep its
 * description alive in a forked child; the locks sit on @lock_fd, which no mapping knows of. */
typedef struct
{
  int      map_fd;
  int      lock_fd;
  gboolean foreign;
  guint64  capacity;
  guint64  file_size;
  guint8   id[16];
} ShmoozeBacking;

#define SHMOOZE_BACKING_INIT { .map_fd = -1, .lock_fd = -1 }

typedef void (*ShmoozeFill) (gpointer data,
                             gpointer user_data);

/* What a new object is to be. All of it is in place before the name is. */
typedef struct
{
  guint64       capacity;
  ShmoozeAccess access;
  ShmoozeFill   fill;       /* puts the contents there; NULL: zeros */
  gpointer      user_data;
  gboolean      locked;     /* the thing at offset 0 is locked */
} ShmoozeBirth;

gboolean shmooze_backing_check_capacity (guint64         capacity,
                                   const char          *name,
                                   GError             **error);
gboolean shmooze_backing_check_executable (int           fd,
                                   const char          *path,
                                   const char          *name,
                                   GError             **error);
gboolean shmooze_backing_create    (ShmoozeBacking       *self,
                                   const ShmoozeLocation  *place,
                                   const char          *name,
                                   const ShmoozeBirth  *birth,
                                   GError             **error);
void     shmooze_backing_adopt     (ShmoozeBacking       *self,
                                   const struct stat   *st);
gboolean shmooze_backing_open      (ShmoozeBacking       *self,
                                   const ShmoozeLocation  *place,
                                   const char          *name,
                                   ShmoozeAccess        access,
                                   GError             **error);
void     shmooze_backing_release   (ShmoozeBacking       *self,
                                   const ShmoozeLocation  *place);
void     shmooze_backing_abandon   (ShmoozeBacking       *self);
void     shmooze_backing_forsake   (const ShmoozeBacking *self,
                                   const ShmoozeLocation  *place);
void     shmooze_backing_close     (ShmoozeBacking       *self);
gboolean shmooze_backing_remove    (const ShmoozeLocation  *place,
                                   const char          *name,
                                   GError             **error);
gboolean shmooze_backing_inspect   (ShmoozeBacking       *self,
                                   const ShmoozeLocation  *place,
                                   const char          *name,
                                   gboolean            *held,
                                   GError             **error);
void     shmooze_backing_sweep     (const ShmoozeLocation  *place);
gboolean shmooze_backing_is_named  (const ShmoozeBacking *self,
                                   const ShmoozeLocation  *place);

gboolean shmooze_lock_byte        (int                  fd,
                                   short                type,
                                   guint64              byte);
short    shmooze_probe_byte       (int                  fd,
                                   guint64              byte);

G_END_DECLS
