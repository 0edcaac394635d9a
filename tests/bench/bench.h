/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

G_BEGIN_DECLS

/* One program of the benchmark is the workloads, bench.c, linked with one channel: a way to pass messages
 * between two processes. It is started twice, as
 *
 *     PROGRAM [OPTION] pong ID WORKLOAD WAIT SIZE SECONDS
 *     PROGRAM [OPTION] ping ID WORKLOAD WAIT SIZE SECONDS
 *
 * ID is this run's own, made of letters, digits and dashes; SIZE is a multiple of 8, at least 16. See README.md
 * for the workloads and what they print. */

typedef enum
{
  BENCH_SPIN,   /* never sleeps */
  BENCH_BLOCK,  /* sleeps in the kernel */
  BENCH_LOOP    /* within a GLib main loop */
} BenchWait;

typedef struct
{
  const char *id;
  const char *option;  /* of the channel's own; NULL: none */
  gboolean    ping;    /* pong makes what both use, ping waits for it */
  BenchWait   wait;
  gsize       size;    /* of the largest message */
} BenchRun;

/* A channel, which each program has one kind of. */
typedef struct _BenchChannel BenchChannel;

/* Takes a message that came, in the main loop. */
typedef void (*BenchDeliver) (gconstpointer message,
                              gsize         size);

typedef enum
{
  BENCH_WATCH_THREAD = -1,  /* a thread has to wait in bench_channel_receive() */
  BENCH_WATCH_NATIVE = -2   /* the channel calls the function from the main loop itself */
} BenchWatch;

BenchChannel  *bench_channel_open    (const BenchRun *run);

/* Returns when the message is accepted. */
void           bench_channel_send    (BenchChannel   *self,
                                      gconstpointer   message,
                                      gsize           size);

/* The next message, which can be read until it is released; waits for it, or with @now returns NULL when
 * there is none. What was held back in sending goes out now. */
gconstpointer  bench_channel_receive (BenchChannel   *self,
                                      gsize          *size,
                                      gboolean        now);
void           bench_channel_release (BenchChannel   *self);

/* For BENCH_LOOP: a descriptor that is readable when something has come, or a BenchWatch. */
int            bench_channel_watch   (BenchChannel   *self,
                                      BenchDeliver    deliver);
void           bench_channel_close   (BenchChannel   *self);

/* Figures, in bench-figures.c */
guint64        bench_now             (void);
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

/* Messages, in bench.c. Flags stand in a message's first word, beside its number. */
#define BENCH_ACK (G_GUINT64_CONSTANT (1) << 62)
#define BENCH_END (G_GUINT64_CONSTANT (1) << 63)

extern BenchRun bench_run;

void           bench_put             (BenchChannel   *channel,
                                      guint64         flags,
                                      gsize           size);
guint64        bench_check           (gconstpointer   message,
                                      gsize           size);

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
/* The other side may not have got so far yet: tries for up to 5 s. */
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
