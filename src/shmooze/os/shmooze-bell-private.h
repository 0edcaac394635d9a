/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "os/shmooze-location-private.h"

G_BEGIN_DECLS

/* The intervals at which memory is polled where there is no bell: doubled each time that nothing has changed. */
#define SHMOOZE_POLL_MIN_MSEC 5
#define SHMOOZE_POLL_MAX_MSEC 250

/* A bell is a named FIFO beside the regions. Its owner sleeps on it; a process that wants to wake the owner writes a
 * byte. */

int      shmooze_bell_make           (const guint8           *id,
                                      guint64                 number,
                                      GError                **error);
void     shmooze_bell_unmake         (int                     fd,
                                      const guint8           *id,
                                      guint64                 number);
void     shmooze_bell_quiet          (int                     fd);
int      shmooze_bell_open_to_sleep  (int                     fd);
void     shmooze_bell_close_to_sleep (int                     fd);
int      shmooze_bell_open           (const guint8           *id,
                                      guint64                 number);
gboolean shmooze_bell_ring           (int                     fd);
void     shmooze_bell_remove_all     (const guint8           *id,
                                      const ShmoozeLocation  *location);

/* The bell of another owner, kept open between rings. All zeros: not opened yet. */
typedef struct
{
  gboolean open;
  int      fd;
  guint64  number;
} ShmoozeRinger;

gboolean shmooze_ringer_ring         (ShmoozeRinger          *self,
                                      const guint8           *id,
                                      guint64                 number);
void     shmooze_ringer_clear        (ShmoozeRinger          *self);

G_END_DECLS
