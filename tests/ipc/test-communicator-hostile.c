/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Invalid contents of a slot, and lost regions. */

#include "lib/test-communicator.h"

#include <unistd.h>

/* Failures */

static void
test_lost (void)
{
  g_test_summary ("A lost region is reported once, and unconfirmed writes fail.");

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
  g_assert_true (was_notified (end, "n-unconfirmed 0"));
  g_assert_cmpuint (unconfirmed (end), ==, 0);
  g_assert_false (shmooze_communicator_write_text (end->communicator, "x", &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "lost", NULL);
  g_assert_false (shmooze_communicator_start_reader (end->communicator, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "lost", NULL);
}

static void
test_lost_after_corrupt (void)
{
  g_test_summary ("A lost region is reported also after another failure.");

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
test_repaired (void)
{
  g_test_summary ("Reading goes on when a slot is repaired, and the next failure is reported again.");

  g_autoptr(Memory) memory = memory_new ("repaired");
  g_autoptr(End) end = reader_new ("repaired", FIRST);

  put_raw (memory->bytes, 1, 0, -1, NULL);
  test_wait (end->errors->len == 1);
  put_raw (memory->bytes, 1, 0, 8, "repaired");
  expect (end, 0, "repaired");
  put_raw (memory->bytes, 1, 0, -2, NULL);
  test_wait (end->errors->len == 2);
}

typedef struct
{
  guint8 available;
  guint8 confirm;
  gint32 length;  /* ROOM + n: n bytes more than the slot has room for */
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

/* At the start, in the second slot, and in a slot of one byte. */
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
  g_test_summary ("A negative length is reported once and changes nothing.");

  const Bad bad[] = {
    { 1, 0, -1 }, { 1, 0, -2 }, { 1, 0, -11 }, { 1, 0, -12 }, { 1, 0, -13 }, { 1, 0, -1988 }, { 1, 0, -4096 },
    { 1, 0, -65536 }, { 1, 0, G_MININT32 }, { 1, 0, G_MININT32 + 1 }, { 1, 1, -1 }
  };

  g_assert_cmpuint (check_all_bad (bad, G_N_ELEMENTS (bad)), ==, 33);
}

static void
test_hostile_huge (void)
{
  g_test_summary ("A length beyond the slot is reported once and changes nothing.");

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
  g_test_summary ("Flags other than 0 and 1 are reported once and change nothing.");

  const Bad bad[] = {
    { 2, 0, 1 }, { 3, 0, 1 }, { 127, 0, 1 }, { 128, 0, 1 }, { 255, 0, 1 }, { 255, 255, 1 }, { 1, 2, 1 }, { 1, 255, 1 },
    { 0, 2, 0 }, { 0, 255, 0 }, { 2, 0, -1 }, { 255, 255, G_MAXINT32 }
  };

  g_assert_cmpuint (check_all_bad (bad, G_N_ELEMENTS (bad)), ==, 36);
}

static void
test_hostile_confirmation (void)
{
  g_test_summary ("An invalid confirmation confirms nothing.");

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

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  test_add ("/communicator-hostile/failure/lost", test_lost);
  test_add ("/communicator-hostile/failure/lost-after-corrupt", test_lost_after_corrupt);
  test_add ("/communicator-hostile/failure/repaired", test_repaired);
  test_add ("/communicator-hostile/negative-length", test_hostile_negative);
  test_add ("/communicator-hostile/huge-length", test_hostile_huge);
  test_add ("/communicator-hostile/flags", test_hostile_flags);
  test_add ("/communicator-hostile/confirmation", test_hostile_confirmation);

  return test_run ();
}
