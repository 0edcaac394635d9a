/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* This file has more than 800 lines because it has one short case for each promise of one class. */

#include "lib/test-peer.h"
#include "lib/test-region.h"

#include <sys/mman.h>

#define TEXT_AT 10
#define N_CHANGES 1000

/* -- Helpers ------------------------------------------------------------------------------- */

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

/* Waits until @text is the text that was seen last. */
static void
expect (Seen       *seen,
        const char *text)
{
  test_wait (seen->texts->len > 0 && g_str_equal (g_ptr_array_index (seen->texts, seen->texts->len - 1), text));
}

static void
check_failed (Seen *seen,
              guint n,
              int   code)
{
  test_wait (seen->errors->len == n);
  g_assert_error ((GError *) g_ptr_array_index (seen->errors, n - 1), SHMOOZE_ERROR, code);
}

static void
check_not_shared (guint64     capacity,
                  GQuark      domain,
                  int         code,
                  const char *word,
                  const char *other)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_shared_text_share ("text", capacity, &error));
  test_check_error (&error, domain, code, word, other, NULL);
}

static void
put_count (gint32 count)
{
  g_autoptr(ShmoozeRegion) region = open_region ("text");
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  *(volatile gint32 *) shmooze_view_get_data (view) = GINT32_TO_LE (count);
}

/* -- Texts ---------------------------------------------------------------------------------- */

static void
test_ascii (void)
{
  g_test_summary ("A shared text is read by another process as it was set.");

  check_round ("Hello, world", 12);
}

static void
test_umlauts (void)
{
  g_test_summary ("Text in any script can be shared.");

  check_round ("Grüße, žluťoučký kůň, 你好", 24);
}

static void
test_emoji (void)
{
  g_test_summary ("An emoji counts as two units.");

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
  g_test_summary ("The common beginning of two texts stays while the rest changes, without splitting a surrogate "
                  "pair.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200), theirs = show ("text");

  set (ours, "one two");
  set (ours, "one three");
  check_text (theirs, "one three", 9);
  set (ours, "one");
  check_text (theirs, "one", 3);
  set (ours, "x😀");
  set (ours, "x😁y");  /* both have the same first surrogate */
  check_text (theirs, "x😁y", 4);
}

static void
test_other_writer (void)
{
  g_test_summary ("A text is whole even if another program has overwritten the former one.");

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
  g_test_summary ("The next sharer keeps the text of the former one until it sets its own.");

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
  g_test_summary ("Text that is not valid UTF-8 is refused.");

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
  g_test_summary ("The region of the original programs has room for 4043 units.");

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
  g_test_summary ("A text that is too long is refused with the numbers, and the former text stays.");

  check_too_long (TEXT_AT + 10, "123456", "6 UTF-16 units", "room for 5");
}

static void
test_pair_never_split (void)
{
  g_test_summary ("A surrogate pair that does not fit is refused, not split.");

  check_too_long (TEXT_AT + 10, "1234😀", "6 UTF-16 units", "room for 5");
}

static void
test_odd_size (void)
{
  g_test_summary ("An odd byte at the end of the region is not used.");

  check_too_long (TEXT_AT + 5, "123", "3 UTF-16 units", "room for 2");
}

static void
test_count_units (void)
{
  g_test_summary ("Characters beyond U+FFFF count as two units, all others as one.");

  g_assert_cmpuint (shmooze_shared_text_count_units ("", -1), ==, 0);
  g_assert_cmpuint (shmooze_shared_text_count_units ("aü你\uffff", -1), ==, 4);
  g_assert_cmpuint (shmooze_shared_text_count_units ("a😀\U0010ffff", -1), ==, 5);
  g_assert_cmpuint (shmooze_shared_text_count_units ("😀😀", 4), ==, 2);
}

static void
test_layout (void)
{
  g_test_summary ("The bytes of a shared text are those of the documented layout.");

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
  g_test_summary ("A reader receives the current text when it starts.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200), theirs = show ("text");
  g_autoptr(Seen) seen = NULL;

  set (ours, "there before");
  seen = follow (theirs);
  expect (seen, "there before");
}

static void
test_follows (void)
{
  g_test_summary ("A reader receives each change.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200), theirs = show ("text");
  g_autoptr(Seen) seen = follow (theirs);

  expect (seen, "");
  set (ours, "one");
  expect (seen, "one");
  set (ours, "two");
  expect (seen, "two");
  set (ours, "");
  expect (seen, "");
  g_assert_cmpuint (seen->texts->len, ==, 4);
}

static void
test_same_is_no_change (void)
{
  g_test_summary ("Setting the same text again is not reported as a change.");

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
  g_test_summary ("A reader can be stopped and started again.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200), theirs = show ("text");
  g_autoptr(Seen) seen = follow (theirs);

  test_wait (seen->texts->len == 1);
  shmooze_shared_text_stop_reader (theirs);
  shmooze_shared_text_stop_reader (theirs);
  set (ours, "unseen");
  test_let_run (20);
  g_assert_cmpuint (seen->texts->len, ==, 1);
  shmooze_shared_text_start_reader (theirs);
  expect (seen, "unseen");
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
  g_test_summary ("A handler of a change may close the shared text.");

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
  g_test_summary ("A corrupt region is reported once, and the text when it is repaired.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200), theirs = show ("text");
  g_autoptr(Seen) seen = follow (theirs);

  test_wait (seen->texts->len == 1);
  put_count (-5);
  check_failed (seen, 1, SHMOOZE_ERROR_CORRUPT);
  set (ours, "repaired");
  expect (seen, "repaired");
  g_assert_cmpuint (seen->errors->len, ==, 1);
}

static void
count_removals (ShmoozeSharedText *text,
                guint             *n)
{
  (*n)++;
}

static void
test_removed (void)
{
  g_test_summary ("A reader is notified once when the name no longer leads to the region, after the last text.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200), theirs = show ("text");
  g_autoptr(Seen) seen = follow (theirs);
  g_autofree char *path = test_path ("text");
  guint n_removals = 0;

  g_signal_connect (theirs, "removed", G_CALLBACK (count_removals), &n_removals);
  test_wait (seen->texts->len == 1);
  set (ours, "the last one");
  g_assert_cmpint (g_unlink (path), ==, 0);
  test_wait (n_removals == 1);
  expect (seen, "the last one");
  set (ours, "one more");
  expect (seen, "one more");
  test_let_run (20);
  g_assert_cmpuint (n_removals, ==, 1);
}

/* -- Refusals ------------------------------------------------------------------------------- */

static void
test_second_sharer (void)
{
  g_test_summary ("A second sharer is refused.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200);

  set (ours, "mine");
  check_not_shared (200, G_IO_ERROR, G_IO_ERROR_BUSY, "text", "another name");
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
  g_test_summary ("A second sharer in another process is refused until the first one has died.");

  g_autoptr(TestChild) child = test_child_new ("share", "text", NULL);
  g_autoptr(ShmoozeSharedText) theirs = NULL, ours = NULL;

  test_child_expect (child, "shares");
  theirs = show ("text");
  check_text (theirs, "from the child", 14);
  check_not_shared (200, G_IO_ERROR, G_IO_ERROR_BUSY, "text", "another name");
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

static void
test_sharer_present (void)
{
  g_test_summary ("A reader is notified when the sharer ends, and when a new one starts.");

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
test_no_region (void)
{
  g_test_summary ("Showing a region that does not exist is \"not found\".");

  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_shared_text_show ("text", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "text", NULL);
}

static void
test_too_small_to_show (void)
{
  g_test_summary ("A region that is too small for a text cannot be shown.");

  g_autoptr(ShmoozeRegion) region = create ("text", 9);
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_shared_text_show ("text", &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "text", "9", "10", NULL);
}

static void
test_too_small_to_share (void)
{
  g_test_summary ("A region that is too small for a text cannot be used to share one.");

  g_autoptr(ShmoozeRegion) region = create ("text", 9);

  check_not_shared (200, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "“text” has 9 bytes", "10");
}

static void
test_too_few_bytes (void)
{
  g_test_summary ("A capacity that is too small for a text is refused before a region is created.");

  check_not_shared (9, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "9", "10");
}

static void
test_show_only (void)
{
  g_test_summary ("A text that was opened to be shown cannot be changed.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 200), theirs = show ("text");
  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_shared_text_set_text (theirs, "no", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "text", NULL);
}

static void
test_closed (void)
{
  g_test_summary ("A closed shared text refuses every call, and its name is removed.");

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
  g_test_summary ("A truncated region is reported to a reader.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 8096), theirs = show ("text");
  g_autoptr(Seen) seen = follow (theirs);
  g_autofree char *path = test_path ("text");
  g_autoptr(GError) error = NULL;

  test_wait (seen->texts->len == 1);
  g_assert_cmpint (truncate (path, 0), ==, 0);
  check_failed (seen, 1, SHMOOZE_ERROR_LOST);
  g_assert_false (shmooze_shared_text_set_text (ours, "no", &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "text", NULL);
}

static void
test_lost_after_corrupt (void)
{
  g_test_summary ("A truncated region is reported to a reader also after another failure.");

  g_autoptr(ShmoozeSharedText) ours = share ("text", 8096), theirs = show ("text");
  g_autoptr(Seen) seen = follow (theirs);
  g_autofree char *path = test_path ("text");

  put_count (-5);
  check_failed (seen, 1, SHMOOZE_ERROR_CORRUPT);
  g_assert_cmpint (truncate (path, 0), ==, 0);
  check_failed (seen, 2, SHMOOZE_ERROR_LOST);
}

/* -- Hostile contents ----------------------------------------------------------------------- */

#define HOSTILE_SIZE 64
#define HOSTILE_UNITS ((HOSTILE_SIZE - TEXT_AT) / 2)

/* A reader and a new sharer read the text and change nothing. @expected: NULL if it must be refused */
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
  set (ours, "repaired");
  check_text (theirs, "repaired", 8);
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
  g_test_summary ("An unpaired surrogate is shown as a replacement character.");

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
    { 1, { 0xd83d, 0xde00, 0xeeee }, "\xef\xbf\xbd" },  /* the low surrogate is beyond the count */
    { 3, { 'a', 0xd83d, 0xde00, 0xeeee }, "a😀" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    check_hostile (cases[i].count, cases[i].units, cases[i].expected);
}

static void
test_hostile_at_the_end (void)
{
  g_test_summary ("An unpaired surrogate in the last unit does not cause an access beyond the region.");

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
  g_test_summary ("A NUL in a text does not end the text.");

  static const guint16 first[] = { 0, 'a', 'b', 0xeeee }, middle[] = { 'a', 0, 'b', 0xeeee };
  static const guint16 last[] = { 'a', 'b', 0, 0xeeee };

  check_hostile (3, first, "\xef\xbf\xbd" "ab");
  check_hostile (3, middle, "a\xef\xbf\xbd" "b");
  check_hostile (3, last, "ab\xef\xbf\xbd");
}

/* -- A program that only knows the layout --------------------------------------------------- */

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
  g_test_summary ("A program that only knows the layout writes 1,000 texts, and none is torn.");

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
  expect (seen, last);
  g_assert_cmpuint (seen->errors->len, ==, 0);
  for (guint i = 0; i < seen->texts->len; i++)
    g_assert_true (is_whole (g_ptr_array_index (seen->texts, i)));
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

static void
test_python_reads (void)
{
  g_test_summary ("A program that only knows the layout reads 1,000 texts, and never a count without its text.");

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
  test_add ("/shared-text/count-units", test_count_units);
  test_add ("/shared-text/layout", test_layout);
  test_add ("/shared-text/follow/first", test_first);
  test_add ("/shared-text/follow/changes", test_follows);
  test_add ("/shared-text/follow/same-is-no-change", test_same_is_no_change);
  test_add ("/shared-text/follow/stops", test_stops);
  test_add ("/shared-text/follow/closed-in-signal", test_close_in_signal);
  test_add ("/shared-text/follow/corrupt", test_corrupt_while_following);
  test_add ("/shared-text/follow/removed", test_removed);
  test_add ("/shared-text/second-sharer", test_second_sharer);
  test_add ("/shared-text/sharer-in-another-process", test_sharer_in_another_process);
  test_add ("/shared-text/sharer-present", test_sharer_present);
  test_add ("/shared-text/no-region", test_no_region);
  test_add ("/shared-text/too-small/show", test_too_small_to_show);
  test_add ("/shared-text/too-small/share", test_too_small_to_share);
  test_add ("/shared-text/too-small/new", test_too_few_bytes);
  test_add ("/shared-text/show-only", test_show_only);
  test_add ("/shared-text/closed", test_closed);
  test_add ("/shared-text/lost", test_lost);
  test_add ("/shared-text/lost-after-corrupt", test_lost_after_corrupt);
  test_add ("/shared-text/hostile/negative", test_hostile_negative);
  test_add ("/shared-text/hostile/huge", test_hostile_huge);
  test_add ("/shared-text/hostile/halves", test_hostile_halves);
  test_add ("/shared-text/hostile/at-the-end", test_hostile_at_the_end);
  test_add ("/shared-text/hostile/nul", test_hostile_nul);
  test_add ("/shared-text/python/writes", test_python_writes);
  test_add ("/shared-text/python/reads", test_python_reads);

  return test_run ();
}
