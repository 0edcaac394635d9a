/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "os/shmooze-bell-private.h"
#include "shmooze-region.h"
#include "shmooze-shared-text.h"

#include <stdatomic.h>

G_BEGIN_DECLS

#define SHMOOZE_SHARED_TEXT_AT 10

/* What is locked: by who shares the text, and by each reader that has a bell, which is of the same number. */
#define SHMOOZE_SHARED_TEXT_SHARER_LOCK 0
#define SHMOOZE_SHARED_TEXT_READER_LOCK 1
#define SHMOOZE_SHARED_TEXT_N_BELLS 8

struct _ShmoozeSharedText
{
  GObject        parent_instance;

  ShmoozeRegion *region;
  ShmoozeView   *view;
  gboolean       shares;

  /* who shares */
  ShmoozeRinger  ringers[SHMOOZE_SHARED_TEXT_N_BELLS];
  gint64         last_look;   /* for new readers, in microseconds */

  /* who shows */
  GArray        *units;       /* what the reader saw last */
  gboolean       seen;
  gboolean       failing;
  gboolean       sharer_present;
  GSource       *source;
  guint64        bell;        /* its number; 0: none */
};

_Atomic (gint32) *shmooze_shared_text_get_count (ShmoozeSharedText *self);
guint16          *shmooze_shared_text_get_units (ShmoozeSharedText *self);
void              shmooze_shared_text_fail      (ShmoozeSharedText *self,
                                                 GError            *error);
void              shmooze_shared_text_tell      (ShmoozeSharedText *self,
                                                 const char        *text);

G_END_DECLS
