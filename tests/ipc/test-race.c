/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/testlib.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_RACERS 32
#define N_ROUNDS (TEST_SLOW ? 10 : 50)
#define N_OPENED 100
#define MAX_FORKS 300
#define CAPACITY 5000

#define RW SHMOOZE_ACCESS_READ_WRITE

/* A region is complete if it has all the contents that its creator wrote before it had its name. */
static gboolean
is_whole (ShmoozeRegion *region)
{
  g_autoptr(ShmoozeView) view = shmooze_region_create_view (region, 0, 0, SHMOOZE_ACCESS_READ, NULL);

  return view != NULL && shmooze_view_get_size (view) == CAPACITY &&
         shmooze_region_get_capacity (region) == CAPACITY;
}

/* Waits for the start, which is the same for all processes, then creates or opens. */
static void
role_racer (int    argc,
            char **argv)
{
  char *name;

  test_say ("ready");
  while ((name = test_hear ()) != NULL)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeRegion) region = NULL;
      g_autofree char *go = NULL;
      gboolean created = FALSE;

      region = shmooze_region_create_or_open (name, CAPACITY, RW, &created, &error);
      if (region == NULL)
        test_say ("failed: %s", error->message);
      else if (!is_whole (region))
        test_say ("half-made");
      else
        test_say (created ? "created" : "opened");
      go = test_hear ();
      g_free (name);
      g_clear_object (&region);
      test_say ("closed");
    }
}

static void
start (TestChild  **children,
       guint        n,
       const char  *role)
{
  for (guint i = 0; i < n; i++)
    children[i] = test_child_new (role, NULL);
  for (guint i = 0; i < n; i++)
    test_child_expect (children[i], "ready");
}

static void
test_create_or_open (void)
{
  g_test_summary ("Of many processes that create-or-open at the same time exactly one creates.");

  TestChild *children[N_RACERS];

  start (children, N_RACERS, "racer");
  for (guint round = 0; round < N_ROUNDS; round++)
    {
      g_autofree char *path = test_path ("raced");
      guint n_created = 0, n_opened = 0;

      for (guint i = 0; i < N_RACERS; i++)
        test_child_tell (children[(i + round) % N_RACERS], "raced");
      for (guint i = 0; i < N_RACERS; i++)
        {
          g_autofree char *heard = test_child_hear (children[i]);

          n_created += g_strcmp0 (heard, "created") == 0;
          n_opened += g_strcmp0 (heard, "opened") == 0;
          if (g_strcmp0 (heard, "created") != 0)
            g_assert_cmpstr (heard, ==, "opened");
        }
      g_assert_cmpuint (n_created, ==, 1);
      g_assert_cmpuint (n_opened, ==, N_RACERS - 1);
      g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));

      /* All close at the same time: the last one removes the name. */
      for (guint i = 0; i < N_RACERS; i++)
        test_child_tell (children[i], "close");
      for (guint i = 0; i < N_RACERS; i++)
        test_child_expect (children[i], "closed");
      g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
    }
  for (guint i = 0; i < N_RACERS; i++)
    {
      g_assert_cmpint (test_child_wait (children[i]), ==, 0);
      test_child_free (children[i]);
    }
}

/* Opens and closes one name in a loop, and marks the region that it holds: no other process may get another one. */
static void
role_churner (int    argc,
              char **argv)
{
  guint n_created = 0;
  char *order;

  test_say ("ready");
  while ((order = test_hear ()) != NULL)
    {
      guint n = (guint) atoi (order);

      for (guint i = 0; i < n; i++)
        {
          g_autoptr(GError) error = NULL;
          g_autoptr(ShmoozeRegion) region = NULL, again = NULL;
          g_autoptr(ShmoozeView) view = NULL, again_view = NULL;
          gboolean created;
          guint32 *data;

          region = shmooze_region_create_or_open ("churned", CAPACITY, RW, &created, &error);
          g_assert_no_error (error);
          n_created += created;
          view = shmooze_region_create_view (region, 0, 0, RW, &error);
          g_assert_no_error (error);
          data = shmooze_view_get_data (view);
          data[100 + (guint) atoi (argv[0])] = i + 1;

          /* While it is held, the name leads to this region. */
          again = shmooze_region_open ("churned", RW, &error);
          g_assert_no_error (error);
          again_view = shmooze_region_create_view (again, 0, 0, RW, &error);
          g_assert_no_error (error);
          data = shmooze_view_get_data (again_view);
          g_assert_cmpuint (data[100 + (guint) atoi (argv[0])], ==, i + 1);
        }
      g_free (order);
      test_say ("%u", n_created);
    }
}

static void
test_open_close (void)
{
  g_test_summary ("While processes open and close a name, it always leads to a complete region.");

  TestChild *children[8];
  guint n_created = 0;
  g_autofree char *path = test_path ("churned");

  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);

      children[i] = test_child_new ("churner", number, NULL);
    }
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    test_child_expect (children[i], "ready");
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    test_child_tell (children[i], TEST_SLOW ? "40" : "300");
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    {
      g_autofree char *heard = test_child_hear (children[i]);

      g_assert_nonnull (heard);
      n_created += (guint) atoi (heard);
      g_assert_cmpint (test_child_wait (children[i]), ==, 0);
      test_child_free (children[i]);
    }
  g_assert_cmpuint (n_created, >=, 1);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_test_message ("created %u times", n_created);
}

/* The last holder is killed while other processes open, create and list. */
static void
role_holder (int    argc,
             char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = shmooze_region_create_or_open ("killed", CAPACITY, RW, NULL, &error);
  g_autoptr(ShmoozeView) view = NULL;

  g_assert_no_error (error);
  view = shmooze_region_create_view (region, 0, 0, RW, &error);
  memset (shmooze_view_get_data (view), 'x', CAPACITY);
  test_say ("holding");
  g_free (test_hear ());
}

static void
test_killed (void)
{
  g_test_summary ("A process that is killed at any moment leaves nothing that prevents others from using the name.");

  for (guint round = 0; round < (TEST_SLOW ? 6 : 30); round++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeRegion) region = NULL;
      g_autoptr(ShmoozeView) view = NULL;
      TestChild *children[4];
      const char *data;

      for (guint i = 0; i < G_N_ELEMENTS (children); i++)
        children[i] = test_child_new ("holder", NULL);
      for (guint i = 0; i < G_N_ELEMENTS (children); i++)
        test_child_expect (children[i], "holding");
      for (guint i = 0; i < G_N_ELEMENTS (children); i++)
        kill (test_child_get_pid (children[i]), SIGKILL);
      for (guint i = 0; i < G_N_ELEMENTS (children); i++)
        test_child_free (children[i]);

      if (round % 2 == 0)
        {
          region = shmooze_region_open ("killed", RW, &error);
          g_assert_null (region);
          test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "killed", NULL);
        }
      region = shmooze_region_create ("killed", CAPACITY, RW, &error);
      g_assert_no_error (error);
      view = shmooze_region_create_view (region, 0, 0, RW, &error);
      data = shmooze_view_get_data (view);
      for (guint i = 0; i < CAPACITY; i++)
        g_assert_cmpint (data[i], ==, 0);
    }
}

static void
test_race_for_the_dead (void)
{
  g_test_summary ("Processes that race for the name of a killed holder get one new region.");

  TestChild *children[N_RACERS];

  start (children, N_RACERS, "racer");
  for (guint round = 0; round < N_ROUNDS / 2; round++)
    {
      g_autoptr(TestChild) holder = test_child_new ("holder", NULL);
      guint n_created = 0;

      test_child_expect (holder, "holding");
      test_child_kill (holder);
      for (guint i = 0; i < N_RACERS; i++)
        test_child_tell (children[i], "killed");
      for (guint i = 0; i < N_RACERS; i++)
        {
          g_autofree char *heard = test_child_hear (children[i]);

          n_created += g_strcmp0 (heard, "created") == 0;
          if (g_strcmp0 (heard, "created") != 0)
            g_assert_cmpstr (heard, ==, "opened");
        }
      g_assert_cmpuint (n_created, ==, 1);
      for (guint i = 0; i < N_RACERS; i++)
        test_child_tell (children[i], "close");
      for (guint i = 0; i < N_RACERS; i++)
        test_child_expect (children[i], "closed");
    }
  for (guint i = 0; i < N_RACERS; i++)
    test_child_free (children[i]);
}

static void
role_joiner (int    argc,
             char **argv)
{
  char *order;

  test_say ("ready");
  while ((order = test_hear ()) != NULL)
    {
      g_autoptr(TestRoom) room = test_room_join ("crowded", "Ada", SHMOOZE_WAIT_AUTO);

      test_say ("%u %s", shmooze_room_get_seat (room->room), shmooze_room_get_nick (room->room));
      g_free (order);
      g_free (test_hear ());
      test_room_free (g_steal_pointer (&room));
      test_say ("left");
    }
}

static void
test_join (void)
{
  g_test_summary ("Twelve processes that join a room at the same time get different seats, and the last to leave "
                  "removes it.");

  TestChild *children[12];

  start (children, G_N_ELEMENTS (children), "joiner");
  for (guint round = 0; round < N_ROUNDS / 2; round++)
    {
      g_autoptr(GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

      for (guint i = 0; i < G_N_ELEMENTS (children); i++)
        test_child_tell (children[i], "join");
      for (guint i = 0; i < G_N_ELEMENTS (children); i++)
        {
          g_autofree char *heard = test_child_hear (children[i]);
          g_auto(GStrv) words = g_strsplit (heard, " ", 2);

          g_assert_cmpuint (g_strv_length (words), ==, 2);
          g_assert_true (g_hash_table_add (seen, g_strdup (words[0])));
          g_assert_true (g_hash_table_add (seen, g_strdup (words[1])));
        }
      for (guint i = 0; i < G_N_ELEMENTS (children); i++)
        test_child_tell (children[i], "leave");
      for (guint i = 0; i < G_N_ELEMENTS (children); i++)
        test_child_expect (children[i], "left");
      test_check_nothing_left ();
    }
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    test_child_free (children[i]);
}

static atomic_bool opening;

static gpointer
open_many (gpointer data)
{
  for (guint i = 0; i < N_OPENED; i++)
    {
      g_autofree char *name = g_strdup_printf ("forked-%u", i);

      g_assert_nonnull (shmooze_region_create (name, CAPACITY, RW, NULL));  /* and never closed */
    }
  atomic_store (&opening, FALSE);
  return NULL;
}

/* Forks while another thread opens, and waits to be killed. The children wait for the end of the input. A child
 * closes what it inherited when it runs first, so the last children are waited for. */
static void
role_forker (int    argc,
             char **argv)
{
  GThread *thread;
  guint n_forks = 0;
  int running[2];
  char byte;

  g_assert_no_errno (pipe (running));
  atomic_store (&opening, TRUE);
  thread = g_thread_new ("opener", open_many, NULL);
  for (; atomic_load (&opening) && n_forks < MAX_FORKS; n_forks++)
    {
      pid_t pid = fork ();

      g_assert_no_errno (pid);
      if (pid == 0)
        _exit (write (running[1], "", 1) == 1 && read (STDIN_FILENO, &byte, 1) == 0 ? 0 : 1);
    }
  g_thread_join (thread);
  for (guint i = 0; i < n_forks; i++)
    g_assert_cmpint (read (running[0], &byte, 1), ==, 1);
  test_say ("forked");
  g_free (test_hear ());
}

static void
test_fork_while_opening (void)
{
  g_test_summary ("A child forked while another thread opens regions does not keep names alive.");

  g_autoptr(TestChild) child = test_child_new ("forker", NULL);

  test_child_expect (child, "forked");
  test_child_kill (child);
  for (guint i = 0; i < N_OPENED; i++)
    {
      g_autofree char *name = g_strdup_printf ("forked-%u", i);
      g_autoptr(ShmoozeRegion) region = NULL;
      g_autoptr(GError) error = NULL;

      region = shmooze_region_open (name, RW, &error);
      g_assert_null (region);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, name, NULL);
    }
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("racer", role_racer);
  test_child_role ("churner", role_churner);
  test_child_role ("holder", role_holder);
  test_child_role ("joiner", role_joiner);
  test_child_role ("forker", role_forker);
  test_init (&argc, &argv);

  test_add ("/race/create-or-open", test_create_or_open);
  test_add ("/race/open-close", test_open_close);
  test_add ("/race/killed", test_killed);
  test_add ("/race/for-the-dead", test_race_for_the_dead);
  test_add ("/race/join", test_join);
  test_add ("/race/fork-while-opening", test_fork_while_opening);

  return test_run ();
}
