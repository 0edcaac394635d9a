/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Handlers that run a main loop of their own: no handler is called from within itself, no signal is lost, and the inner
 * loop sleeps. */

#include "lib/test-deny.h"
#include "lib/testlib.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NESTED_MSEC 100
#define N_SPEAKING 8
#define MOST_ROUNDS 30  /* of the inner loop, which has little to do */

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

/* A main loop within a handler, like that of a modal dialog */
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
  g_test_summary ("A handler of a reader can run a main loop; it is not called from within itself.");

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

/* In the inner loop an own message is sent and the peer dies. Both are reported after it. */
static void
test_room (void)
{
  g_test_summary ("A handler of a room can run a main loop; signals are not emitted from within it, and none is lost.");

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

typedef struct
{
  gboolean nested;
  gboolean is_due;  /* the inner loop has ended, and the peer that joined meanwhile was not reported yet */
} Nester;

static Nester nester;

static gint
poll_unless_due (GPollFD *fds,
                 guint    n_fds,
                 gint     timeout)
{
  if (nester.is_due && timeout != 0)
    test_say ("fell asleep");
  return g_poll (fds, n_fds, timeout);
}

static void
iterate_until_told (void)
{
  g_autofree char *line = NULL;

  while ((line = test_hear_now ()) == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
nest_until_told (ShmoozeRoom    *room,
                 ShmoozeMessage *message)
{
  nester.nested = TRUE;
  test_say ("nested");
  iterate_until_told ();
  nester.nested = FALSE;
  nester.is_due = TRUE;
}

static void
report_joined (ShmoozeRoom *room,
                ShmoozePeer *peer)
{
  g_assert_false (nester.nested);
  nester.is_due = FALSE;
  test_say ("%s joined", shmooze_peer_get_nick (peer));
}

static gboolean
wake_up (int          fd,
         GIOCondition condition,
         gpointer     user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Wakes the loop for each line, once, like a source that cannot recurse. */
static void
listen_to_parent (void)
{
  g_autoptr(GSource) source = g_unix_fd_source_new (STDIN_FILENO, G_IO_IN);

  g_source_set_can_recurse (source, TRUE);
  g_source_set_callback (source, G_SOURCE_FUNC (wake_up), NULL, NULL);
  g_source_attach (source, NULL);
}

/* Joins a room without a file monitor: only the doorbell reports that a peer has joined. */
static void
role_nester (int    argc,
             char **argv)
{
  g_autoptr(ShmoozeRoom) room = NULL;

  test_deny_call (SYS_inotify_init1, EMFILE);
#ifdef SYS_inotify_init
  test_deny_call (SYS_inotify_init, EMFILE);
#endif
  g_main_context_set_poll_func (NULL, poll_unless_due);
  room = shmooze_room_join (argv[0], "Ben", SHMOOZE_WAIT_AUTO, NULL);
  g_signal_connect (room, "message", G_CALLBACK (nest_until_told), NULL);
  g_signal_connect (room, "peer-joined", G_CALLBACK (report_joined), NULL);
  listen_to_parent ();
  test_say ("ready");
  iterate_until_told ();
}

/* A peer joins while the inner loop runs. It takes an observer seat, so no lane shows it. The doorbell rings within the
 * inner loop, and the peer is reported after it. */
static void
test_joined_meanwhile (void)
{
  g_test_summary ("A peer that joins while a handler runs a main loop is reported after it.");

  g_autoptr(TestChild) ben = test_child_new ("nester", "room", NULL);
  g_autoptr(GPtrArray) speakers = g_ptr_array_new_with_free_func ((GDestroyNotify) test_room_free);
  g_autoptr(TestRoom) cleo = NULL;

  test_child_expect (ben, "ready");
  for (guint i = 1; i < N_SPEAKING; i++)
    {
      g_autofree char *nick = g_strdup_printf ("P%u", i), *event = g_strdup_printf ("%s joined", nick);

      g_ptr_array_add (speakers, test_room_join ("room", nick, SHMOOZE_WAIT_AUTO));
      test_child_expect (ben, event);
    }
  test_room_send (g_ptr_array_index (speakers, 0), "a");
  test_child_expect (ben, "nested");
  cleo = test_room_join ("room", "Cleo", SHMOOZE_WAIT_AUTO);
  g_assert_true (shmooze_room_is_watching (cleo->room));
  test_child_tell (ben, "go on");
  test_child_expect (ben, "Cleo joined");
  test_child_tell (ben, "end");
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("talker", test_talker_role);
  test_child_role ("nester", role_nester);
  test_init (&argc, &argv);

  test_add ("/nested/reader", test_reader);
  test_add ("/nested/room", test_room);
  test_add ("/nested/room/joined-meanwhile", test_joined_meanwhile);

  return test_run ();
}
