/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A Unix stream socket. */

#include "channel-bytes.h"
#include "channel-socket.h"

BenchChannel *
bench_channel_open (const BenchRun *run)
{
  int fd = bench_socket_open (run, SOCK_STREAM, 1 << 20);

  return bench_bytes_open (run, fd, fd);
}
