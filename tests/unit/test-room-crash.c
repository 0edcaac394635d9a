/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Members that crash, or are stopped */

#include "lib/testlib.h"

#include <signal.h>

#define AUTO SHMOOZE_WAIT_AUTO

static void
test_crash (void)
{
  g_test_summary ("A crash is distinguished from a departure, and the draft remains.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), cleo = NULL, dora = NULL;
  g_autoptr(TestChild) ben = test_talker_new ("chat", "Ben");

  test_wait (test_room_has_event (ada, "joined Ben"));
  test_talker_do (ben, "send said");
  test_talker_do (ben, "draft unfinished");
  test_child_kill (ben);
  test_wait (test_room_has_event (ada, "crashed Ben: unfinished"));
  g_assert_true (test_room_has_message (ada, "said"));
  g_assert_cmpuint (test_room_n_peers (ada), ==, 0);

  /* Members that join later see it too. */
  cleo = test_room_join ("chat", "Cleo", AUTO);
  g_assert_cmpuint (test_room_n_peers (cleo), ==, 1);
  test_wait (test_room_has_event (cleo, "crashed Ben: unfinished"));
  g_assert_true (test_room_has_message (cleo, "said"));
  g_assert_false (test_room_has_event (cleo, "joined Ben"));

  /* The nick of the crashed member is free. */
  dora = test_room_join ("chat", "Ben", AUTO);
  g_assert_cmpstr (shmooze_room_get_nick (dora->room), ==, "Ben");
}

static void
test_crash_with_child (void)
{
  g_test_summary ("A killed member counts as crashed although a child process of it still runs.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO);
  g_autoptr(TestChild) ben = test_talker_new ("chat", "Ben");

  test_wait (test_room_has_event (ada, "joined Ben"));
  test_talker_do (ben, "draft unfinished");
  test_talker_do (ben, "fork");
  test_child_kill (ben);
  test_wait (test_room_has_event (ada, "crashed Ben: unfinished"));
}

static void
test_many_crashes (void)
{
  g_test_summary ("Each of many crashes is reported, and the seats are reused.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), last = NULL;
  guint n = TEST_SLOW ? 12 : 50;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr(TestChild) child = test_talker_new ("chat", "Ben");
      g_autofree char *text = g_strdup_printf ("message %u", i), *event = g_strdup_printf ("crashed Ben: draft %u", i);

      test_talker_do (child, "send message %u", i);
      test_talker_do (child, "draft draft %u", i);
      test_child_kill (child);
      test_wait (test_room_has_event (ada, event));
      g_assert_true (test_room_has_message (ada, text));
      g_assert_cmpuint (test_room_n_peers (ada), ==, 0);
    }
  last = test_room_join ("chat", "Ben", AUTO);
  g_assert_false (shmooze_room_is_watching (last->room));
  g_assert_cmpstr (shmooze_room_get_nick (last->room), ==, "Ben");
  test_wait (last->messages->len == n);
  g_assert_null (ada->broken);
}

static void
test_mass_crash (void)
{
  g_test_summary ("All other members can crash at the same time.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO);
  TestChild *children[7];

  for (guint i = 0; i < 7; i++)
    {
      g_autofree char *nick = g_strdup_printf ("P%u", i);

      children[i] = test_talker_new ("chat", nick);
      test_talker_do (children[i], "draft of %u", i);
    }
  test_wait (test_room_n_peers (ada) == 7);
  for (guint i = 0; i < 7; i++)
    kill (test_child_get_pid (children[i]), SIGKILL);
  test_wait (test_room_n_peers (ada) == 0);
  for (guint i = 0; i < 7; i++)
    {
      g_autofree char *event = g_strdup_printf ("crashed P%u: of %u", i, i);

      g_assert_true (test_room_has_event (ada, event));
      test_child_free (children[i]);
    }
  for (guint i = 0; i < 7; i++)
    {
      g_autoptr(TestChild) child = test_talker_new ("chat", "P0");

      test_talker_do (child, "send again");
    }
}

typedef struct
{
  guint  n_done;
  guint  n_failed;
} Sent;

static void
count_sent (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Sent *sent = user_data;
  g_autoptr(GError) error = NULL;

  if (shmooze_room_send_finish (SHMOOZE_ROOM (object), result, &error))
    sent->n_done++;
  else
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      sent->n_failed++;
    }
}

static void
send_large (TestRoom *room,
            guint     from,
            guint     to,
            Sent     *sent)
{
  for (; from < to; from++)
    {
      g_autofree char *padding = g_strnfill (20000, '.');
      g_autofree char *text = g_strdup_printf ("large %u%s", from, padding);

      shmooze_room_send_async (room->room, text, NULL, count_sent, sent);
    }
}

static void
test_back_pressure (void)
{
  g_test_summary ("Messages wait while a member does not read, and are delivered in order afterwards.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO);
  g_autoptr(TestChild) ben = test_talker_new ("chat", "Ben");
  g_autofree char *own = NULL, *theirs = NULL;
  Sent sent = { 0 };
  ShmoozePeer *peer;

  test_wait (test_room_has_event (ada, "joined Ben"));
  peer = test_room_find_peer (ada, "Ben");
  test_child_stop (ben);
  send_large (ada, 0, 60, &sent);
  test_wait (sent.n_done >= 5);
  test_wait (shmooze_peer_get_state (peer) == SHMOOZE_PEER_NOT_RESPONDING);
  g_assert_cmpuint (sent.n_done, <, 60);
  g_assert_cmpuint (test_room_n_peers (ada), ==, 1);  /* it keeps its seat */
  g_assert_true (shmooze_room_set_draft (ada->room, "typed meanwhile", NULL));

  test_child_go_on (ben);
  test_wait (sent.n_done == 60);
  test_wait (shmooze_peer_get_state (peer) == SHMOOZE_PEER_PRESENT);
  test_room_send (ada, "the last");
  test_talker_do (ben, "see the last");
  test_child_tell (ben, "transcript");
  theirs = test_child_hear (ben);
  test_wait (ada->messages->len == 61);
  own = test_room_transcript (ada);
  g_assert_cmpstr (own, ==, theirs);
  for (guint i = 0; i < 60; i++)
    {
      g_autofree char *start = g_strdup_printf ("large %u.", i);

      g_assert_true (g_str_has_prefix (shmooze_message_get_text (test_room_message (ada, i)), start));
    }
}

static void
test_back_pressure_ends_with_death (void)
{
  g_test_summary ("Waiting messages are sent when the member that did not read has died.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO);
  g_autoptr(TestChild) ben = test_talker_new ("chat", "Ben"), cleo = test_talker_new ("chat", "Cleo");
  Sent sent = { 0 };

  test_wait (test_room_n_peers (ada) == 2);
  test_child_stop (ben);
  test_child_stop (cleo);
  send_large (ada, 0, 40, &sent);
  test_wait (sent.n_done >= 5);
  g_assert_cmpuint (sent.n_done, <, 40);
  test_child_kill (ben);
  test_child_kill (cleo);
  test_wait (sent.n_done == 40);
  test_wait (test_room_n_peers (ada) == 0);
}

static void
test_not_responding_to_draft (void)
{
  g_test_summary ("A stopped peer is reported as not responding once something is sent to it.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO);
  g_autoptr(TestChild) ben = test_talker_new ("chat", "Ben");
  ShmoozePeer *peer;

  test_wait (test_room_has_event (ada, "joined Ben"));
  peer = test_room_find_peer (ada, "Ben");
  test_child_stop (ben);
  test_room_send (ada, "anybody there?");
  test_wait (shmooze_peer_get_state (peer) == SHMOOZE_PEER_NOT_RESPONDING);
  test_child_go_on (ben);
  test_wait (shmooze_peer_get_state (peer) == SHMOOZE_PEER_PRESENT);
}

static void
test_leave_with_unsent (void)
{
  g_test_summary ("Messages that still wait fail when the room is left.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO);
  g_autoptr(TestChild) ben = test_talker_new ("chat", "Ben");
  Sent sent = { 0 };

  test_wait (test_room_has_event (ada, "joined Ben"));
  test_child_stop (ben);
  send_large (ada, 0, 40, &sent);
  test_wait (sent.n_done >= 5);
  test_settle ();
  shmooze_room_leave (ada->room);
  test_wait (sent.n_done + sent.n_failed == 40);
  g_assert_cmpuint (sent.n_failed, >, 10);
  test_child_go_on (ben);
  g_assert_cmpint (test_child_wait (ben), ==, 0);
}

static void
leave_on_sent (GObject      *object,
               GAsyncResult *result,
               gpointer      user_data)
{
  count_sent (object, result, user_data);
  shmooze_room_leave (SHMOOZE_ROOM (object));
}

static void
test_leave_in_callback (void)
{
  g_test_summary ("A room can be left in the callback of a sent message.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO);
  g_autoptr(TestChild) ben = test_talker_new ("chat", "Ben");
  Sent sent = { 0 }, last = { 0 };

  test_wait (test_room_has_event (ada, "joined Ben"));
  test_child_stop (ben);
  send_large (ada, 0, 40, &sent);
  shmooze_room_send_async (ada->room, "and off", NULL, leave_on_sent, &last);
  shmooze_room_send_async (ada->room, "never sent", NULL, count_sent, &last);
  test_wait (sent.n_done >= 5);
  test_settle ();
  test_child_go_on (ben);
  test_wait (last.n_done == 1 && last.n_failed + last.n_done == 2);
  g_assert_cmpuint (sent.n_done, ==, 40);
  test_talker_do (ben, "see and off");
  g_assert_cmpint (test_child_wait (ben), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("talker", test_talker_role);
  test_init (&argc, &argv);

  test_add ("/room/crash", test_crash);
  test_add ("/room/crash-with-child", test_crash_with_child);
  test_add ("/room/crash-many", test_many_crashes);
  test_add ("/room/crash-mass", test_mass_crash);
  test_add ("/room/back-pressure", test_back_pressure);
  test_add ("/room/back-pressure-death", test_back_pressure_ends_with_death);
  test_add ("/room/not-responding", test_not_responding_to_draft);
  test_add ("/room/leave-with-unsent", test_leave_with_unsent);
  test_add ("/room/leave-in-callback", test_leave_in_callback);

  return test_run ();
}
