/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-region.h"

#include <stdatomic.h>
#include <unistd.h>

#define N_THREADS 4
#define ROUNDS (TEST_SLOW ? 30 : 200)

/* The library in several threads and main contexts. */

static void
run_in_threads (guint       n,
                GThreadFunc func,
                gpointer    data)
{
  GThread *threads[8];

  g_assert_cmpuint (n, <=, G_N_ELEMENTS (threads));
  for (guint i = 0; i < n; i++)
    threads[i] = g_thread_new ("test", func, data);
  for (guint i = 0; i < n; i++)
    g_thread_join (threads[i]);
}

/* A thread with its own main context */
typedef struct
{
  void     (*func) (gpointer data);
  gpointer   data;
} Worker;

static gpointer
work (gpointer data)
{
  Worker *worker = data;
  g_autoptr(GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  worker->func (worker->data);
  test_settle ();
  g_main_context_pop_thread_default (context);
  return NULL;
}

static GThread *
worker_new (Worker *worker)
{
  return g_thread_new ("worker", work, worker);
}

static gboolean
go_on (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* Waits for a change by another thread that does not wake a main context. */
static void
wait_for (atomic_int *value,
          int         expected)
{
  g_autoptr(GSource) timer = g_timeout_source_new (1);

  g_source_set_callback (timer, go_on, NULL, NULL);
  g_source_attach (timer, g_main_context_get_thread_default ());
  test_wait (atomic_load (value) >= expected);
  g_source_destroy (timer);
}

/* Regions and views */

typedef struct
{
  ShmoozeRegion *region;
  ShmoozeView   *view;
  atomic_int     next;
  atomic_int     n_done;
  atomic_int     n_won;
} Shared;

static gpointer
make_views (gpointer data)
{
  Shared *shared = data;
  guint64 mine = (guint64) atomic_fetch_add (&shared->next, 1) * 8;

  for (guint64 i = 1; i <= ROUNDS; i++)
    {
      g_autoptr(ShmoozeView) view = view_of (shared->region, mine, 8, RW);
      guint64 value = 0;

      g_assert_true (shmooze_view_read_uint64 (view, 0, &value, NULL));
      g_assert_cmpuint (value, ==, i - 1);
      g_assert_true (shmooze_view_write_uint64 (view, 0, i, NULL));
    }
  return NULL;
}

static void
test_make_views (void)
{
  g_test_summary ("Threads can create views of one region at the same time.");

  g_autoptr(ShmoozeRegion) region = create ("views", 4096);
  Shared shared = { .region = region };

  run_in_threads (N_THREADS, make_views, &shared);
}

static gpointer
make_views_until_closed (gpointer data)
{
  Shared *shared = data;
  g_autoptr(GError) error = NULL;

  while (error == NULL)
    {
      g_autoptr(ShmoozeView) view = shmooze_region_create_view (shared->region, 0, 0, RW, &error);

      if (view != NULL)
        g_assert_true (shmooze_view_write_uint64 (view, 0, 1, NULL));  /* even after the region is closed */
      atomic_fetch_add (&shared->n_done, 1);
    }
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closing", NULL);
  return NULL;
}

static void
test_close_while_making_views (void)
{
  g_test_summary ("A region can be closed while other threads create views of it, which succeeds or fails with "
                  "CLOSED.");

  for (guint round = 0; round < ROUNDS / 10; round++)
    {
      g_autoptr(ShmoozeRegion) region = create ("closing", 4096);
      Shared shared = { .region = region };
      GThread *threads[2];

      for (guint i = 0; i < 2; i++)
        threads[i] = g_thread_new ("views", make_views_until_closed, &shared);
      wait_for (&shared.n_done, 10);
      shmooze_region_close (region);
      for (guint i = 0; i < 2; i++)
        g_thread_join (threads[i]);
      check_absent ("closing");
    }
}

static gpointer
close_region (gpointer data)
{
  shmooze_region_close (data);
  return NULL;
}

/* The close must not release the hold of the other object. */
static void
test_close_at_once (void)
{
  g_test_summary ("Two threads can close a region at the same time, which releases one hold.");

  for (guint round = 0; round < ROUNDS; round++)
    {
      g_autoptr(ShmoozeRegion) region = create ("at-once", 100);
      g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

      run_in_threads (2, close_region, region);
      g_object_unref (open_region ("at-once"));
      g_assert_true (shmooze_view_write_uint64 (view, 0, 1, NULL));
      g_clear_object (&view);
      check_absent ("at-once");
    }
}

static gpointer
churn (gpointer data)
{
  for (guint i = 0; i < 300; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeRegion) region = shmooze_region_create_or_open ("threads", 100, RW, NULL, &error);
      g_autoptr(ShmoozeView) view = NULL;

      g_assert_no_error (error);
      view = view_of (region, 0, 0, RW);
    }
  return NULL;
}

static void
test_churn (void)
{
  g_test_summary ("Threads can create and drop regions of one name at the same time.");

  run_in_threads (N_THREADS, churn, NULL);
}

static gpointer
compete (gpointer data)
{
  Shared *shared = data;
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = NULL;

  /* All threads start together, and keep their result until all have tried. */
  atomic_fetch_add (&shared->next, 1);
  while (atomic_load (&shared->next) < N_THREADS)
    g_thread_yield ();
  region = shmooze_region_create ("wanted", 100, RW, &error);
  if (region == NULL)
    test_check_error (&error, G_IO_ERROR, G_IO_ERROR_EXISTS, "wanted", NULL);
  else
    atomic_fetch_add (&shared->n_won, 1);
  atomic_fetch_add (&shared->n_done, 1);
  while (atomic_load (&shared->n_done) < N_THREADS)
    g_thread_yield ();
  return NULL;
}

static void
test_create_at_once (void)
{
  g_test_summary ("If many threads create a region of one name at the same time, one of them succeeds.");

  for (guint round = 0; round < ROUNDS / 4; round++)
    {
      Shared shared = { 0 };

      run_in_threads (N_THREADS, compete, &shared);
      g_assert_cmpint (atomic_load (&shared.n_won), ==, 1);
      check_absent ("wanted");
    }
}

static gpointer
come_and_go (gpointer data)
{
  Shared *shared = data;
  g_autofree char *name = g_strdup_printf ("here-%d", atomic_fetch_add (&shared->next, 1));

  while (atomic_load (&shared->n_done) == 0)
    g_object_unref (create (name, 100));
  return NULL;
}

static void
test_list_meanwhile (void)
{
  g_test_summary ("Regions can be listed while other threads create and drop them.");

  Shared shared = { 0 };
  g_autoptr(ShmoozeRegion) stays = create ("stays", 100);
  GThread *threads[2];

  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("guest", come_and_go, &shared);
  for (guint round = 0; round < ROUNDS; round++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GPtrArray) infos = shmooze_region_list (&error);
      gboolean found = FALSE;

      g_assert_no_error (error);
      for (guint i = 0; i < infos->len; i++)
        found |= strcmp (((ShmoozeRegionInfo *) g_ptr_array_index (infos, i))->name, "stays") == 0;
      g_assert_true (found);
    }
  atomic_store (&shared.n_done, 1);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
}

static gpointer
write_until_closed (gpointer data)
{
  Shared *shared = data;
  g_autoptr(GError) error = NULL;

  while (shmooze_view_write_uint64 (shared->view, 8, 42, &error))
    atomic_fetch_add (&shared->n_done, 1);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "written", NULL);
  return NULL;
}

static void
test_write_while_closing (void)
{
  g_test_summary ("A view can be closed while another thread writes to it.");

  for (guint round = 0; round < ROUNDS / 10; round++)
    {
      g_autoptr(ShmoozeRegion) region = create ("written", 100);
      g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
      Shared shared = { .view = view };
      g_autoptr(GThread) thread = g_thread_new ("writer", write_until_closed, &shared);

      wait_for (&shared.n_done, 20);
      shmooze_view_close (view);
      g_thread_join (g_steal_pointer (&thread));
    }
}

/* A region that is lost */

typedef struct
{
  ShmoozeRegion *region;
  atomic_int     ready;
  atomic_int     n_lost;
  GThread       *lost_in;
} Loss;

static void
on_lost (ShmoozeRegion *region,
         GError        *error,
         Loss          *loss)
{
  g_assert_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
  loss->lost_in = g_thread_self ();
  atomic_fetch_add (&loss->n_lost, 1);
}

static void
create_and_wait (gpointer data)
{
  Loss *loss = data;
  g_autoptr(ShmoozeRegion) region = create ("lost", 10000);

  g_signal_connect (region, "lost", G_CALLBACK (on_lost), loss);
  loss->region = region;
  atomic_store (&loss->ready, 1);
  test_wait (atomic_load (&loss->n_lost) > 0);
  g_assert_true (loss->lost_in == g_thread_self ());
}

static void
test_lost_is_told_to_creator (void)
{
  g_test_summary ("The thread that created a region gets its “lost” signal when another thread finds the loss.");

  Loss loss = { 0 };
  Worker worker = { create_and_wait, &loss };
  GThread *thread = worker_new (&worker);
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autoptr(GError) error = NULL;

  wait_for (&loss.ready, 1);
  region = g_object_ref (loss.region);
  g_assert_cmpint (truncate (shmooze_region_get_path (region), 0), ==, 0);
  g_assert_null (shmooze_region_create_view (region, 0, 0, READ, &error));
  g_assert_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
  g_thread_join (thread);
  g_assert_false (g_main_context_pending (NULL));
  g_assert_cmpint (atomic_load (&loss.n_lost), ==, 1);
}

static gpointer
find_lost (gpointer data)
{
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (shmooze_region_create_view (data, 0, 0, READ, &error));
      g_assert_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
    }
  return NULL;
}

static void
test_lost_is_told_once (void)
{
  g_test_summary ("If many threads find a loss at the same time, “lost” is emitted once.");

  for (guint round = 0; round < ROUNDS / 10; round++)
    {
      g_autoptr(ShmoozeRegion) region = create ("lost", 10000);
      Loss loss = { 0 };

      g_signal_connect (region, "lost", G_CALLBACK (on_lost), &loss);
      g_assert_cmpint (truncate (shmooze_region_get_path (region), 0), ==, 0);
      run_in_threads (N_THREADS, find_lost, region);
      test_wait (atomic_load (&loss.n_lost) > 0);
      test_settle ();
      g_assert_cmpint (atomic_load (&loss.n_lost), ==, 1);
      g_assert_true (loss.lost_in == g_thread_self ());
    }
}

/* A mutex */

static gpointer
count_under_mutex (gpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeMutex) mutex = shmooze_mutex_create_or_open ("counting", FALSE, NULL, &error);
  g_autoptr(ShmoozeRegion) region = open_region ("counted");
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  g_assert_no_error (error);
  for (guint i = 0; i < ROUNDS / 2; i++)
    {
      guint64 value = 0;

      g_assert_cmpint (shmooze_mutex_lock (mutex, -1, NULL, &error), ==, SHMOOZE_LOCK_ACQUIRED);
      g_assert_no_error (error);
      g_assert_true (shmooze_view_read_uint64 (view, 0, &value, NULL));
      g_thread_yield ();
      g_assert_true (shmooze_view_write_uint64 (view, 0, value + 1, NULL));
      g_assert_true (shmooze_mutex_unlock (mutex, &error));
      g_assert_no_error (error);
    }
  return NULL;
}

static void
test_mutex_guards_region (void)
{
  g_test_summary ("A mutex orders the accesses of threads to a region.");

  g_autoptr(ShmoozeRegion) region = create ("counted", 8);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, READ);
  g_autoptr(ShmoozeMutex) mutex = shmooze_mutex_create_or_open ("counting", FALSE, NULL, NULL);
  guint64 value = 0;

  run_in_threads (N_THREADS, count_under_mutex, NULL);
  g_assert_true (shmooze_view_read_uint64 (view, 0, &value, NULL));
  g_assert_cmpuint (value, ==, N_THREADS * (ROUNDS / 2));
}

/* A lane */

typedef struct
{
  atomic_int ready;
  guint      n_read;
  guint      n_expected;
  GThread   *thread;
  gboolean   drafted;
} Reading;

static gboolean
on_news (ShmoozeReader *reader,
         gpointer       user_data)
{
  Reading *reading = user_data;
  GBytes *bytes;
  g_autofree char *draft = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (g_thread_self () == reading->thread);
  while ((bytes = shmooze_reader_read (reader, &error)) != NULL)
    {
      g_autofree char *expected = g_strdup_printf ("message %u", reading->n_read++);

      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected, strlen (expected));
      g_bytes_unref (bytes);
    }
  g_assert_no_error (error);
  draft = shmooze_reader_read_draft (reader, NULL, &error);
  g_assert_no_error (error);
  reading->drafted |= g_strcmp0 (draft, "and a draft") == 0;
  return G_SOURCE_CONTINUE;
}

static void
read_in_worker (gpointer data)
{
  Reading *reading = data;
  g_autoptr(TestLane) lane = test_lane_open ("lane");
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  g_autoptr(GSource) source = shmooze_reader_create_source (reader, NULL);

  reading->thread = g_thread_self ();
  g_source_set_callback (source, G_SOURCE_FUNC (on_news), reading, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  atomic_store (&reading->ready, 1);
  test_wait (reading->n_read == reading->n_expected && reading->drafted);
  g_source_destroy (source);
}

static void
write_all (TestLane *lane,
           guint     n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *text = g_strdup_printf ("message %u", i);
      g_autoptr(GError) error = NULL;

      while (!shmooze_writer_write (lane->writer, text, strlen (text), &error))
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
          g_clear_error (&error);
          g_thread_yield ();
        }
    }
  test_lane_draft (lane, "and a draft");
}

static void
test_lane_source (void)
{
  g_test_summary ("The source of a reader calls back in the thread that runs its main context.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", 65536, 2, 100);
  Reading reading = { .n_expected = ROUNDS * 20 };
  Worker worker = { read_in_worker, &reading };
  GThread *thread = worker_new (&worker);

  wait_for (&reading.ready, 1);
  write_all (lane, reading.n_expected);
  g_thread_join (thread);
  g_assert_cmpuint (reading.n_read, ==, reading.n_expected);
  g_assert_false (g_main_context_pending (NULL));
}

static gpointer
write_in_thread (gpointer data)
{
  write_all (data, ROUNDS * 20);
  return NULL;
}

static void
test_lane_wait (void)
{
  g_test_summary ("A reader can wait without a main loop while another thread writes.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", 65536, 2, 100), mine = test_lane_open ("lane");
  g_autoptr(ShmoozeReader) reader = test_lane_read (mine, SHMOOZE_WAIT_AUTO);
  g_autoptr(GThread) thread = g_thread_new ("writer", write_in_thread, lane);

  for (guint i = 0; i < ROUNDS * 20; i++)
    {
      g_autofree char *expected = g_strdup_printf ("message %u", i);
      g_autoptr(GBytes) bytes = NULL;
      g_autoptr(GError) error = NULL;

      while ((bytes = shmooze_reader_read (reader, &error)) == NULL)
        {
          g_assert_no_error (error);
          g_assert_true (shmooze_reader_wait (reader, TEST_PATIENCE_USEC, NULL, &error));
        }
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected, strlen (expected));
    }
  g_thread_join (g_steal_pointer (&thread));
}

/* Asynchronous operations complete in the context in which they were started. */

typedef struct
{
  GThread *thread;
  guint    n_told;
} Told;

static void
on_written (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Told *told = user_data;
  g_autoptr(GError) error = NULL;

  g_assert_true (shmooze_writer_write_finish (SHMOOZE_WRITER (object), result, &error));
  g_assert_no_error (error);
  g_assert_true (g_thread_self () == told->thread);
  told->n_told++;
}

static void
write_without_waiting (gpointer data)
{
  TestLane *lane = data;
  g_autofree char *much = g_malloc0 (1000);
  g_autoptr(GBytes) bytes = g_bytes_new (much, 1000);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  Told told = { .thread = g_thread_self () };
  gsize size;

  while (shmooze_writer_write (lane->writer, much, 1000, NULL))
    ;
  shmooze_writer_write_async (lane->writer, bytes, NULL, on_written, &told);
  test_settle ();
  g_assert_cmpuint (told.n_told, ==, 0);
  while (shmooze_reader_peek (reader, &size, NULL) != NULL)
    shmooze_reader_release (reader);
  test_wait (told.n_told == 1);
}

static void
test_write_async (void)
{
  g_test_summary ("An asynchronous write to a full lane completes in the thread that started it.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", 16384, 2, 100);
  Worker worker = { write_without_waiting, lane };

  g_thread_join (worker_new (&worker));
  g_assert_false (g_main_context_pending (NULL));
}

static void
on_locked (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Told *told = user_data;
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (shmooze_mutex_lock_finish (SHMOOZE_MUTEX (object), result, &error), ==, SHMOOZE_LOCK_ACQUIRED);
  g_assert_no_error (error);
  g_assert_true (g_thread_self () == told->thread);
  told->n_told++;
}

static void
lock_without_waiting (gpointer data)
{
  g_autoptr(ShmoozeMutex) mutex = shmooze_mutex_open ("held", NULL);
  Told told = { .thread = g_thread_self () };
  atomic_int *begun = data;

  shmooze_mutex_lock_async (mutex, -1, NULL, on_locked, &told);
  test_settle ();
  g_assert_cmpuint (told.n_told, ==, 0);
  atomic_store (begun, 1);
  test_wait (told.n_told == 1);
  g_assert_true (shmooze_mutex_unlock (mutex, NULL));
}

static void
test_lock_async (void)
{
  g_test_summary ("An asynchronous lock of a mutex completes in the thread that started it.");

  g_autoptr(ShmoozeMutex) mutex = shmooze_mutex_create_or_open ("held", TRUE, NULL, NULL);
  atomic_int begun = 0;
  Worker worker = { lock_without_waiting, &begun };
  GThread *thread = worker_new (&worker);

  wait_for (&begun, 1);
  g_assert_true (shmooze_mutex_unlock (mutex, NULL));
  g_thread_join (thread);
  g_assert_false (g_main_context_pending (NULL));
}

/* Rooms */

static void
check_thread (gpointer data)
{
  g_assert_true (g_thread_self () == data);
}

static void
watch_thread (ShmoozeRoom *room)
{
  const char *const names[] = { "message", "draft-changed", "peer-joined", "peer-left", "lane-broken", "lost" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_signal_connect_swapped (room, names[i], G_CALLBACK (check_thread), g_thread_self ());
}

/* Ben joins, types, sends a message and leaves. */
static void
meet_ben (gpointer data)
{
  atomic_int *joined = data;
  g_autoptr(TestRoom) ada = test_room_join ("chat", "Ada", SHMOOZE_WAIT_AUTO);

  watch_thread (ada->room);
  atomic_store (joined, 1);
  test_wait (test_room_has_event (ada, "draft Ben: Hel"));
  test_wait (test_room_has_message (ada, "Hello"));
  test_room_send (ada, "Hello, Ben");  /* completes in this thread, or never */
  test_wait (test_room_has_event (ada, "left Ben"));
  g_signal_handlers_disconnect_by_func (ada->room, check_thread, g_thread_self ());
}

static void
test_room_in_worker (void)
{
  g_test_summary ("A room that was joined in a worker thread does not use the main context.");

  atomic_int joined = 0;
  Worker worker = { meet_ben, &joined };
  GThread *thread = worker_new (&worker);
  g_autoptr(TestChild) ben = NULL;

  wait_for (&joined, 1);
  ben = test_talker_new ("chat", "Ben");
  test_talker_do (ben, "draft Hel");
  test_talker_do (ben, "send Hello");
  test_talker_do (ben, "see Hello, Ben");
  test_talker_do (ben, "leave");
  g_thread_join (thread);  /* without an iteration of the main context */
  g_assert_false (g_main_context_pending (NULL));
}

typedef struct
{
  const char *own;
  const char *other;
  guint       n;
} Talk;

static void
talk (gpointer data)
{
  Talk *self = data;
  g_autoptr(TestRoom) room = test_room_join ("chat", self->own, SHMOOZE_WAIT_AUTO);
  g_autofree char *last = g_strdup_printf ("%s says %u", self->other, self->n - 1);
  g_autofree char *draft = g_strdup_printf ("%s types", self->other);

  watch_thread (room->room);
  test_wait (test_room_find_peer (room, self->other) != NULL);
  for (guint i = 0; i < self->n; i++)
    {
      g_autofree char *text = g_strdup_printf ("%s says %u", self->own, i);

      test_room_send (room, text);
    }
  test_wait (test_room_has_message (room, last));
  test_wait (room->messages->len == 2 * self->n);
  {
    g_autofree char *text = g_strdup_printf ("%s types", self->own);

    test_room_draft (room, text);
  }
  test_wait (g_strcmp0 (test_room_draft_of (room, self->other), draft) == 0);
  test_room_send (room, "bye");  /* which name has seen the draft of the other */
  test_wait (room->messages->len == 2 * self->n + 2);
  g_signal_handlers_disconnect_by_func (room->room, check_thread, g_thread_self ());
}

static void
test_two_rooms (void)
{
  g_test_summary ("Two rooms in two threads exchange drafts and messages.");

  Talk ada = { "Ada", "Ben", ROUNDS / 2 }, ben = { "Ben", "Ada", ROUNDS / 2 };
  Worker workers[] = { { talk, &ada }, { talk, &ben } };
  GThread *threads[2];

  for (guint i = 0; i < 2; i++)
    threads[i] = worker_new (&workers[i]);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  g_assert_false (g_main_context_pending (NULL));
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("talker", test_talker_role);
  test_init (&argc, &argv);
  g_type_class_ref (SHMOOZE_TYPE_MUTEX);  /* before any thread is started, like the others */

  test_add ("/threads/views/make", test_make_views);
  test_add ("/threads/views/make-while-closing", test_close_while_making_views);
  test_add ("/threads/views/write-while-closing", test_write_while_closing);
  test_add ("/threads/region/close-at-once", test_close_at_once);
  test_add ("/threads/region/create-at-once", test_create_at_once);
  test_add ("/threads/region/churn", test_churn);
  test_add ("/threads/region/list-meanwhile", test_list_meanwhile);
  test_add ("/threads/lost/told-to-creator", test_lost_is_told_to_creator);
  test_add ("/threads/lost/told-once", test_lost_is_told_once);
  test_add ("/threads/mutex/guards-region", test_mutex_guards_region);
  test_add ("/threads/mutex/lock-async", test_lock_async);
  test_add ("/threads/lane/source", test_lane_source);
  test_add ("/threads/lane/wait", test_lane_wait);
  test_add ("/threads/lane/write-async", test_write_async);
  test_add ("/threads/room/in-worker", test_room_in_worker);
  test_add ("/threads/room/two", test_two_rooms);

  return test_run ();
}
