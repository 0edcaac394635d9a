/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-region.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CAPACITY SHMOOZE_COMMUNICATOR_CAPACITY
#define FIRST 0
#define SECOND 2000
#define DATA_AT 12
#define FIRST_ROOM (SECOND - FIRST - DATA_AT)
#define SECOND_ROOM (CAPACITY - SECOND - DATA_AT)
#define N_MANY 1000

/* A communicator that writes down what it tells. */
typedef struct
{
  ShmoozeCommunicator *communicator;
  GPtrArray           *received;     /* of GBytes */
  GPtrArray           *errors;       /* of GError */
  GPtrArray           *told;         /* of char *: "n-unconfirmed 1", "peer-present 1" */
  GThread             *thread;       /* where signals come */
} End;

static void
on_received (ShmoozeCommunicator *communicator,
             GBytes              *data,
             gpointer             user_data)
{
  End *self = user_data;

  self->thread = g_thread_self ();
  g_ptr_array_add (self->received, g_bytes_ref (data));
}

static void
on_failed (ShmoozeCommunicator *communicator,
           GError              *error,
           gpointer             user_data)
{
  End *self = user_data;

  self->thread = g_thread_self ();
  g_ptr_array_add (self->errors, g_error_copy (error));
}

static void
on_notify (GObject    *communicator,
           GParamSpec *pspec,
           gpointer    user_data)
{
  End *self = user_data;
  g_auto(GValue) value = G_VALUE_INIT, text = G_VALUE_INIT;

  g_value_init (&text, G_TYPE_STRING);
  g_object_get_property (communicator, pspec->name, &value);
  g_value_transform (&value, &text);
  g_ptr_array_add (self->told, g_strdup_printf ("%s %s", pspec->name, g_value_get_string (&text)));
}

static End *
end_new (const char *name,
         gint64      read_position,
         gint64      write_position)
{
  g_autoptr(GError) error = NULL;
  End *self = g_new0 (End, 1);

  self->received = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  self->errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  self->told = g_ptr_array_new_with_free_func (g_free);
  self->communicator = shmooze_communicator_new (name, CAPACITY, &error);
  g_assert_no_error (error);
  g_assert_nonnull (self->communicator);
  g_signal_connect (self->communicator, "data-received", G_CALLBACK (on_received), self);
  g_signal_connect (self->communicator, "failed", G_CALLBACK (on_failed), self);
  g_signal_connect (self->communicator, "notify", G_CALLBACK (on_notify), self);
  if (read_position >= 0)
    g_assert_true (shmooze_communicator_set_read_position (self->communicator, read_position, &error));
  g_assert_no_error (error);
  if (write_position >= 0)
    g_assert_true (shmooze_communicator_set_write_position (self->communicator, write_position, &error));
  g_assert_no_error (error);
  return self;
}

static void
end_free (End *self)
{
  if (self->communicator != NULL)
    {
      shmooze_communicator_close (self->communicator);
      g_signal_handlers_disconnect_by_data (self->communicator, self);
    }
  g_clear_object (&self->communicator);
  g_ptr_array_unref (self->received);
  g_ptr_array_unref (self->errors);
  g_ptr_array_unref (self->told);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (End, end_free)

static void
start (End *self)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (shmooze_communicator_start_reader (self->communicator, &error));
  g_assert_no_error (error);
}

static End *
reader_new (const char *name,
            gint64      position)
{
  End *self = end_new (name, position, -1);

  start (self);
  return self;
}

static void
write_text (End        *self,
            const char *text)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (shmooze_communicator_write_text (self->communicator, text, &error));
  g_assert_no_error (error);
}

static gboolean
is_text (GBytes     *message,
         const char *text)
{
  gsize size;
  const char *data = g_bytes_get_data (message, &size);

  return size == strlen (text) && (size == 0 || memcmp (data, text, size) == 0);
}

/* The @number-th message comes, and is that. */
static void
expect (End        *self,
        guint       number,
        const char *text)
{
  test_wait (self->received->len > number);
  g_assert_true (is_text (self->received->pdata[number], text));
}

static guint
unconfirmed (End *self)
{
  return shmooze_communicator_get_n_unconfirmed (self->communicator);
}

static gboolean
was_told (End        *self,
          const char *what)
{
  return g_ptr_array_find_with_equal_func (self->told, what, g_str_equal, NULL);
}

/* The last failure that was told. */
static void
check_failure (End        *self,
               int         code,
               const char *word)
{
  g_autoptr(GError) error = g_error_copy (g_ptr_array_index (self->errors, self->errors->len - 1));

  test_check_error (&error, SHMOOZE_ERROR, code, word, NULL);
}

/* The bytes, as another program sees them. */
typedef struct
{
  ShmoozeRegion *region;
  ShmoozeView   *view;
  guint8        *bytes;
} Memory;

static Memory *
memory_new (const char *name)
{
  g_autoptr(GError) error = NULL;
  Memory *self = g_new0 (Memory, 1);

  self->region = shmooze_region_create_or_open (name, CAPACITY, RW, NULL, &error);
  g_assert_no_error (error);
  self->view = view_of (self->region, 0, 0, RW);
  self->bytes = shmooze_view_get_data (self->view);
  return self;
}

static void
memory_free (Memory *self)
{
  g_object_unref (self->view);
  g_object_unref (self->region);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Memory, memory_free)

static void
put_raw (guint8     *slot,
         guint8      available,
         guint8      confirm,
         gint32      length,
         const char *text)
{
  gint32 little = GINT32_TO_LE (length);

  memcpy (slot + 2, &little, sizeof little);
  if (text != NULL)
    memcpy (slot + DATA_AT, text, strlen (text));
  slot[1] = confirm;
  slot[0] = available;
}

static gint32
length_in (const guint8 *slot)
{
  gint32 little;

  memcpy (&little, slot + 2, sizeof little);
  return GINT32_FROM_LE (little);
}

/* Properties */

static void
test_defaults (void)
{
  g_autoptr(End) end = end_new ("defaults", -1, -1);
  gint64 read_position, write_position;
  gboolean peer_present;
  guint n;

  g_object_get (end->communicator, "read-position", &read_position, "write-position", &write_position,
                "peer-present", &peer_present, "n-unconfirmed", &n, NULL);
  g_assert_cmpint (read_position, ==, -1);
  g_assert_cmpint (write_position, ==, -1);
  g_assert_false (peer_present);
  g_assert_cmpuint (n, ==, 0);
  g_assert_cmpuint (shmooze_communicator_get_max_size (end->communicator), ==, 0);
}

static void
test_name_and_capacity (void)
{
  g_autoptr(End) end = end_new ("chat", -1, -1);
  g_autofree char *name = NULL;
  guint64 capacity;

  g_object_get (end->communicator, "name", &name, "capacity", &capacity, NULL);
  g_assert_cmpstr (name, ==, "chat");
  g_assert_cmpstr (shmooze_communicator_get_name (end->communicator), ==, "chat");
  g_assert_cmpuint (capacity, ==, 4096);
  g_assert_cmpuint (shmooze_communicator_get_capacity (end->communicator), ==, 4096);
}

static void
test_capacity_of_existing (void)
{
  g_autoptr(ShmoozeRegion) region = create ("smaller", 100);
  g_autoptr(End) end = end_new ("smaller", -1, -1);

  g_assert_cmpuint (shmooze_communicator_get_capacity (end->communicator), ==, 100);
}

static void
test_bad_name (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_communicator_new ("a/b", CAPACITY, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, "a/b", NULL);
}

static void
test_positions_as_properties (void)
{
  g_autoptr(End) end = end_new ("properties", -1, -1);

  g_object_set (end->communicator, "read-position", (gint64) 2000, "write-position", (gint64) 0, NULL);
  g_assert_cmpint (shmooze_communicator_get_read_position (end->communicator), ==, 2000);
  g_assert_cmpint (shmooze_communicator_get_write_position (end->communicator), ==, 0);
  g_assert_true (was_told (end, "read-position 2000"));
  g_assert_true (was_told (end, "write-position 0"));
}

static void
test_bad_position_as_property (void)
{
  g_autoptr(End) end = end_new ("properties", 0, -1);

  g_test_expect_message ("Shmooze", G_LOG_LEVEL_WARNING, "*5000*4096*");
  g_object_set (end->communicator, "read-position", (gint64) 5000, NULL);
  g_test_assert_expected_messages ();
  g_assert_cmpint (shmooze_communicator_get_read_position (end->communicator), ==, 0);
}

static void
test_max_size (void)
{
  g_autoptr(End) end = end_new ("size", -1, FIRST);

  g_assert_cmpuint (shmooze_communicator_get_max_size (end->communicator), ==, CAPACITY - DATA_AT);
  g_assert_true (shmooze_communicator_set_read_position (end->communicator, SECOND, NULL));
  g_assert_cmpuint (shmooze_communicator_get_max_size (end->communicator), ==, FIRST_ROOM);
}

/* Positions */

static void
check_refused (End        *end,
               gint64      position,
               const char *word)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, position);

  g_assert_false (shmooze_communicator_set_read_position (end->communicator, position, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, number, word, NULL);
  g_assert_false (shmooze_communicator_set_write_position (end->communicator, position, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, number, word, NULL);
  g_assert_cmpint (shmooze_communicator_get_read_position (end->communicator), ==, -1);
  g_assert_cmpint (shmooze_communicator_get_write_position (end->communicator), ==, -1);
}

static void
test_position_negative (void)
{
  g_autoptr(End) end = end_new ("positions", -1, -1);

  check_refused (end, -1, "4096");
  check_refused (end, G_MININT64, "4096");
}

static void
test_position_outside (void)
{
  g_autoptr(End) end = end_new ("positions", -1, -1);

  check_refused (end, CAPACITY - DATA_AT, "4096");
  check_refused (end, CAPACITY, "4096");
  check_refused (end, G_MAXINT64, "4096");
}

static void
test_position_last (void)
{
  g_autoptr(End) end = end_new ("positions", -1, CAPACITY - DATA_AT - 1);

  g_assert_cmpuint (shmooze_communicator_get_max_size (end->communicator), ==, 1);
}

static void
test_position_in_tiny_region (void)
{
  g_autoptr(ShmoozeRegion) region = create ("tiny", DATA_AT);
  g_autoptr(End) end = end_new ("tiny", -1, -1);

  check_refused (end, 0, "of 12 bytes");
}

static void
test_positions_overlap (void)
{
  g_autoptr(End) end = end_new ("positions", 100, -1);
  const gint64 overlapping[] = { 88, 100, 112 };
  g_autoptr(GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (overlapping); i++)
    {
      g_assert_false (shmooze_communicator_set_write_position (end->communicator, overlapping[i], &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "100", "overlap", NULL);
    }
  g_assert_true (shmooze_communicator_set_write_position (end->communicator, 113, NULL));
  g_assert_false (shmooze_communicator_set_read_position (end->communicator, 101, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "101", "113", NULL);
}

static void
test_position_while_reading (void)
{
  g_autoptr(End) end = reader_new ("positions", FIRST);
  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_communicator_set_read_position (end->communicator, 500, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PENDING, "stop the reader", NULL);
  shmooze_communicator_stop_reader (end->communicator);
  g_assert_true (shmooze_communicator_set_read_position (end->communicator, 500, NULL));
}

static void
test_position_while_unconfirmed (void)
{
  g_autoptr(End) end = end_new ("positions", -1, FIRST);
  g_autoptr(GError) error = NULL;

  write_text (end, "waits");
  g_assert_false (shmooze_communicator_set_write_position (end->communicator, 500, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PENDING, "not confirmed", NULL);
  g_assert_cmpint (shmooze_communicator_get_write_position (end->communicator), ==, FIRST);
}

static void
test_position_in_long_message (void)
{
  g_autoptr(End) end = end_new ("positions", -1, FIRST);
  g_autoptr(Memory) memory = memory_new ("positions");
  g_autofree char *text = g_strnfill (3000, 'x');
  g_autoptr(GError) error = NULL;

  write_text (end, "short");
  write_text (end, text);
  g_assert_false (shmooze_communicator_set_read_position (end->communicator, SECOND, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PENDING, "3000", "2000", NULL);
  g_assert_true (shmooze_communicator_set_read_position (end->communicator, 3012, NULL));
}

static void
test_position_again (void)
{
  g_autoptr(End) end = end_new ("positions", SECOND, FIRST);

  start (end);
  write_text (end, "waits");
  g_assert_true (shmooze_communicator_set_read_position (end->communicator, SECOND, NULL));
  g_assert_true (shmooze_communicator_set_write_position (end->communicator, FIRST, NULL));
}

static void
test_position_keeps_message (void)
{
  g_autoptr(Memory) memory = memory_new ("positions");
  g_autoptr(End) writer = NULL, reader = NULL;

  put_raw (memory->bytes, 1, 0, 7, "pending");
  writer = end_new ("positions", -1, FIRST);
  g_assert_cmpuint (memory->bytes[0], ==, 1);
  g_assert_cmpuint (memory->bytes[1], ==, 0);
  reader = reader_new ("positions", FIRST);
  expect (reader, 0, "pending");
}

static void
test_second_writer (void)
{
  g_autoptr(End) end = end_new ("busy", -1, FIRST), other = end_new ("busy", -1, -1);
  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_communicator_set_write_position (other->communicator, FIRST, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_BUSY, "busy", "other position", NULL);
  g_assert_true (shmooze_communicator_set_write_position (end->communicator, SECOND, NULL));
  g_assert_true (shmooze_communicator_set_write_position (other->communicator, FIRST, NULL));
}

static void
test_second_reader (void)
{
  g_autoptr(End) end = reader_new ("busy", FIRST), other = end_new ("busy", FIRST, -1);
  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_communicator_start_reader (other->communicator, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_BUSY, "busy", "other position", NULL);
  shmooze_communicator_stop_reader (end->communicator);
  g_assert_true (shmooze_communicator_start_reader (other->communicator, NULL));
}

static void
test_read_without_position (void)
{
  g_autoptr(End) end = end_new ("nowhere", -1, FIRST);
  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_communicator_start_reader (end->communicator, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "nowhere", NULL);
}

static void
test_write_without_position (void)
{
  g_autoptr(End) end = end_new ("nowhere", FIRST, -1);
  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_communicator_write_text (end->communicator, "x", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "nowhere", NULL);
  g_assert_cmpuint (unconfirmed (end), ==, 0);
}

/* Messages */

static void
test_layout (void)
{
  g_autoptr(Memory) memory = memory_new ("layout");
  g_autoptr(End) end = end_new ("layout", FIRST, SECOND);
  const guint8 slot[] = { 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'h', 'e', 'l', 'l', 'o', 0 };

  g_assert_cmpuint (memory->bytes[SECOND + 1], ==, 1);
  write_text (end, "hello");
  g_assert_cmpmem (memory->bytes + SECOND, sizeof slot, slot, sizeof slot);
  check_zeros ((char *) memory->bytes, SECOND);
}

static void
test_taken (void)
{
  g_autoptr(Memory) memory = memory_new ("layout");
  g_autoptr(End) end = reader_new ("layout", SECOND);

  put_raw (memory->bytes + SECOND, 1, 0, 5, "hello");
  expect (end, 0, "hello");
  g_assert_cmpuint (memory->bytes[SECOND], ==, 0);
  g_assert_cmpuint (memory->bytes[SECOND + 1], ==, 1);
}

static void
test_both_ways (void)
{
  g_autoptr(End) ada = end_new ("talk", SECOND, FIRST), ben = end_new ("talk", FIRST, SECOND);

  start (ada);
  start (ben);
  write_text (ada, "Hello Ben");
  write_text (ben, "Hello Ada");
  expect (ada, 0, "Hello Ada");
  expect (ben, 0, "Hello Ben");
}

static void
test_text (void)
{
  g_autoptr(End) writer = end_new ("text", -1, FIRST), reader = reader_new ("text", FIRST);

  write_text (writer, "Grüße, 你好 🙂");
  expect (reader, 0, "Grüße, 你好 🙂");
}

static void
test_empty (void)
{
  g_autoptr(End) writer = end_new ("empty", -1, FIRST), reader = reader_new ("empty", FIRST);

  g_assert_true (shmooze_communicator_write (writer->communicator, NULL, 0, NULL));
  write_text (writer, "");
  write_text (writer, "after");
  expect (reader, 0, "");
  expect (reader, 1, "");
  expect (reader, 2, "after");
}

static void
test_zeros (void)
{
  const char data[] = "a\0b\0\0";
  g_autoptr(End) writer = end_new ("zeros", -1, FIRST), reader = reader_new ("zeros", FIRST);
  g_autoptr(GBytes) sent = g_bytes_new_static (data, sizeof data);

  g_assert_true (shmooze_communicator_write (writer->communicator, data, sizeof data, NULL));
  test_wait (reader->received->len > 0);
  g_assert_true (g_bytes_equal (reader->received->pdata[0], sent));
}

static void
check_largest (gint64 read_position,
               gint64 write_position,
               gsize  size)
{
  g_autoptr(End) writer = end_new ("largest", read_position, write_position);
  g_autoptr(End) reader = end_new ("largest", write_position, read_position);
  g_autoptr(Memory) memory = memory_new ("largest");
  g_autofree char *text = g_strnfill (size, 'x');
  guint8 before[2];

  memcpy (before, memory->bytes + read_position, sizeof before);
  g_assert_cmpuint (shmooze_communicator_get_max_size (writer->communicator), ==, size);
  start (reader);
  write_text (writer, text);
  expect (reader, 0, text);
  g_assert_cmpmem (memory->bytes + read_position, sizeof before, before, sizeof before);
}

static void
test_largest_before_other (void)
{
  check_largest (SECOND, FIRST, FIRST_ROOM);
}

static void
test_largest_before_end (void)
{
  check_largest (FIRST, SECOND, SECOND_ROOM);
}

static void
test_too_long (void)
{
  g_autoptr(Memory) memory = memory_new ("long");
  g_autoptr(End) end = end_new ("long", SECOND, FIRST);
  g_autofree char *text = g_strnfill (FIRST_ROOM + 1, 'x');
  g_autofree guint8 *copy = g_memdup2 (memory->bytes, CAPACITY);
  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_communicator_write_text (end->communicator, text, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG, "1989", "1988", "long", NULL);
  g_assert_cmpmem (memory->bytes, CAPACITY, copy, CAPACITY);
  g_assert_cmpuint (unconfirmed (end), ==, 0);
}

static void
test_order (void)
{
  g_autoptr(End) writer = end_new ("order", -1, FIRST), reader = end_new ("order", FIRST, -1);

  write_text (writer, "one");
  write_text (writer, "two");
  write_text (writer, "three");
  g_assert_cmpuint (unconfirmed (writer), ==, 3);
  start (reader);
  expect (reader, 2, "three");
  expect (reader, 1, "two");
  expect (reader, 0, "one");
}

static void
test_n_unconfirmed (void)
{
  g_autoptr(End) writer = end_new ("count", -1, FIRST), reader = end_new ("count", FIRST, -1);

  write_text (writer, "one");
  write_text (writer, "two");
  g_assert_true (was_told (writer, "n-unconfirmed 1"));
  g_assert_true (was_told (writer, "n-unconfirmed 2"));
  start (reader);
  test_wait (unconfirmed (writer) == 0);
  g_assert_true (was_told (writer, "n-unconfirmed 0"));
}

static void
test_stopped (void)
{
  g_autoptr(Memory) memory = memory_new ("stop");
  g_autoptr(End) writer = end_new ("stop", -1, FIRST), reader = reader_new ("stop", FIRST);

  shmooze_communicator_stop_reader (reader->communicator);
  shmooze_communicator_stop_reader (reader->communicator);
  write_text (writer, "waits");
  test_let_run (20);
  g_assert_cmpuint (reader->received->len, ==, 0);
  g_assert_cmpuint (memory->bytes[FIRST], ==, 1);
  start (reader);
  start (reader);
  expect (reader, 0, "waits");
}

static void
test_stopped_while_writing (void)
{
  g_autoptr(End) ada = end_new ("stop", SECOND, FIRST), ben = end_new ("stop", FIRST, -1);

  start (ada);
  write_text (ada, "one");
  write_text (ada, "two");
  shmooze_communicator_stop_reader (ada->communicator);
  start (ben);
  expect (ben, 1, "two");
  test_wait (unconfirmed (ada) == 0);
}

/* The asynchronous way */

typedef struct
{
  gboolean done;
  gboolean written;
  GError  *error;
} Outcome;

static void
on_written (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Outcome *self = user_data;

  self->written = shmooze_communicator_write_finish (SHMOOZE_COMMUNICATOR (object), result, &self->error);
  self->done = TRUE;
}

static void
write_async (End          *end,
             const char   *text,
             GCancellable *cancellable,
             Outcome      *outcome)
{
  shmooze_communicator_write_async (end->communicator, text, strlen (text), cancellable, on_written, outcome);
}

static void
test_async_confirmed (void)
{
  g_autoptr(Memory) memory = memory_new ("async");
  g_autoptr(End) end = end_new ("async", -1, FIRST);
  Outcome outcome = { 0 };

  write_async (end, "hello", NULL, &outcome);
  test_let_run (20);
  g_assert_cmpuint (memory->bytes[0], ==, 1);
  g_assert_false (outcome.done);
  memory->bytes[0] = 0;
  test_let_run (20);
  g_assert_false (outcome.done);
  memory->bytes[1] = 1;
  test_wait (outcome.done);
  g_assert_no_error (outcome.error);
  g_assert_true (outcome.written);
}

static void
test_async_too_long (void)
{
  g_autoptr(End) end = end_new ("async", SECOND, FIRST);
  g_autofree char *text = g_strnfill (FIRST_ROOM + 1, 'x');
  Outcome outcome = { 0 };

  write_async (end, text, NULL, &outcome);
  test_wait (outcome.done);
  g_assert_false (outcome.written);
  test_check_error (&outcome.error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG, "1989", "1988", NULL);
}

static void
test_async_cancelled (void)
{
  g_autoptr(End) writer = end_new ("async", -1, FIRST), reader = end_new ("async", FIRST, -1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Outcome outcome = { 0 };

  write_text (writer, "one");
  write_async (writer, "two", cancellable, &outcome);
  write_text (writer, "three");
  g_cancellable_cancel (cancellable);
  test_wait (outcome.done);
  test_check_error (&outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  g_assert_cmpuint (unconfirmed (writer), ==, 2);
  start (reader);
  expect (reader, 0, "one");
  expect (reader, 1, "three");
}

static void
test_async_cancelled_before (void)
{
  g_autoptr(Memory) memory = memory_new ("async");
  g_autoptr(End) end = end_new ("async", -1, FIRST);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Outcome outcome = { 0 };

  g_cancellable_cancel (cancellable);
  write_async (end, "never", cancellable, &outcome);
  test_wait (outcome.done);
  test_check_error (&outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  g_assert_cmpuint (memory->bytes[0], ==, 0);
}

/* What stands in the slot may be read at any moment: it is not taken back. */
static void
test_async_cancelled_too_late (void)
{
  g_autoptr(End) writer = end_new ("async", -1, FIRST), reader = end_new ("async", FIRST, -1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Outcome outcome = { 0 };

  write_async (writer, "stands there", cancellable, &outcome);
  g_cancellable_cancel (cancellable);
  test_let_run (20);
  g_assert_false (outcome.done);
  start (reader);
  expect (reader, 0, "stands there");
  test_wait (outcome.done);
  g_assert_no_error (outcome.error);
}

static void
test_async_closed (void)
{
  g_autoptr(End) end = end_new ("async", -1, FIRST);
  Outcome first = { 0 }, second = { 0 };

  write_async (end, "one", NULL, &first);
  write_async (end, "two", NULL, &second);
  shmooze_communicator_close (end->communicator);
  test_wait (first.done && second.done);
  test_check_error (&first.error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  test_check_error (&second.error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_assert_true (was_told (end, "n-unconfirmed 0"));
}

static void
test_close_keeps_message (void)
{
  g_autoptr(End) writer = end_new ("closed", -1, FIRST), reader = end_new ("closed", FIRST, -1);

  write_text (writer, "last words");
  write_text (writer, "too late");
  shmooze_communicator_close (writer->communicator);
  start (reader);
  expect (reader, 0, "last words");
  test_let_run (20);
  g_assert_cmpuint (reader->received->len, ==, 1);
}

static void
test_closed (void)
{
  g_autoptr(End) end = end_new ("closed", SECOND, FIRST);
  g_autoptr(GError) error = NULL;

  shmooze_communicator_close (end->communicator);
  shmooze_communicator_close (end->communicator);
  g_assert_false (shmooze_communicator_write_text (end->communicator, "x", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_assert_false (shmooze_communicator_start_reader (end->communicator, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_assert_false (shmooze_communicator_set_read_position (end->communicator, 100, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_assert_false (shmooze_communicator_set_write_position (end->communicator, 100, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
}

/* Callbacks that do what they like */

static void
answer (ShmoozeCommunicator *communicator,
        GBytes              *data,
        gpointer             user_data)
{
  gsize size;
  const void *bytes = g_bytes_get_data (data, &size);

  g_assert_true (shmooze_communicator_write (communicator, bytes, size, NULL));
}

static void
test_callback_writes (void)
{
  g_autoptr(End) ada = end_new ("echo", SECOND, FIRST), ben = end_new ("echo", FIRST, SECOND);

  start (ada);
  start (ben);
  g_signal_connect (ben->communicator, "data-received", G_CALLBACK (answer), NULL);
  write_text (ada, "one");
  write_text (ada, "two");
  expect (ada, 0, "one");
  expect (ada, 1, "two");
}

static void
test_callback_closes (void)
{
  g_autoptr(End) writer = end_new ("closes", -1, FIRST), reader = reader_new ("closes", FIRST);

  g_signal_connect (reader->communicator, "data-received", G_CALLBACK (shmooze_communicator_close), NULL);
  write_text (writer, "one");
  write_text (writer, "two");
  expect (reader, 0, "one");
  test_let_run (20);
  g_assert_cmpuint (reader->received->len, ==, 1);
  g_assert_cmpuint (reader->errors->len, ==, 0);
}

static void
let_go (ShmoozeCommunicator *communicator,
        GBytes              *data,
        gpointer             user_data)
{
  End *end = user_data;

  g_assert_true (communicator == end->communicator);
  g_clear_object (&end->communicator);
}

static void
test_callback_unrefs (void)
{
  g_autoptr(End) writer = end_new ("unrefs", -1, FIRST), reader = reader_new ("unrefs", FIRST);
  gpointer gone = reader->communicator;

  g_object_add_weak_pointer (gone, &gone);
  g_signal_connect (reader->communicator, "data-received", G_CALLBACK (let_go), reader);
  write_text (writer, "one");
  expect (reader, 0, "one");
  test_settle ();
  g_assert_null (gone);
}

static void
restart (ShmoozeCommunicator *communicator,
         GBytes              *data,
         gpointer             user_data)
{
  shmooze_communicator_stop_reader (communicator);
  g_assert_true (shmooze_communicator_start_reader (communicator, NULL));
}

static void
test_callback_restarts (void)
{
  g_autoptr(End) writer = end_new ("restarts", -1, FIRST), reader = reader_new ("restarts", FIRST);

  g_signal_connect (reader->communicator, "data-received", G_CALLBACK (restart), NULL);
  write_text (writer, "one");
  write_text (writer, "two");
  expect (reader, 0, "one");
  expect (reader, 1, "two");
}

static void
on_written_close (GObject      *object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  on_written (object, result, user_data);
  shmooze_communicator_close (SHMOOZE_COMMUNICATOR (object));
}

static void
test_confirmed_closes (void)
{
  g_autoptr(End) writer = end_new ("confirmed", -1, FIRST), reader = reader_new ("confirmed", FIRST);
  Outcome first = { 0 }, second = { 0 };

  shmooze_communicator_write_async (writer->communicator, "one", 3, NULL, on_written_close, &first);
  write_async (writer, "two", NULL, &second);
  test_wait (first.done && second.done);
  g_assert_no_error (first.error);
  test_check_error (&second.error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
}

/* Another's callback never runs within a call to write. */
static gboolean
write_when_confirmed (gpointer user_data)
{
  gpointer *all = user_data;
  End *writer = all[0];
  Memory *memory = all[1];
  Outcome *outcome = all[2];

  memory->bytes[0] = 0;
  memory->bytes[1] = 1;
  write_text (writer, "two");
  g_assert_false (outcome->done);
  all[3] = writer;
  return G_SOURCE_REMOVE;
}

static void
test_write_is_not_reentered (void)
{
  g_autoptr(Memory) memory = memory_new ("again");
  g_autoptr(End) writer = end_new ("again", -1, FIRST);
  Outcome outcome = { 0 };
  gpointer all[] = { writer, memory, &outcome, NULL };

  write_async (writer, "one", NULL, &outcome);
  test_let_run (20);
  g_idle_add_full (G_PRIORITY_HIGH, write_when_confirmed, all, NULL);
  test_wait (all[3] != NULL && outcome.done);
  g_assert_no_error (outcome.error);
}

static void
close_when_told (GObject    *communicator,
                 GParamSpec *pspec,
                 gpointer    user_data)
{
  shmooze_communicator_close (SHMOOZE_COMMUNICATOR (communicator));
}

static void
test_notify_closes (void)
{
  g_autoptr(End) end = end_new ("notify", -1, FIRST);

  g_signal_connect (end->communicator, "notify::n-unconfirmed", G_CALLBACK (close_when_told), NULL);
  write_text (end, "one");
  test_let_run (20);
  g_assert_cmpuint (unconfirmed (end), ==, 0);
  g_assert_cmpuint (end->errors->len, ==, 0);
}

static void
test_failed_closes (void)
{
  g_autoptr(Memory) memory = memory_new ("failed");
  g_autoptr(End) end = end_new ("failed", SECOND, FIRST);

  g_signal_connect (end->communicator, "failed", G_CALLBACK (shmooze_communicator_close), NULL);
  put_raw (memory->bytes + SECOND, 1, 0, -1, NULL);
  start (end);
  test_wait (end->errors->len > 0);
  test_let_run (20);
  g_assert_cmpuint (end->errors->len, ==, 1);
  g_assert_false (was_told (end, "peer-present TRUE"));
}

static gpointer
talk_in_thread (gpointer user_data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  {
    g_autoptr(End) end = end_new (user_data, FIRST, SECOND);

    start (end);
    write_text (end, "from the thread");
    expect (end, 0, "to the thread");
    g_assert_true (end->thread == g_thread_self ());
    test_wait (unconfirmed (end) == 0);
  }
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_own_context (void)
{
  g_autoptr(End) end = end_new ("thread", SECOND, FIRST);
  GThread *thread;

  start (end);
  write_text (end, "to the thread");
  thread = g_thread_new ("talker", talk_in_thread, (gpointer) "thread");
  expect (end, 0, "from the thread");
  test_wait (unconfirmed (end) == 0);
  g_thread_join (thread);
  g_assert_true (end->thread == g_thread_self ());
}

/* Another process, in the same program: it answers with what it gets, and does what it is told. */

static void
say_received (ShmoozeCommunicator *communicator,
              GBytes              *data,
              gpointer             user_data)
{
  test_say ("got %.*s", (int) g_bytes_get_size (data), (const char *) g_bytes_get_data (data, NULL));
}

static void
talk (int    argc,
      char **argv)
{
  g_autoptr(End) end = end_new (argv[0], atoi (argv[1]), atoi (argv[2]));
  char *line;

  g_signal_connect (end->communicator, "data-received", G_CALLBACK (say_received), NULL);
  if (atoi (argv[1]) >= 0)
    start (end);
  test_say ("ready");
  while ((line = test_hear ()) != NULL)
    {
      write_text (end, line);
      test_say ("written");
      g_free (line);
    }
}

static void
test_two_processes (void)
{
  g_autoptr(End) end = end_new ("two", SECOND, FIRST);
  g_autoptr(TestChild) child = test_child_new ("talk", "two", "0", "2000", NULL);

  test_child_expect (child, "ready");
  start (end);
  write_text (end, "Hello child");
  test_child_expect (child, "got Hello child");
  test_child_tell (child, "Hello parent");
  test_child_expect (child, "written");
  expect (end, 0, "Hello parent");
}

static void
test_second_writer_elsewhere (void)
{
  g_autoptr(End) end = end_new ("busy", -1, -1);
  g_autoptr(TestChild) child = test_child_new ("talk", "busy", "0", "2000", NULL);
  g_autoptr(GError) error = NULL;

  test_child_expect (child, "ready");
  g_assert_false (shmooze_communicator_set_write_position (end->communicator, SECOND, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_BUSY, NULL);
  g_assert_true (shmooze_communicator_set_read_position (end->communicator, FIRST, NULL));
  g_assert_false (shmooze_communicator_start_reader (end->communicator, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_BUSY, NULL);
}

/* Where the next one that takes the classic positions reads: -1 when there is no room for it. */
static gint64
take (End  **end,
      char **problem)
{
  g_autoptr(GError) error = NULL;

  *end = end_new ("take", -1, -1);
  if (shmooze_communicator_take_positions ((*end)->communicator, &error))
    {
      g_assert_cmpint (shmooze_communicator_get_read_position ((*end)->communicator) +
                       shmooze_communicator_get_write_position ((*end)->communicator), ==, FIRST + SECOND);
      return shmooze_communicator_get_read_position ((*end)->communicator);
    }

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpint (shmooze_communicator_get_read_position ((*end)->communicator), ==, -1);
  g_assert_cmpint (shmooze_communicator_get_write_position ((*end)->communicator), ==, -1);
  if (problem != NULL)
    *problem = g_strdup (error->message);
  return -1;
}

static void
test_take (void)
{
  g_autoptr(End) ada = NULL, ben = NULL, third = NULL, fourth = NULL;
  g_autofree char *problem = NULL;

  g_assert_cmpint (take (&ada, NULL), ==, FIRST);
  g_assert_cmpint (take (&ben, NULL), ==, SECOND);
  start (ben);
  write_text (ada, "Hello");
  expect (ben, 0, "Hello");

  g_assert_cmpint (take (&third, &problem), ==, -1);
  g_assert_nonnull (strstr (problem, "take"));
  g_assert_nonnull (strstr (problem, "another name"));

  /* Who goes leaves room for one more, on the same side. */
  g_clear_pointer (&ada, end_free);
  g_assert_cmpint (take (&fourth, NULL), ==, FIRST);
}

/* Somebody who only reads is one side too. */
static void
test_take_beside_reader (void)
{
  g_autoptr(End) reader = reader_new ("take", FIRST), end = NULL;

  g_assert_cmpint (take (&end, NULL), ==, SECOND);
}

static void
test_take_too_small (void)
{
  g_autoptr(ShmoozeCommunicator) communicator = shmooze_communicator_new ("take", 2012, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_communicator_take_positions (communicator, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "take", "2012", "2000", NULL);
  g_assert_cmpint (shmooze_communicator_get_read_position (communicator), ==, -1);
}

static void
test_peer_present (void)
{
  g_autoptr(End) end = end_new ("present", -1, FIRST), peer = end_new ("present", FIRST, -1);

  g_assert_false (shmooze_communicator_get_peer_present (end->communicator));
  start (peer);
  test_wait (shmooze_communicator_get_peer_present (end->communicator));
  g_assert_true (was_told (end, "peer-present TRUE"));
  shmooze_communicator_stop_reader (peer->communicator);
  test_wait (!shmooze_communicator_get_peer_present (end->communicator));
  g_assert_true (was_told (end, "peer-present FALSE"));
}

static void
test_peer_present_at_once (void)
{
  g_autoptr(End) peer = reader_new ("present", FIRST), end = end_new ("present", -1, FIRST);

  g_assert_true (shmooze_communicator_get_peer_present (end->communicator));
}

static void
test_peer_killed (void)
{
  g_autoptr(End) end = end_new ("killed", SECOND, FIRST);
  g_autoptr(TestChild) child = test_child_new ("talk", "killed", "0", "2000", NULL);

  test_wait (shmooze_communicator_get_peer_present (end->communicator));
  test_child_kill (child);
  test_wait (!shmooze_communicator_get_peer_present (end->communicator));
}

static void
test_restarted_writer (void)
{
  g_autoptr(End) reader = end_new ("restart", FIRST, -1), writer = NULL;
  g_autoptr(TestChild) child = test_child_new ("talk", "restart", "-1", "0", NULL);

  test_child_expect (child, "ready");
  test_child_tell (child, "before the crash");
  test_child_expect (child, "written");
  test_child_kill (child);
  writer = end_new ("restart", -1, FIRST);
  write_text (writer, "after it");
  test_let_run (20);
  start (reader);
  expect (reader, 0, "before the crash");
  expect (reader, 1, "after it");
}

static void
test_restarted_reader (void)
{
  g_autoptr(End) writer = end_new ("restart", -1, FIRST), reader = NULL;
  g_autoptr(TestChild) child = test_child_new ("talk", "restart", "0", "-1", NULL);

  write_text (writer, "one");
  test_child_expect (child, "ready");
  test_child_expect (child, "got one");
  test_child_kill (child);
  write_text (writer, "two");
  reader = reader_new ("restart", FIRST);
  expect (reader, 0, "two");
}

/* Its writer died between the two flags. */
static void
test_half_written (void)
{
  g_autoptr(Memory) memory = memory_new ("half");
  g_autoptr(End) writer = NULL, reader = reader_new ("half", FIRST);

  put_raw (memory->bytes, 0, 0, 4, "half");
  writer = end_new ("half", -1, FIRST);
  write_text (writer, "whole");
  expect (reader, 0, "whole");
  g_assert_cmpuint (reader->received->len, ==, 1);
}

/* Failures */

static void
test_lost (void)
{
  g_autofree char *path = test_path ("lost");
  g_autoptr(End) end = end_new ("lost", SECOND, FIRST);
  g_autoptr(GError) error = NULL;
  Outcome outcome = { 0 };

  start (end);
  write_async (end, "never", NULL, &outcome);
  g_assert_cmpint (truncate (path, 0), ==, 0);
  test_wait (end->errors->len > 0 && outcome.done);
  test_let_run (20);
  g_assert_cmpuint (end->errors->len, ==, 1);
  check_failure (end, SHMOOZE_ERROR_LOST, "lost");
  test_check_error (&outcome.error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "lost", NULL);
  g_assert_true (was_told (end, "n-unconfirmed 0"));
  g_assert_cmpuint (unconfirmed (end), ==, 0);
  g_assert_false (shmooze_communicator_write_text (end->communicator, "x", &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "lost", NULL);
  g_assert_false (shmooze_communicator_start_reader (end->communicator, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "lost", NULL);
}

static void
test_lost_after_corrupt (void)
{
  g_autofree char *path = test_path ("lost");
  g_autoptr(Memory) memory = memory_new ("lost");
  g_autoptr(End) end = reader_new ("lost", FIRST);

  put_raw (memory->bytes, 1, 0, -1, NULL);
  test_wait (end->errors->len == 1);
  g_assert_cmpint (truncate (path, 0), ==, 0);
  test_wait (end->errors->len == 2);
  check_failure (end, SHMOOZE_ERROR_LOST, "lost");
}

static void
test_mended (void)
{
  g_autoptr(Memory) memory = memory_new ("mended");
  g_autoptr(End) end = reader_new ("mended", FIRST);

  put_raw (memory->bytes, 1, 0, -1, NULL);
  test_wait (end->errors->len == 1);
  put_raw (memory->bytes, 1, 0, 6, "mended");
  expect (end, 0, "mended");
  put_raw (memory->bytes, 1, 0, -2, NULL);
  test_wait (end->errors->len == 2);
}

typedef struct
{
  guint8 available;
  guint8 confirm;
  gint32 length;  /* ROOM and little more: the room that there is, and as much more */
} Bad;

#define ROOM 1000000

static void
check_bad (gint64     position,
           gint64     other,
           gsize      room,
           const Bad *bad)
{
  gint32 length = bad->length >= ROOM && bad->length <= ROOM + 20 ? (gint32) room + bad->length - ROOM
                                                                 : bad->length;
  g_autofree guint8 *copy = NULL;
  g_autofree char *where = g_strdup_printf ("at %d", (int) position);
  g_autoptr(Memory) memory = memory_new ("hostile");
  g_autoptr(End) end = end_new ("hostile", position, other);

  memset (memory->bytes + position, 0x5a, CAPACITY - (gsize) position);
  put_raw (memory->bytes + position, bad->available, bad->confirm, length, NULL);
  copy = g_memdup2 (memory->bytes, CAPACITY);
  start (end);
  test_wait (end->errors->len > 0);
  test_let_run (4);
  g_assert_cmpuint (end->errors->len, ==, 1);
  check_failure (end, SHMOOZE_ERROR_CORRUPT, where);
  g_assert_cmpuint (end->received->len, ==, 0);
  g_assert_cmpmem (memory->bytes, CAPACITY, copy, CAPACITY);
}

/* At the start, in the second slot, and where one byte has room. */
static guint
check_all_bad (const Bad *bad,
               gsize      n)
{
  for (gsize i = 0; i < n; i++)
    {
      check_bad (FIRST, SECOND, FIRST_ROOM, &bad[i]);
      check_bad (SECOND, FIRST, SECOND_ROOM, &bad[i]);
      check_bad (CAPACITY - DATA_AT - 1, FIRST, 1, &bad[i]);
    }
  return 3 * (guint) n;
}

static void
test_hostile_negative (void)
{
  const Bad bad[] = {
    { 1, 0, -1 }, { 1, 0, -2 }, { 1, 0, -11 }, { 1, 0, -12 }, { 1, 0, -13 }, { 1, 0, -1988 }, { 1, 0, -4096 },
    { 1, 0, -65536 }, { 1, 0, G_MININT32 }, { 1, 0, G_MININT32 + 1 }, { 1, 1, -1 }
  };

  g_assert_cmpuint (check_all_bad (bad, G_N_ELEMENTS (bad)), ==, 33);
}

static void
test_hostile_huge (void)
{
  const Bad bad[] = {
    { 1, 0, ROOM + 1 }, { 1, 0, ROOM + 2 }, { 1, 0, ROOM + 11 }, { 1, 0, ROOM + 12 }, { 1, 0, ROOM + 13 },
    { 1, 0, 4096 }, { 1, 0, 4097 }, { 1, 0, 65536 }, { 1, 0, 0x01000000 }, { 1, 0, G_MAXINT32 - 12 },
    { 1, 0, G_MAXINT32 - 1 }, { 1, 0, G_MAXINT32 }, { 1, 1, G_MAXINT32 }
  };

  g_assert_cmpuint (check_all_bad (bad, G_N_ELEMENTS (bad)), ==, 39);
}

static void
test_hostile_flags (void)
{
  const Bad bad[] = {
    { 2, 0, 1 }, { 3, 0, 1 }, { 127, 0, 1 }, { 128, 0, 1 }, { 255, 0, 1 }, { 255, 255, 1 }, { 1, 2, 1 }, { 1, 255, 1 },
    { 0, 2, 0 }, { 0, 255, 0 }, { 2, 0, -1 }, { 255, 255, G_MAXINT32 }
  };

  g_assert_cmpuint (check_all_bad (bad, G_N_ELEMENTS (bad)), ==, 36);
}

/* What the peer says of our slot is only believed when it makes sense. */
static void
test_hostile_confirmation (void)
{
  const guint8 bad[][2] = { { 0, 2 }, { 0, 255 }, { 2, 1 }, { 255, 1 }, { 255, 255 }, { 1, 1 } };
  g_autoptr(Memory) memory = memory_new ("hostile");
  g_autoptr(End) end = end_new ("hostile", -1, FIRST);

  write_text (end, "one");
  write_text (end, "two");
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      memory->bytes[0] = bad[i][0];
      memory->bytes[1] = bad[i][1];
      test_let_run (10);
      g_assert_cmpuint (unconfirmed (end), ==, 2);
      g_assert_cmpint (length_in (memory->bytes), ==, 3);
      g_assert_cmpmem (memory->bytes + DATA_AT, 3, "one", 3);
    }
}

/* Many */

static GBytes *
pattern (guint number)
{
  gsize size = 1 + number * 7919 % 1900;
  guint8 *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8) ((number + 7 * i) % 251);
  return g_bytes_new_take (bytes, size);
}

static void
send_many (End   *end,
           guint  n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(GBytes) message = pattern (i);
      g_autoptr(GError) error = NULL;

      gsize size;
      const void *bytes = g_bytes_get_data (message, &size);

      g_assert_true (shmooze_communicator_write (end->communicator, bytes, size, &error));
      g_assert_no_error (error);
    }
}

static void
expect_many (End   *end,
             guint  n)
{
  test_wait (end->received->len >= n);
  g_assert_cmpuint (end->received->len, ==, n);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(GBytes) message = pattern (i);

      g_assert_true (g_bytes_equal (message, end->received->pdata[i]));
    }
}

static void
flood (int    argc,
       char **argv)
{
  g_autoptr(End) end = end_new (argv[0], FIRST, SECOND);

  start (end);
  send_many (end, N_MANY);
  expect_many (end, N_MANY);
  test_wait (unconfirmed (end) == 0);
  test_say ("exchanged %d", N_MANY);
  g_free (test_hear ());
}

static void
test_many (void)
{
  g_autoptr(End) end = end_new ("many", SECOND, FIRST);
  g_autoptr(TestChild) child = test_child_new ("flood", "many", NULL);
  gint64 begin = g_get_monotonic_time ();

  start (end);
  send_many (end, N_MANY);
  expect_many (end, N_MANY);
  test_child_expect (child, "exchanged 1000");
  test_wait (unconfirmed (end) == 0);
  g_test_message ("%.2f s", (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC);
}

/* A peer that was written against the table, in Python */

#define PYTHON "/usr/bin/python3"

static void
run_peer (int    argc,
          char **argv)
{
  g_autofree char *script = g_build_filename (g_getenv ("G_TEST_SRCDIR"), "peers", "communicator.py", NULL);
  g_autoptr(GPtrArray) all = g_ptr_array_new ();

  g_ptr_array_add (all, (char *) PYTHON);
  g_ptr_array_add (all, script);
  for (int i = 0; i < argc; i++)
    g_ptr_array_add (all, argv[i]);
  g_ptr_array_add (all, NULL);
  execv (PYTHON, (char **) all->pdata);
  g_error ("%s: %s", PYTHON, g_strerror (errno));
}

static gboolean
has_python (void)
{
  if (g_file_test (PYTHON, G_FILE_TEST_IS_EXECUTABLE))
    return TRUE;
  g_test_skip (PYTHON " is not there");
  return FALSE;
}

/* One of ours and a foreign one. */
typedef struct
{
  char      *name;
  End       *end;
  TestChild *peer;
} Mixed;

static Mixed *
mixed_new (const char *pause)
{
  Mixed *self = g_new0 (Mixed, 1);

  self->name = test_unique_name ("/shmooze-test");
  self->end = end_new (self->name, SECOND, FIRST);
  self->peer = test_child_new ("peer", self->name, "0", "2000", "--pause", pause, NULL);
  test_child_expect (self->peer, "ready");
  test_child_tell (self->peer, "claim");
  test_child_expect (self->peer, "claimed");
  return self;
}

static void
mixed_free (Mixed *self)
{
  test_child_free (self->peer);
  end_free (self->end);
  g_free (self->name);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Mixed, mixed_free)

static void
test_python_reads (void)
{
  g_autoptr(Mixed) mixed = NULL;

  if (!has_python ())
    return;
  mixed = mixed_new ("0.3");
  send_many (mixed->end, N_MANY);
  test_child_tell (mixed->peer, "receive %d", N_MANY);
  test_child_expect (mixed->peer, "received 1000");
  test_wait (unconfirmed (mixed->end) == 0);
}

static void
test_python_writes (void)
{
  g_autoptr(Mixed) mixed = NULL;

  if (!has_python ())
    return;
  mixed = mixed_new ("0.3");
  start (mixed->end);
  test_child_tell (mixed->peer, "send %d", N_MANY);
  test_child_expect (mixed->peer, "sent 1000");
  expect_many (mixed->end, N_MANY);
}

static void
test_python_both_ways (void)
{
  g_autoptr(Mixed) mixed = NULL;

  if (!has_python ())
    return;
  mixed = mixed_new ("0.3");
  start (mixed->end);
  send_many (mixed->end, N_MANY);
  test_child_tell (mixed->peer, "exchange %d", N_MANY);
  test_child_expect (mixed->peer, "exchanged 1000");
  expect_many (mixed->end, N_MANY);
}

static void
test_python_original_timing (void)
{
  g_autoptr(Mixed) mixed = NULL;

  if (!has_python ())
    return;
  mixed = mixed_new ("500");
  start (mixed->end);
  send_many (mixed->end, 4);
  test_child_tell (mixed->peer, "exchange 4");
  test_child_expect (mixed->peer, "exchanged 4");
  expect_many (mixed->end, 4);
  test_wait (unconfirmed (mixed->end) == 0);
}

static void
test_python_text (void)
{
  g_autoptr(Mixed) mixed = NULL;

  if (!has_python ())
    return;
  mixed = mixed_new ("0.3");
  start (mixed->end);
  write_text (mixed->end, "Grüße 🙂");
  test_child_tell (mixed->peer, "read");
  test_child_expect (mixed->peer, "Grüße 🙂");
  test_child_tell (mixed->peer, "write Добрый день 🙂");
  test_child_expect (mixed->peer, "written");
  expect (mixed->end, 0, "Добрый день 🙂");
}

/* The region is the other program's: it made it, and it removes it. */
static void
test_python_creates (void)
{
  g_autofree char *name = test_unique_name ("/shmooze-test"), *path = g_strconcat ("/dev/shm", name, NULL);
  g_autoptr(TestChild) peer = NULL;

  if (!has_python ())
    return;
  peer = test_child_new ("peer", name, "0", "2000", "--create", "4096", NULL);
  test_child_expect (peer, "ready");
  test_child_tell (peer, "claim");
  test_child_expect (peer, "claimed");
  {
    g_autoptr(End) end = end_new (name, SECOND, FIRST);

    start (end);
    write_text (end, "Hello");
    test_child_tell (peer, "read");
    test_child_expect (peer, "Hello");
    test_child_tell (peer, "write World");
    test_child_expect (peer, "written");
    expect (end, 0, "World");
  }
  g_assert_true (is_there (path));
  test_child_tell (peer, "unlink");
  test_child_expect (peer, "unlinked");
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("talk", talk);
  test_child_role ("flood", flood);
  test_child_role ("peer", run_peer);
  test_init (&argc, &argv);

  test_add ("/communicator/properties/defaults", test_defaults);
  test_add ("/communicator/properties/name-and-capacity", test_name_and_capacity);
  test_add ("/communicator/properties/capacity-of-existing", test_capacity_of_existing);
  test_add ("/communicator/properties/bad-name", test_bad_name);
  test_add ("/communicator/properties/positions", test_positions_as_properties);
  test_add ("/communicator/properties/bad-position", test_bad_position_as_property);
  test_add ("/communicator/properties/max-size", test_max_size);
  test_add ("/communicator/properties/n-unconfirmed", test_n_unconfirmed);
  test_add ("/communicator/position/negative", test_position_negative);
  test_add ("/communicator/position/outside", test_position_outside);
  test_add ("/communicator/position/last", test_position_last);
  test_add ("/communicator/position/tiny-region", test_position_in_tiny_region);
  test_add ("/communicator/position/overlap", test_positions_overlap);
  test_add ("/communicator/position/while-reading", test_position_while_reading);
  test_add ("/communicator/position/while-unconfirmed", test_position_while_unconfirmed);
  test_add ("/communicator/position/in-long-message", test_position_in_long_message);
  test_add ("/communicator/position/again", test_position_again);
  test_add ("/communicator/position/keeps-message", test_position_keeps_message);
  test_add ("/communicator/position/read-without", test_read_without_position);
  test_add ("/communicator/position/write-without", test_write_without_position);
  test_add ("/communicator/busy/writer", test_second_writer);
  test_add ("/communicator/busy/reader", test_second_reader);
  test_add ("/communicator/busy/elsewhere", test_second_writer_elsewhere);
  test_add ("/communicator/message/layout", test_layout);
  test_add ("/communicator/message/taken", test_taken);
  test_add ("/communicator/message/both-ways", test_both_ways);
  test_add ("/communicator/message/two-processes", test_two_processes);
  test_add ("/communicator/message/text", test_text);
  test_add ("/communicator/message/empty", test_empty);
  test_add ("/communicator/message/zeros", test_zeros);
  test_add ("/communicator/message/largest-before-other", test_largest_before_other);
  test_add ("/communicator/message/largest-before-end", test_largest_before_end);
  test_add ("/communicator/message/too-long", test_too_long);
  test_add ("/communicator/message/order", test_order);
  test_add ("/communicator/message/stopped", test_stopped);
  test_add ("/communicator/message/stopped-while-writing", test_stopped_while_writing);
  test_add ("/communicator/async/confirmed", test_async_confirmed);
  test_add ("/communicator/async/too-long", test_async_too_long);
  test_add ("/communicator/async/cancelled", test_async_cancelled);
  test_add ("/communicator/async/cancelled-before", test_async_cancelled_before);
  test_add ("/communicator/async/cancelled-too-late", test_async_cancelled_too_late);
  test_add ("/communicator/async/closed", test_async_closed);
  test_add ("/communicator/close/keeps-message", test_close_keeps_message);
  test_add ("/communicator/close/refuses", test_closed);
  test_add ("/communicator/callback/writes", test_callback_writes);
  test_add ("/communicator/callback/closes", test_callback_closes);
  test_add ("/communicator/callback/unrefs", test_callback_unrefs);
  test_add ("/communicator/callback/restarts", test_callback_restarts);
  test_add ("/communicator/callback/confirmed-closes", test_confirmed_closes);
  test_add ("/communicator/callback/write-is-not-reentered", test_write_is_not_reentered);
  test_add ("/communicator/callback/notify-closes", test_notify_closes);
  test_add ("/communicator/callback/failed-closes", test_failed_closes);
  test_add ("/communicator/callback/own-context", test_own_context);
  test_add ("/communicator/take/in-turn", test_take);
  test_add ("/communicator/take/beside-reader", test_take_beside_reader);
  test_add ("/communicator/take/too-small", test_take_too_small);
  test_add ("/communicator/peer/present", test_peer_present);
  test_add ("/communicator/peer/present-at-once", test_peer_present_at_once);
  test_add ("/communicator/peer/killed", test_peer_killed);
  test_add ("/communicator/peer/restarted-writer", test_restarted_writer);
  test_add ("/communicator/peer/restarted-reader", test_restarted_reader);
  test_add ("/communicator/peer/half-written", test_half_written);
  test_add ("/communicator/failure/lost", test_lost);
  test_add ("/communicator/failure/lost-after-corrupt", test_lost_after_corrupt);
  test_add ("/communicator/failure/mended", test_mended);
  test_add ("/communicator/hostile/negative-length", test_hostile_negative);
  test_add ("/communicator/hostile/huge-length", test_hostile_huge);
  test_add ("/communicator/hostile/flags", test_hostile_flags);
  test_add ("/communicator/hostile/confirmation", test_hostile_confirmation);
  test_add ("/communicator/many/both-ways", test_many);
  test_add ("/communicator/python/reads", test_python_reads);
  test_add ("/communicator/python/writes", test_python_writes);
  test_add ("/communicator/python/both-ways", test_python_both_ways);
  test_add ("/communicator/python/original-timing", test_python_original_timing);
  test_add ("/communicator/python/text", test_python_text);
  test_add ("/communicator/python/creates", test_python_creates);

  return test_run ();
}
