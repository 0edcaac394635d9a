/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "shmooze-reader-private.h"

#include "shmooze-bell-private.h"
#include "shmooze-lane-private.h"

#include <inttypes.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

/**
 * ShmoozeReader:
 *
 * One of the readers of a lane.
 *
 * A reader starts with the oldest message that the lane still keeps, and
 * misses none from then on. Everything in the lane is checked before it is
 * used; a lane that breaks the rules is read no more: every call fails with
 * %SHMOOZE_ERROR_CORRUPT.
 *
 * A reader belongs to one thread at a time.
 *
 * Since: 1.0
 */

struct _ShmoozeReader
{
  GObject      parent_instance;

  ShmoozeLane  lane;
  guint        slot;
  guint64      position;
  guint64      published;   /* the position as the writer knows it */
  ShmoozeFrame peeked;
  gboolean     has_peeked;
  guint64      draft;       /* sequence of the draft that was read */
  GError      *broken;
  gboolean     asleep;      /* whether the bit was raised and not lowered by us */

  ShmoozeWait  wait;        /* never AUTO */
  int          bell;        /* own bell; -1: none, or somebody else sleeps on it */
  guint        poll_msec;
};

G_DEFINE_FINAL_TYPE (ShmoozeReader, shmooze_reader, G_TYPE_OBJECT)

static void
shmooze_reader_dispose (GObject *object)
{
  ShmoozeReader *self = SHMOOZE_READER (object);

  shmooze_reader_close (self);
  g_clear_error (&self->broken);

  G_OBJECT_CLASS (shmooze_reader_parent_class)->dispose (object);
}

static void
shmooze_reader_class_init (ShmoozeReaderClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = shmooze_reader_dispose;
}

static void
shmooze_reader_init (ShmoozeReader *self)
{
  self->bell = -1;
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
                   _("The lane at %" PRIu64 " in the region “%s” has %u readers already, and no place for more"),
                   lane->offset, shmooze_region_get_label (lane->region), lane->n_readers);
      return FALSE;
    }

  atomic_fetch_and (shmooze_lane_word (lane, SHMOOZE_LANE_ASLEEP), ~own_bit (self));
  for (guint i = 0; i < 1000; i++)
    {
      self->position = atomic_load (oldest);
      if (self->position % sizeof (guint64) != 0 || self->position > G_MAXINT64)
        break;
      atomic_store (own_word (self, 0), self->position);
      /* Moved on meanwhile: the writer may not have seen that we stand here. */
      if (atomic_load (oldest) == self->position)
        {
          self->published = self->position;
          return TRUE;
        }
    }
  atomic_store (own_word (self, 0), SHMOOZE_POSITION_NONE);
  shmooze_region_unlock (lane->region, lane->offset + shmooze_lane_reader_at (self->slot));
  return shmooze_lane_set_broken (lane, SHMOOZE_LANE_OLDEST, error);
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
  self->wait = has_bell ? SHMOOZE_WAIT_BELL : SHMOOZE_WAIT_POLL;
  atomic_store (own_word (self, sizeof (guint64)), has_bell ? bell + 1 : 0);
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

  self->wait = wait == SHMOOZE_WAIT_AUTO ? SHMOOZE_WAIT_BELL : wait;
  if (self->wait == SHMOOZE_WAIT_BELL)
    {
      number = self->lane.offset + shmooze_lane_reader_at (self->slot);
      self->bell = shmooze_bell_make (shmooze_region_get_id (self->lane.region), number, &local_error);
      if (self->bell >= 0)
        atomic_store (own_word (self, sizeof (guint64)), number + 1);
      else if (wait == SHMOOZE_WAIT_AUTO)
        self->wait = SHMOOZE_WAIT_POLL;
      else
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
    }
  return g_steal_pointer (&self);
}

static gboolean
is_open (ShmoozeReader *self)
{
  return self->lane.base != NULL && shmooze_view_get_data (self->lane.view) != NULL;
}

static gboolean
check_open (ShmoozeReader  *self,
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
  ShmoozeLane *lane = &self->lane;

  if (!is_open (self) || self->broken != NULL)
    return FALSE;
  return atomic_load (shmooze_lane_frame_word (lane, self->position)) != SHMOOZE_WORD_NOTHING ||
         atomic_load (shmooze_lane_word (lane, SHMOOZE_LANE_DRAFT)) != self->draft ||
         !shmooze_region_check (lane->region, NULL);
}

/* Tells the writer how far one has read, and wakes it if it waits for that. */
static void
publish_position (ShmoozeReader *self)
{
  ShmoozeLane *lane = &self->lane;
  ShmoozeWord *waiting = shmooze_lane_word (lane, SHMOOZE_LANE_WAITING);
  guint64 bell;
  int fd;

  if (self->published == self->position || !is_open (self))
    return;

  self->published = self->position;
  atomic_store (own_word (self, 0), self->position);
  if (atomic_load (waiting) == 0)
    return;

  bell = atomic_exchange (waiting, 0);
  fd = bell > 0 ? shmooze_bell_open (shmooze_region_get_id (lane->region), bell - 1) : -1;
  if (fd >= 0)
    {
      shmooze_bell_ring (fd);
      close (fd);
    }
}

/* Raises the flag by which the writer knows that it has to ring, then looks once more. FALSE: there is
 * something to do, and the flag is down again. */
gboolean
shmooze_reader_fall_asleep (ShmoozeReader *self)
{
  if (!self->has_peeked)
    publish_position (self);
  if (self->wait == SHMOOZE_WAIT_BELL && is_open (self) && self->broken == NULL)
    {
      ShmoozeWord *asleep = shmooze_lane_word (&self->lane, SHMOOZE_LANE_ASLEEP);

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
  if (self->asleep && is_open (self))
    atomic_fetch_and (shmooze_lane_word (&self->lane, SHMOOZE_LANE_ASLEEP), ~own_bit (self));
  self->asleep = FALSE;
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
  ShmoozeLane *lane;
  GError *broken = NULL;

  g_return_val_if_fail (SHMOOZE_IS_READER (self), NULL);
  g_return_val_if_fail (size != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  *size = 0;
  if (!check_open (self, error))
    return NULL;

  lane = &self->lane;
  if (!self->has_peeked)
    switch (shmooze_lane_look (lane, self->position, &self->peeked))
      {
      case SHMOOZE_FRAME_FOUND:
        self->has_peeked = TRUE;
        break;

      case SHMOOZE_FRAME_NONE:
        if (!shmooze_region_check (lane->region, &broken))
          set_broken (self, broken, error);
        return NULL;

      case SHMOOZE_FRAME_BROKEN:
      default:
        shmooze_lane_set_broken (lane, lane->queue_at + (self->position & (lane->queue_size - 1)), &broken);
        set_broken (self, broken, error);
        return NULL;
      }

  *size = self->peeked.size;
  return self->peeked.payload;
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
  g_return_if_fail (SHMOOZE_IS_READER (self));
  g_return_if_fail (self->has_peeked);

  self->has_peeked = FALSE;
  self->position = self->peeked.next;
  /* Not for each message: the writer would have to fetch the line every time. */
  if (self->position - self->published >= self->lane.queue_size / 8)
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
  if (!check_open (self, error))
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
 * shmooze_reader_wait:
 * @self: a reader
 * @timeout_usec: how long to wait, in microseconds; -1: as long as it takes
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error
 *
 * Waits until there is a message or another draft.
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
  gint64 now = g_get_monotonic_time ();
  gint64 deadline = timeout_usec < 0 || timeout_usec > G_MAXINT64 - now ? G_MAXINT64 : now + timeout_usec;
  GPollFD fds[2] = { { .fd = -1, .events = G_IO_IN }, { .fd = -1 } };
  guint n_fds = 1;
  guint poll_msec = SHMOOZE_POLL_MIN_MSEC;
  gboolean news = FALSE;

  g_return_val_if_fail (SHMOOZE_IS_READER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (cancellable != NULL && g_cancellable_make_pollfd (cancellable, &fds[1]))
    n_fds = 2;
  while (check_open (self, error) && !g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      gint64 left;

      news = shmooze_reader_has_news (self);
      if (news)
        break;
      left = deadline - g_get_monotonic_time ();
      if (left <= 0)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("Nothing came in time"));
          break;
        }
      if (self->wait == SHMOOZE_WAIT_SPIN)
        continue;

      if (!shmooze_reader_fall_asleep (self))
        continue;
      fds[0].fd = self->bell;
      left = deadline == G_MAXINT64 ? -1 : MIN (left / 1000 + 1, G_MAXINT);
      if (self->wait == SHMOOZE_WAIT_POLL)
        {
          left = left < 0 ? (gint64) poll_msec : MIN (left, (gint64) poll_msec);
          poll_msec = MIN (poll_msec * 2, SHMOOZE_POLL_MAX_MSEC);
        }
      g_poll (fds, n_fds, (gint) left);
      if (self->bell >= 0 && fds[0].revents != 0)
        shmooze_bell_quiet (self->bell);
    }
  shmooze_reader_wake_up (self);
  if (n_fds == 2)
    g_cancellable_release_fd (cancellable);
  return news;
}

typedef struct
{
  GSource        source;
  ShmoozeReader *reader;
  gpointer       bell_tag;
} ReaderSource;

static gboolean
reader_source_prepare (GSource *source,
                       gint    *timeout)
{
  ReaderSource *self = (ReaderSource *) source;
  ShmoozeReader *reader = self->reader;

  switch (reader->wait)
    {
    case SHMOOZE_WAIT_BELL:
      *timeout = -1;
      return !shmooze_reader_fall_asleep (reader);

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
  return shmooze_reader_has_news (reader);
}

static gboolean
reader_source_dispatch (GSource     *source,
                        GSourceFunc  callback,
                        gpointer     user_data)
{
  ReaderSource *self = (ReaderSource *) source;
  ShmoozeReader *reader = self->reader;
  ShmoozeReaderFunc func = (ShmoozeReaderFunc) (void (*) (void)) callback;

  if (reader->wait == SHMOOZE_WAIT_POLL)
    {
      gboolean news = shmooze_reader_has_news (reader);

      reader->poll_msec = news ? SHMOOZE_POLL_MIN_MSEC : MIN (reader->poll_msec * 2, SHMOOZE_POLL_MAX_MSEC);
      g_source_set_ready_time (source, -1);
      if (!news)
        return G_SOURCE_CONTINUE;
    }
  shmooze_reader_wake_up (reader);
  return func != NULL ? func (reader, user_data) : G_SOURCE_REMOVE;
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
    }
  if (self->bell >= 0)
    shmooze_bell_unmake (self->bell, shmooze_region_get_id (self->lane.region), byte);
  self->bell = -1;
  shmooze_region_unlock (self->lane.region, byte);
  shmooze_lane_clear (&self->lane);
}
