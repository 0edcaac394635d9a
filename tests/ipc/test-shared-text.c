/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-peer.h"
#include "lib/test-region.h"

#include <sys/mman.h>

#define TEXT_AT 10
#define N_CHANGES 1000

/* -- What the tests are made of ------------------------------------------------------------- */

static ShmoozeSharedText *
share (const char *name,
       guint64     capacity)
{
  g_autoptr(GError) error = NULL;
  ShmoozeSharedText *text = shmooze_shared_text_share (name, capacity, &error);

  g_assert_no_error (error);
  g_assert_nonnull (text);
  return text;
}

static ShmoozeSharedText *
show (const char *name)
{
  g_autoptr(GError) error = NULL;
  ShmoozeSharedText *text = shmooze_shared_text_show (name, &error);

  g_assert_no_error (error);
  g_assert_nonnull (text);
  return text;
}

static void
set (ShmoozeSharedText *text,
     const char        *value)
{
  g_autoptr(GError) error = NULL;
  gboolean done = shmooze_shared_text_set_text (text, value, &error);

  g_assert_no_error (error);
  g_assert_true (done);
}

static void
check_text (ShmoozeSharedText *text,
            const char        *expected,
            guint              n_expected)
{
  g_autoptr(GError) error = NULL;
  guint n_units = 0;
  g_autofree char *found = shmooze_shared_text_dup_text (text, &n_units, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, expected);
  g_assert_cmpuint (n_units, ==, n_expected);
}

/* What was set is what another one reads. */
static void
check_round (const char *value,
             guint       n_units)
{
  g_autoptr(ShmoozeSharedText) ours = share ("text", 200), theirs = show ("text");

  set (ours, "former");
  set (ours, value);
  check_text (theirs, value, n_units);
  check_text (ours, value, n_units);
}

typedef struct
{
  GPtrArray *texts;
  GPtrArray *errors;
} Seen;

static void
on_changed (ShmoozeSharedText *text,
            const char        *value,
            gpointer           user_data)
{
  Seen *seen = user_data;

  g_ptr_array_add (seen->texts, g_strdup (value));
}

static void
on_failed (ShmoozeSharedText *text,
           GError            *error,
           gpointer           user_data)
{
  Seen *seen = user_data;

  g_ptr_array_add (seen->errors, g_error_copy (error));
}

static Seen *
follow (ShmoozeSharedText *text)
{
  Seen *seen = g_new0 (Seen, 1);

  seen->texts = g_ptr_array_new_with_free_func (g_free);
  seen->errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  g_signal_connect (text, "changed", G_CALLBACK (on_changed), seen);
  g_signal_connect (text, "failed", G_CALLBACK (on_failed), seen);
  shmooze_shared_text_start_reader (text);
  return seen;
}

static void
seen_free (Seen *seen)
{
  g_ptr_array_unref (seen->texts);
  g_ptr_array_unref (seen->errors);
  g_free (seen);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Seen, seen_free)

static const char *
last_of (Seen *seen)
{
  return seen->texts->len > 0 ? g_ptr_array_index (seen->texts, seen->texts->len - 1) : NULL;
}

/* -- Texts ---------------------------------------------------------------------------------- */

static void
test_ascii (void)
{
  g_test_summary ("A text that was shared is what another one shows.");

  check_round ("Hello, world", 12);
}

static void
test_umlauts (void)
{
  g_test_summary ("Any script can be shared.");

  check_round ("Grüße, žluťoučký kůň, 你好", 24);
}

static void
test_emoji (void)
{
  g_test_summary ("An emoji is two units.");

  check_round ("a😀b👩‍🚀", 9);
}

static void
test_empty (void)
{
  g_test_summary ("A text can be empty.");

  check_round ("", 0);
}

static void
test_beginning_kept (void)
{
  g_test_summary ("What two texts begin with stays while the rest changes, and no half of a pair with it.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200), theirs = show ("text");

  set (ours, "one two");
  set (ours, "one three");
  check_text (theirs, "one three", 9);
  set (ours, "one");
  check_text (theirs, "one", 3);
  set (ours, "x😀");
  set (ours, "x😁y");  /* both faces have the same first half */
  check_text (theirs, "x😁y", 4);
}

static void
test_other_writer (void)
{
  g_test_summary ("A text is whole also when somebody else has written over the former one.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200);
  g_autoptr(ShmoozeRegion) region = open_region ("text");
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  set (ours, "same beginning, old end");
  memset ((char *) shmooze_view_get_data (view) + TEXT_AT, 'x', 20);
  set (ours, "same beginning, new end");
  check_text (ours, "same beginning, new end", 23);
}

static void
test_stays_for_next (void)
{
  g_test_summary ("The next one to share takes over where the former one left off.");

  g_autoptr(ShmoozeSharedText) first = share ("text", 200), theirs = show ("text"), second = NULL;

  set (first, "still there");
  shmooze_shared_text_close (first);
  second = share ("text", 200);
  check_text (theirs, "still there", 11);
  set (second, "still here");
  check_text (theirs, "still here", 10);
}

static void
test_not_utf8 (void)
{
  g_test_summary ("What is not UTF-8 is not shared.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200);
  g_autoptr(GError) error = NULL;

  set (ours, "former");
  g_assert_false (shmooze_shared_text_set_text (ours, "a\xff", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "UTF-8", NULL);
  check_text (ours, "former", 6);
}

static void
test_longest (void)
{
  g_test_summary ("A text can fill the region to the last unit.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", TEXT_AT + 10);

  g_assert_cmpuint (shmooze_shared_text_get_max_units (ours), ==, 5);
  set (ours, "12345");
  check_text (ours, "12345", 5);
}

static void
test_classic_size (void)
{
  g_test_summary ("The classic region has room for 4043 units.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", SHMOOZE_SHARED_TEXT_CAPACITY);

  g_assert_cmpuint (shmooze_shared_text_get_max_units (ours), ==, 4043);
  g_assert_cmpuint (shmooze_shared_text_get_capacity (ours), ==, 8096);
  g_assert_cmpstr (shmooze_shared_text_get_name (ours), ==, "text");
}

static void
check_too_long (guint64     capacity,
                const char *value,
                const char *needed,
                const char *there)
{
  g_autoptr(ShmoozeSharedText) ours = share ("text", capacity);
  g_autoptr(GError) error = NULL;

  set (ours, "ok");
  g_assert_false (shmooze_shared_text_set_text (ours, value, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG, "text", needed, there, NULL);
  check_text (ours, "ok", 2);
}

static void
test_too_long (void)
{
  g_test_summary ("A text that is too long is refused with the numbers, and the former one stays.");

  check_too_long (TEXT_AT + 10, "123456", "6 UTF-16 units", "room for 5");
}

static void
test_pair_never_split (void)
{
  g_test_summary ("A pair that does not fit is refused, not split.");

  check_too_long (TEXT_AT + 10, "1234😀", "6 UTF-16 units", "room for 5");
}

static void
test_odd_size (void)
{
  g_test_summary ("An odd byte at the region's end is no room.");

  check_too_long (TEXT_AT + 5, "123", "3 UTF-16 units", "room for 2");
}

/* The bytes are those of the table. */
static void
test_layout (void)
{
  g_test_summary ("The bytes of a shared text are those of the classic layout.");

  static const guint8 expected[] = {
    4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'a', 0, 0xfc, 0, 0x3d, 0xd8, 0x00, 0xde, 0, 0
  };
  g_autoptr(ShmoozeSharedText) ours = share ("text", 20);
  g_autoptr(ShmoozeRegion) region = open_as ("text", READ);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, READ);

  set (ours, "aü😀");
  g_assert_cmpmem (shmooze_view_get_data (view), 20, expected, 20);
}

/* -- Following ------------------------------------------------------------------------------ */

static void
test_first (void)
{
  g_test_summary ("Who begins to follow is told the text that stands there.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200), theirs = show ("text");
  g_autoptr(Seen) seen = NULL;

  set (ours, "there before");
  seen = follow (theirs);
  test_wait (seen->texts->len > 0);
  g_assert_cmpstr (last_of (seen), ==, "there before");
}

static void
test_follows (void)
{
  g_test_summary ("Who follows is told each change.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200), theirs = show ("text");
  g_autoptr(Seen) seen = follow (theirs);

  test_wait (g_strcmp0 (last_of (seen), "") == 0);
  set (ours, "one");
  test_wait (g_strcmp0 (last_of (seen), "one") == 0);
  set (ours, "two");
  test_wait (g_strcmp0 (last_of (seen), "two") == 0);
  set (ours, "");
  test_wait (g_strcmp0 (last_of (seen), "") == 0);
  g_assert_cmpuint (seen->texts->len, ==, 4);
}

static void
test_same_is_no_change (void)
{
  g_test_summary ("The same text again is no change.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200), theirs = show ("text");
  g_autoptr(Seen) seen = NULL;

  set (ours, "same");
  seen = follow (theirs);
  test_wait (seen->texts->len > 0);
  set (ours, "same");
  test_let_run (20);
  g_assert_cmpuint (seen->texts->len, ==, 1);
}

static void
test_stops (void)
{
  g_test_summary ("Following stops, and can begin again.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200), theirs = show ("text");
  g_autoptr(Seen) seen = follow (theirs);

  test_wait (seen->texts->len == 1);
  shmooze_shared_text_stop_reader (theirs);
  shmooze_shared_text_stop_reader (theirs);
  set (ours, "unseen");
  test_let_run (20);
  g_assert_cmpuint (seen->texts->len, ==, 1);
  shmooze_shared_text_start_reader (theirs);
  test_wait (g_strcmp0 (last_of (seen), "unseen") == 0);
}

static void
stop (ShmoozeSharedText *text,
      const char        *value,
      gpointer           user_data)
{
  shmooze_shared_text_close (text);
}

static void
test_close_in_signal (void)
{
  g_test_summary ("A shared text can be closed while it tells of a change.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200), theirs = show ("text");
  g_autoptr(Seen) seen = follow (theirs);

  g_signal_connect (theirs, "changed", G_CALLBACK (stop), NULL);
  test_wait (seen->texts->len == 1);
  set (ours, "unseen");
  test_let_run (20);
  g_assert_cmpuint (seen->texts->len, ==, 1);
  g_assert_cmpuint (seen->errors->len, ==, 0);
}

static void
test_corrupt_while_following (void)
{
  g_test_summary ("Who follows is told once that the region is broken, and of the text when it is mended.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200), theirs = show ("text");
  g_autoptr(ShmoozeRegion) region = open_region ("text");
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  g_autoptr(Seen) seen = follow (theirs);

  test_wait (seen->texts->len == 1);
  *(volatile gint32 *) shmooze_view_get_data (view) = -5;
  test_wait (seen->errors->len == 1);
  g_assert_error ((GError *) g_ptr_array_index (seen->errors, 0), SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT);
  set (ours, "mended");
  test_wait (g_strcmp0 (last_of (seen), "mended") == 0);
  g_assert_cmpuint (seen->errors->len, ==, 1);
}

/* -- Refusals ------------------------------------------------------------------------------- */

static void
test_second_sharer (void)
{
  g_test_summary ("A second one to share is told that one is there.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200);
  g_autoptr(GError) error = NULL;

  set (ours, "mine");
  g_assert_null (shmooze_shared_text_share ("text", 200, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_BUSY, "text", "another name", NULL);
  check_text (ours, "mine", 4);
}

static void
share_role (int    argc,
            char **argv)
{
  g_autoptr(ShmoozeSharedText) ours = share (argv[0], 200);
  g_autofree char *line = NULL;

  set (ours, "from the child");
  test_say ("shares");
  line = test_hear ();
}

static void
test_sharer_in_another_process (void)
{
  g_test_summary ("A second one to share is told so across processes, and comes in when the first has died.");

  g_autoptr(TestChild) child = test_child_new ("share", "text", NULL);
  g_autoptr(ShmoozeSharedText) theirs = NULL, ours = NULL;
  g_autoptr(GError) error = NULL;

  test_child_expect (child, "shares");
  theirs = show ("text");
  check_text (theirs, "from the child", 14);
  g_assert_null (shmooze_shared_text_share ("text", 200, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_BUSY, "text", NULL);
  test_child_kill (child);
  ours = share ("text", 200);
  set (ours, "from the parent");
  check_text (theirs, "from the parent", 15);
}

static gboolean
is_shared (ShmoozeSharedText *self)
{
  gboolean present;

  g_object_get (self, "sharer-present", &present, NULL);
  g_assert_cmpint (present, ==, shmooze_shared_text_get_sharer_present (self));
  return present;
}

static void
count (GObject    *object,
       GParamSpec *pspec,
       guint      *n)
{
  (*n)++;
}

/* A reader learns that nobody shares any more, and that somebody does again. */
static void
test_sharer_present (void)
{
  g_test_summary ("A reader learns that nobody shares any more, and that somebody does again.");

  g_autoptr(TestChild) child = test_child_new ("share", "text", NULL);
  g_autoptr(ShmoozeSharedText) theirs = NULL, ours = NULL;
  guint n_notified = 0;

  test_child_expect (child, "shares");
  theirs = show ("text");
  g_assert_true (is_shared (theirs));
  g_signal_connect (theirs, "notify::sharer-present", G_CALLBACK (count), &n_notified);
  shmooze_shared_text_start_reader (theirs);
  test_child_kill (child);
  test_wait (n_notified == 1);
  g_assert_false (is_shared (theirs));

  ours = share ("text", 200);
  g_assert_true (is_shared (ours));
  test_wait (n_notified == 2);
  g_assert_true (is_shared (theirs));
  shmooze_shared_text_close (ours);
  g_assert_false (is_shared (ours));
  g_assert_false (is_shared (theirs));
}

static void
test_nobody (void)
{
  g_test_summary ("To show what nobody shares is \"not found\".");

  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_shared_text_show ("text", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "text", NULL);
}

static void
test_too_small_to_show (void)
{
  g_test_summary ("A region that is too small for a text is not shown.");

  g_autoptr(ShmoozeRegion) region = create ("text", 9);
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_shared_text_show ("text", &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "text", "9", "10", NULL);
}

static void
test_too_small_to_share (void)
{
  g_test_summary ("A region that is too small for a text is not taken over.");

  g_autoptr(ShmoozeRegion) region = create ("text", 9);
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_shared_text_share ("text", 200, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "text", "9", "10", NULL);
}

static void
test_too_few_bytes (void)
{
  g_test_summary ("Too few bytes for a text are refused before a region is made.");

  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_shared_text_share ("text", 9, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "9", "10", NULL);
}

static void
test_show_only (void)
{
  g_test_summary ("Who shows a text cannot change it.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200), theirs = show ("text");
  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_shared_text_set_text (theirs, "no", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "text", NULL);
}

static void
test_closed (void)
{
  g_test_summary ("A closed shared text says so, and the name goes.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200);
  g_autoptr(GError) error = NULL;

  shmooze_shared_text_close (ours);
  shmooze_shared_text_close (ours);
  g_assert_false (shmooze_shared_text_set_text (ours, "no", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "text", NULL);
  g_assert_null (shmooze_shared_text_dup_text (ours, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "text", NULL);
  check_absent ("text");
}

static void
test_lost (void)
{
  g_test_summary ("Who follows is told that the region was truncated.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 8096), theirs = show ("text");
  g_autoptr(Seen) seen = follow (theirs);
  g_autofree char *path = test_path ("text");
  g_autoptr(GError) error = NULL;

  test_wait (seen->texts->len == 1);
  g_assert_cmpint (truncate (path, 0), ==, 0);
  test_wait (seen->errors->len == 1);
  g_assert_error ((GError *) g_ptr_array_index (seen->errors, 0), SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
  g_assert_false (shmooze_shared_text_set_text (ours, "no", &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "text", NULL);
}

/* -- Hostile contents ----------------------------------------------------------------------- */

#define HOSTILE_SIZE 64
#define HOSTILE_UNITS ((HOSTILE_SIZE - TEXT_AT) / 2)

/* A reader and a new sharer read it, and change nothing. @expected NULL: it is refused. */
static void
check_hostile (gint32         count,
               const guint16 *units,
               const char    *expected)
{
  g_autoptr(ShmoozeRegion) region = create ("text", HOSTILE_SIZE);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  guint8 *bytes = shmooze_view_get_data (view);
  g_autofree guint8 *before = NULL;
  g_autoptr(ShmoozeSharedText) theirs = NULL, ours = NULL;
  ShmoozeSharedText *both[2];

  memset (bytes, 0xdd, HOSTILE_SIZE);
  memcpy (bytes, &count, sizeof count);
  for (guint i = 0; i < HOSTILE_UNITS && units != NULL && units[i] != 0xeeee; i++)
    memcpy (bytes + TEXT_AT + 2 * i, &units[i], 2);
  before = g_memdup2 (bytes, HOSTILE_SIZE);
  both[0] = theirs = show ("text");
  both[1] = ours = share ("text", 200);

  for (guint i = 0; i < G_N_ELEMENTS (both); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *text = shmooze_shared_text_dup_text (both[i], NULL, &error);
      g_autofree char *number = g_strdup_printf ("%d", count);

      g_assert_cmpstr (text, ==, expected);
      if (expected == NULL)
        test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT, "text", number, NULL);
      g_assert_no_error (error);
    }
  g_assert_cmpmem (bytes, HOSTILE_SIZE, before, HOSTILE_SIZE);
  set (ours, "mended");
  check_text (theirs, "mended", 6);
}

static void
test_hostile_negative (void)
{
  g_test_summary ("A negative count is refused and changes nothing.");

  for (gint32 count = -1; count >= -12; count--)
    check_hostile (count, NULL, NULL);
  for (guint bit = 4; bit < 32; bit++)
    check_hostile ((gint32) (G_MAXUINT32 << bit), NULL, NULL);
}

static void
test_hostile_huge (void)
{
  g_test_summary ("A count beyond the region is refused and changes nothing.");

  for (gint32 over = 1; over <= 12; over++)
    check_hostile (HOSTILE_UNITS + over, NULL, NULL);
  for (guint bit = 5; bit < 31; bit++)
    {
      check_hostile ((gint32) (1u << bit), NULL, NULL);
      check_hostile ((gint32) ((1u << bit) | ((1u << bit) - 1)), NULL, NULL);
    }
}

static void
test_hostile_halves (void)
{
  g_test_summary ("A half of a pair is shown as a replacement character.");

  static const struct
  {
    gint32      count;
    guint16     units[8];
    const char *expected;
  } cases[] = {
    { 1, { 0xd800, 0xeeee }, "\xef\xbf\xbd" },
    { 1, { 0xdbff, 0xeeee }, "\xef\xbf\xbd" },
    { 1, { 0xdc00, 0xeeee }, "\xef\xbf\xbd" },
    { 1, { 0xdfff, 0xeeee }, "\xef\xbf\xbd" },
    { 2, { 'a', 0xd83d, 0xeeee }, "a\xef\xbf\xbd" },
    { 2, { 'a', 0xde00, 0xeeee }, "a\xef\xbf\xbd" },
    { 2, { 0xd83d, 'b', 0xeeee }, "\xef\xbf\xbd" "b" },
    { 2, { 0xde00, 'b', 0xeeee }, "\xef\xbf\xbd" "b" },
    { 2, { 0xde00, 0xd83d, 0xeeee }, "\xef\xbf\xbd\xef\xbf\xbd" },
    { 2, { 0xd83d, 0xd83d, 0xeeee }, "\xef\xbf\xbd\xef\xbf\xbd" },
    { 3, { 0xd83d, 0xd83d, 0xde00, 0xeeee }, "\xef\xbf\xbd😀" },
    { 3, { 0xd83d, 0xde00, 0xde00, 0xeeee }, "😀\xef\xbf\xbd" },
    { 1, { 0xd83d, 0xde00, 0xeeee }, "\xef\xbf\xbd" },  /* the other half is beyond the count */
    { 3, { 'a', 0xd83d, 0xde00, 0xeeee }, "a😀" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    check_hostile (cases[i].count, cases[i].units, cases[i].expected);
}

static void
test_hostile_at_the_end (void)
{
  g_test_summary ("A half of a pair in the last unit does not lead beyond the region.");

  guint16 units[HOSTILE_UNITS];
  g_autofree char *expected = g_strnfill (HOSTILE_UNITS - 1, 'z');
  g_autofree char *repaired = g_strconcat (expected, "\xef\xbf\xbd", NULL);

  for (guint i = 0; i < HOSTILE_UNITS; i++)
    units[i] = i < HOSTILE_UNITS - 1 ? 'z' : 0xd83d;
  check_hostile (HOSTILE_UNITS, units, repaired);
}

static void
test_hostile_nul (void)
{
  g_test_summary ("A NUL in a text does not end it.");

  static const guint16 first[] = { 0, 'a', 'b', 0xeeee }, middle[] = { 'a', 0, 'b', 0xeeee }, last[] = { 'a', 'b', 0, 0xeeee };

  check_hostile (3, first, "\xef\xbf\xbd" "ab");
  check_hostile (3, middle, "a\xef\xbf\xbd" "b");
  check_hostile (3, last, "ab\xef\xbf\xbd");
}

/* -- A program that knows the table alone ---------------------------------------------------- */

static char *
text_of (guint number)
{
  return g_strnfill (1 + number * 37 % 4043, (char) ('A' + number % 26));
}

static gboolean
is_whole (const char *text)
{
  gsize length = strlen (text);

  return strspn (text, (char[]) { text[0], '\0' }) == length;
}

static void
test_python_writes (void)
{
  g_test_summary ("A program that knows the layout alone writes 1,000 texts, and none is torn.");

  g_autofree char *name = test_unique_name ("/shmooze-test"), *last = text_of (N_CHANGES);
  g_autoptr(TestChild) child = test_peer_new ("shared_text.py", "write", name, G_STRINGIFY (N_CHANGES));
  g_autoptr(ShmoozeSharedText) theirs = NULL;
  g_autoptr(Seen) seen = NULL;

  if (child == NULL)
    return;
  test_child_expect (child, "ready");
  theirs = show (name);
  seen = follow (theirs);
  test_child_tell (child, "go");
  test_child_expect (child, "written");
  test_wait (g_strcmp0 (last_of (seen), last) == 0);
  g_assert_cmpuint (seen->errors->len, ==, 0);
  for (guint i = 0; i < seen->texts->len; i++)
    g_assert_true (is_whole (g_ptr_array_index (seen->texts, i)));
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

static void
test_python_reads (void)
{
  g_test_summary ("A program that knows the layout alone sees 1,000 texts, never a count without its text.");

  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autoptr(ShmoozeSharedText) ours = share (name, SHMOOZE_SHARED_TEXT_CAPACITY);
  g_autoptr(TestChild) child = test_peer_new ("shared_text.py", "read", name, G_STRINGIFY (N_CHANGES));

  if (child == NULL)
    return;
  test_child_expect (child, "ready");
  for (guint i = 1; i <= N_CHANGES; i++)
    {
      g_autofree char *value = text_of (i), *answer = g_strdup_printf ("saw %u", i);

      set (ours, value);
      test_child_expect (child, answer);
    }
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("peer", test_peer_role);
  test_child_role ("share", share_role);
  test_init (&argc, &argv);

  test_add ("/shared-text/ascii", test_ascii);
  test_add ("/shared-text/umlauts", test_umlauts);
  test_add ("/shared-text/emoji", test_emoji);
  test_add ("/shared-text/empty", test_empty);
  test_add ("/shared-text/beginning-kept", test_beginning_kept);
  test_add ("/shared-text/other-writer", test_other_writer);
  test_add ("/shared-text/stays-for-next", test_stays_for_next);
  test_add ("/shared-text/not-utf8", test_not_utf8);
  test_add ("/shared-text/longest", test_longest);
  test_add ("/shared-text/classic-size", test_classic_size);
  test_add ("/shared-text/too-long", test_too_long);
  test_add ("/shared-text/pair-never-split", test_pair_never_split);
  test_add ("/shared-text/odd-size", test_odd_size);
  test_add ("/shared-text/layout", test_layout);
  test_add ("/shared-text/follow/first", test_first);
  test_add ("/shared-text/follow/changes", test_follows);
  test_add ("/shared-text/follow/same-is-no-change", test_same_is_no_change);
  test_add ("/shared-text/follow/stops", test_stops);
  test_add ("/shared-text/follow/closed-in-signal", test_close_in_signal);
  test_add ("/shared-text/follow/corrupt", test_corrupt_while_following);
  test_add ("/shared-text/second-sharer", test_second_sharer);
  test_add ("/shared-text/sharer-in-another-process", test_sharer_in_another_process);
  test_add ("/shared-text/sharer-present", test_sharer_present);
  test_add ("/shared-text/nobody", test_nobody);
  test_add ("/shared-text/too-small/show", test_too_small_to_show);
  test_add ("/shared-text/too-small/share", test_too_small_to_share);
  test_add ("/shared-text/too-small/new", test_too_few_bytes);
  test_add ("/shared-text/show-only", test_show_only);
  test_add ("/shared-text/closed", test_closed);
  test_add ("/shared-text/lost", test_lost);
  test_add ("/shared-text/hostile/negative", test_hostile_negative);
  test_add ("/shared-text/hostile/huge", test_hostile_huge);
  test_add ("/shared-text/hostile/halves", test_hostile_halves);
  test_add ("/shared-text/hostile/at-the-end", test_hostile_at_the_end);
  test_add ("/shared-text/hostile/nul", test_hostile_nul);
  test_add ("/shared-text/python/writes", test_python_writes);
  test_add ("/shared-text/python/reads", test_python_reads);

  return test_run ();
}
