/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "os/shmooze-bell-private.h"
#include "shmooze-communicator.h"
#include "classic/shmooze-slot-queue-private.h"
#include "shmooze-region.h"

G_BEGIN_DECLS

struct _ShmoozeCommunicator
{
  GObject         parent_instance;

  ShmoozeRegion  *region;
  ShmoozeView    *view;
  GMainContext   *context;
  gint64          read_position;
  gint64          write_position;
  gboolean        reading;
  gboolean        failing;
  gboolean        peer_present;
  ShmoozeSlotQueue *letters;
  guint           n_told;      /* how many unconfirmed messages were notified of last */
  GSource        *source;
  ShmoozeRinger   ringer;      /* the peer's bell */
};

gboolean shmooze_communicator_check_open       (ShmoozeCommunicator  *self,
                                                GError              **error);
gboolean shmooze_communicator_check_position   (ShmoozeCommunicator  *self,
                                                gint64                position,
                                                gint64                other,
                                                GError              **error);
void     shmooze_communicator_look_for_peer    (ShmoozeCommunicator  *self);
void     shmooze_communicator_look_soon        (ShmoozeCommunicator  *self);
void     shmooze_communicator_ring             (ShmoozeCommunicator  *self);
gboolean shmooze_communicator_send_some        (ShmoozeCommunicator  *self);
void     shmooze_communicator_tell_unconfirmed (ShmoozeCommunicator  *self);

G_END_DECLS
