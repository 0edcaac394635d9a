/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bytes and values that are read and written through a view. */

#include "lib/test-view.h"

#include <float.h>
#include <math.h>

/* Bytes */

static void
test_bulk_round_trip (void)
{
  g_test_summary ("Bytes are read as they were written.");

  g_autoptr(ShmoozeView) view = lone_view ("bulk", 10000);
  g_autofree char *bytes = g_malloc (10000);

  test_pattern_fill (bytes, 10000, 1);
  write_bytes (view, 0, bytes, 10000);
  check_bytes (view, 0, bytes, 10000);
  g_assert_cmpmem (shmooze_view_get_data (view), 10000, bytes, 10000);
  check_bytes (view, 4095, bytes + 4095, 2);
  write_bytes (view, 9999, "!", 1);
  check_bytes (view, 9998, (char[]) { bytes[9998], '!' }, 2);
}

static void
test_bulk_read_short_at_end (void)
{
  g_test_summary ("A read near the end returns fewer bytes.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeView) view = lone_view ("short", 10);
  char buffer[20];

  write_bytes (view, 0, "0123456789", 10);
  memset (buffer, '-', sizeof buffer);
  g_assert_cmpint (shmooze_view_read (view, 7, buffer, sizeof buffer, &error), ==, 3);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, 4, "789-", 4);
  g_assert_cmpint (shmooze_view_read (view, 0, buffer, G_MAXSIZE, &error), ==, 10);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, 11, "0123456789-", 11);
  g_assert_cmpint (shmooze_view_read (view, 9, buffer, G_MAXSSIZE, &error), ==, 1);
  g_assert_no_error (error);
}

static void
test_bulk_read_at_end (void)
{
  g_test_summary ("A read at the end returns 0 bytes.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeView) view = lone_view ("end", 10);
  char byte = '-';

  g_assert_cmpint (shmooze_view_read (view, 10, &byte, 1, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpint (shmooze_view_read (view, 10, &byte, G_MAXSIZE, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpint (byte, ==, '-');
}

static void
test_bulk_read_beyond_end (void)
{
  g_test_summary ("A read beyond the end fails.");

  const guint64 positions[] = { 11, 4096, G_MAXUINT32, G_GUINT64_CONSTANT (1) << 32, G_MAXINT64, G_MAXUINT64 };
  g_autoptr(ShmoozeView) view = lone_view ("beyond", 10);

  for (gsize i = 0; i < G_N_ELEMENTS (positions); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *where = g_strdup_printf ("%" G_GUINT64_FORMAT, positions[i]);
      char byte = '-';

      g_assert_cmpint (shmooze_view_read (view, positions[i], &byte, 1, &error), ==, -1);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "beyond", where, "10", NULL);
      g_assert_cmpint (shmooze_view_read (view, positions[i], &byte, 0, &error), ==, -1);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "beyond", NULL);
      g_assert_cmpint (byte, ==, '-');
    }
}

static void
test_bulk_write_all_or_nothing (void)
{
  g_test_summary ("A write that does not fit writes nothing.");

  const struct
  {
    guint64 position;
    gsize   count;
  } bad[] = {
    { 0, 11 }, { 1, 10 }, { 9, 2 }, { 10, 1 }, { 11, 0 }, { 11, 1 }, { G_MAXUINT64, 1 }, { G_MAXUINT64, 0 },
    { G_MAXUINT64 - 4, 10 }, { 0, G_MAXSIZE }, { 1, G_MAXSIZE }, { 10, G_MAXSIZE }
  };
  g_autoptr(ShmoozeRegion) region = create ("all-or-nothing", 30);
  g_autoptr(ShmoozeView) whole = view_of (region, 0, 0, RW), view = view_of (region, 10, 10, RW);

  write_bytes (whole, 0, "abcdefghijklmnopqrstuvwxyz....", 30);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *where = g_strdup_printf ("%" G_GUINT64_FORMAT, bad[i].position);

      g_assert_false (shmooze_view_write (view, bad[i].position, "############", bad[i].count, &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "all-or-nothing", where, "10", NULL);
      check_bytes (whole, 0, "abcdefghijklmnopqrstuvwxyz....", 30);
    }
  write_bytes (view, 0, "0123456789", 10);
  check_bytes (whole, 0, "abcdefghij0123456789uvwxyz....", 30);
}

static void
test_bulk_nothing (void)
{
  g_test_summary ("Reading and writing 0 bytes succeeds up to the end.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeView) view = lone_view ("nothing", 10);
  const guint64 positions[] = { 0, 1, 5, 8, 10 };

  for (gsize i = 0; i < G_N_ELEMENTS (positions); i++)
    {
      g_assert_cmpint (shmooze_view_read (view, positions[i], NULL, 0, &error), ==, 0);
      g_assert_no_error (error);
      g_assert_true (shmooze_view_write (view, positions[i], NULL, 0, &error));
      g_assert_no_error (error);
    }
  check_bytes (view, 0, "\0\0\0\0\0\0\0\0\0\0", 10);
}

/* A count that equals the size of a value takes another path through the code. */
static void
test_bulk_every_count (void)
{
  g_test_summary ("Bytes of every count and alignment are read as they were written.");

  g_autoptr(ShmoozeView) view = lone_view ("counts", 100);
  char bytes[33];

  test_pattern_fill (bytes, sizeof bytes, 2);
  for (gsize count = 0; count <= sizeof bytes; count++)
    for (guint64 position = 16; position < 32; position++)
      {
        memset (shmooze_view_get_data (view), '-', 100);
        write_bytes (view, position, bytes, count);
        check_bytes (view, position, bytes, count);
        check_bytes (view, position - 1, "-", 1);
        check_bytes (view, position + count, "-", 1);
      }
}

/* Single values */

#define CHECK_EXTREMES(NAME, ctype, ...) \
  G_STMT_START { \
    static const ctype values_[] = { __VA_ARGS__ }; \
    for (gsize i_ = 0; i_ < G_N_ELEMENTS (values_); i_++) \
      for (guint64 position_ = 0; position_ <= 24; position_++) \
        { \
          g_autoptr(GError) error_ = NULL; \
          ctype found_; \
          char bytes_[sizeof (ctype)]; \
          memset (&found_, 0x5a, sizeof found_); \
          g_assert_true (shmooze_view_write_##NAME (view, position_, values_[i_], &error_)); \
          g_assert_true (shmooze_view_read_##NAME (view, position_, &found_, &error_)); \
          g_assert_no_error (error_); \
          g_assert_cmpmem (&found_, sizeof found_, &values_[i_], sizeof found_); \
          check_bytes (view, position_, (const char *) &values_[i_], sizeof (ctype)); \
          memcpy (bytes_, (char *) shmooze_view_get_data (view) + position_, sizeof bytes_); \
          g_assert_cmpmem (bytes_, sizeof bytes_, &values_[i_], sizeof (ctype)); \
        } \
  } G_STMT_END

static void
test_values_integers (void)
{
  g_test_summary ("Integers of every type are read as they were written, including the limits of the type.");

  g_autoptr(ShmoozeView) view = lone_view ("integers", 32);

  CHECK_EXTREMES (int8, gint8, 0, 1, -1, G_MININT8, G_MAXINT8);
  CHECK_EXTREMES (uint8, guint8, 0, 1, 0x80, G_MAXUINT8);
  CHECK_EXTREMES (int16, gint16, 0, 1, -1, G_MININT16, G_MAXINT16, 0x1234);
  CHECK_EXTREMES (uint16, guint16, 0, 1, 0x8000, G_MAXUINT16, 0xabcd);
  CHECK_EXTREMES (int32, gint32, 0, 1, -1, G_MININT32, G_MAXINT32, 0x12345678);
  CHECK_EXTREMES (uint32, guint32, 0, 1, 0x80000000, G_MAXUINT32, 0x89abcdef);
  CHECK_EXTREMES (int64, gint64, 0, 1, -1, G_MININT64, G_MAXINT64, 0x123456789abcdef0);
  CHECK_EXTREMES (uint64, guint64, 0, 1, G_MAXUINT32, G_MAXUINT64, 0xfedcba9876543210);
}

static void
test_values_floats (void)
{
  g_test_summary ("Floating-point numbers are read bit by bit as they were written.");

  g_autoptr(ShmoozeView) view = lone_view ("floats", 32);
  gfloat number = 0;
  gdouble long_number = 0;

  CHECK_EXTREMES (float, gfloat, 0.0f, -0.0f, 1.5f, -1.5f, FLT_MAX, -FLT_MAX, FLT_MIN, FLT_TRUE_MIN, FLT_EPSILON,
                  INFINITY, -INFINITY, NAN);
  CHECK_EXTREMES (double, gdouble, 0.0, -0.0, 1.5, -1.5, DBL_MAX, -DBL_MAX, DBL_MIN, DBL_TRUE_MIN, DBL_EPSILON,
                  (gdouble) INFINITY, (gdouble) -INFINITY, (gdouble) NAN);

  shmooze_view_write_float (view, 1, -0.0f, NULL);
  shmooze_view_read_float (view, 1, &number, NULL);
  g_assert_true (number == 0 && signbit (number));
  shmooze_view_write_double (view, 3, (gdouble) NAN, NULL);
  shmooze_view_read_double (view, 3, &long_number, NULL);
  g_assert_true (isnan (long_number));
}

static void
test_values_layout (void)
{
  g_test_summary ("Values are stored in host byte order.");

  #if G_BYTE_ORDER == G_LITTLE_ENDIAN
  g_autoptr(ShmoozeView) view = lone_view ("layout", 64);

  memset (shmooze_view_get_data (view), '-', 64);
  shmooze_view_write_int8 (view, 0, -2, NULL);
  shmooze_view_write_uint8 (view, 1, 0xfd, NULL);
  shmooze_view_write_int16 (view, 2, -2, NULL);
  shmooze_view_write_uint16 (view, 4, 0x0102, NULL);
  shmooze_view_write_int32 (view, 6, -2, NULL);
  shmooze_view_write_uint32 (view, 10, 0x01020304, NULL);
  shmooze_view_write_int64 (view, 14, -2, NULL);
  shmooze_view_write_uint64 (view, 22, 0x0102030405060708, NULL);
  shmooze_view_write_float (view, 30, 1.0f, NULL);
  shmooze_view_write_double (view, 34, -2.0, NULL);
  shmooze_view_write_boolean (view, 42, TRUE, NULL);
  shmooze_view_write_boolean (view, 43, FALSE, NULL);
  check_bytes (view, 0,
               "\xfe" "\xfd" "\xfe\xff" "\x02\x01" "\xfe\xff\xff\xff" "\x04\x03\x02\x01"
               "\xfe\xff\xff\xff\xff\xff\xff\xff" "\x08\x07\x06\x05\x04\x03\x02\x01"
               "\0\0\x80\x3f" "\0\0\0\0\0\0\0\xc0" "\x01" "\0" "-", 45);
#else
  g_test_skip ("the machine is not little-endian");
#endif
}

static void
test_values_boolean_any_byte (void)
{
  g_test_summary ("Any byte other than 0 is read as TRUE.");

  g_autoptr(ShmoozeView) view = lone_view ("booleans", 256);
  guint8 *data = shmooze_view_get_data (view);

  for (guint i = 0; i < 256; i++)
    data[i] = (guint8) i;
  for (guint i = 0; i < 256; i++)
    {
      gboolean value = -1;

      g_assert_true (shmooze_view_read_boolean (view, i, &value, NULL));
      g_assert_cmpint (value, ==, i > 0 ? TRUE : FALSE);
    }
}

static void
test_values_boolean_is_one_byte (void)
{
  g_test_summary ("Writing a boolean changes one byte.");

  const gboolean truths[] = { TRUE, 2, -1, 256, 0x1000000 };
  g_autoptr(ShmoozeView) view = lone_view ("one-byte", 3);

  for (gsize i = 0; i < G_N_ELEMENTS (truths); i++)
    {
      write_bytes (view, 0, "---", 3);
      g_assert_true (shmooze_view_write_boolean (view, 1, truths[i], NULL));
      check_bytes (view, 0, "-\x01-", 3);
      g_assert_true (shmooze_view_write_boolean (view, 1, FALSE, NULL));
      check_bytes (view, 0, "-\0-", 3);
    }
}

/* Every type at both ends of a view of a part of a region */
static void
test_values_bounds (void)
{
  g_test_summary ("A value must lie entirely within the view.");

  const gsize size = 21;
  g_autoptr(ShmoozeRegion) region = create ("edges", 64);
  g_autoptr(ShmoozeView) whole = view_of (region, 0, 0, RW), view = view_of (region, 11, size, RW);
  char untouched[64];

  memset (untouched, '-', sizeof untouched);
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      const ValueType *type = &types[i];
      const guint64 bad[] = {
        size - type->size + 1, size - 1 + (type->size == 1), size, size + 1, 64, G_MAXUINT32, G_MAXUINT32 + 1ull,
        G_MAXINT64, G_MAXINT64 + 1ull, G_MAXUINT64 - 11, G_MAXUINT64 - type->size, G_MAXUINT64 - type->size + 1,
        G_MAXUINT64 - 1, G_MAXUINT64
      };

      g_test_message ("%s", type->name);
      write_bytes (whole, 0, untouched, sizeof untouched);
      for (gsize j = 0; j < G_N_ELEMENTS (bad); j++)
        {
          g_autoptr(GError) error = NULL;
          g_autofree char *where = g_strdup_printf ("%" G_GUINT64_FORMAT, bad[j]);

          g_assert_false (type->load (view, bad[j], &error));
          test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "edges", where, "21", NULL);
          g_assert_false (type->store (view, bad[j], &error));
          test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "edges", where, "21", NULL);
        }
      check_bytes (whole, 0, untouched, sizeof untouched);

      g_assert_true (type->store (view, size - type->size, NULL));
      g_assert_true (type->load (view, size - type->size, NULL));
      g_assert_true (type->store (view, 0, NULL));
      g_assert_true (type->load (view, 0, NULL));
      check_bytes (whole, 0, untouched, 11);
      check_bytes (whole, 11 + size, untouched, 64 - 11 - size);
    }
}

static void
test_values_too_small_view (void)
{
  g_test_summary ("A view that is smaller than a value refuses to read and write it.");

  g_autoptr(ShmoozeView) view = lone_view ("tiny", 1);

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr(GError) error = NULL;
      gboolean fits = types[i].size == 1;

      g_assert_cmpint (types[i].load (view, 0, &error), ==, fits);
      if (!fits)
        test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "tiny", NULL);
      g_assert_cmpint (types[i].store (view, 0, &error), ==, fits);
      if (!fits)
        test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "tiny", NULL);
    }
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  test_add ("/view-values/bulk/round-trip", test_bulk_round_trip);
  test_add ("/view-values/bulk/read-short-at-end", test_bulk_read_short_at_end);
  test_add ("/view-values/bulk/read-at-end", test_bulk_read_at_end);
  test_add ("/view-values/bulk/read-beyond-end", test_bulk_read_beyond_end);
  test_add ("/view-values/bulk/write-all-or-nothing", test_bulk_write_all_or_nothing);
  test_add ("/view-values/bulk/nothing", test_bulk_nothing);
  test_add ("/view-values/bulk/every-count", test_bulk_every_count);
  test_add ("/view-values/integers", test_values_integers);
  test_add ("/view-values/floats", test_values_floats);
  test_add ("/view-values/layout", test_values_layout);
  test_add ("/view-values/boolean-any-byte", test_values_boolean_any_byte);
  test_add ("/view-values/boolean-is-one-byte", test_values_boolean_is_one_byte);
  test_add ("/view-values/bounds", test_values_bounds);
  test_add ("/view-values/too-small-view", test_values_too_small_view);

  return test_run ();
}
