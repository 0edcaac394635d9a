/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-region.h"

#include <glib/gstdio.h>

#include "os/shmooze-bell-private.h"
#include "region/shmooze-poll-private.h"
#include "lane/shmooze-reader-private.h"
#include "region/shmooze-region-private.h"

#define CAPACITY 4096

static GSource *
make_source (GSourceFunc callback,
             gpointer    user_data)
{
  GSource *source = shmooze_poll_source_new ();

  g_source_set_callback (source, callback, user_data, NULL);
  g_source_attach (source, NULL);
  return source;
}

static void
end_source (GSource *source)
{
  shmooze_poll_source_remove_bell (source);
  g_source_destroy (source);
  g_source_unref (source);
}

/* Disables the timer of the source until the source is dispatched by its doorbell. */
static void
leave_to_bell (gpointer user_data)
{
  GSource *source = g_main_context_find_source_by_user_data (NULL, user_data);

  g_assert_nonnull (source);
  g_source_set_ready_time (source, -1);
}

typedef struct
{
  guint    n_looks;
  gboolean moves;
} Looks;

static gboolean
on_look (gpointer user_data)
{
  Looks *looks = user_data;

  looks->n_looks++;
  return looks->moves;
}

/* Dispatches the source now, and returns the interval until the next time, in milliseconds. */
static gint64
look_now (GSource *source,
          Looks   *looks)
{
  guint before = looks->n_looks;
  gint64 start, end, pause;

  g_source_set_ready_time (source, 0);
  start = g_get_monotonic_time ();
  test_wait (looks->n_looks > before);
  end = g_get_monotonic_time ();
  pause = (g_source_get_ready_time (source) - start) / 1000;
  g_assert_cmpint (g_source_get_ready_time (source), <=, end + (pause + 1) * 1000);
  return pause - (end - start) / 1000;
}

static void
test_pace (void)
{
  g_test_summary ("The source polls every millisecond while something changes, and at most every 250 milliseconds "
                  "otherwise.");

  Looks looks = { 0 };
  GSource *source = make_source (on_look, &looks);

  for (guint i = 0; i < 12; i++)
    look_now (source, &looks);
  g_assert_cmpint (look_now (source, &looks), <=, SHMOOZE_POLL_MAX_MSEC);
  g_assert_cmpint (g_source_get_ready_time (source), >, g_get_monotonic_time () + 20 * 1000);

  looks.moves = TRUE;
  g_assert_cmpint (look_now (source, &looks), <=, 1);
  looks.moves = FALSE;
  g_assert_cmpint (look_now (source, &looks), <=, 2);
  end_source (source);
}

static void
test_hurry (void)
{
  g_test_summary ("After shmooze_poll_source_hurry() a source polls within a millisecond.");

  Looks looks = { 0 };
  GSource *source = make_source (on_look, &looks);

  g_source_set_ready_time (source, -1);
  shmooze_poll_source_hurry (source);
  g_assert_cmpint (g_source_get_ready_time (source), <=, g_get_monotonic_time () + 1000);
  test_wait (looks.n_looks > 0);
  end_source (source);
}

static void
test_bell (void)
{
  g_test_summary ("One ring of the doorbell dispatches the source once.");

  g_autoptr(ShmoozeRegion) region = create ("bell", CAPACITY);
  ShmoozeRinger ringer = { 0 };
  Looks looks = { 0 };
  GSource *source = make_source (on_look, &looks);

  g_assert_false (shmooze_ringer_ring (&ringer, shmooze_region_get_id (region), 7));
  shmooze_poll_source_add_bell (source, region, 7);
  leave_to_bell (&looks);
  test_settle ();
  g_assert_cmpuint (looks.n_looks, ==, 0);

  g_assert_true (shmooze_ringer_ring (&ringer, shmooze_region_get_id (region), 7));
  test_wait (looks.n_looks > 0);
  leave_to_bell (&looks);
  test_settle ();
  g_assert_cmpuint (looks.n_looks, ==, 1);

  shmooze_poll_source_remove_bell (source);
  shmooze_poll_source_remove_bell (source);
  g_assert_false (shmooze_ringer_ring (&ringer, shmooze_region_get_id (region), 7));
  end_source (source);
}

static void
test_no_bell (void)
{
  g_test_summary ("Without a doorbell, the source polls.");

  g_autoptr(ShmoozeRegion) region = create ("no-bell", CAPACITY);
  g_autofree char *bells = test_path ("bells");
  Looks looks = { 0 };
  GSource *source = make_source (on_look, &looks);

  g_rmdir (bells);
  g_assert_true (g_file_set_contents (bells, "", 0, NULL));
  shmooze_poll_source_add_bell (source, region, 7);
  test_wait (looks.n_looks > 2);
  end_source (source);
  g_remove (bells);
}

static void
on_received (ShmoozeCommunicator *communicator,
             GBytes              *data,
             guint               *n_received)
{
  (*n_received)++;
}

static ShmoozeCommunicator *
make_communicator (const char *name,
                   guint      *n_received)
{
  g_autoptr(GError) error = NULL;
  ShmoozeCommunicator *self = shmooze_communicator_new (name, CAPACITY, &error);

  g_assert_no_error (error);
  shmooze_communicator_take_positions (self, &error);
  g_assert_no_error (error);
  shmooze_communicator_start_reader (self, &error);
  g_assert_no_error (error);
  g_signal_connect (self, "data-received", G_CALLBACK (on_received), n_received);
  return self;
}

static void
test_communicator (void)
{
  g_test_summary ("A message and its confirmation ring the doorbell of the peer.");

  guint n_ada = 0, n_ben = 0;
  g_autoptr(ShmoozeCommunicator) ada = make_communicator ("messages", &n_ada);
  g_autoptr(ShmoozeCommunicator) ben = make_communicator ("messages", &n_ben);
  g_autoptr(GError) error = NULL;

  for (guint i = 1; i <= 20; i++)
    {
      leave_to_bell (ben);
      shmooze_communicator_write_text (ada, "Hello", &error);
      g_assert_no_error (error);
      leave_to_bell (ada);
      test_wait (n_ben == i);
      test_wait (shmooze_communicator_get_n_unconfirmed (ada) == 0);

      leave_to_bell (ada);
      shmooze_communicator_write_text (ben, "Hello, Ada", &error);
      g_assert_no_error (error);
      leave_to_bell (ben);
      test_wait (n_ada == i);
      test_wait (shmooze_communicator_get_n_unconfirmed (ben) == 0);
    }
}

/* A handler of a message that stops reading and starts again */
static void
start_again (ShmoozeCommunicator *communicator)
{
  g_autoptr(GError) error = NULL;

  shmooze_communicator_stop_reader (communicator);
  shmooze_communicator_start_reader (communicator, &error);
  g_assert_no_error (error);
}

static void
test_communicator_again (void)
{
  g_test_summary ("A message rings the doorbell even if the handler stops and restarts the reader.");

  guint n_ada = 0, n_ben = 0;
  g_autoptr(ShmoozeCommunicator) ada = make_communicator ("messages", &n_ada);
  g_autoptr(ShmoozeCommunicator) ben = make_communicator ("messages", &n_ben);

  g_signal_connect (ben, "data-received", G_CALLBACK (start_again), NULL);
  for (guint i = 1; i <= 3; i++)
    {
      leave_to_bell (ben);
      shmooze_communicator_write_text (ada, "Hello", NULL);
      leave_to_bell (ada);
      test_wait (n_ben == i);
      test_wait (shmooze_communicator_get_n_unconfirmed (ada) == 0);
    }
}

static void
on_changed (ShmoozeSharedText *shared,
            const char        *text,
            char             **seen)
{
  g_free (*seen);
  *seen = g_strdup (text);
}

static ShmoozeSharedText *
follow (const char  *name,
        char       **seen)
{
  g_autoptr(GError) error = NULL;
  ShmoozeSharedText *self = shmooze_shared_text_show (name, &error);

  g_assert_no_error (error);
  g_signal_connect (self, "changed", G_CALLBACK (on_changed), seen);
  shmooze_shared_text_start_reader (self);
  test_wait (*seen != NULL);
  return self;
}

static void
share (ShmoozeSharedText *sharer,
       const char        *text)
{
  g_autoptr(GError) error = NULL;

  shmooze_shared_text_set_text (sharer, text, &error);
  g_assert_no_error (error);
}

static void
test_shared_text (void)
{
  g_test_summary ("A change of a shared text rings the doorbells of its readers.");

  g_autoptr(ShmoozeSharedText) sharer = shmooze_shared_text_share ("text", CAPACITY, NULL);
  g_autoptr(ShmoozeSharedText) first = NULL;
  g_autoptr(ShmoozeSharedText) second = NULL;
  g_autofree char *seen_first = NULL;
  g_autofree char *seen_second = NULL;

  first = follow ("text", &seen_first);
  second = follow ("text", &seen_second);
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *text = g_strdup_printf ("Text %u", i);

      leave_to_bell (first);
      leave_to_bell (second);
      share (sharer, text);
      test_wait (g_strcmp0 (seen_first, text) == 0 && g_strcmp0 (seen_second, text) == 0);
    }

  /* A reader that stops leaves its doorbell to the next one. */
  shmooze_shared_text_stop_reader (first);
  g_clear_pointer (&seen_first, g_free);
  shmooze_shared_text_start_reader (first);
  test_wait (seen_first != NULL);
  leave_to_bell (first);
  share (sharer, "again");
  test_wait (g_strcmp0 (seen_first, "again") == 0);
}

static void
test_many_readers (void)
{
  g_test_summary ("Readers of a shared text beyond the eighth have no doorbell and poll.");

  g_autoptr(ShmoozeSharedText) sharer = shmooze_shared_text_share ("text", CAPACITY, NULL);
  g_autoptr(GPtrArray) readers = g_ptr_array_new_with_free_func (g_object_unref);
  char *seen[12] = { NULL };

  for (guint i = 0; i < G_N_ELEMENTS (seen); i++)
    g_ptr_array_add (readers, follow ("text", &seen[i]));
  share (sharer, "Hello, all");
  for (guint i = 0; i < G_N_ELEMENTS (seen); i++)
    {
      test_wait (g_strcmp0 (seen[i], "Hello, all") == 0);
      g_free (seen[i]);
      seen[i] = NULL;
    }
  for (guint i = 0; i < readers->len; i++)
    shmooze_shared_text_close (readers->pdata[i]);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  test_add ("/poll/pace", test_pace);
  test_add ("/poll/hurry", test_hurry);
  test_add ("/poll/bell", test_bell);
  test_add ("/poll/no-bell", test_no_bell);
  test_add ("/poll/communicator", test_communicator);
  test_add ("/poll/communicator-again", test_communicator_again);
  test_add ("/poll/shared-text", test_shared_text);
  test_add ("/poll/many-readers", test_many_readers);

  return test_run ();
}
