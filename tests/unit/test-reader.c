/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/testlib.h"

#include "lane/shmooze-lane-private.h"

#include <string.h>
#include <unistd.h>

#define SMALL 4096   /* a queue of 1 or 2 KiB */
#define LARGE 200000
#define N_BOTH 2000
#define N_BALLS (TEST_SLOW ? 5000 : 50000)

static gpointer
write_later (gpointer data)
{
  test_lane_write (data, "came");
  return NULL;
}

static gpointer
cancel_later (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_wait_for_news (void)
{
  g_test_summary ("A reader waits until there is a message or a draft, until a time-out, or until it is cancelled.");

  for (guint wait = SHMOOZE_WAIT_AUTO; wait <= SHMOOZE_WAIT_SPIN; wait++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
      g_autoptr(ShmoozeReader) reader = test_lane_read (lane, wait);
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      gint64 start = g_get_monotonic_time ();
      GThread *thread;

      g_assert_false (shmooze_reader_wait (reader, 30000, NULL, &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, NULL);
      g_assert_cmpint (g_get_monotonic_time () - start, >=, 30000);
      g_assert_false (shmooze_reader_wait (reader, 0, NULL, &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, NULL);

      thread = g_thread_new ("writer", write_later, lane);
      g_assert_true (shmooze_reader_wait (reader, -1, NULL, &error));
      g_assert_no_error (error);
      g_thread_join (thread);
      g_assert_true (shmooze_reader_wait (reader, 0, NULL, &error));
      test_lane_expect (reader, "came");
      g_assert_false (shmooze_reader_wait (reader, 0, NULL, &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, NULL);

      test_lane_draft (lane, "typed");
      g_assert_true (shmooze_reader_wait (reader, -1, NULL, &error));
      test_lane_expect_draft (reader, "typed");

      thread = g_thread_new ("canceller", cancel_later, cancellable);
      g_assert_false (shmooze_reader_wait (reader, -1, cancellable, &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
      g_thread_join (thread);
      g_assert_false (shmooze_reader_wait (reader, -1, cancellable, &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
    }
}

static gboolean
on_news (ShmoozeReader *reader,
         gpointer       user_data)
{
  GString *seen = user_data;
  g_autofree char *draft = NULL;
  g_autoptr(GError) error = NULL;
  GBytes *bytes;

  while ((bytes = shmooze_reader_read (reader, &error)) != NULL)
    {
      g_string_append_len (seen, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes));
      g_string_append_c (seen, ';');
      g_bytes_unref (bytes);
    }
  if (error != NULL)
    {
      g_string_append (seen, error->message);
      return G_SOURCE_REMOVE;
    }
  draft = shmooze_reader_read_draft (reader, NULL, &error);
  if (draft != NULL)
    g_string_append_printf (seen, "(%s);", draft);
  return G_SOURCE_CONTINUE;
}

static void
test_source (void)
{
  g_test_summary ("The source of a reader is dispatched for every message and draft.");

  for (guint wait = SHMOOZE_WAIT_AUTO; wait <= SHMOOZE_WAIT_SPIN; wait++)
    {
      g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
      g_autoptr(ShmoozeReader) reader = test_lane_read (lane, wait);
      g_autoptr(GSource) source = shmooze_reader_create_source (reader, NULL);
      g_autoptr(GString) seen = g_string_new (NULL);

      g_test_message ("wait %u", wait);
      test_lane_write (lane, "before");
      g_source_set_callback (source, G_SOURCE_FUNC (on_news), seen, NULL);
      g_source_attach (source, NULL);
      test_wait (strcmp (seen->str, "before;") == 0);

      for (guint i = 0; i < 20; i++)
        {
          GThread *thread = g_thread_new ("writer", write_later, lane);

          g_string_truncate (seen, 0);
          test_wait (strcmp (seen->str, "came;") == 0);
          g_thread_join (thread);
        }
      g_string_truncate (seen, 0);
      test_lane_draft (lane, "typed");
      test_wait (strcmp (seen->str, "(typed);") == 0);
      test_settle ();
      g_assert_cmpstr (seen->str, ==, "(typed);");
      g_source_destroy (source);
    }
}

static gboolean
on_called (ShmoozeReader *reader,
           gpointer       user_data)
{
  ++*(guint *) user_data;
  return G_SOURCE_REMOVE;
}

static void
test_source_cancelled (void)
{
  g_test_summary ("A reader source that is cancelled is dispatched once.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GSource) source = shmooze_reader_create_source (reader, cancellable);
  guint count = 0;

  g_source_set_callback (source, G_SOURCE_FUNC (on_called), &count, NULL);
  g_source_attach (source, NULL);
  test_settle ();
  g_assert_cmpuint (count, ==, 0);
  g_cancellable_cancel (cancellable);
  test_wait (count == 1);
  g_assert_true (g_source_is_destroyed (source));
}

static void
expect_next (ShmoozeReader *reader,
             const char    *text)
{
  g_autoptr(GError) error = NULL;
  gsize size = 99;
  gconstpointer data = shmooze_reader_next (reader, TEST_PATIENCE_USEC, NULL, &size, &error);

  g_assert_no_error (error);
  g_assert_nonnull (data);
  g_assert_cmpmem (data, size, text, strlen (text));
}

static void
expect_no_next (ShmoozeReader *reader,
                gint64         timeout_usec,
                GCancellable  *cancellable,
                GQuark         domain,
                gint           code)
{
  g_autoptr(GError) error = NULL;
  gsize size = 99;

  g_assert_null (shmooze_reader_next (reader, timeout_usec, cancellable, &size, &error));
  test_check_error (&error, domain, code, NULL);
  g_assert_cmpuint (size, ==, 0);
}

static void
test_next (void)
{
  g_test_summary ("next() releases the current message and returns the following one.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_SPIN);
  gsize size;

  test_lane_write (lane, "one");
  test_lane_write (lane, "");
  test_lane_write (lane, "three");
  expect_next (reader, "one");
  expect_next (reader, "");
  g_assert_nonnull (shmooze_reader_peek (reader, &size, &error));  /* still the current message */
  g_assert_cmpuint (size, ==, 0);
  expect_next (reader, "three");

  /* The current message is released also if no other follows. */
  expect_no_next (reader, 0, NULL, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_lane_write (lane, "late");
  test_lane_expect (reader, "late");
}

static gboolean
is_full (TestLane *lane)
{
  return !shmooze_writer_write (lane->writer, "a message", 9, NULL);
}

static void
test_next_makes_room (void)
{
  g_test_summary ("Messages that next() has released make space for the writer.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_SPIN);

  for (guint lap = 0; lap < 5; lap++)
    {
      guint n = 1;  /* the message that is written when there is space again */

      while (!is_full (lane))
        n++;
      for (; is_full (lane); n--)
        expect_next (reader, "a message");
      while (n-- > 0)
        expect_next (reader, "a message");
      expect_no_next (reader, 0, NULL, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
    }
}

static void
test_next_waits (void)
{
  g_test_summary ("next() waits for a message or a draft, until a time-out, or until it is cancelled.");

  for (guint wait = SHMOOZE_WAIT_AUTO; wait <= SHMOOZE_WAIT_SPIN; wait++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
      g_autoptr(ShmoozeReader) reader = test_lane_read (lane, wait);
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      gint64 start = g_get_monotonic_time ();
      GThread *thread;
      gsize size;

      expect_no_next (reader, 30000, NULL, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_assert_cmpint (g_get_monotonic_time () - start, >=, 30000);

      thread = g_thread_new ("writer", write_later, lane);
      g_assert_nonnull (shmooze_reader_next (reader, -1, NULL, &size, &error));
      g_assert_cmpuint (size, ==, 4);
      g_thread_join (thread);
      thread = g_thread_new ("writer", write_later, lane);
      g_assert_nonnull (shmooze_reader_next (reader, -1, cancellable, &size, &error));
      g_assert_cmpuint (size, ==, 4);
      g_thread_join (thread);

      test_lane_draft (lane, "typed");
      g_assert_null (shmooze_reader_next (reader, -1, NULL, &size, &error));
      g_assert_no_error (error);
      test_lane_expect_draft (reader, "typed");

      thread = g_thread_new ("canceller", cancel_later, cancellable);
      expect_no_next (reader, -1, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_thread_join (thread);
      test_lane_write (lane, "not now");
      expect_no_next (reader, -1, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      expect_next (reader, "not now");
    }
}

static gpointer
write_both (gpointer data)
{
  for (guint i = 0; i < N_BOTH; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);

      test_lane_draft (data, text);
      test_lane_write (data, text);
    }
  test_lane_draft (data, "end");
  return NULL;
}

/* The loop of docs/waiting.md. */
static void
test_next_with_drafts (void)
{
  g_test_summary ("A loop that takes a draft when next() returns neither a message nor an error reads all messages.");

  for (guint wait = SHMOOZE_WAIT_AUTO; wait <= SHMOOZE_WAIT_SPIN; wait++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(TestLane) lane = test_lane_new ("lane", LARGE, 1, 100);
      g_autoptr(ShmoozeReader) reader = test_lane_read (lane, wait);
      GThread *thread = g_thread_new ("writer", write_both, lane);
      gboolean ended = FALSE;
      guint n = 0;

      while (n < N_BOTH || !ended)
        {
          gsize size;
          const char *data = shmooze_reader_next (reader, TEST_PATIENCE_USEC, NULL, &size, &error);

          if (data != NULL)
            {
              g_autofree char *text = g_strdup_printf ("%u", n++);

              g_assert_cmpmem (data, size, text, strlen (text));
            }
          else if (error == NULL)
            {
              g_autofree char *draft = shmooze_reader_read_draft (reader, NULL, &error);

              ended = draft != NULL && strcmp (draft, "end") == 0;
            }
          g_assert_no_error (error);
        }
      g_thread_join (thread);
    }
}

static void
test_next_fails (void)
{
  g_test_summary ("next() fails if the reader is closed or the region is lost.");

  for (guint wait = SHMOOZE_WAIT_AUTO; wait <= SHMOOZE_WAIT_SPIN; wait++)
    {
      g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 2, 100);
      g_autoptr(ShmoozeReader) reader = test_lane_read (lane, wait);
      g_autoptr(ShmoozeReader) closed = test_lane_read (lane, wait);

      shmooze_reader_close (closed);
      expect_no_next (closed, -1, NULL, G_IO_ERROR, G_IO_ERROR_CLOSED);

      test_lane_write (lane, "whole");
      expect_next (reader, "whole");
      g_assert_cmpint (truncate (shmooze_region_get_path (lane->region), 0), ==, 0);
      expect_no_next (reader, -1, NULL, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
      expect_no_next (reader, 0, NULL, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
    }
}

static void
test_next_hostile (void)
{
  g_test_summary ("next() fails with CORRUPT if an invalid word takes the place of the next message.");

  static const guint64 words[] = { 1, SHMOOZE_WORD_FRAME | G_MAXUINT32, SHMOOZE_WORD_FRAME | SMALL,
                                   SHMOOZE_WORD_SKIP | 1, G_MAXUINT64 };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    for (guint wait = SHMOOZE_WAIT_AUTO; wait <= SHMOOZE_WAIT_SPIN; wait++)
      {
        g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
        g_autoptr(ShmoozeReader) reader = test_lane_read (lane, wait);
        gconstpointer data;
        gsize size;

        test_lane_write (lane, "a word");
        data = shmooze_reader_next (reader, 0, NULL, &size, NULL);
        g_assert_nonnull (data);
        /* Behind that message, whose payload takes 8 bytes. */
        atomic_store ((ShmoozeWord *) (gpointer) data + 1, words[i]);
        expect_no_next (reader, -1, NULL, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT);
        expect_no_next (reader, -1, NULL, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT);
      }
}

typedef struct
{
  ShmoozeWriter *out;
  ShmoozeReader *in;
  gboolean       serves;
} Player;

/* Answers each number with the next one. */
static gpointer
play (gpointer data)
{
  Player *self = data;
  guint64 ball = 0;

  for (guint64 n = self->serves ? 0 : 1; n < N_BALLS; n += 2)
    {
      g_autoptr(GError) error = NULL;
      const guint64 *came = NULL;
      gsize size;

      if (n > 0)
        {
          came = shmooze_reader_next (self->in, TEST_PATIENCE_USEC, NULL, &size, &error);
          g_assert_no_error (error);
          g_assert_cmpuint (size, ==, sizeof *came);
          g_assert_cmpuint (*came, ==, n - 1);
        }
      ball = n;
      g_assert_true (shmooze_writer_write (self->out, &ball, sizeof ball, &error));
      g_assert_no_error (error);
    }
  return NULL;
}

static void
test_ping_pong (void)
{
  g_test_summary ("No wake-up is lost between two threads that answer each other.");

  for (guint wait = SHMOOZE_WAIT_AUTO; wait <= SHMOOZE_WAIT_SPIN; wait++)
    {
      g_autoptr(TestLane) there = test_lane_new ("there", SMALL, 1, 0), back = test_lane_new ("back", SMALL, 1, 0);
      g_autoptr(ShmoozeReader) at_there = test_lane_read (there, wait), at_back = test_lane_read (back, wait);
      Player one = { there->writer, at_back, TRUE }, two = { back->writer, at_there, FALSE };
      GThread *thread;

      if (wait == SHMOOZE_WAIT_POLL)
        continue;  /* waits for milliseconds each time */
      thread = g_thread_new ("two", play, &two);
      play (&one);
      g_thread_join (thread);
    }
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  test_add ("/reader/wait", test_wait_for_news);
  test_add ("/reader/source", test_source);
  test_add ("/reader/source-cancelled", test_source_cancelled);
  test_add ("/reader/next", test_next);
  test_add ("/reader/next-makes-room", test_next_makes_room);
  test_add ("/reader/next-waits", test_next_waits);
  test_add ("/reader/next-with-drafts", test_next_with_drafts);
  test_add ("/reader/next-fails", test_next_fails);
  test_add ("/reader/next-hostile", test_next_hostile);
  test_add ("/reader/ping-pong", test_ping_pong);

  return test_run ();
}
