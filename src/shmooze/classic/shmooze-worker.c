/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "shmooze-worker.h"

#include "classic/shmooze-process-cell-private.h"
#include "region/shmooze-region-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <unistd.h>

/**
 * ShmoozeWorker:
 *
 * The worker's side of the original .NET controller and listener: a worker
 * records its process ID in the region, works in units, and checks after each
 * unit whether it was asked to stop.
 *
 * ```c
 * g_autoptr(ShmoozeWorker) worker = shmooze_worker_new ("/SampleApp", &error);
 *
 * while (worker != NULL && !shmooze_worker_should_stop (worker))
 *   do_one_unit ();
 * ```
 *
 * The other side is a [class@Supervisor], or a program that was written for
 * the original.
 *
 * Since: 1.0
 */

struct _ShmoozeWorker
{
  GObject             parent_instance;

  ShmoozeProcessCell *cell;
};

G_DEFINE_FINAL_TYPE (ShmoozeWorker, shmooze_worker, G_TYPE_OBJECT)

static void
shmooze_worker_finalize (GObject *object)
{
  shmooze_worker_end (SHMOOZE_WORKER (object));

  G_OBJECT_CLASS (shmooze_worker_parent_class)->finalize (object);
}

static void
shmooze_worker_class_init (ShmoozeWorkerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = shmooze_worker_finalize;
}

static void
shmooze_worker_init (ShmoozeWorker *self)
{
}

/* A request to stop that was made before stays, so that this worker does nothing. A process ID in the cell is its own,
 * recorded by the supervisor, or that of a process that has ended. */
static gboolean
record (ShmoozeWorker  *self,
        GError        **error)
{
  g_autoptr(GError) local_error = NULL;
  gint32 there;

  if (!shmooze_process_cell_get (self->cell, &there, error))
    return FALSE;
  while (there != SHMOOZE_PROCESS_STOP && there != (gint32) getpid ())
    {
      int other = shmooze_process_cell_find (self->cell, there);

      if (other >= 0)
        {
          close (other);
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                       _("Process %" PRId32 " is already the worker of “%s”"), there,
                       shmooze_region_get_name (shmooze_process_cell_get_region (self->cell)));
          return FALSE;
        }
      if (shmooze_process_cell_replace (self->cell, &there, (gint32) getpid (), &local_error))
        return TRUE;
      if (local_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }
  return TRUE;
}

/**
 * shmooze_worker_new:
 * @name: the region's name; that of the original is %SHMOOZE_SUPERVISOR_NAME
 * @error: return location for an error
 *
 * Opens or creates the region and records this process as its worker.
 *
 * If the worker was asked to stop before it started,
 * [method@Worker.should_stop] returns %TRUE at once.
 *
 * Fails with %G_IO_ERROR_BUSY if another process is the worker,
 * %SHMOOZE_ERROR_CORRUPT if the region does not contain a valid process ID,
 * %SHMOOZE_ERROR_LAYOUT if an existing region is too small, and like
 * [ctor@Region.create_or_open].
 *
 * Returns: (transfer full): the worker
 *
 * Since: 1.0
 */
ShmoozeWorker *
shmooze_worker_new (const char  *name,
                    GError     **error)
{
  g_autoptr(ShmoozeWorker) self = NULL;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_object_new (SHMOOZE_TYPE_WORKER, NULL);
  self->cell = shmooze_process_cell_new (name, TRUE, error);
  if (self->cell == NULL)
    return NULL;
  if (!shmooze_region_try_lock (shmooze_process_cell_get_region (self->cell), SHMOOZE_PROCESS_CELL_WORKER_LOCK))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, _("“%s” already has a worker"), name);
  else if (record (self, error))
    return g_steal_pointer (&self);

  /* The cell is not this worker's: finalizing must not change it. */
  g_clear_pointer (&self->cell, shmooze_process_cell_free);
  return NULL;
}

/**
 * shmooze_worker_should_stop:
 * @self: a worker
 *
 * Gets whether the worker was asked to stop. This is cheap enough to be called
 * after each unit of work, however small.
 *
 * Returns: %TRUE if the worker should stop, also if the region is lost and
 *   after [method@Worker.end]
 *
 * Since: 1.0
 */
gboolean
shmooze_worker_should_stop (ShmoozeWorker *self)
{
  gint32 value;

  g_return_val_if_fail (SHMOOZE_IS_WORKER (self), TRUE);

  return self->cell == NULL ||
         !shmooze_process_cell_get (self->cell, &value, NULL) ||
         value == SHMOOZE_PROCESS_STOP;
}

/**
 * shmooze_worker_end:
 * @self: a worker
 *
 * Records that the work has ended cleanly. Calling this again has no effect.
 * Finalizing the worker does the same.
 *
 * Since: 1.0
 */
void
shmooze_worker_end (ShmoozeWorker *self)
{
  gint32 there = (gint32) getpid ();

  g_return_if_fail (SHMOOZE_IS_WORKER (self));

  if (self->cell == NULL)
    return;
  if (!shmooze_process_cell_replace (self->cell, &there, SHMOOZE_PROCESS_NONE, NULL) &&
      there == SHMOOZE_PROCESS_STOP)
    shmooze_process_cell_replace (self->cell, &there, SHMOOZE_PROCESS_NONE, NULL);
  g_clear_pointer (&self->cell, shmooze_process_cell_free);
}
