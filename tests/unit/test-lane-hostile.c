/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A lane whose memory is overwritten by another process. */

#include "lib/testlib.h"

#include <stdatomic.h>
#include <string.h>

#define SMALL 4096   /* a queue of 1 or 2 KiB */

static guint64
nasty_value (GRand *rand)
{
  static const guint64 edges[] = {
    0, 1, 7, 8, 16, 255, 1024, 2048, 4096, G_MAXINT32, G_MAXUINT32, G_GUINT64_CONSTANT (1) << 32,
    (G_GUINT64_CONSTANT (1) << 32) | 1, (G_GUINT64_CONSTANT (1) << 32) | 8, (G_GUINT64_CONSTANT (1) << 32) | 1016,
    (G_GUINT64_CONSTANT (1) << 32) | 1024, (G_GUINT64_CONSTANT (1) << 32) | G_MAXUINT32, G_GUINT64_CONSTANT (2) << 32,
    (G_GUINT64_CONSTANT (2) << 32) | 8, G_GUINT64_CONSTANT (3) << 32, G_MAXINT64, G_MAXINT64 - 7,
    G_GUINT64_CONSTANT (1) << 63, G_MAXUINT64, G_MAXUINT64 - 7, G_MAXUINT64 - 15
  };
  guint64 value = edges[g_rand_int_range (rand, 0, G_N_ELEMENTS (edges))];

  switch (g_rand_int_range (rand, 0, 4))
    {
    case 0:
      return (guint64) g_rand_int (rand) << 32 | g_rand_int (rand);
    case 1:
      return g_rand_int_range (rand, 0, 4096);
    default:
      return value;
    }
}

static void
scribble (GRand *rand,
          char  *memory,
          gsize  size)
{
  /* Half of the time among the words at the beginning, which control everything. */
  gsize words = g_rand_boolean (rand) ? MIN (size, 1280) / 8 : size / 8;
  gsize word = (gsize) g_rand_int_range (rand, 0, (gint32) words);

  atomic_store ((_Atomic (guint64) *) (gpointer) (memory + word * 8), nasty_value (rand));
}

static void
check_refusal (GError **error)
{
  if (*error == NULL)
    return;
  if (!g_error_matches (*error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT) &&
      !g_error_matches (*error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT) &&
      !g_error_matches (*error, SHMOOZE_ERROR, SHMOOZE_ERROR_NO_SEAT) &&
      !g_error_matches (*error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG) &&
      !g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK) &&
      !g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_error ("%s", (*error)->message);
  g_clear_error (error);
}

/* Reads all bytes, to find out whether they are mapped. */
static guint
sum_up (const char *bytes,
        gsize       size)
{
  guint sum = 0;

  for (gsize i = 0; i < size; i++)
    sum += (guint) bytes[i];
  return sum;
}

static void
use_hostile (GRand         *rand,
             TestLane      *lane,
             ShmoozeReader *reader)
{
  g_autoptr(GError) error = NULL;
  gsize max = shmooze_writer_get_max_size (lane->writer);
  g_autofree char *data = g_malloc0 (max);
  gsize size;

  switch (g_rand_int_range (rand, 0, 9))
    {
    case 0:
    case 1:
      shmooze_writer_write (lane->writer, data, (gsize) g_rand_int_range (rand, 0, (gint32) max), &error);
      break;

    case 2:
      shmooze_writer_set_draft (lane->writer, data, g_rand_int_range (rand, 0, 100), &error);
      break;

    case 3:
      {
        g_autofree char *draft = shmooze_reader_read_draft (reader, &size, &error);

        g_assert_cmpuint (size, <=, 100);
        g_assert_true (draft == NULL || draft[size] == '\0');
        break;
      }

    case 4:
      {
        const char *peeked = shmooze_reader_peek (reader, &size, &error);

        if (peeked != NULL && sum_up (peeked, size) != 1)
          shmooze_reader_release (reader);
        break;
      }

    case 5:
      {
        g_autoptr(ShmoozeReader) another = shmooze_reader_new (lane->view, SHMOOZE_WAIT_BELL, &error);

        check_refusal (&error);
        for (guint i = 0; another != NULL && error == NULL && i < 5; i++)
          {
            g_autoptr(GBytes) bytes = shmooze_reader_read (another, &error);
          }
        break;
      }

    case 6:
      shmooze_reader_wait (reader, 0, NULL, &error);
      break;

    case 7:
      {
        const char *next = shmooze_reader_next (reader, g_rand_int_range (rand, 0, 2), NULL, &size, &error);

        if (next != NULL && sum_up (next, size) == 1)
          shmooze_reader_release (reader);
        break;
      }

    default:
      /* A limited number of rounds: a hostile lane may keep a source busy, but not block it. */
      for (guint i = 0; i < 5; i++)
        g_main_context_iteration (NULL, FALSE);
      break;
    }
  check_refusal (&error);
}

static gboolean
read_hostile (ShmoozeReader *reader,
              gpointer       user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = shmooze_reader_read (reader, &error);
  g_autofree char *draft = error == NULL ? shmooze_reader_read_draft (reader, NULL, &error) : NULL;

  check_refusal (&error);
  return G_SOURCE_CONTINUE;
}

static gsize
resident (void)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  return (gsize) g_ascii_strtoull (strchr (text, ' '), NULL, 10) * test_page_size ();
}

static void
test_hostile (void)
{
  g_test_summary ("Whatever overwrites a lane, its writer and readers neither crash nor hang nor use more memory.");

  static const ShmoozeWait waits[] = { SHMOOZE_WAIT_BELL, SHMOOZE_WAIT_POLL, SHMOOZE_WAIT_SPIN };
  guint n_rounds = TEST_SLOW ? 500 : 4000, n_refused = 0;
  gsize before = 0;

  for (guint round = 0; round < n_rounds; round++)
    {
      g_autoptr(GRand) rand = g_rand_new_with_seed (round);
      g_autoptr(GError) error = NULL;
      g_autoptr(TestLane) lane = test_lane_new ("hostile", SMALL, 3, 100), other = test_lane_open ("hostile");
      g_autoptr(ShmoozeReader) reader = test_lane_read (lane, waits[round % G_N_ELEMENTS (waits)]);
      g_autoptr(GSource) source = shmooze_reader_create_source (reader, NULL);
      char *memory = shmooze_view_get_data (other->view);

      if (round == n_rounds / 10)
        before = resident ();
      g_source_set_callback (source, G_SOURCE_FUNC (read_hostile), NULL, NULL);
      g_source_attach (source, NULL);
      for (guint i = 0; i < 30; i++)
        {
          if (i > 5)
            scribble (rand, memory, SMALL);
          use_hostile (rand, lane, reader);
        }

      /* The next writer and the next reader find the overwritten lane. */
      shmooze_writer_close (lane->writer);
      g_clear_object (&lane->writer);
      lane->writer = shmooze_writer_new (other->view, 3, 100, &error);
      n_refused += error != NULL;
      check_refusal (&error);
      if (lane->writer != NULL)
        for (guint i = 0; i < 10; i++)
          use_hostile (rand, lane, reader);
      g_source_destroy (source);
    }
  g_assert_cmpuint (n_refused, >, n_rounds / 100);
#if !TEST_SLOW
  g_assert_cmpuint (resident (), <, before + 16 * 1024 * 1024);
#else
  g_test_message ("%" G_GSIZE_FORMAT " bytes", before);
#endif
}

#if !defined (__SANITIZE_THREAD__)
static gpointer
keep_scribbling (gpointer data)
{
  atomic_bool *done = data;
  g_autoptr(GRand) rand = g_rand_new_with_seed (7);
  g_autoptr(TestLane) other = test_lane_open ("hostile");

  while (!atomic_load (done))
    scribble (rand, shmooze_view_get_data (other->view), SMALL);
  return NULL;
}

static void
test_hostile_meanwhile (void)
{
  g_test_summary ("The same holds while a lane is being overwritten by another thread: a checked value is not read "
                  "again.");

  for (guint round = 0; round < (TEST_SLOW ? 30 : 300); round++)
    {
      g_autoptr(GRand) rand = g_rand_new_with_seed (round);
      g_autoptr(TestLane) lane = test_lane_new ("hostile", SMALL, 3, 100);
      g_autoptr(ShmoozeReader) reader = test_lane_read (lane, round % 2 == 0 ? SHMOOZE_WAIT_POLL : SHMOOZE_WAIT_SPIN);
      atomic_bool done = FALSE;
      GThread *thread = g_thread_new ("scribble", keep_scribbling, &done);

      for (guint i = 0; i < 200; i++)
        use_hostile (rand, lane, reader);
      atomic_store (&done, TRUE);
      g_thread_join (thread);
    }
}
#endif

static void
test_quarantine (void)
{
  g_test_summary ("A corrupt lane is not read any more, and the error names the lane, the offset and the value.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 2, 0);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  guint64 *words = shmooze_view_get_data (lane->view);

  test_lane_write (lane, "fine");
  test_lane_write (lane, "to be broken");
  test_lane_expect (reader, "fine");
  for (gsize i = 0; i < SMALL / 8; i++)
    if (memcmp (&words[i], "to be br", 8) == 0)
      words[i - 1] = G_GUINT64_CONSTANT (0x12345678abcdef01);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_null (shmooze_reader_read (reader, &error));
      test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT, "lane", "12345678abcdef01", NULL);
    }
  g_assert_null (shmooze_reader_read_draft (reader, NULL, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT, "lane", NULL);
  g_assert_false (shmooze_reader_wait (reader, -1, NULL, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT, "lane", NULL);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  test_add ("/lane-hostile/quarantine", test_quarantine);
  test_add ("/lane-hostile/in-turn", test_hostile);
#if !defined (__SANITIZE_THREAD__)
  test_add ("/lane-hostile/meanwhile", test_hostile_meanwhile);
#endif

  return test_run ();
}
