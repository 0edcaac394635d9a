/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/testlib.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static ShmoozeRoomInfo *
inspect (const char *name)
{
  g_autoptr(GError) error = NULL;
  ShmoozeRoomInfo *info = shmooze_room_info_new (name, &error);

  g_assert_no_error (error);
  g_assert_nonnull (info);
  return info;
}

static ShmoozeSeatInfo *
seat_of (ShmoozeRoomInfo *info,
         const char      *nick)
{
  for (guint i = 0; i < info->n_seats; i++)
    if (g_strcmp0 (info->seats[i].nick, nick) == 0)
      return &info->seats[i];
  g_error ("no seat of %s", nick);
}

static void
test_joined (void)
{
  g_test_summary ("A room's information lists seats, drafts and counts without joining it.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", SHMOOZE_WAIT_AUTO);
  g_autoptr(TestRoom) ben = test_room_join ("chat", "Ben", SHMOOZE_WAIT_AUTO);
  g_autoptr(ShmoozeRoomInfo) info = NULL, copy = NULL, later = NULL;
  g_autofree char *path = test_path ("chat");
  guint n_taken = 0, n_watching = 0;
  guint64 n_bytes;

  test_wait (test_room_has_event (ada, "joined Ben"));
  test_room_send (ada, "one");
  test_room_send (ada, "two");
  test_room_send (ben, "three");
  test_room_draft (ben, "Ben's draft");
  test_wait (test_room_has_message (ada, "three") && test_room_has_message (ben, "two"));

  info = inspect ("chat");
  g_assert_cmpstr (info->name, ==, "chat");
  g_assert_cmpstr (info->path, ==, path);
  g_assert_cmpuint (strlen (info->id), ==, 32);
  g_assert_cmpuint (strspn (info->id, "0123456789abcdef"), ==, 32);
  g_assert_cmpuint (info->capacity, >, info->queue_size * 8);
  g_assert_cmpuint (info->version, ==, 1);
  g_assert_cmpuint (info->draft_size, >=, shmooze_room_get_max_text (ada->room));
  g_assert_cmpuint (info->n_messages, ==, 3);
  g_assert_cmpuint (info->n_seats, ==, 16);
  for (guint i = 0; i < info->n_seats; i++)
    {
      n_taken += info->seats[i].state == SHMOOZE_SEAT_TAKEN;
      n_watching += info->seats[i].watching;
      g_assert_cmpint (info->seats[i].watching, ==, i >= 8);
      g_assert_null (info->seats[i].problem);
      g_assert_cmpint (info->seats[i].state, !=, SHMOOZE_SEAT_CRASHED);
    }
  g_assert_cmpuint (n_taken, ==, 2);
  g_assert_cmpuint (n_watching, ==, 8);
  g_assert_true (&info->seats[shmooze_room_get_seat (ben->room)] == seat_of (info, "Ben"));
  g_assert_cmpint (seat_of (info, "Ada")->state, ==, SHMOOZE_SEAT_TAKEN);
  g_assert_cmpuint (seat_of (info, "Ada")->n_frames, ==, 2);
  g_assert_cmpuint (seat_of (info, "Ben")->n_frames, ==, 1);
  g_assert_cmpuint (seat_of (info, "Ada")->n_readers, ==, 1);
  g_assert_cmpstr (seat_of (info, "Ben")->draft, ==, "Ben's draft");
  g_assert_cmpint (ABS (seat_of (info, "Ben")->since - g_get_real_time ()), <, 100 * G_USEC_PER_SEC);
  n_bytes = seat_of (info, "Ada")->n_bytes;
  g_assert_cmpuint (n_bytes, >=, 6);

  copy = shmooze_room_info_copy (info);
  g_clear_pointer (&info, shmooze_room_info_free);
  g_assert_cmpstr (seat_of (copy, "Ben")->draft, ==, "Ben's draft");
  g_assert_cmpstr (copy->name, ==, "chat");

  /* The inspection has changed nothing. */
  test_settle ();
  g_assert_cmpuint (g_list_model_get_n_items (shmooze_room_get_peers (ada->room)), ==, 1);
  test_room_send (ada, "four");
  later = inspect ("chat");
  g_assert_cmpuint (later->n_messages, ==, 4);
  g_assert_cmpuint (seat_of (later, "Ada")->n_frames, ==, 3);
  g_assert_cmpuint (seat_of (later, "Ada")->n_bytes, >, n_bytes);
}

static void
test_crashed (void)
{
  g_test_summary ("A seat whose process was killed is shown as crashed.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", SHMOOZE_WAIT_AUTO);
  g_autoptr(TestChild) ben = test_talker_new ("chat", "Ben");
  g_autoptr(ShmoozeRoomInfo) info = NULL;

  test_talker_do (ben, "send said");
  test_talker_do (ben, "draft unfinished");
  test_child_kill (ben);
  info = inspect ("chat");
  g_assert_cmpint (seat_of (info, "Ben")->state, ==, SHMOOZE_SEAT_CRASHED);
  g_assert_cmpstr (seat_of (info, "Ben")->draft, ==, "unfinished");
  g_assert_cmpuint (seat_of (info, "Ben")->n_frames, ==, 1);
  g_assert_cmpint (seat_of (info, "Ada")->state, ==, SHMOOZE_SEAT_TAKEN);
}

static void
test_left (void)
{
  g_test_summary ("A seat whose user left is shown as free.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", SHMOOZE_WAIT_AUTO);
  g_autoptr(ShmoozeRoomInfo) info = NULL;
  guint seat;

  {
    g_autoptr(TestRoom) ben = test_room_join ("chat", "Ben", SHMOOZE_WAIT_AUTO);

    seat = shmooze_room_get_seat (ben->room);
    test_room_send (ben, "said");
  }
  info = inspect ("chat");
  g_assert_cmpint (info->seats[seat].state, ==, SHMOOZE_SEAT_FREE);
  g_assert_cmpuint (info->seats[seat].n_frames, ==, 1);
}

static void
test_errors (void)
{
  g_test_summary ("Asking for the information of something that is not a room fails with the reason.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = shmooze_region_create ("plain", 100000, SHMOOZE_ACCESS_READ_WRITE, NULL);
  g_autoptr(ShmoozeRegion) tiny = shmooze_region_create ("tiny", 1, SHMOOZE_ACCESS_READ_WRITE, NULL);
  g_autofree char *path = test_path ("file");

  g_assert_null (shmooze_room_info_new ("nobody", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "nobody", NULL);
  g_assert_null (shmooze_room_info_new ("plain", &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "plain", NULL);
  g_assert_null (shmooze_room_info_new ("tiny", &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "tiny", NULL);
  g_assert_null (shmooze_room_info_new ("a/b", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, "a/b", NULL);
  g_assert_true (g_file_set_contents (path, "no region", -1, NULL));
  g_assert_null (shmooze_room_info_new ("file", &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "file", NULL);
  g_unlink (path);
}

/* A broken lane is a problem of its seat alone. */
static void
test_hostile (void)
{
  g_test_summary ("Whatever a room contains, its information is valid UTF-8 and within bounds, or an error.");

  guint n_problems = 0, n_refused = 0;

  for (guint round = 0; round < (TEST_SLOW ? 30 : 200); round++)
    {
      g_autoptr(GRand) rand = g_rand_new_with_seed (round);
      g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", SHMOOZE_WAIT_AUTO);
      g_autoptr(ShmoozeRegion) region = shmooze_region_open ("chat", SHMOOZE_ACCESS_READ_WRITE, NULL);
      g_autoptr(ShmoozeView) view = shmooze_region_create_view (region, 0, 0, SHMOOZE_ACCESS_READ_WRITE, NULL);
      guint64 *words = shmooze_view_get_data (view);
      gsize n = shmooze_view_get_size (view) / 8;

      for (guint i = 0; i < 10; i++)
        shmooze_room_send_async (ada->room, "said", NULL, NULL, NULL);
      for (guint i = 0; i < 30; i++)
        {
          g_autoptr(GError) error = NULL;
          g_autoptr(ShmoozeRoomInfo) info = NULL;
          gsize word = (gsize) g_rand_int_range (rand, 0, (gint32) n);

          /* A word that is in use */
          for (guint steps = 0; steps < 100000 && words[word] == 0; steps++)
            word = (word + 1) % n;
          words[word] = g_rand_boolean (rand) ? G_MAXUINT64 - (guint64) g_rand_int_range (rand, 0, 16)
                                              : (guint64) g_rand_int (rand) << g_rand_int_range (rand, 0, 33);
          info = shmooze_room_info_new ("chat", &error);
          n_refused += info == NULL;
          if (info == NULL)
            g_assert_true (error->domain == SHMOOZE_ERROR);
          for (guint j = 0; info != NULL && j < info->n_seats; j++)
            {
              n_problems += info->seats[j].problem != NULL;
              g_assert_true (info->seats[j].nick == NULL || g_utf8_validate (info->seats[j].nick, -1, NULL));
              g_assert_true (info->seats[j].draft == NULL || g_utf8_validate (info->seats[j].draft, -1, NULL));
            }
        }
    }
  g_assert_cmpuint (n_problems, >, 10);
  g_assert_cmpuint (n_refused, >, 10);
}

static void
test_truncated (void)
{
  g_test_summary ("The information of a truncated room is an error.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", SHMOOZE_WAIT_AUTO);
  g_autofree char *path = test_path ("chat");

  g_assert_cmpint (truncate (path, 4096), ==, 0);
  g_assert_null (shmooze_room_info_new ("chat", &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "chat", NULL);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("talker", test_talker_role);
  test_init (&argc, &argv);

  test_add ("/room-info/joined", test_joined);
  test_add ("/room-info/crashed", test_crashed);
  test_add ("/room-info/left", test_left);
  test_add ("/room-info/errors", test_errors);
  test_add ("/room-info/hostile", test_hostile);
  test_add ("/room-info/truncated", test_truncated);

  return test_run ();
}
