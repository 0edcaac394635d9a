/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lane/shmooze-outbox-private.h"
#include "lane/shmooze-ring-private.h"
#include "shmooze-writer.h"

G_BEGIN_DECLS

struct _ShmoozeWriter
{
  GObject        parent_instance;

  ShmoozeRing    ring;
  guint64        draft;           /* sequence number of the published draft */
  gboolean       has_draft;       /* it may be other than empty */
  gboolean       has_reserved;    /* a message is reserved, and not committed */
  gsize          reserved;        /* its size */
  gsize          skip;            /* how much of the ring's end stays unused before it */

  ShmoozeOutbox  outbox;          /* writes that wait for space */
  GSource       *outbox_source;
  int            bell;            /* rung by readers that make space; -1: none */
};

void  shmooze_writer_end_draft (ShmoozeWriter *self,
                                const char    *text);

G_END_DECLS
