/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-message.h"
#include "shmooze-peer.h"
#include "shmooze-reader.h"

G_BEGIN_DECLS

#define SHMOOZE_TYPE_ROOM (shmooze_room_get_type ())

SHMOOZE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ShmoozeRoom, shmooze_room, SHMOOZE, ROOM, GObject)

SHMOOZE_AVAILABLE_IN_1_0
ShmoozeRoom *shmooze_room_join         (const char           *region_name,
                                        const char           *nick,
                                        ShmoozeWait           wait,
                                        GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
void         shmooze_room_join_async   (const char           *region_name,
                                        const char           *nick,
                                        ShmoozeWait           wait,
                                        GCancellable         *cancellable,
                                        GAsyncReadyCallback   callback,
                                        gpointer              user_data);
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeRoom *shmooze_room_join_finish  (GAsyncResult         *result,
                                        GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
void         shmooze_room_leave        (ShmoozeRoom          *self);
SHMOOZE_AVAILABLE_IN_1_0
const char  *shmooze_room_get_name     (ShmoozeRoom          *self);
SHMOOZE_AVAILABLE_IN_1_0
const char  *shmooze_room_get_nick     (ShmoozeRoom          *self);
SHMOOZE_AVAILABLE_IN_1_0
guint        shmooze_room_get_seat     (ShmoozeRoom          *self);
SHMOOZE_AVAILABLE_IN_1_0
gboolean     shmooze_room_is_watching  (ShmoozeRoom          *self);
SHMOOZE_AVAILABLE_IN_1_0
GListModel  *shmooze_room_get_peers    (ShmoozeRoom          *self);
SHMOOZE_AVAILABLE_IN_1_0
gsize        shmooze_room_get_max_text (ShmoozeRoom          *self);
SHMOOZE_AVAILABLE_IN_1_0
gboolean     shmooze_room_set_draft    (ShmoozeRoom          *self,
                                        const char           *text,
                                        GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
void         shmooze_room_send_async   (ShmoozeRoom          *self,
                                        const char           *text,
                                        GCancellable         *cancellable,
                                        GAsyncReadyCallback   callback,
                                        gpointer              user_data);
SHMOOZE_AVAILABLE_IN_1_0
gboolean     shmooze_room_send_finish  (ShmoozeRoom          *self,
                                        GAsyncResult         *result,
                                        GError              **error);

G_END_DECLS
