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
 * The worker's side of the classic controller and listener: it records its
 * process's number in the region, works in units, and looks after each one
 * whether it is to stop.
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

/* A call to stop that came first stays: this worker will do nothing. A number that stands there is its own,
 * recorded by whoever started it, or a dead one's. */
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
 * @name: the region's name; the classic one is %SHMOOZE_SUPERVISOR_NAME
 * @error: return location for an error
 *
 * Records this process as the worker, in a region that is opened or created.
 * Who was told to stop before it began finds so at its first look.
 *
 * Fails with %G_IO_ERROR_BUSY when another process works there,
 * %SHMOOZE_ERROR_CORRUPT when what stands there is no process's number,
 * %SHMOOZE_ERROR_LAYOUT when the region is too small, and like
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
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, _("“%s” already has a worker"), name);
      g_clear_pointer (&self->cell, shmooze_process_cell_free);
      return NULL;
    }
  if (!record (self, error))
    {
      g_clear_pointer (&self->cell, shmooze_process_cell_free);
      return NULL;
    }
  return g_steal_pointer (&self);
}

/**
 * shmooze_worker_should_stop:
 * @self: a worker
 *
 * Looks whether the worker has been told to stop. It costs next to nothing:
 * look as often as you like.
 *
 * Returns: whether to stop now; also when the region is lost, and after
 *   [method@Worker.end]
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
 * Says that the work has ended in good order: the region holds no number any
 * more. To end twice is fine; dropping the worker does it too.
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
