/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "lane/shmooze-reader-private.h"

typedef struct
{
  GSource        source;
  ShmoozeReader *reader;
  gpointer       bell_tag;
  gboolean       in_callback;
} ReaderSource;

/* GLib prevents a source from being dispatched recursively by removing its descriptors from the loop and adding them
 * again, which wakes the loop each time: five needless system calls. Therefore this source is allowed to recurse, and
 * prevents it by itself. */

static gboolean
reader_source_prepare (GSource *source,
                       gint    *timeout)
{
  ReaderSource *self = (ReaderSource *) source;
  ShmoozeReader *reader = self->reader;
  gboolean awake;

  if (self->in_callback)
    {
      *timeout = -1;
      return FALSE;
    }
  switch (reader->wait)
    {
    case SHMOOZE_WAIT_BELL:
      awake = !shmooze_reader_fall_asleep (reader);
      *timeout = shmooze_reader_get_poll_timeout (reader);
      return awake;

    case SHMOOZE_WAIT_SPIN:
      *timeout = 0;
      return shmooze_reader_has_news (reader);

    case SHMOOZE_WAIT_AUTO:
    case SHMOOZE_WAIT_POLL:
    default:
      *timeout = -1;
      if (g_source_get_ready_time (source) < 0)
        g_source_set_ready_time (source, g_get_monotonic_time () + reader->poll_msec * 1000);
      return !shmooze_reader_fall_asleep (reader);
    }
}

static gboolean
reader_source_check (GSource *source)
{
  ReaderSource *self = (ReaderSource *) source;
  ShmoozeReader *reader = self->reader;

  if (self->bell_tag != NULL && g_source_query_unix_fd (source, self->bell_tag) != 0)
    shmooze_bell_quiet (reader->bell);
  return !self->in_callback && shmooze_reader_has_news (reader);
}

static gboolean
reader_source_dispatch (GSource     *source,
                        GSourceFunc  callback,
                        gpointer     user_data)
{
  ReaderSource *self = (ReaderSource *) source;
  ShmoozeReader *reader = self->reader;
  ShmoozeReaderFunc func = (ShmoozeReaderFunc) (void (*) (void)) callback;
  gboolean again;

  if (self->in_callback)
    {
      g_source_set_ready_time (source, -1);
      return G_SOURCE_CONTINUE;
    }
  if (reader->wait == SHMOOZE_WAIT_POLL)
    {
      gboolean news = shmooze_reader_has_news (reader);

      reader->poll_msec = news ? SHMOOZE_POLL_MIN_MSEC : MIN (reader->poll_msec * 2, SHMOOZE_POLL_MAX_MSEC);
      g_source_set_ready_time (source, -1);
      if (!news)
        return G_SOURCE_CONTINUE;
    }
  shmooze_reader_wake_up (reader);
  if (func == NULL)
    return G_SOURCE_REMOVE;

  self->in_callback = TRUE;
  again = func (reader, user_data);
  self->in_callback = FALSE;
  return again;
}

static void
reader_source_finalize (GSource *source)
{
  ReaderSource *self = (ReaderSource *) source;

  shmooze_reader_wake_up (self->reader);
  g_object_unref (self->reader);
}

static GSourceFuncs reader_source_funcs = {
  .prepare = reader_source_prepare,
  .check = reader_source_check,
  .dispatch = reader_source_dispatch,
  .finalize = reader_source_finalize
};

static gboolean
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  return G_SOURCE_CONTINUE;
}

/**
 * shmooze_reader_create_source:
 * @self: a reader
 * @cancellable: (nullable): a cancellable; the source is also dispatched
 *   when it is cancelled
 *
 * Creates a source that is dispatched as long as there is a message or a draft
 * that was not read yet. The callback, a [callback@ReaderFunc], can take any
 * number of them. It is also called once when the lane is found to be corrupt
 * or lost.
 *
 * With a bell, no thread and no timer runs while the source waits.
 *
 * Returns: (transfer full): a new source
 *
 * Since: 1.0
 */
GSource *
shmooze_reader_create_source (ShmoozeReader *self,
                              GCancellable  *cancellable)
{
  GSource *source;

  g_return_val_if_fail (SHMOOZE_IS_READER (self), NULL);

  source = g_source_new (&reader_source_funcs, sizeof (ReaderSource));
  g_source_set_static_name (source, "ShmoozeReader");
  g_source_set_can_recurse (source, TRUE);
  ((ReaderSource *) source)->reader = g_object_ref (self);
  if (self->bell >= 0)
    ((ReaderSource *) source)->bell_tag = g_source_add_unix_fd (source, self->bell, G_IO_IN);
  if (cancellable != NULL)
    {
      g_autoptr(GSource) child = g_cancellable_source_new (cancellable);

      g_source_set_callback (child, G_SOURCE_FUNC (on_cancelled), NULL, NULL);
      g_source_add_child_source (source, child);
    }
  return source;
}

