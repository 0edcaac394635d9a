/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A message queue of Boost.Interprocess in each direction. */

#include "bench.h"

#include <algorithm>
#include <boost/interprocess/ipc/message_queue.hpp>
#include <memory>
#include <string>
#include <vector>

using boost::interprocess::message_queue;

struct _BenchChannel
{
  std::unique_ptr<message_queue> in, out;
  bool                           spins;
  std::vector<char>              buffer;
  std::string                    to_pong, to_ping;
};

static std::unique_ptr<message_queue>
open_queue (const std::string &name)
{
  try
    {
      return std::make_unique<message_queue> (boost::interprocess::open_only, name.c_str ());
    }
  catch (const boost::interprocess::interprocess_exception &)
    {
      return nullptr;
    }
}

static std::unique_ptr<message_queue>
make_queue (const std::string &name,
            gsize              size)
{
  gsize n = std::max<gsize> (8, std::min<gsize> (1024, (4 << 20) / size));

  return std::make_unique<message_queue> (boost::interprocess::create_only, name.c_str (), n, size);
}

BenchChannel *
bench_channel_open (const BenchRun *run)
{
  auto self = new BenchChannel;

  self->spins = run->wait == BENCH_SPIN;
  self->buffer.resize (run->size);
  self->to_pong = std::string (run->id) + ".to-pong";
  self->to_ping = std::string (run->id) + ".to-ping";
  if (run->ping)
    {
      bench_retry ((self->out = open_queue (self->to_pong)) != nullptr);
      self->in = open_queue (self->to_ping);
      bench_try (self->in != nullptr);
      message_queue::remove (self->to_pong.c_str ());
      message_queue::remove (self->to_ping.c_str ());
    }
  else
    {
      self->out = make_queue (self->to_ping, run->size);
      self->in = make_queue (self->to_pong, run->size);
    }
  return self;
}

void
bench_channel_send (BenchChannel *self,
                    gconstpointer message,
                    gsize         size)
{
  if (!self->spins)
    self->out->send (message, size, 0);
  else
    while (!self->out->try_send (message, size, 0))
      bench_relax ();
}

gconstpointer
bench_channel_receive (BenchChannel *self,
                       gsize        *size,
                       gboolean      now)
{
  message_queue::size_type got;
  unsigned int priority;

  if (!self->spins && !now)
    self->in->receive (self->buffer.data (), self->buffer.size (), got, priority);
  else
    while (!self->in->try_receive (self->buffer.data (), self->buffer.size (), got, priority))
      {
        if (now)
          return nullptr;
        bench_relax ();
      }
  *size = got;
  return self->buffer.data ();
}

void
bench_channel_close (BenchChannel *self)
{
  /* In a main loop a thread may still wait in the channel, and the process is about to end. */
  if (bench_run.wait != BENCH_LOOP)
    delete self;
}
