/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/testlib.h"

#include <string.h>
#include <unistd.h>

#define AUTO SHMOOZE_WAIT_AUTO

static void
check_talk (TestRoom *ada,
            TestRoom *ben)
{
  gint64 now = g_get_real_time ();
  ShmoozeMessage *own, *theirs;

  test_wait (test_room_n_peers (ada) == 1 && test_room_n_peers (ben) == 1);
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
  own = test_room_message (ben, 0);
  theirs = test_room_message (ada, 0);
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
  g_assert_cmpuint (shmooze_message_get_number (test_room_message (ada, 1)), >, shmooze_message_get_number (theirs));
  g_assert_cmpstr (shmooze_message_get_text (test_room_message (ben, 2)), ==, "");
}

static void
test_two (void)
{
  g_test_summary ("Two members of a room see each other's arrival, drafts, messages and departure.");

  for (guint wait = SHMOOZE_WAIT_AUTO; wait <= SHMOOZE_WAIT_POLL; wait++)
    {
      g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", wait), ben = NULL;

      g_assert_cmpuint (test_room_n_peers (ada), ==, 0);
      g_assert_cmpstr (shmooze_room_get_name (ada->room), ==, "chat");
      g_assert_cmpstr (shmooze_room_get_nick (ada->room), ==, "Ada");
      g_assert_false (shmooze_room_is_watching (ada->room));
      ben = test_room_join ("chat", "Ben", wait);
      g_assert_cmpuint (test_room_n_peers (ben), ==, 1);  /* at once */
      g_assert_cmpuint (ada->events->len, ==, 0);
      test_wait (test_room_has_event (ada, "joined Ben"));
      check_talk (ada, ben);
      g_assert_false (test_room_has_event (ben, "joined Ada"));

      g_clear_pointer (&ben, test_room_free);
      test_wait (test_room_has_event (ada, "left Ben"));
      g_assert_cmpuint (test_room_n_peers (ada), ==, 0);
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

      g_assert_cmpstr (shmooze_message_get_text (test_room_message (ben, i)), ==, text);
      g_assert_cmpuint (shmooze_message_get_number (test_room_message (ben, i)), ==,
                        shmooze_message_get_number (test_room_message (ada, i)));
      g_assert_false (shmooze_message_is_own (test_room_message (ben, i)));
    }

  /* The messages of a peer that has left remain, even when its seat is taken again. */
  test_room_send (ben, "Ben's");
  test_wait (ada->messages->len == 101);
  g_clear_pointer (&ben, test_room_free);
  cleo = test_room_join ("chat", "Cleo", AUTO);
  test_wait (cleo->messages->len == 101);
  one = test_room_transcript (ada);
  two = test_room_transcript (cleo);
  g_assert_cmpstr (one, ==, two);
  g_assert_false (shmooze_message_is_own (test_room_message (cleo, 100)));
  g_assert_cmpstr (shmooze_message_get_sender (test_room_message (cleo, 100)), ==, "Ben");
}

static void
on_sent (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  GError **error = user_data;

  if (shmooze_room_send_finish (SHMOOZE_ROOM (object), result, error))
    *error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "sent");  /* as opposed to "not yet" */
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
  test_wait (test_room_n_peers (speaker) == 15 && test_room_n_peers (watcher) == 15);
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

  /* Only a speaking seat that becomes free lets the next member speak. */
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

  test_wait (test_room_n_peers (ada) == 1);
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

  g_assert_cmpuint (test_room_n_peers (ben), ==, 0);
  g_assert_false (shmooze_room_set_draft (ben->room, "x", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "chat", NULL);
  check_send_error (ben, "x", G_IO_ERROR, G_IO_ERROR_CLOSED);
  shmooze_room_leave (ben->room);
  g_assert_cmpstr (shmooze_room_get_name (ben->room), ==, "chat");
}

static void
leave_now (ShmoozeRoom *room)
{
  shmooze_room_leave (room);
}

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
      test_wait (test_room_n_peers (ada) == 0);
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

  test_wait (test_room_n_peers (ada) == 1);
  g_signal_connect (test_room_find_peer (ada, "Ben"), "notify::draft", G_CALLBACK (leave_on_draft), ada->room);
  test_room_draft (ben, "typed");
  test_wait (test_room_n_peers (ada) == 0);
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
    g_assert_cmpuint (strlen (shmooze_message_get_text (test_room_message (ben, i))), ==, i);
}

/* @other sends the next message when the last one has arrived. */
static void
prompt (ShmoozeRoom    *room,
        ShmoozeMessage *message,
        ShmoozeRoom    *other)
{
  g_autofree char *text = g_strconcat (shmooze_message_get_text (message), ".", NULL);

  if (strlen (text) <= 300)
    shmooze_room_send_async (other, text, NULL, NULL, NULL);
}

static void
test_prompt_answers (void)
{
  g_test_summary ("Answers arrive in the same iteration of the main loop, up to a limit.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);
  guint most = 0;

  test_wait (test_room_n_peers (ada) == 1 && test_room_n_peers (ben) == 1);
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
  g_test_summary ("A truncated room is reported as LOST once.");

  g_autofree char *path = test_path ("chat");

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);

      test_wait (test_room_n_peers (ada) == 1);
      if (i == 1)
        test_room_draft (ada, "typed");
      g_assert_cmpint (truncate (path, i == 2 ? 5000 : 0), ==, 0);
      check_lost (ada);
      check_lost (ben);
      g_clear_pointer (&ada, test_room_free);
      g_clear_pointer (&ben, test_room_free);
      ada = test_room_join ("chat", "Ada", AUTO);  /* a new room */
      test_room_send (ada, "well again");
    }
}

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

static void
test_too_long (void)
{
  g_test_summary ("Text beyond the limit fails with TOO_LONG, and text of exactly the limit arrives.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);
  gsize max = shmooze_room_get_max_text (ada->room);
  g_autofree char *longest = g_strnfill (max, 'x'), *too_long = g_strnfill (max + 1, 'y');
  g_autofree char *digits = g_strdup_printf ("%" G_GSIZE_FORMAT, max);
  g_autofree char *more = g_strdup_printf ("%" G_GSIZE_FORMAT, max + 1);

  g_assert_cmpuint (max, >=, 40000);  /* 10,000 characters of any kind */
  test_room_draft (ada, longest);
  test_wait (g_strcmp0 (test_room_draft_of (ben, "Ada"), longest) == 0);
  g_assert_false (shmooze_room_set_draft (ada->room, too_long, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG, digits, more, NULL);
  test_settle ();
  g_assert_cmpstr (test_room_draft_of (ben, "Ada"), ==, longest);

  test_room_send (ada, longest);
  test_wait (ben->messages->len == 1);
  g_assert_cmpstr (shmooze_message_get_text (test_room_message (ben, 0)), ==, longest);
  check_send_error (ada, too_long, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG);
  test_settle ();
  g_assert_cmpuint (ben->messages->len, ==, 1);
}

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

  /* The messages of each sender arrive once, in the order in which they were sent. */
  for (guint i = 0; i < 2 * n; i++)
    {
      ShmoozeMessage *message = test_room_message (cleo, i);
      guint *count = strcmp (shmooze_message_get_sender (message), "Ada") == 0 ? &of_ada : &of_ben;
      g_autofree char *start = g_strdup_printf ("%s %u.", shmooze_message_get_sender (message), (*count)++);

      g_assert_true (g_str_has_prefix (shmooze_message_get_text (message), start));
    }
  g_assert_cmpuint (of_ada, ==, n);
  g_assert_cmpuint (of_ben, ==, n);
}

static void
test_idle (void)
{
  g_test_summary ("Members of a room do not wake up while nothing is written.");

  g_autoptr(TestRoom) cleo = test_room_join ("chat", "Cleo", AUTO);
  g_autoptr(TestChild) ada = test_talker_new ("chat", "Ada"), ben = test_talker_new ("chat", "Ben");
  guint64 before, after;

  test_talker_do (ada, "send one");
  test_talker_do (ben, "see one");
  test_talker_do (ben, "draft two");
  test_talker_do (ada, "see-draft Ben two");
  test_let_run (4500);  /* until the check whether the peers have read is over */
  before = test_count_switches (test_child_get_pid (ada)) + test_count_switches (test_child_get_pid (ben));
  test_let_run (3000);
  after = test_count_switches (test_child_get_pid (ada)) + test_count_switches (test_child_get_pid (ben));
  g_test_message ("%" G_GUINT64_FORMAT " wake-ups", after - before);
#if !TEST_SLOW
  g_assert_cmpuint (after, ==, before);
#endif
}

static void
test_unref (void)
{
  g_test_summary ("Dropping the last reference to a room leaves it.");

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
  g_test_summary ("A peer's properties are readable and notify.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);
  g_autoptr(GString) states = g_string_new (NULL);
  g_autoptr(ShmoozePeer) peer = NULL;
  g_autofree char *nick = NULL, *draft = NULL;
  gboolean watching;
  gint64 since;
  guint seat;
  int state;

  test_wait (test_room_n_peers (ada) == 1);
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
  test_wait (test_room_n_peers (ada) == 0);
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
  test_add ("/room/leave-in-handlers", test_leave_in_handlers);
  test_add ("/room/leave-in-peer-handler", test_leave_in_peer_handler);
  test_add ("/room/answers", test_answers);
  test_add ("/room/answers-at-once", test_prompt_answers);
  test_add ("/room/truncated", test_truncated);
  test_add ("/room/replaced", test_replaced);
  test_add ("/room/removed", test_removed);
  test_add ("/room/too-long", test_too_long);
  test_add ("/room/order", test_order);
  test_add ("/room/idle", test_idle);
  test_add ("/room/unref", test_unref);
  test_add ("/room/peer-properties", test_peer_properties);

  return test_run ();
}
