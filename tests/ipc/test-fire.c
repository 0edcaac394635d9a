/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/testlib.h"

#include "region/shmooze-region-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_ROUNDS (TEST_SLOW ? 10 : TEST_THOROUGH ? 1000 : 200)
#define N_WORKERS 8
#define N_NAMES 3
#define N_HELD 2
#define MAX_CAPACITY 10000
#define EMPTY_CAPACITY 3001  /* the capacity of regions without contents, which no other region has */
#define MAX_PAUSE_USEC 1000

#define RW SHMOOZE_ACCESS_READ_WRITE
#define READ SHMOOZE_ACCESS_READ

/* The header of a region. It is followed by a pattern that depends on the number. */
typedef struct
{
  char    name[64];
  guint32 number;
  guint32 capacity;
  guint32 checksum;
} Header;

/* Shared by the nest and its workers, and reported at the end */
typedef struct
{
  atomic_bool stop;
  atomic_uint n_created;
  atomic_uint n_opened;
  atomic_uint n_deaths;
  atomic_uint n_leftovers;  /* rounds that left a stale file */
  atomic_uint n_broken;     /* regions without their contents */
  atomic_uint n_removed;    /* names removed while a region is held */
  atomic_uint n_stuck;      /* names that could not be taken */
  atomic_uint n_leaked;     /* descriptors still open after a round */
} Fire;

typedef struct
{
  pid_t pid;
  int   in;
  int   out;
} Worker;

typedef struct
{
  ShmoozeRegion *region;
  ShmoozeView   *view;
} Held;

static Fire *fire;
static char *names[N_NAMES];

static guint32
checksum_of (const guint8 *bytes,
             gsize         size)
{
  guint32 sum = 2166136261u;

  for (gsize i = 0; i < size; i++)
    sum = (sum ^ bytes[i]) * 16777619u;
  return sum;
}

static GBytes *
contents_new (const char *name,
              GRand      *rand)
{
  Header header = {
    .number = g_rand_int (rand),
    .capacity = (guint32) g_rand_int_range (rand, EMPTY_CAPACITY + 1, MAX_CAPACITY)
  };
  char *bytes = g_malloc0 (header.capacity);

  g_strlcpy (header.name, name, sizeof header.name);
  test_pattern_fill (bytes + sizeof header, header.capacity - sizeof header, header.number);
  header.checksum = checksum_of ((guint8 *) bytes + sizeof header, header.capacity - sizeof header);
  memcpy (bytes, &header, sizeof header);
  return g_bytes_new_take (bytes, header.capacity);
}

static gboolean
is_whole (const char   *name,
          const guint8 *data,
          guint64       size)
{
  Header header;

  if (size == EMPTY_CAPACITY)
    return data[0] == 0 && memcmp (data, data + 1, EMPTY_CAPACITY - 1) == 0;
  if (size < sizeof header)
    return FALSE;
  memcpy (&header, data, sizeof header);
  return strncmp (header.name, name, sizeof header.name) == 0 && header.capacity == size &&
         header.checksum == checksum_of (data + sizeof header, size - sizeof header) &&
         test_pattern_check ((const char *) data + sizeof header, size - sizeof header, header.number);
}

static void G_GNUC_PRINTF (2, 3)
complain (atomic_uint *count,
          const char  *format,
          ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  if (atomic_fetch_add (count, 1) < 3)
    g_printerr ("# process %d: %s\n", (int) getpid (), message);
}

/* The name must still refer to the inode that is held. */
static void
check_named (ShmoozeRegion *region)
{
  struct stat named, held;

  g_assert_cmpint (fstat (region->backing.lock_fd, &held), ==, 0);
  if (stat (shmooze_region_get_path (region), &named) < 0)
    complain (&fire->n_removed, "“%s” was removed while it was held", shmooze_region_get_name (region));
  else if (named.st_ino != held.st_ino)
    complain (&fire->n_removed, "“%s” refers to another file than the one that is held",
              shmooze_region_get_name (region));
}

static void
release (Held *held)
{
  if (held->region != NULL)
    check_named (held->region);
  g_clear_object (&held->view);
  g_clear_object (&held->region);
}

/* Creates or opens the region, or does whichever works. */
static void
take (Held  *held,
      GRand *rand)
{
  g_autoptr(GError) error = NULL;
  const char *name = names[g_rand_int_range (rand, 0, N_NAMES)];
  int how = g_rand_int_range (rand, 0, 3), allowed = -1;
  gboolean created = how == 0;

  if (how == 0)
    {
      g_autoptr(GBytes) contents = contents_new (name, rand);

      held->region = shmooze_region_create_with_contents (name, g_bytes_get_size (contents), RW, contents, &error);
      allowed = G_IO_ERROR_EXISTS;
    }
  else if (how == 1)
    {
      held->region = shmooze_region_open (name, g_rand_boolean (rand) ? RW : READ, &error);
      allowed = G_IO_ERROR_NOT_FOUND;
    }
  else
    held->region = shmooze_region_create_or_open (name, EMPTY_CAPACITY, RW, &created, &error);

  if (held->region == NULL)
    {
      if (allowed < 0 || !g_error_matches (error, G_IO_ERROR, allowed))
        complain (&fire->n_stuck, "“%s”: %s", name, error->message);
      return;
    }

  atomic_fetch_add (created ? &fire->n_created : &fire->n_opened, 1);
  held->view = shmooze_region_create_view (held->region, 0, 0, READ, &error);
  g_assert_no_error (error);
  if (!is_whole (name, shmooze_view_get_data (held->view), shmooze_view_get_size (held->view)))
    complain (&fire->n_broken, "“%s” was opened without its contents", name);
  check_named (held->region);
}

static void
work_one_round (GRand *rand)
{
  Held held[N_HELD] = { 0 };

  while (!atomic_load (&fire->stop))
    {
      Held *one = &held[g_rand_int_range (rand, 0, N_HELD)];

      if (one->region == NULL)
        take (one, rand);
      else if (g_rand_int_range (rand, 0, 4) > 0)
        release (one);
      else
        check_named (one->region);
    }
  for (guint i = 0; i < N_HELD; i++)
    release (&held[i]);
}

/* Each round starts with a seed, which is sent back at its end. */
static void
work (int in,
      int out)
{
  guint n_fds = test_count_fds ();
  guint32 seed;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  while (read (in, &seed, sizeof seed) == sizeof seed)
    {
      GRand *rand = g_rand_new_with_seed (seed);
      guint n_now;

      work_one_round (rand);
      g_rand_free (rand);
      n_now = test_count_fds ();
      if (n_now != n_fds)
        complain (&fire->n_leaked, "%u descriptors are open instead of %u", n_now, n_fds);
      if (write (out, &seed, sizeof seed) != sizeof seed)
        break;
    }
}

static void
hire (Worker *workers,
      guint   i)
{
  int in[2], out[2];

  g_assert_cmpint (pipe (in), ==, 0);
  g_assert_cmpint (pipe (out), ==, 0);
  workers[i].pid = fork ();
  g_assert_cmpint (workers[i].pid, >=, 0);
  if (workers[i].pid == 0)
    {
      for (guint k = 0; k < N_WORKERS; k++)
        if (k != i && workers[k].pid > 0)
          {
            close (workers[k].in);
            close (workers[k].out);
          }
      close (in[1]);
      close (out[0]);
      work (in[0], out[1]);
      _exit (0);
    }
  close (in[0]);
  close (out[1]);
  workers[i].in = in[1];
  workers[i].out = out[0];
}

/* Waits until the worker was killed, or exits because its input was closed. */
static void
dismiss (Worker *worker,
         int     signal_number)
{
  int status;

  close (worker->in);
  while (waitpid (worker->pid, &status, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  close (worker->out);
  worker->pid = 0;
  if (signal_number != 0)
    g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == signal_number);
  else
    g_assert_cmpint (status, ==, 0);
}

/* Kills the worker at a random moment. */
static void
pause_a_moment (GRand *rand)
{
  struct timespec moment = { .tv_nsec = g_rand_int_range (rand, 0, MAX_PAUSE_USEC) * 1000 };

  ppoll (NULL, 0, &moment, NULL);
}

static char *
path_of (const char *name)
{
  return name[0] == '/' ? g_build_filename ("/dev/shm", name, NULL) : test_path (name);
}

/* No process holds the name, so that it can be taken at once, and disappears with its holder. */
static void
check_free (const char *name,
            GRand      *rand)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autofree char *path = path_of (name);
  gboolean created = TRUE;

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    atomic_fetch_add (&fire->n_leftovers, 1);
  switch (g_rand_int_range (rand, 0, 3))
    {
    case 0:
      region = shmooze_region_create (name, 100, RW, &error);
      break;
    case 1:
      region = shmooze_region_create_or_open (name, 100, RW, &created, &error);
      break;
    default:
      region = shmooze_region_open (name, RW, &error);
      created = region == NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      g_clear_error (&error);
    }
  if (error != NULL || !created)
    complain (&fire->n_stuck, "“%s” should be free: %s", name, error != NULL ? error->message : "it was opened");
  g_clear_object (&region);
  if (g_unlink (path) == 0)
    complain (&fire->n_stuck, "“%s” still exists", name);
}

static void
burn_one_round (Worker *workers,
                GRand  *rand)
{
  guint n_victims = (guint) g_rand_int_range (rand, 1, N_WORKERS + 1), first = g_rand_int (rand) % N_WORKERS;

  atomic_store (&fire->stop, FALSE);
  for (guint i = 0; i < N_WORKERS; i++)
    {
      guint32 seed = g_rand_int (rand);

      if (workers[i].pid == 0)
        hire (workers, i);
      g_assert_cmpint (write (workers[i].in, &seed, sizeof seed), ==, sizeof seed);
    }
  for (guint i = 0; i < n_victims; i++)
    {
      pause_a_moment (rand);
      g_assert_cmpint (kill (workers[(first + i) % N_WORKERS].pid, SIGKILL), ==, 0);
      atomic_fetch_add (&fire->n_deaths, 1);
    }
  pause_a_moment (rand);
  atomic_store (&fire->stop, TRUE);
  for (guint i = 0; i < n_victims; i++)
    dismiss (&workers[(first + i) % N_WORKERS], SIGKILL);
  for (guint i = 0; i < N_WORKERS; i++)
    {
      guint32 seed;

      if (workers[i].pid != 0)
        g_assert_cmpint (read (workers[i].out, &seed, sizeof seed), ==, sizeof seed);
    }
  for (guint i = 0; i < N_NAMES; i++)
    check_free (names[i], rand);
}

/* The parent of the workers, a process with one thread that holds no region when it forks */
static void
role_nest (int    argc,
           char **argv)
{
  GRand *rand = g_rand_new_with_seed ((guint32) g_ascii_strtoull (argv[0], NULL, 10));
  guint n_rounds = (guint) g_ascii_strtoull (argv[1], NULL, 10);
  Worker workers[N_WORKERS] = { 0 };
  guint n_fds;

  names[0] = g_strdup ("fire");
  names[1] = g_strdup ("flame");
  names[2] = test_unique_name ("/shmooze-test-fire");
  fire = mmap (NULL, sizeof *fire, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert_true (fire != MAP_FAILED);
  g_main_context_default ();

  n_fds = test_count_fds ();
  for (guint i = 0; i < n_rounds; i++)
    {
      burn_one_round (workers, rand);
      test_say ("round");
    }
  for (guint i = 0; i < N_WORKERS; i++)
    if (workers[i].pid != 0)
      dismiss (&workers[i], 0);
  if (test_count_fds () != n_fds)
    complain (&fire->n_leaked, "%u descriptors are open instead of %u", test_count_fds (), n_fds);

  test_say ("%u %u %u %u %u %u %u %u", fire->n_created, fire->n_opened, fire->n_deaths, fire->n_leftovers,
            fire->n_broken, fire->n_removed, fire->n_stuck, fire->n_leaked);
  munmap (fire, sizeof *fire);
  for (guint i = 0; i < N_NAMES; i++)
    g_free (names[i]);
  g_rand_free (rand);
}

static struct
{
  gboolean done;
  guint    n_rounds, n_created, n_opened, n_deaths, n_leftovers, n_broken, n_removed, n_stuck, n_leaked;
} result;

/* All cases evaluate the same run. */
static void
burn (void)
{
  g_autofree char *seed = g_strdup_printf ("%u", (guint) g_test_rand_int ());
  g_autofree char *rounds = NULL, *line = NULL;
  g_autoptr(TestChild) nest = NULL;
  gint64 begin = g_get_monotonic_time ();

  if (result.done)
    return;
  result.n_rounds = N_ROUNDS;
  rounds = g_strdup_printf ("%u", result.n_rounds);
  g_test_message ("seed %s", seed);
  nest = test_child_new ("nest", seed, rounds, NULL);
  for (guint i = 0; i < result.n_rounds; i++)
    test_child_expect (nest, "round");
  line = test_child_hear (nest);
  g_assert_nonnull (line);
  g_assert_cmpint (sscanf (line, "%u %u %u %u %u %u %u %u", &result.n_created, &result.n_opened, &result.n_deaths,
                           &result.n_leftovers, &result.n_broken, &result.n_removed, &result.n_stuck,
                           &result.n_leaked), ==, 8);
  g_assert_cmpint (test_child_wait (nest), ==, 0);
  result.done = TRUE;
  g_test_message ("%u rounds in %.1f s: %u deaths, %u left a name; %u times created, %u times opened",
                  result.n_rounds, (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC,
                  result.n_deaths, result.n_leftovers, result.n_created, result.n_opened);
}

static void
test_whole (void)
{
  g_test_summary ("When processes are killed at random, every region that can be opened has its full contents.");

  burn ();
  g_assert_cmpuint (result.n_broken, ==, 0);
  g_assert_cmpuint (result.n_opened, >, 0);
  g_assert_cmpuint (result.n_created, >, 0);
}

static void
test_holders_keep_the_name (void)
{
  g_test_summary ("When processes are killed at random, no name is removed while another process holds it.");

  burn ();
  g_assert_cmpuint (result.n_removed, ==, 0);
}

static void
test_leftovers_are_taken (void)
{
  g_test_summary ("When processes are killed at random, the next process can take every name that is left.");

  burn ();
  g_assert_cmpuint (result.n_stuck, ==, 0);
  g_assert_cmpuint (result.n_deaths, >=, result.n_rounds);
  if (result.n_rounds >= 100)
    g_assert_cmpuint (result.n_leftovers, >, 0);
}

static void
test_no_descriptor_leaks (void)
{
  g_test_summary ("When processes are killed at random, the others leave no descriptor open.");

  burn ();
  g_assert_cmpuint (result.n_leaked, ==, 0);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("nest", role_nest);
  test_init (&argc, &argv);

  test_add ("/fire/never-without-bytes", test_whole);
  test_add ("/fire/never-removed-under-holder", test_holders_keep_the_name);
  test_add ("/fire/leftovers-are-taken", test_leftovers_are_taken);
  test_add ("/fire/no-descriptor-leaks", test_no_descriptor_leaks);

  return test_run ();
}
