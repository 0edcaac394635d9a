/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

G_BEGIN_DECLS

/* Each program of the benchmark consists of the workloads, bench.c, and one channel: a way to pass messages
 * between two processes. It is started twice, as
 *
 *     PROGRAM [OPTION] pong ID WORKLOAD WAIT SIZE SECONDS
 *     PROGRAM [OPTION] ping ID WORKLOAD WAIT SIZE SECONDS
 *
 * ID is unique to the run and consists of letters, digits and dashes; SIZE is a multiple of 8, at least 16. See
 * README.md for the workloads and what they print. */

typedef enum
{
  BENCH_SPIN,   /* never sleeps */
  BENCH_BLOCK,  /* sleeps in the kernel */
  BENCH_LOOP    /* in a GLib main loop */
} BenchWait;

typedef struct
{
  const char *id;
  const char *option;  /* of the channel; NULL: none */
  gboolean    ping;    /* pong creates the channel, ping waits for it */
  BenchWait   wait;
  gsize       size;    /* of the largest message */
} BenchRun;

typedef struct _BenchChannel BenchChannel;

/* Receives a message in the main loop. */
typedef void (*BenchDeliver) (gconstpointer message,
                              gsize         size);

typedef enum
{
  BENCH_WATCH_THREAD = -1,  /* a thread waits in bench_channel_receive() */
  BENCH_WATCH_NATIVE = -2   /* the channel calls the function from the main loop itself */
} BenchWatch;

BenchChannel  *bench_channel_open    (const BenchRun *run);

/* Returns when the channel has accepted the message. */
void           bench_channel_send    (BenchChannel   *self,
                                      gconstpointer   message,
                                      gsize           size);

/* Returns the next message, which can be read until it is released. Waits for it, or returns NULL if @now is set and
 * there is none. A channel that holds back messages sends them now. */
gconstpointer  bench_channel_receive (BenchChannel   *self,
                                      gsize          *size,
                                      gboolean        now);
void           bench_channel_release (BenchChannel   *self);

/* For BENCH_LOOP: a descriptor that is readable if there is a message, or a BenchWatch. */
int            bench_channel_watch   (BenchChannel   *self,
                                      BenchDeliver    deliver);
void           bench_channel_close   (BenchChannel   *self);

/* Figures, in bench-figures.c */
void           bench_trips_begin     (double          seconds);
void           bench_trip_begin      (void);
gboolean       bench_trip_end        (void);
void           bench_trips_print     (void);
void           bench_idle_begin      (void);
void           bench_idle_print      (void);

/* The workloads within a main loop, in bench-loop.c */
void           bench_loop            (BenchChannel   *channel,
                                      const char     *workload,
                                      double          seconds);

/* Messages, in bench.c. The first word of a message has its number and flags. */
#define BENCH_ACK (G_GUINT64_CONSTANT (1) << 62)
#define BENCH_END (G_GUINT64_CONSTANT (1) << 63)

extern BenchRun bench_run;

void           bench_put             (BenchChannel   *channel,
                                      guint64         flags,
                                      gsize           size);
guint64        bench_check           (gconstpointer   message,
                                      gsize           size);

/* In nanoseconds. */
static inline guint64
bench_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (guint64) now.tv_sec * 1000000000 + (guint64) now.tv_nsec;
}

static inline void
bench_relax (void)
{
#if defined (__x86_64__) || defined (__i386__)
  __builtin_ia32_pause ();
#elif defined (__aarch64__)
  __asm__ volatile ("yield");
#endif
}

#define bench_die(...) (fprintf (stderr, __VA_ARGS__), fputc ('\n', stderr), exit (1))
#define bench_try(expression) ((expression) ? (void) 0 : (void) (perror (#expression), exit (1)))
/* Tries for up to 5 s, because the other side may not be ready yet. */
#define bench_retry(expression) \
  do \
    { \
      guint64 bench_end_ = bench_now () + 5 * G_GUINT64_CONSTANT (1000000000); \
      while (!(expression)) \
        if (bench_now () > bench_end_) \
          bench_die ("%s: still fails", #expression); \
        else \
          g_usleep (1000); \
    } \
  while (0)

G_END_DECLS
