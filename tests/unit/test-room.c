/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/testlib.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define AUTO SHMOOZE_WAIT_AUTO

static guint
n_peers (TestRoom *room)
{
  return g_list_model_get_n_items (shmooze_room_get_peers (room->room));
}

static ShmoozeMessage *
message_at (TestRoom *room,
            guint     i)
{
  g_assert_cmpuint (i, <, room->messages->len);
  return g_ptr_array_index (room->messages, i);
}

static void
check_talk (TestRoom *ada,
            TestRoom *ben)
{
  gint64 now = g_get_real_time ();
  ShmoozeMessage *own, *theirs;

  test_wait (n_peers (ada) == 1 && n_peers (ben) == 1);
  g_assert_nonnull (test_room_find_peer (ada, "Ben"));
  g_assert_nonnull (test_room_find_peer (ben, "Ada"));
  g_assert_cmpuint (shmooze_peer_get_seat (test_room_find_peer (ada, "Ben")), ==, shmooze_room_get_seat (ben->room));
  g_assert_cmpint (shmooze_peer_get_state (test_room_find_peer (ada, "Ben")), ==, SHMOOZE_PEER_PRESENT);
  g_assert_cmpint (ABS (shmooze_peer_get_since (test_room_find_peer (ada, "Ben")) - now), <, 100 * G_USEC_PER_SEC);
  g_assert_cmpstr (test_room_draft_of (ada, "Ben"), ==, "");

  test_room_draft (ben, "H");
  test_wait (g_strcmp0 (test_room_draft_of (ada, "Ben"), "H") == 0);
  test_room_draft (ben, "Hé 👋🏽 שלום");
  test_wait (test_room_has_event (ada, "draft Ben: Hé 👋🏽 שלום"));
  test_room_draft (ben, "");
  test_wait (g_strcmp0 (test_room_draft_of (ada, "Ben"), "") == 0);

  test_room_send (ben, "one\ntwo");
  test_wait (ada->messages->len == 1 && ben->messages->len == 1);
  own = message_at (ben, 0);
  theirs = message_at (ada, 0);
  g_assert_cmpstr (shmooze_message_get_text (own), ==, "one\ntwo");
  g_assert_cmpstr (shmooze_message_get_text (theirs), ==, "one\ntwo");
  g_assert_cmpstr (shmooze_message_get_sender (own), ==, "Ben");
  g_assert_cmpstr (shmooze_message_get_sender (theirs), ==, "Ben");
  g_assert_true (shmooze_message_is_own (own));
  g_assert_false (shmooze_message_is_own (theirs));
  g_assert_cmpuint (shmooze_message_get_seat (theirs), ==, shmooze_room_get_seat (ben->room));
  g_assert_cmpuint (shmooze_message_get_number (own), ==, shmooze_message_get_number (theirs));
  g_assert_cmpint (shmooze_message_get_time (own), ==, shmooze_message_get_time (theirs));
  g_assert_cmpint (shmooze_message_get_time (own), >=, now - G_USEC_PER_SEC);
  g_assert_cmpint (shmooze_message_get_time (own), <=, g_get_real_time ());

  test_room_send (ada, "three");
  test_room_send (ben, "");
  test_wait (ada->messages->len == 3 && ben->messages->len == 3);
  g_assert_cmpuint (shmooze_message_get_number (message_at (ada, 1)), >, shmooze_message_get_number (theirs));
  g_assert_cmpstr (shmooze_message_get_text (message_at (ben, 2)), ==, "");
}

static void
test_two (void)
{
  g_test_summary ("Two members of a room see each other's arrival, drafts, messages and departure.");

  for (guint wait = SHMOOZE_WAIT_AUTO; wait <= SHMOOZE_WAIT_POLL; wait++)
    {
      g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", wait), ben = NULL;

      g_assert_cmpuint (n_peers (ada), ==, 0);
      g_assert_cmpstr (shmooze_room_get_name (ada->room), ==, "chat");
      g_assert_cmpstr (shmooze_room_get_nick (ada->room), ==, "Ada");
      g_assert_false (shmooze_room_is_watching (ada->room));
      ben = test_room_join ("chat", "Ben", wait);
      g_assert_cmpuint (n_peers (ben), ==, 1);  /* at once */
      g_assert_cmpuint (ada->events->len, ==, 0);
      test_wait (test_room_has_event (ada, "joined Ben"));
      check_talk (ada, ben);
      g_assert_false (test_room_has_event (ben, "joined Ada"));

      g_clear_pointer (&ben, test_room_free);
      test_wait (test_room_has_event (ada, "left Ben"));
      g_assert_cmpuint (n_peers (ada), ==, 0);
      g_assert_cmpuint (ada->n_lost, ==, 0);
    }
}

static void
test_two_processes (void)
{
  g_test_summary ("Members in two processes see each other's drafts, messages and departure.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO);
  g_autoptr(TestChild) ben = test_talker_new ("chat", "Ben");

  test_wait (test_room_has_event (ada, "joined Ben"));
  test_room_draft (ada, "typed");
  test_talker_do (ben, "see-draft Ada typed");
  test_room_draft (ada, "sent");
  test_room_send (ada, "sent");
  test_talker_do (ben, "see sent");
  test_talker_do (ben, "see-draft Ada ");  /* sent is no longer being typed */
  test_talker_do (ben, "draft answer");
  test_wait (g_strcmp0 (test_room_draft_of (ada, "Ben"), "answer") == 0);
  test_talker_do (ben, "send answered");
  test_wait (test_room_has_message (ada, "answered"));
  test_talker_do (ben, "leave");
  test_wait (test_room_has_event (ada, "left Ben"));
}

/* Every keystroke of a long text, insertions and deletions included. */
static void
test_keystrokes (void)
{
  g_test_summary ("Each keystroke reaches the peer as a draft.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);
  g_autoptr(GString) text = g_string_new (NULL);

  for (guint i = 0; i < 400; i++)
    {
      if (i % 7 == 6)
        g_string_truncate (text, text->len / 2);
      else
        g_string_insert (text, (gssize) (text->len / 2), i % 3 == 0 ? "ab" : "c");
      test_room_draft (ada, text->str);
      test_wait (g_strcmp0 (test_room_draft_of (ben, "Ada"), text->str) == 0);
    }
}

static gboolean
on_idle (gpointer user_data)
{
  ++*(guint *) user_data;
  return G_SOURCE_CONTINUE;
}

/* Who writes fast does not keep a window from being drawn; and who then leaves has left after the last word. */
static void
test_flood (void)
{
  g_test_summary ("A flood of messages does not keep a window from being drawn, and its author leaves after the last "
                  "one.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);
  const guint n = 2000;
  guint n_idle = 0, source;

  test_wait (test_room_has_event (ada, "joined Ben"));
  test_settle ();
  for (guint i = 0; i < n; i++)
    shmooze_room_send_async (ben->room, "flood", NULL, NULL, NULL);

  source = g_idle_add_full (G_PRIORITY_HIGH_IDLE + 20, on_idle, &n_idle, NULL);  /* as GDK draws */
  test_wait (ada->messages->len > 0);
  g_assert_cmpuint (ada->messages->len, <, n);
  test_wait (ada->messages->len == n);
  g_assert_cmpuint (n_idle, >, 5);
  g_source_remove (source);

  for (guint i = 0; i < n; i++)
    shmooze_room_send_async (ben->room, "flood", NULL, NULL, NULL);
  shmooze_room_leave (ben->room);
  test_wait (test_room_has_event (ada, "left Ben"));
  g_assert_cmpuint (ada->messages->len, ==, 2 * n);
}

static void
test_history (void)
{
  g_test_summary ("A member that joins later gets the earlier messages and the current drafts.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = NULL, cleo = NULL;
  g_autofree char *one = NULL, *two = NULL;

  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *text = g_strdup_printf ("message %u", i);

      test_room_send (ada, text);
    }
  test_room_draft (ada, "being typed");

  ben = test_room_join ("chat", "Ben", AUTO);
  g_assert_nonnull (test_room_find_peer (ben, "Ada"));  /* at once; all else when the main loop runs */
  g_assert_cmpuint (ben->messages->len + ben->events->len, ==, 0);
  test_wait (g_strcmp0 (test_room_draft_of (ben, "Ada"), "being typed") == 0);
  g_assert_cmpuint (ben->messages->len, ==, 100);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *text = g_strdup_printf ("message %u", i);

      g_assert_cmpstr (shmooze_message_get_text (message_at (ben, i)), ==, text);
      g_assert_cmpuint (shmooze_message_get_number (message_at (ben, i)), ==,
                        shmooze_message_get_number (message_at (ada, i)));
      g_assert_false (shmooze_message_is_own (message_at (ben, i)));
    }

  /* What those said who have left stays, also when somebody else takes the seat. */
  test_room_send (ben, "Ben's");
  test_wait (ada->messages->len == 101);
  g_clear_pointer (&ben, test_room_free);
  cleo = test_room_join ("chat", "Cleo", AUTO);
  test_wait (cleo->messages->len == 101);
  one = test_room_transcript (ada);
  two = test_room_transcript (cleo);
  g_assert_cmpstr (one, ==, two);
  g_assert_false (shmooze_message_is_own (message_at (cleo, 100)));
  g_assert_cmpstr (shmooze_message_get_sender (message_at (cleo, 100)), ==, "Ben");
}

static void
on_sent (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  GError **error = user_data;

  if (shmooze_room_send_finish (SHMOOZE_ROOM (object), result, error))
    *error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "sent");  /* to be told from "not yet" */
}

static void
check_send_error (TestRoom   *room,
                  const char *text,
                  GQuark      domain,
                  int         code)
{
  g_autoptr(GError) error = NULL;

  shmooze_room_send_async (room->room, text, NULL, on_sent, &error);
  test_wait (error != NULL);
  g_assert_error (error, domain, code);
}

static void
test_seats (void)
{
  g_test_summary ("A room has a limited number of speaking seats; later members watch until a seat is free.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRoom) none = NULL;
  g_autoptr(GPtrArray) rooms = g_ptr_array_new_with_free_func ((GDestroyNotify) test_room_free);
  g_autoptr(TestRoom) late = NULL;
  TestRoom *speaker, *watcher;

  for (guint i = 0; i < 16; i++)
    {
      g_autofree char *nick = g_strdup_printf ("P%u", i);
      TestRoom *room = test_room_join ("chat", nick, AUTO);

      g_ptr_array_add (rooms, room);
      g_assert_cmpint (shmooze_room_is_watching (room->room), ==, i >= 8);
      for (guint j = 0; j < i; j++)
        g_assert_cmpuint (shmooze_room_get_seat (room->room), !=,
                          shmooze_room_get_seat (((TestRoom *) g_ptr_array_index (rooms, j))->room));
    }
  none = shmooze_room_join ("chat", "one too many", AUTO, &error);
  g_assert_null (none);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_NO_SEAT, "chat", "16", NULL);

  speaker = g_ptr_array_index (rooms, 3);
  watcher = g_ptr_array_index (rooms, 12);
  test_wait (n_peers (speaker) == 15 && n_peers (watcher) == 15);
  g_assert_true (shmooze_peer_is_watching (test_room_find_peer (speaker, "P12")));
  g_assert_false (shmooze_peer_is_watching (test_room_find_peer (watcher, "P3")));

  test_room_draft (speaker, "to all");
  for (guint i = 0; i < 16; i++)
    if (i != 3)
      test_wait (g_strcmp0 (test_room_draft_of (g_ptr_array_index (rooms, i), "P3"), "to all") == 0);
  test_room_send (speaker, "told");
  for (guint i = 0; i < 16; i++)
    test_wait (test_room_has_message (g_ptr_array_index (rooms, i), "told"));

  g_assert_false (shmooze_room_set_draft (watcher->room, "x", &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_NO_SEAT, "chat", NULL);
  check_send_error (watcher, "x", SHMOOZE_ERROR, SHMOOZE_ERROR_NO_SEAT);

  /* A watcher's going is no speaker's seat; a speaker's is. */
  g_ptr_array_remove_index (rooms, 15);
  late = test_room_join ("chat", "late", AUTO);
  g_assert_true (shmooze_room_is_watching (late->room));
  g_clear_pointer (&late, test_room_free);
  g_ptr_array_remove_index (rooms, 3);
  late = test_room_join ("chat", "late", AUTO);
  g_assert_false (shmooze_room_is_watching (late->room));
  test_room_send (late, "I speak");
  test_wait (test_room_has_message (g_ptr_array_index (rooms, 0), "I speak"));
}

static void
test_leave (void)
{
  g_test_summary ("The others see that a member leaves, after its last message.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);
  ShmoozePeer *peer;

  test_wait (n_peers (ada) == 1);
  peer = g_object_ref (test_room_find_peer (ada, "Ben"));
  test_room_draft (ben, "never said");
  test_room_send (ben, "last words");
  test_room_draft (ben, "never said");
  test_wait (g_strcmp0 (shmooze_peer_get_draft (peer), "never said") == 0);
  shmooze_room_leave (ben->room);
  test_wait (test_room_has_event (ada, "left Ben"));
  g_assert_cmpint (shmooze_peer_get_state (peer), ==, SHMOOZE_PEER_LEFT);
  g_assert_true (test_room_has_message (ada, "last words"));
  g_object_unref (peer);

  g_assert_cmpuint (n_peers (ben), ==, 0);
  g_assert_false (shmooze_room_set_draft (ben->room, "x", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "chat", NULL);
  check_send_error (ben, "x", G_IO_ERROR, G_IO_ERROR_CLOSED);
  shmooze_room_leave (ben->room);
  g_assert_cmpstr (shmooze_room_get_name (ben->room), ==, "chat");
}

static void
test_crash (void)
{
  g_test_summary ("A peer that crashes is told from one that leaves.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), cleo = NULL, dora = NULL;
  g_autoptr(TestChild) ben = test_talker_new ("chat", "Ben");

  test_wait (test_room_has_event (ada, "joined Ben"));
  test_talker_do (ben, "send said");
  test_talker_do (ben, "draft unfinished");
  test_child_kill (ben);
  test_wait (test_room_has_event (ada, "crashed Ben: unfinished"));
  g_assert_true (test_room_has_message (ada, "said"));
  g_assert_cmpuint (n_peers (ada), ==, 0);

  /* Who joins later is told too. */
  cleo = test_room_join ("chat", "Cleo", AUTO);
  g_assert_cmpuint (n_peers (cleo), ==, 1);
  test_wait (test_room_has_event (cleo, "crashed Ben: unfinished"));
  g_assert_true (test_room_has_message (cleo, "said"));
  g_assert_false (test_room_has_event (cleo, "joined Ben"));

  /* The dead one's nick is free. */
  dora = test_room_join ("chat", "Ben", AUTO);
  g_assert_cmpstr (shmooze_room_get_nick (dora->room), ==, "Ben");
}

/* A child of the crashed one that inherited everything and lives on is nobody in the room. */
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
  g_test_summary ("Repeated crashes are each noticed, and their seats are reused.");

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
      g_assert_cmpuint (n_peers (ada), ==, 0);
    }
  last = test_room_join ("chat", "Ben", AUTO);
  g_assert_false (shmooze_room_is_watching (last->room));
  g_assert_cmpstr (shmooze_room_get_nick (last->room), ==, "Ben");
  test_wait (last->messages->len == n);
  g_assert_null (ada->broken);
}

/* All seats' occupants die at once. */
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
  test_wait (n_peers (ada) == 7);
  for (guint i = 0; i < 7; i++)
    kill (test_child_get_pid (children[i]), SIGKILL);
  test_wait (n_peers (ada) == 0);
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

/* A stopped peer: nothing blocks, nothing is lost, and it is said. */
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
  g_assert_cmpuint (n_peers (ada), ==, 1);  /* it keeps its seat */
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

      g_assert_true (g_str_has_prefix (shmooze_message_get_text (message_at (ada, i)), start));
    }
}

/* The stopped peer is killed instead: what waited goes out. */
static void
test_back_pressure_ends_with_death (void)
{
  g_test_summary ("Waiting messages go out when the member that did not read has died.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO);
  g_autoptr(TestChild) ben = test_talker_new ("chat", "Ben"), cleo = test_talker_new ("chat", "Cleo");
  Sent sent = { 0 };

  test_wait (n_peers (ada) == 2);
  test_child_stop (ben);
  test_child_stop (cleo);
  send_large (ada, 0, 40, &sent);
  test_wait (sent.n_done >= 5);
  g_assert_cmpuint (sent.n_done, <, 40);
  test_child_kill (ben);
  test_child_kill (cleo);
  test_wait (sent.n_done == 40);
  test_wait (n_peers (ada) == 0);
}

/* A peer that is stopped while nothing is sent to it is noticed once something is. */
static void
test_not_responding_to_draft (void)
{
  g_test_summary ("A peer that is stopped is told from one that crashed.");

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
  g_test_summary ("Leaving ends messages that are still waiting with an error.");

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

/* In the callback of a message that had to wait one may leave. */
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

static void
leave_now (ShmoozeRoom *room)
{
  shmooze_room_leave (room);
}

/* One may leave in the handler of any signal. */
static void
test_leave_in_handlers (void)
{
  g_test_summary ("A room can be left in the handler of each of its signals.");

  const char *const signal_names[] = { "message", "draft-changed", "peer-joined", "peer-left" };

  for (gsize i = 0; i < G_N_ELEMENTS (signal_names); i++)
    {
      g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = NULL;

      g_signal_connect (ada->room, signal_names[i], G_CALLBACK (leave_now), NULL);
      ben = test_room_join ("chat", "Ben", AUTO);
      test_room_draft (ben, "typed");
      shmooze_room_send_async (ben->room, "one", NULL, NULL, NULL);
      shmooze_room_send_async (ben->room, "two", NULL, NULL, NULL);
      test_room_draft (ben, "typed again");
      if (i == 3)
        shmooze_room_leave (ben->room);
      else
        test_wait (test_room_has_event (ben, "left Ada"));
      test_wait (n_peers (ada) == 0);
    }
}

static void
leave_on_draft (ShmoozePeer *peer,
                GParamSpec  *pspec,
                ShmoozeRoom *room)
{
  shmooze_room_leave (room);
}

static void
test_leave_in_peer_handler (void)
{
  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);

  g_test_summary ("A room can be left when the draft of a peer has changed.");

  test_wait (n_peers (ada) == 1);
  g_signal_connect (test_room_find_peer (ada, "Ben"), "notify::draft", G_CALLBACK (leave_on_draft), ada->room);
  test_room_draft (ben, "typed");
  test_wait (n_peers (ada) == 0);
  g_assert_false (test_room_has_event (ada, "draft Ben: typed"));
  test_wait (test_room_has_event (ben, "left Ada"));
}

static void
answer (ShmoozeRoom    *room,
        ShmoozeMessage *message)
{
  if (!shmooze_message_is_own (message) && strlen (shmooze_message_get_text (message)) < 300)
    {
      g_autofree char *text = g_strconcat (shmooze_message_get_text (message), ".", NULL);

      g_assert_true (shmooze_room_set_draft (room, text, NULL));
      shmooze_room_send_async (room, text, NULL, NULL, NULL);
    }
}

/* Sending in the handler of a message: two that answer each other. */
static void
test_answers (void)
{
  g_test_summary ("A message can be answered in the handler of its signal.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);

  g_signal_connect (ada->room, "message", G_CALLBACK (answer), NULL);
  g_signal_connect (ben->room, "message", G_CALLBACK (answer), NULL);
  test_room_send (ada, "");
  test_wait (ada->messages->len == 301 && ben->messages->len == 301);
  for (guint i = 0; i < 301; i++)
    g_assert_cmpuint (strlen (shmooze_message_get_text (message_at (ben, i))), ==, i);
}

/* @other says the next thing as soon as the last is heard. */
static void
prompt (ShmoozeRoom    *room,
        ShmoozeMessage *message,
        ShmoozeRoom    *other)
{
  g_autofree char *text = g_strconcat (shmooze_message_get_text (message), ".", NULL);

  if (strlen (text) <= 300)
    shmooze_room_send_async (other, text, NULL, NULL, NULL);
}

/* What is said while one listens comes in the same round of the main loop, but the loop gets its turn. */
static void
test_prompt_answers (void)
{
  g_test_summary ("What is said while one listens comes in the same round of the main loop, and the loop gets its "
                  "turn.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);
  guint most = 0;

  test_wait (n_peers (ada) == 1 && n_peers (ben) == 1);
  g_signal_connect (ada->room, "message", G_CALLBACK (prompt), ben->room);
  shmooze_room_send_async (ben->room, "", NULL, NULL, NULL);
  while (ada->messages->len < 301)
    {
      guint before = ada->messages->len;

      g_main_context_iteration (NULL, TRUE);
      most = MAX (most, ada->messages->len - before);
    }
  g_assert_cmpuint (most, >=, 32);
  g_assert_cmpuint (most, <=, 128);
}

static void
check_lost (TestRoom *room)
{
  g_autoptr(GError) error = NULL;

  test_wait (room->n_lost > 0);
  test_check_error (&room->lost, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "chat", NULL);
  g_assert_false (shmooze_room_set_draft (room->room, "x", &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "chat", NULL);
  check_send_error (room, "x", SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
  test_let_run (50);
  g_assert_cmpuint (room->n_lost, ==, 1);
}

static void
test_truncated (void)
{
  g_test_summary ("A truncated room is reported LOST once.");

  g_autofree char *path = test_path ("chat");

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);

      test_wait (n_peers (ada) == 1);
      if (i == 1)
        test_room_draft (ada, "typed");
      g_assert_cmpint (truncate (path, i == 2 ? 5000 : 0), ==, 0);
      check_lost (ada);
      check_lost (ben);
      g_clear_pointer (&ada, test_room_free);
      g_clear_pointer (&ben, test_room_free);
      ada = test_room_join ("chat", "Ada", AUTO);  /* and all is well again */
      test_room_send (ada, "well again");
    }
}

/* The name stands for another region now: those who are here will never meet those who come. */
static void
test_replaced (void)
{
  g_test_summary ("A room whose name was given to another region is reported LOST to its members.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = NULL, again = NULL;

  test_settle ();
  g_assert_true (shmooze_region_remove ("chat", NULL));
  ben = test_room_join ("chat", "Ben", AUTO);
  check_lost (ada);
  g_clear_pointer (&ada, test_room_free);
  again = test_room_join ("chat", "Ada", AUTO);
  check_talk (again, ben);
}

/* To be without a name is no loss. */
static void
test_removed (void)
{
  g_test_summary ("A room whose name was removed goes on for its members.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);

  test_settle ();
  g_assert_true (shmooze_region_remove ("chat", NULL));
  test_room_send (ada, "still here");
  test_wait (test_room_has_message (ben, "still here"));
  g_assert_cmpuint (ada->n_lost + ben->n_lost, ==, 0);
}

static ShmoozeView *
view_room (const char *name)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = shmooze_region_open (name, SHMOOZE_ACCESS_READ_WRITE, &error);
  ShmoozeView *view;

  g_assert_no_error (error);
  view = shmooze_region_create_view (region, 0, 0, SHMOOZE_ACCESS_READ_WRITE, &error);
  g_assert_no_error (error);
  return view;
}

/* Breaks the word before the message with this text: its frame's. */
static gboolean
break_frame (ShmoozeView *view,
             const char  *text)
{
  guint64 *words = shmooze_view_get_data (view);
  gsize n = shmooze_view_get_size (view) / 8;
  char *found = memmem (words, n * 8, text, strlen (text));

  if (found == NULL)
    return FALSE;
  /* Head, nick and text follow the word; 1 << 32 | length is what a frame's word looks like. */
  for (gsize i = (gsize) (found - (char *) words) / 8; i-- > 0; )
    if (words[i] >> 32 == 1 && (words[i] & G_MAXUINT32) >= strlen (text) && (words[i] & G_MAXUINT32) < 1000)
      {
        words[i] = G_GUINT64_CONSTANT (0xdead00000000beef);
        return TRUE;
      }
  return FALSE;
}

static void
test_quarantine (void)
{
  g_test_summary ("A lane that breaks the rules is quarantined, and the other members go on.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);
  g_autoptr(TestRoom) cleo = NULL;
  g_autoptr(ShmoozeView) view = view_room ("chat");
  g_autofree char *event = g_strdup_printf ("broken %u", shmooze_room_get_seat (ben->room));

  test_wait (n_peers (ada) == 1);
  shmooze_room_send_async (ben->room, "BROKEN MESSAGE", NULL, NULL, NULL);
  g_assert_true (break_frame (view, "BROKEN MESSAGE"));
  test_wait (test_room_has_event (ada, event));
  test_check_error (&ada->broken, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT, "chat", "dead00000000beef", NULL);

  /* The others go on, in all directions that are whole. */
  cleo = test_room_join ("chat", "Cleo", AUTO);
  test_wait (test_room_has_event (cleo, event));
  test_room_send (cleo, "from Cleo");
  test_room_send (ada, "from Ada");
  test_wait (test_room_has_message (ada, "from Cleo") && test_room_has_message (cleo, "from Ada"));
  test_wait (test_room_has_message (ben, "from Cleo") && test_room_has_message (ben, "from Ada"));
  test_room_draft (cleo, "typed");
  test_wait (g_strcmp0 (test_room_draft_of (ada, "Cleo"), "typed") == 0);
  g_assert_cmpuint (ada->n_lost, ==, 0);

  /* Presence has nothing to do with the lane. */
  g_clear_pointer (&ben, test_room_free);
  test_wait (test_room_has_event (ada, "left Ben"));
}

static void
test_hostile_flags (void)
{
  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);
  g_autoptr(ShmoozeView) view = view_room ("chat");
  _Atomic (guint64) *seats = (gpointer) ((char *) shmooze_view_get_data (view) + 256);
  guint n_rounds = 0;

  g_test_summary ("A seat whose flags were changed by somebody else does not keep the peers awake.");

  test_wait (n_peers (ada) == 1 && n_peers (ben) == 1);
  test_settle ();
  atomic_fetch_xor (&seats[shmooze_room_get_seat (ben->room) * 32], 4);
  while (n_rounds < 100 && g_main_context_iteration (NULL, FALSE))
    n_rounds++;
  g_assert_cmpuint (n_rounds, <, 100);
  g_assert_cmpuint (n_peers (ada), ==, 1);
  g_assert_false (test_room_has_event (ada, "left Ben"));
}

static guint64
nasty_value (GRand *rand)
{
  static const guint64 edges[] = {
    0, 1, 2, 3, 4, 8, 9, 11, 15, 256, 4096, G_MAXINT32, G_MAXUINT32, G_GUINT64_CONSTANT (1) << 32,
    (G_GUINT64_CONSTANT (1) << 32) | 24, (G_GUINT64_CONSTANT (1) << 32) | 65536, (G_GUINT64_CONSTANT (1) << 32) | G_MAXUINT32,
    G_GUINT64_CONSTANT (2) << 32, G_MAXINT64, G_MAXINT64 - 7, G_GUINT64_CONSTANT (1) << 63, G_MAXUINT64, G_MAXUINT64 - 7
  };

  if (g_rand_int_range (rand, 0, 4) == 0)
    return (guint64) g_rand_int (rand) << 32 | g_rand_int (rand);
  return edges[g_rand_int_range (rand, 0, G_N_ELEMENTS (edges))];
}

static void
scribble (GRand       *rand,
          ShmoozeView *view)
{
  guint64 *words = shmooze_view_get_data (view);
  gsize n = shmooze_view_get_size (view) / 8, lane = n / 8, i;

  /* Mostly where it hurts: the table of seats, and the beginnings of the lanes and their queues. */
  switch (g_rand_int_range (rand, 0, 4))
    {
    case 0:
      i = (gsize) g_rand_int_range (rand, 0, 600);
      break;
    case 1:
      i = (gsize) g_rand_int_range (rand, 0, 8) * (lane & ~(gsize) 511) + 512 + (gsize) g_rand_int_range (rand, 0, 400);
      break;
    case 2:
      {
        /* On what is in use */
        i = (gsize) g_rand_int_range (rand, 0, (gint32) n);
        for (gsize steps = 0; steps < 20000 && words[i] == 0; steps++)
          i = (i + 1) % n;
        break;
      }
    default:
      i = (gsize) g_rand_int_range (rand, 0, (gint32) n);
    }
  atomic_store ((_Atomic (guint64) *) (words + MIN (i, n - 1)), nasty_value (rand));
}

static void
check_refusal (GError **error)
{
  if (*error == NULL)
    return;
  if ((*error)->domain != SHMOOZE_ERROR && !g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_BUSY) &&
      !g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT))
    g_error ("%s", (*error)->message);
  g_clear_error (error);
}

/* Whatever somebody writes into the room: no crash, no hang, errors in words; who leaves can join again. */
static void
test_hostile (void)
{
  g_test_summary ("Whatever a member writes into its lane, the others get valid text or an error.");

  for (guint round = 0; round < (TEST_SLOW ? 40 : 250); round++)
    {
      g_autoptr(GRand) rand = g_rand_new_with_seed (round);
      g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);
      g_autoptr(TestRoom) polls = test_room_join ("chat", "Polly", SHMOOZE_WAIT_POLL);
      g_autoptr(ShmoozeView) view = view_room ("chat");
      g_autoptr(GPtrArray) more = g_ptr_array_new_with_free_func (g_object_unref);
      TestRoom *rooms[] = { ada, ben, polls };

      for (guint i = 0; i < 40; i++)
        {
          TestRoom *room = rooms[g_rand_int_range (rand, 0, 3)];
          g_autoptr(GError) error = NULL;
          ShmoozeRoom *guest;

          for (guint j = 0; j < 4 && i > 3; j++)
            scribble (rand, view);
          switch (g_rand_int_range (rand, 0, 5))
            {
            case 0:
              shmooze_room_set_draft (room->room, "typed", &error);
              break;
            case 1:
              shmooze_room_send_async (room->room, "said", NULL, NULL, NULL);
              break;
            case 2:
              guest = shmooze_room_join ("chat", "Guest", AUTO, &error);
              if (guest != NULL)
                g_ptr_array_add (more, guest);
              break;
            case 3:
              if (more->len > 0)
                {
                  shmooze_room_leave (g_ptr_array_index (more, more->len - 1));
                  g_ptr_array_set_size (more, (gint) more->len - 1);
                }
              break;
            default:
              for (guint j = 0; j < 8; j++)
                g_main_context_iteration (NULL, FALSE);
            }
          check_refusal (&error);
        }
      for (guint i = 0; i < more->len; i++)
        shmooze_room_leave (g_ptr_array_index (more, i));
    }
}

static void
test_too_long (void)
{
  g_test_summary ("Text beyond the limits is TOO_LONG, and what just fits arrives.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);
  gsize max = shmooze_room_get_max_text (ada->room);
  g_autofree char *longest = g_strnfill (max, 'x'), *too_long = g_strnfill (max + 1, 'y');
  g_autofree char *digits = g_strdup_printf ("%" G_GSIZE_FORMAT, max), *more = g_strdup_printf ("%" G_GSIZE_FORMAT, max + 1);

  g_assert_cmpuint (max, >=, 40000);  /* 10,000 characters of any kind */
  test_room_draft (ada, longest);
  test_wait (g_strcmp0 (test_room_draft_of (ben, "Ada"), longest) == 0);
  g_assert_false (shmooze_room_set_draft (ada->room, too_long, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG, digits, more, NULL);
  test_settle ();
  g_assert_cmpstr (test_room_draft_of (ben, "Ada"), ==, longest);

  test_room_send (ada, longest);
  test_wait (ben->messages->len == 1);
  g_assert_cmpstr (shmooze_message_get_text (message_at (ben, 0)), ==, longest);
  check_send_error (ada, too_long, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG);
  test_settle ();
  g_assert_cmpuint (ben->messages->len, ==, 1);
}

/* What is no UTF-8 is refused, or made valid; nobody ever sees it. test_room_join() checks all that comes. */
static void
test_invalid_text (void)
{
  g_test_summary ("Text that is not valid UTF-8 is refused or made valid before anybody sees it.");

  static const char *const texts[] = { "a\377b", "\xc3", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80", "ok\x80" };
  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(GError) error = NULL;
      guint n = ben->messages->len;

      test_room_draft (ada, "");
      test_wait (g_strcmp0 (test_room_draft_of (ben, "Ada"), "") == 0);
      if (shmooze_room_set_draft (ada->room, texts[i], &error))
        test_wait (g_strcmp0 (test_room_draft_of (ben, "Ada"), "") != 0);
      else
        g_assert_nonnull (error);
      shmooze_room_send_async (ada->room, texts[i], NULL, NULL, NULL);
      test_room_send (ada, "end");
      test_wait (ben->messages->len > n &&
                 strcmp (shmooze_message_get_text (message_at (ben, ben->messages->len - 1)), "end") == 0);
    }
}

/* 500 messages from each of two processes at once: a third, and both of them, agree about the order. */
static void
test_order (void)
{
  g_test_summary ("Members agree on the order of messages that two processes send at the same time.");

  guint n = TEST_SLOW ? 150 : 500;
  g_autoptr(TestRoom) cleo = test_room_join ("chat", "Cleo", AUTO);
  g_autoptr(TestChild) ada = test_talker_new ("chat", "Ada"), ben = test_talker_new ("chat", "Ben");
  g_autofree char *at_cleo = NULL, *at_ada = NULL, *at_ben = NULL;
  guint of_ada = 0, of_ben = 0;

  test_child_tell (ada, "flood %u 10", n);
  test_child_tell (ben, "flood %u 10", n);
  test_child_expect (ada, "done");
  test_child_expect (ben, "done");
  test_talker_do (ada, "count %u", 2 * n);
  test_talker_do (ben, "count %u", 2 * n);
  test_wait (cleo->messages->len == 2 * n);
  test_child_tell (ada, "transcript");
  test_child_tell (ben, "transcript");
  at_ada = test_child_hear (ada);
  at_ben = test_child_hear (ben);
  at_cleo = test_room_transcript (cleo);
  g_assert_cmpstr (at_ada, ==, at_cleo);
  g_assert_cmpstr (at_ben, ==, at_cleo);

  /* Each one's own come in the order in which they were sent, each once. */
  for (guint i = 0; i < 2 * n; i++)
    {
      ShmoozeMessage *message = message_at (cleo, i);
      guint *count = strcmp (shmooze_message_get_sender (message), "Ada") == 0 ? &of_ada : &of_ben;
      g_autofree char *start = g_strdup_printf ("%s %u.", shmooze_message_get_sender (message), (*count)++);

      g_assert_true (g_str_has_prefix (shmooze_message_get_text (message), start));
    }
  g_assert_cmpuint (of_ada, ==, n);
  g_assert_cmpuint (of_ben, ==, n);
}

/* A pair of which nobody does anything does not wake up at all. */
static void
test_idle (void)
{
  g_test_summary ("Nobody wakes up while nobody writes.");

  g_autoptr(TestRoom) cleo = test_room_join ("chat", "Cleo", AUTO);
  g_autoptr(TestChild) ada = test_talker_new ("chat", "Ada"), ben = test_talker_new ("chat", "Ben");
  guint64 before, after;

  test_talker_do (ada, "send one");
  test_talker_do (ben, "see one");
  test_talker_do (ben, "draft two");
  test_talker_do (ada, "see-draft Ben two");
  test_let_run (4500);  /* for what follows a keystroke: are the others attending? */
  before = test_count_switches (test_child_get_pid (ada)) + test_count_switches (test_child_get_pid (ben));
  test_let_run (3000);
  after = test_count_switches (test_child_get_pid (ada)) + test_count_switches (test_child_get_pid (ben));
  g_test_message ("%" G_GUINT64_FORMAT " wake-ups", after - before);
#if !TEST_SLOW
  g_assert_cmpuint (after, ==, before);
#endif
}

/* Dropping the last reference is leaving. */
static void
test_unref (void)
{
  g_test_summary ("Dropping a room object leaves the room.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO);
  ShmoozeRoom *ben = shmooze_room_join ("chat", "Ben", AUTO, NULL);

  test_wait (test_room_has_event (ada, "joined Ben"));
  g_assert_true (shmooze_room_set_draft (ben, "typed", NULL));
  g_object_unref (ben);
  test_wait (test_room_has_event (ada, "left Ben"));
}

static void
note_state (ShmoozePeer *peer,
            GParamSpec  *pspec,
            GString     *states)
{
  g_string_append_printf (states, "%d;", shmooze_peer_get_state (peer));
}

static void
test_peer_properties (void)
{
  g_test_summary ("A peer's properties notify, and stay readable after it has left.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);
  g_autoptr(GString) states = g_string_new (NULL);
  g_autoptr(ShmoozePeer) peer = NULL;
  g_autofree char *nick = NULL, *draft = NULL;
  gboolean watching;
  gint64 since;
  guint seat;
  int state;

  test_wait (n_peers (ada) == 1);
  test_room_draft (ben, "typed");
  test_wait (g_strcmp0 (test_room_draft_of (ada, "Ben"), "typed") == 0);
  peer = g_object_ref (test_room_find_peer (ada, "Ben"));
  g_object_get (peer, "seat", &seat, "nick", &nick, "since", &since, "state", &state, "draft", &draft,
                "watching", &watching, NULL);
  g_assert_cmpuint (seat, ==, shmooze_room_get_seat (ben->room));
  g_assert_cmpstr (nick, ==, "Ben");
  g_assert_cmpint (since, ==, shmooze_peer_get_since (peer));
  g_assert_cmpint (state, ==, SHMOOZE_PEER_PRESENT);
  g_assert_cmpstr (draft, ==, "typed");
  g_assert_false (watching);
  g_signal_connect (peer, "notify::state", G_CALLBACK (note_state), states);
  g_clear_pointer (&ben, test_room_free);
  test_wait (n_peers (ada) == 0);
  g_assert_cmpstr (states->str, ==, "2;");
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("talker", test_talker_role);
  test_init (&argc, &argv);

  test_add ("/room/two", test_two);
  test_add ("/room/two-processes", test_two_processes);
  test_add ("/room/keystrokes", test_keystrokes);
  test_add ("/room/flood", test_flood);
  test_add ("/room/history", test_history);
  test_add ("/room/seats", test_seats);
  test_add ("/room/leave", test_leave);
  test_add ("/room/unref", test_unref);
  test_add ("/room/peer-properties", test_peer_properties);
  test_add ("/room/crash", test_crash);
  test_add ("/room/crash-with-child", test_crash_with_child);
  test_add ("/room/crash-many", test_many_crashes);
  test_add ("/room/crash-mass", test_mass_crash);
  test_add ("/room/back-pressure", test_back_pressure);
  test_add ("/room/back-pressure-death", test_back_pressure_ends_with_death);
  test_add ("/room/not-responding", test_not_responding_to_draft);
  test_add ("/room/leave-with-unsent", test_leave_with_unsent);
  test_add ("/room/leave-in-callback", test_leave_in_callback);
  test_add ("/room/leave-in-handlers", test_leave_in_handlers);
  test_add ("/room/leave-in-peer-handler", test_leave_in_peer_handler);
  test_add ("/room/answers", test_answers);
  test_add ("/room/answers-at-once", test_prompt_answers);
  test_add ("/room/truncated", test_truncated);
  test_add ("/room/replaced", test_replaced);
  test_add ("/room/removed", test_removed);
  test_add ("/room/quarantine", test_quarantine);
  test_add ("/room/hostile", test_hostile);
  test_add ("/room/hostile/flags", test_hostile_flags);
  test_add ("/room/too-long", test_too_long);
  test_add ("/room/invalid-text", test_invalid_text);
  test_add ("/room/order", test_order);
  test_add ("/room/idle", test_idle);

  return test_run ();
}
