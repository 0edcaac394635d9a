/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/testlib.h"

#include "region/shmooze-region-private.h"
#include "room/shmooze-seats-private.h"

#include <string.h>

#define AUTO SHMOOZE_WAIT_AUTO

/* Joining, at once and asynchronously */

typedef struct
{
  ShmoozeRoom *room;
  GError      *error;
  gboolean     done;
} Joining;

static void
on_joined (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Joining *self = user_data;

  g_assert_null (source);
  self->room = shmooze_room_join_finish (result, &self->error);
  self->done = TRUE;
}

static TestRoom *
join_and_wait (const char *nick)
{
  Joining joining = { 0 };

  shmooze_room_join_async ("chat", nick, SHMOOZE_WAIT_AUTO, NULL, on_joined, &joining);
  test_wait (joining.done);
  g_assert_no_error (joining.error);
  g_assert_nonnull (joining.room);
  return test_room_new (joining.room);
}

static void
check_talk (TestRoom *ada,
            TestRoom *ben)
{
  test_wait (test_room_find_peer (ada, "Ben") != NULL && test_room_find_peer (ben, "Ada") != NULL);
  test_room_draft (ben, "typed");
  test_wait (test_room_has_event (ada, "draft Ben: typed"));
  test_room_send (ada, "said");
  test_wait (test_room_has_message (ben, "said") && test_room_has_message (ada, "said"));
}

static void
test_two (void)
{
  g_test_summary ("A room can be joined without waiting for it.");

  g_autoptr(TestRoom) ada = join_and_wait ("Ada");
  g_autoptr(TestRoom) ben = join_and_wait ("Ben");

  check_talk (ada, ben);
  g_clear_pointer (&ben, test_room_free);
  test_wait (test_room_has_event (ada, "left Ben"));
}

/* Earlier messages are emitted after the callback, in which handlers can be connected. */
static void
test_history (void)
{
  g_test_summary ("Messages sent before an asynchronous join are emitted after it.");

  g_autoptr(TestRoom) ada = join_and_wait ("Ada");
  g_autoptr(TestRoom) ben = NULL;

  test_room_send (ada, "before Ben came");
  ben = join_and_wait ("Ben");
  test_wait (test_room_has_message (ben, "before Ben came"));
}

static void
test_many (void)
{
  g_test_summary ("Members that join at the same time get different seats and nicknames.");

  Joining joining[8] = { 0 };
  TestRoom *rooms[G_N_ELEMENTS (joining)];
  g_autoptr(GHashTable) nicks = g_hash_table_new (g_str_hash, g_str_equal);
  guint64 seats = 0;

  for (guint i = 0; i < G_N_ELEMENTS (joining); i++)
    shmooze_room_join_async ("chat", "Ada", SHMOOZE_WAIT_AUTO, NULL, on_joined, &joining[i]);
  for (guint i = 0; i < G_N_ELEMENTS (joining); i++)
    {
      test_wait (joining[i].done);
      g_assert_no_error (joining[i].error);
      rooms[i] = test_room_new (joining[i].room);
      seats |= G_GUINT64_CONSTANT (1) << shmooze_room_get_seat (rooms[i]->room);
      g_hash_table_add (nicks, (gpointer) shmooze_room_get_nick (rooms[i]->room));
    }
  g_assert_cmphex (seats, ==, 0xff);
  g_assert_cmpuint (g_hash_table_size (nicks), ==, G_N_ELEMENTS (joining));
  for (guint i = 0; i < G_N_ELEMENTS (joining); i++)
    test_wait (g_list_model_get_n_items (shmooze_room_get_peers (rooms[i]->room)) == G_N_ELEMENTS (joining) - 1);
  for (guint i = 0; i < G_N_ELEMENTS (joining); i++)
    test_room_free (rooms[i]);
}

static void
test_refused (void)
{
  g_test_summary ("An asynchronous join fails with the reason.");

  Joining joining = { 0 };

  shmooze_room_join_async ("a/b", "Ada", SHMOOZE_WAIT_AUTO, NULL, on_joined, &joining);
  test_wait (joining.done);
  g_assert_null (joining.room);
  test_check_error (&joining.error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, "a/b", NULL);
}

static void
test_refused_at_once (void)
{
  g_test_summary ("A region that is not a room, and an invalid name, are refused.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = shmooze_region_create ("plain", 100000, SHMOOZE_ACCESS_READ_WRITE, NULL);
  g_autoptr(ShmoozeRegion) tiny = shmooze_region_create ("tiny", 1, SHMOOZE_ACCESS_READ_WRITE, NULL);
  g_autoptr(ShmoozeRoom) none = NULL;

  none = shmooze_room_join ("plain", "Ada", AUTO, &error);
  g_assert_null (none);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "plain", NULL);
  none = shmooze_room_join ("tiny", "Ada", AUTO, &error);
  g_assert_null (none);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "tiny", NULL);
  none = shmooze_room_join ("a/b", "Ada", AUTO, &error);
  g_assert_null (none);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, "a/b", NULL);
}

static void
test_nicks (void)
{
  g_test_summary ("A nick that is taken gets a number, and an invalid one is made valid.");

  g_autofree char *long_nick = g_strnfill (500, 'n'), *wide = NULL;
  GString *wide_nick = g_string_new (NULL);
  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), two = test_room_join ("chat", "Ada", AUTO);
  g_autoptr(TestRoom) three = test_room_join ("chat", "Ada", AUTO), again = NULL;
  g_autoptr(TestRoom) odd = test_room_join ("chat", " A\nB\xff ", AUTO);
  g_autoptr(TestRoom) too_long = test_room_join ("chat", long_nick, AUTO);
  g_autoptr(TestRoom) too_wide = NULL, usual = NULL, usual_too = NULL;
  g_autofree char *second = NULL;

  g_assert_cmpstr (shmooze_room_get_nick (ada->room), ==, "Ada");
  g_assert_cmpstr (shmooze_room_get_nick (two->room), ==, "Ada 2");
  g_assert_cmpstr (shmooze_room_get_nick (three->room), ==, "Ada 3");
  g_clear_pointer (&two, test_room_free);
  again = test_room_join ("chat", "Ada", AUTO);
  g_assert_cmpstr (shmooze_room_get_nick (again->room), ==, "Ada 2");

  g_assert_true (g_utf8_validate (shmooze_room_get_nick (odd->room), -1, NULL));
  g_assert_null (strchr (shmooze_room_get_nick (odd->room), '\n'));
  g_assert_true (g_str_has_prefix (shmooze_room_get_nick (odd->room), "A B"));
  g_assert_cmpuint (strlen (shmooze_room_get_nick (too_long->room)), <, 130);
  g_assert_true (g_str_has_prefix (long_nick, shmooze_room_get_nick (too_long->room)));

  for (guint i = 0; i < 100; i++)
    g_string_append (wide_nick, "👋");
  wide = g_string_free (wide_nick, FALSE);
  too_wide = test_room_join ("chat", wide, AUTO);
  g_assert_true (g_utf8_validate (shmooze_room_get_nick (too_wide->room), -1, NULL));
  g_assert_true (g_str_has_prefix (wide, shmooze_room_get_nick (too_wide->room)));
  test_wait (g_list_model_get_n_items (shmooze_room_get_peers (ada->room)) == 5);
  g_assert_nonnull (test_room_find_peer (ada, shmooze_room_get_nick (too_wide->room)));

  /* The user's own name */
  usual = test_room_join ("chat", NULL, AUTO);
  usual_too = test_room_join ("chat", NULL, AUTO);
  second = g_strdup_printf ("%s 2", shmooze_room_get_nick (usual->room));
  g_assert_cmpuint (strlen (shmooze_room_get_nick (usual->room)), >, 0);
  g_assert_cmpstr (shmooze_room_get_nick (usual_too->room), ==, second);
}

static gboolean
count (gpointer user_data)
{
  ++*(guint *) user_data;
  return G_SOURCE_CONTINUE;
}

static void
test_busy (void)
{
  g_test_summary ("A process that was stopped while joining blocks no main loop, and the error is BUSY.");

  g_autoptr(TestRoom) ada = join_and_wait ("Ada");
  g_autoptr(ShmoozeRegion) region = shmooze_region_open ("chat", SHMOOZE_ACCESS_READ_WRITE, NULL);
  Joining joining = { 0 };
  guint n_rounds = 0, source = g_timeout_add (10, count, &n_rounds);

  g_assert_true (shmooze_region_try_lock (region, 0));
  shmooze_room_join_async ("chat", "Ben", SHMOOZE_WAIT_AUTO, NULL, on_joined, &joining);
  g_assert_false (joining.done);
  test_wait (joining.done);
  g_source_remove (source);
  g_assert_null (joining.room);
  test_check_error (&joining.error, G_IO_ERROR, G_IO_ERROR_BUSY, "chat", NULL);
  g_assert_cmpuint (n_rounds, >=, 2);
}

/* Whether the word says that the seat is taken: of former occupants, only crashed ones leave it so. */
static gboolean
is_taken (guint seat)
{
  g_autoptr(ShmoozeRegion) region = shmooze_region_open ("chat", SHMOOZE_ACCESS_READ_WRITE, NULL);
  ShmoozeSeats seats = { 0 };
  guint64 word;

  g_assert_true (shmooze_seats_attach (&seats, region, SHMOOZE_ACCESS_READ_WRITE, NULL));
  word = atomic_load (shmooze_seat_word (&seats, seat));
  shmooze_seats_clear (&seats);
  return (word & SHMOOZE_SEAT_WORD_TAKEN) != 0;
}

static gboolean
is_gone (void)
{
  g_autoptr(ShmoozeRegion) region = shmooze_region_open ("chat", SHMOOZE_ACCESS_READ, NULL);

  return region == NULL;
}

/* Ben may have got a seat, but the room was never taken over. Whichever thread had the last reference leaves it: the
 * seat is free, and the name and the descriptors are gone. */
static void
check_left (TestRoom *ada,
            guint     n_fds)
{
  guint n_looks = 0, source = g_timeout_add (1, count, &n_looks);  /* nothing else wakes this loop */

  test_wait (!is_taken (1));
  g_assert_false (test_room_has_event (ada, "crashed Ben"));
  test_room_free (ada);
  test_wait (is_gone ());
  test_wait (test_count_fds () == n_fds);
  g_source_remove (source);
}

static void
test_cancelled (void)
{
  g_test_summary ("A cancelled join leaves the room without a crash.");

  guint n_fds = test_count_fds ();
  TestRoom *ada = join_and_wait ("Ada");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Joining joining = { 0 };

  shmooze_room_join_async ("chat", "Ben", SHMOOZE_WAIT_AUTO, cancellable, on_joined, &joining);
  g_cancellable_cancel (cancellable);
  test_wait (joining.done);
  g_assert_null (joining.room);
  test_check_error (&joining.error, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  check_left (ada, n_fds);
}

static void
ignore_result (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  gboolean *done = user_data;

  *done = TRUE;
}

static void
test_not_finished (void)
{
  g_test_summary ("A joined room that is never taken over is left without a crash.");

  guint n_fds = test_count_fds ();
  TestRoom *ada = join_and_wait ("Ada");
  gboolean done = FALSE;

  shmooze_room_join_async ("chat", "Ben", SHMOOZE_WAIT_AUTO, NULL, ignore_result, &done);
  test_wait (done);
  check_left (ada, n_fds);
}

static TestRoom *
join_at_once (const char *nick)
{
  return test_room_join ("chat", nick, SHMOOZE_WAIT_AUTO);
}

typedef TestRoom *(*Join) (const char *nick);

static gpointer
live_in_thread (gpointer data)
{
  Join join = (Join) (void (*) (void)) data;
  g_autoptr(GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  {
    g_autoptr(TestRoom) ada = join ("Ada");

    test_wait (test_room_find_peer (ada, "Ben") != NULL);  /* whichever was first */
    test_room_send (ada, "from the thread");
    test_wait (test_room_has_message (ada, "to the thread"));
    test_wait (test_room_has_event (ada, "left Ben"));
  }
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
check_context (Join join)
{
  GThread *thread = g_thread_new ("Ada", live_in_thread, (gpointer) (void (*) (void)) join);
  g_autoptr(TestRoom) ben = join ("Ben");

  test_wait (test_room_has_message (ben, "from the thread"));
  test_room_send (ben, "to the thread");
  g_clear_pointer (&ben, test_room_free);
  g_thread_join (thread);
}

static void
test_context (void)
{
  g_test_summary ("The signals of a room that was joined asynchronously are emitted in the context of the caller.");

  check_context (join_and_wait);
}

static void
test_context_at_once (void)
{
  g_test_summary ("The signals of a room are emitted in the context in which it was joined.");

  check_context (join_at_once);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  test_add ("/room-joining/two", test_two);
  test_add ("/room-joining/history", test_history);
  test_add ("/room-joining/many", test_many);
  test_add ("/room-joining/refused", test_refused);
  test_add ("/room-joining/refused/at-once", test_refused_at_once);
  test_add ("/room-joining/nicks", test_nicks);
  test_add ("/room-joining/busy", test_busy);
  test_add ("/room-joining/cancelled", test_cancelled);
  test_add ("/room-joining/unasked", test_not_finished);
  test_add ("/room-joining/context", test_context);
  test_add ("/room-joining/context/at-once", test_context_at_once);

  return test_run ();
}
