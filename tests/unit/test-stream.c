/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-region.h"

#include <fcntl.h>
#include <unistd.h>

#define WRITE SHMOOZE_ACCESS_WRITE
#define COPY SHMOOZE_ACCESS_COPY_ON_WRITE

static GIOStream *
stream_of (ShmoozeView *view)
{
  g_autoptr(GError) error = NULL;
  GIOStream *stream = shmooze_view_open_stream (view, &error);

  g_assert_no_error (error);
  g_assert_true (G_IS_IO_STREAM (stream) && G_IS_SEEKABLE (stream));
  return stream;
}

/* A view that contains the given letters, and a stream of it. */
typedef struct
{
  ShmoozeRegion *region;
  ShmoozeView   *view;
  GIOStream     *stream;
  GInputStream  *in;
  GOutputStream *out;
  guint          n_fds;   /* before */
} Fixture;

static Fixture *
fixture_new (const char    *letters,
             ShmoozeAccess  access)
{
  g_autoptr(GBytes) contents = g_bytes_new (letters, strlen (letters));
  g_autoptr(GError) error = NULL;
  Fixture *self = g_new0 (Fixture, 1);

  self->n_fds = test_count_fds ();
  self->region = shmooze_region_create_with_contents ("stream", strlen (letters), RW, contents, &error);
  g_assert_no_error (error);
  self->view = view_of (self->region, 0, 0, access);
  self->stream = stream_of (self->view);
  self->in = g_io_stream_get_input_stream (self->stream);
  self->out = g_io_stream_get_output_stream (self->stream);
  return self;
}

static void
fixture_free (Fixture *self)
{
  g_clear_object (&self->stream);
  g_clear_object (&self->view);
  g_clear_object (&self->region);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

static void
check_read (Fixture    *self,
            gsize       count,
            const char *expected)
{
  g_autoptr(GError) error = NULL;
  char buffer[100] = "";

  g_assert_cmpint (g_input_stream_read (self->in, buffer, count, NULL, &error), ==, strlen (expected));
  g_assert_no_error (error);
  g_assert_cmpstr (buffer, ==, expected);
}

static void
write_out (Fixture    *self,
           const char *letters)
{
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (g_output_stream_write (self->out, letters, strlen (letters), NULL, &error), ==, strlen (letters));
  g_assert_no_error (error);
}

static void
seek (Fixture   *self,
      goffset    offset,
      GSeekType  type)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (g_seekable_seek (G_SEEKABLE (self->stream), offset, type, NULL, &error));
  g_assert_no_error (error);
}

#define check_at(self, position) \
  G_STMT_START { \
    g_assert_cmpint (g_seekable_tell (G_SEEKABLE ((self)->stream)), ==, position); \
    g_assert_cmpint (g_seekable_tell (G_SEEKABLE ((self)->in)), ==, position); \
    g_assert_cmpint (g_seekable_tell (G_SEEKABLE ((self)->out)), ==, position); \
  } G_STMT_END

/* Checks the contents of the region without the stream. */
static void
check_region (Fixture    *self,
              const char *letters)
{
  g_autoptr(ShmoozeView) view = view_of (self->region, 0, 0, READ);

  g_assert_cmpmem (shmooze_view_get_data (view), shmooze_view_get_size (view), letters, strlen (letters));
}

/* Reading */

static void
test_read_to_end (void)
{
  g_test_summary ("A stream reads to the end of its view.");

  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);

  check_at (fixture, 0);
  check_read (fixture, 4, "0123");
  check_at (fixture, 4);
  check_read (fixture, 100, "456789");
  check_at (fixture, 10);
}

static void
test_read_at_end (void)
{
  g_test_summary ("Reading at the end returns 0 bytes.");

  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);

  seek (fixture, 0, G_SEEK_END);
  check_read (fixture, 1, "");
  check_read (fixture, 50, "");
  check_at (fixture, 10);
  seek (fixture, -1, G_SEEK_END);
  check_read (fixture, 50, "9");
}

static void
test_skip (void)
{
  g_test_summary ("Skipping stops at the end.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);

  g_assert_cmpint (g_input_stream_skip (fixture->in, 3, NULL, &error), ==, 3);
  check_at (fixture, 3);
  check_read (fixture, 1, "3");
  g_assert_cmpint (g_input_stream_skip (fixture->in, 0, NULL, &error), ==, 0);
  check_at (fixture, 4);
  g_assert_cmpint (g_input_stream_skip (fixture->in, 100, NULL, &error), ==, 6);
  check_at (fixture, 10);
  g_assert_cmpint (g_input_stream_skip (fixture->in, G_MAXSSIZE, NULL, &error), ==, 0);
  check_at (fixture, 10);
  g_assert_no_error (error);
}

/* Position */

static void
test_one_position (void)
{
  g_test_summary ("Reading and writing share one position.");

  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);

  check_read (fixture, 2, "01");
  write_out (fixture, "ab");
  check_at (fixture, 4);
  check_read (fixture, 2, "45");
  write_out (fixture, "c");
  check_at (fixture, 7);
  check_region (fixture, "01ab45c789");
}

static void
test_two_streams (void)
{
  g_test_summary ("Two streams of a view have separate positions.");

  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);
  g_autoptr(GIOStream) other = stream_of (fixture->view);
  char byte;

  check_read (fixture, 3, "012");
  g_assert_cmpint (g_seekable_tell (G_SEEKABLE (other)), ==, 0);
  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (other), &byte, 1, NULL, NULL), ==, 1);
  g_assert_cmpint (byte, ==, '0');
  check_at (fixture, 3);
  g_assert_true (g_io_stream_close (other, NULL, NULL));
  check_read (fixture, 1, "3");
}

static void
test_seek (void)
{
  g_test_summary ("A stream can seek to any offset from 0 to its size.");

  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);

  g_assert_true (g_seekable_can_seek (G_SEEKABLE (fixture->stream)));
  g_assert_true (g_seekable_can_seek (G_SEEKABLE (fixture->in)));
  g_assert_true (g_seekable_can_seek (G_SEEKABLE (fixture->out)));
  seek (fixture, 5, G_SEEK_SET);
  check_read (fixture, 1, "5");
  seek (fixture, 2, G_SEEK_CUR);
  check_read (fixture, 1, "8");
  seek (fixture, -9, G_SEEK_CUR);
  check_at (fixture, 0);
  seek (fixture, -3, G_SEEK_END);
  check_read (fixture, 1, "7");
  seek (fixture, 0, G_SEEK_CUR);
  check_at (fixture, 8);
  seek (fixture, 10, G_SEEK_SET);
  seek (fixture, -10, G_SEEK_END);
  check_at (fixture, 0);
  seek (fixture, 10, G_SEEK_CUR);
  check_at (fixture, 10);
  seek (fixture, 4, G_SEEK_SET);
  write_out (fixture, "x");
  check_region (fixture, "0123x56789");
}

static void
test_seek_halves (void)
{
  g_test_summary ("The input and the output stream can seek and share their position.");

  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);

  g_assert_true (g_seekable_seek (G_SEEKABLE (fixture->in), 3, G_SEEK_SET, NULL, NULL));
  check_at (fixture, 3);
  g_assert_true (g_seekable_seek (G_SEEKABLE (fixture->out), 3, G_SEEK_CUR, NULL, NULL));
  check_at (fixture, 6);
  check_read (fixture, 1, "6");
}

static void
test_seek_outside (void)
{
  g_test_summary ("Seeking outside of the view fails and does not change the position.");

  static const struct
  {
    goffset   offset;
    GSeekType type;
  } bad[] = {
    { -1, G_SEEK_SET }, { 11, G_SEEK_SET }, { G_MAXOFFSET, G_SEEK_SET }, { G_MINOFFSET, G_SEEK_SET },
    { -5, G_SEEK_CUR }, { 7, G_SEEK_CUR }, { G_MAXOFFSET, G_SEEK_CUR }, { G_MAXOFFSET - 3, G_SEEK_CUR },
    { G_MINOFFSET, G_SEEK_CUR }, { G_MINOFFSET + 4, G_SEEK_CUR },
    { 1, G_SEEK_END }, { -11, G_SEEK_END }, { G_MAXOFFSET, G_SEEK_END }, { G_MAXOFFSET - 9, G_SEEK_END },
    { G_MINOFFSET, G_SEEK_END }
  };
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);

  seek (fixture, 4, G_SEEK_SET);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *offset = g_strdup_printf ("%" G_GOFFSET_FORMAT, bad[i].offset);

      g_assert_false (g_seekable_seek (G_SEEKABLE (fixture->stream), bad[i].offset, bad[i].type, NULL, &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, offset, "10", NULL);
      check_at (fixture, 4);
    }
  check_read (fixture, 1, "4");
}

/* Writing */

static void
test_write_fits (void)
{
  g_test_summary ("A write may fill the view to its last byte.");

  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);

  write_out (fixture, "abcdefghij");
  check_at (fixture, 10);
  check_region (fixture, "abcdefghij");
  seek (fixture, -2, G_SEEK_END);
  write_out (fixture, "YZ");
  check_at (fixture, 10);
  check_region (fixture, "abcdefghYZ");
}

static void
test_write_too_long (void)
{
  g_test_summary ("A write that does not fit fails and changes nothing.");

  static const struct
  {
    goffset position;
    gsize   count;
  } bad[] = { { 0, 11 }, { 5, 6 }, { 9, 2 }, { 10, 1 }, { 10, 11 }, { 1, G_MAXSSIZE } };
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *count = g_strdup_printf ("%" G_GSIZE_FORMAT, bad[i].count);

      seek (fixture, bad[i].position, G_SEEK_SET);
      g_assert_cmpint (g_output_stream_write (fixture->out, "###########", bad[i].count, NULL, &error), ==, -1);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, count, "10", NULL);
      check_at (fixture, bad[i].position);
      check_region (fixture, "0123456789");
    }
}

static void
test_write_all_too_long (void)
{
  g_test_summary ("g_output_stream_write_all() beyond the end fails and writes nothing.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);
  gsize written = 77;

  seek (fixture, 5, G_SEEK_SET);
  g_assert_false (g_output_stream_write_all (fixture->out, "######", 6, &written, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, NULL);
  g_assert_cmpuint (written, ==, 0);
  check_region (fixture, "0123456789");
}

static void
test_write_vectors (void)
{
  g_test_summary ("A vectored write is written whole or not at all.");

  const GOutputVector vectors[] = { { "abc", 3 }, { "", 0 }, { "defg", 4 } };
  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);
  gsize written = 0;

  g_assert_true (g_output_stream_writev (fixture->out, vectors, G_N_ELEMENTS (vectors), &written, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (written, ==, 7);
  check_at (fixture, 7);
  g_assert_false (g_output_stream_writev (fixture->out, vectors, G_N_ELEMENTS (vectors), &written, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "7", "10", NULL);
  check_at (fixture, 7);
  check_region (fixture, "abcdefg789");
}

static void
test_write_nothing (void)
{
  g_test_summary ("Writing 0 bytes succeeds, even at the end.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);

  seek (fixture, 0, G_SEEK_END);
  g_assert_cmpint (g_output_stream_write (fixture->out, "", 0, NULL, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_true (g_output_stream_flush (fixture->out, NULL, &error));
  g_assert_no_error (error);
  check_region (fixture, "0123456789");
}

static void
test_truncate (void)
{
  g_test_summary ("The size is fixed: truncating is not supported.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);
  GSeekable *const seekables[] = { G_SEEKABLE (fixture->stream), G_SEEKABLE (fixture->in), G_SEEKABLE (fixture->out) };

  for (gsize i = 0; i < G_N_ELEMENTS (seekables); i++)
    {
      g_assert_false (g_seekable_can_truncate (seekables[i]));
      for (goffset size = 0; size <= 20; size += 10)
        {
          g_assert_false (g_seekable_truncate (seekables[i], size, NULL, &error));
          test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, NULL);
        }
    }
  check_at (fixture, 0);
  check_region (fixture, "0123456789");
}

/* Closing */

static void
check_seekable_closed (gpointer stream)
{
  g_autoptr(GError) error = NULL;
  GSeekable *seekable = G_SEEKABLE (stream);

  g_assert_false (g_seekable_can_seek (seekable));
  g_assert_false (g_seekable_can_truncate (seekable));
  g_assert_false (g_seekable_seek (seekable, 0, G_SEEK_SET, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_assert_false (g_seekable_seek (seekable, 1000, G_SEEK_SET, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_assert_false (g_seekable_truncate (seekable, 0, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_seekable_tell (seekable);
}

static void
check_input_closed (GInputStream *in)
{
  g_autoptr(GError) error = NULL;
  char byte;

  g_assert_cmpint (g_input_stream_read (in, &byte, 1, NULL, &error), ==, -1);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_assert_cmpint (g_input_stream_skip (in, 1, NULL, &error), ==, -1);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  check_seekable_closed (in);
}

static void
check_output_closed (GOutputStream *out)
{
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (g_output_stream_write (out, "x", 1, NULL, &error), ==, -1);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_assert_cmpint (g_output_stream_write (out, "################", 16, NULL, &error), ==, -1);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  check_seekable_closed (out);
}

static void
test_closed (void)
{
  g_test_summary ("Every operation on a closed stream fails with CLOSED.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);

  g_assert_true (g_io_stream_close (fixture->stream, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_io_stream_is_closed (fixture->stream));
  check_input_closed (fixture->in);
  check_output_closed (fixture->out);
  check_seekable_closed (fixture->stream);
  g_assert_false (g_output_stream_flush (fixture->out, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_assert_true (g_io_stream_close (fixture->stream, NULL, &error));
  g_assert_no_error (error);
  check_region (fixture, "0123456789");
}

static void
test_closed_input (void)
{
  g_test_summary ("Closing the input stream leaves the output stream open.");

  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);

  check_read (fixture, 1, "0");
  g_assert_true (g_input_stream_close (fixture->in, NULL, NULL));
  check_input_closed (fixture->in);
  g_assert_false (g_io_stream_is_closed (fixture->stream));
  write_out (fixture, "x");
  seek (fixture, 1, G_SEEK_CUR);
  g_assert_true (g_seekable_seek (G_SEEKABLE (fixture->out), 1, G_SEEK_CUR, NULL, NULL));
  write_out (fixture, "y");
  check_region (fixture, "0x23y56789");
}

static void
test_closed_output (void)
{
  g_test_summary ("Closing the output stream leaves the input stream open.");

  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);

  write_out (fixture, "x");
  g_assert_true (g_output_stream_close (fixture->out, NULL, NULL));
  check_output_closed (fixture->out);
  g_assert_false (g_io_stream_is_closed (fixture->stream));
  check_read (fixture, 1, "1");
  seek (fixture, 0, G_SEEK_SET);
  check_read (fixture, 2, "x1");
}

static void
test_closing_leaves_view (void)
{
  g_test_summary ("Closing the stream leaves the view open.");

  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);
  g_autoptr(GIOStream) another = NULL;
  guint8 byte = 0;

  g_assert_true (g_io_stream_close (fixture->stream, NULL, NULL));
  g_assert_true (shmooze_view_read_uint8 (fixture->view, 3, &byte, NULL));
  g_assert_cmpint (byte, ==, '3');
  another = stream_of (fixture->view);
  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (another), &byte, 1, NULL, NULL), ==, 1);
  g_assert_cmpint (byte, ==, '0');
  g_clear_object (&another);
  g_clear_object (&fixture->stream);
  g_assert_true (shmooze_view_write_uint8 (fixture->view, 3, 'x', NULL));
  check_region (fixture, "012x456789");
}

static void
test_view_closed (void)
{
  g_test_summary ("The operations of a stream fail with CLOSED once its view is closed.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);

  check_read (fixture, 1, "0");
  shmooze_view_close (fixture->view);
  check_input_closed (fixture->in);
  check_output_closed (fixture->out);
  check_seekable_closed (fixture->stream);
  g_assert_null (shmooze_view_open_stream (fixture->view, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_assert_true (g_io_stream_close (fixture->stream, NULL, &error));
  g_assert_no_error (error);
}

static void
test_halves_outlive_stream (void)
{
  g_test_summary ("Finalizing a stream closes its input and output streams, even if references to them remain.");

  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);
  g_autoptr(GInputStream) in = g_object_ref (fixture->in);
  g_autoptr(GOutputStream) out = g_object_ref (fixture->out);

  g_clear_object (&fixture->stream);
  check_input_closed (in);
  check_output_closed (out);
}

/* Lifetime */

/* Another process, which checks whether the name exists. */
static void
look_for (int    argc,
          char **argv)
{
  g_autoptr(ShmoozeRegion) region = shmooze_region_open (argv[0], RW, NULL);
  g_autoptr(ShmoozeView) view = NULL;
  guint8 byte = 0;

  if (region == NULL)
    {
      test_say ("nothing");
      return;
    }
  view = view_of (region, 0, 0, RW);
  g_assert_true (shmooze_view_read_uint8 (view, 0, &byte, NULL));
  test_say ("%c", byte);
}

static void
check_found (const char *name,
             const char *expected)
{
  g_autoptr(TestChild) child = test_child_new ("look-for", name, NULL);

  test_child_expect (child, expected);
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

static void
test_holds_region (void)
{
  g_test_summary ("An open stream keeps its region and the name alive.");

  g_autoptr(ShmoozeRegion) region = create ("held", 10);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  g_autoptr(GIOStream) stream = stream_of (view);
  char byte = 0;

  g_clear_object (&view);
  shmooze_region_close (region);
  g_clear_object (&region);
  g_assert_cmpint (g_output_stream_write (g_io_stream_get_output_stream (stream), "x", 1, NULL, NULL), ==, 1);
  check_found ("held", "x");
  g_assert_true (g_seekable_seek (G_SEEKABLE (stream), 0, G_SEEK_SET, NULL, NULL));
  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (stream), &byte, 1, NULL, NULL), ==, 1);
  g_assert_cmpint (byte, ==, 'x');
  g_clear_object (&stream);
  check_found ("held", "nothing");
}

static void
test_closed_holds_nothing (void)
{
  g_test_summary ("A closed stream keeps nothing alive.");

  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);

  g_clear_object (&fixture->view);
  g_clear_object (&fixture->region);
  check_found ("stream", "0");
  g_assert_true (g_io_stream_close (fixture->stream, NULL, NULL));
  check_found ("stream", "nothing");
  check_input_closed (fixture->in);
  check_output_closed (fixture->out);
  check_seekable_closed (fixture->stream);
}

/* Another process, which reads a line from its own stream. */
static void
read_line (int    argc,
           char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = shmooze_region_open (argv[0], READ, &error);
  g_autoptr(ShmoozeView) view = view_of (region, 5, 0, READ);
  g_autoptr(GIOStream) stream = stream_of (view);
  g_autoptr(GDataInputStream) in = g_data_input_stream_new (g_io_stream_get_input_stream (stream));
  g_autofree char *line = g_data_input_stream_read_line_utf8 (in, NULL, NULL, &error);

  g_assert_no_error (error);
  test_say ("%s", line);
}

static void
test_between_processes (void)
{
  g_test_summary ("A stream reads what another process wrote to its stream of the same region.");

  g_autoptr(ShmoozeRegion) region = create ("line", 100);
  g_autoptr(ShmoozeView) view = view_of (region, 5, 0, RW);
  g_autoptr(GIOStream) stream = stream_of (view);
  g_autoptr(GDataOutputStream) out = g_data_output_stream_new (g_io_stream_get_output_stream (stream));
  g_autoptr(TestChild) child = NULL;

  g_assert_true (g_data_output_stream_put_string (out, "grüße 👋🏽\n", NULL, NULL));
  child = test_child_new ("read-line", "line", NULL);
  test_child_expect (child, "grüße 👋🏽");
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

/* Access */

static void
test_reading_view (void)
{
  g_test_summary ("A stream of a read-only view refuses to write.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", READ);

  check_read (fixture, 2, "01");
  g_assert_cmpint (g_output_stream_write (fixture->out, "x", 1, NULL, &error), ==, -1);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, NULL);
  g_assert_cmpint (g_output_stream_write (fixture->out, "##########", 10, NULL, &error), ==, -1);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, NULL);
  check_at (fixture, 2);
  check_read (fixture, 1, "2");
  check_region (fixture, "0123456789");
}

static void
test_writing_view (void)
{
  g_test_summary ("A stream of a write-only view refuses to read.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", WRITE);
  char byte = '-';

  write_out (fixture, "x");
  g_assert_cmpint (g_input_stream_read (fixture->in, &byte, 1, NULL, &error), ==, -1);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, NULL);
  g_assert_cmpint (g_input_stream_skip (fixture->in, 1, NULL, &error), ==, -1);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, NULL);
  g_assert_cmpint (byte, ==, '-');
  check_at (fixture, 1);
  seek (fixture, 1, G_SEEK_CUR);
  write_out (fixture, "y");
  check_region (fixture, "x1y3456789");
}

static void
test_copying_view (void)
{
  g_test_summary ("Writes to a stream of a copy-on-write view are invisible to others.");

  g_autoptr(Fixture) fixture = fixture_new ("0123456789", COPY);

  write_out (fixture, "mine");
  seek (fixture, 0, G_SEEK_SET);
  check_read (fixture, 6, "mine45");
  check_region (fixture, "0123456789");
}

static void
test_neighbours_untouched (void)
{
  g_test_summary ("A stream does not touch the bytes before and after its view.");

  g_autoptr(GError) error = NULL;
  gsize page = test_page_size ();
  g_autoptr(ShmoozeRegion) region = create ("neighbours", 2 * page);
  g_autoptr(ShmoozeView) whole = view_of (region, 0, 0, RW), view = view_of (region, page - 3, 7, RW);
  g_autoptr(GIOStream) stream = stream_of (view);
  GOutputStream *out = g_io_stream_get_output_stream (stream);
  const char *data = shmooze_view_get_data (whole);
  char buffer[20];

  memset (shmooze_view_get_data (whole), '-', 2 * page);
  for (gsize count = 1; count <= 20; count++)
    {
      g_assert_true (g_seekable_seek (G_SEEKABLE (stream), 0, G_SEEK_SET, NULL, NULL));
      while (g_output_stream_write (out, "abcdefghijklmnopqrst", count, NULL, &error) > 0)
        ;
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, NULL);
      g_assert_true (g_seekable_seek (G_SEEKABLE (stream), 0, G_SEEK_SET, NULL, NULL));
      g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (stream), buffer, 20, NULL, NULL), ==, 7);
      g_assert_cmpmem (buffer, 7, data + page - 3, 7);
      for (gsize i = 0; i < 2 * page; i++)
        if (i < page - 3 || i >= page + 4)
          g_assert_cmpint (data[i], ==, '-');
    }
  g_assert_cmpmem (buffer, 7, "abcdefg", 7);
}

/* With GIO's own classes */

static void
test_data_lines (void)
{
  g_test_summary ("GIO's data streams can wrap the stream and read lines.");

  static const char *const lines[] = { "first", "", "dritte – Zeile", "第四行", NULL };
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = create ("lines", 100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  g_autoptr(GIOStream) stream = stream_of (view);
  g_autoptr(GDataOutputStream) out = g_data_output_stream_new (g_io_stream_get_output_stream (stream));
  g_autoptr(GDataInputStream) in = g_data_input_stream_new (g_io_stream_get_input_stream (stream));

  for (const char *const *line = lines; *line != NULL; line++)
    {
      g_assert_true (g_data_output_stream_put_string (out, *line, NULL, &error));
      g_assert_true (g_data_output_stream_put_byte (out, '\n', NULL, &error));
    }
  g_assert_true (g_seekable_seek (G_SEEKABLE (stream), 0, G_SEEK_SET, NULL, &error));
  for (const char *const *line = lines; *line != NULL; line++)
    {
      g_autofree char *found = g_data_input_stream_read_line_utf8 (in, NULL, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (found, ==, *line);
    }
}

static void
test_data_numbers (void)
{
  g_test_summary ("GIO's data streams can wrap the stream and read numbers.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = create ("numbers", 15);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  g_autoptr(GIOStream) stream = stream_of (view);
  g_autoptr(GDataOutputStream) out = g_data_output_stream_new (g_io_stream_get_output_stream (stream));
  g_autoptr(GDataInputStream) in = g_data_input_stream_new (g_io_stream_get_input_stream (stream));
  guint32 seen = 0;

  g_data_output_stream_set_byte_order (out, G_DATA_STREAM_BYTE_ORDER_HOST_ENDIAN);
  g_data_input_stream_set_byte_order (in, G_DATA_STREAM_BYTE_ORDER_HOST_ENDIAN);
  g_assert_true (g_data_output_stream_put_byte (out, 0xfe, NULL, &error));
  g_assert_true (g_data_output_stream_put_int16 (out, G_MININT16, NULL, &error));
  g_assert_true (g_data_output_stream_put_uint32 (out, 0xdeadbeef, NULL, &error));
  g_assert_true (g_data_output_stream_put_int64 (out, -2, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (shmooze_view_read_uint32 (view, 3, &seen, NULL));
  g_assert_cmphex (seen, ==, 0xdeadbeef);
  g_assert_false (g_data_output_stream_put_byte (out, 1, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, NULL);

  g_assert_true (g_seekable_seek (G_SEEKABLE (stream), 0, G_SEEK_SET, NULL, &error));
  g_assert_cmpint (g_data_input_stream_read_byte (in, NULL, &error), ==, 0xfe);
  g_assert_cmpint (g_data_input_stream_read_int16 (in, NULL, &error), ==, G_MININT16);
  g_assert_cmphex (g_data_input_stream_read_uint32 (in, NULL, &error), ==, 0xdeadbeef);
  g_assert_cmpint (g_data_input_stream_read_int64 (in, NULL, &error), ==, -2);
  g_assert_no_error (error);
}

static void
test_splice_in (void)
{
  g_test_summary ("Another stream can be spliced into the view.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);
  g_autoptr(GInputStream) source = g_memory_input_stream_new_from_data ("spliced", 7, NULL);

  seek (fixture, 3, G_SEEK_SET);
  g_assert_cmpint (g_output_stream_splice (fixture->out, source, G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE, NULL, &error),
                   ==, 7);
  g_assert_no_error (error);
  check_at (fixture, 10);
  check_region (fixture, "012spliced");
}

static void
test_splice_out (void)
{
  g_test_summary ("The rest of a view can be spliced into another stream.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);
  g_autoptr(GOutputStream) target = g_memory_output_stream_new_resizable ();

  seek (fixture, 2, G_SEEK_SET);
  g_assert_cmpint (g_output_stream_splice (target, fixture->in, G_OUTPUT_STREAM_SPLICE_NONE, NULL, &error), ==, 8);
  g_assert_no_error (error);
  g_assert_cmpmem (g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (target)), 8, "23456789", 8);
  check_at (fixture, 10);
}

static void
test_splice_too_long (void)
{
  g_test_summary ("Splicing in more than fits fails with NO_SPACE.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);
  g_autoptr(GInputStream) source = g_memory_input_stream_new_from_data ("eleven long", 11, NULL);

  g_assert_cmpint (g_output_stream_splice (fixture->out, source, G_OUTPUT_STREAM_SPLICE_NONE, NULL, &error), ==, -1);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, NULL);
  check_region (fixture, "0123456789");
}

/* Asynchronously */

static void
keep_result (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GAsyncResult **kept = user_data;

  *kept = g_object_ref (result);
}

static gboolean
tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* GIO's worker thread can still have a reference to the stream after it has delivered its result. */
static void
wait_until_let_go (Fixture      **fixture,
                   GAsyncResult **result)
{
  guint n_fds = (*fixture)->n_fds;
  guint ticker = g_timeout_add (1, tick, NULL);

  g_clear_object (result);
  g_clear_pointer (fixture, fixture_free);
  test_wait (test_count_fds () == n_fds);
  g_source_remove (ticker);
}

static void
test_async_read (void)
{
  g_test_summary ("Asynchronous reading works.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);
  g_autoptr(GAsyncResult) result = NULL;
  char buffer[20] = "";

  seek (fixture, 6, G_SEEK_SET);
  g_input_stream_read_async (fixture->in, buffer, 19, G_PRIORITY_DEFAULT, NULL, keep_result, &result);
  test_wait (result != NULL);
  g_assert_cmpint (g_input_stream_read_finish (fixture->in, result, &error), ==, 4);
  g_assert_no_error (error);
  g_assert_cmpstr (buffer, ==, "6789");
  check_at (fixture, 10);

  g_clear_object (&result);
  g_input_stream_read_async (fixture->in, buffer, 19, G_PRIORITY_DEFAULT, NULL, keep_result, &result);
  test_wait (result != NULL);
  g_assert_cmpint (g_input_stream_read_finish (fixture->in, result, &error), ==, 0);
  g_assert_no_error (error);
  wait_until_let_go (&fixture, &result);
}

static void
test_async_write (void)
{
  g_test_summary ("Asynchronous writing works.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);
  g_autoptr(GAsyncResult) result = NULL;

  g_output_stream_write_async (fixture->out, "abc", 3, G_PRIORITY_DEFAULT, NULL, keep_result, &result);
  test_wait (result != NULL);
  g_assert_cmpint (g_output_stream_write_finish (fixture->out, result, &error), ==, 3);
  g_assert_no_error (error);
  check_at (fixture, 3);
  check_region (fixture, "abc3456789");

  g_clear_object (&result);
  g_output_stream_write_async (fixture->out, "########", 8, G_PRIORITY_DEFAULT, NULL, keep_result, &result);
  test_wait (result != NULL);
  g_assert_cmpint (g_output_stream_write_finish (fixture->out, result, &error), ==, -1);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, NULL);
  check_region (fixture, "abc3456789");
  wait_until_let_go (&fixture, &result);
}

static void
test_async_skip_and_close (void)
{
  g_test_summary ("Skipping and closing work asynchronously.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);
  g_autoptr(GAsyncResult) result = NULL;

  g_input_stream_skip_async (fixture->in, 7, G_PRIORITY_DEFAULT, NULL, keep_result, &result);
  test_wait (result != NULL);
  g_assert_cmpint (g_input_stream_skip_finish (fixture->in, result, &error), ==, 7);
  check_at (fixture, 7);

  g_clear_object (&result);
  g_io_stream_close_async (fixture->stream, G_PRIORITY_DEFAULT, NULL, keep_result, &result);
  test_wait (result != NULL);
  g_assert_true (g_io_stream_close_finish (fixture->stream, result, &error));
  g_assert_no_error (error);
  check_input_closed (fixture->in);
  check_output_closed (fixture->out);
  wait_until_let_go (&fixture, &result);
}

static void
test_cancelled (void)
{
  g_test_summary ("A cancelled operation does nothing.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  char byte = '-';

  seek (fixture, 3, G_SEEK_SET);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (g_input_stream_read (fixture->in, &byte, 1, cancellable, &error), ==, -1);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  g_assert_cmpint (g_input_stream_skip (fixture->in, 1, cancellable, &error), ==, -1);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  g_assert_cmpint (g_output_stream_write (fixture->out, "x", 1, cancellable, &error), ==, -1);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  g_assert_false (g_seekable_seek (G_SEEKABLE (fixture->stream), 1, G_SEEK_CUR, cancellable, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  g_assert_cmpint (byte, ==, '-');
  check_at (fixture, 3);
  check_region (fixture, "0123456789");
}

/* One thread reads and one writes: no byte is passed twice or left out. */

static gpointer
write_dots (gpointer data)
{
  Fixture *fixture = data;
  guint n = 0;

  while (g_output_stream_write (fixture->out, ".", 1, NULL, NULL) == 1)
    n++;
  return GUINT_TO_POINTER (n);
}

static void
test_threads (void)
{
  g_test_summary ("A thread that reads and one that writes share the position of a stream.");

  g_autofree char *letters = g_strnfill (50000, 'x');
  g_autoptr(Fixture) fixture = fixture_new (letters, RW);
  g_autoptr(GThread) thread = g_thread_new ("write", write_dots, fixture);
  const char *data = shmooze_view_get_data (fixture->view);
  guint n_read = 0, n_written, n_dots = 0;
  char byte;

  while (g_input_stream_read (fixture->in, &byte, 1, NULL, NULL) == 1)
    {
      g_assert_cmpint (byte, ==, 'x');
      n_read++;
    }
  n_written = GPOINTER_TO_UINT (g_thread_join (g_steal_pointer (&thread)));
  g_assert_cmpuint (n_read + n_written, ==, 50000);
  for (gsize i = 0; i < 50000; i++)
    n_dots += data[i] == '.';
  g_assert_cmpuint (n_dots, ==, n_written);
  check_at (fixture, 50000);
}


static gpointer
use_until_closed (gpointer data)
{
  Fixture *fixture = data;
  GError *error = NULL;
  char buffer[64];

  for (guint i = 0; error == NULL; i++)
    {
      g_atomic_int_set ((gint *) g_object_get_data (G_OBJECT (fixture->region), "rounds"), (gint) i);
      if (i == 100)
        g_main_context_wakeup (NULL);
      if (g_seekable_seek (G_SEEKABLE (fixture->stream), 0, G_SEEK_SET, NULL, &error) &&
          g_input_stream_read (fixture->in, buffer, sizeof buffer, NULL, &error) > 0)
        g_input_stream_skip (fixture->in, 3, NULL, &error);
    }
  return error;
}

static void
test_view_closed_meanwhile (void)
{
  g_test_summary ("Closing a view while another thread uses its stream ends in an error.");

  for (guint round = 0; round < 20; round++)
    {
      g_autofree char *letters = g_strnfill (5000, 'x');
      g_autoptr(Fixture) fixture = fixture_new (letters, RW);
      g_autoptr(GError) error = NULL;
      GThread *thread;
      gint rounds = 0;

      g_object_set_data (G_OBJECT (fixture->region), "rounds", &rounds);
      thread = g_thread_new ("use", use_until_closed, fixture);
      test_wait (g_atomic_int_get (&rounds) >= 100);
      shmooze_view_close (fixture->view);
      error = g_thread_join (thread);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
    }
}

/* Lost */

static void
test_lost (void)
{
  g_test_summary ("A stream reports that the region is lost.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Fixture) fixture = fixture_new ("0123456789", RW);
  char byte = 0;

  check_read (fixture, 2, "01");
  g_assert_cmpint (truncate (shmooze_region_get_path (fixture->region), 0), ==, 0);
  g_assert_cmpint (g_input_stream_read (fixture->in, &byte, 1, NULL, &error), ==, -1);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "stream", NULL);
  g_assert_cmpint (g_input_stream_skip (fixture->in, 1, NULL, &error), ==, -1);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "stream", NULL);
  g_assert_cmpint (g_output_stream_write (fixture->out, "x", 1, NULL, &error), ==, -1);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "stream", NULL);
  check_at (fixture, 2);
  g_assert_true (g_io_stream_close (fixture->stream, NULL, &error));
  g_assert_no_error (error);
}

/* The file is sparse and needs neither memory nor disk space. */
static void
test_beyond_4_gib (void)
{
  g_test_summary ("A stream can be larger than 4 GiB.");

  const goffset size = (G_GINT64_CONSTANT (9) << 29) + 3, far = (G_GINT64_CONSTANT (1) << 32) + 5;
  g_autofree char *path = g_build_filename (test_home (), "holes", NULL);
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(GError) error = NULL;
  int fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  gboolean holes = ftruncate (fd, size) == 0;

  close (fd);
  if (holes)
    {
      g_autoptr(Fixture) fixture = g_new0 (Fixture, 1);
      guint8 byte = 0;

      fixture->region = shmooze_region_map_file (file, 0, RW, &error);
      g_assert_no_error (error);
      fixture->view = view_of (fixture->region, 0, 0, RW);
      fixture->stream = stream_of (fixture->view);
      fixture->in = g_io_stream_get_input_stream (fixture->stream);
      fixture->out = g_io_stream_get_output_stream (fixture->stream);
      seek (fixture, far, G_SEEK_SET);
      write_out (fixture, "far");
      check_at (fixture, far + 3);
      g_assert_true (shmooze_view_read_uint8 (fixture->view, (guint64) far, &byte, NULL));
      g_assert_cmpint (byte, ==, 'f');
      seek (fixture, 0, G_SEEK_END);
      check_at (fixture, size);
      seek (fixture, far - size, G_SEEK_END);
      check_read (fixture, 3, "far");
      seek (fixture, 0, G_SEEK_SET);
      g_assert_cmpint (g_input_stream_skip (fixture->in, (gsize) far + 1, NULL, NULL), ==, far + 1);
      check_read (fixture, 2, "ar");
    }
  else
    g_test_skip ("the file system does not support files of 4.5 GiB");
  g_assert_cmpint (g_unlink (path), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("look-for", look_for);
  test_child_role ("read-line", read_line);
  test_init (&argc, &argv);

  test_add ("/stream/read/to-the-end", test_read_to_end);
  test_add ("/stream/read/at-the-end", test_read_at_end);
  test_add ("/stream/read/skip", test_skip);
  test_add ("/stream/position/one-for-both-directions", test_one_position);
  test_add ("/stream/position/two-streams-have-their-own", test_two_streams);
  test_add ("/stream/seek/inside", test_seek);
  test_add ("/stream/seek/halves", test_seek_halves);
  test_add ("/stream/seek/outside", test_seek_outside);
  test_add ("/stream/write/fits-exactly", test_write_fits);
  test_add ("/stream/write/too-long", test_write_too_long);
  test_add ("/stream/write/write-all-too-long", test_write_all_too_long);
  test_add ("/stream/write/vectors-all-or-nothing", test_write_vectors);
  test_add ("/stream/write/nothing", test_write_nothing);
  test_add ("/stream/truncate", test_truncate);
  test_add ("/stream/closed/every-call", test_closed);
  test_add ("/stream/closed/input-alone", test_closed_input);
  test_add ("/stream/closed/output-alone", test_closed_output);
  test_add ("/stream/closed/leaves-view-open", test_closing_leaves_view);
  test_add ("/stream/closed/with-its-view", test_view_closed);
  test_add ("/stream/closed/halves-outlive-stream", test_halves_outlive_stream);
  test_add ("/stream/life/holds-region", test_holds_region);
  test_add ("/stream/life/closed-holds-nothing", test_closed_holds_nothing);
  test_add ("/stream/life/between-processes", test_between_processes);
  test_add ("/stream/access/reading-view", test_reading_view);
  test_add ("/stream/access/writing-view", test_writing_view);
  test_add ("/stream/access/copying-view", test_copying_view);
  test_add ("/stream/neighbours-untouched", test_neighbours_untouched);
  test_add ("/stream/gio/lines", test_data_lines);
  test_add ("/stream/gio/numbers", test_data_numbers);
  test_add ("/stream/gio/splice-in", test_splice_in);
  test_add ("/stream/gio/splice-out", test_splice_out);
  test_add ("/stream/gio/splice-too-long", test_splice_too_long);
  test_add ("/stream/async/read", test_async_read);
  test_add ("/stream/async/write", test_async_write);
  test_add ("/stream/async/skip-and-close", test_async_skip_and_close);
  test_add ("/stream/cancelled", test_cancelled);
  test_add ("/stream/threads/one-cursor", test_threads);
  test_add ("/stream/threads/view-closed-meanwhile", test_view_closed_meanwhile);
  test_add ("/stream/lost", test_lost);
  test_add ("/stream/beyond-4-gib", test_beyond_4_gib);

  return test_run ();
}
