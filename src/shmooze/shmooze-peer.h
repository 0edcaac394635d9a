/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-macros.h"

G_BEGIN_DECLS

/**
 * ShmoozePeerState:
 * @SHMOOZE_PEER_PRESENT: in the room, and reading what is sent
 * @SHMOOZE_PEER_NOT_RESPONDING: in the room, but has not read what was sent at least two seconds ago
 * @SHMOOZE_PEER_LEFT: left the room
 * @SHMOOZE_PEER_CRASHED: ended without leaving the room
 *
 * The state of a peer.
 *
 * Since: 1.0
 */
typedef enum
{
  SHMOOZE_PEER_PRESENT,
  SHMOOZE_PEER_NOT_RESPONDING,
  SHMOOZE_PEER_LEFT,
  SHMOOZE_PEER_CRASHED
} ShmoozePeerState;

#define SHMOOZE_TYPE_PEER (shmooze_peer_get_type ())

SHMOOZE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ShmoozePeer, shmooze_peer, SHMOOZE, PEER, GObject)

SHMOOZE_AVAILABLE_IN_1_0
guint             shmooze_peer_get_seat    (ShmoozePeer *self);
SHMOOZE_AVAILABLE_IN_1_0
const char       *shmooze_peer_get_nick    (ShmoozePeer *self);
SHMOOZE_AVAILABLE_IN_1_0
gint64            shmooze_peer_get_since   (ShmoozePeer *self);
SHMOOZE_AVAILABLE_IN_1_0
ShmoozePeerState  shmooze_peer_get_state   (ShmoozePeer *self);
SHMOOZE_AVAILABLE_IN_1_0
const char       *shmooze_peer_get_draft   (ShmoozePeer *self);
SHMOOZE_AVAILABLE_IN_1_0
gboolean          shmooze_peer_is_watching (ShmoozePeer *self);

G_END_DECLS
