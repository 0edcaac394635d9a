/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "testlib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static TestLane *
lane_on (ShmoozeRegion *region)
{
  g_autoptr(GError) error = NULL;
  TestLane *self = g_new0 (TestLane, 1);

  self->region = region;
  self->view = shmooze_region_create_view (region, 0, 0, SHMOOZE_ACCESS_READ_WRITE, &error);
  g_assert_no_error (error);
  return self;
}

TestLane *
test_lane_new (const char *name,
               guint64     capacity,
               guint       n_readers,
               gsize       draft_size)
{
  g_autoptr(GError) error = NULL;
  ShmoozeRegion *region = shmooze_region_create (name, capacity, SHMOOZE_ACCESS_READ_WRITE, &error);
  TestLane *self;

  g_assert_no_error (error);
  self = lane_on (region);
  self->writer = shmooze_writer_new (self->view, n_readers, draft_size, &error);
  g_assert_no_error (error);
  return self;
}

/* Opens the lane of another process. */
TestLane *
test_lane_open (const char *name)
{
  g_autoptr(GError) error = NULL;
  ShmoozeRegion *region = shmooze_region_open (name, SHMOOZE_ACCESS_READ_WRITE, &error);

  g_assert_no_error (error);
  return lane_on (region);
}

void
test_lane_free (TestLane *self)
{
  g_clear_object (&self->writer);
  g_clear_object (&self->view);
  g_clear_object (&self->region);
  g_free (self);
}

ShmoozeReader *
test_lane_read (TestLane    *self,
                ShmoozeWait  wait)
{
  g_autoptr(GError) error = NULL;
  ShmoozeReader *reader = shmooze_reader_new (self->view, wait, &error);

  g_assert_no_error (error);
  g_assert_nonnull (reader);
  return reader;
}

void
test_lane_write (TestLane   *self,
                 const char *text)
{
  g_autoptr(GError) error = NULL;
  gboolean written = shmooze_writer_write (self->writer, text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_true (written);
}

void
test_lane_draft (TestLane   *self,
                 const char *text)
{
  g_autoptr(GError) error = NULL;
  gboolean written = shmooze_writer_set_draft (self->writer, text, -1, &error);

  g_assert_no_error (error);
  g_assert_true (written);
}

/* Reads one message, which must be @text; NULL: there must be none. */
void
test_lane_expect (ShmoozeReader *reader,
                  const char    *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = shmooze_reader_read (reader, &error);

  g_assert_no_error (error);
  if (text == NULL)
    g_assert_null (bytes);
  else
    {
      g_assert_nonnull (bytes);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text, strlen (text));
    }
}

/* Takes the draft, which must be @text; NULL: it must be unchanged. */
void
test_lane_expect_draft (ShmoozeReader *reader,
                        const char    *text)
{
  g_autoptr(GError) error = NULL;
  gsize length = 99;
  g_autofree char *draft = shmooze_reader_read_draft (reader, &length, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (draft, ==, text);
  g_assert_cmpuint (length, ==, text != NULL ? strlen (text) : 0);
}

static char
pattern_byte (gsize i,
              guint seed)
{
  return (char) ((i * 31 + seed * 17 + (i >> 8) * 7 + (seed >> 8)) & 0xff);
}

void
test_pattern_fill (char  *bytes,
                   gsize  size,
                   guint  seed)
{
  for (gsize i = 0; i < size; i++)
    bytes[i] = pattern_byte (i, seed);
}

gboolean
test_pattern_check (const char *bytes,
                    gsize       size,
                    guint       seed)
{
  for (gsize i = 0; i < size; i++)
    if (bytes[i] != pattern_byte (i, seed))
      return FALSE;
  return TRUE;
}

/* Writes "NUMBER:LENGTH:" and LENGTH times the same letter. */
gsize
test_pattern_text (char  *text,
                   guint  number,
                   gsize  max_size)
{
  gsize room = max_size - 24;
  gsize n_letters = (number * 7919u) % room;
  gsize size = (gsize) sprintf (text, "%u:%" G_GSIZE_FORMAT ":", number, n_letters);

  memset (text + size, 'a' + (char) (number % 26), n_letters);
  text[size + n_letters] = '\0';
  return size + n_letters;
}

gboolean
test_pattern_is_text (const char *text,
                      gsize       size,
                      guint      *number)
{
  char *end = NULL;
  guint64 n = g_ascii_strtoull (text, &end, 10), n_letters;
  const char letter = 'a' + (char) (n % 26);

  if (*end != ':')
    return FALSE;
  n_letters = g_ascii_strtoull (end + 1, &end, 10);
  if (*end != ':' || strlen (text) != size || (gsize) (end + 1 - text) + n_letters != size)
    return FALSE;
  for (const char *p = end + 1; *p != '\0'; p++)
    if (*p != letter)
      return FALSE;
  *number = (guint) n;
  return TRUE;
}
