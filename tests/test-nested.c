/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Handlers that run a main loop of their own: nothing is called from within itself, nothing is lost, and the
 * inner loop sleeps. */

#include "lib/testlib.h"

#define NESTED_MSEC 100
#define MOST_ROUNDS 30  /* of the inner loop, which has next to nothing to do */

typedef struct
{
  GString *seen;
  gboolean nested;
  guint    n_rounds;
  guint    n_gone;
} Record;

static gboolean
set_true (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* A main loop within a handler, as a dialog has it. */
static void
run_nested (Record *record)
{
  gboolean over = FALSE;

  g_assert_false (record->nested);
  record->nested = TRUE;
  g_timeout_add (NESTED_MSEC, set_true, &over);
  while (!over)
    {
      g_main_context_iteration (NULL, TRUE);
      record->n_rounds++;
    }
  record->nested = FALSE;
}

static gboolean
on_news (ShmoozeReader *reader,
         gpointer       user_data)
{
  Record *record = user_data;
  g_autoptr(GBytes) bytes = NULL;
  gsize size;
  const char *data;

  g_assert_false (record->nested);
  while ((bytes = shmooze_reader_read (reader, NULL)) != NULL)
    {
      data = g_bytes_get_data (bytes, &size);
      g_string_append_len (record->seen, data, (gssize) size);
      if (size == 1 && data[0] == 'a')
        run_nested (record);
      g_clear_pointer (&bytes, g_bytes_unref);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
write_more (gpointer user_data)
{
  test_lane_write (user_data, "b");
  test_lane_write (user_data, "c");
  return G_SOURCE_REMOVE;
}

static void
test_reader (void)
{
  const ShmoozeWait waits[] = { SHMOOZE_WAIT_BELL, SHMOOZE_WAIT_POLL };

  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      g_autoptr(TestLane) lane = test_lane_new ("lane", 20000, 1, 100);
      g_autoptr(ShmoozeReader) reader = test_lane_read (lane, waits[i]);
      g_autoptr(GSource) source = shmooze_reader_create_source (reader, NULL);
      Record record = { .seen = g_string_new (NULL) };

      g_source_set_callback (source, G_SOURCE_FUNC (on_news), &record, NULL);
      g_source_attach (source, NULL);
      g_timeout_add (NESTED_MSEC / 2, write_more, lane);
      test_lane_write (lane, "a");
      test_wait (record.seen->len == 3);
      g_assert_cmpstr (record.seen->str, ==, "abc");
      g_assert_cmpuint (record.n_rounds, <=, MOST_ROUNDS);
      g_source_destroy (source);
      g_string_free (record.seen, TRUE);
    }
}

static void
on_message (ShmoozeRoom    *room,
            ShmoozeMessage *message,
            Record         *record)
{
  const char *text = shmooze_message_get_text (message);

  g_assert_false (record->nested);
  g_string_append (record->seen, text);
  if (g_str_equal (text, "a"))
    run_nested (record);
}

static void
on_left (ShmoozeRoom      *room,
         ShmoozePeer      *peer,
         ShmoozePeerState  how,
         Record           *record)
{
  g_assert_false (record->nested);
  g_assert_cmpint (how, ==, SHMOOZE_PEER_CRASHED);
  g_string_append (record->seen, "!");
  record->n_gone++;
}

static gboolean
kill_child (gpointer user_data)
{
  test_child_kill (user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
send_own (gpointer user_data)
{
  shmooze_room_send_async (user_data, "c", NULL, NULL, NULL);
  return G_SOURCE_REMOVE;
}

/* In the inner loop one's own message is sent, and the peer dies: both are told after it. */
static void
test_room (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRoom) room = shmooze_room_join ("room", "Ada", SHMOOZE_WAIT_AUTO, &error);
  g_autoptr(TestChild) child = NULL;
  Record record = { .seen = g_string_new (NULL) };

  g_assert_no_error (error);
  g_signal_connect (room, "message", G_CALLBACK (on_message), &record);
  g_signal_connect (room, "peer-left", G_CALLBACK (on_left), &record);
  child = test_talker_new ("room", "Ben");
  test_wait (g_list_model_get_n_items (shmooze_room_get_peers (room)) == 1);
  g_timeout_add (NESTED_MSEC / 4, kill_child, child);
  g_timeout_add (NESTED_MSEC / 2, send_own, room);
  shmooze_room_send_async (room, "a", NULL, NULL, NULL);
  test_wait (record.n_gone == 1);
  g_assert_cmpstr (record.seen->str, ==, "a!c");
  g_assert_cmpuint (record.n_rounds, <=, MOST_ROUNDS);
  g_string_free (record.seen, TRUE);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("talker", test_talker_role);
  test_init (&argc, &argv);

  test_add ("/nested/reader", test_reader);
  test_add ("/nested/room", test_room);

  return test_run ();
}
