/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "lane/shmooze-reader-private.h"

#include "os/shmooze-deadline-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/**
 * ShmoozeReader:
 *
 * One of the readers of a lane.
 *
 * A reader starts with the oldest message that the lane still keeps, and
 * receives all messages from there on. Use [method@Reader.next] to wait for
 * them one by one, or [method@Reader.create_source] in a main loop.
 *
 * Everything in the lane is checked before it is used. Once a reader has found
 * an invalid value, all its functions fail with %SHMOOZE_ERROR_CORRUPT.
 *
 * A reader may be used by one thread at a time.
 *
 * Since: 1.0
 */

/* See shmooze_reader_get_poll_timeout(). */
#define SETTLING_USEC 1000

G_DEFINE_FINAL_TYPE (ShmoozeReader, shmooze_reader, G_TYPE_OBJECT)

static void
shmooze_reader_dispose (GObject *object)
{
  ShmoozeReader *self = SHMOOZE_READER (object);

  shmooze_reader_close (self);
  g_clear_error (&self->broken);

  G_OBJECT_CLASS (shmooze_reader_parent_class)->dispose (object);
}

/* A check for the functions that are called for each message: SHMOOZE_IS_READER() would take a tenth of their time. */
static gpointer the_class;

static inline gboolean
is_reader (ShmoozeReader *self)
{
  return self != NULL && ((GTypeInstance *) self)->g_class == the_class;
}

static void
shmooze_reader_class_init (ShmoozeReaderClass *klass)
{
  the_class = klass;
  G_OBJECT_CLASS (klass)->dispose = shmooze_reader_dispose;
}

static void
shmooze_reader_init (ShmoozeReader *self)
{
  shmooze_lane_clear (&self->lane);
  self->bell = -1;
  self->sleep_fd = -1;
  self->poll_msec = SHMOOZE_POLL_MIN_MSEC;
}

static ShmoozeWord *
own_word (ShmoozeReader *self,
          gsize          offset)
{
  return shmooze_lane_word (&self->lane, shmooze_lane_reader_at (self->slot) + offset);
}

static guint64
own_bit (ShmoozeReader *self)
{
  return G_GUINT64_CONSTANT (1) << self->slot;
}

static void
note_processor (ShmoozeReader *self)
{
  shmooze_lane_note_processor (&self->lane, shmooze_lane_reader_at (self->slot) + SHMOOZE_READER_PROCESSOR);
}

static void
set_published (ShmoozeReader *self)
{
  self->published = self->position;
  self->publish_at = self->position + self->lane.queue_size / 8;
}

/* Takes a free slot, and makes sure that the writer keeps the frames from its position on. */
static gboolean
take_slot (ShmoozeReader  *self,
           GError        **error)
{
  ShmoozeLane *lane = &self->lane;
  ShmoozeWord *oldest = shmooze_lane_word (lane, SHMOOZE_LANE_OLDEST);

  for (self->slot = 0; self->slot < lane->n_readers; self->slot++)
    if (shmooze_region_try_lock (lane->region, lane->offset + shmooze_lane_reader_at (self->slot)))
      break;
  if (self->slot == lane->n_readers)
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_NO_SEAT,
                   _("The lane at offset %" PRIu64 " of region “%s” already has %u readers, which is its limit"),
                   lane->offset, shmooze_region_get_label (lane->region), lane->n_readers);
      return FALSE;
    }

  atomic_fetch_and (shmooze_lane_word (lane, SHMOOZE_LANE_ASLEEP), ~own_bit (self));
  atomic_fetch_and (shmooze_lane_word (lane, SHMOOZE_LANE_SLEEPERS), ~own_bit (self));
  note_processor (self);
  for (guint i = 0; i < 1000; i++)
    {
      self->position = atomic_load (oldest);
      if (self->position % sizeof (guint64) != 0 || self->position > G_MAXINT64)
        break;
      atomic_store (own_word (self, 0), self->position);
      /* If the oldest frame has changed meanwhile, the writer may not have seen this reader's position. */
      if (atomic_load (oldest) == self->position)
        {
          set_published (self);
          return TRUE;
        }
    }
  atomic_store (own_word (self, 0), SHMOOZE_POSITION_NONE);
  shmooze_region_unlock (lane->region, lane->offset + shmooze_lane_reader_at (self->slot));
  return shmooze_lane_set_broken (lane, SHMOOZE_LANE_OLDEST, error);
}

/* From now on the writer checks for sleeping readers. */
static void
become_sleeper (ShmoozeReader *self)
{
  atomic_fetch_or (shmooze_lane_word (&self->lane, SHMOOZE_LANE_SLEEPERS), own_bit (self));
  self->settled_at = g_get_monotonic_time () + SETTLING_USEC;
}

static void
sleep_on (ShmoozeReader *self,
          guint64        bell)
{
  self->wait = SHMOOZE_WAIT_BELL;
  atomic_store (own_word (self, SHMOOZE_READER_BELL), bell + 1);
  become_sleeper (self);
}

/* Creates a reader whose owner sleeps on a bell of its own, or polls. */
ShmoozeReader *
shmooze_reader_new_with_bell (ShmoozeView  *view,
                              guint64       bell,
                              gboolean      has_bell,
                              GError      **error)
{
  g_autoptr(ShmoozeReader) self = g_object_new (SHMOOZE_TYPE_READER, NULL);

  if (!shmooze_lane_check_view (view, error) || !shmooze_lane_attach (&self->lane, view, error))
    return NULL;
  if (!take_slot (self, error))
    {
      shmooze_lane_clear (&self->lane);
      return NULL;
    }
  self->wait = SHMOOZE_WAIT_POLL;
  atomic_store (own_word (self, SHMOOZE_READER_BELL), 0);
  if (has_bell)
    sleep_on (self, bell);
  return g_steal_pointer (&self);
}

/**
 * shmooze_reader_new:
 * @view: the memory of a lane, readable and writable
 * @wait: how to wait for the writer
 * @error: return location for an error
 *
 * Creates a reader of a lane.
 *
 * Fails with %G_IO_ERROR_PERMISSION_DENIED if the view is not readable and
 * writable, %SHMOOZE_ERROR_LAYOUT if there is no lane (yet),
 * %SHMOOZE_ERROR_NO_SEAT if it already has as many readers as it can have,
 * and, with %SHMOOZE_WAIT_BELL, if no bell can be created.
 *
 * Returns: (transfer full): the reader
 *
 * Since: 1.0
 */
ShmoozeReader *
shmooze_reader_new (ShmoozeView  *view,
                    ShmoozeWait   wait,
                    GError      **error)
{
  g_autoptr(ShmoozeReader) self = NULL;
  g_autoptr(GError) local_error = NULL;
  guint64 number;

  g_return_val_if_fail (SHMOOZE_IS_VIEW (view), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = shmooze_reader_new_with_bell (view, 0, FALSE, error);
  if (self == NULL)
    return NULL;

  if (wait == SHMOOZE_WAIT_POLL || wait == SHMOOZE_WAIT_SPIN)
    {
      self->wait = wait;
      return g_steal_pointer (&self);
    }

  number = self->lane.offset + shmooze_lane_reader_at (self->slot);
  self->bell = shmooze_bell_make (shmooze_region_get_id (self->lane.region), number, &local_error);
  if (self->bell >= 0)
    {
      sleep_on (self, number);
      self->may_spin = wait == SHMOOZE_WAIT_AUTO;
    }
  else if (wait == SHMOOZE_WAIT_BELL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  return g_steal_pointer (&self);
}

static gboolean
is_open (ShmoozeReader *self)
{
  return shmooze_lane_is_open (&self->lane);
}

static gboolean
check_readable (ShmoozeReader  *self,
                GError        **error)
{
  if (!is_open (self))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("The reader is closed"));
  else if (self->broken != NULL)
    g_propagate_error (error, g_error_copy (self->broken));
  else
    return TRUE;
  return FALSE;
}

/* Quarantines the lane: every later call fails with this first error. */
static void
set_broken (ShmoozeReader  *self,
            GError         *broken,
            GError        **error)
{
  self->broken = broken;
  g_propagate_error (error, g_error_copy (broken));
}

/* Whether there is something to report: a message, an unread draft, or an error that was not reported yet. */
gboolean
shmooze_reader_has_news (ShmoozeReader *self)
{
  if (!is_open (self) || self->broken != NULL)
    return FALSE;
  return shmooze_reader_has_pending (self) ||
         (!shmooze_region_is_sound (self->lane.region) && !shmooze_region_check (self->lane.region, NULL));
}

/* Publishes how far this reader has read, and wakes a writer that waits for space. */
static void
publish_position (ShmoozeReader *self)
{
  ShmoozeLane *lane = &self->lane;
  ShmoozeWord *waiting = shmooze_lane_word (lane, SHMOOZE_LANE_WAITING);
  guint64 bell;

  if (self->published == self->position || !is_open (self))
    return;

  set_published (self);
  note_processor (self);
  /* Sequentially consistent, as is the writer, which stores its bell and then checks the positions once more: one of
   * the two sees the other. */
  atomic_store (own_word (self, 0), self->position);
  if (atomic_load (waiting) == 0)
    return;

  bell = atomic_exchange (waiting, 0);
  if (bell > 0)
    shmooze_ringer_ring (&self->ringer, shmooze_region_get_id (lane->region), bell - 1);
}

/* Sets the bit that asks the writer to ring, then looks once more. Returns FALSE, with the bit cleared, if there is
 * something to read. */
gboolean
shmooze_reader_fall_asleep (ShmoozeReader *self)
{
  if (self->peeked.payload == NULL)
    publish_position (self);
  if (self->wait == SHMOOZE_WAIT_BELL && is_open (self) && self->broken == NULL)
    {
      ShmoozeWord *asleep = shmooze_lane_word (&self->lane, SHMOOZE_LANE_ASLEEP);

      /* Any process with the region open can have cleared it. */
      if ((atomic_load (shmooze_lane_word (&self->lane, SHMOOZE_LANE_SLEEPERS)) & own_bit (self)) == 0)
        become_sleeper (self);
      self->asleep = TRUE;
      if ((atomic_load (asleep) & own_bit (self)) == 0)
        atomic_fetch_or (asleep, own_bit (self));
    }
  if (!shmooze_reader_has_news (self))
    return TRUE;

  shmooze_reader_wake_up (self);
  return FALSE;
}

void
shmooze_reader_wake_up (ShmoozeReader *self)
{
  ShmoozeWord *asleep;

  if (self->asleep && is_open (self))
    {
      asleep = shmooze_lane_word (&self->lane, SHMOOZE_LANE_ASLEEP);
      /* A writer that rang has cleared the bit. */
      if ((atomic_load_explicit (asleep, memory_order_relaxed) & own_bit (self)) != 0)
        atomic_fetch_and (asleep, ~own_bit (self));
    }
  self->asleep = FALSE;
}

/* How long the reader may sleep, in milliseconds: without limit, except just after it has attached. A message that was
 * being stored at that moment was stored without a check for sleeping readers, see publish() in shmooze-writer.c. */
int
shmooze_reader_get_poll_timeout (ShmoozeReader *self)
{
  if (self->settled_at != 0 && g_get_monotonic_time () > self->settled_at)
    self->settled_at = 0;
  return self->settled_at == 0 ? -1 : SETTLING_USEC / 1000;
}

/* The general case: a message at the beginning of the ring, no message, an error. */
static G_NO_INLINE gconstpointer
peek_slowly (ShmoozeReader  *self,
             gsize          *size,
             GError        **error)
{
  ShmoozeLane *lane = &self->lane;
  GError *broken = NULL;

  *size = 0;
  if (!check_readable (self, error))
    return NULL;

  if (self->peeked.payload == NULL)
    switch (shmooze_lane_peek (lane, &self->position, &self->peeked))
      {
      case SHMOOZE_FRAME_FOUND:
        break;

      case SHMOOZE_FRAME_NONE:
        if (!shmooze_region_is_sound (lane->region) && !shmooze_region_check (lane->region, &broken))
          set_broken (self, broken, error);
        return NULL;

      case SHMOOZE_FRAME_BROKEN:
      default:
        shmooze_lane_set_broken (lane, lane->queue_at + (self->position & lane->mask), &broken);
        set_broken (self, broken, error);
        return NULL;
      }

  *size = self->peeked.size;
  return self->peeked.payload;
}

/**
 * shmooze_reader_peek: (skip)
 * @self: a reader
 * @size: (out): the length of the message in bytes
 * @error: return location for an error
 *
 * Returns the next message in place, without copying it. It remains the next
 * message until [method@Reader.release]. Note that a misbehaving writer can
 * change it at any time.
 *
 * Fails with %SHMOOZE_ERROR_CORRUPT if the lane is invalid,
 * %SHMOOZE_ERROR_LOST and %G_IO_ERROR_CLOSED.
 *
 * Returns: (transfer none) (nullable): the message; `NULL` without an error if
 *   there is none
 *
 * Since: 1.0
 */
gconstpointer
shmooze_reader_peek (ShmoozeReader  *self,
                     gsize          *size,
                     GError        **error)
{
  g_return_val_if_fail (is_reader (self), NULL);
  g_return_val_if_fail (size != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (G_LIKELY (is_open (self) && self->broken == NULL && self->peeked.payload == NULL))
    {
      if (shmooze_lane_try_peek (&self->lane, &self->position, &self->peeked))
        {
          *size = self->peeked.size;
          return self->peeked.payload;
        }
      if (shmooze_lane_has_nothing (&self->lane, self->position) && shmooze_region_is_sound (self->lane.region))
        {
          *size = 0;
          return NULL;
        }
    }
  return peek_slowly (self, size, error);
}

/**
 * shmooze_reader_release:
 * @self: a reader
 *
 * Releases the message returned by [method@Reader.peek] or
 * [method@Reader.next], so that the writer may overwrite it.
 *
 * Since: 1.0
 */
void
shmooze_reader_release (ShmoozeReader *self)
{
  g_return_if_fail (is_reader (self));
  g_return_if_fail (self->peeked.payload != NULL);

  self->peeked.payload = NULL;
  /* Not for each message, because the cache line would travel to the writer each time. */
  if (G_UNLIKELY (self->position >= self->publish_at))
    publish_position (self);
}

/**
 * shmooze_reader_read:
 * @self: a reader
 * @error: return location for an error
 *
 * Takes the next message. Fails like [method@Reader.peek].
 *
 * Returns: (transfer full) (nullable): a copy of the message; `NULL` without an
 *   error if there is none
 *
 * Since: 1.0
 */
GBytes *
shmooze_reader_read (ShmoozeReader  *self,
                     GError        **error)
{
  gsize size;
  gconstpointer data = shmooze_reader_peek (self, &size, error);
  GBytes *bytes;

  if (data == NULL)
    return NULL;

  bytes = g_bytes_new (data, size);
  shmooze_reader_release (self);
  return bytes;
}

/**
 * shmooze_reader_read_draft:
 * @self: a reader
 * @length: (out) (optional): the length of the draft in bytes
 * @error: return location for an error
 *
 * Takes the draft if it has changed since the last call. It is always complete,
 * but its content is up to the writer, and need not be valid UTF-8.
 *
 * Fails like [method@Reader.peek].
 *
 * Returns: (transfer full) (nullable): a NUL-terminated copy of the draft;
 *   `NULL` without an error if it has not changed
 *
 * Since: 1.0
 */
char *
shmooze_reader_read_draft (ShmoozeReader  *self,
                           gsize          *length,
                           GError        **error)
{
  GError *broken = NULL;
  gsize size = 0;
  char *text;

  g_return_val_if_fail (SHMOOZE_IS_READER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (length != NULL)
    *length = 0;
  if (!check_readable (self, error))
    return NULL;
  if (atomic_load_explicit (shmooze_lane_word (&self->lane, SHMOOZE_LANE_DRAFT), memory_order_acquire) == self->draft)
    return NULL;

  text = shmooze_lane_copy_draft (&self->lane, &self->draft, &size, &broken);
  if (broken == NULL && !shmooze_region_check (self->lane.region, &broken))
    g_clear_pointer (&text, g_free);
  if (broken != NULL)
    set_broken (self, broken, error);
  if (length != NULL)
    *length = size;
  return text;
}

static gboolean
spin (ShmoozeReader *self,
      gint64         end,
      GCancellable  *cancellable)
{
  do
    {
      for (guint i = 0; i < SHMOOZE_LOOKS_PER_CLOCK; i++)
        {
          if (shmooze_reader_has_pending (self))
            return TRUE;
          shmooze_relax ();
        }
      if (!shmooze_region_is_sound (self->lane.region) && shmooze_reader_has_news (self))
        return TRUE;
    }
  while (is_open (self) && !g_cancellable_is_cancelled (cancellable) && g_get_monotonic_time () < end);
  return FALSE;
}

/* Sleeps in read() on a second, blocking descriptor of the bell, which is one system call instead of two. */
static gboolean
sleep_in_read (ShmoozeReader *self)
{
  char bytes[64];

  if (self->sleep_fd < 0)
    self->sleep_fd = shmooze_bell_open_to_sleep (self->bell);
  return self->sleep_fd >= 0 && (read (self->sleep_fd, bytes, sizeof bytes) >= 0 || errno == EINTR);
}

/* Sleeps until there may be something to read, for at most @left microseconds (-1: no limit). */
static void
sleep_until (ShmoozeReader *self,
             gint64         left,
             GPollFD       *fds,
             guint          n_fds,
             guint         *poll_msec)
{
  gint64 msec = left < 0 ? -1 : MIN (left / 1000 + 1, G_MAXINT);
  int poll_timeout;

  if (!shmooze_reader_fall_asleep (self))
    return;
  poll_timeout = shmooze_reader_get_poll_timeout (self);
  if (self->wait == SHMOOZE_WAIT_POLL)
    {
      poll_timeout = (int) *poll_msec;
      *poll_msec = MIN (*poll_msec * 2, SHMOOZE_POLL_MAX_MSEC);
    }
  else if (poll_timeout < 0 && msec < 0 && n_fds == 1 && self->bell >= 0 && sleep_in_read (self))
    return;

  if (poll_timeout >= 0)
    msec = msec < 0 ? poll_timeout : MIN (msec, poll_timeout);
  fds[0].fd = self->bell;
  g_poll (fds, n_fds, (gint) msec);
  if (self->bell >= 0 && fds[0].revents != 0)
    shmooze_bell_quiet (self->bell);
}

/**
 * shmooze_reader_wait:
 * @self: a reader
 * @timeout_usec: the maximum time to wait, in microseconds, or -1 for no limit
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Waits until there is a message, or a draft that was not read yet.
 *
 * With %SHMOOZE_WAIT_AUTO, the reader spins for up to 50 µs before it falls
 * asleep if the writer runs on another processor.
 *
 * Fails with %G_IO_ERROR_TIMED_OUT, %G_IO_ERROR_CANCELLED,
 * %G_IO_ERROR_CLOSED, %SHMOOZE_ERROR_LOST and %SHMOOZE_ERROR_CORRUPT.
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
  guint n_fds = 1, poll_msec = SHMOOZE_POLL_MIN_MSEC;
  gboolean news = FALSE, spins;
  gint64 deadline;

  g_return_val_if_fail (is_reader (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  deadline = shmooze_deadline_from_timeout (timeout_usec);
  spins = self->may_spin && is_open (self) && shmooze_lane_runs_elsewhere (&self->lane, SHMOOZE_LANE_PROCESSOR);
  if (cancellable != NULL && g_cancellable_make_pollfd (cancellable, &fds[1]))
    n_fds = 2;

  while (!news && check_readable (self, error) && !g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      /* The clock first, so that there is one more look after this process was stopped for a while. */
      gint64 left = deadline == G_MAXINT64 ? -1 : MAX (deadline - g_get_monotonic_time (), 0);

      news = shmooze_reader_has_news (self);
      if (news)
        break;
      if (left == 0)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("Timed out waiting for a message"));
          break;
        }

      if (self->wait == SHMOOZE_WAIT_SPIN)
        news = spin (self, deadline, cancellable);
      else if (spins)
        {
          news = spin (self, MIN (deadline, g_get_monotonic_time () + SHMOOZE_SPIN_USEC), cancellable);
          spins = FALSE;
        }
      else
        sleep_until (self, left, fds, n_fds, &poll_msec);
    }
  shmooze_reader_wake_up (self);
  if (n_fds == 2)
    g_cancellable_release_fd (cancellable);
  return news;
}

static inline gconstpointer
try_next (ShmoozeReader *self,
          gsize         *size)
{
  if (!shmooze_lane_try_peek (&self->lane, &self->position, &self->peeked))
    return NULL;

  *size = self->peeked.size;
  return self->peeked.payload;
}

/* The general case: waiting, publishing the position, an error. */
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

  /* Do not create the cancellable's descriptor if there is no need to wait. */
  if ((g_cancellable_is_cancelled (cancellable) || !shmooze_reader_has_news (self)) &&
      !shmooze_reader_wait (self, timeout_usec, cancellable, error))
    return NULL;
  return shmooze_reader_peek (self, size, error);
}

/**
 * shmooze_reader_next: (skip)
 * @self: a reader
 * @timeout_usec: the maximum time to wait, in microseconds, or -1 for no limit
 * @cancellable: (nullable): a cancellable
 * @size: (out): the length of the message in bytes
 * @error: return location for an error
 *
 * Releases the current message if there is one, waits, and returns the next
 * one in place. It remains the current message until [method@Reader.release],
 * or until the next call.
 *
 * This does the same as [method@Reader.release], [method@Reader.wait] and
 * [method@Reader.peek], but faster, in particular with %SHMOOZE_WAIT_SPIN.
 *
 * The wait also ends if the draft changes. Then there is neither a message nor
 * an error, until the draft is taken with [method@Reader.read_draft].
 *
 * Fails like [method@Reader.wait].
 *
 * Returns: (transfer none) (nullable): the message; `NULL` without an error if
 *   the draft has changed and there is no message
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

  g_return_val_if_fail (is_reader (self), NULL);
  g_return_val_if_fail (size != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  /* Every instruction between finding the message and returning it adds to the latency. The current message is
   * released by finding the next. */
  if (G_LIKELY (cancellable == NULL && is_open (self) && self->broken == NULL && self->position < self->publish_at))
    {
      data = try_next (self, size);
      if (data != NULL)
        return data;

      if (self->wait == SHMOOZE_WAIT_SPIN && timeout_usec != 0)
        for (guint i = 0; i < SHMOOZE_LOOKS_PER_CLOCK; i++)
          {
            data = try_next (self, size);
            if (data != NULL)
              return data;
            shmooze_relax ();
          }
    }
  return next_slowly (self, timeout_usec, cancellable, size, error);
}

/**
 * shmooze_reader_close:
 * @self: a reader
 *
 * Stops reading. The writer no longer waits for this reader, and another one
 * can take its place. Closing a closed reader has no effect.
 *
 * Since: 1.0
 */
void
shmooze_reader_close (ShmoozeReader *self)
{
  guint64 byte;

  g_return_if_fail (SHMOOZE_IS_READER (self));

  if (self->lane.base == NULL)
    return;

  byte = self->lane.offset + shmooze_lane_reader_at (self->slot);
  if (!shmooze_region_is_detached (self->lane.region) && is_open (self))
    {
      shmooze_reader_wake_up (self);
      self->position = SHMOOZE_POSITION_NONE;
      publish_position (self);
      atomic_fetch_and (shmooze_lane_word (&self->lane, SHMOOZE_LANE_SLEEPERS), ~own_bit (self));
    }
  shmooze_ringer_clear (&self->ringer);
  if (self->sleep_fd >= 0)
    shmooze_bell_close_to_sleep (self->sleep_fd);
  self->sleep_fd = -1;
  if (self->bell >= 0)
    shmooze_bell_unmake (self->bell, shmooze_region_get_id (self->lane.region), byte);
  self->bell = -1;
  shmooze_region_unlock (self->lane.region, byte);
  shmooze_lane_clear (&self->lane);
}
