/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/testlib.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_KILLS (TEST_SLOW ? 40 : 200)

/* Types and sends in a loop, as quickly as it can, and prints each message once it is in the region. */
static void
role_typist (int    argc,
             char **argv)
{
  g_autoptr(TestRoom) room = test_room_join ("chat", "Ben", SHMOOZE_WAIT_AUTO);
  guint from = (guint) atoi (argv[0]);

  test_say ("typing");
  for (guint i = 1; ; i++)
    {
      char text[2001];

      test_pattern_text (text, from + i, sizeof text);
      g_assert_true (shmooze_room_set_draft (room->room, text, NULL));
      if (i % 4 == 0)
        {
          test_room_send (room, text);
          test_say ("%u", from + i);
        }
    }
}

static guint n_torn;

static void
check_draft (ShmoozeRoom *room,
             ShmoozePeer *peer)
{
  const char *draft = shmooze_peer_get_draft (peer);
  guint number;

  if (*draft != '\0' && !test_pattern_is_text (draft, strlen (draft), &number))
    n_torn++;
}

static void
check_message (ShmoozeRoom    *room,
               ShmoozeMessage *message,
               GHashTable     *seen)
{
  const char *text = shmooze_message_get_text (message);
  guint number = 0;

  if (!test_pattern_is_text (text, strlen (text), &number))
    n_torn++;
  else
    g_assert_true (g_hash_table_add (seen, GUINT_TO_POINTER (number)));  /* each once */
}

static void
check_left (ShmoozeRoom      *room,
            ShmoozePeer      *peer,
            ShmoozePeerState  how,
            guint            *n_crashed)
{
  check_draft (room, peer);
  g_assert_cmpint (how, ==, SHMOOZE_PEER_CRASHED);
  ++*n_crashed;
}

static void
test_room (void)
{
  g_test_summary ("A participant killed at any moment leaves complete drafts and messages, and all that it sent.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", SHMOOZE_WAIT_AUTO);
  g_autoptr(GHashTable) seen = g_hash_table_new (NULL, NULL);
  g_autoptr(GRand) rand = g_rand_new_with_seed (9);
  guint n_crashed = 0, n_sent = 0;

  n_torn = 0;
  g_signal_connect (ada->room, "draft-changed", G_CALLBACK (check_draft), NULL);
  g_signal_connect (ada->room, "message", G_CALLBACK (check_message), seen);
  g_signal_connect (ada->room, "peer-left", G_CALLBACK (check_left), &n_crashed);
  for (guint i = 0; i < N_KILLS; i++)
    {
      g_autofree char *from = g_strdup_printf ("%u", (i + 1) * 100000);
      g_autoptr(TestChild) child = test_child_new ("typist", from, NULL);
      guint n_heard = 0, enough = (guint) g_rand_int_range (rand, 0, 12);
      gint64 end;
      char *line;

      test_child_expect (child, "typing");
      while (n_heard++ < enough)
        g_free (test_child_hear (child));
      /* Up to a millisecond more, so that the kill happens at any point of its work */
      for (end = g_get_monotonic_time () + g_rand_int_range (rand, 0, 1000); g_get_monotonic_time () < end; )
        g_main_context_iteration (NULL, FALSE);
      test_child_kill (child);
      test_wait (n_crashed == i + 1);
      test_settle ();

      /* Each message that it printed is in the region. The pipe still has those that were not read yet. */
      while ((line = test_child_hear (child)) != NULL)
        {
          guint number = (guint) atoi (line);

          if (number > 0 && !g_hash_table_contains (seen, GUINT_TO_POINTER (number)))
            g_error ("message %s is missing", line);
          n_sent++;
          g_free (line);
        }
      g_assert_cmpuint (n_torn, ==, 0);
      g_assert_null (ada->broken);
      g_ptr_array_set_size (ada->messages, 0);
      g_ptr_array_set_size (ada->events, 0);
    }
  g_assert_cmpuint (g_list_model_get_n_items (shmooze_room_get_peers (ada->room)), ==, 0);
  g_test_message ("%u messages, %u heard of after death", g_hash_table_size (seen), n_sent);
}

/* The same with a lane alone. */
static void
role_writer (int    argc,
             char **argv)
{
  g_autoptr(TestLane) lane = test_lane_open ("lane");
  guint from = (guint) atoi (argv[0]);
  char text[1001];

  lane->writer = shmooze_writer_new (lane->view, 1, 1000, NULL);
  g_assert_nonnull (lane->writer);
  test_say ("writing");
  for (guint i = 1; ; i++)
    {
      gsize size = test_pattern_text (text, from + i, sizeof text);

      g_assert_true (shmooze_writer_set_draft (lane->writer, text, (gssize) size, NULL));
      shmooze_writer_write (lane->writer, text, size, NULL);
    }
}

static void
test_lane (void)
{
  g_test_summary ("A writer killed at any moment leaves complete messages and drafts, in order, and the next writer "
                  "continues.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", 40000, 1, 1000);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_BELL);
  g_autoptr(GRand) rand = g_rand_new_with_seed (10);
  guint last = 0;

  shmooze_writer_close (lane->writer);
  for (guint i = 0; i < N_KILLS; i++)
    {
      g_autofree char *from = g_strdup_printf ("%u", (i + 1) * 10000000);
      g_autoptr(TestChild) child = test_child_new ("writer", from, NULL);
      gint64 end;
      gboolean alive = TRUE;

      test_child_expect (child, "writing");
      end = g_get_monotonic_time () + g_rand_int_range (rand, 0, 2000);
      while (TRUE)
        {
          g_autoptr(GError) error = NULL;
          g_autoptr(GBytes) bytes = shmooze_reader_read (reader, &error);
          g_autofree char *draft = NULL, *text = NULL;
          gsize length;
          guint number = 0;

          g_assert_no_error (error);
          if (bytes != NULL)
            {
              text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
              g_assert_true (test_pattern_is_text (text, g_bytes_get_size (bytes), &number));
              g_assert_cmpuint (number, >, last);
              last = number;
            }
          draft = shmooze_reader_read_draft (reader, &length, &error);
          g_assert_no_error (error);
          if (draft != NULL)
            g_assert_true (test_pattern_is_text (draft, length, &number));
          if (alive && g_get_monotonic_time () >= end)
            {
              test_child_kill (child);
              alive = FALSE;
            }
          if (!alive && bytes == NULL && draft == NULL)
            break;
        }
    }
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("typist", role_typist);
  test_child_role ("writer", role_writer);
  test_init (&argc, &argv);

  test_add ("/crash/room", test_room);
  test_add ("/crash/lane", test_lane);

  return test_run ();
}
