/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "testlib.h"

#include <dirent.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *home;

/* Creates a runtime directory for this program and its child processes. */
static void
make_home (void)
{
  g_autoptr(GError) error = NULL;

  home = g_dir_make_tmp ("shmooze-test-XXXXXX", &error);
  g_assert_no_error (error);
  g_setenv ("XDG_RUNTIME_DIR", home, TRUE);
  g_unsetenv ("SHMOOZE_DOMAIN");
  g_unsetenv ("FLATPAK_ID");
}

void
test_init (int    *argc,
           char ***argv)
{
  const GType types[] = {
    SHMOOZE_TYPE_MUTEX, SHMOOZE_TYPE_PEER, SHMOOZE_TYPE_READER, SHMOOZE_TYPE_REGION, SHMOOZE_TYPE_ROOM,
    SHMOOZE_TYPE_VIEW, SHMOOZE_TYPE_WRITER
  };
  g_autoptr(GFile) directory = NULL;

  signal (SIGPIPE, SIG_DFL);
  if (test_child_is_child (*argc, *argv))
    exit (EXIT_SUCCESS);

  alarm (TEST_SLOW ? 900 : 300);  /* a test that hangs fails */
  make_home ();
  g_test_init (argc, argv, NULL);
  directory = g_file_new_for_path (home);

  /* Make GLib open its permanent file descriptors now, before descriptors are counted. */
  g_main_context_default ();
  g_object_unref (g_task_new (NULL, NULL, NULL, NULL));
  /* ThreadSanitizer does not understand the synchronization of GLib's one-time initialization, and would report data
   * races. So all types are registered before any thread is started. */
  g_assert_cmpuint (SHMOOZE_ERROR, !=, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    g_type_class_ref (types[i]);
  g_type_ensure (SHMOOZE_TYPE_MESSAGE);
  g_object_unref (g_file_monitor_directory (directory, G_FILE_MONITOR_NONE, NULL, NULL));
}

const char *
test_home (void)
{
  return g_getenv ("XDG_RUNTIME_DIR");
}

/* Returns the path of the backing file of a region, whose name must not begin with a slash. */
char *
test_path (const char *region_name)
{
  return g_build_filename (test_home (), "app", "io.github.shmooze.Shmooze", "shmooze", region_name, NULL);
}

char *
test_unique_name (const char *prefix)
{
  static guint count;

  return g_strdup_printf ("%s-%d-%u", prefix, (int) getpid (), count++);
}

gsize
test_page_size (void)
{
  return (gsize) sysconf (_SC_PAGESIZE);
}

static GString *left;

static int
look_at (const char        *path,
         const struct stat *st,
         int                kind,
         struct FTW        *where)
{
  if (kind != FTW_D)
    g_string_append_printf (left, " %s", path);
  return 0;
}

/* Checks that no file of a region, bell or mutex is left in the runtime directory. */
void
test_check_nothing_left (void)
{
  left = g_string_new (NULL);
  nftw (test_home (), look_at, 8, FTW_PHYS);
  if (left->len > 0)
    g_error ("left behind:%s", left->str);
  g_string_free (left, TRUE);
}

guint
test_count_fds (void)
{
  DIR *dir = opendir ("/proc/self/fd");
  guint count = 0;

  while (readdir (dir) != NULL)
    count++;
  closedir (dir);
  return count;
}

static gboolean
look_again (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
run_one (gconstpointer data)
{
  TestFunc func = *(const TestFunc *) data;
  guint n_fds = test_count_fds (), source;

  func ();
  test_settle ();
  test_check_nothing_left ();
  /* A worker thread of GLib may release the last reference to a main context a moment after its work is done. */
  source = g_timeout_add (1, look_again, NULL);
  test_wait (test_count_fds () == n_fds);
  g_source_remove (source);
}

/* Adds a test. The test fails if it leaves files in the runtime directory or file descriptors open. */
void
test_add (const char *path,
          TestFunc    func)
{
  g_test_add_data_func_full (path, g_memdup2 (&func, sizeof func), run_one, g_free);
}

static int
remove_one (const char        *path,
            const struct stat *st,
            int                kind,
            struct FTW        *where)
{
  return remove (path);
}

int
test_run (void)
{
  int result = g_test_run ();

  if (result == 0)
    test_check_nothing_left ();
  nftw (home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  g_free (home);
  return result;
}

/* Checks the domain and code of the error, and that its message contains all given strings. Clears the error. */
void
test_check_error (GError **error,
                  GQuark   domain,
                  int      code,
                  ...)
{
  const char *piece;
  va_list pieces;

  g_assert_error (*error, domain, code);
  g_assert_true (g_utf8_validate ((*error)->message, -1, NULL));
  va_start (pieces, code);
  while ((piece = va_arg (pieces, const char *)) != NULL)
    if (strstr ((*error)->message, piece) == NULL)
      g_error ("“%s” does not tell “%s”", (*error)->message, piece);
  va_end (pieces);
  g_clear_error (error);
}

struct _TestDeadline
{
  GSource *timer;
  gint64   end;
};

static gboolean
on_deadline (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

TestDeadline *
test_deadline_new (gint64 usec)
{
  TestDeadline *self = g_new0 (TestDeadline, 1);

  self->end = g_get_monotonic_time () + usec;
  self->timer = g_timeout_source_new ((guint) (usec / 1000) + 1);
  g_source_set_callback (self->timer, on_deadline, NULL, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
  return self;
}

void
test_deadline_free (TestDeadline *self)
{
  g_source_destroy (self->timer);
  g_source_unref (self->timer);
  g_free (self);
}

/* Runs one iteration of the thread-default main context. Returns FALSE if the deadline has passed. */
gboolean
test_deadline_iterate (TestDeadline *self)
{
  if (g_get_monotonic_time () >= self->end)
    return FALSE;
  g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  return TRUE;
}

void
test_deadline_missed (const char *file,
                      int         line,
                      const char *condition)
{
  g_error ("%s:%d: timed out waiting for: %s", file, line, condition);
}

static guint64
switches_of (const char *status)
{
  guint64 sum = 0;

  for (const char *p = status; (p = strstr (p, "ctxt_switches:")) != NULL; p++)
    sum += g_ascii_strtoull (p + strlen ("ctxt_switches:"), NULL, 10);
  return sum;
}

/* Returns the number of context switches of all threads of the process. */
guint64
test_count_switches (GPid pid)
{
  g_autofree char *tasks = g_strdup_printf ("/proc/%d/task", (int) pid);
  g_autoptr(GDir) dir = g_dir_open (tasks, 0, NULL);
  const char *task;
  guint64 sum = 0;

  g_assert_nonnull (dir);
  while ((task = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (tasks, task, "status", NULL);
      g_autofree char *status = NULL;

      if (g_file_get_contents (path, &status, NULL, NULL))
        sum += switches_of (status);
    }
  return sum;
}

static gboolean
on_elapsed (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Runs the thread-default main context for @msec milliseconds. For tests that check that nothing happens. */
void
test_let_run (guint msec)
{
  gboolean elapsed = FALSE;
  g_autoptr(GSource) source = g_timeout_source_new (msec);

  g_source_set_callback (source, on_elapsed, &elapsed, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  while (!elapsed)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
}

void
test_settle (void)
{
  while (g_main_context_iteration (g_main_context_get_thread_default (), FALSE))
    ;
}
