/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "lane/shmooze-reader-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>

/* Waiting for the writer: without sleep, asleep, or in a main loop. */

/* How many looks are let pass in a stream of messages, how many messages are enough at a time, and how seldom one
 * tries whether it is a stream. */
#define LOOK_AWAY_MIN 4
#define LOOK_AWAY_MAX 32
#define MESSAGES_ENOUGH 16
#define WAITS_PER_TRY 64

/* What spinning spares is a wake-up, which is nothing to who comes back after so long. */
#define AWAY_USEC 10000

/* Where messages come as fast as they are read, each look at the next word takes its line away from the writer,
 * which is about to write there. So now and then one looks away for a moment. If several messages have come
 * meanwhile, one does so again, and for longer as long as they are few; a message that comes alone ends it. */
static void
look_away (ShmoozeReader *self)
{
  guint64 n_bytes = self->position - self->empty_at, frame = shmooze_frame_size (self->peeked.size);

  if (self->looks_away == 0)
    self->looks_away = ++self->n_waits % WAITS_PER_TRY == 0 ? LOOK_AWAY_MIN : 0;
  else if (n_bytes < 2 * frame)
    self->looks_away = 0;
  else if (n_bytes < MESSAGES_ENOUGH * frame)
    self->looks_away = MIN (2 * self->looks_away, LOOK_AWAY_MAX);
  self->empty_at = self->position;

  for (guint i = 0; i < self->looks_away; i++)
    shmooze_relax ();
}

/* Looks without pause until @end. */
static gboolean
spin (ShmoozeReader *self,
      gint64         end,
      GCancellable  *cancellable)
{
  look_away (self);
  do
    {
      for (guint i = 0; i < SHMOOZE_LOOKS_A_GLANCE; i++)
        {
          if (shmooze_reader_has_pending (self))
            return TRUE;
          shmooze_relax ();
        }
      if (!shmooze_region_is_sound (self->lane.region) && shmooze_reader_has_news (self))
        return TRUE;
    }
  while (shmooze_lane_is_open (&self->lane) && !g_cancellable_is_cancelled (cancellable) &&
         (end == G_MAXINT64 || g_get_monotonic_time () < end));
  return FALSE;
}

/* Whether the writer runs at the same time as this: else it gets no further while one looks. */
static gboolean
is_written_elsewhere (ShmoozeReader *self)
{
  guint64 there = atomic_load_explicit (shmooze_lane_word (&self->lane, SHMOOZE_LANE_PROCESSOR), memory_order_relaxed);

  return there != 0 && there != shmooze_processor ();
}

/* Where nothing but the bell has to be waited for, one sleeps in read(): that is one call less, but for the first
 * time, when a descriptor for it would have to be opened. */
static gboolean
sleep_in_read (ShmoozeReader *self)
{
  char byte[64];

  if (self->sleep_fd < 0 && self->has_slept)
    self->sleep_fd = shmooze_bell_open_to_sleep (self->bell);
  self->has_slept = TRUE;
  if (self->sleep_fd < 0)
    return FALSE;

  return read (self->sleep_fd, byte, sizeof byte) >= 0 || errno == EINTR;
}

static void
sleep_until (ShmoozeReader *self,
             gint64         left,
             GPollFD       *fds,
             guint          n_fds,
             guint         *poll_msec)
{
  gint64 msec = left < 0 ? -1 : MIN (left / 1000 + 1, G_MAXINT);
  int patience;

  if (!shmooze_reader_fall_asleep (self))
    return;
  patience = shmooze_reader_get_poll_timeout (self);
  if (self->wait == SHMOOZE_WAIT_POLL)
    {
      patience = (int) *poll_msec;
      *poll_msec = MIN (*poll_msec * 2, SHMOOZE_POLL_MAX_MSEC);
    }
  else if (patience < 0 && msec < 0 && n_fds == 1 && self->bell >= 0 && sleep_in_read (self))
    return;

  if (patience >= 0)
    msec = msec < 0 ? patience : MIN (msec, patience);
  fds[0].fd = self->bell;
  g_poll (fds, n_fds, (gint) msec);
  if (self->bell >= 0 && fds[0].revents != 0)
    shmooze_bell_quiet (self->bell);
}

/**
 * shmooze_reader_wait:
 * @self: a reader
 * @timeout_usec: how long to wait, in microseconds; -1: as long as it takes
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error
 *
 * Waits until there is a message or another draft.
 *
 * With %SHMOOZE_WAIT_AUTO it looks for some microseconds before it falls
 * asleep, as long as the writer runs on another processor and answers that
 * quickly.
 *
 * Fails with %G_IO_ERROR_TIMED_OUT, %G_IO_ERROR_CANCELLED,
 * %G_IO_ERROR_CLOSED, %SHMOOZE_ERROR_LOST or %SHMOOZE_ERROR_CORRUPT.
 *
 * Returns: whether there is something to read
 *
 * Since: 1.0
 */
gboolean
shmooze_reader_wait (ShmoozeReader  *self,
                     gint64          timeout_usec,
                     GCancellable   *cancellable,
                     GError        **error)
{
  GPollFD fds[2] = { { .fd = -1, .events = G_IO_IN }, { .fd = -1 } };
  gint64 begin = 0, now = 0, deadline = G_MAXINT64;
  gboolean spins, is_timed;
  guint n_fds = 1;
  guint poll_msec = SHMOOZE_POLL_MIN_MSEC;
  gboolean news = FALSE;

  g_return_val_if_fail (shmooze_reader_is_reader (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  /* The time is asked for only where it matters. */
  spins = self->may_spin && shmooze_lane_is_open (&self->lane) && is_written_elsewhere (self);
  is_timed = spins || timeout_usec >= 0;
  if (is_timed)
    begin = now = g_get_monotonic_time ();
  if (spins)
    {
      spins = begin - self->last_begin < AWAY_USEC;
      self->last_begin = begin;
    }
  if (timeout_usec >= 0 && timeout_usec <= G_MAXINT64 - now)
    deadline = now + timeout_usec;
  if (cancellable != NULL && g_cancellable_make_pollfd (cancellable, &fds[1]))
    n_fds = 2;
  while (!news && shmooze_reader_check (self, error) && !g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      news = shmooze_reader_has_news (self);
      if (news)
        {
          self->was_short = !spins || now - begin <= SHMOOZE_SPIN_USEC;
          break;
        }
      if (now >= deadline)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("Timed out waiting for a message"));
          break;
        }

      if (self->wait == SHMOOZE_WAIT_SPIN)
        news = spin (self, deadline, cancellable);
      else if (spins && self->was_short && now - begin < SHMOOZE_SPIN_USEC)
        news = spin (self, MIN (deadline, begin + SHMOOZE_SPIN_USEC), cancellable);
      else
        sleep_until (self, deadline == G_MAXINT64 ? -1 : deadline - now, fds, n_fds, &poll_msec);
      if (!news && is_timed)
        now = g_get_monotonic_time ();
    }
  shmooze_reader_wake_up (self);
  if (n_fds == 2)
    g_cancellable_release_fd (cancellable);
  return news;
}

/* A message that is there, at a look. */
static inline gconstpointer
glance (ShmoozeReader *self,
        gsize         *size)
{
  if (!shmooze_lane_look_quickly (&self->lane, &self->position, &self->peeked))
    return NULL;

  *size = self->peeked.size;
  return self->peeked.payload;
}

static G_NO_INLINE gconstpointer
next_slowly (ShmoozeReader  *self,
             gint64          timeout_usec,
             GCancellable   *cancellable,
             gsize          *size,
             GError        **error)
{
  *size = 0;
  if (self->peeked.payload != NULL)
    shmooze_reader_release (self);

  /* Where nothing has to be waited for, no descriptor has to be made by which that would be cancelled. */
  if ((g_cancellable_is_cancelled (cancellable) || !shmooze_reader_has_news (self)) &&
      !shmooze_reader_wait (self, timeout_usec, cancellable, error))
    return NULL;
  return shmooze_reader_peek (self, size, error);
}

/**
 * shmooze_reader_next: (skip)
 * @self: a reader
 * @timeout_usec: how long to wait, in microseconds; -1: as long as it takes
 * @cancellable: (nullable): ends the waiting
 * @size: (out): the message's length in bytes
 * @error: return location for an error
 *
 * Is done with the message at hand, if there is one, and looks at the next
 * message where it stands; waits until there is one. This is
 * [method@Reader.release], [method@Reader.wait] and [method@Reader.peek] in
 * one call, and quicker, above all with %SHMOOZE_WAIT_SPIN. The message stays
 * at hand until it is released, or until the next call.
 *
 * Fails like [method@Reader.wait].
 *
 * Returns: (transfer none) (nullable): the message; `NULL` without an error
 *   when there is another draft, and no message
 *
 * Since: 1.0
 */
gconstpointer
shmooze_reader_next (ShmoozeReader *self,
                     gint64         timeout_usec,
                     GCancellable  *cancellable,
                     gsize         *size,
                     GError       **error)
{
  gconstpointer data;

  g_return_val_if_fail (shmooze_reader_is_reader (self), NULL);
  g_return_val_if_fail (size != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  /* Short, because an answer waits for every instruction from the look that finds the message on. What was at hand is
   * forgotten when another is. */
  if (G_LIKELY (cancellable == NULL && shmooze_lane_is_open (&self->lane) && self->broken == NULL &&
                self->position < self->publish_at))
    {
      data = glance (self, size);
      if (data != NULL)
        return data;

      if (self->wait == SHMOOZE_WAIT_SPIN && timeout_usec != 0)
        {
          look_away (self);
          for (guint i = 0; i < SHMOOZE_LOOKS_A_GLANCE; i++)
            {
              data = glance (self, size);
              if (data != NULL)
                return data;
              shmooze_relax ();
            }
        }
    }
  return next_slowly (self, timeout_usec, cancellable, size, error);
}

typedef struct
{
  GSource        source;
  ShmoozeReader *reader;
  gpointer       bell_tag;
  gboolean       in_callback;
} ReaderSource;

/* GLib keeps a source from being dispatched within itself by taking its descriptors out of the loop and putting
 * them back, which wakes the loop each time: five system calls for nothing. So this source says that it may
 * recurse, and sees to it by itself that it does not. */

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
 * @cancellable: (nullable): when cancelled, the source calls back too
 *
 * Creates a source that calls back when there is a message or another draft,
 * as long as there is. The callback is a [callback@ReaderFunc]; it takes as
 * many as it likes. It is called once more when the lane turns out to be
 * broken or lost.
 *
 * With a bell nothing at all happens in between: no thread, no timer.
 *
 * Returns: (transfer full): the source
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

