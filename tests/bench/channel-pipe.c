/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A named pipe in each direction, with a buffer of 1 MiB. */

#include "channel-bytes.h"

#include <sys/stat.h>

BenchChannel *
bench_channel_open (const BenchRun *run)
{
  g_autofree char *to_pong = g_strdup_printf ("/dev/shm/%s.to-pong", run->id);
  g_autofree char *to_ping = g_strdup_printf ("/dev/shm/%s.to-ping", run->id);
  int in, out;

  if (run->ping)
    {
      bench_retry ((out = open (to_pong, O_WRONLY | O_CLOEXEC)) >= 0);
      bench_try ((in = open (to_ping, O_RDONLY | O_CLOEXEC)) >= 0);
    }
  else
    {
      bench_try (mkfifo (to_ping, 0600) == 0);
      bench_try (mkfifo (to_pong, 0600) == 0);
      bench_try ((in = open (to_pong, O_RDONLY | O_CLOEXEC)) >= 0);
      bench_try ((out = open (to_ping, O_WRONLY | O_CLOEXEC)) >= 0);
      unlink (to_ping);
      unlink (to_pong);
    }
  fcntl (out, F_SETPIPE_SZ, 1 << 20);
  return bench_bytes_open (run, in, out);
}
