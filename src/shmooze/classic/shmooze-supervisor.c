/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "classic/shmooze-supervisor-private.h"

#include "region/shmooze-poll-private.h"
#include "classic/shmooze-process-cell-private.h"
#include "region/shmooze-region-private.h"

#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <unistd.h>

/**
 * ShmoozeSupervisor:
 *
 * Starts a worker, watches it and starts it again when it dies, in the
 * layout of the classic controller and listener: one `int32` at 0, which is 0
 * for nobody, the worker's process number, or -1 for "please stop".
 *
 * A worker is a [class@Worker], or a program that was written for the
 * original. It is started in a session of its own and stays when the
 * supervisor dies, or its terminal; the next supervisor adopts it, if it has
 * the region open: a number alone may be anybody's by now. A
 * command that knows nothing of the region is started and watched as well,
 * but not adopted; when it is told to stop it goes on to its own end, and is
 * not started again.
 *
 * A worker that ended in good order, leaving 0 or -1, is not started again.
 *
 * Methods and signals belong to one thread, that of the main context which
 * was thread-default when the object was made.
 *
 * Since: 1.0
 */

/* Who lives shorter than this has died at once, and is started again after a pause that doubles. */
#define AT_ONCE_USEC G_USEC_PER_SEC
#define FIRST_PAUSE_MSEC 100
#define LAST_PAUSE_MSEC 30000

struct _ShmoozeSupervisor
{
  GObject             parent_instance;

  ShmoozeProcessCell *cell;
  GMainContext       *context;
  char              **argv;
  int                 pid;         /* 0: nobody works */
  int                 pid_fd;      /* of an adopted worker */
  gint64              started_at;
  guint               pause_msec;
  gint64              at_once_usec;
  GSource            *source;      /* waits: for an adopted one's end, before a start */
};

G_DEFINE_FINAL_TYPE (ShmoozeSupervisor, shmooze_supervisor, G_TYPE_OBJECT)

typedef enum
{
  PROP_NAME = 1,
  PROP_PID
} Property;

static GParamSpec *properties[PROP_PID + 1];

enum
{
  SIGNAL_STARTED,
  SIGNAL_ADOPTED,
  SIGNAL_DIED,
  SIGNAL_STOPPED,
  SIGNAL_FAILED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static gboolean go_on (gpointer user_data);

static void
stop_waiting (ShmoozeSupervisor *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  if (self->pid_fd >= 0)
    close (self->pid_fd);
  self->pid_fd = -1;
}

static void
shmooze_supervisor_dispose (GObject *object)
{
  ShmoozeSupervisor *self = SHMOOZE_SUPERVISOR (object);

  stop_waiting (self);
  g_clear_pointer (&self->cell, shmooze_process_cell_free);

  G_OBJECT_CLASS (shmooze_supervisor_parent_class)->dispose (object);
}

static void
shmooze_supervisor_finalize (GObject *object)
{
  ShmoozeSupervisor *self = SHMOOZE_SUPERVISOR (object);

  g_strfreev (self->argv);
  g_main_context_unref (self->context);

  G_OBJECT_CLASS (shmooze_supervisor_parent_class)->finalize (object);
}

static void
shmooze_supervisor_get_property (GObject    *object,
                                 guint       id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  ShmoozeSupervisor *self = SHMOOZE_SUPERVISOR (object);

  switch ((Property) id)
    {
    case PROP_NAME:
      g_value_set_string (value, shmooze_supervisor_get_name (self));
      break;
    case PROP_PID:
      g_value_set_int (value, self->pid);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
shmooze_supervisor_class_init (ShmoozeSupervisorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = shmooze_supervisor_dispose;
  object_class->finalize = shmooze_supervisor_finalize;
  object_class->get_property = shmooze_supervisor_get_property;

  /**
   * ShmoozeSupervisor:name:
   *
   * The region's name.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  /**
   * ShmoozeSupervisor:pid:
   *
   * The worker's process number; 0 while nobody works.
   *
   * Since: 1.0
   */
  properties[PROP_PID] = g_param_spec_int ("pid", NULL, NULL, 0, G_MAXINT32, 0, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * ShmoozeSupervisor::started:
   * @self: the supervisor
   * @pid: the worker's process number
   *
   * A worker was started.
   *
   * Since: 1.0
   */
  signals[SIGNAL_STARTED] = g_signal_new ("started", SHMOOZE_TYPE_SUPERVISOR, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  /**
   * ShmoozeSupervisor::adopted:
   * @self: the supervisor
   * @pid: the worker's process number
   *
   * A worker that was running already was found, and is watched from now on.
   *
   * Since: 1.0
   */
  signals[SIGNAL_ADOPTED] = g_signal_new ("adopted", SHMOOZE_TYPE_SUPERVISOR, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  /**
   * ShmoozeSupervisor::died:
   * @self: the supervisor
   * @pid: the worker's process number
   * @wait_status: how it ended, as in [func@GLib.spawn_check_wait_status]; -1
   *   for an adopted one, whose end nobody is told
   * @pause_msec: after how many milliseconds it is started again
   *
   * The worker ended without saying so, and will be started again.
   *
   * Since: 1.0
   */
  signals[SIGNAL_DIED] = g_signal_new ("died", SHMOOZE_TYPE_SUPERVISOR, G_SIGNAL_RUN_LAST, 0,
                                       NULL, NULL, NULL, G_TYPE_NONE, 3, G_TYPE_INT, G_TYPE_INT, G_TYPE_UINT);
  /**
   * ShmoozeSupervisor::stopped:
   * @self: the supervisor
   * @pid: the worker's process number
   *
   * The worker ended in good order.
   *
   * Since: 1.0
   */
  signals[SIGNAL_STOPPED] = g_signal_new ("stopped", SHMOOZE_TYPE_SUPERVISOR, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  /**
   * ShmoozeSupervisor::failed:
   * @self: the supervisor
   * @error: what is wrong
   *
   * The worker could not be started again, or the region is lost. Nobody is
   * watched any more.
   *
   * Since: 1.0
   */
  signals[SIGNAL_FAILED] = g_signal_new ("failed", SHMOOZE_TYPE_SUPERVISOR, G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
shmooze_supervisor_init (ShmoozeSupervisor *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->pid_fd = -1;
  self->at_once_usec = AT_ONCE_USEC;
}

/* For tests, which have no second for every worker's life. */
void
shmooze_supervisor_set_at_once (ShmoozeSupervisor *self,
                                gint64             usec)
{
  self->at_once_usec = usec;
}

/**
 * shmooze_supervisor_new:
 * @name: the region's name; the classic one is %SHMOOZE_SUPERVISOR_NAME
 * @argv: (array zero-terminated=1): the command that is the worker
 * @error: return location for an error
 *
 * Opens the region of that name, or creates it, and becomes its supervisor.
 *
 * Fails with %G_IO_ERROR_BUSY when there is a supervisor already,
 * %SHMOOZE_ERROR_LAYOUT when the region is too small, and like
 * [ctor@Region.create_or_open].
 *
 * Returns: (transfer full): the supervisor
 *
 * Since: 1.0
 */
ShmoozeSupervisor *
shmooze_supervisor_new (const char         *name,
                        const char *const  *argv,
                        GError            **error)
{
  g_autoptr(ShmoozeSupervisor) self = NULL;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (argv != NULL && argv[0] != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_object_new (SHMOOZE_TYPE_SUPERVISOR, NULL);
  self->argv = g_strdupv ((char **) argv);
  self->cell = shmooze_process_cell_new (name, TRUE, error);
  if (self->cell == NULL)
    return NULL;
  if (!shmooze_region_try_lock (shmooze_process_cell_get_region (self->cell), SHMOOZE_PROCESS_CELL_SUPERVISOR_LOCK))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, _("“%s” already has a supervisor"), name);
      return NULL;
    }
  return g_steal_pointer (&self);
}

/**
 * shmooze_supervisor_get_name:
 * @self: a supervisor
 *
 * Gets the region's name.
 *
 * Returns: the name
 *
 * Since: 1.0
 */
const char *
shmooze_supervisor_get_name (ShmoozeSupervisor *self)
{
  g_return_val_if_fail (SHMOOZE_IS_SUPERVISOR (self), NULL);

  return shmooze_region_get_name (shmooze_process_cell_get_region (self->cell));
}

/**
 * shmooze_supervisor_get_pid:
 * @self: a supervisor
 *
 * Gets the worker's process number.
 *
 * Returns: the number; 0 while nobody works
 *
 * Since: 1.0
 */
int
shmooze_supervisor_get_pid (ShmoozeSupervisor *self)
{
  g_return_val_if_fail (SHMOOZE_IS_SUPERVISOR (self), 0);

  return self->pid;
}

static void
set_pid (ShmoozeSupervisor *self,
         int                pid)
{
  self->pid = pid;
  self->started_at = g_get_monotonic_time ();
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PID]);
}

static void
wait_for (ShmoozeSupervisor *self,
          GSource           *source,
          GSourceFunc        callback)
{
  self->source = source;
  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, self->context);
}

/* The worker has ended. What it left in the cell says how. */
static void
on_end (ShmoozeSupervisor *supervisor,
        int                wait_status)
{
  g_autoptr(ShmoozeSupervisor) self = g_object_ref (supervisor);
  g_autoptr(GError) error = NULL;
  int pid = self->pid;
  gint32 there;

  stop_waiting (self);
  if (!shmooze_process_cell_get (self->cell, &there, &error))
    {
      set_pid (self, 0);
      g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
    }
  else if (there > 0)
    {
      /* Its own number, or that of one that it started in its turn: that one is adopted if it is alive. */
      gboolean at_once = g_get_monotonic_time () - self->started_at < self->at_once_usec;

      if (there == pid)
        shmooze_process_cell_replace (self->cell, &there, SHMOOZE_PROCESS_NONE, NULL);
      self->pause_msec = at_once ? CLAMP (self->pause_msec * 2, FIRST_PAUSE_MSEC, LAST_PAUSE_MSEC) : 0;
      set_pid (self, 0);
      wait_for (self, g_timeout_source_new (self->pause_msec), go_on);
      g_signal_emit (self, signals[SIGNAL_DIED], 0, pid, wait_status, self->pause_msec);
    }
  else
    {
      if (there == SHMOOZE_PROCESS_STOP)
        shmooze_process_cell_replace (self->cell, &there, SHMOOZE_PROCESS_NONE, NULL);
      set_pid (self, 0);
      g_signal_emit (self, signals[SIGNAL_STOPPED], 0, pid);
    }
}

static gboolean
on_adopted_end (int          fd,
                GIOCondition condition,
                gpointer     user_data)
{
  on_end (user_data, -1);
  return G_SOURCE_REMOVE;
}

static void
on_child_end (GPid     pid,
              int      wait_status,
              gpointer user_data)
{
  g_autoptr(ShmoozeSupervisor) self = g_weak_ref_get (user_data);

  if (self != NULL && self->cell != NULL)
    on_end (self, wait_status);
}

static void
free_weak_ref (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

/* Outlives the supervisor, whose worker goes on: somebody has to reap it. */
static void
watch_child (ShmoozeSupervisor *self,
             GPid               pid)
{
  g_autoptr(GSource) source = g_child_watch_source_new (pid);
  GWeakRef *weak_ref = g_new (GWeakRef, 1);

  g_weak_ref_init (weak_ref, self);
  g_source_set_callback (source, G_SOURCE_FUNC (on_child_end), weak_ref, free_weak_ref);
  g_source_attach (source, self->context);
}

/* In a session of its own, where neither the Ctrl+C nor the end of its supervisor's terminal reaches it. */
static void
leave_session (gpointer user_data)
{
  setsid ();
}

static gboolean
spawn (ShmoozeSupervisor  *self,
       GError            **error)
{
  gint32 none = SHMOOZE_PROCESS_NONE;
  GPid pid;

  if (!g_spawn_async (NULL, self->argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                      leave_session, NULL, &pid, error))
    return FALSE;

  /* Whoever comes first records the number; a worker that was told to stop meanwhile is not contradicted. */
  shmooze_process_cell_replace (self->cell, &none, pid, NULL);
  set_pid (self, pid);
  watch_child (self, pid);
  g_signal_emit (self, signals[SIGNAL_STARTED], 0, pid);
  return TRUE;
}

/* A worker that was told to stop is at its last unit; the next one waits for its end. */
static gboolean
on_last_unit (gpointer user_data)
{
  ShmoozeSupervisor *self = user_data;

  if (shmooze_region_is_locked (shmooze_process_cell_get_region (self->cell), SHMOOZE_PROCESS_CELL_WORKER_LOCK))
    return FALSE;
  go_on (self);
  return FALSE;
}

static gboolean
adopt_or_spawn (ShmoozeSupervisor  *self,
                GError            **error)
{
  ShmoozeRegion *region = shmooze_process_cell_get_region (self->cell);
  gint32 there;
  int fd;

  if (!shmooze_process_cell_get (self->cell, &there, error))
    return FALSE;

  fd = there == (gint32) getpid () ? -1 : shmooze_process_cell_find (self->cell, there);
  if (fd >= 0)
    {
      self->pid_fd = fd;
      set_pid (self, there);
      wait_for (self, g_unix_fd_source_new (fd, G_IO_IN), G_SOURCE_FUNC (on_adopted_end));
      g_signal_emit (self, signals[SIGNAL_ADOPTED], 0, there);
      return TRUE;
    }
  if (shmooze_region_is_locked (region, SHMOOZE_PROCESS_CELL_WORKER_LOCK))
    {
      wait_for (self, shmooze_poll_source_new (), on_last_unit);
      return TRUE;
    }
  if (there != SHMOOZE_PROCESS_NONE)
    shmooze_process_cell_replace (self->cell, &there, SHMOOZE_PROCESS_NONE, NULL);
  return spawn (self, error);
}

static gboolean
go_on (gpointer user_data)
{
  g_autoptr(ShmoozeSupervisor) self = g_object_ref (user_data);
  g_autoptr(GError) error = NULL;

  stop_waiting (self);
  if (!adopt_or_spawn (self, &error))
    g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
  return G_SOURCE_REMOVE;
}

/**
 * shmooze_supervisor_start:
 * @self: a supervisor
 * @error: return location for an error
 *
 * Adopts the worker that is recorded in the region and runs, or starts one.
 * A worker that was told to stop and is still at its last unit is waited for
 * first. To start what runs already is fine.
 *
 * Fails when the command cannot be run, with what [func@GLib.spawn_async]
 * says, with %SHMOOZE_ERROR_CORRUPT when what stands in the region is no
 * process's number, and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_supervisor_start (ShmoozeSupervisor  *self,
                          GError            **error)
{
  g_return_val_if_fail (SHMOOZE_IS_SUPERVISOR (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (self->pid != 0 || self->source != NULL)
    return TRUE;
  return adopt_or_spawn (self, error);
}

/* Tells whoever works to stop. @child: a process that certainly is the worker, if it has not opened the region
 * yet it will find the call; else 0. */
static gboolean
tell_to_stop (ShmoozeProcessCell  *cell,
              const char          *name,
              int                  child,
              GError             **error)
{
  g_autoptr(GError) local_error = NULL;
  gint32 there;

  if (!shmooze_process_cell_get (cell, &there, error))
    return FALSE;
  while (there > 0)
    {
      int fd = shmooze_process_cell_find (cell, there);

      /* In another sandbox a number says nothing: there the worker's lock does. */
      if (fd < 0 && there != child &&
          !shmooze_region_is_locked (shmooze_process_cell_get_region (cell), SHMOOZE_PROCESS_CELL_WORKER_LOCK))
        break;
      if (fd >= 0)
        close (fd);
      if (shmooze_process_cell_replace (cell, &there, SHMOOZE_PROCESS_STOP, &local_error))
        return TRUE;
      if (local_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }
  if (there == SHMOOZE_PROCESS_STOP)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _("No worker is running for “%s”"), name);
  return FALSE;
}

/**
 * shmooze_supervisor_stop:
 * @self: a supervisor
 * @error: return location for an error
 *
 * Tells the worker to stop: it ends after the unit it is at, and
 * [signal@Supervisor::stopped] says so. One that is just to be started again
 * is not started.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND when nobody works, and
 * %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether somebody was told
 *
 * Since: 1.0
 */
gboolean
shmooze_supervisor_stop (ShmoozeSupervisor  *self,
                         GError            **error)
{
  g_return_val_if_fail (SHMOOZE_IS_SUPERVISOR (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (self->pid == 0)
    stop_waiting (self);
  return tell_to_stop (self->cell, shmooze_supervisor_get_name (self), self->pid, error);
}

/**
 * shmooze_supervisor_request_stop:
 * @name: the region's name; the classic one is %SHMOOZE_SUPERVISOR_NAME
 * @error: return location for an error
 *
 * Tells the worker of that name to stop, whoever watches it.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND when nobody works there, and like
 * [ctor@Region.open].
 *
 * Returns: whether somebody was told
 *
 * Since: 1.0
 */
gboolean
shmooze_supervisor_request_stop (const char  *name,
                                 GError     **error)
{
  g_autoptr(ShmoozeProcessCell) cell = NULL;

  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  cell = shmooze_process_cell_new (name, FALSE, error);
  return cell != NULL && tell_to_stop (cell, name, 0, error);
}
