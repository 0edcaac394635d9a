/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "region/shmooze-region-private.h"

#include <sched.h>
#include <stdatomic.h>

G_BEGIN_DECLS

/* A lane in memory. What one side writes often and the other reads stands 128 bytes apart, because
 * processors fetch cache lines in pairs.
 *
 *      0  magic, version, readers, draft size, queue size    constant
 *    128  oldest     position of the oldest frame kept       the writer's
 *    136  processor  1 + where the writer last ran           the writer's
 *    256  asleep     a bit for each reader that sleeps       both
 *    264  sleepers   a bit for each reader that ever sleeps  the readers'
 *    384  waiting    1 + the bell of a writer out of room    both
 *    512  draft      how often the draft was published       the writer's
 *    640  readers    for each 128 bytes:                     each reader's
 *                    position, 1 + bell, 1 + processor
 *         drafts     two, each u32 length and UTF-8 text; the sequence's lowest bit tells which is current
 *         queue      a ring of frames
 *
 * A position counts the bytes ever written; its place in the ring is the position modulo the queue's size, a
 * power of two. A frame is a word and the payload, filled up to 8 bytes. The word is what publishes the frame:
 * the writer clears the word *behind* a frame first, then stores the frame's own. So a reader only ever looks
 * at the next word, and there is no write index that both sides would have to pass back and forth. */

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

/* Whoever waits outside of a main loop looks for so long without sleep, if the other side runs on another
 * processor: so long does it take to fall asleep and be woken. The time is asked for only now and then. */
#define SHMOOZE_SPIN_USEC 50
#define SHMOOZE_LOOKS_A_GLANCE 64

#define SHMOOZE_WORD_NOTHING G_GUINT64_CONSTANT (0)
#define SHMOOZE_WORD_FRAME (G_GUINT64_CONSTANT (1) << 32)  /* | the payload's length */
#define SHMOOZE_WORD_SKIP (G_GUINT64_CONSTANT (2) << 32)   /* the frame stands at the ring's beginning */
#define SHMOOZE_POSITION_NONE G_MAXUINT64                  /* of a reader that is not attached */

/* One's own view of a lane. The sizes are read once, checked and kept here; what the header says later is
 * not looked at. */
typedef struct
{
  ShmoozeView   *view;
  ShmoozeRegion *region;
  const atomic_bool *closed; /* the view's; that which is always TRUE when there is none */
  char          *base;
  guint64        offset;     /* of the lane in the region: also the byte that its writer locks */
  guint          n_readers;
  gsize          draft_size;
  gsize          queue_size;
  gsize          drafts_at;
  gsize          queue_at;
  char          *queue;      /* the ring */
  gsize          mask;       /* of a position: what tells its place in the ring */
} ShmoozeLane;

/* Where a frame stands, from looking at the word at a position. */
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
ShmoozeFrameResult  shmooze_lane_look          (const ShmoozeLane  *self,
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

/* Looks at the word at a position, and moves the position behind the frame. FALSE: it is not a plain frame, and
 * shmooze_lane_look() tells what it is. */
static inline gboolean
shmooze_lane_look_quickly (const ShmoozeLane *self,
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

/* Whether there is memory to look at. */
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

/* 1 + the processor that this runs on; 0 when that cannot be told. */
static inline guint64
shmooze_processor (void)
{
  return (guint64) (sched_getcpu () + 1);
}

/* Between two looks without sleep. */
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
