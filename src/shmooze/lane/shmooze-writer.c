/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "lane/shmooze-writer-private.h"

#include <inttypes.h>
#include <glib/gi18n-lib.h>
#include <string.h>

/**
 * ShmoozeWriter:
 *
 * The one writer of a lane.
 *
 * A lane holds a *draft*, the latest value of a text, and a *queue* of
 * messages. Any number of [class@Reader]s follow it. What a reader that is
 * attached has not read is never overwritten: when the queue is full,
 * [method@Writer.write] says %G_IO_ERROR_WOULD_BLOCK and nothing is lost.
 * What all have read stays for readers that come later, until the room is
 * needed.
 *
 * No lock is taken, and no system call made unless a reader sleeps. A writer
 * belongs to one thread at a time.
 *
 * Since: 1.0
 */

G_DEFINE_FINAL_TYPE (ShmoozeWriter, shmooze_writer, G_TYPE_OBJECT)

static void
shmooze_writer_dispose (GObject *object)
{
  shmooze_writer_close (SHMOOZE_WRITER (object));

  G_OBJECT_CLASS (shmooze_writer_parent_class)->dispose (object);
}

/* For what is called with every message: the type is final, so it has this one class. */
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
  shmooze_lane_clear (&self->lane);
  shmooze_outbox_init (&self->outbox, write_bytes, self);
  self->bell = -1;
}

/**
 * shmooze_writer_new:
 * @view: the memory of the lane, readable and writable, at an offset that is
 *   a multiple of 8
 * @n_readers: how many readers there can be at a time, 1 to 64
 * @draft_size: how many bytes a draft can have
 * @error: return location for an error
 *
 * Becomes the writer of a lane. A view of zeros is made into a lane, with the
 * largest power of two that fits as the queue's size; an existing lane keeps
 * its sizes, and goes on where its former writer stopped, even by a crash.
 *
 * Fails with %G_IO_ERROR_BUSY when the lane has a writer,
 * %G_IO_ERROR_PERMISSION_DENIED when the view is not readable and writable,
 * %G_IO_ERROR_INVALID_ARGUMENT when there is no room for a lane of these
 * sizes, and %SHMOOZE_ERROR_CORRUPT for a broken one.
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
  guint64 offset, first;
  guint n_frames;
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
                     PRIu64 " of region “%s”: it can have 1 to %u readers, and needs at least %zu bytes at an offset that "
                     "is a multiple of 8"),
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
  if (!shmooze_lane_attach (&self->lane, view, error))
    {
      shmooze_region_unlock (region, offset);
      return NULL;
    }

  /* Goes on where the former writer stopped, or was stopped. */
  if (!shmooze_lane_walk (&self->lane, &self->oldest, &self->position, &n_frames, error))
    return NULL;
  /* A reader that attached while the former writer moved on may stand somewhat before the oldest frame. */
  self->limit = self->position > self->lane.queue_size ? self->position - self->lane.queue_size : 0;
  first = shmooze_writer_first_reader (self, self->limit);
  shmooze_writer_set_limit (self, MIN (self->oldest, first));
  self->draft = atomic_load (shmooze_lane_word (&self->lane, SHMOOZE_LANE_DRAFT));
  self->has_draft = TRUE;  /* for all one knows */
  return g_steal_pointer (&self);
}

/* Whether one can write at all. */
gboolean
shmooze_writer_check (ShmoozeWriter *self,
                      GError       **error)
{
  if (!shmooze_lane_is_open (&self->lane))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("The writer is closed"));
  else if (!shmooze_region_check (self->lane.region, error))
    return FALSE;
  else if (self->broken)
    g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT,
                 _("The lane at offset %" PRIu64 " of region “%s” is corrupt"),
                 self->lane.offset, shmooze_region_get_label (self->lane.region));
  else
    return TRUE;
  return FALSE;
}

/* Whether everything before @end can be written. */
static gboolean
find_room (ShmoozeWriter  *self,
           guint64         end,
           GError        **error)
{
  g_autoptr(GError) local_error = NULL;

  if (shmooze_writer_make_room (self, end, &local_error))
    return TRUE;
  if (local_error == NULL)
    g_set_error (&local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                 _("The lane in region “%s” is full; try again when its readers have read more"),
                 shmooze_region_get_label (self->lane.region));
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
check_size (ShmoozeWriter  *self,
            gsize           size,
            GError        **error)
{
  if (size <= self->lane.queue_size / 4)
    return TRUE;

  g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG,
               _("A message of %zu bytes is too long: the limit of this lane is %zu bytes"),
               size, self->lane.queue_size / 4);
  return FALSE;
}

static gpointer
reserve (ShmoozeWriter  *self,
         gsize           size,
         GError        **error)
{
  guint64 start, end;

  self->has_reserved = FALSE;
  if (!shmooze_writer_check (self, error) || !check_size (self, size, error))
    return NULL;

  self->skip = shmooze_writer_skip_before (self, size);
  start = self->position + self->skip;
  end = start + shmooze_frame_size (size) + sizeof (guint64);  /* with the word behind, which is cleared */
  if (end > self->room_end && !find_room (self, end, error))
    return NULL;

  self->reserved = size;
  self->has_reserved = TRUE;
  return shmooze_lane_frame_word (&self->lane, start) + 1;
}

/* Makes the frame visible whose word belongs at @place. Behind it nothing follows, which has to be said before. */
static inline void
publish_frame (ShmoozeWriter *self,
               ShmoozeWord   *place,
               ShmoozeWord   *behind,
               guint64        word)
{
  atomic_store_explicit (behind, SHMOOZE_WORD_NOTHING, memory_order_relaxed);
  shmooze_writer_publish (self, place, word);
}

static void
commit (ShmoozeWriter *self,
        gsize          size)
{
  ShmoozeWord *place = shmooze_lane_frame_word (&self->lane, self->position);
  guint64 at = self->position + self->skip, word = SHMOOZE_WORD_FRAME | size;

  self->position = at + shmooze_frame_size (size);
  self->has_reserved = FALSE;
  if (self->skip > 0)
    {
      atomic_store_explicit (shmooze_lane_frame_word (&self->lane, at), word, memory_order_relaxed);
      word = SHMOOZE_WORD_SKIP;
    }
  if (self->position >= self->next_mark)
    shmooze_writer_set_mark (self);
  publish_frame (self, place, shmooze_lane_frame_word (&self->lane, self->position), word);
}

/**
 * shmooze_writer_reserve: (skip)
 * @self: a writer
 * @size: how many bytes the message will have
 * @error: return location for an error
 *
 * Reserves room for a message, to be written in place; with
 * [method@Writer.commit] it becomes visible, at once and whole. Until then
 * nobody sees anything of it.
 *
 * Fails with %G_IO_ERROR_WOULD_BLOCK when the queue is full,
 * %SHMOOZE_ERROR_TOO_LONG when it never could have the room,
 * %SHMOOZE_ERROR_LOST, %SHMOOZE_ERROR_CORRUPT and %G_IO_ERROR_CLOSED.
 *
 * Returns: (transfer none): where to write @size bytes
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
 * @size: how many bytes were written, at most what was reserved
 *
 * Makes the message visible that was written after
 * [method@Writer.reserve], and wakes readers that sleep.
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

/* Where there is something to think about: the end of the ring, a full queue, an error. */
static G_NO_INLINE gboolean
write_slowly (ShmoozeWriter  *self,
              gconstpointer   data,
              gsize           size,
              GError        **error)
{
  gpointer room = reserve (self, size, error);

  if (room == NULL)
    return FALSE;

  if (size > 0)
    memcpy (room, data, size);
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
 * Puts a message into the queue. Fails like [method@Writer.reserve].
 *
 * Returns: whether it stands in the queue
 *
 * Since: 1.0
 */
gboolean
shmooze_writer_write (ShmoozeWriter *self,
                      gconstpointer  data,
                      gsize          size,
                      GError       **error)
{
  char *place;
  guint64 begin, next;

  g_return_val_if_fail (is_writer (self), FALSE);
  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  begin = self->position;
  next = begin + shmooze_frame_size (size);
  if (G_UNLIKELY (size > G_MAXUINT32 || size == 0 || next >= self->quick_end || !shmooze_writer_is_sound (self)))
    return write_slowly (self, data, size, error);

  place = self->lane.queue + (begin & self->lane.mask);
  memcpy (place + sizeof (guint64), data, size);
  self->position = next;
  publish_frame (self, (ShmoozeWord *) (gpointer) place,
                 (ShmoozeWord *) (gpointer) (place + shmooze_frame_size (size)), SHMOOZE_WORD_FRAME | size);
  return TRUE;
}

/**
 * shmooze_writer_get_max_size:
 * @self: a writer
 *
 * Gets how long a message can be: a quarter of the queue.
 *
 * Returns: the size in bytes
 *
 * Since: 1.0
 */
gsize
shmooze_writer_get_max_size (ShmoozeWriter *self)
{
  g_return_val_if_fail (SHMOOZE_IS_WRITER (self), 0);

  return self->lane.queue_size / 4;
}

/**
 * shmooze_writer_close:
 * @self: a writer
 *
 * Stops being the lane's writer; another can go on from there. Writes that
 * still wait fail with %G_IO_ERROR_CLOSED. To close it twice is fine.
 *
 * Since: 1.0
 */
void
shmooze_writer_close (ShmoozeWriter *self)
{
  g_return_if_fail (SHMOOZE_IS_WRITER (self));

  if (self->lane.base == NULL)
    return;

  if (self->outbox_source != NULL)
    g_source_destroy (self->outbox_source);
  g_clear_pointer (&self->outbox_source, g_source_unref);
  for (guint i = 0; i < G_N_ELEMENTS (self->ringers); i++)
    shmooze_ringer_clear (&self->ringers[i]);
  if (self->bell >= 0)
    shmooze_bell_unmake (self->bell, shmooze_region_get_id (self->lane.region), self->lane.offset);
  self->bell = -1;
  shmooze_region_unlock (self->lane.region, self->lane.offset);
  shmooze_lane_clear (&self->lane);
  self->has_reserved = FALSE;

  shmooze_outbox_close (&self->outbox, _("The writer was closed"));
}
