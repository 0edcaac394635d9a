/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/testlib.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define SMALL 4096   /* a queue of 1 or 2 KiB */
#define LARGE 200000
#define N_EXCHANGED 200000

static void
test_write_read (void)
{
  g_test_summary ("Messages are read in the order in which they were written; an empty message is a message.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", LARGE, 4, 1000);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  gsize size = 99;
  const char *data;

  test_lane_expect (reader, NULL);
  g_assert_null (shmooze_reader_peek (reader, &size, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (size, ==, 0);

  test_lane_write (lane, "one");
  test_lane_write (lane, "");
  test_lane_write (lane, "three");
  data = shmooze_reader_peek (reader, &size, &error);
  g_assert_cmpmem (data, size, "one", 3);
  data = shmooze_reader_peek (reader, &size, &error);
  g_assert_cmpmem (data, size, "one", 3);
  shmooze_reader_release (reader);
  data = shmooze_reader_peek (reader, &size, &error);
  g_assert_no_error (error);
  g_assert_nonnull (data);
  g_assert_cmpuint (size, ==, 0);
  shmooze_reader_release (reader);
  test_lane_expect (reader, "three");
  test_lane_expect (reader, NULL);
}

static void
test_reserve_commit (void)
{
  g_test_summary ("A reserved message is invisible until it is committed, and has the size given then.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  gsize max = shmooze_writer_get_max_size (lane->writer);

  for (guint i = 0; i < 500; i++)
    {
      gsize reserved = i * 37 % (max + 1), committed = reserved - (reserved * (i % 3)) / 3;
      g_autoptr(GBytes) bytes = NULL;
      char *room = shmooze_writer_reserve (lane->writer, reserved, &error);

      g_assert_no_error (error);
      g_assert_nonnull (room);
      test_pattern_fill (room, reserved, i);
      test_lane_expect (reader, NULL);
      shmooze_writer_commit (lane->writer, committed);
      bytes = shmooze_reader_read (reader, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (bytes), ==, committed);
      g_assert_true (test_pattern_check (g_bytes_get_data (bytes, NULL), committed, i));
    }

  /* A new reservation replaces the former one. */
  strcpy (shmooze_writer_reserve (lane->writer, 10, &error), "forgotten");
  strcpy (shmooze_writer_reserve (lane->writer, 10, &error), "kept");
  shmooze_writer_commit (lane->writer, 4);
  test_lane_expect (reader, "kept");
  test_lane_expect (reader, NULL);
}

static void
test_sizes (void)
{
  g_test_summary ("Messages of every size up to the maximum are received unchanged; one byte more fails with TOO_LONG.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", 16384, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  gsize max = shmooze_writer_get_max_size (lane->writer);
  g_autofree char *beyond = g_malloc (max + 1), *digits = g_strdup_printf ("%" G_GSIZE_FORMAT, max + 1);

  g_assert_cmpuint (max, >=, 256);
  for (gsize size = 0; size <= max; size++)
    {
      g_autoptr(GBytes) bytes = NULL;

      g_autofree char *data = g_malloc (size);  /* of its own, so that the address sanitizer finds overruns */

      test_pattern_fill (data, size, (guint) size);
      g_assert_true (shmooze_writer_write (lane->writer, data, size, &error));
      g_assert_no_error (error);
      bytes = shmooze_reader_read (reader, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (bytes), ==, size);
      g_assert_true (test_pattern_check (g_bytes_get_data (bytes, NULL), size, (guint) size));
    }

  g_assert_false (shmooze_writer_write (lane->writer, beyond, max + 1, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG, digits, NULL);
  g_assert_null (shmooze_writer_reserve (lane->writer, G_MAXSIZE, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG, NULL);
  g_assert_null (shmooze_writer_reserve (lane->writer, G_MAXSIZE - 7, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG, NULL);
  test_lane_expect (reader, NULL);
  test_lane_write (lane, "goes on");
  test_lane_expect (reader, "goes on");
}

static void
test_wrap (void)
{
  g_test_summary ("Messages of all sizes stay complete and in order while the ring wraps thousands of times.");

  g_autoptr(GRand) rand = g_rand_new_with_seed (20261121);
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 2, 100);
  g_autoptr(ShmoozeReader) quick = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  g_autoptr(ShmoozeReader) slow = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  gsize max = shmooze_writer_get_max_size (lane->writer);
  g_autofree char *data = g_malloc (max);
  guint n_written = 0, n_quick = 0, n_slow = 0, n_full = 0;

  while (n_written < 30000)
    {
      g_autoptr(GError) error = NULL;
      guint n = (guint) g_rand_int_range (rand, 0, 12);

      for (guint i = 0; i < n; i++)
        {
          gsize size = (n_written * 7919u) % (max + 1);

          test_pattern_fill (data, size, n_written);
          if (shmooze_writer_write (lane->writer, data, size, &error))
            n_written++;
          else
            {
              test_check_error (&error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "lane", NULL);
              n_full++;
            }
        }
      for (guint reader = 0; reader < 2; reader++)
        {
          guint *count = reader == 0 ? &n_quick : &n_slow;

          n = reader == 0 ? G_MAXUINT : (guint) g_rand_int_range (rand, 0, 12);
          for (guint i = 0; i < n && *count < n_written; i++)
            {
              g_autoptr(GBytes) bytes = shmooze_reader_read (reader == 0 ? quick : slow, &error);

              g_assert_no_error (error);
              g_assert_cmpuint (g_bytes_get_size (bytes), ==, (*count * 7919u) % (max + 1));
              g_assert_true (test_pattern_check (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), *count));
              ++*count;
            }
        }
    }
  g_assert_cmpuint (n_full, >, 100);
}

static guint
fill (TestLane *lane,
      guint     from)
{
  g_autoptr(GError) error = NULL;

  for (; ; from++)
    {
      g_autofree char *text = g_strdup_printf ("message %u", from);

      if (!shmooze_writer_write (lane->writer, text, strlen (text), &error))
        break;
      g_assert_cmpuint (from, <, 1000000);
    }
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "lane", NULL);
  return from;
}

static void
expect_numbers (ShmoozeReader *reader,
                guint          from,
                guint          to)
{
  for (; from < to; from++)
    {
      g_autofree char *text = g_strdup_printf ("message %u", from);

      test_lane_expect (reader, text);
    }
  test_lane_expect (reader, NULL);
}

static void
test_full (void)
{
  g_test_summary ("Writing to a full lane fails with WOULD_BLOCK, and no message is lost.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  guint first = fill (lane, 0), second;

  g_assert_cmpuint (first, >=, 30);
  second = fill (lane, first);
  g_assert_cmpuint (second, ==, first);
  expect_numbers (reader, 0, first);
  second = fill (lane, first);
  g_assert_cmpuint (second, >, first + 20);
  expect_numbers (reader, first, second);
}

static void
test_history (void)
{
  g_test_summary ("A reader that attaches late receives the newest messages, which are still in the ring.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 3, 100);
  g_autoptr(ShmoozeReader) early = NULL, late = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autofree char *oldest = NULL;
  guint first;

  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *text = g_strdup_printf ("message %u", i);

      test_lane_write (lane, text);
    }
  early = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  expect_numbers (early, 0, 10);

  /* More than the queue can hold. */
  for (guint i = 10; i < 1000; i++)
    {
      g_autofree char *text = g_strdup_printf ("message %u", i);

      test_lane_write (lane, text);
      test_lane_expect (early, text);
    }
  late = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  bytes = shmooze_reader_read (late, NULL);
  g_assert_nonnull (bytes);
  oldest = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  first = (guint) g_ascii_strtoull (oldest + strlen ("message "), NULL, 10);
  g_assert_cmpuint (first, >, 10);
  g_assert_cmpuint (first, <, 985);
  expect_numbers (late, first + 1, 1000);
}

static void
test_several_readers (void)
{
  g_test_summary ("Each reader gets every message, the slowest one holds the writer, and the number of readers is "
                  "limited.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 3, 100);
  g_autoptr(ShmoozeReader) one = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  g_autoptr(ShmoozeReader) two = test_lane_read (lane, SHMOOZE_WAIT_POLL);
  g_autoptr(ShmoozeReader) three = test_lane_read (lane, SHMOOZE_WAIT_SPIN), four = NULL;
  guint n;

  four = shmooze_reader_new (lane->view, SHMOOZE_WAIT_AUTO, &error);
  g_assert_null (four);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_NO_SEAT, "lane", "3", NULL);

  n = fill (lane, 0);
  expect_numbers (one, 0, n);
  expect_numbers (two, 0, n);
  g_assert_cmpuint (fill (lane, n), ==, n);  /* the third has read nothing */
  expect_numbers (three, 0, n);
  g_assert_cmpuint (fill (lane, n), >, n);

  shmooze_reader_close (two);
  four = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
}

static void
test_closed_reader_frees (void)
{
  g_test_summary ("The writer does not wait for a closed reader.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 2, 100);
  g_autoptr(ShmoozeReader) one = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  g_autoptr(ShmoozeReader) two = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  guint n = fill (lane, 0), more;

  expect_numbers (one, 0, n);
  shmooze_reader_close (two);
  shmooze_reader_close (two);
  more = fill (lane, n);
  g_assert_cmpuint (more, >, n);
  expect_numbers (one, n, more);
}

/* Attaches as a reader, reads nothing, and waits to be killed. */
static void
role_reader (int    argc,
             char **argv)
{
  g_autoptr(TestLane) lane = test_lane_open (argv[0]);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_BELL);

  test_say ("attached");
  g_free (test_hear ());
}

static void
test_dead_reader_frees (void)
{
  g_test_summary ("The writer does not wait for a reader that was killed.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 3, 100);
  g_autoptr(ShmoozeReader) alive = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  g_autoptr(TestChild) child = test_child_new ("reader", "lane", NULL);
  guint n, more;

  test_child_expect (child, "attached");
  n = fill (lane, 0);
  expect_numbers (alive, 0, n);
  g_assert_cmpuint (fill (lane, n), ==, n);
  test_child_kill (child);
  more = fill (lane, n);
  g_assert_cmpuint (more, >, n);
  expect_numbers (alive, n, more);
}

static void
test_dead_readers_free (void)
{
  g_test_summary ("The writer does not wait for two killed readers with the same position.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 3, 100);
  g_autoptr(TestChild) one = test_child_new ("reader", "lane", NULL), two = test_child_new ("reader", "lane", NULL);

  test_child_expect (one, "attached");
  test_child_expect (two, "attached");
  fill (lane, 0);
  test_child_kill (one);
  test_child_kill (two);
  g_assert_true (shmooze_writer_write (lane->writer, "room", 4, &error));
  g_assert_no_error (error);
}

static void
test_draft (void)
{
  g_test_summary ("A reader receives the newest draft once; a draft that is too long fails with TOO_LONG and changes "
                  "nothing.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 2, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO), late = NULL;
  g_autofree char *longest = g_strnfill (100, 'x'), *too_long = g_strnfill (101, 'y'), *bytes = NULL;
  gsize length;

  g_assert_cmpuint (shmooze_writer_get_max_draft (lane->writer), ==, 100);
  test_lane_expect_draft (reader, NULL);
  test_lane_draft (lane, "H");
  test_lane_expect_draft (reader, "H");
  test_lane_expect_draft (reader, NULL);
  test_lane_draft (lane, "He");
  test_lane_draft (lane, "Hel");
  test_lane_expect_draft (reader, "Hel");
  test_lane_draft (lane, "");
  test_lane_expect_draft (reader, "");
  test_lane_draft (lane, longest);
  test_lane_expect_draft (reader, longest);

  g_assert_false (shmooze_writer_set_draft (lane->writer, too_long, -1, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG, "101", "100", NULL);
  g_assert_false (shmooze_writer_set_draft (lane->writer, too_long, 101, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG, "101", "100", NULL);
  test_lane_expect_draft (reader, NULL);
  late = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  test_lane_expect_draft (late, longest);

  for (gssize size = 0; size <= 100; size++)
    {
      g_autofree char *text = g_strnfill ((gsize) size, 'a');

      g_assert_true (shmooze_writer_set_draft (lane->writer, longest, 100, &error));
      test_lane_expect_draft (reader, longest);
      g_assert_true (shmooze_writer_set_draft (lane->writer, text, size, &error));
      test_lane_expect_draft (reader, text);
    }

  g_assert_true (shmooze_writer_set_draft (lane->writer, "a\0b\xff", 4, &error));
  bytes = shmooze_reader_read_draft (reader, &length, &error);
  g_assert_cmpmem (bytes, length, "a\0b\xff", 4);

  /* Messages and drafts are independent. */
  test_lane_write (lane, "message");
  test_lane_draft (lane, "draft");
  test_lane_expect (reader, "message");
  test_lane_expect_draft (reader, "draft");
}

typedef struct
{
  TestLane      *lane;
  ShmoozeReader *reader;
  atomic_bool    done;
  guint          count;
} Hammer;

static gpointer
hammer (gpointer data)
{
  Hammer *self = data;
  char text[4001];

  for (guint i = 1; i <= self->count; i++)
    {
      gsize size = test_pattern_text (text, i, sizeof text);

      g_assert_true (shmooze_writer_set_draft (self->lane->writer, text, (gssize) size, NULL));
    }
  atomic_store (&self->done, TRUE);
  return NULL;
}

static void
test_draft_is_whole (void)
{
  g_test_summary ("However fast drafts change, a reader receives only complete ones, and none after a newer one.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", LARGE, 1, 4000);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_SPIN);
  Hammer self = { .lane = lane, .count = TEST_SLOW ? 20000 : 300000 };
  GThread *thread = g_thread_new ("hammer", hammer, &self);
  guint last = 0, n_seen = 0;
  gboolean done;

  do
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *text = NULL;
      gsize length;
      guint number = 0;

      done = atomic_load (&self.done);
      text = shmooze_reader_read_draft (reader, &length, &error);
      g_assert_no_error (error);
      if (text == NULL)
        continue;
      g_assert_true (test_pattern_is_text (text, length, &number));
      g_assert_cmpuint (number, >, last);
      last = number;
      n_seen++;
    }
  while (!done);
  g_thread_join (thread);
  g_assert_cmpuint (last, ==, self.count);
  g_test_message ("%u of %u drafts seen", n_seen, self.count);
}

typedef struct
{
  guint   n_done;
  GError *last_error;
} Written;

static void
on_written (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Written *written = user_data;

  g_clear_error (&written->last_error);
  shmooze_writer_write_finish (SHMOOZE_WRITER (object), result, &written->last_error);
  written->n_done++;
}

static void
test_write_async (void)
{
  g_test_summary ("Asynchronous writes to a full lane complete in order as the reader reads.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  Written written = { 0 };
  guint n;

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(GBytes) bytes = g_bytes_new_take (g_strdup_printf ("message %u", i), 9);

      shmooze_writer_write_async (lane->writer, bytes, NULL, on_written, &written);
    }
  test_wait (written.n_done == 3);
  g_assert_no_error (written.last_error);

  n = fill (lane, 3);
  for (guint i = n; i < n + 300; i++)
    {
      g_autofree char *text = g_strdup_printf ("message %u", i);
      g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));

      shmooze_writer_write_async (lane->writer, bytes, NULL, on_written, &written);
    }
  test_settle ();
  g_assert_cmpuint (written.n_done, ==, 3);

  for (guint i = 0; i < n + 300; i++)
    {
      g_autofree char *text = g_strdup_printf ("message %u", i);
      g_autoptr(GBytes) bytes = NULL;

      test_wait ((bytes = shmooze_reader_read (reader, NULL)) != NULL);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text, strlen (text));
    }
  test_wait (written.n_done == 303);
  g_assert_no_error (written.last_error);
  test_lane_expect (reader, NULL);
}

static void
test_write_async_ends (void)
{
  g_test_summary ("A waiting write ends when it is cancelled, when it is too long, and when the writer is closed.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  g_autoptr(GBytes) bytes = g_bytes_new_static ("late", 4);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *too_long = g_malloc0 (LARGE);
  g_autoptr(GBytes) long_bytes = g_bytes_new (too_long, LARGE);
  Written cancelled = { 0 }, closed = { 0 }, refused = { 0 };

  shmooze_writer_write_async (lane->writer, long_bytes, NULL, on_written, &refused);
  test_wait (refused.n_done == 1);
  test_check_error (&refused.last_error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG, NULL);

  fill (lane, 0);
  shmooze_writer_write_async (lane->writer, bytes, cancellable, on_written, &cancelled);
  shmooze_writer_write_async (lane->writer, bytes, NULL, on_written, &closed);
  shmooze_writer_write_async (lane->writer, bytes, NULL, on_written, &closed);
  g_cancellable_cancel (cancellable);
  test_wait (cancelled.n_done == 1);
  test_check_error (&cancelled.last_error, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  test_settle ();
  g_assert_cmpuint (closed.n_done, ==, 0);
  shmooze_writer_close (lane->writer);
  test_wait (closed.n_done == 2);
  test_check_error (&closed.last_error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
}

static void
close_when_written (GObject      *object,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  on_written (object, result, user_data);
  shmooze_writer_close (SHMOOZE_WRITER (object));
}

static void
test_close_in_callback (void)
{
  g_test_summary ("A writer can be closed in the callback of an asynchronous write.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  g_autoptr(GBytes) bytes = g_bytes_new_static ("late", 4);
  Written written = { 0 }, closed = { 0 };
  guint n = fill (lane, 0);

  shmooze_writer_write_async (lane->writer, bytes, NULL, close_when_written, &written);
  shmooze_writer_write_async (lane->writer, bytes, NULL, on_written, &closed);
  test_settle ();
  for (guint i = 0; i < n; i++)
    g_bytes_unref (shmooze_reader_read (reader, NULL));
  test_wait (written.n_done == 1);
  g_assert_no_error (written.last_error);
  test_wait (closed.n_done == 1);
  g_clear_error (&closed.last_error);
}

static void
test_write_async_after_death (void)
{
  g_test_summary ("A waiting write completes when the reader that it waits for is killed.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 2, 100);
  g_autoptr(TestChild) child = test_child_new ("reader", "lane", NULL);
  g_autoptr(GBytes) bytes = g_bytes_new_static ("late", 4);
  Written written = { 0 };

  test_child_expect (child, "attached");
  fill (lane, 0);
  shmooze_writer_write_async (lane->writer, bytes, NULL, on_written, &written);
  test_settle ();
  g_assert_cmpuint (written.n_done, ==, 0);
  test_child_kill (child);
  test_wait (written.n_done == 1);
  g_assert_no_error (written.last_error);
}

static gboolean
on_called (ShmoozeReader *reader,
           gpointer       user_data)
{
  ++*(guint *) user_data;
  return G_SOURCE_REMOVE;
}

static gpointer
produce (gpointer data)
{
  Hammer *self = data;
  char bytes[64];

  for (guint i = 0; i < self->count; )
    {
      g_autoptr(GError) error = NULL;
      gsize size = sizeof i + i % 50;

      memcpy (bytes, &i, sizeof i);
      test_pattern_fill (bytes + sizeof i, size - sizeof i, i);
      if (shmooze_writer_write (self->lane->writer, bytes, size, &error))
        i++;
      else
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
          g_thread_yield ();
        }
    }
  return NULL;
}

static gpointer
consume (gpointer data)
{
  Hammer *self = data;

  for (guint i = 0; i < self->count; )
    {
      g_autoptr(GError) error = NULL;
      gsize size;
      const char *bytes;
      guint number;

      g_assert_true (shmooze_reader_wait (self->reader, TEST_PATIENCE_USEC, NULL, &error));
      g_assert_no_error (error);
      while ((bytes = shmooze_reader_peek (self->reader, &size, &error)) != NULL)
        {
          g_assert_cmpuint (size, ==, sizeof i + i % 50);
          memcpy (&number, bytes, sizeof number);
          g_assert_cmpuint (number, ==, i);
          g_assert_true (test_pattern_check (bytes + sizeof number, size - sizeof number, i));
          shmooze_reader_release (self->reader);
          i++;
        }
      g_assert_no_error (error);
    }
  return NULL;
}

static void
test_exchange (void)
{
  g_test_summary ("One writer thread and two reader threads exchange 200,000 messages without loss.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", 40000, 2, 100);
  g_autoptr(ShmoozeReader) one = test_lane_read (lane, SHMOOZE_WAIT_BELL);
  g_autoptr(ShmoozeReader) two = test_lane_read (lane, SHMOOZE_WAIT_POLL);
  Hammer writer = { .lane = lane, .count = N_EXCHANGED };
  Hammer first = { .reader = one, .count = N_EXCHANGED }, second = { .reader = two, .count = N_EXCHANGED };
  GThread *threads[] = {
    g_thread_new ("produce", produce, &writer), g_thread_new ("consume", consume, &first),
    g_thread_new ("consume", consume, &second)
  };

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static void
test_one_writer (void)
{
  g_test_summary ("A lane has one writer at a time; a second one is refused until the first is closed or dead.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 2, 100), other = test_lane_open ("lane");
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  g_autoptr(ShmoozeWriter) second = NULL;

  second = shmooze_writer_new (lane->view, 2, 100, &error);
  g_assert_null (second);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_BUSY, "lane", NULL);
  second = shmooze_writer_new (other->view, 2, 100, &error);
  g_assert_null (second);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_BUSY, "lane", NULL);

  test_lane_write (lane, "first's");
  test_lane_draft (lane, "first's draft");
  shmooze_writer_close (lane->writer);
  shmooze_writer_close (lane->writer);
  second = shmooze_writer_new (other->view, 1, 5, &error);  /* the sizes of an existing lane are kept */
  g_assert_no_error (error);
  g_assert_cmpuint (shmooze_writer_get_max_draft (second), ==, 100);
  g_assert_true (shmooze_writer_write (second, "second's", 8, &error));
  test_lane_expect (reader, "first's");
  test_lane_expect (reader, "second's");
  test_lane_expect_draft (reader, "first's draft");
  g_assert_true (shmooze_writer_set_draft (second, "second's draft", -1, &error));
  test_lane_expect_draft (reader, "second's draft");
}

/* Becomes the writer, writes on request, and waits to be killed. */
static void
role_writer (int    argc,
             char **argv)
{
  g_autoptr(TestLane) lane = test_lane_open (argv[0]);
  char *line;

  lane->writer = shmooze_writer_new (lane->view, 2, 100, NULL);
  g_assert_nonnull (lane->writer);
  while ((line = test_hear ()) != NULL)
    {
      test_lane_write (lane, line);
      test_say ("written");
      g_free (line);
    }
}

static void
test_killed_writer (void)
{
  g_test_summary ("After a writer was killed, the next one continues the lane, and no message is lost.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 2, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);

  shmooze_writer_close (lane->writer);
  for (guint i = 0; i < 5; i++)
    {
      g_autoptr(TestChild) child = test_child_new ("writer", "lane", NULL);
      g_autoptr(ShmoozeWriter) none = NULL;

      for (guint j = 0; j < 40; j++)
        {
          g_autofree char *text = g_strdup_printf ("message %u", i * 100 + j);

          test_child_tell (child, "%s", text);
          test_child_expect (child, "written");
          if (j % 5 == 4)
            expect_numbers (reader, i * 100 + j - 4, i * 100 + j + 1);
        }
      none = shmooze_writer_new (lane->view, 2, 100, NULL);
      g_assert_null (none);
      test_child_kill (child);
    }
}

static void
test_layout (void)
{
  g_test_summary ("A view that is too small or does not contain a lane is refused, and not written to.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = shmooze_region_create ("plain", 100000, SHMOOZE_ACCESS_READ_WRITE, NULL);
  g_autoptr(ShmoozeView) view = shmooze_region_create_view (region, 0, 0, SHMOOZE_ACCESS_READ_WRITE, NULL);
  g_autoptr(ShmoozeView) small = shmooze_region_create_view (region, 0, 100, SHMOOZE_ACCESS_READ_WRITE, NULL);
  g_autoptr(ShmoozeView) odd = shmooze_region_create_view (region, 4, 0, SHMOOZE_ACCESS_READ_WRITE, NULL);
  g_autoptr(ShmoozeView) tiny = shmooze_region_create_view (region, 0, 1, SHMOOZE_ACCESS_READ_WRITE, NULL);
  g_autoptr(ShmoozeReader) reader = NULL;
  g_autoptr(ShmoozeWriter) writer = NULL;
  const struct
  {
    ShmoozeView *view;
    guint        n_readers;
    gsize        draft_size;
  } bad[] = {
    { small, 1, 10 }, { tiny, 1, 0 }, { odd, 1, 10 }, { view, 0, 10 }, { view, 65, 10 }, { view, G_MAXUINT, 10 },
    { view, 1, 100000 }, { view, 1, 50000 }, { view, 1, G_MAXSIZE }, { view, 1, G_MAXSIZE - 7 },
    { view, 1, G_MAXSIZE / 2 }
  };

  reader = shmooze_reader_new (view, SHMOOZE_WAIT_AUTO, &error);
  g_assert_null (reader);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "plain", NULL);
  reader = shmooze_reader_new (tiny, SHMOOZE_WAIT_AUTO, &error);
  g_assert_null (reader);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "plain", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      writer = shmooze_writer_new (bad[i].view, bad[i].n_readers, bad[i].draft_size, &error);
      g_assert_null (writer);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "plain", NULL);
    }
  for (gsize i = 0; i < 1000; i++)
    g_assert_cmpint (((char *) shmooze_view_get_data (view))[i], ==, 0);

  memset (shmooze_view_get_data (view), 'x', 100000);
  writer = shmooze_writer_new (view, 1, 10, &error);
  g_assert_null (writer);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "plain", NULL);
}

static void
role_read_only (int    argc,
                char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 2, 100);
  g_autoptr(ShmoozeRegion) fresh = shmooze_region_create ("fresh", SMALL, SHMOOZE_ACCESS_READ_WRITE, NULL);
  g_autoptr(ShmoozeView) view = shmooze_region_create_view (lane->region, 0, 0, SHMOOZE_ACCESS_READ, NULL);
  g_autoptr(ShmoozeView) fresh_view = shmooze_region_create_view (fresh, 0, 0, SHMOOZE_ACCESS_READ, NULL);
  g_autoptr(ShmoozeView) copy = shmooze_region_create_view (lane->region, 0, 0, SHMOOZE_ACCESS_COPY_ON_WRITE, NULL);
  g_autoptr(ShmoozeReader) reader = shmooze_reader_new (view, SHMOOZE_WAIT_AUTO, &error);
  g_autoptr(ShmoozeWriter) writer = NULL;

  g_assert_null (reader);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "lane", NULL);
  reader = shmooze_reader_new (copy, SHMOOZE_WAIT_AUTO, &error);
  g_assert_null (reader);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "lane", NULL);
  writer = shmooze_writer_new (fresh_view, 1, 10, &error);
  g_assert_null (writer);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "fresh", NULL);
  test_say ("fine");
}

static void
test_read_only_view (void)
{
  g_test_summary ("A lane in a view that is not readable and writable is refused.");

  g_autoptr(TestChild) child = test_child_new ("read-only", NULL);
  g_autofree char *heard = test_child_hear (child);

  g_assert_cmpstr (heard, ==, "fine");
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

static void
test_closed (void)
{
  g_test_summary ("All functions of a closed writer or reader fail with CLOSED.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 2, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  gsize size;

  shmooze_reader_close (reader);
  g_assert_null (shmooze_reader_read (reader, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_assert_null (shmooze_reader_peek (reader, &size, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_assert_null (shmooze_reader_read_draft (reader, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_assert_false (shmooze_reader_wait (reader, 0, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);

  shmooze_writer_close (lane->writer);
  g_assert_false (shmooze_writer_write (lane->writer, "x", 1, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_assert_false (shmooze_writer_set_draft (lane->writer, "x", 1, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
}

static void
role_view_closed (int    argc,
                  char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 2, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  g_autoptr(GSource) source = shmooze_reader_create_source (reader, NULL);
  guint count = 0;

  g_source_set_callback (source, G_SOURCE_FUNC (on_called), &count, NULL);
  g_source_attach (source, NULL);
  test_settle ();
  shmooze_view_close (lane->view);
  test_settle ();
  g_assert_null (shmooze_reader_read (reader, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_assert_false (shmooze_writer_write (lane->writer, "x", 1, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_source_destroy (source);
  g_clear_object (&reader);
  g_clear_pointer (&lane, test_lane_free);
  test_say ("fine");
}

static void
test_view_closed (void)
{
  g_test_summary ("After the view was closed, its writer and readers fail with CLOSED, and a source is dispatched once.");

  g_autoptr(TestChild) child = test_child_new ("view-closed", NULL);
  g_autofree char *heard = test_child_hear (child);

  g_assert_cmpstr (heard, ==, "fine");
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

static void
test_lost (void)
{
  g_test_summary ("After the region was truncated, writer and readers fail with LOST, and a source is dispatched once.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", LARGE, 2, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO), none = NULL;
  g_autoptr(GSource) source = shmooze_reader_create_source (reader, NULL);
  g_autoptr(ShmoozeWriter) second = NULL;
  guint count = 0;

  test_lane_write (lane, "lost");
  g_assert_cmpint (truncate (shmooze_region_get_path (lane->region), 0), ==, 0);
  g_assert_false (shmooze_writer_write (lane->writer, "x", 1, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "lane", NULL);
  g_assert_false (shmooze_writer_set_draft (lane->writer, "x", 1, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "lane", NULL);

  g_source_set_callback (source, G_SOURCE_FUNC (on_called), &count, NULL);
  g_source_attach (source, NULL);
  test_wait (count == 1);
  g_assert_null (shmooze_reader_read (reader, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "lane", NULL);
  g_assert_null (shmooze_reader_read_draft (reader, NULL, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "lane", NULL);
  g_assert_false (shmooze_reader_wait (reader, -1, NULL, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "lane", NULL);
  none = shmooze_reader_new (lane->view, SHMOOZE_WAIT_AUTO, &error);
  g_assert_null (none);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "lane", NULL);
  second = shmooze_writer_new (lane->view, 1, 10, &error);
  g_assert_null (second);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "lane", NULL);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("reader", role_reader);
  test_child_role ("writer", role_writer);
  test_child_role ("read-only", role_read_only);
  test_child_role ("view-closed", role_view_closed);
  test_init (&argc, &argv);

  test_add ("/lane/write-read", test_write_read);
  test_add ("/lane/reserve-commit", test_reserve_commit);
  test_add ("/lane/sizes", test_sizes);
  test_add ("/lane/wrap", test_wrap);
  test_add ("/lane/full", test_full);
  test_add ("/lane/history", test_history);
  test_add ("/lane/several-readers", test_several_readers);
  test_add ("/lane/gone/closed-reader", test_closed_reader_frees);
  test_add ("/lane/gone/dead-reader", test_dead_reader_frees);
  test_add ("/lane/gone/dead-readers", test_dead_readers_free);
  test_add ("/lane/draft", test_draft);
  test_add ("/lane/draft-is-whole", test_draft_is_whole);
  test_add ("/lane/write-async", test_write_async);
  test_add ("/lane/write-async-ends", test_write_async_ends);
  test_add ("/lane/write-async-close-in-callback", test_close_in_callback);
  test_add ("/lane/write-async-after-death", test_write_async_after_death);
  test_add ("/lane/exchange", test_exchange);
  test_add ("/lane/one-writer", test_one_writer);
  test_add ("/lane/killed-writer", test_killed_writer);
  test_add ("/lane/layout", test_layout);
  test_add ("/lane/read-only-view", test_read_only_view);
  test_add ("/lane/closed", test_closed);
  test_add ("/lane/view-closed", test_view_closed);
  test_add ("/lane/lost", test_lost);

  return test_run ();
}
