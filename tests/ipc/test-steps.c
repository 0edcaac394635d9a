/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/testlib.h"
#include "lib/test-trace.h"

#include <shmooze/shmooze-mutex.h>
#include "region/shmooze-region-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Two processes use one name. The first is stopped at each entry into a system call of its action, and at each exit,
 * while the second completes its own action; or the first is killed there, and the second must not notice. The
 * second's result may change once, from that of before the first action to that of after it. */

#define RW SHMOOZE_ACCESS_READ_WRITE
#define CAPACITY 9000

/* If the second takes longer, it waits for the first, which then continues. */
#define SOON_MSEC 15
/* A wait of at most a second (shmooze-backing.c) is over by then, also on a slow machine. */
#define LATE_MSEC 8000

typedef enum
{
  NOTHING,
  DEAD,     /* the stale file of a killed process */
  FIRST,    /* the holder of the name before the actions begin */
  SECOND,
  BOTH,
  OWNED     /* both hold the mutex, the first has locked it */
} Before;

typedef enum
{
  CLOSE,
  OPEN,
  CREATE,
  EITHER,   /* create_or_open */
  LIST,
  REMOVE,
  RENEW,    /* close, or else remove; and create a successor */
  LOCK,
  UNLOCK,
  MUTEX,    /* create_or_open, initially owned */
  QUIT
} Action;

typedef enum
{
  FINE,
  NOT_FOUND,
  EXISTS,
  BUSY,
  WOULD_BLOCK,
  ABANDONED,
  CREATED,  /* by create_or_open */
  LIES      /* no other error can be right here */
} Result;

static const char *const result_words[] = { "fine", "not found", "exists", "busy", "would block", "abandoned", "created", "lies" };

typedef struct
{
  const char *path;
  Before      before;
  Action      first;
  Action      second;
  Result      first_from, first_to;    /* if the second acted before, and after */
  Result      second_from, second_to;
  guint       min_stops;
} Scene;

typedef struct
{
  Result  result;
  guint64 inode;     /* of the region that it holds, or 0 */
  guint   n_listed;
  char    message[400];
} Outcome;

/* What the processes report to the test. */
static struct
{
  Outcome first;
  Outcome second;
} *told;

/* What a process has. */
static ShmoozeRegion *region;
static ShmoozeMutex *mutex;

static const Scene *scene;
static const char *name;
static char *path;

static struct
{
  pid_t pid;
  int   fd;
} second;

static gboolean
is_mutex_scene (const Scene *which)
{
  return which->first >= LOCK;
}

static GBytes *
make_contents (void)
{
  guint8 *bytes = g_malloc (CAPACITY);

  for (guint i = 0; i < CAPACITY; i++)
    bytes[i] = (guint8) (i * 31 + 7) | 1;
  return g_bytes_new_take (bytes, CAPACITY);
}

static gboolean
makes (Action action)
{
  return action == CREATE || action == EITHER || action == RENEW || action == MUTEX;
}

static gboolean
has_made (Action         action,
          const Outcome *outcome)
{
  return makes (action) && outcome->result == (action == CREATE || action == RENEW ? FINE : CREATED);
}

/* A created region has its creator's bytes, or zeros; an opened one has all of the one or all of the other. */
static void
check_whole (Action         action,
             const Outcome *outcome)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeView) view = shmooze_region_create_view (region, 0, 0, SHMOOZE_ACCESS_READ, &error);
  g_autoptr(GBytes) contents = make_contents ();
  const guint8 *data;

  g_assert_no_error (error);
  g_assert_cmpuint (shmooze_region_get_capacity (region), ==, CAPACITY);
  data = shmooze_view_get_data (view);
  if (has_made (action, outcome))
    g_assert_true ((data[0] != 0) == (action != EITHER));
  if (data[0] != 0)
    g_assert_cmpmem (data, CAPACITY, g_bytes_get_data (contents, NULL), CAPACITY);
  else
    for (guint i = 0; i < CAPACITY; i++)
      g_assert_cmpint (data[i], ==, 0);
}

static Result
result_of (const GError *error)
{
  if (error == NULL)
    return FINE;
  if (error->domain == G_IO_ERROR)
    switch (error->code)
      {
      case G_IO_ERROR_NOT_FOUND:
        return NOT_FOUND;
      case G_IO_ERROR_EXISTS:
        return EXISTS;
      case G_IO_ERROR_BUSY:
        return BUSY;
      case G_IO_ERROR_WOULD_BLOCK:
        return WOULD_BLOCK;
      default:
        break;
      }
  return LIES;
}

/* Only existing and complete regions. */
static guint
check_list (GPtrArray *infos)
{
  for (guint i = 0; infos != NULL && i < infos->len; i++)
    {
      const ShmoozeRegionInfo *info = g_ptr_array_index (infos, i);

      g_assert_cmpstr (info->name, ==, name);
      g_assert_cmpstr (info->path, ==, path);
      g_assert_cmpuint (info->capacity, ==, CAPACITY);
    }
  return infos != NULL ? infos->len : 0;
}

static void
act (Action   action,
     GBytes  *contents,
     Outcome *outcome)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) infos = NULL;
  gboolean created = FALSE;
  ShmoozeLockResult lock = SHMOOZE_LOCK_ACQUIRED;

  switch (action)
    {
    case CLOSE:
      shmooze_region_close (region);
      break;
    case OPEN:
      region = shmooze_region_open (name, RW, &error);
      break;
    case CREATE:
      region = shmooze_region_create_with_contents (name, CAPACITY, RW, contents, &error);
      break;
    case EITHER:
      region = shmooze_region_create_or_open (name, CAPACITY, RW, &created, &error);
      break;
    case LIST:
      infos = shmooze_region_list (&error);
      outcome->n_listed = check_list (infos);
      break;
    case REMOVE:
      shmooze_region_remove (name, &error);
      break;
    case RENEW:
      if (region != NULL)
        g_clear_object (&region);
      else
        shmooze_region_remove (name, NULL);
      region = shmooze_region_create_with_contents (name, CAPACITY, RW, contents, &error);
      break;
    case LOCK:
      lock = shmooze_mutex_lock (mutex, 0, NULL, &error);
      break;
    case UNLOCK:
      shmooze_mutex_unlock (mutex, &error);
      break;
    case MUTEX:
      mutex = shmooze_mutex_create_or_open (name, TRUE, &created, &error);
      break;
    case QUIT:
      _exit (0);
    }

  outcome->result = result_of (error);
  if (outcome->result == FINE && lock == SHMOOZE_LOCK_ABANDONED)
    outcome->result = ABANDONED;
  if (outcome->result == FINE && created)
    outcome->result = CREATED;
  g_strlcpy (outcome->message, error != NULL ? error->message : "", sizeof outcome->message);
}

/* The inode that this process holds. */
static guint64
held_inode (void)
{
  struct stat st;

  if (region == NULL || region->n_holds == 0)
    return 0;
  g_assert_cmpint (fstat (region->backing.lock_fd, &st), ==, 0);
  return st.st_ino;
}

static void
drop_all (void)
{
  g_clear_object (&region);
  g_clear_object (&mutex);
}

/* The process holds the name, as the first holder or as a later one. */
static void
hold (gboolean is_new)
{
  g_autoptr(GBytes) contents = make_contents ();
  g_autoptr(GError) error = NULL;
  gboolean created;

  if (is_mutex_scene (scene))
    {
      mutex = shmooze_mutex_create_or_open (name, FALSE, &created, &error);
      g_assert_no_error (error);
      g_assert_true (created == is_new);
    }
  else
    {
      Outcome outcome;

      act (is_new ? CREATE : OPEN, contents, &outcome);
      if (outcome.result != FINE)
        g_error ("%s", outcome.message);
    }
}

/* The traced process. */
static void
be_first (gpointer data)
{
  g_autoptr(GBytes) contents = make_contents ();

  if (scene->before == FIRST || scene->before == BOTH || scene->before == OWNED)
    hold (TRUE);
  if (scene->before == OWNED)
    g_assert_cmpint (shmooze_mutex_lock (mutex, 0, NULL, NULL), ==, SHMOOZE_LOCK_ACQUIRED);

  test_trace_mark (TEST_MARK_BEGIN);
  act (scene->first, contents, &told->first);
  told->first.inode = held_inode ();
  test_trace_mark (TEST_MARK_END);

  if (held_inode () != 0)
    check_whole (scene->first, &told->first);
  drop_all ();
}

static void
leave_dead (gpointer data)
{
  hold (TRUE);
  raise (SIGKILL);
}

/* The other process. Orders: 'h' to hold the name, 'n' to create it, 'x' to drop everything; else an action. */
static void
be_second (int fd)
{
  g_autoptr(GBytes) contents = make_contents ();
  char order;

  while (read (fd, &order, 1) == 1)
    {
      if (order == 'h' || order == 'n')
        hold (order == 'n');
      else if (order == 'x')
        drop_all ();
      else
        {
          act ((Action) (order - '0'), contents, &told->second);
          if (held_inode () != 0)
            check_whole ((Action) (order - '0'), &told->second);
        }
      told->second.inode = held_inode ();
      if (write (fd, &order, 1) != 1)
        break;
    }
}

static gboolean
second_is_done (int msec)
{
  struct pollfd look = { .fd = second.fd, .events = POLLIN };
  char order;

  if (poll (&look, 1, msec) == 0)
    return FALSE;
  if (read (second.fd, &order, 1) != 1)
    g_error ("the second process died");
  return TRUE;
}

static void
tell_second (char order)
{
  g_assert_cmpint (write (second.fd, &order, 1), ==, 1);
}

static void
second_does (Action action)
{
  tell_second ((char) ('0' + action));
  if (!second_is_done (LATE_MSEC))
    g_error ("the second process hangs");
}

static void
order_second (char order)
{
  tell_second (order);
  if (!second_is_done (LATE_MSEC))
    g_error ("the second process hangs");
}

static guint64
named_inode (void)
{
  struct stat st;

  return lstat (path, &st) == 0 ? st.st_ino : 0;
}

static void
begin (void)
{
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  second.pid = fork ();
  if (second.pid == 0)
    {
      close (ends[0]);
      be_second (ends[1]);
      _exit (0);
    }
  close (ends[1]);
  second.fd = ends[0];
}

static void
end (void)
{
  int status;

  close (second.fd);
  g_assert_cmpint (waitpid (second.pid, &status, 0), ==, second.pid);
  g_assert_cmpint (status, ==, 0);
}

/* Both processes are at the beginning of their actions. */
static TestTrace *
set_up (guint64 *inode)
{
  TestTrace *first;

  memset (told, 0, sizeof *told);
  if (scene->before == DEAD)
    {
      int status = test_in_fork (leave_dead, NULL);

      g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
      g_assert_cmpuint (named_inode (), !=, 0);
    }
  else if (scene->before == SECOND)
    order_second ('n');

  first = test_trace_new (be_first, NULL);
  test_trace_to_mark (first, TEST_MARK_BEGIN);
  if (scene->before == BOTH || scene->before == OWNED)
    order_second ('h');
  *inode = named_inode ();
  return first;
}

/* The course of the second's action while the first was stopped. */
typedef enum
{
  GOES_THROUGH,
  WAITS,         /* for the first, which then continued */
  GIVES_UP       /* the first did not continue for a second */
} Turn;

/* The result that a process may get, depending on the other: it changes once. */
typedef struct
{
  Result from;
  Result to;
  gboolean began;
  gboolean changed;
  gboolean ended;
} Track;

static void
follow (Track         *track,
        const Outcome *outcome,
        Turn           turn,
        const char    *who,
        const char    *where)
{
  if (outcome->result == BUSY && turn == GIVES_UP)
    return;
  track->began |= outcome->result == track->from;
  track->ended |= outcome->result == track->to;
  if (turn != GOES_THROUGH && (outcome->result == track->from || outcome->result == track->to))
    return;
  if (outcome->result == track->to && track->began)
    track->changed = TRUE;
  else if (outcome->result != track->from || track->changed)
    g_error ("%s, the first at %s: the %s process gets “%s” (%s)%s", scene->path, where, who,
             result_words[outcome->result], outcome->message,
             track->changed ? " where it got the other before" : "");
}

/* If there is a holder, the name exists and leads to what the holder has. */
static void
check_name (const char *where,
            guint64     removed)
{
  guint64 named = named_inode ();
  const guint64 held[] = { told->first.inode, told->second.inode };
  guint n_holders = 0;

  if (is_mutex_scene (scene))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    if (held[i] != 0 && held[i] != removed)
      {
        if (held[i] != named)
          g_error ("%s, the first stopped at %s: the %s process holds inode %" G_GUINT64_FORMAT
                   ", the name stands for %" G_GUINT64_FORMAT, scene->path, where, i == 0 ? "first" : "second",
                   held[i], named);
        n_holders++;
      }
  if (named != 0 && n_holders == 0)
    g_error ("%s, the first stopped at %s: the name is left", scene->path, where);
}

static void
check_owners (const char *where)
{
  const Result one = told->first.result, two = told->second.result;

  if (scene->first == LOCK && scene->second == LOCK && (one == FINE) == (two == FINE))
    g_error ("%s, the first stopped at %s: %s own the mutex", scene->path, where, one == FINE ? "both" : "none");
}

/* Of two processes that create, one succeeds: both keep what they have. */
static void
check_makers (const char *where)
{
  int n_made = has_made (scene->first, &told->first) + has_made (scene->second, &told->second);

  if (makes (scene->first) && makes (scene->second) && told->first.result != BUSY && told->second.result != BUSY &&
      n_made != 1)
    g_error ("%s, the first stopped at %s: %d have created", scene->path, where, n_made);
}

static gboolean
is_locked (int     fd,
           guint64 byte)
{
  return shmooze_probe_byte (fd, byte) == F_WRLCK;
}

/* Whether the first is stopped while it removes what the second opens or removes. Only then may the second wait. */
static gboolean
is_being_removed (int     held_fd,
                  guint64 inode)
{
  int fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  gboolean result = FALSE;

  if (fd >= 0)
    {
      result = is_locked (fd, SHMOOZE_LIVENESS_BYTE) || is_locked (fd, SHMOOZE_NAME_BYTE);
      close (fd);
    }
  /* A closing process also waits if the name is already removed. */
  if (held_fd >= 0 && told->second.inode == inode)
    result |= is_locked (held_fd, SHMOOZE_NAME_BYTE);
  return result;
}

/* The second's action while the first is stopped. */
static Turn
take_turn (TestTrace  *first,
           const char *where,
           gboolean    may_wait,
           gboolean    is_patient)
{
  gboolean is_late;

  tell_second ((char) ('0' + scene->second));
  if (!may_wait)
    {
      if (!second_is_done (LATE_MSEC))
        g_error ("%s, the first stopped at %s: the second process hangs", scene->path, where);
      test_trace_to_mark (first, TEST_MARK_END);
      return GOES_THROUGH;
    }

  is_late = !second_is_done (SOON_MSEC);
  if (is_late && is_patient)
    {
      if (!second_is_done (LATE_MSEC))
        g_error ("%s, the first stopped at %s: the second process hangs", scene->path, where);
      g_test_message ("waits when the first is %s: %s", where, result_words[told->second.result]);
      test_trace_to_mark (first, TEST_MARK_END);
      return GIVES_UP;
    }

  test_trace_to_mark (first, TEST_MARK_END);
  if (is_late && !second_is_done (LATE_MSEC))
    g_error ("%s, the first having stopped at %s: the second process hangs", scene->path, where);
  return is_late ? WAITS : GOES_THROUGH;
}

static void
run_scene (const Scene *which)
{
  g_test_summary ("While one process is stopped at any system call of creating, opening, closing, removing, listing, "
                  "locking or unlocking, another one gets the result of before it or of after it.");

  Track first_track = { which->first_from, which->first_to, FALSE, FALSE, FALSE };
  Track second_track = { which->second_from, which->second_to, FALSE, FALSE, FALSE };
  gboolean goes_on = TRUE;
  guint n_stops, n_waits = 0;

  scene = which;
  begin ();
  for (n_stops = 0; goes_on; n_stops++)
    {
      guint64 inode, removed = 0;
      g_autoptr(TestTrace) first = set_up (&inode);
      g_autofree char *where = NULL;
      int held_fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);  /* so that its inode number is not reused */
      gboolean may_wait;
      Turn turn;
      int status;

      for (guint i = 0; i < n_stops && goes_on; i++)
        goes_on = test_trace_step (first);
      where = test_trace_where (first);
      may_wait = !is_mutex_scene (which) && is_being_removed (held_fd, inode);

      /* Once in a scene the first stays stopped. */
      turn = take_turn (first, where, may_wait, n_waits == 0 && name[0] != '/');
      n_waits += turn != GOES_THROUGH;
      /* A process that opened the name after the successor had it may remove that one; an earlier one may not. */
      if (which->first == REMOVE && which->second == RENEW && told->second.inode != named_inode () &&
          told->second.result == FINE)
        {
          told->second.result = NOT_FOUND;
          told->second.inode = 0;
        }
      follow (&second_track, &told->second, turn, "second", where);
      follow (&first_track, &told->first, turn, "first", where);
      if ((which->first == REMOVE && told->first.result == FINE) ||
          (which->second == REMOVE && told->second.result == FINE))
        removed = inode;
      check_name (where, removed);
      if (is_mutex_scene (which))
        check_owners (where);
      check_makers (where);
      if (held_fd >= 0)
        close (held_fd);

      status = test_trace_finish (first);
      if (status != 0)
        g_error ("%s, having stopped at %s: the first process ended with %#x", which->path, where, (guint) status);
      order_second ('x');
      if (named_inode () != 0)
        g_error ("%s, the first stopped at %s: the name is left in the end", which->path, where);
    }
  end ();

  if (!first_track.ended || !second_track.ended)
    g_error ("%s: the other's action never counted", which->path);
  g_test_message ("%u stops, the second waited at %u", n_stops, n_waits);
  g_assert_cmpuint (n_stops, >=, which->min_stops);
}

/* The action of the next process after a death. */
typedef enum
{
  LISTS,
  OPENS,
  CREATES,
  TAKES_EITHER,
  N_NEXT
} Next;

/* After the death of the first at any point. */
static void
go_on_after_death (Next        next,
                   const char *where,
                   guint64     inode)
{
  Action maker;

  if (scene->before == BOTH || scene->before == SECOND)
    {
      if (told->second.inode != named_inode () && scene->first != REMOVE)
        g_error ("%s, killed at %s: the survivor's name is gone", scene->path, where);
      order_second ('x');
    }
  if (next == LISTS)
    {
      second_does (LIST);
      if (told->second.result != FINE || told->second.n_listed != 0 || (named_inode () != 0 && name[0] != '/'))
        g_error ("%s, killed at %s: the list shows or leaves what is dead", scene->path, where);
    }
  else if (next == OPENS)
    {
      second_does (OPEN);
      if (told->second.result != NOT_FOUND || named_inode () != 0)
        g_error ("%s, killed at %s: the next opener gets “%s” (%s)", scene->path, where,
                 result_words[told->second.result], told->second.message);
    }
  maker = next == CREATES || next == LISTS ? CREATE : EITHER;
  second_does (maker);
  if (!has_made (maker, &told->second))
    g_error ("%s, killed at %s: the next gets “%s” (%s)", scene->path, where,
             result_words[told->second.result], told->second.message);
  g_assert_cmpuint (named_inode (), ==, told->second.inode);
  order_second ('x');
}

static void
lock_after_death (Track      *track,
                  const char *where)
{
  second_does (scene->second);
  follow (track, &told->second, GOES_THROUGH, "second", where);
  order_second ('x');
}

static void
run_deaths (const Scene *which)
{
  g_test_summary ("A process killed at any system call of creating, opening, closing, removing, listing, locking or "
                  "unlocking leaves nothing in the way of the next one, and a mutex that can be locked.");

  Track track = { which->second_from, which->second_to, FALSE, FALSE, FALSE };
  gboolean goes_on = TRUE;
  guint n_deaths, n_stops = 0;

  scene = which;
  begin ();
  /* Between leaving a call and entering the next nothing changes for others: with two deaths at each stop, every
   * state is met by each of the four that come next. */
  for (n_deaths = 0; goes_on || n_deaths % 2 != 0; n_deaths++)
    {
      guint64 inode;
      g_autoptr(TestTrace) first = set_up (&inode);
      g_autofree char *where = NULL;

      n_stops = n_deaths / 2;
      goes_on = TRUE;
      for (guint i = 0; i < n_stops && goes_on; i++)
        goes_on = test_trace_step (first);
      where = test_trace_where (first);
      test_trace_kill (first, n_stops % 4 < 2);  /* or a zombie, until it is freed */
      if (is_mutex_scene (which))
        lock_after_death (&track, where);
      else
        go_on_after_death ((Next) (n_deaths % N_NEXT), where, inode);
      if (named_inode () != 0)
        g_error ("%s, killed at %s: the name is left", which->path, where);
      test_check_nothing_left ();
    }
  end ();

  if (is_mutex_scene (which) && !track.ended)
    g_error ("%s: the first's action never counted", which->path);
  n_stops++;
  g_test_message ("killed at %u stops, %u deaths", n_stops, n_deaths);
  g_assert_cmpuint (n_stops, >=, which->min_stops);
}

static const Scene scenes[] = {
  /*                               before   first   second  what the first gets      what the second gets   stops */
  { "/steps/close-close",          BOTH,    CLOSE,  CLOSE,  FINE, FINE,              FINE, FINE,            10 },
  { "/steps/close-open",           FIRST,   CLOSE,  OPEN,   FINE, FINE,              FINE, NOT_FOUND,       10 },
  { "/steps/close-create",         FIRST,   CLOSE,  CREATE, FINE, FINE,              EXISTS, FINE,          10 },
  { "/steps/close-create-or-open", FIRST,   CLOSE,  EITHER, FINE, FINE,              FINE, CREATED,         10 },
  { "/steps/close-remove",         FIRST,   CLOSE,  REMOVE, FINE, FINE,              FINE, NOT_FOUND,       10 },
  { "/steps/close-list",           FIRST,   CLOSE,  LIST,   FINE, FINE,              FINE, FINE,            10 },
  { "/steps/close-renew",          FIRST,   CLOSE,  RENEW,  FINE, FINE,              FINE, FINE,            10 },
  { "/steps/open-close",           SECOND,  OPEN,   CLOSE,  NOT_FOUND, FINE,         FINE, FINE,            20 },
  { "/steps/open-open-dead",       DEAD,    OPEN,   OPEN,   NOT_FOUND, NOT_FOUND,    NOT_FOUND, NOT_FOUND,  20 },
  { "/steps/open-create",          NOTHING, OPEN,   CREATE, FINE, NOT_FOUND,         FINE, FINE,            10 },
  { "/steps/open-create-dead",     DEAD,    OPEN,   CREATE, FINE, NOT_FOUND,         FINE, FINE,            20 },
  { "/steps/open-remove",          SECOND,  OPEN,   REMOVE, NOT_FOUND, FINE,         FINE, FINE,            20 },
  { "/steps/open-list-dead",       DEAD,    OPEN,   LIST,   NOT_FOUND, NOT_FOUND,    FINE, FINE,            20 },
  { "/steps/open-renew-dead",      DEAD,    OPEN,   RENEW,  FINE, NOT_FOUND,         FINE, FINE,            20 },
  { "/steps/create-create",        NOTHING, CREATE, CREATE, EXISTS, FINE,            FINE, EXISTS,          40 },
  { "/steps/create-create-dead",   DEAD,    CREATE, CREATE, EXISTS, FINE,            FINE, EXISTS,          40 },
  { "/steps/create-open",          NOTHING, CREATE, OPEN,   FINE, FINE,              NOT_FOUND, FINE,       40 },
  { "/steps/create-open-dead",     DEAD,    CREATE, OPEN,   FINE, FINE,              NOT_FOUND, FINE,       40 },
  { "/steps/create-list-dead",     DEAD,    CREATE, LIST,   FINE, FINE,              FINE, FINE,            40 },
  { "/steps/create-close",         SECOND,  CREATE, CLOSE,  FINE, EXISTS,            FINE, FINE,            40 },
  { "/steps/create-remove",        SECOND,  CREATE, REMOVE, FINE, EXISTS,            FINE, FINE,            40 },
  { "/steps/list-create-dead",     DEAD,    LIST,   CREATE, FINE, FINE,              FINE, FINE,            20 },
  { "/steps/list-open-dead",       DEAD,    LIST,   OPEN,   FINE, FINE,              NOT_FOUND, NOT_FOUND,  20 },
  { "/steps/list-close",           SECOND,  LIST,   CLOSE,  FINE, FINE,              FINE, FINE,            20 },
  { "/steps/list-renew-dead",      DEAD,    LIST,   RENEW,  FINE, FINE,              FINE, FINE,            20 },
  { "/steps/remove-create",        FIRST,   REMOVE, CREATE, FINE, FINE,              EXISTS, FINE,          20 },
  { "/steps/remove-open",          FIRST,   REMOVE, OPEN,   FINE, FINE,              FINE, NOT_FOUND,       20 },
  { "/steps/remove-remove",        FIRST,   REMOVE, REMOVE, NOT_FOUND, FINE,         FINE, NOT_FOUND,       20 },
  { "/steps/remove-close",         SECOND,  REMOVE, CLOSE,  NOT_FOUND, FINE,         FINE, FINE,            20 },
  { "/steps/remove-renew",         SECOND,  REMOVE, RENEW,  FINE, FINE,              NOT_FOUND, FINE,       20 },
  { "/steps/either-either",        NOTHING, EITHER, EITHER, FINE, CREATED,           CREATED, FINE,         40 },
  { "/steps/either-either-dead",   DEAD,    EITHER, EITHER, FINE, CREATED,           CREATED, FINE,         40 },
  { "/steps/either-close",         SECOND,  EITHER, CLOSE,  CREATED, FINE,           FINE, FINE,            20 },
  { "/steps/lock-lock",            BOTH,    LOCK,   LOCK,   WOULD_BLOCK, FINE,       FINE, WOULD_BLOCK,     2 },
  { "/steps/unlock-lock",          OWNED,   UNLOCK, LOCK,   FINE, FINE,              WOULD_BLOCK, FINE,     2 },
  { "/steps/mutex-mutex",          NOTHING, MUTEX,  MUTEX,  FINE, CREATED,           CREATED, FINE,         40 },
};

static const Scene deaths[] = {
  { "/steps/killed/create",            NOTHING, CREATE, 0,      0, 0,  0, 0,                   40 },
  { "/steps/killed/create-dead",       DEAD,    CREATE, 0,      0, 0,  0, 0,                   40 },
  { "/steps/killed/create-or-open",    NOTHING, EITHER, 0,      0, 0,  0, 0,                   40 },
  { "/steps/killed/open",              SECOND,  OPEN,   0,      0, 0,  0, 0,                   20 },
  { "/steps/killed/open-dead",         DEAD,    OPEN,   0,      0, 0,  0, 0,                   20 },
  { "/steps/killed/close",             FIRST,   CLOSE,  0,      0, 0,  0, 0,                   10 },
  { "/steps/killed/close-shared",      BOTH,    CLOSE,  0,      0, 0,  0, 0,                   6 },
  { "/steps/killed/remove",            FIRST,   REMOVE, 0,      0, 0,  0, 0,                   20 },
  { "/steps/killed/list-dead",         DEAD,    LIST,   0,      0, 0,  0, 0,                   20 },
  { "/steps/killed/lock",              BOTH,    LOCK,   LOCK,   0, 0,  FINE, ABANDONED,        2 },
  { "/steps/killed/unlock",            OWNED,   UNLOCK, LOCK,   0, 0,  ABANDONED, FINE,        2 },
  { "/steps/killed/lock-alone",        FIRST,   LOCK,   MUTEX,  0, 0,  CREATED, CREATED,       2 },
  { "/steps/killed/create-owned",      NOTHING, MUTEX,  MUTEX,  0, 0,  CREATED, CREATED,       40 },
};

static const char *
why_not (void)
{
  return TEST_SLOW ? "a sanitizer makes system calls of its own" : test_trace_impossible ();
}

static void
run_in (gconstpointer data,
        const char   *as,
        void        (*run) (const Scene *))
{
  const Scene *which = data;
  guint n_fds = test_count_fds ();

  if (why_not () != NULL)
    {
      g_test_skip (why_not ());
      return;
    }
  name = as;
  if (as[0] == '/')
    path = g_strconcat ("/dev/shm", as, NULL);
  else if (is_mutex_scene (which))
    path = g_build_filename (test_home (), "app", "io.github.shmooze.Shmooze", "shmooze", "locks", as, NULL);
  else
    path = test_path (as);
  run (which);
  test_check_nothing_left ();
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
  g_free (path);
}

static void
in_private (gconstpointer data)
{
  run_in (data, "steps", run_scene);
}

static void
in_posix (gconstpointer data)
{
  g_autofree char *unique = test_unique_name ("/shmooze-test");

  run_in (data, unique, run_scene);
}

static void
killed_in_private (gconstpointer data)
{
  run_in (data, "steps", run_deaths);
}

static void
killed_in_posix (gconstpointer data)
{
  g_autofree char *unique = test_unique_name ("/shmooze-test");

  run_in (data, unique, run_deaths);
}

/* Whether the scene applies to a POSIX object, which others do not remove. These run in the long check only. */
static gboolean
suits_posix (const Scene *which)
{
  return TEST_THOROUGH && !is_mutex_scene (which) && which->first != LIST && which->second != LIST;
}

static void
add (const Scene  *which,
     GTestDataFunc in_private_func,
     GTestDataFunc in_posix_func)
{
  g_autofree char *posix = g_strconcat ("/steps/posix", which->path + strlen ("/steps"), NULL);

  g_test_add_data_func (which->path, which, in_private_func);
  if (suits_posix (which))
    g_test_add_data_func (posix, which, in_posix_func);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  told = mmap (NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert_true (told != MAP_FAILED);
  for (gsize i = 0; i < G_N_ELEMENTS (scenes); i++)
    add (&scenes[i], in_private, in_posix);
  for (gsize i = 0; i < G_N_ELEMENTS (deaths); i++)
    add (&deaths[i], killed_in_private, killed_in_posix);

  return test_run ();
}
