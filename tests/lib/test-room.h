/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <shmooze/shmooze.h>

G_BEGIN_DECLS

/* A room whose signals are recorded */
typedef struct
{
  ShmoozeRoom *room;
  GPtrArray   *messages;   /* of ShmoozeMessage, in the order of arrival */
  GPtrArray   *events;     /* of char *: "joined Ada", "left Ada", "crashed Ada: draft",
                               "draft Ada: text", "broken 3", "lost" */
  GError      *broken;
  GError      *lost;
  guint        n_lost;
} TestRoom;

TestRoom    *test_room_new         (ShmoozeRoom *room);
TestRoom    *test_room_join        (const char  *region_name,
                                    const char  *nick,
                                    ShmoozeWait  wait);
void         test_room_free        (TestRoom    *self);
guint        test_room_n_peers     (TestRoom    *self);
ShmoozeMessage *test_room_message  (TestRoom    *self,
                                    guint        i);
ShmoozePeer *test_room_find_peer   (TestRoom    *self,
                                    const char  *nick);
const char  *test_room_draft_of    (TestRoom    *self,
                                    const char  *nick);
gboolean     test_room_has_event   (TestRoom    *self,
                                    const char  *event);
gboolean     test_room_has_message (TestRoom    *self,
                                    const char  *text);
void         test_room_send        (TestRoom    *self,
                                    const char  *text);
void         test_room_draft       (TestRoom    *self,
                                    const char  *text);
char        *test_room_transcript  (TestRoom    *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestRoom, test_room_free)

G_END_DECLS
