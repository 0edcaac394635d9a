/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "region/shmooze-region-private.h"

#include <sched.h>
#include <stdatomic.h>

G_BEGIN_DECLS

/* A lane in memory: a latest-value register (the draft) and an SPMC ring (the queue). Words that one side writes often
 * and the other reads are 128 bytes apart, because processors fetch cache lines in pairs.
 *
 *      0  magic, version, readers, draft size, queue size    constant
 *    128  oldest     position of the oldest frame kept       written by the writer
 *    136  processor  1 + the CPU that the writer last ran on written by the writer
 *    256  asleep     a bit for each reader that is asleep    written by both
 *    264  sleepers   a bit for each reader that may sleep    written by the readers
 *    384  waiting    1 + the bell of a writer that waits     written by both
 *                    for space
 *    512  draft      how often the draft was published       written by the writer
 *    640  readers    for each, 128 bytes:                    written by that reader
 *                    position, 1 + bell, 1 + processor
 *         drafts     two, each u32 length and UTF-8 text; the lowest bit of the word at 512 selects the current one
 *         queue      a ring of frames
 *
 * A position counts the bytes ever written; its place in the ring is the position modulo the queue's size, a
 * power of two. A frame is a word and the payload, padded to 8 bytes. Its word publishes the frame:
 * the writer clears the word *behind* a frame first, then stores the frame's own. A reader therefore polls only
 * the next word, and no write index has to travel between the two processors. */

#define SHMOOZE_LANE_MAGIC G_GUINT64_CONSTANT (0x31454e414c5a4853)

typedef _Atomic (guint64) ShmoozeWord;

#define SHMOOZE_LANE_OLDEST 128
#define SHMOOZE_LANE_PROCESSOR 136
#define SHMOOZE_LANE_ASLEEP 256
#define SHMOOZE_LANE_SLEEPERS 264
#define SHMOOZE_LANE_WAITING 384
#define SHMOOZE_LANE_DRAFT 512
#define SHMOOZE_LANE_READERS 640
#define SHMOOZE_LANE_READER_SIZE 128
#define SHMOOZE_LANE_READERS_MAX 64
#define SHMOOZE_READER_BELL 8
#define SHMOOZE_READER_PROCESSOR 16
#define SHMOOZE_LANE_QUEUE_MIN 1024

/* Outside of a main loop a reader or writer spins for at most this long if the other side runs on another processor:
 * falling asleep and being woken takes about as long. The clock is read once for that many
 * looks. */
#define SHMOOZE_SPIN_USEC 50
#define SHMOOZE_LOOKS_PER_CLOCK 64

#define SHMOOZE_WORD_NOTHING G_GUINT64_CONSTANT (0)
#define SHMOOZE_WORD_FRAME (G_GUINT64_CONSTANT (1) << 32)  /* | the payload's length */
#define SHMOOZE_WORD_SKIP (G_GUINT64_CONSTANT (2) << 32)   /* the frame is at the beginning of the ring */
#define SHMOOZE_POSITION_NONE G_MAXUINT64                  /* of a reader that is not attached */

/* A process's view of a lane. The sizes are read from the header once, checked and kept here; later changes of the
 * header have no effect. */
typedef struct
{
  ShmoozeView   *view;
  ShmoozeRegion *region;
  const atomic_bool *closed; /* the view's; one that is always TRUE if there is no view */
  char          *base;
  guint64        offset;     /* of the lane in the region, and the byte that its writer locks */
  guint          n_readers;
  gsize          draft_size;
  gsize          queue_size;
  gsize          queue_at;
  char          *queue;      /* the ring */
  gsize          mask;       /* position & mask is the offset in the ring */
} ShmoozeLane;

/* The payload of a frame. */
typedef struct
{
  const char *payload;
  gsize       size;
} ShmoozeFrame;

typedef enum
{
  SHMOOZE_FRAME_NONE,
  SHMOOZE_FRAME_FOUND,
  SHMOOZE_FRAME_BROKEN
} ShmoozeFrameResult;

gsize               shmooze_lane_size_for      (guint               n_readers,
                                                gsize               draft_size,
                                                gsize               queue_size);
gboolean            shmooze_lane_measure       (ShmoozeLane        *self,
                                                guint               n_readers,
                                                gsize               draft_size,
                                                guint64             size);
void                shmooze_lane_format        (char               *base,
                                                const ShmoozeLane  *sizes);
gboolean            shmooze_lane_attach        (ShmoozeLane        *self,
                                                ShmoozeView        *view,
                                                GError            **error);
gboolean            shmooze_lane_check_view    (ShmoozeView        *view,
                                                GError            **error);
void                shmooze_lane_clear         (ShmoozeLane        *self);
ShmoozeFrameResult  shmooze_lane_peek          (const ShmoozeLane  *self,
                                                guint64            *position,
                                                ShmoozeFrame       *frame);
gboolean            shmooze_lane_walk          (const ShmoozeLane  *self,
                                                guint64            *start,
                                                guint64            *end,
                                                guint              *n_frames,
                                                GError            **error);
gboolean            shmooze_lane_set_broken    (const ShmoozeLane  *self,
                                                guint64             offset,
                                                GError            **error);
void                shmooze_lane_store_draft   (const ShmoozeLane  *self,
                                                guint64             sequence,
                                                const char         *text,
                                                gsize               size);
char               *shmooze_lane_copy_draft    (const ShmoozeLane  *self,
                                                guint64            *sequence,
                                                gsize              *length,
                                                GError            **error);

static inline ShmoozeWord *
shmooze_lane_word (const ShmoozeLane *self,
                   gsize              offset)
{
  return (ShmoozeWord *) (gpointer) (self->base + offset);
}

static inline ShmoozeWord *
shmooze_lane_frame_word (const ShmoozeLane *self,
                         guint64            position)
{
  return (ShmoozeWord *) (gpointer) (self->queue + (position & self->mask));
}

static inline gsize
shmooze_frame_size (gsize payload)
{
  return sizeof (guint64) + ((payload + 7) & ~(gsize) 7);
}

/* Reads the word at a position. If it is a plain frame, moves the position behind it; if not, returns FALSE, and
 * shmooze_lane_peek() finds out what it is. */
static inline gboolean
shmooze_lane_try_peek (const ShmoozeLane *self,
                       guint64           *position,
                       ShmoozeFrame      *frame)
{
  guint64 begin = *position;
  gsize at = begin & self->mask, left = self->queue_size - at;
  char *place = self->queue + at;
  /* Acquire: the payload was written before its word. */
  guint64 word = atomic_load_explicit ((ShmoozeWord *) (gpointer) place, memory_order_acquire);
  gsize size = word & G_MAXUINT32;

  if (G_UNLIKELY (word >> 32 != SHMOOZE_WORD_FRAME >> 32 || shmooze_frame_size (size) > left))
    return FALSE;

  frame->payload = place + sizeof word;
  frame->size = size;
  *position = begin + shmooze_frame_size (size);
  return TRUE;
}

static inline gboolean
shmooze_lane_has_nothing (const ShmoozeLane *self,
                          guint64            position)
{
  return atomic_load_explicit (shmooze_lane_frame_word (self, position), memory_order_relaxed) == SHMOOZE_WORD_NOTHING;
}

/* Whether the memory is still mapped. */
static inline gboolean
shmooze_lane_is_open (const ShmoozeLane *self)
{
  return !atomic_load_explicit (self->closed, memory_order_acquire);
}

static inline gsize
shmooze_lane_reader_at (guint slot)
{
  return SHMOOZE_LANE_READERS + (gsize) slot * SHMOOZE_LANE_READER_SIZE;
}

/* Keeps the word at @offset equal to 1 + the processor that this thread runs on (0: unknown). The other side compares
 * it with its own before it spins: on a shared processor spinning only keeps the other side from running. */
static inline void
shmooze_lane_note_processor (const ShmoozeLane *self,
                             gsize              offset)
{
  guint64 here = (guint64) (sched_getcpu () + 1);

  if (atomic_load_explicit (shmooze_lane_word (self, offset), memory_order_relaxed) != here)
    atomic_store_explicit (shmooze_lane_word (self, offset), here, memory_order_relaxed);
}

/* Whether the other side, whose processor is noted at @offset, runs on another processor than this thread. */
static inline gboolean
shmooze_lane_runs_elsewhere (const ShmoozeLane *self,
                             gsize              offset)
{
  guint64 there = atomic_load_explicit (shmooze_lane_word (self, offset), memory_order_relaxed);

  return there != 0 && there != (guint64) (sched_getcpu () + 1);
}

/* Called by a spinning thread between two looks. */
static inline void
shmooze_relax (void)
{
#if defined (__x86_64__) || defined (__i386__)
  __builtin_ia32_pause ();
#elif defined (__aarch64__)
  __asm__ volatile ("yield");
#endif
}

G_END_DECLS
