/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What other processes write into a room is not trusted. */

#include "lib/testlib.h"

#include <stdatomic.h>
#include <string.h>

#define AUTO SHMOOZE_WAIT_AUTO

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

/* Overwrites the frame word of the message with this text. */
static gboolean
break_frame (ShmoozeView *view,
             const char  *text)
{
  guint64 *words = shmooze_view_get_data (view);
  gsize n = shmooze_view_get_size (view) / 8;
  char *found = memmem (words, n * 8, text, strlen (text));

  if (found == NULL)
    return FALSE;
  /* The head, nick and text follow the word, which is 1 << 32 | length. */
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
  g_test_summary ("A lane with invalid contents is quarantined, and the other lanes go on.");

  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", AUTO), ben = test_room_join ("chat", "Ben", AUTO);
  g_autoptr(TestRoom) cleo = NULL;
  g_autoptr(ShmoozeView) view = view_room ("chat");
  g_autofree char *event = g_strdup_printf ("broken %u", shmooze_room_get_seat (ben->room));

  test_wait (test_room_n_peers (ada) == 1);
  shmooze_room_send_async (ben->room, "BROKEN MESSAGE", NULL, NULL, NULL);
  g_assert_true (break_frame (view, "BROKEN MESSAGE"));
  test_wait (test_room_has_event (ada, event));
  test_check_error (&ada->broken, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT, "chat", "dead00000000beef", NULL);

  /* All other lanes go on. */
  cleo = test_room_join ("chat", "Cleo", AUTO);
  test_wait (test_room_has_event (cleo, event));
  test_room_send (cleo, "from Cleo");
  test_room_send (ada, "from Ada");
  test_wait (test_room_has_message (ada, "from Cleo") && test_room_has_message (cleo, "from Ada"));
  test_wait (test_room_has_message (ben, "from Cleo") && test_room_has_message (ben, "from Ada"));
  test_room_draft (cleo, "typed");
  test_wait (g_strcmp0 (test_room_draft_of (ada, "Cleo"), "typed") == 0);
  g_assert_cmpuint (ada->n_lost, ==, 0);

  /* Presence does not depend on the lane. */
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

  g_test_summary ("A seat whose flags were changed by another process does not keep the peers awake.");

  test_wait (test_room_n_peers (ada) == 1 && test_room_n_peers (ben) == 1);
  test_settle ();
  atomic_fetch_xor (&seats[shmooze_room_get_seat (ben->room) * 32], 4);
  while (n_rounds < 100 && g_main_context_iteration (NULL, FALSE))
    n_rounds++;
  g_assert_cmpuint (n_rounds, <, 100);
  g_assert_cmpuint (test_room_n_peers (ada), ==, 1);
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

  /* Mostly the table of seats, and the beginnings of the lanes and their queues. */
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
        /* A word that is in use */
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

static void
test_hostile (void)
{
  g_test_summary ("Whatever a process writes into a room, its members get valid text or an error, "
                  "and do not crash or hang.");

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

/* The handlers of test_room_join() check that all text is valid. */
static void
test_invalid_text (void)
{
  g_test_summary ("Text that is not valid UTF-8 is refused, or made valid before it is published.");

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
                 strcmp (shmooze_message_get_text (test_room_message (ben, ben->messages->len - 1)), "end") == 0);
    }
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  test_add ("/room/quarantine", test_quarantine);
  test_add ("/room/hostile/flags", test_hostile_flags);
  test_add ("/room/hostile", test_hostile);
  test_add ("/room/invalid-text", test_invalid_text);

  return test_run ();
}
