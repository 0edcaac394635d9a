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
 * Starts a worker process, watches it and restarts it when it dies.
 *
 * The memory layout is that of the original .NET controller and listener:
 * one `int32` at offset 0, which is the worker's process ID, 0 if no worker is
 * running, or -1 to ask the worker to stop.
 *
 * A worker is a [class@Worker], or a program that was written for the
 * original. It is started in a session of its own, so it survives the
 * supervisor and the supervisor's terminal. The next supervisor adopts it if
 * it has the region mapped; the process ID alone may have been reused.
 *
 * A command that does not use the region is started and watched as well, but
 * cannot be adopted, and a request to stop only keeps it from being restarted.
 *
 * A worker that left 0 or -1 in the region has ended cleanly and is not
 * restarted.
 *
 * All methods must be called from the thread that created the object, and
 * signals are emitted in the main context that was the thread default then.
 *
 * Since: 1.0
 */

/* A worker that runs for a shorter time than this is restarted after a pause, which doubles each time. */
#define MIN_UPTIME_USEC G_USEC_PER_SEC
#define FIRST_PAUSE_MSEC 100
#define LAST_PAUSE_MSEC 30000

struct _ShmoozeSupervisor
{
  GObject             parent_instance;

  ShmoozeProcessCell *cell;
  GMainContext       *context;
  char              **argv;
  int                 pid;              /* 0: no worker is running */
  int                 pid_fd;           /* of an adopted worker */
  gint64              started_at;
  guint               pause_msec;
  gint64              min_uptime_usec;
  GSource            *source;           /* waits for the end of an adopted worker, or to start one */
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

static gboolean on_start_again (gpointer user_data);

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
   * The worker's process ID, or 0 if no worker is running.
   *
   * Since: 1.0
   */
  properties[PROP_PID] = g_param_spec_int ("pid", NULL, NULL, 0, G_MAXINT32, 0, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * ShmoozeSupervisor::started:
   * @self: the supervisor
   * @pid: the worker's process ID
   *
   * Emitted when a worker was started.
   *
   * Since: 1.0
   */
  signals[SIGNAL_STARTED] = g_signal_new ("started", SHMOOZE_TYPE_SUPERVISOR, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  /**
   * ShmoozeSupervisor::adopted:
   * @self: the supervisor
   * @pid: the worker's process ID
   *
   * Emitted when a running worker was found, which is watched from now on.
   *
   * Since: 1.0
   */
  signals[SIGNAL_ADOPTED] = g_signal_new ("adopted", SHMOOZE_TYPE_SUPERVISOR, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  /**
   * ShmoozeSupervisor::died:
   * @self: the supervisor
   * @pid: the worker's process ID
   * @wait_status: how it ended, as in [func@GLib.spawn_check_wait_status]; -1
   *   for an adopted worker, whose wait status is not available
   * @pause_msec: the time in milliseconds until it is restarted
   *
   * Emitted when the worker has ended without leaving 0 or -1 in the region,
   * for example because it crashed. It is restarted after the pause.
   *
   * Since: 1.0
   */
  signals[SIGNAL_DIED] = g_signal_new ("died", SHMOOZE_TYPE_SUPERVISOR, G_SIGNAL_RUN_LAST, 0,
                                       NULL, NULL, NULL, G_TYPE_NONE, 3, G_TYPE_INT, G_TYPE_INT, G_TYPE_UINT);
  /**
   * ShmoozeSupervisor::stopped:
   * @self: the supervisor
   * @pid: the worker's process ID
   *
   * Emitted when the worker has ended cleanly.
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
   * Emitted when the worker could not be restarted or the region is lost. No
   * worker is watched any more.
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
  self->min_uptime_usec = MIN_UPTIME_USEC;
}

/* For tests, so that a worker need not run for a second each time. */
void
shmooze_supervisor_set_min_uptime (ShmoozeSupervisor *self,
                                   gint64             usec)
{
  self->min_uptime_usec = usec;
}

/**
 * shmooze_supervisor_new:
 * @name: the region's name; that of the original is %SHMOOZE_SUPERVISOR_NAME
 * @argv: (array zero-terminated=1): the worker's command line
 * @error: return location for an error
 *
 * Opens or creates the region and becomes its supervisor. No worker is
 * started yet; see [method@Supervisor.start].
 *
 * Fails with %G_IO_ERROR_BUSY if the region already has a supervisor,
 * %SHMOOZE_ERROR_LAYOUT if an existing region is too small, and like
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
 * Gets the worker's process ID.
 *
 * Returns: the process ID, or 0 if no worker is running
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

/* The worker has ended; the value that it left in the cell says how. */
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
      /* Its own process ID, or that of a worker that it started itself and that may still be running. */
      gboolean quick = g_get_monotonic_time () - self->started_at < self->min_uptime_usec;

      if (there == pid)
        shmooze_process_cell_replace (self->cell, &there, SHMOOZE_PROCESS_NONE, NULL);
      self->pause_msec = quick ? CLAMP (self->pause_msec * 2, FIRST_PAUSE_MSEC, LAST_PAUSE_MSEC) : 0;
      set_pid (self, 0);
      wait_for (self, g_timeout_source_new (self->pause_msec), on_start_again);
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

/* The source outlives the supervisor, because the worker does too and must be reaped. */
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

/* In a session of its own the worker receives neither Ctrl+C nor the hang-up of the supervisor's terminal. */
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

  /* The worker may have recorded its process ID already, or have been asked to stop. */
  shmooze_process_cell_replace (self->cell, &none, pid, NULL);
  set_pid (self, pid);
  watch_child (self, pid);
  g_signal_emit (self, signals[SIGNAL_STARTED], 0, pid);
  return TRUE;
}

/* A worker that was asked to stop is still working on its last unit; the next one is started after its end. */
static gboolean
on_poll_worker (gpointer user_data)
{
  ShmoozeSupervisor *self = user_data;

  if (shmooze_region_is_locked (shmooze_process_cell_get_region (self->cell), SHMOOZE_PROCESS_CELL_WORKER_LOCK))
    return FALSE;
  on_start_again (self);
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
      wait_for (self, shmooze_poll_source_new (), on_poll_worker);
      return TRUE;
    }
  if (there != SHMOOZE_PROCESS_NONE)
    shmooze_process_cell_replace (self->cell, &there, SHMOOZE_PROCESS_NONE, NULL);
  return spawn (self, error);
}

static gboolean
on_start_again (gpointer user_data)
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
 * Adopts the running worker that is recorded in the region, or starts one.
 *
 * If a worker was asked to stop and has not ended yet, the new one is started
 * after its end. Calling this while a worker is running has no effect.
 *
 * Fails like [func@GLib.spawn_async] if the command cannot be run, with
 * %SHMOOZE_ERROR_CORRUPT if the region does not contain a valid process ID,
 * and with %SHMOOZE_ERROR_LOST.
 *
 * Returns: %TRUE on success
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

/* Asks the worker to stop. @child: the process ID of a child that is known to be the worker even if it has not opened
 * the region yet, or 0 */
static gboolean
ask_to_stop (ShmoozeProcessCell  *cell,
             int                  child,
             GError             **error)
{
  ShmoozeRegion *region = shmooze_process_cell_get_region (cell);
  g_autoptr(GError) local_error = NULL;
  gint32 there;

  if (!shmooze_process_cell_get (cell, &there, error))
    return FALSE;
  while (there > 0)
    {
      int fd = shmooze_process_cell_find (cell, there);

      /* Process IDs of another sandbox cannot be looked up here, but the worker's lock is visible. */
      if (fd < 0 && there != child && !shmooze_region_is_locked (region, SHMOOZE_PROCESS_CELL_WORKER_LOCK))
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

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _("No worker is running for “%s”"),
               shmooze_region_get_name (region));
  return FALSE;
}

/**
 * shmooze_supervisor_stop:
 * @self: a supervisor
 * @error: return location for an error
 *
 * Asks the worker to stop. It ends after its current unit, and
 * [signal@Supervisor::stopped] is emitted then. A worker that is about to be
 * restarted is not restarted.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND if no worker is running, and with
 * %SHMOOZE_ERROR_LOST.
 *
 * Returns: %TRUE if a worker was asked to stop
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
  return ask_to_stop (self->cell, self->pid, error);
}

/**
 * shmooze_supervisor_request_stop:
 * @name: the region's name; that of the original is %SHMOOZE_SUPERVISOR_NAME
 * @error: return location for an error
 *
 * Asks the worker of a region to stop, whichever process supervises it.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND if no worker is running, and like
 * [ctor@Region.open].
 *
 * Returns: %TRUE if a worker was asked to stop
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
  return cell != NULL && ask_to_stop (cell, 0, error);
}
