/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "lane/shmooze-reader-private.h"

#include <inttypes.h>
#include <glib/gi18n-lib.h>
#include <string.h>

/**
 * ShmoozeReader:
 *
 * One of the readers of a lane.
 *
 * A reader starts with the oldest message that the lane still keeps, and
 * misses none from then on. [method@Reader.next] waits for one after the
 * other; in a main loop there is [method@Reader.create_source].
 *
 * Everything in the lane is checked before it is used; a lane that breaks the
 * rules is read no more: every call fails with %SHMOOZE_ERROR_CORRUPT.
 *
 * A reader belongs to one thread at a time.
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

gpointer shmooze_reader_class;

static void
shmooze_reader_class_init (ShmoozeReaderClass *klass)
{
  shmooze_reader_class = klass;
  G_OBJECT_CLASS (klass)->dispose = shmooze_reader_dispose;
}

static void
shmooze_reader_init (ShmoozeReader *self)
{
  shmooze_lane_clear (&self->lane);
  self->bell = -1;
  self->sleep_fd = -1;
  self->was_short = TRUE;
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
set_published (ShmoozeReader *self)
{
  self->published = self->position;
  self->publish_at = self->position + self->lane.queue_size / 8;
}

static void
note_processor (ShmoozeReader *self)
{
  guint64 processor = shmooze_processor ();

  if (processor != self->processor)
    atomic_store_explicit (own_word (self, SHMOOZE_READER_PROCESSOR), processor, memory_order_relaxed);
  self->processor = processor;
}

/* Takes a free place among the readers, and makes sure that the writer keeps what stands behind it. */
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
  self->processor = 0;
  note_processor (self);
  for (guint i = 0; i < 1000; i++)
    {
      self->position = atomic_load (oldest);
      if (self->position % sizeof (guint64) != 0 || self->position > G_MAXINT64)
        break;
      atomic_store (own_word (self, 0), self->position);
      /* Moved on meanwhile: the writer may not have seen that we stand here. */
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

/* From now on the writer has to look whether one sleeps. */
static void
become_sleeper (ShmoozeReader *self)
{
  atomic_fetch_or (shmooze_lane_word (&self->lane, SHMOOZE_LANE_SLEEPERS), own_bit (self));
  self->attached_at = g_get_monotonic_time ();
  self->settled = FALSE;
}

static void
sleep_on (ShmoozeReader *self,
          guint64        bell)
{
  self->wait = SHMOOZE_WAIT_BELL;
  atomic_store (own_word (self, SHMOOZE_READER_BELL), bell + 1);
  become_sleeper (self);
}

/* A reader whose owner sleeps on a bell of his own, or polls. */
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
 * Becomes a reader of a lane.
 *
 * Fails with %G_IO_ERROR_PERMISSION_DENIED when the view is not readable and
 * writable, %SHMOOZE_ERROR_LAYOUT when there is no lane (yet),
 * %SHMOOZE_ERROR_NO_SEAT when it has no place for another reader, and, with
 * %SHMOOZE_WAIT_BELL, when no bell can be made.
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

/* Whether one can read at all. */
gboolean
shmooze_reader_check (ShmoozeReader  *self,
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

/* Quarantine: the first error stays the answer to everything. */
static void
set_broken (ShmoozeReader  *self,
            GError         *broken,
            GError        **error)
{
  self->broken = broken;
  g_propagate_error (error, g_error_copy (broken));
}

/* Whether a call would bring something: a message, another draft, or an error that was not told yet. */
gboolean
shmooze_reader_has_news (ShmoozeReader *self)
{
  if (!is_open (self) || self->broken != NULL)
    return FALSE;
  return shmooze_reader_has_pending (self) ||
         (!shmooze_region_is_sound (self->lane.region) && !shmooze_region_check (self->lane.region, NULL));
}

/* Tells the writer how far one has read, and wakes it if it waits for that. */
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
  /* Consistent with the writer, which says that it waits, then looks once more. */
  atomic_store (own_word (self, 0), self->position);
  if (atomic_load (waiting) == 0)
    return;

  bell = atomic_exchange (waiting, 0);
  if (bell > 0)
    shmooze_ringer_ring (&self->ringer, shmooze_region_get_id (lane->region), bell - 1);
}

/* Raises the flag by which the writer knows that it has to ring, then looks once more. FALSE: there is
 * something to do, and the flag is down again. */
gboolean
shmooze_reader_fall_asleep (ShmoozeReader *self)
{
  if (self->peeked.payload == NULL)
    publish_position (self);
  if (self->wait == SHMOOZE_WAIT_BELL && is_open (self) && self->broken == NULL)
    {
      ShmoozeWord *asleep = shmooze_lane_word (&self->lane, SHMOOZE_LANE_ASLEEP);

      /* It may have been taken away, by who knows whom. */
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
  /* A writer that rang has lowered it. */
  if (self->asleep && is_open (self) &&
      (atomic_load_explicit (shmooze_lane_word (&self->lane, SHMOOZE_LANE_ASLEEP), memory_order_relaxed) & own_bit (self)) != 0)
    atomic_fetch_and (shmooze_lane_word (&self->lane, SHMOOZE_LANE_ASLEEP), ~own_bit (self));
  self->asleep = FALSE;
}

/* How long one may sleep, in milliseconds: as long as it takes, but for the time just after attaching. What
 * the writer was storing in that moment it stored without a look at who sleeps. */
int
shmooze_reader_get_poll_timeout (ShmoozeReader *self)
{
  if (!self->settled)
    self->settled = g_get_monotonic_time () - self->attached_at > SETTLING_USEC;
  return self->settled ? -1 : SETTLING_USEC / 1000;
}

/* Peeks where there is more to say than that here is a message. */
static G_NO_INLINE gconstpointer
peek_slowly (ShmoozeReader  *self,
             gsize          *size,
             GError        **error)
{
  ShmoozeLane *lane = &self->lane;
  GError *broken = NULL;

  *size = 0;
  if (!shmooze_reader_check (self, error))
    return NULL;

  if (self->peeked.payload == NULL)
    switch (shmooze_lane_look (lane, &self->position, &self->peeked))
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
 * @size: (out): the message's length in bytes
 * @error: return location for an error
 *
 * Looks at the next message where it stands, without copying it. It stays
 * the next one until [method@Reader.release]. Beware: a writer that breaks
 * the rules can change it at any moment.
 *
 * Fails with %SHMOOZE_ERROR_CORRUPT when the lane breaks the rules,
 * %SHMOOZE_ERROR_LOST and %G_IO_ERROR_CLOSED.
 *
 * Returns: (transfer none) (nullable): the message; `NULL` without an error
 *   when there is none
 *
 * Since: 1.0
 */
gconstpointer
shmooze_reader_peek (ShmoozeReader  *self,
                     gsize          *size,
                     GError        **error)
{
  g_return_val_if_fail (shmooze_reader_is_reader (self), NULL);
  g_return_val_if_fail (size != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (G_LIKELY (is_open (self) && self->broken == NULL && self->peeked.payload == NULL))
    {
      if (shmooze_lane_look_quickly (&self->lane, &self->position, &self->peeked))
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
 * Is done with the message of [method@Reader.peek]; the writer may use its
 * room.
 *
 * Since: 1.0
 */
void
shmooze_reader_release (ShmoozeReader *self)
{
  g_return_if_fail (shmooze_reader_is_reader (self));
  g_return_if_fail (self->peeked.payload != NULL);

  self->peeked.payload = NULL;
  /* Not for each message: the writer would have to fetch the line every time. */
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
 * Returns: (transfer full) (nullable): a copy of it; `NULL` without an error
 *   when there is none
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
 * @length: (out) (optional): its length in bytes
 * @error: return location for an error
 *
 * Takes the draft, if it has changed since the last call. It is whole, but
 * what it says is the writer's business: it need not be valid UTF-8.
 *
 * Fails like [method@Reader.peek].
 *
 * Returns: (transfer full) (nullable): a copy, followed by a NUL; `NULL`
 *   without an error when there is nothing new
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
  if (!shmooze_reader_check (self, error))
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

/**
 * shmooze_reader_close:
 * @self: a reader
 *
 * Stops reading; the place is free for another reader, and the writer waits
 * for this one no more. To close it twice is fine.
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
