/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The plain ring with futexes to sleep on; with --spin, a reader spins for 50 µs before it sleeps. */

#include "channel-ring.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#define SPIN_NSEC 50000

struct _BenchChannel
{
  RingEnd  in, out;
  gboolean spins, spins_first;
};

static void
sleep_on (atomic_uint *asleep)
{
  syscall (SYS_futex, asleep, FUTEX_WAIT, 1, NULL, NULL, 0);
}

static void
wake (atomic_uint *asleep)
{
  if (ring_was_asleep (asleep))
    syscall (SYS_futex, asleep, FUTEX_WAKE, 1, NULL, NULL, 0);
}

BenchChannel *
bench_channel_open (const BenchRun *run)
{
  BenchChannel *self = g_new0 (BenchChannel, 1);

  ring_open (run, &self->in, &self->out);
  self->spins = run->wait == BENCH_SPIN;
  self->spins_first = g_strcmp0 (run->option, "--spin") == 0;
  if (run->option != NULL && !self->spins_first)
    bench_die ("Unknown option “%s”", run->option);
  return self;
}

void
bench_channel_send (BenchChannel *self,
                    gconstpointer message,
                    gsize         size)
{
  atomic_uint *asleep = &self->out.ring->writer_asleep;

  while (!ring_put (&self->out, message, size))
    {
      if (self->spins)
        {
          bench_relax ();
          continue;
        }
      atomic_store (asleep, 1);
      if (ring_put (&self->out, message, size))
        {
          atomic_store (asleep, 0);
          break;
        }
      sleep_on (asleep);
    }
  if (!self->spins)
    wake (&self->out.ring->reader_asleep);
}

static gconstpointer
spin (BenchChannel *self,
      gsize        *size)
{
  gconstpointer message = NULL;
  guint64 end = self->spins ? G_MAXUINT64 : bench_now () + SPIN_NSEC;

  while ((message = ring_peek (&self->in, size)) == NULL && (self->spins || bench_now () < end))
    bench_relax ();
  return message;
}

gconstpointer
bench_channel_receive (BenchChannel *self,
                       gsize        *size,
                       gboolean      now)
{
  atomic_uint *asleep = &self->in.ring->reader_asleep;
  gconstpointer message = ring_peek (&self->in, size);

  if (message != NULL || now)
    return message;
  if (self->spins || self->spins_first)
    message = spin (self, size);
  while (message == NULL)
    {
      atomic_store (asleep, 1);
      message = ring_peek (&self->in, size);
      if (message != NULL)
        atomic_store_explicit (asleep, 0, memory_order_relaxed);
      else
        sleep_on (asleep);
    }
  return message;
}

void
bench_channel_release (BenchChannel *self)
{
  ring_drop (&self->in);
  if (!self->spins)
    wake (&self->in.ring->writer_asleep);
}

void
bench_channel_close (BenchChannel *self)
{
  /* In a main loop a thread may still wait in the channel, and the process is about to end. */
  if (bench_run.wait != BENCH_LOOP)
    g_free (self);
}
