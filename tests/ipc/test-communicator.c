/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-communicator.h"

/* Properties */

static void
test_defaults (void)
{
  g_test_summary ("Positions are -1 until they are set, and the maximum message length is 0 until then.");

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
  g_test_summary ("A communicator has its region's name and capacity.");

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
  g_test_summary ("A communicator on an existing region has that region's capacity.");

  g_autoptr(ShmoozeRegion) region = create ("smaller", 100);
  g_autoptr(End) end = end_new ("smaller", -1, -1);

  g_assert_cmpuint (shmooze_communicator_get_capacity (end->communicator), ==, 100);
}

static void
test_bad_name (void)
{
  g_test_summary ("An invalid region name is refused.");

  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_communicator_new ("a/b", CAPACITY, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, "a/b", NULL);
}

static void
test_positions_as_properties (void)
{
  g_test_summary ("Positions can be set as properties, which are notified.");

  g_autoptr(End) end = end_new ("properties", -1, -1);

  g_object_set (end->communicator, "read-position", (gint64) 2000, "write-position", (gint64) 0, NULL);
  g_assert_cmpint (shmooze_communicator_get_read_position (end->communicator), ==, 2000);
  g_assert_cmpint (shmooze_communicator_get_write_position (end->communicator), ==, 0);
  g_assert_true (was_notified (end, "read-position 2000"));
  g_assert_true (was_notified (end, "write-position 0"));
}

static void
test_bad_position_as_property (void)
{
  g_test_summary ("Setting an invalid position as a property logs a warning and changes nothing.");

  g_autoptr(End) end = end_new ("properties", 0, -1);

  g_test_expect_message ("Shmooze", G_LOG_LEVEL_WARNING, "*5000*4096*");
  g_object_set (end->communicator, "read-position", (gint64) 5000, NULL);
  g_test_assert_expected_messages ();
  g_assert_cmpint (shmooze_communicator_get_read_position (end->communicator), ==, 0);
}

static void
test_max_size (void)
{
  g_test_summary ("A message may reach up to the other slot, or to the region's end.");

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
  g_test_summary ("A negative position is refused.");

  g_autoptr(End) end = end_new ("positions", -1, -1);

  check_refused (end, -1, "4096");
  check_refused (end, G_MININT64, "4096");
}

static void
test_position_outside (void)
{
  g_test_summary ("A slot that does not fit into the region is refused, with the numbers.");

  g_autoptr(End) end = end_new ("positions", -1, -1);

  check_refused (end, CAPACITY - DATA_AT, "4096");
  check_refused (end, CAPACITY, "4096");
  check_refused (end, G_MAXINT64, "4096");
}

static void
test_position_last (void)
{
  g_test_summary ("The last slot of a region has room for one byte.");

  g_autoptr(End) end = end_new ("positions", -1, CAPACITY - DATA_AT - 1);

  g_assert_cmpuint (shmooze_communicator_get_max_size (end->communicator), ==, 1);
}

static void
test_position_in_tiny_region (void)
{
  g_test_summary ("A region that is too small for a slot refuses every position.");

  g_autoptr(ShmoozeRegion) region = create ("tiny", DATA_AT);
  g_autoptr(End) end = end_new ("tiny", -1, -1);

  check_refused (end, 0, "of 12 bytes");
}

static void
test_positions_overlap (void)
{
  g_test_summary ("Slots that overlap are refused, with both positions.");

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
  g_test_summary ("The read position cannot be changed while reading.");

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
  g_test_summary ("The write position cannot be changed while messages are unconfirmed.");

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
  g_test_summary ("The read position cannot be set inside a queued message.");

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
  g_test_summary ("Setting a position to its current value always succeeds.");

  g_autoptr(End) end = end_new ("positions", SECOND, FIRST);

  start (end);
  write_text (end, "waits");
  g_assert_true (shmooze_communicator_set_read_position (end->communicator, SECOND, NULL));
  g_assert_true (shmooze_communicator_set_write_position (end->communicator, FIRST, NULL));
}

static void
test_position_keeps_message (void)
{
  g_test_summary ("Setting a position keeps the message that is in the slot.");

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
  g_test_summary ("A second writer of a slot is refused until the first one has moved to another slot.");

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
  g_test_summary ("A second reader of a slot is refused until the first one has stopped.");

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
  g_test_summary ("Reading without a read position is an error.");

  g_autoptr(End) end = end_new ("nowhere", -1, FIRST);
  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_communicator_start_reader (end->communicator, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "nowhere", NULL);
}

static void
test_write_without_position (void)
{
  g_test_summary ("Writing without a write position is an error.");

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
  g_test_summary ("A message is in the region byte by byte as the documented layout says.");

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
  g_test_summary ("A message is read and confirmed as the documented layout says.");

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
  g_test_summary ("Two communicators exchange messages in both directions.");

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
  g_test_summary ("Text in any script is received as it was sent.");

  g_autoptr(End) writer = end_new ("text", -1, FIRST), reader = reader_new ("text", FIRST);

  write_text (writer, "Grüße, 你好 🙂");
  expect (reader, 0, "Grüße, 你好 🙂");
}

static void
test_empty (void)
{
  g_test_summary ("An empty message is a message.");

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
  g_test_summary ("Zeros within a message and at its end are kept.");

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
  g_test_summary ("The largest message ends where the other slot begins, which it leaves alone.");

  check_largest (SECOND, FIRST, FIRST_ROOM);
}

static void
test_largest_before_end (void)
{
  g_test_summary ("The largest message of the last slot ends where the region ends.");

  check_largest (FIRST, SECOND, SECOND_ROOM);
}

static void
test_too_long (void)
{
  g_test_summary ("A message that is too long is refused with both lengths, and the region stays unchanged.");

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
  g_test_summary ("Messages are received in the order in which they were written.");

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
  g_test_summary ("The number of unconfirmed messages is notified when it changes.");

  g_autoptr(End) writer = end_new ("count", -1, FIRST), reader = end_new ("count", FIRST, -1);

  write_text (writer, "one");
  write_text (writer, "two");
  g_assert_true (was_notified (writer, "n-unconfirmed 1"));
  g_assert_true (was_notified (writer, "n-unconfirmed 2"));
  start (reader);
  test_wait (unconfirmed (writer) == 0);
  g_assert_true (was_notified (writer, "n-unconfirmed 0"));
}

static void
test_stopped (void)
{
  g_test_summary ("A message that arrives while the reader is stopped waits for the next start.");

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
  g_test_summary ("Stopping the reader does not stop messages that are being sent.");

  g_autoptr(End) ada = end_new ("stop", SECOND, FIRST), ben = end_new ("stop", FIRST, -1);

  start (ada);
  write_text (ada, "one");
  write_text (ada, "two");
  shmooze_communicator_stop_reader (ada->communicator);
  start (ben);
  expect (ben, 1, "two");
  test_wait (unconfirmed (ada) == 0);
}

/* Taking the positions of the original programs */

/* Returns where the next communicator that takes the positions reads, or -1 if both are in use. */
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
  g_test_summary ("The first to take the original positions reads at 0, the next at 2000, and a third is refused.");

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

  /* One that ends makes its positions free. */
  g_clear_pointer (&ada, end_free);
  g_assert_cmpint (take (&fourth, NULL), ==, FIRST);
}

static void
test_take_beside_reader (void)
{
  g_test_summary ("A process that only reads at one of the original positions leaves the other one free.");

  g_autoptr(End) reader = reader_new ("take", FIRST), end = NULL;

  g_assert_cmpint (take (&end, NULL), ==, SECOND);
}

static void
test_take_too_small (void)
{
  g_test_summary ("A region too small for the original positions is refused, with the numbers.");

  g_autoptr(ShmoozeCommunicator) communicator = shmooze_communicator_new ("take", 2012, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_communicator_take_positions (communicator, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "take", "2012", "2000", NULL);
  g_assert_cmpint (shmooze_communicator_get_read_position (communicator), ==, -1);
}

int
main (int    argc,
      char **argv)
{
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
  test_add ("/communicator/message/layout", test_layout);
  test_add ("/communicator/message/taken", test_taken);
  test_add ("/communicator/message/both-ways", test_both_ways);
  test_add ("/communicator/message/text", test_text);
  test_add ("/communicator/message/empty", test_empty);
  test_add ("/communicator/message/zeros", test_zeros);
  test_add ("/communicator/message/largest-before-other", test_largest_before_other);
  test_add ("/communicator/message/largest-before-end", test_largest_before_end);
  test_add ("/communicator/message/too-long", test_too_long);
  test_add ("/communicator/message/order", test_order);
  test_add ("/communicator/message/stopped", test_stopped);
  test_add ("/communicator/message/stopped-while-writing", test_stopped_while_writing);
  test_add ("/communicator/take/in-turn", test_take);
  test_add ("/communicator/take/beside-reader", test_take_beside_reader);
  test_add ("/communicator/take/too-small", test_take_too_small);

  return test_run ();
}
