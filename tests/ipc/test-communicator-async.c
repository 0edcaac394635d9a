/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asynchronous writes, closing meanwhile, and callbacks that call the communicator. */

#include "lib/test-communicator.h"

static void
test_async_confirmed (void)
{
  g_test_summary ("A write completes when both flags say that the message was read, and not before.");

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
  g_test_summary ("Writing a message that is too long fails in its callback.");

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
  g_test_summary ("A queued message can be cancelled, even without a peer.");

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
  g_test_summary ("A message that is cancelled before it is written is never sent.");

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

static void
test_async_cancelled_too_late (void)
{
  g_test_summary ("A message in the slot cannot be cancelled.");

  g_autoptr(End) writer = end_new ("async", -1, FIRST), reader = end_new ("async", FIRST, -1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Outcome outcome = { 0 };

  write_async (writer, "in the slot", cancellable, &outcome);
  g_cancellable_cancel (cancellable);
  test_let_run (20);
  g_assert_false (outcome.done);
  start (reader);
  expect (reader, 0, "in the slot");
  test_wait (outcome.done);
  g_assert_no_error (outcome.error);
}

static void
test_async_closed (void)
{
  g_test_summary ("Closing a communicator fails its unconfirmed writes.");

  g_autoptr(End) end = end_new ("async", -1, FIRST);
  Outcome first = { 0 }, second = { 0 };

  write_async (end, "one", NULL, &first);
  write_async (end, "two", NULL, &second);
  shmooze_communicator_close (end->communicator);
  test_wait (first.done && second.done);
  test_check_error (&first.error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  test_check_error (&second.error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
  g_assert_true (was_notified (end, "n-unconfirmed 0"));
}

static void
test_close_keeps_message (void)
{
  g_test_summary ("A message in the slot outlives its writer; queued messages do not.");

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
  g_test_summary ("A closed communicator refuses every call, and can be closed again.");

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

/* Callbacks that call the communicator */

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
  g_test_summary ("A handler may answer immediately.");

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
  g_test_summary ("A handler may close the communicator.");

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
  g_test_summary ("A handler may drop the last reference to the communicator.");

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
  g_test_summary ("A handler may stop and start the reader.");

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
  g_test_summary ("The callback of a write may close the communicator.");

  g_autoptr(End) writer = end_new ("confirmed", -1, FIRST), reader = reader_new ("confirmed", FIRST);
  Outcome first = { 0 }, second = { 0 };

  shmooze_communicator_write_async (writer->communicator, "one", 3, NULL, on_written_close, &first);
  write_async (writer, "two", NULL, &second);
  test_wait (first.done && second.done);
  g_assert_no_error (first.error);
  test_check_error (&second.error, G_IO_ERROR, G_IO_ERROR_CLOSED, NULL);
}

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
  g_test_summary ("Writing never runs the callback of another write.");

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
  g_test_summary ("A handler of notify::n-unconfirmed may close the communicator.");

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
  g_test_summary ("A handler of a failure may close the communicator.");

  g_autoptr(Memory) memory = memory_new ("failed");
  g_autoptr(End) end = end_new ("failed", SECOND, FIRST);

  g_signal_connect (end->communicator, "failed", G_CALLBACK (shmooze_communicator_close), NULL);
  put_raw (memory->bytes + SECOND, 1, 0, -1, NULL);
  start (end);
  test_wait (end->errors->len > 0);
  test_let_run (20);
  g_assert_cmpuint (end->errors->len, ==, 1);
  g_assert_false (was_notified (end, "peer-present TRUE"));
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
  g_test_summary ("Signals are emitted in the thread that created the communicator.");

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

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  test_add ("/communicator-async/confirmed", test_async_confirmed);
  test_add ("/communicator-async/too-long", test_async_too_long);
  test_add ("/communicator-async/cancelled", test_async_cancelled);
  test_add ("/communicator-async/cancelled-before", test_async_cancelled_before);
  test_add ("/communicator-async/cancelled-too-late", test_async_cancelled_too_late);
  test_add ("/communicator-async/closed", test_async_closed);
  test_add ("/communicator-async/close/keeps-message", test_close_keeps_message);
  test_add ("/communicator-async/close/refuses", test_closed);
  test_add ("/communicator-async/callback/writes", test_callback_writes);
  test_add ("/communicator-async/callback/closes", test_callback_closes);
  test_add ("/communicator-async/callback/unrefs", test_callback_unrefs);
  test_add ("/communicator-async/callback/restarts", test_callback_restarts);
  test_add ("/communicator-async/callback/confirmed-closes", test_confirmed_closes);
  test_add ("/communicator-async/callback/write-is-not-reentered", test_write_is_not_reentered);
  test_add ("/communicator-async/callback/notify-closes", test_notify_closes);
  test_add ("/communicator-async/callback/failed-closes", test_failed_closes);
  test_add ("/communicator-async/callback/own-context", test_own_context);

  return test_run ();
}
