/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "lane/shmooze-writer-private.h"

#include "os/shmooze-deadline-private.h"

#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

/**
 * ShmoozeWriter:
 *
 * The one writer of a lane.
 *
 * A lane holds a *draft*, the latest value of a text, and a *queue* of
 * messages. Up to 64 [class@Reader]s follow it. A message is never
 * overwritten before all attached readers have read it: if the queue is full,
 * [method@Writer.write] fails with %G_IO_ERROR_WOULD_BLOCK. Messages that all
 * readers have read are kept for readers that attach later, until the space is
 * needed.
 *
 * Writing takes no lock, and makes no system call unless a reader is asleep. A
 * writer may be used by one thread at a time.
 *
 * Since: 1.0
 */

/* While it waits for space the writer tries again this often: a reader that died does not ring the bell. */
#define RETRY_MSEC 250

G_DEFINE_FINAL_TYPE (ShmoozeWriter, shmooze_writer, G_TYPE_OBJECT)

static void
shmooze_writer_dispose (GObject *object)
{
  shmooze_writer_close (SHMOOZE_WRITER (object));

  G_OBJECT_CLASS (shmooze_writer_parent_class)->dispose (object);
}

/* A check for shmooze_writer_write(): SHMOOZE_IS_WRITER() would take a tenth of its time. */
static gpointer the_class;

static inline gboolean
is_writer (ShmoozeWriter *self)
{
  return self != NULL && ((GTypeInstance *) self)->g_class == the_class;
}

static void
shmooze_writer_class_init (ShmoozeWriterClass *klass)
{
  the_class = klass;
  G_OBJECT_CLASS (klass)->dispose = shmooze_writer_dispose;
}

static gboolean
write_bytes (gpointer   owner,
             gpointer   what,
             GError   **error)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (what, &size);

  return shmooze_writer_write (owner, data, size, error);
}

static void
shmooze_writer_init (ShmoozeWriter *self)
{
  shmooze_lane_clear (&self->ring.lane);
  shmooze_outbox_init (&self->outbox, write_bytes, self);
  self->bell = -1;
}

/**
 * shmooze_writer_new:
 * @view: the memory of the lane, readable and writable, at an offset that is
 *   a multiple of 8
 * @n_readers: the maximum number of readers at a time, 1 to 64
 * @draft_size: the maximum length of a draft in bytes
 * @error: return location for an error
 *
 * Creates the writer of a lane.
 *
 * If the view is all zeros, it is formatted as a lane; the size of its queue is
 * the largest power of two that fits. An existing lane keeps its sizes, and is
 * continued where its former writer stopped, even if that writer crashed.
 *
 * Fails with %G_IO_ERROR_BUSY if the lane already has a writer,
 * %G_IO_ERROR_PERMISSION_DENIED if the view is not readable and writable,
 * %G_IO_ERROR_INVALID_ARGUMENT if a lane of these sizes does not fit, and
 * %SHMOOZE_ERROR_CORRUPT if the existing lane is invalid.
 *
 * Returns: (transfer full): the writer
 *
 * Since: 1.0
 */
ShmoozeWriter *
shmooze_writer_new (ShmoozeView *view,
                    guint        n_readers,
                    gsize        draft_size,
                    GError     **error)
{
  g_autoptr(ShmoozeWriter) self = NULL;
  ShmoozeRegion *region;
  ShmoozeLane sizes = { 0 };
  guint64 offset;
  char *base;

  g_return_val_if_fail (SHMOOZE_IS_VIEW (view), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  region = shmooze_view_get_region (view);
  offset = shmooze_view_get_offset (view);
  base = shmooze_view_get_data (view);
  if (!shmooze_lane_check_view (view, error) || !shmooze_region_check (region, error))
    return NULL;
  if (base == NULL || offset % sizeof (guint64) != 0 ||
      !shmooze_lane_measure (&sizes, n_readers, draft_size, shmooze_view_get_size (view)))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("Cannot create a lane for %u readers and a draft of %zu bytes in the %" PRIu64 " bytes at offset %"
                     PRIu64 " of region “%s”: it can have 1 to %u readers, and needs at least %zu bytes at an offset "
                     "that is a multiple of 8"),
                   n_readers, draft_size, shmooze_view_get_size (view), offset, shmooze_region_get_label (region),
                   SHMOOZE_LANE_READERS_MAX, shmooze_lane_size_for (n_readers, draft_size, SHMOOZE_LANE_QUEUE_MIN));
      return NULL;
    }
  if (!shmooze_region_try_lock (region, offset))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                   _("The lane at offset %" PRIu64 " of region “%s” already has a writer"),
                   offset, shmooze_region_get_label (region));
      return NULL;
    }

  if (atomic_load ((ShmoozeWord *) (gpointer) base) == 0)
    shmooze_lane_format (base, &sizes);
  self = g_object_new (SHMOOZE_TYPE_WRITER, NULL);
  if (!shmooze_lane_attach (&self->ring.lane, view, error))
    {
      shmooze_region_unlock (region, offset);
      return NULL;
    }

  if (!shmooze_ring_resume (&self->ring, error))
    return NULL;
  self->draft = atomic_load (shmooze_lane_word (&self->ring.lane, SHMOOZE_LANE_DRAFT));
  self->has_draft = TRUE;  /* the former writer may have left one */
  return g_steal_pointer (&self);
}

/* A fast check whether the memory can be written to. If not, check_writable() finds out why. */
static inline gboolean
is_sound (ShmoozeWriter *self)
{
  return shmooze_lane_is_open (&self->ring.lane) && shmooze_region_is_sound (self->ring.lane.region);
}

static gboolean
check_writable (ShmoozeWriter  *self,
                GError        **error)
{
  ShmoozeLane *lane = &self->ring.lane;

  if (!shmooze_lane_is_open (lane))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("The writer is closed"));
  else if (!shmooze_region_check (lane->region, error))
    return FALSE;
  else if (self->ring.broken)
    g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT,
                 _("The lane at offset %" PRIu64 " of region “%s” is corrupt"),
                 lane->offset, shmooze_region_get_label (lane->region));
  else
    return TRUE;
  return FALSE;
}

static gpointer
reserve (ShmoozeWriter  *self,
         gsize           size,
         GError        **error)
{
  ShmoozeRing *ring = &self->ring;
  g_autoptr(GError) local_error = NULL;
  guint64 start, end;

  self->has_reserved = FALSE;
  if (!check_writable (self, error))
    return NULL;
  if (size > ring->lane.queue_size / 4)
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG,
                   _("A message of %zu bytes is too long: the limit of this lane is %zu bytes"),
                   size, ring->lane.queue_size / 4);
      return NULL;
    }

  self->skip = shmooze_ring_skip_before (ring, size);
  start = ring->position + self->skip;
  end = start + shmooze_frame_size (size) + sizeof (guint64);  /* with the word behind the frame, which is cleared */
  if (end > ring->free_end && !shmooze_ring_make_space (ring, end, &local_error))
    {
      if (local_error == NULL)
        g_set_error (&local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                     _("The lane in region “%s” is full; try again when its readers have read more"),
                     shmooze_region_get_label (ring->lane.region));
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  self->reserved = size;
  self->has_reserved = TRUE;
  return shmooze_lane_frame_word (&ring->lane, start) + 1;
}

/* Stores the word that makes what was written before visible, and wakes readers that are asleep.
 *
 * The store, and the load of the sleep bits after it, are sequentially consistent, and so are a reader's setting
 * of its bit and its last look: one of the two sees the other. That costs a full barrier, which is skipped
 * if no attached reader ever sleeps. A store that is under way while a reader attaches may therefore not notice it, so
 * the reader keeps its first sleeps short, see shmooze_reader_get_poll_timeout(). */
static inline void
publish (ShmoozeWriter *self,
         ShmoozeWord   *word,
         guint64        value)
{
  if (atomic_load_explicit (shmooze_lane_word (&self->ring.lane, SHMOOZE_LANE_SLEEPERS), memory_order_relaxed) == 0)
    atomic_store_explicit (word, value, memory_order_release);
  else
    shmooze_ring_publish_and_wake (&self->ring, word, value);
}

/* Makes the frame visible whose word belongs at @place. The word behind it is cleared first, because a reader reads
 * that one next. */
static inline void
publish_frame (ShmoozeWriter *self,
               ShmoozeWord   *place,
               ShmoozeWord   *behind,
               guint64        word)
{
  atomic_store_explicit (behind, SHMOOZE_WORD_NOTHING, memory_order_relaxed);
  publish (self, place, word);
}

static void
commit (ShmoozeWriter *self,
        gsize          size)
{
  ShmoozeRing *ring = &self->ring;
  ShmoozeWord *place = shmooze_lane_frame_word (&ring->lane, ring->position);
  guint64 at = ring->position + self->skip, word = SHMOOZE_WORD_FRAME | size;

  ring->position = at + shmooze_frame_size (size);
  self->has_reserved = FALSE;
  if (self->skip > 0)
    {
      atomic_store_explicit (shmooze_lane_frame_word (&ring->lane, at), word, memory_order_relaxed);
      word = SHMOOZE_WORD_SKIP;
    }
  if (ring->position >= ring->next_mark)
    shmooze_ring_set_mark (ring);
  publish_frame (self, place, shmooze_lane_frame_word (&ring->lane, ring->position), word);
}

/**
 * shmooze_writer_reserve: (skip)
 * @self: a writer
 * @size: the length of the message in bytes
 * @error: return location for an error
 *
 * Reserves space for a message, to be written in place. It becomes visible to
 * readers with [method@Writer.commit], and not before.
 *
 * Fails with %G_IO_ERROR_WOULD_BLOCK if the queue is full,
 * %SHMOOZE_ERROR_TOO_LONG if the message is longer than
 * [method@Writer.get_max_size], %SHMOOZE_ERROR_LOST, %SHMOOZE_ERROR_CORRUPT
 * and %G_IO_ERROR_CLOSED.
 *
 * Returns: (transfer none): @size bytes to write the message to
 *
 * Since: 1.0
 */
gpointer
shmooze_writer_reserve (ShmoozeWriter *self,
                        gsize          size,
                        GError       **error)
{
  g_return_val_if_fail (SHMOOZE_IS_WRITER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return reserve (self, size, error);
}

/**
 * shmooze_writer_commit: (skip)
 * @self: a writer
 * @size: the length of the message, at most what was reserved
 *
 * Publishes the message that was written after [method@Writer.reserve], and
 * wakes readers that are asleep.
 *
 * Since: 1.0
 */
void
shmooze_writer_commit (ShmoozeWriter *self,
                       gsize          size)
{
  g_return_if_fail (SHMOOZE_IS_WRITER (self));
  g_return_if_fail (self->has_reserved && size <= self->reserved);

  commit (self, size);
}

/* The general case: the end of the ring or of a part of it, a full queue, an error. */
static G_NO_INLINE gboolean
write_slowly (ShmoozeWriter  *self,
              gconstpointer   data,
              gsize           size,
              GError        **error)
{
  gpointer space = reserve (self, size, error);

  if (space == NULL)
    return FALSE;

  if (size > 0)
    memcpy (space, data, size);
  commit (self, size);
  return TRUE;
}

/**
 * shmooze_writer_write:
 * @self: a writer
 * @data: (array length=size) (element-type guint8): the message
 * @size: its length in bytes
 * @error: return location for an error
 *
 * Writes a message to the queue. Fails like [method@Writer.reserve].
 *
 * Returns: whether the message was written
 *
 * Since: 1.0
 */
gboolean
shmooze_writer_write (ShmoozeWriter *self,
                      gconstpointer  data,
                      gsize          size,
                      GError       **error)
{
  ShmoozeRing *ring;
  char *place;
  guint64 begin, next;

  g_return_val_if_fail (is_writer (self), FALSE);
  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  ring = &self->ring;
  begin = ring->position;
  next = begin + shmooze_frame_size (size);
  if (G_UNLIKELY (size > G_MAXUINT32 || size == 0 || next >= ring->fast_end || !is_sound (self)))
    return write_slowly (self, data, size, error);

  place = ring->lane.queue + (begin & ring->lane.mask);
  memcpy (place + sizeof (guint64), data, size);
  ring->position = next;
  publish_frame (self, (ShmoozeWord *) (gpointer) place,
                 (ShmoozeWord *) (gpointer) (place + shmooze_frame_size (size)), SHMOOZE_WORD_FRAME | size);
  return TRUE;
}

/**
 * shmooze_writer_get_max_size:
 * @self: a writer
 *
 * Gets the maximum length of a message, which is a quarter of the queue.
 *
 * Returns: the length in bytes
 *
 * Since: 1.0
 */
gsize
shmooze_writer_get_max_size (ShmoozeWriter *self)
{
  g_return_val_if_fail (SHMOOZE_IS_WRITER (self), 0);

  return self->ring.lane.queue_size / 4;
}

/**
 * shmooze_writer_get_max_draft:
 * @self: a writer
 *
 * Gets the maximum length of a draft.
 *
 * Returns: the length in bytes
 *
 * Since: 1.0
 */
gsize
shmooze_writer_get_max_draft (ShmoozeWriter *self)
{
  g_return_val_if_fail (SHMOOZE_IS_WRITER (self), 0);

  return self->ring.lane.draft_size;
}

/**
 * shmooze_writer_set_draft:
 * @self: a writer
 * @text: the text
 * @length: its length in bytes, or -1 if it is NUL-terminated
 * @error: return location for an error
 *
 * Publishes a new value of the draft.
 *
 * Readers see a draft completely or not at all, even if this process crashes
 * meanwhile. A reader can miss a draft that is replaced before it is read.
 *
 * Fails with %SHMOOZE_ERROR_TOO_LONG if the text is longer than
 * [method@Writer.get_max_draft], %SHMOOZE_ERROR_LOST, %SHMOOZE_ERROR_CORRUPT
 * and %G_IO_ERROR_CLOSED; the former draft is then kept.
 *
 * Returns: whether the draft was published
 *
 * Since: 1.0
 */
gboolean
shmooze_writer_set_draft (ShmoozeWriter *self,
                          const char    *text,
                          gssize         length,
                          GError       **error)
{
  ShmoozeLane *lane;
  gsize size;

  g_return_val_if_fail (SHMOOZE_IS_WRITER (self), FALSE);
  g_return_val_if_fail (text != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (G_UNLIKELY (!is_sound (self) || self->ring.broken) && !check_writable (self, error))
    return FALSE;

  lane = &self->ring.lane;
  size = length < 0 ? strlen (text) : (gsize) length;
  if (size > lane->draft_size)
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG,
                   _("A draft of %zu bytes is too long: the limit of this lane is %zu bytes"),
                   size, lane->draft_size);
      return FALSE;
    }

  shmooze_lane_store_draft (lane, ++self->draft, text, size);
  self->has_draft = size > 0;
  publish (self, shmooze_lane_word (lane, SHMOOZE_LANE_DRAFT), self->draft);
  return TRUE;
}

/* Clears the draft if it is @text, which has become a message. */
void
shmooze_writer_end_draft (ShmoozeWriter *self,
                          const char    *text)
{
  guint64 sequence;
  gsize length;
  g_autofree char *draft = NULL;

  if (!self->has_draft)
    return;
  draft = shmooze_lane_copy_draft (&self->ring.lane, &sequence, &length, NULL);
  if (draft != NULL && length > 0 && length == strlen (text) && memcmp (draft, text, length) == 0)
    shmooze_writer_set_draft (self, "", 0, NULL);
}

static void
make_bell (ShmoozeWriter *self)
{
  if (self->bell < 0)
    self->bell = shmooze_bell_make (shmooze_region_get_id (self->ring.lane.region), self->ring.lane.offset, NULL);
}

static gboolean
spin (ShmoozeWriter *self,
      gsize          size,
      gint64         end)
{
  do
    for (guint i = 0; i < SHMOOZE_LOOKS_PER_CLOCK; i++)
      {
        if (shmooze_ring_has_space (&self->ring, size))
          return TRUE;
        shmooze_relax ();
      }
  while (shmooze_lane_is_open (&self->ring.lane) && g_get_monotonic_time () < end);
  return FALSE;
}

/* Checks for space, and evicts dead readers. Returns FALSE without an error if the queue is still full. */
static gboolean
try_space (ShmoozeWriter  *self,
           gsize           size,
           GError        **error)
{
  g_autoptr(GError) local_error = NULL;

  if (reserve (self, size, &local_error) != NULL)
    {
      self->has_reserved = FALSE;
      return TRUE;
    }
  if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/**
 * shmooze_writer_wait:
 * @self: a writer
 * @size: the length of the next message in bytes
 * @timeout_usec: the maximum time to wait, in microseconds, or -1 for no limit
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Waits until there is space for a message. In a main loop, use
 * [method@Writer.write_async] instead.
 *
 * Fails with %G_IO_ERROR_TIMED_OUT, %G_IO_ERROR_CANCELLED,
 * %SHMOOZE_ERROR_TOO_LONG if the message is longer than
 * [method@Writer.get_max_size], %SHMOOZE_ERROR_LOST, %SHMOOZE_ERROR_CORRUPT
 * and %G_IO_ERROR_CLOSED.
 *
 * Returns: whether there is space
 *
 * Since: 1.0
 */
gboolean
shmooze_writer_wait (ShmoozeWriter  *self,
                     gsize           size,
                     gint64          timeout_usec,
                     GCancellable   *cancellable,
                     GError        **error)
{
  g_autoptr(GError) local_error = NULL;
  GPollFD fds[2] = { { .fd = -1, .events = G_IO_IN }, { .fd = -1 } };
  gboolean has_space = FALSE;
  gint64 now, deadline;
  guint n_fds = 1;

  g_return_val_if_fail (SHMOOZE_IS_WRITER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (try_space (self, size, &local_error))
    return TRUE;

  deadline = shmooze_deadline_from_timeout (timeout_usec);
  now = g_get_monotonic_time ();
  if (cancellable != NULL && g_cancellable_make_pollfd (cancellable, &fds[1]))
    n_fds = 2;
  while (local_error == NULL && !g_cancellable_set_error_if_cancelled (cancellable, &local_error))
    {
      gint64 left;

      has_space = shmooze_ring_is_read_elsewhere (&self->ring) &&
                  spin (self, size, MIN (deadline, now + SHMOOZE_SPIN_USEC));
      if (has_space)
        break;
      make_bell (self);
      if (self->bell >= 0)
        shmooze_ring_await_space (&self->ring, self->ring.lane.offset);
      now = g_get_monotonic_time ();  /* before the attempt: there is one after the deadline */
      has_space = try_space (self, size, &local_error);
      left = deadline - now;
      if (has_space || local_error != NULL)
        break;
      if (left <= 0)
        {
          g_set_error_literal (&local_error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("Timed out: the lane is still full"));
          break;
        }

      fds[0].fd = self->bell;
      g_poll (fds, n_fds, (gint) MIN (left / 1000 + 1, self->bell >= 0 ? RETRY_MSEC : SHMOOZE_POLL_MIN_MSEC));
      if (fds[0].revents != 0)
        shmooze_bell_quiet (self->bell);
    }
  if (n_fds == 2)
    g_cancellable_release_fd (cancellable);
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return has_space;
}

static gboolean
flush_outbox (gpointer user_data)
{
  g_autoptr(ShmoozeWriter) self = g_object_ref (user_data);

  if (self->bell >= 0)
    shmooze_bell_quiet (self->bell);
  shmooze_outbox_flush (&self->outbox, &self->ring, self->bell >= 0, self->ring.lane.offset);
  if (!shmooze_outbox_is_empty (&self->outbox))
    return G_SOURCE_CONTINUE;

  if (self->outbox_source != NULL)
    g_source_destroy (self->outbox_source);
  g_clear_pointer (&self->outbox_source, g_source_unref);
  return G_SOURCE_REMOVE;
}

static gboolean
on_bell (int          fd,
         GIOCondition condition,
         gpointer     user_data)
{
  return flush_outbox (user_data);
}

/* Flushes the outbox when the bell rings, and regularly. */
static void
watch_for_space (ShmoozeWriter *self)
{
  g_autoptr(GSource) timer = g_timeout_source_new (RETRY_MSEC);

  make_bell (self);
  if (self->bell >= 0)
    {
      self->outbox_source = g_unix_fd_source_new (self->bell, G_IO_IN);
      g_source_set_callback (self->outbox_source, G_SOURCE_FUNC (on_bell), self, NULL);
      g_source_set_dummy_callback (timer);
      g_source_add_child_source (self->outbox_source, timer);
    }
  else
    {
      self->outbox_source = g_steal_pointer (&timer);
      g_source_set_callback (self->outbox_source, flush_outbox, self, NULL);
    }
  g_source_attach (self->outbox_source, g_main_context_get_thread_default ());
  flush_outbox (self);
}

/**
 * shmooze_writer_write_async:
 * @self: a writer
 * @bytes: the message
 * @cancellable: (nullable): a cancellable, which has an effect as long as
 *   the message waits
 * @callback: called when the message was written, or has failed
 * @user_data: data for @callback
 *
 * Writes a message to the queue as soon as there is space. Messages that wait
 * are written in the order of the calls.
 *
 * Since: 1.0
 */
void
shmooze_writer_write_async (ShmoozeWriter       *self,
                            GBytes              *bytes,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  GTask *task;

  g_return_if_fail (SHMOOZE_IS_WRITER (self));
  g_return_if_fail (bytes != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shmooze_writer_write_async);
  g_task_set_task_data (task, g_bytes_ref (bytes), (GDestroyNotify) g_bytes_unref);
  shmooze_outbox_push (&self->outbox, task);
  if (self->outbox_source != NULL)
    return;

  shmooze_outbox_flush (&self->outbox, &self->ring, FALSE, 0);
  if (!shmooze_outbox_is_empty (&self->outbox))
    watch_for_space (self);
}

/**
 * shmooze_writer_write_finish:
 * @self: a writer
 * @result: the result that was passed to the callback
 * @error: return location for an error
 *
 * Finishes an operation started with [method@Writer.write_async].
 *
 * Fails like [method@Writer.reserve] (except with
 * %G_IO_ERROR_WOULD_BLOCK), with %G_IO_ERROR_CANCELLED, and with
 * %G_IO_ERROR_CLOSED if the writer was closed meanwhile.
 *
 * Returns: whether the message was written
 *
 * Since: 1.0
 */
gboolean
shmooze_writer_write_finish (ShmoozeWriter  *self,
                             GAsyncResult   *result,
                             GError        **error)
{
  g_return_val_if_fail (SHMOOZE_IS_WRITER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * shmooze_writer_close:
 * @self: a writer
 *
 * Stops writing. Another writer can then continue the lane. Writes that still
 * wait fail with %G_IO_ERROR_CLOSED. Closing a closed writer has no effect.
 *
 * Since: 1.0
 */
void
shmooze_writer_close (ShmoozeWriter *self)
{
  ShmoozeLane *lane;

  g_return_if_fail (SHMOOZE_IS_WRITER (self));

  lane = &self->ring.lane;
  if (lane->base == NULL)
    return;

  if (self->outbox_source != NULL)
    g_source_destroy (self->outbox_source);
  g_clear_pointer (&self->outbox_source, g_source_unref);
  if (self->bell >= 0)
    shmooze_bell_unmake (self->bell, shmooze_region_get_id (lane->region), lane->offset);
  self->bell = -1;
  shmooze_region_unlock (lane->region, lane->offset);
  shmooze_ring_clear (&self->ring);
  self->has_reserved = FALSE;

  shmooze_outbox_close (&self->outbox, _("The writer was closed"));
}
