/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The plain ring with named pipes beside it, to which the other side writes if a side sleeps. A reader can poll its
 * own pipe. */

#include "channel-ring.h"

#define N_BELLS 4  /* each side has one for messages, and one for space */

struct _BenchChannel
{
  RingEnd  in, out;
  gboolean spins;
  int      in_bell, out_bell, in_room_bell, out_room_bell;
  char    *names[N_BELLS];
};

static void
ring_bell (int fd)
{
  ssize_t written = write (fd, "", 1);

  (void) written;  /* a full pipe wakes as well */
}

/* Sleeps until the bell rings, if the descriptor is blocking. */
static void
hush_bell (int fd)
{
  char bytes[64];
  ssize_t got = read (fd, bytes, sizeof bytes);

  (void) got;
}

static int
open_bell (BenchChannel   *self,
           const BenchRun *run,
           int             i)
{
  gboolean sleeps = (i & 1) == run->ping && run->wait != BENCH_LOOP;
  int fd;

  self->names[i] = g_strdup_printf ("/dev/shm/%s.bell%d", run->id, i);
  if (!run->ping)
    bench_try (mkfifo (self->names[i], 0600) == 0);
  bench_retry ((fd = open (self->names[i], O_RDWR | O_CLOEXEC | (sleeps ? 0 : O_NONBLOCK))) >= 0);
  return fd;
}

BenchChannel *
bench_channel_open (const BenchRun *run)
{
  BenchChannel *self = g_new0 (BenchChannel, 1);
  int mine = run->ping, fds[N_BELLS];

  for (int i = 0; i < N_BELLS; i++)
    fds[i] = open_bell (self, run, i);
  self->in_bell = fds[mine];
  self->out_bell = fds[!mine];
  self->in_room_bell = fds[2 + !mine];
  self->out_room_bell = fds[2 + mine];
  self->spins = run->wait == BENCH_SPIN;
  ring_open (run, &self->in, &self->out);
  for (int i = 0; run->ping && i < N_BELLS; i++)
    unlink (self->names[i]);
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
          if (atomic_exchange (asleep, 0) == 0)
            hush_bell (self->out_room_bell);
          break;
        }
      hush_bell (self->out_room_bell);
    }
  if (!self->spins && ring_was_asleep (&self->out.ring->reader_asleep))
    ring_bell (self->out_bell);
}

static gconstpointer
await (BenchChannel *self,
       gsize        *size,
       gboolean      now)
{
  atomic_uint *asleep = &self->in.ring->reader_asleep;
  gconstpointer message;

  if (now && atomic_load_explicit (asleep, memory_order_relaxed) == 0)
    hush_bell (self->in_bell);
  for (;;)
    {
      atomic_store (asleep, 1);
      message = ring_peek (&self->in, size);
      if (message != NULL && atomic_exchange (asleep, 0) == 0)
        hush_bell (self->in_bell);
      if (message != NULL || now)
        return message;
      hush_bell (self->in_bell);
    }
}

gconstpointer
bench_channel_receive (BenchChannel *self,
                       gsize        *size,
                       gboolean      now)
{
  gconstpointer message;

  while ((message = ring_peek (&self->in, size)) == NULL && self->spins)
    bench_relax ();
  return message != NULL ? message : await (self, size, now);
}

void
bench_channel_release (BenchChannel *self)
{
  ring_drop (&self->in);
  if (!self->spins && ring_was_asleep (&self->in.ring->writer_asleep))
    ring_bell (self->in_room_bell);
}

int
bench_channel_watch (BenchChannel *self,
                     BenchDeliver  deliver)
{
  return self->in_bell;
}

void
bench_channel_close (BenchChannel *self)
{
  for (int i = 0; i < N_BELLS; i++)
    g_free (self->names[i]);
  g_free (self);
}
