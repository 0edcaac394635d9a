/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "lane/shmooze-lane-private.h"

#include <inttypes.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#define LANE_VERSION 1
#define DRAFT_ATTEMPTS 64

typedef struct
{
  guint64 magic;
  guint32 version;
  guint32 n_readers;
  guint64 draft_size;
  guint64 queue_size;
} Header;

/* Returns the offset of draft buffer @index (0 or 1) in the lane, or of the end of both if @index is 2. */
static gsize
draft_at (guint n_readers,
          gsize draft_size,
          guint index)
{
  return shmooze_lane_reader_at (n_readers) + index * ((sizeof (guint32) + draft_size + 7) & ~(gsize) 7);
}

static gsize
queue_start (guint n_readers,
             gsize draft_size)
{
  return (draft_at (n_readers, draft_size, 2) + 127) & ~(gsize) 127;
}

gsize
shmooze_lane_size_for (guint n_readers,
                       gsize draft_size,
                       gsize queue_size)
{
  return queue_start (n_readers, draft_size) + queue_size;
}

/* Computes the sizes of a lane in @size bytes: the queue is the largest power of two that fits. Returns FALSE if even
 * the smallest queue does not fit, or a parameter is out of range. */
gboolean
shmooze_lane_measure (ShmoozeLane *self,
                      guint        n_readers,
                      gsize        draft_size,
                      guint64      size)
{
  if (n_readers < 1 || n_readers > SHMOOZE_LANE_READERS_MAX || draft_size > G_MAXUINT32 / 4)
    return FALSE;

  self->n_readers = n_readers;
  self->draft_size = draft_size;
  self->queue_at = queue_start (n_readers, draft_size);
  if (size < self->queue_at + SHMOOZE_LANE_QUEUE_MIN)
    return FALSE;

  self->queue_size = SHMOOZE_LANE_QUEUE_MIN;
  while (self->queue_size <= (size - self->queue_at) / 2 && self->queue_size < G_GUINT64_CONSTANT (1) << 31)
    self->queue_size *= 2;
  return TRUE;
}

/* Formats zeroed memory as a lane. The magic number is stored last, because it makes the lane valid. */
void
shmooze_lane_format (char              *base,
                     const ShmoozeLane *sizes)
{
  Header *header = (gpointer) base;

  header->version = LANE_VERSION;
  header->n_readers = sizes->n_readers;
  header->draft_size = sizes->draft_size;
  header->queue_size = sizes->queue_size;
  for (guint i = 0; i < sizes->n_readers; i++)
    atomic_store ((ShmoozeWord *) (gpointer) (base + shmooze_lane_reader_at (i)), SHMOOZE_POSITION_NONE);
  atomic_store ((ShmoozeWord *) (gpointer) base, SHMOOZE_LANE_MAGIC);
}

/* Checks that the view is readable and writable. A reader needs this too, because it stores its position and its asleep
 * bit in the lane. */
gboolean
shmooze_lane_check_view (ShmoozeView  *view,
                         GError      **error)
{
  if (shmooze_view_is_shared_both_ways (view))
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
               _("A lane in region “%s” requires a view that is readable and writable, even for reading"),
               shmooze_region_get_label (shmooze_view_get_region (view)));
  return FALSE;
}

/* Reads the header once, and accepts it only if it describes exactly the lane that fits into the view. */
gboolean
shmooze_lane_attach (ShmoozeLane  *self,
                     ShmoozeView  *view,
                     GError      **error)
{
  ShmoozeRegion *region = shmooze_view_get_region (view);
  char *base = shmooze_view_get_data (view);
  guint64 size = shmooze_view_get_size (view);
  guint64 magic;
  Header header;

  if (base == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("The view of region “%s” is closed"),
                   shmooze_region_get_label (region));
      return FALSE;
    }
  if (!shmooze_region_check (region, error))
    return FALSE;

  if (size >= SHMOOZE_LANE_READERS && (guintptr) base % sizeof (guint64) == 0)
    {
      magic = atomic_load ((ShmoozeWord *) (gpointer) base);
      memcpy (&header, base, sizeof header);
      if (magic == SHMOOZE_LANE_MAGIC && header.version == LANE_VERSION &&
          shmooze_lane_measure (self, header.n_readers, header.draft_size, size) &&
          header.queue_size == self->queue_size)
        {
          self->view = g_object_ref (view);
          self->region = region;
          self->closed = shmooze_view_get_closed (view);
          self->base = base;
          self->queue = base + self->queue_at;
          self->mask = self->queue_size - 1;
          self->offset = shmooze_view_get_offset (view);
          return TRUE;
        }
    }
  g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT,
               _("There is no lane at offset %" PRIu64 " of region “%s”"),
               shmooze_view_get_offset (view), shmooze_region_get_label (region));
  return FALSE;
}

/* Also used to initialize the struct. */
void
shmooze_lane_clear (ShmoozeLane *self)
{
  static const atomic_bool closed = TRUE;

  g_clear_object (&self->view);
  self->base = NULL;
  self->closed = &closed;
}

/* Reads the word at @position. If a frame is there, moves @position to the end of the frame. The caller guarantees that
 * @position is a multiple of 8. */
ShmoozeFrameResult
shmooze_lane_peek (const ShmoozeLane *self,
                   guint64           *position,
                   ShmoozeFrame      *frame)
{
  guint64 word = atomic_load_explicit (shmooze_lane_frame_word (self, *position), memory_order_acquire);
  gsize at = *position & self->mask;
  guint64 start = *position;

  if (word == SHMOOZE_WORD_NOTHING)
    return SHMOOZE_FRAME_NONE;
  if (word == SHMOOZE_WORD_SKIP && at != 0)
    start += self->queue_size - at;
  if (!shmooze_lane_try_peek (self, &start, frame))
    return SHMOOZE_FRAME_BROKEN;

  *position = start;
  return SHMOOZE_FRAME_FOUND;
}

/* Walks from the oldest frame to the end of the last one. Another process wrote the words, so each is checked, and the
 * walk ends with an error if it is longer than the queue. */
gboolean
shmooze_lane_walk (const ShmoozeLane  *self,
                   guint64            *start,
                   guint64            *end,
                   guint              *n_frames,
                   GError            **error)
{
  ShmoozeFrame frame;
  ShmoozeFrameResult result;
  guint64 next;

  *n_frames = 0;
  *start = *end = atomic_load (shmooze_lane_word (self, SHMOOZE_LANE_OLDEST));
  next = *start;
  if (*start % sizeof (guint64) != 0 || *start > G_MAXINT64)
    return shmooze_lane_set_broken (self, SHMOOZE_LANE_OLDEST, error);

  while ((result = shmooze_lane_peek (self, &next, &frame)) == SHMOOZE_FRAME_FOUND &&
         next - *start <= self->queue_size)
    {
      *end = next;
      (*n_frames)++;
    }
  return result == SHMOOZE_FRAME_NONE ||
         shmooze_lane_set_broken (self, self->queue_at + (*end & self->mask), error);
}

/* Sets the error for an invalid word at @offset in the lane, and returns FALSE. The words of a lost region read as
 * zeros; the error then says that the region is lost. */
gboolean
shmooze_lane_set_broken (const ShmoozeLane  *self,
                         guint64             offset,
                         GError            **error)
{
  guint64 value = atomic_load_explicit (shmooze_lane_word (self, offset), memory_order_relaxed);

  if (shmooze_region_check (self->region, error))
    g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT,
                 _("The lane at offset %" PRIu64 " of region “%s” is corrupt: invalid value %#" PRIx64
                   " at offset %" PRIu64),
                 self->offset, shmooze_region_get_label (self->region), value, self->offset + offset);
  return FALSE;
}

/* Stores the text of draft @sequence in the buffer that does not contain the current draft. A reader may still be
 * copying an older draft from that buffer; the release stores let it detect this, see shmooze_lane_copy_draft(). */
void
shmooze_lane_store_draft (const ShmoozeLane *self,
                          guint64            sequence,
                          const char        *text,
                          gsize              size)
{
  gsize at = draft_at (self->n_readers, self->draft_size, sequence & 1), done = sizeof (guint32);
  guint64 word = (guint32) size;

  memcpy ((char *) &word + sizeof (guint32), text, MIN (size, sizeof (guint32)));
  atomic_store_explicit (shmooze_lane_word (self, at), word, memory_order_release);
  for (; done < size; done += sizeof word)
    {
      word = 0;
      memcpy (&word, text + done, MIN (size - done, sizeof word));
      atomic_store_explicit (shmooze_lane_word (self, at + sizeof (guint32) + done), word, memory_order_release);
    }
}

/* Returns a copy of the draft that is never a mix of two, and sets @sequence to its number. If the writer publishes
 * drafts faster than they can be copied, returns NULL without an error and leaves @sequence unchanged, so that the
 * draft still counts as unread. */
char *
shmooze_lane_copy_draft (const ShmoozeLane  *self,
                         guint64            *sequence,
                         gsize              *length,
                         GError            **error)
{
  ShmoozeWord *counter = shmooze_lane_word (self, SHMOOZE_LANE_DRAFT);

  for (guint i = 0; i < DRAFT_ATTEMPTS; i++)
    {
      guint64 before = atomic_load_explicit (counter, memory_order_acquire);
      gsize at = draft_at (self->n_readers, self->draft_size, before & 1);
      /* Each word is read with an acquire load. The next draft but one reuses this buffer: if a load sees one of its
       * words, then the last load of the counter below sees that the counter has changed. */
      guint64 word = atomic_load_explicit (shmooze_lane_word (self, at), memory_order_acquire);
      guint32 size = (guint32) word;  /* read once: it may change at any time */
      g_autofree char *text = NULL;
      gsize done = sizeof word - sizeof size;

      if (size <= self->draft_size)
        {
          text = g_malloc (size + sizeof word + 1);
          memcpy (text, (char *) &word + sizeof size, done);
          for (; done < size; done += sizeof word)
            {
              word = atomic_load_explicit (shmooze_lane_word (self, at + sizeof size + done), memory_order_acquire);
              memcpy (text + done, &word, sizeof word);
            }
        }
      if (atomic_load_explicit (counter, memory_order_relaxed) != before)
        continue;
      if (text == NULL)
        {
          shmooze_lane_set_broken (self, at, error);
          return NULL;
        }

      text[size] = '\0';
      *sequence = before;
      *length = size;
      return g_steal_pointer (&text);
    }
  return NULL;
}
