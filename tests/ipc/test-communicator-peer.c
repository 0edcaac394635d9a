/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Peers in other processes: with and without the library, and killed ones. */

#include "lib/test-communicator.h"
#include "lib/test-peer.h"

#define N_MANY 1000

/* Another process of this program: prints what it receives, and writes the lines of its input. */

static void
say_received (ShmoozeCommunicator *communicator,
              GBytes              *data,
              gpointer             user_data)
{
  test_say ("got %.*s", (int) g_bytes_get_size (data), (const char *) g_bytes_get_data (data, NULL));
}

static void
talk (int    argc,
      char **argv)
{
  g_autoptr(End) end = end_new (argv[0], atoi (argv[1]), atoi (argv[2]));
  char *line;

  g_signal_connect (end->communicator, "data-received", G_CALLBACK (say_received), NULL);
  if (atoi (argv[1]) >= 0)
    start (end);
  test_say ("ready");
  while ((line = test_hear ()) != NULL)
    {
      write_text (end, line);
      test_say ("written");
      g_free (line);
    }
}

static void
test_two_processes (void)
{
  g_test_summary ("Two processes exchange messages in both directions.");

  g_autoptr(End) end = end_new ("two", SECOND, FIRST);
  g_autoptr(TestChild) child = test_child_new ("talk", "two", "0", "2000", NULL);

  test_child_expect (child, "ready");
  start (end);
  write_text (end, "Hello child");
  test_child_expect (child, "got Hello child");
  test_child_tell (child, "Hello parent");
  test_child_expect (child, "written");
  expect (end, 0, "Hello parent");
}

static void
test_second_writer_elsewhere (void)
{
  g_test_summary ("A slot's writer and reader in another process are detected as well.");

  g_autoptr(End) end = end_new ("busy", -1, -1);
  g_autoptr(TestChild) child = test_child_new ("talk", "busy", "0", "2000", NULL);
  g_autoptr(GError) error = NULL;

  test_child_expect (child, "ready");
  g_assert_false (shmooze_communicator_set_write_position (end->communicator, SECOND, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_BUSY, NULL);
  g_assert_true (shmooze_communicator_set_read_position (end->communicator, FIRST, NULL));
  g_assert_false (shmooze_communicator_start_reader (end->communicator, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_BUSY, NULL);
}

static void
test_peer_present (void)
{
  g_test_summary ("A peer is detected when it starts and when it stops reading.");

  g_autoptr(End) end = end_new ("present", -1, FIRST), peer = end_new ("present", FIRST, -1);

  g_assert_false (shmooze_communicator_get_peer_present (end->communicator));
  start (peer);
  test_wait (shmooze_communicator_get_peer_present (end->communicator));
  g_assert_true (was_notified (end, "peer-present TRUE"));
  shmooze_communicator_stop_reader (peer->communicator);
  test_wait (!shmooze_communicator_get_peer_present (end->communicator));
  g_assert_true (was_notified (end, "peer-present FALSE"));
}

static void
test_peer_present_at_once (void)
{
  g_test_summary ("A peer that is already reading is detected when the write position is set.");

  g_autoptr(End) peer = reader_new ("present", FIRST), end = end_new ("present", -1, FIRST);

  g_assert_true (shmooze_communicator_get_peer_present (end->communicator));
}

static void
test_peer_killed (void)
{
  g_test_summary ("The death of a killed peer is detected.");

  g_autoptr(End) end = end_new ("killed", SECOND, FIRST);
  g_autoptr(TestChild) child = test_child_new ("talk", "killed", "0", "2000", NULL);

  test_wait (shmooze_communicator_get_peer_present (end->communicator));
  test_child_kill (child);
  test_wait (!shmooze_communicator_get_peer_present (end->communicator));
}

static void
test_restarted_writer (void)
{
  g_test_summary ("A restarted writer keeps the message from before the crash and sends its own after it.");

  g_autoptr(End) reader = end_new ("restart", FIRST, -1), writer = NULL;
  g_autoptr(TestChild) child = test_child_new ("talk", "restart", "-1", "0", NULL);

  test_child_expect (child, "ready");
  test_child_tell (child, "before the crash");
  test_child_expect (child, "written");
  test_child_kill (child);
  writer = end_new ("restart", -1, FIRST);
  write_text (writer, "after it");
  test_let_run (20);
  start (reader);
  expect (reader, 0, "before the crash");
  expect (reader, 1, "after it");
}

static void
test_restarted_reader (void)
{
  g_test_summary ("A restarted reader continues with the next message.");

  g_autoptr(End) writer = end_new ("restart", -1, FIRST), reader = NULL;
  g_autoptr(TestChild) child = test_child_new ("talk", "restart", "0", "-1", NULL);

  write_text (writer, "one");
  test_child_expect (child, "ready");
  test_child_expect (child, "got one");
  test_child_kill (child);
  write_text (writer, "two");
  reader = reader_new ("restart", FIRST);
  expect (reader, 0, "two");
}

static void
test_half_written (void)
{
  g_test_summary ("A slot whose writer died while writing is freed.");

  g_autoptr(Memory) memory = memory_new ("half");
  g_autoptr(End) writer = NULL, reader = reader_new ("half", FIRST);

  put_raw (memory->bytes, 0, 0, 4, "half");
  writer = end_new ("half", -1, FIRST);
  write_text (writer, "whole");
  expect (reader, 0, "whole");
  g_assert_cmpuint (reader->received->len, ==, 1);
}

/* Many */

static GBytes *
pattern (guint number)
{
  gsize size = 1 + number * 7919 % 1900;
  guint8 *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8) ((number + 7 * i) % 251);
  return g_bytes_new_take (bytes, size);
}

static void
send_many (End   *end,
           guint  n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(GBytes) message = pattern (i);
      gsize size;
      const void *bytes = g_bytes_get_data (message, &size);

      g_assert_true (shmooze_communicator_write (end->communicator, bytes, size, NULL));
    }
}

static void
expect_many (End   *end,
             guint  n)
{
  test_wait (end->received->len >= n);
  g_assert_cmpuint (end->received->len, ==, n);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(GBytes) message = pattern (i);

      g_assert_true (g_bytes_equal (message, end->received->pdata[i]));
    }
}

static void
flood (int    argc,
       char **argv)
{
  g_autoptr(End) end = end_new (argv[0], FIRST, SECOND);

  start (end);
  send_many (end, N_MANY);
  expect_many (end, N_MANY);
  test_wait (unconfirmed (end) == 0);
  test_say ("exchanged %d", N_MANY);
  g_free (test_hear ());
}

static void
test_many (void)
{
  g_test_summary ("A thousand messages of up to 1,900 bytes in each direction arrive whole and in order.");

  g_autoptr(End) end = end_new ("many", SECOND, FIRST);
  g_autoptr(TestChild) child = test_child_new ("flood", "many", NULL);
  gint64 begin = g_get_monotonic_time ();

  start (end);
  send_many (end, N_MANY);
  expect_many (end, N_MANY);
  test_child_expect (child, "exchanged 1000");
  test_wait (unconfirmed (end) == 0);
  g_test_message ("%.2f s", (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC);
}

/* A peer in Python that only knows the layout, and one that uses the library. */
typedef struct
{
  char      *name;
  End       *end;
  TestChild *peer;
} Mixed;

static void
mixed_free (Mixed *self)
{
  g_clear_pointer (&self->peer, test_child_free);
  end_free (self->end);
  g_free (self->name);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Mixed, mixed_free)

/* Returns NULL, with the test skipped, if there is no Python. @pause: how long the peer waits between two polls */
static Mixed *
mixed_new (const char *pause)
{
  g_autoptr(Mixed) self = g_new0 (Mixed, 1);

  self->name = test_unique_name ("/shmooze-test");
  self->end = end_new (self->name, SECOND, FIRST);
  self->peer = test_peer_new ("communicator.py", self->name, pause, NULL);
  if (self->peer == NULL)
    return NULL;
  test_child_expect (self->peer, "ready");
  test_child_tell (self->peer, "claim");
  test_child_expect (self->peer, "claimed");
  return g_steal_pointer (&self);
}

static void
test_python_reads (void)
{
  g_test_summary ("A thousand messages reach a peer that only knows the layout, whole and in order.");

  g_autoptr(Mixed) mixed = mixed_new ("--pause=0.3");

  if (mixed == NULL)
    return;
  send_many (mixed->end, N_MANY);
  test_child_tell (mixed->peer, "receive %d", N_MANY);
  test_child_expect (mixed->peer, "received 1000");
  test_wait (unconfirmed (mixed->end) == 0);
}

static void
test_python_writes (void)
{
  g_test_summary ("A thousand messages of a peer that only knows the layout arrive whole and in order.");

  g_autoptr(Mixed) mixed = mixed_new ("--pause=0.3");

  if (mixed == NULL)
    return;
  start (mixed->end);
  test_child_tell (mixed->peer, "send %d", N_MANY);
  test_child_expect (mixed->peer, "sent 1000");
  expect_many (mixed->end, N_MANY);
}

static void
test_python_both_ways (void)
{
  g_test_summary ("A thousand messages in each direction, with a peer that only knows the layout, arrive in order.");

  g_autoptr(Mixed) mixed = mixed_new ("--pause=0.3");

  if (mixed == NULL)
    return;
  start (mixed->end);
  send_many (mixed->end, N_MANY);
  test_child_tell (mixed->peer, "exchange %d", N_MANY);
  test_child_expect (mixed->peer, "exchanged 1000");
  expect_many (mixed->end, N_MANY);
}

static void
test_python_original_timing (void)
{
  g_test_summary ("A peer that polls twice a second, as the original did, loses nothing.");

  g_autoptr(Mixed) mixed = mixed_new ("--pause=500");

  if (mixed == NULL)
    return;
  start (mixed->end);
  send_many (mixed->end, 4);
  test_child_tell (mixed->peer, "exchange 4");
  test_child_expect (mixed->peer, "exchanged 4");
  expect_many (mixed->end, 4);
  test_wait (unconfirmed (mixed->end) == 0);
}

static void
test_python_text (void)
{
  g_test_summary ("A peer that only knows the layout exchanges texts in any script.");

  g_autoptr(Mixed) mixed = mixed_new ("--pause=0.3");

  if (mixed == NULL)
    return;
  start (mixed->end);
  write_text (mixed->end, "Grüße 🙂");
  test_child_tell (mixed->peer, "read");
  test_child_expect (mixed->peer, "Grüße 🙂");
  test_child_tell (mixed->peer, "write Добрый день 🙂");
  test_child_expect (mixed->peer, "written");
  expect (mixed->end, 0, "Добрый день 🙂");
}

static void
test_python_creates (void)
{
  g_test_summary ("Messages can be exchanged in a region that the other program creates and removes.");

  g_autofree char *name = test_unique_name ("/shmooze-test"), *path = g_strconcat ("/dev/shm", name, NULL);
  g_autoptr(TestChild) peer = test_peer_new ("communicator.py", name, "--create=4096", NULL);

  if (peer == NULL)
    return;
  test_child_expect (peer, "ready");
  test_child_tell (peer, "claim");
  test_child_expect (peer, "claimed");
  {
    g_autoptr(End) end = end_new (name, SECOND, FIRST);

    start (end);
    write_text (end, "Hello");
    test_child_tell (peer, "read");
    test_child_expect (peer, "Hello");
    test_child_tell (peer, "write World");
    test_child_expect (peer, "written");
    expect (end, 0, "World");
  }
  g_assert_true (is_there (path));
  test_child_tell (peer, "unlink");
  test_child_expect (peer, "unlinked");
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("talk", talk);
  test_child_role ("flood", flood);
  test_child_role ("peer", test_peer_role);
  test_init (&argc, &argv);

  test_add ("/communicator-peer/busy/elsewhere", test_second_writer_elsewhere);
  test_add ("/communicator-peer/message/two-processes", test_two_processes);
  test_add ("/communicator-peer/present", test_peer_present);
  test_add ("/communicator-peer/present-at-once", test_peer_present_at_once);
  test_add ("/communicator-peer/killed", test_peer_killed);
  test_add ("/communicator-peer/restarted-writer", test_restarted_writer);
  test_add ("/communicator-peer/restarted-reader", test_restarted_reader);
  test_add ("/communicator-peer/half-written", test_half_written);
  test_add ("/communicator-peer/many/both-ways", test_many);
  test_add ("/communicator-peer/python/reads", test_python_reads);
  test_add ("/communicator-peer/python/writes", test_python_writes);
  test_add ("/communicator-peer/python/both-ways", test_python_both_ways);
  test_add ("/communicator-peer/python/original-timing", test_python_original_timing);
  test_add ("/communicator-peer/python/text", test_python_text);
  test_add ("/communicator-peer/python/creates", test_python_creates);

  return test_run ();
}
