/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "testlib.h"

#include <string.h>

static void
note (TestRoom   *self,
      const char *format,
      ...) G_GNUC_PRINTF (2, 3);

static void
note (TestRoom   *self,
      const char *format,
      ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_ptr_array_add (self->events, g_strdup_vprintf (format, arguments));
  va_end (arguments);
}

static void
on_message (ShmoozeRoom    *room,
            ShmoozeMessage *message,
            TestRoom       *self)
{
  g_assert_true (g_utf8_validate (shmooze_message_get_text (message), -1, NULL));
  g_assert_true (g_utf8_validate (shmooze_message_get_sender (message), -1, NULL));
  g_ptr_array_add (self->messages, shmooze_message_ref (message));
}

static void
on_draft (ShmoozeRoom *room,
          ShmoozePeer *peer,
          TestRoom    *self)
{
  g_assert_true (g_utf8_validate (shmooze_peer_get_draft (peer), -1, NULL));
  note (self, "draft %s: %s", shmooze_peer_get_nick (peer), shmooze_peer_get_draft (peer));
}

static void
on_joined (ShmoozeRoom *room,
           ShmoozePeer *peer,
           TestRoom    *self)
{
  note (self, "joined %s", shmooze_peer_get_nick (peer));
}

static void
on_left (ShmoozeRoom      *room,
         ShmoozePeer      *peer,
         ShmoozePeerState  how,
         TestRoom         *self)
{
  g_assert_true (how == SHMOOZE_PEER_LEFT || how == SHMOOZE_PEER_CRASHED);
  g_assert_cmpint (shmooze_peer_get_state (peer), ==, how);
  if (how == SHMOOZE_PEER_CRASHED)
    note (self, "crashed %s: %s", shmooze_peer_get_nick (peer), shmooze_peer_get_draft (peer));
  else
    note (self, "left %s", shmooze_peer_get_nick (peer));
}

static void
on_broken (ShmoozeRoom *room,
           guint        seat,
           GError      *error,
           TestRoom    *self)
{
  note (self, "broken %u", seat);
  g_clear_error (&self->broken);
  self->broken = g_error_copy (error);
}

static void
on_lost (ShmoozeRoom *room,
         GError      *error,
         TestRoom    *self)
{
  note (self, "lost");
  g_clear_error (&self->lost);
  self->lost = g_error_copy (error);
  self->n_lost++;
}

TestRoom *
test_room_new (ShmoozeRoom *room)
{
  TestRoom *self = g_new0 (TestRoom, 1);

  self->room = room;
  self->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) shmooze_message_unref);
  self->events = g_ptr_array_new_with_free_func (g_free);
  g_signal_connect (room, "message", G_CALLBACK (on_message), self);
  g_signal_connect (room, "draft-changed", G_CALLBACK (on_draft), self);
  g_signal_connect (room, "peer-joined", G_CALLBACK (on_joined), self);
  g_signal_connect (room, "peer-left", G_CALLBACK (on_left), self);
  g_signal_connect (room, "lane-broken", G_CALLBACK (on_broken), self);
  g_signal_connect (room, "lost", G_CALLBACK (on_lost), self);
  return self;
}

TestRoom *
test_room_join (const char *region_name,
                const char *nick,
                ShmoozeWait wait)
{
  g_autoptr(GError) error = NULL;
  ShmoozeRoom *room = shmooze_room_join (region_name, nick, wait, &error);

  g_assert_no_error (error);
  g_assert_nonnull (room);
  return test_room_new (room);
}

void
test_room_free (TestRoom *self)
{
  g_signal_handlers_disconnect_by_data (self->room, self);
  shmooze_room_leave (self->room);
  g_object_unref (self->room);
  g_ptr_array_unref (self->messages);
  g_ptr_array_unref (self->events);
  g_clear_error (&self->broken);
  g_clear_error (&self->lost);
  g_free (self);
}

guint
test_room_n_peers (TestRoom *self)
{
  return g_list_model_get_n_items (shmooze_room_get_peers (self->room));
}

ShmoozeMessage *
test_room_message (TestRoom *self,
                   guint     i)
{
  g_assert_cmpuint (i, <, self->messages->len);
  return g_ptr_array_index (self->messages, i);
}

ShmoozePeer *
test_room_find_peer (TestRoom   *self,
                     const char *nick)
{
  GListModel *peers = shmooze_room_get_peers (self->room);

  for (guint i = 0; i < g_list_model_get_n_items (peers); i++)
    {
      g_autoptr(ShmoozePeer) peer = g_list_model_get_item (peers, i);

      if (strcmp (shmooze_peer_get_nick (peer), nick) == 0)
        return peer;  /* the list holds it */
    }
  return NULL;
}

const char *
test_room_draft_of (TestRoom   *self,
                    const char *nick)
{
  ShmoozePeer *peer = test_room_find_peer (self, nick);

  return peer != NULL ? shmooze_peer_get_draft (peer) : NULL;
}

gboolean
test_room_has_event (TestRoom   *self,
                     const char *event)
{
  for (guint i = 0; i < self->events->len; i++)
    if (strcmp (g_ptr_array_index (self->events, i), event) == 0)
      return TRUE;
  return FALSE;
}

gboolean
test_room_has_message (TestRoom   *self,
                       const char *text)
{
  for (guint i = 0; i < self->messages->len; i++)
    if (strcmp (shmooze_message_get_text (g_ptr_array_index (self->messages, i)), text) == 0)
      return TRUE;
  return FALSE;
}

static void
on_sent (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (shmooze_room_send_finish (SHMOOZE_ROOM (object), result, &error));
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

/* Sends a message and waits until it is in the region. */
void
test_room_send (TestRoom   *self,
                const char *text)
{
  gboolean sent = FALSE;

  shmooze_room_send_async (self->room, text, NULL, on_sent, &sent);
  test_wait (sent);
}

void
test_room_draft (TestRoom   *self,
                 const char *text)
{
  g_autoptr(GError) error = NULL;
  gboolean done = shmooze_room_set_draft (self->room, text, &error);

  g_assert_no_error (error);
  g_assert_true (done);
}

static gint
compare_messages (gconstpointer a,
                  gconstpointer b)
{
  ShmoozeMessage *one = *(ShmoozeMessage *const *) a, *two = *(ShmoozeMessage *const *) b;
  guint64 n1 = shmooze_message_get_number (one), n2 = shmooze_message_get_number (two);

  if (n1 != n2)
    return n1 < n2 ? -1 : 1;
  return (gint) shmooze_message_get_seat (one) - (gint) shmooze_message_get_seat (two);
}

/* All messages in the order of a window, by number and seat */
char *
test_room_transcript (TestRoom *self)
{
  g_autoptr(GPtrArray) sorted = g_ptr_array_copy (self->messages, (GCopyFunc) (void (*) (void)) shmooze_message_ref, NULL);
  GString *transcript = g_string_new (NULL);

  g_ptr_array_sort (sorted, compare_messages);
  for (guint i = 0; i < sorted->len; i++)
    g_string_append_printf (transcript, "%s: %s|", shmooze_message_get_sender (g_ptr_array_index (sorted, i)),
                            shmooze_message_get_text (g_ptr_array_index (sorted, i)));
  return g_string_free (transcript, FALSE);
}
