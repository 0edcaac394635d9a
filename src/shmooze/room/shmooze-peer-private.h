/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-peer.h"
#include "shmooze-reader.h"

G_BEGIN_DECLS

ShmoozePeer *shmooze_peer_new        (guint              seat,
                                      const char        *nick,
                                      gint64             since,
                                      gboolean           watching);
void         shmooze_peer_set_state  (ShmoozePeer       *self,
                                      ShmoozePeerState   state);
gboolean     shmooze_peer_read_draft (ShmoozePeer       *self,
                                      ShmoozeReader     *reader,
                                      GError           **error);

G_END_DECLS
