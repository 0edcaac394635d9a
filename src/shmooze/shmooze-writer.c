/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "shmooze-writer-private.h"

#include "shmooze-bell-private.h"
#include "shmooze-lane-private.h"
#include "shmooze-outbox-private.h"

#include <inttypes.h>
#include <glib-unix.h>
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

/* A writer that waits for room looks by itself now and then: the reader it waits for may have died. */
#define LOOK_AGAIN_MSEC 250

struct _ShmoozeWriter
{
  GObject      parent_instance;

  ShmoozeLane  lane;
  gboolean     broken;
  guint64      position;      /* where the next frame goes */
  guint64      oldest;        /* as published */
  guint64      limit;         /* everything before it may be overwritten */
  guint64      draft;         /* sequence of the published draft */
  gsize        reserved;
  ShmoozeRinger ringers[SHMOOZE_LANE_READERS_MAX];

  ShmoozeOutbox outbox;       /* writes that wait for room */
  GSource     *outbox_source;
  int          bell;          /* own bell, for room in the queue; -1: none */
};

G_DEFINE_FINAL_TYPE (ShmoozeWriter, shmooze_writer, G_TYPE_OBJECT)

static void
shmooze_writer_dispose (GObject *object)
{
  shmooze_writer_close (SHMOOZE_WRITER (object));

  G_OBJECT_CLASS (shmooze_writer_parent_class)->dispose (object);
}

static void
shmooze_writer_class_init (ShmoozeWriterClass *klass)
{
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
  shmooze_outbox_init (&self->outbox, write_bytes, self);
  self->bell = -1;
}

/* The earliest position from @start on that an attached reader is at. Positions are strangers' words: one
 * that lies outside of what can be read keeps nothing. */
static guint64
first_reader (ShmoozeWriter *self,
              guint64        start)
{
  guint64 first = self->position;

  for (guint i = 0; i < self->lane.n_readers; i++)
    {
      guint64 at = atomic_load (shmooze_lane_word (&self->lane, shmooze_lane_reader_at (i)));

      if (at >= start && at < first)
        first = at;
    }
  return first;
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
shmooze_writer_new (ShmoozeView  *view,
                    guint         n_readers,
                    gsize         draft_size,
                    GError      **error)
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
                   _("%" PRIu64 " bytes at %" PRIu64 " in the region “%s” cannot be a lane for "
                     "%u readers and a draft of %zu bytes, which takes at least %zu"),
                   shmooze_view_get_size (view), offset, shmooze_region_get_label (region), n_readers, draft_size,
                   shmooze_lane_size_for (n_readers, draft_size, SHMOOZE_LANE_QUEUE_MIN));
      return NULL;
    }
  if (!shmooze_region_try_lock (region, offset))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                   _("The lane at %" PRIu64 " in the region “%s” has a writer already"),
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
  first = first_reader (self, self->limit);
  self->limit = MIN (self->oldest, first);
  self->draft = atomic_load (shmooze_lane_word (&self->lane, SHMOOZE_LANE_DRAFT));
  return g_steal_pointer (&self);
}

static gboolean
check_open (ShmoozeWriter  *self,
            GError        **error)
{
  if (self->lane.base != NULL && shmooze_view_get_data (self->lane.view) != NULL)
    return shmooze_region_check (self->lane.region, error);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("The writer is closed"));
  return FALSE;
}

/* Detaches a reader whose process is gone. */
static void
evict_if_dead (ShmoozeWriter *self,
               guint          slot)
{
  ShmoozeLane *lane = &self->lane;
  guint64 byte = lane->offset + shmooze_lane_reader_at (slot);

  /* Holding its lock, nobody can become the reader of that number meanwhile. */
  if (shmooze_region_try_lock (lane->region, byte))
    {
      atomic_store (shmooze_lane_word (lane, shmooze_lane_reader_at (slot)), SHMOOZE_POSITION_NONE);
      shmooze_region_unlock (lane->region, byte);
    }
}

static void
ring_reader (ShmoozeWriter *self,
             guint          slot)
{
  gsize at = shmooze_lane_reader_at (slot) + sizeof (guint64);
  guint64 number = atomic_load (shmooze_lane_word (&self->lane, at));

  if (number == 0 || !shmooze_ringer_ring (&self->ringers[slot], shmooze_region_get_id (self->lane.region), number - 1))
    evict_if_dead (self, slot);
}

static void
ring_readers (ShmoozeWriter *self)
{
  guint64 asleep = atomic_exchange (shmooze_lane_word (&self->lane, SHMOOZE_LANE_ASLEEP), 0);

  for (guint i = 0; i < self->lane.n_readers; i++)
    if (asleep & G_GUINT64_CONSTANT (1) << i)
      ring_reader (self, i);
}

/* To be called after publishing. Publishing and this load are sequentially consistent, and so are a
 * reader's raising of its bit and its last look: one of the two sees the other. */
static inline void
wake_readers (ShmoozeWriter *self)
{
  if (atomic_load (shmooze_lane_word (&self->lane, SHMOOZE_LANE_ASLEEP)) != 0)
    ring_readers (self);
}

/* Gives up the oldest frames until everything before @end fits, and some more, so that this is not done for
 * each message. FALSE without an error: a reader needs them. */
static gboolean
make_room (ShmoozeWriter  *self,
           guint64         end,
           GError        **error)
{
  ShmoozeLane *lane = &self->lane;
  guint64 needed = end - lane->queue_size;
  guint64 wanted = MIN (needed + lane->queue_size / 8, self->position);
  guint64 oldest = self->oldest;
  guint64 bound = first_reader (self, self->limit);

  /* Whoever stands in the way and is dead is put out of it. */
  if (bound < needed)
    {
      for (guint i = 0; i < lane->n_readers; i++)
        if (atomic_load (shmooze_lane_word (lane, shmooze_lane_reader_at (i))) < needed)
          evict_if_dead (self, i);
      bound = first_reader (self, self->limit);
    }

  while (oldest < wanted && oldest < bound)
    {
      ShmoozeFrame frame;

      if (shmooze_lane_look (lane, oldest, &frame) != SHMOOZE_FRAME_FOUND || frame.next > self->position)
        {
          self->broken = TRUE;
          return shmooze_lane_set_broken (lane, lane->queue_at + (oldest & (lane->queue_size - 1)), error);
        }
      if (frame.next > bound)
        break;
      oldest = frame.next;
    }

  /* A reader may attach at the former oldest frame in this moment. It stores its position, then looks
   * whether the oldest has moved; here it is the other way round: one of the two sees the other. */
  self->oldest = oldest;
  atomic_store (shmooze_lane_word (lane, SHMOOZE_LANE_OLDEST), oldest);
  bound = first_reader (self, self->limit);
  self->limit = MIN (oldest, bound);
  return needed <= self->limit;
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
shmooze_writer_reserve (ShmoozeWriter  *self,
                        gsize           size,
                        GError        **error)
{
  ShmoozeLane *lane;
  GError *local_error = NULL;
  gsize at, need, skip;
  guint64 end;

  g_return_val_if_fail (SHMOOZE_IS_WRITER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_open (self, error))
    return NULL;
  if (size > shmooze_writer_get_max_size (self))
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG,
                   _("A message of %zu bytes is too long; the lane takes up to %zu"),
                   size, shmooze_writer_get_max_size (self));
      return NULL;
    }

  lane = &self->lane;
  at = self->position & (lane->queue_size - 1);
  need = shmooze_frame_size (size);
  skip = need > lane->queue_size - at ? lane->queue_size - at : 0;
  end = self->position + skip + need + sizeof (guint64);  /* with the word behind, which is cleared */
  if (self->broken || (end - self->limit > lane->queue_size && !make_room (self, end, &local_error)))
    {
      if (local_error != NULL)
        g_propagate_error (error, local_error);
      else if (self->broken)
        g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT,
                     _("The lane at %" PRIu64 " in the region “%s” is broken"),
                     lane->offset, shmooze_region_get_label (lane->region));
      else
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                     _("The lane in the region “%s” is full: a reader has not read yet"),
                     shmooze_region_get_label (lane->region));
      return NULL;
    }

  self->reserved = size;
  return lane->base + lane->queue_at + (skip > 0 ? 0 : at) + sizeof (guint64);
}

/**
 * shmooze_writer_commit:
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
  ShmoozeLane *lane;
  gsize at, skip;
  guint64 start, next;

  g_return_if_fail (SHMOOZE_IS_WRITER (self));
  g_return_if_fail (size <= self->reserved);

  lane = &self->lane;
  at = self->position & (lane->queue_size - 1);
  skip = shmooze_frame_size (self->reserved) > lane->queue_size - at ? lane->queue_size - at : 0;
  start = self->position + skip;
  next = start + shmooze_frame_size (size);

  atomic_store_explicit (shmooze_lane_frame_word (lane, next), SHMOOZE_WORD_NOTHING, memory_order_relaxed);
  if (skip > 0)
    atomic_store_explicit (shmooze_lane_frame_word (lane, start), SHMOOZE_WORD_FRAME | size, memory_order_relaxed);
  atomic_store (shmooze_lane_frame_word (lane, self->position),
                skip > 0 ? SHMOOZE_WORD_SKIP : SHMOOZE_WORD_FRAME | size);
  self->position = next;
  self->reserved = 0;
  wake_readers (self);
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
shmooze_writer_write (ShmoozeWriter  *self,
                      gconstpointer   data,
                      gsize           size,
                      GError        **error)
{
  gpointer room;

  g_return_val_if_fail (data != NULL || size == 0, FALSE);

  room = shmooze_writer_reserve (self, size, error);
  if (room == NULL)
    return FALSE;

  if (size > 0)
    memcpy (room, data, size);
  shmooze_writer_commit (self, size);
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
 * shmooze_writer_get_max_draft:
 * @self: a writer
 *
 * Gets how long a draft can be.
 *
 * Returns: the size in bytes
 *
 * Since: 1.0
 */
gsize
shmooze_writer_get_max_draft (ShmoozeWriter *self)
{
  g_return_val_if_fail (SHMOOZE_IS_WRITER (self), 0);

  return self->lane.draft_size;
}

/**
 * shmooze_writer_set_draft:
 * @self: a writer
 * @text: the text
 * @length: its length in bytes, or -1 when a NUL ends it
 * @error: return location for an error
 *
 * Publishes the latest value of the draft. Readers see it whole or not at
 * all, whatever happens to this process meanwhile, and need not see every
 * one.
 *
 * Fails with %SHMOOZE_ERROR_TOO_LONG, the former draft staying,
 * %SHMOOZE_ERROR_LOST and %G_IO_ERROR_CLOSED.
 *
 * Returns: whether it is published
 *
 * Since: 1.0
 */
gboolean
shmooze_writer_set_draft (ShmoozeWriter  *self,
                          const char     *text,
                          gssize          length,
                          GError        **error)
{
  ShmoozeLane *lane;
  gsize at, size, done = sizeof (guint32);
  guint64 word = 0;

  g_return_val_if_fail (SHMOOZE_IS_WRITER (self), FALSE);
  g_return_val_if_fail (text != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_open (self, error))
    return FALSE;

  lane = &self->lane;
  size = length < 0 ? strlen (text) : (gsize) length;
  if (size > lane->draft_size)
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG,
                   _("A text of %zu bytes is too long; the lane takes up to %zu"),
                   size, lane->draft_size);
      return FALSE;
    }

  /* The idle one of the two is filled. A reader may still be copying what stood there: releases tell it. */
  at = lane->drafts_at + ((self->draft + 1) & 1) * ((sizeof (guint32) + lane->draft_size + 7) & ~(gsize) 7);
  memcpy (&word, &(guint32) { (guint32) size }, sizeof (guint32));
  memcpy ((char *) &word + sizeof (guint32), text, MIN (size, sizeof (guint32)));
  atomic_store_explicit (shmooze_lane_word (lane, at), word, memory_order_release);
  for (; done < size; done += sizeof word)
    {
      word = 0;
      memcpy (&word, text + done, MIN (size - done, sizeof word));
      atomic_store_explicit (shmooze_lane_word (lane, at + sizeof (guint32) + done), word, memory_order_release);
    }

  self->draft++;
  atomic_store (shmooze_lane_word (lane, SHMOOZE_LANE_DRAFT), self->draft);
  wake_readers (self);
  return TRUE;
}

/* What was a draft has become a message: nothing is being typed any more, unless something else is. */
void
shmooze_writer_end_draft (ShmoozeWriter *self,
                          const char    *text)
{
  guint64 sequence;
  gsize length;
  g_autofree char *draft = shmooze_lane_copy_draft (&self->lane, &sequence, &length, NULL);

  if (draft != NULL && length > 0 && length == strlen (text) && memcmp (draft, text, length) == 0)
    shmooze_writer_set_draft (self, "", 0, NULL);
}

/* Asks readers to ring @bell when they make room. One has to try once more before sleeping: they may just
 * have made it. */
void
shmooze_writer_await_room (ShmoozeWriter *self,
                           guint64        bell)
{
  atomic_store (shmooze_lane_word (&self->lane, SHMOOZE_LANE_WAITING), bell + 1);
}

/* Whether the reader with this bell has read everything, or sleeps, which it does only then. */
gboolean
shmooze_writer_is_attended (ShmoozeWriter *self,
                                guint64        bell)
{
  guint64 asleep = atomic_load (shmooze_lane_word (&self->lane, SHMOOZE_LANE_ASLEEP));

  for (guint i = 0; i < self->lane.n_readers; i++)
    {
      gsize at = shmooze_lane_reader_at (i);

      if (atomic_load (shmooze_lane_word (&self->lane, at + sizeof (guint64))) == bell + 1)
        return (asleep & G_GUINT64_CONSTANT (1) << i) != 0 ||
               atomic_load (shmooze_lane_word (&self->lane, at)) >= self->position;
    }
  return TRUE;
}

static gboolean
flush_outbox (gpointer user_data)
{
  g_autoptr(ShmoozeWriter) self = g_object_ref (user_data);

  if (self->bell >= 0)
    shmooze_bell_quiet (self->bell);
  shmooze_outbox_flush (&self->outbox, self, self->bell >= 0, self->lane.offset);
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

/* Waits for the bell, and looks now and then all the same. */
static void
wait_for_room (ShmoozeWriter *self)
{
  g_autoptr(GSource) look = g_timeout_source_new (LOOK_AGAIN_MSEC);

  if (self->bell < 0)
    self->bell = shmooze_bell_make (shmooze_region_get_id (self->lane.region), self->lane.offset, NULL);
  if (self->bell >= 0)
    {
      self->outbox_source = g_unix_fd_source_new (self->bell, G_IO_IN);
      g_source_set_callback (self->outbox_source, G_SOURCE_FUNC (on_bell), self, NULL);
      g_source_set_dummy_callback (look);
      g_source_add_child_source (self->outbox_source, look);
    }
  else
    {
      self->outbox_source = g_steal_pointer (&look);
      g_source_set_callback (self->outbox_source, flush_outbox, self, NULL);
    }
  g_source_attach (self->outbox_source, g_main_context_get_thread_default ());
  flush_outbox (self);
}

/**
 * shmooze_writer_write_async:
 * @self: a writer
 * @bytes: the message
 * @cancellable: (nullable): cancels it as long as it waits
 * @callback: called when it stands in the queue
 * @user_data: for @callback
 *
 * Puts a message into the queue, as soon as there is room. Messages that
 * wait go out in the order of the calls.
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

  shmooze_outbox_flush (&self->outbox, self, FALSE, 0);
  if (!shmooze_outbox_is_empty (&self->outbox))
    wait_for_room (self);
}

/**
 * shmooze_writer_write_finish:
 * @self: a writer
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Writer.write_async].
 *
 * Fails like [method@Writer.reserve], but never because the queue is full,
 * with %G_IO_ERROR_CANCELLED, and with %G_IO_ERROR_CLOSED when the writer was
 * closed meanwhile.
 *
 * Returns: whether the message stands in the queue
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

  shmooze_outbox_close (&self->outbox, _("The writer was closed"));
}
